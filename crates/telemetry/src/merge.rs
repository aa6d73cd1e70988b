//! Merging: small files that follow one another become one. Lines, salts and roots stay as they are, and so does what is
//! left of lines that were erased; what each file was before is in the ledger.
//!
//! A receiver that few lines come to makes a file a minute; whoever looks for something has to open each of them.

use crate::file::{self, About, FileError, Part, Stretch, Table};
use crate::find::Listed;
use crate::index::{self, Keys, PLACES};
use std::ops::Range;

/// So many files become one.
pub const FILES: usize = 16;
/// Lines of a file that others become, at most.
pub const MOST_LINES: u64 = 1 << 20;
/// Lines of one size have numbers that differ by less than this power of two.
const STEP: u32 = 4;

/// Which of a receiver's files, in their order, are to become one next: the oldest [`FILES`] that follow one another, of
/// those with the fewest lines; none where there are no such files. Files of different months stay apart, so that what
/// is kept for a time can go as whole files.
#[must_use]
pub fn next(files: &[Listed]) -> Option<Range<usize>> {
    let sizes = 0..=MOST_LINES.ilog2() / STEP;
    sizes.into_iter().find_map(|size| {
        let runs = files.windows(FILES).position(|run| {
            let small = run.iter().all(|file| file.count.max(1).ilog2() / STEP <= size);
            small && are_one(run)
        });
        runs.map(|first| first..first + FILES)
    })
}

/// May these become one?
fn are_one(run: &[Listed]) -> bool {
    let adjacent = run.windows(2).all(|pair| match pair {
        [one, next] => one.first + one.count == next.first && month(one) == month(next),
        _ => true,
    });
    adjacent && run.iter().map(|file| file.count).sum::<u64>() <= MOST_LINES
}

/// Year and month in which the last line of a file was received, in UTC.
fn month(file: &Listed) -> String {
    file.received.1.to_string().chars().take(7).collect()
}

/// Writes the file that these become, in their order, and its index.
///
/// # Errors
/// [`FileError`]: one of them does not read, or what was written is not what they hold.
pub fn write(receiver: &str, tables: &[Table]) -> Result<(Vec<u8>, Vec<u8>), FileError> {
    let stretches: Vec<Stretch> = tables.iter().flat_map(|table| table.about().parts.clone()).collect();
    let mut next = stretches.first().map_or(0, |stretch| stretch.first);
    for stretch in &stretches {
        if stretch.first != next {
            return Err(FileError::About);
        }
        next += stretch.count;
    }
    let erased = tables.iter().flat_map(|table| table.about().erased.clone()).collect();
    let about = About { erased, ..About::of(receiver, stretches) };
    let file = file::write(about, || parts(tables))?;
    let mut keys = Vec::new();
    for table in tables {
        for rows in table.rows(None, &PLACES, file::PAGE)? {
            keys.push(Keys::read(&rows?));
        }
    }
    Ok((file, index::build(&keys)))
}

fn parts(tables: &[Table]) -> Result<impl Iterator<Item = Result<Part, FileError>>, FileError> {
    let parts = tables.iter().map(Table::parts).collect::<Result<Vec<_>, _>>()?;
    Ok(parts.into_iter().flatten())
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Instant;

    /// Files of so many lines, a minute each.
    fn files(counts: &[u64]) -> Vec<Listed> {
        let mut first = 7;
        let file = |(nth, count): (usize, &u64)| {
            let minute =
                |nth: usize| Instant::from_micros((1_795_651_200 + nth as i64 * 60) * 1_000_000).unwrap();
            let file = Listed {
                receiver: "r".to_owned(),
                first,
                count: *count,
                erased: 0,
                received: (minute(nth), minute(nth + 1)),
            };
            first += count;
            file
        };
        counts.iter().enumerate().map(file).collect()
    }

    #[test]
    fn sixteen_of_the_smallest_become_one() {
        assert_eq!(next(&files(&[3; 15])), None);
        assert_eq!(next(&files(&[3; 20])), Some(0..16));
        // A large one is no part of a run of small ones.
        let mut counts = vec![3; 10];
        counts.push(5_000);
        counts.extend([3; 17]);
        assert_eq!(next(&files(&counts)), Some(11..27));
        // Where small ones are too few, larger ones go with them.
        let mut counts = vec![3; 10];
        counts.push(5_000);
        counts.extend([3; 9]);
        assert_eq!(next(&files(&counts)), Some(0..16));
        assert_eq!(next(&files(&[1 << 17; 40])), None);
    }

    #[test]
    fn what_does_not_follow_or_is_of_another_month_stays_apart() {
        let mut apart = files(&[3; 16]);
        apart[8].first += 1;
        assert_eq!(next(&apart), None);
        let mut months = files(&[3; 16]);
        for file in &mut months[9..] {
            file.received.1 = Instant::from_micros((1_795_651_200 + 40 * 86_400) * 1_000_000).unwrap();
        }
        assert_eq!(next(&months), None);
    }

    #[test]
    fn merging_comes_to_an_end_and_leaves_few_files() {
        let mut all = files(&[2; 5_000]);
        let mut times = 0;
        while let Some(run) = next(&all) {
            let (first, last) = (all[run.start].clone(), all[run.end - 1].clone());
            let count = all[run.clone()].iter().map(|file| file.count).sum();
            let merged = Listed { count, received: (first.received.0, last.received.1), ..first };
            all.splice(run, [merged]);
            times += 1;
        }
        assert!(all.len() < 16 * 4 && times <= 5_000 / 15, "{} files, {times} times", all.len());
        assert_eq!(all.iter().map(|file| file.count).sum::<u64>(), 10_000);
    }
}
