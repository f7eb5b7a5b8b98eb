//! Tallies and bundles as whole numbers, for storage.
//!
//! Rule kept: a word is an integer, always in the same place, and reading gives back exactly what was written. Weights
//! are multiplied by their scale; ballots, which can be split, by [`SPLIT_PARTS`] besides.

use std::collections::{BTreeMap, BTreeSet};

use num_bigint::BigInt;
use num_traits::{ToPrimitive, Zero};

use crate::{
    Bundle, Counts, Error, Limb, LimbTally, Mass, Rational, Rule, SPLIT_PARTS, Tally, VetoTally,
    counts::COUNTS_WORDS,
};

/// Words that a veto takes in storage.
const VETO_WORDS: usize = 2;
/// Words that a limb of a bundle takes in storage.
const MASS_WORDS: usize = 2;
/// Which of the sums of [`Counts`] are of ballots: they are stored in parts.
const IS_IN_PARTS: [bool; COUNTS_WORDS] = [false, true, true, true, true, false, false];

/// By which integer each named weight is multiplied on chain, to be whole. A name that is absent: by 1.
pub type Scales = BTreeMap<String, u128>;

const WRONG_WORDS: Error = Error::Words("their number or size is not that of this rule");

impl Rule {
    /// How many words a tally of this rule takes in storage.
    #[must_use]
    pub fn words_len(&self) -> usize {
        let of_limb = |limb: &Limb| if limb.counts_heads() { COUNTS_WORDS * 2 } else { COUNTS_WORDS };
        let limbs: usize = self.judged().map(of_limb).sum();
        limbs.saturating_add(self.vetoes_judged().count().saturating_mul(VETO_WORDS))
    }

    /// The tally as whole numbers for storage, [`Self::words_len`] of them. Ids of vetoers are not among them.
    ///
    /// # Errors
    /// [`Error::Words`] if a scaled sum is no whole number or exceeds 128 bits, or the tally is of another rule.
    pub fn to_words(&self, tally: &Tally, scales: &Scales) -> Result<Vec<u128>, Error> {
        let mut words = Vec::with_capacity(self.words_len());
        for (limb, tally) in self.judged().zip(&tally.limbs) {
            write_counts(&mut words, &tally.weight, scale_of(limb, scales)?)?;
            if let Some(heads) = &tally.heads {
                write_counts(&mut words, heads, 1)?;
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
            let weight = read_counts(&mut words, scale_of(limb, scales)?)?;
            let heads = limb.counts_heads().then(|| read_counts(&mut words, 1)).transpose()?;
            tally.limbs.push(LimbTally { weight, heads, is_given: false });
        }
        for _ in self.vetoes_judged() {
            let (used, silent) = (read_count(&mut words)?, read_count(&mut words)?);
            tally.vetoes.push(VetoTally { used, silent, names: BTreeSet::new() });
        }
        if words.next().is_none() { Ok(tally) } else { Err(WRONG_WORDS) }
    }

    /// How many words a bundle under this rule takes in storage.
    #[must_use]
    pub fn bundle_words_len(&self) -> usize {
        self.judged().count().saturating_mul(MASS_WORDS).saturating_add(self.vetoes_judged().count())
    }

    /// A bundle as whole numbers for storage, [`Self::bundle_words_len`] of them. Bundles can be added word by word.
    ///
    /// # Errors
    /// [`Error::Words`] as for [`Self::to_words`].
    pub fn bundle_to_words(&self, bundle: &Bundle, scales: &Scales) -> Result<Vec<u128>, Error> {
        let mut words = Vec::with_capacity(self.bundle_words_len());
        for (limb, mass) in self.judged().zip(&bundle.limbs) {
            words.push(word(&(&mass.weight * whole(scale_of(limb, scales)?)))?);
            words.push(u128::from(mass.heads));
        }
        words.extend(bundle.vetoes.iter().copied().map(u128::from));
        if words.len() == self.bundle_words_len() {
            Ok(words)
        } else {
            Err(Error::Words("the bundle is of another rule"))
        }
    }

    /// Reads what [`Self::bundle_to_words`] wrote.
    ///
    /// # Errors
    /// [`Error::Words`] as for [`Self::tally_from_words`].
    pub fn bundle_from_words(&self, words: &[u128], scales: &Scales) -> Result<Bundle, Error> {
        let mut words = words.iter().copied();
        let mut bundle = Bundle::default();
        for limb in self.judged() {
            let weight = read_word(&mut words, &scale_of(limb, scales)?.into())?;
            bundle.limbs.push(Mass { weight, heads: read_count(&mut words)? });
        }
        for _ in self.vetoes_judged() {
            bundle.vetoes.push(read_count(&mut words)?);
        }
        if words.next().is_none() { Ok(bundle) } else { Err(WRONG_WORDS) }
    }
}

fn scale_of(limb: &Limb, scales: &Scales) -> Result<u128, Error> {
    let named = limb.weight.name().and_then(|name| scales.get(name)).copied().unwrap_or(1);
    limb.weight.scale(named).ok_or(Error::Words("a weight scale exceeds 128 bits"))
}

fn whole(number: u128) -> Rational {
    Rational::from_integer(number.into())
}

fn write_counts(words: &mut Vec<u128>, counts: &Counts, scale: u128) -> Result<(), Error> {
    let (plain, parts) = (whole(scale), whole(scale) * whole(u128::from(SPLIT_PARTS)));
    for (sum, in_parts) in counts.sums().into_iter().zip(IS_IN_PARTS) {
        words.push(word(&(sum * if in_parts { &parts } else { &plain }))?);
    }
    Ok(())
}

fn read_counts(words: &mut impl Iterator<Item = u128>, scale: u128) -> Result<Counts, Error> {
    // As it was written: in numbers of any size, so that what could be written can be read.
    let (plain, parts) = (BigInt::from(scale), BigInt::from(scale) * BigInt::from(SPLIT_PARTS));
    let mut sums: [Rational; COUNTS_WORDS] = Default::default();
    for (sum, in_parts) in sums.iter_mut().zip(IS_IN_PARTS) {
        *sum = read_word(words, if in_parts { &parts } else { &plain })?;
    }
    Ok(Counts::from_sums(sums))
}

fn read_word(words: &mut impl Iterator<Item = u128>, scale: &BigInt) -> Result<Rational, Error> {
    if scale.is_zero() {
        return Err(Error::Words("a weight scale is zero"));
    }
    Ok(Rational::new(words.next().ok_or(WRONG_WORDS)?.into(), scale.clone()))
}

fn read_count(words: &mut impl Iterator<Item = u128>) -> Result<u64, Error> {
    words.next().and_then(|word| u64::try_from(word).ok()).ok_or(WRONG_WORDS)
}

fn word(sum: &Rational) -> Result<u128, Error> {
    if !sum.is_integer() {
        return Err(Error::Words("a sum is no whole number after scaling"));
    }
    sum.to_integer().to_u128().ok_or(Error::Words("a sum is negative or exceeds 128 bits"))
}
