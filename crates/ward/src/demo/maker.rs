//! Makes the sample city: ledger, pack, units, people with their factors, and then its history.
//!
//! People set their factors as real ones do whose factors are set anew: a pass is handed over at the console and redeemed.
//! Every signature is vouched for by a one-time code that the same verifier takes as at a page.

use super::clock::SetClock;
use super::passkey::Passkey;
use super::play::{Play, Scene};
use crate::installation::{self, Init, Working};
use crate::office::{Office, Recovery};
use crate::packs;
use crate::sample;
use anyhow::{Context as _, anyhow};
use data_encoding::{BASE32_NOPAD, HEXLOWER};
use desk::{Asker, Desk, Order, PackFiles};
use identity::{Code, Details, Line, Login, Mail, Names};
use ledger::entropy::MachineEntropy;
use model::{Clock as _, Instant, Person, PersonId, UnitId};
use serde::Deserialize;
use signin::{Config, Parts, Place, SignIn};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use totp_rs::{Algorithm, Builder};
use zeroize::Zeroizing;

/// Who is there and what they do.
const CITY: &str = include_str!("city.toml");
/// What more happens in the year, once each: every register has some of it.
const YEAR: &str = include_str!("year.toml");
/// A day.
const DAY: Duration = Duration::from_secs(86_400);

/// What was made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Made {
    pub(super) people: usize,
    pub(super) entries: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Year {
    scene: Vec<Scene>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct City {
    unit: Vec<UnitText>,
    people: Vec<PeopleText>,
    rota: BTreeMap<String, Vec<String>>,
    scene: Vec<Scene>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct UnitText {
    code: String,
    zh: String,
    en: String,
    above: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PeopleText {
    role: String,
    unit: Option<String>,
    #[serde(default)]
    units: Vec<String>,
    name: String,
    #[serde(default = "one")]
    count: usize,
}

const fn one() -> usize {
    1
}

/// Somebody of the sample city.
pub(super) struct Sample {
    pub(super) actor: Person,
    password: Zeroizing<String>,
    /// The secret of the one-time codes, in base 32.
    otp: Zeroizing<String>,
    pub(super) passkey: Passkey,
}

impl Sample {
    /// The one-time code of the moment.
    pub(super) fn code(&self, now: Instant) -> anyhow::Result<String> {
        code(&self.otp, now)
    }
}

/// Where accounts, passwords and secrets of one-time codes are written: beside the folder.
pub(super) fn people_file(folder: &Path) -> PathBuf {
    let mut beside = folder.as_os_str().to_owned();
    beside.push(".people.toml");
    beside.into()
}

/// Makes a city whose history of so many days ends now.
pub(super) fn make(working: &Working, days: u16, now: Instant) -> anyhow::Result<Made> {
    let mut city: City = toml::from_str(CITY).context("city.toml")?;
    let year: Year = toml::from_str(YEAR).context("year.toml")?;
    city.scene.extend(year.scene);
    let start = back(now, DAY * u32::from(days));
    let clock = SetClock::at(start);
    installation::create(Init {
        data: working.folder(),
        master: &working.master,
        origin: sample::ORIGIN,
        stewards: Vec::new(),
        succession: None,
        clock: Arc::new(clock.clone()),
    })?;
    let office = Office::open_by(working, Recovery::Silent, Arc::new(clock.clone()))?;
    let office = office.context("another process has the folder open")?;
    let made = fill(&office, &clock, &city, now).and_then(|people| {
        write_people(working.folder(), &people)?;
        Ok(people.len())
    });
    let entries = office.ledger.head().size;
    office.close()?;
    Ok(Made { people: made?, entries })
}

fn fill(
    office: &Office,
    clock: &SetClock,
    city: &City,
    now: Instant,
) -> anyhow::Result<BTreeMap<String, Sample>> {
    let desk = &office.desk;
    let files = packs::embedded(packs::DEFAULT).context("the pack built in")?;
    order(desk, Order::Publish(PackFiles::of(&files).map_err(|told| anyhow!("{told}"))?))?;
    let units = found_units(desk, city)?;
    let parts = Parts { desk: desk.clone(), entropy: Box::new(MachineEntropy), config: Config::default() };
    let door = SignIn::new(parts);
    let mut people = BTreeMap::new();
    for group in &city.people {
        for unit in group.unit.iter().chain(&group.units) {
            for number in 1..=group.count {
                let login = format!("{}-{unit}-{number}", group.role);
                let at = *units.get(unit).with_context(|| format!("no unit {unit}"))?;
                let actor = register(desk, group, &login, at, number)?;
                clock.go_to(clock.now().plus(Duration::from_secs(30)));
                people.insert(login.clone(), enrol(&door, &login, actor, clock)?);
            }
        }
    }
    let play = Play { desk, door: &door, clock, units: &units, people: &people, rota: &city.rota };
    play.run(&city.scene, now)?;
    for (login, person) in &people {
        // They know what happened to their accounts: it was done before their eyes.
        let read = door.words_read(person.actor.person, clock.now());
        read.map_err(|refusal| anyhow!("{login}: {}", refusal.told()))?;
    }
    Ok(people)
}

fn found_units(desk: &Desk, city: &City) -> anyhow::Result<BTreeMap<String, UnitId>> {
    let mut units = BTreeMap::new();
    for text in &city.unit {
        let unit = UnitId::from_bytes(drawn(desk)?);
        let above = |code: &String| units.get(code).copied().with_context(|| format!("no unit {code}"));
        let superior = text.above.as_ref().map(above).transpose()?;
        let (names, code) = (Names::new(&text.zh, &text.en)?, Code::new(&text.code)?);
        order(desk, Order::Identity(identity::Command::CreateUnit { unit, names, code, superior }))?;
        units.insert(text.code.clone(), unit);
    }
    Ok(units)
}

fn register(
    desk: &Desk,
    group: &PeopleText,
    login: &str,
    home: UnitId,
    number: usize,
) -> anyhow::Result<Person> {
    let person = PersonId::from_bytes(drawn(desk)?);
    let details = Details {
        name: Line::new(&format!("示範{}{number}", group.name))?,
        login: Login::new(login)?,
        title: Line::new(&group.name)?,
        mail: Mail::new(&format!("{login}@sample-city.example"))?,
        phone: None,
    };
    order(desk, Order::Identity(identity::Command::RegisterPerson { person, details, home }))?;
    let held_in =
        desk.seen().packs.current().and_then(|pack| pack.role(&group.role).map(|role| role.held_in));
    let unit = (held_in == Some(regulation::HeldIn::Unit)).then_some(home);
    let role = group.role.parse()?;
    let grant = identity::Command::GrantRole { person, role, unit, from: None, until: None };
    order(desk, Order::Identity(grant))?;
    Ok(Person {
        acting_for: None,
        person,
        role: group.role.clone(),
        session: None,
        terminal: None,
        unit: home,
    })
}

/// A pass is handed over and redeemed; password and one-time codes are set.
fn enrol(door: &SignIn, login: &str, actor: Person, clock: &SetClock) -> anyhow::Result<Sample> {
    let told = |refusal: signin::Refusal| anyhow!("{login}: {}", refusal.told());
    let place = Place { address: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)), ..Place::default() };
    let handed = door.break_glass(login, clock.now()).map_err(told)?;
    let opened = door.redeem(login, [&handed.code, ""], &place, clock.now()).map_err(told)?;
    let password = Zeroizing::new(HEXLOWER.encode(&drawn(door.desk())?));
    door.set_password(&opened.session, None, &password, clock.now()).map_err(told)?;
    let offer = door.begin_totp(&opened.session, clock.now()).map_err(told)?;
    let first = code(&offer.secret, clock.now())?;
    door.confirm_totp(&opened.session, &offer.token, &first, clock.now()).map_err(told)?;
    door.sign_out(&opened.cookie, clock.now()).map_err(told)?;
    let passkey = Passkey::drawn(door.desk(), actor.person)?;
    let credential = Box::new(passkey.credential().clone());
    order(door.desk(), Order::Identity(identity::Command::AddCredential { credential }))?;
    Ok(Sample { actor, password, otp: offer.secret, passkey })
}

/// The code of a half minute (RFC 6238).
pub(super) fn code(secret: &str, now: Instant) -> anyhow::Result<String> {
    let secret = BASE32_NOPAD.decode(secret.as_bytes())?;
    let builder = Builder::new().with_algorithm(Algorithm::SHA1).with_digits(6).with_skew(1);
    let totp =
        builder.with_step_duration(30).with_secret(secret).build().map_err(|error| anyhow!("{error}"))?;
    Ok(totp.generate(u64::try_from(now.as_seconds())?).to_string())
}

/// Beside the folder, for its owner alone.
fn write_people(folder: &Path, people: &BTreeMap<String, Sample>) -> anyhow::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut text = String::from(
        "# 示範城市之人員；僅供示範，不得用於其他安裝。\n# The sample city's people. They exist nowhere else.\n",
    );
    for (login, person) in people {
        let (password, otp) = (person.password.as_str(), person.otp.as_str());
        write!(text, "\n[{login}]\npassword = \"{password}\"\notp = \"{otp}\"\n")?;
    }
    let path = people_file(folder);
    let mut options = std::fs::OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(&path);
    let mut file = file.with_context(|| path.display().to_string())?;
    file.write_all(text.as_bytes())?;
    Ok(file.sync_all()?)
}

fn order(desk: &Desk, order: Order) -> anyhow::Result<()> {
    desk.ask(Asker::Console, order).map(drop).map_err(|refused| anyhow!("{}", refused.told()))
}

/// 16 random bytes.
pub(super) fn drawn(desk: &Desk) -> anyhow::Result<[u8; 16]> {
    desk.draw().map_err(|refused| anyhow!("{}", refused.told()))
}

pub(super) fn back(at: Instant, apart: Duration) -> Instant {
    let micros = i64::try_from(apart.as_micros()).unwrap_or(i64::MAX);
    Instant::from_micros(at.as_micros().saturating_sub(micros)).unwrap_or(Instant::EPOCH)
}
