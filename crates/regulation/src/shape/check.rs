//! The structural check: every departure from a shape is told, with its place.

use super::{Form, Shape};
use crate::label::Label;
use crate::raw::{Node, Problems, Table};
use crate::similar::nearest;
use crate::time::{Limit, TimeOfDay};
use crate::word::{CLAUSE_RULE, ClauseId, WORD_RULE, is_word};

/// Tells everything in which the table departs from the shape.
pub(crate) fn check(table: Table<'_>, shape: &Shape, problems: &Problems) {
    for (name, place, value) in table.entries() {
        match shape.keys.iter().find(|key| key.name == name) {
            Some(key) => form(value, &key.form, problems),
            None => {
                let suggestion = nearest(name, shape.keys.iter().map(|key| key.name));
                let (zh, en) = (format!("沒有「{name}」這個鍵"), format!("there is no key {name:?} here"));
                problems.add_with(place, zh, en, suggestion.map(str::to_owned));
            }
        }
    }
    for key in shape.keys.iter().filter(|key| key.needed && table.get(key.name).is_none()) {
        let (zh, en) = (
            format!("缺少「{}」({})", key.name, key.doc.0),
            format!("{:?} is missing ({})", key.name, key.doc.1),
        );
        problems.add(table.place(), zh, en);
    }
}

fn form(node: Node<'_>, form: &Form, problems: &Problems) {
    match form {
        Form::Anything => {}
        Form::Clause => text(node, problems, ("條號", "the number of a clause"), |text| {
            ClauseId::new(text)
                .is_err()
                .then(|| (CLAUSE_ZH.to_owned(), format!("{text:?} is no clause: {CLAUSE_RULE}")))
        }),
        Form::Condition => text(node, problems, ("條件式", "a condition"), |_| None),
        Form::Date => {
            wanted(node, node.date().is_some(), problems, ("日期,例如 2026-01-31", "a date like 2026-01-31"))
        }
        Form::Either(forms) => either(node, forms, problems),
        Form::Flag => wanted(node, node.flag().is_some(), problems, ("true 或 false", "true or false")),
        Form::Id => text(node, problems, ("代號", "an id"), |text| {
            (!is_word(text)).then(|| {
                (format!("「{text}」不是代號:{ID_ZH}"), format!("{text:?} is not an id: {WORD_RULE}"))
            })
        }),
        Form::Label => label(node, problems),
        Form::Limit => text(node, problems, ("時限", "a span of time"), |text| {
            text.parse::<Limit>().err().map(|error| {
                (
                    format!("「{text}」不是時限,例如 \"30 minutes\"、\"2 working days\"、\"6 months\""),
                    error.to_string(),
                )
            })
        }),
        Form::List(of) => match node.items() {
            Some(items) => items.into_iter().for_each(|item| self::form(item, of, problems)),
            None => wanted(node, false, problems, ("清單 [ ]", "a list [ ]")),
        },
        Form::Map(of) => match node.table() {
            Some(table) => map(table, of, problems),
            None => wanted(node, false, problems, ("表格 { }", "a table { }")),
        },
        Form::Number => wanted(node, node.number().is_some(), problems, ("數值", "a number")),
        Form::Table(shape) => match node.table() {
            Some(table) => check(table, shape, problems),
            None => wanted(node, false, problems, ("表格 { }", "a table { }")),
        },
        Form::Tables(shape) => match node.items() {
            Some(items) => items.into_iter().for_each(|item| self::form(item, &Form::Table(shape), problems)),
            None => wanted(node, false, problems, ("多個表格 [[ ]]", "tables [[ ]]")),
        },
        Form::Text => text(node, problems, ("文字", "a text"), |text| {
            text.trim().is_empty().then(|| ("文字不可空白".to_owned(), "the text is empty".to_owned()))
        }),
        Form::TimeOfDay => text(node, problems, ("時刻", "a time of day"), |text| {
            text.parse::<TimeOfDay>()
                .err()
                .map(|error| (format!("「{text}」不是時刻,例如 \"17:30\""), error.to_string()))
        }),
        Form::Whole(from, to) => {
            let fits = node.whole().is_some_and(|whole| (*from..=*to).contains(&whole));
            let (zh, en) = (format!("{from} 至 {to} 之整數"), format!("a whole number from {from} to {to}"));
            wanted(node, fits, problems, (&zh, &en));
        }
        Form::Word(words) => word(node, words, problems),
    }
}

const ID_ZH: &str = "須以小寫英文字母開頭,僅含小寫字母、數字與 _,最多 40 字";
const CLAUSE_ZH: &str = "條號須為以點連接的數字,例如 3.10.1";

fn wanted(node: Node<'_>, fits: bool, problems: &Problems, asked: (&str, &str)) {
    if !fits {
        let (zh, en) = node.kind();
        let (zh, en) =
            (format!("此處應為{},不是{zh}", asked.0), format!("{} is asked for here, not {en}", asked.1));
        problems.add(node.place(), zh, en);
    }
}

fn text(
    node: Node<'_>,
    problems: &Problems,
    asked: (&str, &str),
    refuse: impl Fn(&str) -> Option<(String, String)>,
) {
    match node.text() {
        None => wanted(node, false, problems, asked),
        Some(text) => {
            if let Some((zh, en)) = refuse(text) {
                problems.add(node.place(), zh, en);
            }
        }
    }
}

fn word(node: Node<'_>, words: &[&str], problems: &Problems) {
    let list = words.join(", ");
    let Some(text) = node.text() else {
        let (zh, en) = (format!("{list} 其中之一"), format!("one of {list}"));
        return wanted(node, false, problems, (&zh, &en));
    };
    if !words.contains(&text) {
        let suggestion = nearest(text, words.iter().copied()).map(str::to_owned);
        let (zh, en) = (format!("「{text}」應為 {list} 其中之一"), format!("{text:?} is none of {list}"));
        problems.add_with(node.place(), zh, en, suggestion);
    }
}

fn map(table: Table<'_>, of: &Form, problems: &Problems) {
    for (name, place, value) in table.entries() {
        if !is_word(name) {
            problems.add(
                place,
                format!("「{name}」不是代號:{ID_ZH}"),
                format!("{name:?} is not an id: {WORD_RULE}"),
            );
        }
        form(value, of, problems);
    }
}

/// A missing translation is told as such.
fn label(node: Node<'_>, problems: &Problems) {
    let Some(table) = node.table() else {
        return wanted(node, false, problems, ("{ zh = \"…\", en = \"…\" }", "{ zh = \"…\", en = \"…\" }"));
    };
    for (name, place, value) in table.entries() {
        if !["zh", "en"].contains(&name) {
            let (zh, en) = (
                format!("語言代號應為 zh 或 en,不是「{name}」"),
                format!("the languages are zh and en, not {name:?}"),
            );
            problems.add(place, zh, en);
        } else if value.text().is_none() {
            wanted(value, false, problems, ("文字", "a text"));
        }
    }
    let language = |name: &str| {
        table.get(name).is_none_or(|text| text.text().is_some_and(|text| text.trim().is_empty()))
    };
    for (name, zh, en) in
        [("zh", "缺少中文", "the Chinese text is missing"), ("en", "缺少英文", "the English text is missing")]
    {
        if language(name) {
            problems.add(table.place_of(name), zh, en);
        }
    }
}

/// What fits none of the forms is told for the form it resembles: the first whose kind of value it is.
fn either(node: Node<'_>, forms: &[Form], problems: &Problems) {
    let tried = forms.iter().map(|one| {
        let apart = Problems::default();
        form(node, one, &apart);
        (apart.into_lists().0, resembles(node, one))
    });
    let mut tried: Vec<_> = tried.collect();
    if tried.iter().any(|(found, _)| found.is_empty()) {
        return;
    }
    let best = tried.iter().position(|(_, resembles)| *resembles).unwrap_or(0);
    for problem in tried.swap_remove(best).0 {
        problems.add_with(problem.place, problem.zh, problem.en, problem.suggestion);
    }
}

fn resembles(node: Node<'_>, form: &Form) -> bool {
    match form {
        Form::Flag => node.flag().is_some(),
        Form::Label | Form::Map(_) | Form::Table(_) => node.table().is_some(),
        Form::List(_) | Form::Tables(_) => node.items().is_some(),
        Form::Whole(..) | Form::Number => node.number().is_some(),
        Form::Date => node.date().is_some(),
        Form::Anything | Form::Either(_) => true,
        Form::Clause
        | Form::Condition
        | Form::Id
        | Form::Limit
        | Form::Text
        | Form::TimeOfDay
        | Form::Word(_) => node.text().is_some(),
    }
}

/// The label at a key, where it is whole.
pub(crate) fn label_of(table: Table<'_>, key: &str) -> Option<Label> {
    let label = table.inner(key)?;
    Label::new(label.text("zh")?, label.text("en")?)
}
