//! Delegation: whose ballot counts for whom, and that each weight counts once whatever happens in which order.

use std::collections::BTreeMap;

use polity_decision::{Event, Others, Rule};
use polity_primitives::REGISTRY;
use proptest::prelude::*;

use super::*;
use crate::registry::{Filter, IRegistry};

const STATES: [&str; 5] = ["AAA", "BBB", "CCC", "DDD", "EEE"];

fn delegate(chain: &mut Chain, who: &str, scope: &str, to: &str) -> Result<(), String> {
    chain.try_send(account(who), &sol::delegateCall { scope: word(scope), to: word(to) }).map(drop)
}

fn undelegate(chain: &mut Chain, who: &str, scope: &str) -> Result<(), String> {
    chain.try_send(account(who), &sol::undelegateCall { scope: word(scope) }).map(drop)
}

fn yes(chain: &Chain, id: u64) -> String {
    report(&chain.memory, id).unwrap().limbs[0].numerator.to_string()
}

fn carrier(chain: &Chain, id: u64, member: &str) -> Option<String> {
    carried(&chain.memory, id, None).into_iter().find(|c| c.member == member).and_then(|c| c.by)
}

#[test]
fn a_delegates_ballot_counts_for_those_behind_it_until_they_cast_their_own() {
    let mut chain = Chain::new(CHARTER);
    for who in ["AAA", "BBB"] {
        delegate(&mut chain, who, "plenary", "CCC").unwrap();
    }
    let early = chain.propose("SAM", "plenary", vec![]);
    chain.next(1);
    let id = chain.propose("SAM", "plenary", vec![]);
    chain.ballot("CCC", early, Choice::Yes);
    assert_eq!(yes(&chain, early), "1", "what is delegated in the block of the opening comes too late");
    chain.ballot("CCC", id, Choice::Yes);
    assert_eq!(yes(&chain, id), "3");
    assert_eq!(carrier(&chain, id, "AAA"), Some("CCC".into()));
    chain.ballot("AAA", id, Choice::No);
    assert_eq!((yes(&chain, id), carrier(&chain, id, "AAA")), ("2".into(), Some("AAA".into())));
    chain.ballot("CCC", id, Choice::Abstain);
    assert_eq!(yes(&chain, id), "0");
    chain.ballot("CCC", id, Choice::Yes);
    chain.ballot("AAA", id, Choice::None);
    assert_eq!(yes(&chain, id), "3", "taken back, it is the delegate's again");
    chain.ballot("CCC", id, Choice::None);
    assert_eq!((yes(&chain, id), carrier(&chain, id, "AAA")), ("0".into(), None));
    undelegate(&mut chain, "AAA", "plenary").unwrap();
    chain.ballot("CCC", id, Choice::Yes);
    assert_eq!(yes(&chain, id), "3", "taken back for later proposals only");
    chain.next(1);
    let later = chain.propose("SAM", "plenary", vec![]);
    chain.ballot("CCC", later, Choice::Yes);
    assert_eq!(yes(&chain, later), "2");
    let other = chain.propose("SAM", "shares", vec![]);
    chain.ballot("CCC", other, Choice::Yes);
    assert_eq!(yes(&chain, other), "2", "another chamber: its own weight, two shares");
}

#[test]
fn nothing_is_settled_while_a_delegator_can_take_its_weight_back() {
    let mut chain = Chain::new(CHARTER);
    for who in ["AAA", "BBB", "DDD"] {
        delegate(&mut chain, who, "plenary", "CCC").unwrap();
    }
    chain.next(1);
    let id = chain.propose("SAM", "plenary", vec![]);
    chain.ballot("CCC", id, Choice::Yes);
    chain.ballot("EEE", id, Choice::Yes);
    chain.run(1);
    assert_eq!(chain.status(id), "open", "all five are for it, three of them by delegation only");
    assert_eq!(report(&chain.memory, id).unwrap().outcome, polity_decision::Outcome::Pending);
    for who in ["AAA", "BBB", "DDD"] {
        chain.ballot(who, id, Choice::No);
    }
    chain.run(1);
    assert_eq!(chain.status(id), "rejected", "each has spoken for itself");
}

#[test]
fn chains_are_followed_and_a_ballot_in_the_middle_speaks_for_those_below() {
    let mut chain = Chain::new(CHARTER);
    for (who, to) in [("AAA", "BBB"), ("BBB", "CCC"), ("CCC", "DDD")] {
        delegate(&mut chain, who, "shares", to).unwrap();
    }
    chain.next(1);
    let id = chain.propose("SAM", "shares", vec![]);
    let shares = |chain: &Chain| yes(chain, id);
    // Shares are 1/2, 3/2, 2, 3 and 4.
    chain.ballot("DDD", id, Choice::Yes);
    assert_eq!(shares(&chain), "7");
    chain.ballot("BBB", id, Choice::No);
    assert_eq!((shares(&chain), carrier(&chain, id, "AAA")), ("5".into(), Some("BBB".into())));
    chain.ballot("AAA", id, Choice::Yes);
    assert_eq!(shares(&chain), "11/2");
    chain.ballot("BBB", id, Choice::None);
    assert_eq!(shares(&chain), "7", "CCC is silent: BBB's goes to DDD, AAA's is its own");
    chain.ballot("DDD", id, Choice::None);
    assert_eq!(shares(&chain), "1/2");
    chain.ballot("CCC", id, Choice::Yes);
    assert_eq!(shares(&chain), "4");
}

#[test]
fn loops_and_long_chains_are_refused() {
    let text = CHARTER
        .replace("\"vote\", \"validate\"]", "\"vote\"]")
        .replace("AAA = { name = \"Aland\",", "AAA = { name = \"Aland\", rights = [\"validate\"],");
    let text = format!("{text}{}", text_of_members(3));
    let mut chain = Chain::new(&text);
    for (who, to) in [("AAA", "BBB"), ("BBB", "CCC"), ("CCC", "DDD")] {
        assert_eq!(delegate(&mut chain, who, "plenary", to), Ok(()));
    }
    for (who, scope, to, error) in [
        ("AAA", "plenary", "AAA", "DelegationLoop"),
        ("CCC", "plenary", "AAA", "DelegationLoop"),
        ("DDD", "plenary", "BBB", "DelegationLoop"),
        ("ORG", "plenary", "BBB", "NoRight"),
        ("AAA", "plenary", "ORG", "NoRight"),
        ("AAA", "plenary", "nobody", "NoRight"),
        ("AAA", "nowhere", "BBB", "UnknownScope"),
        ("AAA", "council", "DDD", "NotInChamber"),
    ] {
        assert_eq!(delegate(&mut chain, who, scope, to), Err(error.into()), "{who} → {to} in {scope}");
    }
    assert_eq!(undelegate(&mut chain, "EEE", "plenary"), Err("NotDelegated".into()));
    let refused =
        chain.call(account("DDD"), ASSEMBLY, &sol::delegateCall { scope: word("plenary"), to: word("BBB") });
    let Err(Failure::Revert(output)) = refused.result else { panic!("a loop") };
    let named =
        <sol::DelegationLoop as alloy_sol_types::SolError>::abi_decode(&output).expect("the loop").members;
    assert_eq!(named, ["DDD", "BBB", "CCC", "DDD"].map(word), "the loop is named");
    // Four above AAA are the most.
    assert_eq!(delegate(&mut chain, "DDD", "plenary", "EEE"), Ok(()));
    assert_eq!(delegate(&mut chain, "M0", "plenary", "AAA"), Err("DelegationTooLong".into()));
    assert_eq!(delegate(&mut chain, "M0", "plenary", "BBB"), Ok(()));
    // Lengthened at the upper end, the chain counts nobody who is too far down, and loses nobody else.
    assert_eq!(delegate(&mut chain, "EEE", "plenary", "M1"), Ok(()));
    chain.next(1);
    let id = chain.propose("SAM", "plenary", vec![]);
    chain.ballot("M1", id, Choice::Yes);
    assert_eq!(yes(&chain, id), "5", "M1, EEE, DDD, CCC and BBB; AAA and M0 stand five and five below");
    chain.ballot("AAA", id, Choice::Yes);
    assert_eq!(yes(&chain, id), "6");
}

fn text_of_members(count: usize) -> String {
    (0..count)
        .map(|i| format!("M{i} = {{ name = \"M{i}\", kind = \"state\", weights = {{ share = 1 }} }}\n"))
        .collect()
}

#[test]
fn a_suspended_delegate_carries_nothing_and_a_suspended_delegator_weighs_nothing() {
    let mut chain = Chain::new(CHARTER);
    for (who, to) in [("AAA", "BBB"), ("BBB", "CCC")] {
        delegate(&mut chain, who, "plenary", to).unwrap();
    }
    delegate(&mut chain, "EEE", "plenary", "DDD").unwrap();
    chain.decide(REGISTRY, &IRegistry::suspendCall { id: word("BBB") });
    chain.decide(REGISTRY, &IRegistry::suspendCall { id: word("EEE") });
    chain.next(1);
    let id = chain.propose("SAM", "plenary", vec![]);
    chain.ballot("CCC", id, Choice::Yes);
    assert_eq!(yes(&chain, id), "1", "AAA is behind BBB, which is suspended");
    chain.ballot("DDD", id, Choice::Yes);
    assert_eq!(yes(&chain, id), "2", "EEE is suspended");
    chain.ballot("AAA", id, Choice::Yes);
    assert_eq!(yes(&chain, id), "3");
    assert_eq!(report(&chain.memory, id).unwrap().limbs[0].denominator.to_string(), "3");
    let rests: Vec<_> = delegations(&chain.memory, Some("plenary"), None)
        .into_iter()
        .map(|d| (d.member, d.to, d.rests))
        .collect();
    let expected = [("AAA", "BBB", true), ("BBB", "CCC", true), ("EEE", "DDD", true)];
    assert_eq!(rests, expected.map(|(a, b, rests)| (a.to_owned(), b.to_owned(), rests)));
}

#[test]
fn a_delegates_ballot_uses_the_veto_of_those_behind_it_and_the_report_names_them() {
    let five = CHARTER.replace(r#"["AAA", "BBB", "CCC"]"#, r#"["AAA", "BBB", "CCC", "DDD", "EEE"]"#);
    let mut chain = Chain::new(&five);
    delegate(&mut chain, "AAA", "council", "BBB").unwrap();
    chain.next(1);
    let id = chain.propose("SAM", "council", vec![]);
    for who in ["CCC", "DDD", "EEE"] {
        chain.ballot(who, id, Choice::Yes);
    }
    chain.ballot("BBB", id, Choice::No);
    let reason = report(&chain.memory, id).unwrap().reason.expect("a veto");
    assert!(reason.contains("AAA") && reason.contains("BBB"), "{reason}");
    chain.ballot("AAA", id, Choice::Yes);
    let reason = report(&chain.memory, id).unwrap().reason.expect("a veto");
    assert!(!reason.contains("AAA"), "{reason}");
}

/// What happens after or before the opening.
#[derive(Clone, Debug)]
enum Step {
    Ballot(usize, Choice),
    Delegate(usize, usize),
    Undelegate(usize),
    Suspend(usize),
    Restore(usize),
    Weigh(usize, u128),
}

fn step() -> impl Strategy<Value = Step> {
    let choice =
        prop::sample::select(vec![Choice::None, Choice::Yes, Choice::No, Choice::Abstain, Choice::Veto]);
    prop_oneof![
        6 => (0..5usize, choice).prop_map(|(who, choice)| Step::Ballot(who, choice)),
        2 => (0..5usize, 0..5usize).prop_map(|(who, to)| Step::Delegate(who, to)),
        1 => (0..5usize).prop_map(Step::Undelegate),
        1 => (0..5usize).prop_map(Step::Suspend),
        1 => (0..5usize).prop_map(Step::Restore),
        1 => (0..5usize, 0..50u128).prop_map(|(who, weight)| Step::Weigh(who, weight)),
    ]
}

fn apply(chain: &mut Chain, scope: &str, step: &Step) {
    match step {
        Step::Ballot(..) => {}
        Step::Delegate(who, to) => drop(delegate(chain, STATES[*who], scope, STATES[*to])),
        Step::Undelegate(who) => drop(undelegate(chain, STATES[*who], scope)),
        Step::Suspend(who) => {
            drop(chain.call(AGREEMENT, REGISTRY, &IRegistry::suspendCall { id: word(STATES[*who]) }));
        }
        Step::Restore(who) => {
            drop(chain.call(AGREEMENT, REGISTRY, &IRegistry::restoreCall { id: word(STATES[*who]) }));
        }
        Step::Weigh(who, value) => {
            let call =
                IRegistry::setWeightCall { id: word(STATES[*who]), name: word("share"), value: *value };
            chain.decide(REGISTRY, &call);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// After every step, the tally by increments is the tally from scratch of whose ballot counts for whom, by a model that
    /// walks up from every member: each unit of weight once, under the delegations of the opening.
    #[test]
    fn each_unit_of_weight_counts_once_whatever_the_order(
        chamber in prop::sample::select(vec!["plenary", "shares", "council"]),
        before in prop::collection::vec(step(), 0..14),
        after in prop::collection::vec(step(), 0..24),
    ) {
        let mut chain = Chain::new(CHARTER);
        for step in &before {
            apply(&mut chain, chamber, step);
        }
        chain.next(1);
        let opened = chain.memory.block.height - 1;
        let (kinds, members) = match chamber {
            "council" => (0, ["AAA", "BBB", "CCC"].map(word).to_vec()),
            _ => (1, vec![]),
        };
        let filter = Filter { kinds, members, rights: polity_charter::Rights::VOTE, ..Filter::default() };
        let electorate = crate::registry::voters_at(&chain.memory, &filter, opened);
        let edges: BTreeMap<String, String> =
            delegations(&chain.memory, Some(chamber), None).into_iter().map(|d| (d.member, d.to)).collect();
        let call = sol::proposeCall { track: word(chamber), title: "x".into(), calls: vec![] };
        prop_assume!(chain.try_send(account("SAM"), &call).is_ok());
        let rule = Rule::from_json(&rule_text(&chain.memory, chain_rule(&chain)).unwrap()).unwrap();
        let mut own: BTreeMap<String, Event> = BTreeMap::new();
        for step in &after {
            apply(&mut chain, chamber, step);
            if let Step::Ballot(who, choice) = step {
                let call = sol::ballotCall { id: U256::from(1), choice: *choice };
                let cast = chain.try_send(account(STATES[*who]), &call);
                let counts = electorate.iter().any(|voter| voter.id == STATES[*who]);
                prop_assert_eq!(cast.is_ok(), counts);
                match ballot::Cast::whole(*choice).event() {
                    Some(event) if counts => own.insert(STATES[*who].into(), event),
                    _ => own.remove(STATES[*who]),
                };
            }
            chain.next(0);
            // The model: up from every member to the first that has cast, through members of the electorate only.
            let mut said = BTreeMap::new();
            for voter in &electorate {
                let mut at = voter.id.clone();
                while !own.contains_key(&at)
                    && let Some(to) = edges.get(&at)
                    && electorate.iter().any(|voter| voter.id == *to)
                {
                    at = to.clone();
                }
                if let Some(event) = own.get(&at) {
                    said.insert(voter.id.clone(), *event);
                }
            }
            let from_scratch = rule.count(&electorate, &said, &Others::default());
            // Whether it is settled is another question: somebody may still take its weight back.
            let (found, counted) = (report(&chain.memory, 1).unwrap(), rule.outcome(&from_scratch, false));
            prop_assert_eq!((found.limbs, found.reason), (counted.limbs, counted.reason));
        }
    }
}

fn chain_rule(chain: &Chain) -> B256 {
    proposal(&chain.memory, 1).unwrap().stages[0].rule_hash
}

#[test]
fn preparing_fits_its_gas_however_many_delegated_under_the_largest_rule() {
    use crate::agenda::PREPARE_GAS_MAX;
    let states: Vec<String> = (0..60).map(|i| format!("S{i:02}")).collect();
    let more: String = states
        .iter()
        .map(|id| format!("{id} = {{ name = \"{id}\", kind = \"state\", weights = {{ share = 1 }} }}\n"))
        .collect();
    let text = CHARTER
        .replace("\"vote\", \"validate\"]", "\"vote\"]")
        .replace("AAA = { name = \"Aland\",", "AAA = { name = \"Aland\", rights = [\"validate\"],");
    let mut chain = Chain::new(&format!("{text}{more}"));
    chain.write_rule(&super::gas::largest_rule());
    for chain_of in states.chunks(DELEGATION_DEPTH_MAX + 1) {
        for pair in chain_of.windows(2) {
            delegate(&mut chain, &pair[0], "plenary", &pair[1]).unwrap();
        }
    }
    chain.next(1);
    let call = sol::proposeCall { track: word("plenary"), title: "x".into(), calls: vec![] };
    let outcome = chain.call(account("SAM"), ASSEMBLY, &call);
    assert!(outcome.result.is_ok());
    let (mut most, mut steps) = (outcome.gas_used, 0);
    while chain.status(1) == "preparing" {
        chain.next(0);
        let due = next_due(&chain.memory, &chain.memory.block).expect("goes on");
        let outcome = chain.memory.call(&Request::new(SYSTEM, ASSEMBLY, due.input.to_vec()));
        assert!(outcome.result.is_ok());
        (most, steps) = (most.max(outcome.gas_used), steps + 1);
    }
    assert!(most < PREPARE_GAS_MAX && steps > 10, "{most} in {steps}");
    // The last of each chain speaks for five, and a ballot in the middle takes three of them over, for a bounded price.
    chain.ballot("S04", 1, Choice::Yes);
    let limb = |chain: &Chain| report(&chain.memory, 1).unwrap().limbs[0].numerator.to_string();
    assert_eq!(limb(&chain), "5");
    let call = sol::ballotCall { id: U256::from(1), choice: Choice::No };
    let outcome = chain.call(account("S02"), ASSEMBLY, &call);
    assert!(outcome.result.is_ok() && outcome.gas_used < 5_000_000, "{}", outcome.gas_used);
    assert_eq!(limb(&chain), "2");
}
