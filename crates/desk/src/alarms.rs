//! Alarms: what the rules have found is entered once; somebody whom a policy permits answers for it.
//!
//! Invariants: of one rule, group and first moment one alarm is raised, and it is over once; nobody but the system raises
//! one; whoever answers for one or settles it is a person whom a policy
//! permits, and stands in the entry.
//! Does not: look at lines (`watch`), send anything.

use crate::decide::{Decided, Deciding};
use crate::order::{Asker, Refused};
use casework::EntryNumber;
use identity::{Action, Beside, On, Verdict};
use model::{Actor, Person};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use store::{AlarmAcknowledged, AlarmCalled, AlarmFact, AlarmRow, AlarmSettled, Fact};

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

    /// Others are called for alarms that nobody answers for, each time once.
    pub(crate) fn call_for_alarms(&self, asker: &Asker, calls: &[AlarmCalled]) -> Result<Decided, Refused> {
        if *asker != Asker::System {
            return Err(Refused::NotForAsker);
        }
        let mut news = Vec::new();
        let mut called: BTreeMap<EntryNumber, u32> = BTreeMap::new();
        for call in calls {
            let alarm = self.projection.ask(|sql| sql.alarm(call.alarm.0))?;
            let waits = alarm.filter(|alarm| alarm.resolved_at.is_none() && alarm.owner.is_none());
            let Some(alarm) = waits.filter(|alarm| alarm.name.rule == call.rule) else { continue };
            let before = alarm.called.map_or(0, |called| called.call);
            let last = called.entry(call.alarm).or_insert(before);
            if call.call != *last + 1 {
                continue;
            }
            *last = call.call;
            news.push(Fact::Alarm(AlarmFact::Called(call.clone())));
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
        let (person, standing, policy) = self.on_alarm(asker, alarm, Action::AcknowledgeAlarm)?;
        let note = note.map(str::trim).filter(|note| !note.is_empty());
        let note = note.map(|note| note.chars().take(LONGEST_NOTE).collect());
        let body = AlarmAcknowledged { alarm, note, policy, rule: standing.name.rule };
        let fact = AlarmFact::Acknowledged(body, Actor::Person(person.clone()));
        Ok(Decided { facts: vec![Fact::Alarm(fact)], record: None })
    }

    /// Somebody says that an alarm is over, and why.
    pub(crate) fn settle(&self, asker: &Asker, alarm: EntryNumber, reason: &str) -> Result<Decided, Refused> {
        let (person, standing, policy) = self.on_alarm(asker, alarm, Action::SettleAlarm)?;
        let reason: String = reason.trim().chars().take(LONGEST_NOTE).collect();
        if reason.is_empty() {
            return Err(Refused::NoReason);
        }
        let body = AlarmSettled { alarm, policy, reason, rule: standing.name.rule };
        let fact = AlarmFact::Settled(body, Actor::Person(person.clone()));
        Ok(Decided { facts: vec![Fact::Alarm(fact)], record: None })
    }

    /// The person who asks, the alarm, which stands, and the policy that lets them act on it: on the unit it is about, or
    /// where none is known on the whole.
    fn on_alarm<'a>(
        &self,
        asker: &'a Asker,
        alarm: EntryNumber,
        action: Action,
    ) -> Result<(&'a Person, AlarmRow, String), Refused> {
        let (person, roster) = (self.somebody_here(asker)?, self.roster()?);
        roster.acts(person)?;
        let policies = self.policies.ok_or(Refused::NoPack)?;
        let top = roster.state.root().ok_or(Refused::NotForAsker)?;
        let standing = self.projection.ask(|sql| sql.alarm(alarm.0))?.ok_or(Refused::NoAlarm)?;
        let unit = On::Unit(standing.unit.unwrap_or(top));
        let ask = roster.ask(person, action, unit, Beside::default());
        let policy = match policies.judge(&ask.ok_or(Refused::NotForAsker)?) {
            Verdict::Granted(policy) => policy,
            Verdict::Forbidden(policy) => return Err(Refused::Policy(policy)),
            Verdict::Silent => return Err(Refused::NotForAsker),
        };
        if standing.resolved_at.is_some() {
            return Err(Refused::NoAlarm);
        }
        Ok((person, standing, policy))
    }
}
