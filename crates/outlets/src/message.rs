//! What is told: an alarm that was raised, one that is over, several at once, or a test.

use crate::plain::Plain;
use model::{Instant, Severity};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Title {
    /// In Traditional Chinese.
    pub zh: Plain,
    /// In English.
    pub en: Plain,
}

/// What a message tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// An alarm stands.
    Raised,
    /// It does not stand any more.
    Resolved,
    /// Nobody answers for it: others are called, the first time, the second and so on.
    Called {
        /// The how manieth time.
        call: u32,
    },
    /// So many messages that came faster than an outlet sends: those of the entries up to this one.
    Many {
        /// How many.
        messages: u64,
        /// The number of the last one's entry.
        through: u64,
    },
    /// Nothing: somebody sees whether the outlet works.
    Test,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What it tells.
    pub what: What,
    /// The number of the entry that raised the alarm; of several the first; of a test the entry that asked, or nought.
    pub alarm: u64,
    /// When it was raised, was over, or was asked for.
    pub at: Instant,
    /// How bad it is; of several, the worst.
    pub severity: Severity,
    /// The rule.
    pub rule: Plain,
    /// What the rule is called.
    pub title: Title,
    /// What it is about: fields with their values.
    pub group: Vec<(Plain, Plain)>,
    /// How many lines were found.
    pub count: u64,
    /// When the first of them came.
    pub first: Instant,
    /// When the last of them came.
    pub last: Instant,
    /// The clauses that ask for the rule.
    pub clauses: Vec<Plain>,
    /// What is to be done about it.
    pub advice: Option<Title>,
    /// The page of the alarm.
    pub link: Plain,
    /// The installation that tells it.
    pub system: Plain,
}

impl What {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::Resolved => "resolved",
            Self::Called { .. } => "called",
            Self::Many { .. } => "summary",
            Self::Test => "test",
        }
    }
}

impl Title {
    /// Of two texts.
    #[must_use]
    pub fn new(zh: &str, en: &str) -> Self {
        Self { zh: Plain::new(zh), en: Plain::new(en) }
    }
}

impl Message {
    /// Nothing but that the outlet works.
    #[must_use]
    pub fn test(entry: u64, at: Instant, link: Plain, system: Plain) -> Self {
        Self {
            what: What::Test,
            alarm: entry,
            at,
            severity: Severity::Informational,
            rule: Plain::default(),
            title: Title::new("告警輸出測試，無須處理", "a test of this outlet; nothing is to be done"),
            group: Vec::new(),
            count: 0,
            first: at,
            last: at,
            clauses: vec![Plain::new("27.2.2")],
            advice: None,
            link,
            system,
        }
    }

    /// Several in one: how many, how bad, what they are of; `through` is the entry of the last one. None of none.
    #[must_use]
    pub fn of_many(messages: &[Self], through: u64) -> Option<Self> {
        let (first, last) = (messages.first()?, messages.last()?);
        let mut titles: Vec<(&Title, usize)> = Vec::new();
        for message in messages {
            match titles.iter_mut().find(|(title, _)| *title == &message.title) {
                Some((_, count)) => *count += 1,
                None => titles.push((&message.title, 1)),
            }
        }
        titles.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let list = |between: &str, of: fn(&Title) -> &Plain| {
            let named: Vec<String> =
                titles.iter().map(|(title, count)| format!("{} ×{count}", of(title))).collect();
            named.join(between)
        };
        let mut clauses: Vec<Plain> =
            messages.iter().flat_map(|message| message.clauses.iter().cloned()).collect();
        clauses.sort();
        clauses.dedup();
        Some(Self {
            what: What::Many { messages: messages.len() as u64, through },
            alarm: first.alarm,
            at: last.at,
            severity: messages.iter().map(|message| message.severity).max()?,
            rule: Plain::default(),
            title: Title::new(&list("、", |title| &title.zh), &list(", ", |title| &title.en)),
            group: Vec::new(),
            count: messages.iter().fold(0, |sum, message| sum.saturating_add(message.count)),
            first: messages.iter().map(|message| message.first).min()?,
            last: messages.iter().map(|message| message.last).max()?,
            clauses,
            advice: None,
            link: first.link.clone(),
            system: first.system.clone(),
        })
    }

    /// As files of alarms and programs get it: one object without line ends. Members are documented in
    /// docs/howto/send-alarms.md; there may be more of them one day.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let group: Map<String, Value> =
            self.group.iter().map(|(field, value)| (field.to_string(), json!(value))).collect();
        let mut message = json!({
            "what": self.what.word(), "alarm": self.alarm, "at": self.at.to_string(),
            "severity": self.severity, "rule": self.rule, "title": self.title, "group": group, "count": self.count,
            "first": self.first.to_string(), "last": self.last.to_string(), "clauses": self.clauses,
            "advice": self.advice, "link": self.link, "system": self.system,
        });
        if let (What::Many { messages, through }, Some(members)) = (self.what, message.as_object_mut()) {
            members.insert("messages".to_owned(), json!(messages));
            members.insert("through".to_owned(), json!(through));
        }
        message
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raised(alarm: u64, severity: Severity, title: &str) -> Message {
        let at = Instant::EPOCH.plus(std::time::Duration::from_secs(alarm));
        let test = Message::test(alarm, at, Plain::new("https://ward.example/"), Plain::new("ward.example"));
        Message { what: What::Raised, severity, title: Title::new(title, "x"), count: 2, ..test }
    }

    #[test]
    fn several_are_told_as_one_with_the_worst_first_and_last_of_them() {
        let messages = [
            raised(7, Severity::Low, "掃描"),
            raised(8, Severity::High, "猜測密碼"),
            raised(9, Severity::Medium, "猜測密碼"),
        ];
        let one = Message::of_many(&messages, 12).unwrap();
        assert_eq!(one.what, What::Many { messages: 3, through: 12 });
        assert_eq!((one.alarm, one.severity, one.count), (7, Severity::High, 6));
        assert_eq!((one.first.as_seconds(), one.last.as_seconds()), (7, 9));
        assert_eq!(one.title.zh.as_str(), "猜測密碼 ×2、掃描 ×1");
        assert_eq!(one.clauses.len(), 1);
        assert!(Message::of_many(&[], 1).is_none());
        let json = one.to_json();
        assert_eq!(
            (&json["messages"], &json["through"], &json["what"]),
            (&json!(3), &json!(12), &json!("summary"))
        );
    }

    #[test]
    fn its_json_is_one_line_whatever_senders_wrote() {
        let message = Message {
            group: vec![(Plain::new("user\n"), Plain::new("a\"\u{2028}\u{1b}[2Jb"))],
            ..raised(1, Severity::High, "x\ny")
        };
        let text = message.to_json().to_string();
        assert!(!text.contains(char::is_control), "{text}");
        assert_eq!(message.to_json()["group"]["user"], "a\" \u{fffd}[2Jb");
    }
}
