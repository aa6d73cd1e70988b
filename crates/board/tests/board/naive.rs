//! The same figures, reckoned record by record and without conditions: each check written out by hand.

use crate::town::Town;
use casework::Case;
use model::{CivilDate, Clock as _, Instant, UnitId};
use regulation::Zone;
use std::collections::BTreeMap;
use store::Verdict;

/// Population, good ones, value in millionths, verdict.
pub(crate) type Told = (u32, u32, Option<i64>, Verdict);

/// Figures by clause, check and unit; only those with a population, and that of all together.
pub(crate) fn figures(town: &Town) -> BTreeMap<(String, String, Option<UnitId>), Told> {
    let now = town.house.clock.now();
    let zone = Zone::new("Asia/Taipei").unwrap();
    let jobs = town.cases("job");
    let mut found = BTreeMap::new();
    let [city, bureau, section] = town.units;
    let scopes = [
        (None, vec![city, bureau, section]),
        (Some(city), vec![city, bureau, section]),
        (Some(bureau), vec![bureau, section]),
        (Some(section), vec![section]),
    ];
    for (unit, within) in scopes {
        let here: Vec<&Case> = jobs.iter().filter(|case| within.contains(&case.unit)).collect();
        for (clause, check, told) in of_jobs(town, &here, &jobs, now, &zone) {
            found.insert((clause.to_owned(), check.to_owned(), unit), told);
        }
        for (check, told) in of_sheets(town, &within, now, &zone) {
            found.insert(("3".to_owned(), check.to_owned(), unit), told);
        }
    }
    found.retain(|(_, _, unit), told| unit.is_none() || told.0 > 0 || told.3 == Verdict::NotComputed);
    found
}

fn number(case: &Case, field: &str) -> Option<i64> {
    let text = case.content.0.get(field)?.as_str()?;
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    Some(format!("{whole}{decimals:0<6}").parse().unwrap())
}

fn day(case: &Case, field: &str) -> Option<CivilDate> {
    case.content.0.get(field)?.as_str()?.parse().ok()
}

fn closed_at(case: &Case) -> Option<Instant> {
    case.taken.get("close").map(|taken| taken.at)
}

/// Per cent in millionths, cut off.
fn share(good: usize, of: usize) -> Option<i64> {
    (of > 0).then(|| (good as i64 * 100_000_000) / of as i64)
}

fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap()
}

fn shared(population: usize, good: usize, goal: Option<i64>) -> Told {
    let value = share(good, population);
    let verdict = match (value, goal) {
        (None, _) => Verdict::Nobody,
        (_, None) => Verdict::Figure,
        (_, Some(goal)) if good as i64 * 100 >= goal * population as i64 => Verdict::Met,
        _ => Verdict::NotMet,
    };
    (small(population), small(good), value, verdict)
}

/// Days since the latest; the goal in days.
fn newest(population: usize, days: &[CivilDate], today: CivilDate, goal: Option<i64>) -> Told {
    let age = days.iter().max().map(|day| (today.days_since_epoch() - day.days_since_epoch()).max(0));
    let verdict = match (population, age, goal) {
        (0, ..) => Verdict::Nobody,
        (_, None, _) => Verdict::NotMet,
        (_, _, None) => Verdict::Figure,
        (_, Some(age), Some(goal)) => {
            if age <= goal {
                Verdict::Met
            } else {
                Verdict::NotMet
            }
        }
    };
    (small(population), small(days.len()), age.map(|age| age * 1_000_000), verdict)
}

fn measured(population: usize, numbers: &[i64], value: Option<i64>, goal: Option<i64>) -> Told {
    let verdict = match (population, value, goal) {
        (0, ..) => Verdict::Nobody,
        (_, _, None) => Verdict::Figure,
        (_, Some(value), Some(goal)) if numbers.len() == population && value <= goal * 1_000_000 => {
            Verdict::Met
        }
        _ => Verdict::NotMet,
    };
    (small(population), small(numbers.len()), value, verdict)
}

fn median(numbers: &[i64]) -> Option<i64> {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable();
    match sorted.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(sorted[odd / 2]),
        even => Some((sorted[even / 2 - 1] + sorted[even / 2]).div_euclid(2)),
    }
}

fn of_jobs(
    town: &Town,
    here: &[&Case],
    all: &[Case],
    now: Instant,
    zone: &Zone,
) -> Vec<(&'static str, &'static str, Told)> {
    let today = zone.date(now);
    let is = |case: &Case, state: &str| case.state.as_str() == state;
    let of = |fits: &dyn Fn(&Case) -> bool| -> Vec<&Case> {
        here.iter().copied().filter(|case| fits(case)).collect()
    };
    let good = |cases: &[&Case], fits: &dyn Fn(&Case) -> bool| cases.iter().filter(|case| fits(case)).count();
    let mut told = Vec::new();

    let decided = of(&|case| is(case, "checked") || is(case, "closed"));
    let large = good(&decided, &|case| number(case, "amount").is_some_and(|amount| amount >= 10_000_000));
    told.push(("1", "large", shared(decided.len(), large, Some(50))));

    // Thirty days before today, when the office closed.
    let began = zone.moment(today.plus_days(-30), "17:00".parse().unwrap());
    let recent = of(&|case| case.opened_at >= began);
    let flagged = good(&recent, &|case| case.content.0.get("flag").is_some_and(|flag| flag == true));
    told.push(("1", "recent", shared(recent.len(), flagged, None)));

    let dear = of(&|case| number(case, "amount").is_some_and(|amount| amount > 5_000_000));
    let ended = good(&dear, &|case| case.ending.is_some());
    let left = (dear.len() - ended) as i64 * 1_000_000;
    let verdict = match dear.len() {
        0 => Verdict::Nobody,
        _ if left == 0 => Verdict::Met,
        _ => Verdict::NotMet,
    };
    told.push(("1", "open", (small(dear.len()), small(ended), (!dear.is_empty()).then_some(left), verdict)));

    let closed = of(&|case| is(case, "closed"));
    let days: Vec<CivilDate> = closed.iter().filter_map(|case| day(case, "day")).collect();
    told.push(("1", "latest", newest(closed.len(), &days, today, Some(10))));
    let days: Vec<CivilDate> =
        here.iter().filter_map(|case| closed_at(case)).map(|at| zone.date(at)).collect();
    told.push(("1", "latest_closed", newest(here.len(), &days, today, None)));

    let amounts: Vec<i64> = here.iter().filter_map(|case| number(case, "amount")).collect();
    told.push(("1", "median", measured(here.len(), &amounts, median(&amounts), Some(20))));
    let amounts: Vec<i64> = closed.iter().filter_map(|case| number(case, "amount")).collect();
    let sum = (!amounts.is_empty()).then(|| amounts.iter().sum());
    told.push(("1", "sum", measured(closed.len(), &amounts, sum, None)));
    let waits = closed.iter().map(|case| closed_at(case).unwrap().as_micros() - case.opened_at.as_micros());
    // Microseconds are millionths of a second; a day has 86,400.
    let waits: Vec<i64> = waits.map(|micros| micros / 86_400).collect();
    told.push(("1", "longest", measured(closed.len(), &waits, waits.iter().max().copied(), Some(5))));

    let state = town.house.desk.seen().roster;
    let in_post = |case: &Case| {
        let owner = case.content.0.get("owner").and_then(|owner| owner.as_str());
        let owner = owner.and_then(|owner| state.person(owner.parse().unwrap()));
        owner.is_some_and(|owner| {
            owner.held(now).any(|held| held.role.as_str() == "clerk" && held.unit == Some(case.unit))
        })
    };
    told.push(("2", "owners", shared(here.len(), good(here, &in_post), Some(100))));

    let parent = |case: &Case| case.content.0.get("parent").map(|parent| parent.as_str().unwrap().to_owned());
    let children = of(&|case| parent(case).is_some());
    let after = good(&children, &|case| {
        let wanted = parent(case).unwrap();
        all.iter().any(|other| other.record.to_string() == wanted && is(other, "closed"))
    });
    told.push(("2", "parents", shared(children.len(), after, Some(100))));

    let past = of(&|case| day(case, "day").is_some_and(|day| day < today));
    let done = good(&past, &|case| is(case, "closed"));
    told.push(("2", "past", shared(past.len(), done, Some(100))));

    let name = |case: &Case| case.content.0["name"].clone();
    let alone =
        good(here, &|case| !all.iter().any(|other| other.record != case.record && name(other) == name(case)));
    told.push(("2", "siblings", shared(here.len(), alone, None)));

    // Where anywhere something is divided by nought, nothing is reckoned anywhere.
    let nought = all.iter().any(|case| is(case, "closed") && number(case, "amount") == Some(0));
    let ratios: Vec<i64> =
        amounts.iter().filter(|_| !nought).map(|amount| 10_000_000_000_000 / amount).collect();
    let ratio = (!ratios.is_empty()).then(|| ratios.iter().sum());
    told.push((
        "4",
        "ratio",
        match nought {
            true => (0, 0, None, Verdict::NotComputed),
            false => measured(closed.len(), &ratios, ratio, None),
        },
    ));
    told
}

fn of_sheets(town: &Town, within: &[UnitId], now: Instant, zone: &Zone) -> Vec<(&'static str, Told)> {
    let text = "SELECT o.due, o.done_at, o.record FROM occurrence o ORDER BY o.due";
    let rows = town.house.desk.read(|sql, _| sql.rows(text, &[])).unwrap();
    let owed = rows.iter().filter_map(|row| {
        let due: Instant = row.text(0).unwrap().parse().unwrap();
        let done: Option<Instant> = row.text(1).map(|at| at.parse().unwrap());
        let case = town.house.case(row.text(2).unwrap().parse().unwrap()).unwrap();
        (due <= now && within.contains(&case.unit)).then_some((due, done))
    });
    let owed: Vec<(Instant, Option<Instant>)> = owed.collect();
    let on_time = owed.iter().filter(|(due, done)| done.is_some_and(|done| done <= *due)).count();
    let began = zone.moment(zone.date(now).plus_days(-21), "17:00".parse().unwrap());
    let lately: Vec<_> = owed.iter().filter(|(due, _)| *due >= began).collect();
    let done = lately.iter().filter(|(_, done)| done.is_some()).count();
    let left = (lately.len() - done) as i64 * 1_000_000;
    let verdict = match lately.len() {
        0 => Verdict::Nobody,
        _ if left == 0 => Verdict::Met,
        _ => Verdict::NotMet,
    };
    vec![
        ("on_time", shared(owed.len(), on_time, Some(100))),
        ("left", (small(lately.len()), small(done), (!lately.is_empty()).then_some(left), verdict)),
    ]
}
