//! From a tally to an outcome.
//!
//! Rule kept: while ballots are open, an outcome other than pending is given only if it stands whatever those who have
//! cast no ballot still do (ballots already cast taken as final). The bounds are safe, not always tight: an outcome may
//! be certain a little before it is called so, never the other way round.

use num_traits::Zero;

use crate::{
    Basis, Counts, Formula, Limb, LimbReport, LimbTally, Numerator, Outcome, Rational, Report, Rule, Tally,
    Threshold, Verdict, Veto, VetoTally, counts::Range, formula::join,
};

/// Reason of a decision that a minority too small to block could not stop.
pub const REASON_BLOCKING: &str = "blocking-minority-too-small";

/// One limb, judged.
struct Judgement<'a> {
    limb: &'a Limb,
    counts: Counts,
    threshold: Threshold,
    /// By its threshold alone.
    plain: Verdict,
    /// With the blocking minority taken into account.
    verdict: Verdict,
}

impl Judgement<'_> {
    fn report(&self) -> LimbReport {
        let numerator = self.counts.numerator(self.limb.numerator);
        let denominator = self.counts.denominator(&self.limb.denominator);
        LimbReport::new(&self.limb.name, numerator, denominator, self.threshold.clone())
    }
}

impl Rule {
    /// The outcome of `tally`, with every limb's numbers. `closed`: no more ballots will come. Instruments never close.
    ///
    /// `decided_on` and `effective_on` are left empty: see [`Report::dated`].
    #[must_use]
    pub fn outcome(&self, tally: &Tally, closed: bool) -> Report {
        let judgements: Vec<Judgement<'_>> =
            self.judged().zip(&tally.limbs).map(|(limb, tally)| self.judge(limb, tally, closed)).collect();
        let by_limbs = self.turned(self.combine(&judgements, |judgement| judgement.verdict));
        let is_absent = |veto: &Veto, tally: &VetoTally| closed && veto.absent && tally.silent > 0;
        let mut vetoes = self.vetoes_judged().zip(&tally.vetoes);
        let vetoer = vetoes.find(|(veto, tally)| tally.used > 0 || is_absent(veto, tally));
        let veto_can_come = !closed && tally.vetoes.iter().any(|veto| veto.silent > 0);

        let (outcome, reason) = match (by_limbs, vetoer) {
            (Verdict::Unmet, _) => {
                let decisive = judgements.iter().find(|judgement| judgement.verdict == Verdict::Unmet);
                let reason = decisive.and_then(|judgement| judgement.limb.reason.clone());
                let deemed = self.reverse && self.is_deemed(&judgements);
                (Outcome::Rejected, if deemed { Some(REASON_BLOCKING.to_owned()) } else { reason })
            }
            (_, Some((veto, tally))) => {
                let names: Vec<&str> = tally.names.iter().map(String::as_str).collect();
                let names = match (names.is_empty(), tally.used) {
                    (false, _) => format!(":{}", names.join(",")),
                    (true, 0) => ":absent".to_owned(),
                    (true, _) => String::new(),
                };
                (Outcome::Rejected, Some(format!("{}{names}", veto.reason)))
            }
            (Verdict::Met, None) if !veto_can_come => {
                let deemed = !self.reverse && self.is_deemed(&judgements);
                (Outcome::Adopted, deemed.then(|| REASON_BLOCKING.to_owned()))
            }
            _ => (Outcome::Pending, None),
        };
        let limbs = judgements.iter().map(Judgement::report).collect();
        Report {
            rule: self.id.clone(),
            outcome,
            reason,
            decided_on: None,
            effective_on: None,
            limbs,
            in_force: None,
            decided_early: !closed && outcome != Outcome::Pending && self.basis() != Basis::Instruments,
        }
    }

    fn judge<'a>(&self, limb: &'a Limb, tally: &LimbTally, closed: bool) -> Judgement<'a> {
        let (counts, threshold) = (tally.counts(limb), self.judged_threshold(&limb.threshold));
        let plain = plain_verdict(limb, &threshold, &counts, closed);
        let verdict = match (limb.blocking_minority, &tally.heads) {
            (Some(needed), Some(heads)) if plain != Verdict::Met => {
                blocked(limb, heads, needed, plain, closed)
            }
            _ => plain,
        };
        Judgement { limb, counts, threshold, plain, verdict }
    }

    /// What the verdict of the limbs means for the decision.
    const fn turned(&self, verdict: Verdict) -> Verdict {
        match (self.reverse, verdict) {
            (true, Verdict::Met) => Verdict::Unmet,
            (true, Verdict::Unmet) => Verdict::Met,
            (_, verdict) => verdict,
        }
    }

    /// Whether the limbs are met only because those who stayed out of them are too few to block.
    fn is_deemed(&self, judgements: &[Judgement<'_>]) -> bool {
        self.combine(judgements, |judgement| judgement.plain) != Verdict::Met
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

/// The verdict of a limb with a blocking minority of `needed` that is not met by its threshold alone.
fn blocked(limb: &Limb, heads: &Counts, needed: u64, plain: Verdict, closed: bool) -> Verdict {
    let needed = Rational::from_integer(needed.into());
    let supporters =
        if closed { fixed(heads.numerator(limb.numerator)) } else { heads.numerator_range(limb.numerator) };
    let opponents = Range { low: &heads.members - supporters.high, high: &heads.members - supporters.low };
    if opponents.high < needed {
        Verdict::Met
    } else if opponents.low >= needed {
        plain
    } else {
        Verdict::Open
    }
}

fn fixed(value: Rational) -> Range {
    Range { low: value.clone(), high: value }
}

/// The verdict of a limb by its threshold alone.
fn plain_verdict(limb: &Limb, threshold: &Threshold, counts: &Counts, closed: bool) -> Verdict {
    let is_met = |n: &Rational, d: &Rational| threshold.is_met(n, d);
    let now = is_met(&counts.numerator(limb.numerator), &counts.denominator(&limb.denominator));
    let rising = threshold.comparison().is_rising();
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
    // What is needed of the whole grows with it, also when rounded; but by more than the ballot that made it grow, so
    // then the best case is put together from the most that the part and the least that the whole can be.
    if threshold.rounding().is_some() && denominator.low.is_zero() && !denominator.high.is_zero() {
        return Verdict::Open;
    }
    let best_whole = if threshold.rounding().is_some() { &denominator.low } else { &denominator.high };
    let at_least = is_met(&numerator.low, &denominator.high);
    let at_most = is_met(&numerator.high, best_whole);
    match (rising, at_least, at_most) {
        (true, true, _) | (false, _, true) => Verdict::Met,
        (true, _, false) | (false, false, _) => Verdict::Unmet,
        _ => Verdict::Open,
    }
}
