//! MikroTik RouterOS: topics between commas, then a sentence.
//!
//! Source: RouterOS, Log (topics), Firewall (log of rules), Users.

use crate::draft::{Draft, SOURCE};
use crate::field::{Field, Span};
use crate::record::Mark;
use crate::scan::word;

/// The first topics of messages; a second one follows.
const TOPICS: [&[u8]; 22] = [
    b"account",
    b"caps",
    b"certificate",
    b"container",
    b"critical",
    b"dhcp",
    b"dns",
    b"error",
    b"firewall",
    b"hotspot",
    b"info",
    b"interface",
    b"ipsec",
    b"l2tp",
    b"ovpn",
    b"ppp",
    b"pppoe",
    b"radius",
    b"script",
    b"system",
    b"warning",
    b"wireless",
];
/// The second topics of messages.
const LEVELS: [&[u8]; 6] = [b"info", b"error", b"warning", b"critical", b"debug", b"account"];

pub(super) fn read(draft: &mut Draft<'_>) -> bool {
    let (line, body) = (draft.line, draft.body());
    let topics = word(line, body.start());
    let mut parts = draft.text(topics).split(|byte| *byte == b',');
    let first = parts.next().unwrap_or_default();
    if !TOPICS.contains(&first) || !parts.any(|part| LEVELS.contains(&part)) {
        return false;
    }
    draft.put(Field::Event, topics);
    let text = Span::of(crate::scan::behind_blanks(line, topics.end()).min(body.end()), body.end());
    if let Some(arrow) = draft.find(text, "->") {
        draft.put_arrow(text, arrow);
    }
    if let Some(proto) = draft.behind(text, "proto ") {
        draft.put(Field::Proto, proto);
    }
    if let Some(length) = draft.behind(text, "len ") {
        draft.put(Field::Bytes, length);
    }
    if first == b"firewall" {
        rule(draft, text);
    } else {
        account(draft, text);
    }
    true
}

/// `drop-in input: in:…`: the prefix of the rule's own, then the chain.
fn rule(draft: &mut Draft<'_>, text: Span) {
    let Some(colon) = draft.find(text, ": ") else { return };
    let rule = Span::of(text.start(), colon);
    draft.put(Field::Rule, rule);
    const ACTIONS: [&str; 8] = ["drop", "accept", "reject", "tarpit", "DROP", "ACCEPT", "REJECT", "TARPIT"];
    draft.put_first(Field::Action, rule, &ACTIONS);
}

/// `login failure for user admin from 1.2.3.4 via winbox`, `user admin logged in from …`, `logged out`. Whoever asks names
/// the account, so that the address is looked for from behind.
fn account(draft: &mut Draft<'_>, text: Span) {
    const DONE: [(&str, Option<Mark>); 3] =
        [("login failure", None), ("logged in", Some(Mark::On)), ("logged out", Some(Mark::Off))];
    let from = draft.find_last(text, " from ");
    let front = Span::of(text.start(), from.unwrap_or(text.end()));
    for (words, mark) in DONE {
        let found = if mark.is_none() { draft.find(front, words) } else { draft.find_last(front, words) };
        if let Some(at) = found {
            draft.put(Field::Action, Span::of(at, at + words.len()));
            if let Some(mark) = mark.filter(|_| draft.said(Field::Action) == words.as_bytes()) {
                draft.set_mark(mark);
            }
        }
    }
    if let Some(user) = draft.find(front, "user ").map(|at| at + 5) {
        let end = [" logged in", " logged out"].iter().find_map(|words| draft.find_last(front, words));
        draft.say(Field::User, Span::of(user, end.unwrap_or(front.end())));
    }
    let Some(from) = from else { return };
    draft.put_end(Span::of(from + 6, text.end()), SOURCE);
    if let Some(via) = draft.behind(Span::of(from, text.end()), " via ") {
        draft.put(Field::Service, via);
    }
}
