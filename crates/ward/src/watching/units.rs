//! Units: of accounts and terminals, as rules ask; and the unit that an alarm is about.
//!
//! Invariant: what says two things of one account or one network says nothing; rules take an unknown unit for none.
//! Source: `docs/pack.md`, "The pack"; clauses 19.1.5, 24.3.1.

use super::cases::{OfAlarm, spelled};
use desk::{Desk, ListedUnits, Seen, UnitsRead};
use model::UnitId;
use std::collections::BTreeMap;
use store::StoreError;
use watch::{Alarm, Known, Network, RuleText};

/// To which units accounts and terminals belong, as the rules know it.
#[derive(Default)]
pub(super) struct Units {
    read: Option<UnitsRead>,
    known: Known,
}

impl Units {
    /// What the rules know by now.
    pub(super) fn are(&mut self, known: &Known) {
        self.known.clone_from(known);
    }

    /// What they are to know from here on, where the registers say something else by now.
    pub(super) fn renewed(&mut self, desk: &Desk) -> Result<Option<Known>, StoreError> {
        let Some(listed) = desk.watched_units(&mut self.read)? else { return Ok(None) };
        let known = known(&listed);
        Ok((known != self.known).then_some(known))
    }
}

/// What registers say, as rules know it.
fn known(listed: &ListedUnits) -> Known {
    let accounts = alone(listed.accounts.iter().map(|(name, unit)| (name.clone(), *unit)));
    let networks = listed.terminals.iter().filter_map(|(network, unit)| {
        let network = Network::try_from(network.clone()).ok()?;
        Some((network, *unit))
    });
    Known {
        accounts: accounts.map(|(name, unit)| (name, unit.to_string())).collect(),
        networks: alone(networks).map(|(network, unit)| (network, unit.to_string())).collect(),
    }
}

/// Those of which one thing is said, in order.
fn alone<K: Ord>(said: impl Iterator<Item = (K, UnitId)>) -> impl Iterator<Item = (K, UnitId)> {
    let mut of: BTreeMap<K, Option<UnitId>> = BTreeMap::new();
    for (what, unit) in said {
        of.entry(what)
            .and_modify(|known| *known = known.filter(|known| *known == unit))
            .or_insert(Some(unit));
    }
    of.into_iter().filter_map(|(what, unit)| Some((what, unit?)))
}

/// The unit that an alarm is about, by the records that its rule names; none where it names none, or none is found.
pub(super) fn unit_of(desk: &Desk, seen: &Seen, alarm: &Alarm) -> Result<Option<UnitId>, StoreError> {
    let rules = seen.packs.current().and_then(|pack| pack.section::<Vec<RuleText>>("rules"));
    let text = rules.and_then(|rules| rules.iter().find(|text| text.rule.id == alarm.rule));
    let Some(text) = text.filter(|text| !text.whose.is_empty() && !alarm.rest) else { return Ok(None) };
    let group = || alarm.group.iter().map(|(field, value)| (&**field, &**value));
    let told = OfAlarm { title: text.rule.title.zh(), first: alarm.first, count: alarm.count };
    desk.read::<_, StoreError>(|sql, _| {
        for (register, template) in &text.whose {
            let Some(sheet) = seen.layout.sheets.get(register) else { continue };
            if let [(_, unit)] = sql.records_called(sheet, &spelled(template, &told, group()))?.as_slice() {
                return Ok(Some(*unit));
            }
        }
        Ok(None)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_twice_and_differently_is_not_known() {
        let [tax, land] = [UnitId::from_bytes([1; 16]), UnitId::from_bytes([2; 16])];
        let named =
            |names: &[(&str, UnitId)]| names.iter().map(|(name, unit)| ((*name).to_owned(), *unit)).collect();
        let listed = ListedUnits {
            accounts: named(&[
                ("lin", tax),
                ("root", tax),
                ("wang", land),
                ("root", land),
                ("lin", tax),
                ("root", tax),
            ]),
            terminals: named(&[("10.2.0.0/16", tax), ("10.1.0.9", land), ("no network", tax)]),
        };
        let known = known(&listed);
        assert_eq!(known.accounts.keys().collect::<Vec<_>>(), ["lin", "wang"]);
        assert_eq!(known.unit_of("lin"), Some(&*tax.to_string()));
        assert_eq!(known.unit_at("10.1.0.9".parse().unwrap()), Some(&*land.to_string()));
        assert_eq!(known.networks.len(), 2);
    }
}
