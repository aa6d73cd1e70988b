//! The journal of systemd: each entry is a line, from where a former run has come to.
//!
//! Read by `journalctl --follow` as its export format, in which no value is cut short and none is guessed at. A line is a JSON
//! object with a member for each field, in the order of their names: a text, or the bytes as numbers where it is none; a
//! field that stands several times is a list of these. `journalctl --output=json` writes the same members in an order that
//! chance gives, so that no two lines would look alike.
//! Guarantee: each entry once ([`Place`]); of one that is longer than a chunk, pieces may stand twice after a kill.
//! Source: systemd, Journal Export Formats; journalctl(1).

use super::place::Place;
use crate::came::Came;
use crate::chunk::{Chunk, pieces};
use crate::receiver::{Receiver, ReceiverError};
use ledger::disk::Disk;
use model::Clock;
use std::io::{BufRead, BufReader, Error, ErrorKind, Read as _, Result};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Who reads the journal.
const PROGRAM: &str = "/usr/bin/journalctl";
/// How long is waited before it is started again.
const AGAIN: Duration = Duration::from_secs(5);
/// Bytes read at once.
const READ: usize = 256 << 10;
/// Most bytes of a field, as journald keeps them.
const MOST: u64 = 768 << 20;

/// A journal that is followed by a thread.
pub struct Journald {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    stopped: AtomicBool,
    child: Mutex<Option<Child>>,
    /// How the last one ended; none once the next has given an entry.
    trouble: Mutex<Option<String>>,
    /// Why nothing is read any more.
    failed: OnceLock<String>,
}

impl Journald {
    /// Begins to follow the machine's own journal, or that of a folder, with a receiver that has lines from nowhere else.
    ///
    /// # Errors
    /// `Disk`, `Place`: where a former run has come to cannot be read.
    pub fn open(
        folder: Option<PathBuf>,
        receiver: &Receiver,
        disk: Arc<dyn Disk>,
        clock: Arc<dyn Clock>,
    ) -> std::result::Result<Self, ReceiverError> {
        let place = Place::open(disk, receiver)?;
        // It is started elsewhere than here.
        let folder = folder.map(|folder| std::path::absolute(&folder).unwrap_or(folder));
        let shared = Arc::new(Shared::default());
        let mut follower = Follower { folder, place, clock, shared: Arc::clone(&shared) };
        let thread = crate::receiver::spawned("journald", move || follower.run())?;
        Ok(Self { shared, thread })
    }

    /// Why nothing is read any more; none while it is.
    #[must_use]
    pub fn failed(&self) -> Option<&str> {
        self.shared.failed.get().map(String::as_str)
    }

    /// Why `journalctl` has ended, which is started again.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        lock(&self.shared.trouble).clone()
    }

    /// Ends; what was read is durable.
    pub fn close(self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        if let Some(child) = lock(&self.shared.child).as_mut() {
            // One that has ended by itself is as good.
            let _ = child.kill();
        }
        self.thread.thread().unpark();
        let _ = self.thread.join();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Follower {
    folder: Option<PathBuf>,
    /// The cursor of the last entry; empty at the beginning.
    place: Place<String>,
    clock: Arc<dyn Clock>,
    shared: Arc<Shared>,
}

impl Follower {
    fn run(&mut self) {
        loop {
            match self.start() {
                Ok(None) => return,
                Ok(Some(output)) => {
                    let read = self.read(BufReader::with_capacity(READ, output));
                    let ended = lock(&self.shared.child).take().map(|mut child| {
                        let _ = child.kill();
                        child.wait()
                    });
                    match read {
                        Err(Ended::Receiver(error)) => {
                            let _ = self.shared.failed.set(error.to_string());
                            return;
                        }
                        Err(Ended::Journal(error)) => self.told(&error.to_string()),
                        Ok(()) => match ended {
                            Some(Ok(status)) => self.told(&status.to_string()),
                            Some(Err(error)) => self.told(&error.to_string()),
                            None => {}
                        },
                    }
                }
                Err(error) => self.told(&error.to_string()),
            }
            if self.shared.stopped.load(Ordering::SeqCst) {
                return;
            }
            std::thread::park_timeout(AGAIN);
        }
    }

    fn told(&self, why: &str) {
        *lock(&self.shared.trouble) = Some(format!("{PROGRAM}: {why}"));
    }

    /// Starts `journalctl` behind the last entry; none where it is to stop.
    fn start(&self) -> Result<Option<ChildStdout>> {
        let mut child = lock(&self.shared.child);
        if self.shared.stopped.load(Ordering::SeqCst) {
            return Ok(None);
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that starts it; its words go where ours go"
        )]
        let mut command = Command::new(PROGRAM);
        command.args(["--output=export", "--follow", "--no-tail", "--quiet", "--no-pager"]);
        command.args(self.folder.as_ref().map(|folder| {
            let mut argument = std::ffi::OsString::from("--directory=");
            argument.push(folder);
            argument
        }));
        if !self.place.at().is_empty() {
            command.arg(format!("--after-cursor={}", self.place.at()));
        }
        command.env_clear().current_dir("/").stdin(Stdio::null()).stdout(Stdio::piped());
        let mut started = command.spawn()?;
        let output = started.stdout.take().ok_or_else(|| Error::other("no standard output"))?;
        *child = Some(started);
        Ok(Some(output))
    }

    /// Hands in entries until there are no more.
    fn read(&mut self, mut output: BufReader<ChildStdout>) -> std::result::Result<(), Ended> {
        let mut chunk = self.chunk();
        while let Some(entry) = Entry::read(&mut output)? {
            let cursor = entry.cursor().ok_or_else(|| Error::other("an entry without a cursor"))?;
            let line = entry.line();
            for (piece, part) in pieces(&line) {
                if chunk.is_full() {
                    let (full, at) = (std::mem::replace(&mut chunk, self.chunk()), self.place.at().clone());
                    self.place.step(full, at)?;
                }
                chunk.push(piece, part);
            }
            // What is there already of the next entry is handed in with it.
            if chunk.is_full() || output.buffer().is_empty() {
                let full = std::mem::replace(&mut chunk, self.chunk());
                self.place.step(full, cursor)?;
            }
            *lock(&self.shared.trouble) = None;
        }
        Ok(())
    }

    fn chunk(&self) -> Chunk {
        Chunk::new(Came::from_file(self.clock.now()))
    }
}

/// Why reading has ended.
enum Ended {
    Journal(Error),
    Receiver(ReceiverError),
}

impl From<Error> for Ended {
    fn from(error: Error) -> Self {
        Self::Journal(error)
    }
}

impl From<ReceiverError> for Ended {
    fn from(error: ReceiverError) -> Self {
        Self::Receiver(error)
    }
}

/// An entry of the journal: names and values of its fields.
#[derive(Debug, PartialEq, Eq)]
struct Entry(Vec<(String, Vec<u8>)>);

impl Entry {
    /// The next one; none where there is none, or not all of one.
    fn read(input: &mut impl BufRead) -> Result<Option<Self>> {
        let mut fields: Vec<(String, Vec<u8>)> = Vec::new();
        loop {
            let mut line = Vec::new();
            input.read_until(b'\n', &mut line)?;
            if line.pop() != Some(b'\n') {
                return Ok(None);
            }
            if line.is_empty() {
                if fields.is_empty() {
                    continue;
                }
                fields.sort_by(|one, other| one.0.cmp(&other.0));
                return Ok(Some(Self(fields)));
            }
            let (name, value) = match memchr::memchr(b'=', &line) {
                Some(sign) => {
                    let value = line.split_off(sign + 1);
                    line.pop();
                    (line, value)
                }
                None => match binary(input)? {
                    Some(value) => (line, value),
                    None => return Ok(None),
                },
            };
            fields.push((String::from_utf8_lossy(&name).into_owned(), value));
        }
    }

    fn cursor(&self) -> Option<String> {
        let (_, value) = self.0.iter().find(|(name, _)| name == "__CURSOR")?;
        String::from_utf8(value.clone()).ok()
    }

    /// It as a line of JSON.
    fn line(&self) -> Vec<u8> {
        let mut line = Vec::with_capacity(1_024);
        for (nth, same) in self.0.chunk_by(|one, other| one.0 == other.0).enumerate() {
            line.push(if nth == 0 { b'{' } else { b',' });
            if let Some((name, _)) = same.first() {
                put_json(&mut line, name);
            }
            line.push(b':');
            match same {
                [(_, value)] => put_value(&mut line, value),
                several => {
                    for (nth, (_, value)) in several.iter().enumerate() {
                        line.push(if nth == 0 { b'[' } else { b',' });
                        put_value(&mut line, value);
                    }
                    line.push(b']');
                }
            }
        }
        line.push(b'}');
        line
    }
}

/// Length, value and line end of a field whose value may hold line ends; none where not all of it is there.
fn binary(input: &mut impl BufRead) -> Result<Option<Vec<u8>>> {
    let ended = |error: &Error| error.kind() == ErrorKind::UnexpectedEof;
    let mut length = [0; 8];
    match input.read_exact(&mut length) {
        Err(error) if ended(&error) => return Ok(None),
        read => read?,
    }
    let length = u64::from_le_bytes(length);
    if length > MOST {
        return Err(Error::other(format!("a field of {length} bytes")));
    }
    let mut value = Vec::new();
    input.take(length + 1).read_to_end(&mut value)?;
    Ok((value.pop() == Some(b'\n') && value.len() as u64 == length).then_some(value))
}

fn put_json(line: &mut Vec<u8>, value: impl serde::Serialize) {
    // A text and a list of numbers have a JSON, and a vector takes all of it.
    let _ = serde_json::to_writer(line, &value);
}

fn put_value(line: &mut Vec<u8>, value: &[u8]) {
    match std::str::from_utf8(value) {
        Ok(text) => put_json(line, text),
        Err(_) => put_json(line, value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(mut bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some(entry) = Entry::read(&mut bytes).unwrap() {
            lines.push(String::from_utf8(entry.line()).unwrap());
        }
        lines
    }

    #[test]
    fn entries_are_lines_with_their_members_in_order() {
        let binary = |name: &str, value: &[u8]| {
            [name.as_bytes(), b"\n", &(value.len() as u64).to_le_bytes(), value, b"\n"].concat()
        };
        let first = [
            b"__CURSOR=s=1;i=2\nMESSAGE=a \"b\" = c\nB=1\n".to_vec(),
            binary("A", b"x\ny=z\n"),
            b"B=2\n".to_vec(),
            binary("C", b"\xff\n"),
            b"\n".to_vec(),
        ]
        .concat();
        let text = [first.as_slice(), b"\n\nD=\n\n"].concat();
        let expected = [
            r#"{"A":"x\ny=z\n","B":["1","2"],"C":[255,10],"MESSAGE":"a \"b\" = c","__CURSOR":"s=1;i=2"}"#,
            r#"{"D":""}"#,
        ];
        assert_eq!(read(&text), expected);
        // One that is not all there is none.
        for end in 0..first.len() {
            assert!(read(&text[..end]).is_empty(), "{end}");
        }
        assert_eq!(read(&first).len(), 1);
    }
}
