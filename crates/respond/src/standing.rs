//! What stands, what was answered and what has happened by itself: the enforcer's own file.
//!
//! Invariant: it is durable before the firewall is touched, so that a start knows of everything that may stand there. What
//! it holds beyond that is bounded.

use crate::act::{Act, CaseName, Effect, Outcome};
use crate::driver::Count;
use crate::wanted::Wanted;
use ledger::disk::{self, Disk, DiskError};
use model::{Instant, Told};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;

/// Name of the file, in the enforcer's folder.
pub(crate) const FILE: &str = "standing.json";
/// Most answers that are kept, so that an order that comes twice is done once.
const ANSWERS: usize = 256;
/// Most events that are kept for whoever asks.
const EVENTS: usize = 1_024;

/// An act that stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stands {
    /// The order that asked for it.
    pub id: u64,
    /// Its case.
    pub case: CaseName,
    /// What was ordered.
    pub act: Act,
    /// Since when.
    pub since: Instant,
    /// When it is over by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Instant>,
    /// When it is undone unless somebody confirms it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirm_by: Option<Instant>,
    /// Who touched a trip-wire, and when that was seen: it is denied since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tripped: Option<Tripped>,
}

/// A trip-wire was touched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tripped {
    /// By whom.
    pub by: IpAddr,
    /// When the enforcer saw it; the firewall denied at once.
    pub at: Instant,
}

/// What stands on a firewall, as its enforcer answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    /// What the firewall is called.
    pub firewall: String,
    /// Its kind.
    pub driver: String,
    /// Does it only say what it would do?
    pub dry: bool,
    /// Since when events are counted: another one has another file.
    pub epoch: Instant,
    /// The number of the last event; 0 if there was none.
    pub last: u64,
    /// The acts, each with whether the firewall says that it stands, and what it has stopped.
    pub acts: Vec<(Stands, Effect)>,
    /// Why the firewall could not be asked; none where it could.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unseen: Option<crate::act::Said>,
}

/// Something that happened without an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Its number, from 1 on.
    pub number: u64,
    /// When.
    pub at: Instant,
    /// What.
    pub happened: Happened,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Happened {
    /// Its time was over.
    Over {
        /// The case.
        case: CaseName,
        /// What it has stopped.
        effect: Effect,
    },
    /// Nobody confirmed it, so that it was undone.
    Unconfirmed {
        /// The case.
        case: CaseName,
        /// What it has stopped.
        effect: Effect,
    },
    /// A trip-wire was touched; what was observed is denied since.
    Tripped {
        /// The case.
        case: CaseName,
        /// By whom.
        by: IpAddr,
        /// What it has stopped, and ended.
        effect: Effect,
    },
    /// The firewall did not stand as it should, and was made to.
    Restored {
        /// In what it differed, in a few words each.
        differs: Vec<String>,
    },
}

impl Happened {
    /// The case it is about.
    #[must_use]
    pub const fn case(&self) -> Option<&CaseName> {
        match self {
            Self::Over { case, .. } | Self::Unconfirmed { case, .. } | Self::Tripped { case, .. } => {
                Some(case)
            }
            Self::Restored { .. } => None,
        }
    }
}

/// What the file holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    pub(crate) epoch: Instant,
    pub(crate) acts: Vec<Stands>,
    /// Each with its case: numbers are those of a ledger, cases are nobody else's.
    pub(crate) answered: VecDeque<(CaseName, Outcome)>,
    pub(crate) events: VecDeque<Event>,
    pub(crate) last: u64,
}

impl State {
    pub(crate) fn new(epoch: Instant) -> Self {
        Self { epoch, acts: Vec::new(), answered: VecDeque::new(), events: VecDeque::new(), last: 0 }
    }

    pub(crate) fn wanted(&self) -> Wanted {
        Wanted::of(self.acts.iter().map(|one| (one.id, &one.act.what, one.until, one.tripped.is_some())))
    }

    pub(crate) fn answered(&self, case: &CaseName, id: u64) -> Option<&Outcome> {
        self.answered.iter().find(|(of, one)| of == case && one.id == id).map(|(_, one)| one)
    }

    pub(crate) fn answer(&mut self, case: CaseName, outcome: Outcome) {
        self.answered.push_back((case, outcome));
        while self.answered.len() > ANSWERS {
            self.answered.pop_front();
        }
    }

    pub(crate) fn happened(&mut self, at: Instant, happened: Happened) {
        self.last += 1;
        self.events.push_back(Event { number: self.last, at, happened });
        while self.events.len() > EVENTS {
            self.events.pop_front();
        }
    }
}

/// Where the file is.
#[derive(Clone)]
pub(crate) struct StateFile(pub(crate) Arc<dyn Disk>);

impl StateFile {
    /// What it holds; none where there is none.
    pub(crate) fn read(&self) -> Result<Option<State>, Told> {
        let content = self.0.read(FILE).map_err(|error| unkept(&error))?;
        let Some(content) = content else { return Ok(None) };
        serde_json::from_slice(&content).map(Some).map_err(|error| {
            Told::new(
                format!("{FILE} 內容不符（{error}）。請保留該檔並通報；確認防火牆現況後，移走該檔再行啟動。"),
                format!("{FILE} does not read ({error}). Keep it, look at what stands on the firewall, move the file away and start again."),
            )
        })
    }

    /// Makes it hold this, durably.
    pub(crate) fn write(&self, state: &State) -> Result<(), Told> {
        let content = serde_json::to_vec(state).map_err(|error| {
            Told::new(format!("無法寫成 {FILE}（{error}）。"), format!("{FILE} cannot be made ({error})."))
        })?;
        disk::replace(&*self.0, FILE, &content).map_err(|error| unkept(&error))
    }
}

fn unkept(error: &DiskError) -> Told {
    Told::new(
        format!("執行控制之狀態檔無法存取（{error}）。請檢查資料夾之權限與空間。"),
        format!(
            "The enforcer's file cannot be kept ({error}). See who may write in its folder, and whether there is room."
        ),
    )
}

impl From<Count> for Effect {
    fn from(count: Count) -> Self {
        Self { packets: Some(count.packets), bytes: Some(count.bytes), ..Self::default() }
    }
}
