//! A pack without problems, for people: what it holds, and how much of it.

use super::listing::cited;
use super::width::{harmless, padded, to_the_right, width};
use regulation::{ClauseId, Pack};
use std::fmt::Write as _;

/// The summary.
pub(super) fn summary(pack: &Pack) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{}\n{}", harmless(pack.title.zh()), harmless(pack.title.en()));
    let digest: String = pack.digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let _ =
        writeln!(text, "{}，第 {} 版 · version {}\nSHA-256 {digest}\n", pack.id, pack.version, pack.version);
    text.push_str(&counts(pack));
    if !pack.registers.is_empty() {
        text.push_str(&registers(pack));
    }
    if !pack.duties.is_empty() {
        text.push_str(&duties(pack));
    }
    text.push_str("檢查通過：沒有問題。\nGood: no problems.\n");
    text
}

fn counts(pack: &Pack) -> String {
    let checks: usize = pack.clauses.iter().map(|clause| clause.checks.len()).sum();
    let flows = || pack.registers.values().map(|register| &register.flow);
    let years: Vec<String> = pack.calendar.years().map(|year| year.year.to_string()).collect();
    let years = match years.as_slice() {
        [first, .., last] => format!("{first}–{last}"),
        one => one.join(""),
    };
    let rows = [
        ("條文 clauses", pack.clauses.len().to_string()),
        ("檢核 checks", checks.to_string()),
        ("登記簿 registers", pack.registers.len().to_string()),
        ("步驟 steps", flows().map(|flow| flow.steps.len()).sum::<usize>().to_string()),
        ("時限 clocks", flows().map(|flow| flow.clocks.len()).sum::<usize>().to_string()),
        ("定期工作 duties", pack.duties.len().to_string()),
        ("程序 procedures", pack.procedures.len().to_string()),
        ("角色 roles", pack.roles.len().to_string()),
        ("機密等級 grades", pack.grades.len().to_string()),
        ("辦公日曆 calendars", years),
    ];
    let mut text = String::new();
    for (name, value) in rows {
        let _ = writeln!(text, "  {} {}", padded(name, 20), to_the_right(&value, 9));
    }
    text.push('\n');
    text
}

fn registers(pack: &Pack) -> String {
    let head = ["登記簿 register", "名稱 name", "欄位 fields", "狀態 states", "步驟 steps", "條文 clauses"];
    let rows = pack.registers.values().map(|register| {
        [
            register.id.to_string(),
            harmless(register.label.zh()),
            register.fields.len().to_string(),
            register.flow.states.len().to_string(),
            register.flow.steps.len().to_string(),
            joined(cited(register)),
        ]
    });
    table(&head.map(str::to_owned), &rows.collect::<Vec<_>>())
}

fn duties(pack: &Pack) -> String {
    let head = ["定期工作 duty", "名稱 name", "週期 repeats", "條文 clauses"];
    let rows = pack.duties.values().map(|duty| {
        [duty.id.to_string(), harmless(duty.label.zh()), harmless(duty.repeat.text()), joined(&duty.clauses)]
    });
    table(&head.map(str::to_owned), &rows.collect::<Vec<_>>())
}

fn joined<'c>(clauses: impl IntoIterator<Item = &'c ClauseId>) -> String {
    let mut clauses: Vec<&ClauseId> = clauses.into_iter().collect();
    clauses.sort_by_key(|clause| {
        clause.as_str().split('.').map(|part| part.parse().unwrap_or(0)).collect::<Vec<u32>>()
    });
    clauses.into_iter().map(ClauseId::as_str).collect::<Vec<_>>().join(" ")
}

/// Rows below a head; numbers between the names and the clauses stand to the right.
fn table<const COLUMNS: usize>(head: &[String; COLUMNS], rows: &[[String; COLUMNS]]) -> String {
    let widths = std::array::from_fn::<usize, COLUMNS, _>(|column| {
        let cells = rows.iter().chain([head]).filter_map(|row| row.get(column));
        cells.map(|cell| width(cell)).max().unwrap_or(0)
    });
    let mut text = String::new();
    for row in [head].into_iter().chain(rows) {
        let cells = row.iter().zip(widths).enumerate().map(|(column, (cell, columns))| {
            let number = column > 1
                && column + 1 < COLUMNS
                && !cell.is_empty()
                && cell.bytes().all(|byte| byte.is_ascii_digit());
            if number { to_the_right(cell, columns) } else { padded(cell, columns) }
        });
        let line = cells.collect::<Vec<_>>().join("  ");
        let _ = writeln!(text, "  {}", line.trim_end());
    }
    text.push('\n');
    text
}
