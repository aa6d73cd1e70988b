//! Heads of the tree: checkpoints and their signatures.
//!
//! Source: C2SP tlog-checkpoint; `docs/format.md` §5.

use crate::hash::Hash;
use crate::note::{Note, NoteError, SignerKey};

/// What a head says: this ledger has this many entries and this root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which ledger.
    pub origin: String,
    /// Number of entries.
    pub size: u64,
    /// Root of the tree over them.
    pub root: Hash,
    /// Further lines. Ward's own ledgers have none; those of others may.
    pub extensions: Vec<String>,
}

/// A head with its signatures, none of them believed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    unverified: Checkpoint,
    note: Note,
}

/// Why something is not a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// It is not even a signed note.
    #[error("the checkpoint is not a signed note")]
    Note(#[from] NoteError),
    /// Its text is not origin, size, root.
    #[error("line {line} of the checkpoint is not {asked}")]
    Text {
        /// Which line, from 1.
        line: usize,
        /// What should stand there.
        asked: &'static str,
    },
}

impl Checkpoint {
    /// The head of `origin` at `size` entries, without further lines.
    #[must_use]
    pub fn new(origin: &str, size: u64, root: Hash) -> Self {
        Self { origin: origin.to_owned(), size, root, extensions: Vec::new() }
    }

    /// Reads the text of a checkpoint.
    ///
    /// # Errors
    /// `Text`: a line is not what it must be.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let wrong = |line, asked| CheckpointError::Text { line, asked };
        let text = text.strip_suffix('\n').ok_or_else(|| wrong(1, "ended by a newline"))?;
        let mut lines = text.split('\n');
        let origin = lines.next().filter(|line| !line.is_empty()).ok_or_else(|| wrong(1, "an origin"))?;
        let size = lines.next().and_then(decimal).ok_or_else(|| wrong(2, "a tree size"))?;
        let root = lines.next().and_then(|line| line.parse().ok()).ok_or_else(|| wrong(3, "a root hash"))?;
        let extensions: Vec<_> = lines.map(str::to_owned).collect();
        if let Some(empty) = extensions.iter().position(String::is_empty) {
            return Err(wrong(4 + empty, "an extension line"));
        }
        Ok(Self { origin: origin.to_owned(), size, root, extensions })
    }

    /// The text that is signed.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("{}\n{}\n{}\n", self.origin, self.size, self.root);
        for line in &self.extensions {
            text.push_str(line);
            text.push('\n');
        }
        text
    }

    /// Signs it with the ledger's key.
    ///
    /// # Errors
    /// `Note`: the origin cannot stand in a note.
    pub fn sign(&self, key: &SignerKey) -> Result<SignedCheckpoint, CheckpointError> {
        let text = self.text();
        let note = Note::new(&text, vec![key.sign(&text, 0)])?;
        Ok(SignedCheckpoint { unverified: self.clone(), note })
    }
}

impl SignedCheckpoint {
    /// Reads the form; believes nothing.
    ///
    /// # Errors
    /// [`CheckpointError`]: it is not a signed checkpoint.
    pub fn parse(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let note = Note::parse(bytes)?;
        Ok(Self { unverified: Checkpoint::parse(note.unverified_text())?, note })
    }

    /// What it claims.
    #[must_use]
    pub const fn unverified(&self) -> &Checkpoint {
        &self.unverified
    }

    /// The note that carries it.
    #[must_use]
    pub const fn note(&self) -> &Note {
        &self.note
    }

    /// The note, to add cosignatures to.
    pub const fn note_mut(&mut self) -> &mut Note {
        &mut self.note
    }

    /// As bytes, the way it is published.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.note.to_string().into_bytes()
    }
}

/// A decimal number without leading zeros.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::KeyKind;

    #[test]
    fn a_checkpoint_goes_there_and_back_and_the_second_opinion_agrees() {
        let key = SignerKey::new("example.org/ledger", KeyKind::Ledger, &[7; 32]).unwrap();
        let head = Checkpoint::new("example.org/ledger", 20_852_163, crate::hash::leaf_hash(b"x"));
        let signed = head.sign(&key).unwrap();
        assert_eq!(SignedCheckpoint::parse(&signed.to_bytes()).unwrap(), signed);
        let theirs = tlog_tiles::Checkpoint::from_bytes(head.text().as_bytes()).unwrap();
        assert_eq!((theirs.origin(), theirs.size()), ("example.org/ledger", 20_852_163));
        assert_eq!(&theirs.hash().0, head.root.as_bytes());
        assert_eq!(Checkpoint::parse(std::str::from_utf8(&theirs.to_bytes()).unwrap()).unwrap(), head);
    }

    #[test]
    fn other_spellings_are_refused() {
        let good = Checkpoint::new("o", 12, Hash::of_empty_tree()).text();
        for bad in [
            good.replace("12", "012"),
            good.replace("12", "+12"),
            good.replace("12", "-1"),
            good.replace("12", "99999999999999999999"),
            good.replace("12", ""),
            good.replace('=', ""),
            good.replace("o\n", "\n"),
            format!("{good}\n"),
            good.trim_end().to_owned(),
            String::new(),
        ] {
            assert!(Checkpoint::parse(&bad).is_err(), "{bad:?}");
        }
    }
}
