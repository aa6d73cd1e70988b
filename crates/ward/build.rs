//! Lists the files of every pack in `regulations/`, so that they are built into the program.
//!
//! Writes one Rust expression, `packs.rs` in the output folder: packs by name, files by path, both in order, the
//! bytes by `include_bytes!`. The same files give the same program.
//! Cargo runs it again when a file of the folder appears, changes or goes.

use std::fmt::Write as _;
use std::io::{Error, Result};
use std::path::{Path, PathBuf};

fn main() -> Result<()> {
    let regulations =
        PathBuf::from(variable("CARGO_MANIFEST_DIR")?).join("../../regulations").canonicalize()?;
    println!("cargo::rerun-if-changed={}", regulations.display());
    let mut source = String::from("&[\n");
    for pack in entries(&regulations)?.into_iter().filter(|folder| folder.join("pack.toml").is_file()) {
        let _ = writeln!(source, "    ({:?}, &[", name(&pack)?);
        files(&pack, "", &mut source)?;
        source.push_str("    ]),\n");
    }
    source.push_str("]\n");
    #[expect(clippy::disallowed_methods, reason = "what a build writes is built again when it is lost")]
    std::fs::write(PathBuf::from(variable("OUT_DIR")?).join("packs.rs"), source)
}

/// A line for each file below the folder.
fn files(folder: &Path, prefix: &str, source: &mut String) -> Result<()> {
    for entry in entries(folder)? {
        let path = format!("{prefix}{}", name(&entry)?);
        if entry.is_dir() {
            files(&entry, &format!("{path}/"), source)?;
        } else {
            let _ = writeln!(source, "        ({path:?}, include_bytes!({:?})),", text(&entry)?);
        }
    }
    Ok(())
}

/// What the folder holds, hidden files aside, in order.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    let mut entries = entries.collect::<Result<Vec<PathBuf>>>()?;
    entries.retain(|entry| name(entry).is_ok_and(|name| !name.starts_with('.')));
    entries.sort();
    Ok(entries)
}

fn name(path: &Path) -> Result<&str> {
    path.file_name().and_then(|name| name.to_str()).ok_or_else(|| no_text(path))
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().ok_or_else(|| no_text(path))
}

fn no_text(path: &Path) -> Error {
    Error::other(format!("{} is no name in UTF-8", path.display()))
}

fn variable(name: &str) -> Result<String> {
    std::env::var(name).map_err(|_| Error::other(format!("cargo did not set {name}")))
}
