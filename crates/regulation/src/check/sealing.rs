//! What is sealed stays so, and only what is sealed in the ledger is ever destroyed.
//!
//! A record is sealed when its register keeps it for a time; one kept for ever stands in the ledger in clear, where
//! nothing can be taken away. A sealed field is ciphertext as long as nothing carries its value elsewhere.

use super::Whole;
use crate::clause::{CheckEvidence, Clause, Population};
use crate::condition::{Condition, Expr, Member, Name};
use crate::flow::Effect;
use crate::label::Piece;
use crate::read::Context;
use crate::register::Register;
use crate::value::Type;
use crate::word::FieldId;

pub(super) fn check(whole: &Whole<'_>, context: &Context<'_>) {
    for (name, effect) in whole.effects() {
        if let Effect::Destroy { records } = effect {
            destroyed(whole, records, &name, context);
        }
        let owner = name.split('/').next().and_then(|id| whole.registers.get(id));
        if let Some(secret) = carried(whole, owner, effect) {
            let zh = format!("加密欄位「{secret}」之內容不得帶至未加密之處");
            let en = format!("the sealed field {secret} would be carried to where it is not sealed");
            context.problem(context.place(&name), zh, en);
        }
    }
    for clause in whole.clauses {
        checked(whole, clause, context);
    }
}

/// Figures of checks stand in the ledger and on the board in clear.
fn checked(whole: &Whole<'_>, clause: &Clause, context: &Context<'_>) {
    for check in &clause.checks {
        let Population::Records { register, only, .. } = &check.population else { continue };
        let owner = whole.registers.get(register);
        let judged = match &check.evidence {
            CheckEvidence::Measure { value: condition, .. }
            | CheckEvidence::Newest(condition)
            | CheckEvidence::Share(condition) => Some(condition),
            CheckEvidence::Engine | CheckEvidence::NoneOpen | CheckEvidence::OnTime => None,
        };
        let read = only.iter().chain(judged);
        if let Some(field) = read.into_iter().find_map(|condition| secret(whole, owner, condition)) {
            let (clause, check) = (&clause.id, &check.id);
            let zh = format!("條文 {clause} 之檢核「{check}」不得取用加密欄位「{field}」,其數值係公開記載");
            let en = format!(
                "check {check} of clause {clause} reads the sealed field {field}; its figure would stand in clear"
            );
            context.problem(context.place(&format!("clause/{clause}/{check}")), zh, en);
        }
    }
}

fn destroyed(whole: &Whole<'_>, records: &Condition, name: &str, context: &Context<'_>) {
    let of = if let Type::List(of) = records.of() { of } else { records.of() };
    let Type::Reference(register) = of else { return };
    let Some(register) = whole.registers.get(register).filter(|_| whole.complete) else { return };
    if register.retention.keep.is_none() {
        let zh =
            format!("「{}」永久保存,內容未加密記入帳本,無從銷毀;須先於其 retention 訂明年限", register.id);
        let en = format!(
            "{} is kept for ever and stands in the ledger unsealed, so it cannot be destroyed; say in its retention how long it is kept",
            register.id
        );
        context.problem(context.place(name), zh, en);
    }
}

/// A sealed field whose value the effect would carry to where it is not sealed.
fn carried(whole: &Whole<'_>, owner: Option<&Register>, effect: &Effect) -> Option<FieldId> {
    let secret = |condition: &Condition| secret(whole, owner, condition);
    let set = |to: Option<&Register>, set: &[(FieldId, Condition)]| {
        let open = |field: &FieldId| !to.is_some_and(|to| is_sealed(to, field));
        set.iter().filter(|(field, _)| open(field)).find_map(|(_, value)| secret(value))
    };
    match effect {
        Effect::Change { register, set: values, .. } | Effect::Open { register, set: values, .. } => {
            set(whole.registers.get(register), values)
        }
        Effect::Set(values) => set(owner, values),
        Effect::Hook { give, .. } => give.iter().find_map(|(_, value)| secret(value)),
        Effect::Tell { text, .. } => text.zh.iter().chain(&text.en).find_map(|piece| match piece {
            Piece::Value(value) => secret(value),
            Piece::Text(_) => None,
        }),
        Effect::Destroy { .. } | Effect::Take { .. } => None,
    }
}

/// A sealed field a condition reads, of this record or of one it refers to.
fn secret(whole: &Whole<'_>, owner: Option<&Register>, condition: &Condition) -> Option<FieldId> {
    let mut found = None;
    condition.expr().visit(&mut |expr| {
        let (id, sealed) = match expr {
            Expr::Name(Name::Field(id) | Name::Old(id)) => {
                (id, owner.is_some_and(|owner| is_sealed(owner, id)))
            }
            Expr::Member(_, Member::Field(id)) => (id, sealed_wherever_it_is(whole, id)),
            _ => return,
        };
        if sealed {
            found.get_or_insert_with(|| id.clone());
        }
    });
    found
}

/// Is the field sealed in every register that has one of this name? The tree does not keep whose it is.
fn sealed_wherever_it_is(whole: &Whole<'_>, id: &FieldId) -> bool {
    let mut fields = whole.registers.values().filter_map(|register| register.field(id.as_str())).peekable();
    fields.peek().is_some() && fields.all(|field| field.sealed)
}

fn is_sealed(register: &Register, id: &FieldId) -> bool {
    register.field(id.as_str()).is_some_and(|field| field.sealed)
}
