//! Entries: what one line of the ledger says, checked in one pass.
//!
//! Owns: the members of an entry, their formats, the content hash, drafts that become entries.
//! Invariant: an [`Entry`] exists only over bytes that `docs/format.md` §2 allows, and only one spelling of
//! them; a [`Draft`] becomes bytes only through the same check.
//! Never: checks a signature (`signature` does), opens a sealed body (`seal` does), compares times of entries.
//! Source: `docs/format.md` §2, §2.1, §2.2.

mod draft;
mod skimmed;
mod word;

use crate::base64;
use crate::hash::Hash;
use crate::json::{JsonError, Scanner, Text};
use crate::signature::Signature;
use model::{Actor, DataKeyId, Instant, Person, UnitId};
use serde_json::Value;
use std::ops::Range;

pub use draft::{Body, Draft, Encoded};
pub use skimmed::Skimmed;
pub(crate) use word::{is_id, is_kind};
pub use word::{is_line, is_name_version, is_word};

/// The most bytes an entry may have.
pub const LIMIT: usize = 65_535;

/// Why bytes are not an entry.
#[derive(Debug, thiserror::Error)]
pub enum EntryError {
    /// Larger than [`LIMIT`].
    #[error("the entry has {bytes} bytes; at most {LIMIT} are possible, larger things are attachments")]
    TooLong {
        /// How many it has.
        bytes: usize,
    },
    /// Not canonical JSON.
    #[error("the entry is not canonical JSON")]
    Json(#[from] JsonError),
    /// A member the format does not know.
    #[error("byte {at}: entries have no member {member:?}")]
    Unknown {
        /// Where its name ends.
        at: usize,
        /// Its name, shortened.
        member: String,
    },
    /// A member that must be there is not.
    #[error("the entry lacks the member `{member}`")]
    Missing {
        /// Its name.
        member: &'static str,
    },
    /// A member's value is not what the format asks for.
    #[error("byte {at}: `{member}` must be {expected}")]
    Member {
        /// The byte where the value begins.
        at: usize,
        /// Its name, with that of the object it is in: `actor.unit`.
        member: &'static str,
        /// What is asked for.
        expected: &'static str,
    },
    /// Two members that exclude each other.
    #[error("`{member}` cannot stand in {beside} entry")]
    Misplaced {
        /// The one that is too many.
        member: &'static str,
        /// The sort of entry: `a clear`, `a sealed`.
        beside: &'static str,
    },
    /// The signature's shape is not that of §7.
    #[error("byte {at}: `signature` is not a statement with its evidence")]
    Signature {
        /// The byte where the value begins.
        at: usize,
        /// What does not fit.
        #[source]
        source: serde_json::Error,
    },
}

/// A checked view of an entry's bytes. Making one is cheap: nothing but a signature is copied.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    text: &'a str,
    actor: Acting<'a>,
    content: Content<'a>,
    form: Option<&'a str>,
    kind: &'a str,
    signature: Option<Box<Signature>>,
    subject: &'a str,
    time: Instant,
    /// Where its value begins.
    time_at: usize,
    unit: Option<&'a str>,
}

/// The body of an entry, or what is in its place.
#[derive(Debug, Clone)]
enum Content<'a> {
    Clear { body: &'a str, salt: Option<[u8; 16]> },
    Sealed(Sealed<'a>),
}

/// The actor as it stands in an entry: a machine, or a person with role and unit; every text is of its form.
#[derive(Debug, Clone, Copy, Default)]
struct Acting<'a> {
    acting_for: Option<&'a str>,
    machine: Option<&'a str>,
    person: Option<&'a str>,
    role: Option<&'a str>,
    session: Option<&'a str>,
    terminal: Option<&'a str>,
    unit: Option<&'a str>,
}

impl Acting<'_> {
    /// None where it is not complete; an actor of an [`Entry`] is.
    fn actor(&self) -> Option<Actor> {
        if let Some(machine) = self.machine {
            return Some(Actor::machine(machine));
        }
        Some(Actor::Person(Person {
            acting_for: self.acting_for.and_then(|text| text.parse().ok()),
            person: self.person?.parse().ok()?,
            role: self.role?.to_owned(),
            session: self.session.and_then(|text| text.parse().ok()),
            terminal: self.terminal.and_then(|text| text.parse().ok()),
            unit: self.unit?.parse().ok()?,
        }))
    }
}

/// A sealed body as it stands in an entry; the text is base64 already checked.
#[derive(Debug, Clone)]
pub struct Sealed<'a> {
    pub(crate) data: &'a str,
    pub(crate) hash: Hash,
    pub(crate) key: DataKeyId,
    pub(crate) nonce: [u8; 24],
    /// Where its value stands in the entry.
    place: Range<usize>,
}

impl Sealed<'_> {
    /// The data key that opens it.
    #[must_use]
    pub const fn key(&self) -> DataKeyId {
        self.key
    }

    /// The nonce it was sealed with.
    #[must_use]
    pub const fn nonce(&self) -> [u8; 24] {
        self.nonce
    }

    /// Ciphertext and tag.
    #[must_use]
    pub fn data(&self) -> Vec<u8> {
        base64::decode(self.data).unwrap_or_default()
    }
}

/// SHA-256(salt ‖ canonical JSON of the body): what statements refer to, so that they outlive the body.
#[must_use]
pub fn content_hash(salt: Option<&[u8; 16]>, body: &[u8]) -> Hash {
    Hash::of(&[salt.map_or(&[], <[u8; 16]>::as_slice), body])
}

impl<'a> Entry<'a> {
    /// Checks everything §2 asks for, in one pass.
    ///
    /// # Errors
    /// The first departure, with the member and the byte.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, EntryError> {
        Self::walk(bytes, Signatures::TakenApart)
    }

    fn walk(bytes: &'a [u8], signatures: Signatures) -> Result<Self, EntryError> {
        if bytes.len() > LIMIT {
            return Err(EntryError::TooLong { bytes: bytes.len() });
        }
        let mut scanner = Scanner::new(bytes)?;
        let mut members = Members { signatures, ..Members::default() };
        scanner.object(0, |scanner, name| members.take(scanner, name))?;
        let text = scanner.since(0);
        scanner.end()?;
        members.entry(text)
    }

    /// The bytes of the entry: what the tree's leaf is made of.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    /// When it was written.
    #[must_use]
    pub const fn time(&self) -> Instant {
        self.time
    }

    /// What happened.
    #[must_use]
    pub const fn kind(&self) -> &'a str {
        self.kind
    }

    /// What it happened to.
    #[must_use]
    pub const fn subject(&self) -> &'a str {
        self.subject
    }

    /// Who acted.
    #[must_use]
    pub fn actor(&self) -> Actor {
        #[expect(clippy::expect_used, reason = "parsing checked every member; a property test covers it")]
        self.actor.actor().expect("a checked actor")
    }

    /// The unit charged.
    #[must_use]
    pub fn unit(&self) -> Option<UnitId> {
        self.unit.and_then(|text| text.parse().ok())
    }

    /// Form and version.
    #[must_use]
    pub const fn form(&self) -> Option<&'a str> {
        self.form
    }

    /// The canonical JSON of the body; none in a sealed entry.
    #[must_use]
    pub const fn body_bytes(&self) -> Option<&'a [u8]> {
        match self.content {
            Content::Clear { body, .. } => Some(body.as_bytes()),
            Content::Sealed(_) => None,
        }
    }

    /// The body; none in a sealed entry.
    #[must_use]
    pub fn body(&self) -> Option<Value> {
        self.body_bytes().and_then(|body| serde_json::from_slice(body).ok())
    }

    /// The sealed body; none in a clear entry.
    #[must_use]
    pub const fn sealed(&self) -> Option<&Sealed<'a>> {
        match &self.content {
            Content::Clear { .. } => None,
            Content::Sealed(sealed) => Some(sealed),
        }
    }

    /// The salt of a clear entry that has one.
    #[must_use]
    pub const fn salt(&self) -> Option<[u8; 16]> {
        match self.content {
            Content::Clear { salt, .. } => salt,
            Content::Sealed(_) => None,
        }
    }

    /// The statement and its evidence.
    #[must_use]
    pub fn signature(&self) -> Option<&Signature> {
        self.signature.as_deref()
    }

    /// The content hash: computed in a clear entry, as stored in a sealed one.
    #[must_use]
    pub fn content_hash(&self) -> Hash {
        match &self.content {
            Content::Clear { body, salt } => content_hash(salt.as_ref(), body.as_bytes()),
            Content::Sealed(sealed) => sealed.hash,
        }
    }

    /// What a sealed body is bound to: the entry without `sealed` and `time`, neither of which comes first.
    pub(crate) fn associated_data(&self, sealed: &Sealed<'_>) -> Vec<u8> {
        let part = |from: usize, to: usize| self.text.get(from..to).unwrap_or_default();
        let before = part(0, sealed.place.start - ",\"sealed\":".len());
        let between = part(sealed.place.end, self.time_at - ",\"time\":".len());
        let behind = part(self.time_at + TIME_LENGTH + 2, self.text.len());
        [before, between, behind].concat().into_bytes()
    }
}

/// What becomes of a signature that is met.
#[derive(Debug, Clone, Copy, Default)]
enum Signatures {
    /// Its shape is checked, and it is kept.
    #[default]
    TakenApart,
    /// Its spelling is checked, and nobody is given it.
    PassedOver,
}

/// Members as they are met; which of them belong together is judged at the end.
#[derive(Default)]
struct Members<'a> {
    actor: Option<Acting<'a>>,
    body: Option<&'a str>,
    form: Option<&'a str>,
    hash: Option<Hash>,
    kind: Option<&'a str>,
    salt: Option<[u8; 16]>,
    sealed: Option<Sealed<'a>>,
    signature: Option<Box<Signature>>,
    signatures: Signatures,
    subject: Option<&'a str>,
    time: Option<(Instant, usize)>,
    unit: Option<&'a str>,
}

impl<'a> Members<'a> {
    fn take(&mut self, scanner: &mut Scanner<'a>, name: Text<'a>) -> Result<(), EntryError> {
        match name.plain() {
            Some("actor") => self.actor = Some(actor(scanner)?),
            Some("body") => {
                let at = scanner.at();
                if scanner.peek() != Some(b'{') {
                    return Err(EntryError::Member { at, member: "body", expected: "an object" });
                }
                self.body = Some(scanner.value(1)?);
            }
            Some("form") => self.form = Some(member(scanner, "form", FORM, is_name_version)?),
            Some("hash") => self.hash = Some(Hash::from_bytes(array(scanner, "hash", "base64 of 32 bytes")?)),
            Some("kind") => self.kind = Some(member(scanner, "kind", KIND, is_kind)?),
            Some("salt") => self.salt = Some(array(scanner, "salt", "base64 of 16 bytes")?),
            Some("sealed") => self.sealed = Some(sealed(scanner)?),
            Some("signature") => match self.signatures {
                Signatures::TakenApart => self.signature = Some(signature(scanner)?),
                Signatures::PassedOver => drop(scanner.value(1)?),
            },
            Some("subject") => self.subject = Some(member(scanner, "subject", LINE, is_line)?),
            Some("time") => {
                let at = scanner.at();
                let time = word::moment(member(scanner, "time", TIME, |_| true)?);
                let time = time.ok_or(EntryError::Member { at, member: "time", expected: TIME })?;
                self.time = Some((time, at));
            }
            Some("unit") => {
                self.unit = Some(member(scanner, "unit", UNIT, |text| is_id(text, UnitId::PREFIX))?)
            }
            _ => return Err(unknown(scanner, name)),
        }
        Ok(())
    }

    fn entry(self, text: &'a str) -> Result<Entry<'a>, EntryError> {
        let missing = |member| EntryError::Missing { member };
        let misplaced = |member, beside| Err(EntryError::Misplaced { member, beside });
        let content = match (self.body, self.sealed) {
            (Some(_), Some(_)) => return misplaced("sealed", "a clear"),
            (Some(_), None) if self.hash.is_some() => return misplaced("hash", "a clear"),
            (Some(body), None) => Content::Clear { body, salt: self.salt },
            (None, Some(_)) if self.salt.is_some() => return misplaced("salt", "a sealed"),
            (None, Some(sealed)) => {
                Content::Sealed(Sealed { hash: self.hash.ok_or_else(|| missing("hash"))?, ..sealed })
            }
            (None, None) => return Err(missing("body` or `sealed")),
        };
        let (time, time_at) = self.time.ok_or_else(|| missing("time"))?;
        Ok(Entry {
            text,
            actor: self.actor.ok_or_else(|| missing("actor"))?,
            content,
            form: self.form,
            kind: self.kind.ok_or_else(|| missing("kind"))?,
            signature: self.signature,
            subject: self.subject.ok_or_else(|| missing("subject"))?,
            time,
            time_at,
            unit: self.unit,
        })
    }
}

/// Walks over the actor, §2.1: a machine's name and nothing else, or a person's members.
fn actor<'a>(scanner: &mut Scanner<'a>) -> Result<Acting<'a>, EntryError> {
    let from = scanner.at();
    let mut acting = Acting::default();
    object(scanner, "actor", |scanner, name| {
        let (place, member_name, expected, prefix) = match name.plain() {
            Some("machine") => {
                acting.machine = Some(member(scanner, "actor.machine", LINE, is_line)?);
                return Ok(());
            }
            Some("role") => {
                acting.role = Some(member(scanner, "actor.role", WORD, is_word)?);
                return Ok(());
            }
            Some("for") => (&mut acting.acting_for, "actor.for", PERSON, "p_"),
            Some("person") => (&mut acting.person, "actor.person", PERSON, "p_"),
            Some("session") => (&mut acting.session, "actor.session", "an identifier s_…", "s_"),
            Some("terminal") => (&mut acting.terminal, "actor.terminal", "an identifier t_…", "t_"),
            Some("unit") => (&mut acting.unit, "actor.unit", UNIT, UnitId::PREFIX),
            _ => return Err(unknown(scanner, name)),
        };
        *place = Some(member(scanner, member_name, expected, |text| is_id(text, prefix))?);
        Ok(())
    })?;
    let Acting { acting_for, machine, person, role, session, terminal, unit } = acting;
    let needed = [person, role, unit];
    let known = match machine {
        Some(_) => needed.into_iter().chain([acting_for, session, terminal]).all(|one| one.is_none()),
        None => needed.iter().all(Option::is_some),
    };
    let expected = "either a machine's name or a person with role and unit";
    if known { Ok(acting) } else { Err(EntryError::Member { at: from, member: "actor", expected }) }
}

/// Walks over `sealed`, §3; the content hash stands outside and is added later.
fn sealed<'a>(scanner: &mut Scanner<'a>) -> Result<Sealed<'a>, EntryError> {
    let from = scanner.at();
    let (mut algorithm, mut data, mut key, mut nonce) = (None, None, None, None);
    object(scanner, "sealed", |scanner, name| {
        let at = scanner.at();
        match name.plain() {
            Some("alg") => {
                algorithm = Some(member(scanner, "sealed.alg", "`XC20P`", |text| text == "XC20P")?)
            }
            Some("data") => {
                data = Some(member(scanner, "sealed.data", "base64 of 16 bytes or more", is_sealed_data)?)
            }
            Some("key") => {
                let text = member(scanner, "sealed.key", DATA_KEY, |text| is_id(text, DataKeyId::PREFIX))?;
                let parsed = text.parse::<DataKeyId>();
                key = Some(parsed.map_err(|_| EntryError::Member {
                    at,
                    member: "sealed.key",
                    expected: DATA_KEY,
                })?);
            }
            Some("nonce") => nonce = Some(array(scanner, "sealed.nonce", "base64 of 24 bytes")?),
            _ => return Err(unknown(scanner, name)),
        }
        Ok(())
    })?;
    let missing = |member| EntryError::Missing { member };
    algorithm.ok_or_else(|| missing("sealed.alg"))?;
    Ok(Sealed {
        data: data.ok_or_else(|| missing("sealed.data"))?,
        hash: Hash::from_bytes([0; 32]),
        key: key.ok_or_else(|| missing("sealed.key"))?,
        nonce: nonce.ok_or_else(|| missing("sealed.nonce"))?,
        place: from..scanner.at(),
    })
}

fn is_sealed_data(text: &str) -> bool {
    base64::decoded_length(text).is_some_and(|length| length >= 16)
}

/// Takes the signature apart at once: a view never holds one whose shape is wrong. Writing it again must give
/// the same bytes, else a member was there that says nothing (`null`) or is spelled in a second way.
fn signature(scanner: &mut Scanner<'_>) -> Result<Box<Signature>, EntryError> {
    let at = scanner.at();
    let spelling = scanner.value(1)?;
    let signature: Box<Signature> =
        serde_json::from_str(spelling).map_err(|source| EntryError::Signature { at, source })?;
    if crate::json::canonical(&signature)? != spelling.as_bytes() {
        return Err(EntryError::Member {
            at,
            member: "signature",
            expected: "the one spelling of its value",
        });
    }
    Ok(signature)
}

fn object<'a>(
    scanner: &mut Scanner<'a>,
    member: &'static str,
    take: impl FnMut(&mut Scanner<'a>, Text<'a>) -> Result<(), EntryError>,
) -> Result<(), EntryError> {
    if scanner.peek() != Some(b'{') {
        return Err(EntryError::Member { at: scanner.at(), member, expected: "an object" });
    }
    scanner.object(1, take)
}

/// A string without escapes of the asked-for form.
fn member<'a>(
    scanner: &mut Scanner<'a>,
    member: &'static str,
    expected: &'static str,
    fits: impl FnOnce(&str) -> bool,
) -> Result<&'a str, EntryError> {
    let at = scanner.at();
    if scanner.peek() != Some(b'"') {
        return Err(EntryError::Member { at, member, expected });
    }
    let text = scanner.string()?.plain().filter(|text| fits(text));
    text.ok_or(EntryError::Member { at, member, expected })
}

fn array<const N: usize>(
    scanner: &mut Scanner<'_>,
    name: &'static str,
    expected: &'static str,
) -> Result<[u8; N], EntryError> {
    let at = scanner.at();
    let text = member(scanner, name, expected, |_| true)?;
    base64::decode_array(text).ok_or(EntryError::Member { at, member: name, expected })
}

#[cold]
fn unknown(scanner: &Scanner<'_>, name: Text<'_>) -> EntryError {
    EntryError::Unknown { at: scanner.at(), member: name.meant().chars().take(64).collect() }
}

/// Bytes of a time's text, without quotes.
const TIME_LENGTH: usize = 27;

const DATA_KEY: &str = "an identifier k_…";
const FORM: &str = "form and version like `fault/3`";
const KIND: &str = "words like `fault.reported`, at most 64 bytes";
const LINE: &str = "1 to 128 bytes without control characters, quotes, backslashes";
const PERSON: &str = "an identifier p_…";
const TIME: &str = "a UTC time like 2026-11-23T01:02:03.456789Z";
const UNIT: &str = "an identifier u_…";
const WORD: &str = "a word of a-z, 0-9 and -, at most 64 bytes";
