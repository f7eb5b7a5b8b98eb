//! The life of a proposal: delegation, sponsors and deposits, sealed and split ballots, late ballots, guardians.

use polity_tests::{Network, UNIT, eventually};
use serde_json::{Value, json};

use super::{DAY, HOUR, river};

/// The ballot of the present vote of proposal `id` that counts for `member`, if it left it to another.
fn carried_by(network: &Network, id: u64, member: &str) -> Value {
    let proposal = network.proposal(id);
    let found =
        proposal["delegated"].as_array().expect("a list").iter().find(|one| one["member"] == member).cloned();
    found.unwrap_or_default()["by"].clone()
}

/// Numerator and denominator of limb `name` in the why-report of proposal `id`.
fn limb(network: &Network, id: u64, name: &str) -> (Value, Value) {
    let report = network.ask(&["why", &id.to_string()])["report"].clone();
    let limbs = report["limbs"].as_array().expect("limbs");
    let limb = limbs
        .iter()
        .find(|limb| limb["name"] == name)
        .unwrap_or_else(|| panic!("no limb {name}: {report:#}"));
    (limb["numerator"].clone(), limb["denominator"].clone())
}

/// The guardian's vote, within its time; then that it has none after its sunset.
fn guardian_cancels(network: &Network) {
    let change = ["--amend", "set chambers.board.voting = \"5d\""];
    let id =
        network.propose("NOR", &[&["constitutional", "A longer vote of the board"][..], &change].concat());
    let number = id.to_string();
    let asked = network.act("EAS", &["cancel", &number, "--reason", "too long"]);
    assert_eq!(asked["status"], "open", "one of two needed");
    network.act("EAS", &["cancel", &number, "--withdraw"]);
    network.act("SOU", &["cancel", &number]);
    assert_eq!(network.proposal(id)["status"], "open", "what was taken back does not count");
    let stopped = network.act("WES", &["cancel", &number, "--reason", "too long"]);
    assert_eq!(stopped["status"], "cancelled");
    assert_eq!(network.ask(&["why", &number, "--stage", "1"])["report"]["limbs"][0]["numerator"], "2");
    let told = network.told(&["why", &number]);
    assert!(told.contains(", the guardian, because: too long. Nothing was decided"), "{told}");
}

fn guardian_sleeps(network: &Network) {
    let sunset = network.ask(&["tracks"])["tracks"]
        .as_array()
        .and_then(|tracks| tracks.iter().find(|track| track["id"] == "constitutional"))
        .and_then(|track| track["guardian"]["until"].as_u64())
        .expect("a sunset");
    network.until_time(sunset);
    let change = ["--amend", "set chambers.board.voting = \"6d\""];
    let id =
        network.propose("NOR", &[&["constitutional", "A longer vote of the board"][..], &change].concat());
    assert_eq!(network.refused("EAS", &["cancel", &id.to_string()]), "CannotCancel");
    assert_eq!(network.act("NOR", &["cancel", &id.to_string()])["status"], "cancelled", "its proposer may");
    let told = network.told(&["why", &id.to_string()]);
    assert!(told.contains("Cancelled by NOR, who had proposed it. Nothing was decided"), "{told}");
}

/// A draft gets its sponsor and its deposit, is discussed and adopted; the deposit comes back. Ballots are split.
fn deposit_returned(network: &Network) -> u64 {
    let amend = ["--amend", "set members.SOU.name = \"South\""];
    let id = network.propose("EAS", &[&["amendment", "Southland is South"][..], &amend].concat());
    let number = id.to_string();
    assert_eq!(network.proposal(id)["status"], "draft");
    assert_eq!(network.refused("NOR", &["ballot", &number, "yes"]), "Closed");
    network.together(&[("EAS", &["pay-deposit", &number]), ("NOR", &["sponsor", &number])]);
    let discussed = network.proposal(id);
    assert_eq!(discussed["sponsors"], json!(["NOR"]));
    assert_eq!(network.balance("EAS"), 90 * UNIT, "held");
    let opened = network.until_status(id, "open");
    let waited = opened["openedAt"].as_u64().expect("open") - discussed["proposedAt"].as_u64().expect("made");
    assert!(waited >= 6 * HOUR, "discussed for {waited} s");
    network.together(&[
        ("NOR", &["ballot", &number, "--split", "yes=60,no=40"]),
        ("EAS", &["ballot", &number, "yes"]),
        ("SOU", &["ballot", &number, "--split", "abstain=75.5,veto=24.5"]),
    ]);
    let split = network.proposal(id);
    let ballot = split["ballots"]
        .as_array()
        .expect("ballots")
        .iter()
        .find(|ballot| ballot["member"] == "NOR")
        .cloned();
    assert_eq!(ballot.expect("there")["parts"], json!({ "yes": 6000, "no": 4000, "abstain": 0, "veto": 0 }));
    let told = network.told(&["proposals", &number]);
    assert!(told.contains("SOU abstain 75.5 %, veto 24.5 %"), "{told}");
    id
}

/// A vote with a third of vetoes: the deposit goes where the track says.
fn deposit_forfeited(network: &Network) -> u64 {
    let amend = ["--deposit", "--amend", "set members.NOR.name = \"North\""];
    let id = network.propose("SOU", &[&["amendment", "Northland is North"][..], &amend].concat());
    network.act("WES", &["sponsor", &id.to_string()]);
    network.until_status(id, "open");
    network.ballots(id, &[("EAS", "veto"), ("NOR", "veto"), ("SOU", "yes"), ("WES", "yes")]);
    id
}

#[test]
fn proposals_live_as_their_tracks_say() {
    let network = river();
    guardian_cancels(&network);

    // For the council and for the track: the one for the track comes first.
    network.together(&[("EAS", &["delegate", "council", "NOR"]), ("SOU", &["delegate", "council", "WES"])]);
    network.act("SOU", &["delegate", "ordinary", "NOR"]);
    assert_eq!(network.refused("NOR", &["delegate", "council", "EAS"]), "DelegationLoop");
    let doubtful = network.act("SOU", &["delegate", "budget", "NOR"])["warnings"].clone();
    let warned = doubtful
        .as_array()
        .is_some_and(|all| all.iter().any(|one| one.to_string().contains("NOR does not sit")));
    assert!(warned, "nobody has bonded in the chamber of that track: {doubtful}");
    let first = network.propose("WES", &["ordinary", "To meet in spring"]);
    network.act("EAS", &["undelegate", "council"]);
    let second = network.propose("WES", &["ordinary", "To meet in autumn"]);
    let sealed = network.propose("WES", &["expulsion", "A vote that nobody sees"]);
    network.together(&[
        ("NOR", &["ballot", &first.to_string(), "yes"]),
        ("WES", &["ballot", &first.to_string(), "no"]),
    ]);
    assert_eq!(carried_by(&network, first, "EAS"), "NOR", "what is taken back holds for later votes");
    assert_eq!(carried_by(&network, first, "SOU"), "NOR");
    assert_eq!(limb(&network, first, "majority"), (json!("3"), json!("4")));
    let told = network.told(&["proposals", &first.to_string()]);
    assert!(told.contains("EAS left its ballot to NOR: that of NOR counts for it (yes)"), "{told}");
    network.ballots(first, &[("SOU", "no")]);
    assert_eq!(carried_by(&network, first, "SOU"), "SOU", "its own ballot takes its weight back");

    // Sealed: nobody sees what was voted, not even the chain.
    network.ballots(sealed, &[("NOR", "yes"), ("EAS", "yes"), ("SOU", "yes"), ("WES", "no")]);
    network.ballots(sealed, &[("EAS", "no")]);
    let hidden = network.proposal(sealed);
    let choices: Vec<_> =
        hidden["ballots"].as_array().expect("ballots").iter().map(|b| &b["choice"]).collect();
    assert_eq!(choices, vec![&json!("sealed"); 4], "{hidden:#}");
    let early = network.try_act("NOR", &["reveal", &sealed.to_string()]).expect_err("not yet");
    assert!(early["error"].as_str().expect("words").contains("are revealed from"), "{early}");

    // A late ballot that flips the outcome moves the close.
    let closes_at = network.proposal(second)["closesAt"].as_u64().expect("open");
    network.ballots(second, &[("NOR", "yes")]);
    network.until_time(closes_at - 30 * HOUR);
    network.together(&[
        ("EAS", &["ballot", &second.to_string(), "no"]),
        ("WES", &["ballot", &second.to_string(), "no"]),
    ]);
    let flipped = network.proposal(second);
    assert_eq!(flipped["stages"][0]["extensions"], 1, "{flipped:#}");
    assert!(flipped["closesAt"].as_u64().expect("open") >= closes_at + DAY);

    let returned = deposit_returned(&network);

    // The first reveal comes after the close: three of four show what they voted, Southland never does.
    network.until_time(hidden["closesAt"].as_u64().expect("a close"));
    let words = eventually("the reveals", || {
        Some(network.told(&["proposals", &sealed.to_string()]))
            .filter(|words| words.contains("revealing until"))
    });
    assert!(!words.contains("[open]"), "{words}");
    let number = sealed.to_string();
    network.together(&[
        ("NOR", &["reveal", &number]),
        ("EAS", &["reveal", &number]),
        ("WES", &["reveal", &number]),
    ]);

    let forfeited = deposit_forfeited(&network);
    network.until_status(first, "rejected");
    assert_eq!(limb(&network, first, "majority"), (json!("2"), json!("4")));
    network.until_status(second, "rejected");
    assert_eq!(limb(&network, second, "majority"), (json!("2"), json!("4")));

    network.until_status(returned, "executed");
    assert_eq!(limb(&network, returned, "majority"), (json!("8/5"), json!("449/200")));
    assert_eq!(network.balance("EAS"), 100 * UNIT, "the deposit came back");
    assert_eq!(network.ask(&["members", "SOU"])[0]["name"], "South");
    network.until_status(forfeited, "rejected");
    assert_eq!(network.balance("SOU"), 90 * UNIT);
    assert_eq!(network.treasury("forfeits"), 10 * UNIT);

    let shown = network.until_status(sealed, "rejected");
    let choice = |member: &str| {
        let ballots = shown["ballots"].as_array().expect("ballots").iter();
        ballots.clone().find(|ballot| ballot["member"] == member).map(|ballot| ballot["choice"].clone())
    };
    assert_eq!(choice("NOR"), Some(json!("yes")));
    assert_eq!(choice("EAS"), Some(json!("no")), "the later commitment counts");
    assert_eq!(
        limb(&network, sealed, "majority"),
        (json!("1"), json!("3")),
        "an unrevealed yes is an abstention"
    );
    guardian_sleeps(&network);
}
