//! Standing without coin: what moves a score, what follows, who is spared.

use polity_constitution::Settings;
use polity_primitives::REGISTRY;

use super::{
    super::{IConstitution as sol, *},
    scene::*,
};
use crate::{
    assembly::tests::{Chain, DAY, word},
    registry::{self, IRegistry, Status},
};

fn coinless() -> Chain {
    let mut settings = Settings::default();
    settings.incentive.standing = Some(score());
    scene(&settings, &[])
}

fn status(chain: &Chain, member: &str) -> Status {
    registry::member(&chain.memory, member).expect("known").status
}

#[test]
fn writing_raises_to_the_cap_and_absence_suspends() {
    let mut chain = coinless();
    for _ in 0..9 {
        block(&mut chain, DAY, "AAA", &[]);
    }
    assert_eq!(standing(&chain, "AAA"), 5, "no further than the cap");
    block(&mut chain, DAY, "AAA", &["BBB"]);
    assert_eq!((standing(&chain, "BBB"), status(&chain, "BBB")), (-2, Status::Active));
    block(&mut chain, DAY, "AAA", &["BBB"]);
    assert_eq!((standing(&chain, "BBB"), status(&chain, "BBB")), (-4, Status::Suspended));
    let validators: Vec<_> = registry::validators(&chain.memory).into_iter().map(|v| v.id).collect();
    assert!(!validators.contains(&"BBB".to_owned()), "it writes and verifies no more");
    let vote = polity_charter::Rights::VOTE;
    assert!(!registry::rights_at(&chain.memory, "BBB", u64::MAX).contains(vote), "nor votes");
    let punished = events::<sol::Punished>(&chain);
    assert_eq!(punished.last().map(|p| (p.member, p.expelled)), Some((word("BBB"), false)));
}

#[test]
fn what_the_members_restore_stays_until_the_next_loss() {
    let mut chain = coinless();
    for _ in 0..2 {
        block(&mut chain, DAY, "AAA", &["BBB"]);
    }
    chain.decide(REGISTRY, &IRegistry::restoreCall { id: word("BBB") });
    block(&mut chain, DAY, "BBB", &[]);
    assert_eq!((standing(&chain, "BBB"), status(&chain, "BBB")), (-3, Status::Active));
    block(&mut chain, DAY, "AAA", &["BBB"]);
    assert_eq!(status(&chain, "BBB"), Status::Suspended);
    decide(&mut chain, &sol::adjustStandingCall { member: word("BBB"), by: 5 }).expect("decided");
    assert_eq!(
        (standing(&chain, "BBB"), status(&chain, "BBB")),
        (0, Status::Suspended),
        "a gain restores nothing"
    );
    let result = send(&mut chain, holder("BBB"), &sol::adjustStandingCall { member: word("BBB"), by: 5 });
    assert_eq!(refused(result), "NotByDecision");
    let result = decide(&mut chain, &sol::adjustStandingCall { member: word("NEW"), by: 5 });
    assert_eq!(refused(result), "NoCandidate");
}

#[test]
fn a_double_signer_is_suspended_at_once_and_expelled_below_the_lower_threshold() {
    let mut chain = coinless();
    for round in 0..5 {
        let evidence = votes(1, round, ("CCC", 1), ("CCC", 2)).into();
        send(&mut chain, holder("AAA"), &sol::accuseCall { evidence }).expect("proved");
        assert_eq!(status(&chain, "CCC"), Status::Suspended, "round {round}");
    }
    let evidence = votes(1, 5, ("CCC", 1), ("CCC", 2)).into();
    send(&mut chain, holder("AAA"), &sol::accuseCall { evidence }).expect("proved");
    assert_eq!((standing(&chain, "CCC"), status(&chain, "CCC")), (-600, Status::Expelled));
    assert!(registry::member(&chain.memory, "CCC").expect("known").node.is_none());
}

#[test]
fn no_rule_takes_the_last_validator_away() {
    let mut chain = coinless();
    for member in ["AAA", "BBB", "CCC", "DDD", "EEE"] {
        let evidence = votes(1, 0, (member, 1), (member, 2)).into();
        send(&mut chain, holder("ORG"), &sol::accuseCall { evidence }).expect("proved");
    }
    let validators: Vec<_> = registry::validators(&chain.memory).into_iter().map(|v| v.id).collect();
    assert_eq!(validators, ["EEE"], "the last stays");
    let spared = events::<sol::Spared>(&chain);
    let named: Vec<_> = spared.iter().map(|s| (s.member, crate::names::text(s.what))).collect();
    assert!(!named.is_empty() && named.iter().all(|named| *named == (word("EEE"), "suspension".to_owned())));
    assert_eq!(standing(&chain, "EEE"), -100);
}

#[test]
fn without_standing_there_is_no_score_to_move() {
    let mut chain = scene(&settings(), &["AAA"]);
    let result = decide(&mut chain, &sol::adjustStandingCall { member: word("AAA"), by: 1 });
    assert_eq!(refused(result), "NoStanding");
}

#[test]
fn turns_missed_in_a_row_are_downtime() {
    let mut chain = scene(&settings(), &["AAA", "BBB"]);
    for _ in 0..2 {
        block(&mut chain, DAY, "AAA", &["BBB"]);
    }
    block(&mut chain, DAY, "BBB", &[]);
    for _ in 0..2 {
        block(&mut chain, DAY, "AAA", &["BBB"]);
    }
    assert_eq!(stake(&chain, "BBB").pledged, U256::from(1_000), "never three in a row");
    block(&mut chain, DAY, "AAA", &["BBB"]);
    assert_eq!(stake(&chain, "BBB").pledged, U256::from(990));
    let offence = ask(&chain, &sol::offenceAtCall { index: U256::ZERO });
    assert_eq!((offence.kind, offence.member), (5, word("BBB")));
    assert_eq!(status(&chain, "BBB"), Status::Active, "downtime costs money, not the seat");
}

#[test]
fn a_block_has_its_accounts_once() {
    let mut chain = coinless();
    block(&mut chain, DAY, "AAA", &[]);
    let again = sol::closeCall { writer: node("AAA"), missed: vec![] };
    assert_eq!(refused(send(&mut chain, polity_primitives::SYSTEM, &again)), "AlreadyClosed");
}
