//! One key under another: 32 bytes become 48.
//!
//! XChaCha20-Poly1305 with a random nonce of 24 bytes, so that nonces need no counter.
//! Source: `docs/format.md` §10.2; draft-irtf-cfrg-xchacha-03.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

/// Bytes of a wrapped key and its tag.
pub(crate) const WRAPPED_BYTES: usize = 48;
/// Bytes of a nonce.
pub(crate) const NONCE_BYTES: usize = 24;

/// A key of 32 bytes; wiped when dropped.
pub(crate) type Secret = Zeroizing<[u8; 32]>;

/// Puts `secret` under `key`, bound to `bound`.
#[expect(clippy::expect_used, reason = "the cipher refuses only texts of more than 256 GiB")]
pub(crate) fn wrap(
    key: &[u8; 32],
    nonce: [u8; NONCE_BYTES],
    bound: &[u8],
    secret: &[u8; 32],
) -> [u8; WRAPPED_BYTES] {
    let payload = Payload { msg: secret, aad: bound };
    let wrapped = cipher(key).encrypt(&XNonce::from(nonce), payload).expect("32 bytes are encrypted");
    wrapped.try_into().expect("32 bytes and a tag of 16")
}

/// The secret; none where the key is another one or anything was changed.
pub(crate) fn unwrap(
    key: &[u8; 32],
    nonce: [u8; NONCE_BYTES],
    bound: &[u8],
    wrapped: &[u8; WRAPPED_BYTES],
) -> Option<Secret> {
    let payload = Payload { msg: wrapped.as_slice(), aad: bound };
    let plain = Zeroizing::new(cipher(key).decrypt(&XNonce::from(nonce), payload).ok()?);
    let mut secret = Secret::default();
    secret.copy_from_slice(plain.get(..32)?);
    Some(secret)
}

fn cipher(key: &[u8; 32]) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&Key::from(*key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_nonce_and_surroundings_open_it() {
        let wrapped = wrap(&[1; 32], [2; 24], b"around", &[3; 32]);
        assert_eq!(*unwrap(&[1; 32], [2; 24], b"around", &wrapped).unwrap(), [3; 32]);
        assert!(unwrap(&[9; 32], [2; 24], b"around", &wrapped).is_none());
        assert!(unwrap(&[1; 32], [9; 24], b"around", &wrapped).is_none());
        assert!(unwrap(&[1; 32], [2; 24], b"elsewhere", &wrapped).is_none());
        let mut changed = wrapped;
        changed[47] ^= 1;
        assert!(unwrap(&[1; 32], [2; 24], b"around", &changed).is_none());
    }
}
