//! Settings: `enforce.toml`.
//!
//! Source: docs/howto/block-an-address.md.

use crate::allow::Allow;
use crate::driver::Driver;
use crate::hosts::Hosts;
use crate::nftables::Nftables;
use crate::plan::Rig;
use crate::ssh::{Commands, Ssh, TARGET, is_plain};
use regulation::{Findings, Form, Node, Problem, Shape, Table, may, need};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The mark of connections that are observed, if the settings name none.
const MARK: u32 = 0x5744;

/// What a file of settings says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// What the firewall is called.
    pub name: String,
    /// The folder in which it is kept what stands.
    pub folder: PathBuf,
    /// What is the same for all acts.
    pub rig: Rig,
    /// The firewall.
    pub way: Way,
}

/// A kind of firewall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// That of Linux, here.
    Nftables {
        /// The program `nft`.
        nft: String,
        /// The program `conntrack`.
        conntrack: String,
    },
    /// Another, by SSH.
    Ssh(Ssh),
}

static SETTINGS: Shape = Shape {
    keys: &[
        need("name", Form::Text, "防火牆名稱", "what the firewall is called"),
        need("folder", Form::Text, "狀態檔之資料夾", "the folder in which it is kept what stands"),
        need(
            "allow",
            Form::List(&Form::Text),
            "允許清單（位址或網段）",
            "addresses and networks that nothing is done to",
        ),
        may("remedy", Form::List(&Form::Text), "隔離設備仍得往來之位址", "whom isolated machines may reach"),
        may("outside", Form::List(&Form::Text), "對外介面", "interfaces that lead outside"),
        may(
            "mark",
            Form::Whole(0, 0xffff_ffff),
            "監控連線之標記",
            "the mark of connections that are observed",
        ),
        may("nftables", Form::Table(&NFTABLES), "nftables", "nftables"),
        may("ssh", Form::Table(&SSH), "SSH", "SSH"),
    ],
};

static NFTABLES: Shape = Shape {
    keys: &[
        may("nft", Form::Text, "nft 程式", "the program nft"),
        may("conntrack", Form::Text, "conntrack 程式", "the program conntrack"),
    ],
};

static SSH: Shape = Shape {
    keys: &[
        need("host", Form::Text, "主機", "the host"),
        need("user", Form::Text, "帳號", "who signs in"),
        may("port", Form::Whole(1, 65_535), "埠號", "its port"),
        need("key", Form::Text, "私鑰檔", "the file of the private key"),
        need("known_hosts", Form::Text, "主機金鑰檔", "the file with the host's key"),
        may("program", Form::Text, "ssh 程式", "the program ssh"),
        may("seconds", Form::Whole(1, 600), "時限（秒）", "how long each command may take, in seconds"),
        need("deny", Form::List(&Form::Text), "拒絕 {target} 之指令", "the command that denies {target}"),
        need("undo_deny", Form::List(&Form::Text), "解除拒絕之指令", "the command that undoes it"),
        may(
            "cut",
            Form::List(&Form::Text),
            "切斷 {target} 連線之指令",
            "the command that ends the connections of {target}",
        ),
        may("lock_down", Form::List(&Form::Text), "關閉防火牆之指令", "the command that closes the firewall"),
        may("undo_lock_down", Form::List(&Form::Text), "重新開啟之指令", "the command that opens it again"),
        may("show", Form::List(&Form::Text), "列出拒絕對象之指令", "the command that lists who is denied"),
    ],
};

impl Settings {
    /// Reads a file of settings, called `path` in problems; other files are named from `folder`.
    ///
    /// # Errors
    /// Every problem, with line, column and mend.
    pub fn read(path: &str, content: &[u8], folder: &Path) -> Result<Self, Vec<Problem>> {
        regulation::settings(path, content, &SETTINGS, |root, findings| {
            Reading { folder, findings }.settings(root)
        })
    }

    /// The driver of the firewall.
    #[must_use]
    pub fn driver(&self) -> Box<dyn Driver> {
        match &self.way {
            Way::Nftables { nft, conntrack } => Box::new(Nftables::with(nft.clone(), conntrack.clone())),
            Way::Ssh(ssh) => Box::new(ssh.clone()),
        }
    }
}

struct Reading<'r> {
    folder: &'r Path,
    findings: &'r Findings<'r>,
}

impl Reading<'_> {
    fn settings(&self, root: Table<'_>) -> Option<Settings> {
        let listed = self.hosts(root, "allow");
        if root.get("allow").is_some() && listed.is_empty() {
            self.wrong(
                root.get("allow")?,
                "允許清單不得為空；至少列入管理人員之終端機及 Ward 主機之位址",
                "the list is not empty: at least the administrators' terminals and the host of Ward stand on it",
            );
        }
        let outside: Vec<String> =
            root.list("outside").into_iter().filter_map(|node| self.interface(node)).collect();
        let way = match (root.inner("nftables"), root.inner("ssh")) {
            (_, None) => {
                let program = |key: &str| {
                    let named = root.inner("nftables").and_then(|table| table.text(key));
                    named.unwrap_or(key).to_owned()
                };
                Way::Nftables { nft: program("nft"), conntrack: program("conntrack") }
            }
            (None, Some(table)) => Way::Ssh(self.ssh(table)?),
            (Some(_), Some(table)) => {
                self.findings.problem(
                    table.place(),
                    "nftables 與 ssh 僅能擇一",
                    "it is either nftables or ssh",
                );
                return None;
            }
        };
        let remedy = self.hosts(root, "remedy");
        let mark = root.get("mark").and_then(Node::whole).and_then(|mark| u32::try_from(mark).ok());
        Some(Settings {
            name: root.text("name")?.to_owned(),
            folder: self.folder.join(root.text("folder")?),
            rig: Rig { allow: Allow::new(listed, []), remedy, outside, mark: mark.unwrap_or(MARK) },
            way,
        })
    }

    fn wrong(&self, node: Node<'_>, zh: impl Into<String>, en: impl Into<String>) {
        self.findings.problem(node.place(), zh, en);
    }

    fn hosts(&self, table: Table<'_>, key: &str) -> Vec<Hosts> {
        let read = |node: Node<'_>| {
            let text = node.text()?;
            let hosts = text.parse().ok();
            if hosts.is_none() {
                self.wrong(
                    node,
                    format!("「{text}」不是位址或網段；請寫成 \"192.0.2.1\" 或 \"10.1.0.0/16\""),
                    format!("{text:?} is no address or network; write \"192.0.2.1\" or \"10.1.0.0/16\""),
                );
            }
            hosts
        };
        table.list(key).into_iter().filter_map(read).collect()
    }

    fn interface(&self, node: Node<'_>) -> Option<String> {
        let text = node.text()?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-.:@".contains(c);
        if (1..=15).contains(&text.len()) && text.chars().all(plain) {
            return Some(text.to_owned());
        }
        self.wrong(
            node,
            format!("「{text}」不是網路介面名稱；請寫成 \"eth0\""),
            format!("{text:?} is no interface; write \"eth0\""),
        );
        None
    }

    fn ssh(&self, table: Table<'_>) -> Option<Ssh> {
        let host = self.name(table, "host")?;
        let user = self.name(table, "user")?;
        let file = |key| Some(self.folder.join(table.text(key)?).display().to_string());
        let program = table.text("program").unwrap_or("ssh").to_owned();
        let mut run = vec![program, "-F".to_owned(), "none".to_owned(), "-T".to_owned()];
        for option in [
            "BatchMode=yes".to_owned(),
            "StrictHostKeyChecking=yes".to_owned(),
            "IdentitiesOnly=yes".to_owned(),
            "ConnectTimeout=5".to_owned(),
            format!("UserKnownHostsFile={}", file("known_hosts")?),
        ] {
            run.extend(["-o".to_owned(), option]);
        }
        run.extend([
            "-i".to_owned(),
            file("key")?,
            "-p".to_owned(),
            table.small("port").unwrap_or(22).to_string(),
        ]);
        run.extend(["-l".to_owned(), user, "--".to_owned(), host]);
        let commands = Commands {
            deny: self.command(table, "deny", true)?,
            undo_deny: self.command(table, "undo_deny", true)?,
            cut: self.command(table, "cut", true)?,
            lock_down: self.command(table, "lock_down", false)?,
            undo_lock_down: self.command(table, "undo_lock_down", false)?,
            show: self.command(table, "show", false)?,
        };
        if commands.lock_down.is_empty() != commands.undo_lock_down.is_empty() {
            self.findings.problem(
                table.place(),
                "lock_down 與 undo_lock_down 須同時設定",
                "lock_down and undo_lock_down are set together or not at all",
            );
            return None;
        }
        Some(Ssh { run, commands, limit: Duration::from_secs(table.small("seconds").unwrap_or(20).into()) })
    }

    /// A name of a host or an account: nothing in it begins an option or means anything to a shell.
    fn name(&self, table: Table<'_>, key: &str) -> Option<String> {
        let node = table.get(key)?;
        let text = node.text()?;
        if is_plain(text) && !text.starts_with('-') && !text.contains(TARGET) {
            return Some(text.to_owned());
        }
        self.wrong(
            node,
            format!("「{text}」不可作為名稱；僅能使用英數字及 . - _ :"),
            format!("{text:?} is no name here; letters, digits and . - _ : are"),
        );
        None
    }

    /// The words of a command; none where it is not there. `target`: must it name its target, or must it not?
    fn command(&self, table: Table<'_>, key: &str, target: bool) -> Option<Vec<String>> {
        let Some(whole) = table.get(key) else { return Some(Vec::new()) };
        let mut words = Vec::new();
        for node in table.list(key) {
            let text = node.text()?;
            if !is_plain(text) {
                self.wrong(
                    node,
                    format!("「{text}」含有遠端命令解譯器會解讀之字元；每個字僅能使用英數字、_-./:=,@%+ 及 {TARGET}"),
                    format!("{text:?} holds what a shell there would read; a word is of letters, digits, _-./:=,@%+ and {TARGET}"),
                );
                return None;
            }
            words.push(text.to_owned());
        }
        let names = words.iter().any(|word| word.contains(TARGET));
        if words.is_empty() || names != target || words.first().is_some_and(|word| word.contains(TARGET)) {
            let (zh, en) = if target { ("須", "names") } else { ("不得", "does not name") };
            self.wrong(
                whole,
                format!("「{key}」之指令{zh}含 {TARGET}，且首字為程式"),
                format!("the command of {key} {en} {TARGET}, and begins with a program"),
            );
            return None;
        }
        Some(words)
    }
}
