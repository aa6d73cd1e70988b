//! Problems as people read them: by file, each with its place, the line it stands on, and the mend.
//!
//! Traditional Chinese first. A place is written `file:line:column`, which terminals and editors follow.
//! Every character of the pack is shown harmless, and at most so much of a line as a terminal holds.

use super::advice::mend;
use super::width::{harmless, to_the_right, width, width_of};
use regulation::{Place, Problem};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::IsTerminal as _;

/// What problems are shown with.
pub(super) struct Shown<'s> {
    /// The files of the pack, for the lines.
    pub(super) files: &'s BTreeMap<String, Vec<u8>>,
    /// What paths begin with: empty, or a folder with `/`.
    pub(super) root: &'s str,
    pub(super) paint: Paint,
}

/// Whether colours are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Paint {
    Colours,
    Plain,
}

impl Paint {
    /// For standard output: colours on a terminal whose owner has nothing against them.
    pub(super) fn of_output() -> Self {
        if std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
            Self::Colours
        } else {
            Self::Plain
        }
    }
}

/// What is told apart by colour.
#[derive(Debug, Clone, Copy)]
enum Part {
    Head,
    Line,
    Mark,
    Mend,
}

impl Shown<'_> {
    /// Every problem, and how many there are.
    pub(super) fn problems(&self, problems: &[Problem]) -> String {
        let mut text = String::new();
        let mut by_file: BTreeMap<&str, Vec<&Problem>> = BTreeMap::new();
        for problem in problems {
            by_file.entry(&problem.place.file).or_default().push(problem);
        }
        for (file, problems) in &by_file {
            let count = problems.len();
            let file = self.path(file);
            let head = format!("■ {file}：{count} 項問題 · {count} {}", plural(count, "problem"));
            let _ = writeln!(text, "{}\n", self.painted(Part::Head, &head));
            let (syntax, others): (Vec<&Problem>, Vec<&Problem>) =
                problems.iter().partition(|problem| problem.en.starts_with(SYNTAX));
            syntax.iter().for_each(|problem| self.problem(problem, &mut text));
            if !syntax.is_empty() && !others.is_empty() {
                let zh = "請先改正上列語法錯誤；本檔以下各項可能由其引起。";
                let en = "Mend the syntax first: what follows in this file may come from it.";
                let _ = writeln!(text, "{zh}\n{en}\n");
            }
            others.iter().for_each(|problem| self.problem(problem, &mut text));
        }
        let (all, files) = (problems.len(), by_file.len());
        let _ = writeln!(
            text,
            "檢查不通過：{files} 個檔案，共 {all} 項問題。\nNot good: {all} {} in {files} {}.",
            plural(all, "problem"),
            plural(files, "file")
        );
        text
    }

    /// What is not wrong but should be known; nothing where there is nothing.
    pub(super) fn notes(&self, notes: &[Problem]) -> String {
        if notes.is_empty() {
            return String::new();
        }
        let head = format!(
            "■ 附註：{} 項，並非問題 · {} {}, not problems",
            notes.len(),
            notes.len(),
            plural(notes.len(), "note")
        );
        let mut text = format!("{}\n\n", self.painted(Part::Head, &head));
        for note in notes {
            let _ = writeln!(
                text,
                "{}\n  {}\n  {}",
                self.place(&note.place),
                harmless(&note.zh),
                harmless(&note.en)
            );
        }
        text.push('\n');
        text
    }

    fn problem(&self, problem: &Problem, text: &mut String) {
        let _ = writeln!(text, "{}", self.painted(Part::Head, &self.place(&problem.place)));
        let _ = writeln!(text, "  {}\n  {}", harmless(&problem.zh), harmless(&problem.en));
        self.excerpt(&problem.place, text);
        let told = mend(problem);
        let mend = format!("  → {}\n    {}", harmless(&told.zh), harmless(&told.en));
        let _ = writeln!(text, "{}\n", self.painted(Part::Mend, &mend));
    }

    /// The line, and below it the mark.
    fn excerpt(&self, place: &Place, text: &mut String) {
        let Some(line) = self.line(place) else { return };
        let (shown, before, marked) = window(&harmless(line), place.column as usize - 1);
        let number = to_the_right(&place.line.to_string(), 5);
        let bar = self.painted(Part::Line, "│");
        let mark = format!("{}{}", " ".repeat(before), "^".repeat(marked));
        let _ = writeln!(text, "{} {bar} {shown}", self.painted(Part::Line, &number));
        let _ = writeln!(text, "      {bar} {}", self.painted(Part::Mark, &mark));
    }

    /// The line of a place; none where the whole file is meant, or there is no such line.
    fn line(&self, place: &Place) -> Option<&str> {
        let bytes = self.files.get(&place.file)?;
        let line = bytes.split(|byte| *byte == b'\n').nth(place.line.checked_sub(1)? as usize)?;
        let line = std::str::from_utf8(line).ok()?.trim_end_matches('\r');
        (place.column >= 1 && !line.trim().is_empty()).then_some(line)
    }

    fn place(&self, place: &Place) -> String {
        format!("{}:{}:{}", self.path(&place.file), place.line, place.column)
    }

    fn path(&self, file: &str) -> String {
        harmless(&format!("{}{file}", self.root))
    }

    fn painted(&self, part: Part, text: &str) -> String {
        let code = match (self.paint, part) {
            (Paint::Plain, _) => return text.to_owned(),
            (Paint::Colours, Part::Head) => "1",
            (Paint::Colours, Part::Line) => "2",
            (Paint::Colours, Part::Mark) => "1;31",
            (Paint::Colours, Part::Mend) => "32",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

/// As much of a line as fits with the character at `at` (from 0) in sight, the columns before the mark, and how wide
/// the mark is.
fn window(line: &str, at: usize) -> (String, usize, usize) {
    let characters: Vec<char> = line.chars().collect();
    let marked: String =
        characters.get(at..).map_or_else(String::new, |rest| rest.iter().take(token(rest)).collect());
    let head: String = characters.iter().take(at).collect();
    // Left is cut so much that the mark is seen, and a little behind it; where it is too long, its beginning.
    let behind = width(line).saturating_sub(width(&head) + width(&marked)).min(BEHIND);
    let over = (width(&head) + width(&marked) + behind + 1).saturating_sub(ROOM);
    let mut cut = if width(line) > ROOM { over.min(width(&head).saturating_sub(BEHIND)) } else { 0 };
    let mut start = 0;
    while cut > 0 {
        cut = cut.saturating_sub(characters.get(start).copied().map_or(cut, width_of));
        start += 1;
    }
    let mut shown = if start > 0 { "…".to_owned() } else { String::new() };
    let mut before = 0;
    for (index, character) in characters.iter().enumerate().skip(start) {
        if index == at {
            before = width(&shown);
        }
        if width(&shown) + width_of(*character) > ROOM - 1 && index + 1 < characters.len() {
            shown.push('…');
            break;
        }
        shown.push(*character);
    }
    if at >= characters.len() {
        before = width(&shown);
    }
    let mark = width(&marked).clamp(1, (ROOM + 1).saturating_sub(before).max(1));
    (shown, before, mark)
}

/// How many characters the thing has that begins here: a text in quotes, a word, or one.
fn token(rest: &[char]) -> usize {
    match rest.first() {
        Some(quote @ ('"' | '\'')) => rest.iter().skip(1).position(|c| c == quote).map_or(1, |end| end + 2),
        Some(first) if first.is_alphanumeric() || *first == '_' => {
            rest.iter().take_while(|c| c.is_alphanumeric() || **c == '_').count()
        }
        _ => 1,
    }
}

fn plural(count: usize, word: &str) -> String {
    if count == 1 { word.to_owned() } else { format!("{word}s") }
}

/// How a problem begins that says a file could not be read as TOML.
const SYNTAX: &str = "not TOML";

/// Columns a line of the pack may take; with its number it fits into 80.
const ROOM: usize = 70;

/// Columns that are shown behind what is meant, and at least before it, where a line is cut.
const BEHIND: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    /// The line as it is shown with its mark.
    fn check(line: &str, at: usize, shown: &str, mark: &str) {
        let (text, before, marked) = window(line, at);
        assert_eq!(
            (text.as_str(), format!("{}{}", " ".repeat(before), "^".repeat(marked)).as_str()),
            (shown, mark)
        );
        assert!(width(shown) <= ROOM && width(mark) <= ROOM + 1, "{line}");
    }

    #[test]
    fn the_mark_stands_below_what_is_meant() {
        check("to = \"lost\"", 5, "to = \"lost\"", "     ^^^^^^");
        check("to = 'lost'", 0, "to = 'lost'", "^^");
        check("zh = \"機房\", de = 1", 11, "zh = \"機房\", de = 1", "             ^^");
        check("zh = \"機房\"", 5, "zh = \"機房\"", "     ^^^^^^");
        check("by = \"", 5, "by = \"", "     ^");
        check("by = ", 5, "by = ", "     ^");
        check("by = ", 99, "by = ", "     ^");
        check("", 0, "", "^");
    }

    #[test]
    fn long_lines_are_cut_around_the_mark() {
        let long = format!("{} = bad {}", "a".repeat(100), "機".repeat(100));
        let (shown, before, marked) = window(&long, 103);
        assert!(shown.starts_with('…') && shown.ends_with('…') && width(&shown) <= ROOM, "{shown}");
        assert_eq!(shown.chars().skip(before).take(marked).collect::<String>(), "bad");
        let (shown, before, _) = window(&long, 0);
        assert!(shown.starts_with("aaa") && shown.ends_with('…') && before == 0, "{shown}");
        let (shown, before, marked) = window(&long, 206);
        assert!(width(&shown) <= ROOM && before + marked <= ROOM + 1, "{shown} {before} {marked}");
    }

    #[test]
    fn colours_are_only_for_those_who_see_them() {
        let files = BTreeMap::from([("a.toml".to_owned(), b"x = 1\n".to_vec())]);
        let place = Place { file: "a.toml".into(), line: 1, column: 1 };
        let problem =
            Problem { place, zh: "不對".into(), en: "wrong".into(), suggestion: Some("y".into()) };
        let text = |paint| Shown { files: &files, root: "", paint }.problems(std::slice::from_ref(&problem));
        assert!(text(Paint::Colours).contains('\u{1b}') && !text(Paint::Plain).contains('\u{1b}'));
    }
}
