//! Text of OpenDocument: texts and spreadsheets.
//!
//! Owns: which elements of `content.xml` and `styles.xml` hold text that people see. Deletions that are still tracked
//! are not among them.
//! Source: OpenDocument 1.3 part 3 §5, §6, §9. Elements are told apart by local name.

use super::normal::Normal;
use super::xml::{Element, Visit};
use super::{ExtractError, Parts, damaged};

/// What people see.
const BODY: &str = "content.xml";
/// Heads and feet of pages.
const STYLES: &str = "styles.xml";

/// Text of a document or spreadsheet.
pub(super) fn document(parts: &mut Parts<'_>, text: &mut Normal) -> Result<(), ExtractError> {
    if !parts.walk(BODY, &mut Content::new(text))? {
        return Err(damaged(parts.kind, "content.xml is missing"));
    }
    text.line();
    parts.walk(STYLES, &mut Content::new(text))?;
    Ok(())
}

struct Content<'a> {
    out: &'a mut Normal,
    /// How many paragraphs and headings are open around here.
    paragraphs: usize,
    /// How many elements that are not shown are open around here.
    hidden: usize,
}

impl<'a> Content<'a> {
    const fn new(out: &'a mut Normal) -> Self {
        Self { out, paragraphs: 0, hidden: 0 }
    }
}

fn is_hidden(name: &str) -> bool {
    matches!(name, "tracked-changes" | "ruby-text" | "scripts")
}

impl Visit for Content<'_> {
    fn begin(&mut self, element: &Element<'_>) {
        match element.name() {
            name if is_hidden(name) => self.hidden += 1,
            "p" | "h" => self.paragraphs += 1,
            "s" | "tab" => self.out.space(),
            "line-break" | "annotation" => self.out.line(),
            // The name of a sheet is seen; that of a table in a text is not, and does no harm.
            "table" => {
                if let Some(name) = element.attribute("name").filter(|_| self.hidden == 0) {
                    self.out.push(&name);
                    self.out.line();
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, name: &str) {
        match name {
            name if is_hidden(name) => self.hidden = self.hidden.saturating_sub(1),
            "p" | "h" => {
                self.paragraphs = self.paragraphs.saturating_sub(1);
                self.out.line();
            }
            "table-cell" | "covered-table-cell" => self.out.space(),
            "table-row" | "annotation" => self.out.line(),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if self.paragraphs > 0 && self.hidden == 0 {
            self.out.push(text);
        }
    }

    fn is_done(&self) -> bool {
        self.out.is_full()
    }
}
