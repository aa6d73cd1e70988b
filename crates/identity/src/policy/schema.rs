//! The schema policies are checked against: what they may speak of, made from the names of a pack.
//!
//! Invariant: everything a pack names is a word of the schema, so that a slip of the pen is a problem and not a
//! policy that never applies.
//! Source: `docs/pack.md`, "Policies"; Cedar's schema syntax.

use super::ask::Act;
use cedar_policy::{ActionConstraint, EntityUid};
use regulation::{RegisterId, Vocabulary};

/// An action with the groups it belongs to.
pub(super) struct Named {
    /// Its name, for example `fault.close`.
    pub(super) name: String,
    /// Its groups.
    pub(super) groups: Vec<String>,
    /// The type of the resource.
    resource: &'static str,
    /// What the context holds beside what it always does.
    beside: &'static str,
}

impl Named {
    /// Can a policy with this constraint apply to it?
    pub(super) fn meets(&self, constraint: &ActionConstraint) -> bool {
        let meets = |uid: &EntityUid| {
            let id = uid.id().unescaped();
            id == self.name || self.groups.iter().any(|group| group == id)
        };
        match constraint {
            ActionConstraint::Any => true,
            ActionConstraint::In(uids) => uids.iter().any(meets),
            ActionConstraint::Eq(uid) => uid.id().unescaped() == self.name,
        }
    }
}

/// Groups of actions that every pack has.
pub(super) const STEPS: &str = "steps";
pub(super) const READS: &str = "reads";
pub(super) const IDENTITY: &str = "identity";
/// Looking into the ledger itself.
pub(super) const AUDIT: &str = "audit.read";
/// The group it alone belongs to: policies about reading records do not mean it.
const AUDITS: &str = "audit";
/// Looking the installation over.
pub(super) const CHECK: &str = "system.check";
/// The group of what is about the installation as a whole.
const SYSTEM: &str = "system";

/// Looking at alarms.
pub(super) const ALARM_READ: &str = "alarm.read";
/// Answering for one.
pub(super) const ALARM_ACKNOWLEDGE: &str = "alarm.acknowledge";
/// Saying that one is over.
pub(super) const ALARM_SETTLE: &str = "alarm.settle";
/// The group of all.
const ALARMS: &str = "alarms";

/// Every action.
pub(super) fn actions(vocabulary: &Vocabulary) -> Vec<Named> {
    let mut actions: Vec<Named> = Act::ALL
        .iter()
        .map(|act| Named {
            name: format!("{IDENTITY}.{}", act.word()),
            groups: vec![IDENTITY.to_owned()],
            resource: if act.on_unit() { "Unit" } else { "Person" },
            beside: act.beside(),
        })
        .collect();
    let installation = [
        (AUDIT, AUDITS),
        (CHECK, SYSTEM),
        (ALARM_READ, ALARMS),
        (ALARM_ACKNOWLEDGE, ALARMS),
        (ALARM_SETTLE, ALARMS),
    ];
    actions.extend(installation.map(|(name, group)| Named {
        name: name.to_owned(),
        groups: vec![group.to_owned()],
        resource: "Unit",
        beside: "",
    }));
    for (register, outline) in &vocabulary.registers {
        actions.extend(outline.steps.keys().map(|step| Named {
            name: format!("{register}.{step}"),
            groups: vec![steps_of(register), STEPS.to_owned()],
            resource: "Record",
            beside: "",
        }));
        actions.push(Named {
            name: format!("{register}.read"),
            groups: vec![READS.to_owned()],
            resource: "Record",
            beside: "",
        });
    }
    actions
}

/// The group of all steps of a register. No step has such a name.
pub(super) fn steps_of(register: &RegisterId) -> String {
    format!("{register}.*")
}

/// The schema in Cedar's own syntax, as `ward pack check` applies it.
#[must_use]
pub fn schema(vocabulary: &Vocabulary) -> String {
    let roles = || vocabulary.roles.iter().map(ToString::to_string);
    let states = vocabulary.registers.iter().flat_map(|(register, outline)| {
        outline.states.iter().map(move |state| format!("{register}.{state}"))
    });
    let mut text = String::new();
    enumeration(&mut text, "Grade", vocabulary.grades.iter().map(ToString::to_string));
    enumeration(&mut text, "Register", vocabulary.registers.keys().map(ToString::to_string));
    enumeration(&mut text, "Role", roles());
    enumeration(&mut text, "State", states);
    let held: Vec<String> = roles().map(|role| format!("\"{role}\": Set<Unit>")).collect();
    line(&mut text, "entity Unit in [Unit];");
    line(&mut text, "entity Person in [Role] {");
    line(&mut text, &format!("  clearance: Long, held: {{ {} }}, home: Unit, left: Bool,", held.join(", ")));
    line(&mut text, "};");
    line(&mut text, "entity Record {");
    line(&mut text, "  grade: Grade, height: Long, opened_by?: Person, register: Register, state?: State,");
    line(&mut text, "  unit: Unit,");
    line(&mut text, "};");
    for group in [STEPS, READS, IDENTITY, AUDITS, SYSTEM, ALARMS] {
        line(&mut text, &format!("action \"{group}\";"));
    }
    for register in vocabulary.registers.keys() {
        line(&mut text, &format!("action \"{}\" in [\"{STEPS}\"];", steps_of(register)));
    }
    let mut seen = std::collections::BTreeSet::new();
    for action in actions(vocabulary).into_iter().filter(|action| seen.insert(action.name.clone())) {
        let Named { name, groups, resource, beside } = action;
        let nearest = groups.first().map(String::as_str).unwrap_or_default();
        line(&mut text, &format!("action \"{name}\" in [\"{nearest}\"] appliesTo {{"));
        line(&mut text, &format!("  principal: [Person], resource: [{resource}],"));
        line(&mut text, &format!("  context: {{ role: Role, unit: Unit, acting_for?: Person{beside} }},"));
        line(&mut text, "};");
    }
    text
}

/// An entity type with the entities there are. Cedar asks for one at least; `-` is nobody's name.
fn enumeration(text: &mut String, name: &str, words: impl Iterator<Item = String>) {
    let mut words: Vec<String> = words.map(|word| format!("\"{word}\"")).collect();
    if words.is_empty() {
        words.push("\"-\"".to_owned());
    }
    line(text, &format!("entity {name} enum [{}];", words.join(", ")));
}

fn line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}
