//! The socket in the data folder: how command-line tools work beside the process that holds the folder.
//!
//! One request a line, one answer a line, both JSON (`acts`). Only the folder's owner can reach it (mode 0600, in a
//! folder of 0700). What comes in is checked like any input: a line of at most 16 MiB, no unknown member.

use crate::acts::{self, Answer, Refusal, Request};
use crate::office::Office;
use crate::told::Refused;
use anyhow::Context as _;
use model::Told;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// Most bytes of a line.
const MOST_LINE_BYTES: u64 = 16 << 20;

/// Where the socket of an installation lies.
pub(crate) fn path(data: &Path) -> PathBuf {
    data.join("socket")
}

/// Answers tools until the process ends. The folder's lock is held, so a socket that is there is a dead one's.
pub(crate) fn listen(data: &Path, office: &Office) -> anyhow::Result<()> {
    let path = path(data);
    if path.exists() {
        std::fs::remove_file(&path).with_context(|| format!("{}", path.display()))?;
    }
    let listener = UnixListener::bind(&path).with_context(|| format!("{}", path.display()))?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    let office = office.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let office = office.clone();
            std::thread::spawn(move || {
                // A tool that goes away in the middle is its own business.
                let _ = answer_all(&stream, &office);
            });
        }
    });
    Ok(())
}

/// Asks the process that holds the folder.
pub(crate) fn ask(data: &Path, request: &Request) -> anyhow::Result<Answer> {
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    if line.len() as u64 > MOST_LINE_BYTES {
        return Err(Refused::misuse(too_long()));
    }
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
    stream.write_all(&line)?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer)?;
    if answer.is_empty() {
        return Err(Refused::say(
            "執行中的程序未作答即結束；無法得知是否已辦理，請查詢後再試。",
            "The running process ended without an answer; whether it was done is not known. Look before you try again.",
        ));
    }
    serde_json::from_str(&answer).context("the answer of the running process")
}

fn answer_all(stream: &UnixStream, office: &Office) -> anyhow::Result<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = Vec::new();
        if reader.by_ref().take(MOST_LINE_BYTES).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let whole = line.ends_with(b"\n");
        let answer = match whole {
            true => answer(&line, office),
            false if line.len() as u64 == MOST_LINE_BYTES => Answer::Refused(Refusal::misuse(too_long())),
            // Whoever asked has gone away in the middle of it.
            false => return Ok(()),
        };
        let mut answer = serde_json::to_vec(&answer)?;
        answer.push(b'\n');
        (&mut &*stream).write_all(&answer)?;
        // What follows is the rest of a line that nobody has understood.
        if !whole {
            return Ok(());
        }
    }
}

fn answer(line: &[u8], office: &Office) -> Answer {
    match serde_json::from_slice(line) {
        Ok(request) => acts::answer(office, request),
        Err(error) => Answer::Refused(Refusal::misuse(Told::new(
            format!("無法辨識的要求：{error}"),
            format!("Not a request: {error}"),
        ))),
    }
}

fn too_long() -> Told {
    Told::new("要求超過 16 MiB。", "The request is longer than 16 MiB.")
}
