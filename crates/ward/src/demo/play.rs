//! Plays the scenes of the sample city, in the order of time.
//!
//! Before each act the desk does what is due by then, so that clocks run out and duties are late as they would be.

use super::clock::SetClock;
use super::maker::{Sample, drawn};
use super::values::Values;
use anyhow::{Context as _, anyhow, bail};
use casework::Command;
use desk::{Asker, Desk, Order};
use model::{CivilDate, Clock as _, Evidence, Instant, RecordId, UnitId};
use proof::signature::{Evidence as Carried, Factor, Otp};
use regulation::{Outcome, Pack, TimeOfDay};
use serde::Deserialize;
use signin::{Codes as _, SignIn};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use store::{Ask, Column, Filter, Reader, Test};

/// How long after one act of a person the next may follow: a one-time code serves once.
const APART: Duration = Duration::from_secs(31);
/// What is due is done at least this often.
const TICK: Duration = Duration::from_secs(6 * 3_600);

/// Something people do again and again, or once.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scene {
    id: String,
    /// The first working day it is played on, counted from nought.
    first: usize,
    /// How many working days later it is played again.
    every: Option<usize>,
    unless: Option<Unless>,
    acts: Vec<Act>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Unless {
    by: usize,
    rest: usize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Act {
    /// When, on the scene's day.
    at: Option<String>,
    /// How long after the act before.
    after: Option<String>,
    who: String,
    /// It opens a record of this register.
    register: Option<String>,
    /// It is taken on this record.
    of: Option<String>,
    /// It is taken on the newest record that looks like this; where there is none the scene is over.
    find: Option<Find>,
    step: String,
    outcome: Option<String>,
    /// How the record is called from here on.
    name: Option<String>,
    /// How records that open with it are called, by their registers.
    #[serde(default)]
    opens: BTreeMap<String, String>,
    #[serde(default)]
    fill: toml::Table,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Find {
    register: String,
    state: String,
    /// Fields that hold these values; a name with `$` stands for a record.
    #[serde(default)]
    by: BTreeMap<String, String>,
}

/// What scenes are played with.
pub(super) struct Play<'a> {
    pub(super) desk: &'a Desk,
    pub(super) door: &'a SignIn,
    pub(super) clock: &'a SetClock,
    pub(super) units: &'a BTreeMap<String, UnitId>,
    pub(super) people: &'a BTreeMap<String, Sample>,
    pub(super) rota: &'a BTreeMap<String, Vec<String>>,
}

/// Was an act done?
enum Done {
    Yes,
    /// There is no record of the kind that it is taken on.
    NothingThere,
}

/// A scene that is being played.
struct Playing<'s> {
    scene: &'s Scene,
    next: usize,
    day: CivilDate,
    /// The day's number among working days.
    number: usize,
    names: BTreeMap<String, RecordId>,
}

impl Play<'_> {
    /// Plays all scenes until a moment. What is not done by then waits for whoever looks at the city.
    pub(super) fn run(&self, scenes: &[Scene], until: Instant) -> anyhow::Result<()> {
        let pack = self.pack()?;
        let mut agenda: BTreeMap<(Instant, usize), Playing<'_>> = BTreeMap::new();
        let (first, last) = (pack.zone.date(self.clock.now()).plus_days(1), pack.zone.date(until));
        let days = (0..).map(|days| first.plus_days(days)).take_while(|day| *day <= last);
        let mut number = 0;
        for day in days {
            if !pack.calendar.is_working(day).map_err(|missing| anyhow!("{missing}"))? {
                continue;
            }
            for scene in scenes.iter().filter(|scene| scene.is_on(number)) {
                let playing = Playing { scene, next: 0, day, number, names: BTreeMap::new() };
                let at = self.when(&pack, &playing, self.clock.now())?;
                let place = agenda.len();
                agenda.insert((at, place), playing);
            }
            number += 1;
        }
        let (mut shared, mut sequence, mut unfit) = (BTreeMap::new(), agenda.len(), Vec::new());
        while let Some(((at, _), mut playing)) = agenda.pop_first() {
            if at > until {
                break;
            }
            self.pass(at)?;
            match self.act(&pack, &mut playing, &mut shared) {
                Ok(Done::Yes) => {}
                // Nothing is due: the scene is not played on this day.
                Ok(Done::NothingThere) => continue,
                Err(error) => {
                    // The other scenes are played all the same, so that all that does not fit is told at once.
                    let place = format!("{} on {}, act {}", playing.scene.id, playing.day, playing.next + 1);
                    unfit.push(format!("{place}: {error:#}"));
                    continue;
                }
            }
            playing.next += 1;
            if playing.next < playing.scene.acts.len() {
                let next = self.when(&pack, &playing, self.clock.now())?;
                sequence += 1;
                agenda.insert((next, sequence), playing);
            }
        }
        if !unfit.is_empty() {
            bail!("{}", unfit.join("\n"));
        }
        self.pass(until)
    }

    fn pack(&self) -> anyhow::Result<Pack> {
        self.desk.seen().packs.current().cloned().context("no pack")
    }

    /// When the next act is done.
    fn when(&self, pack: &Pack, playing: &Playing<'_>, now: Instant) -> anyhow::Result<Instant> {
        let act = playing.scene.acts.get(playing.next).context("a scene without acts")?;
        match (&act.at, &act.after) {
            (Some(at), None) => {
                let time: TimeOfDay = at.parse().map_err(|_| anyhow!("{at:?} is no time of day"))?;
                Ok(pack.zone.moment(playing.day, time))
            }
            (None, Some(after)) => super::values::shifted(now, &format!("+{after}")),
            _ => bail!("an act is done either at a time or after the one before"),
        }
    }

    /// Time goes on to a moment; what is due on the way is done.
    fn pass(&self, to: Instant) -> anyhow::Result<()> {
        loop {
            let next = self.clock.now().plus(TICK).min(to);
            self.clock.go_to(next);
            let ticked = self.desk.tick().map_err(|refused| anyhow!("{}", refused.told()))?;
            if let Some(why) = ticked.why {
                bail!("what was due was refused: {why}");
            }
            if next >= to {
                return Ok(());
            }
        }
    }

    fn act(
        &self,
        pack: &Pack,
        playing: &mut Playing<'_>,
        shared: &mut BTreeMap<String, RecordId>,
    ) -> anyhow::Result<Done> {
        let act = playing.scene.acts.get(playing.next).context("no act")?;
        let login = self.login(&act.who, playing.number)?;
        let somebody = self.people.get(&login).with_context(|| format!("nobody is {login}"))?;
        // A code that was used is not taken again.
        self.clock.go_to(self.clock.now().plus(APART));
        let mut known = shared.clone();
        known.extend(playing.names.clone());
        let record = match (&act.register, &act.of, &act.find) {
            (Some(_), None, None) => RecordId::from_bytes(drawn(self.desk)?),
            (None, Some(of), None) => {
                *known.get(of.trim_start_matches('$')).with_context(|| format!("no {of}"))?
            }
            (None, None, Some(find)) => match self.find(find, somebody, &known)? {
                Some(record) => record,
                None => return Ok(Done::NothingThere),
            },
            _ => bail!("an act names a register, a record, or what to find"),
        };
        let case = self.desk.case(record)?;
        let register = act.register.as_deref().or_else(|| case.as_ref().map(|case| case.register.as_str()));
        let register = register.and_then(|id| pack.register(id)).context("no such register")?;
        let step = register.flow.step(&act.step).with_context(|| format!("no step {}", act.step))?;
        let login_of = |word: &str| self.login(word, playing.number);
        let values = Values {
            pack,
            desk: self.desk,
            now: self.clock.now(),
            units: self.units,
            records: &known,
            person: &|word| Ok(self.people.get(&login_of(word)?).map(|one| one.actor.person)),
        };
        let fill = values.fill(register, &act.fill, case.as_ref().map(|case| &case.content))?;
        let command = match &case {
            None => Command::Open {
                record,
                register: register.id.clone(),
                step: step.id.clone(),
                fill,
                occurred_at: None,
                late_reason: None,
                signed: None,
            },
            Some(case) => {
                let forward = step.outcomes.iter().map(|(one, _)| *one).find(|one| one.is_forward());
                let given = act.outcome.as_deref().map(|word| Outcome::from_word(word).context("no outcome"));
                let outcome = given.transpose()?.or(forward).context("a step without an outcome")?;
                Command::Take {
                    record,
                    seen: case.revision,
                    step: step.id.clone(),
                    outcome,
                    reason: outcome.needs_reason().then(|| "資料不符，請補正".to_owned()),
                    fill,
                    occurred_at: None,
                    late_reason: None,
                    signed: None,
                }
            }
        };
        let entries = self.give(somebody, step.sign, command)?;
        let mut named: Vec<(&String, RecordId)> = act.name.iter().map(|name| (name, record)).collect();
        for (register, name) in &act.opens {
            let register = register.parse()?;
            let opened = self.desk.read(|sql, _| sql.opened_by(&entries, &register))?;
            named.push((name, *opened.first().with_context(|| format!("no {register} was opened"))?));
        }
        for (name, record) in named {
            playing.names.insert(name.clone(), record);
            // What happens once is known to all that comes later.
            if playing.scene.every.is_none() {
                shared.insert(name.clone(), record);
            }
        }
        Ok(Done::Yes)
    }

    /// Gives a command, signed as the step asks for it: with a passkey, or with a code that is taken as at a page.
    fn give(
        &self,
        somebody: &Sample,
        evidence: Evidence,
        command: Command,
    ) -> anyhow::Result<std::ops::Range<u64>> {
        let told = |refused: desk::Refused| anyhow!("{}", refused.told());
        let actor = &somebody.actor;
        let asked = match evidence {
            Evidence::None => None,
            _ => self.desk.to_sign(actor, &command, evidence).map_err(told)?,
        };
        let command = match asked {
            Some(to_sign) if evidence == Evidence::Passkey => {
                let passkey = somebody.passkey.sign(&to_sign.statement)?;
                to_sign.sign(command, Carried::Passkey(Box::new(passkey)))
            }
            Some(to_sign) => {
                let now = self.clock.now();
                let right = self.door.verify_otp(actor.person, &somebody.code(now)?, now);
                if !right.map_err(|told| anyhow!("{told}"))? {
                    bail!("the one-time code was not taken");
                }
                to_sign.sign(command, Carried::Otp(Otp { factor: Factor::Totp }))
            }
            None => command,
        };
        let asked = self.desk.ask(Asker::Person(actor.clone()), Order::Casework(command));
        asked.map(|done| done.entries).map_err(told)
    }

    /// `@operator`: whoever of the rota has the day; `@operator+1`: whoever comes after.
    fn login(&self, word: &str, number: usize) -> anyhow::Result<String> {
        let Some(rota) = word.strip_prefix('@') else { return Ok(word.to_owned()) };
        let (rota, more) = match rota.split_once('+') {
            Some((rota, more)) => (rota, more.parse()?),
            None => (rota, 0),
        };
        let people = self.rota.get(rota).with_context(|| format!("no rota {rota}"))?;
        let nth = (number + more).checked_rem(people.len()).context("a rota of nobody")?;
        people.get(nth).cloned().context("a rota of nobody")
    }

    fn find(
        &self,
        find: &Find,
        reader: &Sample,
        known: &BTreeMap<String, RecordId>,
    ) -> anyhow::Result<Option<RecordId>> {
        let actor = &reader.actor;
        let role: regulation::RoleId = actor.role.parse()?;
        let own = BTreeSet::from([actor.unit]);
        let (seen, pack) = (self.desk.seen(), self.pack()?);
        let roster = identity::Roster::new(&seen.roster, &pack, self.clock.now());
        let ceiling = roster.clearance_height(actor.person).and_then(|height| i64::try_from(height).ok());
        let reader = Reader {
            person: actor.person,
            roles: BTreeSet::from([role.clone()]),
            subtree: own.clone(),
            seats: BTreeSet::from([(role, Some(actor.unit))]),
            principals: BTreeSet::new(),
            own,
            ceiling,
            focus: None,
        };
        let mut filters = vec![Filter { column: Column::State, test: Test::In(vec![find.state.clone()]) }];
        for (field, name) in &find.by {
            let value = match name.strip_prefix('$') {
                Some(record) => known.get(record).with_context(|| format!("no {name}"))?.to_string(),
                None => name.clone(),
            };
            let column = Column::Field(field.parse()?);
            filters.push(Filter { column, test: Test::In(vec![value]) });
        }
        let ask = Ask { register: find.register.parse()?, text: None, filters, sort: None, skip: 0, most: 1 };
        let page = self.desk.read(|sql, seen| store::list(sql, &seen.packs, &seen.layout, &reader, &ask))?;
        Ok(page.rows.first().map(|row| row.record))
    }
}

impl Scene {
    /// Is it played on this working day?
    fn is_on(&self, number: usize) -> bool {
        let Some(since) = number.checked_sub(self.first) else { return false };
        let left_out = self.unless.as_ref().is_some_and(|one| number.checked_rem(one.by) == Some(one.rest));
        !left_out && self.every.map_or(since == 0, |every| since.checked_rem(every) == Some(0))
    }
}
