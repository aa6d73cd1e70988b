//! The commands: what can be asked, and which module answers.
//!
//! Every command takes `--data DIR`, the installation's folder. Exit codes: `told`.

pub(crate) mod append;
mod asking;
mod bundle;
mod directory;
mod enforce;
mod flows;
mod import;
mod key;
mod ledger;
mod move_in;
mod outlet;
pub(crate) mod pack;
mod person;
pub(crate) mod proof;
mod query;
mod rebuild;
mod sensor;
mod succession;
mod terminal;
mod trace;
mod unit;
mod vault;
pub(crate) mod verify;
mod witness;

use crate::told;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// 城防：資訊安全管理系統。Ward: information-security management.
#[derive(Debug, Parser)]
#[command(name = "ward", version, max_term_width = 110)]
struct Ward {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// 啟動：開啟帳本與資料表、受理、公布、送見證。Serve: open ledger and tables, take acts, publish, have it witnessed.
    Serve(Box<crate::serve::Serve>),
    /// 示範城市：於獨立資料夾建立一年之歷程，並僅於本機啟動。The sample city: a year of history in a folder of its own, served on this machine alone.
    Demo(crate::demo::Demo),
    /// 帳本：建立、附加、讀取、證明、換鑰、後繼。The ledger: make, append, read, prove, change key, succeed.
    #[command(subcommand)]
    Ledger(ledger::Ledger),
    /// 單位：建立、列出、變更、裁撤。Units: create, list, change, close.
    #[command(subcommand)]
    Unit(unit::Unit),
    /// 人員：登錄、任職、代理、離職。People: register, roles, deputies, leaving.
    #[command(subcommand)]
    Person(person::Person),
    /// 終端機：登記、列出、註銷。Terminals: register, list, remove.
    #[command(subcommand)]
    Terminal(terminal::Terminal),
    /// 匯入既有資料：單位、人員、終端機。Move in units, people or terminals from a table.
    MoveIn(move_in::Move),
    /// 同步目錄（LDAP，唯讀）：單位、人員。Move in units and people from a directory by LDAP, which is only read.
    Directory(directory::Asked),
    /// 告警輸出：列出、測試。The ways by which alarms are told: list, test.
    #[command(subcommand)]
    Outlet(outlet::Outlet),
    /// 執行控制：於防火牆主機執行處置（獨立之小程序）。The enforcer: acts against intruders, on the firewall's host.
    Enforce(enforce::Enforce),
    /// 匯入紀錄檔。Import files of lines.
    Import(import::Import),
    /// 追查：某位址、帳號或設備之所有紀錄。Trace: everything an address, an account or a device did.
    Trace(asking::Asking<crate::acts::trace::Trace>),
    /// 網路流量：重新解讀所保存之資料包。Flows: the datagrams that were kept, read again.
    #[command(subcommand)]
    Flows(flows::Flows),
    /// 以 SQL 查詢紀錄。Ask lines in SQL.
    Query(asking::Asking<crate::acts::query::Query>),
    /// 感測裝置：列出、讀取一次。Sensors: list those of the settings, read them once.
    #[command(subcommand)]
    Sensor(sensor::Sensor),
    /// 由帳本重建資料表，或僅比對。Make the tables anew from the ledger, or only compare them.
    Rebuild(rebuild::Rebuild),
    /// 離線檢查證明或佐證檔。Check a proof or bundle offline.
    #[command(subcommand)]
    Proof(proof::Proof),
    /// 匯出一段紀錄連同證明。Export a range of entries with its proof.
    Bundle(bundle::Bundle),
    /// 嚴格驗證整個資料夾。Verify the whole folder, strictly.
    Verify(verify::Verify),
    /// 見證人：為其他機關的帳本副署。A witness for the ledgers of others.
    #[command(subcommand)]
    Witness(witness::Witness),
    /// 金鑰庫：狀態、備份、還原、換鑰、銷毀。The vault: state, backup, restore, rotation, destruction.
    #[command(subcommand)]
    Vault(vault::Vault),
    /// 規範：檢查、新增、綱要、發布。Regulations as files: check, begin one, schemas for editors, publish.
    #[command(subcommand)]
    Pack(pack::Pack),
    /// 個人金鑰檔（帳本監護人）。Key files of people (stewards).
    #[command(subcommand)]
    Key(key::Key),
    /// 簽署文書。Sign notes.
    #[command(subcommand)]
    Note(key::Note),
    /// 效能量測。Benchmarks.
    #[command(subcommand)]
    Bench(crate::bench::Bench),
}

/// The installation a command works on.
#[derive(Debug, Clone, Args)]
pub(crate) struct Data {
    /// 安裝資料夾。The installation's folder.
    #[arg(long, env = "WARD_DATA", default_value = "ward-data")]
    pub(crate) data: PathBuf,
}

/// Runs the command line.
pub(crate) fn run() -> ExitCode {
    let done = match Ward::parse().command {
        Command::Serve(serve) => serve.run(),
        Command::Demo(demo) => demo.run(),
        Command::Ledger(command) => ledger::run(command),
        Command::Proof(command) => proof::run(&command),
        Command::Bundle(command) => bundle::run(&command),
        Command::Verify(command) => verify::run(&command),
        Command::Witness(command) => witness::run(command),
        Command::Vault(command) => vault::run(command),
        Command::Unit(command) => unit::run(command),
        Command::Person(command) => person::run(command),
        Command::Terminal(command) => terminal::run(command),
        Command::MoveIn(args) => move_in::run(args),
        Command::Directory(args) => directory::run(args),
        Command::Outlet(command) => outlet::run(command),
        Command::Enforce(enforce) => enforce.run(),
        Command::Import(args) => import::run(&args),
        Command::Trace(asking) => trace::run(asking),
        Command::Flows(command) => flows::run(command),
        Command::Query(asking) => query::run(asking),
        Command::Sensor(command) => sensor::run(&command),
        Command::Rebuild(args) => rebuild::run(&args),
        Command::Pack(command) => pack::run(&command),
        Command::Key(command) => key::run(&command),
        Command::Note(command) => key::run_note(&command),
        Command::Bench(command) => crate::bench::run(&command),
    };
    done.unwrap_or_else(|error| told::end(&error))
}
