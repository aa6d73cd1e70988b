//! What a line must hold for a rule to match: texts of which at least one stands in every line that does.
//!
//! A rule is passed over where none of its texts is in the line, so what is said here must be true of whatever the rule
//! would find. Where nothing can be said for sure, nothing is, and the rule looks at every line of its sources.
//! Texts are compared without minding the case of ASCII letters. Signs that some dialect escapes are not in them.

use crate::event::DERIVED;
use rsigma_parser::{
    ConditionExpr, Detection, DetectionItem, Detections, Modifier, Quantifier, SigmaRule, SigmaValue,
    StringPart,
};
use std::collections::BTreeSet;

/// Texts, one of which must be there.
pub(crate) type Needles = BTreeSet<String>;

/// What in a line makes texts unreliable: JSON may spell letters by number, and two signs outside ASCII become ASCII
/// letters when they are lower-cased (Kelvin, dotted capital I). Such a line is looked at by every rule of its sources.
pub(crate) const UNRELIABLE: [&str; 3] = ["\\u00", "\u{212a}", "\u{130}"];

/// The texts that a rule needs; none where it may match without any.
pub(crate) fn needles(rule: &SigmaRule) -> Option<Needles> {
    union(rule.detection.conditions.iter().map(|condition| of_condition(condition, &rule.detection)))
}

fn of_condition(condition: &ConditionExpr, detections: &Detections) -> Option<Needles> {
    let inner = |condition| of_condition(condition, detections);
    match condition {
        ConditionExpr::And(all) => best(all.iter().map(inner)),
        ConditionExpr::Or(any) => union(any.iter().map(inner)),
        ConditionExpr::Not(_) => None,
        ConditionExpr::Identifier(name) => detections.named.get(name).and_then(of_detection),
        ConditionExpr::Selector { quantifier, pattern } => {
            let named = detections.named.iter().filter(|(name, _)| pattern.matches_detection_name(name));
            let each = named.map(|(_, detection)| of_detection(detection));
            match quantifier {
                Quantifier::All => best(each),
                Quantifier::Count(0) => None,
                Quantifier::Any | Quantifier::Count(_) => union(each),
            }
        }
    }
}

fn of_detection(detection: &Detection) -> Option<Needles> {
    match detection {
        Detection::AllOf(items) => best(items.iter().map(of_item)),
        Detection::And(all) => best(all.iter().map(of_detection)),
        Detection::AnyOf(any) => union(any.iter().map(of_detection)),
        Detection::Keywords(words) => union(words.iter().map(of_value)),
        Detection::ArrayMatch { .. } | Detection::Conditional { .. } => None,
    }
}

fn of_item(item: &DetectionItem) -> Option<Needles> {
    let plain = |modifier: &Modifier| {
        matches!(
            modifier,
            Modifier::Contains | Modifier::StartsWith | Modifier::EndsWith | Modifier::All | Modifier::Cased
        )
    };
    if !item.field.modifiers.iter().all(plain)
        || item.field.name.as_deref().is_some_and(|name| DERIVED.contains(&name))
    {
        return None;
    }
    let each = item.values.iter().map(of_value);
    if item.field.has_modifier(Modifier::All) { best(each) } else { union(each) }
}

/// The longest part of a value that stands in the line as it is written here.
fn of_value(value: &SigmaValue) -> Option<Needles> {
    let text = match value {
        SigmaValue::String(text) => {
            let plain = text.parts.iter().filter_map(|part| match part {
                StringPart::Plain(text) => Some(text.as_str()),
                StringPart::Special(_) => None,
            });
            let parts = plain.flat_map(|text| text.split(|sign| !is_safe(sign)));
            parts.max_by_key(|part| part.len())?.to_ascii_lowercase()
        }
        SigmaValue::Integer(number) if *number >= 0 => number.to_string(),
        _ => return None,
    };
    (text.len() >= 2).then(|| [text].into())
}

/// Does no dialect escape it?
fn is_safe(sign: char) -> bool {
    sign.is_ascii() && !sign.is_ascii_control() && !r#"\/"'=|<>&`]"#.contains(sign)
}

/// All of them: each must be able to say something.
fn union(each: impl Iterator<Item = Option<Needles>>) -> Option<Needles> {
    let all: Needles = each.collect::<Option<Vec<_>>>()?.into_iter().flatten().collect();
    (!all.is_empty()).then_some(all)
}

/// Of several that must all hold the one that lets the fewest lines through: whose shortest text is longest.
fn best(each: impl Iterator<Item = Option<Needles>>) -> Option<Needles> {
    let worth = |needles: &Needles| {
        (needles.iter().map(String::len).min().unwrap_or(0).min(6), std::cmp::Reverse(needles.len()))
    };
    each.flatten().max_by_key(worth)
}
