//! Check Point's log exporter: pairs in structured data, `name="value"` or `name:"value"; `.
//!
//! Source: Check Point, Log Exporter, syslog and generic format; Security Gateway log fields.

use crate::draft::Draft;
use crate::field::{Field, Span};
use crate::head::element;
use crate::names::Names;
use crate::pairs::{Pair, Pairs};
use crate::record::Mark;

static NAMES: Names = Names::of(&[
    ("time", Field::Time),
    ("src", Field::SrcIp),
    ("client_ip", Field::SrcIp),
    ("dst", Field::DstIp),
    ("s_port", Field::SrcPort),
    ("service", Field::DstPort),
    ("proto", Field::Proto),
    ("operation", Field::Action),
    ("action", Field::Action),
    ("rule_name", Field::Rule),
    ("rule", Field::Rule),
    ("user", Field::User),
    ("src_user_name", Field::User),
    ("administrator", Field::User),
    ("start_time", Field::SessionStart),
    ("segment_time", Field::SessionStart),
    ("elapsed", Field::Duration),
    ("sent_bytes", Field::BytesSent),
    ("client_outbound_bytes", Field::BytesSent),
    ("received_bytes", Field::BytesReceived),
    ("server_outbound_bytes", Field::BytesReceived),
    ("bytes", Field::Bytes),
    ("session_id", Field::Session),
    ("session_uid", Field::Session),
    ("resource", Field::Url),
    ("http_host", Field::Url),
    ("service_id", Field::Service),
    ("product", Field::Service),
    ("origin", Field::Device),
    ("description", Field::Message),
    ("loguid", Field::Event),
]);

pub(super) fn read(draft: &mut Draft<'_>) -> bool {
    let line = draft.line;
    let part = if draft.said(Field::App) == b"CheckPoint" {
        draft.data.unwrap_or_else(|| draft.body())
    } else {
        // The exporter's own name, where the head was not read as one.
        let body = draft.body();
        let Some(mark) = draft.find(body, "CheckPoint ") else { return false };
        Span::of(mark, body.end())
    };
    let Some(open) = draft.find(part, "[") else { return false };
    let end = element(line, open).map_or(part.end(), |end| end - 1);
    let inner = Span::of(open + 1, end.min(part.end()));
    let mut put = |pair: Pair| draft.pair(pair, NAMES.find(line, pair.name));
    if crate::scan::find(line, inner, "=\"").is_some() {
        Pairs::<b'=', b' '>::of(line, inner).for_each(&mut put);
    } else {
        Pairs::<b':', b';'>::of(line, inner).for_each(&mut put);
    }
    // `operation` says it better than `action`, which comes before it.
    let operation = draft.values().iter().find(|value| value.name.within(line) == b"operation");
    if let Some(place) = operation.map(|value| value.place) {
        draft.prefer(Field::Action, place);
    }
    match draft.said(Field::Action) {
        b"Log In" => draft.set_mark(Mark::On),
        b"Log Out" => draft.set_mark(Mark::Off),
        b"" => {
            if let Some(product) = draft.span(Field::Message).or_else(|| draft.span(Field::Service)) {
                draft.put(Field::Action, product);
            }
        }
        _ => {}
    }
    true
}
