//! Bonds, delegations and rewards: who may, what each is worth, what comes back.

use alloy_primitives::Address;
use polity_constitution::{FeesTo, Forfeited, Settings, Verification, WriteRight};
use polity_primitives::TREASURY;

use super::{
    super::{IConstitution as sol, *},
    scene::*,
};
use crate::{
    assembly::tests::{Chain, DAY, word},
    registry::IRegistry,
    treasury,
};

const GUEST: Address = Address::repeat_byte(0x67);

#[test]
fn a_bond_comes_back_after_its_time_and_to_the_wei() {
    let mut chain = scene(&settings(), &["AAA"]);
    pay(&mut chain, holder("BBB"), 500, &sol::bondCall {}).expect("bonds");
    assert_eq!(stake(&chain, "BBB").pledged, U256::from(500));
    let before = chain.memory.balance_of(holder("BBB"));
    let id = send(&mut chain, holder("BBB"), &sol::unbondCall { amount: U256::from(500) }).expect("unbonds");
    assert_eq!((stake(&chain, "BBB").total, stake(&chain, "BBB").leaving), (U256::ZERO, U256::from(500)));
    // Its money is at stake until it is paid, so it stays in the list of what is.
    let listed = |chain: &Chain| bonds(&chain.memory).into_iter().find(|bond| bond.member == "BBB");
    let bond = listed(&chain).expect("still liable");
    let until = chain.memory.block.timestamp_secs + 7 * DAY;
    assert_eq!((bond.total, bond.leaving, bond.leaving_until), (U256::ZERO, U256::from(500), Some(until)));
    chain.next(7 * DAY - 1);
    assert_eq!(refused(send(&mut chain, GUEST, &sol::releaseCall { id })), "NotYet");
    chain.next(1);
    send(&mut chain, GUEST, &sol::releaseCall { id }).expect("anyone may");
    assert_eq!(chain.memory.balance_of(holder("BBB")) - before, U256::from(500));
    assert_eq!(refused(send(&mut chain, GUEST, &sol::releaseCall { id })), "AlreadyReleased", "once");
    assert_eq!(listed(&chain), None, "nothing is at stake any more");
    assert_eq!(refused(send(&mut chain, GUEST, &sol::releaseCall { id: U256::from(9) })), "UnknownUnbonding");
}

#[test]
fn a_pledge_below_the_minimum_is_refused() {
    let mut chain = scene(&settings(), &["AAA"]);
    assert_eq!(refused(pay(&mut chain, holder("BBB"), 99, &sol::bondCall {})), "BelowPledge");
    pay(&mut chain, holder("BBB"), 100, &sol::bondCall {}).expect("enough");
    let unbond = |amount: u64| sol::unbondCall { amount: U256::from(amount) };
    assert_eq!(refused(send(&mut chain, holder("BBB"), &unbond(1))), "BelowPledge");
    assert_eq!(refused(send(&mut chain, holder("BBB"), &unbond(101))), "BadAmount");
    send(&mut chain, holder("BBB"), &unbond(100)).expect("everything may go");
    let short = events::<sol::PledgeShort>(&chain);
    assert_eq!(short.last().map(|event| event.member), Some(word("BBB")), "the loss of the seat is told");
}

#[test]
fn only_those_concerned_may() {
    let mut chain = scene(&settings(), &["AAA"]);
    assert_eq!(refused(pay(&mut chain, GUEST, 500, &sol::bondCall {})), "NotAMember");
    assert_eq!(refused(pay(&mut chain, holder("ORG"), 500, &sol::bondCall {})), "NoCandidate");
    assert_eq!(refused(pay(&mut chain, holder("AAA"), 0, &sol::bondCall {})), "NothingBonded");
    let to = |member: &str| sol::delegateCall { candidate: word(member) };
    assert_eq!(refused(pay(&mut chain, GUEST, 500, &to("ORG"))), "NoCandidate");
    assert_eq!(refused(pay(&mut chain, holder("AAA"), 500, &to("AAA"))), "NoCandidate");
    pay(&mut chain, GUEST, 500, &to("AAA")).expect("anyone may trust a candidate");
    let mut chain = scene(&Settings::default(), &[]);
    pay(&mut chain, holder("AAA"), 500, &sol::bondCall {})
        .expect("before stake counts, somebody has to have it");
    for who in [GUEST, holder("AAA"), polity_primitives::AGREEMENT] {
        let call = sol::closeCall { writer: node("AAA"), missed: vec![] };
        assert_eq!(refused(send(&mut chain, who, &call)), "NotBySystem");
    }
}

#[test]
fn rewards_go_by_stake_to_all_who_trusted_and_are_paid_once() {
    let mut chain = scene(&settings(), &["AAA"]);
    pay(&mut chain, GUEST, 3_000, &sol::delegateCall { candidate: word("AAA") }).expect("delegates");
    block(&mut chain, DAY, "AAA", &[]);
    // 1000 wei over 1000 of its own and 3000 delegated.
    let of = |holder: B256| sol::delegationOfCall { candidate: word("AAA"), holder };
    assert_eq!(ask(&chain, &of(word("AAA"))).rewards, U256::from(250));
    assert_eq!(ask(&chain, &of(GUEST.into_word())).rewards, U256::from(750));
    let claim = sol::claimCall { candidate: word("AAA") };
    assert_eq!(send(&mut chain, GUEST, &claim).expect("claims"), U256::from(750));
    assert_eq!(chain.memory.balance_of(GUEST), U256::from(750));
    assert_eq!(refused(send(&mut chain, GUEST, &claim)), "NothingToClaim");
    // Whoever comes later has no part in what was earned before.
    pay(&mut chain, holder("CCC"), 4_000, &sol::delegateCall { candidate: word("AAA") }).expect("delegates");
    assert_eq!(ask(&chain, &of(word("CCC"))).rewards, U256::ZERO);
    block(&mut chain, DAY, "AAA", &[]);
    assert_eq!(ask(&chain, &of(word("CCC"))).rewards, U256::from(500));
}

#[test]
fn a_writer_without_a_bond_is_paid_itself() {
    let mut free = settings();
    free.incentive.pledge = U256::ZERO;
    let mut chain = scene(&free, &[]);
    block(&mut chain, DAY, "DDD", &[]);
    let claim = sol::claimCall { candidate: word("DDD") };
    assert_eq!(send(&mut chain, holder("DDD"), &claim).expect("claims"), U256::from(1_000));
}

#[test]
fn tips_go_where_the_charter_says() {
    for (fees, writer, common) in
        [(FeesTo::Writer, 2_000, 0), (FeesTo::Treasury, 1_000, 1_000), (FeesTo::Burn, 1_000, 0)]
    {
        let mut settings = settings();
        settings.incentive.fees = fees;
        settings.incentive.account = Some("common".to_owned());
        let mut chain = scene(&settings, &["AAA"]);
        let before = (treasury::balance_of(&chain.memory, "common").expect("open"), supply(&chain));
        // As execution pays them in.
        chain.memory.mint(CONSTITUTION, U256::from(1_000));
        block(&mut chain, DAY, "AAA", &[]);
        let rewards =
            ask(&chain, &sol::delegationOfCall { candidate: word("AAA"), holder: word("AAA") }).rewards;
        assert_eq!(rewards, U256::from(writer), "{fees:?}");
        let after = treasury::balance_of(&chain.memory, "common").expect("open");
        assert_eq!(after - before.0, U256::from(common), "{fees:?}");
        let burnt = if fees == FeesTo::Burn { 1_000 } else { 0 };
        assert_eq!(supply(&chain) - before.1, U256::from(2_000 - burnt), "{fees:?}");
        assert_eq!(ask(&chain, &sol::supplyCall {}).burnt, U256::from(burnt));
    }
    let mut settings = settings();
    settings.incentive.fees = FeesTo::Treasury;
    settings.incentive.account = Some("nobody-opened-it".to_owned());
    let mut chain = scene(&settings, &["AAA"]);
    chain.memory.mint(CONSTITUTION, U256::from(1_000));
    block(&mut chain, DAY, "AAA", &[]);
    let held = chain.memory.balance_of(TREASURY) - treasury::total(&chain.memory);
    assert_eq!(held, U256::from(1_000), "kept for the members to attribute");
}

#[test]
fn vesting_pays_late_and_is_at_stake_until_then() {
    let mut settings = settings();
    settings.incentive.vesting = 30 * DAY;
    let mut chain = scene(&settings, &["AAA", "BBB"]);
    block(&mut chain, DAY, "AAA", &[]);
    assert_eq!(stake(&chain, "AAA").vesting, U256::from(1_000));
    let claim = sol::claimCall { candidate: word("AAA") };
    assert_eq!(refused(send(&mut chain, holder("AAA"), &claim)), "NothingToClaim");
    let height = chain.memory.block.height;
    let accuse = sol::accuseCall { evidence: votes(height, 0, ("AAA", 1), ("AAA", 2)).into() };
    send(&mut chain, GUEST, &accuse).expect("proved");
    assert_eq!(stake(&chain, "AAA").vesting, U256::from(500));
    chain.next(32 * DAY);
    assert_eq!(send(&mut chain, holder("AAA"), &claim).expect("vested"), U256::from(500));
    assert_eq!(stake(&chain, "AAA").vesting, U256::ZERO);
}

#[test]
fn buckets_stay_few_however_many_blocks() {
    let mut settings = settings();
    settings.incentive.vesting = 30 * DAY;
    let mut chain = scene(&settings, &["AAA"]);
    for _ in 0..2_000 {
        block(&mut chain, DAY / 12, "AAA", &[]);
    }
    // 166 days: what is older than 30, in whole buckets of a day, is shared out.
    let vesting = stake(&chain, "AAA").vesting;
    assert!(vesting >= U256::from(12_000 * 30) && vesting <= U256::from(12_000 * 32), "{vesting}");
}

#[test]
fn who_changes_waits_and_stays_liable() {
    let mut chain = scene(&settings(), &["AAA", "BBB", "CCC"]);
    pay(&mut chain, GUEST, 600, &sol::delegateCall { candidate: word("AAA") }).expect("delegates");
    let call = sol::redelegateCall { candidate: word("AAA"), to: word("BBB"), amount: U256::from(600) };
    let id = send(&mut chain, GUEST, &call).expect("changes");
    block(&mut chain, DAY, "CCC", &[]);
    let height = chain.memory.block.height;
    let accuse = sol::accuseCall { evidence: votes(height, 0, ("AAA", 1), ("AAA", 2)).into() };
    send(&mut chain, holder("CCC"), &accuse).expect("proved");
    chain.next(7 * DAY);
    send(&mut chain, GUEST, &sol::releaseCall { id }).expect("goes on");
    let of = sol::delegationOfCall { candidate: word("BBB"), holder: GUEST.into_word() };
    assert_eq!(ask(&chain, &of).amount, U256::from(300), "half was forfeited on the way");
    assert_eq!(stake(&chain, "BBB").total, U256::from(1_300));
}

#[test]
fn the_last_that_can_decide_keeps_its_bond() {
    let mut chain = scene(&settings(), &["AAA", "BBB"]);
    send(&mut chain, holder("BBB"), &sol::unbondCall { amount: U256::from(1_000) }).expect("one may go");
    let last = sol::unbondCall { amount: U256::from(1_000) };
    let result = chain.call(holder("AAA"), CONSTITUTION, &last).result;
    let Err(crate::Failure::Revert(output)) = result else { panic!("{result:?}") };
    let words = crate::assembly::explain(&output);
    assert!(words.contains("none has bonded the pledge of 100 wei"), "{words}");
    pay(&mut chain, holder("CCC"), 100, &sol::bondCall {}).expect("another");
    send(&mut chain, holder("AAA"), &last).expect("now it may");
}

#[test]
fn delegates_are_those_with_most_stake_and_sit_for_a_term() {
    let mut settings = settings();
    settings.write = WriteRight::Delegation { seats: 2, term: 10 * DAY, chamber: None };
    let mut chain = scene(&settings, &["AAA", "BBB", "CCC"]);
    let names = |chain: &crate::assembly::tests::Chain| -> Vec<String> {
        ask(chain, &sol::delegatesCall {}).members.into_iter().map(crate::names::text).collect()
    };
    assert_eq!(names(&chain), ["AAA", "BBB"], "equal stakes go by name");
    pay(&mut chain, GUEST, 5, &sol::delegateCall { candidate: word("CCC") }).expect("delegates");
    block(&mut chain, DAY, "AAA", &[]);
    assert_eq!(names(&chain), ["AAA", "BBB"], "not before the term ends");
    block(&mut chain, 10 * DAY, "AAA", &[]);
    assert_eq!(names(&chain), ["CCC", "AAA"]);
    let candidates = candidates(&chain.memory, &settings);
    let writes: Vec<_> = candidates.iter().filter(|c| c.offices.writes).map(|c| c.member.as_str()).collect();
    assert_eq!(writes, ["AAA", "CCC"]);
    let ccc = candidates.iter().find(|c| c.member == "CCC").expect("there");
    assert_eq!((ccc.pledged, ccc.stake), (U256::from(1_000), U256::from(1_005)));
}

#[test]
fn offices_are_those_of_the_chambers() {
    let verification = Verification::Delegates { chamber: "council".to_owned() };
    let settings = Settings { verification, ..Settings::default() };
    let chain = scene(&settings, &[]);
    let candidates = candidates(&chain.memory, &settings);
    let verifies: Vec<_> =
        candidates.iter().filter(|c| c.offices.verifies).map(|c| c.member.as_str()).collect();
    assert_eq!((candidates.len(), verifies), (5, vec!["AAA", "BBB", "CCC"]));
}

#[test]
fn what_is_forfeited_goes_where_the_charter_says() {
    for (forfeited, common, reporter, burnt) in
        [(Forfeited::Burn, 0, 0, 500), (Forfeited::Treasury, 500, 0, 0), (Forfeited::Reporter, 0, 25, 475)]
    {
        let mut settings = settings();
        settings.incentive.forfeited = forfeited;
        settings.incentive.share = polity_constitution::Share { num: 1, den: 20 };
        settings.incentive.account = Some("common".to_owned());
        let mut chain = scene(&settings, &["AAA", "BBB"]);
        let (before, all) = (treasury::balance_of(&chain.memory, "common").expect("open"), supply(&chain));
        let accuse = sol::accuseCall { evidence: votes(1, 0, ("AAA", 1), ("AAA", 2)).into() };
        send(&mut chain, GUEST, &accuse).expect("proved");
        let after = treasury::balance_of(&chain.memory, "common").expect("open");
        assert_eq!(after - before, U256::from(common), "{forfeited:?}");
        assert_eq!(chain.memory.balance_of(GUEST), U256::from(reporter), "{forfeited:?}");
        assert_eq!(all - supply(&chain), U256::from(burnt), "{forfeited:?}");
        let offence = ask(&chain, &sol::offenceAtCall { index: U256::ZERO });
        assert_eq!((offence.member, offence.forfeited), (word("AAA"), U256::from(500)));
    }
}

/// Else a candidate and its accomplice would share the money of those who trusted it.
#[test]
fn who_brings_evidence_is_paid_of_what_the_culprit_itself_lost() {
    let mut settings = settings();
    settings.incentive.forfeited = Forfeited::Reporter;
    settings.incentive.share = polity_constitution::Share { num: 1, den: 20 };
    let mut chain = scene(&settings, &["AAA", "BBB"]);
    pay(&mut chain, holder("CCC"), 9_000, &sol::delegateCall { candidate: word("AAA") }).expect("delegates");
    let all = supply(&chain);
    let accuse = sol::accuseCall { evidence: votes(1, 0, ("AAA", 1), ("AAA", 2)).into() };
    send(&mut chain, GUEST, &accuse).expect("proved");
    assert_eq!(stake(&chain, "AAA").pledged, U256::from(500));
    assert_eq!(chain.memory.balance_of(GUEST), U256::from(25), "a twentieth of 500");
    assert_eq!(all - supply(&chain), U256::from(4_975));
}

#[test]
fn who_accuses_itself_is_not_paid_for_it() {
    let mut settings = settings();
    settings.incentive.forfeited = Forfeited::Reporter;
    settings.incentive.share = polity_constitution::Share { num: 1, den: 20 };
    let mut chain = scene(&settings, &["AAA", "BBB"]);
    let accuse = sol::accuseCall { evidence: votes(1, 0, ("AAA", 1), ("AAA", 2)).into() };
    send(&mut chain, holder("AAA"), &accuse).expect("proved");
    assert_eq!(chain.memory.balance_of(holder("AAA")), U256::ZERO);
}

#[test]
fn what_a_member_bonded_stays_its_own_when_it_leaves() {
    let mut chain = scene(&settings(), &["AAA", "BBB"]);
    let left = chain.call(holder("BBB"), polity_primitives::REGISTRY, &IRegistry::resignCall {});
    assert!(left.result.is_ok());
    let id =
        send(&mut chain, holder("BBB"), &sol::unbondCall { amount: U256::from(1_000) }).expect("its own");
    chain.next(7 * DAY);
    send(&mut chain, GUEST, &sol::releaseCall { id }).expect("paid");
    assert_eq!(chain.memory.balance_of(holder("BBB")), U256::from(1_000));
}
