//! Somebody at a browser without script: keeps cookies, sends the forms of pages.

use crate::site::{Answer, Asked};
use axum::http::Method;
use std::cell::RefCell;
use testkit::Cookies;

/// A browser.
pub(crate) struct Browser<'a> {
    asked: &'a Asked,
    cookies: RefCell<Cookies>,
    english: bool,
}

impl<'a> Browser<'a> {
    pub(crate) fn new(asked: &'a Asked) -> Self {
        Self { asked, cookies: RefCell::default(), english: false }
    }

    pub(crate) fn english(asked: &'a Asked) -> Self {
        Self { english: true, ..Self::new(asked) }
    }

    fn send(&self, method: Method, path: &str, body: &str) -> Answer {
        let cookies = self.cookies.borrow().header().unwrap_or_default();
        let language = if self.english { "en" } else { "zh-TW" };
        let mut headers = vec![("accept-language", language), ("sec-fetch-site", "same-origin")];
        if !cookies.is_empty() {
            headers.push(("cookie", &cookies));
        }
        if method == Method::POST {
            headers.push(("content-type", "application/x-www-form-urlencoded"));
        }
        let answer = self.asked.ask(method, path, &headers, body);
        for set in answer.headers.get_all("set-cookie") {
            let set = set.to_str().unwrap();
            assert!(set.contains("; HttpOnly") && set.contains("; Secure"), "it is open to others: {set}");
            self.cookies.borrow_mut().take(set);
        }
        answer
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, "")
    }

    /// Fills in a form of a page and sends it.
    pub(crate) fn submit(&self, page: &str, action: &str, fields: &[(&str, &str)]) -> Answer {
        let body = testkit::fill(page, action, fields);
        let body = body.unwrap_or_else(|| panic!("no form for {action} on {page}"));
        self.send(Method::POST, action, &body)
    }

    /// Sends pairs that no page has asked for.
    pub(crate) fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send(Method::POST, path, &body)
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.borrow().value(name).map(ToOwned::to_owned)
    }
}

/// The value of a field of a page.
pub(crate) fn value_of(page: &str, name: &str) -> String {
    testkit::field_of(page, name).unwrap()
}
