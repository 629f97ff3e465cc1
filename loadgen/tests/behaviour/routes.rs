//! The ways that connections take: proxies, unix sockets, other addresses.

use std::net::{Ipv6Addr, SocketAddr, TcpListener};

use loadgen::plan::{
    AddressFamily, Connect, EngineKind, HostPort, NetworkPath, Proxy, ProxyScheme, Resolve, Secret, SecretSource,
    TlsOptions,
};
use reports::Report;
use server::Reply;
use url::Host;

use crate::rig::{
    Loadgen, Reference, TestPlan, TlsProxy, TunnelProtocol, TunnelProxy, complete, n32, plan, run,
    unix_socket_in_front_of, unreachable,
};

on_each_engine!(
    messages_go_through_proxies,
    messages_go_through_tls_in_a_tunnel,
    messages_go_through_a_proxy_that_speaks_tls,
    a_proxy_refuses_who_has_no_credentials,
    messages_go_through_a_unix_socket,
    messages_go_where_the_plan_says,
    messages_go_over_ipv6
);

const HTTP: TunnelProtocol = TunnelProtocol::Http { authorized: false };

/// `plan` over another path.
fn along(plan: &TestPlan, network_path: NetworkPath) -> TestPlan {
    TestPlan { connect: Connect { network_path, ..plan.connect.clone() }, ..plan.clone() }
}

fn host(address: SocketAddr) -> HostPort {
    HostPort { host: Host::parse(&address.ip().to_string()).expect("an address"), port: address.port() }
}

fn proxied(scheme: ProxyScheme, proxy: SocketAddr, credentials: Option<&str>) -> NetworkPath {
    let secret = |text: &str| Secret::read(SecretSource::Text(text.to_owned())).expect("a secret");
    let proxy = Proxy { scheme, address: host(proxy), credentials: credentials.map(secret) };
    NetworkPath { proxy: Some(proxy), ..NetworkPath::default() }
}

/// A report of three clients that got all that was theirs.
fn got_all(plan: &TestPlan) -> Report {
    let report = run(&TestPlan { clients: n32(3), ..plan.clone() });
    complete(&report);
    assert_eq!((report.total.measured.counts.matched, report.total.connections.opened), (3 * 24, 3));
    report
}

fn messages_go_through_proxies(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    let (http, socks) = (TunnelProtocol::Http { authorized: true }, TunnelProtocol::Socks5 { authorized: true });
    for (scheme, protocol, credentials, asked_for) in [
        (ProxyScheme::Http, HTTP, None, "server.invalid:9001"),
        (ProxyScheme::Http, http, Some("joe:sesame"), "server.invalid:9001"),
        (ProxyScheme::Socks5h, TunnelProtocol::Socks5 { authorized: false }, None, "server.invalid:9001"),
        (ProxyScheme::Socks5h, socks, Some("joe:sesame"), "server.invalid:9001"),
    ] {
        let proxy = TunnelProxy::to(server.address(), protocol);
        let plan = along(&plan(engine, "ws://server.invalid:9001"), proxied(scheme, proxy.address(), credentials));
        got_all(&plan);
        assert_eq!(proxy.asked_for(), vec![asked_for.to_owned(); 3]);
    }
}

fn messages_go_through_tls_in_a_tunnel(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    let secure = TlsProxy::in_front_of(server.address());
    let address = secure.url().trim_start_matches("wss://").parse().expect("an address");
    let proxy = TunnelProxy::to(address, TunnelProtocol::Socks5 { authorized: false });
    let mut plan = along(&plan(engine, &secure.url()), proxied(ProxyScheme::Socks5, proxy.address(), None));
    plan.connect.tls = TlsOptions { insecure: true, ..TlsOptions::default() };
    got_all(&plan);
    assert_eq!(proxy.asked_for(), vec![address.to_string(); 3]);
}

fn messages_go_through_a_proxy_that_speaks_tls(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    let secure = TlsProxy::in_front_of(server.address());
    let behind = secure.url().trim_start_matches("wss://").parse().expect("an address");
    let proxy = TunnelProxy::to(behind, HTTP);
    // TLS to the proxy, and through it TLS to the server.
    let front = TlsProxy::in_front_of(proxy.address());
    let address = front.url().trim_start_matches("wss://").parse().expect("an address");
    let mut plan = along(&plan(engine, &secure.url()), proxied(ProxyScheme::Https, address, None));
    plan.connect.tls = TlsOptions { insecure: true, ..TlsOptions::default() };
    plan.size = 40_000;
    got_all(&plan);
    assert_eq!(proxy.asked_for(), vec![behind.to_string(); 3]);
}

fn a_proxy_refuses_who_has_no_credentials(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    let (http, socks) = (TunnelProtocol::Http { authorized: true }, TunnelProtocol::Socks5 { authorized: true });
    for (scheme, protocol, credentials, kind, words) in [
        (ProxyScheme::Http, http, None, "proxy_407", "--proxy-auth gives them"),
        (ProxyScheme::Http, http, Some("joe:open-up"), "proxy_407", "refused the credentials of --proxy-auth"),
        (ProxyScheme::Socks5, socks, None, "proxy_auth", "--proxy-auth gives them"),
        (ProxyScheme::Socks5, socks, Some("joe:open-up"), "proxy_auth", "refused the credentials of --proxy-auth"),
    ] {
        let proxy = TunnelProxy::to(server.address(), protocol);
        let path = proxied(scheme, proxy.address(), credentials);
        let what = unreachable(&along(&plan(engine, &server.url()), path));
        assert!(what.starts_with(&format!("{kind} (1): proxy: {}", proxy.address())), "{what}");
        assert!(what.contains(words) && !what.contains("open-up"), "{what}");
    }
}

fn messages_go_through_a_unix_socket(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("server");
    unix_socket_in_front_of(server.address(), &path);
    let plain = plan(engine, "ws://server.invalid/");
    got_all(&along(&plain, NetworkPath { unix_socket: Some(path), ..NetworkPath::default() }));
    let none = folder.path().join("none");
    let path = NetworkPath { unix_socket: Some(none.clone()), ..NetworkPath::default() };
    let what = unreachable(&along(&plain, path));
    assert!(what.starts_with(&format!("no_socket (1): {}: there is no such file", none.display())), "{what}");
}

fn messages_go_where_the_plan_says(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    let (address, plain) = (server.address(), plan(engine, "ws://server.invalid:9001"));
    got_all(&along(&plain, NetworkPath { connect_to: Some(host(address)), ..NetworkPath::default() }));
    let name = HostPort { host: Host::parse("server.invalid").expect("a name"), port: address.port() };
    // Nobody listens at the first. The other family is left out.
    let addresses = vec!["127.0.0.9".parse().expect("an address"), Ipv6Addr::LOCALHOST.into(), address.ip()];
    let resolve = vec![Resolve { host: name.clone(), addresses }];
    let family = AddressFamily::Ipv4;
    for happy_eyeballs in [true, false] {
        let path = NetworkPath { resolve: resolve.clone(), family, happy_eyeballs, ..NetworkPath::default() };
        got_all(&along(&plan(engine, &format!("ws://{name}")), path));
    }
}

fn messages_go_over_ipv6(engine: EngineKind) {
    let here = (Ipv6Addr::LOCALHOST, 0).into();
    if TcpListener::bind(here).is_err() {
        return eprintln!("this machine has no IPv6");
    }
    let server = Reference::start_at(here);
    let address = server.address();
    assert!(server.url().starts_with("ws://[::1]:"), "{}", server.url());
    let family = AddressFamily::Ipv6;
    got_all(&along(&plan(engine, &server.url()), NetworkPath { family, ..NetworkPath::default() }));
    let proxy = TunnelProxy::to(address, TunnelProtocol::Socks5 { authorized: false });
    got_all(&along(&plan(engine, &server.url()), proxied(ProxyScheme::Socks5, proxy.address(), None)));
    assert_eq!(proxy.asked_for(), vec![address.to_string(); 3]);
}

#[test]
fn a_proxy_is_reached_from_the_source_addresses() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let proxy = format!("http://{}", listener.local_addr().expect("bound"));
    // TEST-NET-1 of RFC 5737: only a proxy can be asked for it.
    let to_proxy = ["ws://192.0.2.1", "--proxy", &proxy, "--source-ip", "127.0.0.5"];
    let loadgen = Loadgen::start(&[&to_proxy[..], &["-c", "1"]].concat());
    let (client, from) = listener.accept().expect("a client");
    assert_eq!(from.ip().to_string(), "127.0.0.5");
    drop((client, listener));
    let outcome = loadgen.finish();
    assert!(outcome.code == Some(6) && outcome.stderr.contains("proxy_"), "{outcome:?}");
    // Each address has so many ports to the proxy.
    let outcome = Loadgen::run(&[&to_proxy[..], &["-c", "30k"]].concat());
    assert!(outcome.code == Some(2) && outcome.stderr.contains("needs as many local ports"), "{outcome:?}");
}

#[test]
fn contradictions_are_refused_by_option_and_remedy() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("s");
    let socket = socket.to_str().expect("a path");
    for (arguments, parts) in [
        (
            &["ws://h", "--unix-socket", socket, "--proxy", "http://p"][..],
            &["--unix-socket", "--proxy", "leave one"][..],
        ),
        (&["--unix-socket", socket], &["--unix-socket", "give the URL"]),
        (&["--ip-version", "6"], &["--ip-version", "give the URL"]),
        (&["ws://h", "--proxy-auth", "joe:sesame"], &["--proxy-auth", "--proxy"]),
        (&["ws://h", "--proxy", "http://p", "--proxy-auth", "joe"], &["--proxy-auth", "USER:PASSWORD"]),
        (&["ws://h", "--resolve", "x:80:10.0.0.1"], &["--resolve x:80", "but to h:80"]),
        (&["ws://127.0.0.1:1", "--ip-version", "6", "-c", "1"], &["has no IPv6 address (--ip-version 6)"]),
    ] {
        let outcome = Loadgen::run(arguments);
        assert!(matches!(outcome.code, Some(2 | 6)) && outcome.stdout.is_empty(), "{outcome:?}");
        for part in parts {
            assert!(outcome.stderr.contains(part), "{part:?} is missing in: {}", outcome.stderr);
        }
        assert!(!outcome.stderr.contains("sesame"), "{}", outcome.stderr);
    }
}
