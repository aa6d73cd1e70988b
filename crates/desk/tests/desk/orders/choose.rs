//! Choosing: an act is taken as a deed, by what is there and what is offered. People mostly do what is offered to them.

use super::act::{Act, Fault, Pick, Whom};
use super::deed::{Deed, Filled, Given, Ordered};
use super::life::{Life, stand_in};
use super::looking::Looking;
use casework::Case;
use model::RecordId;
use regulation::{Outcome, StepId};
use testkit::Acting;

/// Somebody who may act, in their own name or for another.
#[derive(Clone, Copy)]
struct Actor {
    name: &'static str,
    standing_in: Option<&'static str>,
    acting: Acting,
}

type Way = (StepId, Outcome);

impl Life {
    /// The deed an act comes to, as things stand; none where there is nothing to do it with.
    pub(super) fn chosen(&self, act: &Act) -> Option<Deed> {
        Some(match act {
            Act::Open { what, days } => Deed::Give((self.habits.open)(self, self.opened, *what, *days)?),
            // Where nothing is to be done, something is begun.
            Act::Step(pick) => Deed::Give(
                self.offered(*pick)
                    .or_else(|| (self.habits.open)(self, self.opened, pick.way, pick.who % 20))?,
            ),
            Act::Together(picks) => Deed::Together(self.at_once(picks)),
            Act::Wrong(fault, pick) => Deed::Give(self.wrong(*fault, *pick)?),
            Act::Failing(how, pick) => Deed::Failing(*how, self.offered(*pick)?),
            Act::Appoint { whom, hours, told } => {
                let (principal, deputy) = match whom {
                    Whom::Pair(nth) => nth_of(self.habits.pairs, *nth)?,
                    Whom::Signers(nth) => self.signers(*nth).or_else(|| nth_of(self.habits.pairs, *nth))?,
                };
                let (principal, deputy) = (principal.to_owned(), deputy.to_owned());
                Deed::Appoint { principal, deputy, hours: *hours, told: *told }
            }
            Act::Revoke { nth } => {
                let (principal, deputy, _) = nth_of(&self.appointed, *nth)?;
                Deed::Revoke { principal: principal.to_owned(), deputy: deputy.to_owned() }
            }
            Act::Role { who, held } => Deed::Role { who: self.somebody(*who)?, held: *held },
            // Most of those who would leave stay.
            Act::Leave { who } if *who >= 200 => return None,
            Act::Leave { who } => Deed::Leave { who: self.somebody(*who)? },
            Act::Read { notice, readers: [first, second] } => Deed::Read {
                notice: usize::from(*notice).checked_rem(self.notices())?,
                readers: [self.somebody(*first)?, self.somebody(*second)?],
            },
            Act::Pass { minutes } => Deed::Pass { minutes: *minutes },
            Act::Back { minutes } => Deed::Back { minutes: *minutes },
            Act::Reopen { hours } => Deed::Reopen { hours: *hours },
            Act::Tick => Deed::Tick,
            Act::Send => Deed::Send,
        })
    }

    fn somebody(&self, number: u8) -> Option<String> {
        Some(nth_of(&self.people, number)?.0.to_owned())
    }

    fn notices(&self) -> usize {
        self.house.desk.read(|sql, _| sql.rows("SELECT entry FROM notice", &[])).unwrap().len()
    }

    /// Who may act: each in their own name; and for whomever they were appointed, those last whose time is mostly over.
    fn everybody(&self) -> (Vec<Actor>, Vec<Actor>) {
        let own = self.people.iter();
        let own = own.map(|(name, acting)| Actor { name, standing_in: None, acting: *acting });
        let deputies = self.appointed.iter().rev().take(6).filter_map(|(principal, deputy, _)| {
            let acting = stand_in(self.person(principal)?.1, self.person(deputy)?.1);
            Some(Actor { name: deputy, standing_in: Some(principal), acting })
        });
        (own.collect(), deputies.collect())
    }

    /// One who has signed a step that waits for more, and another who acts in the same role.
    fn signers(&self, number: u8) -> Option<(&'static str, &'static str)> {
        let cases = self.running().into_iter().filter_map(|record| self.house.case(record).ok());
        let signed: Vec<_> = cases.flat_map(|case| case.pending).collect();
        let mark = nth_of(&signed, number)?;
        let (one, acting) = self.people.iter().find(|(_, acting)| acting.person == mark.person)?;
        let alike = |(_, other): &&(&str, Acting)| other.role == acting.role && other.person != acting.person;
        let others: Vec<&'static str> = self.people.iter().filter(alike).map(|(name, _)| *name).collect();
        let other = nth_of(&others, number / 2)?;
        Some(if number.is_multiple_of(2) { (one, other) } else { (other, one) })
    }

    /// The oldest records that have not come to an end, those that the system has opened among them.
    fn running(&self) -> Vec<RecordId> {
        let mut all = self.records(&format!("AND ending IS NULL AND register <> '{}'", self.habits.about));
        all.truncate(8);
        all
    }

    /// What records are about.
    pub(super) fn subjects(&self) -> Vec<RecordId> {
        self.records(&format!("AND register = '{}'", self.habits.about))
    }

    /// What a record is about.
    fn subject_of(&self, record: RecordId) -> Option<RecordId> {
        self.house.case(record).ok()?.content.0.get(self.habits.about)?.as_str()?.parse().ok()
    }

    /// Records in the order in which they are looked at: a running one first, now and then what they are about.
    fn from(&self, number: u8) -> Vec<RecordId> {
        if number >= 244 {
            return nth_of(&self.subjects(), number).into_iter().collect();
        }
        let mut running = turned(&self.running(), number);
        running.truncate(4);
        running
    }

    /// A command that is offered to somebody.
    fn offered(&self, pick: Pick) -> Option<Given> {
        self.offered_on(&self.from(pick.record), pick)
    }

    fn offered_on(&self, records: &[RecordId], pick: Pick) -> Option<Given> {
        let looking = Looking::at(&self.house);
        let (own, deputies) = self.everybody();
        // Every third time a deputy comes first.
        let people = if pick.text.is_multiple_of(3) { [deputies, own] } else { [own, deputies] };
        let mut each = records.iter().flat_map(|record| people.iter().map(move |people| (record, people)));
        each.find_map(|(record, people)| {
            let offers = people.iter().flat_map(|actor| {
                let ways = looking.offered(actor.acting, *record).into_iter();
                ways.map(move |way| (actor, way))
            });
            let likely: Vec<_> = offers.filter(|(_, way)| self.is_likely(*record, way, pick.way)).collect();
            let (actor, way) = nth_of(&likely, pick.who)?;
            Some(self.given(actor, *record, way, pick.text))
        })
    }

    /// Cases are to come far: what leads on is chosen mostly; edits, and what leads back, now and then.
    fn is_likely(&self, record: RecordId, (step, outcome): &Way, number: u8) -> bool {
        let edits = self.habits.edits.contains(&step.as_str());
        match outcome {
            Outcome::Approve | Outcome::Done if !edits => true,
            Outcome::Done => number < 40 || self.subjects().contains(&record),
            _ => number >= 236,
        }
    }

    fn given(&self, actor: &Actor, record: RecordId, (step, outcome): Way, text: u8) -> Given {
        let fill = (self.habits.fill)(step.as_str(), text).into_iter().filter(|_| outcome == Outcome::Done);
        let reason = (outcome.needs_reason() || text.is_multiple_of(7)).then(|| format!("理由{text}"));
        Given {
            who: actor.name.to_owned(),
            standing_in: actor.standing_in.map(ToOwned::to_owned),
            by_code: false,
            order: Ordered::Take {
                record: self.name(record),
                step: step.to_string(),
                outcome: outcome.word().to_owned(),
                reason,
                fill: fill.map(|(field, json)| (field.to_owned(), json)).collect::<Filled>(),
                stale: false,
            },
        }
    }

    /// Commands that change what the others look at: mostly on what one of the running records is about, on what else is
    /// about it, and openings, all given before the first is done.
    fn at_once(&self, picks: &[Pick]) -> Vec<Given> {
        let first = picks.first().map_or(0, |pick| pick.record);
        let subject = self.from(first % 244).first().and_then(|record| self.subject_of(*record));
        let (mut all, mut taken, mut opened) = (Vec::new(), Vec::new(), self.opened);
        for pick in picks {
            if pick.way.is_multiple_of(5) {
                if let Some(given) = (self.habits.open)(self, opened, pick.text, pick.who % 20) {
                    opened += 1;
                    all.push(given);
                }
                continue;
            }
            let beside = subject.filter(|_| !pick.record.is_multiple_of(4));
            let records = match beside {
                Some(subject) => self.beside(subject, pick.record),
                None => self.from(pick.record),
            };
            let records: Vec<_> = records.into_iter().filter(|one| !taken.contains(one)).collect();
            let Some(given) = self.offered_on(&records, *pick) else { continue };
            if let Ordered::Take { record, .. } = &given.order {
                taken.extend(records.into_iter().find(|one| self.name(*one) == *record));
            }
            all.push(given);
        }
        all
    }

    /// What records are about, first every second time, and the running records that are about it.
    fn beside(&self, subject: RecordId, number: u8) -> Vec<RecordId> {
        let about = self.running().into_iter().filter(|one| self.subject_of(*one) == Some(subject));
        let about = turned(&about.collect::<Vec<_>>(), number / 2);
        match number.is_multiple_of(2) {
            true => [vec![subject], about].concat(),
            false => [about, vec![subject]].concat(),
        }
    }

    fn wrong(&self, fault: Fault, pick: Pick) -> Option<Given> {
        match fault {
            Fault::NotTheirs => self.not_offered(pick),
            Fault::Weak => Some(Given { by_code: true, ..self.offered(pick)? }),
            Fault::Stale => {
                let mut given = self.offered(pick)?;
                if let Ordered::Take { stale, .. } = &mut given.order {
                    *stale = true;
                }
                Some(given)
            }
        }
    }

    /// A step that is open, with somebody to whom it is not offered: who has signed it already, a deputy of somebody to
    /// whom it is offered, anybody.
    fn not_offered(&self, pick: Pick) -> Option<Given> {
        let records = self.from(pick.record);
        let looking = Looking::at(&self.house);
        for record in &records {
            let found = match pick.text % 4 {
                0 => self.again(&self.house.case(*record).ok()?, pick),
                1 | 2 => self.instead(&looking, *record, pick),
                _ => None,
            };
            if let Some((actor, way)) = found {
                return Some(self.given(&actor, *record, way, pick.text));
            }
        }
        let (own, deputies) = self.everybody();
        let people = [deputies, own].map(|list| turned(&list, pick.who)).concat();
        let mut each = records.iter().flat_map(|record| people.iter().map(move |actor| (*record, actor)));
        each.find_map(|(record, actor)| {
            let offered = looking.offered(actor.acting, record);
            let others = looking.open(record).into_iter().filter(|way| !offered.contains(way));
            let way = nth_of(&others.collect::<Vec<_>>(), pick.way)?;
            Some(self.given(actor, record, way, pick.text))
        })
    }

    /// Somebody signs what they have signed.
    fn again(&self, case: &Case, pick: Pick) -> Option<(Actor, Way)> {
        let mark = nth_of(&case.pending, pick.way)?;
        let (own, deputies) = self.everybody();
        let same = |who: &Actor| who.acting.person == mark.person && who.acting.acting_for == mark.acting_for;
        let who = own.into_iter().chain(deputies).find(same)?;
        Some((who, (mark.step, mark.outcome)))
    }

    /// A deputy does what is offered to the principal and not to them.
    fn instead(&self, looking: &Looking<'_>, record: RecordId, pick: Pick) -> Option<(Actor, Way)> {
        let (_, deputies) = self.everybody();
        turned(&deputies, pick.who).into_iter().find_map(|deputy| {
            let principal = self.person(deputy.standing_in?)?.1;
            let (theirs, own) = (looking.offered(principal, record), looking.offered(deputy.acting, record));
            let barred: Vec<_> = theirs.into_iter().filter(|way| !own.contains(way)).collect();
            Some((deputy, nth_of(&barred, pick.way)?))
        })
    }
}

/// One of a list.
pub(super) fn nth_of<T: Clone>(list: &[T], number: u8) -> Option<T> {
    list.get(usize::from(number).checked_rem(list.len())?).cloned()
}

/// A list from one of its elements on, once around.
fn turned<T: Clone>(list: &[T], number: u8) -> Vec<T> {
    let first = usize::from(number).checked_rem(list.len()).unwrap_or(0);
    list.iter().cycle().skip(first).take(list.len()).cloned().collect()
}
