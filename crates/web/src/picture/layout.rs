//! Where boxes and lines of a picture stand: boxes in columns by their layer, lines from column to column.
//!
//! After Sugiyama, Tagawa and Toda (1981) with layers that are given: a line across several columns gets a place of its
//! own in each of them, the order within columns is that of the mean of neighbours, swept to and fro.
//! Invariants: whole numbers and no chance, so that the same picture always stands the same; no two boxes overlap; no line
//! crosses a box; everything lies within the picture.

use std::collections::BTreeMap;

/// Width of a box.
pub(crate) const BOX_WIDE: i32 = 192;
/// Between columns, where lines turn.
const GAP: i32 = 72;
/// Around everything.
const EDGE: i32 = 16;
/// Height of a column's head.
const HEAD: i32 = 28;
/// Between boxes of a column.
const BETWEEN: i32 = 14;
/// Height of the place of a line in a column.
const LANE: i32 = 6;
/// How often the order is swept.
const SWEEPS: usize = 8;

/// What is to be laid out.
pub(crate) struct Plan {
    /// Of each box its column and its height.
    pub(crate) boxes: Vec<(usize, i32)>,
    /// From which box to which, by their places.
    pub(crate) lines: Vec<(usize, usize)>,
}

/// A box that has its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) x: i32,
    pub(crate) y: i32,
    pub(crate) high: i32,
}

/// A piece of a line: from a point to another, by two points it bends to.
pub(crate) type Piece = [(i32, i32); 4];

/// What was laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Laid {
    pub(crate) wide: i32,
    pub(crate) high: i32,
    /// Columns that hold something: which, and where they begin.
    pub(crate) columns: Vec<(usize, i32)>,
    /// Boxes, in the order of the plan.
    pub(crate) boxes: Vec<Place>,
    /// Lines, in the order of the plan; those that lead nowhere have no piece.
    pub(crate) lines: Vec<Vec<Piece>>,
}

/// Something that has a place in a column.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Slot {
    Box(usize),
    /// The place of a line.
    Lane(usize),
}

/// An end of a line at a box, in the order in which they leave it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Port {
    /// The height of the other end.
    other: i32,
    line: usize,
    /// Is it the end on the right?
    right: bool,
}

impl Plan {
    /// Lays it out. Lines between places there are none of are left out.
    pub(crate) fn laid(&self) -> Laid {
        let mut used: Vec<usize> = self.boxes.iter().map(|(column, _)| *column).collect();
        used.sort_unstable();
        used.dedup();
        let at = |column: usize| used.binary_search(&column).unwrap_or_default();
        let of: Vec<usize> = self.boxes.iter().map(|(column, _)| at(*column)).collect();
        let x = |at: usize| EDGE + at as i32 * (BOX_WIDE + GAP);
        let order = self.ordered(&of, used.len());
        let (mut places, mut lanes) = (BTreeMap::new(), BTreeMap::new());
        let height = |slots: &Vec<Slot>| slots.iter().map(|slot| self.height(*slot) + BETWEEN).sum::<i32>();
        let most = order.iter().map(height).max().unwrap_or(0);
        for (column, slots) in order.iter().enumerate() {
            let mut y = EDGE + HEAD + (most - height(slots)) / 2;
            for slot in slots {
                let high = self.height(*slot);
                match slot {
                    Slot::Box(nth) => drop(places.insert(*nth, Place { x: x(column), y, high })),
                    Slot::Lane(line) => drop(lanes.insert((*line, column), y + high / 2)),
                }
                y += high + BETWEEN;
            }
        }
        let boxes: Vec<Place> = places.into_values().collect();
        let lines = self.drawn(&of, &boxes, &lanes);
        Laid {
            // Lines between boxes of the last column turn beside it.
            wide: x(used.len()).max(EDGE + GAP) - GAP / 2,
            high: EDGE + HEAD + most + EDGE,
            columns: used.iter().enumerate().map(|(nth, column)| (*column, x(nth))).collect(),
            boxes,
            lines,
        }
    }

    fn height(&self, slot: Slot) -> i32 {
        match slot {
            Slot::Box(nth) => self.boxes.get(nth).map_or(0, |(_, high)| *high),
            Slot::Lane(_) => LANE,
        }
    }

    /// The columns of a line's ends, from the left; none where it leads nowhere.
    fn span(&self, of: &[usize], line: usize) -> Option<(usize, usize)> {
        let (from, to) = self.lines.get(line)?;
        let (from, to) = (*of.get(*from)?, *of.get(*to)?);
        Some((from.min(to), from.max(to)))
    }

    /// What stands in each column, from the top.
    fn ordered(&self, of: &[usize], columns: usize) -> Vec<Vec<Slot>> {
        let mut order: Vec<Vec<Slot>> = vec![Vec::new(); columns];
        for (nth, column) in of.iter().enumerate() {
            if let Some(slots) = order.get_mut(*column) {
                slots.push(Slot::Box(nth));
            }
        }
        let mut neighbours: BTreeMap<(usize, Slot), Vec<(usize, Slot)>> = BTreeMap::new();
        for (line, (from, to)) in self.lines.iter().enumerate() {
            let Some((left, right)) = self.span(of, line) else { continue };
            let (first, last) = if of.get(*from) == Some(&left) { (*from, *to) } else { (*to, *from) };
            let mut before = (left, Slot::Box(first));
            for column in left + 1..=right {
                let slot = if column == right { Slot::Box(last) } else { Slot::Lane(line) };
                if let (Slot::Lane(_), Some(slots)) = (slot, order.get_mut(column)) {
                    slots.push(slot);
                }
                neighbours.entry(before).or_default().push((column, slot));
                neighbours.entry((column, slot)).or_default().push(before);
                before = (column, slot);
            }
        }
        for sweep in 0..SWEEPS {
            let rightward = sweep % 2 == 0;
            let columns: Vec<usize> = if rightward {
                (1..columns).collect()
            } else {
                (0..columns.saturating_sub(1)).rev().collect()
            };
            for column in columns {
                let beside = if rightward { column.checked_sub(1) } else { Some(column + 1) };
                let places: BTreeMap<Slot, usize> = beside
                    .and_then(|beside| order.get(beside))
                    .into_iter()
                    .flatten()
                    .enumerate()
                    .map(|(place, slot)| (*slot, place))
                    .collect();
                let Some(slots) = order.get_mut(column) else { continue };
                let total = places.len().max(1) as u64;
                let own = slots.len().max(1) as u64;
                let mut keyed: Vec<(u64, usize, Slot)> = slots
                    .iter()
                    .enumerate()
                    .map(|(place, slot)| {
                        let beside: Vec<u64> = neighbours
                            .get(&(column, *slot))
                            .into_iter()
                            .flatten()
                            .filter_map(|(there, other)| {
                                (Some(*there) == beside).then(|| places.get(other)).flatten()
                            })
                            .map(|place| *place as u64)
                            .collect();
                        // In thousandths of the column's height; what has no neighbour stays about where it was.
                        let mean = match beside.len() as u64 {
                            0 => (place as u64 * 2 + 1) * 500 / own,
                            count => (beside.iter().sum::<u64>() * 2 + count) * 500 / (count * total),
                        };
                        (mean, place, *slot)
                    })
                    .collect();
                keyed.sort_unstable();
                *slots = keyed.into_iter().map(|(_, _, slot)| slot).collect();
            }
        }
        order
    }

    fn drawn(&self, of: &[usize], boxes: &[Place], lanes: &BTreeMap<(usize, usize), i32>) -> Vec<Vec<Piece>> {
        let ports = self.ports(of, boxes);
        let one = |line: usize| -> Option<Vec<Piece>> {
            let (from, to) = *self.lines.get(line)?;
            let (left, right) = self.span(of, line)?;
            let (first, last) = if of.get(from) == Some(&left) { (from, to) } else { (to, from) };
            let (start, end) = (boxes.get(first)?, boxes.get(last)?);
            let (out, into) = (*ports.get(&(line, false))?, *ports.get(&(line, true))?);
            let begin = (start.x + BOX_WIDE, out);
            if left == right {
                // Out of the one, beside the column, and back into the other.
                let turn = begin.0 + GAP * 2 / 5;
                return Some(vec![[begin, (turn, out), (turn, into), (end.x + BOX_WIDE, into)]]);
            }
            let (mut pieces, mut at) = (Vec::new(), begin);
            for column in left + 1..right {
                let y = *lanes.get(&(line, column))?;
                let x = EDGE + column as i32 * (BOX_WIDE + GAP);
                pieces.push(bent(at, (x, y)));
                pieces.push([(x, y), (x, y), (x + BOX_WIDE, y), (x + BOX_WIDE, y)]);
                at = (x + BOX_WIDE, y);
            }
            pieces.push(bent(at, (end.x, into)));
            // It is drawn from where it comes to where it goes.
            if first != from {
                pieces.reverse();
                pieces.iter_mut().for_each(|piece| piece.reverse());
            }
            Some(pieces)
        };
        (0..self.lines.len()).map(|line| one(line).unwrap_or_default()).collect()
    }

    /// Where each line leaves the box on its left and enters that on its right: apart from one another, in the order of
    /// the other ends.
    fn ports(&self, of: &[usize], boxes: &[Place]) -> BTreeMap<(usize, bool), i32> {
        // By box and by whether it is its right side.
        let mut sides: BTreeMap<(usize, bool), Vec<Port>> = BTreeMap::new();
        for (line, (from, to)) in self.lines.iter().enumerate() {
            let Some((left, right)) = self.span(of, line) else { continue };
            let (first, last) = if of.get(*from) == Some(&left) { (*from, *to) } else { (*to, *from) };
            let (Some(one), Some(other)) = (boxes.get(first), boxes.get(last)) else { continue };
            let middle = |place: &Place| place.y + place.high / 2;
            let port = Port { other: middle(other), line, right: false };
            sides.entry((first, true)).or_default().push(port);
            let port = Port { other: middle(one), line, right: true };
            sides.entry((last, left == right)).or_default().push(port);
        }
        let mut ports = BTreeMap::new();
        for ((nth, _), mut lines) in sides {
            let Some(place) = boxes.get(nth) else { continue };
            lines.sort_unstable();
            let count = lines.len() as i32;
            for (at, port) in lines.into_iter().enumerate() {
                ports.insert((port.line, port.right), place.y + place.high * (at as i32 + 1) / (count + 1));
            }
        }
        ports
    }
}

/// A piece that leaves and arrives level.
fn bent(from: (i32, i32), to: (i32, i32)) -> Piece {
    let middle = (from.0 + to.0) / 2;
    [from, (middle, from.1), (middle, to.1), to]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whole numbers from a seed: xorshift of 64 bits, Marsaglia (2003).
    struct Dice(u64);

    impl Dice {
        fn below(&mut self, most: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 % most as u64) as usize
        }
    }

    fn plan(seed: u64) -> Plan {
        let mut dice = Dice(seed * 2 + 1);
        let count = dice.below(40) + 1;
        let boxes: Vec<(usize, i32)> =
            (0..count).map(|_| (dice.below(5), 30 + 17 * dice.below(4) as i32)).collect();
        let lines =
            (0..dice.below(60)).map(|_| (dice.below(count), dice.below(count))).filter(|(a, b)| a != b);
        let lines = lines.collect();
        Plan { boxes, lines }
    }

    fn overlap(one: &Place, other: &Place) -> bool {
        one.x < other.x + BOX_WIDE
            && other.x < one.x + BOX_WIDE
            && one.y < other.y + other.high
            && other.y < one.y + one.high
    }

    #[test]
    fn nothing_overlaps_all_is_within_and_the_same_stands_the_same() {
        for seed in 0..300 {
            let plan = plan(seed);
            let laid = plan.laid();
            assert_eq!(laid, plan.laid(), "seed {seed}");
            assert_eq!((laid.boxes.len(), laid.lines.len()), (plan.boxes.len(), plan.lines.len()));
            for (nth, one) in laid.boxes.iter().enumerate() {
                assert!(one.x >= 0 && one.y >= HEAD && one.x + BOX_WIDE <= laid.wide, "seed {seed}: {one:?}");
                assert!(one.y + one.high <= laid.high, "seed {seed}: {one:?}");
                for other in &laid.boxes[..nth] {
                    assert!(!overlap(one, other), "seed {seed}: {one:?} {other:?}");
                }
            }
            for point in laid.lines.iter().flatten().flatten() {
                assert!(
                    (0..=laid.wide).contains(&point.0) && (0..=laid.high).contains(&point.1),
                    "seed {seed}"
                );
            }
        }
    }

    /// Where a piece is, in so many steps.
    fn walked(piece: &Piece) -> impl Iterator<Item = (f64, f64)> + '_ {
        (0..=40).map(move |step| {
            let t = f64::from(step) / 40.0;
            let weights =
                [(1.0 - t).powi(3), 3.0 * t * (1.0 - t).powi(2), 3.0 * t * t * (1.0 - t), t.powi(3)];
            let sum = |of: fn(&(i32, i32)) -> i32| {
                piece.iter().zip(weights).map(|(point, weight)| f64::from(of(point)) * weight).sum::<f64>()
            };
            (sum(|point| point.0), sum(|point| point.1))
        })
    }

    #[test]
    fn no_line_crosses_a_box_and_each_leads_from_box_to_box() {
        for seed in 0..300 {
            let plan = plan(seed);
            let laid = plan.laid();
            for (pieces, (from, to)) in laid.lines.iter().zip(&plan.lines) {
                let inside = |place: &Place, (x, y): (f64, f64)| {
                    x > f64::from(place.x) + 0.5
                        && x < f64::from(place.x + BOX_WIDE) - 0.5
                        && y > f64::from(place.y)
                        && y < f64::from(place.y + place.high)
                };
                for point in pieces.iter().flat_map(walked) {
                    assert!(!laid.boxes.iter().any(|place| inside(place, point)), "seed {seed}: {point:?}");
                }
                let touches = |nth: usize, (x, y): (i32, i32)| {
                    let place = &laid.boxes[nth];
                    (x == place.x || x == place.x + BOX_WIDE) && (place.y..=place.y + place.high).contains(&y)
                };
                assert!(touches(*from, pieces[0][0]), "seed {seed}");
                assert!(touches(*to, pieces[pieces.len() - 1][3]), "seed {seed}");
                assert!(pieces.windows(2).all(|two| two[0][3] == two[1][0]), "seed {seed}");
            }
        }
    }

    #[test]
    fn neighbours_stand_beside_one_another() {
        // Crossed as they come; the order of the mean uncrosses them.
        let boxes = (0..8).map(|nth| (nth / 4, 40)).collect();
        let laid = Plan { boxes, lines: (0..4).map(|nth| (nth, 7 - nth)).collect() }.laid();
        for (nth, pieces) in laid.lines.iter().enumerate() {
            assert_eq!(pieces[0][0].1, pieces[0][3].1, "{nth}");
        }
        assert_eq!(Plan { boxes: Vec::new(), lines: Vec::new() }.laid().boxes, []);
    }
}
