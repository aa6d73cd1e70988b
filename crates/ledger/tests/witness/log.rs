//! What the tests of this folder share: a log in memory, a witness in memory, a ledger on a disk in memory.

use ledger::cosign::{Reply, Transport, TransportError};
use ledger::disk::Disk;
use ledger::journal::FileJournal;
use ledger::objects::{FolderObjects, Objects};
use ledger::witness::{self, Answer, Request, Witness};
use ledger::{Ledger, create};
use model::{Actor, Clock, Instant};
use proof::checkpoint::{Checkpoint, SignedCheckpoint};
use proof::entry::{Body, Draft, Encoded};
use proof::hash::{Hash, leaf_hash};
use proof::lifecycle::{Created, FORMAT};
use proof::note::{KeyKind, SignerKey};
use proof::tree::{self, Subtrees, root_of};
use serde_json::json;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use testkit::{CrashDisk, FixedClock, SteppedClock};

pub(crate) const ORIGIN: &str = "ledger.example";

pub(crate) fn log_key(seed: u8) -> SignerKey {
    SignerKey::new(ORIGIN, KeyKind::Ledger, &[seed; 32]).unwrap()
}

pub(crate) fn witness_key(name: &str, seed: u8) -> SignerKey {
    SignerKey::new(name, KeyKind::Witness, &[seed; 32]).unwrap()
}

pub(crate) fn at(seconds: i64) -> Instant {
    Instant::from_micros(seconds * 1_000_000).unwrap()
}

/// A log whose leaves are known.
pub(crate) struct Log {
    pub(crate) key: SignerKey,
    pub(crate) leaves: Vec<Hash>,
}

struct Leaves<'a>(&'a [Hash]);

impl Subtrees for Leaves<'_> {
    type Error = Infallible;

    fn subtree(&mut self, level: u32, index: u64) -> Result<Hash, Infallible> {
        let from = usize::try_from(index << level).unwrap();
        Ok(root_of(&self.0[from..from + (1 << level)]))
    }
}

impl Log {
    /// `size` entries of a history that the word tells apart.
    pub(crate) fn new(word: &str, size: usize) -> Self {
        let leaves = (0..size).map(|number| leaf_hash(format!("{word} {number}").as_bytes())).collect();
        Self { key: log_key(1), leaves }
    }

    /// The first `kept` entries of this one, then those of another history.
    pub(crate) fn forked(&self, kept: usize, word: &str) -> Self {
        let mut leaves = Self::new(word, self.leaves.len()).leaves;
        leaves[..kept].copy_from_slice(&self.leaves[..kept]);
        Self { key: log_key(1), leaves }
    }

    pub(crate) fn head(&self, size: usize) -> SignedCheckpoint {
        Checkpoint::new(self.key.verifier().name(), size as u64, root_of(&self.leaves[..size]))
            .sign(&self.key)
            .unwrap()
    }

    pub(crate) fn request(&self, old: usize, size: usize) -> Request {
        let proof = tree::prove_consistency(old as u64, size as u64, &mut Leaves(&self.leaves)).unwrap();
        Request { old: old as u64, proof, head: self.head(size) }
    }

    pub(crate) fn ask(&self, witness: &Witness, old: usize, size: usize) -> Answer {
        witness.add_checkpoint(&self.request(old, size).to_bytes(), at(1_000))
    }
}

/// A witness of [`ORIGIN`] on this disk.
pub(crate) fn new_witness(disk: &CrashDisk, name: &str, seed: u8) -> Witness {
    witness::create(Arc::new(disk.clone())).unwrap();
    witness::add_log(Arc::new(disk.clone()), log_key(1).verifier()).unwrap();
    reopen(disk, name, seed)
}

pub(crate) fn reopen(disk: &CrashDisk, name: &str, seed: u8) -> Witness {
    Witness::open(Arc::new(disk.clone()), witness_key(name, seed)).unwrap()
}

/// Witnesses reached without a network, at `mem://NAME`; whoever is not there does not answer.
#[derive(Clone, Default)]
pub(crate) struct Post {
    pub(crate) witnesses: Arc<Mutex<BTreeMap<String, Arc<dyn Answering>>>>,
}

pub(crate) trait Answering: Send + Sync {
    fn answer(&self, body: &[u8]) -> Reply;
}

/// A witness with a clock of its own. Clones are the same witness.
#[derive(Clone)]
pub(crate) struct Listening {
    witness: Arc<Witness>,
    clock: SteppedClock,
}

impl Listening {
    pub(crate) fn new(witness: Witness, clock: &SteppedClock) -> Self {
        Self { witness: Arc::new(witness), clock: clock.clone() }
    }
}

impl Answering for Listening {
    fn answer(&self, body: &[u8]) -> Reply {
        let answer = self.witness.add_checkpoint(body, self.clock.now());
        Reply { status: answer.status, body: answer.body }
    }
}

impl<F: Fn(&[u8]) -> Reply + Send + Sync> Answering for F {
    fn answer(&self, body: &[u8]) -> Reply {
        self(body)
    }
}

impl Post {
    pub(crate) fn listen(&self, name: &str, answering: impl Answering + 'static) {
        self.witnesses.lock().unwrap().insert(format!("mem://{name}/add-checkpoint"), Arc::new(answering));
    }

    pub(crate) fn hang_up(&self, name: &str) {
        self.witnesses.lock().unwrap().remove(&format!("mem://{name}/add-checkpoint"));
    }
}

impl Transport for Post {
    fn post(&self, url: &str, body: &[u8]) -> Result<Reply, TransportError> {
        let answering = self.witnesses.lock().unwrap().get(url).cloned();
        match answering {
            Some(answering) => Ok(answering.answer(body)),
            None => Err(TransportError { url: url.to_owned(), source: "nobody is there".into() }),
        }
    }
}

pub(crate) fn entry(text: &str) -> Encoded {
    let draft = Draft {
        actor: Actor::machine("test"),
        kind: "test.noted".to_owned(),
        subject: "s".to_owned(),
        unit: None,
        form: None,
        body: Body::Clear { value: json!({ "text": text }), salt: None },
        signature: None,
    };
    draft.encode().unwrap()
}

pub(crate) fn new_ledger(disk: &CrashDisk, stewards: Vec<String>) {
    let created = Created {
        format: FORMAT.to_owned(),
        key: log_key(1).verifier().to_string(),
        origin: ORIGIN.to_owned(),
        stewards,
        succession: None,
    };
    let (objects, journal) = parts(disk);
    create(objects, journal, clock(), &log_key(1), &created).unwrap();
}

pub(crate) fn open_ledger(disk: &CrashDisk, keys: Vec<SignerKey>) -> Ledger {
    let (objects, journal) = parts(disk);
    Ledger::open(objects, journal, clock(), keys).unwrap().0
}

/// The published files on this disk.
pub(crate) fn objects(disk: &CrashDisk) -> Arc<dyn Objects> {
    parts(disk).0
}

/// Appends entries one batch each and waits until they are published.
pub(crate) fn fill(ledger: &Ledger, word: &str, count: usize) {
    for number in 0..count {
        ledger.append(vec![entry(&format!("{word} {number}"))]).unwrap();
    }
    assert!(ledger.wait_published(ledger.head().size, Duration::from_secs(20)));
}

fn parts(disk: &CrashDisk) -> (Arc<FolderObjects>, Arc<FileJournal>) {
    let disk: Arc<dyn Disk> = Arc::new(disk.clone());
    (Arc::new(FolderObjects::new(Arc::clone(&disk))), Arc::new(FileJournal::new(disk, 1 << 20)))
}

fn clock() -> Arc<FixedClock> {
    Arc::new(FixedClock::new())
}
