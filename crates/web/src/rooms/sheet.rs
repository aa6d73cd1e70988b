//! The curves of a room's air on the page of the sheet of one of its days: a record that belongs to a room and says of
//! which day it tells.
//!
//! Invariant: whoever may not see the room sees no curve of it; what could not be reckoned is said, and is no empty curve.
//! Source: clauses 3.2.1, 3.5.1; `docs/pack.md`, "The pack".

use super::{Curve, STEP, air, notices, path};
use crate::component::{Notice, Tone};
use crate::cx::Cx;
use crate::error::PageError;
use crate::look::Look;
use askama::Template;
use casework::Case;
use model::Instant;
use regulation::{FieldId, TimeOfDay, Value};
use std::ops::Range;

/// A room and a day of it.
pub(crate) struct Sheet {
    code: String,
    within: Range<Instant>,
}

/// The curves of that day.
#[derive(Template)]
#[template(path = "rooms/sheet.html")]
pub(crate) struct SheetAir<'a> {
    cx: &'a Cx,
    notices: Vec<Notice<'a>>,
    curves: Vec<Curve<'a>>,
    /// The room's page.
    room: String,
}

impl askama::filters::HtmlSafe for SheetAir<'_> {}

impl Sheet {
    /// Of which room and day a record tells; none where it tells of none, or the room is not theirs to see.
    pub(crate) fn of(look: &Look<'_>, case: &Case) -> Result<Option<Self>, PageError> {
        let Some(rooms) = &look.pack.rooms else { return Ok(None) };
        let Some(of) = rooms.beside.iter().find(|of| of.register == case.register) else { return Ok(None) };
        let Some(Value::Date(day)) = of.day.as_ref().and_then(|day| value(look, case, day)) else {
            return Ok(None);
        };
        let Some(Value::Reference(room)) = value(look, case, &of.room) else { return Ok(None) };
        let Some(room) = look.case(room.record).filter(|room| look.sees(room.record)) else {
            return Ok(None);
        };
        let Some(Value::Text(code)) = value(look, &room, &rooms.code) else { return Ok(None) };
        let zone = look.cx.zone()?;
        let midnight = |day| zone.moment(day, TimeOfDay::START);
        Ok(Some(Self { code: code.to_string(), within: midnight(day)..midnight(day.plus_days(1)) }))
    }

    /// Reckons the curves. Files of lines take their time: no table is looked at meanwhile.
    pub(crate) fn air(self, cx: &Cx) -> SheetAir<'_> {
        let room = path(&[&self.code]);
        match cx.site.lines().readings(self.within.clone(), STEP) {
            Ok(readings) => {
                let curves = air(cx, &self.code, &readings, &self.within);
                SheetAir { cx, notices: notices(cx, &readings), curves, room }
            }
            // The sheet is shown all the same: what people have written does not hang on it.
            Err(told) => {
                let notice = Notice::new(cx, Tone::Warning, cx.language.told(&told).to_owned());
                SheetAir { cx, notices: vec![notice], curves: Vec::new(), room }
            }
        }
    }
}

/// What a case holds in a field of its register.
fn value(look: &Look<'_>, case: &Case, field: &FieldId) -> Option<Value> {
    let field = look.register(case)?.field(field.as_str())?;
    field.of().read(case.content.0.get(&field.id)?).ok()
}
