//! Pairs of names and values, comma-separated values, JSON: the three ways in which most devices write.
//!
//! Each walks a part of a line once and gives places in the line. Nothing is unescaped.

use crate::field::{Field, Span};
use crate::names::Names;
use crate::scan::{behind_all, next, next_either, sixteen, until};
use memchr::memchr;

/// A name and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) name: Span,
    pub(crate) place: Span,
}

/// Pairs `name=value`; a value in quotes may hold what stands between pairs, and quotes.
///
/// `SIGN` stands between name and value, `BETWEEN` between pairs, beside blanks in front of names.
pub(crate) struct Pairs<'l, const SIGN: u8, const BETWEEN: u8> {
    /// The line up to the end of the part.
    line: &'l [u8],
    at: usize,
    /// A quote was found behind which no value can end, and none up to the end of the part: so each first one ends its
    /// value, lest every value look through the whole part in vain.
    loose: bool,
}

impl<'l, const SIGN: u8, const BETWEEN: u8> Pairs<'l, SIGN, BETWEEN> {
    pub(crate) fn of(line: &'l [u8], part: Span) -> Self {
        Self { line: line.get(..part.end()).unwrap_or(line), at: part.start(), loose: false }
    }

    /// Where a value ends that begins behind its quote: at the first quote behind which a value can end. Devices write
    /// quotes within values as they come. One behind a backslash ends a value only where no other does, as that of
    /// `path="C:\"`: else whoever chooses a value could make a name of his own behind it.
    #[inline]
    fn closing(&mut self, from: usize) -> usize {
        let quote = next(self.line, from, b'"');
        let plain = quote > from && self.line.get(quote - 1) != Some(&b'\\');
        if plain && self.line.get(quote + 1) == Some(&BETWEEN) {
            quote
        } else {
            self.closing_in_doubt(from, quote)
        }
    }

    /// The same, where `quote` is the first quote and may not be the end.
    fn closing_in_doubt(&mut self, from: usize, quote: usize) -> usize {
        let (mut quote, mut first) = (quote, None);
        loop {
            if quote == self.line.len() {
                self.loose = true;
                return first.unwrap_or(quote);
            }
            let ends = self.line.get(quote + 1).is_none_or(|byte| {
                *byte == BETWEEN || matches!(byte, b' ' | b',' | b';' | b']' | b')' | b'\r')
            });
            let escaped = escaped(self.line, from, quote);
            if !escaped && (ends || self.loose) {
                return quote;
            }
            if first.is_none() && (!escaped || (ends && self.goes_on(quote + 1))) {
                first = Some(quote);
            }
            quote = next(self.line, quote + 1, b'"');
        }
    }

    /// Does the part end here, or does the next pair begin?
    fn goes_on(&self, at: usize) -> bool {
        let end = self.line.len();
        let from = behind_all(self.line, at, end.min(at + 2), |byte| {
            byte == BETWEEN || matches!(byte, b' ' | b',' | b';')
        });
        let to = behind_all(self.line, from, end.min(from + 64), |byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
        });
        from >= end || (from > at && to > from && self.line.get(to) == Some(&SIGN))
    }
}

/// Names of the pairs of a line, each with its sign and what it stands for: a device mostly writes the same ones again, in
/// the same order. Where the bytes at a place are those of a name and its sign, that name stands there, whatever was read
/// before; so what is read follows from the line alone, and a trail of other lines only makes it slower.
#[derive(Debug, Default)]
pub(crate) struct Trail(Vec<Step>);

/// A name with its sign, at most sixteen bytes.
#[derive(Debug, Clone, Copy)]
struct Step {
    bytes: u128,
    mask: u128,
    sign: usize,
    field: Option<Field>,
}

/// What no bytes are like.
const NOWHERE: Step = Step { bytes: 1, mask: 0, sign: 0, field: None };

impl Step {
    fn of(line: &[u8], name: Span, field: Option<Field>) -> Self {
        let (sign, mut bytes) = (name.length(), [0; 16]);
        match (line.get(name.start()..=name.end()), bytes.get_mut(..=sign)) {
            (Some(text), Some(front)) => front.copy_from_slice(text),
            _ => return NOWHERE,
        }
        Self { bytes: u128::from_le_bytes(bytes), mask: u128::MAX >> (120 - 8 * sign), sign, field }
    }
}

impl Trail {
    #[cold]
    fn learn(&mut self, nth: usize, step: Step) {
        match self.0.get_mut(nth) {
            Some(known) => *known = step,
            None if nth < LONGEST_TRAIL => self.0.push(step),
            None => {}
        }
    }
}

impl<const SIGN: u8, const BETWEEN: u8> Pairs<'_, SIGN, BETWEEN> {
    /// Each pair, with what its name stands for. Of one trail the names and both signs are to be the same each time.
    #[inline(always)]
    pub(crate) fn along(
        mut self,
        trail: &mut Trail,
        names: &Names,
        mut put: impl FnMut(Pair, Option<Field>),
    ) {
        for nth in 0.. {
            let step = trail.0.get(nth).copied().unwrap_or(NOWHERE);
            self.pass();
            let there = sixteen(self.line, self.at).is_some_and(|bytes| bytes & step.mask == step.bytes);
            let (pair, field) = if there {
                (self.value(Span::of(self.at, self.at + step.sign)), step.field)
            } else {
                let Some(pair) = self.next() else { break };
                let field = names.find(self.line, pair.name);
                trail.learn(nth, Step::of(self.line, pair.name, field));
                (pair, field)
            };
            put(pair, field);
        }
    }

    /// Passes over what stands in front of a name.
    #[inline(always)]
    fn pass(&mut self) {
        while self.line.get(self.at).is_some_and(|byte| *byte == BETWEEN || *byte == b' ') {
            self.at += 1;
        }
    }

    /// The value behind a name.
    #[inline(always)]
    fn value(&mut self, name: Span) -> Pair {
        let from = name.end() + 1;
        let place = if self.line.get(from) == Some(&b'"') {
            let close = self.closing(from + 1);
            self.at = close + 1;
            Span::of(from + 1, close)
        } else {
            self.at = next(self.line, from, BETWEEN);
            Span::of(from, self.at)
        };
        Pair { name, place }
    }
}

/// Names of a trail, at most.
const LONGEST_TRAIL: usize = 128;

impl<const SIGN: u8, const BETWEEN: u8> Iterator for Pairs<'_, SIGN, BETWEEN> {
    type Item = Pair;

    #[inline(always)]
    fn next(&mut self) -> Option<Pair> {
        loop {
            self.pass();
            let from = self.at;
            let sign = next_either(self.line, from, SIGN, BETWEEN);
            if *self.line.get(sign)? != SIGN {
                // A word of its own is no pair.
                self.at = sign + 1;
                continue;
            }
            return Some(self.value(Span::of(from, sign)));
        }
    }
}

/// Do backslashes stand in front of the byte at `at` that escape it? None is looked for in front of `from`.
#[inline]
fn escaped(line: &[u8], from: usize, at: usize) -> bool {
    let before = line.get(from..at).unwrap_or_default();
    before.last() == Some(&b'\\') && escapes(before)
}

/// Whether the backslashes at the end of a text escape what follows.
fn escapes(text: &[u8]) -> bool {
    let count = text.iter().rev().take_while(|byte| **byte == b'\\').count();
    let before = text.get(..text.len() - count).unwrap_or_default();
    (count - usize::from(ends_in_half(before))) % 2 == 1
}

/// Does a text end with the first half of a character of Big5? The second halves of some (許, 功, 蓋) are backslashes.
/// What is UTF-8 is not Big5.
fn ends_in_half(text: &[u8]) -> bool {
    if text.last().is_none_or(|byte| *byte < 0x81) {
        return false;
    }
    // Enough to tell, and no more, so that many quotes do not look through a long value again and again.
    let tail = text.get(text.len().saturating_sub(256)..).unwrap_or_default();
    let cut = if tail.len() < text.len() {
        tail.iter().take(3).take_while(|byte| (0x80..0xc0).contains(*byte)).count()
    } else {
        0
    };
    tail.get(cut..).is_some_and(|tail| std::str::from_utf8(tail).is_err())
}

/// Values between commas; one in quotes may hold commas, and quotes written twice.
pub(crate) struct Values<'l> {
    line: &'l [u8],
    at: Option<usize>,
    end: usize,
}

impl<'l> Values<'l> {
    pub(crate) const fn new(line: &'l [u8], part: Span) -> Self {
        Self { line, at: Some(part.start()), end: part.end() }
    }
}

impl Iterator for Values<'_> {
    type Item = Span;

    #[inline]
    fn next(&mut self) -> Option<Span> {
        let from = self.at?;
        if from < self.end && self.line.get(from) == Some(&b'"') {
            let mut at = from + 1;
            while let Some(found) = self.line.get(at..self.end).and_then(|rest| memchr(b'"', rest)) {
                let close = at + found;
                if close + 1 < self.end && self.line.get(close + 1) == Some(&b'"') {
                    at = close + 2;
                    continue;
                }
                let comma = until(self.line, close + 1, self.end, b',');
                self.at = (comma < self.end).then_some(comma + 1);
                return Some(Span::of(from + 1, close));
            }
        }
        let comma = until(self.line, from, self.end, b',');
        self.at = (comma < self.end).then_some(comma + 1);
        Some(Span::of(from, comma))
    }
}

/// How deep JSON is followed; what lies deeper is one value.
const DEEP: usize = 5;

/// Members of a JSON object, those of objects within it included: its path of names, joined by dots, into `path`; then
/// its own name and its value's place, texts without their quotes. A list is one value, and `null` is none. False where
/// the part is no object, or is broken; what was read before stays read.
pub(crate) fn members(
    line: &[u8],
    part: Span,
    path: &mut Vec<u8>,
    visit: &mut impl FnMut(&[u8], Pair),
) -> bool {
    path.clear();
    let mut walk = Walk { line, at: part.start(), end: part.end() };
    walk.object(1, path, visit).is_some()
}

struct Walk<'l> {
    line: &'l [u8],
    at: usize,
    end: usize,
}

impl<'l> Walk<'l> {
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        self.at =
            behind_all(self.line, self.at, self.end, |byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
        self.line.get(self.at).copied().filter(|_| self.at < self.end)
    }

    #[inline]
    fn take(&mut self, wanted: u8) -> Option<()> {
        (self.peek()? == wanted).then(|| self.at += 1)
    }

    #[inline]
    fn text(&mut self) -> Option<Span> {
        self.take(b'"')?;
        let from = self.at;
        let mut at = from;
        loop {
            let quote = until(self.line, at, self.end, b'"');
            if quote >= self.end {
                return None;
            }
            if !escaped(self.line, from, quote) {
                self.at = quote + 1;
                return Some(Span::of(from, quote));
            }
            at = quote + 1;
        }
    }

    fn object(
        &mut self,
        depth: usize,
        path: &mut Vec<u8>,
        visit: &mut impl FnMut(&[u8], Pair),
    ) -> Option<()> {
        self.take(b'{')?;
        if self.take(b'}').is_some() {
            return Some(());
        }
        loop {
            let name = self.text()?;
            self.take(b':')?;
            let length = path.len();
            if length > 0 {
                path.push(b'.');
            }
            path.extend_from_slice(name.within(self.line));
            let value = self.value(depth, name, path, visit);
            path.truncate(length);
            value?;
            if self.take(b',').is_none() {
                return self.take(b'}');
            }
        }
    }

    fn value(
        &mut self,
        depth: usize,
        name: Span,
        path: &mut Vec<u8>,
        visit: &mut impl FnMut(&[u8], Pair),
    ) -> Option<()> {
        let place = match self.peek()? {
            b'"' => self.text()?,
            b'{' if depth < DEEP => return self.object(depth + 1, path, visit),
            b'{' | b'[' => {
                let from = self.at;
                self.over()?;
                Span::of(from, self.at)
            }
            _ => {
                let from = self.at;
                self.at = behind_all(self.line, from, self.end, |byte| {
                    !matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n')
                });
                Some(Span::of(from, self.at)).filter(|place| !place.is_empty())?
            }
        };
        if place.within(self.line) != b"null" {
            visit(path, Pair { name, place });
        }
        Some(())
    }

    /// Passes over a list or an object, brackets within texts minded.
    fn over(&mut self) -> Option<()> {
        let mut open = 0usize;
        loop {
            match self.peek()? {
                b'"' => drop(self.text()?),
                b'{' | b'[' => {
                    open += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    open = open.checked_sub(1)?;
                    self.at += 1;
                    if open == 0 {
                        return Some(());
                    }
                }
                _ => self.at += 1,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(line: &[u8], span: Span) -> String {
        String::from_utf8_lossy(span.within(line)).into_owned()
    }

    fn pairs(line: &str) -> Vec<(String, String)> {
        let line = line.as_bytes();
        Pairs::<b'=', b' '>::of(line, Span::of(0, line.len()))
            .map(|pair| (text(line, pair.name), text(line, pair.place)))
            .collect()
    }

    fn expected(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn pairs_are_read_with_quotes_and_without() {
        for (line, found) in [
            (r#"a=1 b="x y" word c="" e="#, &[("a", "1"), ("b", "x y"), ("c", ""), ("e", "")][..]),
            (r#"a="q\"r" b=2"#, &[("a", r#"q\"r"#), ("b", "2")]),
            (r#"a="he said \"go\" now" b=2"#, &[("a", r#"he said \"go\" now"#), ("b", "2")]),
            (r#"path="C:\Users\" b=2"#, &[("path", r"C:\Users\"), ("b", "2")]),
            (r#"path="C:\Users\""#, &[("path", r"C:\Users\")]),
            (r#"a="in"side" b=2"#, &[("a", r#"in"side"#), ("b", "2")]),
            (r#"a="no end"#, &[("a", "no end")]),
            (r#"a="x"b=1"#, &[("a", "x"), ("b", "1")]),
            ("a=b=c d=1", &[("a", "b=c"), ("d", "1")]),
            ("no pair here", &[]),
            ("  a=1   b=2  ", &[("a", "1"), ("b", "2")]),
            ("=", &[("", "")]),
        ] {
            assert_eq!(pairs(line), expected(found), "{line}");
        }
        // 許, 許功蓋 and a quote behind 許, in Big5; 王 and a quote in UTF-8.
        for (line, first) in [
            (b"a=\"\xb3\\\" b=\"x\"".as_slice(), b"\xb3\\".as_slice()),
            (b"a=\"\xb3\\\xa5\\\xbb\\\" b=\"x\"", b"\xb3\\\xa5\\\xbb\\"),
            (b"a=\"\xb3\\\\\" x\" b=\"x\"", b"\xb3\\\\\" x"),
            (b"a=\"\xe7\x8e\x8b\\\" x\" b=\"x\"", b"\xe7\x8e\x8b\\\" x"),
        ] {
            let found: Vec<Pair> = Pairs::<b'=', b' '>::of(line, Span::of(0, line.len())).collect();
            assert_eq!(found.len(), 2, "{line:?}");
            assert_eq!(found[0].place.within(line), first, "{line:?}");
        }
        let line = br#"a=x y, b="1,2", c=3"#;
        let found: Vec<_> = Pairs::<b'=', b','>::of(line, Span::of(0, line.len()))
            .map(|pair| (text(line, pair.name), text(line, pair.place)))
            .collect();
        assert_eq!(found, expected(&[("a", "x y"), ("b", "1,2"), ("c", "3")]));
    }

    proptest::proptest! {
        /// Whatever was read before: pairs, halves of pairs, names that begin alike, the same again.
        #[test]
        fn a_trail_changes_nothing_of_what_is_read(
            lines in proptest::collection::vec(
                proptest::collection::vec(
                    proptest::sample::select(vec![
                        "srcip=", "srcip", "src=", "s", "dstip=\"", "a_name_of_sixteen=", "a_name_of_fifteen=", "=", "\"",
                        "\\", " ", " ", "  ", "1.2.3.4", "x y", "x=y", "srcip=1.2.3.4 ", "dstip=\"5.6.7.8\" ", "dst", "port=9 ",
                    ]),
                    0..14,
                ),
                1..6,
            ),
        ) {
            const NAMES: Names =
                Names::of(&[("srcip", Field::SrcIp), ("dstip", Field::DstIp), ("port", Field::DstPort)]);
            let mut trail = Trail::default();
            for parts in lines.iter().chain(&lines) {
                let line = parts.concat().into_bytes();
                let whole = Span::of(0, line.len());
                let expected: Vec<_> = Pairs::<b'=', b' '>::of(&line, whole)
                    .map(|pair| (pair, NAMES.find(&line, pair.name)))
                    .collect();
                let mut found = Vec::new();
                Pairs::<b'=', b' '>::of(&line, whole)
                    .along(&mut trail, &NAMES, |pair, field| found.push((pair, field)));
                proptest::prop_assert_eq!(found, expected);
            }
        }
    }

    #[test]
    fn values_are_read_with_quotes_and_without() {
        for (line, found) in [
            (r#"1,,"a,b""c",x"#, &["1", "", r#"a,b""c"#, "x"][..]),
            (r#""a"#, &[r#""a"#]),
            ("", &[""]),
            ("a,", &["a", ""]),
        ] {
            let line = line.as_bytes();
            let values: Vec<String> =
                Values::new(line, Span::of(0, line.len())).map(|span| text(line, span)).collect();
            assert_eq!(values, found);
        }
    }

    #[test]
    fn members_of_json_are_read_with_their_path() {
        let line = br#"{"a": 1, "b":{"c":"x\"y\\","d":[1,{"e":"]"}]},"f":null,"g":true} behind"#;
        let mut found = Vec::new();
        let whole = members(line, Span::of(0, line.len()), &mut Vec::new(), &mut |path, pair| {
            found.push((String::from_utf8_lossy(path).into_owned(), text(line, pair.place)));
        });
        assert!(whole);
        let members = [("a", "1"), ("b.c", r#"x\"y\\"#), ("b.d", r#"[1,{"e":"]"}]"#), ("g", "true")];
        assert_eq!(found, expected(&members));
        for broken in
            ["", "{", r#"{"a"#, r#"{"a":"#, r#"{"a":1"#, r#"{"a":1,}"#, "[1]", r#"{"a":}"#, r#"{"a":[}"#]
        {
            let (line, part) = (broken.as_bytes(), Span::of(0, broken.len()));
            assert!(!super::members(line, part, &mut Vec::new(), &mut |_, _| {}), "{broken}");
        }
    }
}
