//! Fees that would lock everybody out: refused when proposed and when enacted, by who holds what then.

use super::*;
use crate::assembly::{BALLOT_GAS, PROPOSAL_GAS};

const MARKET: &str = "set fees = { policy = \"market\", initial_base_fee = \"1 gwei\" }";
const GWEI: u64 = 1_000_000_000;
const BALLOT: u64 = BALLOT_GAS * GWEI;
const PROPOSAL: u64 = (PROPOSAL_GAS + 2 * BALLOT_GAS) * GWEI;

/// The pact without the shareholders, whose rule one ballot carries; `tracks` besides.
fn world(tracks: &str, holders: &[(&str, u64)]) -> Chain {
    let (head, rest) = CHARTER.split_once("[chambers.shares]").expect("the chamber");
    let (_, rest) = rest.split_once("[treaties.accord]").expect("what follows it");
    let urgent = if tracks.is_empty() { "" } else { URGENT };
    let mut chain = Chain::new(&format!("{head}{tracks}{urgent}[treaties.accord]{rest}"));
    for (who, wei) in holders {
        chain.memory.mint(account(who), U256::from(*wei));
    }
    chain
}

/// What a charter with tracks owes its authorities.
const URGENT: &str =
    "[tracks.urgent]\nfor = [\"emergency\"]\nstrictness = 6\nstages = [{ chamber = \"council\" }]\n";
/// A track of both chambers for amendments.
const BOTH: &str = "[tracks.both]\nfor = [\"amendment\"]\nstrictness = 2\nstages = [{ chamber = \"council\" }, { chamber = \"plenary\" }]\n";
/// The same, and a stricter one of the plenary alone.
const OTHER: &str =
    "[tracks.other]\nfor = []\nstrictness = 3\nstages = [{ chamber = \"plenary\", rule = \"unanimous\" }]\n";

#[test]
fn who_decides_must_be_able_to_pay_for_it() {
    let both_and_other = format!("{BOTH}{OTHER}");
    for (tracks, holders, refusal) in [
        ("", &[][..], "of the 5 that vote in plenary 0 hold so much"),
        ("", &[("DDD", PROPOSAL)], "of the 5 that vote in plenary 1 hold so much"),
        // The organisation has no vote, and a wei too little is too little.
        ("", &[("ORG", PROPOSAL), ("AAA", PROPOSAL), ("BBB", BALLOT - 1)], "1 hold so much"),
        // Two of the council carry it; so do three of the plenary, and the other two need nothing.
        ("", &[("AAA", PROPOSAL), ("BBB", BALLOT)], ""),
        ("", &[("CCC", BALLOT), ("DDD", BALLOT), ("EEE", PROPOSAL)], ""),
        ("", &[("AAA", BALLOT), ("BBB", BALLOT)], "of the 6 that may propose none holds so much"),
        ("", &[("AAA", BALLOT), ("BBB", BALLOT), ("SAM", PROPOSAL)], ""),
        // A track claims amendments: the votes of all its stages, whatever a chamber could carry alone.
        (BOTH, &[("AAA", PROPOSAL), ("BBB", BALLOT)], "of the 5 that vote in plenary 2 hold so much"),
        (
            BOTH,
            &[("CCC", PROPOSAL), ("DDD", BALLOT), ("EEE", BALLOT)],
            "of the 3 that vote in council 1 hold so much",
        ),
        (BOTH, &[("AAA", PROPOSAL), ("BBB", BALLOT), ("DDD", BALLOT)], ""),
        // Or those of a stricter one.
        (&both_and_other, &[("CCC", PROPOSAL), ("DDD", BALLOT), ("EEE", BALLOT)], ""),
        // What takes a mandate is no way back.
        (BOTH, &[("AAA", PROPOSAL), ("BBB", BALLOT), ("CCC", BALLOT - 1)], "of the 5 that vote in plenary 2"),
    ] {
        let mut chain = world(tracks, holders);
        let before = chain.memory.clone();
        let call = sol::checkCall { changes: changes(&[MARKET]) };
        let checked = chain.call(Address::ZERO, CONSTITUTION, &call).result.is_ok();
        assert_eq!(checked, refusal.is_empty(), "check: {tracks} {holders:?}");
        match amend(&mut chain, &[MARKET]) {
            Ok(()) => assert_eq!(refusal, "", "{tracks} {holders:?}"),
            Err(problem) => {
                assert!(!refusal.is_empty() && problem.contains(refusal), "{tracks} {holders:?}: {problem}");
                assert_eq!(chain.memory.slots(), before.slots());
            }
        }
    }
}

#[test]
fn the_refusal_says_the_arithmetic() {
    let found = amend(&mut world("", &[("DDD", PROPOSAL)]), &[MARKET]).expect_err("refused");
    let expected = "fees: a ballot would cost 0.0004 UNIT (400000 gas), and of the 5 that vote in plenary 1 hold so much, too \
                    few for rule majority; `members` would come to 0.2 where it takes > 1/2; pay members first, or begin with \
                    a lower base fee";
    assert!(found.contains(expected), "{found}");
}

/// The end of fees, and another base fee where there are fees, lock nobody out who is not.
#[test]
fn only_the_beginning_of_fees_is_asked_about() {
    let mut chain = world("", &[("AAA", PROPOSAL), ("BBB", BALLOT)]);
    for lines in [MARKET, "set fees.initial_base_fee = \"1000 gwei\"", "set fees = { policy = \"free\" }"] {
        assert_eq!(amend(&mut chain, &[lines]), Ok(()), "{lines}");
    }
}

#[test]
fn it_is_asked_again_when_the_amendment_is_enacted() {
    let rich = [("AAA", PROPOSAL), ("BBB", BALLOT)];
    let propose = |chain: &mut Chain| {
        let (track, title) = (word("plenary"), "Fees".to_owned());
        let call = IAssembly::proposeCall { track, title, calls: vec![amend_call(&[MARKET])] };
        chain.try_send(account("SAM"), &call).map(drop)
    };
    assert_eq!(propose(&mut world("", &[])), Err("InvalidAmendment".into()));
    for (spent, expected) in [(false, IAssembly::Status::Executed), (true, IAssembly::Status::Failed)] {
        let mut chain = world("", &rich);
        propose(&mut chain).expect("proposed");
        if spent {
            let who = account("BBB");
            let account = chain.memory.accounts()[&who].clone();
            let balance = account.balance - U256::from(1);
            chain.memory.set_account(who, crate::memory::MemoryAccount { balance, ..account });
        }
        assert_eq!(adopt(&mut chain, 1), expected);
        let problem = assembly::proposal(&chain.memory, 1).expect("it").failure_text().unwrap_or_default();
        assert_eq!(problem.contains("1 hold so much"), spent, "{problem}");
    }
}
