//! What a witness remembers: the logs it knows, the last head of each, and heads it refused.
//!
//! Files: `logs/policy` (log lines of a policy), `heads/<hex SHA-256 of the origin>` (the last cosigned head, or that
//! there is none yet), `forks/<the same>/…` (refused heads that the log had signed).
//! Invariants: a log without a file of its own is not a log that was never seen: the file is made with the log, and
//! where it is missing or damaged the witness refuses rather than begins anew. A head carries the witness's own
//! cosignature, so that a changed file is known for one.
//! Does not: compare heads (`witness` does).
//! Source: `docs/format.md` §5, §8.1; C2SP tlog-witness.

use super::{WitnessError, only_signed_by};
use crate::disk::{self, Disk};
use data_encoding::HEXLOWER;
use proof::checkpoint::SignedCheckpoint;
use proof::hash::Hash;
use proof::note::{KeyKind, VerifierKey};
use proof::policy::Policy;
use std::sync::Arc;

const LOGS: &str = "logs/policy";
const HEADS: &str = "heads";
const FORKS: &str = "forks";
/// First line of the file of a log of which nothing was cosigned yet; its origin follows.
const NONE_YET: &str = "ward-witness-head/none";
/// Most refused heads of each sort that are kept of one log.
const MOST_REFUSED: usize = 64;

/// The files of a witness.
pub(super) struct Memory {
    pub(super) disk: Arc<dyn Disk>,
}

/// The last head of a log.
pub(super) enum Last {
    /// Nothing was cosigned yet.
    NoneYet,
    /// This was, at these seconds since 1970.
    Head { head: SignedCheckpoint, at_seconds: u64 },
}

/// What a head that was refused although the log had signed it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// Another root of a size that was cosigned: the log has two histories.
    Fork,
    /// A proof that does not hold. Anyone can send one with a good head, so that these must not crowd out forks.
    Unproven,
}

/// A head that was refused although the log had signed it.
pub(super) struct Refused<'a> {
    pub(super) sort: Sort,
    pub(super) status: u16,
    pub(super) now: model::Instant,
    pub(super) last: &'a Last,
    pub(super) head: &'a SignedCheckpoint,
    pub(super) request: &'a [u8],
}

impl Memory {
    pub(super) fn create(&self) -> Result<(), WitnessError> {
        for folder in ["logs", HEADS] {
            if self.disk.list(folder)?.is_some_and(|names| names.iter().any(|name| name != "lock")) {
                return Err(WitnessError::Exists);
            }
        }
        Ok(disk::replace(self.disk.as_ref(), LOGS, b"# logs that this witness watches\nquorum none\n")?)
    }

    fn logs_text(&self) -> Result<String, WitnessError> {
        let bytes = self.disk.read(LOGS)?.ok_or(WitnessError::NotMade)?;
        String::from_utf8(bytes)
            .map_err(|_| WitnessError::Damaged { path: LOGS.to_owned(), what: "it is not UTF-8".to_owned() })
    }

    pub(super) fn logs(&self) -> Result<Policy, WitnessError> {
        Policy::parse(&self.logs_text()?)
            .map_err(|source| WitnessError::Logs { path: LOGS.to_owned(), source })
    }

    /// The log's file comes first: a crash in between leaves a file that no line names, and adding again finds it.
    pub(super) fn add_log(&self, key: &VerifierKey) -> Result<(), WitnessError> {
        if key.kind() != KeyKind::Ledger {
            return Err(WitnessError::NotALog(key.to_string()));
        }
        let line = format!("log {key}\n");
        let changed = self.with_line(&line)?;
        let path = head_path(key.name());
        let known = self.logs()?;
        let is_new = !known.logs().iter().any(|log| log.key.name() == key.name());
        if is_new && self.disk.read(&path)?.is_none() {
            disk::replace(self.disk.as_ref(), &path, none_yet(key.name()).as_bytes())?;
        }
        Ok(disk::replace(self.disk.as_ref(), LOGS, changed.as_bytes())?)
    }

    pub(super) fn end_key(&self, key: &str, size: u64) -> Result<(), WitnessError> {
        let changed = self.with_line(&format!("# ward-key-until {key} {size}\n"))?;
        Ok(disk::replace(self.disk.as_ref(), LOGS, changed.as_bytes())?)
    }

    /// The logs with one more line, which must make sense.
    fn with_line(&self, line: &str) -> Result<String, WitnessError> {
        let mut text = self.logs_text()?;
        if !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(line);
        Policy::parse(&text).map_err(|source| WitnessError::Logs { path: LOGS.to_owned(), source })?;
        Ok(text)
    }

    /// The last head of a log; `own` is the witness's own key. Every signature kept with it must hold, so that no
    /// byte of the file changes unseen.
    pub(super) fn last(&self, origin: &str, own: &VerifierKey, logs: &Policy) -> Result<Last, WitnessError> {
        let path = head_path(origin);
        let damaged = |what: String| WitnessError::Damaged { path: path.clone(), what };
        let content = self.disk.read(&path)?.ok_or_else(|| damaged("it is missing".to_owned()))?;
        if content == none_yet(origin).as_bytes() {
            return Ok(Last::NoneYet);
        }
        let head = SignedCheckpoint::parse(&content).map_err(|error| damaged(error.to_string()))?;
        if head.unverified().origin != origin {
            return Err(damaged(format!("it is the head of {:?}", head.unverified().origin)));
        }
        let keys = logs.logs().iter().map(|log| &log.key).filter(|key| key.name() == origin);
        let held = only_signed_by(&head, keys.chain([own])).map_err(|error| damaged(error.to_string()))?;
        if held != head {
            return Err(damaged("a signature in it does not hold".to_owned()));
        }
        let signed = head.note().verify(own).map_err(|error| damaged(error.to_string()))?;
        Ok(Last::Head { head, at_seconds: signed.at_seconds })
    }

    pub(super) fn remember(&self, head: &SignedCheckpoint) -> Result<(), WitnessError> {
        let path = head_path(&head.unverified().origin);
        Ok(disk::replace(self.disk.as_ref(), &path, &head.to_bytes())?)
    }

    /// Keeps a refused head, once, as long as there is room for it.
    pub(super) fn keep_refused(&self, refused: &Refused<'_>) -> Result<(), WitnessError> {
        let head = refused.head.unverified();
        let folder = forks_folder(&head.origin);
        let root = HEXLOWER.encode(head.root.as_bytes());
        let sort = match refused.sort {
            Sort::Fork => "fork",
            Sort::Unproven => "unproven",
        };
        let name = format!("{sort}-{}-{root}", head.size);
        let kept = self.refused(&head.origin)?;
        let of_sort = kept.iter().filter(|name| name.starts_with(sort)).count();
        if kept.contains(&name) || of_sort >= MOST_REFUSED {
            return Ok(());
        }
        let last = match refused.last {
            Last::NoneYet => Vec::new(),
            Last::Head { head, .. } => head.to_bytes(),
        };
        let mut content =
            format!("ward-refused-head/v1\n{} {} {}\n", refused.now, refused.status, last.len()).into_bytes();
        content.extend_from_slice(&last);
        content.extend_from_slice(refused.request);
        Ok(disk::replace(self.disk.as_ref(), &format!("{folder}/{name}"), &content)?)
    }

    pub(super) fn refused(&self, origin: &str) -> Result<Vec<String>, WitnessError> {
        let mut names = self.disk.list(&forks_folder(origin))?.unwrap_or_default();
        names.retain(|name| !name.ends_with(".new"));
        Ok(names)
    }
}

/// How a log's files are called: SHA-256 of its origin in hexadecimal.
pub(super) fn id_of(origin: &str) -> String {
    HEXLOWER.encode(Hash::of(&[origin.as_bytes()]).as_bytes())
}

fn head_path(origin: &str) -> String {
    format!("{HEADS}/{}", id_of(origin))
}

fn forks_folder(origin: &str) -> String {
    format!("{FORKS}/{}", id_of(origin))
}

fn none_yet(origin: &str) -> String {
    format!("{NONE_YET}\n{origin}\n")
}
