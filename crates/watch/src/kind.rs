//! What kind of line it is: whose it is in Sigma's words, and whether it tells of a log-on, of traffic, of a reading.
//!
//! Source: Sigma specification, log sources; Elastic Common Schema, `event.category`, `event.outcome`, `event.type`;
//! what devices say is that of the vendors' lists, named at each dialect of crate `lines`.

use lines::{Dialect, Field, Mark, Record};

/// What a line tells of. The names are those of Sigma's categories, and ECS's where Sigma has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) enum Category {
    /// Something else.
    #[default]
    Other,
    /// Somebody logs on, or tries to.
    Authentication,
    /// A connection, seen or judged by a device on its way.
    Firewall,
    /// What was asked of a proxy.
    Proxy,
    /// What was asked of a web server.
    Webserver,
    /// A name was looked up.
    Dns,
    /// A sensor's reading.
    Sensor,
    /// A public warning, as it was judged here.
    Warning,
}

impl Category {
    /// Its name in rules.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Other => "",
            Self::Authentication => "authentication",
            Self::Firewall => "firewall",
            Self::Proxy => "proxy",
            Self::Webserver => "webserver",
            Self::Dns => "dns",
            Self::Sensor => "sensor",
            Self::Warning => "warning",
        }
    }
}

/// What follows from a line beyond what stands in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Told {
    pub(crate) category: Category,
    /// Of a log-on: did it succeed?
    pub(crate) success: Option<bool>,
    /// Of a connection: was it let through?
    pub(crate) allowed: Option<bool>,
    /// A log-on that gives rule over the device itself.
    pub(crate) administrator: bool,
    /// Somebody logged on, or off.
    pub(crate) mark: Option<Mark>,
}

/// Products by their names in Sigma, where a line is of one.
pub(crate) const fn product(dialect: Option<Dialect>) -> &'static str {
    match dialect {
        Some(Dialect::FortiGate) => "fortigate",
        Some(Dialect::PaloAlto) => "paloalto",
        Some(Dialect::Filterlog) => "pfsense",
        Some(Dialect::Suricata) => "suricata",
        Some(Dialect::Zeek) => "zeek",
        Some(Dialect::Windows) => "windows",
        Some(Dialect::Cisco) => "cisco",
        Some(Dialect::Huawei) => "huawei",
        Some(Dialect::CheckPoint) => "checkpoint",
        Some(Dialect::Junos) => "juniper",
        Some(Dialect::MikroTik) => "mikrotik",
        Some(Dialect::ProxySg) => "bluecoat",
        Some(Dialect::Squid) => "squid",
        Some(Dialect::Journald | Dialect::Netfilter | Dialect::Login | Dialect::Auditd) | None => "linux",
        Some(
            Dialect::Flow | Dialect::Cef | Dialect::Leef | Dialect::Access | Dialect::Json | Dialect::Pairs,
        ) => "",
    }
}

/// Is the device a firewall, as far as its way of writing tells?
pub(crate) const fn is_firewall(dialect: Option<Dialect>) -> bool {
    matches!(
        dialect,
        Some(
            Dialect::FortiGate
                | Dialect::PaloAlto
                | Dialect::Filterlog
                | Dialect::Cisco
                | Dialect::Huawei
                | Dialect::CheckPoint
                | Dialect::Junos
                | Dialect::MikroTik
        )
    )
}

/// Is a line of this product one of this service? Where a device does not say which of its services wrote a line, the
/// line is taken to be of each: a rule then looks at a line too many, never at one too few.
pub(crate) fn serves(record: &Record<'_>, product: &str, service: &str) -> bool {
    let is = |field, names: &[&str]| {
        let text = record.text(field).unwrap_or_default();
        names.iter().any(|name| has(text, name))
    };
    match product {
        "zeek" => record.text(Field::Event).is_none_or(|path| path == service.as_bytes()),
        "fortigate" => named(record, b"type").is_none_or(|of| of == service.as_bytes()),
        "windows" => named(record, b"Channel").is_none_or(|of| of.eq_ignore_ascii_case(service.as_bytes())),
        "linux" | "" => match service {
            "auditd" => record.dialect() == Some(Dialect::Auditd),
            "syslog" | "auth" => record.dialect() != Some(Dialect::Auditd),
            "sshd" => is(Field::App, &["ssh"]),
            "cron" => is(Field::App, &["cron"]),
            "clamav" => is(Field::App, &["clam"]),
            "guacamole" => is(Field::App, &["guac"]),
            "apache" => is(Field::App, &["apache", "httpd"]) || record.dialect() == Some(Dialect::Access),
            "nginx" => is(Field::App, &["nginx"]) || record.dialect() == Some(Dialect::Access),
            other => is(Field::App, &[other]),
        },
        _ => true,
    }
}

/// The receiver of public warnings. What a line is about follows from it: whoever hands in lines elsewhere cannot warn.
pub const WARNINGS: &str = "warnings";

/// What a line of a receiver tells of.
pub(crate) fn told_by(receiver: &str, record: &Record<'_>) -> Told {
    if receiver == WARNINGS { Told { category: Category::Warning, ..Told::default() } } else { told(record) }
}

/// What a line tells of.
pub(crate) fn told(record: &Record<'_>) -> Told {
    let category = |category| Told { category, ..Told::default() };
    if let Some((success, administrator)) = authentication(record) {
        let mark = success.then_some(Mark::On);
        return Told { success: Some(success), administrator, mark, ..category(Category::Authentication) };
    }
    if logged_off(record) {
        return Told { mark: Some(Mark::Off), ..category(Category::Authentication) };
    }
    match record.dialect() {
        Some(Dialect::Squid | Dialect::ProxySg) => return category(Category::Proxy),
        Some(Dialect::Access) => return category(Category::Webserver),
        Some(Dialect::Suricata | Dialect::Zeek) if record.text(Field::Event) == Some(b"dns") => {
            return category(Category::Dns);
        }
        Some(Dialect::Zeek) if !matches!(record.text(Field::Event), Some(b"conn") | None) => {
            return Told::default();
        }
        Some(Dialect::Json) if is_of_sensor(record) => return category(Category::Sensor),
        Some(Dialect::Auditd | Dialect::Windows | Dialect::Login) => return Told::default(),
        _ => {}
    }
    if record.span(Field::SrcIp).is_none() || record.span(Field::DstIp).is_none() {
        return Told::default();
    }
    Told { allowed: allowed(record), ..category(Category::Firewall) }
}

/// Does a sensor speak: of a figure, of none in its place, or of falling silent?
fn is_of_sensor(record: &Record<'_>) -> bool {
    let says = |name: &[u8]| named(record, name).is_some();
    says(b"sensor") && (says(b"value") || says(b"bad") || says(b"silent"))
}

/// Was a connection let through, in the words of the device?
fn allowed(record: &Record<'_>) -> Option<bool> {
    let action = record.text(Field::Action)?;
    const YES: [&str; 16] = [
        "accept",
        "allow",
        "pass",
        "permit",
        "forward",
        "built",
        "teardown",
        "close",
        "start",
        "end",
        "timeout",
        "established",
        "client-rst",
        "server-rst",
        "ip-conn",
        "session_c",
    ];
    const NO: [&str; 9] =
        ["deny", "denied", "drop", "block", "reject", "reset-", "discard", "session_deny", "alert_deny"];
    let begins = |words: &[&str]| {
        words.iter().any(|word| {
            action.get(..word.len()).is_some_and(|front| front.eq_ignore_ascii_case(word.as_bytes()))
        })
    };
    if begins(&NO) || matches!(action, b"D" | b"R") || has(action, "deny") {
        Some(false)
    } else if begins(&YES) || action == b"A" || has(action, "permit") {
        Some(true)
    } else {
        None
    }
}

/// Did somebody log off? What ends a connection alone is none.
fn logged_off(record: &Record<'_>) -> bool {
    let action = record.text(Field::Action).unwrap_or_default();
    match record.dialect() {
        Some(Dialect::Login | Dialect::Journald | Dialect::Windows | Dialect::Auditd) => {
            record.mark() == Some(Mark::Off) && record.span(Field::User).is_some()
        }
        Some(Dialect::FortiGate) => {
            matches!(action, b"logout" | b"tunnel-down" | b"auth-logout" | b"FSSO-logoff")
        }
        Some(Dialect::MikroTik) => action == b"logged out",
        Some(Dialect::CheckPoint) => action == b"Log Out",
        Some(Dialect::Cisco) => action == b"LOGOUT",
        _ => false,
    }
}

/// A log-on, tried or done: did it succeed, and does it give rule over the device? None where the line is of something
/// else.
fn authentication(record: &Record<'_>) -> Option<(bool, bool)> {
    let action = record.text(Field::Action).unwrap_or_default();
    let event = record.text(Field::Event).unwrap_or_default();
    Some(match record.dialect()? {
        Dialect::Login | Dialect::Journald => (login(record, action)?, false),
        Dialect::Windows => match event {
            // The computers' own accounts end with a dollar; they log on all the time.
            b"4624" if !record.text(Field::User).unwrap_or_default().ends_with(b"$") => (true, false),
            b"4625" | b"4771" => (false, false),
            _ => return None,
        },
        Dialect::Auditd => match event {
            b"USER_LOGIN" => (named(record, b"res")?.starts_with(b"success"), false),
            _ => return None,
        },
        Dialect::FortiGate => match action {
            b"login" => (named(record, b"status")? == b"success", true),
            b"ssl-login-fail" => (false, false),
            b"tunnel-up" if named(record, b"tunneltype").is_some_and(|of| of.starts_with(b"ssl")) => {
                (true, false)
            }
            b"auth-logon" | b"FSSO-logon" => (true, false),
            b"authentication" => (named(record, b"status")? == b"success", false),
            _ => return None,
        },
        Dialect::PaloAlto => match action {
            b"auth-fail" => (false, false),
            b"auth-success" => (true, true),
            b"gateway-connected" => (true, false),
            _ => return None,
        },
        Dialect::Cisco => match (event, action) {
            (b"605005", _) | (_, b"LOGIN_SUCCESS") => (true, true),
            (b"605004" | b"611102", _) | (_, b"LOGIN_FAILED") => (false, true),
            (b"611101", _) => (true, true),
            (b"113005" | b"113015" | b"109006", _) => (false, false),
            (b"113012" | b"113004" | b"109005", _) => (true, false),
            _ => return None,
        },
        Dialect::Huawei if has(action, "LOGINFAIL") || has(action, "LOGIN_FAIL") => (false, true),
        Dialect::Huawei if matches!(action, b"SSH_USER_LOGIN" | b"SHELL_LOGIN" | b"LOGIN") => (true, true),
        Dialect::MikroTik if action == b"logged in" => (true, true),
        Dialect::MikroTik if action == b"login failure" => (false, true),
        Dialect::CheckPoint if action == b"Log In" => (true, true),
        Dialect::CheckPoint if action == b"Failed Log In" => (false, true),
        Dialect::Junos if has(event, "LOGIN_FAILED") => (false, true),
        Dialect::Junos if has(event, "LOGIN_EVENT") || has(event, "LOGIN_INFORMATION") => (true, true),
        Dialect::Cef | Dialect::Leef | Dialect::Json | Dialect::Pairs => {
            record.span(Field::User)?;
            let message = record.text(Field::Message).unwrap_or_default();
            let said = |word: &str| has(action, word) || has(message, word);
            let of_logging_on = ["login", "logon", "log in", "log on", "authenticat"].into_iter().any(said);
            match record.mark() {
                _ if of_logging_on && said("fail") => (false, false),
                Some(Mark::On) => (true, false),
                _ => return None,
            }
        }
        _ => return None,
    })
}

/// What sshd, PAM, sudo and their like say of log-ons.
fn login(record: &Record<'_>, action: &[u8]) -> Option<bool> {
    let on_console = || matches!(record.text(Field::App), Some(b"login" | b"gdm-password"));
    match action {
        b"Accepted" | b"auth succeeded" => Some(true),
        b"session opened" if on_console() => Some(true),
        b"Failed"
        | b"Invalid user"
        | b"Illegal user"
        | b"authentication failure"
        | b"Bad password attempt" => Some(false),
        b"maximum authentication attempts exceeded" | b"Authentication failure for" | b"refused connect" => {
            Some(false)
        }
        // `User lin from 1.2.3.4 not allowed because …`
        b"User" => memchr::memmem::find(record.line(), b" not allowed ").map(|_| false),
        // Whoever named an account and went before being let in has failed.
        b"Connection closed by" | b"Connection reset by" | b"Disconnected from" => {
            let before = record.line().trim_ascii_end().ends_with(b"[preauth]");
            (before && record.span(Field::User).is_some()).then_some(false)
        }
        _ if action.ends_with(b"incorrect password attempts") => Some(false),
        _ => None,
    }
}

/// A value by the name that the device gave it.
pub(crate) fn named<'r>(record: &Record<'r>, name: &[u8]) -> Option<&'r [u8]> {
    let value = record.values().iter().find(|value| value.name.within(record.line()) == name)?;
    Some(value.place.within(record.line()))
}

/// Does a text hold a word, in letters of either case?
fn has(text: &[u8], word: &str) -> bool {
    text.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lines::{Reader, Source};
    use model::Instant;
    use std::fmt::Write as _;
    use std::path::Path;

    /// `UPDATE_GOLDEN=watch` writes the table anew.
    #[test]
    fn what_samples_of_each_dialect_tell_is_as_committed() {
        let mut text = String::new();
        let mut reader = Reader::new();
        for dialect in Dialect::ALL {
            let path = Path::new("../lines/tests/lines/samples").join(format!("{}.log", dialect.name()));
            let bytes = std::fs::read(path).unwrap();
            for (n, line) in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).enumerate() {
                let record = reader.read(
                    Source::default(),
                    Instant::from_micros(1_795_140_672_000_000).unwrap(),
                    line,
                );
                let told = told(&record);
                write!(text, "{} {}:", dialect.name(), n + 1).unwrap();
                write!(
                    text,
                    " {}",
                    if told.category == Category::Other { "-" } else { told.category.name() }
                )
                .unwrap();
                let said = [
                    (told.success == Some(true), "success"),
                    (told.success == Some(false), "failure"),
                    (told.administrator, "administrator"),
                    (told.mark == Some(Mark::On), "logged-on"),
                    (told.mark == Some(Mark::Off), "logged-off"),
                    (told.allowed == Some(true), "allowed"),
                    (told.allowed == Some(false), "denied"),
                ];
                said.iter()
                    .filter(|(holds, _)| *holds)
                    .for_each(|(_, word)| write!(text, " {word}").unwrap());
                text.push('\n');
            }
        }
        let golden = Path::new("tests/told.txt");
        if std::env::var_os("UPDATE_GOLDEN").is_some_and(|which| which == "watch") {
            #[expect(clippy::disallowed_methods, reason = "a test writes what it expects, on demand")]
            std::fs::write(golden, &text).unwrap();
        }
        let wanted = std::fs::read_to_string(golden).unwrap_or_default();
        assert!(
            text == wanted,
            "differs from {}; UPDATE_GOLDEN=watch writes it anew:\n{text}",
            golden.display()
        );
    }
}
