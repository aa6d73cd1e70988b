//! Cosignatures there and back: ours checked by the third implementation and by crate `signed_note`, theirs by ours.

use crate::log::{Answering, Log, Post, at, fill, log_key, new_ledger, new_witness, open_ledger};
use ledger::cosign::{Cosigner, Reply, Said, Standing};
use proof::note::{Note, VerifierKey};
use proof::policy::Policy;
use serde_json::Value;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use testkit::{CrashDisk, TemporaryFolder};

/// Runs the third implementation with this standard input; gives its answer.
#[expect(clippy::disallowed_methods, reason = "the one place that starts the third implementation")]
fn third(arguments: &[&str], input: &[u8]) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/third/third.py");
    let mut command = Command::new("/usr/bin/python3");
    command.arg("-B").arg(script).args(arguments).current_dir("/");
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("python3 is installed");
    // A command that reads nothing closes its input early.
    let _ = child.stdin.take().unwrap().write_all(input);
    let answer = child.wait_with_output().unwrap();
    serde_json::from_slice(&answer.stdout).unwrap()
}

/// The witness of the third implementation, asked through its command line.
struct ThirdWitness(PathBuf);

impl Answering for ThirdWitness {
    fn answer(&self, body: &[u8]) -> Reply {
        let answer = third(&["witness-answer", self.0.to_str().unwrap(), "--time", "1700000000"], body);
        let status = answer["status"].as_u64().unwrap();
        Reply { status: u16::try_from(status).unwrap(), body: answer["body"].as_str().unwrap().into() }
    }
}

/// A head with our witness's cosignature.
fn cosigned() -> (Vec<u8>, VerifierKey) {
    let witness = new_witness(&CrashDisk::new(), "w.example", 11);
    let log = Log::new("entry", 9);
    let answer = log.ask(&witness, 0, 9);
    let mut head = log.head(9);
    let lines = Note::parse_signatures(std::str::from_utf8(&answer.body).unwrap()).unwrap();
    lines.into_iter().for_each(|line| head.note_mut().add(line));
    (head.to_bytes(), witness.key().clone())
}

#[test]
fn the_third_implementation_accepts_our_cosignature_and_no_changed_one() {
    let (head, key) = cosigned();
    let answer = third(&["check-cosignature", "-", "--vkey", &key.to_string()], &head);
    assert_eq!(answer["good"], true, "{answer}");
    assert_eq!((answer["size"].as_u64(), answer["time"].as_u64()), (Some(9), Some(1_000)));
    let changed = String::from_utf8(head).unwrap().replacen("\n9\n", "\n8\n", 1);
    let answer = third(&["check-cosignature", "-", "--vkey", &key.to_string()], changed.as_bytes());
    assert_eq!(answer["good"], false, "{answer}");
}

#[test]
fn the_second_opinion_reads_our_head_with_its_cosignature() {
    use signed_note::{Note as Theirs, NoteError, StandardVerifier, VerifierList};
    let (head, key) = cosigned();
    let theirs = Theirs::from_bytes(&head).unwrap();
    let ledger = StandardVerifier::new(&log_key(1).verifier().to_string()).unwrap();
    let (verified, unknown) = theirs.verify(&VerifierList::new(vec![Box::new(ledger)])).unwrap();
    assert_eq!((verified.len(), unknown.len()), (1, 1));
    assert_eq!(unknown[0].name().to_string(), key.name());
    // It reads the key of a witness as one of a type it leaves to others, and so do we not mistake it for a ledger's.
    let witness = StandardVerifier::new(&key.to_string());
    assert!(
        witness.is_err()
            || matches!(
                theirs.verify(&VerifierList::new(vec![Box::new(witness.unwrap())])),
                Err(NoteError::InvalidSignature { .. } | NoteError::UnverifiedNote)
            )
    );
    assert_eq!(theirs.to_bytes(), head);
}

#[test]
fn our_cosigner_accepts_cosignatures_of_the_third_implementation() {
    let folder = TemporaryFolder::new();
    let state = folder.path().join("state.json");
    let log = log_key(1).verifier().to_string();
    let made = third(
        &["witness-new", state.to_str().unwrap(), "--name", "third.example", "--seed", "s", "--log", &log],
        b"",
    );
    assert_eq!(made["good"], true, "{made}");
    let key = made["vkey"].as_str().unwrap();
    let policy = format!("log {log}\nwitness third {key} mem://third\nquorum third\n");
    let policy = Policy::parse(&policy).unwrap();
    let disk = CrashDisk::new();
    new_ledger(&disk, Vec::new());
    let ledger = open_ledger(&disk, vec![log_key(1)]);
    let post = Post::default();
    post.listen("third", ThirdWitness(state.clone()));
    for count in [6, 300] {
        fill(&ledger, "entry", count);
        // A new cosigner knows no size and learns it from a conflict.
        let mut cosigner = Cosigner::new(ledger.clone(), policy.clone(), post.clone());
        let round = cosigner.round(at(1_700_000_007)).unwrap();
        assert!(matches!(round.outcomes[0].said, Said::Cosigned(1_700_000_000)), "{round:?}");
        assert_eq!(round.standing, Standing::Witnessed { age: Duration::from_secs(7) });
    }

    // Rewritten to the same size, and to a larger one.
    for count in [306, 310] {
        let rewritten = CrashDisk::new();
        new_ledger(&rewritten, Vec::new());
        let rewritten = open_ledger(&rewritten, vec![log_key(1)]);
        fill(&rewritten, "otherwise", count);
        let round = Cosigner::new(rewritten.clone(), policy.clone(), post.clone()).round(at(9)).unwrap();
        assert!(matches!(round.outcomes[0].said, Said::Contradicted(307)), "{round:?}");
        assert!(rewritten.stopped().is_some());
    }
    assert_eq!(307, ledger.head().size);
}

#[test]
fn the_third_implementation_and_our_witness_answer_alike() {
    let folder = TemporaryFolder::new();
    let state = folder.path().join("state.json");
    let log = Log::new("entry", 40);
    let fork = log.forked(7, "another");
    let vkey = log_key(1).verifier().to_string();
    let made = third(
        &["witness-new", state.to_str().unwrap(), "--name", "w.example", "--seed", "s", "--log", &vkey],
        b"",
    );
    assert_eq!(made["good"], true, "{made}");
    let third_witness = ThirdWitness(state);
    let witness = new_witness(&CrashDisk::new(), "w.example", 11);
    let stranger = Log { key: log_key(3), ..Log::new("entry", 40) };
    let mut padded = log.request(12, 40);
    padded.proof.push(proof::hash::Hash::of_empty_tree());
    let requests = [
        log.request(0, 5).to_bytes(),
        log.request(0, 5).to_bytes(),
        log.request(5, 12).to_bytes(),
        log.request(12, 12).to_bytes(),
        stranger.request(12, 40).to_bytes(),
        fork.request(12, 12).to_bytes(),
        fork.request(12, 40).to_bytes(),
        padded.to_bytes(),
        log.request(9, 12).to_bytes(),
        b"old 0\n".to_vec(),
        log.request(12, 40).to_bytes(),
    ];
    let expected = [200, 409, 200, 200, 403, 409, 422, 422, 409, 400, 200];
    for (request, status) in requests.iter().zip(expected) {
        let ours = witness.add_checkpoint(request, at(1_700_000_000));
        let theirs = third_witness.answer(request);
        assert_eq!((ours.status, theirs.status), (status, status), "{}", String::from_utf8_lossy(request));
    }
}
