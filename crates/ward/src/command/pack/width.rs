//! Texts in columns of a terminal, where a Chinese character takes two.
//!
//! Invariant: nothing that is shown of a pack moves the cursor or changes colours.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Columns a text takes.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// Columns a character takes.
pub(crate) fn width_of(character: char) -> usize {
    character.width().unwrap_or(0)
}

/// The text filled up with spaces.
pub(crate) fn padded(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// The text with spaces before it.
pub(crate) fn to_the_right(text: &str, columns: usize) -> String {
    format!("{}{text}", " ".repeat(columns.saturating_sub(width(text))))
}

/// The text without what a terminal would obey: tabs are spaces, other control characters are `�`.
pub(crate) fn harmless(text: &str) -> String {
    let shown = |character: char| match character {
        '\t' => ' ',
        other if other.is_control() || matches!(other, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') => {
            '�'
        }
        other => other,
    };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chinese_character_takes_two_columns() {
        assert_eq!((width("機房 a"), width_of('機'), width_of('a')), (6, 2, 1));
        assert_eq!(padded("機房", 6), "機房  ");
        assert_eq!(to_the_right("12", 4), "  12");
        assert_eq!(padded("機房", 2), "機房");
    }

    #[test]
    fn nothing_shown_reaches_into_the_terminal() {
        assert_eq!(harmless("a\u{1b}[31m\tb\u{202e}"), "a�[31m b�");
    }
}
