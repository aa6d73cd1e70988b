//! TLS towards what is read: whose certificates are believed, and which certificate is shown, where one is.
//!
//! Invariant: no connection goes on whose certificate was not checked for the name it was made to; keys print nothing.
//! Source: RFC 8446; RFC 9325.

use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// How connections are made.
#[derive(Clone)]
pub(crate) struct Tls(Arc<ClientConfig>);

/// Whose certificates are believed.
pub(crate) struct Authority(RootCertStore);

/// The certificate that is shown, with those between it and its authority, and its key.
pub(crate) struct Own {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Authority {
    /// Those of a file in PEM.
    ///
    /// # Errors
    /// It cannot be read, or has none.
    pub(crate) fn of_file(path: &Path) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        // The system's file has some that are too odd to be used.
        roots.add_parsable_certificates(certificates(path)?);
        if roots.is_empty() { Err("no certificate".to_owned()) } else { Ok(Self(roots)) }
    }
}

impl Own {
    /// Of two files in PEM, of which the second has the key.
    ///
    /// # Errors
    /// One of them cannot be read, or has none.
    pub(crate) fn of_files(certificate: &Path, key: &Path) -> Result<Self, String> {
        let chain = certificates(certificate)?;
        if chain.is_empty() {
            return Err("no certificate".to_owned());
        }
        let key = PrivateKeyDer::from_pem_file(key).map_err(|error| error.to_string())?;
        Ok(Self { chain, key })
    }
}

impl Tls {
    /// # Errors
    /// The key does not fit the certificate.
    pub(crate) fn new(Authority(roots): Authority, own: Option<Own>) -> Result<Self, String> {
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots);
        let config = match own {
            Some(Own { chain, key }) => {
                config.with_client_auth_cert(chain, key).map_err(|error| error.to_string())?
            }
            None => config.with_no_client_auth(),
        };
        Ok(Self(Arc::new(config)))
    }

    /// For a library that makes its connections itself.
    pub(crate) fn config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.0)
    }

    /// Goes on within TLS, where the peer shows that it is this host.
    ///
    /// # Errors
    /// It is not, or shows nothing that is believed.
    pub(crate) async fn connect<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        host: &str,
        stream: S,
    ) -> Result<TlsStream<S>, String> {
        let name = ServerName::try_from(host.to_owned()).map_err(|error| error.to_string())?;
        let connector = TlsConnector::from(self.config());
        connector.connect(name, stream).await.map_err(|error| error.to_string())
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = CertificateDer::pem_file_iter(path).map_err(|error| error.to_string())?;
    read.collect::<Result<_, _>>().map_err(|error| error.to_string())
}
