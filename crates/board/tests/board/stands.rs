//! What is recorded when, what stands as of a past day, units, populations of none, statements that a clause does not
//! apply, and what cannot be reckoned.

use crate::pack;
use crate::town::Town;
use model::{Clock as _, Told};
use regulation::Outcome;
use serde_json::json;
use store::Verdict;

#[test]
fn a_population_of_none_is_met_by_nothing_until_it_is_signed_that_the_clause_does_not_apply() {
    let mut town = Town::new(1, None);
    town.house.assess().unwrap();
    for check in ["large", "recent", "open", "latest", "median", "sum"] {
        let figure = town.figure("1", check, None);
        assert_eq!((figure.verdict, figure.population, figure.value), (Verdict::Nobody, 0, None), "{check}");
        assert_eq!(town.found("1", check, Some(1)), None, "nothing is recorded of units with nobody");
    }
    // Of the bureau: of it and what is below, of nothing else.
    let waiver = town.waive(1, "1", "2025-01-20");
    town.house.assess().unwrap();
    let verdict = |town: &Town, unit| town.found("1", "open", unit).map(|found| found.figure.verdict);
    assert_eq!(verdict(&town, None), Some(Verdict::Nobody));
    assert_eq!(verdict(&town, Some(0)), None);
    assert_eq!(
        (verdict(&town, Some(1)), verdict(&town, Some(2))),
        (Some(Verdict::Exempt), Some(Verdict::Exempt))
    );
    assert_eq!(town.found("2", "owners", Some(1)), None, "another clause");
    // Where there is something to look at, it counts.
    let job = town.job(2, &[("amount", json!("12"))]);
    town.later(2);
    town.house.assess().unwrap();
    assert_eq!(
        (verdict(&town, Some(2)), verdict(&town, Some(1))),
        (Some(Verdict::NotMet), Some(Verdict::NotMet))
    );
    town.close(2, job);
    town.later(2);
    town.house.assess().unwrap();
    assert_eq!(verdict(&town, Some(2)), Some(Verdict::Met));
    town.house.at("2025-01-21T01:00").unwrap();
    town.house.assess().unwrap();
    town.waive(0, "3", "2025-12-31");
    town.house.assess().unwrap();
    // That of the topmost unit covers all.
    assert_eq!(town.figure("3", "left", None).verdict, Verdict::Exempt);
    assert_eq!(town.house.case(waiver).unwrap().state.as_str(), "in_force");
    town.house.compare().unwrap();
}

#[test]
fn a_statement_that_is_over_exempts_nobody() {
    let mut town = Town::new(2, None);
    let by_term = town.waive(1, "1", "2025-01-20");
    let by_hand = town.waive(2, "2", "2025-12-31");
    town.house.assess().unwrap();
    assert_eq!(town.figure("1", "sum", Some(2)).verdict, Verdict::Exempt);
    assert_eq!(town.figure("2", "past", Some(2)).verdict, Verdict::Exempt);
    assert_eq!(town.found("2", "past", Some(1)), None, "above it nothing was signed");
    town.house.at("2025-01-21T01:00").unwrap();
    town.house.take(town.chief, by_hand, "end", Outcome::Done, &[]).unwrap();
    town.house.assess().unwrap();
    assert_eq!(town.figure("1", "sum", Some(2)).verdict, Verdict::Nobody);
    assert_eq!(town.figure("2", "past", Some(2)).verdict, Verdict::Nobody);
    assert_eq!(town.house.case(by_term).unwrap().state.as_str(), "in_force");
}

#[test]
fn what_differs_is_recorded_and_nothing_else() {
    let mut town = Town::new(3, None);
    let first = town.house.assess().unwrap();
    assert_eq!(first.figures, 15, "every check for all together");
    assert_eq!(town.house.assess().unwrap().entries, 0);
    town.job(1, &[("amount", json!("3"))]);
    assert_eq!(town.house.assess().unwrap().entries, 0, "not again within a minute");
    town.later(2);
    town.house.assess().unwrap();
    let found = town.found("1", "median", None).unwrap();
    assert_eq!((found.figure.population, found.figure.verdict), (1, Verdict::Met));
    let size = town.house.desk.seen().position;
    assert!(found.size <= found.entry && found.entry < size, "{found:?}");
    assert_eq!((found.pack, found.month), (1, None));
    // Of the units it is in, and of those above them.
    assert!(town.found("1", "median", Some(2)).is_none());
    assert_eq!(
        town.figure("1", "median", Some(0)),
        store::Figure { unit: Some(town.units[0]), ..found.figure.clone() }
    );
    // Time alone brings what it moves.
    let large = town.found("1", "large", None).unwrap().entry;
    town.later(24 * 60);
    town.house.assess().unwrap();
    assert_eq!(town.found("1", "large", None).unwrap().entry, large);
    town.house.compare().unwrap();
}

#[test]
fn as_of_a_past_day_stands_what_was_recorded_then() {
    let mut town = Town::new(4, None);
    let job = town.job(0, &[("amount", json!("30"))]);
    town.house.assess().unwrap();
    let then = town.house.clock.now();
    town.house.at("2025-01-15T01:00").unwrap();
    town.close(0, job);
    town.house.assess().unwrap();
    let (clause, check) = ("1".parse().unwrap(), "open".parse().unwrap());
    let at = |until| town.house.desk.read(|sql, _| sql.evaluation(&clause, &check, None, until)).unwrap();
    assert_eq!(
        at(Some(then.plus(std::time::Duration::from_secs(60)))).unwrap().figure.verdict,
        Verdict::NotMet
    );
    assert_eq!(at(None).unwrap().figure.verdict, Verdict::Met);
    assert_eq!(at(Some(model::Instant::EPOCH)), None, "before anything was recorded");
    // Restarted, and with other checks in force, what was recorded stands.
    town.house.reopen().unwrap();
    let next = pack::changed(&[
        ("pack.toml", "version = 1", "version = 2"),
        ("clauses/all.toml", "amount > 5", "amount > 50"),
    ]);
    town.house.publish(&pack::source(&next)).unwrap();
    town.house.assess().unwrap();
    let at = |until| town.house.desk.read(|sql, _| sql.evaluation(&clause, &check, None, until)).unwrap();
    let now = at(None).unwrap();
    assert_eq!((now.figure.verdict, now.pack), (Verdict::Nobody, 2));
    assert_eq!(
        at(Some(then.plus(std::time::Duration::from_secs(60)))).unwrap().figure.verdict,
        Verdict::NotMet
    );
    let curve = town.house.desk.read(|sql, _| sql.evaluations(&clause, &check, None, None)).unwrap();
    let verdicts: Vec<Verdict> = curve.iter().map(|one| one.figure.verdict).collect();
    assert_eq!(verdicts, [Verdict::NotMet, Verdict::Met, Verdict::Nobody]);
}

#[test]
fn a_months_end_is_recorded_of_every_check_once() {
    let mut town = Town::new(5, None);
    town.job(1, &[("amount", json!("30"))]);
    town.house.assess().unwrap();
    // The last evening of January in Taipei, then the first minute of February.
    town.house.at("2025-01-31T15:59").unwrap();
    town.house.assess().unwrap();
    assert!(town.last().iter().all(|one| one.month.is_none()));
    town.house.at("2025-01-31T16:01").unwrap();
    let closed = town.house.assess().unwrap();
    assert!(closed.entries >= 15, "{closed:?}");
    let january = Some("2025-01-01".parse().unwrap());
    assert!(town.last().iter().all(|one| one.month == january), "{:?}", town.last());
    town.house.reopen().unwrap();
    town.later(61);
    assert_eq!(town.house.assess().unwrap().entries, 0, "nor after a restart");
    // Months that nobody was there for are closed by the last of them.
    town.house.at("2025-05-05T01:00").unwrap();
    town.house.assess().unwrap();
    let april = Some("2025-04-01".parse().unwrap());
    assert!(town.last().iter().filter(|one| one.figure.unit.is_none()).all(|one| one.month == april));
    town.house.compare().unwrap();
}

#[test]
fn what_cannot_be_reckoned_says_why_and_is_known_of_no_unit() {
    let mut town = Town::new(6, None);
    let job = town.job(2, &[("amount", json!("4"))]);
    town.close(2, job);
    town.house.assess().unwrap();
    assert_eq!(town.figure("4", "ratio", Some(1)).value.unwrap().to_string(), "2.5");
    let nought = town.job(0, &[("amount", json!("0"))]);
    town.close(0, nought);
    town.later(2);
    town.house.assess().unwrap();
    for unit in [None, Some(1), Some(2)] {
        let figure = town.figure("4", "ratio", unit);
        assert_eq!((figure.verdict, figure.value), (Verdict::NotComputed, None));
        let Some(Told { zh, en }) = figure.why else { panic!("no reason") };
        assert!(zh.contains("除以零") && en.contains("divides by nought"), "{zh} {en}");
    }
    town.house.compare().unwrap();
}

#[test]
fn what_fails_is_named_by_record_and_unit() {
    let mut town = Town::new(7, None);
    let wrong = town.job(2, &[("amount", json!("30"))]);
    let right = town.job(1, &[("amount", json!("30"))]);
    town.close(1, right);
    town.house.assess().unwrap();
    let standing = town.house.desk.standing();
    let of = |check: &str| standing.checks[&("1".parse().unwrap(), check.parse().unwrap())].clone();
    let open = of("open");
    assert_eq!(open.failing.to_vec(), [board::Failing { record: wrong, unit: town.units[2] }]);
    assert!(open.fresh_until > open.evaluated_at);
    assert!(of("latest").failing.is_empty(), "the latest is of all together");
}

#[test]
fn where_records_are_looked_at_alone_only_those_that_changed_are_read_again() {
    let mut town = Town::with(8, None, &pack::alone());
    let jobs: Vec<_> = (0..30).map(|nth| town.job(nth % 3, &[("amount", json!("30"))])).collect();
    let now = town.house.clock.now();
    let asked = town.house.desk.read(|sql, seen| {
        let mut memory = board::Memory::default();
        let (packs, layout, units, size) = (&seen.packs, &seen.layout, seen.roster.as_ref(), seen.position);
        let around = board::Around { packs, layout, units, now, size, machines: None };
        let (all, asked) = sql.explained(|sql| memory.evaluate(sql, around, &board::Changes::default()))?;
        assert_eq!(all.len(), 8);
        let scans = asked.iter().filter(|(text, _)| text.contains("FROM sheet_job"));
        assert_eq!(scans.count(), 2, "all checks in one reading of the register, and its end");
        let mut changes = board::Changes::default();
        changes.records.entry("job".parse().unwrap()).or_default().insert(jobs[7]);
        let later = board::Around { now: now.plus(std::time::Duration::from_secs(120)), ..around };
        let (_, asked) = sql.explained(|sql| memory.evaluate(sql, later, &changes))?;
        Ok::<_, store::StoreError>(asked)
    });
    let asked = asked.unwrap();
    assert_eq!(asked.len(), 8, "{asked:?}");
    for (text, plan) in &asked {
        assert!(text.contains("FROM record WHERE record IN ($1)"), "{text}");
        assert!(!plan.contains("SCAN"), "{plan}");
    }
}
