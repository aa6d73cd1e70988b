//! A city's directory, read by LDAP: its units and people as the tables that are moved in.
//!
//! Invariants: nothing is written to the directory, and no secret of it is read but what the settings name; over a network
//! nothing goes in clear; what is read is bounded; nobody is taken away because the directory has them no more.
//! Settings: a file of their own, `docs/howto/move-in.md`.
//! Source: RFC 4511 (the protocol), RFC 2696 (pages), RFC 4515 (filters).

use crate::told::Refused;
use ldap3::adapters::{Adapter, EntriesOnly, PagedResults};
use ldap3::{LdapConn, LdapConnSettings, Scope, SearchEntry};
use model::Told;
use moving::{Kind, Row, Table};
use regulation::{Findings, Form, Problem, Shape, Table as Settings, may, need, settings};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// A directory, and where in it people and units are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Directory {
    url: String,
    starttls: bool,
    authority: PathBuf,
    /// Who reads, and the file of the password; nobody reads as a stranger.
    account: Option<(String, PathBuf)>,
    page: u32,
    units: Option<Part>,
    people: Option<Part>,
    /// Accounts that are not the directory's to know.
    pub(crate) apart: Vec<String>,
}

/// Entries of one sort.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    base: String,
    filter: String,
    /// Of each column of the table, the attribute it is read from.
    attributes: Vec<Option<String>>,
}

/// Entries that are read, at most: as many as a table may have rows.
const MOST: usize = moving::MOST_ROWS;
/// How long the directory may take to answer anything.
const PATIENCE: Duration = Duration::from_secs(30);
/// The machine's own list of authorities, as Debian keeps it.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

static SETTINGS: Shape = Shape {
    keys: &[
        need(
            "url",
            Form::Text,
            "目錄網址,例如 ldaps://ldap.city.example",
            "where it is: ldaps://…, or ldap://… with starttls",
        ),
        may("starttls", Form::Flag, "以 StartTLS 加密", "is the connection secured by StartTLS?"),
        may("authority", Form::Text, "伺服器憑證之憑證機構（PEM）", "authorities of its certificate, PEM"),
        may("bind", Form::Text, "讀取用帳號之 DN", "who reads, by DN"),
        may("password_file", Form::Text, "密語檔", "the file of the password"),
        may("page", Form::Whole(1, 5_000), "每次讀取筆數", "entries a page"),
        may(
            "apart",
            Form::List(&Form::Text),
            "不由目錄管理之帳號",
            "accounts that the directory does not know",
        ),
        may("units", Form::Table(&UNITS), "單位", "units"),
        may("people", Form::Table(&PEOPLE), "人員", "people"),
    ],
};

static UNITS: Shape = Shape {
    keys: &[
        need("base", Form::Text, "起點 DN", "the entry they are below, by DN"),
        need("filter", Form::Text, "篩選條件（RFC 4515）", "which entries they are"),
        need("code", Form::Text, "代碼之屬性", "the attribute of the code"),
        need("zh", Form::Text, "中文名稱之屬性", "of the name in Chinese"),
        need("en", Form::Text, "英文名稱之屬性", "of the name in English"),
        need("above", Form::Text, "上級單位代碼之屬性", "of the code of the unit above"),
    ],
};

static PEOPLE: Shape = Shape {
    keys: &[
        need("base", Form::Text, "起點 DN", "the entry they are below, by DN"),
        need("filter", Form::Text, "篩選條件（RFC 4515）", "which entries they are"),
        need("login", Form::Text, "帳號之屬性", "the attribute of the account"),
        need("name", Form::Text, "姓名之屬性", "of the name"),
        need("title", Form::Text, "職稱之屬性", "of the title"),
        need("mail", Form::Text, "電子郵件之屬性", "of the mail address"),
        may("phone", Form::Text, "電話之屬性", "of the telephone number"),
        need("unit", Form::Text, "單位代碼之屬性", "of the unit's code"),
    ],
};

impl Directory {
    /// From a file of settings.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let shown = path.display().to_string();
        let content = std::fs::read(path).map_err(|error| {
            Refused::say(format!("無法讀取「{shown}」：{error}"), format!("{shown} cannot be read: {error}"))
        })?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let read = settings(&shown, &content, &SETTINGS, |table, findings| of(table, findings, folder));
        read.map_err(|problems| Refused::misuse(told(&problems)))
    }

    /// The table of units, where the settings have any.
    pub(crate) fn units(&self, connection: &mut LdapConn) -> anyhow::Result<Option<Table>> {
        self.units.as_ref().map(|part| self.table(connection, Kind::Units, part)).transpose()
    }

    /// The table of people, where the settings have any.
    pub(crate) fn people(&self, connection: &mut LdapConn) -> anyhow::Result<Option<Table>> {
        self.people.as_ref().map(|part| self.table(connection, Kind::People, part)).transpose()
    }

    /// Connects, and signs in where the settings say as whom.
    pub(crate) fn connect(&self) -> anyhow::Result<LdapConn> {
        let settings = LdapConnSettings::new()
            .set_conn_timeout(PATIENCE)
            .set_starttls(self.starttls)
            .set_config(Arc::new(self.tls()?));
        let mut connection =
            LdapConn::with_settings(settings, &self.url).map_err(|error| self.failed(&error))?;
        if let Some((bind, file)) = &self.account {
            let password = std::fs::read_to_string(file).map_err(|error| {
                let shown = file.display();
                Refused::say(
                    format!("無法讀取密語檔「{shown}」：{error}"),
                    format!("the password in {shown} cannot be read: {error}"),
                )
            })?;
            let password = password.trim_end_matches(['\r', '\n']);
            // An empty password would be taken for a stranger's (RFC 4513 §5.1.2).
            if password.is_empty() {
                return Err(Refused::say("密語檔是空的", "the file of the password is empty"));
            }
            let signed = connection.with_timeout(PATIENCE).simple_bind(bind, password);
            signed.and_then(ldap3::LdapResult::success).map_err(|error| self.failed(&error))?;
        }
        Ok(connection)
    }

    fn tls(&self) -> anyhow::Result<ClientConfig> {
        let shown = self.authority.display();
        let unread = |error: &dyn std::fmt::Display| {
            Refused::say(
                format!("無法讀取憑證機構「{shown}」：{error}"),
                format!("the authorities in {shown} cannot be read: {error}"),
            )
        };
        let mut roots = RootCertStore::empty();
        // Without TLS nothing is checked by them.
        if self.url.starts_with("ldaps://") || self.starttls {
            for one in CertificateDer::pem_file_iter(&self.authority).map_err(|error| unread(&error))? {
                let one = one.map_err(|error| unread(&error))?;
                // Of a machine's list some do not read as roots, and may be passed over.
                let _ = roots.add(one);
            }
            if roots.is_empty() {
                return Err(unread(&"there is none"));
            }
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| unread(&error))?;
        Ok(config.with_root_certificates(roots).with_no_client_auth())
    }

    fn table(&self, connection: &mut LdapConn, kind: Kind, part: &Part) -> anyhow::Result<Table> {
        let mut rows = Vec::new();
        let wanted: Vec<String> = part.attributes.iter().flatten().cloned().collect();
        let page = i32::try_from(self.page).unwrap_or(i32::MAX);
        let adapters: Vec<Box<dyn Adapter<'_, String, Vec<String>>>> =
            vec![Box::new(EntriesOnly::new()), Box::new(PagedResults::new(page))];
        let search = connection.with_timeout(PATIENCE);
        let mut found = search
            .streaming_search_with(adapters, &part.base, Scope::Subtree, &part.filter, wanted)
            .map_err(|error| self.failed(&error))?;
        while let Some(entry) = found.next().map_err(|error| self.failed(&error))? {
            if rows.len() >= MOST {
                return Err(Refused::say(
                    format!("目錄中符合者逾 {MOST} 筆；請縮小篩選條件"),
                    format!("more than {MOST} entries fit; narrow the filter"),
                ));
            }
            let entry = SearchEntry::construct(entry);
            let held: BTreeMap<String, &String> = entry
                .attrs
                .iter()
                .filter_map(|(name, values)| Some((name.to_ascii_lowercase(), values.first()?)))
                .collect();
            let cell = |attribute: &Option<String>| {
                let value = attribute.as_ref().and_then(|name| held.get(&name.to_ascii_lowercase()));
                value.map_or_else(String::new, |value| value.trim().to_owned())
            };
            let cells = part.attributes.iter().map(cell).collect();
            rows.push(Row { line: rows.len() + 1, cells });
        }
        found.result().success().map_err(|error| self.failed(&error))?;
        let heads = kind.columns().into_iter().take(part.attributes.len()).map(|column| column.zh).collect();
        Ok(Table { heads, rows })
    }

    fn failed(&self, error: &ldap3::LdapError) -> anyhow::Error {
        let url = &self.url;
        Refused::say(format!("目錄「{url}」：{error}"), format!("the directory {url}: {error}"))
    }
}

fn of(table: Settings<'_>, findings: &Findings<'_>, folder: &Path) -> Option<Directory> {
    let url = table.text("url")?.to_owned();
    let starttls = table.flag("starttls").unwrap_or(false);
    let (secure, rest) = match (url.strip_prefix("ldaps://"), url.strip_prefix("ldap://")) {
        (Some(rest), _) => (true, rest),
        (None, Some(rest)) => (false, rest),
        (None, None) => {
            let zh = format!("「{url}」不是目錄網址；請寫成 \"ldaps://ldap.city.example\"");
            let en =
                format!("{url:?} is no address of a directory; write it like \"ldaps://ldap.city.example\"");
            findings.problem(table.place_of("url"), zh, en);
            return None;
        }
    };
    if secure && starttls {
        findings.problem(
            table.place_of("starttls"),
            "ldaps 已加密，請刪除 starttls",
            "ldaps is secured already; leave starttls out",
        );
    }
    if !secure && !starttls && !is_here(rest) {
        findings.problem(
            table.place_of("url"),
            "未加密之連線僅限本機（localhost、127.0.0.1、::1）；請改用 ldaps:// 或 starttls = true",
            "nothing goes in clear but to this machine (localhost, 127.0.0.1, ::1); write ldaps:// or starttls = true",
        );
    }
    let account = match (table.text("bind"), table.text("password_file")) {
        (Some(bind), Some(file)) => Some((bind.to_owned(), folder.join(file))),
        (None, None) => None,
        _ => {
            let (zh, en) =
                ("bind 與 password_file 須同時設定", "bind and password_file are set together or not at all");
            findings.problem(table.place(), zh, en);
            None
        }
    };
    let part = |key: &str, columns: &[&str]| {
        let inner = table.inner(key)?;
        let attributes = columns.iter().map(|column| inner.text(column).map(ToOwned::to_owned)).collect();
        Some(Part {
            base: inner.text("base")?.to_owned(),
            filter: inner.text("filter")?.to_owned(),
            attributes,
        })
    };
    let units = part("units", &["code", "zh", "en", "above"]);
    let people = part("people", &["login", "name", "title", "mail", "phone", "unit"]);
    if units.is_none() && people.is_none() {
        findings.problem(table.place(), "須有 units 或 people", "there is neither units nor people");
    }
    Some(Directory {
        starttls,
        authority: folder.join(table.text("authority").unwrap_or(AUTHORITIES)),
        account,
        page: table.small("page").unwrap_or(500),
        units,
        people,
        apart: table
            .list("apart")
            .into_iter()
            .filter_map(|node| node.text().map(ToOwned::to_owned))
            .collect(),
        url,
    })
}

/// Is it this machine?
fn is_here(rest: &str) -> bool {
    let authority = rest.split('/').next().unwrap_or_default();
    let host = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, _)) => host,
        None => authority.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

fn told(problems: &[Problem]) -> Told {
    let (zh, en): (Vec<String>, Vec<String>) = problems
        .iter()
        .map(|problem| {
            let place = &problem.place;
            (format!("{place}：{}", problem.zh), format!("{place}: {}", problem.en))
        })
        .unzip();
    Told::new(zh.join("\n"), en.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Directory, String> {
        let read = settings("d.toml", text.as_bytes(), &SETTINGS, |table, findings| {
            of(table, findings, Path::new("/etc"))
        });
        read.map_err(|problems| told(&problems).en)
    }

    const PEOPLE: &str = "[people]\nbase = \"ou=p\"\nfilter = \"(uid=*)\"\nlogin = \"uid\"\nname = \"cn\"\ntitle = \"title\"\nmail = \"mail\"\nunit = \"ou\"\n";

    #[test]
    fn nothing_goes_in_clear_but_to_this_machine() {
        for url in [
            "ldap://ldap.city.example",
            "ldap://127.0.0.1.evil.example",
            "ldap://10.0.0.1:389/",
            "ldap://localhost.evil/",
        ] {
            let refused = read(&format!("url = \"{url}\"\n{PEOPLE}")).unwrap_err();
            assert!(refused.contains("d.toml:1") && refused.contains("clear"), "{refused}");
            assert!(read(&format!("url = \"{url}\"\nstarttls = true\n{PEOPLE}")).is_ok());
        }
        for url in
            ["ldap://localhost", "ldap://127.0.0.1:3890/", "ldap://[::1]:389", "ldaps://ldap.city.example"]
        {
            assert!(read(&format!("url = \"{url}\"\n{PEOPLE}")).is_ok(), "{url}");
        }
    }

    #[test]
    fn what_is_wrong_in_settings_is_told_with_its_place() {
        for (text, part) in [
            ("url = \"https://x\"\n", "no address of a directory"),
            ("url = \"ldaps://x\"\nbind = \"cn=a\"\n", "together"),
            ("url = \"ldaps://x\"\nstarttls = true\n", "leave starttls out"),
            ("url = \"ldaps://x\"\npasword_file = \"a\"\n", "no key"),
        ] {
            let refused = read(&format!("{text}{PEOPLE}")).unwrap_err();
            assert!(refused.contains(part) && refused.contains("d.toml:"), "{refused}");
        }
        assert!(read("url = \"ldaps://x\"\n").unwrap_err().contains("neither units nor people"));
    }

    #[test]
    fn secrets_are_named_from_beside_the_settings() {
        let text =
            format!("url = \"ldaps://x\"\nbind = \"cn=a\"\npassword_file = \"ldap.password\"\n{PEOPLE}");
        let directory = read(&text).unwrap();
        assert_eq!(directory.account, Some(("cn=a".to_owned(), "/etc/ldap.password".into())));
        assert_eq!(directory.authority, Path::new(AUTHORITIES));
    }
}
