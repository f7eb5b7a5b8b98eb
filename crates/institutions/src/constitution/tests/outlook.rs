//! What members are told before they decide who decides blocks.

use polity_constitution::{EngineKind, Part, WriteRight};

use super::{
    super::{IConstitution as sol, *},
    amend,
    scene::*,
};
use crate::{
    assembly::tests::{CHARTER, Chain, word},
    memory::Memory,
    registry::IRegistry,
};

const RISK: &str = "unbonding = \"7d\", slash = { double_sign = \"1/2\" }";

/// On the wall's clock, with these bonds in wei.
fn wall(bonds: &[(&str, u64)]) -> Chain {
    let clock = "mode       = \"replay\"\nstart      = 2020-01-01\nstep       = \"1d\"";
    let mut chain = Chain::new(&CHARTER.replace(clock, "mode = \"wall\""));
    for (member, wei) in bonds {
        pay(&mut chain, holder(member), *wei, &sol::bondCall {}).expect("bonds");
    }
    chain
}

fn look(before: &Memory, chain: &Chain) -> Option<Outlook> {
    outlook(before, &chain.memory, chain.memory.block.height, "UNIT")
}

/// The outlook on an amendment that is made.
fn after(chain: &mut Chain, lines: &[&str]) -> Outlook {
    let before = chain.memory.clone();
    amend(chain, lines).unwrap_or_else(|problem| panic!("{lines:?}: {problem}"));
    look(&before, chain).expect("it concerns the committee")
}

fn wei(wei: u64) -> String {
    crate::assembly::money(U256::from(wei), "UNIT")
}

#[test]
fn a_raised_pledge_names_who_falls_below_it_and_who_is_left_alone() {
    let mut chain = wall(&[("AAA", 1_000), ("BBB", 400)]);
    let incentive = format!("set consensus.incentive = {{ pledge = \"500 wei\", {RISK} }}");
    let outlook = after(&mut chain, &[&incentive]);
    assert_eq!(outlook.from, chain.memory.block.height + 1);
    assert_eq!(
        (outlook.before.part("BBB"), outlook.after.part("BBB")),
        (Part { weight: 1, power: 1 }, Part::default())
    );
    assert_eq!((outlook.joins, outlook.leaves.len()), (vec![], 4));
    assert_eq!(
        outlook.warnings,
        [
            format!(
                "BBB (own bond {}), CCC (own bond 0 UNIT), DDD (own bond 0 UNIT) and EEE (own bond 0 UNIT) would no longer write \
                 or verify: the pledge is {}",
                wei(400),
                wei(500)
            )
            .as_str(),
            "AAA alone would write and verify: while it is absent there is no block, and nobody checks it",
        ]
    );
}

#[test]
fn supervisors_are_few_and_the_others_lose_their_vote() {
    let mut chain = wall(&[]);
    let set =
        |who: &str| format!("set consensus.verification = {{ by = \"supervisors\", members = [{who}] }}");
    let outlook = after(&mut chain, &[&set("\"AAA\", \"BBB\", \"CCC\"")]);
    assert_eq!(outlook.after.part("DDD"), Part { weight: 1, power: 0 });
    assert_eq!(
        outlook.warnings,
        [
            "DDD and EEE would no longer verify: only the supervisors do",
            "of 3 equal votes 3 must be there, more than two thirds: when one is missing the chain stops (with 4 one may be)",
        ]
    );
    chain.next(1);
    let back = after(&mut chain, &["set consensus.verification = { by = \"all\" }"]);
    assert_eq!((back.warnings, back.joins), (vec![], vec![]), "they only vote again");
    assert_eq!(back.after.part("DDD"), Part { weight: 1, power: 1 });
}

#[test]
fn one_delegate_is_told_of_as_one() {
    let mut chain = wall(&[("AAA", 300), ("BBB", 200)]);
    let write = "set consensus.write = { by = \"delegation\", seats = 1, term = \"7d\" }";
    let incentive = format!("set consensus.incentive = {{ {RISK} }}");
    let outlook = after(&mut chain, &[write, &incentive]);
    assert_eq!(outlook.leaves, ["BBB", "CCC", "DDD", "EEE"]);
    assert_eq!(
        outlook.warnings[0],
        "BBB, CCC, DDD and EEE would no longer write or verify: only the one with most stake does"
    );
    assert!(outlook.warnings[1].starts_with("AAA alone would write and verify"), "{:?}", outlook.warnings);
}

#[test]
fn an_office_that_is_filled_later_says_what_comes_then() {
    let mut chain = wall(&[]);
    let outlook = after(
        &mut chain,
        &[
            "add chambers.heads = { name = \"Heads\", rule = \"majority\", voting = \"1d\", delay = \"1d\", by = \"election\", \
             of = \"plenary\", seats = 1, term = \"30d\", election = \"7d\" }",
            "set consensus.verification = { by = \"delegates\", chamber = \"heads\" }",
        ],
    );
    assert_eq!(outlook.leaves, Vec::<String>::new(), "nobody sits there yet");
    assert_eq!(
        outlook.warnings,
        [
            "nobody who may validate sits in heads yet: until it is filled all 5 verify; then only the one seat does, and 4 of 5 lose \
             it; the one vote must always be there: when it is missing the chain stops"
        ]
    );
}

#[test]
fn a_third_of_the_stake_is_told_of_with_the_arithmetic() {
    let mut chain = wall(&[("AAA", 500), ("BBB", 200), ("CCC", 200), ("DDD", 99)]);
    let write = "set consensus.write = { by = \"stake\", min = \"100 wei\" }";
    let incentive = format!("set consensus.incentive = {{ {RISK} }}");
    let outlook = after(&mut chain, &[write, &incentive]);
    assert_eq!((outlook.after.power, outlook.after.part("AAA").power), (900, 500));
    assert_eq!(
        outlook.warnings,
        [
            format!(
                "DDD (stake {}) and EEE (stake 0 UNIT) would no longer write or verify: the least stake is {}",
                wei(99),
                wei(100)
            )
            .as_str(),
            "AAA alone would have 55.5 % of the voting power: without it 44.4 % are left, and more than two thirds must be there, \
             so the chain stops",
        ]
    );
}

#[test]
fn fast_work_is_told_of_and_leaving_it_takes_its_confirmations() {
    let mut chain = wall(&[]);
    let write = |confirmations: u64| {
        format!(
            "set consensus.write = {{ by = \"work\", interval = \"1s\", confirmations = {confirmations} }}"
        )
    };
    let outlook = after(&mut chain, &[&write(3)]);
    assert_eq!(outlook.engines, (EngineKind::Bft, EngineKind::Work));
    assert_eq!(outlook.warnings.len(), 1, "{:?}", outlook.warnings);
    assert!(outlook.warnings[0].contains("160 of 1000 final blocks"), "{:?}", outlook.warnings);
    chain.next(1);
    let outlook =
        after(&mut chain, &["set consensus.write = { by = \"membership\", primary = \"rotation\" }"]);
    assert_eq!((outlook.from, outlook.warnings), (chain.memory.block.height + 4, vec![]));
}

#[test]
fn a_validator_that_is_suspended_drops_out_and_what_concerns_nobody_is_silent() {
    let mut chain = wall(&[]);
    let before = chain.memory.clone();
    chain.decide(polity_primitives::REGISTRY, &IRegistry::suspendCall { id: word("EEE") });
    let outlook = look(&before, &chain).expect("it drops out");
    assert_eq!(outlook.leaves, ["EEE"]);
    assert_eq!(
        outlook.warnings,
        ["EEE would no longer write or verify: no right to validate is left, or no node"]
    );
    let before = chain.memory.clone();
    amend(&mut chain, &["set chambers.plenary.voting = \"8d\""]).expect("taken");
    assert_eq!(look(&before, &chain), None);
}

#[test]
fn who_does_not_write_is_told_that_it_falls_below_the_pledge() {
    let mut chain = wall(&[("AAA", 900), ("BBB", 800), ("CCC", 300)]);
    let write = "set consensus.write = { by = \"delegation\", seats = 2, term = \"7d\" }";
    let incentive =
        |pledge: u64| format!("set consensus.incentive = {{ pledge = \"{pledge} wei\", {RISK} }}");
    after(&mut chain, &[write, &incentive(100)]);
    chain.next(1);
    let outlook = after(&mut chain, &[&incentive(500)]);
    assert_eq!(outlook.leaves, Vec::<String>::new(), "it was no delegate before");
    let short = format!(
        "CCC (own bond {}) would be below the pledge of {}, and write only after bonding the rest",
        wei(300),
        wei(500)
    );
    assert_eq!(outlook.warnings[0], short);
}

#[test]
fn settings_that_nobody_meets_are_told_of() {
    let mut by_stake = settings();
    by_stake.write = WriteRight::Stake { min: U256::from(500) };
    let mut chain = scene(&by_stake, &[]);
    let before = chain.memory.clone();
    chain.decide(polity_primitives::REGISTRY, &IRegistry::suspendCall { id: word("EEE") });
    let outlook = look(&before, &chain).expect("one less");
    let told = &outlook.warnings[1];
    assert!(
        told.starts_with(
            "nobody writes: of 4 members that may validate none has a stake of 0.0000000000000005 UNIT"
        ),
        "{told}"
    );
    assert!(told.ends_with("until somebody has, all 4 who may validate write and verify alike"), "{told}");
}

/// What a bond of 100 wei would do: whether it is pointless, and the first sentence of it.
fn bonded(chain: &Chain, who: (&str, bool)) -> (bool, String) {
    let found = bond_outlook(&chain.memory, chain.memory.block.height + 1, who, U256::from(100), "UNIT");
    match found.pointless.or(found.impossible) {
        Some(why) => (true, why),
        None => (false, found.effects.first().cloned().unwrap_or_default()),
    }
}

#[test]
fn money_that_would_only_wait_is_told_of() {
    let chain = wall(&[]);
    let (pointless, why) = bonded(&chain, ("AAA", false));
    assert!(pointless && why.contains("by membership and no pledge is asked"), "{why}");
    for (who, words) in [("ORG", "no right to validate"), ("NOBODY", "there is no member NOBODY")] {
        let (pointless, why) = bonded(&chain, (who, false));
        assert!(pointless && why.contains(words), "{who}: {why}");
    }
}

#[test]
fn a_bond_says_from_when_it_counts_or_why_not() {
    // A pledge of 100 wei, a reward, unbonding.
    let chain = scene(&settings(), &["AAA", "BBB"]);
    let height = chain.memory.block.height + 1;
    let (_, said) = bonded(&chain, ("CCC", true));
    assert_eq!(
        said,
        format!("from block {height} on CCC keeps the pledge of {}, with {}", wei(100), wei(100))
    );
    let (_, said) = bonded(&chain, ("AAA", true));
    assert!(said.contains("by membership and the pledge is kept already"), "{said}");
    let (pointless, said) = bonded(&chain, ("CCC", false));
    assert!(
        pointless
            && said.contains("its own bond is 0 UNIT")
            && said.contains("money of others does not count"),
        "{said}"
    );
    let found = bond_outlook(&chain.memory, height, ("AAA", false), U256::from(100), "UNIT");
    assert_eq!(found.pointless, None);
    assert!(
        found.effects.iter().any(|said| said.contains("shares the rewards of the blocks that AAA writes")),
        "{found:?}"
    );
    assert!(found.effects.iter().any(|said| said.contains("back 7d after")), "{found:?}");

    let mut by_stake = settings();
    by_stake.write = WriteRight::Stake { min: U256::from(500) };
    let chain = scene(&by_stake, &["AAA", "BBB"]);
    let (_, said) = bonded(&chain, ("AAA", false));
    assert_eq!(
        said,
        format!(
            "from block {} on AAA writes with 52.3 % of the weight (now 50.0 %)",
            chain.memory.block.height + 1
        )
    );
    let (_, said) = bonded(&chain, ("CCC", true));
    assert_eq!(
        said,
        format!("CCC still does not write: its stake would be {}, the least is {}", wei(100), wei(500))
    );

    let mut delegates = settings();
    delegates.write = WriteRight::Delegation { seats: 2, term: 60, chamber: None };
    let chain = scene(&delegates, &["AAA", "BBB"]);
    let (_, said) = bonded(&chain, ("CCC", true));
    assert!(said.contains("number 3 of 5 by stake for 2 seats, and would still be no delegate"), "{said}");
}

#[test]
fn who_takes_a_bond_out_is_told_what_is_lost_with_it() {
    // A pledge of 100 wei, of which two bonded 1,000 or what `scene` gives.
    let chain = scene(&settings(), &["AAA", "BBB"]);
    let next = chain.memory.block.height + 1;
    let own = bonds(&chain.memory).into_iter().find(|bond| bond.member == "AAA").expect("bonded").pledged;
    let said = unbond_outlook(&chain.memory, next, ("AAA", true), own, "UNIT").join("\n");
    for part in [
        format!("from block {next} on: AAA (own bond 0 UNIT) would no longer write or verify: "),
        "1 would be left of the 2 that decide blocks now: BBB".to_owned(),
        "BBB alone would write and verify".to_owned(),
    ] {
        assert!(said.contains(&part), "{part}: {said}");
    }
    assert_eq!(unbond_outlook(&chain.memory, next, ("AAA", true), U256::ZERO, "UNIT"), Vec::<String>::new());
    let mut by_stake = settings();
    by_stake.write = WriteRight::Stake { min: U256::from(500) };
    let chain = scene(&by_stake, &["AAA", "BBB"]);
    let said = unbond_outlook(&chain.memory, next, ("AAA", true), U256::from(100), "UNIT").join("\n");
    assert!(said.contains("AAA would write with ") && said.contains("of the weight (now 50.0 %)"), "{said}");
}
