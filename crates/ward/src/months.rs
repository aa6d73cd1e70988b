//! Months: what senders have sent within one, reckoned file by file and kept, so that it can be asked for again.
//!
//! A month of a large city is many files. Each asking reads for a short while and says how far it has come; what has been
//! read is not read again. Blocks that are in no file yet are added for each asking anew.

use crate::machine::SystemClock;
use crate::sources::List;
use model::{Clock as _, Instant};
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use telemetry::Block;
use telemetry::find::{FindError, Library, Listed};
use telemetry::traffic::Traffic;
use web::Reckoned;

/// For so long an asking reads.
const BUDGET: Duration = Duration::from_secs(2);
/// Months that are kept, those asked for last.
const KEPT: usize = 3;

/// Months as far as they were reckoned, the one asked for last at the end.
#[derive(Default)]
pub(crate) struct Months(Mutex<Vec<Month>>);

struct Month {
    traffic: Traffic,
    /// To whom addresses belonged.
    list: Arc<List>,
    done: BTreeSet<(String, u64)>,
}

impl Months {
    /// What was sent within a span, as far as `files` can be read in a short while; `tail` is in none of them.
    pub(crate) fn reckon(
        &self,
        library: &Library,
        list: &Arc<List>,
        span: Range<Instant>,
        files: &[Listed],
        tail: &[(String, Arc<Block>)],
    ) -> Result<Reckoned, FindError> {
        let until = SystemClock.now().plus(BUDGET);
        let mut months = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |month: &Month| *month.traffic.span() == span && Arc::ptr_eq(&month.list, list);
        let known = months.iter().position(fits).map(|at| months.remove(at));
        let mut month = known.unwrap_or_else(|| Month {
            traffic: Traffic::within(span),
            list: Arc::clone(list),
            done: BTreeSet::new(),
        });
        let mut left = 0;
        for file in files {
            let name = (file.receiver.clone(), file.first);
            if month.done.contains(&name) {
                continue;
            }
            if SystemClock.now() >= until {
                left += 1;
                continue;
            }
            // What fails has left something behind, so that the month is begun anew the next time.
            library.traffic(&mut month.traffic, file, |address| list.sender(address))?;
            month.done.insert(name);
        }
        let mut traffic = month.traffic.clone();
        for (_, block) in tail {
            traffic.block(block, |address| list.sender(address))?;
        }
        if months.len() >= KEPT {
            months.remove(0);
        }
        months.push(month);
        Ok(Reckoned { traffic, names: list.names(), left, files: files.len() as u64 })
    }
}
