//! The query of an address as pairs in order: what a list is asked for stands in its address, and nowhere else.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use std::borrow::Cow;
use std::convert::Infallible;

/// Pairs of a query or a form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// From the text behind the question mark, or the body of a form.
    #[must_use]
    pub fn parse(text: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(text);
        Self(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
    }

    /// From pairs.
    #[must_use]
    pub const fn of(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    /// The pairs.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The first value of a name that is not blank.
    #[must_use]
    pub fn one(&self, name: &str) -> Option<&str> {
        let mut values = self.pairs().filter(|(key, value)| *key == name && !value.trim().is_empty());
        values.next().map(|(_, value)| value.trim())
    }

    /// The values of a name that are not blank.
    pub fn all<'q>(&'q self, name: &'q str) -> impl Iterator<Item = &'q str> {
        self.pairs()
            .filter_map(move |(key, value)| (key == name && !value.trim().is_empty()).then_some(value.trim()))
    }

    /// Is there this value of this name?
    #[must_use]
    pub fn has(&self, name: &str, value: &str) -> bool {
        self.all(name).any(|one| one == value)
    }

    /// Without this name.
    #[must_use]
    pub fn without(&self, name: &str) -> Self {
        Self(self.0.iter().filter(|(key, _)| key != name).cloned().collect())
    }

    /// With this value alone of this name.
    #[must_use]
    pub fn with(&self, name: &str, value: impl Into<String>) -> Self {
        let mut query = self.without(name);
        query.0.push((name.to_owned(), value.into()));
        query
    }

    /// Without this value of this name where it is there, with it where it is not.
    #[must_use]
    pub fn toggled(&self, name: &str, value: &str) -> Self {
        let mut query =
            Self(self.0.iter().filter(|pair| pair.0 != name || pair.1 != value).cloned().collect());
        if query.0.len() == self.0.len() {
            query.0.push((name.to_owned(), value.to_owned()));
        }
        query
    }

    /// Behind a path; blank values are left out.
    #[must_use]
    pub fn behind(&self, path: &str) -> String {
        let mut written = form_urlencoded::Serializer::new(String::new());
        written.extend_pairs(self.pairs().filter(|(_, value)| !value.trim().is_empty()));
        let written: Cow<'_, str> = written.finish().into();
        if written.is_empty() { path.to_owned() } else { format!("{path}?{written}") }
    }
}

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default().as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_keeps_what_it_is_asked_for_in_order() {
        let query = Query::parse(b"q=%E9%91%B0%E5%8C%99&state=out&state=filed&page=3&blank=");
        assert_eq!(query.one("q"), Some("鑰匙"));
        assert_eq!(query.all("state").collect::<Vec<_>>(), ["out", "filed"]);
        assert_eq!(query.one("blank"), None);
        let query = query.without("page").without("q");
        assert_eq!(query.toggled("state", "out").behind("/l"), "/l?state=filed");
        assert_eq!(
            query.toggled("state", "returned").behind("/l"),
            "/l?state=out&state=filed&state=returned"
        );
        assert_eq!(query.with("sort", "-until").behind("/l"), "/l?state=out&state=filed&sort=-until");
        assert_eq!(Query::default().behind("/l"), "/l");
    }
}
