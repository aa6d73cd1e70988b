//! Sigma: public rules, where they are at hand, and correlations.

use super::{begin, hand_in};
use lines::Reader;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use watch::{Change, Rules, Watch};

/// The folder of public rules: `SIGMA_RULES`, or beside the clone.
fn folder() -> Option<PathBuf> {
    let named = std::env::var_os("SIGMA_RULES").map(PathBuf::from);
    let folder =
        named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/sigma"));
    folder.is_dir().then_some(folder)
}

fn files(folder: &Path, found: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|end| end == "yml") {
            found.insert(path.display().to_string(), std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn every_public_rule_at_hand_is_taken() {
    let Some(folder) = folder() else {
        return eprintln!("passed over: no public rules at hand; SIGMA_RULES names their folder");
    };
    let mut found = BTreeMap::new();
    files(&folder, &mut found);
    let mut rules = Rules::new();
    rules.sigma(found.iter().map(|(name, text)| (name.as_str(), text.as_str())));
    for refused in rules.refused() {
        eprintln!("refused: {}: {}", refused.place, refused.reason.en());
    }
    eprintln!("{} rules of {} files", rules.all().len(), found.len());
    assert!(found.len() > 100 && rules.refused().is_empty());
    assert_eq!(rules.all().len(), found.len());
}

fn raised(yaml: &str, lines: &[(u64, &str)]) -> Vec<(String, u64)> {
    let mut rules = Rules::new();
    rules.sigma([("test", yaml)]);
    assert!(rules.refused().is_empty(), "{:?}", rules.refused());
    let mut watch = Watch::new(rules);
    let (mut reader, mut changes) = (Reader::new(), Vec::new());
    for (n, (second, line)) in lines.iter().enumerate() {
        hand_in(
            &mut watch,
            &mut reader,
            n as u64,
            begin().plus(Duration::from_secs(*second)),
            line,
            &mut changes,
        );
    }
    let raised = changes.into_iter().filter_map(|change| match change {
        Change::Raised(alarm) => Some((alarm.rule.into(), alarm.count)),
        _ => None,
    });
    raised.collect()
}

const FAILURE: &str = "
title: Failure
name: failure
logsource: { product: linux, service: sshd }
detection:
  selection: { event.outcome: failure }
  condition: selection
---
title: Success
name: success
logsource: { product: linux, service: sshd }
detection:
  selection: { event.outcome: success }
  condition: selection
---
";
const FAILED: &str =
    "<38>Nov 20 10:11:12 web-1 sshd[1]: Failed password for lin from 198.51.100.9 port 5 ssh2";
const FAILED_WANG: &str =
    "<38>Nov 20 10:11:12 web-1 sshd[1]: Failed password for wang from 198.51.100.9 port 5 ssh2";
const ACCEPTED: &str =
    "<38>Nov 20 10:11:12 web-1 sshd[1]: Accepted password for lin from 198.51.100.9 port 5 ssh2";

#[test]
fn correlations_count_events_and_values_and_follow_order() {
    let correlation = |rest: &str| format!("{FAILURE}title: C\ncorrelation:\n{rest}");
    let count = correlation(
        "  type: event_count\n  rules: [failure]\n  group-by: [src_ip]\n  timespan: 10s\n  condition: { gte: 3 }\n",
    );
    // What a correlation speaks of raises nothing by itself.
    assert_eq!(raised(&count, &[(0, FAILED), (5, FAILED), (9, FAILED)]), [("C".into(), 3),]);
    assert_eq!(raised(&count, &[(0, FAILED), (5, FAILED), (10, FAILED)]), []);
    let values = correlation(
        "  type: value_count\n  rules: [failure]\n  group-by: [src_ip]\n  timespan: 10s\n  condition: { gte: 2, field: user }\n",
    );
    assert_eq!(raised(&values, &[(0, FAILED), (1, FAILED), (2, FAILED_WANG)]).len(), 1);
    assert_eq!(raised(&values, &[(0, FAILED), (1, FAILED), (2, FAILED)]), []);
    let ordered = correlation(
        "  type: temporal_ordered\n  rules: [failure, success]\n  group-by: [src_ip]\n  timespan: 10s\n",
    );
    assert_eq!(
        raised(&ordered, &[(0, FAILED), (5, ACCEPTED)]).iter().filter(|(rule, _)| rule == "C").count(),
        1
    );
    assert_eq!(raised(&ordered, &[(0, ACCEPTED), (5, FAILED)]), []);
    let temporal =
        correlation("  type: temporal\n  rules: [failure, success]\n  group-by: [src_ip]\n  timespan: 10s\n");
    assert_eq!(raised(&temporal, &[(0, ACCEPTED), (5, FAILED)]).len(), 1);
    assert_eq!(raised(&temporal, &[(0, ACCEPTED), (10, FAILED)]), []);
    let generates = correlation(
        "  type: event_count\n  rules: [failure]\n  group-by: [src_ip]\n  timespan: 10s\n  generate: true\n  condition: { gte: 3 }\n",
    );
    assert_eq!(raised(&generates, &[(0, FAILED)]), [("Failure".into(), 1)]);
}

#[test]
fn what_is_not_known_here_is_refused_with_its_reason() {
    let cases = [
        (
            "  type: event_count\n  rules: [other]\n  group-by: [src_ip]\n  timespan: 10s\n  condition: { gte: 3 }\n",
            "not there",
        ),
        (
            "  type: event_count\n  rules: [failure]\n  group-by: [src_ip]\n  timespan: 10s\n  condition: { lt: 3 }\n",
            "only gte and gt",
        ),
        (
            "  type: value_sum\n  rules: [failure]\n  group-by: [src_ip]\n  timespan: 10s\n  condition: { gte: 3, field: bytes }\n",
            "value_sum",
        ),
    ];
    for (rest, wanted) in cases {
        let mut rules = Rules::new();
        rules.sigma([("a.yml", &*format!("{FAILURE}title: C\ncorrelation:\n{rest}"))]);
        let [refused] = rules.refused() else { panic!("{wanted}: {:?}", rules.refused()) };
        assert!(refused.reason.en().contains(wanted) && &*refused.place == "a.yml", "{refused:?}");
    }
    let mut rules = Rules::new();
    rules.sigma([(
        "b.yml",
        "title: x\nlogsource: {}\ndetection: { selection: { a|nonsense: 1 }, condition: selection }\n",
    )]);
    assert_eq!(rules.refused().len(), 1, "{:?}", rules.refused());
}
