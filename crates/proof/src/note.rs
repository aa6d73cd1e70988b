//! Signed notes and the keys that sign them: the ledger's (type 0x01) and witnesses' (type 0x04, with a time).
//!
//! Source: C2SP signed-note, tlog-cosignature; `docs/format.md` §5.
//! A note's text is nothing until a key one trusts has verified it; the types below keep the two apart.

use crate::base64;
use crate::hash::Hash;
use data_encoding::HEXLOWER;
use ed25519_dalek::{Signature as Ed25519Signature, Signer as _, SigningKey, VerifyingKey};
use std::fmt::{self, Display};
use std::str::FromStr;

/// Most bytes a note may have.
pub const MOST_BYTES: usize = 1 << 20;
/// Most signatures a note may have.
pub const MOST_SIGNATURES: usize = 100;

/// What a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyKind {
    /// A plain Ed25519 note signature: ledgers, stewards. Type 0x01.
    Ledger,
    /// A cosignature with the time it was made: witnesses. Type 0x04.
    Witness,
}

/// Name and key of somebody whose signatures are known: a *vkey*.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: [u8; 4],
    kind: KeyKind,
    public: VerifyingKey,
}

/// A key that signs notes. The secret is wiped when dropped and never printed.
pub struct SignerKey {
    secret: SigningKey,
    verifier: VerifierKey,
}

/// A note that has the form of one; whether to believe it is another question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<SignatureLine>,
}

/// One signature of a note, not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureLine {
    /// Name of the key.
    pub name: String,
    /// Id of the key.
    pub id: [u8; 4],
    /// What the key made; its form is the key's business.
    pub bytes: Vec<u8>,
}

/// A signature was checked and holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Signed {
    /// Seconds since 1970 at which a witness says it cosigned; 0 for a ledger's signature.
    pub at_seconds: u64,
}

/// Why something is not a note, a key, or a signature that holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Not the form of a note.
    #[error("not a signed note: {0}")]
    Form(&'static str),
    /// Not the form of a verifier key.
    #[error("{0:?} is not a verifier key (name+id+base64)")]
    Key(String),
    /// No signature by this key.
    #[error("not signed by {0}")]
    Unsigned(String),
    /// A signature by this key that does not hold.
    #[error("the signature of {0} does not hold")]
    Forged(String),
}

impl KeyKind {
    const fn byte(self) -> u8 {
        match self {
            KeyKind::Ledger => 1,
            KeyKind::Witness => 4,
        }
    }
}

impl VerifierKey {
    fn new(name: &str, kind: KeyKind, public: VerifyingKey) -> Result<Self, NoteError> {
        if !is_key_name(name) {
            return Err(NoteError::Key(name.chars().take(100).collect()));
        }
        let hash = Hash::of(&[name.as_bytes(), b"\n", &[kind.byte()], public.as_bytes()]);
        let id = hash.as_bytes().first_chunk::<4>().copied().unwrap_or_default();
        Ok(Self { name: name.to_owned(), id, kind, public })
    }

    /// Name of the key: a ledger's origin, a witness's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it signs.
    #[must_use]
    pub const fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The 32 bytes of the public key.
    #[must_use]
    pub fn public_bytes(&self) -> &[u8; 32] {
        self.public.as_bytes()
    }

    /// `name+id`, the way policies speak of a key.
    #[must_use]
    pub fn short(&self) -> String {
        format!("{}+{}", self.name, HEXLOWER.encode(&self.id))
    }

    /// Checks bare Ed25519 over `message`.
    ///
    /// # Errors
    /// `Forged`: it does not hold.
    pub fn check_bytes(&self, message: &[u8], signature: &[u8]) -> Result<(), NoteError> {
        let signature =
            Ed25519Signature::from_slice(signature).map_err(|_| NoteError::Forged(self.short()))?;
        self.public.verify_strict(message, &signature).map_err(|_| NoteError::Forged(self.short()))
    }

    fn check(&self, text: &str, signature: &[u8]) -> Result<Signed, NoteError> {
        let forged = || NoteError::Forged(self.short());
        match self.kind {
            KeyKind::Ledger => {
                self.check_bytes(text.as_bytes(), signature)?;
                Ok(Signed { at_seconds: 0 })
            }
            KeyKind::Witness => {
                let (time, signature) = signature.split_first_chunk::<8>().ok_or_else(forged)?;
                let at_seconds = u64::from_be_bytes(*time);
                if at_seconds > i64::MAX.unsigned_abs() {
                    return Err(forged());
                }
                self.check_bytes(cosigned_message(at_seconds, text).as_bytes(), signature)?;
                Ok(Signed { at_seconds })
            }
        }
    }
}

impl Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut material = vec![self.kind.byte()];
        material.extend_from_slice(self.public.as_bytes());
        write!(f, "{}+{}", self.short(), base64::encode(&material))
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let wrong = || NoteError::Key(text.chars().take(200).collect());
        let (name, rest) = text.split_once('+').ok_or_else(wrong)?;
        let (_, material) = rest.split_once('+').ok_or_else(wrong)?;
        let material = base64::decode(material).ok_or_else(wrong)?;
        let (kind, public) = match material.split_first().ok_or_else(wrong)? {
            (1, public) => (KeyKind::Ledger, public),
            (4, public) => (KeyKind::Witness, public),
            _ => return Err(wrong()),
        };
        let public = public.try_into().map_err(|_| wrong())?;
        let public = VerifyingKey::from_bytes(public).map_err(|_| wrong())?;
        let key = Self::new(name, kind, public)?;
        if key.to_string() == text { Ok(key) } else { Err(wrong()) }
    }
}

impl SignerKey {
    /// From the 32 secret bytes of an Ed25519 key.
    ///
    /// # Errors
    /// `Key`: the name is empty or holds a space, a plus sign or a control character.
    pub fn new(name: &str, kind: KeyKind, secret: &[u8; 32]) -> Result<Self, NoteError> {
        let secret = SigningKey::from_bytes(secret);
        let verifier = VerifierKey::new(name, kind, secret.verifying_key())?;
        Ok(Self { secret, verifier })
    }

    /// The public half.
    #[must_use]
    pub const fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// Bare Ed25519 over `message`.
    #[must_use]
    pub fn sign_bytes(&self, message: &[u8]) -> [u8; 64] {
        self.secret.sign(message).to_bytes()
    }

    /// Signs a note's text. `at_seconds` is since 1970; only a witness's signature carries it.
    #[must_use]
    pub fn sign(&self, text: &str, at_seconds: u64) -> SignatureLine {
        let bytes = match self.verifier.kind {
            KeyKind::Ledger => self.sign_bytes(text.as_bytes()).to_vec(),
            KeyKind::Witness => {
                let signature = self.sign_bytes(cosigned_message(at_seconds, text).as_bytes());
                [at_seconds.to_be_bytes().as_slice(), &signature].concat()
            }
        };
        SignatureLine { name: self.verifier.name.clone(), id: self.verifier.id, bytes }
    }
}

impl fmt::Debug for SignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignerKey({})", self.verifier.short())
    }
}

impl Note {
    /// Reads the form of a note; believes nothing.
    ///
    /// # Errors
    /// `Form`: it is not one.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > MOST_BYTES {
            return Err(NoteError::Form("it is larger than 1 MiB"));
        }
        let note = std::str::from_utf8(bytes).map_err(|_| NoteError::Form("it is not UTF-8"))?;
        if note.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
            return Err(NoteError::Form("it holds a control character"));
        }
        let (text, lines) =
            note.rsplit_once("\n\n").ok_or(NoteError::Form("no empty line before signatures"))?;
        let signatures = Self::parse_signatures(lines)?;
        if signatures.is_empty() {
            return Err(NoteError::Form("it has no signature"));
        }
        Ok(Self { text: format!("{text}\n"), signatures })
    }

    /// Reads signature lines, each ended by a newline: what a witness answers.
    ///
    /// # Errors
    /// `Form`: they are not.
    pub fn parse_signatures(lines: &str) -> Result<Vec<SignatureLine>, NoteError> {
        let lines = lines.strip_suffix('\n').ok_or(NoteError::Form("the last line is not ended"))?;
        let lines: Vec<_> = lines.split('\n').collect();
        if lines.len() > MOST_SIGNATURES {
            return Err(NoteError::Form("it has more than 100 signatures"));
        }
        lines.into_iter().map(str::parse).collect()
    }

    /// A note of this text, to be signed.
    ///
    /// # Errors
    /// `Form`: the text is not one a note may have.
    pub fn new(text: &str, signatures: Vec<SignatureLine>) -> Result<Self, NoteError> {
        let note = Self { text: text.to_owned(), signatures };
        let read = Self::parse(note.to_string().as_bytes())?;
        if read == note { Ok(note) } else { Err(NoteError::Form("the text does not end in one newline")) }
    }

    /// The text, unverified, with its last newline.
    #[must_use]
    pub fn unverified_text(&self) -> &str {
        &self.text
    }

    /// Its signatures, unverified.
    #[must_use]
    pub fn signatures(&self) -> &[SignatureLine] {
        &self.signatures
    }

    /// Whether some signature claims to be by this key.
    #[must_use]
    pub fn claims(&self, key: &VerifierKey) -> bool {
        self.signatures.iter().any(|line| line.name == key.name && line.id == key.id)
    }

    /// Checks the signatures by `key`: there is one, and every one holds. The latest time counts.
    ///
    /// # Errors
    /// `Unsigned`: there is none. `Forged`: one does not hold.
    pub fn verify(&self, key: &VerifierKey) -> Result<Signed, NoteError> {
        let mut signed: Option<Signed> = None;
        for line in self.signatures.iter().filter(|line| line.name == key.name && line.id == key.id) {
            let this = key.check(&self.text, &line.bytes)?;
            let at_seconds = signed.map_or(0, |signed| signed.at_seconds).max(this.at_seconds);
            signed = Some(Signed { at_seconds });
        }
        signed.ok_or_else(|| NoteError::Unsigned(key.short()))
    }

    /// Adds a signature; one by the same key gives way.
    pub fn add(&mut self, line: SignatureLine) {
        self.signatures.retain(|other| other.name != line.name || other.id != line.id);
        self.signatures.push(line);
    }
}

impl Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| write!(f, "{line}"))
    }
}

impl Display for SignatureLine {
    /// With its newline.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let material = [self.id.as_slice(), &self.bytes].concat();
        writeln!(f, "— {} {}", self.name, base64::encode(&material))
    }
}

impl FromStr for SignatureLine {
    type Err = NoteError;

    /// Without its newline.
    fn from_str(line: &str) -> Result<Self, NoteError> {
        let wrong = NoteError::Form("a signature line is not `— name base64`");
        let (name, material) =
            line.strip_prefix("— ").and_then(|rest| rest.split_once(' ')).ok_or_else(|| wrong.clone())?;
        let material = base64::decode(material).ok_or_else(|| wrong.clone())?;
        match material.split_first_chunk::<4>() {
            Some((id, bytes)) if is_key_name(name) && !bytes.is_empty() => {
                Ok(Self { name: name.to_owned(), id: *id, bytes: bytes.to_vec() })
            }
            _ => Err(wrong),
        }
    }
}

fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c == '+' || c.is_control())
}

fn cosigned_message(at_seconds: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {at_seconds}\n{text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kind: KeyKind) -> SignerKey {
        SignerKey::new("example.org/ledger", kind, &[7; 32]).unwrap()
    }

    #[test]
    fn a_note_goes_there_and_back_and_verifies() {
        for kind in [KeyKind::Ledger, KeyKind::Witness] {
            let key = key(kind);
            let text = "first\n\nsecond line\n";
            let note = Note::new(text, vec![key.sign(text, 1_700_000_000)]).unwrap();
            let read = Note::parse(note.to_string().as_bytes()).unwrap();
            assert_eq!(read, note);
            let _ = read.verify(key.verifier()).unwrap();
            let vkey: VerifierKey = key.verifier().to_string().parse().unwrap();
            assert_eq!(&vkey, key.verifier());
        }
    }

    #[test]
    fn a_changed_text_time_or_key_is_refused() {
        let key = key(KeyKind::Witness);
        let note = Note::new("a\n", vec![key.sign("a\n", 5)]).unwrap();
        assert_eq!(note.verify(key.verifier()).unwrap().at_seconds, 5);
        let other = Note { text: "b\n".into(), ..note.clone() };
        assert!(matches!(other.verify(key.verifier()), Err(NoteError::Forged(_))));
        let mut later = note.clone();
        later.signatures[0].bytes[7] ^= 1;
        assert!(matches!(later.verify(key.verifier()), Err(NoteError::Forged(_))));
        let stranger = SignerKey::new("example.org/ledger", KeyKind::Witness, &[8; 32]).unwrap();
        assert!(matches!(note.verify(stranger.verifier()), Err(NoteError::Unsigned(_))));
    }

    #[test]
    fn the_second_opinion_reads_our_notes_and_we_read_theirs() {
        use signed_note::{Note as Theirs, StandardVerifier, VerifierList};
        let key = key(KeyKind::Ledger);
        let text = "example.org/ledger\n3\nq\n";
        let note = Note::new(text, vec![key.sign(text, 0)]).unwrap();
        let theirs = Theirs::from_bytes(note.to_string().as_bytes()).unwrap();
        let vkey = key.verifier().to_string();
        let verifier = StandardVerifier::new(&vkey).unwrap();
        let (verified, unknown) = theirs.verify(&VerifierList::new(vec![Box::new(verifier)])).unwrap();
        assert_eq!((verified.len(), unknown.len()), (1, 0));
        let back = Note::parse(&theirs.to_bytes()).unwrap();
        let _ = back.verify(key.verifier()).unwrap();
    }

    #[test]
    fn what_is_not_a_note_is_refused() {
        let key = key(KeyKind::Ledger);
        let good = Note::new("a\n", vec![key.sign("a\n", 0)]).unwrap().to_string();
        for bad in [
            good.replace("\n\n", "\n"),
            good.trim_end().to_owned(),
            good.replace("— ", "- "),
            good.replace('a', "a\r"),
            good.replace("=\n", "\n"),
            format!("{good}\n"),
            format!("{good} "),
            "a\n\n".to_owned(),
            String::new(),
        ] {
            assert!(Note::parse(bad.as_bytes()).is_err(), "{bad:?}");
        }
        assert!(Note::new("a", vec![key.sign("a", 0)]).is_err());
        for name in ["", "a b", "a+b", "a\u{3000}b"] {
            assert!(SignerKey::new(name, KeyKind::Ledger, &[1; 32]).is_err(), "{name:?}");
        }
    }
}
