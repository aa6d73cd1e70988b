//! Events: what happened to people and units, with every result resolved.
//!
//! Invariants: a kind with its version keeps its meaning for good; the bodies of `credential.added` and
//! `credential.revoked` are exactly those of the format, so that a checker of signatures finds them; personal data
//! stands in private bodies only.
//! Does not: seal anything; whoever writes the entry puts private bodies under the person's data key.
//! Source: `docs/format.md` §2 (kinds), §7 (credentials).

use crate::person::{Details, Side};
use crate::terminal::Fingerprint;
use crate::text::{Code, Line, Names};
use model::{Actor, Instant, PersonId, TerminalId, UnitId};
use proof::signature::Credential;
use regulation::{GradeId, RoleId};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// To whom or to what.
    pub subject: Subject,
    /// The unit charged: the unit itself, or the one the person belongs to from then on.
    pub unit: Option<UnitId>,
    /// Who acted.
    pub actor: Actor,
    /// When it was decided.
    pub at: Instant,
    /// What happened.
    pub body: Body,
    /// The policy that permitted it. It is kept in the body, save in those the format lays down.
    pub policy: Option<String>,
    /// Is the body to be sealed under the person's data key? Then it can be destroyed.
    pub private: bool,
}

/// What an event is about; its text is the subject of the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A person.
    Person(PersonId),
    /// A terminal.
    Terminal(TerminalId),
    /// A unit.
    Unit(UnitId),
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum Body {
    /// The person was cleared for a grade, and those below it.
    #[serde(rename = "clearance.granted/1")]
    ClearanceGranted {
        /// The grade.
        grade: GradeId,
    },
    /// The person is cleared for what everybody is, and no more.
    #[serde(rename = "clearance.withdrawn/1")]
    ClearanceWithdrawn {},
    /// An authenticator was added.
    #[serde(rename = "credential.added")]
    CredentialAdded(Box<Credential>),
    /// An authenticator no longer counts.
    #[serde(rename = "credential.revoked")]
    CredentialRevoked {
        /// Its id.
        #[serde(with = "base64url")]
        credential: Vec<u8>,
    },
    /// One of the two acknowledged an appointment; the subject is the principal.
    #[serde(rename = "deputy.acknowledged/1")]
    DeputyAcknowledged {
        /// Who stands in.
        deputy: PersonId,
        /// The appointment's first moment.
        from: Instant,
        /// Which of the two.
        by: Side,
    },
    /// A deputy was appointed; the subject is the principal.
    #[serde(rename = "deputy.appointed/1")]
    DeputyAppointed {
        /// Who stands in.
        deputy: PersonId,
        /// From this moment on.
        from: Instant,
        /// Up to, but not including, this moment.
        until: Instant,
    },
    /// An appointment ends at this moment; the subject is the principal.
    #[serde(rename = "deputy.revoked/1")]
    DeputyRevoked {
        /// Who stands in.
        deputy: PersonId,
        /// The appointment's first moment.
        from: Instant,
    },
    /// What is known of the person changed.
    #[serde(rename = "person.changed/1")]
    PersonChanged {
        /// All that is known now.
        #[serde(flatten)]
        details: Details,
        /// The unit the person belongs to.
        home: UnitId,
    },
    /// The person left.
    #[serde(rename = "person.left/1")]
    PersonLeft {},
    /// A person was registered.
    #[serde(rename = "person.registered/1")]
    PersonRegistered {
        /// What is known.
        #[serde(flatten)]
        details: Details,
        /// The unit the person belongs to.
        home: UnitId,
    },
    /// The person no longer holds a role.
    #[serde(rename = "role.ended/1")]
    RoleEnded {
        /// The role.
        role: RoleId,
        /// The unit it was held in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unit: Option<UnitId>,
        /// The first moment of the holding.
        from: Instant,
    },
    /// The person was granted a role.
    #[serde(rename = "role.granted/1")]
    RoleGranted {
        /// The role.
        role: RoleId,
        /// The unit it is held in; none for the whole installation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unit: Option<UnitId>,
        /// From this moment on.
        from: Instant,
        /// Up to, but not including, this moment.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Instant>,
    },
    /// A terminal was registered.
    #[serde(rename = "terminal.registered/1")]
    TerminalRegistered {
        /// What people call it.
        name: Line,
        /// The certificate it shows.
        fingerprint: Fingerprint,
        /// The unit it belongs to; none for one that any unit may use.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unit: Option<UnitId>,
        /// May administrators' roles be used at it?
        management: bool,
    },
    /// A terminal no longer counts.
    #[serde(rename = "terminal.removed/1")]
    TerminalRemoved {},
    /// A unit was changed.
    #[serde(rename = "unit.changed/1")]
    UnitChanged {
        /// Its name.
        names: Names,
        /// Its code.
        code: Code,
        /// The unit directly above.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        superior: Option<UnitId>,
    },
    /// A unit was closed.
    #[serde(rename = "unit.closed/1")]
    UnitClosed {},
    /// A unit was created.
    #[serde(rename = "unit.created/1")]
    UnitCreated {
        /// Its name.
        names: Names,
        /// Its code.
        code: Code,
        /// The unit directly above.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        superior: Option<UnitId>,
    },
}

/// Why a body cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It names another kind than its header.
    #[error("the body of an entry of kind {header} names the kind {body}")]
    Kind {
        /// The header's.
        header: String,
        /// The body's.
        body: String,
    },
    /// It is no object.
    #[error("the body of an entry of kind {0} is no object")]
    NoObject(String),
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

/// A body as it is written.
#[derive(Serialize)]
struct Written<'b> {
    #[serde(flatten)]
    body: &'b Body,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<&'b str>,
}

impl Event {
    /// Kind, and version, for the header of its entry.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        self.body.kind()
    }

    /// Its body as canonical JSON.
    ///
    /// # Errors
    /// Never in fact: bodies hold texts only.
    pub fn body_bytes(&self) -> Result<Vec<u8>, proof::json::JsonError> {
        match &self.body {
            Body::CredentialAdded(credential) => proof::json::canonical(credential),
            Body::CredentialRevoked { credential } => proof::json::canonical(&serde_json::json!({
                "credential": proof::base64::encode_url(credential)
            })),
            body => proof::json::canonical(&Written { body, policy: self.policy.as_deref() }),
        }
    }
}

impl Body {
    /// Kind, and version.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::ClearanceGranted { .. } => "clearance.granted/1",
            Self::ClearanceWithdrawn {} => "clearance.withdrawn/1",
            Self::CredentialAdded(_) => "credential.added",
            Self::CredentialRevoked { .. } => "credential.revoked",
            Self::DeputyAcknowledged { .. } => "deputy.acknowledged/1",
            Self::DeputyAppointed { .. } => "deputy.appointed/1",
            Self::DeputyRevoked { .. } => "deputy.revoked/1",
            Self::PersonChanged { .. } => "person.changed/1",
            Self::PersonLeft {} => "person.left/1",
            Self::PersonRegistered { .. } => "person.registered/1",
            Self::RoleEnded { .. } => "role.ended/1",
            Self::RoleGranted { .. } => "role.granted/1",
            Self::TerminalRegistered { .. } => "terminal.registered/1",
            Self::TerminalRemoved {} => "terminal.removed/1",
            Self::UnitChanged { .. } => "unit.changed/1",
            Self::UnitClosed {} => "unit.closed/1",
            Self::UnitCreated { .. } => "unit.created/1",
        }
    }

    /// Does it hold personal data?
    #[must_use]
    pub const fn private(&self) -> bool {
        matches!(self, Self::PersonChanged { .. } | Self::PersonRegistered { .. })
    }
}

/// Reads a body; `kind` is that of the entry's header. The second is the policy that permitted it.
///
/// # Errors
/// It names another kind, or does not read as the kind it has.
pub fn read_body(kind: &str, json: Json) -> Result<(Body, Option<String>), ReadError> {
    let Json::Object(mut members) = json else { return Err(ReadError::NoObject(kind.to_owned())) };
    let policy = members.remove("policy");
    let policy = policy.as_ref().and_then(Json::as_str).map(ToOwned::to_owned);
    let named = members.insert("kind".into(), kind.into());
    if let Some(body) = named.as_ref().and_then(Json::as_str).filter(|named| *named != kind) {
        return Err(ReadError::Kind { header: kind.to_owned(), body: body.to_owned() });
    }
    let read = serde_json::from_value(Json::Object(members));
    read.map(|body| (body, policy)).map_err(|source| ReadError::Read { kind: kind.to_owned(), source })
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Person(person) => person.fmt(f),
            Self::Terminal(terminal) => terminal.fmt(f),
            Self::Unit(unit) => unit.fmt(f),
        }
    }
}

impl std::str::FromStr for Subject {
    type Err = model::IdError;

    fn from_str(text: &str) -> Result<Self, model::IdError> {
        if text.starts_with(UnitId::PREFIX) {
            text.parse().map(Self::Unit)
        } else if text.starts_with(TerminalId::PREFIX) {
            text.parse().map(Self::Terminal)
        } else {
            text.parse().map(Self::Person)
        }
    }
}

/// Bytes as base64url.
mod base64url {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        proof::base64::encode_url(bytes).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        proof::base64::decode_url(&text).ok_or_else(|| de::Error::custom("not base64url"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const KEY: &str = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

    fn event(body: Body) -> Event {
        let person = PersonId::from_bytes([1; 16]);
        Event {
            subject: Subject::Person(person),
            unit: None,
            actor: Actor::machine("console"),
            at: Instant::EPOCH,
            private: body.private(),
            policy: Some("steward_runs_identity".into()),
            body,
        }
    }

    fn read(event: &Event) -> (Json, Body, Option<String>) {
        let json: Json = serde_json::from_slice(&event.body_bytes().unwrap()).unwrap();
        let (body, policy) = read_body(event.kind(), json.clone()).unwrap();
        (json, body, policy)
    }

    #[test]
    fn a_body_goes_there_and_back_with_the_policy_that_permitted_it() {
        let unit = UnitId::from_bytes([2; 16]);
        let details = Details {
            name: "王大明".parse().unwrap(),
            login: "wang".parse().unwrap(),
            title: "科員".parse().unwrap(),
            mail: "wang@taichung.gov.tw".parse().unwrap(),
            phone: None,
        };
        let registered = event(Body::PersonRegistered { details, home: unit });
        let (json, body, policy) = read(&registered);
        assert_eq!(json["login"], "wang");
        assert_eq!(json["kind"], "person.registered/1");
        assert_eq!((body, policy), (registered.body.clone(), registered.policy.clone()));
        assert!(registered.private);
        let left = event(Body::PersonLeft {});
        assert_eq!(read(&left).1, left.body);
        assert!(!left.private);
    }

    #[test]
    fn credentials_are_written_exactly_as_the_format_says() {
        let wanted = json!({
            "alg": "EdDSA", "credential": "AQID", "key": KEY, "origins": ["https://ward.example"],
            "person": PersonId::from_bytes([1; 16]), "rp": "ward.example",
        });
        let credential: Credential = serde_json::from_value(wanted.clone()).unwrap();
        let added = event(Body::CredentialAdded(Box::new(credential)));
        let (json, body, _) = read(&added);
        assert_eq!(json, wanted);
        assert_eq!(body, added.body);
        let revoked = event(Body::CredentialRevoked { credential: vec![1, 2, 3] });
        let (json, body, _) = read(&revoked);
        assert_eq!(json, json!({ "credential": "AQID" }));
        assert_eq!(body, revoked.body);
    }

    #[test]
    fn a_body_of_another_kind_than_its_header_is_refused() {
        let refused = read_body("person.left/1", json!({ "kind": "unit.closed/1" }));
        assert!(matches!(refused, Err(ReadError::Kind { .. })));
        assert!(matches!(read_body("person.left/1", json!([])), Err(ReadError::NoObject(_))));
        assert!(matches!(read_body("person.vanished/1", json!({})), Err(ReadError::Read { .. })));
    }

    #[test]
    fn a_subject_is_read_from_its_text() {
        for subject in
            [Subject::Person(PersonId::from_bytes([1; 16])), Subject::Unit(UnitId::from_bytes([2; 16]))]
        {
            assert_eq!(subject.to_string().parse(), Ok(subject));
        }
        assert!("r_x".parse::<Subject>().is_err());
    }
}
