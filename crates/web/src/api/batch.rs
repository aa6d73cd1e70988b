//! Several signed at once: one answer of the owner's authenticator signs the root of all their statements, or one code
//! vouches for each.
//!
//! Invariant: each is decided by the desk on its own; one that is refused takes no other with it.
//! Source: `docs/format.md` §7, "batch".

use super::act::{acting, done_shape, taking, to_sign};
use super::once::Once;
use super::sent;
use super::shape::{Acting, DoneShape, TakeAsk, Text};
use super::spelling::{members, whole};
use super::{unfit, unread};
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::given;
use crate::reading;
use crate::signing::{MOST, check_code, places, vouched};
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use casework::Command;
use data_encoding::{BASE64, BASE64URL_NOPAD};
use desk::{Asker, Order, Receipt, ToSign};
use model::{Evidence, Person, RecordId, Told};
use proof::hash::Hash;
use proof::signature::{Evidence as Carried, Passkey, batch_challenge};
use regulation::{Outcome, StepId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use utoipa::ToSchema;

/// Steps that are to be signed at once.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BatchStateAsk {
    /// The steps, each of another record, 50 at most.
    #[schema(min_items = 1, max_items = 50)]
    steps: Vec<BatchStep>,
}

/// A step of one record that asks nothing.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BatchStep {
    /// The record.
    #[schema(pattern = "^r_[a-z2-7]{25}[aeimquy4]$")]
    record: String,
    /// The step.
    #[schema(pattern = "^[a-z][a-z0-9_]{0,39}$")]
    step: String,
    /// The revision of the record it was decided on.
    #[serde(deserialize_with = "whole")]
    #[schema(maximum = 4_294_967_295_u32)]
    seen: u32,
    /// The outcome.
    #[schema(pattern = "^(approve|done|refuse|return|take_back)$", example = "approve")]
    outcome: String,
    /// Why.
    #[serde(default)]
    reason: Option<String>,
    /// In whose name.
    #[serde(default, rename = "as", deserialize_with = "members")]
    acting: Acting,
}

/// Steps that are signed at once.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BatchAsk {
    /// The steps, in the order of their statements.
    #[schema(min_items = 1, max_items = 50)]
    steps: Vec<BatchStep>,
    /// What signs all of them.
    signature: BatchSignatureAsk,
}

/// What signs several steps.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) enum BatchSignatureAsk {
    /// A one-time code of the token's owner: *vouched by the server*.
    Otp(String),
    /// An assertion over the root of all statements: *signed by the person*.
    Passkey(#[serde(deserialize_with = "members")] Box<BatchPasskeyAsk>),
}

/// An assertion over the root of statements.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BatchPasskeyAsk {
    /// The statements as they were given, with their salts; of every step there is one.
    statements: Vec<GivenAsk>,
    /// The answer of the authenticator: `authenticator_data`, `client_data`, `credential`, `signature`.
    #[schema(value_type = Object)]
    assertion: Json,
}

/// A statement as it was given.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GivenAsk {
    /// The statement.
    #[schema(value_type = Object)]
    statement: Json,
    /// The salt, base64.
    #[schema(pattern = "^[A-Za-z0-9+/]{21}[AQgw]==$")]
    salt: String,
}

/// What would be signed at once.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BatchStatements {
    /// What of each step; those that are refused are not among what is signed.
    steps: Vec<BatchStatement>,
    /// The challenge over the root of all statements, base64url without padding; null where there is none.
    challenge: Option<String>,
}

/// What would be signed of one step.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BatchStatement {
    /// The record.
    record: String,
    /// The statement; null where it cannot be signed.
    #[schema(value_type = Option<Object>)]
    statement: Option<Json>,
    /// The salt, base64.
    salt: Option<String>,
    /// Why it cannot.
    refused: Option<Text>,
}

/// What came of steps.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BatchDone {
    /// Of each, in order.
    steps: Vec<BatchCame>,
}

/// What came of one step.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BatchCame {
    /// The record.
    record: String,
    /// What was done; null where it was refused.
    done: Option<DoneShape>,
    /// Why it was refused.
    refused: Option<Text>,
}

/// What the owner would sign to take several steps at once.
#[utoipa::path(post, path = "/api/v1/batches/statements", tag = "filing",
    request_body = BatchStateAsk, responses((status = 200, body = BatchStatements)))]
pub(super) async fn state(cx: Cx, body: Bytes) -> PageResult {
    cx.run(move |cx| {
        let steps = read(cx, sent::<BatchStateAsk>(&body)?.steps)?;
        let (mut leaves, mut stated) = (Vec::new(), Vec::new());
        for (record, step) in steps {
            let statement = step.command(cx, record).and_then(|(actor, command)| {
                to_sign(cx, &actor, &command, Evidence::Passkey)?.ok_or_else(unsigned)
            });
            let record = record.to_string();
            stated.push(match statement {
                Ok(ToSign { statement, salt }) => {
                    leaves.push(leaf(&statement)?);
                    let statement = serde_json::to_value(&statement).map_err(PageError::failed)?;
                    let salt = BASE64.encode(&salt);
                    BatchStatement { record, statement: Some(statement), salt: Some(salt), refused: None }
                }
                Err(error) => {
                    BatchStatement { record, statement: None, salt: None, refused: Some(told(cx, error)?) }
                }
            });
        }
        let challenge = (!leaves.is_empty()).then(|| BASE64URL_NOPAD.encode(&batch_challenge(&leaves)));
        given::json(StatusCode::OK, &BatchStatements { steps: stated, challenge })
    })
    .await
}

/// Takes several steps with one signature; each is done or refused on its own.
#[utoipa::path(post, path = "/api/v1/batches", tag = "filing",
    params(("Idempotency-Key" = String, Header, description = "8 to 128 visible characters; the same when sent again")),
    request_body = BatchAsk, responses((status = 200, body = BatchDone)))]
pub(super) async fn sign(cx: Cx, headers: HeaderMap, body: Bytes) -> PageResult {
    cx.run(move |cx| {
        let once = Once::of(cx, &headers, &body)?;
        once.or(cx, StatusCode::OK, || {
            let BatchAsk { steps, signature } = sent(&body)?;
            let steps = read(cx, steps)?;
            let signed = match signature {
                BatchSignatureAsk::Otp(code) => {
                    check_code(cx, &code).map_err(PageError::Refused)?;
                    steps.iter().map(|_| None).collect()
                }
                BatchSignatureAsk::Passkey(ask) => by_one_key(&ask, steps.len())?,
            };
            // Handed in together they share commits; each is waited for then.
            let each = steps.into_iter().zip(signed);
            let handed: Vec<_> =
                each.map(|((record, step), signed)| (record, step.hand_in(cx, record, signed))).collect();
            let came = handed.into_iter().map(|(record, handed)| {
                let done = handed.and_then(|receipt| Ok(done_shape(&receipt.wait()?)));
                let (done, refused) = match done {
                    Ok(done) => (Some(done), None),
                    Err(error) => (None, Some(told(cx, error)?)),
                };
                Ok(BatchCame { record: record.to_string(), done, refused })
            });
            let came = BatchDone { steps: came.collect::<Result<_, PageError>>()? };
            serde_json::to_string(&came).map_err(PageError::failed)
        })
    })
    .await
}

/// The steps with their records; that graded ones are looked at is entered.
fn read(cx: &Cx, steps: Vec<BatchStep>) -> Result<Vec<(RecordId, BatchStep)>, PageError> {
    if steps.is_empty() || steps.len() > MOST {
        return Err(unread("steps", "一次 1 至 50 件", "from 1 to 50 at once"));
    }
    let record = |step: BatchStep| {
        let unspelled = |what| unread(what, "格式不符", "not spelled as described");
        step.step.parse::<StepId>().map_err(|_| unspelled("step"))?;
        Outcome::from_word(&step.outcome).ok_or_else(|| unspelled("outcome"))?;
        acting(&step.acting)?;
        Ok((step.record.parse().map_err(|_| unspelled("record"))?, step))
    };
    let steps: Vec<(RecordId, BatchStep)> =
        steps.into_iter().map(record).collect::<Result<_, PageError>>()?;
    let mut records: Vec<RecordId> = steps.iter().map(|(record, _)| *record).collect();
    records.sort_unstable();
    records.dedup();
    if records.len() != steps.len() {
        return Err(unfit("steps", "同一紀錄僅能列一次", "each record stands once"));
    }
    reading::note(cx, &records)?;
    Ok(steps)
}

/// The one answer, with the place among the statements, for each.
fn by_one_key(ask: &BatchPasskeyAsk, steps: usize) -> Result<Vec<Option<(ToSign, Carried)>>, PageError> {
    if ask.statements.len() != steps {
        return Err(unfit("statements", "須與步驟一一對應", "there is one of every step"));
    }
    let of = |what: &'static str| {
        move |error: serde_json::Error| unfit(what, &error.to_string(), &error.to_string())
    };
    let given = |given: &GivenAsk| -> Result<ToSign, PageError> {
        let statement = serde_json::from_value(given.statement.clone()).map_err(of("statement"))?;
        let salt = BASE64.decode(given.salt.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
        let salt = salt.ok_or_else(|| unread("salt", "須為 16 位元組之 base64", "not 16 bytes in base64"))?;
        Ok(ToSign { statement, salt })
    };
    let passkey: Passkey = serde_json::from_value(ask.assertion.clone()).map_err(of("assertion"))?;
    let given = ask.statements.iter().map(given).collect::<Result<Vec<ToSign>, _>>()?;
    let leaves = given.iter().map(|one| leaf(&one.statement)).collect::<Result<Vec<Hash>, _>>()?;
    let signed = given.into_iter().zip(places(&leaves)).map(|(one, place)| {
        Some((one, Carried::Passkey(Box::new(Passkey { batch: Some(place), ..passkey.clone() }))))
    });
    Ok(signed.collect())
}

impl BatchStep {
    fn command(&self, cx: &Cx, record: RecordId) -> Result<(Person, Command), PageError> {
        let ask = TakeAsk {
            seen: self.seen,
            outcome: self.outcome.clone(),
            reason: self.reason.clone(),
            fill: Map::new(),
            occurred_at: None,
            late_reason: None,
            acting: self.acting.clone(),
            signature: None,
        };
        taking(cx, record, &self.step, &ask)
    }

    /// Hands the desk it, signed by the person, or vouched for where nothing else is given.
    fn hand_in(
        &self,
        cx: &Cx,
        record: RecordId,
        signed: Option<(ToSign, Carried)>,
    ) -> Result<Receipt, PageError> {
        let (actor, command) = self.command(cx, record)?;
        let (statement, carried) = match signed {
            Some(signed) => signed,
            None => (to_sign(cx, &actor, &command, Evidence::Otp)?.ok_or_else(unsigned)?, vouched()),
        };
        let command = statement.sign(command, carried);
        Ok(cx.site.desk().submit(Asker::Person(actor), Order::Casework(command)))
    }
}

fn leaf(statement: &proof::signature::Statement) -> Result<Hash, PageError> {
    statement.leaf().map_err(PageError::failed)
}

fn unsigned() -> PageError {
    PageError::Refused(Told::new("此步驟無須簽署", "This step takes no signature"))
}

/// Why one was refused; what was denied for want of a right is entered. What fails of ours is no refusal, and ends all.
fn told(cx: &Cx, error: PageError) -> Result<Text, PageError> {
    let nowhere = || Told::new("查無此紀錄或步驟", "There is no such record or step");
    let told = match error {
        PageError::Denied(denial, told) => {
            reading::deny(cx, denial);
            told
        }
        PageError::Hidden(denial) => {
            reading::deny(cx, denial);
            nowhere()
        }
        PageError::NotFound => nowhere(),
        PageError::Forbidden(told)
        | PageError::Refused(told)
        | PageError::Stale(told)
        | PageError::Unavailable(told)
        | PageError::Unread(told) => told,
        error => return Err(error),
    };
    Ok(told.into())
}
