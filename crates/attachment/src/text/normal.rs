//! Text in one form.
//!
//! Invariants: white space is one space, or one line feed where there was a line's end in it; none stands at either
//! end; no control character and none that is not seen is left; at most so many bytes are kept, in whole characters.
//! Does not: fold widths or forms of characters (no NFKC): they stay as their author wrote them.

use super::Extracted;

/// What the end of a line means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrapped {
    /// A line is a line.
    Nothing,
    /// Lines are broken where the page ends, in the middle of a word where the writing knows no spaces: between two
    /// Chinese characters one line's end goes, so that a word that was cut is found.
    Lines,
}

/// White space that is still to be written, once something follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pending {
    Nothing,
    Space,
    /// So many lines' ends.
    Lines(u32),
}

/// Text under way.
pub(super) struct Normal {
    text: String,
    limit: usize,
    wrapped: Wrapped,
    pending: Pending,
    last: char,
    after_return: bool,
    truncated: bool,
}

impl Normal {
    /// Keeps at most `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self::joining(limit, Wrapped::Nothing)
    }

    /// The same, for text whose lines may be wrapped.
    pub(super) fn joining(limit: usize, wrapped: Wrapped) -> Self {
        let pending = Pending::Nothing;
        Self {
            text: String::new(),
            limit,
            wrapped,
            pending,
            last: '\0',
            after_return: false,
            truncated: false,
        }
    }

    /// Takes text.
    pub(super) fn push(&mut self, text: &str) {
        for c in text.chars() {
            if self.truncated {
                return;
            }
            self.character(c);
        }
    }

    /// Takes a space.
    pub(super) fn space(&mut self) {
        self.character(' ');
    }

    /// Takes a line's end.
    pub(super) fn line(&mut self) {
        self.character('\n');
    }

    /// Whether no more is kept.
    pub(super) const fn is_full(&self) -> bool {
        self.truncated
    }

    /// Notes that there was more than was pushed.
    pub(super) const fn cut_if(&mut self, cut: bool) {
        self.truncated |= cut;
    }

    pub(super) fn finish(self) -> Extracted {
        Extracted { text: self.text, truncated: self.truncated }
    }

    fn character(&mut self, c: char) {
        let after_return = std::mem::replace(&mut self.after_return, c == '\r');
        match c {
            // CR LF is one line's end.
            '\n' if after_return => {}
            '\n' | '\r' | '\u{0B}' | '\u{0C}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                let before = if let Pending::Lines(lines) = self.pending { lines } else { 0 };
                self.pending = Pending::Lines(before.saturating_add(1));
            }
            c if c.is_whitespace() => {
                if self.pending == Pending::Nothing {
                    self.pending = Pending::Space;
                }
            }
            c if c.is_control() || is_unseen(c) => {}
            c => self.seen(c),
        }
    }

    fn seen(&mut self, c: char) {
        let pending = std::mem::replace(&mut self.pending, Pending::Nothing);
        let white = match pending {
            _ if self.text.is_empty() => "",
            Pending::Nothing => "",
            Pending::Space => " ",
            Pending::Lines(1) if self.wrapped == Wrapped::Lines && is_chinese(self.last) && is_chinese(c) => {
                ""
            }
            Pending::Lines(_) => "\n",
        };
        if self.text.len() + white.len() + c.len_utf8() > self.limit {
            self.truncated = true;
            return;
        }
        self.text.push_str(white);
        self.text.push(c);
        self.last = c;
    }
}

/// What takes no room of its own and would only hinder search: soft hyphens, marks of direction, byte order marks,
/// joiners.
const fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}'
    )
}

/// Characters of writing without spaces between words, as far as Chinese goes.
const fn is_chinese(c: char) -> bool {
    matches!(
        c,
        '\u{2E80}'..='\u{2FDF}'
            | '\u{3005}'..='\u{3007}'
            | '\u{3400}'..='\u{4DBF}'
            | '\u{4E00}'..='\u{9FFF}'
            | '\u{F900}'..='\u{FAFF}'
            | '\u{20000}'..='\u{3FFFF}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(wrapped: Wrapped, text: &str, expected: &str) {
        let mut normal = Normal::joining(1000, wrapped);
        normal.push(text);
        assert_eq!(normal.finish(), Extracted { text: expected.to_owned(), truncated: false });
    }

    #[test]
    fn white_space_collapses_and_chinese_stays() {
        let plain = |text, expected| check(Wrapped::Nothing, text, expected);
        plain("  資訊　安全 \t 管理\r\n\r\n規範  \n", "資訊 安全 管理\n規範");
        plain("a \n b\n \nc", "a\nb\nc");
        plain("", "");
        plain(" \n\u{C}", "");
        plain("A\u{200B}B\u{AD}C\0D", "ABCD");
        plain("Ａ１㈱", "Ａ１㈱");
    }

    #[test]
    fn a_word_that_a_page_has_broken_is_joined() {
        let page = |text, expected| check(Wrapped::Lines, text, expected);
        page("資訊安\n全管理", "資訊安全管理");
        page("資訊安 \n 全管理", "資訊安全管理");
        page("標題\n\n內文", "標題\n內文");
        page("one\ntwo\n三\n(四)", "one\ntwo\n三\n(四)");
    }

    #[test]
    fn what_is_too_long_is_cut_at_a_character() {
        let cases = [(0, "", true), (2, "", true), (3, "資", true), (4, "資", true), (5, "資 a", true)];
        for (limit, text, truncated) in cases.into_iter().chain([(6, "資 ab", false)]) {
            let mut normal = Normal::new(limit);
            normal.push("資  ab ");
            assert_eq!(normal.finish(), Extracted { text: text.to_owned(), truncated });
        }
    }
}
