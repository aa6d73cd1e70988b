//! Files that were handed in and that nothing came to speak of.
//!
//! A file is stored before the command that speaks of it, and people change their minds. One that no record holds or
//! held a day after it was handed in last, and that is no published pack, is taken away: the file first, then what the
//! state knows of it, so that a crash in between is gone through again. Once after each start what the state does not
//! know goes too: a crash between storing a file and noting it leaves such a one.
//! Invariants: what any entry speaks of stays, since the tables that are asked follow the ledger; nothing is taken away
//! while a file comes in.
//! Drafts that nobody came back to and answers that nobody asks for again go at the same time.

use crate::clerk::Clerk;
use crate::files::LOOSE;
use crate::order::Refused;
use crate::packs;
use attachment::Digest;
use model::Instant;
use std::collections::BTreeSet;
use std::time::Duration;
use store::Sql;

/// How often it is looked.
const PAUSE: Duration = Duration::from_secs(3_600);
/// Most files taken away at a time, so that nobody waits long.
const MOST: usize = 256;

/// How far it has come.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sweeping {
    /// When nothing was left to take away.
    done_at: Option<Instant>,
    /// Were files that the state does not know looked for since the start?
    unknown_gone: bool,
}

impl Clerk {
    /// Takes away files that no record came to hold; gives how many.
    pub(crate) fn sweep(&mut self, now: Instant) -> Result<u64, Refused> {
        if self.sweeping.done_at.is_some_and(|at| now < at.plus(PAUSE)) {
            return Ok(0);
        }
        let files = self.files.clone();
        let Some(_alone) = files.undisturbed() else { return Ok(0) };
        self.projection.ask(|sql| sql.forget_old(now))?;
        let unheld = self.projection.ask(|sql| sql.files_unheld(now.minus(LOOSE), MOST))?;
        for file in &unheld {
            self.forget(file)?;
        }
        let mut swept = unheld.len() as u64;
        if unheld.len() == MOST {
            return Ok(swept);
        }
        if !self.sweeping.unknown_gone {
            let known = self.projection.ask(Sql::files_known)?;
            let known: BTreeSet<Digest> = known.iter().filter_map(|text| packs::digest(text)).collect();
            swept += files.sweep_all_but(&known).map_err(Refused::Failed)?;
            self.sweeping.unknown_gone = true;
        }
        self.sweeping.done_at = Some(now);
        Ok(swept)
    }
}
