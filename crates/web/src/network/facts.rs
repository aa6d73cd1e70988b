//! What the registers say of the network: what there is, what is connected with what, at which addresses.
//!
//! Which registers these are is said by the pack. Records come in one order, whoever asks and whenever, so that the same
//! facts have one digest.

use super::then::{self, Stood};
use crate::error::PageError;
use crate::language::Language;
use crate::look::Look;
use crate::reading;
use casework::Case;
use model::{Instant, RecordId, Told};
use regulation::{NetworkLayer, NetworkNode, Register, Value};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use store::{Ask, Column, Direction, Filter, Test};
use telemetry::source::{Network, Networks};

/// Records of one register that are drawn.
const MOST: u32 = 400;

/// What the registers say.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// What there is, from the outside to the inside.
    pub(super) things: Vec<Thing>,
    /// What is connected with what.
    pub(super) links: Vec<Link>,
    /// Registers of which only the first records are drawn.
    pub(super) cut: Vec<Told>,
    /// Entries of the ledger of which this is told.
    pub(super) position: u64,
    /// The number of the last of them that is about what is drawn.
    pub(super) last: Option<u64>,
    /// Records whose grade is above what everybody is cleared for: with their addresses they are read here.
    pub(super) graded: Vec<RecordId>,
    /// Which of the things holds an address.
    networks: Networks<usize>,
}

/// Something there is.
#[derive(Debug, Clone)]
pub(super) struct Thing {
    /// What tells it apart from everything else, at any time.
    pub(super) key: String,
    pub(super) layer: NetworkLayer,
    /// Of what sort it is: the name of its register.
    pub(super) sort: Told,
    pub(super) name: Told,
    /// Addresses and networks, each in its one spelling.
    pub(super) addresses: BTreeSet<String>,
    /// Is it of a register that has addresses?
    pub(super) addressed: bool,
    /// The records it stands for.
    pub(super) records: Vec<RecordId>,
    /// Are several drawn as one?
    pub(super) together: bool,
    /// The grade's mark, where not everybody may read it.
    pub(super) grade: Option<Told>,
}

/// What a register says is connected.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Link {
    /// Places among the things.
    pub(super) from: usize,
    pub(super) to: usize,
    /// The field that says so.
    pub(super) by: (String, String),
}

/// A thing as digests tell it: in one order, in both languages, with nothing of who asks or when.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Digested<'f> {
    key: &'f str,
    layer: &'static str,
    sort: [&'f str; 2],
    name: [&'f str; 2],
    addresses: &'f BTreeSet<String>,
    /// By which fields it is connected with what.
    to: Vec<String>,
}

impl Facts {
    /// As they are now, or stood at a moment.
    ///
    /// # Errors
    /// Tables or ledger cannot be read.
    pub(super) fn of(look: &Look<'_>, until: Option<Instant>) -> Result<Self, PageError> {
        let mut facts = Self { position: then::position(look, until)?, ..Self::default() };
        let nodes = look.pack.network.as_ref().map(|network| network.nodes.as_slice()).unwrap_or_default();
        let mut found: Vec<(&NetworkNode, &Register, Arc<Case>)> = Vec::new();
        for node in nodes {
            let Some(register) = look.pack.registers.get(&node.register) else { continue };
            let (total, cases) = records(look, node, until)?;
            if total > u64::from(MOST) {
                facts.cut.push(Told::new(register.label.zh(), register.label.en()));
            }
            for Stood { case, last } in cases {
                facts.last = facts.last.max(Some(last));
                found.push((node, register, case));
            }
        }
        let mut spare = Vec::new();
        let mut things: BTreeMap<(usize, String), Thing> = BTreeMap::new();
        for (node, register, case) in &found {
            let nth = nodes.iter().position(|one| one.register == node.register).unwrap_or_default();
            let thing = thing(look, node, register, case);
            if node.spare {
                spare.push(((nth, thing.key.clone()), thing));
                continue;
            }
            match things.entry((nth, thing.key.clone())) {
                std::collections::btree_map::Entry::Vacant(place) => drop(place.insert(thing)),
                std::collections::btree_map::Entry::Occupied(mut there) => there.get_mut().join(thing),
            }
        }
        let graded = found.iter().filter(|(_, _, case)| reading::graded(look, case));
        facts.graded = graded.map(|(_, _, case)| case.record).collect();
        let held: BTreeSet<&String> = things.values().flat_map(|thing| &thing.addresses).collect();
        let free = |thing: &Thing| !thing.addresses.iter().any(|address| held.contains(address));
        let spare: Vec<_> = spare.into_iter().filter(|(_, thing)| free(thing)).collect();
        things.extend(spare);
        let mut things: Vec<((usize, String), Thing)> = things.into_iter().collect();
        things.sort_by(|((nth, key), one), ((other_nth, other_key), other)| {
            (one.layer, nth, &one.name.zh, key).cmp(&(other.layer, other_nth, &other.name.zh, other_key))
        });
        facts.things = things.into_iter().map(|(_, thing)| thing).collect();
        let of: BTreeMap<RecordId, usize> = facts
            .things
            .iter()
            .enumerate()
            .flat_map(|(nth, thing)| thing.records.iter().map(move |record| (*record, nth)))
            .collect();
        let mut links = BTreeSet::new();
        for (node, register, case) in &found {
            let Some(from) = of.get(&case.record) else { continue };
            for field in node.to.iter().filter_map(|id| register.field(id.as_str())) {
                let by = (field.label.zh().to_owned(), field.label.en().to_owned());
                for to in crate::records::named_by(case, field).iter().filter_map(|record| of.get(record)) {
                    if to != from {
                        links.insert(Link { from: *from, to: *to, by: by.clone() });
                    }
                }
            }
        }
        facts.links = links.into_iter().collect();
        for (nth, thing) in facts.things.iter().enumerate() {
            for network in thing.addresses.iter().filter_map(|address| address.parse::<Network>().ok()) {
                // Of two that are registered for the same the first counts.
                if facts.networks.get(network).is_none() {
                    facts.networks.insert(network, nth);
                }
            }
        }
        Ok(facts)
    }

    /// Which of the things an address belongs to: that of the smallest network that holds it.
    pub(super) fn holder(&self, address: IpAddr) -> Option<usize> {
        let address = match address {
            IpAddr::V4(address) => address.to_ipv6_mapped(),
            IpAddr::V6(address) => address,
        };
        self.networks.of(address).copied()
    }

    /// The grades' marks of what not everybody may read; none where everybody may read all of it.
    pub(super) fn grades(&self, language: Language) -> Option<String> {
        let grades: BTreeSet<&str> = self
            .things
            .iter()
            .filter_map(|thing| thing.grade.as_ref())
            .map(|grade| language.told(grade))
            .collect();
        let grades: Vec<&str> = grades.into_iter().collect();
        (!grades.is_empty()).then(|| grades.join(language.of("、", ", ")))
    }

    /// The digest of what the registers say, in hexadecimal.
    ///
    /// # Errors
    /// It does not serialise, which no test has seen.
    pub(super) fn digest(&self) -> Result<String, PageError> {
        digest(&self.told())
    }

    /// What digests are made of.
    pub(super) fn told(&self) -> Vec<Digested<'_>> {
        let linked = |nth: usize| {
            let links = self.links.iter().filter(|link| link.from == nth);
            let to =
                links.filter_map(|link| Some(format!("{} {}", link.by.1, self.things.get(link.to)?.key)));
            let mut to: Vec<String> = to.collect();
            to.sort();
            to
        };
        let mut told = Vec::new();
        for (nth, thing) in self.things.iter().enumerate() {
            let Thing { key, layer, sort, name, addresses, .. } = thing;
            told.push(Digested {
                key,
                layer: layer.word(),
                sort: [&sort.zh, &sort.en],
                name: [&name.zh, &name.en],
                addresses,
                to: linked(nth),
            });
        }
        told.sort();
        told
    }
}

/// The digest of something, in hexadecimal.
pub(super) fn digest(of: &impl Serialize) -> Result<String, PageError> {
    let text = serde_json::to_vec(of).map_err(PageError::failed)?;
    Ok(data_encoding::HEXLOWER.encode(&Sha256::digest(&text)))
}

impl Thing {
    pub(super) fn name(&self, language: Language) -> &str {
        language.told(&self.name)
    }

    fn join(&mut self, other: Self) {
        self.addresses.extend(other.addresses);
        self.records.extend(other.records);
        self.records.sort_unstable();
        if self.grade.is_none() {
            self.grade = other.grade;
        }
    }
}

/// Records of a register that they may see, within the unit looked at, as they stand or stood, each with the number of the
/// last entry about it.
fn records(
    look: &Look<'_>,
    node: &NetworkNode,
    until: Option<Instant>,
) -> Result<(u64, Vec<Stood>), PageError> {
    let states: Vec<String> = node.states.iter().map(ToString::to_string).collect();
    let test = if states.is_empty() { Test::Running } else { Test::In(states) };
    let filters = match until {
        None => vec![Filter { column: Column::State, test }],
        // What has ended since was there then.
        Some(_) => Vec::new(),
    };
    let ask = Ask {
        register: node.register.clone(),
        text: None,
        filters,
        sort: Some((Column::OpenedAt, Direction::Up)),
        skip: 0,
        most: MOST,
    };
    let (seen, reader) = (look.cx.seen(), look.cx.reader()?);
    let page = look.sql(|sql| store::list(sql, &seen.packs, &seen.layout, &reader, &ask))?;
    let records: Vec<RecordId> = page.rows.iter().map(|row| row.record).collect();
    look.listed(records.iter().copied());
    let cases = look.open_cases(&records)?;
    let mut stood = Vec::new();
    for case in cases {
        let Some(until) = until else {
            let last = look.sql(|sql| sql.history(case.record))?.last().copied().unwrap_or_default();
            stood.push(Stood { case, last });
            continue;
        };
        let Some(then) = then::stood(look, case, until)? else { continue };
        let Case { ending, state, .. } = &*then.case;
        let drawn = if node.states.is_empty() { ending.is_none() } else { node.states.contains(state) };
        if drawn {
            stood.push(then);
        }
    }
    Ok((page.total, stood))
}

fn thing(look: &Look<'_>, node: &NetworkNode, register: &Register, case: &Case) -> Thing {
    let sort = Told::new(register.label.zh(), register.label.en());
    let field = node.address.as_ref().and_then(|id| register.field(id.as_str()));
    let value = field.and_then(|field| field.of().read(case.content.0.get(&field.id)?).ok());
    let network: Option<Network> = match value {
        Some(Value::Text(text)) => text.trim().parse().ok(),
        _ => None,
    };
    let grade = reading::graded(look, case).then(|| {
        let grade = look.pack.grade(&case.grade);
        grade.map_or_else(
            || Told::new(case.grade.to_string(), case.grade.to_string()),
            |grade| Told::new(grade.label.zh(), grade.label.en()),
        )
    });
    let (key, name) = if node.together {
        let wide = network.map(around);
        let told = wide.map(|network| network.to_string());
        let name = match &told {
            Some(told) => Told::new(format!("{}　{told}", sort.zh), format!("{}, {told}", sort.en)),
            None => Told::new(
                format!("{}（未登記網路位址）", sort.zh),
                format!("{} without a registered address", sort.en),
            ),
        };
        (format!("{}@{}", node.register, told.unwrap_or_default()), name)
    } else {
        (case.record.to_string(), look.title_told(case))
    };
    Thing {
        key,
        layer: node.layer,
        sort,
        name,
        addresses: network.into_iter().map(|network| network.to_string()).collect(),
        addressed: node.address.is_some(),
        records: vec![case.record],
        together: node.together,
        grade,
    }
}

/// The network in which an address is drawn with others: its /24, or its /64; a network as it is registered.
fn around(network: Network) -> Network {
    let addresses = network.addresses();
    if addresses.start() != addresses.end() {
        return network;
    }
    let address: Ipv6Addr = *addresses.start();
    let text = match address.to_ipv4_mapped() {
        Some(v4) => format!("{}/24", std::net::Ipv4Addr::from_bits(v4.to_bits() & 0xffff_ff00)),
        None => format!("{}/64", Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
    };
    text.parse().unwrap_or(network)
}

#[cfg(test)]
impl Facts {
    /// Things at these addresses, for tests.
    pub(super) fn holding(addresses: &[&str]) -> Self {
        let mut facts = Self::default();
        for (nth, address) in addresses.iter().enumerate() {
            let network: Network = address.parse().unwrap();
            facts.networks.insert(network, nth);
            facts.things.push(Thing {
                key: format!("r_{nth}"),
                layer: NetworkLayer::Server,
                sort: Told::new("主機", "Hosts"),
                name: Told::new(format!("主機{nth}"), format!("Host {nth}")),
                addresses: [network.to_string()].into(),
                addressed: true,
                records: Vec::new(),
                together: false,
                grade: None,
            });
        }
        facts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_stand_with_those_of_their_network() {
        for (one, wide) in [
            ("10.1.2.3", "10.1.2.0/24"),
            ("10.1.0.0/16", "10.1.0.0/16"),
            ("2001:db8::1:2:3:4", "2001:db8::/64"),
            ("2001:db8::/32", "2001:db8::/32"),
        ] {
            assert_eq!(around(one.parse().unwrap()).to_string(), wide);
        }
    }
}
