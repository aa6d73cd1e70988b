//! Lines that are not there any more: did an approved case say so, when they went?
//!
//! Judged by the ledger alone: cases are made of their own entries, and conditions are those of the pack in force then,
//! from its archive. Records that lines go by are in clear, and kept for ever; one whose entries do not read approves
//! nothing.

use crate::office;
use attachment::Shelf;
use casework::{Around, State};
use desk::{LineRulings, MakeSections, Stays};
use identity::Roster;
use ledger::disk::Folder;
use ledger::reader::{ReadError, Reader};
use ledger::vault::{KeyState, VaultError};
use ledger::verify::Finding;
use model::{DataKeyId, Instant, Told};
use proof::entry::Skimmed;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use store::{
    Fact, LINE_ERASED, LINES_FILE, LINES_MERGED, LINES_RETIRED, LineErased, LinesFile, LinesRetired,
    PUBLISHED, Packs, Published, Recorded, Said,
};
use telemetry::file_paths;

/// What has gone without a case that approves it.
///
/// # Errors
/// The ledger cannot be read, told.
pub(super) fn unapproved(reader: &Reader, data: &Path) -> Result<Vec<Finding>, Told> {
    let unread = |error: ReadError| {
        let told = error.told();
        Told::new(
            format!("紀錄之銷毀未予核對：帳本無法讀取（{}）", told.zh),
            format!("What has gone was not judged: the ledger cannot be read ({})", told.en),
        )
    };
    let size = reader.size().map_err(unread)?;
    let mut judging = Judging {
        shelf: Shelf::new(Arc::new(Folder::new(data))),
        sections: office::sections(),
        published: Vec::new(),
        packs: Packs::default(),
        state: State::default(),
        files: BTreeMap::new(),
        findings: Vec::new(),
    };
    reader.entries(0..size, |number, bytes| judging.take(number, bytes)).map_err(unread)?;
    Ok(judging.findings)
}

struct Judging {
    shelf: Shelf,
    sections: MakeSections,
    published: Vec<(u32, String)>,
    packs: Packs,
    /// Cases by which lines go, or stay.
    state: State,
    /// Files by receiver and first line.
    files: BTreeMap<(String, u64), LinesFile>,
    findings: Vec<Finding>,
}

/// No key is needed for what is in clear.
struct NoKeys;

impl store::Keys for NoKeys {
    fn key(&self, _: DataKeyId) -> Result<KeyState, VaultError> {
        Ok(KeyState::Unknown)
    }
}

impl Judging {
    fn take(&mut self, number: u64, bytes: &[u8]) {
        // What does not read is told of by the verifiers of the ledger, of the tables and of files.
        let Ok(entry) = Skimmed::parse(bytes) else { return };
        let body = entry.body_bytes().unwrap_or_default();
        match entry.kind() {
            PUBLISHED => {
                if let Ok(published) = serde_json::from_slice::<Published>(body) {
                    self.publish(number, published);
                }
            }
            LINES_FILE | LINES_MERGED => {
                if let Ok(file) = serde_json::from_slice::<LinesFile>(body) {
                    self.put(file);
                }
            }
            LINES_RETIRED => {
                if let Ok(retired) = serde_json::from_slice::<LinesRetired>(body) {
                    self.retired(number, entry.time(), &retired);
                }
            }
            LINE_ERASED => {
                if let Ok(erased) = serde_json::from_slice::<LineErased>(body) {
                    self.erased(number, entry.time(), &erased);
                }
            }
            _ => self.case(number, &entry, bytes),
        }
    }

    fn publish(&mut self, number: u64, published: Published) {
        self.published.push((published.version, published.archive));
        match desk::read(&self.published, &self.shelf, &self.sections) {
            Ok(packs) => self.packs = packs,
            Err(error) => {
                let told = error.told();
                let told = Told::new(
                    format!("紀錄之銷毀無法核對：{}", told.zh),
                    format!("What has gone cannot be judged: {}", told.en),
                );
                self.findings.push(Finding::meaning("lines/", told).of_entry(number));
            }
        }
    }

    fn put(&mut self, file: LinesFile) {
        let end = file.first + u64::from(file.count);
        let within = (file.receiver.clone(), file.first)..(file.receiver.clone(), end);
        let former: Vec<_> = self.files.range(within).map(|(key, _)| key.clone()).collect();
        former.iter().for_each(|key| drop(self.files.remove(key)));
        self.files.insert((file.receiver.clone(), file.first), file);
    }

    /// An entry of a record that lines go or stay by.
    fn case(&mut self, number: u64, entry: &Skimmed<'_>, bytes: &[u8]) {
        let Some((register, _)) = entry.form().and_then(casework::read_form) else { return };
        let named = |pack: &regulation::Pack| desk::registers(&pack.line_rules).any(|one| *one == register);
        if !self.packs.0.iter().any(named) {
            return;
        }
        if let Ok(recorded) = Recorded::read(number, bytes, &NoKeys)
            && let Said::Fact(fact) = &recorded.said
            && let Fact::Case(event) = fact.as_ref()
        {
            // Events that do not follow are told of where tables are compared.
            let _ = self.state.apply(event, Some(recorded.entered()));
        }
    }

    fn rulings(&self, now: Instant) -> Option<LineRulings> {
        let (pack, shelf) = (self.packs.current()?, self.packs.shelf()?);
        let nobody = identity::State::default();
        let roster = Roster::new(&nobody, pack, now);
        let around = Around { shelf: &shelf, records: &self.state, directory: &roster, now };
        Some(desk::rulings(around, pack))
    }

    fn retired(&mut self, number: u64, at: Instant, retired: &LinesRetired) {
        let (receiver, first) = (&retired.receiver, retired.first);
        // That it follows the files before is looked at with them.
        let Some(file) = self.files.remove(&(receiver.clone(), first)) else { return };
        let judged = self.rulings(at).map_or(Err(Stays::NotApproved(retired.case)), |rulings| {
            let received = (file.from, file.until);
            // What an address stood in is gone; whoever let it go has looked for it.
            let clear_of = rulings.holds.iter().map(|hold| hold.record).collect();
            rulings.retires(retired.case, receiver, received, &clear_of)
        });
        self.found(number, &file, judged, |why| {
            Told::new(
                format!("第 {first} 筆起之紀錄已銷毀，惟：{}", why.zh),
                format!("lines from {first} on are gone, but: {}", why.en),
            )
        });
    }

    fn erased(&mut self, number: u64, at: Instant, erased: &LineErased) {
        let (receiver, line) = (erased.receiver.as_str(), erased.line);
        let home = self.files.range(..=(receiver.to_owned(), line)).next_back();
        let Some(file) = home.map(|(_, file)| file.clone()).filter(|file| file.receiver == receiver) else {
            return;
        };
        let judged = self.rulings(at).map_or(Err(Stays::NotApproved(erased.case)), |rulings| {
            let clear_of: BTreeSet<_> = rulings.holds.iter().map(|hold| hold.record).collect();
            rulings.erases(erased.case, (receiver, line), (file.from, file.until), &clear_of)
        });
        self.found(number, &file, judged, |why| {
            Told::new(
                format!("第 {line} 筆已塗銷，惟：{}", why.zh),
                format!("line {line} is erased, but: {}", why.en),
            )
        });
    }

    fn found(
        &mut self,
        number: u64,
        file: &LinesFile,
        judged: Result<(), Stays>,
        told: impl FnOnce(Told) -> Told,
    ) {
        if let Err(why) = judged {
            let [path, _] = file_paths(&file.receiver, file.first, file.count.into(), file.erased.into());
            self.findings.push(Finding::meaning(path, told(why.told())).of_entry(number));
        }
    }
}
