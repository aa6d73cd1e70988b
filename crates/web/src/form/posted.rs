//! What a form posted: pairs, files, and the button that was pressed.

use crate::cx::Cx;
use crate::error::PageError;
use crate::form::Wrong;
use crate::query::Query;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request};
use axum::http::{HeaderMap, header};
use desk::Keeping;
use model::Told;
use serde_json::json;

/// What a form posted.
#[derive(Debug, Clone, Default)]
pub struct Posted {
    /// Names and values.
    pub query: Query,
    /// Files handed in: name of the field, name of the file, content.
    uploads: Vec<(String, String, Bytes)>,
}

/// What the button that was pressed asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doing {
    /// The form, as it then stands: rows added or taken away, something sought, an answer changed.
    Look,
    /// Something of the page's own, by the value of the button.
    Send(String),
}

impl Posted {
    /// From pairs.
    #[must_use]
    pub const fn of(query: Query) -> Self {
        Self { query, uploads: Vec::new() }
    }

    /// The button that was pressed.
    #[must_use]
    pub fn doing(&self) -> Doing {
        match self.query.one("_do") {
            None => Doing::Send("send".to_owned()),
            Some(pressed) => {
                let inner =
                    ["row-add:", "row-remove:", "pick:"].iter().any(|start| pressed.starts_with(start));
                if inner || pressed == "look" { Doing::Look } else { Doing::Send(pressed.to_owned()) }
            }
        }
    }

    /// Were files handed in with it?
    #[must_use]
    pub const fn has_files(&self) -> bool {
        !self.uploads.is_empty()
    }

    /// The content of a file that was handed in in a field.
    #[must_use]
    pub(crate) fn upload(&self, name: &str) -> Option<&[u8]> {
        let found = self.uploads.iter().find(|(field, _, _)| field == name);
        found.map(|(_, _, content)| content.as_ref())
    }

    /// The field whose search button was pressed.
    #[must_use]
    pub fn sought(&self) -> Option<&str> {
        self.query.one("_do")?.strip_prefix("pick:")
    }

    /// Is this a field of the request's own (its token, what was pressed, a signature), and no answer to a question?
    #[must_use]
    pub(crate) fn is_own(name: &str) -> bool {
        ["csrf", "_do", "carried", "code"].contains(&name)
            || ["statement.", "salt.", "key."].iter().any(|start| name.starts_with(start))
    }

    /// With a row more or less, where such a button was pressed.
    #[must_use]
    pub fn with_rows(self) -> Self {
        let pressed = self.query.one("_do").unwrap_or_default().to_owned();
        let mut pairs: Vec<(String, String)> =
            self.query.pairs().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        if let Some(table) = pressed.strip_prefix("row-add:") {
            let row = format!("{table}.row");
            let last = self.query.all(&row).filter_map(|number| number.parse::<u32>().ok()).max();
            pairs.push((row, last.map_or(0, |last| last.saturating_add(1)).to_string()));
        }
        if let Some((table, number)) =
            pressed.strip_prefix("row-remove:").and_then(|row| row.rsplit_once('.'))
        {
            let (row, cells) = (format!("{table}.row"), format!("{table}.{number}."));
            pairs.retain(|(name, value)| !(name.starts_with(&cells) || (*name == row && value == number)));
        }
        Self { query: Query::of(pairs), uploads: self.uploads }
    }

    /// Stores the files that were handed in, so that the form carries them on; `sealed` says of a field's name whether
    /// its files are sealed. It blocks. What is not taken is told at its field.
    #[must_use]
    pub fn kept(self, cx: &Cx, sealed: impl Fn(&str) -> bool) -> (Self, Wrong) {
        let mut pairs: Vec<(String, String)> =
            self.query.pairs().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let mut wrong = Wrong::new();
        for (name, file, content) in &self.uploads {
            let field = name.strip_suffix(".new").unwrap_or(name);
            let keeping = if sealed(field) { Keeping::Sealed } else { Keeping::Clear };
            match cx.hand_in(file, content, keeping) {
                Ok(stored) => {
                    let kept = json!({
                        "digest": stored.digest,
                        "kind": stored.kind,
                        "name": file,
                        "size": stored.size.to_string(),
                    });
                    pairs.push((field.to_owned(), kept.to_string()));
                }
                Err(told) => {
                    let id = field.split('.').nth(1).and_then(|id| id.parse().ok());
                    let told = Told::new(format!("「{file}」：{}", told.zh), format!("{file}: {}", told.en));
                    wrong.extend(id.map(|id| (id, told)));
                }
            }
        }
        (Self::of(Query::of(pairs)), wrong)
    }

    async fn read(headers: &HeaderMap, body: Bytes) -> Option<Self> {
        let of = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !of.starts_with("multipart/form-data") {
            return Some(Self::of(Query::parse(&body)));
        }
        let mut request = Request::new(Body::from(body));
        request.headers_mut().insert(header::CONTENT_TYPE, headers.get(header::CONTENT_TYPE)?.clone());
        // The guard of the route has measured it.
        DefaultBodyLimit::disable().apply(&mut request);
        let mut parts = Multipart::from_request(request, &()).await.ok()?;
        let (mut pairs, mut uploads) = (Vec::new(), Vec::new());
        while let Some(part) = parts.next_field().await.ok()? {
            let name = part.name()?.to_owned();
            match part.file_name().map(ToOwned::to_owned) {
                None => pairs.push((name, part.text().await.ok()?)),
                // A file field that was left alone is sent without a name.
                Some(file) if file.is_empty() => {}
                Some(file) => uploads.push((name, file, part.bytes().await.ok()?)),
            }
        }
        Some(Self { query: Query::of(pairs), uploads })
    }
}

impl<S: Send + Sync> FromRequest<S> for Posted {
    type Rejection = PageError;

    async fn from_request(request: Request, state: &S) -> Result<Self, PageError> {
        let headers = request.headers().clone();
        let mut request = request;
        DefaultBodyLimit::disable().apply(&mut request);
        let body = Bytes::from_request(request, state).await.map_err(|_| PageError::TooLarge)?;
        let unread = || PageError::Unread(Told::new("表單內容無法判讀", "The form does not read"));
        Self::read(&headers, body).await.ok_or_else(unread)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn posted(text: &str) -> Posted {
        Posted::of(Query::parse(text.as_bytes()))
    }

    #[test]
    fn rows_come_and_go_by_buttons() {
        let form =
            posted("f.people.row=0&f.people.0.who=a&f.people.row=3&f.people.3.who=b&_do=row-add:f.people");
        assert_eq!(form.doing(), Doing::Look);
        let more = form.with_rows();
        assert_eq!(more.query.all("f.people.row").collect::<Vec<_>>(), ["0", "3", "4"]);
        let less = posted(
            "f.people.row=0&f.people.0.who=a&f.people.row=3&f.people.3.who=b&_do=row-remove:f.people.0",
        );
        let less = less.with_rows();
        assert_eq!(less.query.all("f.people.row").collect::<Vec<_>>(), ["3"]);
        assert_eq!((less.query.one("f.people.0.who"), less.query.one("f.people.3.who")), (None, Some("b")));
    }

    #[test]
    fn buttons_of_the_page_are_told_from_those_of_the_form() {
        assert_eq!(posted("_do=look").doing(), Doing::Look);
        assert_eq!(posted("_do=pick:f.room").sought(), Some("f.room"));
        assert_eq!(posted("_do=draft").doing(), Doing::Send("draft".into()));
        assert_eq!(posted("").doing(), Doing::Send("send".into()));
    }
}
