//! Certificates of terminals: whoever shows one proves that it is theirs; which they are is known by fingerprint.
//!
//! Nothing of the certificate itself is believed, neither who made it nor until when it is said to be good: a terminal
//! is registered by the SHA-256 of its certificate, and is known until it is removed.
//! Source: RFC 8446 §4.4.2.4, §4.4.3; NIST SP 800-63B (pinned public keys).

use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use tokio_rustls::rustls::client::danger::HandshakeSignatureValid;
use tokio_rustls::rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, UnixTime};
use tokio_rustls::rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use tokio_rustls::rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

/// Takes the certificate of any terminal that can sign with its key.
pub(super) struct Terminals {
    asked: Arc<dyn Fn() -> bool + Send + Sync>,
    algorithms: WebPkiSupportedAlgorithms,
    authorities: Vec<DistinguishedName>,
}

impl Terminals {
    pub(super) fn new(
        provider: &Arc<CryptoProvider>,
        authorities: Vec<DistinguishedName>,
        asked: Arc<dyn Fn() -> bool + Send + Sync>,
    ) -> Self {
        Self { asked, algorithms: provider.signature_verification_algorithms, authorities }
    }
}

impl std::fmt::Debug for Terminals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Terminals").field("authorities", &self.authorities).finish_non_exhaustive()
    }
}

impl ClientCertVerifier for Terminals {
    fn offer_client_auth(&self) -> bool {
        (self.asked)()
    }

    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.authorities
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// By what a certificate is known.
pub(crate) fn fingerprint(certificate: &CertificateDer<'_>) -> [u8; 32] {
    Sha256::digest(certificate.as_ref()).into()
}

/// Whom a certificate is about, as handshakes name it.
pub(super) fn subject(certificate: &CertificateDer<'_>) -> Result<DistinguishedName, String> {
    let mut roots = tokio_rustls::rustls::RootCertStore::empty();
    roots.add(certificate.clone()).map_err(|error| error.to_string())?;
    roots.subjects().into_iter().next().ok_or_else(|| "no subject".to_owned())
}
