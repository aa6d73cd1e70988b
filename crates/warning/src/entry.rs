//! What came of alerts, as lines of telemetry.
//!
//! Each is a JSON object whose first member says what it is. They are all that is kept: [`crate::Book`] is made of them, the
//! rules of the pack look at them, and each is proven like any other line.
//! Invariant: a line is shorter than the longest that telemetry keeps in one piece.

use crate::alert::{MessageType, Scope, Status};
use model::Instant;
use serde::{Deserialize, Serialize};

/// A line about alerts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "warning", rename_all = "kebab-case")]
pub enum Entry {
    /// An alert is to be acted on at a room.
    Act(About),
    /// A part of the alert itself; its parts stand one behind the other, before what came of it.
    Cap {
        /// Its sender.
        sender: String,
        /// Its identifier.
        alert: String,
        /// Which part, from 1.
        part: usize,
        /// Of how many.
        of: usize,
        /// Its text.
        cap: String,
    },
    /// It is an exercise: a drill is to be planned at a room.
    Drill(About),
    /// It takes the place of one that was acted on at a room.
    GoesOn(About),
    /// An alert was heard and weighed.
    Heard(Box<Heard>),
    /// What was acted on at a room is over.
    Over(About),
    /// Whom is believed, what is looked for, and where, from now on.
    Settings(Expected),
    /// Something came that is no alert.
    Unread {
        /// When.
        time: Instant,
        /// SHA-256 of its bytes, in hexadecimal digits.
        digest: String,
        /// How many bytes.
        bytes: u64,
        /// Why, in Traditional Chinese.
        zh: String,
        /// Why, in English.
        en: String,
    },
}

/// An alert as it was heard and weighed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// When it was weighed.
    pub time: Instant,
    /// Its sender.
    pub sender: String,
    /// Its identifier.
    pub alert: String,
    /// When it was sent.
    pub sent: Instant,
    /// What it is for: a word of CAP.
    pub status: String,
    /// What it does to others: a word of CAP.
    pub message_type: String,
    /// For whom it is: a word of CAP.
    pub scope: String,
    /// What its first information is about.
    pub event: String,
    /// The headline of that.
    pub headline: String,
    /// SHA-256 of its bytes, in hexadecimal digits.
    pub digest: String,
    /// Is its sender believed, and was it sent by now? Of others no more is known than that they came.
    pub believed: bool,
    /// Alerts of the same sender that it is about.
    pub about: Vec<Named>,
    /// What came of it at each room: `act`, `drill`, `goes-on`, `over`, or why nothing is done.
    pub rooms: Vec<Place>,
}

/// An alert by its names within a sender's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// Its identifier.
    pub alert: String,
    /// When it was sent.
    pub sent: Instant,
}

/// What came of an alert at a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The room's code; empty where the settings have no room.
    pub room: String,
    /// What came of it.
    pub came: String,
}

/// What is to be done at a room, or is over there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// When it was said.
    pub time: Instant,
    /// The room's code.
    pub room: String,
    /// What the event is to the rules.
    pub kind: String,
    /// What the alert calls it.
    pub event: String,
    /// Its sender.
    pub sender: String,
    /// The identifier of the alert that was the first to be acted on.
    pub alert: String,
    /// When that one was sent.
    pub sent: Instant,
    /// The headline of the alert that says so.
    pub headline: String,
    /// The alert that says so, where it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Named>,
    /// Until when what is said counts.
    pub expires: Instant,
    /// Why it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Why>,
}

/// Why something is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// Its sender took it back.
    Cancelled,
    /// Its time is up.
    Expired,
    /// Another took its place, which does not hold here, or holds for several.
    Replaced,
}

/// Whom is believed, what is looked for, and where.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Expected {
    /// Senders.
    pub senders: Vec<String>,
    /// Names of events, with what each is to the rules.
    pub events: Vec<(String, String)>,
    /// Codes of rooms, with where each stands.
    pub rooms: Vec<(String, String)>,
}

impl Entry {
    /// The line. None: something in it has no text, which nothing has.
    #[must_use]
    pub fn line(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }

    /// What a line says; none where it is none of these.
    #[must_use]
    pub fn of_line(line: &[u8]) -> Option<Self> {
        serde_json::from_slice(line).ok()
    }
}

impl Heard {
    /// What it is for.
    #[must_use]
    pub fn status(&self) -> Option<Status> {
        Status::of_word(&self.status)
    }

    /// What it does to others.
    #[must_use]
    pub fn message_type(&self) -> Option<MessageType> {
        MessageType::of_word(&self.message_type)
    }

    /// For whom it is.
    #[must_use]
    pub fn scope(&self) -> Option<Scope> {
        Scope::of_word(&self.scope)
    }
}
