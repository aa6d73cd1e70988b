//! Alarms: what the rules have found is entered once; somebody whom a policy permits answers for it.
//!
//! Invariants: of one rule, group and first moment one alarm is raised, and it is over once; nobody but the system raises
//! one; whoever answers for one is a person whom a policy permits, and stands in the entry.
//! Does not: look at lines (`watch`), send anything.

use crate::decide::{Decided, Deciding};
use crate::order::{Asker, Refused};
use casework::EntryNumber;
use identity::{Action, Beside, On, Verdict};
use model::Actor;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use store::{AlarmAcknowledged, AlarmFact, Fact};

/// The longest word on an alarm, in characters.
const LONGEST_NOTE: usize = 1_000;

impl Deciding<'_> {
    /// What of alarms the ledger has not got yet.
    pub(crate) fn alarms(&self, asker: &Asker, facts: &[AlarmFact]) -> Result<Decided, Refused> {
        if *asker != Asker::System {
            return Err(Refused::NotForAsker);
        }
        // Of each name: none where it was not raised, else whether it is over.
        let mut stands: BTreeMap<_, Option<bool>> = BTreeMap::new();
        let mut news = Vec::new();
        for fact in facts {
            let name = fact.name().ok_or(Refused::NotForAsker)?;
            let stands = match stands.entry(name) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => {
                    let known = self.projection.ask(|sql| sql.alarm_named(entry.key()))?;
                    entry.insert(known.map(|(_, over)| over))
                }
            };
            match (fact, *stands) {
                (AlarmFact::Raised(_), None) => *stands = Some(false),
                (AlarmFact::Resolved(_), Some(false)) => *stands = Some(true),
                _ => continue,
            }
            news.push(Fact::Alarm(fact.clone()));
        }
        Ok(Decided { facts: news, record: None })
    }

    /// Somebody answers for an alarm that stands.
    pub(crate) fn acknowledge(
        &self,
        asker: &Asker,
        alarm: EntryNumber,
        note: Option<&str>,
    ) -> Result<Decided, Refused> {
        let (person, roster) = (self.somebody_here(asker)?, self.roster()?);
        roster.acts(person)?;
        let policies = self.policies.ok_or(Refused::NoPack)?;
        let top = roster.state.root().ok_or(Refused::NotForAsker)?;
        let ask = roster.ask(person, Action::AcknowledgeAlarm, On::Unit(top), Beside::default());
        let policy = match policies.judge(&ask.ok_or(Refused::NotForAsker)?) {
            Verdict::Granted(policy) => policy,
            Verdict::Forbidden(policy) => return Err(Refused::Policy(policy)),
            Verdict::Silent => return Err(Refused::NotForAsker),
        };
        let standing = self.projection.ask(|sql| sql.alarm(alarm.0))?;
        let standing = standing.filter(|one| one.resolved_at.is_none()).ok_or(Refused::NoAlarm)?;
        let note = note.map(str::trim).filter(|note| !note.is_empty());
        let note = note.map(|note| note.chars().take(LONGEST_NOTE).collect());
        let body = AlarmAcknowledged { alarm, note, policy, rule: standing.name.rule };
        let fact = AlarmFact::Acknowledged(body, Actor::Person(person.clone()));
        Ok(Decided { facts: vec![Fact::Alarm(fact)], record: None })
    }
}
