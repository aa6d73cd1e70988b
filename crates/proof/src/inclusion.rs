//! Proof of one entry in one file, checked with a policy and nothing else.
//!
//! Source: C2SP tlog-proof; `docs/format.md` §8.2: the entry itself travels as the extra data.

use crate::base64;
use crate::checkpoint::decimal;
use crate::hash::{Hash, leaf_hash};
use crate::policy::{Head, Policy, PolicyError};
use crate::tree::{TreeError, check_inclusion};

const TITLE: &str = "c2sp.org/tlog-proof@v1";

/// A proof that has the form of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inclusion {
    /// The entry.
    pub entry: Vec<u8>,
    /// Its number.
    pub index: u64,
    /// From the leaf's sibling up.
    pub proof: Vec<Hash>,
    /// The head it leads to, a signed checkpoint.
    pub head: Vec<u8>,
}

/// Why a proof is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InclusionError {
    /// Not the form of a tlog-proof that carries its entry.
    #[error("line {line} of the proof is not {asked}")]
    Form {
        /// Which line, from 1.
        line: usize,
        /// What should stand there.
        asked: &'static str,
    },
    /// The head cannot be believed.
    #[error("the head of the proof is refused")]
    Head(#[from] PolicyError),
    /// The entry is not in the tree of that head.
    #[error("entry {index} is not in the tree")]
    Tree {
        /// The entry's number.
        index: u64,
        /// Why.
        #[source]
        source: TreeError,
    },
}

impl Inclusion {
    /// Reads the form; believes nothing.
    ///
    /// # Errors
    /// `Form`.
    pub fn parse(bytes: &[u8]) -> Result<Self, InclusionError> {
        let form = |line, asked| InclusionError::Form { line, asked };
        let text = std::str::from_utf8(bytes).map_err(|_| form(1, "UTF-8"))?;
        let (proof, head) =
            text.split_once("\n\n").ok_or_else(|| form(4, "an empty line before the head"))?;
        let mut lines = proof.split('\n');
        if lines.next() != Some(TITLE) {
            return Err(form(1, "c2sp.org/tlog-proof@v1"));
        }
        let extra = lines.next().and_then(|line| line.strip_prefix("extra "));
        let entry = extra.and_then(base64::decode).ok_or_else(|| form(2, "the entry"))?;
        let index = lines.next().and_then(|line| decimal(line.strip_prefix("index ")?));
        let index = index.ok_or_else(|| form(3, "the entry's number"))?;
        let proof = lines
            .enumerate()
            .map(|(at, line)| line.parse().map_err(|_| form(4 + at, "a hash")))
            .collect::<Result<_, _>>()?;
        Ok(Self { entry, index, proof, head: head.as_bytes().to_vec() })
    }

    /// As bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut text = format!("{TITLE}\nextra {}\nindex {}\n", base64::encode(&self.entry), self.index);
        for hash in &self.proof {
            text.push_str(&hash.to_string());
            text.push('\n');
        }
        text.push('\n');
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(&self.head);
        bytes
    }

    /// Checks the head against the policy and the entry against the head.
    ///
    /// # Errors
    /// `Head`, `Tree`.
    pub fn check(&self, policy: &Policy) -> Result<Head, InclusionError> {
        let head = policy.check(&self.head)?;
        let checkpoint = head.checkpoint();
        check_inclusion(self.index, checkpoint.size, &leaf_hash(&self.entry), &self.proof, &checkpoint.root)
            .map_err(|source| InclusionError::Tree { index: self.index, source })?;
        Ok(head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::Checkpoint;
    use crate::note::{KeyKind, SignerKey};
    use crate::tree::root_of;

    #[test]
    fn a_proof_goes_there_and_back_and_any_changed_byte_is_refused() {
        let key = SignerKey::new("o", KeyKind::Ledger, &[3; 32]).unwrap();
        let policy = Policy::of_host(key.verifier().clone());
        let leaves = [leaf_hash(b"one"), leaf_hash(b"two")];
        let head = Checkpoint::new("o", 2, root_of(&leaves)).sign(&key).unwrap().to_bytes();
        let proof = Inclusion { entry: b"two".to_vec(), index: 1, proof: vec![leaves[0]], head };
        let bytes = proof.to_bytes();
        assert_eq!(Inclusion::parse(&bytes).unwrap(), proof);
        assert_eq!(proof.check(&policy).unwrap().checkpoint().size, 2);
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let accepted = Inclusion::parse(&changed).is_ok_and(|proof| proof.check(&policy).is_ok());
            assert!(!accepted, "byte {at}");
        }
    }
}
