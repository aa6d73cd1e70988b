//! `ward pack try`: what the rules of a pack would have raised over lines in files.
//!
//! The same code that watches: lines one after the other, at the times that they say themselves. Nothing is kept and
//! nothing is sent.
//! Exit codes: 0 tried, whatever was found; 1 the pack has problems; 2 there is no such pack or file.

use super::check::{embedded, folder, root_of};
use super::print;
use super::report;
use super::width::{harmless, padded};
use crate::machine::SystemClock;
use crate::packs;
use crate::told::Refused;
use crate::watching::Given;
use clap::Args;
use lines::{Reader, Source};
use model::{Clock as _, Instant};
use regulation::{Files, load_with};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use watch::{Alarm, Change, Line, RuleText, Rules, Watch};

/// Try the rules of a pack.
#[derive(Debug, Args)]
pub(crate) struct Try {
    /// 紀錄檔，一行一筆。Files of lines.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// 規範的資料夾（預設為隨附的規範 taichung-2001）。The pack's folder (default: taichung-2001, built in).
    #[arg(long)]
    pack: Option<PathBuf>,
    /// 公開 Sigma 規則之資料夾，一併試跑。A folder of public Sigma rules, tried as well.
    #[arg(long)]
    sigma: Option<PathBuf>,
    /// 規則中 %名稱% 之值，例如 proxies=10.0.0.3/32；可多次。A value for %name% in rules; may be given several times.
    #[arg(long, value_name = "NAME=VALUE")]
    given: Vec<Given>,
    /// 以 JSON 輸出。Output JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Try) -> anyhow::Result<ExitCode> {
    let (files, root) = match &args.pack {
        Some(dir) => (folder(dir)?, root_of(dir)),
        None => embedded(packs::DEFAULT)?,
    };
    let pack = match load_with(&Files::new(files.clone()), &packs::sections()) {
        Ok(pack) => pack,
        Err(problems) => {
            let shown = report::Shown { files: &files, root: &root, paint: report::Paint::of_output() };
            print(&shown.problems(&problems))?;
            return Ok(ExitCode::FAILURE);
        }
    };
    let values = Given::values(&args.given);
    let mut rules = Rules::new();
    rules.pack(pack.section::<Vec<RuleText>>("rules").map(Vec::as_slice).unwrap_or_default(), &values);
    if let Some(place) = &args.sigma {
        let mut found = BTreeMap::new();
        sigma(place, &mut found)?;
        rules.sigma(found.iter().map(|(name, text)| (name.as_str(), text.as_str())));
    }
    let mut watch = Watch::new(rules);
    let mut alarms = Alarms::default();
    let mut lines = 0;
    for file in &args.files {
        lines += hand_in(file, &mut watch, &mut alarms)?;
    }
    watch.standing().for_each(|alarm| alarms.put(alarm.clone()));
    let text = if args.json {
        format!("{}\n", listed(lines, &watch, &alarms))
    } else {
        shown(lines, &watch, &alarms)
    };
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// What names an alarm: when it was raised, its rule, its group.
type Name = (Instant, Box<str>, Vec<(Box<str>, Box<str>)>);

/// Alarms by what names them, as they stood last.
#[derive(Default)]
struct Alarms(BTreeMap<Name, Alarm>);

impl Alarms {
    fn put(&mut self, alarm: Alarm) {
        self.0.insert((alarm.first, alarm.rule.clone(), alarm.group.clone()), alarm);
    }

    fn take(&mut self, changes: &mut Vec<Change>) {
        for change in changes.drain(..) {
            match change {
                Change::Raised(alarm) | Change::Grown(alarm) | Change::Resolved { alarm, .. } => {
                    self.put(alarm)
                }
            }
        }
    }
}

/// Hands in the lines of a file; how many there are.
fn hand_in(file: &Path, watch: &mut Watch, alarms: &mut Alarms) -> anyhow::Result<usize> {
    let bytes = std::fs::read(file).map_err(|error| unread(file, &error))?;
    let name = file.display().to_string();
    let (mut reader, mut changes) = (Reader::new(), Vec::new());
    let now = SystemClock.now();
    let (mut at, mut lines) = (Instant::EPOCH, 0);
    for (n, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            continue;
        }
        let record = reader.read(Source::default(), now, line);
        let said = record.time().map_or(at, |stamp| stamp.at.max(at));
        if said.as_seconds() > at.as_seconds() {
            watch.tick(said, &mut changes);
        }
        at = said;
        watch.line(&Line { receiver: &name, n: n as u64, at, record: &record }, &mut changes);
        alarms.take(&mut changes);
        lines += 1;
    }
    Ok(lines)
}

/// The rules below a folder.
fn sigma(place: &Path, found: &mut BTreeMap<String, String>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(place).map_err(|error| unread(place, &error))? {
        let path = entry.map_err(|error| unread(place, &error))?.path();
        if path.is_dir() {
            sigma(&path, found)?;
        } else if path.extension().is_some_and(|end| end == "yml" || end == "yaml") {
            let text = std::fs::read_to_string(&path).map_err(|error| unread(&path, &error))?;
            found.insert(path.display().to_string(), text);
        }
    }
    Ok(())
}

fn unread(path: &Path, error: &std::io::Error) -> anyhow::Error {
    let path = path.display();
    Refused::say(format!("無法讀取「{path}」：{error}"), format!("{path} cannot be read: {error}"))
}

fn listed(lines: usize, watch: &Watch, alarms: &Alarms) -> Value {
    let rules = watch.rules();
    let evidence = |alarm: &Alarm| -> Vec<Value> {
        let all = alarm.evidence.iter().chain(&alarm.latest);
        all.map(|one| json!({ "file": one.receiver, "line": one.n + 1 })).collect()
    };
    let alarm = |alarm: &Alarm| {
        let group: BTreeMap<&str, &str> =
            alarm.group.iter().map(|(field, value)| (&**field, &**value)).collect();
        json!({
            "rule": alarm.rule, "severity": alarm.severity, "group": group, "rest": alarm.rest, "count": alarm.count,
            "first": alarm.first, "last": alarm.last, "evidence": evidence(alarm),
        })
    };
    json!({
        "lines": lines,
        "rules": rules.all().len(),
        "waiting": rules.waiting().iter().map(|one| json!({ "rule": one.rule, "asks": one.asks })).collect::<Vec<_>>(),
        "refused": rules.refused().iter().map(|one| json!({ "place": one.place, "zh": one.reason.zh(), "en": one.reason.en() })).collect::<Vec<_>>(),
        "alarms": alarms.0.values().map(alarm).collect::<Vec<_>>(),
    })
}

fn shown(lines: usize, watch: &Watch, alarms: &Alarms) -> String {
    let mut text = String::new();
    for alarm in alarms.0.values() {
        let rule = watch.rules().all().iter().find(|rule| rule.id == alarm.rule);
        let group: Vec<String> = alarm
            .group
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(field, value)| format!("{field}={}", harmless(value)))
            .collect();
        let severity = serde_json::to_value(alarm.severity).ok();
        let severity = severity.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned();
        let _ = writeln!(text, "{} {} {}", padded(&severity, 13), padded(&alarm.rule, 32), group.join(" "));
        if let Some(rule) = rule {
            let both = if rule.title.zh() == rule.title.en() {
                harmless(rule.title.en())
            } else {
                format!("{} · {}", harmless(rule.title.zh()), harmless(rule.title.en()))
            };
            let _ = writeln!(text, "  {both}");
        }
        let _ = writeln!(text, "  {} – {}，{} 筆 lines", alarm.first, alarm.last, alarm.count);
        if let Some(first) = alarm.evidence.first() {
            let _ = writeln!(text, "  {}:{}", harmless(&first.receiver), first.n + 1);
        }
    }
    let rules = watch.rules();
    for waiting in rules.waiting() {
        let asks: Vec<String> = waiting.asks.iter().map(|name| format!("--given {name}=…")).collect();
        let _ = writeln!(text, "未施行 waiting: {} ({})", waiting.rule, asks.join(" "));
    }
    for refused in rules.refused() {
        let _ =
            writeln!(text, "未採用 refused: {}: {}", harmless(&refused.place), harmless(refused.reason.en()));
    }
    let (count, of) = (alarms.0.len(), rules.all().len());
    let _ = writeln!(
        text,
        "{lines} 筆紀錄、{of} 條規則、{count} 則告警 · {lines} lines, {of} rules, {count} alarms"
    );
    text
}
