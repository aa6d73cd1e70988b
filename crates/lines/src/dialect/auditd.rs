//! Linux audit records: pairs behind a type, a second row of pairs within quotes in those that programs write.
//!
//! What programs write may hold anything: an account stands in double quotes, or in hexadecimal digits where it holds what
//! could be taken for something else. So the first of each name counts, and quotes end where they are closed.
//! Source: Linux audit, audit.log(5) and the Audit Event Fields of the audit documentation project.

use crate::draft::Draft;
use crate::field::{Field, Span};
use crate::names::Names;
use crate::pairs::Pairs;
use crate::record::Mark;

static NAMES: Names = Names::of(&[
    ("type", Field::Event),
    ("acct", Field::User),
    ("addr", Field::SrcIp),
    ("ses", Field::Session),
    ("exe", Field::Service),
    ("op", Field::Action),
    ("syscall", Field::Action),
    ("node", Field::Device),
]);

pub(super) fn read(draft: &mut Draft<'_>) -> bool {
    let body = draft.body();
    let front = Span::of(body.start(), body.end().min(body.start() + 128));
    // `type=…`, `node=… type=…`, `audit: type=…`
    let Some(kind) = draft.find(front, "type=") else { return false };
    let Some(at) = draft.find(Span::of(kind, body.end()), " msg=audit(") else {
        return false;
    };
    let from = if draft.begins(front, "node=") { body.start() } else { kind };
    let stamp = at + " msg=audit(".len();
    let Some(close) = draft.find(Span::of(stamp, body.end()), ")") else { return false };
    // `1364481363.243:24287`: the second, and the number of the event within it.
    let time =
        draft.text(Span::of(stamp, close)).split(|byte| *byte == b':').next().unwrap_or_default().len();
    draft.put(Field::Time, Span::of(stamp, stamp + time));
    pairs(draft, Span::of(from, at));
    let rest = Span::of((close + 1).min(body.end()), body.end());
    match draft.find(rest, " msg='") {
        Some(inner) => {
            pairs(draft, Span::of(rest.start(), inner));
            let inner = Span::of(inner + " msg='".len(), rest.end());
            // What the reader of names adds to the record stands behind the quote.
            let end = draft.find_last(inner, "'").unwrap_or(inner.end());
            pairs(draft, Span::of(inner.start(), end));
        }
        None => pairs(draft, rest),
    }
    let succeeded = draft
        .values()
        .iter()
        .any(|value| value.name.within(draft.line) == b"res" && value.place.within(draft.line) == b"success");
    match draft.said(Field::Event) {
        b"USER_LOGIN" if succeeded => draft.set_mark(Mark::On),
        b"USER_LOGOUT" => draft.set_mark(Mark::Off),
        _ => {}
    }
    true
}

fn pairs(draft: &mut Draft<'_>, part: Span) {
    for pair in Pairs::<b'=', b' '>::of(draft.line, part) {
        draft.pair(pair, NAMES.find(draft.line, pair.name));
    }
}
