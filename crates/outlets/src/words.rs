//! How a message reads: a heading, and lines below it; in Traditional Chinese and in English.

use crate::message::{Message, Title, What};
use crate::plain::Plain;
use model::{Instant, Severity};
use regulation::Zone;

/// A message in words.
pub(crate) struct Words {
    pub(crate) zh: Told,
    pub(crate) en: Told,
}

/// In one language.
pub(crate) struct Told {
    /// One line that says it.
    pub(crate) heading: String,
    /// The rest, line by line.
    pub(crate) lines: Vec<String>,
}

/// Most fields of a group that are told.
const MOST_FIELDS: usize = 8;

impl Words {
    pub(crate) fn of(message: &Message, zone: &Zone) -> Self {
        Self { zh: chinese(message, zone), en: english(message, zone) }
    }
}

fn chinese(message: &Message, zone: &Zone) -> Told {
    let (severity, _) = name(message.severity);
    let Title { zh: title, .. } = &message.title;
    let heading = match message.what {
        What::Raised => format!("告警〔{severity}〕{title}"),
        What::Resolved => format!("告警解除〔{severity}〕{title}"),
        What::Called { call } => format!("告警逾時未認領，第 {call} 次通知〔{severity}〕{title}"),
        What::Many { messages, .. } => format!("告警彙整〔最高：{severity}〕共 {messages} 則：{title}"),
        What::Test => format!("告警測試：{title}"),
    };
    let lines = [
        line("時間：", &clock(message.at, zone)),
        line("對象：", &group(message, "、")),
        line("筆數：", &count(message, |first, last| format!("（首筆 {first}，末筆 {last}）"), zone)),
        line("條文：", &list(&message.clauses, "、")),
        line("建議：", message.advice.as_ref().map_or("", |advice| advice.zh.as_str())),
        line("帳本編號：", &entries(message, " 至 ")),
        line("網頁：", message.link.as_str()),
        line("系統：", message.system.as_str()),
    ];
    Told { heading, lines: lines.into_iter().flatten().collect() }
}

fn english(message: &Message, zone: &Zone) -> Told {
    let (_, severity) = name(message.severity);
    let Title { en: title, .. } = &message.title;
    let heading = match message.what {
        What::Raised => format!("Alarm ({severity}): {title}"),
        What::Resolved => format!("Alarm over ({severity}): {title}"),
        What::Called { call } => format!("Nobody answers for an alarm, call {call} ({severity}): {title}"),
        What::Many { messages, .. } => {
            format!("{messages} messages of alarms (at worst {severity}): {title}")
        }
        What::Test => format!("Test: {title}"),
    };
    let lines = [
        line("Time: ", &clock(message.at, zone)),
        line("About: ", &group(message, ", ")),
        line("Lines: ", &count(message, |first, last| format!(" (first {first}, last {last})"), zone)),
        line("Clauses: ", &list(&message.clauses, ", ")),
        line("Advice: ", message.advice.as_ref().map_or("", |advice| advice.en.as_str())),
        line("Entry: ", &entries(message, " to ")),
        line("Page: ", message.link.as_str()),
        line("System: ", message.system.as_str()),
    ];
    Told { heading, lines: lines.into_iter().flatten().collect() }
}

/// What a severity is called: in Traditional Chinese and in English.
const fn name(severity: Severity) -> (&'static str, &'static str) {
    match severity {
        Severity::Informational => ("參考", "informational"),
        Severity::Low => ("低", "low"),
        Severity::Medium => ("中", "medium"),
        Severity::High => ("高", "high"),
        Severity::Critical => ("危急", "critical"),
    }
}

/// What is not known is not told.
fn line(label: &str, value: &str) -> Option<String> {
    (!value.is_empty()).then(|| format!("{label}{value}"))
}

fn list(texts: &[Plain], between: &str) -> String {
    texts.iter().map(Plain::as_str).collect::<Vec<_>>().join(between)
}

fn group(message: &Message, between: &str) -> String {
    let fields = message.group.iter().take(MOST_FIELDS).map(|(field, value)| format!("{field}={value}"));
    fields.collect::<Vec<_>>().join(between)
}

fn count(message: &Message, between: impl Fn(String, String) -> String, zone: &Zone) -> String {
    match message.count {
        0 => String::new(),
        count => format!("{count}{}", between(clock(message.first, zone), clock(message.last, zone))),
    }
}

fn entries(message: &Message, to: &str) -> String {
    match message.what {
        What::Many { through, .. } => format!("{}{to}{through}", message.alarm),
        _ if message.alarm == 0 => String::new(),
        _ => message.alarm.to_string(),
    }
}

/// To the second, in the installation's zone, which is named.
fn clock(at: Instant, zone: &Zone) -> String {
    let (date, time) = zone.civil(at);
    format!("{date} {time}:{:02} {}", at.as_seconds().rem_euclid(60), zone.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_reads_in_both_languages() {
        let at: Instant = "2026-11-27T02:04:12.345678Z".parse().unwrap();
        let message = Message {
            what: What::Raised,
            severity: Severity::High,
            title: Title::new("猜測密碼", "passwords are guessed"),
            group: vec![("src_ip".into(), "192.0.2.7".into()), ("user".into(), "root".into())],
            count: 12,
            advice: Some(Title::new("查明來源", "find out who it is")),
            ..Message::test(41, at, "https://ward.example/alarms/41".into(), "ward.example".into())
        };
        let words = Words::of(&message, &Zone::new("Asia/Taipei").unwrap());
        assert_eq!(words.zh.heading, "告警〔高〕猜測密碼");
        assert_eq!(words.en.heading, "Alarm (high): passwords are guessed");
        assert_eq!(
            words.zh.lines,
            [
                "時間：2026-11-27 10:04:12 Asia/Taipei",
                "對象：src_ip=192.0.2.7、user=root",
                "筆數：12（首筆 2026-11-27 10:04:12 Asia/Taipei，末筆 2026-11-27 10:04:12 Asia/Taipei）",
                "條文：27.2.2",
                "建議：查明來源",
                "帳本編號：41",
                "網頁：https://ward.example/alarms/41",
                "系統：ward.example",
            ]
        );
        assert_eq!(words.en.lines.len(), words.zh.lines.len());
        let many = Message::of_many(&[message.clone(), message], 44).unwrap();
        let words = Words::of(&many, &Zone::new("UTC").unwrap());
        assert_eq!(words.zh.heading, "告警彙整〔最高：高〕共 2 則：猜測密碼 ×2");
        assert!(words.en.lines.contains(&"Entry: 41 to 44".to_owned()), "{:?}", words.en.lines);
        assert!(!words.en.lines.iter().any(|line| line.starts_with("About")));
    }
}
