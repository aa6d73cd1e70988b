//! Deciding that lines go: whole files, or single lines of them.
//!
//! Invariant: nothing is entered but what an approved case says, past the time of keeping and held by none; the bytes go
//! after the entry, by whoever has them.

use crate::decide::Deciding;
use crate::order::{Asker, LinesGoing, Refused};
use crate::rulings::{LineRulings, rulings};
use model::RecordId;
use std::collections::{BTreeMap, BTreeSet};
use store::{Fact, LineErased, LinesFact, LinesFile, LinesRetired};

impl Deciding<'_> {
    /// Files or lines go.
    pub(crate) fn lines_go(&self, asker: &Asker, going: &LinesGoing) -> Result<Vec<Fact>, Refused> {
        if *asker != Asker::System {
            return Err(Refused::NotForAsker);
        }
        let pack = self.pack().ok_or(Refused::NoPack)?;
        let roster = self.roster()?;
        let rulings = self.around(&roster, |around| rulings(around, pack))?;
        // Lines that are erased, by the files they stand in until the order names the new one.
        let mut erased: BTreeMap<(&str, u64), BTreeSet<u64>> = BTreeMap::new();
        for fact in &going.facts {
            match fact {
                LinesFact::Retired(retired) => self.retired(retired, &rulings, &going.clear_of)?,
                LinesFact::Erased(line) => {
                    let file = self.erased(line, &rulings, &going.clear_of)?;
                    if !erased.entry((&line.receiver, file.first)).or_default().insert(line.line) {
                        return Err(gap(&line.receiver, line.line, file.first));
                    }
                }
                LinesFact::Merged(file) => {
                    let lines = erased.remove(&(&file.receiver, file.first)).unwrap_or_default();
                    self.without(file, lines.len() as u64)?;
                }
                LinesFact::Batch(_) | LinesFact::File(_) | LinesFact::Traced(..) => {
                    return Err(Refused::NotForAsker);
                }
            }
        }
        // A line does not go without the file in which it is no more.
        if let Some(((receiver, first), _)) = erased.first_key_value() {
            return Err(gap(receiver, *first, *first));
        }
        Ok(going.facts.iter().cloned().map(Fact::Lines).collect())
    }

    fn retired(
        &self,
        retired: &LinesRetired,
        rulings: &LineRulings,
        clear_of: &BTreeSet<RecordId>,
    ) -> Result<(), Refused> {
        let (receiver, first) = (retired.receiver.as_str(), retired.first);
        let file = self.file_of(receiver, first)?;
        let lines = first..first.saturating_add(file.count.into());
        let batches = self.projection.ask(|sql| sql.line_batches(receiver, lines))?.len() as u64;
        let same = (file.first, file.count, &file.file) == (first, retired.count, &retired.file);
        if !same || batches != u64::from(retired.batches) {
            return Err(gap(receiver, first, file.first));
        }
        rulings.retires(retired.case, receiver, (file.from, file.until), clear_of).map_err(Refused::LinesStay)
    }

    /// The file that a line stands in which goes.
    fn erased(
        &self,
        line: &LineErased,
        rulings: &LineRulings,
        clear_of: &BTreeSet<RecordId>,
    ) -> Result<LinesFile, Refused> {
        let (receiver, number) = (line.receiver.as_str(), line.line);
        let file = self.file_of(receiver, number)?;
        if self.projection.ask(|sql| sql.line_gone(receiver, number))?.is_some() {
            return Err(gap(receiver, number, file.first));
        }
        let received = (file.from, file.until);
        rulings.erases(line.case, (receiver, number), received, clear_of).map_err(Refused::LinesStay)?;
        Ok(file)
    }

    /// A file stands for the one with the same lines, so many of which go.
    fn without(&self, new: &LinesFile, lines: u64) -> Result<(), Refused> {
        let file = self.file_of(&new.receiver, new.first)?;
        let same =
            (file.first, file.count, file.from, file.until) == (new.first, new.count, new.from, new.until);
        let counted = u64::from(new.erased) == u64::from(file.erased) + lines;
        if same && counted && lines > 0 { Ok(()) } else { Err(gap(&new.receiver, new.first, file.first)) }
    }

    fn file_of(&self, receiver: &str, line: u64) -> Result<LinesFile, Refused> {
        let file = self.projection.ask(|sql| sql.line_file(receiver, line))?;
        let Some(file) = file else {
            let end = self.projection.ask(|sql| sql.lines_end(receiver))?;
            return Err(gap(receiver, line, end.filed));
        };
        Ok(file)
    }
}

fn gap(receiver: &str, first: u64, expected: u64) -> Refused {
    Refused::LinesGap { receiver: receiver.to_owned(), first, expected }
}
