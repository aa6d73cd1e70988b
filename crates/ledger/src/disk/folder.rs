//! A real folder as a [`Disk`].
//!
//! Files are readable by their owner only. Folders are made as needed and synced with the names in them.

use super::{Disk, DiskError, DiskFile, parent};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// A folder of the machine's file system.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
}

struct OpenFile {
    file: File,
    path: String,
}

impl Folder {
    /// The folder at `root`; it need not be there yet.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Where it lies.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn at(&self, path: &str) -> PathBuf {
        if path.is_empty() { self.root.clone() } else { self.root.join(path) }
    }

    fn failed<'a>(
        &self,
        act: &'static str,
        path: &'a str,
    ) -> impl FnOnce(std::io::Error) -> DiskError + use<'a> {
        let shown = self.at(path).display().to_string();
        move |source| DiskError::new(act, shown, source)
    }

    /// Makes the folder and those above it, each name durable: a new folder is worth nothing while its parent does not
    /// durably name it.
    fn make_folder(&self, folder: &str) -> Result<(), DiskError> {
        let at = self.at(folder);
        if at.is_dir() {
            return Ok(());
        }
        if !folder.is_empty() {
            self.make_folder(parent(folder))?;
        }
        match DirBuilder::new().mode(0o700).recursive(folder.is_empty()).create(&at) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                Err(self.failed("make folder", folder)(error))
            }
            _ if folder.is_empty() => Ok(()),
            _ => self.sync_folder(parent(folder)),
        }
    }
}

impl Disk for Folder {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, DiskError> {
        match fs::read(self.at(path)) {
            Ok(content) => Ok(Some(content)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed("read", path)(error)),
        }
    }

    fn reader(&self, path: &str) -> Result<Option<Box<dyn Read + Send>>, DiskError> {
        match File::open(self.at(path)) {
            Ok(file) => Ok(Some(Box::new(file))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed("open", path)(error)),
        }
    }

    fn list(&self, folder: &str) -> Result<Option<Vec<String>>, DiskError> {
        let entries = match fs::read_dir(self.at(folder)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.failed("list", folder)(error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(self.failed("list", folder))?;
            let is_folder = entry.file_type().map_err(self.failed("list", folder))?.is_dir();
            let name = entry.file_name().to_string_lossy().into_owned();
            names.push(if is_folder { name + "/" } else { name });
        }
        names.sort();
        Ok(Some(names))
    }

    fn is_ordinary(&self, path: &str) -> Result<bool, DiskError> {
        let found = fs::symlink_metadata(self.at(path)).map_err(self.failed("look at", path))?;
        Ok(found.is_file())
    }

    fn write(&self, path: &str, content: &[u8]) -> Result<(), DiskError> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let opened = match options.open(self.at(path)) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.make_folder(parent(path))?;
                options.open(self.at(path))
            }
            opened => opened,
        };
        let mut file = opened.map_err(self.failed("create", path))?;
        file.write_all(content).map_err(self.failed("write", path))
    }

    fn open(&self, path: &str) -> Result<Box<dyn DiskFile>, DiskError> {
        let file = OpenOptions::new().write(true).open(self.at(path)).map_err(self.failed("open", path))?;
        Ok(Box::new(OpenFile { file, path: self.at(path).display().to_string() }))
    }

    fn sync(&self, path: &str) -> Result<(), DiskError> {
        let file = File::open(self.at(path)).map_err(self.failed("open", path))?;
        file.sync_data().map_err(self.failed("sync", path))
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), DiskError> {
        match fs::rename(self.at(from), self.at(to)) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.make_folder(parent(to))?;
                fs::rename(self.at(from), self.at(to)).map_err(self.failed("rename", from))
            }
            result => result.map_err(self.failed("rename", from)),
        }
    }

    fn remove(&self, path: &str) -> Result<(), DiskError> {
        fs::remove_file(self.at(path)).map_err(self.failed("remove", path))
    }

    fn sync_folder(&self, folder: &str) -> Result<(), DiskError> {
        let file = File::open(self.at(folder)).map_err(self.failed("open", folder))?;
        file.sync_all().map_err(self.failed("sync", folder))
    }

    fn sync_all(&self) -> Result<(), DiskError> {
        let file = File::open(&self.root).map_err(self.failed("open", ""))?;
        rustix::fs::syncfs(file).map_err(|error| self.failed("sync", "")(error.into()))
    }
}

impl DiskFile for OpenFile {
    fn write_at(&mut self, offset: u64, content: &[u8]) -> Result<(), DiskError> {
        self.file
            .write_all_at(content, offset)
            .map_err(|error| DiskError::new("write", self.path.clone(), error))
    }

    fn sync(&mut self) -> Result<(), DiskError> {
        self.file.sync_data().map_err(|error| DiskError::new("sync", self.path.clone(), error))
    }
}
