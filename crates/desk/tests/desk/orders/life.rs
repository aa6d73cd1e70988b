//! A regulation as it is lived: mostly people who do what is offered to them, now and then somebody who does not.

use super::act::{Act, Fault, Pick};
use super::looking::Looking;
use crate::naive::{Naive, judge_house, rules};
use casework::{Case, Command, EntryNumber, Records as _, Refusal};
use desk::{Asker, Order, Refused, Sent, Way, Ways};
use model::{Clock as _, Evidence, Instant, RecordId};
use regulation::{Outcome, StepId};
use serde_json::{Value as Json, json};
use std::ops::AddAssign;
use std::sync::Arc;
use std::time::Duration;
use testkit::{Acting, House};

/// A house, its people, what they know to do.
pub(super) struct Life {
    pub(super) house: House,
    pub(super) acting: Vec<Acting>,
    /// Sites and keys: what records are about.
    pub(super) base: Vec<RecordId>,
    /// Who may come to stand in for whom.
    pub(super) pairs: &'static [(usize, usize)],
    /// Steps that change content and lead nowhere, which are taken less often.
    pub(super) edits: &'static [&'static str],
    pub(super) open: fn(&mut Life, u8, u8),
    pub(super) fill: fn(&str, u8) -> Vec<(&'static str, Json)>,
    pub(super) appointed: Vec<(Acting, Acting, Instant)>,
    pub(super) counts: Counts,
    /// The desk's time is no longer the clock's.
    pub(super) went_back: bool,
}

/// How much was lived.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    /// Steps of several signatures that were completed.
    pub(super) completed: u32,
    /// Cases that came to the end they were opened for.
    pub(super) ended: u32,
    /// Approvals that a change made void.
    pub(super) voided: u32,
    /// Commands of deputies that were refused because they were deputies.
    pub(super) deputies: u32,
    /// Signatures of deputies that were taken.
    pub(super) stood_in: u32,
    /// Second signatures of one person, or of one with a deputy, that were refused.
    pub(super) twice: u32,
    /// Commands for somebody else that were refused, for whatever other reason.
    pub(super) refused: u32,
    /// Decisions that were made again because their batch had changed what they looked at.
    pub(super) again: u64,
}

impl Life {
    pub(super) fn new(house: House, acting: Vec<Acting>, base: Vec<RecordId>) -> Self {
        Self {
            house,
            acting,
            base,
            pairs: &[],
            edits: &[],
            open: |_, _, _| {},
            fill: |_, _| vec![],
            appointed: vec![],
            counts: Counts::default(),
            went_back: false,
        }
    }

    /// Lives through the acts and is judged.
    pub(super) fn live(mut self, acts: &[Act], rules: &'static rules::Rules) -> Counts {
        for act in acts {
            self.play(act);
        }
        self.count_again();
        let Naive { completed, ended, voided, .. } = judge_house(&mut self.house, rules);
        Counts { completed, ended, voided, ..self.counts }
    }

    pub(super) fn play(&mut self, act: &Act) {
        // Nothing is appointed for a moment that has passed.
        self.house.clock.pass(Duration::from_secs(60));
        match act {
            Act::Open { what, days } => {
                (self.open)(self, *what, *days);
            }
            Act::Step(pick) => {
                if let Some((who, command)) = self.offered(*pick) {
                    self.give(who, command);
                }
            }
            Act::Together(picks) => self.together(picks),
            Act::Wrong(fault, pick) => self.wrong(*fault, *pick),
            Act::Appoint { pair, hours, told } => self.appoint(*pair, *hours, *told),
            Act::Revoke { nth } => {
                let Some((principal, deputy, from)) = nth_of(&self.appointed, *nth) else { return };
                let (principal, deputy) = (principal.person, deputy.person);
                let _ = self.house.identity(identity::Command::RevokeDeputy { principal, deputy, from });
            }
            Act::Role { who, held } => self.role(*who, *held),
            // Most of those who would leave stay.
            Act::Leave { who } if *who >= 200 => {}
            Act::Leave { who } => {
                let person = nth_of(&self.acting, *who).unwrap().person;
                let _ = self.house.identity(identity::Command::RecordLeaving { person });
            }
            Act::Read { notice, readers } => self.read(*notice, *readers),
            Act::Pass { minutes } => self.house.clock.pass(Duration::from_secs(u64::from(*minutes) * 60)),
            Act::Back { minutes } => {
                self.went_back = true;
                self.house.clock.step_back(Duration::from_secs(u64::from(*minutes) * 60));
            }
            Act::Reopen { hours } => {
                self.count_again();
                self.house.desk.close();
                self.house.clock.pass(Duration::from_secs(u64::from(*hours) * 3600));
                self.house.open_again().unwrap();
                assert_eq!(self.house.opened.replayed, 0, "what was answered was not in the tables");
            }
            Act::Tick => {
                let ticked = self.house.tick().unwrap();
                assert_eq!(ticked.refused, 0, "{:?}", ticked.why);
                let again = self.house.tick().unwrap();
                assert_eq!(again.done, 0, "what was due came twice");
            }
            Act::Send => drop(self.house.desk.send(&ways()).unwrap()),
        }
    }

    /// Counts what a desk that is closed forgets.
    fn count_again(&mut self) {
        self.counts.again += self.house.desk.figures().again;
    }

    /// The oldest records that have not come to an end, those that the system has opened among them.
    fn running(&self) -> Vec<RecordId> {
        let text = "SELECT record FROM record WHERE destroyed IS NULL AND ending IS NULL ORDER BY opened";
        let rows = self.house.desk.read(|sql, _| sql.rows(text, &[])).unwrap();
        let all = rows.iter().map(|row| row.text(0).unwrap().parse().unwrap());
        all.filter(|record| !self.base.contains(record)).take(8).collect()
    }

    fn now(&self) -> Instant {
        self.house.clock.now()
    }

    /// A day so many days from now, in Taipei.
    pub(super) fn day(&self, days: u64) -> Json {
        let at = self.now().plus(Duration::from_secs((days * 24 + 8) * 3600));
        json!(at.to_string()[..10])
    }

    fn appoint(&mut self, pair: u8, hours: u16, told: bool) {
        let (principal, deputy) = nth_of(self.pairs, pair).unwrap();
        let (principal, deputy) = (self.acting[principal], self.acting[deputy]);
        let until = self.now().plus(Duration::from_secs(u64::from(hours) * 3600));
        let appointed = if told {
            self.house.appoint(principal, deputy, until)
        } else {
            self.house.appoint_untold(principal, deputy, until)
        };
        self.appointed.extend(appointed.map(|from| (principal, deputy, from)));
    }

    fn role(&mut self, who: u8, held: bool) {
        let who = nth_of(&self.acting, who).unwrap();
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

    /// Who may act, each in their own name and for whomever they were appointed.
    fn everybody(&self) -> (Vec<Acting>, Vec<Acting>) {
        let stand_in = |(principal, deputy, _): &(Acting, Acting, Instant)| {
            Acting { person: deputy.person, ..*principal }.standing_in(principal.person)
        };
        // Of those appointed last, since the others' time is mostly over.
        let deputies = self.appointed.iter().rev().take(6).map(stand_in).collect();
        (self.acting.clone(), deputies)
    }

    /// Records in the order in which they are looked at: a running one first, now and then what they are about.
    fn from(&self, number: u8) -> Vec<RecordId> {
        if number >= 244 {
            return nth_of(&self.base, number).into_iter().collect();
        }
        let running = self.running();
        let first = usize::from(number).checked_rem(running.len()).unwrap_or(0);
        running.iter().cycle().skip(first).take(running.len().min(4)).copied().collect()
    }

    /// A command that is offered to somebody, with whoever gives it.
    fn offered(&self, pick: Pick) -> Option<(Acting, Command)> {
        self.offered_on(self.from(pick.record), pick)
    }

    fn offered_on(&self, records: Vec<RecordId>, pick: Pick) -> Option<(Acting, Command)> {
        let looking = Looking::at(&self.house);
        let (own, deputies) = self.everybody();
        // Every third time a deputy comes first.
        let people = if pick.text.is_multiple_of(3) { [deputies, own] } else { [own, deputies] };
        let people: Vec<Acting> = people.iter().flat_map(|list| turned(list, pick.who)).collect();
        for record in records {
            for who in &people {
                let ways = looking.offered(*who, record).into_iter();
                let ways: Vec<_> = ways.filter(|way| self.is_likely(record, way, pick.way)).collect();
                if let Some(way) = nth_of(&ways, pick.way) {
                    let seen = looking.case(record)?.revision;
                    return Some((*who, self.command(record, seen, way, pick.text)));
                }
            }
        }
        None
    }

    /// Cases are to come far: what leads on is chosen mostly; edits, and what leads back, now and then.
    fn is_likely(&self, record: RecordId, (step, outcome): &(StepId, Outcome), number: u8) -> bool {
        let edits = self.edits.contains(&step.as_str());
        match outcome {
            Outcome::Approve | Outcome::Done if !edits => true,
            Outcome::Done => number < 40 || self.base.contains(&record),
            _ => number >= 236,
        }
    }

    fn command(&self, record: RecordId, seen: u32, (step, outcome): (StepId, Outcome), text: u8) -> Command {
        let fill = (self.fill)(step.as_str(), text).into_iter();
        Command::Take {
            record,
            seen,
            fill: fill
                .filter(|_| outcome == Outcome::Done)
                .map(|(field, json)| (field.parse().unwrap(), json))
                .collect(),
            step,
            outcome,
            reason: (outcome.needs_reason() || text.is_multiple_of(7)).then(|| format!("理由{text}")),
            occurred_at: None,
            late_reason: None,
            signed: None,
        }
    }

    fn together(&mut self, picks: &[Pick]) {
        let (mut orders, mut taken) = (Vec::new(), Vec::new());
        for pick in picks {
            let records = self.beside(&taken, pick.record);
            let Some((who, command)) = self.offered_on(records, *pick) else { continue };
            if let Command::Take { record, .. } = &command {
                taken.push(*record);
            }
            // One that is refused now may be right after what goes before it.
            let command = self.house.sign(who, command.clone()).unwrap_or(command);
            orders.push((who, command));
        }
        let handed = orders
            .iter()
            .map(|(who, command)| (Asker::Person(who.actor()), Order::Casework(command.clone())));
        let given = self.house.together(handed.collect());
        for ((who, _), given) in orders.iter().zip(&given) {
            self.note(*who, given.as_ref().map(drop));
        }
    }

    /// Mostly records that are about the same as those that others act on at this moment, and what they are about itself:
    /// they change under each other's hands.
    fn beside(&self, taken: &[RecordId], number: u8) -> Vec<RecordId> {
        let about = |record: RecordId| {
            let case = self.house.desk.case(record).unwrap()?;
            let of = |field: &str| case.content.0.get(field)?.as_str()?.parse::<RecordId>().ok();
            of("site").or_else(|| of("key"))
        };
        let same = taken.first().and_then(|first| about(*first)).filter(|_| !number.is_multiple_of(4));
        let Some(same) = same else { return self.from(number) };
        let others =
            self.running().into_iter().filter(|one| !taken.contains(one) && about(*one) == Some(same));
        let others: Vec<RecordId> = others.chain([same]).collect();
        let first = usize::from(number) % others.len();
        others.iter().cycle().skip(first).take(others.len()).copied().collect()
    }

    fn wrong(&mut self, fault: Fault, pick: Pick) {
        match fault {
            Fault::NotTheirs => {
                let Some((who, command)) = self.not_offered(pick) else { return };
                let given = self.give_anyhow(who, command);
                assert!(given.is_err() || self.went_back, "what was not offered was done");
            }
            Fault::Weak => {
                let Some((who, command)) = self.offered(pick) else { return };
                self.give(who.with(Evidence::Otp), command);
            }
            Fault::Stale => {
                let Some((who, mut command)) = self.offered(pick) else { return };
                if let Command::Take { seen, .. } = &mut command {
                    *seen -= 1;
                }
                let given = self.give_anyhow(who, command);
                assert!(given.is_err(), "a command on an earlier revision was done");
            }
        }
    }

    /// A step that is open, with somebody to whom it is not offered: who has signed it already, a deputy of somebody to
    /// whom it is offered, anybody.
    fn not_offered(&self, pick: Pick) -> Option<(Acting, Command)> {
        let records = self.from(pick.record);
        let looking = Looking::at(&self.house);
        for record in &records {
            let Some(case) = looking.case(*record) else { continue };
            let found = match pick.text % 4 {
                0 => self.again(&case, pick),
                1 | 2 => self.instead(&looking, *record, pick),
                _ => None,
            };
            if let Some((who, way)) = found {
                return Some((who, self.command(*record, case.revision, way, pick.text)));
            }
        }
        let (own, deputies) = self.everybody();
        for record in records {
            for who in [&deputies, &own].into_iter().flat_map(|list| turned(list, pick.who)) {
                let offered = looking.offered(who, record);
                let others = looking.open(record).into_iter().filter(|way| !offered.contains(way));
                if let Some(way) = nth_of(&others.collect::<Vec<_>>(), pick.way) {
                    let seen = looking.case(record)?.revision;
                    return Some((who, self.command(record, seen, way, pick.text)));
                }
            }
        }
        None
    }

    /// Somebody signs what they have signed.
    fn again(&self, case: &Case, pick: Pick) -> Option<(Acting, (StepId, Outcome))> {
        let mark = nth_of(&case.pending, pick.way)?;
        let (own, deputies) = self.everybody();
        let mut people = own.iter().chain(&deputies);
        let same = |who: &&Acting| who.person == mark.person && who.acting_for == mark.acting_for;
        people.find(same).map(|who| (*who, (mark.step, mark.outcome)))
    }

    /// A deputy does what is offered to the principal and not to them.
    fn instead(
        &self,
        looking: &Looking<'_>,
        record: RecordId,
        pick: Pick,
    ) -> Option<(Acting, (StepId, Outcome))> {
        let (_, deputies) = self.everybody();
        turned(&deputies, pick.who).find_map(|deputy| {
            let principal = Acting { person: deputy.acting_for?, acting_for: None, ..deputy };
            let (theirs, own) = (looking.offered(principal, record), looking.offered(deputy, record));
            let barred: Vec<_> = theirs.into_iter().filter(|way| !own.contains(way)).collect();
            Some((deputy, nth_of(&barred, pick.way)?))
        })
    }

    fn read(&mut self, notice: u8, readers: [u8; 2]) {
        let rows = self.house.desk.read(|sql, _| sql.rows("SELECT entry FROM notice ORDER BY entry", &[]));
        let Some(row) = nth_of(&rows.unwrap(), notice) else { return };
        let notice = EntryNumber(u64::try_from(row.int(0).unwrap()).unwrap());
        let [first, second] = readers.map(|who| nth_of(&self.acting, who).unwrap());
        let orders =
            [first, first, second].map(|who| (Asker::Person(who.actor()), Order::ReadNotice(notice)));
        for given in self.house.together(orders.into()) {
            self.note(first, given.as_ref().map(drop));
        }
    }

    fn give(&mut self, who: Acting, command: Command) -> bool {
        let given = self.house.give(who, command);
        self.note(who, given.as_ref().map(drop))
    }

    /// The same where what would be signed is refused already: the desk is asked all the same, without a signature.
    fn give_anyhow(&mut self, who: Acting, command: Command) -> Result<(), ()> {
        let signed = self.house.sign(who, command.clone()).unwrap_or(command);
        let given = self.house.desk.ask(Asker::Person(who.actor()), Order::Casework(signed));
        if self.note(who, given.as_ref().map(drop)) { Ok(()) } else { Err(()) }
    }

    fn note(&mut self, who: Acting, given: Result<(), &Refused>) -> bool {
        let stands_in = who.acting_for.is_some();
        let counts = &mut self.counts;
        match given {
            Ok(()) => counts.stood_in += u32::from(stands_in),
            Err(Refused::Casework(Refusal::DeputyOfOwnCase | Refusal::NotDeputy)) => counts.deputies += 1,
            Err(Refused::Casework(Refusal::OwnCase)) if stands_in => counts.deputies += 1,
            Err(Refused::Casework(Refusal::AlreadySigned)) => counts.twice += 1,
            Err(refused) => {
                assert!(!["stopped", "unavailable"].contains(&refused.code()), "{refused:?}");
                counts.refused += 1;
            }
        }
        given.is_ok()
    }

    pub(super) fn file(
        &mut self,
        who: Acting,
        register: &str,
        step: &str,
        fill: &[(&str, Json)],
    ) -> Option<RecordId> {
        let record = RecordId::from_bytes(self.house.draw());
        let command = Command::Open {
            record,
            register: register.parse().unwrap(),
            step: step.parse().unwrap(),
            fill: fill.iter().map(|(field, json)| (field.parse().unwrap(), json.clone())).collect(),
            occurred_at: None,
            late_reason: None,
            signed: None,
        };
        self.give(who, command).then_some(record)
    }
}

/// One of a list.
pub(super) fn nth_of<T: Clone>(list: &[T], number: u8) -> Option<T> {
    list.get(usize::from(number).checked_rem(list.len())?).cloned()
}

/// A list from one of its elements on, once around.
fn turned(list: &[Acting], number: u8) -> impl Iterator<Item = Acting> {
    let first = usize::from(number).checked_rem(list.len()).unwrap_or(0);
    list.iter().cycle().skip(first).take(list.len()).copied()
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

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.completed += other.completed;
        self.ended += other.ended;
        self.voided += other.voided;
        self.deputies += other.deputies;
        self.stood_in += other.stood_in;
        self.twice += other.twice;
        self.refused += other.refused;
        self.again += other.again;
    }
}
