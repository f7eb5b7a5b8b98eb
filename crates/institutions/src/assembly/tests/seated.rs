//! Somebody can always decide.

use polity_charter::{Kind, Rights};
use polity_primitives::REGISTRY;

use super::*;
use crate::registry::IRegistry as registry;

fn refused<C: SolCall>(chain: &mut Chain, who: Address, to: Address, call: &C) -> String {
    match chain.call(who, to, call).result {
        Err(Failure::Revert(output)) => directory::error_name(&output).expect("an error of the ABI"),
        other => panic!("{}: {other:?}", C::SIGNATURE),
    }
}

/// Sets what states may do, as an amendment of the charter does.
fn kind_rights(chain: &mut Chain, rights: u16) -> Result<(), String> {
    let written = crate::genesis::inside(&mut chain.memory, REGISTRY, |cx| {
        let before = crate::registry::registry().going(cx, Rights::PROPOSE)?;
        crate::registry::registry().set_kind_rights(cx, Kind::State, Rights(rights))?;
        crate::registry::registry().keep_going(cx, before)
    });
    written.map_err(|failure| match failure {
        Failure::Revert(output) => directory::error_name(&output).expect("an error of the ABI"),
        Failure::Halt(halt) => panic!("{halt}"),
    })
}

/// The charter of these tests with validators that do not vote, and `chambers` only.
fn pact(chambers: &str) -> String {
    let (before, rest) = CHARTER.split_once("[chambers.plenary]").expect("there");
    let after = rest.split_once("[treaties.accord]").expect("there").1;
    let rights = r#"expert = ["read", "transact", "validate"]"#;
    let before = before.replace(r#"expert = ["read", "transact", "propose"]"#, rights);
    format!("{before}{chambers}[treaties.accord]{after}")
}

const COUNCIL: &str = r#"
[chambers.council]
name    = "Council"
members = ["AAA", "BBB"]
rule    = "majority"
voting  = "1d"
delay   = "1d"
"#;

#[test]
fn the_last_voter_stays_whatever_would_take_it() {
    let mut chain = Chain::new(&pact(COUNCIL));
    let vote = Rights::VOTE.0;
    chain.decide(REGISTRY, &registry::expelCall { id: word("BBB") });
    for (who, name, result) in [
        (
            AGREEMENT,
            "suspend",
            refused(&mut chain, AGREEMENT, REGISTRY, &registry::suspendCall { id: word("AAA") }),
        ),
        (
            AGREEMENT,
            "expel",
            refused(&mut chain, AGREEMENT, REGISTRY, &registry::expelCall { id: word("AAA") }),
        ),
        (
            AGREEMENT,
            "revoke",
            refused(&mut chain, AGREEMENT, REGISTRY, &registry::revokeCall { id: word("AAA"), rights: vote }),
        ),
        (AGREEMENT, "kind", kind_rights(&mut chain, 0xff & !vote).expect_err("nobody would vote")),
        (account("AAA"), "resign", refused(&mut chain, account("AAA"), REGISTRY, &registry::resignCall {})),
    ] {
        assert_eq!(result, "NoVoterLeft", "{name} by {who}");
    }
    // Others vote nowhere, and may go; a voter that comes back sets the last one free.
    chain.decide(REGISTRY, &registry::suspendCall { id: word("CCC") });
    let all = registry::grantCall { id: word("AAA"), rights: vote };
    chain.decide(REGISTRY, &all);
    kind_rights(&mut chain, 0xff & !vote).expect("somebody votes");
}

#[test]
fn the_last_of_a_class_stays_in_it() {
    let chamber = COUNCIL.replace(r#"members = ["AAA", "BBB"]"#, r#"classes = ["elders"]"#);
    let text = pact(&chamber).replace(
        r#"AAA = { name = "Aland", kind = "state","#,
        r#"AAA = { name = "Aland", kind = "state", classes = ["elders"],"#,
    );
    let mut chain = Chain::new(&text);
    let class = |id, belongs| registry::setClassCall { id: word(id), class: word("elders"), belongs };
    assert_eq!(refused(&mut chain, AGREEMENT, REGISTRY, &class("AAA", false)), "NoVoterLeft");
    chain.decide(REGISTRY, &class("BBB", true));
    chain.decide(REGISTRY, &class("AAA", false));
}

#[test]
fn a_chamber_is_not_written_for_nobody() {
    let mut chain = Chain::new(CHARTER);
    chain.decide(REGISTRY, &registry::suspendCall { id: word("EEE") });
    let chamber = |members: &[&str]| sol::Chamber {
        name: "Council".into(),
        kinds: 0,
        classes: Vec::new(),
        members: members.iter().map(|id| word(id)).collect(),
        rule: word("majority"),
        votingSecs: DAY,
        delaySecs: 0,
        ..Default::default()
    };
    // An organisation without the right to vote, a suspended member, a stranger.
    let nobody = chain.write_chamber("council", &chamber(&["ORG", "EEE", "NIL"]));
    assert_eq!(nobody, Err("InvalidChamber".into()));
    chain.write_chamber("council", &chamber(&["ORG", "DDD"])).expect("somebody sits in it");
}

/// What amending `text` by `lines` comes to.
fn amended(text: &str, lines: &[&str]) -> Result<(), String> {
    let mut chain = Chain::new(text);
    crate::constitution::tests::amend(&mut chain, lines)
}

/// A voter alone decides nothing: somebody has to propose.
#[test]
fn the_last_proposer_stays_whatever_would_take_it() {
    let text = CHARTER
        .replace(r#""transact", "propose", "vote", "validate"]"#, r#""transact", "vote", "validate"]"#)
        .replace("opens   = [\"emergency\"]", "opens   = []");
    let mut chain = Chain::new(&text);
    let propose = Rights::PROPOSE.0;
    for result in [
        refused(&mut chain, AGREEMENT, REGISTRY, &registry::suspendCall { id: word("SAM") }),
        refused(&mut chain, AGREEMENT, REGISTRY, &registry::expelCall { id: word("SAM") }),
        refused(&mut chain, AGREEMENT, REGISTRY, &registry::revokeCall { id: word("SAM"), rights: propose }),
        refused(
            &mut chain,
            AGREEMENT,
            REGISTRY,
            &registry::revokeCall { id: word("SAM"), rights: Rights::TRANSACT.0 },
        ),
        refused(&mut chain, account("SAM"), REGISTRY, &registry::resignCall {}),
    ] {
        assert_eq!(result, "NoProposerLeft");
    }
    let rights = r#"set rights.expert = ["read", "transact"]"#;
    assert!(amended(&text, &[rights]).unwrap_err().contains("NoProposerLeft"));
    assert!(amended(&text, &[r#"set members.SAM.kind = "igo""#]).unwrap_err().contains("NoProposerLeft"));
    assert_eq!(amended(&text, &[rights, r#"set members.SAM.rights = ["propose"]"#]), Ok(()));
    assert_eq!(amended(CHARTER, &[rights]), Ok(()), "the states propose");
    // Others may go; and where nobody ever could propose, or an authority can, nobody is kept in for it.
    chain.decide(REGISTRY, &registry::suspendCall { id: word("EEE") });
    chain.decide(REGISTRY, &registry::grantCall { id: word("AAA"), rights: propose });
    chain.decide(REGISTRY, &registry::suspendCall { id: word("SAM") });
    let court = CHARTER
        .replace(r#""transact", "propose", "vote", "validate"]"#, r#""transact", "vote", "validate"]"#);
    Chain::new(&court).decide(REGISTRY, &registry::expelCall { id: word("SAM") });
}

/// Where only members transact, who may vote and may not transact does not vote.
#[test]
fn somebody_can_still_send_what_is_decided_by() {
    let states = |rights: &str| format!("set rights.state = [{rights}]");
    let silent = states(r#""read", "propose", "vote", "validate""#);
    assert!(amended(CHARTER, &[&silent]).unwrap_err().contains("NoVoterLeft"));
    let open = "set access.transact = \"anyone\"";
    assert_eq!(amended(CHARTER, &[&silent, open]), Ok(()));
    let public = CHARTER.replace("transact = \"members\"", "transact = \"anyone\"").replace(
        r#"["read", "write", "transact", "propose", "vote", "validate"]"#,
        r#"["read", "propose", "vote", "validate"]"#,
    );
    let closed = amended(&public, &["set access.transact = \"members\""]);
    assert!(closed.unwrap_err().contains("NoVoterLeft"));
}
