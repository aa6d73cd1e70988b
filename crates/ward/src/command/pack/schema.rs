//! `ward pack schema`: the JSON Schemas of a pack's files, in `schema/` beside the pack.
//!
//! There the first line of each file of a pack looks for them: `#:schema ../../schema/register.json`.
//! Owns: the files it writes, which follow from the program and are written anew each time. Touches no others.

use super::{new::install, print};
use crate::packs;
use crate::told::Refused;
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Write the schemas.
#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// 規範的資料夾；綱要寫在其旁的 schema/。The pack's folder; the schemas go to schema/ beside it.
    dir: PathBuf,
}

pub(crate) fn run(args: &Schema) -> anyhow::Result<ExitCode> {
    if !args.dir.join("pack.toml").is_file() {
        let shown = args.dir.display();
        return Err(Refused::say(
            format!("「{shown}」不是規範：其中沒有 pack.toml；要建立新的規範：ward pack new {shown}"),
            format!("{shown} is no pack: it has no pack.toml; to begin one: ward pack new {shown}"),
        ));
    }
    let folder = write(&args.dir)?;
    let shown = folder.display();
    print(&format!("綱要已寫入 {shown}\nThe schemas are in {shown}\n"))?;
    Ok(ExitCode::SUCCESS)
}

/// Writes the schemas beside the pack; gives their folder.
pub(super) fn write(pack: &Path) -> anyhow::Result<PathBuf> {
    let folder = beside(pack)?.join("schema");
    std::fs::create_dir_all(&folder)?;
    for (name, mut schema) in regulation::schemas(&packs::sections()) {
        // The order of keys must not hang on which features other crates ask of serde_json.
        schema.sort_all_objects();
        let text = format!("{}\n", serde_json::to_string_pretty(&schema)?);
        install(&folder.join(format!("{name}.json")), text.as_bytes())?;
    }
    Ok(folder)
}

/// The folder the pack lies in.
fn beside(pack: &Path) -> anyhow::Result<PathBuf> {
    let named = pack.file_name().is_some();
    match pack.parent() {
        Some(parent) if named => Ok(parent.to_owned()),
        // `.`, `..` and the like: where they lie is known only to the disk.
        _ => Ok(pack.canonicalize()?.parent().unwrap_or(Path::new("/")).to_owned()),
    }
}
