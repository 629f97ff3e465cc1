//! Certificates and keys in files: PEM, as RFC 7468 has it.

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use rustls::pki_types::{
    CertificateDer, PrivateKeyDer,
    pem::{self, PemObject as _},
};

use crate::message::Template;

/// Largest file, in bytes. All authorities of a system take less than a megabyte.
const LARGEST: u64 = 16 << 20;

/// Why a certificate or a key can't be used, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{why}", at(.option, .path.as_deref(), *.client))]
pub struct TlsFileError {
    /// The option that names the file. Empty if none does.
    option: &'static str,
    path: Option<PathBuf>,
    /// The client that it is about, by its number in the run.
    client: Option<u32>,
    why: String,
}

fn at(option: &str, path: Option<&Path>, client: Option<u32>) -> String {
    let client = client.map_or_else(String::new, |client| format!(" of client {client}"));
    match path {
        Some(path) if option.is_empty() => format!("{}: ", path.display()),
        Some(path) => format!("--{option} {}{client}: ", path.display()),
        None => String::new(),
    }
}

impl TlsFileError {
    pub(super) fn new(option: &'static str, path: &Path, why: impl Into<String>) -> Self {
        Self { option, path: Some(path.to_owned()), client: None, why: why.into() }
    }

    /// An error that is of no file.
    pub(super) fn of_system(why: String) -> Self {
        Self { option: "", path: None, client: None, why }
    }

    /// The error of a client whose files are named by these templates: values of data are not
    /// shown.
    pub(super) fn of_client(self, client: u32, certificate: &Template, key: &Template) -> Self {
        let template = match self.option {
            "cert" => certificate,
            "key" => key,
            _ => return self,
        };
        let path = PathBuf::from(String::from_utf8_lossy(template.as_written()).into_owned());
        Self { path: Some(path), client: Some(client), ..self }
    }
}

/// The certificates in a file, one at least.
///
/// # Errors
/// It can't be read, or has none.
pub(super) fn certificates(option: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsFileError> {
    let bytes = read(option, path)?;
    let all = CertificateDer::pem_slice_iter(&bytes).collect::<Result<Vec<_>, _>>();
    match all {
        Ok(all) if !all.is_empty() => Ok(all),
        Ok(_) => Err(TlsFileError::new(option, path, no_certificate(&bytes))),
        Err(error) => Err(TlsFileError::new(option, path, malformed(&error))),
    }
}

/// The first key in a file: PKCS #8, PKCS #1 (RSA) or SEC 1 (elliptic curves).
///
/// # Errors
/// It can't be read, has none, or needs a password.
pub(super) fn key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsFileError> {
    let bytes = read("key", path)?;
    // RFC 5958 and, with a header of its own, RFC 1421.
    if has(&bytes, "ENCRYPTED") {
        let remedy = "`openssl pkey -in FILE -out NEW` writes one without; keep that file from others";
        return Err(TlsFileError::new("key", path, format!("the key needs a password; {remedy}")));
    }
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| match error {
        pem::Error::NoItemsFound => TlsFileError::new("key", path, no_key(&bytes)),
        error => TlsFileError::new("key", path, malformed(&error)),
    })
}

fn read(option: &'static str, path: &Path) -> Result<Vec<u8>, TlsFileError> {
    let failed = |error: std::io::Error| TlsFileError::new(option, path, format!("it can't be read: {error}"));
    let mut bytes = Vec::new();
    File::open(path).map_err(failed)?.take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LARGEST {
        return Err(TlsFileError::new(option, path, "it has more than 16 MiB, and is no file of certificates"));
    }
    Ok(bytes)
}

fn has(bytes: &[u8], text: &str) -> bool {
    memchr::memmem::find(bytes, text.as_bytes()).is_some()
}

fn no_certificate(bytes: &[u8]) -> String {
    let remedy = match bytes {
        // A SEQUENCE, as DER begins with: X.690, section 8.9.
        [0x30, ..] => "it is not text; `openssl x509 -inform der -in FILE -out NEW` makes PEM of DER",
        _ if has(bytes, "PRIVATE KEY-----") => "it has a key; give the file of the certificate",
        _ if has(bytes, "CERTIFICATE REQUEST-----") => "it has a request for one, which an authority has yet to sign",
        _ => "expected `-----BEGIN CERTIFICATE-----`",
    };
    format!("there is no certificate in it: {remedy}")
}

fn no_key(bytes: &[u8]) -> String {
    let remedy = match bytes {
        [0x30, ..] => "it is not text; `openssl pkey -inform der -in FILE -out NEW` makes PEM of DER",
        _ if has(bytes, "BEGIN CERTIFICATE-----") => "it has a certificate; give the file of its key",
        _ => "expected `-----BEGIN PRIVATE KEY-----`",
    };
    format!("there is no key in it: {remedy}")
}

fn malformed(error: &pem::Error) -> String {
    let what = match error {
        pem::Error::MissingSectionEnd { .. } => "a part of it has no end: the file was cut",
        pem::Error::IllegalSectionStart { .. } => "a line that begins a part is not well-formed",
        pem::Error::Base64Decode(_) => "a part of it is not base64",
        _ => "it is not well-formed",
    };
    format!("{what}; expected PEM, as `openssl x509` and `openssl pkey` write it")
}
