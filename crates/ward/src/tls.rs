//! Certificates: the installation's own authority, the server's certificate it makes, and certificates of terminals.
//!
//! Owns: `tls/authority` in the data folder. The authority's key lies in it sealed under a data key of the vault, so
//! that it is as safe as what is sealed in the ledger. The server's key is made at each start and never on disk.
//! Invariants: a certificate a terminal shows is believed to be the terminal's own (it signs the handshake) and nothing
//! else; whether it is a known one is asked of the sign-in by its fingerprint. Damage is an error, never a fresh start:
//! a new authority would have to be trusted anew on every machine of the city.
//! Does not: listen (`serve::door`), know terminals (`signin`).
//! Source: RFC 5280; RFC 8446; `docs/format.md` §10.

mod authority;
mod client;

pub(crate) use authority::{Authority, AuthorityError, PATH as AUTHORITY, Stored};
pub(crate) use client::fingerprint;

use crate::told::Refused;
use anyhow::Context as _;
use model::{CivilDate, Told};
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{DistinguishedName, RootCertStore, ServerConfig};

/// What the server shows: the present certificate, which may give way to another while connections come in.
pub(crate) struct Shown {
    present: RwLock<Arc<CertifiedKey>>,
    provider: Arc<CryptoProvider>,
}

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shown")
    }
}

impl Shown {
    /// A certificate and its key, as files of somebody else's authority.
    pub(crate) fn of_files(certificate: &Path, key: &Path) -> anyhow::Result<Self> {
        let unread = |path: &Path, error: &dyn std::fmt::Display| {
            Refused::say(
                format!("無法讀取 {}（{error}）。請指定 PEM 格式之檔案。", path.display()),
                format!("Cannot read {} ({error}). Name a file in PEM.", path.display()),
            )
        };
        let pem = std::fs::read(certificate).map_err(|error| unread(certificate, &error))?;
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        let chain = chain.map_err(|error| unread(certificate, &error))?;
        if chain.is_empty() {
            return Err(unread(certificate, &"no certificate"));
        }
        let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| unread(key, &error))?;
        Self::new(chain, secret).map_err(|error| {
            Refused::say(
                format!("憑證 {} 與私鑰 {} 不相符（{error}）。", certificate.display(), key.display()),
                format!("{} and {} do not belong together ({error}).", certificate.display(), key.display()),
            )
        })
    }

    /// A certificate of the installation's own authority for these names.
    pub(crate) fn issued(authority: &Authority, names: &[String], today: CivilDate) -> anyhow::Result<Self> {
        let (chain, key) = authority.issue(names, today)?;
        Self::new(chain, key)
    }

    /// Shows another one from now on, for these names.
    pub(crate) fn renew(
        &self,
        authority: &Authority,
        names: &[String],
        today: CivilDate,
    ) -> anyhow::Result<()> {
        let (chain, key) = authority.issue(names, today)?;
        let next = certified(&self.provider, chain, key)?;
        *self.present.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(())
    }

    fn new(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> anyhow::Result<Self> {
        let provider = Arc::new(ring::default_provider());
        let present = RwLock::new(certified(&provider, chain, key)?);
        Ok(Self { present, provider })
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.present.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn certified(
    provider: &CryptoProvider,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> anyhow::Result<Arc<CertifiedKey>> {
    let key = CertifiedKey::from_der(chain, key, provider).context("the server's certificate")?;
    Ok(Arc::new(key))
}

/// How connections are secured: TLS 1.2 and 1.3, certificates of terminals taken where they are shown.
/// `authorities` are those whose certificates terminals are asked for; with none of them, any. `asked` says whether they
/// are asked at all.
pub(crate) fn config(
    shown: &Arc<Shown>,
    authorities: Vec<DistinguishedName>,
    asked: Arc<dyn Fn() -> bool + Send + Sync>,
) -> anyhow::Result<Arc<ServerConfig>> {
    let provider = Arc::clone(&shown.provider);
    let terminals = Arc::new(client::Terminals::new(&provider, authorities, asked));
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .context("versions of TLS")?
        .with_client_cert_verifier(terminals)
        .with_cert_resolver(Arc::clone(shown) as Arc<dyn ResolvesServerCert>);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// How senders of lines are secured: TLS 1.2 and 1.3. With `authorities` a sender has to show a certificate of one of
/// them; without, nobody is asked for one.
pub(crate) fn of_senders(
    shown: &Arc<Shown>,
    authorities: Option<&Path>,
) -> anyhow::Result<Arc<ServerConfig>> {
    let provider = Arc::clone(&shown.provider);
    let verifier = match authorities {
        None => WebPkiClientVerifier::no_client_auth(),
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(|error| unread(path, &error.to_string()))?;
            }
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                .build()
                .context("authorities of senders")?
        }
    };
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .context("versions of TLS")?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::clone(shown) as Arc<dyn ResolvesServerCert>);
    // Senders only write: a ticket that they never read would make their end of the connection a reset.
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}

/// The names of the authorities in a PEM file.
pub(crate) fn authorities(path: &Path) -> anyhow::Result<Vec<DistinguishedName>> {
    let names = certificates(path)?.into_iter().map(|certificate| client::subject(&certificate));
    names.collect::<Result<_, _>>().map_err(|error| unread(path, &error))
}

/// The certificates in a PEM file, at least one.
fn certificates(path: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let pem = std::fs::read(path).map_err(|error| unread(path, &error.to_string()))?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let certificates = certificates.map_err(|error| unread(path, &error.to_string()))?;
    if certificates.is_empty() { Err(unread(path, "no certificate")) } else { Ok(certificates) }
}

fn unread(path: &Path, what: &str) -> anyhow::Error {
    Refused::misuse(Told::new(
        format!("無法自 {} 讀取憑證機構之憑證（{what}）。請指定 PEM 格式之檔案。", path.display()),
        format!(
            "No certificate of an authority can be read from {} ({what}). Name a file in PEM.",
            path.display()
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tls_1_2_and_1_3_with_forward_secrecy_and_authenticated_encryption() {
        let suites = ring::default_provider().cipher_suites;
        assert!(!suites.is_empty());
        for suite in suites {
            let name = format!("{:?}", suite.suite());
            assert!(name.starts_with("TLS13_") || name.starts_with("TLS_ECDHE_"), "{name}");
            assert!(name.contains("_GCM_") || name.contains("_CHACHA20_POLY1305_"), "{name}");
            let version = format!("{:?}", suite.version().version);
            assert!(["TLSv1_2", "TLSv1_3"].contains(&version.as_str()), "{name}: {version}");
        }
    }
}
