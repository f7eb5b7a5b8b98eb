//! Tallies: what has been cast, kept limb by limb so that one more ballot costs one step per limb.
//!
//! Rule kept: each unit of weight stands in exactly one of yes, no, abstain, veto, present-without-ballot or nowhere,
//! and separately is or is not under an instrument. Everything a limb needs is computed from these sums, so a
//! new numerator or denominator needs no new sum.

use std::collections::{BTreeMap, BTreeSet};

use num_traits::{One, ToPrimitive, Zero};

use crate::{Choice, Denominator, Error, Event, Limb, Numerator, Rational, Rule, Voter};

/// Words that [`Counts`] take in storage.
const COUNTS_WORDS: usize = 7;
/// Words that a veto takes in storage.
const VETO_WORDS: usize = 2;

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

    fn sum_of(&mut self, event: Event) -> &mut Rational {
        match event {
            Event::Ballot(Choice::Yes) => &mut self.yes,
            Event::Ballot(Choice::No) => &mut self.no,
            Event::Ballot(Choice::Abstain) => &mut self.abstain,
            Event::Ballot(Choice::Veto) => &mut self.veto,
            Event::Present => &mut self.present,
            Event::Instrument => &mut self.instruments,
        }
    }

    fn replace(&mut self, weight: &Rational, before: Option<Event>, after: Option<Event>) {
        if let Some(event) = before {
            *self.sum_of(event) -= weight;
        }
        if let Some(event) = after {
            *self.sum_of(event) += weight;
        }
    }

    const fn sums(&self) -> [&Rational; COUNTS_WORDS] {
        [&self.members, &self.yes, &self.no, &self.abstain, &self.veto, &self.present, &self.instruments]
    }

    fn from_sums([members, yes, no, abstain, veto, present, instruments]: [Rational; COUNTS_WORDS]) -> Self {
        Self { members, yes, no, abstain, veto, present, instruments }
    }
}

/// What has been cast in one limb.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LimbTally {
    /// In the limb's weight.
    pub weight: Counts,
    /// One each; kept only where a blocking minority is counted in heads.
    pub heads: Option<Counts>,
    /// Whether the sums were given as totals: then ballots do not add to them.
    pub is_given: bool,
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

/// By which integer each named weight is multiplied on chain, to be whole. A name that is absent: by 1.
pub type Scales = BTreeMap<String, u128>;

impl Rule {
    /// Opens a tally: freezes who counts and what they weigh together. `electorate` holds each voter once.
    #[must_use]
    pub fn open(&self, electorate: &[Voter]) -> Tally {
        let limb_tally = |limb: &Limb| {
            let mut tally =
                LimbTally { heads: limb.blocking_minority.map(|_| Counts::default()), ..Default::default() };
            for voter in electorate.iter().filter(|voter| self.counts(limb, voter)) {
                tally.weight.members += limb.weight_of(voter);
                if let Some(heads) = &mut tally.heads {
                    heads.members += Rational::one();
                }
            }
            tally
        };
        let limbs = self.judged().map(limb_tally).collect();
        let holders = |veto: &crate::Veto| {
            let silent = electorate.iter().filter(|v| self.is_additional(v) && veto.is_held_by(v)).count();
            VetoTally { silent: u64::try_from(silent).unwrap_or(u64::MAX), ..Default::default() }
        };
        Tally { limbs, vetoes: self.vetoes_judged().map(holders).collect() }
    }

    /// Replaces what `voter` did. `before` is what was recorded last in the same line: the ballot line (nothing,
    /// present, a ballot) and the instrument line of a voter are separate.
    ///
    /// `voter` is as it was when the tally opened. Cost: one step per limb and veto.
    pub fn record(&self, tally: &mut Tally, voter: &Voter, before: Option<Event>, after: Option<Event>) {
        for (limb, tally) in self.judged().zip(&mut tally.limbs) {
            if tally.is_given || !self.counts(limb, voter) {
                continue;
            }
            tally.weight.replace(&limb.weight_of(voter), before, after);
            if let Some(heads) = &mut tally.heads {
                heads.replace(&Rational::one(), before, after);
            }
        }
        let spoke = |event| matches!(event, Some(Event::Ballot(_)));
        for (veto, tally) in self.vetoes_judged().zip(&mut tally.vetoes) {
            if !self.is_additional(voter) || !veto.is_held_by(voter) {
                continue;
            }
            let uses = |event| matches!(event, Some(Event::Ballot(choice)) if veto.by.contains(&choice));
            step(&mut tally.silent, !spoke(before), !spoke(after));
            step(&mut tally.used, uses(before), uses(after));
            if uses(after) {
                tally.names.insert(voter.id.clone());
            } else if uses(before) {
                tally.names.remove(&voter.id);
            }
        }
    }

    /// The tally from scratch, by going through `electorate` once per limb: what folding [`Self::record`] must equal.
    #[must_use]
    pub fn count(&self, electorate: &[Voter], ballots: &BTreeMap<String, Choice>, others: &Others) -> Tally {
        let mut tally = self.open(electorate);
        for (limb, tally) in self.judged().zip(&mut tally.limbs) {
            for voter in electorate.iter().filter(|voter| self.counts(limb, voter)) {
                let ballot = ballots.get(&voter.id).map(|choice| Event::Ballot(*choice));
                let presence = others.present.contains(&voter.id).then_some(Event::Present);
                let instrument = others.instruments.contains(&voter.id).then_some(Event::Instrument);
                for event in ballot.or(presence).into_iter().chain(instrument) {
                    *tally.weight.sum_of(event) += limb.weight_of(voter);
                    if let Some(heads) = &mut tally.heads {
                        *heads.sum_of(event) += Rational::one();
                    }
                }
            }
        }
        for (veto, tally) in self.vetoes_judged().zip(&mut tally.vetoes) {
            let holders = electorate.iter().filter(|v| self.is_additional(v) && veto.is_held_by(v));
            for (holder, choice) in holders.filter_map(|v| Some((v, ballots.get(&v.id)?))) {
                tally.silent = tally.silent.saturating_sub(1);
                if veto.by.contains(choice) {
                    tally.used = tally.used.saturating_add(1);
                    tally.names.insert(holder.id.clone());
                }
            }
        }
        tally
    }

    /// Puts back the ids that words in storage do not hold, from the ballots as they stand.
    pub fn name_vetoers<'a>(
        &self,
        tally: &mut Tally,
        ballots: impl Iterator<Item = (&'a Voter, Choice)> + Clone,
    ) {
        for (veto, tally) in self.vetoes_judged().zip(&mut tally.vetoes) {
            let uses = |(voter, choice): &(&Voter, Choice)| {
                self.is_additional(voter) && veto.is_held_by(voter) && veto.by.contains(choice)
            };
            tally.names = ballots.clone().filter(uses).map(|(voter, _)| voter.id.clone()).collect();
        }
    }

    /// How many words a tally of this rule takes in storage.
    #[must_use]
    pub fn words_len(&self) -> usize {
        let of_limb =
            |limb: &Limb| if limb.blocking_minority.is_some() { COUNTS_WORDS * 2 } else { COUNTS_WORDS };
        let limbs: usize = self.judged().map(of_limb).sum();
        limbs.saturating_add(self.vetoes_judged().count().saturating_mul(VETO_WORDS))
    }

    /// The tally as whole numbers for storage, [`Self::words_len`] of them, always in the same places. Ids of vetoers
    /// are not among them.
    ///
    /// # Errors
    /// [`Error::Words`] if a scaled sum is no whole number or exceeds 128 bits, or the tally is of another rule.
    pub fn to_words(&self, tally: &Tally, scales: &Scales) -> Result<Vec<u128>, Error> {
        let mut words = Vec::with_capacity(self.words_len());
        for (limb, tally) in self.judged().zip(&tally.limbs) {
            let scale = Rational::from_integer(scale_of(limb, scales).into());
            for sum in tally.weight.sums() {
                words.push(word(&(sum * &scale))?);
            }
            for sum in tally.heads.iter().flat_map(Counts::sums) {
                words.push(word(sum)?);
            }
        }
        for veto in &tally.vetoes {
            words.extend([u128::from(veto.used), u128::from(veto.silent)]);
        }
        if words.len() == self.words_len() { Ok(words) } else { Err(Error::Words("it is of another rule")) }
    }

    /// Reads what [`Self::to_words`] wrote.
    ///
    /// # Errors
    /// [`Error::Words`] if the number of words is not that of this rule, or a scale is zero.
    pub fn tally_from_words(&self, words: &[u128], scales: &Scales) -> Result<Tally, Error> {
        let mut words = words.iter().copied();
        let mut tally = Tally::default();
        for limb in self.judged() {
            let scale = scale_of(limb, scales);
            let weight = counts_from(&mut words, scale)?;
            let heads = limb.blocking_minority.map(|_| counts_from(&mut words, 1)).transpose()?;
            tally.limbs.push(LimbTally { weight, heads, is_given: false });
        }
        for _ in self.vetoes_judged() {
            let mut next = || words.next().and_then(|w| u64::try_from(w).ok()).ok_or(WRONG_WORDS);
            tally.vetoes.push(VetoTally { used: next()?, silent: next()?, names: BTreeSet::new() });
        }
        if words.next().is_none() { Ok(tally) } else { Err(WRONG_WORDS) }
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

const WRONG_WORDS: Error = Error::Words("their number or size is not that of this rule");

fn scale_of(limb: &Limb, scales: &Scales) -> u128 {
    limb.weight.name().and_then(|name| scales.get(name)).copied().unwrap_or(1)
}

fn word(sum: &Rational) -> Result<u128, Error> {
    if !sum.is_integer() {
        return Err(Error::Words("a sum is no whole number after scaling"));
    }
    sum.to_integer().to_u128().ok_or(Error::Words("a sum is negative or exceeds 128 bits"))
}

fn counts_from(words: &mut impl Iterator<Item = u128>, scale: u128) -> Result<Counts, Error> {
    if scale.is_zero() {
        return Err(Error::Words("a weight scale is zero"));
    }
    let mut sums: [Rational; COUNTS_WORDS] = Default::default();
    for sum in &mut sums {
        *sum = Rational::new(words.next().ok_or(WRONG_WORDS)?.into(), scale.into());
    }
    Ok(Counts::from_sums(sums))
}

/// Moves `count` from whether it held one to whether it holds one.
fn step(count: &mut u64, before: bool, after: bool) {
    match (before, after) {
        (true, false) => *count = count.saturating_sub(1),
        (false, true) => *count = count.saturating_add(1),
        _ => {}
    }
}
