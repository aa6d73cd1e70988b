//! Alarms that somebody has settled: their rules begin anew with what they were about.

use desk::Desk;
use store::{AlarmName, StoreError};

/// Alarms that are looked at in one go.
const MOST: usize = 256;

/// Those that were settled behind an entry, which is brought up to date.
pub(super) fn since(desk: &Desk, behind: &mut u64) -> Result<Vec<AlarmName>, StoreError> {
    let mut names = Vec::new();
    loop {
        let some = desk.read::<_, StoreError>(|sql, _| sql.alarms_settled(*behind, MOST))?;
        let Some((last, _)) = some.last() else { return Ok(names) };
        *behind = *last;
        let count = some.len();
        names.extend(some.into_iter().map(|(_, name)| name));
        if count < MOST {
            return Ok(names);
        }
    }
}
