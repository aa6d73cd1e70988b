//! QR codes: a text as a picture that any reader reads.
//!
//! Source: ISO/IEC 18004; error correction of level M, which bears 15 % of a label's face lost.

use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};
use serde::{Serialize, Serializer};

/// A text that stands as a QR code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Code {
    text: String,
    picture: String,
}

impl Code {
    /// Of a text; none where it is too long for a code.
    #[must_use]
    pub(crate) fn new(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        let code = QrCode::with_error_correction_level(text.as_bytes(), EcLevel::M).ok()?;
        let picture = code.render::<svg::Color<'_>>().min_dimensions(1, 1).build();
        Some(Self { text, picture })
    }

    /// The text.
    #[must_use]
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

/// As templates take it: the picture.
impl Serialize for Code {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.picture)
    }
}
