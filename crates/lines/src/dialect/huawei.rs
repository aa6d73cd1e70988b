//! Huawei and H3C: `%%01MODULE/severity/NAME(l)[14]:` and pairs between commas, or a sentence with pairs in brackets.
//!
//! Source: Huawei USG6000 Log Reference: POLICY, SECLOG, SSH, SHELL, AAA; H3C Comware Log Messages.

use crate::draft::Draft;
use crate::field::{Field, Span};
use crate::names::Names;
use crate::pairs::{Pair, Pairs};
use crate::record::Mark;
use crate::scan::{behind_all, until};

static NAMES: Names = Names::of(&[
    ("source-ip", Field::SrcIp),
    ("SourceIP", Field::SrcIp),
    ("SrcIPAddr", Field::SrcIp),
    ("SrcIp", Field::SrcIp),
    ("UserAddress", Field::SrcIp),
    ("Ip", Field::SrcIp),
    ("IPAddr", Field::SrcIp),
    ("IP", Field::SrcIp),
    ("destination-ip", Field::DstIp),
    ("DestinationIP", Field::DstIp),
    ("DstIPAddr", Field::DstIp),
    ("DstIp", Field::DstIp),
    ("LocalAddress", Field::DstIp),
    ("source-port", Field::SrcPort),
    ("SourcePort", Field::SrcPort),
    ("SrcPort", Field::SrcPort),
    ("destination-port", Field::DstPort),
    ("DestinationPort", Field::DstPort),
    ("DstPort", Field::DstPort),
    ("protocol", Field::Proto),
    ("Protocol", Field::Proto),
    ("ServiceType", Field::Proto),
    ("action", Field::Action),
    ("Action", Field::Action),
    ("user-name", Field::User),
    ("UserName", Field::User),
    ("User", Field::User),
    ("user", Field::User),
    ("time", Field::Time),
    ("BeginTime", Field::SessionStart),
    ("EndTime", Field::SessionEnd),
    ("SendBytes", Field::BytesSent),
    ("RcvBytes", Field::BytesReceived),
    ("SessionId", Field::Session),
    ("rule-name", Field::Rule),
    ("Policy", Field::Rule),
    ("SecurityPolicy", Field::Rule),
    ("application-name", Field::Service),
    ("Application", Field::Service),
    ("Command", Field::Message),
]);

pub(super) fn read(draft: &mut Draft<'_>) -> bool {
    let (line, body) = (draft.line, draft.body());
    if !draft.begins(body, "%%") {
        return false;
    }
    // `%%01SSH/5/SSH_USER_LOGIN(s)[12]:`
    let from = behind_all(line, body.start() + 2, body.end(), |byte| byte.is_ascii_digit());
    let colon = until(line, from, body.end(), b':');
    let tag = Span::of(from, until(line, from, colon, b'('));
    if colon >= body.end() || draft.text(tag).iter().filter(|byte| **byte == b'/').count() != 2 {
        return false;
    }
    let last = draft.text(tag).iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1);
    let event = Span::of(tag.start() + last, tag.end());
    draft.put(Field::Event, event);
    let text = Span::of(colon + 1, body.end());
    let (open, close) = (draft.find(text, "("), draft.find_last(text, ")"));
    let pairs = match (open, close) {
        (Some(open), Some(close))
            if open < close && draft.find(Span::of(text.start(), open), "=").is_none() =>
        {
            Span::of(open + 1, close)
        }
        _ => text,
    };
    for pair in Pairs::<b'=', b','>::of(line, pairs) {
        // Session logs end with a full stop or a semicolon.
        let value = draft.text(pair.place);
        let value = value.strip_suffix(b".").or_else(|| value.strip_suffix(b";")).unwrap_or(value);
        let place = Span::of(pair.place.start(), pair.place.start() + value.len());
        draft.pair(Pair { place, ..pair }, NAMES.find(line, pair.name));
    }
    if let Some(from) = draft.find(text, " from ").filter(|_| draft.span(Field::SrcIp).is_none()) {
        draft.put_end(Span::of(from + 6, text.end()), crate::draft::SOURCE);
        // `admin logged in from 10.0.0.9.`
        if let Some(end) = draft.find(text, " logged ").filter(|end| *end < from) {
            draft.say(Field::User, Span::of(crate::scan::behind_blanks(line, text.start()), end));
        }
    }
    let name = draft.text(event);
    let has = |word: &[u8]| memchr::memmem::find(name, word).is_some();
    if has(b"LOGOUT") {
        draft.set_mark(Mark::Off);
    } else if has(b"LOGIN") && !has(b"FAIL") {
        draft.set_mark(Mark::On);
    } else if has(b"TEARDOWN") {
        draft.set_mark(Mark::Closed);
    } else if has(b"SESSION_CREATE") {
        draft.set_mark(Mark::Opened);
    }
    draft.put(Field::Action, event);
    true
}
