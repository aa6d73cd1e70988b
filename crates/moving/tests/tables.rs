//! Tables as spreadsheets write them, and as nobody should.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use moving::{Kind, MOST_ROWS, read, template};
use std::io::{Cursor, Write as _};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

fn cells(bytes: &[u8]) -> Vec<Vec<String>> {
    let table = read(bytes).unwrap_or_else(|told| panic!("{told}"));
    std::iter::once(table.heads).chain(table.rows.into_iter().map(|row| row.cells)).collect()
}

fn refused(bytes: &[u8]) -> String {
    let told = read(bytes).unwrap_err();
    assert!(told.zh.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "{}", told.zh);
    told.en
}

fn archive(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        archive.start_file(*name, SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// An ODS with these rows of its sheet.
fn ods(rows: &str) -> Vec<u8> {
    let content = format!(
        "<?xml version=\"1.0\"?><office:document-content xmlns:office=\"o\" xmlns:table=\"t\" xmlns:text=\"x\"><office:body>\
         <office:spreadsheet><table:table table:name=\"一\">{rows}</table:table><table:table table:name=\"二\">\
         <table:table-row><table:table-cell><text:p>不看</text:p></table:table-cell></table:table-row></table:table>\
         </office:spreadsheet></office:body></office:document-content>"
    );
    archive(&[
        ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
        ("content.xml", content.as_bytes()),
    ])
}

/// An XLSX with these rows of its sheet.
fn xlsx(rows: &str) -> Vec<u8> {
    let sheet = format!(
        "<?xml version=\"1.0\"?><worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\">\
         <sheetData>{rows}</sheetData></worksheet>"
    );
    archive(&[
        ("[Content_Types].xml", b"<?xml version=\"1.0\"?><Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>"),
        (
            "_rels/.rels",
            b"<?xml version=\"1.0\"?><Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
              <Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" \
              Target=\"xl/workbook.xml\"/></Relationships>",
        ),
        (
            "xl/workbook.xml",
            b"<?xml version=\"1.0\"?><workbook xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" \
              xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"><sheets>\
              <sheet name=\"a\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>",
        ),
        (
            "xl/_rels/workbook.xml.rels",
            b"<?xml version=\"1.0\"?><Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
              <Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet\" \
              Target=\"worksheets/sheet1.xml\"/></Relationships>",
        ),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
    ])
}

#[test]
fn csv_is_read_in_the_encodings_and_with_the_dividers_that_spreadsheets_use() {
    let (big5, _, _) = encoding_rs::BIG5.encode("代碼,中文名稱\r\n100,臺中市政府\r\n");
    let wanted = vec![vec!["代碼".to_owned(), "中文名稱".into()], vec!["100".into(), "臺中市政府".into()]];
    for bytes in [
        "代碼,中文名稱\r\n100,臺中市政府\r\n".as_bytes().to_vec(),
        "\u{feff}代碼;中文名稱\n100;臺中市政府\n".as_bytes().to_vec(),
        "代碼\t中文名稱\n\n100\t\"臺中市政府\"\n\t\n".as_bytes().to_vec(),
        big5.into_owned(),
    ] {
        assert_eq!(cells(&bytes), wanted, "{}", String::from_utf8_lossy(&bytes));
    }
    let utf16: Vec<u8> =
        "\u{feff}代碼,中文名稱\n100,臺中市政府\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(cells(&utf16), wanted);
    assert_eq!(cells(b"a,b\n\"x, \"\"y\"\"\nz\",\n")[1], ["x, \"y\"\nz", ""]);
    assert_eq!(read(b"a\n\n\nx\n").unwrap().rows[0].line, 4, "rows keep the numbers of the file");
}

#[test]
fn a_formula_is_text_and_what_our_own_files_put_in_front_of_it_goes() {
    assert_eq!(cells(b"a,b\n=1+1,'=1+1\n")[1], ["=1+1", "=1+1"]);
    assert_eq!(cells(&moving::file(&[vec!["a".into()], vec!["=cmd()".into()]]))[1], ["=cmd()"]);
    let sheet = xlsx(
        "<row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>a</t></is></c><c r=\"B1\" t=\"inlineStr\"><is><t>b</t></is></c></row>\
         <row r=\"2\"><c r=\"A2\"><f>1+1</f><v>2</v></c><c r=\"B2\" t=\"b\"><v>1</v></c></row>",
    );
    assert_eq!(cells(&sheet)[1], ["2", "是"], "the value that the file shows");
}

#[test]
fn ods_is_read_with_what_it_repeats() {
    let sheet = ods("<table:table-row><table:table-cell><text:p>甲</text:p></table:table-cell>\
         <table:table-cell table:number-columns-repeated=\"2\"><text:p>乙</text:p></table:table-cell>\
         <table:table-cell table:number-columns-repeated=\"16380\"/></table:table-row>\
         <table:table-row table:number-rows-repeated=\"3\"><table:table-cell table:number-columns-repeated=\"16384\"/></table:table-row>\
         <table:table-row table:number-rows-repeated=\"2\"><table:table-cell/>\
         <table:table-cell office:value-type=\"date\" office:date-value=\"2026-03-02\"><text:p>115/3/2</text:p></table:table-cell>\
         <table:table-cell office:value-type=\"float\" office:value=\"12\"><text:p>12.00</text:p></table:table-cell></table:table-row>\
         <table:table-row table:number-rows-repeated=\"1048560\"><table:table-cell table:number-columns-repeated=\"16384\"/></table:table-row>");
    let table = read(&sheet).unwrap();
    assert_eq!(table.heads, ["甲", "乙", "乙"]);
    let rows: Vec<_> = table.rows.iter().map(|row| (row.line, row.cells.join("|"))).collect();
    assert_eq!(rows, [(5, "|2026-03-02|12".to_owned()), (6, "|2026-03-02|12".to_owned())]);
}

#[test]
fn what_would_take_too_much_is_refused_before_it_does() {
    assert!(refused(&vec![b'a'; moving::LARGEST + 1]).contains("too large"));
    let rows = format!("a\n{}", "x\n".repeat(MOST_ROWS + 1));
    assert!(refused(rows.as_bytes()).contains("more than 10000 rows"));
    assert!(refused(format!("{}\n", "a,".repeat(201) + "b").as_bytes()).contains("200 at most"));
    assert!(refused(format!("a\n{}\n", "x".repeat(40_000)).as_bytes()).contains("too long"));
    // A part that unfolds to more than all of them may.
    let bomb = archive(&[("content.xml", &vec![b' '; 70 << 20])]);
    assert!(bomb.len() < 1 << 20);
    assert!(refused(&bomb).contains("too large"));
    let many = "<table:table-row table:number-rows-repeated=\"1000000000\"><table:table-cell><text:p>x</text:p></table:table-cell></table:table-row>";
    assert!(refused(&ods(many)).contains("too large"));
    let wide = "<table:table-row><table:table-cell table:number-columns-repeated=\"99999999\"><text:p>x</text:p></table:table-cell></table:table-row>";
    assert!(refused(&ods(wide)).contains("beyond column 200"));
    let far = "<row r=\"1\"><c r=\"A1\"><v>1</v></c></row><row r=\"1048576\"><c r=\"XFD1048576\"><v>1</v></c></row>";
    assert!(refused(&xlsx(far)).contains("beyond column 200"));
}

#[test]
fn what_is_no_table_is_told_with_the_mend() {
    assert!(refused(b"").contains("empty"));
    assert!(refused(b"\x89PNG\r\n\x1a\n\0\0").contains("no text"));
    assert!(refused(&archive(&[("a.txt", b"x")])).contains("no spreadsheet"));
    assert!(refused(b"PK\x03\x04 and then nothing").contains("cannot be read"));
    assert!(refused(&archive(&[("content.xml", b"<a><b></a>")])).contains("cannot be read"));
    let entity = b"<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>";
    assert!(refused(&archive(&[("content.xml", entity)])).contains("document type"));
    assert!(refused(b"a,b\n1,2,3\n").contains("more columns than there are heads"));
}

#[test]
fn a_template_has_the_heads_that_are_read() {
    for kind in Kind::ALL {
        for chinese in [true, false] {
            let table = read(&template(&kind.columns(), chinese)).unwrap();
            assert!(moving::heads(&table, &kind.columns()).is_ok(), "{kind:?}");
            assert!(table.rows.is_empty());
        }
    }
    let table = read("帳號,寵物\n".as_bytes()).unwrap();
    let told = moving::heads(&table, &Kind::People.columns()).unwrap_err();
    assert!(told.zh.contains("寵物") && told.en.contains("Account"), "{told}");
    let table = read("代碼,中文名稱,中文名稱\n".as_bytes()).unwrap();
    assert!(moving::heads(&table, &Kind::Units.columns()).unwrap_err().en.contains("twice"));
    let table = read("代碼,中文名稱\n".as_bytes()).unwrap();
    assert!(moving::heads(&table, &Kind::Units.columns()).unwrap_err().en.contains("Name in English"));
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_fail(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..2_000)) {
        let _ = read(&bytes);
        let _ = read(&[b"PK\x03\x04", bytes.as_slice()].concat());
        let _ = read(&archive(&[("content.xml", &bytes)]));
    }

    #[test]
    fn what_is_written_is_read_back(rows in proptest::collection::vec(proptest::collection::vec("[a-z=+@甲乙,;\"-]{1,8}", 3), 1..20)) {
        // Heads that say nothing of a divider but the comma.
        let mut all = vec![vec!["a".to_owned(), "b".into(), "c".into()]];
        all.extend(rows.iter().cloned());
        proptest::prop_assert_eq!(cells(&moving::file(&all)), all);
    }
}
