//! Probes: is a host, a line, a service there, and how fast does it answer?
//!
//! Each gives `up` (1 or 0, with the reason beside a 0) and, where there was an answer, `delay` in milliseconds; a ping
//! gives `loss` and `jitter` as well. That nothing answers is a figure; that a probe cannot be made at all is none, and
//! the probe is silent then.

mod dns;
mod http;
mod ping;

pub(crate) use http::Url;

use crate::device::{Endpoint, Protocol};
use crate::tls::Tls;
use crate::value::{Figure, Reading};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

/// What is probed.
pub(crate) enum Probe {
    Ping { host: String, count: u16 },
    Tcp { endpoint: Endpoint },
    Http { url: Url, expect: Vec<u16>, tls: Option<Tls> },
    Dns { server: Endpoint, name: String },
}

/// What a probe has seen.
struct Seen {
    /// Why it is not up; none where it is.
    why: Option<String>,
    /// How long the answer took.
    delay: Option<Duration>,
}

impl Probe {
    pub(crate) const fn protocol(&self) -> Protocol {
        match self {
            Self::Ping { .. } => Protocol::Ping,
            Self::Tcp { .. } => Protocol::Tcp,
            Self::Http { .. } => Protocol::Http,
            Self::Dns { .. } => Protocol::Dns,
        }
    }

    /// Probes; so long an answer is waited for.
    pub(crate) async fn read(&self, limit: Duration) -> Result<Vec<Reading>, String> {
        // What takes as long as the round may would be taken for a probe that cannot be made.
        let limit = limit.mul_f64(0.9);
        let began = Instant::now();
        let asked = match self {
            Self::Ping { host, count } => return ping::read(host, *count, limit).await,
            Self::Tcp { endpoint } => timeout(limit, connect(endpoint)).await.map(|tried| tried.map(drop)),
            Self::Http { url, expect, tls } => timeout(limit, http::ask(url, expect, tls.as_ref())).await,
            Self::Dns { server, name } => timeout(limit, dns::ask(server, name)).await,
        };
        let took = began.elapsed();
        let seen = match asked {
            Ok(Ok(())) => Seen { why: None, delay: Some(took) },
            Ok(Err(why)) => Seen { why: Some(why), delay: None },
            Err(_) => {
                Seen { why: Some(format!("no answer within {:.1} s", limit.as_secs_f64())), delay: None }
            }
        };
        Ok(seen.readings())
    }
}

impl Seen {
    fn readings(self) -> Vec<Reading> {
        let up = f64::from(u8::from(self.why.is_none()));
        let mut readings = vec![Reading { why: self.why, ..figure("up", "/", up) }];
        readings.extend(self.delay.map(|delay| figure("delay", "ms", millis(delay))));
        readings
    }
}

fn figure(quantity: &str, unit: &str, value: f64) -> Reading {
    Reading { quantity: quantity.to_owned(), unit: unit.to_owned(), figure: Figure::Value(value), why: None }
}

/// To the microsecond.
fn millis(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1e3
}

async fn connect(endpoint: &Endpoint) -> Result<TcpStream, String> {
    TcpStream::connect((endpoint.host.as_str(), endpoint.port)).await.map_err(|error| error.to_string())
}
