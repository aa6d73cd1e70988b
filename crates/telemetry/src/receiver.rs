//! A receiver: its journal, the lines that are in no file yet, and the work that brings them there.
//!
//! One thread numbers what comes and makes it durable, as much at once as has come meanwhile; others read, hash and take
//! apart. Each second the root of what was taken in is sealed ([`Receiver::seal`]); a segment that is full becomes a file
//! ([`Receiver::file`]) once the ledger has the roots of all its lines.
//! Invariants: lines are acknowledged when they are durable, and sealed in the order of their numbers; no batch reaches
//! over the end of a segment; a segment goes when the ledger has its file.
//! After a disk has failed nothing more is taken: the receiver is to be opened anew.

use crate::block::{Block, Maker};
use crate::chunk::Chunk;
use crate::file::{self, About, FileError, Part, Stretch};
use crate::gaps::Devices;
use crate::index::{self, Keys};
use crate::journal::{Journal, JournalError, Segment, SegmentName};
use crate::peers::Peers;
use crate::prove::{self, ProveError, Proven};
use crate::salt::SaltKey;
use crate::source::Sources;
use ledger::disk::{Disk, DiskError};
use ledger::entropy::{Entropy, EntropyError};
use model::Instant;
use proof::hash::Hash;
use proof::tree::Frontier;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::mpsc::{Receiver as Queue, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Lines of a segment, and so of the file it becomes.
pub const SEGMENT_LINES: u64 = 1 << 18;
/// How long a segment stays open that has lines.
pub const SEGMENT_AGE: Duration = Duration::from_secs(60);
/// Segments of a run that may wait to become files, and be held in memory meanwhile; then nothing more is taken.
const MOST_SEGMENTS: usize = 4;
/// Chunks that may wait for the journal.
const WAITING: usize = 64;
/// Bytes that are made durable at once.
const AT_ONCE: usize = 4 << 20;
/// Chunks that may wait to be read.
const UNREAD: usize = 64;

/// Lines that follow one another, with the root of their tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch {
    /// Number of the first.
    pub first: u64,
    /// How many.
    pub count: u64,
    /// The root.
    pub root: Hash,
}

/// A file of lines, as the ledger has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filed {
    /// Number of the first line.
    pub first: u64,
    /// How many.
    pub count: u64,
    /// SHA-256 of the file.
    pub file: Hash,
    /// SHA-256 of its index.
    pub index: Hash,
    /// When the first and the last of the lines were received.
    pub received: (Instant, Instant),
    /// Bytes of file and index.
    pub bytes: u64,
}

/// How a receiver stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// Lines that are durable, of all time.
    pub lines: u64,
    /// Lines that were read since the start, and how many of them have all nine fields.
    pub read: (u64, u64),
    /// Lines whose root is sealed.
    pub sealed: u64,
    /// Lines that are in files.
    pub filed: u64,
}

/// Why a receiver does not work.
#[derive(Debug, thiserror::Error)]
pub enum ReceiverError {
    /// Its journal.
    #[error("the journal of received lines")]
    Journal(#[from] JournalError),
    /// Its files.
    #[error("a file of lines")]
    File(#[from] FileError),
    /// The disk.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// There was no randomness for a key.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// Where reading stands cannot be read.
    #[error("{path} does not say where reading stands: {why}")]
    Place {
        /// The file that is to say it.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// It has stopped.
    #[error("the receiver has stopped: {0}")]
    Stopped(String),
}

/// What has become of lines that were handed in: the number of the first once they are durable; none where they are not.
pub type Acknowledge = Box<dyn FnOnce(Option<u64>) + Send>;

enum Message {
    Lines(Chunk, Option<Acknowledge>),
    /// The segment is to end, whatever it holds.
    Cut,
}

/// Where lines are handed in. Clones lead to the same receiver.
#[derive(Clone)]
pub struct Intake(SyncSender<Message>);

/// A receiver at work.
pub struct Receiver {
    name: String,
    disk: Arc<dyn Disk>,
    intake: Intake,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    live: Mutex<Live>,
    moved: Condvar,
    /// Whoever is told that lines were read.
    bell: OnceLock<Bell>,
}

/// Told that lines were read; it is not to keep whoever tells it.
pub type Bell = Box<dyn Fn() + Send + Sync>;

/// Where lines are from one of them on.
#[derive(Debug, Clone)]
pub enum Since {
    /// In blocks that follow one another, the first of which holds that line; none where nothing was read since.
    Tail(Vec<Arc<Block>>),
    /// In no segment any more.
    Filed,
}

/// Lines that are in no file yet.
#[derive(Default)]
struct Live {
    segments: VecDeque<Open>,
    /// Blocks that were read before those in front of them.
    early: BTreeMap<u64, Block>,
    /// Number of the first line that was not read yet.
    next: u64,
    /// Lines since the last root.
    edge: Frontier,
    edge_first: u64,
    /// Roots that the ledger has not got yet.
    sealed: Vec<Batch>,
    /// Lines whose root the ledger has.
    entered: u64,
    figures: Figures,
    peers: Peers,
    devices: Devices,
    stopped: Option<String>,
}

/// A segment whose lines were read.
struct Open {
    first: u64,
    key: SaltKey,
    blocks: Vec<Arc<Block>>,
    /// Number of the line behind its last, once it has ended.
    end: Option<u64>,
}

/// A segment that has ended, with what was read of it.
pub struct Full {
    first: u64,
    end: u64,
    key: SaltKey,
    blocks: Vec<Arc<Block>>,
}

impl Intake {
    /// Hands in lines; waits while too many wait. `acknowledge` is told once they are durable, or that they are not.
    ///
    /// # Errors
    /// The receiver has stopped; the lines were not taken.
    pub fn put(&self, chunk: Chunk, acknowledge: Option<Acknowledge>) -> Result<(), Chunk> {
        self.0.send(Message::Lines(chunk, acknowledge)).map_err(|error| lines_of(error.0))
    }
}

fn lines_of(message: Message) -> Chunk {
    match message {
        Message::Lines(chunk, _) => chunk,
        Message::Cut => Chunk::new(crate::Came::from_file(Instant::EPOCH)),
    }
}

impl Receiver {
    /// Opens a receiver: what its journal holds beyond `filed` lines is read again; the roots of the first `entered` lines
    /// are in the ledger. Lines are read as `sources` says of their sender.
    ///
    /// # Errors
    /// `Journal`: lines that were acknowledged do not read. `Disk`, `Entropy`, `File`.
    pub fn open(
        name: &str,
        disk: Arc<dyn Disk>,
        entropy: Box<dyn Entropy>,
        (entered, filed): (u64, u64),
        sources: Sources,
        workers: usize,
    ) -> Result<Self, ReceiverError> {
        let folder = journal_folder(name);
        let (journal, segments) = Journal::open(Arc::clone(&disk), &folder, filed)?;
        let mut live = Live { next: filed, edge_first: entered, entered, ..Live::default() };
        live.figures.lines = journal.next();
        live.figures.filed = filed;
        let mut maker = Maker::default();
        for segment in &segments {
            live.take_up(segment, entered, &mut maker, &sources)?;
        }
        let shared =
            Arc::new(Shared { live: Mutex::new(live), moved: Condvar::new(), bell: OnceLock::new() });
        let (intake, messages) = sync_channel(WAITING);
        let (unread, to_read) = sync_channel(UNREAD);
        let to_read = Arc::new(Mutex::new(to_read));
        let mut threads = Vec::new();
        let most = MOST_SEGMENTS + segments.len();
        let writer = Writer { journal, entropy, shared: Arc::clone(&shared), unread, most };
        threads.push(spawned(&format!("{name} journal"), move || writer.run(&messages))?);
        for _ in 0..workers.max(1) {
            let (shared, to_read, sources) = (Arc::clone(&shared), Arc::clone(&to_read), sources.clone());
            threads.push(spawned(&format!("{name} lines"), move || read(&shared, &to_read, &sources))?);
        }
        Ok(Self { name: name.to_owned(), disk, intake: Intake(intake), shared, threads })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where lines are handed in.
    #[must_use]
    pub fn intake(&self) -> Intake {
        self.intake.clone()
    }

    /// How it stands.
    #[must_use]
    pub fn figures(&self) -> Figures {
        self.live().figures
    }

    /// Who has sent lines since it was opened; what was taken up then counts as well.
    #[must_use]
    pub fn peers(&self) -> Peers {
        self.live().peers.clone()
    }

    /// Why nothing is taken any more; none while it is.
    #[must_use]
    pub fn stopped(&self) -> Option<String> {
        self.live().stopped.clone()
    }

    fn live(&self) -> MutexGuard<'_, Live> {
        self.shared.live()
    }

    /// Waits until this many lines were read, or it has stopped.
    pub fn wait_for(&self, lines: u64) {
        let waiting = |live: &mut Live| live.next < lines && live.stopped.is_none();
        drop(self.shared.moved.wait_while(self.live(), waiting).unwrap_or_else(PoisonError::into_inner));
    }

    /// Seals what was read since the last time. Gives every root that the ledger has not got yet, in order.
    #[must_use]
    pub fn seal(&self) -> Vec<Batch> {
        let mut live = self.live();
        live.seal();
        live.sealed.clone()
    }

    /// The ledger has the roots of all lines before this one.
    pub fn entered(&self, end: u64) {
        let mut live = self.live();
        live.sealed.retain(|batch| batch.first + batch.count > end);
        live.entered = live.entered.max(end);
    }

    /// Ends the segment that is open.
    ///
    /// # Errors
    /// `Stopped`.
    pub fn cut(&self) -> Result<(), ReceiverError> {
        self.intake.0.send(Message::Cut).map_err(|_| self.why())
    }

    /// Number of the first line of the segment that is open; none where none is.
    #[must_use]
    pub fn open_segment(&self) -> Option<u64> {
        self.live().segments.back().filter(|open| open.end.is_none()).map(|open| open.first)
    }

    /// Waits until no segment is open, or it has stopped.
    pub fn wait_until_cut(&self) {
        let waiting = |live: &mut Live| {
            live.stopped.is_none() && live.segments.back().is_some_and(|open| open.end.is_none())
        };
        drop(self.shared.moved.wait_while(self.live(), waiting).unwrap_or_else(PoisonError::into_inner));
    }

    fn why(&self) -> ReceiverError {
        ReceiverError::Stopped(self.stopped().unwrap_or_default())
    }

    /// The oldest segment that can become a file: it has ended, and the ledger has the roots of all its lines.
    #[must_use]
    pub fn full(&self) -> Option<Full> {
        let live = self.live();
        let open = live.segments.front()?;
        let end = open.end.filter(|end| *end <= live.entered && *end <= live.next)?;
        Some(Full { first: open.first, end, key: open.key, blocks: open.blocks.clone() })
    }

    /// Writes a segment's file and its index, durably.
    ///
    /// # Errors
    /// `File`, `Disk`.
    pub fn file(&self, full: &Full) -> Result<Filed, ReceiverError> {
        let count = full.end - full.first;
        let stretch = Stretch::new(full.first, count, &full.key);
        let about = About::of(&self.name, vec![stretch]);
        let bytes = file::write(about, || Ok(Part::of_all(&full.blocks)))?;
        let keys: Vec<Keys> = full.blocks.iter().map(|block| Keys::of(&block.columns)).collect();
        let index = index::build(&keys);
        let paths = file_paths(&self.name, full.first, count, 0);
        for (path, content) in paths.iter().zip([&bytes, &index]) {
            self.disk.write(path, content)?;
            self.disk.sync(path)?;
        }
        self.disk.sync_folder(&files_folder(&self.name))?;
        let received = |block: Option<&Arc<Block>>| block.map_or(Instant::EPOCH, |block| block.received);
        Ok(Filed {
            first: full.first,
            count,
            file: Hash::of(&[&bytes]),
            index: Hash::of(&[&index]),
            received: (received(full.blocks.first()), received(full.blocks.last())),
            bytes: (bytes.len() + index.len()) as u64,
        })
    }

    /// The ledger has the file of the oldest segment, which is no longer needed.
    ///
    /// # Errors
    /// `Disk`: it stays, and goes at the next opening.
    pub fn filed(&self, filed: &Filed) -> Result<(), ReceiverError> {
        let mut live = self.live();
        if live.segments.front().is_some_and(|open| open.first == filed.first) {
            live.segments.pop_front();
        }
        live.figures.filed = filed.first + filed.count;
        drop(live);
        self.shared.moved.notify_all();
        self.disk.remove(&SegmentName(filed.first).path(&journal_folder(&self.name)))?;
        Ok(())
    }

    /// Blocks that are in no file yet, in order.
    #[must_use]
    pub fn tail(&self) -> Vec<Arc<Block>> {
        self.live().segments.iter().flat_map(|open| open.blocks.iter().cloned()).collect()
    }

    /// Has it told whenever lines were read. Only the first bell is rung.
    pub fn ring(&self, bell: Bell) {
        // One that is there already stays.
        let _ = self.shared.bell.set(bell);
    }

    /// Blocks from the one on that holds a line, at most so many.
    #[must_use]
    pub fn since(&self, line: u64, most: usize) -> Since {
        let live = self.live();
        if line >= live.next {
            return Since::Tail(Vec::new());
        }
        let behind = |block: &Arc<Block>| block.end() <= line;
        let mut blocks = Vec::new();
        for open in &live.segments {
            let from = open.blocks.partition_point(behind);
            let left = most - blocks.len();
            blocks.extend(open.blocks.iter().skip(from).take(left).cloned());
        }
        match blocks.first() {
            Some(block) if block.first <= line => Since::Tail(blocks),
            _ => Since::Filed,
        }
    }

    /// Proves lines of these numbers, which are all of one batch; none where they are in no segment any more.
    ///
    /// # Errors
    /// [`ProveError`].
    pub fn prove(&self, batch: &Batch, numbers: &BTreeSet<u64>) -> Result<Option<Vec<Proven>>, ProveError> {
        let (key, blocks) = {
            let live = self.live();
            let holds =
                |open: &&Open| open.first <= batch.first && open.end.is_none_or(|end| batch.first < end);
            let Some(open) = live.segments.iter().find(holds) else { return Ok(None) };
            (open.key, open.blocks.clone())
        };
        let end = batch.first + batch.count;
        let within = blocks
            .iter()
            .filter(|block| block.first < end && block.first + block.columns.num_rows() as u64 > batch.first);
        let rows = within.map(|block| Ok((block.first, block.columns.clone(), Arc::clone(&block.shapes))));
        let salts = key.salts(batch.first, usize::try_from(batch.count).unwrap_or(usize::MAX));
        prove::prove(batch, &salts, rows, &[], numbers).map(Some)
    }

    /// Takes what is handed in already, makes it durable, and ends.
    pub fn close(self) {
        let Self { intake, threads, .. } = self;
        drop(intake);
        for thread in threads {
            let _ = thread.join();
        }
    }
}

/// Folder of a receiver's journal.
#[must_use]
pub fn journal_folder(name: &str) -> String {
    format!("lines/{name}/journal")
}

/// Folder of a receiver's files.
#[must_use]
pub fn files_folder(name: &str) -> String {
    format!("lines/{name}/files")
}

/// Paths of the file that has so many lines from this one on, so many of which were erased, and of its index.
#[must_use]
pub fn file_paths(name: &str, first: u64, count: u64, erased: u64) -> [String; 2] {
    let folder = files_folder(name);
    let erased = if erased == 0 { String::new() } else { format!("-{erased}") };
    ["parquet", "index"].map(|end| format!("{folder}/{first:020}-{count:07}{erased}.{end}"))
}

/// Number of the first line, how many, and how many of them were erased, by the name of a file or of its index; none where
/// it has another name.
#[must_use]
pub fn lines_of_name(name: &str) -> Option<(u64, u64, u64)> {
    let (numbers, end) = name.split_once('.')?;
    let (first, counts) = numbers.split_once('-')?;
    let (count, erased) = counts.split_once('-').unwrap_or((counts, ""));
    let number = |text: &str, least: usize| {
        let digits = text.len() >= least && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse().ok()).flatten()
    };
    let lines =
        (number(first, 20)?, number(count, 7)?, if erased.is_empty() { 0 } else { number(erased, 1)? });
    ["parquet", "index"].contains(&end).then_some(lines)
}

pub(crate) fn spawned(
    name: &str,
    work: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, ReceiverError> {
    let spawned = std::thread::Builder::new().name(name.chars().take(15).collect()).spawn(work);
    spawned.map_err(|error| ReceiverError::Disk(DiskError::new("start a thread", name, error)))
}

impl Shared {
    fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stop(&self, why: &str) {
        let mut live = self.live();
        if live.stopped.is_none() {
            live.stopped = Some(why.to_owned());
        }
        drop(live);
        self.moved.notify_all();
    }
}

impl Live {
    /// Takes up a segment that a former run has left.
    fn take_up(
        &mut self,
        segment: &Segment,
        entered: u64,
        maker: &mut Maker,
        sources: &Sources,
    ) -> Result<(), ReceiverError> {
        self.begin(segment.first, segment.key);
        let mut first = segment.first;
        for chunk in &segment.chunks {
            let source = sources.of(chunk.came.address);
            let block = maker.block(first, chunk, &segment.key, source).map_err(FileError::from)?;
            first += chunk.count() as u64;
            self.add_after(block, entered);
        }
        self.end(segment.end());
        Ok(())
    }

    fn begin(&mut self, first: u64, key: SaltKey) {
        self.segments.push_back(Open { first, key, blocks: Vec::new(), end: None });
    }

    fn end(&mut self, end: u64) {
        if let Some(open) = self.segments.back_mut() {
            open.end = Some(end);
        }
        self.seal_at(end);
    }

    fn add(&mut self, block: Block) {
        self.early.insert(block.first, block);
        while let Some(block) = self.early.remove(&self.next) {
            self.add_after(block, 0);
        }
    }

    /// Adds the block of the next lines; the first `entered` lines need no root any more.
    fn add_after(&mut self, block: Block, entered: u64) {
        let count = block.leaves.len() as u64;
        self.seal_at(block.first);
        for (leaf, number) in block.leaves.iter().zip(block.first..) {
            if number >= entered {
                self.edge.push(*leaf, |_, _| ());
            }
        }
        self.figures.read.0 += count;
        self.figures.read.1 += block.nine;
        if let Some(peer) = self.peers.add(&block) {
            self.devices.count(&block, &mut peer.gaps);
        }
        self.next = block.first + count;
        let home = self.segments.iter_mut().rev().find(|open| open.first <= block.first);
        if let Some(open) = home {
            // Leaves are in the tree; whoever needs them has the lines.
            open.blocks.push(Arc::new(Block { leaves: Vec::new(), ..block }));
        }
    }

    /// Seals where a segment ends.
    fn seal_at(&mut self, line: u64) {
        if self.next == line && self.segments.iter().any(|open| open.end == Some(line)) {
            self.seal();
        }
    }

    fn seal(&mut self) {
        let count = self.edge.size();
        if count > 0 {
            self.sealed.push(Batch { first: self.edge_first, count, root: self.edge.root() });
            self.edge_first += count;
            self.edge = Frontier::new();
            self.figures.sealed = self.edge_first;
        }
    }
}

/// Whoever numbers lines and makes them durable.
struct Writer {
    journal: Journal,
    entropy: Box<dyn Entropy>,
    shared: Arc<Shared>,
    unread: SyncSender<(u64, SaltKey, Chunk)>,
    /// Segments there may be, with those that a former run has left.
    most: usize,
}

impl Writer {
    fn run(mut self, messages: &Queue<Message>) {
        let mut key = None;
        while let Ok(message) = messages.recv() {
            if let Err(error) = self.round(message, messages, &mut key) {
                self.shared.stop(&error.to_string());
                return;
            }
        }
    }

    /// Takes what is there, makes it durable, and hands it on.
    fn round(
        &mut self,
        first: Message,
        messages: &Queue<Message>,
        key: &mut Option<SaltKey>,
    ) -> Result<(), ReceiverError> {
        let (mut taken, mut acknowledge, mut next) = (Vec::new(), Vec::new(), Some(first));
        let mut cut = false;
        while let Some(message) = next {
            match message {
                Message::Cut => cut = true,
                Message::Lines(chunk, told) => {
                    let key = match *key {
                        Some(key) => key,
                        None => *key.insert(self.begin()?),
                    };
                    let number = self.journal.append(&chunk)?;
                    acknowledge.extend(told.map(|told| (number, told)));
                    taken.push((number, key, chunk));
                }
            }
            let full = self.journal.waiting() >= AT_ONCE || self.journal.lines() >= SEGMENT_LINES;
            next = if full || cut { None } else { messages.try_recv().ok() };
        }
        let synced = self.journal.sync();
        if synced.is_ok() {
            self.shared.live().figures.lines = self.journal.next();
        }
        for (number, acknowledge) in acknowledge {
            acknowledge(synced.is_ok().then_some(number));
        }
        synced?;
        for one in taken {
            if self.unread.send(one).is_err() {
                return Err(ReceiverError::Stopped(String::new()));
            }
        }
        if key.is_some() && (cut || self.journal.lines() >= SEGMENT_LINES) {
            *key = None;
            self.shared.live().end(self.journal.next());
            self.shared.moved.notify_all();
        }
        Ok(())
    }

    /// Begins a segment, once few enough wait to become files: who sends faster than lines come into files is slowed.
    fn begin(&mut self) -> Result<SaltKey, ReceiverError> {
        let waiting = |live: &mut Live| live.segments.len() >= self.most && live.stopped.is_none();
        let live = self.shared.moved.wait_while(self.shared.live(), waiting);
        drop(live.unwrap_or_else(PoisonError::into_inner));
        let mut bytes = [0; 32];
        self.entropy.fill(&mut bytes)?;
        let key = SaltKey::from_bytes(bytes);
        self.journal.begin(key)?;
        self.shared.live().begin(self.journal.next(), key);
        Ok(key)
    }
}

/// Reads what the journal has.
fn read(shared: &Shared, to_read: &Mutex<Queue<(u64, SaltKey, Chunk)>>, sources: &Sources) {
    let mut maker = Maker::default();
    loop {
        let next = to_read.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((first, key, chunk)) = next else { return };
        match maker.block(first, &chunk, &key, sources.of(chunk.came.address)) {
            Ok(block) => shared.live().add(block),
            Err(error) => return shared.stop(&error.to_string()),
        }
        shared.moved.notify_all();
        if let Some(bell) = shared.bell.get() {
            bell();
        }
    }
}
