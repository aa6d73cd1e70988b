//! Where the files of a pack come from, and their digest.
//!
//! Limits: 2,000 files, 1 MiB each.

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// A place that holds the files of a pack.
pub trait Source {
    /// Every file: its path inside the pack with `/`, and its bytes.
    ///
    /// # Errors
    /// The files cannot be had.
    fn files(&self) -> io::Result<BTreeMap<String, Vec<u8>>>;
}

/// A folder.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

/// Files in memory: built into the program, or read from the ledger.
#[derive(Debug, Clone, Default)]
pub struct Files(BTreeMap<String, Vec<u8>>);

const MOST_FILES: usize = 2_000;
const LARGEST: u64 = 1024 * 1024;

impl Folder {
    /// The pack in this folder.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }
}

impl Source for Folder {
    fn files(&self) -> io::Result<BTreeMap<String, Vec<u8>>> {
        let mut found = BTreeMap::new();
        collect(&self.0, "", &mut found)?;
        Ok(found)
    }
}

impl Files {
    /// From paths with `/` and bytes.
    pub fn new<P: Into<String>, B: Into<Vec<u8>>>(files: impl IntoIterator<Item = (P, B)>) -> Self {
        Self(files.into_iter().map(|(path, bytes)| (path.into(), bytes.into())).collect())
    }
}

impl Source for Files {
    fn files(&self) -> io::Result<BTreeMap<String, Vec<u8>>> {
        Ok(self.0.clone())
    }
}

/// Hidden files (editors' and version control's) are no part of a pack; links are refused.
fn collect(folder: &Path, prefix: &str, found: &mut BTreeMap<String, Vec<u8>>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().into_string().map_err(|name| {
            io::Error::new(io::ErrorKind::InvalidData, format!("{} is not a name in UTF-8", name.display()))
        })?;
        if name.starts_with('.') {
            continue;
        }
        let path = format!("{prefix}{name}");
        let kind = entry.file_type()?;
        if kind.is_dir() {
            collect(&entry.path(), &format!("{path}/"), found)?;
        } else if kind.is_symlink() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{path} is a link; a pack holds files only"),
            ));
        } else {
            if entry.metadata()?.len() > LARGEST || found.len() >= MOST_FILES {
                let what = format!("{path}: a pack has at most {MOST_FILES} files of at most 1 MiB");
                return Err(io::Error::new(io::ErrorKind::FileTooLarge, what));
            }
            found.insert(path, std::fs::read(entry.path())?);
        }
    }
    Ok(())
}

/// Is the file for people only, no part of the pack?
pub(crate) fn is_beside(path: &str) -> bool {
    matches!(path, "README.md" | "LICENSE")
}

/// SHA-256 of the canonical listing: the line `ward-pack/v1`, then for each file of the pack in the order of
/// its path a line of the hexadecimal SHA-256 of its bytes, two spaces, its path.
#[must_use]
pub fn digest(files: &BTreeMap<String, Vec<u8>>) -> [u8; 32] {
    let mut listing = Sha256::new_with_prefix(b"ward-pack/v1\n");
    for (path, bytes) in files.iter().filter(|(path, _)| !is_beside(path)) {
        listing.update(format!("{}  {path}\n", HEXLOWER.encode(&Sha256::digest(bytes))));
    }
    listing.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(list: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
        Files::new(list.iter().map(|(path, text)| (*path, text.as_bytes()))).files().unwrap()
    }

    #[test]
    fn the_digest_follows_content_and_names_and_nothing_else() {
        let base = files(&[("a.toml", "x = 1\n"), ("b.toml", "")]);
        let with_readme = files(&[("a.toml", "x = 1\n"), ("b.toml", ""), ("README.md", "hello")]);
        assert_eq!(digest(&base), digest(&with_readme));
        assert_ne!(digest(&base), digest(&files(&[("a.toml", "x = 2\n"), ("b.toml", "")])));
        assert_ne!(digest(&base), digest(&files(&[("a.toml", "x = 1\n"), ("c.toml", "")])));
    }

    #[test]
    fn the_digest_of_a_known_pack_stays_what_it_was() {
        // printf 'x = 1\n' | sha256sum, put into the listing, hashed again by sha256sum.
        let known = digest(&files(&[("a.toml", "x = 1\n")]));
        assert_eq!(
            HEXLOWER.encode(&known),
            "5b6032e56d0db1ae49f63531ae95b956591a23ee9787adf2896c89f6ba6abdbb"
        );
    }

    #[test]
    fn a_missing_folder_is_an_error() {
        assert!(Folder::new(Path::new("no/such/folder")).files().is_err());
    }
}
