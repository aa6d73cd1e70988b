//! Checking a bundle: head, tree, then every section against the entries.
//!
//! Source: `docs/format.md` §8.3 to §8.5; §7 for signatures.

use super::verdict::{
    AttachmentVerdict, BodyVerdict, Cosignature, EntryVerdict, Limit, LinesVerdict, SignatureStanding,
    SignatureVerdict, Verdict,
};
use super::{Bundle, BundleError, Lines};
use crate::base64;
use crate::entry::Entry;
use crate::hash::{Hash, leaf_hash};
use crate::policy::{Head, Policy, Standing};
use crate::signature::{self, Credential, Facts, Previous, Signature, SignatureError};
use crate::tree::{TreeError, check_range};
use data_encoding::HEXLOWER;
use serde::Deserialize;
use std::collections::BTreeSet;

impl Bundle<'_> {
    /// Checks everything in the bundle: the head against the policy, the entries against the head, and each
    /// other section against the entries.
    ///
    /// # Errors
    /// The first thing that is not proven. With a policy that asks for a quorum, a head without one is refused.
    pub fn check(&self, policy: &Policy) -> Result<Verdict, BundleError> {
        let head = policy.check(self.head).map_err(BundleError::Head)?;
        self.check_tree(&head)?;
        self.check_order(&head)?;
        self.check_opened()?;
        let credentials = self.credentials()?;
        let entries = self
            .entries()
            .map(|(number, entry)| self.judge(number, entry, &head, &credentials))
            .collect::<Result<Vec<_>, _>>()?;
        let lines = self.lines.iter().map(|lines| self.check_lines(lines)).collect::<Result<_, _>>()?;
        let attachments = self.check_attachments()?;
        let limits = limits(&head, &entries);
        let cosigned = head.cosigned().iter();
        let cosigned =
            cosigned.map(|by| Cosignature { witness: by.witness.clone(), at_seconds: by.at_seconds });
        let checkpoint = head.checkpoint();
        Ok(Verdict {
            origin: checkpoint.origin.clone(),
            size: checkpoint.size,
            root: checkpoint.root,
            standing: head.standing(),
            cosigned: cosigned.collect(),
            entries,
            lines,
            attachments,
            limits,
        })
    }

    fn check_tree(&self, head: &Head) -> Result<(), BundleError> {
        let checkpoint = head.checkpoint();
        for range in &self.ranges {
            let refused = |source| BundleError::Tree { first: range.first, source };
            let leaves: Vec<_> = range.entries.iter().map(|entry| leaf_hash(entry.bytes())).collect();
            let root = check_range(range.first, &leaves, checkpoint.size, &range.proof).map_err(refused)?;
            same_root(root, checkpoint.root).map_err(refused)?;
        }
        Ok(())
    }

    /// Times never go back, and the ledger was created once, by entry 0, under this name.
    fn check_order(&self, head: &Head) -> Result<(), BundleError> {
        let mut last = None;
        for (number, entry) in self.entries() {
            if last.is_some_and(|last| entry.time() < last) {
                return Err(BundleError::Time { number });
            }
            last = Some(entry.time());
            let creates = entry.kind() == "ledger.created";
            let names = |origin: &str| {
                entry.body().is_some_and(|body| body.get("origin").is_some_and(|name| name == origin))
            };
            if creates != (number == 0) || (creates && !names(&head.checkpoint().origin)) {
                return Err(BundleError::Created { number });
            }
        }
        Ok(())
    }

    fn check_opened(&self) -> Result<(), BundleError> {
        for (number, opened) in &self.opened {
            let number = *number;
            let entry = self.entry(number).ok_or(BundleError::Absent { section: "opened", number })?;
            opened.check_against(entry).map_err(|source| BundleError::Opened { number, source })?;
        }
        Ok(())
    }

    fn credentials(&self) -> Result<Credentials, BundleError> {
        let mut credentials = Credentials::default();
        for (number, entry) in self.entries() {
            let Some(body) = self.body_bytes(number, entry) else { continue };
            let refused = |source| BundleError::Credential { number, source };
            match entry.kind() {
                "credential.added" => {
                    credentials.added.push((number, serde_json::from_slice(body).map_err(refused)?));
                }
                "credential.revoked" => {
                    let body: Revoked = serde_json::from_slice(body).map_err(refused)?;
                    credentials.revoked.push((number, body.credential));
                }
                _ => {}
            }
        }
        Ok(credentials)
    }

    fn judge(
        &self,
        number: u64,
        entry: &Entry<'_>,
        head: &Head,
        credentials: &Credentials,
    ) -> Result<EntryVerdict, BundleError> {
        let signature = entry.signature();
        let signature =
            signature.map(|signature| self.judge_signature(number, entry, signature, head, credentials));
        let body = match (entry.sealed(), self.opened(number)) {
            (None, _) => BodyVerdict::Clear,
            (Some(_), Some(_)) => BodyVerdict::Opened,
            (Some(_), None) => BodyVerdict::Sealed,
        };
        Ok(EntryVerdict {
            number,
            time: entry.time(),
            kind: entry.kind().to_owned(),
            subject: entry.subject().to_owned(),
            body,
            signature: signature.transpose()?,
        })
    }

    fn judge_signature(
        &self,
        number: u64,
        entry: &Entry<'_>,
        signature: &Signature,
        head: &Head,
        credentials: &Credentials,
    ) -> Result<SignatureVerdict, BundleError> {
        let previous = match signature.statement.previous {
            Previous::Entry(previous) => self.entry(previous).map(Entry::content_hash),
            Previous::Itself => None,
        };
        let facts = Facts::of(entry, &head.checkpoint().origin, number, previous);
        let credential = match signature.credential() {
            Some(id) => credentials.at(number, id)?,
            None => None,
        };
        let standing = match signature::check(signature, &facts, credential) {
            Ok(grade) => grade.into(),
            Err(SignatureError::NoCredential) => SignatureStanding::CredentialNotInBundle,
            Err(source) => return Err(BundleError::Signature { number, source }),
        };
        Ok(SignatureVerdict::new(&signature.statement, standing, previous))
    }

    fn check_lines(&self, lines: &Lines<'_>) -> Result<LinesVerdict, BundleError> {
        let Lines { number, first, .. } = *lines;
        let entry = self.entry(number).ok_or(BundleError::Absent { section: "lines", number })?;
        let body = self.body_bytes(number, entry).filter(|_| entry.kind() == "lines.batch");
        let batch = body.and_then(|body| serde_json::from_slice::<Batch>(body).ok());
        let batch = batch.ok_or(BundleError::Batch { number })?;
        let leaves: Vec<_> = lines.lines.iter().map(super::Line::leaf).collect();
        let refused = |source| BundleError::Lines { number, first, source };
        let root = check_range(first, &leaves, batch.count, &lines.proof).map_err(refused)?;
        same_root(root, batch.root).map_err(refused)?;
        Ok(LinesVerdict { number, receiver: batch.receiver, first, count: leaves.len() as u64 })
    }

    fn check_attachments(&self) -> Result<Vec<AttachmentVerdict>, BundleError> {
        let mentioned = self.mentioned();
        let mut verdicts = Vec::new();
        for attachment in &self.attachments {
            let stated = HEXLOWER.encode(attachment.digest.as_bytes());
            let found = Hash::of(&[attachment.bytes]);
            if found != attachment.digest {
                return Err(BundleError::Digest { found: HEXLOWER.encode(found.as_bytes()), stated });
            }
            if !mentioned.contains(stated.as_str()) {
                return Err(BundleError::Unmentioned { digest: stated });
            }
            verdicts.push(AttachmentVerdict { sha256: stated, bytes: attachment.bytes.len() as u64 });
        }
        Ok(verdicts)
    }

    /// The digests, in hexadecimal, of which an entry or an opened body speaks.
    fn mentioned(&self) -> BTreeSet<&str> {
        const MARK: &str = "sha256:";
        let entries = self.entries().map(|(_, entry)| entry.bytes());
        let texts = entries.chain(self.opened.values().map(crate::seal::Opened::body_bytes));
        let texts = texts.filter_map(|text| std::str::from_utf8(text).ok());
        let digest = |text: &'_ str, at: usize| at + MARK.len()..(at + MARK.len() + 64).min(text.len());
        texts
            .flat_map(|text| text.match_indices(MARK).filter_map(move |(at, _)| text.get(digest(text, at))))
            .collect()
    }
}

/// Credentials as the bundle's entries make them known and end them.
#[derive(Default)]
struct Credentials {
    added: Vec<(u64, Credential)>,
    revoked: Vec<(u64, Vec<u8>)>,
}

impl Credentials {
    /// The credential of this id as it stood before entry `number`.
    fn at(&self, number: u64, id: &[u8]) -> Result<Option<&Credential>, BundleError> {
        let revoked = self.revoked.iter().rev().find(|(at, revoked)| *at < number && revoked == id);
        let added = self.added.iter().rev().find(|(at, added)| *at < number && added.credential == id);
        match (added, revoked) {
            (added, Some((revoked, _))) if added.is_none_or(|(added, _)| added < revoked) => {
                Err(BundleError::Revoked { number, revoked: *revoked })
            }
            (added, _) => Ok(added.map(|(_, credential)| credential)),
        }
    }
}

/// Body of `credential.revoked`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Revoked {
    #[serde(with = "base64::member::url")]
    credential: Vec<u8>,
}

/// Body of `lines.batch`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Batch {
    count: u64,
    #[serde(rename = "first")]
    _first: String,
    receiver: String,
    #[serde(with = "base64::member::hash")]
    root: Hash,
}

fn same_root(found: Hash, asked: Hash) -> Result<(), TreeError> {
    if found == asked { Ok(()) } else { Err(TreeError::Root { found, asked }) }
}

fn limits(head: &Head, entries: &[EntryVerdict]) -> Vec<Limit> {
    let part = (entries.len() as u64) < head.checkpoint().size;
    let mut limits = BTreeSet::new();
    let mut note = |there: bool, limit| {
        if there {
            limits.insert(limit);
        }
    };
    note(head.standing() == Standing::HostAlone, Limit::HostAlone);
    note(part, Limit::PartOfLedger);
    for entry in entries {
        note(entry.body == BodyVerdict::Sealed, Limit::BodySealed);
        let Some(signature) = &entry.signature else { continue };
        note(!signature.content_compared, Limit::ContentNotInBundle);
        match signature.standing {
            SignatureStanding::CredentialNotInBundle => note(true, Limit::CredentialNotInBundle),
            SignatureStanding::SignedByPerson => note(part, Limit::RevocationUnknown),
            SignatureStanding::VouchedByServer => note(true, Limit::VouchedByServer),
        }
    }
    limits.into_iter().collect()
}
