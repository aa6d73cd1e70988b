//! A line that has gone by an approved case: that it was there, which case approved that it goes, and what still proves
//! both.

use super::{entered, neighbours, second};
use crate::component::{Notice, Tone};
use crate::cx::Cx;
use crate::error::PageError;
use crate::look::Look;
use crate::names::{Named, entry_path};
use crate::shell::{Area, Shell};
use askama::Template;
use model::Told;
use store::{LineGone, LineWent, StoreError};

#[derive(Template)]
#[template(path = "trace/gone.html")]
struct GonePage<'a> {
    cx: &'a Cx,
    shell: Shell,
    said: Notice<'a>,
    /// The case, with the way to it for whoever may see it.
    case: Named,
    around: Vec<(Option<String>, String, String)>,
    /// What else there is: text and where.
    more: Vec<(String, String)>,
}

/// What has become of a line; none where it is there, or never was.
pub(super) fn of(look: &Look<'_>, receiver: &str, number: u64) -> Result<Option<LineGone>, PageError> {
    Ok(look.sql::<_, StoreError>(|sql| sql.line_gone(receiver, number))?)
}

/// What has become of a line, for people and programs.
#[must_use]
pub fn told_of_gone(receiver: &str, number: u64, gone: &LineGone) -> Told {
    let LineGone { how, case, entry } = gone;
    let (zh, en) = match how {
        LineWent::Retired => ("已屆期銷毀", "has gone with its file"),
        LineWent::Erased => ("已塗銷", "was erased"),
    };
    Told::new(
        format!("接收器「{receiver}」第 {number} 筆紀錄{zh}，依核准案件 {case}，登載於帳本第 {entry} 筆"),
        format!("Line {number} of {receiver} {en} by the approved case {case}, entry {entry} of the ledger"),
    )
}

/// In a word, for lists.
pub(super) fn word(cx: &Cx, gone: &LineGone) -> &'static str {
    match gone.how {
        LineWent::Retired => cx.t("（已屆期銷毀）", "(gone with its file)"),
        LineWent::Erased => cx.t("（已塗銷）", "(erased)"),
    }
}

/// Its page.
pub(super) fn page<'a>(
    look: &Look<'a>,
    title: &str,
    (receiver, number): (&str, u64),
    gone: &LineGone,
) -> Result<impl Template + use<'a>, PageError> {
    let cx = look.cx;
    let text = match gone.how {
        LineWent::Retired => cx.t(
            "本筆已逾保存期間，依核准案件連同所屬檔案銷毀；其雜湊樹之根仍在帳本。",
            "It was past the time that lines are kept and has gone with its file, by an approved case; the root it was under is still in the ledger.",
        ),
        LineWent::Erased => cx.t(
            "本筆依核准案件塗銷；僅存其雜湊值，前後各筆仍可證明。",
            "It was erased by an approved case; its hash alone is left, so that its neighbours can still be proven.",
        ),
    };
    let root = entered(look, receiver, number)?.and_then(entry_path);
    let words = |zh, en| cx.t(zh, en).to_owned();
    let more = [
        (words("登載其銷毀之帳本紀錄", "The entry that says it goes"), entry_path(gone.entry)),
        (words("登載雜湊樹之帳本紀錄", "The entry with its root"), root),
    ];
    Ok(GonePage {
        cx,
        shell: Shell::new(cx, Some(Area::Trace), title).with_second(second(cx, "")),
        said: Notice::new(cx, Tone::Warning, text),
        case: look.record(gone.case),
        around: neighbours(look, receiver, number)?,
        more: more.into_iter().filter_map(|(text, path)| Some((text, path?))).collect(),
    })
}
