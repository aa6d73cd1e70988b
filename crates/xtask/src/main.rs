//! Chores of the workspace, run as `cargo xtask CHORE`.
//!
//! Owns: `tidy`, the house rules that neither rustfmt nor clippy can check.
//! Does not: build, test or change anything; those are `make`'s.
//! Exit codes: 0 good, 1 found something wrong, 2 misuse.

mod clone;
mod tidy;

use anyhow::Context as _;
use std::io::Write as _;
use std::process::ExitCode;

fn main() -> anyhow::Result<ExitCode> {
    let chores: Vec<String> = std::env::args().skip(1).collect();
    match chores.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["tidy"] => run_tidy(),
        _ => {
            writeln!(std::io::stderr(), "usage: cargo xtask tidy    check the house rules")?;
            Ok(ExitCode::from(2))
        }
    }
}

fn run_tidy() -> anyhow::Result<ExitCode> {
    let clone = clone::Clone::read(&clone::root()?)?;
    let report = tidy::check(&clone)?;
    write!(std::io::stdout().lock(), "{report}").context("printing the report")?;
    Ok(if report.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
