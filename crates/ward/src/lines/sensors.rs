//! Sensors: what devices give becomes lines of a receiver of their own; what lines of sensors amount to.
//!
//! Readings that others hand in over HTTP count as those that are read here.
//! A file is looked at once for spans of one length, unless it spans so much time that little of it is asked for.

use super::{HTTP, Lines, causes, unfound};
use crate::machine::SystemClock;
use model::{Clock as _, Instant, Told};
use sense::tally::{Place, Tally};
use sense::{Device, Figures, Protocol, Sensing, Sink};
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use telemetry::find::{FindError, Library, Listed, each_of_block};
use telemetry::{Block, Came, Chunk, Intake};
use watch::{Kind, RuleText};
use web::Bounds;

/// The receiver of readings.
pub(super) const RECEIVER: &str = "sensors";
/// So far back it is looked which devices were told to be silent.
const BEFORE: Duration = Duration::from_secs(86_400);
/// For so long an asking reads.
const BUDGET: Duration = Duration::from_secs(2);
/// Files of no more time than this are looked at as a whole.
const SHORT: Duration = Duration::from_secs(2 * 86_400);
/// Spans of this many seconds are few enough for any file.
const COARSE: u32 = 3_600;
/// Tallies that are kept.
const KEPT: usize = 4_096;

/// Where lines of sensors go.
struct Kept(Intake);

impl Sink for Kept {
    fn take(&self, at: Instant, lines: &[String]) -> Result<(), String> {
        let mut chunk = Chunk::new(Came::from_file(at));
        lines.iter().for_each(|line| chunk.push_long(line.as_bytes()));
        self.0.put(chunk, None).map_err(|_| "the receiver has stopped".to_owned())
    }
}

/// What files of lines amount to, as far as they were looked at.
#[derive(Default)]
pub(super) struct Tallies(Mutex<HashMap<Counted, Arc<Tally>>>);

/// A file as it was looked at.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Counted {
    receiver: String,
    first: u64,
    count: u64,
    erased: u64,
    /// Seconds of a span.
    step: u32,
}

/// Devices that are being read.
pub(super) struct Devices {
    pub(super) sensing: Sensing,
    /// Where each stands, and how often it is read.
    places: Vec<(Place, Duration)>,
}

impl Lines {
    /// Begins to read devices.
    pub(crate) fn sense(&self, devices: Vec<Device>) -> Result<(), Told> {
        let receiver = self.receiver(RECEIVER)?;
        let now = SystemClock.now();
        let (tally, _) = self.tally(now.minus(BEFORE)..now, COARSE)?;
        let place = |device: &Device| Place { room: device.room.clone(), sensor: device.id.clone() };
        let was_silent =
            |device: &&Device| tally.sensors.get(&place(device)).is_some_and(sense::tally::Sensor::is_silent);
        let silent: BTreeSet<String> = devices.iter().filter(was_silent).map(|one| one.id.clone()).collect();
        let places = devices.iter().map(|device| (place(device), device.every)).collect();
        let sink = Arc::new(Kept(receiver.intake()));
        let sensing = Sensing::begin(devices, &silent, Arc::new(SystemClock), sink);
        let sensing = sensing.map_err(|error| {
            let causes = causes(&error);
            Told::new(
                format!("無法開始讀取感測裝置：{causes}。請確認本機資源（執行緒、檔案數）是否足夠。"),
                format!(
                    "Sensors cannot be read: {causes}. See whether the machine has threads and files left."
                ),
            )
        })?;
        self.state().sensors = Some(Devices { sensing, places });
        Ok(())
    }

    /// What came of devices, by protocol.
    pub(crate) fn sensor_figures(&self) -> Vec<(Protocol, Figures)> {
        let state = self.state();
        state.sensors.as_ref().map(|devices| devices.sensing.figures()).unwrap_or_default()
    }

    /// What sensors have said within a span, in spans of so many seconds, as far as a short while goes; and how many files
    /// are left for the next asking.
    fn tally(&self, span: Range<Instant>, step: u32) -> Result<(Tally, u64), Told> {
        let query::Snapshot { library, mut files, tail } = self.snapshot(Some(span.start), Some(span.end))?;
        files.retain(|file| is_of_sensors(&file.receiver));
        files.sort_by_key(|file| Reverse(file.received.1));
        let tail = tail.iter().filter(|(receiver, _)| is_of_sensors(receiver)).map(|(_, block)| &**block);
        self.0.tallies.reckon(&library, &files, tail, &span, step).map_err(|error| unfound(&error))
    }

    /// The same, with what is to be made of it.
    pub(super) fn readings(&self, span: Range<Instant>, step: u32) -> Result<web::Readings, Told> {
        let (tally, left) = self.tally(span, step)?;
        let devices = self.state().sensors.as_ref().map(|devices| devices.places.clone()).unwrap_or_default();
        let seen = self.0.desk.seen();
        let rules = seen.packs.current().and_then(|pack| pack.section::<Vec<RuleText>>("rules"));
        let limits = rules.into_iter().flatten().filter_map(|text| match text.rule.kind {
            Kind::Limit { low, high, .. } => Some((text.measures()?.to_owned(), Bounds { low, high })),
            _ => None,
        });
        Ok(web::Readings { tally, left, devices, limits: limits.collect() })
    }
}

fn is_of_sensors(receiver: &str) -> bool {
    [RECEIVER, HTTP].contains(&receiver)
}

impl Tallies {
    fn reckon<'b>(
        &self,
        library: &Library,
        files: &[Listed],
        tail: impl Iterator<Item = &'b Block>,
        span: &Range<Instant>,
        step: u32,
    ) -> Result<(Tally, u64), FindError> {
        let until = SystemClock.now().plus(BUDGET);
        let (mut whole, mut left) = (Tally::new(step), 0);
        for block in tail {
            each_of_block(block, span, &mut |came, line| whole.add(came.received, line))?;
        }
        for file in files {
            let Listed { first, count, erased, .. } = *file;
            let name = Counted { receiver: file.receiver.clone(), first, count, erased, step };
            let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
            if let Some(known) = known {
                whole.with(&known);
                continue;
            }
            if SystemClock.now() >= until {
                left += 1;
                continue;
            }
            let (from, last) = file.received;
            let all_of_it = step >= COARSE || last <= from.plus(SHORT);
            // The last moment is one of the file's own.
            let all = from..last.plus(Duration::from_micros(1));
            let mut tally = Tally::new(step);
            library.each(file, if all_of_it { &all } else { span }, &mut |came, line| {
                tally.add(came.received, line)
            })?;
            whole.with(&tally);
            if all_of_it {
                let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                if kept.len() >= KEPT {
                    kept.clear();
                }
                kept.insert(name, Arc::new(tally));
            }
        }
        Ok((whole, left))
    }
}
