//! A visit: what is known of a request before anybody asks who it is: its name, language, colours, session.

use crate::language::Language;
use crate::session::{Place, Session};
use crate::site::Site;
use axum::extract::{ConnectInfo, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use identity::Fingerprint;
use model::{Instant, UnitId};
use std::fmt;
use std::net::SocketAddr;

/// Names a request, so that a failure a person tells of can be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId([u8; 10]);

/// Dark, light, or as the system says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Theme {
    /// As the system says.
    Auto,
    /// Dark.
    Dark,
    /// Light.
    Light,
}

/// A request, before anybody asks who it is.
#[derive(Clone)]
pub struct Visit {
    /// The site.
    pub site: Site,
    /// Its name.
    pub request: RequestId,
    /// When it came.
    pub began: Instant,
    /// The language of the page.
    pub language: Language,
    /// Its colours.
    pub theme: Theme,
    /// Path and query, for the way back.
    pub path: String,
    /// The part of a page that a script asks for: the id of the element to be replaced.
    pub part: Option<String>,
    /// The unit whose records are looked at, as the cookie says.
    pub focus: Option<UnitId>,
    /// Where it comes from.
    pub address: Option<SocketAddr>,
    /// The same for whoever keeps sessions: address, client certificate, what the browser calls itself.
    pub place: Place,
    /// The session, where there is one.
    pub session: Option<Session>,
}

/// Cookie of the language.
pub(crate) const LANGUAGE: &str = "ward_language";
/// Cookie of the colours.
pub(crate) const THEME: &str = "ward_theme";
/// Cookie of the unit.
pub(crate) const UNIT: &str = "ward_unit";

/// Name of the session's cookie. Over HTTPS the prefix makes browsers hold it to this host alone.
#[must_use]
pub const fn session_cookie(secure: bool) -> &'static str {
    if secure { "__Host-ward" } else { "ward_session" }
}

impl Visit {
    pub(crate) fn of(site: &Site, request: &Request, name: RequestId, began: Instant) -> Self {
        let headers = request.headers();
        let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let address = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
        let hx = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        Self {
            site: site.clone(),
            request: name,
            began,
            language: Language::negotiated(cookie(headers, LANGUAGE), text(header::ACCEPT_LANGUAGE)),
            theme: cookie(headers, THEME).and_then(Theme::from_word).unwrap_or(Theme::Auto),
            path,
            // A page restored from the browser's history is asked for as a whole.
            part: match (hx("hx-request"), hx("hx-history-restore-request")) {
                (Some("true"), None) => Some(hx("hx-target").unwrap_or_default().to_owned()),
                _ => None,
            },
            focus: cookie(headers, UNIT).and_then(|text| text.parse().ok()),
            address,
            place: Place {
                address: address.map(|address| address.ip()),
                // Whoever ends TLS has checked the certificate and says so with the request.
                certificate: request.extensions().get::<Fingerprint>().copied(),
                agent: text(header::USER_AGENT).map(ToOwned::to_owned),
            },
            session: None,
        }
    }

    /// One of two texts, in the language of the page.
    #[must_use]
    pub const fn t<'t>(&self, zh: &'t str, en: &'t str) -> &'t str {
        self.language.of(zh, en)
    }

    /// Is the page in Chinese?
    #[must_use]
    pub fn chinese(&self) -> bool {
        self.language == Language::Chinese
    }

    /// A label of a pack.
    #[must_use]
    pub fn label<'t>(&self, label: &'t regulation::Label) -> &'t str {
        self.language.label(label)
    }

    /// An icon.
    #[must_use]
    pub const fn icon(&self, name: &'static str) -> crate::asset::Icon {
        crate::asset::Icon(name)
    }

    /// The path of something pages load.
    #[must_use]
    pub fn asset(&self, name: &str) -> String {
        crate::asset::path(name)
    }

    /// What forms of the session carry; empty for strangers.
    #[must_use]
    pub fn csrf(&self) -> &str {
        self.session.as_ref().map_or("", |session| &session.csrf)
    }

    /// The present address as a value within another.
    #[must_use]
    pub fn back(&self) -> String {
        crate::component::query_value(&self.path)
    }

    /// Does a script ask for this part of the page?
    #[must_use]
    pub fn wants(&self, part: &str) -> bool {
        self.part.as_deref() == Some(part)
    }
}

impl RequestId {
    pub(crate) fn of(bytes: [u8; 16]) -> Self {
        let mut name = [0; 10];
        name.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
        Self(name)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::BASE32_NOPAD.encode(&self.0).to_ascii_lowercase())
    }
}

impl Theme {
    /// By its word in forms and cookies.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Auto, Self::Dark, Self::Light].into_iter().find(|theme| theme.word() == word)
    }

    /// Its word in forms and cookies.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Dark => "dark",
            Self::Light => "light",
        }
    }
}

impl FromRequestParts<Site> for Visit {
    type Rejection = crate::error::PageError;

    async fn from_request_parts(parts: &mut Parts, _: &Site) -> Result<Self, Self::Rejection> {
        parts.extensions.get::<Self>().cloned().ok_or(crate::error::PageError::NotFound)
    }
}

/// A cookie by its name; one that browsers hold to this host alone comes before one that they do not.
pub(crate) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let pairs = || {
        let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
        lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='))
    };
    let held = pairs().find_map(|(key, value)| (key.strip_prefix(HELD) == Some(name)).then_some(value));
    held.or_else(|| pairs().find_map(|(key, value)| (key == name).then_some(value)))
}

/// Browsers take a cookie of such a name from this host over HTTPS alone, and send it to no other (RFC 6265bis §4.1.3.2).
const HELD: &str = "__Host-";

/// A cookie to be kept by the browser for a year; no script reads it.
pub(crate) fn kept_cookie(name: &str, value: &str, secure: bool) -> String {
    let (held, secure) = if secure { (HELD, "; Secure") } else { ("", "") };
    format!("{held}{name}={value}; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly{secure}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn over_https_cookies_are_held_to_this_host_and_come_before_others() {
        let kept = kept_cookie(THEME, "dark", true);
        assert!(kept.starts_with("__Host-ward_theme=dark; Path=/; ") && kept.ends_with("; Secure"), "{kept}");
        let headers = |line: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, HeaderValue::from_static(line));
            headers
        };
        let both = headers("ward_theme=light; __Host-ward_theme=dark; x=__Host-ward_theme=no");
        assert_eq!(cookie(&both, THEME), Some("dark"));
        assert_eq!(cookie(&headers("ward_theme=light"), THEME), Some("light"));
        assert_eq!(cookie(&headers("__Host-ward=s"), session_cookie(true)), Some("s"));
        assert_eq!(cookie(&headers("ward=s"), session_cookie(true)), None);
    }
}
