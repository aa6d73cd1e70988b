//! The unit that is looked at: what pages keep in a cookie, an application says with each request.

use crate::cx::Cx;
use crate::error::PageError;
use crate::query::Query;
use crate::site::Site;
use crate::visit::Visit;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use model::UnitId;
use utoipa::IntoParams;

/// The context of a request that may be narrowed to a unit and those below it.
pub(super) struct Within(pub(super) Cx);

/// As the description has it.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is there to be described")]
pub(super) struct WithinUnit {
    /// Only what belongs to this unit and those below it.
    unit: Option<String>,
}

impl FromRequestParts<Site> for Within {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, PageError> {
        let mut visit = Visit::from_request_parts(parts, site).await?;
        let Ok(query) = Query::from_request_parts(parts, site).await;
        let unit = query.one("unit").map(str::parse::<UnitId>);
        visit.focus = unit.transpose().map_err(|_| PageError::NotFound)?;
        let there = |unit: UnitId| site.desk().seen().roster.unit(unit).is_some();
        if visit.focus.is_some_and(|unit| !there(unit)) {
            return Err(PageError::NotFound);
        }
        Cx::of(visit).map(Self)
    }
}
