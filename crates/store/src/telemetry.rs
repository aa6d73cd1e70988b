//! Telemetry: roots of batches of lines and files of lines, as entries have them, and the manifest that follows.
//!
//! Invariant: batches and files of a receiver follow one another without a gap; an entry that says otherwise cannot be
//! applied.
//! Source: `docs/format.md` §8.5 and §13.

use crate::error::StoreError;
use crate::sql::{Row, Sql, Value};
use model::{Actor, Instant};
use serde::{Deserialize, Serialize};

/// Kind of the entry with the root of a batch of lines.
pub const LINES_BATCH: &str = "lines.batch";
/// Kind of the entry that says which file holds lines.
pub const LINES_FILE: &str = "lines.file/1";
/// Kind of the entry that says which file stands for several others.
pub const LINES_MERGED: &str = "lines.merged/1";
/// Kind of the entry that says somebody looked for lines.
pub const LINES_TRACED: &str = "lines.traced/1";

/// Something about lines that were received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinesFact {
    /// The root of lines that follow one another.
    Batch(LinesBatch),
    /// Lines that follow one another are in a file.
    File(LinesFile),
    /// What several files held, which followed one another, is in one.
    Merged(LinesFile),
    /// Somebody looked for lines.
    Traced(LinesTraced, Actor),
}

/// The root of lines that follow one another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinesBatch {
    /// How many.
    pub count: u32,
    /// Number of the first.
    #[serde(with = "text")]
    pub first: u64,
    /// Who received them.
    pub receiver: String,
    /// Root of their tree, base64.
    pub root: String,
}

/// Lines that follow one another are in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinesFile {
    /// How many.
    pub count: u32,
    /// SHA-256 of the file: `sha256:` and hexadecimal.
    pub file: String,
    /// Number of the first.
    #[serde(with = "text")]
    pub first: u64,
    /// When the first of them was received.
    pub from: Instant,
    /// SHA-256 of its index, spelled likewise.
    pub index: String,
    /// Who received them.
    pub receiver: String,
    /// When the last of them was received.
    pub until: Instant,
}

/// Somebody looked for lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinesTraced {
    /// How many there were, in decimal.
    pub found: String,
    /// Received at this moment or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Instant>,
    /// Received before this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Instant>,
    /// What was looked for: `address 192.0.2.1`, `user wang`, `device FW-01`.
    pub wanted: String,
}

/// How far the lines of a receiver are in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LinesEnd {
    /// Lines whose root it has.
    pub rooted: u64,
    /// Lines of whose file it has the digest.
    pub filed: u64,
}

mod text {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(number)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        let number: u64 = text.parse().map_err(D::Error::custom)?;
        match number.to_string() == text {
            true => Ok(number),
            false => Err(D::Error::custom("a number has one spelling")),
        }
    }
}

impl LinesFact {
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Batch(_) => LINES_BATCH,
            Self::File(_) => LINES_FILE,
            Self::Merged(_) => LINES_MERGED,
            Self::Traced(..) => LINES_TRACED,
        }
    }

    /// What its entry is about: who received them, or that they were looked for.
    #[must_use]
    pub fn subject(&self) -> &str {
        match self {
            Self::Batch(batch) => &batch.receiver,
            Self::File(file) | Self::Merged(file) => &file.receiver,
            Self::Traced(..) => "trace",
        }
    }
}

/// Writes what entries say of lines.
pub(crate) fn write(sql: &mut Sql, facts: Vec<(LinesFact, u64)>) -> Result<(), StoreError> {
    let (mut batches, mut files): (Vec<Vec<Value>>, Vec<Vec<Value>>) = (Vec::new(), Vec::new());
    for (fact, entry) in facts {
        match fact {
            LinesFact::Batch(batch) => {
                let (first, count) = (batch.first.into(), batch.count.into());
                batches.push(vec![batch.receiver.into(), first, count, batch.root.into(), entry.into()]);
            }
            LinesFact::File(file) => files.push(file_row(file, entry)),
            LinesFact::Merged(file) => {
                put_files(sql, &std::mem::take(&mut files))?;
                let end = file.first + u64::from(file.count);
                let gone = "DELETE FROM line_file WHERE receiver = $1 AND first >= $2 AND first < $3";
                sql.run(gone, &[file.receiver.as_str().into(), file.first.into(), end.into()])?;
                files.push(file_row(file, entry));
            }
            // It is in the ledger alone.
            LinesFact::Traced(..) => {}
        }
    }
    sql.put("INSERT INTO line_batch (receiver, first, count, root, entry)", "", &batches)?;
    put_files(sql, &files)
}

fn file_row(file: LinesFile, entry: u64) -> Vec<Value> {
    vec![
        file.receiver.into(),
        file.first.into(),
        file.count.into(),
        file.file.into(),
        file.index.into(),
        file.from.to_string().into(),
        file.until.to_string().into(),
        entry.into(),
    ]
}

fn put_files(sql: &mut Sql, files: &[Vec<Value>]) -> Result<(), StoreError> {
    let columns = "receiver, first, count, file, index_file, received_from, received_until, entry";
    sql.put(&format!("INSERT INTO line_file ({columns})"), "", files)
}

impl Sql {
    /// Receivers of whose lines the ledger knows, with how far they are in it.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn line_receivers(&mut self) -> Result<Vec<(String, LinesEnd)>, StoreError> {
        let text = "SELECT receiver, max(first + count) FROM line_batch GROUP BY receiver ORDER BY receiver";
        let mut receivers = Vec::new();
        for row in self.rows(text, &[])? {
            let name = row.text(0).ok_or_else(|| StoreError::damaged("line_batch", "receiver"))?.to_owned();
            let end = self.lines_end(&name)?;
            receivers.push((name, end));
        }
        Ok(receivers)
    }

    /// How far the lines of a receiver are in the ledger.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn lines_end(&mut self, receiver: &str) -> Result<LinesEnd, StoreError> {
        let mut end = |table: &str| {
            let text =
                format!("SELECT first + count FROM {table} WHERE receiver = $1 ORDER BY first DESC LIMIT 1");
            Ok::<_, StoreError>(
                self.row(&text, &[receiver.into()])?.and_then(|row| row.entry(0)).unwrap_or(0),
            )
        };
        Ok(LinesEnd { rooted: end("line_batch")?, filed: end("line_file")? })
    }

    /// Files of lines, of one receiver or of all, that hold lines received from one moment up to another.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn line_files(
        &mut self,
        receiver: Option<&str>,
        from: Option<Instant>,
        until: Option<Instant>,
    ) -> Result<Vec<LinesFile>, StoreError> {
        let mut text = format!("SELECT {FILE_COLUMNS} FROM line_file WHERE 1 = 1");
        let mut values: Vec<Value> = Vec::new();
        let asked = [
            ("receiver =", receiver.map(ToOwned::to_owned)),
            ("received_until >=", from.map(|from| from.to_string())),
            ("received_from <", until.map(|until| until.to_string())),
        ];
        for (test, value) in asked {
            if let Some(value) = value {
                values.push(value.into());
                text.push_str(&format!(" AND {test} ${}", values.len()));
            }
        }
        text.push_str(" ORDER BY receiver, first");
        self.rows(&text, &values)?.iter().map(file).collect()
    }

    /// The file that a line is in; none where the ledger knows of none.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn line_file(&mut self, receiver: &str, line: u64) -> Result<Option<LinesFile>, StoreError> {
        let text = format!(
            "SELECT {FILE_COLUMNS} FROM line_file WHERE receiver = $1 AND first <= $2 ORDER BY first DESC LIMIT 1"
        );
        let found = self.row(&text, &[receiver.into(), line.into()])?.as_ref().map(file).transpose()?;
        Ok(found.filter(|file| line < file.first + u64::from(file.count)))
    }

    /// The batch that a line is in, with the entry that has its root; none where the ledger has none.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn line_batch(&mut self, receiver: &str, line: u64) -> Result<Option<(LinesBatch, u64)>, StoreError> {
        let text = "SELECT first, count, root, entry FROM line_batch WHERE receiver = $1 AND first <= $2 \
                    ORDER BY first DESC LIMIT 1";
        let Some(row) = self.row(text, &[receiver.into(), line.into()])? else { return Ok(None) };
        let damaged = || StoreError::damaged("line_batch", format!("{row:?}"));
        let count = row.entry(1).and_then(|count| u32::try_from(count).ok()).ok_or_else(damaged)?;
        let first = row.entry(0).ok_or_else(damaged)?;
        let root = row.text(2).ok_or_else(damaged)?.to_owned();
        let batch = LinesBatch { count, first, receiver: receiver.to_owned(), root };
        let entry = row.entry(3).ok_or_else(damaged)?;
        Ok((line < first + u64::from(count)).then_some((batch, entry)))
    }
}

/// Columns of a file, in the order in which they are read.
const FILE_COLUMNS: &str = "receiver, first, count, file, index_file, received_from, received_until";

fn file(row: &Row) -> Result<LinesFile, StoreError> {
    let damaged = || StoreError::damaged("line_file", format!("{row:?}"));
    let text = |at| row.text(at).map(ToOwned::to_owned).ok_or_else(damaged);
    let moment = |at| row.text(at).and_then(|text| text.parse().ok()).ok_or_else(damaged);
    Ok(LinesFile {
        receiver: text(0)?,
        first: row.entry(1).ok_or_else(damaged)?,
        count: row.entry(2).and_then(|count| u32::try_from(count).ok()).ok_or_else(damaged)?,
        file: text(3)?,
        index: text(4)?,
        from: moment(5)?,
        until: moment(6)?,
    })
}
