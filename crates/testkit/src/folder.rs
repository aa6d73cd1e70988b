//! A data folder for one test.
//!
//! It is removed with everything in it when the test is over; when the test fails it is kept, and its place printed, so
//! that one can look at what was left behind.

use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// An empty folder of this machine that lives as long as the value.
#[derive(Debug)]
pub struct TemporaryFolder {
    folder: Option<TempDir>,
    path: PathBuf,
}

impl TemporaryFolder {
    /// A new folder.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test without a temporary folder cannot go on")]
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("ward-test-").tempdir().expect("a temporary folder");
        Self { path: folder.path().to_owned(), folder: Some(folder) }
    }

    /// Where it lies, and leaves it there for whoever takes it away.
    #[must_use]
    pub fn into_path(mut self) -> PathBuf {
        self.folder.take().map_or_else(|| self.path.clone(), TempDir::keep)
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Default for TemporaryFolder {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for TemporaryFolder {
    #[expect(clippy::print_stderr, reason = "whoever reads the failure needs the place")]
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some(folder) = self.folder.take()
        {
            eprintln!("kept for inspection: {}", folder.keep().display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_goes_with_the_test_and_stays_when_it_fails() {
        let folder = TemporaryFolder::new();
        let path = folder.path().to_owned();
        assert!(path.is_dir());
        drop(folder);
        assert!(!path.exists());

        let failed = std::thread::spawn(|| {
            let folder = TemporaryFolder::new();
            // A failing test, as the folder sees it.
            std::panic::resume_unwind(Box::new(folder.path().to_owned()));
        });
        let kept = failed.join().unwrap_err().downcast::<PathBuf>().unwrap();
        assert!(kept.is_dir());
        std::fs::remove_dir_all(*kept).unwrap();
    }
}
