//! Echoes by ICMP over a socket that takes no privilege: loss, delay, jitter.
//!
//! The kernel numbers such sockets and gives each its own answers; it has to allow them (`net.ipv4.ping_group_range`).
//! Jitter is the mean of the differences between one delay and the next.
//! Source: RFC 792, RFC 4443 §4.1; Linux icmp(7), `ping_group_range`; RFC 3393 (differences of delays).

use super::{Seen, figure, millis};
use crate::value::Reading;
use rustix::net::{AddressFamily, SocketFlags, SocketType, ipproto, socket_with};
use std::net::IpAddr;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};

/// Between one echo and the next.
const APART: Duration = Duration::from_millis(100);
/// What stands in front of what is echoed.
const HEAD: usize = 8;
/// What is echoed.
const LOAD: &[u8; 24] = b"ward asks whether you do";

/// Echoes of a round.
struct Round {
    socket: UdpSocket,
    reply: u8,
    sent: Vec<Instant>,
    delays: Vec<Option<Duration>>,
}

pub(super) async fn read(host: &str, count: u16, limit: Duration) -> Result<Vec<Reading>, String> {
    let end = Instant::now() + limit;
    let found = timeout_at(end, tokio::net::lookup_host((host, 0))).await;
    let address = match found.map(|found| found.map(|mut found| found.next())) {
        Ok(Ok(Some(address))) => address.ip(),
        Ok(Ok(None)) | Err(_) => return Ok(nothing("the name is not known")),
        Ok(Err(error)) => return Ok(nothing(&error.to_string())),
    };
    let mut round = Round::open(address)
        .map_err(|error| format!("{error}; are pings allowed by net.ipv4.ping_group_range?"))?;
    if let Err(error) = round.socket.connect((address, 0)).await {
        return Ok(nothing(&error.to_string()));
    }
    // A host that cannot be reached is told by the kernel, as often as it is asked.
    let (mut trouble, echo) = (None, if address.is_ipv4() { 8 } else { 128 });
    for nth in 0..count {
        let next = (Instant::now() + APART).min(end);
        if let Err(error) = round.send(echo, nth).await {
            trouble = Some(error.to_string());
        }
        round.hear(next, false).await;
    }
    round.hear(end, true).await;
    Ok(round.readings(trouble))
}

/// Not up, for a reason.
fn nothing(why: &str) -> Vec<Reading> {
    let mut readings = Seen { why: Some(why.to_owned()), delay: None }.readings();
    readings.push(figure("loss", "%", 100.0));
    readings
}

impl Round {
    fn open(address: IpAddr) -> std::io::Result<Self> {
        let (family, protocol, reply) = match address {
            IpAddr::V4(_) => (AddressFamily::INET, ipproto::ICMP, 0),
            IpAddr::V6(_) => (AddressFamily::INET6, ipproto::ICMPV6, 129),
        };
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket =
            std::net::UdpSocket::from(socket_with(family, SocketType::DGRAM, flags, Some(protocol))?);
        Ok(Self { socket: UdpSocket::from_std(socket)?, reply, sent: Vec::new(), delays: Vec::new() })
    }

    async fn send(&mut self, echo: u8, nth: u16) -> std::io::Result<()> {
        // Number and checksum are the kernel's.
        let mut packet = vec![echo, 0, 0, 0, 0, 0];
        packet.extend(nth.to_be_bytes());
        packet.extend(LOAD);
        self.sent.push(Instant::now());
        self.delays.push(None);
        self.socket.send(&packet).await.map(drop)
    }

    /// Hears answers until a moment, or as soon as there are all, where nothing more is sent.
    async fn hear(&mut self, until: Instant, last: bool) {
        let mut packet = [0; 256];
        while !(last && self.delays.iter().all(Option::is_some)) {
            match timeout_at(until, self.socket.recv(&mut packet)).await {
                Ok(Ok(count)) => self.came(packet.get(..count).unwrap_or_default()),
                // What the kernel has to say of an earlier echo; it says it once.
                Ok(Err(_)) => {}
                Err(_) => return,
            }
        }
    }

    fn came(&mut self, packet: &[u8]) {
        let Some((head, load)) = packet.split_at_checked(HEAD) else { return };
        let &[kind, _, _, _, _, _, high, low] = head else { return };
        let nth = usize::from(u16::from_be_bytes([high, low]));
        if kind == self.reply
            && load == LOAD
            && let (Some(sent), Some(delay)) = (self.sent.get(nth), self.delays.get_mut(nth))
        {
            // An answer that comes twice is one.
            delay.get_or_insert(sent.elapsed());
        }
    }

    fn readings(&self, trouble: Option<String>) -> Vec<Reading> {
        let heard: Vec<f64> = self.delays.iter().flatten().map(|delay| millis(*delay)).collect();
        let (sent, came) = (self.delays.len().max(1) as f64, heard.len() as f64);
        let loss = figure("loss", "%", 100.0 * (1.0 - came / sent));
        if heard.is_empty() {
            let why = trouble.unwrap_or_else(|| "no echo came back".to_owned());
            return vec![Reading { why: Some(why), ..figure("up", "/", 0.0) }, loss];
        }
        let mean = heard.iter().sum::<f64>() / came;
        let mut readings = vec![figure("up", "/", 1.0), loss, figure("delay", "ms", mean)];
        let apart = heard.windows(2).map(|two| match two {
            [one, next] => (next - one).abs(),
            _ => 0.0,
        });
        if heard.len() > 1 {
            readings.push(figure("jitter", "ms", apart.sum::<f64>() / (came - 1.0)));
        }
        readings
    }
}
