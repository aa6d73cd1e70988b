//! What comes with time: clocks, duties, moves to a new version, approved destructions.
//!
//! Each is asked for until its entry is there, so that what an outage missed comes once, marked late, and nothing comes
//! twice. The desk has no clock of its own: whoever calls says when.

use crate::clerk::{Clerk, MOST_TOGETHER, Work, shelf};
use crate::order::{Asker, Order, Refused};
use casework::{Around, Command, Records as _};
use identity::Roster;
use ledger::vault::KeyState;
use model::{CivilDate, DataKeyId, Instant, RecordId};
use proof::lifecycle::KeyDestroyed;
use std::collections::VecDeque;
use store::Fact;

/// How a tick went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ticked {
    /// Clocks and duties that came to a point, duties that were opened, records that moved.
    pub done: u64,
    /// What was refused and will be asked for again.
    pub refused: u64,
    /// Records whose content was destroyed.
    pub destroyed: u64,
}

/// Rounds of one tick: effects may set clocks that are due at once.
const MOST_ROUNDS: u32 = 4_096;

impl Clerk {
    /// Does all that is due by now.
    pub(crate) fn tick(&mut self) -> Result<Ticked, Refused> {
        let now = self.clock.now();
        let mut ticked = Ticked::default();
        self.projection.ask(|sql| sql.set_pulse(now))?;
        if self.projection.packs().current().is_none() {
            return Ok(ticked);
        }
        for due in [Self::clocks as Due, Self::chases as Due, Self::duties as Due, Self::moves as Due] {
            for _ in 0..MOST_ROUNDS {
                let commands = due(self, now)?;
                if commands.is_empty() {
                    break;
                }
                let (done, refused) = self.all_for_system(commands);
                ticked.done += done;
                ticked.refused += refused;
                // What is refused stays due; it is asked for again at the next tick.
                if done == 0 {
                    break;
                }
            }
        }
        ticked.destroyed = self.destroy()?;
        Ok(ticked)
    }

    fn all_for_system(&mut self, commands: Vec<Command>) -> (u64, u64) {
        let mut waiting = VecDeque::new();
        let mut answers = Vec::new();
        for command in commands {
            let (reply, answer) = oneshot::channel();
            waiting.push_back(Work { asker: Asker::System, order: Order::Casework(command), reply });
            answers.push(answer);
        }
        self.work(waiting);
        let all = answers.len() as u64;
        let done = answers.into_iter().filter(|answer| matches!(answer.try_recv(), Ok(Ok(_)))).count() as u64;
        (done, all - done)
    }

    fn clocks(&mut self, now: Instant) -> Result<Vec<Command>, Refused> {
        let mut commands = Vec::new();
        for record in self.projection.clocks_due(now, MOST_TOGETHER)? {
            if let Some(case) = self.projection.case(record) {
                commands.extend(casework::clocks_due(&case, now, self.up_since));
            }
        }
        Ok(commands)
    }

    fn chases(&mut self, now: Instant) -> Result<Vec<Command>, Refused> {
        let due = self.projection.duties_chased(now, MOST_TOGETHER)?;
        let chased = due.iter().flat_map(|(key, one)| casework::duties_chased(key, one, now, self.up_since));
        Ok(chased.collect())
    }

    /// Duties are looked at once a day, and when what they are owed for may have changed.
    fn duties(&mut self, now: Instant) -> Result<Vec<Command>, Refused> {
        let packs = self.projection.packs().clone();
        let Some(pack) = packs.current() else { return Ok(Vec::new()) };
        let today = pack.zone.date(now);
        if self.duties_seen == Some(today) {
            return Ok(Vec::new());
        }
        let Some(shelf) = shelf(&packs) else { return Ok(Vec::new()) };
        let roster = Roster::new(self.projection.roster(), pack, now);
        let around = Around { shelf: &shelf, records: &self.projection, directory: &roster, now };
        let started = self.started(pack)?;
        let due = casework::duties_due(around, started);
        if let Some(fault) = self.projection.take_fault() {
            return Err(fault.into());
        }
        let due = due?;
        if due.is_empty() {
            self.duties_seen = Some(today);
        }
        Ok(due)
    }

    /// The first day duties are owed: that of the first published version.
    fn started(&self, pack: &regulation::Pack) -> Result<CivilDate, Refused> {
        let entry = self.projection.ask(store::Sql::first_published)?;
        let at = match entry {
            Some(entry) => self.time_of(entry)?,
            None => self.clock.now(),
        };
        Ok(pack.zone.date(at))
    }

    /// Running records move to the current version where it says how.
    fn moves(&mut self, _: Instant) -> Result<Vec<Command>, Refused> {
        let Some(after) = self.moving else { return Ok(Vec::new()) };
        let packs = self.projection.packs().clone();
        let Some(pack) = packs.current() else { return Ok(Vec::new()) };
        let found: Vec<(u64, RecordId)> =
            self.projection.ask(|sql| sql.running_before(pack.version, after, MOST_TOGETHER))?;
        let Some((last, _)) = found.last() else {
            self.moving = None;
            return Ok(Vec::new());
        };
        self.moving = Some(*last);
        let stated =
            |case: &casework::Case| pack.moves.as_ref().is_some_and(|moves| moves.from == case.version);
        let cases = found.iter().filter_map(|(_, record)| self.projection.case(*record));
        let commands: Vec<Command> = cases
            .filter(|case| stated(case))
            .map(|case| Command::Move { record: case.record, seen: case.revision })
            .collect();
        // Those the version says nothing about stay; the next ones are looked at.
        if commands.is_empty() { self.moves(self.up_since) } else { Ok(commands) }
    }

    /// Destroys what approved cases have condemned. Order: the entry first, then the key. A crash in between leaves a
    /// key of which the ledger says that it is destroyed; the next start destroys it.
    fn destroy(&mut self) -> Result<u64, Refused> {
        let mut destroyed = 0;
        for (record, case, key) in self.projection.condemned()? {
            let Some(key) = key else { continue };
            let files = self.projection.ask(|sql| sql.files_of_record_alone(record))?;
            let mut keys = vec![key];
            for file in &files {
                keys.extend(self.projection.ask(|sql| sql.file_key(file))?.flatten());
            }
            let expire = self.vault.vault().last_expiry();
            let expire = expire.map_or_else(|| "none".to_owned(), |day| day.to_string());
            let fact = |key: &DataKeyId| {
                Fact::KeyDestroyed(KeyDestroyed {
                    backups_expire: expire.clone(),
                    case: case.to_string(),
                    key: *key,
                    reason: format!("核准銷毀 {record} · approved destruction of {record}"),
                })
            };
            self.enter_own(keys.iter().map(fact).collect())?;
            self.forget(&keys, &files)?;
            destroyed += 1;
        }
        if destroyed > 0 {
            self.projection.ask(store::Sql::scrub)?;
        }
        Ok(destroyed)
    }

    fn forget(&mut self, keys: &[DataKeyId], files: &[String]) -> Result<(), Refused> {
        for key in keys {
            self.vault.vault().destroy(*key).map_err(|error| Refused::Vault(error.told()))?;
        }
        for file in files {
            self.files.remove(file).map_err(Refused::Vault)?;
            self.projection.ask(|sql| sql.file_forgotten(file))?;
        }
        Ok(())
    }

    /// Finishes destructions that a crash has cut off.
    pub(crate) fn finish_destructions(&mut self) -> Result<(), Refused> {
        for key in self.projection.ask(store::Sql::destroyed_keys)? {
            let state = store::Keys::key(self.vault.as_ref(), key);
            if matches!(state.map_err(|error| Refused::Vault(error.told()))?, KeyState::Here(_)) {
                self.forget(&[key], &[])?;
            }
        }
        Ok(())
    }
}

type Due = fn(&mut Clerk, Instant) -> Result<Vec<Command>, Refused>;
