//! Junos: structured data under Juniper's number, or sentences of `RT_FLOW`, `RT_UTM`, `RT_IDP`.
//!
//! Source: Junos System Log Explorer: RT_FLOW, RT_IDP, RT_UTM, SECINTEL, UI.

use crate::draft::Draft;
use crate::field::{Field, Span};
use crate::names::Names;
use crate::pairs::Pairs;
use crate::record::Mark;
use crate::scan::{behind_all, behind_blanks, until, word};

static NAMES: Names = Names::of(&[
    ("source-address", Field::SrcIp),
    ("destination-address", Field::DstIp),
    ("source-port", Field::SrcPort),
    ("destination-port", Field::DstPort),
    ("protocol-id", Field::Proto),
    ("protocol-name", Field::Proto),
    ("protocol", Field::Proto),
    ("action", Field::Action),
    ("policy-name", Field::Rule),
    ("username", Field::User),
    ("session-id-32", Field::Session),
    ("session-id", Field::Session),
    ("elapsed-time", Field::Duration),
    ("bytes-from-client", Field::BytesSent),
    ("bytes-from-server", Field::BytesReceived),
    ("service-name", Field::Service),
    ("url", Field::Url),
    ("command", Field::Message),
    ("reason", Field::Message),
]);
/// What the name of a message says was done.
const DONE: [(&str, Option<Mark>); 11] = [
    ("SESSION_CREATE", Some(Mark::Opened)),
    ("SESSION_CLOSE", Some(Mark::Closed)),
    ("SESSION_DENY", None),
    ("LOGIN_EVENT", Some(Mark::On)),
    ("LOGOUT_EVENT", Some(Mark::Off)),
    ("LOGIN_FAILED", None),
    ("ATTACK_LOG_EVENT", None),
    ("URL_PERMITTED", None),
    ("URL_BLOCKED", None),
    ("CMDLINE_READ_LINE", None),
    ("AUTH_EVENT", None),
];
/// Programs whose sentences are read.
const PROGRAMS: [&[u8]; 7] =
    [b"RT_FLOW", b"RT_UTM", b"RT_IDP", b"RT_SCREEN", b"RT_SECINTEL", b"mgd", b"RT_AAMW"];

pub(super) fn read(draft: &mut Draft<'_>) -> bool {
    let (line, body) = (draft.line, draft.body());
    let data = draft.data.filter(|data| draft.begins(*data, "[junos@2636"));
    let program = draft.said(Field::App);
    if data.is_none() && !PROGRAMS.contains(&program) && !program.starts_with(b"RT_FLOW_SESSION") {
        return false;
    }
    if let Some(data) = data {
        for pair in Pairs::<b'=', b' '>::of(line, Span::of(data.start() + 1, data.end() - 1)) {
            draft.pair(pair, NAMES.find(line, pair.name));
        }
    } else {
        // `RT_FLOW_SESSION_CREATE: session created …`
        let name = Span::of(body.start(), until(line, body.start(), body.end(), b':'));
        if draft.span(Field::Event).is_none() {
            // Some write it as the program.
            let own = draft.span(Field::App).filter(|_| program.starts_with(b"RT_FLOW_SESSION"));
            if let Some(name) = own.or_else(|| Some(name).filter(|name| !draft.text(*name).contains(&b' '))) {
                draft.put(Field::Event, name);
            }
        }
        sentence(draft, body);
    }
    // Of a log-on: address and port of either end, between blanks.
    if let Some(ends) = draft.between(data.unwrap_or(body), "ssh-connection=\"", "\"") {
        let mut at = ends.start();
        for field in [Field::SrcIp, Field::SrcPort, Field::DstIp, Field::DstPort] {
            let place = Span::of(at, until(line, at, ends.end(), b' '));
            draft.put(field, place);
            at = place.end() + 1;
        }
    }
    let Some(event) = draft.span(Field::Event) else { return true };
    for (word, mark) in DONE {
        let Some(at) = draft.find(event, word) else { continue };
        draft.put(Field::Action, Span::of(at, at + word.len()));
        if let Some(mark) = mark {
            draft.set_mark(mark);
        }
        break;
    }
    draft.put(Field::Action, event);
    true
}

/// `ACTION="…" 1.2.3.4(80)->5.6.7.8(443)`, `<1.2.3.4/80->5.6.7.8/443>`, `1.2.3.4/80->5.6.7.8/443 service 6 policy`.
fn sentence(draft: &mut Draft<'_>, body: Span) {
    if let Some(arrow) = draft.find(body, "->") {
        draft.put_arrow(body, arrow);
        if draft.begins(draft.span(Field::Event).unwrap_or_default(), "RT_FLOW_SESSION") {
            flow(draft, Span::of(arrow + 2, body.end()));
        }
    }
    if let Some(action) = draft.between(body, "ACTION=\"", "\"") {
        draft.put(Field::Action, action);
    }
    for (name, field) in [
        (" action=", Field::Action),
        ("username ", Field::User),
        ("User '", Field::User),
        (" URL=", Field::Url),
        ("by rule ", Field::Rule),
        (" name=", Field::Message),
    ] {
        if let Some(value) = draft.behind(body, name) {
            draft.put(field, value);
        }
    }
    for proto in ["TCP", "UDP", "ICMP"] {
        if let Some(at) = draft.find(body, &[" for ", proto, " "].concat()).map(|at| at + 5) {
            draft.put(Field::Proto, Span::of(at, at + proto.len()));
        }
    }
}

/// Behind the first arrow: `6.7.8.9/80 0x0 junos-http 1.2.3.4/5->6.7.8.9/80 0x0 N/A N/A N/A N/A 6 policy from to 123
/// 10(1000) 12(2000) 5`; of what was denied the arrow of translation is missing. Older releases leave parts out.
fn flow(draft: &mut Draft<'_>, part: Span) {
    let line = draft.line;
    let from = draft.find(part, "->").map_or(part.start(), |arrow| arrow + 2);
    let mut at = behind_blanks(line, word(line, from).end());
    let mut next = || {
        let found = word(line, at);
        at = behind_blanks(line, found.end());
        Some(found).filter(|found| !found.is_empty() && found.end() <= part.end())
    };
    // The protocol is the first number, or `6(0)`.
    let proto = loop {
        let Some(found) = next() else { return };
        let digits = behind_all(line, found.start(), found.end(), |byte| byte.is_ascii_digit());
        if digits > found.start() && matches!(line.get(digits), Some(b' ' | b'(')) {
            break Span::of(found.start(), digits);
        }
    };
    let (rule, session) = (next(), { next().and(next()).and(next()) });
    draft.put(Field::Proto, proto);
    if let Some(rule) = rule {
        draft.put(Field::Rule, rule);
    }
    let Some(session) = session.filter(|session| draft.text(*session).iter().all(u8::is_ascii_digit)) else {
        return;
    };
    draft.put(Field::Session, session);
    // Packets with their bytes in brackets, both ways, then seconds.
    let rest = Span::of(behind_blanks(line, session.end()), part.end());
    let mut at = rest.start();
    for field in [Field::BytesSent, Field::BytesReceived] {
        let open = behind_all(line, at, rest.end(), |byte| byte.is_ascii_digit());
        let close = behind_all(line, open + 1, rest.end(), |byte| byte.is_ascii_digit());
        if open == at || line.get(open) != Some(&b'(') || line.get(close) != Some(&b')') {
            return;
        }
        draft.put(field, Span::of(open + 1, close));
        at = behind_blanks(line, close + 1);
    }
    let seconds = Span::of(at, behind_all(line, at, rest.end(), |byte| byte.is_ascii_digit()));
    draft.put(Field::Duration, seconds);
}
