//! `ward trace`: everything that an address, an account or a device did.

use super::asking::Asking;
use super::pack::width::harmless;
use crate::acts::trace::{Found, Trace};
use crate::acts::{self, Answer, Request};
use std::process::ExitCode;

#[expect(clippy::print_stdout, reason = "what is found is the output")]
pub(crate) fn run(asking: Asking<Trace>) -> anyhow::Result<ExitCode> {
    let found = match acts::ask_once(&asking.working, Request::Trace(asking.act))? {
        Answer::Traced(found) => found,
        other => return Err(other.unexpected()),
    };
    if asking.json {
        println!("{}", serde_json::to_string(&found)?);
        return Ok(ExitCode::SUCCESS);
    }
    let Found { count, lines, micros } = found;
    let (shown, millis) = (lines.len(), micros as f64 / 1_000.0);
    println!(
        "共 {count} 筆，顯示最新 {shown} 筆，{millis:.1} 毫秒。{count} lines, the newest {shown} of them, in {millis:.1} ms."
    );
    for row in &lines {
        println!("{}  {} {}  {}", row.received, row.receiver, row.number, harmless(&row.line));
    }
    Ok(ExitCode::SUCCESS)
}
