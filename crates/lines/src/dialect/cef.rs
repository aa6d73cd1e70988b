//! The common event format: seven parts between bars, then pairs whose values may hold blanks.
//!
//! Source: ArcSight, Implementing Common Event Format 26; UniFi's SIEM integration, whose first part may be cut off.

use crate::draft::Draft;
use crate::field::{Field, Span};
use crate::names::Names;
use crate::pairs::Pair;
use crate::record::Mark;
use crate::scan::until;

static NAMES: Names = Names::of(&[
    ("rt", Field::Time),
    ("UNIFIutcTime", Field::Time),
    ("src", Field::SrcIp),
    ("c6a2", Field::SrcIp),
    ("UNIFIclientIp", Field::SrcIp),
    ("dst", Field::DstIp),
    ("c6a3", Field::DstIp),
    ("spt", Field::SrcPort),
    ("dpt", Field::DstPort),
    ("proto", Field::Proto),
    ("act", Field::Action),
    ("suser", Field::User),
    ("duser", Field::User),
    ("UNIFIadmin", Field::User),
    ("app", Field::Service),
    ("request", Field::Url),
    ("msg", Field::Message),
    // Inbound is what flows from the source to the destination.
    ("in", Field::BytesSent),
    ("out", Field::BytesReceived),
    ("UNIFItotalBytes", Field::Bytes),
    ("dvchost", Field::Device),
    ("dvc", Field::Device),
    ("UNIFIdeviceName", Field::Device),
    ("UNIFIhost", Field::Device),
    ("start", Field::SessionStart),
    ("end", Field::SessionEnd),
    ("externalId", Field::Session),
    ("UNIFIpolicyName", Field::Rule),
    ("UNIFIipsSignature", Field::Rule),
]);

/// Bars before the pairs.
const BARS: usize = 7;

pub(super) fn read(draft: &mut Draft<'_>) -> bool {
    let body = draft.body();
    let front = Span::of(body.start(), body.end().min(body.start() + 256));
    let text = draft.text(front);
    let from = match draft.find(front, "CEF:") {
        Some(at) => at,
        // `0|Ubiquiti|…`, the front cut off by a relay.
        None if text.first().is_some_and(u8::is_ascii_digit) && text.get(1) == Some(&b'|') => body.start(),
        None => return false,
    };
    let Some((parts, pairs)) = parts(draft, from, body.end()) else { return false };
    let [_, _, _, _, event, name, _] = parts;
    draft.put(Field::Event, event);
    for pair in (Pairs { line: draft.line, at: pairs, end: body.end() }) {
        draft.pair(pair, NAMES.find(draft.line, pair.name));
    }
    draft.put(Field::Message, name);
    draft.put(Field::Action, name);
    let mut said = [0; 64];
    let length =
        said.iter_mut().zip(draft.text(name)).map(|(to, byte)| *to = byte.to_ascii_lowercase()).count();
    let said = said.get(..length).unwrap_or_default();
    let has = |words: &[&str]| words.iter().any(|word| memchr::memmem::find(said, word.as_bytes()).is_some());
    if has(&["logout", "log out", "logoff", "logged out"]) {
        draft.set_mark(Mark::Off);
    } else if has(&["accessed", "login", "log in", "logon", "logged in"]) && !has(&["fail", "denied"]) {
        draft.set_mark(Mark::On);
    }
    true
}

/// The seven parts, and where the pairs begin; a bar behind a backslash is none.
fn parts(draft: &Draft<'_>, from: usize, end: usize) -> Option<([Span; BARS], usize)> {
    let mut parts = [Span::default(); BARS];
    let (mut at, mut begin) = (from, from);
    for part in &mut parts {
        loop {
            at += memchr::memchr2(b'|', b'\\', draft.line.get(at..end)?)?;
            if draft.line.get(at) == Some(&b'|') {
                break;
            }
            at += 2;
        }
        *part = Span::of(begin, at);
        at += 1;
        begin = at;
    }
    Some((parts, begin))
}

/// Pairs whose value ends where the next name begins: at the last blank before the next `=`.
struct Pairs<'l> {
    line: &'l [u8],
    at: usize,
    end: usize,
}

impl Pairs<'_> {
    /// The next `=` that is not behind a backslash.
    fn equals(&self, from: usize) -> usize {
        let mut at = from;
        loop {
            let found = until(self.line, at, self.end, b'=');
            let escaped = found > from && self.line.get(found - 1) == Some(&b'\\');
            if found >= self.end || !escaped {
                return found;
            }
            at = found + 1;
        }
    }
}

impl Iterator for Pairs<'_> {
    type Item = Pair;

    fn next(&mut self) -> Option<Pair> {
        let equals = self.equals(self.at);
        if equals >= self.end {
            return None;
        }
        let name = Span::of(self.at, equals);
        let from = equals + 1;
        let next = self.equals(from);
        let value = self.line.get(from..next)?;
        let (to, behind) = if next >= self.end {
            (self.end, self.end)
        } else {
            let blank = value.iter().rposition(|byte| *byte == b' ').unwrap_or(value.len());
            // Where no blank stands between, the second `=` belongs to the value.
            if blank == value.len() {
                let to = until(self.line, next, self.end, b' ');
                (to, (to + 1).min(self.end))
            } else {
                (from + blank, from + blank + 1)
            }
        };
        self.at = behind;
        let value = self.line.get(from..to)?;
        let length = value.iter().rposition(|byte| *byte != b' ').map_or(0, |at| at + 1);
        Some(Pair { name, place: Span::of(from, from + length) })
    }
}
