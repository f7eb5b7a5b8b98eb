//! What somebody could do to stop the chain, or to make it count wrongly.

use polity_primitives::REGISTRY;

use super::*;
use crate::{constitution::tests::amend, registry::IRegistry};

/// A rule whose votes are reckoned so finely that a sum of them in parts of split ballots does not fit a word: it was stored, and
/// reading it back stopped the node.
#[test]
fn a_rule_that_reckons_too_finely_is_refused_and_what_is_stored_can_be_read() {
    let fine = |per: &str| {
        format!(
            "add rules.fine = {{ limb = [{{ name = \"w\", weight = {{ of = \"share\", per = \"{per}\" }}, \
             numerator = \"yes\", threshold = \"> 1/2\" }}] }}"
        )
    };
    let chamber = "add chambers.fine = { kinds = [\"state\"], rule = \"fine\", voting = \"7d\" }";
    let vote = |per: &str| -> Result<String, String> {
        let mut chain = Chain::new(CHARTER);
        amend(&mut chain, &[&fine(per), chamber])?;
        chain.next(DAY);
        let id = chain.propose("AAA", "fine", vec![]);
        for who in ["AAA", "BBB", "CCC", "DDD", "EEE"] {
            chain.ballot(who, id, Choice::Yes);
        }
        chain.run(9 * DAY);
        Ok(chain.status(id).to_owned())
    };
    for per in ["1", "100000", "1000000000000000", "1/1000000000000000000000"] {
        assert_eq!(vote(per), Ok("executed".into()), "{per}");
    }
    for per in ["1000000000000001", &format!("1{}", "0".repeat(38)), &format!("1{}/7", "0".repeat(60))] {
        let problem = vote(per).expect_err(per);
        assert!(problem.contains("per"), "{problem}");
    }
}

/// A weight so large that no sum of it could be stored would keep every vote by it from opening.
#[test]
fn no_weight_is_too_large_to_be_counted() {
    let most = polity_charter::WEIGHT_MAX;
    let mut chain = Chain::new(CHARTER);
    let weigh = |value| IRegistry::setWeightCall { id: word("EEE"), name: word("share"), value };
    let refused = chain.call(AGREEMENT, REGISTRY, &weigh(most + 1)).result;
    assert!(matches!(refused, Err(Failure::Revert(_))), "{refused:?}");
    for who in ["AAA", "BBB", "CCC", "DDD", "EEE"] {
        chain.decide(REGISTRY, &IRegistry::setWeightCall { id: word(who), name: word("share"), value: most });
    }
    chain.next(DAY);
    let id = chain.propose("AAA", "shares", vec![]);
    for who in ["AAA", "BBB", "CCC", "DDD", "EEE"] {
        let [yes, no, abstain, veto] = [9_999, 1, 0, 0];
        chain.send(who, &sol::ballotSplitCall { id: U256::from(id), yes, no, abstain, veto });
    }
    chain.run(9 * DAY);
    assert_eq!(chain.status(id), "executed");
    let large = CHARTER.replace("share = \"4\"", &format!("share = \"{most}\""));
    let found = polity_charter::parse("pact.toml", &large).expect_err("in halves that is too much");
    assert!(found.to_string().contains("this weight is more than"), "{found}");
}

/// What a stake weighs in an open vote is what it weighed at its opening, whoever is given a weight of that name since. And a wei
/// that somebody bonds in a chamber does not keep it from being removed.
#[test]
fn a_given_stake_and_a_bonded_one_are_counted_alike() {
    let bank = "[chambers.bank]\nby = \"stake\"\nkinds = [\"state\"]\nunbonding = \"0d\"\n\
                rule = \"by-stake\"\nvoting = \"7d\"\n[rules.by-stake]\n[[rules.by-stake.limb]]\n\
                name = \"stake\"\nweight = \"stake\"\nnumerator = \"yes\"\nthreshold = \"> 1/2\"\n";
    let mut chain = Chain::new(&CHARTER.replace("[members]\n", &format!("{bank}[members]\n")));
    for (who, wei) in [("AAA", 5), ("BBB", 3)] {
        chain.pay(who, wei, &sol::bondCall { chamber: word("bank") }).unwrap();
    }
    chain.next(DAY);
    let id = chain.propose("AAA", "bank", vec![]);
    chain.ballot("BBB", id, Choice::No);
    amend(
        &mut chain,
        &["remove chambers.bank", "remove rules.by-stake", "set members.AAA.weights.stake = \"1\""],
    )
    .expect("whoever has bonded there");
    chain.next(DAY);
    for (who, wei) in [("AAA", 5), ("BBB", 3)] {
        let unbond = |amount: u64| sol::unbondCall { chamber: word("bank"), amount: U256::from(amount) };
        chain.send(who, &unbond(wei));
        assert_eq!(chain.try_send(account(who), &unbond(1)).map(drop), Err("NothingBonded".into()));
        assert!(chain.pay(who, 1, &sol::bondCall { chamber: word("bank") }).is_err(), "it is no more");
    }
    chain.ballot("AAA", id, Choice::Yes);
    let limb = report(&chain.memory, id).unwrap().limbs.remove(0);
    assert_eq!((limb.numerator / limb.denominator).to_string(), "5/8");
    chain.run(9 * DAY);
    assert_eq!(chain.status(id), "executed");
    assert_eq!(chain.memory.balance_of(ASSEMBLY), U256::ZERO, "all is paid back");
}

/// Candidates cannot make the count of an election too dear for the chain, so that those who sit go on sitting.
#[test]
fn seats_are_filled_from_chambers_of_the_longest_descriptions_too() {
    use crate::agenda::TURN_GAS_MAX;
    let more: String = (0..140)
        .map(|i| format!("S{i:03} = {{ name = \"S{i}\", kind = \"state\", weights = {{ share = 1 }} }}\n"))
        .collect();
    let text = CHARTER
        .replace(r#"expert = ["read", "transact", "propose"]"#, r#"expert = ["transact", "propose", "vote"]"#)
        .replace("\"vote\", \"validate\"]", "\"vote\"]")
        .replace("AAA = { name = \"Aland\",", "AAA = { name = \"Aland\", rights = [\"validate\"],");
    let (chambers, members) = text.split_once("[members]").expect("members");
    let seated = seats::SEATED.replace("seats    = 2", "seats = 128").replace("seats  = 3", "seats = 128");
    let founded = Chain::new(&format!("{chambers}{seated}[members]{members}{more}"));
    for own in [false, true] {
        let mut chain = founded.clone();
        let view = |chain: &mut Chain, id: &str| chain.send("AAA", &sol::chamberCall { id: word(id) });
        let longest = |chamber: sol::Chamber| sol::Chamber {
            kinds: 1,
            classes: (0..CHAMBER_CLASSES_MAX).map(|i| word(&format!("class-{i}"))).collect(),
            members: (0..CHAMBER_MEMBERS_MAX).map(|i| word(&format!("S{i:03}"))).collect(),
            ..chamber
        };
        for id in if own { &["plenary", "board"][..] } else { &["plenary"] } {
            let chamber = longest(view(&mut chain, id));
            chain.write_chamber(id, &chamber).expect("a chamber");
        }
        let mut most = 0;
        let mut step = |chain: &mut Chain| {
            chain.next(0);
            while let Some(due) = next_due(&chain.memory, &chain.memory.block) {
                let outcome = chain.memory.call(&Request::new(SYSTEM, ASSEMBLY, due.input.to_vec()));
                assert!(outcome.result.is_ok());
                most = most.max(outcome.gas_used);
            }
        };
        (0..6).for_each(|_| step(&mut chain));
        for i in 0..CANDIDATES_MAX {
            let (who, chamber) = (format!("S{i:03}"), word("board"));
            chain.send(&who, &sol::standCall { chamber });
            chain.send(&who, &sol::electCall { chamber, candidates: vec![word(&who)] });
        }
        chain.next(10 * DAY);
        (0..6).for_each(|_| step(&mut chain));
        assert_eq!(seats_of(&chain.memory, "board").unwrap().members.len(), 128);
        assert_eq!(seats_of(&chain.memory, "jury").unwrap().members.len(), 128);
        assert!(most + 110_000 < TURN_GAS_MAX, "{most}");
    }
}

/// A proposal names its proposer by id, and a proposer takes its proposals back: nobody gets the id of an authority.
#[test]
fn no_member_takes_the_place_of_an_authority() {
    let admission = |id: &str| crate::registry::Admission {
        id: word(id),
        name: "Impostor".into(),
        kind: IRegistry::Kind::State,
        account: account("impostor"),
        recovery: Address::ZERO,
        rights: 0,
        classes: vec![],
        weights: vec![],
        consensusKey: Bytes::new(),
        peerKey: B256::ZERO,
    };
    let mut chain = Chain::new(CHARTER);
    let admit = |id: &str| IRegistry::admitCall { admission: admission(id) };
    let refused = chain.call(AGREEMENT, REGISTRY, &admit("court")).result;
    let Err(Failure::Revert(output)) = refused else { panic!("{refused:?}") };
    assert_eq!(directory::error_name(&output).as_deref(), Some("IdTaken"));
    chain.decide(REGISTRY, &admit("NEW"));
    let named = amend(&mut chain, &["add authorities.NEW = { member = \"BBB\", opens = [\"emergency\"] }"]);
    assert!(named.unwrap_err().contains("a member has, or had, this id"));
}

/// A chamber that everybody has left does not make it too dear to suspend, expel or revoke.
#[test]
fn an_empty_chamber_does_not_keep_members_from_being_suspended() {
    let crowd: String =
        (0..600).map(|i| format!("X{i:03} = {{ name = \"X{i}\", kind = \"expert\" }}\n")).collect();
    let ghosts =
        "[chambers.aghosts]\nclasses = [\"ghost\"]\nrule = \"majority\"\nvoting = \"7d\"\n[chambers.plenary]";
    let text = CHARTER
        .replace("[chambers.plenary]", ghosts)
        .replace("EEE = { name = \"Eland\",", "EEE = { name = \"Eland\", classes = [\"ghost\"],");
    let mut chain = Chain::new(&format!("{text}{crowd}"));
    let class = IRegistry::setClassCall { id: word("EEE"), class: word("ghost"), belongs: false };
    chain.decide(REGISTRY, &class);
    let outcome = chain.call(AGREEMENT, REGISTRY, &IRegistry::suspendCall { id: word("EEE") });
    assert!(outcome.result.is_ok());
    assert!(outcome.gas_used < 500_000, "{}", outcome.gas_used);
}
