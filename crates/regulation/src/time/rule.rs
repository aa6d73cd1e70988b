//! Reading a recurrence rule; each refusal knows where in the text it stands.
//!
//! Source: RFC 5545 §3.3.10; the declared subset is in `docs/pack.md`, "Duties".

use model::CivilDate;

/// The period a rule steps by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Frequency {
    /// Day by day.
    Daily,
    /// Week by week.
    Weekly,
    /// Month by month.
    Monthly,
    /// Year by year.
    Yearly,
}

/// A weekday, or a working day, perhaps counted within the month or year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WeekdayRule {
    /// Which one, from the end when negative; every one when absent.
    pub nth: Option<i16>,
    /// Monday = 1 to Sunday = 7; `None` is a working day of the office calendar.
    pub weekday: Option<i8>,
}

/// Why a text is not a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct RuleError {
    /// Byte offset in the rule's text.
    pub at: usize,
    /// What is wrong, in English.
    pub what: String,
    /// The same in Traditional Chinese.
    pub what_zh: String,
    /// The offending word, for looking up what was meant.
    pub word: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) frequency: Frequency,
    pub(super) interval: u32,
    pub(super) months: Vec<i16>,
    pub(super) month_days: Vec<i16>,
    pub(super) days: Vec<WeekdayRule>,
    pub(super) positions: Vec<i16>,
    pub(super) until: Option<CivilDate>,
    pub(super) count: Option<u32>,
}

/// The words a rule may use before `=`.
pub(crate) const RULE_WORDS: [&str; 8] =
    ["FREQ", "INTERVAL", "BYMONTH", "BYMONTHDAY", "BYDAY", "BYSETPOS", "UNTIL", "COUNT"];

pub(super) fn parse(text: &str) -> Result<Rule, RuleError> {
    let mut at = 0;
    let mut parts: Vec<(&str, &str, usize)> = Vec::new();
    for part in text.split(';') {
        let (name, value) = part.split_once('=').ok_or_else(|| {
            refuse(at, part, "a rule is NAME=VALUE joined by ;", "規則須為以 ; 連接的 NAME=VALUE")
        })?;
        if !RULE_WORDS.contains(&name) {
            return Err(refuse(at, name, "no such word in a rule", "規則無此關鍵字"));
        }
        if parts.iter().any(|(other, _, _)| *other == name) {
            return Err(refuse(at, name, "given twice", "重複指定"));
        }
        parts.push((name, value, at + name.len() + 1));
        at += part.len() + 1;
    }
    let find =
        |wanted: &str| parts.iter().find(|(name, _, _)| *name == wanted).map(|(_, value, at)| (*value, *at));
    let frequency = frequency(find("FREQ"))?;
    let rule = Rule {
        frequency,
        interval: find("INTERVAL")
            .map_or(Ok(1), |(value, at)| number(value, at, 1, 999))?
            .unsigned_abs()
            .into(),
        months: find("BYMONTH").map_or(Ok(Vec::new()), |(value, at)| numbers(value, at, 12, false))?,
        month_days: find("BYMONTHDAY").map_or(Ok(Vec::new()), |(value, at)| numbers(value, at, 31, true))?,
        days: find("BYDAY").map_or(Ok(Vec::new()), |(value, at)| weekdays(value, at, frequency))?,
        positions: find("BYSETPOS").map_or(Ok(Vec::new()), |(value, at)| numbers(value, at, 366, true))?,
        until: find("UNTIL").map(|(value, at)| date(value, at)).transpose()?,
        count: find("COUNT")
            .map(|(value, at)| number(value, at, 1, 9_999).map(|count| u32::from(count.unsigned_abs())))
            .transpose()?,
    };
    contradictions(&rule, &find)?;
    Ok(rule)
}

fn contradictions<'a>(
    rule: &Rule,
    find: &impl Fn(&str) -> Option<(&'a str, usize)>,
) -> Result<(), RuleError> {
    if let (Some((_, at)), Some(_)) = (find("COUNT"), rule.until) {
        return Err(refuse(at, "COUNT", "UNTIL and COUNT exclude each other", "UNTIL 與 COUNT 不可並用"));
    }
    if let (Frequency::Weekly, Some((value, at))) = (rule.frequency, find("BYMONTHDAY")) {
        return Err(refuse(at, value, "BYMONTHDAY has no place in weeks", "每週規則不可使用 BYMONTHDAY"));
    }
    if let (true, Some((value, at))) = (rule.days.is_empty() && rule.month_days.is_empty(), find("BYSETPOS"))
    {
        return Err(refuse(
            at,
            value,
            "BYSETPOS needs BYDAY or BYMONTHDAY",
            "BYSETPOS 須與 BYDAY 或 BYMONTHDAY 並用",
        ));
    }
    Ok(())
}

fn refuse(at: usize, word: &str, what: &str, what_zh: &str) -> RuleError {
    let shown: String = word.chars().take(40).collect();
    RuleError {
        at,
        what: format!("{shown:?}: {what}"),
        what_zh: format!("「{shown}」:{what_zh}"),
        word: shown,
    }
}

fn frequency(value: Option<(&str, usize)>) -> Result<Frequency, RuleError> {
    let (value, at) = value.ok_or_else(|| refuse(0, "FREQ", "is missing", "未指定"))?;
    match value {
        "DAILY" => Ok(Frequency::Daily),
        "WEEKLY" => Ok(Frequency::Weekly),
        "MONTHLY" => Ok(Frequency::Monthly),
        "YEARLY" => Ok(Frequency::Yearly),
        _ => Err(refuse(
            at,
            value,
            "FREQ is DAILY, WEEKLY, MONTHLY or YEARLY",
            "FREQ 須為 DAILY、WEEKLY、MONTHLY 或 YEARLY",
        )),
    }
}

fn number(value: &str, at: usize, least: i16, most: i16) -> Result<i16, RuleError> {
    let digits = value.strip_prefix(['-', '+']).unwrap_or(value);
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    plain
        .then(|| value.parse::<i16>().ok())
        .flatten()
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| {
            refuse(
                at,
                value,
                &format!("a whole number from {least} to {most} is asked for"),
                &format!("須為 {least} 至 {most} 之整數"),
            )
        })
}

fn numbers(value: &str, at: usize, most: i16, from_the_end: bool) -> Result<Vec<i16>, RuleError> {
    let mut offset = at;
    let mut found = Vec::new();
    for part in value.split(',') {
        let number = number(part, offset, if from_the_end { -most } else { 1 }, most)?;
        if number == 0 {
            return Err(refuse(offset, part, "0 names no day", "0 不代表任何一日"));
        }
        found.push(number);
        offset += part.len() + 1;
    }
    Ok(found)
}

fn weekdays(value: &str, at: usize, frequency: Frequency) -> Result<Vec<WeekdayRule>, RuleError> {
    let mut offset = at;
    let mut found = Vec::new();
    for part in value.split(',') {
        let split = part.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(part.len());
        let (count, name) = part.split_at(split);
        let weekday = match name {
            "MO" => Some(1),
            "TU" => Some(2),
            "WE" => Some(3),
            "TH" => Some(4),
            "FR" => Some(5),
            "SA" => Some(6),
            "SU" => Some(7),
            "WD" => None,
            _ => {
                let what = "MO, TU, WE, TH, FR, SA, SU or WD (working day) is asked for";
                return Err(refuse(offset, part, what, "須為 MO、TU、WE、TH、FR、SA、SU 或 WD(辦公日)"));
            }
        };
        let nth = if count.is_empty() { None } else { Some(number(count, offset, -366, 366)?) };
        if nth == Some(0) {
            return Err(refuse(offset, part, "0 names no day", "0 不代表任何一日"));
        }
        if nth.is_some() && matches!(frequency, Frequency::Daily | Frequency::Weekly) {
            let what = "days are counted only in months and years";
            return Err(refuse(offset, part, what, "僅每月、每年規則可指定第幾個"));
        }
        found.push(WeekdayRule { nth, weekday });
        offset += part.len() + 1;
    }
    Ok(found)
}

fn date(value: &str, at: usize) -> Result<CivilDate, RuleError> {
    let dashed = match (value.len(), value.get(..4), value.get(4..6), value.get(6..)) {
        (8, Some(year), Some(month), Some(day)) => format!("{year}-{month}-{day}"),
        _ => value.to_owned(),
    };
    dashed
        .parse()
        .map_err(|_| refuse(at, value, "a date like 20261231 is asked for", "須為 20261231 形式之日期"))
}
