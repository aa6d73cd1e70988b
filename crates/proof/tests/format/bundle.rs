//! Bundles: §8.3 to §8.5.

use crate::authenticator::{Authenticator, range_proof};
use crate::fixture::{chain, draft, expect_vectors, time};
use crate::statement::{LEDGER, approval, statement};
use model::{Actor, DataKeyId};
use proof::base64;
use proof::bundle::{Bundle, BundleBuilder, BundleError, Limit, Line, Verdict};
use proof::checkpoint::Checkpoint;
use proof::entry::{Body, Draft};
use proof::hash::{Hash, leaf_hash};
use proof::note::{KeyKind, SignerKey};
use proof::policy::Policy;
use proof::seal::{self, DataKey};
use proof::signature::{Evidence, Factor, Otp, Previous, Signature, Statement};
use proof::tree::root_of;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::time::Duration;

const PLAN: &[u8] = "機房平面圖".as_bytes();
const PHOTO: &[u8] = b"a photo of the door";

fn host() -> SignerKey {
    SignerKey::new(LEDGER, KeyKind::Ledger, &[0x0a; 32]).unwrap()
}

fn witness() -> SignerKey {
    SignerKey::new("witness.example/a", KeyKind::Witness, &[0x0b; 32]).unwrap()
}

fn witnessed_policy() -> String {
    format!("log {}\nwitness a {}\nquorum a\n", host().verifier(), witness().verifier())
}

fn host_policy() -> String {
    format!("log {}\nquorum none\n", host().verifier())
}

fn records() -> Vec<(Vec<u8>, [u8; 16])> {
    (0..9u8).map(|n| (format!("<134>fw-1 deny tcp 10.0.0.{n}").into_bytes(), [n; 16])).collect()
}

fn lines(records: &[(Vec<u8>, [u8; 16])]) -> Vec<Line<'_>> {
    records.iter().map(|(record, salt)| Line { salt, record }).collect()
}

fn sha256(bytes: &[u8]) -> String {
    let hex: String = Hash::of(&[bytes]).as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// A ledger of twelve entries that has one of each thing a bundle can prove.
#[derive(Clone)]
struct Ledger {
    drafts: Vec<Draft>,
    seconds: Vec<u64>,
}

impl Ledger {
    fn new() -> Self {
        let machine = |kind, body| Draft {
            actor: Actor::machine("ledger"),
            unit: None,
            form: None,
            body: Body::Clear { value: body, salt: None },
            ..draft(kind, "ledger", json!({}))
        };
        let (first, second) = (Authenticator::es256(1), Authenticator::ed_dsa(1));
        let proposed = draft("firewall-rule.proposed", &approval().subject, json!({ "plan": sha256(PLAN) }));
        let about_proposed = statement(&proposed, 1, Previous::Entry(3));
        let itself = statement(&approval(), 1, Previous::Itself);
        let sign = |evidence, statement| Some(Signature { evidence, statement });
        let approved = |signature| Draft { signature, ..approval() };
        let complaint = draft("complaint.filed", "complaint 1", json!({ "photo": sha256(PHOTO) }));
        let (key, nonce) = (DataKey::from_bytes([0x42; 32]), [0x24; 24]);
        let complaint = seal::seal(complaint, &key, DataKeyId::from_bytes([0x77; 16]), nonce).unwrap();
        let records = records();
        let leaves: Vec<_> = lines(&records).iter().map(Line::leaf).collect();
        let batch = json!({ "count": leaves.len(), "first": "1000", "receiver": "udp-514",
            "root": base64::encode(root_of(&leaves).as_bytes()) });
        let revoked = json!({ "credential": base64::encode_url(&second.credential) });
        let drafts = vec![
            machine(
                "ledger.created",
                json!({ "format": "ward-ledger/v1", "key": host().verifier().to_string(),
                "origin": LEDGER, "stewards": [] }),
            ),
            machine("credential.added", first.body()),
            machine("credential.added", second.body()),
            proposed,
            approved(sign(first.evidence(&about_proposed), about_proposed)),
            approved(sign(second.evidence(&itself), itself.clone())),
            complaint,
            machine("lines.batch", batch),
            approved(sign(Evidence::Otp(Otp { factor: Factor::Totp }), itself)),
            machine("credential.revoked", revoked),
            draft("note.taken", "x", json!({ "text": "一" })),
            draft("note.taken", "x", json!({ "text": "二" })),
        ];
        let seconds = (0..drafts.len() as u64).collect();
        Self { drafts, seconds }
    }

    /// The same with one entry changed.
    fn with(&self, number: usize, bend: impl FnOnce(&mut Draft)) -> Self {
        let mut bent = self.clone();
        bend(&mut bent.drafts[number]);
        bent
    }

    fn with_body(&self, number: usize, value: Value) -> Self {
        self.with(number, |draft| draft.body = Body::Clear { value, salt: None })
    }

    fn entries(&self) -> Vec<Vec<u8>> {
        let at = |seconds: &u64| time().plus(Duration::from_secs(*seconds));
        let drafts = self.drafts.iter().zip(&self.seconds);
        drafts.map(|(draft, seconds)| draft.encode().unwrap().stamp(at(seconds))).collect()
    }

    fn leaves(&self) -> Vec<Hash> {
        self.entries().iter().map(|entry| leaf_hash(entry)).collect()
    }

    fn head(&self, cosigned: bool) -> Vec<u8> {
        let checkpoint = Checkpoint::new(LEDGER, self.drafts.len() as u64, root_of(&self.leaves()));
        let mut head = checkpoint.sign(&host()).unwrap();
        if cosigned {
            head.note_mut().add(witness().sign(&checkpoint.text(), 1_795_400_000));
        }
        head.to_bytes()
    }

    fn bundle(&self, ranges: &[(u64, u64)]) -> BundleBuilder {
        let (entries, leaves) = (self.entries(), self.leaves());
        ranges.iter().fold(BundleBuilder::new(&self.head(true)), |bundle, (first, end)| {
            let part = &entries[*first as usize..*end as usize];
            bundle.entries(*first, part, &range_proof(*first, *end, &leaves))
        })
    }

    /// All entries, the opened complaint, the lines in two parts, both attachments.
    fn whole(&self) -> Vec<u8> {
        let (records, opened) = (records(), self.opened());
        let lines = lines(&records);
        let leaves: Vec<_> = lines.iter().map(Line::leaf).collect();
        self.bundle(&[(0, 12)])
            .opened(6, &opened)
            .lines(7, 1, &lines[1..3], &range_proof(1, 3, &leaves))
            .lines(7, 8, &lines[8..9], &range_proof(8, 9, &leaves))
            .attachment(PLAN)
            .attachment(PHOTO)
            .build()
            .unwrap()
    }

    fn opened(&self) -> Vec<u8> {
        let entry = self.entries().remove(6);
        let entry = proof::entry::Entry::parse(&entry).unwrap();
        seal::open(&entry, &DataKey::from_bytes([0x42; 32])).unwrap().plaintext().to_vec()
    }
}

fn check(bundle: &[u8], policy: &str) -> Result<Verdict, BundleError> {
    Bundle::parse(bundle)?.check(&Policy::parse(policy).unwrap())
}

/// A section: kind and arguments, content.
#[derive(Clone)]
struct Section(String, Vec<u8>);

/// The sections of a bundle.
fn sections(bundle: &[u8]) -> Vec<Section> {
    let mut rest = bundle.strip_prefix(b"ward-bundle/v1\n").unwrap();
    let mut sections = Vec::new();
    loop {
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap();
        let words: Vec<_> = std::str::from_utf8(&rest[..end]).unwrap().split(' ').collect();
        if words[0] == "end" {
            return sections;
        }
        let (length, arguments) = (words[1].parse::<usize>().unwrap(), words[2..].join(" "));
        let name = format!("{} {arguments}", words[0]).trim().to_owned();
        sections.push(Section(name, rest[end + 1..end + 1 + length].to_vec()));
        rest = &rest[end + 2 + length..];
    }
}

fn joined(sections: &[Section]) -> Vec<u8> {
    let mut bytes = b"ward-bundle/v1\n".to_vec();
    for Section(name, content) in sections {
        let (kind, arguments) = name.split_once(' ').unwrap_or((name, ""));
        let line = format!("{kind} {} {arguments}", content.len());
        bytes.extend_from_slice(line.trim_end().as_bytes());
        bytes.push(b'\n');
        bytes.extend_from_slice(content);
        bytes.push(b'\n');
    }
    bytes.extend_from_slice(format!("end {}\n", sections.len()).as_bytes());
    bytes
}

fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let at = bytes.windows(from.len()).position(|window| window == from.as_bytes()).expect(from);
    [&bytes[..at], to.as_bytes(), &bytes[at + from.len()..]].concat()
}

/// Bundles whose form is broken.
fn broken_forms() -> Vec<(&'static str, Vec<u8>)> {
    let ledger = Ledger::new();
    let good = ledger.whole();
    let parts = sections(&good);
    assert_eq!(joined(&parts), good);
    let edit = |edit: &dyn Fn(&mut Vec<Section>)| {
        let mut parts = parts.clone();
        edit(&mut parts);
        joined(&parts)
    };
    let raw = |name: &str, content: Vec<u8>| Section(name.to_owned(), content);
    let two_ranges = sections(&ledger.bundle(&[(0, 2), (5, 7)]).build().unwrap());
    let moved = |name: &str| {
        let mut parts = two_ranges.clone();
        parts[2].0 = format!("entries {name}");
        parts[4].0 = format!("range {name}");
        joined(&parts)
    };
    let length = format!("head {}\n", parts[0].1.len());
    let other_length = |length: String| replaced(&good, &format!("head {}\n", parts[0].1.len()), &length);
    let mut not_an_entry = parts[1].1.clone();
    let at = not_an_entry.windows(4).position(|window| window == b"\"key").unwrap();
    not_an_entry[at + 1] = b'K';
    vec![
        ("nothing", Vec::new()),
        ("another title", replaced(&good, "ward-bundle/v1", "ward-bundle/v2")),
        ("no newline behind the title", b"ward-bundle/v1".to_vec()),
        ("no head", edit(&|parts| drop(parts.remove(0)))),
        ("two heads", edit(&|parts| parts.insert(1, parts[0].clone()))),
        ("head with an argument", edit(&|parts| parts[0].0 = "head 1".to_owned())),
        ("unknown section", edit(&|parts| parts.push(raw("note", Vec::new())))),
        ("sections out of order", edit(&|parts| parts.swap(1, 2))),
        ("a section twice", edit(&|parts| parts.insert(2, parts[1].clone()))),
        ("lines out of order", edit(&|parts| parts.swap(4, 5))),
        ("attachments out of order", edit(&|parts| parts.swap(6, 7))),
        ("length with a leading zero", other_length(length.replace("head ", "head 0"))),
        ("length with a sign", other_length(length.replace("head ", "head +"))),
        ("length one too short", other_length(format!("head {}\n", parts[0].1.len() - 1))),
        ("length beyond the end", other_length("head 99999999\n".to_owned())),
        ("length beyond 2^64", other_length("head 99999999999999999999\n".to_owned())),
        ("no length", other_length("head\n".to_owned())),
        ("two spaces", other_length(length.replace("head ", "head  "))),
        ("space at the end of a line", other_length(length.replace('\n', " \n"))),
        ("carriage return", other_length(length.replace('\n', "\r\n"))),
        ("number with a leading zero", edit(&|parts| parts[1].0 = "entries 00".to_owned())),
        ("entries without number", edit(&|parts| parts[1].0 = "entries".to_owned())),
        ("lines without position", edit(&|parts| parts[4].0 = "lines 7".to_owned())),
        (
            "digest in capitals",
            edit(&|parts| parts[7].0 = parts[7].0.to_uppercase().replace("ATTACHMENT", "attachment")),
        ),
        (
            "digest too short",
            edit(&|parts| {
                parts[7].0.pop();
            }),
        ),
        ("another number of sections at the end", replaced(&good, "end 8\n", "end 7\n")),
        ("no end", good[..good.len() - 6].to_vec()),
        ("no newline behind the end", good[..good.len() - 1].to_vec()),
        ("something behind the end", [&good, b"\n".as_slice()].concat()),
        ("entries that touch", moved("2")),
        ("entries that overlap", moved("1")),
        ("entries beyond 2^64", moved("18446744073709551615")),
        ("entries without range", edit(&|parts| drop(parts.remove(2)))),
        ("range without entries", edit(&|parts| parts.insert(3, raw("range 1", Vec::new())))),
        ("no entries in a section", edit(&|parts| parts[1].1.clear())),
        (
            "entries break off",
            edit(&|parts| {
                parts[1].1.pop();
            }),
        ),
        ("half a length", edit(&|parts| parts[1].1.push(0))),
        ("something that is not an entry", edit(&|parts| parts[1].1.clone_from(&not_an_entry))),
        ("range not of whole hashes", edit(&|parts| parts[2].1.push(0))),
        ("opened text not a sealed text", edit(&|parts| parts[3].1[0] = b' ')),
        (
            "lines break off",
            edit(&|parts| {
                parts[4].1.pop();
            }),
        ),
        ("no lines in a section", edit(&|parts| parts[4].1 = vec![0; 4])),
        ("more lines than there are", edit(&|parts| parts[4].1[..4].copy_from_slice(&[0xff; 4]))),
        ("lines that touch", edit(&|parts| parts[5].0 = "lines 7 3".to_owned())),
    ]
}

/// Bundles of good form that prove nothing, or something else.
fn broken_proofs() -> Vec<(&'static str, Vec<u8>)> {
    let ledger = Ledger::new();
    let good = ledger.whole();
    let parts = sections(&good);
    let edit = |edit: &dyn Fn(&mut Vec<Section>)| {
        let mut parts = parts.clone();
        edit(&mut parts);
        joined(&parts)
    };
    let raw = |name: &str, content: &[u8]| Section(name.to_owned(), content.to_vec());
    let other = Ledger::new().with_body(11, json!({ "text": "三" }));
    let some = |ledger: &Ledger, ranges: &[(u64, u64)]| ledger.bundle(ranges).build().unwrap();
    let part = sections(&some(&ledger, &[(3, 5)]));
    let part_with = |edit: &dyn Fn(&mut Vec<Section>)| {
        let mut parts = part.clone();
        edit(&mut parts);
        joined(&parts)
    };
    let mut back = ledger.clone();
    back.seconds[5] = 2;
    let elsewhere = ledger.with(10, |draft| draft.kind = "ledger.created".to_owned());
    let headless = ledger.with(0, |draft| draft.kind = "ledger.begun".to_owned());
    let renamed = ledger.with_body(0, json!({ "origin": "other.example/ledger" }));
    let bad_credential = ledger.with_body(1, json!({ "alg": "ES256" }));
    let bad_revocation = ledger.with_body(9, json!({ "credential": "AQ==" }));
    let mut early = ledger.clone();
    early.drafts.swap(5, 9);
    let (opened, photo) = (ledger.opened(), sha256(PHOTO));
    let unsigned = ledger.with(5, |draft| {
        let signature = draft.signature.as_mut().unwrap();
        signature.statement = Statement { outcome: "refuse".to_owned(), ..signature.statement.clone() };
    });
    let bad_batch = ledger.with_body(7, json!({ "count": 9 }));
    let other_body = String::from_utf8(opened.clone()).unwrap().replace(&photo, &sha256(PLAN));
    vec![
        ("head changed", edit(&|parts| parts[0].1 = replaced(&parts[0].1, "\n12\n", "\n13\n"))),
        ("head without cosignature", edit(&|parts| parts[0].1 = ledger.head(false))),
        (
            "head of another ledger",
            edit(&|parts| parts[0].1 = replaced(&parts[0].1, LEDGER, "other.example")),
        ),
        ("head of another tree", edit(&|parts| parts[0].1 = other.head(true))),
        ("entry changed", edit(&|parts| parts[1].1 = replaced(&parts[1].1, "一", "乙"))),
        (
            "entries at another number",
            part_with(&|parts| {
                parts[1].0 = "entries 4".to_owned();
                parts[2].0 = "range 4".to_owned();
            }),
        ),
        (
            "entries beyond the tree",
            part_with(&|parts| {
                parts[1].0 = "entries 11".to_owned();
                parts[2].0 = "range 11".to_owned();
            }),
        ),
        ("range with a hash too many", edit(&|parts| parts[2].1.extend_from_slice(&[0; 32]))),
        ("range with a hash too few", part_with(&|parts| drop(parts[2].1.drain(..32)))),
        ("range with another hash", part_with(&|parts| parts[2].1[0] ^= 1)),
        ("time goes back", some(&back, &[(0, 12)])),
        ("time goes back between ranges", some(&back, &[(3, 4), (5, 6)])),
        ("created twice", some(&elsewhere, &[(0, 12)])),
        ("never created", some(&headless, &[(0, 1)])),
        ("created under another name", some(&renamed, &[(0, 1)])),
        ("opened entry that is not there", part_with(&|parts| parts.push(raw("opened 6", &opened)))),
        ("opened entry that is clear", edit(&|parts| parts[3].0 = "opened 5".to_owned())),
        ("opened body of another entry", edit(&|parts| parts[3].1 = other_body.clone().into_bytes())),
        ("credential that is none", some(&bad_credential, &[(1, 2)])),
        ("revocation that is none", some(&bad_revocation, &[(9, 10)])),
        ("signature that does not hold", some(&unsigned, &[(2, 3), (5, 6)])),
        ("signature after the revocation", some(&early, &[(0, 12)])),
        (
            "lines of an entry that is not there",
            edit(&|parts| {
                parts[4].0 = "lines 12 1".to_owned();
                parts.remove(5);
            }),
        ),
        (
            "lines of an entry that is no batch",
            edit(&|parts| {
                parts[4].0 = "lines 3 1".to_owned();
            }),
        ),
        ("lines of a batch that cannot be read", {
            let mut parts = sections(&some(&bad_batch, &[(7, 8)]));
            parts.push(self::sections(&good)[4].clone());
            joined(&parts)
        }),
        ("line changed", edit(&|parts| parts[4].1 = replaced(&parts[4].1, "10.0.0.1", "10.0.0.9"))),
        ("lines at another position", edit(&|parts| parts[4].0 = "lines 7 2".to_owned())),
        ("lines beyond the batch", edit(&|parts| parts[5].0 = "lines 7 9".to_owned())),
        ("attachment changed", edit(&|parts| parts[6].1.push(b'!'))),
        (
            "attachment nobody speaks of",
            edit(&|parts| {
                parts.retain(|Section(name, _)| !name.starts_with("attachment"));
                let unknown = sha256(b"unknown").replace("sha256:", "attachment ");
                parts.push(raw(&unknown, b"unknown"));
            }),
        ),
        ("attachment of which only a sealed body speaks", edit(&|parts| drop(parts.remove(3)))),
    ]
}

#[test]
fn a_bundle_proves_what_is_in_it_and_says_what_it_cannot_know() {
    let ledger = Ledger::new();
    let whole = check(&ledger.whole(), &witnessed_policy()).unwrap();
    assert_eq!(whole.entries.len(), 12);
    assert_eq!(whole.limits, [Limit::VouchedByServer]);
    let alone = check(&ledger.whole(), &host_policy()).unwrap();
    assert_eq!(alone.limits, [Limit::HostAlone, Limit::VouchedByServer]);
    let part = ledger.bundle(&[(4, 5), (6, 7)]).build().unwrap();
    let part = check(&part, &witnessed_policy()).unwrap();
    let limits =
        [Limit::BodySealed, Limit::ContentNotInBundle, Limit::CredentialNotInBundle, Limit::PartOfLedger];
    assert_eq!(part.limits, limits);
    let with_credential = ledger.bundle(&[(1, 2), (3, 5)]).build().unwrap();
    let with_credential = check(&with_credential, &witnessed_policy()).unwrap();
    assert_eq!(with_credential.limits, [Limit::PartOfLedger, Limit::RevocationUnknown]);
}

#[test]
fn a_bundle_without_entries_proves_its_head() {
    let bundle = Ledger::new().bundle(&[]).build().unwrap();
    let verdict = check(&bundle, &witnessed_policy()).unwrap();
    assert_eq!((verdict.size, verdict.entries.len()), (12, 0));
}

#[test]
fn what_a_bundle_holds_can_be_read_out() {
    let bytes = Ledger::new().whole();
    let bundle = Bundle::parse(&bytes).unwrap();
    assert_eq!(bundle.entries().map(|(number, _)| number).collect::<Vec<_>>(), (0..12).collect::<Vec<_>>());
    assert_eq!(bundle.entry(3).unwrap().kind(), "firewall-rule.proposed");
    assert!(bundle.entry(12).is_none());
    assert_eq!(bundle.opened(6).unwrap().body()["photo"], json!(sha256(PHOTO)));
    let parts: Vec<_> =
        bundle.lines().iter().map(|part| (part.number(), part.first(), part.lines().len())).collect();
    assert_eq!(parts, [(7, 1, 2), (7, 8, 1)]);
    assert_eq!(bundle.lines()[1].lines()[0].record, records()[8].0);
    assert_eq!(bundle.attachments().len(), 2);
}

#[test]
fn limits_are_said_in_both_languages() {
    for limit in [Limit::BodySealed, Limit::HostAlone, Limit::RevocationUnknown] {
        assert!(!limit.zh().is_ascii() && limit.en().is_ascii());
    }
}

#[test]
fn vectors_of_bundles() {
    let ledger = Ledger::new();
    let good = [
        ("everything", ledger.whole(), witnessed_policy()),
        ("vouched by the host alone", ledger.whole(), host_policy()),
        ("some entries", ledger.bundle(&[(1, 2), (3, 5), (6, 7)]).build().unwrap(), witnessed_policy()),
        ("a signature without its credential", ledger.bundle(&[(4, 5)]).build().unwrap(), witnessed_policy()),
    ];
    let good = good.map(|(rule, bundle, policy)| {
        let verdict = check(&bundle, &policy).unwrap();
        json!({ "rule": rule, "bundle": base64::encode(&bundle), "policy": policy, "verdict": verdict })
    });
    let broken = broken_forms().into_iter().map(|broken| (true, broken));
    let broken = broken.chain(broken_proofs().into_iter().map(|broken| (false, broken)));
    let refused: Vec<_> = broken
        .map(|(form, (rule, bundle))| {
            assert_eq!(Bundle::parse(&bundle).is_err(), form, "{rule}");
            let why = chain(&check(&bundle, &witnessed_policy()).expect_err(rule));
            json!({ "rule": rule, "bundle": base64::encode(&bundle), "why": why })
        })
        .collect();
    let vectors = json!({ "accepted": good, "policy": witnessed_policy(), "refused": refused });
    expect_vectors("bundle.json", &vectors);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn one_changed_byte_anywhere_is_refused(place: prop::sample::Index, with in 1u8..=255, cut: bool) {
        let mut bundle = Ledger::new().whole();
        let place = place.index(bundle.len());
        if cut { bundle.remove(place); } else { bundle[place] ^= with; }
        prop_assert!(check(&bundle, &witnessed_policy()).is_err(), "byte {}", place);
    }

    #[test]
    fn any_set_of_apart_ranges_is_proven(cuts in prop::collection::btree_set(0u64..=12, 0..6)) {
        let cuts: Vec<_> = cuts.into_iter().collect();
        let ranges: Vec<_> = cuts.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
        let bundle = Ledger::new().bundle(&ranges).build().unwrap();
        let verdict = check(&bundle, &host_policy()).unwrap();
        let numbers: Vec<_> = verdict.entries.iter().map(|entry| entry.number).collect();
        prop_assert_eq!(numbers, ranges.iter().flat_map(|(first, end)| *first..*end).collect::<Vec<_>>());
    }
}
