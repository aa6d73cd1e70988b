//! The head of the vault: which vault, which generation, and the wrapping key under the master key.
//!
//! One line of checked JSON, padded with spaces, 4,096 bytes with its newline.
//! Source: `docs/format.md` §10.2.

use super::checked::{self, Base64, CheckedError};
use super::wrap::{self, NONCE_BYTES, Secret, WRAPPED_BYTES};
use crate::entropy::{self, Entropy, EntropyError};
use crate::master::{Kdf, MasterKey};
use serde::{Deserialize, Serialize};

/// Bytes of the header in the file.
pub(crate) const HEADER_BYTES: usize = 4096;

/// Which vault. A rotation does not change it, so that backups are known as those of this vault.
pub type VaultId = Base64<16>;

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header {
    format: Format,
    /// Counts the wrapping keys, from 1.
    pub(crate) generation: u32,
    pub(crate) kdf: Kdf,
    pub(crate) vault: VaultId,
    wrapped: Base64<WRAPPED_BYTES>,
    wrapping_nonce: Base64<NONCE_BYTES>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum Format {
    #[serde(rename = "ward-vault/v1")]
    V1,
}

impl Header {
    /// With the wrapping key under the master key.
    pub(crate) fn new(
        vault: VaultId,
        generation: u32,
        wrapping: &Secret,
        master: &MasterKey,
        entropy: &mut dyn Entropy,
    ) -> Result<Self, EntropyError> {
        let nonce = entropy::draw(entropy)?;
        let mut header = Self {
            format: Format::V1,
            generation,
            kdf: master.kdf().clone(),
            vault,
            wrapped: Base64([0; WRAPPED_BYTES]),
            wrapping_nonce: Base64(nonce),
        };
        header.wrapped = Base64(wrap::wrap(master.bytes(), nonce, &header.bound(), wrapping));
        Ok(header)
    }

    /// The wrapping key; none where the master key is another one.
    pub(crate) fn unwrap(&self, master: &MasterKey) -> Option<Secret> {
        wrap::unwrap(master.bytes(), self.wrapping_nonce.0, &self.bound(), &self.wrapped.0)
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut text = checked::write(self);
        text.resize(HEADER_BYTES - 1, b' ');
        text.push(b'\n');
        text
    }

    /// From the first bytes of the file.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, CheckedError> {
        let wrong = |what: &str| CheckedError(what.to_owned());
        let line = bytes.get(..HEADER_BYTES).ok_or_else(|| wrong("it is shorter than 4,096 bytes"))?;
        let line = line.strip_suffix(b"\n").ok_or_else(|| wrong("no newline at byte 4,095"))?;
        let end = line.iter().rposition(|byte| *byte != b' ').map_or(0, |last| last + 1);
        checked::read(line.get(..end).unwrap_or_default())
    }

    /// Everything but the wrapped key itself is bound to it.
    fn bound(&self) -> Vec<u8> {
        checked::without(self, &["wrapped"])
    }
}
