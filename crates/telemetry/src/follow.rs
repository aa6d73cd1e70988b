//! Following: the lines of a receiver one after the other, out of what is in no file yet and out of files.
//!
//! Invariant: lines come as they were received, to the byte, in the order of their numbers; those that were erased do not.

use crate::block::{Block, Row, Shapes};
use crate::file::PAGE;
use crate::find::{FindError, Library, Listed};
use arrow_array::RecordBatch;
use model::Instant;
use std::net::Ipv6Addr;
use std::sync::Arc;

/// Lines that follow one another.
#[derive(Debug, Clone)]
pub struct Stretch {
    first: u64,
    columns: RecordBatch,
    shapes: Arc<Shapes>,
}

/// A line with what is known of how it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// Its number.
    pub n: u64,
    /// When it was received.
    pub received: Instant,
    /// Who sent it; unspecified where it was read from a file.
    pub peer: Ipv6Addr,
    /// The line.
    pub bytes: Vec<u8>,
}

impl Stretch {
    /// The lines of a block.
    #[must_use]
    pub fn of(block: &Block) -> Self {
        Self { first: block.first, columns: block.columns.clone(), shapes: Arc::clone(&block.shapes) }
    }

    /// Number of its first line.
    #[must_use]
    pub const fn first(&self) -> u64 {
        self.first
    }

    /// Number of the line behind its last.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.first + self.columns.num_rows() as u64
    }

    /// When a line of it was received; none where it has no such line.
    #[must_use]
    pub fn received(&self, line: u64) -> Option<Instant> {
        self.row(line)?.received()
    }

    fn row(&self, line: u64) -> Option<Row<'_>> {
        let at = usize::try_from(line.checked_sub(self.first)?).ok()?;
        (at < self.columns.num_rows()).then_some(Row { columns: &self.columns, shapes: &self.shapes, at })
    }

    /// Its lines from one of them on. What was erased, and what never held anything, does not come.
    pub fn lines(&self, from: u64) -> impl Iterator<Item = Result<Followed, FindError>> + '_ {
        (from.max(self.first)..self.end()).filter_map(|n| self.line(n).transpose())
    }

    fn line(&self, n: u64) -> Result<Option<Followed>, FindError> {
        let damaged = || FindError::Damaged(n);
        let row = self.row(n).ok_or_else(damaged)?;
        let bytes = row.line().ok_or_else(damaged)?;
        if bytes.is_empty() {
            return Ok(None);
        }
        let (received, peer) = (row.received().ok_or_else(damaged)?, row.peer().ok_or_else(damaged)?);
        Ok(Some(Followed { n, received, peer, bytes }))
    }
}

impl Library {
    /// The lines of a file, from the page on that holds one of them.
    ///
    /// # Errors
    /// [`FindError`].
    pub fn stretches(
        &self,
        file: &Listed,
        from: u64,
    ) -> Result<impl Iterator<Item = Result<Stretch, FindError>> + Send + use<>, FindError> {
        let opened = self.open(file)?;
        let page =
            |line: u64| u32::try_from(line.saturating_sub(file.first) / PAGE as u64).unwrap_or(u32::MAX);
        let pages = (page(from)..=page(file.first + file.count)).collect();
        let shapes = Arc::clone(opened.table().shapes());
        let pages = opened.pages(Some(&pages), &[])?;
        Ok(pages.map(move |page| {
            page.map(|(first, columns)| Stretch { first, columns, shapes: Arc::clone(&shapes) })
        }))
    }
}
