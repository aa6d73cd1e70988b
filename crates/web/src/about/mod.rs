//! What this is: version, the regulation in force with its basis, the ledger, licences; the authority to be trusted.
//!
//! The certificate of the authority is for anybody: whoever does not trust it yet cannot sign in safely.
//! Source: regulation 1 (legal basis); RFC 5280; RFC 2585 §4.1.

mod words;

use crate::component::{Fact, Facts, TableView};
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::names::{Named, Shown};
use crate::route::{Access, Audit, Route};
use crate::shell::Shell;
use crate::visit::Visit;
use askama::Template;
use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use regulation::Pack;

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/about", Access::Person, Audit::None, || get(about)),
    Route::get("/authority", Access::Anyone, Audit::None, || get(authority)),
    Route::get("/authority.crt", Access::Anyone, Audit::None, || get(certificate)),
];

#[derive(Template)]
#[template(path = "about/index.html")]
struct AboutPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    software: Facts<'a>,
    /// The regulation's title, and what is known of it; none while none is published.
    pack: Option<(String, Facts<'a>)>,
    crosswalk: Option<TableView<'a>>,
    ledger: Facts<'a>,
    own_authority: bool,
}

async fn about(cx: Cx) -> PageResult {
    cx.run(|cx| {
        let seen = cx.seen();
        let pack = seen.packs.current();
        let software = vec![
            Fact::new(cx.t("版本", "Version"), env!("CARGO_PKG_VERSION")),
            Fact::new(cx.t("授權", "Licence"), env!("CARGO_PKG_LICENSE")),
            linked(
                cx.t("網頁所用套件之授權", "Licences of what pages load"),
                cx.t("檢視", "Read them"),
                cx.asset("licences.txt"),
            ),
        ];
        let ledger = vec![
            Fact::new(cx.t("帳本", "Ledger"), cx.site.desk().origin()),
            Fact::new(cx.t("已登載筆數", "Entries"), crate::component::counted(seen.position)),
            linked(cx.t("已公布之檢查點", "Published head"), "/ledger/checkpoint", "/ledger/checkpoint"),
        ];
        let shell = Shell::new(cx, None, cx.t("關於城防", "About Ward"));
        cx.render(&AboutPage {
            cx,
            shell,
            software: Facts { cx, facts: software },
            pack: pack.map(|pack| (cx.label(&pack.title).to_owned(), Facts { cx, facts: facts(cx, pack) })),
            crosswalk: pack.filter(|pack| !pack.crosswalk.is_empty()).map(|pack| crosswalk(cx, pack)),
            ledger: Facts { cx, facts: ledger },
            own_authority: cx.site.machine().authority().is_some(),
        })
    })
    .await
}

/// What a pack says of its regulation.
fn facts(cx: &Cx, pack: &Pack) -> Vec<Fact> {
    let mut facts = vec![
        Fact::new(cx.t("訂定機關", "Issued by"), cx.label(&pack.issuer)),
        Fact::new(cx.t("日期", "Dated"), cx.date(pack.date)),
    ];
    facts
        .extend(pack.basis.as_ref().map(|basis| Fact::new(cx.t("訂定依據", "Legal basis"), cx.label(basis))));
    facts.extend(pack.repealed.map(|day| Fact::new(cx.t("廢止日期", "Repealed"), cx.date(day))));
    facts.extend([
        Fact::new(cx.t("來源", "Source"), pack.source.to_string()),
        Fact::new(cx.t("規範代號及版次", "Pack and version"), format!("{}/{}", pack.id, pack.version)),
        Fact::new(
            cx.t("規範摘要（SHA-256）", "Digest of the pack (SHA-256)"),
            data_encoding::HEXLOWER.encode(&pack.digest),
        ),
        Fact::new(cx.t("規範檔之授權", "Licence of the pack"), pack.licence.to_string()),
    ]);
    facts
}

/// Clauses beside the law in force today, and beside standards.
fn crosswalk<'a>(cx: &'a Cx, pack: &Pack) -> TableView<'a> {
    let row = |one: &regulation::Crosswalk| {
        let (text, href) = (one.clause.to_string(), crate::names::clause_path(&one.clause));
        vec![
            Shown::Parts(vec![Named { text, href: Some(href) }]),
            Shown::Parts(vec![Named::plain(cx.label(&one.text))]),
            Shown::Parts(vec![Named::plain(crate::names::crosswalk_source(cx, one))]),
        ]
    };
    TableView {
        cx,
        caption: cx.t("條文與現行法規及標準對照", "Clauses, the law in force and standards").to_owned(),
        heads: vec![
            (cx.t("條文", "Clause").to_owned(), ""),
            (cx.t("現行法規或標準", "Law in force or standard").to_owned(), ""),
            (cx.t("出處", "Source").to_owned(), ""),
        ],
        rows: pack.crosswalk.iter().map(row).collect(),
    }
}

fn linked(name: &str, text: &str, href: impl Into<String>) -> Fact {
    let value = Shown::Parts(vec![Named { text: text.to_owned(), href: Some(href.into()) }]);
    Fact { name: name.to_owned(), value }
}

#[derive(Template)]
#[template(path = "about/authority.html")]
struct AuthorityPage<'a> {
    cx: &'a Visit,
    fingerprint: String,
    ways: Vec<words::Way>,
}

async fn authority(visit: Visit) -> PageResult {
    let machine = visit.site.machine().clone();
    let root = tokio::task::spawn_blocking(move || machine.authority()).await;
    let root = root.map_err(PageError::failed)?.ok_or(PageError::NotFound)?;
    let page = AuthorityPage { cx: &visit, fingerprint: root.fingerprint, ways: words::ways(&visit) };
    Ok(Html(page.render()?).into_response())
}

/// The certificate as browsers and systems take it.
async fn certificate(visit: Visit) -> Result<Response, PageError> {
    let machine = visit.site.machine().clone();
    let root = tokio::task::spawn_blocking(move || machine.authority()).await;
    let root = root.map_err(PageError::failed)?.ok_or(PageError::NotFound)?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/x-x509-ca-cert")),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_static("attachment; filename=\"ward-authority.crt\""),
        ),
    ];
    Ok((headers, root.pem).into_response())
}
