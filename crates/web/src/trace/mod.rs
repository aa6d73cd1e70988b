//! Tracing: everything that an address, a network, an account or a device did, over all receivers and all time; the lines
//! themselves, with the entry that proves them.
//!
//! Who comes here is said by the pack's policies, of the act `audit.read`; for everybody else nothing is here. Each
//! search is entered in the ledger before anything of it goes out.
//! Source: clauses 27.1.2, 27.3.1; `docs/adr/0018-lines.md`.

pub mod bundle;
pub(crate) mod called;
mod drawn;
mod gone;
pub(crate) mod origin;
mod overview;
mod sql;

use crate::audit::admitted;
use crate::component::export::{Plain, give};
use crate::component::rows::{Around, Column, Rows};
use crate::component::{
    Empty, Export, Fact, Facts, FilterInput, FilterKind, ListCell, ListView, Notice, Tone,
};
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::look::Look;
use crate::names::{Shown, entry_path, register_path};
use crate::query::Query;
use crate::roc;
use crate::rooms::Readings;
use crate::route::{Access, Audit, Route, named};
use crate::shell::{Area, Link, Section, Shell};
use crate::sources::{self, LinesCase, Reckoned, Senders};
use crate::warnings::{NotHeard, WarningHeard, Warnings};
use crate::{acting, views};
use askama::Template;
use axum::extract::Path;
use axum::routing::get;
use called::Called;
use desk::{About, Asker, Order};
use identity::Action;
use lines::Field;
use model::{Instant, Told};
use regulation::TimeOfDay;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::ops::Range;
use store::{LinesTraced, StoreError};
use telemetry::Came;
use telemetry::find::{Found, Line, Wanted};
use telemetry::index::Key;
use telemetry::prove::Proven;
use telemetry::source::is_apart;

pub use gone::told_of_gone;
pub use origin::unsent;
pub(crate) use sql::asked;
pub use sql::{Answer, Unanswered};

const PERSON: Access = Access::Person;

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/trace", PERSON, Audit::Tracing, || get(page)),
    Route::get("/trace/export", PERSON, Audit::Tracing, || get(export)),
    Route::get("/trace/bundle", PERSON, Audit::Tracing, || get(bundle::give)),
    Route::get("/trace/overview", PERSON, Audit::Tracing, || get(overview::page)),
    Route::get("/trace/sql", PERSON, Audit::Tracing, || get(sql::page)),
    Route::get("/trace/sql/export", PERSON, Audit::Tracing, || get(sql::export)),
    Route::get("/trace/lines/{receiver}/{number}", PERSON, Audit::Tracing, || get(line)),
];

/// Lines that were taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandedIn {
    /// Who has received them.
    pub receiver: String,
    /// Their numbers, in their order.
    pub numbers: Vec<Range<u64>>,
}

/// Where lines are found, and handed in. The binary has the receivers.
pub trait Lines: Send + Sync {
    /// Lines in which something stands.
    ///
    /// # Errors
    /// They cannot be read, told.
    fn find(&self, wanted: &Wanted) -> Result<Found, Told>;

    /// Takes lines that somebody hands in, each as it stands up to its line end; comes back once they are durable.
    ///
    /// # Errors
    /// They are not, told; of some of them it may not be known.
    fn hand_in(&self, came: Came, text: &[u8]) -> Result<HandedIn, Told>;

    /// Takes what came as a public warning; comes back once what came of it is durable.
    ///
    /// # Errors
    /// [`NotHeard`].
    fn hear(&self, came: Came, alert: &[u8]) -> Result<WarningHeard, NotHeard>;

    /// What was heard of public warnings, and what is expected.
    fn warnings(&self) -> Warnings;

    /// A line by its number; none where the receiver has none of it.
    ///
    /// # Errors
    /// It cannot be read, told.
    fn line(&self, receiver: &str, number: u64) -> Result<Option<Line>, Told>;

    /// The file that a line was read from; none where somebody sent it, or nobody follows its file.
    fn file_of(&self, line: &Line) -> Option<String>;

    /// What addresses are called by DNS, as far as that is known within a moment; of none where nobody is asked.
    fn names(&self, addresses: &BTreeSet<IpAddr>) -> BTreeMap<IpAddr, String>;

    /// How the cases stand by which lines go, or stay.
    fn cases(&self) -> Vec<LinesCase>;

    /// Who sends lines, and what has come of them by now.
    fn senders(&self, now: Instant) -> Senders;

    /// What each sender has sent within a span, as far as that can be reckoned in a short while.
    ///
    /// # Errors
    /// Lines cannot be read, told.
    fn traffic(&self, span: Range<Instant>) -> Result<Reckoned, Told>;

    /// What sensors have said within a time, in spans of so many seconds, as far as that can be read in a short while.
    ///
    /// # Errors
    /// Lines cannot be read, told.
    fn readings(&self, span: Range<Instant>, step: u32) -> Result<Readings, Told>;

    /// Proves lines of one receiver: for each batch the entry with its root, and its lines.
    ///
    /// # Errors
    /// `Refused`: their root is not in the ledger yet. `Unavailable`.
    fn prove(&self, receiver: &str, numbers: &BTreeSet<u64>) -> Result<Vec<(u64, Proven)>, Unanswered>;

    /// Asks a statement in SQL of all lines; so many rows are given.
    ///
    /// # Errors
    /// [`Unanswered`].
    fn ask(&self, statement: &str, most: usize) -> Result<Answer, Unanswered>;
}

const PATH: &str = "/trace";
/// Lines that a page is made of, the newest.
pub(crate) const MOST: usize = 1_000;
/// Lines of a file.
const MOST_EXPORTED: usize = 50_000;

/// Columns of the list and of its file.
const COLUMNS: &[Column<Line>] = &[
    Column {
        name: "received",
        zh: "接收時間",
        en: "Received",
        of: |look, line| Plain::text(look.cx.second(line.received)),
    },
    Column { name: "src_ip", zh: "來源位址", en: "Source", of: |_, line| field(line, Field::SrcIp) },
    Column {
        name: "src_port", zh: "來源埠", en: "Source port", of: |_, line| field(line, Field::SrcPort)
    },
    Column { name: "dst_ip", zh: "目的位址", en: "Destination", of: |_, line| field(line, Field::DstIp) },
    Column {
        name: "dst_port",
        zh: "目的埠",
        en: "Destination port",
        of: |_, line| field(line, Field::DstPort),
    },
    Column { name: "proto", zh: "協定", en: "Protocol", of: |_, line| field(line, Field::Proto) },
    Column { name: "action", zh: "動作", en: "Action", of: |_, line| field(line, Field::Action) },
    Column { name: "user", zh: "帳號", en: "Account", of: |_, line| field(line, Field::User) },
    Column { name: "device", zh: "設備", en: "Device", of: |_, line| Plain::text(device(line)) },
    Column {
        name: "sender",
        zh: "傳送者",
        en: "Sender",
        of: |look, line| Plain::text(sender(look.cx, line)),
    },
    Column { name: "message", zh: "內容", en: "What it says", of: |_, line| Plain::text(said(line)) },
];

/// Addresses of lines whose names are shown with them: of who sent them, and of both ends.
pub fn addresses<'l>(lines: impl IntoIterator<Item = &'l Line>) -> BTreeSet<IpAddr> {
    let of = |line: &'l Line| {
        let ends =
            [Field::SrcIp, Field::DstIp].into_iter().filter_map(|end| line.fields.get(&end)?.parse().ok());
        ends.chain((!line.peer.is_unspecified()).then_some(IpAddr::V6(line.peer)))
    };
    lines.into_iter().flat_map(of).map(|address| address.to_canonical()).collect()
}

/// Columns whose cells lead on to what else there is of their value, with what it is then asked by.
const PIVOTS: [(&str, &str); 4] = [("src_ip", "q"), ("dst_ip", "q"), ("user", "user"), ("device", "device")];

fn field(line: &Line, field: Field) -> Plain {
    Plain::text(line.fields.get(&field).cloned().unwrap_or_default())
}

/// The device by the name it gives itself, or the host of the head.
fn device(line: &Line) -> String {
    line.fields.get(&Field::Device).or_else(|| line.fields.get(&Field::Host)).cloned().unwrap_or_default()
}

/// Who sent a line, marked where nobody has registered them; or the file it was read from, or where else it is from.
fn sender(cx: &Cx, line: &Line) -> String {
    if line.peer.is_unspecified() {
        let file = cx.site.lines().file_of(line).map(|file| shown(file.as_bytes()));
        return file.unwrap_or_else(|| cx.language.told(&unsent(&line.receiver)).to_owned());
    }
    let address = line.peer.to_canonical().to_string();
    if is_apart(&line.receiver) {
        format!("{address}{}", cx.beside(cx.t("未登錄來源", "unknown source")))
    } else {
        address
    }
}

/// Characters of a line of which nothing is known, in the list.
const GLIMPSE: usize = 200;

/// What a line says in words: its message, what was asked for, the service; its beginning where nothing is known of it.
fn said(line: &Line) -> String {
    let words = [Field::Message, Field::Url, Field::Service].iter().find_map(|field| line.fields.get(field));
    match words {
        Some(words) => shown(words.as_bytes()),
        None if line.dialect.is_some() => String::new(),
        None => shown(&line.bytes).chars().take(GLIMPSE).collect(),
    }
}

/// A line as it can be shown: what is no text, or would move what stands around it, as U+FFFD.
fn shown(bytes: &[u8]) -> String {
    let harmless = |c: char| if c.is_control() && c != '\t' { '\u{FFFD}' } else { c };
    String::from_utf8_lossy(bytes).chars().map(harmless).collect()
}

#[derive(Template)]
#[template(path = "trace/page.html")]
struct TracePage<'a> {
    cx: &'a Cx,
    shell: Shell,
    /// Where what it did is told as a whole, where something is asked for.
    overview: Option<String>,
    /// Where something is done against the address that is asked for, for whoever may.
    respond: Option<String>,
    list: ListView<'a>,
}

#[derive(Template)]
#[template(path = "trace/line.html")]
struct LinePage<'a> {
    cx: &'a Cx,
    shell: Shell,
    facts: Facts<'a>,
    proof: Notice<'a>,
    line: String,
    /// Lines received just before and after, each with where it is; none for this one.
    around: Vec<(Option<String>, String, String)>,
    /// What else there is: text and where.
    more: Vec<(String, String)>,
}

/// What is asked for, in words as the ledger has them.
pub(crate) struct Asked {
    wanted: Wanted,
    said: String,
}

/// By what lines are asked for; of several the first counts.
pub(crate) struct By<'q> {
    /// An address or a network.
    pub(crate) address: Option<&'q str>,
    /// An account.
    pub(crate) user: Option<&'q str>,
    /// A device.
    pub(crate) device: Option<&'q str>,
}

impl Asked {
    /// By one of these, received from one moment up to another; nothing where nothing is asked for.
    ///
    /// # Errors
    /// `Refused`: it is no address.
    pub(crate) fn of(
        by: &By<'_>,
        (from, until): (Option<Instant>, Option<Instant>),
        most: usize,
    ) -> Result<Option<Self>, PageError> {
        let exactly = |text: &str| text.as_bytes().to_vec()..=text.as_bytes().to_vec();
        let there = |text: Option<&'_ str>| {
            text.map(str::trim).filter(|text| !text.is_empty()).map(ToOwned::to_owned)
        };
        let (key, values, said) = match (there(by.address), there(by.user), there(by.device)) {
            (Some(address), _, _) => {
                let values = Wanted::address(&address).ok_or_else(|| no_address(&address))?;
                (Key::Address, values, format!("address {address}"))
            }
            (_, Some(user), _) => (Key::User, exactly(&user), format!("user {user}")),
            (_, _, Some(device)) => (Key::Device, exactly(&device), format!("device {device}")),
            (None, None, None) => return Ok(None),
        };
        Ok(Some(Self { wanted: Wanted { key, values, from, until, most }, said }))
    }

    /// What is asked for, in words.
    fn told(&self, cx: &Cx) -> String {
        let value = self.said.split_once(' ').map_or("", |(_, value)| value);
        let word = match self.wanted.key {
            Key::Address => cx.t("位址", "address"),
            Key::User => cx.t("帳號", "account"),
            Key::Device => cx.t("設備", "device"),
        };
        format!("{word} {value}")
    }

    /// The same as a condition in SQL.
    fn condition(&self) -> String {
        let value = self.said.split_once(' ').map_or("", |(_, value)| value).replace('\'', "''");
        let mut condition = match self.wanted.key {
            Key::Address if value.contains('/') => {
                format!("(in_network(src_ip, '{value}') OR in_network(dst_ip, '{value}'))")
            }
            // In its one spelling, as the table has it.
            Key::Address => {
                let value =
                    value.parse::<IpAddr>().map_or(value, |address| address.to_canonical().to_string());
                format!("(src_ip = '{value}' OR dst_ip = '{value}')")
            }
            Key::User => format!("\"user\" = '{value}'"),
            Key::Device => format!("(device = '{value}' OR host = '{value}')"),
        };
        for (test, moment) in [(">=", self.wanted.from), ("<", self.wanted.until)] {
            if let Some(moment) = moment {
                condition.push_str(&format!(" AND received {test} '{moment}'"));
            }
        }
        condition
    }

    /// From the address of a page.
    ///
    /// # Errors
    /// `Refused`: it is no address, or no day.
    fn read(cx: &Cx, query: &Query, most: usize) -> Result<Option<Self>, PageError> {
        let by = By { address: query.one("q"), user: query.one("user"), device: query.one("device") };
        let day = |name: &str, more: i64| -> Result<Option<Instant>, PageError> {
            let Some(text) = query.one(name).filter(|text| !text.trim().is_empty()) else { return Ok(None) };
            let day = roc::read_date(text).ok_or_else(|| no_day(text))?;
            Ok(Some(cx.zone()?.moment(day.plus_days(more), TimeOfDay::START)))
        };
        Self::of(&by, (day("received.min", 0)?, day("received.max", 1)?), most)
    }
}

fn no_address(text: &str) -> PageError {
    let text: String = text.chars().take(80).collect();
    PageError::Refused(Told::new(
        format!(
            "「{text}」不是位址或網段，請寫成 192.0.2.1、10.1.0.0/16 或 2001:db8::/32；帳號及設備請於篩選條件填寫"
        ),
        format!(
            "{text:?} is neither an address nor a network: write 192.0.2.1, 10.1.0.0/16 or 2001:db8::/32; accounts and devices are filters"
        ),
    ))
}

fn no_day(text: &str) -> PageError {
    let text: String = text.chars().take(40).collect();
    PageError::Refused(Told::new(format!("「{text}」不是日期"), format!("{text:?} is no day")))
}

/// The second level of the area.
pub(crate) fn second(cx: &Cx, current: &str) -> Vec<Section> {
    let link = |text: &str, href: &str| Link {
        text: text.to_owned(),
        href: href.to_owned(),
        current: href == current,
    };
    let links = vec![
        link(cx.t("追查", "Trace"), PATH),
        link(cx.t("以 SQL 查詢", "Ask in SQL"), sql::PATH),
        link(cx.t("紀錄來源", "Sources of lines"), sources::PATH),
        link(cx.t("月報數據", "Lines of a month"), sources::MONTH),
    ];
    vec![Section { head: None, links }]
}

/// Finds what is asked for, and enters that it was looked for.
///
/// # Errors
/// `Unavailable`: lines cannot be read. `Hidden`.
pub(crate) fn found(cx: &Cx, asked: &Asked) -> Result<Found, PageError> {
    let found = cx.site.lines().find(&asked.wanted).map_err(PageError::Unavailable)?;
    let (from, until) = (asked.wanted.from, asked.wanted.until);
    enter(cx, LinesTraced { found: found.count.to_string(), from, until, wanted: asked.said.clone() })?;
    Ok(found)
}

/// What was looked for, whenever it was received, and how much of it was found.
pub(crate) fn traced(wanted: String, found: u64) -> LinesTraced {
    LinesTraced { found: found.to_string(), from: None, until: None, wanted }
}

/// Enters that lines were looked for.
///
/// # Errors
/// `Hidden`: they may not. The desk did not take it.
pub(crate) fn enter(cx: &Cx, traced: LinesTraced) -> Result<(), PageError> {
    let hidden = || PageError::hidden(Action::Audit.to_string(), About::Oneself);
    let person = acting::granted_at_the_top(cx, &Action::Audit).ok_or_else(hidden)?;
    cx.site.desk().ask(Asker::Person(person), Order::Traced(traced))?;
    Ok(())
}

/// Where something is done against an address or network, for whoever may; with why, where that is known.
pub(crate) fn against(look: &Look<'_>, address: &str, why: Option<&str>) -> Option<String> {
    let responding = look.pack.responding.as_ref()?;
    let (step, _) = acting::openings(look, &responding.register)
        .into_iter()
        .find(|(step, _)| *step == responding.step)?;
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair(&format!("f.{}", responding.target), address.trim());
    if let (Some(field), Some(why)) = (&responding.reason, why) {
        query.append_pair(&format!("f.{field}"), why);
    }
    Some(format!("{}/new/{step}?{}", register_path(&responding.register), query.finish()))
}

async fn page(cx: Cx, query: Query) -> PageResult {
    cx.run(move |cx| {
        let began = cx.site.now();
        cx.look(|look| {
            admitted(look)?;
            let (asked, problem) = match Asked::read(cx, &query, MOST) {
                Ok(asked) => (asked, None),
                Err(PageError::Refused(told)) => (None, Some(told)),
                Err(error) => return Err(error),
            };
            let found = asked.as_ref().map(|asked| found(cx, asked)).transpose()?;
            let found_some = found.as_ref().is_some_and(|found| found.count > 0);
            let list = view(look, &query, found, problem.as_ref(), began)?;
            if cx.wants("list") {
                return cx.render(&list.as_region());
            }
            let overview = found_some.then(|| query.without("page").behind(overview::PATH));
            let shell = Shell::of_area(cx, Area::Trace).with_second(second(cx, PATH));
            let address = asked.as_ref().and(query.one("address"));
            let respond = address.and_then(|address| against(look, address, None));
            cx.render(&TracePage { cx, shell, overview, respond, list })
        })
    })
    .await
}

async fn export(cx: Cx, query: Query) -> PageResult {
    give(&cx, move |cx| {
        cx.look(|look| {
            admitted(look)?;
            let asked = Asked::read(cx, &query, MOST_EXPORTED)?.ok_or(PageError::NotFound)?;
            let found = found(cx, &asked)?;
            if found.count > MOST_EXPORTED as u64 {
                return Err(PageError::Refused(Told::new(
                    format!("符合之紀錄計 {} 筆，逾單次匯出上限 {MOST_EXPORTED} 筆，請縮小日期範圍後分次匯出", found.count),
                    format!("{} lines fit, more than the {MOST_EXPORTED} of one file; narrow the days and export them in parts", found.count),
                )));
            }
            table(cx, found.lines, query.clone()).file(look)
        })
    })
    .await
}

fn table(cx: &Cx, rows: Vec<Line>, query: Query) -> Rows<'_, Line> {
    let name = cx.t("追查", "Trace");
    Rows { cx, path: PATH, name, plain: "trace", columns: COLUMNS, rows, whole: true, query }
}

fn view<'a>(
    look: &Look<'a>,
    query: &Query,
    found: Option<Found>,
    problem: Option<&Told>,
    began: Instant,
) -> Result<ListView<'a>, PageError> {
    let cx = look.cx;
    let text = |name: &str| query.one(name).unwrap_or_default().to_owned();
    let words = |name: &str, label: &str| FilterInput {
        name: name.to_owned(),
        label: label.to_owned(),
        kind: FilterKind::Words(text(name)),
    };
    let asked = found.is_some();
    let around = Around {
        began,
        hint: cx.t("位址或網段，來源或目的，如 192.0.2.1、10.1.0.0/16", "An address or a network on either side, such as 10.1.0.0/16").to_owned(),
        views: Some(views::of_list(cx, look, PATH, query)?),
        facets: Vec::new(),
        filters: vec![
            words("user", cx.t("帳號", "Account")),
            words("device", cx.t("設備", "Device")),
            FilterInput {
                name: "received".to_owned(),
                label: cx.t("接收日期", "Received").to_owned(),
                kind: FilterKind::Range { of: "date", min: text("received.min"), max: text("received.max") },
            },
        ],
        empty: Empty {
            cx,
            icon: "search",
            text: match asked {
                true => cx.t("沒有符合的紀錄。", "No line fits.").to_owned(),
                false => cx.t("請輸入位址或網段，或於篩選條件填寫帳號、設備名稱。每次查詢均登載於帳本。", "Enter an address or a network, or an account or a device among the filters. Each search is entered in the ledger.").to_owned(),
            },
            action: None,
        },
    };
    let Found { count, lines } = found.unwrap_or_default();
    let of_all = lines.len() as u64;
    let lead = |line: &Line| line_path(line);
    let mut list = table(cx, lines, query.clone()).page(look, lead, around);
    match &mut list.exports {
        Some(exports) if asked && problem.is_none() => exports.exports.push(Export {
            text: cx.t("佐證檔（可離線查驗）", "Bundle (proves each line offline)"),
            href: query.without("page").without("size").behind("/trace/bundle"),
        }),
        exports => *exports = None,
    }
    list.problems.extend(problem.map(|told| Notice::new(cx, Tone::Warning, cx.language.told(told))));
    if count > of_all {
        let text = match cx.chinese() {
            true => format!("共 {count} 筆，以下為最新 {of_all} 筆；較早者請以接收日期縮小範圍，或匯出。"),
            false => format!(
                "{count} lines in all; these are the newest {of_all}. For earlier ones narrow the days, or export."
            ),
        };
        list.problems.push(Notice::new(cx, Tone::Info, text));
    }
    for (name, by) in PIVOTS {
        let Some(at) = list.heads.iter().position(|head| head.name == name).filter(|at| *at > 0) else {
            continue;
        };
        for row in &mut list.rows {
            if let Some(ListCell::Value(Shown::Parts(parts))) = row.cells.get_mut(at) {
                for part in parts {
                    part.href = Some(Query::default().with(by, &part.text).behind(PATH));
                }
            }
        }
    }
    Ok(list)
}

fn line_path(line: &Line) -> String {
    format!("{PATH}/lines/{}/{}", line.receiver, line.number)
}

/// A line by its number; that it was looked for is entered.
///
/// # Errors
/// `NotFound`: there is none. `Gone`: it went by an approved case. `Unavailable`: it cannot be read. `Hidden`.
pub(crate) fn by(look: &Look<'_>, receiver: &str, number: u64) -> Result<Line, PageError> {
    let cx = look.cx;
    if let Some(gone) = gone::of(look, receiver, number)? {
        enter(cx, traced(format!("line {receiver} {number}"), 0))?;
        return Err(PageError::Gone(told_of_gone(receiver, number, &gone)));
    }
    let line = cx.site.lines().line(receiver, number).map_err(PageError::Unavailable)?;
    let line = line.ok_or(PageError::NotFound)?;
    enter(cx, traced(format!("line {receiver} {number}"), 1))?;
    Ok(line)
}

/// The entry with the root of a line's batch; none where it is not entered yet.
///
/// # Errors
/// The store fails.
pub(crate) fn entered(look: &Look<'_>, receiver: &str, number: u64) -> Result<Option<u64>, PageError> {
    let batch = look.sql::<_, StoreError>(|sql| sql.line_batch(receiver, number))?;
    Ok(batch.map(|(_, entry)| entry))
}

async fn line(cx: Cx, Path((receiver, number)): Path<(String, String)>) -> PageResult {
    let number: u64 = named(&number)?;
    cx.run(move |cx| {
        cx.look(|look| {
            admitted(look)?;
            let title = match cx.chinese() {
                true => format!("{receiver} 第 {number} 筆紀錄"),
                false => format!("Line {number} of {receiver}"),
            };
            if let Some(gone) = gone::of(look, &receiver, number)? {
                enter(cx, traced(format!("line {receiver} {number}"), 0))?;
                return cx.render(&gone::page(look, &title, (&receiver, number), &gone)?);
            }
            let line = by(look, &receiver, number)?;
            let entry = entered(look, &receiver, number)?;
            let shell = Shell::new(cx, Some(Area::Trace), &title).with_second(second(cx, ""));
            let (proof, more) = (proven(cx, entry), more(cx, &line, entry));
            let around = neighbours(look, &receiver, number)?;
            let (facts, line) = (facts(cx, &line), shown(&line.bytes));
            cx.render(&LinePage { cx, shell, facts, proof, line, around, more })
        })
    })
    .await
}

/// Lines on either side of one that are shown with it.
const AROUND: u64 = 5;

/// What its receiver received just before and after: which line, when and what it says, and where each is.
fn neighbours(
    look: &Look<'_>,
    receiver: &str,
    number: u64,
) -> Result<Vec<(Option<String>, String, String)>, PageError> {
    let (cx, mut around) = (look.cx, Vec::new());
    let nth = |one: u64| if cx.chinese() { format!("第 {one} 筆") } else { format!("Line {one}") };
    for one in number.saturating_sub(AROUND)..=number.saturating_add(AROUND) {
        if let Some(gone) = gone::of(look, receiver, one)? {
            let path = (one != number).then(|| format!("{PATH}/lines/{receiver}/{one}"));
            around.push((path, nth(one), gone::word(cx, &gone).to_owned()));
            continue;
        }
        let line = cx.site.lines().line(receiver, one).map_err(PageError::Unavailable)?;
        around.extend(line.map(|line| {
            let text: String = shown(&line.bytes).chars().take(GLIMPSE).collect();
            (
                (one != number).then(|| line_path(&line)),
                nth(one),
                format!("{} {text}", cx.second(line.received)),
            )
        }));
    }
    Ok(around)
}

/// Where its root is.
fn proven<'a>(cx: &'a Cx, entry: Option<u64>) -> Notice<'a> {
    match (entry, cx.chinese()) {
        (Some(entry), true) => {
            Notice::new(cx, Tone::Good, format!("本筆已納入帳本第 {entry} 筆之雜湊樹，任何變更均可查知。"))
        }
        (Some(entry), false) => {
            let text =
                format!("It is under the root in entry {entry} of the ledger: any change of it shows.");
            Notice::new(cx, Tone::Good, text)
        }
        (None, _) => Notice::new(
            cx,
            Tone::Info,
            cx.t(
                "本筆甫接收，其雜湊樹之根將於一秒內登載於帳本。",
                "It has just come; its root is entered within a second.",
            ),
        ),
    }
}

fn facts<'a>(cx: &'a Cx, line: &Line) -> Facts<'a> {
    let fact = |name: &str, value: String| Fact::new(name, value);
    let mut facts = vec![fact(cx.t("接收時間", "Received"), cx.second(line.received))];
    facts.extend(line.time.map(|time| fact(cx.t("設備所載時間", "The device's time"), cx.second(time))));
    let peer = line.peer.to_canonical().to_string();
    let ends = [Field::SrcIp, Field::DstIp];
    let texts = ends.iter().filter_map(|end| line.fields.get(end)).map(String::as_str);
    let called = Called::of(cx, texts.chain([peer.as_str()]));
    let from = match cx.site.lines().file_of(line) {
        Some(_) => cx.t("檔案", "File"),
        None if line.peer.is_unspecified() => cx.t("來源", "From"),
        None => cx.t("傳送者", "Sender"),
    };
    facts.push(fact(from, sender(cx, line) + &called.beside(&peer)));
    facts.extend(line.dialect.as_ref().map(|dialect| fact(cx.t("格式", "Dialect"), dialect.clone())));
    for (field, value) in &line.fields {
        let (zh, en) = words(*field);
        let name = if ends.contains(field) { called.beside(value) } else { String::new() };
        facts.push(fact(cx.t(zh, en), shown(value.as_bytes()) + &name));
    }
    Facts { cx, facts }
}

/// What else there is of whoever stands in a line, and what proves it.
fn more(cx: &Cx, line: &Line, entry: Option<u64>) -> Vec<(String, String)> {
    let asks = [
        (Field::SrcIp, "q", "來源位址之所有紀錄", "Everything of the source"),
        (Field::DstIp, "q", "目的位址之所有紀錄", "Everything of the destination"),
        (Field::User, "user", "帳號之所有紀錄", "Everything of the account"),
        (Field::Device, "device", "設備之所有紀錄", "Everything of the device"),
    ];
    let one = |(field, by, zh, en): (Field, &str, &str, &str)| {
        let value = line.fields.get(&field)?;
        Some((format!("{}{}", cx.t(zh, en), cx.beside(value)), Query::default().with(by, value).behind(PATH)))
    };
    let entry = entry.and_then(entry_path);
    let entry = entry.map(|path| (cx.t("登載雜湊樹之帳本紀錄", "The entry with its root").to_owned(), path));
    asks.into_iter().filter_map(one).chain(entry).collect()
}

/// What a field is called.
const fn words(field: Field) -> (&'static str, &'static str) {
    match field {
        Field::SrcIp => ("來源位址", "Source address"),
        Field::DstIp => ("目的位址", "Destination address"),
        Field::SrcPort => ("來源埠", "Source port"),
        Field::DstPort => ("目的埠", "Destination port"),
        Field::Proto => ("協定", "Protocol"),
        Field::Action => ("動作", "Action"),
        Field::User => ("帳號", "Account"),
        Field::Time => ("設備所載時間", "The device's time"),
        Field::SessionStart => ("登入或連線時間", "Session began"),
        Field::SessionEnd => ("登出或離線時間", "Session ended"),
        Field::Duration => ("連線秒數", "Seconds it lasted"),
        Field::Session => ("連線編號", "Session"),
        Field::Rule => ("規則", "Rule"),
        Field::BytesSent => ("送出位元組", "Bytes sent"),
        Field::BytesReceived => ("接收位元組", "Bytes received"),
        Field::Bytes => ("位元組", "Bytes"),
        Field::Service => ("服務", "Service"),
        Field::Url => ("網址", "Address asked for"),
        Field::Message => ("訊息", "Message"),
        Field::Event => ("事件代號", "Event"),
        Field::Device => ("設備", "Device"),
        Field::Host => ("主機", "Host"),
        Field::App => ("程式", "Program"),
        Field::Process => ("程序編號", "Process"),
    }
}
