//! Chambers by election, sortition and stake.

use polity_primitives::REGISTRY;
use proptest::prelude::*;

use super::*;
use crate::registry::IRegistry;

/// More bodies for the pact: a board that the plenary elects, a weighted council, a jury, holders of stakes.
pub(super) const SEATED: &str = r#"
[chambers.board]
by       = "election"
seats    = 2
of       = "plenary"
term     = "30d"
election = "10d"
rule     = "majority"
voting   = "7d"
[chambers.senate]
by       = "election"
seats    = 1
of       = "plenary"
kinds    = ["expert"]
term     = "30d"
election = "10d"
ballot   = "one"
weight   = "share"
rule     = "majority"
voting   = "7d"
[chambers.jury]
by     = "sortition"
seats  = 3
from   = "plenary"
term   = "20d"
rule   = "majority"
voting = "7d"
[chambers.heavy]
by     = "sortition"
seats  = 1
from   = "plenary"
weight = "share"
term   = "20d"
rule   = "majority"
voting = "7d"
[chambers.holders]
by        = "stake"
min       = "2 wei"
unbonding = "5d"
rule      = "by-stake"
voting    = "7d"
[chambers.veil]
kinds  = ["state"]
rule   = "majority"
voting = "90d"
secret = { reveal = "90d", unrevealed = "abstain" }
[chambers.curtain]
kinds  = ["state"]
rule   = "majority"
voting = "1s"
secret = { reveal = "90d", unrevealed = "abstain" }
[chambers.moot]
by       = "election"
seats    = 2
of       = "plenary"
term     = "90d"
election = "90d"
rule     = "majority"
voting   = "7d"
[rules.by-stake]
name = { en = "More than half of the stake" }
[[rules.by-stake.limb]]
name      = "stake"
weight    = "stake"
numerator = "yes"
threshold = "> 1/2"
"#;

/// `text` with these bodies, in which experts may vote, so that they can be elected.
pub(super) fn with_seats(text: &str) -> String {
    let text = text.replace(
        r#"expert = ["read", "transact", "propose"]"#,
        r#"expert = ["read", "transact", "propose", "vote"]"#,
    );
    let (chambers, members) = text.split_once("[members]").expect("members");
    format!("{chambers}{SEATED}[members]{members}")
}

/// Opens elections, seats a jury for twenty days, lets AAA wait for a payment; for the laws.
pub(super) fn prepare_laws(chain: &mut Chain) {
    for _ in 0..3 {
        chain.next(0);
        chain.end();
    }
    for who in ["AAA", "BBB"] {
        chain.memory.mint(account(who), U256::from(1_000));
        stand(chain, who, "moot").expect("open");
    }
    elect(chain, "DDD", "moot", &["AAA", "BBB"]).expect("open");
    chain.send("EEE", &sol::delegateCall { scope: word("plenary"), to: word("DDD") });
    bond(chain, "AAA", 9).expect("by stake");
    unbond(chain, "AAA", 2).expect("bonded");
}

/// A call of each function about seats and delegations, after [`prepare_laws`].
pub(super) fn law_examples() -> Vec<crate::laws::Example> {
    use crate::laws::Example;
    let (moot, jury, holders) = (word("moot"), word("jury"), word("holders"));
    macro_rules! by {
        ($($who:expr => $call:ident { $($field:tt)* }),+ $(,)?) => {
            vec![$(Example::new($who, ASSEMBLY, &sol::$call { $($field)* })),+]
        };
    }
    let mut all = by![
        account("CCC") => standCall { chamber: moot },
        account("BBB") => standDownCall { chamber: moot },
        account("DDD") => electCall { chamber: moot, candidates: vec![word("BBB")] },
        account("AAA") => unbondCall { chamber: holders, amount: U256::from(3) },
        SYSTEM => turnCall { number: U256::from(3) },
        SYSTEM => skipTurnCall { number: U256::from(4) },
        SYSTEM => releaseCall { id: U256::from(1) },
        account("AAA") => delegateCall { scope: word("plenary"), to: word("EEE") },
        account("EEE") => undelegateCall { scope: word("plenary") },
        Address::ZERO => delegateOfCall { scope: word("plenary"), member: word("EEE") },
        Address::ZERO => delegateAtCall { scope: word("plenary"), member: word("EEE"), height: 1 },
        Address::ZERO => carrierOfCall { id: U256::from(3), member: word("EEE") },
        Address::ZERO => termOfCall { chamber: jury },
        Address::ZERO => satAtCall { chamber: jury, member: word("AAA"), height: 7 },
        Address::ZERO => electionOfCall { chamber: moot },
        Address::ZERO => electedByCall { chamber: moot, member: word("DDD") },
        Address::ZERO => stakeOfCall { chamber: holders, member: word("AAA") },
        Address::ZERO => stakeAtCall { chamber: holders, member: word("AAA"), height: 1 },
        Address::ZERO => bondedInCall { chamber: holders },
        Address::ZERO => unbondingOfCall { id: U256::from(1) },
    ];
    all.push(Example::new(account("AAA"), ASSEMBLY, &sol::bondCall { chamber: holders }).with_value(5));
    all
}

/// The pact with these bodies.
pub(super) fn seated() -> Chain {
    let mut chain = Chain::new(&with_seats(CHARTER));
    for who in ["AAA", "BBB", "CCC", "DDD", "EEE", "SAM"] {
        chain.memory.mint(account(who), U256::from(1_000));
    }
    chain
}

fn of(chain: &Chain, chamber: &str) -> SeatsView {
    seats_of(&chain.memory, chamber).expect("a chamber whose seats are filled")
}

fn stand(chain: &mut Chain, who: &str, chamber: &str) -> Result<(), String> {
    chain.try_send(account(who), &sol::standCall { chamber: word(chamber) }).map(drop)
}

fn elect(chain: &mut Chain, who: &str, chamber: &str, candidates: &[&str]) -> Result<(), String> {
    let candidates = candidates.iter().map(|id| word(id)).collect();
    chain.try_send(account(who), &sol::electCall { chamber: word(chamber), candidates }).map(drop)
}

fn bond(chain: &mut Chain, who: &str, wei: u64) -> Result<(), String> {
    let input = sol::bondCall { chamber: word("holders") }.abi_encode();
    let request = Request { value: U256::from(wei), ..Request::new(account(who), ASSEMBLY, input) };
    match chain.memory.call(&request).result {
        Ok(_) => Ok(()),
        Err(Failure::Revert(output)) => Err(directory::error_name(&output).expect("an error of the ABI")),
        Err(Failure::Halt(halt)) => panic!("{halt}"),
    }
}

fn unbond(chain: &mut Chain, who: &str, wei: u64) -> Result<(), String> {
    let call = sol::unbondCall { chamber: word("holders"), amount: U256::from(wei) };
    chain.try_send(account(who), &call).map(drop)
}

/// Wei as rules see them, in units of the currency.
fn units(wei: u64) -> polity_decision::Rational {
    polity_decision::Rational::new(wei.into(), crate::registry::STAKE_SCALE.into())
}

#[test]
fn who_is_approved_by_most_is_seated_for_a_term() {
    let mut chain = seated();
    assert_eq!(
        stand(&mut chain, "AAA", "board"),
        Err("NoElection".into()),
        "the chain has not opened it yet"
    );
    chain.next(0);
    chain.end();
    let closes_at = of(&chain, "board").election_closes_at.expect("open");
    assert_eq!(closes_at, chain.now() + 10 * DAY);
    for who in ["CCC", "AAA", "BBB"] {
        assert_eq!(stand(&mut chain, who, "board"), Ok(()));
    }
    for (who, chamber, error) in [
        ("AAA", "board", "AlreadyStands"),
        ("SAM", "board", "MayNotStand"),
        ("ORG", "board", "NoRight"),
        ("AAA", "senate", "MayNotStand"),
        ("AAA", "jury", "NoElection"),
        ("AAA", "nowhere", "UnknownChamber"),
    ] {
        assert_eq!(stand(&mut chain, who, chamber), Err(error.into()), "{who} {chamber}");
    }
    for (who, names) in [
        ("AAA", &["AAA", "BBB"][..]),
        ("BBB", &["BBB"]),
        ("CCC", &["AAA"]),
        ("DDD", &["CCC", "BBB", "AAA"]),
        ("EEE", &["CCC"]),
        // It changes its mind: only the last ballot counts.
        ("AAA", &["BBB"]),
    ] {
        assert_eq!(elect(&mut chain, who, "board", names), Ok(()), "{who}");
    }
    for (who, names, error) in [
        ("SAM", &["AAA"][..], "NotAnElector"),
        ("AAA", &["DDD"], "NotACandidate"),
        ("AAA", &["BBB", "BBB"], "NotACandidate"),
    ] {
        assert_eq!(elect(&mut chain, who, "board", names), Err(error.into()));
    }
    let sums: Vec<_> =
        of(&chain, "board").candidates.iter().map(|c| (c.member.clone(), c.weight.to::<u64>())).collect();
    assert_eq!(sums, [("CCC".into(), 2), ("AAA".into(), 2), ("BBB".into(), 3)]);
    chain.run(9 * DAY);
    assert!(of(&chain, "board").members.is_empty());
    let empty = sol::proposeCall { track: word("board"), title: "x".into(), calls: vec![] };
    assert_eq!(chain.try_send(account("AAA"), &empty).map(drop), Err("EmptyElectorate".into()));
    chain.run(DAY);
    let board = of(&chain, "board");
    assert_eq!(board.members, ["CCC", "BBB"], "CCC and AAA are level, and CCC stood first");
    assert_eq!((board.term, board.ends_at), (1, Some(closes_at + 30 * DAY)));
    assert_eq!(board.election_closes_at, None);

    // Its members, and nobody else, decide in it from the next block on.
    chain.next(0);
    let id = chain.propose("SAM", "board", vec![]);
    let yes = sol::ballotCall { id: U256::from(id), choice: Choice::Yes };
    assert_eq!(chain.try_send(account("AAA"), &yes).map(drop), Err("NotInElectorate".into()));
    chain.ballot("BBB", id, Choice::Yes);
    assert_eq!(report(&chain.memory, id).unwrap().limbs[0].denominator.to_string(), "2");

    // The next election is open for the last ten days of the term, and nobody stands: the board stays.
    chain.run(19 * DAY);
    assert_eq!(of(&chain, "board").election_closes_at, None);
    chain.run(DAY);
    assert_eq!(of(&chain, "board").election_closes_at, Some(closes_at + 30 * DAY));
    chain.run(11 * DAY);
    assert_eq!(of(&chain, "board").members, ["CCC", "BBB"]);
    assert_eq!(of(&chain, "board").term, 1);
    assert!(of(&chain, "board").election_closes_at.is_some(), "it is held again");
}

/// A lone candidate fills one seat, and it is told how many nobody has.
#[test]
fn seats_for_which_nobody_stood_stay_vacant() {
    use alloy_sol_types::SolEvent;
    let mut chain = seated();
    chain.next(0);
    chain.end();
    assert_eq!((of(&chain, "board").vacant, of(&chain, "board").term), (0, 0), "nobody was to be seated yet");
    assert_eq!(stand(&mut chain, "AAA", "board"), Ok(()));
    assert_eq!(elect(&mut chain, "EEE", "board", &["AAA"]), Ok(()));
    chain.next(10 * DAY);
    let mut told = Vec::new();
    while let Some(due) = next_due(&chain.memory, &chain.memory.block) {
        let outcome = chain.memory.call(&Request::new(SYSTEM, due.to, due.input.to_vec()));
        assert!(outcome.result.is_ok());
        told.extend(outcome.logs.iter().filter_map(|log| sol::Seated::decode_log_data(&log.data).ok()));
    }
    let vacant = |id: &str| told.iter().find(|seated| seated.chamber == word(id)).map(|seated| seated.vacant);
    assert_eq!((vacant("board"), of(&chain, "board").vacant), (Some(1), 1));
    assert_eq!(of(&chain, "board").members, ["AAA"]);
    // Lots that found enough leave none.
    for _ in 0..4 {
        chain.next(0);
        chain.end();
    }
    assert_eq!((of(&chain, "jury").members.len(), of(&chain, "jury").vacant), (3, 0));
}

#[test]
fn a_weighted_ballot_for_one_and_those_who_may_not_sit_when_seats_are_filled() {
    let mut chain = seated();
    chain.next(0);
    chain.end();
    assert_eq!(stand(&mut chain, "SAM", "senate"), Ok(()));
    assert_eq!(elect(&mut chain, "AAA", "senate", &["SAM"]), Ok(()));
    assert_eq!(of(&chain, "senate").candidates[0].weight, U256::from(1), "half a share, scaled by two");
    assert_eq!(elect(&mut chain, "EEE", "senate", &["SAM"]), Ok(()));
    assert_eq!(elect(&mut chain, "EEE", "senate", &["SAM", "SAM"]), Err("TooMany".into()));
    assert_eq!(of(&chain, "senate").candidates[0].weight, U256::from(9));
    assert_eq!(elect(&mut chain, "EEE", "senate", &[]), Ok(()));
    assert_eq!(of(&chain, "senate").candidates[0].weight, U256::from(1));
    let down = sol::standDownCall { chamber: word("senate") };
    chain.send("SAM", &down);
    assert_eq!(chain.try_send(account("SAM"), &down).map(drop), Err("NotACandidate".into()));
    assert_eq!(elect(&mut chain, "BBB", "senate", &["SAM"]), Err("NotACandidate".into()));
    assert_eq!(stand(&mut chain, "SAM", "senate"), Ok(()));
    chain.decide(REGISTRY, &IRegistry::suspendCall { id: word("SAM") });
    chain.run(10 * DAY);
    assert!(of(&chain, "senate").members.is_empty(), "suspended when the seats are filled");
}

#[test]
fn weights_in_an_election_are_those_of_its_opening() {
    let mut chain = seated();
    chain.next(0);
    chain.end();
    assert_eq!(stand(&mut chain, "SAM", "senate"), Ok(()));
    chain.decide(REGISTRY, &IRegistry::setWeightCall { id: word("EEE"), name: word("share"), value: 1_000 });
    chain.next(1);
    assert_eq!(elect(&mut chain, "EEE", "senate", &["SAM"]), Ok(()));
    assert_eq!(of(&chain, "senate").candidates[0].weight, U256::from(8));
    assert_eq!(elect(&mut chain, "EEE", "senate", &[]), Ok(()));
    assert_eq!(of(&chain, "senate").candidates[0].weight, U256::ZERO);
}

#[test]
fn lots_fall_with_the_randomness_of_a_later_block_and_again_after_a_term() {
    let mut chain = seated();
    chain.next(0);
    chain.end();
    assert!(of(&chain, "jury").is_drawing);
    // Whoever is admitted after the announcement is not among them.
    chain.next(0);
    chain.end();
    let mut other = chain.clone();
    chain.next(0);
    chain.end();
    let jury = of(&chain, "jury");
    assert_eq!((jury.members.len(), jury.term, jury.is_drawing), (3, 1, false));
    assert!(jury.members.iter().all(|id| ["AAA", "BBB", "CCC", "DDD", "EEE"].contains(&id.as_str())));
    assert!(jury.seed.is_some_and(|seed| !seed.is_zero()));
    other.next(0);
    other.end();
    assert_eq!(of(&other, "jury"), jury, "the seed was fixed before");
    let mut lots: Vec<_> = ["AAA", "BBB", "CCC", "DDD", "EEE"]
        .map(|id| (keccak256([jury.seed.unwrap().as_slice(), word(id).as_slice()].concat()), id))
        .to_vec();
    lots.sort_unstable();
    let lowest: Vec<_> = lots.iter().take(3).map(|(_, id)| *id).collect();
    assert_eq!(jury.members, lowest, "anyone can check the lots");
    assert_eq!(of(&chain, "heavy").members.len(), 1);

    chain.next(0);
    let id = chain.propose("SAM", "jury", vec![]);
    let before = report(&chain.memory, id).unwrap();
    assert_eq!(before.limbs[0].denominator.to_string(), "3");
    let mut terms = std::collections::BTreeSet::new();
    for term in 2..12 {
        chain.run(23 * DAY);
        assert!(of(&chain, "jury").term >= term);
        terms.insert(of(&chain, "jury").members);
    }
    assert!(terms.len() > 3, "{terms:?}");
}

#[test]
fn a_new_term_never_changes_an_open_vote() {
    let mut chain = seated();
    for _ in 0..3 {
        chain.next(0);
        chain.end();
    }
    chain.run(18 * DAY);
    let jury = of(&chain, "jury").members;
    let id = chain.propose("SAM", "jury", vec![]);
    chain.run(5 * DAY);
    assert_eq!(of(&chain, "jury").term, 2);
    for who in ["AAA", "BBB", "CCC", "DDD", "EEE"] {
        let call = sol::ballotCall { id: U256::from(id), choice: Choice::No };
        assert_eq!(chain.try_send(account(who), &call).is_ok(), jury.contains(&who.to_owned()), "{who}");
    }
}

#[test]
fn what_is_bonded_at_the_opening_counts_and_comes_back_after_unbonding() {
    let mut chain = seated();
    assert_eq!(bond(&mut chain, "AAA", 0), Err("NothingBonded".into()));
    assert_eq!(bond(&mut chain, "ORG", 0), Err("MayNotBond".into()), "without the right to vote");
    assert_eq!(unbond(&mut chain, "AAA", 1), Err("NothingBonded".into()));
    for (who, wei) in [("AAA", 30), ("BBB", 20), ("SAM", 1), ("AAA", 10)] {
        assert_eq!(bond(&mut chain, who, wei), Ok(()));
    }
    let call = sol::bondCall { chamber: word("board") };
    assert_eq!(chain.try_send(account("AAA"), &call).map(drop), Err("NotByStake".into()));
    chain.next(1);
    let id = chain.propose("SAM", "holders", vec![]);
    assert_eq!(unbond(&mut chain, "AAA", 41), Err("BadAmount".into()));
    assert_eq!(unbond(&mut chain, "AAA", 40), Ok(()));
    assert_eq!(bond(&mut chain, "BBB", 500), Ok(()));
    let sam = sol::ballotCall { id: U256::from(id), choice: Choice::Yes };
    assert_eq!(
        chain.try_send(account("SAM"), &sam).map(drop),
        Err("NotInElectorate".into()),
        "below the least"
    );
    chain.ballot("AAA", id, Choice::Yes);
    let limb = report(&chain.memory, id).unwrap().limbs.remove(0);
    assert_eq!((limb.numerator, limb.denominator), (units(40), units(60)), "whatever moved since");
    let paid_at = of(&chain, "holders").unbondings[0].paid_at;
    assert_eq!(paid_at, chain.now() + 5 * DAY);
    assert_eq!(chain.memory.balance_of(account("AAA")), U256::from(960));
    chain.run(5 * DAY);
    assert_eq!(chain.memory.balance_of(account("AAA")), U256::from(1_000));
    assert_eq!(of(&chain, "holders").unbondings, []);
    let stakes: Vec<_> = of(&chain, "holders")
        .stakes
        .into_iter()
        .map(|s| (s.member, s.stake_wei.to::<u64>(), s.sits))
        .collect();
    assert_eq!(stakes, [("BBB".to_owned(), 520, true), ("SAM".to_owned(), 1, false)]);
}

#[test]
fn who_is_expelled_gets_its_stake_back() {
    let mut chain = seated();
    assert_eq!(bond(&mut chain, "SAM", 7), Ok(()));
    chain.decide(REGISTRY, &IRegistry::expelCall { id: word("SAM") });
    assert_eq!(unbond(&mut chain, "SAM", 7), Ok(()));
    chain.run(5 * DAY);
    assert_eq!(chain.memory.balance_of(account("SAM")), U256::from(1_000));
}

#[test]
fn the_most_that_can_be_bonded_can_be_voted_with() {
    let mut chain = seated();
    chain.memory.mint(account("AAA"), BONDED_MAX);
    let input = sol::bondCall { chamber: word("holders") }.abi_encode();
    let request = Request { value: BONDED_MAX, ..Request::new(account("AAA"), ASSEMBLY, input) };
    assert!(chain.memory.call(&request).result.is_ok());
    assert_eq!(bond(&mut chain, "BBB", 1), Err("BadAmount".into()));
    chain.next(1);
    let id = chain.propose("SAM", "holders", vec![]);
    chain.ballot("AAA", id, Choice::Yes);
    assert_eq!(report(&chain.memory, id).unwrap().limbs[0].share.to_string(), "1");
}

#[test]
fn a_turn_that_fails_is_left_out_and_tried_again() {
    let mut chain = seated();
    chain.next(0);
    let due = next_due(&chain.memory, &chain.memory.block).expect("the first turn");
    let skip = due.on_failure(&[]);
    assert_eq!(skip.input[..4], sol::skipTurnCall::SELECTOR);
    let request = Request::new(SYSTEM, ASSEMBLY, skip.input.to_vec());
    assert!(chain.memory.call(&request).result.is_ok());
    chain.run(30 * DAY);
    assert!(of(&chain, "board").election_closes_at.is_some());
}

#[test]
fn the_chains_own_work_for_the_largest_chamber_fits_its_gas() {
    use crate::agenda::{RELEASE_GAS_MAX, SKIP_TURN_GAS_MAX, TURN_GAS_MAX};
    let states = 140;
    let more: String = (0..states)
        .map(|i| format!("S{i:03} = {{ name = \"S{i}\", kind = \"state\", weights = {{ share = 1 }} }}\n"))
        .collect();
    let text = CHARTER
        .replace(
            r#"expert = ["read", "transact", "propose"]"#,
            r#"expert = ["read", "transact", "propose", "vote"]"#,
        )
        .replace("\"vote\", \"validate\"]", "\"vote\"]")
        .replace("AAA = { name = \"Aland\",", "AAA = { name = \"Aland\", rights = [\"validate\"],");
    let (chambers, members) = text.split_once("[members]").expect("members");
    let seated = SEATED.replace("seats    = 2", "seats = 128").replace("seats  = 3", "seats = 128");
    let mut chain = Chain::new(&format!("{chambers}{seated}[members]{members}{more}"));
    let (mut most, mut rounds) = (0, 0);
    let mut step = |chain: &mut Chain| {
        chain.next(0);
        while let Some(due) = next_due(&chain.memory, &chain.memory.block) {
            let request = Request::new(SYSTEM, ASSEMBLY, due.input.to_vec());
            let skip = Request { input: due.on_failure(&[]).input.to_vec(), ..request.clone() };
            let skipped = chain.memory.clone().call(&skip);
            assert!(skipped.gas_used + 30_000 < SKIP_TURN_GAS_MAX, "{}", skipped.gas_used);
            let outcome = chain.memory.call(&request);
            assert!(outcome.result.is_ok());
            most = most.max(outcome.gas_used);
            rounds += 1;
        }
    };
    for _ in 0..6 {
        step(&mut chain);
    }
    for i in 0..CANDIDATES_MAX {
        let who = format!("S{i:03}");
        assert_eq!(stand(&mut chain, &who, "board"), Ok(()));
        assert_eq!(elect(&mut chain, &who, "board", &[&who]), Ok(()));
    }
    assert_eq!(stand(&mut chain, "S130", "board"), Err("TooMany".into()));
    chain.next(10 * DAY);
    for _ in 0..6 {
        step(&mut chain);
    }
    assert_eq!(of(&chain, "board").members.len(), 128);
    assert_eq!(of(&chain, "jury").members.len(), 128);
    assert!(rounds > 8 && most + 110_000 < TURN_GAS_MAX, "{most} in {rounds}");

    chain.memory.mint(account("S000"), U256::from(100));
    assert_eq!(bond(&mut chain, "S000", 50), Ok(()));
    for _ in 0..UNBONDINGS_MAX {
        assert_eq!(unbond(&mut chain, "S000", 1), Ok(()));
    }
    assert_eq!(unbond(&mut chain, "S000", 1), Err("TooMany".into()));
    chain.next(5 * DAY);
    let release = sol::releaseCall { id: U256::from(1) };
    let used = chain.call(SYSTEM, ASSEMBLY, &release);
    assert!(used.result.is_ok() && used.gas_used + 110_000 < RELEASE_GAS_MAX, "{}", used.gas_used);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// What the assembly holds is what was bonded and waits to be paid back, to the wei; and whatever is bonded and unbonded after
    /// the opening, an open vote counts what was there before.
    #[test]
    fn stakes_are_conserved_and_frozen(
        before in prop::collection::vec((0..5usize, 1..200u64), 1..8),
        after in prop::collection::vec((0..5usize, 1..200u64, any::<bool>(), 0..3u64), 0..20),
    ) {
        const WHO: [&str; 5] = ["AAA", "BBB", "CCC", "DDD", "SAM"];
        let mut chain = seated();
        for who in WHO {
            // More than any of them could bond.
            chain.memory.mint(account(who), U256::from(10_000));
        }
        for (who, wei) in &before {
            let _ = bond(&mut chain, WHO[*who], *wei);
        }
        chain.next(1);
        let share = |chain: &Chain| {
            let holders = of(chain, "holders").stakes.into_iter().filter(|s| s.sits).collect::<Vec<_>>();
            let all: u64 = holders.iter().map(|s| s.stake_wei.to::<u64>()).sum();
            (holders.iter().find(|s| s.member == "AAA").map_or(0, |s| s.stake_wei.to::<u64>()), all)
        };
        let (own, all) = share(&chain);
        prop_assume!(own > 0);
        let id = chain.propose("SAM", "holders", vec![]);
        let total: U256 = U256::from(55_000);
        for (who, wei, bonds, days) in after {
            let _ = if bonds { bond(&mut chain, WHO[who], wei) } else { unbond(&mut chain, WHO[who], wei) };
            let holders = of(&chain, "holders");
            let stakes: U256 = holders.stakes.iter().map(|s| s.stake_wei).sum();
            let waiting: U256 = holders.unbondings.iter().map(|u| u.amount_wei).sum();
            prop_assert_eq!(stakes, holders.bonded_wei);
            prop_assert_eq!(stakes + waiting, chain.memory.balance_of(ASSEMBLY));
            let purses: U256 = WHO.iter().map(|who| chain.memory.balance_of(account(who))).sum();
            prop_assert_eq!(purses + chain.memory.balance_of(ASSEMBLY), total);
            if days > 0 && chain.now() < 100 * DAY {
                chain.next(days);
                chain.end();
            }
        }
        if chain.status(id) == "open" {
            chain.ballot("AAA", id, Choice::Yes);
        }
        let limb = report(&chain.memory, id).unwrap().limbs.remove(0);
        prop_assert_eq!((limb.numerator, limb.denominator), (units(own), units(all)));
    }

    /// Sums of an election by increments are those of the ballots as they stand.
    #[test]
    fn each_ballot_of_an_election_counts_once(
        ballots in prop::collection::vec((0..5usize, prop::sample::subsequence(vec!["AAA", "BBB", "CCC", "DDD"], 0..4)), 0..20),
    ) {
        const WHO: [&str; 5] = ["AAA", "BBB", "CCC", "DDD", "EEE"];
        let mut chain = seated();
        chain.next(0);
        chain.end();
        for who in ["AAA", "BBB", "CCC", "DDD"] {
            stand(&mut chain, who, "board").unwrap();
        }
        let mut last = std::collections::BTreeMap::new();
        for (who, names) in &ballots {
            elect(&mut chain, WHO[*who], "board", names).unwrap();
            last.insert(*who, names.clone());
        }
        for candidate in of(&chain, "board").candidates {
            let named = last.values().filter(|names| names.contains(&candidate.member.as_str())).count();
            prop_assert_eq!(candidate.weight, U256::from(named));
        }
    }
}

#[test]
fn a_chamber_that_sits_otherwise_since_has_no_more_turns() {
    let mut chain = seated();
    chain.next(0);
    chain.end();
    let plenary = sol::Chamber {
        name: "Board".into(),
        kinds: 1,
        rule: word("majority"),
        votingSecs: DAY,
        ..Default::default()
    };
    chain.write_chamber("board", &plenary).expect("a chamber");
    chain.run(11 * DAY);
    assert!(seats_of(&chain.memory, "board").is_none());
    let turns =
        || agenda_entries(&chain.memory).iter().filter(|e| e.due == crate::agenda::Due::Turn(1)).count();
    assert_eq!(turns(), 0);
    // And elected again later, its election opens by itself.
    let seating = sol::Seating {
        by: sol::By::Election,
        seats: 2,
        source: word("plenary"),
        termSecs: DAY,
        electionSecs: DAY,
        ..Default::default()
    };
    let board = sol::Chamber { seating, ..plenary.clone() };
    chain.write_chamber("board", &board).expect("a chamber");
    chain.next(0);
    chain.end();
    assert!(of(&chain, "board").election_closes_at.is_some());
    for (what, seating) in [
        ("no seats", sol::Seating { seats: 0, ..board.seating.clone() }),
        ("too many", sol::Seating { seats: 129, ..board.seating.clone() }),
        ("no term", sol::Seating { termSecs: 0, ..board.seating.clone() }),
        ("no time to vote", sol::Seating { electionSecs: 0, ..board.seating.clone() }),
        ("longer than the term", sol::Seating { electionSecs: 2 * DAY, ..board.seating.clone() }),
        ("itself", sol::Seating { source: word("board"), ..board.seating.clone() }),
        ("for nothing", sol::Seating { by: sol::By::Stake, ..sol::Seating::default() }),
    ] {
        let error = chain.write_chamber("board", &sol::Chamber { seating, ..plenary.clone() });
        assert_eq!(error, Err("InvalidChamber".into()), "{what}");
    }
}
