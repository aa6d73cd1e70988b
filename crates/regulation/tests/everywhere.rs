//! What is refused wherever it stands: in every place of the tiny pack where there can be one, a language is left out,
//! a role is made unknown, a condition is made of another type; each is told at its line. And any line left out.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which fail by panicking")]

use regulation::{Files, Folder, Problem, Source, load};
use std::collections::BTreeMap;
use std::path::Path;

/// A spot of a file: from one byte to another, on a line.
struct Spot {
    file: String,
    from: usize,
    to: usize,
    line: u32,
}

fn files() -> BTreeMap<String, Vec<u8>> {
    Folder::new(Path::new("tests/tiny")).files().unwrap()
}

/// The problems of the pack with something else in one spot.
fn problems(files: &BTreeMap<String, Vec<u8>>, spot: &Spot, with: &str) -> Vec<Problem> {
    let mut changed = files.clone();
    let text = std::str::from_utf8(&files[&spot.file]).unwrap();
    let text = format!("{}{with}{}", &text[..spot.from], &text[spot.to..]);
    changed.insert(spot.file.clone(), text.into_bytes());
    load(&Files::new(changed)).err().unwrap_or_default()
}

/// Where `start` is followed by something up to `end`, on one line; `start` and `end` are not part of the spot.
fn spots(files: &BTreeMap<String, Vec<u8>>, start: &str, end: &str) -> Vec<Spot> {
    let mut spots = Vec::new();
    for (file, bytes) in files.iter().filter(|(file, _)| file.ends_with(".toml")) {
        let text = std::str::from_utf8(bytes).unwrap();
        for (at, _) in text.match_indices(start) {
            let from = at + start.len();
            let Some(length) = text[from..].find(end) else { continue };
            let to = from + length;
            if text[from..to].contains('\n') {
                continue;
            }
            let line = u32::try_from(text[..from].matches('\n').count() + 1).unwrap();
            spots.push(Spot { file: file.clone(), from, to, line });
        }
    }
    spots
}

/// A problem is told at the spot's line, in these words; and none without a place.
fn told(found: &[Problem], spot: &Spot, en: &str) {
    let here = |problem: &&Problem| problem.place.file == spot.file && problem.place.line == spot.line;
    let all: Vec<String> = found.iter().map(ToString::to_string).collect();
    let fits = found.iter().filter(here).any(|problem| problem.en.contains(en) && !problem.zh.is_empty());
    assert!(fits, "{}:{}: {en:?} is expected, not:\n{}", spot.file, spot.line, all.join("\n"));
}

#[test]
fn a_language_left_out_is_refused_wherever_there_is_a_text() {
    let files = files();
    let texts = spots(&files, "{ zh = ", " }");
    assert!(texts.len() > 100, "{} texts", texts.len());
    for spot in &texts {
        let text = &std::str::from_utf8(&files[&spot.file]).unwrap()[spot.from..spot.to];
        let (zh, en) = text.split_once(", en = ").unwrap_or_else(|| panic!("{text} has one language"));
        told(&problems(&files, spot, zh), spot, "English text is missing");
        told(
            &problems(
                &files,
                &Spot { from: spot.from - "zh = ".len(), file: spot.file.clone(), ..*spot },
                &format!("en = {en}"),
            ),
            spot,
            "Chinese text is missing",
        );
    }
}

#[test]
fn an_unknown_role_is_refused_wherever_a_role_is_named() {
    let files = files();
    let named = spots(&files, "{ role = \"", "\"");
    let listed = ["roles = [\"", "incompatible = [\"", "role = \""]
        .into_iter()
        .flat_map(|start| spots(&files, start, "\""));
    let all: Vec<Spot> = named.into_iter().chain(listed).collect();
    assert!(all.len() > 25, "{} places", all.len());
    for spot in &all {
        told(&problems(&files, spot, "nobody_at_all"), spot, "no role \"nobody_at_all\"");
    }
}

#[test]
fn a_condition_of_another_type_is_refused_wherever_there_is_one() {
    let files = files();
    let keys = [
        "rule", "where", "only", "show", "value", "before", "until", "share", "newest", "when", "required",
        "person",
    ];
    let mut tried = 0;
    for key in keys {
        for spot in spots(&files, &format!("{key} = \""), "\"") {
            told(&problems(&files, &spot, "'a' + 1"), &spot, "cannot be combined");
            tried += 1;
        }
    }
    assert!(tried > 20, "{tried} conditions");
}

/// Leaving out any one line, or breaking it, either changes nothing that matters or is told; nothing is dropped
/// in silence and nothing panics.
#[test]
fn leaving_out_any_line_is_told_or_leaves_a_whole_pack() {
    let files = Folder::new(Path::new("tests/tiny")).files().unwrap();
    for (file, bytes) in files.iter().filter(|(file, _)| file.ends_with(".toml")) {
        let text = std::str::from_utf8(bytes).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for left_out in 0..lines.len() {
            let kept =
                lines.iter().enumerate().filter(|(index, _)| *index != left_out).map(|(_, line)| *line);
            let mut changed = files.clone();
            changed.insert(file.clone(), kept.collect::<Vec<_>>().join("\n").into_bytes());
            match load(&Files::new(changed)) {
                Ok(pack) => assert_eq!(pack.registers.len() + pack.clauses.len() + pack.duties.len(), 15),
                Err(problems) => {
                    let unnamed = problems.iter().find(|problem| problem.place.file == ".");
                    assert_eq!(unnamed, None, "{file}: {}", lines[left_out]);
                }
            }
        }
    }
}
