//! The threads that send: one for each outlet, so that one that hangs delays nobody else.
//!
//! What is to be sent follows from the entries: alarms that were raised, or are over, behind the last that the outlet has
//! answered for. Each message is sent, then its answer is entered; whatever ends the process between the two has it sent
//! again, at most [`AT_ONCE`] messages of it. What cannot be sent now waits, for as long as it takes.
//! Does not: decide how an outlet says it (`outlets`).
//! Source: clause 27.2.2; `docs/adr/0020-outlets.md`.

use super::{Outlets, Ready, Trouble};
use crate::machine::SystemClock;
use crate::told::tell;
use casework::EntryNumber;
use desk::{Asker, Desk, Order};
use model::{Clock, Instant, Told};
use outlets::{Course, Message, Plain, Sent, Title, Turn, What};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use store::{AlarmNews, AlarmSent, NewsOf, OutletAs, OutletRow, OutletSet, SentAnswer};
use watch::RuleText;

/// Most messages that are sent before their answers are entered.
const AT_ONCE: usize = 64;
/// For how long messages are sent before their answers are entered.
const ENOUGH: Duration = Duration::from_secs(1);
/// Most messages that one stands for.
const MOST: usize = 4_096;
/// How long is waited for news before it is looked whether it is to stop.
const LOOK: Duration = Duration::from_millis(500);
/// How long is waited after the desk has failed.
const AGAIN: Duration = Duration::from_secs(1);

/// The threads of all outlets.
pub(crate) struct Senders(Vec<(Sender<()>, JoinHandle<()>)>);

impl Senders {
    /// Enters how the outlets are set, and begins to send.
    pub(crate) fn start(outlets: &Outlets, desk: &Desk) -> Result<Self, Told> {
        let opened = outlets.open(None)?;
        let sets: Vec<OutletSet> = opened.ready.iter().map(set).collect();
        desk.ask(Asker::System, Order::Outlets(sets)).map_err(|refused| refused.told())?;
        let mut threads = Vec::new();
        for ready in &opened.ready {
            let (stop, stopped) = channel();
            let pages = opened.pages.clone().unwrap_or_default();
            let clock = Arc::new(SystemClock);
            let mut work = Work { desk: desk.clone(), ready: Arc::clone(ready), pages, clock, looked: 0 };
            let course = Course::new(ready.setting.per_minute);
            let name = format!("outlet {}", ready.setting.name);
            let thread = std::thread::Builder::new().name(name).spawn(move || work.run(course, &stopped));
            let thread = thread.map_err(|error| {
                Told::new(
                    format!("無法啟動告警輸出（{error}）。請檢查系統可用之執行緒數。"),
                    format!("Outlets cannot begin ({error}). See how many threads the system allows."),
                )
            })?;
            threads.push((stop, thread));
        }
        Ok(Self(threads))
    }

    /// Ends, once what is being sent was sent.
    pub(crate) fn stop(self) {
        let threads: Vec<JoinHandle<()>> = self.0.into_iter().map(|(_, thread)| thread).collect();
        for thread in threads {
            // One that panicked has stopped by itself.
            let _ = thread.join();
        }
    }
}

fn set(ready: &Arc<Ready>) -> OutletSet {
    let setting = &ready.setting;
    let set = OutletAs {
        ends: setting.ends,
        waits: setting.waits,
        least: setting.least,
        to: setting.way.to(),
        way: setting.way.word().to_owned(),
    };
    OutletSet { outlet: setting.name.to_string(), set: Some(set) }
}

/// The work of one thread.
struct Work {
    desk: Desk,
    ready: Arc<Ready>,
    pages: Box<str>,
    clock: Arc<dyn Clock>,
    /// Up to which entry there was nothing to send.
    looked: u64,
}

/// What comes next.
enum Next {
    /// More of it.
    More,
    /// News, which are waited for behind this entry.
    News(u64),
    /// A pause.
    Pause(Duration),
}

impl Work {
    fn run(&mut self, mut course: Course, stopped: &Receiver<()>) {
        let mut trouble = None;
        loop {
            let pause = match self.step(&mut course) {
                Ok(Next::More) => Duration::ZERO,
                Ok(Next::News(position)) => {
                    let _ = self.desk.wait_beyond(position, LOOK);
                    Duration::ZERO
                }
                Ok(Next::Pause(pause)) => pause,
                Err(told) => {
                    // The same trouble is told once.
                    if trouble.as_ref() != Some(&told) {
                        tell(&told);
                        trouble = Some(told);
                    }
                    AGAIN
                }
            };
            match stopped.recv_timeout(pause) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn step(&mut self, course: &mut Course) -> Result<Next, Told> {
        if let Some(told) = self.desk.stopped() {
            return Err(told);
        }
        let position = self.desk.seen().position;
        let name = &self.ready.setting.name;
        let unread = |error: store::StoreError| desk::Refused::Store(error).told();
        let (row, news) = self
            .desk
            .read(|sql, _| {
                let Some(row) = sql.outlet(name)? else { return Ok((None, Vec::new())) };
                let news = sql.outlet_news(&row, self.looked, MOST)?;
                Ok((Some(row), news))
            })
            .map_err(unread)?;
        let Some(row) = row.filter(|_| !news.is_empty()) else {
            // The position is the number of the entry that comes next.
            self.looked = self.looked.max(position.saturating_sub(1));
            return Ok(Next::News(position));
        };
        let (sent, pause) = self.send(&row, &news, course);
        if sent.is_empty() {
            return Ok(Next::Pause(pause.unwrap_or(AGAIN)));
        }
        self.desk.ask(Asker::System, Order::Sent(sent)).map_err(|refused| refused.told())?;
        Ok(pause.map_or(Next::More, Next::Pause))
    }

    /// Sends what may go now, the oldest first; gives what came of it, and how long is to be waited then.
    fn send(
        &self,
        row: &OutletRow,
        news: &[AlarmNews],
        course: &mut Course,
    ) -> (Vec<AlarmSent>, Option<Duration>) {
        let begun = self.clock.now();
        let (mut sent, mut left) = (Vec::new(), news);
        while let Some((first, others)) = left.split_first() {
            let now = self.clock.now();
            if sent.len() >= AT_ONCE || now >= begun.plus(ENOUGH) {
                break;
            }
            let (message, last, behind) = match course.turn(left.len(), now) {
                Turn::Wait(pause) => return (sent, Some(pause)),
                Turn::One => (Some(self.message(first)), first, others),
                Turn::All => {
                    let messages: Vec<Message> = left.iter().map(|one| self.message(one)).collect();
                    let last = left.last().unwrap_or(first);
                    (Message::of_many(&messages, last.entry), last, &[] as &[AlarmNews])
                }
            };
            let Some(message) = message else { break };
            let (done, told) = match self.ready.outlet.send(&message) {
                Sent::Done(told) => (true, told),
                Sent::Refused(told) => (false, told),
                Sent::Later(told) => {
                    let now = self.clock.now();
                    course.failed(now);
                    self.note(&row.name, Some(told), now);
                    break;
                }
            };
            course.went(self.clock.now());
            self.note(&row.name, None, now);
            sent.push(AlarmSent {
                alarm: Some(EntryNumber(message.alarm)),
                answer: SentAnswer { zh: told.zh, en: told.en },
                done,
                outlet: row.name.clone(),
                through: Some(EntryNumber(last.entry)),
                what: message.what.word().to_owned(),
            });
            left = behind;
        }
        (sent, None)
    }

    /// Takes down that it is in trouble, or is not any more; told when it begins and when it ends.
    fn note(&self, name: &str, told: Option<Told>, now: Instant) {
        let mut trouble = self.ready.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        match told {
            None if trouble.take().is_some() => {
                tell(&super::of_outlet(name, &Told::new("已恢復傳送", "it sends again")));
            }
            None => {}
            Some(told) => match &mut *trouble {
                Some(known) => (known.told, known.times) = (told, known.times + 1),
                None => {
                    tell(&super::of_outlet(name, &told));
                    *trouble = Some(Trouble { told, since: now, times: 1 });
                }
            },
        }
    }

    fn message(&self, news: &AlarmNews) -> Message {
        let alarm = &news.alarm;
        let packs = self.desk.seen().packs;
        let rules = packs.current().and_then(|pack| pack.section::<Vec<RuleText>>("rules"));
        let rule = rules.and_then(|rules| rules.iter().find(|text| *text.rule.id == *alarm.name.rule));
        let title = |label: &regulation::Label| Title::new(label.zh(), label.en());
        Message {
            what: match news.what {
                NewsOf::Raised => What::Raised,
                NewsOf::Called(call) => What::Called { call },
                NewsOf::Over => What::Resolved,
            },
            alarm: alarm.entry,
            at: match news.what {
                NewsOf::Raised => None,
                NewsOf::Called(_) => alarm.called.as_ref().map(|called| called.at),
                NewsOf::Over => alarm.resolved_at,
            }
            .unwrap_or(alarm.at),
            severity: alarm.severity,
            rule: Plain::new(&alarm.name.rule),
            title: rule.map_or_else(
                || Title::new(&alarm.name.rule, &alarm.name.rule),
                |text| title(&text.rule.title),
            ),
            group: alarm
                .name
                .group
                .iter()
                .map(|(field, value)| (Plain::new(field), Plain::new(value)))
                .collect(),
            count: alarm.count,
            first: alarm.name.first,
            last: alarm.last,
            clauses: rule
                .map(|text| text.rule.clauses.iter().map(|clause| Plain::new(clause)).collect())
                .unwrap_or_default(),
            advice: rule.and_then(|text| text.advice.as_ref()).map(title),
            link: match &*self.pages {
                "" => Plain::default(),
                pages => Plain::new(&format!("{pages}alarms/{}", alarm.entry)),
            },
            system: Plain::new(self.desk.origin()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::outlets::{Outlet, Settings};
    use model::Severity;
    use std::path::Path;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicBool, Ordering};
    use store::{AlarmFact, AlarmRaised, StoreError};
    use testkit::House;

    const HOUR: Duration = Duration::from_secs(3_600);
    /// Alarms that are entered at once.
    const BATCH: usize = 500;

    /// Whoever receives, while it is up.
    #[derive(Default)]
    struct Peer {
        up: AtomicBool,
        got: Mutex<Vec<Message>>,
    }

    impl Outlet for Peer {
        fn send(&self, message: &Message) -> Sent {
            if !self.up.load(Ordering::SeqCst) {
                return Sent::Later(Told::new("無法連線", "down"));
            }
            self.got.lock().unwrap().push(message.clone());
            Sent::Done(Told::new("已送出", "taken"))
        }
    }

    impl Peer {
        fn comes_up(&self) {
            self.up.store(true, Ordering::SeqCst);
        }

        fn got(&self) -> Vec<Message> {
            self.got.lock().unwrap().clone()
        }
    }

    /// A house with one outlet, and whoever receives by it.
    struct Storm {
        house: House,
        peer: Arc<Peer>,
        ready: Arc<Ready>,
        work: Work,
        course: Course,
    }

    impl Storm {
        fn new(seed: u64, per_minute: Option<u32>) -> Self {
            let house = House::tiny(seed).unwrap();
            let pace = per_minute.map(|most| format!("per_minute = {most}\n")).unwrap_or_default();
            let text = format!("[outlet.nms]\n{pace}program = {{ run = [\"/bin/true\"] }}\n");
            let settings = Settings::read("outlets.toml", text.as_bytes(), Path::new("/")).unwrap();
            let setting = settings.outlets.into_iter().next().unwrap();
            // Any number: what is read of a program has a pace of its own.
            let setting = outlets::Setting { per_minute, ..setting };
            let peer = Arc::new(Peer::default());
            let outlet: Arc<dyn Outlet> = Arc::<Peer>::clone(&peer);
            let ready = Arc::new(Ready { setting, outlet, trouble: Mutex::default() });
            house.outlets(vec![set(&ready)]).unwrap();
            let work = Self::work(&house, &ready);
            Self { house, peer, ready, work, course: Course::new(per_minute) }
        }

        fn work(house: &House, ready: &Arc<Ready>) -> Work {
            let clock: Arc<dyn Clock> = Arc::new(house.clock.clone());
            Work { desk: house.desk.clone(), ready: Arc::clone(ready), pages: "".into(), clock, looked: 0 }
        }

        /// Another start of the server: what was not entered is not known.
        fn begins_anew(&mut self) {
            self.work = Self::work(&self.house, &self.ready);
            self.course = Course::new(self.ready.setting.per_minute);
        }

        /// Raises so many alarms; gives their numbers.
        fn raises(&self, from: usize, many: usize) -> Vec<u64> {
            let first = self.house.clock.now();
            let fact = |nth: usize| {
                AlarmFact::Raised(AlarmRaised {
                    count: 5,
                    first,
                    group: vec![("src_ip".to_owned(), format!("10.{}.{}.1", nth / 250, nth % 250))],
                    last: first,
                    lines: Vec::new(),
                    rest: false,
                    rule: "guessing".to_owned(),
                    severity: Severity::High,
                    unit: None,
                })
            };
            let mut numbers = Vec::new();
            for begin in (from..from + many).step_by(BATCH) {
                let facts = (begin..(begin + BATCH).min(from + many)).map(fact).collect();
                let done = self.house.desk.ask(Asker::System, Order::Alarms(facts)).unwrap();
                numbers.extend(done.entries);
            }
            numbers
        }

        /// Lets time pass until there is nothing to send.
        fn until_quiet(&mut self) {
            loop {
                match self.work.step(&mut self.course).unwrap() {
                    Next::More => {}
                    Next::Pause(pause) => self.house.clock.pass(pause),
                    Next::News(_) => return,
                }
            }
        }

        /// An hour in which nobody receives: gives how often it was tried.
        fn an_hour_down(&mut self) -> usize {
            let (mut passed, mut tries) = (Duration::ZERO, 0);
            while passed < HOUR {
                match self.work.step(&mut self.course).unwrap() {
                    Next::Pause(pause) => {
                        self.house.clock.pass(pause);
                        passed += pause;
                        tries += 1;
                    }
                    Next::More | Next::News(_) => panic!("it is down, and there are alarms"),
                }
            }
            tries
        }

        fn waiting(&self) -> u64 {
            let waiting = self.house.desk.read::<_, StoreError>(|sql, _| {
                let row = sql.outlet("nms")?.unwrap();
                sql.outlet_waiting(&row)
            });
            waiting.unwrap()
        }
    }

    /// Fewer where every change is tried, all of them in the long round.
    fn many() -> usize {
        if std::env::var_os("WARD_SOAK").is_some() { 100_000 } else { 2_000 }
    }

    #[test]
    fn a_storm_of_an_hour_without_the_outlet_is_told_once_each_in_order_whatever_the_clock_does() {
        let many = many();
        let mut storm = Storm::new(41, None);
        let mut raised = storm.raises(0, many / 2);
        assert!((15..40).contains(&storm.an_hour_down()), "it is tried, and not without end");
        // The clock is set back by two hours, more alarms come, and later it is right again and more.
        storm.house.clock.step_back(2 * HOUR);
        raised.extend(storm.raises(many / 2, many / 4));
        storm.an_hour_down();
        storm.house.clock.pass(48 * HOUR);
        raised.extend(storm.raises(many / 2 + many / 4, many / 4));
        assert_eq!(storm.waiting(), raised.len() as u64, "nothing is given up");
        storm.peer.comes_up();
        storm.until_quiet();
        let told: Vec<u64> = storm.peer.got().iter().map(|message| message.alarm).collect();
        assert_eq!(told, raised, "each once, in order");
        assert!(storm.peer.got().iter().all(|message| message.what == What::Raised));
        assert_eq!(storm.waiting(), 0);
        storm.house.compare().unwrap();
    }

    #[test]
    fn a_storm_over_the_pace_of_an_outlet_is_told_in_summaries_that_count_every_alarm() {
        let many = many();
        let mut storm = Storm::new(42, Some(20));
        let raised = storm.raises(0, many);
        storm.an_hour_down();
        storm.peer.comes_up();
        let began = storm.house.clock.now();
        storm.until_quiet();
        let (mut told, mut through) = (0, 0);
        for message in storm.peer.got() {
            let (of, last) = match message.what {
                What::Many { messages, through } => (messages, through),
                _ => (1, message.alarm),
            };
            assert!(last > through, "none of it is told twice");
            (told, through) = (told + of, last);
        }
        assert_eq!((told, Some(&through)), (many as u64, raised.last()));
        let minutes = (storm.house.clock.now().as_micros() - began.as_micros()) / 60_000_000;
        let most = 20 * (minutes as usize + 1);
        assert!(storm.peer.got().len() <= most, "{} in {minutes} minutes", storm.peer.got().len());
        assert_eq!(storm.waiting(), 0);
    }

    #[test]
    fn ended_between_sending_and_entering_no_more_is_told_again_than_is_sent_at_once() {
        let mut storm = Storm::new(43, None);
        let raised = storm.raises(0, many() / 4);
        storm.peer.comes_up();
        for _ in 0..3 {
            let (row, news) = storm
                .house
                .desk
                .read::<_, StoreError>(|sql, _| {
                    let row = sql.outlet("nms")?.unwrap();
                    let news = sql.outlet_news(&row, 0, MOST)?;
                    Ok((row, news))
                })
                .unwrap();
            let (sent, _) = storm.work.send(&row, &news, &mut storm.course);
            assert!((1..=AT_ONCE).contains(&sent.len()));
            // Sent, and the server ends before that is entered.
            storm.begins_anew();
        }
        storm.until_quiet();
        let told: Vec<u64> = storm.peer.got().iter().map(|message| message.alarm).collect();
        assert!(told.len() <= raised.len() + 3 * AT_ONCE, "{} of {}", told.len(), raised.len());
        assert!(raised.iter().all(|alarm| told.contains(alarm)), "nothing is lost");
    }
}
