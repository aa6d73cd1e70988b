//! The master key: where it comes from, and what is sealed directly under it.
//!
//! Owns: the three sources (systemd credential, key file outside the data folder, passphrase) and making a key file.
//! Invariants: the key is wiped when dropped and never printed; nothing makes one silently; no source lies in the data
//! folder, so that a copy of the folder opens nothing.
//! Does not: read the environment, ask the operator (both are the caller's), keep the key anywhere.
//! Source: `docs/format.md` §10; systemd.exec(5), `LoadCredential=`; RFC 9106.

mod kdf;

pub use kdf::{Argon2Cost, Kdf};

use crate::entropy::{self, Entropy, EntropyError};
use model::Told;
use proof::base64;
use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use zeroize::Zeroizing;

/// Name of the systemd credential, below `$CREDENTIALS_DIRECTORY`.
pub const CREDENTIAL: &str = "ward-master-key";
/// Fewest characters of a passphrase.
pub const PASSPHRASE_CHARACTERS: usize = 12;
/// Bytes of a key file: base64 of 32 bytes and a newline.
const KEY_FILE_BYTES: usize = 45;

/// The key under which the vault's wrapping key and the signing keys lie. It is wiped when dropped and never printed.
#[derive(Clone)]
pub struct MasterKey {
    key: Zeroizing<[u8; 32]>,
    kdf: Kdf,
}

/// Where a master key comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MasterSource {
    /// A credential that systemd hands over.
    Credential,
    /// A file outside the data folder.
    KeyFile(PathBuf),
    /// The operator types it in.
    Passphrase,
}

/// What the operator gives: the key itself, or a passphrase it is derived from.
pub struct MasterSecret {
    source: MasterSource,
    secret: Secret,
}

enum Secret {
    Key(Zeroizing<[u8; 32]>),
    /// With the key last derived, since deriving is dear on purpose and the files of one installation ask for the same.
    Passphrase {
        text: Zeroizing<String>,
        derived: Mutex<Option<MasterKey>>,
    },
}

/// Why there is no master key.
#[derive(Debug, thiserror::Error)]
pub enum MasterError {
    /// The file cannot be read.
    #[error("{}: the master key cannot be read", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file cannot be made.
    #[error("{}: the master key cannot be written", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A new key never takes the place of another file.
    #[error("{}: there is a file of this name already", path.display())]
    Exists {
        /// Which file.
        path: PathBuf,
    },
    /// The file holds something else.
    #[error("{}: not a master key: base64 of 32 bytes on one line is asked for", path.display())]
    Form {
        /// Which file.
        path: PathBuf,
    },
    /// Whoever copies the data folder would have the key with it.
    #[error("{}: the master key lies inside the data folder {}", path.display(), data_folder.display())]
    Inside {
        /// Which file.
        path: PathBuf,
        /// The data folder.
        data_folder: PathBuf,
    },
    /// Others than the owner may read or change it.
    #[error("{}: others than its owner may use the file (mode {mode:03o})", path.display())]
    Permissions {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Too easy to guess.
    #[error("the passphrase has {characters} characters; {PASSPHRASE_CHARACTERS} or more are asked for")]
    Short {
        /// How many it has.
        characters: usize,
    },
    /// The vault or key file was made with a passphrase, and a key was given.
    #[error("a passphrase is asked for, and a key was given")]
    PassphraseAsked,
    /// The vault or key file was made with a key, and a passphrase was given.
    #[error("a key is asked for, and a passphrase was given")]
    KeyAsked,
    /// The parameters of Argon2id are out of bounds.
    #[error("Argon2id with {memory_kib} KiB, {passes} passes, {lanes} lanes is out of bounds")]
    Cost {
        /// Memory in KiB.
        memory_kib: u32,
        /// Passes.
        passes: u32,
        /// Lanes.
        lanes: u32,
    },
    /// There was no randomness.
    #[error("no master key can be made")]
    Entropy(#[from] EntropyError),
}

impl MasterKey {
    /// How it was made.
    #[must_use]
    pub const fn kdf(&self) -> &Kdf {
        &self.kdf
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.key
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MasterKey").finish_non_exhaustive()
    }
}

impl MasterSource {
    /// What the start prints: where the master key comes from.
    #[must_use]
    pub fn told(&self) -> Told {
        match self {
            Self::Credential => Told::new(
                format!("主金鑰來源：systemd 憑證 {CREDENTIAL}"),
                format!("Master key: systemd credential {CREDENTIAL}"),
            ),
            Self::KeyFile(path) => Told::new(
                format!("主金鑰來源：金鑰檔 {}", path.display()),
                format!("Master key: key file {}", path.display()),
            ),
            Self::Passphrase => Told::new("主金鑰來源：通行密語", "Master key: passphrase"),
        }
    }
}

impl MasterSecret {
    /// From systemd; `directory` is what `$CREDENTIALS_DIRECTORY` says. Its permissions are systemd's business.
    ///
    /// # Errors
    /// `Read`, `Form`.
    pub fn from_credential(directory: &Path) -> Result<Self, MasterError> {
        let path = directory.join(CREDENTIAL);
        let file = File::open(&path).map_err(read_failed(&path))?;
        Ok(Self { source: MasterSource::Credential, secret: Secret::Key(key_in(file, &path)?) })
    }

    /// From a file outside the data folder that its owner alone may use.
    ///
    /// # Errors
    /// `Read`, `Form`; `Inside`, `Permissions`: the file must not be used as it is.
    pub fn from_key_file(path: &Path, data_folder: &Path) -> Result<Self, MasterError> {
        let real = fs::canonicalize(path).map_err(read_failed(path))?;
        refuse_inside(path, &real, data_folder)?;
        let file = File::open(&real).map_err(read_failed(path))?;
        let metadata = file.metadata().map_err(read_failed(path))?;
        let mode = metadata.permissions().mode() & 0o777;
        if !metadata.is_file() {
            return Err(MasterError::Form { path: path.to_owned() });
        }
        if mode & 0o077 != 0 {
            return Err(MasterError::Permissions { path: path.to_owned(), mode });
        }
        let secret = Secret::Key(key_in(file, path)?);
        Ok(Self { source: MasterSource::KeyFile(path.to_owned()), secret })
    }

    /// From what the operator typed, without the newline, taken byte by byte as UTF-8.
    ///
    /// # Errors
    /// `Short`.
    pub fn from_passphrase(text: Zeroizing<String>) -> Result<Self, MasterError> {
        let characters = text.chars().count();
        if characters < PASSPHRASE_CHARACTERS {
            return Err(MasterError::Short { characters });
        }
        let secret = Secret::Passphrase { text, derived: Mutex::new(None) };
        Ok(Self { source: MasterSource::Passphrase, secret })
    }

    /// Makes a new key file: never over another file, never in the data folder, for its owner only (mode 0600), durable
    /// when this returns.
    ///
    /// # Errors
    /// `Exists`, `Inside`, `Write`, `Entropy`.
    pub fn make_key_file(
        path: &Path,
        data_folder: &Path,
        entropy: &mut dyn Entropy,
    ) -> Result<Self, MasterError> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let real = fs::canonicalize(folder).map_err(write_failed(folder))?;
        refuse_inside(path, &real, data_folder)?;
        let key = entropy::draw_secret(entropy)?;
        let mut text = Zeroizing::new(base64::encode(key.as_slice()));
        text.push('\n');
        write_new(path, &real, text.as_bytes())?;
        Ok(Self { source: MasterSource::KeyFile(path.to_owned()), secret: Secret::Key(key) })
    }

    /// Where it comes from.
    #[must_use]
    pub const fn source(&self) -> &MasterSource {
        &self.source
    }

    /// The master key of a vault or key file that says it was made so. With a passphrase the first call takes the time
    /// that Argon2id takes.
    ///
    /// # Errors
    /// `PassphraseAsked`, `KeyAsked`: the file was made with the other sort. `Cost`: its parameters are out of bounds.
    pub fn key(&self, kdf: &Kdf) -> Result<MasterKey, MasterError> {
        match &self.secret {
            Secret::Key(key) if *kdf == Kdf::None => Ok(MasterKey { key: key.clone(), kdf: Kdf::None }),
            Secret::Key(_) => Err(MasterError::PassphraseAsked),
            Secret::Passphrase { text, derived } => {
                let mut derived = derived.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(key) = derived.as_ref().filter(|key| key.kdf == *kdf) {
                    return Ok(key.clone());
                }
                Ok(derived.insert(kdf.derive(text)?).clone())
            }
        }
    }

    /// The master key for a vault or key file that is being made: with a passphrase, under a new salt.
    ///
    /// # Errors
    /// `Cost`, `Entropy`.
    pub fn new_key(&self, cost: Argon2Cost, entropy: &mut dyn Entropy) -> Result<MasterKey, MasterError> {
        match &self.secret {
            Secret::Key(_) => self.key(&Kdf::None),
            Secret::Passphrase { .. } => self.key(&Kdf::argon2id(cost, entropy)?),
        }
    }
}

impl std::fmt::Debug for MasterSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MasterSecret").field("source", &self.source).finish_non_exhaustive()
    }
}

impl MasterError {
    /// In both languages, with the place and the mend.
    #[must_use]
    pub fn told(&self) -> Told {
        match self {
            Self::Read { path, source } => Told::new(
                format!(
                    "無法讀取主金鑰 {}（{source}）。請檢查路徑與權限，或改用其他主金鑰來源。",
                    path.display()
                ),
                format!(
                    "{self} ({source}). Look at the path and its permissions, or name another source of the master key."
                ),
            ),
            Self::Write { path, source } => Told::new(
                format!("無法建立主金鑰檔 {}（{source}）。請檢查路徑、權限與磁碟空間。", path.display()),
                format!("{self} ({source}). Look at the path, its permissions and the room on the disk."),
            ),
            Self::Exists { path } => Told::new(
                format!("{} 已存在，新的主金鑰不會覆寫既有檔案。請指定其他檔名。", path.display()),
                format!("{self}, and a new master key overwrites nothing. Name another file."),
            ),
            Self::Form { path } => Told::new(
                format!(
                    "{} 不是主金鑰：應為一行 base64，內容 32 位元組。請自保管處放回正確的檔案。",
                    path.display()
                ),
                format!("{self}. Put the right file back from where it is kept."),
            ),
            Self::Inside { path, data_folder } => Told::new(
                format!(
                    "主金鑰 {} 位於資料夾 {} 之內，複製資料夾即取得金鑰。請移至資料夾之外。",
                    path.display(),
                    data_folder.display()
                ),
                format!("{self}; whoever copies the folder would have the key. Move it out of the folder."),
            ),
            Self::Permissions { path, mode } => Told::new(
                format!(
                    "{} 的權限為 {mode:03o}，擁有者以外的人可存取。請執行 chmod 600 {}，並評估是否更換主金鑰。",
                    path.display(),
                    path.display()
                ),
                format!(
                    "{self}. Run chmod 600 {}, and consider whether the master key must be changed.",
                    path.display()
                ),
            ),
            _ => self.secret_told(),
        }
    }

    fn secret_told(&self) -> Told {
        match self {
            Self::Short { characters } => Told::new(
                format!(
                    "通行密語僅 {characters} 個字元，至少須 {PASSPHRASE_CHARACTERS} 個字元。請改用較長的通行密語。"
                ),
                format!(
                    "The passphrase has {characters} characters. Choose one of {PASSPHRASE_CHARACTERS} or more."
                ),
            ),
            Self::PassphraseAsked => Told::new(
                "此檔案以通行密語封存，提供的卻是金鑰。請改以通行密語啟動。",
                "This was sealed with a passphrase, and a key was given. Start with the passphrase.",
            ),
            Self::KeyAsked => Told::new(
                "此檔案以金鑰封存，提供的卻是通行密語。請改以金鑰檔或 systemd 憑證啟動。",
                "This was sealed with a key, and a passphrase was given. Start with the key file or the systemd credential.",
            ),
            Self::Cost { memory_kib, passes, lanes } => Told::new(
                format!(
                    "Argon2id 參數（{memory_kib} KiB、{passes} 次、{lanes} 路）超出允許範圍。若為既有檔案，請自備份還原。"
                ),
                format!("{self}. If the file was there before, restore it from a copy."),
            ),
            Self::Entropy(source) => source.told(),
            other => Told::new(format!("無法取得主金鑰：{other}。"), format!("No master key: {other}.")),
        }
    }
}

fn read_failed(path: &Path) -> impl FnOnce(std::io::Error) -> MasterError + use<> {
    let path = path.to_owned();
    move |source| MasterError::Read { path, source }
}

fn write_failed(path: &Path) -> impl FnOnce(std::io::Error) -> MasterError + use<> {
    let path = path.to_owned();
    move |source| MasterError::Write { path, source }
}

/// `real` has no symbolic links in it any more; a data folder that is not there yet contains nothing.
fn refuse_inside(path: &Path, real: &Path, data_folder: &Path) -> Result<(), MasterError> {
    let inside = fs::canonicalize(data_folder).is_ok_and(|data_folder| real.starts_with(data_folder));
    if inside || path.starts_with(data_folder) {
        return Err(MasterError::Inside { path: path.to_owned(), data_folder: data_folder.to_owned() });
    }
    Ok(())
}

fn key_in(file: File, path: &Path) -> Result<Zeroizing<[u8; 32]>, MasterError> {
    // The whole capacity at once: growing would leave copies of the key behind.
    let mut text = Zeroizing::new(Vec::with_capacity(KEY_FILE_BYTES + 1));
    file.take(KEY_FILE_BYTES as u64 + 1).read_to_end(&mut text).map_err(read_failed(path))?;
    let line = text.strip_suffix(b"\n").unwrap_or(&text);
    let key = std::str::from_utf8(line).ok().and_then(base64::decode_array);
    key.map(Zeroizing::new).ok_or_else(|| MasterError::Form { path: path.to_owned() })
}

fn write_new(path: &Path, folder: &Path, text: &[u8]) -> Result<(), MasterError> {
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let mut file = match opened {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(MasterError::Exists { path: path.to_owned() });
        }
        opened => opened.map_err(write_failed(path))?,
    };
    let written =
        file.write_all(text).and_then(|()| file.sync_all()).and_then(|()| File::open(folder)?.sync_all());
    written.map_err(|source| {
        // Nothing uses the key yet; half a file would only stand in the way of the next try.
        let _ = fs::remove_file(path);
        MasterError::Write { path: path.to_owned(), source }
    })
}
