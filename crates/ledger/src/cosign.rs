//! The ledger's side of witnessing: submits published heads, checks and gathers cosignatures, stops when contradicted.
//!
//! Owns: [`Cosigner`], the [`Transport`] it asks for, and [`Standing`], on whose word a head stands today.
//! Invariants: only published heads are submitted; a cosignature counts only when it holds under the policy's key; a
//! witness that cannot be reached, or answers nonsense, delays nothing. A ledger of which a witness has seen more than
//! is acknowledged here, or another history, is stopped: going on could only make a second history. So a witness can
//! halt the ledger by lying; whoever wants to go on takes it out of the policy, for all to see.
//! Does not: speak HTTP, know the time.
//! Source: C2SP tlog-witness, tlog-cosignature; `docs/format.md` §5, §8.1; clause 24.2.10.

mod ask;
mod standing;

use crate::error::StopReason;
use crate::ledger::Ledger;
use crate::reader::{ReadError, Reader};
use crate::witness::{chain, only_signed_by};
use model::{Clock, Instant, Told};
use proof::checkpoint::{CheckpointError, SignedCheckpoint};
use proof::note::SignatureLine;
use proof::policy::{Policy, PolicyError, Standing as Judged};
use std::time::Duration;

pub use standing::{Standing, standing};

/// Between two rounds at least.
pub const PAUSE: Duration = Duration::from_secs(1);
/// Between two rounds at most: cosignatures say when, and must be recent.
pub const REFRESH: Duration = Duration::from_secs(60);
/// Cosignatures older than this do not count for today.
pub const RECENT: Duration = Duration::from_secs(600);
/// How often a round is begun anew because a witness knows a head published since.
const MOST_RESTARTS: usize = 3;

/// How requests reach witnesses.
pub trait Transport: Send + Sync {
    /// Posts `body` and waits a few seconds at most for the answer, whatever its status.
    ///
    /// # Errors
    /// There was no answer.
    fn post(&self, url: &str, body: &[u8]) -> Result<Reply, TransportError>;
}

/// An answer over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Status.
    pub status: u16,
    /// Body.
    pub body: Vec<u8>,
}

/// There was no answer.
#[derive(Debug, thiserror::Error)]
#[error("{url} did not answer")]
pub struct TransportError {
    /// What was asked.
    pub url: String,
    /// What went wrong.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// Submits a ledger's heads to the witnesses of a policy.
pub struct Cosigner<T> {
    ledger: Ledger,
    reader: Reader,
    policy: Policy,
    transport: T,
    /// What each witness of the policy is believed to have cosigned last.
    sizes: Vec<u64>,
    /// The head of the last round, with all it has received.
    last: Option<SignedCheckpoint>,
}

/// What came of one round.
#[derive(Debug)]
pub struct Round {
    /// Size of the head that was submitted.
    pub size: u64,
    /// What each witness with an address said.
    pub outcomes: Vec<Outcome>,
    /// On whose word the head now stands, by [`RECENT`].
    pub standing: Standing,
}

/// What one witness said.
#[derive(Debug)]
pub struct Outcome {
    /// Its name within the policy.
    pub witness: String,
    /// What it said.
    pub said: Said,
}

/// What a witness said of a head.
#[derive(Debug)]
pub enum Said {
    /// It cosigned at these seconds since 1970.
    Cosigned(u64),
    /// It has cosigned a head of this size, which was published after this round began; the next round submits one.
    Newer(u64),
    /// It has cosigned a head of this size which this ledger does not have, or not so: the ledger was stopped.
    Contradicted(u64),
    /// It did not answer.
    Silent(TransportError),
    /// It refused.
    Refused {
        /// HTTP status.
        status: u16,
        /// The beginning of what it said.
        text: String,
    },
    /// Its answer is none.
    Nonsense(&'static str),
    /// The proof it asks for could not be made: this ledger's own files are at fault.
    Unproven(ReadError),
}

/// Why a round could not be held.
#[derive(Debug, thiserror::Error)]
pub enum CosignError {
    /// The published head could not be read.
    #[error("the published head cannot be read")]
    Read(#[from] ReadError),
    /// It is not a head.
    #[error("the published head is damaged")]
    Head(#[from] CheckpointError),
    /// This installation's own policy does not believe it.
    #[error("the policy of this installation does not believe the published head")]
    Policy(#[from] PolicyError),
}

/// The answer of one witness within a round.
struct Answered {
    said: Said,
    /// The size it is now believed to have.
    size: u64,
    line: Option<SignatureLine>,
}

impl<T: Transport> Cosigner<T> {
    /// For a ledger and the policy of its installation. It holds a handle of the ledger: close the ledger to end
    /// [`Self::run`].
    #[must_use]
    pub fn new(ledger: Ledger, policy: Policy, transport: T) -> Self {
        let sizes = vec![0; policy.witnesses().len()];
        Self { reader: ledger.reader(), ledger, policy, transport, sizes, last: None }
    }

    /// Submits the published head to every witness that has an address, all at once, and hands what it receives to
    /// the publisher. Held once before entries are taken, it keeps a ledger that was restored too short from going on.
    ///
    /// # Errors
    /// [`CosignError`]; nobody was asked.
    pub fn round(&mut self, now: Instant) -> Result<Round, CosignError> {
        for _ in 0..MOST_RESTARTS {
            let round = self.ask_all(now)?;
            let newer = round.outcomes.iter().filter_map(|outcome| match outcome.said {
                Said::Newer(size) => Some(size),
                _ => None,
            });
            // Others may have shown the witness a head published since this round began. Submitting an older one
            // is in vain: begin again with the present head, as soon as it is published.
            match newer.max() {
                Some(size) if self.ledger.wait_published(size, PAUSE) => (),
                _ => return Ok(round),
            }
        }
        self.ask_all(now)
    }

    /// Holds rounds, one after each publication and one a minute, at most one a second, until the ledger ends.
    pub fn run(mut self, clock: &dyn Clock, mut report: impl FnMut(Result<Round, CosignError>)) {
        loop {
            let size = self.ledger.published();
            report(self.round(clock.now()));
            let goes_on = self.ledger.wait_beyond(u64::MAX, PAUSE) && self.ledger.wait_beyond(size, REFRESH);
            if !goes_on {
                return;
            }
        }
    }

    fn ask_all(&mut self, now: Instant) -> Result<Round, CosignError> {
        let head = self.published_head()?;
        let answers = self.answers(&head);
        let mut cosigned = head.clone();
        let mut outcomes = Vec::new();
        let mut received = false;
        for ((witness, size), answered) in self.policy.witnesses().iter().zip(&mut self.sizes).zip(answers) {
            let Some(Answered { said, size: seen, line }) = answered else { continue };
            *size = seen;
            received |= line.is_some();
            line.into_iter().for_each(|line| cosigned.note_mut().add(line));
            outcomes.push(Outcome { witness: witness.name.clone(), said });
        }
        let size = head.unverified().size;
        self.stop_when_contradicted(size, &mut outcomes);
        let bytes = cosigned.to_bytes();
        let standing = standing(&self.policy, &bytes, now, RECENT)?;
        if received {
            // What is kept is a matter of signatures alone; this machine's clock may be wrong.
            let quorum = self.policy.judge(&bytes)?.standing() == Judged::Witnessed;
            self.ledger.offer_cosigned(size, bytes, quorum);
        }
        self.last = Some(cosigned);
        Ok(Round { size, outcomes, standing })
    }

    /// The published head with every signature on it that holds, and what the last round received for it.
    fn published_head(&self) -> Result<SignedCheckpoint, CosignError> {
        let published = SignedCheckpoint::parse(&self.reader.head()?)?;
        let witnesses = self.policy.witnesses().iter().map(|witness| &witness.key);
        let keys = self.policy.logs().iter().map(|log| &log.key).chain(witnesses);
        let mut head = match only_signed_by(&published, keys) {
            Ok(head) => head,
            // No signature of it holds; the policy says why.
            Err(_) => published,
        };
        // The publisher may not have come round to the cosignatures of the last round yet.
        if let Some(last) = self.last.as_ref().filter(|last| last.unverified() == head.unverified()) {
            last.note().signatures().iter().cloned().for_each(|line| head.note_mut().add(line));
        }
        let _believed = self.policy.judge(&head.to_bytes())?;
        Ok(head)
    }

    /// Asks all witnesses at the same time, so that a silent one keeps nobody waiting.
    fn answers(&self, head: &SignedCheckpoint) -> Vec<Option<Answered>> {
        std::thread::scope(|scope| {
            let asked = self.policy.witnesses().iter().zip(&self.sizes).map(|(witness, size)| {
                let url = witness.url.as_ref()?;
                let ask = ask::Ask { reader: &self.reader, transport: &self.transport, head, witness, url };
                Some(scope.spawn(move || ask.ask(*size)))
            });
            // All are asked before the first answer is waited for.
            let asked: Vec<_> = asked.collect();
            let nonsense =
                || Answered { said: Said::Nonsense("the thread that asked it died"), size: 0, line: None };
            asked.into_iter().map(|thread| Some(thread?.join().unwrap_or_else(|_| nonsense()))).collect()
        })
    }

    /// A size beyond what is acknowledged by now cannot come from this ledger as it is.
    fn stop_when_contradicted(&self, submitted: u64, outcomes: &mut [Outcome]) {
        let acknowledged = self.ledger.head().size;
        for outcome in outcomes {
            if let Said::Newer(seen) = outcome.said
                && seen > acknowledged
            {
                outcome.said = Said::Contradicted(seen);
            }
            if let Said::Contradicted(seen) = outcome.said {
                let witness = outcome.witness.clone();
                let size = if seen > acknowledged { acknowledged } else { submitted };
                self.ledger.stop(&StopReason::Contradicted { witness, seen, size });
            }
        }
    }
}

impl Outcome {
    /// In both languages, with the mend.
    #[must_use]
    pub fn told(&self) -> Told {
        let name = &self.witness;
        match &self.said {
            Said::Cosigned(_) => {
                Told::new(format!("見證人 {name} 已見證。"), format!("Witness {name} has cosigned."))
            }
            Said::Newer(size) => Told::new(
                format!("見證人 {name} 已見證較新的檢查點（{size} 筆），下一輪再送。"),
                format!(
                    "Witness {name} has cosigned a newer head ({size} entries); the next round submits one."
                ),
            ),
            Said::Contradicted(size) => Told::new(
                format!("見證人 {name} 已見證 {size} 筆，與本帳本不符；帳本已停止收件。"),
                format!(
                    "Witness {name} has cosigned {size} entries, which contradicts this ledger; it has stopped."
                ),
            ),
            Said::Silent(error) => Told::new(
                format!("無法連線至見證人 {name}：{}。請檢查網路與政策檔中的網址。", chain(error)),
                format!(
                    "Witness {name} does not answer: {}. Look at the network and at its address in the policy.",
                    chain(error)
                ),
            ),
            Said::Refused { status, text } => Told::new(
                format!("見證人 {name} 拒絕（{status}）：{text}"),
                format!("Witness {name} refuses ({status}): {text}"),
            ),
            Said::Nonsense(what) => Told::new(
                format!("見證人 {name} 的回覆無法採用：{what}。"),
                format!("The answer of witness {name} cannot be used: {what}."),
            ),
            Said::Unproven(error) => Told::new(
                format!("無法為見證人 {name} 產生證明：{}。請執行 ward verify。", chain(error)),
                format!("The proof for witness {name} cannot be made: {}. Run ward verify.", chain(error)),
            ),
        }
    }
}

impl CosignError {
    /// In both languages, with the mend.
    #[must_use]
    pub fn told(&self) -> Told {
        let why = chain(self);
        match self {
            Self::Read(_) | Self::Head(_) => Told::new(
                format!("無法送請見證：{why}。請執行 ward verify。"),
                format!("Nothing was submitted to witnesses: {why}. Run ward verify."),
            ),
            Self::Policy(_) => Told::new(
                format!("無法送請見證：{why}。請檢查政策檔（policy）的 log 行是否為帳本現用的金鑰。"),
                format!(
                    "Nothing was submitted to witnesses: {why}. Look whether a log line of the file policy has the key in use."
                ),
            ),
        }
    }
}
