//! Cisco: `%FACILITY-severity-NAME:` and a sentence, or pairs with colons: ASA and FTD, IOS and IOS XE, NX-OS.
//!
//! Source: Cisco Secure Firewall ASA Series Syslog Messages; Firepower Threat Defense, messages 430001 to 430005; IOS XE
//! System Message Guide: SEC, SEC_LOGIN, SSH, SYS, PARSER; NX-OS, ACLLOG.

use crate::draft::{DESTINATION, Draft, SOURCE};
use crate::field::{Field, Span};
use crate::record::Mark;
use crate::scan::{behind_all, endpoint};

/// Of Firepower and NX-OS: what stands behind these goes up to the next comma.
const NAMES: [(&str, Field); 21] = [
    ("AccessControlRuleAction: ", Field::Action),
    ("SrcIP: ", Field::SrcIp),
    ("DstIP: ", Field::DstIp),
    ("SrcPort: ", Field::SrcPort),
    ("DstPort: ", Field::DstPort),
    ("Protocol: ", Field::Proto),
    ("InitiatorBytes: ", Field::BytesSent),
    ("ResponderBytes: ", Field::BytesReceived),
    ("ConnectionID: ", Field::Session),
    ("ConnectionDuration: ", Field::Duration),
    ("ApplicationProtocol: ", Field::Service),
    ("URL: ", Field::Url),
    ("FirstPacketSecond: ", Field::SessionStart),
    ("AccessControlRuleName: ", Field::Rule),
    ("User: ", Field::User),
    ("Message: ", Field::Message),
    ("InlineResult: ", Field::Action),
    ("Src IP: ", Field::SrcIp),
    ("Dst IP: ", Field::DstIp),
    ("Src Port: ", Field::SrcPort),
    ("Dst Port: ", Field::DstPort),
];

pub(super) fn read(draft: &mut Draft<'_>) -> bool {
    let Some((facility, name, text)) = tag(draft) else { return false };
    draft.put(Field::Event, name);
    if draft.text(name).starts_with(b"4300") || draft.find(text, "Src IP: ").is_some() {
        for (name, field) in NAMES {
            if let Some(from) = draft.find(text, name).map(|at| at + name.len()) {
                draft.put(field, Span::of(from, crate::scan::until(draft.line, from, text.end(), b',')));
            }
        }
        // `Protocol: "TCP"(6)`
        if let Some(proto) = draft.between(text, "Protocol: \"", "\"") {
            draft.prefer(Field::Proto, proto);
        }
        draft.put(Field::Action, name);
        // A connection is told when it has ended, unless it says otherwise.
        if draft.span(Field::Duration).is_some() && draft.text(name) != b"430002" {
            draft.set_mark(Mark::Closed);
        }
        return true;
    }
    match facility {
        b"ASA" | b"FTD" | b"PIX" | b"FWSM" => firewall(draft, name, text),
        _ => router(draft, name, text),
    }
    true
}

/// `%ASA-6-302013: ` near the front: the facility, the name, and what follows.
fn tag<'r>(draft: &Draft<'r>) -> Option<(&'r [u8], Span, Span)> {
    let (line, body) = (draft.line, draft.body());
    let mut at = body.start();
    loop {
        let front = line.get(at..body.end().min(body.start() + 96))?;
        at += memchr::memchr(b'%', front)? + 1;
        let facility = behind_all(line, at, body.end(), |byte| {
            byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_'
        });
        // A module may stand between: `%ACLLOG-SW1-6-…`, and some names have a dash of their own.
        let tag = behind_all(line, facility, body.end(), |byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
        });
        let parts = line.get(facility..tag).unwrap_or_default();
        let name = parts.windows(3).position(|three| matches!(three, [b'-', b'0'..=b'7', b'-']));
        if facility > at
            && let Some(name) = name
            && line.get(tag) == Some(&b':')
        {
            let text = Span::of(crate::scan::behind_blanks(line, tag + 1).min(body.end()), body.end());
            return Some((line.get(at..facility)?, Span::of(facility + name + 3, tag), text));
        }
    }
}

/// What a sentence of a firewall tells: the two ends in the order they stand, turned for connections built outwards.
fn firewall(draft: &mut Draft<'_>, name: Span, text: Span) {
    let number = draft.text(name);
    // Behind the name of an account, which may read like an address.
    if let Some(at) = draft.find_last(text, " IP = ") {
        draft.put_end(Span::of(at + 6, text.end()), SOURCE);
    }
    let ends = ends(draft, text);
    let outward = match ends {
        _ if draft.find(text, "outbound").is_some() => true,
        // Whoever tells the end of a connection does not say who began it: the higher port is the asking one's.
        [Some((_, first)), Some((_, second))] if matches!(number, b"302014" | b"302016" | b"302304") => {
            let port = |port: Option<Span>| port.and_then(|port| crate::scan::number(draft.text(port)));
            port(first) < port(second)
        }
        _ => false,
    };
    let (first, second) = if outward { (DESTINATION, SOURCE) } else { (SOURCE, DESTINATION) };
    put_ends(draft, ends, first, second);
    for proto in ["TCP", "UDP", "ICMP", "tcp", "udp", "icmp", "GRE", "ESP", "SCTP"] {
        let found = draft.find(text, proto).filter(|at| {
            let around = [at.checked_sub(1), Some(at + proto.len())];
            let mut around = around.into_iter().flatten().filter_map(|at| draft.line.get(at));
            around.all(|byte| matches!(byte, b' ' | b'/' | b',' | b'"'))
        });
        if let Some(at) = found {
            draft.say(Field::Proto, Span::of(at, at + proto.len()));
        }
    }
    draft.put_first(Field::Action, text, &ACTIONS);
    for (word, field) in [
        ("connection ", Field::Session),
        ("Username = ", Field::User),
        ("Uname: ", Field::User),
        ("user = ", Field::User),
        ("user= ", Field::User),
        ("user '", Field::User),
        ("User '", Field::User),
        ("user \"", Field::User),
        ("for user ", Field::User),
        ("access-list ", Field::Rule),
        ("access-group \"", Field::Rule),
        ("duration ", Field::Duration),
        ("Duration: ", Field::Duration),
        (" bytes ", Field::Bytes),
        ("Bytes xmt: ", Field::BytesSent),
        ("Bytes rcv: ", Field::BytesReceived),
    ] {
        let Some(value) = draft.behind(text, word) else { continue };
        let numeric = matches!(field, Field::Session | Field::Bytes);
        if !numeric || crate::scan::number(draft.text(value)).is_some() {
            draft.say(field, value);
        }
    }
    match number {
        b"302013" | b"302015" | b"302020" | b"302303" => draft.set_mark(Mark::Opened),
        b"302014" | b"302016" | b"302021" | b"302304" => draft.set_mark(Mark::Closed),
        b"605005" | b"113039" | b"722051" => draft.set_mark(Mark::On),
        b"611103" | b"113019" | b"722037" => draft.set_mark(Mark::Off),
        _ => {}
    }
    draft.put(Field::Action, name);
}

/// What firewalls say was done, the first that is found.
const ACTIONS: [&str; 17] = [
    "Built",
    "Teardown",
    "denied",
    "Denied",
    "Deny",
    "permitted",
    "Permitted",
    "est-allowed",
    "rejected",
    "Rejected",
    "failed",
    "succeeded",
    "logged out",
    "discarded",
    "disconnected",
    "Successful",
    "executed",
];

/// What a router tells: `list 101 denied tcp 1.2.3.4(1234) -> 5.6.7.8(80), 1 packet`,
/// `Login Success [user: admin] [Source: 10.1.1.1] [localport: 22]`, `Configured from console by admin on vty0 (10.1.1.1)`.
fn router(draft: &mut Draft<'_>, name: Span, text: Span) {
    if let Some(at) = draft.find_last(text, "[Source: ") {
        draft.put_end(Span::of(at + 9, text.end()), SOURCE);
    }
    let ends = ends(draft, text);
    put_ends(draft, ends, SOURCE, DESTINATION);
    if let Some(list) = draft.behind(text, "list ") {
        draft.put(Field::Rule, list);
        for action in ["denied ", "permitted "] {
            let Some(at) = draft.find(text, action) else { continue };
            draft.put(Field::Action, Span::of(at, at + action.len() - 1));
            let from = at + action.len();
            let proto = Span::of(from, crate::scan::until(draft.line, from, text.end(), b' '));
            // A list of addresses alone names no protocol.
            if endpoint(draft.line, proto).is_none() {
                draft.put(Field::Proto, proto);
            }
        }
    }
    for (word, field) in [
        ("[user: ", Field::User),
        ("[localport: ", Field::DstPort),
        ("User:", Field::User),
        ("User '", Field::User),
        ("User ", Field::User),
        ("user ", Field::User),
        (" by ", Field::User),
    ] {
        if let Some(value) = draft.behind(text, word).filter(|value| endpoint(draft.line, *value).is_none()) {
            draft.put(field, value);
        }
    }
    draft.put_first(Field::Proto, text, &["SSH2", "SSH"]);
    match draft.text(name) {
        b"LOGIN_SUCCESS" | b"AUTH_PASSED" => draft.set_mark(Mark::On),
        b"LOGOUT" => draft.set_mark(Mark::Off),
        _ => {}
    }
    draft.put(Field::Action, name);
    draft.put(Field::Message, text);
}

type End = Option<(Span, Option<Span>)>;

/// The first two addresses of a sentence, with their ports: `outside:1.2.3.4/80(user)`; what stands in brackets is the
/// same address translated.
fn ends(draft: &Draft<'_>, text: Span) -> [End; 2] {
    let line = draft.line;
    let mut found = [None, None];
    let mut at = text.start();
    for end in &mut found {
        while at < text.end() {
            let from = behind_all(line, at, text.end(), |byte| matches!(byte, b' ' | b',' | b'[' | b'"'));
            let to = behind_all(line, from, text.end(), |byte| !matches!(byte, b' ' | b','));
            at = to.max(from + 1);
            *end = candidates(line, Span::of(from, to))
                .into_iter()
                .flatten()
                .find_map(|from| endpoint(line, Span::of(from, to)));
            if end.is_some() {
                break;
            }
        }
    }
    found
}

/// Where an address may begin in a word: at its front, or behind the name of an interface. A word that opens a bracket of
/// its own is a translated address, unless the bracket holds nothing else.
fn candidates(line: &[u8], word: Span) -> [Option<usize>; 4] {
    let text = word.within(line);
    let bracket = text.first() == Some(&b'(');
    if bracket && memchr::memchr2(b'/', b':', text).is_some() {
        return [None; 4];
    }
    let behind = |sign| memchr::memchr(sign, text).map(|at| word.start() + at + 1);
    [Some(word.start() + usize::from(bracket)), behind(b':'), behind(b'/'), behind(b'(')]
}

fn put_ends(draft: &mut Draft<'_>, ends: [End; 2], first: (Field, Field), second: (Field, Field)) {
    for (end, (ip, port)) in ends.into_iter().zip([first, second]) {
        let Some((address, number)) = end else { continue };
        draft.say(ip, address);
        if let Some(number) = number {
            draft.say(port, number);
        }
    }
}
