//! What a record holds: values filled in, what is asked, what must hold, what is reckoned.

use super::{Acting, Deciding};
use crate::around::{Records, Seek};
use crate::case::{Case, Content};
use crate::command::Fill;
use crate::refusal::Refusal;
use crate::view::{View, flat};
use model::{Evidence, Person, RecordId};
use regulation::{End, Field, FieldId, GradeId, GradeRule, Kind, Register, Unfit, Value, When};
use std::collections::BTreeSet;

impl Deciding<'_> {
    /// The case with `fill` in its content; `asked` are the fields that may be filled in here.
    pub(super) fn filled(
        &self,
        case: &Case,
        fill: &Fill,
        asked: &[FieldId],
        acting: Acting<'_>,
    ) -> Result<Case, Refusal> {
        let register = self.register(case)?;
        let mut next = case.clone();
        let mut unfit = Vec::new();
        for (id, json) in fill {
            let field = register.field(id.as_str()).filter(|_| asked.contains(id));
            let field = field.ok_or_else(|| Refusal::NotAsked(id.clone()))?;
            if json.is_null() {
                next.content.0.remove(id);
                continue;
            }
            match field.admit(json) {
                Ok(value) if value.is_filled() => {
                    next.content.0.insert(id.clone(), value.to_json());
                }
                Ok(_) => {
                    next.content.0.remove(id);
                }
                Err(refused) => unfit.push(refused),
            }
        }
        if !unfit.is_empty() {
            return Err(Refusal::Fields(unfit));
        }
        self.reckon_runs(&mut next)?;
        // What is shown may rest on what is reckoned, and what is reckoned on what is shown.
        next.reckoned = self.reckon(&next)?;
        while self.hide(&mut next, asked, fill, acting)? {
            next.reckoned = self.reckon(&next)?;
        }
        self.regrade(&mut next)?;
        Ok(next)
    }

    /// What is no longer asked, because of another answer, is no longer held. Was there any?
    fn hide(
        &self,
        case: &mut Case,
        asked: &[FieldId],
        fill: &Fill,
        acting: Acting<'_>,
    ) -> Result<bool, Refusal> {
        let register = self.register(case)?;
        let mut hidden = false;
        for field in register.fields.iter().filter(|field| asked.contains(&field.id)) {
            if case.content.0.contains_key(&field.id) && !shown(&self.view(case, acting)?, register, field)? {
                if fill.contains_key(&field.id) {
                    return Err(Refusal::NotAsked(field.id.clone()));
                }
                case.content.0.remove(&field.id);
                hidden = true;
            }
        }
        Ok(hidden)
    }

    /// Computed fields; one may rest on others, so it is gone over until nothing changes.
    pub(super) fn reckon(&self, case: &Case) -> Result<Content, Refusal> {
        let register = self.register(case)?;
        let mut case = Case { reckoned: Content::default(), ..case.clone() };
        for _ in &register.fields {
            let mut values = Content::default();
            for field in &register.fields {
                if let Kind::Computed { value } = &field.kind {
                    let found = self.view(&case, NOBODY)?.value(value)?;
                    values.0.extend(found.map(|value| (field.id.clone(), value.to_json())));
                }
            }
            if values == case.reckoned {
                break;
            }
            case.reckoned = values;
        }
        Ok(case.reckoned)
    }

    fn regrade(&self, case: &mut Case) -> Result<(), Refusal> {
        let register = self.register(case)?;
        let rules = self.rules(case.version)?;
        let lowest = rules.grades.first().map(|grade| grade.id.clone());
        let by_field = |field: &FieldId| {
            let text = case.content.0.get(field).and_then(serde_json::Value::as_str);
            text.and_then(|text| GradeId::new(text).ok())
        };
        let grade = match &register.grade {
            GradeRule::Fixed(grade) => Some(grade.clone()),
            GradeRule::Field { field, .. } => by_field(field).or(lowest),
        };
        case.grade = grade.ok_or_else(|| Refusal::NoSuch("grade".into()))?;
        let graded = rules.up_to(&case.grade).any(|grade| grade.paper);
        let when = match &register.paper {
            Some(paper) => self.view(case, NOBODY)?.applies(&paper.when)?,
            None => false,
        };
        case.paper = graded || when;
        Ok(())
    }

    /// The least signature on a step of this case.
    pub(super) fn least(&self, case: &Case, step: &regulation::Step) -> Result<Evidence, Refusal> {
        let rules = self.rules(case.version)?;
        let graded = rules.up_to(&case.grade).map(|grade| grade.sign).max().unwrap_or(Evidence::None);
        let two = if super::who::two_person(step) { Evidence::Passkey } else { Evidence::None };
        Ok(step.sign.max(graded).max(two))
    }

    /// Everything that must hold of what would be recorded.
    pub(super) fn check(
        &self,
        before: Option<&Case>,
        case: &Case,
        asked: &[FieldId],
        acting: Acting<'_>,
    ) -> Result<(), Refusal> {
        let register = self.register(case)?;
        self.on_paper(case, register)?;
        let view = View { old: before.map(|case| &case.content), ..self.view(case, acting)? };
        for field in register.fields.iter().filter(|field| asked.contains(&field.id)) {
            self.field_keeps(&view, case, register, field)?;
        }
        let missing = missing(&view, case, register, asked)?;
        if let Some(document) = missing.iter().find(|field| is_document(register, field)) {
            return Err(Refusal::MissingDocument(document.clone()));
        }
        if !missing.is_empty() {
            return Err(Refusal::MissingFields(missing));
        }
        for constraint in &register.constraints {
            if constraint.rule.holds(&view)? == Some(false) {
                let (id, message) = (constraint.id.clone(), constraint.message.clone());
                return Err(Refusal::Broken { id, message });
            }
        }
        self.unique(case, register)?;
        self.grader(before, case, register, acting)
    }

    fn on_paper(&self, case: &Case, register: &Register) -> Result<(), Refusal> {
        if !case.paper {
            return Ok(());
        }
        let keep: &[FieldId] = register.paper.as_ref().map_or(&[], |paper| &paper.keep);
        let grade = match &register.grade {
            GradeRule::Field { field, .. } => Some(field),
            GradeRule::Fixed(_) => None,
        };
        let more = case.content.0.keys().filter(|id| !keep.contains(id) && Some(*id) != grade);
        let more: Vec<FieldId> = more.cloned().collect();
        if more.is_empty() { Ok(()) } else { Err(Refusal::OnPaper(more)) }
    }

    /// Limits that take the record or other records to judge.
    fn field_keeps(
        &self,
        view: &View<'_>,
        case: &Case,
        register: &Register,
        field: &Field,
    ) -> Result<(), Refusal> {
        let Some(json) = case.content.0.get(&field.id) else { return Ok(()) };
        let unfit = |zh: &str, en: &str| {
            let (zh, en) = (zh.to_owned(), en.to_owned());
            Err(Refusal::Fields(vec![Unfit { field: field.id.clone(), path: String::new(), zh, en }]))
        };
        let Ok(value) = field.of().read(json) else { return unfit("內容無法判讀", "it does not read") };
        match (&field.kind, &value) {
            (Kind::Date { min, max }, Value::Date(day)) => {
                let bound = |limit: &Option<regulation::Condition>| match limit {
                    Some(limit) => view.value(limit),
                    None => Ok(None),
                };
                if matches!(bound(min)?, Some(Value::Date(min)) if *day < min) {
                    return unfit("日期過早", "the date is too early");
                }
                if matches!(bound(max)?, Some(Value::Date(max)) if *day > max) {
                    return unfit("日期過晚", "the date is too late");
                }
            }
            (Kind::Grade { least, most }, Value::Grade(grade)) => {
                let height = |id: &GradeId| view.rules.height(id);
                let Some(own) = height(grade) else {
                    return unfit("無此機密等級", "there is no such grade");
                };
                if least.as_ref().and_then(height).is_some_and(|least| own < least)
                    || most.as_ref().and_then(height).is_some_and(|most| own > most)
                {
                    return unfit("機密等級不在範圍內", "the grade is out of range");
                }
            }
            (Kind::Person { role: Some(role), .. }, _) => {
                let holders = self.around.directory.holders(role, None, false);
                let all =
                    flat(value).into_iter().filter_map(crate::view::person).all(|one| holders.contains(&one));
                if !all {
                    return unfit("所列人員不具所需角色", "someone does not hold the role that is asked");
                }
            }
            (Kind::Reference { register: to, only, .. }, _) => {
                // What was named before and was destroyed since may stay named.
                let before = view.old.and_then(|old| old.0.get(&field.id));
                let named = |record: RecordId| before.is_some_and(|before| names(before, record));
                for one in flat(value) {
                    let Value::Reference(reference) = one else { continue };
                    let found = self.overlay.case(reference.record);
                    if found.is_none() && named(reference.record) {
                        continue;
                    }
                    let there = found.is_some_and(|case| case.register == *to);
                    let target = View { target: Some(reference), ..view.clone() };
                    let fits = match only {
                        Some(only) if there => only.holds(&target)?.unwrap_or(false),
                        _ => there,
                    };
                    if !fits {
                        return unfit("所選資料不符條件", "a record that was chosen does not fit");
                    }
                }
            }
            (Kind::Files { .. } | Kind::Photo { .. }, _) => {
                for one in flat(value) {
                    if let Value::File(file) = one
                        && !self.overlay.holds_file(&file.digest)
                    {
                        return Err(Refusal::FileMissing(field.id.clone()));
                    }
                }
            }
            (Kind::Run { .. }, Value::Run(run)) => {
                if let Some((zh, en)) = self.run_keeps(view, case, field, run)? {
                    return unfit(&zh, &en);
                }
            }
            _ => {}
        }
        if shown(view, register, field)? { Ok(()) } else { Err(Refusal::NotAsked(field.id.clone())) }
    }

    fn unique(&self, case: &Case, register: &Register) -> Result<(), Refusal> {
        for unique in &register.uniques {
            let equal: Option<Vec<_>> = unique
                .fields
                .iter()
                .map(|field| case.content.0.get(field).map(|value| (field.clone(), value.clone())))
                .collect();
            let Some(equal) = equal else { continue };
            let counted = |state: &&regulation::State| matches!(state.end, None | Some(End::Done));
            let all = || register.flow.states.iter().filter(counted).map(|state| state.id.clone()).collect();
            let states = if unique.states.is_empty() { all() } else { unique.states.clone() };
            let seek = Seek { register: register.id.clone(), equal, states, but: Some(case.record) };
            if let Some(other) = self.overlay.find(&seek).first() {
                return Err(Refusal::Doubled { other: other.record, message: unique.message.clone() });
            }
        }
        Ok(())
    }

    /// The grade is set by those whom the register names, else by the originator.
    fn grader(
        &self,
        before: Option<&Case>,
        case: &Case,
        register: &Register,
        acting: Acting<'_>,
    ) -> Result<(), Refusal> {
        let GradeRule::Field { field, by } = &register.grade else { return Ok(()) };
        let (Some(before), Some(actor)) = (before, acting.person) else { return Ok(()) };
        if before.content.0.get(field) == case.content.0.get(field) {
            return Ok(());
        }
        let originator = |actor: &Person| before.applicants().any(|one| one == actor.person);
        let may = if by.is_empty() { originator(actor) } else { self.fits_any_rule(before, by, actor)? };
        if may { Ok(()) } else { Err(Refusal::NotAsked(field.clone())) }
    }

    fn fits_any_rule(
        &self,
        case: &Case,
        by: &[regulation::ActorRule],
        actor: &Person,
    ) -> Result<bool, Refusal> {
        let view = self.view(case, Acting { person: Some(actor), reason: None })?;
        self.fits_any(&view, by, actor)
    }
}

/// Nobody acts.
pub(super) const NOBODY: Acting<'static> = Acting { person: None, reason: None };

/// The fields whose values differ.
pub(super) fn changed(before: &Content, after: &Content) -> Vec<FieldId> {
    let all: BTreeSet<&FieldId> = before.0.keys().chain(after.0.keys()).collect();
    all.into_iter().filter(|id| before.0.get(*id) != after.0.get(*id)).cloned().collect()
}

pub(super) fn shown(view: &View<'_>, register: &Register, field: &Field) -> Result<bool, Refusal> {
    let mut groups = register.groups.iter().filter(|group| group.fields.contains(&field.id));
    let group = match groups.next() {
        Some(group) => view.applies(&group.show)?,
        None => true,
    };
    Ok(group && view.applies(&field.show)?)
}

fn missing(
    view: &View<'_>,
    case: &Case,
    register: &Register,
    asked: &[FieldId],
) -> Result<Vec<FieldId>, Refusal> {
    let mut missing = Vec::new();
    for field in register.fields.iter().filter(|field| asked.contains(&field.id)) {
        let kept = register.paper.as_ref().is_some_and(|paper| paper.keep.contains(&field.id));
        let reckoned = matches!(field.kind, Kind::Computed { .. });
        if reckoned || case.content.0.contains_key(&field.id) || (case.paper && !kept) {
            continue;
        }
        if !matches!(field.required, When::Never)
            && shown(view, register, field)?
            && view.applies(&field.required)?
        {
            missing.push(field.id.clone());
        }
    }
    Ok(missing)
}

/// Does a value of references name this record?
fn names(json: &serde_json::Value, record: RecordId) -> bool {
    match json {
        serde_json::Value::Array(list) => list.iter().any(|one| names(one, record)),
        json => json.as_str().is_some_and(|text| text == record.to_string()),
    }
}

fn is_document(register: &Register, field: &FieldId) -> bool {
    let kind = register.field(field.as_str()).map(|field| &field.kind);
    matches!(kind, Some(Kind::Files { .. } | Kind::Photo { .. }))
}
