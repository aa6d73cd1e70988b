//! The record of a line while it is being read.
//!
//! Invariant: the first that says something about a field is what the record says; what devices write for *nothing* says
//! nothing; what is asked for as an address or a port is one.

use crate::dialect::Dialect;
use crate::field::{Field, Span, Value};
use crate::pairs::{Pair, Trail};
use crate::record::Mark;
use crate::scan::{self, address, endpoint, number};
use crate::time::{Stamp, When, moment};
use model::Instant;
use std::net::IpAddr;

/// What is kept of a line; one is used for many.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) dialect: Option<Dialect>,
    pub(crate) priority: Option<u8>,
    pub(crate) time: Option<Stamp>,
    /// The time of the head, where the body says its own.
    head_time: Option<Stamp>,
    pub(crate) when: When,
    pub(crate) body: Span,
    pub(crate) mark: Option<Mark>,
    /// The number by which the device counts what it sends.
    pub(crate) sequence: Option<u64>,
    pub(crate) addresses: [IpAddr; 2],
    pub(crate) ports: [u16; 2],
    /// Which fields are there, a bit each.
    there: u32,
    spans: [Span; Field::ALL.len()],
    pub(crate) values: Vec<Value>,
    /// Behind this a value begins if it is in order; and is any that is not?
    next: usize,
    unsorted: bool,
    /// Names of JSON on the way to a value.
    path: Vec<u8>,
    /// Names of the pairs of a FortiGate's line.
    trail: Trail,
}

/// A line, and what is known of it so far.
pub(crate) struct Draft<'r> {
    pub(crate) line: &'r [u8],
    /// Structured data (RFC 5424), with its brackets.
    pub(crate) data: Option<Span>,
    kept: &'r mut Kept,
}

const ANY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);

impl Kept {
    pub(crate) fn new() -> Self {
        Self {
            dialect: None,
            priority: None,
            time: None,
            head_time: None,
            when: When { received: Instant::EPOCH, offset: 0 },
            body: Span::default(),
            mark: None,
            sequence: None,
            addresses: [ANY; 2],
            ports: [0; 2],
            there: 0,
            spans: [Span::default(); Field::ALL.len()],
            values: Vec::new(),
            next: 0,
            unsorted: false,
            path: Vec::new(),
            trail: Trail::default(),
        }
    }

    fn clear(&mut self, when: When) {
        (self.dialect, self.priority, self.mark, self.sequence) = (None, None, None, None);
        (self.time, self.head_time, self.when) = (None, None, when);
        self.body = Span::default();
        self.there = 0;
        (self.next, self.unsorted) = (0, false);
        self.values.clear();
    }

    /// The place of a field, where it is there.
    #[inline]
    pub(crate) fn span(&self, field: Field) -> Option<Span> {
        (self.there & (1 << field as u32) != 0).then(|| self.spans.get(field as usize).copied()).flatten()
    }

    fn set(&mut self, field: Field, place: Span) {
        if let Some(span) = self.spans.get_mut(field as usize) {
            *span = place;
            self.there |= 1 << field as u32;
        }
    }

    /// A time of the body. Where it says no zone it is of that zone, the source's or the head's, which brings it nearest to
    /// the time of the head.
    pub(crate) fn moment(&self, text: &[u8]) -> Option<Stamp> {
        let found = moment(text, self.when)?;
        let Some(head) = self.head_time.or(self.time) else { return Some(found) };
        let (None, Some(zone)) = (found.zone, head.zone) else { return Some(found) };
        let far = |stamp: &Stamp| (stamp.at.as_micros() - head.at.as_micros()).abs();
        let other = moment(text, When { offset: zone, ..self.when });
        Some(other.filter(|other| far(other) < far(&found)).unwrap_or(found))
    }
}

impl<'r> Draft<'r> {
    pub(crate) fn new(line: &'r [u8], when: When, kept: &'r mut Kept) -> Self {
        kept.clear(when);
        Self { line, data: None, kept }
    }

    pub(crate) const fn when(&self) -> When {
        self.kept.when
    }

    pub(crate) const fn body(&self) -> Span {
        self.kept.body
    }

    pub(crate) const fn set_body(&mut self, body: Span) {
        self.kept.body = body;
    }

    pub(crate) const fn set_priority(&mut self, priority: u8) {
        self.kept.priority = Some(priority);
    }

    pub(crate) const fn priority(&self) -> Option<u8> {
        self.kept.priority
    }

    pub(crate) const fn time(&self) -> Option<Stamp> {
        self.kept.time
    }

    pub(crate) const fn set_mark(&mut self, mark: Mark) {
        self.kept.mark = Some(mark);
    }

    pub(crate) const fn set_sequence(&mut self, number: u64) {
        self.kept.sequence = Some(number);
    }

    pub(crate) fn span(&self, field: Field) -> Option<Span> {
        self.kept.span(field)
    }

    /// What a field holds; nothing where it is not there.
    pub(crate) fn said(&self, field: Field) -> &'r [u8] {
        self.span(field).map(|span| span.within(self.line)).unwrap_or_default()
    }

    pub(crate) fn text(&self, span: Span) -> &'r [u8] {
        span.within(self.line)
    }

    /// What was read with a name, or without.
    pub(crate) fn values(&self) -> &[Value] {
        &self.kept.values
    }

    /// The time of a head, the last of which counts.
    pub(crate) fn put_head_time(&mut self, stamp: Stamp, place: Span) {
        self.own(Field::Time, place);
        self.kept.time = Some(stamp);
    }

    /// A field of the head; the last head counts.
    pub(crate) fn own(&mut self, field: Field, place: Span) {
        if place.is_empty() {
            return;
        }
        let before = self.kept.values.iter_mut().filter(|value| value.field == Some(field));
        before.for_each(|value| value.field = None);
        self.kept.set(field, place);
        self.push(Some(field), Span::default(), place);
    }

    /// Says where a field is, unless what stands there is one of the ways of saying nothing.
    pub(crate) fn put(&mut self, field: Field, place: Span) {
        if !is_nothing(self.text(place)) {
            self.say(field, place);
        }
    }

    /// Says where a field is, whatever stands there, be it only a dash: for names that people choose.
    pub(crate) fn say(&mut self, field: Field, place: Span) {
        if let Some(place) = self.take(field, place) {
            self.push(Some(field), Span::default(), place);
        }
    }

    /// A value with its name, and the field that the name stands for, if any.
    #[inline]
    pub(crate) fn pair(&mut self, pair: Pair, field: Option<Field>) {
        let place = match field {
            Some(field) if !is_nothing(self.text(pair.place)) => self.take(field, pair.place),
            _ => None,
        };
        self.push(field, pair.name, place.unwrap_or(pair.place));
    }

    #[inline]
    fn push(&mut self, field: Option<Field>, name: Span, place: Span) {
        if !place.is_empty() || !name.is_empty() {
            self.kept.unsorted |= place.start() < self.kept.next;
            self.kept.next = place.start() + 1;
            self.kept.values.push(Value { field, name, place });
        }
    }

    /// Makes this place the field's, where it is not there already and this is one; says which part of it is the field.
    #[inline]
    fn take(&mut self, field: Field, place: Span) -> Option<Span> {
        let there = self.kept.there & (1 << field as u32) != 0;
        if place.is_empty() || (there && field != Field::Time) {
            return None;
        }
        let text = self.text(place);
        let mut place = place;
        match field {
            Field::SrcIp | Field::DstIp => {
                let (address, length) = address(text)?;
                place = Span::of(place.start(), place.start() + length);
                *self.kept.addresses.get_mut(usize::from(field == Field::DstIp))? = address;
            }
            Field::SrcPort | Field::DstPort => {
                let port = u16::try_from(number(text)?).ok()?;
                *self.kept.ports.get_mut(usize::from(field == Field::DstPort))? = port;
            }
            Field::Time => {
                // The first time of the body stands for that of the head.
                if self.has_own_time() {
                    return None;
                }
                let own = self.kept.moment(text)?;
                self.put_own_time(own);
            }
            _ => {}
        }
        self.kept.set(field, place);
        Some(place)
    }

    /// Is this a time?
    pub(crate) fn is_time(&self, place: Span) -> bool {
        self.kept.moment(self.text(place)).is_some()
    }

    /// Has the body said a time?
    pub(crate) const fn has_own_time(&self) -> bool {
        self.kept.head_time.is_some()
    }

    /// A time of the body, which stands for that of the head.
    pub(crate) fn put_own_time(&mut self, stamp: Stamp) {
        if self.kept.there & (1 << Field::Time as u32) != 0 {
            let before = self.kept.values.iter_mut().filter(|value| value.field == Some(Field::Time));
            before.for_each(|value| value.field = None);
            self.kept.there &= !(1 << Field::Time as u32);
        }
        self.kept.head_time = self.kept.time.or(Some(stamp));
        self.kept.time = Some(stamp);
    }

    /// Says where a field is that is a text, against what was said before.
    pub(crate) fn prefer(&mut self, field: Field, place: Span) {
        if is_nothing(self.text(place)) {
            return;
        }
        self.kept.set(field, place);
        if !self.kept.values.iter().any(|value| value.field == Some(field) && value.place == place) {
            self.push(Some(field), Span::default(), place);
        }
    }

    /// Walks JSON, with a place for paths that is used again and again.
    pub(crate) fn take_path(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.kept.path)
    }

    pub(crate) fn give_path(&mut self, path: Vec<u8>) {
        self.kept.path = path;
    }

    /// The names that FortiGates gave to their pairs, to be given back.
    pub(crate) fn take_trail(&mut self) -> Trail {
        std::mem::take(&mut self.kept.trail)
    }

    pub(crate) fn give_trail(&mut self, trail: Trail) {
        self.kept.trail = trail;
    }

    /// Brings values into the order in which they stand in the line; of those that begin at one place the longest first.
    pub(crate) fn sort(&mut self) {
        if self.kept.unsorted {
            let key =
                |value: &Value| (value.place.start(), std::cmp::Reverse(value.place.end()), value.field);
            self.kept.values.sort_unstable_by_key(key);
        }
    }

    pub(crate) fn set_dialect(&mut self, dialect: Option<Dialect>) {
        self.kept.dialect = dialect;
    }

    /// Where `wanted` begins within a part.
    pub(crate) fn find(&self, part: Span, wanted: &str) -> Option<usize> {
        scan::find(self.line, part, wanted)
    }

    /// Where `wanted` begins the last time within a part.
    pub(crate) fn find_last(&self, part: Span, wanted: &str) -> Option<usize> {
        scan::find_last(self.line, part, wanted)
    }

    /// Does a part begin with this?
    pub(crate) fn begins(&self, part: Span, wanted: &str) -> bool {
        self.text(part).starts_with(wanted.as_bytes())
    }

    /// The word behind `wanted`: up to a blank, a comma, a semicolon, a bracket or a quote.
    pub(crate) fn behind(&self, part: Span, wanted: &str) -> Option<Span> {
        let from = self.find(part, wanted)? + wanted.len();
        let to = scan::behind_all(self.line, from, part.end(), |byte| {
            !matches!(byte, b' ' | b',' | b';' | b')' | b']' | b'"' | b'\'' | b'\r')
        });
        (to > from).then(|| Span::of(from, to))
    }

    /// What stands between `open` and the next `close`.
    pub(crate) fn between(&self, part: Span, open: &str, close: &str) -> Option<Span> {
        let from = self.find(part, open)? + open.len();
        let to = self.find(Span::of(from, part.end()), close)?;
        Some(Span::of(from, to))
    }

    /// Puts that of these words which comes first in a part into a field: what follows may be a stranger's.
    pub(crate) fn put_first(&mut self, field: Field, part: Span, words: &[&str]) {
        let found = words.iter().filter_map(|word| Some((self.find(part, word)?, word.len())));
        if let Some((at, length)) = found.min_by_key(|found| found.0) {
            self.say(field, Span::of(at, at + length));
        }
    }

    /// Puts an address with its port into the fields of one end.
    pub(crate) fn put_end(&mut self, part: Span, (ip, port): (Field, Field)) -> bool {
        let Some((address, number)) = endpoint(self.line, part) else { return false };
        self.say(ip, address);
        if let Some(number) = number {
            self.say(port, number);
        }
        true
    }

    /// Puts both ends of `1.2.3.4:5->6.7.8.9:10` into their fields, the arrow being at `arrow`.
    pub(crate) fn put_arrow(&mut self, part: Span, arrow: usize) {
        let before = self.text(Span::of(part.start(), arrow));
        let before = before.strip_suffix(b" ").unwrap_or(before);
        let from = before.iter().rposition(|byte| matches!(byte, b' ' | b'<' | b'(')).map_or(0, |at| at + 1);
        // `1.2.3.4(80)->` has a bracket of its own.
        let from = match before.get(from..) {
            Some(port) if port.ends_with(b")") => {
                let before = before.get(..from.saturating_sub(1)).unwrap_or_default();
                before.iter().rposition(|byte| matches!(byte, b' ' | b'<')).map_or(0, |at| at + 1)
            }
            _ => from,
        };
        self.put_end(Span::of(part.start() + from, arrow), SOURCE);
        let behind = scan::behind_blanks(self.line, arrow + 2);
        self.put_end(Span::of(behind, part.end()), DESTINATION);
    }
}

/// The fields of the source.
pub(crate) const SOURCE: (Field, Field) = (Field::SrcIp, Field::SrcPort);
/// The fields of the destination.
pub(crate) const DESTINATION: (Field, Field) = (Field::DstIp, Field::DstPort);

/// The ways in which devices write that there is nothing.
#[inline]
fn is_nothing(text: &[u8]) -> bool {
    match text {
        [] | [b'-'] => true,
        [b'N' | b'n' | b'(', ..] => {
            matches!(text, b"N/A" | b"n/a" | b"None" | b"none" | b"null" | b"(null)")
        }
        _ => false,
    }
}
