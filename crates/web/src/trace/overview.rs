//! What an address, a network, an account or a device did, as a whole: when, with whom, by what, which log-ons; counts of all
//! lines, where a list shows the newest.
//!
//! Everything here is asked in SQL of the table of lines; that it was looked for is entered once, before anything goes out.

use super::called::Called;
use super::drawn::{Bars, Web};
use super::{Asked, Unanswered, enter, traced};
use crate::audit::admitted;
use crate::component::{Empty, Fact, Facts, Notice, TableView, Tone, counted};
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::names::{Named, Shown};
use crate::query::Query;
use crate::shell::{Area, Shell};
use askama::Template;
use model::Instant;
use regulation::TimeOfDay;
use std::collections::{BTreeMap, VecDeque};

pub(super) const PATH: &str = "/trace/overview";
/// Bars of the time line, at most.
const BARS: i64 = 60;
/// Widths of a bar, in seconds.
const WIDTHS: [i64; 11] =
    [1, 10, 60, 300, 900, 3_600, 4 * 3_600, 12 * 3_600, 86_400, 7 * 86_400, 30 * 86_400];
/// Rows of a table.
const ROWS: usize = 30;
/// Log-ons and log-offs that are looked through, the newest.
const MARKS: usize = 1_000;

#[derive(Template)]
#[template(path = "trace/overview.html")]
struct OverviewPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    /// What is asked for, and where its lines are.
    said: String,
    lines: String,
    problem: Option<Notice<'a>>,
    empty: Option<Empty<'a>>,
    story: Option<Story<'a>>,
}

struct Story<'a> {
    facts: Facts<'a>,
    bars: Bars,
    web: Option<Web>,
    pairs: TableView<'a>,
    services: TableView<'a>,
    actions: TableView<'a>,
    sessions: Option<TableView<'a>>,
}

pub(super) async fn page(cx: Cx, query: Query) -> PageResult {
    cx.run(move |cx| {
        cx.look(admitted)?;
        let asked = Asked::read(cx, &query, 0)?.ok_or(PageError::NotFound)?;
        let (story, problem) = match (Teller { cx, asked: &asked }).story() {
            Ok(story) => (story, None),
            Err(PageError::Refused(told)) => {
                (None, Some(Notice::new(cx, Tone::Warning, cx.language.told(&told))))
            }
            Err(error) => return Err(error),
        };
        let title = cx.t("行為概觀", "What it did");
        let text = cx.t("沒有符合的紀錄。", "No line fits.").to_owned();
        let nothing = story.is_none() && problem.is_none();
        cx.render(&OverviewPage {
            cx,
            shell: Shell::new(cx, Some(Area::Trace), title),
            said: asked.told(cx),
            lines: query.behind(super::PATH),
            problem,
            empty: nothing.then_some(Empty { cx, icon: "search", text, action: None }),
            story,
        })
    })
    .await
}

/// A row of an answer.
type Row = Vec<Option<String>>;

struct Teller<'a> {
    cx: &'a Cx,
    asked: &'a Asked,
}

impl<'a> Teller<'a> {
    /// Everything; nothing where no line fits.
    fn story(&self) -> Result<Option<Story<'a>>, PageError> {
        let cx = self.cx;
        let row = self.rows(
            "count(*), min(to_unixtime(received)), max(to_unixtime(received)), count(DISTINCT src_ip), count(DISTINCT dst_ip), count(DISTINCT \"user\")",
            "LIMIT 1",
        )?;
        let row = row.into_iter().next().unwrap_or_default();
        let number = |at: usize| row.get(at).cloned().flatten().and_then(|text| text.parse::<i64>().ok());
        let count = number(0).unwrap_or(0);
        enter(cx, traced(format!("overview {}", self.asked.said), u64::try_from(count).unwrap_or(0)))?;
        let (Some(first), Some(last)) = (number(1), number(2)) else { return Ok(None) };
        let moment =
            |seconds: i64| Instant::from_micros(seconds.saturating_mul(1_000_000)).unwrap_or(Instant::EPOCH);
        let many = |at: usize| counted(u64::try_from(number(at).unwrap_or(0)).unwrap_or(0));
        let facts = vec![
            Fact::new(cx.t("筆數", "Lines"), many(0)),
            Fact::new(cx.t("最早接收", "First received"), cx.second(moment(first))),
            Fact::new(cx.t("最近接收", "Last received"), cx.second(moment(last))),
            Fact::new(cx.t("來源位址數", "Sources"), many(3)),
            Fact::new(cx.t("目的位址數", "Destinations"), many(4)),
            Fact::new(cx.t("帳號數", "Accounts"), many(5)),
        ];
        let spoke = self.rows(
            "src_ip, dst_ip, count(*) AS n, min(to_unixtime(received)), max(to_unixtime(received))",
            &format!("AND src_ip IS NOT NULL AND dst_ip IS NOT NULL GROUP BY src_ip, dst_ip ORDER BY n DESC, src_ip, dst_ip LIMIT {ROWS}"),
        )?;
        let services = self.rows(
            "dst_port, proto, count(*) AS n",
            &format!(
                "AND dst_port IS NOT NULL GROUP BY dst_port, proto ORDER BY n DESC, dst_port LIMIT {ROWS}"
            ),
        )?;
        let actions = self.rows(
            "action, count(*) AS n",
            &format!("AND action IS NOT NULL GROUP BY action ORDER BY n DESC, action LIMIT {ROWS}"),
        )?;
        Ok(Some(Story {
            facts: Facts { cx, facts },
            bars: self.bars(first, last)?,
            web: Web::of(&spoke),
            pairs: self.pairs(&spoke, moment),
            services: self.table(
                cx.t("服務", "Services"),
                &[
                    (cx.t("目的埠", "Destination port"), "num"),
                    (cx.t("協定", "Protocol"), ""),
                    (cx.t("筆數", "Lines"), "num"),
                ],
                &services,
            ),
            actions: self.table(
                cx.t("動作", "Actions"),
                &[(cx.t("動作", "Action"), ""), (cx.t("筆數", "Lines"), "num")],
                &actions,
            ),
            sessions: self.sessions(moment)?,
        }))
    }

    /// Rows of the lines that are asked for.
    fn rows(&self, columns: &str, rest: &str) -> Result<Vec<Row>, PageError> {
        let statement = format!("SELECT {columns} FROM lines WHERE {} {rest}", self.asked.condition());
        let answer = self.cx.site.lines().ask(&statement, MARKS).map_err(|unanswered| match unanswered {
            Unanswered::Refused(told) => PageError::Refused(told),
            Unanswered::Unavailable(told) => PageError::Unavailable(told),
        })?;
        Ok(answer.rows)
    }

    /// How many lines there are, time by time.
    fn bars(&self, first: i64, last: i64) -> Result<Bars, PageError> {
        let cx = self.cx;
        let fits = |width: &&i64| (last - first) / **width < BARS - 1;
        let width = WIDTHS.iter().find(fits).copied().unwrap_or((last - first) / (BARS - 1) + 1);
        // Bars begin with the day, where people live.
        let zone = cx.zone()?;
        let at =
            |seconds: i64| Instant::from_micros(seconds.saturating_mul(1_000_000)).unwrap_or(Instant::EPOCH);
        let midnight = zone.moment(zone.date(at(first)), TimeOfDay::START).as_seconds();
        let begin = midnight + (first - midnight).div_euclid(width) * width;
        let found = self.rows(
            &format!("floor((to_unixtime(received) - {begin}) / {width}) AS bar, count(*) AS n"),
            "GROUP BY bar ORDER BY bar",
        )?;
        let read = |row: &Row| {
            let text = |at: usize| row.get(at).cloned().flatten();
            let bar: f64 = text(0)?.parse().ok()?;
            Some((bar as i64, text(1)?.parse().ok()?))
        };
        let counts: BTreeMap<i64, u64> = found.iter().filter_map(read).collect();
        let bars = (0..=(last - begin) / width).map(|bar| {
            let from = at(begin + bar * width);
            (cx.second(from), counts.get(&bar).copied().unwrap_or(0))
        });
        Ok(Bars::of(bars.collect(), cx.t("筆", "lines")))
    }

    fn pairs(&self, spoke: &[Row], moment: impl Fn(i64) -> Instant) -> TableView<'a> {
        let cx = self.cx;
        let heads = [
            (cx.t("來源位址", "Source"), ""),
            (cx.t("目的位址", "Destination"), ""),
            (cx.t("筆數", "Lines"), "num"),
            (cx.t("最早", "First"), ""),
            (cx.t("最近", "Last"), ""),
        ];
        let told = |row: &Row| -> Row {
            let seconds = |at: usize| row.get(at).cloned().flatten().and_then(|text| text.parse().ok());
            let when = |at: usize| seconds(at).map(|seconds| cx.second(moment(seconds)));
            let same = |at: usize| row.get(at).cloned().flatten();
            vec![same(0), same(1), same(2), when(3), when(4)]
        };
        let mut table = self.table(
            cx.t("通聯對象", "Who spoke with whom"),
            &heads,
            &spoke.iter().map(told).collect::<Vec<_>>(),
        );
        let ends = spoke.iter().flat_map(|row| row.iter().take(2)).filter_map(Option::as_deref);
        let called = Called::of(cx, ends);
        for row in &mut table.rows {
            for cell in row.iter_mut().take(2) {
                if let Shown::Parts(parts) = cell {
                    parts.iter_mut().for_each(|part| {
                        part.href = Some(Query::default().with("q", &part.text).behind(PATH));
                        let name = called.beside(&part.text);
                        part.text += &name;
                    });
                }
            }
        }
        table
    }

    /// Log-ons with the log-offs that belong to them; nothing where there are none.
    fn sessions(&self, moment: impl Fn(i64) -> Instant) -> Result<Option<TableView<'a>>, PageError> {
        let cx = self.cx;
        // The beginning and the end of a connection are marked otherwise, though an account may stand with them.
        let mut marks = self.rows(
            "to_unixtime(received), mark, \"user\", src_ip, coalesce(device, host), action",
            &format!(
                "AND mark IN ('on', 'off') AND \"user\" IS NOT NULL ORDER BY received DESC, number DESC LIMIT {MARKS}"
            ),
        )?;
        if marks.is_empty() {
            return Ok(None);
        }
        marks.reverse();
        let heads = [
            (cx.t("帳號", "Account"), ""),
            (cx.t("來源位址", "Source"), ""),
            (cx.t("設備", "Device"), ""),
            (cx.t("登入", "Log-on"), ""),
            (cx.t("登出", "Log-off"), ""),
            (cx.t("結果", "Outcome"), ""),
        ];
        let when = |seconds: &str| seconds.parse().map(|seconds| cx.second(moment(seconds))).ok();
        let rows: Vec<Row> = paired(&marks)
            .into_iter()
            .map(|pair| {
                let [user, source, device] = pair.who;
                vec![
                    user,
                    source,
                    device,
                    pair.on.as_deref().and_then(when),
                    pair.off.as_deref().and_then(when),
                    pair.outcome,
                ]
            })
            .collect();
        Ok(Some(self.table(cx.t("登入及登出", "Log-ons and log-offs"), &heads, &rows)))
    }

    fn table(&self, caption: &str, heads: &[(&str, &'static str)], rows: &[Row]) -> TableView<'a> {
        let cell = |cell: &Option<String>| match cell.as_deref() {
            Some(text) if !text.is_empty() => Shown::Parts(vec![Named::plain(super::shown(text.as_bytes()))]),
            _ => Shown::Nothing,
        };
        TableView {
            cx: self.cx,
            caption: caption.to_owned(),
            heads: heads.iter().map(|(text, class)| ((*text).to_owned(), *class)).collect(),
            rows: rows.iter().map(|row| row.iter().map(cell).collect()).collect(),
        }
    }
}

/// A log-on, and the log-off that belongs to it.
#[derive(Debug, PartialEq, Eq)]
struct Pair {
    /// Account, source, device.
    who: [Option<String>; 3],
    on: Option<String>,
    off: Option<String>,
    /// What the line of the log-on says came of it.
    outcome: Option<String>,
}

/// Puts log-ons and log-offs of one account, source and device together, each log-off with the oldest log-on that is open; the
/// newest first. Rows: when, mark, account, source, device, action, in the order of time.
fn paired(marks: &[Row]) -> Vec<Pair> {
    let mut pairs: Vec<Pair> = Vec::new();
    let mut open: BTreeMap<[Option<String>; 3], VecDeque<usize>> = BTreeMap::new();
    for row in marks {
        let text = |at: usize| row.get(at).cloned().flatten();
        let (when, who, outcome) = (text(0), [text(2), text(3), text(4)], text(5));
        if text(1).as_deref() == Some("on") {
            open.entry(who.clone()).or_default().push_back(pairs.len());
            pairs.push(Pair { who, on: when, off: None, outcome });
            continue;
        }
        let begun = open.get_mut(&who).and_then(VecDeque::pop_front).and_then(|at| pairs.get_mut(at));
        match begun {
            Some(pair) => pair.off = when,
            None => pairs.push(Pair { who, on: None, off: when, outcome }),
        }
    }
    pairs.reverse();
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(when: &str, mark: &str, user: &str, source: &str) -> Row {
        [when, mark, user, source, "fw", "accept"].map(|text| Some(text.to_owned())).to_vec()
    }

    #[test]
    fn a_log_off_belongs_to_the_oldest_log_on_of_the_same() {
        let marks = [
            row("1", "on", "wang", "10.0.0.1"),
            row("2", "on", "lin", "10.0.0.1"),
            row("3", "on", "wang", "10.0.0.1"),
            row("4", "off", "wang", "10.0.0.1"),
            row("5", "off", "wang", "10.0.0.2"),
            row("6", "off", "wang", "10.0.0.1"),
        ];
        let told: Vec<(Option<String>, Option<String>, Option<String>)> =
            paired(&marks).into_iter().map(|pair| (pair.who[0].clone(), pair.on, pair.off)).collect();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            told,
            [
                (some("wang"), None, some("5")),
                (some("wang"), some("3"), some("6")),
                (some("lin"), some("2"), None),
                (some("wang"), some("1"), some("4")),
            ]
        );
    }
}
