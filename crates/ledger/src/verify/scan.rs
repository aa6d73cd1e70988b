//! The long walk: every bundle is read, every entry hashed and read, on all cores.
//!
//! Owns: the bundles and the tiles of level 0 of the published tree, and the partial ones of earlier sizes.
//! Invariants: each file is read once; a bundle and its tile that agree are done with here, and those that do not are
//! left to `settle`, which asks the levels above; results do not depend on the number of threads.
//! Cost: of each entry one hash of itself and one of a node, and one pass over its text; no allocation.
//! Source: RFC 6962 §2.1; `docs/format.md` §4.

use super::entries::{Memory, Place, Reading, Rules, Source};
use super::shelf::{self, Main, Shelf};
use super::{Context, Finding, Findings, Got, Progress, unreadable, words};
use proof::hash::{Hash, leaf_hash, node_hash};
use proof::tile::{Kind, Tile, WIDTH};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bundles a thread takes at once: enough that threads seldom meet, few enough that they end together.
const TAKE: u64 = 8;

/// What is to be walked through.
pub(super) struct Scan<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) progress: &'a dyn Progress,
    pub(super) rules: &'a Rules<'a>,
    pub(super) shelf: &'a Shelf,
    /// Published entries.
    pub(super) size: u64,
    /// From this bundle on all leaves are kept,
    pub(super) keep_from: u64,
    /// and those of these bundles.
    pub(super) keep: BTreeSet<u64>,
}

/// What the walk brought.
#[derive(Default)]
pub(super) struct Scanned {
    /// Bundles in order.
    pub(super) bundles: Vec<Bundle>,
    pub(super) findings: Findings,
    pub(super) memory: Memory,
}

/// What is known of a bundle.
pub(super) struct Bundle {
    pub(super) index: u64,
    /// Hash over the entries of a full one, as far as they can be read.
    pub(super) by_entries: Option<Hash>,
    /// The same over the hashes in the tile of level 0.
    pub(super) by_tile: Option<Hash>,
    /// Bundle and tile do not agree, or one of them is not what it must be.
    pub(super) disputed: bool,
    /// So many entries, from the first on, were read; `settle` reads the rest of a disputed one.
    pub(super) read: usize,
    /// Hashes of the entries, where somebody needs them.
    pub(super) leaves: Option<Vec<Hash>>,
}

/// Entries of a bundle taken apart.
#[derive(Default)]
pub(super) struct Frames {
    /// Where each entry begins and ends, behind its length.
    pub(super) places: Vec<(usize, usize)>,
    /// Where the file breaks off or runs on; none where it holds just the entries it should.
    pub(super) trouble: Option<usize>,
}

impl Frames {
    /// Takes `bytes` apart into at most `width` entries.
    pub(super) fn read(&mut self, bytes: &[u8], width: u16, longer: bool) {
        self.places.clear();
        self.trouble = None;
        let mut at = 0;
        for _ in 0..width {
            let head = bytes.get(at..).and_then(|rest| rest.first_chunk::<2>());
            let end = head.map(|head| at + 2 + usize::from(u16::from_be_bytes(*head)));
            let Some(end) = end.filter(|end| *end <= bytes.len()) else {
                self.trouble = Some(at);
                return;
            };
            self.places.push((at + 2, end));
            at = end;
        }
        if at < bytes.len() && !longer {
            self.trouble = Some(at);
        }
    }

    /// Where the entries end.
    pub(super) fn end(&self) -> usize {
        self.places.last().map_or(0, |(_, end)| *end)
    }
}

impl Scan<'_> {
    /// Walks through all bundles.
    pub(super) fn run(&self) -> Scanned {
        let next = AtomicU64::new(0);
        let mut all = Scanned::default();
        let cores = self.context.cores;
        std::thread::scope(|scope| {
            let threads: Vec<_> = (1..cores).map(|_| scope.spawn(|| self.thread(&next))).collect();
            all.join(self.thread(&next));
            for thread in threads {
                match thread.join() {
                    Ok(scanned) => all.join(scanned),
                    // What one thread could not do nobody has done: the whole walk has failed.
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
        });
        all.bundles.sort_unstable_by_key(|bundle| bundle.index);
        all
    }

    fn thread(&self, next: &AtomicU64) -> Scanned {
        let mut walker = Walker {
            scan: self,
            reading: Reading::new(self.rules),
            findings: Findings::new(),
            bundles: Vec::new(),
            frames: Frames::default(),
            leaves: Vec::with_capacity(256),
        };
        let end = self.size.div_ceil(WIDTH);
        loop {
            let from = next.fetch_add(TAKE, Ordering::Relaxed);
            if from >= end {
                break;
            }
            (from..end.min(from + TAKE)).for_each(|index| walker.bundle(index));
            walker.reading.end_run();
        }
        let Walker { reading, mut findings, bundles, .. } = walker;
        findings.join(reading.findings);
        Scanned { bundles, findings, memory: reading.memory }
    }

    /// The bundle of this number and its tile, as the published tree has them.
    pub(super) fn tiles(&self, index: u64) -> Option<(Tile, Tile)> {
        let bundle = Tile::in_tree(Kind::Entries, index, self.size)?;
        Some((bundle, Tile { kind: Kind::Hashes(0), ..bundle }))
    }

    fn keeps(&self, index: u64) -> bool {
        index >= self.keep_from || self.keep.contains(&index)
    }
}

impl Scanned {
    fn join(&mut self, other: Self) {
        self.bundles.extend(other.bundles);
        self.findings.join(other.findings);
        self.memory.join(other.memory);
    }
}

/// One thread on its way.
struct Walker<'a> {
    scan: &'a Scan<'a>,
    reading: Reading<'a>,
    findings: Findings,
    bundles: Vec<Bundle>,
    frames: Frames,
    leaves: Vec<Hash>,
}

impl Walker<'_> {
    fn bundle(&mut self, index: u64) {
        let Some((bundle, tile)) = self.scan.tiles(index) else { return };
        let entries = self.fetch(bundle, Some(index * WIDTH));
        let hashes = self.fetch(tile, None);
        self.leaves.clear();
        self.frames.places.clear();
        let stored = hashes.as_ref().map_or(&[][..], |main| main.bytes.as_chunks::<32>().0);
        let read = entries.as_ref().map_or(0, |entries| self.entries(bundle, entries, stored));
        let right_length =
            |hashes: &Main| hashes.longer || hashes.bytes.len() == self.leaves.len() * Hash::LENGTH;
        let whole = self.frames.trouble.is_none() && read == usize::from(bundle.width);
        let agree = whole && hashes.as_ref().is_some_and(right_length);
        if let (true, Some(entries), Some(hashes)) = (agree, &entries, &hashes) {
            self.narrower(bundle, entries, |frames, width| {
                frames.get(width.checked_sub(1)?).map(|(_, end)| *end)
            });
            self.narrower(tile, hashes, |_, width| Some(width * Hash::LENGTH));
        } else {
            self.reading.end_run();
        }
        let full = |count: usize| bundle.is_full() && count == 256;
        let leaves = (agree && self.scan.keeps(index)).then(|| self.leaves.clone());
        let by_entries = full(self.leaves.len()).then(|| root_in_place(&mut self.leaves));
        let by_tile =
            if agree { by_entries } else { hashes.and_then(|hashes| tile_root(&hashes.bytes, bundle)) };
        self.bundles.push(Bundle { index, by_entries, by_tile, disputed: !agree, read, leaves });
    }

    /// Hashes the entries of a bundle, and reads them as long as their hashes are the stored ones. Gives how many it
    /// read. One after the other, since a processor reads one entry while it still hashes the one before.
    fn entries(&mut self, bundle: Tile, entries: &Main, stored: &[[u8; 32]]) -> usize {
        self.frames.read(&entries.bytes, bundle.width, entries.longer);
        let mut read = 0;
        for (place, (from, to)) in self.frames.places.iter().enumerate() {
            let entry = entries.bytes.get(*from..*to).unwrap_or_default();
            let leaf = leaf_hash(entry);
            self.leaves.push(leaf);
            if read == place && stored.get(place) == Some(leaf.as_bytes()) {
                let number = bundle.index * WIDTH + place as u64;
                self.reading.entry(Place { number, file: Source::Bundle(bundle), at: *from as u64 }, entry);
                read += 1;
            }
        }
        read
    }

    /// Holds the partial tiles of earlier sizes against the one of the present size.
    fn narrower(
        &mut self,
        tile: Tile,
        main: &Main,
        length: impl Fn(&[(usize, usize)], usize) -> Option<usize>,
    ) {
        for partial in self.scan.shelf.narrower(tile) {
            let path = shelf::path_of(partial);
            let content = match self.scan.context.read(&path) {
                Got::Here(content) => content,
                Got::Missing => continue,
                Got::Unreadable(error) => {
                    self.findings.add(unreadable(&path, &error));
                    continue;
                }
            };
            self.scan.progress.done(1, content.len() as u64);
            let length = length(&self.frames.places, usize::from(partial.width));
            let asked = length.and_then(|length| main.bytes.get(..length)).unwrap_or_default();
            if let Some(at) = first_difference(&content, asked) {
                let entry = entry_at(partial, &self.frames.places, at);
                let finding = Finding::bytes(path, words::partial(&main.path)).at(at as u64);
                self.findings.add(finding.of_entry(entry));
            }
        }
    }

    fn fetch(&mut self, tile: Tile, first_entry: Option<u64>) -> Option<Main> {
        match shelf::fetch(self.scan.context, tile) {
            Ok(main) => {
                if !main.longer {
                    self.scan.progress.done(1, main.bytes.len() as u64);
                }
                Some(main)
            }
            Err(finding) => {
                self.findings.add(Finding { entry: first_entry, ..finding });
                None
            }
        }
    }
}

/// The entry in which byte `at` of a bundle or tile of level 0 stands.
pub(super) fn entry_at(tile: Tile, places: &[(usize, usize)], at: usize) -> u64 {
    let within = match tile.kind {
        Kind::Entries => places.partition_point(|(_, end)| *end <= at),
        Kind::Hashes(_) => at / Hash::LENGTH,
    };
    tile.index * WIDTH + (within as u64).min(u64::from(tile.width) - 1)
}

/// Where two contents first differ; the shorter one's end counts.
pub(super) fn first_difference(found: &[u8], asked: &[u8]) -> Option<usize> {
    if found == asked {
        return None;
    }
    let differs = found.iter().zip(asked).position(|(found, asked)| found != asked);
    Some(differs.unwrap_or_else(|| found.len().min(asked.len())))
}

/// Root over the hashes of a full tile; none where they are not as many.
pub(super) fn tile_root(bytes: &[u8], tile: Tile) -> Option<Hash> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    if !tile.is_full() || hashes.len() != 256 || !rest.is_empty() {
        return None;
    }
    let mut hashes: Vec<_> = hashes.iter().map(|hash| Hash::from_bytes(*hash)).collect();
    Some(root_in_place(&mut hashes))
}

/// Root over a power of two of hashes, which are lost on the way.
fn root_in_place(hashes: &mut [Hash]) -> Hash {
    let mut width = hashes.len();
    while width > 1 {
        width /= 2;
        for at in 0..width {
            let pair = (hashes.get(2 * at).copied(), hashes.get(2 * at + 1).copied());
            if let ((Some(left), Some(right)), Some(place)) = (pair, hashes.get_mut(at)) {
                *place = node_hash(&left, &right);
            }
        }
    }
    hashes.first().copied().unwrap_or_else(Hash::of_empty_tree)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proof::tile::put_entry;

    #[test]
    fn frames_end_where_a_length_leads_out_of_the_file() {
        let mut bundle = Vec::new();
        put_entry(&mut bundle, b"one");
        put_entry(&mut bundle, b"second");
        let mut frames = Frames::default();
        frames.read(&bundle, 2, false);
        assert_eq!((frames.places.as_slice(), frames.trouble), ([(2, 5), (7, 13)].as_slice(), None));
        frames.read(&bundle, 1, false);
        assert_eq!((frames.places.len(), frames.trouble), (1, Some(5)));
        frames.read(&bundle, 1, true);
        assert_eq!((frames.places.len(), frames.trouble), (1, None));
        frames.read(&bundle, 3, false);
        assert_eq!((frames.places.len(), frames.trouble), (2, Some(13)));
        frames.read(&bundle[..12], 2, false);
        assert_eq!((frames.places.len(), frames.trouble), (1, Some(5)));
    }

    #[test]
    fn the_root_of_a_tile_is_that_of_its_tree() {
        let hashes: Vec<_> = (0..256u16).map(|n| leaf_hash(&n.to_be_bytes())).collect();
        let tile = Tile { kind: Kind::Hashes(0), index: 0, width: 256 };
        let bytes = super::super::tree::joined(&hashes);
        assert_eq!(tile_root(&bytes, tile), Some(proof::tree::root_of(&hashes)));
        assert_eq!(tile_root(&bytes[32..], tile), None);
    }

    #[test]
    fn the_first_difference_may_be_the_end_of_the_shorter() {
        assert_eq!(first_difference(b"abc", b"abc"), None);
        assert_eq!(first_difference(b"abc", b"axc"), Some(1));
        assert_eq!(first_difference(b"ab", b"abc"), Some(2));
        assert_eq!(first_difference(b"abcd", b"abc"), Some(3));
    }
}
