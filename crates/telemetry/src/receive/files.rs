//! Files that grow: followed line by line, over renaming and emptying, from where a former run has come to.
//!
//! Way of a file: it is known by device and inode, so that it is read to its end whatever it is called meanwhile. One that
//! nobody names any more (logrotate has renamed it) is followed as long as it is there; one whose beginning has changed, or
//! that is shorter than what was read of it, was emptied and begins anew, which is written among the lines.
//! A line without its end is kept back until it ends, or until the file is gone.
//! Guarantee: each line once ([`Place`]). What was written before a file was emptied, and after it was last read, is lost
//! to whoever reads beside: logrotate's `copytruncate` says so itself.
//! Looks at files five times a second, rather than being told: network file systems tell nothing.

use super::names::Names;
use super::note_line;
use super::pattern::Pattern;
use super::place::Place;
use crate::came::Came;
use crate::chunk::Chunk;
use crate::receiver::{Receiver, ReceiverError};
use ledger::disk::Disk;
use lines::{LONGEST, Part};
use memchr::memchr;
use model::Clock;
use proof::hash::Hash;
use serde::{Deserialize, Serialize};
use std::fs::{File, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, TryRecvError, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long is waited after nothing new was found.
const PAUSE: Duration = Duration::from_millis(200);
/// Bytes read at once.
const READ: usize = 1 << 20;
/// Most bytes at the beginning of a file by which it is known again.
const HEAD: u64 = 256;

/// Files that are followed by a thread.
pub struct Files {
    shared: Arc<Shared>,
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    trouble: Mutex<Option<String>>,
    /// Why nothing is read any more.
    failed: OnceLock<String>,
}

impl Files {
    /// Begins to follow, with a receiver that has lines from nowhere else.
    ///
    /// # Errors
    /// `Disk`, `Place`: where a former run has come to cannot be read.
    pub fn open(
        patterns: Vec<Pattern>,
        receiver: &Receiver,
        disk: Arc<dyn Disk>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ReceiverError> {
        let mut follower = Follower::open(patterns, receiver, disk, clock)?;
        let shared = Arc::new(Shared::default());
        let (there, (stop, stopped)) = (Arc::clone(&shared), channel::<()>());
        let thread = crate::receiver::spawned("files", move || {
            loop {
                let moved = match follower.round() {
                    Ok(moved) => moved,
                    Err(error) => {
                        let _ = there.failed.set(error.to_string());
                        return;
                    }
                };
                *there.trouble.lock().unwrap_or_else(PoisonError::into_inner) = follower.trouble.take();
                let asked = if moved {
                    stopped.try_recv() == Err(TryRecvError::Disconnected)
                } else {
                    stopped.recv_timeout(PAUSE) != Err(RecvTimeoutError::Timeout)
                };
                if asked {
                    return;
                }
            }
        })?;
        Ok(Self { shared, stop, thread })
    }

    /// Why nothing is read any more; none while it is.
    #[must_use]
    pub fn failed(&self) -> Option<&str> {
        self.shared.failed.get().map(String::as_str)
    }

    /// A file or folder that cannot be read, and why; the others are.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.shared.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends; what was read is durable.
    pub fn close(self) {
        drop(self.stop);
        let _ = self.thread.join();
    }
}

/// Where reading stands in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct At {
    /// The last name by which it was asked for.
    path: String,
    device: u64,
    inode: u64,
    /// The next byte.
    offset: u64,
    /// Within a line of which pieces were handed in already.
    within: bool,
    /// Bytes at the beginning by which it is known again, and their SHA-256.
    head: (u64, String),
    /// The number of the name under which its lines were handed in last; 0 before the first.
    #[serde(default)]
    name: u16,
}

impl At {
    fn new(path: &Path, (device, inode): (u64, u64)) -> Self {
        let path = text(path);
        Self { path, device, inode, offset: 0, within: false, head: (0, String::new()), name: 0 }
    }

    const fn id(&self) -> (u64, u64) {
        (self.device, self.inode)
    }

    fn begin_anew(&mut self) {
        (self.offset, self.within, self.head) = (0, false, (0, String::new()));
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn id(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// A file that is followed.
struct Followed {
    at: At,
    file: File,
    /// Does anybody still ask for it by a name?
    named: bool,
}

/// Whoever follows files, a round at a time.
pub struct Follower {
    patterns: Vec<Pattern>,
    place: Place<Vec<At>>,
    names: Names,
    clock: Arc<dyn Clock>,
    files: Vec<Followed>,
    /// Where a former run stood in files that were not opened yet.
    former: Vec<At>,
    trouble: Option<String>,
    buffer: Vec<u8>,
}

impl Follower {
    /// From where a former run has come to, with a receiver that has lines from nowhere else.
    ///
    /// # Errors
    /// `Disk`, `Place`: where that is cannot be read.
    pub fn open(
        patterns: Vec<Pattern>,
        receiver: &Receiver,
        disk: Arc<dyn Disk>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ReceiverError> {
        let names = Names::open(Arc::clone(&disk), receiver)?;
        let place: Place<Vec<At>> = Place::open(disk, receiver)?;
        let former = place.at().clone();
        let buffer = vec![0; READ];
        Ok(Self { patterns, place, names, clock, files: Vec::new(), former, trouble: None, buffer })
    }

    /// Looks at every file and hands in what is new, up to a chunk of each; waits until it is durable. Was there anything?
    ///
    /// # Errors
    /// `Disk`, `Stopped`: it is to be opened anew.
    pub fn round(&mut self) -> Result<bool, ReceiverError> {
        self.trouble = None;
        let now = self.clock.now();
        let note = |chunk: &mut Chunk, notes: Vec<String>| {
            notes.iter().for_each(|text| chunk.push(&note_line(now, text), Part::Whole));
        };
        let (mut chunk, mut notes) = (Chunk::new(Came::from_file(now)), Vec::new());
        self.look(&mut notes);
        note(&mut chunk, notes);
        let mut moved = self.step(chunk)?;
        let mut nth = 0;
        while let Some(followed) = self.files.get_mut(nth) {
            let (mut chunk, mut notes) = (Chunk::new(Came::from_file(now)), Vec::new());
            if let Err(error) = followed.read(&mut self.buffer, &mut chunk, &mut notes) {
                self.trouble = Some(format!("{}: {error}", followed.at.path));
            }
            let done = followed.is_done(&mut chunk);
            if !chunk.is_empty() {
                let name = self.names.number(&followed.at.path)?;
                if followed.at.name != name {
                    followed.at.name = name;
                    notes.push(format!("follow {} file={name}", followed.at.path));
                }
            }
            chunk.came.port = followed.at.name;
            note(&mut chunk, notes);
            if done {
                self.files.remove(nth);
            } else {
                nth += 1;
            }
            if !chunk.is_empty() {
                moved |= self.step(chunk)?;
            }
        }
        // What has moved without a line.
        let chunk = Chunk::new(Came::from_file(now));
        Ok(self.step(chunk)? || moved)
    }

    /// Hands in lines, and keeps where reading then stands; false where there is nothing to do.
    fn step(&mut self, chunk: Chunk) -> Result<bool, ReceiverError> {
        let ats = self.files.iter().map(|followed| &followed.at).chain(&self.former);
        let after: Vec<At> = ats.cloned().collect();
        if chunk.is_empty() && after == *self.place.at() {
            return Ok(false);
        }
        self.place.step(chunk, after)?;
        Ok(true)
    }

    /// Looks which files there are: those that nobody names any more come first, so that they are read to their end
    /// before their successors are.
    fn look(&mut self, notes: &mut Vec<String>) {
        let trouble = &mut self.trouble;
        let mut told = |path: &Path, error: std::io::Error| {
            *trouble = Some(format!("{}: {error}", path.display()));
        };
        let mut paths: Vec<PathBuf> =
            self.patterns.iter().flat_map(|pattern| pattern.files(&mut told)).collect();
        paths.sort_unstable();
        paths.dedup();
        let mut former = std::mem::take(&mut self.former);
        self.files.iter_mut().for_each(|followed| followed.named = false);
        for path in paths {
            let known = std::fs::metadata(&path).map(|metadata| id(&metadata));
            if let Some(followed) =
                known.ok().and_then(|id| self.files.iter_mut().find(|followed| followed.at.id() == id))
            {
                followed.named = true;
                followed.at.path = text(&path);
                continue;
            }
            let opened = File::open(&path).and_then(|file| Ok((id(&file.metadata()?), file)));
            match opened {
                Ok((id, file)) => {
                    // Numbers of devices may change when the machine starts anew.
                    let same = |at: &At| at.inode == id.1 && at.path == text(&path);
                    let nth = former.iter().position(|at| at.id() == id);
                    let nth = nth.or_else(|| former.iter().position(same));
                    let mut at = nth.map_or_else(|| At::new(&path, id), |nth| former.swap_remove(nth));
                    (at.path, at.device) = (text(&path), id.0);
                    self.files.push(Followed { at, file, named: true });
                }
                // It went between two looks.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => told(&path, error),
            }
        }
        for at in former {
            // One that is not asked for any more is nobody's business; one that was renamed lies in the same folder.
            let path = Path::new(&at.path);
            if !self.patterns.iter().any(|pattern| pattern.names(path)) {
                continue;
            }
            match renamed(path, at.id()) {
                Ok(Some(file)) => self.files.push(Followed { at, file, named: false }),
                Ok(None) => notes.push(format!("follow {} gone at={}", at.path, at.offset)),
                Err(error) => {
                    told(path, error);
                    self.former.push(at);
                }
            }
        }
        self.files.sort_by(|one, other| (one.named, &one.at.path).cmp(&(other.named, &other.at.path)));
    }
}

/// The file that has left its name, under whichever it has now; none where it is in that folder no more.
fn renamed(path: &Path, wanted: (u64, u64)) -> std::io::Result<Option<File>> {
    let Some(folder) = path.parent() else { return Ok(None) };
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let same = |metadata: Metadata| metadata.is_file() && id(&metadata) == wanted;
        // What goes meanwhile is not the one, or is gone.
        if entry.metadata().is_ok_and(same) {
            return File::open(entry.path()).map(Some);
        }
    }
    Ok(None)
}

impl Followed {
    /// Reads on, as far as there is room in the chunk.
    fn read(&mut self, buffer: &mut [u8], chunk: &mut Chunk, notes: &mut Vec<String>) -> std::io::Result<()> {
        while !chunk.is_full() {
            let length = self.file.metadata()?.len();
            // What lies at the place counts only if the file still is what was read before.
            let count =
                if length > self.at.offset { read_at(&self.file, buffer, self.at.offset)? } else { 0 };
            if length < self.at.offset || !self.is_same()? {
                notes.push(format!("follow {} emptied at={}", self.at.path, self.at.offset));
                self.at.begin_anew();
                continue;
            }
            let there = buffer.get(..count).unwrap_or_default();
            let mut rest = there;
            while !chunk.is_full()
                && let Some((line, part)) = cut(&mut rest, &mut self.at.within)
            {
                if !line.is_empty() || part != Part::Whole {
                    chunk.push(line, part);
                }
            }
            let taken = there.len() - rest.len();
            if taken == 0 {
                return Ok(());
            }
            self.at.offset += taken as u64;
            self.remember()?;
        }
        Ok(())
    }

    /// Does it begin as it did?
    fn is_same(&self) -> std::io::Result<bool> {
        let (length, digest) = &self.at.head;
        Ok(*length == 0 || head(&self.file, *length)?.is_some_and(|found| found == *digest))
    }

    /// Takes down how it begins, as far as it was read.
    fn remember(&mut self) -> std::io::Result<()> {
        let length = self.at.offset.min(HEAD);
        if self.at.head.0 < length
            && let Some(digest) = head(&self.file, length)?
        {
            self.at.head = (length, digest);
        }
        Ok(())
    }

    /// Is it gone, and read to its end? What came last without its end is a line then.
    fn is_done(&mut self, chunk: &mut Chunk) -> bool {
        let Ok(metadata) = self.file.metadata() else { return false };
        if self.named || metadata.nlink() > 0 || chunk.is_full() {
            return false;
        }
        let mut rest = vec![0; LONGEST + 1];
        let Ok(count) = read_at(&self.file, &mut rest, self.at.offset) else { return false };
        let rest = rest.get(..count).unwrap_or_default();
        // More than a line that has not ended: it is read on first.
        if count > LONGEST || memchr(b'\n', rest).is_some() {
            return false;
        }
        if !rest.is_empty() {
            chunk.push(rest, if self.at.within { Part::Last } else { Part::Whole });
        }
        true
    }
}

/// Reads until the buffer is full or the file ends.
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> std::io::Result<usize> {
    let mut count = 0;
    loop {
        match file.read_at(buffer.get_mut(count..).unwrap_or_default(), offset + count as u64) {
            Ok(0) => return Ok(count),
            Ok(more) => count += more,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The digest of the first bytes of a file; none where it has not as many.
fn head(file: &File, length: u64) -> std::io::Result<Option<String>> {
    let mut bytes = vec![0; usize::try_from(length.min(HEAD)).unwrap_or_default()];
    let count = read_at(file, &mut bytes, 0)?;
    Ok((count == bytes.len()).then(|| Hash::of(&[&bytes]).to_string()))
}

/// Cuts a line, or a piece of one that is too long, from what is there; none where it has not ended.
fn cut<'b>(rest: &mut &'b [u8], within: &mut bool) -> Option<(&'b [u8], Part)> {
    let near = rest.get(..=LONGEST).unwrap_or(rest);
    let Some(end) = memchr(b'\n', near) else {
        let (piece, behind) = rest.split_at_checked(LONGEST).filter(|(_, behind)| !behind.is_empty())?;
        (*rest, *within) = (behind, true);
        return Some((piece, Part::Piece));
    };
    let (line, behind) = rest.split_at_checked(end)?;
    *rest = behind.get(1..).unwrap_or_default();
    let part = if std::mem::take(within) { Part::Last } else { Part::Whole };
    Some((line.strip_suffix(b"\r").unwrap_or(line), part))
}
