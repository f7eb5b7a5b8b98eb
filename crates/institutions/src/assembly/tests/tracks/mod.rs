//! Tracks: what judges a proposal, what it needs before it opens, its stages, and every way it can end.
//!
//! Here: the tracks that all of these try, and what the laws run on.

mod drafts;
mod guardian;
mod kinds;
mod stages;

use polity_primitives::{REGISTRY, TREASURY};

use super::*;
use crate::{laws::Example, registry::IRegistry, treasury::ITreasury};

/// Tracks that claim nothing, so that a proposer must name them: two stages with a pause, a draft with everything, a
/// discussion, a guardian with extensions, and nine votes. Sixteen experts, so that nine votes are not prepared at once.
const TRACKS: &str = r#"
[tracks.twice]
for        = []
strictness = 1
stages     = [{ chamber = "council", rule = "majority" }, { chamber = "plenary", pause = "2d", voting = "5d" }]
delay      = "2d"
[tracks.slow]
for        = []
strictness = 2
stages     = [{ chamber = "plenary" }]
sponsors   = 2
deposit    = "10 wei"
burn       = "veto"
forfeit_to = "common"
draft      = "30d"
discussion = "7d"
[tracks.talk]
for        = []
strictness = 3
stages     = [{ chamber = "plenary" }]
discussion = "7d"
[tracks.guarded]
for        = []
strictness = 4
stages     = [{ chamber = "plenary" }]
extension  = { last = "1d", by = "2d", times = 2 }
guardian   = { chamber = "council", rule = "majority", until = 2030-01-01 }
[tracks.long]
for        = []
strictness = 5
stages     = [{ chamber = "plenary" }, { chamber = "plenary" }, { chamber = "plenary" }, { chamber = "plenary" },
              { chamber = "plenary" }, { chamber = "plenary" }, { chamber = "plenary" }, { chamber = "plenary" }]
guardian   = { chamber = "council", until = 2030-01-01 }
[tracks.urgent]
for        = ["emergency"]
strictness = 6
stages     = [{ chamber = "council", voting = "1h" }]
"#;

/// The track that a charter with tracks owes its authorities.
pub(super) const URGENT: &str = r#"
[tracks.urgent]
for        = ["emergency"]
strictness = 1_000
stages     = [{ chamber = "council", voting = "1h" }]
"#;

/// `text` with the tracks of this file and sixteen more members.
pub(super) fn with_tracks(text: &str) -> String {
    let experts: String =
        (0..16).map(|i| format!("X{i:02} = {{ name = \"X{i}\", kind = \"expert\" }}\n")).collect();
    let text = text.replace("[members]\n", &format!("[members]\n{experts}"));
    format!("{text}{TRACKS}")
}

/// The proposal of the laws that is open in the plenary.
pub(super) const OPEN: u64 = 6;

/// Proposals 3 (its pause ends), 4 (its draft lapses) and 5 (its discussion ends) of the laws.
pub(super) fn prepare_laws_early(chain: &mut Chain) {
    let paused = chain.propose("AAA", "twice", vec![]);
    chain.ballot("AAA", paused, Choice::Yes);
    chain.ballot("BBB", paused, Choice::Yes);
    chain.next(0);
    chain.end();
    assert_eq!(chain.status(paused), "pause");
    let lapsing = chain.propose("AAA", "slow", vec![]);
    let discussed = chain.propose("AAA", "talk", vec![sol::Call::default()]);
    assert_eq!((paused, lapsing, discussed), (3, 4, 5));
    chain.pay("CCC", 10, &sol::placeDepositCall { id: U256::from(lapsing) }).expect("takes it");
}

/// Proposals 7 and 8 (drafts, the second sponsored), 9 (a guardian is for cancelling) and 10 (being prepared) of the laws.
pub(super) fn prepare_laws(chain: &mut Chain) {
    for _ in 0..2 {
        chain.propose("AAA", "slow", vec![]);
    }
    chain.send("BBB", &sol::sponsorCall { id: U256::from(8) });
    let guarded = chain.propose("AAA", "guarded", vec![]);
    chain.send("BBB", &sol::cancelCall { id: U256::from(guarded), reason: "No.".into() });
    let long = chain.propose("AAA", "long", vec![]);
    assert_eq!((guarded, long, chain.status(long)), (9, 10, "preparing"));
    chain.memory.mint(account("EEE"), U256::from(10));
    chain.next(0);
}

pub(super) fn law_examples() -> Vec<Example> {
    let id = U256::from::<u64>;
    let by = |who: &str| account(who);
    let text = || "It was a mistake.".to_owned();
    vec![
        Example::new(by("CCC"), ASSEMBLY, &sol::sponsorCall { id: id(8) }),
        Example::new(by("BBB"), ASSEMBLY, &sol::unsponsorCall { id: id(8) }),
        Example::new(by("EEE"), ASSEMBLY, &sol::placeDepositCall { id: id(7) }).with_value(10),
        Example::new(by("CCC"), ASSEMBLY, &sol::cancelCall { id: id(9), reason: text() }),
        Example::new(by("SAM"), ASSEMBLY, &sol::cancelCall { id: id(OPEN), reason: text() }),
        Example::new(by("BBB"), ASSEMBLY, &sol::uncancelCall { id: id(9) }),
        Example::new(
            by("EEE"),
            ASSEMBLY,
            &sol::ballotSplitCall { id: id(OPEN), yes: 2_500, no: 2_500, abstain: 0, veto: 5_000 },
        ),
        Example::new(SYSTEM, ASSEMBLY, &sol::resumeCall { id: id(3) }),
        Example::new(SYSTEM, ASSEMBLY, &sol::lapseCall { id: id(4) }),
        Example::new(SYSTEM, ASSEMBLY, &sol::openCall { id: id(5) }),
        Example::new(SYSTEM, ASSEMBLY, &sol::prepareCall { id: id(10) }),
        Example::new(SYSTEM, ASSEMBLY, &sol::guardianOfCall { id: id(9) }),
        Example::new(SYSTEM, ASSEMBLY, &sol::averageOfCall { id: id(9), stage: id(0) }),
        Example::new(SYSTEM, ASSEMBLY, &sol::trackIdsCall {}),
        Example::new(SYSTEM, ASSEMBLY, &sol::trackCall { id: word("guarded") }),
        Example::new(SYSTEM, ASSEMBLY, &sol::trackOfKindCall { kind: 3 }),
        Example::new(SYSTEM, ASSEMBLY, &sol::constitutionalPathsCall {}),
    ]
}

fn pay(value: u64) -> sol::Call {
    let pay = ITreasury::payCall { name: word("common"), to: account("receiver"), amount: U256::from(value) };
    payload_of(TREASURY, &pay)
}

fn suspend() -> sol::Call {
    payload_of(REGISTRY, &IRegistry::suspendCall { id: word("ORG") })
}

fn guarded() -> Chain {
    Chain::new(&with_tracks(CHARTER))
}

fn try_propose(chain: &mut Chain, track: &str, calls: Vec<sol::Call>) -> Result<u64, String> {
    let call = sol::proposeCall { track: word(track), title: "x".into(), calls };
    chain.try_send(account("AAA"), &call).map(|id| id.to())
}
