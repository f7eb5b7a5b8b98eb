//! When to propose, and how long to wait for a proposer.
//!
//! A proposer writes as soon as there is something to write, and at the latest one block time after the last block. The others
//! wait for it one block time and some slack. The slack follows what blocks really cost here: twice the second slowest of
//! the last eight heights (one may have waited for a quorum), within bounds. So a crashed proposer costs an idle network about a second beyond the block time, and a
//! loaded machine does not give up on proposers that are merely slow. Time-outs need not be equal at all nodes (arXiv:1807.04938
//! §3.1), so each node measures for itself.
//!
//! Units: all times are milliseconds of one clock that the driver chooses.

use std::{collections::VecDeque, time::Duration};

use malachitebft_core_types::LinearTimeouts;

/// Heights whose cost is remembered.
const RECENT: usize = 8;
/// Longest a time-out of a late round grows to, beyond the block time. Units: milliseconds.
const TIMEOUT_MS_MAX: u64 = 30_000;

/// Measures heights, and derives time-outs.
#[derive(Clone, Debug)]
pub struct Pace {
    slack_ms_min: u64,
    slack_ms_max: u64,
    last_block_ms: Option<u64>,
    costs_ms: VecDeque<u64>,
}

impl Pace {
    /// Slack between `slack_ms_min` and `slack_ms_max`.
    #[must_use]
    pub fn new(slack_ms_min: u64, slack_ms_max: u64) -> Self {
        Self {
            slack_ms_min,
            slack_ms_max: slack_ms_max.max(slack_ms_min),
            last_block_ms: None,
            costs_ms: VecDeque::new(),
        }
    }

    /// A block was decided in `round`; `block_time_ms` is what an idle proposer waited at most.
    pub fn decided(&mut self, now_ms: u64, round: u32, block_time_ms: u64) {
        if let (Some(last), 0) = (self.last_block_ms, round) {
            if self.costs_ms.len() >= RECENT {
                self.costs_ms.pop_front();
            }
            self.costs_ms.push_back(now_ms.saturating_sub(last).saturating_sub(block_time_ms));
        }
        self.last_block_ms = Some(now_ms);
    }

    /// Milliseconds until an idle proposer writes; 0 if now.
    #[must_use]
    pub fn wait_ms(&self, now_ms: u64, block_time_ms: u64) -> u64 {
        self.last_block_ms.map_or(0, |last| last.saturating_add(block_time_ms).saturating_sub(now_ms))
    }

    /// How long beyond the block time a proposer may take.
    #[must_use]
    pub fn slack_ms(&self) -> u64 {
        let mut costs: Vec<u64> = self.costs_ms.iter().copied().collect();
        costs.sort_unstable();
        let second = costs.iter().rev().nth(1).copied().unwrap_or(0);
        second.saturating_mul(2).clamp(self.slack_ms_min, self.slack_ms_max)
    }

    /// The time-outs of the next height.
    #[must_use]
    pub fn timeouts(&self, block_time_ms: u64) -> LinearTimeouts {
        let ms = Duration::from_millis;
        let slack = self.slack_ms();
        LinearTimeouts {
            propose: ms(block_time_ms.saturating_add(slack)),
            propose_delta: ms(slack / 2),
            prevote: ms(slack / 3),
            prevote_delta: ms(slack / 3),
            precommit: ms(slack / 4),
            precommit_delta: ms(slack / 4),
            rebroadcast: ms(block_time_ms.saturating_add(slack).saturating_add(slack / 2)),
            max_timeout: ms(block_time_ms.saturating_add(TIMEOUT_MS_MAX)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_proposer_waits_one_block_time_after_the_last_block() {
        let mut pace = Pace::new(800, 8000);
        assert_eq!(pace.wait_ms(5, 1000), 0, "the first block is not waited for");
        pace.decided(10_000, 0, 1000);
        for (now, wait) in [(10_000, 1000), (10_400, 600), (11_000, 0), (20_000, 0)] {
            assert_eq!(pace.wait_ms(now, 1000), wait, "at {now}");
        }
    }

    #[test]
    fn slack_follows_slow_heights_but_not_a_single_one() {
        let mut pace = Pace::new(800, 8000);
        let mut now = 0;
        let mut decide = |pace: &mut Pace, after: u64, round: u32| {
            now += after;
            pace.decided(now, round, 100);
            pace.slack_ms()
        };
        assert_eq!(decide(&mut pace, 0, 0), 800);
        assert_eq!(decide(&mut pace, 60_100, 0), 800, "one outlier");
        assert_eq!(decide(&mut pace, 1600, 0), 3000, "twice 1500");
        assert_eq!(decide(&mut pace, 60_100, 0), 8000, "bounded");
        assert_eq!(decide(&mut pace, 60_100, 1), 8000);
        for _ in 0..RECENT - 1 {
            decide(&mut pace, 100, 0);
        }
        assert_eq!(decide(&mut pace, 100, 0), 800, "old heights and later rounds do not count");
        assert!(
            pace.timeouts(100).propose > Duration::from_millis(100),
            "longer than an idle proposer waits"
        );
    }
}
