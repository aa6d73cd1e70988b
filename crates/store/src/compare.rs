//! Comparing tables with the ledger: where do they part first?
//!
//! Reads the tables as they are at one moment, builds others from the entries up to that moment in a folder of its own,
//! writes both out and compares them line by line.
//! Invariants: the tables are only read, so that a process may go on writing them; what cannot be compared is told as
//! such and never as alike.
//! The folder holds what records say, in clear: whoever names it sees to it that nobody else reads it, and takes it away.

use crate::dump::{dump, dump_hashed};
use crate::error::StoreError;
use crate::layout::Layout;
use crate::place::Place;
use crate::projection::{has_tables, meta, published};
use crate::rebuild::{Sources, fill, open_next};
use crate::schema;
use crate::sql::Sql;
use ledger::reader::Reader;
use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

/// How tables compare with the ledger.
#[derive(Debug)]
pub struct Comparison {
    /// Entries the tables have seen, and were compared for.
    pub position: u64,
    /// What came out.
    pub likeness: Likeness,
}

/// Are the tables what the ledger gives?
#[derive(Debug)]
pub enum Likeness {
    /// There are none.
    Absent,
    /// They have seen more than can be read of the ledger: not compared.
    Beyond {
        /// Entries that can be read.
        readable: u64,
    },
    /// They are not.
    Differs(Difference),
    /// They are of another version of this program: not compared.
    OtherVersion,
    /// They are, row for row.
    Same {
        /// Digest of both dumps.
        digest: String,
    },
    /// The tables do not read.
    Unreadable(StoreError),
}

/// The first row in which tables part from what the ledger gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The table.
    pub table: String,
    /// The row, from 1, in the order of the table's key.
    pub row: u64,
    /// Cells of the stored row; none where the stored table ends before it.
    pub stored: Option<Vec<String>>,
    /// Cells of the row the ledger gives; none where there is no such row.
    pub rebuilt: Option<Vec<String>>,
}

impl Difference {
    /// The first cell that differs, from 1; none where one of the rows is not there.
    #[must_use]
    pub fn cell(&self) -> Option<usize> {
        let (stored, rebuilt) = (self.stored.as_ref()?, self.rebuilt.as_ref()?);
        let at = (0..stored.len().max(rebuilt.len())).find(|at| stored.get(*at) != rebuilt.get(*at));
        at.map(|at| at + 1)
    }
}

/// Compares the tables with what the ledger gives, in the folder `scratch`, which is there and empty. `readable` is
/// asked how much of the ledger can be read, given how much the tables have seen.
///
/// # Errors
/// `Follows`, `Pack`, `Damaged`: the ledger gives no tables. `Unavailable`, `File`: the comparison could not be made.
pub fn first_difference(
    place: &Place,
    scratch: &Path,
    reader: &Reader,
    readable: &dyn Fn(u64) -> u64,
    sources: &Sources<'_>,
) -> Result<Comparison, StoreError> {
    let stored = scratch.join("stored");
    let position = match write_stored(place, &stored, sources) {
        Ok(Written::Whole(position)) => position,
        Ok(Written::Nothing(likeness)) => return Ok(Comparison { position: 0, likeness }),
        Err(error @ StoreError::File { .. }) => return Err(error),
        Err(error) => return Ok(Comparison { position: 0, likeness: Likeness::Unreadable(error) }),
    };
    let readable = readable(position);
    if position > readable {
        return Ok(Comparison { position, likeness: Likeness::Beyond { readable } });
    }
    let rebuilt = scratch.join("rebuilt");
    let mut sql = open_next(&Place::Folder(scratch.join("tables")))?;
    let packs = fill(&mut sql, reader, position, sources)?;
    let mut out = writer(&rebuilt)?;
    let digest = dump_hashed(&mut sql, &Layout::new(packs.0.iter()), &mut out)?;
    out.flush().map_err(|source| file(&rebuilt, source))?;
    let likeness = match first_line_apart(&stored, &rebuilt)? {
        Some(difference) => Likeness::Differs(difference),
        None => Likeness::Same { digest },
    };
    Ok(Comparison { position, likeness })
}

/// What came of writing the stored tables out.
enum Written {
    /// All of them, up to this position.
    Whole(u64),
    /// There was nothing to write, for this reason.
    Nothing(Likeness),
}

/// Writes the tables out, all as of one moment.
fn write_stored(place: &Place, path: &PathBuf, sources: &Sources<'_>) -> Result<Written, StoreError> {
    let Some(mut sql) = place.open_tables()? else { return Ok(Written::Nothing(Likeness::Absent)) };
    sql.snapshot(|sql| {
        if !has_tables(sql)? {
            return Ok(Written::Nothing(Likeness::Absent));
        }
        if meta(sql, "schema")?.as_deref() != Some(schema::VERSION) {
            return Ok(Written::Nothing(Likeness::OtherVersion));
        }
        let position = meta(sql, "position")?.map_or(Ok(0), |text| text.parse());
        let position = position.map_err(|_| StoreError::damaged("meta", "position"))?;
        let layout = stored_layout(sql, sources)?;
        let mut out = writer(path)?;
        dump(sql, &layout, &mut out)?;
        out.flush().map_err(|source| file(path, source))?;
        Ok(Written::Whole(position))
    })
}

/// The layout the stored tables ought to have, by the packs they name. Where those packs cannot be had, the table that
/// names them differs from what the ledger gives, and it comes before all sheets.
fn stored_layout(sql: &mut Sql, sources: &Sources<'_>) -> Result<Layout, StoreError> {
    let packs = (sources.packs)(&published(sql)?);
    Ok(packs.map_or_else(|_| Layout::new([]), |packs| Layout::new(packs.0.iter())))
}

/// The first line in which two dumps part.
fn first_line_apart(stored: &PathBuf, rebuilt: &PathBuf) -> Result<Option<Difference>, StoreError> {
    let (mut ours, mut theirs) = (Lines::open(stored)?, Lines::open(rebuilt)?);
    let (mut table, mut row) = (String::new(), 0);
    loop {
        let (one, other) = (ours.next()?, theirs.next()?);
        if one != other {
            // A table that ends earlier meets the head of the next one.
            let is_row = |line: &Option<String>| line.as_ref().is_some_and(|line| !line.starts_with(HEAD));
            let head = other.as_ref().filter(|_| !is_row(&one) && !is_row(&other));
            let head = head.and_then(|line| line.strip_prefix(HEAD)).map(ToOwned::to_owned);
            let cells = |line: Option<String>| {
                line.filter(|line| !line.starts_with(HEAD))
                    .map(|line| line.split('\t').map(ToOwned::to_owned).collect())
            };
            let (table, row) = head.map_or((table, row), |head| (head, 0));
            return Ok(Some(Difference { table, row: row + 1, stored: cells(one), rebuilt: cells(other) }));
        }
        let Some(line) = one else { return Ok(None) };
        match line.strip_prefix(HEAD) {
            Some(name) => (table, row) = (name.to_owned(), 0),
            None => row += 1,
        }
    }
}

/// What a line with the name of a table begins with.
const HEAD: &str = "# ";

/// Lines of a dump.
struct Lines<'a> {
    path: &'a PathBuf,
    file: BufReader<File>,
}

impl<'a> Lines<'a> {
    fn open(path: &'a PathBuf) -> Result<Self, StoreError> {
        let opened = File::open(path).map_err(|source| file(path, source))?;
        Ok(Self { path, file: BufReader::new(opened) })
    }

    fn next(&mut self) -> Result<Option<String>, StoreError> {
        let mut line = String::new();
        let read = self.file.read_line(&mut line).map_err(|source| file(self.path, source))?;
        if line.ends_with('\n') {
            line.pop();
        }
        Ok((read > 0).then_some(line))
    }
}

fn writer(path: &PathBuf) -> Result<BufWriter<File>, StoreError> {
    let made = std::fs::OpenOptions::new().write(true).create_new(true).open(path);
    made.map(BufWriter::new).map_err(|source| file(path, source))
}

fn file(path: &Path, source: std::io::Error) -> StoreError {
    StoreError::File { path: path.display().to_string(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Table, row, first cells, cell.
    type Apart = (String, u64, Option<String>, Option<String>, Option<usize>);

    /// Where two dumps part.
    fn apart(stored: &str, rebuilt: &str) -> Option<Apart> {
        let folder = testkit::TemporaryFolder::new();
        let paths = ["stored", "rebuilt"].map(|name| folder.path().join(name));
        for (path, text) in paths.iter().zip([stored, rebuilt]) {
            writer(path).unwrap().write_all(text.as_bytes()).unwrap();
        }
        let found = first_line_apart(&paths[0], &paths[1]).unwrap();
        let first = |cells: &Option<Vec<String>>| cells.as_ref().map(|cells| cells[0].clone());
        found.map(|one| (one.table.clone(), one.row, first(&one.stored), first(&one.rebuilt), one.cell()))
    }

    fn told(table: &str, row: u64, stored: &str, rebuilt: &str, cell: usize) -> Option<Apart> {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Some((table.to_owned(), row, text(stored), text(rebuilt), (cell > 0).then_some(cell)))
    }

    #[test]
    fn the_first_row_apart_is_named_by_table_number_and_cell() {
        let whole = "# a\n1\tx\n2\ty\n# b\n3\tz\n";
        assert_eq!(apart(whole, whole), None);
        assert_eq!(apart(whole, "# a\n1\tx\n2\tu\n# b\n3\tz\n"), told("a", 2, "2", "2", 2));
        assert_eq!(apart(whole, "# a\n1\tx\n# b\n3\tz\n"), told("a", 2, "2", "", 0));
        assert_eq!(apart("# a\n1\tx\n# b\n3\tz\n", whole), told("a", 2, "", "2", 0));
        assert_eq!(apart(whole, "# a\n1\tx\n2\ty\n# b\n"), told("b", 1, "3", "", 0));
        assert_eq!(apart(whole, "# a\n1\tx\n2\ty\n# c\n3\tz\n"), told("c", 1, "", "", 0));
    }
}
