//! The head of a message: priority, time, host, program, as far as they are there.
//!
//! Devices write heads as they please; each part is read where it is found and left out where it is not. What follows the
//! head is the body, whatever it is. A head that a relay put in front of another is passed over: the inner one is the
//! device's.
//! Source: RFC 5424 §6, RFC 3164 §4.1; heads seen of Cisco, Huawei, Juniper, Palo Alto, Fortinet, Ubiquiti, MikroTik, Meraki.

use crate::draft::Draft;
use crate::field::{Field, Span};
use crate::scan::{behind_all, behind_blanks, number, word};
use crate::time::{epoch, stamp};

/// Reads the head.
pub(crate) fn read(draft: &mut Draft<'_>) {
    let line = draft.line;
    // A mark of UTF-8, and noughts that some send between messages.
    let mut at = if line.starts_with(BYTE_ORDER) { 3 } else { 0 };
    at = behind_all(line, at, line.len(), |byte| matches!(byte, 0 | b' ' | b'\n' | b'\r'));
    if let Some(end) = priority(draft, at) {
        at = end;
        if line.get(at..).is_some_and(|rest| rest.starts_with(b"1 ")) {
            if modern(draft, at + 2) {
                return;
            }
            at = meraki(draft, at + 2).unwrap_or(at);
        }
    }
    // `<166>:Nov 20 10:11:12`
    if draft.priority().is_some() && line.get(at) == Some(&b':') {
        at = behind_blanks(line, at + 1);
    }
    // Here a FortiGate's message begins; no head has such a word.
    if line.get(at..).is_some_and(|rest| rest.starts_with(b"date=")) {
        return set_body(draft, at);
    }
    for _ in 0..2 {
        match round(draft, at) {
            Some(end) => at = end,
            None => break,
        }
    }
    if draft.data.is_none() {
        at = behind_blanks(line, at);
        at = program(draft, at);
    }
    if line.get(at..).is_some_and(|rest| rest.starts_with(BYTE_ORDER)) {
        at += 3;
    }
    // A mark that JSON follows.
    if line.get(at..).is_some_and(|rest| rest.starts_with(b"@cee:")) {
        at = behind_blanks(line, at + 5);
    }
    set_body(draft, at);
}

/// The body goes to the end of the line, but for what ends lines.
fn set_body(draft: &mut Draft<'_>, at: usize) {
    let rest = draft.line.get(at..).unwrap_or_default();
    let length =
        rest.iter().rposition(|byte| !matches!(byte, 0 | b' ' | b'\n' | b'\r')).map_or(0, |at| at + 1);
    draft.set_body(Span::of(at, at + length));
}

const BYTE_ORDER: &[u8] = b"\xEF\xBB\xBF";

/// `<134>`, and where it ends.
fn priority(draft: &mut Draft<'_>, at: usize) -> Option<usize> {
    let rest = draft.line.get(at..)?.strip_prefix(b"<")?;
    let digits = behind_all(rest, 0, 3, |byte| byte.is_ascii_digit());
    if digits == 0 || rest.get(digits) != Some(&b'>') {
        return None;
    }
    let value = u8::try_from(number(rest.get(..digits)?)?).ok().filter(|value| *value <= 191)?;
    draft.set_priority(value);
    Some(at + digits + 2)
}

/// RFC 5424, behind `<134>1 `. False, with nothing put, where it is none after all.
fn modern(draft: &mut Draft<'_>, from: usize) -> bool {
    let line = draft.line;
    let mut at = from;
    let mut words = [Span::default(); 5];
    for one in &mut words {
        *one = word(line, at);
        if one.is_empty() || line.get(one.end()) != Some(&b' ') {
            return false;
        }
        at = one.end() + 1;
    }
    let [time, host, app, process, event] = words;
    match stamp(draft.text(time), draft.when()) {
        Some((stamp, end)) if end == time.length() => draft.put_head_time(stamp, time),
        None if draft.text(time) == b"-" => {}
        _ => return false,
    }
    for (field, place) in
        [(Field::Host, host), (Field::App, app), (Field::Process, process), (Field::Event, event)]
    {
        draft.put(field, place);
    }
    let end = structured(draft, at);
    at = end + usize::from(line.get(end) == Some(&b' '));
    if line.get(at..).is_some_and(|rest| rest.starts_with(BYTE_ORDER)) {
        at += 3;
    }
    set_body(draft, at);
    true
}

/// `-`, or elements in brackets one after the other; an element that does not end is part of the message.
fn structured(draft: &mut Draft<'_>, from: usize) -> usize {
    let line = draft.line;
    if line.get(from) == Some(&b'-') && matches!(line.get(from + 1), None | Some(b' ')) {
        return from + 1;
    }
    let mut at = from;
    while line.get(at) == Some(&b'[')
        && let Some(end) = element(line, at)
    {
        if let Some(number) = line.get(at..end).and_then(sequence) {
            draft.set_sequence(number);
        }
        at = end;
    }
    if at > from {
        draft.data = Some(Span::of(from, at));
    }
    at
}

/// `[meta … sequenceId="1234" …]`, RFC 5424 §7.3.1.
fn sequence(element: &[u8]) -> Option<u64> {
    let values = element.strip_prefix(b"[meta")?;
    let name = b" sequenceId=\"";
    let from = memchr::memmem::find(values, name)? + name.len();
    let text = values.get(from..)?;
    // Nine digits and one at most; more are no number of a message.
    number(text.get(..memchr::memchr(b'"', text)?)?).filter(|number| *number < 1 << 31)
}

/// One element in brackets, quotes and escapes minded; where it ends.
pub(crate) fn element(line: &[u8], from: usize) -> Option<usize> {
    let (mut at, mut quoted) = (from + 1, false);
    while let Some(found) = memchr::memchr3(b'"', b'\\', b']', line.get(at..)?) {
        at += found;
        match line.get(at)? {
            b'\\' if quoted => at += 1,
            b'"' => quoted = !quoted,
            b']' if !quoted => return Some(at + 1),
            _ => {}
        }
        at += 1;
    }
    None
}

/// `1288013672.129 MX84 `, behind `<134>1 `.
fn meraki(draft: &mut Draft<'_>, at: usize) -> Option<usize> {
    let rest = draft.line.get(at..)?;
    let (stamp, end) = epoch(rest)?;
    (rest.get(end) == Some(&b' ')).then(|| draft.put_head_time(stamp, Span::of(at, at + end)))?;
    let place = word(draft.line, at + end + 1);
    draft.own(Field::Host, place);
    Some(behind_blanks(draft.line, place.end()))
}

/// One head in the old style: `seq: host: time host`, as far as it is there. None where it has no time.
fn round(draft: &mut Draft<'_>, from: usize) -> Option<usize> {
    let line = draft.line;
    let second = draft.time().is_some();
    let at = behind_blanks(line, from);
    // A relay may have kept the priority of the device.
    let inner = if second { priority(draft, at) } else { None };
    let before = behind_blanks(line, inner.unwrap_or(at));
    // Cisco's routers count their messages, some twice: what was sent, then what there was.
    let count = counted(line, before);
    let at = count.map_or(before, |(_, end)| counted(line, end).map_or(end, |(_, end)| end));
    let mut named = None;
    let rest = line.get(at..)?;
    let found = stamp(rest, draft.when()).map(|(stamp, end)| (stamp, at, at + end)).or_else(|| {
        // `R1: *Mar  1 00:00:00.123: %SYS-5-CONFIG_I`; behind another head it could be a program that writes the time.
        if second && at == before {
            return None;
        }
        let name = Span::of(at, behind_all(line, at, at + 64, is_of_host).saturating_sub(1));
        let from = name.end() + 2;
        if line.get(name.end()..from) != Some(b": ") {
            return None;
        }
        // `52: R1: 000051: Mar  1 …`
        let from = counted(line, from).map_or(from, |(_, end)| end);
        let (stamp, end) = stamp(line.get(from..)?, draft.when())?;
        named = Some(name).filter(|name| !name.is_empty());
        Some((stamp, from, from + end))
    });
    if let Some((number, _)) = count
        && (found.is_some() || rest.starts_with(b"%"))
    {
        draft.set_sequence(number);
    }
    let Some((stamp, from, end)) = found else { return inner };
    if let Some(name) = named {
        draft.own(Field::Host, name);
    }
    draft.put_head_time(stamp, Span::of(from, end));
    // What follows may be the host, or, behind a colon, the message at once.
    if line.get(end) == Some(&b':') {
        return Some(behind_blanks(line, end + 1));
    }
    let next = behind_blanks(line, end);
    // `2026-11-20 10:11:12,123 INFO` behind a head is a program's own way, and no host follows.
    if second && line.get(from).is_some_and(u8::is_ascii_digit) && line.get(from + 10) == Some(&b' ') {
        return Some(next);
    }
    Some(host(draft, next))
}

/// `1234: `, the number by which Cisco's devices count their messages, and what is behind it.
fn counted(line: &[u8], at: usize) -> Option<(u64, usize)> {
    let digits = behind_all(line, at, at + 10, |byte| byte.is_ascii_digit());
    if line.get(digits..digits + 2) != Some(b": ") {
        return None;
    }
    Some((number(line.get(at..digits)?)?, behind_blanks(line, digits + 2)))
}

/// The host: a word that is no program's tag and no body's beginning.
fn host(draft: &mut Draft<'_>, at: usize) -> usize {
    let line = draft.line;
    let place = word(line, at);
    let name = draft.text(place);
    if let Some(end) = access_point(draft, place) {
        return end;
    }
    let is_host = !name.is_empty()
        && name.len() <= 255
        && name.iter().all(|byte| is_of_host(*byte))
        && !name.starts_with(b"%")
        && !name.ends_with(b":")
        && !name.iter().all(u8::is_ascii_digit)
        && line.get(place.end()) == Some(&b' ');
    if !is_host {
        return at;
    }
    draft.own(Field::Host, place);
    let next = behind_blanks(line, place.end());
    // `host : %ASA-…`
    if line.get(next..).is_some_and(|rest| rest.starts_with(b": ")) {
        return behind_blanks(line, next + 2);
    }
    modern_rest(draft, next).unwrap_or(next)
}

const fn is_of_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'_' | b'.' | b':' | b'%' | b'/' | b'@')
        || byte >= 0x80
}

/// `U7PG2,788a2056b182,v4.0.66.10832: `: access points of Ubiquiti name themselves with their hardware address.
fn access_point(draft: &mut Draft<'_>, place: Span) -> Option<usize> {
    let name = draft.text(place);
    let comma = memchr::memchr(b',', name)?;
    let mac = name.get(comma + 1..comma + 13)?;
    let known = comma > 0 && mac.iter().all(u8::is_ascii_hexdigit) && name.get(comma + 13) == Some(&b',');
    known.then(|| {
        draft.own(Field::Host, Span::of(place.start(), place.start() + comma));
        behind_blanks(draft.line, place.end())
    })
}

/// `CheckPoint 26203 - [sc4s@2620 …]`: RFC 5424 behind a head that does not say so.
fn modern_rest(draft: &mut Draft<'_>, from: usize) -> Option<usize> {
    let line = draft.line;
    let (app, process) = (word(line, from), word(line, word(line, from).end() + 1));
    let event = word(line, process.end() + 1);
    let open = event.end() + 1;
    if line.get(open) != Some(&b'[') || [app, process, event].iter().any(|place| place.is_empty()) {
        return None;
    }
    // The name of an element; `[pid]` or `[0.123]` is none.
    let id = behind_all(line, open + 1, open + 65, |byte| !matches!(byte, b' ' | b']' | b'=' | b'"'));
    if !line.get(open..id)?.contains(&b'@') {
        return None;
    }
    for (field, place) in [(Field::App, app), (Field::Process, process), (Field::Event, event)] {
        draft.put(field, place);
    }
    let end = structured(draft, open);
    Some(behind_blanks(line, end))
}

/// `sshd[123]: `, `filterlog: `: a program and its process. A tag of Cisco's, `%ASA-6-302013:`, belongs to the body. Without
/// a head in front only what names its process is one.
fn program(draft: &mut Draft<'_>, at: usize) -> usize {
    let line = draft.line;
    let name = Span::of(at, behind_all(line, at, at + 64, is_of_program));
    let mut end = name.end();
    if name.is_empty() {
        return at;
    }
    let mut process = None;
    if line.get(end) == Some(&b'[') {
        let close = behind_all(line, end + 1, end + 33, |byte| !matches!(byte, b']' | b' '));
        if line.get(close) != Some(&b']') {
            return at;
        }
        process = Some(Span::of(end + 1, close));
        end = close + 1;
    }
    let headed = process.is_some() || draft.priority().is_some() || draft.time().is_some();
    if !headed || line.get(end) != Some(&b':') || !matches!(line.get(end + 1), None | Some(b' ')) {
        return at;
    }
    draft.own(Field::App, name);
    if let Some(process) = process {
        draft.put(Field::Process, process);
    }
    behind_blanks(line, end + 1)
}

const fn is_of_program(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/' | b'(' | b')' | b'@' | b'+')
}
