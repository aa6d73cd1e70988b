//! What people are told when something is wrong: in Traditional Chinese and in English, with the place and the mend.

use std::fmt;

/// A message in both languages. It is shown with the Chinese first, one line each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// In Traditional Chinese, the way an office in Taiwan writes.
    pub zh: String,
    /// In English.
    pub en: String,
}

impl Told {
    /// The same in both languages.
    #[must_use]
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}", self.zh, self.en)
    }
}
