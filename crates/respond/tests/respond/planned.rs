//! What a firewall is told: as text that is committed, and as laws that hold whatever comes.

use crate::{deny, hosts, observe};
use model::Instant;
use proptest::prelude::*;
use respond::{Allow, Hosts, Rig, Wanted, What, change, whole};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

fn rig() -> Rig {
    Rig {
        allow: Allow::new([hosts("10.1.0.0/28"), hosts("10.1.0.4"), hosts("2001:db8:1::/64")], []),
        remedy: vec![hosts("10.1.0.9")],
        outside: vec!["wan0".to_owned()],
        mark: 7,
    }
}

/// One command a line.
fn text(commands: &Value) -> String {
    let commands = commands.get("nftables").and_then(Value::as_array).unwrap();
    commands.iter().map(|command| format!("{command}\n")).collect()
}

fn check(name: &str, told: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/respond/planned").join(name);
    if std::env::var("UPDATE_GOLDEN").is_ok_and(|what| what == "planned") {
        #[expect(clippy::disallowed_methods, reason = "a committed text of a test, on request")]
        std::fs::write(&path, told).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(told, kept, "{name}: UPDATE_GOLDEN=planned writes it anew");
}

fn all_acts() -> Vec<(u64, What, Option<Instant>)> {
    let later = Some(Instant::EPOCH.plus(Duration::from_secs(600)));
    vec![
        (1, deny("192.0.2.1"), later),
        (2, deny("198.51.100.0/24"), None),
        (3, deny("2001:db8::1"), None),
        (4, What::Isolate { target: hosts("10.1.7.7") }, None),
        (5, What::Cut { target: hosts("192.0.2.9") }, later),
        (6, observe("203.0.113.0/24", "10.1.0.3", 22), later),
        (7, What::DenyAll, None),
        (8, What::LockDown, None),
    ]
}

fn wanted(acts: &[(u64, What, Option<Instant>)]) -> Wanted {
    Wanted::of(acts.iter().map(|(id, what, until)| (*id, what, *until, false)))
}

#[test]
fn what_each_act_tells_the_firewall_is_as_it_is_committed() {
    let mut told = String::new();
    for act in all_acts() {
        let (nothing, one) = (Wanted::default(), wanted(std::slice::from_ref(&act)));
        let done = change(&nothing, &one, &rig(), &[], Instant::EPOCH).unwrap();
        let undone = change(&one, &nothing, &rig(), &[], Instant::EPOCH).unwrap();
        told += &format!("# {}\n{}# undone\n{}", act.1.word(), text(&done), text(&undone));
    }
    check("changes.txt", &told);
    check("whole.txt", &text(&whole(&wanted(&all_acts()), &rig(), Instant::EPOCH)));
}

#[test]
fn who_touched_a_trip_wire_is_denied_in_the_same_transaction_that_forgets_it() {
    let what = observe("203.0.113.0/24", "10.1.0.3", 22);
    let (before, after) = (Wanted::of([(6, &what, None, false)]), Wanted::of([(6, &what, None, true)]));
    let settled: IpAddr = "203.0.113.5".parse().unwrap();
    let told = text(&change(&before, &after, &rig(), &[settled], Instant::EPOCH).unwrap());
    assert!(
        told.contains("deny_nets4") && told.contains("tripped4") && told.contains("203.0.113.5"),
        "{told}"
    );
}

#[test]
fn what_is_wanted_already_is_not_told() {
    let wanted = wanted(&all_acts());
    assert_eq!(change(&wanted, &wanted, &rig(), &[], Instant::EPOCH), None);
}

/// A firewall as simple as can be: sets of elements, and chains of rules. It knows enough of nftables to tell two rulesets
/// apart, and refuses what the real one refuses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Firewall {
    sets: BTreeMap<String, BTreeSet<String>>,
    chains: BTreeMap<String, Vec<String>>,
    objects: BTreeSet<String>,
}

impl Firewall {
    fn told(mut self, commands: &Value) -> Self {
        for command in commands.get("nftables").and_then(Value::as_array).unwrap() {
            let (act, what) = command.as_object().unwrap().iter().next().unwrap();
            let (sort, body) = what.as_object().unwrap().iter().next().unwrap();
            let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            match (act.as_str(), sort.as_str()) {
                ("delete", "table") => self = Self::default(),
                ("add", "table") => {}
                ("add", "set") => drop(self.sets.entry(text("name")).or_default()),
                ("add", "chain") => drop(self.chains.entry(text("name")).or_default()),
                ("add", "rule") => self.chains.get_mut(&text("chain")).unwrap().push(body.to_string()),
                ("flush", "chain") => self.chains.get_mut(&text("name")).unwrap().clear(),
                ("add", "counter" | "quota") => drop(self.objects.insert(format!("{sort} {}", text("name")))),
                ("delete", "counter" | "quota") => {
                    let name = format!("{sort} {}", text("name"));
                    let used = format!("\"{}\"", text("name"));
                    let held = self.chains.values().flatten().any(|rule| rule.contains(&used));
                    assert!(!held, "{name} is in use");
                    assert!(self.objects.remove(&name), "{name} is not there");
                }
                ("add" | "delete", "element") => {
                    let set = self.sets.get_mut(&text("name")).unwrap();
                    for element in body.get("elem").and_then(Value::as_array).unwrap() {
                        let value =
                            element.get("elem").and_then(|one| one.get("val")).unwrap_or(element).to_string();
                        if act == "add" {
                            set.insert(value);
                        } else {
                            assert!(set.remove(&value), "{value} is not there");
                        }
                    }
                }
                other => panic!("{other:?}"),
            }
        }
        self
    }
}

fn any_hosts() -> impl Strategy<Value = Hosts> {
    // Few addresses, so that they meet.
    let short = (0_u32..64, 24_u8..=32).prop_map(|(low, prefix)| {
        Hosts::new(Ipv4Addr::from_bits(0xc000_0200 | (low << 2)).into(), prefix).unwrap()
    });
    let long = (0_u16..16, 112_u8..=128).prop_map(|(low, prefix)| {
        Hosts::new(std::net::Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, low).into(), prefix).unwrap()
    });
    prop_oneof![3 => short, 1 => long]
}

fn any_what() -> impl Strategy<Value = What> {
    prop_oneof![
        4 => any_hosts().prop_map(|target| What::Deny { target }),
        1 => any_hosts().prop_map(|target| What::Isolate { target }),
        1 => any_hosts().prop_map(|target| What::Cut { target }),
        1 => Just(observe("203.0.113.0/24", "10.1.0.3", 22)),
        1 => Just(What::DenyAll),
        1 => Just(What::LockDown),
    ]
}

fn any_act() -> impl Strategy<Value = (What, Option<Instant>)> {
    let until = proptest::option::of(1_u64..1_000);
    (
        any_what(),
        until.prop_map(|until| until.map(|seconds| Instant::EPOCH.plus(Duration::from_secs(seconds)))),
    )
}

proptest! {
    /// Whoever undoes an act has what stood before it, and step by step one comes to the same as at once.
    #[test]
    fn undoing_an_act_restores_what_stood(acts in proptest::collection::vec(any_act(), 1..12), undone in any::<proptest::sample::Index>()) {
        let acts: Vec<(u64, What, Option<Instant>)> =
            (1..).zip(acts).map(|(id, (what, until))| (id, what, until)).collect();
        let at_once = |of: &[(u64, What, Option<Instant>)]| Firewall::default().told(&whole(&wanted(of), &rig(), Instant::EPOCH));
        let mut stands = at_once(&[]);
        for count in 1..=acts.len() {
            let (was, next) = (wanted(&acts[..count - 1]), wanted(&acts[..count]));
            if let Some(told) = change(&was, &next, &rig(), &[], Instant::EPOCH) {
                let there = stands.clone().told(&told);
                // The last act undone at once.
                let back = change(&next, &was, &rig(), &[], Instant::EPOCH).unwrap();
                prop_assert_eq!(there.clone().told(&back), stands);
                stands = there;
            }
            prop_assert_eq!(&stands, &at_once(&acts[..count]));
        }
        // One from amidst the others undone: what stands is what the others alone had brought about.
        let mut others = acts.clone();
        others.remove(undone.index(acts.len()));
        if let Some(told) = change(&wanted(&acts), &wanted(&others), &rig(), &[], Instant::EPOCH) {
            stands = stands.told(&told);
        }
        prop_assert_eq!(stands, at_once(&others));
    }

    /// A firewall takes no two networks of which one lies in the other.
    #[test]
    fn no_two_networks_of_a_set_meet(acts in proptest::collection::vec(any_act(), 1..30)) {
        let acts: Vec<(u64, What, Option<Instant>)> =
            (1..).zip(acts).map(|(id, (what, until))| (id, what, until)).collect();
        let wanted = wanted(&acts);
        for of in [&wanted.deny, &wanted.cut, &wanted.isolate] {
            let networks: Vec<&Hosts> = of.keys().filter(|hosts| !hosts.is_one()).collect();
            for (at, one) in networks.iter().enumerate() {
                prop_assert!(networks[at + 1..].iter().all(|other| !one.meets(**other)));
            }
        }
    }
}
