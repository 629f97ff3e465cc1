//! Settings of TLS that the plan gives a group.

use std::{cell::Cell, ops::Range, path::PathBuf, sync::Arc};

use rustls::pki_types::CertificateDer;

use super::{client_certificates::CertificateFiles, files::TlsFileError, settings::TlsSettings};
use crate::{
    message::{BoundTemplate, Place, Template, Values},
    plan::{ClientCertificate, Group, Target},
};

impl TlsSettings {
    /// Those of a group. `here` has the indices of the clients that this process has of it,
    /// `values` are those of its templates, and `own` is the certificate of the server that the run
    /// starts.
    ///
    /// # Errors
    /// A file can't be used, or the system has no certificates.
    pub(crate) fn of_group(
        group: &Group,
        here: &Range<u32>,
        values: &Arc<Values>,
        own: Option<&CertificateDer<'static>>,
    ) -> Result<Self, TlsFileError> {
        let own = own.filter(|_| group.target == Target::Embedded);
        let (options, first) = (&group.connect.tls, values.first() + here.start);
        let Some(ClientCertificate { certificate, key }) = &options.certificate else {
            return Self::of(options, own, first, std::iter::empty());
        };
        let bind = |template: &Template| values.bind(template, Place::File).map_err(TlsFileError::of_system);
        let bound = (bind(certificate)?, bind(key)?);
        let path = |template: &BoundTemplate, client| {
            PathBuf::from(String::from_utf8_lossy(&template.encode_for(client, 0)).into_owned())
        };
        let files = |client| -> CertificateFiles { (path(&bound.0, client), path(&bound.1, client)) };
        if certificate.names().chain(key.names()).next().is_none() {
            return Self::of(options, own, first, std::iter::once(files(first)));
        }
        let reading = Cell::new(first);
        let clients = (first..values.first() + here.end).inspect(|client| reading.set(*client));
        Self::of(options, own, first, clients.map(files))
            .map_err(|error| error.of_client(reading.get(), certificate, key))
    }
}
