//! How far somebody reads: what they hold, and what those hold for whom they stand in, as the store's reader.
//!
//! The clearance is always their own. Whose records a register then shows is the pack's to say.

use casework::Directory as _;
use identity::Roster;
use model::{PersonId, UnitId};
use std::collections::BTreeSet;
use store::Reader;

/// The reader a person is, looking at a unit and those below it, or at all.
pub(crate) fn reader(roster: &Roster<'_>, person: PersonId, focus: Option<UnitId>) -> Reader {
    let (mut roles, mut own) = (BTreeSet::new(), BTreeSet::new());
    let (mut seats, mut principals) = (BTreeSet::new(), BTreeSet::new());
    for (role, unit) in roster.held(person) {
        seats.insert((role.clone(), unit));
        roles.insert(role.clone());
        own.extend(unit);
    }
    for one in roster.appointments(person) {
        if one.deputy != person || !one.told || !one.touches(roster.now, roster.now) {
            continue;
        }
        principals.insert(one.principal);
        let lent = |role: &regulation::RoleId| roster.roles.get(role).is_some_and(|role| role.deputy);
        for (role, unit) in roster.held(one.principal).filter(|(role, _)| lent(role)) {
            seats.insert((role.clone(), unit));
            roles.insert(role.clone());
            own.extend(unit);
        }
    }
    let subtree = own.iter().flat_map(|unit| roster.state.subtree(*unit)).collect();
    let ceiling = roster.clearance_height(person).and_then(|height| i64::try_from(height).ok());
    let focus = focus.map(|unit| roster.state.subtree(unit).collect());
    Reader { person, roles, own, subtree, seats, principals, ceiling, focus }
}
