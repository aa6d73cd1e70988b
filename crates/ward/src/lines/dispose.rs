//! Disposing: files of lines go where approved cases say so and their time is over, and single lines where a case says
//! that; what a case holds stays.
//!
//! Invariants: the ledger has what goes, with its case, before anything goes; what is taken away is what is not listed any
//! more, by the code that takes away what was merged, so that a stop at any moment leaves the file or the entry.
//! Does not: decide; the desk does, when it enters what goes.

use super::{Lines, digest, listed, told, unfound, unread};
use crate::months::Gone;
use crate::told::tell;
use desk::{Asker, LineDisposal, LineErasure, LineHold, LineRulings, LinesGoing, Order, RulingsRead, Stays};
use lines::Field;
use model::{Instant, RecordId, Told};
use proof::hash::Hash;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};
use store::{LineErased, LinesFact, LinesFile, LinesRetired, StoreError};
use telemetry::find::{FindError, Line, Wanted};
use telemetry::{Batch, ReceiverError, check, erase, file_paths};
use web::{LinesCase, LinesCaseKind};

/// What disposing remembers between two times.
#[derive(Default)]
pub(super) struct Disposing {
    read: Option<RulingsRead>,
    rulings: Arc<LineRulings>,
    /// Is everything done that can be, as long as the rulings are the same?
    done: bool,
    cases: Vec<LinesCase>,
}

impl Lines {
    /// Does what the rulings say, as far as it can be done now.
    pub(super) fn dispose(&self) -> Result<(), Told> {
        let mut disposing = self.0.disposing.lock().unwrap_or_else(PoisonError::into_inner);
        let rulings = self.0.desk.line_rulings(&mut disposing.read).map_err(|error| unread(&error))?;
        if let Some(rulings) = rulings {
            (disposing.rulings, disposing.done) = (Arc::new(rulings), false);
        }
        if disposing.done {
            return Ok(());
        }
        let rulings = Arc::clone(&disposing.rulings);
        let (mut cases, mut waits) = (Vec::new(), false);
        for disposal in &rulings.disposals {
            cases.push(self.retire(disposal, &rulings)?);
        }
        for erasure in &rulings.erasures {
            let (case, waiting) = self.erase(erasure, &rulings)?;
            cases.push(case);
            waits |= waiting;
        }
        cases.extend(rulings.holds.iter().map(|hold| LinesCase {
            record: hold.record,
            kind: LinesCaseKind::Hold,
            receiver: hold.receiver.clone(),
            stays: Vec::new(),
        }));
        for record in &rulings.unclear {
            let unclear = Told::new("無法判斷本案是否有效", "It cannot be told whether the case is in force");
            match cases.iter_mut().find(|case| case.record == *record) {
                Some(case) => case.stays.push((unclear, 0)),
                None => cases.push(LinesCase {
                    record: *record,
                    kind: LinesCaseKind::Unclear,
                    receiver: None,
                    stays: vec![(unclear, 0)],
                }),
            }
        }
        (disposing.cases, disposing.done) = (cases, !waits);
        Ok(())
    }

    /// How the cases stand by which lines go, or stay.
    pub(super) fn standing(&self) -> Vec<LinesCase> {
        self.0.disposing.lock().unwrap_or_else(PoisonError::into_inner).cases.clone()
    }

    /// The files of a disposal go that may.
    fn retire(&self, disposal: &LineDisposal, rulings: &LineRulings) -> Result<LinesCase, Told> {
        let (case, receiver) = (disposal.record, disposal.receiver.as_str());
        let read = |sql: &mut store::Sql| {
            let known = sql.lines_end(receiver)?.rooted > 0;
            Ok::<_, StoreError>((sql.line_files(Some(receiver), None, None)?, known))
        };
        let (files, known) = self.0.desk.read(|sql, _| read(sql)).map_err(|error| unread(&error))?;
        let mut stays = Stayed::default();
        if !known {
            stays.add(no_receiver(receiver), 0);
        }
        for file in files.into_iter().filter(|file| file.until < disposal.before) {
            let received = (file.from, file.until);
            let mut clear_of = BTreeSet::new();
            for hold in rulings.holding(receiver, received) {
                if self.is_clear_of(&file, hold).map_err(|error| unfound(&error))? {
                    clear_of.insert(hold.record);
                }
            }
            match rulings.retires(case, receiver, received, &clear_of) {
                Ok(()) => self.retire_file(case, file, clear_of)?,
                Err(why) => stays.add(why.told(), u64::from(file.count)),
            }
        }
        let receiver = Some(receiver.to_owned());
        Ok(LinesCase { record: case, kind: LinesCaseKind::Disposal, receiver, stays: stays.0 })
    }

    /// Was the address that a hold names looked for in a file in vain?
    fn is_clear_of(&self, file: &LinesFile, hold: &LineHold) -> Result<bool, FindError> {
        let Some(network) = hold.network.as_deref().and_then(Wanted::address) else { return Ok(false) };
        self.0.library.speaks_of(&listed(file.clone()), &network).map(|stands| !stands)
    }

    fn retire_file(&self, case: RecordId, file: LinesFile, clear_of: BTreeSet<RecordId>) -> Result<(), Told> {
        self.keep_figures(&file)?;
        let batches = self.batches_of(&file)?.len();
        let fact = LinesFact::Retired(LinesRetired {
            batches: u32::try_from(batches).unwrap_or(u32::MAX),
            case,
            count: file.count,
            file: file.file.clone(),
            first: file.first,
            receiver: file.receiver.clone(),
        });
        self.go(vec![fact], clear_of)?;
        let (receiver, first, count) = (file.receiver.clone(), file.first, file.count);
        self.0.library.forget(&listed(file));
        self.unswept(&receiver);
        tell(&Told::new(
            format!("依核准案件 {case} 銷毀接收器「{receiver}」自第 {first} 筆起之紀錄 {count} 筆。"),
            format!("By the approved case {case} lines of {receiver} go, {count} from {first} on."),
        ));
        Ok(())
    }

    /// Keeps what senders had sent by the lines of a file, before it goes: the figures of its month stay.
    fn keep_figures(&self, file: &LinesFile) -> Result<(), Told> {
        let zone = self.0.desk.seen().packs.current().map(|pack| pack.zone.clone());
        // Cases are of a pack.
        let Some(zone) = zone else { return Ok(()) };
        let kept =
            Gone::of(&self.0.library, &listed(file.clone()), &zone).map_err(|error| unfound(&error))?;
        self.0.desk.state(move |sql| sql.note_traffic_gone(&kept)).map_err(|refused| refused.told())
    }

    /// The lines of an erasure go that may; do some wait for their file?
    fn erase(&self, erasure: &LineErasure, rulings: &LineRulings) -> Result<(LinesCase, bool), Told> {
        let receiver = erasure.receiver.as_str();
        let known = self.state().receivers.get(receiver).map(|at| Arc::clone(&at.receiver));
        // Those whose roots the ledger is still to get are there, too.
        let received = known.as_ref().map_or(0, |known| known.figures().lines);
        let (mut stays, mut waits) = (Stayed::default(), false);
        let mut files: BTreeMap<u64, (LinesFile, BTreeSet<u64>)> = BTreeMap::new();
        for number in &erasure.lines {
            let read = |sql: &mut store::Sql| {
                let gone = sql.line_gone(receiver, *number)?.is_some();
                Ok::<_, StoreError>((gone, sql.line_file(receiver, *number)?, sql.lines_end(receiver)?))
            };
            match self.0.desk.read(|sql, _| read(sql)).map_err(|error| unread(&error))? {
                (true, ..) => {}
                (false, Some(file), _) => {
                    files.entry(file.first).or_insert_with(|| (file, BTreeSet::new())).1.insert(*number);
                }
                // It is in no file yet: its segment ends, and becomes one.
                (false, None, end) if *number < end.rooted.max(received) => {
                    waits = true;
                    stays.add(
                        Told::new("尚未歸檔，歸檔後即予塗銷", "It is in no file yet and goes once it is"),
                        1,
                    );
                    if let Some(known) = &known {
                        known.cut().map_err(|error| told(receiver, &error))?;
                    }
                }
                (false, None, end) if end.rooted == 0 => stays.add(no_receiver(receiver), 1),
                (false, None, _) => stays.add(Told::new("查無此筆紀錄", "There is no such line"), 1),
            }
        }
        for (file, numbers) in files.into_values() {
            self.erase_of(erasure, rulings, file, &numbers, &mut stays)?;
        }
        let case = LinesCase {
            record: erasure.record,
            kind: LinesCaseKind::Erasure,
            receiver: Some(receiver.to_owned()),
            stays: stays.0,
        };
        Ok((case, waits))
    }

    /// Lines of one file go that may.
    fn erase_of(
        &self,
        erasure: &LineErasure,
        rulings: &LineRulings,
        file: LinesFile,
        numbers: &BTreeSet<u64>,
        stays: &mut Stayed,
    ) -> Result<(), Told> {
        let (case, receiver) = (erasure.record, erasure.receiver.as_str());
        let (old, received) = (listed(file.clone()), (file.from, file.until));
        let holds = rulings.holding(receiver, received);
        let clear_of: BTreeSet<RecordId> = holds.iter().map(|hold| hold.record).collect();
        let mut going = BTreeMap::new();
        for number in numbers {
            let line = self.0.library.line(&old, *number).map_err(|error| unfound(&error))?;
            let why = match holds.iter().find(|hold| is_held(hold, &line)) {
                Some(hold) => Err(Stays::Held(hold.record)),
                None if line.received >= erasure.before => Err(Stays::NotApproved(case)),
                None => rulings.erases(case, (receiver, *number), received, &clear_of),
            };
            match why {
                Ok(()) => drop(going.insert(*number, case)),
                Err(why) => stays.add(why.told(), 1),
            }
        }
        if going.is_empty() {
            return Ok(());
        }
        let failed = |error: ReceiverError| told(receiver, &error);
        let table = self.0.library.open(&old).map_err(|error| unfound(&error))?.table().clone();
        let without = erase::write(&table, &going).map_err(|error| unsound(receiver, &error))?;
        // The roots are the ledger's: a file that had changed would be told here, before it goes.
        let batches = self.batches_of(&file)?;
        check::file(without.file.clone().into(), &without.index, &batches)
            .map_err(|error| unsound(receiver, &error))?;
        let erased = file.erased.saturating_add(u32::try_from(going.len()).unwrap_or(u32::MAX));
        let paths = file_paths(receiver, file.first, file.count.into(), erased.into());
        self.write(receiver, &paths, [&without.file, &without.index])
            .map_err(|error| failed(error.into()))?;
        let mut facts: Vec<LinesFact> = without
            .erased
            .into_iter()
            .map(|line| {
                let receiver = receiver.to_owned();
                LinesFact::Erased(LineErased { case: line.case, leaf: line.leaf, line: line.line, receiver })
            })
            .collect();
        facts.push(LinesFact::Merged(LinesFile {
            erased,
            file: digest(&Hash::of(&[&without.file])),
            index: digest(&Hash::of(&[&without.index])),
            ..file
        }));
        self.go(facts, clear_of)?;
        self.0.library.forget(&old);
        self.unswept(receiver);
        let numbers: Vec<String> = going.keys().map(ToString::to_string).collect();
        let numbers = numbers.join(", ");
        tell(&Told::new(
            format!("依核准案件 {case} 塗銷接收器「{receiver}」之紀錄：第 {numbers} 筆。"),
            format!("By the approved case {case} lines of {receiver} are erased: {numbers}."),
        ));
        Ok(())
    }

    fn go(&self, facts: Vec<LinesFact>, clear_of: BTreeSet<RecordId>) -> Result<(), Told> {
        let order = Order::LinesGo(LinesGoing { facts, clear_of });
        self.0.desk.ask(Asker::System, order).map(drop).map_err(|refused| refused.told())
    }

    /// The batches of a file, as the ledger has them.
    fn batches_of(&self, file: &LinesFile) -> Result<Vec<Batch>, Told> {
        let lines = file.first..file.first + u64::from(file.count);
        let batches = self.0.desk.read::<_, StoreError>(|sql, _| sql.line_batches(&file.receiver, lines));
        let batches = batches.map_err(|error| unread(&error))?.into_iter();
        let batch = |batch: store::LinesBatch| {
            let root = batch.root.parse().map_err(|_| StoreError::damaged("line_batch", batch.root));
            root.map(|root| Batch { first: batch.first, count: batch.count.into(), root })
        };
        batches.map(batch).collect::<Result<_, _>>().map_err(|error| unread(&error))
    }
}

/// Does a hold hold a line of a receiver that it is about?
fn is_held(hold: &LineHold, line: &Line) -> bool {
    let within =
        |at: Instant| hold.from.is_none_or(|from| at >= from) && hold.before.is_none_or(|before| at < before);
    let stands = |network: &str| {
        // What is no network holds everything, so that nothing goes by a slip of the pen.
        let Some(values) = Wanted::address(network) else { return true };
        let said = [Field::SrcIp, Field::DstIp].into_iter().filter_map(|field| line.fields.get(&field));
        let said = said.filter_map(|text| Wanted::address(text)).map(|one| one.start().clone());
        said.chain([line.peer.octets().to_vec()]).any(|address| values.contains(&address))
    };
    within(line.received) && hold.network.as_deref().is_none_or(stands)
}

/// Why lines stay, each with how many.
#[derive(Default)]
struct Stayed(Vec<(Told, u64)>);

impl Stayed {
    fn add(&mut self, why: Told, lines: u64) {
        match self.0.iter_mut().find(|(known, _)| *known == why) {
            Some((_, count)) => *count += lines,
            None => self.0.push((why, lines)),
        }
    }
}

fn no_receiver(receiver: &str) -> Told {
    Told::new(format!("查無接收器「{receiver}」"), format!("There is no receiver {receiver}"))
}

fn unsound(receiver: &str, error: &check::CheckError) -> Told {
    let causes = super::causes(error);
    Told::new(
        format!(
            "接收器「{receiver}」之紀錄檔與帳本不符，未予塗銷：{causes}。請以 ward verify 查核，並由備份還原該檔。"
        ),
        format!(
            "A file of lines of {receiver} is not what the ledger has the roots of, and nothing of it was erased: {causes}. Look with ward verify, and restore that file from the backup."
        ),
    )
}
