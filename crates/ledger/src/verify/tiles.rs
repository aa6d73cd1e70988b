//! Files of tiles that the present tree does not ask for: partial ones of earlier sizes above level 0, and those beyond
//! the published head, which an unfinished publication leaves and the journal covers.
//!
//! Invariant: whatever is there is the beginning of what the entries make, or a finding.
//! Source: C2SP tlog-tiles; `docs/format.md` §4.

use super::journal::Journal;
use super::scan::{Scan, first_difference};
use super::shelf;
use super::tree::Tree;
use super::{Finding, Findings, Got, unreadable, words};
use proof::tile::{self, Kind, Tile, WIDTH};

/// Judges every listed tile that neither the walk nor the settling has read. `tree` goes on to the journal's end.
pub(super) fn judge(scan: &Scan<'_>, tree: &Tree, journal: &Journal, findings: &mut Findings) {
    for tile in scan.shelf.all() {
        let own = Tile::in_tree(tile.kind, tile.index, scan.size);
        let read = match tile.kind.level() {
            // Partial ones were held against the one of the present size by the walk.
            0 => own.is_some_and(|own| tile.width <= own.width),
            _ => own == Some(*tile),
        };
        if read {
            continue;
        }
        let path = shelf::path_of(*tile);
        let content = match scan.context.read(&path) {
            Got::Here(content) => content,
            Got::Missing => continue,
            Got::Unreadable(error) => {
                findings.add(unreadable(&path, &error));
                continue;
            }
        };
        scan.progress.done(1, content.len() as u64);
        let asked = match tile.kind {
            Kind::Entries => entries(scan, *tile, tree, journal),
            Kind::Hashes(_) => tree.content(*tile),
        };
        match asked {
            None => findings.add(Finding::bytes(path, words::beyond(tree.size()))),
            Some(asked) => {
                if let Some(at) = first_difference(&content, &asked) {
                    findings.add(Finding::bytes(path, words::partial_hash()).at(at as u64));
                }
            }
        }
    }
}

/// What a bundle beyond the published size must hold: what is published of it, then the journal's entries.
fn entries(scan: &Scan<'_>, tile: Tile, tree: &Tree, journal: &Journal) -> Option<Vec<u8>> {
    let first = tile.index * WIDTH;
    let end = first.checked_add(u64::from(tile.width)).filter(|end| *end <= tree.size())?;
    let mut bytes = Vec::new();
    let mut next = first;
    if let Some(own) = Tile::in_tree(tile.kind, tile.index, scan.size) {
        let main = shelf::fetch(scan.context, own).ok()?;
        let published = tile::entries(main.bytes.get(..length(&main.bytes, own.width)?)?, own.width).ok()?;
        published.iter().for_each(|entry| tile::put_entry(&mut bytes, entry));
        next += u64::from(own.width);
    }
    for number in next..end {
        tile::put_entry(&mut bytes, journal.entry(number)?);
    }
    Some(bytes)
}

/// Bytes of the first `width` entries.
fn length(bytes: &[u8], width: u16) -> Option<usize> {
    let mut frames = super::scan::Frames::default();
    frames.read(bytes, width, true);
    (frames.places.len() == usize::from(width)).then(|| frames.end())
}

/// Tiles that opening the ledger at the size of a head reads, and that are not there.
pub(super) fn missing_edge(scan: &Scan<'_>, size: u64, findings: &mut Findings) {
    for tile in tile::edge(size) {
        let read_already = Tile::in_tree(tile.kind, tile.index, scan.size) == Some(tile);
        let there = scan.shelf.has(tile) || scan.shelf.has(tile.full());
        if !read_already && !there && !matches!(scan.context.read(&shelf::path_of(tile)), Got::Here(_)) {
            findings.add(Finding::bytes(shelf::path_of(tile), words::missing()));
        }
    }
}
