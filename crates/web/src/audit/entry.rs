//! One entry: its header, its body, its signature, how it is proven to stand in the ledger.

use super::{admitted, entries, second, words};
use crate::component::{Fact, Facts, Notice, Tone};
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::given;
use crate::look::Look;
use crate::names::{Named, Shown, entry_path};
use crate::reading;
use crate::route::named;
use crate::shell::{Area, Shell};
use askama::Template;
use axum::extract::Path;
use desk::{READ, REFUSED};
use model::{Actor, Person, PersonId, RecordId};
use proof::entry::Entry;
use proof::hash::leaf_hash;
use proof::inclusion::Inclusion;
use proof::tree::check_inclusion;
use serde_json::Value as Json;

#[derive(Template)]
#[template(path = "audit/entry.html")]
struct EntryPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    number: u64,
    facts: Facts<'a>,
    sealed: Option<Notice<'a>>,
    /// The body as it stands, laid out.
    body: Option<String>,
    signature: Option<Facts<'a>>,
    proof: Result<Proven, Notice<'a>>,
    before: Option<String>,
    after: Option<String>,
    record: Option<String>,
}

/// How an entry is proven: the hashes beside its way up, and the head they end at.
struct Proven {
    hashes: Vec<String>,
    size: u64,
    root: String,
}

pub(super) async fn page(cx: Cx, Path(number): Path<String>) -> PageResult {
    let number: u64 = named(&number)?;
    cx.run(move |cx| {
        cx.look(admitted)?;
        let bytes = read(cx, number)?;
        let entry = Entry::parse(&bytes).map_err(PageError::failed)?;
        let (body, sealed) = match inside(cx, &entry)? {
            Inside::Here(body) => (serde_json::to_string_pretty(&body).ok(), None),
            Inside::Destroyed => (None, Some(destroyed(cx))),
            Inside::NotTheirs => (None, Some(not_theirs(cx))),
        };
        cx.look(|look| {
            let title = match cx.chinese() {
                true => format!("帳本第 {number} 筆"),
                false => format!("Entry {number}"),
            };
            let shell = Shell::new(cx, Some(Area::Audit), title)
                .by(cx.t("帳本紀錄", "Entries"), "/audit/entries")
                .with_second(second(cx, "/audit/entries"));
            // What a graded record holds is shown under its banner here as well.
            let about = entry.subject().parse().ok().filter(|_| body.is_some());
            let shell = match about.and_then(|record| look.case(record)) {
                Some(case) => shell.graded(look, &case),
                None => shell,
            };
            let size = cx.site.desk().reader().size().map_err(PageError::failed)?;
            let record: Option<RecordId> = entry.subject().parse().ok();
            let record = record.filter(|record| look.sees(*record));
            let page = EntryPage {
                cx,
                shell,
                number,
                facts: facts(look, number, &entry),
                sealed,
                body,
                // Why somebody decided as they did is the record's to tell.
                signature: signature(look, &entry, record.is_some()),
                proof: proven(cx, number),
                before: number.checked_sub(1).and_then(entry_path),
                after: entry_path(number + 1).filter(|_| number + 1 < size),
                record: record.map(|record| format!("/audit/records/{record}/bundle")),
            };
            cx.render(&page)
        })
    })
    .await
}

/// The proof of an entry, as a file that `ward proof check` takes.
pub(super) async fn proof(cx: Cx, Path(number): Path<String>) -> PageResult {
    let number: u64 = named(&number)?;
    cx.run(move |cx| proof_file(cx, number)).await
}

/// The proof of an entry, as a file. It blocks.
///
/// # Errors
/// `NotFound`: they may not audit, or not read what is in clear in it; no published head covers it.
pub(crate) fn proof_file(cx: &Cx, number: u64) -> PageResult {
    cx.look(admitted)?;
    let bytes = read(cx, number)?;
    // The file holds the entry, and what is in clear in it.
    let record = in_clear(&Entry::parse(&bytes).map_err(PageError::failed)?);
    if let Some(record) = record {
        cx.look(|look| cx.readable(look, record).map(drop))?;
    }
    let proof = prove(cx, number)?.ok_or(PageError::NotFound)?;
    reading::note(cx, record.as_slice())?;
    let name = format!("ward-entry-{number}.tlog-proof");
    Ok(given::file(&name, &name, "text/plain; charset=utf-8", proof.to_bytes()))
}

/// The bytes of an entry.
///
/// # Errors
/// `NotFound`: there is none of this number.
pub(crate) fn read(cx: &Cx, number: u64) -> Result<Vec<u8>, PageError> {
    let reader = cx.site.desk().reader();
    if number >= reader.size().map_err(PageError::failed)? {
        return Err(PageError::NotFound);
    }
    reader.entry(number).map_err(PageError::failed)
}

/// The proof under the head that has most cosignatures; none while that head does not cover the entry.
fn prove(cx: &Cx, number: u64) -> Result<Option<Inclusion>, PageError> {
    let reader = cx.site.desk().reader();
    let heads =
        [reader.cosigned_head().map_err(PageError::failed)?, Some(reader.head().map_err(PageError::failed)?)];
    for head in heads.into_iter().flatten() {
        let size =
            proof::checkpoint::SignedCheckpoint::parse(&head).map_err(PageError::failed)?.unverified().size;
        if number < size {
            return reader.prove_entry(number, &head).map(Some).map_err(PageError::failed);
        }
    }
    Ok(None)
}

fn proven(cx: &Cx, number: u64) -> Result<Proven, Notice<'_>> {
    let bad = |text: String| Notice::new(cx, Tone::Bad, text);
    let proof = match prove(cx, number) {
        Ok(Some(proof)) => proof,
        Ok(None) => {
            let text = cx.t("尚未公布於檢查點，稍後即可證明。", "No published head covers it yet.");
            return Err(Notice::new(cx, Tone::Info, text));
        }
        Err(error) => {
            return Err(bad(format!("{}{error}", cx.t("證明無法製作：", "No proof can be made: "))));
        }
    };
    // Without a quorum of witnesses the proof holds as far as this host's own word does; the page of the ledger says so.
    let wrong = |error: &dyn std::error::Error| {
        bad(format!("{}{error}", cx.t("證明不成立：", "The proof does not hold: ")))
    };
    let head = cx.site.oversight().policy.judge(&proof.head).map_err(|error| wrong(&error))?;
    let checkpoint = head.checkpoint();
    let leaf = leaf_hash(&proof.entry);
    check_inclusion(proof.index, checkpoint.size, &leaf, &proof.proof, &checkpoint.root)
        .map_err(|error| wrong(&error))?;
    Ok(Proven {
        hashes: proof.proof.iter().map(ToString::to_string).collect(),
        size: checkpoint.size,
        root: checkpoint.root.to_string(),
    })
}

fn facts<'a>(look: &Look<'a>, number: u64, entry: &Entry<'_>) -> Facts<'a> {
    let cx = look.cx;
    let subject = Fact {
        name: cx.t("對象", "About").to_owned(),
        value: Shown::Parts(vec![words::subject(look, entry.subject())]),
    };
    let mut facts = vec![
        Fact::new(cx.t("筆次", "Number"), number.to_string()),
        Fact::new(
            cx.t("時間", "Time"),
            format!("{}{}", cx.moment(entry.time()), cx.beside(&entry.time().to_string())),
        ),
        Fact::new(
            cx.t("種類", "Kind"),
            format!("{}{}", words::kind(cx, entry.kind()), cx.beside(entry.kind())),
        ),
        Fact::new(cx.t("行為人", "By"), entries::who(look, &entry.actor())),
        subject,
    ];
    if let Actor::Person(actor) = entry.actor() {
        facts.push(Fact::new(cx.t("角色", "Role"), acting_as(look, &actor)));
        let terminal = actor.terminal.map(|terminal| cx.terminal_name(terminal));
        let none = || cx.t("未登記之終端機", "a terminal that is not registered").to_owned();
        facts.push(Fact::new(cx.t("終端機", "Terminal"), terminal.unwrap_or_else(none)));
        let session = actor.session.map(|session| session.to_string());
        let none = || cx.t("無（主控台或應用程式）", "none (console or application)").to_owned();
        facts.push(Fact::new(cx.t("登入階段", "Session"), session.unwrap_or_else(none)));
    }
    if let Some(unit) = entry.unit() {
        facts.push(Fact::new(cx.t("單位", "Unit"), look.unit(unit)));
    }
    if let Some(form) = entry.form() {
        facts.push(Fact::new(cx.t("表單及版次", "Form and version"), form));
    }
    facts.push(Fact::new(cx.t("內容雜湊", "Content hash"), entry.content_hash().to_string()));
    Facts { cx, facts }
}

/// The role somebody acted in, and where.
fn acting_as(look: &Look<'_>, actor: &Person) -> String {
    let role = actor.role.parse().map_or_else(|_| actor.role.clone(), |role| look.role(&role));
    format!("{role}{}", look.cx.beside(&look.unit(actor.unit)))
}

/// The record that an entry tells of in clear. That somebody has read it, or was denied it, says nothing of it.
fn in_clear(entry: &Entry<'_>) -> Option<RecordId> {
    let of_access = [READ, REFUSED].contains(&entry.kind());
    entry.subject().parse().ok().filter(|_| entry.sealed().is_none() && !of_access)
}

/// What an entry holds, for whoever looks.
pub(crate) enum Inside {
    /// Its body, from under its seal where it has one.
    Here(Json),
    /// Its key was destroyed.
    Destroyed,
    /// It is not theirs to see.
    NotTheirs,
}

/// The body of an entry, or why it is not shown. That a graded record is read by it is entered.
///
/// # Errors
/// The reading cannot be entered; vault or tables cannot be read.
pub(crate) fn inside(cx: &Cx, entry: &Entry<'_>) -> Result<Inside, PageError> {
    if let Some(body) = entry.body() {
        // A clear body about a record is that record's: whoever may not read it does not read it here.
        if let Some(record) = in_clear(entry) {
            if !cx.look(|look| Ok(look.sees(record)))? {
                return Ok(Inside::NotTheirs);
            }
            reading::note(cx, &[record])?;
        }
        return Ok(Inside::Here(body));
    }
    // What has no body in clear is sealed.
    let Some(sealed) = entry.sealed() else { return Ok(Inside::Destroyed) };
    let theirs = match (entry.subject().parse::<RecordId>(), entry.subject().parse::<PersonId>()) {
        (Ok(record), _) => {
            let sees = cx.look(|look| Ok(look.sees(record)))?;
            if sees {
                reading::note(cx, &[record])?;
            }
            sees
        }
        (_, Ok(person)) => person == cx.person(),
        _ => false,
    };
    if !theirs {
        return Ok(Inside::NotTheirs);
    }
    let key = store::Keys::key(cx.site.desk().vault().as_ref(), sealed.key()).map_err(PageError::failed)?;
    let ledger::vault::KeyState::Here(key) = key else { return Ok(Inside::Destroyed) };
    let inside = proof::seal::open(entry, &key).map_err(PageError::failed)?;
    Ok(Inside::Here(inside.body()))
}

fn destroyed(cx: &Cx) -> Notice<'_> {
    let text = cx.t(
        "內容已核准銷毀；證明仍可查驗。",
        "What it held was destroyed by approval; the proof can still be checked.",
    );
    Notice::new(cx, Tone::Info, text)
}

fn not_theirs(cx: &Cx) -> Notice<'_> {
    let text = cx.t(
        "內容不在您可檢視的範圍；其雜湊及證明仍可查驗。",
        "What it holds is not for you to see; its hash and its proof can be checked all the same.",
    );
    Notice::new(cx, Tone::Info, text)
}

/// The statement in words.
fn signature<'a>(look: &Look<'a>, entry: &Entry<'_>, theirs: bool) -> Option<Facts<'a>> {
    let cx = look.cx;
    let signature = entry.signature()?;
    let statement = &signature.statement;
    let grade = match &signature.evidence {
        proof::signature::Evidence::Passkey(_) => {
            cx.t("本人簽章（通行金鑰）", "Signed by the person (passkey)")
        }
        proof::signature::Evidence::Otp(_) => {
            cx.t("系統證明（一次性驗證碼）", "Vouched by the server (one-time code)")
        }
    };
    let reason = match &statement.reason {
        proof::signature::Reason::None => None,
        proof::signature::Reason::Text(text) => Some(text.clone()),
        proof::signature::Reason::Hashed(hash) => {
            Some(format!("{}{hash}", cx.t("（已加密，雜湊）", "(sealed, hash) ")))
        }
    };
    let signed_entry = match statement.previous {
        proof::signature::Previous::Itself => Named::plain(cx.t("本筆", "this entry")),
        proof::signature::Previous::Entry(number) => {
            Named { text: number.to_string(), href: entry_path(number) }
        }
    };
    let mut facts = vec![
        Fact::new(cx.t("簽署等級", "Grade"), grade),
        Fact::new(cx.t("簽署人", "Signer"), look.person(statement.signer)),
        Fact::new(cx.t("步驟", "Step"), statement.step.clone()),
        Fact::new(cx.t("結果", "Outcome"), statement.outcome.clone()),
        Fact::new(cx.t("所簽內容雜湊", "Hash of what was signed"), statement.content.to_string()),
        Fact {
            name: cx.t("內容所在筆次", "Entry that holds it").to_owned(),
            value: Shown::Parts(vec![signed_entry]),
        },
        Fact::new(cx.t("依據規範", "Rules"), statement.pack.clone()),
    ];
    if let Some(principal) = statement.on_behalf {
        facts.push(Fact::new(cx.t("代理", "On behalf of"), look.person(principal)));
    }
    if let Some(reason) = reason.filter(|_| theirs) {
        facts.push(Fact::new(cx.t("理由", "Reason"), reason));
    }
    Some(Facts { cx, facts })
}
