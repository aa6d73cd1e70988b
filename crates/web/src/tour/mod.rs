//! The door of a sample city and its guided tour: whoever opens it in a browser is anybody of it by one click.
//!
//! Invariants: these pages are there where the site has a sample city, and nowhere else; they answer this machine alone,
//! asked by a name of its own; whoever is entered as has signed in, by password and one-time code, as at any sign-in.
//! Does not: know a password or a secret (whoever made the city does), open a page to somebody who may not see it.

mod bar;

use crate::came;
use crate::component::{Notice, Tone};
use crate::enter::{Jar, Sent, let_in, refused, shown};
use crate::error::{PageError, PageResult};
use crate::route::{Access, Audit, Route};
use crate::visit::Visit;
use askama::Template;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect};
use axum::routing::{get, post};
use model::{Instant, Told};
use signin::{NewSession, Place, Refusal};
use std::sync::Arc;
use std::time::Duration;

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/tour", Access::Anyone, Audit::None, || get(page)),
    Route::post("/tour/enter", Access::Anyone, Audit::Act, || post(enter)),
    Route::get("/tour/{role}", Access::Anyone, Audit::None, || get(part)),
    Route::get("/tour/{role}/{step}", Access::Anyone, Audit::None, || get(step)),
];

/// A sample city: who is in it, what each of them does in a day, and the way in.
pub trait SampleCity: Send + Sync {
    /// The parts there are to play, in the order in which they are shown.
    fn parts(&self) -> &[Part];

    /// Signs in as somebody, through the door everybody goes through. It may block.
    ///
    /// # Errors
    /// Why nobody was let in.
    fn enter(&self, login: &str, place: &Place, now: Instant) -> Result<NewSession, NotEntered>;

    /// One-time codes of somebody that are taken now, in the order in which they can be used: each serves once, and
    /// closes those before it.
    fn codes(&self, login: &str, now: Instant) -> Vec<String>;
}

/// A part to play: a role, who has it, and a day of theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The role, by its id in the pack.
    pub role: String,
    /// Accounts of those who have it; the tour is that of the first.
    pub people: Vec<String>,
    /// What they do, in a sentence.
    pub does: Told,
    /// Their day.
    pub steps: Vec<Step>,
}

/// A step of a tour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What to do there, and why.
    pub text: Told,
    /// The page it is done on.
    pub path: String,
}

/// Why nobody was let in.
#[derive(Debug, thiserror::Error)]
pub enum NotEntered {
    /// The sample city has nobody of this account.
    #[error("nobody of this account")]
    Nobody,
    /// The codes of the moment are used up.
    #[error("the one-time codes of the moment are used up")]
    Wait {
        /// From then on there is another.
        until: Instant,
    },
    /// Sign-in refused it.
    #[error("it was refused")]
    Refused(#[from] Refusal),
}

/// A part as pages show it.
struct PartView<'v> {
    part: &'v Part,
    /// The role's name.
    name: &'v str,
    /// Account, and name with unit, of each; the first is the one of the tour.
    people: Vec<(&'v str, String)>,
}

/// Who is signed in, where it is somebody of the city.
struct Now {
    name: String,
    /// The codes to sign with.
    codes: Vec<String>,
}

#[derive(Template)]
#[template(path = "tour/index.html")]
struct TourPage<'v> {
    cx: &'v Visit,
    notice: Option<Notice<'v>>,
    now: Option<Now>,
    parts: Vec<PartView<'v>>,
}

#[derive(Template)]
#[template(path = "tour/part.html")]
struct PartPage<'v> {
    cx: &'v Visit,
    part: PartView<'v>,
    now: Option<Now>,
    /// Is whoever is signed in one of those whose tour it is?
    is_theirs: bool,
}

impl Visit {
    /// The sample city, where this site is one and the request may ask for it.
    ///
    /// # Errors
    /// `NotFound`: it is a real site. `Refused`: the request does not come from this machine, or names it otherwise than
    /// the machine itself does, as a page of somebody else's might.
    fn sample_city(&self) -> Result<Arc<dyn SampleCity>, PageError> {
        let city = self.site.sample_city().ok_or(PageError::NotFound)?;
        let is_here = self.place.address.is_some_and(|address| address.to_canonical().is_loopback());
        if is_here && came::is_loopback(&self.host) {
            return Ok(Arc::clone(city));
        }
        Err(PageError::Refused(Told::new(
            "示範城市之導覽僅供主機本身使用。請於執行 ward demo 之電腦，以 localhost 開啟本頁。",
            "The tour of a sample city is for the machine itself. Open this page by the name localhost, on the machine that runs `ward demo`.",
        )))
    }

    /// Is there a tour to be led on?
    pub(crate) fn has_tour(&self) -> bool {
        self.sample_city().is_ok()
    }

    /// The account of whoever is signed in.
    fn login(&self) -> Option<String> {
        let seen = self.site.desk().seen();
        let person = seen.roster.person(self.session.as_ref()?.person)?;
        Some(person.details.as_ref()?.login.as_str().to_owned())
    }

    /// One-time codes for whoever is signed in, where it is somebody of a sample city; none anywhere else.
    pub(crate) fn sample_codes(&self) -> Vec<String> {
        let city = self.sample_city().ok();
        city.zip(self.login()).map_or_else(Vec::new, |(city, login)| city.codes(&login, self.began))
    }
}

impl<'v> PartView<'v> {
    fn new(visit: &Visit, part: &'v Part, name: &'v str) -> Self {
        let seen = visit.site.desk().seen();
        let named = |login: &'v String| {
            let person = seen.roster.person(seen.roster.person_of_login(login)?)?;
            let name = person.details.as_ref()?.name.as_str();
            let unit = seen.roster.unit(person.home);
            let unit = unit.map_or("", |unit| visit.t(unit.names.zh.as_str(), unit.names.en.as_str()));
            let told = match visit.chinese() {
                true => format!("{unit}{name}"),
                false => format!("{name}, {unit}"),
            };
            Some((login.as_str(), told))
        };
        Self { part, name, people: part.people.iter().filter_map(named).collect() }
    }

    fn does(&self, visit: &'v Visit) -> &'v str {
        visit.language.told(&self.part.does)
    }

    /// Steps with their numbers, as people count.
    fn steps(&self, visit: &'v Visit) -> impl Iterator<Item = (usize, &'v str)> {
        self.part.steps.iter().zip(1..).map(|(step, number)| (number, visit.language.told(&step.text)))
    }
}

/// A role's name, as the pack has it; its id where no pack does.
fn role_name(visit: &Visit, role: &str) -> String {
    let seen = visit.site.desk().seen();
    let known = seen.packs.current().and_then(|pack| pack.role(role));
    known.map_or_else(|| role.to_owned(), |role| visit.label(&role.label).to_owned())
}

fn now(visit: &Visit, city: &dyn SampleCity) -> Option<Now> {
    let login = visit.login()?;
    let seen = visit.site.desk().seen();
    let person = seen.roster.person(seen.roster.person_of_login(&login)?)?;
    let name = person.details.as_ref()?.name.as_str().to_owned();
    Some(Now { name, codes: city.codes(&login, visit.began) })
}

async fn page(visit: Visit) -> PageResult {
    let city = visit.sample_city()?;
    visit.run(move |visit| tour(visit, &*city, StatusCode::OK, None)).await
}

/// The page with every part. Whoever comes here is led by no tour any more.
fn tour(visit: &Visit, city: &dyn SampleCity, status: StatusCode, notice: Option<Notice<'_>>) -> PageResult {
    let names: Vec<String> = city.parts().iter().map(|part| role_name(visit, &part.role)).collect();
    let parts = city.parts().iter().zip(&names).map(|(part, name)| PartView::new(visit, part, name));
    let page = TourPage { cx: visit, notice, now: now(visit, city), parts: parts.collect() };
    let mut jar = Jar::of(visit);
    jar.end_tour();
    Ok(jar.into_response(shown(status, &page)?))
}

async fn enter(visit: Visit, body: Bytes) -> PageResult {
    let city = visit.sample_city()?;
    let sent = Sent::read(&body);
    visit
        .run(move |visit| {
            let login = sent.typed("login");
            let notice = match city.enter(login, &visit.place, visit.began) {
                Ok(new) => {
                    let part = city.parts().iter().find(|part| part.people.iter().any(|one| one == login));
                    let to = part.map_or_else(|| "/".to_owned(), |part| format!("/tour/{}", part.role));
                    return let_in(visit, &new, &to);
                }
                Err(NotEntered::Nobody) => {
                    let text = visit.t(
                        "示範城市無此帳號，請自下列角色選擇。",
                        "The sample city has nobody of this account. Choose below.",
                    );
                    Notice::new(visit, Tone::Bad, text.to_owned())
                }
                Err(NotEntered::Wait { until }) => {
                    let told = used_up(visit.began, until);
                    Notice::new(visit, Tone::Warning, visit.language.told(&told).to_owned())
                }
                Err(NotEntered::Refused(refusal)) => refused(visit, refusal)?,
            };
            tour(visit, &*city, StatusCode::UNPROCESSABLE_ENTITY, Some(notice))
        })
        .await
}

/// How long is to be waited for another code.
fn used_up(now: Instant, until: Instant) -> Told {
    let micros = u64::try_from(until.as_micros().saturating_sub(now.as_micros())).unwrap_or(0);
    // Seconds are told; the one that is begun counts.
    let seconds = Duration::from_micros(micros).as_secs_f64().ceil();
    Told::new(
        format!("此人目前之一次性驗證碼均已使用（每組僅能使用一次），請於 {seconds} 秒後再試。"),
        format!(
            "This person's one-time codes of the moment are used, and each serves once. Try again in {seconds} s."
        ),
    )
}

/// The part of a path.
fn part_of<'c>(city: &'c dyn SampleCity, role: &str) -> Result<&'c Part, PageError> {
    city.parts().iter().find(|part| part.role == role).ok_or(PageError::NotFound)
}

async fn part(visit: Visit, Path(role): Path<String>) -> PageResult {
    let city = visit.sample_city()?;
    visit
        .run(move |visit| {
            let part = part_of(&*city, &role)?;
            let login = visit.login();
            let is_theirs = login.is_some_and(|login| part.people.contains(&login));
            let name = role_name(visit, &part.role);
            let part = PartView::new(visit, part, &name);
            shown(StatusCode::OK, &PartPage { cx: visit, part, now: now(visit, &*city), is_theirs })
        })
        .await
}

/// Leads to the page of a step, and remembers which it is.
async fn step(visit: Visit, Path((role, number)): Path<(String, usize)>) -> PageResult {
    let city = visit.sample_city()?;
    let part = part_of(&*city, &role)?;
    let step = number.checked_sub(1).and_then(|at| part.steps.get(at)).ok_or(PageError::NotFound)?;
    let mut jar = Jar::of(&visit);
    jar.keep_tour(&bar::kept(&part.role, number));
    Ok(jar.into_response(Redirect::to(&step.path).into_response()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_waits_is_told_for_how_long_in_both_languages() {
        let now = Instant::EPOCH.plus(Duration::from_micros(100_300_000));
        let told = used_up(now, Instant::EPOCH.plus(Duration::from_secs(120)));
        assert!(told.zh.contains("於 20 秒後") && told.en.ends_with("in 20 s."), "{told}");
        let over = used_up(now, now);
        assert!(over.en.ends_with("in 0 s."), "{over}");
    }
}
