//! What many readings amount to: of each figure its curve, and how it stands now.
//!
//! A tally is of spans of one length. Tallies of stretches that follow one another are put together to one of both, so
//! that each stretch of lines is looked at once.

use crate::line::{Line, Said};
use crate::value::Figure;
use model::Instant;
use std::collections::BTreeMap;

/// Figures of a tally at most; what more there are is counted.
pub const MOST_SERIES: usize = 10_000;

/// What is measured where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The code of the room.
    pub room: String,
    /// What the sensor is called.
    pub sensor: String,
}

/// A figure within a span of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    /// The least.
    pub least: f64,
    /// The most.
    pub most: f64,
    sum: f64,
    count: u64,
}

/// A figure over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// In which unit, as it was said last.
    pub unit: String,
    /// What was said last, and when.
    pub last: (Instant, Figure),
    /// Spans in which there was a number, by the second at which they begin.
    pub spans: BTreeMap<i64, Span>,
}

/// A sensor, and all that it measures.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sensor {
    /// Its figures, by what they measure.
    pub series: BTreeMap<String, Series>,
    /// When it was heard last: a figure, or that it is back.
    pub heard: Option<Instant>,
    /// When it was said last that nothing is known of it, and why.
    pub silent: Option<(Instant, String)>,
}

/// Readings of a stretch of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Tally {
    /// Length of a span, in seconds.
    step: i64,
    /// Sensors.
    pub sensors: BTreeMap<Place, Sensor>,
    /// How often something was left out because of the bound.
    pub others: u64,
    count: usize,
}

impl Span {
    const fn of(value: f64) -> Self {
        Self { least: value, most: value, sum: value, count: 1 }
    }

    /// Adds the numbers of another.
    pub fn with(&mut self, other: &Self) {
        self.least = self.least.min(other.least);
        self.most = self.most.max(other.most);
        self.sum += other.sum;
        self.count += other.count;
    }

    /// The mean of all numbers.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.sum / self.count as f64
    }
}

impl Sensor {
    /// Is it known to be silent: was nothing heard since it was said to be?
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.silent.as_ref().is_some_and(|(since, _)| self.heard.is_none_or(|heard| heard < *since))
    }

    fn with(&mut self, other: &Self) {
        self.heard = self.heard.max(other.heard);
        let later = other.silent.as_ref().map(|(at, _)| *at) >= self.silent.as_ref().map(|(at, _)| *at);
        if later && other.silent.is_some() {
            self.silent.clone_from(&other.silent);
        }
    }
}

impl Series {
    fn with(&mut self, other: &Self) {
        if other.last.0 >= self.last.0 {
            self.last.clone_from(&other.last);
            self.unit.clone_from(&other.unit);
        }
        for (at, span) in &other.spans {
            self.spans.entry(*at).and_modify(|mine| mine.with(span)).or_insert(*span);
        }
    }
}

impl Tally {
    /// Of nothing yet, in spans of so many seconds.
    #[must_use]
    pub const fn new(step: u32) -> Self {
        let step = if step == 0 { 1 } else { step as i64 };
        Self { step, sensors: BTreeMap::new(), others: 0, count: 0 }
    }

    /// Length of a span, in seconds.
    #[must_use]
    pub const fn step(&self) -> i64 {
        self.step
    }

    /// Adds a line that was received at a moment; what is of no sensor is passed over.
    pub fn add(&mut self, received: Instant, line: &[u8]) {
        let Some(Line { room, sensor, said }) = Line::read(line) else { return };
        let place = Place { room, sensor };
        let (mut state, mut said_of) = (Sensor::default(), None);
        match said {
            Said::Reading(reading) => {
                let second = received.as_micros().div_euclid(1_000_000);
                let begins = second - second.rem_euclid(self.step);
                let spans = match reading.figure {
                    Figure::Value(value) => BTreeMap::from([(begins, Span::of(value))]),
                    Figure::Bad(_) => BTreeMap::new(),
                };
                let series = Series { unit: reading.unit, last: (received, reading.figure), spans };
                (state.heard, said_of) = (Some(received), Some((reading.quantity, series)));
            }
            Said::Silent(why) => state.silent = Some((received, why)),
            Said::Back => state.heard = Some(received),
        }
        self.put(&place, &state, said_of.iter().map(|(quantity, series)| (quantity.as_str(), series)));
    }

    /// Adds what another amounts to, of spans as long as these.
    pub fn with(&mut self, other: &Self) {
        for (place, sensor) in &other.sensors {
            let series = sensor.series.iter().map(|(quantity, series)| (quantity.as_str(), series));
            self.put(place, sensor, series);
        }
        self.others += other.others;
    }

    fn put<'s>(
        &mut self,
        place: &Place,
        state: &Sensor,
        series: impl Iterator<Item = (&'s str, &'s Series)>,
    ) {
        if !self.sensors.contains_key(place) && self.sensors.len() >= MOST_SERIES {
            self.others += 1;
            return;
        }
        let sensor = self.sensors.entry(place.clone()).or_default();
        sensor.with(state);
        for (quantity, series) in series {
            match sensor.series.get_mut(quantity) {
                Some(known) => known.with(series),
                None if self.count < MOST_SERIES => {
                    self.count += 1;
                    sensor.series.insert(quantity.to_owned(), series.clone());
                }
                None => self.others += 1,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(second: u64) -> Instant {
        Instant::EPOCH.plus(Duration::from_secs(second))
    }

    fn line(value: &str) -> Vec<u8> {
        format!(r#"{{"room":"A","sensor":"A-1","quantity":"temperature","unit":"Cel",{value}}}"#).into_bytes()
    }

    fn silent(yes: bool) -> Vec<u8> {
        format!(r#"{{"room":"A","sensor":"A-1","silent":{yes},"why":"no answer"}}"#).into_bytes()
    }

    fn place() -> Place {
        Place { room: "A".to_owned(), sensor: "A-1".to_owned() }
    }

    /// Lines of a sensor, in order.
    fn lines() -> Vec<(Instant, Vec<u8>)> {
        vec![
            (at(10), line(r#""value":22"#)),
            (at(50), line(r#""value":24"#)),
            (at(59), line(r#""bad":"N/A""#)),
            (at(60), line(r#""value":21"#)),
            (at(70), silent(true)),
            (at(71), b"<13>of no sensor".to_vec()),
            (at(90), silent(false)),
            (at(130), silent(true)),
        ]
    }

    #[test]
    fn spans_hold_the_least_the_most_and_the_mean() {
        let mut tally = Tally::new(60);
        for (at, line) in lines() {
            tally.add(at, &line);
        }
        let sensor = &tally.sensors[&place()];
        let series = &sensor.series["temperature"];
        assert_eq!(series.spans.keys().copied().collect::<Vec<_>>(), [0, 60]);
        let first = series.spans[&0];
        assert_eq!((first.least, first.most, first.mean()), (22.0, 24.0, 23.0));
        assert_eq!(series.last, (at(60), Figure::Value(21.0)));
        assert_eq!(sensor.silent, Some((at(130), "no answer".to_owned())));
        assert!(sensor.is_silent());
        tally.add(at(131), &silent(false));
        assert!(!tally.sensors[&place()].is_silent());
    }

    #[test]
    fn what_is_no_number_is_no_part_of_a_curve_and_still_the_last_word() {
        let mut tally = Tally::new(60);
        tally.add(at(1), &line(r#""bad":"N/A""#));
        let series = &tally.sensors[&place()].series["temperature"];
        assert!(series.spans.is_empty());
        assert_eq!(series.last, (at(1), Figure::Bad("N/A".to_owned())));
    }

    #[test]
    fn stretches_put_together_are_one_in_any_order() {
        let all = lines();
        let tally = |lines: &[(Instant, Vec<u8>)]| {
            let mut tally = Tally::new(60);
            lines.iter().for_each(|(at, line)| tally.add(*at, line));
            tally
        };
        let whole = tally(&all);
        for cut in 0..=all.len() {
            let (front, back) = (tally(&all[..cut]), tally(&all[cut..]));
            for order in [[&front, &back], [&back, &front]] {
                let mut both = Tally::new(60);
                order.into_iter().for_each(|part| both.with(part));
                assert_eq!(both, whole, "{cut}");
            }
        }
    }

    #[test]
    fn beyond_the_bound_figures_are_counted() {
        let mut tally = Tally::new(60);
        for nth in 0..MOST_SERIES + 2 {
            let line = format!(r#"{{"room":"A","sensor":"s{nth}","quantity":"t","value":1}}"#);
            tally.add(at(1), line.as_bytes());
        }
        assert_eq!(tally.others, 2);
    }
}
