//! When a worked block may say it was made.
//!
//! A writer can lie about the time, and difficulty follows the time; so a timestamp lies above the median of the blocks before
//! it, as in Bitcoin, never before its parent, as execution demands, and hardly ahead of the clocks of those who check it.

use super::Rules;

/// Most blocks whose timestamps make the median: the parent and those before it down to the anchor.
///
/// Source: Bitcoin's `nMedianTimeSpan`.
pub const MEDIAN_SPAN: usize = 11;

/// How far a block's timestamp may be ahead of the clock of who checks it. Units: seconds.
pub const AHEAD_SECS_MAX: u64 = 5;

/// The median of timestamps, the upper one of an even number; 0 of none.
///
/// Bounds: callers give at most [`MEDIAN_SPAN`].
#[must_use]
pub fn median(timestamps: &[u64]) -> u64 {
    let mut sorted = timestamps.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or(0)
}

/// The earliest timestamp of a block on top of a parent; `past` are the timestamps of the parent and of the blocks before it,
/// at most [`MEDIAN_SPAN`], the youngest first, the anchor's last if it is among them. Units: seconds.
#[must_use]
pub fn earliest(past: &[u64]) -> u64 {
    let parent = past.first().copied().unwrap_or(0);
    median(past).saturating_add(1).max(parent)
}

/// The latest timestamp that is accepted at `now_ms`. Units: seconds; milliseconds.
#[must_use]
pub const fn latest(now_ms: u64) -> u64 {
    (now_ms / 1_000).saturating_add(AHEAD_SECS_MAX)
}

impl Rules {
    /// How many blocks make the median for a block on top of one at `parent`: fewer than [`MEDIAN_SPAN`] near the anchor.
    #[must_use]
    pub fn median_span(&self, parent: polity_primitives::Height) -> usize {
        let above = parent.0.saturating_sub(self.anchor.height.0).saturating_add(1);
        usize::try_from(above).map_or(MEDIAN_SPAN, |above| above.min(MEDIAN_SPAN))
    }
}

#[cfg(test)]
mod tests {
    use polity_primitives::{Height, U256};
    use proptest::prelude::*;

    use super::*;
    use crate::work::Anchor;

    #[test]
    fn medians_and_bounds_by_hand() {
        for (times, expected) in [(&[][..], 0), (&[7][..], 7), (&[9, 1][..], 9), (&[9, 1, 5][..], 5)] {
            assert_eq!(median(times), expected, "{times:?}");
        }
        assert_eq!(earliest(&[100]), 101, "right above the anchor");
        assert_eq!(earliest(&[200, 150, 100]), 200, "not before the parent");
        assert_eq!(earliest(&[100; 11]), 101, "time does not stand still for six blocks");
        assert_eq!((latest(9_999), latest(10_000)), (14, 15));
    }

    #[test]
    fn near_the_anchor_the_median_is_of_fewer() {
        let anchor = Anchor { height: Height(40), timestamp_secs: 0, difficulty: U256::from(1) };
        let rules = Rules { interval_secs: 15, confirmations: 6, checkpoint: 100, anchor, until: None };
        let spans = [40, 41, 49, 50, 51, 500].map(|height| rules.median_span(Height(height)));
        assert_eq!(spans, [1, 2, 10, 11, 11, 11]);
    }

    proptest! {
        /// At most half of the blocks can be below, and at most half above: six of eleven must lie to move it.
        #[test]
        fn half_is_not_above_and_half_is_not_below(times in prop::collection::vec(any::<u64>(), 1..=11)) {
            let median = median(&times);
            let below = times.iter().filter(|time| **time < median).count();
            let above = times.iter().filter(|time| **time > median).count();
            prop_assert!(below <= times.len() / 2 && above <= times.len() / 2);
        }
    }
}
