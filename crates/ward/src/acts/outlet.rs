//! Outlets at the console: which there are, and whether one works.

use super::Refusal;
use crate::office::Office;
use clap::Args;
use desk::{Asker, Order};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Which outlets there are.
#[derive(Debug, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct List {
    /// 設定檔（預設：資料夾內之 outlets.toml）。The settings (default: outlets.toml in the data folder).
    #[arg(long, value_name = "FILE", value_parser = absolute)]
    outlets: Option<PathBuf>,
}

/// Does one work?
#[derive(Debug, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Test {
    /// 名稱。Its name.
    name: String,
    /// 設定檔（預設：資料夾內之 outlets.toml）。The settings (default: outlets.toml in the data folder).
    #[arg(long, value_name = "FILE", value_parser = absolute)]
    outlets: Option<PathBuf>,
}

/// An outlet.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) way: String,
    /// Where it goes.
    pub(crate) to: String,
    pub(crate) least: String,
    pub(crate) ends: bool,
    pub(crate) per_minute: Option<u32>,
    /// The identifier of the engine that traps of SNMPv3 come from, where it is such an outlet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) engine: Option<String>,
}

/// How a test went.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tried {
    pub(crate) outlet: String,
    pub(crate) done: bool,
    /// The entry that says so.
    pub(crate) entry: u64,
    pub(crate) zh: String,
    pub(crate) en: String,
}

/// A path that means the same to whoever else reads it.
fn absolute(path: &str) -> Result<PathBuf, String> {
    std::path::absolute(path).map_err(|error| error.to_string())
}

pub(crate) fn list(office: &Office, list: &List) -> Result<Vec<Row>, Refusal> {
    let opened = office.outlets.open(list.outlets.as_deref()).map_err(Refusal::misuse)?;
    let engine = office.outlets.engine().map_err(Refusal::misuse)?;
    let row = |setting: &outlets::Setting| Row {
        name: setting.name.to_string(),
        way: setting.way.word().to_owned(),
        to: setting.way.to(),
        least: setting.least.word().to_owned(),
        ends: setting.ends,
        per_minute: setting.per_minute,
        engine: engine.clone().filter(|_| setting.way.has_engine()),
    };
    Ok(opened.each().map(|ready| row(&ready.setting)).collect())
}

pub(crate) fn test(office: &Office, test: &Test) -> Result<Tried, Refusal> {
    let opened = office.outlets.open(test.outlets.as_deref()).map_err(Refusal::misuse)?;
    let sent = office.outlets.test(&opened, &test.name).map_err(Refusal::misuse)?;
    let entered = office.desk.ask(Asker::Console, Order::Sent(vec![sent.clone()]));
    let entry = entered.map_err(|refused| Refusal::of(&refused))?.entries.start;
    Ok(Tried { outlet: sent.outlet, done: sent.done, entry, zh: sent.answer.zh, en: sent.answer.en })
}
