//! Bundles: voters who act as one, so that a delegate's ballot costs the same whoever stands behind it.
//!
//! A bundle holds, limb by limb and veto by veto, what its voters weigh together. Adding and taking out a voter, and
//! recording what the bundle does, cost one step per limb and veto. Rule kept: recording a bundle equals recording each
//! of its voters; only the ids of those who used a veto are not known to it.

use std::collections::BTreeSet;

use num_traits::Zero;

use crate::{Event, Rational, Rule, Tally, Voter};

/// What voters weigh together, under one rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bundle {
    /// By limb that applies, in the order of the rule.
    pub limbs: Vec<Mass>,
    /// Holders by veto that applies, in the order of the rule. Units: members.
    pub vetoes: Vec<u64>,
}

/// What voters weigh together in a limb.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mass {
    /// In the limb's weight.
    pub weight: Rational,
    /// How many of them the limb counts. Units: members.
    pub heads: u64,
}

impl Bundle {
    /// Whether it weighs nothing and holds no veto.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.limbs.iter().all(|mass| mass.weight.is_zero() && mass.heads == 0)
            && self.vetoes.iter().all(|holders| *holders == 0)
    }

    /// Adds the voters of `other`, a bundle of the same rule that holds none of these voters.
    pub fn add(&mut self, other: &Self) {
        for (mass, other) in self.limbs.iter_mut().zip(&other.limbs) {
            mass.weight += &other.weight;
            mass.heads = mass.heads.saturating_add(other.heads);
        }
        for (holders, other) in self.vetoes.iter_mut().zip(&other.vetoes) {
            *holders = holders.saturating_add(*other);
        }
    }

    /// Takes out the voters of `other`, a bundle of the same rule whose voters are all among these.
    pub fn subtract(&mut self, other: &Self) {
        for (mass, other) in self.limbs.iter_mut().zip(&other.limbs) {
            mass.weight -= &other.weight;
            mass.heads = mass.heads.saturating_sub(other.heads);
        }
        for (holders, other) in self.vetoes.iter_mut().zip(&other.vetoes) {
            *holders = holders.saturating_sub(*other);
        }
    }
}

impl Rule {
    /// A bundle of nobody.
    #[must_use]
    pub fn empty_bundle(&self) -> Bundle {
        let limbs = self.judged().map(|_| Mass::default()).collect();
        Bundle { limbs, vetoes: self.vetoes_judged().map(|_| 0).collect() }
    }

    /// The bundle of `voters`, each once.
    #[must_use]
    pub fn bundle<'a>(&self, voters: impl IntoIterator<Item = &'a Voter>) -> Bundle {
        let mut bundle = self.empty_bundle();
        for voter in voters {
            self.add_voter(&mut bundle, voter);
        }
        bundle
    }

    /// Adds a voter that is not in `bundle`.
    pub fn add_voter(&self, bundle: &mut Bundle, voter: &Voter) {
        for (limb, mass) in self.judged().zip(&mut bundle.limbs) {
            if self.counts(limb, voter) {
                mass.weight += limb.weight_of(voter);
                mass.heads = mass.heads.saturating_add(1);
            }
        }
        for (veto, holders) in self.vetoes_judged().zip(&mut bundle.vetoes) {
            if self.holds(veto, voter) {
                *holders = holders.saturating_add(1);
            }
        }
    }

    /// Takes out a voter that is in `bundle`.
    pub fn remove_voter(&self, bundle: &mut Bundle, voter: &Voter) {
        bundle.subtract(&self.bundle([voter]));
    }

    /// Replaces what the voters of `bundle` did. `before` is what was recorded last for them in the same line; see
    /// [`Self::record`]. The bundle is that of the moment: who leaves it takes its part out of the tally with it.
    pub fn record_bundle(
        &self,
        tally: &mut Tally,
        bundle: &Bundle,
        before: Option<Event>,
        after: Option<Event>,
    ) {
        for (mass, tally) in bundle.limbs.iter().zip(&mut tally.limbs) {
            if tally.is_given || mass.heads == 0 {
                continue;
            }
            tally.weight.replace(&mass.weight, before, after);
            if let Some(heads) = &mut tally.heads {
                heads.replace(&Rational::from_integer(mass.heads.into()), before, after);
            }
        }
        let spoke = |event: Option<Event>| event.is_some_and(|event| event.is_ballot());
        for ((veto, holders), tally) in self.vetoes_judged().zip(&bundle.vetoes).zip(&mut tally.vetoes) {
            let uses = |event: Option<Event>| event.is_some_and(|event| event.is_wholly(&veto.by));
            step(&mut tally.silent, *holders, !spoke(before), !spoke(after));
            step(&mut tally.used, *holders, uses(before), uses(after));
        }
    }

    /// Moves `voter` out of `bundle` to act alone: its delegate's `choice` is taken back for it, and `after` recorded.
    /// What a delegator's own ballot does; the bundle no longer holds the voter.
    pub fn override_bundle(
        &self,
        tally: &mut Tally,
        bundle: &mut Bundle,
        voter: &Voter,
        choice: Option<Event>,
        after: Option<Event>,
    ) {
        self.remove_voter(bundle, voter);
        self.record(tally, voter, choice, after);
    }
}

/// Moves `many` of `count` from whether they were in it to whether they are.
fn step(count: &mut u64, many: u64, before: bool, after: bool) {
    match (before, after) {
        (true, false) => *count = count.saturating_sub(many),
        (false, true) => *count = count.saturating_add(many),
        _ => {}
    }
}

/// Puts `id` among the names of those who use a veto, or takes it out.
pub(crate) fn rename(names: &mut BTreeSet<String>, id: &str, uses: bool) {
    if uses {
        names.insert(id.to_owned());
    } else {
        names.remove(id);
    }
}
