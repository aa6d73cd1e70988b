//! JSON lines of Suricata (EVE) and Zeek, of sensors, and of whoever names addresses as many do.
//!
//! Source: Suricata User Guide, EVE JSON Format; Zeek, conn.log, ssh.log, http.log, dns.log with `LogAscii::use_json`;
//! Elastic Common Schema, for what others borrow from it.

use crate::draft::Draft;
use crate::field::Field;
use crate::names::Names;
use crate::pairs::{Pair, members};
use crate::record::Mark;

const SURICATA: Names = Names::of(&[
    ("timestamp", Field::Time),
    ("src_ip", Field::SrcIp),
    ("dest_ip", Field::DstIp),
    ("src_port", Field::SrcPort),
    ("dest_port", Field::DstPort),
    ("proto", Field::Proto),
    ("alert.action", Field::Action),
    ("flow.state", Field::Action),
    ("alert.signature", Field::Message),
    ("alert.signature_id", Field::Rule),
    ("event_type", Field::Event),
    ("flow_id", Field::Session),
    ("flow.start", Field::SessionStart),
    ("flow.end", Field::SessionEnd),
    ("flow.bytes_toserver", Field::BytesSent),
    ("flow.bytes_toclient", Field::BytesReceived),
    ("app_proto", Field::Service),
    ("http.url", Field::Url),
    ("tls.sni", Field::Url),
    ("host", Field::Device),
]);
const ZEEK: Names = Names::of(&[
    ("ts", Field::Time),
    ("id.orig_h", Field::SrcIp),
    ("id.resp_h", Field::DstIp),
    ("id.orig_p", Field::SrcPort),
    ("id.resp_p", Field::DstPort),
    ("proto", Field::Proto),
    ("conn_state", Field::Action),
    ("method", Field::Action),
    ("service", Field::Service),
    ("uid", Field::Session),
    ("duration", Field::Duration),
    ("orig_bytes", Field::BytesSent),
    ("resp_bytes", Field::BytesReceived),
    ("user", Field::User),
    ("username", Field::User),
    ("uri", Field::Url),
    ("query", Field::Url),
    ("note", Field::Rule),
    ("msg", Field::Message),
    ("_path", Field::Event),
]);
const OTHER: Names = Names::of(&[
    ("@timestamp", Field::Time),
    ("timestamp", Field::Time),
    ("time", Field::Time),
    ("src_ip", Field::SrcIp),
    ("srcip", Field::SrcIp),
    ("source.ip", Field::SrcIp),
    ("client.ip", Field::SrcIp),
    ("client_ip", Field::SrcIp),
    ("clientIp", Field::SrcIp),
    ("remote_addr", Field::SrcIp),
    ("remote_ip", Field::SrcIp),
    ("dst_ip", Field::DstIp),
    ("dest_ip", Field::DstIp),
    ("dstip", Field::DstIp),
    ("destination.ip", Field::DstIp),
    ("server.ip", Field::DstIp),
    ("src_port", Field::SrcPort),
    ("srcport", Field::SrcPort),
    ("source.port", Field::SrcPort),
    ("client.port", Field::SrcPort),
    ("remote_port", Field::SrcPort),
    ("dst_port", Field::DstPort),
    ("dest_port", Field::DstPort),
    ("dstport", Field::DstPort),
    ("destination.port", Field::DstPort),
    ("server.port", Field::DstPort),
    ("proto", Field::Proto),
    ("protocol", Field::Proto),
    ("network.transport", Field::Proto),
    ("action", Field::Action),
    ("event.action", Field::Action),
    ("user", Field::User),
    ("username", Field::User),
    ("user.name", Field::User),
    ("session_id", Field::Session),
    ("event.start", Field::SessionStart),
    ("event.end", Field::SessionEnd),
    ("rule", Field::Rule),
    ("rule.name", Field::Rule),
    ("source.bytes", Field::BytesSent),
    ("destination.bytes", Field::BytesReceived),
    ("network.bytes", Field::Bytes),
    ("service.name", Field::Service),
    ("url.full", Field::Url),
    ("url", Field::Url),
    ("message", Field::Message),
    ("msg", Field::Message),
    ("event.code", Field::Event),
    ("host.name", Field::Device),
    ("observer.name", Field::Device),
    ("sensor", Field::Device),
]);

pub(super) fn suricata(draft: &mut Draft<'_>) -> bool {
    if !draft.begins(draft.body(), "{") || draft.find(draft.body(), "\"event_type\"").is_none() {
        return false;
    }
    walk(draft, |draft, path, pair| draft.pair(pair, SURICATA.find(path, whole(path))));
    // Where nothing says what was done, the kind of event does.
    if let Some(event) = draft.span(Field::Event) {
        draft.put(Field::Action, event);
    }
    true
}

pub(super) fn zeek(draft: &mut Draft<'_>) -> bool {
    let body = draft.body();
    let signs = ["\"id.orig_h\"", "\"_path\""];
    if !draft.begins(body, "{") || !signs.iter().any(|sign| draft.find(body, sign).is_some()) {
        return false;
    }
    walk(draft, |draft, path, pair| draft.pair(pair, ZEEK.find(path, whole(path))));
    if let Some(time) = draft.span(Field::Time).filter(|_| draft.span(Field::Duration).is_some()) {
        draft.put(Field::SessionStart, time);
    }
    true
}

/// Any other object, as long as it is whole.
pub(super) fn other(draft: &mut Draft<'_>) -> bool {
    if !draft.begins(draft.body(), "{") {
        return false;
    }
    let mut path = draft.take_path();
    let known = members(draft.line, draft.body(), &mut path, &mut |_, _| {});
    draft.give_path(path);
    if known {
        walk(draft, |draft, path, pair| draft.pair(pair, OTHER.find(path, whole(path))));
        match draft.said(Field::Action) {
            b"login" | b"logged-in" | b"user_login" => draft.set_mark(Mark::On),
            b"logout" | b"logged-out" | b"user_logout" => draft.set_mark(Mark::Off),
            _ => {}
        }
    }
    known
}

fn whole(path: &[u8]) -> crate::field::Span {
    crate::field::Span::of(0, path.len())
}

/// Walks the members of the body.
pub(super) fn walk<'r>(draft: &mut Draft<'r>, mut put: impl FnMut(&mut Draft<'r>, &[u8], Pair)) {
    let (line, body, mut path) = (draft.line, draft.body(), draft.take_path());
    members(line, body, &mut path, &mut |path, pair| put(draft, path, pair));
    draft.give_path(path);
}
