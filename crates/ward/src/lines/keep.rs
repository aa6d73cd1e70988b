//! Keeping: segments that have ended become files, small files become larger ones, and what approved cases say goes.
//!
//! Invariants: one at a time; a file goes when the ledger has entered others with all of its lines, or that they go.

use super::{Lines, digest, file, listed, told, unfound, unread};
use ledger::disk::DiskError;
use model::Told;
use proof::hash::Hash;
use std::collections::BTreeSet;
use std::sync::PoisonError;
use store::{LinesFact, LinesFile, StoreError};
use telemetry::find::Listed;
use telemetry::{Receiver, ReceiverError, file_paths, files_folder, lines_of_name, merge};

/// What keeping remembers between two times.
#[derive(Default)]
pub(super) struct Kept {
    /// Receivers whose files were looked through since the last of them came.
    looked: BTreeSet<String>,
    /// Receivers whose files that were merged are gone.
    swept: BTreeSet<String>,
}

impl Lines {
    /// What takes longer than a second may, and has a beat of its own.
    pub(crate) fn keep(&self) -> Result<(), Told> {
        for receiver in self.receivers() {
            self.file(&receiver)?;
        }
        let names = self.0.desk.read::<_, StoreError>(|sql, _| sql.line_receivers());
        for (name, _) in names.map_err(|error| unread(&error))? {
            self.tidy(&name)?;
        }
        self.dispose()
    }

    /// A receiver's files are not those they were: what is not listed any more goes the next time.
    pub(super) fn unswept(&self, name: &str) {
        let mut kept = self.0.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.swept.remove(name);
        kept.looked.remove(name);
    }

    /// Brings segments that have ended into files.
    pub(super) fn file(&self, receiver: &Receiver) -> Result<(), Told> {
        let mut kept = self.0.kept.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(full) = receiver.full() {
            let filed = receiver.file(&full).map_err(|error| told(receiver.name(), &error))?;
            self.order(vec![LinesFact::File(file(receiver.name(), &filed))])?;
            receiver.filed(&filed).map_err(|error| told(receiver.name(), &error))?;
            kept.looked.remove(receiver.name());
        }
        Ok(())
    }

    /// Merges a receiver's files while there are some to merge, and does away with those that were.
    fn tidy(&self, name: &str) -> Result<(), Told> {
        let mut kept = self.0.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever looks for lines may still be about to open what was merged the last time.
        if !kept.swept.contains(name) {
            self.sweep(name).map_err(|error| told(name, &error.into()))?;
            kept.swept.insert(name.to_owned());
        }
        if kept.looked.contains(name) {
            return Ok(());
        }
        while self.merge(name)? {
            kept.swept.remove(name);
        }
        kept.looked.insert(name.to_owned());
        Ok(())
    }

    fn files(&self, name: &str) -> Result<Vec<Listed>, StoreError> {
        let files = self.0.desk.read::<_, StoreError>(|sql, _| sql.line_files(Some(name), None, None))?;
        Ok(files.into_iter().map(listed).collect())
    }

    /// Merges the next files of a receiver; are there any?
    fn merge(&self, name: &str) -> Result<bool, Told> {
        let files = self.files(name).map_err(|error| unread(&error))?;
        let Some(run) = merge::next(&files).and_then(|run| files.get(run)) else { return Ok(false) };
        let (Some(first), Some(last)) = (run.first(), run.last()) else { return Ok(false) };
        let open = |file: &Listed| self.0.library.open(file).map(|opened| opened.table().clone());
        let tables = run.iter().map(open).collect::<Result<Vec<_>, _>>().map_err(|error| unfound(&error))?;
        let failed = |error: ReceiverError| told(name, &error);
        let (content, index) = merge::write(name, &tables).map_err(|error| failed(error.into()))?;
        let count = run.iter().map(|file| file.count).sum();
        let erased = run.iter().map(|file| file.erased).sum();
        let paths = file_paths(name, first.first, count, erased);
        self.write(name, &paths, [&content, &index]).map_err(|error| failed(error.into()))?;
        self.order(vec![LinesFact::Merged(LinesFile {
            count: u32::try_from(count).unwrap_or(u32::MAX),
            erased: u32::try_from(erased).unwrap_or(u32::MAX),
            file: digest(&Hash::of(&[&content])),
            first: first.first,
            from: first.received.0,
            index: digest(&Hash::of(&[&index])),
            receiver: name.to_owned(),
            until: last.received.1,
        })])?;
        Ok(true)
    }

    /// Writes a file and its index, durably.
    pub(super) fn write(
        &self,
        name: &str,
        paths: &[String; 2],
        contents: [&Vec<u8>; 2],
    ) -> Result<(), DiskError> {
        for (path, content) in paths.iter().zip(contents) {
            self.0.disk.write(path, content)?;
            self.0.disk.sync(path)?;
        }
        self.0.disk.sync_folder(&files_folder(name))
    }

    /// Does away with files of which the manifest has every line in others, or among those that have gone by an approved
    /// case: those that were merged or retired, or have lines that were erased, and what a writing that was cut off has
    /// left behind.
    fn sweep(&self, name: &str) -> Result<(), DiskError> {
        let folder = files_folder(name);
        let Some(there) = self.0.disk.list(&folder)? else { return Ok(()) };
        let Ok(files) = self.files(name) else { return Ok(()) };
        let retired = self.0.desk.read::<_, StoreError>(|sql, _| sql.lines_retired(name));
        let Ok(mut known) = retired else { return Ok(()) };
        known.extend(files.iter().map(|file| (file.first, file.count)));
        known.sort_unstable();
        for file in there {
            let Some((first, count, erased)) = lines_of_name(&file) else { continue };
            let is_it = |one: &Listed| (one.first, one.count, one.erased) == (first, count, erased);
            if !files.iter().any(is_it) && covers(&known, first, first + count) {
                self.0.disk.remove(&format!("{folder}/{file}"))?;
            }
        }
        self.0.disk.sync_folder(&folder)
    }
}

/// Have these stretches, in order, every line from one up to another?
fn covers(stretches: &[(u64, u64)], first: u64, end: u64) -> bool {
    let reached = stretches.iter().fold(first, |reached, (first, count)| {
        let holds = *first <= reached && reached < first + count;
        if holds { first + count } else { reached }
    });
    reached >= end
}
