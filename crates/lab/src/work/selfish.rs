//! When a selfish miner shows which of its blocks.
//!
//! Source: I. Eyal, E. G. Sirer, "Majority is not enough: Bitcoin mining is vulnerable", 2014, algorithm 1. Heights stand for the
//! lengths of branches: the strategy looks at nothing else.

/// The strategy's memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Strategy {
    /// Height of the highest block that everybody knows.
    public: u64,
    /// Its own blocks are shown up to this height.
    shown: u64,
    /// One of its blocks, shown, competes with one of others at the same height.
    racing: bool,
}

impl Strategy {
    /// A strategy that begins on a chain of `height`, of which nothing is hidden.
    #[must_use]
    pub const fn new(height: u64) -> Self {
        Self { public: height, shown: height, racing: false }
    }

    /// Its own blocks are shown up to this height.
    #[must_use]
    pub const fn shown(&self) -> u64 {
        self.shown
    }

    /// Its chain is given up for one of others that ends at `height`.
    pub fn adopted(&mut self, height: u64) {
        *self = Self { public: self.public.max(height), shown: self.shown.max(height), racing: false };
    }

    /// It found a block: its branch ends at `best` now. Returns the height up to which to show it.
    pub const fn found(&mut self, best: u64) -> Option<u64> {
        if !self.racing {
            return None;
        }
        self.show(best)
    }

    /// Others showed a block at `height`, while its own branch ends at `best`. Returns the height up to which to show that.
    pub fn heard(&mut self, height: u64, best: u64) -> Option<u64> {
        if height <= self.public {
            return None;
        }
        self.public = height;
        if best <= self.shown {
            return None;
        }
        match best.saturating_sub(height) {
            // Theirs has come so near that one more would be too late.
            lead @ (0 | 1) => {
                let shown = self.show(best);
                self.racing = lead == 0;
                shown
            }
            _ => self.show(height),
        }
    }

    const fn show(&mut self, height: u64) -> Option<u64> {
        self.racing = false;
        if height > self.public {
            self.public = height;
        }
        if height <= self.shown {
            return None;
        }
        self.shown = height;
        Some(height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_algorithm_by_hand() {
        let mut villain = Strategy::new(10);
        assert_eq!(villain.found(11), None, "kept back");
        assert_eq!(villain.heard(11, 11), Some(11), "a race");
        assert_eq!(villain.found(12), Some(12), "won at once");
        assert_eq!((villain.found(13), villain.found(14)), (None, None));
        assert_eq!(villain.heard(13, 14), Some(14), "a lead of two ends with all shown");
        for found in 15..=18 {
            assert_eq!(villain.found(found), None);
        }
        assert_eq!((villain.heard(15, 18), villain.heard(16, 18)), (Some(15), Some(16)), "one for one");
        assert_eq!(villain.heard(17, 18), Some(18));
        assert_eq!(villain.heard(17, 18), None, "nothing new");
        villain.adopted(19);
        assert_eq!((villain.shown(), villain.heard(20, 19)), (19, None));
    }
}
