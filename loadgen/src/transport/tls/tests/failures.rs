//! Each cause of a failure has its kind, and words with a remedy.

use rcgen::CertificateParams;
use rustls::version::{TLS12, TLS13};

use super::{
    authority::{Authority, Issued, for_clients, of_authority, of_localhost, params, self_signed, server, valid},
    *,
};
use crate::plan::{TlsOptions, TlsVersion};

const BOTH: &[&rustls::SupportedProtocolVersion] = &[&TLS13, &TLS12];

fn settings(options: &TlsOptions) -> TlsSettings {
    TlsSettings::of(options, None, 0, std::iter::empty()).unwrap()
}

fn trusting(file: std::path::PathBuf) -> TlsOptions {
    TlsOptions { authorities: vec![file], ..TlsOptions::default() }
}

/// Fails with this kind, and words that hold these.
fn fails(tls: &TlsClient, server: &Arc<ServerConfig>, kind: &str, words: &[&str]) {
    let failure = connect(tls, 0, server).unwrap_err();
    assert_eq!(failure.kind, kind, "{}", failure.words);
    assert!(words.iter().all(|words| failure.words.contains(words)), "{kind}: {}", failure.words);
}

#[test]
fn what_is_wrong_with_a_certificate_is_named() {
    let authority = Authority::new("Our CA");
    let file = authority.pem().display().to_string();
    let cases: Vec<(CertificateParams, &str, &str, Vec<&str>)> = vec![
        (valid(of_localhost(), 2001, 2002), "localhost", "tls_expired", vec!["expired on 2002-01-01T00:00:00Z"]),
        (valid(of_localhost(), 3001, 3002), "localhost", "tls_not_yet_valid", vec!["before 3001-01-01", "clock"]),
        (
            params(&["a.example", "*.b.example", "10.0.0.1"]),
            "localhost",
            "tls_wrong_name",
            vec!["for `a.example`, `*.b.example`, `10.0.0.1`, not for `localhost`", "--sni a.example"],
        ),
        (of_localhost(), "127.0.0.1", "tls_wrong_name", vec!["for `localhost`, not for `127.0.0.1`"]),
        (params(&[]), "localhost", "tls_wrong_name", vec!["`nameless` names no host", "subject alternative name"]),
        (for_clients(of_localhost()), "localhost", "tls_bad_certificate", vec!["not for servers"]),
        (of_authority(of_localhost()), "localhost", "tls_bad_certificate", vec!["CA:TRUE"]),
    ];
    for (params, host, kind, words) in cases {
        let issued = authority.issue(&params);
        fails(&client(settings(&trusting(file.clone().into())), host), &server(&issued, BOTH, None), kind, &words);
    }
    let other = Authority::new("Other CA");
    let issued = other.issue(&of_localhost());
    let words = ["`localhost` was issued by `Other CA`", &file, "--cacert FILE", "--insecure"];
    let tls = client(settings(&trusting(file.clone().into())), "localhost");
    fails(&tls, &server(&issued, BOTH, None), "tls_untrusted", &words);
    for params in [of_localhost(), of_authority(of_localhost())] {
        fails(&tls, &server(&self_signed(&params), BOTH, None), "tls_untrusted", &["by the server itself"]);
    }
}

#[test]
fn a_certificate_that_is_trusted_itself_is_taken() {
    let folder = Authority::new("unused");
    for params in [of_localhost(), of_authority(of_localhost()), for_clients(of_localhost())] {
        let issued = self_signed(&params);
        let options = trusting(folder.file("self.pem", issued.pem()));
        let server = server(&issued, BOTH, None);
        connect(&client(settings(&options), "localhost"), 0, &server).unwrap();
        // It is looked at nevertheless.
        fails(&client(settings(&options), "127.0.0.1"), &server, "tls_wrong_name", &["`localhost`"]);
    }
    let expired = self_signed(&valid(of_localhost(), 2001, 2002));
    let options = trusting(folder.file("expired.pem", expired.pem()));
    let server = server(&expired, BOTH, None);
    fails(&client(settings(&options), "localhost"), &server, "tls_expired", &["2002-01-01"]);
    let insecure = TlsOptions { insecure: true, ..TlsOptions::default() };
    connect(&client(settings(&insecure), "localhost"), 0, &server).unwrap();
}

#[test]
fn versions_that_do_not_meet_are_named() {
    let issued: Issued = self_signed(&of_localhost());
    let speaking = |version| settings(&TlsOptions { version, insecure: true, ..TlsOptions::default() });
    for (version, wanted, name, other) in
        [(&TLS12, TlsVersion::Tls12, "1.2", "1.3"), (&TLS13, TlsVersion::Tls13, "1.3", "1.2")]
    {
        let server = server(&issued, &[version], None);
        for wanted in [None, Some(wanted)] {
            let agreed = connect(&client(speaking(wanted), "localhost"), 0, &server).unwrap();
            assert_eq!((agreed.version, agreed.resumed, agreed.wants_certificate), (name, false, false));
            assert!(agreed.cipher.starts_with("TLS_") && !agreed.cipher.contains("TLS13"), "{agreed:?}");
        }
        let foreign = if wanted == TlsVersion::Tls12 { TlsVersion::Tls13 } else { TlsVersion::Tls12 };
        let words = format!("does not speak TLS {other}, and --tls {other}");
        fails(&client(speaking(Some(foreign)), "localhost"), &server, "tls_version", &[&words]);
    }
}
