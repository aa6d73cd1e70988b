//! A form that was filled in while the record went on: what happened meanwhile, and both what is there now and what was
//! filled in here.
//!
//! A record's revision counts its events, so that what came after the one a form was made on is what came after as many.

use super::form::{self, Above, Moved};
use super::sheet::{FormAsked, Sheet};
use crate::component::{Change, Markup, Notice, Timeline, Tone};
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::form::Posted;
use crate::look::Look;
use crate::names::{Named, Shown, record_path};
use crate::records::{self, Happened, Opened};
use crate::shell::Shell;
use askama::Template;
use axum::http::StatusCode;
use casework::Fill;
use model::Told;
use regulation::FieldId;
use std::collections::BTreeSet;

#[derive(Template)]
#[template(path = "filing/gone.html")]
struct GonePage<'a> {
    cx: &'a Cx,
    shell: Shell,
    problem: Notice<'a>,
    moved: Markup,
    /// What was filled in here.
    typed: Vec<(String, String)>,
    record: Named,
}

/// Has the record gone on since the form was made?
pub(super) fn has_moved(look: &Look<'_>, asked: &FormAsked, posted: &Posted) -> bool {
    let case = asked.record().filter(|record| look.sees(*record)).and_then(|record| look.case(record));
    case.zip(seen(posted)).is_some_and(|(case, seen)| seen < case.revision)
}

fn seen(posted: &Posted) -> Option<u32> {
    posted.query.one("seen")?.parse().ok()
}

/// The form again: what happened, both values, everything filled in. Sent once more it counts.
pub(super) fn page(sheet: &Sheet<'_, '_>, asked: &FormAsked, posted: &Posted) -> PageResult {
    let cx = sheet.look.cx;
    let told = Told::new(
        "您填寫期間，本紀錄已有異動。請檢視下列異動及您填寫之內容，確認後再送出；您填寫之內容均已保留。",
        "The record has changed while you were filling this in. See below what happened and what you had written, and send it again; nothing you wrote is lost.",
    );
    let fill = sheet.fill(posted);
    let above = Above {
        problems: vec![Notice {
            cx,
            tone: Tone::Warning,
            title: Some(cx.t("資料已有異動", "It has changed meanwhile").to_owned()),
            text: cx.language.told(&told).to_owned(),
        }],
        notes: vec![moved(sheet.look, asked, posted, Some((&fill, sheet)))?],
        status: Some(StatusCode::CONFLICT),
        ..Above::default()
    };
    form::again(sheet, asked, posted, above)
}

/// The step is no longer to be taken: what happened, and what had been filled in.
pub(super) fn gone(look: &Look<'_>, asked: &FormAsked, posted: &Posted) -> PageResult {
    let cx = look.cx;
    let record = asked.record().ok_or(PageError::NotFound)?;
    let Opened { case, register } = Opened::of(look, record)?;
    let told = Told::new(
        "您填寫期間，本紀錄已有異動，本步驟不需再由您辦理。您填寫之內容列於下方，未登載於紀錄。",
        "The record has changed while you were filling this in, and this step is no longer yours to take. What you wrote stands below; it is not recorded.",
    );
    let problem = Notice {
        cx,
        tone: Tone::Warning,
        title: Some(cx.t("資料已有異動", "It has changed meanwhile").to_owned()),
        text: cx.language.told(&told).to_owned(),
    };
    let typed = posted.query.pairs().filter_map(|(name, value)| {
        let id = name.strip_prefix("f.")?;
        let field = register.field(id.split('.').next()?)?;
        let shown = !value.trim().is_empty() && !field.sealed && !value.starts_with('{');
        shown.then(|| (cx.label(&field.label).to_owned(), value.to_owned()))
    });
    let reason = posted.query.one("reason");
    let reason = reason.map(|reason| (cx.t("理由或意見", "Reason").to_owned(), reason.to_owned()));
    let named = look.record(record);
    let page = GonePage {
        cx,
        shell: records::shell(look, &case, cx.t("資料已有異動", "It has changed meanwhile"))?
            .by(named.text.clone(), record_path(record)),
        problem,
        moved: moved(look, asked, posted, None)?,
        typed: typed.chain(reason).collect(),
        record: named,
    };
    cx.render_as(StatusCode::CONFLICT, &page)
}

/// What happened since, and both values of what changed.
fn moved(
    look: &Look<'_>,
    asked: &FormAsked,
    posted: &Posted,
    filled: Option<(&Fill, &Sheet<'_, '_>)>,
) -> Result<Markup, PageError> {
    let record = asked.record().ok_or(PageError::NotFound)?;
    let Opened { case, .. } = Opened::of(look, record)?;
    let story = records::story(look, record)?;
    let after = usize::try_from(seen(posted).unwrap_or(case.revision)).unwrap_or(usize::MAX);
    let since: &[Happened] = story.get(after.min(story.len())..).unwrap_or_default();
    let moments = records::moments(look, &case, since);
    let changed: BTreeSet<&FieldId> =
        since.iter().flat_map(|happened| &happened.changes).map(|change| &change.field).collect();
    let both = filled.map(|(fill, sheet)| {
        let asked = changed.iter().filter(|field| sheet.step.fields.contains(**field));
        let one = |field: &&FieldId| {
            let known = sheet.register.field(field.as_str())?;
            let mine = fill.get(*field).filter(|json| !json.is_null());
            Some(Change {
                name: records::label(look, Some(sheet.register), field),
                old: look.field(&case, known),
                new: mine.map_or(Shown::Nothing, |json| look.value(known, json)),
            })
        };
        asked.filter_map(one).collect::<Vec<_>>()
    });
    let view =
        Moved { cx: look.cx, timeline: Timeline { cx: look.cx, moments }, both: both.unwrap_or_default() };
    Ok(Markup::of(&view)?)
}
