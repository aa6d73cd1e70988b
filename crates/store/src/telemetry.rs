//! Telemetry: roots of batches of lines and files of lines, as entries have them, and the manifest that follows.
//!
//! Invariant: batches and files of a receiver follow one another without a gap, save files that approved cases have
//! retired; an entry that says otherwise cannot be applied.
//! Source: `docs/format.md` §8.5 and §13.

use crate::error::StoreError;
use crate::projection::parsed;
use crate::sql::{Row, Sql, Value};
use model::{Actor, Instant, RecordId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Kind of the entry with the root of a batch of lines.
pub const LINES_BATCH: &str = "lines.batch";
/// Kind of the entry that says which file holds lines.
pub const LINES_FILE: &str = "lines.file/1";
/// Kind of the entry that says which file stands for several others.
pub const LINES_MERGED: &str = "lines.merged/1";
/// Kind of the entry that says a file goes, by an approved case.
pub const LINES_RETIRED: &str = "lines.retired/1";
/// Kind of the entry that says a line goes but for its leaf, by an approved case.
pub const LINE_ERASED: &str = "line.erased/1";
/// Kind of the entry that says somebody looked for lines.
pub const LINES_TRACED: &str = "lines.traced/1";

/// Something about lines that were received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinesFact {
    /// The root of lines that follow one another.
    Batch(LinesBatch),
    /// Lines that follow one another are in a file.
    File(LinesFile),
    /// What one file held, or several which followed one another, is in another.
    Merged(LinesFile),
    /// A file goes, by an approved case.
    Retired(LinesRetired),
    /// A line goes but for its leaf, by an approved case.
    Erased(LineErased),
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
    /// How many of them were erased.
    #[serde(default, skip_serializing_if = "is_nought")]
    pub erased: u32,
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

/// A file goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinesRetired {
    /// How many batches it has, of which nothing is left but their roots.
    pub batches: u32,
    /// The case that approved it.
    pub case: RecordId,
    /// How many lines.
    pub count: u32,
    /// SHA-256 of the file, as it was entered.
    pub file: String,
    /// Number of the first line.
    #[serde(with = "text")]
    pub first: u64,
    /// Who received them.
    pub receiver: String,
}

/// A line goes but for its leaf.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineErased {
    /// The case that approved it.
    pub case: RecordId,
    /// Its leaf in the tree of its batch, base64.
    pub leaf: String,
    /// Its number.
    #[serde(with = "text")]
    pub line: u64,
    /// Who received it.
    pub receiver: String,
}

/// What has become of a line that is not there any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineGone {
    /// How it went.
    pub how: Gone,
    /// The case that approved it.
    pub case: RecordId,
    /// The entry that says so.
    pub entry: u64,
}

/// How a line went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gone {
    /// With its file.
    Retired,
    /// By itself.
    Erased,
}

/// What has gone by a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LinesGone {
    /// Files.
    pub files: u64,
    /// Lines of them, or single ones.
    pub lines: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
const fn is_nought(count: &u32) -> bool {
    *count == 0
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

/// A number beyond those that every reader of JSON keeps: as a text.
pub(crate) mod text {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(crate) fn serialize<S: Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(number)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
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
            Self::Retired(_) => LINES_RETIRED,
            Self::Erased(_) => LINE_ERASED,
            Self::Traced(..) => LINES_TRACED,
        }
    }

    /// What its entry is about: who received them, or that they were looked for.
    #[must_use]
    pub fn subject(&self) -> &str {
        match self {
            Self::Batch(batch) => &batch.receiver,
            Self::File(file) | Self::Merged(file) => &file.receiver,
            Self::Retired(retired) => &retired.receiver,
            Self::Erased(erased) => &erased.receiver,
            Self::Traced(..) => "trace",
        }
    }
}

/// Writes what entries say of lines.
pub(crate) fn write(sql: &mut Sql, facts: Vec<(LinesFact, u64)>) -> Result<(), StoreError> {
    let [mut batches, mut files, mut erased]: [Vec<Vec<Value>>; 3] = Default::default();
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
            LinesFact::Retired(retired) => {
                put_files(sql, &std::mem::take(&mut files))?;
                let named = [retired.receiver.as_str().into(), retired.first.into()];
                let [receiver, first] = named.clone();
                sql.run(
                    "INSERT INTO line_retired (receiver, first, count, received_from, received_until, record, entry) \
                     SELECT receiver, first, count, received_from, received_until, $3, $4 FROM line_file \
                     WHERE receiver = $1 AND first = $2",
                    &[receiver, first, retired.case.to_string().into(), entry.into()],
                )?;
                sql.run("DELETE FROM line_file WHERE receiver = $1 AND first = $2", &named)?;
            }
            LinesFact::Erased(line) => erased.push(vec![
                line.receiver.into(),
                line.line.into(),
                line.leaf.into(),
                line.case.to_string().into(),
                entry.into(),
            ]),
            // It is in the ledger alone.
            LinesFact::Traced(..) => {}
        }
    }
    sql.put("INSERT INTO line_batch (receiver, first, count, root, entry)", "", &batches)?;
    sql.put("INSERT INTO line_erased (receiver, number, leaf, record, entry)", "", &erased)?;
    put_files(sql, &files)
}

fn file_row(file: LinesFile, entry: u64) -> Vec<Value> {
    vec![
        file.receiver.into(),
        file.first.into(),
        file.count.into(),
        file.erased.into(),
        file.file.into(),
        file.index.into(),
        file.from.to_string().into(),
        file.until.to_string().into(),
        entry.into(),
    ]
}

fn put_files(sql: &mut Sql, files: &[Vec<Value>]) -> Result<(), StoreError> {
    let columns = "receiver, first, count, erased, file, index_file, received_from, received_until, entry";
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
        let (rooted, filed) = (end("line_batch")?, end("line_file")?);
        Ok(LinesEnd { rooted, filed: filed.max(end("line_retired")?) })
    }

    /// Batches of a receiver whose lines are among these, in order.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn line_batches(
        &mut self,
        receiver: &str,
        lines: std::ops::Range<u64>,
    ) -> Result<Vec<LinesBatch>, StoreError> {
        let text = "SELECT first, count, root FROM line_batch WHERE receiver = $1 AND first >= $2 AND first < $3 \
                    ORDER BY first";
        let values = [receiver.into(), lines.start.into(), lines.end.into()];
        let batch = |row: &Row| {
            let count = row.entry(1).and_then(|count| u32::try_from(count).ok())?;
            let (first, root) = (row.entry(0)?, row.text(2)?.to_owned());
            Some(LinesBatch { count, first, receiver: receiver.to_owned(), root })
        };
        let batch = |row| batch(row).ok_or_else(|| StoreError::damaged("line_batch", format!("{row:?}")));
        self.rows(text, &values)?.iter().map(batch).collect()
    }

    /// What has become of a line by an approved case; none where it is there, or never was.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn line_gone(&mut self, receiver: &str, line: u64) -> Result<Option<LineGone>, StoreError> {
        let values = [receiver.into(), line.into()];
        let erased = "SELECT record, entry FROM line_erased WHERE receiver = $1 AND number = $2";
        let gone = |row: &Row, how| {
            let entry = row.entry(1).ok_or_else(|| StoreError::damaged("line_erased", format!("{row:?}")))?;
            Ok(LineGone { how, case: parsed(row, 0, "line_erased")?, entry })
        };
        let retired = "SELECT record, entry, first + count FROM line_retired WHERE receiver = $1 AND first <= $2 \
                       ORDER BY first DESC LIMIT 1";
        if let Some(row) = self.row(retired, &values)?
            && row.entry(2).is_some_and(|end| line < end)
        {
            return gone(&row, Gone::Retired).map(Some);
        }
        self.row(erased, &values)?.map(|row| gone(&row, Gone::Erased)).transpose()
    }

    /// What has gone by each case.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn lines_gone(&mut self) -> Result<BTreeMap<RecordId, LinesGone>, StoreError> {
        let mut gone: BTreeMap<RecordId, LinesGone> = BTreeMap::new();
        let texts = [
            "SELECT record, count(*), CAST(sum(count) AS BIGINT) FROM line_retired GROUP BY record",
            "SELECT record, 0, count(*) FROM line_erased GROUP BY record",
        ];
        for text in texts {
            for row in self.rows(text, &[])? {
                let of = gone.entry(parsed(&row, 0, "line_retired")?).or_default();
                of.files += row.entry(1).unwrap_or(0);
                of.lines += row.entry(2).unwrap_or(0);
            }
        }
        Ok(gone)
    }

    /// Stretches of a receiver's lines whose files have gone: first and how many, in order.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn lines_retired(&mut self, receiver: &str) -> Result<Vec<(u64, u64)>, StoreError> {
        let text = "SELECT first, count FROM line_retired WHERE receiver = $1 ORDER BY first";
        let stretch = |row: &Row| row.entry(0).zip(row.entry(1));
        let stretch =
            |row| stretch(row).ok_or_else(|| StoreError::damaged("line_retired", format!("{row:?}")));
        self.rows(text, &[receiver.into()])?.iter().map(stretch).collect()
    }

    /// Lines of a receiver among these that were erased, in order.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn lines_erased(
        &mut self,
        receiver: &str,
        lines: std::ops::Range<u64>,
    ) -> Result<Vec<u64>, StoreError> {
        let text = "SELECT number FROM line_erased WHERE receiver = $1 AND number >= $2 AND number < $3 \
                    ORDER BY number";
        let rows = self.rows(text, &[receiver.into(), lines.start.into(), lines.end.into()])?;
        Ok(rows.iter().filter_map(|row| row.entry(0)).collect())
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
const FILE_COLUMNS: &str = "receiver, first, count, erased, file, index_file, received_from, received_until";

fn file(row: &Row) -> Result<LinesFile, StoreError> {
    let damaged = || StoreError::damaged("line_file", format!("{row:?}"));
    let text = |at| row.text(at).map(ToOwned::to_owned).ok_or_else(damaged);
    let moment = |at| row.text(at).and_then(|text| text.parse().ok()).ok_or_else(damaged);
    let count = |at| row.entry(at).and_then(|count| u32::try_from(count).ok()).ok_or_else(damaged);
    Ok(LinesFile {
        receiver: text(0)?,
        first: row.entry(1).ok_or_else(damaged)?,
        count: count(2)?,
        erased: count(3)?,
        file: text(4)?,
        index: text(5)?,
        from: moment(6)?,
        until: moment(7)?,
    })
}
