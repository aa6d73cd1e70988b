//! ODS, read as it streams by: what is repeated is never laid out where nothing is in it.

use crate::sheet::{Making, Table, cell, unreadable};
use crate::{MOST_COLUMNS, MOST_ROWS};
use model::Told;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, escape};
use std::io::{Cursor, Read as _};
use zip::ZipArchive;

/// Bytes of a cell's text, at most.
const MOST_SAID: usize = 4 << 20;

/// Reads the first sheet.
pub(crate) fn read(archive: &mut ZipArchive<Cursor<&[u8]>>) -> Result<Table, Told> {
    let mut part = archive.by_name("content.xml").map_err(|error| unreadable(&error))?;
    // That it is not larger than it may be was seen when all parts were unfolded.
    let mut text = String::new();
    part.read_to_string(&mut text).map_err(|error| unreadable(&error))?;
    let mut reader = Reader::from_str(&text);
    let (mut making, mut sheet) = (Making::default(), Sheet::default());
    loop {
        match reader.read_event().map_err(|error| unreadable(&error))? {
            Event::Start(start) => sheet.start(&start, false)?,
            Event::Empty(start) => sheet.start(&start, true)?,
            Event::Text(text) => sheet.text(&text)?,
            Event::CData(text) => sheet.text(&text)?,
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().map_err(|error| unreadable(&error))?;
                match (character, escape::resolve_xml_entity(&reference)) {
                    (Some(character), _) => sheet.text(character.encode_utf8(&mut [0; 4]))?,
                    (None, Some(text)) => sheet.text(text)?,
                    (None, None) => return Err(unreadable(&"an entity that is not one of XML's own")),
                }
            }
            Event::End(end) => match local(end.name().into_inner()) {
                "table" => return making.made(),
                "table-row" => sheet.end_row(&mut making)?,
                "table-cell" | "covered-table-cell" => sheet.end_cell()?,
                "p" => sheet.within = sheet.within.saturating_sub(1),
                _ => {}
            },
            Event::DocType(_) => return Err(unreadable(&"a document type")),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => return making.made(),
        }
    }
}

fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

/// The sheet as far as it was read.
#[derive(Default)]
struct Sheet {
    /// Number of the row that is read, and how often it stands there.
    line: usize,
    rows: usize,
    cells: Vec<String>,
    /// Empty cells that are put in only where something follows.
    pending: usize,
    /// The cell that is read: what it says by itself, the text of its paragraphs, how often it stands there.
    value: Option<String>,
    said: String,
    paragraphs: usize,
    columns: usize,
    /// How deep in paragraphs it is.
    within: u32,
}

impl Sheet {
    fn start(&mut self, start: &BytesStart<'_>, empty: bool) -> Result<(), Told> {
        match local(start.name().into_inner()) {
            "table-row" => {
                self.rows = repeated(start, "table:number-rows-repeated")?;
                self.cells.clear();
                self.pending = 0;
                if empty {
                    self.line = self.line.saturating_add(self.rows);
                }
            }
            "table-cell" | "covered-table-cell" => {
                self.columns = repeated(start, "table:number-columns-repeated")?;
                self.value = value(start)?;
                self.said.clear();
                self.paragraphs = 0;
                if empty {
                    self.end_cell()?;
                }
            }
            "p" if !empty => {
                if self.paragraphs > 0 {
                    self.said.push('\n');
                }
                self.paragraphs += 1;
                self.within += 1;
            }
            "s" if self.within > 0 => self.said.push(' '),
            _ => {}
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), Told> {
        if self.within > 0 {
            if self.said.len() + text.len() > MOST_SAID {
                return Err(crate::sheet::too_large());
            }
            self.said.push_str(text);
        }
        Ok(())
    }

    fn end_cell(&mut self) -> Result<(), Told> {
        let text = match self.value.take() {
            Some(value) => value,
            None => cell(&self.said)?,
        };
        if text.is_empty() {
            self.pending = self.pending.saturating_add(self.columns);
            return Ok(());
        }
        let before = self.cells.len().saturating_add(self.pending);
        if before.saturating_add(self.columns) > MOST_COLUMNS {
            let line = self.line + 1;
            return Err(Told::new(
                format!("第 {line} 列有內容在第 {MOST_COLUMNS} 欄之外"),
                format!("Row {line} has something beyond column {MOST_COLUMNS}"),
            ));
        }
        self.cells.resize(before, String::new());
        self.pending = 0;
        self.cells.extend(std::iter::repeat_n(text, self.columns));
        Ok(())
    }

    fn end_row(&mut self, making: &mut Making) -> Result<(), Told> {
        let first = self.line + 1;
        self.line = self.line.saturating_add(self.rows);
        if self.cells.is_empty() {
            return Ok(());
        }
        if self.rows > MOST_ROWS + 1 {
            return Err(crate::sheet::too_large());
        }
        for line in first..first + self.rows {
            making.row(line, self.cells.clone())?;
        }
        Ok(())
    }
}

fn repeated(start: &BytesStart<'_>, name: &str) -> Result<usize, Told> {
    match attribute(start, name)? {
        None => Ok(1),
        Some(text) => text.parse().map_err(|error| unreadable(&error)),
    }
}

/// What a cell says by itself: days and truths; of all others the text that it shows counts.
fn value(start: &BytesStart<'_>) -> Result<Option<String>, Told> {
    Ok(match attribute(start, "office:value-type")?.as_deref() {
        Some("date") => attribute(start, "office:date-value")?.map(|text| match text.split_once('T') {
            Some((day, "00:00:00")) => day.to_owned(),
            Some((day, time)) => format!("{day} {}", time.get(..5).unwrap_or(time)),
            None => text,
        }),
        Some("boolean") => attribute(start, "office:boolean-value")?
            .map(|text| if text == "true" { "是" } else { "否" }.to_owned()),
        Some("float") => attribute(start, "office:value")?,
        _ => None,
    })
}

fn attribute(start: &BytesStart<'_>, name: &str) -> Result<Option<String>, Told> {
    let mut attributes = start.attributes();
    let mut attributes = attributes.with_checks(false).filter_map(Result::ok);
    let Some(found) = attributes.find(|attribute| attribute.key.into_inner() == name) else {
        return Ok(None);
    };
    let text = escape::unescape(&found.value).map_err(|error| unreadable(&error))?;
    Ok(Some(text.into_owned()))
}
