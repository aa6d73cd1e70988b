//! `ward pack check`: is a pack whole and right?
//!
//! Exit codes: 0 no problems, 1 problems, 2 there is no pack to check.

use super::{listing, print, report, summary};
use crate::packs;
use crate::told::Refused;
use clap::Args;
use model::Told;
use regulation::{Files, Folder, Source as _, load_with};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Check a pack.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// 規範的資料夾（預設為隨附的規範 taichung-2001）。The pack's folder (default: taichung-2001, built in).
    dir: Option<PathBuf>,
    /// 以 JSON 輸出。Output JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Check) -> anyhow::Result<ExitCode> {
    let (files, root) = chosen(args.dir.as_deref())?;
    let sections = packs::sections();
    let found = load_with(&Files::new(files.clone()), &sections);
    let shown = report::Shown { files: &files, root: &root, paint: report::Paint::of_output() };
    let text = match (&found, args.json) {
        (Ok(pack), true) => format!("{}\n", listing::listing(pack, &sections)),
        (Ok(pack), false) => format!("{}{}", shown.notes(&pack.notes), summary::summary(pack)),
        (Err(problems), true) => {
            let problems: Vec<_> = problems.iter().map(listing::problem).collect();
            format!("{}\n", json!({ "good": false, "problems": problems }))
        }
        (Err(problems), false) => shown.problems(problems),
    };
    print(&text)?;
    Ok(ExitCode::from(u8::from(found.is_err())))
}

/// The files of the pack that is named, or of the one that is built in, and what their paths are shown below.
pub(super) fn chosen(dir: Option<&Path>) -> anyhow::Result<(BTreeMap<String, Vec<u8>>, String)> {
    match dir {
        Some(dir) => Ok((folder(dir)?, root_of(dir))),
        None => embedded(packs::DEFAULT),
    }
}

/// The files of a pack that is built in, and what their paths are shown below.
pub(super) fn embedded(name: &str) -> anyhow::Result<(BTreeMap<String, Vec<u8>>, String)> {
    let files = packs::embedded(name).ok_or_else(|| {
        let names = packs::names().collect::<Vec<_>>().join(", ");
        Refused::say(
            format!("沒有隨附的規範「{name}」；隨附者：{names}"),
            format!("no pack {name:?} is built in; there are: {names}"),
        )
    })?;
    Ok((files.files()?, format!("{name}/")))
}

/// The files of a folder that is at least meant to be a pack.
pub(super) fn folder(dir: &Path) -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
    if !dir.is_dir() {
        return Err(no_folder(dir));
    }
    let files = Folder::new(dir).files().map_err(|error| {
        let shown = dir.display();
        Refused::say(format!("無法讀取「{shown}」：{error}"), format!("{shown} cannot be read: {error}"))
    })?;
    if HEADS.iter().any(|head| files.contains_key(*head)) {
        return Ok(files);
    }
    Err(no_pack(dir, &files))
}

fn no_folder(dir: &Path) -> anyhow::Error {
    let shown = dir.display();
    let name = dir.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let told = if dir.is_file() {
        let folder = dir.ancestors().skip(1).find(|above| above.join("pack.toml").is_file());
        let folder = folder
            .map_or_else(|| "DIR".to_owned(), |folder| root_of(folder).trim_end_matches('/').to_owned());
        let folder = if folder.is_empty() { "." } else { &folder };
        Told::new(
            format!("「{shown}」是檔案；請指定整個規範的資料夾：ward pack check {folder}"),
            format!("{shown} is a file; name the folder of the whole pack: ward pack check {folder}"),
        )
    } else if packs::names().any(|one| one == name) {
        Told::new(
            format!(
                "沒有「{shown}」這個資料夾；要檢查隨附的規範「{}」，請不加資料夾：ward pack check",
                packs::DEFAULT
            ),
            format!(
                "there is no folder {shown}; to check {}, which is built in, name none: ward pack check",
                packs::DEFAULT
            ),
        )
    } else {
        Told::new(
            format!("沒有「{shown}」這個資料夾；要建立新的規範：ward pack new {shown}"),
            format!("there is no folder {shown}; to begin a pack: ward pack new {shown}"),
        )
    };
    Refused::misuse(told)
}

/// The folder is there and holds no pack; perhaps one stands below it.
fn no_pack(dir: &Path, files: &BTreeMap<String, Vec<u8>>) -> anyhow::Error {
    let below: Vec<String> = files
        .keys()
        .filter_map(|path| path.strip_suffix("/pack.toml"))
        .map(|path| format!("ward pack check {}{path}", root_of(dir)))
        .collect();
    let shown = dir.display();
    let (zh, en) = if below.is_empty() {
        ("；要建立新的規範：ward pack new DIR".to_owned(), "; to begin a pack: ward pack new DIR".to_owned())
    } else {
        let below = below.join("\n  ");
        (format!("；其下有規範，請改為\n  {below}"), format!("; there are packs below it, write\n  {below}"))
    };
    Refused::say(
        format!("「{shown}」不是規範：其中沒有 pack.toml{zh}"),
        format!("{shown} is no pack: it has no pack.toml{en}"),
    )
}

/// What paths inside the pack are shown below, so that an editor finds them.
pub(super) fn root_of(dir: &Path) -> String {
    let shown = dir.display().to_string();
    let shown = shown.trim_end_matches('/');
    match shown.strip_prefix("./").unwrap_or(shown) {
        "." => String::new(),
        "" if dir.is_absolute() => "/".to_owned(),
        "" => String::new(),
        shown => format!("{shown}/"),
    }
}

/// Files without any of which a folder is no pack at all.
const HEADS: [&str; 3] = ["pack.toml", "grades.toml", "roles.toml"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_shown_as_they_were_typed() {
        for (dir, root) in [
            (".", ""),
            ("./", ""),
            ("a", "a/"),
            ("./a/", "a/"),
            ("../a//", "../a/"),
            ("/", "/"),
            ("/a", "/a/"),
        ] {
            assert_eq!(root_of(Path::new(dir)), root, "{dir}");
        }
    }
}
