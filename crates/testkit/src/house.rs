//! A house: a whole installation in a folder of its own, with a clock that obeys, people, and authenticators in software.
//!
//! What a test does, it does through the desk, as the pages and tools do. Closed and opened again it is the same house.
//! Ledger, vault, keys and files may lie on any disk, one that fails or forgets for example; the tables lie in the folder.

mod gate;
mod remains;
mod verify;
mod wires;

pub use verify::verify;

pub use remains::Remains;
pub use wires::{Wirers, Wires};

use crate::{Chance, SeededEntropy, SoftAuthenticator, SteppedClock, TemporaryFolder};
use anyhow::{Context as _, Result, anyhow};
use attachment::Shelf;
use casework::{Command, Fill};
use desk::{Asker, Desk, Done, MakeSections, Opened, Order, PackFiles, Parts, Refused};
use gate::Gate;
use identity::{Code, Details, Line, Login, Mail, Names, PolicySection};
use ledger::Ledger;
use ledger::disk::{Disk, Folder};
use ledger::entropy::Entropy;
use ledger::journal::FileJournal;
use ledger::keyfile::KeyFile;
use ledger::master::{Argon2Cost, MasterSecret};
use ledger::objects::FolderObjects;
use ledger::vault::Vault;
use model::{Clock, Evidence, Instant, Person, PersonId, RecordId, UnitId};
use proof::lifecycle::{Created, FORMAT};
use proof::note::{KeyKind, SignerKey};
use proof::signature::{Evidence as Carried, Factor, Otp, Statement};
use regulation::{Outcome, Sections, Source};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use store::{Comparison, Likeness, Place};
use watch::RuleSection;

/// Name of every house's ledger.
pub const ORIGIN: &str = "house.example/ledger";
/// The host its passkeys belong to.
pub const HOST: &str = "house.example";
/// When every house is founded: a Thursday.
const START: &str = "2025-01-02T01:00:00.000000Z";
/// Bytes of a journal file.
const SEGMENT_BYTES: usize = 256 << 10;

/// A whole installation.
pub struct House {
    /// Where it lies.
    pub data: PathBuf,
    /// Its time.
    pub clock: SteppedClock,
    /// Its desk.
    pub desk: Desk,
    /// What opening found the last time.
    pub opened: Opened,
    /// Where its tables are.
    pub place: Place,
    /// Where all else is.
    disk: Arc<dyn Disk>,
    master: PathBuf,
    seed: u64,
    openings: u64,
    chance: Chance,
    signers: BTreeMap<PersonId, SoftAuthenticator>,
    gate: Gate,
    folder: TemporaryFolder,
}

/// What a house is opened on.
struct Ground {
    folder: TemporaryFolder,
    disk: Arc<dyn Disk>,
    place: Place,
    clock: SteppedClock,
    seed: u64,
    openings: u64,
    chance: Chance,
    signers: BTreeMap<PersonId, SoftAuthenticator>,
}

impl Ground {
    fn data(folder: &TemporaryFolder) -> PathBuf {
        folder.path().join("data")
    }

    fn master(folder: &TemporaryFolder) -> PathBuf {
        folder.path().join("data.master")
    }

    fn open(self) -> Result<House> {
        let Self { folder, disk, place, clock, seed, openings, chance, signers } = self;
        let (data, master, gate) = (Self::data(&folder), Self::master(&folder), Gate::default());
        let fresh = seed + (openings << 32);
        let (desk, opened) = open(&disk, (&data, &master), &place, &clock, fresh, &gate)?;
        Ok(House {
            data,
            clock,
            desk,
            opened,
            place,
            disk,
            master,
            seed,
            openings,
            chance,
            signers,
            gate,
            folder,
        })
    }
}

/// Who acts, in which role, perhaps for another, with which signature.
#[derive(Debug, Clone, Copy)]
pub struct Acting {
    /// The person.
    pub person: PersonId,
    /// The role.
    pub role: &'static str,
    /// Where the role is held.
    pub unit: UnitId,
    /// The person stood in for.
    pub acting_for: Option<PersonId>,
    /// How acts are signed.
    pub evidence: Evidence,
}

impl Acting {
    /// In their own name, with a passkey.
    #[must_use]
    pub const fn new(person: PersonId, role: &'static str, unit: UnitId) -> Self {
        Self { person, role, unit, acting_for: None, evidence: Evidence::Passkey }
    }

    /// For another.
    #[must_use]
    pub const fn standing_in(self, principal: PersonId) -> Self {
        Self { acting_for: Some(principal), ..self }
    }

    /// With another signature.
    #[must_use]
    pub const fn with(self, evidence: Evidence) -> Self {
        Self { evidence, ..self }
    }

    /// As a person who acts.
    #[must_use]
    pub fn actor(self) -> Person {
        Person {
            acting_for: self.acting_for,
            person: self.person,
            role: self.role.to_owned(),
            session: None,
            terminal: None,
            unit: self.unit,
        }
    }
}

impl House {
    /// With the invented regulation of ten clauses, published.
    ///
    /// # Errors
    /// Something of it could not be made.
    pub fn tiny(seed: u64) -> Result<Self> {
        let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("../regulation/tests/tiny");
        Self::with_pack(seed, &regulation::Folder::new(&pack), None)
    }

    /// With a pack, published, in a folder or in a database of PostgreSQL.
    ///
    /// # Errors
    /// Something of it could not be made.
    pub fn with_pack(seed: u64, pack: &dyn Source, url: Option<&str>) -> Result<Self> {
        let house = Self::empty(seed, url)?;
        house.publish(pack).map_err(told)?;
        Ok(house)
    }

    /// With a pack, published; ledger, vault, keys and files on this disk.
    ///
    /// # Errors
    /// Something of it could not be made.
    pub fn on_disk(seed: u64, pack: &dyn Source, disk: Arc<dyn Disk>) -> Result<Self> {
        let folder = TemporaryFolder::new();
        let house = Self::found(seed, folder, disk, None)?;
        house.publish(pack).map_err(told)?;
        Ok(house)
    }

    /// Publishes a version of a pack.
    ///
    /// # Errors
    /// It is refused.
    pub fn publish(&self, pack: &dyn Source) -> Result<Done, Refused> {
        let files = PackFiles::of(pack).map_err(Refused::Failed)?;
        self.desk.ask(Asker::Console, Order::Publish(files))
    }

    /// Without a pack.
    ///
    /// # Errors
    /// Something of it could not be made.
    pub fn empty(seed: u64, url: Option<&str>) -> Result<Self> {
        let folder = TemporaryFolder::new();
        let disk: Arc<dyn Disk> = Arc::new(Folder::new(folder.path().join("data")));
        Self::found(seed, folder, disk, url)
    }

    fn found(seed: u64, folder: TemporaryFolder, disk: Arc<dyn Disk>, url: Option<&str>) -> Result<Self> {
        let (data, master) = (Ground::data(&folder), Ground::master(&folder));
        std::fs::create_dir(&data)?;
        let clock = SteppedClock::new(Duration::from_micros(1));
        clock.set(START.parse()?);
        let mut entropy = SeededEntropy::new(seed);
        let secret = MasterSecret::make_key_file(&master, &data, &mut entropy)?;
        let key = secret.new_key(Argon2Cost::DEFAULT, &mut entropy)?;
        Vault::create(Arc::clone(&disk), &key, &mut entropy)?;
        let kind = KeyKind::Ledger;
        let signer = KeyFile::create(disk.as_ref(), "keys/ledger.key", ORIGIN, kind, &key, &mut entropy)?;
        let policy = format!("log {}\nquorum none\n", signer.verifier());
        ledger::disk::replace(disk.as_ref(), "policy", policy.as_bytes())?;
        let created = Created {
            format: FORMAT.to_owned(),
            key: signer.verifier().to_string(),
            origin: ORIGIN.to_owned(),
            stewards: Vec::new(),
            succession: None,
        };
        let (objects, journal) = storage(&disk);
        ledger::create(objects, journal, Arc::new(clock.clone()), &signer, &created)?;
        let place = Place::of(&data, url);
        let (chance, signers) = (Chance::new(seed ^ 0x5157), BTreeMap::new());
        Ground { folder, disk, place, clock, seed, openings: 0, chance, signers }.open()
    }

    /// Closes the house and opens it again, as a restart does.
    ///
    /// # Errors
    /// It does not open.
    pub fn reopen(&mut self) -> Result<()> {
        self.desk.close();
        self.open_again()
    }

    /// Opens a house whose desk was closed or has stopped.
    ///
    /// # Errors
    /// It does not open.
    pub fn open_again(&mut self) -> Result<()> {
        self.openings += 1;
        let seed = self.seed + (self.openings << 32);
        let paths = (self.data.as_path(), self.master.as_path());
        (self.desk, self.opened) = open(&self.disk, paths, &self.place, &self.clock, seed, &self.gate)?;
        Ok(())
    }

    /// Does all that is due by now.
    ///
    /// # Errors
    /// The tables or the vault failed.
    pub fn tick(&self) -> Result<desk::Ticked, Refused> {
        self.desk.tick()
    }

    /// Evaluates the checks of clauses that are due.
    ///
    /// # Errors
    /// The tables failed.
    pub fn assess(&self) -> Result<desk::Assessed, Refused> {
        self.desk.assess()
    }

    /// The same, with what a running machine knows.
    ///
    /// # Errors
    /// The tables failed.
    pub fn assess_with(&self, machines: &dyn board::Machines) -> Result<desk::Assessed, Refused> {
        self.desk.assess_with(Some(machines))
    }

    /// Something about alarms is entered.
    ///
    /// # Errors
    /// The desk refused.
    pub fn alarms(&self, facts: Vec<store::AlarmFact>) -> Result<()> {
        self.by_itself(desk::Order::Alarms(facts))
    }

    /// Outlets are set like this, and there are no others.
    ///
    /// # Errors
    /// The desk refused.
    pub fn outlets(&self, outlets: Vec<store::OutletSet>) -> Result<()> {
        self.by_itself(desk::Order::Outlets(outlets))
    }

    /// Outlets were asked to send something, and this came of it.
    ///
    /// # Errors
    /// The desk refused.
    pub fn sent(&self, sent: Vec<store::AlarmSent>) -> Result<()> {
        self.by_itself(desk::Order::Sent(sent))
    }

    /// Firewalls have answered, or something happened on them.
    ///
    /// # Errors
    /// The desk refused.
    pub fn responses(&self, facts: Vec<store::ResponseFact>) -> Result<()> {
        self.by_itself(desk::Order::Responses(facts))
    }

    fn by_itself(&self, order: desk::Order) -> Result<()> {
        self.desk.ask(desk::Asker::System, order).map(drop).map_err(|refused| anyhow!("{}", refused.told()))
    }

    /// What the system enters of a hook that was answered.
    ///
    /// # Errors
    /// It is refused.
    pub fn answered(&self, answer: Command) -> Result<()> {
        self.by_itself(desk::Order::Casework(answer))
    }

    /// Stores a file and gives what a field that holds it says of it.
    ///
    /// # Errors
    /// It may not come in.
    pub fn file(&self, name: &str, content: &[u8], keeping: desk::Keeping) -> Result<Json> {
        let stored = self.desk.put_file(name, content, keeping).map_err(|told| anyhow!("{told}"))?;
        Ok(serde_json::json!({
            "digest": stored.digest, "kind": stored.kind, "name": name, "size": stored.size.to_string(),
        }))
    }

    /// Lets go of the folder, which a failing test keeps.
    #[must_use]
    pub const fn folder(&self) -> &TemporaryFolder {
        &self.folder
    }

    /// Sets the clock.
    ///
    /// # Errors
    /// The text is no moment such as `2026-03-02T01:00`.
    pub fn at(&self, text: &str) -> Result<()> {
        let moment: Instant = format!("{text}:00.000000Z").parse()?;
        self.clock.set(moment);
        Ok(())
    }

    /// 16 bytes nobody else has.
    pub fn draw(&mut self) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.chance.fill(&mut bytes);
        bytes
    }

    /// Makes a unit.
    ///
    /// # Errors
    /// It is refused.
    pub fn unit(&mut self, code: &str, superior: Option<UnitId>) -> Result<UnitId> {
        let unit = UnitId::from_bytes(self.draw());
        let names = Names::new(&format!("{code}單位"), &format!("Unit {code}"))?;
        let command = identity::Command::CreateUnit { unit, names, code: Code::new(code)?, superior };
        self.identity(command)?;
        Ok(unit)
    }

    /// Registers a person, with an authenticator, who holds a role in the home unit (or everywhere).
    ///
    /// # Errors
    /// It is refused.
    pub fn person(&mut self, login: &str, role: &'static str, home: UnitId) -> Result<Acting> {
        let person = PersonId::from_bytes(self.draw());
        let details = Details {
            name: Line::new(&format!("{login}先生"))?,
            login: Login::new(login)?,
            title: Line::new("科員")?,
            mail: Mail::new(&format!("{login}@house.example"))?,
            phone: None,
        };
        self.identity(identity::Command::RegisterPerson { person, details, home })?;
        self.grant(person, role, home)?;
        let signer = SoftAuthenticator::es256(person, HOST, &mut self.chance);
        let credential = Box::new(signer.credential().clone());
        self.identity(identity::Command::AddCredential { credential })?;
        self.signers.insert(person, signer);
        Ok(Acting::new(person, role, home))
    }

    /// Grants a role in a unit; one of the whole installation is granted as such.
    ///
    /// # Errors
    /// It is refused.
    pub fn grant(&self, person: PersonId, role: &str, unit: UnitId) -> Result<()> {
        let seen = self.desk.seen();
        let pack = seen.packs.current().context("no pack")?;
        let held = pack.role(role).with_context(|| format!("no role {role}"))?;
        let unit = (held.held_in == regulation::HeldIn::Unit).then_some(unit);
        let role = held.id.clone();
        self.identity(identity::Command::GrantRole { person, role, unit, from: None, until: None })
    }

    /// Appoints a deputy, whom both know of; gives the appointment's first moment.
    ///
    /// # Errors
    /// It is refused.
    pub fn appoint(&self, principal: Acting, deputy: Acting, until: Instant) -> Result<Instant> {
        let from = self.appoint_untold(principal, deputy, until)?;
        for side in [principal, deputy] {
            let (principal, deputy) = (principal.person, deputy.person);
            let command = identity::Command::AcknowledgeDeputy { principal, deputy, from };
            self.desk.ask(Asker::Person(side.actor()), Order::Identity(command)).map_err(told)?;
        }
        Ok(from)
    }

    /// Appoints a deputy of whom neither knows yet; gives the appointment's first moment.
    ///
    /// # Errors
    /// It is refused.
    pub fn appoint_untold(&self, principal: Acting, deputy: Acting, until: Instant) -> Result<Instant> {
        let (principal, deputy) = (principal.person, deputy.person);
        self.identity(identity::Command::AppointDeputy { principal, deputy, from: None, until })?;
        let seen = self.desk.seen();
        let appointed = seen.roster.appointments(deputy).into_iter();
        let of_both = appointed.filter(|one| one.principal == principal && one.deputy == deputy);
        of_both.map(|one| one.from).max().context("the appointment is not there")
    }

    /// Does something about people at the console.
    ///
    /// # Errors
    /// It is refused.
    pub fn identity(&self, command: identity::Command) -> Result<()> {
        self.desk.ask(Asker::Console, Order::Identity(command)).map(drop).map_err(told)
    }

    /// Opens a record.
    ///
    /// # Errors
    /// It is refused.
    pub fn open(
        &mut self,
        who: Acting,
        register: &str,
        step: &str,
        fill: &[(&str, Json)],
    ) -> Result<RecordId, Refused> {
        let record = RecordId::from_bytes(self.draw());
        let command = Command::Open {
            record,
            register: word(register)?,
            step: word(step)?,
            fill: filled(fill)?,
            occurred_at: None,
            late_reason: None,
            signed: None,
        };
        self.give(who, command)?;
        Ok(record)
    }

    /// Takes a step on the record as it is now.
    ///
    /// # Errors
    /// It is refused.
    pub fn take(
        &mut self,
        who: Acting,
        record: RecordId,
        step: &str,
        outcome: Outcome,
        fill: &[(&str, Json)],
    ) -> Result<Done, Refused> {
        let seen = self.desk.case(record)?.map_or(0, |case| case.revision);
        let command = Command::Take {
            record,
            seen,
            step: word(step)?,
            outcome,
            reason: outcome.needs_reason().then(|| "理由".to_owned()),
            fill: filled(fill)?,
            occurred_at: None,
            late_reason: None,
            signed: None,
        };
        self.give(who, command)
    }

    /// Gives a command, signed as the person signs.
    ///
    /// # Errors
    /// It is refused.
    pub fn give(&mut self, who: Acting, command: Command) -> Result<Done, Refused> {
        let command = self.sign(who, command)?;
        self.desk.ask(Asker::Person(who.actor()), Order::Casework(command))
    }

    /// Hands orders in all at once, so that the desk takes them in one batch, as far as they may share one; gives what
    /// came of each.
    pub fn together(&self, orders: Vec<(Asker, Order)>) -> Vec<Result<Done, Refused>> {
        self.gate.shut();
        // A pack of no files, which is refused once the gate is open again. A desk that has stopped reads none.
        let pack = self.desk.stopped().is_none().then(|| {
            let receipt = self.desk.submit(Asker::Console, Order::Publish(PackFiles::default()));
            self.gate.until_somebody_waits();
            receipt
        });
        let handed: Vec<_> =
            orders.into_iter().map(|(asker, order)| self.desk.submit(asker, order)).collect();
        self.gate.open();
        // That it is refused is no news.
        drop(pack.map(desk::Receipt::wait));
        handed.into_iter().map(desk::Receipt::wait).collect()
    }

    /// The command with the signature it asks for.
    ///
    /// # Errors
    /// It would be refused.
    pub fn sign(&mut self, who: Acting, command: Command) -> Result<Command, Refused> {
        if who.evidence == Evidence::None {
            return Ok(command);
        }
        let Some(asked) = self.desk.to_sign(&who.actor(), &command, who.evidence)? else {
            return Ok(command);
        };
        let evidence = self.evidence(who, &asked.statement);
        Ok(asked.sign(command, evidence))
    }

    fn evidence(&mut self, who: Acting, statement: &Statement) -> Carried {
        let signer = self.signers.get_mut(&who.person).filter(|_| who.evidence == Evidence::Passkey);
        match signer.and_then(|signer| signer.sign(statement).ok()) {
            Some(passkey) => Carried::Passkey(Box::new(passkey)),
            None => Carried::Otp(Otp { factor: Factor::Totp }),
        }
    }

    /// Appends an entry past the desk, which is closed, as whoever has the machine and the ledger's key can.
    ///
    /// # Errors
    /// It is no entry, or the ledger does not take it.
    pub fn forge(&self, draft: proof::entry::Draft) -> Result<u64> {
        let key = KeyFile::read(self.disk.as_ref(), "keys/ledger.key")?.open(&self.secret()?)?;
        let (objects, journal) = storage(&self.disk);
        let (ledger, _) = Ledger::open(objects, journal, Arc::new(self.clock.clone()), vec![key])?;
        let numbers = ledger.append(vec![draft.encode()?])?;
        ledger.close().map_err(|stopped| anyhow!("{}", stopped.told()))?;
        Ok(numbers.start)
    }

    /// The authenticator of a person registered here.
    ///
    /// # Errors
    /// There is none.
    pub fn signer(&mut self, person: PersonId) -> Result<&mut SoftAuthenticator> {
        self.signers.get_mut(&person).with_context(|| format!("{person} has no authenticator"))
    }

    /// A case as committed.
    ///
    /// # Errors
    /// There is none.
    pub fn case(&self, record: RecordId) -> Result<casework::Case> {
        self.desk.case(record)?.with_context(|| format!("no record {record}"))
    }

    /// Checks that the tables are what the ledger gives; gives the digest of both.
    ///
    /// # Errors
    /// They differ, or cannot be compared.
    pub fn compare(&mut self) -> Result<String> {
        let digest = self.desk.digest()?;
        self.desk.close();
        self.compared(&digest)?;
        self.open_again()?;
        Ok(digest)
    }

    /// The same while the desk is closed.
    fn compared(&self, digest: &str) -> Result<()> {
        let (reader, keys) = (self.reader(), self.keys()?);
        let (shelf, sections) = (Shelf::new(Arc::clone(&self.disk)), sections());
        let packs = |published: &[(u32, String)]| desk::read(published, &shelf, &sections);
        let shared: Arc<dyn store::Keys> = Arc::<desk::Vaulted>::clone(&keys);
        let sources = store::Sources { keys: shared, packs: &packs, progress: &|_| (), index: true };
        let (scratch, size) = (TemporaryFolder::new(), reader.size()?);
        let compared =
            store::first_difference(&self.place, scratch.path(), &reader, &|asked| asked.min(size), &sources);
        keys.close();
        match compared? {
            Comparison { position, likeness: Likeness::Same { digest: same } }
                if position == size && same == digest =>
            {
                Ok(())
            }
            other => Err(anyhow!("the tables are not what {size} entries of the ledger give: {other:?}")),
        }
    }

    /// A ledger reader over the published files.
    #[must_use]
    pub fn reader(&self) -> ledger::reader::Reader {
        ledger::reader::Reader::new(Arc::new(FolderObjects::new(Arc::clone(&self.disk))))
    }

    /// The data keys of a house whose desk is closed.
    ///
    /// # Errors
    /// The vault does not open.
    pub fn keys(&self) -> Result<Arc<desk::Vaulted>> {
        let vault = Vault::open(Arc::clone(&self.disk), &self.secret()?)?;
        Ok(desk::Vaulted::start(vault, Box::new(SeededEntropy::new(1))))
    }

    /// Where the key is that opens its vault.
    #[must_use]
    pub fn master(&self) -> &Path {
        &self.master
    }

    fn secret(&self) -> Result<MasterSecret> {
        Ok(MasterSecret::from_key_file(&self.master, &self.data)?)
    }
}

/// A refusal as an error of the test.
fn told(refused: Refused) -> anyhow::Error {
    anyhow!("{}", refused.told())
}

/// Sections of the engines that packs of tests may use.
#[must_use]
pub fn sections() -> MakeSections {
    Arc::new(|| Sections::none().with(PolicySection).with(RuleSection))
}

/// Opens a desk over a disk; the paths are those of data folder and master key.
fn open(
    disk: &Arc<dyn Disk>,
    (data, master): (&Path, &Path),
    place: &Place,
    clock: &SteppedClock,
    seed: u64,
    gate: &Gate,
) -> Result<(Desk, Opened)> {
    let secret = MasterSecret::from_key_file(master, data)?;
    let vault = Vault::open(Arc::clone(disk), &secret)?;
    let key: SignerKey = KeyFile::read(disk.as_ref(), "keys/ledger.key")?.open(&secret)?;
    let (objects, journal) = storage(disk);
    let shared: Arc<dyn Clock> = Arc::new(clock.clone());
    let (ledger, _) = Ledger::open(objects, journal, Arc::clone(&shared), vec![key])?;
    let entropy = |nth: u64| -> Box<dyn Entropy> { Box::new(SeededEntropy::new(seed ^ (nth << 56))) };
    let parts = Parts {
        ledger,
        vault,
        shelf: Shelf::new(Arc::clone(disk)),
        place: place.clone(),
        clock: shared,
        entropy: [entropy(1), entropy(2), entropy(3)],
        sections: gate.sections(),
    };
    Desk::open(parts).map_err(told)
}

fn storage(disk: &Arc<dyn Disk>) -> (Arc<FolderObjects>, Arc<FileJournal>) {
    let objects = Arc::new(FolderObjects::new(Arc::clone(disk)));
    (objects, Arc::new(FileJournal::new(Arc::clone(disk), SEGMENT_BYTES)))
}

fn word<T: std::str::FromStr>(text: &str) -> Result<T, Refused> {
    text.parse().map_err(|_| casework::Refusal::NoSuch(text.to_owned()).into())
}

fn filled(fill: &[(&str, Json)]) -> Result<Fill, Refused> {
    fill.iter().map(|(field, json)| Ok((word(field)?, json.clone()))).collect()
}
