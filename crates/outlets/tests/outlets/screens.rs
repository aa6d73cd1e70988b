//! Terminals of people who are logged in, and the console: pseudo-terminals, and records that util-linux writes.

use super::{Bed, LIMIT, alarm, done, later};
use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;
use testkit::Program;

/// A terminal as somebody sits at it.
struct Seat {
    screen: File,
    /// Its name below `/dev`.
    name: String,
}

impl Seat {
    fn new() -> Self {
        let screen: OwnedFd = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&screen).unwrap();
        unlockpt(&screen).unwrap();
        let path = ptsname(&screen, Vec::new()).unwrap().into_string().unwrap();
        Self { screen: screen.into(), name: path.trim_start_matches("/dev/").to_owned() }
    }

    /// What it shows, to the end: whoever wrote has gone.
    fn shown(mut self) -> String {
        // One that nobody has ever written to would be waited for.
        let device = format!("/dev/{}", self.name);
        drop(open(device, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty()).unwrap());
        let mut bytes = Vec::new();
        // The other end is closed, which a terminal tells by an error.
        let _ = self.screen.read_to_end(&mut bytes);
        String::from_utf8(bytes).unwrap()
    }
}

/// Has util-linux write records of who is logged in where.
fn log_in(folder: &Path, sessions: &[(u8, &str, &str)]) {
    let record = |(sort, user, terminal): &(u8, &str, &str)| {
        format!(
            "[{sort}] [00042] [{}] [{user:<8}] [{terminal:<12}] [{:<20}] [192.0.2.9      ] [2026-11-27T02:00:00,000000+00:00]\n",
            "ts/0", "desk.example"
        )
    };
    fs::write(folder.join("records"), sessions.iter().map(record).collect::<String>()).unwrap();
    let program = Program::new("/usr/bin/utmpdump", folder).with(["-r", "-o", "utmp", "records"]);
    let ended = program.run("", LIMIT).unwrap();
    assert!(ended.status.success(), "{}", ended.errors);
}

#[test]
fn everybody_who_is_logged_in_sees_the_alarm_and_nothing_is_obeyed_by_the_terminal() {
    let bed = Bed::new();
    let (wang, lin, gone) = (Seat::new(), Seat::new(), Seat::new());
    log_in(
        bed.path(),
        &[(7, "wang", &wang.name), (7, "lin", &lin.name), (8, "chen", &gone.name), (2, "reboot", "~")],
    );
    let outlet = bed.outlet("terminals = { utmp = \"utmp\" }");
    let told = done(outlet.send(&alarm(41)));
    assert_eq!(told, format!("shown on {} (wang), {} (lin)", wang.name, lin.name));
    assert_eq!(gone.shown(), "", "who has logged out sees nothing");
    for seat in [wang, lin] {
        let shown = seat.shown();
        assert!(shown.contains("*** Alarm (high): passwords are guessed ***"), "{shown}");
        assert!(shown.contains("告警〔高〕猜測密碼") && shown.contains('\u{7}'), "{shown}");
        assert!(shown.contains("user=root  Bcc: thief@evil.example"), "{shown}");
        assert!(!super::is_obeyed(&shown), "{shown:?}");
    }
}

#[test]
fn a_terminal_that_is_gone_keeps_nobody_else_from_seeing_it() {
    let bed = Bed::new();
    let wang = Seat::new();
    log_in(bed.path(), &[(7, "ghost", "pts/65000"), (7, "wang", &wang.name)]);
    let outlet = bed.outlet("terminals = { utmp = \"utmp\" }");
    let told = done(outlet.send(&alarm(1)));
    assert!(told.starts_with(&format!("shown on {} (wang); not on pts/65000 (ghost)", wang.name)), "{told}");
    assert!(wang.shown().contains("Alarm (high)"));

    log_in(bed.path(), &[(7, "ghost", "pts/65000")]);
    assert!(later(outlet.send(&alarm(2))).starts_with("no terminal could show it"));
    log_in(bed.path(), &[(8, "ghost", "pts/65000")]);
    assert!(done(outlet.send(&alarm(3))).starts_with("nobody was logged in"));
    fs::remove_file(bed.path().join("utmp")).unwrap();
    assert!(
        later(outlet.send(&alarm(4))).contains("not known"),
        "that it is not known is not that nobody is there"
    );
}

#[test]
fn the_console_sounds_and_shows_it_and_a_file_is_no_console() {
    let bed = Bed::new();
    let console = Seat::new();
    let way = |more: &str| format!("console = {{ device = \"/dev/{}\"{more} }}", console.name);
    assert!(done(bed.outlet(&way("")).send(&alarm(41))).starts_with("shown on /dev/pts/"));
    done(bed.outlet(&way(", bell = false")).send(&alarm(42)));
    let shown = console.shown();
    assert_eq!((shown.matches('\u{7}').count(), shown.matches("*** Alarm (high)").count()), (1, 2));
    assert!(!super::is_obeyed(&shown), "{shown:?}");

    fs::write(bed.path().join("plain"), "untouched").unwrap();
    let told = later(bed.outlet("console = { device = \"plain\" }").send(&alarm(43)));
    assert!(told.contains("no terminal"), "{told}");
    assert_eq!(fs::read_to_string(bed.path().join("plain")).unwrap(), "untouched");
}

#[test]
fn a_terminal_that_was_stopped_is_given_up() {
    let bed = Bed::new();
    let stopped = Seat::new();
    log_in(bed.path(), &[(7, "wang", &stopped.name)]);
    let outlet = bed.outlet("terminals = { utmp = \"utmp\" }");
    // Nobody reads: what it holds fills up, and then nothing more goes in.
    let told = (0..40).map(|number| outlet.send(&alarm(number))).find_map(|sent| match sent {
        outlets::Sent::Later(told) => Some(told.en),
        _ => None,
    });
    assert!(told.is_some_and(|told| told.contains(&stopped.name)));
}
