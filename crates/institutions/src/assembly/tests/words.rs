//! What is in storage is enough to recompute an outcome by hand.

use alloy_sol_types::SolValue;
use polity_decision::{Outcome, Rule, Scales};

use super::*;

#[test]
fn a_report_follows_from_the_abi_alone() {
    let mut chain = Chain::new(CHARTER);
    let calls = vec![sol::Call { target: account("x"), value: U256::from(1), data: vec![5].into() }];
    let id = chain.propose("AAA", "shares", calls.clone());
    chain.ballot("EEE", id, Choice::Yes);
    chain.ballot("DDD", id, Choice::No);
    chain.run(7 * DAY);

    let id = U256::from(id);
    let stored = chain.send("SAM", &sol::proposalCall { id });
    let text = chain.send("SAM", &sol::ruleTextCall { hash: stored.stages[0].ruleHash });
    assert_eq!(keccak256(&text), stored.stages[0].ruleHash);
    let rule = Rule::from_json(&text).unwrap();
    let words: Vec<u128> = chain
        .send("SAM", &sol::tallyOfCall { id, stage: U256::ZERO })
        .iter()
        .map(|w| w.to::<u128>())
        .collect();
    let tally = rule.tally_from_words(&words, &Scales::from([("share".to_owned(), 2)])).unwrap();
    let outcome = rule.outcome(&tally, true);
    assert_eq!((outcome.outcome, outcome.limbs[0].numerator.to_string().as_str()), (Outcome::Adopted, "4"));
    assert_eq!(
        chain.send("SAM", &sol::ballotOfCall { id, stage: U256::ZERO, member: word("EEE") }).choice,
        Choice::Yes
    );
    assert_eq!(keccak256(calls.abi_encode()), stored.payloadHash);
    assert_eq!(chain.send("SAM", &sol::callsOfCall { id }), calls);
    let empty = alloy_primitives::KECCAK256_EMPTY;
    assert_eq!(
        chain.send("SAM", &sol::codeHashesOfCall { id }),
        [empty],
        "an account that does not exist has no code"
    );
    assert_eq!(stored.electorateHeight, 0);
}

#[test]
fn the_code_of_a_target_is_frozen() {
    let mut chain = Chain::new(CHARTER);
    let code = |code: &'static [u8]| crate::memory::MemoryAccount {
        nonce: 1,
        code: code.into(),
        ..Default::default()
    };
    chain.memory.set_account(account("x"), code(&[1]));
    let id = chain.propose("AAA", "plenary", vec![sol::Call { target: account("x"), ..Default::default() }]);
    chain.memory.set_account(account("x"), code(&[2]));
    assert_eq!(chain.send("SAM", &sol::codeHashesOfCall { id: U256::from(id) }), [keccak256([1])]);
}

#[test]
fn the_agreements_code_is_the_compilers() {
    let artifact = include_str!("../../../../../contracts/artifacts/Agreement.json");
    let artifact: serde_json::Value = serde_json::from_str(artifact).unwrap();
    assert_eq!(artifact["deployedBytecode"], alloy_primitives::hex::encode_prefixed(AGREEMENT_CODE));
}
