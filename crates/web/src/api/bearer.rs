//! Who asks: the application a token stands for, the person it belongs to, and how far it goes.
//!
//! Source: RFC 6750 §2.1, §3.

use crate::error::PageError;
use crate::session::{Place, Session};
use crate::site::Site;
use crate::visit::Visit;
use axum::http::{HeaderMap, header};
use identity::Right;
use model::{Instant, SessionId};
use regulation::RegisterId;
use signin::{Application, SignIn};
use std::collections::BTreeSet;

/// Whoever keeps tokens of applications.
pub trait Applications: Send + Sync {
    /// The application a token stands for, if it still counts at this moment. It may block.
    ///
    /// # Errors
    /// It cannot be said now: the tables are away.
    fn application(
        &self,
        token: &str,
        place: &Place,
        now: Instant,
    ) -> Result<Option<Application>, signin::Refusal>;
}

impl Applications for SignIn {
    fn application(
        &self,
        token: &str,
        place: &Place,
        now: Instant,
    ) -> Result<Option<Application>, signin::Refusal> {
        SignIn::application(self, token, place, now)
    }
}

/// How far a token goes. It never goes farther than the person does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Registers whose records it reads.
    pub read: BTreeSet<RegisterId>,
    /// Registers in which it files.
    pub file: BTreeSet<RegisterId>,
    /// What it may do beside that.
    pub rights: BTreeSet<Right>,
}

impl Scope {
    /// Does it read records of this register? What it files it may read as well.
    pub(crate) fn reads(&self, register: &RegisterId) -> bool {
        self.read.contains(register) || self.file.contains(register)
    }

    /// Does it file in this register?
    pub(crate) fn files(&self, register: &RegisterId) -> bool {
        self.file.contains(register)
    }
}

/// The token of a request.
fn token(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Puts into a visit which application asks. A token that counts for nothing is as if there were none.
pub(crate) async fn bearer(site: &Site, visit: &mut Visit, headers: &HeaderMap) -> Result<(), PageError> {
    match token(headers) {
        Some(token) => admit(site, visit, token.to_owned()).await,
        None => Ok(()),
    }
}

/// The same, of a token however it came.
///
/// # Errors
/// It cannot be said now whether it counts.
pub(crate) async fn admit(site: &Site, visit: &mut Visit, token: String) -> Result<(), PageError> {
    let (applications, place, now) = (site.applications().clone(), visit.place.clone(), visit.began);
    let found = tokio::task::spawn_blocking(move || applications.application(&token, &place, now)).await;
    let found = found.map_err(PageError::failed)?;
    let Some(found) = found.map_err(|refusal| PageError::Unavailable(refusal.told()))? else { return Ok(()) };
    let Application { token, person, read, file, rights, terminal } = found;
    visit.scope = Some(Scope { read, file, rights });
    // What it does is recorded under the token's own id, in the place of a session's.
    visit.session = Some(Session {
        id: SessionId::from_bytes(*token.as_bytes()),
        person,
        csrf: String::new(),
        terminal,
        factors: BTreeSet::new(),
    });
    Ok(())
}
