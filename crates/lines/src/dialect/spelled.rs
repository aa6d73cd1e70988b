//! Pairs of devices that have no dialect of their own, where one of them is an address under a name that many give it.
//!
//! Source: Sophos, SonicWall, Zyxel, Meraki, WatchGuard and others; each line is judged by its names alone.

use crate::draft::Draft;
use crate::field::{Field, Span};
use crate::names::Names;
use crate::pairs::{Pair, Pairs};
use crate::scan::endpoint;

static NAMES: Names = Names::of(&[
    ("time", Field::Time),
    ("timestamp", Field::Time),
    ("src", Field::SrcIp),
    ("srcip", Field::SrcIp),
    ("src_ip", Field::SrcIp),
    ("srcIP", Field::SrcIp),
    ("sourceip", Field::SrcIp),
    ("source_ip", Field::SrcIp),
    ("source-ip", Field::SrcIp),
    ("sourceIp", Field::SrcIp),
    ("client_ip", Field::SrcIp),
    ("clientip", Field::SrcIp),
    ("remote_ip", Field::SrcIp),
    ("remote-ip", Field::SrcIp),
    ("rhost", Field::SrcIp),
    ("dst", Field::DstIp),
    ("dstip", Field::DstIp),
    ("dst_ip", Field::DstIp),
    ("dstIP", Field::DstIp),
    ("destip", Field::DstIp),
    ("dest_ip", Field::DstIp),
    ("destination_ip", Field::DstIp),
    ("destination-ip", Field::DstIp),
    ("destinationIp", Field::DstIp),
    ("srcport", Field::SrcPort),
    ("src_port", Field::SrcPort),
    ("sport", Field::SrcPort),
    ("spt", Field::SrcPort),
    ("source_port", Field::SrcPort),
    ("source-port", Field::SrcPort),
    ("dstport", Field::DstPort),
    ("dst_port", Field::DstPort),
    ("dport", Field::DstPort),
    ("dpt", Field::DstPort),
    ("dest_port", Field::DstPort),
    ("destination_port", Field::DstPort),
    ("destination-port", Field::DstPort),
    ("proto", Field::Proto),
    ("protocol", Field::Proto),
    ("action", Field::Action),
    ("act", Field::Action),
    ("disp", Field::Action),
    ("log_subtype", Field::Action),
    ("user", Field::User),
    ("usr", Field::User),
    ("user_name", Field::User),
    ("username", Field::User),
    ("rule", Field::Rule),
    ("fw_rule_id", Field::Rule),
    ("fwrule", Field::Rule),
    ("policy", Field::Rule),
    ("duration", Field::Duration),
    ("sent_bytes", Field::BytesSent),
    ("sent", Field::BytesSent),
    ("bytes_sent", Field::BytesSent),
    ("recv_bytes", Field::BytesReceived),
    ("rcvd", Field::BytesReceived),
    ("bytes_received", Field::BytesReceived),
    ("app", Field::Service),
    ("service", Field::Service),
    ("url", Field::Url),
    ("request", Field::Url),
    ("msg", Field::Message),
    ("message", Field::Message),
    ("note", Field::Message),
    ("device_name", Field::Device),
    ("devname", Field::Device),
]);

pub(super) fn read(draft: &mut Draft<'_>) -> bool {
    separated_by::<b' '>(draft) || separated_by::<b','>(draft) || separated_by::<b'|'>(draft)
}

fn separated_by<const BETWEEN: u8>(draft: &mut Draft<'_>) -> bool {
    let line = draft.line;
    let known = |pair: Pair| {
        let field = NAMES.find(line, pair.name);
        matches!(field, Some(Field::SrcIp | Field::DstIp)) && endpoint(line, pair.place).is_some()
    };
    // In the body, or in structured data in front of it.
    let data = draft.data.map(|data| Span::of(data.start() + 1, data.end() - 1));
    let parts = [Some(draft.body()), data];
    let found = parts.into_iter().flatten().find(|part| Pairs::<b'=', BETWEEN>::of(line, *part).any(known));
    let Some(part) = found else { return false };
    for pair in Pairs::<b'=', BETWEEN>::of(line, part) {
        let field = NAMES.find(line, pair.name);
        let ports = match field {
            Some(Field::SrcIp) => Field::SrcPort,
            Some(Field::DstIp) => Field::DstPort,
            _ => {
                draft.pair(pair, field);
                continue;
            }
        };
        // `src=1.2.3.4:80:X1`
        let end = endpoint(line, pair.place);
        draft.pair(Pair { place: end.map_or(pair.place, |end| end.0), ..pair }, field);
        if let Some(port) = end.and_then(|end| end.1) {
            draft.say(ports, port);
        }
    }
    // `pattern: allow all`
    if let Some(pattern) = draft.behind(draft.body(), "pattern: ") {
        draft.put(Field::Action, pattern);
    }
    true
}
