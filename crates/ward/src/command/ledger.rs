//! `ward ledger …`: making a ledger, appending, reading, proving, changing its key.

use super::{Data, append, succession};
use crate::installation::{self, Init, LEDGER_KEY, MasterArgs, NEXT_LEDGER_KEY, POLICY};
use crate::machine::SystemClock;
use crate::told::{Refused, tell};
use anyhow::Context as _;
use clap::{Args, Subcommand};
use ledger::cosign::{RECENT, standing};
use ledger::entropy::MachineEntropy;
use ledger::keyfile::KeyFile;
use ledger::reader::Reader;
use model::{Clock as _, Told};
use proof::note::{KeyKind, VerifierKey};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

#[derive(Debug, Subcommand)]
pub(crate) enum Ledger {
    /// 建立帳本。Make a ledger.
    Init(InitArgs),
    /// 附加：自標準輸入讀 JSON，一行一筆。Append JSON lines of standard input.
    Append(Writing),
    /// 讀取紀錄：一筆、一段，或持續追蹤。Read entries: one, a range, or following.
    Read(Read),
    /// 現況：筆數、根雜湊、見證。State: size, root, witnesses.
    Head(Data),
    /// 產生一筆紀錄的證明（tlog-proof）。Prove one entry.
    Prove(Prove),
    /// 更換簽署金鑰。Change the signing key.
    ChangeKey(Writing),
    /// 災後後繼帳本：擬具文書。A successor after a disaster: draft the note.
    SuccessionDraft(succession::Draft),
    /// 災後後繼帳本：兩位監護人簽署後建立。A successor, once two stewards have signed.
    Succeed(succession::Succeed),
}

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    master: MasterArgs,
    /// 帳本名稱，例如 ward.taichung.gov.tw/ledger（預設取主機名稱）。Name of the ledger (default: from the host name).
    #[arg(long)]
    origin: Option<String>,
    /// 監護人公鑰（ward key new），至少兩位始能建立後繼帳本。A steward's public key; two are needed for a successor.
    #[arg(long = "steward", value_name = "VKEY")]
    stewards: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Writing {
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    master: MasterArgs,
}

#[derive(Debug, Args)]
pub(crate) struct Read {
    #[command(flatten)]
    data: Data,
    /// 第幾筆（N）或哪一段（N..M）。Which entry (N) or range (N..M).
    #[arg(value_name = "N|N..M")]
    range: String,
    /// 讀完後持續等待新紀錄。Go on with what comes.
    #[arg(long)]
    follow: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Prove {
    #[command(flatten)]
    data: Data,
    /// 第幾筆。Which entry.
    entry: u64,
    /// 輸出檔（預設標準輸出）。Where to write it (default: standard output).
    #[arg(long)]
    out: Option<PathBuf>,
}

pub(crate) fn run(command: Ledger) -> anyhow::Result<ExitCode> {
    match command {
        Ledger::Init(args) => init(&args),
        Ledger::Append(Writing { data, master }) => append::run(&data.data, &master, std::io::stdin().lock()),
        Ledger::Read(args) => read(&args),
        Ledger::Head(data) => head(&data),
        Ledger::Prove(args) => prove(&args),
        Ledger::ChangeKey(args) => change_key(&args),
        Ledger::SuccessionDraft(args) => succession::draft(&args),
        Ledger::Succeed(args) => succession::succeed(&args),
    }
}

fn init(args: &InitArgs) -> anyhow::Result<ExitCode> {
    let stewards: Result<Vec<VerifierKey>, _> = args.stewards.iter().map(|key| key.parse()).collect();
    let stewards =
        stewards.map_err(|error| Refused::say(format!("監護人公鑰有誤：{error}"), error.to_string()))?;
    let origin = args.origin.clone().unwrap_or_else(default_origin);
    let data = &args.data.data;
    let few = stewards.len() < 2;
    installation::create(Init {
        data,
        master: &args.master,
        origin: &origin,
        stewards,
        succession: None,
        clock: Arc::new(SystemClock),
    })?;
    tell(&Told::new(
        format!("已在 {} 建立帳本 {origin}。", data.display()),
        format!("Made ledger {origin} in {}.", data.display()),
    ));
    if few {
        tell(&Told::new(
            "注意：未登記兩位監護人（--steward），災後將無法建立後繼帳本；正式使用前請重新建立並登記。",
            "Note: without two stewards (--steward) no successor can be made after a disaster; name them before real use.",
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn default_origin() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = host.trim();
    format!("{}/ward", if host.is_empty() { "localhost" } else { host })
}

fn read(args: &Read) -> anyhow::Result<ExitCode> {
    let reader = Reader::new(installation::published(&args.data.data));
    let size = reader.size().map_err(|error| Refused::wrong(error.told()))?;
    let (first, end) = parse_range(&args.range, args.follow.then_some(size))?;
    let mut out = std::io::stdout().lock();
    let mut print = |_: u64, entry: &[u8]| {
        // Nobody reads any more: the process ends by the signal.
        let _ = out.write_all(entry).and_then(|()| out.write_all(b"\n"));
    };
    if !args.follow {
        reader.entries(first..end, &mut print).map_err(|error| Refused::wrong(error.told()))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut follower = reader.follow(first);
    loop {
        follower
            .read(1024, Duration::from_secs(3600), &mut print)
            .map_err(|error| Refused::wrong(error.told()))?;
        std::io::stdout().flush()?;
    }
}

/// `N` or `N..M`; `N..` reaches to `open_end`, where there is one.
pub(crate) fn parse_range(text: &str, open_end: Option<u64>) -> anyhow::Result<(u64, u64)> {
    let parsed = match text.split_once("..") {
        None => text.parse::<u64>().ok().map(|first| (first, first.saturating_add(1))),
        Some((first, "")) => first.parse().ok().zip(open_end),
        Some((first, end)) => first.parse().ok().zip(end.parse().ok()),
    };
    parsed.filter(|(first, end)| first < end || open_end.is_some()).ok_or_else(|| {
        Refused::say(
            format!("「{text}」不是編號或範圍；請寫 N 或 N..M（不含 M）。"),
            format!("{text:?} is neither a number nor a range: write N or N..M (M not included)."),
        )
    })
}

#[expect(clippy::print_stdout, reason = "the state is the output")]
fn head(data: &Data) -> anyhow::Result<ExitCode> {
    let reader = Reader::new(installation::published(&data.data));
    let note = reader.head().map_err(|error| Refused::wrong(error.told()))?;
    let policy = installation::read_policy(&data.data)?;
    let head = policy.judge(&note).map_err(|error| super::proof::refused(&error))?;
    let standing =
        standing(&policy, &note, SystemClock.now(), RECENT).map_err(|error| super::proof::refused(&error))?;
    let (origin, size) = (&head.checkpoint().origin, head.checkpoint().size);
    println!("帳本 {origin}，共 {size} 筆。{}", standing.told().zh);
    println!("Ledger {origin}, {size} entries. {}", standing.told().en);
    print!("{}", String::from_utf8_lossy(&note));
    Ok(ExitCode::SUCCESS)
}

fn prove(args: &Prove) -> anyhow::Result<ExitCode> {
    let reader = Reader::new(installation::published(&args.data.data));
    let head = head_for(&reader, args.entry)?;
    let proof =
        reader.prove_entry(args.entry, &head).map_err(|error| Refused::wrong(error.told()))?.to_bytes();
    write_out(args.out.as_deref(), &proof)?;
    Ok(ExitCode::SUCCESS)
}

/// The head to prove an entry with: the latest one that a quorum has cosigned, where it covers the entry.
pub(crate) fn head_for(reader: &Reader, last: u64) -> anyhow::Result<Vec<u8>> {
    let covers = |note: &Vec<u8>| {
        proof::checkpoint::SignedCheckpoint::parse(note).is_ok_and(|head| head.unverified().size > last)
    };
    let cosigned = reader.cosigned_head().map_err(|error| Refused::wrong(error.told()))?;
    match cosigned.filter(covers) {
        Some(head) => Ok(head),
        None => reader.head().map_err(|error| Refused::wrong(error.told())),
    }
}

/// Writes a result to a new file, or to standard output.
pub(crate) fn write_out(out: Option<&std::path::Path>, bytes: &[u8]) -> anyhow::Result<()> {
    let Some(path) = out else { return Ok(std::io::stdout().write_all(bytes)?) };
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(path).map_err(|error| {
        Refused::say(
            format!("{}：無法建立（{error}）；不覆寫既有檔案。", path.display()),
            format!("{}: cannot be made ({error}); a file that is there is not overwritten.", path.display()),
        )
    })?;
    file.write_all(bytes).with_context(|| path.display().to_string())
}

/// Order: the new key is durable before the entry that names it; the entry before the new key takes the old one's
/// place; a crash in between leaves both, and opening finds which signed the head.
fn change_key(args: &Writing) -> anyhow::Result<ExitCode> {
    let data = &args.data.data;
    let opening = installation::open_alone(data, &args.master)?;
    let disk = opening.disk.as_ref();
    let old = installation::open_key(disk, LEDGER_KEY, &opening.master)?;
    if disk.read(NEXT_LEDGER_KEY)?.is_some() {
        finish_key_change(&opening, &old)?;
    }
    let old = installation::open_key(disk, LEDGER_KEY, &opening.master)?;
    let (name, master) = (old.verifier().name(), opening.vault.master());
    let new = KeyFile::create(disk, NEXT_LEDGER_KEY, name, KeyKind::Ledger, master, &mut MachineEntropy)
        .map_err(|error| Refused::misuse(error.told()))?;
    let key = new.verifier().clone();
    let entry = opening.ledger.change_key(new).map_err(|error| Refused::wrong(error.told()))?;
    finish_key_change(&opening, &old)?;
    opening.ledger.close().map_err(|reason| Refused::wrong(reason.told()))?;
    tell(&Told::new(
        format!(
            "已更換金鑰，載於第 {entry} 筆；請將新金鑰 {key} 與舊金鑰止於 {entry} 一併告知見證人與查核者（見 {POLICY}）。"
        ),
        format!(
            "Key changed by entry {entry}. Give witnesses and auditors the new key {key} and the old one's end, {entry} (see {POLICY})."
        ),
    ));
    Ok(ExitCode::SUCCESS)
}

/// What remains to do once the ledger is signed by the next key: the policy learns both, the key takes its place.
fn finish_key_change(opening: &installation::Opening, old: &proof::note::SignerKey) -> anyhow::Result<()> {
    let disk = opening.disk.as_ref();
    let next = installation::open_key(disk, NEXT_LEDGER_KEY, &opening.master)?;
    let head = proof::checkpoint::SignedCheckpoint::parse(&opening.ledger.signed_head())?;
    if !head.note().claims(next.verifier()) {
        // It was made and never came into use.
        return Ok(disk.remove(NEXT_LEDGER_KEY)?);
    }
    let policy = String::from_utf8(disk.read(POLICY)?.unwrap_or_default())?;
    if !policy.contains(&next.verifier().to_string()) {
        let until = last_size_of(opening, old)?;
        let ended = format!("log {}\n# ward-key-until {} {until}\n", next.verifier(), old.verifier().short());
        ledger::disk::replace(disk, POLICY, format!("{}\n{ended}", policy.trim_end()).as_bytes())?;
    }
    disk.rename(NEXT_LEDGER_KEY, LEDGER_KEY)?;
    Ok(disk.sync_folder("keys")?)
}

/// Number of the entry that handed over from this key, which is the largest size it signed.
fn last_size_of(opening: &installation::Opening, old: &proof::note::SignerKey) -> anyhow::Result<u64> {
    let mut found = None;
    let reader = opening.ledger.reader();
    let size = opening.ledger.head().size;
    let old = serde_json::Value::from(old.verifier().to_string());
    reader
        .entries(0..size, |number, bytes| {
            let changed =
                proof::entry::Entry::parse(bytes).ok().filter(|entry| entry.kind() == "ledger.key-changed");
            if changed.and_then(|entry| entry.body()).is_some_and(|body| body.get("old") == Some(&old)) {
                found = Some(number);
            }
        })
        .map_err(|error| Refused::wrong(error.told()))?;
    found.context("no entry hands over from the old key")
}
