//! The drawing of the network: what is drawn, for whom, of when; that it is well formed and the same twice; its sheet; what
//! a record depends on.

use crate::papers::pdf;
use crate::site::{Answer, Asked};
use axum::http::{Method, StatusCode};
use model::Clock as _;
use quick_xml::Reader;
use quick_xml::events::Event;
use regulation::Outcome;
use serde_json::json;
use std::path::Path;
use std::time::Duration;
use testkit::{Acting, House, Wirers, Wires};
use web::Limits;

/// An installation with a network in its registers.
struct Wired {
    asked: Asked,
    wires: Wires,
    by: Wirers,
    auditor: Acting,
    /// Of a unit that has nothing of it.
    other: Acting,
}

fn wired() -> Wired {
    let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../regulations/taichung-2001");
    let mut house = House::with_pack(23, &regulation::Folder::new(&pack), None).unwrap();
    let top = house.unit("100", None).unwrap();
    let centre = house.unit("110", Some(top)).unwrap();
    let elsewhere = house.unit("120", Some(top)).unwrap();
    let by = Wirers {
        admin: house.person("kang", "network_admin", centre).unwrap(),
        it_head: house.person("chang", "it_head", centre).unwrap(),
        maintainer: house.person("wu", "maintainer", centre).unwrap(),
        staff: house.person("wang", "staff", centre).unwrap(),
        head: house.person("lin", "unit_head", centre).unwrap(),
        steward: house.person("shih", "steward", top).unwrap(),
    };
    let auditor = house.person("chi", "auditor", top).unwrap();
    let other = house.person("kuo", "unit_head", elsewhere).unwrap();
    let wires = house.wire(&by).unwrap();
    let asked = Asked::of(house, Limits::default());
    for one in [by.admin, by.it_head, by.head, auditor, other] {
        asked.sign_in(one.person);
    }
    Wired { asked, wires, by, auditor, other }
}

impl Wired {
    fn get(&self, who: Acting, path: &str) -> Answer {
        let answer = self.asked.get(&format!("cookie-of-{}", who.person), path);
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        answer
    }

    fn page(&self, who: Acting, path: &str) -> String {
        self.get(who, path).text()
    }
}

/// The row of a table in which a word stands.
fn row<'p>(page: &'p str, word: &str) -> &'p str {
    let found = page.split("<tr>").skip(1).find(|row| row.contains(word));
    found.unwrap_or_else(|| panic!("{word}: {page}")).split("</tr>").next().unwrap()
}

/// Texts and titles of an SVG, which reads as XML to its end.
fn texts(svg: &str) -> Vec<String> {
    let mut reader = Reader::from_str(svg);
    let (mut depth, mut texts) = (0, Vec::new());
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                start.attributes().for_each(|attribute| drop(attribute.unwrap()));
                depth += 1;
            }
            Event::Empty(empty) => empty.attributes().for_each(|attribute| drop(attribute.unwrap())),
            Event::End(_) => depth -= 1,
            Event::Text(text) => texts.push(text.into_inner().into_owned()),
            Event::Eof => break,
            Event::GeneralRef(_) | Event::CData(_) | Event::Comment(_) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(depth, 0);
    texts
}

#[test]
fn what_is_registered_and_what_was_seen_is_drawn_and_told() {
    let wired = wired();
    let page = wired.page(wired.auditor, "/network");
    for name in [
        "對外防火牆",
        "檔案伺服器",
        "線上申辦",
        "市政大樓對外網點",
        "L-01 市政大樓－陽明大樓",
        "國稅局 稅籍系統",
        "10.1.2.0/24",
        "10.1.3.0/24",
    ] {
        assert!(page.contains(name), "{name}: {page}");
    }
    // Terminals of one network stand as one.
    assert!(row(&page, "10.1.2.0/24").contains("10.1.2.3、10.1.2.4"), "{page}");
    // Whoever was seen, whoever was not, and who has no address to be seen by.
    assert!(row(&page, ">檔案伺服器<").contains("有通聯"), "{page}");
    assert!(row(&page, ">網頁伺服器<").contains("期間內未見通聯"), "{page}");
    assert!(row(&page, ">線上申辦<").contains("data-head=\"通聯\">\n－\n"), "{page}");
    // A neighbour in no register stands out.
    assert!(page.contains("picture-node picture-stranger") && page.contains("10.1.9.9"), "{page}");
    assert!(page.contains("picture-tie picture-strange"), "{page}");
    let links = page.split("二、登記之連接</h2>").nth(1).unwrap();
    let link = row(links, "市政大樓對外網點");
    assert!(link.contains("對外防火牆") && link.contains("data-head=\"依據欄位\">\n防火牆\n"), "{link}");
    assert!(page.contains("href=\"/clauses/19.1.2\""), "{page}");
    let entered = wired.asked.entered("lines.traced/1");
    assert_eq!(entered.last().unwrap()["body"]["wanted"], "network");
    // From the page of a register it is found.
    assert!(wired.page(wired.auditor, "/registers/line").contains("href=\"/network\""));
    assert!(
        !wired.page(wired.auditor, "/registers/room").contains("<a class=\"btn btn-sm\" href=\"/network\"")
    );
}

#[test]
fn the_drawing_is_well_formed_and_the_same_twice() {
    let wired = wired();
    let [one, other] = [(); 2].map(|()| wired.get(wired.auditor, "/network.svg"));
    assert_eq!(one.header("content-type"), "image/svg+xml");
    assert!(one.header("content-disposition").starts_with("attachment"), "{:?}", one.headers);
    assert_eq!(one.body, other.body);
    let texts = texts(&one.text());
    for word in ["對外防火牆", "10.1.0.254", "未登記之鄰居", "登記之連接", "所繪登記最後異動"]
    {
        assert!(texts.iter().any(|text| text.contains(word)), "{word}: {texts:?}");
    }
    // The page shows the same bytes.
    let page = wired.page(wired.auditor, "/network");
    assert!(page.contains(&one.text()));
}

#[test]
fn in_english_it_has_no_marks_of_chinese() {
    let wired = wired();
    let cookie = format!("cookie-of-{}", wired.auditor.person);
    let linked = format!("/records/{}/linked", wired.wires.connection);
    for path in ["/network", "/network?against=2025-01-01&days=30", "/network?at=2024-01-01", &linked] {
        let page = wired.asked.get_english(&cookie, path);
        assert_eq!(page.status, StatusCode::OK);
        assert_eq!(crate::english::wide(&page.text()), [""; 0], "{path}");
    }
}

#[test]
fn flows_are_for_those_who_may_trace_and_records_for_those_who_may_read_them() {
    let wired = wired();
    let page = wired.page(wired.by.admin, "/network");
    assert!(page.contains("對外防火牆") && page.contains("僅供得追查紀錄者檢視"), "{page}");
    assert!(!page.contains("picture-seen") && !page.contains("10.1.9.9"), "{page}");
    assert!(row(&page, ">檔案伺服器<").contains("未知"), "{page}");
    assert!(wired.asked.entered("lines.traced/1").is_empty());
    let page = wired.page(wired.other, "/network");
    assert!(
        page.contains("沒有您可檢視") && !page.contains("防火牆－") && !page.contains("對外防火牆"),
        "{page}"
    );
    let svg = wired.get(wired.other, "/network.svg").text();
    assert!(!svg.contains("10.1.") && !svg.contains("對外"), "{svg}");
}

#[test]
fn it_is_drawn_as_of_a_day_and_two_days_are_compared() {
    let mut wired = wired();
    let day = |more: u64, asked: &Asked| {
        let at = asked.house.clock.now().plus(Duration::from_secs(86_400 * more));
        at.to_string().get(..10).unwrap().to_owned()
    };
    let first = day(0, &wired.asked);
    let later = wired.asked.house.clock.now().plus(Duration::from_secs(5 * 86_400));
    wired.asked.house.clock.set(later);
    let [host, _] = wired.wires.hosts;
    let (admin, by) = (wired.by.admin, wired.by);
    wired.asked.house.take(admin, host, "retire", Outcome::Done, &[]).unwrap();
    let fill = [("name", json!("對外主防火牆"))];
    wired.asked.house.take(admin, wired.wires.firewall, "change", Outcome::Done, &fill).unwrap();
    wired.asked.house.terminal(&by, 9, "10.1.7.7").unwrap();
    let now = wired.page(wired.auditor, "/network");
    assert!(
        !now.contains(">檔案伺服器<") && now.contains("對外主防火牆") && now.contains("10.1.7.0/24"),
        "{now}"
    );
    let then = wired.page(wired.auditor, &format!("/network?at={first}"));
    assert!(
        then.contains(">檔案伺服器<") && !then.contains("對外主防火牆") && !then.contains("10.1.7.0/24"),
        "{then}"
    );
    // The digest of that day is the digest that stood on the drawing then.
    let digest = |page: &str| {
        let rest = page.split("登記內容雜湊值（SHA-256）</dt>").nth(1).unwrap();
        rest.chars().filter(char::is_ascii_hexdigit).take(66).collect::<String>()
    };
    assert_ne!(digest(&now), digest(&then));
    let compared = wired.page(wired.auditor, &format!("/network?against={first}"));
    let part = compared.split("id=\"differences\"").nth(1).unwrap();
    assert!(row(part, "對外防火牆 → 對外主防火牆").contains("變更"), "{part}");
    assert!(row(part, "檔案伺服器").contains("移除") && row(part, "10.1.7.0/24").contains("新增"), "{part}");
    let before = wired.page(wired.auditor, "/network?at=2024-12-31");
    assert!(before.contains("沒有您可檢視"), "{before}");
    let wrong = wired.page(wired.auditor, "/network?at=tomorrow");
    assert!(wrong.contains("日期須為過去之日期"), "{wrong}");
}

#[test]
fn the_digest_of_a_day_is_the_one_that_was_drawn_on_it() {
    let wired = wired();
    let foot = |svg: &str| {
        let texts = texts(svg);
        texts.into_iter().find(|text| text.contains("登記內容雜湊值")).unwrap()
    };
    let first = wired.asked.house.clock.now();
    let drawn = foot(&wired.get(wired.auditor, "/network.svg").text());
    wired.asked.house.clock.set(first.plus(Duration::from_secs(3 * 86_400)));
    let day = first.to_string().get(..10).unwrap().to_owned();
    assert_eq!(foot(&wired.get(wired.auditor, &format!("/network.svg?at={day}")).text()), drawn);
}

#[test]
fn its_sheet_has_the_same_in_words_and_is_put_into_the_register_by_whoever_may() {
    let wired = wired();
    let text = pdf(&wired.get(wired.auditor, "/network.pdf"));
    for word in ["網路系統圖", "對外防火牆", "10.1.9.9", "登記內容雜湊值", "帳本名稱"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    let keep = |who: Acting| {
        let cookie = format!("ward_session=cookie-of-{}", who.person);
        let headers = [("cookie", cookie.as_str()), ("content-type", "application/x-www-form-urlencoded")];
        let body = format!("csrf=token-of-{}&days=7", who.person);
        wired.asked.ask(Method::POST, "/network/keep", &headers, &body)
    };
    assert_eq!(keep(wired.auditor).status, StatusCode::NOT_FOUND);
    assert!(!wired.page(wired.auditor, "/network").contains("action=\"/network/keep\""));
    assert!(wired.page(wired.by.admin, "/network").contains("action=\"/network/keep\""));
    let kept = keep(wired.by.admin);
    assert_eq!(kept.status, StatusCode::SEE_OTHER, "{}", kept.text());
    let to = kept.header("location").to_owned();
    assert!(to.starts_with("/registers/network_diagram/new/draw?"), "{to}");
    let form = wired.page(wired.by.admin, &to);
    assert!(form.contains("網路系統圖_2025-01-02.pdf") && form.contains("登記內容截至"), "{form}");
}

#[test]
fn a_record_shows_what_it_depends_on_and_what_depends_on_it_two_steps_far() {
    let wired = wired();
    let [_, web_host] = wired.wires.hosts;
    let page = wired.page(wired.auditor, &format!("/records/{web_host}/linked"));
    let part = page.split("id=\"depends\"").nth(1).unwrap();
    // The system depends on it; nothing else does.
    let found = row(part, "線上申辦");
    assert!(found.contains("相依於本紀錄者") && found.contains("內部"), "{found}");
    let svg = part.split("<svg").nth(1).unwrap().split("</svg>").next().unwrap();
    assert!(svg.contains("picture-focus") && svg.contains("線上申辦"), "{svg}");
    texts(&format!("<svg{svg}</svg>"));
    // From a connection by its terminal to the terminal's device: two steps.
    let page = wired.page(wired.auditor, &format!("/records/{}/linked", wired.wires.connection));
    let part = page.split("id=\"depends\"").nth(1).unwrap();
    assert!(row(part, "前項所相依").contains("電腦設備"), "{part}");
    assert!(row(part, "本紀錄所相依").contains("終端設備"), "{part}");
}
