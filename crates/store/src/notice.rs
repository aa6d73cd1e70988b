//! Notices: who is told what, and who has read it.
//!
//! A notice to a role is for whoever holds the role there now.

use crate::error::StoreError;
use crate::sql::{Row, Sql, Value};
use casework::{Directory, EntryNumber};
use model::{Instant, PersonId, RecordId, UnitId};
use regulation::RoleId;

/// A notice as its reader sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The entry that told.
    pub entry: EntryNumber,
    /// The record it is about.
    pub record: RecordId,
    /// When.
    pub at: Instant,
    /// What, in Traditional Chinese.
    pub zh: String,
    /// What, in English.
    pub en: String,
    /// Has this reader read it?
    pub read: bool,
}

impl Sql {
    /// The record of a notice that is for this person, and whether the person has not read it yet.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn notice_for(
        &mut self,
        notice: EntryNumber,
        person: PersonId,
        roster: &dyn Directory,
    ) -> Result<Option<(RecordId, bool)>, StoreError> {
        let text = "SELECT r.record FROM notice n JOIN record r ON r.opened = n.opened WHERE n.entry = $1";
        let Some(row) = self.row(text, &[notice.0.into()])? else { return Ok(None) };
        let record = row.text(0).and_then(|text| text.parse().ok());
        let record = record.ok_or_else(|| StoreError::damaged("record", format!("{row:?}")))?;
        let to = self
            .rows("SELECT person, role, unit, above FROM notice_to WHERE entry = $1", &[notice.0.into()])?;
        if !to.iter().any(|row| is_for(row, person, roster)) {
            return Ok(None);
        }
        let read = "SELECT 1 FROM notice_read WHERE entry = $1 AND person = $2";
        let read = self.row(read, &[notice.0.into(), person.to_string().into()])?;
        Ok(Some((record, read.is_none())))
    }

    /// Notices for a person, the newest first; `roles` are those held, with their units (none: everywhere).
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn notices(
        &mut self,
        person: PersonId,
        roles: &[(RoleId, Option<UnitId>)],
        roster: &dyn Directory,
        most: usize,
    ) -> Result<Vec<Notice>, StoreError> {
        let mut values: Vec<Value> = vec![person.to_string().into()];
        let mut parts = vec!["person = $1".to_owned()];
        for (role, _) in roles {
            values.push(role.as_str().into());
            parts.push(format!("role = ${}", values.len()));
        }
        values.push(person.to_string().into());
        let reader = values.len();
        values.push((most * 4).into());
        let text = format!(
            "SELECT n.entry, r.record, n.at, n.zh, n.en, d.person FROM notice n JOIN record r ON r.opened = n.opened \
             LEFT JOIN notice_read d ON d.entry = n.entry AND d.person = ${reader} \
             WHERE n.entry IN (SELECT entry FROM notice_to WHERE {}) ORDER BY n.entry DESC LIMIT ${}",
            parts.join(" OR "),
            values.len()
        );
        // Holders are numbered by first appearance: the reader's comes before those of the inner statement.
        let (text, values) = renumbered(&text, values);
        let mut found = Vec::new();
        for row in self.rows(&text, &values)? {
            let notice = notice(&row).ok_or_else(|| StoreError::damaged("notice", format!("{row:?}")))?;
            if found.len() < most && self.notice_for(notice.entry, person, roster)?.is_some() {
                found.push(notice);
            }
        }
        Ok(found)
    }
}

fn notice(row: &Row) -> Option<Notice> {
    Some(Notice {
        entry: EntryNumber(u64::try_from(row.int(0)?).ok()?),
        record: row.text(1)?.parse().ok()?,
        at: row.text(2)?.parse().ok()?,
        zh: row.text(3)?.to_owned(),
        en: row.text(4)?.to_owned(),
        read: row.text(5).is_some(),
    })
}

fn is_for(row: &Row, person: PersonId, roster: &dyn Directory) -> bool {
    match (row.text(0).filter(|text| !text.is_empty()), row.text(1).filter(|text| !text.is_empty())) {
        (Some(one), _) => one == person.to_string(),
        (None, Some(role)) => {
            let Ok(role) = role.parse::<RoleId>() else { return false };
            let unit = row.text(2).and_then(|text| text.parse().ok());
            roster.holders(&role, unit, row.int(3) == Some(1)).contains(&person)
        }
        (None, None) => false,
    }
}

/// The statement with its holders numbered by first appearance, and the values in that order.
fn renumbered(text: &str, values: Vec<Value>) -> (String, Vec<Value>) {
    let (mut out, mut order): (String, Vec<usize>) = (String::new(), Vec::new());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, from) = rest.split_at(at);
        let digits = from.get(1..).unwrap_or_default();
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        let (number, behind) = digits.split_at(end);
        let number: usize = number.parse().unwrap_or(0);
        let place = order.iter().position(|one| *one == number).unwrap_or_else(|| {
            order.push(number);
            order.len() - 1
        });
        out.push_str(before);
        out.push_str(&format!("${}", place + 1));
        rest = behind;
    }
    out.push_str(rest);
    let picked = order.iter().filter_map(|number| values.get(number.checked_sub(1)?).cloned()).collect();
    (out, picked)
}
