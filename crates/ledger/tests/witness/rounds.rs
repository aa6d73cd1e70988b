//! Rounds of the cosigner: a ledger with witnesses that answer, are silent, lag, lie, or have seen more.

use crate::log::{
    Answering, Listening, Log, ORIGIN, Post, at, fill, log_key, new_ledger, new_witness, open_ledger, reopen,
    witness_key,
};
use ledger::Ledger;
use ledger::cosign::{Cosigner, Reply, Round, Said, Standing};
use ledger::error::StopReason;
use ledger::reader::Reader;
use model::Clock;
use proof::checkpoint::SignedCheckpoint;
use proof::policy::Policy;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use testkit::{CrashDisk, SteppedClock};

const NAMES: [&str; 3] = ["a.example", "b.example", "c.example"];

fn clock() -> SteppedClock {
    SteppedClock::new(Duration::ZERO)
}

/// Two of three.
fn policy() -> Policy {
    let mut text = format!("log {}\n", log_key(1).verifier());
    for (name, seed) in NAMES.iter().zip(11..) {
        text += &format!("witness {name} {} mem://{name}/\n", witness_key(name, seed).verifier());
    }
    Policy::parse(&(text + &format!("group two 2 {}\nquorum two\n", NAMES.join(" ")))).unwrap()
}

/// A ledger of `size` entries and the three witnesses.
struct City {
    disk: CrashDisk,
    ledger: Ledger,
    post: Post,
    witnesses: Vec<CrashDisk>,
    clock: SteppedClock,
}

impl City {
    fn new(size: usize) -> Self {
        let disk = CrashDisk::new();
        new_ledger(&disk, Vec::new());
        let ledger = open_ledger(&disk, vec![log_key(1)]);
        fill(&ledger, "entry", size - 1);
        let city = Self { disk, ledger, post: Post::default(), witnesses: Vec::new(), clock: clock() };
        let disks = NAMES.iter().zip(11..).map(|(name, seed)| {
            let disk = CrashDisk::new();
            let witness = new_witness(&disk, name, seed);
            city.post.listen(name, Listening::new(witness, &city.clock));
            disk
        });
        let witnesses = disks.collect();
        Self { witnesses, ..city }
    }

    fn cosigner(&self) -> Cosigner<Post> {
        Cosigner::new(self.ledger.clone(), policy(), self.post.clone())
    }

    fn round(&self, cosigner: &mut Cosigner<Post>) -> Round {
        cosigner.round(self.clock.now()).unwrap()
    }

    fn last_sizes(&self) -> Vec<u64> {
        let sizes = self.witnesses.iter().zip(NAMES).zip(11..).map(|((disk, name), seed)| {
            let logs = reopen(disk, name, seed).logs().unwrap();
            logs[0].last.as_ref().unwrap().as_ref().map_or(0, |last| last.size)
        });
        sizes.collect()
    }
}

fn until(what: &str, mut ready: impl FnMut() -> bool) {
    for _ in 0..2_000 {
        if ready() {
            return;
        }
        std::thread::park_timeout(Duration::from_millis(5));
    }
    panic!("{what} did not come");
}

fn cosigned_head(reader: &Reader, size: u64) -> Vec<u8> {
    let head = || reader.cosigned_head().unwrap();
    let is_there = |head: &[u8]| SignedCheckpoint::parse(head).unwrap().unverified().size == size;
    until("the cosigned head", || head().is_some_and(|head| is_there(&head)));
    head().unwrap()
}

#[test]
fn a_round_gathers_the_quorum_and_publishes_it() {
    let city = City::new(40);
    let mut cosigner = city.cosigner();
    let round = city.round(&mut cosigner);
    assert_eq!(round.size, 40);
    assert!(round.outcomes.iter().all(|outcome| matches!(outcome.said, Said::Cosigned(_))), "{round:?}");
    assert_eq!(round.standing, Standing::Witnessed { age: Duration::ZERO });
    let reader = city.ledger.reader();
    let head = policy().check(&cosigned_head(&reader, 40)).unwrap();
    assert_eq!(head.cosigned().len(), 3);
    until("the checkpoint", || policy().check(&reader.head().unwrap()).is_ok());
    fill(&city.ledger, "more", 7);
    assert_eq!(city.round(&mut cosigner).size, 47);
    assert!(policy().check(&cosigned_head(&reader, 47)).is_ok());
    assert_eq!(city.last_sizes(), [47, 47, 47]);
    city.ledger.close().unwrap();
}

#[test]
fn silent_refusing_and_babbling_witnesses_delay_nobody_and_are_named() {
    let city = City::new(5);
    city.post.hang_up("a.example");
    city.post.listen("b.example", |_: &[u8]| Reply { status: 503, body: "明天再來\n".into() });
    let mut cosigner = city.cosigner();
    let round = city.round(&mut cosigner);
    assert_eq!(round.standing, Standing::HostAlone);
    assert!(matches!(round.outcomes[0].said, Said::Silent(_)));
    assert!(matches!(&round.outcomes[1].said, Said::Refused { status: 503, text } if text == "明天再來"));
    assert!(matches!(round.outcomes[2].said, Said::Cosigned(_)));
    assert!(round.outcomes[0].told().en.contains("a.example"));
    for body in ["", "nonsense", "— b.example AAAA\n", "— b.example AAAAAAAA\n"] {
        city.post.listen("b.example", move |_: &[u8]| Reply { status: 200, body: body.into() });
        assert!(matches!(city.round(&mut cosigner).outcomes[1].said, Said::Nonsense(_)), "{body}");
    }
    city.post.listen("b.example", |_: &[u8]| Reply { status: 409, body: "hm\n".into() });
    assert!(matches!(city.round(&mut cosigner).outcomes[1].said, Said::Refused { status: 409, .. }));
    let turn = AtomicUsize::new(0);
    city.post.listen("b.example", move |_: &[u8]| {
        let size = 1 + turn.fetch_add(1, Ordering::SeqCst) % 2;
        Reply { status: 409, body: format!("{size}\n").into() }
    });
    assert!(matches!(city.round(&mut cosigner).outcomes[1].said, Said::Nonsense(_)));
    assert!(city.ledger.stopped().is_none());
    assert_eq!(city.ledger.reader().cosigned_head().unwrap(), None);
}

#[test]
fn a_cosignature_by_another_key_or_of_another_head_does_not_count() {
    let city = City::new(5);
    let other_head = Log::new("entry", 5).head(5);
    let line = witness_key("a.example", 11).sign(other_head.note().unverified_text(), 9);
    city.post.listen("a.example", move |_: &[u8]| Reply { status: 200, body: line.to_string().into() });
    city.post.listen("b.example", |body: &[u8]| {
        let request = ledger::witness::Request::parse(body).unwrap();
        let line = witness_key("b.example", 99).sign(request.head.note().unverified_text(), 9);
        Reply { status: 200, body: line.to_string().into() }
    });
    let round = city.round(&mut city.cosigner());
    assert!(matches!(round.outcomes[0].said, Said::Nonsense(_)));
    assert!(matches!(round.outcomes[1].said, Said::Nonsense(_)));
    assert_eq!(round.standing, Standing::HostAlone);
}

#[test]
fn a_witness_that_lags_is_caught_up_and_what_was_received_is_kept() {
    let city = City::new(5);
    city.post.hang_up("a.example");
    let mut cosigner = city.cosigner();
    assert_eq!(city.round(&mut cosigner).standing, Standing::Witnessed { age: Duration::ZERO });
    fill(&city.ledger, "more", 300);
    let _ = city.round(&mut cosigner);
    assert_eq!(city.last_sizes(), [0, 305, 305]);
    let witness = reopen(&city.witnesses[0], "a.example", 11);
    city.post.listen("a.example", Listening::new(witness, &city.clock));
    city.post.hang_up("b.example");
    city.post.hang_up("c.example");
    // The same head: what b and c gave the round before still stands, whether published yet or not.
    assert_eq!(city.round(&mut cosigner).standing, Standing::Witnessed { age: Duration::ZERO });
    until("three cosignatures", || {
        policy().judge(&city.ledger.reader().head().unwrap()).unwrap().cosigned().len() == 3
    });
}

#[test]
fn a_cosigner_that_remembers_nothing_learns_the_sizes() {
    let city = City::new(5);
    let _ = city.round(&mut city.cosigner());
    fill(&city.ledger, "more", 9);
    let round = city.round(&mut city.cosigner());
    assert!(round.outcomes.iter().all(|outcome| matches!(outcome.said, Said::Cosigned(_))));
    assert_eq!(city.last_sizes(), [14, 14, 14]);
}

#[test]
fn a_ledger_restored_shorter_than_a_witness_saw_is_stopped_before_it_takes_entries() {
    let city = City::new(20);
    assert!(city.ledger.wait_published(20, Duration::from_secs(20)));
    city.ledger.clone().close().unwrap();
    let backup = city.disk.kill();
    let ledger = open_ledger(&city.disk, vec![log_key(1)]);
    fill(&ledger, "later", 5);
    let mut cosigner = Cosigner::new(ledger.clone(), policy(), city.post.clone());
    assert_eq!(cosigner.round(city.clock.now()).unwrap().size, 25);

    let restored = open_ledger(&backup, vec![log_key(1)]);
    let mut cosigner = Cosigner::new(restored.clone(), policy(), city.post.clone());
    let round = cosigner.round(city.clock.now()).unwrap();
    assert!(matches!(round.outcomes[0].said, Said::Contradicted(25)), "{round:?}");
    assert!(matches!(restored.stopped(), Some(StopReason::Contradicted { seen: 25, size: 20, .. })));
    assert!(restored.append(vec![crate::log::entry("too late")]).is_err());
}

#[test]
fn a_history_that_goes_on_differently_is_stopped() {
    let city = City::new(20);
    city.ledger.clone().close().unwrap();
    let backup = city.disk.kill();
    let ledger = open_ledger(&city.disk, vec![log_key(1)]);
    fill(&ledger, "later", 5);
    let _ = Cosigner::new(ledger, policy(), city.post.clone()).round(city.clock.now()).unwrap();
    for more in [5, 8] {
        let restored = open_ledger(&backup.snapshot(), vec![log_key(1)]);
        fill(&restored, "otherwise", more);
        let mut cosigner = Cosigner::new(restored.clone(), policy(), city.post.clone());
        let round = cosigner.round(city.clock.now()).unwrap();
        assert!(
            round.outcomes.iter().all(|outcome| matches!(outcome.said, Said::Contradicted(25))),
            "{round:?}"
        );
        assert!(matches!(restored.stopped(), Some(StopReason::Contradicted { seen: 25, .. })));
    }
}

#[test]
fn a_head_published_since_the_round_began_is_no_contradiction() {
    let city = City::new(5);
    let _ = city.round(&mut city.cosigner());
    let witness = Listening::new(reopen(&city.witnesses[0], "a.example", 11), &city.clock);
    let (ledger, clock, turn) = (city.ledger.clone(), city.clock.clone(), AtomicUsize::new(0));
    city.post.hang_up("b.example");
    city.post.hang_up("c.example");
    // While the first request is under way, more is published and somebody else shows it to the witness.
    city.post.listen("a.example", move |body: &[u8]| {
        if turn.fetch_add(1, Ordering::SeqCst) == 0 {
            fill(&ledger, "meanwhile", 3);
            let others = Post::default();
            others.listen("a.example", witness.clone());
            let _ = Cosigner::new(ledger.clone(), policy(), others).round(clock.now()).unwrap();
        }
        witness.answer(body)
    });
    let round = city.round(&mut city.cosigner());
    assert_eq!(round.size, 8);
    assert!(matches!(round.outcomes[0].said, Said::Cosigned(_)), "{round:?}");
    assert!(city.ledger.stopped().is_none());
}

#[test]
fn the_loop_follows_publications_and_ends_with_the_ledger() {
    let city = City::new(5);
    let rounds = Arc::new(AtomicUsize::new(0));
    let (cosigner, clock, counted) = (city.cosigner(), city.clock.clone(), Arc::clone(&rounds));
    let thread = std::thread::spawn(move || {
        cosigner.run(&clock, |round| {
            assert!(round.is_ok());
            counted.fetch_add(1, Ordering::SeqCst);
        });
    });
    let reader = city.ledger.reader();
    let _ = cosigned_head(&reader, 5);
    fill(&city.ledger, "more", 4);
    let _ = cosigned_head(&reader, 9);
    city.ledger.close().unwrap();
    thread.join().unwrap();
    assert!(rounds.load(Ordering::SeqCst) <= 4, "nothing changed and yet it asked");
    let reopened = open_ledger(&city.disk, vec![log_key(1)]);
    assert_eq!(reopened.head().size, 9);
}

#[test]
fn a_policy_that_does_not_know_the_ledger_is_told() {
    let city = City::new(3);
    let stranger = Policy::of_host(log_key(9).verifier().clone());
    let mut cosigner = Cosigner::new(city.ledger.clone(), stranger, city.post.clone());
    let error = cosigner.round(at(0)).unwrap_err();
    assert!(error.told().en.contains(ORIGIN), "{}", error.told());
}
