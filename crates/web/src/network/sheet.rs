//! The drawing as a sheet in PDF, given out or put into the register of drawings.

use super::{Asked, Known, drawn, file_name, keeping};
use crate::component::TableView;
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::form::Posted;
use crate::given;
use crate::names::register_path;
use crate::papers;
use crate::query::Query;
use axum::response::{IntoResponse as _, Redirect};
use desk::Keeping;
use model::Told;
use paper::{Drawing, Listing, Press};
use serde_json::json;

/// The drawing in PDF. It blocks.
///
/// # Errors
/// What cannot be printed.
fn made(cx: &Cx, press: &Press, known: &Known, asked: &Asked) -> Result<Vec<u8>, PageError> {
    let picture = drawn::picture(cx, known, asked)?;
    let mut tables = vec![drawn::things(cx, known), drawn::links(cx, &known.facts)];
    tables.extend(drawn::flows(cx, known));
    let colon = cx.t("：", ": ");
    let (position, versions) = drawn::versions(cx, known, asked)?;
    let versions = versions.into_iter().chain([position]);
    let unit = match cx.focus() {
        Some(unit) => cx.unit_name(unit),
        None => cx.t("全部單位", "all units").to_owned(),
    };
    let scope = format!("{}{unit}", cx.t("範圍：", "Scope: "));
    let flows = known.flows.unknown().map(|told| cx.language.told(told).to_owned());
    let title = cx.t("網路系統圖", "Drawing of the network").to_owned();
    let grades = known.facts.grades(cx.language);
    let drawing = Drawing {
        head: papers::head(cx, title, "network".to_owned(), grades, papers::by_whom(cx)),
        intro: versions
            .map(|(name, value)| format!("{name}{colon}{value}"))
            .chain([scope])
            .chain(flows)
            .collect(),
        drawn: (!picture.is_empty()).then(|| picture.on_paper()),
        tables: tables.into_iter().map(|table| listing(cx, table)).collect(),
        ledger: papers::ledger_head(cx)?,
    };
    Ok(press.drawing(&drawing, cx.now()).map_err(papers::refused)?.pdf)
}

fn listing(cx: &Cx, table: TableView<'_>) -> Listing {
    let row = |row: &Vec<crate::names::Shown>| row.iter().map(|cell| cell.line(cx.language)).collect();
    Listing {
        label: table.caption,
        heads: table.heads.into_iter().map(|(text, _)| text).collect(),
        rows: table.rows.iter().map(row).collect(),
    }
}

pub(super) async fn give(cx: Cx, query: Query) -> PageResult {
    let (name, pdf) = papers::printed(&cx, move |cx, press| {
        let asked = Asked::read(cx, query)?;
        Ok((file_name(cx, &asked)?, made(cx, press, &Known::of(cx, &asked)?, &asked)?))
    })
    .await?;
    Ok(given::file(&format!("{name}.pdf"), "network.pdf", papers::PDF, pdf))
}

/// Hands the drawing in as somebody's file, and leads on to the form in which it is recorded.
pub(super) async fn keep(cx: Cx, posted: Posted) -> PageResult {
    let to = papers::printed(&cx, move |cx, press| {
        let asked = Asked::read(cx, posted.query)?;
        let diagram = cx.look(|look| Ok(keeping(look).cloned()))?.ok_or(PageError::NotFound)?;
        let known = Known::of(cx, &asked)?;
        if !known.facts.graded.is_empty() {
            return Err(PageError::Refused(graded()));
        }
        let pdf = made(cx, press, &known, &asked)?;
        let name = format!("{}.pdf", file_name(cx, &asked)?);
        let stored = cx.hand_in(&name, &pdf, Keeping::Clear).map_err(PageError::Refused)?;
        let file = json!({
            "digest": stored.digest,
            "kind": stored.kind,
            "name": name,
            "size": stored.size.to_string(),
        });
        let mut query = Query::default().with(&format!("f.{}", diagram.drawing), file.to_string());
        if let Some(field) = &diagram.covers {
            let unit = match cx.focus() {
                Some(unit) => cx.unit_name(unit),
                None => cx.t("全部單位", "all units").to_owned(),
            };
            let told = match cx.chinese() {
                true => format!("{unit}；登記內容截至 {}", asked.told(cx)),
                false => format!("{unit}; registers as of {}", asked.told(cx)),
            };
            query = query.with(&format!("f.{field}"), told);
        }
        Ok(query.behind(&format!("{}/new/{}", register_path(&diagram.register), diagram.step)))
    })
    .await?;
    Ok(Redirect::to(&to).into_response())
}

/// Files of a drawing lie in clear, and what is graded must not.
fn graded() -> Told {
    Told::new(
        "圖中有機密等級之紀錄，圖檔未加密存放，不得附入。請選擇單位縮小範圍後再附入，或由無該等級權限之人員繪製。",
        "Graded records stand in the drawing, and its file would lie in clear. Choose a unit without them, or have it drawn by somebody who does not see them.",
    )
}
