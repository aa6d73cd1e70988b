//! Where the enforcer is asked: a socket of the machine, or TLS with certificates on both sides.
//!
//! Invariants: at the socket only the accounts that were named are heard (by what the kernel says of them), over TLS only who
//! shows a certificate of the authority that was named. At most [`MOST`] are heard at once; whoever says nothing for
//! [`IDLE`] is let go.

use crate::enforcer::Enforcer;
use crate::wire::{self, Answer, Ask, LONGEST_ANSWER, LONGEST_ASK};
use model::Told;
use rustix::fs::{Mode, Uid};
use rustix::net::sockopt::socket_peercred;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How many are heard at once.
const MOST: usize = 32;
/// How long somebody may say nothing.
const IDLE: Duration = Duration::from_secs(30);

/// Where it is asked.
pub enum Door {
    /// A socket of the machine, and whose accounts are heard there.
    Unix(UnixListener, Vec<u32>),
    /// TLS.
    Tls(TcpListener, Arc<ServerConfig>),
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Unix(..) => "Door::Unix",
            Self::Tls(..) => "Door::Tls",
        })
    }
}

/// An enforcer that is asked.
#[derive(Clone)]
pub struct Served(Arc<Shared>);

struct Shared {
    enforcer: Mutex<Enforcer>,
    /// Has something been ordered since it was looked what is over next?
    ordered: (Mutex<bool>, Condvar),
    heard: AtomicUsize,
}

impl std::fmt::Debug for Served {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Served")
    }
}

impl Door {
    /// A socket at this path, for the accounts of these numbers and for root. One that a former process left gives way.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn unix(path: &Path, accounts: &[u32]) -> Result<Self, Told> {
        let unmade = |error: std::io::Error| {
            let shown = path.display();
            Told::new(
                format!("無法建立 {shown}（{error}）。請檢查資料夾之權限，以及是否已有執行控制程序。"),
                format!(
                    "{shown} cannot be made ({error}). See who may write in its folder, and whether an enforcer runs already."
                ),
            )
        };
        if UnixStream::connect(path).is_ok() {
            return Err(unmade(std::io::ErrorKind::AddrInUse.into()));
        }
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(unmade(error)),
            _ => {}
        }
        let listener = UnixListener::bind(path).map_err(unmade)?;
        // Whoever may connect is decided by who they are: the kernel says so of each connection.
        rustix::fs::chmod(path, Mode::from_raw_mode(0o666)).map_err(|error| unmade(error.into()))?;
        Ok(Self::Unix(listener, accounts.to_vec()))
    }

    /// TLS at this address: the certificate and key that are shown, and the authority of those who are heard, in PEM.
    ///
    /// # Errors
    /// A file does not read, or the address cannot be had.
    pub fn tls(address: SocketAddr, certificate: &Path, key: &Path, clients: &Path) -> Result<Self, Told> {
        let provider = Arc::new(ring::default_provider());
        let mut roots = RootCertStore::empty();
        for one in certificates(clients)? {
            roots.add(one).map_err(|error| unread(clients, &error))?;
        }
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .map_err(|error| unread(clients, &error))?;
        let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| unread(key, &error))?;
        let shown = certificates(certificate)?;
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_client_cert_verifier(verifier).with_single_cert(shown, secret));
        let config = config.map_err(|error| unread(certificate, &error))?;
        let listener = TcpListener::bind(address).map_err(|error| {
            Told::new(
                format!("無法於 {address} 接受連線（{error}）。請確認位址屬本機且未被占用。"),
                format!(
                    "{address} cannot be had ({error}). See that it is this machine's and nobody else's."
                ),
            )
        })?;
        Ok(Self::Tls(listener, Arc::new(config)))
    }

    /// Where it is.
    ///
    /// # Errors
    /// The system does not say.
    pub fn address(&self) -> std::io::Result<String> {
        Ok(match self {
            Self::Unix(listener, _) => listener
                .local_addr()?
                .as_pathname()
                .map_or_else(String::new, |path| path.display().to_string()),
            Self::Tls(listener, _) => listener.local_addr()?.to_string(),
        })
    }
}

/// The certificates in a PEM file, at least one.
pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Told> {
    let pem = std::fs::read(path).map_err(|error| unread(path, &error))?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let certificates = certificates.map_err(|error| unread(path, &error))?;
    if certificates.is_empty() { Err(unread(path, &"no certificate")) } else { Ok(certificates) }
}

pub(crate) fn unread(path: &Path, what: &dyn std::fmt::Display) -> Told {
    let shown = path.display();
    Told::new(
        format!("無法使用 {shown}（{what}）。請指定 PEM 格式之憑證或私鑰。"),
        format!("{shown} is of no use ({what}). Name a certificate or key in PEM."),
    )
}

impl Served {
    /// Begins to end what is over. `tell` is told what fails, each trouble once.
    #[must_use]
    pub fn start(enforcer: Enforcer, tell: impl Fn(&Told) + Send + 'static) -> Self {
        let shared = Arc::new(Shared {
            enforcer: Mutex::new(enforcer),
            ordered: (Mutex::new(false), Condvar::new()),
            heard: AtomicUsize::new(0),
        });
        let ticking = Arc::downgrade(&shared);
        std::thread::spawn(move || {
            let mut trouble = None;
            while let Some(shared) = ticking.upgrade() {
                let ticked = shared.enforcer.lock().unwrap_or_else(PoisonError::into_inner).tick();
                let (wait, now) = match ticked {
                    Ok(wait) => (wait, None),
                    Err(told) => (Enforcer::pause(), Some(told)),
                };
                if let Some(told) = now.as_ref().filter(|told| trouble.as_ref() != Some(*told)) {
                    tell(told);
                }
                trouble = now;
                let (lock, condition) = &shared.ordered;
                let ordered = lock.lock().unwrap_or_else(PoisonError::into_inner);
                let waited = condition.wait_timeout_while(ordered, wait, |ordered| !*ordered);
                *waited.unwrap_or_else(PoisonError::into_inner).0 = false;
            }
        });
        Self(shared)
    }

    /// Answers whoever comes to the door, for as long as it is open.
    pub fn answer_at(&self, door: &Door, tell: impl Fn(&Told) + Send + Sync + 'static) {
        let tell = Arc::new(tell);
        loop {
            let failed = match door {
                Door::Unix(listener, accounts) => match listener.accept() {
                    Ok((stream, _)) => {
                        if is_known(&stream, accounts) {
                            self.hear(move || stream.set_read_timeout(Some(IDLE)).map(|()| stream));
                        } else {
                            tell(&Told::new(
                                "有未經允許之帳號連線，未予受理。請以 --uid 指定 Ward 之帳號。",
                                "An account connected that is not heard. Name the account of Ward by --uid.",
                            ));
                        }
                        None
                    }
                    Err(error) => Some(error),
                },
                Door::Tls(listener, config) => match listener.accept() {
                    Ok((stream, _)) => {
                        let config = Arc::clone(config);
                        self.hear(move || secured(stream, config));
                        None
                    }
                    Err(error) => Some(error),
                },
            };
            if let Some(error) = failed.filter(|error| error.kind() != std::io::ErrorKind::Interrupted) {
                tell(&Told::new(
                    format!("無法接受連線（{error}）。請檢查可開啟之檔案數。"),
                    format!("Connections cannot be taken ({error}). See how many files may be open."),
                ));
                return;
            }
        }
    }

    /// Hears somebody on a thread of their own, unless too many are heard.
    fn hear<S: Read + Write>(&self, open: impl FnOnce() -> std::io::Result<S> + Send + 'static) {
        let shared = Arc::clone(&self.0);
        if shared.heard.fetch_add(1, Ordering::AcqRel) >= MOST {
            shared.heard.fetch_sub(1, Ordering::AcqRel);
            return;
        }
        std::thread::spawn(move || {
            if let Ok(mut stream) = open() {
                // Whoever breaks off has asked nothing more.
                let _ = shared.converse(&mut stream);
            }
            shared.heard.fetch_sub(1, Ordering::AcqRel);
        });
    }
}

impl Shared {
    fn converse(&self, stream: &mut (impl Read + Write)) -> std::io::Result<()> {
        while let Some(ask) = wire::read(stream, LONGEST_ASK)? {
            let answer = match ask {
                Ok(ask) => self.answer(&ask),
                Err(error) => Answer::Refused(
                    Told::new(
                        format!("無法解讀所詢事項（{error}）。請確認兩端版本相同。"),
                        format!(
                            "What was asked does not read ({error}). See that both sides are of one version."
                        ),
                    )
                    .into(),
                ),
            };
            wire::write(stream, &answer, LONGEST_ANSWER)?;
        }
        Ok(())
    }

    fn answer(&self, ask: &Ask) -> Answer {
        let mut enforcer = self.enforcer.lock().unwrap_or_else(PoisonError::into_inner);
        match ask {
            Ask::Events(after) => {
                let (epoch, events) = enforcer.events(*after);
                Answer::Events(epoch, events)
            }
            Ask::Standing => Answer::Standing(Box::new(enforcer.standing())),
            Ask::Order(order) => {
                let outcome = enforcer.order(order);
                drop(enforcer);
                let (lock, condition) = &self.ordered;
                *lock.lock().unwrap_or_else(PoisonError::into_inner) = true;
                condition.notify_all();
                outcome.map_or_else(|told| Answer::Later(told.into()), Answer::Outcome)
            }
        }
    }
}

/// Is it one of these accounts, or root, or our own?
fn is_known(stream: &UnixStream, accounts: &[u32]) -> bool {
    socket_peercred(stream).is_ok_and(|peer| {
        peer.uid.is_root()
            || peer.uid == rustix::process::geteuid()
            || accounts.iter().any(|account| Uid::from_raw(*account) == peer.uid)
    })
}

fn secured(
    stream: TcpStream,
    config: Arc<ServerConfig>,
) -> std::io::Result<StreamOwned<ServerConnection, TcpStream>> {
    stream.set_read_timeout(Some(IDLE))?;
    stream.set_write_timeout(Some(IDLE))?;
    stream.set_nodelay(true)?;
    let connection = ServerConnection::new(config).map_err(std::io::Error::other)?;
    Ok(StreamOwned::new(connection, stream))
}
