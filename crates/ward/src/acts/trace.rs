//! Tracing at the console: everything that an address, an account or a device did, over all receivers.

use super::Refusal;
use crate::machine::SystemClock;
use crate::office::Office;
use clap::{ArgGroup, Args};
use desk::{Asker, Order};
use model::{Clock as _, Instant, Told};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::PathBuf;
use store::LinesTraced;
use telemetry::find::{Line, Wanted};
use telemetry::index::Key;
use web::{Unanswered, lines_bundle};

/// Most lines that are shown.
const MOST: usize = 10_000;

/// Everything that somebody or something did.
#[derive(Debug, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[command(group(ArgGroup::new("what").required(true).args(["address", "user", "device"])))]
pub(crate) struct Trace {
    /// 位址或網段，來源或目的，如 192.0.2.1、10.1.0.0/16。An address or a network, on either side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// 帳號。An account.
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    /// 設備名稱。A device, by the name it gives itself.
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    device: Option<String>,
    /// 自此時刻起接收者（UTC，如 2026-11-26T00:00:00.000000Z）。Received at this moment or later, in UTC.
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<Instant>,
    /// 此時刻以前接收者。Received before this moment.
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<Instant>,
    /// 一併輸出佐證檔（限 10,000 筆以內），可離線以 ward proof check 查驗。Write a bundle that proves all of them offline, 10,000 at most.
    #[arg(long, value_name = "FILE")]
    #[serde(skip)]
    pub(crate) bundle: Option<PathBuf>,
    /// Is a bundle asked for?
    #[arg(skip)]
    #[serde(default)]
    pub(crate) proven: bool,
    /// 顯示筆數。How many lines are shown, the newest first.
    #[arg(long, default_value_t = 50)]
    most: usize,
}

/// What was found.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Found {
    /// How many lines there are.
    pub(crate) count: u64,
    /// The newest of them.
    pub(crate) lines: Vec<Row>,
    /// What addresses of theirs are called, as DNS says today; of none where the server asks nobody (`--names-by`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) names: BTreeMap<IpAddr, String>,
    /// How long it took, in microseconds.
    pub(crate) micros: u64,
    /// All of them with what proves them, base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) bundle: Option<String>,
}

/// A line that was found.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    pub(crate) receiver: String,
    pub(crate) number: u64,
    pub(crate) received: Instant,
    pub(crate) peer: String,
    /// The file it was read from, where that is followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) time: Option<Instant>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) dialect: Option<String>,
    pub(crate) fields: BTreeMap<String, String>,
    /// The line; bytes that are no UTF-8 are shown as U+FFFD.
    pub(crate) line: String,
}

pub(crate) fn trace(office: &Office, trace: &Trace) -> Result<Found, Refusal> {
    let (wanted, said) = trace.wanted()?;
    // Where no server runs, what is in no file yet is read first.
    office.lines.take_up().map_err(Refusal::misuse)?;
    let started = SystemClock.now();
    let found = office.lines.find(&wanted).map_err(Refusal::misuse)?;
    let micros = SystemClock.now().as_micros() - started.as_micros();
    let micros = u64::try_from(micros).unwrap_or(0);
    let told =
        LinesTraced { found: found.count.to_string(), from: trace.from, until: trace.until, wanted: said };
    let entered = office.desk.ask(Asker::Console, Order::Traced(told));
    entered.map_err(|refused| Refusal::of(&refused))?;
    let bundle = trace.proven.then(|| proven(office, &wanted)).transpose()?;
    let names = web::Lines::names(&office.lines, &web::addresses(&found.lines));
    let row = |line: Line| Row::of(office.lines.file_of(&line), line);
    Ok(Found { count: found.count, lines: found.lines.into_iter().map(row).collect(), names, micros, bundle })
}

/// All of what is wanted in a bundle, base64.
fn proven(office: &Office, wanted: &Wanted) -> Result<String, Refusal> {
    let all = Wanted { most: lines_bundle::MOST, ..wanted.clone() };
    let found = office.lines.find(&all).map_err(Refusal::misuse)?;
    lines_bundle::fits(found.count).map_err(Refusal::misuse)?;
    // Where no server runs, nobody else enters what was just read.
    office.lines.beat().map_err(Refusal::misuse)?;
    let mut numbers: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    for line in found.lines {
        numbers.entry(line.receiver).or_default().insert(line.number);
    }
    let mut proven = Vec::new();
    for (receiver, numbers) in &numbers {
        let found = office.lines.prove(receiver, numbers).map_err(|unanswered| match unanswered {
            Unanswered::Refused(told) | Unanswered::Unavailable(told) => Refusal::misuse(told),
        });
        proven.extend(found?);
    }
    let bundle = lines_bundle::made(office.desk.reader(), &proven);
    let bundle = bundle.map_err(|error| Refusal::misuse(error.told()))?;
    Ok(proof::base64::encode(&bundle))
}

impl Trace {
    fn wanted(&self) -> Result<(Wanted, String), Refusal> {
        let exactly = |text: &String| text.clone().into_bytes()..=text.clone().into_bytes();
        let (key, values, said) = match (&self.address, &self.user, &self.device) {
            (Some(address), ..) => {
                let values = Wanted::address(address).ok_or_else(|| no_address(address))?;
                (Key::Address, values, format!("address {address}"))
            }
            (_, Some(user), _) => (Key::User, exactly(user), format!("user {user}")),
            (_, _, Some(device)) => (Key::Device, exactly(device), format!("device {device}")),
            (None, None, None) => return Err(no_address("")),
        };
        let most = self.most.min(MOST);
        Ok((Wanted { key, values, from: self.from, until: self.until, most }, said))
    }
}

fn no_address(text: &str) -> Refusal {
    Refusal::misuse(Told::new(
        format!("「{text}」不是位址或網段，請寫成 192.0.2.1、10.1.0.0/16 或 2001:db8::/32。"),
        format!(
            "{text:?} is neither an address nor a network; write 192.0.2.1, 10.1.0.0/16 or 2001:db8::/32."
        ),
    ))
}

impl Row {
    fn of(file: Option<String>, line: Line) -> Self {
        let fields = line.fields.into_iter().map(|(field, text)| (field.name().to_owned(), text));
        Self {
            receiver: line.receiver,
            number: line.number,
            received: line.received,
            peer: line.peer.to_canonical().to_string(),
            file,
            time: line.time,
            dialect: line.dialect,
            fields: fields.collect(),
            line: String::from_utf8_lossy(&line.bytes).into_owned(),
        }
    }
}
