//! What happens after the opening never changes an open vote, and tallies never drift.

use std::collections::BTreeMap;

use polity_decision::{Event, Others, Rule};
use polity_primitives::REGISTRY;
use proptest::prelude::*;

use super::*;
use crate::registry::{Filter, IRegistry};

const STATES: [&str; 5] = ["AAA", "BBB", "CCC", "DDD", "EEE"];

/// What the members may decide while a vote is open.
#[derive(Clone, Debug)]
enum Decision {
    Suspend(usize),
    Restore(usize),
    Weigh(usize, u128),
    Revoke(usize),
    Admit(u8),
    Rule(u32),
    Chamber,
}

fn decision() -> impl Strategy<Value = Decision> {
    prop_oneof![
        (0..5usize).prop_map(Decision::Suspend),
        (0..5usize).prop_map(Decision::Restore),
        (0..5usize, 0..1000u128).prop_map(|(who, weight)| Decision::Weigh(who, weight)),
        (0..5usize).prop_map(Decision::Revoke),
        (0..3u8).prop_map(Decision::Admit),
        (1..10u32).prop_map(Decision::Rule),
        Just(Decision::Chamber),
    ]
}

/// Decides `decision`; what the registry refuses (a second suspension, the last validator) is no decision.
fn apply(chain: &mut Chain, decision: &Decision) {
    let id = |who: usize| word(STATES[who]);
    match decision {
        Decision::Suspend(who) => {
            drop(chain.call(AGREEMENT, REGISTRY, &IRegistry::suspendCall { id: id(*who) }))
        }
        Decision::Restore(who) => {
            drop(chain.call(AGREEMENT, REGISTRY, &IRegistry::restoreCall { id: id(*who) }))
        }
        Decision::Weigh(who, value) => {
            let call = IRegistry::setWeightCall { id: id(*who), name: word("share"), value: *value };
            chain.decide(REGISTRY, &call);
        }
        Decision::Revoke(who) => {
            drop(chain.call(AGREEMENT, REGISTRY, &IRegistry::revokeCall { id: id(*who), rights: 16 }));
        }
        Decision::Admit(number) => {
            let name = format!("new-{number}");
            let admission = IRegistry::Admission {
                id: word(&name),
                name: name.clone(),
                kind: IRegistry::Kind::State,
                account: account(&name),
                recovery: Address::ZERO,
                rights: 0,
                classes: vec![],
                weights: vec![IRegistry::Weight { name: word("share"), value: 50 }],
                consensusKey: Bytes::new(),
                peerKey: B256::ZERO,
            };
            drop(chain.call(AGREEMENT, REGISTRY, &IRegistry::admitCall { admission }));
        }
        Decision::Rule(tenths) => {
            for name in ["majority", "by-weight"] {
                let limb = format!(r#"{{"name":"members","numerator":"yes","threshold":"> {tenths}/10"}}"#);
                let json = format!(r#"{{"id":"{name}","limb":[{limb}]}}"#);
                chain.write_rule(&json);
            }
        }
        Decision::Chamber => {
            let chamber = sol::Chamber {
                name: "Other".into(),
                members: vec![word("ORG"), word("CCC")],
                rule: word("unanimous"),
                votingSecs: 1,
                ..Default::default()
            };
            for id in ["plenary", "shares"] {
                // Refused while nobody could sit in it.
                drop(chain.write_chamber(id, &chamber));
            }
        }
    }
}

fn choice() -> impl Strategy<Value = Choice> {
    prop::sample::select(vec![Choice::None, Choice::Yes, Choice::No, Choice::Abstain, Choice::Veto])
}

fn rule_of(chain: &Chain, id: u64) -> Rule {
    let hash = proposal(&chain.memory, id).unwrap().stages[0].rule_hash;
    Rule::from_json(&rule_text(&chain.memory, hash).unwrap()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Two chains, the same ballots; on one of them the members also decide a lot, and even as late as in the blocks between.
    #[test]
    fn later_decisions_never_change_an_open_vote(
        chamber in prop::sample::select(vec!["plenary", "shares"]),
        steps in prop::collection::vec((0..5usize, choice(), prop::collection::vec(decision(), 0..3)), 1..12),
    ) {
        let mut calm = Chain::new(CHARTER);
        let id = calm.propose("SAM", chamber, vec![]);
        let mut busy = calm.clone();
        for (who, choice, decisions) in &steps {
            for decision in decisions {
                apply(&mut busy, decision);
            }
            for chain in [&mut calm, &mut busy] {
                if chain.status(id) == "open" {
                    chain.ballot(STATES[*who], id, *choice);
                }
                chain.next(1);
                chain.end();
            }
            prop_assert_eq!(report(&calm.memory, id), report(&busy.memory, id));
            prop_assert_eq!(proposal(&calm.memory, id), proposal(&busy.memory, id));
        }
        calm.run(7 * DAY);
        busy.run(7 * DAY);
        prop_assert_eq!(report(&calm.memory, id), report(&busy.memory, id));
        prop_assert_ne!(calm.status(id), "open");
        prop_assert_eq!(calm.status(id), busy.status(id));
    }

    #[test]
    fn the_tally_by_increments_is_the_tally_from_scratch(
        chamber in prop::sample::select(vec!["plenary", "shares", "council"]),
        steps in prop::collection::vec((0..5usize, choice()), 0..25),
    ) {
        let mut chain = Chain::new(CHARTER);
        let id = chain.propose("SAM", chamber, vec![]);
        let mut cast = BTreeMap::new();
        for (who, choice) in steps {
            let call = sol::ballotCall { id: U256::from(id), choice };
            if chain.try_send(account(STATES[who]), &call).is_err() {
                continue;
            }
            match ballot::Cast::whole(choice).event() {
                Some(polity_decision::Event::Ballot(choice)) => cast.insert(STATES[who].to_owned(), choice),
                _ => cast.remove(STATES[who]),
            };
        }
        let rule = rule_of(&chain, id);
        let (kinds, members) = match chamber {
            "council" => (0, ["AAA", "BBB", "CCC"].map(word).to_vec()),
            _ => (1, vec![]),
        };
        let filter = Filter { kinds, members, rights: polity_charter::Rights::VOTE, ..Filter::default() };
        let electorate = crate::registry::voters_at(&chain.memory, &filter, 0);
        let from_scratch = rule.count(&electorate, &cast, &Others::default());
        prop_assert_eq!(report(&chain.memory, id).unwrap(), rule.outcome(&from_scratch, false));
    }

    #[test]
    fn deposits_in_any_order_count_once(steps in prop::collection::vec((0..6usize, any::<bool>()), 0..30)) {
        let mut chain = Chain::new(CHARTER);
        let parties = ["AAA", "BBB", "CCC", "DDD", "EEE", "ORG"];
        let mut others = Others::default();
        let treaty = word("accord");
        for (who, deposits) in steps {
            let name = parties[who];
            // A change of weight between deposit and withdrawal must not leave a remainder.
            let weigh = IRegistry::setWeightCall { id: word(name), name: word("share"), value: who as u128 * 7 };
            chain.decide(REGISTRY, &weigh);
            chain.next(0);
            let done = if deposits {
                chain.try_send(account(name), &sol::depositCall { treaty }).map(drop)
            } else {
                chain.try_send(account(name), &sol::withdrawCall { treaty }).map(drop)
            };
            let changes = if deposits { others.instruments.insert(name.into()) } else { others.instruments.remove(name) };
            prop_assert_eq!(done.is_ok(), changes);
        }
        let rule = rules(&chain.memory).into_iter().find(|rule| rule.id == "accession").unwrap().rule;
        let electorate = crate::registry::voters_at(&chain.memory, &Filter { kinds: 3, ..Filter::default() }, 0);
        let none = BTreeMap::<String, Event>::new();
        let from_scratch = rule.outcome(&rule.count(&electorate, &none, &others), false);
        prop_assert_eq!(treaty_progress(&chain.memory, "accord").unwrap().limbs, from_scratch.limbs);
        prop_assert_eq!(treaties(&chain.memory)[0].deposits, others.instruments.len() as u64);
        prop_assert_eq!(deposits(&chain.memory, "accord").len(), others.instruments.len());
    }
}

#[test]
fn a_member_suspended_later_still_votes_and_an_expelled_one_cannot() {
    let mut chain = Chain::new(CHARTER);
    let id = chain.propose("SAM", "plenary", vec![]);
    chain.ballot("BBB", id, Choice::Yes);
    chain.decide(REGISTRY, &IRegistry::suspendCall { id: word("AAA") });
    chain.decide(REGISTRY, &IRegistry::expelCall { id: word("BBB") });
    chain.ballot("AAA", id, Choice::Yes);
    let again = sol::ballotCall { id: U256::from(id), choice: Choice::No };
    assert_eq!(chain.try_send(account("BBB"), &again).map(drop), Err("NotAMember".into()));
    let limb = report(&chain.memory, id).unwrap().limbs.remove(0);
    assert_eq!((limb.numerator.to_string(), limb.denominator.to_string()), ("2".into(), "5".into()));
    let next = chain.propose("SAM", "plenary", vec![]);
    assert_eq!(
        report(&chain.memory, next).unwrap().limbs[0].denominator.to_string(),
        "5",
        "read before this block"
    );
    chain.next(1);
    let next = chain.propose("SAM", "plenary", vec![]);
    assert_eq!(report(&chain.memory, next).unwrap().limbs[0].denominator.to_string(), "3");
}
