//! The hashes of the tree in memory, as the entries make them: one for each full bundle and what stands above.
//!
//! Owns: the levels of tiles from 1 on; of level 0 only the bundles that somebody asked to be kept, since heads end in
//! them. A ledger of a hundred million entries takes some 13 MB here.
//! Does not: read a file.
//! Source: RFC 6962 §2.1; C2SP tlog-tiles; `docs/format.md` §4.

use proof::hash::Hash;
use proof::tile::{self, Kind, Tile, WIDTH};
use proof::tree::{self, Subtrees};
use std::collections::BTreeMap;

/// The hashes of a tree.
#[derive(Debug, Clone, Default)]
pub(super) struct Tree {
    size: u64,
    /// Leaves of the bundles that are kept, the last one among them unless it is full.
    leaves: BTreeMap<u64, Vec<Hash>>,
    /// Units of the tile levels from 1 on.
    levels: Vec<Vec<Hash>>,
}

impl Tree {
    /// The tree of `size` with these leaves kept and these units of the levels from 1 on.
    pub(super) fn new(size: u64, leaves: BTreeMap<u64, Vec<Hash>>, levels: Vec<Vec<Hash>>) -> Self {
        Self { size, leaves, levels }
    }

    /// Number of entries.
    pub(super) const fn size(&self) -> u64 {
        self.size
    }

    /// Hash of an entry in a bundle that is kept.
    pub(super) fn leaf(&self, number: u64) -> Option<Hash> {
        let place = usize::try_from(number % WIDTH).ok()?;
        self.leaves.get(&(number / WIDTH))?.get(place).copied()
    }

    /// What a tile of hashes must hold; none where the tree does not reach, or for bundles that are not kept.
    pub(super) fn content(&self, tile: Tile) -> Option<Vec<u8>> {
        let width = usize::from(tile.width);
        let hashes = match tile.kind {
            Kind::Entries => None,
            Kind::Hashes(0) => self.leaves.get(&tile.index)?.get(..width),
            Kind::Hashes(level) => {
                let first = usize::try_from(tile.index.checked_mul(WIDTH)?).ok()?;
                self.levels.get(usize::from(level) - 1)?.get(first..first.checked_add(width)?)
            }
        };
        hashes.map(joined)
    }

    /// Root of the tree of the first `size` entries; none where the bundle in which it ends is not kept.
    pub(super) fn root_at(&self, size: u64) -> Option<Hash> {
        if size > self.size {
            return None;
        }
        tree::root(size, &mut Source(self)).ok()
    }

    /// Adds an entry's hash.
    pub(super) fn push(&mut self, leaf: Hash) {
        let leaves = self.leaves.entry(self.size / WIDTH).or_default();
        leaves.push(leaf);
        self.size += 1;
        if !self.size.is_multiple_of(WIDTH) {
            return;
        }
        let mut carried = Some(tile::subtree_root(leaves));
        let mut level = 0;
        while let Some(hash) = carried {
            if self.levels.len() <= level {
                self.levels.push(Vec::new());
            }
            carried = self.levels.get_mut(level).and_then(|units| {
                units.push(hash);
                let tile = units.len().is_multiple_of(256).then(|| units.len() - 256);
                tile.and_then(|first| units.get(first..)).map(tile::subtree_root)
            });
            level += 1;
        }
    }
}

struct Source<'a>(&'a Tree);

/// The hash is not kept.
struct NotKept;

impl Subtrees for Source<'_> {
    type Error = NotKept;

    fn subtree(&mut self, level: u32, index: u64) -> Result<Hash, NotKept> {
        let (tile_level, above) = ((level / 8) as usize, level % 8);
        let (first, width) = (index << above, 1u64 << above);
        let (units, first) = match tile_level.checked_sub(1) {
            None => (self.0.leaves.get(&(first / WIDTH)), first % WIDTH),
            Some(level) => (self.0.levels.get(level), first),
        };
        let place = usize::try_from(first).ok().zip(usize::try_from(first + width).ok());
        let hashes = units.zip(place).and_then(|(units, (from, to))| units.get(from..to));
        hashes.map(tile::subtree_root).ok_or(NotKept)
    }
}

/// Hashes as a tile has them.
pub(super) fn joined(hashes: &[Hash]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(hashes.len() * Hash::LENGTH);
    hashes.iter().for_each(|hash| bytes.extend_from_slice(hash.as_bytes()));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proof::hash::leaf_hash;
    use proof::tree::root_of;

    #[test]
    fn roots_and_tiles_are_those_of_the_leaves_at_every_size() {
        let leaves: Vec<_> = (0..66_000u32).map(|n| leaf_hash(&n.to_be_bytes())).collect();
        let mut tree = Tree::default();
        for leaf in &leaves {
            tree.push(*leaf);
        }
        for size in [0, 1, 255, 256, 257, 511, 65_535, 65_536, 65_537, 66_000] {
            assert_eq!(tree.root_at(size as u64), Some(root_of(&leaves[..size])), "{size}");
        }
        assert_eq!(tree.root_at(66_001), None);
        assert_eq!(tree.leaf(300), Some(leaves[300]));
        let tile = |kind, index, width| tree.content(Tile { kind, index, width });
        assert_eq!(tile(Kind::Hashes(0), 3, 256), Some(joined(&leaves[768..1024])));
        assert_eq!(tile(Kind::Hashes(2), 0, 1), Some(joined(&[root_of(&leaves[..65_536])])));
        assert_eq!(tile(Kind::Hashes(2), 0, 2), None);
        assert_eq!(tile(Kind::Entries, 0, 1), None);
    }
}
