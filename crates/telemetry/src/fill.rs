//! Columns in the making: plain vectors, which become arrays as they are.
//!
//! A row that nobody fills has nothing in it; a column without any value takes no room.

use crate::chunk::MOST_LINES;
use arrow_array::types::ByteArrayType;
use arrow_array::{ArrayRef, ArrowPrimitiveType, FixedSizeBinaryArray, GenericByteArray, PrimitiveArray};
use arrow_buffer::{ArrowNativeType, Buffer, NullBuffer, NullBufferBuilder, OffsetBuffer};
use arrow_schema::ArrowError;
use std::sync::Arc;

/// Values of one size.
pub(crate) struct Values<T> {
    /// How many rows there will be.
    rows: usize,
    values: Vec<T>,
    nulls: NullBufferBuilder,
}

/// Texts. While every row has the text of the first one, it is kept once.
pub(crate) struct Texts {
    rows: usize,
    /// The text of the rows so far, and how many these are.
    same: (Vec<u8>, usize),
    /// Where each begins, and where the last one ends.
    places: Vec<i32>,
    bytes: Vec<u8>,
    nulls: NullBufferBuilder,
}

impl<T: ArrowNativeType> Values<T> {
    pub(crate) fn new(rows: usize) -> Self {
        Self { rows, values: Vec::new(), nulls: NullBufferBuilder::new(rows) }
    }

    /// Fills a row; rows are filled in their order.
    pub(crate) fn put(&mut self, row: usize, value: T) {
        if self.values.is_empty() {
            self.values.reserve_exact(self.rows);
        }
        self.skip(row);
        self.values.push(value);
        self.nulls.append_non_null();
    }

    /// Leaves rows empty up to this one.
    fn skip(&mut self, row: usize) {
        let missing = row.saturating_sub(self.values.len());
        if missing > 0 {
            self.values.resize(row, T::default());
            self.nulls.append_n_nulls(missing);
        }
    }

    /// All rows; none where no row has a value.
    fn finish(mut self) -> Option<(Vec<T>, Option<NullBuffer>)> {
        if self.values.is_empty() {
            return None;
        }
        self.skip(self.rows);
        Some((self.values, self.nulls.build()))
    }

    /// As an array of a type of that size.
    pub(crate) fn array<P: ArrowPrimitiveType<Native = T>>(self) -> Option<PrimitiveArray<P>> {
        let (values, nulls) = self.finish()?;
        Some(PrimitiveArray::new(values.into(), nulls))
    }
}

impl Values<i128> {
    /// As an array of 16 bytes each.
    pub(crate) fn bytes(self) -> Result<Option<ArrayRef>, ArrowError> {
        let Some((values, nulls)) = self.finish() else { return Ok(None) };
        Ok(Some(Arc::new(FixedSizeBinaryArray::try_new(16, Buffer::from_vec(values), nulls)?)))
    }
}

impl Texts {
    pub(crate) fn new(rows: usize) -> Self {
        let same = (Vec::new(), 0);
        Self { rows, same, places: Vec::new(), bytes: Vec::new(), nulls: NullBufferBuilder::new(rows) }
    }

    /// Fills a row; rows are filled in their order.
    pub(crate) fn put(&mut self, row: usize, text: &[u8]) {
        if self.places.is_empty() {
            let (same, count) = &mut self.same;
            if row == *count && (row == 0 || same == text) {
                if row == 0 {
                    same.extend_from_slice(text);
                }
                *count += 1;
                return;
            }
            self.spread(text.len());
        }
        self.skip(row);
        self.bytes.extend_from_slice(text);
        self.places.push(self.end());
        self.nulls.append_non_null();
    }

    /// Writes what is kept once as often as it is there; what follows is about as long.
    fn spread(&mut self, length: usize) {
        let (same, count) = std::mem::take(&mut self.same);
        self.places.reserve_exact(self.rows + 1);
        self.places.push(0);
        self.bytes.reserve(same.len() * count + length * (self.rows - count));
        for _ in 0..count {
            self.bytes.extend_from_slice(&same);
            self.places.push(self.end());
        }
        self.nulls.append_n_non_nulls(count);
    }

    /// Where the next one begins. A chunk has far less than 2³¹ bytes.
    fn end(&self) -> i32 {
        i32::try_from(self.bytes.len()).unwrap_or(i32::MAX)
    }

    fn skip(&mut self, row: usize) {
        let missing = (row + 1).saturating_sub(self.places.len());
        if missing > 0 {
            self.places.resize(row + 1, self.end());
            self.nulls.append_n_nulls(missing);
        }
    }

    /// As an array; none where no row has a text. One in which all rows have the same is kept for the chunk that comes next.
    pub(crate) fn array<T: ByteArrayType<Offset = i32>>(
        mut self,
        kept: &mut Repeated,
    ) -> Result<Option<ArrayRef>, ArrowError> {
        if self.places.is_empty() {
            if self.same.1 == 0 {
                return Ok(None);
            }
            if self.same.1 == self.rows {
                return kept.array::<T>(&self.same.0, self.rows).map(Some);
            }
            self.spread(0);
        }
        self.skip(self.rows);
        let places = OffsetBuffer::new(self.places.into());
        let array = GenericByteArray::<T>::try_new(places, self.bytes.into(), self.nulls.build())?;
        Ok(Some(Arc::new(array)))
    }
}

/// A column in which every row has one text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Repeated(Option<(Vec<u8>, ArrayRef)>);

impl Repeated {
    fn array<T: ByteArrayType<Offset = i32>>(
        &mut self,
        text: &[u8],
        rows: usize,
    ) -> Result<ArrayRef, ArrowError> {
        let known = self.0.take().filter(|(of, array)| of == text && array.len() >= rows);
        let (_, array) = match known {
            Some(known) => self.0.insert(known),
            None => {
                let most = rows.max(MOST_LINES);
                let places = OffsetBuffer::from_repeated_length(text.len(), most);
                let array = GenericByteArray::<T>::try_new(places, text.repeat(most).into(), None)?;
                self.0.insert((text.to_vec(), Arc::new(array)))
            }
        };
        Ok(array.slice(0, rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::types::{BinaryType, Int64Type};
    use arrow_array::{Array as _, BinaryArray, Int64Array};

    #[test]
    fn rows_that_nobody_fills_are_empty() {
        let (mut numbers, mut texts) = (Values::new(5), Texts::new(5));
        for row in [1, 3] {
            numbers.put(row, row as i64);
            texts.put(row, b"ab".get(..row.min(2)).unwrap());
        }
        let expected = Int64Array::from(vec![None, Some(1), None, Some(3), None]);
        assert_eq!(numbers.array::<Int64Type>(), Some(expected));
        let mut kept = Repeated::default();
        let texts = texts.array::<BinaryType>(&mut kept).unwrap().unwrap();
        let expected: Vec<Option<&[u8]>> = vec![None, Some(b"a"), None, Some(b"ab"), None];
        assert_eq!(texts.as_ref(), &BinaryArray::from(expected) as &dyn arrow_array::Array);
        assert!(Texts::new(3).array::<BinaryType>(&mut kept).unwrap().is_none());
        assert!(Values::<i64>::new(3).array::<Int64Type>().is_none());
        let mut whole = Values::new(2);
        whole.put(0, 7i64);
        whole.put(1, 8);
        assert_eq!(whole.array::<Int64Type>().unwrap().nulls(), None);
    }

    #[test]
    fn a_text_that_all_rows_have_is_written_once_for_many_chunks() {
        let mut kept = Repeated::default();
        // How many rows have the first text, how many there are, and whether another follows.
        for (first, rows, another) in
            [(3, 3, false), (5, 5, false), (2, 4, true), (2, 4, false), (0, 3, true)]
        {
            let mut texts = Texts::new(rows);
            (0..first).for_each(|row| texts.put(row, b"same"));
            if another {
                texts.put(rows - 1, b"other");
            }
            let made = texts.array::<BinaryType>(&mut kept).unwrap().unwrap();
            let mut expected: Vec<Option<&[u8]>> = vec![Some(b"same"); first];
            expected.resize(rows, None);
            if another {
                *expected.last_mut().unwrap() = Some(b"other");
            }
            assert_eq!(made.as_ref(), &BinaryArray::from(expected) as &dyn arrow_array::Array);
        }
    }
}
