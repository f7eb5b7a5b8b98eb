//! Mistakes in what stands around the limbs: weights that are reckoned, the moving quorum, silence, and
//! reverse rules.

use num_bigint::BigInt;
use num_traits::{One, Zero};

use crate::{
    FINENESS_MAX, Limb, MovingQuorum, Numerator, PLACES_MAX, Rational, Rule, Silence, Votes, Weight,
    check::Problems,
};

/// The day that delays are compared from.
const ANY_DAY: &str = "2001-01-01";

impl Rule {
    pub(crate) fn check_frame(&self, found: &mut Problems) {
        if let Some(quorum) = &self.quorum {
            check_quorum(found, quorum);
            if !self.limbs.iter().any(|limb| limb.threshold.is_moving()) {
                found.error("quorum", "no limb asks for it", "write threshold = \">= quorum\" in a limb");
            }
        }
        if let Some(silence) = &self.silence {
            self.check_silence(found, silence);
        }
        let by_instruments = |limb: &Limb| limb.numerator == Numerator::Instruments;
        if self.reverse && self.limbs.iter().any(by_instruments) {
            let message =
                "instruments can come in at any time, so it is never certain that they do not reject";
            found.error("reverse", message, "use ballots against");
        }
        if self.reverse && self.limbs.is_empty() {
            found.error("reverse", "nothing says what rejects", "add a [[limb]] of ballots against");
        }
    }

    fn check_silence(&self, found: &mut Problems, silence: &Silence) {
        if !self.limbs.iter().any(|limb| limb.numerator == Numerator::NotObjected) {
            let message = "silence consents, but no limb counts who has not objected";
            found.error("silence", message, "use numerator = \"not-objected\"");
        }
        if self.limbs.iter().any(|limb| limb.numerator == Numerator::Instruments) {
            found.error("silence", "a rule waits for instruments or for objections, not for both", "");
        }
        for (field, is_given) in
            [("deadline", self.deadline.is_some()), ("effective", self.effective.is_some())]
        {
            if is_given {
                found.error(field, "silence says this, for each member", "take it out");
            }
        }
        let terms = silence.others.iter().enumerate();
        let terms = terms.map(|(i, other)| (format!("silence.other[{i}]"), other.objection, other.effective));
        let day = ANY_DAY.parse::<crate::Date>().ok();
        for (at, objection, effective) in
            std::iter::once(("silence".to_owned(), silence.objection, silence.effective)).chain(terms)
        {
            let binds_early = day.is_some_and(|day| day.after(effective) < day.after(objection));
            if binds_early {
                let message = "the text would bind members that can still object";
                found.error(
                    format!("{at}.effective"),
                    message,
                    "it takes effect after the last day to object",
                );
            }
        }
        for (i, other) in silence.others.iter().enumerate() {
            let at = format!("silence.other[{i}].class");
            found.word(&at, &other.class);
            if silence.others.iter().take(i).any(|earlier| earlier.class == other.class) {
                found.error(&at, format!("class `{}` has its times already", other.class), "");
            }
        }
    }
}

fn check_quorum(found: &mut Problems, quorum: &MovingQuorum) {
    let MovingQuorum { min, max, start, past } = quorum;
    for (field, value) in [("min", min), ("max", max), ("start", start), ("past", past)] {
        if *value > Rational::one() {
            found.error(
                format!("quorum.{field}"),
                format!("{value} is more than the whole"),
                "write a share of one",
            );
        }
    }
    if min > max {
        found.error("quorum.min", "the least quorum is above the most", "");
    }
    if past.is_one() {
        found.warning(
            "quorum.past",
            "the average never moves",
            "write past = \"8/10\", so that the last vote counts",
        );
    }
}

/// Mistakes in what a limb weighs by.
pub(crate) fn check_weight(found: &mut Problems, at: &str, limb: &Limb) {
    let at = format!("{at}.weight");
    match &limb.weight {
        Weight::One => {}
        Weight::Named(name) => found.word(&at, name),
        Weight::Votes(votes) => {
            found.word(&at, &votes.of);
            check_votes(found, &at, votes);
        }
    }
}

fn check_votes(found: &mut Problems, at: &str, votes: &Votes) {
    if votes.of == "one" {
        found.error(
            at,
            "votes are reckoned from a weight, and `one` is none",
            "name a weight of the members",
        );
    }
    if votes.root.is_some() && votes.rounding.is_none() {
        let hint = "add rounding = \"down\", \"up\" or \"nearest\"";
        found.error(at, "a root is no fraction, so the rule must say how it is rounded", hint);
    }
    if votes.places > PLACES_MAX {
        found.error(at, format!("{} decimals, but at most {PLACES_MAX} are kept", votes.places), "");
    }
    if votes.places > 0 && votes.rounding.is_none() {
        found.error(at, "`places` without `rounding` says nothing", "take it out, or add `rounding`");
    }
    for (field, value) in [("per", &votes.per), ("cap", &votes.cap), ("basic", &votes.basic)] {
        if value.as_ref().is_some_and(Zero::is_zero) {
            found.error(at, format!("`{field}` is zero"), "");
        }
    }
    let numbers = votes.per.iter().map(Rational::numer).chain(votes.cap.iter().map(Rational::denom));
    if numbers.product::<BigInt>() > BigInt::from(FINENESS_MAX) {
        found.error(
            at,
            format!(
                "votes are reckoned more finely than in parts of {FINENESS_MAX}: no word holds their sums"
            ),
            "choose a `per` and a `cap` with fewer digits",
        );
    }
    if votes.basic.as_ref().is_some_and(|basic| *basic >= Rational::one()) {
        found.error(
            at,
            "basic votes would be all there are",
            "write a share below one, such as \"5.502/100\"",
        );
    }
}
