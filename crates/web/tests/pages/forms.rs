//! Forms: questions of every kind, answers carried on and parsed, without script and with.

use crate::site::{Asked, City, city, tag};
use askama::Template;
use axum::Router;
use axum::extract::Path;
use axum::http::{Method, StatusCode};
use axum::response::IntoResponse as _;
use axum::routing::get;
use casework::Filling;
use model::{Person, RecordId};
use regulation::StepId;
use serde_json::{Value as Json, json};
use web::component::FormView;
use web::form::{Doing, Posted, fill, pairs, sections, stand, unfit};
use web::{Cx, PageError, PageResult, Site};

#[derive(Template)]
#[template(source = "<main>{{ form }}</main>", ext = "html")]
struct Page<'a> {
    form: FormView<'a>,
}

/// Pages of nothing but a form. What is sent comes back as what would be filled in.
pub(crate) fn pages() -> Router<Site> {
    Router::new()
        .route("/form/{register}/{step}", get(open).post(open))
        .route("/take/{record}/{step}", get(take).post(take))
}

async fn open(cx: Cx, Path((register, step)): Path<(String, StepId2)>, posted: Posted) -> PageResult {
    let register = register.parse().map_err(|_| PageError::NotFound)?;
    cx.run(move |cx| answer(cx, Filling::Open { register: &register, step: &step.0 }, posted)).await
}

async fn take(cx: Cx, Path((record, step)): Path<(RecordId, StepId2)>, posted: Posted) -> PageResult {
    cx.run(move |cx| answer(cx, Filling::Take { record, step: &step.0 }, posted)).await
}

/// A step in a path.
#[derive(Debug)]
struct StepId2(StepId);

impl<'de> serde::Deserialize<'de> for StepId2 {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map(Self).map_err(serde::de::Error::custom)
    }
}

fn answer(cx: &Cx, filling: Filling<'_>, posted: Posted) -> PageResult {
    cx.look(|look| {
        let before = match filling {
            Filling::Take { record, .. } => Some(cx.readable(look, record)?),
            Filling::Open { .. } => None,
        };
        let (register, step) = match (&filling, &before) {
            (Filling::Open { register, step }, _) => (look.pack.register(register.as_str()), step),
            (Filling::Take { step, .. }, Some(case)) => (look.register(case), step),
            (Filling::Take { .. }, None) => return Err(PageError::NotFound),
        };
        let register = register.ok_or(PageError::NotFound)?;
        let fields = &register.flow.step(step.as_str()).ok_or(PageError::NotFound)?.fields;
        let home = look.roster.state.person(cx.person()).ok_or(PageError::NotFound)?.home;
        let by = Person {
            acting_for: None,
            person: cx.person(),
            role: "clerk".into(),
            session: None,
            terminal: None,
            unit: home,
        };
        let first = posted.query.one("_do").is_none();
        let (posted, mut wrong) = posted.with_rows().kept(cx, |_| false);
        let filled = if first {
            casework::Fill::new()
        } else {
            fill(cx, register, fields, before.as_deref(), &posted)
        };
        if let Doing::Send(_) = posted.doing()
            && !first
        {
            return Ok(serde_json::to_string(&filled).unwrap().into_response());
        }
        let stands = stand(look, &by, filling, &filled, first)?;
        let posted = if first { Posted::of(pairs(cx, register, &stands.case.content)) } else { posted };
        wrong.extend(unfit(&stands));
        let form = FormView {
            cx,
            action: cx.path.clone(),
            hidden: vec![("seen".into(), "0".into())],
            problems: Vec::new(),
            notes: Vec::new(),
            sections: sections(look, &by, &stands, &posted, &cx.path, &wrong),
            next: Some("單位主管".into()),
            buttons: vec![("send".into(), "送出".into(), true)],
            cancel: "/registers".into(),
        };
        if cx.wants("form-body") { cx.render(&form.as_body()) } else { cx.render(&Page { form }) }
    })
}

fn asked() -> City {
    let city = city();
    let house = city.asked.house;
    let asked = Asked::with(house, web::Limits::default(), pages());
    for one in [city.clerk, city.head, city.other_clerk] {
        asked.sign_in(one.person);
    }
    City { asked, ..city }
}

impl City {
    fn posted(&self, path: &str, form: &[(&str, &str)]) -> String {
        let answer = self.asked.post(self.clerk.person, path, form);
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        answer.text()
    }
}

#[test]
fn questions_stand_in_their_groups_with_what_is_offered_at_first() {
    let city = asked();
    let page = city.page("/form/loan/file");
    assert!(page.contains("<legend>借用內容</legend>"), "{page}");
    assert!(
        tag(&page, "f-starts").contains("type=\"date\"")
            && tag(&page, "f-starts").contains("value=\"2025-01-02\"")
    );
    assert!(page.contains("民國114年1月2日"));
    assert!(tag(&page, "f-purpose").starts_with("<textarea") && tag(&page, "f-purpose").contains("required"));
    assert!(page.contains("name=\"f.kind\" value=\"visit\" checked"), "{page}");
    assert!(page.contains("name=\"f.level\" value=\"internal\" checked"));
    assert!(tag(&page, "f-key").contains("type=\"search\""));
    // What other answers rest on is looked at as it changes; what is reckoned is shown.
    assert!(tag(&page, "f-until-field").contains("hx-post=\"/form/loan/file\""));
    assert!(page.contains("借用天數"));
    assert!(!page.contains("歸還狀況"), "that is asked by another step");
    assert!(page.contains("單位主管"));
}

#[test]
fn nothing_typed_is_lost_when_the_form_is_looked_at_anew() {
    let city = asked();
    let typed = [
        ("f.purpose", "會議室佈置 <b>"),
        ("f.starts", "114/1/6"),
        ("f.until", "明天"),
        ("f.kind", "repair"),
        ("f.key.q", "K0"),
        ("_do", "look"),
    ];
    let page = city.posted("/form/loan/file", &typed);
    assert!(page.contains("會議室佈置 &#60;b&#62;</textarea>"), "{page}");
    assert!(tag(&page, "f-starts").contains("value=\"2025-01-06\""));
    assert!(tag(&page, "f-until").contains("value=\"明天\""));
    assert!(page.contains("id=\"f-until-error\">應為"), "{page}");
    assert!(page.contains("<a href=\"#f-until\">歸還期限</a>"), "what is wrong is told above, too");
    assert!(page.contains("name=\"f.kind\" value=\"repair\" checked"));
    assert!(tag(&page, "f-key").contains("value=\"K0\""));
    let reckoned = [("f.starts", "2025-01-06"), ("f.until", "2025-01-08"), ("_do", "look")];
    let page = city.posted("/form/loan/file", &reckoned);
    assert!(
        page.split("id=\"f-length\"").nth(1).unwrap().trim_start_matches('>').trim_start().starts_with('3'),
        "{page}"
    );
}

#[test]
fn records_and_people_are_sought_and_chosen_without_script() {
    let city = asked();
    let page = city.posted("/form/loan/file", &[("f.key.q", "K01"), ("_do", "pick:f.key")]);
    let found = page.split("pick-found").nth(1).unwrap_or_else(|| panic!("{page}"));
    assert!(found.contains("K01 鑰匙") && found.contains("type=\"radio\""), "{found}");
    let value = found.split("value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let page = city.posted("/form/loan/file", &[("f.key", &value), ("_do", "look")]);
    assert!(page.contains(&format!("value=\"{value}\" checked>K01 鑰匙")), "{page}");
    // A key that is lent is none that may be borrowed.
    let lent = city.posted("/form/loan/file", &[("f.key.q", "L1"), ("_do", "pick:f.key")]);
    assert!(lent.split("pick-found").nth(1).unwrap().contains("沒有符合的項目"), "{lent}");
    let people = city.posted("/form/loan/file", &[("f.borrower.q", "chen"), ("_do", "pick:f.borrower")]);
    assert!(people.contains("chen先生（120單位 科員）"), "{people}");
}

#[test]
fn what_is_sent_becomes_values_in_their_one_spelling() {
    let city = asked();
    let (before, borrower) = (city.clerk.person.to_string(), city.other_clerk.person.to_string());
    let sent = [
        ("f.purpose", "第一行\r\n第二行\r\n"),
        ("f.starts", "民國114年1月6日"),
        ("f.until", "114.1.8"),
        // Another was chosen in place of the one before.
        ("f.borrower", before.as_str()),
        ("f.borrower", borrower.as_str()),
        ("f.kind", "visit"),
        ("f.level", ""),
        ("f.other", "not asked"),
        ("_do", "send"),
    ];
    let filled: Json = serde_json::from_str(&city.posted("/form/loan/file", &sent)).unwrap();
    let expected = json!({
        "borrower": borrower,
        "key": null,
        "kind": "visit",
        "level": null,
        "purpose": "第一行\n第二行",
        "starts": "2025-01-06",
        "until": "2025-01-08",
    });
    assert_eq!(filled, expected);
}

/// A round that waits to be finished.
fn round(city: &mut City) -> RecordId {
    city.asked.house.at("2025-01-28T01:30").unwrap();
    city.asked.house.tick().unwrap();
    let page = city.asked.get(&City::cookie(city.clerk), "/registers/round").text();
    let at = page.find("/records/").unwrap_or_else(|| panic!("no round is owed: {page}"));
    page[at + 9..].split('"').next().unwrap().parse().unwrap()
}

#[test]
fn rows_items_numbers_and_runs_are_filled_in_too() {
    let mut city = asked();
    let record = round(&mut city);
    let path = format!("/take/{record}/finish");
    let page = city.page(&path);
    assert!(page.contains("name=\"f.looked_at.doors\" value=\"bad\""), "{page}");
    assert!(tag(&page, "f-humidity").contains("inputmode=\"decimal\""));
    assert!(page.contains("name=\"f.people.row\" value=\"0\""));
    assert!(page.contains("name=\"f.drill\" value=\"fire\""));
    assert!(tag(&page, "f-photos").contains("capture=\"environment\""));
    let wang = city.clerk.person.to_string();
    let row = [("f.people.row", "0"), ("f.people.0.who", wang.as_str()), ("_do", "row-add:f.people")];
    let page = city.posted(&path, &row);
    assert!(page.contains("name=\"f.people.row\" value=\"1\"") && page.contains("wang先生"), "{page}");
    // Photos are asked for once something is bad.
    let bad = [("f.looked_at.doors", "bad"), ("f.looked_at.doors.note", "窗未關"), ("_do", "look")];
    let page = city.posted(&path, &bad);
    assert!(
        page.split("id=\"f-photos-field\"")
            .nth(1)
            .unwrap()
            .split("</legend>")
            .next()
            .unwrap()
            .contains("必填"),
        "{page}"
    );
    assert!(page.contains("value=\"窗未關\""));
    let sent = [
        ("f.looked_at.doors", "good"),
        ("f.looked_at.damp", "bad"),
        ("f.looked_at.damp.note", "牆角滲水"),
        ("f.humidity", "６５.５０"),
        ("f.drill", "fire"),
        ("f.people.row", "0"),
        ("f.people.0.who", wang.as_str()),
        ("f.people.row", "4"),
        ("_do", "send"),
    ];
    let filled: Json = serde_json::from_str(&city.posted(&path, &sent)).unwrap();
    assert_eq!(
        filled["looked_at"],
        json!({"doors": {"answer": "good"}, "damp": {"answer": "bad", "note": "牆角滲水"}})
    );
    assert_eq!(
        (&filled["humidity"], &filled["people"], &filled["photos"]),
        (&json!("65.5"), &json!([{ "who": wang }]), &Json::Null)
    );
    assert_eq!(filled["drill"]["procedure"], "fire");
    assert_eq!(filled["drill"]["ticks"], json!({}));
}

#[test]
fn files_are_kept_when_they_are_handed_in_and_carried_on_by_the_form() {
    let mut city = asked();
    let record = round(&mut city);
    let png = "\u{fffd}not a picture";
    let body = format!(
        "--x\r\ncontent-disposition: form-data; name=\"csrf\"\r\n\r\ntoken-of-{}\r\n--x\r\n\
         content-disposition: form-data; name=\"_do\"\r\n\r\nlook\r\n--x\r\n\
         content-disposition: form-data; name=\"f.photos.new\"; filename=\"牆角.png\"\r\n\r\n{png}\r\n--x--\r\n",
        city.clerk.person
    );
    let cookie = format!("ward_session={}", City::cookie(city.clerk));
    let headers = [("cookie", cookie.as_str()), ("content-type", "multipart/form-data; boundary=x")];
    let page = city.asked.ask(Method::POST, &format!("/take/{record}/finish"), &headers, &body);
    assert_eq!(page.status, StatusCode::OK, "{}", page.text());
    // It is no picture, whatever its name says.
    assert!(page.text().contains("id=\"f-photos-error\">「牆角.png」："), "{}", page.text());
    let body = body
        .replace("f.photos.new", "f.none.new")
        .replace("牆角.png", "說明.txt")
        .replace(png, "走道照明不足");
    let page = city.asked.ask(Method::POST, &format!("/take/{record}/finish"), &headers, &body);
    assert!(!page.text().contains("field-error"), "{}", page.text());
}

#[test]
fn the_part_of_a_form_is_given_to_scripts() {
    let city = asked();
    let cookie = format!("ward_session={}", City::cookie(city.clerk));
    let headers = [("cookie", cookie.as_str()), ("hx-request", "true"), ("hx-target", "form-body")];
    let part = city.asked.ask(Method::GET, "/form/loan/file", &headers, "").text();
    assert!(part.trim_start().starts_with("<div id=\"form-body\""), "{part}");
}
