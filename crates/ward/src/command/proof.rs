//! `ward proof check`: an auditor's check, offline, with a file and a policy and nothing else.

use crate::told::Refused;
use anyhow::Context as _;
use clap::{Args, Subcommand};
use model::Told;
use proof::entry::Entry;
use proof::inclusion::Inclusion;
use proof::policy::{Head, Policy, Standing};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(crate) enum Proof {
    /// 檢查證明（tlog-proof）或佐證檔（ward-bundle）。Check a proof or a bundle.
    Check(Check),
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// 證明或佐證檔。The proof or bundle.
    file: PathBuf,
    /// 政策檔：帳本金鑰、見證人、所需副署數。The policy: keys of the ledger, witnesses, quorum.
    #[arg(long)]
    policy: PathBuf,
    /// 以 JSON 輸出。Output JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(command: &Proof) -> anyhow::Result<ExitCode> {
    let Proof::Check(check) = command;
    let policy = read_policy(&check.policy)?;
    let bytes = std::fs::read(&check.file).with_context(|| check.file.display().to_string())?;
    if bytes.starts_with(b"ward-bundle/") {
        return super::bundle::check(&bytes, &policy, check.json);
    }
    check_inclusion(&bytes, &policy, check.json)
}

/// Reads a policy file.
pub(crate) fn read_policy(path: &Path) -> anyhow::Result<Policy> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    Policy::parse(&text).map_err(|error| {
        Refused::say(
            format!("{}：政策檔有誤（{error}）。", path.display()),
            format!("{}: {error}.", path.display()),
        )
    })
}

#[expect(clippy::print_stdout, reason = "the verdict is the output")]
fn check_inclusion(bytes: &[u8], policy: &Policy, json: bool) -> anyhow::Result<ExitCode> {
    let proof = Inclusion::parse(bytes).map_err(|error| refused(&error))?;
    let head = proof.check(policy).map_err(|error| refused(&error))?;
    let entry = Entry::parse(&proof.entry).map_err(|error| refused(&error))?;
    if json {
        let verdict = serde_json::json!({
            "entry": proof.index.to_string(),
            "kind": entry.kind(),
            "origin": head.checkpoint().origin,
            "size": head.checkpoint().size.to_string(),
            "subject": entry.subject(),
            "time": entry.time().to_string(),
            "witnessed": head.standing() == Standing::Witnessed,
        });
        println!("{verdict}");
        return Ok(ExitCode::SUCCESS);
    }
    let (kind, subject, time) = (entry.kind(), entry.subject(), entry.time());
    println!("證明成立：第 {} 筆，{time}，{kind}，{subject}", proof.index);
    println!("The proof holds: entry {}, {time}, {kind}, {subject}", proof.index);
    println!("{}", standing(&head));
    Ok(ExitCode::SUCCESS)
}

/// On whose word a head stands, in both languages.
pub(crate) fn standing(head: &Head) -> Told {
    let checkpoint = head.checkpoint();
    let (origin, size) = (&checkpoint.origin, checkpoint.size);
    match head.standing() {
        Standing::Witnessed => {
            let names: Vec<_> = head.cosigned().iter().map(|by| by.witness.as_str()).collect();
            Told::new(
                format!("帳本 {origin}，共 {size} 筆，經見證人 {} 副署。", names.join("、")),
                format!("Ledger {origin}, {size} entries, cosigned by {}.", names.join(", ")),
            )
        }
        Standing::HostAlone => Told::new(
            format!("帳本 {origin}，共 {size} 筆，僅由主機自身擔保，未經見證。"),
            format!("Ledger {origin}, {size} entries, vouched by this host alone."),
        ),
    }
}

/// A proof that does not hold: what, with the reasons beneath.
pub(crate) fn refused(error: &dyn Error) -> anyhow::Error {
    let mut reasons = vec![error.to_string()];
    let mut next = error.source();
    while let Some(source) = next {
        reasons.push(source.to_string());
        next = source.source();
    }
    let reasons = reasons.join(": ");
    Refused::wrong(Told::new(
        format!("證明不成立（{reasons}）。"),
        format!("The proof does not hold: {reasons}."),
    ))
}
