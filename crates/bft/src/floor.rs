//! When a validator that lost all memory of its votes may vote again.

use std::collections::BTreeMap;

use polity_constitution::Committee;
use polity_primitives::{Address, Height};

/// The height from which a key may sign of which nothing is known, once enough validators are heard at `height` or above it; two
/// above the height that enough of them have reached. Source: the proof is in the documentation of [`crate::Guard`]'s module.
pub(crate) fn live_floor(
    height: Height,
    committee: &Committee,
    live: &BTreeMap<Address, Height>,
    me: Address,
) -> Option<Height> {
    let total = committee.total_power();
    let power = |who: &Address| committee.seat(who).map_or(0, |seat| seat.power);
    if power(&me) >= committee.quorum() {
        return Some(height);
    }
    // More than twice what may be faulty: it then shares an honest member with any quorum that this key was part of.
    let need = total.saturating_sub(committee.quorum()).saturating_mul(2).saturating_add(1);
    let mut heights: Vec<(Height, u64)> =
        live.iter().filter(|(who, _)| **who != me).map(|(who, at)| (*at, power(who))).collect();
    heights.sort_unstable();
    let mut heard = 0u64;
    for (at, power) in heights.into_iter().rev() {
        heard = heard.saturating_add(power);
        if heard >= need {
            // Only when we have caught up, so that `committee` is the one that votes there.
            return (at <= height).then(|| height.max(at).next().next());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use polity_constitution::Seat;

    use super::*;

    fn who(i: u8) -> Address {
        Address::repeat_byte(i)
    }

    /// Seats 1, 2, … with these powers; we are seat 1.
    fn floor(powers: &[u64], height: u64, live: &[(u8, u64)]) -> Option<u64> {
        let seat = |(i, power): (u8, &u64)| Seat {
            address: who(i),
            public_key: [2; 33],
            peer_key: [0; 32],
            peer_key_since: polity_primitives::Height::GENESIS,
            power: *power,
            weight: 1,
        };
        let committee = Committee::new((1u8..).zip(powers).map(seat).collect()).expect("seats");
        let live = live.iter().map(|(i, at)| (who(*i), Height(*at))).collect();
        live_floor(Height(height), &committee, &live, who(1)).map(|height| height.0)
    }

    #[test]
    fn it_waits_until_enough_others_are_heard_where_it_has_caught_up() {
        let four = [1, 1, 1, 1];
        assert_eq!(floor(&four, 10, &[]), None);
        assert_eq!(floor(&four, 10, &[(2, 10), (3, 10)]), None, "two of three needed");
        assert_eq!(floor(&four, 10, &[(2, 10), (3, 10), (1, 10)]), None, "its own old votes do not count");
        assert_eq!(floor(&four, 10, &[(2, 10), (3, 10), (4, 10)]), Some(12));
        assert_eq!(floor(&four, 10, &[(2, 10), (3, 9), (4, 10)]), Some(12), "one of them a height behind");
        assert_eq!(
            floor(&four, 10, &[(2, 90), (3, 90), (4, 90)]),
            None,
            "not caught up: another committee may vote there"
        );
        assert_eq!(
            floor(&four, 10, &[(2, 10), (3, 10), (4, 1_000_000)]),
            Some(12),
            "one liar does not lift it"
        );
        assert_eq!(floor(&[5, 1, 1], 10, &[]), Some(10), "a quorum alone");
        assert_eq!(
            floor(&[1, 1], 10, &[(2, 10)]),
            Some(12),
            "no fault is tolerated, one honest other is enough"
        );
        assert_eq!(
            floor(&[1, 9, 3, 3], 10, &[(2, 10), (3, 10)]),
            Some(12),
            "power counts, not heads: 12 of 16"
        );
        assert_eq!(floor(&[1, 9, 3, 3], 10, &[(2, 10)]), None, "9 of 16");
    }
}
