//! What an election makes of the committee: those elected hold the office that the settings give their chamber, for its term, and
//! nobody else does.

use alloy_primitives::B256;
use polity_constitution::{Candidate, Committee, committee};

use super::super::*;
use crate::assembly::{
    IAssembly,
    tests::{CHARTER, Chain, DAY, account, word},
};

/// A board of two that the five states elect for thirty days, the last ten of which are the next election.
const BOARD: &str = r#"
[chambers.board]
by       = "election"
seats    = 2
of       = "plenary"
term     = "30d"
election = "10d"
rule     = "majority"
voting   = "7d"
"#;

const ROTATION: &str = "write        = { by = \"membership\", primary = \"rotation\" }";
const ALL: &str = "verification = { by = \"all\" }";

/// What the settings make of the board.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Office {
    Leads,
    Writes,
    Verifies,
}

/// Settings by the line of the charter that they replace, and the office they give.
const SETTINGS: [(&str, &str, Office); 3] = [
    (ROTATION, "write = { by = \"membership\", primary = \"elected\", chamber = \"board\" }", Office::Leads),
    (
        ROTATION,
        "write = { by = \"delegation\", seats = 2, term = \"30d\", chamber = \"board\" }",
        Office::Writes,
    ),
    (ALL, "verification = { by = \"delegates\", chamber = \"board\" }", Office::Verifies),
];

fn chain(old: &str, new: &str) -> Chain {
    assert!(CHARTER.contains(old), "{old}");
    let text = CHARTER.replace(old, new).replace("[members]", &format!("{BOARD}[members]"));
    let mut chain = Chain::new(&text);
    // The chain opens the first election by itself.
    chain.run(DAY);
    chain
}

/// `stands` stand, and whoever votes elects all of them; the election ends with the term before, or ten days after its opening.
fn elect(chain: &mut Chain, stands: &[&str]) {
    let chamber = word("board");
    for who in stands {
        chain.try_send(account(who), &IAssembly::standCall { chamber }).expect("stands");
    }
    let candidates: Vec<B256> = stands.iter().map(|who| word(who)).collect();
    for who in ["CCC", "DDD", "EEE"] {
        let call = IAssembly::electCall { chamber, candidates: candidates.clone() };
        chain.try_send(account(who), &call).expect("elects");
    }
    chain.run(11 * DAY);
}

fn sitting(chain: &Chain) -> (Vec<Candidate>, Committee) {
    let settings = consensus(&chain.memory).expect("ours");
    let candidates = candidates(&chain.memory, &settings);
    let committee = committee(&settings, &candidates, B256::ZERO).expect("somebody decides");
    (candidates, committee)
}

fn member<'a>(candidates: &'a [Candidate], address: &Address) -> &'a str {
    &candidates.iter().find(|candidate| candidate.address == *address).expect("a seat").member
}

/// The candidates hold offices as `elected` says, and the committee follows from them.
fn check(chain: &Chain, office: Office, elected: &[&str]) {
    let (candidates, committee) = sitting(chain);
    let states = ["AAA", "BBB", "CCC", "DDD", "EEE"];
    for candidate in &candidates {
        let holds = |which| which == office && elected.contains(&candidate.member.as_str());
        let offices = candidate.offices;
        assert_eq!(
            (offices.leads, offices.writes, offices.verifies),
            (holds(Office::Leads), holds(Office::Writes), holds(Office::Verifies)),
            "{office:?}: {}",
            candidate.member
        );
    }
    let having = |of: fn(&polity_constitution::Seat) -> bool| {
        let seats = committee.seats().iter().filter(|seat| of(seat));
        let mut found: Vec<_> = seats.map(|seat| member(&candidates, &seat.address)).collect();
        found.sort_unstable();
        found
    };
    let those = if elected.is_empty() { &states[..] } else { elected };
    let (writers, voters) = (having(|seat| seat.weight > 0), having(|seat| seat.power > 0));
    let mut leaders: Vec<_> = (1..=10)
        .map(|height| member(&candidates, &committee.proposer(polity_primitives::Height(height), 0).address))
        .collect();
    leaders.sort_unstable();
    leaders.dedup();
    let (writes, votes, leads) = match office {
        Office::Leads => (&states[..], &states[..], those),
        Office::Writes => (those, those, those),
        Office::Verifies => (&states[..], those, &states[..]),
    };
    assert_eq!((writers, voters, leaders), (writes.to_vec(), votes.to_vec(), leads.to_vec()), "{office:?}");
}

#[test]
fn those_elected_hold_the_office_for_their_term_and_then_others_do() {
    for (old, new, office) in SETTINGS {
        let mut chain = chain(old, new);
        check(&chain, office, &[]);
        elect(&mut chain, &["BBB", "DDD"]);
        check(&chain, office, &["BBB", "DDD"]);
        // Others stand while the term lasts, and sit when it is over.
        chain.run(19 * DAY);
        check(&chain, office, &["BBB", "DDD"]);
        elect(&mut chain, &["AAA", "EEE"]);
        check(&chain, office, &["AAA", "EEE"]);
    }
}

/// One who is elected and expelled holds nothing; the office is the other's alone, and everyone's when that one is gone too.
#[test]
fn who_is_gone_holds_no_office() {
    for (old, new, office) in SETTINGS {
        let mut chain = chain(old, new);
        elect(&mut chain, &["BBB", "DDD"]);
        let call = crate::registry::IRegistry::suspendCall { id: word("BBB") };
        chain.decide(polity_primitives::REGISTRY, &call);
        let (candidates, committee) = sitting(&chain);
        assert_eq!(candidates.len(), 4, "{office:?}");
        let has = |of: fn(&polity_constitution::Seat) -> bool| {
            committee.seats().iter().filter(|seat| of(seat)).count()
        };
        let expected = match office {
            Office::Leads => (4, 4),
            Office::Writes => (1, 1),
            Office::Verifies => (4, 1),
        };
        assert_eq!((has(|seat| seat.weight > 0), has(|seat| seat.power > 0)), expected, "{office:?}");
        chain.decide(
            polity_primitives::REGISTRY,
            &crate::registry::IRegistry::suspendCall { id: word("DDD") },
        );
        let (_, committee) = sitting(&chain);
        let seats = committee.seats().iter().filter(|seat| seat.weight > 0 && seat.power > 0);
        assert_eq!(seats.count(), 3, "{office:?}: nobody is in office, so all who are left decide");
    }
}
