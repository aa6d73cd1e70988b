//! Writing to a terminal that somebody else uses, without waiting for whoever has stopped it.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::{Errno, write};
use rustix::termios::isatty;
use std::io;
use std::path::Path;

/// How long a terminal may take to show what is written before it is given up.
const PATIENCE: Timespec = Timespec { tv_sec: 2, tv_nsec: 0 };

/// Writes lines to a terminal, each begun at the left. With `bell` it sounds first.
///
/// # Errors
/// There is no such terminal, it may not be written to, or it has shown nothing for a while.
pub(crate) fn show(path: &Path, lines: &[String], bell: bool) -> io::Result<()> {
    let terminal =
        open(path, OFlags::WRONLY | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty())?;
    if !isatty(&terminal) {
        return Err(io::Error::other("it is no terminal"));
    }
    let mut text = String::from(if bell { "\r\n\u{7}" } else { "\r\n" });
    for line in lines {
        text.push_str(line);
        text.push_str("\r\n");
    }
    let mut left = text.as_bytes();
    while !left.is_empty() {
        match write(&terminal, left) {
            Ok(written) => left = left.get(written..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                let mut wanted = [PollFd::new(&terminal, PollFlags::OUT)];
                match poll(&mut wanted, Some(&PATIENCE)) {
                    Ok(0) => return Err(io::ErrorKind::TimedOut.into()),
                    Ok(_) | Err(Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
