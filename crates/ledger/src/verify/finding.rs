//! What a verification finds: which file, which byte, which entry, and what is wrong there.
//!
//! Owns: the order of findings (the first one is the one to look at), the limit of how many are kept.
//! Invariant: the order depends on what was found alone, never on which thread found it first.

use model::Told;
use std::cmp::Ordering;

/// Most findings that are kept; all are counted.
pub const MOST_FINDINGS: usize = 100;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How directly it points at what is wrong.
    pub sort: Sort,
    /// The entry it is about, where it is about one.
    pub entry: Option<u64>,
    /// The file, relative to the data folder.
    pub path: String,
    /// The byte of the file at which the trouble begins, as exactly as it can be known.
    pub at_byte: Option<u64>,
    /// What is wrong, and the mend.
    pub what: Told,
}

/// Sorts of findings, the most direct first: what follows from a changed byte must not hide that byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sort {
    /// The bytes are not those that belong here: changed, missing, too many.
    Bytes,
    /// The file is there and the system does not let it be read.
    Unreadable,
    /// The bytes are those that were written, and what they say must not be.
    Meaning,
}

impl Sort {
    /// Its name, one word, for machines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Unreadable => "unreadable",
            Self::Meaning => "meaning",
        }
    }
}

/// Findings, the first [`MOST_FINDINGS`] of them kept in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Findings {
    kept: Vec<Finding>,
    count: u64,
}

impl Finding {
    /// Bytes of `path` are wrong.
    #[must_use]
    pub fn bytes(path: impl Into<String>, what: Told) -> Self {
        Self { sort: Sort::Bytes, entry: None, path: path.into(), at_byte: None, what }
    }

    /// What `path` says must not be.
    #[must_use]
    pub fn meaning(path: impl Into<String>, what: Told) -> Self {
        Self { sort: Sort::Meaning, ..Self::bytes(path, what) }
    }

    /// `path` cannot be read.
    #[must_use]
    pub fn unreadable(path: impl Into<String>, what: Told) -> Self {
        Self { sort: Sort::Unreadable, ..Self::bytes(path, what) }
    }

    /// The same, beginning at this byte of the file.
    #[must_use]
    pub fn at(self, byte: u64) -> Self {
        Self { at_byte: Some(byte), ..self }
    }

    /// The same, about this entry.
    #[must_use]
    pub fn of_entry(self, entry: u64) -> Self {
        Self { entry: Some(entry), ..self }
    }

    /// Sort, then entry (none comes last), file, byte, words.
    fn order(&self, other: &Self) -> Ordering {
        let key = |finding: &Self| (finding.sort, finding.entry.unwrap_or(u64::MAX));
        key(self)
            .cmp(&key(other))
            .then_with(|| self.path.cmp(&other.path))
            .then_with(|| self.at_byte.cmp(&other.at_byte))
            .then_with(|| self.what.en.cmp(&other.what.en))
    }
}

impl Findings {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn add(&mut self, finding: Finding) {
        self.count += 1;
        self.keep(finding);
    }

    /// Adds those that another has.
    pub fn join(&mut self, other: Self) {
        self.count += other.count;
        other.kept.into_iter().for_each(|finding| self.keep(finding));
    }

    fn keep(&mut self, finding: Finding) {
        let place = self.kept.partition_point(|kept| kept.order(&finding) != Ordering::Greater);
        if place < MOST_FINDINGS {
            self.kept.insert(place, finding);
            self.kept.truncate(MOST_FINDINGS);
        }
    }

    /// Those that are kept, in order.
    #[must_use]
    pub fn kept(&self) -> &[Finding] {
        &self.kept
    }

    /// How many there are, kept or not.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(sort: Sort, entry: Option<u64>, path: &str) -> Finding {
        Finding { sort, entry, path: path.to_owned(), at_byte: None, what: Told::new("", "") }
    }

    #[test]
    fn the_first_finding_is_the_lowest_entry_whose_bytes_are_wrong() {
        let mut findings = Findings::new();
        findings.add(finding(Sort::Meaning, Some(1), "a"));
        findings.add(finding(Sort::Bytes, None, "b"));
        findings.add(finding(Sort::Bytes, Some(9), "c"));
        findings.add(finding(Sort::Bytes, Some(7), "d"));
        let paths: Vec<_> = findings.kept().iter().map(|finding| finding.path.as_str()).collect();
        assert_eq!(paths, ["d", "c", "b", "a"]);
    }

    #[test]
    fn many_are_counted_and_the_first_kept_in_whatever_order_they_come() {
        let add = |numbers: &mut dyn Iterator<Item = u64>| {
            let mut findings = Findings::new();
            for entry in numbers {
                findings.add(finding(Sort::Bytes, Some(entry), "a"));
            }
            findings
        };
        let (up, down) = (add(&mut (0..1000)), add(&mut (0..1000).rev()));
        let mut joined = add(&mut (500..1000));
        joined.join(add(&mut (0..500)));
        assert_eq!(up, down);
        assert_eq!(up, joined);
        assert_eq!((up.count(), up.kept().len()), (1000, MOST_FINDINGS));
        assert_eq!(up.kept()[99].entry, Some(99));
    }
}
