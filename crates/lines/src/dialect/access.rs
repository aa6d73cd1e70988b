//! Access logs of web servers: the common and the combined format.
//!
//! Source: Apache HTTP Server, mod_log_config; nginx, ngx_http_log_module.

use super::proxy::words;
use crate::draft::Draft;
use crate::field::{Field, Span};
use crate::scan::is_address;

pub(super) fn read(draft: &mut Draft<'_>) -> bool {
    let body = draft.body();
    // An account may hold brackets, but no quote that nothing escapes.
    let Some(close) = draft.find(body, "] \"") else { return false };
    let Some(open) = draft.find_last(Span::of(body.start(), close), " [") else { return false };
    let time = Span::of(open + 2, close);
    let before = Span::of(body.start(), open);
    let mut front = [Span::default(); 4];
    let count = words(draft, before, &mut front);
    let is_one = |place: Span| is_address(draft.text(place));
    // The name of the server may stand before the client; an account may hold blanks.
    let (server, client, user) = match (front, count) {
        ([client, ident, user, _], 3 | 4) if is_one(client) && draft.text(ident) == b"-" => {
            (None, client, user)
        }
        ([server, client, _, user], 4) if is_one(client) => (Some(server), client, user),
        ([client, _, user, _], 3) => (None, client, user),
        _ => return false,
    };
    let request = Span::of(close + 3, body.end());
    let Some(end) = unescaped_quote(draft, request).filter(|_| draft.is_time(time)) else { return false };
    let request = Span::of(request.start(), end);
    if let Some(server) = server {
        draft.put(Field::Device, server);
    }
    draft.put(Field::SrcIp, client);
    draft.put(Field::User, Span::of(user.start(), open));
    draft.put(Field::Time, time);
    // What is asked may be anything at all, a text without blanks too.
    let mut parts = [Span::default(); 3];
    let count = words(draft, request, &mut parts);
    let [method, url, version] = parts;
    draft.put(Field::Action, method);
    draft.put(Field::Url, url);
    if count == 3 {
        let name = draft.text(version).split(|byte| *byte == b'/').next().unwrap_or_default().len();
        draft.put(Field::Proto, Span::of(version.start(), version.start() + name));
    }
    let mut rest = [Span::default(); 2];
    words(draft, Span::of((end + 1).min(body.end()), body.end()), &mut rest);
    let [status, bytes] = rest;
    draft.put(Field::Event, status);
    draft.put(Field::BytesReceived, bytes);
    true
}

/// The first quote that no backslash escapes.
fn unescaped_quote(draft: &Draft<'_>, part: Span) -> Option<usize> {
    let mut at = part.start();
    loop {
        at += memchr::memchr2(b'"', b'\\', draft.line.get(at..part.end())?)?;
        if draft.line.get(at) == Some(&b'"') {
            return Some(at);
        }
        at += 2;
    }
}
