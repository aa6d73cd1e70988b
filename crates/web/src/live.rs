//! What happens meanwhile: notices to whoever looks, as they come, and how many are unread. Server-sent events.
//!
//! One thread of the site waits for commits; each connection then asks for its own reader's notices, by the same
//! question the page of notices asks. Nothing is pushed that a page would not show.
//! Invariants: a session that ends ends its stream with the next event; streams have an end, and browsers come back.
//! Source: HTML Living Standard, "Server-sent events".

use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::names::record_path;
use crate::notices;
use crate::route::{Access, Audit, Route};
use crate::site::Site;
use crate::visit::Visit;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use futures_core::Stream;
use serde_json::json;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use store::Notice;
use tokio::sync::mpsc::{Receiver, channel};

pub(crate) const ROUTES: &[Route] = &[Route::get("/events", Access::Person, Audit::None, || get(events))];

/// So often a stream says that it is alive, so that what lies between does not close it.
const ALIVE: Duration = Duration::from_secs(25);
/// So often at most it asks for notices.
const APART: Duration = Duration::from_secs(1);
/// Signs of life after which a stream ends.
const LONGEST: u32 = 140;

/// Events as they are sent.
struct Events(Receiver<Bytes>);

impl Stream for Events {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(cx).map(|event| event.map(Ok))
    }
}

async fn events(State(site): State<Site>, cx: Cx) -> PageResult {
    let (put, events) = channel(8);
    let visit: Visit = (*cx).clone();
    // From before the first look, so that nothing is missed between.
    let mut moved = site.moved();
    let first = cx.run(|cx| news(cx, None)).await?;
    tokio::spawn(async move {
        let (mut last, mut quiet) = (first.last, 0);
        if put.send(first.text.into()).await.is_err() {
            return;
        }
        while quiet < LONGEST {
            let event = match tokio::time::timeout(ALIVE, moved.changed()).await {
                Ok(Err(_)) => return,
                Err(_) => {
                    quiet += 1;
                    "event: alive\ndata: \n\n".to_owned()
                }
                Ok(Ok(())) => match later(&site, &visit, last).await {
                    Ok(news) => {
                        last = news.last;
                        news.text
                    }
                    // Signed out, or something failed: the browser comes back and is told by the page.
                    Err(_) => return,
                },
            };
            if !event.is_empty() && put.send(event.into()).await.is_err() {
                return;
            }
            // Many commits are told once.
            if tokio::time::timeout(APART, put.closed()).await.is_ok() {
                return;
            }
        }
    });
    let headers =
        [(header::CONTENT_TYPE, "text/event-stream; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, Body::from_stream(Events(events))).into_response())
}

/// What there is to tell.
struct News {
    text: String,
    /// The newest notice.
    last: Option<u64>,
}

/// What has come since `last`, to whoever it is, if they are still signed in.
async fn later(site: &Site, visit: &Visit, last: Option<u64>) -> Result<News, PageError> {
    let visit = Visit { began: site.now(), ..visit.clone() };
    let cx = Cx::of(visit)?;
    cx.run(move |cx| match cx.site.sessions().is_open(cx.session(), cx.now()) {
        true => news(cx, Some(last)),
        false => Err(PageError::SignedOut),
    })
    .await
}

/// The count of unread notices and, after the first time, the notices that came since.
fn news(cx: &Cx, since: Option<Option<u64>>) -> Result<News, PageError> {
    cx.look(|look| {
        let notices: Vec<Notice> = notices::theirs(look)?;
        let unread = notices.iter().filter(|notice| !notice.read).count();
        let mut text = format!("event: unread\ndata: {unread}\n\n");
        let fresh = |notice: &&Notice| {
            !notice.read && since.is_some_and(|last| last.is_none_or(|last| notice.entry.0 > last))
        };
        for notice in notices.iter().filter(fresh).take(3) {
            let said = cx.named(cx.t(&notice.zh, &notice.en));
            let data = json!({ "text": said, "href": record_path(notice.record) });
            let _ = write!(text, "id: {}\nevent: notice\ndata: {data}\n\n", notice.entry.0);
        }
        let newest = notices.iter().map(|notice| notice.entry.0).max();
        Ok(News { text, last: newest.max(since.flatten()) })
    })
}
