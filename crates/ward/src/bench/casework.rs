//! Casework: a city with 100,000 devices and ten million events; how fast it is rebuilt, listed, searched, opened, saved.
//!
//! The city runs the pack built into the program. One device lives its life through the desk, as a user would have it;
//! the others live the same life, each with content of its own, and are put into the ledger directly, since a hundred
//! years of typing is not what is measured.

use super::appends::cpu_seconds;
use super::city::{self, City};
use super::grown;
use super::{pick, say};
use anyhow::Context as _;
use desk::Desk;
use indicatif::ProgressBar;
use model::{Person, RecordId};
use regulation::Outcome;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant as Stopwatch};
use store::{Ask, Column, Direction, Filter, Reader, Sources, Test};

/// Callers of the last figure.
const CLIENTS: usize = 64;

/// How much is measured.
pub(super) struct Size {
    pub(super) devices: u64,
    pub(super) events: u64,
    pub(super) rounds: usize,
}

pub(super) fn run(data: &Path, database: Option<&str>, size: &Size) -> anyhow::Result<()> {
    let city = City::found(data, database)?;
    let grown = grown::grow(&city, size.devices, size.events)?;
    println!("a city of {} devices and {} entries", grown.devices, grown.entries);
    rebuild(&city)?;
    ask(&city, &city.open()?, &grown, size.rounds)
}

/// Rebuilds and asks a city that a former run has left.
pub(super) fn again(data: &Path, database: Option<&str>, rounds: usize) -> anyhow::Result<()> {
    let mut city = City::standing(data, database)?;
    println!("a city of {} entries", city.size()?);
    rebuild(&city)?;
    let desk = city.open()?;
    city.know(&desk)?;
    ask(&city, &desk, &grown::standing(&desk)?, rounds)
}

/// Every figure but those of rebuilding.
fn ask(city: &City, desk: &Desk, grown: &grown::Grown, rounds: usize) -> anyhow::Result<()> {
    let asks = Asks { desk, reader: city.reader(desk)?, grown };
    asks.lists(rounds)?;
    asks.searches(rounds)?;
    asks.opens(rounds)?;
    asks.saves(city, rounds)?;
    together(city, desk, grown, Duration::from_secs(10))?;
    desk.close();
    Ok(())
}

/// The tables made anew, first without the search index, then with it.
fn rebuild(city: &City) -> anyhow::Result<()> {
    let (reader, size) = (city.ledger_reader(), city.size()?);
    for index in [false, true] {
        let bar = ProgressBar::new(size);
        let packs = |published: &[(u32, String)]| city.packs(published);
        let sources =
            Sources { keys: city.keys()?, packs: &packs, progress: &|done| bar.set_position(done), index };
        let (start, before) = (Stopwatch::now(), cpu_seconds());
        store::rebuild(&city.place, &reader, size, &sources)?;
        let (seconds, cpu) = (start.elapsed().as_secs_f64(), cpu_seconds() - before);
        bar.finish_and_clear();
        let with = if index { "with" } else { "without" };
        let (rate, each) = (size as f64 / seconds, cpu * 1e6 / size as f64);
        println!(
            "rebuild {with} search index: {rate:>9.0} events/s ({seconds:.1} s)   {each:>5.2} µs of processor each"
        );
    }
    Ok(())
}

struct Asks<'a> {
    desk: &'a Desk,
    reader: Reader,
    grown: &'a grown::Grown,
}

impl Asks<'_> {
    fn page(&self, name: &str, rounds: usize, ask: impl Fn(usize) -> Ask) -> anyhow::Result<()> {
        let mut total = 0;
        let waits = measured(rounds, |round| {
            let ask = ask(round);
            let page = self
                .desk
                .read(|sql, seen| store::list(sql, &seen.packs, &seen.layout, &self.reader, &ask))?;
            total = page.total;
            Ok(())
        })?;
        say(&format!("{name} ({total} found)"), waits);
        Ok(())
    }

    fn counts(&self, name: &str, rounds: usize, ask: &Ask, column: &Column) -> anyhow::Result<()> {
        let mut values = 0;
        let waits = measured(rounds, |_| {
            let counts = self
                .desk
                .read(|sql, seen| ask.counts(sql, &seen.packs, &seen.layout, &self.reader, column))?;
            values = counts.len();
            Ok(())
        })?;
        say(&format!("{name} ({values} values)"), waits);
        Ok(())
    }

    fn lists(&self, rounds: usize) -> anyhow::Result<()> {
        let base = Ask {
            register: "equipment".parse()?,
            text: None,
            filters: Vec::new(),
            sort: None,
            skip: 0,
            most: 50,
        };
        let by = |field: &str| -> anyhow::Result<Column> { Ok(Column::Field(field.parse()?)) };
        let is = |column: Column, value: String| Filter { column, test: Test::In(vec![value]) };
        self.page("list, newest first", rounds, |_| base.clone())?;
        let code = by("code")?;
        self.page("list, by code", rounds, |_| Ask {
            sort: Some((code.clone(), Direction::Up)),
            ..base.clone()
        })?;
        let (room, name) = (by("room")?, by("name")?);
        let rooms = &self.grown.rooms;
        self.page("list, one room, by name", rounds, |round| Ask {
            filters: vec![is(room.clone(), pick(rooms, round).to_string())],
            sort: Some((name.clone(), Direction::Down)),
            ..base.clone()
        })?;
        let kind = by("kind")?;
        self.page("list, one kind, by code, page 20", rounds, |_| Ask {
            filters: vec![is(kind.clone(), "server".to_owned())],
            sort: Some((code.clone(), Direction::Down)),
            skip: 950,
            ..base.clone()
        })?;
        self.page("list, one kind, by code, page 250", rounds, |_| Ask {
            filters: vec![is(kind.clone(), "server".to_owned())],
            sort: Some((code.clone(), Direction::Down)),
            skip: self.grown.devices / 4 / 2,
            ..base.clone()
        })?;
        let state = Filter { column: Column::State, test: Test::Running };
        self.counts("counts by state", rounds, &base, &Column::State)?;
        self.counts("counts by kind", rounds, &base, &kind)?;
        let running = Ask { filters: vec![state], ..base.clone() };
        self.counts("counts by kind of what runs", rounds, &running, &kind)?;
        let servers = Ask { filters: vec![is(kind.clone(), "server".to_owned())], ..base.clone() };
        self.counts("counts by state of one kind", rounds, &servers, &Column::State)?;
        let waits = measured(rounds, |_| {
            self.desk.read(|sql, seen| self.reader.counts(sql, &seen.packs, &seen.layout))?;
            Ok(())
        })?;
        say("counts of all registers", waits);
        let waits = measured(rounds, |_| {
            self.desk.read(|sql, _| store::turns(sql, &self.reader, 0, 50))?;
            Ok(())
        })?;
        say("what waits for the reader", waits);
        self.page("list, name contains", rounds, |round| Ask {
            filters: vec![Filter {
                column: name.clone(),
                test: Test::Contains(format!("第{}號", round * 37 % 1000)),
            }],
            ..base.clone()
        })
    }

    fn searches(&self, rounds: usize) -> anyhow::Result<()> {
        let base = Ask {
            register: "equipment".parse()?,
            text: None,
            filters: Vec::new(),
            sort: None,
            skip: 0,
            most: 50,
        };
        self.page("search, a word every device has", rounds, |_| Ask {
            text: Some("主機".to_owned()),
            ..base.clone()
        })?;
        // Two words in turn, so that neither is found where the other was just looked for.
        self.page("search, one of two such words in turn", rounds, |round| Ask {
            text: Some(if round % 2 == 0 { "主機" } else { "號" }.to_owned()),
            ..base.clone()
        })?;
        let by_code = Some((Column::Field("code".parse()?), Direction::Up));
        let common = Ask { text: Some("主機".to_owned()), ..base.clone() };
        self.page("search, the same word, by code", rounds, |_| Ask {
            sort: by_code.clone(),
            ..common.clone()
        })?;
        self.counts(
            "counts by kind of what a search finds",
            rounds,
            &common,
            &Column::Field("kind".parse()?),
        )?;
        self.page("search, a serial number", rounds, |round| Ask {
            text: Some(grown::serial(round as u64 * 131 % self.grown.devices)),
            ..base.clone()
        })?;
        let waits = measured(rounds, |round| {
            let text = grown::serial(round as u64 * 71 % self.grown.devices);
            self.desk.read(|sql, seen| {
                store::search_everywhere(sql, &seen.packs, &seen.layout, &self.reader, &text, 20).map(drop)
            })?;
            Ok(())
        })?;
        say("search over all registers", waits);
        Ok(())
    }

    fn opens(&self, rounds: usize) -> anyhow::Result<()> {
        let waits = measured(rounds, |round| {
            let record = *pick(&self.grown.records, round * 7919);
            self.desk.case(record)?.context("a device")?;
            Ok(())
        })?;
        say("open a record", waits);
        Ok(())
    }

    fn saves(&self, city: &City, rounds: usize) -> anyhow::Result<()> {
        let waits = measured(rounds, |round| {
            let record = *pick(&self.grown.records, round * 104_729 + 1);
            save(self.desk, &city.maintainer, record, round as u64)
        })?;
        say("save a record, durable", waits);
        Ok(())
    }
}

/// Many people at once, each saving one record after the other.
fn together(city: &City, desk: &Desk, grown: &grown::Grown, length: Duration) -> anyhow::Result<()> {
    let done = AtomicU64::new(0);
    let before = city.size()?;
    let (start, processor) = (Stopwatch::now(), cpu_seconds());
    let waits = std::thread::scope(|scope| {
        let client = |client: usize| {
            let (desk, done) = (desk.clone(), &done);
            scope.spawn(move || {
                let mut waits = Vec::new();
                let mut round = 0;
                while start.elapsed() < length {
                    // Nobody works on a record of another's.
                    let record = *pick(&grown.records, (round * CLIENTS + client) * 13);
                    let asked = Stopwatch::now();
                    save(&desk, &city.maintainer, record, round as u64)?;
                    waits.push(asked.elapsed());
                    done.fetch_add(1, Ordering::Relaxed);
                    round += 1;
                }
                Ok::<_, anyhow::Error>(waits)
            })
        };
        let clients: Vec<_> = (0..CLIENTS).map(client).collect();
        let waits = clients.into_iter().map(|client| client.join().unwrap_or_else(|_| Ok(Vec::new())));
        waits.collect::<anyhow::Result<Vec<_>>>()
    })?;
    let seconds = start.elapsed().as_secs_f64();
    let (commands, entries) = (done.into_inner(), desk.seen().position.saturating_sub(before));
    let each = (cpu_seconds() - processor) * 1e6 / commands as f64;
    println!(
        "{CLIENTS} people at once: {:>6.0} commands/s, {:>7.0} events/s, each durable   {each:>5.0} µs of processor each",
        commands as f64 / seconds,
        entries as f64 / seconds
    );
    say("  save a record", waits.into_iter().flatten().collect());
    Ok(())
}

/// Amends a device, on the revision that is there now.
fn save(desk: &Desk, person: &Person, record: RecordId, round: u64) -> anyhow::Result<()> {
    let seen = desk.case(record)?.context("a device")?.revision;
    let fill = BTreeMap::from([("name".parse()?, json!(format!("主機更名{round}")))]);
    let command = casework::Command::Take {
        record,
        seen,
        step: "amend".parse()?,
        outcome: Outcome::Done,
        reason: None,
        fill,
        occurred_at: None,
        late_reason: None,
        signed: None,
    };
    city::give(desk, person, command)
}

fn measured(
    rounds: usize,
    mut once: impl FnMut(usize) -> anyhow::Result<()>,
) -> anyhow::Result<Vec<Duration>> {
    // One to warm up.
    once(0)?;
    let timed = |round| {
        let start = Stopwatch::now();
        once(round)?;
        Ok(start.elapsed())
    };
    (1..=rounds).map(timed).collect()
}
