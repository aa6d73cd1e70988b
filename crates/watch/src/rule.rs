//! Rules: those of a pack, and Sigma's, in one form.
//!
//! A rule looks for one thing (or, of a sequence, for several), keeps lines apart by its group, and says when what it
//! found is an alarm. Sigma's rules match by themselves; its correlations are the same thresholds and sequences as ours.

use crate::detect::{DetectionId, Detector};
use crate::section::RuleText;
use model::Severity;
use regulation::Label;
use rsigma_parser::{
    ConditionOperator, CorrelationCondition, CorrelationRule, CorrelationType, Level, SigmaRule, WindowMode,
    parse_sigma_yaml,
};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// When what was found is an alarm. Spans are in seconds.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Kind {
    /// Whenever it is found.
    Match,
    /// So many lines, or so many different values of a field, of one group within a span. Sigma's `event_count` and
    /// `value_count`.
    Threshold {
        /// How many.
        count: u64,
        /// The field whose values are counted; lines where there is none.
        distinct: Option<Box<str>>,
        /// Within.
        within: i64,
    },
    /// All of several things of one group within a span. Sigma's `temporal` and `temporal_ordered`.
    Sequence {
        /// Must they come in order?
        ordered: bool,
        /// Within.
        within: i64,
    },
    /// A group that was not there for so long.
    FirstSeen {
        /// How long a group is remembered.
        within: i64,
        /// For how long after the rule is first at work nothing is raised.
        learn: i64,
    },
    /// A group that was there, and is not for so long.
    Silence {
        /// For how long.
        after: i64,
    },
    /// A figure outside its limits for so long.
    Limit {
        /// The field that holds the figure.
        value: Box<str>,
        /// It is not to be below.
        low: Option<f64>,
        /// It is not to be above.
        high: Option<f64>,
        /// By how much it must be within again for the alarm to be over.
        margin: f64,
        /// For how long it must be outside.
        lasting: i64,
    },
}

/// A rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its id: within a pack its own, of Sigma's the rule's UUID or title.
    pub id: Box<str>,
    /// Its title. Sigma's are in English only, and stand so in both.
    pub title: Label,
    /// The clauses that ask for it.
    pub clauses: Vec<Box<str>>,
    /// How bad what it finds is.
    pub severity: Severity,
    /// The register in which a case is opened.
    pub opens: Option<Box<str>>,
    /// Fields by whose values lines are kept apart.
    pub by: Vec<Box<str>>,
    /// When what was found is an alarm.
    pub kind: Kind,
    /// After how many seconds without anything more an alarm is over; limits and silence are over when they are.
    pub quiet: i64,
    /// What is looked for; of a threshold that counts values the second takes a value away again, of a match it ends the
    /// alarm.
    pub(crate) looks: Vec<DetectionId>,
    /// What it is made of: what was kept in mind of another is not its own.
    pub(crate) text: Box<str>,
}

/// A rule that is not at work, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The file, or the pack's rule.
    pub place: Box<str>,
    /// Why, in Traditional Chinese and English.
    pub reason: Label,
}

/// A rule that is not at work until something is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The rule's id.
    pub rule: Box<str>,
    /// The names of what it asks for: `%name%` in the rule.
    pub asks: BTreeSet<Box<str>>,
}

/// Rules at work.
#[derive(Default)]
pub struct Rules {
    pub(crate) rules: Vec<Rule>,
    pub(crate) detector: Detector,
    /// Of each detection, whose it is: the rule, and which of its looks.
    pub(crate) owners: BTreeMap<DetectionId, Vec<(usize, usize)>>,
    refused: Vec<Refused>,
    waiting: Vec<Waiting>,
}

/// Sigma's rules that nothing else says of how long their alarms stand.
const QUIET: i64 = 15 * 60;
/// What alarms of Sigma's rules are kept apart by, as far as a line says it.
const APART: [&str; 3] = ["host", "src_ip", "user"];

impl Rule {
    /// Does something that is looked for end its alarms?
    pub(crate) fn has_end(&self) -> bool {
        self.kind == Kind::Match && self.looks.len() > 1
    }
}

impl Rules {
    /// None.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The rules, in the order in which they were added.
    #[must_use]
    pub fn all(&self) -> &[Rule] {
        &self.rules
    }

    /// What was refused.
    #[must_use]
    pub fn refused(&self) -> &[Refused] {
        &self.refused
    }

    /// What is not at work yet.
    #[must_use]
    pub fn waiting(&self) -> &[Waiting] {
        &self.waiting
    }

    /// Adds the rules of a pack. `given` is what an installation says of itself: for `%name%` in a rule, its values.
    pub fn pack(&mut self, texts: &[RuleText], given: &BTreeMap<String, Vec<String>>) {
        for text in texts {
            let asks: BTreeSet<Box<str>> = text.asks().filter(|name| !given.contains_key(&**name)).collect();
            if !asks.is_empty() {
                self.waiting.push(Waiting { rule: text.rule.id.clone(), asks });
                continue;
            }
            let looks: Result<Vec<DetectionId>, String> =
                text.documents(given).into_iter().map(|document| self.look(&document)).collect();
            match looks {
                Ok(looks) => self.add(Rule { looks, ..text.rule.clone() }),
                Err(reason) => self.refuse(&text.rule.id, &reason),
            }
        }
    }

    /// Adds Sigma's rules: names of files with their texts. Correlations may speak of rules of any of the files.
    pub fn sigma<'f>(&mut self, files: impl IntoIterator<Item = (&'f str, &'f str)>) {
        let mut found: BTreeMap<Box<str>, (Box<str>, DetectionId, SigmaRule)> = BTreeMap::new();
        let mut names: BTreeMap<String, Box<str>> = BTreeMap::new();
        let mut correlations: Vec<(Box<str>, CorrelationRule)> = Vec::new();
        for (place, text) in files {
            let collection = match parse_sigma_yaml(text) {
                Ok(collection) => collection,
                Err(error) => {
                    self.refuse(place, &error.to_string());
                    continue;
                }
            };
            collection.errors.iter().for_each(|error| self.refuse(place, error));
            for filter in &collection.filters {
                self.refuse(
                    place,
                    &format!("the filter {:?}: filters of rules are not known here", filter.title),
                );
            }
            correlations.extend(collection.correlations.into_iter().map(|rule| (place.into(), rule)));
            for rule in collection.rules {
                let id: Box<str> = rule.id.clone().unwrap_or_else(|| rule.title.clone()).into();
                if found.contains_key(&id) {
                    self.refuse(place, &format!("another rule has the id {id:?}"));
                    continue;
                }
                match self.detector.add(&rule) {
                    Ok(detection) => {
                        rule.name.iter().for_each(|name| drop(names.insert(name.clone(), id.clone())));
                        found.insert(id, (place.into(), detection, rule));
                    }
                    Err(reason) => self.refuse(place, &reason),
                }
            }
        }
        // What a correlation speaks of raises nothing by itself, unless it says so.
        let mut silent: BTreeSet<Box<str>> = BTreeSet::new();
        let mut rules = Vec::new();
        for (place, correlation) in correlations {
            let named =
                |name: &String| found.get_key_value(&**names.get(name).unwrap_or(&name.as_str().into()));
            let parts: Option<Vec<_>> = correlation.rules.iter().map(named).collect();
            let built = match parts {
                None => Err("it speaks of a rule that is not there, or of another correlation".to_owned()),
                Some(parts) => {
                    let looks = parts.iter().map(|(_, (_, detection, _))| *detection).collect();
                    correlated(&correlation, looks).inspect(|_| {
                        let ids = parts.iter().map(|(id, _)| (*id).clone());
                        silent.extend(ids.filter(|_| !correlation.generate));
                    })
                }
            };
            match built {
                Ok(rule) => rules.push(rule),
                Err(reason) => self.refuse(&place, &reason),
            }
        }
        for (id, (place, detection, rule)) in found {
            if silent.contains(&id) {
                continue;
            }
            let text = serde_json::to_string(&rule.detection.condition_strings).unwrap_or_default();
            match titled(&rule.title) {
                Some(title) => self.add(Rule {
                    id,
                    title,
                    clauses: Vec::new(),
                    severity: severity(rule.level),
                    opens: None,
                    by: APART.map(Into::into).into(),
                    kind: Kind::Match,
                    quiet: QUIET,
                    looks: vec![detection],
                    text: text.into(),
                }),
                None => self.refuse(&place, "it has no title"),
            }
        }
        rules.into_iter().for_each(|rule| self.add(rule));
    }

    fn look(&mut self, document: &serde_json::Value) -> Result<DetectionId, String> {
        self.detector.add(&parsed(document)?)
    }

    fn add(&mut self, rule: Rule) {
        if self.rules.iter().any(|one| one.id == rule.id) {
            return self.refuse(&rule.id, "another rule has this id");
        }
        for (at, look) in rule.looks.iter().enumerate() {
            self.owners.entry(*look).or_default().push((self.rules.len(), at));
        }
        self.rules.push(rule);
    }

    fn refuse(&mut self, place: &str, reason: &str) {
        let told = Label::new(&format!("無法採用：{reason}"), reason);
        self.refused.extend(told.map(|reason| Refused { place: place.into(), reason }));
    }
}

/// The rule that a document in Sigma's form is.
pub(crate) fn parsed(document: &serde_json::Value) -> Result<SigmaRule, String> {
    let collection = parse_sigma_yaml(&document.to_string()).map_err(|error| error.to_string())?;
    let mut errors = collection.errors.into_iter();
    match (errors.next(), collection.rules.into_iter().next()) {
        (Some(error), _) => Err(error),
        (None, Some(rule)) => Ok(rule),
        (None, None) => Err("it is no rule".to_owned()),
    }
}

fn titled(title: &str) -> Option<Label> {
    Label::new(title, title)
}

const fn severity(level: Option<Level>) -> Severity {
    match level {
        Some(Level::Critical) => Severity::Critical,
        Some(Level::High) => Severity::High,
        Some(Level::Low) => Severity::Low,
        Some(Level::Informational) => Severity::Informational,
        // The specification has no level for what has none.
        Some(Level::Medium) | None => Severity::Medium,
    }
}

/// A correlation as a rule.
fn correlated(rule: &CorrelationRule, looks: Vec<DetectionId>) -> Result<Rule, String> {
    if rule.window != WindowMode::Sliding {
        return Err("windows other than sliding ones are not known here".into());
    }
    if !rule.aliases.is_empty() {
        return Err("aliases of fields are not known here".into());
    }
    let within = i64::try_from(rule.timespan.seconds).map_err(|error| error.to_string())?;
    let kind = match rule.correlation_type {
        CorrelationType::EventCount => {
            Kind::Threshold { count: least(&rule.condition)?, distinct: None, within }
        }
        CorrelationType::ValueCount => {
            let field = match &rule.condition {
                CorrelationCondition::Threshold { field: Some(fields), .. } => fields.as_slice(),
                _ => &[],
            };
            let [field] = field else {
                return Err("values of one field are counted here, no more and no less".into());
            };
            let distinct = Some(field.as_str().into());
            Kind::Threshold { count: least(&rule.condition)?, distinct, within }
        }
        CorrelationType::Temporal | CorrelationType::TemporalOrdered => {
            match &rule.condition {
                CorrelationCondition::Threshold { predicates, .. }
                    if predicates.iter().all(|(_, count)| *count <= looks.len() as u64) => {}
                _ => {
                    return Err(
                        "conditions between rules are not known here: all of them are asked for".into()
                    );
                }
            }
            let ordered = rule.correlation_type == CorrelationType::TemporalOrdered;
            Kind::Sequence { ordered, within }
        }
        other => return Err(format!("{} is not known here", other.as_str())),
    };
    let text =
        serde_json::to_string(&(&kind, &rule.group_by, &rule.rules)).map_err(|error| error.to_string())?;
    Ok(Rule {
        id: rule.id.clone().unwrap_or_else(|| rule.title.clone()).into(),
        title: titled(&rule.title).ok_or("it has no title")?,
        clauses: Vec::new(),
        severity: severity(rule.level),
        opens: None,
        by: rule.group_by.iter().map(|field| field.as_str().into()).collect(),
        quiet: within.max(QUIET),
        kind,
        looks,
        text: text.into(),
    })
}

/// How many are asked for. What is not more the more there are cannot be told while lines still come.
fn least(condition: &CorrelationCondition) -> Result<u64, String> {
    let CorrelationCondition::Threshold { predicates, .. } = condition else {
        return Err("a count is asked for".into());
    };
    match predicates.as_slice() {
        [(ConditionOperator::Gte, count)] => Ok((*count).max(1)),
        [(ConditionOperator::Gt, count)] => Ok(count.saturating_add(1)),
        _ => Err(
            "only gte and gt are known here: what is fewer, or just as many, is not known while lines come"
                .into(),
        ),
    }
}
