//! Which licences a dependency may have: SPDX expressions against a list.
//!
//! `OR` lets us choose, `AND` binds us to both, `WITH` belongs to the licence before it. A `/` is an old way to
//! write `OR`. What cannot be read is refused.
//! Source: SPDX specification 2.3, annex D.

/// Whether Ward may carry something under `expression`.
pub(crate) fn allowed(expression: &str) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words = Words { words: spaced.split_whitespace().collect(), next: 0 };
    words.any_of() == Some(true) && words.peek().is_none()
}

/// A reader of an expression; `None` means that it cannot be read.
struct Words<'a> {
    words: Vec<&'a str>,
    next: usize,
}

impl<'a> Words<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.words.get(self.next).copied()
    }

    fn take(&mut self) -> Option<&'a str> {
        let word = self.peek()?;
        self.next += 1;
        Some(word)
    }

    fn take_if(&mut self, wanted: &str) -> bool {
        let there = self.peek() == Some(wanted);
        self.next += usize::from(there);
        there
    }

    fn any_of(&mut self) -> Option<bool> {
        let mut good = self.all_of()?;
        while self.take_if("OR") {
            good |= self.all_of()?;
        }
        Some(good)
    }

    fn all_of(&mut self) -> Option<bool> {
        let mut good = self.one()?;
        while self.take_if("AND") {
            good &= self.one()?;
        }
        Some(good)
    }

    fn one(&mut self) -> Option<bool> {
        if self.take_if("(") {
            let good = self.any_of()?;
            return self.take_if(")").then_some(good);
        }
        let licence = self.take()?;
        if self.take_if("WITH") {
            return Some(ALLOWED.contains(&format!("{licence} WITH {}", self.take()?).as_str()));
        }
        Some(ALLOWED.contains(&licence))
    }
}

/// Licences that ask for no more than a notice, so that a city may run, change and pass on the product.
const ALLOWED: [&str; 13] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0", // the root certificates that ureq carries
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_asks_only_for_a_notice_is_allowed() {
        for good in [
            "MIT",
            "MIT OR Apache-2.0",
            "MIT/Apache-2.0",
            "GPL-3.0-only OR MIT",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "(Apache-2.0 OR MIT) AND BSD-3-Clause",
            "Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT",
            "Apache-2.0 AND ISC",
        ] {
            assert!(allowed(good), "{good}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in [
            "",
            "GPL-3.0-only",
            "MIT AND GPL-3.0-only",
            "(MIT OR Apache-2.0) AND LGPL-2.1-only",
            "GPL-2.0-only WITH Classpath-exception-2.0",
            "MIT OR",
            "(MIT",
            "MIT)",
            "MIT Apache-2.0",
            "mit",
            "MIT WITH",
        ] {
            assert!(!allowed(bad), "{bad}");
        }
    }
}
