//! What pages show: a record's title, and a form as it stands while it is being filled in.
//!
//! Nothing is decided and nothing recorded. A form may be half filled in: what does not fit is told beside it, what is
//! no longer asked is left out, and the rest is reckoned with.
//! Source: `docs/pack.md`, "Registers", "Fields".

use super::step::Opening;
use super::{Acting, Deciding, Overlay};
use crate::around::Around;
use crate::case::Case;
use crate::command::Fill;
use crate::event::Rooted;
use crate::refusal::Refusal;
use crate::state::State;
use crate::view::View;
use model::{Evidence, Person, RecordId, Told};
use regulation::{
    Expr, Field, FieldId, Group, Kind, Member, Name, Piece, RecordAttribute, Reference, Register, RegisterId,
    StepId, Template, Unfit, Value,
};

/// Where a value within a text came from.
#[derive(Debug, Clone, Copy)]
pub enum Origin<'p> {
    /// A field of this kind.
    Field(&'p Kind),
    /// The state of a record of this register.
    State(&'p Register),
    /// Something reckoned.
    Other,
}

/// How values are written within a text.
pub trait Spell {
    /// A value, in both languages.
    fn spell(&self, value: &Value, origin: Origin<'_>) -> Told;
}

/// What is being filled in.
#[derive(Debug, Clone, Copy)]
pub enum Filling<'c> {
    /// The form of an opening step.
    Open {
        /// The register.
        register: &'c RegisterId,
        /// The step.
        step: &'c StepId,
    },
    /// The form of a step of a record.
    Take {
        /// The record.
        record: RecordId,
        /// The step.
        step: &'c StepId,
    },
}

/// A form as it stands.
#[derive(Debug, Clone)]
pub struct Form<'p> {
    /// The record as it would stand.
    pub case: Case,
    /// The register.
    pub register: &'p Register,
    /// The step.
    pub step: &'p regulation::Step,
    /// What the step asks, and what is reckoned from it, in the order of the register.
    pub asks: Vec<Asking<'p>>,
    /// What does not fit its field.
    pub unfit: Vec<Unfit>,
    /// The least signature, as the record would be graded.
    pub least: Evidence,
    /// Is it asked when it happened?
    pub when: bool,
}

/// A question of a form.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'p> {
    /// The field.
    pub field: &'p Field,
    /// The group it stands in.
    pub group: Option<&'p Group>,
    /// Is it asked, as things stand?
    pub shown: bool,
    /// Must it be answered, as things stand?
    pub required: bool,
}

/// The title of a record.
///
/// # Errors
/// Its pack is not loaded; a condition of the pack has no answer.
pub fn title(around: Around<'_>, case: &Case, spell: &dyn Spell) -> Result<Told, Refusal> {
    let mut never = || RecordId::from_bytes([0; 16]);
    let deciding = Deciding::showing(around, &mut never);
    let register = deciding.register(case)?;
    let view = deciding.view(case, Acting { person: None, reason: None })?;
    written(&view, register, &register.title, spell)
}

/// A form of a person's as it stands when `fill` is filled in; `start`: what is offered at first is filled in too.
///
/// # Errors
/// There is no such record, register or step; a condition of the pack has no answer.
pub fn form<'p>(
    around: Around<'p>,
    by: &Person,
    filling: Filling<'_>,
    fill: &Fill,
    start: bool,
) -> Result<Form<'p>, Refusal> {
    let mut never = || RecordId::from_bytes([0; 16]);
    let deciding = Deciding::showing(around, &mut never);
    let acting = Acting { person: Some(by), reason: None };
    let (before, step) = deciding.before(filling, by)?;
    let no_such = |what: &dyn std::fmt::Display| Refusal::NoSuch(what.to_string());
    let rules = around.shelf.version(before.version).ok_or(Refusal::VersionMissing(before.version))?;
    let register = rules.registers.get(&before.register).ok_or_else(|| no_such(&before.register))?;
    let step = register.flow.step(step.as_str()).ok_or_else(|| no_such(step))?;
    let asked = |id: &FieldId| step.fields.contains(id);
    let (mut good, mut unfit) = (Fill::new(), Vec::new());
    for (id, json) in fill.iter().filter(|(id, _)| asked(id)) {
        let Some(field) = register.field(id.as_str()) else { continue };
        match field.admit(json) {
            _ if json.is_null() => drop(good.insert(id.clone(), json.clone())),
            Ok(_) => drop(good.insert(id.clone(), json.clone())),
            Err(refused) => unfit.push(refused),
        }
    }
    let mut case = deciding.leniently(&before, &mut good, &step.fields, acting)?;
    if start {
        for field in register.fields.iter().filter(|field| asked(&field.id)) {
            let Some(offered) = &field.start else { continue };
            if fill.contains_key(&field.id) || case.content.0.contains_key(&field.id) {
                continue;
            }
            if let Some(value) = deciding.view(&case, acting)?.value(offered)? {
                good.insert(field.id.clone(), value.to_json());
                case = deciding.leniently(&before, &mut good, &step.fields, acting)?;
            }
        }
    }
    let view = View { old: Some(&before.content), ..deciding.view(&case, acting)? };
    let mut asks = Vec::new();
    for field in register.fields.iter().filter(|field| asked(&field.id) || reckoned_from(field, step)) {
        let group = register.groups.iter().find(|group| group.fields.contains(&field.id));
        let shown = super::content::shown(&view, register, field)?;
        let required = shown && view.applies(&field.required)?;
        asks.push(Asking { field, group, shown, required });
    }
    let least = deciding.least(&case, step)?;
    let when = match filling {
        Filling::Open { .. } => register.late.is_some(),
        Filling::Take { .. } => super::step::asks_when(&before, register),
    };
    Ok(Form { case, register, step, asks, unfit, least, when })
}

/// May a reference field of a record, as it stands, name this record?
///
/// # Errors
/// A condition of the pack has no answer.
pub fn may_refer(
    around: Around<'_>,
    case: &Case,
    field: &Field,
    by: &Person,
    to: RecordId,
) -> Result<bool, Refusal> {
    let Kind::Reference { register, only, .. } = &field.kind else { return Ok(false) };
    if around.records.case(to).is_none_or(|other| other.register != *register) {
        return Ok(false);
    }
    let Some(only) = only else { return Ok(true) };
    let mut never = || RecordId::from_bytes([0; 16]);
    let deciding = Deciding::showing(around, &mut never);
    let target = Some(Reference { register: register.clone(), record: to });
    let view = View { target, ..deciding.view(case, Acting { person: Some(by), reason: None })? };
    Ok(only.holds(&view)?.unwrap_or(false))
}

impl<'a> Deciding<'a> {
    fn showing(around: Around<'a>, fresh: &'a mut dyn FnMut() -> RecordId) -> Self {
        let overlay = Overlay { base: around.records, state: State::default() };
        Deciding { around, overlay, events: Vec::new(), fresh, depth: 0, rehearsal: true }
    }

    /// The record before anything of the form is filled in, and the step.
    fn before<'c>(&self, filling: Filling<'c>, by: &Person) -> Result<(Case, &'c StepId), Refusal> {
        match filling {
            Filling::Open { register, step } => {
                let fill = Fill::new();
                let opening = Opening {
                    record: RecordId::from_bytes([0; 16]),
                    register,
                    step,
                    version: self.around.shelf.current().version,
                    unit: by.unit,
                    fill: &fill,
                    occurred_at: None,
                    late_reason: None,
                    rooted: Rooted::default(),
                };
                let (case, _, _) = self.blank(&opening, Acting { person: Some(by), reason: None })?;
                Ok((case, step))
            }
            Filling::Take { record, step } => {
                let case = self.case(record)?;
                let known = self.register(&case)?.flow.step(step.as_str());
                known.filter(|step| !step.opens()).ok_or_else(|| Refusal::NoSuch(step.to_string()))?;
                Ok((case.as_ref().clone(), step))
            }
        }
    }

    /// The case with `fill` in it; what is not asked, as things stand, leaves `fill`.
    fn leniently(
        &self,
        before: &Case,
        fill: &mut Fill,
        asked: &[FieldId],
        acting: Acting<'_>,
    ) -> Result<Case, Refusal> {
        loop {
            match self.filled(before, fill, asked, acting) {
                Err(Refusal::NotAsked(field)) if fill.remove(&field).is_some() => {}
                filled => return filled,
            }
        }
    }
}

/// Is it reckoned from what the step asks? Then it is shown beside it.
fn reckoned_from(field: &Field, step: &regulation::Step) -> bool {
    let Kind::Computed { value } = &field.kind else { return false };
    let names = value.names();
    names.iter().any(|name| matches!(name, Name::Field(id) if step.fields.contains(id)))
}

pub(super) fn written(
    view: &View<'_>,
    register: &Register,
    template: &Template,
    spell: &dyn Spell,
) -> Result<Told, Refusal> {
    let write = |pieces: &[Piece], of: fn(Told) -> String| -> Result<String, Refusal> {
        let mut text = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(words) => text.push_str(words),
                Piece::Value(condition) => match view.value(condition)? {
                    None => text.push('—'),
                    Some(value) => {
                        text.push_str(&of(spell.spell(&value, origin(view, register, condition.expr()))));
                    }
                },
            }
        }
        Ok(text)
    };
    Ok(Told::new(write(&template.zh, |told| told.zh)?, write(&template.en, |told| told.en)?))
}

/// Where the value of an expression comes from, as far as that is plain.
fn origin<'p>(view: &View<'p>, register: &'p Register, expr: &Expr) -> Origin<'p> {
    match expr {
        Expr::Name(Name::Record(RecordAttribute::State)) => Origin::State(register),
        Expr::Member(of, Member::Record(RecordAttribute::State)) => {
            referred(view, register, of).map_or(Origin::Other, Origin::State)
        }
        expr => field(view, register, expr).map_or(Origin::Other, |field| Origin::Field(&field.kind)),
    }
}

fn field<'p>(view: &View<'p>, register: &'p Register, expr: &Expr) -> Option<&'p Field> {
    match expr {
        Expr::Name(Name::Field(id)) => register.field(id.as_str()),
        Expr::Member(of, Member::Field(id)) => referred(view, register, of)?.field(id.as_str()),
        _ => None,
    }
}

/// The register an expression refers to.
fn referred<'p>(view: &View<'p>, register: &'p Register, expr: &Expr) -> Option<&'p Register> {
    match &field(view, register, expr)?.kind {
        Kind::Reference { register, .. } => view.rules.registers.get(register),
        _ => None,
    }
}
