//! Who sends lines: what the register says that the pack names for it.
//!
//! Invariant: only a record whose `while` holds counts; one that cannot be judged counts as none, and is told.
//! Source: `docs/pack.md`, "The pack".

use crate::desk::Desk;
use board::Reading;
use casework::{Around, Case};
use identity::Roster;
use model::{CivilDate, RecordId, UnitId};
use regulation::{LineSources, Scope, Value};
use store::{CasePart, StoreError};

/// A source of lines that is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineSource {
    /// Its record.
    pub record: RecordId,
    /// The unit the record belongs to.
    pub unit: UnitId,
    /// Its name.
    pub name: String,
    /// The address or network it sends from, as it was filled in.
    pub network: String,
    /// By how many seconds its times are ahead of UTC where it writes no zone.
    pub offset: i32,
}

/// What a register of sources says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListedSources {
    /// Those in force, in the order they were filed.
    pub sources: Vec<LineSource>,
    /// Records of which it cannot be told whether they are in force, or what they say.
    pub unclear: Vec<RecordId>,
}

/// What was read when: as long as it is the same, so is what the register says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourcesRead {
    version: u32,
    revision: u64,
    today: CivilDate,
}

/// Cases read at a time.
const PAGE: usize = 500;

impl Desk {
    /// Who sends lines, where that may have changed since `read`, which is brought up to date.
    ///
    /// # Errors
    /// The tables failed.
    pub fn line_sources(&self, read: &mut Option<SourcesRead>) -> Result<Option<ListedSources>, StoreError> {
        let (seen, now) = (self.seen(), self.clock.now());
        let (Some(pack), Some(shelf)) = (seen.packs.current(), seen.packs.shelf()) else { return Ok(None) };
        let of = pack.line_sources.as_ref();
        let revision = of.map_or(0, |of| self.revision(&of.register));
        let this = SourcesRead { version: pack.version, revision, today: pack.zone.date(now) };
        if *read == Some(this) {
            return Ok(None);
        }
        let mut listed = ListedSources::default();
        if let Some(of) = of {
            self.pool.with(|sql| {
                let (reading, roster) =
                    (Reading::new(sql, &seen.layout), Roster::new(&seen.roster, pack, now));
                let around = Around { shelf: &shelf, records: &reading, directory: &roster, now };
                list(&reading, of, around, &mut listed)
            })?;
        }
        *read = Some(this);
        Ok(Some(listed))
    }
}

fn list(
    reading: &Reading<'_>,
    of: &LineSources,
    around: Around<'_>,
    listed: &mut ListedSources,
) -> Result<(), StoreError> {
    let part = CasePart { register: &of.register, states: &[], since: None };
    let mut after = None;
    loop {
        let cases = reading.ask(|sql, layout| sql.cases_open(layout, part, after, PAGE))?;
        let Some((last, _)) = cases.last() else { return Ok(()) };
        after = Some(*last);
        for (_, case) in &cases {
            let judged = casework::seen(around, case).ok().map(|scope| judge(of, &scope, case));
            match judged.flatten() {
                Some(Some(source)) => listed.sources.push(source),
                Some(None) => {}
                None => listed.unclear.push(case.record),
            }
        }
        reading.sound()?;
    }
}

/// A record as a source; nothing inside where it is not in force, none where it cannot be told.
fn judge(of: &LineSources, scope: &dyn Scope, case: &Case) -> Option<Option<LineSource>> {
    if of.holds.holds(scope).ok()? != Some(true) {
        return Some(None);
    }
    let text = |condition: &regulation::Condition| match condition.eval(scope).ok()? {
        Value::Text(text) => Some(text.trim().to_owned()),
        _ => None,
    };
    let Value::Number(hours) = of.offset.eval(scope).ok()? else { return None };
    let seconds = hours.millionths().checked_mul(3_600)? / 1_000_000;
    Some(Some(LineSource {
        record: case.record,
        unit: case.unit,
        name: text(&of.name)?,
        network: text(&of.network)?,
        offset: i32::try_from(seconds).ok()?,
    }))
}
