//! Pages: a city with 100,000 devices behind the real server, asked over HTTP as browsers ask, in ten sessions.
//!
//! Requests leave at a fixed rate whether answers come or not, and each is timed from the moment it was due, so that a
//! server that stops for a while is not spared those who would have come meanwhile. Whoever asks runs on the same machine.

use super::city::{City, LOGIN};
use super::grown::{self, Grown};
use super::{pick, say};
use crate::machine::SystemClock;
use anyhow::{Context as _, anyhow, bail};
use ledger::entropy::MachineEntropy;
use model::{Clock as _, RecordId};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant as Stopwatch};
use store::Sources;

/// Events of a device: enough for one that was amended once.
const EVENTS: u64 = 4;
/// Faults that wait: more than a maintainer should ever have.
const FAULTS: usize = 200;
/// Those who ask at the same time, at most.
const CLIENTS: u64 = 128;
/// Requests in a second at which each page is to answer in 20 ms.
const USUAL: u64 = 50;
/// The 95th of a hundred may take so long where the limit is sought.
const BORNE: Duration = Duration::from_millis(100);
const PASSWORD: &str = "a very long word for the bench";

pub(super) fn run(data: &Path, devices: u64, stretch: Duration) -> anyhow::Result<()> {
    let city = City::found(data, None)?;
    let grown = grown::grow(&city, devices, devices * EVENTS)?;
    println!("a city of {} devices and {} entries", grown.devices, grown.entries);
    let packs = |published: &[(u32, String)]| city.packs(published);
    let sources = Sources { keys: city.keys()?, packs: &packs, progress: &|_| (), index: true };
    store::rebuild(&city.place, &city.ledger_reader(), city.size()?, &sources)?;
    grown::faults(&city, &grown.rooms, FAULTS)?;
    println!("{FAULTS} faults wait for whoever looks");
    let cookies = sign_in(&city)?;
    let (server, address) = Server::start(&city)?;
    println!("memory at rest: {}", server.memory()?);
    let asked = Asked { agent: agent(), address, cookies, grown: &grown };
    let pages = asked.pages();
    for (name, address) in &pages {
        // Each once, so that a page that is refused is told and not measured.
        asked.get(0, &address(0)).with_context(|| name.clone())?;
    }
    let waits = asked.at(&pages, USUAL, stretch)?;
    println!("{USUAL} requests a second:");
    for ((name, _), waits) in pages.iter().zip(waits) {
        say(name, waits);
    }
    asked.limit(&pages, stretch / 6)?;
    println!("memory after that: {}", server.memory()?);
    Ok(())
}

/// Signs the maintainer in, as somebody who sets a password and an authenticator app first, and once with each recovery
/// code: gives the cookies. One session alone may not ask as often as is measured.
fn sign_in(city: &City) -> anyhow::Result<Vec<String>> {
    let desk = city.open()?;
    let parts = signin::Parts {
        desk: desk.clone(),
        entropy: Box::new(MachineEntropy),
        config: signin::Config::default(),
    };
    let door = signin::SignIn::new(parts);
    // From where it is used afterwards: a session is of one place.
    let place = signin::Place { address: Some(Ipv4Addr::LOCALHOST.into()), ..signin::Place::default() };
    let now = SystemClock.now();
    let told = |refusal: signin::Refusal| anyhow!("{}", refusal.told());
    let pass = door.break_glass(LOGIN, now).map_err(told)?;
    let session = door.redeem(LOGIN, [&pass.code, ""], &place, now).map_err(told)?.session;
    door.set_password(&session, None, PASSWORD, now).map_err(told)?;
    let offer = door.begin_totp(&session, now).map_err(told)?;
    let wrong = |error: &dyn std::fmt::Debug| anyhow!("{error:?}");
    let secret = totp_rs::Secret::try_from_base32(&offer.secret).map_err(|error| wrong(&error))?;
    let app = totp_rs::Builder::new().with_secret(secret).build().map_err(|error| wrong(&error))?;
    let code = app.generate(now.as_seconds().try_into()?).to_string();
    door.confirm_totp(&session, &offer.token, &code, now).map_err(told)?;
    let codes = door.give_recovery_codes(&session, now).map_err(told)?;
    let cookie = |code: &String| -> anyhow::Result<String> {
        let signin::Begun::SecondFactor(half) = door.begin(LOGIN, PASSWORD, &place, now).map_err(told)?
        else {
            bail!("no second factor was asked for");
        };
        Ok(door.recovery_code(&half.token, code, &place, now).map_err(told)?.cookie)
    };
    let cookies = codes.iter().map(cookie).collect::<anyhow::Result<_>>()?;
    desk.close();
    Ok(cookies)
}

/// The program as a server, until it is dropped.
struct Server(Child);

impl Server {
    /// Starts it, and says how long its first page takes.
    fn start(city: &City) -> anyhow::Result<(Self, String)> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let (listen, agent) = (format!("127.0.0.1:{port}"), agent());
        let start = Stopwatch::now();
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("serve").arg("--data").arg(&city.data).args(["--listen", &listen]);
        let server = Self(command.stdout(Stdio::null()).spawn()?);
        let address = format!("http://localhost:{port}");
        loop {
            let answer = agent.get(format!("{address}/sign-in")).call();
            if answer.is_ok_and(|answer| answer.status() == 200) {
                break;
            }
            anyhow::ensure!(start.elapsed() < Duration::from_secs(60), "the server does not answer");
            std::thread::sleep(Duration::from_millis(2));
        }
        println!("from the start to the first page: {:.0} ms", start.elapsed().as_secs_f64() * 1e3);
        Ok((server, address))
    }

    /// Resident memory; what of it are pages of files, which the machine takes back when it needs them, told apart.
    fn memory(&self) -> anyhow::Result<String> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let of = |name: &str| -> anyhow::Result<f64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).context("resident memory")?;
            let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
            Ok(kib * 1024.0 / 1e6)
        };
        Ok(format!("{:.0} MB, and {:.0} MB of pages of files", of("RssAnon:")?, of("RssFile:")?))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that has ended already needs no end.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(30)))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_idle_connections(CLIENTS as usize)
        .max_idle_connections_per_host(CLIENTS as usize);
    config.build().into()
}

/// A page: what it is called, and its address the nth time.
type Page<'a> = (String, Box<dyn Fn(u64) -> String + Sync + 'a>);

struct Asked<'a> {
    agent: ureq::Agent,
    address: String,
    cookies: Vec<String>,
    grown: &'a Grown,
}

impl Asked<'_> {
    fn pages(&self) -> Vec<Page<'_>> {
        let grown = self.grown;
        let record = |nth: u64| -> RecordId { *pick(&grown.records, nth as usize * 7_919) };
        let still = |name: &str, path: &str| -> Page<'_> {
            let path = path.to_owned();
            (name.to_owned(), Box::new(move |_| path.clone()))
        };
        let list = "/registers/equipment";
        vec![
            still("my work", "/"),
            still("clause board", "/clauses"),
            still("a clause", "/clauses/3.10.1"),
            still("registers", "/registers"),
            still("a register, newest first", list),
            still("a register, by code", "/registers/equipment?sort=code"),
            still("a register, one kind, page 20", "/registers/equipment?f.kind=server&sort=-code&page=20"),
            still("a register, a word each device has", "/registers/equipment?q=%E4%B8%BB%E6%A9%9F"),
            (
                "a register, a serial number".to_owned(),
                Box::new(move |nth| format!("{list}?q={}", grown::serial(nth * 131 % grown.devices))),
            ),
            ("a record".to_owned(), Box::new(move |nth| format!("/records/{}", record(nth)))),
            ("its history".to_owned(), Box::new(move |nth| format!("/records/{}/history", record(nth)))),
            (
                "its signatures".to_owned(),
                Box::new(move |nth| format!("/records/{}/signatures", record(nth))),
            ),
            ("a form".to_owned(), Box::new(move |nth| format!("/records/{}/steps/amend", record(nth)))),
            (
                "search everywhere".to_owned(),
                Box::new(move |nth| format!("/search?q={}", grown::serial(nth * 71 % grown.devices))),
            ),
            still("notices", "/notices"),
            still("people", "/people"),
            still("units", "/units"),
            still("settings", "/settings"),
            still("about", "/about"),
        ]
    }

    /// Asks for a page, in one of the sessions, and takes it whole.
    fn get(&self, nth: u64, path: &str) -> anyhow::Result<()> {
        let request = self.agent.get(format!("{}{path}", self.address));
        let mut answer = request
            .header("cookie", format!("ward_session={}", pick(&self.cookies, nth as usize)))
            .header("accept-encoding", "gzip, br")
            .call()?;
        let status = answer.status();
        anyhow::ensure!(status == 200, "{path}: {status}");
        answer.body_mut().with_config().limit(64 << 20).read_to_vec()?;
        Ok(())
    }

    /// All pages in turn, so many in a second, for so long: how long each took.
    fn at(&self, pages: &[Page<'_>], rate: u64, length: Duration) -> anyhow::Result<Vec<Vec<Duration>>> {
        let total = (rate as f64 * length.as_secs_f64()) as u64;
        let (next, start) = (AtomicU64::new(0), Stopwatch::now());
        let client = || -> anyhow::Result<Vec<(usize, Duration)>> {
            let mut waits = Vec::new();
            loop {
                let nth = next.fetch_add(1, Ordering::Relaxed);
                if nth >= total {
                    return Ok(waits);
                }
                let due = start + Duration::from_secs_f64(nth as f64 / rate as f64);
                std::thread::sleep(due.saturating_duration_since(Stopwatch::now()));
                let (place, round) = (nth as usize % pages.len(), nth / pages.len() as u64);
                let (_, path) = pick(pages, place);
                self.get(nth, &path(round))?;
                waits.push((place, due.elapsed()));
            }
        };
        let mut found = vec![Vec::new(); pages.len()];
        std::thread::scope(|scope| {
            let clients: Vec<_> = (0..CLIENTS.min(rate)).map(|_| scope.spawn(client)).collect();
            for client in clients {
                for (place, wait) in client.join().map_err(|_| anyhow!("a client ended"))?? {
                    if let Some(waits) = found.get_mut(place) {
                        waits.push(wait);
                    }
                }
            }
            Ok(found)
        })
    }

    /// How many requests in a second are borne: the most at which 95 of a hundred are answered in time.
    fn limit(&self, pages: &[Page<'_>], length: Duration) -> anyhow::Result<()> {
        let borne = |rate: u64| -> anyhow::Result<bool> {
            let mut waits: Vec<Duration> = self.at(pages, rate, length)?.into_iter().flatten().collect();
            waits.sort_unstable();
            let p95 = waits.get(waits.len() * 95 / 100).copied().unwrap_or_default();
            println!("  {rate:>5} requests a second: p95 {:>8.2} ms", p95.as_secs_f64() * 1e3);
            Ok(p95 <= BORNE)
        };
        // No address may ask more often for long.
        let most = u64::from(web::Limits::default().address.per_second);
        let (mut low, mut high) = (USUAL, USUAL * 2);
        while high < most && borne(high)? {
            (low, high) = (high, (high * 2).min(most));
        }
        while high - low > low / 16 {
            let middle = low.midpoint(high);
            match borne(middle)? {
                true => low = middle,
                false => high = middle,
            }
        }
        println!("borne, with 95 of a hundred within {} ms: {low} requests a second", BORNE.as_millis());
        Ok(())
    }
}
