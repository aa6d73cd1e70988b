//! A regulation as it is lived: deeds are done in a house of its own, and what comes of each is looked at.

use super::deed::{Deed, Failure, Filled, Given, Ordered, Record};
use super::looking::Looking;
use crate::faults::{LATE, NO_ROOM};
use crate::naive::{Naive, judge_house, rules::Rules};
use casework::{Command, EntryNumber, Fill, Refusal};
use desk::{Asker, Done, Order, Refused, Sent, Way, Ways};
use model::{Clock as _, Evidence, Instant, RecordId};
use regulation::{Outcome, StepId};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use std::ops::AddAssign;
use std::sync::Arc;
use std::time::Duration;
use store::{Access, Sql};
use testkit::{Acting, Failing, Fault, FaultyDisk, House, Operation, Reason};

/// A house, its people, what they know to do.
pub(super) struct Life {
    pub(super) house: House,
    disk: Arc<FaultyDisk>,
    /// People in their roles, by name.
    pub(super) people: Vec<(&'static str, Acting)>,
    /// Records that were there before.
    base: Vec<RecordId>,
    pub(super) habits: Habits,
    /// Principal and deputy, with the first moment.
    pub(super) appointed: Vec<(&'static str, &'static str, Instant)>,
    /// How many records deeds were to open.
    pub(super) opened: u32,
    lived: Lived,
    /// The desk's time is no longer the clock's.
    went_back: bool,
}

/// What is done under a regulation.
pub(super) struct Habits {
    /// The register whose records the others are about, by a field of the same name.
    pub(super) about: &'static str,
    /// Who may come to stand in for whom.
    pub(super) pairs: &'static [(&'static str, &'static str)],
    /// Steps that change content and lead nowhere, which are taken less often.
    pub(super) edits: &'static [&'static str],
    /// An opening, of the record of a number, by two choices.
    pub(super) open: fn(&Life, u32, u8, u8) -> Option<Given>,
    /// What is filled in for a step, by a choice.
    pub(super) fill: fn(&str, u8) -> Vec<(&'static str, Json)>,
}

/// How much was lived.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Lived {
    /// Steps of several signatures that were completed.
    pub(super) completed: u32,
    /// Cases that came to the end they were opened for.
    pub(super) ended: u32,
    /// Approvals that a change made void.
    pub(super) voided: u32,
    /// Commands of deputies that were refused because they were deputies.
    pub(super) deputies: u32,
    /// Approvals of their own cases that were refused.
    pub(super) own: u32,
    /// Signatures of deputies that were taken.
    pub(super) stood_in: u32,
    /// Second signatures of one person, or of one with a deputy, that were refused.
    pub(super) twice: u32,
    /// Commands that were refused for whatever other reason.
    pub(super) refused: u32,
    /// Decisions that were made again because their batch had changed what they looked at.
    pub(super) again: u32,
    /// Failures that stopped the desk.
    pub(super) stopped: u32,
}

/// A command as it is handed in.
struct Ready {
    who: Acting,
    command: Command,
    /// The revision before; none of a record that is not there.
    before: Option<u32>,
    /// Why it must be refused.
    wrong: Option<&'static str>,
}

impl Life {
    pub(super) fn new(
        house: House,
        disk: Arc<FaultyDisk>,
        people: Vec<(&'static str, Acting)>,
        base: Vec<RecordId>,
        habits: Habits,
    ) -> Self {
        Self {
            house,
            disk,
            people,
            base,
            habits,
            appointed: vec![],
            opened: 0,
            lived: Lived::default(),
            went_back: false,
        }
    }

    /// Is judged; yields how much was lived.
    pub(super) fn judged(mut self, rules: &'static Rules) -> Lived {
        self.count_again();
        let Naive { completed, ended, voided, .. } = judge_house(&mut self.house, rules);
        Lived { completed, ended, voided, ..self.lived }
    }

    /// Does a deed. One that speaks of what is not there does nothing.
    pub(super) fn perform(&mut self, deed: &Deed) {
        // Nothing is appointed for a moment that has passed.
        self.pass(60);
        match deed {
            Deed::Give(given) => self.give(given),
            Deed::Together(all) => self.together(all),
            Deed::Failing(how, given) => self.fail(*how, given),
            Deed::Appoint { principal, deputy, hours, told } => {
                self.appoint(principal, deputy, *hours, *told);
            }
            Deed::Revoke { principal, deputy } => self.revoke(principal, deputy),
            Deed::Role { who, held } => self.role(who, *held),
            Deed::Leave { who } => {
                let Some((_, who)) = self.person(who) else { return };
                let _ = self.house.identity(identity::Command::RecordLeaving { person: who.person });
            }
            Deed::Read { notice, readers } => self.read(*notice, readers),
            Deed::Pass { minutes } => self.pass(u64::from(*minutes) * 60),
            Deed::Back { minutes } => {
                self.went_back = true;
                self.house.clock.step_back(Duration::from_secs(u64::from(*minutes) * 60));
            }
            Deed::Reopen { hours } => {
                self.count_again();
                self.house.desk.close();
                self.pass(u64::from(*hours) * 3600);
                self.house.open_again().unwrap();
                assert_eq!(self.house.opened.replayed, 0, "what was answered was not in the tables");
            }
            Deed::Tick => {
                let ticked = self.house.tick().unwrap();
                assert_eq!(ticked.refused, 0, "{:?}", ticked.why);
                let again = self.house.tick().unwrap();
                assert_eq!(again.done, 0, "what was due came twice");
            }
            Deed::Send => drop(self.house.desk.send(&ways()).unwrap()),
        }
    }

    fn pass(&self, seconds: u64) {
        self.house.clock.pass(Duration::from_secs(seconds));
    }

    pub(super) fn now(&self) -> Instant {
        self.house.clock.now()
    }

    /// Counts what a desk that is closed forgets.
    fn count_again(&mut self) {
        self.lived.again += u32::try_from(self.house.desk.figures().again).unwrap();
    }

    /// A person in a role.
    pub(super) fn person(&self, name: &str) -> Option<(&'static str, Acting)> {
        self.people.iter().find(|(one, _)| *one == name).copied()
    }

    /// Records that the system opened, in order.
    fn of_the_system(&self) -> Vec<RecordId> {
        let deeds = |one: &RecordId| (0..self.opened).any(|number| own(number) == *one);
        self.records("").into_iter().filter(|one| !self.base.contains(one) && !deeds(one)).collect()
    }

    /// Records that a condition holds of, in the order of opening.
    pub(super) fn records(&self, condition: &str) -> Vec<RecordId> {
        let text = format!("SELECT record FROM record WHERE destroyed IS NULL {condition} ORDER BY opened");
        let rows = self.house.desk.read(|sql, _| sql.rows(&text, &[])).unwrap();
        rows.iter().map(|row| row.text(0).unwrap().parse().unwrap()).collect()
    }

    fn id(&self, record: Record) -> Option<RecordId> {
        match record {
            Record::Base(nth) => self.base.get(nth).copied(),
            Record::Own(number) => Some(own(number)),
            Record::System(nth) => self.of_the_system().get(nth).copied(),
        }
    }

    pub(super) fn name(&self, record: RecordId) -> Record {
        let place = |list: &[RecordId]| list.iter().position(|one| *one == record);
        let opened = (0..self.opened).find(|number| own(*number) == record);
        place(&self.base)
            .map(Record::Base)
            .or(opened.map(Record::Own))
            .or_else(|| place(&self.of_the_system()).map(Record::System))
            .expect("every record was there before, or was opened by a deed or by the system")
    }

    /// Identifiers in the place of names.
    fn real(&self, json: &Json) -> Option<Json> {
        match json {
            Json::String(text) => match text.strip_prefix('@') {
                None => Some(json.clone()),
                Some(name) => Some(json!(match name.strip_prefix("person ") {
                    Some(person) => self.person(person)?.1.person.to_string(),
                    None => self.id(name.parse().ok()?)?.to_string(),
                })),
            },
            Json::Array(list) => {
                list.iter().map(|one| self.real(one)).collect::<Option<_>>().map(Json::Array)
            }
            json => Some(json.clone()),
        }
    }

    fn filled(&self, fill: &Filled) -> Option<Fill> {
        fill.iter().map(|(field, json)| Some((field.parse().ok()?, self.real(json)?))).collect()
    }

    /// Who gives a command, in whose name and with which signature.
    fn acting(&self, given: &Given) -> Option<Acting> {
        let (_, own) = self.person(&given.who)?;
        let who = match &given.standing_in {
            None => own,
            Some(principal) => stand_in(self.person(principal)?.1, own),
        };
        Some(if given.by_code { who.with(Evidence::Otp) } else { who })
    }

    /// The command, and whether it is made on an earlier revision.
    fn command(&self, order: &Ordered) -> Option<(Command, bool)> {
        match order {
            Ordered::Open { record, register, step, fill } => {
                let command = Command::Open {
                    record: self.id(*record)?,
                    register: register.parse().ok()?,
                    step: step.parse().ok()?,
                    fill: self.filled(fill)?,
                    occurred_at: None,
                    late_reason: None,
                    signed: None,
                };
                Some((command, false))
            }
            Ordered::Take { record, step, outcome, reason, fill, stale } => {
                let record = self.id(*record)?;
                let command = Command::Take {
                    record,
                    seen: self.revision(record)? - u32::from(*stale),
                    step: step.parse().ok()?,
                    outcome: Outcome::from_word(outcome)?,
                    reason: reason.clone(),
                    fill: self.filled(fill)?,
                    occurred_at: None,
                    late_reason: None,
                    signed: None,
                };
                Some((command, *stale))
            }
        }
    }

    fn revision(&self, record: RecordId) -> Option<u32> {
        self.house.desk.case(record).unwrap().map(|case| case.revision)
    }

    /// Makes and signs a command. One that is refused a signature is handed in without.
    fn ready(&mut self, given: &Given) -> Option<Ready> {
        if let Ordered::Open { record: Record::Own(number), .. } = &given.order {
            self.opened = self.opened.max(number + 1);
        }
        let who = self.acting(given)?;
        let (command, stale) = self.command(&given.order)?;
        let before = self.revision(record_of(&command)?);
        let offered = match &command {
            Command::Take { record, step, outcome, .. } => {
                let way: (StepId, Outcome) = (step.clone(), *outcome);
                Looking::at(&self.house).offered(who, *record).contains(&way)
            }
            _ => true,
        };
        let signed = self.house.sign(who, command.clone());
        let wrong = match &signed {
            _ if stale => Some("a command on an earlier revision was done"),
            _ if !offered && !self.went_back => Some("what was not offered was done"),
            Err(_) => Some("what could not be signed was done"),
            Ok(_) => None,
        };
        Some(Ready { who, command: signed.unwrap_or(command), before, wrong })
    }

    fn give(&mut self, given: &Given) {
        let Some(ready) = self.ready(given) else { return };
        let asker = Asker::Person(ready.who.actor());
        let answer = self.house.desk.ask(asker, Order::Casework(ready.command.clone()));
        self.note(ready.who, answer.as_ref().map(drop));
        self.answered(&ready, answer.as_ref());
    }

    /// What was done stands in the tables, what was refused has changed nothing.
    fn answered(&self, ready: &Ready, answer: Result<&Done, &Refused>) {
        match answer {
            Ok(done) => {
                if let Some(wrong) = ready.wrong {
                    panic!("{wrong}: {:?}", ready.command);
                }
                self.landed(done);
                assert!(self.moved(ready), "it was done and did nothing: {:?}", ready.command);
            }
            Err(refused) => assert!(!self.moved(ready), "{refused:?} has changed the record"),
        }
    }

    /// Has the record changed since the command was made?
    fn moved(&self, ready: &Ready) -> bool {
        record_of(&ready.command).and_then(|record| self.revision(record)) > ready.before
    }

    fn landed(&self, done: &Done) {
        let position = self.house.desk.seen().position;
        assert!(position >= done.entries.end, "{done:?} was answered, the tables reach to {position}");
    }

    fn together(&mut self, all: &[Given]) {
        let ready: Vec<Ready> = all.iter().filter_map(|given| self.ready(given)).collect();
        let handed = ready
            .iter()
            .map(|one| (Asker::Person(one.who.actor()), Order::Casework(one.command.clone())))
            .collect();
        let given = self.house.together(handed);
        for (ready, answer) in ready.iter().zip(&given) {
            // One that would be refused now may be right after what goes before it.
            self.note(ready.who, answer.as_ref().map(drop));
            if let Ok(done) = answer {
                self.landed(done);
            }
        }
    }

    /// Gives a command while something fails, mends it, and opens the house again where it has stopped.
    fn fail(&mut self, how: Failure, given: &Given) {
        let Some(ready) = self.ready(given) else { return };
        let mut tables = self.tables();
        match how {
            Failure::Table => tables.script(NO_ROOM.0).unwrap(),
            Failure::Commit => tables.script(LATE.0).unwrap(),
            Failure::Unwritten => self.fail_journal(Failing::Undone),
            Failure::HalfWritten => self.fail_journal(Failing::Half),
            Failure::Denied => self.fail_journal(Failing::Done),
        }
        let asker = Asker::Person(ready.who.actor());
        let answer = self.house.desk.ask(asker, Order::Casework(ready.command.clone()));
        match how {
            Failure::Table => tables.script(NO_ROOM.1).unwrap(),
            Failure::Commit => tables.script(LATE.1).unwrap(),
            Failure::Unwritten | Failure::HalfWritten | Failure::Denied => self.disk.heal(),
        }
        drop(tables);
        if self.house.desk.stopped().is_none() {
            self.note(ready.who, answer.as_ref().map(drop));
            return self.answered(&ready, answer.as_ref());
        }
        self.lived.stopped += 1;
        if let Ok(done) = answer {
            panic!("{done:?} was answered, and the desk has stopped");
        }
        self.count_again();
        self.house.reopen().unwrap();
        if matches!(how, Failure::Table | Failure::Commit) {
            assert!(self.house.opened.replayed > 0, "nothing was replayed");
            assert!(self.moved(&ready), "what the ledger has is not in the tables: {:?}", ready.command);
        }
    }

    /// The tables, beside the desk that writes them.
    fn tables(&self) -> Sql {
        Sql::sqlite(&self.house.data.join("store/projection.db"), None, Access::Write).unwrap()
    }

    fn fail_journal(&self, failing: Failing) {
        let fault = Fault::of(Operation::WriteAt, failing, Reason::Device);
        self.disk.fail(fault.at("ledger/journal/0*"));
    }

    fn appoint(&mut self, principal: &str, deputy: &str, hours: u16, told: bool) {
        let (Some(principal), Some(deputy)) = (self.person(principal), self.person(deputy)) else { return };
        let until = self.now().plus(Duration::from_secs(u64::from(hours) * 3600));
        let appointed = if told {
            self.house.appoint(principal.1, deputy.1, until)
        } else {
            self.house.appoint_untold(principal.1, deputy.1, until)
        };
        self.appointed.extend(appointed.map(|from| (principal.0, deputy.0, from)));
    }

    fn revoke(&self, principal: &str, deputy: &str) {
        let same = |(one, other, _): &&(&str, &str, Instant)| (*one, *other) == (principal, deputy);
        let Some((_, _, from)) = self.appointed.iter().rev().find(same).copied() else { return };
        let (Some(principal), Some(deputy)) = (self.person(principal), self.person(deputy)) else { return };
        let (principal, deputy) = (principal.1.person, deputy.1.person);
        let _ = self.house.identity(identity::Command::RevokeDeputy { principal, deputy, from });
    }

    fn role(&self, who: &str, held: bool) {
        let Some((_, who)) = self.person(who) else { return };
        let role = who.role.parse().unwrap();
        let seen = self.house.desk.seen();
        let person = seen.roster.person(who.person).unwrap();
        let unit = person.holdings.first().and_then(|holding| holding.unit);
        let person = who.person;
        let command = if held {
            identity::Command::GrantRole { person, role, unit, from: None, until: None }
        } else {
            identity::Command::EndRole { person, role, unit, from: None }
        };
        let _ = self.house.identity(command);
    }

    fn read(&mut self, notice: usize, readers: &[String; 2]) {
        let rows = self.house.desk.read(|sql, _| sql.rows("SELECT entry FROM notice ORDER BY entry", &[]));
        let Some(row) = rows.unwrap().get(notice).cloned() else { return };
        let notice = EntryNumber(row.entry(0).unwrap());
        let [first, second] = readers;
        let (Some((_, first)), Some((_, second))) = (self.person(first), self.person(second)) else { return };
        let orders =
            [first, first, second].map(|who| (Asker::Person(who.actor()), Order::ReadNotice(notice)));
        for given in self.house.together(orders.into()) {
            self.note(first, given.as_ref().map(drop));
        }
    }

    fn note(&mut self, who: Acting, given: Result<(), &Refused>) {
        let stands_in = who.acting_for.is_some();
        let lived = &mut self.lived;
        match given {
            Ok(()) => lived.stood_in += u32::from(stands_in),
            Err(Refused::Casework(Refusal::DeputyOfOwnCase | Refusal::NotDeputy)) => lived.deputies += 1,
            Err(Refused::Casework(Refusal::OwnCase)) if stands_in => lived.deputies += 1,
            Err(Refused::Casework(Refusal::OwnCase)) => lived.own += 1,
            Err(Refused::Casework(Refusal::AlreadySigned)) => lived.twice += 1,
            Err(refused) => {
                let out_of_place = matches!(refused, Refused::Casework(Refusal::NoSuch(_)));
                assert!(
                    !out_of_place && !["stopped", "unavailable"].contains(&refused.code()),
                    "{refused:?}"
                );
                lived.refused += 1;
            }
        }
    }
}

/// A deputy in the principal's role.
pub(super) fn stand_in(principal: Acting, deputy: Acting) -> Acting {
    Acting { person: deputy.person, ..principal }.standing_in(principal.person)
}

/// The identifier of the record that a deed opens under a number.
fn own(number: u32) -> RecordId {
    let mut bytes = [0xd0; 16];
    bytes[12..].copy_from_slice(&number.to_be_bytes());
    RecordId::from_bytes(bytes)
}

fn record_of(command: &Command) -> Option<RecordId> {
    match command {
        Command::Open { record, .. } | Command::Take { record, .. } => Some(*record),
        _ => None,
    }
}

/// The way out of the invented regulations: done, refused or not to be had, by the number of the entry.
struct Gate;

impl Way for Gate {
    fn send(&self, attempt: &store::Attempt) -> Sent {
        match attempt.entry % 3 {
            0 => Sent::Done("開".to_owned()),
            1 => Sent::Refused("故障".to_owned()),
            _ => Sent::Later("無回應".to_owned()),
        }
    }
}

fn ways() -> Ways {
    let gate: Arc<dyn Way> = Arc::new(Gate);
    ["open_gate", "print_label"].map(|hook| (hook.to_owned(), Arc::clone(&gate))).into()
}

impl AddAssign for Lived {
    fn add_assign(&mut self, other: Self) {
        self.completed += other.completed;
        self.ended += other.ended;
        self.voided += other.voided;
        self.deputies += other.deputies;
        self.own += other.own;
        self.stood_in += other.stood_in;
        self.twice += other.twice;
        self.refused += other.refused;
        self.again += other.again;
        self.stopped += other.stopped;
    }
}
