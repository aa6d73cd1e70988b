//! Parts of a record's page: its head, the tabs, the timeline of what happened.

use crate::component::Pill;
use crate::cx::Cx;
use crate::names::{Named, Shown};
use askama::Template;

/// The head of a record.
#[derive(Template)]
#[template(path = "component/record_head.html")]
pub struct RecordHead<'a> {
    /// The page's context.
    pub cx: &'a Cx,
    /// Its title.
    pub title: String,
    /// Its number, once given.
    pub number: Option<String>,
    /// Its state.
    pub state: Pill<'a>,
    /// Its grade.
    pub grade: Pill<'a>,
    /// The unit it belongs to.
    pub unit: String,
    /// Who opened it; none when the system did.
    pub owner: Option<Named>,
    /// What may be done, the most likely first.
    pub actions: Vec<Action>,
}

/// Something that may be done.
#[derive(Debug, Clone)]
pub struct Action {
    /// What.
    pub text: String,
    /// Where it is done.
    pub href: String,
    /// An icon.
    pub icon: &'static str,
    /// Is it what is most likely to be done?
    pub first: bool,
}

/// Tabs, each a page of its own.
#[derive(Template)]
#[template(path = "component/tabs.html")]
pub struct Tabs<'a> {
    /// The page's context.
    pub cx: &'a Cx,
    /// What they are of, for those who hear them.
    pub label: String,
    /// The tabs.
    pub tabs: Vec<Tab>,
}

/// A tab.
#[derive(Debug, Clone)]
pub struct Tab {
    /// What it says.
    pub text: String,
    /// Where it leads.
    pub href: String,
    /// How many there are behind it.
    pub count: Option<u64>,
    /// Is it this one?
    pub current: bool,
}

impl Tabs<'_> {
    /// The tabs of a record: data, linked, evidence, signatures, history; `current` is the word of one of them.
    #[must_use]
    pub fn of_record<'a>(cx: &'a Cx, path: &str, current: &str, counts: [Option<u64>; 5]) -> Tabs<'a> {
        let tabs = [
            ("data", cx.t("內容", "Data")),
            ("linked", cx.t("關聯", "Linked")),
            ("evidence", cx.t("佐證", "Evidence")),
            ("signatures", cx.t("簽章", "Signatures")),
            ("history", cx.t("歷程", "History")),
        ];
        let tab = |((word, text), count): (&(&str, &str), Option<u64>)| Tab {
            text: (*text).to_owned(),
            href: if *word == "data" { path.to_owned() } else { format!("{path}/{word}") },
            count,
            current: *word == current,
        };
        Tabs {
            cx,
            label: cx.t("紀錄分頁", "Parts of the record").to_owned(),
            tabs: tabs.iter().zip(counts).map(tab).collect(),
        }
    }
}

/// What happened, the newest first.
#[derive(Template)]
#[template(path = "component/timeline.html")]
pub struct Timeline<'a> {
    /// The page's context.
    pub cx: &'a Cx,
    /// What happened.
    pub moments: Vec<Moment>,
}

/// Something that happened.
#[derive(Debug, Clone)]
pub struct Moment {
    /// When, as people read it.
    pub at: String,
    /// The same for machines.
    pub stamp: String,
    /// What.
    pub what: String,
    /// By whom, and for whom.
    pub who: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// The entry of the ledger, with the way to it.
    pub entry: Option<Named>,
    /// What changed.
    pub changes: Vec<Change>,
    /// What followed at the same moment.
    pub more: Vec<More>,
}

/// Something that followed by itself.
#[derive(Debug, Clone)]
pub struct More {
    /// What.
    pub text: String,
    /// The entry of the ledger, with the way to it.
    pub entry: Named,
}

/// A change of a field.
#[derive(Debug, Clone)]
pub struct Change {
    /// The field.
    pub name: String,
    /// What was before.
    pub old: Shown,
    /// What is now.
    pub new: Shown,
}
