//! Programs: what they get, what of them is kept, and that nothing of them stays.

use super::{Bed, alarm, done, later, refused};
use outlets::Sent;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// What the program of these tests does.
fn script(bed: &Bed, text: &str) {
    fs::write(bed.path().join("notify"), format!("{text}\n")).unwrap();
}

/// Sends by `/bin/sh` as a program like any other, with the script and these arguments.
fn send(bed: &Bed, arguments: &str, seconds: u32) -> Sent {
    let script = bed.path().join("notify");
    let way = format!(
        "program = {{ run = [\"/bin/sh\", {:?}{arguments}], seconds = {seconds} }}",
        script.to_str().unwrap()
    );
    bed.outlet(&way).send(&alarm(41))
}

/// Is a process gone, or about to go?
fn is_gone(folder: &Path, name: &str) -> bool {
    (0..1_000_000).any(|_| {
        std::thread::yield_now();
        !runs(folder, name)
    })
}

/// Does a process run? One that has ended and waits to be asked for does not.
fn runs(folder: &Path, name: &str) -> bool {
    let id = fs::read_to_string(folder.join(name)).unwrap();
    let status = fs::read_to_string(format!("/proc/{}/stat", id.trim())).unwrap_or_default();
    status.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
}

#[test]
fn a_program_gets_the_message_and_its_arguments_as_they_are_written() {
    let bed = Bed::new();
    let here = bed.path().display();
    script(
        &bed,
        &format!(
            "cat > {here}/message; printf '%s\\n' \"$#\" \"$@\" > {here}/arguments; env > {here}/environment; pwd"
        ),
    );
    let told = done(send(&bed, ", \"a b\", \"$(touch /tmp/x); `id` > y\", \"\\n\"", 20));
    assert!(told == "/bin/sh ran: /", "{told}");
    let message: Value =
        serde_json::from_str(&fs::read_to_string(bed.path().join("message")).unwrap()).unwrap();
    assert_eq!((&message["alarm"], &message["what"]), (&41.into(), &"raised".into()));
    let arguments = fs::read_to_string(bed.path().join("arguments")).unwrap();
    assert_eq!(arguments, "3\na b\n$(touch /tmp/x); `id` > y\n\n\n");
    let environment = fs::read_to_string(bed.path().join("environment")).unwrap();
    let names: Vec<&str> = environment.lines().filter_map(|line| line.split('=').next()).collect();
    assert!(
        names.iter().all(|name| ["PATH", "LANG", "PWD", "_", "SHLVL", "OLDPWD"].contains(name)),
        "{names:?}"
    );
}

#[test]
fn codes_tell_whether_it_is_done_to_be_tried_again_or_never_to_be_done() {
    let bed = Bed::new();
    script(&bed, "echo out; echo err >&2; exit $1");
    assert!(done(send(&bed, ", \"0\"", 20)).ends_with("ran: out err"));
    assert!(later(send(&bed, ", \"75\"", 20)).ends_with("asks to be run again: out err"));
    assert!(refused(send(&bed, ", \"3\"", 20)).ends_with("ended with code 3: out err"));
    script(&bed, "kill -9 $$");
    assert!(later(send(&bed, "", 20)).ends_with("was ended by signal 9"));
    let missing = bed.outlet("program = { run = [\"/nowhere/notify\"] }");
    assert!(later(missing.send(&alarm(1))).contains("/nowhere/notify cannot be run"));
}

#[test]
fn one_that_takes_too_long_is_killed_with_all_it_has_started() {
    let bed = Bed::new();
    let here = bed.path().display();
    script(
        &bed,
        &format!("sleep 600 & echo $! > {here}/child; echo $$ > {here}/own; echo begun; trap '' TERM; wait"),
    );
    let told = later(send(&bed, "", 1));
    assert!(told.ends_with("had not ended after 1 s and was killed: begun"), "{told}");
    assert!(is_gone(bed.path(), "own") && is_gone(bed.path(), "child"));
}

#[test]
fn one_that_leaves_somebody_behind_is_not_waited_for_and_nothing_stays() {
    let bed = Bed::new();
    let here = bed.path().display();
    script(&bed, &format!("sleep 600 & echo $! > {here}/child; echo gone"));
    assert!(done(send(&bed, "", 300)).ends_with("ran: gone"));
    assert!(is_gone(bed.path(), "child"));
}

#[test]
fn what_it_says_is_kept_within_bounds_and_made_harmless() {
    let bed = Bed::new();
    script(&bed, "printf 'begin\\033[2J\\n'; head -c 3000000 /dev/zero | tr '\\0' x; echo end");
    let told = done(send(&bed, "", 60));
    assert!(told.contains("begin\u{fffd}[2J") && told.ends_with("x…"), "{told}");
    assert!(told.chars().count() < 1_000 && !super::is_obeyed(&told));
}
