//! Canonical JSON: one value, one spelling.
//!
//! Owns: the check that refuses every other spelling, the writer, the scanner on which `entry` builds.
//! Invariant: what [`check`] accepts is exactly what [`to_canonical`] writes; a property test holds the two
//! together and both against a second implementation of RFC 8785.
//! Never: repairs, goes deeper than [`DEPTH_LIMIT`], allocates while checking (but to compare escaped names).
//! Source: RFC 8785, narrowed by `docs/format.md` §1.

use serde::Serialize;
use serde_json::Value;
use std::borrow::Cow;
use std::cmp::Ordering;

/// How deep arrays and objects may nest; a scalar is 0 deep, `[]` is 1.
pub const DEPTH_LIMIT: usize = 32;

/// The greatest integer, 2⁵³−1; the least is its negative.
pub const INTEGER_LIMIT: u64 = 9_007_199_254_740_991;

/// Where and why a text is not canonical JSON, or a value has no canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("byte {at}: {kind}")]
pub struct JsonError {
    /// The byte, from 0; when writing, how many bytes had been written.
    pub at: usize,
    /// What is wrong there.
    pub kind: JsonErrorKind,
}

/// What is wrong with a spelling or a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonErrorKind {
    /// A character below U+0020 stands unescaped in a string.
    #[error("a control character in a string must be escaped")]
    Control,
    /// Arrays and objects nest deeper than [`DEPTH_LIMIT`].
    #[error("nested deeper than {DEPTH_LIMIT}")]
    Depth,
    /// The text ends inside a value.
    #[error("the text ends inside a value")]
    End,
    /// An escape that is unknown, not the shortest, or not needed.
    #[error("this character has another spelling in canonical form")]
    Escape,
    /// A number with a fraction or an exponent.
    #[error("not an integer: fractions and exponents are spelled as strings")]
    Fraction,
    /// A member name that does not come after the one before it, by UTF-16 code units.
    #[error("members are out of order or named twice")]
    Order,
    /// An integer beyond ±(2⁵³−1).
    #[error("an integer beyond 2^53-1 is spelled as a string")]
    Range,
    /// More text after the value.
    #[error("the value has ended; nothing may follow")]
    Trailing,
    /// A byte that cannot stand here; white space is such a byte.
    #[error("unexpected byte {0:#04x}")]
    Unexpected(u8),
    /// The type's own serialisation failed.
    #[error("the type has no JSON form")]
    Unserializable,
    /// Not UTF-8.
    #[error("not UTF-8")]
    Utf8,
    /// `-0`, or a zero before another digit.
    #[error("a superfluous zero or sign")]
    Zero,
}

/// Refuses whatever is not the canonical spelling of one JSON value.
///
/// # Errors
/// The first place where the text departs from the canonical form.
pub fn check(text: &[u8]) -> Result<(), JsonError> {
    let mut scanner = Scanner::new(text)?;
    scanner.value(0)?;
    scanner.end()
}

/// The canonical spelling of `value`.
///
/// # Errors
/// `Fraction`, `Range`, `Depth`: the value has no canonical form.
pub fn to_canonical(value: &Value) -> Result<Vec<u8>, JsonError> {
    let mut out = Vec::with_capacity(256);
    write_value(&mut out, value, 0)?;
    Ok(out)
}

/// The canonical spelling of anything serialisable. A float is refused; one that is not a number or infinite
/// comes out as `null`, since serialisation knows no other word for it, so keep floats out of such types.
///
/// # Errors
/// As [`to_canonical`], and `Unserializable`.
pub fn canonical<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, JsonError> {
    let unserializable = |_| JsonError { at: 0, kind: JsonErrorKind::Unserializable };
    let text = serde_json::to_vec(value).map_err(unserializable)?;
    // Most types declare their members in canonical order: nothing is to be sorted then.
    if check(&text).is_ok() {
        return Ok(text);
    }
    let value = serde_json::to_value(value).map_err(unserializable)?;
    to_canonical(&value)
}

/// Writes `text` as a canonical JSON string.
pub(crate) fn write_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    loop {
        let (plain, behind) = rest.split_at(plain_run(rest));
        out.extend_from_slice(plain);
        let Some((byte, behind)) = behind.split_first() else { break };
        write_escape(out, *byte);
        rest = behind;
    }
    out.push(b'"');
}

/// Writes what stands for `byte`, one that cannot stand for itself.
fn write_escape(out: &mut Vec<u8>, byte: u8) {
    let short = match byte {
        0x08 => b'b',
        b'\t' => b't',
        b'\n' => b'n',
        0x0c => b'f',
        b'\r' => b'r',
        0..0x20 => {
            let low = byte & 0x0f;
            let digit = if low < 10 { b'0' + low } else { b'a' + low - 10 };
            out.extend_from_slice(&[b'\\', b'u', b'0', b'0', b'0' + (byte >> 4), digit]);
            return;
        }
        quote_or_backslash => quote_or_backslash,
    };
    out.extend_from_slice(&[b'\\', short]);
}

fn write_value(out: &mut Vec<u8>, value: &Value, depth: usize) -> Result<(), JsonError> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => write_number(out, number)?,
        Value::String(text) => write_string(out, text),
        Value::Array(items) => {
            deeper(out.len(), depth)?;
            out.push(b'[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                write_value(out, item, depth + 1)?;
            }
            out.push(b']');
        }
        Value::Object(members) => {
            deeper(out.len(), depth)?;
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by(|left, right| utf16_order(left.0, right.0));
            out.push(b'{');
            for (place, (name, member)) in members.into_iter().enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                write_string(out, name);
                out.push(b':');
                write_value(out, member, depth + 1)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}

fn write_number(out: &mut Vec<u8>, number: &serde_json::Number) -> Result<(), JsonError> {
    let refused = |kind| JsonError { at: out.len(), kind };
    let size = match (number.as_i64(), number.as_u64()) {
        (Some(value), _) => value.unsigned_abs(),
        (None, Some(value)) => value,
        (None, None) => return Err(refused(JsonErrorKind::Fraction)),
    };
    if size > INTEGER_LIMIT {
        return Err(refused(JsonErrorKind::Range));
    }
    out.extend_from_slice(number.to_string().as_bytes());
    Ok(())
}

fn deeper(at: usize, depth: usize) -> Result<(), JsonError> {
    if depth < DEPTH_LIMIT { Ok(()) } else { Err(JsonError { at, kind: JsonErrorKind::Depth }) }
}

/// Order by UTF-16 code units. It differs from that of the UTF-8 bytes in one case only: characters beyond
/// U+FFFF (first byte 0xF0 and up) are surrogates in UTF-16 and come before U+E000 to U+FFFF (0xEE, 0xEF).
#[inline]
fn utf16_order(left: &str, right: &str) -> Ordering {
    let length = left.len().min(right.len());
    for (left, right) in left.bytes().zip(right.bytes()).take(length) {
        if left != right {
            let beyond =
                if left.min(right) >= 0xee { (left < 0xf0).cmp(&(right < 0xf0)) } else { Ordering::Equal };
            return beyond.then(left.cmp(&right));
        }
    }
    left.len().cmp(&right.len())
}

/// A string as it stands in the text, between its quotes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text<'a> {
    raw: &'a str,
    escaped: bool,
}

impl<'a> Text<'a> {
    /// The text, if it needs no escape.
    pub(crate) fn plain(self) -> Option<&'a str> {
        (!self.escaped).then_some(self.raw)
    }

    /// The text that is meant. Escapes are those that the scanner let through.
    pub(crate) fn meant(self) -> Cow<'a, str> {
        if !self.escaped {
            return Cow::Borrowed(self.raw);
        }
        let mut text = String::with_capacity(self.raw.len());
        let mut rest = self.raw.chars();
        while let Some(character) = rest.next() {
            text.push(if character == '\\' { unescape(&mut rest) } else { character });
        }
        Cow::Owned(text)
    }
}

fn unescape(rest: &mut std::str::Chars<'_>) -> char {
    match rest.next() {
        Some('b') => '\u{8}',
        Some('t') => '\t',
        Some('n') => '\n',
        Some('f') => '\u{c}',
        Some('r') => '\r',
        Some('u') => {
            let code = rest
                .by_ref()
                .take(4)
                .filter_map(|digit| digit.to_digit(16))
                .fold(0, |sum, digit| sum * 16 + digit);
            char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
        }
        Some(other) => other,
        None => '\\',
    }
}

/// Walks a text from front to back and refuses the first departure from the canonical form.
#[derive(Debug)]
pub(crate) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    /// At the front of `bytes`, which must be UTF-8.
    pub(crate) fn new(bytes: &'a [u8]) -> Result<Self, JsonError> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Self { text, at: 0 }),
            Err(error) => Err(JsonError { at: error.valid_up_to(), kind: JsonErrorKind::Utf8 }),
        }
    }

    /// The place of the next byte.
    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    /// The text from `from` to here.
    #[inline]
    pub(crate) fn since(&self, from: usize) -> &'a str {
        self.text.get(from..self.at).unwrap_or_default()
    }

    /// The next byte, if there is one.
    #[inline]
    pub(crate) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Nothing may follow.
    pub(crate) fn end(&self) -> Result<(), JsonError> {
        if self.at == self.text.len() { Ok(()) } else { Err(self.refuse(JsonErrorKind::Trailing)) }
    }

    /// One value inside `depth` others; its spelling.
    pub(crate) fn value(&mut self, depth: usize) -> Result<&'a str, JsonError> {
        let from = self.at;
        match self.peek() {
            Some(b'"') => self.string().map(drop)?,
            Some(b'{') => self.object(depth, |scanner, _| scanner.value(depth + 1).map(drop))?,
            Some(b'[') => self.array(depth)?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true")?,
            Some(b'f') => self.word("false")?,
            Some(b'n') => self.word("null")?,
            _ => return Err(self.unexpected()),
        }
        Ok(self.since(from))
    }

    /// An object inside `depth` others; `member` is called behind each name and must walk over its value.
    pub(crate) fn object<E: From<JsonError>>(
        &mut self,
        depth: usize,
        mut member: impl FnMut(&mut Self, Text<'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.expect(b'{')?;
        deeper(self.at - 1, depth)?;
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        let mut last: Option<Text<'a>> = None;
        loop {
            let from = self.at;
            let name = self.string()?;
            if last.is_some_and(|last| name_order(last, name) != Ordering::Less) {
                return Err(JsonError { at: from, kind: JsonErrorKind::Order }.into());
            }
            last = Some(name);
            self.expect(b':')?;
            member(self, name)?;
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.unexpected().into()),
            }
        }
    }

    /// A string.
    #[inline]
    pub(crate) fn string(&mut self) -> Result<Text<'a>, JsonError> {
        self.expect(b'"')?;
        let from = self.at;
        self.at += plain_run(self.rest());
        let mut escaped = false;
        while self.peek() != Some(b'"') {
            escaped = true;
            self.escape()?;
            self.at += plain_run(self.rest());
        }
        let raw = self.since(from);
        self.at += 1;
        Ok(Text { raw, escaped })
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn array(&mut self, depth: usize) -> Result<(), JsonError> {
        self.expect(b'[')?;
        deeper(self.at - 1, depth)?;
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.value(depth + 1)?;
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.unexpected()),
            }
        }
    }

    fn number(&mut self) -> Result<(), JsonError> {
        let from = self.at;
        let negative = self.peek() == Some(b'-');
        self.at += usize::from(negative);
        let first = self.at;
        let mut size: u64 = 0;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            size = size.saturating_mul(10).saturating_add(u64::from(digit - b'0'));
            self.at += 1;
        }
        let digits = self.at - first;
        let refused = |kind| Err(JsonError { at: from, kind });
        if digits == 0 {
            return Err(self.unexpected());
        }
        if matches!(self.peek(), Some(b'.' | b'e' | b'E')) {
            return refused(JsonErrorKind::Fraction);
        }
        let leading_zero = digits > 1 && self.text.as_bytes().get(first) == Some(&b'0');
        if leading_zero || (negative && size == 0) {
            return refused(JsonErrorKind::Zero);
        }
        if size > INTEGER_LIMIT {
            return refused(JsonErrorKind::Range);
        }
        Ok(())
    }

    fn word(&mut self, word: &str) -> Result<(), JsonError> {
        for byte in word.bytes() {
            self.expect(byte)?;
        }
        Ok(())
    }

    /// Where a run of plain characters ends without a quote: lets through what must be escaped, in its one
    /// spelling.
    #[cold]
    fn escape(&mut self) -> Result<(), JsonError> {
        let length = match self.rest() {
            [] => return Err(self.refuse(JsonErrorKind::End)),
            [0..0x20, ..] => return Err(self.refuse(JsonErrorKind::Control)),
            [_, b'"' | b'\\' | b'b' | b't' | b'n' | b'f' | b'r', ..] => 2,
            [_, b'u', b'0', b'0', b'0', b'0'..=b'7' | b'b' | b'e' | b'f', ..] => 6,
            [_, b'u', b'0', b'0', b'1', b'0'..=b'9' | b'a'..=b'f', ..] => 6,
            _ => return Err(self.refuse(JsonErrorKind::Escape)),
        };
        self.at += length;
        Ok(())
    }

    #[inline]
    fn expect(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.peek() != Some(byte) {
            return Err(self.unexpected());
        }
        self.at += 1;
        Ok(())
    }

    #[cold]
    fn unexpected(&self) -> JsonError {
        self.refuse(self.peek().map_or(JsonErrorKind::End, JsonErrorKind::Unexpected))
    }

    #[cold]
    fn refuse(&self, kind: JsonErrorKind) -> JsonError {
        JsonError { at: self.at, kind }
    }
}

fn name_order(left: Text<'_>, right: Text<'_>) -> Ordering {
    match (left.plain(), right.plain()) {
        (Some(left), Some(right)) => utf16_order(left, right),
        _ => utf16_order(&left.meant(), &right.meant()),
    }
}

/// How many bytes at the front stand for themselves in a string: neither quote, backslash nor control
/// character. Eight at a time; the arithmetic marks the high bit of each byte that stops the run, and may
/// mark more only behind the first.
#[inline]
fn plain_run(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = ONES * 0x80;
    let mut run = 0;
    let mut rest = bytes;
    while let Some((chunk, behind)) = rest.split_first_chunk::<8>() {
        let word = u64::from_le_bytes(*chunk);
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        let quote = word ^ (ONES * 0x22);
        let quote = quote.wrapping_sub(ONES) & !quote;
        let backslash = word ^ (ONES * 0x5c);
        let backslash = backslash.wrapping_sub(ONES) & !backslash;
        let stops = (control | quote | backslash) & HIGH;
        if stops != 0 {
            return run + (stops.trailing_zeros() / 8) as usize;
        }
        run += 8;
        rest = behind;
    }
    run + rest.iter().position(|byte| matches!(byte, 0..0x20 | b'"' | b'\\')).unwrap_or(rest.len())
}
