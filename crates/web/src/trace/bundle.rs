//! What is found, as an auditor takes it along: each line with what leads from it to the ledger's head, in one file that
//! `ward proof check` judges without anything else of this installation.
//!
//! Source: `docs/format.md` §8.3 to §8.5.

use super::{Asked, Unanswered, found};
use crate::audit::admitted;
use crate::audit::bundle::{head_over, runs};
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::given;
use crate::query::Query;
use ledger::reader::Reader;
use model::Told;
use proof::bundle::{BundleBuilder, Line};
use std::collections::{BTreeMap, BTreeSet};
use telemetry::prove::Proven;

/// Lines of a bundle.
pub const MOST: usize = 10_000;
/// What it is called.
const NAME: &str = "ward-lines.bundle";

pub(super) async fn give(cx: Cx, query: Query) -> PageResult {
    cx.run(move |cx| {
        cx.look(admitted)?;
        let asked = Asked::read(cx, &query, MOST)?.ok_or(PageError::NotFound)?;
        of(cx, &asked)
    })
    .await
}

/// The bundle of what is asked for.
///
/// # Errors
/// `Refused`: there is nothing, or too much. `Stale`: no published head covers all of it yet. `Unavailable`.
pub(crate) fn of(cx: &Cx, asked: &Asked) -> PageResult {
    let found = found(cx, asked)?;
    fits(found.count).map_err(PageError::Refused)?;
    let mut numbers: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    for line in found.lines {
        numbers.entry(line.receiver).or_default().insert(line.number);
    }
    let mut proven = Vec::new();
    for (receiver, numbers) in &numbers {
        let found = cx.site.lines().prove(receiver, numbers).map_err(|unanswered| match unanswered {
            Unanswered::Refused(told) => PageError::Stale(told),
            Unanswered::Unavailable(told) => PageError::Unavailable(told),
        });
        proven.extend(found?);
    }
    let bundle = made(cx.site.desk().reader(), &proven)?;
    Ok(given::file(NAME, NAME, "application/octet-stream", bundle))
}

/// Are so many lines enough for a bundle, and not too many?
///
/// # Errors
/// Why not, told.
pub fn fits(count: u64) -> Result<(), Told> {
    if (1..=MOST as u64).contains(&count) {
        return Ok(());
    }
    Err(Told::new(
        format!("符合之紀錄計 {count} 筆；佐證檔以 1 至 {MOST} 筆為限，請調整條件或接收日期"),
        format!("{count} lines fit; a bundle has 1 to {MOST}: ask for others, or for other days"),
    ))
}

/// A bundle of proven lines, each with the entry that has its root.
///
/// # Errors
/// `Stale`: no published head covers all of it yet. `Failed`.
pub fn made(reader: &Reader, proven: &[(u64, Proven)]) -> Result<Vec<u8>, PageError> {
    let numbers: BTreeSet<u64> = proven.iter().map(|(entry, _)| *entry).collect();
    let (head, size) = head_over(reader, &numbers)?;
    let mut builder = BundleBuilder::new(&head);
    for range in runs(&numbers) {
        let mut entries = Vec::new();
        reader.entries(range.clone(), |_, entry| entries.push(entry.to_vec())).map_err(PageError::failed)?;
        let proof = reader.prove_range(range.clone(), size).map_err(PageError::failed)?;
        builder = builder.entries(range.start, &entries, &proof);
    }
    for (entry, proven) in proven {
        let lines = proven.lines.iter().map(|line| Line { salt: &line.salt, record: &line.record });
        builder = builder.lines(*entry, proven.position, &lines.collect::<Vec<_>>(), &proven.proof);
    }
    builder.build().map_err(PageError::failed)
}
