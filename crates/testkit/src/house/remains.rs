//! What is left of a house when its process is gone: disk, tables, clock, people. A house can be opened from it as often
//! as one likes, on a disk that was killed or lost its power, and with tables of another moment.
//!
//! Does not: take the tables from a database; they are files of the house's folder.

use super::{Ground, House};
use crate::{Chance, CrashDisk, SoftAuthenticator, SteppedClock, TemporaryFolder};
use anyhow::{Context as _, Result};
use ledger::disk::{Disk, Folder};
use model::{Clock as _, Instant, PersonId};
use proof::tile::Tile;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use store::Place;

/// What is left of a house.
#[derive(Clone)]
pub struct Remains {
    /// Its disk; each house that is opened gets a copy.
    pub disk: CrashDisk,
    /// Files of its tables.
    pub tables: BTreeMap<String, Vec<u8>>,
    master: Vec<u8>,
    now: Instant,
    seed: u64,
    openings: u64,
    chance: Chance,
    signers: BTreeMap<PersonId, SoftAuthenticator>,
}

impl House {
    /// What there is at this moment, with `disk` for its disk. The desk may go on; nothing is being written.
    ///
    /// # Errors
    /// A file of the tables cannot be read.
    pub fn remains(&self, disk: CrashDisk) -> Result<Remains> {
        Ok(Remains {
            disk,
            tables: files(&self.data.join("store"))?,
            master: std::fs::read(&self.master)?,
            now: self.clock.now(),
            seed: self.seed,
            openings: self.openings,
            chance: self.chance.clone(),
            signers: self.signers.clone(),
        })
    }
}

impl House {
    /// A house from files that were kept: all but its tables in `folder/house`, its master key in `folder/master`. It is
    /// opened at this moment, in a folder of its own; its tables are made.
    ///
    /// # Errors
    /// It does not open.
    pub fn kept(folder: &Path, now: Instant) -> Result<Self> {
        let own = TemporaryFolder::new();
        let data = Ground::data(&own);
        copy_all(&folder.join("house"), &data)?;
        write_own(&Ground::master(&own), &std::fs::read(folder.join("master"))?)?;
        let disk: Arc<dyn Disk> = Arc::new(Folder::new(&data));
        let clock = SteppedClock::new(std::time::Duration::from_micros(1));
        clock.set(now);
        let (place, seed) = (Place::of(&data, None), now.as_micros().unsigned_abs());
        let (chance, signers) = (Chance::new(seed), BTreeMap::new());
        Ground { folder: own, disk, place, clock, seed, openings: 0, chance, signers }.open()
    }

    /// Keeps a closed house for [`House::kept`]: what a copy of its published ledger and its secrets takes, and not the
    /// journal, which is empty, nor files that wider ones have taken the place of.
    ///
    /// # Errors
    /// A file cannot be copied.
    pub fn keep(&self, folder: &Path) -> Result<()> {
        let size = self.reader().size()?;
        let wanted = |path: &str| match path.strip_prefix("ledger/").map(Tile::from_path) {
            Some(Ok(tile)) => Tile::in_tree(tile.kind, tile.index, size) == Some(tile),
            _ => {
                !["lock", "socket"].contains(&path)
                    && !["store/", "ledger/journal/"].iter().any(|one| path.starts_with(one))
            }
        };
        let to = folder.join("house");
        for path in paths(&self.data, "")?.into_iter().filter(|path| wanted(path)) {
            write_own(&to.join(&path), &std::fs::read(self.data.join(&path))?)?;
        }
        write_own(&folder.join("master"), &std::fs::read(&self.master)?)
    }
}

impl Remains {
    /// The same with the tables of another moment.
    #[must_use]
    pub fn with_tables_of(&self, other: &Self) -> Self {
        Self { tables: other.tables.clone(), ..self.clone() }
    }

    /// The same with another disk.
    #[must_use]
    pub fn on(&self, disk: CrashDisk) -> Self {
        Self { disk, ..self.clone() }
    }

    /// A house on a copy of the disk.
    ///
    /// # Errors
    /// It does not open.
    pub fn house(&self) -> Result<House> {
        self.house_on(Arc::new(self.disk.snapshot()))
    }

    /// A house on this disk.
    ///
    /// # Errors
    /// It does not open.
    pub fn house_on(&self, disk: Arc<dyn Disk>) -> Result<House> {
        let folder = TemporaryFolder::new();
        let data = Ground::data(&folder);
        let store = data.join("store");
        std::fs::create_dir_all(&store)?;
        for (name, content) in &self.tables {
            write_own(&store.join(name), content)?;
        }
        write_own(&Ground::master(&folder), &self.master)?;
        let clock = SteppedClock::new(std::time::Duration::from_micros(1));
        clock.set(self.now);
        let place = Place::of(&data, None);
        let (seed, openings) = (self.seed, self.openings + 1);
        let (chance, signers) = (self.chance.clone(), self.signers.clone());
        Ground { folder, disk, place, clock, seed, openings, chance, signers }.open()
    }
}

/// Files of a folder, but for the shared index of the log, which SQLite makes anew.
fn files(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if path.is_file() && !name.ends_with("-shm") {
            files.insert(name, std::fs::read(&path)?);
        }
    }
    Ok(files)
}

/// Paths of all files below a folder.
fn paths(folder: &Path, below: &str) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder.join(below))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{below}{name}");
        if entry.file_type()?.is_dir() {
            found.extend(paths(folder, &format!("{path}/"))?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn copy_all(from: &Path, to: &Path) -> Result<()> {
    for path in paths(from, "")? {
        write_own(&to.join(&path), &std::fs::read(from.join(&path))?)?;
    }
    Ok(())
}

/// Writes a file that only its owner may read, as the master key asks for.
fn write_own(path: &Path, content: &[u8]) -> Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    std::fs::create_dir_all(path.parent().unwrap_or(path))?;
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    Ok(file.write_all(content)?)
}
