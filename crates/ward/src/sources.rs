//! Sources of lines: the register's list, as doors and readers use it, and what has come of whom.
//!
//! Invariant: who is not in force in the register is unknown; so is everybody until it has been read.
//! When a sender was heard last is noted from run to run ([`Remembered`]); nothing else rests on it.

use desk::{Desk, LineSource, ListedSources, Refused, SourcesRead};
use lines::Source;
use model::{Instant, RecordId, UnitId};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::StoreError;
use telemetry::source::{Network, Networks, Sources, is_apart};
use telemetry::{Peer, Peers};
use web::{Heard, Senders, SourceHeard, SourceName, Standing, UnknownSender};

/// Taiwan's time, for devices that say no zone and of which no zone is registered.
const OFFSET: i32 = 8 * 3_600;

/// The list, and what of the register it was made of.
pub(crate) struct Known {
    sources: Sources,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    read: Option<SourcesRead>,
    list: Arc<List>,
}

/// The register, as it counts.
#[derive(Default)]
pub(crate) struct List {
    /// Records in force, with the standing of each.
    sources: Vec<(LineSource, Standing)>,
    /// Which of them a network belongs to.
    networks: Networks<usize>,
    unclear: Vec<RecordId>,
}

impl Known {
    /// Nobody is known yet.
    pub(crate) fn nobody() -> Self {
        Self { sources: Sources::new(Source { offset: OFFSET }), state: Mutex::default() }
    }

    /// Who is known, as doors and readers share it.
    pub(crate) const fn sources(&self) -> &Sources {
        &self.sources
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The register, as it counts now.
    pub(crate) fn list(&self) -> Arc<List> {
        Arc::clone(&self.state().list)
    }

    /// Reads the register anew where it may say something else.
    pub(crate) fn refresh(&self, desk: &Desk) -> Result<(), StoreError> {
        let mut state = self.state();
        let Some(listed) = desk.line_sources(&mut state.read)? else { return Ok(()) };
        let (list, known) = List::of(listed);
        state.list = Arc::new(list);
        self.sources.set(known);
        Ok(())
    }
}

impl List {
    /// As what the register says counts, and how lines from each network are read.
    fn of(listed: ListedSources) -> (Self, Networks<Source>) {
        let (mut list, mut known) =
            (List { unclear: listed.unclear, ..List::default() }, Networks::default());
        for source in listed.sources {
            let standing = match source.network.parse::<Network>() {
                Err(_) => Standing::NoNetwork,
                Ok(network) if list.networks.get(network).is_some() => Standing::Doubled,
                Ok(network) => {
                    list.networks.insert(network, list.sources.len());
                    known.insert(network, Source { offset: source.offset });
                    Standing::Listed
                }
            };
            list.sources.push((source, standing));
        }
        (list, known)
    }

    /// To whom an address belongs: the network of a source, or nobody but itself.
    pub(crate) fn sender(&self, address: Ipv6Addr) -> Network {
        let source = self.networks.of(address).and_then(|at| self.sources.get(*at));
        let network = source.and_then(|(source, _)| source.network.parse().ok());
        network.unwrap_or_else(|| Network::alone(address))
    }

    /// The unit of the source that an address belongs to.
    pub(crate) fn unit_at(&self, address: IpAddr) -> Option<UnitId> {
        let source = self.networks.of(mapped(address)).and_then(|at| self.sources.get(*at));
        source.map(|(source, _)| source.unit)
    }

    /// Sources that count, by their networks.
    pub(crate) fn names(&self) -> BTreeMap<Network, SourceName> {
        let listed = self.sources.iter().filter(|(_, standing)| *standing == Standing::Listed);
        let name = |(source, _): &(LineSource, Standing)| {
            let name = SourceName { record: source.record, unit: source.unit, name: source.name.clone() };
            Some((source.network.parse().ok()?, name))
        };
        listed.filter_map(name).collect()
    }

    /// What has come of whom: `peers` are those of each receiver, `remembered` says who was heard in former runs.
    pub(crate) fn heard(
        &self,
        peers: &[(String, Peers)],
        remembered: &Remembered,
        (since, now): (Instant, Instant),
    ) -> Senders {
        let heard = |source: &(LineSource, Standing)| SourceHeard {
            record: source.0.record,
            unit: source.0.unit,
            name: source.0.name.clone(),
            network: source.0.network.clone(),
            standing: source.1,
            heard: Heard::default(),
        };
        let mut sources: Vec<SourceHeard> = self.sources.iter().map(heard).collect();
        let mut unknown: BTreeMap<Ipv6Addr, Heard> = BTreeMap::new();
        for (receiver, peers) in peers {
            for (address, peer) in peers.iter() {
                let source = self.networks.of(address).and_then(|at| sources.get_mut(*at));
                match source {
                    Some(source) => add(&mut source.heard, receiver, peer, now),
                    None if is_apart(receiver) => {
                        add(unknown.entry(address).or_default(), receiver, peer, now);
                    }
                    // It was registered when it sent, and has been ended since.
                    None => {}
                }
            }
        }
        for (address, last) in &remembered.0 {
            let source = self.networks.of(mapped(*address)).and_then(|at| sources.get_mut(*at));
            if let Some(source) = source {
                source.heard.last = source.heard.last.max(Some(*last));
            }
        }
        let mut unknown: Vec<UnknownSender> = unknown
            .into_iter()
            .map(|(address, heard)| UnknownSender { address: address.to_canonical(), heard })
            .collect();
        unknown.sort_by_key(|sender| std::cmp::Reverse(sender.heard.last));
        Senders {
            since,
            sources,
            unknown,
            others: peers.iter().map(|(_, peers)| peers.others()).sum(),
            unclear: self.unclear.clone(),
            receivers: Vec::new(),
        }
    }
}

/// Adds what a receiver has of a peer to what is known of its sender.
fn add(heard: &mut Heard, receiver: &str, peer: &Peer, now: Instant) {
    heard.lines += peer.lines;
    heard.bytes += peer.bytes;
    heard.nine += peer.nine;
    heard.rate += peer.rate(now);
    heard.gaps.add(&peer.gaps);
    if heard.last <= Some(peer.last) {
        heard.skew = peer.skew.or(heard.skew);
    }
    heard.last = heard.last.max(Some(peer.last));
    if !heard.receivers.iter().any(|known| known == receiver) {
        heard.receivers.push(receiver.to_owned());
    }
}

const fn mapped(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
}

/// When senders were heard last, as it is noted from run to run.
#[derive(Default)]
pub(crate) struct Remembered(BTreeMap<IpAddr, Instant>);

impl Remembered {
    /// As it was noted; what does not read is left out.
    pub(crate) fn read(desk: &Desk) -> Result<Self, StoreError> {
        let heard = desk.read::<_, StoreError>(|sql, _| sql.heard())?;
        Ok(Self(
            heard.into_iter().filter_map(|(address, last)| Some((address.parse().ok()?, last))).collect(),
        ))
    }

    /// Notes who has been heard since the last time.
    pub(crate) fn note(&mut self, desk: &Desk, peers: &[(String, Peers)]) -> Result<(), Refused> {
        let mut since: BTreeMap<IpAddr, Instant> = BTreeMap::new();
        for (address, peer) in peers.iter().flat_map(|(_, peers)| peers.iter()) {
            let address = address.to_canonical();
            if self.0.get(&address).is_none_or(|known| *known < peer.last) {
                let last = since.entry(address).or_insert(peer.last);
                *last = (*last).max(peer.last);
            }
        }
        if since.is_empty() {
            return Ok(());
        }
        let heard: Vec<(String, Instant)> =
            since.iter().map(|(address, last)| (address.to_string(), *last)).collect();
        desk.state(move |sql| sql.note_heard(&heard))?;
        self.0.extend(since);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lines::Part;
    use model::UnitId;
    use std::time::Duration;
    use telemetry::{Came, Chunk, Maker, SaltKey};

    const AT: &str = "2026-11-26T08:00:00.000000Z";

    fn source(nth: u8, network: &str) -> LineSource {
        LineSource {
            record: RecordId::from_bytes([nth; 16]),
            unit: UnitId::from_bytes([9; 16]),
            name: format!("device {nth}"),
            network: network.to_owned(),
            offset: i32::from(nth) * 3_600,
        }
    }

    fn listed() -> ListedSources {
        let networks = ["192.0.2.1", "192.0.2.0/24", "fw-1", "192.0.2.7/24", "2001:db8::1"];
        let sources = (1..).zip(networks).map(|(nth, network)| source(nth, network)).collect();
        ListedSources { sources, unclear: vec![RecordId::from_bytes([8; 16])] }
    }

    /// So many lines of each of these, received at the moment.
    fn peers(at: Instant, sent: &[(&str, usize)]) -> Peers {
        let (mut peers, mut maker) = (Peers::default(), Maker::default());
        for (address, count) in sent {
            let peer = std::net::SocketAddr::new(address.parse().unwrap(), 514);
            let mut chunk = Chunk::new(Came::from_peer(at, peer));
            (0..*count).for_each(|_| chunk.push(b"<13>x", Part::Whole));
            let key = SaltKey::from_bytes([1; 32]);
            peers.add(&maker.block(0, &chunk, &key, Source { offset: 0 }).unwrap());
        }
        peers
    }

    #[test]
    fn of_records_that_clash_or_say_no_address_one_counts_and_the_rest_are_named() {
        let (list, known) = List::of(listed());
        let standings: Vec<Standing> = list.sources.iter().map(|(_, standing)| *standing).collect();
        assert_eq!(
            standings,
            [Standing::Listed, Standing::Listed, Standing::NoNetwork, Standing::Doubled, Standing::Listed]
        );
        let offset = |address: &str| known.of(mapped(address.parse().unwrap())).map(|one| one.offset / 3_600);
        assert_eq!((offset("192.0.2.1"), offset("192.0.2.9")), (Some(1), Some(2)));
        assert_eq!((offset("2001:db8::1"), offset("198.51.100.1")), (Some(5), None));
        assert_eq!(list.names().len(), 3);
        assert_eq!(list.sender(mapped("192.0.2.9".parse().unwrap())).to_string(), "192.0.2.0/24");
        assert_eq!(list.sender(mapped("198.51.100.1".parse().unwrap())).to_string(), "198.51.100.1");
    }

    #[test]
    fn what_came_of_whom_is_told_by_the_list_as_it_is_now() {
        let at: Instant = AT.parse().unwrap();
        let later = at.plus(Duration::from_secs(5));
        let (list, _) = List::of(listed());
        let all = [
            ("syslog-tcp".to_owned(), peers(at, &[("192.0.2.1", 3), ("192.0.2.9", 4), ("198.51.100.5", 2)])),
            (
                "syslog-tcp-unknown".to_owned(),
                peers(later, &[("192.0.2.1", 1), ("198.51.100.1", 6), ("198.51.100.2", 7)]),
            ),
        ];
        let remembered = Remembered(
            [("2001:db8::1".parse().unwrap(), at), ("192.0.2.1".parse().unwrap(), at)].into_iter().collect(),
        );
        let senders = list.heard(&all, &remembered, (at, later));
        let heard: Vec<(u64, Option<Instant>)> =
            senders.sources.iter().map(|source| (source.heard.lines, source.heard.last)).collect();
        let nothing = (0, None);
        assert_eq!(heard, [(4, Some(later)), (4, Some(at)), nothing, nothing, (0, Some(at))]);
        let first = senders.sources.first().unwrap();
        assert_eq!(first.heard.receivers, ["syslog-tcp", "syslog-tcp-unknown"]);
        assert_eq!(first.heard.rate, 4);
        let unknown: Vec<(String, u64)> =
            senders.unknown.iter().map(|one| (one.address.to_string(), one.heard.lines)).collect();
        assert_eq!(unknown, [("198.51.100.1".to_owned(), 6), ("198.51.100.2".to_owned(), 7)]);
        assert_eq!((senders.unclear.len(), senders.lines()), (1, (8, 13)));
        let silent_at = |seconds| senders.silent(later.plus(Duration::from_secs(seconds)));
        assert_eq!((silent_at(0), silent_at(3_596), silent_at(3_601)), (0, 2, 3), "of those that count");
    }
}
