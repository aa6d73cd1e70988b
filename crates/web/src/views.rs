//! Saved views: lists that somebody comes back to, by names of their own. They hold an address, not what is found there.
//!
//! Invariant: a view leads to a list of this site that whoever saved it may open now; what it finds is asked anew.

use crate::component::{Empty, Notice, Tone, Views};
use crate::cx::Cx;
use crate::enter::Sent;
use crate::error::{PageError, PageResult};
use crate::look::Look;
use crate::names::{Named, register_path};
use crate::query::Query;
use crate::route::{Access, Audit, Route};
use crate::shell::{Area, Shell};
use askama::Template;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};
use model::Told;
use store::SavedView;

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/views", Access::Person, Audit::None, || get(page)),
    Route::post("/views", Access::Person, Audit::None, || post(keep)),
    Route::post("/views/forget", Access::Person, Audit::None, || post(forget)),
];

/// Characters of a name, and bytes of an address, at most.
const NAME: usize = 40;
const ADDRESS: usize = 4_096;
/// What an address says of a moment, not of a view.
const PASSING: [&str; 4] = ["page", "before", "number", "format"];

/// A view in the list.
struct Row {
    path: String,
    view: Named,
    place: String,
    name: String,
}

#[derive(Template)]
#[template(path = "views.html")]
struct ViewsPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    notice: Option<Notice<'a>>,
    rows: Vec<Row>,
    empty: Empty<'a>,
}

/// The views of a list, with the way to save what is looked at.
///
/// # Errors
/// What the store fails with.
pub(crate) fn of_list<'a>(
    cx: &'a Cx,
    look: &Look<'_>,
    path: &str,
    query: &Query,
) -> Result<Views<'a>, PageError> {
    let query = lasting(query).behind("");
    let query = query.trim_start_matches('?').to_owned();
    let saved = look.sql(|sql| sql.views(cx.person()))?;
    let saved = saved.into_iter().filter(|view| view.path == path);
    let saved = saved.map(|view| (address(&view), view.query == query, view.name)).collect();
    Ok(Views { cx, path: path.to_owned(), query, saved, most: NAME })
}

/// Views whose name or list holds a text, as links; for the search.
///
/// # Errors
/// What the store fails with.
pub(crate) fn found(look: &Look<'_>, text: &str) -> Result<Vec<(Named, String)>, PageError> {
    let rows = rows(look)?.into_iter();
    let holds = |one: &str| one.to_lowercase().contains(&text.to_lowercase());
    let rows = rows.filter(|row| row.view.href.is_some() && (holds(&row.name) || holds(&row.place)));
    Ok(rows.map(|row| (row.view, row.place)).collect())
}

fn lasting(query: &Query) -> Query {
    PASSING.into_iter().fold(query.clone(), |query, name| query.without(name))
}

fn address(view: &SavedView) -> String {
    if view.query.is_empty() { view.path.clone() } else { format!("{}?{}", view.path, view.query) }
}

/// What the list at a path is called; none where no list is there for them.
fn place(cx: &Cx, path: &str) -> Option<String> {
    match path {
        "/clauses" => Some(Area::Clauses.name(cx.language).to_owned()),
        "/audit/entries" => cx.may_audit().then(|| cx.t("帳本紀錄", "Entries").to_owned()),
        _ => {
            let mut registers = cx.pack().ok()?.registers.values();
            let register = registers.find(|one| register_path(&one.id) == path)?;
            Some(cx.label(&register.label).to_owned())
        }
    }
}

fn rows(look: &Look<'_>) -> Result<Vec<Row>, PageError> {
    let views = look.sql(|sql| sql.views(look.cx.person()))?;
    let row = |view: SavedView| {
        // A register of a version that is in force no more, an area that is theirs no more.
        let place = place(look.cx, &view.path);
        let href = place.is_some().then(|| address(&view));
        let place = place.unwrap_or_else(|| look.cx.t("已無此清單", "this list is gone").to_owned());
        Row { view: Named { text: view.name.clone(), href }, path: view.path, place, name: view.name }
    };
    Ok(views.into_iter().map(row).collect())
}

async fn page(cx: Cx) -> PageResult {
    cx.run(|cx| show(cx, StatusCode::OK, None)).await
}

fn show(cx: &Cx, status: StatusCode, notice: Option<Notice<'_>>) -> PageResult {
    let rows = cx.look(rows)?;
    let title = cx.t("已存檢視", "Saved views");
    let shell = Shell::new(cx, None, title).by(cx.t("帳號設定", "Settings"), "/settings");
    let text = cx.t(
        "尚無已存檢視。請於清單設定條件後，由「檢視」儲存。",
        "There are none. Narrow a list, then save it under “Views”.",
    );
    let action = Some((Area::Registers.name(cx.language).to_owned(), Area::Registers.path().to_owned()));
    let empty = Empty { cx, icon: "bookmark", text: text.to_owned(), action };
    cx.render_as(status, &ViewsPage { cx, shell, notice, rows, empty })
}

async fn keep(cx: Cx, body: Bytes) -> PageResult {
    let sent = Sent::read(&body);
    cx.run(move |cx| {
        let view = match read(cx, &sent) {
            Ok(view) => view,
            Err(told) => return refuse(cx, &told),
        };
        let back = address(&view);
        if cx.site.desk().keep_view(cx.person(), view)? {
            return Ok(Redirect::to(&back).into_response());
        }
        refuse(
            cx,
            &Told::new("已存檢視已達上限，請先刪除不用者", "There is room for no more; remove some first"),
        )
    })
    .await
}

fn refuse(cx: &Cx, told: &Told) -> PageResult {
    let notice = Notice::new(cx, Tone::Bad, cx.language.told(told).to_owned());
    show(cx, StatusCode::UNPROCESSABLE_ENTITY, Some(notice))
}

fn read(cx: &Cx, sent: &Sent) -> Result<SavedView, Told> {
    let (path, name) = (sent.text("path"), sent.typed("name"));
    let query = lasting(&Query::parse(sent.text("query").as_bytes())).behind("");
    let query = query.trim_start_matches('?').to_owned();
    if place(cx, path).is_none() {
        return Err(Told::new("無此清單可供儲存檢視", "There is no such list to save a view of"));
    }
    if name.is_empty() || name.chars().count() > NAME || name.chars().any(char::is_control) {
        return Err(Told::new(
            format!("檢視名稱須為 1 至 {NAME} 個字"),
            format!("The name of a view has 1 to {NAME} characters"),
        ));
    }
    if query.len() > ADDRESS {
        return Err(Told::new("條件過長，無法儲存為檢視", "That is too much to be saved as a view"));
    }
    Ok(SavedView { path: path.to_owned(), name: name.to_owned(), query })
}

async fn forget(cx: Cx, body: Bytes) -> PageResult {
    let sent = Sent::read(&body);
    cx.run(move |cx| {
        cx.site.desk().forget_view(cx.person(), sent.text("path"), sent.text("name"))?;
        Ok(Redirect::to("/views").into_response())
    })
    .await
}
