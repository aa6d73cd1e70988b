//! Texts people read: always in Traditional Chinese and in English; and texts with values in them.
//!
//! Invariant: neither language is empty.
//! Source: `docs/pack.md`, "Words that hold everywhere".

use crate::condition::Condition;
use serde::Serialize;

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Label {
    zh: Box<str>,
    en: Box<str>,
}

impl Label {
    /// From both languages; `None` when either is empty or only white space.
    #[must_use]
    pub fn new(zh: &str, en: &str) -> Option<Self> {
        let filled = !zh.trim().is_empty() && !en.trim().is_empty();
        filled.then(|| Self { zh: zh.into(), en: en.into() })
    }

    /// In Traditional Chinese.
    #[must_use]
    pub fn zh(&self) -> &str {
        &self.zh
    }

    /// In English.
    #[must_use]
    pub fn en(&self) -> &str {
        &self.en
    }
}

/// A text in both languages with values in braces.
#[derive(Debug, Clone)]
pub struct Template {
    /// In Traditional Chinese.
    pub zh: Vec<Piece>,
    /// In English.
    pub en: Vec<Piece>,
}

/// A piece of a template.
#[derive(Debug, Clone)]
pub enum Piece {
    /// As written.
    Text(Box<str>),
    /// The value of this condition; `—` when it has none.
    Value(Condition),
}
