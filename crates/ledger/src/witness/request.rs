//! What is asked of a witness: the body of `add-checkpoint`, written and read.
//!
//! Invariant: what is read has one spelling; what is written is read back as the same.
//! Does not: believe the checkpoint, check the proof.
//! Source: C2SP tlog-witness, add-checkpoint.

use proof::checkpoint::{CheckpointError, SignedCheckpoint};
use proof::hash::Hash;

/// Most hashes a consistency proof may have.
pub const MOST_PROOF_LINES: usize = 63;

/// A head submitted to a witness, with the proof that it continues the one of `old` entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Size of the head the witness cosigned last, as the asker believes; 0 for none.
    pub old: u64,
    /// Consistency proof from `old` to the head; empty when `old` is 0 or the head's size.
    pub proof: Vec<Hash>,
    /// The head.
    pub head: SignedCheckpoint,
}

/// Why something is not a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// A line is not what it must be.
    #[error("line {line} of the request is not {asked}")]
    Line {
        /// Which line, from 1.
        line: usize,
        /// What should stand there.
        asked: &'static str,
    },
    /// What stands behind the empty line is no checkpoint.
    #[error("the request carries no checkpoint")]
    Checkpoint(#[from] CheckpointError),
}

impl Request {
    /// Reads the form; believes nothing.
    ///
    /// # Errors
    /// [`RequestError`].
    pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
        let wrong = |line, asked| RequestError::Line { line, asked };
        let text = std::str::from_utf8(body).map_err(|_| wrong(1, "UTF-8"))?;
        let (above, head) = text.split_once("\n\n").ok_or_else(|| wrong(1, "followed by an empty line"))?;
        let mut lines = above.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old ")).and_then(decimal);
        let old = old.ok_or_else(|| wrong(1, "`old` and a size"))?;
        let mut proof = Vec::new();
        for (at, line) in lines.enumerate() {
            if at == MOST_PROOF_LINES {
                return Err(wrong(at + 2, "empty after 63 hashes"));
            }
            let hash = line.parse::<Hash>().ok().filter(|hash| hash.to_string() == line);
            proof.push(hash.ok_or_else(|| wrong(at + 2, "a hash"))?);
        }
        Ok(Self { old, proof, head: SignedCheckpoint::parse(head.as_bytes())? })
    }

    /// As bytes, the way it is sent.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = format!("old {}\n", self.old).into_bytes();
        for hash in &self.proof {
            bytes.extend_from_slice(hash.to_string().as_bytes());
            bytes.push(b'\n');
        }
        bytes.push(b'\n');
        bytes.extend_from_slice(&self.head.to_bytes());
        bytes
    }
}

/// A decimal number without sign and leading zeros.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proof::checkpoint::Checkpoint;
    use proof::note::{KeyKind, SignerKey};
    use proptest::prelude::*;

    fn request(old: u64, hashes: usize) -> Request {
        let key = SignerKey::new("o", KeyKind::Ledger, &[7; 32]).unwrap();
        let head = Checkpoint::new("o", 9, Hash::of(&[b"root"])).sign(&key).unwrap();
        Request { old, proof: (0..hashes).map(|at| Hash::of(&[&at.to_be_bytes()])).collect(), head }
    }

    #[test]
    fn a_request_goes_there_and_back() {
        for (old, hashes) in [(0, 0), (9, 0), (u64::MAX, 63)] {
            let request = request(old, hashes);
            assert_eq!(Request::parse(&request.to_bytes()), Ok(request));
        }
    }

    #[test]
    fn other_spellings_are_refused_and_the_line_is_named() {
        let good = String::from_utf8(request(7, 2).to_bytes()).unwrap();
        let first = Hash::of(&[&0usize.to_be_bytes()]).to_string();
        for (bad, line) in [
            (good.replace("old 7", "old 07"), 1),
            (good.replace("old 7", "old +7"), 1),
            (good.replace("old 7", "old  7"), 1),
            (good.replace("old 7", "old"), 1),
            (good.replace("old 7", "old 18446744073709551616"), 1),
            (good.replace("old 7", "OLD 7"), 1),
            (good.replace(&first, &first[1..]), 2),
            (good.replace(&first, &format!(" {first}")), 2),
            (good.replace(&first, &format!("{first}\n{first}A")), 3),
            ("old 7\n".to_owned(), 1),
            (String::new(), 1),
        ] {
            let found = Request::parse(bad.as_bytes());
            assert!(matches!(found, Err(RequestError::Line { line: l, .. }) if l == line), "{bad} {found:?}");
        }
        assert!(matches!(
            Request::parse(&request(7, 64).to_bytes()),
            Err(RequestError::Line { line: 65, .. })
        ));
        for bad in [good.replace("— ", "- "), good.replace("\no\n9\n", "\no\n09\n"), format!("{good}\n")] {
            assert!(matches!(Request::parse(bad.as_bytes()), Err(RequestError::Checkpoint(_))), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_written_the_same(at in 0usize..400, byte: u8) {
            let mut bytes = request(7, 3).to_bytes();
            let at = at % bytes.len();
            bytes[at] = byte;
            if let Ok(request) = Request::parse(&bytes) {
                prop_assert_eq!(request.to_bytes(), bytes);
            }
        }
    }
}
