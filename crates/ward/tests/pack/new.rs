//! `ward pack new` and `ward pack schema`.

use crate::{Office, files, is_chinese};
use std::path::Path;

#[test]
fn a_new_pack_is_good_whatever_its_name() {
    let office = Office::new();
    let long = "a".repeat(40);
    for (dir, id) in [
        ("keys-2026", None),
        ("a", None),
        ("b/c/d", Some("x_1")),
        ("機房", Some("rooms")),
        ("e", Some(&*long)),
    ] {
        let mut arguments = vec!["pack", "new", dir];
        arguments.extend(id.map(|id| ["--id", id]).into_iter().flatten());
        let output = office.good(&arguments);
        assert!(output.contains(dir) && is_chinese(&output), "{output}");
        let listed = office.json(&["pack", "check", dir, "--json"]);
        assert_eq!((listed["good"].as_bool(), listed["id"].as_str()), (Some(true), Some(id.unwrap_or(dir))));
        assert_eq!(office.ward(&["pack", "check", dir]).errors, "");
    }
}

#[test]
fn titles_are_those_asked_for() {
    let office = Office::new();
    let (zh, en) = ("說明「甲」\"乙\" \\", "Rules on \"keys\" # and \\ $ID$");
    office.good(&["pack", "new", "keys", "--title-zh", zh, "--title-en", en]);
    let listed = office.json(&["pack", "check", "keys", "--json"]);
    assert_eq!((listed["title"]["zh"].as_str(), listed["title"]["en"].as_str()), (Some(zh), Some(en)));
}

#[test]
fn a_folder_that_is_there_is_refused_and_stays_as_it_was() {
    let office = Office::with_pack();
    office.write("practice/roles.toml", "mine");
    let before = files(&office.path(""));
    assert!(office.misuse(&["pack", "new", "practice"]).contains("practice"));
    assert!(office.misuse(&["pack", "new", "practice/roles.toml"]).contains("roles.toml"));
    assert_eq!(files(&office.path("")), before);
}

#[test]
fn what_cannot_be_is_refused_before_anything_is_made() {
    let office = Office::new();
    office.misuse(&["pack", "new", "Keys"]);
    office.misuse(&["pack", "new", "keys", "--id", "2001-keys"]);
    office.misuse(&["pack", "new", "keys", "--id", ""]);
    office.misuse(&["pack", "new", "keys", "--title-zh", " ", "--title-en", "a"]);
    assert_eq!(office.ward(&["pack", "new", "keys", "--title-zh", "甲"]).status.code(), Some(2));
    office.misuse(&["pack", "schema", "keys"]);
    assert!(files(&office.path("")).is_empty());
}

/// Comments teach, in both languages, in every file people write.
#[test]
fn every_file_of_a_new_pack_explains_itself_in_both_languages() {
    let office = Office::with_pack();
    for (path, bytes) in files(&office.path("practice")) {
        if path.components().any(|part| part.as_os_str() == "calendars") {
            continue;
        }
        let text = String::from_utf8(bytes).unwrap();
        let comments: Vec<&str> = match path.extension().and_then(|ending| ending.to_str()) {
            Some("md") => text.lines().collect(),
            Some("cedar") => text.lines().filter(|line| line.starts_with("//")).collect(),
            _ => text.lines().filter(|line| line.starts_with("# ")).collect(),
        };
        let comments = comments.join("\n");
        let english =
            comments.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| word.len() > 1).count();
        assert!(is_chinese(&comments) && english > 3, "{}: {comments}", path.display());
    }
}

/// The calendars are the embedded pack's own, byte for byte.
#[test]
fn calendars_are_copied_as_they_are() {
    let office = Office::with_pack();
    let ours = Path::new("../../regulations/taichung-2001/calendars");
    for (path, bytes) in files(&office.path("practice/calendars")) {
        let ours = std::fs::read(ours.join(path.file_name().unwrap())).unwrap();
        assert!(ours == bytes, "{}", path.display());
    }
}

#[test]
fn the_first_line_of_each_file_points_to_its_schema() {
    let office = Office::with_pack();
    let pointed = |office: &Office| {
        let mut pointed = 0;
        for (path, bytes) in files(&office.path("practice")) {
            if path.extension().is_some_and(|ending| ending == "toml") {
                let text = String::from_utf8(bytes).unwrap();
                let schema = text.lines().next().unwrap().strip_prefix("#:schema ").unwrap().to_owned();
                let schema = path.parent().unwrap().join(schema);
                let read: serde_json::Value =
                    serde_json::from_slice(&std::fs::read(&schema).unwrap()).unwrap();
                assert!(read["$schema"].is_string(), "{}", schema.display());
                pointed += 1;
            }
        }
        assert!(pointed >= 6);
    };
    pointed(&office);
    // Lost or stale, they are written anew, from wherever one stands; what else lies there stays.
    std::fs::remove_file(office.path("schema/pack.json")).unwrap();
    office.write("schema/roles.json", "stale");
    office.write("schema/mine.txt", "mine");
    let output = office.good(&["pack", "schema", "practice"]);
    assert!(output.contains("schema") && is_chinese(&output));
    pointed(&office);
    let written = files(&office.path("schema"));
    assert_eq!(office.read("schema/mine.txt"), "mine");
    for (below, dir) in [("practice", "."), ("practice", "../practice/"), ("practice/duties", "..")] {
        std::fs::remove_file(office.path("schema/pack.json")).unwrap();
        assert!(office.ward_in(below, &["pack", "schema", dir]).status.success(), "{dir}");
        assert_eq!(files(&office.path("schema")), written, "{dir}");
    }
}

#[test]
fn the_schemas_are_those_of_the_repository() {
    let office = Office::with_pack();
    for (path, bytes) in files(Path::new("../../regulations/schema")) {
        let name = path.file_name().unwrap();
        let ours = std::fs::read(office.path("schema").join(name)).unwrap();
        assert!(ours == bytes, "{}", name.display());
    }
}
