//! Routes as tables, one a module: method, path, who may come, what is recorded.
//!
//! Invariant: nothing is routed that stands in no table; what a table says of access is enforced here, before the
//! handler, not by it.

use crate::error::PageError;
use crate::layer::guard;
use crate::site::Site;
use crate::{
    about, alarms, api, asset, audit, choose, clauses, duties, enter, filing, incidents, live, manual,
    moving, network, notices, outlets, papers, people, records, registers, responses, rooms, search,
    settings, shell, signing, sources, start, terminals, tour, trace, units, views, warnings, work,
};
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::MethodRouter;
use identity::Right;
use std::str::FromStr;

/// A route.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Route {
    pub(crate) verb: Verb,
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    pub(crate) audit: Audit,
    /// The right that an application's token has to have; what it has no right to is not there.
    pub(crate) right: Option<Right>,
    /// Must a form carry the token of its session? Only what does nothing may do without.
    pub(crate) token: bool,
    /// The most bytes of a body.
    pub(crate) most_bytes: usize,
    pub(crate) make: fn() -> MethodRouter<Site>,
}

/// How a route is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// To look; nothing is changed.
    Get,
    /// To do.
    Post,
}

/// Who may come. What of a page they then see, and what they may do, is decided by desk and store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// Anyone, signed in or not.
    Anyone,
    /// An application with a token.
    Application,
    /// Whoever is signed in, be it only to set factors.
    Enrolling,
    /// Whoever is signed in.
    Person,
}

/// What a request leaves in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Audit {
    /// What the desk does, with whoever asked for it.
    Act,
    /// Nothing: a plain reading.
    None,
    /// That a graded record was read.
    Reading,
    /// That lines were looked for: the page enters it before anything goes out.
    Tracing,
}

/// A route as others see it: for tests, for documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// The module whose table it stands in.
    pub module: &'static str,
    /// How it is asked.
    pub verb: Verb,
    /// Its path, with parameters in braces.
    pub path: &'static str,
    /// Who may come.
    pub access: Access,
    /// What is recorded.
    pub audit: Audit,
}

/// Every table, by the module it stands in.
pub(crate) const TABLES: &[(&str, &[Route])] = &[
    ("about", about::ROUTES),
    ("alarms", alarms::ROUTES),
    ("incidents", incidents::ROUTES),
    ("api", api::ROUTES),
    ("asset", asset::ROUTES),
    ("audit", audit::ROUTES),
    ("choose", choose::ROUTES),
    ("clauses", clauses::ROUTES),
    ("duties", duties::ROUTES),
    ("enter", enter::ROUTES),
    ("filing", filing::ROUTES),
    ("live", live::ROUTES),
    ("manual", manual::ROUTES),
    ("moving", moving::ROUTES),
    ("network", network::ROUTES),
    ("notices", notices::ROUTES),
    ("outlets", outlets::ROUTES),
    ("papers", papers::ROUTES),
    ("people", people::ROUTES),
    ("records", records::ROUTES),
    ("registers", registers::ROUTES),
    ("responses", responses::ROUTES),
    ("rooms", rooms::ROUTES),
    ("search", search::ROUTES),
    ("settings", settings::ROUTES),
    ("shell", shell::ROUTES),
    ("signing::batch", signing::ROUTES),
    ("sources", sources::ROUTES),
    ("start", start::ROUTES),
    ("terminals", terminals::ROUTES),
    ("tour", tour::ROUTES),
    ("trace", trace::ROUTES),
    ("units", units::ROUTES),
    ("views", views::ROUTES),
    ("warnings", warnings::ROUTES),
    ("work", work::ROUTES),
];

/// Bytes of a form.
pub(crate) const FORM_BYTES: usize = 1 << 20;

impl Route {
    /// To look.
    pub(crate) const fn get(
        path: &'static str,
        access: Access,
        audit: Audit,
        make: fn() -> MethodRouter<Site>,
    ) -> Self {
        Self { verb: Verb::Get, path, access, audit, right: None, token: false, most_bytes: 0, make }
    }

    /// To do.
    pub(crate) const fn post(
        path: &'static str,
        access: Access,
        audit: Audit,
        make: fn() -> MethodRouter<Site>,
    ) -> Self {
        Self { verb: Verb::Post, path, access, audit, right: None, token: true, most_bytes: FORM_BYTES, make }
    }

    /// Without the token of a session: for a page that only shows a form again.
    pub(crate) const fn without_token(self) -> Self {
        Self { token: false, ..self }
    }

    /// For applications whose tokens have a right.
    pub(crate) const fn by(self, right: Right) -> Self {
        Self { right: Some(right), ..self }
    }

    /// With so large a body: where files are handed in.
    pub(crate) const fn of_bytes(self, most_bytes: usize) -> Self {
        Self { most_bytes, ..self }
    }
}

/// All routes of the site.
pub fn routes() -> impl Iterator<Item = Listed> {
    TABLES.iter().flat_map(|(module, routes)| {
        routes.iter().map(|route| Listed {
            module,
            verb: route.verb,
            path: route.path,
            access: route.access,
            audit: route.audit,
        })
    })
}

/// Is there a page at this path?
pub(crate) fn is_there(path: &str) -> bool {
    routes().any(|route| route.path == path)
}

/// What a part of a path names.
///
/// # Errors
/// `NotFound`: it does not read, and so names nothing.
pub(crate) fn named<T: FromStr>(part: &str) -> Result<T, PageError> {
    part.parse().map_err(|_| PageError::NotFound)
}

/// The tables as a router; each route behind its guard.
pub(crate) fn routed(site: &Site) -> Router<Site> {
    let mut router = Router::new();
    for route in TABLES.iter().flat_map(|(_, routes)| routes.iter()) {
        let state = (site.clone(), *route);
        let guarded = (route.make)().route_layer(from_fn_with_state(state, guard::pass));
        router = router.route(route.path, guarded);
    }
    router
}
