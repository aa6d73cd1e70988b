//! The press: data and a template in, a PDF out.
//!
//! A paper is serialised to JSON, which its template reads as values. Templates are files of this crate; no other file is
//! there for them, no package, no clock.
//! Invariant: before anything is set, every character of the data is looked for in the fonts.
//! Source: ISO 19005-2, level A: tagged, every character mapped to Unicode, fonts embedded as subsets.

use crate::catalogue::{Catalogue, MOST_ROWS};
use crate::drawing::{Drawing, MOST_DRAWN};
use crate::font::Fonts;
use crate::form::Form;
use crate::head::Head;
use crate::labels::{Labels, MOST_LABELS};
use crate::report::Report;
use model::Instant;
use serde::Serialize;
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use typst::diag::{FileError, FileResult, SourceDiagnostic};
use typst::foundations::{Bytes, Datetime, Duration, Smart};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt as _, World};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

/// Most characters of one paper.
const MOST_CHARACTERS: usize = 2_000_000;

/// What every template begins with.
const COMMON: &str = include_str!("../templates/common.typ");

/// Prints papers.
pub struct Press {
    fonts: Arc<Fonts>,
    library: LazyHash<Library>,
    standards: PdfStandards,
    running: AtomicUsize,
    printed: AtomicU64,
}

/// A paper that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The PDF.
    pub pdf: Vec<u8>,
    /// Its SHA-256.
    pub digest: [u8; 32],
    /// How many pages it has.
    pub pages: usize,
}

/// A paper could not be made.
#[derive(Debug, thiserror::Error)]
pub enum PrintError {
    /// A character that no font has.
    #[error(
        "「{field}」含字型所無之字「{character}」（U+{:04X}），請改用他字或造字後再印 · \
         {field:?} holds {character:?} (U+{:04X}), which no installed font has: write it otherwise or install a font that has it",
        u32::from(*character), u32::from(*character)
    )]
    Glyph {
        /// The character.
        character: char,
        /// What people call the place where it stands.
        field: String,
    },
    /// More than is printed at once.
    #[error(
        "內容過多：{what} {count}，至多 {most}；請縮小範圍或改用試算表匯出 · too much to print: {count} {what}, at most {most}; ask for less or export a spreadsheet"
    )]
    TooMuch {
        /// Of what.
        what: &'static str,
        /// How many there are.
        count: usize,
        /// How many may be.
        most: usize,
    },
    /// The data has no JSON form.
    #[error("the paper does not serialise")]
    Data(#[from] serde_json::Error),
    /// A template does not hold what it should; the fault is ours.
    #[error("the template {template} failed: {told}")]
    Template {
        /// Which.
        template: &'static str,
        /// What was said.
        told: String,
    },
}

/// What a template reads.
#[derive(Serialize)]
struct Data<'a, T> {
    words: crate::words::Words,
    fonts: &'a [String],
    #[serde(flatten)]
    paper: &'a T,
}

impl Press {
    /// With some fonts.
    #[must_use]
    pub fn new(fonts: Fonts) -> Self {
        // The standard is one that the library knows by itself.
        let standards = PdfStandards::new(&[PdfStandard::A_2a]).unwrap_or_default();
        Self {
            fonts: Arc::new(fonts),
            library: LazyHash::new(Library::default()),
            standards,
            running: AtomicUsize::new(0),
            printed: AtomicU64::new(0),
        }
    }

    /// Its fonts.
    #[must_use]
    pub fn fonts(&self) -> &Fonts {
        &self.fonts
    }

    /// Prints a form.
    ///
    /// # Errors
    /// `Glyph`, `TooMuch`; `Template`, which no test has seen.
    pub fn form(&self, form: &Form, at: Instant) -> Result<Made, PrintError> {
        self.print(("form", include_str!("../templates/form.typ")), &form.head, form, at)
    }

    /// Prints labels.
    ///
    /// # Errors
    /// `Glyph`, `TooMuch`; `Template`, which no test has seen.
    pub fn labels(&self, labels: &Labels, at: Instant) -> Result<Made, PrintError> {
        within("labels", labels.labels.len(), MOST_LABELS)?;
        self.print(("labels", include_str!("../templates/labels.typ")), &labels.head, labels, at)
    }

    /// Prints a list.
    ///
    /// # Errors
    /// `Glyph`, `TooMuch`; `Template`, which no test has seen.
    pub fn catalogue(&self, list: &Catalogue, at: Instant) -> Result<Made, PrintError> {
        within("rows", list.rows().len(), MOST_ROWS)?;
        self.print(("catalogue", include_str!("../templates/catalogue.typ")), &list.head, list, at)
    }

    /// Prints a drawing.
    ///
    /// # Errors
    /// `Glyph`, `TooMuch`; `Template`, which no test has seen.
    pub fn drawing(&self, drawing: &Drawing, at: Instant) -> Result<Made, PrintError> {
        let drawn = drawing.drawn.as_ref().map_or(0, |one| one.boxes.len() + one.lines.len());
        within("boxes", drawn, MOST_DRAWN)?;
        within("rows", drawing.tables.iter().map(|table| table.rows.len()).sum(), MOST_ROWS)?;
        self.print(("drawing", include_str!("../templates/drawing.typ")), &drawing.head, drawing, at)
    }

    /// Prints a report.
    ///
    /// # Errors
    /// `Glyph`, `TooMuch`; `Template`, which no test has seen.
    pub fn report(&self, report: &Report, at: Instant) -> Result<Made, PrintError> {
        self.print(("report", include_str!("../templates/report.typ")), &report.head, report, at)
    }

    /// How many papers were begun so far.
    #[must_use]
    pub fn printed(&self) -> u64 {
        self.printed.load(Ordering::Acquire)
    }

    /// Lets go of fonts and of what was remembered, unless something is being printed.
    pub fn rest(&self) {
        if self.running.load(Ordering::Acquire) == 0 {
            self.fonts.rest();
            typst::comemo::evict(0);
        }
    }

    fn print(
        &self,
        (name, template): (&'static str, &'static str),
        head: &Head,
        paper: &impl Serialize,
        at: Instant,
    ) -> Result<Made, PrintError> {
        let data = Data { words: head.language.words(), fonts: self.fonts.families(), paper };
        let data = broken(serde_json::to_value(data)?, "");
        let mut characters = 0;
        self.known(&data, &head.title, &mut characters)?;
        within("characters", characters, MOST_CHARACTERS)?;
        let data = serde_json::to_vec(&data)?;
        let identity = Sha256::digest(&data).iter().map(|byte| format!("{byte:02x}")).collect();
        self.printed.fetch_add(1, Ordering::AcqRel);
        self.running.fetch_add(1, Ordering::AcqRel);
        let made = self.set(name, template, data, identity, at);
        self.running.fetch_sub(1, Ordering::AcqRel);
        made
    }

    fn set(
        &self,
        name: &'static str,
        template: &'static str,
        data: Vec<u8>,
        identity: String,
        at: Instant,
    ) -> Result<Made, PrintError> {
        let failed = |told: &[SourceDiagnostic]| {
            let told: Vec<&str> = told.iter().map(|one| one.message.as_str()).collect();
            PrintError::Template { template: name, told: told.join("; ") }
        };
        let sheet = Sheet::new(self, template, data)
            .ok_or_else(|| PrintError::Template { template: name, told: "no path".to_owned() })?;
        let set = typst::compile::<PagedDocument>(&sheet);
        let document = set.output.map_err(|told| failed(&told))?;
        // A warning says that a font or a picture is not what the template takes it for.
        if !set.warnings.is_empty() {
            return Err(failed(&set.warnings));
        }
        let options = PdfOptions {
            ident: Smart::Custom(identity),
            creator: Smart::Custom(Some("Ward".to_owned())),
            timestamp: timestamp(at),
            standards: self.standards.clone(),
            ..PdfOptions::default()
        };
        let pdf = typst_pdf::pdf(&document, &options).map_err(|told| failed(&told))?;
        Ok(Made { digest: Sha256::digest(&pdf).into(), pages: document.pages().len(), pdf })
    }

    /// Is every character of the data in a font? `field` is what people call the place looked at.
    fn known(&self, data: &Json, field: &str, characters: &mut usize) -> Result<(), PrintError> {
        match data {
            Json::String(text) => {
                *characters += text.len();
                let missing = text.chars().find(|one| !is_silent(*one) && !self.fonts.has(*one));
                match missing {
                    Some(character) => Err(PrintError::Glyph { character, field: field.to_owned() }),
                    None => Ok(()),
                }
            }
            Json::Array(items) => items.iter().try_for_each(|item| self.known(item, field, characters)),
            Json::Object(members) => {
                let named = ["label", "role", "title"].iter().find_map(|name| members.get(*name));
                let field = named.and_then(Json::as_str).unwrap_or(field);
                // A picture is no text.
                let texts = members.iter().filter(|(name, _)| *name != PICTURE);
                texts.into_iter().try_for_each(|(_, item)| self.known(item, field, characters))
            }
            Json::Bool(_) | Json::Null | Json::Number(_) => Ok(()),
        }
    }
}

/// The member that holds the picture of a code.
const PICTURE: &str = "picture";

/// Characters that are not drawn: blanks, line ends, and those that only say where a line may break.
const fn is_silent(character: char) -> bool {
    matches!(character, ' ' | '\n' | '\t' | '\u{a0}' | '\u{3000}' | BREAK)
}

/// Where a line may break and nothing stands.
const BREAK: char = '\u{200b}';

/// Letters without a place to break after which one is put in.
const UNBROKEN: usize = 12;

/// Members whose texts stand as they are: their templates leave room for them, and people copy them.
const WHOLE: [&str; 3] = [PICTURE, "digest", "facts"];

/// Texts with places to break in what is long and has none, such as addresses.
fn broken(data: Json, name: &str) -> Json {
    match data {
        Json::String(text) if WHOLE.contains(&name) || text.is_ascii() && text.len() <= UNBROKEN => {
            Json::String(text)
        }
        Json::String(text) => {
            let (mut written, mut run) = (String::with_capacity(text.len()), 0);
            for character in text.chars() {
                run = if character.is_ascii_graphic() { run + 1 } else { 0 };
                if run > UNBROKEN {
                    written.push(BREAK);
                    run = 1;
                }
                written.push(character);
            }
            Json::String(written)
        }
        Json::Array(items) => Json::Array(items.into_iter().map(|item| broken(item, name)).collect()),
        Json::Object(members) => {
            let member = |(name, item): (String, Json)| {
                let item = broken(item, &name);
                (name, item)
            };
            Json::Object(members.into_iter().map(member).collect())
        }
        other => other,
    }
}

fn within(what: &'static str, count: usize, most: usize) -> Result<(), PrintError> {
    if count > most { Err(PrintError::TooMuch { what, count, most }) } else { Ok(()) }
}

/// A moment as PDF has it.
fn timestamp(at: Instant) -> Option<Timestamp> {
    let text = at.to_string();
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<u16>().ok();
    let small = |from: usize| number(from, from + 2).and_then(|number| u8::try_from(number).ok());
    let day = (i32::from(number(0, 4)?), small(5)?, small(8)?);
    let time = Datetime::from_ymd_hms(day.0, day.1, day.2, small(11)?, small(14)?, small(17)?)?;
    Some(Timestamp::new_utc(time))
}

/// All that a template may read.
struct Sheet<'a> {
    press: &'a Press,
    main: Source,
    common: Source,
    data: (FileId, Bytes),
}

impl<'a> Sheet<'a> {
    fn new(press: &'a Press, template: &str, data: Vec<u8>) -> Option<Self> {
        let id = |path| {
            let path = VirtualPath::new(path).ok()?;
            Some(RootedPath::new(VirtualRoot::Project, path).intern())
        };
        Some(Self {
            press,
            main: Source::new(id("paper.typ")?, template.to_owned()),
            common: Source::new(id("common.typ")?, COMMON.to_owned()),
            data: (id("data.json")?, Bytes::new(data)),
        })
    }
}

impl World for Sheet<'_> {
    fn library(&self) -> &LazyHash<Library> {
        &self.press.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        self.press.fonts.book()
    }

    fn main(&self) -> FileId {
        self.main.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        let found = [&self.main, &self.common].into_iter().find(|source| source.id() == id);
        found.cloned().ok_or(FileError::AccessDenied)
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        let (known, bytes) = &self.data;
        if id == *known { Ok(bytes.clone()) } else { Err(FileError::AccessDenied) }
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.press.fonts.face(index)
    }

    /// Templates know no day but those they are given.
    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_long_may_break_and_codes_are_left_alone() {
        let long = "0123456789abcdef";
        let data =
            serde_json::json!({"text": long, "picture": long, "zh": "甲0123456789ab乙", "rows": [[long]]});
        let data = broken(data, "");
        assert_eq!(data["text"], "0123456789ab\u{200b}cdef");
        assert_eq!(data["picture"], long);
        assert_eq!(data["zh"], "甲0123456789ab乙");
        assert_eq!(data["rows"][0][0], "0123456789ab\u{200b}cdef");
    }
}
