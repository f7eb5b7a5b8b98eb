//! Whose turn it is to propose.
//!
//! Rule kept: whoever leads the first rounds of a height, later rounds go round all who may write, so that no silent or
//! dishonest few can stop a chain. A choice costs O(log n): drawing by lot is a binary search in cumulative weights.
//!
//! Seats come in an order that their holders cannot choose: by the ids of members, not by the addresses of keys, which a member
//! exchanges when it likes (ADR 23).

use polity_primitives::{B256, Height, keccak256};

/// Rounds of a height whose proposer is drawn; later ones rotate.
///
/// Source: a draw hits one of f < n/3 silent writers with probability below 1/3, and all three do below 1/27; from then on waiting
/// is bounded by the rotation.
pub const ROUNDS_DRAWN: u32 = 3;

/// How the proposer of a round is chosen. Indices are of seats, those that may write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Turns {
    /// Seats with weight, in the order of their turns. Not empty.
    writers: Vec<u32>,
    order: Order,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Order {
    /// One further each height and each round.
    Rotation,
    /// These first, one further each height and each round: an elected presidency.
    Presidents(Vec<u32>),
    /// These first, always in this order: an appointed succession.
    Succession(Vec<u32>),
    /// By lot, in proportion to weight: sums of the weights of `writers` up to and with each.
    Lot(Vec<u64>),
}

/// What [`Turns::new`] is told: the words of the constitution with seats instead of members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    Rotation,
    Presidents(Vec<u32>),
    Succession(Vec<u32>),
    Lot,
}

impl Turns {
    /// Turns of these seats with their weights, in this order; `None` if none has any. Sums fit: the committee checked them.
    pub(crate) fn new(weights: impl Iterator<Item = (u32, u64)>, choice: Choice) -> Option<Self> {
        let mut writers = Vec::new();
        let mut sums = Vec::new();
        let mut sum = 0u64;
        for (seat, weight) in weights.filter(|(_, weight)| *weight > 0) {
            sum = sum.saturating_add(weight);
            writers.push(seat);
            sums.push(sum);
        }
        let order = match choice {
            Choice::Presidents(first) if !first.is_empty() => Order::Presidents(first),
            Choice::Succession(first) if !first.is_empty() => Order::Succession(first),
            Choice::Lot => Order::Lot(sums),
            _ => Order::Rotation,
        };
        (!writers.is_empty()).then_some(Self { writers, order })
    }

    /// The seat whose turn it is.
    pub(crate) fn seat(&self, seed: &B256, height: Height, round: u32) -> u32 {
        let chosen = match &self.order {
            Order::Rotation => None,
            Order::Presidents(first) => within(first, round).then(|| rotated(first, height, round)),
            Order::Succession(first) => {
                usize::try_from(round).ok().and_then(|round| first.get(round).copied())
            }
            Order::Lot(sums) => (round < ROUNDS_DRAWN).then(|| self.drawn(sums, seed, height, round)),
        };
        chosen.unwrap_or_else(|| rotated(&self.writers, height, round))
    }

    /// Rounds of a height after which everyone who may write has had a turn.
    pub(crate) fn rounds_for_all(&self) -> u32 {
        let first = match &self.order {
            Order::Rotation => 0,
            Order::Presidents(first) | Order::Succession(first) => len(first),
            Order::Lot(_) => ROUNDS_DRAWN,
        };
        first.saturating_add(len(&self.writers))
    }

    fn drawn(&self, sums: &[u64], seed: &B256, height: Height, round: u32) -> u32 {
        let total = sums.last().copied().unwrap_or(0);
        let ticket = ticket(seed, height, round, total);
        let at = reached(sums, ticket, |_| ());
        self.writers.get(at).copied().unwrap_or_default()
    }
}

/// The first of `sums`, which ascend, that is above `ticket`; `looked` is told each sum that is looked at.
fn reached(sums: &[u64], ticket: u64, mut looked: impl FnMut(u64)) -> usize {
    sums.partition_point(|sum| {
        looked(*sum);
        *sum <= ticket
    })
}

fn len(seats: &[u32]) -> u32 {
    u32::try_from(seats.len()).unwrap_or(u32::MAX)
}

fn within(seats: &[u32], round: u32) -> bool {
    round < len(seats)
}

/// One further each height and each round. Zero for no seats, which [`Turns::new`] does not make.
fn rotated(seats: &[u32], height: Height, round: u32) -> u32 {
    let turn = height.0.wrapping_add(u64::from(round)).checked_rem(seats.len() as u64).unwrap_or(0);
    usize::try_from(turn).ok().and_then(|at| seats.get(at)).copied().unwrap_or_default()
}

/// A number below `total`, uniform in the seed: the upper half of a 128-bit product, so that no remainder favours small ones.
/// The bias is below total / 2^64. Source: Lemire, arXiv:1805.10941.
fn ticket(seed: &B256, height: Height, round: u32, total: u64) -> u64 {
    let mut bytes = [0; 44];
    let (head, tail) = bytes.split_at_mut(32);
    head.copy_from_slice(seed.as_slice());
    tail.copy_from_slice(&turn_bytes(height, round));
    let hash = keccak256(bytes);
    let random = hash.first_chunk::<8>().map_or(0, |first| u64::from_be_bytes(*first));
    let product = u128::from(random).saturating_mul(u128::from(total));
    u64::try_from(product >> 64).unwrap_or(0)
}

fn turn_bytes(height: Height, round: u32) -> [u8; 12] {
    let mut bytes = [0; 12];
    let (head, tail) = bytes.split_at_mut(8);
    head.copy_from_slice(&height.0.to_be_bytes());
    tail.copy_from_slice(&round.to_be_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sums looked at by the dearest draw among `seats` seats of unequal weights, whose draws are compared with a search from the
    /// first on.
    fn dearest(seats: u64) -> u32 {
        let sums: Vec<u64> = (1..=seats)
            .scan(0, |sum, weight| {
                *sum += weight % 7 + 1;
                Some(*sum)
            })
            .collect();
        let total = *sums.last().expect("some");
        let draws = (0..2_000).map(|height| ticket(&B256::ZERO, Height(height), 0, total));
        let count = |drawn: u64| {
            let mut looks = 0;
            let at = reached(&sums, drawn, |_| looks += 1);
            assert_eq!(Some(at), sums.iter().position(|sum| *sum > drawn));
            looks
        };
        draws.chain([0, total - 1]).map(count).max().expect("some")
    }

    #[test]
    fn the_cost_of_a_draw_grows_with_the_logarithm() {
        let costs = [64, 512, 4_096].map(dearest);
        // 6, 9 and 12 halvings, and at most two looks more.
        assert!(costs.iter().zip([8, 11, 14]).all(|(cost, most)| *cost <= most), "{costs:?}");
        assert!(costs.is_sorted() && costs[2] > costs[0], "a search that looks at nothing: {costs:?}");
    }
}
