//! The text in a file, for search.
//!
//! Owns: [`extract`]. Invariants: the same bytes give the same text, on every machine that gives any; no more than the
//! [`TextLimits`] are read, held or waited for; what a stranger wrote is read by our own code without unsafe parts or,
//! for PDF, by a program that is [confined](crate::text::ExtractError::NotConfined) or not run at all.
//! Text is brought to one form: white space becomes one space, or one line feed where there was a line's end; control
//! and unseen characters go; all others, Chinese ones above all, stay as they are.
//! Does not: read pictures, find text in what is sealed (the caller must not ask), guess at what is damaged.

mod normal;
mod odf;
mod ooxml;
mod pdf;
mod xml;

pub use crate::confined::{ConfinedError, ProcessLimits};

use crate::encoding;
use crate::kind::{Kind, Limits};
use crate::package::{Package, PackageError};
use model::Told;
use normal::{Normal, Wrapped};

/// The text in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extracted {
    /// In one form, for search.
    pub text: String,
    /// There was more.
    pub truncated: bool,
}

/// How much is read, held and waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextLimits {
    /// Most bytes of text that are kept; more are cut off.
    pub text: usize,
    /// Most bytes of one part of an office document, inflated.
    pub part: u64,
    /// What an office document may be as an archive.
    pub archive: Limits,
    /// What the reader of PDF files may use.
    pub process: ProcessLimits,
}

impl TextLimits {
    /// 4 MiB of text, 128 MiB a part.
    pub const DEFAULT: Self =
        Self { text: 4 << 20, part: 128 << 20, archive: Limits::DEFAULT, process: ProcessLimits::DEFAULT };
}

impl Default for TextLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Why there is no text. The file itself is as good as before; it is not found by its text.
#[derive(Debug, thiserror::Error)]
pub enum ExtractError {
    /// It is not what its kind says, or is damaged.
    #[error("the file cannot be read as {}: {what}", .kind.name())]
    Damaged {
        /// What it should be.
        kind: Kind,
        /// What is wrong in it.
        what: String,
    },
    /// It is behind a password.
    #[error("the file is locked by a password")]
    Locked,
    /// Its author has forbidden that text is taken out of it.
    #[error("the file does not allow its text to be taken out")]
    Forbidden,
    /// It needs more time, memory or room than it may have.
    #[error("the file needs more {resource} than it may have")]
    Costly {
        /// What it needs too much of.
        resource: &'static str,
    },
    /// This machine cannot confine the program that reads PDF files, so that it is not run.
    #[error("this machine cannot confine the program that reads such files")]
    NotConfined(#[source] ConfinedError),
    /// The program that reads PDF files is not there or does not start.
    #[error("the program that reads such files does not run")]
    NoReader(#[source] ConfinedError),
}

/// The text in a file of this kind; none in kinds that [have none](Kind::has_text).
///
/// # Errors
/// Each [`ExtractError`]: there is no text, and the caller says so where people search.
pub fn extract(kind: Kind, bytes: &[u8], limits: &TextLimits) -> Result<Extracted, ExtractError> {
    let mut text = Normal::new(limits.text);
    match kind {
        Kind::Txt | Kind::Csv => {
            let found = encoding::decode(bytes);
            text.push(&found.ok_or_else(|| damaged(kind, "it is no text in UTF-8, UTF-16 or Big5"))?);
        }
        Kind::Docx => ooxml::document(&mut Parts::open(kind, bytes, limits)?, &mut text)?,
        Kind::Xlsx => ooxml::workbook(&mut Parts::open(kind, bytes, limits)?, &mut text)?,
        Kind::Odt | Kind::Ods => odf::document(&mut Parts::open(kind, bytes, limits)?, &mut text)?,
        Kind::Pdf => {
            let (found, cut) = pdf::text(bytes, limits)?;
            text = Normal::joining(limits.text, Wrapped::Lines);
            text.push(&found);
            text.cut_if(cut);
        }
        _ => {}
    }
    Ok(text.finish())
}

/// Whether this machine can read PDF files, for a word at the start.
///
/// # Errors
/// `NotConfined`, `NoReader`.
pub fn ready() -> Result<(), ExtractError> {
    pdf::ready()
}

fn damaged(kind: Kind, what: impl Into<String>) -> ExtractError {
    ExtractError::Damaged { kind, what: what.into() }
}

/// The parts of an office document.
struct Parts<'a> {
    kind: Kind,
    package: Package<'a>,
    limit: u64,
}

impl<'a> Parts<'a> {
    fn open(kind: Kind, bytes: &'a [u8], limits: &TextLimits) -> Result<Self, ExtractError> {
        let package = Package::open(bytes, &limits.archive).map_err(|error| refused(kind, error))?;
        Ok(Self { kind, package, limit: limits.part })
    }

    /// Names of all parts for which `wanted` holds, sorted.
    fn names(&self, wanted: impl Fn(&str) -> bool) -> Vec<String> {
        let mut names: Vec<_> = self.package.names().iter().filter(|name| wanted(name)).cloned().collect();
        names.sort();
        names
    }

    /// The text of a part; none where there is no such part.
    fn part(&mut self, name: &str) -> Result<Option<String>, ExtractError> {
        let bytes = self.package.read(name, self.limit).map_err(|error| refused(self.kind, error))?;
        let text = bytes.map(String::from_utf8).transpose();
        text.map_err(|_| damaged(self.kind, format!("{name} is not UTF-8")))
    }

    /// Goes through a part of XML. Gives whether it was there.
    fn walk(&mut self, name: &str, visit: &mut dyn xml::Visit) -> Result<bool, ExtractError> {
        let Some(text) = self.part(name)? else { return Ok(false) };
        let walked = xml::walk(&text, visit);
        walked.map_err(|what| damaged(self.kind, format!("{name}: {what}")))?;
        Ok(true)
    }
}

fn refused(kind: Kind, error: PackageError) -> ExtractError {
    match error {
        PackageError::Entries { .. } => ExtractError::Costly { resource: "parts" },
        PackageError::Inflated { .. } => ExtractError::Costly { resource: "room" },
        PackageError::Damaged(what) => damaged(kind, what),
        PackageError::Closed { .. } => ExtractError::Locked,
    }
}

impl ExtractError {
    /// In both languages, with the mend.
    #[must_use]
    pub fn told(&self) -> Told {
        match self {
            Self::Damaged { kind, what } => {
                let kind = kind.name();
                Told::new(
                    format!(
                        "附件已保存，但無法以 {kind} 讀取（{what}），其文字不列入搜尋。請確認檔案能以原軟體開啟。"
                    ),
                    format!(
                        "The attachment is kept, but cannot be read as {kind} ({what}), and its text is not searched. See whether it opens in the program it was made with."
                    ),
                )
            }
            Self::Locked => Told::new(
                "附件已保存，但設有密碼，其文字不列入搜尋。如需搜尋，請附上未設密碼的版本。",
                "The attachment is kept, but it is locked by a password, and its text is not searched. To have it searched, attach it without a password.",
            ),
            Self::Forbidden => Told::new(
                "附件已保存，但作者禁止擷取文字，其文字不列入搜尋。如需搜尋，請附上允許複製文字的版本。",
                "The attachment is kept, but its author forbids taking out its text, and it is not searched. To have it searched, attach it without that restriction.",
            ),
            Self::Costly { resource } => {
                let zh = match *resource {
                    "time" => "時間",
                    "memory" => "記憶體",
                    "parts" => "內部檔案數",
                    _ => "空間",
                };
                Told::new(
                    format!(
                        "附件已保存，但讀取所需{zh}超過上限，其文字不列入搜尋。如需搜尋，請附上較簡單的版本。"
                    ),
                    format!(
                        "The attachment is kept, but reading it needs more {resource} than it may have, and its text is not searched. To have it searched, attach a simpler version."
                    ),
                )
            }
            Self::NotConfined(source) => Told::new(
                format!(
                    "附件已保存，但本機無法將 PDF 讀取程式關進沙箱（{source}），因此不執行，其文字不列入搜尋。請使用支援 Landlock 與 seccomp 的 Linux 核心（5.13 以上）。"
                ),
                format!(
                    "The attachment is kept, but this machine cannot confine the program that reads PDF ({source}), so that it is not run, and the text is not searched. Use a Linux kernel with Landlock and seccomp (5.13 or newer)."
                ),
            ),
            Self::NoReader(source) => Told::new(
                format!(
                    "附件已保存，但 PDF 讀取程式無法執行（{source}），其文字不列入搜尋。請安裝套件 poppler-utils 與 poppler-data。"
                ),
                format!(
                    "The attachment is kept, but the program that reads PDF does not run ({source}), and its text is not searched. Install the packages poppler-utils and poppler-data."
                ),
            ),
        }
    }
}
