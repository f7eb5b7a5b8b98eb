//! Difficulty: how many hashes a block costs on average, and how it follows the hash power.
//!
//! The schedule is absolute (ASERT): difficulty is a function of how far the chain is ahead of or behind the time it should
//! have taken since the anchor, and of nothing else. Errors do not add up, and there is no window whose edges could be gamed.
//!
//! Source: aserti3-2d, Bitcoin Cash upgrade of 2020-11-15 (M. B. Lundeberg, J. Toomim and others, 2020), in its integer form;
//! the rates are those of the charter instead of 600 s and two days.

use alloy_primitives::Uint;
use polity_primitives::{Header, U256};

use super::Rules;

/// The time over which difficulty doubles when a chain is ahead by it. Units: intervals.
///
/// Bitcoin Cash has 288 intervals of 600 s; with intervals of seconds and tens of members, hash power moves faster.
pub const HALF_LIFE_INTERVALS: u64 = 40;

/// Fractional bits of the exponent.
const RADIX_BITS: u32 = 16;
/// Further than so many doublings nothing is left to halve or double in 256 bits.
const SHIFTS_MAX: i128 = 256;

/// Wide enough for a target times a factor below 2^17, shifted by [`SHIFTS_MAX`].
type Wide = Uint<576, 9>;

/// The highest work hash of a block of `difficulty`; difficulty 0 counts as 1.
#[must_use]
pub fn target(difficulty: U256) -> U256 {
    U256::MAX.checked_div(difficulty).unwrap_or(U256::MAX)
}

/// The difficulty of a target; target 0 counts as 1. For difficulties below 2^128 it undoes [`target`].
#[must_use]
pub fn difficulty(target: U256) -> U256 {
    U256::MAX.checked_div(target).unwrap_or(U256::MAX)
}

/// `target` times 2^(`late_secs` / `half_life_secs`), within a ten-thousandth, by integers alone. Bounds: at least 1.
///
/// The exponent has 16 fractional bits, rounded towards zero; 2^x for x in 0..1 is a cubic whose error is below 0.013 %.
#[must_use]
pub fn asert(target: U256, late_secs: i128, half_life_secs: u64) -> U256 {
    let half_life = i128::from(half_life_secs.max(1));
    let exponent = late_secs.saturating_mul(1 << RADIX_BITS).checked_div(half_life).unwrap_or(0);
    let shifts = exponent >> RADIX_BITS;
    // The low 16 bits of a two's complement number are the fraction above the floor.
    let fraction = u128::from((exponent & 0xffff).unsigned_abs() as u16);
    let cubic = 195_766_423_245_049u128
        .saturating_mul(fraction)
        .saturating_add(971_821_376u128.saturating_mul(fraction.saturating_pow(2)))
        .saturating_add(5_127u128.saturating_mul(fraction.saturating_pow(3)))
        .saturating_add(1 << 47);
    let factor = (cubic >> 48).saturating_add(1 << RADIX_BITS);
    let scaled = Wide::from(target).saturating_mul(Wide::from(factor));
    let by = usize::try_from(shifts.unsigned_abs().min(SHIFTS_MAX.unsigned_abs())).unwrap_or(0);
    let shifted = if shifts < 0 { scaled >> by } else { scaled << by } >> RADIX_BITS as usize;
    shifted.min(Wide::from(U256::MAX)).max(Wide::from(1u8)).to()
}

impl Rules {
    /// The time over which difficulty doubles. Units: seconds.
    #[must_use]
    pub const fn half_life_secs(&self) -> u64 {
        self.interval_secs.saturating_mul(HALF_LIFE_INTERVALS)
    }

    /// The difficulty of the block on top of `parent`, which is the anchor or a worked block. Bounds: at least 1.
    #[must_use]
    pub fn difficulty(&self, parent: &Header) -> U256 {
        let took = i128::from(parent.timestamp).saturating_sub(i128::from(self.anchor.timestamp_secs));
        let blocks = i128::from(parent.number).saturating_sub(i128::from(self.anchor.height.0));
        let late = took.saturating_sub(blocks.saturating_mul(i128::from(self.interval_secs)));
        difficulty(asert(target(self.anchor.difficulty), late, self.half_life_secs()))
    }
}
