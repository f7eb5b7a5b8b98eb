//! Lots: what each member draws from a seed. The lowest lots have the seats.
//!
//! Without weights a lot is `keccak256(seed ‖ member)`: whoever knows the seed can check every lot with one hash, and every set of
//! members of the right size is as likely as any other.
//!
//! With weights a lot is −log₂(u) / weight, where u in (0, 1] is the upper half of the same hash. Taking the lowest ones is
//! drawing one after the other without putting back, each time in proportion to the weights that are left.
//! Source: Efraimidis and Spirakis, Weighted random sampling with a reservoir, Information Processing Letters 97 (2006) 181–185.
//! The logarithm is taken in whole numbers, to 64 binary places, so every node draws the same.

use alloy_primitives::{B256, U256, keccak256};

/// Bits of a lot that are kept; below them stands the place of the member that drew it.
pub(super) const PLACE_BITS: usize = 64;

/// The lot of `member`: a number of 192 bits. `None`: it weighs nothing and draws none.
pub(super) fn lot(seed: B256, member: B256, weight: Option<u128>) -> Option<U256> {
    let hash = keccak256([seed.as_slice(), member.as_slice()].concat());
    let hash = U256::from_be_bytes(hash.0);
    let lot = match weight {
        None => hash >> PLACE_BITS,
        Some(0) => return None,
        // 71 bits, moved up by 121, fill 192.
        Some(weight) => {
            (U256::from(minus_log2((hash >> 128usize).wrapping_to())) << 121usize) / U256::from(weight)
        }
    };
    Some(lot)
}

/// −log₂((n + 1) / 2¹²⁸). Units: 2⁻⁶⁴. Rounded up by less than a unit for each of 64 steps.
fn minus_log2(n: u128) -> u128 {
    const ONE: u128 = 1 << 64;
    let Some(x) = n.checked_add(1) else { return 0 };
    let whole = 127 - x.leading_zeros();
    // x / 2^whole in [1, 2), with 127 places.
    let mut mantissa = x << x.leading_zeros();
    let mut places: u128 = 0;
    for place in (0..64).rev() {
        let square = U256::from(mantissa) * U256::from(mantissa);
        // The square is in [1, 4) with 254 places.
        if square.bit(255) {
            places |= 1 << place;
            mantissa = (square >> 128usize).wrapping_to();
        } else {
            mantissa = (square >> 127usize).wrapping_to();
        }
    }
    128 * ONE - (u128::from(whole) * ONE + places)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seed(n: u64) -> B256 {
        let mut bytes = [0; 32];
        let [a, b, c, d, e, f, g, h] = n.to_be_bytes();
        bytes[24] = a;
        bytes[25] = b;
        bytes[26] = c;
        bytes[27] = d;
        bytes[28] = e;
        bytes[29] = f;
        bytes[30] = g;
        bytes[31] = h;
        B256::new(bytes)
    }

    /// Members 0, 1, … that have the `seats` lowest lots.
    fn draw(n: u64, weights: &[Option<u128>], seats: usize) -> Vec<usize> {
        let lots =
            weights.iter().enumerate().filter_map(|(i, w)| Some((lot(seed(n), seed(i as u64), *w)?, i)));
        let mut lots: Vec<_> = lots.collect();
        lots.sort_unstable();
        lots.into_iter().take(seats).map(|(_, i)| i).collect()
    }

    #[test]
    fn the_logarithm_is_exact_at_powers_of_two_and_near_them() {
        const ONE: u128 = 1 << 64;
        assert_eq!(minus_log2(u128::MAX), 0);
        for power in 0..128u32 {
            assert_eq!(minus_log2((1u128 << power) - 1), u128::from(128 - power) * ONE, "2^{power}");
        }
        // log₂(3/4) = -0.415037499278843818546261…, times 2^64.
        let exact: u128 = 7_656_090_530_189_244_513;
        let found = minus_log2((3u128 << 126) - 1);
        assert!(found >= exact - 1 && found - exact < 64, "{found}");
        // Close to one: -log₂(1 - 2^-20) = 1.375861…e-6.
        let found = minus_log2(u128::MAX - (1u128 << 108)) as f64 / ONE as f64;
        assert!((found - 1.375_861_0e-6).abs() < 1e-12, "{found}");
    }

    /// Chi-square of `counts` against probabilities `p` of `n` trials.
    fn chi_square(counts: &[u32], p: &[f64], n: f64) -> f64 {
        counts.iter().zip(p).map(|(c, p)| (f64::from(*c) - n * p).powi(2) / (n * p)).sum()
    }

    #[test]
    fn every_pair_is_as_likely_where_nobody_weighs_more() {
        const DRAWS: u64 = 20_000;
        let mut counts = [0u32; 10];
        let pairs: Vec<_> = (0..5usize).flat_map(|a| (a + 1..5).map(move |b| (a, b))).collect();
        for n in 0..DRAWS {
            let mut pair = draw(n, &[None; 5], 2);
            pair.sort_unstable();
            counts[pairs.iter().position(|p| *p == (pair[0], pair[1])).unwrap()] += 1;
        }
        let chi = chi_square(&counts, &[0.1; 10], DRAWS as f64);
        assert!(chi < 27.88, "99.9 % of 9 degrees of freedom: {chi} {counts:?}");
    }

    #[test]
    fn draws_follow_the_weights_that_are_left() {
        const DRAWS: u64 = 40_000;
        let weights = [Some(1), Some(2), Some(7), Some(0)];
        let mut counts = [0u32; 6];
        // Ordered pairs of (first, second) and their chances: w_a/10 × w_b/(10 − w_a).
        let pairs = [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)];
        let p = [0.1 * 2.0 / 9.0, 0.1 * 7.0 / 9.0, 0.2 / 8.0, 0.2 * 7.0 / 8.0, 0.7 / 3.0, 0.7 * 2.0 / 3.0];
        for n in 0..DRAWS {
            let pair = draw(n, &weights, 2);
            counts[pairs.iter().position(|p| *p == (pair[0], pair[1])).unwrap()] += 1;
        }
        let chi = chi_square(&counts, &p, DRAWS as f64);
        assert!(chi < 20.52, "99.9 % of 5 degrees of freedom: {chi} {counts:?}");
    }

    #[test]
    fn weights_of_any_size_draw_alike_in_proportion() {
        let large = [Some(u128::MAX / 8), Some(u128::MAX / 4)];
        let first = (0..10_000).filter(|n| draw(*n, &large, 1) == [0]).count();
        assert!((3_150..3_520).contains(&first), "a third of 10,000: {first}");
    }
}
