//! The files of a data folder, as they stand at the beginning of a verification.
//!
//! Owns: the walk. Does not: open a file, follow a link, judge a name.

use crate::disk::{Disk, DiskError};

/// Files and folders, by path relative to the data folder. Folders end in `/`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Files {
    files: Vec<String>,
    folders: Vec<String>,
    /// Links, sockets, devices.
    others: Vec<String>,
}

impl Files {
    /// Walks through everything below the root of `disk`; none where there is no such folder.
    ///
    /// # Errors
    /// A folder cannot be listed.
    pub fn walk(disk: &dyn Disk) -> Result<Option<Self>, DiskError> {
        let Some(names) = disk.list("")? else { return Ok(None) };
        let mut found = Self::default();
        let mut pending: Vec<String> = names;
        while let Some(path) = pending.pop() {
            if let Some(folder) = path.strip_suffix('/') {
                for name in disk.list(folder)?.unwrap_or_default() {
                    pending.push(format!("{path}{name}"));
                }
                found.folders.push(path);
                continue;
            }
            match disk.is_ordinary(&path) {
                Ok(false) => found.others.push(path),
                Ok(true) => found.files.push(path),
                // What cannot be looked at is seen when it is read, unless it has gone meanwhile.
                Err(_) => found.files.push(path),
            }
        }
        found.files.sort_unstable();
        found.folders.sort_unstable();
        found.others.sort_unstable();
        Ok(Some(found))
    }

    /// Ordinary files, sorted.
    #[must_use]
    pub fn files(&self) -> &[String] {
        &self.files
    }

    /// Folders, sorted, each ending in `/`.
    #[must_use]
    pub fn folders(&self) -> &[String] {
        &self.folders
    }

    /// Links, sockets, devices, sorted.
    #[must_use]
    pub fn others(&self) -> &[String] {
        &self.others
    }

    /// Ordinary files whose path begins with `prefix`.
    pub fn below<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        let from = self.files.partition_point(|path| path.as_str() < prefix);
        let rest = self.files.get(from..).unwrap_or_default();
        rest.iter().map(String::as_str).take_while(move |path| path.starts_with(prefix))
    }

    /// Whether there is an ordinary file of this path.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        self.files.binary_search_by(|file| file.as_str().cmp(path)).is_ok()
    }
}
