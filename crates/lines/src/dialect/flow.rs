//! Flows, as they are written by Ward itself ([`crate::flow`]): one JSON object for each record of NetFlow or IPFIX.

use crate::draft::Draft;
use crate::field::{Field, Span};
use crate::names::Names;

static NAMES: Names = Names::of(&[
    ("time", Field::Time),
    ("src_ip", Field::SrcIp),
    ("dst_ip", Field::DstIp),
    ("src_port", Field::SrcPort),
    ("dst_port", Field::DstPort),
    ("proto", Field::Proto),
    ("action", Field::Action),
    ("user", Field::User),
    ("start", Field::SessionStart),
    ("end", Field::SessionEnd),
    ("session", Field::Session),
    ("bytes", Field::BytesSent),
    ("reverse_bytes", Field::BytesReceived),
]);

pub(super) fn read(draft: &mut Draft<'_>) -> bool {
    if !draft.begins(draft.body(), "{\"flow\":") {
        return false;
    }
    super::json::walk(draft, |draft, path, pair| {
        draft.pair(pair, NAMES.find(path, Span::of(0, path.len())));
    });
    true
}
