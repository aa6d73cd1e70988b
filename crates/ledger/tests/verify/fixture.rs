//! An installation as it is after some weeks: several starts, a change of key, sealed entries, a destroyed data key,
//! signatures, a witness; and one stop so sudden that the journal holds what is not published.

use crate::still::Still;
use ledger::Ledger;
use ledger::disk::Disk;
use ledger::entropy::Entropy;
use ledger::journal::FileJournal;
use ledger::keyfile::KeyFile;
use ledger::master::{Argon2Cost, MasterSecret};
use ledger::objects::FolderObjects;
use ledger::vault::Vault;
use ledger::verify::{
    AttachmentFiles, KeyFiles, LedgerVerifier, PlainFiles, Progress, Report, VaultFiles, Verifier, verify,
};
use model::{Actor, DataKeyId, Person, PersonId, UnitId};
use proof::checkpoint::SignedCheckpoint;
use proof::entry::{Body, Draft, Encoded};
use proof::lifecycle::{Created, FORMAT};
use proof::note::{KeyKind, SignerKey};
use proof::policy::Policy;
use proof::seal::{self, DataKey};
use proof::signature::{Evidence, Factor, Otp, Previous, Reason, Signature, Statement};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use testkit::{Chance, CrashDisk, SeededEntropy, SoftAuthenticator, SteppedClock, TemporaryFolder};

pub(crate) const ORIGIN: &str = "test.example/ledger";

/// Nobody watches.
struct Unwatched;

impl Progress for Unwatched {
    fn plan(&self, _files: u64) {}
    fn done(&self, _files: u64, _bytes: u64) {}
}

pub(crate) struct Installation {
    pub(crate) master: MasterSecret,
    /// Stopped in order.
    pub(crate) closed: Still,
    /// As a sudden stop left it.
    pub(crate) sudden: Still,
    /// Published entries of the latter; the journal has more.
    pub(crate) published: u64,
    pub(crate) keys: Keys,
    /// A policy that asks for the witness.
    pub(crate) policy: Policy,
    _folder: TemporaryFolder,
}

/// The keys the ledger has had.
pub(crate) struct Keys {
    pub(crate) second: SignerKey,
    pub(crate) changed_at: u64,
    /// The file of the first key.
    pub(crate) first_file: Vec<u8>,
}

/// One who signs.
pub(crate) struct Signer {
    pub(crate) person: PersonId,
    pub(crate) unit: UnitId,
    pub(crate) passkey: SoftAuthenticator,
}

pub(crate) fn created(key: &SignerKey) -> Created {
    Created {
        format: FORMAT.to_owned(),
        key: key.verifier().to_string(),
        origin: ORIGIN.to_owned(),
        stewards: Vec::new(),
        succession: None,
    }
}

pub(crate) fn draft(kind: &str, subject: &str, body: Value) -> Draft {
    Draft {
        actor: Actor::machine("test"),
        kind: kind.to_owned(),
        subject: subject.to_owned(),
        unit: None,
        form: None,
        body: Body::Clear { value: body, salt: None },
        signature: None,
    }
}

pub(crate) fn sealed(number: u64, key: &DataKey, id: DataKeyId, chance: &mut Chance) -> Encoded {
    let mut nonce = [0; 24];
    chance.fill(&mut nonce);
    let mut draft = draft("test.sealed", "somebody", json!({ "secret": format!("number {number}") }));
    if let Body::Clear { salt, .. } = &mut draft.body {
        *salt = Some([7; 16]);
    }
    seal::seal(draft, key, id, nonce).unwrap().encode().unwrap()
}

impl Signer {
    pub(crate) fn new(seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let mut bytes = [0; 16];
        chance.fill(&mut bytes);
        let (person, unit) = (PersonId::from_bytes(bytes), UnitId::from_bytes([3; 16]));
        let passkey = if seed == 1 {
            SoftAuthenticator::es256(person, "ward.example", &mut chance)
        } else {
            SoftAuthenticator::eddsa(person, "ward.example", &mut chance)
        };
        Self { person, unit, passkey }
    }

    pub(crate) fn added(&self) -> Draft {
        draft("credential.added", "credentials", serde_json::to_value(self.passkey.credential()).unwrap())
    }

    /// A signed entry about `record`; `previous` is an entry with its content hash, none the entry itself.
    pub(crate) fn signed(
        &mut self,
        record: &str,
        previous: Option<(u64, proof::hash::Hash)>,
        passkey: bool,
    ) -> Draft {
        let mut draft = draft("case.decided", record, json!({ "outcome": "approve" }));
        draft.actor = Actor::Person(Person {
            person: self.person,
            role: "chief".to_owned(),
            unit: self.unit,
            acting_for: None,
            terminal: None,
            session: None,
        });
        let statement = Statement {
            content: previous.map_or_else(|| draft.content_hash().unwrap(), |(_, hash)| hash),
            ledger: ORIGIN.to_owned(),
            nonce: [1; 16],
            on_behalf: None,
            outcome: "approve".to_owned(),
            pack: "test/1".to_owned(),
            previous: previous.map_or(Previous::Itself, |(number, _)| Previous::Entry(number)),
            reason: Reason::None,
            record: record.to_owned(),
            signer: self.person,
            step: "decide".to_owned(),
        };
        let evidence = if passkey {
            Evidence::Passkey(Box::new(self.passkey.sign(&statement).unwrap()))
        } else {
            Evidence::Otp(Otp { factor: Factor::Totp })
        };
        draft.signature = Some(Signature { evidence, statement });
        draft
    }
}

/// The installation that most tests look at; `entries` is about how many it has.
pub(crate) fn installation(entries: u64) -> Installation {
    let folder = TemporaryFolder::new();
    let disk = CrashDisk::new();
    let mut entropy = SeededEntropy::new(1);
    let master =
        MasterSecret::make_key_file(&folder.path().join("master"), &folder.path().join("data"), &mut entropy);
    let mut building = Building::new(disk.clone(), master.unwrap(), entropy);
    let part = entries / 4;
    // First run: plain entries, people, signatures, sealed bodies; stopped in order.
    let ledger = building.open();
    building.fill(&ledger, part);
    building.people(&ledger);
    building.seals(&ledger);
    let seen = building.cosign(&ledger);
    ledger.close().unwrap();
    building.put("ledger/cosigned", &seen);
    // Second run: the key changes.
    let ledger = building.open();
    building.fill(&ledger, part);
    let second = building.next_key();
    let first_file = disk.read(KeyFile::LEDGER).unwrap().unwrap();
    let changed_at = ledger.change_key(building.load("keys/ledger.key.next")).unwrap();
    building.fill(&ledger, part);
    ledger.close().unwrap();
    disk.rename("keys/ledger.key.next", KeyFile::LEDGER).unwrap();
    building.master_key = Some(second);
    let ledger = building.open();
    building.fill(&ledger, part);
    let before = Still::of(&disk);
    // What follows is acknowledged and, as far as the sudden stop is concerned, never published.
    building.fill(&ledger, 20);
    let after = Still::of(&disk);
    let published = size_of(&before);
    ledger.close().unwrap();
    Installation {
        closed: Still::of(&disk),
        sudden: stopped(&before, &after),
        published,
        keys: Keys { second: key_of(2), changed_at, first_file },
        policy: building.policy(true),
        master: building.master,
        _folder: folder,
    }
}

/// The published files of one moment and the journal of a later one.
fn stopped(before: &Still, after: &Still) -> Still {
    let journal = |path: &str| path.starts_with("ledger/journal/");
    let mut files: std::collections::BTreeMap<_, _> = before
        .0
        .iter()
        .filter(|(path, _)| !journal(path))
        .map(|(path, file)| (path.clone(), Arc::clone(file)))
        .collect();
    files.extend(
        after.0.iter().filter(|(path, _)| journal(path)).map(|(path, file)| (path.clone(), Arc::clone(file))),
    );
    Still(files)
}

fn size_of(files: &Still) -> u64 {
    SignedCheckpoint::parse(files.file("ledger/checkpoint")).unwrap().unverified().size
}

/// The ledger's keys, which tests know: their secret is one byte, repeated.
pub(crate) fn key_of(secret: u8) -> SignerKey {
    SignerKey::new(ORIGIN, KeyKind::Ledger, &[secret; 32]).unwrap()
}

/// An entropy that gives one byte for ever, so that the keys made with it are known.
struct OneByte(u8);

impl Entropy for OneByte {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), ledger::entropy::EntropyError> {
        bytes.fill(self.0);
        Ok(())
    }
}

struct Building {
    disk: CrashDisk,
    clock: SteppedClock,
    master: MasterSecret,
    /// The second key, once it is in use.
    master_key: Option<SignerKey>,
    vault: Vault,
    entropy: SeededEntropy,
    witness: SignerKey,
    number: u64,
}

impl Building {
    fn new(disk: CrashDisk, master: MasterSecret, mut entropy: SeededEntropy) -> Self {
        let key = master.new_key(Argon2Cost::DEFAULT, &mut entropy).unwrap();
        let vault = Vault::create(Arc::new(disk.clone()), &key, &mut entropy).unwrap();
        KeyFile::create(&disk, KeyFile::LEDGER, ORIGIN, KeyKind::Ledger, &key, &mut OneByte(1)).unwrap();
        let clock = SteppedClock::new(Duration::from_millis(3));
        let witness = SignerKey::new("witness.example/w", KeyKind::Witness, &[9; 32]).unwrap();
        let building = Self { disk, clock, master, master_key: None, vault, entropy, witness, number: 0 };
        let (objects, journal) = building.parts();
        ledger::create(objects, journal, Arc::new(building.clock.clone()), &key_of(1), &created(&key_of(1)))
            .unwrap();
        building.put("lock", b"");
        building.put("policy", building.policy_text(false).as_bytes());
        building
    }

    fn parts(&self) -> (Arc<FolderObjects>, Arc<FileJournal>) {
        let disk: Arc<dyn Disk> = Arc::new(self.disk.clone());
        (Arc::new(FolderObjects::new(Arc::clone(&disk))), Arc::new(FileJournal::new(disk, 1 << 16)))
    }

    fn put(&self, path: &str, content: &[u8]) {
        self.disk.write(path, content).unwrap();
    }

    fn load(&self, path: &str) -> SignerKey {
        KeyFile::read(&self.disk, path).unwrap().open(&self.master).unwrap()
    }

    fn open(&self) -> Ledger {
        let (objects, journal) = self.parts();
        let key = self.load(KeyFile::LEDGER);
        Ledger::open(objects, journal, Arc::new(self.clock.clone()), vec![key]).unwrap().0
    }

    fn next_key(&mut self) -> SignerKey {
        let key = self.master.new_key(Argon2Cost::DEFAULT, &mut self.entropy).unwrap();
        let made = KeyFile::create(
            &self.disk,
            "keys/ledger.key.next",
            ORIGIN,
            KeyKind::Ledger,
            &key,
            &mut OneByte(2),
        );
        let made = made.unwrap();
        self.put("policy", self.policy_text(true).as_bytes());
        made
    }

    /// Appends about `count` entries in batches of uneven size, and waits for their publication now and then.
    fn fill(&mut self, ledger: &Ledger, count: u64) {
        let end = self.number + count;
        let mut step = 1;
        while self.number < end {
            let batch = (0..step).map(|_| self.plain()).collect();
            let range = ledger.append(batch).unwrap();
            if step % 3 == 0 {
                assert!(ledger.wait_published(range.end, Duration::from_secs(10)));
            }
            step = step % 40 + 13;
        }
        assert!(ledger.wait_published(ledger.head().size, Duration::from_secs(10)));
    }

    fn plain(&mut self) -> Encoded {
        self.number += 1;
        let text = "字".repeat(usize::try_from(self.number % 50).unwrap());
        draft("test.noted", "機房", json!({ "n": self.number, "text": text })).encode().unwrap()
    }

    /// Credentials and what was signed with them.
    fn people(&self, ledger: &Ledger) {
        for seed in [1, 2, 3] {
            let mut signer = Signer::new(seed);
            let content = draft("case.filed", "r-1", json!({ "seed": seed })).encode().unwrap();
            let hash = content.content_hash();
            let first = ledger.append(vec![signer.added().encode().unwrap(), content]).unwrap().start;
            let decided = signer.signed("r-1", Some((first + 1, hash)), true).encode().unwrap();
            // P-256 is slow without optimisation; one signature with it is enough.
            let own = signer.signed("r-2", None, seed != 1).encode().unwrap();
            let vouched = signer.signed("r-3", None, false).encode().unwrap();
            ledger.append(vec![decided, own, vouched]).unwrap();
        }
        let revoked = proof::base64::encode_url(&Signer::new(3).passkey.credential().credential);
        let revoked = draft("credential.revoked", "credentials", json!({ "credential": revoked }));
        ledger.append(vec![revoked.encode().unwrap()]).unwrap();
    }

    /// Sealed entries under three keys, of which one is destroyed.
    fn seals(&mut self, ledger: &Ledger) {
        let mut chance = Chance::new(5);
        let mut last = None;
        for number in 0..3 {
            let (id, key) = self.vault.new_key(&mut self.entropy).unwrap();
            let batch = (0..4).map(|n| sealed(number * 10 + n, &key, id, &mut chance)).collect();
            ledger.append(batch).unwrap();
            last = Some(id);
        }
        let id = last.unwrap();
        let case =
            ledger.append(vec![draft("case.decided", "r-9", json!({})).encode().unwrap()]).unwrap().start;
        let body = json!({ "backups_expire": "none", "case": case.to_string(), "key": id, "reason": "期滿" });
        ledger.append(vec![draft("ledger.key-destroyed", ORIGIN, body).encode().unwrap()]).unwrap();
        self.vault.destroy(id).unwrap();
    }

    /// The present head, cosigned by the witness.
    fn cosign(&self, ledger: &Ledger) -> Vec<u8> {
        assert!(ledger.wait_published(ledger.head().size, Duration::from_secs(10)));
        let mut head = SignedCheckpoint::parse(&ledger.signed_head()).unwrap();
        let line = self.witness.sign(&head.unverified().text(), 1_795_392_000);
        head.note_mut().add(line);
        head.to_bytes()
    }

    fn policy_text(&self, second: bool) -> String {
        let mut text = format!("# who is trusted\nlog {}\n", key_of(1).verifier());
        if second {
            text += &format!("log {}\n", key_of(2).verifier());
        }
        text + &format!("witness w {}\nquorum w\n", self.witness.verifier())
    }

    fn policy(&self, second: bool) -> Policy {
        Policy::parse(&self.policy_text(second)).unwrap()
    }
}

impl Installation {
    /// Judges these files with everything that is known of the installation.
    pub(crate) fn judge(&self, files: &Still) -> Report {
        self.judge_with(files, 1, false, None)
    }

    pub(crate) fn judge_with(
        &self,
        files: &Still,
        cores: usize,
        live: bool,
        policy: Option<&Policy>,
    ) -> Report {
        let vault = VaultFiles::new(files, Some(&self.master));
        let ledger = LedgerVerifier::new(Some(&vault), policy);
        let keys = KeyFiles::new(Some(&self.master));
        let parts: [&dyn Verifier; 5] = [&ledger, &vault, &keys, &PlainFiles, &AttachmentFiles];
        verify(files, live, cores, &parts, &Unwatched).unwrap().unwrap()
    }
}

/// Judges a ledger alone, without vault, keys and master key.
pub(crate) fn judge_ledger(files: &Still, policy: Option<&Policy>) -> Report {
    verify(files, false, 2, &[&LedgerVerifier::new(None, policy), &PlainFiles], &Unwatched).unwrap().unwrap()
}
