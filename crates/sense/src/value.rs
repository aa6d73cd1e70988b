//! From what a device gives to a figure: a finite number, or the reason why it is none.

/// A figure that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// What was measured: `temperature`.
    pub quantity: String,
    /// In which unit, by SenML's names (RFC 8428 §12.1): `Cel`.
    pub unit: String,
    /// How much.
    pub figure: Figure,
    /// What stands behind it, where that is more than a number: why a host is down.
    pub why: Option<String>,
}

/// How much.
#[derive(Debug, Clone, PartialEq)]
pub enum Figure {
    /// A finite number.
    Value(f64),
    /// None: what was given instead.
    Bad(String),
}

/// What a device gave.
pub(crate) enum Given {
    Number(f64),
    Text(String),
    /// Nothing, and why.
    Nothing(String),
}

/// What is read of a device.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wanted {
    pub(crate) quantity: String,
    pub(crate) unit: String,
    /// What is given is multiplied by this.
    pub(crate) scale: f64,
    /// The figure is 1 where this word is given, else 0.
    pub(crate) word: Option<String>,
}

/// Characters of what was given that are told.
const TOLD: usize = 80;

impl Wanted {
    /// What was given, as a reading.
    pub(crate) fn reading(&self, given: Given) -> Reading {
        let figure = match (given, &self.word) {
            (Given::Nothing(why), _) => Figure::Bad(why),
            (Given::Number(number), Some(word)) => said(&shown(number), word),
            (Given::Text(text), Some(word)) => said(&text, word),
            (Given::Number(number), None) => self.scaled(number),
            (Given::Text(text), None) => match number(&text) {
                Some(number) => self.scaled(number),
                None => Figure::Bad(text),
            },
        };
        let figure = match figure {
            Figure::Bad(text) => {
                let told: String = text.chars().take(TOLD).collect();
                Figure::Bad(told.replace(char::is_control, "\u{fffd}"))
            }
            value => value,
        };
        Reading { quantity: self.quantity.clone(), unit: self.unit.clone(), figure, why: None }
    }

    fn scaled(&self, number: f64) -> Figure {
        let value = number * self.scale;
        if value.is_finite() { Figure::Value(value) } else { Figure::Bad(format!("{number}")) }
    }
}

/// Does a word stand in a text?
fn said(text: &str, word: &str) -> Figure {
    Figure::Value(f64::from(u8::from(text.split_whitespace().any(|one| one == word))))
}

/// A number in figures; not what computers call numbers beside.
fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let figures = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E'));
    text.parse().ok().filter(|_| figures)
}

/// A number as it stands in a line: with six decimals at most, without those that say nothing.
pub(crate) fn shown(value: f64) -> String {
    let rounded = (value * 1e6).round() / 1e6;
    // What is too large for decimals has none; a zero has no sign.
    format!("{}", if rounded.is_finite() { rounded + 0.0 } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(scale: f64, word: Option<&str>) -> Wanted {
        let (quantity, unit) = ("temperature".to_owned(), "Cel".to_owned());
        Wanted { quantity, unit, scale, word: word.map(str::to_owned) }
    }

    fn figure(wanted: &Wanted, text: &str) -> Figure {
        wanted.reading(Given::Text(text.to_owned())).figure
    }

    #[test]
    fn what_is_no_number_is_told_and_never_zero() {
        let plain = wanted(0.1, None);
        assert_eq!(shown(235.0 * 0.1), "23.5");
        assert!(matches!(figure(&plain, " 235 \n"), Figure::Value(value) if shown(value) == "23.5"));
        assert!(matches!(figure(&plain, "-1.5e1"), Figure::Value(value) if shown(value) == "-1.5"));
        for text in ["", "N/A", "NaN", "inf", "-infinity", "1e999", "23,5", "0x10", "12 C"] {
            assert!(matches!(figure(&plain, text), Figure::Bad(_)), "{text}");
        }
        for number in [f64::NAN, f64::INFINITY, f64::MAX] {
            let reading = wanted(10.0, None).reading(Given::Number(number));
            assert!(matches!(reading.figure, Figure::Bad(_)), "{number}");
        }
        assert_eq!(plain.reading(Given::Nothing("why".into())).figure, Figure::Bad("why".into()));
        let long = figure(&plain, &"x\u{7}".repeat(100));
        assert!(matches!(long, Figure::Bad(text) if text.chars().count() == TOLD && !text.contains('\u{7}')));
    }

    #[test]
    fn a_word_is_there_or_not() {
        let on_battery = wanted(1.0, Some("OB"));
        assert_eq!(figure(&on_battery, "OB DISCHRG"), Figure::Value(1.0));
        assert_eq!(figure(&on_battery, "OL BOOST"), Figure::Value(0.0));
        assert_eq!(wanted(1.0, Some("5")).reading(Given::Number(5.0)).figure, Figure::Value(1.0));
        assert!(matches!(on_battery.reading(Given::Nothing(String::new())).figure, Figure::Bad(_)));
    }

    #[test]
    fn numbers_have_no_more_decimals_than_they_need() {
        for (value, text) in [(-0.0, "0"), (0.1 + 0.2, "0.3"), (1e-9, "0"), (1e15, "1000000000000000")] {
            assert_eq!(shown(value), text);
        }
    }
}
