//! What an auditor takes along: everything that happened to a record in one file with its proof, and the policy by which
//! it is judged.
//!
//! A bundle of a record holds its entries one by one, each with its proof, the bodies under seal opened as far as whoever
//! takes it may read them, and the entries of the passkeys its signatures were made with.
//! Source: `docs/format.md` §8.3 to §8.5.

use super::admitted;
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::given;
use crate::route::named;
use axum::extract::Path;
use ledger::reader::Reader;
use ledger::vault::KeyState;
use model::{Instant, RecordId, Told};
use proof::bundle::BundleBuilder;
use proof::entry::Entry;
use std::collections::BTreeSet;

/// Everything that happened to a record.
pub(super) async fn of_record(cx: Cx, Path(record): Path<String>) -> PageResult {
    let record: RecordId = named(&record)?;
    cx.run(move |cx| file_of(cx, record)).await
}

/// The same. It blocks.
///
/// # Errors
/// `NotFound`: they may not audit, or not read the record. `Stale`: no published head covers all of it yet.
pub(crate) fn file_of(cx: &Cx, record: RecordId) -> PageResult {
    let numbers = cx.look(|look| {
        admitted(look)?;
        cx.readable(look, record)?;
        Ok(look.sql(|sql| sql.history(record))?)
    })?;
    let bundle = bundle(cx, numbers)?;
    let name = format!("ward-{record}.bundle");
    Ok(given::file(&name, &name, "application/octet-stream", bundle))
}

/// The policy of this installation: keys, witnesses, quorum.
pub(crate) async fn policy(cx: Cx) -> PageResult {
    cx.run(|cx| {
        cx.look(admitted)?;
        let text = cx.site.oversight().policy_text.as_bytes().to_vec();
        Ok(given::file("ward-policy", "ward-policy", "text/plain; charset=utf-8", text))
    })
    .await
}

fn bundle(cx: &Cx, numbers: Vec<u64>) -> Result<Vec<u8>, PageError> {
    let desk = cx.site.desk();
    let reader = desk.reader();
    let numbers = with_credentials(cx, numbers)?;
    let (head, size) = head_over(reader, &numbers)?;
    let mut builder = BundleBuilder::new(&head);
    for range in runs(&numbers) {
        let mut entries = Vec::new();
        reader.entries(range.clone(), |_, entry| entries.push(entry.to_vec())).map_err(PageError::failed)?;
        let proof = reader.prove_range(range.clone(), size).map_err(PageError::failed)?;
        builder = builder.entries(range.start, &entries, &proof);
        for (number, bytes) in range.zip(&entries) {
            let entry = Entry::parse(bytes).map_err(PageError::failed)?;
            let Some(sealed) = entry.sealed() else { continue };
            let key = store::Keys::key(desk.vault().as_ref(), sealed.key()).map_err(PageError::failed)?;
            if let KeyState::Here(key) = key {
                let inside = proof::seal::open(&entry, &key).map_err(PageError::failed)?;
                builder = builder.opened(number, inside.plaintext());
            }
        }
    }
    builder.build().map_err(PageError::failed)
}

/// The best published head, which must cover these entries, with its size.
///
/// # Errors
/// `Stale`: it does not cover all of them yet.
pub(crate) fn head_over(reader: &Reader, numbers: &BTreeSet<u64>) -> Result<(Vec<u8>, u64), PageError> {
    let head = match reader.cosigned_head().map_err(PageError::failed)? {
        Some(head) => head,
        None => reader.head().map_err(PageError::failed)?,
    };
    let size =
        proof::checkpoint::SignedCheckpoint::parse(&head).map_err(PageError::failed)?.unverified().size;
    if numbers.last().is_some_and(|last| *last >= size) {
        return Err(PageError::Stale(Told::new(
            "最新紀錄尚未公布於檢查點，請稍後再下載",
            "The newest entries are not covered by a published head yet; take it a little later",
        )));
    }
    Ok((head, size))
}

/// The numbers with those of the entries that made the signers' passkeys known.
fn with_credentials(cx: &Cx, numbers: Vec<u64>) -> Result<BTreeSet<u64>, PageError> {
    let desk = cx.site.desk();
    let mut all: BTreeSet<u64> = numbers.iter().copied().collect();
    for number in numbers {
        let bytes = desk.reader().entry(number).map_err(PageError::failed)?;
        let entry = Entry::parse(&bytes).map_err(PageError::failed)?;
        let credential = entry.signature().and_then(|signature| signature.credential());
        let known = credential.and_then(|credential| cx.seen().roster.authenticator(credential));
        if let Some((_, one)) = known {
            all.extend(made_known(desk.reader(), one.added_at, &one.credential.credential)?);
        }
    }
    Ok(all)
}

/// The entry that made a passkey known: times of entries never fall, so that it is found by halving.
fn made_known(reader: &Reader, at: Instant, credential: &[u8]) -> Result<Option<u64>, PageError> {
    let size = reader.size().map_err(PageError::failed)?;
    let (mut low, mut high) = (0, size);
    while low < high {
        let middle = low + (high - low) / 2;
        let bytes = reader.entry(middle).map_err(PageError::failed)?;
        if Entry::parse(&bytes).map_err(PageError::failed)?.time() < at {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for number in low..size {
        let bytes = reader.entry(number).map_err(PageError::failed)?;
        let entry = Entry::parse(&bytes).map_err(PageError::failed)?;
        if entry.time() > at {
            return Ok(None);
        }
        let body = (entry.kind() == "credential.added").then(|| entry.body()).flatten();
        let id = body.as_ref().and_then(|body| body.get("credential")).and_then(|id| id.as_str());
        if id.is_some_and(|id| proof::base64::decode_url(id).is_some_and(|id| id == credential)) {
            return Ok(Some(number));
        }
    }
    Ok(None)
}

/// Numbers that follow one another, together.
pub(crate) fn runs(numbers: &BTreeSet<u64>) -> Vec<std::ops::Range<u64>> {
    let mut runs: Vec<std::ops::Range<u64>> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some(run) if run.end == *number => run.end += 1,
            _ => runs.push(*number..number + 1),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_follow_one_another_go_together() {
        let numbers = BTreeSet::from([1, 2, 3, 7, 9, 10]);
        assert_eq!(runs(&numbers), [1..4, 7..8, 9..11]);
        assert_eq!(runs(&BTreeSet::new()), []);
    }
}
