//! Text of PDF files, by Debian's `pdftotext`, confined.
//!
//! A PDF holds glyphs at places and a maze of ways to say what they mean; poppler knows it, and reads it in a language
//! in which a mistake is a break-in. So it runs with nothing in reach (see [`crate::confined`]).
//! Determinism: text follows from the bytes, from the version of poppler and from its tables (poppler-data), which hold
//! what the codes of the Chinese fonts mean that are not in the file. No fonts of the machine are in reach.

use super::{ExtractError, TextLimits, damaged};
use crate::confined::{self, Confined, ConfinedError, Ended, ProcessLimits, Report};
use crate::kind::Kind;
use std::path::Path;
use std::time::Duration;

const READER: &str = "/usr/bin/pdftotext";
/// UTF-8, a line's end of its own at the end of a page, from standard input to standard output.
const ARGUMENTS: [&str; 5] = ["-enc", "UTF-8", "-nopgbrk", "-", "-"];
/// What its codes of Chinese, Japanese and Korean fonts mean.
const TABLES: &str = "/usr/share/poppler";

/// Text as it stands on the pages, and whether there is more.
pub(super) fn text(bytes: &[u8], limits: &TextLimits) -> Result<(String, bool), ExtractError> {
    // White space goes, so that what is kept may be shorter than what is read.
    let process = ProcessLimits { output: limits.text.saturating_mul(2), ..limits.process };
    let report = run(&ARGUMENTS, bytes, process)?;
    match report.ended {
        Ended::Well => Ok((String::from_utf8_lossy(&report.output).into_owned(), false)),
        Ended::Full => Ok((String::from_utf8_lossy(&report.output).into_owned(), true)),
        // pdftotext(1), exit codes.
        Ended::Code(1) if says(&report, "Incorrect password") => Err(ExtractError::Locked),
        Ended::Code(_) if says(&report, "Out of memory") => Err(ExtractError::Costly { resource: "memory" }),
        Ended::Code(1) => Err(damaged(Kind::Pdf, "pdftotext cannot open it")),
        Ended::Code(3) => Err(ExtractError::Forbidden),
        Ended::Code(code) => Err(damaged(Kind::Pdf, format!("pdftotext ended with {code}"))),
        Ended::Late => Err(ExtractError::Costly { resource: "time" }),
        Ended::Killed { .. } => Err(ExtractError::Costly { resource: "memory" }),
    }
}

/// Whether a page without text can be read here.
pub(super) fn ready() -> Result<(), ExtractError> {
    let limits = ProcessLimits { wall: Duration::from_secs(10), ..ProcessLimits::DEFAULT };
    run(&["-v"], b"", limits).map(drop)
}

fn run(arguments: &[&str], bytes: &[u8], limits: ProcessLimits) -> Result<Report, ExtractError> {
    let job = Confined {
        program: Path::new(READER),
        arguments,
        readable: &[Path::new(TABLES)],
        input: bytes,
        limits,
    };
    confined::run(&job).map_err(|error| match error {
        ConfinedError::Rules(_) | ConfinedError::Calls(_) => ExtractError::NotConfined(error),
        ConfinedError::Missing { .. } | ConfinedError::Start(_) | ConfinedError::Watch(_) => {
            ExtractError::NoReader(error)
        }
    })
}

fn says(report: &Report, what: &str) -> bool {
    String::from_utf8_lossy(&report.errors).contains(what)
}
