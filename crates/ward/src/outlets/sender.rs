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
use model::{Clock as _, Instant, Told};
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
            let mut work = Work { desk: desk.clone(), ready: Arc::clone(ready), pages, looked: 0 };
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
        let begun = SystemClock.now();
        let (mut sent, mut left) = (Vec::new(), news);
        while let Some((first, others)) = left.split_first() {
            let now = SystemClock.now();
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
                    let now = SystemClock.now();
                    course.failed(now);
                    self.note(&row.name, Some(told), now);
                    break;
                }
            };
            course.went(SystemClock.now());
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
