//! Drafts: sponsors, deposits, discussion, and what becomes of the money.

use polity_primitives::{REGISTRY, TREASURY};
use proptest::prelude::*;

use super::super::super::tracks;
use super::*;

/// A track with nothing in it.
fn none() -> sol::Track {
    sol::Track {
        name: String::new(),
        kinds: 0,
        strictness: 0,
        stages: vec![],
        sponsors: 0,
        deposit: U256::ZERO,
        burn: sol::Burn::Never,
        forfeitTo: B256::ZERO,
        draftSecs: 0,
        discussionSecs: 0,
        delaySecs: 0,
        extensionLastSecs: 0,
        extensionBySecs: 0,
        extensionTimes: 0,
        guardian: B256::ZERO,
        guardianRule: B256::ZERO,
        guardianUntil: 0,
        secret: sol::Secrecy::default(),
    }
}

#[test]
fn a_draft_finds_sponsors_and_a_deposit_is_discussed_and_opens() {
    let mut chain = guarded();
    let id = chain.propose("AAA", "slow", vec![pay(5)]);
    let number = U256::from(id);
    let view = |chain: &Chain| proposal(&chain.memory, id).unwrap();
    assert_eq!(
        (view(&chain).status.as_str(), view(&chain).deadline),
        ("draft", Some(chain.now() + 30 * DAY))
    );
    assert_eq!(report(&chain.memory, id), None);
    let sponsor = sol::sponsorCall { id: number };
    let unsponsor = sol::unsponsorCall { id: number };
    let place = sol::placeDepositCall { id: number };
    for (who, error) in [("AAA", "AlreadySponsor"), ("ORG", "NoRight"), ("nobody", "NotAMember")] {
        assert_eq!(chain.try_send(account(who), &sponsor).map(drop), Err(error.into()), "{who}");
    }
    assert_eq!(chain.try_send(account("BBB"), &unsponsor).map(drop), Err("NotASponsor".into()));
    assert_eq!(
        chain.try_send(account("BBB"), &sol::ballotCall { id: number, choice: Choice::Yes }).map(drop),
        Err("Closed".into())
    );
    for wrong in [1, 9, 11] {
        assert_eq!(chain.pay("CCC", wrong, &place).map(drop), Err("WrongDeposit".into()));
    }
    assert_eq!(chain.try_send(account("CCC"), &place).map(drop), Err("WrongDeposit".into()));
    for who in ["BBB", "CCC"] {
        chain.send(who, &sponsor);
        assert_eq!(chain.try_send(account(who), &sponsor).map(drop), Err("AlreadySponsor".into()));
    }
    assert_eq!(chain.try_send(account("DDD"), &sponsor).map(drop), Err("TooMany".into()));
    chain.send("BBB", &unsponsor);
    assert_eq!(view(&chain).sponsors, ["CCC"]);
    chain.pay("EEE", 10, &place).unwrap();
    assert_eq!(chain.pay("EEE", 10, &place).map(drop), Err("WrongDeposit".into()), "once");
    chain.next(DAY);
    chain.send("DDD", &sponsor);
    assert_eq!(
        (view(&chain).status.as_str(), view(&chain).deadline),
        ("discussion", Some(chain.now() + 7 * DAY))
    );
    assert_eq!(chain.try_send(account("BBB"), &sponsor).map(drop), Err("NotADraft".into()));
    chain.decide(REGISTRY, &IRegistry::suspendCall { id: word("BBB") });
    chain.run(7 * DAY);
    let opened = view(&chain);
    assert_eq!((opened.status.as_str(), opened.opened_at), ("open", Some(chain.now())));
    assert_eq!(opened.stages[0].voters, 4, "the members at the opening, not at the proposing");
    for who in ["AAA", "CCC", "DDD"] {
        chain.ballot(who, id, Choice::Yes);
    }
    assert_eq!(chain.memory.balance_of(ASSEMBLY), U256::from(10));
    chain.run(4 * DAY);
    assert_eq!(chain.status(id), "executed");
    assert_eq!(
        chain.memory.balance_of(account("EEE")),
        U256::from(20),
        "its own, and what was minted for a refused try"
    );
    assert_eq!(chain.memory.balance_of(ASSEMBLY), U256::ZERO);
}

/// Whoever lost the right to propose carries no draft over its threshold, and leaves its place to another.
#[test]
fn a_sponsor_that_may_propose_no_more_is_none() {
    let sponsor = |id: u64| sol::sponsorCall { id: U256::from(id) };
    let view = |chain: &Chain, id| proposal(&chain.memory, id).unwrap();
    for revoke in [false, true] {
        let mut chain = guarded();
        let id = chain.propose("AAA", "slow", vec![]);
        chain.pay("EEE", 10, &sol::placeDepositCall { id: U256::from(id) }).unwrap();
        chain.send("BBB", &sponsor(id));
        match revoke {
            true => {
                let rights = polity_charter::Rights::PROPOSE.0;
                chain.decide(REGISTRY, &IRegistry::revokeCall { id: word("BBB"), rights });
            }
            false => chain.decide(REGISTRY, &IRegistry::expelCall { id: word("BBB") }),
        }
        chain.send("CCC", &sponsor(id));
        assert_eq!(
            (view(&chain, id).status.as_str(), view(&chain, id).sponsors),
            ("draft", vec!["CCC".into()])
        );
        chain.send("DDD", &sponsor(id));
        assert_eq!(chain.status(id), "discussion");
    }
    // The deposit comes last.
    let mut chain = guarded();
    let id = chain.propose("AAA", "slow", vec![]);
    for who in ["BBB", "CCC"] {
        chain.send(who, &sponsor(id));
    }
    chain.decide(REGISTRY, &IRegistry::suspendCall { id: word("BBB") });
    chain.pay("EEE", 10, &sol::placeDepositCall { id: U256::from(id) }).unwrap();
    assert_eq!((view(&chain, id).status.as_str(), view(&chain, id).sponsors), ("draft", vec!["CCC".into()]));
    chain.send("DDD", &sponsor(id));
    assert_eq!(chain.status(id), "discussion");
}

#[test]
fn a_draft_that_finds_nothing_lapses() {
    let mut chain = guarded();
    let call = sol::proposeCall { track: word("slow"), title: "x".into(), calls: vec![] };
    let id: u64 = chain.pay("AAA", 10, &call).unwrap().to();
    assert_eq!(proposal(&chain.memory, id).unwrap().deposit_held, U256::from(10));
    chain.run(29 * DAY);
    assert_eq!(chain.status(id), "draft");
    chain.next(DAY);
    let late = sol::sponsorCall { id: U256::from(id) };
    assert_eq!(chain.try_send(account("BBB"), &late).map(drop), Err("NotADraft".into()), "its time is over");
    assert_eq!(chain.end(), 1);
    assert_eq!(chain.status(id), "lapsed");
    assert_eq!(chain.memory.balance_of(account("AAA")), U256::from(10));
    let value = sol::proposeCall { track: word("plenary"), title: "x".into(), calls: vec![] };
    assert_eq!(chain.pay("AAA", 1, &value).map(drop), Err("WrongDeposit".into()), "a chamber asks for none");
}

/// A veto forfeits a deposit with `burn = "veto"`, a majority against does not: to the account the track names, or to nobody.
#[test]
fn a_veto_burns_the_deposit_and_a_lost_vote_does_not() {
    let nobody = |chain: &Chain| chain.memory.balance_of(Address::ZERO);
    let treasury = |chain: &Chain| chain.memory.balance_of(TREASURY) - treasury_at_first();
    let ten = U256::from(10);
    for (choice, forfeit_to, returned, burnt, kept) in [
        (Choice::Veto, B256::ZERO, U256::ZERO, ten, U256::ZERO),
        (Choice::Veto, word("common"), U256::ZERO, U256::ZERO, ten),
        (Choice::No, B256::ZERO, ten, U256::ZERO, U256::ZERO),
    ] {
        let mut chain = guarded();
        let mut track = chain.send("SAM", &sol::trackCall { id: word("slow") });
        assert_eq!(track.burn, sol::Burn::Veto);
        (track.sponsors, track.discussionSecs, track.forfeitTo) = (0, 0, forfeit_to);
        // Whoever says veto stops it; a no only fails to carry it.
        track.stages[0].rule = word("stoppable");
        chain.write_rule(
            r#"{"id":"stoppable","limb":[{"name":"members","numerator":"yes","threshold":"> 1/2"}],"veto":[{"by":["veto"]}]}"#,
        );
        chain.amend(|cx| tracks::store(cx, word("slow"), &track));
        let call = sol::proposeCall { track: word("slow"), title: "x".into(), calls: vec![] };
        let id: u64 = chain.pay("AAA", 10, &call).unwrap().to();
        assert_eq!((chain.status(id), chain.memory.balance_of(ASSEMBLY)), ("open", ten));
        for who in ["BBB", "CCC", "DDD"] {
            chain.ballot(who, id, choice);
        }
        chain.run(8 * DAY);
        assert_eq!(chain.status(id), "rejected");
        let rest = chain.memory.balance_of(ASSEMBLY);
        let money = (chain.memory.balance_of(account("AAA")), nobody(&chain), treasury(&chain), rest);
        assert_eq!(money, (returned, burnt, kept, U256::ZERO), "{choice:?}");
    }
}

#[test]
fn a_proposal_whose_track_became_too_mild_does_not_open() {
    let mut chain = guarded();
    let id = chain.propose("AAA", "talk", vec![suspend()]);
    let strict = sol::Track {
        name: "Doors".into(),
        kinds: tracks::bit(polity_charter::CallKind::Expulsion),
        strictness: 100,
        stages: vec![sol::TrackStage { chamber: word("council"), ..Default::default() }],
        ..sol::Track { delaySecs: u64::MAX, ..none() }
    };
    chain.amend(|cx| tracks::store(cx, word("doors"), &strict));
    chain.run(7 * DAY);
    assert_eq!(chain.status(id), "failed");
    let why = proposal(&chain.memory, id).unwrap().failure_text().unwrap();
    assert_eq!(why, "TrackTooMild(track: talk, required: doors)");
}

/// What members do with a proposal on the track `slow`.
#[derive(Clone, Debug)]
enum Act {
    Sponsor(usize),
    Unsponsor(usize),
    Deposit(usize),
    Ballot(usize, Choice),
    Cancel(usize),
    Wait(u64),
}

fn act() -> impl Strategy<Value = Act> {
    let choice =
        prop::sample::select(vec![Choice::None, Choice::Yes, Choice::No, Choice::Abstain, Choice::Veto]);
    prop_oneof![
        3 => (0..5usize).prop_map(Act::Sponsor),
        1 => (0..5usize).prop_map(Act::Unsponsor),
        2 => (0..5usize).prop_map(Act::Deposit),
        6 => (0..5usize, choice).prop_map(|(who, choice)| Act::Ballot(who, choice)),
        1 => (0..5usize).prop_map(Act::Cancel),
        3 => (1..9u64).prop_map(Act::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever happens, every wei is with its owner, in escrow for a living proposal, in the treasury, or burnt; and a
    /// proposal that has ended holds none.
    #[test]
    fn deposits_conserve(
        burn in 0..3u8,
        keep in any::<bool>(),
        acts in prop::collection::vec(act(), 0..30),
    ) {
        const STATES: [&str; 5] = ["AAA", "BBB", "CCC", "DDD", "EEE"];
        let mut chain = guarded();
        let mut track = chain.send("SAM", &sol::trackCall { id: word("slow") });
        track.burn = sol::Burn::try_from(burn).unwrap();
        track.sponsors = 1;
        track.forfeitTo = if keep { word("common") } else { B256::ZERO };
        chain.amend(|cx| tracks::store(cx, word("slow"), &track));
        for who in STATES {
            chain.memory.mint(account(who), U256::from(10));
        }
        let places = STATES.map(account).into_iter().chain([ASSEMBLY, TREASURY, Address::ZERO]).collect::<Vec<_>>();
        let sum = |chain: &Chain| places.iter().map(|place| chain.memory.balance_of(*place)).sum::<U256>();
        let before = sum(&chain);
        let id = chain.propose("AAA", "slow", vec![]);
        let number = U256::from(id);
        for act in acts {
            let who = |who: usize| account(STATES[who]);
            match act {
                Act::Sponsor(i) => drop(chain.try_send(who(i), &sol::sponsorCall { id: number })),
                Act::Unsponsor(i) => drop(chain.try_send(who(i), &sol::unsponsorCall { id: number })),
                Act::Ballot(i, choice) => drop(chain.try_send(who(i), &sol::ballotCall { id: number, choice })),
                Act::Cancel(i) => drop(chain.try_send(who(i), &sol::cancelCall { id: number, reason: String::new() })),
                Act::Wait(days) => chain.run(days * DAY),
                Act::Deposit(i) => {
                    let input = sol::placeDepositCall { id: number }.abi_encode();
                    let request = Request { value: U256::from(10), ..Request::new(who(i), ASSEMBLY, input) };
                    drop(chain.memory.call(&request));
                }
            }
            prop_assert_eq!(sum(&chain), before);
            let view = proposal(&chain.memory, id).unwrap();
            prop_assert_eq!(chain.memory.balance_of(ASSEMBLY), view.deposit_held);
        }
        chain.run(60 * DAY);
        prop_assert_eq!(sum(&chain), before);
        prop_assert_eq!(chain.memory.balance_of(ASSEMBLY), U256::ZERO);
        let view = proposal(&chain.memory, id).unwrap();
        let forfeited = chain.memory.balance_of(Address::ZERO) + chain.memory.balance_of(TREASURY) - treasury_at_first();
        if !forfeited.is_zero() {
            prop_assert!(burn != 0 && matches!(view.status, Status::Rejected | Status::Cancelled), "{:?}", view.status);
            prop_assert_eq!(chain.memory.balance_of(Address::ZERO).is_zero(), keep);
        } else if burn == 2 && view.status == Status::Rejected {
            prop_assert!(view.depositor.is_none(), "a rejected proposal kept its deposit");
        }
    }
}

/// 100 units.
fn treasury_at_first() -> U256 {
    U256::from(100) * U256::from(10).pow(U256::from(18))
}
