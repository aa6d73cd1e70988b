//! A city of samples to look at pages with, in a browser: `cargo run -p web --example pages`.
//!
//! It lies in a folder that goes with the process and serves the machine itself only. `/as/<account>?to=/registers` signs one
//! of its people in, without asking who it is: this is no product. Prints the accounts.

use anyhow::{Context as _, anyhow};
use axum::Router;
use axum::extract::{Path as InPath, RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use model::{Clock, Instant, PersonId, RecordId, SessionId, Told};
use regulation::Outcome;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use testkit::{Acting, House, SeededEntropy};
use web::{
    Applications, Codes, Config, Factor, Finding, Host, Limits, Machine, Oversight, Parts, Place, Root,
    Session, Sessions, Site, Verify, session_cookie,
};

/// Everybody's session is open.
struct Everybody;

impl Sessions for Everybody {
    fn session(&self, cookie: &str, _: &Place, _: Instant) -> Option<Session> {
        let person: PersonId = cookie.parse().ok()?;
        Some(Session {
            id: SessionId::from_bytes(*person.as_bytes()),
            person,
            csrf: format!("t{person}"),
            terminal: None,
            factors: [Factor::Passkey].into(),
        })
    }

    fn glance(&self, cookie: &str, place: &Place, now: Instant) -> Option<Session> {
        self.session(cookie, place, now)
    }

    fn is_open(&self, _: &Session, _: Instant) -> bool {
        true
    }
}

/// No application has a token.
struct NoTokens;

impl Applications for NoTokens {
    fn application(
        &self,
        _: &str,
        _: &Place,
        _: Instant,
    ) -> Result<Option<signin::Application>, signin::Refusal> {
        Ok(None)
    }
}

/// The one-time code of everybody is 000000.
struct Noughts;

impl Codes for Noughts {
    fn verify_otp(&self, _: PersonId, code: &str, _: Instant) -> Result<bool, Told> {
        Ok(code == "000000")
    }
}

/// The machine somebody looks at samples on.
struct Desktop;

impl Machine for Desktop {
    fn host(&self) -> Option<Host> {
        Host::new("localhost").ok()
    }

    fn rename(&self, _: &Host) -> Result<(), Told> {
        Err(Told::new("樣本不改名", "samples are not renamed"))
    }

    fn addresses(&self) -> Vec<String> {
        vec!["http://localhost:8450/".to_owned()]
    }

    fn authority(&self) -> Option<Root> {
        None
    }

    fn look(&self, _: Instant) -> Vec<Finding> {
        Vec::new()
    }
}

type People = Arc<BTreeMap<String, PersonId>>;

/// What auditors of the sample judge by.
/// A house without receivers.
struct NoLines;

impl web::Watching for NoLines {
    fn grown(&self, _: &store::AlarmName) -> Option<(u64, Instant)> {
        None
    }

    fn rules(&self) -> web::RulesAtWork {
        web::RulesAtWork::default()
    }

    fn unopened(&self, _: u64) -> Option<model::Told> {
        None
    }

    fn trouble(&self) -> Option<model::Told> {
        None
    }
}

/// One firewall on which an address is denied, and one that does not answer.
impl web::Enforcers for NoLines {
    fn heard(&self) -> Vec<web::EnforcerHeard> {
        let act = |nth: u64, target: &str, packets| {
            let what = respond::What::Deny { target: target.parse().ok()? };
            let stands = respond::Stands {
                id: nth,
                case: respond::CaseName::new("r_none")?,
                act: respond::Act { what, seconds: Some(3_600), confirm: None },
                since: Instant::EPOCH,
                until: None,
                confirm_by: None,
                tripped: None,
            };
            Some((
                stands,
                respond::Effect { seen: Some(true), packets: Some(packets), ..respond::Effect::default() },
            ))
        };
        let acts = [act(1, "198.51.100.9", 4_321), act(2, "203.0.113.0/24", 0)];
        let standing = respond::Standing {
            firewall: "edge".to_owned(),
            driver: "nftables".to_owned(),
            dry: false,
            epoch: Instant::EPOCH,
            last: 0,
            acts: acts.into_iter().flatten().collect(),
            unseen: None,
        };
        let silent = (Instant::EPOCH, Told::new("無法連線", "it cannot be reached"));
        vec![
            web::EnforcerHeard {
                place: "edge".to_owned(),
                standing: Some((Instant::EPOCH, standing)),
                silent: None,
            },
            web::EnforcerHeard {
                place: "fw-2.city.example:8443".to_owned(),
                standing: None,
                silent: Some(silent),
            },
        ]
    }
}

impl web::Outlets for NoLines {
    fn standing(&self) -> Result<Vec<web::OutletStanding>, model::Told> {
        Ok(Vec::new())
    }

    fn test(&self, _: &str) -> Option<store::AlarmSent> {
        None
    }
}

impl web::Lines for NoLines {
    fn find(&self, _: &telemetry::find::Wanted) -> Result<telemetry::find::Found, model::Told> {
        Ok(telemetry::find::Found::default())
    }

    fn hand_in(&self, _: telemetry::Came, _: &[u8]) -> Result<web::HandedIn, model::Told> {
        Err(model::Told::new("此範例不接收紀錄", "The sample receives no lines"))
    }

    fn hear(&self, _: telemetry::Came, _: &[u8]) -> Result<web::WarningHeard, web::NotHeard> {
        let told = model::Told::new("此範例不接收警報", "The sample hears no warnings");
        Err(web::NotHeard::Unavailable(told))
    }

    fn warnings(&self) -> web::Warnings {
        web::Warnings::default()
    }

    fn line(&self, _: &str, _: u64) -> Result<Option<telemetry::find::Line>, model::Told> {
        Ok(None)
    }

    fn traffic(&self, span: std::ops::Range<Instant>) -> Result<web::Reckoned, model::Told> {
        let traffic = telemetry::traffic::Traffic::within(span);
        Ok(web::Reckoned { traffic, names: BTreeMap::new(), left: 0, files: 0 })
    }

    fn file_of(&self, _: &telemetry::find::Line) -> Option<String> {
        None
    }

    fn names(&self, _: &BTreeSet<std::net::IpAddr>) -> BTreeMap<std::net::IpAddr, String> {
        BTreeMap::new()
    }

    fn readings(&self, _: std::ops::Range<Instant>, step: u32) -> Result<web::Readings, model::Told> {
        let tally = sense::tally::Tally::new(step);
        Ok(web::Readings { tally, left: 0, devices: Vec::new(), limits: BTreeMap::new() })
    }

    fn cases(&self) -> Vec<web::LinesCase> {
        Vec::new()
    }

    fn senders(&self, now: Instant) -> web::Senders {
        web::Senders {
            since: now,
            sources: Vec::new(),
            unknown: Vec::new(),
            others: 0,
            unclear: Vec::new(),
            receivers: Vec::new(),
        }
    }

    fn prove(
        &self,
        _: &str,
        _: &std::collections::BTreeSet<u64>,
    ) -> Result<Vec<(u64, telemetry::prove::Proven)>, web::Unanswered> {
        Ok(Vec::new())
    }

    /// Who spoke with whom in the sample's network, and nothing else.
    fn ask(&self, statement: &str, _: usize) -> Result<web::Answer, web::Unanswered> {
        let flows = [
            ["10.1.2.3", "10.1.5.1", "4120"],
            ["10.1.2.4", "10.1.5.1", "960"],
            ["10.1.3.77", "10.1.5.2", "512"],
            ["203.0.113.8", "10.1.5.2", "310"],
            ["10.1.2.3", "192.0.2.10", "88"],
            ["10.1.5.2", "10.1.5.1", "75"],
            ["10.1.9.9", "10.1.5.1", "12"],
            ["10.1.3.5", "10.1.9.20", "3"],
        ];
        let row = |cells: &[&str]| cells.iter().map(|cell| Some((*cell).to_owned())).collect::<Vec<_>>();
        let rows = match statement {
            _ if statement.starts_with("SELECT count(*) FROM lines WHERE src_ip") => vec![row(&["6080"])],
            _ if statement.contains("max(to_unixtime(received)) FROM lines WHERE src_ip") => {
                flows.iter().map(|[from, to, count]| row(&[from, to, count, "1735900000"])).collect()
            }
            _ => Vec::new(),
        };
        Ok(web::Answer { rows, ..web::Answer::default() })
    }
}

fn oversight(house: &House) -> anyhow::Result<Oversight> {
    let text = std::fs::read_to_string(house.data.join("policy"))?;
    let verify = Arc::new(Whole { data: house.data.clone(), master: house.master().to_owned() });
    Ok(Oversight { policy: Arc::new(proof::policy::Policy::parse(&text)?), policy_text: text.into(), verify })
}

/// Verifies the sample while it is open.
struct Whole {
    data: std::path::PathBuf,
    master: std::path::PathBuf,
}

impl Verify for Whole {
    fn verify(&self, progress: &dyn ledger::verify::Progress) -> Result<ledger::verify::Report, Told> {
        let done = testkit::verify(&self.data, &self.master, progress);
        done.map_err(|error| Told::new(error.to_string(), error.to_string()))
    }
}

fn main() -> anyhow::Result<()> {
    let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../regulations/taichung-2001");
    let mut house = House::with_pack(1, &regulation::Folder::new(&pack), None)?;
    let people = settle(&mut house)?;
    let config = Config {
        secure: false,
        data: house.data.clone(),
        limits: Limits::default(),
        printer: Arc::new(web::Printer::of_system()),
        watermark: Some(Told::new("樣本", "SAMPLE")),
        report: Arc::new(say),
    };
    let site = Site::new(Parts {
        desk: house.desk.clone(),
        sessions: Arc::new(Everybody),
        applications: Arc::new(NoTokens),
        codes: Arc::new(Noughts),
        lines: Arc::new(NoLines),
        watching: Arc::new(NoLines),
        outlets: Arc::new(NoLines),
        enforcers: Arc::new(NoLines),
        oversight: oversight(&house)?,
        sample_city: None,
        door: signin::SignIn::new(signin::Parts {
            desk: house.desk.clone(),
            entropy: Box::new(SeededEntropy::new(3)),
            config: signin::Config::default(),
        }),
        machine: Arc::new(Desktop),
        clock: Arc::new(house.clock.clone()) as Arc<dyn Clock>,
        entropy: Box::new(SeededEntropy::new(2)),
        config,
    });
    let people: People = Arc::new(people);
    let entrance = Router::new().route("/as/{account}", get(enter)).with_state(Arc::clone(&people));
    let router = web::router(site).merge(entrance);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:8450").await?;
        show(&people);
        axum::serve(listener, router).await
    })?;
    Ok(())
}

#[expect(clippy::print_stdout, reason = "whoever started it reads where to look")]
fn show(people: &People) {
    for account in people.keys() {
        println!("http://localhost:8450/as/{account}");
    }
}

#[expect(clippy::print_stderr, reason = "failures are told where they are looked for")]
fn say(request: web::RequestId, causes: &str) {
    eprintln!("{request}: {causes}");
}

async fn enter(
    State(people): State<People>,
    InPath(account): InPath<String>,
    RawQuery(to): RawQuery,
) -> Response {
    let to = to.as_deref().and_then(|query| query.strip_prefix("to=")).unwrap_or("/");
    match people.get(&account) {
        Some(person) => {
            let cookie = format!("{}={person}; Path=/; HttpOnly; SameSite=Lax", session_cookie(false));
            ([(header::SET_COOKIE, cookie)], Redirect::to(to)).into_response()
        }
        None => Redirect::to("/").into_response(),
    }
}

fn refused(refused: desk::Refused) -> anyhow::Error {
    anyhow!("{}", refused.told())
}

/// Three units, people, rooms, faults in many states.
fn settle(house: &mut House) -> anyhow::Result<BTreeMap<String, PersonId>> {
    let top = house.unit("100", None)?;
    let centre = house.unit("110", Some(top))?;
    let other = house.unit("120", Some(top))?;
    let head = house.person("lin", "unit_head", centre)?;
    let it_head = house.person("chang", "it_head", centre)?;
    let operator = house.person("wang", "operator", centre)?;
    let maintainer = house.person("wu", "maintainer", centre)?;
    let other_head = house.person("kuo", "unit_head", other)?;
    let other_it = house.person("hsu", "it_head", other)?;
    let auditor = house.person("tsai", "auditor", top)?;
    let mut rooms = Vec::new();
    for (code, name) in [("A1", "市政大樓主機房"), ("A2", "市政大樓備援機房"), ("B1", "陽明大樓機房")]
    {
        rooms.push(room(house, [it_head, operator, maintainer, head], code, name)?);
    }
    room(house, [other_it, operator, maintainer, other_head], "C1", "文化局機房")?;
    let symptoms = [
        "冷氣機漏水，地板有積水",
        "核心交換器電源供應器故障",
        "備份磁帶機無法退帶",
        "不斷電系統電池告警",
        "門禁讀卡機無回應",
    ];
    for number in 0..64u32 {
        let symptom = symptoms.get(number as usize % symptoms.len()).context("a symptom")?;
        let room = rooms.get(number as usize % rooms.len()).context("a room")?;
        let severity = if number % 7 == 0 { "grave" } else { "normal" };
        let fill = [
            ("room", json!(room.to_string())),
            ("symptom", json!(format!("{symptom}（第 {} 次）", number + 1))),
            ("severity", json!(severity)),
            ("source", json!("person")),
        ];
        let fault = house.open(operator, "fault", "report", &fill).map_err(refused)?;
        if number % 3 != 0 {
            let fill = [
                ("kind", json!("hardware")),
                ("diagnosis", json!("零件老化")),
                ("self_mended", json!(number % 2 == 0)),
                ("severity", json!(severity)),
            ];
            house.take(maintainer, fault, "diagnose", Outcome::Done, &fill).map_err(refused)?;
        }
        if number % 8 == 7 {
            // A day passes, and clauses are looked at.
            house.clock.set(house.clock.now().plus(std::time::Duration::from_secs(86_400)));
            house.tick().map_err(refused)?;
            house.assess().map_err(refused)?;
        }
        if number % 3 == 2 {
            let fill = [
                ("vendor", json!("中部資訊股份有限公司")),
                ("vendor_phone", json!("04-22289111")),
                ("vendor_answered", json!("陳工程師")),
            ];
            house.take(maintainer, fault, "call_vendor", Outcome::Done, &fill).map_err(refused)?;
        }
    }
    // What waits to be signed: rooms that were proposed, one that was changed after it was approved.
    for (code, name) in [("D1", "水湳機房"), ("D2", "豐原機房"), ("D3", "陽明備援機房")] {
        propose(house, [it_head, operator, maintainer], code, name)?;
    }
    let changed = rooms.first().context("a room")?;
    let fill = room_fill([it_head, operator, maintainer], "A1", "市政大樓主機房（擴建）");
    let fill: Vec<_> = fill.into_iter().filter(|(field, _)| *field != "code").collect();
    house.take(it_head, *changed, "change", Outcome::Done, &fill).map_err(refused)?;
    house.appoint(head, other_head, house.clock.now().plus(std::time::Duration::from_secs(10 * 86_400)))?;
    house.tick().map_err(refused)?;
    house.clock.set(house.clock.now().plus(std::time::Duration::from_secs(86_400)));
    house.assess().map_err(refused)?;
    let by = testkit::Wirers {
        admin: house.person("kang", "network_admin", centre)?,
        it_head,
        maintainer,
        staff: house.person("yeh", "staff", centre)?,
        head,
        steward: house.person("shih", "steward", top)?,
    };
    let wires = house.wire(&by)?;
    house.terminal(&by, 4, "10.1.4.0/24")?;
    // A day later a host is retired: two days can be compared.
    house.clock.set(house.clock.now().plus(std::time::Duration::from_secs(2 * 86_400)));
    for (code, name, address) in [
        ("H-03", "公文交換及電子表單系統資料庫主機（備援）", "10.1.5.3"),
        ("H-04", "市民服務資料交換主機", "10.1.5.4"),
        ("H-05", "備份主機", "2001:db8:5::5"),
    ] {
        let fill = [
            ("code", json!(code)),
            ("name", json!(name)),
            ("address", json!(address)),
            ("administrator", json!(by.admin.person.to_string())),
            ("uses", json!(["other"])),
            ("console", json!("機房主控臺")),
        ];
        house.open(by.admin, "host", "register", &fill).map_err(refused)?;
    }
    let renamed = [("name", json!("對外主防火牆"))];
    house.take(by.admin, wires.firewall, "change", Outcome::Done, &renamed).map_err(refused)?;
    let all = [
        ("kang", by.admin),
        ("lin", head),
        ("chang", it_head),
        ("wang", operator),
        ("wu", maintainer),
        ("kuo", other_head),
        ("hsu", other_it),
        ("tsai", auditor),
    ];
    Ok(all.into_iter().map(|(account, who)| (account.to_owned(), who.person)).collect())
}

fn room(house: &mut House, people: [Acting; 4], code: &str, name: &str) -> anyhow::Result<RecordId> {
    let [it_head, custodian, deputy, head] = people;
    let room = propose(house, [it_head, custodian, deputy], code, name)?;
    house.take(head, room, "approve", Outcome::Approve, &[]).map_err(refused)?;
    Ok(room)
}

fn propose(house: &mut House, people: [Acting; 3], code: &str, name: &str) -> anyhow::Result<RecordId> {
    let [it_head, ..] = people;
    house.open(it_head, "room", "propose", &room_fill(people, code, name)).map_err(refused)
}

fn room_fill(people: [Acting; 3], code: &str, name: &str) -> Vec<(&'static str, serde_json::Value)> {
    let [_, custodian, deputy] = people;
    vec![
        ("code", json!(code)),
        ("name", json!(name)),
        ("place", json!("臺中市西屯區臺灣大道三段99號")),
        ("custodian", json!(custodian.person.to_string())),
        ("deputy_custodian", json!(deputy.person.to_string())),
        ("vault", json!(false)),
        ("round_the_clock", json!(true)),
        ("raised_floor", json!(true)),
        (
            "measures",
            json!([{ "measure": "lock", "where_it_is": "入口" }, { "measure": "camera", "where_it_is": "走道" }]),
        ),
    ]
}
