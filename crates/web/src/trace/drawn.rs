//! What is drawn of a trace: bars of a time line, and lines between those who spoke with one another. Without script and
//! without a style of their own: colours are those of the text.

use askama::Template;
use std::collections::BTreeMap;

/// Bars, one for each stretch of time.
#[derive(Template)]
#[template(path = "trace/bars.html")]
pub(super) struct Bars {
    /// When each begins, how many, height in a hundredth, place from the left.
    pub(super) bars: Vec<Bar>,
    /// The most of one bar.
    pub(super) most: u64,
    /// What is counted.
    pub(super) what: &'static str,
    /// Width of a bar.
    pub(super) width: usize,
}

/// A bar.
pub(super) struct Bar {
    /// When it begins, in words.
    pub(super) when: String,
    /// How many.
    pub(super) count: u64,
    /// Place from the left.
    pub(super) left: usize,
    /// Height, of 100.
    pub(super) height: u64,
}

/// Units from the left to the right of a picture.
const WIDE: usize = 960;

impl Bars {
    pub(super) fn of(bars: Vec<(String, u64)>, what: &'static str) -> Self {
        let most = bars.iter().map(|(_, count)| *count).max().unwrap_or(0).max(1);
        let width = WIDE / bars.len().max(1);
        let bars = bars.into_iter().enumerate().map(|(nth, (when, count))| {
            // What is there is seen, however little it is.
            let height = if count == 0 { 0 } else { (count * 100 / most).max(1) };
            Bar { when, count, left: nth * width, height }
        });
        Self { bars: bars.collect(), most, what, width }
    }

    fn wide(&self) -> usize {
        self.width.saturating_sub(2).max(1)
    }

    fn first(&self) -> &str {
        self.bars.first().map_or("", |bar| &bar.when)
    }

    fn last(&self) -> &str {
        self.bars.last().map_or("", |bar| &bar.when)
    }
}

/// Who spoke with whom: sources on the left, destinations on the right.
///
/// Narrow, so that addresses are read on a telephone: each stands above its end of the lines on the left, below it on the
/// right, and has the whole width to itself.
#[derive(Template)]
#[template(path = "trace/web.html")]
pub(super) struct Web {
    /// Left side, from the top: the address and its place.
    pub(super) sources: Vec<(String, usize)>,
    /// Right side.
    pub(super) destinations: Vec<(String, usize)>,
    /// From where to where, how thick, in tenths, and what it says.
    pub(super) lines: Vec<(usize, usize, u64, String)>,
    /// Height of the picture.
    pub(super) high: usize,
}

/// Units between two addresses.
const STEP: usize = 48;
/// Lines of a picture.
const LINES: usize = 20;

impl Web {
    /// Of rows of source, destination and count, the most first; none where nobody spoke with anybody.
    pub(super) fn of(spoke: &[Vec<Option<String>>]) -> Option<Self> {
        let text = |row: &Vec<Option<String>>, at: usize| row.get(at).cloned().flatten();
        let read = |row| Some((text(row, 0)?, text(row, 1)?, text(row, 2)?.parse::<u64>().ok()?));
        let spoke: Vec<(String, String, u64)> = spoke.iter().filter_map(read).take(LINES).collect();
        let most = spoke.iter().map(|(_, _, count)| *count).max()?.max(1);
        let (mut sources, mut destinations) = (Side::default(), Side::default());
        let lines = spoke.into_iter().map(|(source, destination, count)| {
            let said = format!("{source} → {destination}: {count}");
            // By the logarithm, since a few speak with one another most of the time.
            let thick = 10 + 60 * u64::from((count + 1).ilog2()) / u64::from((most + 1).ilog2()).max(1);
            (sources.place(source), destinations.place(destination), thick, said)
        });
        let lines = lines.collect();
        let high = sources.places.len().max(destinations.places.len()) * STEP + 4;
        Some(Self { lines, high, sources: sources.sorted(), destinations: destinations.sorted() })
    }
}

#[derive(Default)]
struct Side {
    places: BTreeMap<String, usize>,
}

impl Side {
    fn place(&mut self, address: String) -> usize {
        let next = self.places.len() * STEP + STEP / 2 + 2;
        *self.places.entry(address).or_insert(next)
    }

    fn sorted(self) -> Vec<(String, usize)> {
        let mut places: Vec<(String, usize)> = self.places.into_iter().collect();
        places.sort_by_key(|(_, place)| *place);
        places
    }
}

impl askama::filters::HtmlSafe for Bars {}
impl askama::filters::HtmlSafe for Web {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_bar_fills_the_picture_and_the_least_is_seen() {
        let bars = Bars::of([0, 1, 5_000].map(|count| (count.to_string(), count)).to_vec(), "lines");
        assert_eq!(bars.bars.iter().map(|bar| bar.height).collect::<Vec<_>>(), [0, 1, 100]);
        assert_eq!(bars.bars[2].left + bars.width, WIDE);
        assert!(Bars::of(Vec::new(), "lines").bars.is_empty());
    }

    #[test]
    fn each_address_stands_once_on_its_side() {
        let row =
            |from: &str, to: &str, count: &str| vec![Some(from.into()), Some(to.into()), Some(count.into())];
        let web = Web::of(&[row("a", "x", "9"), row("a", "y", "3"), row("b", "x", "1")]).unwrap();
        assert_eq!((web.sources.len(), web.destinations.len(), web.lines.len()), (2, 2, 3));
        assert_eq!(web.lines[0].1, web.lines[2].1);
        assert!(web.lines[0].2 > web.lines[2].2);
        assert!(Web::of(&[]).is_none());
    }
}
