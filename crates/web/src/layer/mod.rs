//! What every request passes: outermost `request` (name, limits, session, errors, headers), then the `guard` of its route.

pub(crate) mod guard;
pub(crate) mod request;
