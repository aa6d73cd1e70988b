//! What a file is, against what its name claims.

use crate::samples::{archive, compound, content_types, docx, odf, pdf_by_itself, xlsx};
use attachment::kind::Limits;
use attachment::{Kind, Refused, check, check_name};
use proptest::prelude::*;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
const JPEG: &[u8] = b"\xFF\xD8\xFF\xE0\0\x10JFIF\0";
const PROGRAM: &[u8] = b"\x7FELF\x02\x01\x01\0\0\0\0\0";
const WEB_PAGE: &[u8] = b"<!DOCTYPE html><html><script>alert(1)</script></html>";

/// What files that are worth a second look begin with.
const HEADS: [&[u8]; 4] = [b"", b"PK\x03\x04", b"%PDF-", b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"];

fn looked(name: &str, content: &[u8]) -> Result<Kind, Refused> {
    check(name, content, &Limits::DEFAULT)
}

fn big5(text: &str) -> Vec<u8> {
    encoding_rs::BIG5.encode(text).0.into_owned()
}

#[test]
fn honest_files_are_what_they_say() {
    let text = docx("<w:p><w:r><w:t>甲</w:t></w:r></w:p>", &[]);
    let cases: Vec<(&str, Vec<u8>, Kind)> = vec![
        ("公文.pdf", pdf_by_itself(&["甲"]), Kind::Pdf),
        ("照片.PNG", PNG.to_vec(), Kind::Png),
        ("照片.jpeg", JPEG.to_vec(), Kind::Jpeg),
        ("照片.jpg", JPEG.to_vec(), Kind::Jpeg),
        ("規格書.docx", text.clone(), Kind::Docx),
        ("清冊.xlsx", xlsx("", "", &[]), Kind::Xlsx),
        (
            "簡報.pptx",
            archive(&[("[Content_Types].xml", &content_types("presentationml.presentation"))]),
            Kind::Pptx,
        ),
        ("規格書.odt", odf("text", "", &[]), Kind::Odt),
        ("清冊.ods", odf("spreadsheet", "", &[]), Kind::Ods),
        ("簡報.odp", odf("presentation", "", &[]), Kind::Odp),
        ("舊檔.doc", compound(&["WordDocument"]), Kind::Doc),
        ("舊檔.xls", compound(&["Workbook"]), Kind::Xls),
        ("舊檔.ppt", compound(&["PowerPoint Document"]), Kind::Ppt),
        ("說明.txt", "資訊安全".as_bytes().to_vec(), Kind::Txt),
        ("說明.txt", big5("資訊安全"), Kind::Txt),
        ("空白.txt", Vec::new(), Kind::Txt),
        ("原始碼.txt", WEB_PAGE.to_vec(), Kind::Txt),
        ("名單.csv", big5("姓名,單位\r\n王,資訊"), Kind::Csv),
        ("網頁.html", WEB_PAGE.to_vec(), Kind::Html),
        ("備份.zip", archive(&[("a.txt", b"a"), ("Scripts/run.py", b"print()")]), Kind::Zip),
        ("空白.zip", archive(&[]), Kind::Zip),
        ("工具.exe", b"MZ\x90\0\x03\0\0\0".to_vec(), Kind::Program),
        ("工具", PROGRAM.to_vec(), Kind::Program),
        ("資料.bin", vec![1, 2, 3], Kind::Unknown),
        ("無副檔名", "文字".as_bytes().to_vec(), Kind::Unknown),
        ("資料.xyz", text, Kind::Unknown),
        ("資料.xyz", b"PK\x03\x04 and no archive".to_vec(), Kind::Unknown),
    ];
    for (name, content, kind) in cases {
        assert_eq!(looked(name, &content).map_err(|refused| refused.to_string()), Ok(kind), "{name}");
    }
}

#[test]
fn disguised_files_are_refused_by_both_names() {
    let cases: Vec<(&str, Vec<u8>, Kind, Kind)> = vec![
        ("規格書.odt", PROGRAM.to_vec(), Kind::Odt, Kind::Program),
        ("規格書.odt", b"MZ\x90\0\x03".to_vec(), Kind::Odt, Kind::Program),
        ("公文.pdf", WEB_PAGE.to_vec(), Kind::Pdf, Kind::Html),
        ("公文.pdf", "只是文字".as_bytes().to_vec(), Kind::Pdf, Kind::Txt),
        ("公文.pdf", vec![0, 1, 2], Kind::Pdf, Kind::Unknown),
        ("公文.pdf", Vec::new(), Kind::Pdf, Kind::Txt),
        ("規格書.docx", odf("text", "", &[]), Kind::Docx, Kind::Odt),
        ("規格書.docx", archive(&[("a", b"a")]), Kind::Docx, Kind::Zip),
        ("規格書.docx", compound(&["WordDocument"]), Kind::Docx, Kind::Doc),
        ("備份.zip", docx("", &[]), Kind::Zip, Kind::Docx),
        ("照片.png", JPEG.to_vec(), Kind::Png, Kind::Jpeg),
        ("說明.txt", PROGRAM.to_vec(), Kind::Txt, Kind::Program),
        ("說明.txt", b"a\0b".to_vec(), Kind::Txt, Kind::Unknown),
        ("名單.csv", xlsx("", "", &[]), Kind::Csv, Kind::Xlsx),
        ("公文.pdf.exe", pdf_by_itself(&["甲"]), Kind::Program, Kind::Pdf),
        // The type comes first in an OpenDocument; one that hides it is another thing to another program.
        (
            "規格書.odt",
            archive(&[("a", b""), ("mimetype", b"application/vnd.oasis.opendocument.text")]),
            Kind::Odt,
            Kind::Zip,
        ),
    ];
    for (name, content, claimed, found) in cases {
        let refused = looked(name, &content).unwrap_err();
        assert_eq!(refused, Refused::Disguised { name: name.to_owned(), claimed, found }, "{name}");
        let told = refused.told();
        assert!(told.zh.contains(name) && told.en.contains(name), "{told}");
    }
}

#[test]
fn a_name_given_later_claims_what_the_file_is() {
    assert!(check_name("新名.pdf", Kind::Pdf).is_ok());
    assert!(check_name("新名", Kind::Pdf).is_ok());
    assert!(matches!(check_name("新名.pdf", Kind::Txt), Err(Refused::Disguised { .. })));
    assert!(matches!(check_name("fdp\u{202E}.txt", Kind::Txt), Err(Refused::Name { .. })));
}

#[test]
fn documents_with_macros_are_refused_with_the_part_that_holds_them() {
    let macro_types = content_types("wordprocessingml.document").escape_ascii().to_string().replace(
        "openxmlformats-officedocument.wordprocessingml.document.main",
        "ms-word.document.macroEnabled.main",
    );
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("a.docx", docx("", &[("word/vbaProject.bin", b"x")]), "word/vbaProject.bin"),
        ("a.docm", docx("", &[("word/vbaProject.bin", b"x")]), "word/vbaProject.bin"),
        ("a.xlsx", xlsx("", "", &[("xl/macrosheets/sheet1.xml", b"x")]), "xl/macrosheets/sheet1.xml"),
        ("a.docx", archive(&[("[Content_Types].xml", macro_types.as_bytes())]), "[Content_Types].xml"),
        ("a.odt", odf("text", "", &[("Basic/Standard/Module1.xml", b"x")]), "Basic/Standard/Module1.xml"),
        ("a.ods", odf("spreadsheet", "", &[("Scripts/python/a.py", b"x")]), "Scripts/python/a.py"),
        ("a.doc", compound(&["WordDocument", "Macros", "VBA"]), "VBA"),
        ("a.xls", compound(&["Workbook", "_VBA_PROJECT_CUR"]), "_VBA_PROJECT_CUR"),
    ];
    for (name, content, part) in cases {
        let refused = looked(name, &content).unwrap_err();
        assert_eq!(refused, Refused::Macros { name: name.to_owned(), part: part.to_owned() });
        assert!(refused.told().zh.contains("巨集"));
    }
    let empty_libraries =
        odf("text", "", &[("Basic/script-lc.xml", b"x"), ("Basic/Standard/script-lb.xml", b"x")]);
    assert_eq!(looked("a.odt", &empty_libraries), Ok(Kind::Odt));
}

#[test]
fn documents_behind_a_password_are_refused() {
    let manifest = b"<manifest:file-entry><manifest:encryption-data/></manifest:file-entry>";
    let locked_odt = archive(&[
        ("mimetype", b"application/vnd.oasis.opendocument.text"),
        ("META-INF/manifest.xml", manifest),
        ("content.xml", b"\x01\x02"),
    ]);
    for (name, content) in
        [("a.odt", locked_odt), ("a.docx", compound(&["EncryptedPackage", "EncryptionInfo"]))]
    {
        let refused = looked(name, &content).unwrap_err();
        assert_eq!(refused, Refused::Locked { name: name.to_owned() });
    }
}

#[test]
fn bombs_are_refused_before_they_go_off() {
    let zeros = vec![0; 8 << 20];
    let bomb = archive(&[("a", b""), ("b", &zeros), ("c", &zeros)]);
    assert!(bomb.len() < 100_000);
    let limits = Limits { free: 1 << 20, ..Limits::DEFAULT };
    // By its own length: 200 times.
    let refused = check("a.zip", &bomb, &limits).unwrap_err();
    assert!(matches!(refused, Refused::Inflated { limit, .. } if limit < 16 << 20), "{refused}");
    // By all that it may become.
    let limits = Limits { inflated: 10 << 20, ratio: 10_000, ..Limits::DEFAULT };
    let refused = check("a.zip", &bomb, &limits).unwrap_err();
    assert!(matches!(refused, Refused::Inflated { limit: 0xA0_0000, .. }), "{refused}");
    assert_eq!(refused.told().zh, "「a.zip」解壓縮後超過 10 MB，不予收受。請分成數個檔案後再附上。");
    // What it becomes within bounds is as it should be.
    assert_eq!(check("a.zip", &bomb, &Limits::DEFAULT), Ok(Kind::Zip));
    // Also where the name claims nothing, and in documents.
    assert!(check("a.xyz", &bomb, &limits).is_err());
    assert!(check("a.docx", &docx("", &[("x", &zeros), ("y", &zeros)]), &limits).is_err());

    let names: Vec<_> = (0..50).map(|n| n.to_string()).collect();
    let many: Vec<_> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    let limits = Limits { entries: 49, ..Limits::DEFAULT };
    assert!(matches!(check("a.zip", &archive(&many), &limits), Err(Refused::Entries { limit: 49, .. })));
    assert!(matches!(
        check("a.zip", &archive(&many), &Limits { entries: 20, ..limits }),
        Err(Refused::Entries { .. })
    ));
    assert_eq!(check("a.zip", &archive(&many), &Limits { entries: 50, ..limits }), Ok(Kind::Zip));
}

#[test]
fn an_archive_that_lies_about_its_sizes_is_refused() {
    let zeros = vec![0; 1 << 20];
    let honest = archive(&[("a", b""), ("b", &zeros)]);
    let size = (1_u32 << 20).to_le_bytes();
    let mut lying = honest.clone();
    let places: Vec<_> = (0..honest.len() - 4).filter(|at| honest[*at..at + 4] == size).collect();
    for at in places {
        lying[at..at + 4].copy_from_slice(&5_u32.to_le_bytes());
    }
    let refused = looked("a.zip", &lying).unwrap_err();
    assert!(matches!(refused, Refused::Damaged { .. } | Refused::Inflated { .. }), "{refused}");
}

#[test]
fn parts_that_overlap_or_come_twice_are_refused() {
    let honest = archive(&[("aa", b"one"), ("bb", b"two")]);
    // Both entries of the directory point at the same bytes, under two names or under one.
    let marks: Vec<_> = (0..honest.len() - 4).filter(|at| &honest[*at..at + 4] == b"PK\x01\x02").collect();
    let mut overlapping = honest.clone();
    overlapping.copy_within(marks[0] + 42..marks[0] + 46, marks[1] + 42);
    assert!(matches!(looked("a.zip", &overlapping), Err(Refused::Damaged { .. })));
    let mut twice = honest;
    twice.copy_within(marks[0] + 46..marks[0] + 48, marks[1] + 46);
    assert!(matches!(looked("a.zip", &twice), Err(Refused::Damaged { .. })));
}

#[test]
fn each_cut_of_a_document_is_refused_or_something_else() {
    let whole = docx("<w:p><w:r><w:t>甲乙丙</w:t></w:r></w:p>", &[]);
    for length in 0..whole.len() {
        let refused = looked("a.docx", &whole[..length]).unwrap_err();
        let told = refused.told();
        assert!(told.zh.contains("a.docx"), "{length}: {told}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn whatever_comes_is_judged(
        name in "\\PC{0,12}(\\.(pdf|docx|odt|txt|zip|doc|png|xyz))?",
        head in prop::sample::select(HEADS.as_slice()),
        rest in proptest::collection::vec(any::<u8>(), 0..600),
    ) {
        let content = [head, &rest].concat();
        match looked(&name, &content) {
            Ok(Kind::Pdf) => prop_assert!(content.starts_with(b"%PDF-")),
            Ok(Kind::Docx | Kind::Odt | Kind::Png) => prop_assert!(false, "{name:?}"),
            Ok(_) => {}
            Err(refused) => prop_assert!(!refused.told().zh.is_empty()),
        }
    }
}
