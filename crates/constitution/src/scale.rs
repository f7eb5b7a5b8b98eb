//! Voting power and weights out of stakes.

use polity_primitives::U256;

use crate::MEMBERS_MAX;

/// Most that scaled powers sum to, save one for each seat that would have less than one. Three times the sum fits 64 bits, and
/// the sum itself fits the whole numbers of JSON's readers (2^53).
pub const POWER_SCALE: u64 = 1 << 52;

/// Whole numbers proportional to `stakes`: 0 for 0, at least 1 for the rest. They sum to at most
/// [`POWER_SCALE`] and one for each, whatever the stakes, so that no sum of powers can overflow.
///
/// Rounding: down, by less than one part in 2^52 of the sum. Bounds: [`MEMBERS_MAX`] stakes.
pub(crate) fn scaled(stakes: &[U256]) -> Vec<u64> {
    // Room for the sum of all, and for the product with the scale.
    let room = 256usize.saturating_sub(52).saturating_sub(MEMBERS_MAX.ilog2() as usize).saturating_sub(1);
    let most = stakes.iter().max().map_or(0, U256::bit_len);
    let excess = most.saturating_sub(room);
    let total = stakes.iter().fold(U256::ZERO, |sum, stake| sum.saturating_add(*stake >> excess));
    let scale = U256::from(POWER_SCALE);
    let power = |stake: &U256| {
        if stake.is_zero() {
            return 0;
        }
        let stake = *stake >> excess;
        let exact = if total <= scale { Some(stake) } else { stake.saturating_mul(scale).checked_div(total) };
        exact.unwrap_or_default().saturating_to::<u64>().max(1)
    };
    stakes.iter().map(power).collect()
}
