//! Access logs of web servers: the common and the combined format.
//!
//! Source: Apache HTTP Server, mod_log_config; nginx, ngx_http_log_module.

use super::proxy::words;
use crate::draft::Draft;
use crate::field::{Field, Span};
use crate::scan::is_address;

pub(super) fn read(draft: &mut Draft<'_>) -> bool {
    let body = draft.body();
    let Some(open) = draft.find(body, " [") else { return false };
    let Some(close) = draft.find(Span::of(open, body.end().min(open + 48)), "] \"") else { return false };
    // The name of the server may stand before the client.
    let mut front = [Span::default(); 5];
    let count = words(draft, Span::of(body.start(), open), &mut front);
    let (server, client, user) = match (front, count) {
        ([client, _, user, ..], 3) => (None, client, user),
        ([server, client, _, user, _], 4) => (Some(server), client, user),
        _ => return false,
    };
    if !is_address(draft.text(client)) {
        return false;
    }
    let request = close + 3;
    let Some(end) = draft.find(Span::of(request, body.end()), "\" ") else { return false };
    if let Some(server) = server {
        draft.put(Field::Device, server);
    }
    draft.put(Field::SrcIp, client);
    draft.put(Field::User, user);
    draft.put(Field::Time, Span::of(open + 2, close));
    // What is asked may be anything at all, a text without blanks too.
    let mut parts = [Span::default(); 3];
    let count = words(draft, Span::of(request, end), &mut parts);
    let [method, url, version] = parts;
    draft.put(Field::Action, method);
    draft.put(Field::Url, url);
    if count == 3 {
        let name = draft.text(version).split(|byte| *byte == b'/').next().unwrap_or_default().len();
        draft.put(Field::Proto, Span::of(version.start(), version.start() + name));
    }
    let mut rest = [Span::default(); 2];
    words(draft, Span::of(end + 2, body.end()), &mut rest);
    let [status, bytes] = rest;
    draft.put(Field::Event, status);
    draft.put(Field::BytesReceived, bytes);
    true
}
