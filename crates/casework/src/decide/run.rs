//! Procedures as they are followed: who ticks a step, when, in which order, with what proof; when a run is over and
//! how many of its steps came late is reckoned here, never taken from whoever fills it in.
//!
//! Invariant: what was ticked stays as it was ticked; a tick bears the hand of whoever gives it.
//! Source: `docs/pack.md`, "Procedures".

use super::Deciding;
use crate::around::Records;
use crate::case::Case;
use crate::refusal::Refusal;
use crate::view::View;
use model::Instant;
use regulation::{Decimal, Field, Kind, Procedure, ProcedureStep, Proof, Run, Span, Tick, Type, Value};

/// Why a run does not fit, in Traditional Chinese and English.
type Unfit = (String, String);

impl Deciding<'_> {
    /// When runs are over and how many of their steps came late, as their ticks say.
    pub(super) fn reckon_runs(&self, case: &mut Case) -> Result<(), Refusal> {
        let register = self.register(case)?;
        for field in register.fields.iter().filter(|field| matches!(field.kind, Kind::Run { .. })) {
            let Some(mut run) = held(field, case.content.0.get(&field.id)) else { continue };
            let view = self.view(case, super::content::NOBODY)?;
            let steps = steps(&view, self.procedure(case, &run)?)?;
            let ticks = || steps.iter().filter_map(|step| run.ticks.get(&step.id));
            let over = ticks().count() == steps.len();
            let last = ticks().map(|tick| tick.at).max();
            let late = steps.iter().filter(|step| is_late(&run, step)).count();
            (run.ended_at, run.late) = (last.filter(|_| over), u32::try_from(late).unwrap_or(u32::MAX));
            case.content.0.insert(field.id.clone(), Value::Run(run).to_json());
        }
        Ok(())
    }

    /// Why the run may not stand there; none when it may.
    pub(super) fn run_keeps(
        &self,
        view: &View<'_>,
        case: &Case,
        field: &Field,
        run: &Run,
    ) -> Result<Option<Unfit>, Refusal> {
        let procedure = self.procedure(case, run)?;
        let before = held(field, view.old.and_then(|old| old.0.get(&field.id)));
        if before.as_ref() == Some(run) {
            return Ok(None);
        }
        // One that is over may be followed by another; the history keeps both.
        let before = before.filter(|before| before.ended_at.is_none());
        if let Some(before) = &before
            && (before.procedure != run.procedure || before.started_at != run.started_at)
        {
            return Ok(unfit("程序已開始,不得另起", "a run that was begun goes on"));
        }
        if run.started_at > view.now {
            return Ok(unfit("程序開始時間尚未到", "it cannot have started yet"));
        }
        let kept = |before: &Run| before.ticks.iter().all(|(step, tick)| run.ticks.get(step) == Some(tick));
        if before.as_ref().is_some_and(|before| !kept(before)) {
            return Ok(unfit("已辦理之步驟不得變更", "a step that was done stays as it was ticked"));
        }
        let steps = steps(view, procedure)?;
        let new = |step: &&regulation::ProcedureStepId| {
            before.as_ref().is_none_or(|before| !before.ticks.contains_key(*step))
        };
        for id in run.ticks.keys().filter(new) {
            if let Some((index, step)) = steps.iter().enumerate().find(|(_, step)| step.id == *id) {
                let before = steps.get(..index).unwrap_or_default();
                if let Some(why) = self.tick_keeps(view, run, step, before) {
                    return Ok(Some(why));
                }
            } else {
                let zh = format!("步驟「{id}」不在本程序應辦步驟之中");
                return Ok(Some((zh, format!("the step {id} is none of this procedure's here"))));
            }
        }
        Ok(None)
    }

    fn tick_keeps(
        &self,
        view: &View<'_>,
        run: &Run,
        step: &ProcedureStep,
        earlier: &[&ProcedureStep],
    ) -> Option<Unfit> {
        let tick = run.ticks.get(&step.id)?;
        let said = |zh: &str, en: &str| {
            let (label, id) = (step.label.zh(), &step.id);
            Some((format!("步驟「{label}」{zh}"), format!("the step {id} {en}")))
        };
        if view.actor.is_some_and(|actor| actor.person != tick.by) {
            return said("須由辦理人本人登錄", "is ticked by whoever did it");
        }
        if tick.at < run.started_at || tick.at > view.now {
            return said("之時間須在程序開始之後、目前之前", "was done after the start and not after now");
        }
        if awaited(earlier, step).iter().any(|before| !done_by(run, before, tick.at)) {
            return said("須於先前步驟之後辦理", "comes after the steps before it");
        }
        match step.proof {
            Proof::Note if !noted(tick) => said("須附說明", "asks for a note"),
            Proof::Number if !counted(tick) => said("須登錄數值", "asks for a number"),
            Proof::Photo if tick.files.is_empty() => said("須附照片", "asks for a photo"),
            _ if tick.files.iter().any(|file| !self.overlay.holds_file(&file.digest)) => {
                said("之檔案尚未存入", "has a file that has not been stored")
            }
            _ => None,
        }
    }

    fn procedure(&self, case: &Case, run: &Run) -> Result<&Procedure, Refusal> {
        let procedures = self.rules(case.version)?.procedures;
        procedures.get(&run.procedure).ok_or_else(|| Refusal::NoSuch(run.procedure.to_string()))
    }
}

fn unfit(zh: &str, en: &str) -> Option<Unfit> {
    Some((zh.to_owned(), en.to_owned()))
}

fn held(field: &Field, json: Option<&serde_json::Value>) -> Option<Run> {
    let of: Type = field.of();
    match of.read(json?) {
        Ok(Value::Run(run)) => Some(run),
        _ => None,
    }
}

/// The steps that belong to the procedure here.
fn steps<'p>(view: &View<'_>, procedure: &'p Procedure) -> Result<Vec<&'p ProcedureStep>, Refusal> {
    let mut steps = Vec::new();
    for step in &procedure.steps {
        if view.applies(&step.when)? {
            steps.push(step);
        }
    }
    Ok(steps)
}

/// The steps that must be done before this one: those before it, but where it may be done beside them, those before
/// the one it stands beside.
fn awaited<'s>(earlier: &'s [&'s ProcedureStep], step: &ProcedureStep) -> &'s [&'s ProcedureStep] {
    if !step.beside {
        return earlier;
    }
    let beside = earlier.iter().rposition(|before| !before.beside).unwrap_or(0);
    earlier.get(..beside).unwrap_or_default()
}

fn done_by(run: &Run, step: &ProcedureStep, at: Instant) -> bool {
    run.ticks.get(&step.id).is_some_and(|tick| tick.at <= at)
}

fn is_late(run: &Run, step: &ProcedureStep) -> bool {
    let from = match &step.since {
        None => Some(run.started_at),
        Some(since) => run.ticks.get(since).map(|tick| tick.at),
    };
    let limit = step.limit.and_then(regulation::Limit::span);
    match (run.ticks.get(&step.id), from, limit) {
        (Some(tick), Some(from), Some(limit)) => Span::between(from, tick.at) > limit,
        _ => false,
    }
}

fn noted(tick: &Tick) -> bool {
    tick.note.as_ref().is_some_and(|note| !note.trim().is_empty())
}

fn counted(tick: &Tick) -> bool {
    tick.note.as_ref().is_some_and(|note| note.parse::<Decimal>().is_ok())
}
