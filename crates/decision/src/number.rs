//! Exact numbers in text: `9131761`, `0.5`, `1/2`.
//!
//! Rule kept: nothing here rounds except [`decimal`], which is for people to read and is never compared.
//! Deliberately absent: negative numbers. Weights, totals and thresholds are never below zero.

use num_bigint::BigInt;
use num_traits::{Pow, Zero};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::Error;

/// An exact fraction of integers of any size.
pub type Rational = num_rational::BigRational;

/// Longest number accepted, in characters: room for a 128-bit over a 128-bit integer.
pub const NUMBER_LEN_MAX: usize = 80;

/// Reads a whole number, a decimal or a fraction of whole numbers; never negative.
///
/// # Errors
/// [`Error::Number`] says what is wrong.
pub fn parse_rational(text: &str) -> Result<Rational, Error> {
    let wrong = |why| Error::Number { text: text.chars().take(NUMBER_LEN_MAX).collect(), why };
    if text.len() > NUMBER_LEN_MAX {
        return Err(wrong("it is too long"));
    }
    let integer = |digits: &str| match digits.bytes().all(|b| b.is_ascii_digit()) {
        true => {
            digits.parse::<BigInt>().map_err(|_| wrong("write digits, a decimal as 0.5 or a fraction as 1/2"))
        }
        false => Err(wrong("write digits, a decimal as 0.5 or a fraction as 1/2")),
    };
    if let Some((over, under)) = text.split_once('/') {
        let under = integer(under)?;
        if under.is_zero() {
            return Err(wrong("its denominator is zero"));
        }
        return Ok(Rational::new(integer(over)?, under));
    }
    if let Some((whole, tenths)) = text.split_once('.') {
        let places = u32::try_from(tenths.len()).map_err(|_| wrong("it is too long"))?;
        let scale = Pow::pow(BigInt::from(10), places);
        return Ok(Rational::new(integer(whole)? * &scale + integer(tenths)?, scale));
    }
    integer(text).map(Rational::from)
}

/// `value` as a decimal for people: rounded half up to `places`, without trailing zeros. Never negative.
#[must_use]
pub fn decimal(value: &Rational, places: u32) -> String {
    let half = Rational::new(BigInt::from(1), BigInt::from(2));
    digits((value * scale(places) + half).floor().to_integer(), places)
}

/// Like [`decimal`], but cut off instead of rounded.
#[must_use]
pub fn decimal_cut(value: &Rational, places: u32) -> String {
    digits((value * scale(places)).floor().to_integer(), places)
}

fn scale(places: u32) -> Rational {
    Rational::from(Pow::pow(BigInt::from(10), places))
}

/// Writes `scaled` ÷ 10^`places`.
fn digits(scaled: BigInt, places: u32) -> String {
    let ten = Pow::pow(BigInt::from(10), places);
    let (whole, rest) = (&scaled / &ten, &scaled % &ten);
    let width = usize::try_from(places).unwrap_or(0);
    let rest = format!("{:0>width$}", rest.to_string());
    match rest.trim_end_matches('0') {
        "" => whole.to_string(),
        rest => format!("{whole}.{rest}"),
    }
}

/// How a number becomes whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rounding {
    /// To the whole number below.
    Down,
    /// To the whole number above.
    Up,
    /// To the nearest, and half a unit up.
    Nearest,
}

impl Rounding {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Up => "up",
            Self::Nearest => "nearest",
        }
    }

    /// `value`, rounded.
    #[must_use]
    pub fn integer(self, value: &Rational) -> BigInt {
        match self {
            Self::Down => value.floor().to_integer(),
            Self::Up => value.ceil().to_integer(),
            Self::Nearest => (value + Rational::new(BigInt::from(1), BigInt::from(2))).floor().to_integer(),
        }
    }
}

/// serde for a number in a string.
pub(crate) fn serialize<S: Serializer>(value: &Rational, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(value)
}

/// serde for a number in a string.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Rational, D::Error> {
    let text = String::deserialize(from)?;
    parse_rational(&text).map_err(de::Error::custom)
}

/// serde for a number in a file of data: in a string, or as a JSON number that is exact as it stands.
pub(crate) mod lenient {
    use std::fmt;

    use serde::{Deserializer, de};

    use super::{Rational, parse_rational};

    /// Most digits of a JSON number with a point or an exponent: so many are kept whatever reads it.
    const DIGITS_MAX: usize = 15;

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Rational, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Rational;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number such as 9131761 or \"1/2\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Rational, E> {
                parse_rational(text.trim()).map_err(E::custom)
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Rational, E> {
                Ok(Rational::from_integer(number.into()))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Rational, E> {
                parse_rational(&number.to_string()).map_err(E::custom)
            }

            // The JSON reader has made a float of it. Its shortest text is what was written, if that was short enough.
            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Rational, E> {
                let text = number.to_string();
                if text.bytes().filter(u8::is_ascii_digit).count() > DIGITS_MAX {
                    return Err(E::custom("a number this long is written in quotes, so that it stays exact"));
                }
                parse_rational(&text).map_err(E::custom)
            }
        }
        from.deserialize_any(Visitor)
    }
}

/// serde for a number in a string that can be absent.
pub(crate) mod maybe {
    use serde::{Deserialize, Deserializer, Serializer, de};

    use super::{Rational, parse_rational};

    pub(crate) fn serialize<S: Serializer>(value: &Option<Rational>, to: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => to.collect_str(value),
            None => to.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Rational>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        text.map(|text| parse_rational(&text).map_err(de::Error::custom)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_exactly() {
        for (text, over, under) in [
            ("0", 0, 1),
            ("9131761", 9_131_761, 1),
            ("1/2", 1, 2),
            ("0.5", 1, 2),
            ("11.50", 23, 2),
            ("55/100", 11, 20),
        ] {
            assert_eq!(parse_rational(text).unwrap(), Rational::new(over.into(), under.into()), "{text}");
        }
        for text in
            ["", "-1", "+1", "1/0", "1e3", ".5", "5.", "1_000", "1,5", " 1", "55%", "1/2/3", &"9".repeat(81)]
        {
            assert!(matches!(parse_rational(text), Err(Error::Number { .. })), "{text}");
        }
    }

    #[test]
    fn decimals_round_half_up_or_are_cut() {
        for (text, rounded, cut) in [
            ("21866164/37168339", "0.588301", "0.5883"),
            ("73", "73", "73"),
            ("17/2", "8.5", "8.5"),
            ("2/3", "0.666667", "0.666666"),
            ("1/2000000", "0.000001", "0"),
            ("9999999/10000000", "1", "0.999999"),
        ] {
            let value = parse_rational(text).unwrap();
            assert_eq!(
                (decimal(&value, 6).as_str(), decimal_cut(&value, 6).as_str()),
                (rounded, cut),
                "{text}"
            );
        }
    }
}
