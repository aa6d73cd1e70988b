//! The one place of this crate that starts programs: arguments as they are, never a shell; bounded time.
//!
//! What it reads and what it says lie in memory, so that nothing waits for anybody; whatever is left of its process group
//! is killed when it has ended or taken too long.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitStatus};
use std::time::Duration;

/// Where programs are found.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Most bytes that are read of what a program says.
const MOST: u64 = 256 << 20;

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// None: it took too long.
    pub(crate) status: Option<ExitStatus>,
    pub(crate) output: Vec<u8>,
    pub(crate) errors: String,
}

impl Ended {
    pub(crate) fn is_good(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }

    /// What it complained of, on one line.
    pub(crate) fn complaint(&self) -> String {
        let line =
            self.errors.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ");
        let line: String = line.chars().filter(|c| !c.is_control()).take(500).collect();
        match self.status {
            None => "too slow".to_owned(),
            Some(status) if line.is_empty() => status.to_string(),
            Some(_) => line,
        }
    }
}

/// Runs a program to its end, for at most so long.
pub(crate) fn run(
    program: &str,
    arguments: &[impl AsRef<str>],
    input: &[u8],
    limit: Duration,
) -> io::Result<Ended> {
    let (mut said, mut errors) = (memory()?, memory()?);
    let mut given = memory()?;
    given.write_all(input)?;
    given.rewind()?;
    #[expect(clippy::disallowed_methods, reason = "the one named place of this crate that starts programs")]
    let mut command = Command::new(program);
    command.args(arguments.iter().map(AsRef::as_ref)).current_dir("/");
    command.env_clear().env("PATH", PATH).env("LANG", "C.UTF-8");
    command.stdin(given).stdout(said.try_clone()?).stderr(errors.try_clone()?).process_group(0);
    let mut child = command.spawn()?;
    let group = Pid::from_child(&child);
    let in_time = in_time(group, limit);
    // Whoever it has left behind. The number is nobody else's until the child is waited for.
    let killed = kill_process_group(group, Signal::KILL);
    let status = child.wait()?;
    match killed {
        Ok(()) | Err(Errno::SRCH | Errno::PERM) => {}
        Err(error) => return Err(error.into()),
    }
    let status = in_time?.then_some(status);
    let errors = String::from_utf8_lossy(&all(&mut errors)?).into_owned();
    Ok(Ended { status, output: all(&mut said)?, errors })
}

fn in_time(process: Pid, limit: Duration) -> io::Result<bool> {
    let ended = pidfd_open(process, PidfdFlags::empty())?;
    let mut left = Timespec {
        tv_sec: i64::try_from(limit.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: limit.subsec_nanos().into(),
    };
    loop {
        match poll(&mut [PollFd::new(&ended, PollFlags::IN)], Some(&left)) {
            Ok(ready) => return Ok(ready > 0),
            // A signal that comes again and again is waited for no longer than twice.
            Err(Errno::INTR) if left.tv_sec > 0 => left.tv_sec /= 2,
            Err(Errno::INTR) => left.tv_nsec /= 2,
            Err(error) => return Err(error.into()),
        }
    }
}

fn memory() -> io::Result<File> {
    Ok(File::from(memfd_create("enforcer", MemfdFlags::CLOEXEC)?))
}

fn all(file: &mut File) -> io::Result<Vec<u8>> {
    file.rewind()?;
    let mut content = Vec::new();
    file.take(MOST).read_to_end(&mut content)?;
    Ok(content)
}
