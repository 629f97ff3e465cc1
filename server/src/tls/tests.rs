use std::{fs, path::PathBuf};

use rcgen::{CertificateParams, KeyPair};
use tempfile::{TempDir, tempdir};

use super::*;

const ENCRYPTED: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n";

/// Files of a test.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(tempdir().expect("a folder"))
    }

    fn with(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, text).expect("a file");
        path
    }
}

/// A certificate and its key, in PEM.
fn pair() -> (String, String) {
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
    (params.self_signed(&key).expect("a certificate").pem(), key.serialize_pem())
}

fn refusal(result: Result<impl Sized, TlsError>) -> String {
    match result {
        Ok(_) => panic!("it should be refused"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_certificate_and_its_key_may_share_a_file() {
    let (files, (certificate, key)) = (Files::new(), pair());
    let both = files.with("both.pem", &format!("{key}{certificate}{certificate}"));
    let identity = Identity::read(&both, &both).expect("both");
    assert_eq!(identity.fingerprint().len(), 32 * 3 - 1);
    assert_eq!(identity.pem(), None);
    assert!(TlsSettings::new(identity, None).is_ok());
}

#[test]
fn what_is_wrong_with_a_file_is_said() {
    let (files, (certificate, key)) = (Files::new(), pair());
    let certificate = files.with("a.pem", &certificate);
    let read = |text: &str| refusal(Identity::read(&certificate, &files.with("a.key", text)));
    assert!(read(ENCRYPTED).contains("a.key: the key is encrypted; decrypt it"), "{}", read(ENCRYPTED));
    assert!(read("").contains("a.key: there is no private key"), "{}", read(""));
    let cut = &key[..key.len() - 20];
    assert!(read(cut).contains("a.key: ") && read(cut).contains("expected PEM"), "{}", read(cut));
    let key = files.with("b.key", &key);
    assert!(refusal(Identity::read(&key, &key)).contains("b.key: there is no certificate"));
    let missing = files.0.path().join("c.pem");
    assert!(refusal(Identity::read(&missing, &key)).contains("c.pem: No such file"));
    assert!(refusal(ClientAuthority::read(&key)).contains("b.key: there is no certificate"));
    let bad = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    let bad = refusal(ClientAuthority::read(&files.with("d.pem", bad)));
    assert!(bad.contains("d.pem: it has a certificate that can't be used"), "{bad}");
}

#[test]
fn the_key_of_another_certificate_is_refused() {
    let (files, (certificate, _), (_, key)) = (Files::new(), pair(), pair());
    let identity = Identity::read(&files.with("a.pem", &certificate), &files.with("a.key", &key)).expect("both");
    assert_eq!(refusal(TlsSettings::new(identity, None)), "the key does not belong to the certificate");
}

#[test]
fn a_self_signed_certificate_can_be_written_and_read() {
    let identity = Identity::self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).expect("it is made");
    let files = Files::new();
    let file = files.with("made.pem", identity.pem().expect("it was made here"));
    let read = identity::certificates(&file).expect("a certificate");
    assert_eq!(read, [identity.certificate().clone()]);
    assert!(ClientAuthority::read(&file).is_ok());
    assert!(TlsSettings::new(identity, None).is_ok());
}

#[test]
fn nothing_shows_the_key() {
    let identity = Identity::self_signed(["localhost".to_owned()]).expect("it is made");
    let shown = format!("{identity:?}");
    assert!(shown.starts_with("Identity { fingerprint: \"") && shown.ends_with("\", .. }"), "{shown}");
    let settings = TlsSettings::new(identity, None).expect("settings");
    assert_eq!(format!("{settings:?}"), "TlsSettings { .. }");
    assert!(settings == settings.clone());
}
