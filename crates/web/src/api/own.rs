//! What is the owner's: their turns; and, for tokens with the right `account`, drafts, factors, sessions and tokens.
//!
//! Nothing here makes a session, a factor or a token: whoever holds a token must not be able to stay.

use super::named;
use super::people::EndedShape;
use super::sent;
use super::shape::Text;
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::given;
use crate::look::Look;
use crate::query::Query;
use crate::work::{Turn, Turns, turns};
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::StatusCode;
use model::{Instant, RecordId, SessionId, TokenId};
use regulation::RegisterId;
use serde::{Deserialize, Serialize};
use signin::{Ended, SessionSeen, TokenSeen};
use std::collections::{BTreeMap, BTreeSet};
use store::Draft;
use utoipa::ToSchema;

/// What waits for the owner.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Work {
    /// The steps, the earliest due first.
    turns: Vec<TurnShape>,
    /// Were there more records than are looked through?
    cut: bool,
}

/// A step that waits for the owner.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TurnShape {
    /// The record.
    record: String,
    /// Its register.
    register: String,
    /// Its title.
    title: Text,
    /// The step.
    step: String,
    /// The outcomes that are open.
    outcomes: Vec<String>,
    /// The person it would be taken for, where that is another.
    #[serde(rename = "for")]
    principal: Option<String>,
    /// Is it signed, or decided?
    signs: bool,
    /// Does it ask nothing, so that several may be signed at once?
    plain: bool,
    /// Does it prove a duty that is due today?
    on_duty: bool,
    /// When it is due.
    due: Option<String>,
    /// Is that over?
    over: bool,
}

/// A draft of a form.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DraftShape {
    /// The form, by the path of its page.
    form: String,
    /// The record whose step it is; null where it would open one.
    record: Option<String>,
    /// When it was kept.
    kept_at: String,
    /// What was filled in, as its page sends it; answers to sealed fields are never kept.
    #[schema(value_type = Object)]
    answers: BTreeMap<String, Vec<String>>,
}

/// Which draft.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ForgetAsk {
    /// The form, by the path of its page.
    form: String,
}

/// The owner's account: which factors there are, and since when.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AccountWhole {
    /// The owner.
    person: String,
    /// When the password was set.
    password_at: Option<String>,
    /// When one-time codes were set up, or last used.
    otp_at: Option<String>,
    /// Passkeys.
    passkeys: Vec<PasskeyShape>,
    /// Recovery codes that are left.
    recovery_left: usize,
}

/// A passkey.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PasskeyShape {
    /// When it was added.
    added_at: String,
    /// When it was last used to sign in.
    used_at: Option<String>,
}

/// A session of the owner's.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SessionShape {
    /// Its id.
    id: String,
    /// When it was opened.
    opened_at: String,
    /// When something was last asked for in it, to a minute.
    seen_at: String,
    /// The terminal.
    terminal: Option<String>,
    /// The address it was opened from.
    address: Option<String>,
    /// What the browser called itself.
    agent: Option<String>,
    /// What was shown: `otp`, `passkey`, `password`, `recovery`.
    factors: Vec<String>,
    /// When it ended; null while it is open.
    ended_at: Option<String>,
    /// Why, in one word.
    ended: Option<String>,
}

/// A token of the owner's.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TokenShape {
    /// Its id.
    id: String,
    /// What it is for.
    name: String,
    /// Registers it reads.
    read: Vec<String>,
    /// Registers it files in.
    file: Vec<String>,
    /// Its rights beside.
    rights: Vec<&'static str>,
    /// It does not count from this moment on.
    expires_at: String,
    /// When it was last used, to a few minutes.
    used_at: Option<String>,
    /// When it was revoked.
    revoked_at: Option<String>,
}

/// What waits for the owner in the registers of the scope.
#[utoipa::path(get, path = "/api/v1/work", tag = "own",
    responses((status = 200, body = Work)))]
pub(super) async fn work(cx: Cx) -> PageResult {
    cx.run(|cx| {
        let work = cx.look(|look| {
            let (Turns { all, cut }, scope) = (turns(look)?, cx.scope()?);
            let within = all.iter().filter(|turn| scope.reads(&turn.case.register));
            Ok(Work { turns: within.map(|turn| TurnShape::of(look, turn)).collect::<Result<_, _>>()?, cut })
        })?;
        given::json(StatusCode::OK, &work)
    })
    .await
}

/// Drafts of the owner's, of forms within the scope.
#[utoipa::path(get, path = "/api/v1/drafts", tag = "own",
    responses((status = 200, body = [DraftShape])))]
pub(super) async fn drafts(cx: Cx) -> PageResult {
    cx.run(|cx| {
        let drafts: Vec<DraftShape> = cx.look(|look| {
            let drafts = look.sql(|sql| sql.drafts(cx.person()))?;
            Ok(drafts.iter().filter(|draft| within(look, draft)).map(DraftShape::of).collect())
        })?;
        given::json(StatusCode::OK, &drafts)
    })
    .await
}

/// Forgets a draft.
#[utoipa::path(post, path = "/api/v1/drafts/forget", tag = "own",
    request_body = ForgetAsk, responses((status = 200, body = EndedShape)))]
pub(super) async fn forget(cx: Cx, body: Bytes) -> PageResult {
    cx.run(move |cx| {
        let ForgetAsk { form } = sent(&body)?;
        let there = cx.look(|look| {
            let draft = look.sql(|sql| sql.draft(cx.person(), &form))?;
            Ok(draft.is_some_and(|draft| within(look, &draft)))
        })?;
        if !there {
            return Err(PageError::NotFound);
        }
        cx.site.desk().forget_draft(cx.person(), &form)?;
        given::json(StatusCode::OK, &EndedShape { ended: 1 })
    })
    .await
}

/// The owner's factors. What they are is nobody's to read.
#[utoipa::path(get, path = "/api/v1/account", tag = "own",
    responses((status = 200, body = AccountWhole)))]
pub(super) async fn account(cx: Cx) -> PageResult {
    cx.run(|cx| {
        let factors = cx.site.door().factors(cx.person())?;
        let passkey = |key: &signin::PasskeySeen| PasskeyShape {
            added_at: key.added_at.to_string(),
            used_at: key.used_at.map(text),
        };
        let whole = AccountWhole {
            person: cx.person().to_string(),
            password_at: factors.password_at.map(text),
            otp_at: factors.otp_at.map(text),
            passkeys: factors.passkeys.iter().map(passkey).collect(),
            recovery_left: factors.recovery_left,
        };
        given::json(StatusCode::OK, &whole)
    })
    .await
}

/// Sessions of the owner's, the newest first, those among them that have ended.
#[utoipa::path(get, path = "/api/v1/sessions", tag = "own",
    responses((status = 200, body = [SessionShape])))]
pub(super) async fn sessions(cx: Cx) -> PageResult {
    cx.run(|cx| {
        let sessions = cx.site.door().sessions_of(cx.person())?;
        given::json(StatusCode::OK, &sessions.iter().map(SessionShape::of).collect::<Result<Vec<_>, _>>()?)
    })
    .await
}

/// Ends a session of the owner's.
#[utoipa::path(post, path = "/api/v1/sessions/{session}/end", tag = "own",
    params(("session" = String, Path, description = "its id")),
    responses((status = 200, body = EndedShape)))]
pub(super) async fn end_session(cx: Cx, Path(session): Path<String>) -> PageResult {
    let session: SessionId = named(&session)?;
    cx.run(move |cx| {
        cx.site.door().end_one(cx.person(), session, cx.now())?;
        given::json(StatusCode::OK, &EndedShape { ended: 1 })
    })
    .await
}

/// Ends all sessions of the owner's.
#[utoipa::path(post, path = "/api/v1/sessions/end", tag = "own",
    responses((status = 200, body = EndedShape)))]
pub(super) async fn end_sessions(cx: Cx) -> PageResult {
    cx.run(|cx| {
        let ended = cx.site.door().end_all(cx.person(), None, Ended::Withdrawn, cx.now())?;
        given::json(StatusCode::OK, &EndedShape { ended })
    })
    .await
}

/// Tokens of the owner's.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "own",
    responses((status = 200, body = [TokenShape])))]
pub(super) async fn tokens(cx: Cx) -> PageResult {
    cx.run(|cx| {
        let tokens = cx.site.door().tokens(Some(cx.person()))?;
        given::json(StatusCode::OK, &tokens.iter().map(TokenShape::of).collect::<Vec<_>>())
    })
    .await
}

/// Revokes a token of the owner's; it may be the one that asks.
#[utoipa::path(post, path = "/api/v1/tokens/{token}/revoke", tag = "own",
    params(("token" = String, Path, description = "its id")),
    responses((status = 200, body = EndedShape)))]
pub(super) async fn revoke(cx: Cx, Path(token): Path<String>) -> PageResult {
    let token: TokenId = named(&token)?;
    cx.run(move |cx| {
        cx.site.door().revoke_token(cx.session(), token, cx.now())?;
        given::json(StatusCode::OK, &EndedShape { ended: 1 })
    })
    .await
}

/// Does a draft belong to a form within the scope?
fn within(look: &Look<'_>, draft: &Draft) -> bool {
    let mut parts = draft.form.split('/').filter(|part| !part.is_empty());
    match draft.record {
        Some(record) => look.sees(record),
        None => parts
            .nth(1)
            .and_then(|id| id.parse::<RegisterId>().ok())
            .is_some_and(|register| look.cx.scope.as_ref().is_some_and(|scope| scope.reads(&register))),
    }
}

fn text(at: Instant) -> String {
    at.to_string()
}

impl TurnShape {
    fn of(look: &Look<'_>, turn: &Turn) -> Result<Self, PageError> {
        let (case, offer) = (&turn.case, &turn.offer);
        Ok(Self {
            record: case.record.to_string(),
            register: case.register.to_string(),
            title: casework::title(look.around(), case, look)?.into(),
            step: offer.step.to_string(),
            outcomes: offer.outcomes.iter().map(|outcome| outcome.word().to_owned()).collect(),
            principal: offer.stance.principal.map(|person| person.to_string()),
            signs: turn.signs,
            plain: turn.plain,
            on_duty: turn.on_duty,
            due: turn.due.as_ref().map(|due| due.at.to_string()),
            over: turn.due.as_ref().is_some_and(|due| due.over),
        })
    }
}

impl DraftShape {
    fn of(draft: &Draft) -> Self {
        let mut answers: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in Query::parse(draft.pairs.as_bytes()).pairs() {
            answers.entry(name.to_owned()).or_default().push(value.to_owned());
        }
        Self {
            form: draft.form.clone(),
            record: draft.record.map(|record: RecordId| record.to_string()),
            kept_at: text(draft.kept_at),
            answers,
        }
    }
}

impl SessionShape {
    fn of(one: &SessionSeen) -> Result<Self, PageError> {
        Ok(Self {
            id: one.id.to_string(),
            opened_at: text(one.opened_at),
            seen_at: text(one.seen_at),
            terminal: one.terminal.map(|terminal| terminal.to_string()),
            address: one.address.clone(),
            agent: one.agent.clone(),
            factors: one.factors.iter().map(word).collect::<Result<_, _>>()?,
            ended_at: one.ended.map(|(at, _)| text(at)),
            ended: one.ended.map(|(_, why)| word(&why)).transpose()?,
        })
    }
}

impl TokenShape {
    pub(super) fn of(one: &TokenSeen) -> Self {
        let ids = |ids: &BTreeSet<RegisterId>| ids.iter().map(ToString::to_string).collect();
        Self {
            id: one.token.to_string(),
            name: one.asked.name.as_str().to_owned(),
            read: ids(&one.asked.read),
            file: ids(&one.asked.file),
            rights: one.asked.rights.iter().map(|right| right.word()).collect(),
            expires_at: text(one.asked.expires_at),
            used_at: one.used_at.map(text),
            revoked_at: one.revoked_at.map(text),
        }
    }
}

/// The word by which entries spell something.
fn word(value: &impl Serialize) -> Result<String, PageError> {
    let value = serde_json::to_value(value).map_err(PageError::failed)?;
    Ok(value.as_str().unwrap_or_default().to_owned())
}
