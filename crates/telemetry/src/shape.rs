//! Shapes: a line taken apart into what changes from line to line and what stays, and put together again to the byte.
//!
//! A line's shape is its text with holes. What fills a hole is a field that has a column of its own, or the next value of
//! the numbered columns: whole numbers, times of the day, texts. So a line is kept once: by its fields, and by what is
//! left over.
//! Invariant: [`write()`] over what [`Pieces::take`] gave writes the very line: it was written and compared, or it differs
//! from one that was in values alone.
//! Source: the idea of log types and variables is that of CLP (Rodrigues, Luo, Yuan: OSDI 2021).

use crate::{column, leb};
use lines::{Field, Record, Span, Value};
use std::collections::HashMap;
use std::ops::Range;

/// Columns of whole numbers that shapes share.
pub const NUMBERS: usize = 20;
/// Columns of texts that shapes share.
pub const TEXTS: usize = 20;

/// In a shape, the byte before what a hole is; a line's own zero byte is written twice.
const MARK: u8 = 0;
/// A hole filled by a field: the field's number follows.
const FIELD: u8 = 1;
/// A hole filled by the next number, in decimal.
const NUMBER: u8 = 2;
/// A hole filled by the next number, as `hh:mm:ss`.
const CLOCK: u8 = 3;
/// A hole filled by the next text.
const TEXT: u8 = 4;
/// A hole filled by the next piece of what has no column.
const REST: u8 = 5;

/// What a line is made of beside its fields. Kept from line to line, so that nothing is allocated anew.
#[derive(Debug, Default)]
pub struct Pieces {
    /// The shape.
    pub shape: Vec<u8>,
    /// Numbers, in the order of their holes.
    pub numbers: Vec<i64>,
    /// Places of texts in the line, in the order of their holes.
    pub texts: Vec<Span>,
    /// What has no column: each piece behind its length in LEB128.
    pub rest: Vec<u8>,
    /// Fields that fill holes.
    pub fields: Vec<(Field, Span)>,
    former: Former,
    steady: Steady,
    written: Vec<u8>,
}

/// What fills the holes of a shape.
pub trait Filling {
    /// Writes a field.
    fn field(&self, field: u8, out: &mut Vec<u8>) -> Option<()>;
    /// The number with this place among numbers.
    fn number(&self, nth: usize) -> Option<i64>;
    /// The text with this place among texts.
    fn text(&self, nth: usize) -> Option<&[u8]>;
    /// What has no column.
    fn rest(&self) -> &[u8];
}

/// Classes of bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Letter,
    Digit,
    Other,
}

const CLASSES: [Class; 256] = {
    let mut classes = [Class::Other; 256];
    let mut at = 0;
    while at < 256 {
        let byte = at as u8;
        #[expect(clippy::indexing_slicing, reason = "0 to 255, in a constant")]
        if byte.is_ascii_digit() {
            classes[at] = Class::Digit;
        } else if byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80 {
            classes[at] = Class::Letter;
        }
        at += 1;
    }
    classes
};

const fn class(byte: u8) -> Class {
    #[expect(clippy::indexing_slicing, reason = "a byte is below 256")]
    CLASSES[byte as usize]
}

/// What a value is to a shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hole {
    Field(Field),
    Number(i64),
    Text,
    /// A time that is written with signs: a gap like those between values.
    Gap,
    /// None: the value has been the same in every line so far, and stands in the shape.
    Same,
}

impl Hole {
    /// `filled` says of a field whether its column gives back the very bytes of the line.
    fn of(record: &Record<'_>, value: &Value, filled: &impl Fn(Field) -> bool) -> Self {
        match value.field {
            Some(field) if record.span(field) == Some(value.place) && filled(field) => Self::Field(field),
            field => match number(value.place.within(record.line())) {
                Some(number) => Self::Number(number),
                None if matches!(field, Some(Field::Time | Field::SessionStart | Field::SessionEnd)) => {
                    Self::Gap
                }
                None => Self::Text,
            },
        }
    }

    /// Does it make the same hole in the shape as another?
    fn is_like(self, other: Self) -> bool {
        self == other || matches!((self, other), (Self::Number(_), Self::Number(_)))
    }
}

/// Values that have been the same in every line so far, by what stands before them and how many values do: they are kept in
/// the shape, not line by line. One that was seen to change has a hole of its own from then on.
#[derive(Debug, Default)]
struct Steady(HashMap<(usize, u32), Option<Box<[u8]>>>);

/// So many places are remembered at most.
const MOST_PLACES: usize = 4_096;
/// No value longer than this stands in a shape.
const LONGEST_STEADY: usize = 64;

impl Steady {
    /// Has a value been the same so far? What is taken for another's place is only found to change.
    fn is_same(&mut self, nth: usize, gap: &[u8], value: &[u8]) -> bool {
        if self.0.len() >= MOST_PLACES {
            self.0.clear();
        }
        let known = self.0.entry((nth, crc32fast::hash(gap)));
        let known = known.or_insert_with(|| (value.len() <= LONGEST_STEADY).then(|| value.into()));
        let same = known.as_deref() == Some(value);
        if !same {
            *known = None;
        }
        same
    }
}

/// How the line before was cut. One that differs from it in values alone has its shape, without being cut anew; it is given
/// back, since what stands between its values was compared, numbers have one spelling, texts are kept as they are, and
/// columns of fields give back what they hold.
#[derive(Debug, Default)]
struct Former {
    /// What stood between values, one piece behind the other.
    gaps: Vec<u8>,
    /// Numbers within them.
    numbers: Vec<i64>,
    /// Texts within them, by their places in the line.
    texts: Vec<Span>,
    /// Gap by gap; empty where no line was cut, or one with pieces that have no column.
    steps: Vec<Step>,
}

/// A gap, and the value behind it.
#[derive(Debug, Clone, Copy)]
struct Step {
    /// Where the gap began in the line.
    from: usize,
    /// Up to where its bytes, its numbers and its texts go.
    ends: (usize, usize, usize),
    /// None behind the last gap.
    hole: Option<Hole>,
}

impl Former {
    fn clear(&mut self) {
        self.gaps.clear();
        self.numbers.clear();
        self.texts.clear();
        self.steps.clear();
    }
}

impl Pieces {
    /// Takes a line apart; one that could not be shown to be given back stands as one piece. `filled` says of a field
    /// whether its column gives back the very bytes of the line. Says whether the shape is that of the line before.
    pub fn take(&mut self, record: &Record<'_>, filled: impl Fn(Field) -> bool) -> bool {
        if self.is_like_former(record, &filled) {
            return true;
        }
        self.cut(record, &filled);
        if !self.gives(record.line()) {
            self.whole(record.line());
        }
        false
    }

    /// Is a line like the one before but for its values? Then the shape stays, and numbers and texts are its own.
    fn is_like_former(&mut self, record: &Record<'_>, filled: &impl Fn(Field) -> bool) -> bool {
        let Self { former, numbers, texts, .. } = self;
        numbers.clear();
        texts.clear();
        let (line, mut from, mut begins) = (record.line(), 0, (0, 0, 0));
        let mut steps = former.steps.iter();
        for value in record.pieces().map(Some).chain([None]) {
            let hole = value.map(|value| Hole::of(record, &value, filled));
            let mut to = value.map_or(line.len(), |value| value.place.start());
            let Some(step) = steps.next() else { return false };
            let same = match (hole, step.hole) {
                (Some(Hole::Number(_) | Hole::Text), Some(Hole::Same)) => {
                    to = value.map_or(to, |value| value.place.end());
                    true
                }
                (Some(hole), Some(before)) => hole.is_like(before),
                (hole, before) => hole == before,
            };
            let gap = former.gaps.get(begins.0..step.ends.0);
            let there = gap.zip(line.get(from..to));
            if !(same && there.is_some_and(|(gap, there)| is_same(gap, there))) {
                return false;
            }
            numbers.extend_from_slice(former.numbers.get(begins.1..step.ends.1).unwrap_or_default());
            let within = former.texts.get(begins.2..step.ends.2).unwrap_or_default();
            let moved = |place: usize| place - step.from + from;
            texts.extend(within.iter().map(|span| Span::of(moved(span.start()), moved(span.end()))));
            match (hole, value) {
                _ if step.hole == Some(Hole::Same) => {}
                (Some(Hole::Number(number)), _) => numbers.push(number),
                (Some(Hole::Text), Some(value)) => texts.push(value.place),
                _ => {}
            }
            from = value.map_or(to, |value| value.place.end());
            begins = step.ends;
        }
        true
    }

    /// Takes a line apart from the beginning.
    fn cut(&mut self, record: &Record<'_>, filled: &impl Fn(Field) -> bool) {
        self.clear();
        let (line, mut from, mut plain) = (record.line(), 0, true);
        for (nth, value) in record.pieces().enumerate() {
            let (gap, place) = (line.get(from..value.place.start()).unwrap_or_default(), value.place);
            let hole = match Hole::of(record, &value, filled) {
                Hole::Number(_) | Hole::Text if self.steady.is_same(nth, gap, place.within(line)) => {
                    Hole::Same
                }
                hole => hole,
            };
            self.step(line, from..place.start(), Some((hole, place)));
            from = place.end();
            match hole {
                Hole::Field(field) => {
                    // One without a number has no column, and would not be given back.
                    let number = column::number_of(field).unwrap_or(u8::MAX);
                    self.shape.extend_from_slice(&[MARK, FIELD, number]);
                    self.fields.push((field, value.place));
                }
                Hole::Number(number) => self.number(NUMBER, number, value.place, line),
                Hole::Text => self.text(value.place, line),
                Hole::Gap => {
                    self.gap(line, value.place.start(), from);
                    plain = false;
                }
                Hole::Same => {}
            }
        }
        self.step(line, from..line.len(), None);
        if !plain || !self.rest.is_empty() {
            self.former.clear();
        }
    }

    /// A gap, with the value behind it where that has been the same so far, remembered for the line that comes next.
    fn step(&mut self, line: &[u8], gap: Range<usize>, value: Option<(Hole, Span)>) {
        let (numbers, texts, from) = (self.numbers.len(), self.texts.len(), gap.start);
        self.gap(line, gap.start, gap.end);
        let mut to = gap.end;
        if let Some((Hole::Same, place)) = value {
            place.within(line).iter().for_each(|byte| self.plain(*byte));
            to = place.end();
        }
        let former = &mut self.former;
        former.gaps.extend_from_slice(line.get(from..to).unwrap_or_default());
        former.numbers.extend_from_slice(self.numbers.get(numbers..).unwrap_or_default());
        former.texts.extend_from_slice(self.texts.get(texts..).unwrap_or_default());
        let ends = (former.gaps.len(), former.numbers.len(), former.texts.len());
        former.steps.push(Step { from, ends, hole: value.map(|(hole, _)| hole) });
    }

    /// A byte that stands in the shape as it is.
    fn plain(&mut self, byte: u8) {
        if byte == MARK {
            self.shape.push(MARK);
        }
        self.shape.push(byte);
    }

    fn clear(&mut self) {
        self.shape.clear();
        self.numbers.clear();
        self.texts.clear();
        self.rest.clear();
        self.fields.clear();
        self.former.clear();
    }

    /// One piece, whatever it is.
    pub fn whole(&mut self, line: &[u8]) {
        self.clear();
        self.rest(line);
    }

    /// Do the pieces give back the line, its fields being what stands at their places?
    fn gives(&mut self, line: &[u8]) -> bool {
        let mut written = std::mem::take(&mut self.written);
        written.clear();
        let whole = write(&self.shape, &Own { pieces: self, line }, &mut written);
        let same = whole.is_some() && written == line;
        self.written = written;
        same
    }

    /// What stands between values.
    fn gap(&mut self, line: &[u8], from: usize, to: usize) {
        let mut at = from;
        while let Some(byte) = line.get(at).copied().filter(|_| at < to) {
            if class(byte) == Class::Other {
                self.plain(byte);
                at += 1;
                continue;
            }
            at = self.word(line, at, to);
        }
    }

    /// A word; where it ends.
    fn word(&mut self, line: &[u8], from: usize, to: usize) -> usize {
        if let Some(seconds) = line.get(from..to).and_then(clock) {
            self.number(CLOCK, seconds, Span::of(from, from + 8), line);
            return from + 8;
        }
        let rest = line.get(from..to).unwrap_or_default();
        let length = rest.iter().position(|byte| class(*byte) == Class::Other).unwrap_or(rest.len());
        let word = rest.get(..length).unwrap_or_default();
        let place = Span::of(from, from + length);
        if let Some(number) = number(word) {
            self.number(NUMBER, number, place, line);
        } else if word.iter().any(u8::is_ascii_digit) {
            self.text(place, line);
        } else {
            self.shape.extend_from_slice(word);
        }
        from + length
    }

    fn number(&mut self, hole: u8, number: i64, span: Span, line: &[u8]) {
        if self.numbers.len() < NUMBERS {
            self.shape.extend_from_slice(&[MARK, hole]);
            self.numbers.push(number);
        } else {
            self.rest(span.within(line));
        }
    }

    fn text(&mut self, span: Span, line: &[u8]) {
        if self.texts.len() < TEXTS {
            self.shape.extend_from_slice(&[MARK, TEXT]);
            self.texts.push(span);
        } else {
            self.rest(span.within(line));
        }
    }

    fn rest(&mut self, bytes: &[u8]) {
        self.shape.extend_from_slice(&[MARK, REST]);
        leb::put(&mut self.rest, bytes.len() as u64);
        self.rest.extend_from_slice(bytes);
    }
}

/// Are these the same bytes? What stands between values has mostly eight to sixteen, which fit into two registers.
#[inline]
fn is_same(one: &[u8], other: &[u8]) -> bool {
    let fronts = one.first_chunk::<8>().zip(other.first_chunk::<8>());
    let ends = one.last_chunk::<8>().zip(other.last_chunk::<8>());
    match (fronts, ends) {
        (Some((front, other_front)), Some((end, other_end))) if one.len() <= 16 => {
            one.len() == other.len() && front == other_front && end == other_end
        }
        _ => one == other,
    }
}

/// `hh:mm:ss` at the front of a text, as seconds of the day.
fn clock(text: &[u8]) -> Option<i64> {
    let [a, b, c1, c, d, c2, e, f]: &[u8; 8] = text.first_chunk()?;
    let digits = [a, b, c, d, e, f].into_iter().all(u8::is_ascii_digit);
    let behind = text.get(8).is_none_or(|byte| class(*byte) == Class::Other);
    let two = |high: &u8, low: &u8| i64::from(high - b'0') * 10 + i64::from(low - b'0');
    if !digits || !behind || *c1 != b':' || *c2 != b':' {
        return None;
    }
    let (hour, minute, second) = (two(a, b), two(c, d), two(e, f));
    (hour < 24 && minute < 60 && second < 60).then_some(hour * 3_600 + minute * 60 + second)
}

/// A whole number below 10^18 as decimal, without zero in front.
pub(crate) fn number(digits: &[u8]) -> Option<i64> {
    if digits.is_empty() || digits.len() > 18 || (digits.len() > 1 && digits.first() == Some(&b'0')) {
        return None;
    }
    digits.iter().try_fold(0, |sum, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit < 10).then(|| sum * 10 + i64::from(digit))
    })
}

/// Writes the line that a shape and what fills it make; none where they do not belong together.
pub fn write(shape: &[u8], filling: &impl Filling, out: &mut Vec<u8>) -> Option<()> {
    let (mut numbers, mut texts, mut rest) = (0, 0, filling.rest());
    let mut left = shape;
    while let Some(at) = memchr::memchr(MARK, left) {
        let (plain, hole) = left.split_at_checked(at)?;
        out.extend_from_slice(plain);
        let kind = *hole.get(1)?;
        let mut behind = 2;
        match kind {
            MARK => out.push(MARK),
            FIELD => {
                filling.field(*hole.get(2)?, out)?;
                behind = 3;
            }
            NUMBER => {
                let mut text = [0; 20];
                out.extend_from_slice(decimal(u64::try_from(filling.number(numbers)?).ok()?, &mut text));
                numbers += 1;
            }
            CLOCK => {
                let seconds = filling.number(numbers)?;
                for (part, end) in [(seconds / 3_600, b':'), (seconds / 60 % 60, b':'), (seconds % 60, 0)] {
                    let digit = |value: i64| u8::try_from(value).map(|value| value + b'0').ok();
                    out.extend([digit(part / 10)?, digit(part % 10)?]);
                    out.extend((end != 0).then_some(end));
                }
                numbers += 1;
            }
            TEXT => {
                out.extend_from_slice(filling.text(texts)?);
                texts += 1;
            }
            REST => {
                let length = usize::try_from(leb::take(&mut rest)?).ok()?;
                let (piece, later) = rest.split_at_checked(length)?;
                out.extend_from_slice(piece);
                rest = later;
            }
            _ => return None,
        }
        left = hole.get(behind..)?;
    }
    out.extend_from_slice(left);
    rest.is_empty().then_some(())
}

/// A number in decimal.
pub(crate) fn decimal(number: u64, text: &mut [u8; 20]) -> &[u8] {
    let (mut left, mut at) = (number, text.len());
    loop {
        at -= 1;
        if let Some(place) = text.get_mut(at) {
            *place = b'0' + u8::try_from(left % 10).unwrap_or(0);
        }
        left /= 10;
        if left == 0 {
            break text.get(at..).unwrap_or_default();
        }
    }
}

/// Pieces with the line they were cut from.
struct Own<'p> {
    pieces: &'p Pieces,
    line: &'p [u8],
}

impl Filling for Own<'_> {
    fn field(&self, field: u8, out: &mut Vec<u8>) -> Option<()> {
        let (_, span) = self.pieces.fields.iter().find(|(one, _)| column::number_of(*one) == Some(field))?;
        out.extend_from_slice(span.within(self.line));
        Some(())
    }

    fn number(&self, nth: usize) -> Option<i64> {
        self.pieces.numbers.get(nth).copied()
    }

    fn text(&self, nth: usize) -> Option<&[u8]> {
        self.pieces.texts.get(nth).map(|span| span.within(self.line))
    }

    fn rest(&self) -> &[u8] {
        &self.pieces.rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_the_same_where_each_is() {
        for length in 0..24 {
            let one: Vec<u8> = (0..length).collect();
            assert!(is_same(&one, &one.clone()));
            for at in 0..usize::from(length) {
                let mut other = one.clone();
                other[at] ^= 0x40;
                assert!(!is_same(&one, &other), "{length}: {at}");
                assert!(!is_same(&one, &one[..at]) && !is_same(&one[..at], &one), "{length}: {at}");
            }
        }
    }
}
