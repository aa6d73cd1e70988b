//! Signing: the statement somebody signs, with a passkey in the browser or with a one-time code; one record at a time, or
//! several at once.
//!
//! Invariants: the statement is made by the server from what would be recorded; whatever comes back is checked by the
//! desk, never here; the two grades are never called by one name.
//! Source: `docs/format.md` §7; Web Authentication Level 3; clause 26.2.1.

mod batch;

use crate::cx::Cx;
use crate::form::Posted;
use casework::Command;
use data_encoding::BASE64URL_NOPAD;
use desk::{Refused, ToSign};
use model::{Evidence, Person, Told};
use proof::signature::{Evidence as Carried, Factor, Otp, Passkey, Previous, Reason, Statement, challenge};

pub(crate) use batch::{MOST, ROUTES, Word, places};

/// What a page asks to be signed.
pub(crate) struct SignView {
    /// With a passkey.
    pub(crate) key: StatementView,
    /// With a one-time code; none where that is not enough.
    pub(crate) code: Option<StatementView>,
    /// What the browser is asked for.
    pub(crate) ask: KeyAsk,
}

/// A statement on a page.
pub(crate) struct StatementView {
    /// Canonical JSON, as it is signed.
    pub(crate) text: String,
    /// The salt of the entry that will carry it.
    pub(crate) salt: String,
    /// Hash of the content it covers.
    pub(crate) hash: String,
    /// Its members, in words.
    pub(crate) members: Vec<(&'static str, String)>,
}

/// What a browser is asked for.
pub(crate) struct KeyAsk {
    /// The challenge, base64url.
    pub(crate) challenge: String,
    /// The relying party.
    pub(crate) rp: String,
    /// The person's credentials, base64url, separated by blanks; empty where they have none.
    pub(crate) credentials: String,
}

/// What somebody would sign for a command; none where it takes no signature.
///
/// # Errors
/// Why the command would be refused.
pub(crate) fn view(
    cx: &Cx,
    actor: &Person,
    command: &Command,
    least: Evidence,
) -> Result<Option<SignView>, Refused> {
    let desk = cx.site.desk();
    let Some(key) = desk.to_sign(actor, command, Evidence::Passkey)? else { return Ok(None) };
    let code = match least {
        Evidence::Passkey => None,
        _ => desk.to_sign(actor, command, Evidence::Otp)?,
    };
    let challenge = challenge(&key.statement).map(|bytes| BASE64URL_NOPAD.encode(&bytes)).unwrap_or_default();
    Ok(Some(SignView {
        key: statement(cx, &key),
        code: code.as_ref().map(|code| statement(cx, code)),
        ask: ask(cx, challenge),
    }))
}

/// What the browser is asked for, to answer a challenge.
pub(crate) fn ask(cx: &Cx, challenge: String) -> KeyAsk {
    // By an address there are no passkeys; then none is asked for.
    let site = cx.site.door().site();
    let host = site.relying_party().unwrap_or_default();
    let person = cx.seen().roster.person(cx.person());
    let keys = person.into_iter().flat_map(|person| &person.keys);
    let usable = keys.filter(|key| key.revoked_at.is_none() && key.credential.rp == host);
    let credentials: Vec<String> =
        usable.map(|key| BASE64URL_NOPAD.encode(&key.credential.credential)).collect();
    KeyAsk { challenge, rp: host.to_owned(), credentials: credentials.join(" ") }
}

pub(crate) fn statement(cx: &Cx, signing: &ToSign) -> StatementView {
    let ToSign { statement, salt } = signing;
    let bytes = statement.to_bytes().unwrap_or_default();
    StatementView {
        text: String::from_utf8(bytes).unwrap_or_default(),
        salt: BASE64URL_NOPAD.encode(salt),
        hash: statement.content.to_string(),
        members: members(cx, statement),
    }
}

/// A statement in words.
fn members(cx: &Cx, statement: &Statement) -> Vec<(&'static str, String)> {
    let t = |zh, en| cx.language.of(zh, en);
    let mut members = vec![
        (t("帳本", "Ledger"), statement.ledger.clone()),
        (t("紀錄", "Record"), statement.record.clone()),
        (t("步驟", "Step"), statement.step.clone()),
        (t("結果", "Outcome"), statement.outcome.clone()),
        (t("簽署人", "Signer"), cx.person_name(statement.signer)),
    ];
    if let Some(principal) = statement.on_behalf {
        members.push((t("代理", "For"), cx.person_name(principal)));
    }
    match &statement.reason {
        Reason::None => {}
        Reason::Text(text) => members.push((t("理由", "Reason"), text.clone())),
        Reason::Hashed(hash) => members.push((t("理由之雜湊值", "Hash of the reason"), hash.to_string())),
    }
    members.push((t("規範", "Pack"), statement.pack.clone()));
    members.push((
        t("內容所在", "Content of"),
        match statement.previous {
            Previous::Itself => t("本次登載之帳本紀錄", "the entry this will be").to_owned(),
            Previous::Entry(entry) => match cx.chinese() {
                true => format!("帳本第 {entry} 筆"),
                false => format!("entry {entry}"),
            },
        },
    ));
    members.push((t("內容雜湊值", "Hash of the content"), statement.content.to_string()));
    members.push((t("隨機數", "Nonce"), BASE64URL_NOPAD.encode(&statement.nonce)));
    members
}

/// The statement a page has sent back, of the grade `of`; `end` tells those of several apart.
pub(crate) fn posted_statement(posted: &Posted, of: &str, end: &str) -> Option<ToSign> {
    let statement = posted.query.one(&format!("statement.{of}{end}"))?;
    let salt = BASE64URL_NOPAD.decode(posted.query.one(&format!("salt.{of}{end}"))?.as_bytes()).ok()?;
    Some(ToSign { statement: serde_json::from_str(statement).ok()?, salt: salt.try_into().ok()? })
}

/// The answer of an authenticator, as the page's script has sent it.
pub(crate) fn posted_passkey(posted: &Posted) -> Option<Carried> {
    let bytes = |name: &str| BASE64URL_NOPAD.decode(posted.query.one(name)?.as_bytes()).ok();
    Some(Carried::Passkey(Box::new(Passkey {
        authenticator_data: bytes("key.authenticator_data")?,
        batch: None,
        client_data: bytes("key.client_data")?,
        credential: bytes("key.credential")?,
        signature: bytes("key.signature")?,
    })))
}

/// That a one-time code was right.
pub(crate) const fn vouched() -> Carried {
    Carried::Otp(Otp { factor: Factor::Totp })
}

/// Is the code right? It is used up then.
///
/// # Errors
/// What to tell.
pub(crate) fn check_code(cx: &Cx, code: &str) -> Result<(), Told> {
    // Codes are shown in groups and typed so.
    let plain: String = code.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    if cx.site.codes().verify_otp(cx.person(), &plain, cx.now())? {
        return Ok(());
    }
    Err(Told::new(
        "一次性驗證碼不正確或已使用過。請輸入驗證器應用程式目前顯示之驗證碼；剛用過者，請待下一組。",
        "The one-time code is not right, or was used before. Type the one your authenticator shows now, or wait for the next.",
    ))
}
