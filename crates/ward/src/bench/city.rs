//! The city of the benchmarks: a folder, its ledger, its people, its pack. It is a whole installation.

use crate::installation::{LEDGER_KEY, POLICY};
use crate::machine::SystemClock;
use crate::packs;
use anyhow::{Context as _, anyhow};
use attachment::Shelf;
use desk::{Asker, Desk, MakeSections, Order, PackFiles, Parts};
use identity::{Code, Details, Line, Login, Mail, Names, Roster};
use ledger::Ledger;
use ledger::disk::{Disk, Folder};
use ledger::entropy::{Entropy, MachineEntropy};
use ledger::journal::FileJournal;
use ledger::keyfile::KeyFile;
use ledger::master::{Argon2Cost, MasterSecret};
use ledger::objects::FolderObjects;
use ledger::reader::Reader;
use ledger::vault::Vault;
use model::{Clock as _, Evidence, Person, PersonId, UnitId};
use proof::lifecycle::{Created, FORMAT};
use proof::note::KeyKind;
use proof::signature::{Evidence as Carried, Factor, Otp};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::{Packs, Place, StoreError};

/// A city in a folder. Its desk is opened when it is needed.
pub(super) struct City {
    pub(super) data: PathBuf,
    pub(super) master: PathBuf,
    pub(super) place: Place,
    pub(super) unit: UnitId,
    pub(super) head: Person,
    pub(super) it_head: Person,
    pub(super) maintainer: Person,
}

const ORIGIN: &str = "bench.example/ledger";
/// Code of the unit.
const CODE: &str = "P";
/// The account of whoever reads and saves.
pub(super) const LOGIN: &str = "bench-care";
/// The accounts of head, head of information and maintainer.
const LOGINS: [&str; 3] = ["bench-head", "bench-it", LOGIN];

impl City {
    /// Founds it: ledger, vault, pack, a unit and three people.
    pub(super) fn found(data: &Path, database: Option<&str>) -> anyhow::Result<Self> {
        let master = data.with_extension("master");
        std::fs::create_dir_all(data)?;
        let disk: Arc<dyn Disk> = Arc::new(Folder::new(data));
        let entropy = &mut MachineEntropy;
        let secret = MasterSecret::make_key_file(&master, data, entropy)?;
        let key = secret.new_key(Argon2Cost::DEFAULT, entropy)?;
        Vault::create(Arc::clone(&disk), &key, entropy)?;
        let kind = KeyKind::Ledger;
        let signer = KeyFile::create(disk.as_ref(), LEDGER_KEY, ORIGIN, kind, &key, entropy)?;
        let policy = format!("log {}\nquorum none\n", signer.verifier());
        ledger::disk::replace(disk.as_ref(), POLICY, policy.as_bytes())?;
        let created = Created {
            format: FORMAT.to_owned(),
            key: signer.verifier().to_string(),
            origin: ORIGIN.to_owned(),
            stewards: Vec::new(),
            succession: None,
        };
        let (objects, journal) = storage(&disk);
        ledger::create(objects, journal, Arc::new(SystemClock), &signer, &created)?;
        let city = Self::standing(data, database)?;
        let desk = city.open()?;
        city.settle(&desk)?;
        desk.close();
        Ok(city)
    }

    /// One whose ledger is there. Its unit and people are others, until they are known.
    pub(super) fn standing(data: &Path, database: Option<&str>) -> anyhow::Result<Self> {
        let unit = UnitId::from_bytes(drawn()?);
        let person = |role: &str| -> anyhow::Result<Person> {
            let person = PersonId::from_bytes(drawn()?);
            Ok(Person { acting_for: None, person, role: role.into(), session: None, terminal: None, unit })
        };
        Ok(Self {
            place: Place::of(data, database),
            data: data.to_owned(),
            master: data.with_extension("master"),
            unit,
            head: person("unit_head")?,
            it_head: person("it_head")?,
            maintainer: person("maintainer")?,
        })
    }

    /// The unit and the people whom a former run has made.
    pub(super) fn know(&mut self, desk: &Desk) -> anyhow::Result<()> {
        let seen = desk.seen();
        let unit = seen.roster.unit_of_code(CODE).context("the unit")?;
        for (login, actor) in
            LOGINS.into_iter().zip([&mut self.head, &mut self.it_head, &mut self.maintainer])
        {
            actor.person = seen.roster.person_of_login(login).context(login)?;
            actor.unit = unit;
        }
        self.unit = unit;
        Ok(())
    }

    fn settle(&self, desk: &Desk) -> anyhow::Result<()> {
        let ask = |order| {
            desk.ask(Asker::Console, order).map(drop).map_err(|refused| anyhow!("{}", refused.told()))
        };
        let files = packs::embedded(packs::DEFAULT).context("the pack built in")?;
        ask(Order::Publish(PackFiles::of(&files).map_err(|told| anyhow!("{told}"))?))?;
        let names = Names::new("計畫處", "Planning office")?;
        let (unit, code) = (self.unit, Code::new(CODE)?);
        ask(Order::Identity(identity::Command::CreateUnit { unit, names, code, superior: None }))?;
        for (login, actor) in LOGINS.into_iter().zip([&self.head, &self.it_head, &self.maintainer]) {
            let details = Details {
                name: Line::new("測試人員")?,
                login: Login::new(login)?,
                title: Line::new("科員")?,
                mail: Mail::new(&format!("{login}@bench.example"))?,
                phone: None,
            };
            let person = actor.person;
            ask(Order::Identity(identity::Command::RegisterPerson { person, details, home: unit }))?;
            let (role, unit) = (actor.role.parse()?, Some(unit));
            let grant = identity::Command::GrantRole { person, role, unit, from: None, until: None };
            ask(Order::Identity(grant))?;
        }
        // As who reports faults.
        let (person, role, unit) = (self.head.person, "staff".parse()?, Some(unit));
        ask(Order::Identity(identity::Command::GrantRole { person, role, unit, from: None, until: None }))
    }

    /// The desk, over ledger, vault and tables.
    pub(super) fn open(&self) -> anyhow::Result<Desk> {
        let disk = self.disk();
        let entropy = || -> Box<dyn Entropy> { Box::new(MachineEntropy) };
        let parts = Parts {
            ledger: self.ledger()?,
            vault: self.vault()?,
            shelf: Shelf::new(disk),
            place: self.place.clone(),
            clock: Arc::new(SystemClock),
            entropy: [entropy(), entropy(), entropy()],
            sections: sections(),
        };
        Ok(Desk::open(parts).map_err(|refused| anyhow!("{}", refused.told()))?.0)
    }

    /// Its folder, as a disk.
    pub(super) fn disk(&self) -> Arc<dyn Disk> {
        Arc::new(Folder::new(&self.data))
    }

    /// The ledger, to append.
    pub(super) fn ledger(&self) -> anyhow::Result<Ledger> {
        let disk = self.disk();
        let key = KeyFile::read(disk.as_ref(), LEDGER_KEY)?.open(&self.secret()?)?;
        let (objects, journal) = storage(&disk);
        Ok(Ledger::open(objects, journal, Arc::new(SystemClock), vec![key])?.0)
    }

    /// The vault.
    pub(super) fn vault(&self) -> anyhow::Result<Vault> {
        Ok(Vault::open(self.disk(), &self.secret()?)?)
    }

    fn secret(&self) -> anyhow::Result<MasterSecret> {
        Ok(MasterSecret::from_key_file(&self.master, &self.data)?)
    }

    /// The data keys, to read with.
    pub(super) fn keys(&self) -> anyhow::Result<Arc<dyn store::Keys>> {
        Ok(desk::Vaulted::start(self.vault()?, Box::new(MachineEntropy)))
    }

    /// The published ledger.
    pub(super) fn ledger_reader(&self) -> Reader {
        Reader::new(Arc::new(FolderObjects::new(self.disk())))
    }

    /// Entries of the published ledger.
    pub(super) fn size(&self) -> anyhow::Result<u64> {
        Ok(self.ledger_reader().size()?)
    }

    /// Published packs.
    pub(super) fn packs(&self, published: &[(u32, String)]) -> Result<Packs, StoreError> {
        desk::read(published, &Shelf::new(self.disk()), &sections())
    }

    /// Whoever reads the lists: the maintainer.
    pub(super) fn reader(&self, desk: &Desk) -> anyhow::Result<store::Reader> {
        let seen = desk.seen();
        let pack = seen.packs.current().context("a pack")?;
        let roster = Roster::new(&seen.roster, pack, SystemClock.now());
        let ceiling =
            roster.clearance_height(self.maintainer.person).and_then(|height| height.try_into().ok());
        let own = BTreeSet::from([self.unit]);
        Ok(store::Reader {
            person: self.maintainer.person,
            roles: BTreeSet::from([self.maintainer.role.parse()?]),
            subtree: own.clone(),
            seats: BTreeSet::from([(self.maintainer.role.parse()?, Some(self.unit))]),
            principals: BTreeSet::new(),
            own,
            ceiling,
            focus: None,
        })
    }
}

fn sections() -> MakeSections {
    Arc::new(packs::sections)
}

fn storage(disk: &Arc<dyn Disk>) -> (Arc<FolderObjects>, Arc<FileJournal>) {
    let objects = Arc::new(FolderObjects::new(Arc::clone(disk)));
    (objects, Arc::new(FileJournal::new(Arc::clone(disk), super::appends::SEGMENT)))
}

/// Gives a command, vouched for by a one-time code as a step may ask.
pub(super) fn give(desk: &Desk, person: &Person, command: casework::Command) -> anyhow::Result<()> {
    let told = |refused: desk::Refused| anyhow!("{}", refused.told());
    let command = match desk.to_sign(person, &command, Evidence::Otp).map_err(told)? {
        Some(to_sign) => to_sign.sign(command, Carried::Otp(Otp { factor: Factor::Totp })),
        None => command,
    };
    desk.ask(Asker::Person(person.clone()), Order::Casework(command)).map(drop).map_err(told)
}

/// 16 random bytes.
pub(super) fn drawn() -> anyhow::Result<[u8; 16]> {
    let mut bytes = [0; 16];
    MachineEntropy.fill(&mut bytes)?;
    Ok(bytes)
}
