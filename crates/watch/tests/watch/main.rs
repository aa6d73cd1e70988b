//! Rules over lines: those of the pack, Sigma's, and what they find in what devices really write.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, which fail by panicking")]

mod beside;
mod corpus;
mod pack;
mod replay;
mod sigma;
mod storm;
mod warned;

use lines::{Reader, Source};
use model::Instant;
use regulation::{Folder, Pack, Sections, load_with};
use std::collections::BTreeMap;
use std::path::Path;
use watch::{Change, Line, RuleSection, RuleText, Rules, Watch};

/// When the tests begin: 2026-11-20T02:11:12Z.
fn begin() -> Instant {
    Instant::from_micros(1_795_140_672_000_000).unwrap()
}

/// The pack that is shipped.
fn pack() -> Pack {
    let folder = Folder::new(Path::new("../../regulations/taichung-2001"));
    load_with(&folder, &Sections::none().with(RuleSection)).unwrap_or_else(|problems| {
        panic!("{}", problems.iter().map(|one| format!("{one}\n")).collect::<String>())
    })
}

/// Its rules.
fn texts() -> Vec<RuleText> {
    pack().section::<Vec<RuleText>>("rules").unwrap().clone()
}

/// Its rules at work in an office that has a proxy and public hosts.
fn rules(texts: &[RuleText]) -> Rules {
    let given = [("inside", "10.0.0.0/8"), ("proxies", "10.0.0.3/32"), ("public_hosts", "192.168.100.0/24")];
    let given: BTreeMap<String, Vec<String>> =
        given.map(|(name, network)| (name.to_owned(), vec![network.to_owned()])).into();
    let mut rules = Rules::new();
    rules.pack(texts, &given);
    assert!(rules.waiting().is_empty() && rules.refused().is_empty(), "{:?}", rules.refused());
    rules
}

/// Hands in one line.
fn hand_in(
    watch: &mut Watch,
    reader: &mut Reader,
    n: u64,
    at: Instant,
    line: &str,
    changes: &mut Vec<Change>,
) {
    let record = reader.read(Source::default(), at, line.as_bytes());
    watch.line(&Line { receiver: "known", n, at, record: &record }, changes);
}
