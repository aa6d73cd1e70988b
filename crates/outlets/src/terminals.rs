//! The terminals of people who are logged in, as utmp lists them (regulation 27.2.2, third way).
//!
//! Records of utmp are those of glibc: 384 bytes on 64-bit Intel and its like, 400 on 64-bit Arm. Of each are read its sort
//! (a session of somebody), its terminal and its user, which stand at the same places in both.
//! Source: utmp(5).

use crate::message::Message;
use crate::plain::Plain;
use crate::{LONGEST_ANSWER, Outlet, Sent, console, tty};
use model::Told;
use regulation::Zone;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::PathBuf;

/// Where it stands who is logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TerminalSetting {
    /// The file of records.
    pub utmp: PathBuf,
    /// The folder of terminals.
    pub devices: PathBuf,
}

pub(crate) struct Terminals {
    pub(crate) setting: TerminalSetting,
    pub(crate) zone: Zone,
}

/// Bytes of a record.
const RECORD: usize = if cfg!(target_arch = "aarch64") { 400 } else { 384 };
/// The sort of a record of somebody's session.
const SESSION: i16 = 7;
/// Most bytes of the file that are read.
const MOST: u64 = 8 << 20;

impl Outlet for Terminals {
    fn send(&self, message: &Message) -> Sent {
        let sessions = match self.sessions() {
            Ok(sessions) => sessions,
            Err(error) => {
                let shown = self.setting.utmp.display();
                return Sent::Later(Told::new(
                    format!("無法得知何人登入：{shown} 讀取失敗（{error}）。請於設定之 utmp 指明該檔。"),
                    format!(
                        "Who is logged in is not known: {shown} cannot be read ({error}). Name the file as utmp in the settings."
                    ),
                ));
            }
        };
        let lines = console::lines(message, &self.zone);
        let (mut reached, mut missed) = (Vec::new(), Vec::new());
        for Session { terminal, user } in sessions {
            let name = format!("{} ({})", Plain::new(&terminal), Plain::new(&user));
            match tty::show(&self.setting.devices.join(&terminal), &lines, true) {
                Ok(()) => reached.push(name),
                Err(error) => missed.push(format!("{name}: {error}")),
            }
        }
        told(&reached, &missed)
    }
}

/// Whom it has reached. It is not tried again for some of the terminals: the others would show it twice.
fn told(reached: &[String], missed: &[String]) -> Sent {
    let list = |names: &[String]| Plain::of_at_most(&names.join(", "), LONGEST_ANSWER / 2);
    match (reached, missed) {
        ([], []) => Sent::Done(Told::new(
            "當時無人登入，未有終端可顯示",
            "nobody was logged in, so no terminal showed it",
        )),
        ([], missed) => Sent::Later(Told::new(
            format!("各終端皆無法顯示：{}", list(missed)),
            format!("no terminal could show it: {}", list(missed)),
        )),
        (reached, []) => Sent::Done(Told::new(
            format!("已顯示於 {}", list(reached)),
            format!("shown on {}", list(reached)),
        )),
        (reached, missed) => Sent::Done(Told::new(
            format!("已顯示於 {}；未能顯示於 {}", list(reached), list(missed)),
            format!("shown on {}; not on {}", list(reached), list(missed)),
        )),
    }
}

/// A session: its terminal, below the folder of devices, and its user.
#[derive(Debug, PartialEq, Eq)]
struct Session {
    terminal: String,
    user: String,
}

impl Terminals {
    fn sessions(&self) -> io::Result<Vec<Session>> {
        let mut content = Vec::new();
        File::open(&self.setting.utmp)?.take(MOST).read_to_end(&mut content)?;
        Ok(sessions(&content))
    }
}

/// The sessions in a file of records, each terminal once. What names no terminal below the folder of devices (that of a
/// graphical screen is `:0`) is left out.
fn sessions(content: &[u8]) -> Vec<Session> {
    let mut sessions: Vec<Session> = Vec::new();
    for record in content.chunks_exact(RECORD) {
        let sort = record.first_chunk::<2>().map(|bytes| i16::from_ne_bytes(*bytes));
        let (terminal, user) = (text(record, 8..40), text(record, 44..76));
        let is_terminal = !terminal.is_empty()
            && terminal.split('/').all(|part| {
                !part.is_empty()
                    && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            });
        if sort == Some(SESSION) && is_terminal && !sessions.iter().any(|known| known.terminal == terminal) {
            sessions.push(Session { terminal, user });
        }
    }
    sessions
}

/// A text that is filled up with noughts.
fn text(record: &[u8], at: std::ops::Range<usize>) -> String {
    let field = record.get(at).unwrap_or_default();
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    String::from_utf8_lossy(field.get(..end).unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(sort: i16, terminal: &str, user: &str) -> Vec<u8> {
        let mut record = vec![0; RECORD];
        record[..2].copy_from_slice(&sort.to_ne_bytes());
        record[8..8 + terminal.len()].copy_from_slice(terminal.as_bytes());
        record[44..44 + user.len()].copy_from_slice(user.as_bytes());
        record
    }

    #[test]
    fn sessions_are_read_and_nothing_leads_out_of_the_folder_of_terminals() {
        let mut content = Vec::new();
        for (sort, terminal, user) in [
            (SESSION, "pts/3", "wang"),
            (8, "pts/4", "gone"),
            (SESSION, ":0", "screen"),
            (SESSION, "../etc/passwd", "x"),
            (SESSION, "/etc/passwd", "x"),
            (SESSION, "", "x"),
            (SESSION, "tty1", "lin"),
            (SESSION, "pts/3", "again"),
            (SESSION, "a-terminal-with-the-longest-name", "chen"),
        ] {
            content.extend(record(sort, terminal, user));
        }
        content.extend([7, 0, 0]);
        let found: Vec<(String, String)> =
            sessions(&content).into_iter().map(|session| (session.terminal, session.user)).collect();
        let expected = [("pts/3", "wang"), ("tty1", "lin"), ("a-terminal-with-the-longest-name", "chen")];
        assert_eq!(found, expected.map(|(terminal, user)| (terminal.to_owned(), user.to_owned())));
    }

    #[test]
    fn what_nobody_saw_is_not_said_to_be_shown() {
        assert!(matches!(told(&[], &[]), Sent::Done(told) if told.en.contains("nobody")));
        assert!(matches!(told(&[], &["tty1 (x)".to_owned()]), Sent::Later(_)));
        let some = told(&["pts/0 (wang)".to_owned()], &["tty1 (x): gone".to_owned()]);
        assert!(
            matches!(some, Sent::Done(told) if told.en == "shown on pts/0 (wang); not on tty1 (x): gone")
        );
    }
}
