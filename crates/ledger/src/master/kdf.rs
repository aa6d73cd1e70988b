//! How a master key comes from what the operator gives: taken as it is, or derived from a passphrase.
//!
//! Owns: the member `kdf` of vault and key files, Argon2id and the limits of its cost.
//! Invariant: nothing beyond the limits is computed, so that a changed file cannot exhaust the machine.
//! Source: RFC 9106; `docs/format.md` §10.2.

use super::{MasterError, MasterKey};
use crate::entropy::{self, Entropy};
use crate::vault::checked::Base64;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// How a master key is made, as files that need it say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "lowercase", deny_unknown_fields)]
pub enum Kdf {
    /// The 32 bytes are the key.
    None,
    /// Argon2id, version 0x13, of a passphrase.
    Argon2id {
        /// How many lanes of memory.
        lanes: u32,
        /// Memory, in KiB.
        memory_kib: u32,
        /// Passes over the memory.
        passes: u32,
        /// Random.
        salt: Base64<16>,
    },
}

/// What a guess at a passphrase shall cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argon2Cost {
    /// Memory in KiB, 8 times the lanes to 1,048,576 (1 GiB).
    pub memory_kib: u32,
    /// Passes over the memory, 1 to 64.
    pub passes: u32,
    /// Lanes, 1 to 16.
    pub lanes: u32,
}

impl Argon2Cost {
    /// The second choice of RFC 9106 §4, for machines that have other work too: 64 MiB, three passes, four lanes.
    pub const DEFAULT: Self = Self { memory_kib: 65_536, passes: 3, lanes: 4 };

    const MOST: Self = Self { memory_kib: 1 << 20, passes: 64, lanes: 16 };

    fn params(self) -> Result<Params, MasterError> {
        let too_much = self.memory_kib > Self::MOST.memory_kib
            || self.passes > Self::MOST.passes
            || self.lanes > Self::MOST.lanes;
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(32)).ok();
        params.filter(|_| !too_much).ok_or(MasterError::Cost {
            memory_kib: self.memory_kib,
            passes: self.passes,
            lanes: self.lanes,
        })
    }
}

impl Default for Argon2Cost {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Kdf {
    /// For a new master key from a passphrase.
    pub(super) fn argon2id(cost: Argon2Cost, entropy: &mut dyn Entropy) -> Result<Self, MasterError> {
        let Argon2Cost { memory_kib, passes, lanes } = cost;
        Ok(Self::Argon2id { lanes, memory_kib, passes, salt: Base64(entropy::draw(entropy)?) })
    }

    /// The master key that `passphrase` gives.
    pub(super) fn derive(&self, passphrase: &str) -> Result<MasterKey, MasterError> {
        let Self::Argon2id { lanes, memory_kib, passes, salt } = self else {
            return Err(MasterError::KeyAsked);
        };
        let cost = Argon2Cost { memory_kib: *memory_kib, passes: *passes, lanes: *lanes };
        let params = cost.params()?;
        // The memory holds what the key is made of: it is wiped with the rest.
        let mut memory = Zeroizing::new(vec![Block::new(); params.block_count()]);
        let mut key = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(
                passphrase.as_bytes(),
                &salt.0,
                key.as_mut_slice(),
                memory.as_mut_slice(),
            )
            .map_err(|_| MasterError::Cost { memory_kib: *memory_kib, passes: *passes, lanes: *lanes })?;
        Ok(MasterKey { key, kdf: self.clone() })
    }
}
