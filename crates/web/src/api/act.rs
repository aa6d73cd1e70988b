//! What applications do: open records, take steps, hand in files, read notices; and what their owners would sign for it.

use super::once::Once;
use super::read::known;
use super::shape::{
    Acting, DoneShape, FileShape, Octets, OpenAsk, PasskeyAsk, SignatureAsk, StatementShape, TakeAsk,
};
use super::{named, sent, unfit, unread};
use crate::acting::{Stance, stances};
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::given;
use crate::look::Look;
use crate::notices;
use crate::query::Query;
use crate::reading;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use casework::{Command, EntryNumber};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use desk::{About, Asker, Done, Keeping, Order, ToSign};
use model::{Evidence, Instant, Person, PersonId, RecordId, Told, UnitId};
use proof::signature::{Evidence as Carried, Factor, Otp, Passkey, challenge};
use regulation::{FieldId, Outcome, Register, RoleId, StepId};
use serde_json::{Map, Value as Json};

/// Opens a record.
#[utoipa::path(post, path = "/api/v1/registers/{register}/records", tag = "filing",
    params(("register" = String, Path, description = "its id"),
        ("Idempotency-Key" = String, Header, description = "8 to 128 visible characters; the same when sent again")),
    request_body = OpenAsk, responses((status = 201, body = DoneShape)))]
pub(super) async fn open(
    cx: Cx,
    Path(register): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> PageResult {
    cx.run(move |cx| {
        let once = Once::of(cx, &headers, &body)?;
        let mut response = match once.before(cx)? {
            Some(before) => before,
            None => opened(cx, &once, &register, &body)?,
        };
        let place = HeaderValue::from_str(&format!("/api/v1/records/{}", once.record()));
        response.headers_mut().extend(place.ok().map(|place| (header::LOCATION, place)));
        Ok(response)
    })
    .await
}

fn opened(cx: &Cx, once: &Once, register: &str, body: &Bytes) -> PageResult {
    let register = filing(cx, register)?;
    let ask: OpenAsk = sent(body)?;
    let record = once.record();
    // Opened before under this key, and cut off before that was noted.
    if let Some(case) = cx.site.desk().case(record)? {
        let range = case.bound.map_or(0, |bound| bound.entry.0);
        let shape = done(&Done { entries: range..range + 1, record: Some(record) })?;
        return once.answered(cx, StatusCode::CREATED, shape);
    }
    let (actor, command) = opening(cx, register, &ask, record)?;
    let command = signed(cx, &actor, command, ask.signature.as_ref())?;
    let told = cx.site.desk().ask(Asker::Person(actor), Order::Casework(command))?;
    once.answered(cx, StatusCode::CREATED, done(&told)?)
}

/// Takes a step on a record, or signs it as one of several.
#[utoipa::path(post, path = "/api/v1/records/{record}/steps/{step}", tag = "filing",
    params(("record" = String, Path, description = "its id"), ("step" = String, Path, description = "the step"),
        ("Idempotency-Key" = String, Header, description = "8 to 128 visible characters; the same when sent again")),
    request_body = TakeAsk, responses((status = 200, body = DoneShape)))]
pub(super) async fn take(
    cx: Cx,
    Path((record, step)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> PageResult {
    let record = named(&record)?;
    cx.run(move |cx| {
        let once = Once::of(cx, &headers, &body)?;
        if let Some(before) = once.before(cx)? {
            return Ok(before);
        }
        let ask: TakeAsk = sent(&body)?;
        let (actor, command) = taking(cx, record, &step, &ask)?;
        let command = signed(cx, &actor, command, ask.signature.as_ref())?;
        let told = cx.site.desk().ask(Asker::Person(actor), Order::Casework(command))?;
        once.answered(cx, StatusCode::OK, done(&told)?)
    })
    .await
}

/// What the owner would sign to open a record. The body is that of the opening; its signature is left out.
#[utoipa::path(post, path = "/api/v1/registers/{register}/statements", tag = "filing",
    params(("register" = String, Path, description = "its id"),
        ("Idempotency-Key" = String, Header, description = "the key under which the record will be opened")),
    request_body = OpenAsk, responses((status = 200, body = StatementShape)))]
pub(super) async fn state_opening(
    cx: Cx,
    Path(register): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> PageResult {
    cx.run(move |cx| {
        let register = filing(cx, &register)?;
        let record = Once::of(cx, &headers, &body)?.record();
        let ask: OpenAsk = sent(&body)?;
        let (actor, command) = opening(cx, register, &ask, record)?;
        statement(cx, &actor, &command)
    })
    .await
}

/// What the owner would sign to take a step. The body is that of the step; its signature is left out.
#[utoipa::path(post, path = "/api/v1/records/{record}/steps/{step}/statements", tag = "filing",
    params(("record" = String, Path, description = "its id"), ("step" = String, Path, description = "the step")),
    request_body = TakeAsk, responses((status = 200, body = StatementShape)))]
pub(super) async fn state_step(
    cx: Cx,
    Path((record, step)): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let record = named(&record)?;
    cx.run(move |cx| {
        let ask: TakeAsk = sent(&body)?;
        let (actor, command) = taking(cx, record, &step, &ask)?;
        statement(cx, &actor, &command)
    })
    .await
}

/// Hands in a file; what is given back is put into a field of a record. The body is the file itself.
#[utoipa::path(post, path = "/api/v1/files", tag = "filing",
    params(("name" = String, Query, description = "its name, with its ending"),
        ("sealed" = Option<String>, Query, description = "`true` for a sealed field")),
    request_body(content = Octets, content_type = "application/octet-stream"),
    responses((status = 201, body = FileShape)))]
pub(super) async fn file(cx: Cx, query: Query, body: Bytes) -> PageResult {
    cx.run(move |cx| {
        if cx.scope()?.file.is_empty() {
            return Err(PageError::hidden("files", About::Oneself));
        }
        let name = query.one("name").unwrap_or_default();
        let keeping = if query.has("sealed", "true") { Keeping::Sealed } else { Keeping::Clear };
        let stored = cx.hand_in(name, &body, keeping).map_err(PageError::Refused)?;
        let (digest, size) = (stored.digest, stored.size.to_string());
        let shape = FileShape { digest, size, kind: stored.kind, name: name.to_owned() };
        given::json(StatusCode::CREATED, &shape)
    })
    .await
}

/// Marks a notice as read.
#[utoipa::path(post, path = "/api/v1/notices/{entry}/read", tag = "notices",
    params(("entry" = String, Path, description = "the notice's entry")),
    responses((status = 200, body = DoneShape)))]
pub(super) async fn read_notice(cx: Cx, Path(entry): Path<String>) -> PageResult {
    let entry = EntryNumber(named(&entry)?);
    cx.run(move |cx| {
        cx.look(|look| cx.readable(look, notices::record_of(look, entry)?).map(drop))?;
        let actor = crate::reading::reader(cx)?;
        let told = cx.site.desk().ask(Asker::Person(actor), Order::ReadNotice(entry))?;
        Ok(given::written(StatusCode::OK, done(&told)?))
    })
    .await
}

/// A register in which the application files.
fn filing<'a>(cx: &'a Cx, id: &str) -> Result<&'a Register, PageError> {
    let register = known(cx, id)?;
    let files = cx.scope()?.files(&register.id);
    if files { Ok(register) } else { Err(PageError::hidden(format!("{}.file", register.id), About::Oneself)) }
}

pub(super) fn done(told: &Done) -> Result<String, PageError> {
    serde_json::to_string(&done_shape(told)).map_err(PageError::failed)
}

/// What was done.
pub(super) fn done_shape(told: &Done) -> DoneShape {
    DoneShape {
        record: told.record.map(|record| record.to_string()).unwrap_or_default(),
        first_entry: told.entries.start.to_string(),
        end_entry: told.entries.end.to_string(),
    }
}

/// The command that opens a record, and who gives it.
fn opening(
    cx: &Cx,
    register: &Register,
    ask: &OpenAsk,
    record: RecordId,
) -> Result<(Person, Command), PageError> {
    let mut opens = register.flow.steps.iter().filter(|step| step.opens());
    let step = match &ask.step {
        Some(id) => opens.find(|step| step.id == *id.as_str()),
        None => opens.next(),
    };
    let step =
        step.ok_or_else(|| unfit("step", "此登記簿無此開案步驟", "no opening step of the register"))?;
    let command = Command::Open {
        record,
        register: register.id.clone(),
        step: step.id.clone(),
        fill: fill(register, &ask.fill)?,
        occurred_at: ask.occurred_at.as_deref().map(moment).transpose()?,
        late_reason: ask.late_reason.clone(),
        signed: None,
    };
    let home = cx.roster()?.here(cx.person()).map(|person| person.home).ok_or(PageError::SignedOut)?;
    let actor = actor(cx, &ask.acting, home, &command)?;
    Ok((actor, command))
}

/// The command that takes a step, and who gives it.
pub(super) fn taking(
    cx: &Cx,
    record: RecordId,
    step: &str,
    ask: &TakeAsk,
) -> Result<(Person, Command), PageError> {
    let (unit, command) = cx.look(|look| {
        let case = cx.readable(look, record)?;
        if !cx.scope()?.files(&case.register) {
            return Err(PageError::hidden(step, About::Record(record)));
        }
        let register = look.register(&case).ok_or(PageError::NotFound)?;
        let step: StepId = named(step)?;
        let outcome = Outcome::from_word(&ask.outcome)
            .ok_or_else(|| unread("outcome", "無此結果", "none of the outcomes there are"))?;
        let command = Command::Take {
            record,
            seen: ask.seen,
            step,
            outcome,
            reason: ask.reason.clone(),
            fill: fill(register, &ask.fill)?,
            occurred_at: ask.occurred_at.as_deref().map(moment).transpose()?,
            late_reason: ask.late_reason.clone(),
            signed: None,
        };
        Ok((case.unit, command))
    })?;
    let actor = actor(cx, &ask.acting, unit, &command)?;
    Ok((actor, command))
}

/// The role and the person acted for, as far as they are said.
pub(super) fn acting(ask: &Acting) -> Result<(Option<RoleId>, Option<PersonId>), PageError> {
    let role = ask.role.as_deref().map(|text| spelled("role", text)).transpose()?;
    Ok((role, ask.principal.as_deref().map(|text| spelled("for", text)).transpose()?))
}

/// Who acts: in the role that is asked for, else in the first in which the command would be accepted.
fn actor(cx: &Cx, ask: &Acting, unit: UnitId, command: &Command) -> Result<Person, PageError> {
    let (role, principal) = acting(ask)?;
    let stances = cx.look(|look: &Look<'_>| Ok(stances(look.cx, &look.roster)))?;
    let asked =
        |one: &Stance| one.principal == principal && role.as_ref().is_none_or(|role| one.role == *role);
    let mut actors = stances.iter().filter(|one| asked(one)).map(|one| one.actor(cx, unit)).peekable();
    let first = actors.peek().cloned().ok_or_else(|| {
        PageError::Denied(
            reading::wanted(command),
            Told::new("您目前無此角色", "This is no role of yours at present"),
        )
    })?;
    let accepted = |actor: &Person| cx.site.desk().rehearse(actor.clone(), command.clone()).is_ok();
    // Where none is accepted, the desk says why of the first.
    Ok(actors.find(accepted).unwrap_or(first))
}

fn fill(register: &Register, sent: &Map<String, Json>) -> Result<casework::Fill, PageError> {
    let field = |(id, value): (&String, &Json)| match register.field(id) {
        Some(field) => Ok((field.id.clone(), value.clone())),
        None => Err(unfit(id, "此登記簿無此欄位", "no field of the register")),
    };
    sent.iter().map(field).collect::<Result<std::collections::BTreeMap<FieldId, Json>, _>>()
}

fn spelled<T: std::str::FromStr>(what: &str, text: &str) -> Result<T, PageError> {
    text.parse().map_err(|_| unread(what, "格式不符", "not spelled as described"))
}

pub(super) fn moment(text: &str) -> Result<Instant, PageError> {
    text.parse().map_err(|_| {
        unfit(
            text,
            "時間格式不符，例：2026-03-02T01:02:03.000000Z",
            "no moment such as 2026-03-02T01:02:03.000000Z",
        )
    })
}

/// The command with its signature, where one was sent.
fn signed(
    cx: &Cx,
    actor: &Person,
    command: Command,
    signature: Option<&SignatureAsk>,
) -> Result<Command, PageError> {
    match signature {
        None => Ok(command),
        Some(SignatureAsk::Otp(code)) => {
            let Some(to_sign) = to_sign(cx, actor, &command, Evidence::Otp)? else { return Ok(command) };
            let good = cx.site.codes().verify_otp(cx.person(), code, cx.now()).map_err(PageError::Refused)?;
            if !good {
                return Err(PageError::Refused(Told::new("驗證碼不符", "The code is wrong")));
            }
            Ok(to_sign.sign(command, Carried::Otp(Otp { factor: Factor::Totp })))
        }
        Some(SignatureAsk::Passkey(ask)) => {
            let (to_sign, passkey) = asserted(ask)?;
            Ok(to_sign.sign(command, Carried::Passkey(Box::new(passkey))))
        }
    }
}

/// A statement that was given before, with the assertion over it. The desk compares it with what is really recorded.
fn asserted(ask: &PasskeyAsk) -> Result<(ToSign, Passkey), PageError> {
    let of = |what: &'static str| {
        move |error: serde_json::Error| unfit(what, &error.to_string(), &error.to_string())
    };
    let statement = serde_json::from_value(ask.statement.clone()).map_err(of("statement"))?;
    let passkey = serde_json::from_value(ask.assertion.clone()).map_err(of("assertion"))?;
    let salt = BASE64.decode(ask.salt.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
    let salt = salt.ok_or_else(|| unread("salt", "須為 16 位元組之 base64", "not 16 bytes in base64"))?;
    Ok((ToSign { statement, salt }, passkey))
}

/// What would be signed for a command; none where nothing is.
pub(super) fn to_sign(
    cx: &Cx,
    actor: &Person,
    command: &Command,
    evidence: Evidence,
) -> Result<Option<ToSign>, PageError> {
    cx.site.desk().to_sign(actor, command, evidence).map_err(|refused| {
        reading::deny_rehearsed(cx, command, &refused);
        refused.into()
    })
}

fn statement(cx: &Cx, actor: &Person, command: &Command) -> PageResult {
    let to_sign = to_sign(cx, actor, command, Evidence::Passkey)?
        .ok_or_else(|| PageError::Refused(Told::new("此步驟無須簽署", "This step takes no signature")))?;
    let challenge = challenge(&to_sign.statement).map_err(PageError::failed)?;
    let shape = StatementShape {
        statement: serde_json::to_value(&to_sign.statement).map_err(PageError::failed)?,
        salt: BASE64.encode(&to_sign.salt),
        challenge: BASE64URL_NOPAD.encode(&challenge),
    };
    given::json(StatusCode::OK, &shape)
}
