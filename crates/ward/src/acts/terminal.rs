//! Terminals at the console: registered, removed, listed.

use super::{Done, Refusal, ask, draw, named};
use crate::office::Office;
use clap::Args;
use identity::{Command, Fingerprint, FingerprintError, Line};
use model::{TerminalId, Told};
use serde::{Deserialize, Serialize};

/// Register a terminal by the certificate it shows.
#[derive(Debug, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Add {
    /// 名稱。What people call it.
    #[arg(long)]
    name: String,
    /// 用戶端憑證之 SHA-256 指紋，如 openssl x509 -noout -fingerprint -sha256 所印。SHA-256 of the client certificate, as openssl x509 -noout -fingerprint -sha256 prints it.
    #[arg(long, value_name = "SHA256")]
    fingerprint: String,
    /// 所屬單位（代碼或識別碼）；不寫則各單位均得使用。The unit it belongs to, by code or id; any unit may use one without.
    #[arg(long, value_name = "UNIT")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
    /// 管理終端機：得行使管理角色。A management terminal: administrators' roles may be used at it.
    #[arg(long)]
    #[serde(default)]
    management: bool,
}

/// Remove a terminal; sessions at it end.
#[derive(Debug, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Remove {
    /// 終端機之識別碼，可用 ward terminal list 查詢。The terminal, by its id; see ward terminal list.
    terminal: String,
}

/// List terminals.
#[derive(Debug, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct List {}

/// A terminal of the list.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    pub(crate) id: TerminalId,
    pub(crate) name: String,
    pub(crate) fingerprint: String,
    /// Code of the unit; none where any unit may use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) unit: Option<String>,
    pub(crate) management: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) removed_at: Option<String>,
}

pub(crate) fn add(office: &Office, add: &Add) -> Result<Done, Refusal> {
    let seen = office.desk.seen();
    let unit = add.unit.as_deref().map(|unit| named::unit(&seen.roster, unit)).transpose()?;
    let unit = unit.map(|unit| unit.id);
    let name = Line::new(&add.name).map_err(|error| Refusal::misuse(error.told()))?;
    let fingerprint: Fingerprint =
        add.fingerprint.parse().map_err(|error: FingerprintError| Refusal::misuse(error.told()))?;
    let terminal = TerminalId::from_bytes(draw()?);
    let management = add.management;
    let command = Command::RegisterTerminal { terminal, name, fingerprint, unit, management };
    ask(office, command, terminal.to_string())
}

pub(crate) fn remove(office: &Office, remove: &Remove) -> Result<Done, Refusal> {
    let terminal: TerminalId = remove.terminal.parse().map_err(|_| {
        Refusal::misuse(Told::new(
            format!("「{}」不是終端機識別碼；可用 ward terminal list 查詢", remove.terminal),
            format!("{:?} is no id of a terminal; see ward terminal list", remove.terminal),
        ))
    })?;
    ask(office, Command::RemoveTerminal { terminal }, terminal.to_string())
}

pub(crate) fn list(office: &Office) -> Vec<Row> {
    let seen = office.desk.seen();
    let row = |one: &identity::Terminal| Row {
        id: one.id,
        name: one.name.to_string(),
        fingerprint: one.fingerprint.to_string(),
        unit: one.unit.map(|unit| named::code(&seen.roster, unit)),
        management: one.management,
        removed_at: one.removed_at.map(|at| at.to_string()),
    };
    seen.roster.terminals().map(row).collect()
}
