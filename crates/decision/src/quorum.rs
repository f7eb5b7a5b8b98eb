//! A quorum that follows past participation: high after lively votes, low after quiet ones, within bounds.
//!
//! Rule kept: the average is rounded down to [`QUORUM_PARTS`] after each vote, so that it stays a small number however
//! many votes there were. Deliberately absent: where the average is kept between votes. Whoever opens a vote passes it.
//!
//! Source: Tezos protocol, Babylon (proposal PsBabyM1): participation EMA, `quorum_min`, `quorum_max`.

use num_traits::{One, Zero};
use serde::{Deserialize, Serialize};

use crate::{Rational, Rounding, Rule, Tally, Threshold, number};

/// Parts of one in which the average of participation is kept.
pub const QUORUM_PARTS: u32 = 10_000;

/// How a quorum moves: `min` + average × (`max` − `min`). Limbs read it as `threshold = ">= quorum"`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MovingQuorum {
    /// Quorum where nobody ever takes part.
    #[serde(with = "number")]
    pub min: Rational,
    /// Quorum where everybody always does.
    #[serde(with = "number")]
    pub max: Rational,
    /// Average of participation before the first vote.
    #[serde(with = "number")]
    pub start: Rational,
    /// Part of the old average in the new one; the rest is the participation in the last vote.
    #[serde(with = "number")]
    pub past: Rational,
}

impl MovingQuorum {
    /// The quorum at this average of participation.
    #[must_use]
    pub fn at(&self, average: &Rational) -> Rational {
        &self.min + average * (&self.max - &self.min)
    }

    /// The average after a vote in which `participation` took part.
    #[must_use]
    pub fn next(&self, average: &Rational, participation: &Rational) -> Rational {
        let next = &self.past * average + (Rational::one() - &self.past) * participation;
        let parts = Rational::from_integer(QUORUM_PARTS.into());
        Rational::new(Rounding::Down.integer(&(next * &parts)), QUORUM_PARTS.into())
    }
}

impl Rule {
    /// The rule with `quorum` for the quorum of the period; unchanged where no limb asks for one.
    #[must_use]
    pub fn with_quorum(&self, quorum: &Rational) -> Self {
        let mut rule = self.clone();
        for limb in rule.limbs.iter_mut().filter(|limb| limb.threshold.is_moving()) {
            limb.threshold = limb.threshold.with_share(quorum);
        }
        rule
    }

    /// Whether the outcome depends on the quorum of the period.
    #[must_use]
    pub fn needs_quorum(&self) -> bool {
        self.judged().any(|limb| limb.threshold.is_moving())
    }

    /// `threshold` as it is judged: without a quorum of the period, that of the first vote.
    pub(crate) fn judged_threshold(&self, threshold: &Threshold) -> Threshold {
        match &self.quorum {
            Some(quorum) if threshold.is_moving() => threshold.with_share(&quorum.at(&quorum.start)),
            _ => threshold.clone(),
        }
    }

    /// The average of participation after the vote of `tally`, from that before it; `None` where the quorum stands
    /// still. Participation is the share that the first limb with a moving quorum judges, at most one. For the rule as
    /// written: [`Self::with_quorum`] makes it stand still.
    #[must_use]
    pub fn next_average(&self, tally: &Tally, average: &Rational) -> Option<Rational> {
        let quorum = self.quorum.as_ref()?;
        let (limb, tally) = self.judged().zip(&tally.limbs).find(|(limb, _)| limb.threshold.is_moving())?;
        let counts = tally.counts(limb);
        let (part, whole) = (counts.numerator(limb.numerator), counts.denominator(&limb.denominator));
        let share = if whole.is_zero() { Rational::zero() } else { part / whole };
        Some(quorum.next(average, &share.min(Rational::one())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_rational;

    #[test]
    fn the_quorum_follows_participation() {
        let number = |text| parse_rational(text).unwrap();
        let tezos = MovingQuorum {
            min: number("0.2"),
            max: number("0.7"),
            start: number("0.7"),
            past: number("0.8"),
        };
        for (average, participation, quorum, next) in [
            ("0.7", "0.84", "0.55", "0.728"),
            ("0", "0", "0.2", "0"),
            ("1", "1", "0.7", "1"),
            ("0.3333", "1/3", "0.36665", "0.3333"),
        ] {
            assert_eq!(tezos.at(&number(average)), number(quorum));
            assert_eq!(tezos.next(&number(average), &number(participation)), number(next), "{average}");
        }
    }
}
