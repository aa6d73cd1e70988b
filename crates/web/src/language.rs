//! The language a page is written in: the reader's choice, else what the browser asks for, else Traditional Chinese.
//!
//! Source: BCP 47; RFC 9110 §12.5.4.

use model::Told;
use regulation::Label;

/// A language of pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// English.
    English,
    /// Traditional Chinese as written in Taiwan.
    Chinese,
}

impl Language {
    /// By the cookie, the browser's wishes, or Chinese.
    #[must_use]
    pub fn negotiated(cookie: Option<&str>, wishes: Option<&str>) -> Self {
        cookie.and_then(Self::from_word).or_else(|| wished(wishes?)).unwrap_or(Self::Chinese)
    }

    /// By its word in forms and cookies.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "zh" => Some(Self::Chinese),
            "en" => Some(Self::English),
            _ => None,
        }
    }

    /// Its word in forms and cookies.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Chinese => "zh",
            Self::English => "en",
        }
    }

    /// Its tag in HTML.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Chinese => "zh-Hant-TW",
            Self::English => "en",
        }
    }

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Chinese => Self::English,
            Self::English => Self::Chinese,
        }
    }

    /// One of two texts.
    #[must_use]
    pub const fn of<'t>(self, zh: &'t str, en: &'t str) -> &'t str {
        match self {
            Self::Chinese => zh,
            Self::English => en,
        }
    }

    /// A message.
    #[must_use]
    pub fn told(self, told: &Told) -> &str {
        self.of(&told.zh, &told.en)
    }

    /// A label of a pack.
    #[must_use]
    pub fn label(self, label: &Label) -> &str {
        self.of(label.zh(), label.en())
    }
}

/// The language liked best among those there are; none where none is liked.
fn wished(wishes: &str) -> Option<Language> {
    let mut best: Option<(u32, Language)> = None;
    for wish in wishes.split(',').take(20) {
        let mut parts = wish.split(';').map(str::trim);
        let tag = parts.next().unwrap_or_default().to_ascii_lowercase();
        let language = match tag.split('-').next() {
            Some("zh") => Language::Chinese,
            Some("en") => Language::English,
            _ => continue,
        };
        let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(1_000, thousandths);
        if weight > 0 && best.is_none_or(|(most, _)| weight > most) {
            best = Some((weight, language));
        }
    }
    best.map(|(_, language)| language)
}

/// `0.8` as 800.
fn thousandths(text: &str) -> u32 {
    let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let part: String = part.chars().chain("000".chars()).take(3).collect();
    let of = |text: &str| text.parse::<u32>().unwrap_or(0).min(1_000);
    (of(whole) * 1_000 + of(&part)).min(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_comes_before_wishes_and_chinese_before_nothing() {
        use Language::{Chinese, English};
        for (cookie, wishes, expected) in [
            (None, None, Chinese),
            (Some("en"), Some("zh-TW"), English),
            (Some("fr"), Some("en-GB,en;q=0.9"), English),
            (None, Some("fr-FR, en;q=0.3, zh-TW;q=0.7"), Chinese),
            (None, Some("fr, en;q=0.9"), English),
            (None, Some("zh;q=0, en;q=0.1"), English),
            (None, Some("de"), Chinese),
        ] {
            assert_eq!(Language::negotiated(cookie, wishes), expected, "{cookie:?} {wishes:?}");
        }
    }
}
