//! Where the tree's hashes and entries lie: tiles of 256, their paths and widths.
//!
//! Source: C2SP tlog-tiles; `docs/format.md` §4. Paths are relative to the ledger's prefix.

use crate::hash::{Hash, node_hash};

/// Hashes in a full tile, entries in a full bundle.
pub const WIDTH: u64 = 256;

/// The highest level a tree of 64-bit size can have a tile at.
pub const TOP_LEVEL: u8 = 7;

/// A file of the ledger: a tile of hashes or a bundle of entries, full or partial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    /// What it holds.
    pub kind: Kind,
    /// Which one of its level, from 0.
    pub index: u64,
    /// Hashes or entries in it, 1 to 256; 256 is a full one.
    pub width: u16,
}

/// What a tile holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Entries themselves.
    Entries,
    /// Hashes of this level, 0 to 63 (`TOP_LEVEL` in a tree that can exist).
    Hashes(u8),
}

/// The text is not the path of a tile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the path of a tile or entry bundle")]
pub struct PathError(pub String);

/// A tile's or bundle's bytes do not have the form they must have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// A tile of hashes has another length than its width asks for.
    #[error("a tile of {width} hashes has {asked} bytes, not {found}")]
    Length {
        /// Hashes it should hold.
        width: u16,
        /// Bytes it has.
        found: usize,
        /// Bytes it should have.
        asked: usize,
    },
    /// A bundle of entries ends inside an entry, or holds more or fewer than it should.
    #[error("the bundle of {width} entries breaks off or runs on at byte {at}, in entry {entry} of it")]
    Bundle {
        /// Entries it should hold.
        width: u16,
        /// Which entry of the bundle.
        entry: u16,
        /// Byte at which the trouble begins.
        at: usize,
    },
}

impl Tile {
    /// The `index`-th tile of `kind` in a tree of `size`, as wide as it is there; none where the tree does not reach.
    #[must_use]
    pub fn in_tree(kind: Kind, index: u64, size: u64) -> Option<Self> {
        let units = size.checked_shr(8 * u32::from(kind.level())).unwrap_or(0);
        let width = units.checked_sub(index.checked_mul(WIDTH)?)?.min(WIDTH);
        let width = u16::try_from(width).ok().filter(|width| *width > 0)?;
        Some(Self { kind, index, width })
    }

    /// The same tile when full.
    #[must_use]
    pub const fn full(self) -> Self {
        Self { width: 256, ..self }
    }

    /// Whether it is full.
    #[must_use]
    pub const fn is_full(self) -> bool {
        self.width == 256
    }

    /// Its path, for example `tile/0/x001/234` or `tile/entries/000.p/17`.
    #[must_use]
    pub fn path(self) -> String {
        let kind = match self.kind {
            Kind::Entries => "entries".to_owned(),
            Kind::Hashes(level) => level.to_string(),
        };
        let mut index = format!("{:03}", self.index % 1000);
        let mut rest = self.index / 1000;
        while rest > 0 {
            index = format!("x{:03}/{index}", rest % 1000);
            rest /= 1000;
        }
        let partial = if self.is_full() { String::new() } else { format!(".p/{}", self.width) };
        format!("tile/{kind}/{index}{partial}")
    }

    /// The tile that has this path.
    ///
    /// # Errors
    /// [`PathError`]: it is not the one spelling of a tile's path.
    pub fn from_path(path: &str) -> Result<Self, PathError> {
        Self::read_path(path)
            .filter(|tile| tile.path() == path)
            .ok_or_else(|| PathError(path.chars().take(200).collect()))
    }

    fn read_path(path: &str) -> Option<Self> {
        let (kind, rest) = path.strip_prefix("tile/")?.split_once('/')?;
        let kind = match kind {
            "entries" => Kind::Entries,
            level => Kind::Hashes(decimal(level)?.try_into().ok().filter(|level| *level <= 63)?),
        };
        let (index, width) = match rest.split_once(".p/") {
            None => (rest, 256),
            Some((index, width)) => {
                (index, u16::try_from(decimal(width)?).ok().filter(|w| (1..256).contains(w))?)
            }
        };
        let index = index.split('/').try_fold(0u64, |sum, part| {
            let digits = part.strip_prefix('x').unwrap_or(part);
            sum.checked_mul(1000)?.checked_add(decimal(digits)?)
        })?;
        Some(Self { kind, index, width })
    }
}

impl Kind {
    /// Level of the tree its units stand at; entries stand at 0.
    #[must_use]
    pub const fn level(self) -> u8 {
        match self {
            Kind::Entries => 0,
            Kind::Hashes(level) => level,
        }
    }
}

/// The files a tree of `size` has at its right edge and how wide they are: for each level, entries first, the last
/// tile. Levels without a unit have none.
pub fn edge(size: u64) -> impl Iterator<Item = Tile> {
    let kinds = std::iter::once(Kind::Entries).chain((0..=TOP_LEVEL).map(Kind::Hashes));
    kinds.filter_map(move |kind| {
        let units = size >> (8 * u32::from(kind.level()));
        Tile::in_tree(kind, units.checked_sub(1)? / WIDTH, size)
    })
}

/// Hashes of a tile.
///
/// # Errors
/// `Length`: the bytes are not as many as the width asks for.
pub fn hashes(bytes: &[u8], width: u16) -> Result<Vec<Hash>, TileError> {
    let asked = usize::from(width) * Hash::LENGTH;
    if bytes.len() != asked {
        return Err(TileError::Length { width, found: bytes.len(), asked });
    }
    Ok(bytes.as_chunks::<32>().0.iter().map(|hash| Hash::from_bytes(*hash)).collect())
}

/// Root of the subtree over these hashes, of which there is a power of two.
#[must_use]
pub fn subtree_root(hashes: &[Hash]) -> Hash {
    let mut level = hashes.to_vec();
    while level.len() > 1 {
        level = level.as_chunks::<2>().0.iter().map(|[left, right]| node_hash(left, right)).collect();
    }
    level.first().copied().unwrap_or_else(Hash::of_empty_tree)
}

/// Entries of a bundle, in order.
///
/// # Errors
/// `Bundle`: it breaks off, or holds more or fewer entries than `width`.
pub fn entries(bytes: &[u8], width: u16) -> Result<Vec<&[u8]>, TileError> {
    let mut entries = Vec::with_capacity(usize::from(width));
    let mut rest = bytes;
    for entry in 0..width {
        let wrong = TileError::Bundle { width, entry, at: bytes.len() - rest.len() };
        let (head, tail) = rest.split_first_chunk::<2>().ok_or_else(|| wrong.clone())?;
        let (data, tail) = tail.split_at_checked(usize::from(u16::from_be_bytes(*head))).ok_or(wrong)?;
        entries.push(data);
        rest = tail;
    }
    if rest.is_empty() {
        Ok(entries)
    } else {
        Err(TileError::Bundle { width, entry: width, at: bytes.len() - rest.len() })
    }
}

/// An entry as it stands in a bundle, behind its length.
///
/// Entries are at most 65,535 bytes (`docs/format.md` §2); a longer one cannot be made by [`crate::entry`].
pub fn put_entry(bundle: &mut Vec<u8>, entry: &[u8]) {
    let length = u16::try_from(entry.len()).unwrap_or(u16::MAX);
    debug_assert_eq!(usize::from(length), entry.len());
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
}

fn decimal(text: &str) -> Option<u64> {
    if text.is_empty() || text.len() > 20 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn paths_are_those_of_the_specification() {
        let tile = |kind, index, width| Tile { kind, index, width }.path();
        assert_eq!(tile(Kind::Hashes(0), 1_234_067, 256), "tile/0/x001/x234/067");
        assert_eq!(tile(Kind::Entries, 0, 17), "tile/entries/000.p/17");
        assert_eq!(tile(Kind::Hashes(2), 1000, 1), "tile/2/x001/000.p/1");
    }

    #[test]
    fn a_tree_of_70000_has_the_tiles_of_the_specification() {
        let size = 70_000;
        let edge: Vec<_> = edge(size).map(Tile::path).collect();
        assert_eq!(edge, ["tile/entries/273.p/112", "tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]);
        assert!(Tile::in_tree(Kind::Hashes(1), 0, size).unwrap().is_full());
        assert_eq!(Tile::in_tree(Kind::Hashes(3), 0, size), None);
    }

    #[test]
    fn other_spellings_of_a_path_are_refused() {
        for path in [
            "tile/0/x001/34",
            "tile/0/1",
            "tile/00/000",
            "tile/0/000.p/256",
            "tile/0/000.p/0",
            "tile/0/000.p/01",
            "tile/64/000",
            "tile/8/0/000",
            "tile/0/x000/000",
            "tile/0/001/000",
            "tile/0/x001/x000",
            "/tile/0/000",
            "tile/entries/000/",
            "tile/data/000",
            "tile/0/-01",
            "tile/0/+01",
            "tile/0/０00",
            "tile/0/000.p/1.p/1",
            "tile/0/x018/x446/x744/x073/x709/x551/616",
            "",
        ] {
            assert!(Tile::from_path(path).is_err(), "{path}");
        }
    }

    proptest! {
        #[test]
        fn a_path_goes_there_and_back(level in 0u8..64, index: u64, width in 1u16..=256, entries: bool) {
            let kind = if entries { Kind::Entries } else { Kind::Hashes(level) };
            let tile = Tile { kind, index, width };
            prop_assert_eq!(Tile::from_path(&tile.path()), Ok(tile));
        }

        #[test]
        fn any_text_is_refused_or_is_the_path_of_what_it_reads_as(text in "(tile/)?([0-9x]{0,4}/?){0,4}(\\.p/[0-9]{0,3})?") {
            if let Ok(tile) = Tile::from_path(&text) {
                prop_assert_eq!(tile.path(), text);
            }
        }

        #[test]
        fn a_bundle_goes_there_and_back_and_no_shorter_or_longer_one_does(
            list in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..20),
        ) {
            let mut bundle = Vec::new();
            for entry in &list {
                put_entry(&mut bundle, entry);
            }
            let width = u16::try_from(list.len()).unwrap();
            prop_assert_eq!(entries(&bundle, width).unwrap(), list);
            prop_assert!(entries(&bundle, width + 1).is_err());
            prop_assert!(entries(&bundle[..bundle.len() - 1], width).is_err());
            bundle.push(0);
            prop_assert!(entries(&bundle, width).is_err());
        }
    }
}
