//! The tiny pack: another regulation, ten clauses, loaded without a line of Rust knowing it.

#![expect(clippy::panic, reason = "helpers of tests, which fail by panicking")]

use regulation::{Folder, Outcome, Sections, Signers, load, schemas};
use std::path::Path;

fn tiny() -> regulation::Pack {
    load(&Folder::new(Path::new("tests/tiny"))).unwrap_or_else(|problems| {
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        panic!("{}", told.join("\n"))
    })
}

#[test]
fn the_tiny_pack_has_no_problems_and_holds_what_its_files_say() {
    let pack = tiny();
    assert_eq!((pack.clauses.len(), pack.registers.len(), pack.duties.len()), (10, 4, 1));
    let loan = pack.register("loan").unwrap();
    let file = loan.flow.step("file").unwrap();
    let asked: Vec<&str> = file.fields.iter().map(|field| field.as_str()).collect();
    assert_eq!(asked, ["key", "borrower", "starts", "until", "purpose", "kind", "level"]);
    let approve = loan.flow.step("approve").unwrap();
    assert_eq!(approve.to(Outcome::Approve).unwrap().as_str(), "out");
    assert!(matches!(loan.flow.step("give_back").unwrap().signers, Signers::Seats { need: None, .. }));
    assert_eq!(pack.form(&loan.id), "loan/1");
}

#[test]
fn everybody_is_cleared_for_the_marked_grade_and_those_below() {
    let cleared: Vec<bool> = tiny().grades.iter().map(|grade| grade.cleared).collect();
    assert_eq!(cleared, [true, true, false]);
}

#[test]
fn what_is_uncertain_in_a_calendar_is_a_note() {
    let pack = tiny();
    let [note] = pack.notes.as_slice() else { panic!("one note is expected") };
    assert_eq!(note.place.to_string(), "calendars/2025.toml:8:1");
}

#[test]
fn the_listing_names_clauses_registers_flows_and_duties() {
    let list = tiny().list(&Sections::none());
    assert_eq!(list["clauses"][9]["id"], "10");
    assert_eq!(list["registers"][2]["flow"]["steps"][1]["outcomes"]["refuse"], "refused");
    assert_eq!(list["duties"][0]["repeat"], "FREQ=MONTHLY;BYDAY=-1WD");
}

/// `UPDATE_EXPECT=1` writes them anew.
#[test]
fn the_published_schemas_are_those_of_the_shapes() {
    let folder = Path::new("../../regulations/schema");
    let mut stale = Vec::new();
    for (name, schema) in schemas(&Sections::none()) {
        let path = folder.join(format!("{name}.json"));
        let wanted = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::create_dir_all(folder).unwrap();
            #[expect(clippy::disallowed_methods, reason = "a test writes what it expects, on demand")]
            std::fs::write(&path, &wanted).unwrap();
        }
        if std::fs::read_to_string(&path).ok().as_deref() != Some(&wanted) {
            stale.push(name);
        }
    }
    assert!(stale.is_empty(), "stale in regulations/schema: {stale:?}; UPDATE_EXPECT=1 writes them anew");
}

#[test]
fn every_key_is_explained_on_the_page_about_packs() {
    let page = std::fs::read_to_string("../../docs/pack.md").unwrap();
    let mut missing = Vec::new();
    for (name, schema) in schemas(&Sections::none()) {
        keys(&schema, &mut |key| {
            let told = [
                format!("`{key}`"),
                format!("{key} "),
                format!("{key}="),
                format!("[{key}]"),
                format!(".{key}]"),
            ];
            if !told.iter().any(|told| page.contains(told.as_str())) {
                missing.push(format!("{name}: {key}"));
            }
        });
    }
    assert!(missing.is_empty(), "{missing:?}");
}

fn keys(schema: &serde_json::Value, told: &mut impl FnMut(&str)) {
    match schema {
        serde_json::Value::Object(members) => {
            for (name, value) in members {
                if let ("properties", Some(properties)) = (name.as_str(), value.as_object()) {
                    properties.keys().for_each(|key| told(key));
                }
                if name != "$defs" {
                    keys(value, told);
                }
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| keys(item, told)),
        _ => {}
    }
}
