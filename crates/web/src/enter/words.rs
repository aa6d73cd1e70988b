//! What people are told of their account before anything else: tries that failed, factors that changed, glass broken.

use super::{Sent, onward};
use crate::cx::Cx;
use crate::error::PageResult;
use crate::shell::Shell;
use askama::Template;
use axum::body::Bytes;
use axum::extract::RawQuery;
use axum::response::{IntoResponse as _, Redirect};

#[derive(Template)]
#[template(path = "enter/words.html")]
struct WordsPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    /// When, what, and whether it asks to be looked into.
    words: Vec<(String, String, bool)>,
    to: String,
}

pub(super) async fn page(cx: Cx, RawQuery(query): RawQuery) -> PageResult {
    let to = onward(Some(Sent::read(query.unwrap_or_default().as_bytes()).text("to")));
    cx.run(move |cx| {
        let words = cx.site.door().words(cx.person())?;
        let told = |(at, word): &(model::Instant, signin::Word)| {
            let told = word.told(|person| cx.person_name(person));
            (cx.moment(*at), cx.language.told(&told).to_owned(), word.alarms())
        };
        let words = words.iter().map(told).collect();
        let shell = Shell::new(cx, None, cx.t("關於您的帳號", "About your account"));
        cx.render(&WordsPage { cx, shell, words, to })
    })
    .await
}

pub(super) async fn read(cx: Cx, body: Bytes) -> PageResult {
    let to = onward(Some(Sent::read(&body).text("to")));
    cx.run(move |cx| {
        cx.site.door().words_read(cx.person(), cx.now())?;
        Ok(Redirect::to(&to).into_response())
    })
    .await
}
