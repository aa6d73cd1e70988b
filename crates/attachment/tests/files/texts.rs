//! The text in files of text, documents and tables.

use crate::samples::{archive, docx, odf, xlsx};
use attachment::text::TextLimits;
use attachment::{ExtractError, Extracted, Kind, extract};
use proptest::prelude::*;

fn text(kind: Kind, bytes: &[u8]) -> String {
    let found = extract(kind, bytes, &TextLimits::DEFAULT).unwrap();
    assert!(!found.truncated);
    found.text
}

fn error(kind: Kind, bytes: &[u8]) -> ExtractError {
    extract(kind, bytes, &TextLimits::DEFAULT).unwrap_err()
}

#[test]
fn plain_text_is_found_in_each_encoding() {
    let written = "第一條　資訊安全,\r\n\r\n管理 規範\t（機密）";
    let expected = "第一條 資訊安全,\n管理 規範 （機密）";
    let (big5, _, lost) = encoding_rs::BIG5.encode(written);
    assert!(!lost);
    let utf16: Vec<u8> =
        [0xFEFF].into_iter().chain(written.encode_utf16()).flat_map(u16::to_be_bytes).collect();
    for kind in [Kind::Txt, Kind::Csv] {
        for bytes in [written.as_bytes(), &big5, &utf16] {
            assert_eq!(text(kind, bytes), expected);
        }
    }
    assert!(matches!(error(Kind::Txt, b"a\0b"), ExtractError::Damaged { .. }));
}

#[test]
fn text_of_a_document_is_found_in_order() {
    let body = "<w:p><w:r><w:t>資訊</w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t xml:space=\"preserve\">安全 &amp; 管理</w:t></w:r></w:p>\
        <w:p><w:r><w:t>左</w:t><w:tab/><w:t>右</w:t><w:br/><w:t>下</w:t><w:delText>刪去</w:delText><w:instrText>PAGE</w:instrText></w:r></w:p>\
        <w:tbl><w:tr><w:tc><w:p><w:r><w:t>格一</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>格二</w:t></w:r></w:p></w:tc></w:tr></w:tbl>";
    let around =
        |text: &str| format!("<w:x xmlns:w=\"w\"><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:x>").into_bytes();
    let (header, comments) = (around("頁首密等"), around("批註"));
    let more = [
        ("word/comments.xml", comments.as_slice()),
        ("word/header1.xml", header.as_slice()),
        ("word/styles.xml", b"<not wanted"),
        ("word/media/image1.png", b"\x89PNG"),
    ];
    let found = text(Kind::Docx, &docx(body, &more));
    assert_eq!(found, "資訊安全 & 管理\n左 右\n下\n格一\n格二\n批註\n頁首密等");
}

#[test]
fn text_of_an_opendocument_is_found_and_what_was_deleted_is_not() {
    let body = "<text:tracked-changes><text:deletion><text:p>刪去的</text:p></text:deletion></text:tracked-changes>\
        <text:h>第一章</text:h><text:p>資訊<text:span>安全</text:span><text:s text:c=\"3\"/>管理<text:line-break/>規範<text:tab/>乙</text:p>\
        <text:p>漢<text:ruby><text:ruby-base>字</text:ruby-base><text:ruby-text>ㄗˋ</text:ruby-text></text:ruby>表</text:p>\
        <text:list><text:list-item><text:p>其一</text:p></text:list-item></text:list>";
    let found = text(Kind::Odt, &odf("text", body, &[]));
    assert_eq!(found, "第一章\n資訊安全 管理\n規範 乙\n漢字表\n其一\n頁尾機密等級");
}

#[test]
fn cells_of_both_kinds_of_spreadsheets_are_found() {
    let strings = "<si><t>主機</t></si><si><r><t>防火</t></r><r><t>牆</t></r><rPh sb=\"0\" eb=\"1\"><t>ㄈㄤˊ</t></rPh></si>";
    let rows = "<row r=\"1\"><c r=\"A1\" t=\"s\"><v>1</v></c><c r=\"B1\"><v>443</v></c><c r=\"C1\" t=\"inlineStr\"><is><t>機房甲</t></is></c></row>\
        <row r=\"2\"><c r=\"A2\" t=\"s\"><v>0</v></c><c r=\"B2\" t=\"s\"><v>99</v></c><c r=\"C2\" t=\"str\"><f>A1</f><v>算得</v></c></row>";
    let second = b"<worksheet><sheetData><row><c t=\"s\"><v>0</v></c></row></sheetData></worksheet>";
    let tenth = b"<worksheet><sheetData><row><c><v>10</v></c></row></sheetData></worksheet>";
    let more = [("xl/worksheets/sheet10.xml", &tenth[..]), ("xl/worksheets/sheet2.xml", second)];
    assert_eq!(
        text(Kind::Xlsx, &xlsx(strings, rows, &more)),
        "設備清冊\n防火牆 443 機房甲\n主機 算得\n主機\n10"
    );

    let body = "<table:table table:name=\"設備清冊\"><table:table-row>\
        <table:table-cell table:number-columns-repeated=\"16384\"><text:p>防火牆</text:p></table:table-cell>\
        <table:table-cell><text:p>443</text:p></table:table-cell></table:table-row></table:table>";
    assert_eq!(text(Kind::Ods, &odf("spreadsheet", body, &[])), "設備清冊\n防火牆\n443\n頁尾機密等級");
}

#[test]
fn kinds_without_text_have_none() {
    for kind in Kind::ALL.into_iter().filter(|kind| !kind.has_text()) {
        assert_eq!(text(kind, b"whatever"), "", "{kind:?}");
    }
}

#[test]
fn more_text_than_is_kept_is_cut_and_said_to_be() {
    let limits = TextLimits { text: 10, ..TextLimits::DEFAULT };
    let body = "<w:p><w:r><w:t>資訊安全管理</w:t></w:r></w:p>".repeat(1000);
    let cut = Extracted { text: "資訊安".to_owned(), truncated: true };
    assert_eq!(extract(Kind::Docx, &docx(&body, &[]), &limits).unwrap(), cut);
    assert_eq!(extract(Kind::Txt, "資訊安全".repeat(9).as_bytes(), &limits).unwrap(), cut);
}

#[test]
fn what_would_grow_is_refused() {
    let doctype = "<!DOCTYPE x [<!ENTITY a \"甲甲甲甲\"><!ENTITY b \"&a;&a;&a;&a;\">]>";
    let entities = archive(&[
        ("[Content_Types].xml", b"x"),
        ("word/document.xml", format!("{doctype}<w:t>&b;</w:t>").as_bytes()),
    ]);
    let refused = error(Kind::Docx, &entities);
    assert!(refused.to_string().contains("document type"), "{refused}");
    let outside = "<!DOCTYPE x SYSTEM \"file:///etc/passwd\"><office:p/>";
    let outside = archive(&[("mimetype", b"x"), ("content.xml", outside.as_bytes())]);
    assert!(matches!(error(Kind::Odt, &outside), ExtractError::Damaged { .. }));

    let limits = TextLimits { part: 1 << 20, ..TextLimits::DEFAULT };
    let long = docx(&" ".repeat(2 << 20), &[]);
    let refused = extract(Kind::Docx, &long, &limits).unwrap_err();
    assert!(matches!(refused, ExtractError::Costly { resource: "room" }), "{refused}");
    assert!(refused.told().zh.contains("已保存"));
    // One string, named a million times: what is kept is bounded.
    let rows = "<c t=\"s\"><v>0</v></c>".repeat(100_000);
    let strings = format!("<si><t>{}</t></si>", "甲".repeat(10_000));
    let limits = TextLimits { text: 1 << 20, ..TextLimits::DEFAULT };
    let cut = extract(Kind::Xlsx, &xlsx(&strings, &format!("<row>{rows}</row>"), &[]), &limits).unwrap();
    assert!(cut.truncated && cut.text.len() <= 1 << 20);
}

#[test]
fn what_is_damaged_is_told_by_its_part() {
    for (kind, bytes, part) in [
        (Kind::Docx, docx("<w:p>", &[]), "word/document.xml"),
        (Kind::Docx, archive(&[("[Content_Types].xml", b"x")]), "word/document.xml is missing"),
        (Kind::Xlsx, xlsx("<si>", "", &[]), "xl/sharedStrings.xml"),
        (Kind::Odt, archive(&[("mimetype", b"x")]), "content.xml is missing"),
        (Kind::Ods, archive(&[("mimetype", b"x"), ("content.xml", b"\xFF")]), "not UTF-8"),
    ] {
        let refused = error(kind, &bytes);
        assert!(refused.to_string().contains(part), "{refused}");
        assert!(refused.told().en.contains(part));
    }
    assert!(matches!(error(Kind::Docx, b"not an archive"), ExtractError::Damaged { .. }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn text_of_documents_goes_there_and_back(words in proptest::collection::vec("[甲-龜a-z0-9<&>'\"]{1,12}", 1..20)) {
        let escaped: Vec<_> = words.iter().map(|word| quick_xml::escape::escape(word.as_str()).into_owned()).collect();
        let expected = words.join("\n");
        let word = |text: &String| format!("<w:p><w:r><w:t>{text}</w:t></w:r></w:p>");
        prop_assert_eq!(text(Kind::Docx, &docx(&escaped.iter().map(word).collect::<String>(), &[])), &*expected);
        let paragraph = |text: &String| format!("<text:p>{text}</text:p>");
        let body = escaped.iter().map(paragraph).collect::<String>();
        prop_assert_eq!(text(Kind::Odt, &odf("text", &body, &[])), format!("{expected}\n頁尾機密等級"));
    }

    #[test]
    fn a_changed_document_is_read_or_refused(at in any::<prop::sample::Index>(), bits in 1..=255_u8) {
        let mut changed = docx("<w:p><w:r><w:t>資訊安全</w:t></w:r></w:p>", &[]);
        let at = at.index(changed.len());
        changed[at] ^= bits;
        if let Ok(found) = extract(Kind::Docx, &changed, &TextLimits::DEFAULT) {
            prop_assert!(found.text.is_empty() || found.text == "資訊安全", "{}", found.text);
        }
    }
}
