//! A program of somebody else's that reads what a stranger wrote, with nothing in reach.
//!
//! Owns: [`run`], the one place of this crate that starts a process.
//! What holds the process, all of it or it is not started:
//! - *Landlock*: it reads the libraries, the tables it is told of and itself, and nothing else; it writes no file, runs
//!   no other program than itself;
//! - *seccomp*: it makes the few system calls that reading and computing need ([`calls`]); there is no network, no
//!   other process, no kernel interface beyond;
//! - *limits*: memory, processor time, open files, no new process, no file of any length; and the time of the clock,
//!   kept by whoever waits;
//! - *who it is*: where Ward is root it is nobody, with no group and no capability; its environment is empty; what it
//!   inherits is its input, its output and its errors.
//!
//! Both filters are laid on a thread of ours before the program is started from it, so that there is no moment in which
//! it runs without; the thread ends with the start. This needs no rights and no name spaces, and so works for a plain
//! user and for root in a container alike, where bubblewrap does not.
//! Does not: hide that files exist, or their sizes; hold against a flaw in the kernel's few calls that are left.
//! Source: Landlock (Linux 5.13), seccomp(2), prlimit(1); ADR 0010.

mod calls;

use landlock::{
    ABI, Access as _, AccessFs, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _, RulesetCreated,
    RulesetCreatedAttr as _, RulesetStatus, path_beneath_rules,
};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use rustix::process::{Pid, PidfdFlags, geteuid, pidfd_open};
use std::fs::File;
use std::io::{self, Read, Seek as _, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc::channel;
use std::time::Duration;

/// Sets the limits of the process it becomes: Debian's util-linux, there on every machine.
const LIMITER: &str = "/usr/bin/prlimit";
/// Libraries, and where they are looked up.
const LIBRARIES: [&str; 6] =
    ["/usr/lib", "/usr/lib64", "/lib", "/lib64", "/etc/ld.so.cache", "/usr/local/lib"];
/// What loads libraries into a program: it counts as run.
const LOADERS: [&str; 3] =
    ["/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1", "/lib/ld-linux-riscv64-lp64d.so.1"];
/// Whom it runs as where Ward is root: nobody.
const NOBODY: u32 = 65_534;
/// Most of its errors that are kept.
const MOST_ERRORS: usize = 4096;
/// How long a process may take to end once it has said its last word.
const LAST_BREATH: Timespec = Timespec { tv_sec: 5, tv_nsec: 0 };

/// What a process may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessLimits {
    /// Bytes of memory, all it may ask for.
    pub memory: u64,
    /// Seconds of processor time.
    pub cpu_seconds: u64,
    /// Time of the clock.
    pub wall: Duration,
    /// Bytes of output that are taken; with more it is ended, which is no failure.
    pub output: usize,
}

impl ProcessLimits {
    /// 1 GiB, 20 s of processor time, a minute of the clock, 8 MiB of output.
    pub const DEFAULT: Self =
        Self { memory: 1 << 30, cpu_seconds: 20, wall: Duration::from_secs(60), output: 8 << 20 };
}

/// What to run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Confined<'a> {
    pub(crate) program: &'a Path,
    pub(crate) arguments: &'a [&'a str],
    /// What it may read beside libraries and itself.
    pub(crate) readable: &'a [&'a Path],
    /// Its standard input.
    pub(crate) input: &'a [u8],
    pub(crate) limits: ProcessLimits,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) output: Vec<u8>,
    pub(crate) errors: Vec<u8>,
    pub(crate) ended: Ended,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// By itself, with 0.
    Well,
    /// It was ended since it had said enough.
    Full,
    /// By itself, with this code.
    Code(i32),
    /// It was ended since it took too long: of the clock or of the processor.
    Late,
    /// By this signal: as a rule it has asked for more memory than it may have.
    Killed { signal: i32 },
}

/// Why a process was not run, or not watched to its end.
#[derive(Debug, thiserror::Error)]
pub enum ConfinedError {
    /// The program, or the one that limits it, is not there.
    #[error("{path} is not there")]
    Missing {
        /// Which.
        path: PathBuf,
    },
    /// Landlock is not there or does not hold.
    #[error("Landlock does not hold here: {0}")]
    Rules(String),
    /// Seccomp is not there or does not hold.
    #[error("seccomp does not hold here: {0}")]
    Calls(String),
    /// It could not be started.
    #[error("it could not be started: {0}")]
    Start(#[source] io::Error),
    /// What became of it could not be seen.
    #[error("what became of it could not be seen: {0}")]
    Watch(#[source] io::Error),
}

/// Runs a program confined, to its end.
///
/// # Errors
/// It was not started, or, in `Watch`, it was ended and nothing is known of what it did.
pub(crate) fn run(job: &Confined<'_>) -> Result<Report, ConfinedError> {
    for path in [job.program, Path::new(LIMITER)] {
        if !path.is_file() {
            return Err(ConfinedError::Missing { path: path.to_owned() });
        }
    }
    let rules = rules(job)?;
    let filter = calls::filter()?;
    let input = sealed_memory(job.input).map_err(ConfinedError::Start)?;
    let (output, output_end) = io::pipe().map_err(ConfinedError::Start)?;
    let (errors, errors_end) = io::pipe().map_err(ConfinedError::Start)?;
    let mut command = command(job);
    command.stdin(input).stdout(output_end).stderr(errors_end);
    let started = std::thread::scope(|scope| {
        let confined = scope.spawn(move || {
            // From here on this thread can do no more than what it starts.
            confine(rules, &filter)?;
            command.spawn().map_err(ConfinedError::Start)
        });
        confined.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    });
    watch(started?, output, errors, job.limits)
}

/// The program with its limits, as somebody who has nothing.
fn command(job: &Confined<'_>) -> Command {
    let limits = &job.limits;
    #[expect(clippy::disallowed_methods, reason = "the one named place of this crate that starts a process")]
    let mut command = Command::new(LIMITER);
    command
        .arg(format!("--as={}", limits.memory))
        .arg(format!("--cpu={}", limits.cpu_seconds))
        .args(["--core=0", "--fsize=0", "--memlock=0", "--msgqueue=0", "--nofile=32", "--nproc=0"])
        .arg("--stack=8388608")
        .arg("--")
        .arg(job.program)
        .args(job.arguments)
        .env_clear()
        .current_dir("/");
    if geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

/// What may be read and run.
fn rules(job: &Confined<'_>) -> Result<RulesetCreated, ConfinedError> {
    let failed = |error: &dyn std::error::Error| ConfinedError::Rules(error.to_string());
    let run = [job.program, Path::new(LIMITER)].into_iter().chain(LOADERS.map(Path::new));
    let read = LIBRARIES.map(Path::new).into_iter().chain(job.readable.iter().copied());
    // The first version refuses all that matters here: reading, writing, making, removing, running, by path. What later
    // ones add (cutting files short, device controls, the network) seccomp refuses.
    Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(ABI::V1))
        .and_then(Ruleset::create)
        .and_then(|rules| rules.add_rules(path_beneath_rules(run, AccessFs::ReadFile | AccessFs::Execute)))
        .and_then(|rules| rules.add_rules(path_beneath_rules(read, AccessFs::ReadFile | AccessFs::ReadDir)))
        .map_err(|error| failed(&error))
}

/// Confines the calling thread, for good.
fn confine(rules: RulesetCreated, filter: &seccompiler::BpfProgram) -> Result<(), ConfinedError> {
    let status = rules.restrict_self().map_err(|error| ConfinedError::Rules(error.to_string()))?;
    if status.ruleset != RulesetStatus::FullyEnforced || !status.no_new_privs {
        return Err(ConfinedError::Rules("it is enforced in part only".to_owned()));
    }
    seccompiler::apply_filter(filter).map_err(|error| ConfinedError::Calls(error.to_string()))
}

/// Memory that looks like a file and that nobody can change.
fn sealed_memory(content: &[u8]) -> io::Result<File> {
    let memory = memfd_create("input", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    let mut memory = File::from(memory);
    memory.write_all(content)?;
    memory.rewind()?;
    fcntl_add_seals(&memory, SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL)?;
    Ok(memory)
}

/// Takes what a process says and sees it end, within its limits.
fn watch(
    mut child: Child,
    output: io::PipeReader,
    errors: io::PipeReader,
    limits: ProcessLimits,
) -> Result<Report, ConfinedError> {
    std::thread::scope(|scope| {
        let (sender, heard) = channel();
        let output = scope.spawn(move || {
            let said = read_some(output, limits.output.saturating_add(1));
            // Nobody listens any more when it is too late.
            let _ = sender.send(());
            said
        });
        let errors = scope.spawn(move || {
            let mut errors = errors;
            let said = read_some(&mut errors, MOST_ERRORS)?;
            // It may go on complaining; nobody reads it.
            io::copy(&mut errors, &mut io::sink())?;
            Ok(said)
        });
        let in_time = heard.recv_timeout(limits.wall).is_ok();
        let ended_itself = in_time && wait_a_moment(&child);
        // Whatever has happened, it does not stay; and with its end both readers end. One that has ended is not touched.
        let _ = child.kill();
        let status = child.wait();
        let joined = |thread: std::thread::ScopedJoinHandle<'_, io::Result<Vec<u8>>>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        let (output, errors) = (joined(output), joined(errors));
        let status = status.map_err(ConfinedError::Watch)?;
        let mut output = output.map_err(ConfinedError::Watch)?;
        let errors = errors.map_err(ConfinedError::Watch)?;
        let full = output.len() > limits.output;
        output.truncate(limits.output);
        let ended = match (in_time, full, ended_itself) {
            (true, true, _) => Ended::Full,
            (true, false, true) => ended(status),
            _ => Ended::Late,
        };
        Ok(Report { output, errors, ended })
    })
}

/// Whether the process ends within a moment.
fn wait_a_moment(child: &Child) -> bool {
    let Ok(process) = pidfd_open(Pid::from_child(child), PidfdFlags::empty()) else { return false };
    let mut ends = [PollFd::new(&process, PollFlags::IN)];
    poll(&mut ends, Some(&LAST_BREATH)).is_ok_and(|ended| ended > 0)
}

fn ended(status: ExitStatus) -> Ended {
    match (status.code(), status.signal()) {
        (Some(0), _) => Ended::Well,
        (Some(code), _) => Ended::Code(code),
        // The kernel's word for too much processor time: a last warning, or the end.
        (None, Some(9 | 24) | None) => Ended::Late,
        (None, Some(signal)) => Ended::Killed { signal },
    }
}

fn read_some(source: impl Read, most: usize) -> io::Result<Vec<u8>> {
    let mut said = Vec::new();
    source.take(most as u64).read_to_end(&mut said)?;
    Ok(said)
}

#[cfg(test)]
mod tests;
