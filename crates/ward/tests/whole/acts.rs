//! Acts at the console: what is refused, in which words, with which exit code; what the socket takes and what not.

use crate::{City, LIMIT, person};
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use testkit::Program;

#[test]
fn what_the_rules_refuse_ends_with_1_and_what_makes_no_sense_with_2() {
    let city = City::settled();
    let unit = |code: &'static str, under: &'static str| {
        vec!["unit", "add", "--code", code, "--zh", "甲", "--en", "A", "--under", under]
    };
    let cases: Vec<(Vec<&str>, i32, &str)> = vec![
        (unit("110", "100"), 1, "another code|choose another"),
        (unit("120", "999"), 2, "ward unit list"),
        (unit("a b", "100"), 2, "a unit's code"),
        (vec!["unit", "add", "--code", "200", "--zh", "甲", "--en", "A"], 1, "one topmost unit"),
        (vec!["unit", "change", "110"], 1, "Nothing would change"),
        (vec!["unit", "change", "100", "--under", "110"], 1, "cannot be the unit itself"),
        (vec!["unit", "close", "100"], 1, "Open units lie below"),
        (person("wang.dm", "110")[..12].to_vec(), 1, "account name"),
        (person("admin", "110")[..12].to_vec(), 2, "personal account name"),
        (person("lin", "nowhere")[..12].to_vec(), 2, "ward unit list"),
        (vec!["person", "change", "nobody", "--title", "x"], 2, "ward person list"),
        (vec!["person", "grant", "wang.dm", "head"], 1, "name it"),
        (vec!["person", "grant", "wang.dm", "no_role", "--unit", "110"], 2, "no role"),
        (
            vec!["person", "grant", "wang.dm", "clerk", "--unit", "110", "--from", "2001-01-01"],
            1,
            "in the past",
        ),
        (vec!["person", "grant", "wang.dm", "clerk", "--unit", "110", "--until", "113/1/1"], 2, "2026-03-01"),
        (vec!["person", "end", "wang.dm", "clerk", "--unit", "110"], 1, "does not hold"),
        (vec!["person", "end", "wang.dm", "clerk", "--unit", "110", "--from", "2030-01-01"], 2, "--json"),
        (vec!["person", "appoint", "wang.dm", "wang.dm", "--until", "2999-01-01"], 1, "in for themselves"),
        (vec!["pack", "publish", "--embedded", "nowhere"], 2, "taichung-2001"),
        (vec!["pack", "publish"], 1, "Nothing was published"),
    ];
    // By itself, and beside a server: the same.
    let refuse_all = |city: &City| {
        for (command, code, words) in &cases {
            let mut command = command.clone();
            command.extend(["--data", "data"]);
            let said = city.refused(&command, "", *code);
            assert!(words.split('|').any(|words| said.contains(words)), "{command:?}: {said}");
        }
    };
    let (server, _) = city.serve();
    refuse_all(&city);
    city.stop(server);
    refuse_all(&city);
    // Of all this nothing has happened; what comes with time may have, behind the last entry of the settling.
    let size = city.good(&["ledger", "head", "--data", "data"], "")[3].clone();
    let after = city.good(&["ledger", "read", &format!("4..{size}"), "--data", "data"], "");
    let came = |line: &String| {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        let family = entry["kind"].as_str().unwrap().split('.').next().unwrap().to_owned();
        ["check", "duty", "case", "clock", "notice"].contains(&family.as_str())
    };
    assert!(!after.is_empty() && after.iter().skip(1).all(came), "{after:?}");
    city.verify();
}

#[test]
fn a_pack_with_problems_is_refused_with_every_one_of_them() {
    let city = City::settled();
    // They are sound, and do not follow what was published: told by the one who knows that.
    for (pack, at, words) in [
        (&["own"][..], "own/pack.toml:1:1", "higher than 1"),
        (&["--embedded", "taichung-2001"], "taichung-2001/pack.toml:1:1", "another pack"),
    ] {
        let ended = city.ward(&[&["pack", "publish", "--data", "data"], pack].concat(), "");
        let shown = ended.output.join("\n");
        assert_eq!(ended.status.code(), Some(1), "{}", ended.errors);
        assert!(shown.contains(words) && shown.contains(at), "{shown}");
    }
    let grades = city.path().join("own/grades.toml");
    fs::write(&grades, fs::read_to_string(&grades).unwrap() + "\n[[grades]]\nid = \"X\"\nunheard = 1\n")
        .unwrap();
    let ended = city.ward(&["pack", "publish", "own", "--data", "data", "--json"], "");
    let listed: serde_json::Value = serde_json::from_str(&ended.output.concat()).unwrap();
    let checked = city.ward(&["pack", "check", "own", "--json"], "");
    let checked: serde_json::Value = serde_json::from_str(&checked.output.concat()).unwrap();
    assert_eq!((ended.status.code(), &listed["problems"]), (Some(1), &checked["problems"]));
    assert!(!listed["problems"].as_array().unwrap().is_empty(), "{listed}");
}

#[test]
fn kinds_that_belong_to_engines_are_not_appended_from_outside() {
    let city = City::new();
    let families = [
        "approval",
        "case",
        "clock",
        "content",
        "duty",
        "effect",
        "hook",
        "notice",
        "seats",
        "signatures",
        "step",
        "clearance",
        "credential",
        "deputy",
        "person",
        "role",
        "unit",
        "pack",
        "access",
        "ledger",
    ];
    for family in families {
        let line = format!("{{\"kind\":\"{family}.made/1\",\"subject\":\"x\",\"body\":{{}}}}\n");
        let said = city.refused(&["ledger", "append", "--data", "data"], &line, 2);
        assert!(said.contains(&format!("{family}.made/1")) && said.contains("ward person"), "{said}");
    }
    let (server, _) = city.serve();
    let line = "{\"kind\":\"person.left/1\",\"subject\":\"x\",\"body\":{}}\n";
    city.refused(&["ledger", "append", "--data", "data"], line, 2);
    let answer = say(&city, "{\"append\":[{\"kind\":\"person.left/1\",\"subject\":\"x\",\"body\":{}}]}");
    assert!(answer.contains("\"refused\"") && answer.contains("person.left/1"), "{answer}");
    city.stop(server);
    assert_eq!(city.good(&["ledger", "head", "--data", "data"], "")[3], "1");
}

#[test]
fn the_socket_takes_whole_requests_of_known_members_and_nothing_else() {
    let city = City::settled();
    let (server, _) = city.serve();
    for bad in [
        "",
        "no json",
        "{}",
        "\"unit-list\"",
        "{\"unit-list\":{\"all\":true}}",
        "{\"unit-list\":{},\"person-list\":{}}",
        "{\"unit-open\":{\"unit\":\"100\"}}",
        "{\"unit-close\":{\"unit\":\"100\",\"force\":true}}",
        "{\"unit-close\":{}}",
        "{\"publish\":{\"files\":{},\"as\":\"me\"}}",
        "{\"person-leave\":{\"person\":7}}",
        "{\"append\":[{\"kind\":\"test.made\",\"subject\":\"x\",\"body\":{},\"actor\":\"me\"}]}",
    ] {
        let answer = say(&city, bad);
        assert!(answer.contains("無法辨識") && answer.contains("Not a request"), "{bad}: {answer}");
    }
    let answer = say(&city, &format!("{{\"unit-close\":{{\"unit\":\"{}\"}}}}", "1".repeat(17 << 20)));
    assert!(answer.contains("16 MiB"), "{answer}");
    let mode = fs::metadata(city.path().join("data/socket")).unwrap().permissions();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777, 0o600);
    let answer = say(&city, "{\"unit-list\":{}}");
    assert!(answer.starts_with("{\"units\":[{\"id\":\"u_"), "{answer}");
    city.stop(server);
    city.verify();
}

/// Says a line to the socket and gives the answer.
fn say(city: &City, line: &str) -> String {
    let mut stream = UnixStream::connect(city.path().join("data/socket")).unwrap();
    // It stops reading what is too long.
    let _ = stream.write_all(format!("{line}\n").as_bytes());
    let mut answer = String::new();
    let _ = BufReader::new(stream).read_line(&mut answer);
    answer
}

#[test]
fn help_of_acts_speaks_both_languages() {
    let city = City::new();
    for command in [&["unit"][..], &["person"], &["rebuild"], &["person", "grant"], &["pack", "publish"]] {
        let help = [command, &["--help"]].concat();
        let ended = Program::new(env!("CARGO_BIN_EXE_ward"), city.path()).with(&help).run("", LIMIT).unwrap();
        let text = ended.output.join("\n");
        let described: Vec<&String> = ended.output.iter().filter(|line| line.contains('。')).collect();
        assert!(!described.is_empty() && !text.is_ascii(), "{text}");
        for line in described {
            assert!(line.chars().any(|c| c.is_ascii_alphabetic()), "{line}");
        }
    }
}
