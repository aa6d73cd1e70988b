//! HTTP in the small: the way to witnesses, and how a server is asked to stop.
//!
//! What a witness answers is checked by signature, so that nothing rests on the transport; TLS keeps others from
//! reading along and from playing dead.

use crate::machine::SystemClock;
use crate::told::{Refused, tell};
use anyhow::Context as _;
use ledger::Ledger;
use ledger::cosign::{CosignError, Cosigner, Outcome, Reply, Round, Transport, TransportError};
use model::Clock as _;
use proof::policy::Policy;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::TcpListener;
use ureq::tls::{PemItem, RootCerts, TlsConfig};

/// How long a witness may take to answer.
const LIMIT: Duration = Duration::from_secs(5);
/// Most bytes of an answer.
const MOST_ANSWER_BYTES: u64 = 64 << 10;

/// Witnesses over HTTP.
pub(crate) struct Http(ureq::Agent);

impl Http {
    /// With the certificates of `authority` (PEM), where one is named, else with the public ones.
    pub(crate) fn new(authority: Option<&Path>) -> anyhow::Result<Self> {
        let mut tls = TlsConfig::builder();
        if let Some(path) = authority {
            let pem = std::fs::read(path).with_context(|| path.display().to_string())?;
            let items: Result<Vec<_>, _> = ureq::tls::parse_pem(&pem).collect();
            let certificates = items?.into_iter().filter_map(|item| match item {
                PemItem::Certificate(certificate) => Some(certificate),
                _ => None,
            });
            tls = tls.root_certs(RootCerts::Specific(Arc::new(certificates.collect())));
        }
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(LIMIT))
            .http_status_as_error(false)
            .max_redirects(0)
            .tls_config(tls.build());
        Ok(Self(config.build().into()))
    }

    fn post_or_fail(&self, url: &str, body: &[u8]) -> Result<Reply, ureq::Error> {
        let mut response = self.0.post(url).content_type("text/plain; charset=utf-8").send(body)?;
        let body = response.body_mut().with_config().limit(MOST_ANSWER_BYTES).read_to_vec()?;
        Ok(Reply { status: response.status().as_u16(), body })
    }
}

impl Transport for Http {
    fn post(&self, url: &str, body: &[u8]) -> Result<Reply, TransportError> {
        let failed = |source| TransportError { url: url.to_owned(), source: Box::new(source) };
        self.post_or_fail(url, body).map_err(failed)
    }
}

/// The thread that has heads witnessed; it ends when the ledger is closed.
pub(crate) struct Witnesses(Option<JoinHandle<()>>);

impl Witnesses {
    /// Asks all witnesses once, so that a ledger restored too short does not go on, then keeps asking.
    pub(crate) fn start(ledger: &Ledger, policy: &Policy, authority: Option<&Path>) -> anyhow::Result<Self> {
        if policy.witnesses().iter().all(|witness| witness.url.is_none()) {
            return Ok(Self(None));
        }
        let mut cosigner = Cosigner::new(ledger.clone(), policy.clone(), Http::new(authority)?);
        let first = cosigner.round(SystemClock.now()).map_err(|error| Refused::wrong(error.told()))?;
        if let Some(reason) = ledger.stopped() {
            return Err(Refused::wrong(reason.told()));
        }
        let mut said = Vec::new();
        report(Ok(first), &mut said);
        Ok(Self(Some(std::thread::spawn(move || {
            cosigner.run(&SystemClock, |round| report(round, &mut said))
        }))))
    }

    /// Waits for its end, once the ledger is closed.
    pub(crate) fn join(self) {
        // What it knows is in the ledger's files.
        let _ = self.0.map(JoinHandle::join);
    }
}

/// Tells what witnesses say, when it is not what they said before.
fn report(round: Result<Round, CosignError>, before: &mut Vec<String>) {
    let said = match &round {
        Ok(round) => round.outcomes.iter().map(Outcome::told).collect(),
        Err(error) => vec![error.told()],
    };
    let now: Vec<_> = said.iter().map(|told| told.en.clone()).collect();
    said.iter().filter(|told| !before.contains(&told.en)).for_each(tell);
    *before = now;
}

/// Listens at an address, or says why that is not possible.
pub(crate) async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        Refused::say(
            format!("無法使用位址 {address}（{error}）。請以 --listen 指定其他位址。"),
            format!("Cannot listen on {address} ({error}). Name another address with --listen."),
        )
    })
}

/// Nothing but a page's own style may load.
pub(crate) const PAGE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A page for people, without script. `body` is HTML, with everything from outside escaped.
pub(crate) fn page(title: &str, body: &str) -> String {
    PAGE.replace("{title}", title).replace("{body}", body)
}

/// Text as HTML.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

const PAGE: &str = r#"<!doctype html>
<html lang="zh-Hant-TW">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root { color-scheme: light dark; }
body { font: 1.05rem/1.6 system-ui, "Noto Sans CJK TC", sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: .2rem; }
p { overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-weight: 600; padding: .4rem 1.2rem .4rem 0; vertical-align: top; }
td { padding: .4rem .8rem .4rem 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; vertical-align: top; }
[lang=en] { font-size: .85em; font-weight: 400; opacity: .85; }
p.good, p.open, p.bad { border-left: .35rem solid; padding: .5rem .9rem; }
p.good { border-color: #1a7f37; } p.open { border-color: #9a6700; } p.bad { border-color: #cf222e; }
</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"#;

/// Waits until somebody asks the process to stop: SIGTERM or Ctrl+C. What is asked from the moment this has returned is
/// heard, however late it is waited for.
pub(crate) fn stop_asked() -> std::io::Result<impl Future<Output = ()> + Send> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => (),
            _ = interrupt.recv() => (),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
    use std::io::{Read as _, Write as _};
    use tokio_rustls::rustls::crypto::ring;
    use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
    use tokio_rustls::rustls::{ServerConfig, ServerConnection, Stream};

    /// A server under a certificate of its own, which sends whoever asks to another; gives its address and certificate.
    fn server(asked: usize) -> (String, String) {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            );
        let config = Arc::new(config.unwrap());
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://localhost:{}/add-checkpoint", listener.local_addr().unwrap().port());
        std::thread::spawn(move || {
            for _ in 0..asked {
                let (mut socket, _) = listener.accept().unwrap();
                let mut tls = ServerConnection::new(Arc::clone(&config)).unwrap();
                let mut stream = Stream::new(&mut tls, &mut socket);
                let (mut said, mut bytes) = (Vec::new(), [0; 4096]);
                // Whoever does not believe the certificate says nothing.
                while !said.ends_with(b"a head") {
                    match stream.read(&mut bytes) {
                        Ok(read) if read > 0 => said.extend_from_slice(&bytes[..read]),
                        _ => break,
                    }
                }
                if !said.is_empty() {
                    let answer =
                        "HTTP/1.1 307 Go\r\nlocation: http://localhost:1/\r\ncontent-length: 0\r\n\r\n";
                    stream.write_all(answer.as_bytes()).unwrap();
                    stream.flush().unwrap();
                }
            }
        });
        (url, certificate.pem())
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "files for one test")]
    fn a_witness_is_believed_under_its_authority_alone_and_leads_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let (own, other) = (folder.path().join("own"), folder.path().join("other"));
        let (url, certificate) = server(3);
        std::fs::write(&own, certificate).unwrap();
        std::fs::write(&other, server(0).1).unwrap();
        for authority in [Some(other.as_path()), None] {
            assert!(Http::new(authority).unwrap().post(&url, b"a head").is_err(), "{authority:?}");
        }
        let reply = Http::new(Some(&own)).unwrap().post(&url, b"a head").unwrap();
        assert_eq!((reply.status, reply.body), (307, Vec::new()));
    }
}
