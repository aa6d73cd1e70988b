//! Lines: the receivers of an installation, what brings their lines into ledger and files, and where lines are found.
//!
//! Owns: which receivers there are, their doors, the beat of each second.
//! Invariant: a receiver is opened where the ledger says that its lines stand; what it hands out goes through the desk.
//! Does not: read a line.

pub(crate) mod again;
mod dispose;
mod doors;
mod keep;
mod sensors;
mod warnings;

pub(crate) use self::doors::{Protocol, Syslog};

use self::doors::{Doors, Lost};
use self::sensors::{Devices, Tallies};
use crate::machine::SystemClock;
use crate::months::{Gone, Months};
use crate::names::{NameServer, Names};
use crate::sources::{Known, Remembered};
use crate::watching::Bell;
use data_encoding::HEXLOWER;
use desk::{Asker, Desk, Order};
use ledger::disk::Disk;
use ledger::entropy::MachineEntropy;
use model::{Clock as _, Instant, Told};
use query::{Limits, QueryError};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use store::{LinesBatch, LinesFact, LinesFile, StoreError};
use telemetry::find::{self, FindError, Found, Library, Line, Listed, Wanted};
use telemetry::follow::Stretch;
use telemetry::prove::{ProveError, Proven};
use telemetry::receive::{self, Files, Flows, Journald, Pattern, Sorting};
use telemetry::source::{Sources, apart};
use telemetry::{Batch, Came, Figures, Filed, Peers, Receiver, ReceiverError, SEGMENT_AGE};
use tokio_rustls::rustls::ServerConfig;
use web::{HandedIn, Unanswered};

/// Threads that read the lines of a receiver.
const WORKERS: usize = 2;
/// The receiver of datagrams of registered sources.
const SYSLOG_UDP: &str = "syslog-udp";
/// How often it is noted who was heard.
const NOTED: Duration = Duration::from_secs(60);
/// What a statement in SQL may take.
const QUERY: Limits = Limits { memory: 256 << 20, time: Duration::from_secs(20), rows: 0 };
/// The receiver of what is read from files.
pub(crate) const IMPORT: &str = "import";
/// The receiver of what applications hand in.
const HTTP: &str = "http";
/// The receiver of files that are followed.
const FILES: &str = "files";
/// The receiver of the journal of systemd.
const JOURNALD: &str = "journald";
/// The receiver of flows, and that of the datagrams they came in.
const FLOWS: &str = "flows";
pub(crate) const FLOWS_RAW: &str = "flows-raw";

/// A door for NetFlow and IPFIX: `udp:0.0.0.0:2055`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FlowDoor(SocketAddr);

impl FromStr for FlowDoor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let address = text.strip_prefix("udp:").and_then(|address| address.parse().ok());
        address.map(Self).ok_or_else(|| {
            format!(
                "「{text}」不是接收位址，請寫成 udp:0.0.0.0:2055。{text:?} is no address to receive at; write udp:0.0.0.0:2055."
            )
        })
    }
}

impl std::fmt::Display for FlowDoor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "flows udp:{}", self.0)
    }
}

/// The receivers of an installation. Clones are the same.
#[derive(Clone)]
pub(crate) struct Lines(Arc<Inner>);

struct Inner {
    desk: Desk,
    disk: Arc<dyn Disk>,
    library: Arc<Library>,
    known: Known,
    heard: Mutex<Remembered>,
    months: Months,
    /// Whoever is asked what addresses are called; nobody unless the operator names a server.
    names: OnceLock<Names>,
    tallies: Tallies,
    since: Instant,
    state: Mutex<State>,
    kept: Mutex<keep::Kept>,
    ear: Mutex<warnings::Ear>,
    disposing: Mutex<dispose::Disposing>,
}

/// Where lines are that are in no segment any more.
pub(crate) enum Whereabouts {
    /// In a file.
    Here(Box<dyn Iterator<Item = Result<Stretch, FindError>> + Send>),
    /// Gone by an approved case, up to this one.
    Gone(u64),
}

#[derive(Default)]
struct State {
    receivers: BTreeMap<String, At>,
    doors: Doors,
    /// When it was noted last who had been heard.
    noted: Option<Instant>,
    files: Option<Files>,
    journald: Option<Journald>,
    flows: Vec<Flows>,
    sensors: Option<Devices>,
    /// Rung whenever lines were read.
    bell: Option<Bell>,
}

/// A receiver with what its beats remember.
struct At {
    receiver: Arc<Receiver>,
    /// When the segment that is open was first seen to have lines.
    since: Option<(u64, Instant)>,
}

impl Lines {
    pub(crate) fn new(desk: Desk, disk: Arc<dyn Disk>, data: &Path) -> Self {
        let library = Arc::new(Library::new(data));
        let (known, since) = (Known::nobody(), SystemClock.now());
        let (heard, months, names) = (Mutex::default(), Months::default(), OnceLock::new());
        let tallies = Tallies::default();
        let (state, kept, disposing) = (Mutex::default(), Mutex::default(), Mutex::default());
        let ear = Mutex::default();
        Self(Arc::new(Inner {
            desk,
            disk,
            library,
            known,
            heard,
            months,
            names,
            tallies,
            since,
            state,
            kept,
            ear,
            disposing,
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The receiver of this name, opened if it is not.
    pub(crate) fn receiver(&self, name: &str) -> Result<Arc<Receiver>, Told> {
        let mut state = self.state();
        if let Some(at) = state.receivers.get(name) {
            return Ok(Arc::clone(&at.receiver));
        }
        let end = self
            .0
            .desk
            .read::<_, StoreError>(|sql, _| sql.lines_end(name))
            .map_err(|error| unread(&error))?;
        let (disk, entropy) = (Arc::clone(&self.0.disk), Box::new(MachineEntropy));
        let sources = self.0.known.sources().clone();
        let receiver = Receiver::open(name, disk, entropy, (end.rooted, end.filed), sources, WORKERS);
        let receiver = Arc::new(receiver.map_err(|error| told(name, &error))?);
        let at = At { receiver: Arc::clone(&receiver), since: None };
        state.bell.iter().for_each(|bell| at.rings(bell));
        state.receivers.insert(name.to_owned(), at);
        Ok(receiver)
    }

    /// Has this server asked what addresses are called.
    pub(crate) fn name_by(&self, server: NameServer) {
        self.0.names.get_or_init(|| Names::by(server, Arc::new(SystemClock), || Box::new(MachineEntropy)));
    }

    /// Opens every receiver that has left lines behind, so that they come into files.
    pub(crate) fn take_up(&self) -> Result<(), Told> {
        // Before any line is read: how times are written is said by the list.
        self.refresh()?;
        *self.heard() = Remembered::read(&self.0.desk).map_err(|error| unread(&error))?;
        let names = self.0.disk.list("lines").map_err(|error| told("lines", &error.into()))?;
        for name in names.unwrap_or_default() {
            if let Some(name) = name.strip_suffix('/') {
                self.receiver(name)?;
            }
        }
        Ok(())
    }

    /// Who is known to send lines is read anew, where the register may say something else.
    fn refresh(&self) -> Result<(), Told> {
        self.0.known.refresh(&self.0.desk).map_err(|error| unread(&error))
    }

    fn heard(&self) -> MutexGuard<'_, Remembered> {
        self.0.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who has sent lines, by receiver.
    fn peers(&self) -> Vec<(String, Peers)> {
        let state = self.state();
        let mut peers: Vec<(String, Peers)> =
            state.receivers.iter().map(|(name, at)| (name.clone(), at.receiver.peers())).collect();
        let of_flows = [FLOWS.to_owned(), apart(FLOWS)];
        for (exporter, gaps) in state.flows.iter().flat_map(Flows::gaps) {
            // In one of both receivers, so that it counts once.
            let mut takers = peers.iter_mut().filter(|(name, _)| of_flows.contains(name));
            let _ = takers.any(|(_, peers)| peers.add_gaps(exporter, &gaps));
        }
        peers
    }

    /// Notes who was heard, so that a later run knows.
    fn note_heard(&self, now: Instant) -> Result<(), Told> {
        self.state().noted = Some(now);
        let peers = self.peers();
        self.heard().note(&self.0.desk, &peers).map_err(|refused| refused.told())
    }

    /// Where lines of a door go: those of registered sources to this receiver, all others to one of their own.
    fn sorting(&self, receiver: &str) -> Result<Sorting, Told> {
        let (known, others) = (self.receiver(receiver)?, self.receiver(&apart(receiver))?);
        Ok(Sorting::new(self.0.known.sources().clone(), known.intake(), others.intake()))
    }

    /// Opens a door; gives where it is. `tls` is for doors of TLS.
    pub(crate) fn listen(&self, syslog: Syslog, tls: Option<&Arc<ServerConfig>>) -> Result<Syslog, Told> {
        let sorting = self.sorting(syslog.receiver())?;
        self.state().doors.open(syslog, tls, sorting)
    }

    /// Opens a door for flows; gives where it is.
    pub(crate) fn listen_for_flows(&self, FlowDoor(address): FlowDoor) -> Result<FlowDoor, Told> {
        let (raw, lines) = (self.sorting(FLOWS_RAW)?, self.sorting(FLOWS)?);
        let door = Flows::open(address, raw, lines, Arc::new(SystemClock))
            .map_err(|error| unopened(&format!("udp:{address}"), &error))?;
        let at = FlowDoor(door.address());
        self.state().flows.push(door);
        Ok(at)
    }

    /// Follows files from where a former run has come to.
    pub(crate) fn follow(&self, patterns: Vec<Pattern>) -> Result<(), Told> {
        let receiver = self.receiver(FILES)?;
        let files = Files::open(patterns, &receiver, Arc::clone(&self.0.disk), Arc::new(SystemClock));
        self.state().files = Some(files.map_err(|error| told(FILES, &error))?);
        Ok(())
    }

    /// Follows the journal of systemd, the machine's own or that of a folder, from where a former run has come to.
    pub(crate) fn follow_journal(&self, folder: Option<PathBuf>) -> Result<(), Told> {
        let receiver = self.receiver(JOURNALD)?;
        let journal = Journald::open(folder, &receiver, Arc::clone(&self.0.disk), Arc::new(SystemClock));
        self.state().journald = Some(journal.map_err(|error| told(JOURNALD, &error))?);
        Ok(())
    }

    /// What is done each second: roots of what came go into the ledger, segments that are old end.
    pub(crate) fn beat(&self) -> Result<(), Told> {
        // Whatever else is wrong, what is over or counts from now on is said.
        let warned = self.beat_of_warnings();
        let (now, refreshed, receivers) = (SystemClock.now(), self.refresh(), self.receivers());
        {
            let mut state = self.state();
            state.doors.look();
            state.flows.iter().for_each(Flows::look);
            state.receivers.values_mut().for_each(|at| at.age(now));
        }
        receivers.iter().try_for_each(|receiver| self.enter(receiver))?;
        refreshed?;
        if self.state().noted.is_none_or(|noted| now >= noted.plus(NOTED)) {
            self.note_heard(now)?;
        }
        self.stopped().or_else(|| self.trouble()).map_or(warned, Err)
    }

    /// What cannot be read at the moment, while all else is.
    fn trouble(&self) -> Option<Told> {
        let state = self.state();
        let files = state.files.as_ref().and_then(Files::trouble).map(|why| {
            Told::new(
                format!("無法讀取所追蹤之檔案 {why}。其餘檔案照常讀取；排除原因後自動續讀。"),
                format!("A file that is followed cannot be read: {why}. The others are; it goes on when the cause is mended."),
            )
        });
        files.or_else(|| {
            let why = state.journald.as_ref().and_then(Journald::trouble)?;
            Some(Told::new(
                format!("systemd 日誌讀取中斷，將自動重新開始：{why}"),
                format!("Reading the journal of systemd was cut off and begins again by itself: {why}"),
            ))
        })
    }

    /// Has a bell rung whenever lines were read, in receivers that are opened later as well.
    pub(crate) fn ring(&self, bell: &Bell) {
        let mut state = self.state();
        state.receivers.values().for_each(|at| at.rings(bell));
        state.bell = Some(bell.clone());
    }

    /// Where everything is kept.
    pub(crate) fn disk(&self) -> Arc<dyn Disk> {
        Arc::clone(&self.0.disk)
    }

    /// The unit whose device sends from an address; none where no source in the register does.
    pub(crate) fn unit_at(&self, address: std::net::IpAddr) -> Option<model::UnitId> {
        self.0.known.list().unit_at(address)
    }

    /// Who is known to send, and how their lines are read.
    pub(crate) fn sources(&self) -> Sources {
        self.0.known.sources().clone()
    }

    /// Where the lines of a receiver are from this one on, that are in no segment any more: up to the end of their file.
    pub(crate) fn filed(&self, receiver: &str, line: u64) -> Result<Whereabouts, Told> {
        let found = self.0.desk.read::<_, StoreError>(|sql, _| {
            Ok((sql.line_file(receiver, line)?, sql.lines_retired(receiver)?))
        });
        let (file, retired) = found.map_err(|error| unread(&error))?;
        if let Some(file) = file {
            let stretches = self.0.library.stretches(&listed(file), line).map_err(|error| unfound(&error))?;
            return Ok(Whereabouts::Here(Box::new(stretches)));
        }
        let gone = retired.iter().find(|(first, count)| (*first..first + count).contains(&line));
        match gone {
            Some((first, count)) => Ok(Whereabouts::Gone(first + count)),
            None => Err(missing(receiver, line)),
        }
    }

    pub(crate) fn receivers(&self) -> Vec<Arc<Receiver>> {
        self.state().receivers.values().map(|at| Arc::clone(&at.receiver)).collect()
    }

    /// Why some lines are not received any more; none while all are.
    pub(crate) fn stopped(&self) -> Option<Told> {
        let state = self.state();
        let receiver =
            state.receivers.values().find_map(|at| Some((at.receiver.name(), at.receiver.stopped()?)));
        let files = || Some((FILES, state.files.as_ref()?.failed()?.to_owned()));
        let journald = || Some((JOURNALD, state.journald.as_ref()?.failed()?.to_owned()));
        let flows = || state.flows.iter().find_map(|door| Some((FLOWS, door.failed()?.to_owned())));
        let sensors = || Some((sensors::RECEIVER, state.sensors.as_ref()?.sensing.failed()?.to_owned()));
        let (name, why) = receiver
            .or_else(|| state.doors.failed())
            .or_else(files)
            .or_else(journald)
            .or_else(flows)
            .or_else(sensors)?;
        Some(told(name, &ReceiverError::Stopped(why)))
    }

    /// Brings the roots of what a receiver has into the ledger.
    fn enter(&self, receiver: &Receiver) -> Result<(), Told> {
        let batches = receiver.seal();
        if let Some(last) = batches.last() {
            let end = last.first + last.count;
            self.order(batches.iter().map(|batch| root(receiver.name(), batch)).collect())?;
            receiver.entered(end);
        }
        Ok(())
    }

    fn order(&self, facts: Vec<LinesFact>) -> Result<(), Told> {
        let done = self.0.desk.ask(Asker::System, Order::Lines(facts));
        done.map(drop).map_err(|refused| refused.told())
    }

    /// How each receiver stands, and what was lost or refused at the doors.
    pub(crate) fn figures(&self) -> (Vec<(String, Figures)>, Lost) {
        let state = self.state();
        let figures =
            state.receivers.iter().map(|(name, at)| (name.clone(), at.receiver.figures())).collect();
        let mut lost = state.doors.lost();
        lost.datagrams += state.flows.iter().map(Flows::dropped).sum::<u64>();
        (figures, lost)
    }

    /// What came at the doors for flows since the start; none where there is no such door.
    pub(crate) fn flow_figures(&self) -> Option<lines::flow::Figures> {
        let state = self.state();
        state.flows.iter().map(Flows::figures).reduce(std::ops::Add::add)
    }

    /// Files with lines of a time, and what is in none of them yet.
    fn snapshot(&self, from: Option<Instant>, until: Option<Instant>) -> Result<query::Snapshot, Told> {
        // First what is in no file yet: what is filed meanwhile stands in both, and its file is left out.
        let receivers = self.receivers();
        let mut tail = Vec::new();
        for receiver in &receivers {
            tail.extend(receiver.tail().into_iter().map(|block| (receiver.name().to_owned(), block)));
        }
        let files = self.0.desk.read::<_, StoreError>(|sql, _| sql.line_files(None, from, until));
        let files: Vec<Listed> = files
            .map_err(|error| unread(&error))?
            .into_iter()
            .filter(|file| {
                !tail.iter().any(|(receiver, block)| *receiver == file.receiver && block.first == file.first)
            })
            .map(listed)
            .collect();
        Ok(query::Snapshot { library: Arc::clone(&self.0.library), files, tail })
    }

    /// The file that a line was read from, where its files are followed.
    pub(crate) fn file_of(&self, line: &Line) -> Option<String> {
        self.0.library.file_of(line)
    }

    /// What had been sent within a span by lines that went since.
    fn gone(&self, span: &Range<Instant>) -> Result<Vec<Gone>, Told> {
        let kept = self.0.desk.read::<_, StoreError>(|sql, _| sql.traffic_gone(span.start, span.end));
        let read = |kept| Gone::read(kept).ok_or_else(|| StoreError::damaged("state.traffic_gone", "body"));
        let gone = kept.and_then(|kept| kept.into_iter().map(read).collect::<Result<Vec<_>, _>>());
        gone.map_err(|error| unread(&error))
    }

    /// Lines in which something stands.
    pub(crate) fn find(&self, wanted: &Wanted) -> Result<Found, Told> {
        let query::Snapshot { library, files, tail } = self.snapshot(wanted.from, wanted.until)?;
        library.find(wanted, &files, &tail).map_err(|error| unfound(&error))
    }

    /// Asks a statement in SQL of all lines.
    pub(crate) fn ask(&self, statement: &str, most: usize) -> Result<web::Answer, Unanswered> {
        let snapshot = self.snapshot(None, None).map_err(Unanswered::Unavailable)?;
        let limits = Limits { rows: most, ..QUERY };
        let query::Answer { columns, rows, cut } =
            query::ask(statement, snapshot, &limits).map_err(|error| unanswered(&error))?;
        Ok(web::Answer { columns, rows, cut })
    }

    /// Makes durable and enters what was received, and ends.
    pub(crate) fn close(&self) -> Result<(), Told> {
        let noted = self.note_heard(SystemClock.now());
        // It holds a receiver.
        drop(std::mem::take(&mut *self.0.ear.lock().unwrap_or_else(PoisonError::into_inner)));
        let state = std::mem::take(&mut *self.state());
        state.sensors.into_iter().for_each(|devices| devices.sensing.close());
        state.doors.close();
        state.files.into_iter().for_each(Files::close);
        state.journald.into_iter().for_each(Journald::close);
        state.flows.into_iter().for_each(Flows::close);
        let mut done = noted;
        for (_, At { receiver, .. }) in state.receivers {
            receiver.wait_for(receiver.figures().lines);
            done = done.and(self.enter(&receiver)).and(self.file(&receiver));
            if let Some(receiver) = Arc::into_inner(receiver) {
                receiver.close();
            }
        }
        done
    }

    /// Ends the segment of a receiver and brings all of it into the ledger and into a file.
    pub(crate) fn settle(&self, receiver: &Receiver, lines: u64) -> Result<(), Told> {
        receiver.wait_for(lines);
        self.enter(receiver)?;
        receiver.cut().map_err(|error| told(receiver.name(), &error))?;
        receiver.wait_until_cut();
        self.enter(receiver)?;
        self.file(receiver)
    }
}

impl At {
    fn rings(&self, bell: &Bell) {
        let bell = bell.clone();
        self.receiver.ring(Box::new(move || bell.ring()));
    }

    /// Ends a segment that has been open for long.
    fn age(&mut self, now: Instant) {
        let lines = self.receiver.open_segment();
        match (lines, self.since) {
            (Some(first), Some((known, since))) if first == known => {
                if now >= since.plus(SEGMENT_AGE) {
                    // One that has stopped is told of by the beat.
                    let _ = self.receiver.cut();
                    self.since = None;
                }
            }
            (Some(first), _) => self.since = Some((first, now)),
            (None, _) => self.since = None,
        }
    }
}

fn root(receiver: &str, batch: &Batch) -> LinesFact {
    LinesFact::Batch(LinesBatch {
        count: u32::try_from(batch.count).unwrap_or(u32::MAX),
        first: batch.first,
        receiver: receiver.to_owned(),
        root: batch.root.to_string(),
    })
}

fn digest(hash: &proof::hash::Hash) -> String {
    format!("sha256:{}", HEXLOWER.encode(hash.as_bytes()))
}

fn file(receiver: &str, filed: &Filed) -> LinesFile {
    LinesFile {
        count: u32::try_from(filed.count).unwrap_or(u32::MAX),
        erased: 0,
        file: digest(&filed.file),
        first: filed.first,
        from: filed.received.0,
        index: digest(&filed.index),
        receiver: receiver.to_owned(),
        until: filed.received.1,
    }
}

fn unopened(at: &str, error: &std::io::Error) -> Told {
    Told::new(
        format!(
            "無法於 {at} 接收：{error}。請確認位址無其他程式使用；1024 以下之埠號另需權限（CAP_NET_BIND_SERVICE）。"
        ),
        format!(
            "Cannot receive at {at}: {error}. See whether another program has it; ports below 1024 take a capability (CAP_NET_BIND_SERVICE)."
        ),
    )
}

/// A failure with its causes.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text.push_str(": ");
        text.push_str(&error.to_string());
        next = error.source();
    }
    text
}

fn told(receiver: &str, error: &ReceiverError) -> Told {
    let causes = causes(error);
    Told::new(
        format!(
            "接收器「{receiver}」發生錯誤：{causes}。已接收之紀錄仍在 lines 資料夾；排除原因後請重新啟動，並以 ward verify 查核。"
        ),
        format!(
            "Receiver {receiver} failed: {causes}. What was received is in the folder lines; mend the cause, start again, and look with ward verify."
        ),
    )
}

fn unread(error: &StoreError) -> Told {
    let causes = causes(error);
    Told::new(
        format!("無法讀取資料表中之紀錄檔清冊：{causes}。請稍後再試；仍無法讀取時，以 ward rebuild 重建。"),
        format!(
            "The list of files of lines cannot be read from the tables: {causes}. Try again; if it stays so, make the tables anew with ward rebuild."
        ),
    )
}

pub(crate) fn unfound(error: &FindError) -> Told {
    let causes = causes(error);
    Told::new(
        format!("查詢紀錄時無法讀取檔案：{causes}。請以 ward verify 查核，並由備份還原該檔。"),
        format!(
            "A file could not be read while lines were looked for: {causes}. Look with ward verify, and restore that file from the backup."
        ),
    )
}

fn missing(receiver: &str, line: u64) -> Told {
    Told::new(
        format!(
            "接收器「{receiver}」第 {line} 筆不在任何檔案，亦未經核准銷毀。請以 ward verify 查核，並由備份還原。"
        ),
        format!(
            "Line {line} of {receiver} is in no file, and no approved case has it go. Look with ward verify, and restore it from the backup."
        ),
    )
}

/// Why a statement has no answer.
fn unanswered(error: &QueryError) -> Unanswered {
    let refused = |zh: String, en: String| Unanswered::Refused(Told::new(zh, en));
    match error {
        QueryError::Statement(why) => refused(
            format!("敘述無法執行：{why}。僅接受對資料表 lines 之單一查詢（SELECT）"),
            format!(
                "the statement cannot be run: {why}; it is to be one query (SELECT) over the table lines"
            ),
        ),
        QueryError::Failed(why) => {
            refused(format!("查詢過程發生錯誤：{why}"), format!("the query failed: {why}"))
        }
        QueryError::Memory(bytes) => refused(
            format!("查詢所需記憶體逾上限 {} MiB，請縮小接收時間範圍、減少分組或欄位", bytes >> 20),
            format!(
                "the query takes more than {} MiB of memory; narrow the time, group by less or ask for fewer columns",
                bytes >> 20
            ),
        ),
        QueryError::Time(time) => refused(
            format!("查詢逾時（{} 秒），請縮小接收時間範圍，或以位址、帳號、設備為條件", time.as_secs()),
            format!(
                "the query takes longer than {} seconds; narrow the time, or ask by address, account or device",
                time.as_secs()
            ),
        ),
        QueryError::Lines(causes) => Unanswered::Unavailable(Told::new(
            format!("查詢紀錄時無法讀取檔案：{causes}。請以 ward verify 查核，並由備份還原該檔。"),
            format!(
                "A file could not be read while lines were looked for: {causes}. Look with ward verify, and restore that file from the backup."
            ),
        )),
    }
}

impl Lines {
    /// Proves lines of one receiver: for each batch the entry with its root, and its lines.
    pub(crate) fn prove(
        &self,
        receiver: &str,
        numbers: &BTreeSet<u64>,
    ) -> Result<Vec<(u64, Proven)>, Unanswered> {
        let known = self.state().receivers.get(receiver).map(|at| Arc::clone(&at.receiver));
        let (mut proven, mut left) = (Vec::new(), numbers.clone());
        while let Some(first) = left.first().copied() {
            let gone = self.0.desk.read::<_, StoreError>(|sql, _| sql.line_gone(receiver, first));
            if let Some(gone) = gone.map_err(|error| Unanswered::Unavailable(unread(&error)))? {
                return Err(Unanswered::Refused(web::told_of_gone(receiver, first, &gone)));
            }
            let batch = self.0.desk.read::<_, StoreError>(|sql, _| sql.line_batch(receiver, first));
            let (batch, entry) = batch
                .map_err(|error| Unanswered::Unavailable(unread(&error)))?
                .ok_or_else(|| unrooted(receiver, first))?;
            let root = batch.root.parse().map_err(|_| unrooted(receiver, first))?;
            let batch = Batch { first: batch.first, count: batch.count.into(), root };
            let later = left.split_off(&(batch.first + batch.count));
            let here = std::mem::replace(&mut left, later);
            let unproven = |error: ProveError| unproven(receiver, &error);
            let live =
                known.as_ref().map(|known| known.prove(&batch, &here)).transpose().map_err(unproven)?;
            let found = match live.flatten() {
                Some(found) => found,
                None => {
                    let file = self.0.desk.read::<_, StoreError>(|sql, _| sql.line_file(receiver, first));
                    let file = file.map_err(|error| Unanswered::Unavailable(unread(&error)))?;
                    let file = file.ok_or_else(|| unrooted(receiver, first))?;
                    let opened = self
                        .0
                        .library
                        .open(&listed(file))
                        .map_err(|error| Unanswered::Unavailable(unfound(&error)))?;
                    opened.prove(&batch, &here).map_err(unproven)?
                }
            };
            proven.extend(found.into_iter().map(|found| (entry, found)));
        }
        Ok(proven)
    }
}

fn unrooted(receiver: &str, number: u64) -> Unanswered {
    Unanswered::Refused(Told::new(
        format!("接收器「{receiver}」第 {number} 筆尚未登載於帳本（一秒內完成），請稍後再試"),
        format!(
            "Line {number} of {receiver} is not under a root of the ledger yet (it takes a second); try again"
        ),
    ))
}

fn unproven(receiver: &str, error: &ProveError) -> Unanswered {
    let causes = causes(error);
    Unanswered::Unavailable(Told::new(
        format!("接收器「{receiver}」之紀錄無法證明：{causes}。請以 ward verify 查核，並由備份還原該檔。"),
        format!(
            "Lines of {receiver} cannot be proven: {causes}. Look with ward verify, and restore that file from the backup."
        ),
    ))
}

impl web::Lines for Lines {
    fn traffic(&self, span: Range<Instant>) -> Result<web::Reckoned, Told> {
        let list = self.0.known.list();
        let query::Snapshot { library, mut files, tail } = self.snapshot(Some(span.start), Some(span.end))?;
        files.sort_by_key(|file| file.received);
        let gone = self.gone(&span)?;
        let reckoned = self.0.months.reckon(&library, &list, span, (&files, &gone), &tail);
        reckoned.map_err(|error| unfound(&error))
    }

    fn file_of(&self, line: &Line) -> Option<String> {
        Self::file_of(self, line)
    }

    fn names(&self, addresses: &BTreeSet<IpAddr>) -> BTreeMap<IpAddr, String> {
        self.0.names.get().map(|names| names.of(addresses)).unwrap_or_default()
    }

    fn cases(&self) -> Vec<web::LinesCase> {
        self.standing()
    }

    fn readings(&self, span: Range<Instant>, step: u32) -> Result<web::Readings, Told> {
        Self::readings(self, span, step)
    }

    fn senders(&self, now: Instant) -> web::Senders {
        let (list, peers) = (self.0.known.list(), self.peers());
        let mut senders = list.heard(&peers, &self.heard(), (self.0.since, now));
        let state = self.state();
        let dropped = |name: &str| match name {
            SYSLOG_UDP => Some(state.doors.lost().datagrams),
            FLOWS_RAW => Some(state.flows.iter().map(Flows::dropped).sum()),
            _ => None,
        };
        senders.receivers = state
            .receivers
            .iter()
            .map(|(name, at)| web::ReceiverHeard {
                name: name.clone(),
                lines: at.receiver.figures().lines,
                dropped: dropped(name),
            })
            .collect();
        senders
    }

    fn prove(&self, receiver: &str, numbers: &BTreeSet<u64>) -> Result<Vec<(u64, Proven)>, Unanswered> {
        Self::prove(self, receiver, numbers)
    }

    fn ask(&self, statement: &str, most: usize) -> Result<web::Answer, Unanswered> {
        Self::ask(self, statement, most)
    }

    fn find(&self, wanted: &Wanted) -> Result<Found, Told> {
        Self::find(self, wanted)
    }

    fn hear(&self, came: Came, alert: &[u8]) -> Result<web::WarningHeard, web::NotHeard> {
        Self::hear(self, came, alert)
    }

    fn warnings(&self) -> web::Warnings {
        Self::warnings(self)
    }

    fn hand_in(&self, came: Came, text: &[u8]) -> Result<HandedIn, Told> {
        let receiver = self.receiver(HTTP)?;
        let stopped = || told(HTTP, &ReceiverError::Stopped(receiver.stopped().unwrap_or_default()));
        let numbers = receive::hand_in(&receiver.intake(), came, text).ok_or_else(stopped)?;
        Ok(HandedIn { receiver: HTTP.to_owned(), numbers })
    }

    fn line(&self, receiver: &str, number: u64) -> Result<Option<Line>, Told> {
        let known = self.state().receivers.get(receiver).map(|at| Arc::clone(&at.receiver));
        let tail = known.map(|receiver| receiver.tail()).unwrap_or_default();
        if let Some(block) = tail.iter().find(|block| block.holds(number)) {
            return find::line_of(block, receiver, number).map(Some).map_err(|error| unfound(&error));
        }
        let file = self.0.desk.read::<_, StoreError>(|sql, _| sql.line_file(receiver, number));
        let Some(file) = file.map_err(|error| unread(&error))? else { return Ok(None) };
        let listed = listed(file);
        self.0.library.line(&listed, number).map(Some).map_err(|error| unfound(&error))
    }
}

fn listed(file: LinesFile) -> Listed {
    Listed {
        receiver: file.receiver,
        first: file.first,
        count: file.count.into(),
        erased: file.erased.into(),
        received: (file.from, file.until),
    }
}
