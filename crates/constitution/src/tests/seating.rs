//! Who has a seat, with what power and weight.

use polity_primitives::U256;

use super::*;

fn wei(units: u64) -> U256 {
    U256::from(units) * U256::from(10u8).pow(U256::from(18u8))
}

fn bonded(i: u16, units: u64) -> Candidate {
    Candidate { pledged: wei(units), stake: wei(units), ..plain(i) }
}

fn holding(i: u16, offices: Offices) -> Candidate {
    Candidate { offices, ..plain(i) }
}

const WRITES: Offices = Offices { leads: false, writes: true, verifies: false };
const VERIFIES: Offices = Offices { leads: false, writes: false, verifies: true };

/// `(member, power, weight)` of each seat, by member.
fn seats(settings: &Settings, candidates: &[Candidate]) -> Vec<(String, u64, u64)> {
    let committee = committee(settings, candidates, B256::ZERO).expect("a committee");
    let name =
        |seat: &Seat| candidates.iter().find(|c| c.address == seat.address).expect("one").member.clone();
    let mut seats: Vec<_> = committee.seats().iter().map(|s| (name(s), s.power, s.weight)).collect();
    seats.sort();
    seats
}

fn check(settings: &Settings, candidates: &[Candidate], expected: &[(&str, u64, u64)]) {
    let expected: Vec<_> = expected.iter().map(|(m, p, w)| ((*m).to_owned(), *p, *w)).collect();
    assert_eq!(seats(settings, candidates), expected);
}

fn stake(min: u64) -> Settings {
    Settings { write: WriteRight::Stake { min: wei(min) }, ..Settings::default() }
}

fn supervised(write: WriteRight, members: &[&str]) -> Settings {
    let members = members.iter().map(|id| (*id).to_owned()).collect();
    Settings { write, verification: Verification::Supervisors { members }, ..Settings::default() }
}

#[test]
fn members_sit_equally() {
    check(&Settings::default(), &[bonded(0, 9), bonded(1, 0)], &[("m0", 1, 1), ("m1", 1, 1)]);
}

#[test]
fn supervisors_vote_and_the_others_write() {
    let four = [plain(0), plain(1), plain(2), plain(3)];
    let expected = [("m0", 0, 1), ("m1", 1, 1), ("m2", 0, 1), ("m3", 1, 1)];
    check(&supervised(WriteRight::default(), &["m1", "m3"]), &four, &expected);
    let staked = [bonded(0, 4), plain(1), bonded(2, 4)];
    let both = WriteRight::Stake { min: wei(1) };
    let found = seats(&supervised(both, &["m1"]), &staked);
    let weight = found[0].2;
    assert_eq!(found, [("m0".into(), 0, weight), ("m1".into(), 1, 0), ("m2".into(), 0, weight)]);
    assert!(weight > 0, "who only verifies never proposes, and who only writes never votes");
}

#[test]
fn delegates_verify_by_their_chamber() {
    let verification = Verification::Delegates { chamber: "verifiers".into() };
    let settings = Settings { verification, ..Settings::default() };
    let elected = [holding(0, VERIFIES), plain(1), holding(2, VERIFIES)];
    check(&settings, &elected, &[("m0", 1, 1), ("m1", 0, 1), ("m2", 1, 1)]);
    let before = [plain(0), plain(1)];
    check(&settings, &before, &[("m0", 1, 1), ("m1", 1, 1)]);
}

#[test]
fn the_elected_few_take_turns() {
    let write = WriteRight::Delegation { seats: 2, term: 60, chamber: None };
    let settings = Settings { write, ..Settings::default() };
    let term = [holding(0, WRITES), bonded(1, 99), holding(2, WRITES)];
    check(&settings, &term, &[("m0", 1, 1), ("m2", 1, 1)]);
    check(&settings, &[plain(0), plain(1)], &[("m0", 1, 1), ("m1", 1, 1)]);
    let verification = Verification::Delegates { chamber: "verifiers".into() };
    let apart = Settings { verification, ..settings };
    check(&apart, &[holding(0, WRITES), holding(1, VERIFIES), plain(2)], &[("m0", 0, 1), ("m1", 1, 0)]);
}

/// Those in office who do not keep the pledge leave the office to those who do, not to everyone.
#[test]
fn delegates_without_their_pledge_do_not_keep_the_others_from_writing() {
    let write = WriteRight::Delegation { seats: 2, term: 60, chamber: Some("delegates".into()) };
    let incentive = Incentive { pledge: wei(100), ..Incentive::default() };
    let settings = Settings { write, incentive, ..Settings::default() };
    let with = |i, units, offices| Candidate { offices, ..bonded(i, units) };
    let (short, kept, other) = (with(0, 99, WRITES), with(1, 100, WRITES), bonded(2, 100));
    check(&settings, &[short.clone(), kept, other.clone()], &[("m1", 1, 1)]);
    check(&settings, &[short, other, bonded(3, 99)], &[("m2", 1, 1)]);
}

#[test]
fn stake_votes_in_proportion_from_the_minimum_on() {
    let settings = stake(10);
    let staked = [bonded(0, 30), bonded(1, 9), bonded(2, 10)];
    let found = seats(&settings, &staked);
    assert_eq!(found.len(), 2, "below the minimum there is no seat: {found:?}");
    let (large, small) = (&found[0], &found[1]);
    assert_eq!((large.1, small.1), (large.2, small.2), "power and weight are the same stake");
    assert!(large.1.abs_diff(small.1 * 3) <= 3, "{found:?}");
    assert_eq!(small.1, POWER_SCALE / 4);
}

#[test]
fn small_stakes_are_not_scaled() {
    let candidate = |i, stake: u64| Candidate { stake: U256::from(stake), ..plain(i) };
    let settings = Settings { write: WriteRight::Stake { min: U256::ZERO }, ..Settings::default() };
    check(&settings, &[candidate(0, 7), candidate(1, 3), candidate(2, 0)], &[("m0", 7, 7), ("m1", 3, 3)]);
}

#[test]
fn who_has_not_pledged_has_no_seat() {
    let incentive = Incentive { pledge: wei(100), ..Incentive::default() };
    let settings = Settings { incentive, ..Settings::default() };
    check(&settings, &[bonded(0, 100), bonded(1, 99), bonded(2, 500)], &[("m0", 1, 1), ("m2", 1, 1)]);
    // A delegated stake is no pledge: it is others' money.
    let delegated = Candidate { pledged: wei(1), stake: wei(900), ..plain(3) };
    check(&settings, &[bonded(0, 100), delegated], &[("m0", 1, 1)]);
}

#[test]
fn a_change_that_leaves_nobody_is_refused_with_the_arithmetic() {
    let refused = |settings: &Settings, candidates: &[Candidate]| {
        let error = seated(settings, candidates, B256::ZERO).expect_err("refused");
        let fallback = committee(settings, candidates, B256::ZERO);
        assert_eq!(fallback.is_ok(), !candidates.is_empty(), "a chain that is there already goes on");
        error.to_string()
    };
    let poor = [bonded(0, 99), bonded(1, 0)];
    let pledge = Incentive { pledge: wei(100), ..Incentive::default() };
    assert_eq!(
        refused(&Settings { incentive: pledge, ..Settings::default() }, &poor),
        "nobody would remain who writes: of 2 members that may validate none has bonded the pledge of \
         100000000000000000000 wei (the most is 99000000000000000000 wei): the chain could not decide another block"
    );
    assert!(refused(&stake(100), &poor).contains("none has a stake of 100000000000000000000 wei"));
    let strangers = refused(&supervised(WriteRight::default(), &["un", "wwf"]), &poor);
    assert!(strangers.contains("none of the 2 supervisors is among the 2 members"), "{strangers}");
    assert!(refused(&Settings::default(), &[]).contains("of 0 members"));
    check(&stake(100), &poor, &[("m0", 1, 1), ("m1", 1, 1)]);
}

#[test]
fn a_committee_is_bounded() {
    let many: Vec<_> = (0..=u16::try_from(MEMBERS_MAX).expect("few")).map(plain).collect();
    let settings = Settings::default();
    assert_eq!(committee(&settings, &many, B256::ZERO), Err(CommitteeError::TooMany(MEMBERS_MAX + 1)));
    let rich: Vec<_> = (0..u16::try_from(MEMBERS_MAX).expect("few"))
        .map(|i| Candidate { stake: U256::MAX, ..plain(i) })
        .collect();
    let full = committee(&stake(1), &rich, B256::ZERO).expect("4096 seats of all the wei there can be");
    assert!(full.total_power() <= POWER_SCALE + MEMBERS_MAX as u64);
}

pub(super) fn any_settings() -> impl Strategy<Value = Settings> {
    let write = prop_oneof![
        Just(WriteRight::Membership { primary: Primary::Rotation }),
        Just(WriteRight::Membership { primary: Primary::Random }),
        Just(WriteRight::Membership { primary: Primary::Elected { chamber: "c".into() } }),
        Just(WriteRight::Membership {
            primary: Primary::Appointed { order: vec!["m3".into(), "m1".into()] }
        }),
        (0u64..5).prop_map(|min| WriteRight::Stake { min: U256::from(min) }),
        Just(WriteRight::Delegation { seats: 3, term: 60, chamber: None }),
    ];
    let verification = prop_oneof![
        Just(Verification::All),
        Just(Verification::Delegates { chamber: "c".into() }),
        Just(Verification::Supervisors { members: vec!["m0".into(), "m2".into()] }),
    ];
    (write, verification, 0u8..3).prop_map(|(write, verification, pledge)| {
        let incentive = Incentive { pledge: U256::from(pledge), ..Incentive::default() };
        Settings { write, incentive, verification }
    })
}

pub(super) fn any_candidates() -> impl Strategy<Value = Vec<Candidate>> {
    let amount = prop_oneof![
        Just(U256::ZERO),
        (0u64..10).prop_map(U256::from),
        any::<[u64; 4]>().prop_map(U256::from_limbs),
        Just(U256::MAX),
    ];
    let offices =
        any::<[bool; 3]>().prop_map(|[leads, writes, verifies]| Offices { leads, writes, verifies });
    prop::collection::vec((amount.clone(), amount, offices), 1..40).prop_map(|list| {
        let candidate = |(i, (pledged, stake, offices))| Candidate { pledged, stake, offices, ..plain(i) };
        (0u16..).zip(list).map(candidate).collect()
    })
}

proptest! {
    #[test]
    fn powers_never_overflow_and_no_stake_is_powerless(candidates in any_candidates()) {
        let settings = Settings { write: WriteRight::Stake { min: U256::from(1u8) }, ..Settings::default() };
        let committee = committee(&settings, &candidates, B256::ZERO).expect("a committee");
        prop_assert!(committee.total_power().checked_mul(3).is_some());
        prop_assert!(committee.total_power() <= POWER_SCALE + MEMBERS_MAX as u64);
        for candidate in candidates.iter().filter(|candidate| !candidate.stake.is_zero()) {
            prop_assert!(committee.seat(&candidate.address).is_some_and(|seat| seat.power > 0));
        }
        // Who has more stake never has less power.
        for a in &candidates {
            for b in candidates.iter().filter(|b| a.stake <= b.stake) {
                let power = |c: &Candidate| committee.seat(&c.address).map_or(0, |seat| seat.power);
                prop_assert!(power(a) <= power(b));
            }
        }
    }

    #[test]
    fn the_order_of_candidates_does_not_matter(
        settings in any_settings(),
        (candidates, shuffled) in any_candidates().prop_flat_map(|c| (Just(c.clone()), Just(c).prop_shuffle())),
        seed in any::<[u8; 32]>(),
        height in any::<u64>(),
        round in 0u32..100,
    ) {
        let seed = B256::from(seed);
        let (one, other) = (committee(&settings, &candidates, seed), committee(&settings, &shuffled, seed));
        prop_assert_eq!(&one, &other);
        let (one, other) = (one.expect("seats"), other.expect("seats"));
        prop_assert_eq!(one.proposer(Height(height), round), other.proposer(Height(height), round));
    }

    #[test]
    fn any_two_quorums_share_more_than_a_third(settings in any_settings(), candidates in any_candidates(), by in any::<u64>()) {
        let committee = committee(&settings, &candidates, B256::ZERO).expect("a committee");
        // The worst two quorums: one from each end of the seats in some order, as few as suffice.
        let mut seats: Vec<_> = committee.seats().to_vec();
        seats.rotate_left(usize::try_from(by).unwrap_or(0) % committee.seats().len());
        let quorum_of = |seats: &mut dyn Iterator<Item = &Seat>| {
            let mut power = 0;
            seats.take_while(|seat| { let more = power < committee.quorum(); power += seat.power; more })
                .map(|seat| seat.address).collect::<Vec<_>>()
        };
        let (one, other) = (quorum_of(&mut seats.iter()), quorum_of(&mut seats.iter().rev()));
        let shared: u64 = seats.iter().filter(|s| one.contains(&s.address) && other.contains(&s.address)).map(|s| s.power).sum();
        prop_assert!(u128::from(shared) * 3 > u128::from(committee.total_power()), "{shared} of {}", committee.total_power());
    }
}
