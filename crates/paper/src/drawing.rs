//! A drawing: boxes and lines that were laid out, with the same in tables and where the ledger stands.
//!
//! Units of a picture are its own; the template fits it to the smallest sheet on which it can be read, up to A0.

use crate::head::{Head, Ledger};
use serde::Serialize;

/// Most boxes and lines of a drawing.
pub const MOST_DRAWN: usize = 5_000;

/// A drawing.
#[derive(Debug, Clone, Serialize)]
pub struct Drawing {
    /// What stands on every page.
    pub head: Head,
    /// What is drawn, and how it is to be read.
    pub intro: Vec<String>,
    /// The drawing; none where there is nothing to draw.
    pub drawn: Option<Picture>,
    /// The same in words.
    pub tables: Vec<Listing>,
    /// The ledger's head.
    pub ledger: Option<Ledger>,
}

/// Boxes and lines with their places, in whole units from the upper left corner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Picture {
    /// Width.
    pub wide: i32,
    /// Height.
    pub high: i32,
    /// Names of columns, and where they begin.
    pub heads: Vec<(i32, String)>,
    /// Boxes.
    pub boxes: Vec<PictureBox>,
    /// Lines.
    pub lines: Vec<PictureLine>,
    /// What looks mean: the look, and what it says.
    pub legend: Vec<(&'static str, String)>,
}

/// A box.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PictureBox {
    /// From the left.
    pub x: i32,
    /// From the top.
    pub y: i32,
    /// Width.
    pub wide: i32,
    /// Height.
    pub high: i32,
    /// `plain`, `focus`, `masked` or `stranger`.
    pub look: &'static str,
    /// Rows: from the top of the picture to its line, the text, is it in small letters?
    pub rows: Vec<(i32, String, bool)>,
}

/// A line with an arrow at its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PictureLine {
    /// `recorded`, `seen` or `strange`.
    pub look: &'static str,
    /// Pieces of four points each: from, two it bends to, to (cubic curves of Bézier).
    pub pieces: Vec<Vec<(i32, i32)>>,
    /// The corners of its arrow.
    pub arrow: Vec<(i32, i32)>,
}

/// A table under a heading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listing {
    /// The heading.
    pub label: String,
    /// Names of columns.
    pub heads: Vec<String>,
    /// Rows.
    pub rows: Vec<Vec<String>>,
}
