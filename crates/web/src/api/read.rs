//! What applications read: the pack, registers, records, files, notices.

use super::shape::{
    FoundShape, NoticeShape, Notices, Octets, OfferShape, PackShape, RecordShape, Records, RegisterShape,
    RegisterWhole,
};
use super::within::{Within, WithinUnit};
use super::{named, unread};
use crate::acting;
use crate::component::export;
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::given;
use crate::look::Look;
use crate::notices;
use crate::papers;
use crate::query::Query;
use crate::reading;
use crate::records::evidence;
use crate::registers;
use axum::extract::Path;
use axum::http::StatusCode;
use casework::EntryNumber;
use desk::About;
use model::{RecordId, Told};
use regulation::{Register, RegisterId};
use std::sync::Arc;
use utoipa::IntoParams;

/// Records found at once by a search.
const FOUND: u32 = 100;
/// What a page holds where nothing is said.
const SIZE: usize = 50;

/// The regulation in force.
#[utoipa::path(get, path = "/api/v1/pack", tag = "registers",
    responses((status = 200, body = PackShape)))]
pub(super) async fn pack(cx: Cx) -> PageResult {
    let pack = cx.pack()?;
    let shape = PackShape { id: pack.id.to_string(), version: pack.version, name: (&pack.title).into() };
    given::json(StatusCode::OK, &shape)
}

/// The registers, with how many records of each may be read.
#[utoipa::path(get, path = "/api/v1/registers", tag = "registers",
    params(WithinUnit), responses((status = 200, body = [RegisterShape])))]
pub(super) async fn registers(Within(cx): Within) -> PageResult {
    cx.run(|cx| {
        let counts = registers::counts(cx)?;
        let scope = cx.scope()?;
        let shape = |register: &Register| {
            let (records, running) = counts.get(&register.id).copied().unwrap_or_default();
            RegisterShape {
                id: register.id.to_string(),
                label: (&register.label).into(),
                clauses: register.clauses.iter().map(ToString::to_string).collect(),
                records,
                running,
            }
        };
        let registers = cx.pack()?.registers.values().filter(|register| scope.reads(&register.id));
        given::json(StatusCode::OK, &registers.map(shape).collect::<Vec<_>>())
    })
    .await
}

/// A register with its form and its way.
#[utoipa::path(get, path = "/api/v1/registers/{register}", tag = "registers",
    params(("register" = String, Path, description = "its id")),
    responses((status = 200, body = RegisterWhole)))]
pub(super) async fn register(cx: Cx, Path(register): Path<String>) -> PageResult {
    given::json(StatusCode::OK, &RegisterWhole::of(known(&cx, &register)?))
}

/// What a list of records is narrowed by and sorted by, as the description has it; `crate::registers` reads it.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is there to be described")]
struct Sought {
    /// Words.
    q: Option<String>,
    /// States, any of them.
    state: Option<Vec<String>>,
    /// Only those that run.
    running: Option<String>,
    /// Who opened them: a part of a name, or the beginning of an account.
    by: Option<String>,
    /// Opened on this day or later.
    #[param(rename = "opened.min")]
    opened_min: Option<String>,
    /// Opened on this day or earlier.
    #[param(rename = "opened.max")]
    opened_max: Option<String>,
    /// Ended on this day or later.
    #[param(rename = "closed.min")]
    closed_min: Option<String>,
    /// Ended on this day or earlier.
    #[param(rename = "closed.max")]
    closed_max: Option<String>,
    /// A field; `-` before it: downwards.
    sort: Option<String>,
}

/// Records of a register, filtered and sorted as its page is.
///
/// Sealed fields are left out; of graded records it is recorded that they were read.
#[utoipa::path(get, path = "/api/v1/registers/{register}/records", tag = "records",
    params(WithinUnit, ("register" = String, Path, description = "its id"),
        Sought,
        ("page" = Option<String>, Query, description = "from 1"),
        ("size" = Option<String>, Query, description = "25, 50, 100 or 200")),
    responses((status = 200, body = Records)))]
pub(super) async fn records(Within(cx): Within, Path(register): Path<String>, query: Query) -> PageResult {
    cx.run(move |cx| {
        let register = known(cx, &register)?;
        let (records, graded) = cx.look(|look| {
            let found = registers::found(look, register, &query)?;
            let record = |case: &Arc<casework::Case>| -> Result<RecordShape, PageError> {
                Ok(shape(look, case)?.in_list(look.register(case)))
            };
            let graded = found.cases.iter().filter(|case| reading::graded(look, case));
            let graded = graded.map(|case| case.record).collect();
            let records = Records {
                total: found.total,
                page: found.page,
                size: found.size,
                problems: found.problems,
                records: found.cases.iter().map(record).collect::<Result<_, _>>()?,
            };
            Ok((records, graded))
        })?;
        reading::enter(cx, graded)?;
        given::json(StatusCode::OK, &records)
    })
    .await
}

/// A record.
#[utoipa::path(get, path = "/api/v1/records/{record}", tag = "records",
    params(("record" = String, Path, description = "its id")),
    responses((status = 200, body = RecordShape)))]
pub(super) async fn record(cx: Cx, Path(record): Path<String>) -> PageResult {
    let record = named(&record)?;
    cx.run(move |cx| {
        let record = cx.look(|look| {
            let case = cx.readable(look, record)?;
            shape(look, &case)
        })?;
        given::json(StatusCode::OK, &record)
    })
    .await
}

/// The steps that may be taken on a record now.
#[utoipa::path(get, path = "/api/v1/records/{record}/offers", tag = "records",
    params(("record" = String, Path, description = "its id")),
    responses((status = 200, body = [OfferShape])))]
pub(super) async fn offers(cx: Cx, Path(record): Path<String>) -> PageResult {
    let record = named(&record)?;
    cx.run(move |cx| {
        let offers = cx.look(|look| {
            let case = cx.readable(look, record)?;
            Ok(acting::offers(look, &case).iter().map(OfferShape::of).collect::<Vec<_>>())
        })?;
        given::json(StatusCode::OK, &offers)
    })
    .await
}

/// A file that a record holds or held.
#[utoipa::path(get, path = "/api/v1/records/{record}/files/{digest}", tag = "records",
    params(("record" = String, Path, description = "its id"),
        ("digest" = String, Path, description = "digest of the stored bytes, `sha256:` and hexadecimal")),
    responses((status = 200, body = Octets, content_type = "application/octet-stream")))]
pub(super) async fn file(cx: Cx, Path((record, digest)): Path<(String, String)>) -> PageResult {
    let record = named(&record)?;
    cx.run(move |cx| {
        let held = cx.look(|look| evidence::one(look, record, &digest))?;
        held.out(cx, "application/octet-stream")
    })
    .await
}

/// A record as an official form: PDF/A, the same bytes while nothing changes.
#[utoipa::path(get, path = "/api/v1/records/{record}/paper", tag = "records",
    params(("record" = String, Path, description = "its id")),
    responses((status = 200, body = Octets, content_type = "application/pdf")))]
pub(super) async fn paper(cx: Cx, Path(record): Path<String>) -> PageResult {
    papers::of_one(&cx, named(&record)?).await
}

/// Records of all registers with these words, or this number; the newest first, 100 at most.
#[utoipa::path(get, path = "/api/v1/search", tag = "records",
    params(("q" = String, Query, description = "words")),
    responses((status = 200, body = [FoundShape])))]
pub(super) async fn search(cx: Cx, query: Query) -> PageResult {
    cx.run(move |cx| {
        let text = words(&query)?;
        let found = cx.look(|look| {
            let (seen, scope) = (cx.seen(), cx.scope()?);
            let (packs, layout) = (&seen.packs, &seen.layout);
            let found =
                look.sql(|sql| store::search_everywhere(sql, packs, layout, &look.reader, &text, FOUND))?;
            look.listed(found.iter().map(|one| one.row.record));
            let within = found.iter().filter(|one| scope.reads(&one.register));
            let within: Vec<RecordId> = within.map(|one| one.row.record).collect();
            let shape = |case: Arc<casework::Case>| -> Result<FoundShape, PageError> {
                Ok(FoundShape {
                    id: case.record.to_string(),
                    register: case.register.to_string(),
                    number: case.number.clone(),
                    title: title(look, &case)?.into(),
                })
            };
            look.open_cases(&within)?.into_iter().map(shape).collect::<Result<Vec<_>, _>>()
        })?;
        given::json(StatusCode::OK, &found)
    })
    .await
}

/// Notices to the token's owner, the newest first, 100 at a time; of records beyond the scope there are none.
#[utoipa::path(get, path = "/api/v1/notices", tag = "notices",
    params(("before" = Option<String>, Query, description = "only those told before this entry")),
    responses((status = 200, body = Notices)))]
pub(super) async fn notices(cx: Cx, query: Query) -> PageResult {
    cx.run(move |cx| {
        let before = query.one("before").map(str::parse).transpose();
        let before = before.map_err(|_| unread("before", "格式不符", "not spelled as described"))?;
        let notices = cx.look(|look| {
            let (notices, next) = notices::before(look, before.map(EntryNumber))?;
            let shape = |notice: store::Notice| NoticeShape {
                entry: notice.entry.0.to_string(),
                record: notice.record.to_string(),
                at: notice.at.to_string(),
                text: look.said_told(&notice.zh, &notice.en).into(),
                read: notice.read,
            };
            let notices = notices.into_iter().map(shape).collect();
            Ok(Notices { notices, next: next.map(|entry| entry.0.to_string()) })
        })?;
        given::json(StatusCode::OK, &notices)
    })
    .await
}

/// A register's list as a file: exactly what is filtered, all pages of it. Graded records in it count as read.
#[utoipa::path(get, path = "/api/v1/registers/{register}/export", tag = "records",
    params(WithinUnit, ("register" = String, Path, description = "its id"),
        ("format" = String, Query, description = "`csv`, `ods` or `xlsx`"),
        ("columns" = Option<Vec<String>>, Query, description = "columns, in order; the usual ones where none is said"),
        Sought),
    responses((status = 200, content((Octets = "text/csv"), (Octets = "application/vnd.oasis.opendocument.spreadsheet"),
        (Octets = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")))))]
pub(super) async fn export(Within(cx): Within, Path(register): Path<String>, query: Query) -> PageResult {
    export::give(&cx, move |cx| registers::file(cx, known(cx, &register)?, &query)).await
}

/// The page that is asked for: how many there are in all, its number, how many a page holds, and what is on it.
pub(super) fn paged<'a, T>(query: &Query, all: &'a [T]) -> (u64, u64, u64, &'a [T]) {
    let number = |name: &str| query.one(name).and_then(|text| text.parse::<usize>().ok());
    let (page, size) = (number("page").unwrap_or(1).max(1), number("size").unwrap_or(SIZE));
    let some = all.chunks(size).nth(page - 1).unwrap_or_default();
    (all.len() as u64, page as u64, size as u64, some)
}

/// The words of a question that is nothing without them.
fn words(query: &Query) -> Result<String, PageError> {
    query.one("q").map(ToOwned::to_owned).ok_or_else(|| {
        PageError::Unread(Told::new("請以參數 q 提供搜尋文字", "Say what is looked for in the parameter `q`"))
    })
}

/// A register within the scope.
pub(super) fn known<'a>(cx: &'a Cx, id: &str) -> Result<&'a Register, PageError> {
    let id: RegisterId = named(id)?;
    let register = cx.pack()?.registers.get(&id).ok_or(PageError::NotFound)?;
    if cx.scope()?.reads(&id) {
        Ok(register)
    } else {
        Err(PageError::hidden(format!("{id}.read"), About::Oneself))
    }
}

fn shape(look: &Look<'_>, case: &casework::Case) -> Result<RecordShape, PageError> {
    Ok(RecordShape::of(case, title(look, case)?))
}

fn title(look: &Look<'_>, case: &casework::Case) -> Result<Told, PageError> {
    Ok(casework::title(look.around(), case, look)?)
}
