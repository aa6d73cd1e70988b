//! FortiGate: pairs, the first of which is `date`.
//!
//! Source: FortiOS Log Message Reference, traffic, UTM and event logs.

use crate::draft::Draft;
use crate::field::{Field, Span};
use crate::names::Names;
use crate::pairs::Pairs;
use crate::record::Mark;
use crate::time::{When, moment};

static NAMES: Names = Names::of(&[
    ("eventtime", Field::Time),
    ("srcip", Field::SrcIp),
    ("srcport", Field::SrcPort),
    ("dstip", Field::DstIp),
    ("dstport", Field::DstPort),
    ("proto", Field::Proto),
    ("action", Field::Action),
    ("user", Field::User),
    ("unauthuser", Field::User),
    ("xauthuser", Field::User),
    ("duration", Field::Duration),
    ("sessionid", Field::Session),
    ("policyid", Field::Rule),
    ("sentbyte", Field::BytesSent),
    ("rcvdbyte", Field::BytesReceived),
    ("service", Field::Service),
    ("app", Field::Service),
    ("url", Field::Url),
    ("hostname", Field::Url),
    ("msg", Field::Message),
    ("logdesc", Field::Message),
    ("attack", Field::Message),
    ("logid", Field::Event),
    ("devname", Field::Device),
    // Tunnels of virtual private networks, and log-ons at the device.
    ("remip", Field::SrcIp),
    ("remport", Field::SrcPort),
    ("locip", Field::DstIp),
    ("locport", Field::DstPort),
    // FortiWeb, FortiMail.
    ("src", Field::SrcIp),
    ("client_ip", Field::SrcIp),
    ("src_port", Field::SrcPort),
    ("dst", Field::DstIp),
    ("dst_ip", Field::DstIp),
    ("dst_port", Field::DstPort),
    ("http_url", Field::Url),
    ("user_name", Field::User),
    ("log_id", Field::Event),
    ("device_id", Field::Device),
]);

pub(super) fn read(draft: &mut Draft<'_>) -> bool {
    let Some(part) = part(draft) else { return false };
    // The pairs of some are separated by commas.
    let first = draft.text(part).iter().take(24).find(|byte| matches!(byte, b' ' | b','));
    if first == Some(&b',') {
        let pairs = Pairs::<b'=', b','>::of(draft.line, part);
        pairs.for_each(|pair| draft.pair(pair, NAMES.find(draft.line, pair.name)));
    } else {
        let mut trail = draft.take_trail();
        Pairs::<b'=', b' '>::of(draft.line, part)
            .along(&mut trail, &NAMES, |pair, field| draft.pair(pair, field));
        draft.give_trail(trail);
    }
    if !draft.has_own_time() {
        civil(draft);
    }
    match draft.said(Field::Action) {
        b"login" | b"tunnel-up" | b"auth-logon" | b"FSSO-logon" => draft.set_mark(Mark::On),
        b"logout" | b"tunnel-down" | b"auth-logout" | b"FSSO-logoff" => draft.set_mark(Mark::Off),
        b"ssl-new-con" | b"start" => draft.set_mark(Mark::Opened),
        b"ssl-exit" => draft.set_mark(Mark::Closed),
        // What is told now and then of a long session does not end it.
        b"tunnel-stats" => {}
        _ if draft.said(Field::Event) == b"0000000020" => {}
        // What is told of traffic with its length is told at its end.
        _ if draft.span(Field::Duration).is_some() => draft.set_mark(Mark::Closed),
        _ => {}
    }
    true
}

/// The body from `date=` on, or from where some relay left it.
fn part(draft: &Draft<'_>) -> Option<Span> {
    let body = draft.body();
    if draft.begins(body, "date=") {
        return Some(body);
    }
    let front = Span::of(body.start(), body.end().min(body.start() + 128));
    let from = draft.find(front, " date=")? + 1;
    let part = Span::of(from, body.end());
    (draft.find(part, " logid=").is_some() || draft.find(part, " type=").is_some()).then_some(part)
}

/// `date=2026-11-20 time=10:11:12 tz="+0800"`, where `eventtime` does not say it better.
fn civil(draft: &mut Draft<'_>) {
    let of = |draft: &Draft<'_>, name: &[u8]| {
        let value = draft.values().iter().find(|value| value.name.within(draft.line) == name)?;
        Some(value.place)
    };
    let (Some(date), Some(time)) = (of(draft, b"date"), of(draft, b"time")) else { return };
    let (date, time) = (draft.text(date), draft.text(time));
    let zone = of(draft, b"tz").map(|place| draft.text(place)).unwrap_or_default();
    let mut text = [b' '; 40];
    let parts = [date.get(..10), Some(b" ".as_slice()), Some(time), Some(zone)];
    let bytes = parts.into_iter().flatten().flatten();
    let length = text.iter_mut().zip(bytes).map(|(to, byte)| *to = *byte).count();
    let when: When = draft.when();
    if let Some(stamp) = text.get(..length).and_then(|text| moment(text, when)) {
        draft.put_own_time(stamp);
    }
}
