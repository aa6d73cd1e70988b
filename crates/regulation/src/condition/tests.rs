//! What conditions mean, and how they are refused.

use super::*;
use crate::decimal::Decimal;
use crate::time::{Calendar, Zone};
use crate::value::{Answer, Columns, Reference};
use crate::word::{FieldId, GradeId, ItemId, LookupId, RegisterId, RoleId, StateId, StepId};
use model::{Instant, PersonId, RecordId, UnitId};
use std::collections::BTreeMap;

const ALICE: PersonId = PersonId::from_bytes([1; 16]);
const BOB: PersonId = PersonId::from_bytes([2; 16]);
const OFFICE: UnitId = UnitId::from_bytes([3; 16]);
const CITY: UnitId = UnitId::from_bytes([4; 16]);
const ROOM: RecordId = RecordId::from_bytes([5; 16]);

fn id<T: std::str::FromStr<Err = crate::word::WordError>>(text: &str) -> T {
    text.parse().unwrap()
}

fn vocabulary() -> Vocabulary {
    let room = Outline {
        fields: [(id("vault"), Type::Truth), (id("custodian"), Type::Person)].into(),
        states: vec![id::<StateId>("in_use"), id("closed")],
        steps: [(id::<StepId>("close"), vec!["done"])].into(),
        lookups: BTreeMap::new(),
    };
    let row = Columns(std::sync::Arc::new(
        [(id::<FieldId>("who"), Type::Person), (id("hours"), Type::Number)].into(),
    ));
    let items = [(id::<ItemId>("floor"), Answer::ALL.to_vec()), (id("food"), Answer::ALL.to_vec())].into();
    let fault = Outline {
        fields: [
            (id("severity"), Type::words(["normal", "grave"])),
            (id("room"), Type::Reference(id("room"))),
            (id("people"), Type::Row(row).list()),
            (id("starts"), Type::Moment),
            (id("ends"), Type::Moment),
            (id("day"), Type::Date),
            (id("load"), Type::Number),
            (id("note"), Type::Text),
            (id("level"), Type::Grade),
            (id("check"), Type::Checklist(std::sync::Arc::new(items))),
            (id("tags"), Type::words(["a", "b"]).list()),
            (id("operator"), Type::Person),
        ]
        .into(),
        states: vec![id::<StateId>("open"), id("done")],
        steps: [(id::<StepId>("approve"), vec!["approve", "refuse"])].into(),
        lookups: [(id::<LookupId>("others"), id("fault"))].into(),
    };
    Vocabulary {
        registers: [(id::<RegisterId>("room"), room), (id("fault"), fault)].into(),
        roles: vec![id::<RoleId>("operator"), id("unit_head")],
        grades: vec![id::<GradeId>("public"), id("internal"), id("secret")],
        procedures: Vec::new(),
    }
}

struct Desk {
    fields: BTreeMap<&'static str, Value>,
    calendar: Calendar,
    zone: Zone,
}

fn desk() -> Desk {
    let moment = |text: &str| Value::Moment(text.parse::<Instant>().unwrap());
    let row = |who, hours| {
        let hours = Value::Number(Decimal::from_whole(hours).unwrap());
        Value::Row([(id::<FieldId>("who"), Value::Person(who)), (id("hours"), hours)].into())
    };
    let answered = crate::value::Answered { answer: Answer::Bad, note: Some("灰塵".into()) };
    let fields = [
        ("severity", Value::word("grave")),
        ("room", Value::Reference(Reference { register: id("room"), record: ROOM })),
        ("people", Value::List(vec![row(ALICE, 2), row(BOB, 3)])),
        ("starts", moment("2026-03-02T00:00:00.000000Z")),
        ("day", Value::Date("2026-02-28".parse().unwrap())),
        ("load", Value::Number("0.1".parse().unwrap())),
        ("note", Value::text("機房冷氣故障")),
        ("level", Value::Grade(id("internal"))),
        ("check", Value::Checklist([(id::<ItemId>("floor"), answered)].into())),
        ("tags", Value::List(vec![Value::word("a")])),
    ];
    Desk { fields: fields.into(), calendar: Calendar::default(), zone: Zone::new("Asia/Taipei").unwrap() }
}

impl Scope for Desk {
    fn name(&self, name: &Name) -> Result<Option<Value>, EvalError> {
        Ok(match name {
            Name::Field(field) => self.fields.get(field.as_str()).cloned(),
            Name::Record(RecordAttribute::Unit) => Some(Value::Unit(OFFICE)),
            Name::Record(RecordAttribute::State) => Some(Value::word("open")),
            Name::Step(_, StepAttribute::By) => Some(Value::List(vec![Value::Person(ALICE)])),
            Name::Lookup(_) => Some(Value::List(Vec::new())),
            Name::Actor(ActorAttribute::Person) => Some(Value::Person(BOB)),
            Name::Actor(ActorAttribute::Role) => Some(Value::word("operator")),
            Name::Old(_) => Some(Value::word("normal")),
            Name::Now => Some(Value::Moment("2026-03-01T16:30:00.000000Z".parse().unwrap())),
            Name::Today => Some(Value::Date("2026-03-02".parse().unwrap())),
            _ => None,
        })
    }

    fn part(&self, _: &Reference, member: &Member) -> Result<Option<Value>, EvalError> {
        Ok(match member {
            Member::Field(field) if field.as_str() == "custodian" => Some(Value::Person(ALICE)),
            Member::Record(RecordAttribute::Unit) => Some(Value::Unit(CITY)),
            Member::Record(RecordAttribute::State) => Some(Value::word("in_use")),
            _ => None,
        })
    }

    fn superior(&self, unit: UnitId) -> Option<UnitId> {
        (unit == OFFICE).then_some(CITY)
    }

    fn within(&self, unit: UnitId, above: UnitId) -> bool {
        unit == above || above == CITY
    }

    fn holds(&self, person: PersonId, role: &RoleId, _: UnitId) -> bool {
        person == BOB && role.as_str() == "operator"
    }

    fn height(&self, grade: &GradeId) -> Option<usize> {
        ["public", "internal", "secret"].iter().position(|one| grade.as_str() == *one)
    }

    fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    fn zone(&self) -> &Zone {
        &self.zone
    }
}

fn compile(text: &str) -> Result<Condition, ConditionError> {
    let (vocabulary, register) = (vocabulary(), id("fault"));
    Condition::new(text, &Typing::record(&vocabulary, &register).acting())
}

fn answer(text: &str) -> Option<bool> {
    let condition = compile(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(*condition.of(), Type::Truth, "{text}");
    condition.holds(&desk()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn what_holds_holds() {
    for text in [
        "severity == 'grave'",
        "'grave' == severity",
        "severity in ['grave', 'normal']",
        "severity != old.severity",
        "room.custodian == record.opened_by || room.custodian in step.approve.by",
        "room.record.unit != record.unit && room.record.state == 'in_use'",
        "within(record.unit, room.record.unit) && superior(record.unit) == room.record.unit",
        "record.state == 'open'",
        "actor.role == 'operator' && holds(actor.person, 'operator', record.unit)",
        "people.all(p, p.hours > 1) && people.exists(p, p.who == actor.person)",
        "people.exists_one(p, p.hours == 3) && size(people.filter(p, p.hours < 3)) == 1",
        "sum(people.map(p, p.hours)) == 5 && people.size() == 2",
        "people.all(p, people.exists(q, q.hours >= p.hours))",
        "load * 10 == 1 && -load < 0 && 7 % 4 == 3 && 1 / 4 == 0.25 && 2 + 3 * 4 == 14",
        "starts - now == minutes(450) && starts < now + days(1)",
        "(now - starts).minutes == -450 && (starts - now).hours == 7.5 && date(now) == today",
        "today - day == days(2) && day + days(2) == date('2026-03-02') && year(day) == 2026 && weekday(day) == 6",
        "level >= 'internal' && level < 'secret'",
        "note.contains('冷氣') && note.startsWith('機房') && size(note) == 6",
        "check.bad == 1 && !check.done && check.floor == 'bad'",
        "'a' in tags && !('b' in tags)",
        "has(starts) && !has(ends) && !has(check.food)",
        "severity == 'grave' ? load < 1 : load > 1",
        "size(lookup.others) == 0 && lookup.others.all(t, t.record.state == 'done')",
    ] {
        assert_eq!(answer(text), Some(true), "{text}");
    }
}

#[test]
fn what_is_not_filled_in_neither_holds_nor_fails() {
    assert_eq!(answer("ends > starts"), None);
    assert_eq!(answer("!(ends > starts)"), None);
    assert_eq!(answer("operator == actor.person"), None);
}

#[test]
fn the_side_that_decides_answers_wherever_it_stands() {
    assert_eq!(answer("ends > starts && severity == 'normal'"), Some(false));
    assert_eq!(answer("severity == 'normal' && ends > starts"), Some(false));
    assert_eq!(answer("ends > starts || severity == 'grave'"), Some(true));
    assert_eq!(answer("severity == 'grave' || ends > starts"), Some(true));
    assert_eq!(answer("ends > starts && severity == 'grave'"), None);
    assert_eq!(answer("people.exists(p, p.hours == 3 || ends > starts)"), Some(true));
}

#[test]
fn faults_of_reckoning_are_named() {
    let eval = |text: &str| compile(text).unwrap().eval(&desk()).unwrap_err();
    assert_eq!(eval("load / (load - load)"), EvalError::DivisionByZero);
    assert_eq!(eval("9000000000 * 9000000000"), EvalError::Range);
    assert!(matches!(eval("office_day(day)"), EvalError::Calendar(_)));
    assert_eq!(eval("ends").to_string(), "ends is not filled in");
}

#[test]
fn mistakes_are_refused_at_their_place_with_what_was_meant() {
    for (text, at, suggestion) in [
        ("sevreity == 'grave'", 0, Some("severity")),
        ("severity == 'grvae'", 12, Some("grave")),
        ("severity in ['normal', 'graev']", 23, Some("grave")),
        ("room.custodain == actor.person", 5, Some("custodian")),
        ("room.record.satte == 'in_use'", 12, Some("state")),
        ("room.record.state == 'in_sue'", 21, Some("in_use")),
        ("record.untis == record.unit", 7, Some("unit")),
        ("step.aprove.at < now", 5, Some("approve")),
        ("step.approve.whom == actor.person", 13, None),
        ("step.approve.outcome == 'aprove'", 24, Some("approve")),
        ("lookup.other.size() > 0", 7, Some("others")),
        ("old.loda > load", 4, Some("load")),
        ("people.exist(p, p.hours > 1)", 7, Some("exists")),
        ("people.all(p, p.hour > 1)", 16, Some("hours")),
        ("holds(actor.person, 'operater', record.unit)", 20, Some("operator")),
        ("level >= 'secert'", 9, Some("secret")),
        ("check.flor == 'bad'", 6, Some("floor")),
        ("szie(people) > 1", 0, Some("size")),
    ] {
        let error = compile(text).unwrap_err();
        assert_eq!((error.at, error.suggestion.as_deref()), (at, suggestion), "{text}: {error}");
    }
}

#[test]
fn type_errors_are_refused() {
    for (text, at) in [
        ("severity && true", 0),
        ("load == 'x'", 8),
        ("room < room", 0),
        ("starts + starts == starts", 0),
        ("load in people", 0),
        ("people == load", 0),
        ("!load", 1),
        ("-note", 1),
        ("load ? 1 : 2", 0),
        ("true ? 1 : 'x'", 11),
        ("minutes(2) * 2", 0),
        ("people.all(load > 1)", 7),
        ("size(load)", 5),
        ("minutes('x')", 8),
        ("minutes(1, 2)", 0),
        ("date('2026-02-30')", 5),
        ("[] == tags || [].size() == 0", 14),
        ("note.x == 1", 5),
        ("target.vault", 0),
        ("each.owner == actor.person", 0),
        ("due_on == today", 0),
    ] {
        let error = compile(text).unwrap_err();
        assert_eq!(error.at, at, "{text}: {error}");
    }
}

#[test]
fn broken_syntax_is_refused_at_its_place() {
    for (text, at) in [
        ("", 0),
        ("load ==", 7),
        ("load = 1", 5),
        ("(load > 1", 9),
        ("load > 1)", 8),
        ("'open", 0),
        (r"'a\x'", 2),
        ("load > 1.1234567", 7),
        ("load # 1", 5),
        ("機房 == 1", 0),
        ("load. > 1", 6),
        ("in == 1", 0),
    ] {
        let error = compile(text).unwrap_err();
        assert_eq!(error.at, at, "{text}: {error}");
    }
}

#[test]
fn texts_made_to_exhaust_the_stack_are_refused() {
    assert!(compile(&format!("{}true{}", "(".repeat(500), ")".repeat(500))).is_err());
    assert!(compile(&format!("{}true", "!".repeat(1500))).is_err());
    assert!(compile(&format!("load{} > 1", "+1".repeat(900))).is_err());
    assert!(compile(&"x".repeat(3000)).is_err());
    assert!(compile(&format!("load{} > 1", "+1".repeat(80))).is_ok());
}

#[test]
fn the_same_names_come_once_in_order() {
    let condition = compile("load > 1 && (severity == 'grave' || load < 0)").unwrap();
    let names: Vec<String> = condition.names().into_iter().map(ToString::to_string).collect();
    assert_eq!(names, ["load", "severity"]);
}
