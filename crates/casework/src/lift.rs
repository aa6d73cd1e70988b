//! Reading bodies of events, also those of earlier versions.
//!
//! Invariant: a body is lifted by what is stated and by nothing else; what does not read is an error, never a guess.

use crate::event::Body;
use serde_json::Value as Json;

/// Lifts the body of an earlier version of a kind to a later one.
#[derive(Debug, Clone, Copy)]
pub struct Upcaster {
    /// The kind with the version it takes, for example `case.opened/1`.
    pub from: &'static str,
    /// The kind with the version it makes.
    pub to: &'static str,
    /// How; `None` when the body is not what it should be.
    pub lift: fn(Json) -> Option<Json>,
}

/// Why a body cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LiftError {
    /// It has no `kind`.
    #[error("the body has no kind")]
    Kindless,
    /// It could not be lifted.
    #[error("a body of kind {from} could not be lifted to {to}")]
    Lift {
        /// The kind it had.
        from: &'static str,
        /// The kind it should have had.
        to: &'static str,
    },
    /// It does not read.
    #[error("a body of kind {kind} does not read")]
    Read {
        /// Its kind.
        kind: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

/// Reads a body, lifting it from earlier versions as long as an upcaster fits.
///
/// # Errors
/// It has no kind, a lift failed, or it does not read as the kind it has.
pub fn read_body(mut json: Json, upcasters: &[Upcaster]) -> Result<Body, LiftError> {
    let kind_of = |json: &Json| json.get("kind").and_then(Json::as_str).map(ToOwned::to_owned);
    let mut kind = kind_of(&json).ok_or(LiftError::Kindless)?;
    // Each upcaster is used at most once: versions only rise.
    for _ in upcasters {
        let Some(fitting) = upcasters.iter().find(|one| one.from == kind) else { break };
        let failed = LiftError::Lift { from: fitting.from, to: fitting.to };
        let Some(mut lifted) = (fitting.lift)(json) else { return Err(failed) };
        let Some(members) = lifted.as_object_mut() else { return Err(failed) };
        members.insert("kind".into(), fitting.to.into());
        (json, kind) = (lifted, fitting.to.to_owned());
    }
    serde_json::from_value(json).map_err(|source| LiftError::Read { kind, source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_kind_in_the_header_is_that_of_the_body() {
        let body = Body::ClockStopped { clock: "vendor".parse().unwrap() };
        let json = serde_json::to_value(&body).unwrap();
        assert_eq!(json, json!({"kind": "clock.stopped/1", "clock": "vendor"}));
        assert_eq!(body.kind(), "clock.stopped/1");
        assert_eq!(read_body(json, &[]).unwrap(), body);
    }

    #[test]
    fn an_earlier_version_is_lifted_step_by_step() {
        let upcasters = [
            Upcaster {
                from: "timer.ended/1",
                to: "timer.ended/2",
                lift: |mut json| {
                    let timer = json.as_object_mut()?.remove("timer")?;
                    json.as_object_mut()?.insert("clock".into(), timer);
                    Some(json)
                },
            },
            Upcaster { from: "timer.ended/2", to: "clock.stopped/1", lift: Some },
        ];
        let lifted = read_body(json!({"kind": "timer.ended/1", "timer": "vendor"}), &upcasters).unwrap();
        assert_eq!(lifted, Body::ClockStopped { clock: "vendor".parse().unwrap() });
        let broken = read_body(json!({"kind": "timer.ended/1"}), &upcasters);
        assert!(matches!(broken, Err(LiftError::Lift { from: "timer.ended/1", .. })));
    }
}
