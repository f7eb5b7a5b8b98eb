//! What the network does to messages: delays them, loses them, sends them twice, lets them overtake each other, cuts it in two.

use crate::{engine::Label, rng::Rng};

/// One message on its way.
#[derive(Clone, Copy, Debug)]
pub struct Passage {
    /// When it was sent. Units: microseconds.
    pub now_us: u64,
    /// Who sent it.
    pub from: usize,
    /// To whom.
    pub to: usize,
    /// What it is about.
    pub label: Label,
    /// How long it is.
    pub bytes: usize,
}

/// Decides the fate of messages.
pub trait Weather {
    /// After how long each copy arrives: none, one, or two. Units: microseconds.
    fn fate(&mut self, passage: &Passage, rng: &mut Rng) -> [Option<u64>; 2];
}

/// A time during which nodes of different groups do not hear each other.
#[derive(Clone, Debug)]
pub struct Partition {
    /// From when. Units: microseconds.
    pub from_us: u64,
    /// Until when.
    pub until_us: u64,
    /// The group of each node.
    pub groups: Vec<u8>,
    /// Whether only messages from group 0 to others are cut, and not those back.
    pub one_way: bool,
}

impl Partition {
    fn cuts(&self, passage: &Passage) -> bool {
        let group = |node: usize| self.groups.get(node).copied().unwrap_or(0);
        let (from, to) = (group(passage.from), group(passage.to));
        (self.from_us..self.until_us).contains(&passage.now_us) && from != to && (!self.one_way || from == 0)
    }
}

/// A network with storms in it, until it heals.
#[derive(Clone, Debug, Default)]
pub struct Storm {
    /// One way, between regions. Units: microseconds.
    pub latency_us: Vec<Vec<u64>>,
    /// The region of each node.
    pub regions: Vec<usize>,
    /// Up to this much more or less, by chance. Units: thousandths of the latency.
    pub jitter_permille: u64,
    /// Time a megabyte takes. Units: microseconds.
    pub megabyte_us: u64,
    /// Lost, until it heals. Units: thousandths.
    pub loss_permille: u64,
    /// Sent twice.
    pub duplicate_permille: u64,
    /// Held back for up to [`Self::reorder_us`].
    pub reorder_permille: u64,
    /// How long a message may be held back.
    pub reorder_us: u64,
    /// Cuts.
    pub partitions: Vec<Partition>,
    /// When it heals: from then on nothing is lost. Units: microseconds.
    pub heals_us: u64,
}

impl Storm {
    fn latency(&self, passage: &Passage, rng: &mut Rng) -> u64 {
        let region = |node: usize| self.regions.get(node).copied().unwrap_or(0);
        let row = self.latency_us.get(region(passage.from));
        let base = row.and_then(|row| row.get(region(passage.to))).copied().unwrap_or(1_000);
        let swing = base.saturating_mul(self.jitter_permille) / 1_000;
        let size = (passage.bytes as u64).saturating_mul(self.megabyte_us) / 1_000_000;
        base.saturating_sub(swing)
            .saturating_add(rng.below(swing.saturating_mul(2).max(1)))
            .saturating_add(size)
    }
}

impl Weather for Storm {
    fn fate(&mut self, passage: &Passage, rng: &mut Rng) -> [Option<u64>; 2] {
        let first = self.latency(passage, rng);
        if passage.now_us >= self.heals_us {
            return [Some(first), None];
        }
        if self.partitions.iter().any(|partition| partition.cuts(passage)) || rng.chance(self.loss_permille) {
            return [None, None];
        }
        let late = if rng.chance(self.reorder_permille) { rng.below(self.reorder_us) } else { 0 };
        let second = rng.chance(self.duplicate_permille).then(|| self.latency(passage, rng));
        [Some(first.saturating_add(late)), second.map(|second| second.saturating_add(first))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_loses_doubles_delays_and_heals() {
        let mut storm = Storm {
            latency_us: vec![vec![1_000, 50_000], vec![50_000, 1_000]],
            regions: vec![0, 1],
            jitter_permille: 100,
            loss_permille: 200,
            duplicate_permille: 100,
            reorder_permille: 100,
            reorder_us: 500_000,
            partitions: vec![Partition { from_us: 100, until_us: 200, groups: vec![0, 1], one_way: true }],
            heals_us: 1_000,
            ..Storm::default()
        };
        let mut rng = Rng::new(5);
        let mut fates = |now_us, from, to| -> Vec<_> {
            let passage = Passage { now_us, from, to, label: Label::default(), bytes: 100 };
            (0..1_000).map(|_| storm.fate(&passage, &mut rng)).collect()
        };
        let stormy = fates(0, 0, 1);
        let lost = stormy.iter().filter(|fate| fate[0].is_none()).count();
        let twice = stormy.iter().filter(|fate| fate[1].is_some()).count();
        let late = stormy.iter().filter(|fate| fate[0] > Some(60_000)).count();
        assert!((150..250).contains(&lost) && twice > 40 && late > 40, "{lost} {twice} {late}");
        assert!(fates(150, 0, 1).iter().all(|fate| fate[0].is_none()), "cut");
        assert!(fates(150, 1, 0).iter().any(|fate| fate[0].is_some()), "the other way is open");
        let calm = fates(1_000, 0, 1);
        assert!(calm.iter().all(|fate| matches!(fate, [Some(45_000..=55_000), None])));
    }
}
