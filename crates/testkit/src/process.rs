//! Real processes: the one place where tests start a program.
//!
//! Owns: [`Program`], what to start and with what; [`Running`], a process that is talked to line by line and can be
//! killed without warning.
//! Invariants: a process starts in a folder of its own with an environment of its own, and never outlives the test;
//! whoever waits names the time after which waiting is a failure.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead as _, BufReader, Error, ErrorKind, Read as _, Result, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// What to start: a program, its arguments, its folder.
#[derive(Debug, Clone)]
pub struct Program {
    path: PathBuf,
    folder: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
}

/// A process that runs. Dropped, it is killed.
#[derive(Debug)]
pub struct Running {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    errors: Option<JoinHandle<String>>,
}

/// How a process ended and what it said.
#[derive(Debug, Clone)]
pub struct Ended {
    /// How it ended.
    pub status: ExitStatus,
    /// Standard output that was not read before, line by line.
    pub output: Vec<String>,
    /// Standard error.
    pub errors: String,
}

impl Program {
    /// The program at `path` (in tests of a binary, `env!("CARGO_BIN_EXE_…")`), to be started in `folder` with nothing
    /// in its environment but a plain `PATH`.
    #[must_use]
    pub fn new(path: impl AsRef<Path>, folder: impl AsRef<Path>) -> Self {
        Self {
            path: path.as_ref().to_owned(),
            folder: folder.as_ref().to_owned(),
            arguments: Vec::new(),
            environment: vec![("PATH".into(), "/usr/bin:/bin".into())],
        }
    }

    /// With these arguments behind those it has.
    #[must_use]
    pub fn with<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// With this in its environment.
    #[must_use]
    pub fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(&self) -> Result<Running> {
        #[expect(clippy::disallowed_methods, reason = "the one named place where tests start processes")]
        let mut command = Command::new(&self.path);
        command
            .current_dir(&self.folder)
            .args(&self.arguments)
            .env_clear()
            .envs(self.environment.iter().cloned());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Running::of(command.spawn()?)
    }

    /// Starts it, gives it `input`, and waits for its end, at most `limit` after each line it prints.
    ///
    /// # Errors
    /// It cannot be started, or (`TimedOut`) it was silent for too long and was killed.
    pub fn run(&self, input: &str, limit: Duration) -> Result<Ended> {
        let mut running = self.start()?;
        match running.write(input) {
            // It may have its reasons not to read to the end; how it ended tells.
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error),
            _ => running.finish(limit),
        }
    }
}

impl Running {
    fn of(mut child: Child) -> Result<Self> {
        let input = child.stdin.take();
        let (sender, lines) = channel();
        let output = child.stdout.take().ok_or_else(|| Error::other("no standard output"))?;
        std::thread::spawn(move || {
            // Ends with the process, or with the one who reads.
            let _ =
                BufReader::new(output).lines().map_while(Result::ok).try_for_each(|line| sender.send(line));
        });
        let mut stderr = child.stderr.take().ok_or_else(|| Error::other("no standard error"))?;
        let errors = std::thread::spawn(move || {
            let mut text = Vec::new();
            let _ = stderr.read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        });
        Ok(Self { child, input, lines, errors: Some(errors) })
    }

    /// Number of the process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Writes to its standard input.
    ///
    /// # Errors
    /// It reads no more.
    pub fn write(&mut self, text: &str) -> Result<()> {
        let input = self.input.as_mut().ok_or(ErrorKind::BrokenPipe)?;
        input.write_all(text.as_bytes())?;
        input.flush()
    }

    /// Ends its standard input.
    pub fn close_input(&mut self) {
        self.input = None;
    }

    /// The next line of its standard output; none when it has ended.
    ///
    /// # Errors
    /// `TimedOut`: none came within `limit`.
    pub fn line(&self, limit: Duration) -> Result<Option<String>> {
        match self.lines.recv_timeout(limit) {
            Ok(line) => Ok(Some(line)),
            Err(RecvTimeoutError::Disconnected) => Ok(None),
            Err(RecvTimeoutError::Timeout) => Err(ErrorKind::TimedOut.into()),
        }
    }

    /// Kills it as `kill -9` does, in the middle of whatever it is doing. Gives what it had said.
    ///
    /// # Errors
    /// The system does not tell how it ended.
    pub fn kill(mut self) -> Result<Ended> {
        self.child.kill()?;
        self.ended()
    }

    /// Ends its input and waits for its end, at most `limit` after each line it prints.
    ///
    /// # Errors
    /// `TimedOut`: it was silent for too long and was killed.
    pub fn finish(mut self, limit: Duration) -> Result<Ended> {
        self.close_input();
        let mut output = Vec::new();
        while let Some(line) = self.line(limit)? {
            output.push(line);
        }
        let ended = self.ended()?;
        output.extend(ended.output);
        Ok(Ended { output, ..ended })
    }

    fn ended(&mut self) -> Result<Ended> {
        self.close_input();
        let status = self.child.wait()?;
        let output = self.lines.iter().collect();
        let errors = self.errors.take().and_then(|errors| errors.join().ok()).unwrap_or_default();
        Ok(Ended { status, output, errors })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TemporaryFolder;
    use std::os::unix::process::ExitStatusExt as _;

    const LIMIT: Duration = Duration::from_secs(20);

    fn shell(folder: &TemporaryFolder, script: &str) -> Program {
        Program::new("/bin/sh", folder.path()).with(["-c", script])
    }

    #[test]
    fn a_program_runs_in_its_folder_with_its_environment_only() {
        let folder = TemporaryFolder::new();
        let program = shell(&folder, "pwd; env; cat; echo wrong >&2; exit 3").with_variable("WARD_X", "y");
        let ended = program.run("said\n", LIMIT).unwrap();
        assert_eq!(ended.status.code(), Some(3));
        assert_eq!(ended.errors, "wrong\n");
        assert!(ended.output.contains(&folder.path().display().to_string()));
        assert!(ended.output.contains(&"WARD_X=y".to_owned()) && ended.output.contains(&"said".to_owned()));
        assert!(!ended.output.iter().any(|line| line.starts_with("HOME=") || line.starts_with("CARGO")));
    }

    #[test]
    fn a_killed_process_has_no_last_word() {
        let folder = TemporaryFolder::new();
        let running =
            shell(&folder, "trap 'echo bye' TERM EXIT; echo ready; read x; echo $x").start().unwrap();
        assert_eq!(running.line(LIMIT).unwrap().as_deref(), Some("ready"));
        let ended = running.kill().unwrap();
        assert_eq!((ended.status.signal(), ended.output.len()), (Some(9), 0));
    }

    #[test]
    fn a_silent_process_is_a_failure_and_does_not_stay() {
        let folder = TemporaryFolder::new();
        let running = shell(&folder, "exec cat").start().unwrap();
        let place = format!("/proc/{}", running.id());
        assert_eq!(running.line(Duration::from_millis(1)).unwrap_err().kind(), ErrorKind::TimedOut);
        assert!(Path::new(&place).exists());
        drop(running);
        assert!(!Path::new(&place).exists());
    }
}
