//! `ward verify`: is every file of the installation what it must be?
//!
//! Nothing is written and nothing repaired. Beside a running server it judges what stood when it began. Sealed bodies
//! are opened, and tables compared with the ledger, where the master key is at hand.

mod gone;
mod lines;
mod outlets;
mod site;
mod tables;
mod watching;

use self::lines::LineFiles;
use self::outlets::OutletFiles;
use self::site::SiteFiles;
use self::tables::TableFiles;
use self::watching::WatchFiles;
use crate::installation::{self, Working};
use crate::told::Refused;
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use ledger::disk::{Disk, Folder};
use ledger::error::OpenError;
use ledger::lock::FolderLock;
use ledger::master::MasterSecret;
use ledger::reader::Reader;
use ledger::verify::{
    self, AttachmentFiles, Finding, KeyFiles, LedgerVerifier, PlainFiles, Progress, Report, VaultFiles,
    Verifier,
};
use proof::policy::Policy;
use serde_json::json;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Verify an installation.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    working: Working,
    /// 查核者自己的政策檔（預設用安裝內的 policy）。The verifier's own policy (default: the installation's).
    #[arg(long)]
    policy: Option<PathBuf>,
    /// 以 JSON 輸出。Output JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Verify) -> anyhow::Result<ExitCode> {
    let data = args.working.folder();
    if !["ledger", "keys", "vault"].iter().any(|part| data.join(part).is_dir()) {
        return Err(Refused::misuse(OpenError::NoLedger.told()));
    }
    let policy = args.policy.as_deref().map(super::proof::read_policy).transpose()?;
    let master = master_at_hand(args, data)?.map(Arc::new);
    // Held while it runs, so that nobody begins to write; where somebody does already, that is minded.
    let (live, _lock) = match FolderLock::look(data) {
        Ok(lock) => (false, lock),
        Err(OpenError::Locked { .. }) => (true, None),
        Err(error) => return Err(Refused::misuse(error.told())),
    };
    let folder = Folder::new(data);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let bar = Bar::new();
    let tables = TableFiles { data, place: args.working.place(), master: master.as_ref() };
    let site = SiteFiles { data, master: master.as_deref() };
    let reader = Reader::new(installation::published(data));
    let lines = LineFiles { reader: &reader, data };
    let parts: [&dyn Verifier; 5] = [&tables, &site, &OutletFiles, &lines, &WatchFiles];
    let report = verifiers_of(&folder, master.as_deref(), policy.as_ref(), &parts, |verifiers| {
        verify::verify(&folder, live, cores, verifiers, &bar)
    })?;
    bar.0.finish_and_clear();
    let report = report.ok_or_else(|| Refused::misuse(OpenError::NoLedger.told()))?;
    print(&report, args.json);
    // Files that cannot be read are no verdict about what is in them.
    let code = if report.is_undone() { 2 } else { u8::from(!report.is_good()) };
    Ok(ExitCode::from(code))
}

impl Verify {
    /// The master key, where it lies in a file; nobody is asked for it.
    pub(crate) fn master_without_asking(working: &Working) -> anyhow::Result<Option<MasterSecret>> {
        let (data, master) = (working.folder(), &working.master);
        let there = !master.passphrase && master.file(data).exists();
        if there { master.secret(data).map(Some) } else { Ok(None) }
    }

    /// The tables of an installation, to be compared where there is a master key.
    pub(crate) fn tables<'a>(
        working: &'a Working,
        master: Option<&'a Arc<MasterSecret>>,
    ) -> impl Verifier + 'a {
        TableFiles { data: working.folder(), place: working.place(), master }
    }

    /// Files of lines, by what the published ledger says of them.
    pub(crate) fn lines<'a>(working: &'a Working, reader: &'a Reader) -> impl Verifier + 'a {
        LineFiles { reader, data: working.folder() }
    }

    /// What the office keeps for its outlets.
    pub(crate) fn outlets() -> impl Verifier {
        OutletFiles
    }

    /// What the rules keep between runs.
    pub(crate) fn watch() -> impl Verifier {
        WatchFiles
    }

    /// What the site keeps beside the ledger.
    pub(crate) fn site<'a>(working: &'a Working, master: Option<&'a MasterSecret>) -> impl Verifier + 'a {
        SiteFiles { data: working.folder(), master }
    }
}

/// The verifiers of an installation's parts. Later parts add theirs here.
pub(crate) fn verifiers_of<T>(
    disk: &dyn Disk,
    master: Option<&MasterSecret>,
    policy: Option<&Policy>,
    more: &[&dyn Verifier],
    run: impl FnOnce(&[&dyn Verifier]) -> T,
) -> T {
    let vault = VaultFiles::new(disk, master);
    let keys = KeyFiles::new(master);
    let ledger = LedgerVerifier::new(Some(&vault), policy);
    let own: [&dyn Verifier; 5] = [&ledger, &vault, &keys, &PlainFiles, &AttachmentFiles];
    run(&[&own, more].concat())
}

/// The master key, where it is named or lies in its usual place; verifying does not ask for it.
fn master_at_hand(args: &Verify, data: &Path) -> anyhow::Result<Option<MasterSecret>> {
    let master = &args.working.master;
    let asked = master.passphrase || master.master_key.is_some();
    let there = asked || master.file(data).exists() || std::env::var_os("CREDENTIALS_DIRECTORY").is_some();
    if there { master.secret(data).map(Some) } else { Ok(None) }
}

#[expect(clippy::print_stdout, reason = "the report is the output")]
fn print(report: &Report, as_json: bool) {
    let findings = report.findings.kept();
    if as_json {
        let findings: Vec<_> = findings.iter().map(finding_json).collect();
        let remarks: Vec<_> =
            report.remarks.iter().map(|told| json!({ "en": told.en, "zh": told.zh })).collect();
        let verdict = json!({
            "facts": report.facts, "files": report.files, "findings": findings,
            "findings_in_all": report.findings.count(), "good": report.is_good(), "remarks": remarks,
        });
        println!("{verdict}");
        return;
    }
    if report.is_good() {
        println!(
            "驗證通過：{} 個檔案，均相符。\nVerified: {} files, each as it must be.",
            report.files, report.files
        );
    } else if report.is_undone() {
        let count = report.findings.count();
        println!("無法驗證：{count} 個檔案無法讀取。\nNot possible: {count} files cannot be read.");
    } else {
        let count = report.findings.count();
        println!(
            "驗證未通過：{count} 項不符，首項如下。\nNot verified: {count} findings, the first one first."
        );
    }
    for finding in findings.iter().take(20) {
        println!("{}\n  {}\n  {}", place(finding), finding.what.zh, finding.what.en);
    }
    for told in &report.remarks {
        println!("{told}");
    }
    for (part, facts) in &report.facts {
        let facts: Vec<_> = facts.iter().map(|(name, value)| format!("{name} {value}")).collect();
        if !facts.is_empty() {
            println!("  {part}: {}", facts.join(", "));
        }
    }
}

/// Entry, file and byte of a finding, as far as they are known.
fn place(finding: &Finding) -> String {
    let byte = finding.at_byte.map_or_else(String::new, |at| format!("，第 {at} 位元組 byte {at}"));
    let entry = finding.entry.map_or_else(String::new, |entry| format!("，第 {entry} 筆 entry {entry}"));
    format!("{}{byte}{entry}", finding.path)
}

fn finding_json(finding: &Finding) -> serde_json::Value {
    json!({
        "byte": finding.at_byte, "en": finding.what.en, "entry": finding.entry, "path": finding.path,
        "sort": finding.sort.name(), "zh": finding.what.zh,
    })
}

/// Nobody watches.
pub(crate) struct Quiet;

impl Progress for Quiet {
    fn plan(&self, _files: u64) {}

    fn done(&self, _files: u64, _bytes: u64) {}
}

/// A bar on standard error, where that is a terminal.
struct Bar(ProgressBar);

impl Bar {
    fn new() -> Self {
        let target = if std::io::stderr().is_terminal() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len} 檔案 files  {eta}") {
            bar.set_style(style);
        }
        Self(bar)
    }
}

impl Progress for Bar {
    fn plan(&self, files: u64) {
        self.0.set_length(files);
    }

    fn done(&self, files: u64, _bytes: u64) {
        self.0.inc(files);
    }
}
