//! Incidents: what happened when, drawn and listed from alarms, steps and lines; the same as a report for response teams,
//! to be printed and in STIX.
//!
//! Which register is that of incidents is said by the pack (`[watch.incidents]`). Alarms stand in it for whoever sees
//! them; lines of the addresses they are about for whoever may look into the ledger, and that they were looked for is
//! entered before anything goes out.
//! Source: clauses 26.4.4, 26.4.6, 27.3.1; STIX 2.1.

mod drawn;
mod stix;

use crate::alarms;
use crate::component::{Fact, Facts, Notice, Tone, counted};
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::given;
use crate::look::Look;
use crate::names::{Named, Shown, entry_path, record_path};
use crate::records::{self, Group, Happened, Opened, groups, said, story};
use crate::route::{Access, Audit, Route, named};
use crate::shell::Shell;
use crate::trace::{self, Unanswered};
use askama::Template;
use axum::extract::Path;
use axum::routing::get;
use casework::{Body, Case};
use drawn::{Drawn, Sort};
use model::{Instant, RecordId};
use regulation::{Incidents, Register};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::ops::Range;
use std::time::Duration;
use store::AlarmRow;

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/records/{record}/incident", Access::Person, Audit::Reading, || get(page)),
    Route::get("/records/{record}/incident/stix", Access::Person, Audit::Reading, || get(bundle)),
];

/// So much time before the first and behind the last of what is known is looked at as well.
const AROUND: Duration = Duration::from_secs(1_800);
/// Bars of lines.
const BARS: i64 = 96;
/// Addresses whose lines are counted.
const ADDRESSES: usize = 8;

/// Something that happened.
struct Mark {
    at: Instant,
    sort: Sort,
    what: String,
    who: Option<String>,
    entry: u64,
}

/// An incident with everything that is told of it.
struct Incident<'l> {
    case: std::sync::Arc<Case>,
    register: &'l Register,
    of: &'l Incidents,
    happened: Vec<Happened>,
    alarms: Vec<AlarmRow>,
}

/// A row of the list.
struct Row {
    at: String,
    sort: &'static str,
    what: String,
    who: Option<String>,
    entry: Named,
}

#[derive(Template)]
#[template(path = "incidents/report.html")]
struct ReportPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    form: String,
    title: String,
    number: Option<String>,
    grade: String,
    drawn: Drawn,
    /// What is said of lines, or why nothing is.
    lines: Notice<'a>,
    rows: Vec<Row>,
    alarms: Vec<(Named, Facts<'a>)>,
    groups: Vec<Group<'a>>,
    stix: String,
    back: String,
    made: String,
}

/// Is a record one of the register of incidents? Then where its report is.
pub(crate) fn report_path(look: &Look<'_>, case: &Case) -> Option<String> {
    let of = look.pack.incidents.as_ref()?;
    (of.register == case.register).then(|| format!("{}/incident", record_path(case.record)))
}

impl<'l> Incident<'l> {
    /// Of a record that is theirs to read.
    ///
    /// # Errors
    /// `NotFound`: it is not, or is no incident.
    fn read(look: &'l Look<'_>, record: RecordId) -> Result<Self, PageError> {
        let Opened { case, register } = Opened::of(look, record)?;
        let of = look.pack.incidents.as_ref().filter(|of| of.register == case.register);
        let of = of.ok_or(PageError::NotFound)?;
        let mut alarms = Vec::new();
        if look.cx.may_see_alarms() {
            let seen = alarms::seen_of(look)?;
            alarms = look.sql(|sql| sql.alarms_of(record))?;
            alarms.retain(|alarm| seen.holds(alarm));
        }
        let happened = story(look, record)?;
        Ok(Self { case, register, of, happened, alarms })
    }

    /// What happened, in order.
    fn marks(&self, look: &Look<'_>) -> Vec<Mark> {
        let cx = look.cx;
        let mut marks = Vec::new();
        for alarm in &self.alarms {
            let named = alarms::named(look, alarm).text;
            let mark = |at, word: &str, who| Mark {
                at,
                sort: Sort::Alarm,
                what: format!("{word}{named}"),
                who,
                entry: alarm.entry,
            };
            marks.push(mark(alarm.name.first, cx.t("告警：", "Alarm: "), None));
            if let Some(at) = alarm.resolved_at {
                let who = alarm.settled.as_ref().map(|end| look.person(end.person));
                marks.push(mark(at, cx.t("告警解除：", "Over: "), who));
            }
        }
        // What comes of a step by itself is in the history of the record; here is what people and clocks did.
        let told = |happened: &&Happened| {
            matches!(happened.body, Body::Opened { .. } | Body::Signed { .. } | Body::ClockFired { .. })
        };
        marks.extend(self.happened.iter().filter(told).filter_map(|happened| {
            Some(Mark {
                at: happened.at,
                sort: Sort::Step,
                what: said(look, &self.case, happened)?,
                who: Some(records::who(look, &happened.actor)),
                entry: happened.entry,
            })
        }));
        marks.sort_by_key(|mark| (mark.at, mark.entry));
        marks
    }

    /// The addresses that the alarms are about.
    fn addresses(&self) -> BTreeSet<IpAddr> {
        let values = self.alarms.iter().flat_map(|alarm| &alarm.name.group);
        let address = |(field, value): &(String, String)| {
            (field == "src_ip" || field == "dst_ip").then(|| value.parse().ok()).flatten()
        };
        values.filter_map(address).take(ADDRESSES).collect()
    }

    /// When it was.
    fn span(&self, marks: &[Mark]) -> Range<Instant> {
        let lasts = self.alarms.iter().map(|alarm| alarm.last);
        let moments = || marks.iter().map(|mark| mark.at).chain(lasts.clone());
        let first = moments().min().unwrap_or(Instant::EPOCH);
        first.minus(AROUND)..moments().max().unwrap_or(first).plus(AROUND)
    }
}

/// Lines of addresses within a time, bar by bar; nothing where nobody may look, or there is no address.
fn counts(
    cx: &Cx,
    addresses: &BTreeSet<IpAddr>,
    span: &Range<Instant>,
    width: i64,
) -> Result<Option<Vec<(i64, u64)>>, PageError> {
    if !cx.may_audit() || addresses.is_empty() {
        return Ok(None);
    }
    let list: Vec<String> = addresses.iter().map(|address| format!("'{}'", address.to_canonical())).collect();
    let (list, begin) = (list.join(", "), span.start.as_seconds());
    let statement = format!(
        "SELECT floor((to_unixtime(received) - {begin}) / {width}) AS bar, count(*) AS n FROM lines \
         WHERE (src_ip IN ({list}) OR dst_ip IN ({list})) AND received >= '{}' AND received < '{}' \
         GROUP BY bar ORDER BY bar",
        span.start, span.end
    );
    let answer = cx.site.lines().ask(&statement, usize::try_from(BARS).unwrap_or(0) + 1);
    let answer = answer.map_err(|unanswered| match unanswered {
        Unanswered::Refused(told) => PageError::Refused(told),
        Unanswered::Unavailable(told) => PageError::Unavailable(told),
    })?;
    let read = |row: &Vec<Option<String>>| {
        let text = |at: usize| row.get(at).cloned().flatten();
        let bar: f64 = text(0)?.parse().ok()?;
        Some((bar as i64, text(1)?.parse().ok()?))
    };
    let counts: Vec<(i64, u64)> = answer.rows.iter().filter_map(read).collect();
    let found = counts.iter().map(|(_, count)| count).sum();
    let wanted: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    trace::enter(cx, trace::traced(format!("incident {}", wanted.join(" ")), found))?;
    Ok(Some(counts))
}

async fn page(cx: Cx, Path(record): Path<String>) -> PageResult {
    cx.run(move |cx| {
        let record = named(&record)?;
        cx.look(|look| {
            let incident = Incident::read(look, record)?;
            let marks = incident.marks(look);
            let span = incident.span(&marks);
            let width = ((span.end.as_seconds() - span.start.as_seconds()) / BARS + 1).max(1);
            let addresses = incident.addresses();
            // That lines cannot be read now takes nothing away from the rest.
            let (counts, lines) = match counts(cx, &addresses, &span, width) {
                Ok(Some(counts)) => {
                    let found: u64 = counts.iter().map(|(_, count)| count).sum();
                    (Some(counts), of_lines(cx, &addresses, found))
                }
                Ok(None) if addresses.is_empty() => {
                    let text = cx.t(
                        "告警未涉網路位址，未繪紀錄筆數。",
                        "No alarm is about an address, so that no lines are drawn.",
                    );
                    (None, Notice::new(cx, Tone::Info, text))
                }
                Ok(None) => {
                    let text = cx.t(
                        "紀錄筆數僅供有權查閱帳本者檢視。",
                        "Lines are drawn for whoever may look into the ledger.",
                    );
                    (None, Notice::new(cx, Tone::Info, text))
                }
                Err(PageError::Refused(told) | PageError::Unavailable(told)) => {
                    (None, Notice::new(cx, Tone::Warning, cx.language.told(&told)))
                }
                Err(error) => return Err(error),
            };
            let title = look.title(&incident.case);
            let shell = records::shell(look, &incident.case, cx.t("事件報告", "Incident report"))?;
            let made = match cx.chinese() {
                true => format!("{}　{} 產製", cx.person_name(cx.person()), cx.moment(cx.now())),
                false => format!("Made by {}, {}", cx.person_name(cx.person()), cx.moment(cx.now())),
            };
            let path = record_path(record);
            cx.render(&ReportPage {
                cx,
                shell: shell.by(title.clone(), path.clone()),
                form: cx.t("資通安全事件報告", "Incident report").to_owned(),
                title,
                number: incident.case.number.clone(),
                grade: look.grade(&incident.case.grade),
                drawn: Drawn::of(cx, &span, &marks, counts.as_deref().map(|counts| (counts, width))),
                lines,
                rows: marks.iter().map(|mark| row(cx, mark)).collect(),
                alarms: incident.alarms.iter().map(|alarm| evidence(look, alarm)).collect(),
                groups: groups(look, incident.register, &incident.case),
                stix: format!("{path}/incident/stix"),
                back: path,
                made,
            })
        })
    })
    .await
}

fn of_lines<'a>(cx: &'a Cx, addresses: &BTreeSet<IpAddr>, found: u64) -> Notice<'a> {
    let named: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    let (named, found) = (named.join(cx.t("、", ", ")), counted(found));
    let text = match cx.chinese() {
        true => format!("期間內 {named} 之紀錄計 {found} 筆；本次查詢已記入帳本。"),
        false => format!("{found} lines of {named} within this time; that they were looked for is entered."),
    };
    Notice::new(cx, Tone::Info, text)
}

fn row(cx: &Cx, mark: &Mark) -> Row {
    let href = entry_path(mark.entry).filter(|_| cx.may_audit());
    Row {
        at: cx.second(mark.at),
        sort: mark.sort.word(cx),
        what: mark.what.clone(),
        who: mark.who.clone(),
        entry: Named { text: mark.entry.to_string(), href },
    }
}

/// An alarm with the lines it rests on.
fn evidence<'a>(look: &Look<'a>, alarm: &AlarmRow) -> (Named, Facts<'a>) {
    let cx = look.cx;
    let line = |line: &store::AlarmLine| {
        let href = format!("/trace/lines/{}/{}", line.receiver, line.n);
        Named { text: format!("{} {}", line.receiver, line.n), href: cx.may_audit().then_some(href) }
    };
    let lines: Vec<Named> = alarm.lines.iter().chain(&alarm.latest).map(line).collect();
    let mut facts = vec![
        Fact::new(cx.t("首次", "First"), cx.second(alarm.name.first)),
        Fact::new(cx.t("最近", "Last"), cx.second(alarms::grown(cx, alarm).1)),
        Fact::new(cx.t("紀錄筆數", "Lines"), counted(alarms::grown(cx, alarm).0)),
    ];
    if !lines.is_empty() {
        facts.push(Fact {
            name: cx.t("佐證紀錄（接收器及筆次）", "Evidence: receiver and number").to_owned(),
            value: Shown::Parts(lines),
        });
    }
    (alarms::named(look, alarm), Facts { cx, facts })
}

async fn bundle(cx: Cx, Path(record): Path<String>) -> PageResult {
    cx.run(move |cx| {
        let record = named(&record)?;
        cx.look(|look| {
            let incident = Incident::read(look, record)?;
            let told = stix::Told {
                origin: cx.site.desk().origin(),
                unit: (incident.case.unit, look.unit(incident.case.unit)),
                record,
                number: incident.case.number.clone(),
                title: look.title(&incident.case),
                description: description(look, &incident),
                grade: look.grade(&incident.case.grade),
                opened: incident.happened.first().map_or(Instant::EPOCH, |happened| happened.at),
                changed: incident.happened.last().map_or(Instant::EPOCH, |happened| happened.at),
                alarms: incident.alarms.iter().map(|alarm| stix::Alarm::of(look, alarm)).collect(),
                steps: incident
                    .marks(look)
                    .into_iter()
                    .filter(|mark| mark.sort == Sort::Step)
                    .map(|mark| (mark.entry, mark.at, mark.what))
                    .collect(),
            };
            let content = serde_json::to_vec_pretty(&stix::bundle(&told)).map_err(PageError::failed)?;
            let name = incident.case.number.clone().unwrap_or_else(|| record.to_string());
            let plain = format!("incident-{record}.json");
            Ok(given::file(&format!("{name}.json"), &plain, "application/stix+json;version=2.1", content))
        })
    })
    .await
}

/// What is told of an incident, field after field, as the pack says which.
fn description(look: &Look<'_>, incident: &Incident<'_>) -> String {
    let of = |field: &regulation::FieldId| {
        let field = incident.register.field(field.as_str())?;
        let told = look.field(&incident.case, field).line(crate::language::Language::Chinese);
        (!told.is_empty()).then(|| format!("{}：{told}", field.label.zh()))
    };
    let told: Vec<String> = incident.of.told.iter().filter_map(of).collect();
    told.join("\n")
}
