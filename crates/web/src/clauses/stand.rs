//! How checks and clauses stand, for the unit looked at, now or as of a past day.
//!
//! Invariant: met is only what was recorded as met and is fresh. As of a past day stands what was recorded by then.

use crate::error::PageError;
use crate::look::Look;
use crate::visit::Visit;
use board::Shown;
use model::{Instant, UnitId};
use regulation::{Check, CheckId, Clause, ClauseId};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use store::{Evaluation, Verdict};

/// The state of a check or a clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    /// Not as it should be.
    NotMet,
    /// Not computed.
    NotComputed,
    /// What is known is too old.
    Stale,
    /// Nobody is there that it could be asked of.
    Nobody,
    /// A figure without a goal.
    Figure,
    /// As it should be.
    Met,
    /// It is signed that it does not apply.
    Exempt,
}

impl State {
    /// Every one, what is to be looked after first.
    pub(crate) const ALL: [Self; 7] =
        [Self::NotMet, Self::NotComputed, Self::Stale, Self::Nobody, Self::Figure, Self::Met, Self::Exempt];

    /// Its word in addresses and classes.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::NotMet => "not-met",
            Self::NotComputed => "not-computed",
            Self::Stale => "stale",
            Self::Nobody => "nobody",
            Self::Figure => "figure",
            Self::Met => "met",
            Self::Exempt => "exempt",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Its shape.
    pub(crate) const fn icon(self) -> &'static str {
        match self {
            Self::NotMet => "alert-triangle",
            Self::NotComputed => "help",
            Self::Stale => "hourglass",
            Self::Nobody => "minus",
            Self::Figure => "info-circle",
            Self::Met => "circle-check",
            Self::Exempt => "ban",
        }
    }

    /// Its name.
    pub(crate) const fn name(self, cx: &Visit) -> &'static str {
        match self {
            Self::NotMet => cx.t("未符合", "Not met"),
            Self::NotComputed => cx.t("未計算", "Not computed"),
            Self::Stale => cx.t("資料逾期", "Out of date"),
            Self::Nobody => cx.t("無對象", "Nobody there"),
            Self::Figure => cx.t("僅列數值", "Figure only"),
            Self::Met => cx.t("符合", "Met"),
            Self::Exempt => cx.t("不適用", "Does not apply"),
        }
    }

    /// A verdict as it was recorded.
    pub(crate) const fn recorded(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Exempt => Self::Exempt,
            Verdict::Figure => Self::Figure,
            Verdict::Met => Self::Met,
            Verdict::Nobody => Self::Nobody,
            Verdict::NotComputed => Self::NotComputed,
            Verdict::NotMet => Self::NotMet,
        }
    }

    /// A clause stands as the worst of its checks; what has no goal does not count where something has. It is met only
    /// where each is met or does not apply.
    pub(crate) fn of_clause(checks: &[Self]) -> Self {
        let judged = checks.iter().filter(|state| **state != Self::Figure);
        let worst = judged.min().copied();
        worst.unwrap_or(if checks.is_empty() { Self::NotComputed } else { Self::Figure })
    }
}

/// How a check stands.
pub(crate) struct Stands {
    pub(crate) state: State,
    /// What was recorded.
    pub(crate) evaluation: Option<Evaluation>,
    /// By the last evaluation; none as of a past day, and before the first since the start.
    pub(crate) last: Option<board::Standing>,
}

/// What checks are looked up with.
pub(crate) struct Standing {
    shown: Arc<Shown>,
    pub(crate) unit: Option<UnitId>,
    /// The end of the past day looked at; none for now.
    pub(crate) until: Option<Instant>,
    /// What was recorded of the clauses looked at, for the unit and for all together.
    recorded: HashMap<(ClauseId, CheckId, Option<UnitId>), Evaluation>,
}

/// An evaluation may come this much after what it replaces is no longer fresh.
const GRACE: Duration = Duration::from_secs(15 * 60);

impl Standing {
    /// How these clauses stand.
    ///
    /// # Errors
    /// The tables failed.
    pub(crate) fn read(
        look: &Look<'_>,
        until: Option<Instant>,
        clauses: &[&Clause],
    ) -> Result<Self, PageError> {
        let (shown, unit) = (look.cx.site.desk().standing(), look.cx.focus());
        let mut standing = Self { shown, unit, until, recorded: HashMap::new() };
        let clauses = clauses.iter().copied();
        let checks: Vec<_> =
            clauses.flat_map(|clause| clause.checks.iter().map(|check| (&clause.id, &check.id))).collect();
        let units = [None, unit].into_iter().take(1 + usize::from(unit.is_some()));
        for unit in units {
            for found in look.sql(|sql| sql.evaluations_of(&checks, unit, until))? {
                standing.recorded.insert((found.clause.clone(), found.check.clone(), unit), found);
            }
        }
        Ok(standing)
    }

    /// How a check of these clauses stands for the unit looked at.
    pub(crate) fn check(&self, look: &Look<'_>, clause: &ClauseId, check: &Check) -> Stands {
        let recorded = |unit| self.recorded.get(&(clause.clone(), check.id.clone(), unit)).cloned();
        let whole = self.unit.and_then(|_| recorded(None));
        self.stands(look, clause, check, recorded(self.unit), whole)
    }

    /// How a check stands for a unit; none: all together.
    pub(crate) fn check_of(
        &self,
        look: &Look<'_>,
        clause: &ClauseId,
        check: &Check,
        unit: Option<UnitId>,
    ) -> Result<Stands, PageError> {
        let recorded = |unit| look.sql(|sql| sql.evaluation(clause, &check.id, unit, self.until));
        let (evaluation, whole) = (recorded(unit)?, unit.map(|_| recorded(None)).transpose()?.flatten());
        Ok(self.stands(look, clause, check, evaluation, whole))
    }

    /// How a check stands by what was recorded of it for a unit, and then for all together; or for all together alone.
    fn stands(
        &self,
        look: &Look<'_>,
        clause: &ClauseId,
        check: &Check,
        evaluation: Option<Evaluation>,
        whole: Option<Evaluation>,
    ) -> Stands {
        let last = self.last(look, clause, check);
        let by_verdict = match (&evaluation, whole) {
            (Some(found), _) => Some(found.figure.verdict),
            // A unit of which nothing was ever recorded had nobody, if anything was known at all.
            (None, Some(whole)) => Some(match whole.figure.verdict {
                Verdict::NotComputed => Verdict::NotComputed,
                _ => Verdict::Nobody,
            }),
            (None, None) => None,
        };
        let fresh = self.until.is_some()
            || last.as_ref().is_some_and(|last| look.cx.now() <= last.fresh_until.plus(GRACE));
        let state = match by_verdict {
            None | Some(Verdict::NotComputed) => State::NotComputed,
            Some(_) if !fresh => State::Stale,
            Some(verdict) => State::recorded(verdict),
        };
        Stands { state, evaluation, last }
    }

    fn last(&self, look: &Look<'_>, clause: &ClauseId, check: &Check) -> Option<board::Standing> {
        if self.until.is_some() || self.shown.version != Some(look.pack.version) {
            return None;
        }
        self.shown.checks.get(&(clause.clone(), check.id.clone())).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clause_is_met_only_where_each_check_is_met_or_does_not_apply() {
        use State::{Exempt, Figure, Met, Nobody, NotComputed, NotMet, Stale};
        for (checks, clause) in [
            (&[Met, Met][..], Met),
            (&[Met, Exempt], Met),
            (&[Exempt, Exempt], Exempt),
            (&[Met, Figure], Met),
            (&[Figure], Figure),
            (&[], NotComputed),
            (&[Met, Nobody], Nobody),
            (&[Nobody, Stale], Stale),
            (&[Stale, NotComputed], NotComputed),
            (&[Met, Stale, NotComputed, NotMet], NotMet),
        ] {
            assert_eq!(State::of_clause(checks), clause, "{checks:?}");
        }
    }

    #[test]
    fn every_state_has_its_own_word_and_shape() {
        for (nth, state) in State::ALL.into_iter().enumerate() {
            assert_eq!(State::from_word(state.word()), Some(state));
            let others = State::ALL.into_iter().skip(nth + 1);
            assert!(others.into_iter().all(|other| other.icon() != state.icon()), "{state:?}");
        }
        assert_eq!(State::from_word("fine"), None);
    }
}
