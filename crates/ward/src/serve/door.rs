//! Doors: where connections come in, by plain HTTP from this machine itself, by TLS from everywhere else.
//!
//! Invariants: whoever speaks plain HTTP at a door of TLS is shown the way or refused, and told nothing else; a handshake that does
//! not come to its end is given up, and hinders nobody.
//! Does not: answer requests.
//! Source: RFC 8446; RFC 9110 §15.4.9.

use crate::http;
use crate::tls;
use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderValue, Method, StatusCode, header, uri::Authority};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::serve::{IncomingStream, Listener};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::server::TlsStream;

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Handshakes under way at once.
const MOST_HANDSHAKES: usize = 512;
/// Connections accepted and not yet served.
const WAITING: usize = 64;
/// How long a door rests when the system gives no more connections.
const REST: Duration = Duration::from_millis(100);
/// Beginnings of paths that programs ask for.
const OF_PROGRAMS: [&str; 4] = ["/api/", "/ledger/", "/healthz", "/metrics"];
/// The first byte of a TLS connection (RFC 8446 §5.1: handshake).
const HELLO: u8 = 0x16;

/// All doors as one listener.
pub(super) struct Doors {
    come: mpsc::Receiver<(Way, Peer)>,
    first: SocketAddr,
}

/// Who is at the other end.
#[derive(Debug, Clone)]
pub(super) struct Peer {
    pub(super) address: SocketAddr,
    /// SHA-256 of the certificate the terminal has shown.
    pub(super) certificate: Option<[u8; 32]>,
    pub(super) arrival: Arrival,
}

/// How a connection came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrival {
    /// By plain HTTP, at a door for it.
    Plain,
    /// By TLS.
    Secured,
    /// By plain HTTP, at a door of TLS.
    Astray,
}

/// A connection.
pub(super) enum Way {
    Plain(TcpStream),
    Secured(Box<TlsStream<TcpStream>>),
}

/// A door, open.
pub(super) struct Door {
    listener: TcpListener,
    /// None for plain HTTP.
    secured: Option<Arc<ServerConfig>>,
}

impl Door {
    /// Opens it, or says why that is not possible.
    pub(super) async fn open(
        address: SocketAddr,
        secured: Option<Arc<ServerConfig>>,
    ) -> anyhow::Result<Self> {
        Ok(Self { listener: http::bind(address).await?, secured })
    }

    /// Where it is.
    pub(super) fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl Doors {
    /// Lets people in at these doors until it is dropped.
    pub(super) fn serve(doors: Vec<Door>, first: SocketAddr) -> Self {
        let (came, come) = mpsc::channel(WAITING);
        let handshakes = Arc::new(Semaphore::new(MOST_HANDSHAKES));
        for door in doors {
            tokio::spawn(keep(door, came.clone(), Arc::clone(&handshakes)));
        }
        Self { come, first }
    }
}

/// Accepts what comes to a door.
async fn keep(door: Door, came: mpsc::Sender<(Way, Peer)>, handshakes: Arc<Semaphore>) {
    let acceptor = door.secured.map(TlsAcceptor::from);
    loop {
        let (stream, address) = tokio::select! {
            accepted = door.listener.accept() => match accepted {
                Ok(accepted) => accepted,
                // Of one connection, or of too many; neither is the end of the door.
                Err(_) => {
                    tokio::time::sleep(REST).await;
                    continue;
                }
            },
            () = came.closed() => return,
        };
        // Answers are small and wait for nothing.
        let _ = stream.set_nodelay(true);
        let Some(acceptor) = acceptor.clone() else {
            let peer = Peer { address, certificate: None, arrival: Arrival::Plain };
            if came.send((Way::Plain(stream), peer)).await.is_err() {
                return;
            }
            continue;
        };
        let Ok(permit) = Arc::clone(&handshakes).acquire_owned().await else { return };
        let came = came.clone();
        tokio::spawn(async move {
            let shaken = tokio::time::timeout(HANDSHAKE, shake(stream, address, &acceptor)).await;
            drop(permit);
            if let Ok(Ok(come)) = shaken {
                // Whoever comes after the end is not served.
                let _ = came.send(come).await;
            }
        });
    }
}

async fn shake(stream: TcpStream, address: SocketAddr, acceptor: &TlsAcceptor) -> io::Result<(Way, Peer)> {
    let mut first = [0];
    if stream.peek(&mut first).await? == 1 && first != [HELLO] {
        let peer = Peer { address, certificate: None, arrival: Arrival::Astray };
        return Ok((Way::Plain(stream), peer));
    }
    let stream = acceptor.accept(stream).await?;
    let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first).map(tls::fingerprint);
    let peer = Peer { address, certificate: shown, arrival: Arrival::Secured };
    Ok((Way::Secured(Box::new(stream)), peer))
}

impl Listener for Doors {
    type Io = Way;
    type Addr = Peer;

    async fn accept(&mut self) -> (Way, Peer) {
        match self.come.recv().await {
            Some(come) => come,
            // Every door is gone; the server ends by being asked to.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Peer> {
        Ok(Peer { address: self.first, certificate: None, arrival: Arrival::Plain })
    }
}

impl Connected<IncomingStream<'_, Doors>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Doors>) -> Self {
        stream.remote_addr().clone()
    }
}

/// Tells pages how a request came; whoever went astray is shown the way.
pub(super) async fn greet(mut request: Request, next: Next) -> Response {
    let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<Peer>>().cloned() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    if peer.arrival == Arrival::Astray {
        return held(astray(&request));
    }
    request.extensions_mut().insert(web::Came {
        address: peer.address,
        certificate: peer.certificate,
        secure: peer.arrival == Arrival::Secured,
    });
    held(next.run(request).await)
}

/// What is no page is shown in no frame and taken for nothing else; pages bring more of these headers.
fn held(mut response: Response) -> Response {
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    ] {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Whoever looks at a page is led to the same address by HTTPS. What asks without looking is refused: led on, it would
/// go on saying in clear what it has to say.
fn astray(request: &Request) -> Response {
    let path = request.uri().path();
    let looks = matches!(*request.method(), Method::GET | Method::HEAD);
    if !looks || OF_PROGRAMS.iter().any(|own| path.starts_with(own)) {
        return (StatusCode::BAD_REQUEST, "請以 HTTPS 連線。Come by HTTPS.\n").into_response();
    }
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.and_then(|host| host.parse::<Authority>().ok());
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let place = host.and_then(|host| HeaderValue::from_str(&format!("https://{host}{path}")).ok());
    match place {
        Some(place) => (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, place)]).into_response(),
        None => StatusCode::BAD_REQUEST.into_response(),
    }
}

impl AsyncRead for Way {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Secured(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Way {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Secured(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Secured(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Secured(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
