//! `openssl s_server`, which serves one client after the other and counts their handshakes.

use serde_json::json;
use server::Reply;

use crate::rig::{Certificates, PeerServer, Reference, S_SERVER, complete, loadgen, unreachable};

/// One client, which is cut every second.
const CUT: &[&str] = &["-c", "1", "-r", "20", "-d", "3500ms", "--drop", "every 1s", "--reconnect", "10ms..20ms none"];
const UNTIMED: &[&str] = &["--warmup", "0s", "--drain", "30s", "--only-delivery"];

fn s_server(upstream: &Reference, certificates: &Certificates, options: &[&str]) -> PeerServer {
    let [certificate, key] = ["server.pem", "server.key"].map(|name| certificates.path(name));
    let port = upstream.address().port().to_string();
    S_SERVER.server("serve", &[&[&*port, "-cert", &certificate, "-key", &key], options].concat())
}

#[test]
fn sessions_are_resumed_by_ticket_and_by_number() {
    let certificates = Certificates::make();
    let authority = certificates.path("authority.pem");
    let upstream = Reference::start(Reply::Echo);
    let resume: &[&str] = &["--tls-resume"];
    let cases: [(&[&str], &[&str], bool, &str); 5] = [
        (&[], resume, true, "1.3"),
        (&["-tls1_2"], resume, true, "1.2"),
        // The server remembers sessions by their numbers.
        (&["-tls1_2", "-no_ticket"], resume, true, "1.2"),
        (&["-tls1_2"], &[], false, "1.2"),
        // It gives the client nothing to come back with.
        (&["-no_ticket", "-num_tickets", "0"], resume, false, "1.3"),
    ];
    for (server, client, resumes, version) in cases {
        let peer = s_server(&upstream, &certificates, server);
        let options = [CUT, UNTIMED, &["--cacert", &authority], client].concat();
        let (report, judgement) = loadgen(&peer.tls_url(), &options);
        assert_eq!(judgement.verdict, reports::Verdict::Pass, "{judgement:?}");
        let connections = &report.total.connections;
        let opened = connections.opened;
        assert!(opened >= 3, "{connections:?}");
        let tls = connections.tls.clone().expect("TLS");
        let full = if resumes { 1 } else { opened };
        assert_eq!((tls.full, tls.resumed), (full, opened - full), "{server:?}");
        assert_eq!(tls.versions, [(version.to_owned(), opened)].into());
        assert_eq!(peer.finish(), [json!({ "handshakes": opened, "full": full })], "{server:?}");
    }
    upstream.finish();
}

#[test]
fn unusual_ciphers_and_groups_carry_messages() {
    let certificates = Certificates::make();
    let authority = certificates.path("authority.pem");
    let upstream = Reference::start(Reply::Echo);
    let cases: [&[&str]; 4] = [
        // The client guesses another group, and is asked again.
        &["-groups", "P-384"],
        &["-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"],
        &["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"],
        // Small records: a message of 40 000 bytes takes eighty.
        &["-split_send_frag", "512", "-max_send_frag", "512"],
    ];
    for server in cases {
        let peer = s_server(&upstream, &certificates, server);
        let load = ["-c", "1", "-r", "20", "-d", "1s", "--size", "40000", "--cacert", &authority];
        let (report, judgement) = loadgen(&peer.tls_url(), &[&load[..], UNTIMED].concat());
        complete(&report, &judgement);
        peer.finish();
    }
    upstream.finish();
}

#[test]
fn a_version_that_only_one_side_speaks_is_named() {
    let certificates = Certificates::make();
    let authority = certificates.path("authority.pem");
    let upstream = Reference::start(Reply::Echo);
    for (server, client) in [("-tls1_2", "1.3"), ("-tls1_3", "1.2")] {
        let peer = s_server(&upstream, &certificates, &[server]);
        let load = ["-c", "1", "-d", "1s", "--cacert", &authority, "--tls", client];
        let said = unreachable(&peer.tls_url(), &load);
        assert!(said.contains("tls_version") && said.contains("--tls"), "{said}");
        peer.finish();
    }
    upstream.finish();
}
