//! Settings of TLS that the plan gives a group.

use std::{path::PathBuf, sync::Arc};

use rustls::pki_types::CertificateDer;

use super::{client_certificates::CertificateFiles, files::TlsFileError, settings::TlsSettings};
use crate::{
    message::{BoundTemplate, Place, Template, Values},
    plan::{ClientCertificate, Group, Target},
};

impl TlsSettings {
    /// Those of a group. `values` are those of its templates, and `own` is the certificate of the
    /// server that the run starts.
    ///
    /// # Errors
    /// A file can't be used, or the system has no certificates.
    pub(crate) fn of_group(
        group: &Group,
        values: &Arc<Values>,
        own: Option<&CertificateDer<'static>>,
    ) -> Result<Self, TlsFileError> {
        let own = own.filter(|_| group.target == Target::Embedded);
        let (options, first) = (&group.connect.tls, values.first());
        let Some(ClientCertificate { certificate, key }) = &options.certificate else {
            return Self::of(options, own, first, std::iter::empty());
        };
        let are_alike = certificate.names().chain(key.names()).next().is_none();
        let clients = if are_alike { 1 } else { group.clients.get() };
        let bind = |template: &Template| values.bind(template, Place::File).map_err(TlsFileError::of_system);
        let (certificate, key) = (bind(certificate)?, bind(key)?);
        let path = |template: &BoundTemplate, client| {
            PathBuf::from(String::from_utf8_lossy(&template.encode_for(client, 0)).into_owned())
        };
        let files = |client| -> CertificateFiles { (path(&certificate, client), path(&key, client)) };
        Self::of(options, own, first, (first..first.saturating_add(clients)).map(files))
    }
}
