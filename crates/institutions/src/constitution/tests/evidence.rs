//! Evidence: proved once, and refused with the check that fails.

use alloy_primitives::keccak256;
use polity_primitives::{
    Accusation, Height, REGISTRY, SYSTEM, SealedHeader, SignedHeader, proposal_digest, work_digest,
};

use super::{
    super::{IConstitution as sol, *},
    amend,
    scene::*,
    turn::{ROTATION, WORK, wall},
};
use crate::{
    assembly::{
        explain,
        tests::{Chain, DAY, word},
    },
    host::Failure,
    registry::IRegistry,
};

/// What the constitution answers to evidence, in words.
fn refusal(chain: &mut Chain, evidence: Vec<u8>) -> String {
    let call = sol::accuseCall { evidence: evidence.into() };
    match chain.call(holder("ORG"), CONSTITUTION, &call).result {
        Err(Failure::Revert(output)) => explain(&output),
        other => panic!("{other:?}"),
    }
}

fn header() -> polity_primitives::Header {
    use alloy_consensus::{EMPTY_OMMER_ROOT_HASH, EMPTY_ROOT_HASH};
    polity_primitives::Header {
        number: 1,
        beneficiary: node("AAA"),
        gas_limit: 60_000_000,
        ommers_hash: EMPTY_OMMER_ROOT_HASH,
        withdrawals_root: Some(EMPTY_ROOT_HASH),
        blob_gas_used: Some(0),
        excess_blob_gas: Some(0),
        parent_beacon_block_root: Some(B256::ZERO),
        requests_hash: Some(alloy_eips::eip7685::EMPTY_REQUESTS_HASH),
        extra_data: vec![7; 32].into(),
        base_fee_per_gas: Some(0),
        ..Default::default()
    }
}

/// With the first nonce that shows the work it states.
fn worked(mut header: polity_primitives::Header) -> polity_primitives::Header {
    let nonces = (0u64..).map(|nonce| nonce.to_be_bytes().into());
    for nonce in nonces {
        header.nonce = nonce;
        if polity_constitution::is_solved(&header) {
            break;
        }
    }
    header
}

fn seal_of(header: &polity_primitives::Header, who: &str) -> Vec<u8> {
    let bytes = alloy_rlp::encode(header);
    let signature = sign(work_digest(CHAIN_ID, keccak256(&bytes)), who);
    Accusation::InvalidWork(SealedHeader { signature, header: bytes.into() }).to_bytes().to_vec()
}

fn proposal_of(bytes: Vec<u8>, height: u64, who: &str) -> Vec<u8> {
    let digest = proposal_digest(CHAIN_ID, Height(height), 0, None, keccak256(&bytes));
    let signed = SignedHeader { height, round: 0, header: bytes.into(), signature: sign(digest, who) };
    Accusation::InvalidProposal(signed).to_bytes().to_vec()
}

#[test]
fn honest_nodes_are_not_found_guilty_and_the_answer_says_why() {
    let mut chain = scene(&settings(), &["AAA", "BBB"]);
    let rows: [(Vec<u8>, &str); 9] = [
        (vec![], "no evidence of kind 0"),
        (vec![1, 2, 3], "not evidence"),
        (votes(1, 0, ("AAA", 1), ("AAA", 1)), "no offence"),
        (votes(1, 0, ("AAA", 1), ("BBB", 2)), "two validators may disagree"),
        (votes(1, 0, ("XXX", 1), ("XXX", 2)), "Unattributed"),
        (proposal_of(alloy_rlp::encode(header()), 1, "AAA"), "breaks no rule"),
        // A block of another that is worked, proposed at the end of a chain of work.
        (
            proposal_of(
                alloy_rlp::encode(worked(polity_primitives::Header {
                    difficulty: U256::from(9),
                    ..header()
                })),
                1,
                "BBB",
            ),
            "breaks no rule",
        ),
        // Signed for another chain: the signature recovers to somebody else, or nobody.
        (
            {
                let mut other = votes(1, 0, ("AAA", 1), ("AAA", 2));
                let at = other.len() - 10;
                other[at] ^= 1;
                other
            },
            "",
        ),
        (vec![0; 5_000], "at most"),
    ];
    for (evidence, words) in rows {
        let before = stake(&chain, "AAA");
        let said = refusal(&mut chain, evidence);
        assert!(said.contains(words), "{said}, not {words}");
        assert_eq!(stake(&chain, "AAA").total, before.total);
    }
}

#[test]
fn evidence_is_punished_once_in_whatever_order_it_comes() {
    let mut chain = scene(&settings(), &["AAA", "BBB"]);
    let accuse = |evidence: Vec<u8>| sol::accuseCall { evidence: evidence.into() };
    send(&mut chain, holder("ORG"), &accuse(votes(1, 0, ("AAA", 1), ("AAA", 2)))).expect("proved");
    for again in [
        votes(1, 0, ("AAA", 1), ("AAA", 2)),
        votes(1, 0, ("AAA", 2), ("AAA", 1)),
        votes(1, 0, ("AAA", 3), ("AAA", 0)),
    ] {
        assert!(refusal(&mut chain, again).contains("AlreadyPunished"));
    }
    assert_eq!(stake(&chain, "AAA").pledged, U256::from(500));
    send(&mut chain, holder("ORG"), &accuse(proposals(1, 0, "AAA"))).expect("another offence");
    assert_eq!(stake(&chain, "AAA").pledged, U256::from(250));
    assert_eq!(ask(&chain, &sol::offenceCountCall {}), U256::from(2));
}

#[test]
fn blocks_that_no_state_makes_valid_are_proved_by_their_header() {
    let mut chain = scene(&settings(), &["AAA", "BBB", "CCC"]);
    chain.next(1);
    chain.next(1);
    let encoded = |header: polity_primitives::Header| alloy_rlp::encode(header);
    let rows: [(Vec<u8>, u64, &str); 4] = [
        (encoded(header()), 2, "AAA"),
        (encoded(polity_primitives::Header { gas_used: 60_000_001, ..header() }), 1, "AAA"),
        (encoded(header()), 1, "BBB"),
        (b"no header at all".to_vec(), 3, "AAA"),
    ];
    for (index, (bytes, height, who)) in rows.into_iter().enumerate() {
        let before = stake(&chain, who).total;
        let evidence = proposal_of(bytes, height, who).into();
        send(&mut chain, holder("ORG"), &sol::accuseCall { evidence })
            .unwrap_or_else(|e| panic!("{index}: {e}"));
        assert!(stake(&chain, who).total < before, "{index}");
    }
    let hard = polity_primitives::Header { difficulty: U256::from(1u128 << 100), ..header() };
    let solved = worked(polity_primitives::Header { difficulty: U256::from(9), ..header() });
    assert!(refusal(&mut chain, seal_of(&solved, "CCC")).contains("breaks no rule"));
    let uncles = polity_primitives::Header { ommers_hash: B256::ZERO, ..solved };
    // Less work than it states, none at all, and a rule that has nothing to do with work.
    for header in [&hard, &header(), &worked(uncles)] {
        let evidence = seal_of(header, "CCC").into();
        send(&mut chain, holder("ORG"), &sol::accuseCall { evidence }).expect("proved");
    }
    let count = ask(&chain, &sol::offenceCountCall {});
    let offence = ask(&chain, &sol::offenceAtCall { index: count - U256::from(1) });
    assert_eq!((offence.kind, offence.member, offence.height), (4, word("CCC"), 1));
}

#[test]
fn evidence_older_than_the_unbonding_time_is_refused() {
    let mut chain = scene(&settings(), &["AAA", "BBB"]);
    for _ in 0..20 {
        block(&mut chain, DAY, "BBB", &[]);
    }
    let said = refusal(&mut chain, votes(2, 0, ("AAA", 1), ("AAA", 2)));
    assert!(said.contains("TooOld"), "{said}");
    let height = chain.memory.block.height - 6;
    let evidence = votes(height, 0, ("AAA", 1), ("AAA", 2)).into();
    send(&mut chain, holder("ORG"), &sol::accuseCall { evidence }).expect("six days old");
}

#[test]
fn a_key_given_up_proves_nothing_about_later_heights() {
    let mut chain = scene(&settings(), &["AAA", "BBB"]);
    let call = IRegistry::setNodeCall {
        id: word("AAA"),
        consensusKey: secret("a new key").public_key(secp256k1::SECP256K1).serialize().to_vec().into(),
        peerKey: B256::repeat_byte(9),
    };
    let height = chain.memory.block.height;
    assert!(chain.call(holder("AAA"), REGISTRY, &call).result.is_ok());
    let said = refusal(&mut chain, votes(height + 1, 0, ("AAA", 1), ("AAA", 2)));
    assert!(said.contains("KeyRetired"), "{said}");
    let evidence = votes(height, 0, ("AAA", 1), ("AAA", 2)).into();
    send(&mut chain, holder("ORG"), &sol::accuseCall { evidence }).expect("it was its key then");
    assert_eq!(stake(&chain, "AAA").pledged, U256::from(500));
}

/// The committee of the last worked height is that of the block which ended work, whatever keys changed since.
#[test]
fn a_key_given_up_while_work_ends_answers_for_the_last_worked_height() {
    let mut chain = wall();
    amend(&mut chain, &[WORK]).expect("taken");
    chain.next(15);
    let enacted = chain.memory.block.height;
    amend(&mut chain, &[ROTATION]).expect("taken");
    chain.next(15);
    let call = IRegistry::setNodeCall {
        id: word("AAA"),
        consensusKey: secret("a new key").public_key(secp256k1::SECP256K1).serialize().to_vec().into(),
        peerKey: B256::repeat_byte(9),
    };
    assert!(chain.call(holder("AAA"), REGISTRY, &call).result.is_ok());
    for _ in 0..8 {
        chain.next(15);
    }
    let last = enacted + 6;
    let said = refusal(&mut chain, votes(last + 1, 0, ("AAA", 1), ("AAA", 2)));
    assert!(said.contains("KeyRetired"), "{said}");
    carried(&mut chain, "BBB", votes(last, 0, ("AAA", 1), ("AAA", 2))).expect("it still decided that one");
}

#[test]
fn the_last_member_keeps_what_it_needs_to_go_on_and_no_more() {
    let mut chain = scene(&settings(), &["AAA"]);
    pay(&mut chain, holder("ORG"), 800, &sol::delegateCall { candidate: word("AAA") }).expect("delegates");
    let undelegate = sol::undelegateCall { candidate: word("AAA"), amount: U256::from(800) };
    send(&mut chain, holder("ORG"), &undelegate).expect("leaves");
    // Its pledge is 100; a cut takes half of what it bonded, and of what leaves it.
    let mut left = Vec::new();
    for round in 0..5 {
        let evidence = votes(1, round, ("AAA", 1), ("AAA", 2)).into();
        send(&mut chain, holder("ORG"), &sol::accuseCall { evidence }).expect("proved");
        let stake = stake(&chain, "AAA");
        left.push((stake.pledged.to::<u64>(), stake.leaving.to::<u64>()));
    }
    assert_eq!(left, [(500, 400), (250, 200), (125, 100), (102, 50), (102, 25)]);
    let spared: Vec<_> =
        events::<sol::Spared>(&chain).into_iter().map(|s| crate::names::text(s.what)).collect();
    let slashes = spared.iter().filter(|what| *what == "slash").count();
    assert_eq!((slashes, spared.len() - slashes), (2, 5), "{spared:?}");
}

/// What the chain answers to evidence that the node of `writer` carries in its block.
fn carried(chain: &mut Chain, writer: &str, evidence: Vec<u8>) -> Result<(), String> {
    let call = sol::convictCall { writer: node(writer), evidence: evidence.into() };
    send(chain, SYSTEM, &call).map(drop)
}

#[test]
fn who_writes_the_block_counts_as_who_brought_what_it_carries() {
    let mut settings = settings();
    settings.incentive.forfeited = polity_constitution::Forfeited::Reporter;
    settings.incentive.share = polity_constitution::Share { num: 1, den: 20 };
    let mut chain = scene(&settings, &["AAA", "BBB", "CCC"]);
    let own = sol::convictCall { writer: node("BBB"), evidence: votes(1, 0, ("AAA", 1), ("AAA", 2)).into() };
    assert_eq!(send(&mut chain, holder("BBB"), &own).map(drop), Err("NotBySystem".to_owned()));
    carried(&mut chain, "BBB", votes(1, 0, ("AAA", 1), ("AAA", 2))).expect("proved");
    assert_eq!(chain.memory.balance_of(holder("BBB")), U256::from(25), "a twentieth of half its bond");
    // A writer that carries proof against itself is not paid for it, and is named by no one.
    carried(&mut chain, "CCC", votes(1, 0, ("CCC", 1), ("CCC", 2))).expect("proved");
    assert_eq!(chain.memory.balance_of(holder("CCC")), U256::ZERO);
    let reporters =
        [0u64, 1].map(|index| ask(&chain, &sol::offenceAtCall { index: U256::from(index) }).reporter);
    assert_eq!(reporters, [holder("BBB"), alloy_primitives::Address::ZERO]);
    for member in ["AAA", "CCC"] {
        let status = crate::registry::status_at(&chain.memory, member, u64::MAX);
        assert_eq!(status.as_str(), "suspended", "{member}");
    }
}

#[test]
fn the_chain_by_itself_punishes_a_member_once_until_it_is_back() {
    let mut chain = scene(&settings(), &["AAA", "BBB"]);
    for _ in 0..3 {
        block(&mut chain, 1, "BBB", &[]);
    }
    let height = chain.memory.block.height;
    carried(&mut chain, "BBB", votes(height - 1, 0, ("AAA", 1), ("AAA", 2))).expect("proved");
    // Neither what it signed before, nor what it signs while it is out: its signatures cost it nothing.
    block(&mut chain, 1, "BBB", &[]);
    for at in [height - 2, height, height + 1] {
        let again = carried(&mut chain, "BBB", votes(at, 0, ("AAA", 1), ("AAA", 2)));
        assert_eq!(again, Err("Answered".to_owned()), "height {at}");
    }
    let call = IRegistry::restoreCall { id: word("AAA") };
    assert!(chain.call(polity_primitives::AGREEMENT, REGISTRY, &call).result.is_ok());
    let before = carried(&mut chain, "BBB", votes(height, 0, ("AAA", 1), ("AAA", 2)));
    assert_eq!(before, Err("Answered".to_owned()), "what the members restored stays");
    let pledged = stake(&chain, "AAA").pledged;
    carried(&mut chain, "BBB", votes(height + 1, 0, ("AAA", 1), ("AAA", 2))).expect("it did it again");
    assert!(stake(&chain, "AAA").pledged < pledged);
    // Whoever pays for it may bring the older one still.
    let evidence = votes(height, 0, ("AAA", 1), ("AAA", 2)).into();
    send(&mut chain, holder("ORG"), &sol::accuseCall { evidence }).expect("another offence");
}

/// Who signed two things cannot save its bond by a lesser offence that it brings against itself.
#[test]
fn a_lighter_offence_does_not_answer_for_a_graver_one() {
    let mut chain = scene(&settings(), &["AAA", "BBB"]);
    for _ in 0..3 {
        block(&mut chain, 1, "BBB", &[]);
    }
    let height = chain.memory.block.height;
    carried(&mut chain, "BBB", proposal_of(vec![0xc0], 1, "AAA")).expect("proved");
    assert_eq!(stake(&chain, "AAA").pledged, U256::from(750));
    carried(&mut chain, "BBB", votes(height - 1, 0, ("AAA", 1), ("AAA", 2))).expect("proved");
    assert_eq!(stake(&chain, "AAA").pledged, U256::from(375));
    // Then it has answered for both.
    for more in [proposal_of(vec![0xc0], 2, "AAA"), votes(height, 0, ("AAA", 1), ("AAA", 2))] {
        assert_eq!(carried(&mut chain, "BBB", more), Err("Answered".to_owned()));
    }
}

#[test]
fn no_height_is_punished_that_no_block_has() {
    let mut chain = scene(&settings(), &["AAA", "BBB"]);
    let height = chain.memory.block.height;
    let said = refusal(&mut chain, votes(height + 1, 0, ("AAA", 1), ("AAA", 2)));
    assert!(said.contains("FutureHeight"), "{said}");
    assert_eq!(
        carried(&mut chain, "BBB", votes(u64::MAX, 0, ("AAA", 1), ("AAA", 2))),
        Err("FutureHeight".to_owned())
    );
    // A vote for the block that is being decided is within reach: a later round of it may carry the proof.
    carried(&mut chain, "BBB", votes(height, 0, ("AAA", 1), ("AAA", 2))).expect("proved");
}

/// Who looks from outside is told what the chain would answer.
#[test]
fn what_would_be_refused_can_be_told_beforehand() {
    let mut chain = scene(&settings(), &["AAA", "BBB"]);
    for _ in 0..20 {
        block(&mut chain, DAY, "BBB", &[]);
    }
    let (height, time) = (chain.memory.block.height, chain.memory.block.timestamp_secs);
    let told = |chain: &Chain, evidence: &[u8], by_chain| {
        let proved = polity_constitution::offence(CHAIN_ID, evidence).expect("proved");
        super::super::obstacle(&chain.memory, &proved, (height, time), by_chain)
    };
    let good = votes(height - 2, 0, ("AAA", 1), ("AAA", 2));
    for (evidence, name) in [
        (votes(2, 0, ("AAA", 1), ("AAA", 2)), "TooOld"),
        (votes(height, 0, ("XXX", 1), ("XXX", 2)), "Unattributed"),
        (votes(height + 1, 0, ("AAA", 1), ("AAA", 2)), "FutureHeight"),
    ] {
        assert!(told(&chain, &evidence, true).is_some(), "{name}");
        assert_eq!(carried(&mut chain, "BBB", evidence), Err(name.to_owned()));
    }
    assert_eq!(told(&chain, &good, true), None);
    carried(&mut chain, "BBB", good.clone()).expect("proved");
    assert!(matches!(told(&chain, &good, true), Some(Obstacle::Punished(_))));
    let other = votes(height - 1, 0, ("AAA", 1), ("AAA", 2));
    assert!(matches!(told(&chain, &other, true), Some(Obstacle::Answered(_))));
    assert_eq!(told(&chain, &other, false), None, "a transaction is taken");
}
