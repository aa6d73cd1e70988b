//! Facts: what an entry of the ledger says to the tables, and how a fact becomes an entry.
//!
//! Owns: the one way from events to drafts and from entries back; kinds `pack.published/1` and `notice.read/1`.
//! Invariant: what is read from an entry is what was drafted for it; the time is the entry's own.
//! Does not: seal (the desk does), apply.
//! Source: `docs/format.md` §2, §3, §6.

use crate::alarm::{
    ALARM_ACKNOWLEDGED, ALARM_CALLED, ALARM_RAISED, ALARM_RESOLVED, ALARM_SETTLED, AlarmFact, AlarmRaised,
};
use crate::board::{EVALUATED, Evaluated};
use crate::outlet::{ALARM_SENT, OUTLET_SET, OutletFact};
use crate::response::{RESPONSE_DONE, RESPONSE_EVENT, RESPONSE_FAILED, ResponseFact};
use crate::telemetry::{LINE_ERASED, LINES_BATCH, LINES_FILE, LINES_MERGED, LINES_RETIRED, LinesFact};
use casework::{ContentHash, Entered, EntryNumber};
use ledger::vault::{KeyState, VaultError};
use model::{Actor, DataKeyId, Instant, RecordId, UnitId};
use proof::entry::{Body as EntryBody, Draft, EntryError, Skimmed};
use proof::json::{JsonError, JsonErrorKind};
use proof::lifecycle::{KEY_DESTROYED, KeyDestroyed};
use proof::seal::SealError;
use regulation::RegisterId;
use serde::{Deserialize, Serialize};

/// Something the tables go by.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "most facts are those of cases, and what is kept of others is boxed"
)]
pub enum Fact {
    /// An alarm was raised, is over, or somebody answers for it.
    Alarm(AlarmFact),
    /// Something happened to a record or a duty.
    Case(casework::Event),
    /// Something happened at the door. The tables take no note of it.
    Door(identity::Door),
    /// Something happened to people, units, roles or terminals.
    Identity(identity::Event),
    /// A check of a clause was evaluated.
    Evaluated(Evaluated),
    /// A data key was destroyed.
    KeyDestroyed(KeyDestroyed),
    /// Lines were received, or are in a file.
    Lines(LinesFact),
    /// Somebody read a notice.
    NoticeRead(NoticeRead),
    /// An outlet of alarms was set, or has sent something.
    Outlet(OutletFact),
    /// A version of a pack was published.
    Published(Published),
    /// Something was done against an intruder, or happened on a firewall.
    Response(ResponseFact),
}

/// A version of a pack that was published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// Digest of the stored archive of its files: `sha256:` and hexadecimal.
    pub archive: String,
    /// Digest of the pack, hexadecimal.
    pub digest: String,
    /// The pack's id.
    pub pack: String,
    /// Its version.
    pub version: u32,
}

/// Somebody read a notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeRead {
    /// Who.
    pub actor: Actor,
    /// The record the notice is about.
    pub record: RecordId,
    /// The unit charged.
    pub unit: Option<UnitId>,
    /// The entry that told.
    pub notice: EntryNumber,
    /// When.
    pub at: Instant,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoticeReadBody {
    notice: EntryNumber,
}

/// Kind of the entry that publishes a version of a pack.
pub const PUBLISHED: &str = "pack.published/1";
/// Kind of the entry that says a notice was read.
pub const NOTICE_READ: &str = "notice.read/1";

/// An entry as the tables see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// Its number.
    pub number: u64,
    /// Its time.
    pub at: Instant,
    /// Its content hash.
    pub content: ContentHash,
    /// The data key its body is sealed under.
    pub key: Option<DataKeyId>,
    /// What it says.
    pub said: Said,
}

/// What an entry says.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    /// This.
    Fact(Box<Fact>),
    /// Nothing any more: the data key of its body was destroyed. What stands outside the seal remains.
    Gone(Gone),
    /// Nothing that concerns the tables.
    Other,
}

/// What is left of an entry whose data key was destroyed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gone {
    /// What happened.
    pub kind: String,
    /// To what.
    pub subject: String,
    /// Under which register and version.
    pub form: Option<(RegisterId, u32)>,
    /// The unit charged.
    pub unit: Option<UnitId>,
}

/// Who has the data keys.
pub trait Keys: Send + Sync {
    /// What became of a key.
    ///
    /// # Errors
    /// The vault is damaged.
    fn key(&self, id: DataKeyId) -> Result<KeyState, VaultError>;
}

/// Why an entry does not read.
#[derive(Debug, thiserror::Error)]
pub enum FactError {
    /// It is not an entry.
    #[error("it is not an entry")]
    Entry(#[from] EntryError),
    /// Its body is not what its kind asks for.
    #[error("the body of {kind} does not read: {what}")]
    Body {
        /// Its kind.
        kind: String,
        /// Why.
        what: String,
    },
    /// Its data key is not in the vault and was never destroyed there.
    #[error("the vault has no key {0}")]
    NoKey(DataKeyId),
    /// The vault is damaged.
    #[error("the vault")]
    Vault(#[from] VaultError),
    /// The body does not open.
    #[error("the sealed body does not open")]
    Seal(#[from] SealError),
}

impl Fact {
    /// The entry it is to become, in clear, with the salt of the signature it carries.
    ///
    /// # Errors
    /// Never in fact: bodies hold texts, small whole numbers and what was read from JSON.
    pub fn draft(&self) -> Result<Draft, JsonError> {
        Ok(match self {
            Self::Alarm(alarm) => {
                let value = match alarm {
                    AlarmFact::Raised(body) => json(body)?,
                    AlarmFact::Resolved(body) => json(body)?,
                    AlarmFact::Acknowledged(body, _) => json(body)?,
                    AlarmFact::Called(body) => json(body)?,
                    AlarmFact::Settled(body, _) => json(body)?,
                };
                let actor = match alarm {
                    AlarmFact::Acknowledged(_, actor) | AlarmFact::Settled(_, actor) => spelled(actor),
                    AlarmFact::Raised(_) | AlarmFact::Resolved(_) | AlarmFact::Called(_) => {
                        Actor::machine("watch")
                    }
                };
                let unit = match alarm {
                    AlarmFact::Raised(body) => body.unit,
                    _ => None,
                };
                Draft { unit, ..own(actor, alarm.kind(), alarm.subject().to_owned(), value) }
            }
            Self::Outlet(outlet) => {
                let (actor, value) = match outlet {
                    OutletFact::Set(body) => (Actor::machine("outlets"), json(body)?),
                    OutletFact::Sent(body, actor) => (spelled(actor), json(body)?),
                };
                own(actor, outlet.kind(), outlet.subject().to_owned(), value)
            }
            Self::Case(event) => Draft {
                actor: spelled(&event.actor),
                kind: event.kind().to_owned(),
                subject: match &event.subject {
                    casework::Subject::Record(record) => record.to_string(),
                    casework::Subject::Duty(duty) => duty.to_string(),
                },
                unit: event.unit,
                form: event.form.clone(),
                body: EntryBody::Clear {
                    value: json(&event.body)?,
                    salt: event.signed.as_ref().and_then(|signed| signed.salt),
                },
                signature: event.signed.as_ref().map(|signed| signed.carried.clone()),
            },
            Self::Door(door) => Draft {
                unit: Some(door.unit),
                ..own(spelled(&door.actor), door.body.kind(), door.person.to_string(), door_body(door)?)
            },
            Self::Identity(event) => Draft {
                actor: spelled(&event.actor),
                kind: event.kind().to_owned(),
                subject: event.subject.to_string(),
                unit: event.unit,
                form: None,
                body: EntryBody::Clear {
                    value: serde_json::from_slice(&event.body_bytes()?).unwrap_or_default(),
                    salt: None,
                },
                signature: None,
            },
            Self::Evaluated(body) => {
                own(Actor::machine("board"), EVALUATED, body.clause.to_string(), json(body)?)
            }
            Self::KeyDestroyed(body) => {
                own(Actor::machine("desk"), KEY_DESTROYED, body.key.to_string(), json(body)?)
            }
            Self::Lines(lines) => {
                let value = match lines {
                    LinesFact::Batch(body) => json(body)?,
                    LinesFact::File(body) | LinesFact::Merged(body) => json(body)?,
                    LinesFact::Retired(body) => json(body)?,
                    LinesFact::Erased(body) => json(body)?,
                    LinesFact::Traced(body, _) => json(body)?,
                };
                let actor = match lines {
                    LinesFact::Traced(_, actor) => spelled(actor),
                    _ => Actor::machine("telemetry"),
                };
                own(actor, lines.kind(), lines.subject().to_owned(), value)
            }
            Self::NoticeRead(read) => {
                let body = NoticeReadBody { notice: read.notice };
                let draft = own(spelled(&read.actor), NOTICE_READ, read.record.to_string(), json(&body)?);
                Draft { unit: read.unit, ..draft }
            }
            Self::Published(body) => {
                own(Actor::machine("console"), PUBLISHED, body.pack.clone(), json(body)?)
            }
            Self::Response(response) => {
                let value = match response {
                    ResponseFact::Done(body) | ResponseFact::Failed(body) => json(body)?,
                    ResponseFact::Event(body) => json(body)?,
                };
                own(Actor::machine("respond"), response.kind(), response.subject(), value)
            }
        })
    }

    /// Is the body to be sealed?
    #[must_use]
    pub const fn is_private(&self) -> bool {
        match self {
            Self::Case(event) => event.private,
            Self::Identity(event) => event.private,
            Self::Alarm(_)
            | Self::Outlet(_)
            | Self::Door(_)
            | Self::Evaluated(_)
            | Self::KeyDestroyed(_)
            | Self::Lines(_)
            | Self::NoticeRead(_)
            | Self::Published(_)
            | Self::Response(_) => false,
        }
    }
}

fn own(actor: Actor, kind: &str, subject: String, value: serde_json::Value) -> Draft {
    let body = EntryBody::Clear { value, salt: None };
    Draft { actor, kind: kind.to_owned(), subject, unit: None, form: None, body, signature: None }
}

impl Recorded {
    /// What an entry says.
    ///
    /// # Errors
    /// [`FactError`].
    pub fn read(number: u64, bytes: &[u8], keys: &dyn Keys) -> Result<Self, FactError> {
        let entry = Skimmed::parse(bytes)?;
        let key = entry.sealed().map(proof::entry::Sealed::key);
        let said = said(&entry, key, keys)?;
        Ok(Self { number, at: entry.time(), content: ContentHash(entry.content_hash()), key, said })
    }

    /// Where signatures say it stands.
    #[must_use]
    pub const fn entered(&self) -> Entered {
        Entered { number: EntryNumber(self.number), content: self.content }
    }
}

fn said(entry: &Skimmed<'_>, key: Option<DataKeyId>, keys: &dyn Keys) -> Result<Said, FactError> {
    let Some(family) = family(entry.kind()) else { return Ok(Said::Other) };
    let opened;
    let body = match key {
        None => entry.body_bytes().unwrap_or_default(),
        Some(id) => match keys.key(id)? {
            KeyState::Here(key) => {
                opened = entry.open(&key)?;
                opened.body_bytes()
            }
            KeyState::Destroyed => {
                let form = entry.form().and_then(casework::read_form);
                let (kind, subject) = (entry.kind().to_owned(), entry.subject().to_owned());
                return Ok(Said::Gone(Gone { kind, subject, form, unit: entry.unit() }));
            }
            KeyState::Unknown => return Err(FactError::NoKey(id)),
        },
    };
    let unread = |what: String| FactError::Body { kind: entry.kind().to_owned(), what };
    let fact = match family {
        Family::AlarmRaised => {
            let raised: AlarmRaised =
                serde_json::from_slice(body).map_err(|error| unread(error.to_string()))?;
            Fact::Alarm(AlarmFact::Raised(AlarmRaised { unit: entry.unit(), ..raised }))
        }
        Family::AlarmResolved => {
            let resolved = serde_json::from_slice(body).map_err(|error| unread(error.to_string()))?;
            Fact::Alarm(AlarmFact::Resolved(resolved))
        }
        Family::AlarmAcknowledged => {
            let acknowledged = serde_json::from_slice(body).map_err(|error| unread(error.to_string()))?;
            Fact::Alarm(AlarmFact::Acknowledged(acknowledged, acting(entry)))
        }
        Family::AlarmCalled => {
            let called = serde_json::from_slice(body).map_err(|error| unread(error.to_string()))?;
            Fact::Alarm(AlarmFact::Called(called))
        }
        Family::AlarmSettled => {
            let settled = serde_json::from_slice(body).map_err(|error| unread(error.to_string()))?;
            Fact::Alarm(AlarmFact::Settled(settled, acting(entry)))
        }
        Family::OutletSet => {
            let set = serde_json::from_slice(body).map_err(|error| unread(error.to_string()))?;
            Fact::Outlet(OutletFact::Set(set))
        }
        Family::AlarmSent => {
            let sent = serde_json::from_slice(body).map_err(|error| unread(error.to_string()))?;
            Fact::Outlet(OutletFact::Sent(sent, acting(entry)))
        }
        Family::ResponseDone => {
            let done = serde_json::from_slice(body).map_err(|error| unread(error.to_string()))?;
            Fact::Response(ResponseFact::Done(done))
        }
        Family::ResponseFailed => {
            let failed = serde_json::from_slice(body).map_err(|error| unread(error.to_string()))?;
            Fact::Response(ResponseFact::Failed(failed))
        }
        Family::ResponseEvent => {
            let event = serde_json::from_slice(body).map_err(|error| unread(error.to_string()))?;
            Fact::Response(ResponseFact::Event(event))
        }
        Family::Case => Fact::Case(case_event(entry, body, key.is_some()).map_err(unread)?),
        Family::Identity => Fact::Identity(identity_event(entry, body, key.is_some()).map_err(unread)?),
        Family::Evaluated => {
            Fact::Evaluated(serde_json::from_slice(body).map_err(|error| unread(error.to_string()))?)
        }
        Family::KeyDestroyed => {
            Fact::KeyDestroyed(serde_json::from_slice(body).map_err(|error| unread(error.to_string()))?)
        }
        Family::LinesBatch => {
            let batch = serde_json::from_slice(body).map_err(|error| unread(error.to_string()))?;
            Fact::Lines(LinesFact::Batch(batch))
        }
        Family::LinesFile => {
            let file = serde_json::from_slice(body).map_err(|error| unread(error.to_string()))?;
            Fact::Lines(LinesFact::File(file))
        }
        Family::LinesMerged => {
            let file = serde_json::from_slice(body).map_err(|error| unread(error.to_string()))?;
            Fact::Lines(LinesFact::Merged(file))
        }
        Family::LinesRetired => {
            let retired = serde_json::from_slice(body).map_err(|error| unread(error.to_string()))?;
            Fact::Lines(LinesFact::Retired(retired))
        }
        Family::LineErased => {
            let erased = serde_json::from_slice(body).map_err(|error| unread(error.to_string()))?;
            Fact::Lines(LinesFact::Erased(erased))
        }
        Family::Published => {
            Fact::Published(serde_json::from_slice(body).map_err(|error| unread(error.to_string()))?)
        }
        Family::NoticeRead => {
            let read: NoticeReadBody =
                serde_json::from_slice(body).map_err(|error| unread(error.to_string()))?;
            let record = entry.subject().parse().map_err(|_| unread("its subject is no record".into()))?;
            let (actor, at) = (acting(entry), entry.time());
            Fact::NoticeRead(NoticeRead { actor, record, unit: entry.unit(), notice: read.notice, at })
        }
    };
    Ok(Said::Fact(Box::new(fact)))
}

/// Whose kind it is.
enum Family {
    AlarmRaised,
    AlarmResolved,
    AlarmAcknowledged,
    AlarmCalled,
    AlarmSettled,
    AlarmSent,
    Case,
    Evaluated,
    Identity,
    KeyDestroyed,
    LinesBatch,
    LinesFile,
    LinesMerged,
    LinesRetired,
    LineErased,
    NoticeRead,
    OutletSet,
    Published,
    ResponseDone,
    ResponseEvent,
    ResponseFailed,
}

fn family(kind: &str) -> Option<Family> {
    match kind {
        ALARM_RAISED => return Some(Family::AlarmRaised),
        ALARM_RESOLVED => return Some(Family::AlarmResolved),
        ALARM_ACKNOWLEDGED => return Some(Family::AlarmAcknowledged),
        ALARM_CALLED => return Some(Family::AlarmCalled),
        ALARM_SETTLED => return Some(Family::AlarmSettled),
        ALARM_SENT => return Some(Family::AlarmSent),
        OUTLET_SET => return Some(Family::OutletSet),
        EVALUATED => return Some(Family::Evaluated),
        KEY_DESTROYED => return Some(Family::KeyDestroyed),
        LINES_BATCH => return Some(Family::LinesBatch),
        LINES_FILE => return Some(Family::LinesFile),
        LINES_MERGED => return Some(Family::LinesMerged),
        LINES_RETIRED => return Some(Family::LinesRetired),
        LINE_ERASED => return Some(Family::LineErased),
        NOTICE_READ => return Some(Family::NoticeRead),
        PUBLISHED => return Some(Family::Published),
        RESPONSE_DONE => return Some(Family::ResponseDone),
        RESPONSE_EVENT => return Some(Family::ResponseEvent),
        RESPONSE_FAILED => return Some(Family::ResponseFailed),
        _ => {}
    }
    match family_name(kind) {
        name if CASE.contains(&name) => Some(Family::Case),
        name if IDENTITY.contains(&name) => Some(Family::Identity),
        _ => None,
    }
}

/// Does a kind belong to an engine, or to the ledger itself? Nobody else may append one: the tables would take it for
/// what the engine has decided.
#[must_use]
pub fn is_reserved(kind: &str) -> bool {
    let name = family_name(kind);
    [&CASE[..], &IDENTITY, &DOOR, &OTHERS].iter().any(|names| names.contains(&name))
}

/// What stands before the first full stop of a kind.
fn family_name(kind: &str) -> &str {
    kind.split_once('.').map_or(kind, |(first, _)| first)
}

/// Families of casework.
const CASE: [&str; 11] = [
    "approval",
    "case",
    "clock",
    "content",
    "duty",
    "effect",
    "hook",
    "notice",
    "seats",
    "signatures",
    "step",
];
/// Families of identity.
const IDENTITY: [&str; 7] = ["clearance", "credential", "deputy", "person", "role", "terminal", "unit"];
/// Families of the door; the tables take no note of them.
const DOOR: [&str; 6] = ["account", "factor", "recovery", "session", "sign-in", "token"];
/// Families of the board, of the desk, of the ledger, of telemetry and of what is watched for.
const OTHERS: [&str; 8] = ["access", "alarm", "check", "ledger", "line", "lines", "pack", "response"];

fn case_event(entry: &Skimmed<'_>, body: &[u8], private: bool) -> Result<casework::Event, String> {
    let body = match casework::Body::read(entry.kind(), body) {
        Ok(body) => body,
        // A kind of an earlier version: it is lifted.
        Err(_) => {
            let json = serde_json::from_slice(body).map_err(|error| error.to_string())?;
            casework::read_body(json, UPCASTERS).map_err(|error| error.to_string())?
        }
    };
    if body.kind() != entry.kind() && UPCASTERS.is_empty() {
        return Err(format!("it says {}", body.kind()));
    }
    let subject = match entry.subject().parse::<RecordId>() {
        Ok(record) => casework::Subject::Record(record),
        Err(_) => {
            let duty = entry.subject().parse().map_err(|_| "its subject is neither record nor duty")?;
            casework::Subject::Duty(duty)
        }
    };
    Ok(casework::Event {
        subject,
        form: entry.form().map(ToOwned::to_owned),
        unit: entry.unit(),
        actor: acting(entry),
        at: entry.time(),
        body,
        signed: None,
        private,
    })
}

fn identity_event(entry: &Skimmed<'_>, body: &[u8], private: bool) -> Result<identity::Event, String> {
    let json = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let (body, policy) = identity::read_body(entry.kind(), json).map_err(|error| error.to_string())?;
    let subject = entry.subject().parse().map_err(|_| "its subject is neither person nor unit")?;
    let (unit, actor, at) = (entry.unit(), acting(entry), entry.time());
    Ok(identity::Event { subject, unit, actor, at, body, policy, private })
}

/// An actor as entries spell it: words of the format have `-` where ids of packs have `_`.
#[must_use]
pub fn spelled(actor: &Actor) -> Actor {
    with_role(actor.clone(), '_', "-")
}

/// Who acted, in the words of packs.
fn acting(entry: &Skimmed<'_>) -> Actor {
    with_role(entry.actor(), '-', "_")
}

fn with_role(mut actor: Actor, from: char, to: &str) -> Actor {
    if let Actor::Person(person) = &mut actor {
        person.role = person.role.replace(from, to);
    }
    actor
}

/// Lifts bodies of earlier versions. There is none yet: no version was released.
pub const UPCASTERS: &[casework::Upcaster] = &[];

/// A body of the door, with the policy that permitted it.
fn door_body(door: &identity::Door) -> Result<serde_json::Value, JsonError> {
    let mut value = json(&door.body)?;
    if let (Some(members), Some(policy)) = (value.as_object_mut(), &door.policy) {
        members.insert("policy".to_owned(), policy.clone().into());
    }
    Ok(value)
}

fn json<T: Serialize>(body: &T) -> Result<serde_json::Value, JsonError> {
    serde_json::to_value(body).map_err(|_| JsonError { at: 0, kind: JsonErrorKind::Unserializable })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_engines_are_reserved_with_all_their_versions_and_no_others() {
        for kind in [
            PUBLISHED,
            NOTICE_READ,
            KEY_DESTROYED,
            "case.opened/1",
            "unit.created",
            "step",
            "access.x/9",
            "session.opened/1",
            "terminal.removed/1",
            RESPONSE_DONE,
        ] {
            assert!(is_reserved(kind), "{kind}");
        }
        for kind in ["test.made", "cases.opened", "unit-x.made", "door.case/1"] {
            assert!(!is_reserved(kind), "{kind}");
        }
    }
}
