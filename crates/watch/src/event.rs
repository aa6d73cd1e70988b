//! A line as rules see it: fields by Sigma's names, by ours, by the device's own.
//!
//! Source: Sigma specification, taxonomy (fields of proxy, web server, firewall and DNS logs).

use crate::kind::{self, Told};
use lines::{Dialect, Field, Mark, Record};
use rsigma_eval::EventValue;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// What is known of accounts and addresses beyond what lines say. It changes only by what is recorded, so that looking
/// again finds the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// The unit that an account belongs to.
    pub accounts: BTreeMap<String, String>,
    /// The unit whose terminals stand in a network; of several the smallest network counts.
    pub networks: Vec<(Network, String)>,
}

/// Addresses that share their first bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// A line, what follows from it, and what is known.
pub(crate) struct Event<'r> {
    pub(crate) record: &'r Record<'r>,
    pub(crate) told: Told,
    pub(crate) known: &'r Known,
}

/// Values that follow from the line but do not stand in it. No rule may be passed over because their texts are missing.
pub(crate) const DERIVED: [&str; 9] = [
    "event.action",
    "event.category",
    "event.outcome",
    "event.type",
    "user.roles",
    "observer.type",
    "user.unit",
    "source.unit",
    "blocked",
];

impl Known {
    /// The unit whose terminals an address is one of.
    #[must_use]
    pub fn unit_at(&self, address: IpAddr) -> Option<&str> {
        let networks = self.networks.iter().filter(|(network, _)| network.holds(address));
        networks.max_by_key(|(network, _)| network.bits).map(|(_, unit)| unit.as_str())
    }

    /// The unit that an account belongs to; a domain in front of it or behind it does not count.
    #[must_use]
    pub fn unit_of(&self, account: &str) -> Option<&str> {
        let account = account.rsplit('\\').next().unwrap_or(account);
        let account = account.split('@').next().unwrap_or(account);
        self.accounts.get(account).map(String::as_str)
    }
}

impl Network {
    /// From its first address and how many bits are shared; none where there are not so many.
    #[must_use]
    pub fn new(address: IpAddr, bits: u8) -> Option<Self> {
        (bits <= if address.is_ipv4() { 32 } else { 128 }).then_some(Self { address, bits })
    }

    /// Is an address within?
    #[must_use]
    pub fn holds(self, address: IpAddr) -> bool {
        let bits = |address: IpAddr| match address {
            IpAddr::V4(four) => u128::from(u32::from(four)) << 96,
            IpAddr::V6(six) => u128::from(six),
        };
        let apart = bits(self.address) ^ bits(address);
        self.address.is_ipv4() == address.is_ipv4() && apart.leading_zeros() >= u32::from(self.bits)
    }
}

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (address, bits) = text.split_once('/').unwrap_or((&text, ""));
        let address: Option<IpAddr> = address.parse().ok();
        let all = address.map_or(0, |address| if address.is_ipv4() { 32 } else { 128 });
        let bits = if bits.is_empty() { Some(all) } else { bits.parse().ok() };
        let network = address.zip(bits).and_then(|(address, bits)| Self::new(address, bits));
        network.ok_or_else(|| format!("{text:?} is no network like 10.1.0.0/16"))
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        format!("{}/{}", network.address, network.bits)
    }
}

impl<'r> Event<'r> {
    /// What a field holds; none where the line does not say it.
    pub(crate) fn value(&self, name: &str) -> Option<Cow<'r, str>> {
        if let Some(field) = field(name)
            && let Some(text) = self.record.plain(field)
        {
            return Some(lossy(text));
        }
        self.derived(name).or_else(|| self.own(name)).or_else(|| self.spelled(name))
    }

    /// What follows from the line.
    fn derived(&self, name: &str) -> Option<Cow<'r, str>> {
        let told = self.told;
        let word = |word: &'static str| Some(Cow::Borrowed(word));
        match name {
            "event.category" if !told.category.name().is_empty() => word(told.category.name()),
            "event.action" => word(match told.mark? {
                Mark::On => "logged-on",
                Mark::Off => "logged-off",
                Mark::Opened | Mark::Closed => return None,
            }),
            "event.outcome" => word(if told.success? { "success" } else { "failure" }),
            "event.type" => word(if told.allowed? { "allowed" } else { "denied" }),
            "blocked" => word(if told.allowed? { "false" } else { "true" }),
            "user.roles" if told.administrator => word("administrator"),
            "observer.type" if kind::is_firewall(self.record.dialect()) => word("firewall"),
            "source.unit" => self.known.unit_at(self.record.src_ip()?).map(Cow::Borrowed),
            "user.unit" => {
                let user = lossy(self.record.plain(Field::User)?);
                self.known.unit_of(&user).map(Cow::Borrowed)
            }
            _ => None,
        }
    }

    /// By the name that the device gave it: whole, or the last part where names lie within each other.
    fn own(&self, name: &str) -> Option<Cow<'r, str>> {
        let line = self.record.line();
        let find = |name: &str| {
            let mut values = self.record.values().iter();
            values.find(|value| value.name.within(line) == name.as_bytes()).copied()
        };
        let value = find(name).or_else(|| find(name.rsplit_once('.')?.1))?;
        let text = value.place.within(line);
        Some(lossy(self.record.dialect().map_or(Cow::Borrowed(text), |dialect| dialect.plain(text))))
    }

    /// Sigma's names for what stands in the line without one.
    fn spelled(&self, name: &str) -> Option<Cow<'r, str>> {
        let record = self.record;
        let access = record.dialect() == Some(Dialect::Access);
        let text = |field| record.plain(field).map(lossy);
        let url = || text(Field::Url);
        match name {
            "cs-method" | "method" if access => text(Field::Action),
            "cs-method" | "method" => text(Field::Event),
            "sc-status" | "status_code" if access => text(Field::Event),
            "sc-status" => behind(text(Field::Action)?, "/"),
            "c-uri" | "cs-uri" | "uri" => url(),
            // Of a web server Sigma's rules look for paths here too.
            "cs-uri-query" if access => url(),
            "c-uri-query" | "cs-uri-query" => behind(url()?, "?"),
            "cs-uri-stem" | "c-uri-path" => Some(path(url()?)),
            "c-uri-extension" => {
                let path = path(url()?);
                let last = path.rsplit('/').next().unwrap_or_default();
                last.rsplit_once('.').map(|(_, end)| Cow::Owned(end.to_owned()))
            }
            "cs-host" | "r-dns" | "dest_host" => {
                let url = url()?;
                let rest = url.split_once("://").map_or(&*url, |(_, rest)| rest);
                let host = rest.split(['/', '?', ':']).next().unwrap_or_default();
                (!host.is_empty()).then(|| Cow::Owned(host.to_owned()))
            }
            "c-useragent" | "cs-user-agent" | "user_agent" if access => quoted(record.line(), 0),
            "c-useragent" | "cs-user-agent" | "user_agent" => self.own("cs-User-Agent"),
            "cs-referer" | "cs-referrer" if access => quoted(record.line(), 1),
            "record_type" => self.own("qtype_name").or_else(|| self.own("rrtype")),
            "query" => self.own("rrname"),
            "answer" => self.own("answers").or_else(|| self.own("rdata")),
            _ => None,
        }
    }
}

impl rsigma_eval::Event for Event<'_> {
    fn get_field(&self, path: &str) -> Option<EventValue<'_>> {
        self.value(path).map(EventValue::Str)
    }

    /// The line as it came, and what in it is escaped as it was meant.
    fn any_string_value(&self, wanted: &dyn Fn(&str) -> bool) -> bool {
        let line = self.record.line();
        if wanted(&String::from_utf8_lossy(line)) {
            return true;
        }
        let Some(dialect) = self.record.dialect() else { return false };
        let mut texts = self.record.values().iter().map(|value| dialect.plain(value.place.within(line)));
        texts.any(|text| matches!(text, Cow::Owned(_)) && wanted(&lossy(text)))
    }

    fn all_string_values(&self) -> Vec<Cow<'_, str>> {
        vec![String::from_utf8_lossy(self.record.line())]
    }

    fn to_json(&self) -> serde_json::Value {
        serde_json::Value::String(String::from_utf8_lossy(self.record.line()).into_owned())
    }
}

/// A field of lines by its name.
fn field(name: &str) -> Option<Field> {
    // Most names that rules ask for are none of these: their length tells.
    if name.len() > 14 {
        return None;
    }
    Field::ALL.into_iter().find(|field| field.name() == name)
}

fn lossy(text: Cow<'_, [u8]>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => String::from_utf8_lossy(text),
        Cow::Owned(text) => Cow::Owned(String::from_utf8_lossy(&text).into_owned()),
    }
}

/// What stands behind the first of these.
fn behind<'t>(text: Cow<'t, str>, sign: &str) -> Option<Cow<'t, str>> {
    text.split_once(sign).map(|(_, rest)| Cow::Owned(rest.to_owned()))
}

/// The path of an address: without scheme, host and question.
fn path(url: Cow<'_, str>) -> Cow<'_, str> {
    let rest =
        url.split_once("://").map_or(&*url, |(_, rest)| rest.find('/').map_or("", |at| rest.split_at(at).1));
    Cow::Owned(rest.split('?').next().unwrap_or_default().to_owned())
}

/// The last text in quotes of a line, or the one before.
fn quoted(line: &[u8], before: usize) -> Option<Cow<'_, str>> {
    let mut end = line.len();
    for turn in 0..=before {
        let close = memchr::memrchr(b'"', line.get(..end)?)?;
        let open = memchr::memrchr(b'"', line.get(..close)?)?;
        if turn == before {
            return Some(String::from_utf8_lossy(line.get(open + 1..close)?));
        }
        end = open;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use lines::{Reader, Source};
    use model::Instant;

    fn said(line: &str, name: &str) -> Option<String> {
        let mut reader = Reader::new();
        let record = reader.read(Source::default(), Instant::EPOCH, line.as_bytes());
        let known = Known {
            accounts: [("lin".to_owned(), "tax".to_owned())].into(),
            networks: vec![
                ("10.0.0.0/8".to_owned().try_into().unwrap(), "city".to_owned()),
                ("10.1.0.0/16".to_owned().try_into().unwrap(), "it".to_owned()),
            ],
        };
        let event = Event { record: &record, told: kind::told(&record), known: &known };
        event.value(name).map(Cow::into_owned)
    }

    #[test]
    fn sigmas_names_find_what_stands_without_a_name() {
        let access = r#"10.1.1.2 - lin [20/Nov/2026:10:11:12 +0800] "GET /a/b.php?x=1 HTTP/1.1" 404 51 "https://www.example/" "curl/8""#;
        for (name, value) in [
            ("cs-method", "GET"),
            ("sc-status", "404"),
            ("cs-uri-query", "/a/b.php?x=1"),
            ("cs-uri-stem", "/a/b.php"),
            ("cs-user-agent", "curl/8"),
            ("cs-referer", "https://www.example/"),
            ("source.unit", "it"),
            ("user.unit", "tax"),
            ("event.category", "webserver"),
        ] {
            assert_eq!(said(access, name).as_deref(), Some(value), "{name}");
        }
        let squid = "1795140672.129 45 10.9.1.2 TCP_MISS/200 1234 GET http://www.example:8080/a/b.exe?c=d lin HIER_DIRECT/203.0.113.80 text/html";
        for (name, value) in [
            ("cs-host", "www.example"),
            ("c-uri-extension", "exe"),
            ("c-uri-query", "c=d"),
            ("cs-method", "GET"),
            ("sc-status", "200"),
            ("source.unit", "city"),
        ] {
            assert_eq!(said(squid, name).as_deref(), Some(value), "{name}");
        }
        assert_eq!(said(squid, "cs-referer"), None);
    }

    #[test]
    fn networks_are_read_and_hold_what_shares_their_bits() {
        let network = |text: &str| Network::try_from(text.to_owned());
        assert!(network("10.1.0.0/16").unwrap().holds("10.1.255.1".parse().unwrap()));
        assert!(!network("10.1.0.0/16").unwrap().holds("10.2.0.1".parse().unwrap()));
        assert!(!network("0.0.0.0/0").unwrap().holds("::1".parse().unwrap()));
        assert!(network("2001:db8::/32").unwrap().holds("2001:db8:1::1".parse().unwrap()));
        assert!(network("10.1.2.3").unwrap().holds("10.1.2.3".parse().unwrap()));
        for wrong in ["", "10.1.0.0/33", "10.1/16", "lin"] {
            assert!(network(wrong).is_err(), "{wrong}");
        }
    }
}
