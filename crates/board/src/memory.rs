//! What is remembered between evaluations: what each record amounts to, what was recorded last, what is due.
//!
//! A check is evaluated when its freshness has run out, and after a change that may matter, then once a minute at most;
//! a month's end is recorded of every check. A check that looks at each record alone is judged again for records that
//! changed; any other reads its population anew.
//! Invariants: all of it can be lost and is then read again; what is told as differing is compared with what the tables
//! say was recorded.

use crate::changes::Changes;
use crate::fact::{self, Known, Machines};
use crate::reach::Reach;
use crate::read::Reading;
use crate::reason;
use crate::scan::{self, Job};
use crate::tally::{Judged, Tally};
use casework::EntryNumber;
use identity::{Roster, State};
use model::{CivilDate, Instant, RecordId, Told, UnitId};
use regulation::{
    CalendarMissing, Check, CheckId, ClauseId, Limit, OfficeTime, Pack, Population, RegisterId, Roll,
    TimeOfDay,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;
use store::{Evaluated, Figure, Layout, Packs, Sql, StoreError, Verdict};

/// What an evaluation rests on beside the tables.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    /// The packs, the one in force last.
    pub packs: &'a Packs,
    /// How the tables are laid out.
    pub layout: &'a Layout,
    /// People and units.
    pub units: &'a State,
    /// What only the running machine knows; none where it does not run.
    pub machines: Option<&'a dyn Machines>,
    /// The moment.
    pub now: Instant,
    /// How many entries of the ledger the tables have seen.
    pub size: u64,
}

/// A check, by its clause and its own id.
type Key = (ClauseId, CheckId);

/// What is remembered between evaluations.
#[derive(Default)]
pub struct Memory {
    /// The version of the pack that `checks` are of.
    version: Option<u32>,
    checks: BTreeMap<Key, Remembered>,
    recorded: Option<Recorded>,
    /// Units with a statement that a clause does not apply, and the day for which they were read.
    exempt: Option<(CivilDate, Exempt)>,
}

type Exempt = BTreeMap<ClauseId, BTreeSet<UnitId>>;

/// What the tables say was recorded.
#[derive(Default)]
struct Recorded {
    last: HashMap<Key, BTreeMap<Option<UnitId>, Figure>>,
    /// When each was recorded first, and the last month that was closed.
    months: HashMap<Key, (Instant, Option<CivilDate>)>,
}

struct Remembered {
    reach: Reach,
    /// When it was evaluated last, and until when that is fresh.
    evaluated: Option<(Instant, Instant)>,
    /// Has anything changed since that may matter?
    dirty: bool,
    /// Records of its register that changed since.
    changed: BTreeSet<RecordId>,
    /// What each record amounts to, where it is judged alone.
    judged: Option<HashMap<RecordId, Judged>>,
    /// Figures, before it is asked whether a clause does not apply.
    figures: Vec<Figure>,
    failing: Arc<[Failing]>,
}

/// How checks stand, for whoever shows them.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// The version of the pack they are of; none before the first evaluation.
    pub version: Option<u32>,
    /// By clause and check. One that is not here has not been evaluated since the start.
    pub checks: BTreeMap<(ClauseId, CheckId), Standing>,
}

/// How a check stands.
#[derive(Debug, Clone)]
pub struct Standing {
    /// When it was evaluated last.
    pub evaluated_at: Instant,
    /// Until when that counts.
    pub fresh_until: Instant,
    /// What is to be looked after, in the order of the identifiers; which of it somebody may read is theirs to ask.
    pub failing: Arc<[Failing]>,
}

/// A record that is to be looked after for a check to be met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Failing {
    /// The record.
    pub record: RecordId,
    /// The unit it belongs to.
    pub unit: UnitId,
}

/// A check that something changed for is not evaluated again before this.
const PAUSE: Duration = Duration::from_secs(60);
/// Most figures of one entry.
const MOST_FIGURES: usize = 150;

impl Memory {
    /// Evaluates what is due; gives what is to be recorded.
    ///
    /// # Errors
    /// The tables failed. All is to be read anew then: [`Memory::forget`].
    pub fn evaluate(
        &mut self,
        sql: &mut Sql,
        around: Around<'_>,
        changes: &Changes,
    ) -> Result<Vec<Evaluated>, StoreError> {
        let (Some(pack), Some(shelf)) = (around.packs.current(), around.packs.shelf()) else {
            return Ok(Vec::new());
        };
        self.begin(pack, changes);
        if self.recorded.is_none() {
            self.recorded = Some(Recorded::read(sql)?);
        }
        self.note(changes);
        let today = pack.zone.date(around.now);
        let (reading, roster) =
            (Reading::new(sql, around.layout), Roster::new(around.units, pack, around.now));
        let casework =
            casework::Around { shelf: &shelf, records: &reading, directory: &roster, now: around.now };
        let moved = self.exemptions(&reading, pack, casework, changes, today)?;
        let due = self.due(pack, around.now);
        let months = self.months(pack, today);
        let wanted: BTreeSet<Key> = due.iter().chain(months.iter()).cloned().collect();
        let known = Known { machines: around.machines, roster: &roster, pack, now: around.now };
        self.judge(&reading, pack, around, (casework, known), &wanted)?;
        let mut evaluated = Vec::new();
        for (clause, check) in checks(pack) {
            let key = (clause.clone(), check.id.clone());
            if !wanted.contains(&key) && !moved.contains(clause) {
                continue;
            }
            let month = months.contains(&key).then(|| former_month(today)).flatten();
            let figures = self.differing(&key, around.units, month.is_some());
            for figures in figures.chunks(MOST_FIGURES) {
                evaluated.push(Evaluated {
                    check: check.id.clone(),
                    clause: clause.clone(),
                    figures: figures.to_vec(),
                    month,
                    pack: pack.version,
                    size: EntryNumber(around.size),
                });
            }
        }
        Ok(evaluated)
    }

    /// Notes that these were recorded.
    pub fn recorded(&mut self, evaluated: &[Evaluated], at: Instant) {
        let Some(recorded) = &mut self.recorded else { return };
        for one in evaluated {
            let key = (one.clause.clone(), one.check.clone());
            let last = recorded.last.entry(key.clone()).or_default();
            last.extend(one.figures.iter().map(|figure| (figure.unit, figure.clone())));
            let (_, closed) = recorded.months.entry(key).or_insert((at, None));
            *closed = (*closed).max(one.month);
        }
    }

    /// Forgets all; it is read again.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// How checks stand.
    #[must_use]
    pub fn shown(&self) -> Shown {
        let standing = |(key, one): (&Key, &Remembered)| {
            let (evaluated_at, fresh_until) = one.evaluated?;
            Some((key.clone(), Standing { evaluated_at, fresh_until, failing: Arc::clone(&one.failing) }))
        };
        Shown { version: self.version, checks: self.checks.iter().filter_map(standing).collect() }
    }

    /// Another version of the pack has other checks.
    fn begin(&mut self, pack: &Pack, changes: &Changes) {
        if self.version == Some(pack.version) && !changes.all {
            return;
        }
        let fresh = |(clause, check): (&ClauseId, &Check)| {
            let remembered = Remembered {
                reach: Reach::of(pack, check),
                evaluated: None,
                dirty: false,
                changed: BTreeSet::new(),
                judged: None,
                figures: Vec::new(),
                failing: Arc::default(),
            };
            ((clause.clone(), check.id.clone()), remembered)
        };
        self.checks = checks(pack).map(fresh).collect();
        self.exempt = None;
        self.version = Some(pack.version);
    }

    fn note(&mut self, changes: &Changes) {
        for one in self.checks.values_mut() {
            match &one.reach {
                Reach::Duty(duty) => one.dirty |= changes.duties.contains(duty),
                Reach::Alone(register) => {
                    if let Some(records) = changes.records.get(register) {
                        one.dirty = true;
                        one.changed.extend(records);
                    }
                }
                Reach::Around { registers, people } => {
                    one.dirty |= registers.iter().any(|register| changes.records.contains_key(register))
                        || *people && changes.people;
                }
                Reach::Engine => {}
            }
        }
    }

    /// Checks whose freshness has run out, or that something changed for a while ago.
    fn due(&self, pack: &Pack, now: Instant) -> BTreeSet<Key> {
        let due = |one: &Remembered| match one.evaluated {
            None => true,
            // A clock that went back brings nothing forward.
            Some((at, fresh_until)) => now >= fresh_until || now < at || one.dirty && now >= at.plus(PAUSE),
        };
        let of_pack = checks(pack).map(|(clause, check)| (clause.clone(), check.id.clone()));
        of_pack.filter(|key| self.checks.get(key).is_some_and(due)).collect()
    }

    /// Checks whose former month is still to be closed.
    fn months(&self, pack: &Pack, today: CivilDate) -> BTreeSet<Key> {
        let (Some(recorded), Some(this), Some(former)) =
            (&self.recorded, first_of_month(today), former_month(today))
        else {
            return BTreeSet::new();
        };
        let midnight = TimeOfDay::from_minutes(0).unwrap_or(TimeOfDay::END);
        let began = pack.zone.moment(this, midnight);
        let open = |key: &Key| {
            let found = recorded.months.get(key);
            found.is_some_and(|(first, closed)| *first < began && *closed < Some(former))
        };
        let of_pack = checks(pack).map(|(clause, check)| (clause.clone(), check.id.clone()));
        of_pack.filter(|key| open(key)).collect()
    }

    /// Reads the statements that a clause does not apply, where they may have changed; gives the clauses for which they
    /// did.
    fn exemptions(
        &mut self,
        reading: &Reading<'_>,
        pack: &Pack,
        casework: casework::Around<'_>,
        changes: &Changes,
        today: CivilDate,
    ) -> Result<BTreeSet<ClauseId>, StoreError> {
        let Some(exemption) = &pack.exemption else { return Ok(BTreeSet::new()) };
        let read = self.exempt.as_ref().is_some_and(|(day, _)| *day == today);
        if read && !changes.records.contains_key(&exemption.register) {
            return Ok(BTreeSet::new());
        }
        let mut found = Exempt::new();
        scan::exemptions(reading, exemption, casework, &mut |clause, unit| {
            if let Ok(clause) = clause.parse() {
                found.entry(clause).or_default().insert(unit);
            }
        })?;
        let before = self.exempt.take().map(|(_, before)| before).unwrap_or_default();
        let clauses = before.keys().chain(found.keys());
        let moved = clauses.filter(|clause| before.get(*clause) != found.get(*clause)).cloned().collect();
        self.exempt = Some((today, found));
        Ok(moved)
    }

    /// Judges these checks and puts their figures together.
    fn judge(
        &mut self,
        reading: &Reading<'_>,
        pack: &Pack,
        around: Around<'_>,
        (casework, known): (casework::Around<'_>, Known<'_>),
        wanted: &BTreeSet<Key>,
    ) -> Result<(), StoreError> {
        let mut jobs: BTreeMap<Key, Job<'_>> = BTreeMap::new();
        let mut whole: BTreeMap<&RegisterId, Vec<Key>> = BTreeMap::new();
        for (clause, check) in checks(pack) {
            let key = (clause.clone(), check.id.clone());
            let Some(one) = self.checks.get_mut(&key).filter(|_| wanted.contains(&key)) else { continue };
            let kept = one.judged.take();
            let again = kept.is_some();
            let mut job = Job::new(check, None, kept.unwrap_or_default());
            match since(check, pack, around.now) {
                Ok(since) => job.since = since,
                Err(missing) => job.fail(reason::calendar(&missing)),
            }
            match &check.population {
                Population::Records { .. } if again && job.why.is_none() => {
                    let changed: Vec<RecordId> = std::mem::take(&mut one.changed).into_iter().collect();
                    scan::some(reading, &changed, &mut job, casework)?;
                }
                Population::Records { register, .. } => {
                    one.changed.clear();
                    whole.entry(register).or_default().push(key.clone());
                }
                Population::Duty { duty, .. } => scan::duty(reading, duty, &mut job, around.now)?,
                Population::Engine { engine, .. } => job.fail(reason::no_engine(engine)),
                Population::Machine { .. } if job.why.is_none() => fact::judge(reading, &mut job, known)?,
                Population::Machine { .. } => {}
            }
            jobs.insert(key, job);
        }
        for (register, keys) in whole {
            let mut together: Vec<&mut Job<'_>> =
                jobs.iter_mut().filter(|(key, _)| keys.contains(key)).map(|(_, job)| job).collect();
            scan::all(reading, register, &mut together, casework)?;
        }
        for (key, job) in jobs {
            if let Some(one) = self.checks.get_mut(&key) {
                one.take(job, pack, around);
            }
        }
        Ok(())
    }

    /// Figures that differ from those recorded last; all where asked.
    fn differing(&self, key: &Key, units: &State, all: bool) -> Vec<Figure> {
        let Some(one) = self.checks.get(key) else { return Vec::new() };
        let none = BTreeMap::new();
        let last = self.recorded.as_ref().and_then(|recorded| recorded.last.get(key)).unwrap_or(&none);
        let mut figures = one.figures.clone();
        if let Some(figure) = figures.first().filter(|figure| figure.verdict == Verdict::NotComputed) {
            // Nor is it known any more of single units.
            let unknown = |unit: &Option<UnitId>| Figure { unit: *unit, ..figure.clone() };
            let unknown: Vec<Figure> = last.keys().filter(|unit| unit.is_some()).map(unknown).collect();
            let there: BTreeSet<Option<UnitId>> = figures.iter().map(|figure| figure.unit).collect();
            figures.extend(unknown.into_iter().filter(|figure| !there.contains(&figure.unit)));
        }
        if let Some(exempt) = self.exempt.as_ref().and_then(|(_, exempt)| exempt.get(&key.0)) {
            exempt_where_nobody_is(&mut figures, exempt, units);
        }
        let there: BTreeSet<Option<UnitId>> = figures.iter().map(|figure| figure.unit).collect();
        let gone = last
            .iter()
            .filter(|(unit, figure)| !there.contains(unit) && (all || figure.verdict != Verdict::Nobody));
        figures.extend(gone.map(|(unit, _)| Figure::nobody(*unit)));
        let tells = |figure: &Figure| last.get(&figure.unit).is_none_or(|last| !last.tells_as(figure));
        figures.retain(|figure| all || tells(figure));
        figures
    }
}

impl Recorded {
    fn read(sql: &mut Sql) -> Result<Self, StoreError> {
        let mut read = Self::default();
        for one in sql.evaluations_last()? {
            let last = read.last.entry((one.clause, one.check)).or_default();
            last.insert(one.figure.unit, one.figure);
        }
        for one in sql.evaluations_closed()? {
            read.months.insert((one.clause, one.check), (one.first, one.month));
        }
        Ok(read)
    }
}

impl Remembered {
    fn take(&mut self, mut job: Job<'_>, pack: &Pack, around: Around<'_>) {
        let check = job.check;
        let day = Duration::from_secs(86_400);
        let fresh_until =
            check.freshness.after(around.now, Roll::Keep, office(pack)).unwrap_or_else(|missing| {
                job.fail(reason::calendar(&missing));
                around.now.plus(day)
            });
        // What the system does not know now it may know in a moment.
        let soon = matches!(check.population, Population::Machine { .. }) && job.why.is_some();
        let fresh_until = if soon { around.now.plus(PAUSE) } else { fresh_until };
        self.evaluated = Some((around.now, fresh_until));
        self.dirty = false;
        self.figures = match &job.why {
            Some(why) => vec![not_computed(why)],
            None => {
                // What was judged before may have left the window since.
                job.judged.retain(|_, one| job.since.is_none_or(|since| one.at >= since));
                let mut tally = Tally::new(around.units);
                job.judged.values().for_each(|one| tally.add(one));
                job.facts.iter().for_each(|(_, one)| tally.add(one));
                tally.figures(check, pack.zone.date(around.now), &pack.zone)
            }
        };
        let facts = job.facts.iter().filter_map(|(record, one)| Some((record.as_ref()?, one)));
        let failing = job.judged.iter().chain(facts).filter(|(_, one)| one.mark.fails(check));
        let failing: BTreeSet<Failing> =
            failing.filter_map(|(record, one)| Some(Failing { record: *record, unit: one.unit? })).collect();
        self.failing = failing.into_iter().collect();
        self.judged = match self.reach {
            Reach::Alone(_) if job.why.is_none() => Some(job.judged),
            _ => None,
        };
    }
}

fn not_computed(why: &Told) -> Figure {
    Figure { verdict: Verdict::NotComputed, why: Some(why.clone()), ..Figure::nobody(None) }
}

/// Where nobody is and it is signed that the clause does not apply, nothing is open.
fn exempt_where_nobody_is(figures: &mut Vec<Figure>, exempt: &BTreeSet<UnitId>, units: &State) {
    let covered =
        |unit: UnitId| exempt.contains(&unit) || units.above(unit).any(|above| exempt.contains(&above));
    let top = exempt.iter().any(|unit| units.above(*unit).next().is_none());
    for figure in figures.iter_mut().filter(|figure| figure.verdict == Verdict::Nobody) {
        if figure.unit.map_or(top, covered) {
            figure.verdict = Verdict::Exempt;
        }
    }
    let there: BTreeSet<Option<UnitId>> = figures.iter().map(|figure| figure.unit).collect();
    let below: BTreeSet<UnitId> = exempt.iter().flat_map(|unit| units.subtree(*unit)).collect();
    let more = below.into_iter().map(Some).filter(|unit| !there.contains(unit));
    figures.extend(more.map(|unit| Figure { verdict: Verdict::Exempt, ..Figure::nobody(unit) }));
}

/// The first moment of a check's window; none where it has no window.
fn since(check: &Check, pack: &Pack, now: Instant) -> Result<Option<Instant>, CalendarMissing> {
    let within: Option<Limit> = match &check.population {
        Population::Duty { within, .. }
        | Population::Machine { within, .. }
        | Population::Records { within, .. } => *within,
        Population::Engine { .. } => None,
    };
    within.map(|within| within.before(now, Roll::Keep, office(pack))).transpose()
}

fn office(pack: &Pack) -> OfficeTime<'_> {
    pack.office_time()
}

fn checks(pack: &Pack) -> impl Iterator<Item = (&ClauseId, &Check)> {
    pack.clauses.iter().flat_map(|clause| clause.checks.iter().map(move |check| (&clause.id, check)))
}

fn first_of_month(day: CivilDate) -> Option<CivilDate> {
    CivilDate::new(i64::from(day.year()), i64::from(day.month()), 1).ok()
}

/// The month before that of a day, by its first day.
fn former_month(day: CivilDate) -> Option<CivilDate> {
    first_of_month(first_of_month(day)?.plus_days(-1))
}
