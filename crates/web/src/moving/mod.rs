//! Moving in: tables of units, people, terminals, or of what a register keeps; looked at cell by cell before anything is
//! saved, then carried out row by row as the person who asks.
//!
//! What was read goes with the page from the look to the carrying out, and is planned anew there: what somebody else has
//! done meanwhile counts. A row that is refused takes no other with it; the report says of each what came of it.
//! Invariant: nothing is done here but by the desk, under the rights of whoever asks.
//! Source: `docs/howto/move-in.md`.

mod register;

use crate::acting;
use crate::component::{Notice, Tone};
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::form::Posted;
use crate::people::{command, granted};
use crate::route::{Access, Audit, Route};
use crate::shell::Shell;
use ::moving::{Column, Doing, Kind, Planned, Row, Table, Wrong};
use askama::Template;
use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use desk::About;
use identity::{Act, Action, On};
use model::Told;
use register::Target;
use regulation::Register;

pub(crate) const PATH: &str = "/move-in";

pub(crate) const ROUTES: &[Route] = &[
    Route::get(PATH, Access::Person, Audit::None, || get(index)),
    Route::get("/move-in/{what}", Access::Person, Audit::None, || get(page)),
    Route::get("/move-in/{what}/template", Access::Person, Audit::None, || get(template)),
    Route::post("/move-in/{what}", Access::Person, Audit::Act, || post(act)).of_bytes(MOST_BYTES),
    Route::post("/move-in/{what}/report", Access::Person, Audit::None, || post(report)).of_bytes(MOST_BYTES),
];

/// Bytes of what is posted: a file of the largest, or a table as the page carries it.
const MOST_BYTES: usize = ::moving::LARGEST + (4 << 20);
/// Rows of a table on a page. The console takes more.
const MOST_ROWS: usize = 2_000;

/// What is moved in.
enum What<'a> {
    Kind(Kind),
    Register(Target<'a>),
}

/// A cell with what is wrong with it.
struct CellView {
    head: String,
    text: String,
    wrong: Vec<String>,
}

/// A row with what would be, or was, done.
struct RowView {
    line: usize,
    state: &'static str,
    class: &'static str,
    cells: Vec<CellView>,
    /// What is wrong with it as a whole.
    wrong: Vec<String>,
}

#[derive(Template)]
#[template(path = "moving/index.html")]
struct IndexPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    kinds: Vec<(String, String)>,
    registers: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "moving/page.html")]
struct MovePage<'a> {
    cx: &'a Cx,
    shell: Shell,
    path: String,
    columns: Vec<(String, String, bool)>,
    notice: Option<Notice<'a>>,
    heads: Vec<String>,
    rows: Vec<RowView>,
    /// The table as the form carries it on; none where there is nothing to carry out.
    carried: Option<String>,
    /// Are some rows wrong, and some to be done?
    partly: bool,
    /// The report as the form of the file carries it; none before anything was carried out.
    report: Option<String>,
}

/// Whatever may be moved in by whoever asks.
async fn index(cx: Cx) -> PageResult {
    cx.run(|cx| {
        let kinds = Kind::ALL.into_iter().filter(|kind| may(cx, *kind));
        let kinds: Vec<_> = kinds
            .map(|kind| (format!("{PATH}/{}", kind.word()), cx.language.told(&kind.name()).to_owned()))
            .collect();
        let registers: Vec<_> = cx.look(|look| {
            let opened = acting::opened_by_hand(look).into_iter();
            let named = opened.filter_map(|id| look.pack.registers.get(&id));
            Ok(named
                .map(|one| (format!("{PATH}/register.{}", one.id), cx.label(&one.label).to_owned()))
                .collect())
        })?;
        if kinds.is_empty() && registers.is_empty() {
            return Err(hidden());
        }
        cx.render(&IndexPage { cx, shell: shell(cx, None), kinds, registers })
    })
    .await
}

async fn page(cx: Cx, Path(what): Path<String>) -> PageResult {
    cx.run(move |cx| {
        let what = What::read(cx, &what)?;
        cx.render(&MovePage::first(cx, &what, None))
    })
    .await
}

async fn template(cx: Cx, Path(what): Path<String>) -> PageResult {
    cx.run(move |cx| {
        let of = What::read(cx, &what)?;
        let file = ::moving::template(&of.columns(), cx.chinese());
        Ok(csv(file, &format!("{}.csv", what.replace("register.", ""))))
    })
    .await
}

async fn act(cx: Cx, Path(what): Path<String>, posted: Posted) -> PageResult {
    cx.run(move |cx| {
        let what = What::read(cx, &what)?;
        let refused = |told: &Told| {
            let page = MovePage::first(cx, &what, Some(Notice::refused(cx, told)));
            cx.render_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
        };
        let table = match handed_in(&posted) {
            Ok(table) => table,
            Err(told) => return refused(&told),
        };
        let planned = match what.plan(cx, &table)? {
            Ok(planned) => planned,
            Err(told) => return refused(&told),
        };
        let wrong = planned.iter().any(|row| row.doing == Doing::Wrong);
        let pressed = posted.query.one("_do").unwrap_or_default();
        match pressed {
            "go" if !wrong => carried_out(cx, &what, &table, planned),
            "partly" => carried_out(cx, &what, &table, planned),
            _ => cx.render(&MovePage::looked(cx, &what, &table, planned)),
        }
    })
    .await
}

/// The report of what was carried out, as a file; the page it was shown on has it.
async fn report(cx: Cx, Path(what): Path<String>, posted: Posted) -> PageResult {
    cx.run(move |cx| {
        What::read(cx, &what)?;
        let rows =
            posted.query.one("report").and_then(|text| serde_json::from_str::<Vec<Vec<String>>>(text).ok());
        let rows =
            rows.ok_or_else(|| PageError::Unread(Told::new("報告內容無法判讀", "The report does not read")))?;
        Ok(csv(::moving::file(&rows), "report.csv"))
    })
    .await
}

fn csv(file: Vec<u8>, name: &str) -> Response {
    let mut response = file.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

/// What was handed in, or what the page has carried on.
fn handed_in(posted: &Posted) -> Result<Table, Told> {
    let table = match posted.upload("file") {
        Some(content) => ::moving::read(content)?,
        None => {
            let carried = posted.query.one("table").and_then(|text| serde_json::from_str(text).ok());
            let (heads, rows): (Vec<String>, Vec<(usize, Vec<String>)>) =
                carried.ok_or_else(|| Told::new("請選擇檔案", "Choose a file"))?;
            Table { heads, rows: rows.into_iter().map(|(line, cells)| Row { line, cells }).collect() }
        }
    };
    if table.rows.len() > MOST_ROWS {
        return Err(Told::new(
            format!("檔案有 {} 列；網頁一次至多 {MOST_ROWS} 列，請分批或使用 ward move-in", table.rows.len()),
            format!(
                "The file has {} rows; a page takes {MOST_ROWS}: divide it, or use `ward move-in`",
                table.rows.len()
            ),
        ));
    }
    Ok(table)
}

/// Does what is planned, row by row, and tells of each what came of it.
fn carried_out(cx: &Cx, what: &What<'_>, table: &Table, planned: Vec<Planned>) -> PageResult {
    let mut rows = Vec::with_capacity(planned.len());
    let (mut done, mut refused) = (0_usize, 0_usize);
    for mut row in planned {
        let acts = matches!(row.doing, Doing::Create | Doing::Change);
        let outcome = if acts { what.carry_out(cx, &row, table)? } else { None };
        match (&outcome, acts) {
            (Some(_), _) => refused += 1,
            (None, true) => done += 1,
            (None, false) => {}
        }
        row.wrong.extend(outcome.iter().flatten().cloned());
        rows.push(RowView::of(cx, table, &row, Some(outcome.is_some())));
    }
    let text = match cx.chinese() {
        true => format!("已辦理 {done} 列，未受理 {refused} 列。"),
        false => format!("{done} rows were done, {refused} refused."),
    };
    let tone = if refused > 0 { Tone::Warning } else { Tone::Good };
    let report = serde_json::to_string(&told(cx, table, &rows)).map_err(PageError::failed)?;
    let mut page = MovePage::first(cx, what, Some(Notice::new(cx, tone, text)));
    page.heads = table.heads.clone();
    page.rows = rows;
    page.report = Some(report);
    cx.render(&page)
}

/// The rows of the report.
fn told(cx: &Cx, table: &Table, rows: &[RowView]) -> Vec<Vec<String>> {
    let mut heads = vec![
        cx.t("列", "Row").to_owned(),
        cx.t("結果", "Outcome").to_owned(),
        cx.t("說明", "Why").to_owned(),
    ];
    heads.extend(table.heads.iter().cloned());
    let row = |row: &RowView| {
        let wrong = row.cells.iter().flat_map(|cell| &cell.wrong).chain(&row.wrong);
        let wrong: Vec<&str> = wrong.map(String::as_str).collect();
        let mut cells = vec![row.line.to_string(), row.state.to_owned(), wrong.join(cx.t("；", "; "))];
        cells.extend(row.cells.iter().map(|cell| cell.text.clone()));
        cells
    };
    std::iter::once(heads).chain(rows.iter().map(row)).collect()
}

fn shell(cx: &Cx, of: Option<&str>) -> Shell {
    let title = cx.t("匯入既有資料", "Move in");
    match of {
        None => Shell::new(cx, None, title),
        Some(of) => Shell::new(cx, None, format!("{title}{}", cx.beside(of))).by(title, PATH),
    }
}

fn hidden() -> PageError {
    PageError::hidden(Action::Identity(Act::RegisterPerson).to_string(), About::Oneself)
}

/// May they do anything of this kind, anywhere?
fn may(cx: &Cx, kind: Kind) -> bool {
    let act = match kind {
        Kind::People => Act::RegisterPerson,
        Kind::Terminals => Act::RegisterTerminal,
        Kind::Units => Act::CreateUnit,
    };
    cx.seen().roster.units().any(|unit| granted(cx, act, On::Unit(unit.id)))
}

impl<'a> What<'a> {
    /// By its word in the address; what they may do nothing of is not there.
    fn read(cx: &'a Cx, word: &str) -> Result<Self, PageError> {
        if let Some(register) = word.strip_prefix("register.") {
            let register = cx.pack()?.register(register).ok_or(PageError::NotFound)?;
            return Ok(Self::Register(Target::of(cx, register)?.ok_or_else(hidden)?));
        }
        let kind = Kind::of_word(word).ok_or(PageError::NotFound)?;
        if may(cx, kind) { Ok(Self::Kind(kind)) } else { Err(hidden()) }
    }

    fn path(&self) -> String {
        match self {
            Self::Kind(kind) => format!("{PATH}/{}", kind.word()),
            Self::Register(target) => format!("{PATH}/register.{}", target.register.id),
        }
    }

    fn name(&self, cx: &Cx) -> String {
        match self {
            Self::Kind(kind) => cx.language.told(&kind.name()).to_owned(),
            Self::Register(target) => cx.label(&target.register.label).to_owned(),
        }
    }

    fn columns(&self) -> Vec<Column> {
        match self {
            Self::Kind(kind) => kind.columns(),
            Self::Register(target) => target.columns(),
        }
    }

    /// What each row would do; an error within tells why the table as a whole does not read.
    fn plan(&self, cx: &Cx, table: &Table) -> Result<Result<Vec<Planned>, Told>, PageError> {
        let kind = match self {
            Self::Kind(kind) => kind,
            Self::Register(target) => return target.plan(cx, table),
        };
        let seen = cx.seen();
        let mut failed = None;
        let mut fresh = || {
            cx.site.draw().unwrap_or_else(|error| {
                failed.get_or_insert(error);
                [0; 16]
            })
        };
        let planned =
            ::moving::plan(*kind, table, (&*seen.roster, seen.packs.current(), cx.now()), &mut fresh);
        match failed {
            Some(error) => Err(error.into()),
            None => Ok(planned),
        }
    }

    /// Does a row; gives what was refused of it.
    fn carry_out(&self, cx: &Cx, row: &Planned, table: &Table) -> Result<Option<Vec<Wrong>>, PageError> {
        if let Self::Register(target) = self {
            return target.carry_out(cx, row, table);
        }
        for one in &row.commands {
            match command(cx, one) {
                Ok(_) => {}
                Err(PageError::Refused(told) | PageError::Denied(_, told)) => {
                    return Ok(Some(vec![Wrong { column: None, told }]));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}

impl<'a> MovePage<'a> {
    fn first(cx: &'a Cx, what: &What<'_>, notice: Option<Notice<'a>>) -> Self {
        let column = |column: &Column| {
            let name = if cx.chinese() { &column.zh } else { &column.en };
            (name.clone(), cx.language.told(&column.help).to_owned(), column.needed)
        };
        Self {
            cx,
            shell: shell(cx, Some(&what.name(cx))),
            path: what.path(),
            columns: what.columns().iter().map(column).collect(),
            notice,
            heads: Vec::new(),
            rows: Vec::new(),
            carried: None,
            partly: false,
            report: None,
        }
    }

    /// With what each row would do.
    fn looked(cx: &'a Cx, what: &What<'_>, table: &Table, planned: Vec<Planned>) -> Self {
        let count = |doing: Doing| planned.iter().filter(|row| row.doing == doing).count();
        let (create, change) = (count(Doing::Create), count(Doing::Change));
        let (nothing, wrong) = (count(Doing::Nothing), count(Doing::Wrong));
        let text = match cx.chinese() {
            true => format!(
                "預覽：新增 {create} 列、變更 {change} 列、無異動 {nothing} 列、有誤 {wrong} 列。尚未儲存任何資料。"
            ),
            false => format!(
                "A look: {create} rows to create, {change} to change, {nothing} as they are, {wrong} wrong. Nothing is saved yet."
            ),
        };
        let tone = if wrong > 0 { Tone::Warning } else { Tone::Info };
        let mut page = Self::first(cx, what, Some(Notice::new(cx, tone, text)));
        let acts = create + change > 0;
        let rows: Vec<(usize, &[String])> =
            table.rows.iter().map(|row| (row.line, row.cells.as_slice())).collect();
        page.carried = acts.then(|| serde_json::to_string(&(&table.heads, rows)).ok()).flatten();
        page.partly = acts && wrong > 0;
        page.heads = table.heads.clone();
        page.rows = planned.iter().map(|row| RowView::of(cx, table, row, None)).collect();
        page
    }
}

impl RowView {
    /// `refused` is known once it was carried out.
    fn of(cx: &Cx, table: &Table, row: &Planned, refused: Option<bool>) -> Self {
        let (state, class) = match (refused, row.doing) {
            (_, Doing::Nothing) => (cx.t("無異動", "as it is"), "void"),
            (_, Doing::Wrong) => (cx.t("有誤", "wrong"), "bad"),
            (Some(true), _) => (cx.t("未受理", "refused"), "bad"),
            (Some(false), Doing::Create) => (cx.t("已新增", "created"), "good"),
            (Some(false), Doing::Change) => (cx.t("已變更", "changed"), "good"),
            (None, Doing::Create) => (cx.t("將新增", "to create"), "waiting"),
            (None, Doing::Change) => (cx.t("將變更", "to change"), "waiting"),
        };
        let at = |column: Option<usize>| {
            let of = row.wrong.iter().filter(move |wrong| wrong.column == column);
            of.map(|wrong| cx.language.told(&wrong.told).to_owned()).collect::<Vec<_>>()
        };
        let cells = table.rows.iter().find(|one| one.line == row.line).map(|one| one.cells.as_slice());
        let cells = table.heads.iter().zip(cells.unwrap_or_default()).enumerate();
        Self {
            line: row.line,
            state,
            class,
            cells: cells
                .map(|(column, (head, text))| CellView {
                    head: head.clone(),
                    text: text.clone(),
                    wrong: at(Some(column)),
                })
                .collect(),
            wrong: at(None),
        }
    }
}

/// Is the register one whose records are opened by a table at all? What of it cannot stand in a cell is left out.
fn of_cells(register: &Register) -> impl Iterator<Item = &regulation::Field> {
    use regulation::Kind as K;
    register.fields.iter().filter(|field| {
        !matches!(
            field.kind,
            K::Checklist { .. }
                | K::Computed { .. }
                | K::Files { .. }
                | K::Photo { .. }
                | K::Run { .. }
                | K::Table { .. }
        )
    })
}
