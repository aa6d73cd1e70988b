//! From one version of a pack to the next: what `ward pack publish` compares.

use crate::moves::Move;
use crate::pack::Pack;
use crate::problem::{Place, Problem};
use crate::register::Register;
use crate::value::Type;
use crate::word::{FieldId, StateId};

/// What keeps this version from following the one published last. Where it states no moves, running cases stay
/// on their version and only the numbers are compared.
#[must_use]
pub fn succession(former: &Pack, now: &Pack) -> Vec<Problem> {
    let mut problems = Vec::new();
    if former.id != now.id {
        let (zh, en) =
            (format!("規範代號不同:{}", former.id), format!("this is another pack than {}", former.id));
        problems.push(problem("pack.toml", zh, en));
    }
    if former.version >= now.version {
        let zh = format!("版次須大於已發布之第 {} 版", former.version);
        problems.push(problem(
            "pack.toml",
            zh,
            format!("the version must be higher than {}, published last", former.version),
        ));
    }
    let Some(moves) = &now.moves else { return problems };
    if moves.from != former.version {
        let zh = format!("版本轉換須自第 {} 版", former.version);
        problems.push(problem("moves.toml", zh, format!("moves must be from version {}", former.version)));
    }
    let none = Move::default();
    for register in former.registers.values() {
        let moved = moves.registers.get(&register.id).unwrap_or(&none);
        match now.register(register.id.as_str()) {
            Some(next) => compare(register, next, moved, &mut problems),
            None => {
                let zh = format!("登記簿「{}」已不存在,其案件無法轉換", register.id);
                let en = format!("the register {} is gone, its cases cannot move", register.id);
                problems.push(problem("moves.toml", zh, en));
            }
        }
    }
    problems
}

fn compare(former: &Register, now: &Register, moved: &Move, problems: &mut Vec<Problem>) {
    let mut tell = |zh, en| problems.push(problem("moves.toml", zh, en));
    for state in &former.flow.states {
        let next: &StateId = moved.states.get(&state.id).unwrap_or(&state.id);
        let found = now.flow.state(next.as_str());
        if found.is_none() {
            let zh = format!("登記簿「{}」之狀態「{}」未說明轉為何狀態", former.id, state.id);
            tell(zh, format!("it is not said what becomes of the state {} of {}", state.id, former.id));
        } else if found.is_some_and(|found| found.end.is_some() != state.end.is_some()) {
            let zh = format!("登記簿「{}」之狀態「{}」轉換後終結與否不同", former.id, state.id);
            tell(zh, format!("the state {} of {} would move between open and ended", state.id, former.id));
        }
    }
    for field in &former.fields {
        if moved.drop.contains(&field.id) {
            continue;
        }
        let next: &FieldId = moved.fields.get(&field.id).unwrap_or(&field.id);
        let kept = now
            .field(next.as_str())
            .is_some_and(|next| takes(&field.of(), &next.of()) && (next.sealed || !field.sealed));
        if !kept {
            let zh = format!("登記簿「{}」之欄位「{}」未說明如何轉換,或種類不同", former.id, field.id);
            tell(
                zh,
                format!(
                    "it is not said what becomes of the field {} of {}, or its kind differs",
                    field.id, former.id
                ),
            );
        }
    }
}

/// Does the later type take every value of the former?
fn takes(former: &Type, now: &Type) -> bool {
    crate::condition::fits(former, now)
}

fn problem(file: &str, zh: String, en: String) -> Problem {
    Problem { place: Place { file: file.to_owned(), line: 1, column: 1 }, zh, en, suggestion: None }
}
