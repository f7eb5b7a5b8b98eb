//! What a proposal's calls are, and which track judges them.

use polity_primitives::{CONSTITUTION, REGISTRY};

use super::super::super::{propose, tracks};
use super::*;

/// Tracks that claim every kind.
const CLAIMS: &str = r#"
[tracks.everyday]
for        = ["ordinary"]
strictness = 1
stages     = [{ chamber = "plenary" }]
[tracks.money]
for        = ["budget"]
strictness = 10
stages     = [{ chamber = "plenary", voting = "9d" }]
[tracks.doors]
for        = ["admission", "expulsion"]
strictness = 20
stages     = [{ chamber = "council" }]
[tracks.text]
for        = ["amendment"]
strictness = 30
stages     = [{ chamber = "plenary" }]
[tracks.great]
for        = ["constitutional"]
strictness = 40
stages     = [{ chamber = "council" }, { chamber = "plenary" }]
[tracks.haste]
for        = ["emergency"]
strictness = 25
stages     = [{ chamber = "council", voting = "1h" }]
"#;

fn amend(paths: &[&str]) -> sol::Call {
    let change = |path: &&str| tracks::Change { op: 0, path: (*path).into(), value: "\"x\"".into() };
    payload_of(CONSTITUTION, &tracks::amendCall { changes: paths.iter().map(change).collect() })
}

/// Whether `track` may judge `calls`, whatever else is wrong with them.
fn judged(chain: &mut Chain, track: &str, calls: &[sol::Call]) -> Result<u64, String> {
    let mut result = None;
    chain.amend(|cx| {
        let kinds = tracks::kinds_of(cx, calls)?;
        result = Some(tracks::judge(cx, word(track), kinds));
        Ok(())
    });
    result.expect("judged").map_err(|failure| match failure {
        Failure::Revert(output) => directory::error_name(&output).expect("an error of the ABI"),
        Failure::Halt(halt) => panic!("{halt}"),
    })
}

#[test]
fn the_strictest_kind_among_the_calls_judges() {
    let mut chain = Chain::new(&format!("{CHARTER}{CLAIMS}"));
    let sending = sol::Call { target: account("x"), value: U256::from(1), ..Default::default() };
    let undecodable =
        sol::Call { target: CONSTITUTION, data: tracks::amendCall::SELECTOR.into(), ..Default::default() };
    let calls: [(&str, Vec<sol::Call>, &str); 14] = [
        ("a declaration", vec![], "everyday"),
        ("a contract", vec![sol::Call::default()], "everyday"),
        ("a payment", vec![pay(1)], "money"),
        ("money of the agreement", vec![sending], "money"),
        ("a suspension", vec![suspend()], "doors"),
        ("a payment for a suspension", vec![pay(1), suspend()], "doors"),
        ("an amendment", vec![amend(&["fees.policy"])], "text"),
        ("another part of it", vec![amend(&["ruling"])], "text"),
        ("a rule", vec![amend(&["rules.majority.limb[0].threshold"])], "great"),
        ("in other letters", vec![amend(&["\"rules\".majority"])], "great"),
        ("one of many", vec![amend(&["fees.policy", "name", "tracks"])], "great"),
        ("no path", vec![amend(&["..rules"])], "great"),
        ("no amendment", vec![undecodable], "great"),
        ("all of them", vec![pay(1), suspend(), amend(&["fees"]), amend(&["amendment"])], "great"),
    ];
    let by_strictness = ["everyday", "money", "doors", "text", "great"];
    for (what, calls, judge) in calls {
        let place = by_strictness.iter().position(|track| *track == judge).unwrap();
        for (i, track) in by_strictness.into_iter().enumerate() {
            let result = judged(&mut chain, track, &calls);
            match (i < place, &result) {
                (true, Err(error)) if error == "TrackTooMild" => {}
                (false, Ok(_)) => {}
                // What is amended here is no charter; the track is judged first.
                (false, Err(error))
                    if ["InvalidAmendment", "MalformedCalldata", "TooMany"].contains(&error.as_str()) => {}
                _ => panic!("{what} on {track}: {result:?}"),
            }
        }
        assert_eq!(judged(&mut chain, "plenary", &calls), Err("TrackTooMild".into()), "{what} in a chamber");
    }
    assert_eq!(try_propose(&mut chain, "haste", vec![]), Err("MandateNeeded".into()));
    assert_eq!(try_propose(&mut chain, "nowhere", vec![]), Err("UnknownTrack".into()));
}

/// The charter's text is no way around the tracks that admit and expel.
#[test]
fn an_amendment_of_members_is_judged_as_what_it_does_to_them() {
    let claims = CLAIMS.replace("strictness = 20", "strictness = 35");
    let chain = Chain::new(&format!("{CHARTER}{claims}"));
    for (op, path, judge) in [
        (0, "members.SAM.name", "text"),
        (0, "members.SAM.weights.share", "text"),
        (0, "members.SAM.rights", "doors"),
        (1, "members.SAM.rights", "doors"),
        (2, "\"members\".SAM.rights[0]", "doors"),
        (0, "members.SAM.kind", "doors"),
        (1, "members.NEW", "doors"),
        (2, "members.SAM", "doors"),
        (0, "members", "doors"),
    ] {
        let change = tracks::Change { op, path: path.into(), value: String::new() };
        let call = payload_of(CONSTITUTION, &tracks::amendCall { changes: vec![change] });
        let result = try_propose(&mut chain.clone(), "text", vec![call]);
        let is_too_mild = result.as_ref().is_err_and(|error| error == "TrackTooMild");
        assert_eq!(is_too_mild, judge == "doors", "{op} {path}: {result:?}");
    }
}

#[test]
fn a_kind_without_a_track_goes_to_a_wider_one_or_to_a_chamber() {
    let only = |kinds: &str| {
        let track = format!(
            "[tracks.only]\nfor = [{kinds}]\nstrictness = 1\nstages = [{{ chamber = \"plenary\" }}]\n"
        );
        let urgent = if kinds.contains("emergency") { "" } else { URGENT };
        Chain::new(&format!("{CHARTER}{track}{urgent}"))
    };
    let rule = || vec![amend(&["rules.majority"])];
    for (kinds, calls, refused) in [
        ("", rule(), false),
        ("\"amendment\"", rule(), true),
        ("\"ordinary\"", rule(), true),
        ("\"ordinary\"", vec![pay(1)], true),
        ("\"budget\"", rule(), false),
        ("\"budget\"", vec![suspend(), pay(1)], true),
        ("\"emergency\"", vec![], false),
    ] {
        let result = judged(&mut only(kinds), "plenary", &calls);
        assert_eq!(result.is_err(), refused, "{kinds}: {result:?}");
    }
}

#[test]
fn under_a_mandate_only_the_emergency_track_opens_and_no_stricter_kind_passes_through_it() {
    let mut chain = Chain::new(&format!("{CHARTER}{CLAIMS}"));
    for (calls, opens) in [(vec![suspend()], true), (vec![], true), (vec![amend(&["name"])], false)] {
        let mut result = None;
        let mut chain = chain.clone();
        chain.amend(|cx| {
            result = Some(propose::under(cx, word("court"), 7, word("haste"), "Order", &calls));
            Ok(())
        });
        let result = result.unwrap();
        assert_eq!(result.is_ok(), opens, "{result:?}");
        if let Ok(id) = result {
            let view = proposal(&chain.memory, id).unwrap();
            assert_eq!((view.status.as_str(), view.track.as_str(), view.mandate), ("open", "haste", Some(7)));
            assert_eq!(view.proposer, "court");
        }
    }
    chain.amend(|cx| tracks::remove(cx, word("haste")));
    chain.amend(|cx| {
        assert!(propose::under(cx, word("court"), 7, word("haste"), "Order", &[]).is_err());
        Ok(())
    });
}

/// What an amendment can do, a call of the registry or the treasury cannot do on a milder track.
#[test]
fn a_call_that_does_what_an_amendment_does_is_judged_like_it() {
    use crate::{registry::IRegistry as reg, treasury::ITreasury as tre};
    let registry = |call: Vec<u8>| sol::Call { target: REGISTRY, value: U256::ZERO, data: call.into() };
    let treasury = |call: Vec<u8>| sol::Call { target: TREASURY, ..registry(call) };
    let (sam, common) = (word("SAM"), word("common"));
    let weigh = reg::setWeightCall { id: sam, name: word("share"), value: 9 }.abi_encode();
    let class = reg::setClassCall { id: sam, class: word("p5"), belongs: true }.abi_encode();
    let node = reg::setNodeCall { id: sam, consensusKey: Bytes::new(), peerKey: B256::ZERO }.abi_encode();
    let guest = reg::setGuestCall { account: account("x"), welcome: true }.abi_encode();
    let shift = tre::moveCall { from: common, to: common, amount: U256::from(1) }.abi_encode();
    let attribute = tre::attributeCall { name: common }.abi_encode();
    let broken = [reg::setWeightCall::SELECTOR.as_slice(), &[1]].concat();
    let cases = [
        ("a weight", registry(weigh.clone()), "text", "great"),
        ("a class", registry(class.clone()), "text", "great"),
        ("a weight that cannot be read", registry(broken), "great", "great"),
        ("keys of a node", registry(node), "doors", "doors"),
        ("a guest", registry(guest), "doors", "doors"),
        ("a move", treasury(shift), "money", "money"),
        ("an attribution", treasury(attribute), "money", "money"),
    ];
    let grave = "[amendment]\nconstitutional = [\"members.SAM\"]\n";
    for (constitutional, claims) in [(false, CLAIMS.to_owned()), (true, format!("{CLAIMS}{grave}"))] {
        let mut chain = Chain::new(&format!("{CHARTER}{claims}"));
        for (what, call, judge, if_constitutional) in &cases {
            let judge = if constitutional { if_constitutional } else { judge };
            let calls = std::slice::from_ref(call);
            let milder = ["everyday", "money", "doors", "text", "great"];
            let place = milder.iter().position(|track| track == judge).unwrap();
            for (i, track) in milder.into_iter().enumerate() {
                let result = judged(&mut chain, track, calls);
                assert_eq!(result.is_ok(), i >= place, "{what} on {track} ({constitutional}): {result:?}");
            }
        }
    }
}

/// What says which paths are constitutional, and who judges them, is not changed in a milder way than they are.
#[test]
fn the_list_of_constitutional_paths_is_one() {
    let listed =
        |paths: &str| Chain::new(&format!("{CHARTER}{CLAIMS}[amendment]\nconstitutional = [{paths}]\n"));
    for path in ["amendment", "amendment.constitutional", "tracks", "tracks.great.strictness", "rules.x"] {
        let result = judged(&mut listed("\"rules\""), "text", &[amend(&[path])]);
        assert_eq!(result, Err("TrackTooMild".into()), "{path}");
    }
    assert!(judged(&mut listed("\"rules\""), "text", &[amend(&["fees"])]).is_ok());
    assert!(judged(&mut listed(""), "text", &[amend(&["amendment"])]).is_ok(), "nothing is graver here");
}

/// Articles are settings like any other: an agreement says which of them are grave.
#[test]
fn articles_are_as_grave_as_the_charter_says() {
    for (grave, path, judge) in [
        ("rules", "articles.presence.when", "text"),
        ("articles", "articles.presence.when", "great"),
        ("articles", "articles", "great"),
        ("articles.presence", "\"articles\".presence.then[0].standing", "great"),
        ("articles.presence", "articles.joining", "text"),
    ] {
        let charter = format!("{CHARTER}{CLAIMS}[amendment]\nconstitutional = [\"{grave}\"]\n");
        let result = judged(&mut Chain::new(&charter), "text", &[amend(&[path])]);
        let milder = result == Err("TrackTooMild".into());
        assert_eq!(milder, judge == "great", "{path} where {grave} is grave: {result:?}");
    }
}
