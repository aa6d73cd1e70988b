//! Shared components: view structs with a template each. A page puts one in with `{{ component }}`.
//!
//! They come with every permission decided and every word chosen; their templates only lay out.

pub(crate) mod export;
mod form;
mod list;
mod part;
mod record;
pub(crate) mod rows;

use askama::Template;
use std::fmt;

pub use export::{Export, Exports};
pub(crate) use form::id;
pub use form::{FormView, Input, InputKind, ItemView, Opt, Picked, RowView, SectionView, StepView};
pub(crate) use list::counted;
pub use list::{
    Chip, ColumnChoice, Facet, FilterInput, FilterKind, Followed, Head, ListCell, ListRow, ListView, Sorted,
};
pub use part::{Empty, Fact, Facts, Meter, Notice, Pill, TableView, Tone, Views};
pub use record::{Action, Change, Moment, More, RecordHead, Tab, Tabs, Timeline};

/// HTML that a template has written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Markup(String);

impl Markup {
    /// What a template writes.
    ///
    /// # Errors
    /// It did not render.
    pub fn of(template: &impl Template) -> Result<Self, askama::Error> {
        template.render().map(Self)
    }
}

impl Markup {
    /// A picture.
    ///
    /// # Errors
    /// It did not render.
    pub(crate) fn drawn(picture: &crate::picture::Picture) -> Result<Self, askama::Error> {
        picture.svg().map(Self)
    }
}

impl fmt::Display for Markup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl askama::filters::HtmlSafe for Markup {}

macro_rules! html_safe {
    ($($name:ident)*) => {$(
        impl askama::filters::HtmlSafe for $name<'_> {}
    )*};
}
html_safe! { Empty Facts FormView ListView Meter Notice Pill RecordHead TableView Tabs Timeline Views }

/// A text as a value within a query.
pub(crate) fn query_value(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
