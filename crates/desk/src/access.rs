//! Entries about access: that graded records were read, that somebody was refused for want of a right.
//!
//! The tables know nothing of them; they are in the ledger for whoever audits it.
//! Source: clauses 24.2.5, 26.2.1; `docs/adr/0013-desk.md`.

use crate::batch::{Entering, MOST_OF_ONE, Made};
use crate::clerk::Work;
use crate::decide::Deciding;
use crate::order::{About, Asker, Denial, Order, Refused};
use casework::{Case, Command, Records as _, Refusal};
use identity::Action;
use model::{Actor, Person, PersonId, RecordId, Told, UnitId};
use proof::entry::{Body, Draft};
use serde_json::{Value as Json, json};

/// Kind of the entry that says a person was refused for want of a right.
pub const REFUSED: &str = "access.refused/1";
/// Kind of the entry that says a person read a graded record.
pub const READ: &str = "access.read/1";

impl Deciding<'_> {
    /// What is made of an order that has entries and tells the tables nothing; none where it is another.
    pub(crate) fn told_of_access(&self, asker: &Asker, order: &Order) -> Option<Made> {
        let told = match order {
            Order::Denied(denial) => self.denied(asker, denial),
            Order::ReadRecords(records) => self.read(asker, records),
            _ => return None,
        };
        let told = self.projection.take_fault().map_or(told, |fault| Err(fault.into()));
        Some(match told {
            Ok(entering) => Made::Entries(entering, Ok(None)),
            Err(refused) => Made::Entries(Vec::new(), Err(refused)),
        })
    }

    /// That somebody read records. Whoever reads has asked whether they may.
    fn read(&self, asker: &Asker, records: &[RecordId]) -> Result<Vec<Entering>, Refused> {
        let person = self.somebody_here(asker)?;
        let (mut entering, mut bytes) = (Vec::with_capacity(records.len()), 0);
        for record in records {
            let none = || Refusal::NoRecord(*record);
            let case = self.overlay.case(*record).ok_or_else(none)?;
            let entry = reading_entry(person, &case).ok_or_else(none)?;
            bytes += entry.encoded.len();
            if bytes > MOST_OF_ONE {
                return Err(Refused::TooLarge { bytes });
            }
            entering.push(entry);
        }
        Ok(entering)
    }

    /// That somebody was denied something, of which the desk was not asked.
    fn denied(&self, asker: &Asker, denial: &Denial) -> Result<Vec<Entering>, Refused> {
        let person = self.somebody_here(asker)?;
        let told = Told::new("不在其得檢視或辦理之範圍", "Not among what they may see or do");
        let subject = subject_of(denial, person.person);
        Ok(refused(person, subject, &denial.act, "denied", &told).into_iter().collect())
    }

    /// The person who asks, still here. What they hold is not asked.
    pub(crate) fn somebody_here<'w>(&self, asker: &'w Asker) -> Result<&'w Person, Refused> {
        let Asker::Person(person) = asker else { return Err(Refused::NotForAsker) };
        match self.roster()?.here(person.person) {
            Some(_) => Ok(person),
            None => Err(identity::Refusal::Left(person.person).into()),
        }
    }
}

/// The entry that tells of a person's refusal for want of a right.
pub(crate) fn refusal_entry(work: &Work, cause: &Refused) -> Option<Entering> {
    let Asker::Person(person) = &work.asker else { return None };
    if !cause.is_of_right() {
        return None;
    }
    let (act, subject) = act(&work.order, person.person);
    refused(person, subject, &act, cause.code(), &cause.told())
}

fn refused(person: &Person, subject: String, act: &str, code: &str, told: &Told) -> Option<Entering> {
    let body = json!({ "act": act, "code": code, "en": told.en, "zh": told.zh });
    entry(person, REFUSED, subject, person.unit, body)
}

/// The entry that tells of a graded record's reading: whose, of which record, at which grade.
fn reading_entry(person: &Person, case: &Case) -> Option<Entering> {
    entry(person, READ, case.record.to_string(), case.unit, json!({ "grade": case.grade.as_str() }))
}

/// What makes no entry is answered all the same.
fn entry(person: &Person, kind: &str, subject: String, unit: UnitId, body: Json) -> Option<Entering> {
    let draft = Draft {
        actor: store::spelled_actor(&Actor::Person(person.clone())),
        kind: kind.to_owned(),
        subject,
        unit: Some(unit),
        form: None,
        body: Body::Clear { value: body, salt: None },
        signature: None,
    };
    draft.encode().ok().map(|encoded| Entering { fact: None, key: None, encoded })
}

fn subject_of(denial: &Denial, person: PersonId) -> String {
    match denial.about {
        About::Oneself => person.to_string(),
        About::Person(person) => person.to_string(),
        About::Record(record) => record.to_string(),
    }
}

fn act(order: &Order, person: PersonId) -> (String, String) {
    let (act, subject) = match order {
        Order::Acknowledge(..) => (Action::AcknowledgeAlarm.to_string(), person.to_string()),
        Order::Settle(..) => (Action::SettleAlarm.to_string(), person.to_string()),
        Order::Alarms(_) | Order::CallForAlarms(_) => ("alarms".to_owned(), person.to_string()),
        Order::Outlets(_) => ("outlets".to_owned(), person.to_string()),
        Order::Responses(_) => ("responses".to_owned(), person.to_string()),
        Order::Sent(_) => (Action::Check.to_string(), person.to_string()),
        Order::Casework(Command::Open { record, register, step, .. }) => {
            (format!("{register}.{step}"), record.to_string())
        }
        Order::Casework(Command::Take { record, step, .. }) => (step.to_string(), record.to_string()),
        Order::Casework(_) => ("casework".to_owned(), person.to_string()),
        Order::Denied(denial) => (denial.act.clone(), subject_of(denial, person)),
        Order::Door(order) => (order.body.kind().replace('/', "."), order.person.to_string()),
        Order::Evaluated(_) => ("evaluated".to_owned(), person.to_string()),
        Order::Traced(traced) => ("trace".to_owned(), traced.wanted.clone()),
        Order::Lines(_) | Order::LinesGo(_) => ("lines".to_owned(), person.to_string()),
        Order::Identity(_) => ("identity".to_owned(), person.to_string()),
        Order::Publish(_) => ("publish".to_owned(), person.to_string()),
        Order::ReadNotice(_) => ("read-notice".to_owned(), person.to_string()),
        Order::ReadRecords(_) => ("read".to_owned(), person.to_string()),
    };
    (act, subject)
}
