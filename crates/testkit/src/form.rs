//! Forms of pages as a browser without script sends them: hidden fields and chosen ones as they stand, then what
//! somebody fills in. And the cookies it keeps.
//!
//! Does not: read HTML in general; it reads what Ward's templates write.

use std::collections::BTreeMap;

/// Fills in the form of a page that goes to `action`; gives the body to be posted. None: the page has no such form.
#[must_use]
pub fn fill(page: &str, action: &str, fields: &[(&str, &str)]) -> Option<String> {
    let goes = format!("action=\"{action}\"");
    let form = page.split("<form").find(|form| form.contains(&goes))?.split("</form>").next()?;
    let mut pairs = Vec::new();
    for tag in form.split("<input").skip(1).filter_map(|tag| tag.split('>').next()) {
        let unchosen =
            ["radio", "checkbox"].map(|of| format!("type=\"{of}\"")).iter().any(|of| tag.contains(of));
        if unchosen && !tag.contains(" checked") {
            continue;
        }
        if let Some(name) = attribute(tag, "name") {
            pairs.push((name, attribute(tag, "value").unwrap_or_default()));
        }
    }
    pairs.retain(|(name, _)| !fields.iter().any(|(given, _)| given == name));
    pairs.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    Some(form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish())
}

/// The value of a field of a page.
#[must_use]
pub fn field_of(page: &str, name: &str) -> Option<String> {
    let named = format!(" name=\"{name}\"");
    let tag =
        page.split("<input").find(|tag| tag.split('>').next().is_some_and(|tag| tag.contains(&named)))?;
    attribute(tag, "value")
}

/// Cookies as a browser keeps them.
#[derive(Debug, Clone, Default)]
pub struct Cookies(BTreeMap<String, String>);

impl Cookies {
    /// Takes what an answer sets.
    pub fn take(&mut self, set: &str) {
        let (pair, attributes) = set.split_once(';').unwrap_or((set, ""));
        let Some((name, value)) = pair.split_once('=') else { return };
        if attributes.contains("Max-Age=0") {
            self.0.remove(name);
        } else {
            self.0.insert(name.to_owned(), value.to_owned());
        }
    }

    /// What goes with a request; none where there are no cookies.
    #[must_use]
    pub fn header(&self) -> Option<String> {
        let pairs: Vec<String> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// A cookie's value.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let value = tag.split(&format!(" {name}=\"")).nth(1)?.split('"').next()?;
    let mut text = value.to_owned();
    for (spelled, letter) in [("&#34;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">"), ("&#38;", "&")]
    {
        text = text.replace(spelled, letter);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "<form action=\"/a\"><input name=\"x\" value=\"1\"></form>\
        <form method=\"post\" action=\"/b\"><input type=\"hidden\" name=\"csrf\" value=\"t&#38;u\">\
        <input type=\"radio\" name=\"r\" value=\"no\"><input type=\"radio\" name=\"r\" value=\"yes\" checked></form>";

    #[test]
    fn a_form_is_sent_as_it_stands_with_what_is_filled_in() {
        assert_eq!(fill(PAGE, "/b", &[("new", "a b")]).unwrap(), "csrf=t%26u&r=yes&new=a+b");
        assert_eq!(fill(PAGE, "/b", &[("csrf", "x")]).unwrap(), "r=yes&csrf=x");
        assert!(fill(PAGE, "/c", &[]).is_none());
        assert_eq!(field_of(PAGE, "csrf").unwrap(), "t&u");
    }

    #[test]
    fn cookies_come_and_go() {
        let mut cookies = Cookies::default();
        cookies.take("a=1; Path=/; HttpOnly");
        cookies.take("b=2; Path=/");
        assert_eq!(cookies.header().unwrap(), "a=1; b=2");
        cookies.take("a=; Max-Age=0");
        assert_eq!((cookies.header().unwrap().as_str(), cookies.value("b")), ("b=2", Some("2")));
    }
}
