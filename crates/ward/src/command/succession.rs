//! `ward ledger succession-draft` and `succeed`: a successor after a disaster, by two stewards.

use super::{Data, ledger as ledger_command};
use crate::installation::{self, Init, MasterArgs};
use crate::told::{Refused, tell};
use anyhow::Context as _;
use clap::Args;
use ledger::reader::Reader;
use ledger::succession;
use model::Told;
use proof::lifecycle::Created;
use std::path::PathBuf;
use std::process::ExitCode;

/// Draw up the note.
#[derive(Debug, Args)]
pub(crate) struct Draft {
    #[command(flatten)]
    data: Data,
    /// 見證人保存之表頭檔。The head a witness has kept.
    #[arg(long)]
    seen: PathBuf,
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
    /// 後繼帳本資料夾。The successor's folder.
    #[arg(long)]
    new_data: PathBuf,
    /// 兩位監護人簽署之文書。The note, signed by two stewards.
    #[arg(long)]
    succession: PathBuf,
}

pub(crate) fn draft(args: &Draft) -> anyhow::Result<ExitCode> {
    let reader = Reader::new(installation::published(&args.data.data));
    let policy = installation::read_policy(&args.data.data)?;
    let seen = std::fs::read(&args.seen).with_context(|| args.seen.display().to_string())?;
    let note = succession::draft(&reader, &policy, &seen, &args.origin, &args.reason)
        .map_err(|error| Refused::wrong(error.told()))?;
    ledger_command::write_out(Some(&args.out), note.text().as_bytes())?;
    let (from, to) = (note.kept.0, note.seen.0);
    tell(&Told::new(
        format!(
            "已擬具 {}：遺失第 {from} 至 {} 筆。請兩位監護人以 ward note sign 簽署。",
            args.out.display(),
            to.saturating_sub(1)
        ),
        format!(
            "Drew up {}: entries {from} to {} are lost. Two stewards sign it with: ward note sign",
            args.out.display(),
            to.saturating_sub(1)
        ),
    ));
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn succeed(args: &Succeed) -> anyhow::Result<ExitCode> {
    let reader = Reader::new(installation::published(&args.data.data));
    let policy = installation::read_policy(&args.data.data)?;
    let note =
        std::fs::read_to_string(&args.succession).with_context(|| args.succession.display().to_string())?;
    let succession =
        succession::check(&reader, &policy, &note).map_err(|error| Refused::wrong(error.told()))?;
    let first = reader.entry(0).map_err(|error| Refused::wrong(error.told()))?;
    let created = proof::entry::Entry::parse(&first).map_err(|error| super::proof::refused(&error))?;
    let created = Created::of(&created).map_err(|error| super::proof::refused(&error))?;
    let stewards = created.steward_keys().map_err(|error| super::proof::refused(&error))?;
    let origin = &succession.new_origin;
    installation::create(Init {
        data: &args.new_data,
        master: &args.master,
        origin,
        stewards,
        succession: Some(note),
    })?;
    tell(&Told::new(
        format!("已建立後繼帳本 {origin}；原帳本維持原狀，仍可讀取。請見證人登錄新帳本公鑰。"),
        format!(
            "Made the successor {origin}. The old ledger stays as it is. Have the witnesses add the new key."
        ),
    ));
    Ok(ExitCode::SUCCESS)
}
