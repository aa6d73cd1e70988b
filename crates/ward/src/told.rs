//! How the command line speaks: results on standard output, everything else on standard error, in both languages.
//!
//! Exit codes: 0 good, 1 found wrong, 2 misuse or not possible.
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
    if let Some(refused) = error.downcast_ref::<Refused>() {
        tell(&refused.told);
        return ExitCode::from(refused.code);
    }
    let chain: Vec<_> = error.chain().map(ToString::to_string).collect();
    tell(&Told::new(
        format!("無法完成：{}", chain.join("：")),
        format!("Not possible: {}", chain.join(": ")),
    ));
    ExitCode::from(2)
}
