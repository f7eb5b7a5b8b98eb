//! Offices that members fill while the network runs: they stand and are elected, or stake is moved, and whoever sits leads, writes or
//! verifies for the term; after it others do.

use std::collections::BTreeSet;

use polity_tests::{Network, eventually};
use serde_json::Value;

use super::committee::{Seen, seats};

/// Terms and elections short enough to see two of them.
const SHORT: [(&str, &str); 2] =
    [("term     = \"2m\"", "term     = \"40s\""), ("election = \"30s\"", "election = \"20s\"")];

/// Blocks looked at in a term.
const LOOKED: u64 = 6;

fn filled(network: &Network, chamber: &str) -> Value {
    network.ask(&["chambers", chamber])[0]["filled"].clone()
}

/// Waits until `chamber` holds an election, in which all of `stands` stand and three vote for all of them, and until they sit.
fn elect(network: &Network, chamber: &str, stands: &[&str]) {
    eventually("an election", || filled(network, chamber)["electionClosesAt"].as_u64());
    let stand = ["stand", chamber];
    network.together(&stands.iter().map(|who| (*who, &stand[..])).collect::<Vec<_>>());
    let ballot = [&["elect", chamber], stands].concat();
    network.together(&["de", "br", "un"].map(|who| (who, &ballot[..])));
    let elected: BTreeSet<&str> = stands.iter().copied().collect();
    eventually("those elected to sit", || {
        let members = filled(network, chamber)["members"].clone();
        let sitting: BTreeSet<&str> = members.as_array()?.iter().filter_map(Value::as_str).collect();
        (sitting == elected).then_some(())
    });
}

/// What happens in the next blocks, from the second on: those who sit now decide the next.
fn look(network: &Network) -> Seen {
    let from = network.rpc().height().expect("a height") + 2;
    let to = network.rpc().above(from + LOOKED - 2);
    Seen::of(network, from, to.min(from + LOOKED - 1))
}

#[test]
fn whoever_is_elected_leads_for_a_term() {
    let network = super::start_with("membership-elected", &SHORT);
    for leader in ["br", "un"] {
        elect(&network, "presidency", &[leader]);
        let seen = look(&network);
        assert_eq!(seen.had_turns(), [leader].into(), "{:?}", seen.turns);
        assert!(seen.follows(), "{:?}", seen.writers);
        let all = ["br", "de", "un", "wwf"].map(|member| (member, 1, 1));
        assert_eq!(seen.shares(), all, "the others verify, and follow when it fails");
    }
}

#[test]
fn whoever_is_elected_verifies_for_a_term_and_all_write() {
    let network = super::start_with("verification-delegates", &SHORT);
    for (elected, out) in [(["br", "un", "wwf"], "de"), (["br", "de", "un"], "wwf")] {
        elect(&network, "verifiers", &elected);
        let seen = look(&network);
        let expected = ["br", "de", "un", "wwf"].map(|member| (member, 1, u64::from(member != out)));
        assert_eq!(seen.shares(), expected);
        assert_eq!((seen.had_turns().len(), seen.goes_round()), (4, true), "{:?}", seen.turns);
        assert!(seen.follows(), "{:?}", seen.writers);
    }
}

/// Three seats for four candidates: who has least is left out, until stake moves and the next term begins.
#[test]
fn stake_moves_a_seat_at_the_next_term() {
    let short = [("seats = 4, term = \"1m\"", "seats = 3, term = \"20s\"")];
    let network = super::start_with("delegation", &short);
    network.rpc().above(LOOKED);
    let seen = Seen::of(&network, 1, LOOKED);
    assert_eq!(seen.shares(), [("br", 1, 1), ("de", 1, 1), ("un", 1, 1)]);
    assert_eq!(seen.writers.iter().filter(|writer| *writer == "wwf").count(), 0, "{:?}", seen.writers);

    network.act("alice", &["delegate", "--stake", "75", "wwf"]);
    eventually("a seat for wwf", || seats(&network).contains_key("wwf").then_some(()));
    let seen = look(&network);
    assert_eq!(
        seen.shares(),
        [("br", 1, 1), ("de", 1, 1), ("wwf", 1, 1)],
        "un has no more than br, and comes after it"
    );
    assert_eq!(seen.had_turns(), ["br", "de", "wwf"].into());
    assert!(seen.follows() && !seen.writers.iter().any(|writer| writer == "un"), "{:?}", seen.writers);
}
