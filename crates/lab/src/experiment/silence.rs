//! What silence can gain, by theory.
//!
//! Turns are drawn anew for each height from the output of the block before. Grinders with a share `a` of the weight have the first turn
//! with probability `a`, and with `k` of their own before anybody else's they know `k` outputs and may choose; or they stay silent
//! in all of them and get an output that nobody knew. An output that does not give them the next turn is worth less than one that nobody
//! knows, which gives it with probability `a`. So they follow the longest row of heights that all begin with a turn of theirs, and are
//! silent at its end.
//!
//! Let `H` be the length of that row from a fresh output on, 0 if the first turn is another's. From one fresh output to the next there
//! are `H` heights, all of them with a grinder's turn, or one without: by renewal their share of turns is `E[H] / (E[H] + 1 - a)`. They
//! write all but the last of each row, and miss their turn there. For one grinder `P(H ≥ n) = a^n`. For `m` of them the row is the height
//! of a tree: `q(1) = a`, `q(n + 1) = Σ p(k) (1 - (1 - q(n))^k)`, where `p(k)` is the probability of `k` known outputs. A row of own turns is
//! at least `k` long with probability `a^k` at most while rounds are drawn, which is three; then it may be as long as there are grinders,
//! whose ids may lie next to each other. That makes the share of turns a bound for several, and exact for one. It says something as long as a known
//! output leads to less than one more on average, so for few grinders: with hundreds of neighbours a row need not end (ADR 23).

use polity_constitution::ROUNDS_DRAWN;

/// Heights in a row after which nothing is left to add.
const ROW_MAX: u32 = 400;

/// Shares by theory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Silence {
    /// Of first turns, at most.
    pub most: f64,
    /// Of blocks, by those who play for turns.
    pub written: f64,
    /// Heights in which they miss their turns.
    pub missed: f64,
}

impl Silence {
    /// Of `grinders` with a share `a` of the weight together. Bounds: `0 < a < 1/2`.
    #[must_use]
    pub fn of(a: f64, grinders: usize) -> Self {
        let drawn = usize::try_from(ROUNDS_DRAWN).unwrap_or(usize::MAX);
        // With which probability so many outputs are known, and not more.
        let known = |k: usize| {
            let at_least = |k: usize| match k {
                k if k > grinders => 0.0,
                k => a.powi(i32::try_from(k.min(drawn)).unwrap_or(i32::MAX)),
            };
            at_least(k) - at_least(k + 1)
        };
        let (mut expected, mut row) = (0.0, a);
        for _ in 0..ROW_MAX {
            expected += row;
            let fails = |k: usize| (1.0 - row).powi(i32::try_from(k).unwrap_or(i32::MAX));
            row = (1..=grinders).map(|k| known(k) * (1.0 - fails(k))).sum();
        }
        let heights = expected + 1.0 - a;
        Self { most: expected / heights, written: (expected - a) / heights, missed: a / heights }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_grinder_by_hand_and_more_gain_more() {
        for a in [0.1, 0.25, 1.0 / 3.0] {
            let (Silence { most, written, missed }, of) = (Silence::of(a, 1), 1.0 - a + a * a);
            for (found, expected) in [(most, a / of), (written, a * a / of), (missed, a * (1.0 - a) / of)] {
                assert!((found - expected).abs() < 1e-12, "{a}: {found}, not {expected}");
            }
            assert!((most - written - missed).abs() < 1e-12, "a turn is used or missed");
            let many = Silence::of(a, 3);
            assert!(most < Silence::of(a, 2).most && Silence::of(a, 2).most < many.most);
            assert!(many.written < a, "silence does not pay in blocks: {many:?}");
        }
        // Without an end to the drawn rounds, 1/q(n + 1) = 1 + (1 - a)/a · 1/q(n): for a third E[H] is 0.6067 (Erdős and Borwein).
        let third = Silence::of(1.0 / 3.0, 3).most;
        assert!((third - 0.6067 / (0.6067 + 2.0 / 3.0)).abs() < 0.005, "{third}");
    }
}
