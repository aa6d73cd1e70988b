//! Samples of rules: one that fires, one that does not, tried whenever a pack is read.

use crate::alarm::Change;
use crate::event::Known;
use crate::rule::Rules;
use crate::section::RuleText;
use crate::watch::{Line, Watch};
use lines::{Reader, Source};
use model::Instant;
use regulation::{Context, Table};
use std::collections::BTreeMap;
use std::time::Duration;

/// When samples begin.
const BEGIN: i64 = 1_795_140_672_000_000;

/// Tries both samples of a rule; what does not do what it should is told at its place.
pub(crate) fn tried(table: Table<'_>, text: &RuleText, context: &Context<'_>) {
    for (key, fires) in [("fires", true), ("silent", false)] {
        let Some(node) = table.get(key) else { continue };
        let Some(sample) = node.table() else { continue };
        match raised(sample, text) {
            Err((zh, en)) => context.problem(node.place(), zh, en),
            Ok(raised) if raised == fires => {}
            Ok(true) => context.problem(
                node.place(),
                "此例不應告警，實際告警",
                "this example should raise no alarm, and does",
            ),
            Ok(false) => context.problem(
                node.place(),
                "此例應告警，實際沒有",
                "this example should raise an alarm, and does not",
            ),
        }
    }
}

/// Does a sample raise an alarm?
fn raised(sample: Table<'_>, text: &RuleText) -> Result<bool, (String, String)> {
    let pairs = |key: &str| sample.inner(key).map(Table::entries).unwrap_or_default();
    let mut known = Known::default();
    for (account, _, unit) in pairs("accounts") {
        known.accounts.extend(unit.text().map(|unit| (account.to_owned(), unit.to_owned())));
    }
    for (network, _, unit) in pairs("networks") {
        let network = network
            .to_owned()
            .try_into()
            .map_err(|error: String| (format!("「{network}」不是網段"), error))?;
        known.networks.extend(unit.text().map(|unit| (network, unit.to_owned())));
    }
    let mut given: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, _, values) in pairs("given") {
        let texts = values.items().unwrap_or_default();
        given.insert(
            name.to_owned(),
            texts.into_iter().filter_map(|text| text.text().map(str::to_owned)).collect(),
        );
    }
    let mut rules = Rules::new();
    rules.pack(std::slice::from_ref(text), &given);
    if let Some(waiting) = rules.waiting().first() {
        let asks = waiting.asks.iter().map(|name| format!("%{name}%")).collect::<Vec<_>>().join(", ");
        return Err((format!("此例未給 {asks}"), format!("this example does not give {asks}")));
    }
    if let Some(refused) = rules.refused().first() {
        return Err((refused.reason.zh().to_owned(), refused.reason.en().to_owned()));
    }
    let mut watch = Watch::new(rules);
    watch.know(known);
    let (mut reader, mut changes) = (Reader::new(), Vec::new());
    let mut at = Instant::from_micros(BEGIN).unwrap_or(Instant::EPOCH);
    let receiver = if text.warns() { crate::kind::WARNINGS } else { "sample" };
    let mut n = 0;
    for turn in 1..=sample.small("times").unwrap_or(1) {
        for item in sample.list("lines") {
            if let Some(line) = item.text() {
                let line = line.replace("{i}", &turn.to_string());
                let record = reader.read(Source::default(), at, line.as_bytes());
                watch.line(&Line { receiver, n, at, record: &record }, &mut changes);
                n += 1;
            } else if let Some(seconds) = item.whole().map(i64::unsigned_abs) {
                // Time passes in so many steps that what is due is seen, and no more.
                for step in 1..=seconds.min(200) {
                    watch.tick(at.plus(Duration::from_secs(seconds * step / seconds.min(200))), &mut changes);
                }
                at = at.plus(Duration::from_secs(seconds));
            }
        }
    }
    watch.tick(at, &mut changes);
    Ok(changes.iter().any(|change| matches!(change, Change::Raised(_))))
}
