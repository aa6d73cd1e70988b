//! The heads: is each signed by the key of its time, is its root that of the entries, who else has cosigned it?
//!
//! Owns: `ledger/checkpoint`, `ledger/durable`, `ledger/cosigned`, and the verdict on whose word they stand.
//! Invariant: every byte of a head is accounted for: text, the ledger's signature, cosignatures of known witnesses.
//! Source: C2SP tlog-checkpoint, tlog-cosignature, tlog-policy; `docs/format.md` §5, §8.1.

use super::history::KeyHistory;
use super::journal::RecordHead;
use super::scan::first_difference;
use super::shelf::{Shelf, path_of};
use super::tree::Tree;
use super::{Context, Finding, Findings, Got, Progress, unreadable, words};
pub(super) use crate::objects::{CHECKPOINT, COSIGNED};
use proof::checkpoint::{Checkpoint, SignedCheckpoint};
use proof::hash::Hash;
use proof::note::{SignatureLine, VerifierKey};
use proof::policy::{Cosigned, Policy, Standing};
use proof::tile::{self, Tile};

pub(super) const DURABLE: &str = "durable";

/// The heads that are there.
#[derive(Default)]
pub(super) struct Heads {
    files: Vec<HeadFile>,
}

/// A head as it lies in its file.
struct HeadFile {
    name: &'static str,
    path: String,
    bytes: Vec<u8>,
    /// None where it is not a signed checkpoint.
    head: Option<SignedCheckpoint>,
}

/// Who is trusted to say what.
pub(super) struct Trust<'a> {
    /// The ledger's name and keys, from its own entries.
    pub(super) origin: &'a str,
    pub(super) keys: &'a KeyHistory,
    /// The installation's own policy.
    pub(super) own: Option<&'a Policy>,
    /// The policy of whoever verifies.
    pub(super) asked: Option<&'a Policy>,
}

/// On whose word the ledger stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Vouched {
    /// The largest head that met a quorum, and who cosigned it.
    pub(super) witnessed: Option<(u64, Vec<Cosigned>)>,
}

/// Whether this is the file of a head.
pub(super) fn owns(path: &str) -> bool {
    let name = path.strip_prefix("ledger/");
    name.is_some_and(|name| [CHECKPOINT, DURABLE, COSIGNED].contains(&name))
}

impl Heads {
    /// Reads the heads of these names.
    pub(super) fn read(
        &mut self,
        context: &Context<'_>,
        names: &[&'static str],
        progress: &dyn Progress,
        findings: &mut Findings,
    ) {
        for name in names {
            let path = format!("ledger/{name}");
            match context.read(&path) {
                Got::Here(bytes) => {
                    progress.done(1, bytes.len() as u64);
                    let head = SignedCheckpoint::parse(&bytes).ok();
                    self.files.push(HeadFile { name, path, bytes, head });
                }
                Got::Missing if *name == COSIGNED => {}
                Got::Missing => findings.add(Finding::bytes(path, words::missing())),
                Got::Unreadable(error) => findings.add(unreadable(&path, &error)),
            }
        }
    }

    /// What the heads claim.
    pub(super) fn claims(&self) -> impl Iterator<Item = &Checkpoint> {
        self.files.iter().filter_map(|file| file.head.as_ref()).map(SignedCheckpoint::unverified)
    }

    /// Size that the head of this name claims.
    fn claimed_by(&self, name: &str) -> Option<u64> {
        let file = self.files.iter().find(|file| file.name == name)?;
        file.head.as_ref().map(|head| head.unverified().size)
    }

    /// Size of the head below which all is durable.
    pub(super) fn durable(&self) -> Option<u64> {
        self.claimed_by(DURABLE)
    }

    /// How many entries the published files hold. Nobody has checked the heads yet: a size counts when the files at its
    /// edge are there, or when two heads name it.
    pub(super) fn size(&self, context: &Context<'_>, shelf: &Shelf) -> u64 {
        let is_there = |tile: Tile| {
            shelf.has(tile) || shelf.has(tile.full()) || matches!(context.read(&path_of(tile)), Got::Here(_))
        };
        let sizes: Vec<_> = self.claims().map(|head| head.size).collect();
        let counts = |size: u64| {
            let mut edge = tile::edge(size).filter(|tile| tile.kind.level() == 0);
            edge.any(is_there) || sizes.iter().filter(|other| **other == size).count() > 1
        };
        let within = || sizes.iter().copied().filter(|size| *size <= shelf.extent()).max();
        let sure = sizes.iter().copied().filter(|size| counts(*size)).max();
        sure.or_else(within).unwrap_or_else(|| shelf.extent())
    }

    /// Judges each head.
    pub(super) fn judge(
        &self,
        trust: &Trust<'_>,
        tree: &Tree,
        size: u64,
        findings: &mut Findings,
    ) -> Vouched {
        let mut vouched = Vouched::default();
        for file in &self.files {
            let Some(head) = file.judge(trust, tree, size, findings) else { continue };
            let judges = [trust.asked.map(|policy| (policy, true)), trust.own.map(|policy| (policy, false))];
            // Whoever verifies brings his own policy, or takes the installation's word for it.
            let Some((policy, asked)) = judges.into_iter().flatten().next() else { continue };
            match policy.judge(&file.bytes) {
                Ok(judged) => vouched.add(head.unverified().size, judged.standing(), judged.cosigned()),
                Err(error) if asked => findings.add(Finding::meaning(&file.path, words::refused(&error))),
                Err(error) => {
                    findings.add(Finding::meaning("policy", words::own_policy_refuses(&file.path, &error)))
                }
            }
        }
        if vouched.witnessed.is_none() && trust.asked.is_some_and(Policy::asks_for_witnesses) {
            let path = format!("ledger/{CHECKPOINT}");
            findings.add(Finding::meaning(path, words::no_quorum()));
        }
        vouched
    }
}

impl Vouched {
    fn add(&mut self, size: u64, standing: Standing, cosigned: &[Cosigned]) {
        let larger = self.witnessed.as_ref().is_none_or(|(other, _)| *other < size);
        if standing == Standing::Witnessed && larger {
            self.witnessed = Some((size, cosigned.to_vec()));
        }
    }
}

impl HeadFile {
    /// The head, when text and signatures are right.
    fn judge(
        &self,
        trust: &Trust<'_>,
        tree: &Tree,
        published: u64,
        findings: &mut Findings,
    ) -> Option<&SignedCheckpoint> {
        let wrong = |what| Finding::bytes(&self.path, what);
        let Some(head) = &self.head else {
            let at = self.departs(trust, tree, &[published]);
            findings.add(wrong(words::head_form()).at(at));
            return None;
        };
        let claims = head.unverified();
        let bytes = head.to_bytes();
        if let Some(at) = first_difference(&self.bytes, &bytes) {
            findings.add(wrong(words::head_form()).at(at as u64));
            return None;
        }
        let root = tree.root_at(claims.size);
        let text = Checkpoint::new(trust.origin, claims.size, root.unwrap_or(claims.root)).text();
        if claims.text() != text {
            let at = self.departs(trust, tree, &[claims.size, published]);
            let signed = trust.keys.at(claims.size).is_some_and(|key| head.note().verify(key).is_ok());
            // A head that was signed and is not that of the entries tells of another history.
            findings.add(
                wrong(if signed { words::other_history(claims.size) } else { words::head_changed() }).at(at),
            );
            return None;
        }
        if root.is_none() {
            let finding = wrong(words::head_beyond(claims.size, tree.size()));
            findings.add(finding.at(trust.origin.len() as u64 + 1));
            return None;
        }
        let before = findings.count();
        self.signatures(head, trust, findings);
        (findings.count() == before).then_some(head)
    }

    /// Each signature is the ledger's or a known witness's, and holds.
    fn signatures(&self, head: &SignedCheckpoint, trust: &Trust<'_>, findings: &mut Findings) {
        let note = head.note();
        let witnesses = || trust.own.into_iter().chain(trust.asked).flat_map(Policy::witnesses);
        let size = head.unverified().size;
        let key = trust.keys.at(size);
        let mut at = note.unverified_text().len() + 1;
        let mut own = false;
        let mut met: Vec<(&str, [u8; 4])> = Vec::new();
        for line in note.signatures() {
            let wrong = |what| Finding::bytes(&self.path, what).at(at as u64);
            let by = |key: &VerifierKey| key.short() == short(line);
            if met.contains(&(line.name.as_str(), line.id)) {
                findings.add(wrong(words::signed_twice(&short(line))));
            } else if let Some(key) = key.filter(|key| by(key)) {
                own = true;
                if note.verify(key).is_err() {
                    findings.add(wrong(words::head_changed()));
                }
            } else if let Some(witness) = witnesses().find(|witness| by(&witness.key)) {
                if note.verify(&witness.key).is_err() {
                    findings.add(wrong(words::cosignature(&witness.name)));
                }
            } else if line.name == trust.origin && trust.keys.is_empty() {
                // Entry 0, which names the first key, cannot be read, and that is the thing to mend.
            } else if line.name == trust.origin {
                // It may be that the entry which changed the key is the one that is wrong; that one comes first.
                let finding = Finding::meaning(&self.path, words::not_in_force(&short(line), size));
                findings.add(finding.at(at as u64));
            } else if trust.own.is_some() || trust.asked.is_some() {
                findings.add(wrong(words::unknown_signer(&short(line))));
            }
            met.push((&line.name, line.id));
            at += line.to_string().len();
        }
        if !own && key.is_some() {
            let at = note.unverified_text().len() as u64 + 1;
            findings.add(Finding::meaning(&self.path, words::unsigned()).at(at));
        }
    }

    /// Where the file departs from what a head of one of these sizes would say: of the one it is most like.
    fn departs(&self, trust: &Trust<'_>, tree: &Tree, sizes: &[u64]) -> u64 {
        let text = |size: &u64| Some(Checkpoint::new(trust.origin, *size, tree.root_at(*size)?).text());
        let unlike = |text: &String| {
            let differ = self.bytes.iter().zip(text.as_bytes()).filter(|(found, asked)| found != asked);
            differ.count()
        };
        let text = sizes.iter().filter_map(text).min_by_key(unlike);
        self.differs_from(text.as_deref().unwrap_or_default())
    }

    /// Where the file departs from this text; behind it, where its signatures cease to be some.
    fn differs_from(&self, text: &str) -> u64 {
        let length = text.len().min(self.bytes.len());
        let begins = self.bytes.get(..length).unwrap_or_default();
        if let Some(at) = first_difference(begins, text.as_bytes()) {
            return at as u64;
        }
        let rest = self.bytes.get(length..).unwrap_or_default();
        if rest.first() != Some(&b'\n') {
            return length as u64;
        }
        let mut at = length + 1;
        for line in rest.get(1..).unwrap_or_default().split_inclusive(|byte| *byte == b'\n') {
            let read = std::str::from_utf8(line).ok().and_then(|line| line.strip_suffix('\n'));
            if read.is_none_or(|line| line.parse::<SignatureLine>().is_err()) {
                return at as u64;
            }
            at += line.len();
        }
        at as u64
    }
}

/// Checks the signatures of the journal's heads, whose roots are right already.
pub(super) fn judge_records(heads: &[RecordHead], trust: &Trust<'_>, cores: usize, findings: &mut Findings) {
    let check = |heads: &[RecordHead]| {
        let mut findings = Findings::new();
        for RecordHead { path, at, size, head } in heads {
            let signed = |key| head.note().signatures().len() == 1 && head.note().verify(key).is_ok();
            let named = head.unverified().origin == trust.origin;
            if !named || !trust.keys.at(*size).is_none_or(signed) {
                let finding = Finding::meaning(path, words::record_head()).at(*at);
                findings.add(finding.of_entry(size.saturating_sub(1)));
            }
        }
        findings
    };
    let part = heads.len().div_ceil(cores).max(1);
    std::thread::scope(|scope| {
        let threads: Vec<_> = heads.chunks(part).map(|part| scope.spawn(|| check(part))).collect();
        for thread in threads {
            match thread.join() {
                Ok(found) => findings.join(found),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
}

/// Sizes and roots that heads claim, for those who must decide before the heads are judged.
pub(super) fn roots(heads: &Heads) -> Vec<(u64, Hash)> {
    heads.claims().map(|head| (head.size, head.root)).collect()
}

fn short(line: &SignatureLine) -> String {
    let id: String = line.id.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}+{id}", line.name)
}
