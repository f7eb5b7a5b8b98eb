//! What the chain does by itself fits the gas it gives itself, at the largest sizes the bounds allow.

use super::*;
use crate::agenda::{CONCLUDE_GAS_MAX, ENTER_INTO_FORCE_GAS_MAX, MARK_FAILED_GAS_MAX, PREPARE_GAS_MAX};

/// What a transaction costs before its first step, with room. Source: EIP-2028, EIP-7623, for 2 KiB of call data.
const INTRINSIC_GAS: u64 = 110_000;

/// States that all may vote and veto: more than a report names.
const STATES: usize = 40;

/// The largest rule: every limb counts heads too, every veto is held by all, and the text fills the bound.
pub(super) fn largest_rule() -> String {
    let limb = |i: usize| {
        format!(
            r#"{{"name":"limb-{i}","weight":"share","numerator":"yes","threshold":"> 1/1000","blocking_minority":2}}"#
        )
    };
    let limbs: Vec<_> = (0..polity_decision::LIMBS_MAX).map(limb).collect();
    let vetoes = [r#"{"by":["no","veto"]}"#; polity_decision::VETOES_MAX];
    let rule = |source: &str| {
        let (limbs, vetoes) = (limbs.join(","), vetoes.join(","));
        format!(r#"{{"id":"majority","source":"{source}","limb":[{limbs}],"veto":[{vetoes}]}}"#)
    };
    let canonical =
        polity_decision::Rule::from_json(&rule("")).unwrap_or_else(|e| panic!("{e}")).canonical_json();
    rule(&"x".repeat(RULE_BYTES_MAX - canonical.len() - 16))
}

fn states() -> impl Iterator<Item = String> {
    (0..STATES).map(|i| format!("S{i:02}"))
}

fn world() -> Chain {
    world_of("", "")
}

/// The world with `members` more, and `tracks`.
fn world_of(members: &str, tracks: &str) -> Chain {
    let more: String = states()
        .map(|id| format!("{id} = {{ name = \"{id}\", kind = \"state\", weights = {{ share = 1 }} }}\n"))
        .collect();
    // Without the right to validate: keys would only slow the test.
    let text = CHARTER
        .replace("\"vote\", \"validate\"]", "\"vote\"]")
        .replace("AAA = { name = \"Aland\",", "AAA = { name = \"Aland\", rights = [\"validate\"],");
    let mut chain = Chain::new(&format!("{text}{more}{members}{tracks}"));
    chain.write_rule(&largest_rule());
    let chamber = sol::Chamber {
        name: "Plenary".into(),
        kinds: 1,
        classes: vec![],
        members: (0..CHAMBER_MEMBERS_MAX).map(|i| word(&format!("m{i}"))).collect(),
        rule: word("majority"),
        votingSecs: DAY,
        delaySecs: 0,
        ..Default::default()
    };
    chain.write_chamber("plenary", &chamber).expect("a chamber");
    chain
}

fn used(chain: &mut Chain, call: &impl SolCall) -> u64 {
    let outcome = chain.call(SYSTEM, ASSEMBLY, call);
    if let Err(failure) = outcome.result {
        panic!("{failure}");
    }
    outcome.gas_used
}

#[test]
fn the_chains_own_work_fits_its_gas() {
    let mut chain = world();
    let id = chain.propose("AAA", "plenary", vec![]);
    chain.ballot("AAA", id, Choice::Yes);
    for who in states() {
        chain.ballot(&who, id, Choice::No);
    }
    // A full agenda, so that taking off its top goes all the way down.
    for _ in 0..64 {
        chain.propose("SAM", "plenary", vec![]);
    }
    for who in states() {
        chain.send(&who, &sol::depositCall { treaty: word("accord") });
    }
    chain.next(31 * DAY);
    let reason = Bytes::from(vec![0xff; REASON_BYTES_MAX]);
    let id = U256::from(id);
    let conclude = used(&mut chain.clone(), &sol::concludeCall { id });
    let fail = used(&mut chain.clone(), &sol::markFailedCall { id, reason });
    let enter = used(&mut chain, &sol::enterIntoForceCall { treaty: word("accord") });
    for (name, used, max) in [
        ("conclude", conclude, CONCLUDE_GAS_MAX),
        ("markFailed", fail, MARK_FAILED_GAS_MAX),
        ("enterIntoForce", enter, ENTER_INTO_FORCE_GAS_MAX),
    ] {
        assert!(used + INTRINSIC_GAS < max, "{name} used {used} of {max}");
    }
    used(&mut chain, &sol::concludeCall { id });
    let reason = report(&chain.memory, id.to()).and_then(|report| report.reason).expect("a veto");
    assert_eq!(reason.matches('S').count() as u64, VETOERS_NAMED_MAX, "{reason}");
}

#[test]
fn people_can_afford_it() {
    let mut chain = Chain::new(CHARTER);
    let propose =
        sol::proposeCall { track: word("plenary"), title: "x".into(), calls: vec![sol::Call::default()] };
    let cost = |outcome: Outcome| outcome.result.map(|_| outcome.gas_used).unwrap_or_else(|e| panic!("{e}"));
    let propose = cost(chain.call(account("AAA"), ASSEMBLY, &propose));
    let ballot = sol::ballotCall { id: U256::from(1), choice: Choice::Yes };
    let ballot = cost(chain.call(account("BBB"), ASSEMBLY, &ballot));
    let deposit = cost(chain.call(account("CCC"), ASSEMBLY, &sol::depositCall { treaty: word("accord") }));
    assert!(propose < 1_200_000 && ballot < 250_000 && deposit < 400_000, "{propose} {ballot} {deposit}");
}

/// A ballot costs the same whether nobody, one, or two hundred members stand behind it: what they weigh was summed when they were counted.
#[test]
fn a_delegates_ballot_costs_the_same_however_many_stand_behind_it() {
    const MOST: usize = 200;
    let members: String = (0..MOST)
        .map(|i| format!("M{i:03} = {{ name = \"M{i}\", kind = \"state\", weights = {{ share = 1 }} }}\n"))
        .collect();
    let text = CHARTER
        .replace("\"vote\", \"validate\"]", "\"vote\"]")
        .replace("AAA = { name = \"Aland\",", "AAA = { name = \"Aland\", rights = [\"validate\"],");
    let mut cost = Vec::new();
    for delegators in [1, MOST] {
        let mut chain = Chain::new(&format!("{text}{members}"));
        for i in 0..delegators {
            let call = sol::delegateCall { scope: word("plenary"), to: word("BBB") };
            chain.send(&format!("M{i:03}"), &call);
        }
        chain.next(1);
        let id = chain.propose("SAM", "plenary", vec![]);
        while chain.status(id) == "preparing" {
            chain.next(1);
            chain.end();
        }
        let mut gas = |choice| {
            let outcome =
                chain.call(account("BBB"), ASSEMBLY, &sol::ballotCall { id: U256::from(id), choice });
            outcome.result.map(|_| outcome.gas_used).unwrap_or_else(|e| panic!("{e}"))
        };
        // Cast, changed, and taken back.
        cost.push([Choice::Yes, Choice::No, Choice::None].map(&mut gas));
        chain.ballot("BBB", id, Choice::Yes);
        let limb = report(&chain.memory, id).unwrap().limbs.remove(0);
        assert_eq!(limb.numerator.to_string(), (delegators + 1).to_string(), "all of them count");
    }
    assert_eq!(cost[0], cost[1], "with 1 and with {MOST} behind it");
}

#[test]
fn opening_and_counting_fit_their_gas_at_the_largest_sizes() {
    const MEMBERS: usize = 450;
    let members: String = (0..MEMBERS)
        .map(|i| format!("M{i:03} = {{ name = \"M{i}\", kind = \"state\", weights = {{ share = 1 }} }}\n"))
        .collect();
    let stages = ["{ chamber = \"plenary\" }"; polity_charter::track::STAGES_MAX].join(", ");
    let tracks = format!(
        "[tracks.one]\nfor = []\nstrictness = 1\nstages = [{{ chamber = \"plenary\" }}]\ndiscussion = \"1d\"\n\
         [tracks.all]\nfor = []\nstrictness = 2\nstages = [{stages}]\ndiscussion = \"1d\"\n\
         guardian = {{ chamber = \"plenary\", until = 2030-01-01 }}\n"
    );
    let mut chain = world_of(&members, &(tracks + super::tracks::URGENT));
    for track in ["one", "all"] {
        let calls =
            vec![
                sol::Call { data: vec![1; PAYLOAD_BYTES_MAX / CALLS_MAX - 256].into(), ..Default::default() };
                CALLS_MAX
            ];
        let id = U256::from(chain.propose("AAA", track, calls));
        chain.next(2 * DAY);
        let mut most = used(&mut chain, &sol::openCall { id });
        let mut chunks = 1;
        while chain.status(id.to()) == "preparing" {
            chain.next(1);
            most = most.max(used(&mut chain, &sol::prepareCall { id }));
            chunks += 1;
        }
        assert!(chunks > 2 && chain.status(id.to()) == "open", "{track}: {chunks}");
        assert!(most + INTRINSIC_GAS < PREPARE_GAS_MAX, "{track} used {most} of {PREPARE_GAS_MAX}");
    }
}
