//! Units at the console: created, changed, closed, listed.

use super::{Done, Refusal, ask, draw, named};
use crate::office::Office;
use clap::Args;
use identity::{Code, Command, Names, TextError};
use model::UnitId;
use serde::{Deserialize, Serialize};

/// Create a unit.
#[derive(Debug, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Add {
    /// 代碼，用於案件編號（1 至 12 個文字、數字或「-」）。Its code, used in numbers of records.
    #[arg(long)]
    code: String,
    /// 中文名稱。Its name in Chinese.
    #[arg(long)]
    zh: String,
    /// 英文名稱。Its name in English.
    #[arg(long)]
    en: String,
    /// 上級單位（代碼或識別碼）；僅最上級單位不寫。The unit above, by code or id; none for the topmost alone.
    #[arg(long, value_name = "UNIT")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    under: Option<String>,
}

/// Change a unit; what is not named stays.
#[derive(Debug, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    /// 單位（代碼或識別碼）。The unit, by code or id.
    unit: String,
    /// 新代碼。Its code then.
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// 新中文名稱。Its name in Chinese then.
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    zh: Option<String>,
    /// 新英文名稱。Its name in English then.
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    en: Option<String>,
    /// 改隸之上級單位（代碼或識別碼）。The unit above then, by code or id.
    #[arg(long, value_name = "UNIT")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    under: Option<String>,
}

/// Close a unit.
#[derive(Debug, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Close {
    /// 單位（代碼或識別碼）。The unit, by code or id.
    unit: String,
}

/// List units.
#[derive(Debug, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct List {}

/// A unit of the list, which has each unit before those below it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    pub(crate) id: UnitId,
    pub(crate) code: String,
    pub(crate) zh: String,
    pub(crate) en: String,
    /// The unit above, by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) under: Option<UnitId>,
    /// How many units are above it.
    pub(crate) depth: usize,
    /// Since when it is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) closed_at: Option<String>,
}

pub(crate) fn add(office: &Office, add: &Add) -> Result<Done, Refusal> {
    let seen = office.desk.seen();
    let superior = above(&seen.roster, add.under.as_deref())?;
    let names = Names::new(&add.zh, &add.en).map_err(text)?;
    let code = Code::new(&add.code).map_err(text)?;
    let unit = UnitId::from_bytes(draw()?);
    ask(office, Command::CreateUnit { unit, names, code, superior }, unit.to_string())
}

pub(crate) fn change(office: &Office, change: &Change) -> Result<Done, Refusal> {
    let seen = office.desk.seen();
    let before = named::unit(&seen.roster, &change.unit)?;
    let superior = match &change.under {
        Some(under) => above(&seen.roster, Some(under))?,
        None => before.superior,
    };
    let zh = change.zh.as_deref().unwrap_or(before.names.zh.as_str());
    let en = change.en.as_deref().unwrap_or(before.names.en.as_str());
    let names = Names::new(zh, en).map_err(text)?;
    let code = change.code.as_deref().map_or_else(|| Ok(before.code.clone()), Code::new).map_err(text)?;
    let unit = before.id;
    ask(office, Command::ChangeUnit { unit, names, code, superior }, unit.to_string())
}

pub(crate) fn close(office: &Office, close: &Close) -> Result<Done, Refusal> {
    let unit = named::unit(&office.desk.seen().roster, &close.unit)?.id;
    ask(office, Command::CloseUnit { unit }, unit.to_string())
}

pub(crate) fn list(office: &Office) -> Vec<Row> {
    let roster = office.desk.seen().roster;
    let row = |unit: &identity::Unit| Row {
        id: unit.id,
        code: unit.code.to_string(),
        zh: unit.names.zh.to_string(),
        en: unit.names.en.to_string(),
        under: unit.superior,
        depth: roster.above(unit.id).count(),
        closed_at: unit.closed_at.map(|at| at.to_string()),
    };
    roster.units().map(row).collect()
}

fn above(roster: &identity::State, named: Option<&str>) -> Result<Option<UnitId>, Refusal> {
    named.map(|named| named::unit(roster, named).map(|unit| unit.id)).transpose()
}

/// A text that will not do.
pub(super) fn text(error: TextError) -> Refusal {
    Refusal::misuse(error.told())
}
