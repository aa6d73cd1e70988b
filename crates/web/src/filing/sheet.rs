//! A form on somebody's desk: which step, on which record, in whose name, with which outcomes open to them.

use crate::acting::{self, Stance};
use crate::cx::Cx;
use crate::error::PageError;
use crate::form::{self, Posted};
use crate::look::Look;
use crate::names::{record_path, register_path};
use crate::records::Opened;
use crate::roc;
use casework::{Case, Command, Fill, Filling, Form};
use desk::{About, Denial};
use model::{Instant, Person, RecordId, Told};
use regulation::{Outcome, Register, Step};
use std::cell::{OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

/// What a path asks to be filled in.
#[derive(Debug, Clone)]
pub(crate) enum FormAsked {
    /// A record of a register is to be opened by a step.
    Open(String, String),
    /// A step of a record is to be taken.
    Take(RecordId, String),
}

/// A form on somebody's desk.
pub(crate) struct Sheet<'l, 'a> {
    pub(crate) look: &'l Look<'a>,
    pub(crate) register: &'l Register,
    pub(crate) step: &'l Step,
    /// The record as it is; none where one is to be opened.
    pub(crate) before: Option<Arc<Case>>,
    /// The id of the record; one to be opened has its own from the first time the form was shown.
    pub(crate) record: RecordId,
    /// In whose name it may be done.
    pub(crate) stances: Vec<Stance>,
    /// In whose name it is done.
    pub(crate) stance: Stance,
    /// The outcomes open to them.
    pub(crate) outcomes: Vec<Outcome>,
    /// As it stood last, with what it was filled in with: a page asks for the same again and again.
    stood: RefCell<Option<(Fill, bool, Rc<Form<'l>>)>>,
    /// Is it asked when it happened?
    when: OnceCell<bool>,
}

impl FormAsked {
    /// Where the form is.
    pub(crate) fn path(&self) -> String {
        match self {
            Self::Open(register, step) => format!("/registers/{register}/new/{step}"),
            Self::Take(record, step) => format!("{}/steps/{step}", record_path(*record)),
        }
    }

    /// Where one is led who leaves it.
    pub(crate) fn way_out(&self) -> String {
        match self {
            Self::Open(register, _) => format!("/registers/{register}"),
            Self::Take(record, _) => record_path(*record),
        }
    }

    /// The record whose step it is.
    pub(crate) const fn record(&self) -> Option<RecordId> {
        match self {
            Self::Open(..) => None,
            Self::Take(record, _) => Some(*record),
        }
    }
}

impl<'l, 'a> Sheet<'l, 'a> {
    /// The form, as what was posted chooses it.
    ///
    /// # Errors
    /// `NotFound`: there is no such step, or the record is not theirs to read. `Refused`, `Denied`: the step is not
    /// offered to them now.
    pub(crate) fn of(look: &'l Look<'a>, asked: &FormAsked, posted: &Posted) -> Result<Self, PageError> {
        match asked {
            FormAsked::Open(register, step) => Self::open(look, register, step, posted),
            FormAsked::Take(record, step) => Self::take(look, *record, step, posted),
        }
    }

    fn open(look: &'l Look<'a>, register: &str, step: &str, posted: &Posted) -> Result<Self, PageError> {
        let register = look.pack.register(register).ok_or(PageError::NotFound)?;
        let step = register.flow.step(step).filter(|step| step.opens()).ok_or(PageError::NotFound)?;
        let openings = acting::openings(look, &register.id);
        let found = openings.into_iter().find(|(one, _)| *one == step.id);
        let stances = found.map(|(_, stances)| stances).unwrap_or_default();
        let act = format!("{}.{}", register.id, step.id);
        let stance = chosen(&stances, posted).ok_or_else(|| denied(act, About::Oneself))?;
        let record = match posted.query.one("record").and_then(|record| record.parse().ok()) {
            Some(record) => record,
            None => RecordId::from_bytes(look.cx.site.draw()?),
        };
        let forward = step.outcomes.iter().map(|(outcome, _)| *outcome).find(|outcome| outcome.is_forward());
        let outcomes = forward.into_iter().collect();
        Ok(Self::new(look, (register, step), (None, record), (stances, stance), outcomes))
    }

    fn take(look: &'l Look<'a>, record: RecordId, step: &str, posted: &Posted) -> Result<Self, PageError> {
        let Opened { case, register } = Opened::of(look, record)?;
        let step = register.flow.step(step).filter(|step| !step.opens()).ok_or(PageError::NotFound)?;
        let mut offers = acting::offers(look, &case);
        offers.retain(|offer| offer.step == step.id);
        let stances: Vec<Stance> = offers.iter().map(|offer| offer.stance.clone()).collect();
        // A step that is open is not theirs; of one that is not, nobody was denied anything.
        let open = step.from.contains(&case.state);
        let none = || if open { denied(step.id.to_string(), About::Record(record)) } else { not_offered() };
        let stance = chosen(&stances, posted).ok_or_else(none)?;
        let offer = offers.into_iter().find(|offer| offer.stance == stance).ok_or_else(not_offered)?;
        Ok(Self::new(look, (register, step), (Some(case), record), (stances, stance), offer.outcomes))
    }

    fn new(
        look: &'l Look<'a>,
        (register, step): (&'l Register, &'l Step),
        (before, record): (Option<Arc<Case>>, RecordId),
        (stances, stance): (Vec<Stance>, Stance),
        outcomes: Vec<Outcome>,
    ) -> Self {
        let (stood, when) = (RefCell::default(), OnceCell::new());
        Self { look, register, step, before, record, stances, stance, outcomes, stood, when }
    }

    /// Who acts.
    pub(crate) fn actor(&self) -> Person {
        self.as_one(&self.stance)
    }

    pub(crate) fn as_one(&self, stance: &Stance) -> Person {
        let home = self.look.roster.here(self.look.cx.person()).map(|person| person.home);
        let unit = self.before.as_ref().map(|case| case.unit).or(home);
        stance.actor(self.look.cx, unit.unwrap_or_else(|| model::UnitId::from_bytes([0; 16])))
    }

    /// What is being filled in.
    fn filling(&self) -> Filling<'_> {
        match &self.before {
            None => Filling::Open { register: &self.register.id, step: &self.step.id },
            Some(case) => Filling::Take { record: case.record, step: &self.step.id },
        }
    }

    /// What was filled in.
    pub(crate) fn fill(&self, posted: &Posted) -> Fill {
        form::fill(self.look.cx, self.register, &self.step.fields, self.before.as_deref(), posted)
    }

    /// The form as it stands.
    pub(crate) fn stand(&self, fill: &Fill, start: bool) -> Result<Rc<Form<'l>>, PageError> {
        if let Some((last, started, form)) = &*self.stood.borrow()
            && (last, *started) == (fill, start)
        {
            return Ok(Rc::clone(form));
        }
        let form = Rc::new(form::stand(self.look, &self.actor(), self.filling(), fill, start)?);
        *self.stood.borrow_mut() = Some((fill.clone(), start, Rc::clone(&form)));
        Ok(form)
    }

    /// Is the field of this name in a form sealed?
    pub(crate) fn is_sealed(&self, name: &str) -> bool {
        let field = name.split('.').nth(1).and_then(|id| self.register.field(id));
        field.is_some_and(|field| field.sealed)
    }

    /// Sealed fields the step asks.
    pub(crate) fn sealed(&self) -> Vec<&'l regulation::Field> {
        let asked = |field: &&regulation::Field| field.sealed && self.step.fields.contains(&field.id);
        self.register.fields.iter().filter(asked).collect()
    }

    /// The outcome that a button asks for; the one that leads on where it asks for none.
    pub(crate) fn outcome(&self, word: Option<&str>) -> Option<Outcome> {
        match word {
            Some(word) => Outcome::from_word(word).filter(|outcome| self.outcomes.contains(outcome)),
            None => {
                let forward = self.outcomes.iter().copied().filter(|outcome| outcome.is_forward());
                forward.max().or_else(|| self.outcomes.first().copied())
            }
        }
    }

    /// Is it asked when it happened?
    pub(crate) fn asks_when(&self) -> bool {
        let asks = || self.stand(&Fill::new(), false).is_ok_and(|form| form.when);
        *self.when.get_or_init(|| self.register.late.is_some() && asks())
    }

    /// The command that a form asks for.
    pub(crate) fn command(&self, posted: &Posted, outcome: Outcome) -> Result<Command, Told> {
        let fill = if outcome.is_forward() { self.fill(posted) } else { Fill::new() };
        // What is not asked as things stand is left out: it was answered before something else was.
        let shown = self.stand(&fill, false).map(|form| {
            let asked = form.asks.iter().filter(|ask| ask.shown).map(|ask| ask.field.id.clone());
            asked.collect::<std::collections::BTreeSet<_>>()
        });
        let fill = match shown {
            Ok(shown) => {
                fill.into_iter().filter(|(field, json)| shown.contains(field) || json.is_null()).collect()
            }
            Err(_) => fill,
        };
        let text = |name: &str| posted.query.one(name).map(|text| text.replace("\r\n", "\n"));
        Ok(match &self.before {
            None => Command::Open {
                record: self.record,
                register: self.register.id.clone(),
                step: self.step.id.clone(),
                fill,
                occurred_at: self.occurred(posted)?,
                late_reason: text("late_reason").filter(|_| self.asks_when()),
                signed: None,
            },
            Some(case) => Command::Take {
                record: case.record,
                seen: posted.query.one("seen").and_then(|seen| seen.parse().ok()).unwrap_or(case.revision),
                step: self.step.id.clone(),
                outcome,
                reason: text("reason"),
                fill,
                occurred_at: self.occurred(posted)?,
                late_reason: text("late_reason").filter(|_| self.asks_when()),
                signed: None,
            },
        })
    }

    fn occurred(&self, posted: &Posted) -> Result<Option<Instant>, Told> {
        let Some(text) = posted.query.one("occurred_at").filter(|_| self.asks_when()) else {
            return Ok(None);
        };
        let zone = self.look.cx.zone().ok();
        let read = zone.and_then(|zone| roc::read_moment(zone, text));
        read.map(Some).ok_or_else(|| {
            Told::new(
                "發生時間無法判讀，請以「年-月-日 時:分」填寫",
                "When it happened does not read; write it as year-month-day hour:minute",
            )
        })
    }

    /// What a button says that brings an outcome.
    pub(crate) fn button(&self, outcome: Outcome) -> String {
        let cx: &Cx = self.look.cx;
        let step = cx.label(&self.step.label);
        match outcome {
            Outcome::Done => step.to_owned(),
            Outcome::Approve if self.outcomes.len() == 1 => step.to_owned(),
            Outcome::Approve => cx.t("核定", "Approve").to_owned(),
            Outcome::Refuse if !crate::records::approves(self.step) => cx.t("不同意", "Refuse").to_owned(),
            Outcome::Refuse => cx.t("不予核定", "Refuse").to_owned(),
            Outcome::Return => cx.t("退回補正", "Return").to_owned(),
            Outcome::TakeBack => cx.t("撤回", "Take back").to_owned(),
        }
    }

    /// What is done, with the outcome where it is more than done.
    pub(crate) fn what(&self, outcome: Outcome) -> String {
        crate::records::what(self.look, self.register, &self.step.id, outcome)
    }

    /// The register's list.
    pub(crate) fn list(&self) -> String {
        register_path(&self.register.id)
    }
}

/// The stance that was chosen, or the first.
fn chosen(stances: &[Stance], posted: &Posted) -> Option<Stance> {
    let word = posted.query.one("as");
    let found = stances.iter().find(|stance| Some(stance.word().as_str()) == word);
    found.or_else(|| stances.first()).cloned()
}

/// Why a form is not given.
fn not_offered() -> PageError {
    PageError::Refused(told())
}

/// The same, where it is for want of a right.
fn denied(act: String, about: About) -> PageError {
    PageError::Denied(Denial { act, about }, told())
}

fn told() -> Told {
    Told::new(
        "本步驟目前不需辦理，或非由您辦理。請回紀錄檢視目前狀態及待辦人員。",
        "This step is not to be taken now, or not by you. Go back to the record and see what it waits for.",
    )
}
