//! Sealing: bodies that only the holder of a data key reads, bound to the entry around them.
//!
//! Owns: the sealed member, its plaintext, the data key while it is in memory.
//! Invariant: an [`Opened`] has the content hash its entry states; what opens under the wrong entry does not exist.
//! Never: draws a nonce or a salt (the caller hands them in), stores a key, prints one.
//! Source: `docs/format.md` §3; XChaCha20-Poly1305 as in draft-irtf-cfrg-xchacha-03.

use crate::base64;
use crate::entry::{Body, Draft, Entry, content_hash};
use crate::hash::Hash;
use crate::json::{self, JsonError, Scanner};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use model::DataKeyId;
use serde::Serialize;
use serde_json::Value;
use zeroize::Zeroizing;

/// The plaintext's length is a multiple of this, so that the ciphertext tells little of the body's length.
const BLOCK: usize = 64;

/// A key that seals bodies. It is wiped when dropped and never printed.
#[derive(Clone)]
pub struct DataKey(Zeroizing<[u8; 32]>);

/// A body under seal, as it will stand in an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SealedBody {
    #[serde(rename = "alg")]
    algorithm: Algorithm,
    #[serde(with = "crate::base64::member::bytes")]
    data: Vec<u8>,
    #[serde(skip)]
    hash: Hash,
    key: DataKeyId,
    #[serde(with = "crate::base64::member::array")]
    nonce: [u8; 24],
}

/// The one way of sealing there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
enum Algorithm {
    #[serde(rename = "XC20P")]
    XChaCha20Poly1305,
}

/// What was under the seal.
#[derive(Clone, PartialEq, Eq)]
pub struct Opened {
    plaintext: Zeroizing<Vec<u8>>,
    body: std::ops::Range<usize>,
    salt: [u8; 16],
}

/// Why a body was not sealed or not opened.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The entry's body is in clear.
    #[error("the entry is not sealed")]
    Clear,
    /// The draft's body is under seal already.
    #[error("the draft is sealed already")]
    Twice,
    /// A sealed body needs a salt, else its hash could be guessed at.
    #[error("the draft has no salt")]
    Saltless,
    /// The draft has no canonical form, or the sealed text is not in it.
    #[error("what is or was to be sealed is not canonical JSON")]
    Json(#[from] JsonError),
    /// The cipher refused the plaintext.
    #[error("the cipher refused a plaintext of {bytes} bytes")]
    Cipher {
        /// Its length.
        bytes: usize,
    },
    /// Wrong key, or another entry's body, or changed bytes.
    #[error("the seal of key {key} does not open: wrong key, or the entry or its body was changed")]
    Broken {
        /// The data key the entry names.
        key: DataKeyId,
    },
    /// What was under the seal is not body, padding and salt.
    #[error("the sealed text is not {expected}")]
    Plaintext {
        /// What is asked for.
        expected: &'static str,
    },
    /// The content hash in the entry is another one.
    #[error("the content hash of what was sealed is {found}, the entry says {stated}")]
    Hash {
        /// Of body and salt inside.
        found: Hash,
        /// In the entry.
        stated: Hash,
    },
}

impl DataKey {
    /// From 32 random bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, for wrapping under another key.
    #[must_use]
    pub fn secret_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DataKey").finish_non_exhaustive()
    }
}

impl SealedBody {
    /// The content hash of what is under the seal.
    #[must_use]
    pub const fn hash(&self) -> Hash {
        self.hash
    }

    /// The data key that opens it.
    #[must_use]
    pub const fn key(&self) -> DataKeyId {
        self.key
    }
}

/// The same draft with its body under seal. Every member but the time is bound to the body, so the draft must be
/// complete, its signature included. A nonce must never be used twice under one key.
///
/// # Errors
/// `Twice`, `Saltless`: the body is not a clear one with a salt. `Json`: it has no canonical form.
pub fn seal(draft: Draft, key: &DataKey, key_id: DataKeyId, nonce: [u8; 24]) -> Result<Draft, SealError> {
    let Body::Clear { value, salt } = &draft.body else { return Err(SealError::Twice) };
    let salt = salt.ok_or(SealError::Saltless)?;
    let body = Zeroizing::new(json::to_canonical(value)?);
    let hash = content_hash(Some(&salt), &body);
    let plaintext = plaintext(&body, &salt);
    let bound = draft.associated_data(&hash)?;
    let data = cipher(key)
        .encrypt(&XNonce::from(nonce), Payload { msg: &plaintext, aad: &bound })
        .map_err(|_| SealError::Cipher { bytes: plaintext.len() })?;
    let sealed = SealedBody { algorithm: Algorithm::XChaCha20Poly1305, data, hash, key: key_id, nonce };
    Ok(Draft { body: Body::Sealed(sealed), ..draft })
}

/// Opens the body of a sealed entry.
///
/// # Errors
/// `Clear`: nothing is sealed. `Broken`: the key is wrong, or something was changed. `Plaintext`, `Hash`: whoever
/// sealed it did not keep to the format.
pub fn open(entry: &Entry<'_>, key: &DataKey) -> Result<Opened, SealError> {
    let sealed = entry.sealed().ok_or(SealError::Clear)?;
    let bound = entry.associated_data(sealed);
    let plaintext = cipher(key)
        .decrypt(&XNonce::from(sealed.nonce()), Payload { msg: &sealed.data(), aad: &bound })
        .map_err(|_| SealError::Broken { key: sealed.key() })?;
    let opened = Opened::parse(plaintext)?;
    opened.check_against(entry)?;
    Ok(opened)
}

impl Opened {
    /// Takes a plaintext apart. It still has to be compared with its entry.
    ///
    /// # Errors
    /// `Json`, `Plaintext`: not body, padding and salt in their one spelling.
    pub fn parse(plaintext: Vec<u8>) -> Result<Self, SealError> {
        let plaintext = Zeroizing::new(plaintext);
        let (body, salt) = parts(&plaintext)?;
        Ok(Self { plaintext, body, salt })
    }

    /// Compares it with the content hash that `entry` states.
    ///
    /// # Errors
    /// `Clear`: nothing is sealed there. `Hash`: something else is.
    pub fn check_against(&self, entry: &Entry<'_>) -> Result<(), SealError> {
        let stated = entry.sealed().ok_or(SealError::Clear)?.hash;
        let found = self.content_hash();
        if found == stated { Ok(()) } else { Err(SealError::Hash { found, stated }) }
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> Value {
        serde_json::from_slice(self.body_bytes()).unwrap_or_default()
    }

    /// The canonical JSON of the body.
    #[must_use]
    pub fn body_bytes(&self) -> &[u8] {
        self.plaintext.get(self.body.clone()).unwrap_or_default()
    }

    /// The salt.
    #[must_use]
    pub const fn salt(&self) -> [u8; 16] {
        self.salt
    }

    /// The whole text that was under the seal: body, padding and salt.
    #[must_use]
    pub fn plaintext(&self) -> &[u8] {
        &self.plaintext
    }

    /// SHA-256(salt ‖ body).
    #[must_use]
    pub fn content_hash(&self) -> Hash {
        content_hash(Some(&self.salt), self.body_bytes())
    }
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened").finish_non_exhaustive()
    }
}

fn cipher(key: &DataKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&Key::from(*key.0))
}

fn plaintext(body: &[u8], salt: &[u8; 16]) -> Zeroizing<Vec<u8>> {
    let (before, behind) = (b"{\"body\":", format!("\",\"salt\":\"{}\"}}", base64::encode(salt)));
    let pad = b",\"pad\":\"";
    let bare = before.len() + body.len() + pad.len() + behind.len();
    let padded = bare.next_multiple_of(BLOCK);
    // The whole capacity at once: growing would leave copies of the body behind.
    let mut text = Zeroizing::new(Vec::with_capacity(padded));
    text.extend_from_slice(before);
    text.extend_from_slice(body);
    text.extend_from_slice(pad);
    text.extend(std::iter::repeat_n(b'0', padded - bare));
    text.extend_from_slice(behind.as_bytes());
    text
}

/// Where the body stands, and the salt.
fn parts(plaintext: &[u8]) -> Result<(std::ops::Range<usize>, [u8; 16]), SealError> {
    let refused = |expected| SealError::Plaintext { expected };
    let mut scanner = Scanner::new(plaintext)?;
    let (mut body, mut pad, mut salt) = (None, None, None);
    scanner.object(0, |scanner, name| {
        let from = scanner.at();
        match name.plain() {
            Some("body") if scanner.peek() == Some(b'{') => {
                scanner.value(1)?;
                body = Some(from..scanner.at());
            }
            Some("pad") => pad = scanner.string()?.plain(),
            Some("salt") => salt = scanner.string()?.plain().and_then(base64::decode_array),
            _ => return Err(refused("the members `body` (an object), `pad` and `salt`")),
        }
        Ok(())
    })?;
    scanner.end()?;
    let pad = pad.ok_or(refused("complete: `pad` is missing"))?;
    if pad.len() >= BLOCK || pad.bytes().any(|byte| byte != b'0') || !plaintext.len().is_multiple_of(BLOCK) {
        return Err(refused("padded with the shortest run of `0` to a multiple of 64 bytes"));
    }
    let body = body.ok_or(refused("complete: `body` is missing"))?;
    Ok((body, salt.ok_or(refused("complete: `salt`, base64 of 16 bytes, is missing"))?))
}
