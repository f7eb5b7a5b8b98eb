//! How long the engine waits before it says or asks something again, by how fast blocks come.
//!
//! A block that is late by an interval is one that others have built beside. So what is lost must be asked for again well within
//! one, while on a chain of slow blocks nothing is gained by haste. An answer may also be late because the network is slow: a question
//! that was put in vain is put again after twice the time, and so on.
//!
//! Rule kept: every wait has bounds below and above, whatever the charter says of the interval.

use super::Rules;

/// A third of the interval is waited for an answer first, but no less and no more than this. Units: milliseconds.
const ANSWER_MS: (u64, u64) = (250, 5_000);
/// The longest wait for an answer. Units: milliseconds.
const ANSWER_MS_MAX: u64 = 8_000;
/// Peers are told our tip once in an interval, but no sooner and no later than this. Units: milliseconds.
const TIP_MS: (u64, u64) = (1_000, 5_000);

/// The waits of one chain. Units: milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Waits {
    interval_ms: u64,
}

impl Waits {
    pub(super) const fn of(rules: &Rules) -> Self {
        Self { interval_ms: rules.interval_secs.saturating_mul(1_000) }
    }

    /// For an answer to a question that was put in vain so often before.
    pub(super) fn answer_ms(self, in_vain: u32) -> u64 {
        let (least, most) = ANSWER_MS;
        let first = (self.interval_ms / 3).clamp(least, most);
        first.saturating_mul(2u64.saturating_pow(in_vain)).min(ANSWER_MS_MAX)
    }

    /// For a body that was asked for in vain so often before, of a peer that was asked for so many.
    pub(super) fn body_ms(self, in_vain: u32, of_peer: usize) -> u64 {
        let bodies = u64::try_from(of_peer.max(1)).unwrap_or(u64::MAX);
        self.answer_ms(in_vain).saturating_mul(bodies).min(ANSWER_MS_MAX)
    }

    /// Between two times that peers are told our tip, so that what was lost is made up for.
    pub(super) fn tip_ms(self) -> u64 {
        self.interval_ms.clamp(TIP_MS.0, TIP_MS.1)
    }
}

#[cfg(test)]
mod tests {
    use polity_primitives::{Height, U256};
    use proptest::prelude::*;

    use super::*;
    use crate::work::Anchor;

    fn of(interval_secs: u64) -> Waits {
        let anchor = Anchor { height: Height(0), timestamp_secs: 0, difficulty: U256::from(1) };
        Waits::of(&Rules { interval_secs, confirmations: 3, checkpoint: 9, anchor, until: None })
    }

    #[test]
    fn waits_by_hand() {
        for (interval, answers, tip) in [
            (1, [333, 666, 1_332, 2_664, 5_328, 8_000], 1_000),
            (2, [666, 1_332, 2_664, 5_328, 8_000, 8_000], 2_000),
            (15, [5_000, 8_000, 8_000, 8_000, 8_000, 8_000], 5_000),
            (600, [5_000, 8_000, 8_000, 8_000, 8_000, 8_000], 5_000),
        ] {
            assert_eq!([0, 1, 2, 3, 4, 5].map(|in_vain| of(interval).answer_ms(in_vain)), answers);
            assert_eq!(of(interval).tip_ms(), tip);
            assert_eq!(of(interval).body_ms(0, 8), (answers[0] * 8).min(8_000));
        }
    }

    proptest! {
        #[test]
        fn no_interval_makes_a_wait_without_bounds(interval: u64, in_vain: u32) {
            let waits = of(interval);
            prop_assert!((250..=8_000).contains(&waits.answer_ms(in_vain)));
            prop_assert!(waits.answer_ms(in_vain) <= waits.answer_ms(in_vain.saturating_add(1)));
            prop_assert!((1_000..=5_000).contains(&waits.tip_ms()));
        }
    }
}
