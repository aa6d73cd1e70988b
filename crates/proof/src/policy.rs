//! What a verifier trusts: the ledger's keys through time, witnesses, and the quorum among them.
//!
//! Source: C2SP tlog-policy; `docs/format.md` §8.1 for the comment line that ends a key's time.

use crate::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint, decimal};
use crate::note::{KeyKind, NoteError, VerifierKey};
use std::collections::{BTreeMap, BTreeSet};

/// A verifier's policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<LogKey>,
    witnesses: Vec<Witness>,
    quorum: Option<Rule>,
}

/// A key of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogKey {
    /// The key; its name is the origin.
    pub key: VerifierKey,
    /// Largest head it may sign; none while it is in use.
    pub until: Option<u64>,
    /// Where the ledger can be read.
    pub url: Option<String>,
}

/// Somebody who watches that the ledger only grows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// Name within the policy.
    pub name: String,
    /// Its key.
    pub key: VerifierKey,
    /// Where heads are submitted to it.
    pub url: Option<String>,
}

/// When enough witnesses have cosigned.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Rule {
    Witness(usize),
    Group { threshold: usize, members: Vec<Rule> },
}

/// A head whose signature by the ledger holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    checkpoint: Checkpoint,
    cosigned: Vec<Cosigned>,
    standing: Standing,
}

/// A cosignature that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigned {
    /// The witness's name within the policy.
    pub witness: String,
    /// Seconds since 1970 at which it cosigned.
    pub at_seconds: u64,
}

/// On whose word a head stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The quorum of witnesses has cosigned it.
    Witnessed,
    /// Vouched by this host alone.
    HostAlone,
}

/// Why a policy cannot be used, or a head not be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// A line of the policy is wrong.
    #[error("policy line {line}: {what}")]
    Line {
        /// Which line, from 1.
        line: usize,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The policy has no quorum line.
    #[error("the policy has no quorum line")]
    NoQuorum,
    /// The head is not a signed checkpoint.
    #[error("the head cannot be read")]
    Checkpoint(#[from] CheckpointError),
    /// A signature does not hold.
    #[error("the head of {origin} at {size} cannot be believed")]
    Signature {
        /// Origin the head claims.
        origin: String,
        /// Size the head claims.
        size: u64,
        /// Which signature, and why.
        #[source]
        source: NoteError,
    },
    /// The head is of a ledger the policy does not know.
    #[error("the policy knows no ledger {0:?}")]
    UnknownLedger(String),
    /// A key signed a head beyond its time.
    #[error("key {key} was retired at size {until} and cannot sign a head of {size}")]
    Retired {
        /// The key.
        key: String,
        /// Its last size.
        until: u64,
        /// Size of the head.
        size: u64,
    },
    /// Not enough witnesses have cosigned.
    #[error(
        "the head of {origin} at {size} is vouched by its host alone: cosigned by {have:?}, which is no quorum"
    )]
    Quorum {
        /// Origin of the head.
        origin: String,
        /// Size of the head.
        size: u64,
        /// Names of the witnesses that have cosigned.
        have: Vec<String>,
    },
}

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    /// `Line`, `NoQuorum`.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        Reader::default().read(text)
    }

    /// A policy that trusts one key of the ledger and asks for no witness.
    #[must_use]
    pub fn of_host(key: VerifierKey) -> Self {
        Self { logs: vec![LogKey { key, until: None, url: None }], witnesses: Vec::new(), quorum: None }
    }

    /// The ledger's keys.
    #[must_use]
    pub fn logs(&self) -> &[LogKey] {
        &self.logs
    }

    /// The witnesses.
    #[must_use]
    pub fn witnesses(&self) -> &[Witness] {
        &self.witnesses
    }

    /// Whether cosignatures are asked for at all.
    #[must_use]
    pub const fn asks_for_witnesses(&self) -> bool {
        self.quorum.is_some()
    }

    /// Believes a head only when the ledger has signed it and the quorum, where one is asked for, has cosigned it.
    ///
    /// # Errors
    /// Any but `Line` and `NoQuorum`.
    pub fn check(&self, head: &[u8]) -> Result<Head, PolicyError> {
        let head = self.judge(head)?;
        if self.quorum.is_some() && head.standing == Standing::HostAlone {
            let have = head.cosigned.iter().map(|by| by.witness.clone()).collect();
            return Err(PolicyError::Quorum {
                origin: head.checkpoint.origin,
                size: head.checkpoint.size,
                have,
            });
        }
        Ok(head)
    }

    /// Believes a head that the ledger has signed and says on whose word it stands.
    ///
    /// # Errors
    /// Any but `Line`, `NoQuorum` and `Quorum`.
    pub fn judge(&self, head: &[u8]) -> Result<Head, PolicyError> {
        let signed = SignedCheckpoint::parse(head)?;
        let checkpoint = signed.unverified();
        self.check_ledger_key(&signed)?;
        let mut cosigned = Vec::new();
        let mut witnessed = vec![false; self.witnesses.len()];
        for (witness, seen) in self.witnesses.iter().zip(&mut witnessed) {
            if signed.note().claims(&witness.key) {
                let by =
                    signed.note().verify(&witness.key).map_err(|source| unbelieved(checkpoint, source))?;
                cosigned.push(Cosigned { witness: witness.name.clone(), at_seconds: by.at_seconds });
                *seen = true;
            }
        }
        let met = self.quorum.as_ref().is_some_and(|rule| rule.is_met(&witnessed));
        let standing = if met { Standing::Witnessed } else { Standing::HostAlone };
        Ok(Head { checkpoint: checkpoint.clone(), cosigned, standing })
    }

    fn check_ledger_key(&self, signed: &SignedCheckpoint) -> Result<(), PolicyError> {
        let Checkpoint { origin, size, .. } = signed.unverified();
        let keys: Vec<_> = self.logs.iter().filter(|log| log.key.name() == origin).collect();
        if keys.is_empty() {
            return Err(PolicyError::UnknownLedger(origin.clone()));
        }
        let mut refused = None;
        for log in &keys {
            if !signed.note().claims(&log.key) {
                continue;
            }
            let _signed =
                signed.note().verify(&log.key).map_err(|source| unbelieved(signed.unverified(), source))?;
            match log.until {
                Some(until) if *size > until => {
                    refused = Some(PolicyError::Retired { key: log.key.short(), until, size: *size });
                }
                _ => return Ok(()),
            }
        }
        let names: Vec<_> = keys.iter().map(|log| log.key.short()).collect();
        let unsigned = || unbelieved(signed.unverified(), NoteError::Unsigned(names.join(", ")));
        Err(refused.unwrap_or_else(unsigned))
    }
}

impl Head {
    /// What it says.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Who has cosigned it, as far as the policy knows them.
    #[must_use]
    pub fn cosigned(&self) -> &[Cosigned] {
        &self.cosigned
    }

    /// On whose word it stands.
    #[must_use]
    pub const fn standing(&self) -> Standing {
        self.standing
    }
}

impl Rule {
    fn is_met(&self, witnessed: &[bool]) -> bool {
        match self {
            Rule::Witness(at) => witnessed.get(*at).copied().unwrap_or(false),
            Rule::Group { threshold, members } => {
                members.iter().filter(|member| member.is_met(witnessed)).count() >= *threshold
            }
        }
    }
}

#[derive(Default)]
struct Reader {
    logs: Vec<LogKey>,
    witnesses: Vec<Witness>,
    names: BTreeMap<String, Rule>,
    members: BTreeSet<String>,
    quorum: Option<Option<Rule>>,
    untils: Vec<(usize, String, u64)>,
}

impl Reader {
    fn read(mut self, text: &str) -> Result<Policy, PolicyError> {
        let text = text.strip_suffix('\n').ok_or_else(|| PolicyError::Line {
            line: text.split('\n').count(),
            what: "the last line is not ended by a newline",
        })?;
        for (at, line) in text.split('\n').enumerate() {
            self.line(at + 1, line).map_err(|what| PolicyError::Line { line: at + 1, what })?;
        }
        for (line, name, until) in &self.untils {
            let log = self.logs.iter_mut().find(|log| log.key.short() == *name);
            let log = log.ok_or(PolicyError::Line { line: *line, what: "no log line has this key" })?;
            if log.until.replace(*until).is_some() {
                return Err(PolicyError::Line { line: *line, what: "this key was ended already" });
            }
        }
        let quorum = self.quorum.ok_or(PolicyError::NoQuorum)?;
        Ok(Policy { logs: self.logs, witnesses: self.witnesses, quorum })
    }

    fn line(&mut self, number: usize, line: &str) -> Result<(), &'static str> {
        if line.bytes().any(|byte| (byte < 0x20 && byte != b'\t') || byte == 0x7f) {
            return Err("it holds a control character");
        }
        let words: Vec<_> = line.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
        match words.as_slice() {
            [] => Ok(()),
            ["#", "ward-key-until", key, size] => {
                let size = decimal(size).ok_or("the size is not a number")?;
                self.untils.push((number, (*key).to_owned(), size));
                Ok(())
            }
            // A key that was meant to be ended and is not would be trusted for ever.
            ["#", "ward-key-until", ..] => Err("it is not `# ward-key-until name+id size`"),
            [first, ..] if first.starts_with('#') => Ok(()),
            ["log", key] => self.log(key, None),
            ["log", key, url] => self.log(key, Some(url)),
            ["witness", name, key] => self.witness(name, key, None),
            ["witness", name, key, url] => self.witness(name, key, Some(url)),
            ["group", name, threshold, members @ ..] => self.group(name, threshold, members),
            ["quorum", name] => self.quorum(name),
            _ => Err("it is neither log, witness, group, quorum, nor a comment"),
        }
    }

    fn log(&mut self, key: &str, url: Option<&&str>) -> Result<(), &'static str> {
        let key: VerifierKey = key.parse().map_err(|_| "the key is not a verifier key")?;
        if key.kind() != KeyKind::Ledger {
            return Err("the key is a witness's, not a ledger's");
        }
        if self.logs.iter().any(|log| log.key.public_bytes() == key.public_bytes()) {
            return Err("this key is listed already");
        }
        self.logs.push(LogKey { key, until: None, url: url.map(|url| (*url).to_owned()) });
        Ok(())
    }

    fn witness(&mut self, name: &str, key: &str, url: Option<&&str>) -> Result<(), &'static str> {
        let key: VerifierKey = key.parse().map_err(|_| "the key is not a verifier key")?;
        if key.kind() != KeyKind::Witness {
            return Err("the key is a ledger's, not a witness's");
        }
        if self.witnesses.iter().any(|witness| witness.key.public_bytes() == key.public_bytes()) {
            return Err("this key is listed already");
        }
        self.name(name, Rule::Witness(self.witnesses.len()))?;
        self.witnesses.push(Witness { name: name.to_owned(), key, url: url.map(|url| (*url).to_owned()) });
        Ok(())
    }

    fn group(&mut self, name: &str, threshold: &str, members: &[&str]) -> Result<(), &'static str> {
        let threshold = match threshold {
            "any" => 1,
            "all" => members.len(),
            number => decimal(number)
                .and_then(|k| usize::try_from(k).ok())
                .ok_or("the threshold is not a number")?,
        };
        if threshold == 0 || threshold > members.len() {
            return Err("the threshold is not between 1 and the number of members");
        }
        let mut rules = Vec::new();
        for member in members {
            rules.push(self.names.get(*member).cloned().ok_or("a member is not named on a line before")?);
            if !self.members.insert((*member).to_owned()) {
                return Err("a member is in a group already");
            }
        }
        self.name(name, Rule::Group { threshold, members: rules })
    }

    fn quorum(&mut self, name: &str) -> Result<(), &'static str> {
        if self.quorum.is_some() {
            return Err("there is a quorum line already");
        }
        self.quorum = Some(match name {
            "none" => None,
            name => Some(self.names.get(name).cloned().ok_or("the quorum is not named on a line before")?),
        });
        Ok(())
    }

    fn name(&mut self, name: &str, rule: Rule) -> Result<(), &'static str> {
        if name == "none" || self.names.contains_key(name) {
            return Err("this name is taken");
        }
        self.names.insert(name.to_owned(), rule);
        Ok(())
    }
}

fn unbelieved(checkpoint: &Checkpoint, source: NoteError) -> PolicyError {
    PolicyError::Signature { origin: checkpoint.origin.clone(), size: checkpoint.size, source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::Hash;
    use crate::note::SignerKey;

    fn ledger(seed: u8) -> SignerKey {
        SignerKey::new("example.org/ledger", KeyKind::Ledger, &[seed; 32]).unwrap()
    }

    fn witness(name: &str, seed: u8) -> SignerKey {
        SignerKey::new(name, KeyKind::Witness, &[seed; 32]).unwrap()
    }

    fn head(size: u64, by: &SignerKey, cosigners: &[&SignerKey]) -> Vec<u8> {
        let mut signed = Checkpoint::new("example.org/ledger", size, Hash::of_empty_tree()).sign(by).unwrap();
        let text = signed.note().unverified_text().to_owned();
        for key in cosigners {
            signed.note_mut().add(key.sign(&text, 77));
        }
        signed.to_bytes()
    }

    fn two_of_three() -> (String, [SignerKey; 3]) {
        let keys = [witness("a", 11), witness("b", 12), witness("c", 13)];
        let mut text = format!("# who we trust\nlog {}\n", ledger(1).verifier());
        for key in &keys {
            text += &format!(
                "witness {} {} https://{}.example/\n",
                key.verifier().name(),
                key.verifier(),
                key.verifier().name()
            );
        }
        (text + "group them 2 a b c\nquorum them\n", keys)
    }

    #[test]
    fn a_quorum_is_met_by_enough_and_not_by_fewer() {
        let (text, [a, b, c]) = two_of_three();
        let policy = Policy::parse(&text).unwrap();
        let by = ledger(1);
        assert_eq!(policy.check(&head(9, &by, &[&a, &c])).unwrap().standing(), Standing::Witnessed);
        assert!(
            matches!(policy.check(&head(9, &by, &[&b])), Err(PolicyError::Quorum { have, .. }) if have == ["b"])
        );
        assert_eq!(policy.judge(&head(9, &by, &[&b])).unwrap().standing(), Standing::HostAlone);
        let stranger = witness("a", 99);
        assert!(policy.check(&head(9, &by, &[&stranger, &b])).is_err());
        assert!(policy.check(&head(9, &ledger(2), &[&a, &b, &c])).is_err());
    }

    #[test]
    fn a_retired_key_signs_no_larger_head() {
        let text = format!(
            "log {}\nlog {}\n# ward-key-until {} 100\nquorum none\n",
            ledger(1).verifier(),
            ledger(2).verifier(),
            ledger(1).verifier().short()
        );
        let policy = Policy::parse(&text).unwrap();
        assert!(policy.check(&head(100, &ledger(1), &[])).is_ok());
        assert!(matches!(
            policy.check(&head(101, &ledger(1), &[])),
            Err(PolicyError::Retired { until: 100, .. })
        ));
        assert!(policy.check(&head(101, &ledger(2), &[])).is_ok());
    }

    #[test]
    fn a_wrong_line_is_named() {
        let (good, _) = two_of_three();
        for (bad, line) in [
            (good.replace("log ", "ledger "), 2),
            (good.replace("group them 2", "group them 4"), 6),
            (good.replace("group them 2", "group them 0"), 6),
            (good.replace("a b c", "a b a"), 6),
            (good.replace("a b c", "a b d"), 6),
            (good.replace("quorum them", "quorum those"), 7),
            (good.replace("quorum them", "quorum them\nquorum none"), 8),
            (good.replace("witness b", "witness a"), 4),
            (good.replace("witness b", "witness none"), 4),
            (good.replace("# who", "# ward-key-until nobody+00000000 7\n# who"), 1),
            (good.replace("https://b", "https://\u{1}b"), 4),
        ] {
            assert!(
                matches!(Policy::parse(&bad), Err(PolicyError::Line { line: l, .. }) if l == line),
                "{bad}"
            );
        }
        assert_eq!(Policy::parse(&good.replace("quorum them\n", "")), Err(PolicyError::NoQuorum));
    }
}
