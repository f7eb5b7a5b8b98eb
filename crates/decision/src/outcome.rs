//! From a tally to an outcome.
//!
//! Rule kept: while ballots are open, an outcome other than pending is given only if it stands whatever those who have
//! cast no ballot still do (ballots already cast taken as final). The bounds are safe, not always tight: an outcome may
//! be certain a little before it is called so, never the other way round.

use crate::{
    Basis, Formula, Limb, LimbReport, LimbTally, Numerator, Outcome, Rational, Report, Rule, Tally, Verdict,
    formula::join, tally::Range,
};

/// Reason of a decision that a minority too small to block could not stop.
pub const REASON_BLOCKING: &str = "blocking-minority-too-small";

/// One limb, judged.
struct Judgement<'a> {
    limb: &'a Limb,
    /// By its threshold alone.
    plain: Verdict,
    /// With the blocking minority taken into account.
    verdict: Verdict,
}

impl Rule {
    /// The outcome of `tally`, with every limb's numbers. `closed`: no more ballots will come. Instruments never close.
    ///
    /// `decided_on` and `effective_on` are left empty: see [`Report::dated`].
    #[must_use]
    pub fn outcome(&self, tally: &Tally, closed: bool) -> Report {
        let judgements: Vec<Judgement<'_>> =
            self.judged().zip(&tally.limbs).map(|(limb, tally)| judge(limb, tally, closed)).collect();
        let by_limbs = self.combine(&judgements, |judgement| judgement.verdict);
        let vetoer = self.vetoes_judged().zip(&tally.vetoes).find(|(_, veto)| veto.used > 0);
        let veto_can_come = !closed && tally.vetoes.iter().any(|veto| veto.silent > 0);

        let (outcome, reason) = match (by_limbs, vetoer) {
            (Verdict::Unmet, _) => {
                let decisive = judgements.iter().find(|judgement| judgement.verdict == Verdict::Unmet);
                (Outcome::Rejected, decisive.and_then(|judgement| judgement.limb.reason.clone()))
            }
            (_, Some((veto, used))) => {
                let names: Vec<&str> = used.names.iter().map(String::as_str).collect();
                let names = if names.is_empty() { String::new() } else { format!(":{}", names.join(",")) };
                (Outcome::Rejected, Some(format!("{}{names}", veto.reason)))
            }
            (Verdict::Met, None) if !veto_can_come => {
                let deemed = self.combine(&judgements, |judgement| judgement.plain) != Verdict::Met;
                (Outcome::Adopted, deemed.then(|| REASON_BLOCKING.to_owned()))
            }
            _ => (Outcome::Pending, None),
        };
        let limbs = self.judged().zip(&tally.limbs).map(|(limb, tally)| numbers(limb, tally)).collect();
        Report {
            rule: self.id.clone(),
            outcome,
            reason,
            decided_on: None,
            effective_on: None,
            limbs,
            decided_early: !closed && outcome != Outcome::Pending && self.basis() != Basis::Instruments,
        }
    }

    /// All limbs without a formula; a formula names limbs, and those of other matters are passed over.
    fn combine(&self, judgements: &[Judgement<'_>], verdict: fn(&Judgement<'_>) -> Verdict) -> Verdict {
        let all = || join(judgements.iter().map(verdict), Verdict::Unmet);
        let by_name = |name: &str| judgements.iter().find(|j| j.limb.name == name).map(verdict);
        self.passes
            .as_ref()
            .map_or_else(all, |formula: &Formula| formula.verdict(&by_name))
            .unwrap_or(Verdict::Met)
    }
}

fn judge<'a>(limb: &'a Limb, tally: &LimbTally, closed: bool) -> Judgement<'a> {
    let plain = plain_verdict(limb, tally, closed);
    let verdict = match (limb.blocking_minority, &tally.heads) {
        (Some(needed), Some(heads)) if plain != Verdict::Met => {
            let needed = Rational::from_integer(needed.into());
            let supporters = if closed {
                fixed(heads.numerator(limb.numerator))
            } else {
                heads.numerator_range(limb.numerator)
            };
            let opponents =
                Range { low: &heads.members - supporters.high, high: &heads.members - supporters.low };
            if opponents.high < needed {
                Verdict::Met
            } else if opponents.low >= needed {
                plain
            } else {
                Verdict::Open
            }
        }
        _ => plain,
    };
    Judgement { limb, plain, verdict }
}

fn fixed(value: Rational) -> Range {
    Range { low: value.clone(), high: value }
}

fn plain_verdict(limb: &Limb, tally: &LimbTally, closed: bool) -> Verdict {
    let counts = &tally.weight;
    let is_met = |n: &Rational, d: &Rational| limb.threshold.is_met(n, d);
    let now = is_met(&counts.numerator(limb.numerator), &counts.denominator(&limb.denominator));
    let rising = limb.threshold.comparison().is_rising();
    if limb.numerator == Numerator::Instruments {
        // More can be deposited at any time, so only what deposits bring about is final.
        return match (now, rising) {
            (true, true) => Verdict::Met,
            (false, false) => Verdict::Unmet,
            _ => Verdict::Open,
        };
    }
    if closed {
        return if now { Verdict::Met } else { Verdict::Unmet };
    }
    if limb.part_can_exceed_whole() {
        return Verdict::Open;
    }
    let numerator = counts.numerator_range(limb.numerator);
    let denominator = counts.denominator_range(&limb.denominator);
    // The part lies within the whole, so one more ballot for it raises the share, and one beside it lowers the share.
    let at_least = is_met(&numerator.low, &denominator.high);
    let at_most = is_met(&numerator.high, &denominator.high);
    match (rising, at_least, at_most) {
        (true, true, _) | (false, _, true) => Verdict::Met,
        (true, _, false) | (false, false, _) => Verdict::Unmet,
        _ => Verdict::Open,
    }
}

fn numbers(limb: &Limb, tally: &LimbTally) -> LimbReport {
    let numerator = tally.weight.numerator(limb.numerator);
    let denominator = tally.weight.denominator(&limb.denominator);
    LimbReport::new(&limb.name, numerator, denominator, limb.threshold.clone())
}
