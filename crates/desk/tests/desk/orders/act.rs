//! What somebody does, or what happens: chosen by numbers, so that a sequence can be kept as data and made shorter.

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

/// Something somebody does, or that happens.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Act {
    /// Somebody likely opens a record.
    Open {
        what: u8,
        days: u8,
    },
    /// Somebody takes a step that is offered to them.
    Step(Pick),
    /// Several do so at once, each as things stood before.
    Together(Vec<Pick>),
    /// Somebody gives a command that is wrong.
    Wrong(Fault, Pick),
    Appoint {
        pair: u8,
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
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Pick {
    pub(super) record: u8,
    pub(super) who: u8,
    pub(super) way: u8,
    pub(super) text: u8,
}

/// What is wrong with a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Fault {
    /// It is not for whoever gives it, mostly a deputy.
    NotTheirs,
    /// It is signed with a one-time code.
    Weak,
    /// It was made on an earlier revision.
    Stale,
}

pub(super) fn act() -> impl Strategy<Value = Act> {
    let fault = prop_oneof![6 => Just(Fault::NotTheirs), 1 => Just(Fault::Weak), 1 => Just(Fault::Stale)];
    prop_oneof![
        7 => (any::<u8>(), 0u8..20).prop_map(|(what, days)| Act::Open { what, days }),
        66 => pick().prop_map(Act::Step),
        10 => prop::collection::vec(pick(), 2..5).prop_map(Act::Together),
        10 => (fault, pick()).prop_map(|(fault, pick)| Act::Wrong(fault, pick)),
        5 => (any::<u8>(), 1u16..40, prop::bool::weighted(0.95))
            .prop_map(|(pair, hours, told)| Act::Appoint { pair, hours, told }),
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
