//! Fields of one register: asked somewhere, sealed where sealed; records the system opens are whole.

use super::Whole;
use crate::condition::{Condition, Expr, Name};
use crate::field::{Field, Kind, When};
use crate::flow::Effect;
use crate::label::{Piece, Template};
use crate::read::Context;
use crate::register::{GradeRule, Register, RetentionStart};
use crate::word::{FieldId, GradeId, RegisterId, StepId};

pub(super) fn check(register: &Register, context: &Context<'_>) {
    sealed(register, context);
    unasked(register, context);
}

/// A sealed field is never listed, sorted, indexed, compared among records or put into a title.
fn sealed(register: &Register, context: &Context<'_>) {
    let mut uses: Vec<(&FieldId, &str, &str, &str)> = Vec::new();
    uses.extend(register.list.columns.iter().map(|field| (field, "columns", "列於清單", "listed")));
    uses.extend(register.list.sort.iter().map(|sort| (&sort.field, "sort", "用於排序", "sorted by")));
    uses.extend(register.search.iter().map(|field| (field, "search", "列入索引", "indexed")));
    uses.extend(
        register
            .reading
            .parties
            .iter()
            .map(|field| (field, "parties", "用於閱覽權限", "used to decide who reads")),
    );
    if let RetentionStart::Field(field) = &register.retention.from {
        uses.push((field, "retention", "用於保存期限", "used for retention"));
    }
    for unique in &register.uniques {
        uses.extend(
            unique.fields.iter().map(|field| (field, "fields", "用於比對重複", "compared among records")),
        );
    }
    for (field, key, zh, en) in uses {
        if is_sealed(register, field) {
            let place = context.place(&format!("{}/{key}/{field}", register.id));
            context.problem(
                place,
                format!("加密欄位「{field}」不得{zh}"),
                format!("the sealed field {field} cannot be {en}"),
            );
        }
    }
    for field in title_fields(&register.title) {
        if is_sealed(register, &field) {
            let zh = format!("加密欄位「{field}」不得列於標題");
            context.problem(
                context.place(register.id.as_str()),
                zh,
                format!("the sealed field {field} cannot be in the title"),
            );
        }
    }
    for field in register.fields.iter().filter(|field| !field.sealed) {
        let Kind::Computed { value } = &field.kind else { continue };
        if let Some(secret) = names_of(value).find(|name| is_sealed(register, name)) {
            let place = context.place(&format!("{}/field/{}", register.id, field.id));
            let zh = format!("「{}」由加密欄位「{secret}」計算,須一併加密", field.id);
            let en =
                format!("{} is reckoned from the sealed field {secret} and must be sealed too", field.id);
            context.problem(place, zh, en);
        }
    }
}

fn is_sealed(register: &Register, id: &FieldId) -> bool {
    register.field(id.as_str()).is_some_and(|field| field.sealed)
}

fn title_fields(title: &Template) -> Vec<FieldId> {
    let pieces = title.zh.iter().chain(&title.en);
    let conditions = pieces.filter_map(|piece| match piece {
        Piece::Value(condition) => Some(condition),
        Piece::Text(_) => None,
    });
    let mut fields: Vec<FieldId> = conditions.flat_map(names_of).collect();
    fields.sort();
    fields.dedup();
    fields
}

fn names_of(condition: &Condition) -> impl Iterator<Item = FieldId> {
    let mut fields = Vec::new();
    condition.expr().visit(&mut |expr| {
        if let Expr::Name(Name::Field(field) | Name::Old(field)) = expr {
            fields.push(field.clone());
        }
    });
    fields.into_iter()
}

/// A field that no step asks and no effect sets would stay empty for ever.
fn unasked(register: &Register, context: &Context<'_>) {
    let steps = &register.flow.steps;
    for field in register.fields.iter().filter(|field| !matches!(field.kind, Kind::Computed { .. })) {
        let asked = steps.iter().any(|step| step.fields.contains(&field.id));
        let opened_by_system = steps.iter().any(|step| step.opens() && step.by_system());
        let set = steps
            .iter()
            .flat_map(|step| &step.then)
            .map(|follow| &follow.effect)
            .any(|effect| sets(effect, &field.id))
            || register
                .flow
                .clocks
                .iter()
                .flat_map(|clock| &clock.then)
                .any(|one| sets(&one.effect, &field.id));
        if !asked && !set && !opened_by_system {
            let place = context.place(&format!("{}/field/{}", register.id, field.id));
            context.problem(
                place,
                format!("沒有步驟詢問欄位「{}」", field.id),
                format!("no step asks the field {}", field.id),
            );
        }
    }
}

/// Records of a grade that is kept on paper have an entry here only where the register says what is in it.
pub(super) fn on_paper(register: &Register, whole: &Whole<'_>, context: &Context<'_>) {
    let height = |id: &GradeId| whole.grades.iter().position(|grade| grade.id == *id);
    let (highest, name) = match &register.grade {
        GradeRule::Fixed(grade) => (height(grade), register.id.to_string()),
        GradeRule::Field { field, .. } => {
            let most = match register.field(field.as_str()).map(|field| &field.kind) {
                Some(Kind::Grade { most: Some(most), .. }) => height(most),
                _ => whole.grades.len().checked_sub(1),
            };
            (most, format!("{}/field/{field}", register.id))
        }
    };
    let paper = whole.grades.iter().enumerate().find(|(_, grade)| grade.paper);
    if let (Some((least, grade)), Some(highest), None) = (paper, highest, &register.paper)
        && highest >= least
    {
        let zh = format!(
            "「{}」以上之紀錄以紙本保存;請以 [paper] 訂明得登錄之欄位,或以 most 限制等級",
            grade.label.zh()
        );
        let en = format!(
            "records of the grade {} and above are kept on paper; say in [paper] what may be filled in, or set most",
            grade.id
        );
        context.problem(context.place(&name), zh, en);
    }
}

fn sets(effect: &Effect, field: &FieldId) -> bool {
    matches!(effect, Effect::Set(set) if set.iter().any(|(one, _)| one == field))
}

/// Records the system opens have every field that must be filled in; what destroys stands where it may.
pub(super) fn openings(whole: &Whole<'_>, context: &Context<'_>) {
    for (name, effect) in whole.effects() {
        match effect {
            Effect::Open { register, step, set } => lacking(whole, register, step, set, &name, context),
            Effect::Destroy { .. } => {
                let owner = name.split('/').next();
                if whole.complete && owner != whole.destruction.map(RegisterId::as_str) {
                    let zh = "銷毀僅能由規範所定之銷毀登記簿(pack.toml 之 destruction)辦理";
                    let en = "only the pack's register of destruction (destruction in pack.toml) destroys";
                    context.problem(context.place(&name), zh, en);
                }
            }
            _ => {}
        }
    }
    for duty in whole.duties.values() {
        lacking(whole, &duty.register, &duty.step, &duty.set, &format!("duty/{}", duty.id), context);
    }
}

fn lacking(
    whole: &Whole<'_>,
    register: &RegisterId,
    step: &StepId,
    set: &[(FieldId, Condition)],
    name: &str,
    context: &Context<'_>,
) {
    let Some(register) = whole.registers.get(register).filter(|_| whole.complete) else { return };
    let Some(step) = register.flow.step(step.as_str()) else { return };
    let must = |field: &&Field| matches!(field.required, When::Always) && matches!(field.show, When::Always);
    let asked = register.fields.iter().filter(|field| step.fields.contains(&field.id));
    for field in asked.filter(must).filter(|field| field.start.is_none()) {
        if set.iter().all(|(given, _)| *given != field.id) {
            let zh = format!("開立「{}」時未給必填欄位「{}」", register.id, field.id);
            let en = format!("a record of {} is opened without its required field {}", register.id, field.id);
            context.problem(context.place(name), zh, en);
        }
    }
}
