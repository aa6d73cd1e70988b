//! The part of a pack that says what is watched: `rules/*.toml`.
//!
//! Each rule bears a sample that fires it and one that does not; both are tried whenever the pack is read.
//! Source: docs/rules.md; Sigma specification, detections.

use crate::rule::{Kind, Rule, parsed};
use crate::sample;
use model::Severity;
use regulation::{
    Context, Decimal, EngineBody, Form, Limit, LimitUnit, Node, Section, Shape, Table, may, need,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The section, to be registered where packs are read.
#[derive(Debug, Clone, Copy, Default)]
pub struct RuleSection;

/// A rule as the pack has it, before what an installation says of itself is put in.
#[derive(Debug, Clone)]
pub struct RuleText {
    /// The rule, without what it looks for.
    pub rule: Rule,
    /// What is to be done about it.
    pub advice: Option<regulation::Label>,
    /// With what the case is opened: fields of its register, each with a text in which `{field}` stands for what the alarm
    /// is about, `{title}`, `{first}` and `{count}` for what it is.
    pub set: Vec<(Box<str>, Box<str>)>,
    /// The step of that case which the system takes once the alarm is over, where the case is in a state for it.
    pub over: Option<regulation::StepId>,
    /// Whose alarms these are: registers, each with such a text by which its record is sought; the unit of the first that
    /// is found.
    pub whose: Vec<(regulation::RegisterId, Box<str>)>,
    /// Within how many seconds somebody is to answer for its alarms, where it is not as the pack says of all.
    pub answer: Option<u32>,
    /// What it looks for: documents in Sigma's form.
    looks: Vec<Value>,
}

static RULE_FILE: Shape = Shape { keys: &[need("rule", Form::Tables(&RULE), "規則", "rules")] };

static RULE: Shape = Shape {
    keys: &[
        need("id", Form::Id, "代號", "its id"),
        need("title", Form::Label, "名稱", "its title"),
        may("advice", Form::Label, "處置建議", "what is to be done about it"),
        need(
            "clause",
            Form::Either(&[Form::Clause, Form::List(&Form::Clause)]),
            "條號",
            "the clauses that ask for it",
        ),
        need("severity", Form::Word(&SEVERITIES), "嚴重程度", "how bad it is"),
        need("kind", Form::Word(&KINDS), "種類", "when what is found is an alarm"),
        may("logsource", Form::Table(&LOG_SOURCE), "紀錄來源（Sigma）", "whose lines, in Sigma's words"),
        may(
            "select",
            Form::Anything,
            "所尋找者（Sigma detection）",
            "what is looked for, as in Sigma's detection",
        ),
        may("except", Form::Anything, "除外者", "what of it is left out"),
        may(
            "ends",
            Form::Anything,
            "使計數之值消失或告警解除者",
            "what takes a counted value away again, or ends the alarm",
        ),
        may("steps", Form::List(&Form::Anything), "步驟", "what is looked for in a sequence"),
        may("ordered", Form::Flag, "步驟須依序", "must steps come in order?"),
        may("by", Form::List(&Form::Text), "分組欄位", "the fields by which lines are kept apart"),
        may("count", Form::Whole(1, 10_000), "次數", "how many"),
        may("distinct", Form::Text, "計其不同值之欄位", "the field whose different values are counted"),
        may("within", Form::Limit, "期間", "within"),
        may("learn", Form::Limit, "學習期間", "for how long nothing is raised at first"),
        may("after", Form::Limit, "無訊息之時間", "after how long of silence"),
        may("value", Form::Text, "讀值欄位", "the field that holds the figure"),
        may("low", Form::Number, "下限", "it is not to be below"),
        may("high", Form::Number, "上限", "it is not to be above"),
        may("margin", Form::Number, "回復幅度", "by how much it must be within again"),
        may("lasting", Form::Limit, "持續時間", "for how long it must be outside"),
        may("quiet", Form::Limit, "解除前之平靜時間", "after how long without anything more it is over"),
        may("opens", Form::Id, "開立案件之登記簿", "the register in which a case is opened"),
        may("set", Form::Map(&Form::Text), "開立案件時填入之欄位", "the fields that the case is opened with"),
        may(
            "over",
            Form::Id,
            "告警解除時系統於案件辦理之步驟",
            "the step of that case which the system takes once the alarm is over",
        ),
        may(
            "whose",
            Form::Map(&Form::Text),
            "告警所屬單位依何紀錄",
            "registers by whose record the alarm is a unit's",
        ),
        may("answer", Form::Limit, "認領時限", "within what time somebody is to answer for it"),
        need("fires", Form::Table(&SAMPLE), "應告警之例", "an example that raises an alarm"),
        need("silent", Form::Table(&SAMPLE), "不應告警之例", "an example that raises none"),
    ],
};

static LOG_SOURCE: Shape = Shape {
    keys: &[
        may("category", Form::Text, "類別", "its category"),
        may("product", Form::Text, "產品", "its product"),
        may("service", Form::Text, "服務", "its service"),
    ],
};

static SAMPLE: Shape = Shape {
    keys: &[
        need(
            "lines",
            Form::List(&Form::Either(&[Form::Text, Form::Whole(1, 100_000_000)])),
            "紀錄；整數為其間經過之秒數",
            "lines; a whole number is so many seconds that pass",
        ),
        may(
            "times",
            Form::Whole(1, 10_000),
            "重複次數，{i} 為第幾次",
            "how often they come; {i} is the how manieth time",
        ),
        may("given", Form::Map(&Form::List(&Form::Text)), "本機關之值", "values for names in percent signs"),
        may("accounts", Form::Anything, "帳號所屬單位", "accounts with their units"),
        may("networks", Form::Anything, "網段所屬單位", "networks with their units"),
    ],
};

const SEVERITIES: [&str; 5] = ["informational", "low", "medium", "high", "critical"];
const KINDS: [&str; 6] = ["match", "threshold", "sequence", "first_seen", "silence", "limit"];
/// Keys of rules: the key, the kinds that may have it, those that must.
const OF_KIND: [(&str, &[&str], &[&str]); 16] = [
    ("by", &KINDS, &["threshold", "sequence", "first_seen", "silence", "limit"]),
    ("select", &PLAIN, &PLAIN),
    ("except", &PLAIN, &[]),
    ("ends", &["match", "threshold"], &[]),
    ("steps", &["sequence"], &["sequence"]),
    ("ordered", &["sequence"], &[]),
    ("count", &["threshold"], &["threshold"]),
    ("distinct", &["threshold"], &[]),
    ("within", &["threshold", "sequence", "first_seen"], &["threshold", "sequence", "first_seen"]),
    ("learn", &["first_seen"], &["first_seen"]),
    ("after", &["silence"], &["silence"]),
    ("value", &["limit"], &["limit"]),
    ("low", &["limit"], &[]),
    ("high", &["limit"], &[]),
    ("margin", &["limit"], &[]),
    ("lasting", &["limit"], &["limit"]),
];
/// Kinds that look for one thing.
const PLAIN: [&str; 5] = ["match", "threshold", "first_seen", "silence", "limit"];
/// For how long an alarm stands when its rule does not say it, in seconds.
const QUIET: i64 = 15 * 60;
impl Section for RuleSection {
    fn name(&self) -> &'static str {
        "rules"
    }

    fn title(&self) -> (&'static str, &'static str) {
        ("監看規則", "Rules")
    }

    fn shape(&self) -> &'static Shape {
        &RULE_FILE
    }

    fn read(&self, files: &[(&str, Table<'_>)], context: &Context<'_>) -> EngineBody {
        let mut rules: Vec<RuleText> = Vec::new();
        for table in files.iter().flat_map(|(_, file)| file.tables("rule")) {
            let Some(rule) = rule(table, context) else { continue };
            if rules.iter().any(|one| one.rule.id == rule.rule.id) {
                let (zh, en) = (
                    format!("規則「{}」重複", rule.rule.id),
                    format!("there is a rule {:?} already", rule.rule.id),
                );
                context.problem(table.place_at("id"), zh, en);
                continue;
            }
            sample::tried(table, &rule, context);
            rules.push(rule);
        }
        EngineBody(Arc::new(rules))
    }

    fn list(&self, body: &EngineBody) -> Value {
        let rules = body.0.downcast_ref::<Vec<RuleText>>().map(Vec::as_slice).unwrap_or_default();
        rules.iter().map(|text| json!({ "id": text.rule.id, "clauses": text.rule.clauses })).collect()
    }
}

impl RuleText {
    /// Which figure of sensors the rule sets limits to; none where it sets none.
    #[must_use]
    pub fn measures(&self) -> Option<&str> {
        let (Kind::Limit { value, .. }, [look]) = (&self.rule.kind, self.looks.as_slice()) else {
            return None;
        };
        let of_sensors = look.pointer("/logsource/category")?.as_str() == Some("sensor");
        let quantity = look.pointer("/detection/selection/quantity")?.as_str()?;
        (of_sensors && &**value == "value").then_some(quantity)
    }

    /// Does it look at public warnings?
    pub(crate) fn warns(&self) -> bool {
        self.looks.iter().any(|look| look.pointer("/logsource/category").is_some_and(|of| of == "warning"))
    }

    /// Names in percent signs that the rule asks for.
    pub(crate) fn asks(&self) -> impl Iterator<Item = Box<str>> {
        let mut names = BTreeSet::new();
        self.looks.iter().for_each(|look| asked(look, &mut names));
        names.into_iter()
    }

    /// What it looks for, with what is given in the place of names.
    pub(crate) fn documents(&self, given: &BTreeMap<String, Vec<String>>) -> Vec<Value> {
        self.looks.iter().map(|look| expanded(look, given)).collect()
    }
}

/// Reads a rule; what is wrong with it is told.
fn rule(table: Table<'_>, context: &Context<'_>) -> Option<RuleText> {
    let kind_word = table.text("kind")?;
    let mut right = true;
    for (key, may_have, must_have) in OF_KIND {
        let there = table.get(key).is_some();
        if there && !may_have.contains(&kind_word) {
            let (zh, en) = (
                format!("「{kind_word}」之規則沒有「{key}」"),
                format!("a rule of kind {kind_word:?} has no {key:?}"),
            );
            context.problem(table.place_of(key), zh, en);
            right = false;
        } else if !there && must_have.contains(&kind_word) {
            let (zh, en) = (
                format!("「{kind_word}」之規則須有「{key}」"),
                format!("a rule of kind {kind_word:?} needs {key:?}"),
            );
            context.problem(table.place(), zh, en);
            right = false;
        }
    }
    let clauses = context.clauses(table);
    let opens = table.get("opens").map(|_| context.register_at(table, "opens"));
    let over = match (table.get("over"), opens.as_ref().and_then(Option::as_ref)) {
        (None, _) => None,
        (Some(_), Some(register)) => context.step_of_system(table, "over", register),
        (Some(_), None) => {
            context.problem(table.place_of("over"), "over 須與 opens 並用", "over goes with opens");
            None
        }
    };
    let whose = whose(table, context);
    let answer = span(table, "answer", context).and_then(|seconds| u32::try_from(seconds).ok());
    let looks = looks(table, context);
    let kind = kind(kind_word, table, context);
    if opens.as_ref().is_some_and(Option::is_none) || !right {
        return None;
    }
    let (looks, kind) = (looks?, kind?);
    let by: Vec<Box<str>> =
        table.list("by").into_iter().filter_map(|node| node.text().map(Into::into)).collect();
    let within = match kind {
        Kind::Threshold { within, .. } | Kind::Sequence { within, .. } => within,
        _ => 0,
    };
    let quiet = span(table, "quiet", context).unwrap_or(QUIET.max(within));
    let set = table.inner("set").map(Table::entries).unwrap_or_default().into_iter();
    let text = serde_json::to_string(&(&kind, &by, &looks)).ok()?;
    Some(RuleText {
        rule: Rule {
            id: table.text("id")?.into(),
            title: context.label(table, "title")?,
            clauses: clauses.iter().map(|clause| clause.as_str().into()).collect(),
            severity: Severity::of_word(table.text("severity")?)?,
            opens: opens.flatten().map(|register| register.as_str().into()),
            by,
            kind,
            quiet,
            looks: Vec::new(),
            text: text.into(),
        },
        advice: context.label(table, "advice"),
        over,
        set: set.filter_map(|(field, _, text)| Some((field.into(), text.text()?.into()))).collect(),
        whose,
        answer,
        looks,
    })
}

/// The registers by whose records alarms are a unit's; one that is not there is told.
fn whose(table: Table<'_>, context: &Context<'_>) -> Vec<(regulation::RegisterId, Box<str>)> {
    let named = table.inner("whose").map(Table::entries).unwrap_or_default().into_iter();
    let read = |(register, place, text): (&str, regulation::Place, Node<'_>)| {
        let id = register.parse::<regulation::RegisterId>().ok();
        let Some(id) = id.filter(|id| context.vocabulary().registers.contains_key(id)) else {
            let zh = format!("沒有登記簿「{register}」");
            context.problem(place, zh, format!("there is no register {register:?}"));
            return None;
        };
        Some((id, text.text()?.into()))
    };
    named.filter_map(read).collect()
}

fn kind(word: &str, table: Table<'_>, context: &Context<'_>) -> Option<Kind> {
    let figure = |key: &str| table.get(key).and_then(Node::number).map(decimal);
    Some(match word {
        "match" => Kind::Match,
        "threshold" => Kind::Threshold {
            count: table.small("count")?.into(),
            distinct: table.text("distinct").map(Into::into),
            within: span(table, "within", context)?,
        },
        "sequence" => Kind::Sequence {
            ordered: table.flag("ordered").unwrap_or(false),
            within: span(table, "within", context)?,
        },
        "first_seen" => {
            Kind::FirstSeen { within: span(table, "within", context)?, learn: span(table, "learn", context)? }
        }
        "silence" => Kind::Silence { after: span(table, "after", context)? },
        "limit" => {
            let (low, high, margin) = (figure("low"), figure("high"), figure("margin").unwrap_or(0.0));
            let band = high.unwrap_or(f64::INFINITY) - low.unwrap_or(f64::NEG_INFINITY);
            if low.or(high).is_none() || margin < 0.0 || band < 2.0 * margin {
                let zh = "上下限至少須有其一，且回復後之範圍不可為空";
                let en =
                    "a limit has a low or a high end, and what is left within the margin must not be empty";
                context.problem(table.place(), zh, en);
                return None;
            }
            let lasting = span(table, "lasting", context)?;
            Kind::Limit { value: table.text("value")?.into(), low, high, margin, lasting }
        }
        _ => return None,
    })
}

/// A decimal as a figure that can be compared with readings.
fn decimal(decimal: Decimal) -> f64 {
    decimal.millionths() as f64 / 1e6
}

/// A span in seconds; one that depends on the calendar is told as a problem.
fn span(table: Table<'_>, key: &str, context: &Context<'_>) -> Option<i64> {
    let node = table.get(key)?;
    let limit: Limit = node.parsed()?;
    let seconds = match limit.unit {
        LimitUnit::Minutes => 60,
        LimitUnit::Hours => 3_600,
        LimitUnit::Days => 86_400,
        LimitUnit::Weeks => 7 * 86_400,
        LimitUnit::WorkingDays | LimitUnit::Months | LimitUnit::Years => {
            let zh = "此處應為分、時、日或週，例如 \"10 minutes\"";
            context.problem(
                node.place(),
                zh,
                "minutes, hours, days or weeks are asked for here, like \"10 minutes\"",
            );
            return None;
        }
    };
    Some(i64::from(limit.count) * seconds)
}

/// What a rule looks for, in Sigma's form; what Sigma does not take is told at its place.
fn looks(table: Table<'_>, context: &Context<'_>) -> Option<Vec<Value>> {
    let source = table.inner("logsource");
    let logsource: Value = ["category", "product", "service"]
        .into_iter()
        .filter_map(|key| Some((key.to_owned(), Value::from(source?.text(key)?))))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let nodes: Vec<(Node<'_>, Option<Node<'_>>)> = match table.get("select") {
        Some(select) => {
            let ends = table.get("ends").map(|ends| (ends, None));
            [(select, table.get("except"))].into_iter().chain(ends).collect()
        }
        None => table.list("steps").into_iter().map(|step| (step, None)).collect(),
    };
    let mut documents = Vec::new();
    for (select, except) in nodes {
        let select_value = value(select);
        let detection = match except {
            _ if select.table().is_some_and(|table| table.get("condition").is_some()) => select_value,
            Some(except) => {
                json!({ "selection": select_value, "filter": value(except), "condition": "selection and not filter" })
            }
            None => json!({ "selection": select_value, "condition": "selection" }),
        };
        let document = json!({ "title": table.text("id")?, "logsource": logsource, "detection": detection });
        // Names in percent signs are tried with a value that any field may have.
        let mut names = BTreeSet::new();
        asked(&document, &mut names);
        let given = names.iter().map(|name| (name.to_string(), vec!["192.0.2.0/32".to_owned()])).collect();
        let compiled =
            parsed(&expanded(&document, &given)).and_then(|rule| crate::sigma::compile(&rule).map(drop));
        if let Err(reason) = compiled {
            context.problem(
                select.place(),
                format!("不是 Sigma 的 detection：{reason}"),
                format!("no detection of Sigma's: {reason}"),
            );
            return None;
        }
        documents.push(document);
    }
    Some(documents)
}

/// A value of the file as JSON.
fn value(node: Node<'_>) -> Value {
    if let Some(table) = node.table() {
        return table
            .entries()
            .into_iter()
            .map(|(key, _, node)| (key.to_owned(), value(node)))
            .collect::<serde_json::Map<_, _>>()
            .into();
    }
    if let Some(items) = node.items() {
        return items.into_iter().map(value).collect();
    }
    let number = || node.number().and_then(|number| serde_json::Number::from_f64(decimal(number)));
    node.text()
        .map(Value::from)
        .or_else(|| node.flag().map(Value::from))
        .or_else(|| node.whole().map(Value::from))
        .or_else(|| number().map(Value::Number))
        .unwrap_or(Value::Null)
}

/// The name in percent signs that a text is.
fn name_of(value: &Value) -> Option<&str> {
    value.as_str()?.strip_prefix('%')?.strip_suffix('%').filter(|name| !name.is_empty())
}

/// Every name in percent signs behind a key that expands.
fn asked(value: &Value, names: &mut BTreeSet<Box<str>>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                let texts = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
                if key.ends_with("|expand") {
                    names.extend(texts.iter().filter_map(name_of).map(Into::into));
                } else {
                    asked(value, names);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| asked(item, names)),
        _ => {}
    }
}

/// With the values of names in their places.
fn expanded(value: &Value, given: &BTreeMap<String, Vec<String>>) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| match key.strip_suffix("|expand") {
                Some(key) => {
                    let texts = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
                    let each =
                        texts.iter().flat_map(|text| match name_of(text).and_then(|name| given.get(name)) {
                            Some(values) => values.iter().map(|value| Value::from(value.as_str())).collect(),
                            None => vec![text.clone()],
                        });
                    (key.to_owned(), each.collect())
                }
                None => (key.clone(), expanded(value, given)),
            })
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::Array(items) => items.iter().map(|item| expanded(item, given)).collect(),
        other => other.clone(),
    }
}
