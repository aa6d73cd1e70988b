//! Papers, looked at by programs that are not ours: poppler reads text, fonts and pictures, zbar the codes.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test may fail")]

mod sample;

use paper::{FOLDERS, Fonts, Layout, MOST_LABELS, MOST_ROWS, Made, Press, PrintError};
use sample::{at, blank, catalogue, drawing, form, labels, report};
use std::path::Path;
use std::process::Output;
use std::sync::OnceLock;

fn press() -> &'static Press {
    static PRESS: OnceLock<Press> = OnceLock::new();
    PRESS.get_or_init(|| Press::new(Fonts::find(&FOLDERS).unwrap()))
}

/// What a program of Debian's says of files in a folder.
fn said(folder: &Path, program: &str, arguments: &[&str]) -> Output {
    #[expect(clippy::disallowed_methods, reason = "the one place here: in a folder of the test's own")]
    let mut command = std::process::Command::new(program);
    let output = command.args(arguments).current_dir(folder).env("LC_ALL", "C.UTF-8").output();
    let output =
        output.unwrap_or_else(|error| panic!("{program} is missing, see PACKAGES in the Makefile: {error}"));
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

fn words(folder: &Path, program: &str, arguments: &[&str]) -> String {
    String::from_utf8(said(folder, program, arguments).stdout).unwrap()
}

/// A paper in a folder of its own.
fn laid(made: &Made) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    #[expect(clippy::disallowed_methods, reason = "a file that goes with the test")]
    std::fs::write(folder.path().join("a.pdf"), &made.pdf).unwrap();
    folder
}

/// Its text in the order of setting, without blanks and without places to break.
fn text(made: &Made) -> String {
    let text = words(laid(made).path(), "pdftotext", &["-raw", "a.pdf", "-"]);
    text.chars().filter(|one| !one.is_whitespace() && *one != '\u{200b}').collect()
}

/// What codes on its first page say.
fn codes(made: &Made) -> Vec<String> {
    let folder = laid(made);
    said(folder.path(), "pdftoppm", &["-r", "200", "-f", "1", "-l", "1", "-png", "a.pdf", "a"]);
    let picture = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let picture =
        picture.map(|name| name.into_string().unwrap()).find(|name| name.ends_with(".png")).unwrap();
    let found = words(folder.path(), "zbarimg", &["--quiet", "--raw", &picture]);
    found.lines().map(str::to_owned).collect()
}

#[test]
fn a_form_shows_what_it_was_given_in_the_governments_font_as_a_subset() {
    let made = press().form(&form("不斷電系統年度維護"), at()).unwrap();
    let text = text(&made);
    for words in [
        "臺中市政府",
        "電腦機房進出申請表",
        "編號：115機字第0042號",
        "中華民國115年11月27日",
        "案由",
        "不斷電系統年度維護",
        "■維護",
        "□參訪",
        "■是",
        "攜帶設備",
        "SN-000-111-222",
        "施工計畫.pdf",
        "申請人",
        "王小明",
        "本人簽章",
        "系統證明",
        "代理李主任",
        "失效：內容已變更",
        "資料不全，請補正",
        "第1頁，共",
        "密",
        "第6.2.1點",
        "掃描查驗",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let digest: String = "ab".repeat(32);
    assert!(text.contains(&digest), "{text}");
    let fonts = words(laid(&made).path(), "pdffonts", &["a.pdf"]);
    let rows: Vec<&str> = fonts.lines().skip(2).collect();
    assert!(!rows.is_empty() && rows.iter().all(|row| row.contains("TW-Kai")), "{fonts}");
    // Embedded, a subset, with a map to Unicode.
    assert!(rows.iter().all(|row| row.contains(" yes yes yes ")), "{fonts}");
    assert!(made.pdf.len() < 400_000, "{} bytes", made.pdf.len());
    let about = words(laid(&made).path(), "pdfinfo", &["-meta", "a.pdf"]);
    let about: String = about.chars().filter(|one| !one.is_whitespace()).collect();
    for words in ["<pdfaid:part>2</pdfaid:part>", "<pdfaid:conformance>A</pdfaid:conformance>"] {
        assert!(about.contains(words), "{words}: {about}");
    }
    let info = words(laid(&made).path(), "pdfinfo", &["a.pdf"]);
    assert!(info.contains("Tagged:          yes") && info.contains("A4"), "{info}");
}

#[test]
fn codes_are_read_by_a_reader_that_is_not_ours() {
    let made = press().form(&form("短"), at()).unwrap();
    assert_eq!(made.pages, 1);
    assert_eq!(codes(&made), ["https://ward.example.gov.tw/records/r_0123456789abcdefghjkmnpqrs"]);
    let made = press().form(&blank(), at()).unwrap();
    assert_eq!(codes_or_none(&made), [] as [String; 0]);
    let made = press().labels(&labels(Layout::Sheet, 24), at()).unwrap();
    let mut found = codes(&made);
    found.sort();
    assert_eq!(found.len(), 24);
    assert_eq!(found.first().unwrap(), "https://ward.example.gov.tw/records/r_00000000000000000000000000");
    let made = press().labels(&labels(Layout::Single, 1), at()).unwrap();
    assert_eq!(codes(&made), ["https://ward.example.gov.tw/records/r_00000000000000000000000000"]);
}

/// zbarimg fails where it finds nothing.
fn codes_or_none(made: &Made) -> Vec<String> {
    let folder = laid(made);
    said(folder.path(), "pdftoppm", &["-r", "200", "-png", "a.pdf", "a"]);
    #[expect(clippy::disallowed_methods, reason = "as above, but for its status")]
    let mut command = std::process::Command::new("zbarimg");
    let output = command.args(["--quiet", "--raw", "a-1.png"]).current_dir(folder.path()).output().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn what_somebody_typed_is_shown_and_never_obeyed() {
    for typed in [
        "#import \"@preview/x:1.0.0\": *",
        "#panic(\"a\")",
        "$x^2$ *a* _b_ `c` <d> @e // f /* g */",
        "]} #{ #[ \\ \" ' ~ -- --- ... = h\n= i\n- j\n+ k\n/ l: m",
        "#read(\"/etc/passwd\") #eval(\"1\") \\u{41}",
        "https://example.org/#x <script>alert(1)</script>",
        "{\"kind\":\"ticks\"}",
    ] {
        let made = press().form(&form(typed), at()).unwrap();
        let bare: String = typed.chars().filter(|one| !one.is_whitespace()).collect();
        let text = text(&made);
        // As the subject, as an answer, as a cell.
        assert!(text.matches(&bare).count() >= 2, "{typed}: {text}");
    }
}

#[test]
fn a_character_that_no_font_has_is_named_with_its_field() {
    let mut odd = form("短");
    odd.sections[0].lines[4] = paper::Line::new("事由", paper::Value::text("好的😀"));
    let error = press().form(&odd, at()).unwrap_err();
    assert!(matches!(&error, PrintError::Glyph { character: '😀', field } if field == "事由"), "{error}");
    let told = error.to_string();
    assert!(told.contains("事由") && told.contains("U+1F600") && told.contains('😀'), "{told}");
    // What is rare but Chinese is there: beyond the first plane, in the second font of the set.
    let mut rare = form("短");
    rare.sections[0].lines[0] = paper::Line::new("申請人", paper::Value::text("𠀋𡿨"));
    let made = press().form(&rare, at()).unwrap();
    assert!(text(&made).contains("𠀋𡿨"));
    // A control character has no picture either.
    odd.sections[0].lines[4] = paper::Line::new("事由", paper::Value::text("a\u{7}b"));
    assert!(matches!(press().form(&odd, at()), Err(PrintError::Glyph { character: '\u{7}', .. })));
}

#[test]
fn the_same_paper_of_the_same_moment_is_the_same_bytes() {
    let one = press().form(&form("甲"), at()).unwrap();
    press().rest();
    assert_eq!(press().form(&form("甲"), at()).unwrap(), one);
    assert_ne!(press().form(&form("乙"), at()).unwrap().digest, one.digest);
    let later = at().plus(std::time::Duration::from_secs(60));
    assert_ne!(press().form(&form("甲"), later).unwrap().digest, one.digest);
}

#[test]
fn a_long_paper_bears_its_mark_and_its_number_on_every_page_and_loses_nothing() {
    let long = "不斷電系統年度維護，含電池更換、負載測試及接地電阻量測。".repeat(150);
    let made = press().form(&form(&long), at()).unwrap();
    assert!(made.pages > 3, "{} pages", made.pages);
    let folder = laid(&made);
    for page in 1..=made.pages {
        let number = page.to_string();
        let one = words(folder.path(), "pdftotext", &["-f", &number, "-l", &number, "a.pdf", "-"]);
        assert!(one.contains(&format!("第 {page} 頁，共 {} 頁", made.pages)), "{one}");
        // At the top and at the foot.
        assert!(one.lines().filter(|line| line.trim() == "密").count() >= 2, "{one}");
    }
    let text = text(&made);
    assert_eq!(text.matches("接地電阻量測").count(), 450);
}

#[test]
fn lists_repeat_their_heads_and_reports_say_what_is_red_and_what_is_not_known() {
    let made = press().catalogue(&catalogue(80), at()).unwrap();
    let listed = text(&made);
    assert!(made.pages > 1);
    assert_eq!(listed.matches("編號案由").count(), made.pages, "{listed}");
    assert!(
        listed.contains("115機字第0079號") && listed.contains("篩選條件：狀態：已核定；建立日期"),
        "{listed}"
    );
    let empty = press().catalogue(&catalogue(0), at()).unwrap();
    assert!(text(&empty).contains("（無）"));
    let made = press().report(&report(), at()).unwrap();
    let told = text(&made);
    for words in ["資訊安全管理月報", "未符合事項", "未知事項及原因", "9.29", "合計", "資訊安全長"]
    {
        assert!(told.contains(words), "{words}: {told}");
    }
}

#[test]
fn more_than_is_printed_at_once_is_refused_with_both_numbers() {
    let error = press().catalogue(&catalogue(MOST_ROWS + 1), at()).unwrap_err().to_string();
    assert!(error.contains("2001") && error.contains("2000"), "{error}");
    let error = press().labels(&labels(Layout::Sheet, MOST_LABELS + 1), at()).unwrap_err();
    assert!(matches!(error, PrintError::TooMuch { count: 961, most: 960, .. }), "{error}");
}

#[test]
fn without_the_governments_font_another_stands_in_and_without_any_it_is_told() {
    let none = tempfile::tempdir().unwrap();
    let error = Fonts::find(&[none.path()]).err().unwrap().to_string();
    assert!(error.contains("fonts-cns11643-kai") && error.contains(none.path().to_str().unwrap()), "{error}");
    // A font by its name alone is none.
    #[expect(clippy::disallowed_methods, reason = "a file that goes with the test")]
    std::fs::write(none.path().join("TW-Kai-98_1.ttf"), b"no font").unwrap();
    assert!(Fonts::find(&[none.path()]).is_err());
    let noto = Fonts::find(&["/usr/share/fonts/opentype/noto"]).unwrap();
    assert!(!noto.is_official(), "{:?}", noto.families());
    let made = Press::new(noto).form(&blank(), at()).unwrap();
    assert!(text(&made).contains("電腦機房進出申請表"));
    assert!(press().fonts().is_official());
}

#[test]
fn a_paper_of_a_sample_bears_its_watermark() {
    let mut sample = blank();
    let plain = text(&press().form(&sample, at()).unwrap());
    sample.head.watermark = Some("樣本城市".to_owned());
    let marked = text(&press().form(&sample, at()).unwrap());
    // It lies slantwise, so that each of its characters is a line.
    for one in "樣本城市".chars() {
        assert_eq!(marked.matches(one).count(), plain.matches(one).count() + 1, "{one}: {marked}");
    }
}

#[test]
fn a_drawing_stands_on_the_smallest_sheet_on_which_it_is_read() {
    let size = |made: &Made| {
        let told = words(laid(made).path(), "pdfinfo", &["a.pdf"]);
        told.lines().find(|line| line.starts_with("Page size")).unwrap().to_owned()
    };
    let small = press().drawing(&drawing(8), at()).unwrap();
    let told = text(&small);
    for word in ["網路系統圖", "主機第7號", "10.1.0.7", "實際通聯", "登記之項目", "（無）"]
    {
        assert!(told.contains(word), "{word}: {told}");
    }
    assert!(size(&small).contains("(A4)"), "{}", size(&small));
    let large = press().drawing(&drawing(80), at()).unwrap();
    assert!(!size(&large).contains("(A4)") && text(&large).contains("主機第79號"), "{}", size(&large));
    let nothing = press().drawing(&drawing(0), at()).unwrap();
    assert!(text(&nothing).contains("（無）"));
    assert_eq!(press().drawing(&drawing(8), at()).unwrap(), small);
    let many = press().drawing(&drawing(6_000), at());
    assert!(matches!(many, Err(PrintError::TooMuch { what: "boxes", .. })));
}
