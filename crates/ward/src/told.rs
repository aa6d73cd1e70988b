//! How the command line speaks: results on standard output, everything else on standard error, in both languages.
//!
//! Exit codes: 0 good; 1 found wrong: the rules refuse it, or what was checked is not as it must be; 2 misuse or not
//! possible as things are: no such unit, no installation, no pack published, a disk that failed.
#![expect(clippy::print_stderr, reason = "the one place that speaks to the person at the console")]

use model::Told;
use std::fmt;
use std::process::ExitCode;

/// A command that ends without doing what it was asked, with what to tell the person.
#[derive(Debug)]
pub(crate) struct Refused {
    told: Told,
    code: u8,
}

impl Refused {
    /// Found wrong: exit code 1.
    pub(crate) fn wrong(told: Told) -> anyhow::Error {
        anyhow::Error::new(Self { told, code: 1 })
    }

    /// Misuse, or not possible as things are: exit code 2.
    pub(crate) fn misuse(told: Told) -> anyhow::Error {
        anyhow::Error::new(Self { told, code: 2 })
    }

    /// With this exit code, 1 or 2.
    pub(crate) fn with_code(told: Told, code: u8) -> anyhow::Error {
        anyhow::Error::new(Self { told, code })
    }

    /// Misuse, told in these words.
    pub(crate) fn say(zh: impl Into<String>, en: impl Into<String>) -> anyhow::Error {
        Self::misuse(Told::new(zh, en))
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.told.fmt(f)
    }
}

impl std::error::Error for Refused {}

/// Tells the person something that is no result.
pub(crate) fn tell(told: &Told) {
    eprintln!("{told}");
}

/// Tells the person why a command ended, and gives its exit code.
pub(crate) fn end(error: &anyhow::Error) -> ExitCode {
    tell(&told_of(error));
    ExitCode::from(error.downcast_ref::<Refused>().map_or(2, |refused| refused.code))
}

/// What the person is told of an error.
pub(crate) fn told_of(error: &anyhow::Error) -> Told {
    if let Some(refused) = error.downcast_ref::<Refused>() {
        return refused.told.clone();
    }
    let chain: Vec<_> = error.chain().map(ToString::to_string).collect();
    Told::new(format!("無法完成：{}", chain.join("：")), format!("Not possible: {}", chain.join(": ")))
}
