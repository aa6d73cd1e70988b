//! Traffic: what each sender has sent within a span of time: how many lines, what they say was transferred, errors, pauses,
//! and whom they speak of most.
//!
//! Columns are added in the order they were received, file by file; what is in no file yet comes last.
//! Source: clause 20.1.2.

use crate::block::Block;
use crate::column::place;
use crate::source::Network;
use arrow_array::cast::AsArray as _;
use arrow_array::types::{Int64Type, TimestampMicrosecondType, UInt32Type};
use arrow_array::{Array as _, FixedSizeBinaryArray, PrimitiveArray, RecordBatch};
use arrow_schema::ArrowError;
use lines::Field;
use model::Instant;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::net::Ipv6Addr;
use std::ops::Range;
use std::sync::LazyLock;
use std::time::Duration;

/// Nothing for longer than this is a pause.
pub const PAUSE: Duration = Duration::from_secs(15 * 60);
/// Severities of RFC 5424 up to this one are errors: emergency, alert, critical, error.
const ERROR: u32 = 3;
/// Addresses that are counted one by one for a sender; beyond it those that stand in fewest lines are given up.
const MOST_TALKERS: usize = 100_000;

/// The columns that are looked at.
pub(crate) static COLUMNS: LazyLock<Vec<usize>> = LazyLock::new(|| {
    let mut columns = vec![place::RECEIVED, place::PEER, place::PRIORITY];
    columns.extend(
        [Field::SrcIp, Field::BytesSent, Field::BytesReceived, Field::Bytes]
            .into_iter()
            .filter_map(place::of),
    );
    columns
});

/// What one sender has sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Lines.
    pub lines: u64,
    /// Bytes that were transferred, as the lines say: sent and received, or where they say but one figure, that.
    pub transferred: u64,
    /// Lines that say how many.
    pub telling: u64,
    /// Lines of severity *error* or worse.
    pub errors: u64,
    /// When the first was received.
    pub first: Instant,
    /// When the last was received.
    pub last: Instant,
    /// From when to when nothing came for longer than [`PAUSE`], between lines.
    pub pauses: Vec<Range<Instant>>,
    talkers: HashMap<Ipv6Addr, u64>,
    given_up: bool,
}

impl Sent {
    fn new(received: Instant) -> Self {
        Self {
            lines: 0,
            transferred: 0,
            telling: 0,
            errors: 0,
            first: received,
            last: received,
            pauses: Vec::new(),
            talkers: HashMap::new(),
            given_up: false,
        }
    }

    fn came(&mut self, received: Instant) {
        if received > self.last.plus(PAUSE) {
            self.pauses.push(self.last..received);
        }
        self.lines += 1;
        self.last = self.last.max(received);
    }

    fn absorb(&mut self, remains: &Remains) {
        if remains.first > self.last.plus(PAUSE) {
            self.pauses.push(self.last..remains.first);
        }
        self.pauses.extend(remains.pauses.iter().cloned());
        self.lines += remains.lines;
        self.transferred = self.transferred.saturating_add(remains.transferred);
        self.telling += remains.telling;
        self.errors += remains.errors;
        self.last = self.last.max(remains.last);
        self.given_up = true;
    }

    fn spoke(&mut self, address: Ipv6Addr) {
        *self.talkers.entry(address).or_default() += 1;
        if self.talkers.len() > MOST_TALKERS {
            let mut counts: Vec<u64> = self.talkers.values().copied().collect();
            let (_, middle, _) = counts.select_nth_unstable(MOST_TALKERS / 2);
            let middle = *middle;
            self.talkers.retain(|_, count| *count > middle);
            self.given_up = true;
        }
    }

    /// Its pauses, with the one that lasts until `now`.
    #[must_use]
    pub fn pauses_until(&self, now: Instant) -> Vec<Range<Instant>> {
        let mut pauses = self.pauses.clone();
        if now > self.last.plus(PAUSE) {
            pauses.push(self.last..now);
        }
        pauses
    }

    /// The sources that most lines speak of, with how many: at most so many.
    #[must_use]
    pub fn talkers(&self, most: usize) -> Vec<(Ipv6Addr, u64)> {
        let mut talkers: Vec<_> = self.talkers.iter().map(|(address, count)| (*address, *count)).collect();
        talkers.sort_unstable_by_key(|(address, count)| (std::cmp::Reverse(*count), *address));
        talkers.truncate(most);
        talkers
    }

    /// Were there so many sources that some were given up, or have lines gone? Counts of the rest are then at least what
    /// they say.
    #[must_use]
    pub const fn is_about(&self) -> bool {
        self.given_up
    }
}

/// What one sender had sent, to be kept where its lines go: without whom they spoke of, which goes with them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remains {
    /// The sender.
    pub peer: Ipv6Addr,
    lines: u64,
    transferred: u64,
    telling: u64,
    errors: u64,
    /// When the first was received.
    pub first: Instant,
    last: Instant,
    pauses: Vec<Range<Instant>>,
}

/// What has been sent within a span of time, by sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traffic {
    span: Range<Instant>,
    senders: BTreeMap<Network, Sent>,
}

impl Traffic {
    /// Of nothing yet.
    #[must_use]
    pub const fn within(span: Range<Instant>) -> Self {
        Self { span, senders: BTreeMap::new() }
    }

    /// The span.
    #[must_use]
    pub const fn span(&self) -> &Range<Instant> {
        &self.span
    }

    /// Each sender with what it has sent.
    #[must_use]
    pub const fn senders(&self) -> &BTreeMap<Network, Sent> {
        &self.senders
    }

    /// Adds the lines of a block; `of` says to whom an address belongs.
    ///
    /// # Errors
    /// Columns are not those of the layout.
    pub fn block(&mut self, block: &Block, of: impl Fn(Ipv6Addr) -> Network) -> Result<(), ArrowError> {
        self.add(&block.columns.project(&COLUMNS)?, of)
    }

    /// What is to be kept of this where its lines go. Senders are to be addresses.
    #[must_use]
    pub fn remains(&self) -> Vec<Remains> {
        let of = |(network, sent): (&Network, &Sent)| Remains {
            peer: *network.addresses().start(),
            lines: sent.lines,
            transferred: sent.transferred,
            telling: sent.telling,
            errors: sent.errors,
            first: sent.first,
            last: sent.last,
            pauses: sent.pauses.clone(),
        };
        self.senders.iter().map(of).collect()
    }

    /// Adds what was kept of lines that have gone.
    pub fn add_remains(&mut self, remains: &Remains, of: impl Fn(Ipv6Addr) -> Network) {
        self.senders.entry(of(remains.peer)).or_insert_with(|| Sent::new(remains.first)).absorb(remains);
    }

    /// Adds rows of [`COLUMNS`].
    pub(crate) fn add(
        &mut self,
        rows: &RecordBatch,
        of: impl Fn(Ipv6Addr) -> Network,
    ) -> Result<(), ArrowError> {
        let rows = Rows::of(rows).ok_or_else(|| ArrowError::SchemaError("columns of lines".to_owned()))?;
        let mut at = 0;
        while at < rows.count {
            // Lines of one sender stand together, mostly many of them.
            let peer = rows.peer(at);
            let end = (at..rows.count).find(|row| rows.peer(*row) != peer).unwrap_or(rows.count);
            let within = (at..end).filter(|row| self.span.contains(&rows.received(*row)));
            let within: Vec<usize> = within.collect();
            if let Some(first) = within.first() {
                let first = rows.received(*first);
                let sent = self.senders.entry(of(peer)).or_insert_with(|| Sent::new(first));
                within.into_iter().for_each(|row| rows.put(row, sent));
            }
            at = end;
        }
        Ok(())
    }
}

/// Rows whose columns are looked at.
struct Rows<'r> {
    count: usize,
    received: &'r PrimitiveArray<TimestampMicrosecondType>,
    peer: &'r FixedSizeBinaryArray,
    priority: &'r PrimitiveArray<UInt32Type>,
    source: &'r FixedSizeBinaryArray,
    /// Sent, received, and both in one.
    bytes: [&'r PrimitiveArray<Int64Type>; 3],
}

impl<'r> Rows<'r> {
    fn of(rows: &'r RecordBatch) -> Option<Self> {
        let number = |field| rows.column_by_name(Field::name(field))?.as_primitive_opt::<Int64Type>();
        Some(Self {
            count: rows.num_rows(),
            received: rows.column_by_name("received")?.as_primitive_opt()?,
            peer: rows.column_by_name("peer")?.as_fixed_size_binary_opt()?,
            priority: rows.column_by_name("priority")?.as_primitive_opt()?,
            source: rows.column_by_name(Field::SrcIp.name())?.as_fixed_size_binary_opt()?,
            bytes: [number(Field::BytesSent)?, number(Field::BytesReceived)?, number(Field::Bytes)?],
        })
    }

    fn received(&self, row: usize) -> Instant {
        Instant::from_micros(self.received.value(row)).unwrap_or(Instant::EPOCH)
    }

    fn peer(&self, row: usize) -> Ipv6Addr {
        address(self.peer, row)
    }

    fn put(&self, row: usize, sent: &mut Sent) {
        sent.came(self.received(row));
        if self.priority.is_valid(row) && self.priority.value(row) % 8 <= ERROR {
            sent.errors += 1;
        }
        if self.source.is_valid(row) {
            sent.spoke(address(self.source, row));
        }
        let said = |column: &PrimitiveArray<Int64Type>| {
            column.is_valid(row).then(|| u64::try_from(column.value(row)).unwrap_or(0))
        };
        let [up, down, both] = self.bytes.map(said);
        let apart =
            (up.is_some() || down.is_some()).then(|| up.unwrap_or(0).saturating_add(down.unwrap_or(0)));
        if let Some(transferred) = apart.or(both) {
            sent.transferred = sent.transferred.saturating_add(transferred);
            sent.telling += 1;
        }
    }
}

fn address(column: &FixedSizeBinaryArray, row: usize) -> Ipv6Addr {
    <[u8; 16]>::try_from(column.value(row)).map_or(Ipv6Addr::UNSPECIFIED, Ipv6Addr::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Came, Chunk, Maker, SaltKey};
    use lines::{Part, Source};

    const DAY: &str = "2026-11-26T00:00:00.000000Z";

    fn minute(minute: u64) -> Instant {
        DAY.parse::<Instant>().unwrap().plus(Duration::from_secs(60 * minute))
    }

    fn line(priority: u8, from: &str, bytes: &str) -> String {
        format!(
            "<{priority}>date=2026-11-26 time=08:00:00 devname=\"FW\" devid=\"FG1\" logid=\"13\" type=\"traffic\" \
             subtype=\"forward\" level=\"notice\" srcip={from} srcport=5000 dstip=192.0.2.9 dstport=443 proto=6 \
             action=\"close\" policyid=7 {bytes}"
        )
    }

    fn block(peer: &str, at: Instant, lines: &[String]) -> Block {
        let mut chunk = Chunk::new(Came::from_peer(at, peer.parse().unwrap()));
        lines.iter().for_each(|line| chunk.push(line.as_bytes(), Part::Whole));
        let key = SaltKey::from_bytes([1; 32]);
        Maker::default().block(0, &chunk, &key, Source { offset: 0 }).unwrap()
    }

    fn alone(address: Ipv6Addr) -> Network {
        Network::alone(address)
    }

    fn day() -> Traffic {
        Traffic::within(minute(0)..minute(24 * 60))
    }

    fn network(text: &str) -> Network {
        text.parse().unwrap()
    }

    #[test]
    fn volume_errors_and_talkers_are_those_of_the_sender() {
        let mut traffic = day();
        let lines = [
            line(189, "10.1.1.1", "sentbyte=100 rcvdbyte=900"),
            line(187, "10.1.1.1", "sentbyte=5"),
            line(184, "10.1.1.2", ""),
            "<13>no fields".to_owned(),
        ];
        traffic.block(&block("192.0.2.1:514", minute(5), &lines), alone).unwrap();
        traffic.block(&block("192.0.2.2:514", minute(5), &lines[..1]), alone).unwrap();
        let sent = &traffic.senders()[&network("192.0.2.1")];
        assert_eq!((sent.lines, sent.transferred, sent.telling, sent.errors), (4, 1_005, 2, 2));
        let address = |text: &str| text.parse::<std::net::Ipv4Addr>().unwrap().to_ipv6_mapped();
        assert_eq!(sent.talkers(9), [(address("10.1.1.1"), 2), (address("10.1.1.2"), 1)]);
        assert_eq!(sent.talkers(1).len(), 1);
        assert!(!sent.is_about());
        assert_eq!(traffic.senders()[&network("192.0.2.2")].lines, 1);
    }

    #[test]
    fn only_the_span_counts_and_what_belongs_together_is_one_sender() {
        let mut traffic = day();
        let lines = [line(189, "10.1.1.1", "")];
        let of = |_| network("192.0.2.0/24");
        for (peer, at) in [("192.0.2.1:514", 0), ("192.0.2.7:514", 24 * 60 - 1), ("192.0.2.9:514", 24 * 60)] {
            traffic.block(&block(peer, minute(at), &lines), of).unwrap();
        }
        let before = minute(0).minus(Duration::from_micros(1));
        traffic.block(&block("192.0.2.1:514", before, &lines), of).unwrap();
        assert_eq!(traffic.senders().len(), 1);
        assert_eq!(traffic.senders()[&network("192.0.2.0/24")].lines, 2);
    }

    #[test]
    fn a_pause_is_longer_than_a_quarter_of_an_hour_and_may_last() {
        let mut traffic = day();
        let lines = [line(189, "10.1.1.1", "")];
        for at in [0, 15, 31, 32, 100] {
            traffic.block(&block("192.0.2.1:514", minute(at), &lines), alone).unwrap();
        }
        let sent = &traffic.senders()[&network("192.0.2.1")];
        assert_eq!(sent.pauses, [minute(15)..minute(31), minute(32)..minute(100)]);
        assert_eq!(sent.pauses_until(minute(115)).len(), 2);
        assert_eq!(sent.pauses_until(minute(116)).last(), Some(&(minute(100)..minute(116))));
    }

    #[test]
    fn what_is_kept_of_lines_that_go_gives_the_same_figures_but_for_the_talkers() {
        let of = |_| network("192.0.2.0/24");
        let lines = [line(187, "10.1.1.1", "sentbyte=100 rcvdbyte=900")];
        let (mut whole, mut gone, mut both) = (day(), day(), day());
        for at in [0, 20, 40, 41, 80] {
            let block = block("192.0.2.1:514", minute(at), &lines);
            whole.block(&block, of).unwrap();
            if at <= 40 {
                gone.block(&block, alone).unwrap();
            }
        }
        let written = serde_json::to_string(&gone.remains()).unwrap();
        assert!(!written.contains("10.1.1.1"), "{written}");
        for remains in serde_json::from_str::<Vec<Remains>>(&written).unwrap() {
            both.add_remains(&remains, of);
        }
        for at in [41, 80] {
            both.block(&block("192.0.2.1:514", minute(at), &lines), of).unwrap();
        }
        let [whole, both] = [whole, both].map(|traffic| traffic.senders()[&network("192.0.2.0/24")].clone());
        assert_eq!((both.lines, both.transferred, both.telling, both.errors), (5, 5_000, 5, 5));
        assert_eq!((both.first, both.last, &both.pauses), (whole.first, whole.last, &whole.pauses));
        assert!(both.is_about() && !whole.is_about());
    }

    #[test]
    fn beyond_what_is_counted_one_by_one_those_that_speak_most_stay() {
        let mut sent = Sent::new(minute(0));
        let address = |nth: u128| Ipv6Addr::from(nth);
        for _ in 0..50 {
            sent.spoke(address(7));
        }
        for nth in 100..100 + MOST_TALKERS as u128 {
            sent.spoke(address(nth));
        }
        assert!(sent.is_about());
        assert_eq!(sent.talkers(1), [(address(7), 50)]);
    }
}
