//! Small files of each kind, made by code.

use std::io::{Cursor, Write as _};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A ZIP file of these entries; the first is stored, the others deflated, as OpenDocument asks for.
pub(crate) fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (place, (name, content)) in entries.iter().enumerate() {
        let method = if place == 0 { CompressionMethod::Stored } else { CompressionMethod::Deflated };
        writer.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn with_more<'a>(entries: Vec<(&'a str, Vec<u8>)>, more: &[(&'a str, &'a [u8])]) -> Vec<u8> {
    let own = entries.iter().map(|(name, content)| (*name, content.as_slice()));
    archive(&own.chain(more.iter().copied()).collect::<Vec<_>>())
}

pub(crate) fn content_types(main: &str) -> Vec<u8> {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?><Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Default Extension=\"xml\" ContentType=\"application/xml\"/><Override PartName=\"/main.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.{main}.main+xml\"/></Types>"
    )
    .into_bytes()
}

/// A Word document with this body, inside `w:body`.
pub(crate) fn docx(body: &str, more: &[(&str, &[u8])]) -> Vec<u8> {
    let document = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:body>{body}</w:body></w:document>"
    );
    let types = content_types("wordprocessingml.document");
    with_more(vec![("[Content_Types].xml", types), ("word/document.xml", document.into_bytes())], more)
}

/// An Excel workbook of one sheet, with these shared strings (`si` elements) and rows.
pub(crate) fn xlsx(strings: &str, rows: &str, more: &[(&str, &[u8])]) -> Vec<u8> {
    let main = "xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"";
    let book =
        format!("<workbook {main}><sheets><sheet name=\"設備清冊\" sheetId=\"1\"/></sheets></workbook>");
    let entries = vec![
        ("[Content_Types].xml", content_types("spreadsheetml.sheet")),
        ("xl/workbook.xml", book.into_bytes()),
        ("xl/sharedStrings.xml", format!("<sst {main}>{strings}</sst>").into_bytes()),
        (
            "xl/worksheets/sheet1.xml",
            format!("<worksheet {main}><sheetData>{rows}</sheetData></worksheet>").into_bytes(),
        ),
    ];
    with_more(entries, more)
}

/// An OpenDocument of this kind (`text`, `spreadsheet`), with this inside its body.
pub(crate) fn odf(kind: &str, body: &str, more: &[(&str, &[u8])]) -> Vec<u8> {
    let spaces = ["office", "text", "table", "style"]
        .map(|space| format!("xmlns:{space}=\"urn:oasis:names:tc:opendocument:xmlns:{space}:1.0\""))
        .join(" ");
    let content = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><office:document-content {spaces}><office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
    );
    let styles = format!(
        "<office:document-styles {spaces}><office:master-styles><style:master-page><style:footer><text:p>頁尾機密等級</text:p></style:footer></style:master-page></office:master-styles></office:document-styles>"
    );
    let mimetype = format!("application/vnd.oasis.opendocument.{kind}");
    let entries = vec![
        ("mimetype", mimetype.into_bytes()),
        ("META-INF/manifest.xml", b"<manifest:manifest/>".to_vec()),
        ("content.xml", content.into_bytes()),
        ("styles.xml", styles.into_bytes()),
    ];
    with_more(entries, more)
}

/// A PDF of these objects, the first of which is the catalogue; `trailer` goes into the trailer.
pub(crate) fn pdf_of(objects: &[Vec<u8>], trailer: &str) -> Vec<u8> {
    let mut file = b"%PDF-1.5\n%\xE2\xE3\xCF\xD3\n".to_vec();
    let mut table = String::from("0000000000 65535 f \n");
    for (place, object) in objects.iter().enumerate() {
        table += &format!("{:010} 00000 n \n", file.len());
        file.extend_from_slice(format!("{} 0 obj\n", place + 1).as_bytes());
        file.extend_from_slice(object);
        file.extend_from_slice(b"\nendobj\n");
    }
    let at = file.len();
    let count = objects.len() + 1;
    file.extend_from_slice(
        format!(
            "xref\n0 {count}\n{table}trailer\n<</Size {count}/Root 1 0 R{trailer}>>\nstartxref\n{at}\n%%EOF\n"
        )
        .as_bytes(),
    );
    file
}

/// An object that is a stream.
pub(crate) fn stream(entries: &str, content: &[u8]) -> Vec<u8> {
    let head = format!("<<{entries}/Length {}>>stream\n", content.len());
    [head.as_bytes(), content, b"\nendstream"].concat()
}

/// Catalogue, pages, one page whose content is object 4 with these resources.
pub(crate) fn one_page(resources: &str) -> Vec<Vec<u8>> {
    let page =
        format!("<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<<{resources}>>>>");
    vec![
        b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>".to_vec(),
        page.into_bytes(),
    ]
}

fn hexadecimal(text: &str) -> String {
    text.encode_utf16().map(|unit| format!("{unit:04x}")).collect()
}

fn lines_of_text(lines: &[&str]) -> Vec<u8> {
    let shown: String = lines.iter().map(|line| format!("<{}> Tj 0 -20 Td ", hexadecimal(line))).collect();
    format!("BT /F1 12 Tf 50 700 Td {shown}ET").into_bytes()
}

/// A PDF whose font is not in it: what its codes mean stands in the tables of poppler-data.
pub(crate) fn pdf_by_tables(lines: &[&str]) -> Vec<u8> {
    let mut objects = one_page("/Font<</F1 5 0 R>>");
    objects.push(stream("", &lines_of_text(lines)));
    let system = "/CIDSystemInfo<</Registry(Adobe)/Ordering(CNS1)/Supplement 0>>";
    objects.push(
        b"<</Type/Font/Subtype/Type0/BaseFont/MSung-Light/Encoding/UniCNS-UTF16-H/DescendantFonts[6 0 R]>>"
            .to_vec(),
    );
    objects.push(
        format!("<</Type/Font/Subtype/CIDFontType0/BaseFont/MSung-Light{system}/FontDescriptor 7 0 R>>")
            .into_bytes(),
    );
    objects.push(b"<</Type/FontDescriptor/FontName/MSung-Light/Flags 4/FontBBox[0 0 1000 1000]/ItalicAngle 0/Ascent 800/Descent -200/CapHeight 700/StemV 80>>".to_vec());
    pdf_of(&objects, "")
}

/// A PDF that says itself what its codes mean, as word processors write them.
pub(crate) fn pdf_by_itself(lines: &[&str]) -> Vec<u8> {
    let mut objects = one_page("/Font<</F1 5 0 R>>");
    objects.push(stream("", &lines_of_text(lines)));
    let map = "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 def 1 begincodespacerange <0000> <FFFF> endcodespacerange 1 beginbfrange <0000> <FFFF> <0000> endbfrange endcmap end end";
    let system = "/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>";
    objects.push(b"<</Type/Font/Subtype/Type0/BaseFont/AAAAAA+X/Encoding/Identity-H/DescendantFonts[6 0 R]/ToUnicode 7 0 R>>".to_vec());
    objects.push(
        format!("<</Type/Font/Subtype/CIDFontType2/BaseFont/AAAAAA+X{system}/FontDescriptor 8 0 R>>")
            .into_bytes(),
    );
    objects.push(stream("", map.as_bytes()));
    objects.push(b"<</Type/FontDescriptor/FontName/AAAAAA+X/Flags 4/FontBBox[0 0 1000 1000]/ItalicAngle 0/Ascent 800/Descent -200/CapHeight 700/StemV 80>>".to_vec());
    pdf_of(&objects, "")
}

/// An entry of the directory of an old office document.
fn directory_entry(name: &str) -> [u8; 128] {
    let mut entry = [0; 128];
    for (place, unit) in name.encode_utf16().enumerate() {
        entry[2 * place..2 * place + 2].copy_from_slice(&unit.to_le_bytes());
    }
    entry
}

/// What begins like an old office document and has files of these names within.
pub(crate) fn compound(names: &[&str]) -> Vec<u8> {
    let mut file = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".to_vec();
    file.resize(512, 0);
    for name in ["Root Entry"].iter().chain(names) {
        file.extend_from_slice(&directory_entry(name));
    }
    file
}
