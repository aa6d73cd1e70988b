//! Acts of a scenario, done one after the other, each checked for what it should bring.

use crate::coverage::{self, Coverage};
use crate::effects::{self, After};
use crate::probe;
use crate::scenario::Act;
use crate::seen::Seen;
use crate::town::{Actor, Town};
use crate::values;
use casework::{Body, By, Case, Command, Event, Fill, Records, Refusal, clocks_due, duties_chased};
use model::{Evidence, Instant, RecordId};
use regulation::{Outcome, Register, Step};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// The reason given wherever one is asked.
pub(crate) const REASON: &str = "資料不符，請補正";

pub(crate) struct Walker<'w> {
    pub(crate) town: &'w mut Town,
    pub(crate) coverage: &'w mut Coverage,
    /// The register of the file.
    pub(crate) register: &'w str,
    /// The record opened or spoken of last.
    pub(crate) last: Option<RecordId>,
    /// Does it only lead to another scenario? Then nobody tries what is not theirs; that is done where it is walked
    /// for itself.
    pub(crate) leads: bool,
}

impl Walker<'_> {
    /// The scenario begins, unless what came before it ended later.
    pub(crate) fn begin(&mut self, at: Instant) {
        if at > self.town.now {
            self.pass(at, &mut Vec::new());
        }
    }

    pub(crate) fn act(&mut self, act: &Act) {
        let mut fired = Vec::new();
        let events = if let Some(appoint) = &act.appoint {
            let (deputy, principal) = appoint.split_once(" for ").unwrap();
            let (deputy, principal) = (self.town.people.person(deputy), self.town.people.person(principal));
            let appointment = probe::appointed(self.town, deputy, principal);
            self.town.people.appointments.push(appointment);
            Vec::new()
        } else if !act.vacate.is_empty() {
            let left: Vec<_> = act.vacate.iter().map(|name| self.town.people.person(name)).collect();
            self.town.people.posts.retain(|post| !left.contains(&post.person));
            Vec::new()
        } else if let Some(duty) = &act.owe {
            let Some(events) = self.owe(act, duty) else { return };
            events
        } else if let Some(unit) = &act.alarm {
            let Some(events) = self.alarmed(act, unit) else { return };
            events
        } else if let Some(step) = &act.over {
            let Some(events) = self.over(act, step) else { return };
            events
        } else if let Some(limit) = &act.advance {
            self.pass(values::later(self.town, limit), &mut fired)
        } else if let Some(moment) = &act.until {
            self.pass(values::moment(self.town, moment), &mut fired)
        } else {
            let Some(events) = self.step(act) else { return };
            events
        };
        self.expect(act, &events, &fired);
    }

    /// Takes a step; `None` when it was to be refused, and was.
    fn step(&mut self, act: &Act) -> Option<Vec<Event>> {
        let spelled =
            act.step.as_ref().expect("an act says what is done: step, owe, advance, until, appoint");
        let post = self.town.people.post(act.who.as_ref().expect("a step is taken by somebody"));
        let acting_for = act.acting_for.as_ref().map(|name| self.town.people.person(name));
        let actor = Actor { post, acting_for };
        if let Some(of) = &act.of {
            self.last = Some(self.town.record(of));
        }
        let pack = self.town.pack;
        let opens = pack.register(act.register.as_deref().unwrap_or(self.register)).unwrap();
        let opening = opens.flow.step(spelled).filter(|step| step.opens() && act.of.is_none());
        let before = self.last.filter(|_| opening.is_none()).map(|record| self.town.case(record));
        let register = before.as_ref().map_or(opens, |case| pack.register(case.register.as_str()).unwrap());
        let step = opening.or_else(|| register.flow.step(spelled));
        let step = step.unwrap_or_else(|| panic!("no step {spelled} in {}", register.id));
        let held = before.as_ref().map(|case| &case.content);
        let fill = values::fill(self.town, register, &act.fill, &act.clear, held);
        let command = match &before {
            Some(case) => self.taking(act, case, step, fill.clone()),
            None => self.opening(act, register, step, fill.clone()),
        };
        if let Some(case) = &before {
            self.probe(case.record);
        }
        let evidence = match act.sign.as_deref() {
            None | Some("passkey") => Evidence::Passkey,
            Some("otp") => Evidence::Otp,
            Some("none") => Evidence::None,
            Some(other) => panic!("{other:?} is no signature"),
        };
        let opened = record_of(&command);
        let before_it = self.town.clone();
        match self.town.give(&actor, evidence, command) {
            Err(refusal) => {
                self.refused(act, register, step, before.as_ref(), &refusal);
                None
            }
            Ok(events) => {
                let wanted = act.refused.as_ref();
                assert_eq!(wanted, None, "it was to be refused, and was not");
                if before.is_none() {
                    self.opened(act, register, step, &fill, opened, &events);
                }
                let effective =
                    |event: &Event| matches!(&event.body, Body::Taken { step: one, .. } if *one == step.id);
                if before.is_none() || events.iter().any(effective) {
                    self.kept(register, step, act, opened, &events);
                }
                let after = After { before: &before_it, town: self.town, events: &events };
                effects::follow(&after, Some(&actor), self.coverage);
                Some(events)
            }
        }
    }

    fn taking(&self, act: &Act, case: &Case, step: &Step, fill: Fill) -> Command {
        let given = act.outcome.as_deref().map(|word| Outcome::from_word(word).unwrap());
        let forward = || step.outcomes.iter().map(|(one, _)| *one).find(|one| one.is_forward());
        let outcome = given.or_else(forward).unwrap_or(step.outcomes[0].0);
        let reason = outcome.needs_reason().then(|| REASON.to_owned());
        let (record, seen) = (case.record, case.revision);
        Command::Take {
            record,
            seen,
            step: step.id.clone(),
            outcome,
            reason,
            fill,
            occurred_at: None,
            late_reason: None,
            signed: None,
        }
    }

    fn opening(&mut self, act: &Act, register: &Register, step: &Step, fill: Fill) -> Command {
        Command::Open {
            record: self.town.draw(),
            register: register.id.clone(),
            step: step.id.clone(),
            fill,
            occurred_at: act.occurred.as_ref().map(|text| values::moment(self.town, text)),
            late_reason: act.late.clone(),
            signed: None,
        }
    }

    fn opened(
        &mut self,
        act: &Act,
        register: &Register,
        step: &Step,
        fill: &Fill,
        record: RecordId,
        events: &[Event],
    ) {
        let opened = events.iter().find(|event| event.record() == Some(record)).unwrap();
        self.probe_opening(register, step, fill, opened);
        self.last = Some(record);
        if let Some(name) = &act.name {
            self.town.names.insert(name.clone(), record);
        }
    }

    /// Rules that let this act pass.
    fn kept(&mut self, register: &Register, step: &Step, act: &Act, record: RecordId, events: &[Event]) {
        let case = self.town.case(record);
        let seen = Seen::new(self.town, &case);
        let taken = |event: &Event| match &event.body {
            Body::Taken { step: one, outcome, .. } if *one == step.id => Some(*outcome),
            Body::Opened { step: one, .. } if *one == step.id && event.record() == Some(record) => {
                step.outcomes.iter().map(|(one, _)| *one).find(|one| one.is_forward())
            }
            _ => None,
        };
        let outcome = events.iter().find_map(taken).unwrap();
        for guard in step.guards.iter().filter(|guard| guard.on.contains(&outcome)) {
            self.coverage.meet(&register.id, coverage::guard(step, guard.message.zh(), true));
        }
        if step.lead.as_ref().is_some_and(|lead| outcome.is_forward() && seen.value(&lead.before).is_some()) {
            self.coverage.meet(&register.id, coverage::lead(step, true));
        }
        for constraint in &register.constraints {
            if constraint.rule.holds(&seen).unwrap() == Some(true) {
                self.coverage.meet(&register.id, coverage::constraint(constraint.id.as_str(), true));
            }
        }
        for unique in &register.uniques {
            let others = self.town.kept.of(&register.id).filter(|other| other.record != record).count();
            if others > 0 && unique.fields.iter().all(|field| case.content.0.contains_key(field)) {
                self.coverage.meet(&register.id, coverage::unique(unique.message.zh(), true));
            }
        }
        if act.late.is_some() && register.late.is_some() {
            self.coverage.meet(&register.id, coverage::late(true));
        }
    }

    fn refused(
        &mut self,
        act: &Act,
        register: &Register,
        step: &Step,
        before: Option<&Arc<Case>>,
        refusal: &Refusal,
    ) {
        let told = refusal.told();
        let state = before.map_or("nothing", |case| case.state.as_str());
        let wanted = act.refused.as_deref();
        assert_eq!(
            wanted,
            Some(&*probe::name(refusal)),
            "{}.{} in {state}: {refusal:?}",
            register.id,
            step.id
        );
        if let Some(says) = &act.says {
            assert!(told.zh.contains(says.as_str()), "{:?} is expected, not {:?}", says, told.zh);
        }
        assert!(!told.en.is_empty() && !told.zh.is_empty());
        let by_the_pack =
            matches!(refusal, Refusal::Guarded(_) | Refusal::Broken { .. } | Refusal::Doubled { .. });
        assert!(!by_the_pack || act.says.is_some(), "say which: {}", told.zh);
        let what = match refusal {
            Refusal::Guarded(label) => Some(coverage::guard(step, label.zh(), false)),
            Refusal::Broken { id, .. } => Some(coverage::constraint(id.as_str(), false)),
            Refusal::Doubled { message, .. } => Some(coverage::unique(message.zh(), false)),
            Refusal::LateFiling(_) => Some(coverage::lead(step, false)),
            Refusal::LateWithoutReason => Some(coverage::late(false)),
            _ => None,
        };
        if let Some(what) = what {
            self.coverage.meet(&register.id, what);
        }
    }

    /// The latest occurrence of a duty that is due to be opened is; those before it are passed over.
    fn owe(&mut self, act: &Act, duty: &str) -> Option<Vec<Event>> {
        let of = act.of.as_ref().expect("a duty is owed for something");
        let object = match of.strip_prefix('$') {
            Some(_) => casework::Object::Record(self.town.case(self.town.record(of)).reference()),
            None => casework::Object::Unit(self.town.people.units[of]),
        };
        let today = self.town.pack.zone.date(self.town.now);
        let begins =
            |command: &Command| matches!(command, Command::BeginDuty { .. } | Command::RestDuty { .. });
        for command in self.town.duties_due(today).iter().filter(|command| begins(command)) {
            self.town.run(&By::System, command).unwrap();
        }
        let due = self.town.duties_due(today);
        let this = |command: &&Command| matches!(command, Command::Owe { key } if key.duty == *duty && key.object == object);
        let command =
            due.iter().rfind(this).unwrap_or_else(|| panic!("{duty} is not owed for {of} on {today}"));
        let before = self.town.clone();
        let events = match self.town.run(&By::System, command) {
            Ok(events) => events,
            Err(refusal) => {
                let duty = self.town.pack.duty(duty).unwrap();
                let register = self.town.pack.register(duty.register.as_str()).unwrap();
                self.refused(act, register, register.flow.step(duty.step.as_str()).unwrap(), None, &refusal);
                return None;
            }
        };
        assert_eq!(self.town.run(&By::System, command), Err(Refusal::NotDue), "it is owed once");
        self.opened_by_system(act, &before, &events);
        Some(events)
    }

    /// What follows once the system has opened a record: its effects, and its name in the scenario.
    fn opened_by_system(&mut self, act: &Act, before: &Town, events: &[Event]) {
        let opened =
            |event: &Event| matches!(event.body, Body::Opened { .. }).then_some(event.record()).flatten();
        let record = events.iter().find_map(opened).unwrap();
        self.opened_for_system(events);
        effects::follow(&After { before, town: self.town, events }, None, self.coverage);
        self.last = Some(record);
        if let Some(name) = &act.name {
            self.town.names.insert(name.clone(), record);
        }
    }

    /// An alarm opens a case; `None` when that was to be refused, and was.
    fn alarmed(&mut self, act: &Act, unit: &str) -> Option<Vec<Event>> {
        let pack = self.town.pack;
        let register = pack.register(self.register).unwrap();
        let command = Command::OpenForAlarm {
            alarm: casework::EntryNumber(1),
            register: register.id.clone(),
            unit: self.town.people.units[unit],
            fill: values::fill(self.town, register, &act.fill, &act.clear, None),
        };
        let by_system = |by: &regulation::ActorRule| matches!(by.who, regulation::Who::System);
        let takes = |step: &&Step| {
            step.opens()
                && matches!(&step.signers, regulation::Signers::People { by, .. } if by.iter().any(by_system))
        };
        let step = register.flow.steps.iter().find(takes).unwrap();
        let before = self.town.clone();
        match self.town.run(&By::System, &command) {
            Ok(events) => {
                self.opened_by_system(act, &before, &events);
                self.kept(register, step, act, self.last.unwrap(), &events);
                Some(events)
            }
            Err(refusal) => {
                self.refused(act, register, step, None, &refusal);
                None
            }
        }
    }

    /// The alarm is over for which a record was opened; `None` when the step was to be refused, and was.
    fn over(&mut self, act: &Act, step: &str) -> Option<Vec<Event>> {
        let record = self.town.record(act.of.as_ref().expect("an alarm is over for a record"));
        let case = self.town.case(record);
        let register = self.town.pack.register(case.register.as_str()).unwrap();
        let step = register.flow.step(step).unwrap();
        let alarm = casework::EntryNumber(1);
        let command = Command::TakeForAlarm { alarm, record, step: step.id.clone() };
        let before = self.town.clone();
        match self.town.run(&By::System, &command) {
            Ok(events) => {
                assert_eq!(act.refused, None, "it was to be refused, and was not");
                effects::follow(
                    &After { before: &before, town: self.town, events: &events },
                    None,
                    self.coverage,
                );
                self.last = Some(record);
                Some(events)
            }
            Err(refusal) => {
                self.refused(act, register, step, Some(&case), &refusal);
                None
            }
        }
    }

    /// Time passes; clocks and duties come to their points, earliest first.
    fn pass(&mut self, target: Instant, fired: &mut Vec<String>) -> Vec<Event> {
        assert!(target >= self.town.now, "time goes on");
        let mut all = Vec::new();
        while let Some((at, next)) = self.next(target) {
            self.town.now = at.max(self.town.now);
            all.extend(self.point(&next, fired));
        }
        self.town.now = target;
        all
    }

    /// The next point on the way to a moment.
    fn next(&self, target: Instant) -> Option<(Instant, Next)> {
        let clocks = self.town.kept.state.cases.values().flat_map(|case| {
            let points = case.clocks.values().flat_map(|running| &running.points);
            points.map(|point| (point.at, Next::Clock(case.record)))
        });
        let open = self.town.kept.state.occurrences.iter().filter(|(_, one)| one.done_at.is_none());
        let duties =
            open.flat_map(|(key, one)| one.points.iter().map(|point| (point.at, Next::Duty(key.clone()))));
        clocks.chain(duties).filter(|(at, _)| *at <= target).min_by_key(|(at, _)| *at)
    }

    fn point(&mut self, next: &Next, fired: &mut Vec<String>) -> Vec<Event> {
        if !self.leads {
            self.outage(next);
        }
        let (command, of, place, index, escalation) = self.due(self.town, next, Instant::EPOCH);
        assert!(!late(&command));
        let before = self.town.clone();
        let events = self.town.run(&By::System, &command).unwrap();
        assert_eq!(self.town.run(&By::System, &command), Err(Refusal::NotDue), "each point comes once");
        fired.push(format!(
            "{of}{}",
            if place.is_empty() { String::new() } else { format!(".{}", &place[6..]) }
        ));
        self.coverage.meet(&of, coverage::point(&place, index, escalation.at, false));
        let record = self.record(next);
        let case = before.case(record);
        let object = match next {
            Next::Duty(key) => Some((&key.object, before.kept.occurrence(key).unwrap().due_on)),
            Next::Clock(_) => None,
        };
        let seen = Seen { object, ..Seen::new(&before, &case) };
        let after = After { before: &before, town: self.town, events: &events };
        if seen.applies(&escalation.when) && effects::happened(&seen, &after, &escalation.effect) {
            self.coverage.meet(&of, coverage::effect(&place, index, &escalation.effect));
        }
        effects::follow(&after, None, self.coverage);
        self.opened_for_system(&events);
        events
    }

    fn record(&self, next: &Next) -> RecordId {
        match next {
            Next::Clock(record) => *record,
            Next::Duty(key) => self.town.kept.occurrence(key).unwrap().record,
        }
    }

    fn probe(&mut self, record: RecordId) {
        if !self.leads {
            probe::state(self.town, record, self.coverage);
        }
    }

    /// Everyone tries in the town as it was before: the record itself must not stand in its own way.
    fn probe_opening(&mut self, register: &Register, step: &Step, fill: &Fill, opened: &Event) {
        if !self.leads {
            let mut fork = self.town.clone();
            fork.kept = self.town.kept.without(opened.record().unwrap());
            probe::opening(&mut fork, register, step, fill, opened, self.coverage);
        }
    }

    /// The same point in a town that was down when it came: it comes once, marked.
    fn outage(&mut self, next: &Next) {
        let mut fork = self.town.clone();
        fork.now = self.town.now.plus(Duration::from_secs(3_600));
        let (command, of, place, index, escalation) = self.due(&fork, next, fork.now);
        assert!(late(&command), "{command:?} came while the system was down");
        let events = fork.run(&By::System, &command).unwrap();
        let marked = |event: &Event| {
            matches!(
                event.body,
                Body::ClockFired { late_by_outage: true, .. } | Body::DutyChased { late_by_outage: true, .. }
            )
        };
        assert!(events.iter().any(marked));
        assert_eq!(fork.run(&By::System, &command), Err(Refusal::NotDue), "what was missed comes once");
        self.coverage.meet(&of, coverage::point(&place, index, escalation.at, true));
    }

    /// The command a point gives, and what of the pack it is: whose, where, which.
    fn due(
        &self,
        town: &Town,
        next: &Next,
        up_since: Instant,
    ) -> (Command, String, String, usize, regulation::Escalation) {
        match next {
            Next::Clock(record) => {
                let case = town.case(*record);
                let command = clocks_due(&case, town.now, up_since).remove(0);
                let Command::Tick { clock, point, .. } = &command else { panic!("{command:?}") };
                let register = town.pack.register(case.register.as_str()).unwrap();
                let index = *point as usize;
                let escalation = register.flow.clock(clock.as_str()).unwrap().then[index].clone();
                let place = format!("clock {clock}");
                (command, register.id.to_string(), place, index, escalation)
            }
            Next::Duty(key) => {
                let occurrence = town.kept.occurrence(key).unwrap();
                let command = duties_chased(key, &occurrence, town.now, up_since).remove(0);
                let Command::Chase { point, .. } = &command else { panic!("{command:?}") };
                let index = *point as usize;
                let escalation = town.pack.duty(key.duty.as_str()).unwrap().then[index].clone();
                (command, format!("duty {}", key.duty), String::new(), index, escalation)
            }
        }
    }

    /// Steps that open records for the system are nobody else's.
    fn opened_for_system(&mut self, events: &[Event]) {
        for event in events {
            let Body::Opened { register, step, content, .. } = &event.body else { continue };
            let register = self.town.pack.register(register.as_str()).unwrap();
            let step = register.flow.step(step.as_str()).unwrap();
            let asked = |(id, json): (&regulation::FieldId, &serde_json::Value)| {
                step.fields.contains(id).then(|| (id.clone(), json.clone()))
            };
            let fill = content.0.iter().filter_map(asked).collect();
            self.probe_opening(register, step, &fill, event);
        }
    }

    fn expect(&mut self, act: &Act, events: &[Event], fired: &[String]) {
        if let Some(wanted) = &act.fired {
            assert_eq!(fired, wanted, "what came to a point");
        }
        for (register, name) in &act.opens {
            let opened = events.iter().filter(|event| {
                matches!(&event.body, Body::Opened { register: one, .. } if *one == *register.as_str())
            });
            let opened: Vec<RecordId> = opened.filter_map(Event::record).collect();
            assert_eq!(opened.len(), 1, "one record of {register} is opened");
            self.town.names.insert(name.clone(), opened[0]);
        }
        if act.step.is_some() {
            let by_itself = |event: &&Event| matches!(event.actor, model::Actor::Machine { .. });
            let opened: Vec<Event> = events.iter().filter(by_itself).cloned().collect();
            self.opened_for_system(&opened);
        }
        if let Some(told) = &act.told {
            let mut wanted = told.clone();
            wanted.sort();
            assert_eq!(effects::addressees(self.town, events), wanted, "who is told");
        }
        if let Some(wanted) = &act.notices {
            let said = events.iter().filter_map(|event| match &event.body {
                Body::Notice { zh, .. } => Some(zh.as_str()),
                _ => None,
            });
            assert_eq!(said.collect::<Vec<_>>(), *wanted);
        }
        let touched: BTreeSet<RecordId> = events.iter().filter_map(Event::record).collect();
        for record in touched {
            self.probe(record);
        }
        let Some(record) =
            act.of.as_ref().filter(|of| of.starts_with('$')).map(|of| self.town.record(of)).or(self.last)
        else {
            return;
        };
        let record = if act.owe.is_some() { self.last.unwrap() } else { record };
        let case = self.town.case(record);
        if let Some(state) = &act.state {
            assert_eq!(case.state.as_str(), state, "the state of {}", case.register);
        }
        if let Some(number) = &act.number {
            assert_eq!(case.number.as_ref(), Some(number));
        }
        for (id, wanted) in &act.holds {
            let register = self.town.pack.register(case.register.as_str()).unwrap();
            let field = register.field(id).unwrap();
            let wanted = values::of_field(self.town, field, wanted, None);
            let held = case.content.0.get(id.as_str()).or_else(|| case.reckoned.0.get(id.as_str()));
            assert_eq!(held, Some(&wanted), "{id} of {}", case.register);
        }
    }
}

/// What comes to a point.
enum Next {
    Clock(RecordId),
    Duty(casework::DutyKey),
}

fn late(command: &Command) -> bool {
    matches!(
        command,
        Command::Tick { late_by_outage: true, .. } | Command::Chase { late_by_outage: true, .. }
    )
}

fn record_of(command: &Command) -> RecordId {
    match command {
        Command::Open { record, .. } | Command::Take { record, .. } => *record,
        other => panic!("{other:?} is about no record"),
    }
}
