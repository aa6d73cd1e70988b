//! Random bytes, the texts made of them, and digests.
//!
//! Invariant: what is only ever compared is kept as a digest.

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use desk::Refused;
use ledger::entropy::Entropy;
use sha2::{Digest as _, Sha256};
use std::sync::{Mutex, PoisonError};
use zeroize::Zeroizing;

/// A source of randomness, shared.
pub(crate) struct Draw(Mutex<Box<dyn Entropy>>);

impl Draw {
    pub(crate) const fn new(entropy: Box<dyn Entropy>) -> Self {
        Self(Mutex::new(entropy))
    }

    /// Random bytes.
    pub(crate) fn bytes<const N: usize>(&self) -> Result<[u8; N], Refused> {
        let mut bytes = [0; N];
        let mut entropy = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entropy.fill(&mut bytes).map_err(|error| Refused::Failed(error.told()))?;
        Ok(bytes)
    }

    /// A secret of 32 random bytes, as text for a cookie or a link.
    pub(crate) fn secret(&self) -> Result<Zeroizing<String>, Refused> {
        let bytes = Zeroizing::new(self.bytes::<32>()?);
        Ok(Zeroizing::new(BASE64URL_NOPAD.encode(bytes.as_ref())))
    }

    /// A code that people type: three groups of four letters and digits, 60 bits.
    pub(crate) fn code(&self) -> Result<String, Refused> {
        let bytes = Zeroizing::new(self.bytes::<12>()?);
        let letters: Vec<char> = bytes.iter().map(|byte| letter(byte % 32)).collect();
        let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
        Ok(groups.join("-"))
    }
}

/// Letters and digits that are not taken for one another.
const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz234567890";

fn letter(at: u8) -> char {
    LETTERS.get(usize::from(at)).copied().unwrap_or(b'a').into()
}

/// A code as it is compared: small letters and digits alone.
pub(crate) fn plain_code(code: &str) -> String {
    let letters = code.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|c| c.to_ascii_lowercase()).collect()
}

/// SHA-256 of what is only compared, in hexadecimal; `what` keeps digests of one use from serving another.
pub(crate) fn digest(what: &str, secret: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(what.as_bytes());
    hash.update([0]);
    hash.update(secret.as_bytes());
    HEXLOWER.encode(&hash.finalize())
}

/// Are two texts the same? How long it takes says nothing of where they differ.
pub(crate) fn same(one: &str, other: &str) -> bool {
    let pairs = one.bytes().zip(other.bytes());
    one.len() == other.len() && pairs.fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::SeededEntropy;

    #[test]
    fn codes_are_typed_with_or_without_hyphens_and_in_capitals() {
        let draw = Draw::new(Box::new(SeededEntropy::new(3)));
        let code = draw.code().unwrap();
        assert_eq!(code.len(), 14);
        let typed = code.to_uppercase().replace('-', " ");
        assert_eq!(plain_code(&typed), plain_code(&code));
        assert_ne!(draw.code().unwrap(), code);
    }

    #[test]
    fn a_secret_for_a_cookie_is_32_bytes_and_another_each_time() {
        let draw = Draw::new(Box::new(SeededEntropy::new(4)));
        let secrets = [draw.secret().unwrap(), draw.secret().unwrap()];
        assert!(secrets.iter().all(|one| BASE64URL_NOPAD.decode(one.as_bytes()).unwrap().len() == 32));
        assert_ne!(secrets[0], secrets[1]);
    }

    #[test]
    fn a_digest_of_one_use_does_not_serve_another() {
        assert_ne!(digest("session", "x"), digest("token", "x"));
        assert!(same("abc", "abc") && !same("abc", "abd") && !same("abc", "ab"));
    }

    #[test]
    fn no_letter_of_a_code_stands_twice() {
        let mut letters = LETTERS.to_vec();
        letters.sort_unstable();
        letters.dedup();
        assert_eq!(letters.len(), 32);
    }
}
