//! A file that is no part of a pack, read by the same rules: its shape first, then what it means.

use crate::problem::{Place, Problem};
use crate::raw::{Document, Problems, Table};
use crate::shape::{self, Shape};

/// Where problems of a single file are told.
pub struct Complaints<'p>(&'p Problems);

impl Complaints<'_> {
    /// Tells a problem: in Traditional Chinese, in English.
    pub fn tell(&self, place: Place, zh: impl Into<String>, en: impl Into<String>) {
        self.0.add(place, zh, en);
    }
}

/// Reads a file of a shape; `read` makes of it what it means, and is asked only where the shape is right.
///
/// # Errors
/// Every problem, in order of line and column.
pub fn load_single<T>(
    path: &str,
    text: &str,
    shape: &Shape,
    read: impl FnOnce(Table<'_>, &Complaints<'_>) -> T,
) -> Result<T, Vec<Problem>> {
    let problems = Problems::default();
    let document = Document::parse(path, text, &problems);
    if !problems.any() {
        shape::check(document.root(), shape, &problems);
    }
    let read = (!problems.any()).then(|| read(document.root(), &Complaints(&problems)));
    let (found, _) = problems.into_lists();
    match read {
        Some(read) if found.is_empty() => Ok(read),
        _ => Err(found),
    }
}
