//! Files that hold a signing key: its secret under the master key, its vkey in clear.
//!
//! Owns: the form of `keys/ledger.key`, of a witness's key and of stewards' keys; what a key is for stands in its vkey.
//! Invariants: nothing is overwritten by a new key; a key is durable before anyone signs with it; secret and vkey agree.
//! Does not: decide which key is in use, hold the master key.
//! Source: `docs/format.md` §10.3.

use crate::disk::{self, Disk, DiskError};
use crate::entropy::{self, Entropy, EntropyError};
use crate::error::disk_told;
use crate::master::{Kdf, MasterError, MasterKey, MasterSecret};
use crate::vault::checked::{self, Base64};
use crate::vault::swap::{self, new_name, old_name};
use crate::vault::wrap::{self, NONCE_BYTES, WRAPPED_BYTES};
use model::Told;
use proof::note::{KeyKind, NoteError, SignerKey, VerifierKey};
use serde::{Deserialize, Serialize};

/// A key file whose form is right. Its secret is still sealed.
pub struct KeyFile {
    path: String,
    sealed: SealedKey,
    verifier: VerifierKey,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SealedKey {
    format: Format,
    kdf: Kdf,
    nonce: Base64<NONCE_BYTES>,
    sealed: Base64<WRAPPED_BYTES>,
    vkey: String,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum Format {
    #[serde(rename = "ward-key/v1")]
    V1,
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The file cannot be read or written.
    #[error("the key file cannot be used")]
    Disk(#[from] DiskError),
    /// There was no randomness.
    #[error("no key can be made")]
    Entropy(#[from] EntropyError),
    /// The master key could not be had.
    #[error("the master key cannot be had")]
    Master(#[from] MasterError),
    /// There is no such file.
    #[error("{path} is missing")]
    Missing {
        /// Which file.
        path: String,
    },
    /// A new key never takes the place of another file.
    #[error("{path} is there already")]
    Exists {
        /// Which file.
        path: String,
    },
    /// The file holds something else.
    #[error("{path} is damaged: {what}")]
    Damaged {
        /// Which file.
        path: String,
        /// What is wrong.
        what: String,
    },
    /// The master key is not the one this file was sealed under.
    #[error("{path} is sealed under another master key")]
    WrongMaster {
        /// Which file.
        path: String,
    },
    /// Secret and vkey are those of two keys.
    #[error("{path}: the secret is not that of {vkey}")]
    Mismatch {
        /// Which file.
        path: String,
        /// What the file says it holds.
        vkey: String,
    },
    /// No key can have this name.
    #[error("no key can have this name")]
    Name(#[source] NoteError),
}

impl KeyFile {
    /// Where the ledger's signing key lies.
    pub const LEDGER: &'static str = "keys/ledger.key";

    /// Makes a key of this name and kind at `path`. It is durable when this returns.
    ///
    /// # Errors
    /// `Exists`: nothing is overwritten. `Name`, `Entropy`, `Disk`.
    pub fn create(
        disk: &dyn Disk,
        path: &str,
        name: &str,
        kind: KeyKind,
        master: &MasterKey,
        entropy: &mut dyn Entropy,
    ) -> Result<SignerKey, KeyFileError> {
        for taken in [path.to_owned(), old_name(path)] {
            if disk.read(&taken)?.is_some() {
                return Err(KeyFileError::Exists { path: taken });
            }
        }
        let secret = entropy::draw_secret(entropy)?;
        let key = SignerKey::new(name, kind, &secret).map_err(KeyFileError::Name)?;
        let sealed = SealedKey::new(key.verifier(), &secret, master, entropy)?;
        disk::replace(disk, path, &sealed.encode())?;
        Ok(key)
    }

    /// Reads the form of a key file; opens nothing. What an interrupted [`KeyFile::reseal`] left is found.
    ///
    /// # Errors
    /// `Missing`, `Damaged`, `Disk`.
    pub fn read(disk: &dyn Disk, path: &str) -> Result<Self, KeyFileError> {
        if let Some(content) = disk.read(path)? {
            swap::hold(disk, path)?;
            return Self::parse(path, &content);
        }
        // Both names are whole between the two renamings of a resealing. Alone, `new` is a key that was never used.
        match (disk.read(&old_name(path))?, disk.read(&new_name(path))?) {
            (Some(old), new) => new
                .and_then(|content| Self::parse(path, &content).ok())
                .map_or_else(|| Self::parse(&old_name(path), &old), Ok),
            (None, _) => Err(KeyFileError::Missing { path: path.to_owned() }),
        }
    }

    fn parse(path: &str, content: &[u8]) -> Result<Self, KeyFileError> {
        let damaged = |what: String| KeyFileError::Damaged { path: path.to_owned(), what };
        let line = content.strip_suffix(b"\n").ok_or_else(|| damaged("no newline at its end".to_owned()))?;
        let sealed: SealedKey = checked::read(line).map_err(|error| damaged(error.0))?;
        let verifier = sealed.vkey.parse().map_err(|error: NoteError| damaged(error.to_string()))?;
        Ok(Self { path: path.to_owned(), sealed, verifier })
    }

    /// Name, kind and public key.
    #[must_use]
    pub const fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// How its master key was made.
    #[must_use]
    pub const fn kdf(&self) -> &Kdf {
        &self.sealed.kdf
    }

    /// The key itself.
    ///
    /// # Errors
    /// `Master`, `WrongMaster`; `Mismatch`: secret and vkey do not belong together.
    pub fn open(&self, master: &MasterSecret) -> Result<SignerKey, KeyFileError> {
        let (name, kind) = (self.verifier.name(), self.verifier.kind());
        let secret = self.secret(master)?;
        let key = SignerKey::new(name, kind, &secret).map_err(KeyFileError::Name)?;
        if *key.verifier() != self.verifier {
            let (path, vkey) = (self.path.clone(), self.sealed.vkey.clone());
            return Err(KeyFileError::Mismatch { path, vkey });
        }
        Ok(key)
    }

    /// Seals the key at `path` under another master key; nothing of the old file stays in the folder. A key that is under
    /// the new one already stays as it is, so that an interrupted change can be done again.
    ///
    /// # Errors
    /// As [`KeyFile::read`] and [`KeyFile::open`]; `Entropy`.
    pub fn reseal(
        disk: &dyn Disk,
        path: &str,
        old: &MasterSecret,
        new: &MasterKey,
        entropy: &mut dyn Entropy,
    ) -> Result<(), KeyFileError> {
        settle(disk, path)?;
        let file = Self::read(disk, path)?;
        if file.sealed.kdf == *new.kdf() && file.sealed.open(new).is_some() {
            return Ok(());
        }
        file.open(old)?;
        let secret = file.secret(old)?;
        let sealed = SealedKey::new(&file.verifier, &secret, new, entropy)?;
        Ok(swap::supersede(disk, path, &sealed.encode())?)
    }

    fn secret(&self, master: &MasterSecret) -> Result<wrap::Secret, KeyFileError> {
        let master = master.key(&self.sealed.kdf)?;
        self.sealed.open(&master).ok_or_else(|| KeyFileError::WrongMaster { path: self.path.clone() })
    }
}

impl std::fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyFile")
            .field("path", &self.path)
            .field("vkey", &self.sealed.vkey)
            .finish_non_exhaustive()
    }
}

impl SealedKey {
    fn new(
        verifier: &VerifierKey,
        secret: &[u8; 32],
        master: &MasterKey,
        entropy: &mut dyn Entropy,
    ) -> Result<Self, EntropyError> {
        let nonce = entropy::draw(entropy)?;
        let mut key = Self {
            format: Format::V1,
            kdf: master.kdf().clone(),
            nonce: Base64(nonce),
            sealed: Base64([0; WRAPPED_BYTES]),
            vkey: verifier.to_string(),
        };
        key.sealed = Base64(wrap::wrap(master.bytes(), nonce, &key.bound(), secret));
        Ok(key)
    }

    fn open(&self, master: &MasterKey) -> Option<wrap::Secret> {
        wrap::unwrap(master.bytes(), self.nonce.0, &self.bound(), &self.sealed.0)
    }

    fn bound(&self) -> Vec<u8> {
        checked::without(self, &["sealed"])
    }

    fn encode(&self) -> Vec<u8> {
        let mut text = checked::write(self);
        text.push(b'\n');
        text
    }
}

/// Finishes or undoes an interrupted resealing.
fn settle(disk: &dyn Disk, path: &str) -> Result<(), KeyFileError> {
    if disk.read(path)?.is_none() {
        let (new, old) = (new_name(path), old_name(path));
        let new_is_whole = disk.read(&new)?.is_some_and(|content| KeyFile::parse(path, &content).is_ok());
        if disk.read(&old)?.is_some() {
            swap::resume(disk, path, if new_is_whole { &new } else { &old })?;
        }
    }
    if let Some(content) = disk.read(path)? {
        KeyFile::parse(path, &content)?;
        swap::settle(disk, path)?;
    }
    Ok(())
}

impl KeyFileError {
    /// In both languages, with the place and the mend.
    #[must_use]
    pub fn told(&self) -> Told {
        match self {
            Self::Disk(source) => disk_told(source),
            Self::Entropy(source) => source.told(),
            Self::Master(source) => source.told(),
            Self::Missing { path } => Told::new(
                format!(
                    "找不到簽署金鑰 {path}。新安裝請先執行 ward ledger init；若檔案遺失，請自副本放回，或依程序更換金鑰。"
                ),
                format!(
                    "The signing key {path} is missing. If this is new, run ward ledger init first; if the file was lost, put it back from a copy, or change the key as the procedure says."
                ),
            ),
            Self::Exists { path } => Told::new(
                format!("{path} 已存在，新的簽署金鑰不會覆寫既有檔案。請指定其他檔名。"),
                format!(
                    "{path} is there already, and a new signing key overwrites nothing. Name another file."
                ),
            ),
            Self::Damaged { path, what } => Told::new(
                format!("簽署金鑰 {path} 毀損（{what}）。請自副本放回該檔。"),
                format!("The signing key {path} is damaged: {what}. Put the file back from a copy."),
            ),
            Self::WrongMaster { path } => Told::new(
                format!(
                    "{path} 不是以這把主金鑰封存。請確認主金鑰來源；若更換主金鑰中斷，請以新舊主金鑰重新執行更換。"
                ),
                format!(
                    "{path} is sealed under another master key. Look where the master key comes from; if a change of it was interrupted, do it again with both."
                ),
            ),
            Self::Mismatch { path, vkey } => Told::new(
                format!("{path} 內的私鑰與 {vkey} 不相符。請自副本放回正確的檔案。"),
                format!("{path}: the secret is not that of {vkey}. Put the right file back from a copy."),
            ),
            Self::Name(source) => Told::new(
                format!("金鑰名稱不合規定（{source}）：不得為空，亦不得含空白、加號或控制字元。"),
                format!(
                    "{self} ({source}): it must not be empty nor hold white space, plus signs or control characters."
                ),
            ),
        }
    }
}
