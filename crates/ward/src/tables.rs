//! The tables beside the ledger: what rebuilding and comparing need, and how a difference is told.
//!
//! Invariants: data keys are looked up in the vault as it is and never changed; a folder for comparing is its owner's
//! alone and goes with the comparison; a row that differs is named by its key, never by what it says.
//! Does not: hold SQL, decide which of the two is right: the ledger is.

use crate::installation;
use crate::office;
use attachment::Shelf;
use ledger::disk::Folder;
use ledger::entropy::{Entropy as _, MachineEntropy};
use ledger::master::MasterSecret;
use ledger::reader::Reader;
use ledger::vault::{KeyState, Vault, VaultError};
use model::{DataKeyId, Told};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use store::{Comparison, Difference, Likeness, Place, Rebuilt, Sources, StoreError};

/// How long the published ledger may take to come to where the tables are.
const PUBLISHED_WITHIN: Duration = Duration::from_secs(10);

/// An installation's tables, and what they are computed from.
pub(crate) struct Tables<'a> {
    pub(crate) data: &'a Path,
    pub(crate) place: Place,
    pub(crate) secret: Arc<MasterSecret>,
    pub(crate) reader: Reader,
}

/// Who else is at work in the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beside {
    /// Nobody, and nothing in it may be touched.
    Nobody,
    /// This process has it open.
    Oneself,
    /// Another process writes.
    Writer,
}

impl Tables<'_> {
    /// Makes the tables anew and puts them in place. Nobody else may have the folder open.
    pub(crate) fn rebuild(&self, size: u64, progress: &dyn Fn(u64)) -> Result<Rebuilt, StoreError> {
        self.with_sources(progress, true, |sources| store::rebuild(&self.place, &self.reader, size, sources))
    }

    /// Compares the tables with what the ledger gives, row for row.
    pub(crate) fn compare(&self, beside: Beside, progress: &dyn Fn(u64)) -> Result<Comparison, StoreError> {
        let first = self.compare_once(beside, progress)?;
        if beside != Beside::Writer || !matches!(first.likeness, Likeness::Differs(_)) {
            return Ok(first);
        }
        // A key that was destroyed in between opens nothing any more, so that it is looked at once more.
        let second = self.compare_once(beside, progress)?;
        Ok(if second.position == first.position { first } else { second })
    }

    fn compare_once(&self, beside: Beside, progress: &dyn Fn(u64)) -> Result<Comparison, StoreError> {
        let scratch = Scratch::new()?;
        let copy = scratch.folder("copy")?;
        // Even reading a database leaves files beside it; what must stay as it is is read from a copy.
        let place = match beside {
            Beside::Nobody => self.place.copied(&copy)?,
            Beside::Oneself | Beside::Writer => self.place.clone(),
        };
        let readable = |position: u64| {
            let size = || self.reader.size().unwrap_or(0);
            if beside == Beside::Writer && position > size() {
                // An error shows as less than the tables have seen.
                let _ = self.reader.follow(position - 1).read(1, PUBLISHED_WITHIN, |_, _| ());
            }
            size()
        };
        let work = scratch.folder("work")?;
        self.with_sources(progress, false, |sources| {
            store::first_difference(&place, &work, &self.reader, &readable, sources)
        })
    }

    fn with_sources<T>(&self, progress: &dyn Fn(u64), index: bool, run: impl FnOnce(&Sources<'_>) -> T) -> T {
        let shelf = Shelf::new(Arc::new(Folder::new(self.data)));
        let sections = office::sections();
        let packs = |published: &[(u32, String)]| desk::read(published, &shelf, &sections);
        let keys = Arc::new(VaultLook::new(self.data, Arc::clone(&self.secret)));
        run(&Sources { keys, packs: &packs, progress, index })
    }
}

/// The data keys of a vault as it is when the first one is asked for: later than what is compared, so that every entry
/// finds its key.
struct VaultLook {
    data: PathBuf,
    secret: Arc<MasterSecret>,
    vault: Mutex<Option<Vault>>,
}

impl VaultLook {
    fn new(data: &Path, secret: Arc<MasterSecret>) -> Self {
        Self { data: data.to_owned(), secret, vault: Mutex::new(None) }
    }
}

impl store::Keys for VaultLook {
    fn key(&self, id: DataKeyId) -> Result<KeyState, VaultError> {
        let mut vault = self.vault.lock().unwrap_or_else(PoisonError::into_inner);
        if vault.is_none() {
            *vault = Some(installation::vault_as_it_is(&self.data, &self.secret)?);
        }
        vault.as_mut().map_or(Ok(KeyState::Unknown), |vault| vault.key(id))
    }
}

/// A folder for comparing, its owner's alone, in the machine's place for such things (`TMPDIR`).
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self, StoreError> {
        let mut bytes = [0; 8];
        // Without randomness the number of the process keeps two apart.
        let _ = MachineEntropy.fill(&mut bytes);
        let name = format!("ward-{}-{:x}", std::process::id(), u64::from_be_bytes(bytes));
        let path = std::env::temp_dir().join(name);
        make(&path)?;
        Ok(Self(path))
    }

    fn folder(&self, name: &str) -> Result<PathBuf, StoreError> {
        let path = self.0.join(name);
        make(&path)?;
        Ok(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be taken away stays its owner's alone.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn make(path: &Path) -> Result<(), StoreError> {
    let made = std::fs::DirBuilder::new().mode(0o700).create(path);
    made.map_err(|source| StoreError::File { path: path.display().to_string(), source })
}

/// Which row differs, and how.
pub(crate) fn told_difference(difference: &Difference) -> Told {
    let Difference { table, row, stored, rebuilt } = difference;
    let place = (format!("資料表「{table}」第 {row} 列"), format!("table {table}, row {row}"));
    let (zh, en) = match (stored, rebuilt) {
        (None, None) => ("不應有此資料表或缺少資料表".to_owned(), "a table too many or too few".to_owned()),
        (Some(stored), None) => (
            format!("為帳本所無（{}）", key(stored)),
            format!("the ledger gives no such row ({})", key(stored)),
        ),
        (None, Some(rebuilt)) => {
            (format!("缺少（應為 {}）", key(rebuilt)), format!("it is missing ({})", key(rebuilt)))
        }
        (Some(stored), Some(rebuilt)) if key(stored) == key(rebuilt) => {
            let cell = difference.cell().unwrap_or(0);
            (
                format!("（{}）第 {cell} 欄與帳本所載不符", key(stored)),
                format!("({}) differs from the ledger in column {cell}", key(stored)),
            )
        }
        (Some(stored), Some(rebuilt)) => (
            format!("為 {}，依帳本應為 {}", key(stored), key(rebuilt)),
            format!("it is {}, by the ledger it is {}", key(stored), key(rebuilt)),
        ),
    };
    Told::new(
        format!("{}{zh}。請執行 ward rebuild 由帳本重建。", place.0),
        format!("{}: {en}. Run ward rebuild to make the tables anew from the ledger.", place.1),
    )
}

/// What a row is known by: its first two cells, shortened. No table has more than keys there.
fn key(cells: &[String]) -> String {
    let shortened = cells.iter().take(2).map(|cell| cell.chars().take(40).collect::<String>());
    shortened.collect::<Vec<_>>().join(" / ")
}
