//! What happened to a record, read from the ledger itself: every entry, opened, with its signature.
//!
//! Invariant: nothing is taken from the tables but which entries there are; what an entry says is read from its bytes.
//! Does not: judge signatures (`signed`), write sentences (`history`).

use crate::cx::Cx;
use crate::error::PageError;
use crate::look::Look;
use casework::{Body, Content};
use model::{Actor, Instant, RecordId};
use proof::entry::Entry;
use proof::signature::{Facts, Grade, Signature, SignatureError};
use regulation::FieldId;
use serde_json::Value as Json;
use std::sync::Arc;
use store::{Fact, Recorded, Said};

/// Something that happened, as its entry tells it.
#[derive(Debug, Clone)]
pub(crate) struct Happened {
    /// Number of the entry.
    pub(crate) entry: u64,
    /// When.
    pub(crate) at: Instant,
    /// Who acted.
    pub(crate) actor: Actor,
    /// What.
    pub(crate) body: Body,
    /// The signature it carries, with what its check gave.
    pub(crate) signed: Option<(Signature, SignatureCheck)>,
    /// What the record held afterwards; the same for all until the next change.
    pub(crate) content: Arc<Content>,
    /// Fields that changed by it, with what was before and is now.
    pub(crate) changes: Vec<Changed>,
}

/// A field that changed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Changed {
    /// Which.
    pub(crate) field: FieldId,
    /// What was before.
    pub(crate) old: Option<Json>,
    /// What is now.
    pub(crate) new: Option<Json>,
}

/// What the check of a signature gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignatureCheck {
    /// It holds, with this grade.
    Holds(Grade),
    /// It does not hold.
    Broken,
    /// Its credential is not registered here, was not yet, or was revoked before.
    NoCredential,
}

/// Everything that happened to a record, in order. It blocks.
pub(crate) fn story(look: &Look<'_>, record: RecordId) -> Result<Vec<Happened>, PageError> {
    let (cx, mut told, mut content) = (look.cx, Vec::new(), Arc::new(Content::default()));
    let desk = cx.site.desk();
    for number in look.sql(|sql| sql.history(record))? {
        let bytes = desk.reader().entry(number).map_err(PageError::failed)?;
        let recorded = Recorded::read(number, &bytes, desk.vault().as_ref()).map_err(PageError::failed)?;
        let Said::Fact(fact) = recorded.said else { continue };
        let Fact::Case(event) = *fact else { continue };
        let entry = Entry::parse(&bytes).map_err(PageError::failed)?;
        let signed = match entry.signature() {
            Some(signature) => Some((signature.clone(), check(cx, &entry, number, signature)?)),
            None => None,
        };
        let held = match &event.body {
            Body::Changed { content, .. } | Body::Moved { content, .. } | Body::Opened { content, .. } => {
                Some(content)
            }
            Body::Signed { content, .. } => content.as_ref(),
            _ => None,
        };
        let changes = held.map(|held| changes(&content, held)).unwrap_or_default();
        if let Some(held) = held {
            content = Arc::new(held.clone());
        }
        told.push(Happened {
            entry: number,
            at: recorded.at,
            actor: event.actor,
            changes,
            content: Arc::clone(&content),
            body: event.body,
            signed,
        });
    }
    Ok(told)
}

/// What differs between two contents.
pub(crate) fn changes(before: &Content, after: &Content) -> Vec<Changed> {
    let mut fields: Vec<&FieldId> = before.0.keys().chain(after.0.keys()).collect();
    fields.sort();
    fields.dedup();
    let changed = fields.into_iter().filter(|field| before.0.get(*field) != after.0.get(*field));
    let one = |field: &FieldId| Changed {
        field: field.clone(),
        old: before.0.get(field).cloned(),
        new: after.0.get(field).cloned(),
    };
    changed.map(one).collect()
}

/// Does a signature hold, now that somebody looks at it?
fn check(
    cx: &Cx,
    entry: &Entry<'_>,
    number: u64,
    signature: &Signature,
) -> Result<SignatureCheck, PageError> {
    let desk = cx.site.desk();
    let previous = match signature.statement.previous {
        proof::signature::Previous::Entry(previous) if previous < number => {
            let bytes = desk.reader().entry(previous).map_err(PageError::failed)?;
            Some(Entry::parse(&bytes).map_err(PageError::failed)?.content_hash())
        }
        _ => None,
    };
    let (at, people) = (entry.time(), &cx.seen().roster);
    let known = signature.credential().and_then(|credential| people.authenticator(credential));
    let counted = known.filter(|(owner, one)| {
        *owner == signature.signer()
            && one.added_at <= at
            && one.revoked_at.is_none_or(|revoked| at < revoked)
    });
    let credential = counted.map(|(_, one)| &one.credential);
    let facts = Facts::of(entry, desk.origin(), number, previous);
    Ok(match proof::signature::check(signature, &facts, credential) {
        Ok(grade) => SignatureCheck::Holds(grade),
        Err(SignatureError::NoCredential) => SignatureCheck::NoCredential,
        Err(_) => SignatureCheck::Broken,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_differs_is_told_field_by_field_with_both_values() {
        let content = |pairs: &[(&str, Json)]| {
            Content(pairs.iter().map(|(field, json)| (field.parse().unwrap(), json.clone())).collect())
        };
        let before = content(&[("a", json!("1")), ("b", json!("2")), ("c", json!("3"))]);
        let after = content(&[("a", json!("1")), ("b", json!("5")), ("d", json!("4"))]);
        let changed = changes(&before, &after);
        let told: Vec<_> = changed.iter().map(|one| (one.field.as_str(), &one.old, &one.new)).collect();
        assert_eq!(
            told,
            [
                ("b", &Some(json!("2")), &Some(json!("5"))),
                ("c", &Some(json!("3")), &None),
                ("d", &None, &Some(json!("4"))),
            ]
        );
    }
}
