//! SQL over lines, for whoever may trace: one statement, its answer as a table or a file. Each statement is entered in the
//! ledger before anything of its answer goes out.

use super::{enter, traced};
use crate::audit::admitted;
use crate::component::export::{Exports, Plain, Sheet, give};
use crate::component::{Notice, TableView, Tone, counted};
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::names::{Named, Shown};
use crate::query::Query;
use crate::shell::{Area, Shell};
use askama::Template;
use model::Told;

pub(super) const PATH: &str = "/trace/sql";
/// Rows of a page.
const MOST: usize = 500;
/// Rows of a file.
const MOST_EXPORTED: usize = 50_000;
/// Characters of a statement.
const LONGEST: usize = 4_000;

/// What a statement found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Rows; where there is no value, none.
    pub rows: Vec<Vec<Option<String>>>,
    /// Were there more rows than were to be given?
    pub cut: bool,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unanswered {
    /// It cannot be answered as it is asked, or not yet: whoever asks can mend it.
    Refused(Told),
    /// Lines cannot be read.
    Unavailable(Told),
}

/// What is asked at a time of a day by whoever begins.
const EXAMPLES: [(&str, &str, &str); 5] = [
    (
        "各動作之筆數",
        "Lines by action",
        "SELECT action, count(*) AS lines FROM lines GROUP BY action ORDER BY lines DESC",
    ),
    (
        "連線對象最多之來源位址",
        "Sources with the most destinations",
        "SELECT src_ip, count(DISTINCT dst_ip) AS peers, count(*) AS lines FROM lines WHERE src_ip IS NOT NULL GROUP BY src_ip ORDER BY peers DESC LIMIT 50",
    ),
    (
        "各接收器每小時之筆數",
        "Lines of each receiver by hour",
        "SELECT date_trunc('hour', received) AS hour, receiver, count(*) AS lines FROM lines GROUP BY hour, receiver ORDER BY hour DESC, receiver LIMIT 200",
    ),
    (
        "某網段之連線",
        "What a network did",
        "SELECT received, src_ip, dst_ip, dst_port, action, line FROM lines WHERE in_network(src_ip, '10.1.0.0/16') ORDER BY received DESC LIMIT 100",
    ),
    (
        "資料表之欄位",
        "Columns of the table",
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'lines'",
    ),
];

#[derive(Template)]
#[template(path = "trace/sql.html")]
struct SqlPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    statement: String,
    longest: usize,
    problem: Option<Notice<'a>>,
    answer: Option<AnswerView<'a>>,
    /// Words, and where they lead.
    examples: Vec<(&'static str, String)>,
}

struct AnswerView<'a> {
    said: Notice<'a>,
    table: TableView<'a>,
    exports: Exports<'a>,
}

/// Asks what a page or a program asks; what is found is entered.
///
/// # Errors
/// `Refused`: the statement cannot be answered. `Unavailable`: lines cannot be read. `Hidden`.
pub(crate) fn asked(cx: &Cx, statement: &str, most: usize) -> Result<Answer, PageError> {
    if statement.chars().count() > LONGEST {
        return Err(PageError::Refused(Told::new(
            format!("查詢敘述不得逾 {LONGEST} 字"),
            format!("a statement has at most {LONGEST} characters"),
        )));
    }
    let answer = cx.site.lines().ask(statement, most).map_err(|unanswered| match unanswered {
        Unanswered::Refused(told) => PageError::Refused(told),
        Unanswered::Unavailable(told) => PageError::Unavailable(told),
    })?;
    enter(cx, traced(format!("sql {statement}"), answer.rows.len() as u64))?;
    Ok(answer)
}

pub(super) async fn page(cx: Cx, query: Query) -> PageResult {
    cx.run(move |cx| {
        cx.look(admitted)?;
        let statement = query.one("q").unwrap_or_default().trim().to_owned();
        let found = (!statement.is_empty()).then(|| asked(cx, &statement, MOST)).transpose();
        let (answer, problem) = match found {
            Ok(answer) => (answer.map(|answer| view(cx, &query, answer)), None),
            Err(PageError::Refused(told)) => {
                (None, Some(Notice::new(cx, Tone::Warning, cx.language.told(&told))))
            }
            Err(error) => return Err(error),
        };
        let shell = Shell::new(cx, Some(Area::Trace), cx.t("以 SQL 查詢紀錄", "Ask lines in SQL"));
        let shell = shell.with_second(super::second(cx, PATH));
        let example = |(zh, en, statement): (&'static str, &'static str, &str)| {
            (cx.t(zh, en), Query::default().with("q", statement).behind(PATH))
        };
        let examples = EXAMPLES.map(example).to_vec();
        cx.render(&SqlPage { cx, shell, statement, longest: LONGEST, problem, answer, examples })
    })
    .await
}

fn view<'a>(cx: &'a Cx, query: &Query, answer: Answer) -> AnswerView<'a> {
    let Answer { columns, rows, cut } = answer;
    let count = counted(rows.len() as u64);
    let said = match (cut, cx.chinese()) {
        (false, true) => Notice::new(cx, Tone::Info, format!("計 {count} 列。")),
        (false, false) => Notice::new(cx, Tone::Info, format!("{count} rows.")),
        (true, true) => Notice::new(
            cx,
            Tone::Warning,
            format!("結果逾 {count} 列，以下為前 {count} 列；請加上條件或 LIMIT，或匯出。"),
        ),
        (true, false) => Notice::new(
            cx,
            Tone::Warning,
            format!(
                "More than {count} rows; these are the first {count}. Add a condition or a LIMIT, or export."
            ),
        ),
    };
    let cell = |cell: Option<String>| match cell {
        Some(text) if !text.is_empty() => Shown::Parts(vec![Named::plain(super::shown(text.as_bytes()))]),
        _ => Shown::Nothing,
    };
    let rows: Vec<Vec<Shown>> = rows.into_iter().map(|row| row.into_iter().map(cell).collect()).collect();
    let table = TableView {
        cx,
        caption: cx.t("查詢結果", "The answer").to_owned(),
        heads: columns.into_iter().map(|column| (column, "")).collect(),
        rows,
    };
    AnswerView { said, table, exports: Exports::of(cx, query, PATH, None) }
}

pub(super) async fn export(cx: Cx, query: Query) -> PageResult {
    give(&cx, move |cx| {
        cx.look(admitted)?;
        let statement = query.one("q").map(str::trim).filter(|text| !text.is_empty()).ok_or(PageError::NotFound)?;
        let Answer { columns, rows, cut } = asked(cx, statement, MOST_EXPORTED)?;
        if cut {
            return Err(PageError::Refused(Told::new(
                format!("結果逾單次匯出上限 {MOST_EXPORTED} 列，請加上條件或 LIMIT 後分次匯出"),
                format!("more rows than the {MOST_EXPORTED} of one file; add a condition or a LIMIT and export in parts"),
            )));
        }
        let name = cx.t("紀錄查詢", "Lines").to_owned();
        let mut file = Sheet { cx, name, plain: "lines".to_owned(), heads: columns, filters: Vec::new() }.begin(query.one("format"))?;
        for row in rows {
            let cells: Vec<Plain> = row.into_iter().map(|cell| Plain::text(cell.unwrap_or_default())).collect();
            file.row(&cells)?;
        }
        file.end()
    })
    .await
}
