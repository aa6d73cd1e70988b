//! Decimal numbers, exact to six places; no floating point comes near a record.
//!
//! Invariant: one value has one text, without trailing zeros, `-0` or exponent.

/// A number in millionths; about ±9.2 billion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal(i64);

/// Why a text is not a number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a number with at most six decimals")]
pub struct DecimalError(pub String);

impl Decimal {
    /// Nought.
    pub const ZERO: Self = Self(0);
    const ONE: i64 = 1_000_000;

    /// From a whole number; `None` when too large.
    #[must_use]
    pub const fn from_whole(whole: i64) -> Option<Self> {
        match whole.checked_mul(Self::ONE) {
            Some(millionths) => Some(Self(millionths)),
            None => None,
        }
    }

    /// From millionths.
    #[must_use]
    pub const fn from_millionths(millionths: i64) -> Self {
        Self(millionths)
    }

    /// In millionths.
    #[must_use]
    pub const fn millionths(self) -> i64 {
        self.0
    }

    /// The whole number it is; `None` when it has decimals.
    #[must_use]
    pub const fn whole(self) -> Option<i64> {
        if self.0 % Self::ONE == 0 { Some(self.0 / Self::ONE) } else { None }
    }

    /// How many decimals it needs, 0 to 6.
    #[must_use]
    pub fn decimals(self) -> u8 {
        let mut rest = self.0 % Self::ONE;
        let mut places = 6;
        while places > 0 && rest % 10 == 0 {
            rest /= 10;
            places -= 1;
        }
        places
    }

    /// The sum; `None` when too large.
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference; `None` when too large.
    #[must_use]
    pub fn minus(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// The product, cut off after six decimals; `None` when too large.
    #[must_use]
    pub fn times(self, other: Self) -> Option<Self> {
        let product = i128::from(self.0) * i128::from(other.0) / i128::from(Self::ONE);
        i64::try_from(product).ok().map(Self)
    }

    /// The quotient, cut off after six decimals; `None` when dividing by nought or too large.
    #[must_use]
    pub fn over(self, other: Self) -> Option<Self> {
        let quotient = (i128::from(self.0) * i128::from(Self::ONE)).checked_div(i128::from(other.0))?;
        i64::try_from(quotient).ok().map(Self)
    }

    /// The rest of the division, with the sign of the first; `None` when dividing by nought.
    #[must_use]
    pub fn rest(self, other: Self) -> Option<Self> {
        self.0.checked_rem(other.0).map(Self)
    }

    /// With the other sign; `None` for the smallest.
    #[must_use]
    pub fn negated(self) -> Option<Self> {
        self.0.checked_neg().map(Self)
    }
}

impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (whole, rest) = (self.0.unsigned_abs() / 1_000_000, self.0.unsigned_abs() % 1_000_000);
        let sign = if self.0 < 0 { "-" } else { "" };
        if rest == 0 {
            return write!(f, "{sign}{whole}");
        }
        let decimals = format!("{rest:06}");
        write!(f, "{sign}{whole}.{}", decimals.trim_end_matches('0'))
    }
}

impl std::str::FromStr for Decimal {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, DecimalError> {
        parse(text).map(Self).ok_or_else(|| DecimalError(text.chars().take(40).collect()))
    }
}

fn parse(text: &str) -> Option<i64> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(whole) || !all_digits(decimals) || decimals.len() > 6 || whole.len() > 13 {
        return None;
    }
    let millionths = format!("{whole}{decimals:0<6}").parse::<i64>().ok()?;
    if negative { millionths.checked_neg() } else { Some(millionths) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_goes_there_and_back(millionths in proptest::num::i64::ANY) {
            prop_assume!(millionths != i64::MIN);
            let number = Decimal::from_millionths(millionths);
            prop_assert_eq!(number.to_string().parse::<Decimal>().unwrap(), number);
        }
    }

    #[test]
    fn loose_spellings_are_refused() {
        for text in ["", "-", "1.", ".5", "1e3", "+1", "1.2345678", "１", "99999999999999"] {
            assert!(text.parse::<Decimal>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_tenth_is_a_tenth() {
        let tenth: Decimal = "0.1".parse().unwrap();
        let sum = (0..10).fold(Decimal::ZERO, |sum, _| sum.plus(tenth).unwrap());
        assert_eq!(sum, Decimal::from_whole(1).unwrap());
        assert_eq!("22.50".parse::<Decimal>().unwrap().decimals(), 1);
    }
}
