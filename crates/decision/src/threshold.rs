//! Thresholds: a comparison and either a count or a share.
//!
//! Rule kept: the text says which. A fraction (`>= 55/100`) is a share of the limb's denominator; a number without a
//! slash (`>= 55`) is a count of the limb's weight. So a printed threshold can be checked by whoever reads it.
//!
//! A share is compared exactly, unless the text rounds what it makes of the whole: `>= 2/3 rounded up`. `>= quorum` is a
//! share that moves from vote to vote: see [`crate::MovingQuorum`].

use std::{fmt, str::FromStr};

use num_traits::Zero;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{Error, Rational, Rounding, parse_rational};

/// The word for a share that moves.
const MOVING: &str = "quorum";

/// How numerator and threshold compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `>`
    More,
    /// `>=`
    AtLeast,
    /// `<`
    Less,
    /// `<=`
    AtMost,
}

impl Comparison {
    const fn symbol(self) -> &'static str {
        match self {
            Self::More => ">",
            Self::AtLeast => ">=",
            Self::Less => "<",
            Self::AtMost => "<=",
        }
    }

    /// Whether more in the numerator helps.
    #[must_use]
    pub const fn is_rising(self) -> bool {
        matches!(self, Self::More | Self::AtLeast)
    }
}

/// A threshold as written; see the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Threshold {
    comparison: Comparison,
    value: Rational,
    is_share: bool,
    number: String,
    rounding: Option<Rounding>,
}

impl Threshold {
    /// How it compares.
    #[must_use]
    pub const fn comparison(&self) -> Comparison {
        self.comparison
    }

    /// The number compared with.
    #[must_use]
    pub const fn value(&self) -> &Rational {
        &self.value
    }

    /// Whether it is a share of the denominator; else a count.
    #[must_use]
    pub const fn is_share(&self) -> bool {
        self.is_share
    }

    /// How what it makes of the whole is rounded.
    #[must_use]
    pub const fn rounding(&self) -> Option<Rounding> {
        self.rounding
    }

    /// Whether it is the quorum of the period, which is not known here.
    #[must_use]
    pub fn is_moving(&self) -> bool {
        self.number == MOVING
    }

    /// The number as written, without sign and rounding.
    #[must_use]
    pub fn number(&self) -> &str {
        &self.number
    }

    /// The same with `share` for the quorum of the period.
    #[must_use]
    pub fn with_share(&self, share: &Rational) -> Self {
        let written = [100u32, 10_000, 1_000_000].into_iter().find_map(|parts| {
            let over = share * Rational::from_integer(parts.into());
            over.is_integer().then(|| format!("{}/{parts}", over.to_integer()))
        });
        let number = written.unwrap_or_else(|| format!("{}/{}", share.numer(), share.denom()));
        Self { value: share.clone(), is_share: true, number, ..self.clone() }
    }

    /// Whether `numerator` (of `denominator`) meets it. Exact; a share of nothing is zero, so nothing is divided by it.
    #[must_use]
    pub fn is_met(&self, numerator: &Rational, denominator: &Rational) -> bool {
        // n / d ⋚ t  ⇔  n ⋚ t × d for d > 0.
        let (left, right) = match (self.is_share, denominator.is_zero()) {
            (false, _) => (numerator.clone(), self.value.clone()),
            (true, false) => {
                let needed = &self.value * denominator;
                let rounded = self.rounding.map(|rounding| Rational::from_integer(rounding.integer(&needed)));
                (numerator.clone(), rounded.unwrap_or(needed))
            }
            (true, true) => (Rational::zero(), self.value.clone()),
        };
        match self.comparison {
            Comparison::More => left > right,
            Comparison::AtLeast => left >= right,
            Comparison::Less => left < right,
            Comparison::AtMost => left <= right,
        }
    }
}

impl FromStr for Threshold {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = |why| Error::Threshold { text: text.chars().take(80).collect(), why };
        let (comparison, rest) =
            [Comparison::AtLeast, Comparison::AtMost, Comparison::More, Comparison::Less]
                .into_iter()
                .find_map(|c| Some((c, text.trim().strip_prefix(c.symbol())?)))
                .ok_or_else(|| wrong("begin with >, >=, < or <="))?;
        let (number, rounding) = match rest.split_once("rounded") {
            None => (rest.trim(), None),
            Some((number, word)) => {
                let known = [Rounding::Up, Rounding::Down, Rounding::Nearest];
                let rounding = known.into_iter().find(|rounding| rounding.word() == word.trim());
                let rounding = rounding.ok_or_else(|| wrong("it is rounded up, down or nearest"))?;
                (number.trim(), Some(rounding))
            }
        };
        if number == MOVING && rounding.is_none() {
            let number = number.to_owned();
            return Ok(Self { comparison, value: Rational::zero(), is_share: true, number, rounding });
        }
        if number.contains('%') {
            return Err(wrong("write a percentage as a fraction: 55 % is 55/100"));
        }
        let value = parse_rational(number)
            .map_err(|_| wrong("after the sign comes a count (55) or a share (55/100)"))?;
        let is_share = number.contains('/');
        if rounding.is_some() && !is_share {
            return Err(wrong("only a share of the whole can be rounded"));
        }
        Ok(Self { comparison, value, is_share, number: number.to_owned(), rounding })
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.comparison.symbol(), self.number)?;
        self.rounding.map_or(Ok(()), |rounding| write!(f, " rounded {}", rounding.word()))
    }
}

impl Serialize for Threshold {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Threshold {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn met(threshold: &str, numerator: &str, denominator: &str) -> bool {
        let threshold: Threshold = threshold.parse().unwrap();
        threshold.is_met(&parse_rational(numerator).unwrap(), &parse_rational(denominator).unwrap())
    }

    #[test]
    fn comparisons_are_exact_at_the_edge() {
        for (threshold, numerator, denominator, expected) in [
            (">= 55", "55", "196", true),
            (">= 55", "54", "55", false),
            ("> 55", "55", "55", false),
            (">= 2/3", "2", "3", true),
            (">= 2/3", "666666", "1000000", false),
            ("> 1/2", "23/2", "23", false),
            ("> 1/2", "12", "23", true),
            ("<= 1/3", "201", "601", false),
            ("<= 1/3", "200", "600", true),
            ("< 1/3", "200", "600", false),
            (">= 55/100", "0", "0", false),
            ("> 0/1", "0", "0", false),
            ("<= 1/3", "0", "0", true),
            ("> 11.5", "23/2", "23", false),
            (">= 2/3 rounded up", "3", "4", true),
            (">= 2/3 rounded up", "2", "4", false),
            (">= 2/3 rounded down", "2", "4", true),
            (">= 2/3 rounded nearest", "2", "4", false),
            ("> 1/2 rounded down", "3", "5", true),
            ("> 1/2 rounded down", "2", "5", false),
        ] {
            assert_eq!(
                met(threshold, numerator, denominator),
                expected,
                "{numerator}/{denominator} {threshold}"
            );
        }
    }

    #[test]
    fn the_text_is_kept_and_nonsense_refused() {
        assert_eq!(">=55/100".parse::<Threshold>().unwrap().to_string(), ">= 55/100");
        for text in [">= 2/3 rounded down", "< quorum"] {
            let threshold: Threshold = text.parse().unwrap();
            assert_eq!(threshold.to_string(), text);
        }
        let quorum: Threshold = ">= quorum".parse().unwrap();
        assert!(quorum.is_moving());
        for (share, text) in [("0.4784", ">= 4784/10000"), ("1/3", ">= 1/3"), ("1", ">= 100/100")] {
            let known = quorum.with_share(&parse_rational(share).unwrap());
            assert_eq!((known.to_string().as_str(), known.is_moving()), (text, false));
            assert_eq!(text.parse(), Ok(known));
        }
        for text in [
            "55",
            "== 55",
            ">= 55%",
            ">= 1/0",
            ">=",
            "=> 5",
            ">= -1",
            ">= 2/3 rounded",
            ">= 2/3 rounded off",
            ">= 2 rounded up",
            ">= quorum rounded up",
        ] {
            assert!(matches!(text.parse::<Threshold>(), Err(Error::Threshold { .. })), "{text}");
        }
    }
}
