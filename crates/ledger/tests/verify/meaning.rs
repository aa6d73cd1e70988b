//! Ledgers whose hashes and signatures are all right, and whose entries must not be: the host itself has broken the
//! rules.

use crate::fixture::{ORIGIN, Signer, created, draft, judge_ledger, key_of, sealed};
use crate::forged::{assert_refused, at, entries_of, first_wrong, ledger_of};
use ledger::verify::{Keys, LedgerVerifier, Progress, SealKey, verify};
use model::DataKeyId;
use proof::entry::Draft;
use proof::seal::DataKey;
use serde_json::json;
use testkit::Chance;

fn noted(n: u64) -> Draft {
    draft("test.noted", "room", json!({ "n": n }))
}

/// What is spelt otherwise, how, and in which entry.
type Spelling = (&'static str, fn(&str) -> String, u64);

#[test]
fn a_ledger_that_keeps_the_rules_is_good() {
    let drafts: Vec<_> = (0..600).map(noted).collect();
    assert_eq!(first_wrong(&entries_of(&drafts)), None);
}

#[test]
fn another_spelling_of_an_entry_is_refused_though_all_hashes_are_right() {
    let good = entries_of(&(0..300).map(noted).collect::<Vec<_>>());
    let spellings: [Spelling; 4] = [
        ("white space", |text| text.replacen(r#"{"n""#, r#"{ "n""#, 1), 36),
        ("an escape that is not needed", |text| text.replacen("room", "r\\u006fom", 1), 0),
        ("members in another order", |text| text.replacen(r#""n":200"#, r#""n":200,"a":1"#, 1), 0),
        ("a fraction", |text| text.replacen(r#""n":200"#, r#""n":200.0"#, 1), 0),
    ];
    for (what, respell, at) in spellings {
        let mut entries = good.clone();
        entries[201] = respell(std::str::from_utf8(&good[201]).unwrap()).into_bytes();
        assert_ne!(entries[201], good[201]);
        let (entry, within, reason) = first_wrong(&entries).unwrap_or_else(|| panic!("{what}"));
        assert_eq!(entry, Some(201), "{what}: {reason}");
        assert!(reason.contains("not of the form"), "{what}: {reason}");
        assert!(at == 0 || within == at, "{what}: byte {within}");
    }
}

#[test]
fn times_that_go_back_are_found_within_a_bundle_and_between_bundles() {
    for late in [100, 512, 2_048] {
        let mut entries = entries_of(&(0..2_300).map(noted).collect::<Vec<_>>());
        let before = usize::try_from(late).unwrap() - 1;
        entries[before] = noted(0).encode().unwrap().stamp(at(9_000));
        assert_refused(&entries, late, "before that of entry");
    }
}

#[test]
fn entries_about_the_ledger_itself_must_say_what_the_format_asks_for() {
    let own = |kind: &str, body| draft(kind, ORIGIN, body);
    let again = serde_json::to_value(created(&key_of(1))).unwrap();
    let key = DataKeyId::from_bytes([1; 16]);
    let destroyed = |case: &str| json!({ "backups_expire": "none", "case": case, "key": key, "reason": "x" });
    let (old, new) = (key_of(1).verifier().to_string(), key_of(2).verifier().to_string());
    let change = json!({ "by_new": "", "by_old": "", "new": new, "old": old });
    for (wrong, reason) in [
        (own("ledger.created", again), "Only entry 0"),
        (own("ledger.clock-stepped-back", json!({ "by_us": 5 })), "clock-stepped-back"),
        (own("ledger.clock-stepped-back", json!({ "by_us": "05" })), "not a number"),
        (own("ledger.recovered", json!({ "dropped_bytes": "5", "file": "a", "more": 1 })), "unknown field"),
        (own("ledger.key-destroyed", destroyed("2")), "does not come before"),
        (own("ledger.key-changed", change), "change of the ledger's key"),
        (own("ledger.forgotten", json!({})), "no such kind"),
        (own("credential.revoked", json!({ "credential": "?" })), "base64url"),
        (own("credential.added", json!({ "credential": "AAAA" })), "missing field"),
    ] {
        assert_refused(&entries_of(&[noted(1), wrong, noted(3)]), 2, reason);
    }
    let mut entries = entries_of(&[noted(1)]);
    entries.remove(0);
    assert_refused(&entries, 0, "Entry 0 must be");
}

#[test]
fn a_head_beyond_a_change_of_key_must_be_signed_by_the_new_one() {
    let (old, new) = (key_of(1), key_of(2));
    let text = proof::lifecycle::key_change_text(
        ORIGIN,
        &old.verifier().to_string(),
        &new.verifier().to_string(),
        2,
    );
    let change = json!({
        "by_new": proof::base64::encode(&new.sign_bytes(text.as_bytes())),
        "by_old": proof::base64::encode(&old.sign_bytes(text.as_bytes())),
        "new": new.verifier().to_string(),
        "old": old.verifier().to_string(),
    });
    let entries = entries_of(&[noted(1), draft("ledger.key-changed", ORIGIN, change), noted(2)]);
    assert!(judge_ledger(&ledger_of(&entries, &new), None).is_good());
    let report = judge_ledger(&ledger_of(&entries, &old), None);
    assert_eq!(report.findings.kept()[0].path, "ledger/checkpoint");
    assert!(report.findings.kept()[0].what.en.contains("not the ledger's key for a head of 4"));
}

#[test]
fn signatures_must_hold_when_and_where_they_stand() {
    let mut one = Signer::new(7);
    let other = Signer::new(8);
    let filed = draft("case.filed", "r-1", json!({}));
    let hash = filed.encode().unwrap().content_hash();
    let revoked = proof::base64::encode_url(&one.passkey.credential().credential);
    let revoked = draft("credential.revoked", "c", json!({ "credential": revoked }));
    let signed = one.signed("r-1", Some((2, hash)), true);
    let good = [one.added(), filed.clone(), signed.clone()];
    assert_eq!(first_wrong(&entries_of(&good)), None);

    let refused = |drafts: &[Draft], entry, reason| assert_refused(&entries_of(drafts), entry, reason);
    refused(&[noted(1), filed.clone(), signed.clone(), one.added()], 3, "credential is not known");
    refused(&[one.added(), filed.clone(), revoked.clone(), signed.clone()], 4, "credential is not known");
    let changed = draft("case.filed", "r-1", json!({ "more": 1 }));
    refused(&[one.added(), changed, signed.clone()], 3, "not that of entry 2");
    refused(
        &[one.added(), filed.clone(), one.signed("r-1", Some((3, hash)), true)],
        3,
        "does not come before",
    );
    let elsewhere = Draft { subject: "r-2".to_owned(), ..signed.clone() };
    refused(&[one.added(), filed.clone(), elsewhere], 3, "`record`");
    // The credential's id is taken over by somebody else's key.
    let mut taken = other.passkey.credential().clone();
    taken.credential.clone_from(&one.passkey.credential().credential);
    let taken = draft("credential.added", "c", serde_json::to_value(&taken).unwrap());
    refused(&[one.added(), filed.clone(), taken, signed.clone()], 4, "`person`");
    // Far from its credential, in a bundle that another thread reads.
    let mut far = vec![one.added(), filed];
    far.extend((0..5_000).map(noted));
    far.push(revoked);
    far.extend((0..5_000).map(noted));
    far.push(signed);
    let last = far.len() as u64;
    refused(&far, last, "credential is not known");
}

/// A vault in which one key has this fate and all others are unknown.
struct OneKey(DataKeyId, Fate);

#[derive(Clone, Copy)]
enum Fate {
    Here([u8; 32]),
    Destroyed,
    Unknown,
}

impl Keys for OneKey {
    fn state(&self, key: DataKeyId) -> SealKey {
        match self.1 {
            Fate::Here(bytes) if key == self.0 => SealKey::Here(DataKey::from_bytes(bytes)),
            Fate::Destroyed if key == self.0 => SealKey::Destroyed,
            _ => SealKey::Unknown,
        }
    }
}

struct Unwatched;

impl Progress for Unwatched {
    fn plan(&self, _files: u64) {}
    fn done(&self, _files: u64, _bytes: u64) {}
}

#[test]
fn each_sealed_body_opens_or_its_key_was_destroyed_by_an_entry_behind_it() {
    let id = DataKeyId::from_bytes([4; 16]);
    let sealed = |n| sealed(n, &DataKey::from_bytes([5; 32]), id, &mut Chance::new(n)).stamp(at(0));
    let body = json!({ "backups_expire": "2030-01-01", "case": "0", "key": id, "reason": "x" });
    let destroyed = draft("ledger.key-destroyed", ORIGIN, body).encode().unwrap().stamp(at(0));
    let judge = |rest: &[&Vec<u8>], fate| {
        let mut entries = entries_of(&[]);
        entries.extend(rest.iter().map(|entry| entry.to_vec()));
        let (files, keys) = (ledger_of(&entries, &key_of(1)), OneKey(id, fate));
        let report = verify(&files, false, 1, &[&LedgerVerifier::new(Some(&keys), None)], &Unwatched);
        let report = report.unwrap().unwrap();
        report.findings.kept().first().map(|finding| (finding.entry, finding.what.en.clone()))
    };
    let refused = |rest: &[&Vec<u8>], fate, entry, reason: &str| {
        let (found, what) = judge(rest, fate).unwrap();
        assert_eq!(found, Some(entry), "{what}");
        assert!(what.contains(reason), "{what}");
    };
    let (here, one, two) = (Fate::Here([5; 32]), sealed(1), sealed(2));
    assert_eq!(judge(&[&one, &two], here), None);
    assert_eq!(judge(&[&one, &destroyed], Fate::Destroyed), None);
    assert_eq!(judge(&[&one, &destroyed], Fate::Unknown), None);
    refused(&[&one, &two], Fate::Here([6; 32]), 1, "does not open");
    refused(&[&one, &two], Fate::Destroyed, 1, "no entry of the ledger says so");
    refused(&[&one, &two], Fate::Unknown, 1, "not in the vault");
    refused(&[&one, &destroyed], here, 1, "the vault still has it");
    refused(&[&one, &destroyed, &two], Fate::Destroyed, 3, "seals an entry that comes after it");
}
