//! Words of a condition, each with its place.

use super::ConditionError;
use crate::decimal::Decimal;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// An identifier.
    Name(String),
    /// A number.
    Number(Decimal),
    /// Operators and brackets.
    Sign(&'static str),
    /// A text in quotes.
    Text(String),
}

/// Longer ones first, so that `<=` is not read as `<`.
const SIGNS: [&str; 23] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "!", "?", ":", "(", ")", "[", "]",
    ",", ".", "=",
];

/// The tokens with the byte offsets they start at.
pub(super) fn lex(text: &str) -> Result<Vec<(usize, Token)>, ConditionError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let Some(first) = rest.chars().next() else { break };
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let (token, length) = if first.is_ascii_digit() {
            number(rest, at)?
        } else if first.is_ascii_alphabetic() || first == '_' {
            let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            (Token::Name(rest.get(..length).unwrap_or_default().to_owned()), length)
        } else if first == '\'' || first == '"' {
            quoted(rest, first, at)?
        } else {
            let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign)).ok_or_else(|| {
                ConditionError::new(
                    at,
                    format!("條件式不可使用「{first}」"),
                    format!("{first:?} has no place in a condition"),
                )
            })?;
            (Token::Sign(sign), sign.len())
        };
        tokens.push((at, token));
        at += length;
    }
    Ok(tokens)
}

fn number(rest: &str, at: usize) -> Result<(Token, usize), ConditionError> {
    let whole = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let decimals = rest
        .get(whole..)
        .and_then(|tail| tail.strip_prefix('.'))
        .map_or(0, |tail| tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len()));
    let length = if decimals > 0 { whole + 1 + decimals } else { whole };
    let digits = rest.get(..length).unwrap_or_default();
    let number = digits.parse().map_err(|_| {
        ConditionError::new(
            at,
            format!("「{digits}」數值過大或小數超過六位"),
            format!("{digits} is too large or has more than six decimals"),
        )
    })?;
    Ok((Token::Number(number), length))
}

fn quoted(rest: &str, quote: char, at: usize) -> Result<(Token, usize), ConditionError> {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((offset, c)) = chars.next() {
        match c {
            _ if c == quote => return Ok((Token::Text(text), offset + 1)),
            '\\' => match chars.next() {
                Some((_, escaped @ ('\\' | '\'' | '"'))) => text.push(escaped),
                Some((_, 'n')) => text.push('\n'),
                _ => {
                    let (zh, en) =
                        ("「\\」後僅可接 \\、'、\" 或 n", "after \\ only \\, ', \" or n may stand");
                    return Err(ConditionError::new(at + offset, zh.to_owned(), en.to_owned()));
                }
            },
            _ => text.push(c),
        }
    }
    Err(ConditionError::new(at, "文字未以引號結束".to_owned(), "the text has no closing quote".to_owned()))
}
