//! Public keys of RSA, as credentials hold them: read in one spelling, checked by `ring`.
//!
//! Invariant: a key has 2048 bits at least, an exponent that is neither small nor large, and one form in bytes.
//! Source: RFC 8812 §2 (RS256); RFC 8017 §8.2.2 (the check), A.1.1 (`RSAPublicKey`); X.690 §10 (DER); FIPS 186-5 §5.1.

use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

/// A public key of RSA.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RsaKey {
    /// `RSAPublicKey` in DER.
    der: Vec<u8>,
}

/// Bits of a modulus, the fewest and the most.
const BITS: std::ops::RangeInclusive<usize> = 2_048..=8_192;
/// Exponents: those below are weak beside bad padding, those above make each check dear.
const EXPONENTS: std::ops::Range<u64> = (1 << 16) + 1..1 << 33;
/// Tags of DER.
const INTEGER: u8 = 0x02;
const SEQUENCE: u8 = 0x30;

impl RsaKey {
    /// From modulus and exponent, big-endian without zeros in front; none where they make no key that is taken.
    #[must_use]
    pub fn new(modulus: &[u8], exponent: &[u8]) -> Option<Self> {
        let bits = modulus.len() * 8 - modulus.first()?.leading_zeros() as usize;
        let odd = |number: &[u8]| number.last().is_some_and(|last| last & 1 == 1);
        let whole = exponent
            .iter()
            .try_fold(0u64, |so_far, byte| so_far.checked_mul(256)?.checked_add(u64::from(*byte)))?;
        let good = modulus.first() != Some(&0)
            && exponent.first() != Some(&0)
            && BITS.contains(&bits)
            && EXPONENTS.contains(&whole)
            && odd(modulus)
            && odd(exponent);
        good.then(|| Self { der: element(SEQUENCE, &[integer(modulus), integer(exponent)].concat()) })
    }

    /// From `RSAPublicKey` in DER.
    #[must_use]
    pub fn from_der(der: &[u8]) -> Option<Self> {
        let (numbers, _) = read(SEQUENCE, der)?;
        let (modulus, rest) = read(INTEGER, numbers)?;
        let (exponent, _) = read(INTEGER, rest)?;
        let bare = |number: &'_ [u8]| number.strip_prefix(&[0]).unwrap_or(number).to_vec();
        // Whatever is spelled otherwise, or has more behind it, does not come out the same.
        Self::new(&bare(modulus), &bare(exponent)).filter(|key| key.der == der)
    }

    /// As `RSAPublicKey` in DER.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// Whether an RSASSA-PKCS1-v1_5 signature with SHA-256 over `message` holds under this key.
    pub(super) fn holds(&self, message: &[u8], signature: &[u8]) -> bool {
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.der);
        key.verify(message, signature).is_ok()
    }
}

/// A number that is not negative: where its first bit is set, a zero stands before it.
fn integer(number: &[u8]) -> Vec<u8> {
    let sign = if number.first().is_some_and(|first| *first >= 0x80) { [0].as_slice() } else { &[] };
    element(INTEGER, &[sign, number].concat())
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let short =
        length.iter().position(|byte| *byte != 0).map_or(&[][..], |at| length.get(at..).unwrap_or(&[]));
    let length = match short {
        [only] if *only < 0x80 => vec![*only],
        // Eight bytes at most.
        many => [&[0x80 | u8::try_from(many.len()).unwrap_or(8)], many].concat(),
    };
    [&[tag], length.as_slice(), content].concat()
}

/// The content of the element the bytes begin with, and what follows it.
fn read(tag: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (found, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first.checked_sub(0x80) {
        None => (usize::from(*first), rest),
        Some(many) => {
            let (length, rest) = rest.split_at_checked(usize::from(many)).filter(|_| many <= 2)?;
            (length.iter().fold(0, |so_far, byte| so_far * 256 + usize::from(*byte)), rest)
        }
    };
    rest.split_at_checked(length).filter(|_| *found == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn modulus(bytes: usize) -> Vec<u8> {
        [&[0xc1], vec![7; bytes - 1].as_slice()].concat()
    }

    #[test]
    fn keys_of_at_least_2048_bits_are_taken_and_come_back_as_they_were() {
        for (bytes, good) in [(255, false), (256, true), (384, true), (1_024, true), (1_025, false)] {
            let key = RsaKey::new(&modulus(bytes), &[1, 0, 1]);
            assert_eq!(key.is_some(), good, "{bytes}");
            assert!(key.is_none_or(|key| RsaKey::from_der(key.as_der()) == Some(key)));
        }
        let mut short = modulus(256);
        short[0] = 0x41;
        assert!(RsaKey::new(&short, &[1, 0, 1]).is_none(), "2047 bits");
        short.insert(0, 0);
        assert!(RsaKey::new(&short, &[1, 0, 1]).is_none(), "a zero before them");
        let mut even = modulus(256);
        even[255] = 8;
        assert!(RsaKey::new(&even, &[1, 0, 1]).is_none());
    }

    #[test]
    fn exponents_are_odd_and_neither_small_nor_large() {
        let taken = |exponent: &[u8]| RsaKey::new(&modulus(256), exponent).is_some();
        assert!(taken(&[1, 0, 1]) && taken(&[1, 0xff, 0xff, 0xff, 0xff]));
        for refused in [&[3][..], &[0xff, 0xff], &[1, 0, 0], &[0, 1, 0, 1], &[2, 0, 0, 0, 1], &[1; 9], &[]] {
            assert!(!taken(refused), "{refused:?}");
        }
    }

    #[test]
    fn another_spelling_of_a_key_is_none() {
        let good = RsaKey::new(&modulus(256), &[1, 0, 1]).unwrap().der;
        assert!(RsaKey::from_der(&good).is_some());
        let more = [good.as_slice(), &[0]].concat();
        let longer = [&[0x30, 0x83, 0, 1, 0x0a], &good[4..]].concat();
        let without_sign = [&[0x30, 0x82, 1, 9, 2, 0x82, 1, 0], &good[9..]].concat();
        let tag = [&[0x31], &good[1..]].concat();
        for bad in [more, longer, without_sign, tag, good[..good.len() - 1].to_vec(), Vec::new()] {
            assert!(RsaKey::from_der(&bad).is_none(), "{bad:x?}");
        }
        for at in 0..8 {
            let mut bent = good.clone();
            bent[at] ^= 0x40;
            assert!(RsaKey::from_der(&bent).is_none(), "byte {at}");
        }
    }
}
