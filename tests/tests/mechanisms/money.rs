//! Money at stake as its owners see it: what a change would do to them, what a bond does, when it comes back.

use polity_tests::Network;
use serde_json::json;

/// The charter of delegation, from which money comes back soon.
fn start() -> Network {
    super::start_with("delegation", &[("unbonding = \"1m\"", "unbonding = \"4s\"")])
}

#[test]
fn who_would_lose_what_and_where_money_is_until_it_is_paid() {
    let network = start();
    let one_seat = ["propose", "members", "One", "--amend", "set consensus.write.seats = 1", "--dry-run"];
    let simulated = network.ask(&one_seat);
    assert_eq!(simulated["committee"]["leaves"], json!(["br", "un", "wwf"]), "{simulated:#}");
    let told = network.told(&one_seat);
    for words in [
        "wwf     1 of 4 → no",
        "br, un and wwf would no longer write or verify",
        "de alone would write and verify",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }

    let bonded = network.act("alice", &["delegate", "--stake", "25", "de"]);
    let counts = bonded["effects"][0].as_str().expect("a sentence");
    assert!(counts.starts_with("it counts when the next term begins"), "{bonded}");
    let refused = network.try_act("alice", &["delegate", "--stake", "25", "bob"]).expect_err("no member");
    assert_eq!(refused["error"], "there is no member bob. Nothing is sent");

    let payment = network.act("wwf", &["unbond", "200"])["payment"].as_u64().expect("a number");
    let stakes = network.ask(&["stakes"]);
    let stake = stakes["candidates"].as_array().expect("a list").iter().find(|bond| bond["member"] == "wwf");
    let stake = stake.expect("it is at stake until it is paid");
    assert_eq!((&stake["totalWei"], &stake["leavingWei"]), (&json!("0"), &json!("200000000000000000000")));
    let until = stake["leavingUntil"].as_u64().expect("a time");
    let id = payment.to_string();
    network.until_time(until);
    let released = network.act("wwf", &["release", &id]);
    let again = network.try_act("wwf", &["release", &id]).expect_err("paid once");
    let paid = format!(
        "payment {id} was paid already, in block {}: nothing of it waits any more",
        released["block"]
    );
    assert_eq!(again["error"], paid);
    let left = network.ask(&["stakes"])["candidates"].to_string();
    assert!(!left.contains("wwf"), "{left}");
}
