//! Stages: counting in chunks, extensions, split ballots, moving quorums, and what is frozen.

use polity_primitives::REGISTRY;

use super::*;

#[test]
fn all_stages_must_adopt_and_each_has_its_report() {
    let mut chain = guarded();
    let id = chain.propose("AAA", "twice", vec![pay(5)]);
    let opened = chain.now();
    let refused = |chain: &mut Chain, who: &str| {
        chain
            .try_send(account(who), &sol::ballotCall { id: U256::from(id), choice: Choice::Yes })
            .map(drop)
            .unwrap_err()
    };
    assert_eq!(refused(&mut chain, "DDD"), "NotInElectorate", "the council first");
    chain.ballot("AAA", id, Choice::Yes);
    chain.ballot("BBB", id, Choice::Yes);
    chain.next(0);
    assert_eq!(chain.end(), 1);
    assert_eq!((chain.status(id), refused(&mut chain, "DDD").as_str()), ("pause", "Closed"));
    chain.run(2 * DAY);
    assert_eq!(chain.status(id), "open");
    let view = proposal(&chain.memory, id).unwrap();
    assert_eq!((view.stage, view.stages[1].opens_at), (1, Some(opened + 2 * DAY)));
    assert_eq!((view.stages[0].voters, view.stages[1].voters), (3, 5));
    for who in ["CCC", "DDD", "EEE"] {
        chain.ballot(who, id, Choice::Yes);
    }
    chain.run(DAY);
    assert_eq!(chain.status(id), "adopted");
    let view = proposal(&chain.memory, id).unwrap();
    for (number, stage) in view.stages.iter().enumerate() {
        let report = stage_report(&chain.memory, id, Some(number as u64)).unwrap();
        assert_eq!(stage.report_hash, Some(keccak256(report.json())), "stage {number}");
        assert_eq!(stage.adopted, Some(true));
    }
    let ballots = |stage| stage_ballots(&chain.memory, id, Some(stage)).len();
    assert_eq!((ballots(0), ballots(1)), (2, 3));
    chain.run(2 * DAY);
    assert_eq!(chain.status(id), "executed", "after the delay of the track");

    let id = chain.propose("AAA", "twice", vec![]);
    chain.ballot("AAA", id, Choice::No);
    chain.ballot("BBB", id, Choice::No);
    chain.next(0);
    chain.end();
    assert_eq!(chain.status(id), "rejected", "there is no second vote then");
    assert_eq!(proposal(&chain.memory, id).unwrap().stages[1].opens_at, None);
}

#[test]
fn counting_in_chunks_is_counting_at_once() {
    let many: String = (0..650)
        .map(|i| {
            format!("S{i:03} = {{ name = \"S{i}\", kind = \"state\", weights = {{ share = {} }} }}\n", i % 7)
        })
        .collect();
    let text = CHARTER.replace("\"vote\", \"validate\"]", "\"vote\"]").replace(
        "AAA = { name = \"Aland\",",
        &format!("{many}AAA = {{ name = \"Aland\", rights = [\"validate\"],"),
    );
    let mut chain = Chain::new(&format!("{text}{TRACKS}"));
    let id = chain.propose("AAA", "shares", vec![]);
    assert_eq!(
        (chain.status(id), proposal(&chain.memory, id).unwrap().counted),
        ("preparing", Some((249, 657)))
    );
    let early = sol::ballotCall { id: U256::from(id), choice: Choice::Yes };
    assert_eq!(chain.try_send(account("AAA"), &early).map(drop), Err("Closed".into()));
    // What happens meanwhile does not matter.
    let weigh = IRegistry::setWeightCall { id: word("S449"), name: word("share"), value: 1_000_000 };
    chain.decide(REGISTRY, &weigh);
    chain.decide(REGISTRY, &IRegistry::expelCall { id: word("S448") });
    let mut blocks = 0;
    while chain.status(id) == "preparing" {
        chain.next(1);
        chain.end();
        blocks += 1;
    }
    assert_eq!((blocks, chain.status(id)), (2, "open"));
    let opened = proposal(&chain.memory, id).unwrap();
    assert_eq!(opened.stages[0].voters, 655);
    assert_eq!(opened.stages[0].closes_at, Some(chain.now() + 7 * DAY), "from when ballots are taken");
    let filter =
        crate::registry::Filter { kinds: 1, rights: polity_charter::Rights::VOTE, ..Default::default() };
    let electorate = crate::registry::voters_at(&chain.memory, &filter, opened.electorate_height);
    let rule = rules(&chain.memory).into_iter().find(|rule| rule.id == "by-weight").unwrap().rule;
    let report = report(&chain.memory, id).unwrap();
    assert_eq!(report, rule.outcome(&rule.open(&electorate), false));
    chain.ballot("S449", id, Choice::Yes);
    assert_eq!(report_numerator(&chain, id), "1", "with the weight it had");
}

fn report_numerator(chain: &Chain, id: u64) -> String {
    report(&chain.memory, id).unwrap().limbs[0].numerator.to_string()
}

#[test]
fn a_late_ballot_that_flips_the_outcome_moves_the_close() {
    let mut chain = guarded();
    let id = chain.propose("AAA", "guarded", vec![]);
    let closes = |chain: &Chain| proposal(&chain.memory, id).unwrap().stages[0].closes_at.unwrap();
    let first = closes(&chain);
    for who in ["AAA", "BBB"] {
        chain.ballot(who, id, Choice::Yes);
    }
    chain.run(6 * DAY);
    chain.ballot("CCC", id, Choice::No);
    assert_eq!(closes(&chain), first, "late, but it flips nothing");
    chain.ballot("CCC", id, Choice::Yes);
    assert_eq!(closes(&chain), first + 2 * DAY, "rejected until now, adopted now");
    chain.ballot("CCC", id, Choice::No);
    assert_eq!(closes(&chain), first + 2 * DAY, "no longer late");
    chain.run(2 * DAY);
    assert_eq!((chain.status(id), closes(&chain) - chain.now()), ("open", DAY));
    chain.ballot("CCC", id, Choice::Yes);
    chain.ballot("CCC", id, Choice::None);
    assert_eq!(closes(&chain), first + 4 * DAY, "the second time");
    chain.run(2 * DAY);
    chain.ballot("CCC", id, Choice::Yes);
    chain.ballot("CCC", id, Choice::None);
    assert_eq!(closes(&chain), first + 4 * DAY, "there is no third");
    assert_eq!(proposal(&chain.memory, id).unwrap().stages[0].extensions, 2);
    chain.run(DAY);
    assert_eq!(chain.status(id), "rejected");
}

#[test]
fn split_ballots_weigh_in_parts() {
    let mut chain = Chain::new(CHARTER);
    let id = chain.propose("AAA", "shares", vec![]);
    let split = |yes, no, abstain, veto| sol::ballotSplitCall { id: U256::from(id), yes, no, abstain, veto };
    for (wrong, error) in
        [(split(5_000, 4_999, 0, 0), "WrongSplit"), (split(u16::MAX, 1, 0, 0), "WrongSplit")]
    {
        assert_eq!(chain.try_send(account("EEE"), &wrong).map(drop), Err(error.into()));
    }
    let whole = sol::ballotCall { id: U256::from(id), choice: Choice::Split };
    assert_eq!(chain.try_send(account("EEE"), &whole).map(drop), Err("MalformedCalldata".into()));
    chain.send("EEE", &split(7_500, 2_500, 0, 0));
    assert_eq!(report_numerator(&chain, id), "3", "three quarters of 4");
    let cast =
        chain.send("SAM", &sol::ballotOfCall { id: U256::from(id), stage: U256::ZERO, member: word("EEE") });
    assert_eq!((cast.choice, cast.yes, cast.no), (Choice::Split, 7_500, 2_500));
    chain.ballot("EEE", id, Choice::Abstain);
    assert_eq!(report_numerator(&chain, id), "0");
    chain.send("EEE", &split(0, 0, 0, 10_000));
    let limb = report(&chain.memory, id).unwrap().limbs.remove(0);
    assert_eq!((limb.numerator.to_string(), limb.denominator.to_string()), ("0".into(), "4".into()));
}

#[test]
fn a_moving_quorum_follows_the_votes_on_its_track() {
    let rule = r#"
[rules.moving]
quorum = { min = "0.2", max = "0.7", start = "1/2", past = "0.8" }
[[rules.moving.limb]]
name      = "turnout"
numerator = "cast"
threshold = ">= quorum"
[tracks.first]
for = []
strictness = 1
stages = [{ chamber = "plenary", rule = "moving" }]
[tracks.second]
for = []
strictness = 2
stages = [{ chamber = "plenary", rule = "moving" }]
"#;
    let mut chain = Chain::new(&format!("{CHARTER}{rule}{URGENT}"));
    let threshold =
        |chain: &Chain, id| report(&chain.memory, id).unwrap().limbs[0].threshold.value().to_string();
    let first = chain.propose("AAA", "first", vec![]);
    assert_eq!(threshold(&chain, first), "9/20", "0.2 + 0.5 × 0.5");
    for who in ["AAA", "BBB", "CCC", "DDD", "EEE"] {
        chain.ballot(who, first, Choice::Yes);
    }
    let meanwhile = chain.propose("AAA", "first", vec![]);
    chain.run(DAY);
    assert_eq!(chain.status(first), "adopted");
    assert_eq!(threshold(&chain, first), "9/20", "what it was decided by stays");
    let hash = proposal(&chain.memory, first).unwrap().stages[0].report_hash;
    assert_eq!(hash, Some(keccak256(report(&chain.memory, first).unwrap().json())));
    assert_eq!(threshold(&chain, meanwhile), "9/20", "it was open");
    let next = chain.propose("AAA", "first", vec![]);
    assert_eq!(threshold(&chain, next), "1/2", "0.2 + (0.8 × 0.5 + 0.2) × 0.5");
    let other = chain.propose("AAA", "second", vec![]);
    assert_eq!(threshold(&chain, other), "9/20", "each track has its own");
    chain.run(7 * DAY);
    assert_eq!(chain.status(next), "rejected");
    let view = tracks_view(&chain, "first");
    assert_eq!(view.averages, [("moving".to_owned(), 3_840)], "0.6 × 0.8 × 0.8, nobody took part in two");
}

/// The rule as a charter takes it up.
fn tezos() -> String {
    let mut text = String::from("[rules.tezos]\n");
    for line in include_str!("../../../../../../charters/rules/tezos.toml").lines() {
        if line.starts_with("id ") {
            continue;
        }
        let (open, rest) = line.split_at(line.chars().take_while(|c| *c == '[').count());
        text += &format!("{open}{}{rest}\n", if open.is_empty() { "" } else { "rules.tezos." });
    }
    text
}

/// Exploration, cooldown, promotion, as in Tezos: the promotion's quorum follows the participation in the exploration, and nothing else
/// that happens meanwhile.
#[test]
fn a_promotion_asks_for_a_quorum_that_follows_its_own_exploration() {
    let tracks = r#"
[tracks.upgrade]
for = []
strictness = 1
stages = [{ chamber = "plenary", rule = "tezos" }, { chamber = "plenary", rule = "tezos", pause = "14d" }]
"#;
    // Of 100 in all.
    let stakes = [("AAA", 15), ("BBB", 20), ("CCC", 24), ("DDD", 30), ("EEE", 11)];
    let text = stakes.iter().fold(CHARTER.to_owned(), |text, (id, stake)| {
        text.lines()
            .map(|line| match line.starts_with(&format!("{id} = ")) {
                true => line.replace("{ share", &format!("{{ stake = \"{stake}\", share")) + "\n",
                false => format!("{line}\n"),
            })
            .collect()
    });
    let mut chain = Chain::new(&format!("{text}{}{tracks}{URGENT}", tezos()));
    let limb =
        |chain: &Chain, id, stage| stage_report(&chain.memory, id, Some(stage)).unwrap().limbs.remove(0);
    let quorum = |chain: &Chain, id, stage| limb(chain, id, stage).threshold.value().to_string();

    let id = chain.propose("AAA", "upgrade", vec![]);
    assert_eq!(quorum(&chain, id, 0), "11/20", "0.2 + 0.7 × 0.5");
    let other = chain.propose("SAM", "upgrade", vec![]);
    for who in ["AAA", "BBB", "CCC"] {
        chain.ballot(who, id, Choice::Yes);
    }
    chain.run(7 * DAY);
    let exploration = limb(&chain, id, 0);
    assert_eq!((exploration.share.to_string().as_str(), chain.status(id)), ("0.59", "pause"));
    assert_eq!(quorum(&chain, id, 0), "11/20", "what was decided stays");
    assert_eq!(quorum(&chain, id, 1), "539/1000", "0.2 + (0.8 × 0.7 + 0.2 × 0.59) × 0.5");
    assert_eq!(
        (chain.status(other), quorum(&chain, other, 1)),
        ("rejected", "11/20".into()),
        "there is no more of it"
    );
    // Meanwhile all take part in another vote on the track, and nobody in one by a rule that forgets the past.
    let busy = chain.propose("SAM", "upgrade", vec![]);
    for (who, _) in stakes {
        chain.ballot(who, busy, Choice::Yes);
    }
    chain.run(DAY);
    assert_eq!(chain.status(busy), "pause");
    assert_ne!(quorum(&chain, busy, 1), quorum(&chain, id, 1));
    let rule =
        rules(&chain.memory).into_iter().find(|rule| rule.id == "tezos").unwrap().rule.canonical_json();
    let forgetful = rule.replace("\"past\":\"4/5\"", "\"past\":\"0\"");
    assert_ne!(rule, forgetful);
    chain.write_rule(&forgetful);
    let quiet = chain.propose("SAM", "upgrade", vec![]);
    chain.run(12 * DAY);
    assert_eq!((chain.status(quiet), chain.status(id)), ("rejected", "pause"));
    assert_eq!(tracks_view(&chain, "upgrade").averages, [("tezos".to_owned(), 0)]);
    chain.run(DAY);
    assert_eq!((chain.status(id), quorum(&chain, id, 1)), ("open", "539/1000".into()));

    // 54 of 100: too few by the quorum of the opening, enough by that of the promotion.
    for (who, choice) in [("CCC", Choice::Yes), ("DDD", Choice::Abstain)] {
        chain.ballot(who, id, choice);
    }
    let promotion = limb(&chain, id, 1);
    assert_eq!((promotion.numerator.to_string().as_str(), promotion.met), ("54", true));
    chain.run(7 * DAY);
    assert_eq!(chain.status(id), "adopted");
}

fn tracks_view(chain: &Chain, id: &str) -> TrackView {
    super::super::views::tracks(&chain.memory).into_iter().find(|track| track.id == id).unwrap()
}

#[test]
fn a_target_whose_code_changed_is_not_the_one_that_was_frozen_at_the_opening() {
    let mut chain = guarded();
    let code = |code: &'static [u8]| crate::memory::MemoryAccount {
        nonce: 1,
        code: code.into(),
        ..Default::default()
    };
    chain.memory.set_account(account("x"), code(&[1]));
    let id = chain.propose("AAA", "talk", vec![sol::Call { target: account("x"), ..Default::default() }]);
    let hashes = |chain: &mut Chain| chain.send("SAM", &sol::codeHashesOfCall { id: U256::from(id) });
    assert_eq!(hashes(&mut chain), Vec::<B256>::new(), "not frozen while it is discussed");
    chain.memory.set_account(account("x"), code(&[2]));
    chain.run(7 * DAY);
    chain.memory.set_account(account("x"), code(&[3]));
    assert_eq!(hashes(&mut chain), [keccak256([2])]);
}
