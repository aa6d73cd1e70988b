//! One conversation with one witness: what it last cosigned is found out, proven to continue, and cosigned.
//!
//! Does not: decide what a contradiction means for the ledger (`cosign` does).
//! Source: C2SP tlog-witness, add-checkpoint.

use super::{Answered, Reply, Said, Transport};
use crate::reader::{ReadError, Reader};
use crate::witness::{Request, decimal};
use proof::checkpoint::SignedCheckpoint;
use proof::hash::Hash;
use proof::note::{Note, SignatureLine};
use proof::policy::Witness;
use proof::tree::check_consistency;

/// Questions to one witness in one round: one by guess, one after it has told its size, one more if that has changed.
const MOST_QUESTIONS: usize = 3;
/// Characters of a refusal that are passed on.
const MOST_SHOWN: usize = 300;

pub(super) struct Ask<'a> {
    pub(super) reader: &'a Reader,
    pub(super) transport: &'a dyn Transport,
    pub(super) head: &'a SignedCheckpoint,
    pub(super) witness: &'a Witness,
    pub(super) url: &'a str,
}

impl Ask<'_> {
    /// Asks, beginning with the size the witness is believed to have cosigned last.
    pub(super) fn ask(&self, believed: u64) -> Answered {
        let size = self.head.unverified().size;
        let mut old = believed.min(size);
        for _ in 0..MOST_QUESTIONS {
            let said = |said| Answered { said, size: old, line: None };
            let proof = match self.prove(old) {
                Ok(proof) => proof,
                Err(said_instead) => return said(said_instead),
            };
            let request = Request { old, proof, head: self.head.clone() };
            let url = format!("{}/add-checkpoint", self.url.trim_end_matches('/'));
            let reply = match self.transport.post(&url, &request.to_bytes()) {
                Ok(reply) => reply,
                Err(error) => return said(Said::Silent(error)),
            };
            match (reply.status, told_size(&reply)) {
                (200, _) => return self.cosigned(&reply, old),
                (409, Some(seen)) if seen > size => return said(Said::Newer(seen)),
                (409, Some(seen)) if seen != old => old = seen,
                // The same size and still a conflict: it is the root that differs.
                (409, _) if old == size => return said(Said::Contradicted(size)),
                // The proof holds here; so it is the root of `old` entries that differs there.
                (422, _) if old > 0 => return said(Said::Contradicted(old)),
                _ => return said(Said::Refused { status: reply.status, text: shown(&reply) }),
            }
        }
        Answered { said: Said::Nonsense("its size changes with every answer"), size: old, line: None }
    }

    /// The proof from `old` to the head, which must hold here before it may be held against anybody.
    fn prove(&self, old: u64) -> Result<Vec<Hash>, Said> {
        let head = self.head.unverified();
        let proven = || -> Result<_, ReadError> {
            let proof = self.reader.prove_consistency(old, head.size)?;
            Ok((proof, self.reader.root_within(old, head.size)?))
        };
        let (proof, root) = proven().map_err(Said::Unproven)?;
        match check_consistency(old, head.size, &proof, &root, &head.root) {
            Ok(()) => Ok(proof),
            Err(_) => Err(Said::Unproven(ReadError::Tree { size: head.size })),
        }
    }

    fn cosigned(&self, reply: &Reply, old: u64) -> Answered {
        let size = self.head.unverified().size;
        let text = self.head.note().unverified_text();
        let lines = std::str::from_utf8(&reply.body).ok().and_then(|text| Note::parse_signatures(text).ok());
        let latest = lines.unwrap_or_default().into_iter().filter_map(|line| {
            let note = Note::new(text, vec![line.clone()]).ok()?;
            Some((note.verify(&self.witness.key).ok()?.at_seconds, line))
        });
        let latest: Option<(u64, SignatureLine)> = latest.max_by_key(|(at_seconds, _)| *at_seconds);
        match latest {
            Some((at_seconds, line)) => Answered { said: Said::Cosigned(at_seconds), size, line: Some(line) },
            None => {
                let said = Said::Nonsense("it holds no cosignature that the policy's key confirms");
                Answered { said, size: old, line: None }
            }
        }
    }
}

fn told_size(reply: &Reply) -> Option<u64> {
    std::str::from_utf8(&reply.body).ok()?.strip_suffix('\n').and_then(decimal)
}

fn shown(reply: &Reply) -> String {
    let text = String::from_utf8_lossy(&reply.body);
    let shown = text.trim().chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c });
    shown.take(MOST_SHOWN).collect()
}
