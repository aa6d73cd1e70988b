//! A line that was read.

use crate::dialect::{self, Dialect};
use crate::draft::{Draft, Kept};
use crate::field::{Field, Nine, Span, Value};
use crate::head;
use crate::scan::number;
use crate::time::{Stamp, When};
use model::Instant;
use std::borrow::Cow;
use std::net::IpAddr;
use std::time::Duration;

/// What is known of whoever sends lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Source {
    /// The zone of its clock, in seconds east of UTC, for times that say none. Where the clock changes with summer it is
    /// what holds when the line is received.
    pub offset: i32,
}

/// That somebody came or went, or that a connection began or ended, which is nobody's log-on or log-off even where an
/// account stands with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mark {
    /// Somebody logged on.
    On,
    /// Somebody logged off.
    Off,
    /// A connection began.
    Opened,
    /// A connection ended.
    Closed,
}

/// Reads lines one after the other. What it needs for that is allocated once and used again; which names stood in the line
/// before is remembered, and changes nothing of what is read of the next.
#[derive(Debug)]
pub struct Reader {
    kept: Kept,
}

/// What a line says.
#[derive(Debug, Clone, Copy)]
pub struct Record<'r> {
    line: &'r [u8],
    kept: &'r Kept,
}

impl Default for Reader {
    fn default() -> Self {
        Self::new()
    }
}

impl Reader {
    /// A reader that has read nothing.
    #[must_use]
    pub fn new() -> Self {
        Self { kept: Kept::new() }
    }

    /// Reads a line, without its end. What no dialect knows has a head at most. Of more than 4 GiB the rest is not looked at.
    pub fn read<'r>(&'r mut self, source: Source, received: Instant, line: &'r [u8]) -> Record<'r> {
        let line = line.get(..u32::MAX as usize).unwrap_or(line);
        let when = When { received, offset: source.offset };
        let mut draft = Draft::new(line, when, &mut self.kept);
        head::read(&mut draft);
        let dialect = dialect::recognise(&mut draft);
        draft.set_dialect(dialect);
        draft.sort();
        Record { line, kept: &self.kept }
    }
}

impl<'r> Record<'r> {
    /// The line itself.
    #[must_use]
    pub const fn line(&self) -> &'r [u8] {
        self.line
    }

    /// Whose way of writing it is; none where no dialect knows it.
    #[must_use]
    pub const fn dialect(&self) -> Option<Dialect> {
        self.kept.dialect
    }

    /// Facility (0 to 23) and severity (0 to 7), of RFC 5424 §6.2.1.
    #[must_use]
    pub fn priority(&self) -> Option<(u8, u8)> {
        self.kept.priority.map(|priority| (priority / 8, priority % 8))
    }

    /// When the device says that it happened: by the body if it says so, else by the head.
    #[must_use]
    pub const fn time(&self) -> Option<Stamp> {
        self.kept.time
    }

    /// What follows the head.
    #[must_use]
    pub const fn body(&self) -> Span {
        self.kept.body
    }

    /// A log-on or a log-off, or the beginning or end of a connection?
    #[must_use]
    pub const fn mark(&self) -> Option<Mark> {
        self.kept.mark
    }

    /// The number by which its device counts what it sends: `sequenceId` of RFC 5424 §7.3.1, or the one that devices of
    /// Cisco write in front of the time; of two the first, which counts what was sent and not all that there was.
    #[must_use]
    pub const fn sequence(&self) -> Option<u64> {
        self.kept.sequence
    }

    /// Where a field stands; none where the line does not say it.
    #[must_use]
    pub fn span(&self, field: Field) -> Option<Span> {
        self.kept.span(field)
    }

    /// What a field holds, as it stands in the line.
    #[must_use]
    pub fn text(&self, field: Field) -> Option<&'r [u8]> {
        self.span(field).map(|span| span.within(self.line))
    }

    /// What a field holds, with what is escaped in the line as it was meant.
    #[must_use]
    pub fn plain(&self, field: Field) -> Option<Cow<'r, [u8]>> {
        let text = self.text(field)?;
        Some(self.dialect().map_or(Cow::Borrowed(text), |dialect| dialect.plain(text)))
    }

    /// Source address.
    #[must_use]
    pub fn src_ip(&self) -> Option<IpAddr> {
        self.span(Field::SrcIp).map(|_| self.kept.addresses[0])
    }

    /// Destination address.
    #[must_use]
    pub fn dst_ip(&self) -> Option<IpAddr> {
        self.span(Field::DstIp).map(|_| self.kept.addresses[1])
    }

    /// Source port.
    #[must_use]
    pub fn src_port(&self) -> Option<u16> {
        self.span(Field::SrcPort).map(|_| self.kept.ports[0])
    }

    /// Destination port.
    #[must_use]
    pub fn dst_port(&self) -> Option<u16> {
        self.span(Field::DstPort).map(|_| self.kept.ports[1])
    }

    /// What a field holds, where that is a whole number below 2⁶⁴ in digits.
    #[must_use]
    pub fn number(&self, field: Field) -> Option<u64> {
        number(self.text(field)?)
    }

    /// How long the session lasted, to the microsecond.
    #[must_use]
    pub fn duration(&self) -> Option<Duration> {
        let text = self.text(Field::Duration)?;
        if let Some(number) = number(text) {
            let squid = self.dialect() == Some(Dialect::Squid);
            return Some(if squid { Duration::from_millis(number) } else { Duration::from_secs(number) });
        }
        if self.dialect() == Some(Dialect::Squid) {
            return None;
        }
        let mut parts = text.splitn(2, |byte| *byte == b'.');
        let (whole, fraction) = (parts.next()?, parts.next().unwrap_or_default());
        // `1:02:03`, `1h:02m:03s`, or seconds alone
        let seconds = whole.split(|byte| *byte == b':').try_fold(0u64, |sum, part| {
            let part = part.strip_suffix(b"h").or_else(|| part.strip_suffix(b"m")).unwrap_or(part);
            sum.checked_mul(60)?.checked_add(number(part.strip_suffix(b"s").unwrap_or(part))?)
        })?;
        let digits = fraction.iter().take(6);
        let micros = digits.clone().try_fold(0u64, |sum, byte| Some(sum * 10 + number(&[*byte])?))?;
        let micros = micros * 10u64.pow(6 - u32::try_from(digits.len()).ok()?);
        Duration::from_secs(seconds).checked_add(Duration::from_micros(micros))
    }

    /// When the session began, or somebody logged on: as the line says it, or as it follows from end and duration.
    #[must_use]
    pub fn begins(&self) -> Option<Instant> {
        let said = self.moment(Field::SessionStart).or_else(|| self.marked([Mark::On, Mark::Opened]));
        said.or_else(|| Some(self.ended()?.minus(self.duration()?)))
    }

    /// When the session ended, or somebody logged off: as the line says it, or as it follows from beginning and duration.
    #[must_use]
    pub fn ends(&self) -> Option<Instant> {
        let began = || self.moment(Field::SessionStart);
        self.ended().or_else(|| Some(began()?.plus(self.duration()?)))
    }

    fn ended(&self) -> Option<Instant> {
        self.moment(Field::SessionEnd).or_else(|| self.marked([Mark::Off, Mark::Closed]))
    }

    fn marked(&self, marks: [Mark; 2]) -> Option<Instant> {
        self.time().filter(|_| self.mark().is_some_and(|mark| marks.contains(&mark))).map(|stamp| stamp.at)
    }

    fn moment(&self, field: Field) -> Option<Instant> {
        self.kept.moment(self.text(field)?).map(|stamp| stamp.at)
    }

    /// Every value that was found, known or not, in the order in which they begin in the line. Those of sentences may lie
    /// within each other. Of several of one field the record's is where [`Record::span`] says.
    #[must_use]
    pub fn values(&self) -> &'r [Value] {
        &self.kept.values
    }

    /// Those of [`Record::values`] that lie one behind the other: with what stands between them, before and behind, they
    /// are the line, to the byte.
    pub fn pieces(&self) -> impl Iterator<Item = Value> + 'r {
        let mut end = 0;
        self.kept.values.iter().copied().filter(move |value| {
            let behind = value.place.start() >= end && !value.place.is_empty();
            if behind {
                end = value.place.end();
            }
            behind
        })
    }

    /// Which of the nine fields of clause 27.1.2 it gives.
    #[must_use]
    pub fn nine(&self) -> Nine {
        let there = |field| self.span(field).is_some();
        Nine {
            src_ip: there(Field::SrcIp),
            dst_ip: there(Field::DstIp),
            src_port: there(Field::SrcPort),
            dst_port: there(Field::DstPort),
            proto: there(Field::Proto),
            begins: self.begins().is_some(),
            ends: self.ends().is_some(),
            time: self.time().is_some(),
            action: there(Field::Action),
        }
    }
}
