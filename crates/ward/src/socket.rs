//! The socket in the data folder: how command-line tools work beside the process that holds the folder.
//!
//! One request a line, one answer a line, both JSON. Only the folder's owner can reach it (mode 0600, in a folder of
//! 0700). What comes in is checked like any input: a line of at most 16 MiB, no unknown member.

use crate::command::append::{Holder, Line};
use crate::told::Refused;
use anyhow::Context as _;
use model::Told;
use serde::{Deserialize, Serialize};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

const MOST_LINE_BYTES: u64 = 16 << 20;

/// What a tool may ask.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Request {
    /// Append these, all or none.
    Append(Vec<Line>),
}

/// What it is answered.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Answer {
    /// Numbers of the entries: first, and one past the last.
    Appended(u64, u64),
    /// Refused or failed, in Chinese and in English.
    Refused(String, String),
}

/// Where the socket of an installation lies.
pub(crate) fn path(data: &Path) -> PathBuf {
    data.join("socket")
}

/// Answers tools until the process ends. The folder's lock is held, so a socket that is there is a dead one's.
pub(crate) fn listen(data: &Path, holder: &Holder) -> anyhow::Result<()> {
    let path = path(data);
    if path.exists() {
        std::fs::remove_file(&path).with_context(|| format!("{}", path.display()))?;
    }
    let listener = UnixListener::bind(&path).with_context(|| format!("{}", path.display()))?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    let holder = holder.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let holder = holder.clone();
            std::thread::spawn(move || {
                // A tool that goes away in the middle is its own business.
                let _ = answer_all(&stream, &holder);
            });
        }
    });
    Ok(())
}

/// Asks the process that holds the folder.
pub(crate) fn ask(data: &Path, request: &Request) -> anyhow::Result<Answer> {
    let path = path(data);
    let mut stream = UnixStream::connect(&path).map_err(|error| {
        Refused::say(
            format!("資料夾使用中，但無法連上 {}（{error}）。請稍後再試，或停止該程序。", path.display()),
            format!(
                "The folder is in use, and {} does not answer ({error}). Try again, or stop that process.",
                path.display()
            ),
        )
    })?;
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    stream.write_all(&line)?;
    let mut answer = String::new();
    BufReader::new(stream).take(MOST_LINE_BYTES).read_line(&mut answer)?;
    serde_json::from_str(&answer).context("the answer of the running process")
}

fn answer_all(stream: &UnixStream, holder: &Holder) -> anyhow::Result<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if reader.by_ref().take(MOST_LINE_BYTES).read_line(&mut line)? == 0 {
            return Ok(());
        }
        let mut answer = serde_json::to_vec(&answer(&line, holder))?;
        answer.push(b'\n');
        (&mut &*stream).write_all(&answer)?;
    }
}

fn answer(line: &str, holder: &Holder) -> Answer {
    let refused = |told: Told| Answer::Refused(told.zh, told.en);
    let Request::Append(lines) = match serde_json::from_str(line) {
        Ok(request) => request,
        Err(error) => {
            return refused(Told::new(format!("無法辨識的要求：{error}"), format!("Not a request: {error}")));
        }
    };
    match holder.append(&lines) {
        Ok((first, end)) => Answer::Appended(first, end),
        Err(told) => refused(told),
    }
}
