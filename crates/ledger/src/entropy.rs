//! Randomness as an argument.
//!
//! Owns: the [`Entropy`] contract and the machine's own source behind it.
//! Never: falls back to something weaker; a source that fails is an error.
//! Tests hand in rows that a seed gives.

use model::Told;
use zeroize::Zeroizing;

/// Where random bytes come from. They must be good enough for keys.
pub trait Entropy: Send {
    /// Fills the bytes.
    ///
    /// # Errors
    /// The source gave none; the bytes must not be used.
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError>;
}

/// The operating system's generator (`getrandom(2)` on Linux). It waits until the machine has gathered enough at boot.
#[derive(Debug, Clone, Copy, Default)]
pub struct MachineEntropy;

/// There was no randomness.
#[derive(Debug, thiserror::Error)]
#[error("the source of randomness failed")]
pub struct EntropyError(#[source] pub std::io::Error);

impl Entropy for MachineEntropy {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        getrandom::fill(bytes).map_err(|error| EntropyError(error.into()))
    }
}

impl EntropyError {
    /// In both languages, with the mend.
    #[must_use]
    pub fn told(&self) -> Told {
        Told::new(
            format!("作業系統的亂數來源失敗（{}），無法產生金鑰。請檢查系統核心與沙箱設定後再試。", self.0),
            format!(
                "The machine's source of randomness failed ({}); no key can be made. Look at the kernel and the sandbox, then try again.",
                self.0
            ),
        )
    }
}

/// Bytes that need not be secret, for example a nonce.
pub(crate) fn draw<const N: usize>(entropy: &mut dyn Entropy) -> Result<[u8; N], EntropyError> {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes)?;
    Ok(bytes)
}

/// A secret key; wiped when dropped.
pub(crate) fn draw_secret(entropy: &mut dyn Entropy) -> Result<Zeroizing<[u8; 32]>, EntropyError> {
    let mut bytes = Zeroizing::new([0; 32]);
    entropy.fill(bytes.as_mut_slice())?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_gives_other_bytes_each_time() {
        let first: [u8; 32] = draw(&mut MachineEntropy).unwrap();
        let second: [u8; 32] = draw(&mut MachineEntropy).unwrap();
        assert_ne!(first, second);
        assert_ne!(*draw_secret(&mut MachineEntropy).unwrap(), [0; 32]);
    }
}
