//! A program of the office's own: its arguments as they are written, never a shell; the message on its standard input
//! (regulation 27.2.2, sixth way).
//!
//! It runs in a process group of its own with nothing in its environment but `PATH` and `LANG`. When it has ended, or has
//! taken too long, whatever is left of the group is killed. What it says is kept, up to a bound.
//! Exit codes: 0 it is done; 75 (`EX_TEMPFAIL` of sysexits.h) it is to be tried again; any other, it will never be done.

use crate::message::Message;
use crate::plain::Plain;
use crate::{LONGEST_ANSWER, Outlet, Sent};
use model::Told;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, timerfd_create, timerfd_settime,
};
use std::fs::File;
use std::io::{self, PipeReader, Read as _, Seek as _, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Command, ExitStatus};
use std::time::Duration;

/// Which program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramSetting {
    /// The program by its whole path, and its arguments.
    pub run: Vec<String>,
    /// How long it may take.
    pub limit: Duration,
}

pub(crate) struct Program {
    pub(crate) setting: ProgramSetting,
}

/// Where a program finds others.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// The code of what failed for now.
const TEMPORARY: i32 = 75;
const AT_ONCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

/// How a program ended.
struct Ended {
    /// None: it took too long.
    status: Option<ExitStatus>,
    output: Vec<u8>,
}

impl Outlet for Program {
    fn send(&self, message: &Message) -> Sent {
        let name = Plain::new(self.setting.run.first().map_or("", String::as_str));
        let ended = match self.run(format!("{}\n", message.to_json()).as_bytes()) {
            Ok(ended) => ended,
            Err(error) => {
                return Sent::Later(Told::new(
                    format!("無法執行 {name}（{error}）。請確認程式存在且 Ward 之帳號有權執行。"),
                    format!("{name} cannot be run ({error}). See that it is there and that Ward may run it."),
                ));
            }
        };
        let said = Plain::of_at_most(&String::from_utf8_lossy(&ended.output), LONGEST_ANSWER / 2);
        let told = |zh: String, en: String| match said.as_str() {
            "" => Told::new(zh, en),
            said => Told::new(format!("{zh}：{said}"), format!("{en}: {said}")),
        };
        match ended.status.map(|status| (status.code(), status.signal())) {
            Some((Some(0), _)) => Sent::Done(told(format!("{name} 執行完成"), format!("{name} ran"))),
            Some((Some(TEMPORARY), _)) => {
                Sent::Later(told(format!("{name} 請稍後再試"), format!("{name} asks to be run again")))
            }
            Some((Some(code), _)) => Sent::Refused(told(
                format!("{name} 以代碼 {code} 結束"),
                format!("{name} ended with code {code}"),
            )),
            Some((None, signal)) => {
                let signal = signal.unwrap_or(0);
                Sent::Later(told(
                    format!("{name} 被訊號 {signal} 終止"),
                    format!("{name} was ended by signal {signal}"),
                ))
            }
            None => {
                let seconds = self.setting.limit.as_secs();
                Sent::Later(told(
                    format!("{name} 逾 {seconds} 秒未結束，已予終止"),
                    format!("{name} had not ended after {seconds} s and was killed"),
                ))
            }
        }
    }
}

impl Program {
    fn run(&self, input: &[u8]) -> io::Result<Ended> {
        let Some((program, arguments)) = self.setting.run.split_first() else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let (mut said, end) = io::pipe()?;
        let errors = end.try_clone()?;
        #[expect(
            clippy::disallowed_methods,
            reason = "the one named place of this crate that starts programs"
        )]
        let mut command = Command::new(program);
        command.args(arguments).current_dir("/").env_clear().env("PATH", PATH).env("LANG", "C.UTF-8");
        command.stdin(memory(input)?).stdout(end).stderr(errors).process_group(0);
        let mut child = command.spawn()?;
        // Our own ends of the pipe.
        drop(command);
        let group = Pid::from_child(&child);
        let watched = watch(group, &mut said, self.setting.limit);
        // Whoever it has left behind. The number is nobody else's until the child is waited for.
        let killed = kill_process_group(group, Signal::KILL);
        let status = child.wait()?;
        let (in_time, output) = watched?;
        match killed {
            Ok(()) | Err(Errno::SRCH | Errno::PERM) => {
                Ok(Ended { status: in_time.then_some(status), output })
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Takes what a process says until it ends, or until its time is over. Was it in time?
fn watch(process: Pid, said: &mut PipeReader, limit: Duration) -> io::Result<(bool, Vec<u8>)> {
    let ended = pidfd_open(process, PidfdFlags::empty())?;
    let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC)?;
    let it_value = Timespec {
        tv_sec: i64::try_from(limit.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: limit.subsec_nanos().into(),
    };
    timerfd_settime(&timer, TimerfdTimerFlags::empty(), &Itimerspec { it_interval: AT_ONCE, it_value })?;
    let mut output = Output::default();
    loop {
        let (mut has_ended, mut is_late, mut says) = (false, false, false);
        {
            let mut fds = vec![PollFd::new(&ended, PollFlags::IN), PollFd::new(&timer, PollFlags::IN)];
            if output.is_open() {
                fds.push(PollFd::new(&*said, PollFlags::IN));
            }
            match poll(&mut fds, None) {
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            }
            for (flag, fd) in [&mut has_ended, &mut is_late, &mut says].into_iter().zip(&fds) {
                *flag = !fd.revents().is_empty();
            }
        }
        if says {
            output.take(said)?;
        }
        if has_ended || is_late {
            while output.has_room() && output.is_open() && is_ready(said)? {
                output.take(said)?;
            }
            return Ok((has_ended, output.kept));
        }
    }
}

/// Is there something to be read at once?
fn is_ready(said: &PipeReader) -> io::Result<bool> {
    match poll(&mut [PollFd::new(said, PollFlags::IN)], Some(&AT_ONCE)) {
        Ok(ready) => Ok(ready > 0),
        Err(Errno::INTR) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

/// What a program says: the first of it is kept, the rest is taken so that nothing waits for it.
#[derive(Default)]
struct Output {
    kept: Vec<u8>,
    closed: bool,
}

impl Output {
    const fn is_open(&self) -> bool {
        !self.closed
    }

    const fn has_room(&self) -> bool {
        self.kept.len() < LONGEST_ANSWER * 4
    }

    fn take(&mut self, said: &mut PipeReader) -> io::Result<()> {
        let mut some = [0; 4096];
        let read = said.read(&mut some)?;
        self.closed = read == 0;
        let room = (LONGEST_ANSWER * 4).saturating_sub(self.kept.len());
        self.kept.extend(some.iter().take(read.min(room)));
        Ok(())
    }
}

/// A file in memory that is read from its beginning.
fn memory(content: &[u8]) -> io::Result<File> {
    let mut file = File::from(memfd_create("message", MemfdFlags::CLOEXEC)?);
    file.write_all(content)?;
    file.rewind()?;
    Ok(file)
}
