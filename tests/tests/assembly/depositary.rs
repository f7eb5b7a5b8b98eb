//! What binds whom on which day, and what was decided outside.

use polity_tests::{Network, eventually};
use serde_json::{Value, json};

use super::{DAY, river};

fn day(secs: u64) -> String {
    // Days of January and February 2030 are all this agreement sees.
    let since = secs / DAY - 21_915;
    if since < 31 { format!("2030-01-{:02}", since + 1) } else { format!("2030-02-{:02}", since - 30) }
}

/// Members for whom `treaty` is in force on `date`, with the rest of what is told.
fn parties(network: &Network, date: &str) -> (Vec<String>, Value) {
    let answer = network.ask(&["in-force", "--on", date, "--treaty", "water"]);
    let treaty = answer["treaties"][0].clone();
    let members = treaty["parties"].as_array().expect("parties").iter();
    let mut names: Vec<_> =
        members.map(|party| party["member"].as_str().expect("a name").to_owned()).collect();
    names.sort();
    (names, treaty)
}

fn date_of(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no date: {value}")).to_owned()
}

/// An authority records a mandate and opens an emergency proposal under it; the members decide.
fn emergency(network: &Network) {
    let order = network.dir.join("order.txt");
    std::fs::write(&order, "The sluice at Midford is to be closed.").expect("written");
    let order = order.display().to_string();
    let run = |who: &str, issuer: &str| {
        network.try_act(who, &["mandate", "record", &order, "--title", "Order 7", "--issuer", issuer])
    };
    assert!(run("court", "Somebody else").is_err(), "mandates of its own issuer only");
    assert!(run("NOR", "Water Court of the Basin").is_err(), "no authority");
    let made = run("court", "Water Court of the Basin").expect("recorded");
    assert_eq!(made["mandate"], 1);
    let hash = alloy_primitives::keccak256("The sluice at Midford is to be closed.");
    assert_eq!(made["documentHash"], json!(hash));
    let law = run("WES", "Parliament of Westland").expect("recorded");
    assert_eq!(law["mandate"], 2);

    assert_eq!(
        network.refused("WES", &["propose", "emergency", "Not its power", "--mandate", "2"]),
        "MayNotOpen"
    );
    let id = network.propose("court", &["emergency", "To close the sluice", "--mandate", "1"]);
    assert_eq!(network.proposal(id)["mandate"], 1);
    assert_eq!(network.refused("court", &["ballot", &id.to_string(), "yes"]), "NotAMember");
    network.ballots(id, &[("NOR", "yes"), ("EAS", "yes"), ("SOU", "yes")]);
    network.until_status(id, "executed");
    let mandates = network.ask(&["mandates"])["mandates"].clone();
    assert_eq!(mandates[0]["uses"][0]["proposal"], id, "{mandates:#}");
    assert_eq!(mandates[0]["uses"][0]["status"], "executed");
    assert_eq!(mandates[1]["uses"], json!([]));
}

#[test]
fn instruments_bind_by_the_day_and_mandates_are_listed() {
    let network = river();
    network.together(&[
        ("NOR", &["deposit", "water", "--reservation", "Article 5 does not apply to lakes."]),
        ("EAS", &["deposit", "water", "--kind", "accession", "--declaration", "We mean rivers."]),
    ]);
    let today = day(network.now());
    assert_eq!(parties(&network, &today).0, Vec::<String>::new(), "two of three");
    network.act("SOU", &["deposit", "water", "--kind", "acceptance"]);
    let treaty = network.ask(&["treaties"])[0].clone();
    let effective = date_of(&treaty["effectiveOn"]);

    // The court acts meanwhile.
    emergency(&network);

    let (members, force) = parties(&network, &effective);
    assert_eq!(members, ["EAS", "NOR", "SOU"].map(str::to_owned), "{force:#}");
    let before = date_of(&treaty["decidedOn"]);
    assert!(before < effective);
    assert_eq!(parties(&network, &before).0, Vec::<String>::new());
    let reservation = network.ask(&["instruments", "--member", "NOR"])["instruments"]
        .as_array()
        .and_then(|all| all.iter().find(|one| one["kind"] == "reservation").cloned())
        .expect("a reservation");
    let number = reservation["id"].to_string();
    eventually("the entry into force", || network.ask(&["treaties"])[0]["inForceSince"].as_u64());
    assert!(
        network.told(&["treaties", "--deposits"]).contains("acceptance"),
        "the kind of each instrument is said"
    );

    let error = network.try_act("EAS", &["retract", &number]).expect_err("it is Northland's");
    assert!(error["error"].as_str().is_some_and(|words| words.contains("was filed by NOR")), "{error}");

    // Westland joins later; Eastland objects; Southland leaves with notice.
    network.together(&[
        ("WES", &["deposit", "water"]),
        ("EAS", &["object", &number, "Lakes too.", "--opposes"]),
    ]);
    let left = network.act("SOU", &["withdraw", "water"]);
    let until = date_of(&left["effectiveOn"]);
    let agenda = network.told(&["agenda"]);
    assert!(agenda.contains("the withdrawal of SOU from water takes effect"), "{agenda}");
    assert_eq!(network.refused("SOU", &["withdraw", "water"]), "NoticeGiven");
    let (members, force) = parties(&network, &until);
    assert_eq!(members, ["EAS", "NOR", "WES"].map(str::to_owned), "{force:#}");
    let east = force["parties"].as_array().expect("parties").iter().find(|party| party["member"] == "EAS");
    assert_eq!(east.expect("a Party")["notBetween"], json!(["NOR"]), "{force:#}");
    let (members, _) = parties(&network, &day(network.now()));
    assert!(members.contains(&"SOU".to_owned()), "a Party until the notice works: {members:?}");

    // A text binds whoever does not reject it in a day.
    let document = alloy_primitives::keccak256("Annex of 2030").to_string();
    let call = format!("assembly.notify water 'Annex of 2030' {document} https://basin.example/annex");
    let notified = network.propose("NOR", &["ordinary", "To notify the annex", "--call", &call]);
    network.ballots(notified, &[("NOR", "yes"), ("EAS", "yes"), ("SOU", "yes")]);

    // A treaty that is adopted by a proposal, and then open for instruments.
    let flood = "add treaties.flood = { name = \"Flood Convention\", rule = \"three-join\", depositors = [\"state\"] }";
    let adopt = network
        .propose("NOR", &["amendment", "To adopt the Flood Convention", "--deposit", "--amend", flood]);
    network.act("EAS", &["sponsor", &adopt.to_string()]);
    let status = network.until_status(notified, "executed");
    assert_eq!(status["status"], "executed");
    let text = eventually("the text to be open", || {
        Some(network.ask(&["texts"])[0].clone()).filter(|text| text["status"] == "open")
    });
    assert_eq!(network.refused("court", &["reject", "1", "Not a Party."]), "NotAMember");
    network.act("EAS", &["reject", "1", "Our parliament has not agreed."]);
    network.until_status(adopt, "open");
    network.ballots(adopt, &[("NOR", "yes"), ("EAS", "yes"), ("WES", "yes")]);
    network.until_status(adopt, "executed");
    network.act("EAS", &["deposit", "flood"]);
    let version = network.ask(&["charter", "versions"])[1].clone();
    assert_eq!(
        version["proposal"], adopt,
        "the version names the proposal that adopted the treaty: {version:#}"
    );
    let force = network.ask(&["in-force", "--treaty", "flood"])["treaties"][0].clone();
    let payload_hash = network.proposal(adopt)["payloadHash"].clone();
    assert!(payload_hash.is_string());
    assert_eq!(force["adoptedBy"], json!({ "proposal": adopt, "payloadHash": payload_hash }), "{force:#}");
    assert!(
        network
            .told(&["in-force", "--treaty", "flood"])
            .contains(&format!("opened by proposal {adopt} (calls 0x"))
    );
    let flood = network.ask(&["treaties"]);
    assert_eq!((&flood[1]["id"], &flood[1]["deposits"]), (&json!("flood"), &json!(1)));

    let text = eventually("the last day of silence to pass", || {
        let _ = &text;
        Some(network.ask(&["texts"])[0].clone()).filter(|text| text["status"] == "adopted")
    });
    let from = date_of(&text["terms"][0]["effectiveOn"]);
    let of_treaty = parties(&network, &from).1["texts"][0].clone();
    for told in [&of_treaty, &text] {
        assert_eq!(
            (&told["adoptedBy"]["proposal"], &told["documentHash"]),
            (&json!(notified), &json!(document))
        );
    }
    let said = network.told(&["texts"]);
    assert!(
        said.contains(&format!("document {document}, adopted by proposal {notified} (calls 0x")),
        "{said}"
    );
    let bound = of_treaty["parties"].clone();
    let bound: Vec<_> = bound.as_array().expect("bound").iter().map(|one| one["member"].clone()).collect();
    assert!(bound.contains(&json!("NOR")), "silence consents: {text:#} {bound:?}");
    assert!(!bound.contains(&json!("EAS")), "it rejected: {bound:?}");
}
