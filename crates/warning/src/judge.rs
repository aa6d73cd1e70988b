//! Whether an alert is to be acted on.
//!
//! The order of the questions is that of what is said when the answer is no: first what the alert is, then from whom, then
//! what it does to others, then what it says, where and until when.
//! Invariant: whatever is not plainly to be acted on is not.
//! Source: CAP 1.2, §3.2.1 (status, msgType, scope, references), §3.2.2 (event, effective, expires).

use crate::alert::{Alert, Info, MessageType, Reference, Scope, Status};
use crate::place::Place;
use model::Instant;
use std::time::Duration;

/// What is looked for, and where.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ours {
    /// Where the installation is.
    pub place: Place,
    /// Senders that are trusted.
    pub senders: Vec<String>,
    /// Events that are looked for: names, or codes of any list.
    pub events: Vec<String>,
}

/// What was heard of an alert before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Heard {
    /// Nothing.
    Never,
    /// It was heard, and not acted on.
    NotActedOn,
    /// It was acted on.
    ActedOn,
    /// It was acted on, and taken back since.
    TakenBack,
}

/// What is to be done about an alert.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// It is to be acted on; what is said of it, as the one that holds here.
    Act(Info),
    /// It takes the place of one that was acted on, and that goes on.
    GoesOn(Reference, Info),
    /// It takes back one that was acted on.
    Over(Reference),
    /// It is an exercise that would be acted on if it were not: a drill may be planned for it, and nothing else is done.
    Drill(Info),
    /// Nothing.
    Nothing(Why),
}

/// Why nothing is done about an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// It is a draft, a test, for systems, or more about an exercise.
    NotActual(Status),
    /// It is not for everybody.
    NotPublic(Scope),
    /// Nobody trusts its sender.
    Stranger,
    /// It is of a time that is not yet.
    FromLater,
    /// It was heard before.
    Known,
    /// It acknowledges or refuses others.
    NoWarning(MessageType),
    /// It takes back what was not acted on.
    NothingToEnd,
    /// It is of another event.
    OtherEvent,
    /// It is for another place.
    Elsewhere,
    /// It counts later.
    NotYet,
    /// It has expired, or does not say until when it counts.
    Expired,
}

/// By how much the clock of a sender may be ahead.
pub(crate) const AHEAD: Duration = Duration::from_secs(300);
/// For how long an alert counts that does not say it.
pub(crate) const UNSAID: Duration = Duration::from_secs(86_400);

impl Why {
    /// Its word in entries.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotActual(_) => "not-actual",
            Self::NotPublic(_) => "not-public",
            Self::Stranger => "stranger",
            Self::FromLater => "from-later",
            Self::Known => "known",
            Self::NoWarning(_) => "no-warning",
            Self::NothingToEnd => "nothing-to-end",
            Self::OtherEvent => "other-event",
            Self::Elsewhere => "elsewhere",
            Self::NotYet => "not-yet",
            Self::Expired => "expired",
        }
    }
}

impl Ours {
    fn looks_for(&self, info: &Info) -> bool {
        let named = |name: &str| self.events.iter().any(|event| event.eq_ignore_ascii_case(name.trim()));
        named(&info.event) || info.event_codes.iter().any(|(_, code)| named(code))
    }
}

/// What is to be done about an alert at a moment; `heard` says what was of others.
#[must_use]
pub fn judge(alert: &Alert, ours: &Ours, now: Instant, heard: impl Fn(&Reference) -> Heard) -> Verdict {
    let nothing = Verdict::Nothing;
    if !matches!(alert.status, Status::Actual | Status::Exercise) {
        return nothing(Why::NotActual(alert.status));
    }
    if alert.scope != Scope::Public {
        return nothing(Why::NotPublic(alert.scope));
    }
    if !ours.senders.iter().any(|sender| sender == &alert.sender) {
        return nothing(Why::Stranger);
    }
    if alert.sent > now.plus(AHEAD) {
        return nothing(Why::FromLater);
    }
    if heard(&alert.reference()) != Heard::Never {
        return nothing(Why::Known);
    }
    if alert.status == Status::Exercise {
        // It takes the place of nothing and takes nothing back: what was planned for one is for people to change.
        return match alert.message_type {
            MessageType::Alert => {
                said(alert, ours, now).map_or_else(nothing, |info| Verdict::Drill(info.clone()))
            }
            _ => nothing(Why::NotActual(Status::Exercise)),
        };
    }
    // What somebody else has sent is not theirs to take back.
    let own = alert.references.iter().filter(|reference| reference.sender == alert.sender);
    let running = own.clone().find(|reference| heard(reference) == Heard::ActedOn).cloned();
    match alert.message_type {
        MessageType::Ack | MessageType::Error => return nothing(Why::NoWarning(alert.message_type)),
        MessageType::Cancel => return running.map_or(nothing(Why::NothingToEnd), Verdict::Over),
        MessageType::Alert | MessageType::Update => {}
    }
    match (said(alert, ours, now), running) {
        (Ok(info), Some(running)) => Verdict::GoesOn(running, info.clone()),
        (Ok(info), None) => Verdict::Act(info.clone()),
        // It takes the place of what holds here, and does not hold here any more.
        (Err(Why::Elsewhere | Why::Expired | Why::OtherEvent), Some(running)) => Verdict::Over(running),
        (Err(why), _) => nothing(why),
    }
}

/// What an alert says that holds here and now; the nearest reason where nothing does.
fn said<'a>(alert: &'a Alert, ours: &Ours, now: Instant) -> Result<&'a Info, Why> {
    let mut nearest = Why::OtherEvent;
    for info in &alert.infos {
        let why = if !ours.looks_for(info) {
            Why::OtherEvent
        } else if !info.areas.iter().any(|area| ours.place.is_in(area)) {
            Why::Elsewhere
        } else if info.effective.is_some_and(|effective| effective > now) {
            Why::NotYet
        } else if info.expires.unwrap_or_else(|| alert.sent.plus(UNSAID)) <= now {
            Why::Expired
        } else {
            return Ok(info);
        };
        nearest = nearest.max(why);
    }
    Err(nearest)
}
