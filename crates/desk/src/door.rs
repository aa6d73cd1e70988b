//! What happens at the door: entries of it, and whether one person may do it to another.
//!
//! Invariants: nobody who is not registered has an entry; where a person asks, a policy has permitted it; nobody gets
//! anything out of what they do to themselves.
//! Does not: check a factor, open or end a session (`signin` does).

use crate::decide::Deciding;
use crate::order::{Asker, DoorOrder, Refused};
use identity::{Action, Beside, Door, On, Refusal};
use model::{Actor, Person};

/// How the parts of Ward that let people in sign.
const DOOR: &str = "sign-in";
/// How the console signs.
const CONSOLE: &str = "console";
/// The role in which everybody acts on themselves at the door.
const ONESELF: &str = "self";

impl Deciding<'_> {
    /// The entry of what happens at the door.
    pub(crate) fn door(&self, asker: &Asker, order: &DoorOrder) -> Result<Door, Refused> {
        let person = self.projection.roster().person(order.person);
        let unit = person.ok_or(Refusal::NoPerson(order.person))?.home;
        let (actor, policy) = match (asker, order.own) {
            (Asker::System, None) => (Actor::machine(DOOR), None),
            (Asker::System, Some((session, terminal))) => {
                let (person, role, session) = (order.person, ONESELF.to_owned(), Some(session));
                (Actor::Person(Person { acting_for: None, person, role, session, terminal, unit }), None)
            }
            (Asker::Console, _) => (Actor::machine(CONSOLE), None),
            (Asker::Person(actor), _) => {
                let policy = self.permitted(actor, order)?;
                (Actor::Person(actor.clone()), Some(policy))
            }
        };
        let (person, at, body) = (order.person, self.now, order.body.clone());
        Ok(Door { person, unit, actor, at, body, policy })
    }

    /// The policy by which a person does this to another.
    fn permitted(&self, actor: &Person, order: &DoorOrder) -> Result<String, Refused> {
        let roster = self.roster()?;
        roster.acts(actor)?;
        if actor.person == order.person || actor.acting_for == Some(order.person) {
            return Err(Refusal::OwnBenefit.into());
        }
        let policies = self.policies.ok_or(Refused::NoPack)?;
        let act = order.body.act().ok_or(Refused::NotForAsker)?;
        let ask = roster.ask(actor, Action::Identity(act), On::Person(order.person), Beside::default());
        Ok(policies.judge(&ask.ok_or(Refused::NotForAsker)?).granted()?)
    }
}
