//! What is known of senders, as the binary hands it in.

use model::{Instant, RecordId, UnitId};
use std::net::IpAddr;
use std::time::Duration;
use telemetry::Gaps;

/// For so long a registered source may say nothing.
const SILENT: Duration = Duration::from_secs(3_600);

/// Who sends lines, and what has come of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Senders {
    /// Since when lines are counted. When a sender was heard last is known from before.
    pub since: Instant,
    /// Those that the register has in force.
    pub sources: Vec<SourceHeard>,
    /// Those that nobody has registered, the one heard last first.
    pub unknown: Vec<UnknownSender>,
    /// Lines of senders that are too many to be told apart.
    pub others: u64,
    /// Records of the register of which it cannot be told whether they are in force.
    pub unclear: Vec<RecordId>,
    /// Every receiver.
    pub receivers: Vec<ReceiverHeard>,
}

/// A registered source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceHeard {
    /// Its record.
    pub record: RecordId,
    /// The unit the record belongs to.
    pub unit: UnitId,
    /// Its name.
    pub name: String,
    /// The address or network it sends from, as it was filled in.
    pub network: String,
    /// Does it count?
    pub standing: Standing,
    /// What has come of it.
    pub heard: Heard,
}

/// Does a registered source count?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Lines from its network are its own.
    Listed,
    /// Another record in force has the same network, and counts.
    Doubled,
    /// What it sends from is neither an address nor a network.
    NoNetwork,
}

/// A sender that nobody has registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownSender {
    /// From where it sends.
    pub address: IpAddr,
    /// What has come of it.
    pub heard: Heard,
}

/// What has come of a sender.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heard {
    /// Lines.
    pub lines: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Lines with all nine fields of clause 27.1.2.
    pub nine: u64,
    /// Lines of the last sixty seconds.
    pub rate: u64,
    /// When the last one was received, be it in a former run.
    pub last: Option<Instant>,
    /// Microseconds from the time the device wrote to its reception, of the last line that has such a time.
    pub skew: Option<i64>,
    /// What is missing by the numbers that its devices give what they send.
    pub gaps: Gaps,
    /// Into which receivers they went.
    pub receivers: Vec<String>,
}

/// A receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiverHeard {
    /// Its name.
    pub name: String,
    /// Lines that are durable, of all time.
    pub lines: u64,
    /// Datagrams that the kernel dropped; none where it is no door for datagrams.
    pub dropped: Option<u64>,
}

impl Heard {
    /// How many of a thousand lines have all nine fields; none where there are no lines.
    #[must_use]
    pub fn nine_per_thousand(&self) -> Option<u64> {
        self.nine.saturating_mul(1_000).checked_div(self.lines)
    }
}

impl SourceHeard {
    /// Has nothing been heard of it for long, or ever?
    #[must_use]
    pub fn is_silent(&self, now: Instant) -> bool {
        self.heard.last.is_none_or(|last| last.plus(SILENT) < now)
    }

    /// Is there nothing about it that somebody should look at?
    #[must_use]
    pub fn is_well(&self, now: Instant) -> bool {
        self.standing == Standing::Listed && !self.is_silent(now)
    }
}

impl Senders {
    /// How many registered sources are silent.
    #[must_use]
    pub fn silent(&self, now: Instant) -> usize {
        self.sources.iter().filter(|one| one.standing == Standing::Listed && one.is_silent(now)).count()
    }

    /// What is missing by the numbers of devices, of all senders together.
    #[must_use]
    pub fn gaps(&self) -> Gaps {
        let mut gaps = Gaps::default();
        let known = self.sources.iter().map(|source| &source.heard);
        known.chain(self.unknown.iter().map(|sender| &sender.heard)).for_each(|heard| gaps.add(&heard.gaps));
        gaps
    }

    /// Lines of registered senders, and of all others.
    #[must_use]
    pub fn lines(&self) -> (u64, u64) {
        let known = self.sources.iter().map(|source| source.heard.lines).sum();
        let unknown = self.unknown.iter().map(|sender| sender.heard.lines).sum::<u64>();
        (known, unknown + self.others)
    }
}
