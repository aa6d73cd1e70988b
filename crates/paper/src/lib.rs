//! What is printed: official forms, labels, lists and reports as PDF, and the record of signatures beside a signed one.
//!
//! Plain data comes in, bytes go out. A [`Press`] has the fonts and the templates; what is printed is one of [`Form`],
//! [`Labels`], [`Catalogue`], [`Drawing`] and [`Report`], each with a template of its name in `templates/`. [`SignatureRecord`] writes
//! the XML.
//!
//! Invariants: what somebody wrote is a value that a template shows, never a part of a template; the same input gives the
//! same bytes; a character that no font has is an error that names it and its field, never a blank box; nothing is read
//! but the fonts found, nothing comes from the network.
//! Does not: read the ledger, ask who may see what, or know a register by name.
//! Source: ISO 19005-2 (PDF/A-2); 文書處理手冊, 機關公文格式; CNS 11643.

mod catalogue;
mod code;
mod drawing;
mod font;
mod form;
mod head;
mod labels;
mod press;
mod printer;
mod report;
mod signature;
mod words;

pub use catalogue::{Catalogue, MOST_ROWS};
pub use drawing::{Drawing, Listing, MOST_DRAWN, Picture, PictureBox, PictureLine};
pub use font::{FOLDERS, FontError, Fonts};
pub use form::{Form, Held, Line, Seal, Section, SignatureBox, Tick, Value};
pub use head::{Head, Ledger};
pub use labels::{Label, Labels, Layout, MOST_LABELS};
pub use press::{Made, Press, PrintError};
pub use printer::Printer;
pub use report::{Article, Finding, Findings, Report, Tally};
pub use signature::{Evidence, Signature, SignatureRecord};
pub use words::Language;
