//! Who proposes: proportion, order, and that nobody who may write waits for ever.

use polity_primitives::{U256, keccak256};

use super::*;

/// Critical values of chi-square at 0.1 % for 1 to 9 degrees of freedom. Source: any table; NIST/SEMATECH e-Handbook 1.3.6.7.4.
const CHI_SQUARE: [f64; 9] = [10.828, 13.816, 16.266, 18.467, 20.515, 22.458, 24.322, 26.124, 27.877];

/// Randomness as a chain of blocks has it: each seed follows from the one before.
fn seeds(count: usize, from: &str) -> impl Iterator<Item = B256> {
    core::iter::successors(Some(keccak256(from)), |seed| Some(keccak256(seed))).take(count)
}

fn with_stakes(stakes: &[u64]) -> Vec<Candidate> {
    let unit = U256::from(10u8).pow(U256::from(18u8));
    (0u16..).zip(stakes).map(|(i, s)| Candidate { stake: U256::from(*s) * unit, ..plain(i) }).collect()
}

/// The chi-square statistic of who proposes in `round`, over `count` blocks.
fn chi_square(
    settings: &Settings,
    candidates: &[Candidate],
    shares: &[u64],
    round: u32,
    count: usize,
) -> f64 {
    let committee = committee(settings, candidates, B256::ZERO).expect("a committee");
    let mut seen = vec![0u64; candidates.len()];
    for (height, seed) in (1u64..).zip(seeds(count, "polity")) {
        let who = committee.reseeded(seed).proposer(Height(height), round).address;
        let at = candidates.iter().position(|candidate| candidate.address == who).expect("a candidate");
        seen[at] += 1;
    }
    let total: u64 = shares.iter().sum();
    let part = |(seen, share): (&u64, &u64)| {
        let expected = count as f64 * *share as f64 / total as f64;
        (*seen as f64 - expected).powi(2) / expected
    };
    seen.iter().zip(shares).map(part).sum()
}

#[test]
fn stake_proposes_in_proportion() {
    let settings = Settings { write: WriteRight::Stake { min: U256::ZERO }, ..Settings::default() };
    let stakes = [1, 2, 3, 4, 10, 30, 50];
    let candidates = with_stakes(&stakes);
    for round in 0..ROUNDS_DRAWN {
        let found = chi_square(&settings, &candidates, &stakes, round, 20_000);
        assert!(found < CHI_SQUARE[5], "round {round}: chi-square {found} of 6 degrees");
    }
    // The test has teeth: the same draws do not fit equal shares, nor slightly other stakes.
    assert!(chi_square(&settings, &candidates, &[1; 7], 0, 20_000) > CHI_SQUARE[5]);
    assert!(chi_square(&settings, &candidates, &[1, 2, 3, 4, 10, 33, 47], 0, 20_000) > CHI_SQUARE[5]);
}

#[test]
fn a_random_primary_is_drawn_evenly() {
    let write = WriteRight::Membership { primary: Primary::Random };
    let settings = Settings { write, ..Settings::default() };
    let candidates = with_stakes(&[0, 5, 0, 9, 0]);
    let found = chi_square(&settings, &candidates, &[1; 5], 0, 20_000);
    assert!(found < CHI_SQUARE[3], "chi-square {found} of 4 degrees");
}

#[test]
fn rounds_of_a_height_are_drawn_apart() {
    let write = WriteRight::Membership { primary: Primary::Random };
    let settings = Settings { write, ..Settings::default() };
    let committee = committee(&settings, &with_stakes(&[0; 4]), B256::ZERO).expect("a committee");
    let same = (1u64..)
        .zip(seeds(4_000, "apart"))
        .filter(|(height, seed)| {
            let committee = committee.reseeded(*seed);
            committee.proposer(Height(*height), 0) == committee.proposer(Height(*height), 1)
        })
        .count();
    // One in four by chance: 1,000 with a standard deviation of 27.
    assert!((890..1_110).contains(&same), "{same} of 4000");
}

/// A member exchanges its consensus key when it likes; nobody's turn moves.
#[test]
fn keys_do_not_move_turns() {
    let chamber = || "presidency".to_owned();
    for write in [
        WriteRight::Membership { primary: Primary::Rotation },
        WriteRight::Membership { primary: Primary::Random },
        WriteRight::Membership { primary: Primary::Elected { chamber: chamber() } },
        WriteRight::Stake { min: U256::ZERO },
    ] {
        let settings = Settings { write, ..Settings::default() };
        let turns = |address: Option<u8>| -> Vec<String> {
            let mut candidates = with_stakes(&[5, 3, 8, 2, 6]);
            candidates[1].offices.leads = true;
            candidates[3].offices.leads = true;
            if let Some(byte) = address {
                candidates[3].address = Address::repeat_byte(byte);
            }
            let committee = committee(&settings, &candidates, B256::repeat_byte(9)).expect("a committee");
            let turn = |(height, round)| committee.proposer(Height(height), round).address;
            let at = (1..8).flat_map(|height| (0..5).map(move |round| (height, round)));
            let name = |who| candidates.iter().find(|c| c.address == who).expect("one").member.clone();
            at.map(turn).map(name).collect()
        };
        for byte in [0, 1, 90, 200, 255] {
            assert_eq!(turns(Some(byte)), turns(None), "{settings:?}");
        }
    }
}

#[test]
fn the_elected_and_the_appointed_lead() {
    let names = |write: WriteRight, leads: &[u16], height: u64, rounds: u32| -> Vec<String> {
        let candidates: Vec<_> = (0..4)
            .map(|i| {
                let offices = Offices { leads: leads.contains(&i), ..Offices::default() };
                Candidate { offices, ..plain(i) }
            })
            .collect();
        let settings = Settings { write, ..Settings::default() };
        let committee = committee(&settings, &candidates, B256::ZERO).expect("a committee");
        let name = |address| candidates.iter().find(|c| c.address == address).expect("one").member.clone();
        (0..rounds).map(|round| name(committee.proposer(Height(height), round).address)).collect()
    };
    let elected = || WriteRight::Membership { primary: Primary::Elected { chamber: "presidency".into() } };
    let appointed = |order: &[&str]| WriteRight::Membership {
        primary: Primary::Appointed { order: order.iter().map(|id| (*id).to_owned()).collect() },
    };
    for height in [8, 9] {
        assert_eq!(names(elected(), &[2], height, 1), ["m2"], "one president leads every block");
        assert_eq!(names(appointed(&["m3", "m1"]), &[], height, 2), ["m3", "m1"]);
    }
    assert_eq!(names(elected(), &[1, 2], 8, 6), ["m1", "m2", "m2", "m3", "m0", "m1"]);
    assert_eq!(names(elected(), &[1, 2], 9, 2), ["m2", "m1"], "two presidents take turns");
    assert_eq!(names(elected(), &[], 8, 2), ["m0", "m1"], "while nobody is elected all take turns");
    assert_eq!(names(appointed(&["m9", "m3"]), &[], 8, 2), ["m3", "m1"], "who is no member is passed over");
}

proptest! {
    #[test]
    fn everyone_who_may_write_has_a_turn(
        stakes in prop::collection::vec(0u64..1_000_000, 1..30),
        leads in 0u16..30,
        which in 0usize..5,
        height in any::<u64>(),
        seed in any::<[u8; 32]>(),
    ) {
        let order = vec![format!("m{leads}"), "m0".to_owned()];
        let write = [
            WriteRight::Membership { primary: Primary::Rotation },
            WriteRight::Membership { primary: Primary::Random },
            WriteRight::Membership { primary: Primary::Elected { chamber: "c".into() } },
            WriteRight::Membership { primary: Primary::Appointed { order } },
            WriteRight::Stake { min: U256::from(1u8) },
        ][which].clone();
        let mut candidates = with_stakes(&stakes);
        if let Some(candidate) = candidates.get_mut(usize::from(leads)) {
            candidate.offices.leads = true;
        }
        let settings = Settings { write, ..Settings::default() };
        let committee = committee(&settings, &candidates, seed.into()).expect("a committee");
        let waiting = committee.seats().iter().filter(|seat| seat.weight > 0).map(|seat| seat.address);
        let mut waiting: std::collections::BTreeSet<_> = waiting.collect();
        for round in 0..committee.rounds_for_all() {
            let seat = committee.proposer(Height(height), round);
            prop_assert!(seat.weight > 0, "who may not write never proposes");
            waiting.remove(&seat.address);
        }
        prop_assert!(waiting.is_empty(), "{waiting:?} never had a turn");
        prop_assert!(committee.rounds_for_all() as usize <= committee.seats().len() * 2 + 3);
    }
}
