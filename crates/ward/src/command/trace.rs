//! `ward trace`: everything that an address, an account or a device did.

use super::asking::Asking;
use super::pack::width::harmless;
use crate::acts::trace::{Found, Row, Trace};
use crate::acts::{self, Answer, Request};
use crate::told::tell;
use anyhow::Context as _;
use model::Told;
use std::net::IpAddr;
use std::process::ExitCode;
use telemetry::source::is_apart;

#[expect(clippy::print_stdout, reason = "what is found is the output")]
pub(crate) fn run(mut asking: Asking<Trace>) -> anyhow::Result<ExitCode> {
    let file = asking.act.bundle.take();
    asking.act.proven = file.is_some();
    let mut found = match acts::ask_once(&asking.working, Request::Trace(asking.act))? {
        Answer::Traced(found) => found,
        other => return Err(other.unexpected()),
    };
    if let (Some(file), Some(bundle)) = (file, found.bundle.take()) {
        let bundle = proof::base64::decode(&bundle).context("base64")?;
        super::ledger::write_out(Some(&file), &bundle)?;
        let (count, file) = (found.count, file.display());
        tell(&Told::new(
            format!("佐證檔 {file} 含 {count} 筆。"),
            format!("The bundle {file} proves {count} lines."),
        ));
    }
    if asking.json {
        println!("{}", serde_json::to_string(&found)?);
        return Ok(ExitCode::SUCCESS);
    }
    let Found { count, lines, names, micros, .. } = found;
    let (shown, millis) = (lines.len(), micros as f64 / 1_000.0);
    println!(
        "共 {count} 筆，顯示最新 {shown} 筆，{millis:.1} 毫秒。{count} lines, the newest {shown} of them, in {millis:.1} ms."
    );
    for row in &lines {
        println!(
            "{}  {} {}  {}  {}",
            row.received,
            row.receiver,
            row.number,
            harmless(&sender(row)),
            harmless(&row.line)
        );
    }
    if !names.is_empty() {
        println!("位址名稱（DNS 今日所答）。What addresses are called, as DNS says today.");
    }
    for (address, name) in &names {
        println!("{address}  {}", harmless(name));
    }
    Ok(ExitCode::SUCCESS)
}

/// Who sent a line, marked where nobody has registered them; or the file it was read from, or where else it is from.
fn sender(row: &Row) -> String {
    if let Some(file) = &row.file {
        return file.clone();
    }
    if row.peer.parse().is_ok_and(|peer: IpAddr| peer.is_unspecified()) {
        let Told { zh, en } = web::unsent(&row.receiver);
        return format!("{zh} {en}");
    }
    let mark = if is_apart(&row.receiver) { "（未登錄來源 unknown source）" } else { "" };
    format!("{}{mark}", row.peer)
}
