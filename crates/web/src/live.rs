//! What happens meanwhile: notices to whoever looks, as they come, how many are unread, that other work waits for them,
//! that what their page shows has changed. Server-sent events.
//!
//! One thread of the site waits for commits; each connection then asks for its own reader's notices and turns, by the
//! same questions the pages ask. Nothing is pushed that a page would not show, and nothing that has not changed.
//! Invariants: a session that ends ends its streams, at the latest when they say next that they are alive; a stream ends
//! after [`LONGEST`], whatever happens meanwhile, and browsers come back; a session has [`MOST`] at most, of which the
//! oldest makes room. A stream is no use of a session.
//! Source: HTML Living Standard, "Server-sent events".

use crate::alarms;
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::look::Look;
use crate::names::record_path;
use crate::notices;
use crate::pace::Pieces;
use crate::query::Query;
use crate::route::{Access, Audit, Route};
use crate::site::Site;
use crate::visit::Visit;
use crate::work;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use casework::Case;
use model::{Instant, RecordId, SessionId};
use regulation::RegisterId;
use serde_json::json;
use std::collections::{HashMap, VecDeque};
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use store::{Ask, Column, Notice};
use tokio::sync::mpsc::channel;
use tokio::sync::oneshot;

pub(crate) const ROUTES: &[Route] = &[Route::get("/events", Access::Person, Audit::None, || get(events))];

/// So often a stream says that it is alive, so that what lies between does not close it.
const ALIVE: Duration = Duration::from_secs(25);
/// So often at most it asks for notices.
const APART: Duration = Duration::from_secs(1);
/// A stream ends after so long.
const LONGEST: Duration = Duration::from_secs(3_600);
/// Streams of a session at a time.
const MOST: usize = 6;

/// The streams of each session, the oldest first. One whose sender is dropped ends.
#[derive(Default)]
pub(crate) struct Streams(Mutex<HashMap<SessionId, VecDeque<oneshot::Sender<()>>>>);

impl Streams {
    /// One more of a session's; it ends when what is given says so.
    fn open(&self, session: SessionId) -> oneshot::Receiver<()> {
        let (keep, ended) = oneshot::channel();
        let mut streams = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        streams.retain(|_, open| {
            open.retain(|stream| !stream.is_closed());
            !open.is_empty()
        });
        let theirs = streams.entry(session).or_default();
        theirs.push_back(keep);
        if theirs.len() > MOST {
            theirs.pop_front();
        }
        ended
    }
}

/// What a page shows, of whose change it is told while it is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Watched {
    what: What,
    /// What differs once it has changed for whoever looks.
    mark: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    /// A record.
    Record(RecordId),
    /// The list of a register.
    Register(RegisterId),
    /// Alarms.
    Alarms,
}

impl Watched {
    /// A record as a page shows it.
    pub(crate) fn record(case: &Case) -> Self {
        Self { what: What::Record(case.record), mark: u64::from(case.revision) }
    }

    /// The list of a register as it is.
    ///
    /// # Errors
    /// `NotFound`: there is no such register. The tables failed.
    pub(crate) fn register(look: &Look<'_>, register: &RegisterId) -> Result<Self, PageError> {
        let what = What::Register(register.clone());
        Ok(Self { mark: what.mark(look)?, what })
    }

    /// Alarms as they stand.
    ///
    /// # Errors
    /// The tables failed.
    pub(crate) fn alarms(look: &Look<'_>) -> Result<Self, PageError> {
        Ok(Self { mark: What::Alarms.mark(look)?, what: What::Alarms })
    }

    /// As a page asks; what names nothing is not watched.
    fn read(query: &Query) -> Option<Self> {
        let of = |name: &str| query.one(name);
        let record = || of("record")?.parse().ok().map(What::Record);
        let register = || of("register")?.parse().ok().map(What::Register);
        let alarms = || query.has("alarms", "all").then_some(What::Alarms);
        let what = record().or_else(register).or_else(alarms)?;
        Some(Self { what, mark: of("mark")?.parse().ok()? })
    }

    /// Where a page listens that shows it so.
    pub(crate) fn events(&self) -> String {
        let (name, id) = match &self.what {
            What::Record(record) => ("record", record.to_string()),
            What::Register(register) => ("register", register.to_string()),
            What::Alarms => ("alarms", "all".to_owned()),
        };
        Query::default().with(name, id).with("mark", self.mark.to_string()).behind("/events")
    }
}

impl What {
    /// Of alarms the place of the last change of those they see. Of a record its revision, which it has for nobody who may not read it; of a list a hash of how many records they see
    /// of each state.
    fn mark(&self, look: &Look<'_>) -> Result<u64, PageError> {
        match self {
            Self::Record(record) => {
                let theirs = if look.sees(*record) { look.open_cases(&[*record])? } else { Vec::new() };
                Ok(theirs.first().map_or(u64::MAX, |case| u64::from(case.revision)))
            }
            Self::Register(register) => {
                let (seen, reader) = (look.cx.seen(), look.cx.reader()?);
                let ask = Ask {
                    register: register.clone(),
                    text: None,
                    filters: Vec::new(),
                    sort: None,
                    skip: 0,
                    most: 0,
                };
                let counts =
                    look.sql(|sql| ask.counts(sql, &seen.packs, &seen.layout, &reader, &Column::State))?;
                Ok(hash(&counts))
            }
            Self::Alarms if look.cx.may_see_alarms() => {
                let of = alarms::seen_of(look)?;
                Ok(look.sql(|sql| sql.alarms_last(of))?.0)
            }
            Self::Alarms => Ok(u64::MAX),
        }
    }
}

async fn events(State(site): State<Site>, cx: Cx, query: Query) -> PageResult {
    let (put, events) = channel(8);
    let (visit, session): (Visit, SessionId) = ((*cx).clone(), cx.session().id);
    // From before the first look, so that nothing is missed between.
    let mut moved = site.moved();
    let watched = Watched::read(&query);
    let (mut known, first) = cx.run(move |cx| news(cx, watched, None)).await?;
    let mut replaced = site.streams().open(session);
    tokio::spawn(async move {
        if put.send(first.into()).await.is_err() {
            return;
        }
        let over = visit.began.plus(LONGEST);
        while site.now() < over {
            let committed = tokio::select! {
                _ = &mut replaced => return,
                committed = tokio::time::timeout(ALIVE, moved.changed()) => committed,
            };
            let quiet = match committed {
                Ok(Err(_)) => return,
                Ok(Ok(())) => "",
                Err(_) => "event: alive\ndata: \n\n",
            };
            // Signed out, or something failed: the browser comes back and is told by the page.
            let Ok((now, text)) = later(&site, &visit, known).await else { return };
            known = now;
            let event = quiet.to_owned() + &text;
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
    Ok((headers, Body::from_stream(Pieces(events))).into_response())
}

/// What a stream has told.
#[derive(Clone)]
struct Known {
    /// The newest notice.
    last: Option<u64>,
    unread: usize,
    /// What waits for the reader, as a hash.
    work: u64,
    /// What the page shows, as it was told last.
    watched: Option<Watched>,
}

/// What has come since, to whoever it is, if they are still signed in.
async fn later(site: &Site, visit: &Visit, known: Known) -> Result<(Known, String), PageError> {
    let visit = Visit { began: site.now(), ..visit.clone() };
    let cx = Cx::of(visit)?;
    cx.run(move |cx| match cx.site.sessions().is_open(cx.session(), cx.now()) {
        true => news(cx, known.watched.clone(), Some(known)),
        false => Err(PageError::SignedOut),
    })
    .await
}

/// The count of unread notices at first and where it differs; whether what the page shows has changed; the notices that
/// came since; whether other work waits.
fn news(cx: &Cx, watched: Option<Watched>, known: Option<Known>) -> Result<(Known, String), PageError> {
    cx.look(|look| {
        let notices: Vec<Notice> = notices::theirs(look)?;
        let unread = notices.iter().filter(|notice| !notice.read).count();
        let newest = notices.iter().map(|notice| notice.entry.0).max();
        let last = newest.max(known.as_ref().and_then(|known| known.last));
        let is = |shown: &Watched| -> Result<Watched, PageError> {
            Ok(Watched { mark: shown.what.mark(look)?, what: shown.what.clone() })
        };
        let is: Option<Watched> = watched.as_ref().map(is).transpose()?;
        let moved = is != watched;
        let now = Known { last, unread, work: waits(look)?, watched: is };
        let mut text = String::new();
        if known.as_ref().is_none_or(|known| known.unread != unread) {
            let _ = write!(text, "event: unread\ndata: {unread}\n\n");
        }
        if let Some(watched) = watched.filter(|_| moved) {
            match watched.what {
                // Whoever may not see alarms is told nothing of them.
                What::Alarms if !cx.may_see_alarms() => {}
                What::Alarms => {
                    let of = alarms::seen_of(look)?;
                    let (_, newest) = look.sql(|sql| sql.alarms_last(of))?;
                    let _ = write!(text, "event: alarms\ndata: {newest}\n\n");
                }
                What::Record(_) | What::Register(_) => text.push_str("event: moved\ndata: \n\n"),
            }
        }
        let Some(known) = known else { return Ok((now, text)) };
        if known.work != now.work {
            text.push_str("event: work\ndata: \n\n");
        }
        let fresh = |notice: &&Notice| !notice.read && known.last.is_none_or(|last| notice.entry.0 > last);
        for notice in notices.iter().filter(fresh).take(3) {
            let said = look.said(&notice.zh, &notice.en);
            let data = json!({ "text": said, "href": record_path(notice.record) });
            let _ = write!(text, "id: {}\nevent: notice\ndata: {data}\n\n", notice.entry.0);
        }
        Ok((now, text))
    })
}

/// What waits for whoever looks: a hash of it, which differs where it does.
fn waits(look: &Look<'_>) -> Result<u64, PageError> {
    let reader = look.cx.reader()?;
    let turns = look.sql(|sql| store::turns(sql, &reader, 0, work::MOST))?;
    let one = |turn: &store::Turn| (*turn.row.record.as_bytes(), turn.due.map(Instant::as_micros));
    let calls = work::calls(look)?;
    let call = |alarm: &store::AlarmRow| (alarm.entry, alarm.called.as_ref().map(|call| call.call));
    let calls: Vec<_> = calls.iter().map(call).collect();
    Ok(hash(&(turns.total, turns.rows.iter().map(one).collect::<Vec<_>>(), calls)))
}

fn hash(what: &impl Hash) -> u64 {
    let mut hash = DefaultHasher::new();
    what.hash(&mut hash);
    hash.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_more_streams_than_a_session_may_have_the_oldest_ends() {
        let streams = Streams::default();
        let (ours, others) = (SessionId::from_bytes([1; 16]), SessionId::from_bytes([2; 16]));
        let mut first = streams.open(ours);
        let mut other = streams.open(others);
        let mut later: Vec<_> = (1..MOST).map(|_| streams.open(ours)).collect();
        let open =
            |one: &mut oneshot::Receiver<()>| one.try_recv() == Err(oneshot::error::TryRecvError::Empty);
        assert!(open(&mut first), "there is room for it");
        // One that has ended by itself makes room.
        drop(later.pop());
        let mut one_more = streams.open(ours);
        assert!(open(&mut first));
        let mut too_many = streams.open(ours);
        assert!(!open(&mut first));
        assert!(later.iter_mut().all(open) && open(&mut one_more) && open(&mut too_many));
        assert!(open(&mut other));
    }
}
