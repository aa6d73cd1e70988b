//! The rules of the pack that is shipped, and problems of rules.

use super::{pack, texts};
use regulation::{Files, Folder, Sections, Source as _, load_with, schemas};
use std::collections::BTreeSet;
use std::path::Path;
use watch::{Kind, RuleSection};

#[test]
fn every_rule_of_the_pack_has_a_clause_and_passes_its_samples() {
    // Reading the pack has tried a firing and a silent sample of each; a pack with problems does not exist.
    let (pack, texts) = (pack(), texts());
    for text in &texts {
        assert!(!text.rule.clauses.is_empty(), "{}", text.rule.id);
        assert!(text.rule.clauses.iter().all(|clause| pack.clause(clause).is_some()), "{}", text.rule.id);
    }
    let kinds: BTreeSet<&str> = texts
        .iter()
        .map(|text| match text.rule.kind {
            Kind::Match => "match",
            Kind::Threshold { .. } => "threshold",
            Kind::Sequence { .. } => "sequence",
            Kind::FirstSeen { .. } => "first_seen",
            Kind::Silence { .. } => "silence",
            Kind::Limit { .. } => "limit",
        })
        .collect();
    assert_eq!(kinds.len(), 6, "a rule of each kind");
}

#[test]
fn the_published_schema_is_that_of_the_shape() {
    let path = Path::new("../../regulations/schema/rules.json");
    let schemas = schemas(&Sections::none().with(RuleSection));
    let (_, schema) = schemas.into_iter().find(|(name, _)| *name == "rules").unwrap();
    let wanted = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        #[expect(clippy::disallowed_methods, reason = "a test writes what it expects, on demand")]
        std::fs::write(path, &wanted).unwrap();
    }
    assert!(std::fs::read_to_string(path).ok().as_deref() == Some(&wanted), "UPDATE_EXPECT=1 writes it anew");
}

/// What is told of the pack with one text of its rules changed.
fn told(file: &str, from: &str, to: &str) -> Vec<String> {
    let mut files = Folder::new(Path::new("../../regulations/taichung-2001")).files().unwrap();
    let path = format!("rules/{file}.toml");
    let text = String::from_utf8(files.remove(&path).unwrap()).unwrap();
    assert!(text.contains(from), "{from}");
    files.insert(path, text.replacen(from, to, 1).into_bytes());
    match load_with(&Files::new(files), &Sections::none().with(RuleSection)) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn what_is_wrong_with_a_rule_is_told_with_its_place() {
    let cases = [
        ("identities", "count = 5\n", "count = 6\n", "rules/identities.toml:16:9: 此例應告警，實際沒有"),
        ("identities", "count = 5\n", "count = 2\n", "rules/identities.toml:17:10: 此例不應告警，實際告警"),
        ("identities", "count = 5\n", "", "needs \"count\""),
        ("identities", "count = 5\n", "count = 5\nlow = 3\n", "a rule of kind \"threshold\" has no \"low\""),
        (
            "identities",
            "[\"27.2.1\", \"24.3.4\"]",
            "\"27.2.9\"",
            "rules/identities.toml:8:10: 沒有名為「27.2.9」的條文",
        ),
        (
            "identities",
            "\"event.outcome\" = \"failure\" }",
            "\"event.outcome|contain\" = \"failure\" }",
            "no detection of Sigma's",
        ),
        (
            "identities",
            "within = \"1 minutes\"",
            "within = \"1 months\"",
            "minutes, hours, days or weeks are asked for",
        ),
        (
            "identities",
            "id = \"password_spraying\"",
            "id = \"password_guessing\"",
            "there is a rule \"password_guessing\" already",
        ),
        ("rooms", "opens = \"fault\"", "opens = \"faults\"", "there is no register \"faults\""),
        ("rooms", "margin = 0.3", "margin = 3", "must not be empty"),
        (
            "network",
            "given = { proxies = [\"10.0.0.3/32\"] }",
            "given = { proxy = [\"10.0.0.3/32\"] }",
            "does not give %proxies%",
        ),
    ];
    for (file, from, to, wanted) in cases {
        let told = told(file, from, to);
        assert!(told.iter().any(|one| one.contains(wanted)), "{wanted}: {told:#?}");
    }
}
