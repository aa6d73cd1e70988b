//! Chance that can be had again: a small generator of numbers from a seed.
//!
//! Every test that leaves something to chance prints its seed when it fails; the same seed gives the same run on every
//! machine. It is SplitMix64: the state walks by the odd number nearest 2⁶⁴/φ, and each step's state is stirred by two
//! multiplications between three shifts, so that neighbouring seeds give unrelated rows.
//! Not for secrets.
//! Source: G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators" (2014), §5.

/// A row of numbers that depends on its seed only.
#[derive(Debug, Clone)]
pub struct Chance {
    state: u64,
}

impl Chance {
    /// The row of this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next 64 bits.
    pub fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut stirred = self.state;
        stirred = (stirred ^ (stirred >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        stirred = (stirred ^ (stirred >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        stirred ^ (stirred >> 31)
    }

    /// A number from 0 up to, not including, `end`; 0 when `end` is 0.
    pub fn below(&mut self, end: usize) -> usize {
        // The high half of the product falls below `end`; the error is under end/2⁶⁴.
        let product = u128::from(self.number()) * (end as u128);
        usize::try_from(product >> 64).unwrap_or(0)
    }

    /// True once in `times` on average.
    pub fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of the choices; none when there are none.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        choices.get(self.below(choices.len()))
    }

    /// Fills the bytes.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(self.number().to_le_bytes().split_at(chunk.len()).0);
        }
    }

    /// A row of its own, unrelated to what this one gives afterwards.
    #[must_use]
    pub fn branch(&mut self) -> Self {
        Self::new(self.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_published_row() {
        // The first numbers of seed 1234567 as other implementations of SplitMix64 print them.
        let mut chance = Chance::new(1_234_567);
        let row: Vec<_> = (0..3).map(|_| chance.number()).collect();
        assert_eq!(row, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn every_number_below_the_end_comes_and_no_other() {
        let mut chance = Chance::new(1);
        let mut seen = [0; 7];
        for _ in 0..7_000 {
            seen[chance.below(7)] += 1;
        }
        assert!(seen.iter().all(|count| (800..1_200).contains(count)), "{seen:?}");
        assert_eq!(chance.below(0), 0);
        assert_eq!(chance.pick::<u8>(&[]), None);
    }

    #[test]
    fn all_bytes_are_filled_whatever_the_length() {
        for length in 0..40 {
            let mut sum = vec![0u8; length];
            for seed in 0..64 {
                let mut bytes = vec![0u8; length];
                Chance::new(seed).fill(&mut bytes);
                sum.iter_mut().zip(bytes).for_each(|(sum, byte)| *sum |= byte);
            }
            assert!(sum.iter().all(|byte| *byte == 0xff), "{length}");
        }
    }
}
