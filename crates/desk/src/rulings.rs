//! Which lines go, and which stay: what the registers say that the pack names for it, and the pack's own time of keeping.
//!
//! Invariants: only a record whose `while` holds counts; of one that cannot be judged a disposal or an erasure counts as
//! none, and a hold as one on everything.
//! Whoever verifies a ledger judges by the same code, over the cases that the ledger's own entries give.
//! Source: `docs/pack.md`, "The pack".

use crate::desk::Desk;
use board::Reading;
use casework::{Around, Case, Seek};
use identity::Roster;
use model::{CivilDate, Instant, RecordId, Told};
use regulation::{
    Condition, Contents, EvalError, LineDisposals, LineErasures, LineHolds, LineRules, RegisterId, Roll,
    Scope, TimeOfDay, Value, Zone,
};
use std::collections::BTreeSet;
use std::sync::Arc;
use store::StoreError;

/// Files of a receiver are to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineDisposal {
    /// Its record.
    pub record: RecordId,
    /// Who received the lines.
    pub receiver: String,
    /// They were received before this moment.
    pub before: Instant,
}

/// Lines are to stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineHold {
    /// Its record.
    pub record: RecordId,
    /// Who received them; none: whoever.
    pub receiver: Option<String>,
    /// An address or network that stands in them, as it was filled in; none: whatever.
    pub network: Option<String>,
    /// They were received at this moment or later.
    pub from: Option<Instant>,
    /// They were received before this moment.
    pub before: Option<Instant>,
}

/// Single lines are to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineErasure {
    /// Its record.
    pub record: RecordId,
    /// Who received them.
    pub receiver: String,
    /// Their numbers.
    pub lines: BTreeSet<u64>,
    /// They were received before this moment, at which the record was opened: nobody can have meant a later one.
    pub before: Instant,
}

/// What the registers say at a moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LineRulings {
    /// Lines received before this moment are past the time they are kept at least; none are where there is none.
    pub past: Option<Instant>,
    /// Disposals in force.
    pub disposals: Vec<LineDisposal>,
    /// Holds in force.
    pub holds: Vec<LineHold>,
    /// Erasures in force.
    pub erasures: Vec<LineErasure>,
    /// Records that cannot be judged.
    pub unclear: Vec<RecordId>,
}

/// Why lines stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Stays {
    /// The case is none in force that says they go.
    #[error("the case {0} is none that approves it")]
    NotApproved(RecordId),
    /// They are kept longer.
    #[error("they are not past the time that lines are kept")]
    Kept,
    /// They are held by this case.
    #[error("the case {0} holds them")]
    Held(RecordId),
}

impl Stays {
    /// For people.
    #[must_use]
    pub fn told(self) -> Told {
        match self {
            Self::NotApproved(case) => Told::new(
                format!("案件 {case} 並非核准銷毀該等紀錄之有效案件"),
                format!("The case {case} is none in force that approves it"),
            ),
            Self::Kept => {
                Told::new("未逾最短保存期間", "They are within the time that lines are kept at least")
            }
            Self::Held(case) => {
                Told::new(format!("法律保全中（案件 {case}）"), format!("They are held by the case {case}"))
            }
        }
    }
}

impl LineRulings {
    /// May the file go whose lines a receiver received between two moments? `clear_of` are holds on addresses that were
    /// looked for in it in vain.
    ///
    /// # Errors
    /// Why it stays.
    pub fn retires(
        &self,
        case: RecordId,
        receiver: &str,
        received: (Instant, Instant),
        clear_of: &BTreeSet<RecordId>,
    ) -> Result<(), Stays> {
        let approved =
            |one: &&LineDisposal| one.record == case && one.receiver == receiver && received.1 < one.before;
        self.disposals.iter().find(approved).ok_or(Stays::NotApproved(case))?;
        if self.past.is_none_or(|past| received.1 >= past) {
            return Err(Stays::Kept);
        }
        let held = self.holding(receiver, received);
        let held = held.into_iter().find(|hold| hold.network.is_none() || !clear_of.contains(&hold.record));
        held.map_or(Ok(()), |hold| Err(Stays::Held(hold.record)))
    }

    /// May a line go, of a file whose lines were received between two moments? `clear_of` are holds that do not hold this
    /// one.
    ///
    /// # Errors
    /// Why it stays.
    pub fn erases(
        &self,
        case: RecordId,
        (receiver, line): (&str, u64),
        received: (Instant, Instant),
        clear_of: &BTreeSet<RecordId>,
    ) -> Result<(), Stays> {
        let approved = |one: &&LineErasure| {
            one.record == case
                && one.receiver == receiver
                && one.lines.contains(&line)
                && received.0 < one.before
        };
        self.erasures.iter().find(approved).ok_or(Stays::NotApproved(case))?;
        let held = self.holding(receiver, received);
        let held = held.into_iter().find(|hold| !clear_of.contains(&hold.record));
        held.map_or(Ok(()), |hold| Err(Stays::Held(hold.record)))
    }

    /// Holds on lines that a receiver received at some moment between two; those on addresses among them.
    #[must_use]
    pub fn holding(&self, receiver: &str, received: (Instant, Instant)) -> Vec<&LineHold> {
        let holds = |hold: &&LineHold| {
            hold.receiver.as_deref().is_none_or(|of| of == receiver)
                && hold.from.is_none_or(|from| received.1 >= from)
                && hold.before.is_none_or(|before| received.0 < before)
        };
        self.holds.iter().filter(holds).collect()
    }
}

/// What was read when: as long as it is the same, so are the rulings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RulingsRead {
    version: u32,
    revision: u64,
    today: CivilDate,
    /// Where lines are kept for hours.
    now: Option<Instant>,
}

impl Desk {
    /// Which lines go and which stay, where that may have changed since `read`, which is brought up to date.
    ///
    /// # Errors
    /// The tables failed.
    pub fn line_rulings(&self, read: &mut Option<RulingsRead>) -> Result<Option<LineRulings>, StoreError> {
        let (seen, now) = (self.seen(), self.clock.now());
        let (Some(pack), Some(shelf)) = (seen.packs.current(), seen.packs.shelf()) else { return Ok(None) };
        let rules = &pack.line_rules;
        let this = RulingsRead {
            version: pack.version,
            revision: registers(rules).map(|register| self.revision(register)).sum(),
            today: pack.zone.date(now),
            now: rules.keep.filter(|keep| !keep.in_days()).map(|_| now),
        };
        if *read == Some(this) {
            return Ok(None);
        }
        let rulings = self.pool.with(|sql| {
            let (reading, roster) = (Reading::new(sql, &seen.layout), Roster::new(&seen.roster, pack, now));
            let around = Around { shelf: &shelf, records: &reading, directory: &roster, now };
            let rulings = rulings(around, pack);
            reading.sound().map(|()| rulings)
        })?;
        *read = Some(this);
        Ok(Some(rulings))
    }
}

/// The registers that say which lines go, and which stay.
pub fn registers(rules: &LineRules) -> impl Iterator<Item = &RegisterId> {
    let disposal = rules.disposal.iter().map(|of| &of.register);
    let hold = rules.hold.iter().map(|of| &of.register);
    disposal.chain(hold).chain(rules.erasure.iter().map(|of| &of.register))
}

/// Which lines go and which stay at a moment, by the records around.
#[must_use]
pub fn rulings(around: Around<'_>, pack: &Contents) -> LineRulings {
    let (rules, zone) = (&pack.line_rules, &pack.zone);
    let mut rulings = LineRulings { past: past(pack, around.now), ..LineRulings::default() };
    let mut unclear = Vec::new();
    if let Some(of) = &rules.disposal {
        for case in cases(around, &of.register) {
            match judged(around, &case, &of.holds, |scope| disposal(of, scope, case.record, zone)) {
                Judged::Counts(disposal) => rulings.disposals.push(disposal),
                Judged::Not => {}
                Judged::Unclear => unclear.push(case.record),
            }
        }
    }
    if let Some(of) = &rules.hold {
        for case in cases(around, &of.register) {
            match judged(around, &case, &of.holds, |scope| hold(of, scope, case.record, zone)) {
                Judged::Counts(hold) => rulings.holds.push(hold),
                Judged::Not => {}
                Judged::Unclear => {
                    let record = case.record;
                    let all = LineHold { record, receiver: None, network: None, from: None, before: None };
                    rulings.holds.push(all);
                    unclear.push(record);
                }
            }
        }
    }
    if let Some(of) = &rules.erasure {
        for case in cases(around, &of.register) {
            match judged(around, &case, &of.holds, |scope| erasure(of, scope, &case)) {
                Judged::Counts(erasure) => rulings.erasures.push(erasure),
                Judged::Not => {}
                Judged::Unclear => unclear.push(case.record),
            }
        }
    }
    rulings.unclear = unclear;
    rulings
}

/// Lines received before this moment are past the time they are kept.
fn past(pack: &Contents, now: Instant) -> Option<Instant> {
    let (keep, office) = (pack.line_rules.keep?, pack.office_time());
    if !keep.in_days() {
        return keep.before(now, Roll::Keep, office).ok();
    }
    let day = keep.day_before(office.zone.date(now), Roll::Keep, office.calendar).ok()?;
    Some(office.zone.moment(day, TimeOfDay::START))
}

fn cases(around: Around<'_>, register: &RegisterId) -> Vec<Arc<Case>> {
    let seek = Seek { register: register.clone(), equal: Vec::new(), states: Vec::new(), but: None };
    let found = around.records.find(&seek);
    found.into_iter().filter_map(|one| around.records.case(one.record)).collect()
}

/// What a record says.
enum Judged<T> {
    Counts(T),
    Not,
    Unclear,
}

fn judged<T>(
    around: Around<'_>,
    case: &Case,
    holds: &Condition,
    read: impl FnOnce(&dyn Scope) -> Option<T>,
) -> Judged<T> {
    let Ok(scope) = casework::seen(around, case) else { return Judged::Unclear };
    match holds.holds(&scope) {
        Ok(Some(true)) => read(&scope).map_or(Judged::Unclear, Judged::Counts),
        Ok(Some(false)) => Judged::Not,
        Ok(None) | Err(_) => Judged::Unclear,
    }
}

fn disposal(of: &LineDisposals, scope: &dyn Scope, record: RecordId, zone: &Zone) -> Option<LineDisposal> {
    let receiver = text(of.receiver.eval(scope).ok()?)?;
    let before = end(of.until.eval(scope).ok()?, zone)?;
    Some(LineDisposal { record, receiver, before })
}

fn hold(of: &LineHolds, scope: &dyn Scope, record: RecordId, zone: &Zone) -> Option<LineHold> {
    // What is absent or not filled in narrows nothing; what cannot be judged makes the whole unclear.
    let value = |condition: &Option<Condition>| match condition.as_ref().map(|one| one.eval(scope)) {
        None | Some(Err(EvalError::Missing(_))) => Some(None),
        Some(Ok(value)) => Some(Some(value)),
        Some(Err(_)) => None,
    };
    let begin = |value| match value {
        Value::Date(day) => Some(zone.moment(day, TimeOfDay::START)),
        Value::Moment(at) => Some(at),
        _ => None,
    };
    Some(LineHold {
        record,
        receiver: value(&of.receiver)?.and_then(text),
        network: value(&of.network)?.and_then(text),
        from: value(&of.from)?.and_then(begin),
        before: value(&of.until)?.and_then(|value| end(value, zone)),
    })
}

fn erasure(of: &LineErasures, scope: &dyn Scope, case: &Case) -> Option<LineErasure> {
    let receiver = text(of.receiver.eval(scope).ok()?)?;
    let Value::List(lines) = of.lines.eval(scope).ok()? else { return None };
    let number = |value: Value| match value {
        Value::Number(number) if number.millionths() % 1_000_000 == 0 => {
            u64::try_from(number.millionths() / 1_000_000).ok()
        }
        _ => None,
    };
    let lines = lines.into_iter().map(number).collect::<Option<_>>()?;
    Some(LineErasure { record: case.record, receiver, lines, before: case.opened_at })
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.trim().to_owned()),
        _ => None,
    }
}

/// The moment before which something lies that lies in a day, or before a moment.
fn end(value: Value, zone: &Zone) -> Option<Instant> {
    match value {
        Value::Date(day) => Some(zone.moment(day.plus_days(1), TimeOfDay::START)),
        Value::Moment(at) => Some(at),
        _ => None,
    }
}
