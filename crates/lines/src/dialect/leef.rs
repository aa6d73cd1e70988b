//! The log event extended format: parts between bars, then pairs between tabs, or between a sign the line names.
//!
//! Source: IBM QRadar, LEEF 1.0 and 2.0.

use crate::draft::Draft;
use crate::field::{Field, Span};
use crate::names::Names;
use crate::pairs::Pair;
use crate::scan::until;

static NAMES: Names = Names::of(&[
    ("devTime", Field::Time),
    ("src", Field::SrcIp),
    ("dst", Field::DstIp),
    ("srcPort", Field::SrcPort),
    ("dstPort", Field::DstPort),
    ("proto", Field::Proto),
    ("usrName", Field::User),
    ("accountName", Field::User),
    ("action", Field::Action),
    ("srcBytes", Field::BytesSent),
    ("dstBytes", Field::BytesReceived),
    ("totalBytes", Field::Bytes),
    ("policy", Field::Rule),
    ("url", Field::Url),
    ("msg", Field::Message),
    ("devName", Field::Device),
    ("identHostName", Field::Device),
]);

pub(super) fn read(draft: &mut Draft<'_>) -> bool {
    let body = draft.body();
    let front = Span::of(body.start(), body.end().min(body.start() + 256));
    let Some(from) = draft.find(front, "LEEF:") else { return false };
    let line = draft.line;
    let two = line.get(from + 5) == Some(&b'2');
    let mut bars = memchr::memchr_iter(b'|', line.get(from..body.end()).unwrap_or_default());
    let (Some(before), Some(last)) = (bars.nth(3), bars.next()) else { return false };
    let event = Span::of(from + before + 1, from + last);
    let mut at = event.end() + 1;
    let mut between = b'\t';
    if two && let Some(bar) = bars.next().map(|bar| from + bar) {
        match line.get(at..bar) {
            Some([sign]) => between = *sign,
            Some([b'x', hex @ ..] | [b'0', b'x', hex @ ..]) => {
                let text = std::str::from_utf8(hex).unwrap_or_default();
                between = u8::from_str_radix(text, 16).unwrap_or(between);
            }
            _ => {}
        }
        at = bar + 1;
    }
    draft.put(Field::Event, event);
    while at < body.end() {
        let end = until(line, at, body.end(), between);
        let equals = until(line, at, end, b'=');
        if equals < end {
            let pair = Pair { name: Span::of(at, equals), place: Span::of(equals + 1, end) };
            draft.pair(pair, NAMES.find(line, pair.name));
        }
        at = end + 1;
    }
    // Where nothing says what was done, the kind of event does.
    draft.put(Field::Action, event);
    true
}
