//! The context of a page: a visit by somebody who is signed in, with what was committed last.
//!
//! Everything a page needs comes from here: language, reader, names, the way to render. Work that may block runs on
//! threads of its own.

use crate::acting::{self, Stance};
use crate::error::{PageError, PageResult};
use crate::look::Look;
use crate::reach;
use crate::session::Session;
use crate::site::Site;
use crate::visit::Visit;
use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{Html, IntoResponse, Response};
use desk::{About, Keeping, Seen};
use identity::{Action, Roster};
use model::{Instant, PersonId, RecordId, Told, UnitId};
use regulation::{Pack, Zone};
use std::sync::{Arc, OnceLock};
use store::{AlarmsOf, Reader, Sql, StoreError};

/// The context of a page. Clones are the same one.
#[derive(Clone)]
pub struct Cx(Arc<Inner>);

struct Inner {
    visit: Visit,
    session: Session,
    seen: Seen,
    focus: Option<UnitId>,
    /// Where times are told while no pack says where.
    utc: Option<Zone>,
    stances: OnceLock<Vec<Stance>>,
    audits: OnceLock<bool>,
    alarms: OnceLock<bool>,
    alarms_of: OnceLock<AlarmsOf>,
}

impl std::ops::Deref for Cx {
    type Target = Visit;

    fn deref(&self) -> &Visit {
        &self.0.visit
    }
}

impl FromRequestParts<Site> for Cx {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, PageError> {
        let visit = Visit::from_request_parts(parts, site).await?;
        Self::of(visit)
    }
}

impl Cx {
    /// Of a visit by somebody who is signed in and still here.
    ///
    /// # Errors
    /// `SignedOut`.
    pub fn of(visit: Visit) -> Result<Self, PageError> {
        let session = visit.session.clone().ok_or(PageError::SignedOut)?;
        let seen = visit.site.desk().seen();
        let here = seen.roster.person(session.person).is_some_and(identity::Person::here);
        if !here {
            return Err(PageError::SignedOut);
        }
        // Only a unit there is narrows anything.
        let focus = visit.focus.filter(|unit| seen.roster.unit(*unit).is_some());
        Ok(Self(Arc::new(Inner {
            visit,
            session,
            seen,
            focus,
            utc: Zone::new("UTC").ok(),
            stances: OnceLock::new(),
            audits: OnceLock::new(),
            alarms: OnceLock::new(),
            alarms_of: OnceLock::new(),
        })))
    }

    /// The session.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.0.session
    }

    /// Who looks.
    #[must_use]
    pub fn person(&self) -> PersonId {
        self.0.session.person
    }

    /// The moment the request came.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.0.visit.began
    }

    /// What was committed when the request came.
    #[must_use]
    pub fn seen(&self) -> &Seen {
        &self.0.seen
    }

    /// The unit whose records, and those of units below, are looked at; none for all.
    #[must_use]
    pub fn focus(&self) -> Option<UnitId> {
        self.0.focus
    }

    /// The pack in force.
    ///
    /// # Errors
    /// `Unavailable`: none is published yet.
    pub fn pack(&self) -> Result<&Pack, PageError> {
        self.0.seen.packs.current().ok_or_else(|| desk::Refused::NoPack.into())
    }

    /// People and units, under the pack in force, now.
    ///
    /// # Errors
    /// `Unavailable`: no pack is published yet.
    pub fn roster(&self) -> Result<Roster<'_>, PageError> {
        Ok(Roster::new(&self.0.seen.roster, self.pack()?, self.now()))
    }

    /// Every role they may act in, reckoned once.
    pub(crate) fn stances(&self) -> &[Stance] {
        let reckon = || self.roster().map(|roster| acting::stances(self, &roster)).unwrap_or_default();
        self.0.stances.get_or_init(reckon)
    }

    /// Does a policy of the pack let them look into the ledger, in any role of theirs?
    pub(crate) fn may_audit(&self) -> bool {
        *self.0.audits.get_or_init(|| acting::granted_at_the_top(self, &Action::Audit).is_some())
    }

    /// Does a policy of the pack let them see alarms, in any role of theirs: of the whole, or of a unit where they have one?
    pub(crate) fn may_see_alarms(&self) -> bool {
        let sees = |unit| acting::granted_on(self, &Action::ReadAlarms, unit).is_some();
        let theirs = || self.stances().iter().filter_map(|stance| stance.unit);
        *self.0.alarms.get_or_init(|| self.seen().roster.root().into_iter().chain(theirs()).any(sees))
    }

    /// Whose alarms they may see; `units` are those that alarms are about.
    pub(crate) fn alarms_of(
        &self,
        units: impl FnOnce() -> Result<Vec<UnitId>, StoreError>,
    ) -> Result<&AlarmsOf, StoreError> {
        if let Some(known) = self.0.alarms_of.get() {
            return Ok(known);
        }
        let mut of = AlarmsOf::default();
        if self.may_see_alarms() {
            let sees = |unit: &UnitId| acting::granted_on(self, &Action::ReadAlarms, *unit).is_some();
            of.nobodys = self.seen().roster.root().is_some_and(|top| sees(&top));
            of.units = units()?.into_iter().filter(sees).collect();
        }
        Ok(self.0.alarms_of.get_or_init(|| of))
    }

    /// What they may read, within the unit looked at.
    ///
    /// # Errors
    /// `Unavailable`: no pack is published yet.
    pub fn reader(&self) -> Result<Reader, PageError> {
        Ok(reach::reader(self, &self.roster()?, self.focus()))
    }

    /// What they may read in all. A record is shown by its address whichever unit is looked at.
    ///
    /// # Errors
    /// `Unavailable`: no pack is published yet.
    pub fn whole_reader(&self) -> Result<Reader, PageError> {
        Ok(reach::reader(self, &self.roster()?, None))
    }

    /// The zone times are told in.
    ///
    /// # Errors
    /// The bundled time-zone database has no UTC, which no test has seen.
    pub fn zone(&self) -> Result<&Zone, PageError> {
        let pack = self.0.seen.packs.current().map(|pack| &pack.zone);
        pack.or(self.0.utc.as_ref()).ok_or(PageError::NotFound)
    }

    /// A moment as people write it.
    #[must_use]
    pub fn moment(&self, at: Instant) -> String {
        self.zone().map_or_else(|_| at.to_string(), |zone| crate::roc::moment(self.language, zone, at))
    }

    /// A moment to the second, as lines are told apart by.
    #[must_use]
    pub fn second(&self, at: Instant) -> String {
        self.zone().map_or_else(|_| at.to_string(), |zone| crate::roc::second(self.language, zone, at))
    }

    /// The end of a span as people write it: of one that ends with a day, that day.
    #[must_use]
    pub fn end(&self, at: Instant) -> String {
        self.zone().map_or_else(|_| at.to_string(), |zone| crate::roc::end(self.language, zone, at))
    }

    /// Beside something, in the brackets of the language.
    #[must_use]
    pub fn beside(&self, text: &str) -> String {
        if self.chinese() { format!("（{text}）") } else { format!(" ({text})") }
    }

    /// What stands beside a field in which this day is chosen: the same with its year of the Republic, in Chinese.
    #[must_use]
    pub fn roc(&self, chosen: &str) -> String {
        let day = crate::roc::read_date(chosen).filter(|_| self.chinese());
        day.map(|day| format!("民國{}", self.date(day))).unwrap_or_default()
    }

    /// A day as people write it.
    #[must_use]
    pub fn date(&self, day: model::CivilDate) -> String {
        crate::roc::date(self.language, day)
    }

    /// Reads committed tables: records, names, lists. It blocks; call it within [`Cx::run`].
    ///
    /// # Errors
    /// What `read` fails with; `Unavailable` where no pack is published yet.
    pub fn look<T>(&self, read: impl FnOnce(&Look<'_>) -> Result<T, PageError>) -> Result<T, PageError> {
        self.pack()?;
        let look = |sql: &mut Sql| {
            let look = Look::new(self, sql)?;
            let done = read(&look)?;
            match look.take_fault() {
                Some(fault) => Err(fault.into()),
                None => Ok(done),
            }
        };
        // Of one moment, whatever is committed meanwhile.
        self.site.desk().read(|sql, _| sql.snapshot(look))
    }

    /// Is there such a record, and may they read it? What is not for them looks as if it were not there.
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub fn readable(&self, look: &Look<'_>, record: RecordId) -> Result<Arc<casework::Case>, PageError> {
        let case = look.case(record).ok_or(PageError::NotFound)?;
        if look.sees(record) { Ok(case) } else { Err(PageError::hidden("read", About::Record(record))) }
    }

    /// Does what may block (tables, desk, hashing) on a thread of its own.
    ///
    /// # Errors
    /// What `work` fails with.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, PageError> + Send + 'static,
    ) -> Result<T, PageError> {
        let cx = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&cx)).await;
        done.map_err(PageError::failed)?
    }

    /// Stores a file they hand in. It blocks.
    ///
    /// # Errors
    /// It is not what its name says, may not come in, or is more than one may hand in a day.
    pub fn hand_in(&self, name: &str, content: &[u8], keeping: Keeping) -> Result<store::Stored, Told> {
        let most = self.site.config().limits.loose_bytes;
        self.site.desk().hand_in(self.person(), most, (name, content), keeping)
    }

    /// A page, or a part of one.
    ///
    /// # Errors
    /// `Failed`: it did not render.
    pub fn render(&self, page: &impl Template) -> PageResult {
        self.render_as(StatusCode::OK, page)
    }

    /// The same with another status: 422 for a form that was refused, with everything that was filled in.
    ///
    /// # Errors
    /// `Failed`: it did not render.
    pub fn render_as(&self, status: StatusCode, page: &impl Template) -> PageResult {
        let mut response: Response = (status, Html(page.render()?)).into_response();
        // The same address gives a page or a part of it.
        response.headers_mut().insert("vary", axum::http::HeaderValue::from_static("hx-request, hx-target"));
        Ok(response)
    }
}
