//! Texts that may stand anywhere: in a header, on a terminal, in a line of a file.

use serde::{Serialize, Serializer};
use std::fmt;

/// A text of one line without anything that a terminal obeys, that hides or turns around what stands beside it, or that
/// ends a header. At most [`Plain::MOST`] characters; what is longer ends in `…`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Plain(Box<str>);

impl Plain {
    /// Most characters.
    pub const MOST: usize = 300;

    /// What is left of a text. Line ends and tabs are spaces, what else would be obeyed is `�`.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self::of_at_most(text, Self::MOST)
    }

    /// The same with fewer characters.
    #[must_use]
    pub(crate) fn of_at_most(text: &str, most: usize) -> Self {
        let mut characters = text.trim().chars().map(shown);
        let mut plain: String = characters.by_ref().take(most).collect();
        if characters.next().is_some() {
            plain.pop();
            plain.push('…');
        }
        Self(plain.into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As many bytes of it as fit, whole characters.
    pub(crate) fn bytes(&self, most: usize) -> &[u8] {
        self.0.get(..self.0.floor_char_boundary(most)).unwrap_or_default().as_bytes()
    }
}

impl fmt::Display for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for Plain {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl Serialize for Plain {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

fn shown(character: char) -> char {
    match character {
        '\t' | '\n' | '\u{b}' | '\u{c}' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => ' ',
        other if other.is_control() || is_format(other) => '\u{fffd}',
        other => other,
    }
}

/// Signs that are not seen: marks and overrides of direction, joiners, tags (Unicode, general category Cf).
const fn is_format(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{600}'..='\u{605}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_it_is_obeyed_by_anybody() {
        for (text, plain) in [
            ("機房 A", "機房 A"),
            ("a\r\nBcc: x@example.org", "a  Bcc: x@example.org"),
            ("\u{1b}]0;title\u{7}\u{9b}31m", "\u{fffd}]0;title\u{fffd}\u{fffd}31m"),
            ("gnp\u{202e}exe\u{2066}", "gnp\u{fffd}exe\u{fffd}"),
            ("\u{200b}a\u{2028}b\u{85}c\u{feff}", "\u{fffd}a b c\u{fffd}"),
            ("\n\t  ", ""),
            ("\u{7f}\0", "\u{fffd}\u{fffd}"),
        ] {
            assert_eq!(Plain::new(text).as_str(), plain, "{text:?}");
        }
    }

    #[test]
    fn a_long_text_is_cut_where_a_character_ends() {
        let long = Plain::new(&"長".repeat(Plain::MOST + 1));
        assert_eq!(long.as_str().chars().count(), Plain::MOST);
        assert!(long.as_str().ends_with("長…"));
        assert_eq!(Plain::new(&"長".repeat(Plain::MOST)).as_str().chars().last(), Some('長'));
        assert_eq!(Plain::new("長城").bytes(5), "長".as_bytes());
        assert_eq!(Plain::new("長城").bytes(6), "長城".as_bytes());
    }
}
