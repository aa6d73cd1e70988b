//! Why a file is not kept, told to whoever hands it in.

use super::Kind;
use crate::error::shown_size;
use model::Told;

/// Why a file must not be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Its name is empty, too long, holds a path, or is made to mislead the eye.
    #[error("{name:?} is no name for a file")]
    Name {
        /// The name, made harmless.
        name: String,
    },
    /// It is not what its name claims.
    #[error("{name:?} claims to be {} and is {}", .claimed.name(), .found.name())]
    Disguised {
        /// Its name.
        name: String,
        /// What the name claims.
        claimed: Kind,
        /// What the bytes are.
        found: Kind,
    },
    /// It is an office document with macros.
    #[error("{name:?} holds macros in {part:?}")]
    Macros {
        /// Its name.
        name: String,
        /// The part that holds them.
        part: String,
    },
    /// It is an office document behind a password, so that it cannot be told what is in it.
    #[error("{name:?} is locked by a password")]
    Locked {
        /// Its name.
        name: String,
    },
    /// An archive of too many entries.
    #[error("{name:?} has more than {limit} entries")]
    Entries {
        /// Its name.
        name: String,
        /// Most entries.
        limit: usize,
    },
    /// An archive that becomes too big when it is opened.
    #[error("{name:?} becomes larger than {limit} bytes when it is opened")]
    Inflated {
        /// Its name.
        name: String,
        /// Most bytes it may become.
        limit: u64,
    },
    /// An archive or office document that cannot be read as one.
    #[error("{name:?} is damaged: {what}")]
    Damaged {
        /// Its name.
        name: String,
        /// What is wrong in it.
        what: String,
    },
}

impl Refused {
    /// In both languages, with the mend.
    #[must_use]
    pub fn told(&self) -> Told {
        match self {
            Self::Name { name } => Told::new(
                format!(
                    "「{name}」不能作為檔名：不得空白、過長，或含有路徑、控制字元或隱形字元。請更改檔名後再附上。"
                ),
                format!(
                    "{name:?} is no name for a file: it must not be empty or too long, or hold a path, control characters or characters that are not seen. Rename the file and attach it again."
                ),
            ),
            Self::Disguised { name, claimed, found } => Told::new(
                format!(
                    "「{name}」的副檔名是{}，內容卻是{}。請附上原本的檔案，或改為正確的副檔名。",
                    zh(*claimed),
                    zh(*found)
                ),
                format!(
                    "The name of {name:?} says that it is {}, and it is {}. Attach the original file, or give it the right ending.",
                    en(*claimed),
                    en(*found)
                ),
            ),
            Self::Macros { name, part } => Told::new(
                format!("「{name}」含有巨集（{part}），不予收受。請另存為不含巨集的文件後再附上。"),
                format!(
                    "{name:?} holds macros ({part}) and is not taken. Save it without macros and attach it again."
                ),
            ),
            Self::Locked { name } => Told::new(
                format!(
                    "「{name}」設有密碼，無法查驗內容，不予收受。請移除密碼後再附上；機密內容由系統封存保護。"
                ),
                format!(
                    "{name:?} is locked by a password, so that it cannot be told what is in it, and is not taken. Remove the password and attach it again; the system seals what is confidential."
                ),
            ),
            Self::Entries { name, limit } => Told::new(
                format!("「{name}」內含超過 {limit} 個檔案，不予收受。請分成數個檔案後再附上。"),
                format!("{name:?} holds more than {limit} files and is not taken. Attach it in parts."),
            ),
            Self::Inflated { name, limit } => {
                let limit = shown_size(*limit);
                Told::new(
                    format!("「{name}」解壓縮後超過 {limit}，不予收受。請分成數個檔案後再附上。"),
                    format!(
                        "{name:?} becomes larger than {limit} when it is unpacked and is not taken. Attach it in parts."
                    ),
                )
            }
            Self::Damaged { name, what } => Told::new(
                format!("「{name}」毀損或不完整（{what}）。請以原軟體開啟確認，重新存檔後再附上。"),
                format!(
                    "{name:?} is damaged or not whole ({what}). Open it in the program it was made with, save it anew and attach it again."
                ),
            ),
        }
    }
}

const fn zh(kind: Kind) -> &'static str {
    match kind {
        Kind::Pdf => " PDF 文件",
        Kind::Png => " PNG 圖片",
        Kind::Jpeg => " JPEG 圖片",
        Kind::Gif => " GIF 圖片",
        Kind::Webp => " WebP 圖片",
        Kind::Heic => " HEIC 圖片",
        Kind::Tiff => " TIFF 圖片",
        Kind::Docx => " Word 文件（docx）",
        Kind::Xlsx => " Excel 試算表（xlsx）",
        Kind::Pptx => " PowerPoint 簡報（pptx）",
        Kind::Odt => " ODF 文件（odt）",
        Kind::Ods => " ODF 試算表（ods）",
        Kind::Odp => " ODF 簡報（odp）",
        Kind::Doc => "舊版 Word 文件（doc）",
        Kind::Xls => "舊版 Excel 試算表（xls）",
        Kind::Ppt => "舊版 PowerPoint 簡報（ppt）",
        Kind::Txt => "純文字",
        Kind::Csv => " CSV 表格",
        Kind::Html => "網頁",
        Kind::Zip => " ZIP 壓縮檔",
        Kind::Program => "可執行程式",
        Kind::Unknown => "無法辨識的格式",
    }
}

const fn en(kind: Kind) -> &'static str {
    match kind {
        Kind::Pdf => "a PDF document",
        Kind::Png => "a PNG picture",
        Kind::Jpeg => "a JPEG picture",
        Kind::Gif => "a GIF picture",
        Kind::Webp => "a WebP picture",
        Kind::Heic => "an HEIC picture",
        Kind::Tiff => "a TIFF picture",
        Kind::Docx => "a Word document (docx)",
        Kind::Xlsx => "an Excel spreadsheet (xlsx)",
        Kind::Pptx => "PowerPoint slides (pptx)",
        Kind::Odt => "an ODF document (odt)",
        Kind::Ods => "an ODF spreadsheet (ods)",
        Kind::Odp => "ODF slides (odp)",
        Kind::Doc => "an old Word document (doc)",
        Kind::Xls => "an old Excel spreadsheet (xls)",
        Kind::Ppt => "old PowerPoint slides (ppt)",
        Kind::Txt => "plain text",
        Kind::Csv => "a CSV table",
        Kind::Html => "a web page",
        Kind::Zip => "a ZIP archive",
        Kind::Program => "a program",
        Kind::Unknown => "of a format that is not known",
    }
}
