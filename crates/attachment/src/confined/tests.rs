//! A shell and its friends play the program that a stranger has taken over: what it reaches for is not there.

use super::*;

const SHORT: ProcessLimits =
    ProcessLimits { memory: 1 << 29, cpu_seconds: 5, wall: Duration::from_secs(30), output: 1 << 16 };

fn run_with(program: &str, arguments: &[&str], input: &[u8], limits: ProcessLimits) -> Report {
    let job = Confined { program: Path::new(program), arguments, readable: &[], input, limits };
    run(&job).unwrap()
}

/// Standard output of a shell that does this.
fn shell(script: &str) -> (String, Report) {
    let report = run_with("/bin/bash", &["--norc", "-c", script], b"", SHORT);
    (String::from_utf8_lossy(&report.output).into_owned(), report)
}

#[test]
fn input_comes_in_and_output_goes_out() {
    let input = "內容\n".repeat(50_000).into_bytes();
    let limits = ProcessLimits { output: 1 << 20, ..SHORT };
    let report = run_with("/bin/cat", &[], &input, limits);
    assert_eq!((report.ended, report.output == input), (Ended::Well, true), "{:?}", report.errors);
}

#[test]
fn more_than_it_may_say_is_cut_off() {
    let report = run_with("/bin/cat", &[], &vec![b'x'; 1 << 20], SHORT);
    assert_eq!((report.ended, report.output.len()), (Ended::Full, SHORT.output));
    let all = run_with("/bin/cat", &[], &vec![b'x'; SHORT.output], SHORT);
    assert_eq!((all.ended, all.output.len()), (Ended::Well, SHORT.output));
}

#[test]
fn files_are_out_of_reach() {
    for path in ["/etc/passwd", "/etc/hostname", "/proc/self/environ", "/proc/1/cmdline", "/dev/zero", "/"] {
        let report = run_with("/bin/cat", &[path], b"", SHORT);
        assert_eq!((report.ended, report.output.len()), (Ended::Code(1), 0), "{path}");
        assert!(String::from_utf8_lossy(&report.errors).contains("Permission denied"), "{path}");
    }
    let (said, _) = shell("shopt -s nullglob; echo /* /etc/* /tmp/*");
    assert_eq!(said, "\n");
}

#[test]
fn what_it_is_told_of_can_be_read_and_not_written() {
    let folder = testkit::TemporaryFolder::new();
    let file = folder.path().join("table");
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    #[expect(clippy::disallowed_methods, reason = "a file for one test")]
    std::fs::write(&file, "before").unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o666)).unwrap();
    let script = format!(
        "read -r x < {0}; echo $x; echo after > {0}; echo > {1}/new",
        file.display(),
        folder.path().display()
    );
    let job = Confined {
        program: Path::new("/bin/bash"),
        arguments: &["--norc", "-c", &script],
        readable: &[folder.path()],
        input: b"",
        limits: SHORT,
    };
    assert_eq!(run(&job).unwrap().output, b"before\n");
    assert_eq!(std::fs::read(&file).unwrap(), b"before");
    assert!(!folder.path().join("new").exists());
}

#[test]
fn there_is_no_network() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    for kind in ["tcp", "udp"] {
        let (said, report) = shell(&format!("exec 3<>/dev/{kind}/127.0.0.1/{port} && echo reached"));
        assert_eq!((said.as_str(), report.ended), ("", Ended::Code(1)), "{:?}", report.errors);
    }
}

#[test]
fn there_is_no_other_program_and_no_other_process() {
    let (said, report) = shell("exec /bin/cat /etc/passwd");
    assert_eq!((said.as_str(), report.ended), ("", Ended::Code(126)), "{:?}", report.errors);
    let (said, _) = shell("(echo forked) ; echo $(echo forked)");
    assert!(!said.contains("forked"), "{said}");
    let (said, _) = shell(&format!("kill -9 {} || echo refused", std::process::id()));
    assert_eq!(said, "refused\n");
    // It may not be traced from within, change limits back, or become somebody.
    let (said, _) = shell("ulimit -n 4096 2>/dev/null || echo $UID $EUID ${#GROUPS[@]}");
    let own = geteuid().as_raw();
    let expected = if own == 0 { NOBODY } else { own };
    assert!(said.starts_with(&format!("{expected} {expected} ")), "{said}");
}

#[test]
fn its_environment_is_empty() {
    let (said, _) = shell("declare -x");
    let names: Vec<_> =
        said.lines().filter_map(|line| line.strip_prefix("declare -x ")?.split('=').next()).collect();
    assert_eq!(names, ["OLDPWD", "PWD", "SHLVL"], "only what the shell makes by itself: {said}");
}

#[test]
fn one_that_computes_without_end_is_ended() {
    let limits = ProcessLimits { cpu_seconds: 1, ..SHORT };
    let report = run_with("/bin/bash", &["--norc", "-c", "while :; do :; done"], b"", limits);
    assert_eq!(report.ended, Ended::Late);
    let limits = ProcessLimits { wall: Duration::from_millis(100), cpu_seconds: 60, ..SHORT };
    let report = run_with("/bin/bash", &["--norc", "-c", "echo begun; while :; do :; done"], b"", limits);
    assert_eq!(report.ended, Ended::Late);
    // It says that it is done and is not.
    let limits = ProcessLimits { cpu_seconds: 1, ..SHORT };
    let script = "exec >&- 2>&-; while :; do :; done";
    assert_eq!(run_with("/bin/bash", &["--norc", "-c", script], b"", limits).ended, Ended::Late);
}

#[test]
fn one_that_asks_for_too_much_memory_gets_none() {
    let limits = ProcessLimits { memory: 1 << 27, ..SHORT };
    let script = "x=xxxxxxxx; while :; do x=$x$x$x$x; done";
    let report = run_with("/bin/bash", &["--norc", "-c", script], b"", limits);
    assert!(matches!(report.ended, Ended::Code(_) | Ended::Killed { .. }), "{:?}", report.ended);
}

#[test]
fn one_that_never_stops_complaining_is_no_trouble() {
    let limits = ProcessLimits { cpu_seconds: 1, ..SHORT };
    let report = run_with("/bin/bash", &["--norc", "-c", "while :; do echo oh >&2; done"], b"", limits);
    assert_eq!((report.ended, report.errors.len()), (Ended::Late, MOST_ERRORS));
}

#[test]
fn nothing_is_run_that_is_not_there() {
    let job = Confined {
        program: Path::new("/nowhere/reader"),
        arguments: &[],
        readable: &[],
        input: b"",
        limits: SHORT,
    };
    assert!(matches!(run(&job), Err(ConfinedError::Missing { .. })));
}

#[test]
fn this_thread_and_this_process_stay_free() {
    let (said, _) = shell("echo hello");
    assert_eq!(said, "hello\n");
    assert!(std::fs::read("/etc/passwd").is_ok());
    assert!(std::net::TcpListener::bind("127.0.0.1:0").is_ok());
    std::thread::scope(|scope| scope.spawn(|| assert!(std::fs::read("/etc/passwd").is_ok())).join().unwrap());
}

/// A kernel on which these calls are not there, as far as this thread can see.
fn without<T: Send>(calls: &[libc::c_long], act: impl FnOnce() -> T + Send) -> T {
    let rules = calls.iter().map(|call| (*call, Vec::new())).collect();
    let absent = seccompiler::SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
    let machine = std::env::consts::ARCH.try_into().unwrap();
    let filter = seccompiler::SeccompFilter::new(rules, seccompiler::SeccompAction::Allow, absent, machine);
    let filter: seccompiler::BpfProgram = filter.unwrap().try_into().unwrap();
    let thread = || {
        seccompiler::apply_filter(&filter).unwrap();
        act()
    };
    std::thread::scope(|scope| scope.spawn(thread).join().unwrap())
}

#[test]
fn where_it_cannot_be_confined_it_is_not_run() {
    let job = Confined {
        program: Path::new("/bin/cat"),
        arguments: &[],
        readable: &[],
        input: b"x",
        limits: SHORT,
    };
    let no_landlock = [libc::SYS_landlock_create_ruleset, libc::SYS_landlock_restrict_self];
    assert!(matches!(without(&no_landlock, || run(&job)), Err(ConfinedError::Rules(_))));
    assert!(matches!(without(&no_landlock[1..], || run(&job)), Err(ConfinedError::Rules(_))));
    assert!(matches!(without(&[libc::SYS_seccomp], || run(&job)), Err(ConfinedError::Calls(_))));
    assert!(run(&job).is_ok());
}
