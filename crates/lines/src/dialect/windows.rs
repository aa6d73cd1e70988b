//! Windows events: as JSON (Winlogbeat, NXLog, the event log's own shape), or as XML of the event log.
//!
//! Source: Microsoft, events 4624, 4625, 4634, 4647, 4648, 4672, 4778, 4779, 5156, 5157 of the security log.

use super::json::walk;
use crate::draft::Draft;
use crate::field::{Field, Span};
use crate::names::Names;
use crate::pairs::{Pair, Pairs};
use crate::record::Mark;
use crate::scan::{behind_all, until};

/// By the innermost name; shippers put the same data into different objects.
static NAMES: Names = Names::of(&[
    ("EventID", Field::Event),
    ("EventId", Field::Event),
    ("event_id", Field::Event),
    ("TimeCreated", Field::Time),
    ("SystemTime", Field::Time),
    ("EventTime", Field::Time),
    ("@timestamp", Field::Time),
    ("IpAddress", Field::SrcIp),
    ("SourceAddress", Field::SrcIp),
    ("IpPort", Field::SrcPort),
    ("SourcePort", Field::SrcPort),
    ("DestAddress", Field::DstIp),
    ("DestPort", Field::DstPort),
    ("Protocol", Field::Proto),
    ("TargetUserName", Field::User),
    ("SubjectUserName", Field::User),
    ("AccountName", Field::User),
    ("TargetLogonId", Field::Session),
    ("LogonProcessName", Field::Service),
    ("FilterOrigin", Field::Rule),
    ("Computer", Field::Device),
    ("computer_name", Field::Device),
    ("Hostname", Field::Device),
    ("Message", Field::Message),
    ("message", Field::Message),
]);

pub(super) fn read(draft: &mut Draft<'_>) -> bool {
    let body = draft.body();
    let has = |word: &str| draft.find(body, word).is_some();
    if draft.begins(body, "{") {
        if !["\"EventID\"", "\"event_id\"", "\"EventId\""].iter().any(|sign| has(sign)) {
            return false;
        }
        walk(draft, |draft, path, pair| {
            let last = path.iter().rposition(|byte| *byte == b'.').map_or(0, |dot| dot + 1);
            draft.pair(pair, NAMES.find(path, Span::of(last, path.len())));
        });
    } else if let Some(data) = draft.data.filter(|data| draft.begins(*data, "[NXLOG@")) {
        let inner = Span::of(data.start(), data.end() - 1);
        for pair in Pairs::<b'=', b' '>::of(draft.line, inner) {
            draft.pair(pair, NAMES.find(draft.line, pair.name));
        }
    } else {
        if !has("<Event ") || !has("<EventID") {
            return false;
        }
        xml(draft, body);
    }
    prefer_target(draft);
    match draft.said(Field::Event) {
        b"4624" | b"4778" => draft.set_mark(Mark::On),
        b"4634" | b"4647" | b"4779" => draft.set_mark(Mark::Off),
        _ => {}
    }
    if let Some(event) = draft.span(Field::Event) {
        draft.put(Field::Action, event);
    }
    true
}

/// The account that the event is about is the target's, where there is one; the one who acts is named before it.
fn prefer_target(draft: &mut Draft<'_>) {
    let named = |name: &[u8]| {
        let mut values = draft.values().iter().filter(|value| value.name.within(draft.line) == name);
        values.next().map(|value| value.place)
    };
    let target = named(b"TargetUserName").filter(|place| !matches!(draft.text(*place), b"" | b"-"));
    if let Some(target) = target {
        draft.prefer(Field::User, target);
    }
}

/// `<Name attribute="…">text</Name>` and `<Data Name="name">text</Data>`, one after the other.
fn xml(draft: &mut Draft<'_>, body: Span) {
    let line = draft.line;
    let mut at = body.start();
    while let Some(open) = line.get(at..body.end()).and_then(|rest| memchr::memchr(b'<', rest)) {
        let from = at + open + 1;
        let name = Span::of(from, behind_all(line, from, body.end(), |byte| byte.is_ascii_alphanumeric()));
        let close = until(line, name.end(), body.end(), b'>');
        if let Some(time) = attribute(draft, Span::of(name.end(), close), "SystemTime=") {
            draft.pair(Pair { name: Span::default(), place: time }, Some(Field::Time));
        }
        let inner = (close + 1).min(body.end());
        let text = Span::of(inner, until(line, inner, body.end(), b'<'));
        let name = match draft.text(name) {
            b"Data" => attribute(draft, Span::of(name.end(), close), "Name="),
            b"EventID" | b"Computer" => Some(name),
            _ => None,
        };
        if let Some(name) = name {
            draft.pair(Pair { name, place: text }, NAMES.find(line, name));
        }
        at = text.start().max(from);
    }
}

/// The value of an attribute, in quotes of either kind.
fn attribute(draft: &Draft<'_>, part: Span, name: &str) -> Option<Span> {
    let quote = draft.find(part, name)? + name.len();
    let sign = draft.line.get(quote).copied().filter(|sign| matches!(sign, b'"' | b'\''))?;
    let from = quote + 1;
    let to = until(draft.line, from, part.end(), sign);
    (to < part.end()).then(|| Span::of(from, to))
}
