//! What gives way is overwritten, durably, while it still has a name.

use crate::{OTHER, key_of, vault_of};
use ledger::disk::{Disk, DiskError, DiskFile};
use ledger::vault::Vault;
use std::sync::{Arc, Mutex};
use testkit::CrashDisk;

/// How many crashes are tried at each step.
const CRASHES: u64 = 24;

/// Looks at what a crash would leave, before each removal and each renaming.
struct Watched {
    disk: CrashDisk,
    seen: Mutex<Vec<String>>,
}

impl Watched {
    fn crashed(&self) -> impl Iterator<Item = CrashDisk> {
        (0..CRASHES).map(|seed| self.disk.crash(seed))
    }

    fn saw(&self, what: String) {
        self.seen.lock().unwrap().push(what);
    }
}

impl Disk for Watched {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, DiskError> {
        self.disk.read(path)
    }

    fn list(&self, folder: &str) -> Result<Option<Vec<String>>, DiskError> {
        self.disk.list(folder)
    }

    fn write(&self, path: &str, content: &[u8]) -> Result<(), DiskError> {
        self.disk.write(path, content)
    }

    fn open(&self, path: &str) -> Result<Box<dyn DiskFile>, DiskError> {
        self.disk.open(path)
    }

    fn sync(&self, path: &str) -> Result<(), DiskError> {
        self.disk.sync(path)
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), DiskError> {
        // The name that is taken over must not be the only one of the content that has it, whatever survives.
        if to == "vault/keys" {
            assert!(
                self.crashed().all(|disk| !disk.paths().contains(&to.to_owned())),
                "{from} takes {to} over"
            );
        }
        self.saw(format!("{from} to {to}"));
        self.disk.rename(from, to)
    }

    fn remove(&self, path: &str) -> Result<(), DiskError> {
        let zeros = |disk: CrashDisk| disk.read(path).unwrap().unwrap().iter().all(|byte| *byte == 0);
        assert!(self.crashed().all(zeros), "{path} is removed before it is overwritten");
        self.saw(path.to_owned());
        self.disk.remove(path)
    }

    fn sync_folder(&self, folder: &str) -> Result<(), DiskError> {
        self.disk.sync_folder(folder)
    }

    fn sync_all(&self) -> Result<(), DiskError> {
        self.disk.sync_all()
    }
}

#[test]
fn the_old_keys_are_zeros_on_the_disk_before_their_file_goes() {
    let (disk, _, mut entropy) = vault_of(40, 1);
    let top = Arc::new(Watched { disk, seen: Mutex::default() });
    let mut vault = Vault::open(top.clone(), &crate::MASTER).unwrap();
    vault.rotate(&mut entropy).unwrap();
    vault.change_master(&key_of(&OTHER), &mut entropy).unwrap();
    let once =
        ["vault/keys to vault/keys.old", "vault/keys.new to vault/keys", "vault/keys.old"].map(str::to_owned);
    assert_eq!(*top.seen.lock().unwrap(), [once.clone(), once].concat());
}

#[test]
fn what_an_interrupted_rotation_left_is_zeros_on_the_disk_before_its_file_goes() {
    let mut removed = std::collections::BTreeSet::new();
    for changes in 0..12 {
        let (disk, mut vault, mut entropy) = vault_of(40, 1);
        disk.halt_after(changes);
        let _ = vault.rotate(&mut entropy);
        let top = Arc::new(Watched { disk: disk.kill(), seen: Mutex::default() });
        Vault::open(top.clone(), &crate::MASTER).unwrap();
        removed.extend(top.seen.lock().unwrap().drain(..));
    }
    let all: Vec<_> = removed.iter().map(String::as_str).collect();
    assert_eq!(all, ["vault/keys.new", "vault/keys.new to vault/keys", "vault/keys.old"]);
}
