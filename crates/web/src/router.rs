//! The router: the tables of routes behind the layers every request passes.

use crate::error::PageError;
use crate::layer::request;
use crate::route;
use crate::site::Site;
use axum::Router;
use axum::middleware::from_fn_with_state;

/// The site as a router.
pub fn router(site: Site) -> Router {
    router_with(site, Router::new())
}

/// The site with `more` beside it, such as the ledger's files: behind the outermost layer, so that it has its headers
/// and its limits, but behind no guard. What does something belongs into a table.
pub fn router_with(site: Site, more: Router<Site>) -> Router {
    route::routed(&site)
        .merge(more)
        .fallback(|| async { PageError::NotFound })
        .layer(from_fn_with_state(site.clone(), request::pass))
        .with_state(site)
}
