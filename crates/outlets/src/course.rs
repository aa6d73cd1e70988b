//! When an outlet sends: so many messages a minute, and after trouble with growing pauses.
//!
//! Invariant: nothing is lost and nothing waits for more than a minute by its pace alone: what is over is told as one.

use model::Instant;
use std::collections::VecDeque;
use std::time::Duration;

/// The span in which messages are counted.
const MINUTE: Duration = Duration::from_secs(60);
/// The pause after the first trouble; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// The course of one outlet.
#[derive(Debug, Clone, Default)]
pub struct Course {
    per_minute: Option<u32>,
    /// When messages went, the last minute's.
    gone: VecDeque<Instant>,
    /// Until when it pauses, and how often it has been in trouble on end.
    pause: Option<(Instant, u32)>,
}

/// What is to be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Nothing, for so long.
    Wait(Duration),
    /// The oldest message that waits is sent.
    One,
    /// All that wait are sent as one message.
    All,
}

impl Course {
    /// At most so many messages a minute, or any number.
    #[must_use]
    pub fn new(per_minute: Option<u32>) -> Self {
        Self { per_minute, ..Self::default() }
    }

    /// What is to be done with so many that wait (one at least).
    pub fn turn(&mut self, waiting: usize, now: Instant) -> Turn {
        if let Some((until, _)) = self.pause {
            let left = between(now, until);
            // A clock that was set back does not keep it for longer.
            if left > Duration::ZERO && left <= LONGEST_PAUSE {
                return Turn::Wait(left);
            }
        }
        let Some(most) = self.per_minute.map(|most| most.max(1) as usize) else { return Turn::One };
        self.gone.retain(|at| *at <= now && between(*at, now) < MINUTE);
        match most.saturating_sub(self.gone.len()) {
            0 => Turn::Wait(self.gone.front().map_or(MINUTE, |first| between(now, first.plus(MINUTE)))),
            1 if waiting > 1 => Turn::All,
            _ => Turn::One,
        }
    }

    /// A message was sent, or will never be.
    pub fn went(&mut self, now: Instant) {
        self.pause = None;
        if self.per_minute.is_some() {
            self.gone.push_back(now);
        }
    }

    /// It could not be sent.
    pub fn failed(&mut self, now: Instant) {
        let times = self.pause.map_or(0, |(_, times)| times);
        let pause = FIRST_PAUSE.saturating_mul(1 << times.min(16)).min(LONGEST_PAUSE);
        self.pause = Some((now.plus(pause), times.saturating_add(1)));
    }
}

fn between(from: Instant, to: Instant) -> Duration {
    Duration::from_micros(u64::try_from(to.as_micros() - from.as_micros()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant::EPOCH.plus(Duration::from_secs(1_000_000 + seconds))
    }

    #[test]
    fn a_storm_becomes_one_message_and_no_message_waits_for_more_than_a_minute() {
        let mut course = Course::new(Some(3));
        let mut sent = Vec::new();
        let (mut waiting, mut now) = (1_000_usize, 0);
        while waiting > 0 {
            match course.turn(waiting, at(now)) {
                Turn::Wait(pause) => now += pause.as_secs(),
                Turn::One => {
                    sent.push(1);
                    waiting -= 1;
                    course.went(at(now));
                }
                Turn::All => {
                    sent.push(waiting);
                    waiting = 0;
                    course.went(at(now));
                }
            }
        }
        assert_eq!((sent, now), (vec![1, 1, 998], 0));
        assert_eq!(course.turn(7, at(20)), Turn::Wait(Duration::from_secs(40)));
        assert_eq!(course.turn(7, at(60)), Turn::One);
        let mut one = Course::new(Some(1));
        assert_eq!((one.turn(1, at(0)), one.turn(2, at(0))), (Turn::One, Turn::All));
        assert_eq!(Course::new(None).turn(100_000, at(0)), Turn::One);
    }

    #[test]
    fn pauses_grow_to_five_minutes_and_end_with_the_first_message_that_goes() {
        let mut course = Course::new(None);
        let mut pauses = Vec::new();
        let mut now = 0;
        for _ in 0..8 {
            course.failed(at(now));
            let Turn::Wait(pause) = course.turn(1, at(now)) else { panic!("it does not pause") };
            pauses.push(pause.as_secs());
            now += pause.as_secs();
            assert_eq!(course.turn(1, at(now)), Turn::One);
        }
        assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 300, 300]);
        course.went(at(now));
        course.failed(at(now));
        assert_eq!(course.turn(1, at(now)), Turn::Wait(FIRST_PAUSE));
    }

    #[test]
    fn a_clock_that_is_set_back_keeps_nothing_waiting() {
        let mut course = Course::new(Some(1));
        course.went(at(9_000));
        course.failed(at(9_000));
        assert_eq!(course.turn(1, at(0)), Turn::One);
    }
}
