//! The people of the walks, from `data/people.toml`: units one above the other, posts, deputies.

use casework::{Appointment, Directory};
use model::{PersonId, UnitId};
use regulation::{HeldIn, Pack, RoleId};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A role held by somebody in a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Post {
    pub(crate) person: PersonId,
    pub(crate) role: RoleId,
    pub(crate) unit: UnitId,
    /// Held for the whole city?
    pub(crate) city: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct People {
    pub(crate) units: BTreeMap<String, UnitId>,
    pub(crate) names: BTreeMap<String, PersonId>,
    above: BTreeMap<UnitId, UnitId>,
    pub(crate) posts: Vec<Post>,
    pub(crate) appointments: Vec<Appointment>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    units: BTreeMap<String, Unit>,
    people: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unit {
    above: String,
}

impl People {
    pub(crate) fn new(pack: &Pack) -> Self {
        let file: File = toml::from_str(include_str!("data/people.toml")).unwrap();
        let units: BTreeMap<String, UnitId> =
            file.units.keys().zip(1u8..).map(|(id, n)| (id.clone(), UnitId::from_bytes([n; 16]))).collect();
        let over = |(id, unit): (&String, &Unit)| Some((units[id], *units.get(&unit.above)?));
        let above = file.units.iter().filter_map(over).collect();
        let names: BTreeMap<String, PersonId> = file
            .people
            .keys()
            .zip(1u8..)
            .map(|(id, n)| (id.clone(), PersonId::from_bytes([n; 16])))
            .collect();
        let mut posts = Vec::new();
        for (name, held) in &file.people {
            for post in held {
                let (role, unit) = post.split_once('@').unwrap();
                let role = pack.role(role).unwrap_or_else(|| panic!("no role {role} in the pack"));
                let city = role.held_in == HeldIn::City;
                posts.push(Post { person: names[name], role: role.id.clone(), unit: units[unit], city });
            }
        }
        Self { units, names, above, posts, appointments: Vec::new() }
    }

    pub(crate) fn name(&self, person: PersonId) -> &str {
        self.names.iter().find(|(_, one)| **one == person).map_or("?", |(name, _)| name)
    }

    pub(crate) fn unit_name(&self, unit: UnitId) -> &str {
        self.units.iter().find(|(_, one)| **one == unit).map_or("?", |(name, _)| name)
    }

    pub(crate) fn person(&self, name: &str) -> PersonId {
        *self.names.get(name).unwrap_or_else(|| panic!("nobody is called {name:?}"))
    }

    /// The post meant by `chen` (the first one) or `chen:staff`.
    pub(crate) fn post(&self, spelled: &str) -> Post {
        let (name, role) = spelled.split_once(':').map_or((spelled, None), |(name, role)| (name, Some(role)));
        let person = self.person(name);
        let fits = |post: &&Post| post.person == person && role.is_none_or(|role| post.role == *role);
        self.posts.iter().find(fits).unwrap_or_else(|| panic!("{spelled:?} holds no such post")).clone()
    }
}

impl Directory for People {
    fn holds(&self, person: PersonId, role: &RoleId, unit: UnitId) -> bool {
        let fits =
            |post: &Post| post.person == person && post.role == *role && (post.city || post.unit == unit);
        self.posts.iter().any(fits)
    }

    fn holders(&self, role: &RoleId, unit: Option<UnitId>, above: bool) -> Vec<PersonId> {
        let there = |post: &Post| {
            unit.is_none_or(|unit| post.city || post.unit == unit || (above && self.within(unit, post.unit)))
        };
        let fits = |post: &&Post| post.role == *role && there(post);
        self.posts.iter().filter(fits).map(|post| post.person).collect()
    }

    fn superior(&self, unit: UnitId) -> Option<UnitId> {
        self.above.get(&unit).copied()
    }

    fn within(&self, unit: UnitId, above: UnitId) -> bool {
        let mut at = Some(unit);
        while let Some(unit) = at {
            if unit == above {
                return true;
            }
            at = self.superior(unit);
        }
        false
    }

    fn unit_code(&self, unit: UnitId) -> Option<String> {
        Some(self.unit_name(unit).to_uppercase())
    }

    fn units(&self) -> Vec<UnitId> {
        self.units.values().copied().collect()
    }

    fn appointments(&self, person: PersonId) -> Vec<Appointment> {
        let of = |one: &&Appointment| one.deputy == person || one.principal == person;
        self.appointments.iter().filter(of).copied().collect()
    }
}

#[test]
fn the_people_of_the_walks_keep_to_the_packs_own_rules_about_roles() {
    let pack = crate::pack();
    let people = People::new(pack);
    for role in pack.roles.values() {
        let all = people.posts.iter().filter(|post| post.role == role.id).count();
        assert!(all >= 2, "the role {} has {all} holders: add people to data/people.toml", role.id);
        for unit in people.units() {
            let here = people.posts.iter().filter(|post| post.role == role.id && post.unit == unit).count();
            assert!(role.most.is_none_or(|most| here <= most as usize), "{} in one unit", role.id);
        }
        for post in people.posts.iter().filter(|post| post.role == role.id) {
            let barred =
                |other: &Post| other.person == post.person && role.incompatible.contains(&other.role);
            assert!(
                !people.posts.iter().any(barred),
                "{} holds roles that exclude each other",
                people.name(post.person)
            );
        }
    }
}
