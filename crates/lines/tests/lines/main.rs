//! Lines of every dialect, of real devices and at random.
//!
//! `samples` are ours, one file a dialect, each with what is read of it beside it; `corpus` are lines of real devices, under
//! the licence that lies with them.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests: what goes wrong ends them, and helpers stand outside of #[test] functions"
)]

mod any;
mod broken;
mod corpus;
mod loose;
mod sample;
mod sequence;

use lines::{Framer, Source};
use model::Instant;
use std::path::{Path, PathBuf};

/// The zone of Taipei.
const SOURCE: Source = Source { offset: 28_800 };

/// A second after the time that most lines say.
fn received() -> Instant {
    "2026-11-20T02:11:13.000000Z".parse().unwrap()
}

/// Files and their lines, in the order of their names.
fn files(folder: &str) -> Vec<(String, Vec<Vec<u8>>)> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(place(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "log"));
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let bytes = std::fs::read(&path).unwrap();
            let (mut framer, mut rest, mut lines) = (Framer::default(), bytes.as_slice(), Vec::new());
            while let Some(frame) = framer.next(&mut rest) {
                lines.push(frame.bytes.to_vec());
            }
            lines.extend(framer.end(rest).map(|frame| frame.bytes.to_vec()));
            (path.file_stem().unwrap().to_str().unwrap().to_owned(), lines)
        })
        .collect()
}

/// A place beside this file.
fn place(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lines").join(name)
}

/// Compares a text with what is committed, or writes it.
fn golden(path: &Path, found: &str) {
    if std::env::var("UPDATE_GOLDEN").as_deref() == Ok("lines") {
        #[expect(clippy::disallowed_methods, reason = "writes a golden file on demand")]
        std::fs::write(path, found).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    let first = committed.lines().zip(found.lines()).find(|(one, other)| one != other);
    assert!(
        committed == found,
        "{} differs, first in {first:?}; if that is meant, write it with UPDATE_GOLDEN=lines and read what changed",
        path.display()
    );
}
