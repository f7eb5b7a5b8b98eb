//! Amendments of consensus: judged by who would sit, in force from a named height, one at a time.

use polity_constitution::{EngineKind, WriteRight};

use super::{
    super::{IConstitution as sol, *},
    amend,
    scene::*,
};
use crate::assembly::tests::{CHARTER, Chain, DAY};

const STAKE: &str = "set consensus.write = { by = \"stake\", min = \"200 wei\" }";
const LIABLE: &str = "set consensus.incentive = { unbonding = \"7d\", slash = { double_sign = \"1/2\" } }";
pub(super) const WORK: &str =
    "set consensus.write = { by = \"work\", interval = \"15s\", confirmations = 6 }";
pub(super) const ROTATION: &str = "set consensus.write = { by = \"membership\", primary = \"rotation\" }";

pub(super) fn wall() -> Chain {
    let clock = "mode       = \"replay\"\nstart      = 2020-01-01\nstep       = \"1d\"";
    assert!(CHARTER.contains(clock));
    Chain::new(&CHARTER.replace(clock, "mode = \"wall\""))
}

#[test]
fn stake_without_stakes_is_refused_with_the_arithmetic() {
    let mut chain = wall();
    let problem = amend(&mut chain, &[STAKE, LIABLE]).expect_err("nobody bonded");
    assert!(
        problem.contains("of 5 members that may validate none has a stake of 200 wei")
            && problem.contains("the most are 0 wei and 0 wei"),
        "{problem}"
    );
    pay(&mut chain, holder("AAA"), 199, &sol::bondCall {}).expect("bonds");
    let problem = amend(&mut chain, &[STAKE, LIABLE]).expect_err("too little");
    assert!(problem.contains("the most are 199 wei and 199 wei"), "{problem}");
    pay(&mut chain, holder("AAA"), 1, &sol::bondCall {}).expect("bonds");
    amend(&mut chain, &[STAKE, LIABLE]).expect("somebody would write and verify");
}

#[test]
fn supervisors_who_may_not_validate_are_refused() {
    let mut chain = wall();
    for member in ["AAA", "BBB"] {
        let call = crate::registry::IRegistry::suspendCall { id: crate::assembly::tests::word(member) };
        chain.decide(polity_primitives::REGISTRY, &call);
    }
    let change = "set consensus.verification = { by = \"supervisors\", members = [\"AAA\", \"BBB\"] }";
    let problem = amend(&mut chain, &[change]).expect_err("voters without a vote");
    assert!(problem.contains("none of the 2 supervisors is among the 3 members"), "{problem}");
}

#[test]
fn a_change_of_consensus_holds_from_the_next_block_and_is_alone_in_its_own() {
    let mut chain = wall();
    pay(&mut chain, holder("AAA"), 500, &sol::bondCall {}).expect("bonds");
    let height = chain.memory.block.height;
    amend(&mut chain, &[STAKE, LIABLE]).expect("taken");
    let by = |height| consensus_at(&chain.memory, height).expect("ours").write;
    assert!(matches!(by(height), WriteRight::Membership { .. }));
    assert!(matches!(by(height + 1), WriteRight::Stake { .. }));
    assert_eq!((turn(&chain.memory), closing(&chain.memory)), (height + 1, (false, true, height + 1)));
    let told = events::<sol::ConsensusTurns>(&chain);
    assert_eq!(told.last().map(|event| event.height), Some(height + 1));
    let problem = amend(&mut chain, &[ROTATION, "set consensus.incentive = {}"]).expect_err("one at a time");
    assert!(problem.contains(&format!("under way until block {}", height + 1)), "{problem}");
    amend(&mut chain, &["set chambers.plenary.voting = \"8d\""]).expect("everything else may change");
    chain.next(DAY);
    amend(&mut chain, &[ROTATION, "set consensus.incentive = {}"]).expect("and back");
}

#[test]
fn leaving_work_waits_until_the_last_worked_block_is_buried() {
    let mut chain = wall();
    amend(&mut chain, &[WORK]).expect("taken");
    chain.next(15);
    let height = chain.memory.block.height;
    amend(&mut chain, &[ROTATION]).expect("taken");
    let engine = |height| consensus_at(&chain.memory, height).expect("ours").engine();
    for buried in 0..=6 {
        assert_eq!(engine(height + buried), EngineKind::Work, "{buried}");
    }
    assert_eq!((engine(height + 7), turn(&chain.memory)), (EngineKind::Bft, height + 7));
    for _ in 0..6 {
        chain.next(15);
        let problem = amend(&mut chain, &[WORK]).expect_err("on the way");
        assert!(problem.contains(&format!("under way until block {}", height + 7)), "{problem}");
    }
    chain.next(15);
    amend(&mut chain, &[WORK]).expect("arrived");
}

#[test]
fn delegates_are_there_from_the_first_block_of_their_rule() {
    let mut chain = wall();
    for (member, wei) in [("AAA", 10), ("BBB", 30), ("CCC", 20)] {
        pay(&mut chain, holder(member), wei, &sol::bondCall {}).expect("bonds");
    }
    amend(&mut chain, &["set consensus.write = { by = \"delegation\", seats = 2, term = \"7d\" }", LIABLE])
        .expect("taken");
    let (chosen, ends) = delegates(&chain.memory);
    assert_eq!((chosen, ends), (vec!["BBB".to_owned(), "CCC".to_owned()], chain.now() + 7 * DAY));
}
