//! Text is taken out of a document, or not, without panic and within its limits, whatever its main part holds.
#![no_main]
use attachment::{Kind, text::TextLimits};
use std::io::{Cursor, Write as _};
libfuzzer_sys::fuzz_target!(|input: (u8, &[u8])| {
    let kinds = [
        (Kind::Docx, "word/document.xml"),
        (Kind::Xlsx, "xl/worksheets/sheet1.xml"),
        (Kind::Odt, "content.xml"),
        (Kind::Txt, "-"),
    ];
    let (kind, part) = kinds[usize::from(input.0) % kinds.len()];
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in [("xl/workbook.xml", &b"<a/>"[..]), (part, input.1)] {
        archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(content).unwrap();
    }
    let archive = archive.finish().unwrap().into_inner();
    let bytes = if kind == Kind::Txt { input.1 } else { &archive };
    if let Ok(found) = attachment::extract(kind, bytes, &TextLimits { text: 1000, ..TextLimits::DEFAULT }) {
        assert!(found.text.len() <= 1000 && found.text.trim() == found.text);
    }
});
