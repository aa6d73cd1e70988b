//! The line that a reading becomes, and a line as a reading.
//!
//! `{"time":…,"room":…,"sensor":…,"quantity":…,"unit":…,"value":…}`; what was no number has `bad` in place of `value`.
//! `{"time":…,"room":…,"sensor":…,"silent":true,"why":…}` says that nothing is known of a sensor, and with `false` that
//! something is again. Whoever hands readings in writes the same; `time` may be missing.
//! Source: docs/rules.md, "Readings".

use crate::value::{Figure, Reading, shown};
use model::Instant;
use serde::Deserialize;
use std::borrow::Cow;
use std::fmt::Write as _;

/// A line of a sensor.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The code of the room.
    pub room: String,
    /// What the sensor is called.
    pub sensor: String,
    /// What it says.
    pub said: Said,
}

/// What a line says.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    /// A figure, or that it is none.
    Reading(Reading),
    /// Nothing is known of the sensor any more, and why.
    Silent(String),
    /// Something is known again.
    Back,
}

#[derive(Deserialize)]
struct Read<'l> {
    #[serde(borrow)]
    room: Cow<'l, str>,
    #[serde(borrow)]
    sensor: Cow<'l, str>,
    #[serde(borrow, default)]
    quantity: Option<Cow<'l, str>>,
    #[serde(borrow, default)]
    unit: Option<Cow<'l, str>>,
    #[serde(default)]
    value: Option<serde_json::Value>,
    #[serde(default)]
    bad: Option<serde_json::Value>,
    #[serde(default)]
    silent: Option<bool>,
    #[serde(borrow, default)]
    why: Option<Cow<'l, str>>,
}

impl Line {
    /// As it is written.
    #[must_use]
    pub fn written(&self, time: Instant) -> String {
        let time = time.to_text();
        let mut line = format!("{{\"time\":\"{}\"", String::from_utf8_lossy(&time));
        put(&mut line, "room", &self.room);
        put(&mut line, "sensor", &self.sensor);
        let why = match &self.said {
            Said::Reading(reading) => {
                put(&mut line, "quantity", &reading.quantity);
                put(&mut line, "unit", &reading.unit);
                match &reading.figure {
                    Figure::Value(value) => {
                        let _ = write!(line, ",\"value\":{}", shown(*value));
                    }
                    Figure::Bad(bad) => put(&mut line, "bad", bad),
                }
                reading.why.as_deref()
            }
            Said::Silent(why) => {
                line.push_str(",\"silent\":true");
                Some(why.as_str())
            }
            Said::Back => {
                line.push_str(",\"silent\":false");
                None
            }
        };
        if let Some(why) = why {
            put(&mut line, "why", why);
        }
        line.push('}');
        line
    }

    /// What a received line says; none where it is of no sensor.
    #[must_use]
    pub fn read(line: &[u8]) -> Option<Self> {
        // Most lines that are none are told at their first byte.
        if line.first() != Some(&b'{') {
            return None;
        }
        let read: Read<'_> = serde_json::from_slice(line).ok()?;
        let said = match (read.silent, read.quantity) {
            (Some(true), _) => Said::Silent(read.why.unwrap_or_default().into_owned()),
            (Some(false), _) => Said::Back,
            (None, Some(quantity)) => {
                let figure = match (read.value, read.bad) {
                    (Some(value), _) => match value.as_f64() {
                        Some(number) => Figure::Value(number),
                        None => Figure::Bad(text(value)),
                    },
                    (None, Some(bad)) => Figure::Bad(text(bad)),
                    (None, None) => return None,
                };
                Said::Reading(Reading {
                    quantity: quantity.into_owned(),
                    unit: read.unit.unwrap_or_default().into_owned(),
                    figure,
                    why: read.why.map(Cow::into_owned),
                })
            }
            (None, None) => return None,
        };
        Some(Self { room: read.room.into_owned(), sensor: read.sensor.into_owned(), said })
    }
}

fn text(value: serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    }
}

fn put(line: &mut String, name: &str, text: &str) {
    let _ = write!(line, ",\"{name}\":{}", serde_json::Value::from(text));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(said: Said) -> Line {
        Line { room: "A".to_owned(), sensor: "A-1".to_owned(), said }
    }

    fn reading(figure: Figure, why: Option<&str>) -> Said {
        let (quantity, unit) = ("temperature".to_owned(), "Cel".to_owned());
        Said::Reading(Reading { quantity, unit, figure, why: why.map(str::to_owned) })
    }

    #[test]
    fn lines_are_read_as_they_were_written() {
        let at = Instant::EPOCH;
        for (said, rest) in [
            (reading(Figure::Value(23.5), None), r#""quantity":"temperature","unit":"Cel","value":23.5}"#),
            (
                reading(Figure::Bad("N/A \"x\"".into()), Some("no")),
                r#""quantity":"temperature","unit":"Cel","bad":"N/A \"x\"","why":"no"}"#,
            ),
            (Said::Silent("timed out".into()), r#""silent":true,"why":"timed out"}"#),
            (Said::Back, r#""silent":false}"#),
        ] {
            let line = line(said);
            let written = line.written(at);
            let front = r#"{"time":"1970-01-01T00:00:00.000000Z","room":"A","sensor":"A-1","#;
            assert_eq!(written, format!("{front}{rest}"));
            assert_eq!(Line::read(written.as_bytes()), Some(line));
        }
    }

    #[test]
    fn what_others_hand_in_is_read_and_what_is_no_number_is_bad() {
        let read = |text: &str| Line::read(text.as_bytes()).map(|line| line.said);
        let text = r#"{"room":"A","sensor":"A-1","quantity":"temperature","unit":"Cel","value":24}"#;
        assert_eq!(read(text), Some(reading(Figure::Value(24.0), None)));
        let text = r#"{"room":"A","sensor":"A-1","quantity":"temperature","unit":"Cel","value":"24"}"#;
        assert_eq!(read(text), Some(reading(Figure::Bad("24".into()), None)));
        let text =
            r#"{"room":"A","sensor":"A-1","quantity":"temperature","unit":"Cel","value":null,"bad":false}"#;
        assert_eq!(read(text), Some(reading(Figure::Bad("false".into()), None)));
        for text in [
            "<13>hello",
            "{",
            r#"{"sensor":"A-1","quantity":"temperature","value":24}"#,
            r#"{"room":"A","sensor":"A-1","quantity":"temperature"}"#,
            r#"{"room":"A","sensor":"A-1"}"#,
            r#"{"room":1,"sensor":"A-1","silent":true}"#,
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
