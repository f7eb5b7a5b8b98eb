//! A limb: who counts, with which weight, which part of them, of what whole, and how much is enough.
//!
//! Every field that narrows a limb is optional and absent means "no narrowing", so that a new kind of limb is a new
//! field or variant and never changes what an old rule says.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{Rational, Threshold, Voter, Weight, number};

/// One condition of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limb {
    /// Its name in reports: ASCII letters, digits, `-`, `_`. Unique among the limbs of a matter.
    pub name: String,
    /// Matters it is for; empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub matters: Vec<String>,
    /// Kinds of member it counts; empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<String>,
    /// Counts members of at least one of these classes; empty: of any or none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
    /// Counts no member of these classes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_classes: Vec<String>,
    /// What a member weighs.
    #[serde(default, skip_serializing_if = "Weight::is_one")]
    pub weight: Weight,
    /// The part that counts for it.
    pub numerator: Numerator,
    /// The whole that the part is a share of. With a count threshold it is only reported.
    #[serde(default, skip_serializing_if = "Denominator::is_members")]
    pub denominator: Denominator,
    /// How much is enough.
    pub threshold: Threshold,
    /// Fewest members that can block: if fewer stay out of the numerator, the limb is deemed met.
    ///
    /// Source: TEU 16(4), second subparagraph.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocking_minority: Option<u64>,
    /// Reason reported when this limb is what rejects, such as `quorum`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Totals of this name, where a ballots file has them, stand in for the members' ballots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tally: Option<String>,
}

impl Limb {
    /// Whether `voter` counts in this limb.
    #[must_use]
    pub fn counts(&self, voter: &Voter) -> bool {
        let has = |class: &String| voter.classes.contains(class);
        (self.kinds.is_empty() || self.kinds.contains(&voter.kind))
            && (self.classes.is_empty() || self.classes.iter().any(has))
            && !self.not_classes.iter().any(has)
    }

    /// Whether the part is not within the whole, so that a share could exceed one. [`crate::Rule::check`] refuses that.
    #[must_use]
    pub const fn part_can_exceed_whole(&self) -> bool {
        matches!(
            (self.numerator, &self.denominator),
            (Numerator::YesAbstain | Numerator::Cast | Numerator::Present, Denominator::Voting)
                | (Numerator::Present, Denominator::Cast)
                | (Numerator::NotObjected, Denominator::Present | Denominator::Voting | Denominator::Cast)
        )
    }

    /// Whether heads are counted beside weight: for a blocking minority, or for basic votes.
    #[must_use]
    pub fn counts_heads(&self) -> bool {
        self.blocking_minority.is_some() || self.weight.basic().is_some()
    }

    /// What `voter` weighs here, without basic votes. A weight the voter does not have is zero.
    #[must_use]
    pub fn weight_of(&self, voter: &Voter) -> Rational {
        match &self.weight {
            Weight::One => Rational::from_integer(1.into()),
            Weight::Named(name) => voter.weights.get(name).cloned().unwrap_or_default(),
            Weight::Votes(votes) => {
                voter.weights.get(&votes.of).map(|weight| votes.of_weight(weight)).unwrap_or_default()
            }
        }
    }
}

/// The part that counts for a limb.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Numerator {
    /// Ballots in favour.
    Yes,
    /// Ballots in favour and abstentions.
    #[serde(rename = "yes+abstain")]
    YesAbstain,
    /// Ballots against, vetoes included.
    No,
    /// Ballots of veto.
    Veto,
    /// All ballots.
    Cast,
    /// Members present, with or without a ballot.
    Present,
    /// Members that did not cast a ballot against: silence consents.
    NotObjected,
    /// Instruments deposited.
    Instruments,
}

/// The whole that a limb's share is of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Denominator {
    /// All members the limb counts, silent ones included.
    #[default]
    Members,
    /// Those present, with or without a ballot.
    Present,
    /// Those present and voting: yes, no and veto. Abstention is not voting.
    Voting,
    /// All ballots, abstentions included.
    Cast,
    /// A fixed total from an official table, written `{ fixed = "37168339" }`.
    Fixed(Rational),
}

impl Denominator {
    const fn is_members(&self) -> bool {
        matches!(self, Self::Members)
    }
}

const DENOMINATORS: &str = "members, present, voting, cast or { fixed = \"37168339\" }";

impl Serialize for Denominator {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Members => to.serialize_str("members"),
            Self::Present => to.serialize_str("present"),
            Self::Voting => to.serialize_str("voting"),
            Self::Cast => to.serialize_str("cast"),
            Self::Fixed(total) => FixedTotal { fixed: total.clone() }.serialize(to),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FixedTotal {
    #[serde(with = "number")]
    fixed: Rational,
}

impl<'de> Deserialize<'de> for Denominator {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Denominator;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(DENOMINATORS)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Denominator, E> {
                match text {
                    "members" => Ok(Denominator::Members),
                    "present" => Ok(Denominator::Present),
                    "voting" => Ok(Denominator::Voting),
                    "cast" => Ok(Denominator::Cast),
                    _ => {
                        Err(E::custom(format_args!("unknown denominator `{text}`, expected {DENOMINATORS}")))
                    }
                }
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Denominator, A::Error> {
                let total = FixedTotal::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(Denominator::Fixed(total.fixed))
            }
        }
        from.deserialize_any(Visitor)
    }
}
