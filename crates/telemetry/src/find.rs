//! Finding: every line in which an address, a network, an account or a device stands, in files and among what is in none
//! yet; the newest first, counted exactly.
//!
//! A file is asked by its index alone how many lines it has; pages are read only for lines that are to be shown, and where
//! a time is asked for that a file is not wholly within.

use crate::block::{Block, Row, Shapes};
use crate::came::Came;
use crate::column::{Value, place};
use crate::file::{FileError, PAGE, Stored, Table};
use crate::index::{Index, IndexError, Key, bytes_at};
use crate::receive::{names_of, names_path};
use crate::receiver::file_paths;
use crate::source::Network;
use crate::traffic::{self, Traffic};
use arrow_array::RecordBatch;
use arrow_array::cast::AsArray as _;
use arrow_array::types::TimestampMicrosecondType;
use arrow_schema::ArrowError;
use lines::Field;
use model::Instant;
use parquet::arrow::arrow_reader::RowSelection;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::Ipv6Addr;
use std::num::NonZero;
use std::ops::{Bound, Range, RangeInclusive};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// In which fields.
    pub key: Key,
    /// The values: from this one to that one, in the order of their bytes.
    pub values: RangeInclusive<Vec<u8>>,
    /// Received at this moment or later.
    pub from: Option<Instant>,
    /// Received before this moment.
    pub until: Option<Instant>,
    /// How many lines are shown.
    pub most: usize,
}

/// A line that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Who received it.
    pub receiver: String,
    /// Its number.
    pub number: u64,
    /// When it was received.
    pub received: Instant,
    /// Who sent it; unspecified where it was read from a file.
    pub peer: Ipv6Addr,
    /// Its port; of a line that was read from a file the number of the file's name ([`Library::file_name`]); else 0.
    pub port: u16,
    /// When the device says that it happened.
    pub time: Option<Instant>,
    /// Whose way of writing it is.
    pub dialect: Option<String>,
    /// What it says.
    pub fields: BTreeMap<Field, String>,
    /// The line as it was received.
    pub bytes: Vec<u8>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Found {
    /// How many lines there are.
    pub count: u64,
    /// The newest of them, the newest first.
    pub lines: Vec<Line>,
}

/// A file of the manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Who received its lines.
    pub receiver: String,
    /// Number of the first.
    pub first: u64,
    /// How many.
    pub count: u64,
    /// How many of them were erased.
    pub erased: u64,
    /// When the first and the last of them were received.
    pub received: (Instant, Instant),
}

/// Why nothing is found.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// A file cannot be opened.
    #[error("{path}")]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file does not read.
    #[error("{path}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: FileError,
    },
    /// An index does not read.
    #[error("{path}")]
    Index {
        /// The index.
        path: PathBuf,
        /// Why.
        source: IndexError,
    },
    /// Columns are not those of the layout.
    #[error(transparent)]
    Columns(#[from] ArrowError),
    /// A row does not give back its line.
    #[error("line {0} is damaged")]
    Damaged(u64),
}

impl Listed {
    fn name(&self) -> Name {
        (self.receiver.clone(), self.first, self.count, self.erased)
    }
}

impl Wanted {
    /// An address or a network: `192.0.2.1`, `2001:db8::/32`. None where it is neither.
    #[must_use]
    pub fn address(text: &str) -> Option<RangeInclusive<Vec<u8>>> {
        let (first, last) = text.parse::<Network>().ok()?.addresses().into_inner();
        Some(first.octets().to_vec()..=last.octets().to_vec())
    }

    /// Is a moment within what is asked for?
    fn spans(&self, received: Instant) -> bool {
        self.from.is_none_or(|from| received >= from) && self.until.is_none_or(|until| received < until)
    }

    /// Is one of a row's values looked for?
    fn is_met_by(&self, columns: &RecordBatch, at: usize, of: &[usize]) -> bool {
        let values = of.iter().filter_map(|place| bytes_at(columns.column(*place), at));
        let (low, high) = (self.values.start().as_slice(), self.values.end().as_slice());
        values.into_iter().any(|value| value >= low && value <= high)
    }
}

/// Files that are held open at once; each has a descriptor, its index and what it says of itself.
const MOST_OPEN: usize = 512;

/// What a file is known by: its receiver, its first line, how many it has, and how many of them were erased.
type Name = (String, u64, u64, u64);

/// Files that are looked through, with what was read of them.
pub struct Library {
    root: PathBuf,
    opened: Mutex<HashMap<Name, Arc<Opened>>>,
    /// Names of files that are followed, by receiver, as far as they were asked for.
    names: Mutex<HashMap<String, Arc<Vec<String>>>>,
}

/// A file that is open, with its index.
pub struct Opened {
    first: u64,
    path: PathBuf,
    table: Table,
    index_path: PathBuf,
    index: Index,
}

impl Opened {
    /// Its index.
    #[must_use]
    pub const fn index(&self) -> &Index {
        &self.index
    }

    /// The file.
    #[must_use]
    pub const fn table(&self) -> &Table {
        &self.table
    }

    /// Shapes of its lines, by number.
    #[must_use]
    pub fn shapes(&self) -> &Shapes {
        self.table.shapes()
    }

    /// That its index does not read.
    #[must_use]
    pub fn broken(&self, source: IndexError) -> FindError {
        FindError::Index { path: self.index_path.clone(), source }
    }

    /// Rows of lines that were not erased; none where none was.
    fn left(&self) -> Option<RowSelection> {
        let about = self.table.about();
        let (range, mut from) = (about.range(), 0);
        let row = |line: u64| usize::try_from(line.saturating_sub(range.start)).unwrap_or(usize::MAX);
        let total = row(range.end);
        let mut left = Vec::new();
        for erased in &about.erased {
            left.push(from..row(erased.line));
            from = row(erased.line) + 1;
        }
        left.push(from..total);
        (!about.erased.is_empty()).then(|| RowSelection::from_consecutive_ranges(left.into_iter(), total))
    }

    /// Rows page by page, each with the number of its first line: of these pages, all where none are named; and of these
    /// columns, all where none is named.
    ///
    /// # Errors
    /// `File`.
    pub fn pages(
        &self,
        pages: Option<&BTreeSet<u32>>,
        columns: &[usize],
    ) -> Result<impl Iterator<Item = Result<(u64, RecordBatch), FindError>> + Send + use<>, FindError> {
        let range = self.table.about().range();
        let total = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
        let count = u32::try_from(total.div_ceil(PAGE)).unwrap_or(u32::MAX);
        let of_page = |page: u32| page as usize * PAGE..(page as usize * PAGE + PAGE).min(total);
        let wanted: Vec<_> = match pages {
            Some(pages) => pages.iter().copied().filter(|page| *page < count).map(of_page).collect(),
            None => (0..count).map(of_page).collect(),
        };
        let selection = pages.map(|_| RowSelection::from_consecutive_ranges(wanted.iter().cloned(), total));
        let told = |source| FindError::File { path: self.path.clone(), source };
        // A page is a batch, since batches are as long as pages.
        let batches = self.table.rows(selection, columns, PAGE).map_err(told)?;
        let first = self.first;
        Ok(wanted.into_iter().zip(batches).map(move |(rows, batch)| {
            let (number, batch) = (first + rows.start as u64, batch?);
            if batch.num_rows() == rows.len() { Ok((number, batch)) } else { Err(FindError::Damaged(number)) }
        }))
    }
}

impl Library {
    /// Below the folder of an installation.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), opened: Mutex::default(), names: Mutex::default() }
    }

    /// A file, opened if it is not.
    ///
    /// # Errors
    /// `Open`, `File`, `Index`.
    pub fn open(&self, file: &Listed) -> Result<Arc<Opened>, FindError> {
        let (name, first) = (file.name(), file.first);
        let known = self.opened.lock().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let paths = file_paths(&file.receiver, first, file.count, file.erased);
        let [path, index_path] = paths.map(|path| self.root.join(path));
        let stored = Stored::open(&path).map_err(|source| FindError::Open { path: path.clone(), source })?;
        let table = Table::open(stored).map_err(|source| FindError::File { path: path.clone(), source })?;
        let bytes = std::fs::read(&index_path);
        let bytes = bytes.map_err(|source| FindError::Open { path: index_path.clone(), source })?;
        let index = Index::open(bytes.into());
        let index = index.map_err(|source| FindError::Index { path: index_path.clone(), source })?;
        let opened = Arc::new(Opened { first, path, table, index_path, index });
        let mut all = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST_OPEN {
            all.clear();
        }
        Ok(Arc::clone(all.entry(name).or_insert(opened)))
    }

    /// Lets go of a file, so that nothing of it is held once it is taken away.
    pub fn forget(&self, file: &Listed) {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).remove(&file.name());
    }

    /// Does an address of this range stand in a file, on either side of a line or as its sender?
    ///
    /// # Errors
    /// [`FindError`].
    pub fn speaks_of(&self, file: &Listed, values: &RangeInclusive<Vec<u8>>) -> Result<bool, FindError> {
        let opened = self.open(file)?;
        let (low, high) = (values.start().as_slice(), values.end().as_slice());
        let postings = opened.index.range(Key::Address, Bound::Included(low), Bound::Included(high));
        if !postings.map_err(|source| opened.broken(source))?.is_empty() {
            return Ok(true);
        }
        let told = |source| FindError::File { path: opened.path.clone(), source };
        for rows in opened.table.rows(None, &[place::PEER], PAGE).map_err(told)? {
            let rows = rows?;
            let sent = |at| bytes_at(rows.column(0), at).is_some_and(|peer| peer >= low && peer <= high);
            if (0..rows.num_rows()).any(sent) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Finds lines in these files and in what is in no file yet: blocks with the name of their receiver.
    ///
    /// # Errors
    /// [`FindError`].
    pub fn find(
        &self,
        wanted: &Wanted,
        files: &[Listed],
        tail: &[(String, Arc<Block>)],
    ) -> Result<Found, FindError> {
        let mut found = Found::default();
        let mut lines = Vec::new();
        for (receiver, block) in tail {
            of_block(wanted, receiver, block, &mut found.count, &mut lines)?;
        }
        newest(&mut lines, wanted.most);
        let mut files: Vec<&Listed> = files.iter().collect();
        files.sort_by_key(|file| std::cmp::Reverse(file.received.1));
        // Lines that will be shown, with the moment before which none of them was received.
        let mut shown: Vec<(Instant, u64)> = lines.iter().map(|line| (line.received, 1)).collect();
        let mut to_read = Vec::new();
        for file in files {
            let Some(there) = self.there(wanted, file)? else { continue };
            found.count += there.count.unwrap_or(0);
            let newer = shown.iter().filter(|(since, _)| *since >= file.received.1);
            let enough = newer.map(|(_, count)| count).sum::<u64>() >= wanted.most as u64;
            if there.count.is_none() || !enough {
                shown.push((file.received.0, there.count.unwrap_or(0)));
                to_read.push(there);
            }
        }
        for (count, of_file) in side_by_side(&to_read, |there| self.read(wanted, there))? {
            found.count += count;
            lines.extend(of_file);
        }
        newest(&mut lines, wanted.most);
        found.lines = lines;
        Ok(found)
    }

    /// Adds what stands in a file to what was sent; `of` says to whom an address belongs.
    ///
    /// # Errors
    /// [`FindError`]; some of the file was added then.
    pub fn traffic(
        &self,
        traffic: &mut Traffic,
        file: &Listed,
        of: impl Fn(Ipv6Addr) -> Network,
    ) -> Result<(), FindError> {
        let opened = self.open(file)?;
        let told = |source| FindError::File { path: opened.path.clone(), source };
        let left = opened.left();
        for rows in opened.table.rows(left, &traffic::COLUMNS, PAGE).map_err(told)? {
            traffic.add(&rows?, &of)?;
        }
        Ok(())
    }

    /// Every line of a file that was received within a span, in its order, and how it came; erased ones are none.
    ///
    /// # Errors
    /// [`FindError`]; some of them were taken then.
    pub fn each(
        &self,
        file: &Listed,
        span: &Range<Instant>,
        take: &mut dyn FnMut(&Came, &[u8]),
    ) -> Result<(), FindError> {
        let opened = self.open(file)?;
        let within = span.start.as_micros()..span.end.as_micros();
        let mut pages = BTreeSet::new();
        for batch in opened.pages(None, &[place::RECEIVED])? {
            let (number, batch) = batch?;
            let received = batch.column(0).as_primitive::<TimestampMicrosecondType>();
            if received.values().iter().any(|at| within.contains(at)) {
                pages.extend(u32::try_from((number - file.first) / PAGE as u64).ok());
            }
        }
        for batch in opened.pages(Some(&pages), &[])? {
            let (number, batch) = batch?;
            for at in 0..batch.num_rows() {
                let number = number + at as u64;
                if opened.table.about().erased(number).is_none() {
                    let row = Row { columns: &batch, shapes: opened.shapes(), at };
                    each_of(&row, span, take).ok_or(FindError::Damaged(number))?;
                }
            }
        }
        Ok(())
    }

    /// The name of the file that a line was read from; none where somebody sent it, or its file's name is not known.
    #[must_use]
    pub fn file_of(&self, line: &Line) -> Option<String> {
        line.peer.is_unspecified().then(|| self.file_name(&line.receiver, line.port))?
    }

    /// The name of the file that a line was read from, by its number; none where it has none, or its name is not known.
    #[must_use]
    pub fn file_name(&self, receiver: &str, number: u16) -> Option<String> {
        let at = usize::from(number).checked_sub(1)?;
        let mut known = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(name) = known.get(receiver).and_then(|names| names.get(at)) {
            return Some(name.clone());
        }
        // Names are added at the end, and none is changed.
        let names = Arc::new(names_of(&std::fs::read(self.root.join(names_path(receiver))).ok()?)?);
        let name = names.get(at).cloned();
        known.insert(receiver.to_owned(), names);
        name
    }

    /// A line of a file.
    ///
    /// # Errors
    /// [`FindError`].
    pub fn line(&self, file: &Listed, number: u64) -> Result<Line, FindError> {
        let opened = self.open(file)?;
        let row = number.checked_sub(file.first).ok_or(FindError::Damaged(number))?;
        self.rows(&opened, file, &[row])?.pop().ok_or(FindError::Damaged(number))
    }

    /// What a file's index says of it; none where no line of it is looked for.
    fn there<'f>(&self, wanted: &Wanted, file: &'f Listed) -> Result<Option<There<'f>>, FindError> {
        if wanted.until.is_some_and(|until| file.received.0 >= until)
            || wanted.from.is_some_and(|from| file.received.1 < from)
        {
            return Ok(None);
        }
        let opened = self.open(file)?;
        let (low, high) = (wanted.values.start().as_slice(), wanted.values.end().as_slice());
        let postings = opened.index.range(wanted.key, Bound::Included(low), Bound::Included(high));
        let postings = postings.map_err(|source| opened.broken(source))?;
        let pages = postings.iter().flat_map(|(_, posting)| posting.pages.iter().copied()).collect();
        let within = wanted.spans(file.received.0) && wanted.spans(file.received.1);
        let count = match postings.as_slice() {
            [] => return Ok(None),
            // A line that names two of several values is counted once, which only its row tells.
            [(_, posting)] if within => Some(posting.lines),
            _ => None,
        };
        Ok(Some(There { file, opened, pages, count }))
    }

    /// The newest lines of a file that are looked for; and how many there are, where its index does not say.
    fn read(&self, wanted: &Wanted, there: &There<'_>) -> Result<(u64, Vec<Line>), FindError> {
        let There { file, opened, pages, count } = there;
        let mut columns = vec![place::RECEIVED];
        columns.extend(&places(wanted.key));
        let mut rows: BTreeSet<u64> = BTreeSet::new();
        for page in pages.iter().rev() {
            for batch in opened.pages(Some(&BTreeSet::from([*page])), &columns)? {
                let (number, batch) = batch?;
                let received = batch.column(0).as_primitive::<TimestampMicrosecondType>();
                let here: Vec<usize> = (1..batch.num_columns()).collect();
                for row in 0..batch.num_rows() {
                    let moment = Instant::from_micros(received.value(row)).unwrap_or(Instant::EPOCH);
                    if wanted.spans(moment) && wanted.is_met_by(&batch, row, &here) {
                        rows.insert(number - file.first + row as u64);
                    }
                }
            }
            // The last lines of a file are its newest.
            if count.is_some() && rows.len() >= wanted.most {
                break;
            }
        }
        let shown: Vec<u64> = rows.iter().rev().copied().take(wanted.most).collect();
        let counted = if count.is_some() { 0 } else { rows.len() as u64 };
        Ok((counted, self.rows(opened, file, &shown)?))
    }

    /// Lines of a file, by their rows.
    fn rows(&self, opened: &Opened, file: &Listed, rows: &[u64]) -> Result<Vec<Line>, FindError> {
        let mut ordered = rows.to_vec();
        ordered.sort_unstable();
        let ranges = ordered.iter().filter_map(|row| usize::try_from(*row).ok()).map(|row| row..row + 1);
        let total = opened.table.about().range();
        let total = usize::try_from(total.end - total.start).unwrap_or(usize::MAX);
        let selection = RowSelection::from_consecutive_ranges(ranges, total);
        let told = |source| FindError::File { path: opened.path.clone(), source };
        let (mut lines, mut numbers) = (Vec::with_capacity(ordered.len()), ordered.iter());
        for batch in opened.table.rows(Some(selection), &[], PAGE).map_err(told)? {
            let batch = batch?;
            for at in 0..batch.num_rows() {
                let number = file.first + numbers.next().copied().unwrap_or_default();
                let row = Row { columns: &batch, shapes: opened.table.shapes(), at };
                lines.push(line(&row, &file.receiver, number)?);
            }
        }
        Ok(lines)
    }
}

/// A line of a block.
///
/// # Errors
/// `Damaged`: the block holds no such line.
pub fn line_of(block: &Block, receiver: &str, number: u64) -> Result<Line, FindError> {
    let at = number.checked_sub(block.first).and_then(|at| usize::try_from(at).ok());
    let at = at.filter(|at| *at < block.columns.num_rows()).ok_or(FindError::Damaged(number))?;
    line(&Row { columns: &block.columns, shapes: &block.shapes, at }, receiver, number)
}

/// Every line of a block that was received within a span, in its order, and how it came.
///
/// # Errors
/// `Damaged`: a row does not give back its line.
pub fn each_of_block(
    block: &Block,
    span: &Range<Instant>,
    take: &mut dyn FnMut(&Came, &[u8]),
) -> Result<(), FindError> {
    (0..block.columns.num_rows()).try_for_each(|at| {
        let row = Row { columns: &block.columns, shapes: &block.shapes, at };
        each_of(&row, span, take).ok_or(FindError::Damaged(block.first + at as u64))
    })
}

/// Hands on a row where it is within a span; none where it is damaged.
fn each_of(row: &Row<'_>, span: &Range<Instant>, take: &mut dyn FnMut(&Came, &[u8])) -> Option<()> {
    let received = row.received()?;
    if span.contains(&received) {
        take(&Came { received, address: row.peer()?, port: row.port()? }, &row.line()?);
    }
    Some(())
}

/// What a file has of what is looked for.
struct There<'f> {
    file: &'f Listed,
    opened: Arc<Opened>,
    /// Pages on which it may stand.
    pages: BTreeSet<u32>,
    /// How many lines; none where only its rows tell.
    count: Option<u64>,
}

/// Leaves so many lines, the newest first; of those of one moment any.
fn newest(lines: &mut Vec<Line>, most: usize) {
    lines.sort_by(|one, other| {
        (other.received, &other.receiver, other.number).cmp(&(one.received, &one.receiver, one.number))
    });
    lines.truncate(most);
}

/// Does the same to each, on as many threads as the machine runs at once.
fn side_by_side<T: Sync, R: Send>(
    all: &[T],
    each: impl Fn(&T) -> Result<R, FindError> + Sync,
) -> Result<Vec<R>, FindError> {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get).min(all.len());
    if threads < 2 {
        return all.iter().map(each).collect();
    }
    let next = AtomicUsize::new(0);
    let work = || -> Result<Vec<R>, FindError> {
        let mut done = Vec::new();
        while let Some(one) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
            done.push(each(one)?);
        }
        Ok(done)
    };
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut done = work()?;
        for other in others {
            done.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        }
        Ok(done)
    })
}

/// Columns in which a key is looked for.
fn places(key: Key) -> Vec<usize> {
    key.fields().iter().filter_map(|field| place::of(*field)).collect()
}

fn of_block(
    wanted: &Wanted,
    receiver: &str,
    block: &Block,
    count: &mut u64,
    lines: &mut Vec<Line>,
) -> Result<(), FindError> {
    if !wanted.spans(block.received) {
        return Ok(());
    }
    let of = places(wanted.key);
    let mut shown = 0;
    for at in (0..block.columns.num_rows()).rev() {
        if !wanted.is_met_by(&block.columns, at, &of) {
            continue;
        }
        *count += 1;
        shown += 1;
        if shown <= wanted.most {
            let row = Row { columns: &block.columns, shapes: &block.shapes, at };
            lines.push(line(&row, receiver, block.first + at as u64)?);
        }
    }
    Ok(())
}

/// A row as a line.
fn line(row: &Row<'_>, receiver: &str, number: u64) -> Result<Line, FindError> {
    let damaged = || FindError::Damaged(number);
    let bytes = row.line().ok_or_else(damaged)?;
    let mut fields = BTreeMap::new();
    for field in crate::column::FIELD_COLUMNS.iter() {
        if let Some(value) = row.value(*field) {
            fields.insert(*field, shown(value));
        }
    }
    Ok(Line {
        receiver: receiver.to_owned(),
        number,
        received: row.received().ok_or_else(damaged)?,
        peer: row.peer().ok_or_else(damaged)?,
        port: row.port().ok_or_else(damaged)?,
        time: row.time(),
        dialect: row.dialect().map(ToOwned::to_owned),
        fields,
        bytes,
    })
}

fn shown(value: Value<'_>) -> String {
    let mut bytes = Vec::new();
    crate::column::write(value, &mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}
