//! Watching: the rules of the pack, fed with every line that is durable and read, and what they find entered.
//!
//! One thread takes the lines of all receivers in the order in which they were received; a tick ends each second. What it
//! has handed in since the last state is written beside it ([`kept`]) and durable before an alarm of it is entered, so
//! that a start goes on where the last run was and finds the very same alarms again, which the ledger then knows.
//! When lines come faster than rules are tried it lags behind, and reads them from where they are kept: a receiver waits
//! for nothing here, and no line is passed over.
//! Does not: know what a rule looks for (`watch`), open a door, send anything.
//! Source: clause 27.2.1; `docs/adr/0019-watch.md`.

mod bell;
mod calls;
mod cases;
mod feed;
mod kept;
mod settled;
mod units;
mod work;

pub(crate) use self::bell::Bell;
pub(crate) use self::kept::{FILES, FOLDER, judge};

use self::bell::Rung;
use self::work::Work;
use crate::lines::Lines;
use crate::machine::SystemClock;
use crate::told::tell;
use desk::Desk;
use model::{Clock as _, Instant, Told};
use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use store::AlarmName;

/// How long a second stays open for lines that were received in it and are not durable and read yet.
const GRACE: Duration = Duration::from_millis(500);
/// How long is waited after something has failed.
const AGAIN: Duration = Duration::from_secs(1);

/// What the installation says of itself: for `%name%` in a rule, its values.
pub(crate) type Values = BTreeMap<String, Vec<String>>;

/// A value for a name in percent signs: `proxies=10.0.0.3/32`.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    name: String,
    value: String,
}

impl FromStr for Given {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let pair = text.split_once('=').filter(|(name, value)| !name.is_empty() && !value.is_empty());
        let (name, value) = pair.ok_or_else(|| {
            format!("「{text}」應寫成 名稱=值，例如 proxies=10.0.0.3/32。Write NAME=VALUE, like proxies=10.0.0.3/32, not {text:?}.")
        })?;
        Ok(Self { name: name.to_owned(), value: value.to_owned() })
    }
}

impl Given {
    /// All values, by their names.
    pub(crate) fn values(given: &[Self]) -> Values {
        let mut values = Values::new();
        for Self { name, value } in given {
            values.entry(name.clone()).or_default().push(value.clone());
        }
        values
    }
}

/// What is seen of it from outside. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Watching(Arc<Inner>);

#[derive(Default)]
struct Inner {
    bell: Bell,
    state: Mutex<State>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What the thread tells.
#[derive(Default)]
struct State {
    /// Of each receiver the number of the next line.
    next: BTreeMap<String, u64>,
    /// Alarms that stand, with how many lines they rest on and when the last of them came.
    standing: BTreeMap<AlarmName, (u64, Instant)>,
    trouble: Option<Told>,
    rules: web::RulesAtWork,
    tried: u64,
    evicted: u64,
    entered: u64,
    delay: Option<Duration>,
    /// Why no case was opened for alarms that are to have one, by their numbers.
    unopened: BTreeMap<u64, Told>,
    /// Has it gone on where the last run was?
    begun: bool,
}

/// How it stands.
#[derive(Debug, Clone, Default)]
pub(crate) struct Figures {
    /// Does it work?
    pub(crate) works: bool,
    /// Lines that are durable and were not handed in yet.
    pub(crate) lag: u64,
    /// Lines handed in since the start.
    pub(crate) tried: u64,
    /// Rules at work.
    pub(crate) rules: u64,
    /// Alarms that stand.
    pub(crate) standing: u64,
    /// Entries about alarms since the start.
    pub(crate) entered: u64,
    /// Groups of rules that were forgotten because there were too many.
    pub(crate) evicted: u64,
    /// From the reception of the line to the entry of its alarm, of the last one.
    pub(crate) delay: Option<Duration>,
}

/// What it works with.
pub(crate) struct Parts {
    pub(crate) desk: Desk,
    pub(crate) lines: Lines,
    pub(crate) values: Values,
}

impl Watching {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins, once the receivers have taken up what former runs have left: what they have now was received before the
    /// rules were at work, where no state says otherwise.
    pub(crate) fn start(&self, parts: Parts) -> Result<(), Told> {
        parts.lines.ring(&self.0.bell);
        let watching = self.clone();
        let begin = feed::ends(&parts.lines);
        let spawned = std::thread::Builder::new().name("watching".to_owned());
        let thread = spawned.spawn(move || watching.run(&parts, &begin)).map_err(|error| {
            Told::new(
                format!("無法啟動監看：{error}。請檢查系統可用之執行緒數。"),
                format!("Watching cannot begin: {error}. See how many threads the system allows."),
            )
        })?;
        *self.0.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
        Ok(())
    }

    /// Ends, once what is known is written.
    pub(crate) fn close(&self) {
        self.0.bell.stop();
        let thread = self.0.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // One that panicked has stopped by itself.
            let _ = thread.join();
        }
    }

    fn run(&self, parts: &Parts, begin: &BTreeMap<String, u64>) {
        let mut work = None;
        loop {
            let now = SystemClock.now();
            let done = match &mut work {
                Some(work) => Work::round(work, now),
                None => Work::begin(parts, begin, self.clone()).map(|begun| work = Some(begun)),
            };
            let wait = match &done {
                Ok(()) => until_beat(now),
                Err(_) => AGAIN,
            };
            self.note(done.err());
            if self.0.bell.wait(wait) == Rung::Stop {
                break;
            }
        }
        if let Some(mut work) = work {
            self.note(work.keep().err());
        }
    }

    /// The same trouble is told once.
    fn note(&self, trouble: Option<Told>) {
        let mut state = self.state();
        if let Some(told) = trouble.as_ref().filter(|told| state.trouble.as_ref() != Some(*told)) {
            tell(told);
        }
        state.trouble = trouble;
    }

    /// How it stands: `lines` are those that are durable, by receiver.
    pub(crate) fn figures(&self, lines: &BTreeMap<String, u64>) -> Figures {
        let state = self.state();
        let behind = |(name, lines): (&String, &u64)| {
            lines.saturating_sub(state.next.get(name).copied().unwrap_or(*lines))
        };
        Figures {
            works: state.begun && state.trouble.is_none(),
            lag: lines.iter().map(behind).sum(),
            tried: state.tried,
            rules: state.rules.at_work as u64,
            standing: state.standing.len() as u64,
            entered: state.entered,
            evicted: state.evicted,
            delay: state.delay,
        }
    }
}

/// The second that has come to its end.
fn ended(now: Instant) -> i64 {
    now.minus(GRACE).as_seconds()
}

/// How long it is until another second has.
fn until_beat(now: Instant) -> Duration {
    let micros = now.minus(GRACE).as_micros().rem_euclid(1_000_000);
    Duration::from_micros(1_000_000 - micros.unsigned_abs())
}

impl web::Watching for Watching {
    fn grown(&self, alarm: &AlarmName) -> Option<(u64, Instant)> {
        self.state().standing.get(alarm).copied()
    }

    fn rules(&self) -> web::RulesAtWork {
        self.state().rules.clone()
    }

    fn unopened(&self, alarm: u64) -> Option<Told> {
        self.state().unopened.get(&alarm).cloned()
    }

    fn trouble(&self) -> Option<Told> {
        self.state().trouble.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_ends_once_its_lines_had_time_to_come() {
        let at = |micros| Instant::from_micros(micros).unwrap();
        for (now, second, wait) in
            [(10_499_999, 9, 1), (10_500_000, 10, 1_000_000), (11_000_000, 10, 500_000), (11_499_999, 10, 1)]
        {
            assert_eq!((ended(at(now)), until_beat(at(now))), (second, Duration::from_micros(wait)), "{now}");
        }
    }

    #[test]
    fn what_is_given_has_a_name_and_a_value() {
        let given: Vec<Given> =
            ["proxies=10.0.0.3/32", "proxies=10.0.0.4", "a=b=c"].map(|text| text.parse().unwrap()).into();
        let values = Given::values(&given);
        assert_eq!(values["proxies"], ["10.0.0.3/32", "10.0.0.4"]);
        assert_eq!(values["a"], ["b=c"]);
        for text in ["", "proxies", "=x", "proxies="] {
            assert!(text.parse::<Given>().is_err(), "{text}");
        }
    }
}
