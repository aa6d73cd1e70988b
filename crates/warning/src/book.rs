//! What was heard: which alerts, what came of each at each room, and what holds there.
//!
//! A book is made of entries in their order ([`Book::apply`]); what it gives for an alert or for a moment are entries again,
//! which are kept first and applied then. An alert is weighed for each room by itself: it may be acted on at one and be of
//! no concern at another.
//! Invariants: an alert that was weighed is not acted on again, nor one that its sender has taken back before it came; what
//! is not from a believed sender takes nobody's place in mind. What counts later is weighed again when it does. Bounded: of
//! what is forgotten the time is remembered, and what was sent before it is not acted on any more.

use crate::alert::{Alert, Info, MessageType, Reference, Status};
use crate::entry::{About, Entry, Expected, Heard as HeardEntry, Named, Place, Why as Ended};
use crate::judge::{AHEAD, Heard, UNSAID, Verdict, Why, judge};
use crate::read::Unread;
use crate::settings::{Room, Settings};
use model::Instant;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Alerts of believed senders that are remembered.
const MOST_HEARD: usize = 20_000;
/// Others that are remembered, and what could not be read.
const MOST_APART: usize = 200;
/// What came to hold at rooms and is over.
const MOST_CONCERNS: usize = 10_000;
/// Alerts that count later.
const MOST_PENDING: usize = 200;
/// The characters of a text of an alert that stand in an entry.
const LONGEST_TEXT: usize = 300;
/// Bytes of an alert that stand in one entry.
const PART: usize = 8_192;
/// What came of an alert that counts later.
const NOT_YET: &str = Why::NotYet.word();
/// What came of one that counts later and was taken back before.
const NOTHING_TO_END: &str = Why::NothingToEnd.word();

/// What was heard. Clones are apart.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Book {
    heard: BTreeMap<Reference, HeardAlert>,
    apart: VecDeque<HeardAlert>,
    unread: VecDeque<Unheard>,
    concerns: VecDeque<Concern>,
    /// Alerts that count later, and when they are weighed again.
    pending: BTreeMap<Reference, (Instant, Alert)>,
    /// What believed senders have taken back or put another in the place of.
    gone: BTreeSet<Reference>,
    /// What was sent no later than this may be forgotten.
    forgotten: Option<Instant>,
    /// Parts of the alert that is being told.
    parts: (String, String, String),
    expected: Option<Expected>,
}

/// An alert that was heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeardAlert {
    /// When it came first.
    pub first: Instant,
    /// As it was weighed last.
    pub last: HeardEntry,
}

/// Something that came and is no alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unheard {
    /// When.
    pub time: Instant,
    /// SHA-256 of its bytes, in hexadecimal digits.
    pub digest: String,
    /// How many bytes.
    pub bytes: u64,
    /// Why.
    pub why: model::Told,
}

/// What came to hold at a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concern {
    /// As it was said first.
    pub begun: About,
    /// Is it an exercise?
    pub drill: bool,
    /// Until when it counts, as was said last.
    pub expires: Instant,
    /// The alerts that say so, the first one first.
    pub alerts: Vec<Reference>,
    /// When it was over and why; none while it holds.
    pub ended: Option<(Instant, Option<Ended>)>,
}

/// An alert that was weighed.
#[derive(Debug, Clone, PartialEq)]
pub struct Weighed {
    /// What is to be kept and applied: first the parts of the alert, then what came of it. Empty where nothing new did.
    pub parts: Vec<Entry>,
    /// What came of it.
    pub entries: Vec<Entry>,
    /// How it stands: what came of it at each room.
    pub stands: HeardEntry,
}

impl Book {
    /// What came of each alert of a believed sender, in no order.
    pub fn heard(&self) -> impl Iterator<Item = &HeardAlert> {
        self.heard.values()
    }

    /// Alerts of others, the newest first.
    pub fn apart(&self) -> impl Iterator<Item = &HeardAlert> {
        self.apart.iter().rev()
    }

    /// What could not be read, the newest first.
    pub fn unread(&self) -> impl Iterator<Item = &Unheard> {
        self.unread.iter().rev()
    }

    /// What came to hold at rooms, the newest first.
    pub fn concerns(&self) -> impl Iterator<Item = &Concern> {
        self.concerns.iter().rev()
    }

    /// What is known of an alert at a room.
    fn known(&self, reference: &Reference, room: &str) -> Heard {
        let concern =
            self.concerns.iter().rev().find(|one| one.begun.room == room && one.alerts.contains(reference));
        if let Some(concern) = concern {
            return match (concern.drill, &concern.ended) {
                (true, _) => Heard::NotActedOn,
                (false, None) => Heard::ActedOn,
                (false, Some(_)) => Heard::TakenBack,
            };
        }
        let came = self.heard.get(reference).and_then(|heard| came(&heard.last, room));
        match came {
            Some(NOT_YET) if !self.gone.contains(reference) => Heard::Never,
            Some(_) => Heard::NotActedOn,
            None if self.gone.contains(reference) => Heard::TakenBack,
            None if self.forgotten.is_some_and(|forgotten| reference.sent <= forgotten) => Heard::NotActedOn,
            None => Heard::Never,
        }
    }

    /// Weighs an alert at a moment. `bytes` are the alert's own, `digest` their SHA-256 in hexadecimal digits.
    #[must_use]
    pub fn weigh(
        &self,
        alert: &Alert,
        (bytes, digest): (&[u8], &str),
        settings: &Settings,
        now: Instant,
    ) -> Weighed {
        let (entries, stands) = self.weighed(alert, digest, settings, now);
        let parts = if entries.is_empty() { Vec::new() } else { parts(alert, bytes) };
        Weighed { parts, entries, stands }
    }

    fn weighed(
        &self,
        alert: &Alert,
        digest: &str,
        settings: &Settings,
        now: Instant,
    ) -> (Vec<Entry>, HeardEntry) {
        let reference = alert.reference();
        let believed = settings.believes(&alert.sender) && alert.sent <= now.plus(AHEAD);
        let before = match believed {
            true => self.heard.get(&reference).map(|heard| &heard.last),
            false => self.apart.iter().map(|heard| &heard.last).find(|one| is_of(one, &reference)),
        };
        let (mut entries, mut places) = (Vec::new(), Vec::new());
        let rooms = settings.rooms.iter().map(Some).chain(settings.rooms.is_empty().then_some(None));
        for room in rooms {
            let code = room.map_or("", |room| room.code.as_str());
            let verdict = judge(alert, &settings.ours(room), now, |one| self.known(one, code));
            let known = before.and_then(|before| came(before, code));
            let word = match (&verdict, known) {
                (Verdict::Nothing(Why::Known), Some(known)) => known,
                (verdict, _) => word(verdict),
            };
            places.push(Place { room: code.to_owned(), came: word.to_owned() });
            entries.extend(
                room.into_iter().flat_map(|room| self.effects(alert, verdict.clone(), (room, settings), now)),
            );
        }
        // What names itself takes nothing back.
        let own = |one: &&Reference| one.sender == alert.sender && **one != reference;
        let about = alert.references.iter().filter(|one| believed && own(one));
        let info = alert.infos.first();
        let stands = HeardEntry {
            time: now,
            sender: alert.sender.clone(),
            alert: alert.identifier.clone(),
            sent: alert.sent,
            status: alert.status.word().to_owned(),
            message_type: alert.message_type.word().to_owned(),
            scope: alert.scope.word().to_owned(),
            event: cut(info.map_or("", |info| &info.event)),
            headline: cut(info.map_or("", |info| &info.headline)),
            digest: digest.to_owned(),
            believed,
            about: about.map(|one| Named { alert: one.identifier.clone(), sent: one.sent }).collect(),
            rooms: places,
        };
        if before.is_some_and(|before| before.rooms == stands.rooms) {
            return (Vec::new(), stands);
        }
        entries.insert(0, Entry::Heard(Box::new(stands.clone())));
        (entries, stands)
    }

    /// What a verdict amounts to at a room.
    fn effects(
        &self,
        alert: &Alert,
        verdict: Verdict,
        (room, settings): (&Room, &Settings),
        now: Instant,
    ) -> Vec<Entry> {
        let begun = |info: &Info| About {
            time: now,
            room: room.code.clone(),
            kind: settings.kind_of(info).unwrap_or_default().to_owned(),
            event: cut(&info.event),
            sender: alert.sender.clone(),
            alert: alert.identifier.clone(),
            sent: alert.sent,
            headline: cut(&info.headline),
            by: None,
            expires: until(alert, info),
            why: None,
        };
        let by = || Some(Named { alert: alert.identifier.clone(), sent: alert.sent });
        // Of several that an alert is about the first is gone on with; the others are over.
        let running = self.concerns.iter().filter(|one| {
            let mut own = alert.references.iter().filter(|reference| reference.sender == alert.sender);
            let holds = one.ended.is_none() && !one.drill && one.begun.room == room.code;
            holds && own.any(|reference| one.alerts.contains(reference))
        });
        let over = |one: &Concern, why| {
            let headline = cut(alert.infos.first().map_or("", |info| &info.headline));
            Entry::Over(About { time: now, by: by(), headline, why: Some(why), ..one.begun.clone() })
        };
        match verdict {
            Verdict::Nothing(_) => Vec::new(),
            Verdict::Act(info) => vec![Entry::Act(begun(&info))],
            Verdict::Drill(info) => vec![Entry::Drill(begun(&info))],
            Verdict::GoesOn(which, info) => {
                let (same, others): (Vec<&Concern>, Vec<&Concern>) =
                    running.partition(|one| one.alerts.contains(&which));
                let goes_on = same.into_iter().map(|one| {
                    let expires = until(alert, &info);
                    Entry::GoesOn(About {
                        time: now,
                        by: by(),
                        headline: cut(&info.headline),
                        expires,
                        ..one.begun.clone()
                    })
                });
                goes_on.chain(others.into_iter().map(|one| over(one, Ended::Replaced))).collect()
            }
            Verdict::Over(_) => {
                let cancelled = alert.message_type == MessageType::Cancel;
                let why = if cancelled { Ended::Cancelled } else { Ended::Replaced };
                running.map(|one| over(one, why)).collect()
            }
        }
    }

    /// Something came that is no alert; none where the same bytes came lately.
    #[must_use]
    pub fn unreadable(&self, why: &Unread, (bytes, digest): (&[u8], &str), now: Instant) -> Option<Entry> {
        let known = self.unread.iter().any(|one| one.digest == digest);
        let told = why.told();
        (!known).then(|| Entry::Unread {
            time: now,
            digest: digest.to_owned(),
            bytes: bytes.len() as u64,
            zh: cut(&told.zh),
            en: cut(&told.en),
        })
    }

    /// What is so at a moment by itself: what has expired, and what counts from now on.
    #[must_use]
    pub fn due(&self, settings: &Settings, now: Instant) -> Vec<Entry> {
        let expired = self.concerns.iter().filter(|one| one.ended.is_none() && one.expires <= now);
        let over = expired.map(|one| {
            let about =
                About { time: now, why: Some(Ended::Expired), expires: one.expires, ..one.begun.clone() };
            Entry::Over(about)
        });
        let mut entries: Vec<Entry> = over.collect();
        for (reference, (at, alert)) in &self.pending {
            if *at <= now {
                let digest = self.heard.get(reference).map_or("", |heard| heard.last.digest.as_str());
                entries.extend(self.weighed(alert, digest, settings, now).0);
            }
        }
        entries
    }

    /// The settings, where they are others than were kept last.
    #[must_use]
    pub fn settings(&self, settings: &Settings) -> Option<Entry> {
        let place = |room: &Room| {
            let point = room.place.point.map(|point| format!("{},{}", point.latitude, point.longitude));
            let codes = room.place.geocodes.iter().map(|(list, code)| format!("{list}:{code}"));
            let told: Vec<String> = point.into_iter().chain(codes).collect();
            (room.code.clone(), told.join(" ").chars().take(200).collect())
        };
        let names = |event: &crate::settings::Event| {
            let kind = event.kind.clone();
            event.names.iter().map(move |name| (name.clone(), kind.clone())).collect::<Vec<_>>()
        };
        let expected = Expected {
            senders: settings.senders.clone(),
            events: settings.events.iter().flat_map(names).collect(),
            rooms: settings.rooms.iter().map(place).collect(),
        };
        let same = self.expected.as_ref().map_or(expected == Expected::default(), |known| *known == expected);
        (!same).then_some(Entry::Settings(expected))
    }

    /// Takes an entry up. Each was made by this book, or by one that had applied the same before.
    pub fn apply(&mut self, entry: Entry) {
        match entry {
            Entry::Cap { sender, alert, part, cap, .. } => {
                if part == 1 || self.parts.0 != sender || self.parts.1 != alert {
                    self.parts = (sender, alert, String::new());
                }
                self.parts.2.push_str(&cap);
            }
            Entry::Heard(heard) => self.hear(*heard),
            Entry::Act(about) => self.begin(about, false),
            Entry::Drill(about) => self.begin(about, true),
            Entry::GoesOn(about) => {
                if let Some(one) = self.running(&about) {
                    one.expires = about.expires;
                    let sender = about.sender;
                    one.alerts.extend(about.by.map(|by| Reference {
                        sender,
                        identifier: by.alert,
                        sent: by.sent,
                    }));
                }
            }
            Entry::Over(about) => {
                if let Some(one) = self.running(&about) {
                    one.ended = Some((about.time, about.why));
                }
            }
            Entry::Settings(expected) => self.expected = Some(expected),
            Entry::Unread { time, digest, bytes, zh, en } => {
                let why = model::Told::new(zh, en);
                push(&mut self.unread, Unheard { time, digest, bytes, why });
            }
        }
    }

    fn running(&mut self, about: &About) -> Option<&mut Concern> {
        let is = |one: &&mut Concern| {
            let begun = &one.begun;
            one.ended.is_none()
                && (&begun.room, &begun.sender, &begun.alert, begun.sent)
                    == (&about.room, &about.sender, &about.alert, about.sent)
        };
        self.concerns.iter_mut().rev().find(is)
    }

    fn begin(&mut self, about: About, drill: bool) {
        let (sender, identifier, sent) = (about.sender.clone(), about.alert.clone(), about.sent);
        if self.concerns.len() >= MOST_CONCERNS
            && let Some(at) = self.concerns.iter().position(|one| one.ended.is_some())
        {
            self.concerns.remove(at);
        }
        let alerts = vec![Reference { sender, identifier, sent }];
        self.concerns.push_back(Concern { expires: about.expires, begun: about, drill, alerts, ended: None });
    }

    fn hear(&mut self, heard: HeardEntry) {
        let reference =
            Reference { sender: heard.sender.clone(), identifier: heard.alert.clone(), sent: heard.sent };
        let told = std::mem::take(&mut self.parts);
        if !heard.believed {
            let first = self.apart.iter().position(|one| is_of(&one.last, &reference));
            let first = first.and_then(|at| self.apart.remove(at)).map_or(heard.time, |one| one.first);
            push(&mut self.apart, HeardAlert { first, last: heard });
            return;
        }
        self.pend(&reference, &heard, (told.0.as_str(), told.1.as_str()), &told.2);
        let takes_back = matches!(heard.message_type(), Some(MessageType::Cancel | MessageType::Update));
        if takes_back && heard.status() == Some(Status::Actual) {
            for one in &heard.about {
                let sender = heard.sender.clone();
                self.gone(Reference { sender, identifier: one.alert.clone(), sent: one.sent });
            }
        }
        let first = self.heard.get(&reference).map_or(heard.time, |known| known.first);
        self.heard.insert(reference, HeardAlert { first, last: heard });
        while self.heard.len() > MOST_HEARD {
            self.forget();
        }
    }

    /// An alert of the same sender is taken back, or another takes its place.
    fn gone(&mut self, reference: Reference) {
        self.pending.remove(&reference);
        let known = self.heard.get_mut(&reference).into_iter().flat_map(|heard| &mut heard.last.rooms);
        for place in known.filter(|place| place.came == NOT_YET) {
            NOTHING_TO_END.clone_into(&mut place.came);
        }
        self.gone.insert(reference);
    }

    /// Remembers an alert that counts later, as far as it is known to the byte.
    fn pend(&mut self, reference: &Reference, heard: &HeardEntry, of: (&str, &str), cap: &str) {
        let former = self.pending.remove(reference).map(|(_, alert)| alert);
        let waits = heard.rooms.iter().any(|place| place.came == NOT_YET);
        if !waits || self.pending.len() >= MOST_PENDING {
            return;
        }
        let told = (of == (heard.sender.as_str(), heard.alert.as_str())).then(|| crate::read(cap.as_bytes()));
        let Some(alert) = told.and_then(Result::ok).or(former) else { return };
        let later = alert.infos.iter().filter_map(|info| info.effective).filter(|at| *at > heard.time).min();
        if let Some(at) = later {
            self.pending.insert(reference.clone(), (at, alert));
        }
    }

    /// Forgets the alert that was sent longest ago, and everything about what was sent no later.
    fn forget(&mut self) {
        let oldest = self.heard.keys().min_by_key(|reference| reference.sent).cloned();
        let Some(oldest) = oldest else { return };
        self.heard.remove(&oldest);
        self.pending.remove(&oldest);
        self.gone.retain(|one| one.sent > oldest.sent);
        self.forgotten = self.forgotten.max(Some(oldest.sent));
    }
}

fn push<T>(list: &mut VecDeque<T>, one: T) {
    if list.len() >= MOST_APART {
        list.pop_front();
    }
    list.push_back(one);
}

fn is_of(heard: &HeardEntry, reference: &Reference) -> bool {
    (&heard.sender, &heard.alert, heard.sent) == (&reference.sender, &reference.identifier, reference.sent)
}

fn came<'h>(heard: &'h HeardEntry, room: &str) -> Option<&'h str> {
    heard.rooms.iter().find(|place| place.room == room).map(|place| place.came.as_str())
}

const fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Act(_) => "act",
        Verdict::GoesOn(..) => "goes-on",
        Verdict::Over(_) => "over",
        Verdict::Drill(_) => "drill",
        Verdict::Nothing(why) => why.word(),
    }
}

/// Until when what is said counts.
fn until(alert: &Alert, info: &Info) -> Instant {
    info.expires.unwrap_or_else(|| alert.sent.plus(UNSAID))
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST_TEXT).collect()
}

/// The alert itself, in parts that are lines. One that was read is UTF-8.
fn parts(alert: &Alert, bytes: &[u8]) -> Vec<Entry> {
    let mut rest = std::str::from_utf8(bytes).unwrap_or_default();
    let mut texts = Vec::new();
    while !rest.is_empty() {
        let (part, behind) = rest.split_at(rest.floor_char_boundary(PART));
        texts.push(part.to_owned());
        rest = behind;
    }
    let of = texts.len();
    let entry = |(at, cap): (usize, String)| Entry::Cap {
        sender: alert.sender.clone(),
        alert: alert.identifier.clone(),
        part: at + 1,
        of,
        cap,
    };
    texts.into_iter().enumerate().map(entry).collect()
}
