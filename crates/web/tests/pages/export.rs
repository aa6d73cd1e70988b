//! Export: exactly what is filtered, in the columns shown, read by readers that are not ours.

use crate::site::{City, city};
use axum::http::StatusCode;
use calamine::{Data, Ods, Reader, Xlsx};
use std::io::Cursor;

const ASKED: &str = "f.code=K0&columns=title&columns=room&columns=opened_at&sort=-code";

fn cells(rows: Vec<Vec<Data>>) -> Vec<Vec<String>> {
    rows.into_iter().map(|row| row.into_iter().map(|cell| cell.to_string()).collect()).collect()
}

/// The one sheet of a book: its name, its rows.
fn sheet_of<R: Reader<Cursor<Vec<u8>>>>(bytes: &[u8]) -> (String, Vec<Vec<Data>>)
where
    R::Error: std::fmt::Debug,
{
    let mut book = R::new(Cursor::new(bytes.to_vec())).unwrap();
    let name = book.sheet_names().first().unwrap().clone();
    let rows = book.worksheet_range(&name).unwrap().rows().map(<[Data]>::to_vec).collect();
    (name, rows)
}

fn sheet<R: Reader<Cursor<Vec<u8>>>>(bytes: &[u8]) -> Vec<Vec<Data>>
where
    R::Error: std::fmt::Debug,
{
    let (name, rows) = sheet_of::<R>(bytes);
    assert_eq!(name, "鑰匙");
    rows
}

/// Everything that stands in an exported file; days in XLSX count from the last of 1899.
pub(crate) fn cells_of(format: &str, bytes: &[u8]) -> String {
    let rows = match format {
        "xlsx" => sheet_of::<Xlsx<_>>(bytes).1,
        "ods" => sheet_of::<Ods<_>>(bytes).1,
        _ => return String::from_utf8(bytes.to_vec()).unwrap(),
    };
    rows.iter().flatten().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_three_files_hold_the_same_and_what_is_listed() {
    let city = city();
    let file = |format: &str| {
        let answer = city
            .asked
            .get(&City::cookie(city.clerk), &format!("/registers/key/export?{ASKED}&format={format}"));
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        let name = answer.header("content-disposition").to_owned();
        assert!(
            name.starts_with(&format!("attachment; filename=\"key.{format}\"; filename*=UTF-8''%E9%91%B0")),
            "{name}"
        );
        answer.body
    };
    let xlsx = sheet::<Xlsx<_>>(&file("xlsx"));
    let ods = sheet::<Ods<_>>(&file("ods"));
    for rows in [&xlsx, &ods] {
        assert_eq!(rows.len(), 10, "a head and nine keys");
        assert_eq!(rows[0].iter().map(ToString::to_string).collect::<Vec<_>>(), ["案由", "房間", "建立時間"]);
        assert_eq!(rows[1][0], Data::String("K09 鑰匙".into()));
        // What looks like a formula is a text.
        assert_eq!(rows[3][1], Data::String("=cmd|'/c calc'!A1".into()));
    }
    let moment = |cell: &Data| match cell {
        Data::DateTime(when) => when.as_f64().floor(),
        Data::DateTimeIso(text) => {
            assert_eq!(text, "2025-01-02T09:00:00");
            45_659.0
        }
        other => panic!("{other:?} is no moment"),
    };
    // 2025-01-02, in days since the last of 1899.
    assert_eq!((moment(&xlsx[1][2]), moment(&ods[1][2])), (45_659.0, 45_659.0));
    let csv = String::from_utf8(file("csv")).unwrap();
    let lines: Vec<&str> = csv.trim_start_matches('\u{feff}').split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 10);
    assert_eq!(lines[0], "案由,房間,建立時間");
    assert_eq!(lines[1], "K09 鑰匙,第9會議室,2025-01-02 09:00");
    assert_eq!(lines[3], "K07 鑰匙,'=cmd|'/c calc'!A1,2025-01-02 09:00");
    assert_eq!(cells(xlsx)[2][0], "K08 鑰匙");
}

#[test]
fn an_export_has_all_pages_and_nothing_that_is_not_for_one_to_see() {
    let city = city();
    let csv = |who, register: &str| {
        let answer = city
            .asked
            .get(&City::cookie(who), &format!("/registers/{register}/export?format=csv&page=2&size=25"));
        assert_eq!(answer.status, StatusCode::OK);
        answer.text()
    };
    assert_eq!(csv(city.clerk, "key").lines().count(), 33);
    assert_eq!(csv(city.clerk, "loan").lines().count(), 2);
    assert!(csv(city.head, "loan").contains("114借字第001號"));
    assert!(!csv(city.other_clerk, "loan").contains("114借字第001號"));
    assert!(!csv(city.clerk, "key").contains("seven-seven-seven"));
    let unknown = city.asked.get(&City::cookie(city.clerk), "/registers/key/export?format=docx");
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

#[test]
fn every_other_list_leaves_as_a_file_of_what_it_shows() {
    let office = crate::people::office();
    let csv = |who: testkit::Acting, path: &str| {
        let answer = office.asked.get(&format!("cookie-of-{}", who.person), path);
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        assert!(answer.header("content-disposition").starts_with("attachment; filename=\""), "{path}");
        answer.text().trim_start_matches('\u{feff}').to_owned()
    };
    let people = csv(office.wang, "/people/export?format=csv&role=staff&sort=-name");
    let lines: Vec<&str> = people.lines().collect();
    assert_eq!(lines[0], "姓名,職稱,單位,角色,在職狀態");
    assert_eq!(lines.len(), 3, "two of staff: {people}");
    assert!(lines[1].starts_with("wang先生,") && lines[2].starts_with("chen先生,"), "{people}");
    // Nobody's mail goes out with it.
    assert!(!people.contains("@"), "{people}");
    let some = csv(office.wang, "/people/export?format=csv&q=chen&columns=name");
    assert_eq!(some.lines().collect::<Vec<_>>(), ["姓名", "chen先生"]);
    let units = csv(office.wang, "/units/export?format=csv");
    assert_eq!(units.lines().nth(2), Some("110,110單位,100,2,"), "{units}");
    let clauses = csv(office.wang, "/clauses/export?format=csv&q=3.4.2");
    assert!(
        clauses.lines().count() == 2 && clauses.lines().nth(1).unwrap().starts_with("3.4.2,"),
        "{clauses}"
    );
    let page = office.asked.get(&format!("cookie-of-{}", office.wang.person), "/clauses?q=3.4.2").text();
    assert!(page.contains("href=\"/clauses/export?q=3.4.2&#38;format=ods\""), "{page}");
    let entries = csv(office.auditor, "/audit/entries/export?format=csv&kind=person");
    assert_eq!(entries.lines().count(), 6, "{entries}");
    assert!(entries.contains("人員登錄（person.registered）"), "{entries}");
    let denied =
        office.asked.get(&format!("cookie-of-{}", office.wang.person), "/audit/entries/export?format=csv");
    assert_eq!(denied.status, StatusCode::NOT_FOUND);
    for path in ["/people", "/units", "/clauses", "/notices", "", "/audit/entries"] {
        let cookie = format!("cookie-of-{}", office.auditor.person);
        let file = |format: &str| office.asked.get(&cookie, &format!("{path}/export?format={format}"));
        let (xlsx, ods) =
            (sheet_of::<Xlsx<_>>(&file("xlsx").body).1, sheet_of::<Ods<_>>(&file("ods").body).1);
        assert_eq!(xlsx[0], ods[0], "{path}");
        assert_eq!(xlsx.len(), ods.len(), "{path}");
        assert_eq!(file("docx").status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[test]
fn what_one_was_told_and_what_waits_leave_as_files() {
    let mut city = city();
    let borrowed = crate::site::borrowing(city.key("K01"), city.clerk, "internal");
    let loan = city.asked.house.open(city.clerk, "loan", "file", &borrowed).unwrap();
    let head = City::cookie(city.head);
    let work = city.asked.get(&head, "/export?format=csv").text();
    assert!(work.contains("待簽核,K01 借用,核定"), "{work}");
    city.asked.house.take(city.head, loan, "approve", regulation::Outcome::Refuse, &[]).unwrap();
    let notices = city.page("/notices/export?format=csv");
    assert!(notices.contains("借用 K01 未准:理由") && notices.contains("未讀"), "{notices}");
    let others = city.asked.get(&City::cookie(city.other_clerk), "/notices/export?format=csv").text();
    assert_eq!(others.lines().count(), 1, "{others}");
}
