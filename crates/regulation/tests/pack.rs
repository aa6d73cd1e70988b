//! The tiny pack: another regulation, ten clauses, loaded without a line of Rust knowing it.

use regulation::{Folder, Outcome, Sections, Signers, load};
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
