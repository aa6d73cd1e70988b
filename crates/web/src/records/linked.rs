//! What a record is linked with: what it names, what names it, what it has opened and comes from.
//!
//! Invariant: what somebody may not see and the record itself names is told as such, without a name; what names the
//! record from elsewhere and is not theirs to see is not told at all.

use super::Opened;
use super::history::label;
use crate::alarms;
use crate::component::Pill;
use crate::error::PageError;
use crate::look::Look;
use crate::names::Named;
use casework::Case;
use model::RecordId;
use regulation::{Field, Kind, Value};
use std::sync::Arc;

/// A record beside this one.
pub(crate) struct Linked {
    /// How they belong together.
    pub(crate) how: String,
    /// Which.
    pub(crate) to: RecordId,
    /// What it is, where it may be seen.
    pub(crate) case: Option<Arc<Case>>,
}

/// The same for a page.
pub(super) struct LinkView {
    pub(super) how: String,
    pub(super) record: Named,
    pub(super) register: String,
    pub(super) state: Option<Pill<'static>>,
}

impl Linked {
    fn of(look: &Look<'_>, how: String, to: RecordId) -> Self {
        Self { how, to, case: look.sees(to).then(|| look.case(to)).flatten() }
    }

    pub(super) fn shown(&self, look: &Look<'_>) -> LinkView {
        let register = self.case.as_ref().and_then(|case| look.register(case));
        let state = self.case.as_ref().zip(register);
        LinkView {
            how: self.how.clone(),
            record: look.record(self.to),
            register: register.map(|one| look.cx.label(&one.label).to_owned()).unwrap_or_default(),
            state: state.map(|(case, register)| Pill::state(look.state(register, &case.state), case.ending)),
        }
    }
}

/// Most records that name this one.
const MOST: usize = 200;

/// Everything a record is linked with.
pub(crate) fn links(look: &Look<'_>, opened: &Opened<'_>) -> Result<Vec<Linked>, PageError> {
    let (cx, case) = (look.cx, &opened.case);
    let mut links = Vec::new();
    if let Some(origin) = &case.origin {
        links.push(Linked::of(look, cx.t("緣由", "Comes from").to_owned(), origin.record));
    }
    for field in &opened.register.fields {
        let how = cx.label(&field.label).to_owned();
        links.extend(named_by(case, field).into_iter().map(|record| Linked::of(look, how.clone(), record)));
    }
    for one in &case.links {
        let how = match &one.step {
            Some(step) => look.step(opened.register, step),
            None => cx.t("由期限或定期工作產生", "By a clock or a duty").to_owned(),
        };
        links.push(Linked::of(look, how, one.to.record));
    }
    for mention in look.sql(|sql| sql.mentions(case.record, MOST))? {
        let there = case.links.iter().any(|one| one.to.record == mention.by);
        if (there && mention.field.is_none()) || !look.sees(mention.by) {
            continue;
        }
        let Some(by) = look.case(mention.by) else { continue };
        let how = match &mention.field {
            None => cx.t("關聯", "Linked").to_owned(),
            Some(field) => {
                let field = label(look, look.register(&by), field);
                format!("{}{field}{}", cx.t("其「", "names it as "), cx.t("」為本紀錄", ""))
            }
        };
        links.push(Linked::of(look, how, mention.by));
    }
    Ok(links)
}

/// The alarms for which a record was opened, to whoever sees alarms.
///
/// # Errors
/// The tables failed.
pub(super) fn alarms_of(look: &Look<'_>, record: RecordId) -> Result<Vec<LinkView>, PageError> {
    let cx = look.cx;
    if !cx.may_see_alarms() {
        return Ok(Vec::new());
    }
    let view = |alarm: store::AlarmRow| LinkView {
        how: cx.t("緣由", "Comes from").to_owned(),
        record: alarms::named(look, &alarm),
        register: cx.t("告警", "Alarms").to_owned(),
        state: Some(alarms::state_pill(cx, alarm.state())),
    };
    let seen = alarms::seen_of(look)?;
    let alarms = look.sql(|sql| sql.alarms_of(record))?;
    Ok(alarms.into_iter().filter(|alarm| seen.holds(alarm)).map(view).collect())
}

/// Records a field names.
pub(crate) fn named_by(case: &Case, field: &Field) -> Vec<RecordId> {
    if !matches!(field.kind, Kind::Reference { .. }) {
        return Vec::new();
    }
    let value = case.content.0.get(&field.id).and_then(|json| field.of().read(json).ok());
    match value {
        Some(Value::Reference(one)) => vec![one.record],
        Some(Value::List(list)) => {
            let record = |value: &Value| match value {
                Value::Reference(one) => Some(one.record),
                _ => None,
            };
            list.iter().filter_map(record).collect()
        }
        _ => Vec::new(),
    }
}
