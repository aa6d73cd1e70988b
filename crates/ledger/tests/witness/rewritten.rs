//! A history rewritten with all of the host's keys: consistent in itself, and refused by all who remember the first.

use crate::log::{
    Listening, Log, Post, at, fill, log_key, new_ledger, new_witness, open_ledger, reopen, witness_key,
};
use ledger::Ledger;
use ledger::cosign::{Cosigner, Said};
use ledger::witness::{Request, add_log, end_key};
use proof::checkpoint::SignedCheckpoint;
use proof::policy::{Policy, PolicyError, Standing};
use std::sync::Arc;
use std::time::Duration;
use testkit::{CrashDisk, SteppedClock};

fn policy() -> Policy {
    let witness = witness_key("w.example", 11);
    let text = format!("log {}\nwitness w {} mem://w\nquorum w\n", log_key(1).verifier(), witness.verifier());
    Policy::parse(&text).unwrap()
}

fn ledger_of(word: &str, count: usize) -> Ledger {
    let disk = CrashDisk::new();
    new_ledger(&disk, Vec::new());
    let ledger = open_ledger(&disk, vec![log_key(1)]);
    fill(&ledger, word, count);
    ledger
}

fn request(ledger: &Ledger, old: u64) -> Vec<u8> {
    let reader = ledger.reader();
    let head = SignedCheckpoint::parse(&reader.head().unwrap()).unwrap();
    let proof = reader.prove_consistency(old, head.unverified().size).unwrap();
    Request { old, proof, head }.to_bytes()
}

#[test]
fn a_rewritten_history_is_refused_by_the_witness_and_by_a_verifier_with_a_quorum() {
    let disk = CrashDisk::new();
    let clock = SteppedClock::new(Duration::ZERO);
    let post = Post::default();
    post.listen("w", Listening::new(new_witness(&disk, "w.example", 11), &clock));
    let honest = ledger_of("as it was", 30);
    let round = Cosigner::new(honest.clone(), policy(), post).round(at(9)).unwrap();
    assert!(matches!(round.outcomes[0].said, Said::Cosigned(_)));

    for count in [10, 30, 50] {
        let rewritten = ledger_of("as it suits", count);
        let witness = reopen(&disk, "w.example", 11);
        for old in [0, 31] {
            if old > count as u64 + 1 {
                continue;
            }
            let answer = witness.add_checkpoint(&request(&rewritten, old), at(9));
            assert!([409, 422].contains(&answer.status), "{count} entries from {old}: {}", answer.status);
        }
        // Its own key signs it, and every proof in it holds: who trusts the host alone sees nothing.
        let head = rewritten.reader().head().unwrap();
        assert!(Policy::of_host(log_key(1).verifier().clone()).check(&head).is_ok());
        assert!(matches!(policy().check(&head), Err(PolicyError::Quorum { .. })));
        assert_eq!(policy().judge(&head).unwrap().standing(), Standing::HostAlone);
        let proof = rewritten.reader().prove_entry(3, &head).unwrap();
        assert!(proof.check(&policy()).is_err());
        // Nor does the witness's word for the first history carry over.
        let cosigned = honest.reader();
        let theirs = (0..400).find_map(|_| {
            std::thread::park_timeout(Duration::from_millis(5));
            cosigned.cosigned_head().unwrap()
        });
        let theirs = SignedCheckpoint::parse(&theirs.unwrap()).unwrap();
        let mut pasted = SignedCheckpoint::parse(&head).unwrap();
        theirs.note().signatures().iter().cloned().for_each(|line| pasted.note_mut().add(line));
        assert!(matches!(policy().check(&pasted.to_bytes()), Err(PolicyError::Signature { .. })));
    }
    let refused = &reopen(&disk, "w.example", 11).logs().unwrap()[0].refused;
    assert!(refused.iter().any(|name| name.starts_with("fork-31-")), "{refused:?}");
    assert!(refused.iter().any(|name| name.starts_with("unproven-51-")), "{refused:?}");
}

#[test]
fn a_key_is_changed_under_the_witnesses_eyes() {
    let disk = CrashDisk::new();
    let clock = SteppedClock::new(Duration::ZERO);
    let post = Post::default();
    post.listen("w", Listening::new(new_witness(&disk, "w.example", 11), &clock));
    let files = CrashDisk::new();
    new_ledger(&files, Vec::new());
    let ledger = open_ledger(&files, vec![log_key(1)]);
    fill(&ledger, "before", 5);
    let round = |ledger: &Ledger, policy: &Policy| {
        Cosigner::new(ledger.clone(), policy.clone(), post.clone()).round(at(9))
    };
    assert!(matches!(round(&ledger, &policy()).unwrap().outcomes[0].said, Said::Cosigned(_)));

    let changed_at = ledger.change_key(log_key(2)).unwrap();
    assert!(ledger.wait_published(changed_at + 1, Duration::from_secs(20)));
    // Neither the installation's own policy nor the witness believes the new key by itself.
    assert!(round(&ledger, &policy()).is_err());
    let witness = witness_key("w.example", 11);
    let both = format!(
        "log {}\nlog {}\n# ward-key-until {} {changed_at}\nwitness w {} mem://w\nquorum w\n",
        log_key(1).verifier(),
        log_key(2).verifier(),
        log_key(1).verifier().short(),
        witness.verifier()
    );
    let both = Policy::parse(&both).unwrap();
    assert!(matches!(round(&ledger, &both).unwrap().outcomes[0].said, Said::Refused { status: 403, .. }));
    add_log(Arc::new(disk.clone()), log_key(2).verifier()).unwrap();
    end_key(Arc::new(disk.clone()), &log_key(1).verifier().short(), changed_at).unwrap();
    assert!(matches!(round(&ledger, &both).unwrap().outcomes[0].said, Said::Cosigned(_)));
    fill(&ledger, "after", 5);
    assert!(matches!(round(&ledger, &both).unwrap().outcomes[0].said, Said::Cosigned(_)));

    // Whoever stole the old key can sign nothing that goes beyond its time.
    let thief = Log { key: log_key(1), ..Log::new("stolen", 40) };
    let answer = thief.ask(&reopen(&disk, "w.example", 11), 12, 40);
    assert_eq!(answer.status, 403);
}
