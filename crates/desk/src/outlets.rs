//! Outlets of alarms: how they are set, and what came of what they sent.
//!
//! Invariants: nobody but the system says what was sent of alarms; of a test, whoever a policy lets look the installation
//! over, or whoever sits at the machine. An outlet that is set as it was is not entered again.
//! Does not: send anything.

use crate::decide::{Decided, Deciding};
use crate::order::{Asker, Refused};
use identity::{Action, Beside, On, Verdict};
use model::Actor;
use store::{AlarmSent, Fact, OutletFact, OutletSet};

/// Most characters of an answer, in each language.
const LONGEST_ANSWER: usize = 1_000;

impl Deciding<'_> {
    /// What is set otherwise than before; those that are not named are taken away.
    pub(crate) fn outlets(&self, asker: &Asker, sets: &[OutletSet]) -> Result<Decided, Refused> {
        if *asker != Asker::System {
            return Err(Refused::NotForAsker);
        }
        let known = self.projection.ask(|sql| sql.outlets())?;
        let before = |name: &str| known.iter().find(|row| row.name == name).map(|row| &row.set);
        let changed = sets.iter().filter(|set| before(&set.outlet) != set.set.as_ref()).cloned();
        let gone = known.iter().filter(|row| !sets.iter().any(|set| set.outlet == row.name));
        let gone = gone.map(|row| OutletSet { outlet: row.name.clone(), set: None });
        let facts = changed.chain(gone).map(|set| Fact::Outlet(OutletFact::Set(set)));
        Ok(Decided { facts: facts.collect(), record: None })
    }

    /// What came of sending something.
    pub(crate) fn sent(&self, asker: &Asker, sent: &[AlarmSent]) -> Result<Decided, Refused> {
        let actor = match asker {
            Asker::System => Actor::machine("outlets"),
            _ if sent.iter().any(|one| one.through.is_some() || one.alarm.is_some()) => {
                return Err(Refused::NotForAsker);
            }
            Asker::Console => Actor::machine("console"),
            Asker::Person(_) => Actor::Person(self.who_looks_over(asker)?),
        };
        let entered = |one: &AlarmSent| {
            let mut one = one.clone();
            for text in [&mut one.answer.zh, &mut one.answer.en] {
                *text = text.chars().take(LONGEST_ANSWER).collect();
            }
            Fact::Outlet(OutletFact::Sent(one, actor.clone()))
        };
        Ok(Decided { facts: sent.iter().map(entered).collect(), record: None })
    }

    /// Somebody whom a policy lets look the installation over.
    fn who_looks_over(&self, asker: &Asker) -> Result<model::Person, Refused> {
        let (person, roster) = (self.somebody_here(asker)?, self.roster()?);
        roster.acts(person)?;
        let policies = self.policies.ok_or(Refused::NoPack)?;
        let top = roster.state.root().ok_or(Refused::NotForAsker)?;
        let ask = roster.ask(person, Action::Check, On::Unit(top), Beside::default());
        match policies.judge(&ask.ok_or(Refused::NotForAsker)?) {
            Verdict::Granted(_) => Ok(person.clone()),
            Verdict::Forbidden(policy) => Err(Refused::Policy(policy)),
            Verdict::Silent => Err(Refused::NotForAsker),
        }
    }
}
