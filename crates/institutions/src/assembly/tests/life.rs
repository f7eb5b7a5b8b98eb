//! From the opening of a proposal to what comes of it.

use polity_decision::Outcome;
use polity_primitives::{REGISTRY, TREASURY};

use super::*;
use crate::{registry::IRegistry, treasury::ITreasury};

fn pay(value: u64) -> sol::Call {
    let pay = ITreasury::payCall { name: word("common"), to: account("receiver"), amount: U256::from(value) };
    payload_of(TREASURY, &pay)
}

fn suspend(id: &str) -> sol::Call {
    payload_of(REGISTRY, &IRegistry::suspendCall { id: word(id) })
}

#[test]
fn adopted_waits_then_pays() {
    let mut chain = Chain::new(CHARTER);
    let opened = chain.now();
    let id = chain.propose("SAM", "plenary", vec![pay(5), suspend("ORG")]);
    for (who, choice) in [("AAA", Choice::Yes), ("BBB", Choice::Yes), ("CCC", Choice::No)] {
        chain.ballot(who, id, choice);
    }
    chain.run(6 * DAY);
    assert_eq!(chain.status(id), "open", "two of five, and two could still come");
    chain.ballot("CCC", id, Choice::Yes);
    assert_eq!(chain.end(), 0, "not in the block of the ballot that settles it");
    chain.next(0);
    assert_eq!(chain.end(), 1);
    assert_eq!(chain.status(id), "adopted");
    let view = proposal(&chain.memory, id).unwrap();
    assert_eq!(view.concluded_at, Some(opened + 6 * DAY), "a day before the close");
    assert_eq!(view.executes_at, Some(opened + 9 * DAY));
    chain.run(2 * DAY);
    assert_eq!(chain.status(id), "adopted");
    assert_eq!(chain.memory.balance_of(account("receiver")), U256::ZERO);
    chain.run(DAY);
    assert_eq!(chain.status(id), "executed");
    assert_eq!(chain.memory.balance_of(account("receiver")), U256::from(5));
    assert_eq!(crate::registry::status_at(&chain.memory, "ORG", u64::MAX).as_str(), "suspended");

    let report = report(&chain.memory, id).unwrap();
    assert_eq!(report.outcome, Outcome::Adopted);
    assert_eq!(
        report.json(),
        r#"{"rule":"majority","outcome":"adopted","reason":null,"decided_on":"2020-01-08","effective_on":"2020-01-11","limbs":[{"name":"members","numerator":"3","denominator":"5","threshold":"> 1/2","share":"0.6","met":true}]}"#
    );
    assert_eq!(proposal(&chain.memory, id).unwrap().stages[0].report_hash, Some(keccak256(report.json())));
}

#[test]
fn silence_until_the_close_rejects() {
    let mut chain = Chain::new(CHARTER);
    let id = chain.propose("AAA", "plenary", vec![pay(5)]);
    chain.ballot("AAA", id, Choice::Yes);
    chain.run(6 * DAY);
    assert_eq!(chain.status(id), "open");
    chain.next(DAY);
    let late = chain.try_send(account("BBB"), &sol::ballotCall { id: U256::from(id), choice: Choice::Yes });
    assert_eq!(
        late.map(drop),
        Err("Closed".into()),
        "at the close no ballot is taken, though nothing has concluded it yet"
    );
    assert_eq!(chain.end(), 1);
    assert_eq!(chain.status(id), "rejected");
    assert_eq!(chain.end(), 0);
    chain.run(30 * DAY);
    assert_eq!(chain.memory.balance_of(account("receiver")), U256::ZERO);
    assert_eq!(report(&chain.memory, id).unwrap().limbs[0].numerator.to_string(), "1");
}

#[test]
fn a_changed_ballot_unsettles_the_outcome() {
    let mut chain = Chain::new(CHARTER);
    let id = chain.propose("AAA", "plenary", vec![]);
    for who in ["AAA", "BBB", "CCC"] {
        chain.ballot(who, id, Choice::No);
    }
    chain.next(0);
    chain.ballot("CCC", id, Choice::None);
    assert_eq!(chain.end(), 0, "open again before it was concluded");
    assert_eq!(
        agenda_entries(&chain.memory)[0].at_secs,
        proposal(&chain.memory, id).unwrap().stages[0].closes_at.unwrap()
    );
    for who in ["AAA", "CCC", "DDD"] {
        chain.ballot(who, id, Choice::Yes);
    }
    chain.next(0);
    assert_eq!(chain.end(), 1);
    assert_eq!(chain.status(id), "adopted");
    let cast: Vec<_> =
        ballots(&chain.memory, id).into_iter().map(|b| (b.member, b.choice.as_str())).collect();
    let expected = [("AAA", "yes"), ("BBB", "no"), ("CCC", "yes"), ("DDD", "yes")];
    assert_eq!(cast, expected.map(|(who, choice)| (who.to_owned(), choice)));
}

#[test]
fn a_failed_call_leaves_nothing_but_its_reason() {
    let mut chain = Chain::new(CHARTER);
    let id = chain.propose("AAA", "council", vec![pay(5), suspend("XXX")]);
    for who in ["AAA", "BBB", "CCC"] {
        chain.ballot(who, id, Choice::Yes);
    }
    chain.run(3 * DAY);
    assert_eq!(chain.status(id), "failed");
    assert_eq!(chain.memory.balance_of(account("receiver")), U256::ZERO, "the first call is taken back");
    let view = proposal(&chain.memory, id).unwrap();
    assert_eq!(view.failure_text().as_deref(), Some("UnknownMember(id: XXX)"));
    assert!(view.finished_at.is_some());
    assert_eq!(agenda_entries(&chain.memory), []);
    assert_eq!(report(&chain.memory, id).unwrap().outcome, Outcome::Adopted, "the members did adopt it");
}

#[test]
fn no_enactment_marks_another_and_none_marks_itself_early() {
    let mut chain = Chain::new(CHARTER);
    let mark = |id: u64| payload_of(ASSEMBLY, &sol::markEnactedCall { id: U256::from(id) });
    let first = chain.propose("AAA", "council", vec![mark(2)]);
    let second = chain.propose("AAA", "council", vec![mark(2), pay(5)]);
    for who in ["AAA", "BBB", "CCC"] {
        chain.ballot(who, first, Choice::Yes);
        chain.ballot(who, second, Choice::Yes);
    }
    chain.run(3 * DAY);
    for id in [first, second] {
        assert_eq!(chain.status(id), "failed");
        assert_eq!(proposal(&chain.memory, id).unwrap().failure_text().as_deref(), Some("NotDue()"));
    }
    assert_eq!(chain.memory.balance_of(account("receiver")), U256::ZERO);
}

#[test]
fn a_veto_is_named() {
    let mut chain = Chain::new(CHARTER);
    let id = chain.propose("AAA", "council", vec![]);
    for (who, choice) in
        [("AAA", Choice::Yes), ("BBB", Choice::Veto), ("CCC", Choice::No), ("CCC", Choice::Yes)]
    {
        chain.ballot(who, id, choice);
    }
    chain.run(2 * DAY);
    assert_eq!(chain.status(id), "rejected");
    let report = report(&chain.memory, id).unwrap();
    assert_eq!(report.reason.as_deref(), Some("veto:BBB"), "not CCC, which changed its ballot");
    assert_eq!(proposal(&chain.memory, id).unwrap().stages[0].report_hash, Some(keccak256(report.json())));
}

#[test]
fn weights_are_as_the_charter_writes_them() {
    let mut chain = Chain::new(CHARTER);
    let id = chain.propose("AAA", "shares", vec![]);
    for (who, choice) in
        [("AAA", Choice::Yes), ("CCC", Choice::Yes), ("BBB", Choice::No), ("DDD", Choice::Abstain)]
    {
        chain.ballot(who, id, choice);
    }
    chain.run(7 * DAY);
    let limb = &report(&chain.memory, id).unwrap().limbs[0];
    assert_eq!((limb.numerator.to_string(), limb.denominator.to_string()), ("5/2".into(), "7".into()));
    assert_eq!(chain.status(id), "rejected");
}

#[test]
fn strangers_and_the_wrong_members_are_refused_by_name() {
    let mut chain = Chain::new(CHARTER);
    let open = chain.propose("AAA", "plenary", vec![]);
    let id = U256::from(open);
    let ballot = sol::ballotCall { id, choice: Choice::Yes };
    let propose = |chamber: &str, title: &str| sol::proposeCall {
        track: word(chamber),
        title: title.into(),
        calls: vec![],
    };
    let (stranger, org, sam, aaa) = (account("nobody"), account("ORG"), account("SAM"), account("AAA"));
    let accord = word("accord");
    let error = |result: Result<(), String>| result.unwrap_err();
    assert_eq!(error(chain.try_send(stranger, &ballot).map(drop)), "NotAMember");
    assert_eq!(error(chain.try_send(sam, &ballot).map(drop)), "NotInElectorate", "no right to vote");
    assert_eq!(error(chain.try_send(org, &ballot).map(drop)), "NotInElectorate", "not of the chamber's kind");
    assert_eq!(error(chain.try_send(org, &propose("plenary", "x")).map(drop)), "NoRight");
    assert_eq!(error(chain.try_send(aaa, &propose("nowhere", "x")).map(drop)), "UnknownTrack");
    assert_eq!(error(chain.try_send(aaa, &propose("plenary", "")).map(drop)), "InvalidTitle");
    assert_eq!(error(chain.try_send(aaa, &propose("plenary", &"x".repeat(257))).map(drop)), "InvalidTitle");
    let unknown = sol::ballotCall { id: U256::MAX, choice: Choice::Yes };
    assert_eq!(error(chain.try_send(aaa, &unknown).map(drop)), "UnknownProposal");
    assert_eq!(error(chain.try_send(sam, &sol::depositCall { treaty: accord }).map(drop)), "KindNotAllowed");
    assert_eq!(
        error(chain.try_send(aaa, &sol::depositCall { treaty: word("other") }).map(drop)),
        "UnknownTreaty"
    );
    assert_eq!(error(chain.try_send(aaa, &sol::withdrawCall { treaty: accord }).map(drop)), "NotDeposited");
    chain.send("AAA", &sol::depositCall { treaty: accord });
    assert_eq!(
        error(chain.try_send(aaa, &sol::depositCall { treaty: accord }).map(drop)),
        "AlreadyDeposited"
    );
    for caller in [aaa, AGREEMENT, stranger] {
        assert_eq!(error(chain.try_send(caller, &sol::concludeCall { id }).map(drop)), "NotBySystem");
        assert_eq!(
            error(chain.try_send(caller, &sol::enterIntoForceCall { treaty: accord }).map(drop)),
            "NotBySystem"
        );
        let failed = sol::markFailedCall { id, reason: Bytes::new() };
        assert_eq!(error(chain.try_send(caller, &failed).map(drop)), "NotBySystem");
    }
    for caller in [aaa, SYSTEM, stranger] {
        assert_eq!(error(chain.try_send(caller, &sol::markEnactedCall { id }).map(drop)), "NotByDecision");
    }
    assert_eq!(error(chain.try_send(SYSTEM, &sol::concludeCall { id }).map(drop)), "NotDue");
    assert_eq!(error(chain.try_send(AGREEMENT, &sol::markEnactedCall { id }).map(drop)), "NotDue");
}

#[test]
fn a_member_has_a_bounded_number_of_open_proposals() {
    let mut chain = Chain::new(CHARTER);
    for _ in 0..OPEN_PROPOSALS_MAX {
        chain.propose("SAM", "plenary", vec![]);
    }
    let one_more = sol::proposeCall { track: word("plenary"), title: "x".into(), calls: vec![] };
    assert_eq!(chain.try_send(account("SAM"), &one_more), Err("TooMany".into()));
    chain.propose("AAA", "plenary", vec![]);
    chain.run(7 * DAY);
    assert_eq!(
        chain.try_send(account("SAM"), &one_more),
        Ok(U256::from(OPEN_PROPOSALS_MAX + 2)),
        "all concluded"
    );
    let call = sol::Call { data: vec![0; PAYLOAD_BYTES_MAX].into(), ..sol::Call::default() };
    let large = sol::proposeCall { calls: vec![call], ..one_more.clone() };
    assert_eq!(chain.try_send(account("AAA"), &large), Err("TooMany".into()));
    let many = sol::proposeCall { calls: vec![sol::Call::default(); CALLS_MAX + 1], ..one_more };
    assert_eq!(chain.try_send(account("AAA"), &many), Err("TooMany".into()));
}

#[test]
fn rules_are_amended_by_decision_and_checked() {
    let mut chain = Chain::new(CHARTER);
    let json =
        r#"{ "id": "majority", "limb": [{ "name": "members", "numerator": "yes", "threshold": "> 2/3" }] }"#;
    chain.write_rule(json);
    let rule = rules(&chain.memory).into_iter().find(|rule| rule.id == "majority").unwrap();
    assert_eq!(rule.hash, keccak256(rule.rule.canonical_json()));
    assert_eq!(rule_text(&chain.memory, rule.hash).as_deref(), Some(rule.rule.canonical_json().as_str()));
    let id = chain.propose("AAA", "plenary", vec![]);
    assert_eq!(proposal(&chain.memory, id).unwrap().stages[0].rule_hash, rule.hash);

    let good = sol::Chamber {
        name: "New".into(),
        kinds: 1,
        rule: word("majority"),
        votingSecs: 9,
        ..Default::default()
    };
    for (chamber, error) in [
        (sol::Chamber { name: String::new(), ..good.clone() }, "InvalidChamber"),
        (sol::Chamber { kinds: 0, ..good.clone() }, "InvalidChamber"),
        (sol::Chamber { kinds: 1 << 7, ..good.clone() }, "InvalidChamber"),
        (sol::Chamber { votingSecs: 0, ..good.clone() }, "InvalidChamber"),
        (sol::Chamber { delaySecs: u64::MAX, ..good.clone() }, "InvalidChamber"),
        (sol::Chamber { rule: word("nothing"), ..good.clone() }, "UnknownRule"),
        (sol::Chamber { rule: word("accession"), ..good.clone() }, "WrongBasis"),
        (sol::Chamber { members: vec![B256::ZERO], ..good.clone() }, "BadName"),
    ] {
        assert_eq!(chain.write_chamber("new", &chamber), Err(error.into()));
    }
    chain.write_chamber("new", &good).expect("a chamber");
    assert_eq!(chambers(&chain.memory).last().map(|chamber| chamber.id.clone()), Some("new".into()));
}

#[test]
fn instruments_come_and_go_until_the_day_decides() {
    let mut chain = Chain::new(CHARTER);
    let accord = word("accord");
    let treaty = |chain: &Chain| treaties(&chain.memory).remove(0);
    for who in ["DDD", "EEE", "ORG"] {
        chain.send(who, &sol::depositCall { treaty: accord });
    }
    assert_eq!(treaty_progress(&chain.memory, "accord").unwrap().limbs[1].numerator.to_string(), "7");
    chain.send("EEE", &sol::withdrawCall { treaty: accord });
    chain.send("CCC", &sol::depositCall { treaty: accord });
    chain.send("AAA", &sol::depositCall { treaty: accord });
    let report = treaty_report(&chain.memory, "accord").unwrap();
    assert_eq!(report.outcome, Outcome::Adopted, "11/2 of 11 is enough");
    chain.send("BBB", &sol::depositCall { treaty: accord });
    let day = chain.now();
    assert_eq!(treaty(&chain).decided_on, Some(day));
    chain.next(DAY);
    chain.send("EEE", &sol::depositCall { treaty: accord });
    chain.send("DDD", &sol::withdrawCall { treaty: accord });

    let report = treaty_report(&chain.memory, "accord").unwrap();
    assert_eq!(report.limbs[0].numerator.to_string(), "4", "those of the day, BBB too, not EEE");
    assert_eq!(treaty_progress(&chain.memory, "accord").unwrap().limbs[1].numerator.to_string(), "8");
    let members: Vec<_> = deposits(&chain.memory, "accord").into_iter().map(|d| (d.member, d.date)).collect();
    let first = |id: &str| (id.to_owned(), day);
    assert_eq!(
        members,
        [first("AAA"), first("BBB"), first("CCC"), first("ORG"), ("EEE".to_owned(), day + DAY)]
    );

    chain.run(28 * DAY);
    assert_eq!(treaty(&chain).in_force_since, None);
    chain.run(DAY);
    assert_eq!(treaty(&chain).in_force_since, Some(day + 30 * DAY));
}

#[test]
fn calls_are_shown_from_their_bytes_alone() {
    let mut chain = Chain::new(CHARTER);
    let raw =
        sol::Call { target: account("contract"), value: U256::from(3), data: vec![1, 2, 3, 4, 5].into() };
    let id = chain.propose("AAA", "plenary", vec![pay(5), raw]);
    let decoded = proposal(&chain.memory, id).unwrap().decoded;
    let shown = format!("treasury.pay(name: common, to: {}, amount: 5 wei)", account("receiver"));
    assert_eq!(decoded[0].to_string(), shown);
    assert_eq!(decoded[1].to_string(), format!("{} with 0x0102030405 sending 3 wei", account("contract")));
    assert_eq!((decoded[1].institution, &decoded[1].function), (None, &None));
    assert_eq!(proposals(&chain.memory, 0, u64::MAX).len(), 1);
    assert_eq!(proposals(&chain.memory, 2, 10), []);
}

#[test]
fn failures_are_explained() {
    let artifact = include_str!("../../../../../contracts/artifacts/Agreement.json");
    let abi = serde_json::from_str::<alloy_json_abi::ContractObject>(artifact).unwrap().abi.unwrap();
    let selector = |name: &str| abi.errors().find(|error| error.name == name).unwrap().selector().to_vec();
    let nested = alloy_sol_types::SolError::abi_encode(&crate::registry::UnknownMember { id: word("XXX") });
    let arguments = alloy_sol_types::SolValue::abi_encode_params(&(U256::from(1), Bytes::from(nested)));
    let reason = [selector("CallFailed"), arguments].concat();
    assert_eq!(explain(&reason), "CallFailed(index: 1, returndata: UnknownMember(id: XXX))");
    assert_eq!(explain(&[]), "out of gas or an invalid instruction");
    assert_eq!(explain(&[1, 2, 3, 4]), "0x01020304");
    let revert = alloy_sol_types::SolError::abi_encode(&alloy_sol_types::Revert::from("no funds"));
    assert_eq!(explain(&revert), "no funds");
    let enact = abi.functions().find(|function| function.name == "enact").unwrap();
    assert_eq!(
        payload::enact_input(1, vec![])[..4],
        enact.selector()[..],
        "the chain calls what the contract has"
    );
}

#[test]
fn a_date_beyond_the_calendar_never_comes_and_stops_nothing() {
    let mut chain = Chain::new(&CHARTER.replace("\"30d\"", "\"36500y\""));
    for who in ["CCC", "DDD", "EEE"] {
        chain.send(who, &sol::depositCall { treaty: word("accord") });
    }
    let treaty = treaties(&chain.memory).remove(0);
    assert_eq!((treaty.decided_on, treaty.effective_on), (Some(chain.now()), Some(253_402_214_400)));
    assert_eq!(agenda_entries(&chain.memory).len(), 1);
    chain.next(DAY);
    assert_eq!(chain.end(), 0);
}

/// A rule that says when its decisions take effect is obeyed: the calls wait for that day, and for the delay of the chamber where that is
/// longer.
#[test]
fn the_calls_wait_for_the_day_on_which_the_rule_lets_a_decision_take_effect() {
    // Opened on 2020-01-02, decided a day later.
    for (effective, executes) in [
        ("\"6mo\"", "2020-07-03"),
        ("\"1d\"", "2020-01-06"),
        ("{\"after\":\"1d\",\"not_before\":\"2021-01-01\"}", "2021-01-01"),
    ] {
        let mut chain = Chain::new(CHARTER);
        chain.write_rule(&format!(
            r#"{{"id":"majority","effective":{effective},"limb":[{{"name":"members","numerator":"yes","threshold":"> 1/2"}}]}}"#
        ));
        let id = chain.propose("SAM", "plenary", vec![]);
        for who in ["AAA", "BBB", "CCC"] {
            chain.ballot(who, id, Choice::Yes);
        }
        chain.run(DAY);
        let view = proposal(&chain.memory, id).unwrap();
        let day = |secs: u64| polity_decision::Date::from_unix_secs(secs).expect("a day").to_string();
        assert_eq!(day(view.concluded_at.expect("decided")), "2020-01-03");
        assert_eq!(day(view.executes_at.expect("adopted")), executes, "{effective}");
        let report = report(&chain.memory, id).unwrap();
        assert_eq!(report.effective_on.map(|day| day.to_string()).as_deref(), Some(executes));
        let left = view.executes_at.expect("adopted") - chain.now();
        chain.run(left - DAY);
        assert_eq!(chain.status(id), "adopted");
        chain.run(DAY);
        assert_eq!(chain.status(id), "executed");
    }
}

/// docs/book/verify.md tells how to find the slot of a report's hash. These numbers are its numbers.
#[test]
fn the_hash_of_a_report_lies_where_the_book_says() {
    use crate::{assembly::schema, storage::Place as _};
    let origin = |slot: U256| u64::try_from(slot).expect("a small number");
    let proposals = schema::storage().proposals;
    let proposal = schema::ProposalRecord::place(U256::ZERO);
    let stage = schema::StageRecord::place(U256::ZERO);
    let found = (
        origin(proposals.slot()),
        origin(proposal.stages.slot()),
        schema::StageRecord::SLOTS,
        origin(stage.report_hash.slot()),
    );
    assert_eq!(found, (16, 53, 24, 12), "the tests of `rpc` use them too");
    let book = include_str!("../../../../../docs/book/verify.md");
    let said =
        format!("keccak256(keccak256(id ‖ {}) + {}) + {} × stage + {}", found.0, found.1, found.2, found.3);
    assert!(book.contains(&said), "{said}");
}

/// A chamber of square roots, as a charter writes it: shares of 1/2, 3/2, 2, 3 and 4 weigh 0.70, 1.22, 1.41, 1.73 and 2 votes, also together, behind a
/// delegate, and also if the shares change later.
#[test]
fn a_chamber_may_weigh_by_square_roots() {
    let chamber = r#"
[rules.roots]
[[rules.roots.limb]]
name        = "votes"
weight      = { of = "share", root = "square", rounding = "down", places = 2 }
numerator   = "yes"
denominator = "members"
threshold   = "> 1/2"
[chambers.quadratic]
name   = "By square roots"
kinds  = ["state"]
rule   = "roots"
voting = "7d"
delay  = "1d"
"#;
    let mut chain = Chain::new(&format!("{CHARTER}{chamber}"));
    chain.send("AAA", &sol::delegateCall { scope: word("quadratic"), to: word("BBB") });
    chain.next(1);
    let id = chain.propose("SAM", "quadratic", vec![]);
    let share =
        crate::registry::IRegistry::setWeightCall { id: word("EEE"), name: word("share"), value: 10_000 };
    chain.decide(polity_primitives::REGISTRY, &share);
    let mut yes = |who: &str| {
        chain.ballot(who, id, Choice::Yes);
        let limb = report(&chain.memory, id).unwrap().limbs.remove(0);
        assert_eq!(limb.denominator.to_string(), "353/50", "0.70 + 1.22 + 1.41 + 1.73 + 2.00");
        limb.numerator.to_string()
    };
    assert_eq!((yes("BBB"), yes("DDD")), ("48/25".into(), "73/20".into()), "1.22 + 0.70, then 1.73");
    // 3.65 of 7.06 is more than half; of the shares themselves it would be 5 of 11.
    chain.ballot("CCC", id, Choice::No);
    chain.ballot("EEE", id, Choice::No);
    chain.run(7 * DAY);
    assert_eq!(chain.status(id), "adopted");
}
