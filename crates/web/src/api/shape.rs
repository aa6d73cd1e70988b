//! Shapes: what goes in and out of the API, as its description shows it.
//!
//! Moments are texts in UTC with six decimals, dates `2026-03-02`, numbers of entries are texts; values of fields are
//! spelled as the ledger spells them. Nothing here is decided: shapes are filled from cases and turned into commands.
//! Invariant: an unknown member of what is sent is refused.

use super::spelling::{members, whole};
use crate::acting::Offered;
use crate::error::PageError;
use casework::Case;
use desk::Done;
use model::Told;
use regulation::{Field, Kind, Label, Register};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A text in both languages.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Text {
    /// Traditional Chinese.
    pub(crate) zh: String,
    /// English.
    pub(crate) en: String,
}

/// Bytes as they are.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
pub(crate) struct Octets(());

/// A problem (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// Always `about:blank`: the title says what it is.
    #[schema(example = "about:blank")]
    r#type: String,
    /// What happened.
    title: String,
    /// Where, and what to do.
    detail: String,
    /// The status again.
    status: u16,
    /// The request's name, by which it is found in reports.
    instance: String,
}

/// The regulation in force.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PackShape {
    /// Its id.
    pub(crate) id: String,
    /// Its version.
    pub(crate) version: u32,
    /// Its name.
    pub(crate) name: Text,
}

/// A register in short.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RegisterShape {
    /// Its id.
    pub(crate) id: String,
    /// Its name.
    pub(crate) label: Text,
    /// The clauses it serves.
    pub(crate) clauses: Vec<String>,
    /// How many records may be read.
    pub(crate) records: u64,
    /// How many of them have not come to an end.
    pub(crate) running: u64,
}

/// A register with its form and its way.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RegisterWhole {
    /// Its id.
    pub(crate) id: String,
    /// Its name.
    pub(crate) label: Text,
    /// The clauses it serves.
    pub(crate) clauses: Vec<String>,
    /// Its fields, in order.
    pub(crate) fields: Vec<FieldShape>,
    /// Its states.
    pub(crate) states: Vec<StateShape>,
    /// Its steps.
    pub(crate) steps: Vec<StepShape>,
}

/// A field of a form.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FieldShape {
    /// Its id.
    pub(crate) id: String,
    /// What it asks.
    pub(crate) label: Text,
    /// Its kind.
    pub(crate) kind: String,
    /// The words of a choice.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) options: Vec<String>,
    /// Is it kept sealed? It is then in no list.
    pub(crate) sealed: bool,
}

/// A state of a register's way.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StateShape {
    /// Its id.
    pub(crate) id: String,
    /// Its name.
    pub(crate) label: Text,
    /// Does a case end in it?
    pub(crate) end: bool,
}

/// A step of a register's way.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StepShape {
    /// Its id.
    pub(crate) id: String,
    /// Its name.
    pub(crate) label: Text,
    /// Does it open a record?
    pub(crate) opens: bool,
    /// The states it is taken from.
    pub(crate) from: Vec<String>,
    /// Its outcomes.
    pub(crate) outcomes: Vec<String>,
}

/// A record.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecordShape {
    /// Its id.
    pub(crate) id: String,
    /// Its register.
    pub(crate) register: String,
    /// The version of the pack it runs on.
    pub(crate) version: u32,
    /// Its number, once given.
    pub(crate) number: Option<String>,
    /// Its title.
    pub(crate) title: Text,
    /// Its state.
    pub(crate) state: String,
    /// How it ended: `done`, `refused`, `void`, `withdrawn`; null while it runs.
    pub(crate) ending: Option<String>,
    /// Its grade.
    pub(crate) grade: String,
    /// The unit it belongs to.
    pub(crate) unit: String,
    /// Who opened it; null when the system did.
    pub(crate) opened_by: Option<String>,
    /// When it was opened.
    pub(crate) opened_at: String,
    /// When it happened.
    pub(crate) occurred_at: String,
    /// When it ended.
    pub(crate) closed_at: Option<String>,
    /// How many events it has seen. A step names the revision it was decided on.
    pub(crate) revision: u32,
    /// What was filled in, by field.
    #[schema(value_type = Object)]
    pub(crate) content: BTreeMap<String, Json>,
    /// What was reckoned from it, by field.
    #[schema(value_type = Object)]
    pub(crate) reckoned: BTreeMap<String, Json>,
    /// Hash of the content that signatures cover, and the number of the entry that holds it.
    pub(crate) bound: Option<BoundShape>,
}

/// The entry that holds a record's content as it is now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BoundShape {
    /// Its number.
    pub(crate) entry: String,
    /// Its content hash, base64.
    pub(crate) hash: String,
}

/// A page of records.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Records {
    /// How many there are in all.
    pub(crate) total: u64,
    /// Which page this is, from 1.
    pub(crate) page: u64,
    /// How many a page holds.
    pub(crate) size: u32,
    /// What of the question did not read and was left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) problems: Vec<String>,
    /// The records.
    pub(crate) records: Vec<RecordShape>,
}

/// A record that was found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FoundShape {
    /// Its id.
    pub(crate) id: String,
    /// Its register.
    pub(crate) register: String,
    /// Its number.
    pub(crate) number: Option<String>,
    /// Its title.
    pub(crate) title: Text,
}

/// A step that may be taken now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OfferShape {
    /// The step.
    pub(crate) step: String,
    /// The outcomes that are open.
    pub(crate) outcomes: Vec<String>,
    /// The person it would be taken for, where that is another.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub(crate) principal: Option<String>,
    /// The least signature: `none`, `otp`, `passkey`.
    pub(crate) signature: String,
}

/// A notice.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NoticeShape {
    /// The entry that told; its name.
    pub(crate) entry: String,
    /// The record it is about.
    pub(crate) record: String,
    /// When.
    pub(crate) at: String,
    /// What.
    pub(crate) text: Text,
    /// Has it been read?
    pub(crate) read: bool,
}

/// Notices, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Notices {
    /// The notices.
    pub(crate) notices: Vec<NoticeShape>,
    /// Before which entry one goes on; null where there is no more.
    pub(crate) next: Option<String>,
}

/// In whose name something is done.
#[derive(Debug, Clone, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Acting {
    /// The role; found by itself where it is not said.
    #[serde(default)]
    #[schema(pattern = "^[a-z][a-z0-9_]{0,39}$", example = "unit_head")]
    pub(crate) role: Option<String>,
    /// The person a deputy acts for.
    #[serde(default, rename = "for")]
    #[schema(pattern = "^p_[a-z2-7]{25}[aeimquy4]$")]
    pub(crate) principal: Option<String>,
}

/// What supports a signature.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) enum SignatureAsk {
    /// A one-time code of the token's owner: *vouched by the server*.
    Otp(String),
    /// An assertion over a statement that `/statements` has given: *signed by the person*.
    Passkey(#[serde(deserialize_with = "members")] Box<PasskeyAsk>),
}

/// An assertion over a statement.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasskeyAsk {
    /// The statement as it was given.
    #[schema(value_type = Object)]
    pub(crate) statement: Json,
    /// The salt as it was given, base64.
    #[schema(pattern = "^[A-Za-z0-9+/]{21}[AQgw]==$")]
    pub(crate) salt: String,
    /// The answer of the authenticator: `authenticator_data`, `client_data`, `credential`, `signature`.
    #[schema(value_type = Object)]
    pub(crate) assertion: Json,
}

/// A record that is to be opened.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OpenAsk {
    /// The opening step; the register's only one where it is not said.
    #[serde(default)]
    pub(crate) step: Option<String>,
    /// What is filled in, by field.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub(crate) fill: Map<String, Json>,
    /// When it happened, where that was before now.
    #[serde(default)]
    #[schema(
        pattern = "^(19[7-9][0-9]|[2-9][0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9][.][0-9]{6}Z$",
        example = "2026-03-02T01:02:03.000000Z"
    )]
    pub(crate) occurred_at: Option<String>,
    /// Why it is recorded late.
    #[serde(default)]
    pub(crate) late_reason: Option<String>,
    /// In whose name.
    #[serde(default, rename = "as", deserialize_with = "members")]
    pub(crate) acting: Acting,
    /// The signature, where the step asks one.
    #[serde(default)]
    pub(crate) signature: Option<SignatureAsk>,
}

/// A step that is to be taken.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TakeAsk {
    /// The revision of the record it was decided on.
    #[serde(deserialize_with = "whole")]
    #[schema(maximum = 4_294_967_295_u32)]
    pub(crate) seen: u32,
    /// The outcome.
    #[schema(pattern = "^(approve|done|refuse|return|take_back)$", example = "approve")]
    pub(crate) outcome: String,
    /// Why.
    #[serde(default)]
    pub(crate) reason: Option<String>,
    /// What is filled in, by field; null empties a field.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub(crate) fill: Map<String, Json>,
    /// When it happened, where the record was opened by the system and nobody has said it yet.
    #[serde(default)]
    #[schema(
        pattern = "^(19[7-9][0-9]|[2-9][0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9][.][0-9]{6}Z$",
        example = "2026-03-02T01:02:03.000000Z"
    )]
    pub(crate) occurred_at: Option<String>,
    /// Why it is recorded late.
    #[serde(default)]
    pub(crate) late_reason: Option<String>,
    /// In whose name.
    #[serde(default, rename = "as", deserialize_with = "members")]
    pub(crate) acting: Acting,
    /// The signature, where the step asks one.
    #[serde(default)]
    pub(crate) signature: Option<SignatureAsk>,
}

/// What is to be signed, and by which passkeys.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatementShape {
    /// The statement.
    #[schema(value_type = Object)]
    pub(crate) statement: Json,
    /// Joined to the content whose hash the statement bears, base64.
    pub(crate) salt: String,
    /// The challenge, base64url without padding.
    pub(crate) challenge: String,
}

/// What was done.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct DoneShape {
    /// The record.
    pub(crate) record: String,
    /// The first entry of it in the ledger.
    pub(crate) first_entry: String,
    /// One past the last.
    pub(crate) end_entry: String,
}

/// Something that was made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MadeShape {
    /// Its id.
    pub(crate) id: String,
}

/// The entries in which something was recorded.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EntriesShape {
    /// The first one.
    pub(crate) first_entry: String,
    /// One past the last.
    pub(crate) end_entry: String,
}

/// A stored file, to be spoken of by a field.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FileShape {
    /// Digest of the stored bytes.
    pub(crate) digest: String,
    /// Bytes in clear; a text, as in the field that will speak of it.
    #[schema(pattern = "^(0|[1-9][0-9]*)$")]
    pub(crate) size: String,
    /// What it is, by its bytes.
    pub(crate) kind: String,
    /// Its name.
    pub(crate) name: String,
}

impl From<&Label> for Text {
    fn from(label: &Label) -> Self {
        Self { zh: label.zh().to_owned(), en: label.en().to_owned() }
    }
}

impl From<Told> for Text {
    fn from(told: Told) -> Self {
        Self { zh: told.zh, en: told.en }
    }
}

impl MadeShape {
    /// As it is answered.
    pub(crate) fn text(id: impl ToString) -> Result<String, PageError> {
        serde_json::to_string(&Self { id: id.to_string() }).map_err(PageError::failed)
    }
}

impl EntriesShape {
    /// As it is answered.
    pub(crate) fn text(done: &Done) -> Result<String, PageError> {
        let (first_entry, end_entry) = (done.entries.start.to_string(), done.entries.end.to_string());
        serde_json::to_string(&Self { first_entry, end_entry }).map_err(PageError::failed)
    }
}

impl RecordShape {
    /// Of a case with its title.
    pub(crate) fn of(case: &Case, title: Told) -> Self {
        let values = |content: &casework::Content| {
            content.0.iter().map(|(field, value)| (field.to_string(), value.clone())).collect()
        };
        Self {
            id: case.record.to_string(),
            register: case.register.to_string(),
            version: case.version,
            number: case.number.clone(),
            title: title.into(),
            state: case.state.to_string(),
            ending: case
                .ending
                .and_then(|ending| serde_json::to_value(ending).ok()?.as_str().map(str::to_owned)),
            grade: case.grade.to_string(),
            unit: case.unit.to_string(),
            opened_by: case.opened_by.map(|person| person.to_string()),
            opened_at: case.opened_at.to_string(),
            occurred_at: case.occurred_at.to_string(),
            closed_at: case.closed_at.map(|at| at.to_string()),
            revision: case.revision,
            content: values(&case.content),
            reckoned: values(&case.reckoned),
            bound: case
                .bound
                .map(|bound| BoundShape { entry: bound.entry.0.to_string(), hash: bound.hash.0.to_string() }),
        }
    }

    /// As a list gives it: nothing sealed is in one.
    pub(crate) fn in_list(mut self, register: Option<&Register>) -> Self {
        let field = |id: &str| register.and_then(|register| register.field(id));
        let listed = |id: &String, _: &mut Json| field(id).is_some_and(|field| !field.sealed);
        self.content.retain(listed);
        self.reckoned.retain(listed);
        self
    }
}

impl RegisterWhole {
    /// As the pack has it.
    pub(crate) fn of(register: &Register) -> Self {
        let state = |state: &regulation::State| StateShape {
            id: state.id.to_string(),
            label: (&state.label).into(),
            end: state.end.is_some(),
        };
        let step = |step: &regulation::Step| StepShape {
            id: step.id.to_string(),
            label: (&step.label).into(),
            opens: step.opens(),
            from: step.from.iter().map(ToString::to_string).collect(),
            outcomes: step.outcomes.iter().map(|(outcome, _)| outcome.word().to_owned()).collect(),
        };
        Self {
            id: register.id.to_string(),
            label: (&register.label).into(),
            clauses: register.clauses.iter().map(ToString::to_string).collect(),
            fields: register.fields.iter().map(FieldShape::of).collect(),
            states: register.flow.states.iter().map(state).collect(),
            steps: register.flow.steps.iter().map(step).collect(),
        }
    }
}

impl FieldShape {
    fn of(field: &Field) -> Self {
        let options = match &field.kind {
            Kind::Choice { options, .. } => options.iter().map(|one| one.id.to_string()).collect(),
            _ => Vec::new(),
        };
        Self {
            id: field.id.to_string(),
            label: (&field.label).into(),
            kind: field.kind.word().to_owned(),
            options,
            sealed: field.sealed,
        }
    }
}

impl OfferShape {
    /// Of what is offered.
    pub(crate) fn of(offer: &Offered) -> Self {
        Self {
            step: offer.step.to_string(),
            outcomes: offer.outcomes.iter().map(|outcome| outcome.word().to_owned()).collect(),
            principal: offer.stance.principal.map(|person| person.to_string()),
            signature: evidence(offer.least).to_owned(),
        }
    }
}

/// A grade of evidence, as the API spells it.
const fn evidence(least: model::Evidence) -> &'static str {
    match least {
        model::Evidence::None => "none",
        model::Evidence::Otp => "otp",
        model::Evidence::Passkey => "passkey",
    }
}
