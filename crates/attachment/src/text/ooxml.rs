//! Text of Office Open XML: documents and workbooks.
//!
//! Source: ECMA-376 part 1 §17 (WordprocessingML), §18 (SpreadsheetML). Elements are told apart by local name.

use super::normal::Normal;
use super::xml::{Element, Visit};
use super::{ExtractError, Parts, damaged};

/// Main text first, then what stands around it.
const AROUND: [&str; 5] = ["word/header", "word/footer", "word/footnotes", "word/endnotes", "word/comments"];

/// Most shared strings of a workbook that are held, by their bytes and their number.
const MOST_SHARED_BYTES: usize = 64 << 20;
const MOST_SHARED: usize = 4 << 20;

/// Text of a document.
pub(super) fn document(parts: &mut Parts<'_>, text: &mut Normal) -> Result<(), ExtractError> {
    if !parts.walk("word/document.xml", &mut Document::new(text))? {
        return Err(damaged(parts.kind, "word/document.xml is missing"));
    }
    let is_around = |name: &str| {
        let named = |part: &str| name.strip_prefix(part).is_some_and(|rest| !rest.contains('/'));
        name.ends_with(".xml") && AROUND.into_iter().any(named)
    };
    for name in parts.names(is_around) {
        text.line();
        parts.walk(&name, &mut Document::new(text))?;
    }
    Ok(())
}

/// Text of a workbook: for each sheet its name and its cells, row by row.
pub(super) fn workbook(parts: &mut Parts<'_>, text: &mut Normal) -> Result<(), ExtractError> {
    let mut shared = Shared::default();
    parts.walk("xl/sharedStrings.xml", &mut shared)?;
    if shared.full {
        return Err(ExtractError::Costly { resource: "memory" });
    }
    if !parts.walk("xl/workbook.xml", &mut SheetNames(text))? {
        return Err(damaged(parts.kind, "xl/workbook.xml is missing"));
    }
    let within = |name: &str, folder: &str| {
        name.strip_prefix(folder).is_some_and(|rest| !rest.contains('/') && rest.ends_with(".xml"))
    };
    let mut sheets = parts.names(|name| within(name, "xl/worksheets/"));
    // Sheet 10 comes behind sheet 9.
    sheets.sort_by_key(|name| (name.len(), name.clone()));
    for name in sheets {
        text.line();
        parts.walk(&name, &mut Sheet::new(&shared, text))?;
    }
    for name in parts.names(|name| within(name, "xl/comments") || within(name, "xl/drawings/")) {
        text.line();
        parts.walk(&name, &mut Document::new(text))?;
    }
    Ok(())
}

/// Text runs (`t`) of paragraphs.
struct Document<'a> {
    out: &'a mut Normal,
    in_text: bool,
}

impl<'a> Document<'a> {
    const fn new(out: &'a mut Normal) -> Self {
        Self { out, in_text: false }
    }
}

impl Visit for Document<'_> {
    fn begin(&mut self, element: &Element<'_>) {
        match element.name() {
            "t" => self.in_text = true,
            "tab" | "noBreakHyphen" | "ptab" => self.out.space(),
            "br" | "cr" => self.out.line(),
            _ => {}
        }
    }

    fn end(&mut self, name: &str) {
        match name {
            "t" => self.in_text = false,
            "p" | "tr" | "comment" => self.out.line(),
            "tc" => self.out.space(),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if self.in_text {
            self.out.push(text);
        }
    }

    fn is_done(&self) -> bool {
        self.out.is_full()
    }
}

/// Strings that cells name by number; phonetic hints (`rPh`) are left out.
#[derive(Default)]
struct Shared {
    /// All of them, one behind the other,
    text: String,
    /// and where each ends.
    ends: Vec<usize>,
    in_text: bool,
    in_hint: bool,
    full: bool,
}

impl Shared {
    fn string(&self, number: usize) -> Option<&str> {
        let from = match number.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        self.text.get(from..*self.ends.get(number)?)
    }
}

impl Visit for Shared {
    fn begin(&mut self, element: &Element<'_>) {
        match element.name() {
            "t" => self.in_text = true,
            "rPh" => self.in_hint = true,
            _ => {}
        }
    }

    fn end(&mut self, name: &str) {
        match name {
            "t" => self.in_text = false,
            "rPh" => self.in_hint = false,
            "si" => self.ends.push(self.text.len()),
            _ => {}
        }
        self.full |= self.text.len() > MOST_SHARED_BYTES || self.ends.len() > MOST_SHARED;
    }

    fn text(&mut self, text: &str) {
        if self.in_text && !self.in_hint {
            self.text.push_str(text);
        }
    }

    fn is_done(&self) -> bool {
        self.full
    }
}

/// Names of sheets.
struct SheetNames<'a>(&'a mut Normal);

impl Visit for SheetNames<'_> {
    fn begin(&mut self, element: &Element<'_>) {
        if element.name() == "sheet"
            && let Some(name) = element.attribute("name")
        {
            self.0.push(&name);
            self.0.line();
        }
    }

    fn end(&mut self, _name: &str) {}

    fn text(&mut self, _text: &str) {}

    fn is_done(&self) -> bool {
        self.0.is_full()
    }
}

/// Cells of a sheet.
struct Sheet<'a> {
    shared: &'a Shared,
    out: &'a mut Normal,
    /// The value of the cell is the number of a shared string.
    by_number: bool,
    /// Its value, while it is read.
    value: String,
    in_value: bool,
    in_hint: bool,
}

impl<'a> Sheet<'a> {
    const fn new(shared: &'a Shared, out: &'a mut Normal) -> Self {
        Self { shared, out, by_number: false, value: String::new(), in_value: false, in_hint: false }
    }
}

impl Visit for Sheet<'_> {
    fn begin(&mut self, element: &Element<'_>) {
        match element.name() {
            "c" => {
                self.by_number = element.attribute("t").as_deref() == Some("s");
                self.value.clear();
            }
            "v" | "t" => self.in_value = true,
            "rPh" => self.in_hint = true,
            _ => {}
        }
    }

    fn end(&mut self, name: &str) {
        match name {
            "v" | "t" => self.in_value = false,
            "rPh" => self.in_hint = false,
            "c" => {
                if self.by_number {
                    let number = self.value.trim().parse().ok();
                    self.out.push(number.and_then(|number| self.shared.string(number)).unwrap_or_default());
                } else {
                    self.out.push(&self.value);
                }
                self.out.space();
            }
            "row" => self.out.line(),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if self.in_value && !self.in_hint {
            self.value.push_str(text);
        }
    }

    fn is_done(&self) -> bool {
        self.out.is_full()
    }
}
