//! A visit: what is known of a request before anybody asks who it is: its name, language, colours, session.

use crate::api::Scope;
use crate::came::{Came, without_port};
use crate::language::Language;
use crate::machine::Host;
use crate::session::{Place, Session};
use crate::site::Site;
use axum::extract::{ConnectInfo, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use identity::Fingerprint;
use model::{Instant, Told, UnitId};
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
    /// Did it come over HTTPS? Cookies then never travel in clear.
    pub secure: bool,
    /// The host it asked for, with the port where it named one.
    pub host: String,
    /// The session's cookie, whether it counts or not.
    pub cookie: Option<String>,
    /// All cookies, as they came.
    pub(crate) cookies: HeaderMap,
    /// The session, where there is one.
    pub session: Option<Session>,
    /// A session in which factors are set and nothing else is done.
    pub enrolling: Option<Session>,
    /// How far the application goes that asks; none where a person does.
    pub scope: Option<Scope>,
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
        let came = request.extensions().get::<Came>().copied();
        let address = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
        let address = came.map(|came| came.address).or(address);
        let asked = text(header::HOST).or_else(|| request.uri().authority().map(|host| host.as_str()));
        // What another server has passed on does not come from where that server is.
        let passed_on = headers.contains_key(header::FORWARDED) || headers.contains_key("x-forwarded-for");
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
                address: address.map(|address| address.ip()).filter(|_| !passed_on),
                certificate: came.and_then(|came| came.certificate).map(Fingerprint::from_bytes),
                agent: text(header::USER_AGENT).map(ToOwned::to_owned),
            },
            secure: came.map_or(site.config().secure, |came| came.secure),
            host: asked.unwrap_or_default().to_ascii_lowercase(),
            cookie: None,
            cookies: headers
                .get_all(header::COOKIE)
                .iter()
                .map(|one| (header::COOKIE, one.clone()))
                .collect(),
            session: None,
            enrolling: None,
            scope: None,
        }
    }

    /// One of two texts, in the language of the page.
    #[must_use]
    pub const fn t<'t>(&self, zh: &'t str, en: &'t str) -> &'t str {
        self.language.of(zh, en)
    }

    /// Words across every page of a site that is not real.
    #[must_use]
    pub fn watermark(&self) -> Option<&str> {
        self.site.config().watermark.as_ref().map(|told| self.language.told(told))
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
        self.session.as_ref().or(self.enrolling.as_ref()).map_or("", |session| &session.csrf)
    }

    /// The present address as a value within another.
    #[must_use]
    pub fn back(&self) -> String {
        crate::component::query_value(&self.path)
    }

    /// Why no passkey can be used here; none where one can. A passkey belongs to the name of the installation, and to
    /// a connection that nobody else can speak on.
    #[must_use]
    pub fn no_passkey(&self) -> Option<Told> {
        let host = self.site.machine().host();
        let secure = self.secure || self.asked() == "localhost";
        match host {
            Some(Host::Name(name)) if secure && name == self.asked() => None,
            Some(Host::Name(name)) => Some(Told::new(
                format!("通行金鑰僅能在本系統之名稱「{name}」下使用，您目前以「{}」連線。", self.asked()),
                format!("Passkeys work under the name {name} alone, and you have come by {}.", self.asked()),
            )),
            Some(Host::Address(_)) | None => Some(Told::new(
                "本系統以 IP 位址連線，瀏覽器不提供通行金鑰；請以密碼及一次性驗證碼登入。",
                "This installation is reached by its address, for which browsers keep no passkeys; use password and one-time code.",
            )),
        }
    }

    /// A cookie by its name.
    pub(crate) fn cookie_of(&self, name: &str) -> Option<&str> {
        cookie(&self.cookies, name)
    }

    /// The host it asked for, without its port.
    #[must_use]
    pub fn asked(&self) -> &str {
        without_port(&self.host)
    }

    /// How it came, as addresses begin.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
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
