//! A field of a page for strangers: label, help, error, and what browsers may fill in.

use crate::visit::Visit;
use askama::Template;

/// A field.
#[derive(Template)]
#[template(path = "enter/field.html")]
pub(crate) struct Field<'v> {
    cx: &'v Visit,
    name: &'static str,
    label: String,
    help: Option<String>,
    value: String,
    of: &'static str,
    complete: &'static str,
    mode: Option<&'static str>,
    error: Option<String>,
    optional: bool,
}

impl askama::filters::HtmlSafe for Field<'_> {}

impl<'v> Field<'v> {
    /// A line of text; `complete` is what browsers may fill it in with.
    pub(crate) fn text(cx: &'v Visit, name: &'static str, label: &str, complete: &'static str) -> Self {
        let (help, value, mode, error) = (None, String::new(), None, None);
        Self {
            cx,
            name,
            label: label.to_owned(),
            help,
            value,
            of: "text",
            complete,
            mode,
            error,
            optional: false,
        }
    }

    /// A password. What was typed is never shown again.
    pub(crate) fn password(cx: &'v Visit, name: &'static str, label: &str, complete: &'static str) -> Self {
        Self { of: "password", ..Self::text(cx, name, label, complete) }
    }

    /// A one-time code of six digits.
    pub(crate) fn code(cx: &'v Visit, name: &'static str, label: &str) -> Self {
        Self { mode: Some("numeric"), ..Self::text(cx, name, label, "one-time-code") }
    }

    pub(crate) fn of(self, of: &'static str) -> Self {
        Self { of, ..self }
    }

    pub(crate) fn help(self, help: &str) -> Self {
        Self { help: Some(help.to_owned()), ..self }
    }

    pub(crate) fn holding(self, value: &str) -> Self {
        Self { value: value.to_owned(), ..self }
    }

    pub(crate) fn optional(self) -> Self {
        Self { optional: true, ..self }
    }

    pub(crate) fn wrong(self, error: Option<String>) -> Self {
        Self { error, ..self }
    }

    /// What describes it: help and error, by their ids.
    fn described(&self) -> String {
        let help = self.help.as_ref().map(|_| format!("{}-help", self.name));
        let error = self.error.as_ref().map(|_| format!("{}-error", self.name));
        help.into_iter().chain(error).collect::<Vec<_>>().join(" ")
    }
}
