//! Putting together: what each record amounts to, added up for its unit, for those above it, and for all.
//!
//! A unit's figure counts it and all below it. Figures say nothing of single records.

use crate::reason;
use identity::State;
use model::{CivilDate, Instant, Told, UnitId};
use regulation::{Check, CheckEvidence, Decimal, Measure, Value, Zone};
use std::collections::{BTreeMap, HashMap};
use store::{Figure, Verdict};

/// What one record of the population, or one occurrence, amounts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// As it should be.
    Good,
    /// Not so, or what is asked is not filled in.
    Bad,
    /// This day.
    Day(CivilDate),
    /// This number.
    Number(Decimal),
}

impl Mark {
    /// The day of a value; without one it is not filled in.
    pub(crate) fn of_day(value: Option<Value>, zone: &Zone) -> Self {
        match value {
            Some(Value::Date(day)) => Self::Day(day),
            Some(Value::Moment(at)) => Self::Day(zone.date(at)),
            _ => Self::Bad,
        }
    }

    /// The number of a value, of a span its days; none where that is beyond what can be counted.
    pub(crate) fn of_number(value: Option<Value>) -> Option<Self> {
        match value {
            Some(Value::Number(number)) => Some(Self::Number(number)),
            // A number counts millionths and a span microseconds, so the same figure serves both.
            Some(Value::Span(span)) => Decimal::from_whole(86_400)
                .and_then(|day| Decimal::from_millionths(span.micros()).over(day))
                .map(Self::Number),
            _ => Some(Self::Bad),
        }
    }

    /// Is what bears it to be looked after, for the check to be met?
    pub(crate) fn fails(self, check: &Check) -> bool {
        match (self, &check.evidence) {
            // Of the latest one only, not of each.
            (_, CheckEvidence::Newest(_)) | (Self::Good | Self::Day(_), _) => false,
            (Self::Bad, _) => true,
            (Self::Number(number), CheckEvidence::Measure { of: Measure::Worst, .. }) => {
                check.goal.is_some_and(|goal| number > goal)
            }
            (Self::Number(_), _) => false,
        }
    }
}

/// One of the population.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Judged {
    /// None: it counts for all together alone.
    pub(crate) unit: Option<UnitId>,
    /// When it was opened, due, or came about.
    pub(crate) at: Instant,
    pub(crate) mark: Mark,
}

#[derive(Debug, Default)]
struct Sum {
    population: u32,
    good: u32,
    oldest: Option<Instant>,
    newest: Option<CivilDate>,
    numbers: Vec<Decimal>,
}

/// Sums by unit; that of all together has none.
pub(crate) struct Tally<'a> {
    units: &'a State,
    sums: BTreeMap<Option<UnitId>, Sum>,
    /// A unit with those above it, and all together.
    chains: HashMap<UnitId, Vec<Option<UnitId>>>,
}

impl<'a> Tally<'a> {
    pub(crate) fn new(units: &'a State) -> Self {
        Self { units, sums: BTreeMap::from([(None, Sum::default())]), chains: HashMap::new() }
    }

    pub(crate) fn add(&mut self, one: &Judged) {
        let units = self.units;
        let Some(unit) = one.unit else {
            self.sums.entry(None).or_default().add(one);
            return;
        };
        let chain = self.chains.entry(unit).or_insert_with(|| {
            let mut chain = vec![None, Some(unit)];
            chain.extend(units.above(unit).map(Some));
            chain
        });
        for unit in chain.iter() {
            self.sums.entry(*unit).or_default().add(one);
        }
    }

    /// The figures of a check, that of all together first.
    pub(crate) fn figures(self, check: &Check, today: CivilDate, zone: &Zone) -> Vec<Figure> {
        self.sums.into_iter().map(|(unit, sum)| sum.figure(unit, check, today, zone)).collect()
    }
}

impl Sum {
    fn add(&mut self, one: &Judged) {
        self.population = self.population.saturating_add(1);
        self.oldest = Some(self.oldest.map_or(one.at, |oldest| oldest.min(one.at)));
        match one.mark {
            Mark::Bad => return,
            Mark::Good => {}
            Mark::Day(day) => self.newest = self.newest.max(Some(day)),
            Mark::Number(number) => self.numbers.push(number),
        }
        self.good = self.good.saturating_add(1);
    }

    fn figure(self, unit: Option<UnitId>, check: &Check, today: CivilDate, zone: &Zone) -> Figure {
        if self.population == 0 {
            return Figure::nobody(unit);
        }
        let (good, population) = (self.good, self.population);
        let oldest = self.oldest.map(|at| zone.date(at));
        match self.judge(check, today) {
            Ok((value, verdict)) => Figure { good, oldest, population, unit, value, verdict, why: None },
            Err(why) => {
                let verdict = Verdict::NotComputed;
                Figure { good, oldest, population, unit, value: None, verdict, why: Some(why) }
            }
        }
    }

    fn judge(mut self, check: &Check, today: CivilDate) -> Result<(Option<Decimal>, Verdict), Told> {
        let at_most = |value: Decimal, known: bool| match check.goal {
            None => Verdict::Figure,
            Some(goal) if value <= goal && known => Verdict::Met,
            Some(_) => Verdict::NotMet,
        };
        // What is not filled in may be anything.
        let all_known = self.good == self.population;
        match &check.evidence {
            CheckEvidence::NoneOpen => {
                let open = Decimal::from_whole(i64::from(self.population - self.good));
                Ok((open, if all_known { Verdict::Met } else { Verdict::NotMet }))
            }
            CheckEvidence::OnTime | CheckEvidence::Share(_) => {
                let share = share(self.good, self.population);
                let verdict = match (check.goal, &check.evidence) {
                    (Some(goal), _) => reaches(self.good, self.population, goal),
                    // Duties are owed, whether or not a goal is written down.
                    (None, CheckEvidence::OnTime) => {
                        if all_known {
                            Verdict::Met
                        } else {
                            Verdict::NotMet
                        }
                    }
                    (None, _) => Verdict::Figure,
                };
                Ok((Some(share), verdict))
            }
            CheckEvidence::Newest(_) => {
                let Some(newest) = self.newest else { return Ok((None, Verdict::NotMet)) };
                let days = (today.days_since_epoch() - newest.days_since_epoch()).max(0);
                let days = Decimal::from_whole(days).ok_or_else(reason::too_many)?;
                Ok((Some(days), at_most(days, true)))
            }
            CheckEvidence::Measure { of, .. } => {
                let value = put_together(&mut self.numbers, *of)?;
                let verdict = match value {
                    Some(value) => at_most(value, all_known),
                    None if check.goal.is_some() => Verdict::NotMet,
                    None => Verdict::Figure,
                };
                Ok((value, verdict))
            }
            CheckEvidence::Engine => Err(reason::no_engine("—")),
        }
    }
}

/// Per cent, cut off after six decimals.
fn share(good: u32, population: u32) -> Decimal {
    let millionths = i64::from(good) * 100_000_000 / i64::from(population.max(1));
    Decimal::from_millionths(millionths)
}

/// Is the share at least the goal? Compared before anything is cut off.
fn reaches(good: u32, population: u32, goal: Decimal) -> Verdict {
    let reached = i128::from(good) * 100_000_000 >= i128::from(goal.millionths()) * i128::from(population);
    if reached { Verdict::Met } else { Verdict::NotMet }
}

/// The middle one (of two, halfway between them), the largest, or all together.
fn put_together(numbers: &mut [Decimal], of: Measure) -> Result<Option<Decimal>, Told> {
    if numbers.is_empty() {
        return Ok(None);
    }
    match of {
        Measure::Worst => Ok(numbers.iter().max().copied()),
        Measure::Sum => {
            let sum: i128 = numbers.iter().map(|number| i128::from(number.millionths())).sum();
            i64::try_from(sum).map(|sum| Some(Decimal::from_millionths(sum))).map_err(|_| reason::too_many())
        }
        Measure::Median => {
            numbers.sort_unstable();
            let middle = |back: usize| {
                let at = numbers.len().checked_sub(back)? / 2;
                numbers.get(at).map(|number| i128::from(number.millionths()))
            };
            let (Some(lower), Some(upper)) = (middle(1), middle(0)) else { return Ok(None) };
            let halfway = (lower + upper).div_euclid(2);
            i64::try_from(halfway)
                .map(|median| Some(Decimal::from_millionths(median)))
                .map_err(|_| reason::too_many())
        }
    }
}
