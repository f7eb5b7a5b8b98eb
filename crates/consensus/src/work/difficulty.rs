//! Difficulty: how many hashes a block costs on average, and how it follows the hash power.
//!
//! The schedule is absolute (ASERT): difficulty is a function of how far the chain is ahead of or behind the time it should
//! have taken since the anchor, and of nothing else. Errors do not add up, and there is no window whose edges could be gamed.
//!
//! Source: aserti3-2d, Bitcoin Cash upgrade of 2020-11-15 (M. B. Lundeberg, J. Toomim and others, 2020), in its integer form;
//! the rates are those of the charter instead of 600 s and two days.

use alloy_primitives::Uint;
use polity_constitution::target;
use polity_primitives::{Header, Height, U256};

use super::{Anchor, Rules};

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

/// The difficulty of a target; target 0 counts as 1. For difficulties below 2^128 it undoes [`polity_constitution::target`].
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
    let fraction = (exponent & 0xffff).unsigned_abs();
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

    /// The rules of the blocks on top of `header`, whose parent was made at `parent_secs`.
    ///
    /// An absolute schedule makes up for every second: a network that slept a night would find thousands of blocks in a moment, and
    /// one whose founding lies back would never have a difficulty again. So a block that comes later than a half-life after its
    /// parent counts as if it had come just then, and the schedule starts again from it: each such block halves the difficulty,
    /// and nothing is made up for. It never helps a branch that was worked in secret: without it that branch would be easier.
    #[must_use]
    pub fn after(&self, parent_secs: u64, header: &Header) -> Self {
        let most = parent_secs.saturating_add(self.half_life_secs());
        if header.timestamp <= most {
            return *self;
        }
        let punctual = Header { number: header.number, timestamp: most, ..Header::default() };
        let anchor = Anchor {
            height: Height(header.number),
            timestamp_secs: header.timestamp,
            difficulty: self.difficulty(&punctual),
        };
        Self { anchor, ..*self }
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::uint;
    use proptest::prelude::*;

    use super::*;

    /// Bitcoin Cash's highest target, spacing and half-life.
    const LIMIT: U256 = uint!(0x00000000ffffffffffffffffffffffffffffffffffffffffffffffffffffffff_U256);
    const SPACING: i128 = 600;
    const TWO_DAYS: u64 = 172_800;

    /// The vectors of `calculate_asert_test` of Bitcoin Cash Node: reference target, difference in time beyond the parent's,
    /// difference in height, expected target. Its limit is below ours, so expected values above it are capped here.
    #[test]
    fn the_vectors_of_bitcoin_cash_node() {
        let one = U256::from(1);
        let vectors: [(U256, i128, i128, U256); 17] = [
            (LIMIT, 0, 288, LIMIT >> 1),
            (LIMIT, 0, 576, LIMIT >> 2),
            (LIMIT >> 1, 0, 288, LIMIT >> 2),
            (LIMIT >> 2, 0, 288, LIMIT >> 3),
            (LIMIT >> 3, 0, 288, LIMIT >> 4),
            (LIMIT, 0, 222 * 288, U256::from(3)),
            (LIMIT, 0, 222 * 288 + 119, U256::from(3)),
            (LIMIT, 0, 222 * 288 + 120, U256::from(2)),
            (LIMIT, 0, 223 * 288 - 1, U256::from(2)),
            (LIMIT, 0, 223 * 288, one),
            (LIMIT, 0, 224 * 288, one),
            (one, 0, 224 * 288, one),
            (one, 448 * 144 * 600, 0, LIMIT),
            (LIMIT, 300, 1, uint!(0x00000000ffb1ffffffffffffffffffffffffffffffffffffffffffffffffffff_U256)),
            (
                uint!(0x000000008000000000000000000fffffffffffffffffffffffffffffffffffff_U256),
                600 * 66 * 144,
                0,
                LIMIT,
            ),
            (one, 600 * 512 * 144, 0, LIMIT),
            (one, 600 * 448 * 144 - 1, 0, U256::from(0xffff8) << 204),
        ];
        for (reference, time, height, expected) in vectors {
            let found = asert(reference, time - SPACING * height, TWO_DAYS);
            assert_eq!(found.min(LIMIT), expected, "{reference:x} {time} {height}");
        }
    }

    proptest! {
        /// The cubic is within 0.013 % of 2^x, plus one for rounding down and 2^-16 of the exponent.
        #[test]
        fn it_is_two_to_the_power(late in -10_000_000i64..10_000_000, half_life in 60u64..1_000_000) {
            #[allow(clippy::cast_precision_loss)]
            let exact = (late as f64 / half_life as f64).exp2();
            let start = U256::from(1) << 128;
            let expected = exact * f64::from(start);
            prop_assume!((1e12..1e70).contains(&expected));
            let found = f64::from(asert(start, i128::from(late), half_life));
            let error = (found / expected - 1.0).abs();
            prop_assert!(error < 0.00013 + 0.000_011, "{error}");
        }

        /// Later is never harder, and nothing overflows.
        #[test]
        fn later_is_easier(start: [u8; 32], late: i64, more in 0i64..1 << 40, half_life in 1u64..1 << 40) {
            let start = U256::from_be_bytes(start).max(U256::from(1));
            let at = |late| asert(start, late, half_life);
            let late = i128::from(late);
            prop_assert!(at(late) <= at(late + i128::from(more)));
            prop_assert_eq!(at(0), start);
        }

        #[test]
        fn difficulty_and_target_are_inverse(low: u128) {
            let given = U256::from(low.max(1) >> 1).max(U256::from(1));
            prop_assert_eq!(difficulty(target(given)), given);
        }
    }

    #[test]
    fn the_first_block_has_the_charters_difficulty_and_the_schedule_follows() {
        let anchor = Anchor { height: Height(7), timestamp_secs: 1_000, difficulty: U256::from(1_000_000) };
        let rules = Rules { interval_secs: 15, confirmations: 6, checkpoint: 100, anchor, until: None };
        let at = |number, timestamp| rules.difficulty(&Header { number, timestamp, ..Header::default() });
        assert_eq!(at(7, 1_000), U256::from(1_000_000), "on the anchor");
        assert_eq!(at(8, 1_015), U256::from(1_000_000), "on time");
        assert_eq!(at(7 + 40, 1_000), U256::from(2_000_000), "forty intervals ahead");
        assert_eq!(at(7, 1_000 + 600), U256::from(500_000), "forty behind");
        assert_eq!(at(7, u64::MAX), U256::from(1), "never below one");
        assert_eq!(at(u64::MAX, 0), U256::MAX, "never above all");
        assert_eq!((target(U256::ZERO), difficulty(U256::ZERO)), (U256::MAX, U256::MAX));
    }

    #[test]
    fn a_pause_halves_once_and_is_not_made_up_for() {
        let anchor = Anchor { height: Height(0), timestamp_secs: 0, difficulty: U256::from(1_000_000) };
        let rules = Rules { interval_secs: 15, confirmations: 6, checkpoint: 100, anchor, until: None };
        let header = |number, timestamp| Header { number, timestamp, ..Header::default() };
        let year = 31_536_000;
        let woken = rules.after(1_500, &header(101, year));
        assert_eq!(woken.anchor.height, Height(101));
        assert_eq!(woken.anchor.timestamp_secs, year);
        // 2^(-585/600) is 0.50874; the cubic is within 0.013 % of it.
        let (before, after) = (U256::from(508_721), woken.difficulty(&header(101, year)));
        assert_eq!(after, before, "halved, but for the interval it would have had anyway");
        assert_eq!(woken.difficulty(&header(102, year + 15)), before, "and from there on time");
        assert!(rules.difficulty(&header(101, year)) == U256::from(1), "else it would be gone");
        assert_eq!(rules.after(1_500, &header(101, 1_500 + 600)), rules, "a half-life is no pause");
        let again = woken.after(year, &header(102, 2 * year));
        assert!(again.anchor.difficulty * U256::from(19) < before * U256::from(10), "each pause halves");
    }
}
