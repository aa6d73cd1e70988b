//! Reading a ledger: entries, proofs, and following it as it grows.
//!
//! A reader beside the writer sees what is acknowledged; one over files alone sees what is published.
//! Invariants: an entry is given out only when its hash is the leaf in the tree's tile; a proof only when it checks.
//! Does not: decide whether a head is to be believed (`proof::policy` does).
//! Source: C2SP tlog-tiles, tlog-proof; `docs/format.md` §4, §8.

use crate::disk::DiskError;
use crate::error::tiles_told;
use crate::objects::{CHECKPOINT, COSIGNED, Objects};
use crate::shared::{Shared, State};
use crate::tiles::{self, TileHashes, TilesError};
use model::Told;
use proof::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
use proof::hash::{Hash, leaf_hash};
use proof::inclusion::Inclusion;
use proof::tile::{self, Kind, Tile, WIDTH};
use proof::tree;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// How often a follower over files looks for a new head.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);

/// Reads a ledger.
#[derive(Clone)]
pub struct Reader {
    objects: Arc<dyn Objects>,
    shared: Option<Arc<Shared>>,
}

/// Reads a ledger in order, waiting for what comes.
pub struct Follower {
    reader: Reader,
    next: u64,
}

/// Why something could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A file of the tree is missing or damaged.
    #[error("the published ledger is not whole")]
    Tiles(#[from] TilesError),
    /// There is no head.
    #[error("{path} is missing: there is no ledger here, or none is published")]
    NoHead {
        /// Where it should be.
        path: String,
    },
    /// The files of the tree do not lead to the root in the head.
    #[error("the files of the tree of {size} entries do not lead to its root")]
    Tree {
        /// Size of the tree.
        size: u64,
    },
    /// The head is not one.
    #[error("{path} is damaged")]
    Head {
        /// Where it is.
        path: String,
        /// What is wrong.
        #[source]
        source: CheckpointError,
    },
    /// The ledger has no such entry.
    #[error("entry {index} does not exist: the ledger has {size}")]
    NoEntry {
        /// The number asked for.
        index: u64,
        /// Entries there are.
        size: u64,
    },
    /// An entry is not the one whose hash is in the tree.
    #[error("{path}: entry {index} is not the one whose hash is in the tree")]
    Altered {
        /// The bundle it lies in.
        path: String,
        /// Its number.
        index: u64,
    },
}

impl ReadError {
    /// In both languages, with the place and the mend.
    #[must_use]
    pub fn told(&self) -> Told {
        match self {
            Self::Tiles(source) => tiles_told(source),
            Self::NoHead { path } => Told::new(
                format!("{path} 不存在：這裡沒有帳本，或尚未公布。請確認資料夾，或先執行 ward ledger init。"),
                format!(
                    "{path} is missing: there is no ledger here, or none is published. Look at the folder, or make one with: ward ledger init"
                ),
            ),
            Self::Tree { size } => Told::new(
                format!("{size} 筆的樹狀檔案與檢查點的根雜湊不符。請執行 ward verify 查明。"),
                format!(
                    "The files of the tree of {size} entries do not lead to the root in its head. Run ward verify."
                ),
            ),
            Self::Head { path, source } => Told::new(
                format!("{path} 已毀損（{source}）。請執行 ward verify 查明。"),
                format!("{path} is damaged: {source}. Run ward verify."),
            ),
            Self::NoEntry { index, size } => Told::new(
                format!("沒有第 {index} 筆：帳本共 {size} 筆（自 0 起算）。"),
                format!("There is no entry {index}: the ledger has {size}, counted from 0."),
            ),
            Self::Altered { path, index } => Told::new(
                format!("{path}：第 {index} 筆與其雜湊不符，內容已遭更動或毀損。請執行 ward verify 查明。"),
                format!(
                    "{path}: entry {index} does not match its hash; it was altered or is damaged. Run ward verify."
                ),
            ),
        }
    }
}

impl From<DiskError> for ReadError {
    fn from(error: DiskError) -> Self {
        Self::Tiles(TilesError::Disk(error))
    }
}

impl Reader {
    /// Reads what is published.
    #[must_use]
    pub fn new(objects: Arc<dyn Objects>) -> Self {
        Self { objects, shared: None }
    }

    pub(crate) fn live(objects: Arc<dyn Objects>, shared: Arc<Shared>) -> Self {
        Self { objects, shared: Some(shared) }
    }

    /// The published head, signed; nobody has checked by whom.
    ///
    /// # Errors
    /// `NoHead`, `Tiles`.
    pub fn head(&self) -> Result<Vec<u8>, ReadError> {
        let head = self.objects.fetch(CHECKPOINT)?;
        head.ok_or_else(|| ReadError::NoHead { path: self.objects.shown(CHECKPOINT) })
    }

    /// The latest head that met a quorum of witnesses; none where there was none.
    ///
    /// # Errors
    /// `Tiles`.
    pub fn cosigned_head(&self) -> Result<Option<Vec<u8>>, ReadError> {
        Ok(self.objects.fetch(COSIGNED)?)
    }

    /// What the published head claims.
    ///
    /// # Errors
    /// `NoHead`, `Head`, `Tiles`.
    pub fn checkpoint(&self) -> Result<Checkpoint, ReadError> {
        let head = SignedCheckpoint::parse(&self.head()?);
        let wrong = |source| ReadError::Head { path: self.objects.shown(CHECKPOINT), source };
        head.map(|head| head.unverified().clone()).map_err(wrong)
    }

    /// Entries there are: acknowledged ones beside the writer, else published ones.
    ///
    /// # Errors
    /// Those of [`Self::checkpoint`].
    pub fn size(&self) -> Result<u64, ReadError> {
        match &self.shared {
            Some(shared) => Ok(shared.state().head.size),
            None => Ok(self.checkpoint()?.size),
        }
    }

    /// One entry.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn entry(&self, index: u64) -> Result<Vec<u8>, ReadError> {
        let mut one = None;
        self.entries(index..index.saturating_add(1), |_, entry| one = Some(entry.to_vec()))?;
        one.ok_or(ReadError::NoEntry { index, size: self.size()? })
    }

    /// The entries of a range, in order.
    ///
    /// # Errors
    /// [`ReadError`]; what was visited before is right.
    pub fn entries(&self, range: Range<u64>, mut visit: impl FnMut(u64, &[u8])) -> Result<(), ReadError> {
        let size = self.size()?;
        if range.end > size {
            return Err(ReadError::NoEntry { index: range.end - 1, size });
        }
        let mut next = range.start;
        while next < range.end {
            next = match self.unpublished(next) {
                Some(batch) => {
                    let end = batch.end().min(range.end);
                    let skip = usize::try_from(next - batch.first).unwrap_or(usize::MAX);
                    (next..end).zip(batch.entries.iter().skip(skip)).for_each(|(n, entry)| visit(n, entry));
                    end
                }
                None => self.published(next..range.end, &mut visit)?,
            };
        }
        Ok(())
    }

    /// The acknowledged batch that holds an entry which is not published.
    fn unpublished(&self, index: u64) -> Option<Arc<crate::shared::Batch>> {
        let state = self.shared.as_ref()?.state();
        state.tail.iter().find(|batch| (batch.first..batch.end()).contains(&index)).cloned()
    }

    /// Visits the entries of the range that are in one bundle, and says where it ends.
    fn published(&self, range: Range<u64>, visit: &mut impl FnMut(u64, &[u8])) -> Result<u64, ReadError> {
        let size = self.checkpoint()?.size;
        let index = range.start / WIDTH;
        let none = ReadError::NoEntry { index: range.start, size };
        let Some(bundle) = Tile::in_tree(Kind::Entries, index, size).filter(|_| range.start < size) else {
            return Err(none);
        };
        let content = tiles::fetch(self.objects.as_ref(), bundle)?;
        let path = || self.objects.shown(&bundle.path());
        let entries = tile::entries(&content, bundle.width)
            .map_err(|source| TilesError::Damaged { path: path(), source })?;
        let leaves = tiles::fetch_hashes(self.objects.as_ref(), Tile { kind: Kind::Hashes(0), ..bundle })?;
        let first = index * WIDTH;
        for ((number, entry), leaf) in (first..range.end).zip(entries).zip(leaves) {
            if number >= range.start {
                if leaf_hash(entry) != leaf {
                    return Err(ReadError::Altered { path: path(), index: number });
                }
                visit(number, entry);
            }
        }
        Ok(range.end.min(first + u64::from(bundle.width)))
    }

    /// Proof that an entry is in the tree of `head`, a signed checkpoint of this ledger.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn prove_entry(&self, index: u64, head: &[u8]) -> Result<Inclusion, ReadError> {
        let size = self.size_of(head)?;
        if index >= size {
            return Err(ReadError::NoEntry { index, size });
        }
        let proof = tree::prove_inclusion(index, size, &mut self.hashes(size))?;
        Ok(Inclusion { entry: self.entry(index)?, index, proof, head: head.to_vec() })
    }

    /// Proof that the tree of `old` entries is the beginning of the tree of `new`, both published.
    ///
    /// # Errors
    /// `Tiles`.
    pub fn prove_consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>, ReadError> {
        Ok(tree::prove_consistency(old, new, &mut self.hashes(new))?)
    }

    /// Proof for the entries of a range in the published tree of `size`.
    ///
    /// # Errors
    /// `Tiles`.
    pub fn prove_range(&self, range: Range<u64>, size: u64) -> Result<Vec<Hash>, ReadError> {
        Ok(tree::prove_range(range.start, range.end, size, &mut self.hashes(size))?)
    }

    /// Root of the published tree of `size`.
    ///
    /// # Errors
    /// `Tiles`.
    pub fn root(&self, size: u64) -> Result<Hash, ReadError> {
        Ok(self.hashes(size).frontier()?.root())
    }

    /// Root of the first `size` entries, from the files of the published tree of `of` entries. A tree of `size` need
    /// not have been published by itself.
    ///
    /// # Errors
    /// `Tiles`.
    pub fn root_within(&self, size: u64, of: u64) -> Result<Hash, ReadError> {
        Ok(tree::root(size, &mut self.hashes(of))?)
    }

    /// Follows the ledger from entry `next` on.
    #[must_use]
    pub fn follow(&self, next: u64) -> Follower {
        Follower { reader: self.clone(), next }
    }

    fn size_of(&self, head: &[u8]) -> Result<u64, ReadError> {
        let head = SignedCheckpoint::parse(head);
        let wrong = |source| ReadError::Head { path: self.objects.shown(CHECKPOINT), source };
        Ok(head.map_err(wrong)?.unverified().size)
    }

    fn hashes(&self, size: u64) -> TileHashes<'_> {
        TileHashes::new(self.objects.as_ref(), size)
    }
}

impl Follower {
    /// Number of the next entry.
    #[must_use]
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// Visits, in order, the entries that are there (at most `most` of them), after waiting up to `limit` for the
    /// first. Says how many there were: 0 means that the time was over.
    ///
    /// # Errors
    /// [`ReadError`]; entries visited before it are not visited again.
    pub fn read(
        &mut self,
        most: u64,
        limit: Duration,
        mut visit: impl FnMut(u64, &[u8]),
    ) -> Result<u64, ReadError> {
        let size = self.wait(limit)?;
        let from = self.next;
        let range = from..size.min(from.saturating_add(most));
        if range.is_empty() {
            return Ok(0);
        }
        let next = &mut self.next;
        self.reader.entries(range, |number, entry| {
            visit(number, entry);
            *next = number + 1;
        })?;
        Ok(self.next - from)
    }

    fn wait(&self, limit: Duration) -> Result<u64, ReadError> {
        let next = self.next;
        if let Some(shared) = &self.reader.shared {
            let ready = |state: &State| state.head.size > next || state.stopped.is_some() || state.closing;
            return Ok(shared.wait(limit, ready).head.size);
        }
        let mut waited = Duration::ZERO;
        loop {
            let size = self.reader.size()?;
            if size > next || waited >= limit {
                return Ok(size);
            }
            // Other processes give no sign; looking at one small file five times a second is cheap.
            std::thread::park_timeout(LOOK_INTERVAL);
            waited += LOOK_INTERVAL;
        }
    }
}
