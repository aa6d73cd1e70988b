//! Palo Alto Networks: values between commas, by the kind of log in the fourth.
//!
//! Source: PAN-OS 11, Syslog Field Descriptions: traffic, threat, authentication, configuration, system, User-ID,
//! GlobalProtect, decryption, HIP match.

use crate::draft::{Draft, SOURCE};
use crate::field::{Field, Span};
use crate::pairs::Values;
use crate::record::Mark;

type Table = &'static [(usize, Field)];

const ALL: Table = &[(2, Field::Device), (6, Field::Time), (1, Field::Time)];
const FLOW: Table = &[
    (7, Field::SrcIp),
    (8, Field::DstIp),
    (11, Field::Rule),
    (12, Field::User),
    (13, Field::User),
    (14, Field::Service),
    (22, Field::Session),
    (24, Field::SrcPort),
    (25, Field::DstPort),
    (29, Field::Proto),
    (30, Field::Action),
];
const TRAFFIC: Table = &[
    (31, Field::Bytes),
    (32, Field::BytesSent),
    (33, Field::BytesReceived),
    (35, Field::SessionStart),
    (36, Field::Duration),
];
const THREAT: Table = &[(31, Field::Url), (32, Field::Message)];
const CONFIG: Table = &[(7, Field::SrcIp), (9, Field::Action), (10, Field::User), (13, Field::Message)];
const SYSTEM: Table = &[(8, Field::Action), (14, Field::Message)];
const AUTHENTICATION: Table =
    &[(8, Field::SrcIp), (9, Field::User), (12, Field::Rule), (18, Field::Message), (20, Field::Action)];
const USER_ID: Table = &[(8, Field::SrcIp), (9, Field::User), (4, Field::Action)];
const PROTECT: Table =
    &[(8, Field::Action), (12, Field::User), (15, Field::SrcIp), (16, Field::SrcIp), (27, Field::Message)];
const HOST_MATCH: Table = &[(7, Field::User), (11, Field::SrcIp), (12, Field::Rule)];

/// Most values looked at.
const MOST: usize = 40;

pub(super) fn read(draft: &mut Draft<'_>) -> bool {
    if !draft.text(draft.body()).first().is_some_and(u8::is_ascii_digit) {
        return false;
    }
    let mut places = [Span::default(); MOST];
    let mut tables: &[Table] = &[];
    for ((number, place), value) in places.iter_mut().enumerate().zip(Values::new(draft.line, draft.body())) {
        *place = value;
        // The fourth tells the kind; nothing else is looked at in a line of another make.
        if number == 3 {
            tables = kind(draft.text(value));
            if tables.is_empty() {
                return false;
            }
        }
    }
    let of = |number: usize| places.get(number).copied().unwrap_or_default();
    for (number, field) in tables.iter().flat_map(|table| table.iter()) {
        draft.put(*field, of(*number));
    }
    // Kinds without kinds of their own have a nought there.
    let event = if draft.text(of(4)) == b"0" { of(3) } else { of(4) };
    draft.put(Field::Event, event);
    draft.put(Field::Action, event);
    // `failed authentication for user 'admin'. … From: 10.0.0.77.`
    if let Some(text) = draft.span(Field::Message).filter(|_| draft.text(of(3)) == b"SYSTEM") {
        if let Some(user) = draft.between(text, "user '", "'") {
            draft.say(Field::User, user);
        }
        if let Some(from) = draft.find_last(text, "From: ") {
            draft.put_end(Span::of(from + 6, text.end()), SOURCE);
        }
    }
    match (draft.text(of(3)), draft.text(of(4)), draft.text(of(8))) {
        (b"TRAFFIC", b"start", _) => draft.set_mark(Mark::Opened),
        (b"TRAFFIC", b"end", _) => draft.set_mark(Mark::Closed),
        (b"USERID", b"login", _) | (_, _, b"gateway-connected") => draft.set_mark(Mark::On),
        (b"USERID", b"logout", _) | (_, _, b"gateway-logout") => draft.set_mark(Mark::Off),
        _ => {}
    }
    !tables.is_empty()
}

/// The tables of a kind of log.
fn kind(kind: &[u8]) -> &'static [Table] {
    match kind {
        b"TRAFFIC" => &[ALL, FLOW, TRAFFIC],
        b"THREAT" => &[ALL, FLOW, THREAT],
        b"DECRYPTION" => &[ALL, FLOW],
        b"CONFIG" => &[ALL, CONFIG],
        b"SYSTEM" => &[ALL, SYSTEM],
        b"AUTH" | b"AUTHENTICATION" => &[ALL, AUTHENTICATION],
        b"USERID" => &[ALL, USER_ID],
        b"GLOBALPROTECT" => &[ALL, PROTECT],
        b"HIPMATCH" => &[ALL, HOST_MATCH],
        _ => &[],
    }
}
