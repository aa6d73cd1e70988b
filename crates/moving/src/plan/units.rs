//! Units: each by its code, in whatever order they stand in the file.

use super::{Cells, Doing, Fresh, Ground, Planned};
use crate::sheet::Row;
use identity::{Code, Command, Names};
use model::UnitId;
use std::collections::{BTreeMap, BTreeSet};

const CODE: usize = 0;
const ZH: usize = 1;
const EN: usize = 2;
const ABOVE: usize = 3;

pub(super) fn plan(ground: &Ground<'_>, rows: &[Row], fresh: Fresh<'_>) -> Vec<Planned> {
    let mut coming: BTreeMap<&str, UnitId> = BTreeMap::new();
    for row in rows {
        let code = ground.heads.cell(&row.cells, CODE);
        if ground.state.unit_of_code(code).is_none() {
            coming.entry(code).or_insert_with(|| UnitId::from_bytes(fresh()));
        }
    }
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut planned = Vec::with_capacity(rows.len());
    let mut waiting: Vec<&Row> = rows.iter().collect();
    let mut made: BTreeSet<&str> = BTreeSet::new();
    // A unit is made after the one above it; what is left when nothing more can be made stands in a circle.
    loop {
        let (ready, rest): (Vec<&Row>, Vec<&Row>) = waiting.into_iter().partition(|row| {
            let above = ground.heads.cell(&row.cells, ABOVE);
            !coming.contains_key(above) || made.contains(above)
        });
        let stuck = ready.is_empty();
        let now = if stuck { &rest } else { &ready };
        for row in now {
            let code = ground.heads.cell(&row.cells, CODE);
            planned.push(one(ground, row, &coming, !seen.insert(code), stuck));
            made.insert(code);
        }
        if stuck || rest.is_empty() {
            return planned;
        }
        waiting = rest;
    }
}

fn one(ground: &Ground<'_>, row: &Row, coming: &BTreeMap<&str, UnitId>, twice: bool, stuck: bool) -> Planned {
    let mut cells = Cells::of(ground, row);
    let (written, above) = (cells.text(CODE), cells.text(ABOVE));
    let code = cells.read(CODE, Code::new);
    let (zh, en) = (cells.text(ZH), cells.text(EN));
    let names = match Names::new(zh, en) {
        Ok(names) => Some(names),
        Err(error) => {
            let column = if Names::new(zh, "x").is_err() { ZH } else { EN };
            cells.tell(column, error.told());
            None
        }
    };
    if twice {
        cells.wrong(CODE, "代碼於檔案中重複", "stands twice in the file");
    }
    if stuck {
        cells.wrong(ABOVE, "上級單位彼此循環", "the units above make a circle");
    }
    let superior = match above {
        "" => None,
        code => {
            let found = ground.state.unit_of_code(code).or_else(|| coming.get(code).copied());
            if found.is_none() {
                cells.wrong(ABOVE, format!("查無單位「{code}」"), format!("there is no unit {code:?}"));
            }
            found
        }
    };
    let known = ground.state.unit_of_code(written).and_then(|id| ground.state.unit(id));
    if above.is_empty() && known.is_none_or(|unit| unit.superior.is_some()) && ground.state.root().is_some() {
        cells.wrong(ABOVE, "未填；已有最上級單位", "is not filled in; there is a topmost unit already");
    }
    let title = if zh.is_empty() { written } else { zh };
    let (Some(code), Some(names)) = (code, names) else {
        return cells.planned(title, Doing::Wrong, Vec::new());
    };
    match known {
        Some(unit) if unit.closed_at.is_some() => {
            cells.wrong(CODE, "此單位已裁撤", "this unit is closed");
            cells.planned(title, Doing::Wrong, Vec::new())
        }
        Some(unit) if unit.names == names && unit.superior == superior && unit.code == code => {
            cells.planned(title, Doing::Nothing, Vec::new())
        }
        Some(unit) => {
            let command = Command::ChangeUnit { unit: unit.id, names, code, superior };
            cells.planned(title, Doing::Change, vec![command])
        }
        None => match coming.get(written).copied() {
            Some(unit) => {
                let command = Command::CreateUnit { unit, names, code, superior };
                cells.planned(title, Doing::Create, vec![command])
            }
            None => cells.planned(title, Doing::Wrong, Vec::new()),
        },
    }
}
