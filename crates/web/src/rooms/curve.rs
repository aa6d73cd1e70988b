//! The curve of a figure: the mean of each span, from the least to the most within it, and the limits. Without script and
//! without a style of its own: colours are those of the text. Where nothing is known the curve has a gap.

use super::Bounds;
use super::figure::{label, limits, told};
use crate::cx::Cx;
use askama::Template;
use model::Instant;
use sense::tally::{Series, Span};
use std::fmt::Write as _;
use std::ops::Range;

/// Units of the picture.
const WIDE: f64 = 960.0;
const HIGH: f64 = 200.0;
/// Units above and below what is drawn.
const AIR: f64 = 10.0;
/// Rows of the table at most.
const ROWS: usize = 100;

/// The curve of a figure.
#[derive(Template)]
#[template(path = "rooms/curve.html")]
pub(super) struct Curve<'a> {
    cx: &'a Cx,
    /// What is drawn, in words.
    label: String,
    /// From when until when.
    ends: (String, String),
    /// Its least, mean and most; none where there is no number.
    figures: Option<(String, String, String)>,
    limits: String,
    /// Areas between the least and the most, and lines of the means: places of their corners.
    bands: Vec<String>,
    lines: Vec<String>,
    /// Spans without neighbours: place and height.
    dots: Vec<(String, String)>,
    /// Heights of the limits.
    bounds: Vec<String>,
    /// When, the least, the mean, the most.
    rows: Vec<(String, String, String, String)>,
}

impl<'a> Curve<'a> {
    /// Of a figure within a time; spans of it are so many seconds.
    pub(super) fn of(
        cx: &'a Cx,
        (sensor, quantity): (&str, &str),
        series: &Series,
        within: &Range<Instant>,
        step: i64,
        bounds: Option<&Bounds>,
    ) -> Self {
        let second = |at: Instant| at.as_micros().div_euclid(1_000_000);
        let (from, until) = (second(within.start), second(within.end));
        let spans: Vec<(i64, Span)> =
            series.spans.range(from - step + 1..until).map(|(at, span)| (*at, *span)).collect();
        let told = |value: f64| told(cx, quantity, &series.unit, value);
        let whole = spans.iter().map(|(_, span)| *span).reduce(together);
        let scale = Scale::of(from..until, whole, bounds);
        let mut curve = Self {
            cx,
            label: format!("{sensor} {}", label(cx, quantity)),
            ends: (cx.second(within.start), cx.second(within.end)),
            figures: whole.map(|span| (told(span.least), told(span.mean()), told(span.most))),
            limits: limits(cx, quantity, &series.unit, bounds),
            bands: Vec::new(),
            lines: Vec::new(),
            dots: Vec::new(),
            bounds: bounds
                .into_iter()
                .flat_map(|one| [one.low, one.high])
                .flatten()
                .map(|at| scale.up(at))
                .collect(),
            rows: Vec::new(),
        };
        // Spans that follow one another are one line.
        for run in spans.chunk_by(|one, next| next.0 - one.0 <= step) {
            curve.draw(run, step, &scale);
        }
        for group in spans.chunks(spans.len().div_ceil(ROWS).max(1)) {
            let together = group.iter().map(|(_, span)| *span).reduce(together);
            if let (Some((at, _)), Some(span)) = (group.first(), together) {
                let at = Instant::from_micros(at * 1_000_000).unwrap_or(Instant::EPOCH);
                curve.rows.push((cx.second(at), told(span.least), told(span.mean()), told(span.most)));
            }
        }
        curve
    }

    fn draw(&mut self, run: &[(i64, Span)], step: i64, scale: &Scale) {
        let place = |(at, _): &(i64, Span)| scale.along(at + step / 2);
        if let [one] = run {
            self.dots.push((place(one), scale.up(one.1.mean())));
            return;
        }
        let corners = |of: fn(&Span) -> f64, back: bool| {
            let mut text = String::new();
            let mut put = |one: &(i64, Span)| {
                let _ = write!(text, "{},{} ", place(one), scale.up(of(&one.1)));
            };
            if back {
                run.iter().rev().for_each(&mut put)
            } else {
                run.iter().for_each(&mut put)
            }
            text
        };
        self.bands.push(corners(|span| span.most, false) + &corners(|span| span.least, true));
        self.lines.push(corners(Span::mean, false));
    }

    /// What the picture says, for those who hear it.
    fn said(&self) -> String {
        let (cx, Self { label, ends: (from, until), .. }) = (self.cx, self);
        match &self.figures {
            None => format!("{label}{}", cx.t("：期間內無讀值", ": no reading within this time")),
            Some((least, mean, most)) => match cx.chinese() {
                true => format!("{label}，{from} 至 {until}：最低 {least}、平均 {mean}、最高 {most}"),
                false => format!("{label}, {from} to {until}: least {least}, mean {mean}, most {most}"),
            },
        }
    }
}

fn together(mut one: Span, other: Span) -> Span {
    one.with(&other);
    one
}

/// Where times and numbers stand in the picture.
struct Scale {
    from: f64,
    wide: f64,
    low: f64,
    high: f64,
}

impl Scale {
    fn of(time: Range<i64>, whole: Option<Span>, bounds: Option<&Bounds>) -> Self {
        let limits = bounds.into_iter().flat_map(|one| [one.low, one.high]).flatten();
        let numbers = whole.into_iter().flat_map(|span| [span.least, span.most]).chain(limits);
        let (low, high) = numbers
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), one| (low.min(one), high.max(one)));
        // What never changes stands in the middle.
        let (low, high) = if high > low { (low, high) } else { (low - 1.0, high + 1.0) };
        let wide = (time.end - time.start).max(1) as f64;
        Self { from: time.start as f64, wide, low, high }
    }

    fn along(&self, second: i64) -> String {
        format!("{:.1}", ((second as f64 - self.from) / self.wide * WIDE).clamp(0.0, WIDE))
    }

    fn up(&self, value: f64) -> String {
        let share = (value - self.low) / (self.high - self.low);
        format!("{:.1}", HIGH - AIR - share * (HIGH - 2.0 * AIR))
    }
}

impl askama::filters::HtmlSafe for Curve<'_> {}
