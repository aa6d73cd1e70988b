//! Terminals: each by the fingerprint of its certificate.

use super::{Cells, Doing, Fresh, Ground, Planned};
use crate::sheet::Row;
use identity::{Command, Fingerprint, Line};
use model::TerminalId;
use std::collections::BTreeSet;

const NAME: usize = 0;
const FINGERPRINT: usize = 1;
const UNIT: usize = 2;
const MANAGEMENT: usize = 3;

pub(super) fn plan(ground: &Ground<'_>, rows: &[Row], fresh: Fresh<'_>) -> Vec<Planned> {
    let mut seen = BTreeSet::new();
    let mut planned = Vec::with_capacity(rows.len());
    for row in rows {
        planned.push(one(ground, row, &mut seen, fresh));
    }
    planned
}

fn one(ground: &Ground<'_>, row: &Row, seen: &mut BTreeSet<Fingerprint>, fresh: Fresh<'_>) -> Planned {
    let mut cells = Cells::of(ground, row);
    let title = cells.text(NAME);
    let name = cells.read(NAME, Line::new);
    let written = cells.text(FINGERPRINT);
    let fingerprint = match written.parse::<Fingerprint>() {
        Ok(fingerprint) => Some(fingerprint),
        Err(error) => {
            cells.tell(FINGERPRINT, error.told());
            None
        }
    };
    let unit = match cells.text(UNIT) {
        "" => Some(None),
        code => {
            let found = ground.state.unit_of_code(code);
            if found.is_none() {
                cells.wrong(UNIT, format!("查無單位「{code}」"), format!("there is no unit {code:?}"));
            }
            found.map(Some)
        }
    };
    let management = match cells.text(MANAGEMENT).to_lowercase().as_str() {
        "" | "否" | "no" | "n" | "false" | "0" => Some(false),
        "是" | "yes" | "y" | "true" | "1" => Some(true),
        _ => {
            cells.wrong(MANAGEMENT, "請填是或否", "write yes or no");
            None
        }
    };
    if fingerprint.is_some_and(|one| !seen.insert(one)) {
        cells.wrong(FINGERPRINT, "指紋於檔案中重複", "stands twice in the file");
    }
    let (Some(name), Some(fingerprint), Some(unit), Some(management)) = (name, fingerprint, unit, management)
    else {
        return cells.planned(title, Doing::Wrong, Vec::new());
    };
    match ground.state.terminal_of(&fingerprint) {
        Some(one) if one.name == name && one.unit == unit && one.management == management => {
            cells.planned(title, Doing::Nothing, Vec::new())
        }
        Some(_) => {
            cells.wrong(
                FINGERPRINT,
                "此憑證已登記，內容不同；請先移除該終端機",
                "this certificate is registered otherwise; remove that terminal first",
            );
            cells.planned(title, Doing::Wrong, Vec::new())
        }
        None => {
            let terminal = TerminalId::from_bytes(fresh());
            let command = Command::RegisterTerminal { terminal, name, fingerprint, unit, management };
            cells.planned(title, Doing::Create, vec![command])
        }
    }
}
