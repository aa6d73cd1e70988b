//! The how-tos, followed from their text alone: whoever does what they say ends with a good pack.
//!
//! What a how-to asks is read as a person reads it: a block of `sh` is typed, a block of `toml` is put where the
//! line before it says. A block that no line places fails the test.

use crate::Office;
use std::path::Path;

const HOW_TOS: [&str; 4] = ["add-a-register", "add-a-flow", "add-a-duty", "add-a-clause-check"];

/// What the text asks, in order.
#[derive(Debug)]
enum Act {
    /// Type this.
    Type(String),
    /// Make a file of this.
    Make(String, String),
    /// Put this at the end of a file.
    Append(String, String),
    /// In a file, put something in place of something.
    Replace(String, String, String),
}

/// A fenced block: its language, its text, and the last line before it that says something.
struct Block {
    language: String,
    text: String,
    before: String,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut before = String::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(language) = line.trim_start().strip_prefix("```") else {
            if !line.trim().is_empty() {
                line.trim().clone_into(&mut before);
            }
            continue;
        };
        let indent = line.len() - line.trim_start().len();
        let inside = lines.by_ref().take_while(|line| line.trim() != "```");
        let text = inside.map(|line| format!("{}\n", line.get(indent..).unwrap_or_default())).collect();
        blocks.push(Block { language: language.to_owned(), text, before: std::mem::take(&mut before) });
    }
    blocks
}

fn acts(page: &str) -> Vec<Act> {
    let mut acts = Vec::new();
    let mut replaced: Option<(String, String)> = None;
    for Block { language, text, before } in blocks(page) {
        let file = || before.split('`').nth(1).unwrap_or_else(|| panic!("no file in {before:?}")).to_owned();
        if language == "sh" {
            acts.extend(text.lines().map(|line| Act::Type(line.to_owned())));
            continue;
        }
        assert_eq!(language, "toml", "a block that is neither typed nor written: {text}");
        acts.push(match replaced.take() {
            Some((file, from)) => {
                assert_eq!(before, "write", "what comes in place of {from:?}");
                Act::Replace(file, from, text)
            }
            None if before.starts_with("New file ") => Act::Make(file(), text),
            None if before.starts_with("At the end of ") => Act::Append(file(), text),
            None if before.to_lowercase().contains("in `") && before.ends_with("in place of") => {
                replaced = Some((file(), text));
                continue;
            }
            None => panic!("where does this go? {before:?}\n{text}"),
        });
    }
    assert!(replaced.is_none(), "something is to be replaced by nothing");
    acts
}

fn follow(office: &Office, act: &Act) -> Option<String> {
    let path = |file: &str| format!("practice/{file}");
    match act {
        Act::Type(line) => {
            let words: Vec<&str> = line.split(' ').collect();
            assert_eq!(words[0], "ward", "{line}");
            return Some(office.good(&words[1..]));
        }
        Act::Make(file, text) => {
            assert!(!office.path(&path(file)).exists(), "{file} is there already");
            office.write(&path(file), text);
        }
        Act::Append(file, text) => office.append(&path(file), text),
        Act::Replace(file, from, to) => office.replace(&path(file), from, to),
    }
    None
}

fn page(name: &str) -> String {
    std::fs::read_to_string(Path::new("../../docs/howto").join(format!("{name}.md"))).unwrap()
}

#[test]
fn every_how_to_leads_to_a_good_pack() {
    for name in HOW_TOS {
        let office = Office::new();
        let acts = acts(&page(name));
        let written = acts.iter().filter(|act| !matches!(act, Act::Type(_))).count();
        assert!(written >= 4, "{name} writes {written} blocks");
        let mut said = Vec::new();
        for act in &acts {
            said.extend(follow(&office, act));
        }
        assert!(
            matches!(acts.last(), Some(Act::Type(line)) if line.starts_with("ward pack check")),
            "{name}"
        );
        // What it promises to see is seen.
        let listing = office.json(&["pack", "check", "practice", "--json"]);
        let ids = |key: &str| -> Vec<String> {
            listing[key]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one["id"].as_str().unwrap().to_owned())
                .collect()
        };
        match name {
            "add-a-register" => assert_eq!(ids("registers"), ["inspection", "visit"]),
            "add-a-flow" => {
                assert_eq!(listing["registers"][0]["states"].as_array().unwrap().len(), 5);
                assert_eq!(listing["registers"][0]["steps"].as_array().unwrap().len(), 4);
            }
            "add-a-duty" => {
                assert_eq!(ids("duties"), ["monthly_inspection", "room_inspection", "yearly_inspection"])
            }
            _ => {
                assert_eq!(ids("clauses"), ["1", "2", "3"]);
                let checks = listing["clauses"].as_array().unwrap().iter();
                assert_eq!(checks.map(|clause| clause["checks"].as_array().unwrap().len()).sum::<usize>(), 4);
                assert_eq!(listing["clauses"][1]["registers"], serde_json::json!(["inspection"]));
            }
        }
    }
}

/// Step by step the pack gets no worse than the text says: a check after the last block of a part is good.
#[test]
fn steps_are_numbered_without_a_gap() {
    for name in HOW_TOS {
        let page = page(name);
        let numbers: Vec<usize> =
            page.lines().filter_map(|line| line.split_once(". ")?.0.parse().ok()).collect();
        assert_eq!(numbers, (1..=numbers.len()).collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn every_link_of_a_how_to_leads_somewhere() {
    for name in HOW_TOS {
        let page = page(name);
        let mut examples = 0;
        for link in page.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let text = std::fs::read_to_string(Path::new("../../docs/howto").join(file));
            let text = text.unwrap_or_else(|error| panic!("{name}: {link}: {error}"));
            let anchor = |line: &str| {
                let title = line.trim_start_matches('#').trim().to_lowercase();
                line.starts_with('#') && title.replace(' ', "-") == heading
            };
            assert!(heading.is_empty() || text.lines().any(anchor), "{name}: {link}");
            examples += usize::from(file.starts_with("../../regulations/"));
        }
        assert_eq!(examples, 1, "{name} names one good example");
    }
}
