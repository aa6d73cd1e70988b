//! `ward pack new`: a small, complete pack with comments that teach.
//!
//! Owns: the templates in `new/`, which pass `ward pack check` as they are.
//! Invariants: a folder that is there already is refused and stays as it was; a folder that could not be finished is
//! taken away again. The office calendars are those of the embedded pack; a year it lacks is told, never guessed.
//! Source: `docs/pack.md`.

use super::{print, schema};
use crate::machine::SystemClock;
use crate::packs;
use crate::told::{Refused, tell};
use clap::Args;
use model::{Clock as _, Told};
use regulation::{PackId, Source as _, Zone};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Begin a pack.
#[derive(Debug, Args)]
pub(crate) struct New {
    /// 新的資料夾，不得已存在。A new folder, which must not be there yet.
    dir: PathBuf,
    /// 代號（預設為資料夾名稱），例如 keys-2026。Its id (default: the folder's name), for example keys-2026.
    #[arg(long)]
    id: Option<String>,
    /// 中文名稱。Its title in Chinese.
    #[arg(long, requires = "title_en")]
    title_zh: Option<String>,
    /// 英文名稱。Its title in English.
    #[arg(long, requires = "title_zh")]
    title_en: Option<String>,
}

pub(crate) fn run(args: &New) -> anyhow::Result<ExitCode> {
    let dir = &args.dir;
    if std::fs::symlink_metadata(dir).is_ok() {
        return Err(there_already(dir));
    }
    let id = id(args)?;
    for (title, option) in [(&args.title_zh, "--title-zh"), (&args.title_en, "--title-en")] {
        if title.as_deref().is_some_and(|title| title.trim().is_empty()) {
            return Err(Refused::say(format!("{option} 不可空白。"), format!("{option} is empty.")));
        }
    }
    let title = |given: &Option<String>, absent: &str| quoted(given.as_deref().unwrap_or(absent));
    let year = this_year();
    let words = Words {
        id: id.to_string(),
        title_zh: title(&args.title_zh, "（法規名稱）"),
        title_en: title(&args.title_en, "(title of the regulation)"),
        year: year.to_string(),
    };
    create(dir, &files(&words, calendars(year)?))?;
    let schemas = schema::write(dir)?;
    let (shown, schemas) = (dir.display(), schemas.display());
    print(&format!(
        "已建立規範「{id}」：{shown}（綱要在 {schemas}）\n  下一步：ward pack check {shown}\n\
         The pack {id} is in {shown} (schemas in {schemas})\n  Next: ward pack check {shown}\n"
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// What is filled into the templates; titles as TOML writes texts.
struct Words {
    id: String,
    title_zh: String,
    title_en: String,
    year: String,
}

/// The files of the new pack.
fn files(words: &Words, calendars: BTreeMap<i16, Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
    let filled = TEMPLATES.iter().map(|(path, text)| ((*path).to_owned(), words.fill(text).into_bytes()));
    let calendars = calendars.into_iter().map(|(year, bytes)| (format!("calendars/{year}.toml"), bytes));
    filled.chain(calendars).collect()
}

impl Words {
    /// The template with its words; what is filled in is not looked at again.
    fn fill(&self, template: &str) -> String {
        let parts = template.split('$').map(|part| match part {
            "ID" => &self.id,
            "TITLE_ZH" => &self.title_zh,
            "TITLE_EN" => &self.title_en,
            "YEAR" => &self.year,
            other => other,
        });
        parts.collect()
    }
}

/// The pack's id: the one asked for, or the folder's name.
fn id(args: &New) -> anyhow::Result<PackId> {
    let name = args.dir.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let text = args.id.as_deref().unwrap_or(name);
    text.parse().map_err(|_| {
        Refused::say(
            format!("「{text}」不能作為代號：須以小寫英文字母開頭，僅含小寫字母、數字、_ 與 -，最多 40 字；請以 --id 指定。"),
            format!("{text:?} cannot be the id: a small letter, then small letters, digits, _ and -, at most 40; name one with --id."),
        )
    })
}

/// The calendars of this year and the next, as far as they are at hand; what is missing is told.
fn calendars(year: i16) -> anyhow::Result<BTreeMap<i16, Vec<u8>>> {
    let files = packs::embedded(packs::DEFAULT).unwrap_or_default().files()?;
    let known = |year: &i16| Some((*year, files.get(&format!("calendars/{year}.toml"))?.clone()));
    let wanted = [year, year + 1];
    let found: BTreeMap<i16, Vec<u8>> = wanted.iter().filter_map(known).collect();
    for missing in wanted.iter().filter(|year| !found.contains_key(year)) {
        tell(&Told::new(
            format!("本版未附 {missing} 年辦公日曆，請自行增加 calendars/{missing}.toml。"),
            format!(
                "This version has no office calendar of {missing}; add calendars/{missing}.toml yourself."
            ),
        ));
    }
    Ok(found)
}

fn this_year() -> i16 {
    let now = SystemClock.now();
    Zone::new("Asia/Taipei").map_or(1970, |zone| zone.date(now).year())
}

/// Makes the folder with its files, or leaves nothing.
fn create(dir: &Path, files: &BTreeMap<String, Vec<u8>>) -> anyhow::Result<()> {
    if let Some(parent) = dir.parent() {
        std::fs::create_dir_all(parent)?;
    }
    match std::fs::create_dir(dir) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(there_already(dir)),
        made => made?,
    }
    let written = files.iter().try_for_each(|(path, bytes)| {
        let path = dir.join(path);
        path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
        install(&path, bytes)
    });
    if written.is_err() {
        // It was made a moment ago; what of it cannot be taken away is told by the error below.
        let _ = std::fs::remove_dir_all(dir);
    }
    written
}

fn there_already(dir: &Path) -> anyhow::Error {
    let shown = dir.display();
    Refused::say(
        format!("「{shown}」已存在，未作任何更動；請另選資料夾。"),
        format!("{shown} is there already and was left as it is; choose another folder."),
    )
}

/// Writes a file of a pack, which lies with its keepers and not in the installation.
pub(super) fn install(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "files for people to edit; nothing rests on them yet")]
    let written = std::fs::write(path, bytes);
    written.map_err(|error| {
        let shown = path.display();
        Refused::say(format!("無法寫入「{shown}」：{error}"), format!("{shown} cannot be written: {error}"))
    })
}

/// A text as TOML writes it, quotes included.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            other if other.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(other))),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// The files of a new pack. `$ID$`, `$TITLE_ZH$`, `$TITLE_EN$` and `$YEAR$` are filled in; there is no other `$`.
const TEMPLATES: [(&str, &str); 8] = [
    ("README.md", include_str!("new/README.md")),
    ("pack.toml", include_str!("new/pack.toml")),
    ("grades.toml", include_str!("new/grades.toml")),
    ("roles.toml", include_str!("new/roles.toml")),
    ("clauses/main.toml", include_str!("new/clauses.toml")),
    ("registers/inspection.toml", include_str!("new/register.toml")),
    ("duties/main.toml", include_str!("new/duties.toml")),
    ("policies/main.cedar", include_str!("new/policies.cedar")),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_read_back_as_they_were_given() {
        for title in
            ["說「是」", "a \"quote\" and \\", "line\nbreak\t\u{7f}\u{0}", "$ID$ {x}", "# no comment"]
        {
            let words = Words {
                id: "a".into(),
                title_zh: quoted(title),
                title_en: quoted(title),
                year: "2026".into(),
            };
            let pack = regulation::load(&regulation::Files::new(files(&words, calendars(2026).unwrap())));
            let read = pack.map(|pack| (pack.title.zh().to_owned(), pack.title.en().to_owned()));
            assert_eq!(read, Ok((title.to_owned(), title.to_owned())));
        }
    }

    #[test]
    fn a_pack_without_any_calendar_is_still_good() {
        let words =
            Words { id: "a".into(), title_zh: quoted("甲"), title_en: quoted("A"), year: "2090".into() };
        let pack = regulation::load(&regulation::Files::new(files(&words, BTreeMap::new())));
        assert_eq!(pack.map(|pack| pack.duties.len()), Ok(1));
    }

    #[test]
    fn a_year_without_a_calendar_is_not_guessed() {
        assert_eq!(calendars(2026).unwrap().into_keys().collect::<Vec<_>>(), [2026, 2027]);
        assert_eq!(calendars(2027).unwrap().into_keys().collect::<Vec<_>>(), [2027]);
        assert!(calendars(2090).unwrap().is_empty());
    }
}
