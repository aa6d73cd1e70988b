//! Writing and reading the tree's files: entries go in, tiles and bundles come out; hashes of subtrees come back.
//!
//! Owns: [`TileWriter`], the open tile of each level; [`TileHashes`], the tiles as a source of hashes.
//! Invariants: what is written depends on the entries alone, so that writing it again after a crash writes the same.
//! Does not: put checkpoints.
//! Source: C2SP tlog-tiles; `docs/format.md` §4.

use crate::disk::DiskError;
use crate::objects::Objects;
use proof::hash::Hash;
use proof::tile::{self, Kind, Tile, TileError, WIDTH};
use proof::tree::{Frontier, Subtrees};

/// The right edge of the files: what is in the last tile of each level.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TileWriter {
    size: u64,
    /// Size whose edge is in the files already.
    put_size: u64,
    /// The last bundle, as long as it is not full.
    bundle: Vec<u8>,
    /// The last tile of each level, as long as it is not full.
    levels: Vec<Vec<Hash>>,
}

/// A file of the tree is missing or is not what it must be.
#[derive(Debug, thiserror::Error)]
pub enum TilesError {
    /// It could not be read or written.
    #[error("a file of the ledger cannot be used")]
    Disk(#[from] DiskError),
    /// It is not there.
    #[error("{path} is missing")]
    Missing {
        /// Which file.
        path: String,
    },
    /// Its form is wrong.
    #[error("{path} is damaged")]
    Damaged {
        /// Which file.
        path: String,
        /// How.
        #[source]
        source: TileError,
    },
}

impl TileWriter {
    /// The edge of the tree of `size`, read from its files.
    ///
    /// # Errors
    /// [`TilesError`]: a file of the edge is not there or not whole.
    pub fn load(objects: &dyn Objects, size: u64) -> Result<Self, TilesError> {
        let mut writer = Self { size, put_size: size, ..Self::default() };
        for tile in tile::edge(size) {
            let Kind::Hashes(level) = tile.kind else {
                let bundle = fetch(objects, tile)?;
                tile::entries(&bundle, tile.width).map_err(|source| damaged(objects, tile, source))?;
                if !tile.is_full() {
                    writer.bundle = bundle;
                }
                continue;
            };
            let hashes = fetch_hashes(objects, tile)?;
            writer.levels.resize_with(usize::from(level) + 1, Vec::new);
            if let (false, Some(open)) = (tile.is_full(), writer.levels.last_mut()) {
                *open = hashes;
            }
        }
        Ok(writer)
    }

    /// Number of entries.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Adds an entry with its leaf hash; writes what it fills.
    ///
    /// # Errors
    /// `Disk`: start over from the last size that is durable.
    pub fn push(&mut self, objects: &dyn Objects, entry: &[u8], leaf: Hash) -> Result<(), TilesError> {
        tile::put_entry(&mut self.bundle, entry);
        let index = self.size / WIDTH;
        self.size += 1;
        if self.size.is_multiple_of(WIDTH) {
            objects.put(&Tile { kind: Kind::Entries, index, width: 256 }.path(), &self.bundle)?;
            self.bundle.clear();
        }
        self.push_hash(objects, leaf)
    }

    /// Adds a leaf to level 0; a tile that is full is written, and its root goes to the level above.
    fn push_hash(&mut self, objects: &dyn Objects, leaf: Hash) -> Result<(), TilesError> {
        let (mut hash, mut units) = (leaf, self.size);
        for level in 0..=tile::TOP_LEVEL {
            if self.levels.len() <= usize::from(level) {
                self.levels.push(Vec::with_capacity(256));
            }
            let Some(open) = self.levels.get_mut(usize::from(level)) else { break };
            open.push(hash);
            if open.len() < 256 {
                break;
            }
            let tile = Tile { kind: Kind::Hashes(level), index: units / WIDTH - 1, width: 256 };
            objects.put(&tile.path(), &joined(open))?;
            hash = tile::subtree_root(open);
            units /= WIDTH;
            open.clear();
        }
        Ok(())
    }

    /// Writes the partial tiles of the present size, which a checkpoint may then cover. One that is there already, as
    /// wide as it is now, is left alone: it may be durable, and writing it again would put that at risk.
    ///
    /// # Errors
    /// `Disk`: start over from the last size that is durable.
    pub fn put_edge(&mut self, objects: &dyn Objects) -> Result<(), TilesError> {
        let there = self.put_size;
        let is_there = |tile: &Tile| Tile::in_tree(tile.kind, tile.index, there) == Some(*tile);
        for tile in tile::edge(self.size).filter(|tile| !tile.is_full() && !is_there(tile)) {
            self.put_partial(objects, tile)?;
        }
        self.put_size = self.size;
        Ok(())
    }

    /// Writes a partial tile of the edge of the present size.
    pub(crate) fn put_partial(&self, objects: &dyn Objects, tile: Tile) -> Result<(), DiskError> {
        let content = match tile.kind {
            Kind::Entries => self.bundle.clone(),
            Kind::Hashes(level) => joined(self.levels.get(usize::from(level)).map_or(&[], Vec::as_slice)),
        };
        objects.put(&tile.path(), &content)
    }
}

/// The tiles of the tree of `size` as a source of subtree hashes. Remembers the last tile of each level.
pub struct TileHashes<'a> {
    objects: &'a dyn Objects,
    size: u64,
    last: Vec<Option<(u64, Vec<Hash>)>>,
}

impl<'a> TileHashes<'a> {
    /// The tiles in `objects` that the tree of `size` has.
    #[must_use]
    pub fn new(objects: &'a dyn Objects, size: u64) -> Self {
        Self { objects, size, last: vec![None; usize::from(tile::TOP_LEVEL) + 1] }
    }

    /// The right edge and so the root of the tree.
    ///
    /// # Errors
    /// [`TilesError`].
    pub fn frontier(&mut self) -> Result<Frontier, TilesError> {
        Frontier::load(self.size, self)
    }

    fn tile(&mut self, level: u8, index: u64) -> Result<&[Hash], TilesError> {
        let kind = Kind::Hashes(level);
        let missing = || TilesError::Missing { path: Tile { kind, index, width: 256 }.path() };
        let slot = self.last.get_mut(usize::from(level)).ok_or_else(missing)?;
        if !matches!(slot, Some((at, _)) if *at == index) {
            let tile = Tile::in_tree(kind, index, self.size).ok_or_else(missing)?;
            *slot = Some((index, fetch_hashes(self.objects, tile)?));
        }
        slot.as_ref().map(|(_, hashes)| hashes.as_slice()).ok_or_else(missing)
    }
}

impl Subtrees for TileHashes<'_> {
    type Error = TilesError;

    fn subtree(&mut self, level: u32, index: u64) -> Result<Hash, TilesError> {
        let above = level % 8;
        let tile_level = u8::try_from(level / 8).unwrap_or(u8::MAX);
        let first = index << above;
        let (tile, from) = (first / WIDTH, usize::try_from(first % WIDTH).unwrap_or(0));
        let hashes = self.tile(tile_level, tile)?.get(from..from + (1 << above)).map(tile::subtree_root);
        let path = || Tile { kind: Kind::Hashes(tile_level), index: tile, width: 256 }.path();
        hashes.ok_or_else(|| TilesError::Missing { path: path() })
    }
}

/// Content of a tile or bundle. A partial one may have been removed for the full one, which begins with it.
///
/// # Errors
/// [`TilesError`]: neither is there, or the full one is not whole.
pub fn fetch(objects: &dyn Objects, tile: Tile) -> Result<Vec<u8>, TilesError> {
    if let Some(content) = objects.fetch(&tile.path())? {
        return Ok(content);
    }
    let missing = || TilesError::Missing { path: objects.shown(&tile.path()) };
    let full = if tile.is_full() { None } else { objects.fetch(&tile.full().path())? };
    let mut content = full.ok_or_else(missing)?;
    let length = match tile.kind {
        Kind::Hashes(_) => usize::from(tile.width) * Hash::LENGTH,
        Kind::Entries => {
            let entries =
                tile::entries(&content, 256).map_err(|source| damaged(objects, tile.full(), source))?;
            entries.iter().take(usize::from(tile.width)).map(|entry| entry.len() + 2).sum()
        }
    };
    content.truncate(length);
    Ok(content)
}

/// Hashes of a tile.
///
/// # Errors
/// [`TilesError`].
pub fn fetch_hashes(objects: &dyn Objects, tile: Tile) -> Result<Vec<Hash>, TilesError> {
    let content = fetch(objects, tile)?;
    tile::hashes(&content, tile.width).map_err(|source| damaged(objects, tile, source))
}

fn damaged(objects: &dyn Objects, tile: Tile, source: TileError) -> TilesError {
    TilesError::Damaged { path: objects.shown(&tile.path()), source }
}

fn joined(hashes: &[Hash]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(hashes.len() * Hash::LENGTH);
    hashes.iter().for_each(|hash| bytes.extend_from_slice(hash.as_bytes()));
    bytes
}
