//! filterlog of pfSense and OPNsense: values between commas, whose places depend on the version of IP and the protocol.
//!
//! Source: Netgate, Raw Filter Log Format; OPNsense, filterlog(8).

use crate::draft::Draft;
use crate::field::{Field, Span};
use crate::pairs::Values;

/// Most values looked at.
const MOST: usize = 22;

pub(super) fn read(draft: &mut Draft<'_>) -> bool {
    if draft.said(Field::App) != b"filterlog" {
        return false;
    }
    let mut places = [Span::default(); MOST];
    places.iter_mut().zip(Values::new(draft.line, draft.body())).for_each(|(to, place)| *to = place);
    let at = |place: usize| places.get(place).copied().unwrap_or_default();
    let (proto, src) = match draft.text(at(8)) {
        b"4" => (16, 18),
        b"6" => (12, 15),
        _ => return false,
    };
    // The tracker stays the same when rules are moved, their number does not.
    draft.put(Field::Rule, at(3));
    draft.put(Field::Rule, at(0));
    draft.put(Field::Action, at(6));
    draft.put(Field::Proto, at(proto));
    draft.put(Field::Bytes, at(src - 1));
    draft.put(Field::SrcIp, at(src));
    draft.put(Field::DstIp, at(src + 1));
    let name = draft.text(at(proto));
    if name.eq_ignore_ascii_case(b"tcp") || name.eq_ignore_ascii_case(b"udp") {
        draft.put(Field::SrcPort, at(src + 2));
        draft.put(Field::DstPort, at(src + 3));
    }
    true
}
