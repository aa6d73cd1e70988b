//! People: each by the account. Roles that the table names are granted where they are not held; none is ended.

use super::{Cells, Doing, Fresh, Ground, Planned};
use crate::sheet::Row;
use identity::{Command, Details, Line, Login, Mail, Person, Phone};
use model::{PersonId, UnitId};
use regulation::{HeldIn, RoleId};
use std::collections::BTreeSet;

const LOGIN: usize = 0;
const NAME: usize = 1;
const TITLE: usize = 2;
const MAIL: usize = 3;
const PHONE: usize = 4;
const UNIT: usize = 5;
const ROLES: usize = 6;

pub(super) fn plan(ground: &Ground<'_>, rows: &[Row], fresh: Fresh<'_>) -> Vec<Planned> {
    let mut seen = BTreeSet::new();
    let mut planned = Vec::with_capacity(rows.len());
    for row in rows {
        let login = ground.heads.cell(&row.cells, LOGIN).to_lowercase();
        let twice = !login.is_empty() && !seen.insert(login);
        planned.push(one(ground, row, twice, fresh));
    }
    planned
}

fn one(ground: &Ground<'_>, row: &Row, twice: bool, fresh: Fresh<'_>) -> Planned {
    let mut cells = Cells::of(ground, row);
    if twice {
        cells.wrong(LOGIN, "帳號於檔案中重複", "stands twice in the file");
    }
    let login = cells.read(LOGIN, Login::new);
    let known = login.as_ref().and_then(|login| ground.state.person_of_login(login.as_str()));
    let known = known.and_then(|id| ground.state.person(id));
    let details = details(&mut cells, login);
    let home = unit(&mut cells, UNIT, cells_text(row, ground, UNIT));
    let held = known.map(|person| person.id);
    let id = held.unwrap_or_else(|| PersonId::from_bytes(fresh()));
    let roles = roles(&mut cells, home);
    let title = cells.text(NAME);
    if known.is_some_and(|person| !person.here()) {
        cells.wrong(
            LOGIN,
            "此帳號之人員已離職；離職者不再復用帳號",
            "whoever had this account has left; accounts are not used again",
        );
    }
    let (Some(details), Some(home)) = (details, home) else {
        return cells.planned(title, Doing::Wrong, Vec::new());
    };
    let mut commands = Vec::new();
    let doing = match known {
        None => {
            commands.push(Command::RegisterPerson { person: id, details, home });
            Doing::Create
        }
        Some(person) if person.details.as_ref() == Some(&details) && person.home == home => Doing::Nothing,
        Some(_) => {
            commands.push(Command::ChangePerson { person: id, details, home });
            Doing::Change
        }
    };
    let missing = roles
        .into_iter()
        .filter(|(role, unit)| !known.is_some_and(|person| holds(ground, person, role, *unit)));
    let grants: Vec<Command> = missing
        .map(|(role, unit)| Command::GrantRole { person: id, role, unit, from: None, until: None })
        .collect();
    let doing = if doing == Doing::Nothing && !grants.is_empty() { Doing::Change } else { doing };
    commands.extend(grants);
    cells.planned(title, doing, commands)
}

fn cells_text<'r>(row: &'r Row, ground: &Ground<'_>, column: usize) -> &'r str {
    ground.heads.cell(&row.cells, column)
}

fn details(cells: &mut Cells<'_>, login: Option<Login>) -> Option<Details> {
    let name = cells.read(NAME, Line::new);
    let title = cells.read(TITLE, Line::new);
    let mail = cells.read(MAIL, Mail::new);
    let phone = match cells.text(PHONE) {
        "" => Some(None),
        _ => cells.read(PHONE, Phone::new).map(Some),
    };
    Some(Details { name: name?, login: login?, title: title?, mail: mail?, phone: phone? })
}

fn unit(cells: &mut Cells<'_>, column: usize, code: &str) -> Option<UnitId> {
    if code.is_empty() {
        cells.wrong(column, "未填", "is not filled in");
        return None;
    }
    let state = cells.ground.state;
    let open = |id: &UnitId| state.unit(*id).is_some_and(|unit| unit.closed_at.is_none());
    let found = state.unit_of_code(code).filter(open);
    if found.is_none() {
        cells.wrong(
            column,
            format!("查無單位「{code}」；請先匯入單位"),
            format!("there is no unit {code:?}; move units in first"),
        );
    }
    found
}

/// The roles that a row names, each with its unit.
fn roles(cells: &mut Cells<'_>, home: Option<UnitId>) -> Vec<(RoleId, Option<UnitId>)> {
    let text = cells.text(ROLES);
    let mut roles = Vec::new();
    for one in text.split([';', '；', '、', ',']).map(str::trim).filter(|one| !one.is_empty()) {
        let (name, code) =
            one.split_once('@').map_or((one, None), |(role, code)| (role.trim(), Some(code.trim())));
        let Some(pack) = cells.ground.pack else {
            cells.wrong(ROLES, "尚未發布規範，沒有角色", "no pack is published yet, so there are no roles");
            return Vec::new();
        };
        let found = pack
            .roles
            .values()
            .find(|role| role.id.as_str() == name || role.label.zh() == name || role.label.en() == name);
        let Some(role) = found else {
            let known: Vec<&str> = pack.roles.keys().map(RoleId::as_str).collect();
            cells.wrong(
                ROLES,
                format!("查無角色「{name}」；可用者：{}", known.join("、")),
                format!("there is no role {name:?}; there are: {}", known.join(", ")),
            );
            continue;
        };
        let place = match (role.held_in == HeldIn::City, code) {
            (true, None) => Some(None),
            (true, Some(_)) => {
                cells.wrong(
                    ROLES,
                    format!("角色「{name}」不屬單位"),
                    format!("{name} is held for the whole city"),
                );
                None
            }
            (false, None) => home.map(Some),
            (false, Some(code)) => unit(cells, ROLES, code).map(Some),
        };
        roles.extend(place.map(|place| (role.id.clone(), place)));
    }
    roles
}

fn holds(ground: &Ground<'_>, person: &Person, role: &RoleId, unit: Option<UnitId>) -> bool {
    person.held(ground.now).any(|held| held.role == *role && (unit.is_none() || held.unit == unit))
}
