//! `ward pack check` of packs without problems, and of what is no pack.

use crate::{Office, is_chinese};
use serde_json::Value;
use std::path::Path;

#[test]
fn the_embedded_pack_is_checked_when_none_is_named() {
    let output = Office::new().good(&["pack", "check"]);
    for part in [
        "taichung-2001",
        "條文 clauses",
        "登記簿 register",
        "fault",
        "monthly_log_report",
        "沒有問題",
        "no problems",
    ] {
        assert!(output.contains(part), "{part}: {output}");
    }
    assert!(!output.contains('\u{1b}'), "colours are for terminals");
}

/// The ids that follow a line such as `[[clause]]`, in the files of a folder.
fn ids(folder: &str, table: &str) -> Vec<String> {
    let folder = Path::new("../../regulations/taichung-2001").join(folder);
    let mut ids = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let heads = lines.iter().enumerate().filter(|(_, line)| **line == table);
        ids.extend(heads.map(|(at, _)| lines[at + 1].split('"').nth(1).unwrap().to_owned()));
    }
    ids.sort();
    ids
}

fn listed(value: &Value, key: &str) -> Vec<String> {
    let mut ids: Vec<String> =
        value.as_array().unwrap().iter().map(|one| one[key].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

#[test]
fn the_listing_holds_everything_of_the_pack_by_name() {
    let listing = Office::new().json(&["pack", "check", "--json"]);
    assert_eq!(listing["good"], true);
    assert_eq!(listing["id"], "taichung-2001");
    assert!(listing["version"].is_u64() && listing["digest"].as_str().unwrap().len() == 64);
    assert_eq!(listed(&listing["clauses"], "id"), ids("clauses", "[[clause]]"));
    assert_eq!(listed(&listing["registers"], "id"), ids("registers", "[register]"));
    assert_eq!(listed(&listing["flows"], "register"), ids("registers", "[register]"));
    assert_eq!(listed(&listing["duties"], "id"), ids("duties", "[[duty]]"));
    assert_eq!(listed(&listing["procedures"], "id"), ids("procedures", "[[procedure]]"));
    assert_eq!(listing["calendars"], serde_json::json!([2023, 2024, 2025, 2026, 2027]));
    assert!(listing["roles"].as_array().unwrap().len() > 5);
    assert!(listing["sections"].is_object());
    for clause in listing["clauses"].as_array().unwrap() {
        assert!(clause["title"]["zh"].is_string() && clause["article"].is_string(), "{clause}");
        let checks = clause["checks"].as_array().unwrap();
        assert!(!checks.is_empty() || clause["not_live"]["zh"].is_string(), "{clause}");
    }
    for register in listing["registers"].as_array().unwrap() {
        for part in ["states", "steps", "fields"] {
            assert!(!register[part].as_array().unwrap().is_empty(), "{part} of {}", register["id"]);
        }
    }
}

#[test]
fn every_clause_of_the_regulation_is_listed() {
    let listing = Office::new().json(&["pack", "check", "--json"]);
    let listed: Vec<&str> =
        listing["clauses"].as_array().unwrap().iter().map(|clause| clause["id"].as_str().unwrap()).collect();
    // As counted in the text of the regulation: article, paragraph, item.
    let counted: Vec<&str> = include_str!("clauses.txt").lines().collect();
    assert_eq!(counted.len(), 153);
    assert_eq!(listed, counted);
}

#[test]
fn the_table_of_clauses_is_the_one_that_is_committed() {
    let table = format!("{}\n", Office::new().good(&["pack", "table"]));
    let path = Path::new("../../docs/clauses.md");
    if std::env::var("UPDATE_GOLDEN").is_ok_and(|which| which == "clauses") {
        std::fs::write(path, &table).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == table, "docs/clauses.md is out of date; write it anew with UPDATE_GOLDEN=clauses");
    for id in include_str!("clauses.txt").lines() {
        let row = table.lines().find(|line| line.starts_with(&format!("| {id} | "))).unwrap();
        let cells: Vec<&str> = row.split(" | ").collect();
        assert_eq!(cells.len(), 7, "{row}");
        // Reckoned by something, or with a reason.
        let (reckoned, checks) = (cells[6].starts_with("計算"), !cells[4].is_empty() || !cells[5].is_empty());
        assert!(reckoned == checks && (reckoned || cells[6].len() > 40), "{row}");
    }
}

#[test]
fn a_pack_with_problems_has_no_table() {
    let office = Office::with_pack();
    office.append("practice/pack.toml", "\nnonsense = 1\n");
    assert!(office.bad(&["pack", "table", "practice"]).contains("nonsense"));
}

#[test]
fn a_clause_names_what_serves_it() {
    let office = Office::with_pack();
    let listing = office.json(&["pack", "check", "practice", "--json"]);
    let clause = &listing["clauses"][0];
    assert_eq!(clause["registers"], serde_json::json!(["inspection"]));
    assert_eq!(clause["duties"], serde_json::json!(["monthly_inspection"]));
    assert_eq!(clause["checks"][0]["population"]["duty"], "monthly_inspection");
    assert_eq!(clause["checks"][0]["evidence"], "on_time");
    assert_eq!(listing["registers"][0]["steps"], serde_json::json!(["open", "report", "approve"]));
    assert_eq!(listing["registers"][0]["clauses"], serde_json::json!(["1"]));
    assert_eq!(listing["flows"][0]["steps"][2]["outcomes"]["return"], "open");
    assert_eq!(listing["registers"][0]["fields"][1]["kind"], "choice");
}

/// A clause is served by whatever part of a register cites it.
#[test]
fn a_clause_cited_by_a_step_field_or_clock_counts() {
    let office = Office::with_pack();
    let clause = |id: &str| {
        format!(
            "\n[[clause]]\nid = \"{id}\"\narticle = \"{id}\"\ntitle = {{ zh = \"甲\", en = \"A\" }}\nsummary = {{ zh = \"甲\", en = \"A\" }}\nlive = \"none\"\nwhy = {{ zh = \"甲\", en = \"A\" }}\n"
        )
    };
    office.append("practice/clauses/main.toml", &[clause("2"), clause("3"), clause("4")].concat());
    office.replace(
        "practice/registers/inspection.toml",
        "id = \"report\"\n",
        "id = \"report\"\nclause = \"2\"\n",
    );
    office.replace(
        "practice/registers/inspection.toml",
        "id = \"remark\"\n",
        "id = \"remark\"\nclause = \"3\"\n",
    );
    office.replace("practice/roles.toml", "most = 1\n", "most = 1\nclause = \"4\"\n");
    let listing = office.json(&["pack", "check", "practice", "--json"]);
    assert_eq!(listing["clauses"][1]["registers"], serde_json::json!(["inspection"]));
    assert_eq!(listing["clauses"][2]["registers"], serde_json::json!(["inspection"]));
    assert_eq!(listing["clauses"][3]["roles"], serde_json::json!(["head"]));
    assert_eq!(listing["registers"][0]["clauses"], serde_json::json!(["1", "2", "3"]));
}

#[test]
fn notes_stand_apart_and_are_no_problems() {
    let office = Office::with_pack();
    office.write(
        "practice/calendars/2026.toml",
        "#:schema ../../schema/calendar.json\nyear = 2026\nsource = \"x\"\nweekend = [\"saturday\", \"sunday\"]\n[[off]]\ndate = 2026-01-01\nname = { zh = \"開國紀念日\", en = \"Founding Day\" }\nunsure = \"尚未公告 / not published yet\"\n",
    );
    let output = office.good(&["pack", "check", "practice"]);
    let (notes, rest) = output.split_once("檢查通過").unwrap();
    assert!(notes.contains("附註") && notes.contains("practice/calendars/2026.toml:8:1"), "{notes}");
    assert!(notes.contains("尚未公告") && !rest.contains("尚未公告"), "{rest}");
    let listing = office.json(&["pack", "check", "practice", "--json"]);
    assert_eq!((&listing["good"], &listing["notes"][0]["line"]), (&Value::Bool(true), &Value::from(8)));
}

#[test]
fn what_is_no_pack_is_misuse_and_says_what_to_do() {
    let office = Office::with_pack();
    for (arguments, hint) in [
        (&["pack", "check", "practise"][..], "ward pack new practise"),
        (&["pack", "check", "taichung-2001"], "ward pack check\n"),
        (&["pack", "check", "practice/roles.toml"], "ward pack check practice\n"),
        (&["pack", "check", "practice/registers/inspection.toml"], "ward pack check practice\n"),
        (&["pack", "check", "."], "ward pack check practice\n"),
        (&["pack", "check", "practice/duties"], "ward pack new"),
        (&["pack", "check", "practise", "--json"], "practise"),
    ] {
        let errors = office.misuse(arguments);
        assert!(errors.contains(hint), "{arguments:?}: {errors}");
    }
}

#[test]
fn a_pack_is_checked_from_within_its_folder() {
    let office = Office::with_pack();
    let ended = office.ward_in("practice", &["pack", "check", "."]);
    assert!(ended.status.success() && is_chinese(&ended.output.join("")));
    office.replace("practice/roles.toml", "most = 1", "mots = 1");
    let ended = office.ward_in("practice", &["pack", "check", "."]);
    assert_eq!(ended.status.code(), Some(1));
    assert!(ended.output.iter().any(|line| line == "roles.toml:11:1"), "{:?}", ended.output);
}

#[test]
fn a_pack_without_one_of_its_heads_is_a_problem() {
    let office = Office::with_pack();
    std::fs::remove_file(office.path("practice/pack.toml")).unwrap();
    let output = office.bad(&["pack", "check", "practice"]);
    assert!(output.contains("practice/pack.toml:1:1") && output.contains("this file is missing"), "{output}");
}
