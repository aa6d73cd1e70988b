//! The enforcer: takes orders, keeps what stands, ends what is over.
//!
//! An order goes its way in this order: was it answered already; is it allowed; what would stand; keep that in the file;
//! bring the firewall there; end connections; look whether the firewall says so; answer.
//! A crash behind the file and before the firewall has the next start bring it there; one before the answer has the order come
//! again, and find that it was done.
//! Invariants: a firewall that does not do it leaves everything as it was, and the order comes again. What cannot ever be done
//! is refused once and for all. In a rehearsal nothing is changed.

use crate::act::{Act, CaseName, Effect, Order, Ordered, Outcome, What};
use crate::driver::{Driver, Fault, Seen, Step};
use crate::hosts::Hosts;
use crate::plan::Rig;
use crate::standing::{Event, Happened, Standing, Stands, State, StateFile, Tripped};
use crate::wanted::Wanted;
use ledger::disk::Disk;
use model::{Clock, Instant, Told};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// How long connections are reset that are cut, if nobody says.
const CUT: u32 = 10;
/// How often it is looked for trip-wires that were touched, while there are any.
const TRIPS: Duration = Duration::from_millis(200);
/// How often it is looked whether the firewall stands as it should.
const LOOK: Duration = Duration::from_secs(10);
/// How long is waited after something failed.
const AGAIN: Duration = Duration::from_secs(1);

/// With what an enforcer is opened.
pub struct Opening {
    /// What the firewall is called.
    pub name: String,
    /// The firewall.
    pub driver: Box<dyn Driver>,
    /// What is the same for all acts.
    pub rig: Rig,
    /// Its folder.
    pub disk: Arc<dyn Disk>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Only say what would be done?
    pub dry: bool,
}

/// The enforcer of a firewall.
pub struct Enforcer {
    name: String,
    driver: Box<dyn Driver>,
    rig: Rig,
    file: StateFile,
    clock: Arc<dyn Clock>,
    dry: bool,
    state: State,
    look_at: Instant,
}

impl std::fmt::Debug for Enforcer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Enforcer").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Enforcer {
    /// Reads what stands, and has the firewall stand so.
    ///
    /// # Errors
    /// The file is damaged or cannot be kept, or the firewall does not do it.
    pub fn open(opening: Opening) -> Result<Self, Told> {
        let Opening { name, driver, rig, disk, clock, dry } = opening;
        let file = StateFile(disk);
        let now = clock.now();
        let state = match file.read()? {
            Some(state) => state,
            None => {
                let state = State::new(now);
                file.write(&state)?;
                state
            }
        };
        let mut enforcer = Self { name, driver, rig, file, clock, dry, state, look_at: now };
        if !enforcer.dry {
            enforcer.begin().map_err(|Fault(told)| told)?;
        }
        Ok(enforcer)
    }

    /// What was touched or was over meanwhile comes first, so that nothing of it is lost to making the firewall anew.
    fn begin(&mut self) -> Result<(), Fault> {
        // A firewall without our table has no trip-wires.
        let _ = self.notice();
        self.end_over()?;
        let wanted = self.state.wanted();
        match self.driver.look(&wanted, &self.rig)? {
            Some(seen) if seen.differs.is_empty() => {}
            Some(seen) => {
                let new = self.state.acts.is_empty() && seen.deny.is_empty() && seen.isolate.is_empty();
                self.restore(&wanted, if new { Vec::new() } else { seen.differs })?;
            }
            None if wanted.is_nothing() => {}
            None => self.restore(&wanted, Vec::new())?,
        }
        Ok(())
    }

    /// Does what is ordered, once.
    ///
    /// # Errors
    /// It could not be done now, and nothing has changed: it is to be ordered again.
    pub fn order(&mut self, order: &Order) -> Result<Outcome, Told> {
        if let Some(answered) = self.state.answered(&order.case, order.id) {
            return Ok(answered.clone());
        }
        let begun = self.clock.now();
        let outcome = match &order.order {
            Ordered::Act(act) => self.act(order, act, begun),
            Ordered::Confirm => Ok(self.confirm(order)),
            Ordered::Undo => self.undo(order, begun),
        };
        let outcome = outcome.map_err(|Fault(told)| told)?;
        if !outcome.dry {
            self.state.answer(order.case.clone(), outcome.clone());
            // Where this is lost the order comes again, and finds what stands.
            self.file.write(&self.state)?;
        }
        Ok(outcome)
    }

    fn act(&mut self, order: &Order, act: &Act, begun: Instant) -> Result<Outcome, Fault> {
        let own = self.driver.own()?;
        if let Err(not) = self.rig.allow.with_own(own).judge(act) {
            let protected = not.protects();
            return Ok(Outcome { protected, ..refused(order.id, not.told(&act.what)) });
        }
        if let Some(told) = unfit(&act.what) {
            return Ok(refused(order.id, told));
        }
        if !self.dry {
            self.notice()?;
        }
        let stands = self.stands(order, act, begun);
        let mut next = self.state.clone();
        next.acts.retain(|one| one.case != order.case);
        next.acts.push(stands);
        let wanted = next.wanted();
        if let Some(told) = self.driver.lacks(&wanted) {
            return Ok(refused(order.id, told));
        }
        if self.dry {
            return self.rehearse(order.id, &wanted, begun);
        }
        self.go(next, &[], begun)?;
        let micros = self.micros_since(begun);
        let flows = match act.what.target() {
            Some(_) if matches!(act.what, What::Observe { .. }) => None,
            Some(target) => self.driver.cut(target).ok().flatten(),
            None => self.driver.flows().ok().flatten(),
        };
        let effect = Effect { flows, micros, ..self.effect_of(&order.case, &wanted) };
        let (zh, en) = act.what.name();
        let target = act.what.target().map_or_else(String::new, |target| format!(" {target}"));
        let told = if effect.seen == Some(false) {
            Told::new(
                format!("已下達「{zh}」{target}，惟防火牆未顯示生效。請至防火牆主機查明。"),
                format!("Told to {en}{target}, but the firewall does not show it. Look at the firewall."),
            )
        } else {
            Told::new(format!("已執行「{zh}」{target}"), format!("Done: {en}{target}"))
        };
        Ok(Outcome {
            id: order.id,
            done: true,
            said: told.into(),
            effect: Some(effect),
            dry: false,
            protected: false,
        })
    }

    fn stands(&self, order: &Order, act: &Act, begun: Instant) -> Stands {
        let seconds = match act.what {
            What::Cut { .. } => Some(act.seconds.unwrap_or(CUT)),
            _ => act.seconds,
        };
        let after =
            |seconds: Option<u32>| seconds.map(|seconds| begun.plus(Duration::from_secs(seconds.into())));
        // An order that comes again after a crash goes on from when it was given first.
        let before = self.state.acts.iter().find(|one| one.id == order.id);
        before.cloned().unwrap_or_else(|| Stands {
            id: order.id,
            case: order.case.clone(),
            act: act.clone(),
            since: begun,
            until: after(seconds),
            confirm_by: after(act.confirm),
            tripped: None,
        })
    }

    fn rehearse(&mut self, id: u64, wanted: &Wanted, now: Instant) -> Result<Outcome, Fault> {
        let was = self.state.wanted();
        let step = Step { was: &was, wanted, rig: &self.rig, settled: &[], now };
        let plan = self.driver.rehearse(&step)?;
        let told = Told::new(
            format!("演練，未變更防火牆：{plan}"),
            format!("A rehearsal, nothing was changed: {plan}"),
        );
        Ok(Outcome { id, done: true, said: told.into(), effect: None, dry: true, protected: false })
    }

    fn confirm(&mut self, order: &Order) -> Outcome {
        let standing = self.state.acts.iter_mut().find(|one| one.case == order.case);
        let Some(stands) = standing else {
            return refused(
                order.id,
                Told::new(
                    "此處置已不存在，可能因逾時未確認而自動復原。如仍需要，請重新申請。",
                    "It stands no more; it may have been undone because nobody confirmed it in time. Ask for it anew if it is needed.",
                ),
            );
        };
        stands.confirm_by = None;
        let told = Told::new("已確認，維持處置", "Confirmed: it stays");
        Outcome { id: order.id, done: true, said: told.into(), effect: None, dry: self.dry, protected: false }
    }

    fn undo(&mut self, order: &Order, begun: Instant) -> Result<Outcome, Fault> {
        if !self.dry {
            self.notice()?;
        }
        let Some(stands) = self.state.acts.iter().find(|one| one.case == order.case).cloned() else {
            let told = Told::new("此處置已不存在，無須解除", "It stands no more: there is nothing to undo");
            return Ok(Outcome {
                id: order.id,
                done: true,
                said: told.into(),
                effect: None,
                dry: self.dry,
                protected: false,
            });
        };
        let mut next = self.state.clone();
        next.acts.retain(|one| one.case != order.case);
        let wanted = next.wanted();
        if self.dry {
            return self.rehearse(order.id, &wanted, begun);
        }
        let stopped = self.effect_of(&order.case, &self.state.wanted());
        let begun = self.clock.now();
        self.go(next, &[], begun)?;
        let micros = self.micros_since(begun);
        let (zh, en) = stands.act.what.name();
        let told = Told::new(format!("已解除「{zh}」"), format!("Undone: {en}"));
        let effect = Effect { seen: self.is_gone(&stands, &wanted), micros, ..stopped };
        Ok(Outcome {
            id: order.id,
            done: true,
            said: told.into(),
            effect: Some(effect),
            dry: false,
            protected: false,
        })
    }

    /// Ends what is over or not confirmed in time, denies whoever touched a trip-wire, and sees to it that the firewall stands
    /// as it should. Gives how long it may be waited until the next time.
    ///
    /// # Errors
    /// What failed; it is tried again.
    pub fn tick(&mut self) -> Result<Duration, Told> {
        if self.dry {
            return Ok(LOOK);
        }
        // Where nothing is to be learnt of trip-wires, our table may have gone.
        let noticed = self.notice().or_else(|_| {
            self.look_at = self.clock.now();
            self.look_over().and_then(|()| self.notice())
        });
        let done = noticed.and_then(|()| self.end_over()).and_then(|()| self.look_over());
        done.map_err(|Fault(told)| told).map(|()| self.wait())
    }

    /// How long is waited after [`Enforcer::tick`] has failed.
    #[must_use]
    pub const fn pause() -> Duration {
        AGAIN
    }

    fn wait(&self) -> Duration {
        let now = self.clock.now();
        let ends = self.state.acts.iter().flat_map(|one| [one.until, one.confirm_by]).flatten();
        let next = ends.chain([self.look_at]).min().unwrap_or(self.look_at);
        let left = Duration::from_micros(u64::try_from(next.as_micros() - now.as_micros()).unwrap_or(0));
        if self.has_trips() { left.min(TRIPS) } else { left }
    }

    fn has_trips(&self) -> bool {
        self.state.acts.iter().any(|one| {
            one.tripped.is_none()
                && matches!(&one.act.what, What::Observe { conditions, .. }
                    if !conditions.trips.is_empty() || conditions.most_mbytes.is_some())
        })
    }

    fn end_over(&mut self) -> Result<(), Fault> {
        let now = self.clock.now();
        let is_over = |one: &Stands| one.until.is_some_and(|until| until <= now);
        let is_unconfirmed = |one: &Stands| one.confirm_by.is_some_and(|by| by <= now);
        let ended: Vec<Stands> =
            self.state.acts.iter().filter(|one| is_over(one) || is_unconfirmed(one)).cloned().collect();
        if ended.is_empty() {
            return Ok(());
        }
        let was = self.state.wanted();
        let seen = self.driver.look(&was, &self.rig)?;
        let mut next = self.state.clone();
        for stands in ended {
            next.acts.retain(|one| one.case != stands.case);
            let effect = effect(&stands, seen.as_ref());
            let (case, over) = (stands.case.clone(), is_over(&stands));
            let happened =
                if over { Happened::Over { case, effect } } else { Happened::Unconfirmed { case, effect } };
            next.happened(now, happened);
        }
        self.go(next, &[], now)
    }

    /// Whoever touched a trip-wire is denied by the firewall already; now by the act as well, as long as it stands.
    fn notice(&mut self) -> Result<(), Fault> {
        if !self.has_trips() {
            return Ok(());
        }
        let touched = self.driver.tripped()?;
        if touched.is_empty() {
            return Ok(());
        }
        let (now, was) = (self.clock.now(), self.state.wanted());
        let seen = self.driver.look(&was, &self.rig)?;
        let mut next = self.state.clone();
        let mut cut: Vec<(CaseName, IpAddr, Hosts, Effect)> = Vec::new();
        for stands in next.acts.iter_mut().filter(|one| one.tripped.is_none()) {
            let What::Observe { target, .. } = &stands.act.what else { continue };
            let Some(by) = touched.iter().find(|by| target.covers(Hosts::from(**by))) else { continue };
            let stopped = effect(stands, seen.as_ref());
            stands.tripped = Some(Tripped { by: *by, at: now });
            cut.push((stands.case.clone(), *by, *target, stopped));
        }
        self.go(next, &touched, now)?;
        for (case, by, target, stopped) in cut {
            let flows = self.driver.cut(target).ok().flatten();
            self.state.happened(now, Happened::Tripped { case, by, effect: Effect { flows, ..stopped } });
        }
        self.file.write(&self.state).map_err(Fault)
    }

    fn look_over(&mut self) -> Result<(), Fault> {
        let now = self.clock.now();
        if now < self.look_at {
            return Ok(());
        }
        self.look_at = now.plus(LOOK);
        let wanted = self.state.wanted();
        match self.driver.look(&wanted, &self.rig)? {
            Some(seen) if !seen.differs.is_empty() => self.restore(&wanted, seen.differs),
            _ => Ok(()),
        }
    }

    fn restore(&mut self, wanted: &Wanted, differs: Vec<String>) -> Result<(), Fault> {
        let now = self.clock.now();
        self.driver.restore(wanted, &self.rig, now)?;
        if !differs.is_empty() {
            let differs = differs.into_iter().take(20).collect();
            self.state.happened(now, Happened::Restored { differs });
        }
        self.file.write(&self.state).map_err(Fault)
    }

    /// From what stands to `next`: in the file, then on the firewall. Where that fails, the file is as it was.
    fn go(&mut self, next: State, settled: &[IpAddr], now: Instant) -> Result<(), Fault> {
        self.file.write(&next).map_err(Fault)?;
        let (was, wanted) = (self.state.wanted(), next.wanted());
        let step = Step { was: &was, wanted: &wanted, rig: &self.rig, settled, now };
        match self.driver.change(&step) {
            Ok(()) => {
                self.state = next;
                Ok(())
            }
            Err(fault) => {
                self.file.write(&self.state).map_err(Fault)?;
                Err(fault)
            }
        }
    }

    fn micros_since(&self, begun: Instant) -> Option<u64> {
        u64::try_from(self.clock.now().as_micros() - begun.as_micros()).ok()
    }

    /// What the firewall says of an act that stands.
    fn effect_of(&mut self, case: &CaseName, wanted: &Wanted) -> Effect {
        let seen = self.driver.look(wanted, &self.rig).ok().flatten();
        let stands = self.state.acts.iter().find(|one| one.case == *case);
        stands.map_or_else(Effect::default, |stands| effect(stands, seen.as_ref()))
    }

    /// Does the firewall say that an act stands no more, or as little as others ask for?
    fn is_gone(&mut self, stands: &Stands, wanted: &Wanted) -> Option<bool> {
        let seen = self.driver.look(wanted, &self.rig).ok().flatten()?;
        let named = |hosts: &Hosts| seen.deny.contains_key(hosts) || seen.isolate.contains_key(hosts);
        let asked = |hosts: &Hosts| wanted.deny.contains_key(hosts) || wanted.isolate.contains_key(hosts);
        Some(match stands.act.what.target() {
            Some(target) => !named(&target) || asked(&target),
            None => seen.differs.is_empty(),
        })
    }

    /// What stands, with what the firewall says of it.
    pub fn standing(&mut self) -> Standing {
        let wanted = self.state.wanted();
        let seen = if self.dry { Ok(None) } else { self.driver.look(&wanted, &self.rig) };
        let (seen, unseen) = match seen {
            Ok(seen) => (seen, None),
            Err(Fault(told)) => (None, Some(told.into())),
        };
        let acts = self.state.acts.iter().map(|one| (one.clone(), effect(one, seen.as_ref()))).collect();
        Standing {
            firewall: self.name.clone(),
            driver: self.driver.name().to_owned(),
            dry: self.dry,
            epoch: self.state.epoch,
            last: self.state.last,
            acts,
            unseen,
        }
    }

    /// What happened behind an event, with since when events are counted.
    #[must_use]
    pub fn events(&self, after: u64) -> (Instant, Vec<Event>) {
        let events = self.state.events.iter().filter(|event| event.number > after).cloned().collect();
        (self.state.epoch, events)
    }
}

/// What the firewall says of an act.
fn effect(stands: &Stands, seen: Option<&Seen>) -> Effect {
    let Some(seen) = seen else { return Effect::default() };
    let of = |found: Option<&Option<crate::driver::Count>>| {
        let counted = found.copied().flatten().map_or_else(Effect::default, Effect::from);
        Effect { seen: Some(found.is_some()), ..counted }
    };
    match &stands.act.what {
        What::Deny { target } => of(covering(&seen.deny, *target)),
        What::Observe { target, .. } if stands.tripped.is_some() => of(covering(&seen.deny, *target)),
        What::Cut { target } => of(covering(&seen.cut, *target)),
        What::Isolate { target } => of(covering(&seen.isolate, *target)),
        What::Observe { .. } => of(seen.observed.get(&stands.id).filter(|count| count.is_some())),
        What::DenyAll | What::LockDown => {
            let counted = seen.wide.map_or_else(Effect::default, Effect::from);
            let stands = !seen.differs.iter().any(|differs| differs.contains("wide"));
            Effect { seen: Some(stands && seen.wide.is_some()), ..counted }
        }
    }
}

/// The element that an act stands by: its own, or that of a network around it.
fn covering<T>(of: &std::collections::BTreeMap<Hosts, T>, target: Hosts) -> Option<&T> {
    of.get(&target).or_else(|| of.iter().find(|(hosts, _)| hosts.covers(target)).map(|(_, one)| one))
}

fn refused(id: u64, told: Told) -> Outcome {
    Outcome { id, done: false, said: told.into(), effect: None, dry: false, protected: false }
}

/// Why an act can never be done as it is written.
fn unfit(what: &What) -> Option<Told> {
    let What::Observe { target, conditions } = what else { return None };
    let other = conditions.trips.iter().find(|trip| trip.to.is_v6() != target.is_v6());
    if let Some(trip) = other {
        return Some(Told::new(
            format!("絆線 {} 與監控對象 {target} 之位址種類不同（IPv4、IPv6），永不觸發，未執行。", trip.to),
            format!(
                "The trip-wire {} and {target} are of different families (IPv4, IPv6), so that it would never be touched; nothing was done.",
                trip.to
            ),
        ));
    }
    let none = conditions.trips.is_empty() && conditions.most_mbytes.is_none();
    none.then(|| {
        Told::new(
            "監控放行須至少設一條絆線或傳送上限，始能於危害內部時自行切斷，未執行。",
            "Who is let in needs at least one trip-wire or a most of what it is sent, to be cut by; nothing was done.",
        )
    })
}
