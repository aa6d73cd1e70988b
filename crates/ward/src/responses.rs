//! The way from cases to enforcers: what was decided and not yet answered is ordered, what was done and measured entered.
//!
//! A thread looks at what cases have asked for (`respond`, `respond_confirm`, `respond_undo` of the pack) as soon as it is
//! entered, and orders it of each enforcer that it is for, under the number of the entry that asked: an order that is
//! given twice is done once. The answer is entered twice over: as a figure of the firewall's (`response.done/1`,
//! `response.failed/1`), and into the case. Whatever ends the process in between has it ordered again.
//! Every two seconds it is asked what happened on the firewalls by itself, and whether they answer at all.
//! Does not: decide anything, touch a firewall.
//! Source: regulation 26.4.1, 26.4.2; `docs/adr/0022-respond.md`.

use crate::machine::SystemClock;
use crate::told::tell;
use casework::{Command, EntryNumber};
use desk::{Asker, Desk, Order as DeskOrder};
use model::{Clock as _, Instant, RecordId, Told};
use respond::{
    Act, Answer, Ask, CaseName, Client, Conditions, Effect, Event, Happened, Hosts, Order, Ordered, Outcome,
    Said, TripWire, What,
};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use store::{Attempt, ResponseAnswer, ResponseEffect, ResponseEvent, ResponseFact, SentAnswer};
use web::{EnforcerHeard, Enforcers as _};

/// Most of what is asked for that is looked at once.
const MOST: usize = 4_096;
/// How long is waited for news before what was not done is ordered again.
const LOOK: Duration = Duration::from_secs(1);
/// How often it is asked what stands, and what happened by itself.
const STANDING: Duration = Duration::from_secs(2);
/// How long is waited after the desk has failed.
const AGAIN: Duration = Duration::from_secs(1);
/// The hooks of packs that are orders to enforcers.
const ACT: &str = "respond";
const CONFIRM: &str = "respond_confirm";
const UNDO: &str = "respond_undo";

/// How enforcers are reached, as it is written on the command line.
#[derive(Debug, Clone)]
pub(crate) struct Place(Box<str>);

impl std::str::FromStr for Place {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.into()))
    }
}

/// What is shown to enforcers elsewhere, and by whom they are believed.
pub(crate) struct Papers<'p> {
    pub(crate) authority: Option<&'p Path>,
    pub(crate) certificate: Option<&'p Path>,
    pub(crate) key: Option<&'p Path>,
}

/// The enforcers of an installation. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Enforcers(Arc<Mutex<Vec<EnforcerHeard>>>);

impl web::Enforcers for Enforcers {
    fn heard(&self) -> Vec<EnforcerHeard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Enforcers {
    fn note(&self, at: usize, change: impl FnOnce(&mut EnforcerHeard)) {
        if let Some(heard) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(at) {
            change(heard);
        }
    }
}

/// The thread.
pub(crate) struct Responses {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl Responses {
    /// Begins to order, of these enforcers.
    pub(crate) fn start(
        desk: &Desk,
        enforcers: &Enforcers,
        places: &[Place],
        papers: &Papers<'_>,
    ) -> Result<Self, Told> {
        let clients = places.iter().map(|place| client(place, papers)).collect::<Result<Vec<_>, _>>()?;
        let heard = |client: &Client| EnforcerHeard { place: client.place(), standing: None, silent: None };
        *enforcers.0.lock().unwrap_or_else(PoisonError::into_inner) = clients.iter().map(heard).collect();
        let known = clients.into_iter().map(|client| Known { client, name: None }).collect();
        let mut work = Work {
            desk: desk.clone(),
            enforcers: enforcers.clone(),
            known,
            told: BTreeMap::new(),
            next_look: Instant::EPOCH,
        };
        let (stop, stopped) = channel();
        let thread =
            std::thread::Builder::new().name("responses".to_owned()).spawn(move || work.run(&stopped));
        let thread = thread.map_err(|error| {
            Told::new(
                format!("無法啟動處置之執行（{error}）。請檢查系統可用之執行緒數。"),
                format!("Responses cannot begin ({error}). See how many threads the system allows."),
            )
        })?;
        Ok(Self { stop, thread })
    }

    /// Ends, once what is being ordered was answered.
    pub(crate) fn stop(self) {
        drop(self.stop);
        // One that panicked has stopped by itself.
        let _ = self.thread.join();
    }
}

/// A path is a socket of this machine, everything else a place of TLS.
fn client(place: &Place, papers: &Papers<'_>) -> Result<Client, Told> {
    if place.0.contains('/') {
        return Ok(Client::unix(&PathBuf::from(&*place.0)));
    }
    let (Some(authority), Some(certificate), Some(key)) = (papers.authority, papers.certificate, papers.key)
    else {
        return Err(Told::new(
            format!(
                "執行控制 {} 以 TLS 連線，請另指定 --enforcer-ca、--enforcer-cert 及 --enforcer-key。",
                place.0
            ),
            format!(
                "The enforcer {} is reached by TLS: name --enforcer-ca, --enforcer-cert and --enforcer-key.",
                place.0
            ),
        ));
    };
    Client::tls(&place.0, authority, certificate, key)
}

/// What became of an order in this round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Carried {
    /// The case has its answer.
    Out,
    /// It is to be ordered again.
    Not,
}

/// An enforcer, and what its firewall is called once it has said so.
struct Known {
    client: Client,
    name: Option<String>,
}

struct Work {
    desk: Desk,
    /// What was told of orders that could not be given yet.
    told: BTreeMap<u64, Told>,
    enforcers: Enforcers,
    known: Vec<Known>,
    next_look: Instant,
}

impl Work {
    fn run(&mut self, stopped: &Receiver<()>) {
        let mut trouble = None;
        loop {
            let position = self.desk.seen().position;
            let pause = match self.step() {
                Ok(()) => {
                    let _ = self.desk.wait_beyond(position, LOOK);
                    trouble = None;
                    Duration::ZERO
                }
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

    fn step(&mut self) -> Result<(), Told> {
        if let Some(told) = self.desk.stopped() {
            return Err(told);
        }
        // An order goes before everything else.
        let unread = |error: store::StoreError| desk::Refused::Store(error).told();
        let attempts = self.desk.outbox(MOST).map_err(unread)?;
        let mut held = BTreeSet::new();
        for attempt in attempts.iter().filter(|one| [ACT, CONFIRM, UNDO].contains(&one.hook.as_str())) {
            // Of a case nothing is ordered before what it has asked for earlier: an undoing never overtakes its act.
            if held.contains(&attempt.record) || self.carry_out(attempt)? == Carried::Not {
                held.insert(attempt.record);
            }
        }
        self.told.retain(|entry, _| attempts.iter().any(|one| one.entry == *entry));
        let now = SystemClock.now();
        if now >= self.next_look {
            self.next_look = now.plus(STANDING);
            self.look()?;
        }
        Ok(())
    }

    /// Orders what a case has asked for, of each enforcer that has not answered yet.
    fn carry_out(&mut self, attempt: &Attempt) -> Result<Carried, Told> {
        let asked = EntryNumber(attempt.entry);
        let decided_at = self.decided_at(attempt.entry)?;
        let wish = match Wish::read(attempt, SystemClock.now()) {
            Ok(wish) => wish,
            Err(told) => return self.answer(attempt, false, &told),
        };
        let case = CaseName::new(&attempt.record.to_string());
        let Some(case) = case else {
            return self.answer(attempt, false, &Told::new("案件代號不符", "The case has no name"));
        };
        let order = Order { id: attempt.entry, case, decided_at, order: wish.order.clone() };
        for at in 0..self.known.len() {
            self.name(at);
        }
        let wanted: Vec<usize> = (0..self.known.len()).filter(|at| self.is_for(*at, &wish)).collect();
        // One that has never said its name may be the one that is meant.
        let named = wish.firewall.is_some() && !wanted.is_empty();
        let unknown = !named && self.known.iter().any(|known| known.name.is_none());
        if wanted.is_empty() && !unknown {
            return self.answer(attempt, false, &self.nobody(&wish));
        }
        let answered = self.desk.read(|sql, _| sql.responses_to(asked));
        let answered = answered.map_err(|error: store::StoreError| desk::Refused::Store(error).told())?;
        let mut later = unknown.then(|| self.silence());
        let (mut facts, mut said) = (Vec::new(), Vec::new());
        for row in &answered {
            said.push((row.answer.firewall.clone(), row.done, told_of(&row.answer.answer)));
        }
        for at in wanted {
            let Some(known) = self.known.get(at) else { continue };
            let Some(firewall) = known.name.clone() else { continue };
            if answered.iter().any(|row| row.answer.firewall == firewall) {
                continue;
            }
            match known.client.ask(&Ask::Order(order.clone())) {
                Ok(Answer::Outcome(outcome)) => {
                    let fact = entered(&outcome, attempt.record, &firewall, &wish, decided_at);
                    said.push((firewall, outcome.done, measured(&fact, &outcome.said)));
                    facts.push(fact);
                }
                Ok(Answer::Later(said) | Answer::Refused(said)) => later = Some(Told::new(said.zh, said.en)),
                Ok(_) => later = Some(Told::new("執行控制之回覆不符", "The enforcer's answer is another")),
                Err(unreached) => {
                    self.is_silent(at, &unreached.0);
                    later = Some(unreached.0);
                }
            }
        }
        if !facts.is_empty() {
            self.desk.ask(Asker::System, DeskOrder::Responses(facts)).map_err(|refused| refused.told())?;
        }
        if let Some(told) = later {
            // The same trouble of an order is told once.
            if self.told.get(&attempt.entry) != Some(&told) {
                tell(&told);
                self.told.insert(attempt.entry, told);
            }
            return Ok(Carried::Not);
        }
        let done = !said.is_empty() && said.iter().all(|(_, done, _)| *done);
        let line = |of: fn(&Told) -> &str, between: &str| {
            let each = said.iter().map(|(firewall, _, told)| format!("{firewall}{between}{}", of(told)));
            each.collect::<Vec<_>>().join("; ")
        };
        let told = Told::new(line(|told| &told.zh, "："), line(|told| &told.en, ": "));
        self.answer(attempt, done, &told)
    }

    /// Enters the answer into the case.
    fn answer(&self, attempt: &Attempt, done: bool, told: &Told) -> Result<Carried, Told> {
        let hook = attempt.hook.parse().map_err(|_| Told::new("對外動作代號不符", "The hook has no name"))?;
        let (record, asked) = (attempt.record, EntryNumber(attempt.entry));
        let text = told.to_string().chars().take(4_000).collect();
        let command = Command::Answer { record, hook, asked, done, text };
        match self.desk.ask(Asker::System, DeskOrder::Casework(command)) {
            Ok(_) => Ok(Carried::Out),
            Err(
                refused @ (desk::Refused::Append(_) | desk::Refused::Behind(_) | desk::Refused::Stopped(_)),
            ) => Err(refused.told()),
            // What cannot be entered keeps no other order waiting.
            Err(refused) => {
                let told = refused.told();
                self.desk.not_sent(attempt, &told.to_string()).map_err(|refused| refused.told())?;
                tell(&told);
                Ok(Carried::Not)
            }
        }
    }

    /// When the entry was made that asks.
    fn decided_at(&self, entry: u64) -> Result<Instant, Told> {
        let unread = |what: String| {
            Told::new(
                format!("無法讀取帳本第 {entry} 筆（{what}）。請執行 ward verify。"),
                format!("Entry {entry} of the ledger cannot be read ({what}). Run ward verify."),
            )
        };
        let bytes = self.desk.reader().entry(entry).map_err(|error| unread(error.to_string()))?;
        let read = proof::entry::Entry::parse(&bytes).map_err(|error| unread(error.to_string()))?;
        Ok(read.time())
    }

    fn is_for(&self, at: usize, wish: &Wish) -> bool {
        let name = self.known.get(at).and_then(|known| known.name.as_deref());
        name.is_some_and(|name| wish.firewall.as_deref().is_none_or(|wanted| wanted == name))
    }

    fn nobody(&self, wish: &Wish) -> Told {
        let names: Vec<&str> = self.known.iter().filter_map(|known| known.name.as_deref()).collect();
        let wanted = wish.firewall.as_deref().unwrap_or_default();
        Told::new(
            format!("沒有名為「{wanted}」之執行控制（現有：{}），未執行。", names.join("、")),
            format!("No enforcer is called {wanted:?} (there are {}); nothing was done.", names.join(", ")),
        )
    }

    /// Asks an enforcer what its firewall is called, unless it has said so.
    fn name(&mut self, at: usize) {
        if self.known.get(at).is_some_and(|known| known.name.is_none()) {
            self.stand(at);
        }
    }

    /// Asks what stands; gives the number of the last event.
    fn stand(&mut self, at: usize) -> Option<(Instant, u64)> {
        let known = self.known.get_mut(at)?;
        match known.client.ask(&Ask::Standing) {
            Ok(Answer::Standing(standing)) => {
                known.name = Some(standing.firewall.clone());
                let (now, last) = (SystemClock.now(), (standing.epoch, standing.last));
                let was_silent = self.enforcers.heard().get(at).is_some_and(|heard| heard.silent.is_some());
                if was_silent {
                    let name = &standing.firewall;
                    tell(&Told::new(
                        format!("防火牆 {name} 之執行控制已恢復回應"),
                        format!("The enforcer of the firewall {name} answers again"),
                    ));
                }
                self.enforcers.note(at, |heard| {
                    heard.standing = Some((now, *standing));
                    heard.silent = None;
                });
                Some(last)
            }
            Ok(_) => {
                self.is_silent(at, &Told::new("執行控制之回覆不符", "The enforcer's answer is another"));
                None
            }
            Err(unreached) => {
                self.is_silent(at, &unreached.0);
                None
            }
        }
    }

    /// Takes down that an enforcer does not answer; told when that begins.
    fn is_silent(&self, at: usize, told: &Told) {
        let now = SystemClock.now();
        self.enforcers.note(at, |heard| match &mut heard.silent {
            Some((_, known)) => *known = told.clone(),
            None => {
                tell(told);
                heard.silent = Some((now, told.clone()));
            }
        });
    }

    /// Why somebody does not answer.
    fn silence(&self) -> Told {
        let silent = self.enforcers.heard().into_iter().find_map(|heard| heard.silent);
        silent.map_or_else(
            || Told::new("執行控制尚無回應", "An enforcer has not answered yet"),
            |(_, told)| told,
        )
    }

    /// What happened on the firewalls by itself, entered.
    fn look(&mut self) -> Result<(), Told> {
        for at in 0..self.known.len() {
            let Some((epoch, last)) = self.stand(at) else { continue };
            let Some(known) = self.known.get(at) else { continue };
            let Some(firewall) = known.name.clone() else { continue };
            let seen = self.desk.read(|sql, _| sql.response_seen(&firewall));
            let seen = seen.map_err(|error: store::StoreError| desk::Refused::Store(error).told())?;
            let after = seen.filter(|seen| seen.epoch == epoch).map_or(0, |seen| seen.number);
            if after >= last {
                continue;
            }
            let Ok(Answer::Events(epoch, events)) = known.client.ask(&Ask::Events(after)) else { continue };
            let facts =
                events.iter().map(|event| ResponseFact::Event(happened(event, epoch, &firewall))).collect();
            self.desk.ask(Asker::System, DeskOrder::Responses(facts)).map_err(|refused| refused.told())?;
        }
        Ok(())
    }
}

/// What a case has asked for.
struct Wish {
    order: Ordered,
    /// Of which firewall; of all, if none.
    firewall: Option<String>,
}

impl Wish {
    fn read(attempt: &Attempt, now: Instant) -> Result<Self, Told> {
        let give: Map<String, Value> = serde_json::from_str(&attempt.give).unwrap_or_default();
        let given = Given(&give);
        let order = match attempt.hook.as_str() {
            CONFIRM => Ordered::Confirm,
            UNDO => Ordered::Undo,
            _ => Ordered::Act(given.act(now)?),
        };
        Ok(Self { order, firewall: given.text("firewall").map(ToOwned::to_owned) })
    }

    fn act(&self) -> Option<&What> {
        match &self.order {
            Ordered::Act(act) => Some(&act.what),
            Ordered::Confirm | Ordered::Undo => None,
        }
    }

    const fn word(&self) -> &'static str {
        match self.order {
            Ordered::Act(_) => "act",
            Ordered::Confirm => "confirm",
            Ordered::Undo => "undo",
        }
    }
}

/// What a hook was given.
struct Given<'g>(&'g Map<String, Value>);

impl Given<'_> {
    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
    }

    /// A whole number; none where it is absent.
    fn number<T: TryFrom<u64>>(&self, name: &str) -> Result<Option<T>, Told> {
        let value = match self.0.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(text)) => text.parse().ok(),
            Some(value) => value.as_u64(),
        };
        value.and_then(|value: u64| T::try_from(value).ok()).map(Some).ok_or_else(|| unfit(name))
    }

    fn hosts(&self, name: &str) -> Result<Option<Hosts>, Told> {
        self.text(name).map(|text| text.parse().map_err(|_| unfit(name))).transpose()
    }

    fn act(&self, now: Instant) -> Result<Act, Told> {
        let target = || self.hosts("target")?.ok_or_else(|| unfit("target"));
        let what = match self.text("act").unwrap_or_default() {
            "deny" => What::Deny { target: target()? },
            "cut" => What::Cut { target: target()? },
            "isolate" => What::Isolate { target: target()? },
            "observe" => What::Observe { target: target()?, conditions: self.conditions()? },
            "deny_all" => What::DenyAll,
            "lock_down" => What::LockDown,
            _ => return Err(unfit("act")),
        };
        let until = match self.text("until") {
            None => None,
            Some(text) => Some(text.parse::<Instant>().map_err(|_| unfit("until"))?),
        };
        let seconds = match until {
            None => None,
            Some(until) => {
                let left = (until.as_micros() - now.as_micros()).div_euclid(1_000_000);
                if left <= 0 {
                    return Err(Told::new(
                        "執行期限已過，未執行。如仍需要，請重新申請。",
                        "It would be over already; nothing was done. Ask for it anew if it is needed.",
                    ));
                }
                Some(u32::try_from(left).unwrap_or(u32::MAX))
            }
        };
        let confirm: Option<u32> = self.number("confirm")?;
        Ok(Act {
            what,
            seconds,
            confirm: confirm.filter(|minutes| *minutes > 0).map(|minutes| minutes.saturating_mul(60)),
        })
    }

    fn conditions(&self) -> Result<Conditions, Told> {
        let port = self.number("trip_port")?;
        Ok(Conditions {
            connections: self.number("connections")?,
            kbytes: self.number("kbytes")?,
            most_mbytes: self.number("most_mbytes")?,
            trips: self.hosts("trip")?.map(|to| TripWire { to, port }).into_iter().collect(),
        })
    }
}

fn unfit(name: &str) -> Told {
    Told::new(
        format!("案件之「{name}」無法執行，未執行。請重新申請並填妥。"),
        format!("{name:?} of the case is nothing that can be done; nothing was done. File it anew."),
    )
}

/// An outcome as it is entered.
fn entered(
    outcome: &Outcome,
    record: RecordId,
    firewall: &str,
    wish: &Wish,
    decided_at: Instant,
) -> ResponseFact {
    let ms = u64::try_from((SystemClock.now().as_micros() - decided_at.as_micros()) / 1_000).ok();
    let effect = outcome.effect.as_ref().map(|effect| ResponseEffect { ms, ..of_effect(effect) });
    let answer = ResponseAnswer {
        answer: SentAnswer { en: outcome.said.en.clone(), zh: outcome.said.zh.clone() },
        asked: EntryNumber(outcome.id),
        dry: outcome.dry,
        effect,
        firewall: firewall.to_owned(),
        order: wish.word().to_owned(),
        protected: outcome.protected,
        record,
        target: wish.act().and_then(What::target).map(|target| target.to_string()),
        what: wish.act().map(|what| what.word().to_owned()),
    };
    if outcome.done { ResponseFact::Done(answer) } else { ResponseFact::Failed(answer) }
}

const fn of_effect(effect: &Effect) -> ResponseEffect {
    ResponseEffect {
        bytes: effect.bytes,
        flows: effect.flows,
        micros: effect.micros,
        ms: None,
        packets: effect.packets,
        seen: effect.seen,
    }
}

/// What was said, with what was measured.
fn measured(fact: &ResponseFact, said: &Said) -> Told {
    let effect = match fact {
        ResponseFact::Done(answer) | ResponseFact::Failed(answer) => {
            answer.effect.clone().unwrap_or_default()
        }
        ResponseFact::Event(_) => ResponseEffect::default(),
    };
    let (mut zh, mut en) = (said.zh.clone(), said.en.clone());
    let mut add = |figure: Option<u64>, in_zh: (&str, &str), in_en: (&str, &str)| {
        if let Some(figure) = figure {
            zh += &format!("，{}{figure}{}", in_zh.0, in_zh.1);
            en += &format!(", {}{figure}{}", in_en.0, in_en.1);
        }
    };
    add(effect.flows, ("切斷連線 ", " 條"), ("", " connections ended"));
    add(effect.packets, ("已攔阻封包 ", " 個"), ("", " packets stopped"));
    add(effect.ms, ("自決定至確認生效 ", " 毫秒"), ("", " ms from the decision until it was confirmed"));
    Told::new(zh, en)
}

fn told_of(answer: &SentAnswer) -> Told {
    Told::new(answer.zh.clone(), answer.en.clone())
}

/// An event as it is entered.
fn happened(event: &Event, epoch: Instant, firewall: &str) -> ResponseEvent {
    let (what, by, differs, effect) = match &event.happened {
        Happened::Over { effect, .. } => ("over", None, Vec::new(), Some(effect)),
        Happened::Unconfirmed { effect, .. } => ("unconfirmed", None, Vec::new(), Some(effect)),
        Happened::Tripped { by, effect, .. } => ("tripped", Some(by.to_string()), Vec::new(), Some(effect)),
        Happened::Restored { differs } => ("restored", None, differs.clone(), None),
    };
    ResponseEvent {
        at: event.at,
        by,
        differs,
        effect: effect.map(of_effect),
        epoch,
        firewall: firewall.to_owned(),
        number: event.number,
        record: event.happened.case().and_then(|case| case.as_str().parse().ok()),
        what: what.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(hook: &str, give: &str) -> Attempt {
        let record = RecordId::from_bytes([1; 16]);
        Attempt { entry: 7, record, hook: hook.to_owned(), give: give.to_owned(), tries: 0 }
    }

    #[test]
    fn what_a_case_asks_for_is_read_and_what_is_no_act_is_told() {
        let now: Instant = "2026-11-27T00:00:00.000000Z".parse().unwrap();
        let read = |give: &str| Wish::read(&attempt(ACT, give), now);
        let wish = read(
            r#"{"act":"observe","target":"192.0.2.1","until":"2026-11-27T01:00:00.000000Z","confirm":"0","trip":"10.1.0.0/16",
                "trip_port":"22","most_mbytes":"5","firewall":"edge"}"#,
        );
        let wish = wish.map_err(|told| told.en).unwrap();
        let Ordered::Act(act) = &wish.order else { panic!("no act") };
        assert_eq!((act.seconds, act.confirm, wish.firewall.as_deref()), (Some(3_600), None, Some("edge")));
        let What::Observe { conditions, .. } = &act.what else { panic!("{act:?}") };
        assert_eq!(
            (conditions.most_mbytes, conditions.trips.first().and_then(|trip| trip.port)),
            (Some(5), Some(22))
        );
        let wide = read(r#"{"act":"lock_down","confirm":"10"}"#).map_err(|told| told.en).unwrap();
        assert!(matches!(
            wide.order,
            Ordered::Act(Act { what: What::LockDown, confirm: Some(600), seconds: None })
        ));
        for bad in [
            r"{}",
            r#"{"act":"open"}"#,
            r#"{"act":"deny"}"#,
            r#"{"act":"deny","target":"a.example"}"#,
            r#"{"act":"deny","target":"192.0.2.1","until":"tomorrow"}"#,
            r#"{"act":"deny","target":"192.0.2.1","until":"2026-11-26T23:59:59.000000Z"}"#,
            r#"{"act":"observe","target":"192.0.2.1","trip":"10.1.0.1","trip_port":"70000"}"#,
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert!(matches!(
            Wish::read(&attempt(UNDO, "{}"), now),
            Ok(Wish { order: Ordered::Undo, firewall: None })
        ));
        assert!(matches!(Wish::read(&attempt(CONFIRM, "{}"), now), Ok(Wish { order: Ordered::Confirm, .. })));
    }
}
