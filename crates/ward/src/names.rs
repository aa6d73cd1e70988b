//! Names of addresses, asked of a DNS server that the operator names; off where none is named.
//!
//! A page waits no longer than [`WAIT`] for all that it shows: what is not known by then is not shown, and known the next
//! time. What an address is called is said by whoever it belongs to, and proves nothing.
//! Invariants: what is kept, what waits and how long it is waited for is bounded; an answer counts only from the server
//! that was asked, with the number and the question it was asked with.
//! Source: clause 27.3.1; RFC 1035, RFC 3596 §2.5.

mod wire;

use ledger::entropy::Entropy;
use model::{Clock, Instant};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::str::FromStr;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use wire::Said;

/// The port of DNS.
const PORT: u16 = 53;
/// Addresses whose names are kept.
const MOST_KEPT: usize = 20_000;
/// Addresses that wait to be asked for; those beyond are asked for when they are shown again.
const MOST_WAITING: usize = 256;
/// How many are asked for at once.
const ASKING: usize = 8;
/// How long whoever shows names waits for those that are not known yet.
const WAIT: Duration = Duration::from_millis(100);
/// How long an answer is waited for, each of the times it is asked for.
const PATIENCE: Duration = Duration::from_secs(1);
const TIMES: usize = 2;
/// Datagrams that are no answer and are passed over.
const STRAYS: usize = 8;
/// How long a name is kept, whatever its server says.
const LEAST: Duration = Duration::from_secs(60);
const MOST: Duration = Duration::from_secs(86_400);
/// How long it is kept that an address has no name, and that nobody answered.
const NAMELESS: Duration = Duration::from_secs(600);
const UNANSWERED: Duration = Duration::from_secs(60);

/// A DNS server: `10.0.0.53`, or `10.0.0.53:5353` at another port than that of DNS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NameServer(SocketAddr);

impl FromStr for NameServer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let alone = || Some(SocketAddr::new(text.parse().ok()?, PORT));
        text.parse().ok().or_else(alone).map(Self).ok_or_else(|| {
            format!(
                "「{text}」不是 DNS 伺服器之位址，請寫成 10.0.0.53 或 10.0.0.53:53。{text:?} is no address of a DNS server; write 10.0.0.53 or 10.0.0.53:53."
            )
        })
    }
}

/// Names as far as they are known.
pub(crate) struct Names {
    known: Arc<Known>,
    asks: SyncSender<IpAddr>,
    clock: Arc<dyn Clock>,
}

#[derive(Default)]
struct Known {
    names: Mutex<Cache>,
    answered: Condvar,
}

#[derive(Default)]
struct Cache {
    /// What was answered, and until when it counts.
    said: BTreeMap<IpAddr, (Option<String>, Instant)>,
    /// What is being asked.
    asked: BTreeSet<IpAddr>,
}

impl Names {
    /// Asks this server from now on.
    pub(crate) fn by(
        NameServer(server): NameServer,
        clock: Arc<dyn Clock>,
        entropy: impl Fn() -> Box<dyn Entropy>,
    ) -> Self {
        let (asks, waiting) = sync_channel(MOST_WAITING);
        let (known, waiting) = (Arc::new(Known::default()), Arc::new(Mutex::new(waiting)));
        for _ in 0..ASKING {
            let (known, waiting, clock) = (Arc::clone(&known), Arc::clone(&waiting), Arc::clone(&clock));
            let mut asking = Asking { server, clock, entropy: entropy() };
            // It ends with the last of those who can ask.
            std::thread::spawn(move || asking.answer(&known, &waiting));
        }
        Self { known, asks, clock }
    }

    /// What these addresses are called, as far as it is known within a moment.
    pub(crate) fn of(&self, addresses: &BTreeSet<IpAddr>) -> BTreeMap<IpAddr, String> {
        let now = self.clock.now();
        let mut cache = self.known.names();
        for address in addresses.iter().map(IpAddr::to_canonical) {
            let counts = cache.said.get(&address).is_some_and(|(_, until)| *until > now);
            let askable = !counts && !address.is_unspecified() && !cache.asked.contains(&address);
            if askable && self.asks.try_send(address).is_ok() {
                cache.asked.insert(address);
            }
        }
        let waits =
            |cache: &mut Cache| addresses.iter().any(|address| cache.asked.contains(&address.to_canonical()));
        let waited = self.known.answered.wait_timeout_while(cache, WAIT, waits);
        let (cache, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let name = |address: &IpAddr| {
            let (name, until) = cache.said.get(&address.to_canonical())?;
            (*until > now).then(|| name.clone()).flatten().map(|name| (*address, name))
        };
        addresses.iter().filter_map(name).collect()
    }
}

impl Known {
    fn names(&self) -> MutexGuard<'_, Cache> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, address: IpAddr, name: Option<String>, until: Instant, now: Instant) {
        let mut cache = self.names();
        if cache.said.len() >= MOST_KEPT {
            cache.said.retain(|_, (_, until)| *until > now);
        }
        if cache.said.len() >= MOST_KEPT {
            cache.said.clear();
        }
        cache.said.insert(address, (name, until));
        cache.asked.remove(&address);
        drop(cache);
        self.answered.notify_all();
    }
}

/// One of those who ask the server.
struct Asking {
    server: SocketAddr,
    clock: Arc<dyn Clock>,
    entropy: Box<dyn Entropy>,
}

impl Asking {
    /// Asks for what waits, one after the other.
    fn answer(&mut self, known: &Known, waiting: &Mutex<Receiver<IpAddr>>) {
        loop {
            let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(address) = next else { return };
            let (name, span) = match (0..TIMES).find_map(|_| self.ask(address)) {
                Some(Said::Name(name, span)) => (Some(name), span.clamp(LEAST, MOST)),
                Some(Said::Nameless) => (None, NAMELESS),
                Some(Said::Failed) | None => (None, UNANSWERED),
            };
            let now = self.clock.now();
            known.put(address, name, now.plus(span), now);
        }
    }

    /// Asks once; none where nobody answers.
    fn ask(&mut self, address: IpAddr) -> Option<Said> {
        let mut number = [0; 2];
        self.entropy.fill(&mut number).ok()?;
        let number = u16::from_be_bytes(number);
        let any: IpAddr = match self.server {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        // A socket of its own for each asking: who would answer in the server's place has to guess its port as well.
        // Connected, it takes datagrams of the server alone.
        let socket = UdpSocket::bind((any, 0)).ok()?;
        socket.connect(self.server).ok()?;
        socket.send(&wire::query(number, address)?).ok()?;
        let until = self.clock.now().plus(PATIENCE);
        let mut bytes = [0; 1_500];
        for _ in 0..STRAYS {
            let left = u64::try_from(until.as_micros() - self.clock.now().as_micros()).ok()?;
            // A time of nought would be refused, as it would mean without end.
            socket.set_read_timeout(Some(Duration::from_micros(left))).ok()?;
            let count = socket.recv(&mut bytes).ok()?;
            if let Some(said) = wire::answer(bytes.get(..count)?, number, address) {
                return Some(said);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::{Program, SeededEntropy, SteppedClock, TemporaryFolder};

    /// A server that knows one name, and gives wrong answers before each right one; it keeps what it was asked.
    struct Peer {
        at: NameServer,
        asked: Arc<Mutex<Vec<Vec<u8>>>>,
    }

    impl Peer {
        fn new() -> Self {
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            let (at, asked) = (socket.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
            let heard = Arc::clone(&asked);
            std::thread::spawn(move || {
                let other = UdpSocket::bind("127.0.0.1:0").unwrap();
                let mut bytes = [0; 512];
                while let Ok((count, from)) = socket.recv_from(&mut bytes) {
                    let question = bytes[..count].to_vec();
                    heard.lock().unwrap().push(question.clone());
                    // Somebody else's answer first, then one with another number, then one to another question.
                    let wrong = wire::tests::reply(&question, 0, Some(("wrong.example", 300)));
                    other.send_to(&wrong, from).unwrap();
                    let [mut numbered, mut asked] = [wrong.clone(), wrong];
                    numbered[0] ^= 0xff;
                    asked[13] ^= 1;
                    socket.send_to(&numbered, from).unwrap();
                    socket.send_to(&asked, from).unwrap();
                    let known = question.windows(10).any(|some| some == b"\x011\x012\x010\x03192");
                    let reply = match known {
                        true => wire::tests::reply(&question, 0, Some(("fw-1.city.example", 300))),
                        false => wire::tests::reply(&question, 3, None),
                    };
                    socket.send_to(&reply, from).unwrap();
                }
            });
            Self { at: NameServer(at), asked }
        }

        fn asked(&self) -> usize {
            self.asked.lock().unwrap().len()
        }
    }

    fn set(addresses: &[&str]) -> BTreeSet<IpAddr> {
        addresses.iter().map(|address| address.parse().unwrap()).collect()
    }

    impl Names {
        fn asking(server: NameServer, clock: &SteppedClock) -> Self {
            Self::by(server, Arc::new(clock.clone()), || Box::new(SeededEntropy::new(4)))
        }

        /// What they are called, once everything was answered.
        fn settled(&self, addresses: &[&str]) -> Vec<String> {
            let addresses = set(addresses);
            self.of(&addresses);
            let cache = self.known.names();
            drop(self.known.answered.wait_while(cache, |cache| !cache.asked.is_empty()).unwrap());
            self.of(&addresses).into_iter().map(|(address, name)| format!("{address} {name}")).collect()
        }
    }

    #[test]
    fn a_server_is_named_with_its_port_or_without() {
        for (text, at) in [
            ("10.0.0.53", "10.0.0.53:53"),
            ("10.0.0.53:5353", "10.0.0.53:5353"),
            ("2001:db8::53", "[2001:db8::53]:53"),
            ("[2001:db8::53]:54", "[2001:db8::53]:54"),
        ] {
            assert_eq!(text.parse(), Ok(NameServer(at.parse().unwrap())));
        }
        for text in ["", "dns.city.example", "10.0.0.53:", "10.0.0"] {
            assert!(text.parse::<NameServer>().unwrap_err().contains("10.0.0.53:53"), "{text}");
        }
    }

    #[test]
    fn a_name_is_asked_for_once_and_kept_for_its_time_and_so_is_that_there_is_none() {
        let (peer, clock) = (Peer::new(), SteppedClock::new(Duration::ZERO));
        clock.set("2026-11-26T08:00:00.000000Z".parse().unwrap());
        let names = Names::asking(peer.at, &clock);
        let all = ["192.0.2.1", "2001:db8::7"];
        let told = ["192.0.2.1 fw-1.city.example"];
        for _ in 0..3 {
            assert_eq!(names.settled(&all), told);
        }
        // As its mapped form it is the same address; of nobody nothing is asked.
        assert_eq!(names.settled(&["::ffff:192.0.2.1"]), ["::ffff:192.0.2.1 fw-1.city.example"]);
        assert!(names.settled(&["::", "0.0.0.0"]).is_empty());
        assert_eq!(peer.asked(), 2);
        clock.set("2026-11-26T08:04:59.000000Z".parse().unwrap());
        assert_eq!((names.settled(&all).as_slice(), peer.asked()), (&told.map(str::to_owned)[..], 2));
        clock.set("2026-11-26T08:05:01.000000Z".parse().unwrap());
        assert_eq!(names.settled(&all), told);
        assert_eq!(peer.asked(), 3, "its time is over; that there is none is kept longer");
    }

    #[test]
    fn what_waits_is_bounded_and_nobody_is_held_up_by_a_server_that_does_not_answer() {
        let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
        let clock = SteppedClock::new(Duration::ZERO);
        let names = Names::asking(NameServer(silent.local_addr().unwrap()), &clock);
        let many = 3 * MOST_WAITING as u32;
        let addresses = (0..many).map(|nth| IpAddr::V4(Ipv4Addr::from(0x0a00_0001 + nth))).collect();
        assert!(names.of(&addresses).is_empty());
        let asked = names.known.names().asked.len();
        assert!(asked > 0 && asked <= MOST_WAITING + ASKING, "{asked}");
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let (known, now) = (Known::default(), Instant::EPOCH);
        let later = now.plus(LEAST);
        for nth in 0..MOST_KEPT as u32 + 5 {
            let until = if nth < 10 { now } else { later };
            known.put(IpAddr::V4(Ipv4Addr::from(nth)), None, until, now);
            assert!(known.names().said.len() <= MOST_KEPT);
        }
        let cache = known.names();
        assert_eq!(cache.said.len(), MOST_KEPT - 5, "those whose time is over went first");
        assert!(cache.said.values().all(|(_, until)| *until == later));
    }

    #[test]
    fn dnsmasq_is_asked_and_says_what_addresses_are_called() {
        let folder = TemporaryFolder::new();
        let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let arguments = [
            "--no-daemon".to_owned(),
            "--conf-file=/dev/null".to_owned(),
            "--no-hosts".to_owned(),
            "--no-resolv".to_owned(),
            "--listen-address=127.0.0.1".to_owned(),
            "--bind-interfaces".to_owned(),
            format!("--port={port}"),
            "--host-record=fw-1.city.example,192.0.2.1,2001:db8::1,300".to_owned(),
            "--ptr-record=3.2.0.192.in-addr.arpa,<b>.city.example".to_owned(),
            "--local=/2.0.192.in-addr.arpa/".to_owned(),
        ];
        let peer = Program::new("/usr/sbin/dnsmasq", folder.path()).with(arguments).start().unwrap();
        let server = SocketAddr::from(([127, 0, 0, 1], port));
        let clock = SteppedClock::new(Duration::ZERO);
        let mut asking =
            Asking { server, clock: Arc::new(clock.clone()), entropy: Box::new(SeededEntropy::new(5)) };
        let mut ask = |address: &str| asking.ask(address.parse().unwrap());
        let first = loop {
            // Until it is there, its port refuses.
            match ask("192.0.2.1") {
                Some(said) => break said,
                None => std::thread::yield_now(),
            }
        };
        let named = Said::Name("fw-1.city.example".to_owned(), Duration::from_secs(300));
        assert_eq!(first, named);
        assert_eq!(ask("2001:db8::1"), Some(named));
        assert_eq!(ask("192.0.2.2"), Some(Said::Nameless), "it says that there is no such name");
        assert_eq!(ask("192.0.2.3"), Some(Said::Nameless), "it is no name of a host");
        assert_eq!(ask("198.51.100.1"), Some(Said::Failed), "it does not answer for others");
        let names = Names::asking(NameServer(server), &clock);
        assert_eq!(names.settled(&["192.0.2.1", "192.0.2.2"]), ["192.0.2.1 fw-1.city.example"]);
        drop(peer.kill().unwrap());
    }
}
