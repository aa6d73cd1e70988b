//! ODS: an OpenDocument spreadsheet of one table, by hand; it is four small files in a package.
//!
//! Every text is a text: nothing is written as a formula.
//! Source: OpenDocument 1.3, part 2 (package) and part 3 (schema).

use super::{Format, Plain, Sheet, whole};
use crate::error::PageError;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

pub(super) const MEDIA: &str = "application/vnd.oasis.opendocument.spreadsheet";
const NAMES: &str = "xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" \
    xmlns:table=\"urn:oasis:names:tc:opendocument:xmlns:table:1.0\" \
    xmlns:text=\"urn:oasis:names:tc:opendocument:xmlns:text:1.0\" \
    xmlns:style=\"urn:oasis:names:tc:opendocument:xmlns:style:1.0\" \
    xmlns:number=\"urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0\" \
    xmlns:fo=\"urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0\" office:version=\"1.3\"";
/// How dates and moments look, and the heads.
const STYLES: &str = "<office:automatic-styles>\
    <number:date-style style:name=\"D\"><number:year number:style=\"long\"/><number:text>-</number:text>\
    <number:month number:style=\"long\"/><number:text>-</number:text><number:day number:style=\"long\"/></number:date-style>\
    <number:date-style style:name=\"M\"><number:year number:style=\"long\"/><number:text>-</number:text>\
    <number:month number:style=\"long\"/><number:text>-</number:text><number:day number:style=\"long\"/>\
    <number:text> </number:text><number:hours number:style=\"long\"/><number:text>:</number:text>\
    <number:minutes number:style=\"long\"/></number:date-style>\
    <style:style style:name=\"day\" style:family=\"table-cell\" style:data-style-name=\"D\"/>\
    <style:style style:name=\"moment\" style:family=\"table-cell\" style:data-style-name=\"M\"/>\
    <style:style style:name=\"head\" style:family=\"table-cell\"><style:text-properties fo:font-weight=\"bold\"/></style:style>\
    </office:automatic-styles>";

/// A file of this format.
pub(super) struct Ods {
    package: ZipWriter<BufWriter<File>>,
    /// What is written next.
    xml: String,
}

impl Ods {
    pub(super) fn begin(sheet: &Sheet<'_>, file: File) -> Result<Self, PageError> {
        let mut ods = Self { package: package(file).map_err(PageError::failed)?, xml: String::new() };
        let _ = write!(
            ods.xml,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><office:document-content {NAMES}>{STYLES}<office:body>\
             <office:spreadsheet><table:table table:name=\"{}\"><table:table-column \
             table:number-columns-repeated=\"{}\"/><table:table-header-rows><table:table-row>",
            escaped(&sheet.name),
            sheet.heads.len().max(1)
        );
        for head in &sheet.heads {
            text(&mut ods.xml, head, " table:style-name=\"head\"");
        }
        ods.xml.push_str("</table:table-row></table:table-header-rows>");
        ods.put()?;
        Ok(ods)
    }

    fn put(&mut self) -> Result<(), PageError> {
        self.package.write_all(self.xml.as_bytes()).map_err(PageError::failed)?;
        self.xml.clear();
        Ok(())
    }
}

impl Format for Ods {
    fn row(&mut self, sheet: &Sheet<'_>, cells: &[Plain]) -> Result<(), PageError> {
        let xml = &mut self.xml;
        xml.push_str("<table:table-row>");
        for cell in cells {
            match cell {
                Plain::Nothing => xml.push_str("<table:table-cell/>"),
                Plain::Date(day) => {
                    let _ = write!(
                        xml,
                        "<table:table-cell table:style-name=\"day\" office:value-type=\"date\" \
                         office:date-value=\"{day}\"><text:p>{day}</text:p></table:table-cell>"
                    );
                }
                Plain::Moment(at) => {
                    let (day, time) = sheet.civil(*at)?;
                    let _ = write!(
                        xml,
                        "<table:table-cell table:style-name=\"moment\" office:value-type=\"date\" \
                         office:date-value=\"{day}T{time}:00\"><text:p>{day} {time}</text:p></table:table-cell>"
                    );
                }
                Plain::Number(number) => {
                    let _ = write!(
                        xml,
                        "<table:table-cell office:value-type=\"float\" office:value=\"{number}\">\
                         <text:p>{number}</text:p></table:table-cell>"
                    );
                }
                Plain::Text(words) => text(xml, words, ""),
            }
        }
        xml.push_str("</table:table-row>");
        self.put()
    }

    fn end(mut self: Box<Self>) -> Result<File, PageError> {
        self.xml.push_str("</table:table></office:spreadsheet></office:body></office:document-content>");
        self.put()?;
        whole(self.package.finish().map_err(PageError::failed)?)
    }
}

/// A package up to where its content begins.
fn package(file: File) -> Result<ZipWriter<BufWriter<File>>, ZipError> {
    let mut package = ZipWriter::new(BufWriter::new(file));
    // The first file says what it is and is not compressed.
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let deflated = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    package.start_file("mimetype", stored)?;
    package.write_all(MEDIA.as_bytes())?;
    let manifest = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><manifest:manifest \
         xmlns:manifest=\"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0\" manifest:version=\"1.3\">\
         <manifest:file-entry manifest:full-path=\"/\" manifest:version=\"1.3\" manifest:media-type=\"{MEDIA}\"/>\
         <manifest:file-entry manifest:full-path=\"content.xml\" manifest:media-type=\"text/xml\"/></manifest:manifest>"
    );
    package.start_file("META-INF/manifest.xml", deflated)?;
    package.write_all(manifest.as_bytes())?;
    package.start_file("content.xml", deflated)?;
    Ok(package)
}

fn text(xml: &mut String, words: &str, style: &str) {
    let _ = write!(xml, "<table:table-cell{style} office:value-type=\"string\">");
    for line in words.lines() {
        let _ = write!(xml, "<text:p>{}</text:p>", escaped(line));
    }
    xml.push_str("</table:table-cell>");
}

/// As XML 1.0 holds it: marks escaped, what it cannot hold left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' | '\r' => escaped.push(c),
            c if c < ' ' || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => escaped.push(c),
        }
    }
    escaped
}
