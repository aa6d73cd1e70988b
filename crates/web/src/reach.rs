//! How far somebody reads: what they hold, and what those hold for whom they stand in, as the store's reader.
//!
//! The clearance is always their own. An administrator's role counts at a management terminal alone; its holder belongs to
//! the unit all the same. Whose records a register then shows is the pack's to say.

use crate::cx::Cx;
use identity::Roster;
use model::UnitId;
use regulation::RoleId;
use std::collections::BTreeSet;
use store::Reader;

/// The reader somebody is where they are now, looking at a unit and those below it, or at all.
pub(crate) fn reader(cx: &Cx, roster: &Roster<'_>, focus: Option<UnitId>) -> Reader {
    let person = cx.person();
    let administers = roster.state.administers_at(cx.session().terminal);
    let counts = |role: &RoleId| administers || roster.roles.get(role).is_none_or(|role| !role.administrator);
    let (mut roles, mut own) = (BTreeSet::new(), BTreeSet::new());
    let (mut seats, mut principals) = (BTreeSet::new(), BTreeSet::new());
    let mut holds = |role: &RoleId, unit: Option<UnitId>| {
        if counts(role) {
            seats.insert((role.clone(), unit));
            roles.insert(role.clone());
        }
        own.extend(unit);
    };
    roster.held(person).for_each(|(role, unit)| holds(role, unit));
    for one in roster.standing_in(person) {
        principals.insert(one.principal);
        roster.lent(one.principal).for_each(|(role, unit)| holds(role, unit));
    }
    let subtree = own.iter().flat_map(|unit| roster.state.subtree(*unit)).collect();
    let ceiling = roster.clearance_height(person).and_then(|height| i64::try_from(height).ok());
    let focus = focus.map(|unit| roster.state.subtree(unit).collect());
    Reader { person, roles, own, subtree, seats, principals, ceiling, focus }
}
