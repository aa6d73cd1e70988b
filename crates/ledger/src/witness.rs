//! The witness: cosigns the heads of logs that only grow, and remembers what it cosigned.
//!
//! Owns: the answer to `add-checkpoint`, the files behind it ([`create`], [`add_log`], [`end_key`]).
//! Invariants: a cosignature leaves only after its head is durably remembered; comparing with the last head and
//! replacing it happen under one lock; a head that is smaller than the last, or no continuation of it, is never
//! cosigned; where the memory is missing or damaged nothing is cosigned.
//! Does not: listen, know the time, hold the folder's lock (`ward witness` does all three).
//! Source: C2SP tlog-witness, tlog-cosignature; `docs/format.md` §5, §8.1.

mod memory;
mod request;

use crate::disk::{Disk, DiskError};
use memory::{Last, Memory, Refused, Sort, id_of};
use model::{Instant, Told};
use proof::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
use proof::hash::Hash;
use proof::note::{KeyKind, Note, SignerKey, VerifierKey};
use proof::policy::PolicyError;
use proof::tree::check_consistency;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) use request::decimal;
pub use request::{MOST_PROOF_LINES, Request, RequestError};

/// Most bytes a request may have.
pub const MOST_REQUEST_BYTES: usize = 64 << 10;

/// A witness at work.
pub struct Witness {
    key: SignerKey,
    memory: Memory,
    /// Held from reading the last head of a log until the next is durable.
    alone: Mutex<()>,
}

/// What a witness answers over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Content type.
    pub content_type: &'static str,
    /// Body.
    pub body: Vec<u8>,
}

/// A log that a witness watches.
#[derive(Debug)]
pub struct KnownLog {
    /// Its name.
    pub origin: String,
    /// SHA-256 of the name in hexadecimal: how its files and its page are called.
    pub id: String,
    /// How many keys it has had.
    pub keys: usize,
    /// The head cosigned last; none before the first.
    pub last: Result<Option<LastHead>, WitnessError>,
    /// Heads that were refused although the log had signed them: `fork-` or
    /// `unproven-`, size, root in hexadecimal.
    pub refused: Vec<String>,
}

/// The head of a log that a witness cosigned last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastHead {
    /// Entries.
    pub size: u64,
    /// Root.
    pub root: Hash,
    /// Seconds since 1970 at which it was cosigned.
    pub at_seconds: u64,
}

/// Why a witness cannot be made or cannot work.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    /// A file could not be read or written.
    #[error("a file of the witness cannot be used")]
    Disk(#[from] DiskError),
    /// There is none here.
    #[error("there is no witness here")]
    NotMade,
    /// There is one already.
    #[error("there is a witness here already, or part of one")]
    Exists,
    /// The list of logs does not make sense.
    #[error("{path} is not a list of logs")]
    Logs {
        /// Which file.
        path: String,
        /// What is wrong.
        #[source]
        source: PolicyError,
    },
    /// What was remembered is missing or changed.
    #[error("{path} is damaged: {what}")]
    Damaged {
        /// Which file.
        path: String,
        /// What is wrong.
        what: String,
    },
    /// The key is none of a log.
    #[error("{0} is not the key of a log")]
    NotALog(String),
    /// The key is none of a witness.
    #[error("{0} is not the key of a witness")]
    NotAWitness(String),
}

/// Makes the files of a witness that knows no log yet.
///
/// # Errors
/// `Exists`, `Disk`.
pub fn create(disk: Arc<dyn Disk>) -> Result<(), WitnessError> {
    Memory { disk }.create()
}

/// Adds a log, or another key of a log. May be done beside a witness at work, which takes note at the next request;
/// not by two at once.
///
/// # Errors
/// `NotMade`, `NotALog`, `Logs` (the key is there already), `Disk`.
pub fn add_log(disk: Arc<dyn Disk>, key: &VerifierKey) -> Result<(), WitnessError> {
    Memory { disk }.add_log(key)
}

/// Ends the time of a log's key (`name+id`): no head larger than `size` is cosigned under it.
///
/// # Errors
/// `NotMade`, `Logs` (there is no such key), `Disk`.
pub fn end_key(disk: Arc<dyn Disk>, key: &str, size: u64) -> Result<(), WitnessError> {
    Memory { disk }.end_key(key, size)
}

impl Witness {
    /// Opens a witness that was made before.
    ///
    /// # Errors
    /// `NotMade`, `Logs`, `NotAWitness`, `Disk`.
    pub fn open(disk: Arc<dyn Disk>, key: SignerKey) -> Result<Self, WitnessError> {
        if key.verifier().kind() != KeyKind::Witness {
            return Err(WitnessError::NotAWitness(key.verifier().to_string()));
        }
        let memory = Memory { disk };
        memory.logs()?;
        Ok(Self { key, memory, alone: Mutex::new(()) })
    }

    /// Its public key.
    #[must_use]
    pub const fn key(&self) -> &VerifierKey {
        self.key.verifier()
    }

    /// Answers a request to cosign a head. What is cosigned is durably remembered before this returns.
    #[must_use]
    pub fn add_checkpoint(&self, body: &[u8], now: Instant) -> Answer {
        self.cosign(body, now).unwrap_or_else(|refusal| refusal)
    }

    /// The logs it watches, by name.
    ///
    /// # Errors
    /// `NotMade`, `Logs`, `Disk`.
    pub fn logs(&self) -> Result<Vec<KnownLog>, WitnessError> {
        let logs = self.memory.logs()?;
        let mut origins = BTreeMap::new();
        for log in logs.logs() {
            *origins.entry(log.key.name()).or_insert(0) += 1;
        }
        let known = origins.into_iter().map(|(origin, keys)| {
            let last = self.memory.last(origin, self.key(), &logs).map(|last| match last {
                Last::NoneYet => None,
                Last::Head { head, at_seconds } => {
                    let Checkpoint { size, root, .. } = *head.unverified();
                    Some(LastHead { size, root, at_seconds })
                }
            });
            let refused = self.memory.refused(origin)?;
            Ok(KnownLog { origin: origin.to_owned(), id: id_of(origin), keys, last, refused })
        });
        known.collect()
    }

    /// The head cosigned last of the log with this id ([`KnownLog::id`]); none where there is no such log or head.
    ///
    /// # Errors
    /// `NotMade`, `Logs`, `Damaged`, `Disk`.
    pub fn checkpoint(&self, id: &str) -> Result<Option<Vec<u8>>, WitnessError> {
        let logs = self.memory.logs()?;
        let mut origins = logs.logs().iter().map(|log| log.key.name());
        let Some(origin) = origins.find(|origin| id_of(origin) == id) else { return Ok(None) };
        match self.memory.last(origin, self.key(), &logs)? {
            Last::NoneYet => Ok(None),
            Last::Head { head, .. } => Ok(Some(head.to_bytes())),
        }
    }

    /// In the order of the specification: form, log, signature, sizes, root, proof.
    fn cosign(&self, body: &[u8], now: Instant) -> Result<Answer, Answer> {
        let request = Request::parse(body).map_err(|error| Answer::malformed(&error))?;
        let logs = self.memory.logs().map_err(|error| Answer::broken(&error))?;
        let head = logs.judge(&request.head.to_bytes()).map_err(|error| Answer::disbelieved(&error))?;
        let head = head.checkpoint();
        if request.old > head.size {
            return Err(Answer::told(
                400,
                "舊的筆數大於所送檢查點。",
                "The old size is larger than the head's.",
            ));
        }
        // From here until the new head is durable nobody else may read the last one, else two requests could both be
        // compared with it and the smaller head replace the larger.
        let _alone = self.alone.lock().unwrap_or_else(PoisonError::into_inner);
        let last = self.memory.last(&head.origin, self.key(), &logs);
        let last = last.map_err(|error| Answer::broken(&error))?;
        if let Err(refusal) = compare(&request, head, &last) {
            let Refusal { answer, sort } = refusal;
            if let Some(sort) = sort {
                let status = answer.status;
                let refused = Refused { sort, status, now, last: &last, head: &request.head, request: body };
                // It is refused whether or not the evidence could be kept; a full disk must not change the answer.
                let _ = self.memory.keep_refused(&refused);
            }
            return Err(answer);
        }
        let at_seconds = u64::try_from(now.as_seconds()).unwrap_or(0);
        let line = self.key.sign(request.head.note().unverified_text(), at_seconds);
        let mut cosigned = only_signed_by(&request.head, logs.logs().iter().map(|log| &log.key))
            .map_err(|error| Answer::malformed(&error.into()))?;
        cosigned.note_mut().add(line.clone());
        self.memory.remember(&cosigned).map_err(|error| Answer::broken(&error))?;
        // The head is durable: whatever happens from here on, no smaller one is cosigned any more.
        Ok(Answer { status: 200, content_type: TEXT, body: line.to_string().into_bytes() })
    }
}

/// A head that is not cosigned, and what it shows of the log, if anything.
struct Refusal {
    answer: Answer,
    sort: Option<Sort>,
}

fn compare(request: &Request, head: &Checkpoint, last: &Last) -> Result<(), Refusal> {
    let (last_size, last_root) = match last {
        Last::NoneYet => (0, Hash::of_empty_tree()),
        Last::Head { head, .. } => (head.unverified().size, head.unverified().root),
    };
    let another_root = head.size == last_size && head.root != last_root && matches!(last, Last::Head { .. });
    if request.old != last_size {
        return Err(Refusal { answer: Answer::size(last_size), sort: another_root.then_some(Sort::Fork) });
    }
    if another_root {
        let answer = Answer::told(
            409,
            format!("已見證同為 {last_size} 筆而根雜湊不同的檢查點。"),
            format!("A head of {last_size} entries with another root was cosigned before."),
        );
        return Err(Refusal { answer, sort: Some(Sort::Fork) });
    }
    // A tree of no entries has one root; no proof says so.
    let empty = head.size > 0 || head.root == Hash::of_empty_tree();
    let proven = check_consistency(last_size, head.size, &request.proof, &last_root, &head.root);
    if !empty || proven.is_err() {
        let why = proven.err().map(|error| error.to_string()).unwrap_or_default();
        let answer = Answer::told(
            422,
            format!("無法證明所送檢查點延續先前的 {last_size} 筆。{why}"),
            format!("The head is not proven to continue the {last_size} entries before. {why}"),
        );
        return Err(Refusal { answer, sort: Some(Sort::Unproven) });
    }
    Ok(())
}

/// The head with the signatures that hold under these keys alone: those of strangers are not ours to keep.
pub(crate) fn only_signed_by<'a>(
    head: &SignedCheckpoint,
    keys: impl Iterator<Item = &'a VerifierKey> + Clone,
) -> Result<SignedCheckpoint, CheckpointError> {
    let text = head.note().unverified_text();
    let known = head.note().signatures().iter().filter(|line| {
        let alone = Note::new(text, vec![(*line).clone()]);
        alone.is_ok_and(|note| keys.clone().any(|key| note.verify(key).is_ok()))
    });
    let note = Note::new(text, known.cloned().collect())?;
    SignedCheckpoint::parse(note.to_string().as_bytes())
}

impl Answer {
    fn told(status: u16, zh: impl Into<String>, en: impl Into<String>) -> Self {
        let body = format!("{}\n", Told::new(zh, en)).into_bytes();
        Self { status, content_type: TEXT, body }
    }

    fn size(size: u64) -> Self {
        Self { status: 409, content_type: SIZE, body: format!("{size}\n").into_bytes() }
    }

    fn malformed(error: &RequestError) -> Self {
        let why = chain(error);
        Self::told(400, format!("請求格式不符：{why}"), format!("The request is malformed: {why}"))
    }

    fn disbelieved(error: &PolicyError) -> Self {
        let why = chain(error);
        match error {
            PolicyError::UnknownLedger(_) => Self::told(
                404,
                format!("本見證人未登錄此帳本（{why}）。請見證人執行 ward witness add-log。"),
                format!("This witness does not know the log: {why}. Ask it to run: ward witness add-log"),
            ),
            PolicyError::Checkpoint(_) => {
                Self::told(400, format!("檢查點格式不符：{why}"), format!("The head is malformed: {why}"))
            }
            _ => Self::told(
                403,
                format!("檢查點的簽章不予採信：{why}"),
                format!("The head is not believed: {why}"),
            ),
        }
    }

    fn broken(error: &WitnessError) -> Self {
        let why = chain(error);
        Self::told(
            500,
            format!("見證人的紀錄無法使用，暫不見證：{why}"),
            format!("The witness cannot use its memory and cosigns nothing: {why}"),
        )
    }
}

impl WitnessError {
    /// In both languages, with the place and the mend.
    #[must_use]
    pub fn told(&self) -> Told {
        let why = chain(self);
        match self {
            Self::Disk(source) => crate::error::disk_told(source),
            Self::NotMade => Told::new(
                "這個資料夾沒有見證人。請先執行 ward witness init。",
                "There is no witness in this folder. Make one with: ward witness init",
            ),
            Self::Exists => Told::new(
                "這個資料夾已有見證人或其一部分，不予覆寫。請指定其他資料夾。",
                "This folder has a witness, or part of one, and it is not overwritten. Name another folder.",
            ),
            Self::Logs { .. } => Told::new(
                format!("帳本清單無法使用或不能如此變更：{why}。"),
                format!("The list of logs cannot be used, or not be changed so: {why}."),
            ),
            Self::Damaged { path, .. } => Told::new(
                format!("{path} 無法使用：{why}。見證人不會從零開始；請自備份還原最新的該檔。"),
                format!(
                    "{path} cannot be used: {why}. A witness never begins anew; restore that file from the latest copy."
                ),
            ),
            Self::NotALog(_) => Told::new(
                format!("不是帳本的公開金鑰：{why}。"),
                format!("Not the public key of a ledger: {why}."),
            ),
            Self::NotAWitness(_) => {
                Told::new(format!("不是見證人的金鑰：{why}。"), format!("Not the key of a witness: {why}."))
            }
        }
    }
}

/// An error with all that caused it.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

const TEXT: &str = "text/plain; charset=utf-8";
/// A size, and nothing else (C2SP tlog-witness).
const SIZE: &str = "text/x.tlog.size";
