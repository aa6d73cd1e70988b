//! What must hold of a ledger's folder, recomputed from the entries alone and as simply as it can be said.

use crate::{Place, key};
use ledger::journal::segment_first;
use proof::checkpoint::{Checkpoint, SignedCheckpoint};
use proof::entry::Entry;
use proof::hash::{Hash, leaf_hash, node_hash};
use proof::tile::{Kind, TOP_LEVEL, Tile};

/// Root over these leaves, by the definition of RFC 6962 §2.1.
pub(crate) fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::of_empty_tree(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            node_hash(&root(left), &root(right))
        }
    }
}

pub(crate) fn leaves(entries: &[Vec<u8>]) -> Vec<Hash> {
    entries.iter().map(|entry| leaf_hash(entry)).collect()
}

/// A head, signed by one of the keys of these numbers, whose root is that of these leaves.
pub(crate) fn head(bytes: &[u8], leaves: &[Hash], keys: &[u8], context: &str) -> Checkpoint {
    let head = SignedCheckpoint::parse(bytes).unwrap_or_else(|error| panic!("{context}: {error}"));
    let signed = keys.iter().any(|number| head.note().verify(key(*number).verifier()).is_ok());
    assert!(signed, "{context}: the head is not signed");
    let head = head.unverified().clone();
    let size = usize::try_from(head.size).unwrap();
    assert!(size <= leaves.len(), "{context}: the head shows {size} entries, there are {}", leaves.len());
    assert_eq!(head.root, root(&leaves[..size]), "{context}: root at {size}");
    head
}

/// Every file of the folder: it is one that belongs there, and its content is what the entries make it. `entries` are
/// those that are acknowledged; what is published may be fewer. Gives the published size.
pub(crate) fn folder(place: &Place, entries: &[Vec<u8>], keys: &[u8], context: &str) -> u64 {
    let leaves = leaves(entries);
    let read = |path: &str| place.disk.read(path).unwrap();
    let read = |path: &str| read(path).unwrap_or_else(|| panic!("{context}: {path} is missing"));
    let published = head(&read("ledger/checkpoint"), &leaves, keys, context).size;
    let durable = head(&read("ledger/durable"), &leaves, keys, context).size;
    assert!(durable <= published, "{context}: {durable} are marked durable, {published} are published");
    let mut paths = Vec::new();
    walk(place, "", &mut paths);
    for path in &paths {
        let there = match path.strip_prefix("ledger/").unwrap_or(path) {
            "checkpoint" | "durable" => true,
            "journal/reserve" => read(path).iter().all(|byte| *byte == 0),
            name => match (name.strip_prefix("journal/"), Tile::from_path(name)) {
                (Some(segment), _) => segment_first(segment).is_some(),
                (None, Ok(tile)) => read(path) == content(tile, published, entries, &leaves, context),
                (None, Err(_)) => false,
            },
        };
        assert!(
            there,
            "{context}: {path} does not belong there, or not like this; {published} are published"
        );
    }
    for tile in tiles(published) {
        assert!(paths.contains(&format!("ledger/{}", tile.path())), "{context}: {} is missing", tile.path());
    }
    published
}

/// Entries parse, their times never go back.
pub(crate) fn order(entries: &[Vec<u8>], context: &str) {
    let mut last = None;
    for (number, bytes) in entries.iter().enumerate() {
        let entry = Entry::parse(bytes).unwrap_or_else(|error| panic!("{context}: entry {number}: {error}"));
        assert!(last <= Some(entry.time()), "{context}: time goes back at {number}");
        last = Some(entry.time());
    }
}

fn walk(place: &Place, folder: &str, paths: &mut Vec<String>) {
    for name in place.disk.list(folder.trim_end_matches('/')).unwrap().unwrap_or_default() {
        let path = format!("{folder}{name}");
        if name.ends_with('/') { walk(place, &path, paths) } else { paths.push(path) }
    }
}

/// The tiles and bundles a tree of this size must have.
pub(crate) fn tiles(size: u64) -> Vec<Tile> {
    let kinds = std::iter::once(Kind::Entries).chain((0..=TOP_LEVEL).map(Kind::Hashes));
    let tiles = |kind| (0..).map_while(move |index| Tile::in_tree(kind, index, size));
    kinds.flat_map(tiles).collect()
}

/// What a tile or bundle must hold.
fn content(tile: Tile, published: u64, entries: &[Vec<u8>], leaves: &[Hash], context: &str) -> Vec<u8> {
    let widest = Tile::in_tree(tile.kind, tile.index, published).map_or(0, |widest| widest.width);
    assert!(tile.width <= widest, "{context}: {} is beyond the {published} published", tile.path());
    let first = usize::try_from(tile.index).unwrap() * 256;
    let units = first..first + usize::from(tile.width);
    let mut content = Vec::new();
    for unit in units {
        match tile.kind {
            Kind::Entries => {
                let entry = &entries[unit];
                content.extend_from_slice(&u16::try_from(entry.len()).unwrap().to_be_bytes());
                content.extend_from_slice(entry);
            }
            Kind::Hashes(level) => {
                let width = 256usize.pow(u32::from(level));
                content.extend_from_slice(root(&leaves[unit * width..(unit + 1) * width]).as_bytes());
            }
        }
    }
    content
}
