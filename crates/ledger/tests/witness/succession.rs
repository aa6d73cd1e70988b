//! A ledger that lost entries a witness has seen is succeeded by another, founded by two stewards, and never continued.

use crate::log::{
    Listening, Log, ORIGIN, Post, at, fill, log_key, new_ledger, new_witness, objects, open_ledger,
    witness_key,
};
use ledger::cosign::{Cosigner, Said};
use ledger::disk::{Disk, replace};
use ledger::journal::FileJournal;
use ledger::reader::Reader;
use ledger::succession::{SuccessionError, check, draft, journal_reaches};
use ledger::{Ledger, create};
use proof::checkpoint::SignedCheckpoint;
use proof::entry::Entry;
use proof::lifecycle::{Created, FORMAT, LifecycleError, Succession};
use proof::note::{KeyKind, SignerKey};
use proof::policy::Policy;
use std::sync::Arc;
use std::time::Duration;
use testkit::{CrashDisk, FixedClock, SteppedClock};

const NEW: &str = "ledger.example/2";

fn steward(seed: u8) -> SignerKey {
    SignerKey::new(&format!("steward{seed}.example"), KeyKind::Ledger, &[seed; 32]).unwrap()
}

fn policy() -> Policy {
    let witness = witness_key("w.example", 11);
    let (log, witness) = (log_key(1), witness.verifier());
    Policy::parse(&format!("log {}\nwitness w {witness} mem://w\nquorum w\n", log.verifier())).unwrap()
}

/// A ledger of 30 entries and a copy of it from when it had 20; the head that the witness has seen, of 30.
struct Disaster {
    whole: CrashDisk,
    copy: CrashDisk,
    seen: Vec<u8>,
    post: Post,
}

fn disaster() -> Disaster {
    let whole = CrashDisk::new();
    new_ledger(&whole, (31..34).map(|seed| steward(seed).verifier().to_string()).collect());
    let ledger = open_ledger(&whole, vec![log_key(1)]);
    fill(&ledger, "entry", 19);
    ledger.close().unwrap();
    let copy = whole.kill();
    let ledger = open_ledger(&whole, vec![log_key(1)]);
    fill(&ledger, "later", 10);
    let (post, state) = (Post::default(), CrashDisk::new());
    post.listen(
        "w",
        Listening::new(new_witness(&state, "w.example", 11), &SteppedClock::new(Duration::ZERO)),
    );
    let round = Cosigner::new(ledger.clone(), policy(), post.clone()).round(at(9)).unwrap();
    assert!(matches!(round.outcomes[0].said, Said::Cosigned(_)));
    ledger.close().unwrap();
    let witness = crate::log::reopen(&state, "w.example", 11);
    let seen = witness.checkpoint(&witness.logs().unwrap()[0].id).unwrap().unwrap();
    Disaster { whole, copy, seen, post }
}

impl Disaster {
    fn draft(&self, keep: Option<u64>) -> Result<Succession, SuccessionError> {
        draft(&objects(&self.copy), &policy(), &self.seen, keep, NEW, "磁碟毀損")
    }

    fn check(&self, note: &str) -> Result<Succession, SuccessionError> {
        check(&objects(&self.copy), &policy(), &self.seen, note).map(|founding| founding.succession)
    }
}

fn signed(succession: &Succession, stewards: &[u8]) -> String {
    let text = succession.text();
    succession.note(stewards.iter().map(|seed| steward(*seed).sign(&text, 0)).collect()).unwrap()
}

#[test]
fn two_stewards_found_a_successor_that_names_what_was_lost() {
    let disaster = disaster();
    let succession = disaster.draft(None).unwrap();
    assert_eq!((succession.kept.0, succession.seen.0), (20, 30));
    assert_eq!(succession.kept.1, Reader::new(objects(&disaster.copy)).root(20).unwrap());
    let note = signed(&succession, &[31, 33]);
    assert_eq!(disaster.check(&note).unwrap(), succession);

    let disk = CrashDisk::new();
    let key = SignerKey::new(NEW, KeyKind::Ledger, &[2; 32]).unwrap();
    let stewards = (31..34).map(|seed| steward(seed).verifier().to_string()).collect();
    let created = Created {
        format: FORMAT.to_owned(),
        key: key.verifier().to_string(),
        origin: NEW.to_owned(),
        stewards,
        succession: Some(note.clone()),
    };
    let journal = || Arc::new(FileJournal::new(Arc::new(disk.clone()), 1 << 20));
    create(objects(&disk), journal(), Arc::new(FixedClock::new()), &key, &created).unwrap();
    let (ledger, _) =
        Ledger::open(objects(&disk), journal(), Arc::new(FixedClock::new()), vec![key]).unwrap();
    fill(&ledger, "goes on", 3);
    let first = ledger.reader().entry(0).unwrap();
    assert_eq!(Created::of(&Entry::parse(&first).unwrap()).unwrap().succession, Some(note));
    // What was kept stays readable where it was.
    assert!(Reader::new(objects(&disaster.copy)).entry(19).is_ok());
}

#[test]
fn fewer_than_two_different_stewards_found_nothing() {
    let disaster = disaster();
    let succession = disaster.draft(None).unwrap();
    let forged = SignerKey::new("steward32.example", KeyKind::Ledger, &[99; 32]).unwrap();
    let text = succession.text();
    let by_stranger = succession.note(vec![steward(31).sign(&text, 0), forged.sign(&text, 0)]).unwrap();
    for note in [
        signed(&succession, &[31]),
        signed(&succession, &[31, 31]),
        signed(&succession, &[31, 77]),
        by_stranger,
    ] {
        let refused = disaster.check(&note);
        assert!(matches!(refused, Err(SuccessionError::Note(LifecycleError::Stewards(1)))), "{refused:?}");
    }
}

#[test]
fn a_note_that_says_something_else_than_the_files_is_refused() {
    let disaster = disaster();
    let good = disaster.draft(None).unwrap();
    let root = |size| Reader::new(objects(&disaster.whole)).root_within(size, 30).unwrap();
    for (wrong, what) in [
        (Succession { kept: (20, root(19)), ..good.clone() }, "root"),
        (Succession { kept: (21, root(21)), ..good.clone() }, "kept"),
        (Succession { seen: (29, root(29)), ..good.clone() }, "seen"),
        (Succession { seen: (30, root(29)), ..good.clone() }, "seen"),
        (Succession { old_origin: "other.example".to_owned(), ..good.clone() }, "name"),
    ] {
        let refused = disaster.check(&signed(&wrong, &[31, 32])).unwrap_err();
        assert!(refused.told().en.contains(what), "{what}: {}", refused.told());
    }
    // An entry that was changed on the disk is not kept as if it were whole.
    let path = "ledger/tile/entries/000.p/20";
    let mut bundle = disaster.copy.read(path).unwrap().unwrap();
    let last = bundle.len() - 3;
    bundle[last] ^= 1;
    replace(&disaster.copy, path, &bundle).unwrap();
    assert!(matches!(disaster.check(&signed(&good, &[31, 32])), Err(SuccessionError::Read(_))));
}

#[test]
fn a_head_that_nobody_has_to_believe_founds_nothing() {
    let disaster = disaster();
    let by = |seen: &[u8]| draft(&objects(&disaster.copy), &policy(), seen, None, NEW, "r").unwrap_err();
    let mut seen = SignedCheckpoint::parse(&disaster.seen).unwrap();
    let text = seen.unverified().clone();
    let alone = text.sign(&log_key(1)).unwrap();
    assert!(matches!(by(&alone.to_bytes()), SuccessionError::Unwitnessed));
    let by_stranger = text.sign(&log_key(9)).unwrap();
    assert!(matches!(by(&by_stranger.to_bytes()), SuccessionError::Head(_)));
    seen.note_mut().add(witness_key("w.example", 11).sign("something else\n", 3));
    assert!(matches!(by(&seen.to_bytes()), SuccessionError::Head(_)));
    let other =
        Log { key: SignerKey::new("other.example", KeyKind::Ledger, &[1; 32]).unwrap(), ..Log::new("x", 40) };
    assert!(matches!(by(&other.head(40).to_bytes()), SuccessionError::Head(_)));
}

#[test]
fn a_ledger_that_lost_nothing_is_not_succeeded() {
    let Disaster { whole, copy, seen, post } = disaster();
    let by = |disk: &CrashDisk, seen: &[u8]| draft(&objects(disk), &policy(), seen, None, NEW, "r");
    assert!(matches!(by(&whole, &seen), Err(SuccessionError::NothingLost { kept: 30, seen: 30 })));
    let ledger = open_ledger(&whole, vec![log_key(1)]);
    fill(&ledger, "more", 2);
    ledger.close().unwrap();
    assert!(matches!(by(&whole, &seen), Err(SuccessionError::NothingLost { kept: 32, seen: 30 })));
    // The copy is stopped by the witness, and by nothing else.
    let restored = open_ledger(&copy, vec![log_key(1)]);
    let _ = Cosigner::new(restored.clone(), policy(), post).round(at(9)).unwrap();
    assert!(restored.stopped().is_some());
    assert!(by(&copy, &seen).is_ok());
}

#[test]
fn after_a_fork_only_what_is_common_is_kept() {
    let disaster = disaster();
    let ledger = open_ledger(&disaster.copy, vec![log_key(1)]);
    fill(&ledger, "otherwise", 15);
    ledger.close().unwrap();
    let succession = disaster.draft(Some(20)).unwrap();
    assert_eq!((succession.kept.0, succession.seen.0), (20, 30));
    assert!(disaster.check(&signed(&succession, &[31, 32])).is_ok());
    assert_eq!(disaster.draft(None).unwrap().kept.0, 30);
    assert!(matches!(disaster.draft(Some(31)), Err(SuccessionError::KeepsTooMuch { asked: 31, most: 30 })));
    let two_lines = draft(&objects(&disaster.copy), &policy(), &disaster.seen, None, NEW, "a\nb");
    assert!(matches!(two_lines, Err(SuccessionError::Note(_))));
}

#[test]
fn where_the_head_outlived_the_files_what_was_durable_is_kept() {
    let disaster = disaster();
    let published = objects(&disaster.whole).fetch("checkpoint").unwrap().unwrap();
    replace(&disaster.copy, "ledger/checkpoint", &published).unwrap();
    let succession = disaster.draft(None).unwrap();
    assert_eq!((succession.kept.0, succession.seen.0), (20, 30));
    assert!(disaster.check(&signed(&succession, &[32, 33])).is_ok());
    // With files of the durable head gone too, nothing is whole, and that is said.
    disaster.copy.remove("ledger/tile/entries/000.p/20").unwrap();
    let refused = disaster.draft(None).unwrap_err();
    assert!(refused.told().en.contains("tile/entries/000.p/20"), "{}", refused.told());
}

#[test]
fn a_journal_that_reaches_further_than_the_files_is_noticed() {
    let disk = CrashDisk::new();
    new_ledger(&disk, Vec::new());
    let journal = |disk: &CrashDisk| FileJournal::new(Arc::new(disk.clone()), 1 << 20);
    assert_eq!(journal_reaches(&journal(&disk)).unwrap(), 0);
    let ledger = open_ledger(&disk, vec![log_key(1)]);
    fill(&ledger, "entry", 7);
    // As after a kill: nothing was closed.
    assert_eq!(journal_reaches(&journal(&disk.kill())).unwrap(), 8);
    assert_eq!(ORIGIN, ledger.head().origin);
    ledger.close().unwrap();
    assert_eq!(journal_reaches(&journal(&disk)).unwrap(), 0);
}
