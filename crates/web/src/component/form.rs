//! The form: sections of questions of every kind, laid out; it works without script.
//!
//! Rows are added and taken away, people and records sought and chosen, by buttons of the form itself (`_do`), which
//! post it and get it back as it then stands. With htmx the same answer replaces the part `form-body`.

use crate::component::{Markup, Notice};
use crate::cx::Cx;
use crate::names::Shown;
use askama::Template;

/// A form.
#[derive(Template)]
#[template(path = "component/form.html", blocks = ["body"])]
pub struct FormView<'a> {
    /// The page's context.
    pub cx: &'a Cx,
    /// Where it is posted.
    pub action: String,
    /// What it carries unseen: the revision it was made on, and the like.
    pub hidden: Vec<(String, String)>,
    /// What is wrong with all of it.
    pub problems: Vec<Notice<'a>>,
    /// What else is to be known before it is sent.
    pub notes: Vec<Markup>,
    /// The questions.
    pub sections: Vec<SectionView<'a>>,
    /// Who signs next.
    pub next: Option<String>,
    /// The buttons that send it: value of `_do`, words, the main one.
    pub buttons: Vec<(String, String, bool)>,
    /// The way out.
    pub cancel: String,
}

/// Questions that belong together.
pub struct SectionView<'a> {
    /// Names it within the page.
    pub id: String,
    /// Its name.
    pub label: Option<String>,
    /// The questions.
    pub inputs: Vec<Input<'a>>,
}

/// A question, with its answer so far.
#[derive(Template)]
#[template(path = "component/input.html")]
pub struct Input<'a> {
    /// The page's context.
    pub cx: &'a Cx,
    /// Names it within the page.
    pub id: String,
    /// Its name in the form.
    pub name: String,
    /// What is asked.
    pub label: String,
    /// What helps to answer.
    pub help: Option<String>,
    /// The clauses it serves, with their paths.
    pub clauses: Vec<(String, Option<String>)>,
    /// Must it be answered?
    pub required: bool,
    /// What is wrong with the answer.
    pub error: Option<String>,
    /// Where the form is posted when the answer changes what else is asked.
    pub looks: Option<String>,
    /// Does it stand in a row of a table, whose head is its label?
    pub in_row: bool,
    /// How it is answered.
    pub kind: InputKind<'a>,
}

/// How a question is answered.
pub enum InputKind<'a> {
    /// By checking items.
    Checklist(Vec<ItemView>),
    /// Not at all: it is reckoned.
    Computed(Shown),
    /// By a day.
    Date {
        /// As fields want it.
        value: String,
        /// As people write it.
        told: String,
    },
    /// By files.
    Files {
        /// Those there are: what the form carries, and what is shown.
        kept: Vec<(String, String)>,
        /// File kinds asked for, as fields want them.
        accept: String,
        /// May there be several?
        many: bool,
        /// Are they pictures, to be taken on the spot?
        camera: bool,
    },
    /// By a date and a time.
    Moment {
        /// As fields want it.
        value: String,
        /// The date as people write it.
        told: String,
    },
    /// By a number.
    Number {
        /// The value.
        value: String,
        /// What it is counted in.
        unit: Option<String>,
    },
    /// By some of these.
    Options {
        /// The options.
        options: Vec<Opt>,
        /// May several be chosen?
        many: bool,
        /// Are there so many that they are better unfolded?
        folded: bool,
    },
    /// By seeking and choosing.
    Pick {
        /// Where scripts seek.
        source: String,
        /// May several be chosen?
        many: bool,
        /// Those chosen.
        picked: Vec<Picked>,
        /// What was sought.
        query: String,
        /// What was found; none while nothing was sought.
        found: Option<Vec<Picked>>,
    },
    /// By following a procedure.
    Run {
        /// Procedures that may be started, where none is.
        procedures: Vec<Opt>,
        /// Its name, once started.
        started: Option<String>,
        /// Its steps.
        steps: Vec<StepView>,
    },
    /// By rows.
    Table {
        /// Heads: label, must it be answered.
        heads: Vec<(String, bool)>,
        /// The rows.
        rows: Vec<RowView<'a>>,
        /// May there be one more?
        more: bool,
    },
    /// By words.
    Text {
        /// The value.
        value: String,
        /// Lines of the box.
        lines: u32,
        /// Most characters.
        max: u32,
        /// What kind of text a browser may help with: `text`, `email`, `tel`, `url`.
        of: &'static str,
    },
    /// By a time of day.
    Time(String),
}

/// An option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opt {
    /// What the form sends.
    pub value: String,
    /// What it says.
    pub text: String,
    /// Is it chosen?
    pub on: bool,
}

/// Something chosen, or to be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picked {
    /// What the form sends.
    pub value: String,
    /// What it says.
    pub text: String,
}

/// A row of a table.
pub struct RowView<'a> {
    /// Its number in the form.
    pub number: String,
    /// Its cells.
    pub cells: Vec<Input<'a>>,
}

/// An item of a checklist.
#[derive(Debug, Clone)]
pub struct ItemView {
    /// Its name in the form.
    pub name: String,
    /// Names it within the page.
    pub id: String,
    /// What is looked at.
    pub label: String,
    /// The clauses it serves.
    pub clauses: Vec<(String, Option<String>)>,
    /// The answers.
    pub answers: Vec<Opt>,
    /// What was noted.
    pub note: String,
}

/// A step of a procedure.
#[derive(Debug, Clone)]
pub struct StepView {
    /// Its name in the form.
    pub name: String,
    /// Names it within the page.
    pub id: String,
    /// What is to be done.
    pub label: String,
    /// How.
    pub help: Option<String>,
    /// How long it may take.
    pub limit: Option<String>,
    /// When it was done and by whom; none while it is not.
    pub done: Option<String>,
    /// What was noted.
    pub note: String,
    /// Is a note or a number asked?
    pub noted: bool,
    /// Is a photo asked?
    pub photo: bool,
}

impl FormView<'_> {
    /// How many answers are wrong.
    #[must_use]
    pub fn wrong(&self) -> usize {
        self.errors().len()
    }

    /// What is wrong: id, question, why.
    #[must_use]
    pub fn errors(&self) -> Vec<(String, String, String)> {
        let mut errors = Vec::new();
        for input in self.sections.iter().flat_map(|section| &section.inputs) {
            if let Some(error) = &input.error {
                errors.push((input.id.clone(), input.label.clone(), error.clone()));
            }
        }
        errors
    }
}

impl Input<'_> {
    /// What describes it: help and error, by their ids.
    #[must_use]
    pub fn described(&self) -> String {
        let help = self.help.as_ref().map(|_| format!("{}-help", self.id));
        let error = self.error.as_ref().map(|_| format!("{}-error", self.id));
        let ids: Vec<String> = help.into_iter().chain(error).collect();
        ids.join(" ")
    }

    /// Is it several fields under one question?
    #[must_use]
    pub fn is_group(&self) -> bool {
        match &self.kind {
            InputKind::Options { folded, .. } => !folded,
            InputKind::Checklist(_)
            | InputKind::Computed(_)
            | InputKind::Files { .. }
            | InputKind::Pick { .. }
            | InputKind::Run { .. }
            | InputKind::Table { .. } => true,
            _ => false,
        }
    }
}

impl askama::filters::HtmlSafe for Input<'_> {}

/// A name in a form as an id in a page.
#[must_use]
pub(crate) fn id(name: &str) -> String {
    name.replace('.', "-")
}
