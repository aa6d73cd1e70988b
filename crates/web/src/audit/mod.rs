//! The audit area: the head of the ledger and on whose word it stands, its entries, proofs and bundles to take along, the
//! verification of the whole installation, refusals.
//!
//! Who comes here is said by the pack's policies, of the act `audit.read`; for everybody else nothing is here. What is
//! under seal is opened for those alone who may read the record it belongs to, and the reading of a graded one is entered.
//! Invariant: a verdict is never better than what stands behind it; without a quorum of witnesses nothing reads *good*.
//! Source: regulation 24.2.10, 27.1.1; `docs/format.md` §5, §8.

pub(crate) mod bundle;
pub(crate) mod entries;
pub(crate) mod entry;
pub(crate) mod verifying;
mod words;

pub(crate) use verifying::Verifying;
pub use verifying::{Oversight, Verify};

use crate::component::{Fact, Facts, Notice, TableView, Tone};
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::look::Look;
use crate::names::{Named, Shown};
use crate::route::{Access, Audit, Route};
use crate::shell::{Area, Link, Section, Shell};
use askama::Template;
use axum::routing::{get, post};
use desk::About;
use identity::Action;
use ledger::cosign::{RECENT, Standing, standing};
use model::{Instant, Told};
use proof::checkpoint::SignedCheckpoint;

const PERSON: Access = Access::Person;

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/audit", PERSON, Audit::None, || get(index)),
    Route::post("/audit/verify", PERSON, Audit::None, || post(verifying::verify)),
    Route::get("/audit/entries", PERSON, Audit::None, || get(entries::list)),
    Route::get("/audit/entries/export", PERSON, Audit::None, || get(entries::export)),
    Route::get("/audit/entries/{entry}", PERSON, Audit::Reading, || get(entry::page)),
    Route::get("/audit/entries/{entry}/proof", PERSON, Audit::Reading, || get(entry::proof)),
    Route::get("/audit/records/{record}/bundle", PERSON, Audit::Reading, || get(bundle::of_record)),
    Route::get("/audit/policy", PERSON, Audit::None, || get(bundle::policy)),
];

/// May they look into the ledger? Whoever may not finds nothing here.
pub(crate) fn admitted(look: &Look<'_>) -> Result<(), PageError> {
    let hidden = || PageError::hidden(Action::Audit.to_string(), About::Oneself);
    if look.cx.may_audit() { Ok(()) } else { Err(hidden()) }
}

/// The second level of the area.
pub(super) fn second(cx: &Cx, current: &str) -> Vec<Section> {
    let link = |text: &str, href: &str| Link {
        text: text.to_owned(),
        href: href.to_owned(),
        current: href == current,
    };
    let links = vec![
        link(cx.t("帳本現況", "The ledger now"), "/audit"),
        link(cx.t("帳本紀錄", "Entries"), "/audit/entries"),
        link(cx.t("拒絕紀錄", "Refusals"), "/audit/entries?kind=access.refused"),
        link(cx.t("登入登出紀錄", "Log-ons and log-offs"), "/audit/entries?kind=session"),
    ];
    vec![Section { head: None, links }]
}

#[derive(Template)]
#[template(path = "audit/index.html")]
struct IndexPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    standing: Notice<'a>,
    head: Facts<'a>,
    witnesses: Option<TableView<'a>>,
    /// What the last verification gave, or how far the present one is.
    verification: Vec<Notice<'a>>,
    findings: Option<TableView<'a>>,
    meter: Option<crate::component::Meter<'a>>,
    running: bool,
}

async fn index(cx: Cx) -> PageResult {
    cx.run(|cx| {
        cx.look(admitted)?;
        let note = published(cx)?;
        let (verification, findings, meter, running) = verifying::shown(cx);
        let page = IndexPage {
            cx,
            shell: Shell::of_area(cx, Area::Audit).with_second(second(cx, "/audit")),
            standing: stands(cx, &note),
            head: head(cx, &note)?,
            witnesses: witnesses(cx, &note),
            verification,
            findings,
            meter,
            running,
        };
        cx.render(&page)
    })
    .await
}

/// The head with most cosignatures, as it was published.
///
/// # Errors
/// The ledger cannot be read.
pub(crate) fn published(cx: &Cx) -> Result<Vec<u8>, PageError> {
    let reader = cx.site.desk().reader();
    let note = reader.cosigned_head().map_err(PageError::failed)?;
    note.map_or_else(|| reader.head(), Ok).map_err(PageError::failed)
}

/// When the last entry under a head was written.
///
/// # Errors
/// The ledger cannot be read.
pub(crate) fn last_time(cx: &Cx, size: u64) -> Result<Option<Instant>, PageError> {
    let Some(last) = size.checked_sub(1) else { return Ok(None) };
    let bytes = cx.site.desk().reader().entry(last).map_err(PageError::failed)?;
    Ok(Some(proof::entry::Entry::parse(&bytes).map_err(PageError::failed)?.time()))
}

/// When each witness of the policy cosigned a head, by its name; none where it has not.
pub(crate) fn cosigned(cx: &Cx, note: &[u8]) -> Vec<(String, Option<Instant>)> {
    let policy = &cx.site.oversight().policy;
    let judged = policy.judge(note).ok();
    let at = |witness: &proof::policy::Witness| {
        let by = judged.as_ref()?.cosigned().iter().find(|one| one.witness == witness.name)?;
        let micros = i64::try_from(by.at_seconds).ok()?.checked_mul(1_000_000)?;
        Instant::from_micros(micros).ok()
    };
    policy.witnesses().iter().map(|witness| (witness.name.to_string(), at(witness))).collect()
}

/// On whose word the head stands. *Good* is said only where a quorum of witnesses has cosigned lately.
fn stands<'a>(cx: &'a Cx, note: &[u8]) -> Notice<'a> {
    match standing(&cx.site.oversight().policy, note, cx.now(), RECENT) {
        Ok(standing @ Standing::Witnessed { .. }) => {
            Notice::new(cx, Tone::Good, cx.language.told(&standing.told()))
        }
        Ok(standing) => Notice::new(cx, Tone::Warning, cx.language.told(&standing.told())),
        Err(error) => {
            let told = Told::new(
                format!("已公布之檢查點不可採信：{error}"),
                format!("The published head cannot be believed: {error}"),
            );
            Notice::new(cx, Tone::Bad, cx.language.told(&told))
        }
    }
}

fn head<'a>(cx: &'a Cx, note: &[u8]) -> Result<Facts<'a>, PageError> {
    let signed = SignedCheckpoint::parse(note).map_err(PageError::failed)?;
    let checkpoint = signed.unverified();
    let time = last_time(cx, checkpoint.size)?.map_or_else(String::new, |at| cx.moment(at));
    let facts = vec![
        Fact::new(cx.t("帳本名稱", "Name of the ledger"), checkpoint.origin.clone()),
        Fact::new(cx.t("已公布筆數", "Entries published"), checkpoint.size.to_string()),
        Fact::new(cx.t("最後一筆時間", "Time of the last"), time),
        Fact::new(cx.t("根雜湊", "Root"), checkpoint.root.to_string()),
        Fact::new(cx.t("資料表已更新至", "The tables have come to"), cx.seen().position.to_string()),
    ];
    Ok(Facts { cx, facts })
}

/// The witnesses of the policy, each with when it cosigned this head.
fn witnesses<'a>(cx: &'a Cx, note: &[u8]) -> Option<TableView<'a>> {
    let policy = &cx.site.oversight().policy;
    if policy.witnesses().is_empty() {
        return None;
    }
    let row = |(witness, (_, at)): (&proof::policy::Witness, (String, Option<Instant>))| {
        let plain = |text: String| Shown::Parts(vec![Named::plain(text)]);
        vec![
            plain(witness.name.to_string()),
            plain(witness.url.clone().unwrap_or_default()),
            at.map_or_else(
                || plain(cx.t("尚未副署此檢查點", "has not cosigned this head").to_owned()),
                |at| plain(cx.moment(at)),
            ),
        ]
    };
    Some(TableView {
        cx,
        caption: cx.t("見證人", "Witnesses").to_owned(),
        heads: vec![
            (cx.t("見證人", "Witness").to_owned(), ""),
            (cx.t("位址", "Address").to_owned(), ""),
            (cx.t("副署時間", "Cosigned").to_owned(), "when"),
        ],
        rows: policy.witnesses().iter().zip(cosigned(cx, note)).map(row).collect(),
    })
}
