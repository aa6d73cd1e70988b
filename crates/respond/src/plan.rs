//! How a firewall of nftables is brought to what is wanted: one transaction of its JSON interface.
//!
//! Everything lies in one table of our own, `inet ward`, so that no rule of the site is ever touched; its chains come before
//! the site's (priority -10) and can only refuse, never let in what the site refuses. Single addresses stand in hash sets,
//! networks in interval sets: to add one element among 20,000 takes a hash set nothing and an interval set 70 ms.
//! Elements bear a timeout of the kernel's, a little behind the enforcer's, so that they end even where that is dead.
//!
//! ```text
//! forward, input, output ─▶ named     those who are tripped, denied, isolated, cut
//!                         ─▶ observed  a group of rules for each who is let in under conditions
//!                         ─▶ wide_*    measures against everybody
//! ```
//! Source: nft(8), libnftables-json(5) of nftables 1.0.6.

use crate::allow::Allow;
use crate::hosts::Hosts;
use crate::wanted::{Observed, Until, Wanted, Wide};
use model::Instant;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// The table.
pub(crate) const TABLE: &str = "ward";
/// How much later than the enforcer the kernel ends an element by itself, in seconds.
const BEHIND: i64 = 2;
/// How long somebody who touched a trip-wire stays denied by it alone, in seconds: until the enforcer has seen it.
const TRIPPED: u32 = 86_400;
/// Most lines of log for each rule a second.
const LOGGED: u32 = 20;
/// How often sets of a name exist: for IPv4 and for IPv6.
pub(crate) const FAMILIES: [Family; 2] = [Family::V4, Family::V6];
/// What a target may be under.
pub(crate) const SORTS: [Sort; 3] = [Sort::Deny, Sort::Isolate, Sort::Cut];

/// What is the same for all acts of an enforcer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rig {
    /// Whom nothing is done to.
    pub allow: Allow,
    /// Those by whom isolated machines are mended.
    pub remedy: Vec<Hosts>,
    /// Interfaces that lead outside; all but loopback, if none.
    pub outside: Vec<String>,
    /// The mark that connections bear that are observed; none where it is 0.
    pub mark: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    V4,
    V6,
}

impl Family {
    pub(crate) const fn of(hosts: Hosts) -> Self {
        if hosts.is_v6() { Self::V6 } else { Self::V4 }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::V4 => "ip",
            Self::V6 => "ip6",
        }
    }

    const fn digit(self) -> char {
        match self {
            Self::V4 => '4',
            Self::V6 => '6',
        }
    }

    const fn kind(self) -> &'static str {
        match self {
            Self::V4 => "ipv4_addr",
            Self::V6 => "ipv6_addr",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    Deny,
    Isolate,
    Cut,
}

impl Sort {
    const fn word(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Isolate => "isolate",
            Self::Cut => "cut",
        }
    }

    pub(crate) const fn hosts(self, wanted: &Wanted) -> &BTreeMap<Hosts, Until> {
        match self {
            Self::Deny => &wanted.deny,
            Self::Isolate => &wanted.isolate,
            Self::Cut => &wanted.cut,
        }
    }

    /// The set of single addresses, or of networks.
    pub(crate) fn set(self, family: Family, one: bool) -> String {
        format!("{}_{}{}", self.word(), if one { "hosts" } else { "nets" }, family.digit())
    }
}

/// The set of those who touched a trip-wire.
pub(crate) fn tripped(family: Family) -> String {
    format!("tripped{}", family.digit())
}

/// The counter of what passed of somebody who is observed, and the one of what was stopped.
pub(crate) fn counters(id: u64) -> (String, String) {
    (format!("observed_{id}"), format!("stopped_{id}"))
}

/// The counter of measures against everybody.
pub(crate) const WIDE: &str = "wide";

/// Everything anew, in one transaction: what stood before stands until what is wanted does.
#[must_use]
pub fn whole(wanted: &Wanted, rig: &Rig, now: Instant) -> Value {
    // A table is deleted only if it is there, and it is there once it was added.
    let mut commands = vec![table("add"), table("delete"), table("add")];
    for family in FAMILIES {
        for sort in SORTS {
            let flags = |one: bool| if one { json!(["timeout"]) } else { json!(["interval", "timeout"]) };
            for one in [true, false] {
                commands.push(set(&sort.set(family, one), family, &flags(one), true));
            }
        }
        commands.push(set(&tripped(family), family, &json!(["timeout"]), false));
        for name in ["allow", "remedy"] {
            commands.push(set(&format!("{name}{}", family.digit()), family, &json!(["interval"]), false));
        }
    }
    commands.push(object("add", "counter", WIDE, &json!({})));
    for chain in ["named", "observed", "sever", "wide_forward", "wide_input", "wide_output"] {
        commands.push(json!({"add": {"chain": {"family": "inet", "table": TABLE, "name": chain}}}));
    }
    for hook in HOOKS {
        commands.push(json!({"add": {"chain": {
            "family": "inet", "table": TABLE, "name": hook, "type": "filter", "hook": hook, "prio": -10, "policy": "accept",
        }}}));
        for chain in ["named".to_owned(), "observed".to_owned(), format!("wide_{hook}")] {
            commands.push(rule(hook, vec![json!({"jump": {"target": chain}})]));
        }
    }
    commands.extend(named());
    // Resets go their way: our own pass the hook of output, and the other side's end the connection as well.
    let reset = json!({"match": {"op": "in", "left": {"payload": {"protocol": "tcp", "field": "flags"}}, "right": "rst"}});
    commands.push(rule("sever", vec![reset, json!({"return": null})]));
    commands.push(rule("sever", vec![of_protocol("tcp"), json!({"reject": {"type": "tcp reset"}})]));
    commands.push(rule("sever", vec![drop()]));
    for family in FAMILIES {
        for (name, hosts) in [("allow", rig.allow.widest()), ("remedy", widest(&rig.remedy))] {
            let of = hosts.into_iter().filter(|hosts| Family::of(*hosts) == family).map(written).collect();
            commands.extend(elements("add", &format!("{name}{}", family.digit()), of));
        }
    }
    for sort in SORTS {
        for (hosts, until) in sort.hosts(wanted) {
            commands.extend(element("add", sort, *hosts, Some((*until, now))));
        }
    }
    for id in wanted.observed.keys() {
        commands.extend(objects("add", *id, wanted));
    }
    commands.extend(observed(wanted, rig));
    commands.extend(wide(wanted, rig));
    json!({"nftables": commands})
}

/// From what stands to what is wanted, in one transaction; none where that is the same. `settled` touched trip-wires, and
/// the acts say so by now.
#[must_use]
pub fn change(was: &Wanted, wanted: &Wanted, rig: &Rig, settled: &[IpAddr], now: Instant) -> Option<Value> {
    let mut commands = Vec::new();
    for sort in SORTS {
        let (was, wanted) = (sort.hosts(was), sort.hosts(wanted));
        for hosts in
            was.iter().filter(|(hosts, until)| wanted.get(hosts) != Some(until)).map(|(hosts, _)| *hosts)
        {
            // What the kernel has ended already is there again for a moment that nobody sees, and can be deleted.
            commands.extend(element("add", sort, hosts, None));
            commands.extend(element("delete", sort, hosts, None));
        }
        for (hosts, until) in wanted.iter().filter(|(hosts, until)| was.get(hosts) != Some(until)) {
            commands.extend(element("add", sort, *hosts, Some((*until, now))));
        }
    }
    if was.observed != wanted.observed {
        commands.push(flush("observed"));
        let gone = |of: &Wanted, other: &Wanted| -> Vec<u64> {
            of.observed
                .iter()
                .filter(|(id, one)| other.observed.get(id) != Some(one))
                .map(|(id, _)| *id)
                .collect()
        };
        for id in gone(was, wanted) {
            commands.extend(objects("delete", id, was));
        }
        for id in gone(wanted, was) {
            commands.extend(objects("add", id, wanted));
        }
        commands.extend(observed(wanted, rig));
    }
    for address in settled {
        let set = tripped(Family::of(Hosts::from(*address)));
        for act in ["add", "delete"] {
            commands.extend(elements(act, &set, vec![json!(address.to_string())]));
        }
    }
    if was.wide != wanted.wide {
        commands.extend(HOOKS.iter().map(|hook| flush(&format!("wide_{hook}"))));
        commands.extend(wide(wanted, rig));
    }
    (!commands.is_empty()).then(|| json!({"nftables": commands}))
}

const HOOKS: [&str; 3] = ["forward", "input", "output"];

/// Rules about those who are named: they stand still, what changes is their sets.
fn named() -> Vec<Value> {
    let mut rules = Vec::new();
    for family in FAMILIES {
        let tripped = format!("@{}", tripped(family));
        for side in ["saddr", "daddr"] {
            rules.push(rule("named", vec![is(family, side, &tripped), drop()]));
        }
        for one in [true, false] {
            let set = |sort: Sort| format!("@{}", sort.set(family, one));
            let remedy = format!("@remedy{}", family.digit());
            for (side, other) in [("saddr", "daddr"), ("daddr", "saddr")] {
                rules.push(rule("named", vec![is(family, side, &set(Sort::Deny)), drop()]));
                let isolate =
                    vec![is_not(family, other, &remedy), is(family, side, &set(Sort::Isolate)), drop()];
                rules.push(rule("named", isolate));
                let sever = vec![is(family, side, &set(Sort::Cut)), json!({"jump": {"target": "sever"}})];
                rules.push(rule("named", sever));
            }
        }
    }
    rules
}

/// Rules about those who are let in under conditions.
fn observed(wanted: &Wanted, rig: &Rig) -> Vec<Value> {
    let mut rules = Vec::new();
    for (id, Observed { target, conditions }) in &wanted.observed {
        let family = Family::of(*target);
        let (passed, stopped) = counters(*id);
        let (from, to) = (is_in(family, "saddr", *target), is_in(family, "daddr", *target));
        let stop = || vec![json!({"counter": stopped}), drop()];
        let mut push = |parts: Vec<Value>| rules.push(rule("observed", parts));
        for trip in conditions.trips.iter().filter(|trip| Family::of(trip.to) == family) {
            let mut wire = vec![from.clone(), is_in(family, "daddr", trip.to)];
            if let Some(port) = trip.port {
                wire.push(json!({"match": {"op": "==", "left": {"meta": {"key": "l4proto"}}, "right": {"set": ["tcp", "udp"]}}}));
                wire.push(json!({"match": {"op": "==", "left": {"payload": {"protocol": "th", "field": "dport"}}, "right": port}}));
            }
            wire.push(trip_of(family, "saddr"));
            wire.push(json!({"log": {"prefix": format!("ward-trip {id} ")}}));
            wire.extend(stop());
            push(wire);
        }
        if conditions.most_mbytes.is_some() {
            let mut wire = vec![to.clone(), json!({"quota": passed}), trip_of(family, "daddr")];
            wire.push(json!({"log": {"prefix": format!("ward-trip {id} ")}}));
            wire.extend(stop());
            push(wire);
        }
        if let Some(connections) = conditions.connections {
            let over = json!({"limit": {"rate": connections, "burst": connections.max(1), "per": "second", "inv": true}});
            push([vec![from.clone(), is_new(), over], stop()].concat());
        }
        if let Some(kbytes) = conditions.kbytes {
            let over = json!({"limit": {
                "rate": kbytes, "rate_unit": "kbytes", "burst": kbytes.max(1), "burst_unit": "kbytes", "per": "second", "inv": true,
            }});
            for side in [&from, &to] {
                push([vec![side.clone(), over.clone()], stop()].concat());
            }
        }
        let few = json!({"limit": {"rate": LOGGED, "burst": LOGGED, "per": "second"}});
        push(vec![from.clone(), is_new(), few, json!({"log": {"prefix": format!("ward-observe {id} ")}})]);
        for side in [from, to] {
            let mut seen = vec![side];
            if rig.mark != 0 {
                seen.push(json!({"mangle": {"key": {"ct": {"key": "mark"}}, "value": rig.mark}}));
            }
            seen.push(json!({"counter": passed}));
            push(seen);
        }
    }
    rules
}

/// Rules against everybody. Between those on the list, and within the machine, the way stays open; so does what IPv6 needs to
/// find its neighbours at all (RFC 4861).
fn wide(wanted: &Wanted, rig: &Rig) -> Vec<Value> {
    let Some(wide) = wanted.wide else { return Vec::new() };
    let mut rules = Vec::new();
    let hooks: &[&str] = match wide {
        Wide::DenyAll => &["forward", "input"],
        Wide::LockDown => &HOOKS,
    };
    for hook in hooks {
        let chain = format!("wide_{hook}");
        let (ways, sides): (&[&str], &[&str]) = match *hook {
            "forward" => (&["iifname", "oifname"], &["saddr", "daddr"]),
            "input" => (&["iifname"], &["saddr"]),
            _ => (&["oifname"], &["daddr"]),
        };
        if *hook != "forward" {
            rules.push(rule(&chain, vec![by(ways, &json!("lo")), json!({"return": null})]));
            let neighbours = json!({"set": ["nd-neighbor-solicit", "nd-neighbor-advert", "nd-router-advert", "nd-router-solicit"]});
            let left = json!({"payload": {"protocol": "icmpv6", "field": "type"}});
            let found = json!({"match": {"op": "==", "left": left, "right": neighbours}});
            rules.push(rule(&chain, vec![found, json!({"return": null})]));
        }
        for family in FAMILIES {
            let allow = format!("@allow{}", family.digit());
            let mut between: Vec<Value> = sides.iter().map(|side| is(family, side, &allow)).collect();
            between.push(json!({"return": null}));
            rules.push(rule(&chain, between));
        }
        let refuse = || vec![json!({"counter": WIDE}), drop()];
        if wide == Wide::DenyAll && !rig.outside.is_empty() {
            for way in ways {
                rules.push(rule(&chain, [vec![by(&[way], &json!({"set": rig.outside}))], refuse()].concat()));
            }
        } else {
            rules.push(rule(&chain, refuse()));
        }
    }
    rules
}

fn table(act: &str) -> Value {
    json!({act: {"table": {"family": "inet", "name": TABLE}}})
}

fn flush(chain: &str) -> Value {
    json!({"flush": {"chain": {"family": "inet", "table": TABLE, "name": chain}}})
}

fn set(name: &str, family: Family, flags: &Value, counts: bool) -> Value {
    let mut set =
        json!({"family": "inet", "table": TABLE, "name": name, "type": family.kind(), "flags": flags});
    if counts && let Some(set) = set.as_object_mut() {
        set.insert("stmt".to_owned(), json!([{"counter": null}]));
    }
    json!({"add": {"set": set}})
}

fn object(act: &str, sort: &str, name: &str, more: &Value) -> Value {
    let mut object = json!({"family": "inet", "table": TABLE, "name": name});
    if let (Some(object), Some(more)) = (object.as_object_mut(), more.as_object()) {
        object.extend(more.clone());
    }
    json!({act: {sort: object}})
}

/// The counters and the quota of somebody who is observed.
fn objects(act: &str, id: u64, wanted: &Wanted) -> Vec<Value> {
    let (passed, stopped) = counters(id);
    let mut objects =
        vec![object(act, "counter", &passed, &json!({})), object(act, "counter", &stopped, &json!({}))];
    if let Some(most) = wanted.observed.get(&id).and_then(|one| one.conditions.most_mbytes) {
        let quota = json!({"bytes": u64::from(most) << 20, "used": 0, "inv": true});
        objects.push(object(act, "quota", &passed, &quota));
    }
    objects
}

fn rule(chain: &str, parts: Vec<Value>) -> Value {
    json!({"add": {"rule": {"family": "inet", "table": TABLE, "chain": chain, "expr": parts}}})
}

/// An element of the set that its hosts belong to; with the time from now until when.
fn element(act: &str, sort: Sort, hosts: Hosts, until: Option<(Until, Instant)>) -> Option<Value> {
    let set = sort.set(Family::of(hosts), hosts.is_one());
    let value = written(hosts);
    let element = match until {
        Some((Some(until), now)) => {
            let left = (until.as_micros() - now.as_micros()).div_euclid(1_000_000) + 1 + BEHIND;
            json!({"elem": {"val": value, "timeout": left.max(1)}})
        }
        _ => value,
    };
    elements(act, &set, vec![element])
}

fn elements(act: &str, set: &str, of: Vec<Value>) -> Option<Value> {
    (!of.is_empty())
        .then(|| json!({act: {"element": {"family": "inet", "table": TABLE, "name": set, "elem": of}}}))
}

fn written(hosts: Hosts) -> Value {
    if hosts.is_one() {
        json!(hosts.address().to_string())
    } else {
        json!({"prefix": {"addr": hosts.address().to_string(), "len": hosts.prefix()}})
    }
}

fn widest(hosts: &[Hosts]) -> Vec<Hosts> {
    Allow::new(hosts.iter().copied(), []).widest()
}

fn side(family: Family, side: &str) -> Value {
    json!({"payload": {"protocol": family.word(), "field": side}})
}

fn is(family: Family, of: &str, set: &str) -> Value {
    json!({"match": {"op": "==", "left": side(family, of), "right": set}})
}

fn is_not(family: Family, of: &str, set: &str) -> Value {
    json!({"match": {"op": "!=", "left": side(family, of), "right": set}})
}

fn is_in(family: Family, of: &str, hosts: Hosts) -> Value {
    json!({"match": {"op": "==", "left": side(family, of), "right": written(hosts)}})
}

fn is_new() -> Value {
    json!({"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": "new"}})
}

fn of_protocol(protocol: &str) -> Value {
    json!({"match": {"op": "==", "left": {"meta": {"key": "l4proto"}}, "right": protocol}})
}

fn by(ways: &[&str], name: &Value) -> Value {
    let way = ways.first().copied().unwrap_or("iifname");
    json!({"match": {"op": "==", "left": {"meta": {"key": way}}, "right": name}})
}

fn trip_of(family: Family, of: &str) -> Value {
    let element = json!({"elem": {"val": side(family, of), "timeout": TRIPPED}});
    json!({"set": {"op": "add", "elem": element, "set": format!("@{}", tripped(family))}})
}

fn drop() -> Value {
    json!({"drop": null})
}
