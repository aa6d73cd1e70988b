//! What a file is: by its bytes, held against what its name claims.
//!
//! Owns: [`Kind`], [`check`]. A kind is what both name and bytes say; a name that claims nothing known gives
//! [`Kind::Unknown`], however plain the bytes are, so that a form which asks for `txt` takes no `txt` of another name.
//! Invariants: a file whose bytes are not what its name claims is refused; so is one that holds macros, one that is a
//! bomb, and a name made to mislead the eye.
//! Does not: judge what a PDF or an HTML page does when it is opened, look into archives within archives, look for
//! viruses; whoever gives files out forbids the browser to guess, and lets it save only.

mod compound;
mod content;
mod name;
mod office;
mod refused;

pub use crate::package::Limits;
pub use refused::Refused;

use crate::package::{Package, PackageError};
use content::Content;
use office::Office;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Portable Document Format.
    Pdf,
    /// A picture.
    Png,
    /// A picture.
    Jpeg,
    /// A picture.
    Gif,
    /// A picture.
    Webp,
    /// A picture, as telephones take it.
    Heic,
    /// A picture, as scanners take it.
    Tiff,
    /// Text document, Office Open XML.
    Docx,
    /// Spreadsheet, Office Open XML.
    Xlsx,
    /// Slides, Office Open XML.
    Pptx,
    /// Text document, OpenDocument.
    Odt,
    /// Spreadsheet, OpenDocument.
    Ods,
    /// Slides, OpenDocument.
    Odp,
    /// Text document of Word before 2007.
    Doc,
    /// Spreadsheet of Excel before 2007.
    Xls,
    /// Slides of PowerPoint before 2007.
    Ppt,
    /// Text.
    Txt,
    /// Text of rows and columns.
    Csv,
    /// A web page.
    Html,
    /// An archive.
    Zip,
    /// Machine code of Windows or Linux.
    Program,
    /// Its name claims nothing that is known here.
    Unknown,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 22] = [
        Self::Pdf,
        Self::Png,
        Self::Jpeg,
        Self::Gif,
        Self::Webp,
        Self::Heic,
        Self::Tiff,
        Self::Docx,
        Self::Xlsx,
        Self::Pptx,
        Self::Odt,
        Self::Ods,
        Self::Odp,
        Self::Doc,
        Self::Xls,
        Self::Ppt,
        Self::Txt,
        Self::Csv,
        Self::Html,
        Self::Zip,
        Self::Program,
        Self::Unknown,
    ];

    /// Its name, as packs and entries write it: the usual ending of a file's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::Gif => "gif",
            Self::Webp => "webp",
            Self::Heic => "heic",
            Self::Tiff => "tif",
            Self::Docx => "docx",
            Self::Xlsx => "xlsx",
            Self::Pptx => "pptx",
            Self::Odt => "odt",
            Self::Ods => "ods",
            Self::Odp => "odp",
            Self::Doc => "doc",
            Self::Xls => "xls",
            Self::Ppt => "ppt",
            Self::Txt => "txt",
            Self::Csv => "csv",
            Self::Html => "html",
            Self::Zip => "zip",
            Self::Program => "program",
            Self::Unknown => "unknown",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The media type to give it out under.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Gif => "image/gif",
            Self::Webp => "image/webp",
            Self::Heic => "image/heic",
            Self::Tiff => "image/tiff",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Pptx => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            Self::Odt => "application/vnd.oasis.opendocument.text",
            Self::Ods => "application/vnd.oasis.opendocument.spreadsheet",
            Self::Odp => "application/vnd.oasis.opendocument.presentation",
            Self::Doc => "application/msword",
            Self::Xls => "application/vnd.ms-excel",
            Self::Ppt => "application/vnd.ms-powerpoint",
            Self::Txt => "text/plain; charset=utf-8",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Zip => "application/zip",
            // Never as what a browser would run or show.
            Self::Html | Self::Program | Self::Unknown => "application/octet-stream",
        }
    }

    /// Whether [`crate::text::extract`] finds text in it.
    #[must_use]
    pub const fn has_text(self) -> bool {
        matches!(self, Self::Pdf | Self::Docx | Self::Xlsx | Self::Odt | Self::Ods | Self::Txt | Self::Csv)
    }
}

/// What the file of this name and these bytes is.
///
/// # Errors
/// Each [`Refused`]: it must not be kept.
pub fn check(name: &str, content: &[u8], limits: &Limits) -> Result<Kind, Refused> {
    name::check(name)?;
    let claimed = name::claimed(name);
    let named = name.to_owned();
    let found = match content::look(content) {
        Content::Package => package(name, claimed, content, limits)?,
        Content::Compound => compound::look(content).map_err(|what| what.refused(name))?,
        Content::Text { html } => match claimed {
            Some(kind @ (Kind::Txt | Kind::Csv | Kind::Html)) => kind,
            _ if html => Kind::Html,
            _ => Kind::Txt,
        },
        Content::Kind(kind) => kind,
    };
    match claimed {
        Some(claimed) if claimed == found => Ok(found),
        Some(claimed) => Err(Refused::Disguised { name: named, claimed, found }),
        None if found == Kind::Program => Ok(Kind::Program),
        None => Ok(Kind::Unknown),
    }
}

/// Whether a file that was found to be of this kind may stand under this name, which need not be the one it came under.
///
/// # Errors
/// `Name`, `Disguised`.
pub fn check_name(name: &str, found: Kind) -> Result<(), Refused> {
    name::check(name)?;
    match name::claimed(name) {
        Some(claimed) if claimed != found => {
            Err(Refused::Disguised { name: name.to_owned(), claimed, found })
        }
        _ => Ok(()),
    }
}

/// What a ZIP file is, and whether it may be kept.
fn package(name: &str, claimed: Option<Kind>, content: &[u8], limits: &Limits) -> Result<Kind, Refused> {
    let named = name.to_owned();
    let refused = |error: PackageError| match error {
        PackageError::Entries { limit } => Refused::Entries { name: named.clone(), limit },
        PackageError::Inflated { limit } => Refused::Inflated { name: named.clone(), limit },
        PackageError::Damaged(what) => Refused::Damaged { name: named.clone(), what },
        PackageError::Closed { .. } => Refused::Locked { name: named.clone() },
    };
    let measured = Package::open(content, limits).and_then(|mut package| package.measure().map(|()| package));
    let mut package = match measured {
        // What claims to be nothing that is known here may look like an archive and be none.
        Err(PackageError::Damaged(_)) if claimed.is_none() => return Ok(Kind::Unknown),
        measured => measured.map_err(&refused)?,
    };
    match office::look(&mut package).map_err(&refused)? {
        Office::Document(kind) => Ok(kind),
        Office::Macros(part) => Err(Refused::Macros { name: named, part }),
        Office::Locked => Err(Refused::Locked { name: named }),
        Office::None => Ok(Kind::Zip),
    }
}
