//! Whoever orders: a connection for each question, so that an answer shows that the enforcer can be reached anew.

use crate::door::{certificates, unread};
use crate::wire::{self, Answer, Ask, LONGEST_ANSWER, LONGEST_ASK};
use model::Told;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long it is waited for the enforcer.
const LIMIT: Duration = Duration::from_secs(15);
/// How long it may take to reach it.
const REACH: Duration = Duration::from_secs(3);

/// How an enforcer is reached.
#[derive(Clone)]
pub struct Client(Reached);

/// By which way.
#[derive(Clone)]
pub enum Reached {
    /// The socket of the machine.
    Unix(PathBuf),
    /// TLS: host and port, and what is shown and believed.
    Tls(String, ServerName<'static>, Arc<ClientConfig>),
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client({})", self.place())
    }
}

/// The enforcer did not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.en)]
pub struct Unreached(pub Told);

impl Client {
    /// By the socket at this path.
    #[must_use]
    pub fn unix(path: &Path) -> Self {
        Self(Reached::Unix(path.to_owned()))
    }

    /// By TLS at `HOST:PORT`: the authority of the enforcer's certificate, and the certificate and key that are shown, in PEM.
    ///
    /// # Errors
    /// A file does not read, or it is no place.
    pub fn tls(place: &str, authority: &Path, certificate: &Path, key: &Path) -> Result<Self, Told> {
        let host = place.rsplit_once(':').map(|(host, _)| host.trim_start_matches('[').trim_end_matches(']'));
        let name = host.and_then(|host| ServerName::try_from(host.to_owned()).ok()).ok_or_else(|| {
            Told::new(
                format!("「{place}」不是執行控制之位址；請寫成 fw.example:8441 或 socket 之路徑。"),
                format!(
                    "{place:?} is no place of an enforcer; write fw.example:8441, or the path of a socket."
                ),
            )
        })?;
        let mut roots = RootCertStore::empty();
        for one in certificates(authority)? {
            roots.add(one).map_err(|error| unread(authority, &error))?;
        }
        let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| unread(key, &error))?;
        let shown = certificates(certificate)?;
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_root_certificates(roots).with_client_auth_cert(shown, secret))
            .map_err(|error| unread(certificate, &error))?;
        Ok(Self(Reached::Tls(place.to_owned(), name, Arc::new(config))))
    }

    /// Where the enforcer is.
    #[must_use]
    pub fn place(&self) -> String {
        match &self.0 {
            Reached::Unix(path) => path.display().to_string(),
            Reached::Tls(place, ..) => place.clone(),
        }
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// It could not be reached or did not answer: whether it did what it was asked is not known.
    pub fn ask(&self, ask: &Ask) -> Result<Answer, Unreached> {
        self.asked(ask).map_err(|error| {
            let place = self.place();
            Unreached(Told::new(
                format!("執行控制 {place} 沒有回應（{error}）。請確認 ward enforce 執行中、憑證有效且未被防火牆阻擋。"),
                format!("The enforcer {place} does not answer ({error}). See that ward enforce runs, that the certificates are good and that no firewall is between."),
            ))
        })
    }

    fn asked(&self, ask: &Ask) -> io::Result<Answer> {
        match &self.0 {
            Reached::Unix(path) => {
                let mut stream = UnixStream::connect(path)?;
                stream.set_read_timeout(Some(LIMIT))?;
                stream.set_write_timeout(Some(LIMIT))?;
                converse(&mut stream, ask)
            }
            Reached::Tls(place, name, config) => {
                let mut last = io::Error::from(io::ErrorKind::NotFound);
                for address in place.to_socket_addrs()? {
                    match TcpStream::connect_timeout(&address, REACH) {
                        Ok(stream) => {
                            stream.set_read_timeout(Some(LIMIT))?;
                            stream.set_write_timeout(Some(LIMIT))?;
                            stream.set_nodelay(true)?;
                            let connection = ClientConnection::new(Arc::clone(config), name.clone());
                            let connection = connection.map_err(io::Error::other)?;
                            return converse(&mut StreamOwned::new(connection, stream), ask);
                        }
                        Err(error) => last = error,
                    }
                }
                Err(last)
            }
        }
    }
}

fn converse(stream: &mut (impl Read + Write), ask: &Ask) -> io::Result<Answer> {
    wire::write(stream, ask, LONGEST_ASK)?;
    match wire::read(stream, LONGEST_ANSWER)? {
        Some(answer) => Ok(answer?),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}
