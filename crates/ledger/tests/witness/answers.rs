//! Every answer of `add-checkpoint`, and what the witness remembers after it.

use crate::log::{Log, ORIGIN, at, log_key, new_witness, reopen, witness_key};
use ledger::disk::{Disk, replace};
use ledger::witness::{Answer, Witness, WitnessError, add_log, create, end_key};
use proof::checkpoint::{Checkpoint, SignedCheckpoint};
use proof::hash::Hash;
use proof::note::{KeyKind, Note, SignerKey};
use proof::tree::root_of;
use std::sync::Arc;
use testkit::CrashDisk;

fn text(answer: &Answer) -> String {
    String::from_utf8(answer.body.clone()).unwrap()
}

fn last_size(witness: &Witness) -> Option<u64> {
    let logs = witness.logs().unwrap();
    logs[0].last.as_ref().unwrap().as_ref().map(|last| last.size)
}

fn assert_size(answer: &Answer, size: &str) {
    assert_eq!((answer.status, answer.content_type, text(answer).as_str()), (409, "text/x.tlog.size", size));
}

#[test]
fn a_head_that_continues_the_last_is_cosigned_and_remembered() {
    let disk = CrashDisk::new();
    let witness = new_witness(&disk, "w.example", 11);
    let log = Log::new("entry", 300);
    assert_eq!(last_size(&witness), None);
    let mut old = 0;
    for size in [0, 1, 2, 2, 7, 256, 257, 300] {
        let answer = log.ask(&witness, old, size);
        assert_eq!(answer.status, 200, "{}", text(&answer));
        let lines = Note::parse_signatures(&text(&answer)).unwrap();
        let note = Note::new(log.head(size).note().unverified_text(), lines).unwrap();
        assert_eq!(note.verify(witness.key()).unwrap().at_seconds, 1_000);
        assert_eq!(last_size(&witness), Some(size as u64));
        old = size;
    }
    let id = &witness.logs().unwrap()[0].id;
    let published = SignedCheckpoint::parse(&witness.checkpoint(id).unwrap().unwrap()).unwrap();
    assert_eq!(published.unverified(), log.head(300).unverified());
    assert!(published.note().verify(witness.key()).is_ok());
    assert!(published.note().verify(log.key.verifier()).is_ok());
    assert_eq!(witness.checkpoint("00").unwrap(), None);
}

#[test]
fn what_is_no_request_gets_400() {
    let witness = new_witness(&CrashDisk::new(), "w.example", 11);
    let log = Log::new("entry", 9);
    let good = String::from_utf8(log.request(0, 9).to_bytes()).unwrap();
    let too_old = log.request(0, 9).to_bytes();
    let too_old = String::from_utf8(too_old).unwrap().replacen("old 0", "old 10", 1);
    for bad in [
        String::new(),
        "old 0\n".to_owned(),
        good.replacen("old 0", "old 00", 1),
        good.replacen("old 0", "old 0\nnot a hash", 1),
        good.replacen("\n9\n", "\n09\n", 1),
        good.replacen("— ", "", 1),
        too_old,
    ] {
        assert_eq!(witness.add_checkpoint(bad.as_bytes(), at(1)).status, 400, "{bad}");
    }
    assert_eq!(witness.add_checkpoint(b"\xff\n\n", at(1)).status, 400);
    assert_eq!(last_size(&witness), None);
}

#[test]
fn a_log_nobody_named_gets_404_and_a_strangers_signature_403() {
    let witness = new_witness(&CrashDisk::new(), "w.example", 11);
    let other = SignerKey::new("other.example", KeyKind::Ledger, &[1; 32]).unwrap();
    let unknown = Log { key: other, ..Log::new("entry", 3) };
    assert_eq!(unknown.ask(&witness, 0, 3).status, 404);
    let forged = Log { key: log_key(2), ..Log::new("entry", 3) };
    assert_eq!(forged.ask(&witness, 0, 3).status, 403);
    let mut broken = Log::new("entry", 3).request(0, 3).to_bytes();
    let end = broken.len() - 6;
    broken[end] = if broken[end] == b'A' { b'B' } else { b'A' };
    assert_eq!(witness.add_checkpoint(&broken, at(1)).status, 403);
    assert_eq!(last_size(&witness), None);
}

#[test]
fn signatures_of_strangers_are_ignored_and_not_kept() {
    let witness = new_witness(&CrashDisk::new(), "w.example", 11);
    let log = Log::new("entry", 3);
    let mut request = log.request(0, 3);
    let line = witness_key("stranger.example", 99).sign(request.head.note().unverified_text(), 5);
    request.head.note_mut().add(line);
    assert_eq!(witness.add_checkpoint(&request.to_bytes(), at(1)).status, 200);
    let id = &witness.logs().unwrap()[0].id;
    let kept = SignedCheckpoint::parse(&witness.checkpoint(id).unwrap().unwrap()).unwrap();
    assert_eq!(kept.note().signatures().len(), 2);
}

#[test]
fn a_replay_or_another_old_size_gets_409_with_the_size() {
    let witness = new_witness(&CrashDisk::new(), "w.example", 11);
    let log = Log::new("entry", 20);
    assert_size(&log.ask(&witness, 3, 20), "0\n");
    assert_eq!(log.ask(&witness, 0, 12).status, 200);
    assert_size(&log.ask(&witness, 0, 12), "12\n");
    assert_size(&log.ask(&witness, 0, 20), "12\n");
    assert_size(&log.ask(&witness, 5, 20), "12\n");
    assert_size(&log.ask(&witness, 5, 8), "12\n");
    assert_eq!(last_size(&witness), Some(12));
}

#[test]
fn a_shorter_log_is_never_cosigned() {
    let witness = new_witness(&CrashDisk::new(), "w.example", 11);
    let log = Log::new("entry", 20);
    assert_eq!(log.ask(&witness, 0, 12).status, 200);
    let mut shorter = log.request(0, 8);
    for old in [0, 8] {
        shorter.old = old;
        assert_size(&witness.add_checkpoint(&shorter.to_bytes(), at(1)), "12\n");
    }
    shorter.old = 12;
    assert_eq!(witness.add_checkpoint(&shorter.to_bytes(), at(1)).status, 400);
    assert_eq!(last_size(&witness), Some(12));
}

#[test]
fn another_root_of_the_same_size_gets_409_and_is_kept_as_evidence() {
    let witness = new_witness(&CrashDisk::new(), "w.example", 11);
    let log = Log::new("entry", 12);
    assert_eq!(log.ask(&witness, 0, 12).status, 200);
    let fork = log.forked(11, "another");
    let answer = fork.ask(&witness, 12, 12);
    assert_eq!(answer.status, 409);
    assert!(text(&answer).contains("12"));
    // The same fork shown with another old size is no less a fork, and kept once.
    assert_size(&fork.ask(&witness, 0, 12), "12\n");
    let known = &witness.logs().unwrap()[0];
    assert_eq!(known.refused.len(), 1);
    assert!(known.refused[0].starts_with("fork-12-"));
    assert_eq!(last_size(&witness), Some(12));
}

#[test]
fn evidence_holds_both_heads() {
    let disk = CrashDisk::new();
    let witness = new_witness(&disk, "w.example", 11);
    let log = Log::new("entry", 12);
    assert_eq!(log.ask(&witness, 0, 12).status, 200);
    let fork = log.forked(3, "another");
    assert_eq!(fork.ask(&witness, 12, 12).status, 409);
    let path = disk.paths().into_iter().find(|path| path.starts_with("forks/")).unwrap();
    let content = String::from_utf8(disk.read(&path).unwrap().unwrap()).unwrap();
    let (title, rest) = content.split_once('\n').unwrap();
    let (line, rest) = rest.split_once('\n').unwrap();
    assert_eq!(title, "ward-refused-head/v1");
    let words: Vec<_> = line.split(' ').collect();
    assert_eq!((words[0], words[1]), ("1970-01-01T00:16:40.000000Z", "409"));
    let (held, request) = rest.split_at(words[2].parse().unwrap());
    let held = SignedCheckpoint::parse(held.as_bytes()).unwrap();
    assert_eq!(held.unverified(), log.head(12).unverified());
    assert_eq!(request.as_bytes(), fork.request(12, 12).to_bytes());
}

#[test]
fn a_proof_that_does_not_hold_gets_422_and_nothing_is_cosigned() {
    let witness = new_witness(&CrashDisk::new(), "w.example", 11);
    let log = Log::new("entry", 20);
    assert_eq!(log.ask(&witness, 0, 12).status, 200);
    let mut request = log.request(12, 20);
    request.proof.pop();
    assert_eq!(witness.add_checkpoint(&request.to_bytes(), at(1)).status, 422);
    let mut request = log.request(12, 20);
    request.proof.push(Hash::of_empty_tree());
    assert_eq!(witness.add_checkpoint(&request.to_bytes(), at(1)).status, 422);
    let mut request = log.request(12, 12);
    request.proof.push(Hash::of_empty_tree());
    assert_eq!(witness.add_checkpoint(&request.to_bytes(), at(1)).status, 422);
    assert_eq!(log.forked(11, "another").ask(&witness, 12, 20).status, 422);
    assert_eq!(last_size(&witness), Some(12));
    assert_eq!(log.ask(&witness, 12, 20).status, 200);
}

#[test]
fn a_first_head_needs_no_proof_and_may_have_none() {
    let witness = new_witness(&CrashDisk::new(), "w.example", 11);
    let log = Log::new("entry", 20);
    let mut request = log.request(0, 20);
    request.proof.push(Hash::of_empty_tree());
    assert_eq!(witness.add_checkpoint(&request.to_bytes(), at(1)).status, 422);
    assert_eq!(log.ask(&witness, 0, 20).status, 200);
}

#[test]
fn a_tree_of_nothing_has_one_root() {
    let witness = new_witness(&CrashDisk::new(), "w.example", 11);
    let log = Log::new("entry", 2);
    let wrong = Checkpoint::new(ORIGIN, 0, root_of(&log.leaves)).sign(&log.key).unwrap();
    let mut request = log.request(0, 0);
    request.head = wrong;
    assert_eq!(witness.add_checkpoint(&request.to_bytes(), at(1)).status, 422);
    assert_eq!(log.ask(&witness, 0, 0).status, 200);
    assert_eq!(witness.add_checkpoint(&request.to_bytes(), at(1)).status, 409);
    assert_eq!(log.ask(&witness, 0, 2).status, 200);
}

#[test]
fn bad_proofs_do_not_crowd_out_evidence_of_forks() {
    let witness = new_witness(&CrashDisk::new(), "w.example", 11);
    let log = Log::new("entry", 100);
    assert_eq!(log.ask(&witness, 0, 12).status, 200);
    for size in 13..100 {
        let mut request = log.request(12, size);
        request.proof.push(Hash::of_empty_tree());
        assert_eq!(witness.add_checkpoint(&request.to_bytes(), at(1)).status, 422);
    }
    assert_eq!(witness.logs().unwrap()[0].refused.len(), 64);
    assert_eq!(log.forked(1, "another").ask(&witness, 12, 12).status, 409);
    assert_eq!(witness.logs().unwrap()[0].refused.len(), 65);
}

#[test]
fn a_retired_key_signs_no_larger_head_and_the_new_one_does() {
    let disk = CrashDisk::new();
    let witness = new_witness(&disk, "w.example", 11);
    let log = Log::new("entry", 30);
    assert_eq!(log.ask(&witness, 0, 10).status, 200);
    let new = Log { key: log_key(2), ..Log::new("entry", 30) };
    assert_eq!(new.ask(&witness, 10, 12).status, 403);
    // Beside the witness at work: it takes note by itself, and what it remembers stays.
    add_log(Arc::new(disk.clone()), log_key(2).verifier()).unwrap();
    end_key(Arc::new(disk.clone()), &log_key(1).verifier().short(), 11).unwrap();
    assert_eq!(log.ask(&witness, 10, 11).status, 200);
    assert_eq!(log.ask(&witness, 11, 12).status, 403);
    assert_eq!(new.ask(&witness, 11, 12).status, 200);
    assert_eq!(witness.logs().unwrap()[0].keys, 2);
}

#[test]
fn nothing_is_made_in_silence_and_nothing_twice() {
    let disk = CrashDisk::new();
    let on = || -> Arc<dyn Disk> { Arc::new(disk.clone()) };
    let open = || Witness::open(on(), witness_key("w.example", 11));
    assert!(matches!(open(), Err(WitnessError::NotMade)));
    assert!(matches!(add_log(on(), log_key(1).verifier()), Err(WitnessError::NotMade)));
    create(on()).unwrap();
    assert!(matches!(create(on()), Err(WitnessError::Exists)));
    add_log(on(), log_key(1).verifier()).unwrap();
    assert!(matches!(add_log(on(), log_key(1).verifier()), Err(WitnessError::Logs { .. })));
    let no_log = add_log(on(), witness_key("w", 3).verifier());
    assert!(matches!(no_log, Err(WitnessError::NotALog(_))));
    assert!(matches!(end_key(on(), "nobody+00000000", 3), Err(WitnessError::Logs { .. })));
    assert!(matches!(Witness::open(on(), log_key(1)), Err(WitnessError::NotAWitness(_))));
    assert!(open().is_ok());
}

#[test]
fn a_memory_that_is_missing_or_damaged_is_refused_and_never_begun_anew() {
    let disk = CrashDisk::new();
    let witness = new_witness(&disk, "w.example", 11);
    let log = Log::new("entry", 20);
    assert_eq!(log.ask(&witness, 0, 12).status, 200);
    let path = disk.paths().into_iter().find(|path| path.starts_with("heads/")).unwrap();
    let good = disk.read(&path).unwrap().unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        replace(&disk, &path, &bad).unwrap();
        for old in [0, 12] {
            assert_eq!(log.ask(&witness, old, 20).status, 500, "byte {at}");
        }
    }
    for bad in [&b""[..], &good[..good.len() / 2]] {
        replace(&disk, &path, bad).unwrap();
        assert_eq!(log.ask(&witness, 12, 20).status, 500);
        assert!(witness.logs().unwrap()[0].last.is_err());
    }
    disk.remove(&path).unwrap();
    let answer = log.ask(&witness, 0, 20);
    assert_eq!((answer.status, answer.content_type), (500, "text/plain; charset=utf-8"));
    // Another witness's key does not confirm what this one remembers.
    replace(&disk, &path, &good).unwrap();
    assert_eq!(log.ask(&reopen(&disk, "w.example", 12), 12, 20).status, 500);
    assert_eq!(log.ask(&reopen(&disk, "w.example", 11), 12, 20).status, 200);
    replace(&disk, "logs/policy", b"nonsense\n").unwrap();
    assert_eq!(log.ask(&witness, 20, 20).status, 500);
}
