//! Parts of a pack that belong to engines: limits, rules, devices, outlets.
//!
//! An engine registers its section; the pack then has a folder of that name, checked like all others, and what
//! was read is found with [`crate::Contents::section`]. A section without a folder looks at the policies only.
//! Source: `docs/pack.md`, first table.

use crate::clause::EngineBody;
use crate::problem::Place;
use crate::raw::Table;
use crate::read::Context;
use crate::shape::Shape;
use std::collections::BTreeMap;

/// Folders of engines that are not at hand wherever a pack is read: their files belong to it all the same, and are looked
/// at where the engine is, as it is where packs are checked and published.
pub(crate) const FOLDERS: [&str; 1] = ["rules"];

/// A part of a pack read by an engine.
pub trait Section: Send + Sync {
    /// Its folder and the name of its schema, for example `limits`.
    fn name(&self) -> &'static str;

    /// Has it a folder and a schema of its own? Without them it is there for [`Section::policies`].
    fn has_folder(&self) -> bool {
        true
    }

    /// Its title in Traditional Chinese and English.
    fn title(&self) -> (&'static str, &'static str);

    /// The shape of one of its files; the structural check has been done when [`Section::read`] is called.
    fn shape(&self) -> &'static Shape;

    /// Reads its files (path and content), tries its samples, and tells every problem.
    fn read(&self, files: &[(&str, Table<'_>)], context: &Context<'_>) -> EngineBody;

    /// Reads a population `{ engine = "<name>", … }` of a check. An engine without checks refuses.
    fn population(&self, table: Table<'_>, context: &Context<'_>) -> Option<EngineBody> {
        let (zh, en) = (format!("「{}」不提供檢核", self.name()), format!("{} has no checks", self.name()));
        context.problem(table.place(), zh, en);
        None
    }

    /// Looks at the policies of the pack: path and text. What an engine makes of them is found under its name.
    fn policies(&self, policies: &BTreeMap<Box<str>, Box<str>>, context: &Context<'_>) -> Option<EngineBody> {
        let _ = (policies, context);
        None
    }

    /// What `ward pack check --json` says of it.
    fn list(&self, body: &EngineBody) -> serde_json::Value {
        let _ = body;
        serde_json::Value::Null
    }
}

/// The sections of the engines at hand.
#[derive(Default)]
pub struct Sections(Vec<Box<dyn Section>>);

impl Sections {
    /// None.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// With one more.
    #[must_use]
    pub fn with(mut self, section: impl Section + 'static) -> Self {
        self.0.push(Box::new(section));
        self
    }

    /// In the order they were registered.
    pub fn iter(&self) -> impl Iterator<Item = &dyn Section> {
        self.0.iter().map(AsRef::as_ref)
    }

    pub(crate) fn find(&self, name: &str) -> Option<&dyn Section> {
        self.iter().find(|section| section.name() == name)
    }
}

/// The place of a whole file, for sections that tell what no single line is to blame for.
#[must_use]
pub fn whole_file(path: &str) -> Place {
    Place { file: path.to_owned(), line: 1, column: 1 }
}
