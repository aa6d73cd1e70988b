//! Who was seen to speak with whom, by the lines of firewalls and devices, as far as it concerns what the registers hold.
//!
//! Invariants: what was not asked, or could not be, is unknown, never "not seen"; that it was asked is entered in the ledger
//! before anything of it goes out.
//! Does not: show flows to anybody who may not trace.
//! Source: clauses 19.1.2, 27.1.2.

use super::facts::Facts;
use crate::cx::Cx;
use crate::error::PageError;
use crate::trace;
use crate::trace::Unanswered;
use model::{Instant, Told};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::ops::Range;
use store::LinesTraced;
use telemetry::source::Network;

/// Pairs of addresses that are looked at, the most frequent.
const MOST: usize = 5_000;
/// Networks that are asked for by name; of more all lines are asked.
const MOST_ASKED: usize = 400;
/// Neighbours in no register that are drawn each by itself, the most frequent.
const MOST_STRANGERS: usize = 20;

/// What is known of flows.
pub(super) enum Flows {
    /// Nothing, and why.
    Unknown(Told),
    Seen(Seen),
}

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Within which time.
    pub(super) within: Option<Range<Instant>>,
    /// From whom to whom, how often, when last.
    pub(super) pairs: BTreeMap<(End, End), (u64, i64)>,
    /// Which of the things was seen at all.
    pub(super) things: BTreeSet<usize>,
    /// Of each group of strangers how many addresses.
    pub(super) groups: BTreeMap<End, BTreeSet<IpAddr>>,
    /// Were there more than are looked at?
    pub(super) cut: bool,
}

/// An end of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    /// One of the things.
    Thing(usize),
    /// An address of an inner network that is in no register.
    Stranger(IpAddr),
    /// Further such.
    Strangers,
    /// Public addresses that are in no register.
    Public,
}

impl End {
    /// Is it an inner neighbour that is in no register?
    pub(super) const fn is_strange(self) -> bool {
        matches!(self, Self::Stranger(_) | Self::Strangers)
    }
}

impl Flows {
    /// What was seen within a time of what the registers hold. It blocks, and enters that it was asked.
    ///
    /// # Errors
    /// The desk did not take the entry.
    pub(super) fn of(cx: &Cx, facts: &Facts, within: Range<Instant>) -> Result<Self, PageError> {
        if !cx.may_audit() {
            return Ok(Self::Unknown(Told::new(
                "通聯情形僅供得追查紀錄者檢視，本圖僅繪登記內容；各項是否見於通聯均為未知。",
                "Flows are shown to those who may trace lines. Only what is registered is drawn; whether it was seen is not known here.",
            )));
        }
        let Some(condition) = condition(facts) else {
            return Ok(Self::Unknown(Told::new(
                "登記內容無位址可資比對，通聯情形未知。",
                "No address is registered to look for, so that nothing is known of flows.",
            )));
        };
        let span = format!("received >= '{}' AND received < '{}'", within.start, within.end);
        let both = "src_ip IS NOT NULL AND dst_ip IS NOT NULL";
        let ask = |statement: &str, most| cx.site.lines().ask(statement, most);
        let statement = format!(
            "SELECT src_ip, dst_ip, count(*) AS n, max(to_unixtime(received)) FROM lines WHERE {both} AND {span} AND {condition} \
             GROUP BY src_ip, dst_ip ORDER BY n DESC, src_ip, dst_ip LIMIT {}",
            MOST + 1
        );
        let known = ask(&format!("SELECT count(*) FROM lines WHERE {both} AND {span}"), 1).and_then(|any| {
            let any = any.rows.first().and_then(|row| row.first().cloned().flatten());
            let any: u64 = any.and_then(|text| text.parse().ok()).unwrap_or(0);
            if any == 0 { Ok(None) } else { ask(&statement, MOST + 1).map(Some) }
        });
        let found = match &known {
            Ok(Some(answer)) => answer.rows.len(),
            Ok(None) | Err(_) => 0,
        };
        let (from, until) = (Some(within.start), Some(within.end));
        trace::enter(
            cx,
            LinesTraced { found: found.to_string(), from, until, wanted: "network".to_owned() },
        )?;
        Ok(match known {
            Ok(Some(answer)) => {
                let mut rows: Vec<(IpAddr, IpAddr, u64, i64)> =
                    answer.rows.iter().filter_map(|row| read(row)).collect();
                let cut = answer.cut || answer.rows.len() > MOST;
                rows.truncate(MOST);
                Self::Seen(Seen { within: Some(within), cut, ..Seen::of(facts, &rows) })
            }
            Ok(None) => Self::Unknown(Told::new(
                "期間內無任何載有來源及目的位址之紀錄，通聯情形未知。",
                "Within this time no line says who spoke with whom, so that nothing is known of flows.",
            )),
            Err(Unanswered::Refused(told) | Unanswered::Unavailable(told)) => Self::Unknown(Told::new(
                format!("紀錄無法查詢，通聯情形未知：{}", told.zh),
                format!("Lines cannot be asked, so that nothing is known of flows: {}", told.en),
            )),
        })
    }
}

/// The lines that concern what is registered, in SQL; none where no address is.
fn condition(facts: &Facts) -> Option<String> {
    let addresses = facts.things.iter().flat_map(|thing| &thing.addresses);
    let networks: BTreeSet<Network> = addresses.filter_map(|address| address.parse().ok()).collect();
    if networks.is_empty() {
        return None;
    }
    if networks.len() > MOST_ASKED {
        return Some("TRUE".to_owned());
    }
    let (alone, wide): (Vec<Network>, Vec<Network>) = networks.into_iter().partition(|network| {
        let addresses = network.addresses();
        addresses.start() == addresses.end()
    });
    let mut parts: Vec<String> = Vec::new();
    if !alone.is_empty() {
        let list: Vec<String> = alone.iter().map(|one| format!("'{one}'")).collect();
        let list = list.join(", ");
        parts.push(format!("src_ip IN ({list}) OR dst_ip IN ({list})"));
    }
    parts
        .extend(wide.iter().map(|one| format!("in_network(src_ip, '{one}') OR in_network(dst_ip, '{one}')")));
    Some(format!("({})", parts.join(" OR ")))
}

fn read(row: &[Option<String>]) -> Option<(IpAddr, IpAddr, u64, i64)> {
    let text = |at: usize| row.get(at)?.as_deref();
    let address = |at| text(at)?.parse::<IpAddr>().ok().map(|address| address.to_canonical());
    Some((
        address(0)?,
        address(1)?,
        text(2)?.parse().ok()?,
        text(3).and_then(|text| text.parse().ok()).unwrap_or(0),
    ))
}

impl Seen {
    /// Of rows of source, destination, count and last time, the most first.
    fn of(facts: &Facts, rows: &[(IpAddr, IpAddr, u64, i64)]) -> Self {
        let mut counts: BTreeMap<IpAddr, u64> = BTreeMap::new();
        for (from, to, count, _) in rows {
            for address in [from, to] {
                if facts.holder(*address).is_none() && is_inner(*address) {
                    *counts.entry(*address).or_default() += count;
                }
            }
        }
        let mut often: Vec<(u64, IpAddr)> =
            counts.into_iter().map(|(address, count)| (count, address)).collect();
        often.sort_by_key(|(count, address)| (std::cmp::Reverse(*count), *address));
        let drawn: BTreeSet<IpAddr> =
            often.iter().take(MOST_STRANGERS).map(|(_, address)| *address).collect();
        let mut seen = Self::default();
        for (from, to, count, last) in rows {
            if is_for_many(*to) {
                continue;
            }
            let end = |address: &IpAddr| match facts.holder(*address) {
                Some(thing) => End::Thing(thing),
                None if drawn.contains(address) => End::Stranger(*address),
                None if is_inner(*address) => End::Strangers,
                None => End::Public,
            };
            let ends = (end(from), end(to));
            // Between strangers nothing is drawn: it is no matter of what is registered.
            if !matches!(ends, (End::Thing(_), _) | (_, End::Thing(_))) {
                continue;
            }
            for (end, address) in [(ends.0, from), (ends.1, to)] {
                match end {
                    End::Thing(thing) => drop(seen.things.insert(thing)),
                    end => drop(seen.groups.entry(end).or_default().insert(*address)),
                }
            }
            let pair = seen.pairs.entry(ends).or_default();
            *pair = (pair.0.saturating_add(*count), pair.1.max(*last));
        }
        seen
    }
}

/// Is it an address of networks that are nobody's in public?
fn is_inner(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_private() || address.is_link_local() || address.is_loopback(),
        IpAddr::V6(address) => {
            address.is_unique_local() || address.is_unicast_link_local() || address.is_loopback()
        }
    }
}

/// Does it speak to many at once?
fn is_for_many(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_multicast() || address.is_broadcast() || address.is_unspecified(),
        IpAddr::V6(address) => address.is_multicast() || address.is_unspecified(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(from: &str, to: &str, count: u64) -> (IpAddr, IpAddr, u64, i64) {
        (from.parse().unwrap(), to.parse().unwrap(), count, 0)
    }

    #[test]
    fn a_neighbour_in_no_register_stands_by_itself_and_the_public_as_one() {
        let facts = Facts::holding(&["10.1.0.1", "10.2.0.0/16"]);
        let rows = [
            row("10.2.3.4", "10.1.0.1", 9),
            row("10.9.0.9", "10.1.0.1", 5),
            row("10.2.3.4", "198.51.100.1", 4),
            row("10.2.3.5", "198.51.100.2", 3),
            row("10.2.3.5", "239.1.1.1", 3),
            row("10.9.0.9", "10.9.0.8", 2),
        ];
        let seen = Seen::of(&facts, &rows);
        let stranger = End::Stranger("10.9.0.9".parse().unwrap());
        let pairs: Vec<((End, End), u64)> =
            seen.pairs.iter().map(|(ends, (count, _))| (*ends, *count)).collect();
        assert_eq!(
            pairs,
            [
                ((End::Thing(1), End::Thing(0)), 9),
                ((End::Thing(1), End::Public), 7),
                ((stranger, End::Thing(0)), 5)
            ]
        );
        assert_eq!(seen.things, [0, 1].into());
        assert_eq!(seen.groups[&End::Public].len(), 2);
    }

    #[test]
    fn only_so_many_strangers_stand_by_themselves() {
        let facts = Facts::holding(&["10.1.0.1"]);
        let rows: Vec<_> = (0..30).map(|nth| row(&format!("10.9.0.{nth}"), "10.1.0.1", 100 - nth)).collect();
        let seen = Seen::of(&facts, &rows);
        assert_eq!(seen.groups.len(), MOST_STRANGERS + 1);
        assert_eq!(seen.groups[&End::Strangers].len(), 30 - MOST_STRANGERS);
    }

    #[test]
    fn lines_are_asked_by_what_is_registered() {
        assert_eq!(condition(&Facts::holding(&[])), None);
        let asked = condition(&Facts::holding(&["10.1.0.1", "10.2.0.0/16"])).unwrap();
        assert_eq!(
            asked,
            "(src_ip IN ('10.1.0.1') OR dst_ip IN ('10.1.0.1') OR in_network(src_ip, '10.2.0.0/16') OR in_network(dst_ip, '10.2.0.0/16'))"
        );
        let many: Vec<String> =
            (0..MOST_ASKED + 1).map(|nth| format!("10.{}.{}.1", nth / 256, nth % 256)).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(condition(&Facts::holding(&many)).unwrap(), "TRUE");
    }
}
