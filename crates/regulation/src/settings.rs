//! A file of settings that belongs to no pack, read by the means of packs: what is wrong with it has a place and is told
//! in both languages, a key that does not exist is refused.

use crate::problem::{Place, Problem};
use crate::raw::{Document, Problems, Table};
use crate::section::whole_file;
use crate::shape::{Shape, check};

/// What is found wrong while a file is read.
pub struct Findings<'p>(&'p Problems);

impl Findings<'_> {
    /// Something is wrong there.
    pub fn problem(&self, place: Place, zh: impl Into<String>, en: impl Into<String>) {
        self.0.add(place, zh, en);
    }
}

/// Reads a file of this shape; `path` is what it is called in problems. `read` sees what departs from the shape, too:
/// what it asks for is not there then.
///
/// # Errors
/// Every problem, in order of line and column.
pub fn settings<T>(
    path: &str,
    content: &[u8],
    shape: &Shape,
    read: impl FnOnce(Table<'_>, &Findings<'_>) -> Option<T>,
) -> Result<T, Vec<Problem>> {
    let problems = Problems::default();
    let text = std::str::from_utf8(content).unwrap_or_else(|error| {
        let line = content.iter().take(error.valid_up_to()).filter(|byte| **byte == b'\n').count() + 1;
        let place = Place { line: u32::try_from(line).unwrap_or(u32::MAX), ..whole_file(path) };
        problems.add(place, "檔案不是 UTF-8", "the file is not UTF-8");
        ""
    });
    let document = Document::parse(path, text, &problems);
    let is_text = !problems.any();
    if is_text {
        check(document.root(), shape, &problems);
    }
    let settings = is_text.then(|| read(document.root(), &Findings(&problems))).flatten();
    let (found, _) = problems.into_lists();
    match settings {
        Some(settings) if found.is_empty() => Ok(settings),
        None if found.is_empty() => Err(vec![Problem {
            place: whole_file(path),
            zh: "設定不完整".into(),
            en: "the settings are not whole".into(),
            suggestion: None,
        }]),
        _ => Err(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::{Form, may, need};

    static SHAPE: Shape = Shape {
        keys: &[
            need("name", Form::Text, "名稱", "its name"),
            may("most", Form::Whole(1, 9), "最多", "how many at most"),
        ],
    };

    fn read(content: &[u8]) -> Result<(String, u32), Vec<String>> {
        let name = |table: Table<'_>, findings: &Findings<'_>| {
            let name = table.text("name")?;
            if name == "nobody" {
                findings.problem(table.place_at("name"), "沒有此人", "there is nobody of this name");
            }
            Some((name.to_owned(), table.small("most").unwrap_or(9)))
        };
        settings("a.toml", content, &SHAPE, name)
            .map_err(|problems| problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn settings_come_out_whole_or_not_at_all() {
        assert_eq!(read(b"name = \"x\"\nmost = 3\n"), Ok(("x".to_owned(), 3)));
        for (content, wrong) in [
            (&b"name = \"x\"\nmots = 3\n"[..], "a.toml:2:1: 沒有「mots」這個鍵"),
            (b"name = \"x\"\nmost = 10\n", "a.toml:2:8: 此處應為1 至 9 之整數"),
            (b"\nname = \"nobody\"\n", "a.toml:2:8: 沒有此人 / there is nobody of this name"),
            (b"most = 1\n", "a.toml:1:1: 缺少「name」"),
            (b"name = \"x\"\n\xff\n", "a.toml:2:1: 檔案不是 UTF-8"),
            (b"name = \n", "a.toml:1:8: TOML 語法錯誤"),
        ] {
            let told = read(content).unwrap_err();
            assert!(told.first().is_some_and(|first| first.starts_with(wrong)), "{told:?}");
        }
        assert!(read(b"name = \"x\"\nmots = 3\n").unwrap_err().concat().ends_with("most"));
    }
}
