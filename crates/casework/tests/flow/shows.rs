//! What pages show: titles with values written for people, forms half filled in.

use crate::city::{City, UNIT, opening, person, who};
use crate::office::{condition, id};
use casework::{Fill, Filling, Origin, Spell, form, may_refer, title};
use model::{Person, Told};
use regulation::{FieldId, Kind, Piece, Template, Value, When};
use serde_json::{Value as Json, json};

/// Writes a value with where it came from.
struct Plain;

impl Spell for Plain {
    fn spell(&self, value: &Value, origin: Origin<'_>) -> Told {
        let from = match origin {
            Origin::Field(kind) => kind.word().to_owned(),
            Origin::State(register) => format!("state of {}", register.id),
            Origin::Other => "reckoned".to_owned(),
        };
        let json = value.to_json();
        let text = json.as_str().map_or_else(|| json.to_string(), str::to_owned);
        Told::new(format!("{text}({from})"), format!("{text} [{from}]"))
    }
}

fn actor() -> Person {
    let role = "operator".to_owned();
    Person { acting_for: None, person: person(1), role, session: None, terminal: None, unit: UNIT }
}

fn fill(pairs: &[(&str, Json)]) -> Fill {
    pairs.iter().map(|(field, json)| (id(field), json.clone())).collect()
}

/// The form of the opening step: what is shown, what must be answered.
fn asked(city: &City, fill: &Fill, start: bool) -> (Vec<(String, bool, bool)>, casework::Case, usize) {
    city.looking(|around| {
        let (register, step) = (id("permit"), id("file"));
        let filling = Filling::Open { register: &register, step: &step };
        let form = form(around, &actor(), filling, fill, start).unwrap();
        let asks = form.asks.iter().map(|ask| (ask.field.id.to_string(), ask.shown, ask.required)).collect();
        (asks, form.case, form.unfit.len())
    })
}

#[test]
fn a_title_is_written_with_values_and_where_they_come_from() {
    let mut city = City::new();
    let piece = |text: &str| Piece::Value(condition(text, "permit"));
    let words = |text: &str| Piece::Text(text.into());
    let title_of = vec![
        piece("subject"),
        words("/"),
        piece("starts"),
        words("/"),
        piece("record.state"),
        words("/"),
        piece("size(subject)"),
        words("/"),
        piece("report"),
    ];
    let permit = city.office.registers.get_mut("permit").unwrap();
    permit.title = Template { zh: title_of.clone(), en: title_of };
    let record = city.draw();
    let fill = fill(&[("subject", json!("施工")), ("starts", json!("2026-12-01"))]);
    city.give(who(1, "operator"), opening(record, fill)).unwrap();
    let told = city.looking(|around| title(around, &city.case(record), &Plain).unwrap());
    assert_eq!(told.zh, "施工(text)/2026-12-01(date)/filed(state of permit)/2(reckoned)/—");
    assert_eq!(told.en, "施工 [text]/2026-12-01 [date]/filed [state of permit]/2 [reckoned]/—");
}

#[test]
fn a_form_half_filled_in_tells_what_is_asked_and_what_does_not_fit() {
    let city = City::new();
    let all = |paper: bool| {
        let ask = |name: &str, shown, required| (name.to_owned(), shown, required);
        vec![
            ask("subject", true, true),
            ask("starts", true, true),
            ask("network", true, false),
            // Reckoned from the subject, and shown beside it.
            ask("length", true, false),
            ask("paper", true, paper),
        ]
    };
    assert_eq!(asked(&city, &Fill::new(), false), (all(false), asked(&city, &Fill::new(), false).1, 0));
    let half = fill(&[("network", json!(true)), ("starts", json!("tomorrow")), ("subject", json!("施工"))]);
    let (asks, case, unfit) = asked(&city, &half, false);
    assert_eq!((asks, unfit), (all(true), 1));
    let held: Vec<&str> = case.content.0.keys().map(FieldId::as_str).collect();
    assert_eq!(held, ["network", "subject"]);
    assert_eq!(case.reckoned.0.values().collect::<Vec<_>>(), [&json!("2")]);
    assert_eq!(case.unit, UNIT);
}

#[test]
fn what_is_no_longer_asked_leaves_the_form_and_what_is_offered_enters_it_once() {
    let mut city = City::new();
    let permit = city.office.registers.get_mut("permit").unwrap();
    for field in &mut permit.fields {
        match field.id.as_str() {
            "starts" => field.show = When::If(condition("network", "permit")),
            "subject" => field.start = Some(condition("'電力'", "permit")),
            _ => {}
        }
    }
    let hidden = fill(&[("network", json!(false)), ("starts", json!("2026-12-01"))]);
    let (asks, case, _) = asked(&city, &hidden, false);
    assert_eq!(asks[1], ("starts".to_owned(), false, false));
    assert!(!case.content.0.contains_key("starts"));
    let subject = |fill: &Fill, start| asked(&city, fill, start).1.content.0.get("subject").cloned();
    assert_eq!(subject(&Fill::new(), true), Some(json!("電力")));
    assert_eq!(subject(&Fill::new(), false), None);
    // What was emptied on purpose stays empty.
    assert_eq!(subject(&fill(&[("subject", Json::Null)]), true), None);
    assert_eq!(subject(&fill(&[("subject", json!("冷氣"))]), true), Some(json!("冷氣")));
}

#[test]
fn a_reference_names_records_of_its_register_that_fit() {
    let mut city = City::new();
    let record = city.draw();
    let filled = fill(&[("subject", json!("施工")), ("starts", json!("2026-12-01"))]);
    city.give(who(1, "operator"), opening(record, filled)).unwrap();
    let case = city.case(record);
    let to = |register: &str| {
        let kind = Kind::Reference { register: id(register), only: None, many: false };
        let field = crate::office::field("other", kind, When::Never);
        city.looking(|around| may_refer(around, &case, &field, &actor(), record).unwrap())
    };
    assert!(to("permit"));
    assert!(!to("sheet"));
}
