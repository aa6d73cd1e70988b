//! What comes with time: clocks, duties, moves to a new version, approved destructions.
//!
//! Each is asked for until its entry is there, so that what an outage missed comes once, marked late, and nothing comes
//! twice. The desk has no clock of its own: whoever calls says when.

use crate::batch::MOST_TOGETHER;
use crate::clerk::{Clerk, Work};
use crate::order::{Asker, Order, Refused};
use casework::{Around, Body, Command, Records as _};
use identity::Roster;
use model::{CivilDate, Instant, RecordId, Told};
use regulation::DutyEach;
use std::collections::VecDeque;
use store::{Fact, Recorded, Said};

/// How a tick went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ticked {
    /// Clocks and duties that came to a point, duties that were opened, records that moved.
    pub done: u64,
    /// What was refused and will be asked for again.
    pub refused: u64,
    /// Why the first of them was.
    pub why: Option<Told>,
    /// Records whose content was destroyed.
    pub destroyed: u64,
    /// Files that no record came to hold and that were taken away.
    pub swept: u64,
}

/// Most rounds of one tick.
const MOST_ROUNDS: u32 = 4_096;

type Due = fn(&mut Clerk, Instant) -> Result<Vec<Command>, Refused>;

impl Clerk {
    /// Does all that is due by now.
    pub(crate) fn tick(&mut self) -> Result<Ticked, Refused> {
        self.ready()?;
        let now = self.now();
        let mut ticked = Ticked::default();
        if self.projection.packs().current().is_none() {
            return Ok(ticked);
        }
        for _ in 0..MOST_ROUNDS {
            let before = ticked.done;
            self.round(now, &mut ticked)?;
            if ticked.done == before {
                break;
            }
        }
        // Files that nobody holds go even while a destruction cannot be ended.
        let (destroyed, swept) = (self.destroy(), self.sweep(now));
        (ticked.destroyed, ticked.swept) = (destroyed?, swept?);
        Ok(ticked)
    }

    /// Does what is due as things stand. It may make other things due.
    fn round(&mut self, now: Instant, ticked: &mut Ticked) -> Result<(), Refused> {
        // What is refused stays due; it is asked for again in the next round, and at the next tick.
        (ticked.refused, ticked.why) = (0, None);
        for due in [Self::moves as Due, Self::duties as Due, Self::clocks as Due, Self::chases as Due] {
            let commands = due(self, now)?;
            self.all_for_system(commands, ticked);
            self.running()?;
        }
        Ok(())
    }

    fn all_for_system(&mut self, commands: Vec<Command>, ticked: &mut Ticked) {
        let mut waiting = VecDeque::new();
        let mut answers = Vec::new();
        for command in commands {
            let (reply, answer) = oneshot::channel();
            waiting.push_back(Work { asker: Asker::System, order: Order::Casework(command), reply });
            answers.push(answer);
        }
        self.work(waiting);
        for answer in answers {
            match answer.try_recv() {
                Ok(Ok(_)) => ticked.done += 1,
                Ok(Err(refused)) => {
                    ticked.refused += 1;
                    ticked.why.get_or_insert_with(|| refused.told());
                }
                // Every order of a batch is answered.
                Err(_) => ticked.refused += 1,
            }
        }
    }

    fn clocks(&mut self, now: Instant) -> Result<Vec<Command>, Refused> {
        let mut commands = Vec::new();
        for record in self.projection.clocks_due(now, MOST_TOGETHER)? {
            if let Some(case) = self.projection.case(record) {
                commands.extend(casework::clocks_due(&case, now, self.up_since));
            }
        }
        match self.projection.take_fault() {
            Some(fault) => Err(fault.into()),
            None => Ok(commands),
        }
    }

    fn chases(&mut self, now: Instant) -> Result<Vec<Command>, Refused> {
        let due = self.projection.duties_chased(now, MOST_TOGETHER)?;
        let chased = due.iter().flat_map(|(key, one)| casework::duties_chased(key, one, now, self.up_since));
        Ok(chased.collect())
    }

    /// Duties are looked at once a day, and when what they are owed for may have changed.
    fn duties(&mut self, now: Instant) -> Result<Vec<Command>, Refused> {
        let packs = self.projection.packs().clone();
        let (Some(pack), Some(shelf)) = (packs.current(), packs.shelf()) else { return Ok(Vec::new()) };
        let today = pack.zone.date(now);
        if self.duties_seen == Some(today) {
            return Ok(Vec::new());
        }
        let roster = Roster::new(self.projection.roster(), pack, now);
        let around = Around { shelf: &shelf, records: &self.projection, directory: &roster, now };
        let due = casework::duties_due(around, self.started(pack)?);
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
            None => self.now(),
        };
        Ok(pack.zone.date(at))
    }

    /// May an entry change what duties are owed, or by whom?
    pub(crate) fn may_owe(&self, recorded: &Recorded) -> bool {
        let Said::Fact(fact) = &recorded.said else { return false };
        match fact.as_ref() {
            Fact::Identity(event) => matches!(event.subject, identity::Subject::Unit(_)),
            Fact::Case(event) => self.is_of_owing_register(event) && changes(&event.body),
            _ => false,
        }
    }

    fn is_of_owing_register(&self, event: &casework::Event) -> bool {
        let Some(pack) = self.projection.packs().current() else { return false };
        let (Some(_), Some(register)) = (event.record(), event.register()) else { return false };
        pack.duties.values().any(|duty| match &duty.each {
            DutyEach::Record(of) => *of == register,
            DutyEach::Unit => false,
        })
    }

    /// Running records move to the current version where it says how; those it says nothing about stay.
    fn moves(&mut self, _: Instant) -> Result<Vec<Command>, Refused> {
        let packs = self.projection.packs().clone();
        let Some(pack) = packs.current() else { return Ok(Vec::new()) };
        while let Some(after) = self.moving {
            let found: Vec<(u64, RecordId)> =
                self.projection.ask(|sql| sql.running_before(pack.version, after, MOST_TOGETHER))?;
            self.moving = found.last().map(|(last, _)| *last);
            let stated = |version| pack.moves.as_ref().is_some_and(|moves| moves.from == version);
            let cases = found.iter().filter_map(|(_, record)| self.projection.case(*record));
            let commands: Vec<Command> = cases
                .filter(|case| stated(case.version))
                .map(|case| Command::Move { record: case.record, seen: case.revision })
                .collect();
            if let Some(fault) = self.projection.take_fault() {
                return Err(fault.into());
            }
            if !commands.is_empty() {
                return Ok(commands);
            }
        }
        Ok(Vec::new())
    }
}

/// Does an event change what a record holds or where it stands?
const fn changes(body: &Body) -> bool {
    body.content().is_some() || matches!(body, Body::Taken { .. } | Body::SentBack { .. })
}
