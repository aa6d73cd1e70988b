//! The office: ledger, vault, stored files, tables and desk of an installation, open together; and the pacemaker that
//! brings what comes with time.
//!
//! Owns: the order in which they are opened and closed, and what is said about it.
//! Invariant: the desk closes before the ledger. Tables are derived, so that they may be made; whoever is there is told
//! how many entries were read for it.
//! Does not: decide anything, serve anybody.

use crate::command::append::Holder;
use crate::installation::{self, Opening, Working};
use crate::lines::Lines;
use crate::machine::SystemClock;
use crate::machines::Running;
use crate::outlets::Outlets;
use crate::packs;
use crate::responses::Enforcers;
use crate::told::{Refused, tell};
use crate::watching::Watching;
use attachment::Shelf;
use desk::{Desk, MakeSections, Opened, Parts, Ways};
use ledger::Ledger;
use ledger::entropy::{Entropy, MachineEntropy};
use ledger::lock::FolderLock;
use ledger::objects::Objects;
use model::{Clock, Told};
use proof::policy::Policy;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// An installation at work. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Office {
    pub(crate) ledger: Ledger,
    pub(crate) desk: Desk,
    pub(crate) objects: Arc<dyn Objects>,
    pub(crate) policy: Arc<Policy>,
    pub(crate) lines: Lines,
    pub(crate) outlets: Outlets,
    pub(crate) watching: Watching,
    /// Enforcers of firewalls, and how each stands.
    pub(crate) enforcers: Enforcers,
    /// Held as long as anybody works in it.
    _lock: Arc<FolderLock>,
}

/// Sections of all engines, as the desk wants them.
pub(crate) fn sections() -> MakeSections {
    Arc::new(packs::sections)
}

impl Office {
    /// Opens an installation with its desk, by the machine's clock. None where another process has it open.
    pub(crate) fn open(working: &Working, recovery: Recovery) -> anyhow::Result<Option<Self>> {
        Self::open_by(working, recovery, Arc::new(SystemClock))
    }

    /// The same by another clock.
    pub(crate) fn open_by(
        working: &Working,
        recovery: Recovery,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<Option<Self>> {
        let opened = installation::open_by(working.folder(), &working.master, Arc::clone(&clock))?;
        let Some(opening) = opened else { return Ok(None) };
        if recovery == Recovery::Told {
            opening.say_what_was_found();
        }
        let Opening { ledger, objects, policy, disk, vault, lock, .. } = opening;
        let entropy = || -> Box<dyn Entropy> { Box::new(MachineEntropy) };
        let parts = Parts {
            ledger: ledger.clone(),
            vault,
            shelf: Shelf::new(Arc::clone(&disk)),
            place: working.place(),
            clock,
            entropy: [entropy(), entropy(), entropy()],
            sections: sections(),
        };
        let (desk, opened) = Desk::open(parts).map_err(|refused| Refused::misuse(refused.told()))?;
        say_what_was_read(opened, ledger.head().size);
        let lines = Lines::new(desk.clone(), Arc::clone(&disk), working.folder());
        let outlets = Outlets::new(desk.clone(), disk, working.folder());
        let (policy, watching) = (Arc::new(policy), Watching::default());
        let enforcers = Enforcers::default();
        Ok(Some(Self {
            ledger,
            desk,
            objects,
            policy,
            lines,
            outlets,
            watching,
            enforcers,
            _lock: Arc::new(lock),
        }))
    }

    /// What appending needs.
    pub(crate) fn holder(&self) -> Holder {
        Holder { ledger: self.ledger.clone(), keys: Arc::<desk::Vaulted>::clone(self.desk.vault()) }
    }

    /// Why entries, orders or lines are not taken any more; none while all are.
    pub(crate) fn stopped(&self) -> Option<Told> {
        self.ledger
            .stopped()
            .map(|reason| reason.told())
            .or_else(|| self.desk.stopped())
            .or_else(|| self.lines.stopped())
    }

    /// Does what is queued, and closes whoever watches, receivers, desk and ledger.
    pub(crate) fn close(self) -> anyhow::Result<()> {
        self.watching.close();
        let lines = self.lines.close().map_err(Refused::wrong);
        self.desk.close();
        self.ledger.close().map_err(|reason| Refused::wrong(reason.told()))?;
        lines
    }
}

/// Is it said what opening the ledger has found?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recovery {
    /// A tool has opened it for one act.
    Silent,
    /// Whoever runs the system is there.
    Told,
}

fn say_what_was_read(opened: Opened, size: u64) {
    if opened.rebuilt {
        tell(&Told::new(
            format!("資料表版本與本程式不同，已由帳本 {size} 筆重建。"),
            format!("The tables were of another version and were made anew from {size} entries."),
        ));
    } else if opened.replayed > 0 {
        let replayed = opened.replayed;
        tell(&Told::new(
            format!("資料表已由帳本補記 {replayed} 筆。"),
            format!("Entries of the ledger read into the tables: {replayed}."),
        ));
    }
}

/// How often what comes with time is looked for.
const BEAT: Duration = Duration::from_secs(1);

/// Drives the desk: what is due, what is to leave Ward, how clauses stand, lines that were received. What may take a while
/// has a thread of its own.
pub(crate) struct Pacemaker(Vec<Beating>);

/// Something done at every beat.
struct Beating {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl Pacemaker {
    /// Starts it over an open desk, with the ways out of Ward there are.
    pub(crate) fn start(office: &Office, ways: Ways) -> Self {
        let (desk, assessed, running) = (office.desk.clone(), office.desk.clone(), Running::of(office));
        let (lines, kept) = (office.lines.clone(), office.lines.clone());
        Self(vec![
            Beating::start(move || beat(&desk, &ways)),
            Beating::start(move || assess(&assessed, &running)),
            Beating::start(move || lines.beat()),
            Beating::start(move || kept.keep()),
        ])
    }

    /// Lets the beats that are on their way end, and no other begin.
    pub(crate) fn stop(self) {
        self.0.into_iter().for_each(Beating::stop);
    }
}

impl Beating {
    fn start(beat: impl Fn() -> Result<(), Told> + Send + 'static) -> Self {
        let (stop, stopped) = channel();
        let thread = std::thread::spawn(move || {
            let mut trouble = None;
            while matches!(stopped.recv_timeout(BEAT), Err(RecvTimeoutError::Timeout)) {
                let now = beat().err();
                // The same trouble is told once, not every second.
                if let Some(told) = now.as_ref().filter(|told| trouble.as_ref() != Some(*told)) {
                    tell(told);
                }
                trouble = now;
            }
        });
        Self { stop, thread }
    }

    fn stop(self) {
        drop(self.stop);
        // A beat that panicked has stopped by itself.
        let _ = self.thread.join();
    }
}

/// A desk that has stopped is told of by the other beat.
fn assess(desk: &Desk, running: &Running) -> Result<(), Told> {
    if desk.stopped().is_some() {
        return Ok(());
    }
    desk.assess_with(Some(running)).map(drop).map_err(|refused| refused.told())
}

fn beat(desk: &Desk, ways: &Ways) -> Result<(), Told> {
    if let Some(told) = desk.stopped() {
        return Err(told);
    }
    desk.tick().and_then(|_| desk.send(ways)).map(drop).map_err(|refused| refused.told())
}
