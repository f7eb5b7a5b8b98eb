//! Who sits by election, by lot and by stake, and what they decide.

use polity_tests::{Network, UNIT, eventually};
use serde_json::{Value, json};

use super::{DAY, river};

fn filled(network: &Network, chamber: &str) -> Value {
    network.ask(&["chambers", chamber])[0]["filled"].clone()
}

fn names(value: &Value) -> Vec<String> {
    let list = value.as_array().expect("a list");
    list.iter().map(|name| name.as_str().expect("a name").to_owned()).collect()
}

/// The two of four members with the lowest lots, as anyone can compute them from the published seed (ADR 10).
fn drawn_with(seed: &Value) -> Vec<String> {
    let seed: [u8; 32] =
        alloy_primitives::hex::decode_to_array(seed.as_str().expect("a seed")).expect("32 bytes");
    let lot = |member: &&str| {
        let mut word = [0u8; 32];
        word[..member.len()].copy_from_slice(member.as_bytes());
        alloy_primitives::keccak256([seed, word].concat())
    };
    let mut members = ["EAS", "NOR", "SOU", "WES"];
    members.sort_by_key(lot);
    let mut seated = members[..2].iter().map(ToString::to_string).collect::<Vec<_>>();
    seated.sort();
    seated
}

#[test]
fn elected_drawn_and_bonded_members_decide_in_their_chambers() {
    let network = river();
    // The election opens with the first blocks.
    eventually("an election", || filled(&network, "board")["electionClosesAt"].as_u64());
    let agenda = network.told(&["agenda"]);
    assert!(agenda.contains("the election of board closes and its seats are filled"), "{agenda}");
    network.together(&[
        ("NOR", &["stand", "board"]),
        ("SOU", &["stand", "board"]),
        ("WES", &["stand", "board"]),
        ("EAS", &["bond", "30", "--chamber", "holders"]),
    ]);
    network.together(&[
        ("NOR", &["elect", "board", "NOR", "SOU"]),
        ("EAS", &["elect", "board", "SOU", "NOR"]),
        ("WES", &["elect", "board", "WES"]),
        ("SOU", &["elect", "board", "SOU"]),
    ]);
    network.act("NOR", &["bond", "1", "--chamber", "holders"]);
    assert_eq!(network.refused("EAS", &["elect", "board", "EAS"]), "NotACandidate");

    // Lots were drawn at once: whose were lowest can be checked.
    let jury = eventually("lots to be drawn", || {
        Some(filled(&network, "jury")).filter(|jury| !names(&jury["members"]).is_empty())
    });
    let mut seated = names(&jury["members"]);
    seated.sort();
    assert_eq!(seated, drawn_with(&jury["seed"]));

    // Stake weighs; below the least it does not sit.
    let stakes = filled(&network, "holders")["stakes"].clone();
    assert_eq!(
        stakes,
        json!([
            { "member": "NOR", "stakeWei": UNIT.to_string(), "sits": false },
            { "member": "EAS", "stakeWei": (30 * UNIT).to_string(), "sits": true },
        ]),
        "{stakes:#}"
    );
    let holders = network.told(&["chambers", "holders"]);
    assert!(holders.contains("NOR 1 RIV, has no seat: less than 2 RIV"), "{holders}");
    network.act("WES", &["bond", "10", "--chamber", "holders"]);
    let pay =
        network.propose("SOU", &["budget", "A gauge for Eastland", "--call", "treasury.pay common EAS 5e18"]);
    assert_eq!(network.refused("NOR", &["ballot", &pay.to_string(), "yes"]), "NotInElectorate");
    network.ballots(pay, &[("EAS", "yes")]);

    // The board, when it is elected.
    let board = eventually("a board", || {
        Some(filled(&network, "board")).filter(|board| !names(&board["members"]).is_empty())
    });
    let mut elected = names(&board["members"]);
    elected.sort();
    assert_eq!(elected, ["NOR", "SOU"], "{board:#}");
    let votes: Vec<_> = board["candidates"].as_array().expect("candidates").iter().collect();
    let of = |id: &str| votes.iter().find(|one| one["member"] == id).map(|one| one["weight"].clone());
    assert_eq!((of("NOR"), of("SOU"), of("WES")), (Some(json!("2")), Some(json!("3")), Some(json!("1"))));

    // Seated by the block that is the head, it decides from the next one on: what a proposal costs is estimated there.
    // The board first, then the jury: both chambers by those who sit in them.
    let id = network.propose("WES", &["admission", "To invite an observer"]);
    assert_eq!(network.refused("EAS", &["ballot", &id.to_string(), "yes"]), "NotInElectorate");
    network.ballots(id, &[("NOR", "yes"), ("SOU", "yes")]);
    let second = eventually("the jury's vote", || {
        Some(network.proposal(id)).filter(|found| found["stage"] == 1 && found["status"] == "open")
    });
    assert_eq!(second["chamber"], "jury");
    let jurors: Vec<(&str, &str)> = seated.iter().map(|juror| (juror.as_str(), "yes")).collect();
    network.ballots(id, &jurors);
    let done = network.until_status(id, "executed");
    let chambers: Vec<_> =
        done["stages"].as_array().expect("stages").iter().map(|s| (&s["chamber"], &s["adopted"])).collect();
    assert_eq!(chambers, [(&json!("board"), &json!(true)), (&json!("jury"), &json!(true))]);

    // What was bonded decided, was paid, and comes back when it is unbonded.
    network.until_status(pay, "executed");
    let limb = network.ask(&["why", &pay.to_string()])["report"]["limbs"][0].clone();
    assert_eq!((&limb["numerator"], &limb["denominator"]), (&json!("30"), &json!("40")), "{limb:#}");
    assert_eq!(network.treasury("common"), 995 * UNIT);
    assert_eq!(network.balance("EAS"), 75 * UNIT);
    network.act("WES", &["unbond", "10", "--chamber", "holders"]);
    let unbonded = network.now();
    let agenda = network.told(&["agenda"]);
    assert!(agenda.contains("10 RIV that WES unbonded from holders are paid back"), "{agenda}");
    assert!(agenda.contains("lots are drawn for the seats of jury"), "{agenda}");
    assert_eq!(network.balance("WES"), 90 * UNIT, "not before the unbonding time");
    network.until_time(unbonded + DAY + DAY / 12);
    assert_eq!(network.balance("WES"), 100 * UNIT);
}
