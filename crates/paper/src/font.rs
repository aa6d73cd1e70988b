//! Fonts: found in the system's folders, read when a paper asks for them.
//!
//! Papers are set in TW-Kai, the government's own 楷體, with its extension for rare characters. Where it is not installed,
//! a Noto font of Traditional Chinese stands in, and [`Fonts::is_official`] says so.
//! Invariant: a font is known by its file's name and believed by what is in it; a file that does not read is passed over
//! only where another has its family.
//! Source: CNS 11643 (全字庫), Debian's `fonts-cns11643-kai`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use typst::foundations::Bytes;
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;

/// Where systems keep fonts.
pub const FOLDERS: [&str; 2] = ["/usr/share/fonts", "/usr/local/share/fonts"];

/// Files that are looked for by the beginnings of their names, with the family in them that is used; those of one set go
/// together, the first of them is what papers are set in.
const SETS: [&[(&str, &str)]; 3] = [
    &[("TW-Kai-98", "TW-Kai"), ("TW-Kai-Ext-B", "TW-Kai-Ext-B"), ("TW-Kai-Plus", "TW-Kai-Plus")],
    &[("NotoSerifCJK-Regular", "Noto Serif CJK TC")],
    &[("NotoSansCJK-Regular", "Noto Sans CJK TC")],
];

/// Folders within folders that are looked into.
const DEPTH: usize = 4;

/// Faces of a collection that are looked at.
const FACES: u32 = 32;

/// Fonts that papers may be set in.
pub struct Fonts {
    faces: Vec<Face>,
    book: LazyHash<FontBook>,
    families: Vec<String>,
    official: bool,
}

/// A face, in its file and in memory while it is used.
struct Face {
    path: PathBuf,
    index: u32,
    held: Mutex<Option<Font>>,
}

/// No font was found.
#[derive(Debug, thiserror::Error)]
#[error(
    "找不到可用之中文字型：請安裝全字庫正楷體（Debian：apt install fonts-cns11643-kai）；已尋找 {folders} · \
     no Chinese font was found in {folders}: install TW-Kai (Debian: apt install fonts-cns11643-kai)"
)]
pub struct FontError {
    /// Where was looked.
    folders: String,
}

impl Fonts {
    /// Those in some folders and the folders within them.
    ///
    /// # Errors
    /// None of them was found.
    pub fn find<P: AsRef<Path>>(folders: &[P]) -> Result<Self, FontError> {
        let mut files = Vec::new();
        for folder in folders {
            files_in(folder.as_ref(), DEPTH, &mut files);
        }
        files.sort();
        for (place, set) in SETS.iter().enumerate() {
            let found: Vec<(Face, Font)> = set.iter().filter_map(|one| face(&files, *one)).collect();
            // What papers are set in has to be there; an extension alone is no font for a paper.
            if found
                .first()
                .is_none_or(|(_, font)| Some(font.info().family.as_str()) != set.first().map(|one| one.1))
            {
                continue;
            }
            let book = FontBook::from_fonts(found.iter().map(|(_, font)| font));
            let families = found.iter().map(|(_, font)| font.info().family.clone()).collect();
            let faces = found.into_iter().map(|(face, _)| face).collect();
            return Ok(Self { faces, book: LazyHash::new(book), families, official: place == 0 });
        }
        let folders: Vec<String> = folders.iter().map(|one| one.as_ref().display().to_string()).collect();
        Err(FontError { folders: folders.join(", ") })
    }

    /// Is it the government's own?
    #[must_use]
    pub const fn is_official(&self) -> bool {
        self.official
    }

    /// The families, in the order in which a character is looked for.
    #[must_use]
    pub fn families(&self) -> &[String] {
        &self.families
    }

    /// Has one of them this character?
    #[must_use]
    pub fn has(&self, character: char) -> bool {
        let infos = (0..self.faces.len()).filter_map(|at| self.book.info(at));
        infos.into_iter().any(|info| info.coverage.contains(u32::from(character)))
    }

    pub(crate) const fn book(&self) -> &LazyHash<FontBook> {
        &self.book
    }

    /// A face, read if it is not in memory.
    pub(crate) fn face(&self, at: usize) -> Option<Font> {
        let face = self.faces.get(at)?;
        let mut held = face.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.is_none() {
            *held = Font::new(Bytes::new(fs::read(&face.path).ok()?), face.index);
        }
        held.clone()
    }

    /// Lets go of what is in memory.
    pub(crate) fn rest(&self) {
        for face in &self.faces {
            *face.held.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }
}

/// Files below a folder; one that does not read has none.
fn files_in(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true if depth > 0 => files_in(&path, depth - 1, files),
            true => {}
            false => files.push(path),
        }
    }
}

/// The face of a family, in the first file whose name begins so.
fn face(files: &[PathBuf], (begins, family): (&str, &str)) -> Option<(Face, Font)> {
    let named = |path: &&PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with(begins) && [".ttf", ".ttc", ".otf"].iter().any(|end| name.ends_with(end))
    };
    files.iter().filter(named).find_map(|path| {
        let bytes = Bytes::new(fs::read(path).ok()?);
        let mut faces = (0..FACES).map_while(|index| Some((index, Font::new(bytes.clone(), index)?)));
        let (index, font) = faces.find(|(_, font)| font.info().family == family)?;
        Some((Face { path: path.clone(), index, held: Mutex::new(None) }, font))
    })
}
