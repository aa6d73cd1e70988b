//! `ward ledger succession-draft` and `succeed`: a successor after a disaster, by two stewards.

use super::{Data, ledger as ledger_command};
use crate::installation::{self, Init, MasterArgs};
use crate::machine::SystemClock;
use crate::told::{Refused, tell};
use anyhow::Context as _;
use clap::Args;
use ledger::disk::{Folder, ReadOnly};
use ledger::journal::{FileJournal, PAGE};
use ledger::lock::FolderLock;
use ledger::succession;
use model::Told;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Draw up the note.
#[derive(Debug, Args)]
pub(crate) struct Draft {
    #[command(flatten)]
    data: Data,
    /// 見證人保存之檢查點檔。The head a witness has kept.
    #[arg(long)]
    seen: PathBuf,
    /// 保留至第幾筆為止（預設：全部完整者）。How many entries to keep (default: all that are whole).
    #[arg(long)]
    keep: Option<u64>,
    /// 後繼帳本名稱。Name of the successor.
    #[arg(long)]
    origin: String,
    /// 理由（一行）。Why, in one line.
    #[arg(long)]
    reason: String,
    /// 文書輸出檔。Where to write the note.
    #[arg(long)]
    out: PathBuf,
}

/// Make the successor.
#[derive(Debug, Args)]
pub(crate) struct Succeed {
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    master: MasterArgs,
    /// 見證人保存之檢查點檔（與擬具時相同）。The head a witness has kept, as it was drawn up with.
    #[arg(long)]
    seen: PathBuf,
    /// 後繼帳本資料夾。The successor's folder.
    #[arg(long)]
    new_data: PathBuf,
    /// 兩位監護人簽署之文書。The note, signed by two stewards.
    #[arg(long)]
    succession: PathBuf,
}

pub(crate) fn draft(args: &Draft) -> anyhow::Result<ExitCode> {
    let old = &args.data.data;
    let _lock = lock(old)?;
    let policy = installation::read_policy(old)?;
    let seen = read(&args.seen)?;
    let note = succession::draft(
        &installation::published(old),
        &policy,
        &seen,
        args.keep,
        &args.origin,
        &args.reason,
    )
    .map_err(|error| Refused::wrong(error.told()))?;
    ledger_command::write_out(Some(&args.out), note.text().as_bytes())?;
    let (out, kept, seen) = (args.out.display(), note.kept.0, note.seen.0);
    tell(&Told::new(
        format!(
            "已擬具 {out}：保留前 {kept} 筆；見證人見過 {seen} 筆，其餘遺失。請兩位監護人以 ward note sign 簽署。"
        ),
        format!(
            "Drew up {out}: the first {kept} entries are kept; {seen} were seen, the rest is lost. Two stewards sign it with: ward note sign"
        ),
    ));
    warn_of_journal(old, kept)
}

/// Acknowledged entries that are only in the journal are not lost, and would be declared so.
fn warn_of_journal(old: &Path, kept: u64) -> anyhow::Result<ExitCode> {
    let disk = Arc::new(ReadOnly::new(Arc::new(Folder::new(old))));
    let reaches = succession::journal_reaches(&FileJournal::new(disk, PAGE));
    match reaches {
        Ok(end) if end > kept => tell(&Told::new(
            format!(
                "注意：預寫日誌尚有至第 {end} 筆之紀錄，並未遺失。請先以 ward serve 開啟一次使其公布，再重新擬具。"
            ),
            format!(
                "Note: the journal holds entries up to {end}, which are not lost. Open the old ledger once (ward serve) so that they are published, then draw this up anew."
            ),
        )),
        Ok(_) => (),
        Err(error) => tell(&error.told()),
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn succeed(args: &Succeed) -> anyhow::Result<ExitCode> {
    let old = &args.data.data;
    let _lock = lock(old)?;
    let policy = installation::read_policy(old)?;
    let note = String::from_utf8(read(&args.succession)?)?;
    let founding = succession::check(&installation::published(old), &policy, &read(&args.seen)?, &note)
        .map_err(|error| Refused::wrong(error.told()))?;
    let stewards = founding.old.steward_keys().map_err(|error| super::proof::refused(&error))?;
    let origin = &founding.succession.new_origin;
    installation::create(Init {
        data: &args.new_data,
        master: &args.master,
        origin,
        stewards,
        succession: Some(note),
        clock: Arc::new(SystemClock),
    })?;
    tell(&Told::new(
        format!("已建立後繼帳本 {origin}；原帳本維持原狀，仍可讀取。請見證人登錄新帳本公鑰。"),
        format!(
            "Made the successor {origin}. The old ledger stays as it is. Have the witnesses add the new key."
        ),
    ));
    Ok(ExitCode::SUCCESS)
}

/// Nobody may write the old ledger while it is looked at.
fn lock(old: &Path) -> anyhow::Result<FolderLock> {
    if !old.is_dir() {
        return Err(Refused::misuse(ledger::error::OpenError::NoLedger.told()));
    }
    FolderLock::acquire(old).map_err(|error| Refused::misuse(error.told()))
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| path.display().to_string())
}
