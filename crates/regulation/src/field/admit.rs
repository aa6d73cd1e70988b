//! Whether a value keeps to the limits of its field.
//!
//! Limits that are conditions (`min` and `max` of dates, `only`, `required`) are the engine's: they need the record.

use super::{Address, Count, Field, Item, Kind};
use crate::value::{Answer, File, Value};
use std::collections::BTreeMap;

/// Why a value does not fit its field, for the person who filled it in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}{path}: {en}")]
pub struct Unfit {
    /// The field.
    pub field: crate::FieldId,
    /// Where inside its value, for example `[2].who`; empty for the value itself.
    pub path: String,
    /// Why, in Traditional Chinese.
    pub zh: String,
    /// Why, in English.
    pub en: String,
}

impl Field {
    /// A value of this field from its JSON, within its limits.
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub fn admit(&self, json: &serde_json::Value) -> Result<Value, Unfit> {
        let refuse = |(path, zh, en): Refusal| Unfit { field: self.id.clone(), path, zh, en };
        let value = self.of().read(json).map_err(|error| {
            refuse((error.path, format!("應為{}", error.asked_zh), format!("{} is asked for", error.asked)))
        })?;
        self.kind.keeps(&value).map_err(refuse)?;
        Ok(value)
    }
}

/// Path, reason in Traditional Chinese, reason in English.
type Refusal = (String, String, String);

fn refuse(zh: impl Into<String>, en: impl Into<String>) -> Result<(), Refusal> {
    Err((String::new(), zh.into(), en.into()))
}

impl Kind {
    fn keeps(&self, value: &Value) -> Result<(), Refusal> {
        match (self, value) {
            (Self::Text { lines, min, max }, Value::Text(text)) => text_fits(text, *lines, *min, *max),
            (Self::Address { of }, Value::Text(text)) if !of.admits(text) => {
                let (zh, en) = of.asked();
                refuse(format!("應為{zh}"), format!("{en} is asked for"))
            }
            (Self::Number { min, max, decimals, .. }, Value::Number(number)) => {
                number_fits(*number, *min, *max, *decimals)
            }
            (Self::Files { types, count, max_mb }, Value::List(files)) => {
                count.keeps(files.len())?;
                each(files, |file| file_fits(file, types, *max_mb))
            }
            (Self::Photo { count }, Value::List(files)) => {
                count.keeps(files.len())?;
                each(files, |file| file_fits(file, &PICTURES.map(Box::from), PICTURE_MB))
            }
            (Self::Table { columns, count }, Value::List(rows)) => {
                count.keeps(rows.len())?;
                each(rows, |row| row_fits(columns, row))
            }
            (Self::Checklist { items, .. }, Value::Checklist(answers)) => noted(items, answers),
            (Self::Computed { .. }, _) => refuse("此欄由系統計算", "this field is reckoned, not filled in"),
            (_, Value::List(values)) => no_doubles(values),
            _ => Ok(()),
        }
    }
}

const PICTURES: [&str; 4] = ["jpg", "png", "webp", "heic"];
const PICTURE_MB: u32 = 20;

fn each(values: &[Value], check: impl Fn(&Value) -> Result<(), Refusal>) -> Result<(), Refusal> {
    for (index, value) in values.iter().enumerate() {
        check(value).map_err(|(path, zh, en)| (format!("[{index}]{path}"), zh, en))?;
    }
    Ok(())
}

fn text_fits(text: &str, lines: u32, min: u32, max: u32) -> Result<(), Refusal> {
    let length = text.chars().count();
    if length > max as usize {
        return refuse(format!("超過 {max} 字"), format!("longer than {max} characters"));
    }
    if length > 0 && length < min as usize {
        return refuse(format!("少於 {min} 字"), format!("shorter than {min} characters"));
    }
    if let Some(c) = text.chars().find(|c| c.is_control() && !(*c == '\n' && lines > 1) && *c != '\t') {
        let code = u32::from(c);
        return refuse(
            format!("含有控制字元 U+{code:04X}"),
            format!("holds the control character U+{code:04X}"),
        );
    }
    Ok(())
}

fn number_fits(
    number: crate::Decimal,
    min: Option<crate::Decimal>,
    max: Option<crate::Decimal>,
    decimals: u8,
) -> Result<(), Refusal> {
    if number.decimals() > decimals {
        return refuse(format!("小數最多 {decimals} 位"), format!("at most {decimals} decimals"));
    }
    if let Some(min) = min.filter(|min| number < *min) {
        return refuse(format!("不得小於 {min}"), format!("not less than {min}"));
    }
    if let Some(max) = max.filter(|max| number > *max) {
        return refuse(format!("不得大於 {max}"), format!("not more than {max}"));
    }
    Ok(())
}

fn file_fits(value: &Value, types: &[Box<str>], max_mb: u32) -> Result<(), Refusal> {
    let Value::File(File { kind, size, .. }) = value else { return Ok(()) };
    if !types.is_empty() && !types.iter().any(|allowed| **allowed == **kind) {
        let list = types.join(", ");
        return refuse(
            format!("檔案類型應為 {list},不是 {kind}"),
            format!("the file must be {list}, not {kind}"),
        );
    }
    if *size > u64::from(max_mb) * 1024 * 1024 {
        return refuse(format!("檔案超過 {max_mb} MB"), format!("the file is larger than {max_mb} MB"));
    }
    Ok(())
}

fn row_fits(columns: &[Field], row: &Value) -> Result<(), Refusal> {
    let Value::Row(row) = row else { return Ok(()) };
    for column in columns {
        if let Some(value) = row.get(&column.id) {
            let inside = |(path, zh, en)| (format!(".{}{path}", column.id), zh, en);
            column.kind.keeps(value).map_err(inside)?;
        }
    }
    Ok(())
}

fn noted(items: &[Item], answers: &BTreeMap<crate::ItemId, crate::Answered>) -> Result<(), Refusal> {
    for item in items {
        let Some(answered) = answers.get(&item.id) else { continue };
        let empty = answered.note.as_ref().is_none_or(|note| note.trim().is_empty());
        if answered.answer != Answer::Good && empty {
            let zh = "「異常」或「不適用」須說明".to_owned();
            let en = "an answer other than good needs a note".to_owned();
            return Err((format!(".{}", item.id), zh, en));
        }
    }
    Ok(())
}

fn no_doubles(values: &[Value]) -> Result<(), Refusal> {
    let double =
        values.iter().enumerate().find(|(index, value)| values.iter().take(*index).any(|one| one == *value));
    match double {
        Some((index, _)) => Err((format!("[{index}]"), "重複".to_owned(), "named twice".to_owned())),
        None => Ok(()),
    }
}

impl Count {
    fn keeps(self, count: usize) -> Result<(), Refusal> {
        if count > self.most as usize {
            return refuse(format!("最多 {} 項", self.most), format!("at most {}", self.most));
        }
        if count > 0 && count < self.least as usize {
            return refuse(format!("至少 {} 項", self.least), format!("at least {}", self.least));
        }
        Ok(())
    }
}

impl Address {
    fn asked(self) -> (&'static str, &'static str) {
        match self {
            Self::Host => ("主機名稱,例如 db1.example.gov.tw", "a host name like db1.example.gov.tw"),
            Self::Hosts => (
                "IP 位址或網段,例如 192.0.2.1、10.1.0.0/16",
                "an IP address or a network like 192.0.2.1 or 10.1.0.0/16",
            ),
            Self::Ip => ("IP 位址", "an IP address"),
            Self::Mac => ("MAC 位址,例如 00:1b:44:11:3a:b7", "a MAC address like 00:1b:44:11:3a:b7"),
            Self::Mail => ("電子郵件位址", "an e-mail address"),
            Self::Network => ("網段,例如 10.1.0.0/16", "a network like 10.1.0.0/16"),
            Self::Phone => ("電話號碼", "a telephone number"),
            Self::Place => ("地點", "a place"),
            Self::Url => ("網址,例如 https://example.gov.tw", "an address like https://example.gov.tw"),
        }
    }

    fn admits(self, text: &str) -> bool {
        match self {
            Self::Host => is_host(text),
            Self::Hosts => Self::Ip.admits(text) || Self::Network.admits(text),
            Self::Ip => text.parse::<std::net::IpAddr>().is_ok(),
            Self::Mac => is_mac(text),
            Self::Mail => is_mail(text),
            Self::Network => is_network(text),
            Self::Phone => is_phone(text),
            Self::Place => text.chars().count() <= 200 && !text.chars().any(char::is_control),
            Self::Url => is_url(text),
        }
    }
}

fn is_host(text: &str) -> bool {
    let label = |part: &str| {
        (1..=63).contains(&part.len())
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    text.len() <= 253 && text.split('.').all(label)
}

fn is_mac(text: &str) -> bool {
    let parts: Vec<&str> = text.split([':', '-']).collect();
    parts.len() == 6
        && parts.iter().all(|part| part.len() == 2 && part.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn is_mail(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_graphic() && !"()<>[]:;,\\\"@".contains(c);
    text.len() <= 254
        && text.split_once('@').is_some_and(|(name, host)| {
            (1..=64).contains(&name.len()) && name.chars().all(plain) && is_host(host) && host.contains('.')
        })
}

fn is_network(text: &str) -> bool {
    let Some((address, length)) = text.split_once('/') else { return false };
    let digits = !length.is_empty() && length.bytes().all(|b| b.is_ascii_digit());
    let bits = match address.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(_)) => 32,
        Ok(std::net::IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    digits && length.parse::<u8>().is_ok_and(|length| length <= bits)
}

fn is_phone(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    (3..=20).contains(&digits)
        && text.len() <= 40
        && text.chars().all(|c| c.is_ascii_digit() || "+-()# .ext".contains(c))
}

fn is_url(text: &str) -> bool {
    let rest =
        ["https://", "http://", "ftp://", "gopher://"].iter().find_map(|scheme| text.strip_prefix(scheme));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#', ':']).next());
    text.len() <= 2_000 && host.is_some_and(is_host) && text.chars().all(|c| c.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::When;
    use crate::label::Label;
    use serde_json::json;

    fn field(kind: Kind) -> Field {
        Field {
            id: "load".parse().unwrap(),
            kind,
            label: Label::new("欄", "Field").unwrap(),
            help: None,
            clauses: Vec::new(),
            required: When::Never,
            show: When::Always,
            start: None,
            sealed: false,
        }
    }

    #[test]
    fn limits_of_numbers_are_kept() {
        let limits = |text: &str| Some(text.parse().unwrap());
        let field = field(Kind::Number { unit: None, min: limits("22"), max: limits("26"), decimals: 1 });
        assert!(field.admit(&json!("22.5")).is_ok());
        for (value, why) in
            [("21.9", "not less than 22"), ("26.1", "not more than 26"), ("22.55", "at most 1 decimals")]
        {
            assert_eq!(field.admit(&json!(value)).unwrap_err().en, why);
        }
    }

    #[test]
    fn a_text_of_one_line_has_no_line_break_and_none_has_control_characters() {
        let one = field(Kind::Text { lines: 1, min: 2, max: 4 });
        assert!(one.admit(&json!("機房")).is_ok());
        for text in ["機", "一二三四五", "機\n房", "機\u{7}房"] {
            assert!(one.admit(&json!(text)).is_err(), "{text:?}");
        }
        assert!(field(Kind::Text { lines: 3, min: 0, max: 9 }).admit(&json!("機\n房")).is_ok());
    }

    #[test]
    fn files_are_of_the_kinds_and_sizes_asked_for() {
        let field =
            field(Kind::Files { types: vec!["pdf".into()], count: Count { least: 1, most: 2 }, max_mb: 1 });
        let file = |kind: &str, size: u64, n: u8| json!({"digest": format!("sha256:{}", format!("{n:02x}").repeat(32)), "kind": kind, "name": "a", "size": size.to_string()});
        assert!(field.admit(&json!([file("pdf", 1_048_576, 1)])).is_ok());
        let disguised = field.admit(&json!([file("pdf", 1, 1), file("exe", 1, 2)])).unwrap_err();
        assert_eq!(disguised.path, "[1]");
        assert!(field.admit(&json!([file("pdf", 1_048_577, 1)])).is_err());
        assert!(field.admit(&json!([file("pdf", 1, 1), file("pdf", 1, 2), file("pdf", 1, 3)])).is_err());
    }

    #[test]
    fn an_answer_other_than_good_needs_a_note() {
        let item = Item {
            id: "floor".parse().unwrap(),
            label: Label::new("地板", "Floor").unwrap(),
            clauses: vec![],
        };
        let field = field(Kind::Checklist { items: vec![item], answers: Answer::ALL.to_vec() });
        assert!(field.admit(&json!({"floor": {"answer": "good"}})).is_ok());
        assert_eq!(
            field.admit(&json!({"floor": {"answer": "bad", "note": " "}})).unwrap_err().path,
            ".floor"
        );
        assert!(field.admit(&json!({"floor": {"answer": "bad", "note": "積水"}})).is_ok());
    }

    #[test]
    fn addresses_are_what_they_say() {
        for (of, good, bad) in [
            (Address::Ip, "2001:db8::1", "10.0.0.256"),
            (Address::Network, "10.0.0.0/8", "10.0.0.0/33"),
            (Address::Hosts, "192.0.2.1", "192.0.2.1/"),
            (Address::Hosts, "2001:db8::/32", "2001:db8::/129"),
            (Address::Mac, "00-1B-44-11-3A-B7", "00:1b:44:11:3a"),
            (Address::Mail, "a.b+c@example.gov.tw", "a@b@example.gov.tw"),
            (Address::Host, "fw-1.example.gov.tw", "-fw.example"),
            (Address::Phone, "(04)2228-9111#123", "call me"),
            (Address::Url, "https://example.gov.tw/a?b=c", "javascript:alert(1)"),
        ] {
            let field = field(Kind::Address { of });
            assert!(field.admit(&json!(good)).is_ok(), "{good}");
            assert!(field.admit(&json!(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_same_person_is_not_named_twice() {
        let field = field(Kind::Person { role: None, many: true });
        let person = model::PersonId::from_bytes([1; 16]).to_string();
        assert_eq!(field.admit(&json!([person, person])).unwrap_err().path, "[1]");
    }

    #[test]
    fn what_is_reckoned_is_not_filled_in() {
        let vocabulary = crate::Vocabulary::default();
        let value = crate::Condition::new("1 + 1", &crate::Typing::bare(&vocabulary)).unwrap();
        assert!(field(Kind::Computed { value }).admit(&json!("2")).is_err());
    }
}
