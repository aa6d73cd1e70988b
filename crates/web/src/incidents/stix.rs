//! An incident as a bundle of STIX 2.1, for whoever works with such reports.
//!
//! Invariants: the same incident, as it stands, is the same bytes: identifiers are UUIDs of version 5, of the ledger's
//! origin and what the object is of; no moment is that of the export. Texts of devices stand in it as values, never as
//! part of a pattern but quoted.
//! Source: OASIS STIX 2.1, §2.9 (identifiers), §3 (common properties), §4.5 (Identity), §4.6 (Incident), §4.7 (Indicator),
//! §4.12 (Note), §4.14 (Observed Data), §4.16 (Report), §5.2 (Sighting), §6 (cyber-observables), §7.2 (markings); RFC 9562,
//! §5.5.

use crate::alarms;
use crate::look::Look;
use model::{Instant, RecordId, UnitId};
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use store::AlarmRow;

/// What is told of an incident.
pub(super) struct Told<'t> {
    /// The ledger's origin, of which identifiers are made.
    pub(super) origin: &'t str,
    /// The unit that reports.
    pub(super) unit: (UnitId, String),
    pub(super) record: RecordId,
    pub(super) number: Option<String>,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) grade: String,
    pub(super) opened: Instant,
    pub(super) changed: Instant,
    pub(super) alarms: Vec<Alarm>,
    /// What was done: the entry, when, what.
    pub(super) steps: Vec<(u64, Instant, String)>,
}

/// An alarm.
pub(super) struct Alarm {
    pub(super) entry: u64,
    pub(super) entered: Instant,
    pub(super) title: String,
    pub(super) first: Instant,
    pub(super) last: Instant,
    pub(super) count: u64,
    pub(super) group: Vec<(String, String)>,
    pub(super) resolved: Option<Instant>,
}

impl Alarm {
    pub(super) fn of(look: &Look<'_>, row: &AlarmRow) -> Self {
        // As it is entered: what has grown since is not in the ledger yet.
        Self {
            entry: row.entry,
            entered: row.at,
            title: alarms::title(look, &row.name.rule),
            first: row.name.first,
            last: row.last.max(row.name.first),
            count: row.count,
            group: row.name.group.clone(),
            resolved: row.resolved_at,
        }
    }
}

/// The namespace of cyber-observables (STIX 2.1, §2.9), and that of addresses on the web (RFC 9562, §6.6).
const OBSERVABLES: [u8; 16] = *b"\x00\xab\xed\xb4\xaa\x42\x46\x6c\x9c\x01\xfe\xd2\x33\x15\xa9\xb7";
const WEB: [u8; 16] = *b"\x6b\xa7\xb8\x11\x9d\xad\x11\xd1\x80\xb4\x00\xc0\x4f\xd4\x30\xc8";
/// The most that may be said to have been observed, or sighted (STIX 2.1, §4.14, §5.2).
const MOST: u64 = 999_999_999;

/// A UUID of version 5 (RFC 9562, §5.5).
fn uuid(namespace: &[u8; 16], name: &str) -> [u8; 16] {
    let hash = Sha1::new().chain_update(namespace).chain_update(name).finalize();
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    bytes[6] = (bytes[6] & 0x0f) | 0x50;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    bytes
}

fn spelled(uuid: [u8; 16]) -> String {
    let hex = data_encoding::HEXLOWER.encode(&uuid);
    let part = |range: std::ops::Range<usize>| hex.get(range).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0..8), part(8..12), part(12..16), part(16..20), part(20..32))
}

/// A moment, to the millisecond (STIX 2.1, §3.2).
fn time(at: Instant) -> String {
    let text = at.to_string();
    match text.split_once('.') {
        Some((seconds, rest)) => format!("{seconds}.{}Z", rest.get(..3).unwrap_or("000")),
        None => text,
    }
}

struct Maker {
    namespace: [u8; 16],
    by: String,
    marking: String,
}

impl Maker {
    fn id(&self, kind: &str, of: &str) -> String {
        format!("{kind}--{}", spelled(uuid(&self.namespace, &format!("{kind}:{of}"))))
    }

    /// An object with the properties that all have.
    fn object(&self, kind: &str, of: &str, (created, modified): (Instant, Instant), more: Value) -> Value {
        let mut object = json!({
            "type": kind,
            "spec_version": "2.1",
            "id": self.id(kind, of),
            "created_by_ref": self.by,
            "created": time(created),
            "modified": time(modified.max(created)),
            "object_marking_refs": [self.marking],
        });
        if let (Some(object), Value::Object(more)) = (object.as_object_mut(), more) {
            object.extend(more);
        }
        object
    }
}

/// What lines name, as cyber-observables; each with the pattern that finds it.
fn observables(alarm: &Alarm) -> Vec<(String, Value, Option<String>)> {
    let mut found = Vec::new();
    for (field, value) in alarm.group.iter().filter(|(_, value)| !value.is_empty()) {
        let (kind, property) = match field.as_str() {
            "src_ip" | "dst_ip" => match value.parse::<IpAddr>() {
                Ok(IpAddr::V4(_)) => ("ipv4-addr", "value"),
                Ok(IpAddr::V6(_)) => ("ipv6-addr", "value"),
                Err(_) => continue,
            },
            "user" => ("user-account", "account_login"),
            _ => continue,
        };
        // Of one property alone: in canonical form it reads like this.
        let name = json!({ property: value }).to_string();
        let id = format!("{kind}--{}", spelled(uuid(&OBSERVABLES, &name)));
        let object = json!({ "type": kind, "spec_version": "2.1", "id": id, property: value });
        let quoted = value.replace('\\', "\\\\").replace('\'', "\\'");
        let whose = field == "src_ip" || field == "user";
        found.push((id, object, whose.then(|| format!("[{kind}:{property} = '{quoted}']"))));
    }
    found
}

/// The bundle.
pub(super) fn bundle(told: &Told<'_>) -> Value {
    let namespace = uuid(&WEB, told.origin);
    let mut maker = Maker { namespace, by: String::new(), marking: String::new() };
    maker.by = maker.id("identity", &told.unit.0.to_string());
    maker.marking = maker.id("marking-definition", &told.grade);
    let record = told.record.to_string();
    let incident = maker.id("incident", &record);

    let mut observed: BTreeMap<String, Value> = BTreeMap::new();
    let mut indicators: BTreeMap<String, (Value, Instant, Instant)> = BTreeMap::new();
    let mut objects: Vec<Value> = Vec::new();
    for alarm in &told.alarms {
        let of = alarm.entry.to_string();
        let times = (alarm.entered, alarm.resolved.unwrap_or(alarm.entered));
        let seen = observables(alarm);
        if seen.is_empty() {
            continue;
        }
        let data = maker.id("observed-data", &of);
        let count = alarm.count.clamp(1, MOST);
        objects.push(maker.object(
            "observed-data",
            &of,
            times,
            json!({
                "first_observed": time(alarm.first),
                "last_observed": time(alarm.last),
                "number_observed": count,
                "object_refs": seen.iter().map(|(id, ..)| id).collect::<BTreeSet<_>>(),
            }),
        ));
        for (_, _, pattern) in &seen {
            let Some(pattern) = pattern else { continue };
            let indicator = maker.id("indicator", &format!("{record} {pattern}"));
            indicators
                .entry(pattern.clone())
                .and_modify(|(_, first, last)| {
                    *first = alarm.first.min(*first);
                    *last = times.1.max(*last);
                })
                .or_insert_with(|| (json!(alarm.title), alarm.first, times.1));
            objects.push(maker.object(
                "sighting",
                &format!("{of} {pattern}"),
                times,
                json!({
                    "description": alarm.title,
                    "first_seen": time(alarm.first),
                    "last_seen": time(alarm.last),
                    "count": count,
                    "sighting_of_ref": indicator,
                    "observed_data_refs": [data],
                    "where_sighted_refs": [maker.by],
                }),
            ));
        }
        observed.extend(seen.into_iter().map(|(id, object, _)| (id, object)));
    }
    for (pattern, (name, first, last)) in &indicators {
        let of = format!("{record} {pattern}");
        objects.push(maker.object(
            "indicator",
            &of,
            (*first, *last),
            json!({
                "name": name,
                "indicator_types": ["anomalous-activity"],
                "pattern": pattern,
                "pattern_type": "stix",
                "pattern_version": "2.1",
                "valid_from": time(*first),
            }),
        ));
        objects.push(maker.object(
            "relationship",
            &of,
            (*first, *last),
            json!({
                "relationship_type": "related-to",
                "source_ref": incident,
                "target_ref": maker.id("indicator", &of),
            }),
        ));
    }
    for (entry, at, what) in &told.steps {
        objects.push(maker.object(
            "note",
            &entry.to_string(),
            (*at, *at),
            json!({
                "content": what,
                "object_refs": [incident],
            }),
        ));
    }
    let times = (told.opened, told.changed);
    let mut of = json!({ "name": told.title, "description": told.description });
    if let (Some(number), Some(of)) = (&told.number, of.as_object_mut()) {
        let source = json!([{ "source_name": told.unit.1, "external_id": number }]);
        of.insert("external_references".to_owned(), source);
    }
    objects.push(maker.object("incident", &record, times, of));
    objects.extend(observed.into_values());

    let refs: BTreeSet<&str> = objects.iter().filter_map(|object| object.get("id")?.as_str()).collect();
    let report = maker.object(
        "report",
        &record,
        times,
        json!({
            "name": told.title,
            "description": told.description,
            "report_types": ["threat-report"],
            "published": time(told.changed),
            "object_refs": refs,
        }),
    );
    let identity = json!({
        "type": "identity",
        "spec_version": "2.1",
        "id": maker.by,
        "created": time(told.opened),
        "modified": time(told.opened),
        "name": told.unit.1,
        "identity_class": "organization",
    });
    let marking = json!({
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": maker.marking,
        "created": time(Instant::EPOCH),
        "definition_type": "statement",
        "definition": { "statement": told.grade },
    });
    let mut all = vec![identity, marking, report];
    all.extend(objects);
    json!({ "type": "bundle", "id": maker.id("bundle", &format!("{record} {}", time(told.changed))), "objects": all })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn identifiers_are_those_of_the_examples() {
        // RFC 9562, appendix A.4; `www.example.com` in the namespace of domain names.
        let dns = *b"\x6b\xa7\xb8\x10\x9d\xad\x11\xd1\x80\xb4\x00\xc0\x4f\xd4\x30\xc8";
        assert_eq!(spelled(uuid(&dns, "www.example.com")), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
        // As OASIS' own library for Python names the address (STIX 2.1, §2.9).
        assert_eq!(
            spelled(uuid(&OBSERVABLES, r#"{"value":"198.51.100.3"}"#)),
            "28bb3599-77cd-5a82-a950-b5bc3caf07c4"
        );
    }

    fn at(second: u32) -> Instant {
        format!("2026-11-27T01:{:02}:{:02}.123456Z", second / 60, second % 60).parse().unwrap()
    }

    fn sample() -> Told<'static> {
        let alarm = |entry, group: &[(&str, &str)], first, last, resolved| Alarm {
            entry,
            entered: at(first),
            title: "多次失敗後登入成功".to_owned(),
            first: at(first),
            last: at(last),
            count: 6,
            group: group.iter().map(|(field, value)| ((*field).to_owned(), (*value).to_owned())).collect(),
            resolved,
        };
        Told {
            origin: "ward.example/city",
            unit: (UnitId::from_bytes([1; 16]), "計畫處".to_owned()),
            record: RecordId::from_bytes([2; 16]),
            number: Some("115資安字第0001號".to_owned()),
            title: "疑似入侵：198.51.100.9".to_owned(),
            description: "發現情形：多次失敗後登入成功".to_owned(),
            grade: "內部".to_owned(),
            opened: at(100),
            changed: at(900),
            alarms: vec![
                alarm(7, &[("src_ip", "198.51.100.9"), ("user", r"o'neil\x")], 10, 90, Some(at(800))),
                alarm(9, &[("src_ip", "2001:db8::9"), ("dst_ip", "192.0.2.5")], 20, 80, None),
                alarm(11, &[("device", "dc-1")], 30, 30, None),
                alarm(12, &[("src_ip", "198.51.100.9"), ("dst_port", "22")], 5, 95, None),
            ],
            steps: vec![(8, at(100), "「系統開立」開立".to_owned()), (30, at(900), "「檢討」".to_owned())],
        }
    }

    /// `UPDATE_GOLDEN=stix` writes it anew; `make stix` has another implementation read it.
    #[test]
    fn a_bundle_is_as_committed_and_nothing_in_it_leads_nowhere() {
        let bundle = bundle(&sample());
        let text = serde_json::to_string_pretty(&bundle).unwrap() + "\n";
        let golden = Path::new("tests/incident.stix.json");
        if std::env::var_os("UPDATE_GOLDEN").is_some_and(|which| which == "stix") {
            #[expect(clippy::disallowed_methods, reason = "a test writes what it expects, on demand")]
            std::fs::write(golden, &text).unwrap();
        }
        let wanted = std::fs::read_to_string(golden).unwrap_or_default();
        assert!(
            text == wanted,
            "differs from {}; UPDATE_GOLDEN=stix writes it anew:\n{text}",
            golden.display()
        );
        let objects = bundle["objects"].as_array().unwrap();
        let ids: Vec<&str> = objects.iter().map(|object| object["id"].as_str().unwrap()).collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "an id twice: {ids:?}");
        let mut refs = BTreeSet::new();
        for (key, value) in objects.iter().flat_map(|object| object.as_object().unwrap()) {
            if key.ends_with("_ref") {
                refs.insert(value.as_str().unwrap());
            } else if key.ends_with("_refs") {
                refs.extend(value.as_array().unwrap().iter().map(|one| one.as_str().unwrap()));
            }
        }
        assert!(refs.iter().all(|one| ids.contains(one)), "{refs:?}");
        assert_eq!(serde_json::to_string_pretty(&super::bundle(&sample())).unwrap() + "\n", text);
    }
}
