//! Months: what senders have sent within one, reckoned file by file and kept, so that it can be asked for again.
//!
//! A month of a large city is many files. Each asking reads for a short while and says how far it has come; what has been
//! read is not read again. Blocks that are in no file yet are added for each asking anew.
//! Invariants: each line counts once, whatever file it is in by now; what had been sent by lines that went by an approved
//! case counts on ([`Gone`]), but for whom they spoke of. Lines that were erased one by one do not.

use crate::machine::SystemClock;
use crate::sources::List;
use model::{CivilDate, Clock as _, Instant};
use regulation::{TimeOfDay, Zone};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use store::TrafficGone;
use telemetry::Block;
use telemetry::find::{FindError, Library, Listed};
use telemetry::source::Network;
use telemetry::traffic::{Remains, Traffic};
use web::Reckoned;

/// For so long an asking reads.
const BUDGET: Duration = Duration::from_secs(2);
/// Months that are kept, those asked for last.
const KEPT: usize = 3;

/// Months as far as they were reckoned, the one asked for last at the end.
#[derive(Default)]
pub(crate) struct Months(Mutex<Vec<Month>>);

struct Month {
    traffic: Traffic,
    /// To whom addresses belonged.
    list: Arc<List>,
    added: Added,
}

/// What had been sent by the lines of a file that went.
pub(crate) struct Gone {
    receiver: String,
    lines: Range<u64>,
    senders: Vec<Remains>,
}

impl Gone {
    /// As it was kept; none where that does not read.
    pub(crate) fn read(kept: TrafficGone) -> Option<Self> {
        let senders = serde_json::from_str(&kept.body).ok()?;
        Some(Self { receiver: kept.receiver, lines: kept.first..kept.first + kept.lines, senders })
    }

    /// What is to be kept of a file that goes, month by month.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn of(library: &Library, file: &Listed, zone: &Zone) -> Result<Vec<TrafficGone>, FindError> {
        let mut kept = Vec::new();
        for span in spans(zone, file.received) {
            let mut traffic = Traffic::within(span.clone());
            library.traffic(&mut traffic, file, Network::alone)?;
            let senders = traffic.remains();
            if senders.is_empty() {
                continue;
            }
            kept.push(TrafficGone {
                receiver: file.receiver.clone(),
                first: file.first,
                lines: file.count,
                from: span.start,
                until: span.end,
                // Numbers, times and addresses always have a spelling.
                body: serde_json::to_string(&senders).unwrap_or_default(),
            });
        }
        Ok(kept)
    }

    fn since(&self) -> Option<Instant> {
        self.senders.iter().map(|sender| sender.first).min()
    }
}

/// The months that hold moments from this one to that one.
fn spans(zone: &Zone, (from, until): (Instant, Instant)) -> Vec<Range<Instant>> {
    let first_of = |day: CivilDate| day.plus_days(1 - i64::from(day.day()));
    let begins = |day: CivilDate| zone.moment(day, TimeOfDay::START);
    let (mut first, mut spans) = (first_of(zone.date(from)), Vec::new());
    while begins(first) <= until {
        let next = first_of(first.plus_days(31));
        spans.push(begins(first)..begins(next));
        first = next;
    }
    spans
}

/// Lines that were added, by receiver.
#[derive(Default)]
struct Added(BTreeMap<String, Vec<Range<u64>>>);

/// How much of a range was added.
#[derive(Debug, PartialEq, Eq)]
enum Covered {
    All,
    Nothing,
    Some,
}

impl Added {
    fn covers(&self, receiver: &str, lines: &Range<u64>) -> Covered {
        let known = self.0.get(receiver).map(Vec::as_slice).unwrap_or_default();
        let within = |one: &Range<u64>| one.end.min(lines.end).saturating_sub(one.start.max(lines.start));
        match known.iter().map(within).sum::<u64>() {
            0 => Covered::Nothing,
            all if all == lines.end - lines.start => Covered::All,
            _ => Covered::Some,
        }
    }

    /// Adds lines, of which none was added before.
    fn add(&mut self, receiver: &str, lines: Range<u64>) {
        let known = self.0.entry(receiver.to_owned()).or_default();
        match known.iter_mut().find(|one| one.end == lines.start) {
            Some(one) => one.end = lines.end,
            None => known.push(lines),
        }
    }
}

/// What a month is reckoned of.
enum Part<'p> {
    File(&'p Listed),
    Gone(&'p Gone),
}

impl Part<'_> {
    fn lines(&self) -> (&str, Range<u64>) {
        match self {
            Self::File(file) => (&file.receiver, file.first..file.first + file.count),
            Self::Gone(gone) => (&gone.receiver, gone.lines.clone()),
        }
    }

    fn since(&self) -> Option<Instant> {
        match self {
            Self::File(file) => Some(file.received.0),
            Self::Gone(gone) => gone.since(),
        }
    }
}

impl Months {
    /// What was sent within a span, as far as `files` can be read in a short while; `tail` is in none of them, `gone` are
    /// those that went.
    pub(crate) fn reckon(
        &self,
        library: &Library,
        list: &Arc<List>,
        span: Range<Instant>,
        (files, gone): (&[Listed], &[Gone]),
        tail: &[(String, Arc<Block>)],
    ) -> Result<Reckoned, FindError> {
        let until = SystemClock.now().plus(BUDGET);
        // In the order of time, by which pauses are told.
        let mut parts: Vec<Part<'_>> =
            gone.iter().map(Part::Gone).chain(files.iter().map(Part::File)).collect();
        parts.sort_by_key(|part| part.since());
        let mut months = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |month: &Month| *month.traffic.span() == span && Arc::ptr_eq(&month.list, list);
        let known = months.iter().position(fits).map(|at| months.remove(at));
        // A file that has taken in others since, of which some were added and some not, cannot be added any more.
        let sound = |month: &Month| {
            let some =
                |(receiver, lines): (&str, Range<u64>)| month.added.covers(receiver, &lines) == Covered::Some;
            !parts.iter().map(|part| part.lines()).any(some)
        };
        let mut month = known.filter(sound).unwrap_or_else(|| Month {
            traffic: Traffic::within(span),
            list: Arc::clone(list),
            added: Added::default(),
        });
        let mut left = 0;
        for part in &parts {
            let (receiver, lines) = part.lines();
            if month.added.covers(receiver, &lines) != Covered::Nothing {
                continue;
            }
            if SystemClock.now() >= until {
                left += 1;
                continue;
            }
            match part {
                // What fails has left something behind, so that the month is begun anew the next time.
                Part::File(file) => {
                    library.traffic(&mut month.traffic, file, |address| list.sender(address))?;
                }
                Part::Gone(gone) => {
                    let of = |address| list.sender(address);
                    gone.senders.iter().for_each(|sender| month.traffic.add_remains(sender, of));
                }
            }
            month.added.add(receiver, lines);
        }
        let mut traffic = month.traffic.clone();
        for (_, block) in tail {
            traffic.block(block, |address| list.sender(address))?;
        }
        if months.len() >= KEPT {
            months.remove(0);
        }
        months.push(month);
        Ok(Reckoned { traffic, names: list.names(), left, files: files.len() as u64 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger::disk::Folder;
    use lines::Source;
    use telemetry::source::Sources;
    use telemetry::{Came, Chunk, Receiver, merge};
    use testkit::{SeededEntropy, TemporaryFolder};

    const RECEIVER: &str = "syslog-tcp";
    /// In Taiwan the month begins eight hours before that of UTC.
    const BEGINS: &str = "2025-12-31T16:00:00.000000Z";

    /// Files of ten lines each, an hour apart, from two hours before the month on.
    struct Bed {
        folder: TemporaryFolder,
        files: Vec<Listed>,
    }

    impl Bed {
        fn new() -> Self {
            let folder = TemporaryFolder::new();
            let disk = Arc::new(Folder::new(folder.path()));
            let (entropy, sources) = (Box::new(SeededEntropy::new(6)), Sources::new(Source { offset: 0 }));
            let receiver = Receiver::open(RECEIVER, disk, entropy, (0, 0), sources, 1).unwrap();
            let (begins, mut files) = (BEGINS.parse::<Instant>().unwrap(), Vec::new());
            for hour in 0..6 {
                let received =
                    begins.minus(Duration::from_secs(2 * 3_600)).plus(Duration::from_secs(3_600 * hour));
                let mut chunk = Chunk::new(Came::from_peer(received, "192.0.2.1:514".parse().unwrap()));
                (0..10).for_each(|_| chunk.push(b"<11>x", lines::Part::Whole));
                receiver.intake().put(chunk, None).unwrap();
                receiver.wait_for(10 * (hour + 1));
                receiver.cut().unwrap();
                receiver.wait_until_cut();
                receiver.entered(receiver.seal().last().map_or(0, |batch| batch.first + batch.count));
                let filed = receiver.file(&receiver.full().unwrap()).unwrap();
                receiver.filed(&filed).unwrap();
                files.push(Listed {
                    receiver: RECEIVER.to_owned(),
                    first: filed.first,
                    count: filed.count,
                    erased: 0,
                    received: filed.received,
                });
            }
            receiver.close();
            Self { folder, files }
        }

        fn library(&self) -> Library {
            Library::new(self.folder.path())
        }

        /// Files become one.
        fn merge(&mut self, which: Range<usize>) {
            let library = self.library();
            let taken: Vec<Listed> = self.files.drain(which.clone()).collect();
            let tables: Vec<_> =
                taken.iter().map(|file| library.open(file).unwrap().table().clone()).collect();
            let (content, index) = merge::write(RECEIVER, &tables).unwrap();
            let merged = Listed {
                count: taken.iter().map(|file| file.count).sum(),
                received: (taken[0].received.0, taken[taken.len() - 1].received.1),
                ..taken[0].clone()
            };
            let paths = telemetry::file_paths(RECEIVER, merged.first, merged.count, 0);
            for (path, bytes) in paths.iter().zip([content.as_slice(), index.as_slice()]) {
                #[expect(clippy::disallowed_methods, reason = "a file of a test")]
                std::fs::write(self.folder.path().join(path), bytes).unwrap();
            }
            self.files.insert(which.start, merged);
        }
    }

    fn zone() -> Zone {
        Zone::new("Asia/Taipei").unwrap()
    }

    /// Lines, errors and pauses of the month, as they are shown.
    fn told(months: &Months, bed: &Bed, list: &Arc<List>, gone: &[Gone]) -> (u64, u64, usize) {
        let begins: Instant = BEGINS.parse().unwrap();
        let span = spans(&zone(), (begins, begins)).remove(0);
        assert_eq!(span.start, begins);
        let reckoned = months.reckon(&bed.library(), list, span, (&bed.files, gone), &[]).unwrap();
        assert_eq!(reckoned.left, 0);
        let sent = reckoned.traffic.senders().values().next().unwrap().clone();
        (sent.lines, sent.errors, sent.pauses.len())
    }

    #[test]
    fn figures_of_a_month_stay_when_its_files_become_one_and_when_they_go() {
        let (mut bed, list, months) = (Bed::new(), Arc::new(List::default()), Months::default());
        let (whole, all) = ((40, 40, 3), bed.files.clone());
        // Of the files that become one some were reckoned already.
        bed.files.truncate(4);
        assert_eq!(told(&months, &bed, &list, &[]), (20, 20, 1));
        bed.files = all;
        bed.merge(2..6);
        assert_eq!(told(&months, &bed, &list, &[]), whole);
        bed.merge(0..3);
        assert_eq!(told(&months, &bed, &list, &[]), whole);
        // The file goes; of it stays what it told of each month.
        let library = bed.library();
        let kept = Gone::of(&library, &bed.files[0], &zone()).unwrap();
        assert_eq!(kept.len(), 2, "two hours of December, four of January");
        bed.files.clear();
        let of_month = |kept: &TrafficGone| kept.from == BEGINS.parse().unwrap();
        let gone: Vec<Gone> =
            kept.iter().filter(|kept| of_month(kept)).cloned().filter_map(Gone::read).collect();
        assert_eq!(told(&months, &bed, &list, &gone), whole, "what was reckoned before counts once");
        assert_eq!(told(&Months::default(), &bed, &list, &gone), whole, "and after a new start as well");
    }

    #[test]
    fn what_goes_between_stays_between() {
        let (mut bed, list) = (Bed::new(), Arc::new(List::default()));
        let library = bed.library();
        let file = bed.files.remove(3);
        let gone: Vec<Gone> =
            Gone::of(&library, &file, &zone()).unwrap().into_iter().filter_map(Gone::read).collect();
        assert_eq!(told(&Months::default(), &bed, &list, &gone), (40, 40, 3));
        assert_eq!(told(&Months::default(), &bed, &list, &[]), (30, 30, 2), "which is not to be");
        // Stopped between keeping and going, the file is there still, and counts once.
        bed.files.insert(3, file);
        assert_eq!(told(&Months::default(), &bed, &list, &gone), (40, 40, 3));
    }
}
