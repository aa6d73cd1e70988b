//! The packs this repository ships have no problems, hold every clause they say they hold, let everything end that
//! must, and their calendars count what the government published.

#![expect(clippy::panic, reason = "helpers of tests, which fail by panicking")]

use model::CivilDate;
use regulation::{Effect, Folder, Kind, LimitUnit, Pack, Register, RegisterId, RetentionStart, load};
use std::collections::BTreeSet;
use std::path::Path;

fn taichung() -> Pack {
    load(&Folder::new(Path::new("../../regulations/taichung-2001"))).unwrap_or_else(|problems| {
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        panic!("{}", told.join("\n"))
    })
}

#[test]
fn the_pack_of_taichung_has_no_problems() {
    assert_eq!(taichung().id.as_str(), "taichung-2001");
}

/// Totals of days off, weekends included, as the Directorate-General of Personnel Administration published
/// them; 2025 with the three days the Act of 28 May 2025 added.
#[test]
fn the_calendars_have_as_many_days_off_as_the_government_published() {
    let pack = taichung();
    for (year, published) in [(2023, 116), (2024, 115), (2025, 118), (2026, 120), (2027, 121)] {
        let first = CivilDate::new(year, 1, 1).unwrap();
        let days = (0..366).map(|offset| first.plus_days(offset)).filter(|day| i64::from(day.year()) == year);
        let off = days.filter(|day| !pack.calendar.is_working(*day).unwrap()).count();
        assert_eq!(off, published, "{year}");
    }
}

/// Each make-up Saturday pays for a day off that would have been worked.
#[test]
fn every_make_up_saturday_makes_up_for_a_weekday_off() {
    let pack = taichung();
    let mut saturdays = 0;
    for year in pack.calendar.years() {
        for (day, work) in &year.work {
            assert_eq!(day.weekday(), 6, "{day}");
            let paid = work.for_day.unwrap();
            assert!(paid.weekday() <= 5 && !pack.calendar.is_working(paid).unwrap(), "{paid}");
            saturdays += 1;
        }
    }
    assert_eq!(saturdays, 8);
}

/// Every duty falls due in each of the calendar's years: no series stops at New Year.
#[test]
fn every_duty_is_due_in_every_year() {
    let pack = taichung();
    for duty in pack.duties.values() {
        for year in 2023..=2027 {
            let (first, last) = (CivilDate::new(year, 1, 1).unwrap(), CivilDate::new(year, 12, 31).unwrap());
            let due = duty.repeat.between(first, last, &pack.calendar).unwrap();
            assert!(!due.is_empty(), "{} in {year}", duty.id);
        }
    }
}

/// Articles 1 to 4, numbered as the text counts them.
const CLAUSES: [&str; 35] = [
    "1", "2", "3.1.1", "3.2.1", "3.3.1", "3.3.2", "3.4.1", "3.4.2", "3.4.3", "3.4.4", "3.4.5", "3.4.6",
    "3.4.7", "3.5.1", "3.6.1", "3.7.1", "3.8.1", "3.9.1", "3.10.1", "3.10.2", "4.1.1", "4.2.1", "4.2.2",
    "4.2.3", "4.2.4", "4.3.1", "4.3.2", "4.3.3", "4.4.1", "4.4.2", "4.4.3", "4.5.1", "4.5.2", "4.5.3",
    "4.6.1",
];

#[test]
fn every_clause_of_articles_1_to_4_is_there_and_those_that_ask_something_have_a_figure() {
    let pack = taichung();
    let there: Vec<&str> = pack.clauses.iter().map(|clause| clause.id.as_str()).collect();
    for id in CLAUSES {
        assert!(there.contains(&id), "{id}");
    }
    let without: Vec<&str> = pack
        .clauses
        .iter()
        .filter(|clause| clause.checks.is_empty() && CLAUSES.contains(&clause.id.as_str()))
        .map(|clause| clause.id.as_str())
        .collect();
    assert_eq!(without, ["1", "2"]);
}

/// Articles 5 to 28 are listed whole, numbered as the text counts them; until their engines come they say why nothing
/// is computed.
#[test]
fn every_clause_of_the_regulation_is_listed() {
    let pack = taichung();
    assert_eq!(pack.clauses.len(), 153);
    let articles: BTreeSet<u32> = pack
        .clauses
        .iter()
        .map(|clause| clause.id.as_str().split('.').next().unwrap().parse().unwrap())
        .collect();
    assert_eq!(articles, (1..=28).collect());
    for clause in &pack.clauses {
        assert_eq!(clause.checks.is_empty(), clause.not_live.is_some(), "{}", clause.id);
    }
}

/// Of articles 5 to 23 every clause has a figure. Each is served by a register.
#[test]
fn of_articles_5_to_23_every_clause_has_a_figure() {
    let pack = taichung();
    let article = |id: &str| -> u32 { id.split('.').next().unwrap().parse().unwrap() };
    let these = pack.clauses.iter().filter(|clause| (5..=23).contains(&article(clause.id.as_str())));
    let (with, without): (Vec<_>, Vec<_>) = these.partition(|clause| !clause.checks.is_empty());
    assert!(without.is_empty(), "{without:?}");
    let registers = pack.registers.values().flat_map(|register| &register.clauses);
    let cited: BTreeSet<&str> = registers.map(|clause| clause.as_str()).collect();
    for clause in with {
        assert!(cited.contains(clause.id.as_str()), "nothing serves {}", clause.id);
    }
}

/// Clauses of articles 24 to 28 whose whole figure an engine has to give.
const WAITING: [&str; 11] =
    ["24.4.2", "24.5.4", "24.7.3", "25.2", "25.3", "25.4", "25.5", "26.1.2", "26.1.6", "26.2.1", "26.3.5"];

#[test]
fn of_articles_24_to_28_only_what_waits_for_an_engine_has_no_figure() {
    let pack = taichung();
    let article = |id: &str| id.split('.').next().unwrap().parse::<u32>().unwrap();
    let without: Vec<&str> = pack
        .clauses
        .iter()
        .filter(|clause| clause.checks.is_empty() && article(clause.id.as_str()) >= 24)
        .map(|clause| clause.id.as_str())
        .collect();
    assert_eq!(without, WAITING);
}

/// Every article is put beside law in force and beside a standard; numbers of controls are those that the standard has,
/// and only what is not of it may be without a source.
#[test]
fn every_article_has_its_crosswalk() {
    use regulation::CrosswalkKind;
    let pack = taichung();
    let article = |id: &regulation::ClauseId| id.as_str().split('.').next().unwrap().parse::<u32>().unwrap();
    for kind in [CrosswalkKind::Law, CrosswalkKind::Standard] {
        let of = pack.crosswalk.iter().filter(|one| one.kind == kind);
        let articles: BTreeSet<u32> = of.map(|one| article(&one.clause)).collect();
        assert_eq!(articles, (1..=28).collect(), "{kind:?}");
    }
    let beside: BTreeSet<&str> = pack.crosswalk.iter().map(|one| one.clause.as_str()).collect();
    assert_eq!(beside.len(), pack.clauses.len());
    for one in pack.crosswalk.iter().filter(|one| one.kind == CrosswalkKind::Standard) {
        assert!(one.source.is_some(), "{}", one.text.en());
        let number = one.text.en().strip_prefix("A.").and_then(|text| text.split(' ').next()).unwrap();
        let (theme, control) = number.split_once('.').unwrap();
        let last = match theme {
            "5" => 37,
            "6" => 8,
            "7" => 14,
            "8" => 34,
            other => panic!("Annex A has no {other}"),
        };
        assert!((1..=last).contains(&control.parse::<u32>().unwrap()), "{number}");
        assert!(one.text.zh().starts_with(&format!("A.{number} ")), "{}", one.text.zh());
    }
    assert!(pack.crosswalk.iter().any(|one| one.source.is_none()), "what is not sure is said to be so");
}

/// A clause that no form, duty or procedure cites would be a figure without work behind it.
#[test]
fn every_clause_that_asks_something_is_served_by_a_form_a_duty_or_a_procedure() {
    let pack = taichung();
    let registers = pack.registers.values().flat_map(|register| &register.clauses);
    let duties = pack.duties.values().flat_map(|duty| &duty.clauses);
    let procedures = pack.procedures.values().flat_map(|procedure| &procedure.clauses);
    let served: BTreeSet<&str> =
        registers.chain(duties).chain(procedures).map(|clause| clause.as_str()).collect();
    for id in CLAUSES.into_iter().skip(2) {
        assert!(served.contains(id), "nothing serves {id}");
    }
}

/// The fields of the register of destruction that name records, with the registers they name.
fn condemned(pack: &Pack) -> Vec<(&Register, &str)> {
    let named = pack.destruction.as_ref().and_then(|id| pack.register(id.as_str()));
    let Some(destruction) = named else { panic!("the pack names no register of destruction") };
    let destroyed: BTreeSet<&str> = destruction
        .flow
        .steps
        .iter()
        .flat_map(|step| &step.then)
        .filter_map(|follow| match &follow.effect {
            Effect::Destroy { records } => Some(records.text()),
            _ => None,
        })
        .collect();
    let named = destruction.fields.iter().filter(|field| destroyed.contains(field.id.as_str()));
    named
        .filter_map(|field| match &field.kind {
            Kind::Reference { register, only: Some(only), .. } => {
                Some((pack.register(register.as_str())?, only.text()))
            }
            _ => None,
        })
        .collect()
}

#[test]
fn what_is_not_kept_for_ever_can_be_destroyed_and_only_what_something_goes_by_is_kept_for_ever() {
    let pack = taichung();
    let condemned: BTreeSet<&str> =
        condemned(&pack).iter().map(|(register, _)| register.id.as_str()).collect();
    let rules = &pack.line_rules;
    let disposal = rules.disposal.iter().map(|of| &of.register);
    let hold = rules.hold.iter().map(|of| &of.register);
    let by: BTreeSet<&RegisterId> = disposal
        .chain(hold)
        .chain(rules.erasure.iter().map(|of| &of.register))
        .chain(&pack.destruction)
        .collect();
    for register in pack.registers.values() {
        let id = register.id.as_str();
        assert_eq!(register.retention.keep.is_some(), condemned.contains(id), "{id}");
        assert_eq!(register.retention.keep.is_none(), by.contains(&register.id), "{id}");
    }
}

/// The days written in the register of destruction are the most that so many years can have, counted from the same
/// moment as the register's retention.
#[test]
fn nothing_may_be_destroyed_before_its_years_are_over() {
    let pack = taichung();
    for (register, only) in condemned(&pack) {
        let keep = register.retention.keep.unwrap();
        assert_eq!(keep.unit, LimitUnit::Years, "{}", register.id);
        let most = i64::from(keep.count) * 365 + i64::from(keep.count.div_ceil(4));
        let days: i64 =
            only.split("days(").nth(1).and_then(|rest| rest.split(')').next()).unwrap().parse().unwrap();
        assert_eq!(days, most, "{}: {} years", register.id, keep.count);
        let from = match &register.retention.from {
            RetentionStart::Field(field) => format!("target.{field} + days("),
            _ => "target.record.closed_at + days(".to_owned(),
        };
        assert!(only.contains(&from) && only.contains("target.record.closed_at"), "{}: {only}", register.id);
    }
}

/// Each of the four grounds of a change asks a document of its own, which the form shows for no other ground.
#[test]
fn each_ground_of_a_change_asks_its_own_document() {
    let pack = taichung();
    let change = pack.register("program_change").unwrap();
    let Kind::Choice { options, .. } = &change.field("ground").unwrap().kind else { panic!("no choice") };
    let file = change.flow.step("file").unwrap();
    for ground in options {
        let when = format!("ground == '{}'", ground.id);
        let asked = change.fields.iter().filter(|field| {
            let same = |asked: &regulation::When| matches!(asked, regulation::When::If(condition) if condition.text() == when);
            matches!(field.kind, Kind::Files { ref count, .. } if count.least >= 1)
                && same(&field.required)
                && same(&field.show)
                && file.fields.contains(&field.id)
        });
        assert_eq!(asked.count(), 1, "{}", ground.id);
    }
    assert_eq!(options.len(), 4);
}

/// An opening step without `fields` asks what no later step asks; a question every record must answer before it is
/// in use would silently move to a later step. So whoever opens by hand says what is asked, where steps overlap.
#[test]
fn no_opening_step_loses_a_question_to_the_step_that_amends_it() {
    let pack = taichung();
    for register in pack.registers.values() {
        let opening: Vec<_> = register.flow.steps.iter().filter(|step| step.opens()).collect();
        let asked: BTreeSet<_> = opening.iter().flat_map(|step| &step.fields).collect();
        let columns = register.list.columns.iter().filter(|column| {
            let field = register.field(column.as_str()).unwrap();
            let later =
                register.flow.steps.iter().filter(|step| !step.opens() && step.fields.contains(column));
            let stays = later.clone().count() > 0
                && later.clone().all(|step| step.outcomes.iter().all(|(_, to)| step.from.contains(to)));
            matches!(field.required, regulation::When::Always) && stays
        });
        for column in columns {
            assert!(asked.contains(column), "{}.{column}", register.id);
        }
    }
}
