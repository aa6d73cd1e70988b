//! Questions as Cedar sees them: a request and the few entities it speaks of.
//!
//! Invariant: every attribute the schema promises, and some policy speaks of, is there, so that no policy fails for
//! want of one.

use super::ask::{Ask, PersonFacts, RecordFacts, Resource};
use super::schema;
use cedar_policy::{
    Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, Policy, Request, RestrictedExpression,
};
use model::{PersonId, UnitId};
use regulation::{RoleId, Vocabulary};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// A request with its entities.
pub(super) struct Judged {
    pub(super) request: Request,
    pub(super) entities: Entities,
}

/// Names that are the same in every question.
#[derive(Debug)]
pub(super) struct Names {
    types: Types,
    /// Roles some policy asks the units of; the others are left out of `held`.
    roles: Vec<RoleId>,
    /// Heights of grades.
    heights: BTreeMap<String, i64>,
    /// Every action, with its groups.
    actions: BTreeMap<String, Entity>,
    /// Does some policy speak of single records?
    pub(super) records: bool,
}

#[derive(Debug)]
struct Types {
    grade: EntityTypeName,
    person: EntityTypeName,
    record: EntityTypeName,
    register: EntityTypeName,
    role: EntityTypeName,
    state: EntityTypeName,
    unit: EntityTypeName,
    action: EntityTypeName,
}

/// Entities gathered for one question, each once.
#[derive(Default)]
struct Gathered {
    entities: Vec<Entity>,
    people: BTreeSet<PersonId>,
}

impl Names {
    pub(super) fn of(vocabulary: &Vocabulary, policies: &[Policy]) -> Self {
        let types = Types {
            grade: type_name("Grade"),
            person: type_name("Person"),
            record: type_name("Record"),
            register: type_name("Register"),
            role: type_name("Role"),
            state: type_name("State"),
            unit: type_name("Unit"),
            action: type_name("Action"),
        };
        let action = |named: schema::Named| {
            let groups = named.groups.iter().map(|group| uid(&types.action, group));
            (named.name.clone(), Entity::new_no_attrs(uid(&types.action, &named.name), groups.collect()))
        };
        let actions = schema::actions(vocabulary).into_iter().map(action).collect();
        let heights = (0..).zip(&vocabulary.grades).map(|(height, grade)| (grade.to_string(), height));
        // In its JSON a policy spells every attribute it speaks of between quotes; what makes none speaks of all.
        let spelled: Vec<Option<String>> =
            policies.iter().map(|policy| policy.to_json().ok().map(|json| json.to_string())).collect();
        let speaks = |role: &&RoleId| {
            let (held, role) = ("\"held\"", format!("\"{role}\""));
            let both = |text: &String| text.contains(held) && text.contains(&role);
            spelled.iter().any(|text| text.as_ref().is_none_or(both))
        };
        let roles = vocabulary.roles.iter().filter(speaks).cloned().collect();
        // As an entity; of records as a type is spoken otherwise.
        let single =
            |text: &Option<String>| text.as_ref().is_none_or(|text| text.contains("\"type\":\"Record\""));
        let records = spelled.iter().any(single);
        Self { roles, heights: heights.collect(), actions, types, records }
    }

    /// The question for Cedar; `None` when it takes no value of it, which does not happen.
    pub(super) fn judged(&self, ask: &Ask, action: &str) -> Option<Judged> {
        let types = &self.types;
        let mut gathered = Gathered::default();
        let known = self.actions.get(action).cloned();
        let action = uid(&types.action, action);
        gathered.entities.push(known.unwrap_or_else(|| Entity::with_uid(action.clone())));
        for person in ask.people() {
            if gathered.people.insert(person.person) {
                gathered.entities.push(self.person(person)?);
            }
        }
        for (unit, above) in &ask.above {
            let above = above.iter().map(|unit| self.unit(*unit)).collect();
            gathered.entities.push(Entity::new_no_attrs(self.unit(*unit), above));
        }
        let resource = match &ask.resource {
            Resource::Person(person) => self.person_uid(person.person),
            Resource::Unit(unit) => self.unit(*unit),
            Resource::Record(record) => {
                let entity = self.record(record)?;
                let uid = entity.uid();
                gathered.entities.push(entity);
                uid
            }
        };
        let context = Context::from_pairs(self.context(ask)).ok()?;
        let principal = self.person_uid(ask.person.person);
        let request = Request::new(principal, action, resource, context, None).ok()?;
        Some(Judged { request, entities: Entities::from_entities(gathered.entities, None).ok()? })
    }

    fn context(&self, ask: &Ask) -> Vec<(String, RestrictedExpression)> {
        let entity = RestrictedExpression::new_entity_uid;
        let mut pairs = vec![
            ("role".to_owned(), entity(uid(&self.types.role, &ask.role))),
            ("unit".to_owned(), entity(self.unit(ask.unit))),
        ];
        let mut add = |name: &str, value: Option<RestrictedExpression>| {
            pairs.extend(value.map(|value| (name.to_owned(), value)));
        };
        let person = |facts: &PersonFacts| entity(self.person_uid(facts.person));
        add("acting_for", ask.acting_for.as_ref().map(person));
        add("deputy", ask.beside.deputy.as_ref().map(person));
        let granted = ask.beside.granted.as_ref();
        add("granted", granted.map(|role| entity(uid(&self.types.role, role.as_str()))));
        add("in_unit", ask.beside.in_unit.map(|unit| entity(self.unit(unit))));
        if let Some((grade, height)) = &ask.beside.grade {
            add("grade", Some(entity(uid(&self.types.grade, grade.as_str()))));
            add("height", Some(RestrictedExpression::new_long(*height)));
        }
        pairs
    }

    fn person(&self, facts: &PersonFacts) -> Option<Entity> {
        let held = self.roles.iter().map(|role| {
            let units = facts.held.get(role).into_iter().flatten();
            let units = units.map(|unit| RestrictedExpression::new_entity_uid(self.unit(*unit)));
            (role.to_string(), RestrictedExpression::new_set(units))
        });
        let attributes = HashMap::from([
            ("clearance".to_owned(), RestrictedExpression::new_long(facts.clearance)),
            ("held".to_owned(), RestrictedExpression::new_record(held).ok()?),
            ("home".to_owned(), RestrictedExpression::new_entity_uid(self.unit(facts.home))),
            ("left".to_owned(), RestrictedExpression::new_bool(facts.left)),
        ]);
        let roles: HashSet<EntityUid> =
            facts.held.keys().map(|role| uid(&self.types.role, role.as_str())).collect();
        Entity::new(self.person_uid(facts.person), attributes, roles).ok()
    }

    fn record(&self, facts: &RecordFacts) -> Option<Entity> {
        let entity = RestrictedExpression::new_entity_uid;
        let height = self.heights.get(facts.grade.as_str()).copied();
        // A grade the pack does not know lies above all it knows.
        let height = height.unwrap_or(i64::MAX);
        let mut attributes = HashMap::from([
            ("grade".to_owned(), entity(uid(&self.types.grade, facts.grade.as_str()))),
            ("height".to_owned(), RestrictedExpression::new_long(height)),
            ("register".to_owned(), entity(uid(&self.types.register, facts.register.as_str()))),
            ("unit".to_owned(), entity(self.unit(facts.unit))),
        ]);
        let opened_by = facts.opened_by.map(|person| entity(self.person_uid(person)));
        attributes.extend(opened_by.map(|person| ("opened_by".to_owned(), person)));
        let state = facts.state.as_ref().map(|state| format!("{}.{state}", facts.register));
        attributes.extend(state.map(|state| ("state".to_owned(), entity(uid(&self.types.state, &state)))));
        Entity::new(uid(&self.types.record, &facts.record.to_string()), attributes, HashSet::new()).ok()
    }

    fn person_uid(&self, person: PersonId) -> EntityUid {
        uid(&self.types.person, &person.to_string())
    }

    fn unit(&self, unit: UnitId) -> EntityUid {
        uid(&self.types.unit, &unit.to_string())
    }
}

fn uid(of: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(of.clone(), EntityId::new(id))
}

fn type_name(word: &str) -> EntityTypeName {
    #[expect(clippy::expect_used, reason = "constant words, each of which every test of this module parses")]
    word.parse().expect("a word is a type name")
}
