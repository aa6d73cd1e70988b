//! Who is wrong where two files do not agree: the entries, the tile over them, or the tile above.
//!
//! Owns: the tiles of the published tree from level 1 on, and every dispute. A tile that differs from what stands below
//! it is wrong, unless the hash above it speaks for it; then what stands below is wrong. At the right edge, where no
//! single hash stands above, the roots of the heads decide.
//! Invariants: one changed byte leads to one finding, at the file that was changed; a wrong entry is named with its
//! number, and with the very byte where another copy of it is there (an earlier partial bundle, the journal).
//! Source: RFC 6962 §2.1; C2SP tlog-tiles; `docs/format.md` §4.

use super::entries::{Place, Reading, Source};
use super::journal::Journal;
use super::scan::{Bundle, Frames, Scan, Scanned, first_difference, tile_root};
use super::shelf::{self, Main};
use super::tree::{Tree, joined};
use super::{Finding, Findings, Got, words};
use proof::hash::{Hash, leaf_hash};
use proof::tile::{self, Kind, TOP_LEVEL, Tile, WIDTH};
use std::collections::{BTreeMap, BTreeSet};

/// What was settled.
pub(super) struct Settled {
    pub(super) tree: Tree,
    /// Entries whose bytes are wrong: what they say counts for nothing.
    pub(super) accused: BTreeSet<u64>,
}

/// Who is wrong about a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Entries,
    Tile,
    Both,
    /// The hashes agree; the bundle runs on or the tile is too long.
    Length,
}

/// A tile of the tree as it is stored.
type Stored = Option<Main>;

struct Settler<'a, 'b> {
    scan: &'a Scan<'b>,
    journal: &'a Journal,
    reading: Reading<'a>,
    findings: Findings,
    stored: BTreeMap<(u8, u64), Stored>,
    /// Full bundles and tiles that were found wrong themselves, by level (bundles with their tiles at 0).
    reported: BTreeSet<(u8, u64)>,
    accused: BTreeSet<u64>,
    /// Of disputed bundles, how many entries the walk has read.
    read: BTreeMap<u64, usize>,
    leaves: BTreeMap<u64, Vec<Hash>>,
    edges: Vec<Edge>,
}

/// A dispute at the right edge.
struct Edge {
    /// 0 for the last bundle and its tile.
    level: u8,
    index: u64,
    /// As what stands below makes it.
    below: Vec<Hash>,
    /// As it is stored.
    stored: Vec<Hash>,
}

/// Settles what the walk left open, and checks the levels above. `roots` are sizes and roots that heads claim.
pub(super) fn settle(
    scan: &Scan<'_>,
    scanned: &mut Scanned,
    roots: &[(u64, Hash)],
    journal: &Journal,
) -> Settled {
    let mut settler = Settler {
        scan,
        journal,
        reading: Reading::new(scan.rules),
        findings: Findings::new(),
        stored: BTreeMap::new(),
        reported: BTreeSet::new(),
        accused: BTreeSet::new(),
        read: BTreeMap::new(),
        leaves: BTreeMap::new(),
        edges: Vec::new(),
    };
    let units = settler.bundles(&mut scanned.bundles);
    let levels = settler.levels(units);
    let tree = settler.edges(levels, roots);
    let Settler { reading, findings, accused, .. } = settler;
    scanned.findings.join(findings);
    scanned.findings.join(reading.findings);
    scanned.memory.join(reading.memory);
    Settled { tree, accused }
}

impl Settler<'_, '_> {
    /// Settles each full bundle against its tile; gives their roots.
    fn bundles(&mut self, bundles: &mut [Bundle]) -> Vec<Hash> {
        let mut units = Vec::with_capacity(bundles.len());
        for bundle in bundles {
            if let Some(leaves) = bundle.leaves.take() {
                self.leaves.insert(bundle.index, leaves);
            }
            if bundle.disputed {
                self.read.insert(bundle.index, bundle.read);
            }
            let full = (bundle.index + 1) * WIDTH <= self.scan.size;
            match (full, bundle.disputed) {
                (true, false) => units.extend(bundle.by_entries),
                (true, true) => units.push(self.bundle(bundle)),
                (false, false) => {}
                (false, true) => self.last_bundle(bundle.index),
            }
        }
        units
    }

    /// Settles a full bundle; gives the root that stands above it.
    fn bundle(&mut self, bundle: &Bundle) -> Hash {
        let above = self.stored_hash(1, bundle.index);
        let (verdict, root) = match (bundle.by_entries, bundle.by_tile) {
            (Some(entries), Some(tile)) if entries == tile => (Verdict::Length, Some(entries)),
            (Some(_), Some(tile)) if above == Some(tile) => (Verdict::Entries, above),
            (Some(entries), _) => (Verdict::Tile, Some(entries)),
            (None, Some(tile)) => (Verdict::Entries, Some(tile)),
            (None, None) => (Verdict::Both, above),
        };
        self.reported.insert((0, bundle.index));
        self.report(bundle.index, verdict);
        root.unwrap_or_else(Hash::of_empty_tree)
    }

    /// The last bundle, which is not full: the heads' roots will decide, where both sides can be read.
    fn last_bundle(&mut self, index: u64) {
        let examined = self.examine(index);
        let width = examined.width();
        let below = (examined.entry_leaves.len() == width).then(|| examined.entry_leaves.clone());
        let stored = (examined.tile_leaves.len() >= width)
            .then(|| examined.tile_leaves.get(..width).unwrap_or_default().to_vec());
        match (below, stored) {
            (Some(below), Some(stored)) if below == stored => {
                self.leaves.insert(index, below);
                self.report(index, Verdict::Length);
            }
            (Some(below), Some(stored)) => self.edges.push(Edge { level: 0, index, below, stored }),
            (Some(below), None) => {
                self.leaves.insert(index, below);
                self.report(index, Verdict::Tile);
            }
            (None, Some(stored)) => {
                self.leaves.insert(index, stored);
                self.report(index, Verdict::Entries);
            }
            (None, None) => self.report(index, Verdict::Both),
        }
    }

    /// Checks the tiles of each level against the one below; gives the units of each.
    fn levels(&mut self, units: Vec<Hash>) -> Vec<Vec<Hash>> {
        let mut levels = Vec::new();
        let mut units = units;
        for level in 1..=TOP_LEVEL {
            if units.is_empty() {
                break;
            }
            let mut above = Vec::with_capacity(units.len() / 256);
            for (index, below) in (0..).zip(units.chunks_mut(256)) {
                let root = self.tile(level, index, below);
                above.extend(root);
            }
            levels.push(units);
            units = above;
        }
        levels
    }

    /// Holds a stored tile against the units below it; where the tile is right, its hashes take their place. Gives the
    /// root over a full one.
    fn tile(&mut self, level: u8, index: u64, below: &mut [Hash]) -> Option<Hash> {
        let full = below.len() == 256;
        let root = full.then(|| tile::subtree_root(below));
        let width = u16::try_from(below.len()).unwrap_or(256);
        let tile = Tile { kind: Kind::Hashes(level), index, width };
        let Some(main) = self.stored(level, index) else { return root };
        let asked = joined(below);
        let found =
            if main.longer { main.bytes.get(..asked.len()).unwrap_or(&main.bytes) } else { &main.bytes };
        let Some(at) = first_difference(found, &asked) else { return root };
        let (path, stored_root, whole) =
            (main.path.clone(), tile_root(found, tile), found.len() == asked.len());
        let stored: Vec<_> = found.as_chunks::<32>().0.iter().map(|hash| Hash::from_bytes(*hash)).collect();
        if full && stored_root.is_some() && stored_root == self.stored_hash(level + 1, index) {
            self.blame(level, index, below, &stored);
            below.copy_from_slice(&stored);
            return stored_root;
        }
        if full || !whole {
            self.reported.insert((level, index));
            self.findings.add(Finding::bytes(path, words::tile()).at(at as u64));
        } else {
            self.edges.push(Edge { level, index, below: below.to_vec(), stored });
        }
        root
    }

    /// Lets the roots that heads claim decide the disputes at the right edge.
    fn edges(&mut self, levels: Vec<Vec<Hash>>, roots: &[(u64, Hash)]) -> Tree {
        let size = self.scan.size;
        let tree_of = |stored: &dyn Fn(usize) -> bool| {
            let (mut leaves, mut levels) = (self.leaves.clone(), levels.clone());
            for (at, edge) in self.edges.iter().enumerate() {
                let hashes = if stored(at) { &edge.stored } else { &edge.below };
                edge.put(hashes, &mut leaves, &mut levels);
            }
            Tree::new(size, leaves, levels)
        };
        let fits = |tree: &Tree| {
            let root = tree.root_at(size);
            roots.iter().any(|(at, claimed)| *at == size && Some(*claimed) == root)
        };
        let count = self.edges.len();
        // What stands below is right; or it is in one place, or all of them, that the stored tile is.
        let mut trials: Vec<Box<dyn Fn(usize) -> bool>> = vec![Box::new(|_| false)];
        trials.extend((0..count).map(|one| Box::new(move |at| at == one) as Box<dyn Fn(usize) -> bool>));
        trials.push(Box::new(|_| true));
        let chosen = trials.iter().position(|trial| fits(&tree_of(trial.as_ref()))).unwrap_or(0);
        let Some(stored) = trials.get(chosen) else { return Tree::new(size, BTreeMap::new(), levels) };
        let tree = tree_of(stored.as_ref());
        for (at, edge) in std::mem::take(&mut self.edges).iter().enumerate() {
            self.edge(edge, stored(at));
        }
        tree
    }

    /// Reports a dispute at the edge, in which the stored tile is right or wrong.
    fn edge(&mut self, edge: &Edge, stored_is_right: bool) {
        match (edge.level, stored_is_right) {
            (0, true) => self.report(edge.index, Verdict::Entries),
            (0, false) => self.report(edge.index, Verdict::Tile),
            (level, true) => self.blame(level, edge.index, &edge.below, &edge.stored),
            (level, false) => {
                let at = first_difference(&joined(&edge.stored), &joined(&edge.below)).unwrap_or(0);
                let path = self.stored(level, edge.index).map_or_else(String::new, |main| main.path.clone());
                self.findings.add(Finding::bytes(path, words::tile()).at(at as u64));
            }
        }
    }

    /// The units of a tile that is right, where what stands below them makes others. What was found wrong by itself is
    /// not named again.
    fn blame(&mut self, level: u8, index: u64, below: &[Hash], stored: &[Hash]) {
        for (unit, (below, stored)) in (index * WIDTH..).zip(below.iter().zip(stored)) {
            if below == stored || self.reported.contains(&(level - 1, unit)) {
                continue;
            }
            let kind = if level == 1 { Kind::Entries } else { Kind::Hashes(level - 1) };
            let path = shelf::path_of(Tile { kind, index: unit, width: 256 });
            self.findings
                .add(Finding::bytes(path, words::rewritten()).of_entry(unit << (8 * u32::from(level))));
        }
    }

    fn stored(&mut self, level: u8, index: u64) -> Option<&Main> {
        let (scan, findings) = (self.scan, &mut self.findings);
        let stored = self.stored.entry((level, index)).or_insert_with(|| {
            let tile = Tile::in_tree(Kind::Hashes(level), index, scan.size)?;
            match shelf::fetch(scan.context, tile) {
                Ok(main) => {
                    if !main.longer {
                        scan.progress.done(1, main.bytes.len() as u64);
                    }
                    Some(main)
                }
                Err(finding) => {
                    findings.add(finding);
                    None
                }
            }
        });
        stored.as_ref()
    }

    /// The stored hash of a unit of a level.
    fn stored_hash(&mut self, level: u8, unit: u64) -> Option<Hash> {
        let place = usize::try_from(unit % WIDTH).ok()?;
        let main = self.stored(level, unit / WIDTH)?;
        main.bytes.as_chunks::<32>().0.get(place).map(|hash| Hash::from_bytes(*hash))
    }
}

impl Edge {
    fn put(&self, hashes: &[Hash], leaves: &mut BTreeMap<u64, Vec<Hash>>, levels: &mut [Vec<Hash>]) {
        if self.level == 0 {
            leaves.insert(self.index, hashes.to_vec());
        } else if let Some(units) = levels.get_mut(usize::from(self.level) - 1) {
            units.truncate(usize::try_from(self.index * WIDTH).unwrap_or(usize::MAX));
            units.extend_from_slice(hashes);
        }
    }
}

/// A disputed bundle and its tile, looked at once more.
struct Examined {
    bundle: Tile,
    entries: Option<Main>,
    frames: Frames,
    entry_leaves: Vec<Hash>,
    hashes: Option<Main>,
    tile_leaves: Vec<Hash>,
}

impl Examined {
    fn width(&self) -> usize {
        usize::from(self.bundle.width)
    }

    /// Bytes of an entry, and where it begins.
    fn entry(&self, place: usize) -> Option<(usize, &[u8])> {
        let (from, to) = *self.frames.places.get(place)?;
        Some((from, self.entries.as_ref()?.bytes.get(from..to)?))
    }
}

impl Settler<'_, '_> {
    fn examine(&self, index: u64) -> Examined {
        let bundle = Tile::in_tree(Kind::Entries, index, self.scan.size);
        let bundle = bundle.unwrap_or(Tile { kind: Kind::Entries, index, width: 0 });
        // What cannot be read was reported by the walk.
        let entries = shelf::fetch(self.scan.context, bundle).ok();
        let hashes = shelf::fetch(self.scan.context, Tile { kind: Kind::Hashes(0), ..bundle }).ok();
        let mut frames = Frames::default();
        let mut entry_leaves = Vec::new();
        if let Some(main) = &entries {
            frames.read(&main.bytes, bundle.width, main.longer);
            let leaf =
                |(from, to): &(usize, usize)| leaf_hash(main.bytes.get(*from..*to).unwrap_or_default());
            entry_leaves = frames.places.iter().map(leaf).collect();
        }
        let stored = hashes.as_ref().map_or(&[][..], |main| main.bytes.as_chunks::<32>().0);
        let tile_leaves = stored.iter().map(|hash| Hash::from_bytes(*hash)).collect();
        Examined { bundle, entries, frames, entry_leaves, hashes, tile_leaves }
    }

    /// Names what is wrong about a bundle and its tile, reads the entries that are right, and holds earlier partial
    /// files against what is right.
    fn report(&mut self, index: u64, verdict: Verdict) {
        let examined = self.examine(index);
        let right = match verdict {
            Verdict::Entries => &examined.tile_leaves,
            Verdict::Tile | Verdict::Both | Verdict::Length => &examined.entry_leaves,
        };
        if index >= self.scan.keep_from || self.scan.keep.contains(&index) {
            self.leaves.insert(index, right.iter().take(examined.width()).copied().collect());
        }
        if verdict != Verdict::Entries {
            self.report_tile(&examined);
        }
        match verdict {
            Verdict::Entries => self.report_entries(&examined),
            Verdict::Tile => {}
            Verdict::Both | Verdict::Length => self.report_length(&examined),
        }
        let read = self.read.get(&index).copied().unwrap_or(0);
        for (number, place) in (index * WIDTH..).zip(0..examined.width()).skip(read) {
            if let (false, Some((at, bytes))) = (self.accused.contains(&number), examined.entry(place)) {
                let place = Place { number, file: Source::Bundle(examined.bundle), at: at as u64 };
                self.reading.entry(place, bytes);
            }
        }
        self.reading.end_run();
        self.report_narrower(&examined, right);
    }

    fn report_tile(&mut self, examined: &Examined) {
        let Some(main) = &examined.hashes else { return };
        let asked = joined(&examined.entry_leaves);
        let found =
            if main.longer { main.bytes.get(..asked.len()).unwrap_or(&main.bytes) } else { &main.bytes };
        // Behind an entry that cannot be read nothing is known of the tile.
        let found = if examined.entry_leaves.len() < examined.width() {
            found.get(..asked.len()).unwrap_or(found)
        } else {
            found
        };
        if let Some(at) = first_difference(found, &asked) {
            self.findings.add(Finding::bytes(&main.path, words::tile()).at(at as u64));
        }
    }

    /// The bundle breaks off or runs on.
    fn report_length(&mut self, examined: &Examined) {
        let (Some(main), Some(at)) = (&examined.entries, examined.frames.trouble) else { return };
        let number = examined.bundle.index * WIDTH + examined.frames.places.len() as u64;
        let finding = Finding::bytes(&main.path, words::bundle_length()).at(at as u64);
        let breaks_off = examined.frames.places.len() < examined.width();
        self.findings.add(if breaks_off { finding.of_entry(number) } else { finding });
        self.accuse(examined, examined.frames.places.len());
    }

    fn report_entries(&mut self, examined: &Examined) {
        let Some(main) = &examined.entries else {
            // The walk has said that the bundle is missing.
            return self.accuse(examined, 0);
        };
        let first = examined.bundle.index * WIDTH;
        let mut wrong = 0;
        for (place, right) in examined.tile_leaves.iter().take(examined.width()).enumerate() {
            if examined.entry_leaves.get(place) == Some(right) {
                continue;
            }
            wrong += 1;
            let number = first + place as u64;
            let begins = match place.checked_sub(1) {
                None => 0,
                Some(before) => {
                    examined.frames.places.get(before).map_or(examined.frames.end(), |(_, end)| *end)
                }
            };
            let at = begins
                + self.copy(examined.bundle, place, right).map_or(0, |copy| {
                    first_difference(main.bytes.get(begins..).unwrap_or_default(), &copy)
                        .unwrap_or(0)
                        .min(copy.len() - 1)
                });
            self.findings.add(Finding::bytes(&main.path, words::entry()).at(at as u64).of_entry(number));
            self.accused.insert(number);
            if examined.frames.trouble.is_some() {
                // A length is wrong, and what follows is not where it should be.
                self.accuse(examined, place);
                return;
            }
        }
        if wrong == 0 {
            self.report_length(examined);
        }
    }

    /// Nothing that the entries of the bundle from `place` on say counts.
    fn accuse(&mut self, examined: &Examined, place: usize) {
        let first = examined.bundle.index * WIDTH;
        self.accused.extend((place..examined.width()).map(|place| first + place as u64));
    }

    /// Another copy of an entry, behind its length, whose hash is the right one.
    fn copy(&self, bundle: Tile, place: usize, right: &Hash) -> Option<Vec<u8>> {
        let framed = |entry: &[u8]| {
            let mut framed = Vec::with_capacity(entry.len() + 2);
            tile::put_entry(&mut framed, entry);
            framed
        };
        let number = bundle.index * WIDTH + place as u64;
        if let Some(entry) = self.journal.entry(number).filter(|entry| leaf_hash(entry) == *right) {
            return Some(framed(entry));
        }
        let wider = self.scan.shelf.narrower(bundle).rev();
        wider.filter(|partial| usize::from(partial.width) > place).find_map(|partial| {
            let Got::Here(content) = self.scan.context.read(&shelf::path_of(partial)) else { return None };
            let mut frames = Frames::default();
            frames.read(&content, partial.width, false);
            let (from, to) = *frames.places.get(place)?;
            let entry = content.get(from..to)?;
            (leaf_hash(entry) == *right).then(|| framed(entry))
        })
    }

    /// Partial files of earlier sizes beside a disputed one, held against the hashes that are right.
    fn report_narrower(&mut self, examined: &Examined, right: &[Hash]) {
        let bundle = examined.bundle;
        let partials = self.scan.shelf.narrower(bundle);
        let partials = partials.chain(self.scan.shelf.narrower(Tile { kind: Kind::Hashes(0), ..bundle }));
        for partial in partials.collect::<Vec<_>>() {
            let path = shelf::path_of(partial);
            let Got::Here(content) = self.scan.context.read(&path) else { continue };
            self.scan.progress.done(1, content.len() as u64);
            let right = right.get(..usize::from(partial.width)).unwrap_or(right);
            let at = match partial.kind {
                Kind::Hashes(_) => first_difference(&content, &joined(right)),
                Kind::Entries => wrong_frame(&content, partial.width, right),
            };
            if let Some(at) = at {
                self.findings.add(Finding::bytes(path, words::partial_hash()).at(at as u64));
            }
        }
    }
}

/// Where the first entry begins whose hash is not the right one, or where the bundle breaks off or runs on.
fn wrong_frame(content: &[u8], width: u16, right: &[Hash]) -> Option<usize> {
    let mut frames = Frames::default();
    frames.read(content, width, false);
    let leaves =
        frames.places.iter().map(|(from, to)| leaf_hash(content.get(*from..*to).unwrap_or_default()));
    let wrong = leaves.zip(right).position(|(leaf, right)| leaf != *right);
    let begins = wrong.and_then(|place| frames.places.get(place)).map(|(from, _)| from - 2);
    begins.or(frames.trouble)
}
