//! The clone as the rules see it: its text files, what git tracks, what cargo says of its packages.
//!
//! Owns every process and every file that `xtask` reads. Nothing here writes.
//! Does not: judge; that is `tidy`.

use anyhow::{Context as _, bail};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// All that the rules look at.
pub(crate) struct Clone {
    /// The folder of the root `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Text files that are tracked or could be, sorted by path.
    pub(crate) files: Vec<File>,
    /// Paths that git tracks.
    pub(crate) tracked: BTreeSet<String>,
    /// What `cargo metadata` says.
    pub(crate) metadata: Metadata,
}

/// A text file.
pub(crate) struct File {
    /// Relative to the root, with `/`.
    pub(crate) path: String,
    /// Its content.
    pub(crate) text: String,
}

/// The part of `cargo metadata` that rules need.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    /// Every package of the lock file that this platform builds, members included.
    pub(crate) packages: Vec<Package>,
}

/// One package.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    /// Its name.
    pub(crate) name: String,
    /// Its version.
    pub(crate) version: String,
    /// Its licence, an SPDX expression.
    pub(crate) license: Option<String>,
    /// Where it comes from; none for a folder of this clone.
    pub(crate) source: Option<String>,
    /// Its manifest, absolute.
    pub(crate) manifest_path: PathBuf,
    /// What it asks for.
    pub(crate) dependencies: Vec<Dependency>,
}

/// One line of a package's dependencies.
#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    /// The package it asks for.
    pub(crate) name: String,
    /// None for a normal dependency, else `dev` or `build`.
    pub(crate) kind: Option<String>,
    /// The folder of a dependency within this clone.
    pub(crate) path: Option<PathBuf>,
}

/// The root of the clone that `cargo xtask` was called in.
///
/// It is asked at run time: a target folder shared by two clones must not tie the binary to one of them.
///
/// # Errors
/// Not started by cargo.
pub(crate) fn root() -> anyhow::Result<PathBuf> {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR").context("start it as `cargo xtask`")?;
    let root = Path::new(&manifest).ancestors().nth(2).context("crates/xtask stands two folders deep")?;
    Ok(root.to_owned())
}

impl Clone {
    /// Reads the clone at `root`.
    ///
    /// # Errors
    /// git or cargo failed, or a file could not be read.
    pub(crate) fn read(root: &Path) -> anyhow::Result<Self> {
        let listed = run(root, "git", &["ls-files", "-z", "--cached", "--others", "--exclude-standard"])?;
        let mut paths: Vec<&str> = listed.split('\0').filter(|path| is_text(path)).collect();
        paths.sort_unstable();
        paths.dedup();
        let files = paths.into_iter().filter_map(|path| File::read(root, path).transpose());
        let tracked = run(root, "git", &["ls-files", "-z"])?;
        let metadata = run(
            root,
            "cargo",
            &["metadata", "--locked", "--format-version=1", "--filter-platform=x86_64-unknown-linux-gnu"],
        )
        .context("mend: run `cargo check`, then commit Cargo.lock")?;
        Ok(Self {
            root: root.to_owned(),
            files: files.collect::<anyhow::Result<_>>()?,
            tracked: tracked.split('\0').map(str::to_owned).collect(),
            metadata: serde_json::from_str(&metadata).context("reading what cargo metadata says")?,
        })
    }

    /// The text of the file at `path`, if there is one.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.files.iter().find(|file| file.path == path).map(|file| file.text.as_str())
    }
}

impl File {
    /// None for a file that is tracked but deleted in the work tree.
    fn read(root: &Path, path: &str) -> anyhow::Result<Option<Self>> {
        match std::fs::read_to_string(root.join(path)) {
            Ok(text) => Ok(Some(Self { path: path.to_owned(), text })),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("reading {path}")),
        }
    }

    /// What follows the last dot of the file's name.
    pub(crate) fn extension(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.rsplit_once('.').map_or("", |(_, extension)| extension)
    }
}

/// Whether the rules apply to this path: what people write here, not data of tests.
fn is_text(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let by_extension =
        name.rsplit_once('.').is_some_and(|(_, extension)| TEXT_EXTENSIONS.contains(&extension));
    by_extension || name == "Makefile" || path == ".ci/run"
}

/// Runs `program` in `folder` and returns what it printed.
fn run(folder: &Path, program: &str, arguments: &[&str]) -> anyhow::Result<String> {
    #[expect(clippy::disallowed_methods, reason = "the one place of xtask that starts processes")]
    let output = std::process::Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output()
        .with_context(|| format!("starting {program}"))?;
    if !output.status.success() {
        bail!("{program} {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    String::from_utf8(output.stdout).with_context(|| format!("{program} printed something that is not text"))
}

const TEXT_EXTENSIONS: [&str; 8] = ["rs", "toml", "md", "py", "json", "sh", "sql", "html"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_apply_to_what_people_write() {
        for path in ["crates/a/src/lib.rs", "Cargo.toml", "Makefile", ".ci/run", "docs/format.md", "a.py"] {
            assert!(is_text(path), "{path}");
        }
        for path in ["Cargo.lock", "LICENSE", "crates/proof/vectors/good.bundle", "picture.png", ""] {
            assert!(!is_text(path), "{path}");
        }
    }

    #[test]
    fn a_program_that_fails_is_named_with_what_it_said() {
        let error = run(Path::new("."), "git", &["no-such-chore"]).unwrap_err();
        assert!(error.to_string().starts_with("git no-such-chore: "), "{error}");
    }

    #[test]
    fn a_deleted_file_is_passed_over() {
        assert!(File::read(Path::new("."), "no/such/file.rs").unwrap().is_none());
    }

    #[test]
    fn the_extension_is_that_of_the_name() {
        let of = |path: &str| File { path: path.to_owned(), text: String::new() }.extension().to_owned();
        assert_eq!(of("a.b/Makefile"), "");
        assert_eq!(of("a/b.c.rs"), "rs");
    }
}
