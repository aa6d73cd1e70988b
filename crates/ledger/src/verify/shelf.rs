//! The tiles and bundles that are there, by what they hold.
//!
//! Owns: names below `ledger/tile/`, which file of a tile to read. Does not: judge what is in them.
//! Source: C2SP tlog-tiles; `docs/format.md` §4.

use super::{Context, Files, Got, unreadable};
use super::{Finding, words};
use proof::tile::{Kind, TOP_LEVEL, Tile, WIDTH};

/// Where the ledger's published files lie in a data folder.
pub(super) const PREFIX: &str = "ledger/";

/// All tiles that are there, sorted by kind, index, width.
#[derive(Debug, Clone, Default)]
pub(super) struct Shelf(Vec<Tile>);

/// Content of a tile of the tree.
pub(super) struct Main {
    pub(super) path: String,
    pub(super) bytes: Vec<u8>,
    /// It was read from the full file, which may go on behind the width that was asked for.
    pub(super) longer: bool,
}

impl Shelf {
    pub(super) fn of(files: &Files) -> Self {
        let mut tiles: Vec<_> = files.below("ledger/tile/").filter_map(tile_of).collect();
        tiles.sort_unstable();
        Self(tiles)
    }

    pub(super) fn all(&self) -> &[Tile] {
        &self.0
    }

    pub(super) fn has(&self, tile: Tile) -> bool {
        self.0.binary_search(&tile).is_ok()
    }

    /// The partial tiles of one tile that are narrower than `width`.
    pub(super) fn narrower(&self, tile: Tile) -> impl DoubleEndedIterator<Item = Tile> + '_ {
        let from = self.0.partition_point(|other| *other < Tile { width: 0, ..tile });
        let to = self.0.partition_point(|other| *other < tile);
        self.0.get(from..to).unwrap_or_default().iter().copied()
    }

    /// Entries there would be if the furthest bundle and tile of level 0 were right.
    pub(super) fn extent(&self) -> u64 {
        let leaves = self.0.iter().filter(|tile| tile.kind.level() == 0);
        leaves
            .map(|tile| (tile.index.saturating_mul(WIDTH)).saturating_add(tile.width.into()))
            .max()
            .unwrap_or(0)
    }
}

/// The tile that this path of a data folder names, if a ledger may have it.
pub(super) fn tile_of(path: &str) -> Option<Tile> {
    let tile = Tile::from_path(path.strip_prefix(PREFIX)?).ok()?;
    let possible = match tile.kind {
        Kind::Entries => true,
        Kind::Hashes(level) => level <= TOP_LEVEL,
    };
    possible.then_some(tile)
}

/// Whether a ledger may have this folder, which ends in `/`.
pub(super) fn is_tile_folder(path: &str) -> bool {
    if path == "ledger/tile/" {
        return true;
    }
    let Some(path) = path.strip_suffix('/') else { return false };
    // A folder is possible when some file below it is.
    let below = match path.strip_suffix(".p") {
        Some(_) => format!("{path}/1"),
        None => format!("{path}/000"),
    };
    tile_of(&below).is_some() || deeper(path)
}

/// Folders of the shape `tile/0/x001`, below which a further `x` part or a file stands.
fn deeper(path: &str) -> bool {
    tile_of(&format!("{path}/000.p/1")).is_some() || tile_of(&format!("{path}/x000/000")).is_some()
}

pub(super) fn path_of(tile: Tile) -> String {
    format!("{PREFIX}{}", tile.path())
}

/// Reads a tile of the tree: its own file, or where that has given way to it, the full one.
pub(super) fn fetch(context: &Context<'_>, tile: Tile) -> Result<Main, Finding> {
    let path = path_of(tile);
    match context.read(&path) {
        Got::Here(bytes) => return Ok(Main { path, bytes, longer: false }),
        Got::Unreadable(error) => return Err(unreadable(&path, &error)),
        Got::Missing => {}
    }
    let full = path_of(tile.full());
    match context.read(&full) {
        Got::Here(bytes) if !tile.is_full() => Ok(Main { path: full, bytes, longer: true }),
        Got::Unreadable(error) => Err(unreadable(&full, &error)),
        _ => Err(Finding::bytes(path, words::missing())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_tiles_are_those_in_which_a_tile_can_lie() {
        for folder in [
            "",
            "0/",
            "entries/",
            "entries/x001/",
            "0/x001/x234/",
            "7/000.p/",
            "entries/x001/234.p/",
            "0/x001/x000/",
        ] {
            assert!(is_tile_folder(&format!("ledger/tile/{folder}")), "{folder}");
        }
        for folder in [
            "8/",
            "x/",
            "00/",
            "0/x000/",
            "0/001/",
            "0/1.p/",
            "0/x1/",
            "0/000.p/1/",
            "entries/x001/y/",
            "data/",
        ] {
            assert!(!is_tile_folder(&format!("ledger/tile/{folder}")), "{folder}");
        }
        assert!(!is_tile_folder("ledger/tiles/"));
    }

    #[test]
    fn narrower_tiles_are_those_of_the_same_place() {
        let tile = |kind, index, width| Tile { kind, index, width };
        let zero = Kind::Hashes(0);
        let mut tiles = vec![
            tile(Kind::Entries, 1, 3),
            tile(zero, 0, 7),
            tile(zero, 1, 2),
            tile(zero, 1, 9),
            tile(zero, 1, 256),
            tile(zero, 2, 1),
        ];
        tiles.sort_unstable();
        let shelf = Shelf(tiles);
        let widths: Vec<_> = shelf.narrower(tile(zero, 1, 256)).map(|tile| tile.width).collect();
        assert_eq!(widths, [2, 9]);
        assert_eq!(shelf.narrower(tile(zero, 1, 9)).count(), 1);
        assert_eq!(shelf.extent(), 513);
    }
}
