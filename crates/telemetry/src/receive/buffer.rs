//! What came over a stream and was not understood yet.

use std::io::{ErrorKind, Read};

/// Bytes read at once.
const READ: usize = 256 << 10;

/// Bytes of a stream that wait for those behind them.
#[derive(Default)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    there: usize,
}

impl Buffer {
    /// Reads what comes next; gives it behind what was kept. None at the end of the stream.
    pub(super) fn fill(&mut self, stream: &mut impl Read) -> Option<&[u8]> {
        if self.bytes.len() - self.there < READ / 4 {
            self.bytes.resize(self.there + READ, 0);
        }
        let count = loop {
            match stream.read(self.bytes.get_mut(self.there..).unwrap_or_default()) {
                Ok(0) => return None,
                Ok(count) => break count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return None,
            }
        };
        self.there += count;
        Some(self.rest())
    }

    /// Keeps so many of the last bytes.
    pub(super) fn keep(&mut self, left: usize) {
        let from = self.there.saturating_sub(left);
        self.bytes.copy_within(from..self.there, 0);
        self.there -= from;
    }

    /// What is there.
    pub(super) fn rest(&self) -> &[u8] {
        self.bytes.get(..self.there).unwrap_or_default()
    }
}
