//! `ward bundle N..M`: what an auditor takes along; and the check of it, offline.

use super::proof::refused;
use super::{Data, ledger as ledger_command};
use crate::installation::{self, MasterArgs};
use crate::told::Refused;
use clap::Args;
use ledger::reader::Reader;
use ledger::vault::KeyState;
use proof::bundle::{Bundle as ProofBundle, BundleBuilder, SignatureStanding, Verdict};
use proof::checkpoint::SignedCheckpoint;
use proof::entry::Entry;
use proof::policy::{Policy, Standing};
use std::path::PathBuf;
use std::process::ExitCode;

/// Export entries with their proof.
#[derive(Debug, Args)]
pub(crate) struct Bundle {
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    master: MasterArgs,
    /// 哪一段（N..M，不含 M）。Which entries (N..M, M not included).
    range: String,
    /// 一併附上可解開的封存內容。Include what is under seal, as far as it can be opened.
    #[arg(long)]
    open: bool,
    /// 附件檔案。Files to attach, of which an entry must hold the digest.
    #[arg(long = "attach", value_name = "FILE")]
    attachments: Vec<PathBuf>,
    /// 輸出檔（預設標準輸出）。Where to write it (default: standard output).
    #[arg(long)]
    out: Option<PathBuf>,
}

pub(crate) fn run(args: &Bundle) -> anyhow::Result<ExitCode> {
    let reader = Reader::new(installation::published(&args.data.data));
    let read = |error: ledger::reader::ReadError| Refused::wrong(error.told());
    let (first, end) = ledger_command::parse_range(&args.range, None)?;
    let head = ledger_command::head_for(&reader, end.saturating_sub(1))?;
    let size = SignedCheckpoint::parse(&head)?.unverified().size;
    if end > size {
        return Err(read(ledger::reader::ReadError::NoEntry { index: end - 1, size }));
    }
    let mut entries = Vec::new();
    reader.entries(first..end, |_, entry| entries.push(entry.to_vec())).map_err(read)?;
    let proof = reader.prove_range(first..end, size).map_err(read)?;
    let mut builder = BundleBuilder::new(&head).entries(first, &entries, &proof);
    if args.open {
        for (number, plaintext) in opened(args, first, &entries)? {
            builder = builder.opened(number, &plaintext);
        }
    }
    for path in &args.attachments {
        builder = builder.attachment(&std::fs::read(path)?);
    }
    let bundle = builder.build().map_err(|error| refused(&error))?;
    ledger_command::write_out(args.out.as_deref(), &bundle)?;
    Ok(ExitCode::SUCCESS)
}

/// What is under the seals that can still be opened. The vault is read, not written: a running server goes on.
fn opened(args: &Bundle, first: u64, entries: &[Vec<u8>]) -> anyhow::Result<Vec<(u64, Vec<u8>)>> {
    let data = &args.data.data;
    let secret = args.master.secret(data)?;
    let vault = installation::look_into_vault(data, &secret)?;
    let mut opened = Vec::new();
    for (number, bytes) in (first..).zip(entries) {
        let entry = Entry::parse(bytes).map_err(|error| refused(&error))?;
        let Some(sealed) = entry.sealed() else { continue };
        let state = vault.key(sealed.key()).map_err(|error| Refused::wrong(error.told()))?;
        if let KeyState::Here(key) = state {
            let inside = proof::seal::open(&entry, &key).map_err(|error| refused(&error))?;
            opened.push((number, inside.plaintext().to_vec()));
        }
    }
    Ok(opened)
}

/// Checks a bundle and says what it proves.
#[expect(clippy::print_stdout, reason = "the verdict is the output")]
pub(crate) fn check(bytes: &[u8], policy: &Policy, json: bool) -> anyhow::Result<ExitCode> {
    let bundle = ProofBundle::parse(bytes).map_err(|error| refused(&error))?;
    let verdict = bundle.check(policy).map_err(|error| refused(&error))?;
    if json {
        println!("{}", serde_json::to_string(&verdict)?);
        return Ok(ExitCode::SUCCESS);
    }
    print_verdict(&verdict);
    Ok(ExitCode::SUCCESS)
}

#[expect(clippy::print_stdout, reason = "the verdict is the output")]
fn print_verdict(verdict: &Verdict) {
    let (origin, size, count) = (&verdict.origin, verdict.size, verdict.entries.len());
    println!("佐證檔成立：帳本 {origin}（共 {size} 筆）之 {count} 筆紀錄。");
    println!("The bundle holds: {count} entries of ledger {origin}, which has {size}.");
    for entry in &verdict.entries {
        let signature = entry.signature.as_ref().map_or_else(String::new, |signature| {
            let grade = match signature.standing {
                SignatureStanding::SignedByPerson => "本人簽章 signed by the person",
                SignatureStanding::VouchedByServer => "主機擔保 vouched by the server",
                SignatureStanding::CredentialNotInBundle => {
                    "憑證不在包內，未查驗 credential not in the bundle"
                }
            };
            format!("  [{} {}: {grade}]", signature.signer, signature.outcome)
        });
        println!("  {} {} {} {}{signature}", entry.number, entry.time, entry.kind, entry.subject);
    }
    for lines in &verdict.lines {
        println!("  {} 的 {} 行 · {} lines of {}", lines.receiver, lines.count, lines.count, lines.receiver);
    }
    for attachment in &verdict.attachments {
        println!("  附件 attachment sha256:{} ({} bytes)", attachment.sha256, attachment.bytes);
    }
    match verdict.standing {
        Standing::Witnessed => {
            let names: Vec<_> = verdict.cosigned.iter().map(|by| by.witness.as_str()).collect();
            println!("經見證人 {} 副署。\nCosigned by {}.", names.join("、"), names.join(", "));
        }
        Standing::HostAlone => println!("僅由主機自身擔保，未經見證。\nVouched by this host alone."),
    }
    for limit in &verdict.limits {
        println!("{}\n{}", limit.zh(), limit.en());
    }
}
