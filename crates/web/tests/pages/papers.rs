//! Papers: every register of the pack that is shipped, empty and filled to the brim; the papers of a record, its signatures,
//! labels, lists, the report; who may, and what of it is entered.

use crate::site::{Answer, Asked, City, city};
use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use axum::routing::get;
use casework::{Case, Content};
use model::RecordId;
use regulation::{Answer as Given, Field, Folder, Kind};
use serde_json::{Map, Value as Json, json};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use testkit::House;
use web::{Cx, PageResult, Site};

/// A text as long as it may be, in Chinese with what breaks badly.
fn long(most: u32) -> String {
    let words =
        "資訊安全（ISO 27001）測試「引號」、https://example.org/a/very/long/address?with=queries 長句，";
    words.chars().cycle().take(most as usize).collect()
}

/// The longest answer that a question takes, about.
fn brim(cx: &Cx, field: &Field) -> Json {
    let moment = || json!(cx.now().to_string());
    let person = || json!(cx.person().to_string());
    let unit = || json!(cx.seen().roster.root().unwrap().to_string());
    let record = || json!(RecordId::from_bytes([9; 16]).to_string());
    let several = |many: bool, one: Json| if many { json!([one, one]) } else { one };
    let file = || json!({"digest": format!("sha256:{}", "ab".repeat(32)), "kind": "pdf", "name": "附件.pdf", "size": "123456"});
    match &field.kind {
        Kind::Text { max, .. } => json!(long(*max)),
        Kind::Address { .. } => json!("https://example.org/a/very/long/address"),
        Kind::Checklist { items, answers } => {
            let answer = answers.last().copied().unwrap_or(Given::Good);
            let item = |item: &regulation::Item| {
                (item.id.to_string(), json!({"answer": answer.word(), "note": long(120)}))
            };
            Json::Object(items.iter().map(item).collect::<Map<_, _>>())
        }
        Kind::Choice { options, many: true } => {
            options.iter().map(|option| json!(option.id.as_str())).collect()
        }
        Kind::Choice { options, many: false } => json!(options.last().unwrap().id.as_str()),
        Kind::Computed { .. } => json!("123"),
        Kind::Date { .. } => json!("2026-11-27"),
        Kind::Files { .. } | Kind::Photo { .. } => json!([file(), file()]),
        Kind::Grade { .. } => json!(cx.pack().unwrap().grades.first().unwrap().id.to_string()),
        Kind::Moment => moment(),
        Kind::Number { .. } => json!("123456.5"),
        Kind::Person { many, .. } => several(*many, person()),
        Kind::Reference { many, .. } => several(*many, record()),
        Kind::Run { procedures } => {
            let id = procedures.first().map(ToString::to_string).unwrap_or_default();
            let steps = cx.pack().unwrap().procedures.iter().find(|(one, _)| one.as_str() == id);
            let steps = steps.into_iter().flat_map(|(_, procedure)| &procedure.steps);
            let tick = |step: &regulation::ProcedureStep| {
                (step.id.to_string(), json!({"at": moment(), "by": person(), "note": long(80)}))
            };
            let ticks: Map<String, Json> = steps.map(tick).collect();
            json!({"late": false, "procedure": id, "started_at": moment(), "ticks": ticks})
        }
        Kind::Table { columns, count } => {
            let row = || -> Json {
                let cell = |column: &Field| (column.id.to_string(), brim(cx, column));
                Json::Object(columns.iter().map(cell).collect())
            };
            (0..count.most.clamp(1, 3)).map(|_| row()).collect()
        }
        Kind::Time => json!("14:05"),
        Kind::Unit { many } => several(*many, unit()),
        Kind::YesNo => json!(true),
    }
}

/// A page that gives the paper of a record that never was, each of its questions answered as long as may be.
fn pages() -> Router<Site> {
    Router::new().route("/brim/{register}", get(filled))
}

async fn filled(cx: Cx, Path(register): Path<String>) -> PageResult {
    cx.run(move |cx| {
        cx.look(|look| {
            let register = look.pack.register(&register).unwrap();
            let content = register.fields.iter().map(|field| (field.id.clone(), brim(cx, field)));
            let case = Case {
                record: RecordId::from_bytes([7; 16]),
                register: register.id.clone(),
                version: look.pack.version,
                unit: cx.seen().roster.root().unwrap(),
                state: register.flow.states.first().unwrap().id.clone(),
                entered_at: cx.now(),
                ending: None,
                closed_at: None,
                opened_by: Some(cx.person()),
                opened_for: None,
                opened_at: cx.now(),
                occurred_at: cx.now(),
                late_reason: Some(long(200)),
                grade: look.pack.grades.last().unwrap().id.clone(),
                paper: false,
                number: Some("115字第0001號".to_owned()),
                content: Content(content.collect()),
                reckoned: Content::default(),
                bound: None,
                asked: BTreeSet::new(),
                pending: Vec::new(),
                taken: BTreeMap::new(),
                approvals: Vec::new(),
                seats: BTreeMap::new(),
                clocks: BTreeMap::new(),
                links: Vec::new(),
                origin: None,
                duty: None,
                revision: 1,
            };
            let form = web::form_of(look, &case, register);
            let made = cx.site.config().printer.press().unwrap().form(&form, cx.now()).unwrap();
            Ok(made.pdf.into_response())
        })
    })
    .await
}

/// The city of the pack that is shipped, with somebody in it.
fn shipped() -> (Asked, String, Vec<String>) {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../regulations/taichung-2001");
    let mut house = House::with_pack(1, &Folder::new(&folder), None).unwrap();
    let top = house.unit("100", None).unwrap();
    let somebody = house.person("wang", "unit_head", top).unwrap();
    let registers =
        house.desk.seen().packs.current().unwrap().registers.keys().map(ToString::to_string).collect();
    let asked = Asked::with(house, web::Limits::default(), pages());
    asked.sign_in(somebody.person);
    (asked, City::cookie(somebody), registers)
}

/// What poppler reads of a PDF.
fn text(pdf: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pdf");
    #[expect(clippy::disallowed_methods, reason = "a file that goes with the test")]
    std::fs::write(&path, pdf).unwrap();
    #[expect(clippy::disallowed_methods, reason = "the one place here: a reader that is not ours")]
    let mut command = std::process::Command::new("pdftotext");
    let output = command.arg("-raw").arg(&path).arg("-").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.chars().filter(|one| !one.is_whitespace() && *one != '\u{200b}').collect()
}

/// What is read of a PDF that was given out as a file.
pub(crate) fn pdf(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/pdf");
    assert!(answer.header("content-disposition").starts_with("attachment; filename="));
    text(&answer.body)
}

fn bare(label: &str) -> String {
    label.chars().filter(|one| !one.is_whitespace()).collect()
}

#[test]
fn every_register_has_its_empty_form_and_one_that_is_filled_to_the_brim() {
    let (asked, cookie, registers) = shipped();
    assert!(registers.len() > 100, "{}", registers.len());
    let kept = std::env::var_os("WARD_PAPERS").map(PathBuf::from);
    let soak = kept.is_some() || std::env::var_os("WARD_SOAK").is_some();
    let pack = asked.house.desk.seen().packs.current().unwrap().clone();
    for (at, register) in registers.iter().enumerate() {
        // One in so many, but for the soak; by which one begins no matter.
        if !soak && at % SPREAD != 0 {
            continue;
        }
        let known = pack.register(register).unwrap();
        let empty = asked.get(&cookie, &format!("/registers/{register}/blank.pdf"));
        let filled = asked.get(&cookie, &format!("/brim/{register}"));
        assert_eq!(filled.status, StatusCode::OK, "{register}: {}", filled.text());
        if let Some(folder) = &kept {
            keep(folder, &format!("{register}-empty.pdf"), &empty.body);
            keep(folder, &format!("{register}-filled.pdf"), &filled.body);
        }
        let empty = pdf(&empty);
        let filled = text(&filled.body);
        assert!(filled.contains("115字第0001號"), "{register}");
        for text in [&empty, &filled] {
            assert!(text.contains(&bare(known.label.zh())), "{register}: {text}");
        }
        for field in &known.fields {
            let label = bare(field.label.zh());
            assert!(
                filled.contains(&label) || label.chars().count() > 8,
                "{register}.{}: {filled}",
                field.id
            );
        }
        if at % (SPREAD * 4) == 0 {
            let english = asked.get_english(&cookie, &format!("/registers/{register}/blank.pdf"));
            assert!(pdf(&english).contains(&bare(known.label.en())), "{register}");
        }
    }
}

/// Keeps a paper in a folder, to be looked at (`make papers`).
fn keep(folder: &std::path::Path, name: &str, paper: &[u8]) {
    #[expect(clippy::disallowed_methods, reason = "a file that somebody is to look at")]
    std::fs::write(folder.join(name), paper).unwrap();
}

/// One register in so many is printed where no soak is asked for.
const SPREAD: usize = 6;

#[test]
fn the_paper_of_a_record_bears_its_answers_its_signatures_and_its_place_in_the_ledger() {
    let city = city();
    let path = format!("/records/{}/paper.pdf", city.loan);
    let paper = city.asked.get(&City::cookie(city.clerk), &path);
    let text = pdf(&paper);
    for words in [
        "100單位",
        "114借字第001號",
        "借用會議室接待參訪",
        "lin先生",
        "本人簽章",
        "核定",
        "已驗證簽章相符",
        "內容雜湊值",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    // Whoever takes it, and whenever, takes the same.
    assert_eq!(city.asked.get(&City::cookie(city.head), &path).body, paper.body);
    let english = pdf(&city.asked.get_english(&City::cookie(city.clerk), &path));
    assert!(english.contains("Signedbytheperson") && english.contains("LoanofL1"), "{english}");
    let denied = city.asked.get(&City::cookie(city.other_clerk), &path);
    assert_eq!(denied.status, StatusCode::NOT_FOUND);
}

#[test]
fn the_record_of_signatures_names_the_paper_by_its_digest_and_each_signature_by_its_entry() {
    let city = city();
    let paper = city.asked.get(&City::cookie(city.clerk), &format!("/records/{}/paper.pdf", city.loan));
    let answer = city.asked.get(&City::cookie(city.clerk), &format!("/records/{}/signatures.xml", city.loan));
    assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, "application/xml"));
    let xml = answer.text();
    let digest: String = Sha256::digest(&paper.body).iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(xml.contains(&format!("sha256=\"{digest}\"")), "{xml}");
    for words in [
        "<step id=\"approve\">",
        "<outcome>approve</outcome>",
        "signed-by-person",
        "lin先生",
        "<role>head</role>",
    ] {
        assert!(xml.contains(words), "{words}: {xml}");
    }
    let number: u64 =
        xml.split("<entry number=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap();
    let bytes = city.asked.house.desk.reader().entry(number).unwrap();
    let leaf = proof::hash::leaf_hash(&bytes).to_string();
    assert!(xml.contains(&format!("leaf-sha256=\"{leaf}\"")), "{xml}");
}

#[test]
fn a_list_is_printed_as_it_is_filtered_and_labels_lead_to_their_records() {
    let city = city();
    let cookie = City::cookie(city.clerk);
    let list = pdf(&city.asked.get(&cookie, "/registers/key/export?format=pdf&q=K0"));
    assert!(list.contains("K01") && !list.contains("K11") && list.contains("搜尋：K0"), "{list}");
    assert!(list.contains("共9筆"), "{list}");
    let labels = pdf(&city.asked.get(&cookie, "/registers/key/labels.pdf?q=K0"));
    assert!(labels.contains("K01") && labels.contains("K09") && !labels.contains("K11"), "{labels}");
    let single = city.asked.get(&cookie, "/registers/key/labels.pdf?q=K01&layout=single");
    assert!(pdf(&single).contains("K01"));
    // Anything that is at hand as a list is printed as well.
    assert!(pdf(&city.asked.get(&cookie, "/people/export?format=pdf")).contains("lin先生"));
    let page = city.page("/registers/key");
    for way in ["/registers/key/blank.pdf", "format=pdf", "/registers/key/labels.pdf?layout=sheet"] {
        assert!(page.contains(way), "{way}: {page}");
    }
}

#[test]
fn the_report_of_a_month_counts_by_article_and_bears_the_ledgers_head() {
    let city = city();
    let cookie = City::cookie(city.clerk);
    let report = pdf(&city.asked.get(&cookie, "/clauses/report.pdf"));
    for words in ["資訊安全管理月報", "合計", "未符合事項", "未知事項及原因", "根雜湊", "本月尚未結束"]
    {
        assert!(report.contains(words), "{words}: {report}");
    }
    let last = pdf(&city.asked.get(&cookie, "/clauses/report.pdf?month=113-12"));
    assert!(last.contains("113年12月1日至113年12月31日"), "{last}");
    for month in ["2099-01", "x", "114-13"] {
        let answer = city.asked.get(&cookie, &format!("/clauses/report.pdf?month={month}"));
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{month}");
    }
}
