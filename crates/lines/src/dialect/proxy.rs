//! Proxies: Squid's native access log, ProxySG's pairs.
//!
//! Source: Squid, access.log native format; Symantec ProxySG, ELFF fields.

use crate::draft::{Draft, SOURCE};
use crate::field::{Field, Span};
use crate::names::Names;
use crate::pairs::Pairs;
use crate::scan::{behind_blanks, is_address, word};

static NAMES: Names = Names::of(&[
    ("c-ip", Field::SrcIp),
    ("c-port", Field::SrcPort),
    ("r-ip", Field::DstIp),
    ("s-supplier-ip", Field::DstIp),
    ("cs-uri-port", Field::DstPort),
    ("r-port", Field::DstPort),
    ("cs-uri-scheme", Field::Proto),
    ("s-action", Field::Action),
    ("cs-username", Field::User),
    ("cs-bytes", Field::BytesSent),
    ("sc-bytes", Field::BytesReceived),
    ("cs-method", Field::Event),
    ("c-url", Field::Url),
    ("cs-host", Field::Url),
    ("sc-filter-result", Field::Rule),
    ("s-computername", Field::Device),
]);

pub(super) fn proxysg(draft: &mut Draft<'_>) -> bool {
    let body = draft.body();
    if draft.find(body, "c-ip=").is_none() || draft.find(body, " cs-").is_none() {
        return false;
    }
    for pair in Pairs::<b'=', b' '>::of(draft.line, body) {
        draft.pair(pair, NAMES.find(draft.line, pair.name));
    }
    true
}

/// `1700000000.123 45 10.0.0.1 TCP_MISS/200 1234 GET http://… user HIER_DIRECT/1.2.3.4 text/html`.
pub(super) fn squid(draft: &mut Draft<'_>) -> bool {
    let mut places = [Span::default(); 9];
    if words(draft, draft.body(), &mut places) < 9 {
        return false;
    }
    let [time, elapsed, client, result, bytes, method, url, user, peer] = places;
    let code = draft.text(result);
    let known = [b"TCP_".as_slice(), b"UDP_", b"NONE"].iter().any(|front| code.starts_with(front));
    let elapses = draft.text(elapsed).iter().all(u8::is_ascii_digit);
    if !known || !elapses || !is_address(draft.text(client)) {
        return false;
    }
    draft.put(Field::Time, time);
    draft.put_end(client, SOURCE);
    for (field, place) in [
        (Field::Duration, elapsed),
        (Field::Action, result),
        (Field::BytesReceived, bytes),
        (Field::Event, method),
        (Field::Url, url),
        (Field::User, user),
    ] {
        draft.put(field, place);
    }
    if let Some(slash) = memchr::memchr(b'/', draft.text(peer)) {
        draft.put(Field::DstIp, Span::of(peer.start() + slash + 1, peer.end()));
    }
    if let Some(end) = draft.find(url, "://") {
        draft.put(Field::Proto, Span::of(url.start(), end));
        port(draft, Span::of(end + 3, url.end()));
    } else {
        // `CONNECT host:443`
        port(draft, url);
    }
    // It is written when the answer has gone out.
    draft.set_mark(crate::record::Mark::Closed);
    true
}

/// The port of `host:port/path`, where it says one.
fn port(draft: &mut Draft<'_>, url: Span) {
    let host = draft.text(url).split(|byte| *byte == b'/').next().unwrap_or_default();
    if let Some(colon) = host.iter().rposition(|byte| *byte == b':') {
        draft.put(Field::DstPort, Span::of(url.start() + colon + 1, url.start() + host.len()));
    }
}

/// The first words of a part, separated by blanks; how many there are.
pub(super) fn words(draft: &Draft<'_>, part: Span, places: &mut [Span]) -> usize {
    let mut at = part.start();
    let mut count = 0;
    for place in places {
        at = behind_blanks(draft.line, at);
        if at >= part.end() {
            break;
        }
        *place = word(draft.line, at);
        *place = Span::of(place.start(), place.end().min(part.end()));
        (at, count) = (place.end(), count + 1);
    }
    count
}
