//! The Merkle tree of RFC 6962: roots, and proofs of inclusion, consistency and of a range, made and checked.
//!
//! Making a proof asks a [`Subtrees`] for hashes of complete subtrees; where they come from (tiles, memory) is its
//! business. Checking needs only the proof.
//! Source: RFC 6962 §2.1, RFC 9162 §2.1.3.2 and §2.1.4.2 (the checks); `docs/format.md` §8.4 (range).

use crate::hash::{Hash, node_hash};

/// Why a proof does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// The numbers contradict each other, for example an entry past the end of the tree.
    #[error("entries {first}..{end} cannot be proven in a tree of {size}")]
    OutOfRange {
        /// First entry.
        first: u64,
        /// One past the last entry.
        end: u64,
        /// Size of the tree.
        size: u64,
    },
    /// The proof has too few or too many hashes.
    #[error("the proof has {found} hashes, {asked} are asked for")]
    Length {
        /// Hashes in the proof.
        found: usize,
        /// Hashes a proof for these numbers has.
        asked: usize,
    },
    /// The hashes lead to another root.
    #[error("the proof leads to root {found}, not to {asked}")]
    Root {
        /// Root the proof leads to.
        found: Hash,
        /// Root it should lead to.
        asked: Hash,
    },
}

/// Where hashes of complete subtrees come from.
pub trait Subtrees {
    /// Why a hash could not be had.
    type Error;

    /// Hash of the complete subtree over the entries `[index << level, (index + 1) << level)`.
    ///
    /// # Errors
    /// When the hash cannot be had.
    fn subtree(&mut self, level: u32, index: u64) -> Result<Hash, Self::Error>;
}

/// The right edge of a tree: what is needed to grow it, one hash for each set bit of its size.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    /// Roots of the complete subtrees, widest first.
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The edge of the empty tree.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The edge of the tree of `size` entries.
    ///
    /// # Errors
    /// Those of `subtrees`.
    pub fn load<S: Subtrees>(size: u64, subtrees: &mut S) -> Result<Self, S::Error> {
        let mut peaks = Vec::new();
        cover(0, size, &mut |level, index| {
            peaks.push(subtrees.subtree(level, index)?);
            Ok(())
        })?;
        Ok(Self { size, peaks })
    }

    /// Appends a leaf. `completed(level, hash)` is told of each subtree this completes, the leaf itself (level 0) first.
    pub fn push(&mut self, leaf: Hash, mut completed: impl FnMut(u32, Hash)) {
        completed(0, leaf);
        let mut hash = leaf;
        for level in 1..=self.size.trailing_ones() {
            let Some(left) = self.peaks.pop() else { break };
            hash = node_hash(&left, &hash);
            completed(level, hash);
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// Number of entries.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Root of the tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        match peaks.next() {
            None => Hash::of_empty_tree(),
            Some(last) => peaks.fold(*last, |right, left| node_hash(left, &right)),
        }
    }
}

/// Root of the tree over these leaf hashes.
#[must_use]
pub fn root_of(leaves: &[Hash]) -> Hash {
    let mut frontier = Frontier::new();
    for leaf in leaves {
        frontier.push(*leaf, |_, _| ());
    }
    frontier.root()
}

/// Root of the tree of `size` entries.
///
/// # Errors
/// Those of `subtrees`.
pub fn root<S: Subtrees>(size: u64, subtrees: &mut S) -> Result<Hash, S::Error> {
    Ok(Frontier::load(size, subtrees)?.root())
}

/// Proof that entry `index` is in the tree of `size`: from the leaf's sibling up (RFC 6962 §2.1.1).
/// Empty where `index` is not in the tree.
///
/// # Errors
/// Those of `subtrees`.
pub fn prove_inclusion<S: Subtrees>(index: u64, size: u64, subtrees: &mut S) -> Result<Vec<Hash>, S::Error> {
    let mut proof = Vec::new();
    let (mut first, mut end) = (0, size);
    while index < size && end - first > 1 {
        let middle = first + split(end - first);
        if index < middle {
            proof.push(range_root(middle, end, subtrees)?);
            end = middle;
        } else {
            proof.push(range_root(first, middle, subtrees)?);
            first = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// Checks that `leaf` is entry `index` of the tree of `size` with this root.
///
/// # Errors
/// [`TreeError`]: numbers, length or root do not agree.
pub fn check_inclusion(
    index: u64,
    size: u64,
    leaf: &Hash,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), TreeError> {
    if index >= size {
        return Err(TreeError::OutOfRange { first: index, end: index.saturating_add(1), size });
    }
    let (mut node, mut last) = (index, size - 1);
    let mut hash = *leaf;
    let mut rest = proof.iter();
    while last > 0 {
        if node & 1 == 1 || node < last {
            let sibling = rest.next().ok_or_else(|| inclusion_length(index, size, proof))?;
            hash = if node & 1 == 1 { node_hash(sibling, &hash) } else { node_hash(&hash, sibling) };
        }
        node >>= 1;
        last >>= 1;
    }
    if rest.next().is_some() {
        return Err(inclusion_length(index, size, proof));
    }
    same_root(hash, *root)
}

/// Proof that the tree of `old` entries is the beginning of the tree of `new` (RFC 6962 §2.1.2).
/// Empty where `old` is 0 or not smaller than `new`.
///
/// # Errors
/// Those of `subtrees`.
pub fn prove_consistency<S: Subtrees>(old: u64, new: u64, subtrees: &mut S) -> Result<Vec<Hash>, S::Error> {
    let mut proof = Vec::new();
    if old == 0 || old >= new {
        return Ok(proof);
    }
    let (mut first, mut end) = (0, new);
    // Down the path to the edge of the old tree; what hangs off it on the way, seen from below.
    while old != end {
        let middle = first + split(end - first);
        if old <= middle {
            proof.push(range_root(middle, end, subtrees)?);
            end = middle;
        } else {
            proof.push(range_root(first, middle, subtrees)?);
            first = middle;
        }
    }
    if first != 0 {
        proof.push(range_root(first, end, subtrees)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Checks that the tree of `old` entries with root `old_root` is the beginning of the one of `new` with `new_root`.
///
/// # Errors
/// [`TreeError`]: numbers, length or either root do not agree.
pub fn check_consistency(
    old: u64,
    new: u64,
    proof: &[Hash],
    old_root: &Hash,
    new_root: &Hash,
) -> Result<(), TreeError> {
    if old > new {
        return Err(TreeError::OutOfRange { first: 0, end: old, size: new });
    }
    if old == 0 || old == new {
        if !proof.is_empty() {
            return Err(TreeError::Length { found: proof.len(), asked: 0 });
        }
        let asked = if old == 0 { Hash::of_empty_tree() } else { *new_root };
        return same_root(*old_root, asked);
    }
    let wrong_length = || TreeError::Length { found: proof.len(), asked: consistency_length(old, new) };
    let mut rest = proof.iter();
    let (mut node, mut last) = (old - 1, new - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    // An old tree that is complete is its own starting point.
    let start = if old.is_power_of_two() { old_root } else { rest.next().ok_or_else(wrong_length)? };
    let (mut older, mut newer) = (*start, *start);
    while last > 0 {
        if node & 1 == 1 {
            let left = rest.next().ok_or_else(wrong_length)?;
            older = node_hash(left, &older);
            newer = node_hash(left, &newer);
        } else if node < last {
            newer = node_hash(&newer, rest.next().ok_or_else(wrong_length)?);
        }
        node >>= 1;
        last >>= 1;
    }
    if rest.next().is_some() {
        return Err(wrong_length());
    }
    same_root(older, *old_root)?;
    same_root(newer, *new_root)
}

/// Proof for the entries `[first, end)` of the tree of `size` (`docs/format.md` §8.4).
///
/// # Errors
/// Those of `subtrees`.
pub fn prove_range<S: Subtrees>(
    first: u64,
    end: u64,
    size: u64,
    subtrees: &mut S,
) -> Result<Vec<Hash>, S::Error> {
    let mut proof = Vec::new();
    let mut pending = vec![(0, size)];
    while let Some((low, high)) = pending.pop() {
        if high <= first || low >= end {
            if low < high {
                proof.push(range_root(low, high, subtrees)?);
            }
        } else if low < first || high > end {
            let middle = low + split(high - low);
            pending.push((middle, high));
            pending.push((low, middle));
        }
    }
    Ok(proof)
}

/// Root of the tree of `size` in which `leaves` stand from `first` on, as the range proof has it.
///
/// # Errors
/// [`TreeError`]: numbers or length do not agree. The root is the caller's to compare.
pub fn check_range(first: u64, leaves: &[Hash], size: u64, proof: &[Hash]) -> Result<Hash, TreeError> {
    let end = first.saturating_add(leaves.len() as u64);
    if leaves.is_empty() || end > size {
        return Err(TreeError::OutOfRange { first, end, size });
    }
    let mut walk = RangeWalk { first, end, leaves, proof: proof.iter(), used: 0 };
    let root = walk.root(0, size);
    match root {
        Some(root) if walk.used == proof.len() => Ok(root),
        _ => Err(TreeError::Length { found: proof.len(), asked: range_length(first, end, size) }),
    }
}

struct RangeWalk<'a> {
    first: u64,
    end: u64,
    leaves: &'a [Hash],
    proof: std::slice::Iter<'a, Hash>,
    used: usize,
}

impl RangeWalk<'_> {
    /// Root over `[low, high)`; at most 64 levels deep, since each level halves the width.
    fn root(&mut self, low: u64, high: u64) -> Option<Hash> {
        if high <= self.first || low >= self.end {
            self.used += 1;
            return self.proof.next().copied();
        }
        if low >= self.first && high <= self.end {
            let from = usize::try_from(low - self.first).ok()?;
            let to = usize::try_from(high - self.first).ok()?;
            return self.leaves.get(from..to).map(root_of);
        }
        let middle = low + split(high - low);
        let left = self.root(low, middle)?;
        Some(node_hash(&left, &self.root(middle, high)?))
    }
}

/// Root over the entries `[first, end)`, which must be a subtree of some tree: `first` a multiple of the width's
/// power of two.
fn range_root<S: Subtrees>(first: u64, end: u64, subtrees: &mut S) -> Result<Hash, S::Error> {
    let mut peaks = Vec::new();
    cover(first, end, &mut |level, index| {
        peaks.push(subtrees.subtree(level, index)?);
        Ok(())
    })?;
    let mut peaks = peaks.iter().rev();
    let last = peaks.next().copied().unwrap_or_else(Hash::of_empty_tree);
    Ok(peaks.fold(last, |right, left| node_hash(left, &right)))
}

/// The complete subtrees that make up `[first, end)`, widest first.
fn cover<E>(mut first: u64, end: u64, visit: &mut impl FnMut(u32, u64) -> Result<(), E>) -> Result<(), E> {
    while first < end {
        let level = (end - first).ilog2().min(first.checked_trailing_zeros());
        visit(level, first >> level)?;
        first += 1 << level;
    }
    Ok(())
}

trait TrailingZeros {
    fn checked_trailing_zeros(self) -> u32;
}

impl TrailingZeros for u64 {
    /// Level of the widest complete subtree that can begin here; at 0 every width can.
    fn checked_trailing_zeros(self) -> u32 {
        if self == 0 { 63 } else { self.trailing_zeros() }
    }
}

/// The largest power of two smaller than `width`; `width` is at least 2.
const fn split(width: u64) -> u64 {
    1 << (width - 1).ilog2()
}

fn same_root(found: Hash, asked: Hash) -> Result<(), TreeError> {
    if found == asked { Ok(()) } else { Err(TreeError::Root { found, asked }) }
}

fn inclusion_length(index: u64, size: u64, proof: &[Hash]) -> TreeError {
    let (mut node, mut last, mut asked) = (index, size - 1, 0);
    while last > 0 {
        asked += usize::from(node & 1 == 1 || node < last);
        node >>= 1;
        last >>= 1;
    }
    TreeError::Length { found: proof.len(), asked }
}

fn consistency_length(old: u64, new: u64) -> usize {
    prove_consistency(old, new, &mut Counting).map_or(0, |proof| proof.len())
}

fn range_length(first: u64, end: u64, size: u64) -> usize {
    prove_range(first, end, size, &mut Counting).map_or(0, |proof| proof.len())
}

/// Subtrees of which only the number matters.
struct Counting;

impl Subtrees for Counting {
    type Error = std::convert::Infallible;

    fn subtree(&mut self, _level: u32, _index: u64) -> Result<Hash, Self::Error> {
        Ok(Hash::from_bytes([0; 32]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::leaf_hash;
    use proptest::prelude::*;

    /// Leaves in memory; the recursion of RFC 6962 §2.1, word for word, as the second opinion.
    struct Memory(Vec<Hash>);

    impl Memory {
        fn new(size: u64) -> Self {
            Self((0..size).map(|i| leaf_hash(format!("entry {i}").as_bytes())).collect())
        }
    }

    fn mth(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Hash::of_empty_tree(),
            [one] => *one,
            _ => {
                let (left, right) = leaves.split_at(usize::try_from(split(leaves.len() as u64)).unwrap());
                node_hash(&mth(left), &mth(right))
            }
        }
    }

    impl Subtrees for Memory {
        type Error = std::convert::Infallible;

        fn subtree(&mut self, level: u32, index: u64) -> Result<Hash, Self::Error> {
            let width = 1usize << level;
            let first = usize::try_from(index).unwrap() * width;
            Ok(mth(&self.0[first..first + width]))
        }
    }

    fn tlog_stored(size: u64) -> Vec<tlog_tiles::tlog::Hash> {
        let mut stored = Vec::new();
        for i in 0..size {
            let reader = stored.clone();
            let more =
                tlog_tiles::tlog::stored_hashes(i, format!("entry {i}").as_bytes(), &Stored(reader)).unwrap();
            stored.extend(more);
        }
        stored
    }

    struct Stored(Vec<tlog_tiles::tlog::Hash>);

    impl tlog_tiles::tlog::HashReader for Stored {
        fn read_hashes(
            &self,
            indexes: &[u64],
        ) -> Result<Vec<tlog_tiles::tlog::Hash>, tlog_tiles::tlog::Error> {
            Ok(indexes.iter().map(|i| self.0[usize::try_from(*i).unwrap()]).collect())
        }
    }

    #[test]
    fn roots_are_those_of_the_recursion_and_of_the_second_opinion() {
        let memory = Memory::new(300);
        let stored = tlog_stored(300);
        for size in 0..=300u64 {
            let leaves = &memory.0[..usize::try_from(size).unwrap()];
            assert_eq!(root_of(leaves), mth(leaves), "size {size}");
            if size > 0 {
                let theirs = tlog_tiles::tlog::tree_hash(size, &Stored(stored.clone())).unwrap();
                assert_eq!(root_of(leaves).as_bytes(), &theirs.0, "size {size}");
            }
        }
    }

    #[test]
    fn proofs_agree_with_the_second_opinion_both_ways() {
        let mut memory = Memory::new(90);
        let stored = Stored(tlog_stored(90));
        for size in 1..=90u64 {
            let root = root_of(&memory.0[..usize::try_from(size).unwrap()]);
            for index in 0..size {
                let ours = prove_inclusion(index, size, &mut memory).unwrap();
                let theirs = tlog_tiles::tlog::prove_record(size, index, &stored).unwrap();
                assert_eq!(
                    ours.iter().map(|h| *h.as_bytes()).collect::<Vec<_>>(),
                    theirs.iter().map(|h| h.0).collect::<Vec<_>>()
                );
                let leaf = memory.0[usize::try_from(index).unwrap()];
                check_inclusion(index, size, &leaf, &ours, &root).unwrap();
            }
            for old in 1..=size {
                let ours = prove_consistency(old, size, &mut memory).unwrap();
                let theirs = tlog_tiles::tlog::prove_tree(size, old, &stored).unwrap();
                assert_eq!(
                    ours.iter().map(|h| *h.as_bytes()).collect::<Vec<_>>(),
                    theirs.iter().map(|h| h.0).collect::<Vec<_>>()
                );
                let old_root = root_of(&memory.0[..usize::try_from(old).unwrap()]);
                check_consistency(old, size, &ours, &old_root, &root).unwrap();
            }
        }
    }

    proptest! {
        #[test]
        fn a_range_proof_leads_to_the_root_and_no_other_does(
            size in 1u64..400, a in 0u64..400, b in 0u64..400, spoil in any::<prop::sample::Index>(),
        ) {
            let (first, end) = (a.min(b) % size, (a.max(b) % size) + 1);
            let (first, end) = (first.min(end - 1), end);
            let mut memory = Memory::new(size);
            let proof = prove_range(first, end, size, &mut memory).unwrap();
            let mut leaves = memory.0[usize::try_from(first).unwrap()..usize::try_from(end).unwrap()].to_vec();
            prop_assert_eq!(check_range(first, &leaves, size, &proof), Ok(root_of(&memory.0)));
            let mut longer = proof.clone();
            longer.push(memory.0[0]);
            prop_assert!(check_range(first, &leaves, size, &longer).is_err());
            if !proof.is_empty() {
                prop_assert!(check_range(first, &leaves, size, &proof[1..]).is_err());
            }
            let at = spoil.index(leaves.len());
            leaves[at] = leaf_hash(b"another");
            prop_assert_ne!(check_range(first, &leaves, size, &proof), Ok(root_of(&memory.0)));
        }

        #[test]
        fn a_spoilt_proof_is_refused(size in 2u64..400, at in any::<prop::sample::Index>(), index in 0u64..400, old in 1u64..400) {
            let (index, old) = (index % size, 1 + old % (size - 1));
            let mut memory = Memory::new(size);
            let root = root_of(&memory.0);
            let leaf = memory.0[usize::try_from(index).unwrap()];
            let mut proof = prove_inclusion(index, size, &mut memory).unwrap();
            prop_assert!(check_inclusion(index, size, &leaf, &proof[1..], &root).is_err());
            let spoilt = at.index(proof.len());
            proof[spoilt] = leaf_hash(b"another");
            prop_assert!(check_inclusion(index, size, &leaf, &proof, &root).is_err());
            let old_root = root_of(&memory.0[..usize::try_from(old).unwrap()]);
            let mut proof = prove_consistency(old, size, &mut memory).unwrap();
            prop_assert!(check_consistency(old, size, &proof, &root, &root).is_err());
            prop_assert!(check_consistency(old, size, &proof[1..], &old_root, &root).is_err());
            let spoilt = at.index(proof.len());
            proof[spoilt] = leaf_hash(b"another");
            prop_assert!(check_consistency(old, size, &proof, &old_root, &root).is_err());
        }

        #[test]
        fn an_edge_loaded_from_subtrees_grows_like_the_one_that_was_kept(size in 0u64..300, more in 0u64..50) {
            let mut memory = Memory::new(size + more);
            let mut kept = Frontier::new();
            for leaf in &memory.0[..usize::try_from(size).unwrap()] {
                kept.push(*leaf, |_, _| ());
            }
            let mut loaded = Frontier::load(size, &mut memory).unwrap();
            prop_assert_eq!(&loaded, &kept);
            for leaf in &memory.0[usize::try_from(size).unwrap()..] {
                loaded.push(*leaf, |_, _| ());
            }
            prop_assert_eq!(loaded.root(), root_of(&memory.0));
        }
    }
}
