//! Tallies: what has been cast, kept limb by limb so that one more ballot costs one step per limb.
//!
//! [`Rule::record`] is the one way of a ballot into a tally, for a voter alone or a [`Bundle`] of them;
//! [`Rule::count`] says the same from scratch, for tests and for whoever mistrusts the increments.

use std::collections::{BTreeMap, BTreeSet};

use num_traits::{One, Zero};

use crate::{Bundle, Counts, Event, Limb, Rational, Rule, Veto, Voter, bundle::rename};

/// What has been cast in one limb.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LimbTally {
    /// In the limb's weight.
    pub weight: Counts,
    /// One each; kept only where heads count, see [`Limb::counts_heads`].
    pub heads: Option<Counts>,
    /// Whether the sums were given as totals: then ballots do not add to them.
    pub is_given: bool,
}

impl LimbTally {
    /// The sums that are judged: in the limb's weight, with basic votes if it has them.
    ///
    /// Basic votes are a share b of all votes, so they are b ÷ (1 − b) of the others, divided by the number of members.
    #[must_use]
    pub fn counts(&self, limb: &Limb) -> Counts {
        let (Some(basic), Some(heads), false) = (limb.weight.basic(), &self.heads, self.is_given) else {
            return self.weight.clone();
        };
        let others = Rational::one() - basic;
        if heads.members.is_zero() || others.is_zero() {
            return self.weight.clone();
        }
        let each = basic / others * &self.weight.members / &heads.members;
        self.weight.with_heads(heads, &each)
    }
}

/// Who has used a veto.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VetoTally {
    /// Holders whose ballot uses it. Units: members.
    pub used: u64,
    /// Holders without a ballot. Units: members.
    pub silent: u64,
    /// Ids of those who used it, as far as known: words in storage do not hold them.
    pub names: BTreeSet<String>,
}

/// What has been cast under a rule: one entry per limb and veto that apply, in the order of the rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// By limb.
    pub limbs: Vec<LimbTally>,
    /// By veto.
    pub vetoes: Vec<VetoTally>,
}

impl Rule {
    /// Opens a tally: freezes who counts and what they weigh together. `electorate` holds each voter once.
    #[must_use]
    pub fn open(&self, electorate: &[Voter]) -> Tally {
        let mut tally = self.open_empty();
        self.open_more(&mut tally, electorate);
        tally
    }

    /// A tally in which nobody counts yet: the beginning of an opening in parts.
    #[must_use]
    pub fn open_empty(&self) -> Tally {
        let limb_tally = |limb: &Limb| LimbTally {
            heads: limb.counts_heads().then(Counts::default),
            ..LimbTally::default()
        };
        let limbs = self.judged().map(limb_tally).collect();
        Tally { limbs, vetoes: self.vetoes_judged().map(|_| VetoTally::default()).collect() }
    }

    /// Lets more voters count, each once over all parts of an opening. Opening in parts equals opening at once,
    /// whatever the parts and their order; ballots are taken when the opening is complete.
    pub fn open_more(&self, tally: &mut Tally, electorate: &[Voter]) {
        self.open_bundle(tally, &self.bundle(electorate));
    }

    /// Lets the voters of `bundle` count: [`Self::open_more`] for those already summed.
    pub fn open_bundle(&self, tally: &mut Tally, bundle: &Bundle) {
        for (mass, tally) in bundle.limbs.iter().zip(&mut tally.limbs) {
            tally.weight.members += &mass.weight;
            if let Some(heads) = &mut tally.heads {
                heads.members += Rational::from_integer(mass.heads.into());
            }
        }
        for (holders, tally) in bundle.vetoes.iter().zip(&mut tally.vetoes) {
            tally.silent = tally.silent.saturating_add(*holders);
        }
    }

    /// Replaces what `voter` did. `before` is what was recorded last in the same line: the ballot line (nothing,
    /// present, a ballot) and the instrument line of a voter are separate.
    ///
    /// `voter` is as it was when the tally opened. Cost: one step per limb and veto.
    pub fn record(&self, tally: &mut Tally, voter: &Voter, before: Option<Event>, after: Option<Event>) {
        self.record_bundle(tally, &self.bundle([voter]), before, after);
        let uses = |veto: &Veto, event: Option<Event>| event.is_some_and(|event| event.is_wholly(&veto.by));
        for (veto, tally) in self.vetoes_judged().zip(&mut tally.vetoes) {
            if self.holds(veto, voter) && (uses(veto, before) || uses(veto, after)) {
                rename(&mut tally.names, &voter.id, uses(veto, after));
            }
        }
    }

    /// The tally from scratch, by going through `electorate` once per limb: what folding [`Self::record`] must equal.
    #[must_use]
    pub fn count<E: Into<Event> + Copy>(
        &self,
        electorate: &[Voter],
        ballots: &BTreeMap<String, E>,
        others: &Others,
    ) -> Tally {
        let ballot_of =
            |voter: &Voter| -> Option<Event> { ballots.get(&voter.id).map(|ballot| (*ballot).into()) };
        let mut tally = self.open(electorate);
        for (limb, tally) in self.judged().zip(&mut tally.limbs) {
            for voter in electorate.iter().filter(|voter| self.counts(limb, voter)) {
                let ballot = ballot_of(voter);
                let presence = others.present.contains(&voter.id).then_some(Event::Present);
                let instrument = others.instruments.contains(&voter.id).then_some(Event::Instrument);
                for event in ballot.or(presence).into_iter().chain(instrument) {
                    tally.weight.add(&limb.weight_of(voter), event);
                    if let Some(heads) = &mut tally.heads {
                        heads.add(&Rational::one(), event);
                    }
                }
            }
        }
        for (veto, tally) in self.vetoes_judged().zip(&mut tally.vetoes) {
            let holders = electorate.iter().filter(|voter| self.holds(veto, voter));
            for (holder, ballot) in holders.filter_map(|voter| Some((voter, ballot_of(voter)?))) {
                tally.silent = tally.silent.saturating_sub(1);
                if ballot.is_wholly(&veto.by) {
                    tally.used = tally.used.saturating_add(1);
                    tally.names.insert(holder.id.clone());
                }
            }
        }
        tally
    }

    /// Puts back the ids that words in storage do not hold, from the ballots as they stand: choices or events.
    pub fn name_vetoers<'a, E: Into<Event>>(
        &self,
        tally: &mut Tally,
        ballots: impl Iterator<Item = (&'a Voter, E)> + Clone,
    ) {
        for (veto, tally) in self.vetoes_judged().zip(&mut tally.vetoes) {
            let uses = |(voter, ballot): (&'a Voter, E)| {
                let uses = self.holds(veto, voter) && ballot.into().is_wholly(&veto.by);
                uses.then(|| voter.id.clone())
            };
            tally.names = ballots.clone().filter_map(uses).collect();
        }
    }

    pub(crate) fn holds(&self, veto: &Veto, voter: &Voter) -> bool {
        self.is_additional(voter) && veto.is_held_by(voter)
    }
}

/// What members did besides casting ballots, by id.
#[derive(Clone, Debug, Default)]
pub struct Others {
    /// Who was present.
    pub present: BTreeSet<String>,
    /// Who has deposited an instrument.
    pub instruments: BTreeSet<String>,
}
