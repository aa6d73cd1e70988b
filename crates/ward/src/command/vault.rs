//! `ward vault …`: the keys that open sealed bodies: state, backups that expire, rotation, destruction.

use super::{Data, ledger as ledger_command};
use crate::installation::{self, MasterArgs, Opening};
use crate::machine::SystemClock;
use crate::told::{Refused, tell};
use clap::{Args, Subcommand};
use ledger::disk::Folder;
use ledger::entropy::MachineEntropy;
use ledger::master::MasterSecret;
use ledger::vault::Vault as Keys;
use model::{CivilDate, Clock as _, DataKeyId, Told};
use proof::entry::Entry;
use proof::lifecycle::{KEY_DESTROYED, KeyDestroyed};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

#[derive(Debug, Subcommand)]
pub(crate) enum Vault {
    /// 現況：金鑰數、備份。State: keys, backups.
    Status(Place),
    /// 備份，逾期不得還原。A backup, which cannot be restored after its last day.
    Backup(Backup),
    /// 還原備份；已銷毀者不復活。Restore a backup; what was destroyed stays destroyed.
    Restore(Restore),
    /// 更換包裝金鑰。Change the wrapping key.
    Rotate(Place),
    /// 依核准案銷毀一把金鑰，內容即永久不可讀。Destroy a key by an approved case; what it seals is gone for good.
    Destroy(Destroy),
}

#[derive(Debug, Args)]
pub(crate) struct Place {
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    master: MasterArgs,
}

#[derive(Debug, Args)]
pub(crate) struct Backup {
    #[command(flatten)]
    place: Place,
    /// 可還原之最後一日（西元，如 2027-06-30）。Last day on which it can be restored.
    #[arg(long)]
    until: CivilDate,
    /// 輸出檔。Where to write it.
    #[arg(long)]
    out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Restore {
    #[command(flatten)]
    place: Place,
    /// 備份檔。The backup.
    file: PathBuf,
    /// 備份當時的主金鑰檔（若已更換）。The master key file of the time of the backup, where it was changed.
    #[arg(long)]
    old_master_key: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Destroy {
    #[command(flatten)]
    place: Place,
    /// 金鑰代號（k_…）。Which key.
    key: DataKeyId,
    /// 核准該銷毀案之紀錄編號。Number of the entry that approved it.
    #[arg(long)]
    case: u64,
    /// 理由。Why.
    #[arg(long)]
    reason: String,
}

pub(crate) fn run(command: Vault) -> anyhow::Result<ExitCode> {
    match command {
        Vault::Status(place) => status(&place),
        Vault::Backup(args) => backup(&args),
        Vault::Restore(args) => restore(&args),
        Vault::Rotate(place) => rotate(&place),
        Vault::Destroy(args) => destroy(&args),
    }
}

#[expect(clippy::print_stdout, reason = "the state is the output")]
fn status(place: &Place) -> anyhow::Result<ExitCode> {
    let data = &place.data.data;
    let vault = installation::look_into_vault(data, &place.master.secret(data)?)?;
    let destroyed = vault.keys().filter(|(_, destroyed)| *destroyed).count();
    let all = vault.keys().count();
    println!("金鑰 {all} 把，其中已銷毀 {destroyed} 把；包裝金鑰第 {} 代。", vault.generation());
    println!("{all} keys, {destroyed} of them destroyed; wrapping key of generation {}.", vault.generation());
    for backup in vault.backups() {
        println!("備份 backup: {} → {}", backup.made, backup.expires);
    }
    Ok(ExitCode::SUCCESS)
}

fn backup(args: &Backup) -> anyhow::Result<ExitCode> {
    let mut opening = open(&args.place)?;
    let bytes = opening.vault.backup(args.until, today()).map_err(|error| Refused::misuse(error.told()))?;
    ledger_command::write_out(Some(&args.out), &bytes)?;
    close(opening)
}

fn restore(args: &Restore) -> anyhow::Result<ExitCode> {
    let data = &args.place.data.data;
    let _lock = ledger::lock::FolderLock::acquire(data).map_err(|error| Refused::misuse(error.told()))?;
    let bytes = std::fs::read(&args.file)?;
    let mut masters = vec![args.place.master.secret(data)?];
    if let Some(old) = &args.old_master_key {
        let old = MasterSecret::from_key_file(old, data).map_err(|error| Refused::misuse(error.told()))?;
        masters.push(old);
    }
    let destroyed = destroyed_keys(args)?;
    let masters: Vec<_> = masters.iter().collect();
    let gone = |id| destroyed.contains(&id);
    let disk = Arc::new(Folder::new(data));
    Keys::restore(disk, &bytes, &masters, &gone, today(), &mut MachineEntropy)
        .map_err(|error| Refused::misuse(error.told()))?;
    tell(&Told::new("金鑰庫已還原。", "The vault is restored."));
    Ok(ExitCode::SUCCESS)
}

/// The keys that the ledger says were destroyed.
fn destroyed_keys(args: &Restore) -> anyhow::Result<BTreeSet<DataKeyId>> {
    let reader = ledger::reader::Reader::new(installation::published(&args.place.data.data));
    let size = reader.size().map_err(|error| Refused::wrong(error.told()))?;
    let mut destroyed = BTreeSet::new();
    let visit = |_, bytes: &[u8]| {
        let entry = Entry::parse(bytes).ok().filter(|entry| entry.kind() == KEY_DESTROYED);
        destroyed.extend(entry.and_then(|entry| KeyDestroyed::of(&entry).ok()).map(|body| body.key));
    };
    reader.entries(0..size, visit).map_err(|error| Refused::wrong(error.told()))?;
    Ok(destroyed)
}

fn rotate(place: &Place) -> anyhow::Result<ExitCode> {
    let mut opening = open(place)?;
    opening.vault.rotate(&mut MachineEntropy).map_err(|error| Refused::wrong(error.told()))?;
    let generation = opening.vault.generation();
    tell(&Told::new(
        format!("包裝金鑰已更換為第 {generation} 代；先前備份仍可以當時之主金鑰還原。"),
        format!(
            "The wrapping key is now of generation {generation}; earlier backups open with their master key as before."
        ),
    ));
    close(opening)
}

/// Order: the entry first, then the key. A crash in between leaves a key that the ledger says is destroyed; the same
/// command again destroys it. The other way round, a body would be unreadable without a reason in the ledger.
fn destroy(args: &Destroy) -> anyhow::Result<ExitCode> {
    let mut opening = open(&args.place)?;
    if !opening.vault.keys().any(|(id, _)| id == args.key) {
        return Err(Refused::say(
            format!("金鑰庫沒有 {}。", args.key),
            format!("The vault has no key {}.", args.key),
        ));
    }
    let size = opening.ledger.head().size;
    if args.case >= size {
        let error = ledger::reader::ReadError::NoEntry { index: args.case, size };
        return Err(Refused::misuse(error.told()));
    }
    let expire = opening.vault.last_expiry().map_or_else(|| "none".to_owned(), |day| day.to_string());
    let body = KeyDestroyed {
        backups_expire: expire.clone(),
        case: args.case.to_string(),
        key: args.key,
        reason: args.reason.clone(),
    };
    let entry = super::append::own(KEY_DESTROYED, &args.key.to_string(), serde_json::to_value(&body)?)?;
    let range = opening.ledger.append(vec![entry]).map_err(|error| Refused::wrong(error.told()))?;
    opening.vault.destroy(args.key).map_err(|error| Refused::wrong(error.told()))?;
    tell(&Told::new(
        format!("已銷毀 {}，載於第 {} 筆；最後一份備份可用至：{expire}。", args.key, range.start),
        format!(
            "Destroyed {}; entry {} says so. The last backup that may hold it ends: {expire}.",
            args.key, range.start
        ),
    ));
    close(opening)
}

fn open(place: &Place) -> anyhow::Result<Opening> {
    installation::open_alone(&place.data.data, &place.master)
}

fn close(opening: Opening) -> anyhow::Result<ExitCode> {
    opening.ledger.close().map_err(|reason| Refused::wrong(reason.told()))?;
    Ok(ExitCode::SUCCESS)
}

fn today() -> CivilDate {
    let days = SystemClock.now().as_seconds().div_euclid(86_400);
    CivilDate::from_days_since_epoch(days).unwrap_or(CivilDate::EPOCH)
}
