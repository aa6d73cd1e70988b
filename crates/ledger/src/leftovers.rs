//! What an untimely end leaves among the published files behind the mark: partial tiles of sizes that were published
//! in between, torn or empty, and files that never got their name.
//!
//! Publishing again writes the tiles of the recovered size over what is there. Those of sizes in between would stay as
//! the crash left them, and a verification would have to call them damaged.
//! Invariants: nothing below the mark is touched; what is not known to be unfinished is never removed.
//! Source: C2SP tlog-tiles; `docs/format.md` §4.

use crate::disk::{DiskError, parent};
use crate::objects::Objects;
use crate::tiles::TileWriter;
use proof::tile::{self, Kind, TOP_LEVEL, Tile, WIDTH};
use std::collections::BTreeSet;

/// Partial tiles to write again on the way to the recovered size.
#[derive(Debug, Default)]
pub(crate) struct Leftovers(BTreeSet<Tile>);

impl Leftovers {
    /// Looks through the folders in which the tree of `marked` entries has grown to `end`.
    pub(crate) fn find(objects: &dyn Objects, marked: u64, end: u64) -> Result<Self, DiskError> {
        let mut found = Self::default();
        objects.discard_unfinished("")?;
        let kinds = std::iter::once(Kind::Entries).chain((0..=TOP_LEVEL).map(Kind::Hashes));
        for kind in kinds {
            let units = |size: u64| size.checked_shr(8 * u32::from(kind.level())).unwrap_or(0);
            let mut above = BTreeSet::new();
            for index in units(marked) / WIDTH..=units(end) / WIDTH {
                let path = Tile { kind, index, width: 256 }.path();
                above.insert(format!("{}/", parent(&path)));
                found.look(objects, &format!("{path}.p/"), marked, end)?;
            }
            for folder in above {
                objects.discard_unfinished(&folder)?;
            }
        }
        Ok(found)
    }

    /// Looks through the partial tiles of one tile.
    fn look(&mut self, objects: &dyn Objects, folder: &str, marked: u64, end: u64) -> Result<(), DiskError> {
        objects.discard_unfinished(folder)?;
        for name in objects.list(folder)?.unwrap_or_default() {
            let Ok(tile) = Tile::from_path(&format!("{folder}{name}")) else { continue };
            let within = |size| {
                Tile::in_tree(tile.kind, tile.index, size).is_some_and(|whole| whole.width >= tile.width)
            };
            if within(end) && !within(marked) {
                self.0.insert(tile);
            }
        }
        Ok(())
    }

    /// Writes those again that are at the edge of `tiles` now.
    pub(crate) fn mend(&mut self, objects: &dyn Objects, tiles: &TileWriter) -> Result<(), DiskError> {
        if self.0.is_empty() {
            return Ok(());
        }
        for tile in tile::edge(tiles.size()) {
            if self.0.remove(&tile) {
                tiles.put_partial(objects, tile)?;
            }
        }
        Ok(())
    }
}
