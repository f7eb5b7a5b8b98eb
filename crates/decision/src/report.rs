//! Why-reports: an outcome with every number it rests on, so that anyone can recompute it.
//!
//! The JSON form is the interchange format of `polity decide`, `polity why` and the RPC; its fields do not change.

use num_traits::Zero;
use serde::{Deserialize, Serialize};

use crate::{Date, Rational, Rule, Threshold, number};

/// Decimals of a printed share.
pub const SHARE_PLACES: u32 = 6;

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The rule is met.
    Adopted,
    /// The rule is not met and will not be.
    Rejected,
    /// It can still go either way.
    Pending,
}

/// An outcome and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Id of the rule.
    pub rule: String,
    /// What came of it.
    pub outcome: Outcome,
    /// What decided it, where a limb alone does not: `veto:RUS`, `quorum`, `blocking-minority-too-small` …
    pub reason: Option<String>,
    /// The day it was decided, where known.
    pub decided_on: Option<Date>,
    /// The day it takes effect, where the rule says.
    pub effective_on: Option<Date>,
    /// The limbs that were judged, in the order of the rule.
    pub limbs: Vec<LimbReport>,
    /// For whom it is in force, where silence consents member by member.
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    pub in_force: Option<InForce>,
    /// Whether ballots were still open: the outcome stands whatever the silent ones do. Not part of the JSON.
    #[serde(skip)]
    pub decided_early: bool,
}

/// For whom a decision is in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InForce {
    /// Ids of the members for whom it is in force on the day judged, or ever, if no day is given.
    pub in_force_for: Vec<String>,
    /// Everybody it binds or will bind, by day, as far as is known by then.
    pub versions: Vec<Version>,
    /// Ids of the members that objected in time.
    pub objected: Vec<String>,
}

/// Members for whom a decision enters into force on one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// The day.
    pub effective_on: Date,
    /// Ids of the members.
    #[serde(rename = "for")]
    pub members: Vec<String>,
}

/// One limb of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimbReport {
    /// Its name.
    pub name: String,
    /// The part that counts for it. Exact.
    #[serde(with = "number")]
    pub numerator: Rational,
    /// The whole. Exact.
    #[serde(with = "number")]
    pub denominator: Rational,
    /// How much is enough.
    pub threshold: Threshold,
    /// What is compared with the threshold, for people: a count, or a share rounded to [`SHARE_PLACES`] decimals. Rounding
    /// never carries it over the threshold, and the comparison itself is exact.
    pub share: String,
    /// Whether the threshold is met, by the numbers above alone.
    pub met: bool,
}

impl LimbReport {
    /// Judges `numerator` of `denominator`.
    #[must_use]
    pub fn new(name: &str, numerator: Rational, denominator: Rational, threshold: Threshold) -> Self {
        let met = threshold.is_met(&numerator, &denominator);
        let share = share(&numerator, &denominator, &threshold);
        Self { name: name.to_owned(), numerator, denominator, threshold, share, met }
    }

    /// Whether `met` and `share` follow from the other fields.
    #[must_use]
    pub fn agrees(&self) -> bool {
        *self
            == Self::new(&self.name, self.numerator.clone(), self.denominator.clone(), self.threshold.clone())
    }
}

/// What is compared with `threshold`, in decimals.
fn share(numerator: &Rational, denominator: &Rational, threshold: &Threshold) -> String {
    let exact = match (threshold.is_share(), denominator.is_zero()) {
        (false, _) => numerator.clone(),
        (true, true) => Rational::zero(),
        (true, false) => numerator / denominator,
    };
    let cut = number::decimal_cut(&exact, SHARE_PLACES);
    let rounded = number::decimal(&exact, SHARE_PLACES);
    // 0.5499999 of a needed 55/100 must not print as 0.55.
    let crosses = exact < *threshold.value()
        && number::parse_rational(&rounded).is_ok_and(|rounded| rounded >= *threshold.value());
    if crosses { cut } else { rounded }
}

impl Report {
    /// The report with its days: decided on `day` if it is decided, in effect as `rule` says if it is adopted.
    #[must_use]
    pub fn dated(self, rule: &Rule, day: Option<Date>) -> Self {
        self.dated_on_notice(rule, day, None)
    }

    /// The same for a text notified on `notified`.
    #[must_use]
    pub fn dated_on_notice(mut self, rule: &Rule, day: Option<Date>, notified: Option<Date>) -> Self {
        self.decided_on = day.filter(|_| self.outcome != Outcome::Pending);
        let adopted_on = self.decided_on.filter(|_| self.outcome == Outcome::Adopted);
        self.effective_on = adopted_on.and_then(|day| rule.effective_on_notice(day, notified));
        self
    }

    /// The JSON form, on one line.
    #[must_use]
    pub fn json(&self) -> String {
        serde_json::to_string(self).expect("strings, booleans and lists always serialize")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_share_is_rounded_but_never_over_its_threshold() {
        for (numerator, denominator, threshold, share, met) in [
            (21_866_164, 37_168_339, ">= 55/100", "0.588301", true),
            (5_499_999, 10_000_000, ">= 55/100", "0.549999", false),
            (5_499_999, 10_000_000, "<= 55/100", "0.549999", true),
            (5_500_000, 10_000_000, ">= 55/100", "0.55", true),
            (5_499_994, 10_000_000, ">= 55/100", "0.549999", false),
            (2, 3, ">= 2/3", "0.666667", true),
            (73, 196, ">= 55", "73", true),
            (0, 0, ">= 1/2", "0", false),
        ] {
            let whole = |n: i64| Rational::from_integer(n.into());
            let limb = LimbReport::new("x", whole(numerator), whole(denominator), threshold.parse().unwrap());
            assert_eq!(
                (limb.share.as_str(), limb.met),
                (share, met),
                "{numerator}/{denominator} {threshold}"
            );
            assert!(limb.agrees());
        }
    }

    #[test]
    fn a_report_that_was_tampered_with_does_not_agree() {
        let mut limb =
            LimbReport::new("x", Rational::default(), Rational::default(), ">= 1/2".parse().unwrap());
        limb.met = true;
        assert!(!limb.agrees());
    }
}
