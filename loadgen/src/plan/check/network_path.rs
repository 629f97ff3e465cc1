//! Finds what does not fit together in the way that connections take.

use std::{net::IpAddr, os::unix::ffi::OsStrExt};

use crate::plan::{AddressFamily, Connect, Group, HostPort, NetworkPath, PlanError, Proxy, ProxyScheme, Target};

/// Most bytes of the path of a unix socket: `sun_path` has 108 with the 0 at its end.
const LONGEST_SOCKET: usize = 107;

/// Finds what contradicts or could have no effect.
pub(super) fn check(index: usize, group: &Group) -> Result<(), PlanError> {
    let Connect { network_path: path, sources, .. } = &group.connect;
    if group.target == Target::Embedded {
        needs_url(index, path)?;
    }
    unix_socket(index, path, sources)?;
    if let Some(proxy) = &path.proxy {
        credentials(index, proxy)?;
    }
    resolve(index, group)?;
    families(index, path, sources)
}

fn refused(index: usize, key: &'static str, why: &str) -> PlanError {
    PlanError { group: Some(index), key, value: None, why: why.to_owned() }
}

/// The options that were given and choose addresses.
fn address_options(path: &NetworkPath) -> impl Iterator<Item = (&'static str, &'static str)> {
    let given = [
        ("connect_to", "--connect-to", path.connect_to.is_some()),
        ("resolve", "--resolve", !path.resolve.is_empty()),
        ("ip_version", "--ip-version", path.family != AddressFamily::default()),
        ("happy_eyeballs", "--happy-eyeballs", !path.happy_eyeballs),
    ];
    given.into_iter().filter(|(.., is_given)| *is_given).map(|(key, option, _)| (key, option))
}

/// The server that the run starts has one address, which nobody knows before.
fn needs_url(index: usize, path: &NetworkPath) -> Result<(), PlanError> {
    let given = path.unix_socket.as_ref().map(|_| ("unix_socket", "")).or_else(|| address_options(path).next());
    match given {
        Some((key, _)) => {
            Err(refused(index, key, "the server that loadgen starts has one address; give the URL of a server"))
        }
        None => Ok(()),
    }
}

fn unix_socket(index: usize, path: &NetworkPath, sources: &[IpAddr]) -> Result<(), PlanError> {
    let Some(socket) = &path.unix_socket else { return Ok(()) };
    let other =
        path.proxy.as_ref().map(|_| "--proxy").or_else(|| address_options(path).next().map(|(_, option)| option));
    if let Some(other) = other.or_else(|| (!sources.is_empty()).then_some("--source-ip")) {
        let why =
            format!("a unix socket has no address and no proxy, and there is {other}, too; leave one of them out");
        return Err(PlanError::new(Some(index), "unix_socket", socket.display(), why));
    }
    if socket.as_os_str().as_bytes().len() > LONGEST_SOCKET {
        let why =
            format!("a path of more than {LONGEST_SOCKET} bytes can't be that of a unix socket; give a shorter one");
        return Err(PlanError::new(Some(index), "unix_socket", socket.display(), why));
    }
    Ok(())
}

/// The credentials of a proxy are what its protocol can say.
fn credentials(index: usize, proxy: &Proxy) -> Result<(), PlanError> {
    let Some(secret) = &proxy.credentials else { return Ok(()) };
    let Some((user, password)) = secret.reveal().split_once(':') else {
        return Err(refused(index, "proxy_auth", "expected USER:PASSWORD"));
    };
    let socks = matches!(proxy.scheme, ProxyScheme::Socks5 | ProxyScheme::Socks5h);
    if socks && [user, password].iter().any(|text| !(1..=255).contains(&text.len())) {
        let why = "user and password of a SOCKS proxy have 1 to 255 bytes each (RFC 1929)";
        return Err(refused(index, "proxy_auth", why));
    }
    Ok(())
}

/// Each address that is given is that of a host which is looked up or named to a proxy.
fn resolve(index: usize, group: &Group) -> Result<(), PlanError> {
    let path = &group.connect.network_path;
    for (at, given) in path.resolve.iter().enumerate() {
        let error = |why: String| PlanError::new(Some(index), "resolve", &given.host, why);
        if path.resolve[..at].iter().any(|other| other.host == given.host) {
            return Err(error("it is given twice; give all addresses at once, with commas".to_owned()));
        }
        let used = hosts(group);
        // A redirect may lead there.
        if !used.contains(&given.host) && group.connect.request.max_redirects == 0 {
            let used: Vec<_> = used.iter().map(ToString::to_string).collect();
            return Err(error(format!("nothing connects to this host and port, but to {}", used.join(" and "))));
        }
    }
    Ok(())
}

/// The hosts that a group needs to know.
fn hosts(group: &Group) -> Vec<HostPort> {
    let path = &group.connect.network_path;
    let urls = group.target.urls().iter().filter_map(|url| HostPort::of(url));
    let targets = path.connect_to.clone().map_or_else(|| urls.collect(), |host| vec![host]);
    targets.into_iter().chain(path.proxy.as_ref().map(|proxy| proxy.address.clone())).collect()
}

/// Source addresses are of the family that is asked for.
fn families(index: usize, path: &NetworkPath, sources: &[IpAddr]) -> Result<(), PlanError> {
    let wrong = match path.family {
        AddressFamily::Any => None,
        AddressFamily::Ipv4 => sources.iter().find(|source| source.is_ipv6()).map(|source| (4, source)),
        AddressFamily::Ipv6 => sources.iter().find(|source| source.is_ipv4()).map(|source| (6, source)),
    };
    match wrong {
        Some((version, source)) => {
            let why = format!("--source-ip {source} is of the other family; leave one of them out");
            Err(PlanError::new(Some(index), "ip_version", version, why))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Resolve, Secret, SecretSource};

    fn host(text: &str, port: u16) -> HostPort {
        HostPort { host: url::Host::parse(text).unwrap(), port }
    }

    fn proxy(scheme: ProxyScheme, credentials: Option<&str>) -> Proxy {
        let secret = |text: &str| Secret::read(SecretSource::Text(text.to_owned())).unwrap();
        Proxy { scheme, address: host("proxy.example", 3128), credentials: credentials.map(secret) }
    }

    fn told(target: &str, path: NetworkPath, sources: &[&str]) -> Option<String> {
        let target = if target.is_empty() { Target::Embedded } else { Target::Url(target.parse().unwrap()) };
        let sources = sources.iter().map(|source| source.parse().unwrap()).collect();
        let connect = Connect { network_path: path, sources, ..Connect::default() };
        check(0, &Group { target, connect, ..Group::default() }).err().map(|error| error.to_string())
    }

    #[test]
    fn contradictions_are_refused_with_what_to_leave_out() {
        let bare = NetworkPath::default;
        let unix = |path: &str| NetworkPath { unix_socket: Some(path.into()), ..bare() };
        let socks = |with| NetworkPath { proxy: Some(proxy(ProxyScheme::Socks5, with)), ..bare() };
        let resolved = |text| Resolve { host: host(text, 80), addresses: vec![[10, 0, 0, 5].into()] };
        let long = "u".repeat(256);
        for (target, path, sources, words) in [
            ("", unix("/s"), &[][..], "--unix-socket: the server that loadgen starts has one address"),
            ("", NetworkPath { family: AddressFamily::Ipv6, ..bare() }, &[], "--ip-version: the server that loadgen"),
            (
                "ws://h",
                NetworkPath { happy_eyeballs: false, ..unix("/s") },
                &[],
                "/s: a unix socket has no address and no proxy, and there is --happy-eyeballs, too",
            ),
            ("ws://h", NetworkPath { unix_socket: Some("/s".into()), ..socks(None) }, &[], "--proxy, too"),
            ("ws://h", unix("/s"), &["10.0.0.1"], "--source-ip, too"),
            ("ws://h", unix(&"/s".repeat(54)), &[], "more than 107 bytes"),
            ("ws://h", socks(Some("joe")), &[], "--proxy-auth: expected USER:PASSWORD"),
            ("ws://h", socks(Some("joe:")), &[], "1 to 255 bytes"),
            ("ws://h", socks(Some(&format!("{long}:p"))), &[], "1 to 255 bytes"),
            (
                "ws://h:81",
                NetworkPath { resolve: vec![resolved("h")], ..bare() },
                &[],
                "--resolve h:80: nothing connects to this host and port, but to h:81",
            ),
            ("ws://h", NetworkPath { resolve: vec![resolved("h"), resolved("h")], ..bare() }, &[], "given twice"),
            (
                "ws://h",
                NetworkPath { resolve: vec![resolved("h")], connect_to: Some(host("g", 80)), ..bare() },
                &[],
                "but to g:80",
            ),
            (
                "ws://h",
                NetworkPath { resolve: vec![resolved("x")], ..socks(None) },
                &[],
                "but to h:80 and proxy.example:3128",
            ),
            (
                "ws://h",
                NetworkPath { family: AddressFamily::Ipv6, ..bare() },
                &["10.0.0.1"],
                "--ip-version 6: --source-ip 10.0.0.1",
            ),
        ] {
            let told = told(target, path, sources).unwrap_or_default();
            assert!(told.contains(words), "{words}: {told}");
            assert!(!told.contains("joe"), "{told}");
        }
    }

    #[test]
    fn what_fits_together_is_taken() {
        let bare = NetworkPath::default;
        let of_proxy = Resolve { host: host("proxy.example", 3128), addresses: vec![[10, 0, 0, 5].into()] };
        for (target, path, sources) in [
            ("ws://h", NetworkPath { unix_socket: Some("/s".repeat(53).into()), ..bare() }, &[][..]),
            ("", NetworkPath { proxy: Some(proxy(ProxyScheme::Http, Some("joe:"))), ..bare() }, &["::1"]),
            (
                "wss://h",
                NetworkPath {
                    proxy: Some(proxy(ProxyScheme::Socks5h, Some("u:p:q"))),
                    resolve: vec![of_proxy],
                    ..bare()
                },
                &[],
            ),
            ("wss://h", NetworkPath { family: AddressFamily::Ipv6, happy_eyeballs: false, ..bare() }, &["::1"]),
        ] {
            assert_eq!(told(target, path, sources), None);
        }
    }
}
