//! Known theory is met by experiment. Seeds are fixed, so these pass always or never; intervals are such that all rows of a
//! table hold together with 99.9 %.

use polity_lab::experiment::{
    UNEQUAL, Z_95, Z_ALL, double_spend, exact, fair_from, grinding, poisson, revenue, selfish_mining,
    threshold, time_warp,
};

/// The table of §11 of the Bitcoin paper, and exact values computed as I_4pq(z, 1/2).
#[test]
fn theory_has_its_known_values() {
    for (q, z, expected) in [
        (0.1, 0, 1.0),
        (0.1, 1, 0.204_587_3),
        (0.1, 5, 0.000_913_7),
        (0.1, 10, 0.000_001_2),
        (0.3, 5, 0.177_352_3),
        (0.3, 10, 0.041_660_5),
    ] {
        assert!((poisson(q, z) - expected).abs() < 1e-7, "Poisson {q} {z}: {}", poisson(q, z));
    }
    for (q, z, expected) in [(0.1, 0, 1.0), (0.1, 1, 0.2), (0.1, 2, 0.056), (0.3, 1, 0.6), (0.3, 2, 0.432)] {
        assert!((exact(q, z) - expected).abs() < 1e-12, "exact {q} {z}: {}", exact(q, z));
    }
}

#[test]
fn the_experiment_meets_the_exact_result_and_not_its_approximation() {
    let table = double_spend(7, 10_000, &[0.1, 0.3], Z_ALL);
    assert_eq!(table.meets(), (true, false), "{table}");
    let table = double_spend(7, 10_000, &[0.1, 0.3], Z_95);
    let (exact, poisson) = table.misses();
    assert!(exact <= 4 && poisson > exact + 4, "{table}");
}

#[test]
fn the_closed_form_crosses_where_it_should() {
    for (gamma, share) in [(0.0, 1.0 / 3.0), (0.5, 0.25), (1.0, 0.0)] {
        assert!((fair_from(gamma) - share).abs() < 1e-12);
        assert!((revenue(share, gamma) - share).abs() < 1e-12);
    }
}

#[test]
fn the_experiment_meets_the_closed_form_and_crosses_fair_share() {
    let alphas = [0.2, 0.3, 0.36, 0.42];
    let table = selfish_mining(7, 24, 5_000, &alphas, &[0.0, 0.5], Z_ALL);
    for row in &table.rows {
        assert!(row.measured.holds(row.theory), "{row:?}\n{table}");
        assert!(row.measured.high - row.measured.low < 0.07, "too little is known: {row:?}");
    }
    for (gamma, theory, measured) in &table.crossings {
        assert!(measured.is_some_and(|at| (at - theory).abs() < 0.02), "{gamma}: {measured:?}, not {theory}");
    }
}

/// A third of the power, however many hold it: two of four with three tenths are harmless, and one with four tenths is not.
#[test]
fn a_third_is_where_it_ends() {
    let equal: [_; 2] = [(4, &[0][..], &[][..]), (4, &[0, 3], &[])];
    let unequal: [_; 3] = [(4, &[2][..], &UNEQUAL[..]), (4, &[1, 3], &UNEQUAL), (4, &[0], &UNEQUAL)];
    let table = threshold(7, 12, &[&equal[..], &unequal[..]].concat(), Z_95).expect("networks");
    assert!(table.holds(), "{table}");
    let powers: Vec<_> = table.rows.iter().map(|row| (row.villain_power, row.power, row.safe)).collect();
    assert_eq!(powers, [(1, 4, true), (2, 4, false), (30, 100, true), (30, 100, true), (40, 100, false)]);
    assert_eq!(table.rows[4].named_least, Some(40), "{table}");
}

/// Content and keys gain nothing, silence no more than theory allows and at the price of blocks; and the same experiment finds that
/// content gains where randomness is planted to be a hash of the block before.
#[test]
fn grinding_gains_what_theory_allows() {
    let table = grinding(7, 40).expect("ledgers");
    assert!(table.holds(), "{table}");
}

#[test]
fn false_timestamps_gain_seconds_once() {
    let table = time_warp(7, 20, 3_000, &[0.1, 0.3, 0.5]);
    assert!(table.holds(), "{table}");
}
