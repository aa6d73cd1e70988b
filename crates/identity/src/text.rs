//! Texts about people and units: account names, unit codes, mail addresses, telephone numbers, plain lines.
//!
//! Invariant: each is made by a constructor that checks it. Reading one back from an event does not check it again:
//! what was allowed when it was entered stays readable when the rules grow stricter.
//! Does not: say whether a text is taken; that is decided against the state.
//! Source: regulation 24.1.4.3 (no anonymous and no shared accounts).

use model::Told;
use serde::{Deserialize, Serialize};

/// Why a text will not do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {}", .rule.1)]
pub struct TextError {
    /// The text that was offered, its beginning.
    pub text: String,
    /// What is asked for, in Traditional Chinese and English.
    pub rule: (&'static str, &'static str),
}

impl TextError {
    /// What the person is told.
    #[must_use]
    pub fn told(&self) -> Told {
        Told::new(format!("「{}」不是{}", self.text, self.rule.0), self.to_string())
    }
}

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident: $fits:ident, $zh:literal, $en:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// From its text; white space around it is left out.
            ///
            /// # Errors
            /// The text breaks the rule.
            pub fn new(text: &str) -> Result<Self, TextError> {
                let trimmed = text.trim();
                if $fits(trimmed) {
                    return Ok(Self(trimmed.to_owned()));
                }
                Err(TextError { text: text.chars().take(40).collect(), rule: ($zh, $en) })
            }

            /// Its text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = TextError;

            fn from_str(text: &str) -> Result<Self, TextError> {
                Self::new(text)
            }
        }
    )*};
}

texts! {
    /// A line of text: a name, a title.
    Line: is_line, "一行文字（1 至 80 字，不含控制字元）", "a line of 1 to 80 characters without control characters";
    /// An account name.
    Login: is_login,
        "個人帳號名稱（2 至 32 個小寫英文字母、數字、「.」「-」「_」，字母開頭，不得為 admin、test 等公用名稱）",
        "a personal account name: 2 to 32 small letters, digits, `.`, `-`, `_`, beginning with a letter, and no name that anybody could share, such as admin or test";
    /// A mail address.
    Mail: is_mail, "電子郵件地址", "a mail address";
    /// A telephone number.
    Phone: is_phone, "電話號碼（3 至 32 個數字，可含 + - ( ) # 及空白）",
        "a telephone number: 3 to 32 digits, with + - ( ) # and spaces";
    /// A unit's code, as it stands in numbers of records.
    Code: is_code, "單位代碼（1 至 12 個文字、數字或「-」）", "a unit's code: 1 to 12 letters, digits or `-`";
}

/// A name in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    /// In Traditional Chinese.
    pub zh: Line,
    /// In English.
    pub en: Line,
}

impl Names {
    /// From both languages.
    ///
    /// # Errors
    /// One of them is not a line.
    pub fn new(zh: &str, en: &str) -> Result<Self, TextError> {
        Ok(Self { zh: Line::new(zh)?, en: Line::new(en)? })
    }
}

fn is_line(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= 80 && !text.chars().any(char::is_control)
}

fn is_login(text: &str) -> bool {
    let letters: String = text.chars().filter(char::is_ascii_alphabetic).collect();
    (2..=32).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-_".contains(&b))
        && !SHARED.contains(&letters.as_str())
}

fn is_mail(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_graphic() && !"\"(),:;<>[\\]@".contains(c);
    let host = |host: &str| {
        host.contains('.')
            && host.split('.').all(|part| {
                !part.is_empty()
                    && !part.starts_with('-')
                    && !part.ends_with('-')
                    && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            })
    };
    text.len() <= 254
        && text.rsplit_once('@').is_some_and(|(box_, at)| {
            !box_.is_empty() && box_.len() <= 64 && box_.chars().all(plain) && host(at)
        })
}

fn is_phone(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    (3..=32).contains(&digits)
        && text.len() <= 48
        && text.bytes().all(|b| b.is_ascii_digit() || b"+-()# ".contains(&b))
}

fn is_code(text: &str) -> bool {
    (1..=12).contains(&text.chars().count()) && text.chars().all(|c| c.is_alphanumeric() || c == '-')
}

/// Account names that belong to nobody; digits and signs beside them change nothing.
const SHARED: [&str; 30] = [
    "admin",
    "administrator",
    "anonymous",
    "audit",
    "backup",
    "default",
    "demo",
    "everyone",
    "guest",
    "manager",
    "nobody",
    "office",
    "operator",
    "public",
    "root",
    "security",
    "service",
    "share",
    "shared",
    "staff",
    "superuser",
    "supervisor",
    "support",
    "sysadmin",
    "system",
    "temp",
    "test",
    "tester",
    "user",
    "ward",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_name_is_small_letters_and_belongs_to_one_person() {
        for good in ["wang.da-ming", "li_2", "ab", "tester.chen"] {
            assert_eq!(Login::new(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "a",
            "Wang",
            "2wang",
            "wang ming",
            "王大明",
            "公用",
            "admin",
            "test",
            "test01",
            "guest-2",
            "root",
            "user_7",
            "t.e.s.t",
            &"a".repeat(33),
        ] {
            let refused = Login::new(bad).unwrap_err().told();
            assert!(refused.zh.contains("帳號") && refused.en.contains("account"), "{bad}");
        }
    }

    #[test]
    fn white_space_around_a_text_is_left_out() {
        assert_eq!(Line::new("  王大明 ").unwrap().as_str(), "王大明");
        assert!(Line::new("  ").is_err());
        assert!(Line::new("a\nb").is_err());
        assert!(Line::new(&"字".repeat(81)).is_err());
    }

    #[test]
    fn mail_telephone_and_code_have_their_forms() {
        for good in ["wang@taichung.gov.tw", "a.b+c@x-1.tw"] {
            assert!(Mail::new(good).is_ok(), "{good}");
        }
        for bad in ["wang", "@x.tw", "a@b", "a@-b.tw", "a b@x.tw", "a@b@x.tw", "a@x..tw"] {
            assert!(Mail::new(bad).is_err(), "{bad}");
        }
        assert!(Phone::new("(04) 2228-9111 #1234").is_ok());
        assert!(Phone::new("+886 4").is_ok());
        assert!(Phone::new("call me").is_err() && Phone::new("12").is_err());
        assert!(Code::new("資訊-1").is_ok());
        assert!(Code::new("{unit}").is_err() && Code::new("").is_err() && Code::new("a b").is_err());
    }

    #[test]
    fn what_was_entered_once_stays_readable() {
        let login: Login = serde_json::from_str("\"admin\"").unwrap();
        assert_eq!(login.as_str(), "admin");
    }
}
