//! The installation: a data folder and the master key that is not in it; making one, and opening its ledger to write.
//!
//! Invariant: nothing is made that was not asked for by name; what is missing is an error that says how to make it.
//! Does not: open tables or a desk (`office`).
//! Layout: `docs/format.md` §10.

use crate::command::Data;
use crate::command::append::Holder;
use crate::machine::SystemClock;
use crate::told::{Refused, tell};
use anyhow::Context as _;
use clap::Args;
use ledger::disk::{Disk, Folder, ReadOnly};
use ledger::entropy::{Entropy, MachineEntropy};
use ledger::journal::FileJournal;
use ledger::keyfile::KeyFile;
use ledger::lock::FolderLock;
use ledger::master::{Argon2Cost, CREDENTIAL, MasterSecret};
use ledger::objects::{FolderObjects, Objects};
use ledger::vault::{Vault, VaultError};
use ledger::{Ledger, Recovered};
use model::{Clock, Told};
use proof::lifecycle::{Created, FORMAT};
use proof::note::{KeyKind, SignerKey, VerifierKey};
use proof::policy::Policy;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use zeroize::Zeroizing;

/// The signing key in use.
pub(crate) const LEDGER_KEY: &str = "keys/ledger.key";
/// The signing key that is about to come into use.
pub(crate) const NEXT_LEDGER_KEY: &str = "keys/ledger.key.next";
/// The policy by which the installation judges itself.
pub(crate) const POLICY: &str = "policy";
/// Bytes of a journal file, and of the reserve beside it.
const SEGMENT_BYTES: usize = 4 << 20;

/// Where the master key comes from.
#[derive(Debug, Clone, Args)]
pub(crate) struct MasterArgs {
    /// 主金鑰檔（預設：資料夾名稱加 .master）。Master key file (default: the folder's name with .master).
    #[arg(long, env = "WARD_MASTER_KEY")]
    pub(crate) master_key: Option<PathBuf>,
    /// 以通行密語取代主金鑰檔，自標準輸入讀取一行。A passphrase instead, one line of standard input.
    #[arg(long, conflicts_with = "master_key")]
    pub(crate) passphrase: bool,
}

/// Where the tables are, when they are not in the data folder.
#[derive(Debug, Clone, Args)]
pub(crate) struct TablesArgs {
    /// 資料表所在之 PostgreSQL 網址（預設：資料夾內之 store）。URL of PostgreSQL for the tables (default: store in the folder).
    #[arg(long, env = "WARD_DATABASE", hide_env_values = true, value_name = "URL")]
    database: Option<String>,
}

impl TablesArgs {
    /// In the data folder, whatever the environment says.
    pub(crate) const fn in_folder() -> Self {
        Self { database: None }
    }

    /// Where the tables of an installation are.
    pub(crate) fn place(&self, data: &Path) -> store::Place {
        store::Place::of(data, self.database.as_deref())
    }
}

/// What a command needs that works on a whole installation.
#[derive(Debug, Clone, Args)]
pub(crate) struct Working {
    #[command(flatten)]
    pub(crate) data: Data,
    #[command(flatten)]
    pub(crate) master: MasterArgs,
    #[command(flatten)]
    pub(crate) tables: TablesArgs,
}

impl Working {
    /// The data folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.data.data
    }

    /// Where the tables are.
    pub(crate) fn place(&self) -> store::Place {
        self.tables.place(self.folder())
    }
}

/// An installation that is open to write. Closing its ledger publishes all.
pub(crate) struct Opening {
    pub(crate) ledger: Ledger,
    pub(crate) objects: Arc<dyn Objects>,
    pub(crate) policy: Policy,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) vault: Vault,
    pub(crate) master: MasterSecret,
    pub(crate) lock: FolderLock,
    recovered: Recovered,
}

/// What a new installation is to be.
pub(crate) struct Init<'a> {
    pub(crate) data: &'a Path,
    pub(crate) master: &'a MasterArgs,
    pub(crate) origin: &'a str,
    pub(crate) stewards: Vec<VerifierKey>,
    pub(crate) succession: Option<String>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl MasterArgs {
    /// The master key file: as named, or beside the data folder.
    pub(crate) fn file(&self, data: &Path) -> PathBuf {
        let mut beside = data.as_os_str().to_owned();
        beside.push(".master");
        self.master_key.clone().unwrap_or_else(|| beside.into())
    }

    /// The secret of an installation that is there.
    pub(crate) fn secret(&self, data: &Path) -> anyhow::Result<MasterSecret> {
        if self.passphrase {
            return read_passphrase();
        }
        let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
        if let Some(folder) =
            credentials.filter(|folder| self.master_key.is_none() && folder.join(CREDENTIAL).exists())
        {
            return MasterSecret::from_credential(&folder).map_err(|error| Refused::misuse(error.told()));
        }
        MasterSecret::from_key_file(&self.file(data), data).map_err(|error| Refused::misuse(error.told()))
    }

    /// The secret of an installation that is being made: a key file is made for it, where none is named otherwise.
    pub(crate) fn new_secret(&self, data: &Path, entropy: &mut dyn Entropy) -> anyhow::Result<MasterSecret> {
        let file = self.file(data);
        if self.passphrase || file.exists() {
            return self.secret(data);
        }
        let secret = MasterSecret::make_key_file(&file, data, entropy)
            .map_err(|error| Refused::misuse(error.told()))?;
        tell(&Told::new(
            format!(
                "已建立主金鑰檔 {}。請另行妥善備份：遺失即無法解開封存內容，且不可與資料夾一同保管。",
                file.display()
            ),
            format!(
                "Made the master key file {}. Keep a copy apart from the data folder: without it sealed content is lost.",
                file.display()
            ),
        ));
        Ok(secret)
    }
}

impl Opening {
    /// What appending needs, and the lock that must be held as long.
    pub(crate) fn into_holder(self) -> (Holder, FolderLock) {
        (Holder { ledger: self.ledger, keys: Arc::new(Mutex::new(self.vault)) }, self.lock)
    }

    /// Tells what opening found: where the master key comes from, what was recovered or put right.
    pub(crate) fn say_what_was_found(&self) {
        tell(&self.master.source().told());
        let Recovered { entries, dropped_bytes } = self.recovered;
        if entries > 0 || dropped_bytes > 0 {
            tell(&Told::new(
                format!("上次未正常關閉：已復原 {entries} 筆，捨棄未完成寫入之 {dropped_bytes} 位元組。"),
                format!(
                    "Not closed properly last time: {entries} entries recovered, {dropped_bytes} bytes of an unfinished write dropped."
                ),
            ));
        }
        for mended in self.vault.mended() {
            tell(&mended.told());
        }
    }
}

/// Makes an installation: master key, vault, signing key, policy, ledger.
pub(crate) fn create(init: Init<'_>) -> anyhow::Result<()> {
    let data = init.data;
    let disk: Arc<dyn Disk> = Arc::new(Folder::new(data));
    if disk.list("")?.is_some_and(|names| !names.is_empty()) {
        return Err(Refused::misuse(ledger::error::OpenError::Exists.told()));
    }
    make_private_folder(data)?;
    let _lock = FolderLock::acquire(data).map_err(|error| Refused::misuse(error.told()))?;
    let entropy = &mut MachineEntropy;
    let secret = init.master.new_secret(data, entropy)?;
    let master =
        secret.new_key(Argon2Cost::DEFAULT, entropy).map_err(|error| Refused::misuse(error.told()))?;
    Vault::create(Arc::clone(&disk), &master, entropy).map_err(|error| Refused::misuse(error.told()))?;
    let key = KeyFile::create(disk.as_ref(), LEDGER_KEY, init.origin, KeyKind::Ledger, &master, entropy);
    let key = key.map_err(|error| Refused::misuse(error.told()))?;
    let text = new_policy(key.verifier());
    ledger::disk::replace(disk.as_ref(), POLICY, text.as_bytes())?;
    let created = Created {
        format: FORMAT.to_owned(),
        key: key.verifier().to_string(),
        origin: init.origin.to_owned(),
        stewards: init.stewards.iter().map(ToString::to_string).collect(),
        succession: init.succession,
    };
    let (objects, journal) = storage(&disk);
    ledger::create(objects, journal, init.clock, &key, &created)
        .map_err(|error| Refused::misuse(error.told()))
}

/// Opens an installation to write, by the machine's clock. None where another process has it open.
pub(crate) fn open(data: &Path, master: &MasterArgs) -> anyhow::Result<Option<Opening>> {
    open_by(data, master, Arc::new(SystemClock))
}

/// The same by another clock.
pub(crate) fn open_by(
    data: &Path,
    master: &MasterArgs,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<Option<Opening>> {
    if !data.is_dir() {
        return Err(Refused::misuse(ledger::error::OpenError::NoLedger.told()));
    }
    let lock = match FolderLock::acquire(data) {
        Ok(lock) => lock,
        Err(ledger::error::OpenError::Locked { .. }) => return Ok(None),
        Err(error) => return Err(Refused::misuse(error.told())),
    };
    let disk: Arc<dyn Disk> = Arc::new(Folder::new(data));
    let (objects, journal) = storage(&disk);
    if objects.durable()?.is_none() {
        return Err(Refused::misuse(ledger::error::OpenError::NoLedger.told()));
    }
    let secret = master.secret(data)?;
    let vault = Vault::open(Arc::clone(&disk), &secret).map_err(|error| Refused::misuse(error.told()))?;
    let keys = signing_keys(disk.as_ref(), &secret)?;
    let policy = read_policy(data)?;
    let (ledger, recovered) = Ledger::open(Arc::clone(&objects), journal, clock, keys)
        .map_err(|error| Refused::misuse(error.told()))?;
    Ok(Some(Opening { ledger, objects, policy, disk, vault, master: secret, recovered, lock }))
}

/// The same for what is done only while nobody else has it open.
pub(crate) fn open_alone(data: &Path, master: &MasterArgs) -> anyhow::Result<Opening> {
    open(data, master)?.ok_or_else(|| {
        let path = data.join("lock").display().to_string();
        Refused::misuse(ledger::error::OpenError::Locked { path }.told())
    })
}

/// What anyone may read of an installation, without a key.
pub(crate) fn published(data: &Path) -> Arc<dyn Objects> {
    Arc::new(FolderObjects::new(Arc::new(Folder::new(data))))
}

/// The installation's own policy.
pub(crate) fn read_policy(data: &Path) -> anyhow::Result<Policy> {
    crate::command::proof::read_policy(&data.join(POLICY))
}

/// Key files named by path, as their owner keeps them outside an installation.
pub(crate) fn folder_of(path: &Path) -> anyhow::Result<(Folder, String)> {
    let name = path.file_name().and_then(|name| name.to_str()).context("the path names no file")?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok((Folder::new(folder), name.to_owned()))
}

/// The vault as it is, beside a process that may have it open. It can be read and not changed.
pub(crate) fn vault_as_it_is(data: &Path, secret: &MasterSecret) -> Result<Vault, VaultError> {
    Vault::open(Arc::new(ReadOnly::new(Arc::new(Folder::new(data)))), secret)
}

/// The same for a command that ends without it.
pub(crate) fn look_into_vault(data: &Path, secret: &MasterSecret) -> anyhow::Result<Vault> {
    vault_as_it_is(data, secret).map_err(|error| Refused::misuse(error.told()))
}

/// The key in a key file.
pub(crate) fn open_key(disk: &dyn Disk, path: &str, secret: &MasterSecret) -> anyhow::Result<SignerKey> {
    let key = KeyFile::read(disk, path).and_then(|file| file.open(secret));
    key.map_err(|error| Refused::misuse(error.told()))
}

/// The key in use and, after an interrupted change, the next one.
fn signing_keys(disk: &dyn Disk, secret: &MasterSecret) -> anyhow::Result<Vec<SignerKey>> {
    let mut keys = Vec::new();
    for path in [LEDGER_KEY, NEXT_LEDGER_KEY] {
        if path == LEDGER_KEY || disk.read(path)?.is_some() {
            keys.push(open_key(disk, path, secret)?);
        }
    }
    Ok(keys)
}

fn storage(disk: &Arc<dyn Disk>) -> (Arc<dyn Objects>, Arc<FileJournal>) {
    (
        Arc::new(FolderObjects::new(Arc::clone(disk))),
        Arc::new(FileJournal::new(Arc::clone(disk), SEGMENT_BYTES)),
    )
}

pub(crate) fn make_private_folder(data: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(data);
    made.with_context(|| data.display().to_string())
}

fn read_passphrase() -> anyhow::Result<MasterSecret> {
    let mut line = Zeroizing::new(String::new());
    std::io::stdin().read_line(&mut line)?;
    let text = Zeroizing::new(line.trim_end_matches(['\r', '\n']).to_owned());
    MasterSecret::from_passphrase(text).map_err(|error| Refused::misuse(error.told()))
}

fn new_policy(key: &VerifierKey) -> String {
    format!(
        "# 本安裝判斷自身帳本所依之政策（C2SP tlog-policy）。增列見證人後，將 quorum 改為見證人或群組之名稱：\n\
         # The policy by which this installation judges its own ledger. Add witnesses, then name one, or a group of them,\n\
         # in the quorum line:\n\
         #   witness <name> <vkey> <url>\n\
         #   group <name> <all|any|k> <name>...\n\
         log {key}\n\
         quorum none\n"
    )
}
