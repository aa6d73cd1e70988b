//! The outlets of an installation: its settings read, each outlet ready to send.
//!
//! Invariant: they are opened once, by the process that holds the folder; what is wrong in their settings ends the start.
//! Does not: know what was sent before (the ledger does).
//! Source: clause 27.2.2; docs/howto/send-alarms.md.

mod sender;

pub(crate) use self::sender::Senders;

use crate::machine::SystemClock;
use desk::Desk;
use ledger::disk::Disk;
use ledger::entropy::MachineEntropy;
use model::{Clock, Instant, Told};
use outlets::{Engine, Message, Outlet, Plain, Sent, Setting, Settings};
use regulation::{Problem, Zone};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use store::{AlarmSent, SentAnswer};
use web::{OutletStanding, OutletTrouble};

/// The settings, in the data folder.
pub(crate) const SETTINGS: &str = "outlets.toml";
/// The folder beside them: secrets, files of alarms, the engine of SNMP.
pub(crate) const FOLDER: &str = "outlets";
/// The zone in which times are told before a pack says one.
const ZONE: &str = "Asia/Taipei";

/// The outlets. Clones are the same.
#[derive(Clone)]
pub(crate) struct Outlets(Arc<Shared>);

struct Shared {
    desk: Desk,
    data: PathBuf,
    engine: Engine,
    opened: Mutex<Option<Arc<Opened>>>,
}

/// They are ready.
pub(crate) struct Opened {
    /// Where the settings were read; none where there are none.
    from: Option<PathBuf>,
    /// Where pages are.
    pages: Option<Box<str>>,
    /// In the order of the settings.
    ready: Vec<Arc<Ready>>,
}

/// An outlet that is ready to send.
pub(crate) struct Ready {
    pub(crate) setting: Setting,
    outlet: Arc<dyn Outlet>,
    /// Why it cannot send, while it cannot.
    trouble: Mutex<Option<Trouble>>,
}

/// Why an outlet cannot send.
struct Trouble {
    told: Told,
    since: Instant,
    times: u64,
}

impl Outlets {
    /// None is open yet.
    pub(crate) fn new(desk: Desk, disk: Arc<dyn Disk>, data: &Path) -> Self {
        let engine = Engine::new(disk, Box::new(MachineEntropy));
        Self(Arc::new(Shared { desk, data: data.to_owned(), engine, opened: Mutex::default() }))
    }

    /// Opens them, unless they are: by the settings of this file, or of the data folder, where there need be none.
    pub(crate) fn open(&self, file: Option<&Path>) -> Result<Arc<Opened>, Told> {
        let shared = &self.0;
        let mut opened = shared.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(opened) = &*opened {
            let wanted = file.map(absolute);
            return match wanted.filter(|wanted| Some(wanted) != opened.from.as_ref()) {
                None => Ok(Arc::clone(opened)),
                Some(_) => Err(elsewhere(opened.from.as_deref())),
            };
        }
        let path = absolute(&file.map_or_else(|| shared.data.join(SETTINGS), Path::to_owned));
        let read = match std::fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound && file.is_none() => None,
            Err(error) => return Err(unreadable(&path, &error)),
            Ok(content) => Some(settings(&path, &content)?),
        };
        let from = read.is_some().then_some(path);
        let settings = read.unwrap_or_default();
        let (zone, clock): (Zone, Arc<dyn Clock>) = (self.zone()?, Arc::new(SystemClock));
        let Settings { pages, outlets } = settings;
        let ready = |setting: Setting| {
            let outlet = setting
                .open(&zone, &clock, &shared.engine)
                .map_err(|told| of_outlet(&setting.name, &told))?;
            Ok(Arc::new(Ready { setting, outlet, trouble: Mutex::default() }))
        };
        let ready = outlets.into_iter().map(ready).collect::<Result<_, Told>>()?;
        Ok(Arc::clone(opened.insert(Arc::new(Opened { from, pages, ready }))))
    }

    /// The identifier of the engine of SNMP; none where it was never needed.
    pub(crate) fn engine(&self) -> Result<Option<String>, Told> {
        self.0.engine.id()
    }

    /// Sends a test by the outlet of this name, and gives what came of it.
    pub(crate) fn test(&self, opened: &Opened, name: &str) -> Result<AlarmSent, Told> {
        let ready = opened.named(name).ok_or_else(|| none_of(name, opened))?;
        let link = Plain::new(opened.pages.as_deref().unwrap_or_default());
        let system = Plain::new(self.0.desk.origin());
        let sent = ready.outlet.send(&Message::test(0, SystemClock.now(), link, system));
        let (done, Told { zh, en }) = match sent {
            Sent::Done(told) => (true, told),
            Sent::Refused(told) | Sent::Later(told) => (false, told),
        };
        let answer = SentAnswer { en, zh };
        let (outlet, what) = (name.to_owned(), outlets::What::Test.word().to_owned());
        Ok(AlarmSent { alarm: None, answer, done, outlet, through: None, what })
    }

    fn zone(&self) -> Result<Zone, Told> {
        match self.0.desk.seen().packs.current() {
            Some(pack) => Ok(pack.zone.clone()),
            None => Zone::new(ZONE).map_err(|error| Told::new(error.to_string(), error.to_string())),
        }
    }
}

impl Opened {
    /// The outlets, in the order of their settings.
    pub(crate) fn each(&self) -> impl Iterator<Item = &Ready> {
        self.ready.iter().map(|ready| &**ready)
    }

    fn named(&self, name: &str) -> Option<&Ready> {
        self.each().find(|ready| &*ready.setting.name == name)
    }
}

/// As pages show them and try them.
impl web::Outlets for Outlets {
    fn standing(&self) -> Result<Vec<OutletStanding>, Told> {
        let opened = self.open(None)?;
        let read = self.0.desk.read(|sql, _| {
            let mut standing = Vec::new();
            for ready in opened.each() {
                // One whose setting is not entered yet has nothing to show.
                let Some(row) = sql.outlet(&ready.setting.name)? else { continue };
                let waiting = sql.outlet_waiting(&row)?;
                let (zh, en) = ready.setting.way.name();
                let trouble = ready.trouble.lock().unwrap_or_else(PoisonError::into_inner);
                let trouble = trouble.as_ref().map(|trouble| OutletTrouble {
                    told: trouble.told.clone(),
                    since: trouble.since,
                    times: trouble.times,
                });
                standing.push(OutletStanding { row, way: Told::new(zh, en), waiting, trouble });
            }
            Ok(standing)
        });
        read.map_err(|error: store::StoreError| desk::Refused::Store(error).told())
    }

    fn test(&self, outlet: &str) -> Option<AlarmSent> {
        let opened = self.open(None).ok()?;
        Outlets::test(self, &opened, outlet).ok()
    }
}

/// What a file of settings says, the other files beside it.
fn settings(path: &Path, content: &[u8]) -> Result<Settings, Told> {
    let folder = path.parent().unwrap_or(Path::new("/")).join(FOLDER);
    Settings::read(&path.display().to_string(), content, &folder).map_err(|problems| wrong(&problems))
}

/// Are these good settings?
pub(crate) fn check(content: &[u8]) -> Result<(), Told> {
    Settings::read(SETTINGS, content, Path::new(FOLDER)).map(drop).map_err(|problems| wrong(&problems))
}

fn wrong(problems: &[Problem]) -> Told {
    let list = |of: fn(&Problem) -> &str| {
        let line = |problem: &Problem| match &problem.suggestion {
            Some(suggestion) => format!("{}: {} → {suggestion}", problem.place, of(problem)),
            None => format!("{}: {}", problem.place, of(problem)),
        };
        problems.iter().map(line).collect::<Vec<_>>().join("\n")
    };
    Told::new(
        format!("告警輸出之設定有誤：\n{}", list(|problem| &problem.zh)),
        format!("The settings of outlets are wrong:\n{}", list(|problem| &problem.en)),
    )
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn unreadable(path: &Path, error: &std::io::Error) -> Told {
    let shown = path.display();
    Told::new(
        format!("無法讀取告警輸出之設定 {shown}（{error}）。請確認路徑與權限。"),
        format!(
            "The settings of outlets in {shown} cannot be read ({error}). See the path and who may read it."
        ),
    )
}

fn of_outlet(name: &str, told: &Told) -> Told {
    Told::new(format!("告警輸出「{name}」：{}", told.zh), format!("The outlet {name}: {}", told.en))
}

fn elsewhere(from: Option<&Path>) -> Told {
    let from = from.map_or_else(|| SETTINGS.to_owned(), |from| from.display().to_string());
    Told::new(
        format!("執行中之系統使用 {from} 之設定。請省略 --outlets，或以該檔重新啟動。"),
        format!(
            "The running system has its settings from {from}. Leave --outlets away, or start it with that file."
        ),
    )
}

fn none_of(name: &str, opened: &Opened) -> Told {
    let names: Vec<&str> = opened.each().map(|ready| &*ready.setting.name).collect();
    let (zh, en) = match names.as_slice() {
        [] => (
            format!("尚未設定任何告警輸出；請撰寫 {SETTINGS}"),
            format!("there are none yet: write {SETTINGS}"),
        ),
        names => (format!("現有：{}", names.join("、")), format!("there are {}", names.join(", "))),
    };
    Told::new(format!("查無告警輸出「{name}」。{zh}。"), format!("There is no outlet {name:?}; {en}."))
}
