//! Committees by name: who has no part and why, and who cannot be spared.

use polity_primitives::U256;
use proptest::prelude::*;

use super::{
    seating::{any_candidates, any_settings},
    *,
};

proptest! {
    /// Whoever has no part, while somebody has, lacks something; whoever lacks nothing has a part.
    #[test]
    fn no_part_has_a_reason(settings in any_settings(), candidates in any_candidates()) {
        let Ok(roll) = Roll::of(&settings, &candidates) else { return Ok(()) };
        prop_assume!(roll.resort.is_none());
        // An office that nobody holds, or none who keeps the pledge, is everyone's.
        let held = |office: fn(&Candidate) -> bool| candidates.iter().any(office);
        let pledged = |c: &Candidate| c.pledged >= settings.incentive.pledge;
        let written = candidates.iter().any(|c| c.offices.writes && pledged(c));
        for candidate in &candidates {
            let part = roll.part(&candidate.member);
            let vacant = matches!(settings.write, WriteRight::Delegation { .. }) && !written;
            if !vacant {
                prop_assert_eq!(part.weight == 0, lacks_to_write(&settings, candidate).is_some());
            }
            let vacant_too = match settings.verification {
                Verification::All => vacant,
                Verification::Delegates { .. } => !held(|c| c.offices.verifies),
                Verification::Supervisors { .. } => false,
            };
            if !vacant_too {
                prop_assert_eq!(part.power == 0, lacks_to_verify(&settings, candidate).is_some());
            }
        }
    }
}

#[test]
fn one_of_three_cannot_be_spared_and_one_of_four_can() {
    let roll = |count: u16| {
        Roll::of(&Settings::default(), &(0..count).map(plain).collect::<Vec<_>>()).expect("a roll")
    };
    assert!(roll(3).indispensable().is_some());
    assert!(roll(4).indispensable().is_none());
}

#[test]
fn a_third_of_the_stake_cannot_be_spared() {
    let settings = Settings { write: WriteRight::Stake { min: U256::from(1) }, ..Settings::default() };
    let roll = |stakes: &[u64]| {
        let with = |(i, stake): (u16, &u64)| Candidate { stake: U256::from(*stake), ..plain(i) };
        Roll::of(&settings, &(0..).zip(stakes).map(with).collect::<Vec<_>>()).expect("a roll")
    };
    assert_eq!(
        roll(&[34, 33, 33]).indispensable().map(|(who, power)| (who.to_owned(), power)),
        Some(("m0".into(), 34))
    );
    assert_eq!(roll(&[33, 33, 33, 1]).indispensable(), None);
}
