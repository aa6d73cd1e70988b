//! Salts: what keeps a line's leaf from being guessed by whoever is shown its neighbour's.
//!
//! Salts follow from one key for each file and from the line's number, so that none is kept; whoever has the key could
//! have the lines as well.
//! Source: RFC 8439 (ChaCha20); `docs/format.md` §8.5.

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher, StreamCipherSeek};

/// Lines that share a nonce.
const STRETCH: u64 = 1 << 30;

/// The key of a file's salts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SaltKey([u8; 32]);

impl std::fmt::Debug for SaltKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SaltKey(..)")
    }
}

impl SaltKey {
    /// From its bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes, for the file they belong to.
    #[must_use]
    pub const fn secret_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Salts of the lines from `first` on. The salt of line `n` is the 16 bytes at place 16 · (n mod 2^30) of the key
    /// stream whose nonce is n div 2^30, in twelve bytes, the greatest first.
    #[must_use]
    pub fn salts(&self, first: u64, count: usize) -> Vec<[u8; 16]> {
        let mut salts = vec![[0; 16]; count];
        let (mut at, mut rest) = (first, salts.as_mut_slice());
        while !rest.is_empty() {
            let within = at % STRETCH;
            let here = usize::try_from(STRETCH - within).unwrap_or(usize::MAX).min(rest.len());
            let (now, later) = rest.split_at_mut(here);
            let mut nonce = [0; 12];
            if let Some(low) = nonce.last_chunk_mut::<8>() {
                *low = (at / STRETCH).to_be_bytes();
            }
            let mut stream = ChaCha20::new(&self.0.into(), &nonce.into());
            // 2^34 bytes at most: the stream has 2^38.
            stream.seek(within * 16);
            stream.apply_keystream(now.as_flattened_mut());
            (at, rest) = (at + here as u64, later);
        }
        salts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_salt_is_the_same_whatever_stands_around_it() {
        let key = SaltKey::from_bytes([7; 32]);
        for first in [0, 5, STRETCH - 3, 9 * STRETCH - 1] {
            let many = key.salts(first, 9);
            for (at, salt) in many.iter().enumerate() {
                assert_eq!(key.salts(first + at as u64, 1), [*salt]);
            }
            let mut sorted = many.clone();
            sorted.sort_unstable();
            sorted.dedup();
            assert_eq!(sorted.len(), many.len());
        }
    }

    #[test]
    fn salts_are_the_key_stream_of_the_standard() {
        // RFC 8439 §A.1, test vector 1: key and nonce of zeros, block 0.
        let salts = SaltKey::from_bytes([0; 32]).salts(0, 1);
        assert_eq!(
            salts,
            [[
                0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90, 0x40, 0x5d, 0x6a, 0xe5, 0x53, 0x86, 0xbd,
                0x28
            ]]
        );
    }
}
