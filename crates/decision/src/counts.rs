//! Sums of weight, by what was done with it.
//!
//! Rule kept: each unit of weight stands in exactly one of yes, no, abstain, veto, present-without-ballot or nowhere,
//! and separately is or is not under an instrument. Everything a limb needs is computed from these sums, so a
//! new numerator or denominator needs no new sum.

use num_traits::Zero;

use crate::{Choice, Denominator, Event, Numerator, Rational, SPLIT_PARTS};

/// Words that [`Counts`] take in storage.
pub(crate) const COUNTS_WORDS: usize = 7;

/// Sums of weight by what was done with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Of every member the limb counts. Frozen when the tally opens.
    pub members: Rational,
    /// Under ballots in favour.
    pub yes: Rational,
    /// Under ballots against.
    pub no: Rational,
    /// Under abstentions.
    pub abstain: Rational,
    /// Under ballots of veto.
    pub veto: Rational,
    /// Present without a ballot.
    pub present: Rational,
    /// Under instruments.
    pub instruments: Rational,
}

/// Least and most that a sum can become.
pub(crate) struct Range {
    pub(crate) low: Rational,
    pub(crate) high: Rational,
}

impl Counts {
    /// Under any ballot.
    #[must_use]
    pub fn cast(&self) -> Rational {
        self.voting() + &self.abstain
    }

    /// Under a ballot that is not an abstention.
    #[must_use]
    pub fn voting(&self) -> Rational {
        &self.yes + &self.no + &self.veto
    }

    /// The part that counts for a limb.
    #[must_use]
    pub fn numerator(&self, numerator: Numerator) -> Rational {
        match numerator {
            Numerator::Yes => self.yes.clone(),
            Numerator::YesAbstain => &self.yes + &self.abstain,
            Numerator::No => &self.no + &self.veto,
            Numerator::Veto => self.veto.clone(),
            Numerator::Cast => self.cast(),
            Numerator::Present => self.cast() + &self.present,
            Numerator::NotObjected => &self.members - &self.no - &self.veto,
            Numerator::Instruments => self.instruments.clone(),
        }
    }

    /// The whole that a limb's share is of.
    #[must_use]
    pub fn denominator(&self, denominator: &Denominator) -> Rational {
        match denominator {
            Denominator::Members => self.members.clone(),
            Denominator::Present => self.cast() + &self.present,
            Denominator::Voting => self.voting(),
            Denominator::Cast => self.cast(),
            Denominator::Fixed(total) => total.clone(),
        }
    }

    /// What the numerator can become when those who have cast no ballot do, or do not.
    pub(crate) fn numerator_range(&self, numerator: Numerator) -> Range {
        let now = self.numerator(numerator);
        let silent = &self.members - self.cast();
        match numerator {
            Numerator::Yes | Numerator::YesAbstain | Numerator::No | Numerator::Veto | Numerator::Cast => {
                Range { high: &now + silent, low: now }
            }
            Numerator::Present => Range { high: self.members.clone(), low: now },
            Numerator::NotObjected => Range { low: &now - silent, high: now },
            Numerator::Instruments => Range { low: Rational::zero(), high: self.members.clone() },
        }
    }

    /// What the denominator can become.
    pub(crate) fn denominator_range(&self, denominator: &Denominator) -> Range {
        let now = self.denominator(denominator);
        match denominator {
            Denominator::Members | Denominator::Fixed(_) => Range { low: now.clone(), high: now },
            Denominator::Voting | Denominator::Cast => {
                Range { high: &now + &self.members - self.cast(), low: now }
            }
            Denominator::Present => Range { high: self.members.clone(), low: now },
        }
    }

    /// Adds `weight` to what `event` says was done with it.
    pub(crate) fn add(&mut self, weight: &Rational, event: Event) {
        match event {
            Event::Ballot(choice) => *self.under(choice) += weight,
            Event::Split(shares) => {
                for choice in Choice::ALL {
                    *self.under(choice) += part(weight, shares.of(choice));
                }
            }
            Event::Present => self.present += weight,
            Event::Instrument => self.instruments += weight,
        }
    }

    /// Takes `weight` from what `event` says was done with it.
    fn subtract(&mut self, weight: &Rational, event: Event) {
        match event {
            Event::Ballot(choice) => *self.under(choice) -= weight,
            Event::Split(shares) => {
                for choice in Choice::ALL {
                    *self.under(choice) -= part(weight, shares.of(choice));
                }
            }
            Event::Present => self.present -= weight,
            Event::Instrument => self.instruments -= weight,
        }
    }

    fn under(&mut self, choice: Choice) -> &mut Rational {
        match choice {
            Choice::Yes => &mut self.yes,
            Choice::No => &mut self.no,
            Choice::Abstain => &mut self.abstain,
            Choice::Veto => &mut self.veto,
        }
    }

    /// Moves `weight` from `before` to `after`.
    pub(crate) fn replace(&mut self, weight: &Rational, before: Option<Event>, after: Option<Event>) {
        if let Some(event) = before {
            self.subtract(weight, event);
        }
        if let Some(event) = after {
            self.add(weight, event);
        }
    }

    /// These sums and `each` for every head of `heads`.
    pub(crate) fn with_heads(&self, heads: &Self, each: &Rational) -> Self {
        let sum = |own: &Rational, heads: &Rational| own + heads * each;
        Self {
            members: sum(&self.members, &heads.members),
            yes: sum(&self.yes, &heads.yes),
            no: sum(&self.no, &heads.no),
            abstain: sum(&self.abstain, &heads.abstain),
            veto: sum(&self.veto, &heads.veto),
            present: sum(&self.present, &heads.present),
            instruments: sum(&self.instruments, &heads.instruments),
        }
    }

    /// The sums, in the order in which they are stored.
    pub(crate) const fn sums(&self) -> [&Rational; COUNTS_WORDS] {
        [&self.members, &self.yes, &self.no, &self.abstain, &self.veto, &self.present, &self.instruments]
    }

    pub(crate) fn from_sums(sums: [Rational; COUNTS_WORDS]) -> Self {
        let [members, yes, no, abstain, veto, present, instruments] = sums;
        Self { members, yes, no, abstain, veto, present, instruments }
    }
}

/// So many parts of [`SPLIT_PARTS`] of `weight`.
fn part(weight: &Rational, parts: u16) -> Rational {
    weight * Rational::new(parts.into(), SPLIT_PARTS.into())
}
