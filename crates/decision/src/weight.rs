//! What a member weighs: one each, a weight by name, or votes reckoned from a weight.
//!
//! Rule kept: what a member weighs depends on that member alone, so that members can be counted in any order and in
//! parts. The one exception, basic votes, is kept apart as a number of heads and added when the sums are judged.
//! Deliberately absent: caps that are shares of a total, which would change with every other member.

use std::fmt;

use num_bigint::BigInt;
use num_traits::{Pow, ToPrimitive, Zero};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{Rational, Rounding, number};

/// Most decimals that votes are rounded to.
pub const PLACES_MAX: u32 = 18;

/// Most parts of one by which `per` and `cap` can make votes finer: with a weight's own scale (below 2^64) and the parts of a
/// split ballot, what a sum is multiplied by still fits 128 bits, so every tally can be read back.
pub const FINENESS_MAX: u64 = 1_000_000_000_000_000;

/// What a member weighs in a limb.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Weight {
    /// One each. Written `one`, or left out.
    #[default]
    One,
    /// The member's weight of this name. Stake is one.
    Named(String),
    /// Votes reckoned from a weight, written `{ of = "stake", root = "square", rounding = "down" }`.
    Votes(Box<Votes>),
}

/// Votes reckoned from a weight, in this order: per unit, root, cap; and basic votes on top.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Votes {
    /// Name of the weight.
    pub of: String,
    /// One vote for each so much of the weight; absent: for each unit.
    #[serde(default, with = "number::maybe", skip_serializing_if = "Option::is_none")]
    pub per: Option<Rational>,
    /// The root of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<Root>,
    /// How votes are rounded. A root needs it; without a root, absent means that fractions of votes count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rounding: Option<Rounding>,
    /// Decimals kept by the rounding; absent: whole votes. Bounds: `0..=`[`PLACES_MAX`].
    #[serde(default, skip_serializing_if = "is_zero")]
    pub places: u32,
    /// Most votes of one member.
    #[serde(default, with = "number::maybe", skip_serializing_if = "Option::is_none")]
    pub cap: Option<Rational>,
    /// Share of all votes together that is divided equally among the members, whatever they weigh. Exact: fractions of
    /// basic votes count.
    ///
    /// Source: for example Articles of Agreement of the IMF, Article XII, Section 5(a).
    #[serde(default, with = "number::maybe", skip_serializing_if = "Option::is_none")]
    pub basic: Option<Rational>,
}

/// A root that votes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Root {
    /// The square root.
    Square,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde asks for a reference
const fn is_zero(places: &u32) -> bool {
    *places == 0
}

impl Votes {
    /// The votes of a member with `weight`, without basic votes. Never negative.
    #[must_use]
    pub fn of_weight(&self, weight: &Rational) -> Rational {
        let units = match &self.per {
            Some(per) if !per.is_zero() => weight / per,
            _ => weight.clone(),
        };
        let votes = match (self.root, self.rounding) {
            (Some(Root::Square), rounding) => {
                square_root(&units, rounding.unwrap_or(Rounding::Down), self.places)
            }
            (None, Some(rounding)) => {
                let scale = ten_to(self.places);
                Rational::new(rounding.integer(&(units * &scale)), scale)
            }
            (None, None) => units,
        };
        match &self.cap {
            Some(cap) if *cap < votes => cap.clone(),
            _ => votes,
        }
    }

    /// By what votes are multiplied to be whole, where the weight is multiplied by `scale` to be whole.
    fn scale(&self, scale: u128) -> Option<u128> {
        let votes = if self.root.is_some() || self.rounding.is_some() {
            10u128.checked_pow(self.places)?
        } else {
            let per = self.per.as_ref().map_or(Some(1), |per| per.numer().to_u128())?;
            scale.checked_mul(per)?
        };
        let cap = self.cap.as_ref().map_or(Some(1), |cap| cap.denom().to_u128())?;
        votes.checked_mul(cap)
    }
}

/// The square root of `value`, rounded to `places` decimals. Exact: nothing is approximated before the rounding.
fn square_root(value: &Rational, rounding: Rounding, places: u32) -> Rational {
    let scale = ten_to(places);
    let square = value * (&scale * &scale);
    let down = square.floor().to_integer().sqrt();
    let is_above = match rounding {
        Rounding::Down => false,
        Rounding::Up => Rational::from_integer(&down * &down) < square,
        // (down + 1/2)² ≤ square
        Rounding::Nearest => {
            let twice: BigInt = &down * 2 + 1;
            Rational::from_integer(&twice * &twice) <= square * BigInt::from(4)
        }
    };
    Rational::new(if is_above { down + 1 } else { down }, scale)
}

fn ten_to(places: u32) -> BigInt {
    Pow::pow(BigInt::from(10), places.min(PLACES_MAX))
}

impl Weight {
    pub(crate) const fn is_one(&self) -> bool {
        matches!(self, Self::One)
    }

    /// The name of the members' weight it is reckoned from, unless it is one each.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::One => None,
            Self::Named(name) => Some(name),
            Self::Votes(votes) => Some(&votes.of),
        }
    }

    /// The share of all votes that is divided equally.
    #[must_use]
    pub fn basic(&self) -> Option<&Rational> {
        match self {
            Self::Votes(votes) => votes.basic.as_ref(),
            Self::One | Self::Named(_) => None,
        }
    }

    /// By what a sum of it is multiplied to be whole; `None` beyond 128 bits.
    pub(crate) fn scale(&self, scale: u128) -> Option<u128> {
        match self {
            Self::One => Some(1),
            Self::Named(_) => Some(scale),
            Self::Votes(votes) => votes.scale(scale),
        }
    }
}

impl Serialize for Weight {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::One => to.serialize_str("one"),
            Self::Named(name) => to.serialize_str(name),
            Self::Votes(votes) => votes.serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for Weight {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Weight;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "the name of a weight, or { of = \"stake\", root = \"square\", rounding = \"down\" }",
                )
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Weight, E> {
                Ok(if name == "one" { Weight::One } else { Weight::Named(name.to_owned()) })
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Weight, A::Error> {
                let votes = Votes::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(Weight::Votes(Box::new(votes)))
            }
        }
        from.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_rational;

    fn votes(text: &str, weight: &str) -> String {
        let Weight::Votes(votes) = serde_json::from_str(text).unwrap() else { panic!("{text}") };
        votes.of_weight(&parse_rational(weight).unwrap()).to_string()
    }

    #[test]
    fn votes_are_reckoned_as_stated() {
        for (text, weight, expected) in [
            (r#"{"of":"stake","root":"square","rounding":"down"}"#, "15.99", "3"),
            (r#"{"of":"stake","root":"square","rounding":"up"}"#, "15.99", "4"),
            (r#"{"of":"stake","root":"square","rounding":"up"}"#, "16", "4"),
            (r#"{"of":"stake","root":"square","rounding":"nearest"}"#, "12.24", "3"),
            (r#"{"of":"stake","root":"square","rounding":"nearest"}"#, "12.25", "4"),
            (r#"{"of":"stake","root":"square","rounding":"down","places":3}"#, "2", "707/500"),
            (r#"{"of":"stake","root":"square","rounding":"down"}"#, "1/2", "0"),
            (r#"{"of":"quota","per":"1/10"}"#, "82994.2", "829942"),
            (r#"{"of":"quota","per":"3"}"#, "10", "10/3"),
            (r#"{"of":"quota","per":"3","rounding":"down"}"#, "10", "3"),
            (r#"{"of":"shares","cap":"5"}"#, "4.5", "9/2"),
            (r#"{"of":"shares","cap":"5"}"#, "5.5", "5"),
        ] {
            assert_eq!(votes(text, weight), expected, "{text} of {weight}");
        }
    }

    #[test]
    fn scaled_votes_are_whole() {
        for (text, scale, weight) in [
            (r#"{"of":"w","per":"3/7"}"#, 6, "5/6"),
            (r#"{"of":"w","per":"3/7","cap":"11/4"}"#, 6, "5/6"),
            (r#"{"of":"w","per":"3/7","cap":"11/4"}"#, 6, "500/6"),
            (r#"{"of":"w","root":"square","rounding":"down","places":2}"#, 6, "5/6"),
        ] {
            let weighing: Weight = serde_json::from_str(text).unwrap();
            let scale = Rational::from_integer(weighing.scale(scale).unwrap().into());
            let Weight::Votes(votes) = weighing else { panic!("{text}") };
            let scaled = votes.of_weight(&parse_rational(weight).unwrap()) * scale;
            assert!(scaled.is_integer(), "{text} of {weight}: {scaled}");
        }
    }
}
