//! Settings: `outlets.toml`.
//!
//! Each outlet is a table `[outlet.NAME]` with exactly one of the six ways in it. Files are named from a folder beside the
//! settings. Secrets stand in files of their own.
//! Source: docs/howto/send-alarms.md.

use crate::console::{Console, ConsoleSetting};
use crate::file::{AlarmFile, FileSetting};
use crate::mail::{Mail, MailSetting, Security};
use crate::program::{Program, ProgramSetting};
use crate::snmp::{Access, Engine, HASHES, ROOT, Snmp, SnmpSetting, Sort};
use crate::terminals::{TerminalSetting, Terminals};
use crate::{Message, Outlet, What};
use lettre::message::Mailbox;
use model::{Clock, Severity, Told};
use regulation::{Findings, Form, Node, Problem, Shape, Table, Zone, may, need};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What a file of settings says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settings {
    /// Where pages are: the beginning of links to alarms.
    pub pages: Option<Box<str>>,
    /// The outlets, in the order of the file.
    pub outlets: Vec<Setting>,
}

/// An outlet.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// Its name.
    pub name: Box<str>,
    /// What is less bad than this is not sent.
    pub least: Severity,
    /// Is it sent as well that an alarm is over?
    pub ends: bool,
    /// Is it sent only once nobody has answered for an alarm in time?
    pub waits: bool,
    /// How many messages a minute; any number, if none.
    pub per_minute: Option<u32>,
    /// The way.
    pub way: Way,
}

/// The six ways of regulation 27.2.2, in its order but for the file, which comes first.
#[derive(Debug, Clone, PartialEq)]
pub enum Way {
    /// A file of alarms.
    File(FileSetting),
    /// Mail.
    Mail(MailSetting),
    /// Terminals of people who are logged in.
    Terminals(TerminalSetting),
    /// SNMP.
    Snmp(SnmpSetting),
    /// The console.
    Console(ConsoleSetting),
    /// A program.
    Program(ProgramSetting),
}

static SETTINGS: Shape = Shape {
    keys: &[
        may("pages", Form::Text, "網頁之網址", "where pages are, for links"),
        need("outlet", Form::Map(&Form::Table(&OUTLET)), "告警輸出", "the outlets, by their names"),
    ],
};

static OUTLET: Shape = Shape {
    keys: &[
        may("least", Form::Word(&SEVERITIES), "最低嚴重程度", "the least severity that is sent"),
        may("ends", Form::Flag, "告警解除時是否一併傳送", "is it sent that an alarm is over?"),
        may("waits", Form::Flag, "僅於逾時未認領時傳送", "is it sent only when nobody has answered in time?"),
        may("per_minute", Form::Whole(1, 100_000), "每分鐘至多幾則", "most messages a minute"),
        may("file", Form::Table(&FILE), "告警檔", "a file of alarms"),
        may("mail", Form::Table(&MAIL), "電子郵件", "mail"),
        may("terminals", Form::Table(&TERMINALS), "系統終端訊息", "terminals of people who are logged in"),
        may("snmp", Form::Table(&SNMP), "SNMP", "SNMP"),
        may("console", Form::Table(&CONSOLE), "控制台", "the console"),
        may("program", Form::Table(&PROGRAM), "執行程式", "a program"),
    ],
};

static FILE: Shape = Shape {
    keys: &[
        need("path", Form::Text, "檔案路徑", "the file"),
        may(
            "most_bytes",
            Form::Whole(4_096, 1 << 40),
            "換檔大小（位元組）",
            "the size at which it is turned over",
        ),
        may("keep", Form::Whole(1, 1_000), "保留舊檔數", "how many old ones are kept"),
    ],
};

static MAIL: Shape = Shape {
    keys: &[
        need("server", Form::Text, "郵件伺服器", "the mail server"),
        may("port", Form::Whole(1, 65_535), "埠號", "its port"),
        may(
            "security",
            Form::Word(&["starttls", "tls", "none"]),
            "連線保護",
            "how the connection is secured",
        ),
        may("authority", Form::Text, "伺服器憑證之憑證機構（PEM）", "authorities of its certificate, PEM"),
        may("user", Form::Text, "帳號", "who signs in"),
        may("password_file", Form::Text, "密語檔", "the file of the password"),
        need("from", Form::Text, "寄件者", "who sends"),
        need("to", Form::List(&Form::Text), "收件者", "who gets it"),
        may("seconds", Form::Whole(1, 600), "時限（秒）", "how long each step may take, in seconds"),
    ],
};

static TERMINALS: Shape = Shape {
    keys: &[
        may("utmp", Form::Text, "登入紀錄檔", "where it stands who is logged in"),
        may("devices", Form::Text, "終端裝置資料夾", "the folder of terminals"),
    ],
};

static SNMP: Shape = Shape {
    keys: &[
        need(
            "to",
            Form::Text,
            "接收端，如 nms.example 或 192.0.2.1:162",
            "who receives: a host, perhaps with a port",
        ),
        need("version", Form::Word(&["v2c", "v3"]), "版本", "the version"),
        may("send", Form::Word(&["trap", "inform"]), "通知方式", "trap or inform"),
        may("community_file", Form::Text, "社群名稱之檔案（v2c）", "the file of the community (v2c)"),
        may("user", Form::Text, "使用者（v3）", "the user (v3)"),
        may("hash", Form::Word(&HASHES), "驗證雜湊（v3）", "the hash of authentication (v3)"),
        may(
            "authentication_file",
            Form::Text,
            "驗證密語檔（v3）",
            "the file of the password of authentication (v3)",
        ),
        may("privacy_file", Form::Text, "加密密語檔（v3）", "the file of the password of privacy (v3)"),
        may("root", Form::Text, "MIB 之起始編號", "the number below which the objects stand"),
        may(
            "seconds",
            Form::Whole(1, 60),
            "等候確認之時限（秒）",
            "how long it is waited to be acknowledged, in seconds",
        ),
    ],
};

static CONSOLE: Shape = Shape {
    keys: &[
        may("device", Form::Text, "裝置", "the device"),
        may("bell", Form::Flag, "響鈴", "does it sound?"),
    ],
};

static PROGRAM: Shape = Shape {
    keys: &[
        need("run", Form::List(&Form::Anything), "程式與其引數", "the program and its arguments"),
        may("seconds", Form::Whole(1, 3_600), "時限（秒）", "how long it may take, in seconds"),
    ],
};

/// The words of severities.
const SEVERITIES: [&str; 5] = [
    Severity::Informational.word(),
    Severity::Low.word(),
    Severity::Medium.word(),
    Severity::High.word(),
    Severity::Critical.word(),
];
/// The ways, by their keys.
const WAYS: [&str; 6] = ["file", "mail", "terminals", "snmp", "console", "program"];

impl Settings {
    /// Reads a file of settings, called `path` in problems; other files are named from `folder`.
    ///
    /// # Errors
    /// Every problem, with line, column and mend.
    pub fn read(path: &str, content: &[u8], folder: &Path) -> Result<Self, Vec<Problem>> {
        regulation::settings(path, content, &SETTINGS, |root, findings| {
            let reading = Reading { folder, findings };
            let outlets = root.inner("outlet").map(Table::entries).unwrap_or_default();
            let outlets =
                outlets.into_iter().filter_map(|(name, _, node)| reading.outlet(name, node.table()?));
            let pages = root.get("pages").and_then(|node| reading.pages(node));
            Some(Self { pages, outlets: outlets.collect() })
        })
    }
}

/// One reading.
struct Reading<'r> {
    folder: &'r Path,
    findings: &'r Findings<'r>,
}

impl Reading<'_> {
    fn wrong(&self, node: Node<'_>, zh: impl Into<String>, en: impl Into<String>) {
        self.findings.problem(node.place(), zh, en);
    }

    fn pages(&self, node: Node<'_>) -> Option<Box<str>> {
        let text = node.text()?;
        if !["https://", "http://"].iter().any(|scheme| text.starts_with(scheme)) || !text.ends_with('/') {
            self.wrong(
                node,
                format!("「{text}」不是網址；請寫成 \"https://ward.example/\"，以 / 結尾"),
                format!("{text:?} is no address of pages; write it like \"https://ward.example/\", with / at its end"),
            );
            return None;
        }
        Some(text.into())
    }

    fn outlet(&self, name: &str, table: Table<'_>) -> Option<Setting> {
        let ways: Vec<&str> = WAYS.into_iter().filter(|way| table.get(way).is_some()).collect();
        let [way] = ways.as_slice() else {
            let list = WAYS.join(", ");
            self.findings.problem(
                table.place(),
                format!("告警輸出「{name}」須恰有 {list} 其中之一"),
                format!("the outlet {name:?} needs exactly one of {list}"),
            );
            return None;
        };
        let inner = table.inner(way)?;
        let way = match *way {
            "file" => Way::File(self.file(inner)?),
            "mail" => Way::Mail(self.mail(inner)?),
            "terminals" => Way::Terminals(TerminalSetting {
                utmp: self.path(inner, "utmp").unwrap_or_else(|| "/var/run/utmp".into()),
                devices: self.path(inner, "devices").unwrap_or_else(|| "/dev".into()),
            }),
            "snmp" => Way::Snmp(self.snmp(inner)?),
            "console" => Way::Console(ConsoleSetting {
                device: self.path(inner, "device").unwrap_or_else(|| "/dev/console".into()),
                bell: inner.flag("bell").unwrap_or(true),
            }),
            _ => Way::Program(self.program(inner)?),
        };
        Some(Setting {
            name: name.into(),
            least: table.text("least").and_then(Severity::of_word).unwrap_or(Severity::Informational),
            ends: table.flag("ends").unwrap_or(true),
            waits: table.flag("waits").unwrap_or(false),
            per_minute: table.small("per_minute").or_else(|| way.pace()),
            way,
        })
    }

    fn path(&self, table: Table<'_>, key: &str) -> Option<PathBuf> {
        Some(self.folder.join(table.text(key)?))
    }

    fn file(&self, table: Table<'_>) -> Option<FileSetting> {
        let most_bytes =
            table.get("most_bytes").and_then(Node::whole).and_then(|whole| u64::try_from(whole).ok());
        Some(FileSetting {
            path: self.path(table, "path")?,
            most_bytes: most_bytes.unwrap_or(10 << 20),
            keep: table.small("keep").unwrap_or(10),
        })
    }

    fn mail(&self, table: Table<'_>) -> Option<MailSetting> {
        let server = table.text("server")?.to_owned();
        let security = match table.text("security") {
            Some("tls") => Security::Tls,
            Some("none") => Security::Nothing,
            _ => Security::StartTls,
        };
        if security == Security::Nothing && !is_here(&server) {
            self.findings.problem(
                table.place_at("security"),
                "未加密之連線僅限本機之郵件伺服器（localhost、127.0.0.1、::1）；請改用 starttls 或 tls",
                "mail goes in clear to this machine only (localhost, 127.0.0.1, ::1); write starttls or tls",
            );
            return None;
        }
        let account = match (table.text("user"), self.path(table, "password_file")) {
            (Some(user), Some(file)) => Some((user.to_owned(), file)),
            (None, None) => None,
            _ => {
                self.findings.problem(
                    table.place(),
                    "user 與 password_file 須同時設定",
                    "user and password_file are set together or not at all",
                );
                return None;
            }
        };
        let from = self.mailbox(table.get("from")?);
        let to: Vec<Option<Mailbox>> = table.list("to").into_iter().map(|node| self.mailbox(node)).collect();
        if to.is_empty() {
            self.findings.problem(table.place_at("to"), "至少須有一位收件者", "somebody has to get it");
            return None;
        }
        let port = match security {
            Security::StartTls => 587,
            Security::Tls => 465,
            Security::Nothing => 25,
        };
        Some(MailSetting {
            server,
            port: self.port(table, "port").unwrap_or(port),
            security,
            authority: self.path(table, "authority").unwrap_or_else(|| AUTHORITIES.into()),
            account,
            from: from?,
            to: to.into_iter().collect::<Option<_>>()?,
            limit: seconds(table, 30),
        })
    }

    fn port(&self, table: Table<'_>, key: &str) -> Option<u16> {
        table.small(key).and_then(|port| u16::try_from(port).ok())
    }

    fn mailbox(&self, node: Node<'_>) -> Option<Mailbox> {
        let text = node.text()?;
        let mailbox = text.parse().ok();
        if mailbox.is_none() {
            self.wrong(
                node,
                format!(
                    "「{text}」不是郵件地址；請寫成 \"值班 <duty@city.example>\" 或 \"duty@city.example\""
                ),
                format!(
                    "{text:?} is no mail address; write \"Duty <duty@city.example>\" or \"duty@city.example\""
                ),
            );
        }
        mailbox
    }

    fn snmp(&self, table: Table<'_>) -> Option<SnmpSetting> {
        let (host, port) = self.receiver(table.get("to")?)?;
        let root = match table.get("root") {
            Some(node) => self.number(node)?,
            None => ROOT.to_vec(),
        };
        Some(SnmpSetting {
            host,
            port,
            sort: if table.text("send") == Some("inform") { Sort::Inform } else { Sort::Trap },
            access: self.access(table)?,
            root,
            limit: seconds(table, 5),
        })
    }

    fn access(&self, table: Table<'_>) -> Option<Access> {
        let v3 = ["user", "authentication_file", "privacy_file"];
        let (needed, foreign): (&[&str], &[&str]) = match table.text("version")? {
            "v2c" => (&["community_file"], &["user", "hash", "authentication_file", "privacy_file"]),
            _ => (&v3, &["community_file"]),
        };
        let mut right = true;
        for key in needed.iter().filter(|key| table.get(key).is_none()) {
            self.findings.problem(
                table.place(),
                format!("此版本須有「{key}」"),
                format!("{key:?} is missing for this version"),
            );
            right = false;
        }
        for key in foreign.iter().filter(|key| table.get(key).is_some()) {
            self.findings.problem(
                table.place_of(key),
                format!("此版本沒有「{key}」"),
                format!("{key:?} is not for this version"),
            );
            right = false;
        }
        if !right {
            return None;
        }
        Some(match self.path(table, "community_file") {
            Some(community) => Access::Community(community),
            None => Access::User {
                name: table.text("user")?.to_owned(),
                hash: HASHES.into_iter().find(|hash| table.text("hash") == Some(*hash)).unwrap_or("sha256"),
                authentication: self.path(table, "authentication_file")?,
                privacy: self.path(table, "privacy_file")?,
            },
        })
    }

    /// A host, perhaps with a port: `nms.example`, `192.0.2.1:10162`, `[2001:db8::1]:162`.
    fn receiver(&self, node: Node<'_>) -> Option<(String, u16)> {
        let text = node.text()?;
        let bare: Result<IpAddr, _> = text.parse();
        let read = match text.rsplit_once(':') {
            _ if bare.is_ok() => Some((text, 162)),
            Some((host, port)) => port.parse().ok().map(|port| (host, port)),
            None => Some((text, 162)),
        };
        let host = |host: &str| host.trim_start_matches('[').trim_end_matches(']').to_owned();
        match read.map(|(name, port)| (host(name), port)) {
            Some((host, port)) if port != 0 && !host.is_empty() && !host.contains(char::is_whitespace) => {
                Some((host, port))
            }
            _ => {
                self.wrong(
                    node,
                    format!("「{text}」不是接收端；請寫成 \"nms.example\" 或 \"192.0.2.1:162\""),
                    format!("{text:?} is nobody who receives; write \"nms.example\" or \"192.0.2.1:162\""),
                );
                None
            }
        }
    }

    fn number(&self, node: Node<'_>) -> Option<Vec<u32>> {
        let text = node.text()?;
        let arcs: Option<Vec<u32>> = text.split('.').map(|arc| arc.parse().ok()).collect();
        let arcs = arcs.filter(|arcs| (4..=100).contains(&arcs.len()) && arcs.starts_with(&[1, 3]));
        if arcs.is_none() {
            self.wrong(
                node,
                format!("「{text}」不是 MIB 編號；請寫成 \"1.3.6.1.4.1.企業編號.…\""),
                format!("{text:?} is no number of a MIB; write it like \"1.3.6.1.4.1.ENTERPRISE.…\""),
            );
        }
        arcs
    }

    fn program(&self, table: Table<'_>) -> Option<ProgramSetting> {
        let node = table.get("run")?;
        let run: Option<Vec<String>> =
            table.list("run").into_iter().map(|node| node.text().map(str::to_owned)).collect();
        let run = run.filter(|run| run.first().is_some_and(|program| program.starts_with('/')));
        let Some(run) = run else {
            self.wrong(
                node,
                "程式須以完整路徑指明，其引數皆為文字，例如 run = [\"/usr/local/bin/notify\", \"--quiet\"]",
                "name the program by its whole path and its arguments as texts, like run = [\"/usr/local/bin/notify\", \"--quiet\"]",
            );
            return None;
        };
        Some(ProgramSetting { run, limit: seconds(table, 30) })
    }
}

/// The machine's own list of authorities, as Debian keeps it.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

fn seconds(table: Table<'_>, usual: u64) -> Duration {
    Duration::from_secs(table.small("seconds").map_or(usual, u64::from))
}

/// Is it this machine?
fn is_here(server: &str) -> bool {
    server == "localhost" || server.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

impl Setting {
    /// Does this outlet send the message?
    #[must_use]
    pub fn wants(&self, message: &Message) -> bool {
        let what = match message.what {
            What::Resolved => self.ends,
            What::Raised => !self.waits,
            _ => true,
        };
        self.takes(message.severity) && what
    }

    /// Does it send what is so bad?
    #[must_use]
    pub fn takes(&self, severity: Severity) -> bool {
        severity >= self.least
    }

    /// Makes it ready to send: secrets are read now.
    ///
    /// # Errors
    /// A secret, an authority or the engine of SNMP cannot be read.
    pub fn open(
        &self,
        zone: &Zone,
        clock: &Arc<dyn Clock>,
        engine: &Engine,
    ) -> Result<Arc<dyn Outlet>, Told> {
        let zone = zone.clone();
        Ok(match self.way.clone() {
            Way::File(setting) => Arc::new(AlarmFile { setting, writing: Mutex::default() }),
            Way::Mail(setting) => Arc::new(Mail::open(setting, zone)?),
            Way::Terminals(setting) => Arc::new(Terminals { setting, zone }),
            Way::Snmp(setting) => Arc::new(Snmp::open(setting, Arc::clone(clock), engine)?),
            Way::Console(setting) => Arc::new(Console { setting, zone }),
            Way::Program(setting) => Arc::new(Program { setting }),
        })
    }
}

impl Way {
    /// Its key in settings.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::File(_) => "file",
            Self::Mail(_) => "mail",
            Self::Terminals(_) => "terminals",
            Self::Snmp(_) => "snmp",
            Self::Console(_) => "console",
            Self::Program(_) => "program",
        }
    }

    /// What people call it: in Traditional Chinese and in English.
    #[must_use]
    pub const fn name(&self) -> (&'static str, &'static str) {
        match self {
            Self::File(_) => ("告警檔", "alarm file"),
            Self::Mail(_) => ("電子郵件", "mail"),
            Self::Terminals(_) => ("系統終端訊息", "terminals"),
            Self::Snmp(_) => ("SNMP", "SNMP"),
            Self::Console(_) => ("控制台", "console"),
            Self::Program(_) => ("執行程式", "program"),
        }
    }

    /// Where it goes, without anything secret.
    #[must_use]
    pub fn to(&self) -> String {
        match self {
            Self::File(file) => file.path.display().to_string(),
            Self::Mail(mail) => {
                let to: Vec<String> = mail.to.iter().map(|one| one.email.to_string()).collect();
                format!("{}:{} → {}", mail.server, mail.port, to.join(", "))
            }
            Self::Terminals(terminals) => terminals.utmp.display().to_string(),
            Self::Snmp(snmp) => {
                let sort = if snmp.sort == Sort::Trap { "trap" } else { "inform" };
                let version = if matches!(snmp.access, Access::Community(_)) { "v2c" } else { "v3" };
                format!("{}:{} {version} {sort}", snmp.host, snmp.port)
            }
            Self::Console(console) => console.device.display().to_string(),
            Self::Program(program) => program.run.join(" "),
        }
    }

    /// Is it sent by the engine of this installation?
    #[must_use]
    pub fn has_engine(&self) -> bool {
        matches!(self, Self::Snmp(snmp) if snmp.sort == Sort::Trap && matches!(snmp.access, Access::User { .. }))
    }

    /// How many messages a minute people and machines at the other end bear, where nobody says.
    const fn pace(&self) -> Option<u32> {
        match self {
            Self::Mail(_) | Self::Terminals(_) | Self::Console(_) => Some(20),
            Self::Program(_) => Some(60),
            Self::Snmp(_) => Some(600),
            Self::File(_) => None,
        }
    }
}
