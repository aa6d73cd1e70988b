//! Small parts: notices, facts, tables, pills, empty states, meters.

use crate::cx::Cx;
use crate::names::Shown;
use crate::visit::Visit;
use askama::Template;

/// How something is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Wrong.
    Bad,
    /// Right.
    Good,
    /// To be known.
    Info,
    /// To be looked at.
    Warning,
}

impl Tone {
    /// Its word in classes.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Bad => "bad",
            Self::Good => "good",
            Self::Info => "info",
            Self::Warning => "warning",
        }
    }

    /// Its icon.
    #[must_use]
    pub const fn icon(self) -> &'static str {
        match self {
            Self::Bad => "alert-circle",
            Self::Good => "circle-check",
            Self::Info => "info-circle",
            Self::Warning => "alert-triangle",
        }
    }
}

/// Saved views of a list, and the way to save what is looked at.
#[derive(Template)]
#[template(path = "component/views.html")]
pub struct Views<'a> {
    /// The page's context.
    pub cx: &'a Cx,
    /// The list.
    pub path: String,
    /// What is asked of it now.
    pub query: String,
    /// Address of each, whether it is what is asked now, its name.
    pub saved: Vec<(String, bool, String)>,
    /// Characters of a name at most.
    pub most: usize,
}

/// A message within a page.
#[derive(Template)]
#[template(path = "component/notice.html")]
pub struct Notice<'a> {
    /// The page's visit.
    pub cx: &'a Visit,
    /// How it is meant.
    pub tone: Tone,
    /// Its head, where it needs one.
    pub title: Option<String>,
    /// What it says.
    pub text: String,
}

impl<'a> Notice<'a> {
    /// A refusal: what happened, and how to mend it.
    #[must_use]
    pub fn refused(cx: &'a Visit, told: &model::Told) -> Self {
        let title = Some(cx.t("未予受理", "Not accepted").to_owned());
        Self { cx, tone: Tone::Bad, title, text: cx.language.told(told).to_owned() }
    }

    /// A message without a head.
    #[must_use]
    pub fn new(cx: &'a Visit, tone: Tone, text: impl Into<String>) -> Self {
        Self { cx, tone, title: None, text: text.into() }
    }
}

/// What is shown where there is nothing: why, and what to do.
#[derive(Template)]
#[template(path = "component/empty.html")]
pub struct Empty<'a> {
    /// The page's visit.
    pub cx: &'a Visit,
    /// An icon.
    pub icon: &'static str,
    /// Why there is nothing.
    pub text: String,
    /// What to do: words and a path.
    pub action: Option<(String, String)>,
}

/// A word with a colour: a state, a grade.
#[derive(Template, Debug, Clone, PartialEq, Eq)]
#[template(source = r#"<span class="{{ class }}">{{ text }}</span>"#, ext = "html")]
pub struct Pill<'a> {
    /// What it says.
    pub text: String,
    /// Its classes.
    pub class: &'a str,
}

impl Pill<'static> {
    /// A state of a record.
    #[must_use]
    pub fn state(text: String, ending: Option<casework::Ending>) -> Self {
        use casework::Ending::{Done, Refused, Void, Withdrawn};
        let class = match ending {
            None => "state state-running",
            Some(Done) => "state state-done",
            Some(Refused) => "state state-refused",
            Some(Void) => "state state-void",
            Some(Withdrawn) => "state state-withdrawn",
        };
        Self { text, class }
    }

    /// A grade of this height, the lowest being 0.
    #[must_use]
    pub fn grade(text: String, height: usize) -> Self {
        let classes = ["grade grade-0", "grade grade-1", "grade grade-2", "grade grade-3", "grade grade-4"];
        Self { text, class: classes.get(height).copied().unwrap_or("grade grade-5") }
    }
}

/// Names and values.
#[derive(Template)]
#[template(path = "component/facts.html")]
pub struct Facts<'a> {
    /// The page's context.
    pub cx: &'a Cx,
    /// The facts.
    pub facts: Vec<Fact>,
}

/// A name and a value.
#[derive(Debug, Clone)]
pub struct Fact {
    /// The name.
    pub name: String,
    /// The value.
    pub value: Shown,
}

impl Fact {
    /// A fact of one line.
    #[must_use]
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        let value = Shown::Parts(vec![crate::names::Named::plain(value)]);
        Self { name: name.into(), value }
    }
}

/// A table.
#[derive(Template)]
#[template(path = "component/table.html")]
pub struct TableView<'a> {
    /// The page's context.
    pub cx: &'a Cx,
    /// What it shows, for those who hear it.
    pub caption: String,
    /// Heads: text and class.
    pub heads: Vec<(String, &'static str)>,
    /// Rows.
    pub rows: Vec<Vec<Shown>>,
}

/// How far something is.
#[derive(Template)]
#[template(path = "component/meter.html")]
pub struct Meter<'a> {
    /// The page's visit.
    pub cx: &'a Visit,
    /// What is measured.
    pub label: String,
    /// How far.
    pub done: u64,
    /// Of how much.
    pub of: u64,
}
