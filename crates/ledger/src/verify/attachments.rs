//! Attachments: is each file the one its name says?
//!
//! Owns: everything below `attachments/`. A file stands under the SHA-256 of its bytes, so that its name is its check;
//! whatever stands there under another name is unknown.
//! Invariants: files are read piece by piece, however big they are, and the report does not depend on the number of
//! threads.
//! Does not: know which attachments entries speak of, so that a missing one is not seen here; open what is sealed.
//! Source: `docs/format.md` §10, §10.5.

use super::{Context, Finding, Findings, Outcome, Progress, Verifier, unreadable, words};
use crate::disk::DiskError;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

const FOLDER: &str = "attachments/";
/// Bytes that are read at once.
const PIECE: usize = 1 << 18;

/// The files that entries name by their digest.
#[derive(Debug, Clone, Copy, Default)]
pub struct AttachmentFiles;

/// What one thread found.
#[derive(Default)]
struct Part {
    findings: Findings,
    files: u64,
    bytes: u64,
}

impl Verifier for AttachmentFiles {
    fn name(&self) -> &'static str {
        "attachments"
    }

    fn owns(&self, path: &str) -> bool {
        let Some(name) = path.strip_prefix(FOLDER) else { return false };
        name.is_empty() || is_folder(name) || is_unfinished(name) || digest_of(path).is_some()
    }

    fn run(&self, context: &Context<'_>, progress: &dyn Progress) -> Outcome {
        let paths: Vec<&str> = context.files.below(FOLDER).filter(|path| self.owns(path)).collect();
        let next = AtomicUsize::new(0);
        let thread = || {
            let mut part = Part::default();
            while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
                part.judge(context, progress, path);
            }
            part
        };
        let mut whole = Part::default();
        std::thread::scope(|scope| {
            let threads: Vec<_> = (1..context.cores.min(paths.len())).map(|_| scope.spawn(thread)).collect();
            whole.join(thread());
            for thread in threads {
                match thread.join() {
                    Ok(part) => whole.join(part),
                    // What one thread could not do nobody has done.
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
        });
        let facts = [("files", whole.files), ("bytes", whole.bytes)];
        let facts = facts.map(|(name, count)| (name, count.to_string()));
        Outcome { findings: whole.findings, remarks: Vec::new(), facts: BTreeMap::from(facts) }
    }
}

impl Part {
    fn join(&mut self, other: Self) {
        self.findings.join(other.findings);
        self.files += other.files;
        self.bytes += other.bytes;
    }

    fn judge(&mut self, context: &Context<'_>, progress: &dyn Progress, path: &str) {
        let Some(named) = digest_of(path) else {
            // Beside a running writer, a file on its way to its name is as it should be.
            if !context.live {
                self.findings.add(Finding::bytes(path, words::unfinished()));
            }
            progress.done(1, 0);
            return;
        };
        match digest(context, path) {
            Ok(Some((found, bytes))) => {
                self.files += 1;
                self.bytes += bytes;
                progress.done(1, bytes);
                if found != named {
                    self.findings.add(Finding::bytes(path, words::attachment()));
                }
            }
            // Destroyed meanwhile; or gone, of which a folder that nobody writes in is the judge.
            Ok(None) if context.live => progress.done(1, 0),
            Ok(None) => self.findings.add(Finding::bytes(path, words::missing())),
            Err(error) => self.findings.add(unreadable(path, &error)),
        }
    }
}

/// SHA-256 of a file, and its length; none where it is not there any more.
fn digest(context: &Context<'_>, path: &str) -> Result<Option<([u8; 32], u64)>, DiskError> {
    let Some(mut file) = context.disk.reader(path)? else { return Ok(None) };
    let (mut hasher, mut length) = (Sha256::new(), 0);
    let mut piece = vec![0; PIECE];
    loop {
        let read = match file.read(&mut piece) {
            Ok(0) => return Ok(Some((hasher.finalize().into(), length))),
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(DiskError::new("read", path, error)),
        };
        hasher.update(piece.get(..read).unwrap_or_default());
        length += read as u64;
    }
}

/// The digest that a path names: `attachments/<its first two digits>/<64 digits>`.
fn digest_of(path: &str) -> Option<[u8; 32]> {
    let (folder, name) = path.strip_prefix(FOLDER)?.split_once('/')?;
    let digest = HEXLOWER.decode(name.as_bytes()).ok()?;
    digest.try_into().ok().filter(|_| name.starts_with(folder) && folder.len() == 2)
}

/// The name of one of the 256 folders.
fn is_folder(name: &str) -> bool {
    let digits = name.strip_suffix('/').map(str::as_bytes);
    digits.is_some_and(|digits| digits.len() == 2 && HEXLOWER.decode(digits).is_ok())
}

/// A file that has not got its name yet: `<20 digits>.new`.
fn is_unfinished(name: &str) -> bool {
    let number = name.strip_suffix(".new").map(str::as_bytes);
    number.is_some_and(|number| number.len() == 20 && number.iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_of_its_own_in_one_spelling_only() {
        let name = "ab".repeat(32);
        let owns = |path: &str| AttachmentFiles.owns(path);
        assert!(owns("attachments/") && owns("attachments/ab/"));
        assert!(owns("attachments/00000000000000000007.new"));
        assert!(owns(&format!("attachments/ab/{name}")));
        for path in [
            "attachments".to_owned(),
            "attachments/abc/".to_owned(),
            "attachments/AB/".to_owned(),
            "attachments/7.new".to_owned(),
            "attachments/0000000000000000000x.new".to_owned(),
            format!("attachments/{name}"),
            format!("attachments/ac/{name}"),
            format!("attachments/a/{name}"),
            format!("attachments/abab/{name}"),
            format!("attachments/ab/{name}0"),
            format!("attachments/AB/{}", name.to_uppercase()),
            format!("attachments/ab/{name}/"),
            format!("attachments/ab/{name}.new"),
            format!("ledger/ab/{name}"),
        ] {
            assert!(!owns(&path), "{path}");
        }
    }
}
