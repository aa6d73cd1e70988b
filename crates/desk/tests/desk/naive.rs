//! A second opinion, naive on purpose: it reads the entries of a ledger one after the other, and knows the two invented
//! regulations only as they are written down a second time, by hand, in `rules`.
//!
//! It panics, in the words of what went wrong, when a case came further than its signatures carry it, when somebody
//! signed twice, when a signature covers something else, when a number is missing or given twice, when what was void is
//! not said to be.

mod people;
pub(crate) mod rules;

use casework::{Body, Case, DutyKey, Ending, Point, Subject};
use model::{Actor, Evidence, Instant, PersonId, RecordId, UnitId};
use people::People;
use proof::entry::Entry;
use proof::hash::Hash;
use proof::signature::{Facts, Previous, Signature, check};
use regulation::Outcome;
use rules::Rules;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use store::{Fact, Recorded, Said};
use testkit::{House, ORIGIN};

/// An entry as it stands in the ledger.
pub(crate) struct Line {
    pub(crate) number: u64,
    pub(crate) at: Instant,
    pub(crate) kind: String,
    pub(crate) subject: String,
    pub(crate) sealed: bool,
    pub(crate) fact: Option<Fact>,
    content: Hash,
    signature: Option<Signature>,
    bytes: Vec<u8>,
}

/// Every entry of a house whose desk is closed.
pub(crate) fn lines(house: &House) -> Vec<Line> {
    let (reader, keys) = (house.reader(), house.keys().unwrap());
    let mut lines = Vec::new();
    let visit = |number: u64, bytes: &[u8]| {
        let entry = Entry::parse(bytes).unwrap();
        let recorded = Recorded::read(number, bytes, keys.as_ref()).unwrap();
        let fact = match recorded.said {
            Said::Fact(fact) => Some(*fact),
            _ => None,
        };
        lines.push(Line {
            number,
            at: entry.time(),
            kind: entry.kind().to_owned(),
            subject: entry.subject().to_owned(),
            sealed: entry.sealed().is_some(),
            fact,
            content: entry.content_hash(),
            signature: entry.signature().cloned(),
            bytes: bytes.to_vec(),
        });
    };
    reader.entries(0..reader.size().unwrap(), visit).unwrap();
    keys.close();
    lines
}

/// Every case of a house, as the tables have it.
pub(crate) fn cases(house: &House) -> BTreeMap<RecordId, Case> {
    let text = "SELECT record FROM record WHERE destroyed IS NULL ORDER BY record";
    let rows = house.desk.read(|sql, _| sql.rows(text, &[])).unwrap();
    let ids = rows.iter().map(|row| row.text(0).unwrap().parse().unwrap());
    ids.map(|record| (record, house.case(record).unwrap())).collect()
}

/// Closes a house and judges all of it: signatures, files, tables, and what the naive reader makes of the entries.
pub(crate) fn judge_house(house: &mut House, rules: &'static Rules) -> Naive {
    let cases = cases(house);
    house.judge().unwrap();
    let naive = judge(&lines(house), rules);
    naive.compare(&cases);
    naive
}

/// Reads all lines and gives what came out, record by record.
pub(crate) fn judge(lines: &[Line], rules: &'static Rules) -> Naive {
    let gone = lines.iter().filter(|line| line.fact.is_none() && line.kind.starts_with("case.opened/"));
    let gone = gone.map(|line| line.subject.parse().unwrap()).collect();
    let mut naive = Naive { rules: Some(rules), gone, ..Naive::default() };
    for line in lines {
        naive.line(line);
    }
    for (record, seen) in &naive.records {
        assert!(seen.owed.is_empty(), "{record}: nobody said that the approval of {:?} is void", seen.owed);
    }
    naive
}

/// What the naive reader knows.
#[derive(Default)]
pub(crate) struct Naive {
    rules: Option<&'static Rules>,
    people: People,
    pub(crate) records: BTreeMap<RecordId, Seen>,
    sequences: BTreeMap<String, u32>,
    pub(crate) numbers: BTreeSet<(String, String)>,
    contents: BTreeMap<u64, Hash>,
    duties: BTreeMap<DutyKey, Owed>,
    asked: BTreeMap<u64, RecordId>,
    answered: BTreeSet<u64>,
    /// Records whose content was destroyed: what is left of them tells no story.
    gone: BTreeSet<RecordId>,
    /// Notices with their readers.
    read: BTreeSet<(u64, PersonId)>,
    /// The entry with which the latest decision began.
    began: u64,
    /// Steps of several signatures that were completed, to see that a test has come far.
    pub(crate) completed: u32,
    /// Cases that came to the end they were opened for.
    pub(crate) ended: u32,
    /// Approvals that were said to be void.
    pub(crate) voided: u32,
}

#[derive(Default, Debug)]
struct Owed {
    record: Option<RecordId>,
    done: bool,
    points: Vec<u32>,
}

/// A record.
#[derive(Default, Debug)]
pub(crate) struct Seen {
    pub(crate) register: String,
    pub(crate) unit: Option<UnitId>,
    pub(crate) state: String,
    pub(crate) number: Option<String>,
    pub(crate) content: BTreeMap<String, Json>,
    opener: Vec<PersonId>,
    opened_at: Option<Instant>,
    /// The entry that holds the content.
    held: Option<u64>,
    /// The latest entry that says that a step was taken.
    taken: BTreeMap<String, u64>,
    signed: Vec<Sig>,
    approved: BTreeMap<String, Approved>,
    owed: BTreeSet<String>,
    clocks: BTreeMap<String, Vec<Point>>,
}

#[derive(Debug)]
struct Approved {
    values: BTreeMap<String, Option<Json>>,
    standing: bool,
}

/// Somebody's signature on a step that is not complete.
#[derive(Debug, Clone)]
struct Sig {
    step: String,
    outcome: Outcome,
    people: Vec<PersonId>,
    role: String,
    unit: UnitId,
    evidence: Evidence,
    covers: Option<u64>,
    at: Instant,
}

impl Naive {
    fn line(&mut self, line: &Line) {
        self.contents.insert(line.number, line.content);
        let Some(fact) = &line.fact else { return };
        if begins(fact) {
            self.began = line.number;
        }
        match fact {
            Fact::Identity(event) => self.people.apply(event, line.at),
            Fact::Case(event) => match event.subject {
                Subject::Record(record) if self.gone.contains(&record) => {
                    if let Body::Numbered { sequence, place, .. } = &event.body {
                        self.sequences.insert(sequence.clone(), *place);
                    }
                }
                Subject::Record(record) => self.case(record, event, line),
                Subject::Duty(_) => self.duty(&event.body),
            },
            Fact::NoticeRead(read) => {
                let Actor::Person(reader) = &read.actor else { panic!("a machine has read a notice") };
                let fresh = self.read.insert((read.notice.0, reader.person));
                assert!(fresh, "{} read the notice {} twice", reader.person, read.notice.0);
            }
            Fact::Alarm(_)
            | Fact::Outlet(_)
            | Fact::Response(_)
            | Fact::Door(_)
            | Fact::Evaluated(_)
            | Fact::KeyDestroyed(_)
            | Fact::Lines(_)
            | Fact::Published(_) => {}
        }
    }

    fn case(&mut self, record: RecordId, event: &casework::Event, line: &Line) {
        let mut seen = self.records.remove(&record).unwrap_or_default();
        if let Some(signature) = &line.signature {
            self.signature(signature, &seen, line);
            let own = event.body.content().is_some();
            assert_eq!(signature.statement.previous == Previous::Itself, own, "entry {}", line.number);
        }
        match &event.body {
            Body::Opened { register, step, unit, state, .. } => {
                assert!(seen.opened_at.is_none(), "{record} was opened twice");
                seen.register = register.to_string();
                seen.unit = Some(*unit);
                seen.state = state.to_string();
                seen.opener = acted_as(&event.actor);
                seen.opened_at = Some(line.at);
                self.opened(&seen, step.as_str(), event, line);
            }
            Body::Signed { step, outcome, evidence, content, .. } => {
                let Actor::Person(actor) = &event.actor else { panic!("a machine has signed {step}") };
                if content.is_some() {
                    assert!(seen.signed.is_empty(), "what was signed changed, and nobody said so");
                }
                let covers = if content.is_some() { Some(line.number) } else { seen.held };
                let sig = Sig {
                    step: step.to_string(),
                    outcome: *outcome,
                    people: acted_as(&event.actor),
                    role: actor.role.clone(),
                    unit: actor.unit,
                    evidence: *evidence,
                    covers,
                    at: line.at,
                };
                self.acts(&seen, &sig);
                seen.signed.push(sig);
            }
            Body::Changed { .. } | Body::Moved { .. } => {
                assert!(seen.signed.is_empty(), "what was signed changed, and nobody said so");
                if let Body::Moved { state, .. } = &event.body {
                    seen.state = state.to_string();
                    seen.clocks.clear();
                }
            }
            Body::Belongs { unit } => seen.unit = Some(*unit),
            Body::SignaturesVoided { people, .. } => {
                seen.signed.retain(|sig| !sig.people.first().is_some_and(|one| people.contains(one)));
            }
            Body::ApprovalVoided { step, .. } => {
                self.voided += 1;
                seen.owed.remove(step.as_str());
                if let Some(approved) = seen.approved.get_mut(step.as_str()) {
                    approved.standing = false;
                }
            }
            Body::SentBack { to } => {
                seen.state = to.to_string();
                seen.signed.clear();
            }
            Body::Taken { step, outcome, from, to, about, supersedes, ending, .. } => {
                let about = about.map(|bound| (bound.entry.0, bound.hash.0));
                assert_eq!(about, self.about(&seen), "{step} of {record} was decided about another content");
                let former = seen.taken.insert(step.to_string(), line.number);
                let former = former.filter(|former| *former < self.began);
                assert_eq!(
                    supersedes.map(|one| one.0),
                    former,
                    "{step} of {record} supersedes another decision"
                );
                self.ended += u32::from(*ending == Some(Ending::Done) && seen.number.is_some());
                assert_eq!(from.as_str(), seen.state, "{step} was taken from where {record} is not");
                assert!(seen.owed.is_empty(), "{step}: an approval is void and nobody said so");
                self.taken(&mut seen, step.as_str(), *outcome, line.at);
                seen.state = to.to_string();
                seen.signed.clear();
            }
            Body::Numbered { number, sequence, place } => {
                let last = self.sequences.entry(sequence.clone()).or_insert(0);
                assert_eq!(*place, *last + 1, "{sequence} has a gap, or a number twice");
                *last = *place;
                assert!(seen.number.is_none(), "{record} was numbered twice");
                let fresh = self.numbers.insert((seen.register.clone(), number.clone()));
                assert!(fresh, "the number {number} was given twice");
                seen.number = Some(number.clone());
            }
            Body::ClockSet { clock, points, .. } => {
                seen.clocks.insert(clock.to_string(), points.clone());
            }
            Body::ClockStopped { clock } => drop(seen.clocks.remove(clock.as_str())),
            Body::ClockFired { clock, point, .. } => {
                assert!(point.at <= line.at, "{clock} fired too early");
                let points = seen.clocks.get_mut(clock.as_str()).expect("a clock fired that does not run");
                let before = points.len();
                points.retain(|one| one.index != point.index);
                assert_eq!(points.len() + 1, before, "{clock} fired twice");
            }
            Body::HookAsked { .. } => drop(self.asked.insert(line.number, record)),
            Body::HookAnswered { asked, .. } => {
                assert_eq!(self.asked.get(&asked.0), Some(&record), "an answer to what nobody asked");
                assert!(self.answered.insert(asked.0), "answered twice");
            }
            _ => {}
        }
        let reckoned = matches!(event.body, Body::Reckoned { .. });
        if let Some(content) = event.body.content().filter(|_| !reckoned) {
            let content = content.0.iter().map(|(id, json)| (id.to_string(), json.clone()));
            seen.content = content.collect();
            seen.held = Some(line.number);
            seen.owe();
        }
        self.records.insert(record, seen);
        self.unique();
    }

    /// The content a decision is about: what the record held before the decision began. What came with the decision has
    /// no number while it is made.
    fn about(&self, seen: &Seen) -> Option<(u64, Hash)> {
        let held = seen.held.filter(|held| *held < self.began)?;
        Some((held, self.contents[&held]))
    }

    /// A signature is that of whoever acted, over what the record held, by a key that counted.
    fn signature(&self, signature: &Signature, seen: &Seen, line: &Line) {
        let entry = Entry::parse(&line.bytes).unwrap();
        let number = line.number;
        let previous = match signature.statement.previous {
            Previous::Itself => None,
            Previous::Entry(previous) => {
                assert_eq!(Some(previous), seen.held, "entry {number} signs another content");
                self.contents.get(&previous).copied()
            }
        };
        let credential = signature.credential().and_then(|id| self.people.credential(id));
        let content = previous.unwrap_or(line.content);
        assert_eq!(signature.statement.content, content, "entry {number} signs what was not there");
        let facts = Facts::of(&entry, ORIGIN, number, previous);
        if let Err(error) = check(signature, &facts, credential) {
            panic!("entry {number}: the signature does not hold: {error}");
        }
    }

    /// Whoever opened the record could.
    fn opened(&self, seen: &Seen, step: &str, event: &casework::Event, line: &Line) {
        let rules = self.rules.unwrap();
        let ask = rules.ask(&seen.register, step);
        let Actor::Person(actor) = &event.actor else {
            return assert!(ask.system, "{}.{step} was taken by the system", seen.register);
        };
        let sig = Sig {
            step: step.to_owned(),
            outcome: Outcome::Done,
            people: acted_as(&event.actor),
            role: actor.role.clone(),
            unit: actor.unit,
            evidence: line.signature.as_ref().map_or(Evidence::None, grade),
            covers: None,
            at: line.at,
        };
        assert!(sig.evidence >= ask.least, "{step}: the signature is too weak");
        self.people.acts(actor, line.at);
        let fits = ask.by.iter().any(|by| rules.fits(by, seen, &self.records, &sig.view()));
        assert!(fits, "{} opened a record of {} in the role {}", actor.person, seen.register, actor.role);
    }

    /// Whoever signed could.
    fn acts(&self, seen: &Seen, sig: &Sig) {
        let rules = self.rules.unwrap();
        let ask = rules.ask(&seen.register, &sig.step);
        let actor = model::Person {
            acting_for: sig.people.get(1).copied(),
            person: sig.people[0],
            role: sig.role.clone(),
            session: None,
            terminal: None,
            unit: sig.unit,
        };
        self.people.acts(&actor, sig.at);
        assert!(sig.evidence >= ask.least, "{}: the signature is too weak", sig.step);
        if actor.acting_for.is_some() {
            let own = sig.people.iter().any(|one| seen.opener.contains(one));
            assert!(!own, "a deputy acted on a case of their own or of the principal");
        }
        if sig.outcome == Outcome::TakeBack {
            let own = sig.people.len() == 1 && sig.people.first() == seen.opener.first();
            return assert!(own, "somebody else took it back");
        }
        let fits = ask.by.iter().any(|by| rules.fits(by, seen, &self.records, &sig.view()));
        let short = ask.short.iter().any(|by| rules.fits(by, seen, &self.records, &sig.view()))
            && self.is_short(seen, &ask, sig.at);
        assert!(fits || short, "{} signed {} in the role {}", sig.people[0], sig.step, sig.role);
    }

    /// Are there not two who could approve, and do not stand in for each other?
    fn is_short(&self, seen: &Seen, ask: &rules::Ask, at: Instant) -> bool {
        let never = self.rules.unwrap().never(ask, seen, &self.records);
        let heads = self.people.holders("head", seen.unit, at);
        let free: Vec<PersonId> =
            heads.into_iter().filter(|one| !seen.opener.contains(one) && !never.contains(one)).collect();
        let opened = seen.opened_at.unwrap();
        !free.iter().enumerate().any(|(nth, one)| {
            free.iter().skip(nth + 1).any(|other| !self.people.linked(*one, *other, opened, at))
        }) || free.iter().any(|one| free.iter().any(|other| self.people.linked(*one, *other, opened, at)))
    }

    /// A step is complete: by how many, by whom, over what?
    fn taken(&mut self, seen: &mut Seen, step: &str, outcome: Outcome, at: Instant) {
        let rules = self.rules.unwrap();
        let ask = rules.ask(&seen.register, step);
        let given: Vec<&Sig> =
            seen.signed.iter().filter(|sig| sig.step == step && sig.outcome == outcome).collect();
        if given.is_empty() {
            return assert!(ask.system, "{step} was taken and nobody has signed it");
        }
        for sig in &given {
            assert_eq!(sig.covers, seen.held, "{step}: a signature covers what is no longer there");
        }
        let forward = matches!(outcome, Outcome::Done | Outcome::Approve);
        if let Some(need) = ask.seats {
            let seats: Vec<_> = ask.by.iter().flat_map(|by| rules.seats(by, seen, &self.records)).collect();
            let filled = |seat: &rules::Seat| given.iter().any(|sig| seat.takes(&sig.view()));
            let filled = seats.iter().filter(|seat| filled(seat)).count();
            let need = need.min(seats.len());
            match outcome {
                Outcome::Refuse => assert!(seats.len() - filled < need, "{step}: too few have refused"),
                _ => assert!(!forward || filled >= need, "{step}: {filled} of {need} seats have signed"),
            }
        } else if forward {
            assert!(given.len() >= ask.need, "{step}: {} of {} have signed", given.len(), ask.need);
        }
        if forward && (ask.need > 1 || ask.seats.is_some()) {
            self.completed += 1;
        }
        self.each_alone(seen, &given, &ask, at);
        if forward && rules.after_approval(&seen.register, step) {
            let stands = seen.approved.get("approve").is_some_and(|one| one.standing);
            assert!(stands, "{step} passed, and no approval stands");
        }
        if outcome == Outcome::Approve {
            let bound = rules.bound(&seen.register).iter().map(|field| (*field).to_owned());
            let fields: BTreeSet<String> = bound.chain(seen.content.keys().cloned()).collect();
            let values = fields.into_iter().map(|field| {
                let value = seen.content.get(&field).cloned();
                (field, value)
            });
            let approved = Approved { values: values.collect(), standing: true };
            seen.approved.insert(step.to_owned(), approved);
        }
    }

    /// Nobody signed twice; nobody approved their own, or what they are barred from.
    fn each_alone(&self, seen: &Seen, given: &[&Sig], ask: &rules::Ask, at: Instant) {
        for (nth, sig) in given.iter().enumerate() {
            for other in given.iter().skip(nth + 1) {
                let one_person = sig.people.iter().any(|a| {
                    other
                        .people
                        .iter()
                        .any(|b| a == b || (ask.two && self.people.linked(*a, *b, sig.at.min(other.at), at)))
                });
                assert!(!one_person, "{}: one person, or with a deputy, signed twice", sig.step);
            }
            let mut barred = self.rules.unwrap().never(ask, seen, &self.records);
            if sig.outcome == Outcome::Approve {
                barred.extend(&seen.opener);
            }
            let opened = seen.opened_at.unwrap();
            for own in &sig.people {
                let stands =
                    barred.iter().any(|one| one == own || self.people.stands_in(*own, *one, opened, at));
                assert!(!stands, "{}: the applicant, somebody barred, or a deputy, has signed", sig.step);
            }
        }
    }

    fn duty(&mut self, body: &Body) {
        match body {
            Body::DutyOpened { key, record, points, .. } => {
                let points = points.iter().map(|point| point.index).collect();
                let owed = Owed { record: Some(*record), done: false, points };
                assert!(self.duties.insert(key.clone(), owed).is_none(), "{key:?} was opened twice");
            }
            Body::DutyReopened { key, record } => {
                let owed = self.duties.get_mut(key).expect("a duty reopened that is not owed");
                let before = owed.record.replace(*record).unwrap();
                let rules = self.rules.unwrap();
                assert!(rules.came_to_nothing(&self.records[&before]), "{key:?} was not to be opened again");
            }
            Body::DutyDone { key, record, .. } => {
                let owed = self.duties.get_mut(key).expect("a duty done that is not owed");
                assert!(!owed.done && owed.record == Some(*record), "{key:?} was done twice");
                owed.done = true;
                assert_eq!(self.records[record].state, "done");
            }
            Body::DutyChased { key, point, .. } => {
                let owed = self.duties.get_mut(key).expect("a duty chased that is not owed");
                assert!(!owed.done, "{key:?} was chased after it was done");
                let before = owed.points.len();
                owed.points.retain(|one| *one != point.index);
                assert_eq!(owed.points.len() + 1, before, "{key:?} was chased twice");
            }
            _ => {}
        }
    }

    /// No two records have the values of which each may be there once.
    fn unique(&self) {
        for unique in self.rules.unwrap().uniques {
            let mut found = BTreeSet::new();
            for seen in self.records.values().filter(|seen| seen.register == unique.register) {
                let values: Option<Vec<&Json>> =
                    unique.fields.iter().map(|field| seen.content.get(*field)).collect();
                if let Some(values) = values.filter(|_| unique.states.contains(&seen.state.as_str())) {
                    let values: Vec<String> = values.into_iter().map(ToString::to_string).collect();
                    assert!(found.insert(values.clone()), "{}: {values:?} twice", unique.register);
                }
            }
        }
    }

    /// The same as the tables show.
    pub(crate) fn compare(&self, cases: &BTreeMap<RecordId, Case>) {
        assert!(self.records.keys().eq(cases.keys()), "the tables have other records than the ledger");
        for (record, seen) in &self.records {
            let case = &cases[record];
            assert_eq!(case.state.as_str(), seen.state, "{record}");
            assert_eq!(case.number, seen.number, "{record}");
            let content: BTreeMap<String, Json> =
                case.content.0.iter().map(|(id, json)| (id.to_string(), json.clone())).collect();
            assert_eq!(content, seen.content, "{record}");
        }
    }
}

impl Seen {
    /// Approvals whose content has changed are to be said void before anything else is taken.
    fn owe(&mut self) {
        for (step, approved) in self.approved.iter().filter(|(_, approved)| approved.standing) {
            let same = |(field, value): (&String, &Option<Json>)| self.content.get(field) == value.as_ref();
            if !approved.values.iter().all(same) {
                self.owed.insert(step.clone());
            }
        }
    }
}

impl Sig {
    fn view(&self) -> rules::Signer<'_> {
        let holder = self.people.last().copied().unwrap();
        rules::Signer { holder, role: &self.role, unit: self.unit }
    }
}

/// Does a decision begin with it? What follows from one comes behind it.
const fn begins(fact: &Fact) -> bool {
    let Fact::Case(event) = fact else { return true };
    match (&event.body, &event.actor) {
        (Body::Opened { .. }, Actor::Person(_)) => true,
        (body, _) => matches!(
            body,
            Body::ClockFired { .. }
                | Body::DutyChased { .. }
                | Body::DutyOpened { .. }
                | Body::HookAnswered { .. }
                | Body::Moved { .. }
                | Body::Signed { .. }
        ),
    }
}

fn grade(signature: &Signature) -> Evidence {
    match signature.evidence {
        proof::signature::Evidence::Otp(_) => Evidence::Otp,
        proof::signature::Evidence::Passkey(_) => Evidence::Passkey,
    }
}

fn acted_as(actor: &Actor) -> Vec<PersonId> {
    match actor {
        Actor::Machine { .. } => vec![],
        Actor::Person(person) => std::iter::once(person.person).chain(person.acting_for).collect(),
    }
}
