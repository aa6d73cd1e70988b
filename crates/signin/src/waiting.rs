//! What was begun and waits for its second half: sign-ins for a second factor, passkeys for an answer, new factors for a
//! first code.
//!
//! Invariants: each is taken up at most so often, and not after its time; there are never more than so many. They are
//! kept in memory: whoever was in the middle when Ward was started anew begins again.
//! Does not: know what waits.

use crate::draw::digest;
use model::Instant;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Most that wait at the same time.
const MOST: usize = 20_000;

/// What waits, by the digest of the text that takes it up.
pub(crate) struct Waiting<T>(Mutex<HashMap<String, Held<T>>>);

struct Held<T> {
    what: T,
    until: Instant,
    /// How often it may still be taken up.
    left: u8,
}

impl<T: Clone> Waiting<T> {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(HashMap::new()))
    }

    /// Keeps something under a text, to be taken up so often at most, before this moment.
    pub(crate) fn keep(&self, text: &str, what: T, left: u8, until: Instant, now: Instant) {
        let mut held = self.held();
        held.retain(|_, one| now < one.until);
        // Where strangers begin more than can be kept, the oldest go first.
        if held.len() >= MOST
            && let Some(oldest) = held.iter().min_by_key(|(_, one)| one.until).map(|(key, _)| key.clone())
        {
            held.remove(&oldest);
        }
        held.insert(digest("waiting", text), Held { what, until, left });
    }

    /// Takes something up; once more of its times is gone.
    pub(crate) fn take_up(&self, text: &str, now: Instant) -> Option<T> {
        let (mut held, key) = (self.held(), digest("waiting", text));
        let one = held.get_mut(&key).filter(|one| now < one.until && one.left > 0)?;
        one.left -= 1;
        let what = one.what.clone();
        if one.left == 0 {
            held.remove(&key);
        }
        Some(what)
    }

    /// Looks at something without taking it up.
    pub(crate) fn look(&self, text: &str, now: Instant) -> Option<T> {
        let held = self.held();
        held.get(&digest("waiting", text)).filter(|one| now < one.until).map(|one| one.what.clone())
    }

    /// It is over.
    pub(crate) fn over(&self, text: &str) {
        self.held().remove(&digest("waiting", text));
    }

    fn held(&self) -> MutexGuard<'_, HashMap<String, Held<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(second: u64) -> Instant {
        Instant::EPOCH.plus(Duration::from_secs(second))
    }

    #[test]
    fn what_waits_is_taken_up_so_often_and_in_time() {
        let waiting = Waiting::new();
        waiting.keep("a", 1, 2, at(10), at(0));
        assert_eq!(waiting.look("a", at(9)), Some(1));
        assert_eq!([waiting.take_up("a", at(1)), waiting.take_up("a", at(2))], [Some(1), Some(1)]);
        assert_eq!(waiting.take_up("a", at(3)), None);
        waiting.keep("b", 2, 2, at(10), at(0));
        assert_eq!([waiting.take_up("b", at(10)), waiting.take_up("c", at(0))], [None, None]);
    }

    #[test]
    fn there_are_never_more_than_so_many_and_the_newest_stay() {
        let waiting = Waiting::new();
        for number in 0..=MOST as u64 {
            waiting.keep(&number.to_string(), number, 1, at(1_000 + number), at(0));
        }
        assert_eq!(waiting.held().len(), MOST);
        assert_eq!(waiting.take_up("0", at(1)), None);
        assert_eq!(waiting.take_up(&MOST.to_string(), at(1)), Some(MOST as u64));
    }
}
