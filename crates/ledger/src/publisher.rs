//! The publisher: turns acknowledged batches into tiles, bundles and a checkpoint that anyone may read.
//!
//! Invariants: a checkpoint is put after all it covers; the journal forgets nothing that is not durably published.
//! Recovery uses the same code: what the journal holds is published again, to the same bytes.
//! Does not: acknowledge.
//! Source: C2SP tlog-tiles; `docs/format.md` §4, §10.

use crate::error::StopReason;
use crate::journal::{Journal, JournalError};
use crate::leftovers::Leftovers;
use crate::objects::{CHECKPOINT, COSIGNED, Objects};
use crate::shared::{Batch, Shared};
use crate::tiles::{TileWriter, TilesError};
use std::sync::Arc;

/// Entries published since the last mark that make it worth making all durable again, in bytes.
const FLUSH_BYTES: usize = 12 << 20;

/// The one who publishes. [`Publisher::step`] is all it does.
pub(crate) struct Publisher {
    pub(crate) shared: Arc<Shared>,
    pub(crate) objects: Arc<dyn Objects>,
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) tiles: TileWriter,
    /// Bytes of entries published but not marked durable.
    pub(crate) unmarked_bytes: usize,
    /// The head published last.
    pub(crate) head: Vec<u8>,
}

impl Publisher {
    /// Publishes all that is acknowledged. On failure the ledger is stopped: nothing acknowledged is lost, since the
    /// journal still has it.
    pub(crate) fn step(&mut self) {
        let batches: Vec<_> = self.shared.state().tail.iter().cloned().collect();
        if let Err(error) = self.publish(&batches).and_then(|()| self.publish_cosigned()) {
            self.shared.stop(&StopReason::Publish(Arc::new(error)));
        }
    }

    /// Puts a head that was cosigned in its place. Durably, since a crash may leave no journal to write it from.
    fn publish_cosigned(&mut self) -> Result<(), TilesError> {
        let Some(cosigned) = self.shared.state().cosigned.take() else { return Ok(()) };
        if cosigned.size == self.tiles.size() {
            self.objects.replace(CHECKPOINT, &cosigned.head)?;
            self.head.clone_from(&cosigned.head);
        }
        if cosigned.quorum {
            self.objects.replace(COSIGNED, &cosigned.head)?;
        }
        Ok(())
    }

    /// Publishes, makes all durable and empties the journal: the way to close.
    pub(crate) fn close(&mut self) {
        self.step();
        if self.shared.state().stopped.is_none()
            && let Err(error) = self.mark_durable().and_then(|()| self.journal.clear().map_err(disk_of))
        {
            self.shared.stop(&StopReason::Publish(Arc::new(error)));
        }
    }

    /// Publishes these batches, which follow one another from the published size on (or overlap what is published).
    pub(crate) fn publish(&mut self, batches: &[Arc<Batch>]) -> Result<(), TilesError> {
        let Some(last) = batches.last() else { return Ok(()) };
        self.put_tiles(batches, &mut Leftovers::default())?;
        // All that the head covers can be read; a crash before the next line leaves the older head, as true.
        self.objects.put(CHECKPOINT, &last.head)?;
        self.head.clone_from(&last.head);
        let published = last.end();
        self.shared.change(|state| {
            state.published = published;
            while state.tail.front().is_some_and(|batch| batch.end() <= published) {
                state.tail.pop_front();
            }
        });
        if self.unmarked_bytes >= FLUSH_BYTES {
            self.flush()?;
        }
        // A journal that could not prepare makes the next append do it, or say why it cannot.
        let _ = self.journal.prepare();
        Ok(())
    }

    /// Writes the tiles and bundles of these batches, and again those partial ones on the way that are left over.
    pub(crate) fn put_tiles(
        &mut self,
        batches: &[Arc<Batch>],
        leftovers: &mut Leftovers,
    ) -> Result<(), TilesError> {
        let objects = self.objects.as_ref();
        for batch in batches {
            for ((number, entry), leaf) in (batch.first..).zip(&batch.entries).zip(&batch.leaves) {
                if number == self.tiles.size() {
                    self.tiles.push(objects, entry, *leaf)?;
                    self.unmarked_bytes += entry.len();
                    leftovers.mend(objects, &self.tiles)?;
                }
            }
        }
        self.tiles.put_edge(objects)
    }

    /// Makes all that is published durable and lets the journal forget it.
    pub(crate) fn flush(&mut self) -> Result<(), TilesError> {
        self.mark_durable()?;
        // Only now may the journal forget: what it held is on stable storage elsewhere.
        self.journal.trim(self.tiles.size()).map_err(disk_of)
    }

    /// Makes all that is published durable.
    pub(crate) fn mark_durable(&mut self) -> Result<(), TilesError> {
        self.objects.mark_durable(&self.head)?;
        self.unmarked_bytes = 0;
        Ok(())
    }
}

fn disk_of(error: JournalError) -> TilesError {
    match error {
        JournalError::NotWritten(source) | JournalError::Unknown(source) | JournalError::Disk(source) => {
            TilesError::Disk(source)
        }
        JournalError::Damaged { path, .. } => TilesError::Missing { path },
    }
}
