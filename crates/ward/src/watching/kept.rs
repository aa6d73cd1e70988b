//! What is kept between runs: the state of the rules, and what was handed in since it was written.
//!
//! Two states are written by turns, each with a file of its own for what was handed in behind it, so that the last whole
//! state has all that came since, whenever the process ends. A state is written once everything is entered that was found
//! on the way to it.
//! Source: `docs/format.md` §10.8.

use data_encoding::HEXLOWER;
use ledger::disk::{Disk, DiskError, DiskFile};
use model::{Instant, Told};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use store::{AlarmGroup, AlarmName};
use watch::Known;

/// The folder.
pub(crate) const FOLDER: &str = "watch/";

/// What a state begins with: a line of its own.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    digest: String,
    format: String,
    generation: u64,
}

const STATE: &str = "ward-watch/1";
const RUNS: &str = "ward-watch-runs/1";

/// Something that was handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Run {
    /// Lines of a receiver, up to the one before this number.
    Lines(String, u64),
    /// A tick: the second.
    Tick(i64),
    /// What is known of accounts and networks from here on.
    Know(Known),
    /// Somebody said that an alarm is over.
    Settled(AlarmName),
    /// Nothing was received until this second.
    Down(i64),
    /// The clock has gone back to this second.
    Back(i64),
}

/// An alarm's name, as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    first: Instant,
    group: AlarmGroup,
    rule: String,
}

/// A state that was read.
pub(super) struct Found {
    pub(super) generation: u64,
    pub(super) state: Vec<u8>,
    /// What was handed in behind it.
    pub(super) runs: Vec<Run>,
}

/// Where they are written.
pub(super) struct Kept {
    disk: Arc<dyn Disk>,
    generation: u64,
    file: Option<Box<dyn DiskFile>>,
    /// Bytes of the file, and what is to be written behind them.
    written: u64,
    waiting: String,
    /// The last run, which grows while its receiver goes on.
    last: Option<(String, u64)>,
    durable: bool,
}

fn state_path(generation: u64) -> String {
    format!("{FOLDER}state-{}", generation % 2)
}

fn runs_path(generation: u64) -> String {
    format!("{FOLDER}runs-{}", generation % 2)
}

fn digest(state: &[u8]) -> String {
    format!("sha256:{}", HEXLOWER.encode(&Sha256::digest(state)))
}

fn split(content: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = content.iter().position(|byte| *byte == b'\n')?;
    Some((content.get(..end)?, content.get(end + 1..)?))
}

/// A whole state: its generation and itself.
fn read_state(content: &[u8]) -> Option<(u64, &[u8])> {
    let (head, state) = split(content)?;
    let head: Head = serde_json::from_slice(head).ok()?;
    (head.format == STATE && head.digest == digest(state)).then_some((head.generation, state))
}

/// What was handed in behind a state of this generation, up to where it was cut off.
fn read_runs(content: &[u8], generation: u64) -> Vec<Run> {
    let Some((head, rest)) = split(content) else { return Vec::new() };
    if head != format!("{RUNS} {generation}").as_bytes() {
        return Vec::new();
    }
    let mut runs = Vec::new();
    let mut rest = rest;
    while let Some((line, behind)) = split(rest) {
        let Some(run) = std::str::from_utf8(line).ok().and_then(read_run) else { break };
        runs.push(run);
        rest = behind;
    }
    runs
}

fn read_run(line: &str) -> Option<Run> {
    let (what, rest) = line.split_once(' ')?;
    match what {
        "t" => rest.parse().ok().map(Run::Tick),
        "d" => rest.parse().ok().map(Run::Down),
        "b" => rest.parse().ok().map(Run::Back),
        "k" => serde_json::from_str(rest).ok().map(Run::Know),
        "s" => {
            let Named { first, group, rule } = serde_json::from_str(rest).ok()?;
            Some(Run::Settled(AlarmName { rule, group, first }))
        }
        "l" => {
            let (number, receiver) = rest.split_once(' ')?;
            Some(Run::Lines(receiver.to_owned(), number.parse().ok()?))
        }
        _ => None,
    }
}

impl Kept {
    /// Reads the last whole state, where there is one.
    pub(super) fn open(disk: Arc<dyn Disk>) -> Result<(Self, Option<Found>), DiskError> {
        let mut found: Option<Found> = None;
        for turn in 0..2 {
            let Some(content) = disk.read(&state_path(turn))? else { continue };
            let Some((generation, state)) = read_state(&content) else { continue };
            if found.as_ref().is_none_or(|found| found.generation < generation) {
                let runs = disk.read(&runs_path(generation))?.unwrap_or_default();
                let runs = read_runs(&runs, generation);
                found = Some(Found { generation, state: state.to_vec(), runs });
            }
        }
        let generation = found.as_ref().map_or(0, |found| found.generation);
        let (waiting, last) = (String::new(), None);
        Ok((Self { disk, generation, file: None, written: 0, waiting, last, durable: false }, found))
    }

    /// Writes a state, durably, and begins anew with what is handed in behind it.
    ///
    /// Crash points: until the state is durable the one before counts, with all that was handed in since; from then on it
    /// counts itself, with nothing behind it until its own file begins.
    pub(super) fn write(&mut self, state: &[u8]) -> Result<(), DiskError> {
        let generation = self.generation + 1;
        let head = Head { digest: digest(state), format: STATE.to_owned(), generation };
        let mut content = serde_json::to_vec(&head).unwrap_or_default();
        content.push(b'\n');
        content.extend_from_slice(state);
        let path = state_path(generation);
        self.disk.write(&path, &content)?;
        self.disk.sync(&path)?;
        let (path, head) = (runs_path(generation), format!("{RUNS} {generation}\n"));
        self.disk.write(&path, head.as_bytes())?;
        self.disk.sync(&path)?;
        self.disk.sync_folder(FOLDER.trim_end_matches('/'))?;
        // The folder itself may be new.
        self.disk.sync_folder("")?;
        self.file = Some(self.disk.open(&path)?);
        (self.generation, self.written, self.last) = (generation, head.len() as u64, None);
        self.waiting.clear();
        self.durable = true;
        Ok(())
    }

    /// Notes that lines of a receiver were handed in, up to the one before this number.
    pub(super) fn lines(&mut self, receiver: &str, end: u64) {
        match &mut self.last {
            Some((last, known)) if last == receiver => *known = end,
            _ => {
                self.settle();
                self.last = Some((receiver.to_owned(), end));
            }
        }
    }

    /// Notes that a second was ticked.
    pub(super) fn tick(&mut self, second: i64) {
        self.note(&format!("t {second}"));
    }

    /// Notes that nothing was received until a second.
    pub(super) fn down(&mut self, second: i64) {
        self.note(&format!("d {second}"));
    }

    /// Notes that the clock has gone back to a second.
    pub(super) fn back(&mut self, second: i64) {
        self.note(&format!("b {second}"));
    }

    /// Notes what is known of accounts and networks from here on.
    pub(super) fn know(&mut self, known: &Known) {
        // Texts alone: it is always written, on one line.
        let known = serde_json::to_string(known).unwrap_or_default();
        self.note(&format!("k {known}"));
    }

    /// Notes that somebody said an alarm is over.
    pub(super) fn settled(&mut self, name: &AlarmName) {
        let AlarmName { rule, group, first } = name.clone();
        let named = serde_json::to_string(&Named { first, group, rule }).unwrap_or_default();
        self.note(&format!("s {named}"));
    }

    fn note(&mut self, line: &str) {
        self.settle();
        self.waiting.push_str(line);
        self.waiting.push('\n');
    }

    fn settle(&mut self) {
        if let Some((receiver, end)) = self.last.take() {
            self.waiting.push_str(&format!("l {end} {receiver}\n"));
        }
    }

    /// Writes what was noted. A process that ends from here on finds it again; a machine does once it is durable.
    pub(super) fn flush(&mut self) -> Result<(), DiskError> {
        self.settle();
        let Some(file) = self.file.as_mut().filter(|_| !self.waiting.is_empty()) else { return Ok(()) };
        self.durable = false;
        file.write_at(self.written, self.waiting.as_bytes())?;
        self.written += self.waiting.len() as u64;
        self.waiting.clear();
        Ok(())
    }

    /// Makes durable what was noted.
    pub(super) fn sync(&mut self) -> Result<(), DiskError> {
        self.flush()?;
        if let Some(file) = self.file.as_mut().filter(|_| !self.durable) {
            file.sync()?;
            self.durable = true;
        }
        Ok(())
    }
}

/// The files of the folder.
pub(crate) const FILES: [&str; 4] = ["watch/state-0", "watch/state-1", "watch/runs-0", "watch/runs-1"];

/// What is wrong with the states in a folder: none of them is whole. One that was cut off while it was written is no harm
/// where the other is, or where it was the first.
pub(crate) fn judge(disk: &dyn Disk) -> Result<Option<Told>, DiskError> {
    let (mut whole, mut runs) = (0, 0);
    for generation in 0..2 {
        let state = disk.read(&state_path(generation))?;
        whole += usize::from(state.as_deref().and_then(read_state).is_some());
        runs += usize::from(disk.read(&runs_path(generation))?.is_some());
    }
    let lost = runs > 0 && whole == 0;
    Ok(lost.then(|| Told::new("監看規則之狀態檔均不完整", "no state of the rules is whole")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger::disk::Folder;

    fn kept(folder: &std::path::Path) -> (Kept, Option<Found>) {
        Kept::open(Arc::new(Folder::new(folder))).unwrap()
    }

    #[test]
    fn the_last_whole_state_is_found_with_all_that_came_since() {
        let folder = tempfile::tempdir().unwrap();
        let (mut one, found) = kept(folder.path());
        assert!(found.is_none());
        one.write(b"first").unwrap();
        one.lines("syslog-tcp", 5);
        one.lines("syslog-tcp", 9);
        one.lines("files", 2);
        one.tick(1_795_140_672);
        let known = Known {
            accounts: [("lin\n林".to_owned(), "u_1".to_owned())].into(),
            networks: vec![("10.1.0.0/16".to_owned().try_into().unwrap(), "u_2".to_owned())],
        };
        let name = AlarmName {
            rule: "guessed".to_owned(),
            group: vec![("src_ip".to_owned(), "192.0.2.9".to_owned())],
            first: Instant::EPOCH,
        };
        one.know(&known);
        one.settled(&name);
        one.down(1_795_140_700);
        one.back(1_795_140_600);
        one.sync().unwrap();
        let runs = vec![
            Run::Lines("syslog-tcp".into(), 9),
            Run::Lines("files".into(), 2),
            Run::Tick(1_795_140_672),
            Run::Know(known),
            Run::Settled(name),
            Run::Down(1_795_140_700),
            Run::Back(1_795_140_600),
        ];
        let (_, found) = kept(folder.path());
        let found = found.unwrap();
        assert_eq!((found.state.as_slice(), &found.runs), (b"first".as_slice(), &runs));
        one.write(b"second").unwrap();
        one.tick(1_795_140_673);
        one.flush().unwrap();
        let (_, found) = kept(folder.path());
        let found = found.unwrap();
        assert_eq!(found.state, b"second");
        assert_eq!(found.runs, [Run::Tick(1_795_140_673)]);
        // The second was cut off while it was written: the first counts, with all that came behind it.
        let disk = Folder::new(folder.path());
        let torn = disk.read(&state_path(2)).unwrap().unwrap();
        disk.write(&state_path(2), &torn[..torn.len() - 1]).unwrap();
        let (mut again, found) = kept(folder.path());
        let found = found.unwrap();
        assert_eq!((found.state.as_slice(), &found.runs), (b"first".as_slice(), &runs));
        again.write(b"third").unwrap();
        let (_, found) = kept(folder.path());
        assert_eq!(found.unwrap().state, b"third");
    }

    #[test]
    fn what_was_cut_off_among_what_was_handed_in_ends_it() {
        let folder = tempfile::tempdir().unwrap();
        let (mut one, _) = kept(folder.path());
        one.write(b"state").unwrap();
        one.tick(1);
        one.tick(2);
        one.sync().unwrap();
        let disk = Folder::new(folder.path());
        let path = runs_path(1);
        let whole = disk.read(&path).unwrap().unwrap();
        for cut in 0..whole.len() {
            disk.write(&path, &whole[..cut]).unwrap();
            let (_, found) = kept(folder.path());
            let runs = found.unwrap().runs;
            assert!([Run::Tick(1), Run::Tick(2)].starts_with(&runs), "{cut}: {runs:?}");
        }
        // Those of another state are none of its own.
        disk.write(&path, b"ward-watch-runs/1 3\nt 1\n").unwrap();
        assert!(kept(folder.path()).1.unwrap().runs.is_empty());
        assert!(judge(&disk).unwrap().is_none());
        disk.write(&state_path(1), b"{}\n").unwrap();
        assert!(judge(&disk).unwrap().is_some());
    }
}
