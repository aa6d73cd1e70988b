//! The router: the tables of routes behind the layers every request passes.

use crate::error::PageError;
use crate::layer::request;
use crate::route;
use crate::site::Site;
use axum::Router;
use axum::middleware::from_fn_with_state;

/// The site as a router, to be served or mounted beside others.
pub fn router(site: Site) -> Router {
    route::routed(&site)
        .fallback(|| async { PageError::NotFound })
        .layer(from_fn_with_state(site.clone(), request::pass))
        .with_state(site)
}
