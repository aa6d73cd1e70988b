//! A record beyond what it holds now: what happened to it, who signed, what it is linked with, the files it holds and held.
//!
//! All of it is read from the ledger's own bytes, as the record's page reads it; signatures are checked each time.

use super::named;
use super::shape::Text;
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::given;
use crate::look::Look;
use crate::records::{self, Changed, Happened, Held, Mark, Opened, SignatureCheck};
use axum::extract::Path;
use axum::http::StatusCode;
use casework::VoidCause;
use model::{Actor, Evidence, RecordId, Told};
use proof::signature::Grade;
use serde::Serialize;
use serde_json::Value as Json;
use utoipa::ToSchema;

/// Something that happened to a record.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HappenedShape {
    /// The entry that says so.
    entry: String,
    /// When.
    at: String,
    /// What, as the ledger calls it.
    #[schema(example = "step.signed/1")]
    kind: String,
    /// The same in a sentence, in the language of the answer; null for what only the machine goes by.
    text: Option<String>,
    /// Who acted.
    by: ActorShape,
    /// Why.
    reason: Option<String>,
    /// Fields that changed by it.
    changes: Vec<ChangeShape>,
}

/// Who acted: a person in a role, or the system.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ActorShape {
    /// The person; null where it was the system.
    person: Option<String>,
    /// For whom.
    #[serde(rename = "for")]
    principal: Option<String>,
    /// In which role.
    role: Option<String>,
    /// Of which unit.
    unit: Option<String>,
    /// The part of the system.
    machine: Option<String>,
}

/// A field that changed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ChangeShape {
    /// The field.
    field: String,
    /// What was before.
    #[schema(value_type = serde_json::Value)]
    old: Option<Json>,
    /// What is now.
    #[schema(value_type = serde_json::Value)]
    new: Option<Json>,
}

/// A signature.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SignatureShape {
    /// The step.
    step: String,
    /// Its outcome.
    outcome: String,
    /// Who signed.
    person: String,
    /// For whom.
    #[serde(rename = "for")]
    principal: Option<String>,
    /// When.
    at: String,
    /// The entry that carries it.
    entry: String,
    /// Its grade: `passkey`, signed by the person; `otp`, vouched by the server.
    grade: &'static str,
    /// What its check gives now: `holds`, `broken`, `no-credential`.
    check: &'static str,
    /// The entry whose content it covers.
    content: Option<String>,
    /// The hash of that content, base64.
    hash: Option<String>,
    /// Why.
    reason: Option<String>,
    /// Why it is void: `barred`, `changed`, `effect`, `moved`, `returned`.
    void: Option<&'static str>,
    /// Does the step still wait for others?
    waits: bool,
}

/// A record beside another.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LinkedShape {
    /// How they belong together, in the language of the answer.
    how: String,
    /// Which; null where it is not for the token to see.
    record: Option<String>,
    /// Its register.
    register: Option<String>,
    /// Its title.
    title: Option<Text>,
    /// Its state.
    state: Option<String>,
}

/// A file of a record.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HeldShape {
    /// The field.
    field: String,
    /// Digest of the stored bytes; its name at `/files/{digest}`.
    digest: String,
    /// The name its owner gave it.
    name: String,
    /// What it is, by its bytes.
    kind: String,
    /// Bytes in clear.
    size: String,
    /// Does the record still hold it?
    current: bool,
}

/// Everything that happened to a record, the oldest first.
#[utoipa::path(get, path = "/api/v1/records/{record}/history", tag = "records",
    params(("record" = String, Path, description = "its id")),
    responses((status = 200, body = [HappenedShape])))]
pub(super) async fn history(cx: Cx, Path(record): Path<String>) -> PageResult {
    told(cx, &record, |look, opened, story| {
        let shape = |happened: &Happened| HappenedShape {
            entry: happened.entry.to_string(),
            at: happened.at.to_string(),
            kind: happened.body.kind().to_owned(),
            text: records::said(look, &opened.case, happened),
            by: ActorShape::of(&happened.actor),
            reason: records::reason(&happened.body),
            changes: happened.changes.iter().map(ChangeShape::of).collect(),
        };
        story.iter().map(shape).collect::<Vec<_>>()
    })
    .await
}

/// The signatures on a record, each with what its check gives now.
#[utoipa::path(get, path = "/api/v1/records/{record}/signatures", tag = "records",
    params(("record" = String, Path, description = "its id")),
    responses((status = 200, body = [SignatureShape])))]
pub(super) async fn signatures(cx: Cx, Path(record): Path<String>) -> PageResult {
    told(cx, &record, |_, _, story| {
        records::marks(story).iter().filter_map(SignatureShape::of).collect::<Vec<_>>()
    })
    .await
}

/// The files a record holds, and those it once held.
#[utoipa::path(get, path = "/api/v1/records/{record}/files", tag = "records",
    params(("record" = String, Path, description = "its id")),
    responses((status = 200, body = [HeldShape])))]
pub(super) async fn files(cx: Cx, Path(record): Path<String>) -> PageResult {
    told(cx, &record, |_, opened, story| {
        let files = records::evidence::files(opened, story);
        files.into_iter().map(HeldShape::of).collect::<Vec<_>>()
    })
    .await
}

/// What a record is linked with: what it names, what names it, where it comes from, what came of it.
#[utoipa::path(get, path = "/api/v1/records/{record}/linked", tag = "records",
    params(("record" = String, Path, description = "its id")),
    responses((status = 200, body = [LinkedShape])))]
pub(super) async fn linked(cx: Cx, Path(record): Path<String>) -> PageResult {
    let record = named(&record)?;
    cx.run(move |cx| {
        let links = cx.look(|look| {
            let links = records::links(look, &Opened::of(look, record)?)?;
            let shape = |one: records::Linked| -> Result<LinkedShape, PageError> {
                let case = one.case.as_deref();
                let title = case.map(|case| casework::title(look.around(), case, look)).transpose()?;
                Ok(LinkedShape {
                    how: one.how,
                    record: case.map(|_| one.to.to_string()),
                    register: case.map(|case| case.register.to_string()),
                    title: title.map(Told::into),
                    state: case.map(|case| case.state.to_string()),
                })
            };
            links.into_iter().map(shape).collect::<Result<Vec<_>, PageError>>()
        })?;
        given::json(StatusCode::OK, &links)
    })
    .await
}

/// What is made of a record's story.
async fn told<T: Serialize + Send + 'static>(
    cx: Cx,
    record: &str,
    make: impl FnOnce(&Look<'_>, &Opened<'_>, &[Happened]) -> Vec<T> + Send + 'static,
) -> PageResult {
    let record: RecordId = named(record)?;
    cx.run(move |cx| {
        let made = cx.look(|look| {
            let opened = Opened::of(look, record)?;
            Ok(make(look, &opened, &records::story(look, record)?))
        })?;
        given::json(StatusCode::OK, &made)
    })
    .await
}

impl ActorShape {
    pub(super) fn of(actor: &Actor) -> Self {
        match actor {
            Actor::Machine { machine } => Self {
                person: None,
                principal: None,
                role: None,
                unit: None,
                machine: Some(machine.to_string()),
            },
            Actor::Person(person) => Self {
                person: Some(person.person.to_string()),
                principal: person.acting_for.map(|person| person.to_string()),
                role: Some(person.role.clone()),
                unit: Some(person.unit.to_string()),
                machine: None,
            },
        }
    }
}

impl ChangeShape {
    fn of(changed: &Changed) -> Self {
        Self { field: changed.field.to_string(), old: changed.old.clone(), new: changed.new.clone() }
    }
}

impl SignatureShape {
    /// Of a mark that is one: acts without a signature are told by the history.
    fn of(mark: &Mark) -> Option<Self> {
        let grade = match mark.evidence {
            Evidence::None => return None,
            Evidence::Otp => "otp",
            Evidence::Passkey => "passkey",
        };
        let check = match mark.checked? {
            SignatureCheck::Holds(Grade::Passkey | Grade::Otp) => "holds",
            SignatureCheck::Broken => "broken",
            SignatureCheck::NoCredential => "no-credential",
        };
        Some(Self {
            step: mark.step.to_string(),
            outcome: mark.outcome.word().to_owned(),
            person: mark.person.to_string(),
            principal: mark.acting_for.map(|person| person.to_string()),
            at: mark.at.to_string(),
            entry: mark.entry.to_string(),
            grade,
            check,
            content: mark.bound.as_ref().map(|(entry, _)| entry.to_string()),
            hash: mark.bound.as_ref().map(|(_, hash)| hash.clone()),
            reason: mark.reason.clone(),
            void: mark.void.map(void),
            waits: mark.waits(),
        })
    }
}

const fn void(cause: VoidCause) -> &'static str {
    match cause {
        VoidCause::Barred => "barred",
        VoidCause::Changed => "changed",
        VoidCause::Effect => "effect",
        VoidCause::Moved => "moved",
        VoidCause::Returned => "returned",
    }
}

impl HeldShape {
    fn of(held: Held) -> Self {
        Self {
            field: held.field.to_string(),
            digest: held.digest,
            name: held.name,
            kind: held.kind,
            size: held.bytes.to_string(),
            current: held.current,
        }
    }
}
