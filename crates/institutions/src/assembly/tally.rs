//! Sums in words: what lies between the pure tally of crate `decision` and storage.

use alloy_primitives::U256;
use polity_decision::{Rule, Scales, Tally};

use super::{electorate, rules::too_many};
use crate::{
    context::{Context, Result},
    host::Failure,
    storage::{List, Slot},
};

/// Gas of counting one voter in or out: exact fractions over every limb.
pub(super) const COUNT_GAS: u64 = 1_000;

/// The tally of `rule` that lies in `words`.
pub(super) fn from_words(rule: &Rule, scales: &Scales, words: &[U256]) -> Option<Tally> {
    let words: Option<Vec<u128>> = words.iter().map(|word| u128::try_from(*word).ok()).collect();
    rule.tally_from_words(&words?, scales).ok()
}

/// Reads a tally.
pub(super) fn load(cx: &mut Context<'_>, rule: &Rule, place: &List<Slot<U256>>) -> Result<Tally> {
    let words = place.all(cx)?;
    let scales = electorate::scales(&mut electorate::members(cx), rule)?;
    from_words(rule, &scales, &words).ok_or_else(|| Failure::fatal("a stored tally does not fit its rule"))
}

/// Writes a tally; words that stay the same cost one reading each.
///
/// Errors: `TooMany` if a sum of weights exceeds 128 bits.
pub(super) fn store(
    cx: &mut Context<'_>,
    rule: &Rule,
    place: &List<Slot<U256>>,
    tally: &Tally,
) -> Result<()> {
    let scales = electorate::scales(&mut electorate::members(cx), rule)?;
    let words = rule.to_words(tally, &scales).map_err(|_| too_many("weight in one tally", u128::MAX))?;
    while place.len(cx)? < words.len() as u64 {
        place.push(cx, U256::ZERO)?;
    }
    for (index, word) in (0u64..).zip(words) {
        let (slot, word) = (place.at(index), U256::from(word));
        if slot.get(cx)? != word {
            slot.set(cx, word)?;
        }
    }
    Ok(())
}
