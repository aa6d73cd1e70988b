//! What chance chooses: numbers, of which each is taken as a choice among what there is at that moment.

use super::deed::Failure;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::ops::Range;

/// Something somebody is to do, or that is to happen.
#[derive(Debug, Clone)]
pub(super) enum Act {
    /// Somebody likely opens a record.
    Open {
        what: u8,
        days: u8,
    },
    /// Somebody takes a step that is offered to them.
    Step(Pick),
    /// Several give commands at once, each as things stand before.
    Together(Vec<Pick>),
    /// Somebody gives a command that is wrong.
    Wrong(Fault, Pick),
    /// A step meets a disk or a database that fails.
    Failing(Failure, Pick),
    /// Somebody is to stand in for somebody.
    Appoint {
        whom: Whom,
        hours: u16,
        told: bool,
    },
    Revoke {
        nth: u8,
    },
    Role {
        who: u8,
        held: bool,
    },
    Leave {
        who: u8,
    },
    /// Two read a notice at once, or one twice.
    Read {
        notice: u8,
        readers: [u8; 2],
    },
    Pass {
        minutes: u32,
    },
    Back {
        minutes: u16,
    },
    /// The system was down.
    Reopen {
        hours: u16,
    },
    Tick,
    Send,
}

/// A choice among what there is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pick {
    pub(super) record: u8,
    pub(super) who: u8,
    pub(super) way: u8,
    pub(super) text: u8,
}

/// What is wrong with a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is not for whoever gives it, mostly a deputy.
    NotTheirs,
    /// It is signed with a one-time code.
    Weak,
    /// It was made on an earlier revision.
    Stale,
}

/// Who comes to stand in for whom.
#[derive(Debug, Clone, Copy)]
pub(super) enum Whom {
    /// A likely pair.
    Pair(u8),
    /// One who has signed a step that waits for more, and one who may sign it too; either way round.
    Signers(u8),
}

/// The acts of a seed: the same on every machine.
pub(super) fn acts(seed: u64, length: Range<usize>) -> Vec<Act> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_be_bytes());
    let chance = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), chance);
    prop::collection::vec(act(), length).new_tree(&mut runner).unwrap().current()
}

fn act() -> impl Strategy<Value = Act> {
    let fault = prop_oneof![6 => Just(Fault::NotTheirs), 1 => Just(Fault::Weak), 1 => Just(Fault::Stale)];
    let failure = prop::sample::select(Failure::ALL.as_slice());
    let whom = prop_oneof![any::<u8>().prop_map(Whom::Pair), any::<u8>().prop_map(Whom::Signers)];
    prop_oneof![
        7 => (any::<u8>(), 0u8..20).prop_map(|(what, days)| Act::Open { what, days }),
        66 => pick().prop_map(Act::Step),
        10 => prop::collection::vec(pick(), 2..5).prop_map(Act::Together),
        10 => (fault, pick()).prop_map(|(fault, pick)| Act::Wrong(fault, pick)),
        4 => (failure, pick()).prop_map(|(failure, pick)| Act::Failing(failure, pick)),
        6 => (whom, 1u16..40, prop::bool::weighted(0.85))
            .prop_map(|(whom, hours, told)| Act::Appoint { whom, hours, told }),
        1 => any::<u8>().prop_map(|nth| Act::Revoke { nth }),
        1 => (any::<u8>(), prop::bool::weighted(0.7)).prop_map(|(who, held)| Act::Role { who, held }),
        1 => prop::sample::select(vec![0u8, 3, 7, 200, 201, 202, 203, 204]).prop_map(|who| Act::Leave { who }),
        2 => (any::<u8>(), any::<[u8; 2]>()).prop_map(|(notice, readers)| Act::Read { notice, readers }),
        2 => (1u32..900).prop_map(|minutes| Act::Pass { minutes }),
        1 => (1_440u32..6_000).prop_map(|minutes| Act::Pass { minutes }),
        1 => (1u16..500).prop_map(|minutes| Act::Back { minutes }),
        1 => (0u16..60).prop_map(|hours| Act::Reopen { hours }),
        4 => Just(Act::Tick),
        2 => Just(Act::Send),
    ]
}

fn pick() -> impl Strategy<Value = Pick> {
    any::<[u8; 4]>().prop_map(|[record, who, way, text]| Pick { record, who, way, text })
}
