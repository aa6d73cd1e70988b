//! Notices: who is told what, and who has read it.
//!
//! A notice to a role is for whoever holds the role there now.

use crate::error::StoreError;
use crate::reading::Holders;
use crate::sql::{Row, Sql};
use casework::{Directory, EntryNumber};
use model::{Instant, PersonId, RecordId, UnitId};
use regulation::RoleId;
use std::collections::HashMap;

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

    /// Notices for a person, those before an entry where one is given, the newest first; `roles` are those held, with their units (none: everywhere).
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn notices(
        &mut self,
        person: PersonId,
        roles: &[(RoleId, Option<UnitId>)],
        roster: &dyn Directory,
        before: Option<EntryNumber>,
        most: usize,
    ) -> Result<Vec<Notice>, StoreError> {
        self.snapshot(|sql| {
            let mut found = Vec::new();
            let mut before = before.map_or(i64::MAX, |entry| i64::try_from(entry.0).unwrap_or(i64::MAX));
            // Notices to holders of a role elsewhere may lie in between, however many.
            while found.len() < most {
                let page = sql.notices_before(before, person, roles, most)?;
                let Some((last, _)) = page.last() else { break };
                before = i64::try_from(last.entry.0).unwrap_or(i64::MAX);
                let ours =
                    page.into_iter().filter(|(_, to)| to.iter().any(|row| is_for(row, person, roster)));
                found.extend(ours.map(|(notice, _)| notice));
            }
            found.truncate(most);
            Ok(found)
        })
    }

    /// Notices that may be for a person, with whom they tell: those before an entry, the newest first.
    fn notices_before(
        &mut self,
        before: i64,
        person: PersonId,
        roles: &[(RoleId, Option<UnitId>)],
        most: usize,
    ) -> Result<Vec<(Notice, Vec<Row>)>, StoreError> {
        let mut holders = Holders::default();
        let reader = holders.put(person.to_string());
        let before = holders.put(before);
        let mut addressed = vec![format!(
            "SELECT entry FROM notice_to WHERE person = {reader} AND person <> '' AND entry < {before}"
        )];
        for (role, unit) in roles {
            let role = holders.put(role.as_str());
            // What is for whoever holds it above the unit may be for them, wherever the unit is.
            let here = match unit {
                None => String::new(),
                Some(unit) => format!(" AND (unit IN ('', {}) OR above = 1)", holders.put(unit.to_string())),
            };
            addressed.push(format!(
                "SELECT entry FROM notice_to WHERE role = {role} AND role <> ''{here} AND entry < {before}"
            ));
        }
        let most = holders.put(most.max(PAGE));
        let text = format!(
            "SELECT n.entry, r.record, n.at, n.zh, n.en, d.person FROM notice n JOIN record r ON r.opened = n.opened \
             LEFT JOIN notice_read d ON d.entry = n.entry AND d.person = {reader} \
             WHERE n.entry IN ({}) ORDER BY n.entry DESC LIMIT {most}",
            addressed.join(" UNION ")
        );
        let rows = self.rows(&text, &holders.0)?;
        let damaged = |row: &Row| StoreError::damaged("notice", format!("entry {:?}", row.int(0)));
        let notices: Vec<Notice> =
            rows.iter().map(|row| notice(row).ok_or_else(|| damaged(row))).collect::<Result<_, _>>()?;
        let mut holders = Holders::default();
        let entries = holders.list(notices.iter().map(|notice| notice.entry.0));
        let mut to: HashMap<u64, Vec<Row>> = HashMap::new();
        if !notices.is_empty() {
            let text =
                format!("SELECT person, role, unit, above, entry FROM notice_to WHERE entry IN {entries}");
            for row in self.rows(&text, &holders.0)? {
                to.entry(row.entry(4).unwrap_or(0)).or_default().push(row);
            }
        }
        let mut told = |notice: Notice| {
            let to = to.remove(&notice.entry.0).unwrap_or_default();
            (notice, to)
        };
        Ok(notices.into_iter().map(&mut told).collect())
    }
}

/// Fewest notices looked at together.
const PAGE: usize = 64;

fn notice(row: &Row) -> Option<Notice> {
    Some(Notice {
        entry: EntryNumber(row.entry(0)?),
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
