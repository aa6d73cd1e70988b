//! A bed for tables to grow in: a real ledger in memory, keys, packs, and tables on either database.

use crate::pack::{Version, pack};
use casework::{Body, Content, EntryNumber, Event, Reference, Subject};
use identity::{Roster, Subject as Whom};
use ledger::Ledger;
use ledger::disk::Disk;
use ledger::journal::FileJournal;
use ledger::objects::FolderObjects;
use ledger::vault::{KeyState, VaultError};
use model::{Actor, Clock as _, DataKeyId, Instant, Person, PersonId, RecordId, UnitId};
use proof::lifecycle::{Created, FORMAT, KeyDestroyed};
use proof::note::{KeyKind, SignerKey};
use proof::seal::DataKey;
use regulation::{FieldId, GradeId, RegisterId};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::{
    Ask, Column, Direction, Fact, Filter, Keys, Layout, NoticeRead, Packs, Page, Place, Projection,
    Published, Reader, Recorded, Said, Sources, Sql, Stored, Test,
};
use testkit::{Chance, CrashDisk, Postgres, SteppedClock, TemporaryFolder};

/// Data keys, and which of them were destroyed.
#[derive(Default)]
pub(crate) struct Keyring(Mutex<(BTreeSet<DataKeyId>, BTreeSet<DataKeyId>)>);

impl Keyring {
    fn fresh(&self, bytes: [u8; 16]) -> DataKeyId {
        let id = DataKeyId::from_bytes(bytes);
        self.0.lock().unwrap().0.insert(id);
        id
    }

    pub(crate) fn destroy(&self, id: DataKeyId) {
        let mut keys = self.0.lock().unwrap();
        keys.0.remove(&id);
        keys.1.insert(id);
    }
}

fn data_key(id: DataKeyId) -> DataKey {
    let text = id.to_string();
    DataKey::from_bytes(*proof::hash::Hash::of(&[text.as_bytes()]).as_bytes())
}

impl Keys for Keyring {
    fn key(&self, id: DataKeyId) -> Result<KeyState, VaultError> {
        let keys = self.0.lock().unwrap();
        Ok(match (keys.0.contains(&id), keys.1.contains(&id)) {
            (true, _) => KeyState::Here(data_key(id)),
            (_, true) => KeyState::Destroyed,
            _ => KeyState::Unknown,
        })
    }
}

/// Tables, and all they grow from.
pub(crate) struct Bed {
    pub(crate) place: Place,
    pub(crate) tables: Projection,
    pub(crate) keys: Arc<Keyring>,
    pub(crate) chance: Chance,
    pub(crate) clock: SteppedClock,
    ledger: Ledger,
    record_keys: BTreeMap<RecordId, DataKeyId>,
    registers: BTreeMap<RecordId, (RegisterId, u32, UnitId)>,
    waiting: Vec<(Fact, Option<DataKeyId>)>,
    on: On,
    /// Goes with the bed.
    _folder: TemporaryFolder,
}

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum On {
    Sqlite,
    Postgres,
}

impl On {
    /// A new and empty place; none where there is no such database here.
    pub(crate) fn place(self, folder: &TemporaryFolder) -> Option<Place> {
        match self {
            Self::Sqlite => Some(Place::of(folder.path(), None)),
            Self::Postgres => {
                // Nothing of ours goes by the order of words that a database has of its own.
                let words = "LOCALE_PROVIDER icu ICU_LOCALE 'zh-Hant-TW' LOCALE 'C' ENCODING 'UTF8'";
                let url = Postgres::shared()?.database_with(words).unwrap();
                Some(Place::of(folder.path(), Some(&url)))
            }
        }
    }
}

impl Bed {
    /// With the first version of the pack published.
    pub(crate) fn new(on: On, seed: u64) -> Option<Self> {
        Self::with(on, seed, Version::One)
    }

    pub(crate) fn with(on: On, seed: u64, version: Version) -> Option<Self> {
        let mut bed = Self::empty(on, seed)?;
        bed.publish(version);
        Some(bed)
    }

    pub(crate) fn empty(on: On, seed: u64) -> Option<Self> {
        let folder = TemporaryFolder::new();
        let place = on.place(&folder)?;
        Some(Self::at(place, folder, seed))
    }

    /// In a database of a cluster of one's own.
    pub(crate) fn in_cluster(url: &str, seed: u64) -> Self {
        let folder = TemporaryFolder::new();
        let place = Place::of(folder.path(), Some(url));
        let mut bed = Self::at(place, folder, seed);
        bed.publish(Version::One);
        bed
    }

    fn at(place: Place, folder: TemporaryFolder, seed: u64) -> Self {
        let on = if matches!(place, Place::Folder(_)) { On::Sqlite } else { On::Postgres };
        let clock = SteppedClock::new(Duration::from_micros(1));
        clock.set("2025-03-03T01:00:00.000000Z".parse().unwrap());
        let disk: Arc<dyn Disk> = Arc::new(CrashDisk::new());
        let signer = || SignerKey::new("bed.example/ledger", KeyKind::Ledger, &[7; 32]).unwrap();
        let created = Created {
            format: FORMAT.to_owned(),
            key: signer().verifier().to_string(),
            origin: "bed.example/ledger".to_owned(),
            stewards: Vec::new(),
            succession: None,
        };
        let storage = || {
            (
                Arc::new(FolderObjects::new(Arc::clone(&disk))),
                Arc::new(FileJournal::new(Arc::clone(&disk), 1 << 20)),
            )
        };
        let (objects, journal) = storage();
        ledger::create(objects, journal, Arc::new(clock.clone()), &signer(), &created).unwrap();
        let (objects, journal) = storage();
        let (ledger, _) = Ledger::open(objects, journal, Arc::new(clock.clone()), vec![signer()]).unwrap();
        let keys = Arc::new(Keyring::default());
        let shared: Arc<dyn Keys> = Arc::<Keyring>::clone(&keys);
        let tables = Projection::open(&place, shared).unwrap();
        let mut bed = Self {
            place,
            tables,
            keys,
            chance: Chance::new(seed),
            clock,
            ledger,
            record_keys: BTreeMap::new(),
            registers: BTreeMap::new(),
            waiting: Vec::new(),
            on,
            _folder: folder,
        };
        let missed = bed.entries(0..bed.size());
        bed.tables.apply(missed).unwrap();
        bed
    }

    /// Opens the tables again and brings them up to the ledger, as a start does.
    pub(crate) fn reopen(&mut self) {
        self.tables.reopen().unwrap();
        let published = self.tables.published().unwrap();
        self.tables.set_packs(read_packs(&published)).unwrap();
        let missed = self.entries(self.tables.position()..self.size());
        self.tables.apply(missed).unwrap();
    }

    pub(crate) fn draw(&mut self) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.chance.fill(&mut bytes);
        bytes
    }

    pub(crate) fn unit(&mut self) -> UnitId {
        UnitId::from_bytes(self.draw())
    }

    pub(crate) fn person(&mut self) -> PersonId {
        PersonId::from_bytes(self.draw())
    }

    pub(crate) fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Entries of the ledger.
    pub(crate) fn size(&self) -> u64 {
        self.ledger.head().size
    }

    /// Entries as the ledger gives them now.
    pub(crate) fn entries(&self, range: Range<u64>) -> Vec<Recorded> {
        let mut found = Vec::new();
        if !range.is_empty() {
            let visit =
                |number, bytes: &[u8]| found.push(Recorded::read(number, bytes, self.keys.as_ref()).unwrap());
            self.ledger.reader().entries(range, visit).unwrap();
        }
        found
    }

    /// Enters facts and applies what the ledger has then; gives the number of the first.
    pub(crate) fn say(&mut self, facts: Vec<(Fact, Option<DataKeyId>)>) -> u64 {
        let first = self.enter(facts);
        let entries = self.entries(self.tables.position()..self.size());
        self.tables.apply(entries).unwrap();
        self.tables.refresh_turns(self.clock.now()).unwrap();
        first
    }

    /// Enters facts; the tables have not seen them.
    pub(crate) fn enter(&mut self, facts: Vec<(Fact, Option<DataKeyId>)>) -> u64 {
        let seal = |chance: &mut Chance, (fact, key): (Fact, Option<DataKeyId>)| {
            let mut draft = fact.draft().unwrap();
            if let Some(id) = key {
                let (mut salt, mut nonce) = ([0; 16], [0; 24]);
                chance.fill(&mut salt);
                chance.fill(&mut nonce);
                if let proof::entry::Body::Clear { salt: place, .. } = &mut draft.body {
                    *place = Some(salt);
                }
                draft = proof::seal::seal(draft, &data_key(id), id, nonce).unwrap();
            }
            draft.encode().unwrap()
        };
        let batch = facts.into_iter().map(|one| seal(&mut self.chance, one)).collect();
        self.ledger.append(batch).unwrap().start
    }

    /// What waits is entered and applied in one go; gives the number of the first.
    pub(crate) fn settle(&mut self) -> u64 {
        let waiting = std::mem::take(&mut self.waiting);
        if waiting.is_empty() { self.size() } else { self.say(waiting) }
    }

    /// What waits is entered; the tables have not seen it.
    pub(crate) fn settle_unseen(&mut self) -> u64 {
        let waiting = std::mem::take(&mut self.waiting);
        self.enter(waiting)
    }

    pub(crate) fn publish(&mut self, version: Version) {
        self.settle();
        let pack = pack(version);
        let fact = Fact::Published(Published {
            archive: format!("sha256:{:064}", pack.version),
            digest: data_encoding::HEXLOWER.encode(&pack.digest),
            pack: pack.id.to_string(),
            version: pack.version,
        });
        self.say(vec![(fact, None)]);
        self.tables.set_packs(read_packs(&self.tables.published().unwrap())).unwrap();
    }

    /// Opens a record of the item register, filled in like this.
    pub(crate) fn item(&mut self, unit: UnitId, fill: Json) -> RecordId {
        let register = "item".parse().unwrap();
        self.open(&register, unit, None, fill)
    }

    /// Opens a record; it waits to be settled.
    pub(crate) fn open(
        &mut self,
        register: &RegisterId,
        unit: UnitId,
        by: Option<PersonId>,
        fill: Json,
    ) -> RecordId {
        let record = RecordId::from_bytes(self.draw());
        let pack = self.tables.packs().current().unwrap();
        let version = pack.version;
        let kept = pack.registers[register].retention.keep.is_some();
        if kept {
            let bytes = self.draw();
            let key = self.keys.fresh(bytes);
            self.record_keys.insert(record, key);
        }
        self.registers.insert(record, (register.clone(), version, unit));
        let content = content(fill);
        let grade =
            content.0.iter().find(|(field, _)| field.as_str() == "level").map(|(_, grade)| grade.clone());
        let grade: GradeId = grade.as_ref().and_then(Json::as_str).unwrap_or("open").parse().unwrap();
        let body = Body::Opened {
            register: register.clone(),
            version,
            step: "file".parse().unwrap(),
            unit,
            state: "filed".parse().unwrap(),
            ending: None,
            content,
            asked: BTreeSet::new(),
            grade,
            paper: false,
            occurred_at: None,
            late_reason: None,
            rooted: casework::Rooted::default(),
        };
        self.event_by(record, by, body);
        record
    }

    /// Something happens to a record; it waits to be settled.
    pub(crate) fn event(&mut self, record: RecordId, body: Body) {
        self.event_by(record, None, body);
    }

    pub(crate) fn event_by(&mut self, record: RecordId, by: Option<PersonId>, body: Body) {
        let (register, version, unit) = self.registers[&record].clone();
        let key = self.record_keys.get(&record).copied().filter(|_| body.tells());
        let event = Event {
            subject: Subject::Record(record),
            form: Some(casework::form_of(&register, version)),
            unit: Some(unit),
            actor: by.map_or_else(|| Actor::machine("casework"), |person| actor(person, unit)),
            at: self.now(),
            body,
            signed: None,
            private: key.is_some(),
        };
        self.waiting.push((Fact::Case(event), key));
    }

    /// Something about an alarm; it waits to be settled.
    pub(crate) fn alarm(&mut self, alarm: store::AlarmFact) {
        self.waiting.push((Fact::Alarm(alarm), None));
    }

    /// Something happens to a duty; it waits to be settled.
    pub(crate) fn duty(&mut self, duty: &str, body: Body) {
        let event = Event {
            subject: Subject::Duty(duty.parse().unwrap()),
            form: None,
            unit: None,
            actor: Actor::machine("casework"),
            at: self.now(),
            body,
            signed: None,
            private: false,
        };
        self.waiting.push((Fact::Case(event), None));
    }

    /// The record's content is another one now.
    pub(crate) fn change(&mut self, record: RecordId, fill: Json) {
        let content = content(fill);
        let fields = content.0.keys().cloned().collect();
        self.event(record, Body::Changed { content, fields, by: None });
    }

    /// The record comes to its end.
    pub(crate) fn close(&mut self, record: RecordId, by: Option<PersonId>) {
        let body = Body::Taken {
            step: "close".parse().unwrap(),
            outcome: regulation::Outcome::Done,
            by: by.into_iter().collect(),
            from: "filed".parse().unwrap(),
            to: "closed".parse().unwrap(),
            ending: Some(casework::Ending::Done),
            binds: None,
            asked: BTreeSet::new(),
            about: None,
            supersedes: None,
        };
        self.event_by(record, by, body);
    }

    pub(crate) fn number(&mut self, record: RecordId, place: u32) {
        let number = format!("114借字第{place:03}號");
        self.event(record, Body::Numbered { number, sequence: "item/2025".to_owned(), place });
    }

    /// Somebody reads a notice; it waits to be settled.
    pub(crate) fn notice_read(&mut self, person: PersonId, record: RecordId, notice: u64) {
        let unit = self.registers[&record].2;
        let (actor, notice, at) = (actor(person, unit), EntryNumber(notice), self.now());
        let read = NoticeRead { actor, record, unit: Some(unit), notice, at };
        self.waiting.push((Fact::NoticeRead(read), None));
    }

    pub(crate) fn key(&self, record: RecordId) -> DataKeyId {
        self.record_keys[&record]
    }

    pub(crate) fn reference(&self, record: RecordId) -> Reference {
        Reference { register: self.registers[&record].0.clone(), record }
    }

    /// The entry that says that a key is destroyed; it waits to be settled.
    pub(crate) fn key_destroyed(&mut self, key: DataKeyId) {
        let body = KeyDestroyed {
            backups_expire: "none".to_owned(),
            case: "1".to_owned(),
            key,
            reason: "核准銷毀".to_owned(),
        };
        self.waiting.push((Fact::KeyDestroyed(body), None));
    }

    /// Destroys a record as the desk does: the entry, the tables, then the key.
    pub(crate) fn destroy(&mut self, record: RecordId) {
        let key = self.key(record);
        self.key_destroyed(key);
        self.settle();
        self.keys.destroy(key);
    }

    /// Does something about people at the console; it is settled.
    pub(crate) fn identity(&mut self, command: &identity::Command) {
        let pack = self.tables.packs().current().unwrap().clone();
        let roster = Roster::new(self.tables.roster(), &pack, self.clock.now());
        let events = identity::decide(roster, &identity::By::Console, command).unwrap();
        let keyed = events.into_iter().map(|event| {
            let key = match event.subject {
                Whom::Person(person) if event.private => {
                    Some(self.tables.person_key(person).unwrap_or_else(|| {
                        let mut bytes = [0; 16];
                        self.chance.fill(&mut bytes);
                        self.keys.fresh(bytes)
                    }))
                }
                _ => None,
            };
            (Fact::Identity(event), key)
        });
        let facts = keyed.collect();
        self.say(facts);
    }

    /// Notes a stored file with text; gives its value in a field.
    pub(crate) fn file(&mut self, name: &str, text: Option<&str>, key: Option<DataKeyId>) -> Json {
        let digest = format!("sha256:{}{}", data_encoding::HEXLOWER.encode(&self.draw()), "0".repeat(32));
        let stored = Stored {
            digest: digest.clone(),
            size: 3,
            kind: "txt".to_owned(),
            key,
            at: self.now(),
            text: text.map(ToOwned::to_owned),
            unread: None,
        };
        self.tables.ask(|sql| sql.file_stored(&stored)).unwrap();
        json!({"size": "3", "name": name, "digest": digest, "kind": "txt"})
    }

    /// A connection as readers have it.
    pub(crate) fn sql(&self) -> Sql {
        self.place.open_to_read().unwrap()
    }

    pub(crate) fn page(&self, reader: &Reader, ask: &Ask) -> Page {
        let (packs, layout) = (self.tables.packs(), self.tables.layout());
        store::list(&mut self.sql(), packs, layout, reader, ask).unwrap()
    }

    pub(crate) fn listed(&self, ask: &Ask) -> Vec<RecordId> {
        let page = self.page(&everyone(), ask);
        assert_eq!(page.total, page.rows.len() as u64, "counted and listed");
        page.rows.iter().map(|row| row.record).collect()
    }

    /// Records of items that a question finds.
    pub(crate) fn found(&self, text: &str) -> BTreeSet<RecordId> {
        let ask = Ask { text: Some(text.to_owned()), ..items() };
        let listed: BTreeSet<RecordId> = self.listed(&ask).into_iter().collect();
        let (packs, layout) = (self.tables.packs(), self.tables.layout());
        let everywhere =
            store::search_everywhere(&mut self.sql(), packs, layout, &everyone(), text, 1_000).unwrap();
        assert_eq!(listed, everywhere.iter().map(|one| one.row.record).collect(), "{text}");
        listed
    }

    /// All tables.
    pub(crate) fn dump(&self) -> String {
        dump(&mut self.sql(), self.tables.layout())
    }

    /// All tables, when the ledger is replayed into new ones, so many entries at a time; reopened after each where asked.
    pub(crate) fn replayed(&self, on: On, stride: u64, reopened: bool) -> String {
        let folder = TemporaryFolder::new();
        let place = on.place(&folder).unwrap();
        let open = || {
            let shared: Arc<dyn Keys> = Arc::<Keyring>::clone(&self.keys);
            let mut tables = Projection::open(&place, shared).unwrap();
            let published = tables.published().unwrap();
            tables.set_packs(read_packs(&published)).unwrap();
            tables
        };
        let mut tables = Some(open());
        while let Some(position) = tables.as_ref().map(Projection::position).filter(|at| *at < self.size()) {
            let mut entries = self.entries(position..(position + stride).min(self.size()));
            let publishes = |one: &Recorded| matches!(&one.said, Said::Fact(fact) if matches!(**fact, Fact::Published(_)));
            let published = entries.iter().position(publishes);
            entries.truncate(published.map_or(entries.len(), |at| at + 1));
            let writer = tables.as_mut().unwrap();
            writer.apply(entries).unwrap();
            if published.is_some() {
                let versions = writer.published().unwrap();
                writer.set_packs(read_packs(&versions)).unwrap();
            }
            if reopened {
                drop(tables.take());
                tables = Some(open());
            }
        }
        let layout = tables.as_ref().unwrap().layout().clone();
        dump(&mut place.open_to_read().unwrap(), &layout)
    }

    /// All tables, rebuilt in place of those that are there, which are the same.
    pub(crate) fn rebuilt(&mut self) -> String {
        let rebuilt = self.rebuild();
        assert_eq!(rebuilt.before.as_ref(), Some(&rebuilt.digest));
        self.dump()
    }

    /// All tables, rebuilt in place of those that are there, whatever they are.
    pub(crate) fn remade(&mut self) -> String {
        self.rebuild();
        self.dump()
    }

    /// Tables elsewhere, rebuilt from this ledger.
    pub(crate) fn rebuild_at(&self, place: &Place) -> Result<store::Rebuilt, store::StoreError> {
        let shared: Arc<dyn Keys> = Arc::<Keyring>::clone(&self.keys);
        let packs = |published: &[(u32, String)]| Ok(read_packs(published));
        let sources = Sources { keys: shared, packs: &packs, progress: &|_| (), index: true };
        store::rebuild(place, &self.ledger.reader(), self.size(), &sources)
    }

    /// Tries to rebuild the tables without the packs they need; opens them as they are then.
    pub(crate) fn rebuild_failing(&mut self) -> store::StoreError {
        let packs =
            |_: &[(u32, String)]| Err(store::StoreError::Pack { version: 1, what: "gone".to_owned() });
        self.between(|bed| {
            let shared: Arc<dyn Keys> = Arc::<Keyring>::clone(&bed.keys);
            let sources = Sources { keys: shared, packs: &packs, progress: &|_| (), index: true };
            store::rebuild(&bed.place, &bed.ledger.reader(), bed.size(), &sources).unwrap_err()
        })
    }

    /// Does something while nobody writes the tables.
    fn between<T>(&mut self, work: impl FnOnce(&Self) -> T) -> T {
        let shared: Arc<dyn Keys> = Arc::<Keyring>::clone(&self.keys);
        let scratch = TemporaryFolder::new();
        self.tables = Projection::open(&Place::of(scratch.path(), None), Arc::clone(&shared)).unwrap();
        let done = work(self);
        self.tables = Projection::open(&self.place, shared).unwrap();
        let published = self.tables.published().unwrap();
        self.tables.set_packs(read_packs(&published)).unwrap();
        assert_eq!(self.tables.position(), self.size());
        done
    }

    fn rebuild(&mut self) -> store::Rebuilt {
        self.between(|bed| bed.rebuild_at(&bed.place).unwrap())
    }

    /// The tables are what the ledger gives, however it is read, on both databases.
    pub(crate) fn holds(&mut self) {
        self.settle();
        let dump = self.dump();
        let replays: &[(On, u64)] = match self.on {
            On::Sqlite => &[(On::Sqlite, 1), (On::Sqlite, 7), (On::Sqlite, 4_096), (On::Postgres, 4_096)],
            On::Postgres => &[(On::Postgres, 1), (On::Postgres, 7)],
        };
        for (on, stride) in replays {
            if *on == On::Sqlite || Postgres::shared().is_some() {
                same(&dump, &self.replayed(*on, *stride, false), &format!("{on:?} by {stride}"));
            }
        }
        same(&dump, &self.rebuilt(), "rebuilt");
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        // A test that fails has said why.
        let _ = self.ledger.clone().close();
    }
}

/// Compares dumps by lines, so that a failure can be read.
fn same(one: &str, other: &str, what: &str) {
    for (nth, (one, other)) in one.lines().zip(other.lines()).enumerate() {
        assert_eq!(one, other, "{what}, line {nth}");
    }
    assert_eq!(one.len(), other.len(), "{what}");
}

pub(crate) fn dump(sql: &mut Sql, layout: &Layout) -> String {
    let mut out = Vec::new();
    store::dump(sql, layout, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

pub(crate) fn read_packs(published: &[(u32, String)]) -> Packs {
    let version = |number: u32| pack([Version::One, Version::Two, Version::Reading][number as usize - 1]);
    Packs(Arc::new(published.iter().map(|(number, _)| version(*number)).collect()))
}

pub(crate) fn content(fill: Json) -> Content {
    let Json::Object(fill) = fill else { panic!("not filled in: {fill}") };
    Content(fill.into_iter().map(|(field, json)| (field.parse::<FieldId>().unwrap(), json)).collect())
}

pub(crate) fn actor(person: PersonId, unit: UnitId) -> Actor {
    let role = "clerk".to_owned();
    Actor::Person(Person { acting_for: None, person, role, session: None, terminal: None, unit })
}

/// Somebody who reads everything.
pub(crate) fn everyone() -> Reader {
    Reader {
        person: PersonId::from_bytes([9; 16]),
        roles: ["auditor".parse().unwrap()].into(),
        own: BTreeSet::new(),
        subtree: BTreeSet::new(),
        seats: BTreeSet::new(),
        principals: BTreeSet::new(),
        ceiling: Some(i64::MAX),
        focus: None,
    }
}

/// All items.
pub(crate) fn items() -> Ask {
    Ask {
        register: "item".parse().unwrap(),
        text: None,
        filters: Vec::new(),
        sort: None,
        skip: 0,
        most: 1_000,
    }
}

pub(crate) fn filtered(column: Column, test: Test) -> Ask {
    Ask { filters: vec![Filter { column, test }], ..items() }
}

pub(crate) fn sorted(column: Column, direction: Direction) -> Ask {
    Ask { sort: Some((column, direction)), ..items() }
}

pub(crate) fn field(id: &str) -> Column {
    Column::Field(id.parse().unwrap())
}

/// Runs tests of a module on both databases.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test] fn $name() { super::$name($crate::bed::On::Sqlite); })+
        }
        mod postgres {
            $(#[test] fn $name() {
                if testkit::Postgres::shared().is_some() {
                    super::$name($crate::bed::On::Postgres);
                }
            })+
        }
    };
}
pub(crate) use on_both;
