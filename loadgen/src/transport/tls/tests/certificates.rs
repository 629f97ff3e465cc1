//! Certificates of clients, and the files that they are in.

use std::path::{Path, PathBuf};

use rustls::{
    SupportedProtocolVersion,
    crypto::ring,
    version::{TLS12, TLS13},
};

use super::{
    super::client_certificates::{CertificateFiles, ClientCertificates},
    authority::{Authority, Issued, of_localhost, params, self_signed, server},
    *,
};
use crate::plan::TlsOptions;

fn files(folder: &Authority, name: &str, issued: &Issued) -> CertificateFiles {
    (folder.file(&format!("{name}.pem"), issued.pem()), folder.file(&format!("{name}.key"), issued.key_pem()))
}

fn with(files: Option<CertificateFiles>) -> TlsClient {
    let options = TlsOptions { insecure: true, ..TlsOptions::default() };
    client(TlsSettings::of(&options, None, 0, files.into_iter()).unwrap(), "localhost")
}

#[test]
fn a_server_gets_the_certificate_that_it_wants() {
    let (authority, other) = (Authority::new("Our CA"), Authority::new("Other CA"));
    let ours = with(Some(files(&authority, "ours", &authority.issue(&params(&["ann"])))));
    let foreign = with(Some(files(&other, "foreign", &other.issue(&params(&["eve"])))));
    let versions: [&'static SupportedProtocolVersion; 2] = [&TLS12, &TLS13];
    for version in versions {
        let server = server(&self_signed(&of_localhost()), &[version], Some(authority.of_clients()));
        assert!(connect(&ours, 0, &server).unwrap().wants_certificate);
        let failure = connect(&with(None), 0, &server).unwrap_err();
        assert_eq!(failure.kind, "tls_no_client_certificate", "{}", failure.words);
        assert!(failure.words.contains("--cert FILE --key FILE"), "{}", failure.words);
        let failure = connect(&foreign, 0, &server).unwrap_err();
        assert_eq!(failure.kind, "tls_client_certificate_refused", "{}", failure.words);
    }
    // Nobody asks for it.
    let server = server(&self_signed(&of_localhost()), &versions, None);
    assert!(!connect(&ours, 0, &server).unwrap().wants_certificate);
}

fn read(files: &[(&Path, &Path)]) -> Result<ClientCertificates, String> {
    let files = files.iter().map(|(certificate, key)| (certificate.to_path_buf(), key.to_path_buf()));
    ClientCertificates::read(7, files, &ring::default_provider()).map_err(|error| error.to_string())
}

#[test]
fn clients_share_what_is_in_the_same_files() {
    let authority = Authority::new("Our CA");
    let ann = files(&authority, "ann", &authority.issue(&params(&["ann"])));
    let bob = files(&authority, "bob", &authority.issue(&params(&["bob"])));
    let (ann, bob) = ((ann.0.as_path(), ann.1.as_path()), (bob.0.as_path(), bob.1.as_path()));
    let each = read(&[ann, bob, ann]).unwrap();
    assert!(Arc::ptr_eq(each.of(7), each.of(9)) && !Arc::ptr_eq(each.of(7), each.of(8)));
    let one = read(&[ann, ann]).unwrap();
    assert!(matches!(one, ClientCertificates::One(_)));
    assert!(!read(&[]).unwrap().are_there());
}

#[test]
fn keys_of_any_format_are_read_and_others_are_named() {
    let authority = Authority::new("Our CA");
    let (issued, other) = (authority.issue(&params(&["ann"])), authority.issue(&params(&["bob"])));
    let (certificate, key) = files(&authority, "ann", &issued);
    let both = authority.file("both.pem", format!("{}{}", issued.key_pem(), issued.pem()));
    read(&[(&both, &both)]).unwrap();
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("bob.key", other.key_pem().into(), "it is not the key of the certificate, the first one"),
        (
            "sec1",
            b"-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n".to_vec(),
            "no key that can be used",
        ),
        ("locked", b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n".to_vec(), "needs a password; `openssl pkey"),
        ("old", b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n".to_vec(), "needs a password"),
        ("der", issued.key.serialize_der(), "makes PEM of DER"),
        ("text", b"secret".to_vec(), "no key in it: expected `-----BEGIN PRIVATE KEY-----`"),
        ("cert", issued.pem().into(), "it has a certificate"),
        ("cut", b"-----BEGIN PRIVATE KEY-----\nAAAA".to_vec(), "the file was cut"),
        ("typo", b"-----BEGIN PRIVATE KEY-----\n!!!!\n-----END PRIVATE KEY-----\n".to_vec(), "is not base64"),
    ];
    for (name, content, part) in cases {
        let path = authority.file(name, content);
        let refused = read(&[(&certificate, &path)]).unwrap_err();
        assert!(refused.starts_with(&format!("--key {}: ", path.display())) && refused.contains(part), "{refused}");
    }
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("key.pem", issued.key_pem().into(), "it has a key"),
        (
            "csr.pem",
            b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n".to_vec(),
            "a request",
        ),
        ("der.pem", issued.certificate.to_vec(), "makes PEM of DER"),
        ("wrong.pem", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec(), "can't be used"),
    ];
    for (name, content, part) in cases {
        let path = authority.file(name, content);
        let refused = read(&[(&path, &key)]).unwrap_err();
        assert!(refused.starts_with(&format!("--cert {}: ", path.display())) && refused.contains(part), "{refused}");
        let options = TlsOptions { authorities: vec![path.clone()], ..TlsOptions::default() };
        let refused = TlsSettings::of(&options, None, 0, std::iter::empty()).unwrap_err().to_string();
        assert!(refused.starts_with(&format!("--cacert {}: ", path.display())) && refused.contains(part), "{refused}");
    }
    let missing = PathBuf::from("/nowhere/a.pem");
    assert!(read(&[(&missing, &key)]).unwrap_err().starts_with("--cert /nowhere/a.pem: it can't be read"));
}
