//! Random bytes that a seed gives, and a source that runs dry.
//!
//! Never: a source of real secrets.

use crate::Chance;
use ledger::entropy::{Entropy, EntropyError};

/// Bytes of the row of a seed; after `limit` bytes, if there is one, nothing but errors.
#[derive(Debug, Clone)]
pub struct SeededEntropy {
    chance: Chance,
    /// Bytes still to be had.
    left: Option<usize>,
}

impl SeededEntropy {
    /// All the bytes of this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { chance: Chance::new(seed), left: None }
    }

    /// Only the first `limit` bytes of this seed.
    #[must_use]
    pub const fn with_limit(seed: u64, limit: usize) -> Self {
        Self { chance: Chance::new(seed), left: Some(limit) }
    }
}

impl Entropy for SeededEntropy {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        if let Some(left) = self.left {
            let spent = || EntropyError(std::io::Error::other("the seed's bytes are used up"));
            self.left = Some(left.checked_sub(bytes.len()).ok_or_else(spent)?);
        }
        self.chance.fill(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_its_bytes_and_a_limit_ends_them() {
        let (mut first, mut second) = (SeededEntropy::new(5), SeededEntropy::with_limit(5, 50));
        let (mut one, mut two) = ([0; 40], [0; 40]);
        first.fill(&mut one).unwrap();
        second.fill(&mut two).unwrap();
        assert_eq!(one, two);
        assert!(second.fill(&mut two).is_err());
        second.fill(&mut two[..10]).unwrap();
        first.fill(&mut one).unwrap();
        assert_ne!(one, two);
    }
}
