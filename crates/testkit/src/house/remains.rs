//! What is left of a house when its process is gone: disk, tables, clock, people. A house can be opened from it as often
//! as one likes, on a disk that was killed or lost its power, and with tables of another moment.
//!
//! Does not: take the tables from a database; they are files of the house's folder.

use super::{House, open};
use crate::{Chance, CrashDisk, SoftAuthenticator, SteppedClock, TemporaryFolder};
use anyhow::{Context as _, Result};
use ledger::disk::Disk;
use model::{Clock as _, Instant, PersonId};
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

impl Remains {
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
        let data = folder.path().join("data");
        let store = data.join("store");
        std::fs::create_dir_all(&store)?;
        for (name, content) in &self.tables {
            write_own(&store.join(name), content)?;
        }
        let master = folder.path().join("data.master");
        write_own(&master, &self.master)?;
        let clock = SteppedClock::new(std::time::Duration::from_micros(1));
        clock.set(self.now);
        let place = Place::of(&data, None);
        let openings = self.openings + 1;
        let seed = self.seed + (openings << 32);
        let (desk, opened) = open(&disk, (&data, &master), &place, &clock, seed)?;
        let (seed, chance, signers) = (self.seed, self.chance.clone(), self.signers.clone());
        Ok(House { data, clock, desk, opened, place, disk, master, seed, openings, chance, signers, folder })
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

/// Writes a file that only its owner may read, as the master key asks for.
fn write_own(path: &Path, content: &[u8]) -> Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    Ok(file.write_all(content)?)
}
