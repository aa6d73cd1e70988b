//! The firewall of Linux: `nft` for what is refused, `conntrack` for connections that are known already.
//!
//! Each change is one transaction: all of it or nothing. What stands is read from the kernel, never remembered.
//! Source: nft(8), libnftables-json(5), conntrack(8).

use crate::child::{self, Ended};
use crate::driver::{Count, Driver, Fault, Seen, Step};
use crate::hosts::Hosts;
use crate::plan::{self, FAMILIES, Family, Rig, SORTS, TABLE, WIDE, counters};
use crate::wanted::Wanted;
use model::{Instant, Told};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

/// The firewall of Linux.
#[derive(Debug, Clone)]
pub struct Nftables {
    nft: String,
    conntrack: String,
    limit: Duration,
}

impl Default for Nftables {
    fn default() -> Self {
        Self { nft: "nft".to_owned(), conntrack: "conntrack".to_owned(), limit: Duration::from_secs(10) }
    }
}

impl Nftables {
    /// With these programs.
    #[must_use]
    pub fn with(nft: String, conntrack: String) -> Self {
        Self { nft, conntrack, ..Self::default() }
    }

    fn nft(&self, arguments: &[&str], input: &Value) -> Result<Ended, Fault> {
        let ended = child::run(&self.nft, arguments, input.to_string().as_bytes(), self.limit);
        let ended = ended.map_err(|error| no_program(&self.nft, "nftables", &error))?;
        if ended.is_good() { Ok(ended) } else { Err(refused(&self.nft, &ended)) }
    }

    fn load(&self, commands: &Value) -> Result<(), Fault> {
        self.nft(&["-j", "-f", "-"], commands).map(drop)
    }

    fn list(&self, of: &Value) -> Result<Vec<Value>, Fault> {
        let ended = self.nft(&["-j", "-f", "-"], &json!({"nftables": of}))?;
        let mut listed = Vec::new();
        // Each list is an object of its own.
        for read in serde_json::Deserializer::from_slice(&ended.output).into_iter::<Value>() {
            let read = read.map_err(|error| unread(&self.nft, &error.to_string()))?;
            let objects = read.get("nftables").and_then(Value::as_array).cloned();
            listed.extend(objects.ok_or_else(|| unread(&self.nft, "no list"))?);
        }
        Ok(listed)
    }

    fn conntrack(&self, arguments: &[&str]) -> Result<Ended, Fault> {
        child::run(&self.conntrack, arguments, b"", self.limit)
            .map_err(|error| no_program(&self.conntrack, "conntrack", &error))
    }
}

impl Driver for Nftables {
    fn name(&self) -> &'static str {
        "nftables"
    }

    fn lacks(&self, _: &Wanted) -> Option<Told> {
        None
    }

    fn own(&mut self) -> Result<Vec<IpAddr>, Fault> {
        let found = if_addrs::get_if_addrs().map_err(|error| {
            Fault(Told::new(
                format!("無法讀取本機位址（{error}）。請確認程序可使用 netlink。"),
                format!("The machine's own addresses cannot be read ({error}). See that the process may use netlink."),
            ))
        })?;
        Ok(found.into_iter().map(|interface| interface.ip()).collect())
    }

    fn change(&mut self, step: &Step<'_>) -> Result<(), Fault> {
        let Some(commands) = plan::change(step.was, step.wanted, step.rig, step.settled, step.now) else {
            return Ok(());
        };
        // Where the table is not as it was left, it is made anew.
        self.load(&commands).or_else(|_| self.restore(step.wanted, step.rig, step.now))
    }

    fn restore(&mut self, wanted: &Wanted, rig: &Rig, now: Instant) -> Result<(), Fault> {
        self.load(&plan::whole(wanted, rig, now))
    }

    fn rehearse(&mut self, step: &Step<'_>) -> Result<String, Fault> {
        let whole = plan::whole(step.wanted, step.rig, step.now);
        self.nft(&["-c", "-j", "-f", "-"], &whole)?;
        let change = plan::change(step.was, step.wanted, step.rig, step.settled, step.now);
        Ok(change.unwrap_or_else(|| json!({"nftables": []})).to_string())
    }

    fn look(&mut self, wanted: &Wanted, rig: &Rig) -> Result<Option<Seen>, Fault> {
        let tables = self.list(&json!([{"list": {"tables": null}}]))?;
        let ours = |object: &Value| {
            let table = object.get("table");
            let text = |key| table.and_then(|table| table.get(key)).and_then(Value::as_str);
            text("name") == Some(TABLE) && text("family") == Some("inet")
        };
        let listed = if tables.iter().any(ours) {
            self.list(&json!([{"list": {"table": {"family": "inet", "name": TABLE}}}]))?
        } else {
            Vec::new()
        };
        Ok(Some(seen(&listed, wanted, rig)))
    }

    fn tripped(&mut self) -> Result<Vec<IpAddr>, Fault> {
        let mut touched = Vec::new();
        for family in FAMILIES {
            // One list at a time: of several nft fetches the sets of the last alone.
            let set = plan::tripped(family);
            let listed =
                self.list(&json!([{"list": {"set": {"family": "inet", "table": TABLE, "name": set}}}]))?;
            let sets = listed.iter().filter_map(|object| object.get("set"));
            touched.extend(sets.flat_map(elements).map(|(hosts, _)| hosts.address()));
        }
        Ok(touched)
    }

    fn cut(&mut self, target: Hosts) -> Result<Option<u64>, Fault> {
        let family = if target.is_v6() { "ipv6" } else { "ipv4" };
        let text = target.to_string();
        let mut ended = 0;
        // As whoever began it sees it; of a single address, too, as it is behind a translation of addresses: of a network
        // conntrack takes no such question.
        let sides = ["--orig-src", "--orig-dst", "--reply-src", "--reply-dst"];
        for side in sides.iter().take(if target.is_one() { 4 } else { 2 }) {
            let run = self.conntrack(&["-D", "-f", family, *side, &text])?;
            // It ends with 1 where there was none.
            ended += count(&run.errors).ok_or_else(|| refused(&self.conntrack, &run))?;
        }
        Ok(Some(ended))
    }

    fn flows(&mut self) -> Result<Option<u64>, Fault> {
        let run = self.conntrack(&["-C"])?;
        let count = String::from_utf8_lossy(&run.output).trim().parse().ok();
        count.filter(|_| run.is_good()).map(Some).ok_or_else(|| refused(&self.conntrack, &run))
    }
}

/// `conntrack v1.4.7 (conntrack-tools): 2 flow entries have been deleted.`
fn count(said: &str) -> Option<u64> {
    let line = said.lines().find(|line| line.contains("flow entries have been deleted"))?;
    line.rsplit_once("): ")?.1.split(' ').next()?.parse().ok()
}

/// What a list of our table says, held against what is wanted.
fn seen(listed: &[Value], wanted: &Wanted, rig: &Rig) -> Seen {
    let mut seen = Seen::default();
    let named = |sort: &'static str| listed.iter().filter_map(move |object| object.get(sort));
    let name = |object: &Value| object.get("name").and_then(Value::as_str).map(ToOwned::to_owned);
    let sets: BTreeMap<String, &Value> = named("set").filter_map(|set| Some((name(set)?, set))).collect();
    for sort in SORTS {
        let mut stands = BTreeMap::new();
        for family in FAMILIES {
            for one in [true, false] {
                stands.extend(sets.get(&sort.set(family, one)).into_iter().flat_map(|set| elements(set)));
            }
        }
        let asked = sort.hosts(wanted);
        let lacks =
            asked.keys().filter(|hosts| !stands.contains_key(hosts)).map(|hosts| format!("- {hosts}"));
        let foreign =
            stands.keys().filter(|hosts| !asked.contains_key(hosts)).map(|hosts| format!("+ {hosts}"));
        seen.differs.extend(lacks.chain(foreign));
        let place = match sort {
            plan::Sort::Deny => &mut seen.deny,
            plan::Sort::Isolate => &mut seen.isolate,
            plan::Sort::Cut => &mut seen.cut,
        };
        *place = stands;
    }
    let counted: BTreeMap<String, Count> =
        named("counter").filter_map(|counter| Some((name(counter)?, self::counted(counter)?))).collect();
    for id in wanted.observed.keys() {
        let (_, stopped) = counters(*id);
        seen.observed.insert(*id, counted.get(&stopped).copied());
    }
    seen.wide = counted.get(WIDE).copied();
    let expected = plan::whole(wanted, rig, Instant::EPOCH);
    for (chain, rules) in
        chains(expected.get("nftables").and_then(Value::as_array).into_iter().flatten(), true)
    {
        match chains(listed.iter(), false).get(&chain) {
            None => seen.differs.push(format!("- chain {chain}")),
            Some(stand) if *stand != rules => {
                seen.differs.push(format!("rules of {chain}: {stand}, not {rules}"))
            }
            Some(_) => {}
        }
    }
    for family in FAMILIES {
        for (set, hosts) in [("allow", rig.allow.widest()), ("remedy", plan_widest(&rig.remedy))] {
            let set = format!("{set}{}", if family == Family::V4 { '4' } else { '6' });
            let mut hosts: Vec<Hosts> =
                hosts.into_iter().filter(|hosts| Family::of(*hosts) == family).collect();
            hosts.sort_unstable();
            let mut stand: Vec<Hosts> =
                sets.get(&set).into_iter().flat_map(|set| elements(set)).map(|(hosts, _)| hosts).collect();
            stand.sort_unstable();
            if stand != hosts {
                seen.differs.push(format!("set {set}"));
            }
        }
    }
    seen
}

fn plan_widest(hosts: &[Hosts]) -> Vec<Hosts> {
    crate::allow::Allow::new(hosts.iter().copied(), []).widest()
}

/// How many rules each chain has, of a list or of commands that add.
fn chains<'v>(objects: impl Iterator<Item = &'v Value>, added: bool) -> BTreeMap<String, usize> {
    let mut chains = BTreeMap::new();
    for object in objects {
        let object = if added { object.get("add") } else { Some(object) };
        let Some(object) = object else { continue };
        if let Some(chain) = object.get("chain").and_then(|chain| chain.get("name")).and_then(Value::as_str) {
            chains.entry(chain.to_owned()).or_insert(0);
        }
        if let Some(chain) = object.get("rule").and_then(|rule| rule.get("chain")).and_then(Value::as_str) {
            *chains.entry(chain.to_owned()).or_insert(0) += 1;
        }
    }
    chains
}

/// The elements of a set in a list, with what they have counted.
fn elements(set: &Value) -> Vec<(Hosts, Option<Count>)> {
    let listed = set.get("elem").and_then(Value::as_array).into_iter().flatten();
    let read = |element: &Value| {
        let inner = element.get("elem").unwrap_or(element);
        let value = inner.get("val").unwrap_or(inner);
        Some((hosts(value)?, inner.get("counter").and_then(counted)))
    };
    listed.filter_map(read).collect()
}

fn hosts(value: &Value) -> Option<Hosts> {
    if let Some(text) = value.as_str() {
        return text.parse().ok();
    }
    let prefix = value.get("prefix")?;
    let address = prefix.get("addr")?.as_str()?.parse().ok()?;
    Hosts::new(address, u8::try_from(prefix.get("len")?.as_u64()?).ok()?)
}

fn counted(value: &Value) -> Option<Count> {
    let number = |key| value.get(key).and_then(Value::as_u64);
    Some(Count { packets: number("packets")?, bytes: number("bytes")? })
}

fn no_program(program: &str, package: &str, error: &std::io::Error) -> Fault {
    Fault(Told::new(
        format!("無法執行 {program}（{error}）。請安裝套件 {package}。"),
        format!("{program} cannot be run ({error}). Install the package {package}."),
    ))
}

fn refused(program: &str, ended: &Ended) -> Fault {
    let complaint = ended.complaint();
    Fault(Told::new(
        format!("{program} 未執行：{complaint}。執行控制程序須具 CAP_NET_ADMIN 權能，核心須支援 nf_tables。"),
        format!(
            "{program} did not do it: {complaint}. The enforcer needs CAP_NET_ADMIN, the kernel nf_tables."
        ),
    ))
}

fn unread(program: &str, what: &str) -> Fault {
    Fault(Told::new(
        format!("無法解讀 {program} 之輸出（{what}）。請確認版本為 1.0.6 以上。"),
        format!("What {program} says cannot be read ({what}). See that it is version 1.0.6 or later."),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deleted_connections_are_counted_by_what_conntrack_says() {
        assert_eq!(
            count("conntrack v1.4.7 (conntrack-tools): 12 flow entries have been deleted.\n"),
            Some(12)
        );
        assert_eq!(count("conntrack v1.4.7 (conntrack-tools): Operation failed: not permitted\n"), None);
        assert_eq!(count(""), None);
    }
}
