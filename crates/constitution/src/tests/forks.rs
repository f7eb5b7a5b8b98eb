//! Accidental forks: the bound by hand, and against a network that finds blocks at random.

use super::*;

fn work(interval: u64, confirmations: u64) -> Work {
    Work { interval, confirmations, checkpoint: 100, difficulty: 1 }
}

#[test]
fn fast_blocks_under_few_others_are_told_with_what_would_do() {
    // 1 - exp(-1) = 0.632; 0.632^4 = 0.160; 0.632^16 = 0.00065.
    let haste = work(1, 3).haste().expect("in haste");
    assert_eq!((haste.forked_percent, haste.undone_permille), (64, 160));
    assert_eq!((haste.confirmations_enough, haste.interval_enough), (15, 6));
    let words = haste.to_string();
    assert!(words.contains("64 % of the heights") && words.contains("160 of 1000"), "{words}");
    for (interval, confirmations, is_rare) in
        [(2, 6, false), (2, 8, true), (15, 6, true), (600, 6, true), (0, 3, false)]
    {
        assert_eq!(work(interval, confirmations).haste().is_none(), is_rare, "{interval} s, {confirmations}");
    }
}

#[test]
fn what_would_do_does_and_one_less_does_not() {
    for interval in [1, 2, 3, 5, 8] {
        let confirmations = work(interval, 1).haste().expect("in haste").confirmations_enough;
        assert_eq!(work(interval, confirmations).haste(), None, "{interval} s, {confirmations}");
        assert!(
            work(interval, confirmations - 1).haste().is_some(),
            "{interval} s, {confirmations} less one"
        );
    }
}

/// Numbers drawn evenly (SplitMix64).
struct Lot(u64);

impl Lot {
    fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn draw(&mut self) -> f64 {
        (self.word() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn one_of(&mut self, count: usize) -> usize {
        usize::try_from(self.word() % count as u64).expect("less than count")
    }
}

/// Miners of equal power that hear of each other's blocks after `delay` intervals and follow the longest chain they heard of first.
/// For each number of confirmations, the share of heights at which somebody undid a block that had them.
fn simulated(miners: usize, delay: f64, blocks: usize) -> Vec<f64> {
    let mut lot = Lot(miners as u64);
    let (mut parents, mut heights) = (vec![0usize], vec![0usize]);
    let mut tips = vec![0usize; miners];
    let mut undone = vec![0usize; blocks + 1];
    // Blocks reach everyone in the order in which they are found.
    let mut on_the_way: std::collections::VecDeque<(f64, usize, usize)> = std::collections::VecDeque::new();
    let mut now = 0.0;
    for _ in 0..blocks {
        now -= (1.0 - lot.draw()).ln();
        while on_the_way.front().is_some_and(|(at, ..)| *at <= now) {
            let (_, finder, block) = on_the_way.pop_front().expect("one");
            for miner in (0..miners).filter(|miner| *miner != finder) {
                let old = tips[miner];
                if heights[block] <= heights[old] {
                    continue;
                }
                let (mut ours, mut theirs) = (old, block);
                while ours != theirs {
                    if heights[theirs] > heights[ours] {
                        theirs = parents[theirs];
                    } else {
                        undone[heights[ours]] = undone[heights[ours]].max(heights[old] - heights[ours] + 1);
                        ours = parents[ours];
                    }
                }
                tips[miner] = block;
            }
        }
        let miner = lot.one_of(miners);
        parents.push(tips[miner]);
        heights.push(heights[tips[miner]] + 1);
        tips[miner] = heights.len() - 1;
        on_the_way.push_back((now + delay, miner, tips[miner]));
    }
    let top = heights.iter().max().copied().unwrap_or_default();
    (0..6)
        .map(|under| undone[..=top].iter().filter(|most| **most > under).count() as f64 / top as f64)
        .collect()
}

#[test]
fn the_bound_holds_where_blocks_are_found_at_random() {
    for miners in [2, 4, 20] {
        for interval in [1u64, 2, 4] {
            let found = simulated(miners, 1.0 / interval as f64, 20_000);
            for (confirmations, share) in (0..).zip(found) {
                let bound = crate::forks::undone(interval, confirmations) as f64 / 1e12;
                assert!(share <= bound, "{miners} miners, {interval} s, {confirmations}: {share} > {bound}");
                // And it says something: the first step of it is met within half.
                assert!(
                    confirmations > 0 || share > bound / 2.0,
                    "{miners} miners, {interval} s: {share} << {bound}"
                );
            }
        }
    }
}
