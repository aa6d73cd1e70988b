//! Forms of the pack's steps: what was posted becomes what is filled in; what is asked becomes questions.
//!
//! Which questions are asked, and which must be answered, is reckoned by `casework` on the record as it would stand.
//! Names in a form: `f.<field>`, `f.<table>.<row>.<column>`, `f.<checklist>.<item>` with `.note`; `.q` what is sought,
//! `.new` a file handed in, `.row` the number of a row. `_do` is the button that was pressed.
//! Invariant: what somebody typed is never lost, whether or not it reads.
//! Does not: decide, sign, or file anything.
//! Source: `docs/pack.md`, "Fields", "Groups of questions".

mod ask;
mod fill;
mod posted;

use crate::look::Look;
use casework::{Fill, Filling, Form};
use desk::Refused;
use model::{Person, Told};
use regulation::FieldId;
use std::collections::BTreeMap;

pub use ask::sections;
pub use fill::{fill, pairs};
pub use posted::{Doing, Posted};

use crate::error::PageError;

/// What is wrong with answers, by the field's id.
pub type Wrong = BTreeMap<FieldId, Told>;

/// The name of a field in a form.
#[must_use]
pub fn name(field: &FieldId) -> String {
    format!("f.{field}")
}

/// A form as it stands: what is asked, with the record as it would be.
///
/// # Errors
/// There is no such record or step; a condition of the pack has no answer.
pub fn stand<'l>(
    look: &'l Look<'_>,
    by: &Person,
    filling: Filling<'_>,
    fill: &Fill,
    start: bool,
) -> Result<Form<'l>, PageError> {
    Ok(casework::form(look.around(), by, filling, fill, start)?)
}

/// What of a form does not fit its fields, told at them.
#[must_use]
pub fn unfit(form: &Form<'_>) -> Wrong {
    form.unfit.iter().map(|one| (one.field.clone(), told(one))).collect()
}

/// What of a refusal is about answers. What is not is told above the form.
#[must_use]
pub fn wrong(refused: &Refused) -> Wrong {
    use casework::Refusal as R;
    let missing = || Told::new("本欄必填", "This must be answered");
    let Refused::Casework(refusal) = refused else { return Wrong::new() };
    match refusal {
        R::Fields(list) => list.iter().map(|one| (one.field.clone(), told(one))).collect(),
        R::MissingFields(fields) => fields.iter().map(|field| (field.clone(), missing())).collect(),
        R::MissingDocument(field) => {
            [(field.clone(), Told::new("請附上本項文件", "This document is asked for"))].into()
        }
        R::FileMissing(field) => {
            let told =
                Told::new("檔案已不在暫存區，請重新上傳", "The file is no longer there; hand it in again");
            [(field.clone(), told)].into()
        }
        R::NotAsked(field) => {
            let told = Told::new("本步驟不得填寫或變更本欄", "This is not asked for here");
            [(field.clone(), told)].into()
        }
        R::OnPaper(fields) => {
            let told = Told::new(
                "本案以紙本保存，本欄不得填寫",
                "The record is kept on paper; this may not be filled in",
            );
            fields.iter().map(|field| (field.clone(), told.clone())).collect()
        }
        _ => Wrong::new(),
    }
}

/// Why an answer does not fit, with its place inside the answer.
fn told(unfit: &regulation::Unfit) -> Told {
    let place = unfit.path.trim_start_matches('.');
    match place.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((row, _)) => {
            let row = row.parse::<usize>().map_or(0, |row| row + 1);
            Told::new(format!("第 {row} 項：{}", unfit.zh), format!("No. {row}: {}", unfit.en))
        }
        None => Told::new(unfit.zh.clone(), unfit.en.clone()),
    }
}
