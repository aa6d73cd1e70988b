//! PDF files, read by a confined program: Chinese text is found, and what is hostile ends within its limits.

use crate::samples::{one_page, pdf_by_itself, pdf_by_tables, pdf_of, stream};
use attachment::text::{ProcessLimits, TextLimits, ready};
use attachment::{ExtractError, Extracted, Kind, extract};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use std::io::Write as _;
use std::time::Duration;

fn with(process: ProcessLimits) -> TextLimits {
    TextLimits { process, ..TextLimits::DEFAULT }
}

fn text(bytes: &[u8]) -> Result<Extracted, ExtractError> {
    extract(Kind::Pdf, bytes, &TextLimits::DEFAULT)
}

#[test]
fn this_machine_confines_and_reads() {
    if let Err(error) = ready() {
        panic!("{}", error.told());
    }
}

#[test]
fn chinese_text_is_found_whichever_way_it_is_written() {
    for bytes in [pdf_by_tables(&["資訊安全管理規範", "AB12"]), pdf_by_itself(&["資訊安全管理規範", "AB12"])]
    {
        let found = text(&bytes).unwrap();
        assert_eq!(found, Extracted { text: "資訊安全管理規範\nAB12".to_owned(), truncated: false });
        assert_eq!(text(&bytes).unwrap(), found);
    }
}

#[test]
fn a_word_broken_by_a_line_is_found() {
    let found = text(&pdf_by_itself(&["應於三十分鐘內通知維", "護廠商"])).unwrap();
    assert_eq!(found.text, "應於三十分鐘內通知維護廠商");
}

#[test]
fn more_text_than_is_kept_is_cut_and_said_to_be() {
    let line = "資訊安全".repeat(10);
    let lines: Vec<_> = std::iter::repeat_n(line.as_str(), 30).collect();
    let limits = TextLimits { text: 300, ..TextLimits::DEFAULT };
    let cut = extract(Kind::Pdf, &pdf_by_itself(&lines), &limits).unwrap();
    assert!(cut.truncated && cut.text.len() <= 300 && cut.text.starts_with(&line), "{}", cut.text);
}

#[test]
fn what_is_no_pdf_or_locked_is_told() {
    assert!(matches!(text(b"%PDF-1.7 and no more"), Err(ExtractError::Damaged { kind: Kind::Pdf, .. })));
    let objects = one_page("").into_iter().chain([stream("", b"")]).collect::<Vec<_>>();
    let secret = "00112233445566778899aabbccddeeff".repeat(2);
    let lock = format!("/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<{secret}>/U<{secret}>>>/ID[<00><00>]");
    let locked = text(&pdf_of(&objects, &lock)).unwrap_err();
    assert!(matches!(locked, ExtractError::Locked), "{locked}");
    assert!(locked.told().zh.contains("密碼"));
    let empty = text(&pdf_of(&objects, "")).unwrap();
    assert_eq!(empty.text, "");
}

/// Each form draws the next one ten times.
fn explosion() -> Vec<u8> {
    let mut objects = one_page("/XObject<</F 5 0 R>>");
    let ten = "/F Do ".repeat(10).into_bytes();
    objects.push(stream("", &ten));
    for next in 6..26 {
        let entries =
            format!("/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</F {next} 0 R>>>>");
        objects.push(stream(&entries, &ten));
    }
    objects.push(stream("/Type/XObject/Subtype/Form/BBox[0 0 9 9]", b""));
    pdf_of(&objects, "")
}

#[test]
fn a_pdf_that_never_ends_is_ended() {
    let limits = ProcessLimits { cpu_seconds: 1, ..ProcessLimits::DEFAULT };
    let error = extract(Kind::Pdf, &explosion(), &with(limits)).unwrap_err();
    assert!(matches!(error, ExtractError::Costly { resource: "time" }), "{error}");
    let limits = ProcessLimits { wall: Duration::from_millis(200), ..ProcessLimits::DEFAULT };
    let error = extract(Kind::Pdf, &explosion(), &with(limits)).unwrap_err();
    assert!(matches!(error, ExtractError::Costly { resource: "time" }), "{error}");
    assert!(error.told().zh.contains("時間"), "{error}");
}

#[test]
fn a_pdf_that_asks_for_too_much_memory_is_refused() {
    // As many objects in one stream as it says, each an array within an array: gigabytes once they are taken apart.
    let mut objects = one_page("");
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
    packed.write_all(b"BT ").unwrap();
    for _ in 0..64 {
        packed.write_all(&b"[".repeat(1 << 20)).unwrap();
    }
    objects.push(stream("/Filter/FlateDecode", &packed.finish().unwrap()));
    let limits = ProcessLimits { memory: 200 << 20, cpu_seconds: 5, ..ProcessLimits::DEFAULT };
    let outcome = extract(Kind::Pdf, &pdf_of(&objects, ""), &with(limits));
    // Whatever poppler makes of it, it ends within its limits.
    assert!(
        matches!(&outcome, Err(ExtractError::Costly { .. } | ExtractError::Damaged { .. }))
            || outcome.as_ref().is_ok_and(|found| found.text.is_empty()),
        "{outcome:?}"
    );
}

#[test]
fn each_cut_of_a_pdf_is_read_or_refused() {
    let whole = pdf_by_itself(&["資訊安全"]);
    for length in (0..whole.len()).step_by(97) {
        match text(&whole[..length]) {
            Ok(found) => assert!(found.text.len() <= 12, "{length}: {}", found.text),
            Err(error) => assert!(matches!(error, ExtractError::Damaged { .. }), "{length}: {error}"),
        }
    }
}
