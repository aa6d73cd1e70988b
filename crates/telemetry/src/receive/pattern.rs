//! Which files are followed: a file, all files of a folder, or those of a pattern (`/var/log/*/fw-?.log`).

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

/// Ends of names of files that hold no lines, but packed ones: what logrotate makes of files that are done.
const PACKED: [&str; 8] = ["gz", "zst", "xz", "bz2", "lz4", "Z", "zip", "lzma"];

/// What is followed. A `*` in a part of it stands for anything within that part, a `?` for one character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(PathBuf);

impl Pattern {
    /// A file, a folder or a pattern. None for a file that is packed: it is imported, once.
    #[must_use]
    pub fn new(path: &Path) -> Option<Self> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        (!is_packed(&path)).then_some(Self(path))
    }

    /// It as it was written.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Is there any such file now?
    #[must_use]
    pub fn is_there(&self) -> bool {
        !self.files(&mut |_, _| ()).is_empty()
    }

    /// Ordinary files that are there now, in the order of their names. Of a folder, those that are not hidden; of none,
    /// those that are packed. What cannot be looked at is handed to `trouble`.
    pub(super) fn files(&self, trouble: &mut impl FnMut(&Path, std::io::Error)) -> Vec<PathBuf> {
        let mut found = vec![PathBuf::new()];
        for part in self.0.components() {
            let Component::Normal(name) = part else {
                found.iter_mut().for_each(|path| path.push(part));
                continue;
            };
            if !is_wild(name) {
                found.iter_mut().for_each(|path| path.push(name));
                continue;
            }
            let mut next = Vec::new();
            for folder in &found {
                let names = names(folder, trouble).into_iter().filter(|one| matches(name, one));
                next.extend(names.map(|name| folder.join(name)));
            }
            found = next;
        }
        let mut files = Vec::new();
        for path in found {
            if path.is_dir() {
                files.extend(names(&path, trouble).into_iter().map(|name| path.join(name)));
            } else {
                files.push(path);
            }
        }
        files.retain(|path| !is_packed(path) && path.is_file());
        files
    }

    /// Would this file be one of them?
    pub(super) fn names(&self, path: &Path) -> bool {
        let same = |pattern: &Path, path: &Path| {
            let (mut pattern, mut path) = (pattern.components(), path.components());
            loop {
                match (pattern.next(), path.next()) {
                    (None, None) => return true,
                    (Some(Component::Normal(wanted)), Some(Component::Normal(name)))
                        if matches(wanted, name) => {}
                    (Some(wanted), Some(name)) if wanted == name => {}
                    _ => return false,
                }
            }
        };
        same(&self.0, path) || path.parent().is_some_and(|folder| same(&self.0, folder))
    }
}

fn is_packed(path: &Path) -> bool {
    path.extension().is_some_and(|end| PACKED.iter().any(|packed| end == *packed))
}

fn is_wild(name: &OsStr) -> bool {
    name.as_encoded_bytes().iter().any(|byte| matches!(byte, b'*' | b'?'))
}

/// Names in a folder that are not hidden, in order.
fn names(folder: &Path, trouble: &mut impl FnMut(&Path, std::io::Error)) -> Vec<std::ffi::OsString> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            trouble(folder, error);
            return Vec::new();
        }
    };
    let mut names: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.file_name())).collect();
    names.retain(|name| !name.as_encoded_bytes().starts_with(b"."));
    names.sort_unstable();
    names
}

/// Does a name fit a part of a pattern? Each star tries the shortest first, and only the last is tried again.
fn matches(pattern: &OsStr, name: &OsStr) -> bool {
    let (pattern, name) = (pattern.as_encoded_bytes(), name.as_encoded_bytes());
    let (mut p, mut n, mut star) = (0, 0, None);
    while let Some(byte) = name.get(n) {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p + 1, n));
                p += 1;
            }
            Some(wanted) if *wanted == b'?' || wanted == byte => (p, n) = (p + 1, n + 1),
            _ => match star {
                Some((behind, from)) => {
                    star = Some((behind, from + 1));
                    (p, n) = (behind, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_patterns_as_a_shell_says() {
        for (pattern, name, fits) in [
            ("*.log", "fw.log", true),
            ("*.log", "fw.log.1", false),
            ("fw-?.log", "fw-1.log", true),
            ("fw-?.log", "fw-12.log", false),
            ("*a*b*", "xxaxxbxxabx", true),
            ("*a*b", "xxaxxbxxabx", false),
            ("*", "", true),
            ("?", "", false),
        ] {
            assert_eq!(matches(OsStr::new(pattern), OsStr::new(name)), fits, "{pattern} {name}");
        }
        let pattern = Pattern::new(Path::new("/var/log/*/fw-?.log")).unwrap();
        assert!(pattern.names(Path::new("/var/log/north/fw-1.log")));
        assert!(!pattern.names(Path::new("/var/log/north/east/fw-1.log")));
        let folder = Pattern::new(Path::new("/var/log")).unwrap();
        assert!(folder.names(Path::new("/var/log/fw.log")) && !folder.names(Path::new("/var/log/a/b")));
        assert_eq!(Pattern::new(Path::new("/var/log/old.log.gz")), None);
    }
}
