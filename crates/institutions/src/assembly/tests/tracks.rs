//! Tracks: what judges a proposal, what it needs before it opens, its stages, and every way it can end.

use polity_primitives::{CONSTITUTION, REGISTRY, TREASURY};
use proptest::prelude::*;

use super::{super::tracks, *};
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

fn amend(paths: &[&str]) -> sol::Call {
    let change = |path: &&str| tracks::Change { op: 0, path: (*path).into(), value: "\"x\"".into() };
    payload_of(CONSTITUTION, &tracks::amendCall { changes: paths.iter().map(change).collect() })
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

#[test]
fn a_draft_finds_sponsors_and_a_deposit_is_discussed_and_opens() {
    let mut chain = guarded();
    let id = chain.propose("AAA", "slow", vec![pay(5)]);
    let number = U256::from(id);
    let view = |chain: &Chain| proposal(&chain.memory, id).unwrap();
    assert_eq!(
        (view(&chain).status.as_str(), view(&chain).deadline),
        ("draft", Some(chain.now() + 30 * DAY))
    );
    assert_eq!(report(&chain.memory, id), None);
    let sponsor = sol::sponsorCall { id: number };
    let unsponsor = sol::unsponsorCall { id: number };
    let place = sol::placeDepositCall { id: number };
    for (who, error) in [("AAA", "AlreadySponsor"), ("ORG", "NoRight"), ("nobody", "NotAMember")] {
        assert_eq!(chain.try_send(account(who), &sponsor).map(drop), Err(error.into()), "{who}");
    }
    assert_eq!(chain.try_send(account("BBB"), &unsponsor).map(drop), Err("NotASponsor".into()));
    assert_eq!(
        chain.try_send(account("BBB"), &sol::ballotCall { id: number, choice: Choice::Yes }).map(drop),
        Err("Closed".into())
    );
    for wrong in [1, 9, 11] {
        assert_eq!(chain.pay("CCC", wrong, &place).map(drop), Err("WrongDeposit".into()));
    }
    assert_eq!(chain.try_send(account("CCC"), &place).map(drop), Err("WrongDeposit".into()));
    for who in ["BBB", "CCC"] {
        chain.send(who, &sponsor);
        assert_eq!(chain.try_send(account(who), &sponsor).map(drop), Err("AlreadySponsor".into()));
    }
    assert_eq!(chain.try_send(account("DDD"), &sponsor).map(drop), Err("TooMany".into()));
    chain.send("BBB", &unsponsor);
    assert_eq!(view(&chain).sponsors, ["CCC"]);
    chain.pay("EEE", 10, &place).unwrap();
    assert_eq!(chain.pay("EEE", 10, &place).map(drop), Err("WrongDeposit".into()), "once");
    chain.next(DAY);
    chain.send("DDD", &sponsor);
    assert_eq!(
        (view(&chain).status.as_str(), view(&chain).deadline),
        ("discussion", Some(chain.now() + 7 * DAY))
    );
    assert_eq!(chain.try_send(account("BBB"), &sponsor).map(drop), Err("NotADraft".into()));
    chain.decide(REGISTRY, &IRegistry::suspendCall { id: word("BBB") });
    chain.run(7 * DAY);
    let opened = view(&chain);
    assert_eq!((opened.status.as_str(), opened.opened_at), ("open", Some(chain.now())));
    assert_eq!(opened.stages[0].voters, 4, "the members at the opening, not at the proposing");
    for who in ["AAA", "CCC", "DDD"] {
        chain.ballot(who, id, Choice::Yes);
    }
    assert_eq!(chain.memory.balance_of(ASSEMBLY), U256::from(10));
    chain.run(4 * DAY);
    assert_eq!(chain.status(id), "executed");
    assert_eq!(
        chain.memory.balance_of(account("EEE")),
        U256::from(20),
        "its own, and what was minted for a refused try"
    );
    assert_eq!(chain.memory.balance_of(ASSEMBLY), U256::ZERO);
}

#[test]
fn a_draft_that_finds_nothing_lapses() {
    let mut chain = guarded();
    let call = sol::proposeCall { track: word("slow"), title: "x".into(), calls: vec![] };
    let id: u64 = chain.pay("AAA", 10, &call).unwrap().to();
    assert_eq!(proposal(&chain.memory, id).unwrap().deposit_held, U256::from(10));
    chain.run(29 * DAY);
    assert_eq!(chain.status(id), "draft");
    chain.next(DAY);
    let late = sol::sponsorCall { id: U256::from(id) };
    assert_eq!(chain.try_send(account("BBB"), &late).map(drop), Err("NotADraft".into()), "its time is over");
    assert_eq!(chain.end(), 1);
    assert_eq!(chain.status(id), "lapsed");
    assert_eq!(chain.memory.balance_of(account("AAA")), U256::from(10));
    let value = sol::proposeCall { track: word("plenary"), title: "x".into(), calls: vec![] };
    assert_eq!(chain.pay("AAA", 1, &value).map(drop), Err("WrongDeposit".into()), "a chamber asks for none");
}

#[test]
fn a_proposal_whose_track_became_too_mild_does_not_open() {
    let mut chain = guarded();
    let id = chain.propose("AAA", "talk", vec![suspend()]);
    let strict = sol::Track {
        name: "Doors".into(),
        kinds: tracks::bit(polity_charter::CallKind::Expulsion),
        strictness: 100,
        stages: vec![sol::TrackStage { chamber: word("council"), ..Default::default() }],
        ..sol::Track { delaySecs: u64::MAX, ..none() }
    };
    chain.amend(|cx| tracks::store(cx, word("doors"), &strict));
    chain.run(7 * DAY);
    assert_eq!(chain.status(id), "failed");
    let why = proposal(&chain.memory, id).unwrap().failure_text().unwrap();
    assert_eq!(why, "TrackTooMild(track: talk, required: doors)");
}

/// A track with nothing in it.
fn none() -> sol::Track {
    sol::Track {
        name: String::new(),
        kinds: 0,
        strictness: 0,
        stages: vec![],
        sponsors: 0,
        deposit: U256::ZERO,
        burn: sol::Burn::Never,
        forfeitTo: B256::ZERO,
        draftSecs: 0,
        discussionSecs: 0,
        delaySecs: 0,
        extensionLastSecs: 0,
        extensionBySecs: 0,
        extensionTimes: 0,
        guardian: B256::ZERO,
        guardianRule: B256::ZERO,
        guardianUntil: 0,
        secret: sol::Secrecy::default(),
    }
}

#[test]
fn all_stages_must_adopt_and_each_has_its_report() {
    let mut chain = guarded();
    let id = chain.propose("AAA", "twice", vec![pay(5)]);
    let opened = chain.now();
    let refused = |chain: &mut Chain, who: &str| {
        chain
            .try_send(account(who), &sol::ballotCall { id: U256::from(id), choice: Choice::Yes })
            .map(drop)
            .unwrap_err()
    };
    assert_eq!(refused(&mut chain, "DDD"), "NotInElectorate", "the council first");
    chain.ballot("AAA", id, Choice::Yes);
    chain.ballot("BBB", id, Choice::Yes);
    chain.next(0);
    assert_eq!(chain.end(), 1);
    assert_eq!((chain.status(id), refused(&mut chain, "DDD").as_str()), ("pause", "Closed"));
    chain.run(2 * DAY);
    assert_eq!(chain.status(id), "open");
    let view = proposal(&chain.memory, id).unwrap();
    assert_eq!((view.stage, view.stages[1].opens_at), (1, Some(opened + 2 * DAY)));
    assert_eq!((view.stages[0].voters, view.stages[1].voters), (3, 5));
    for who in ["CCC", "DDD", "EEE"] {
        chain.ballot(who, id, Choice::Yes);
    }
    chain.run(DAY);
    assert_eq!(chain.status(id), "adopted");
    let view = proposal(&chain.memory, id).unwrap();
    for (number, stage) in view.stages.iter().enumerate() {
        let report = stage_report(&chain.memory, id, Some(number as u64)).unwrap();
        assert_eq!(stage.report_hash, Some(keccak256(report.json())), "stage {number}");
        assert_eq!(stage.adopted, Some(true));
    }
    let ballots = |stage| stage_ballots(&chain.memory, id, Some(stage)).len();
    assert_eq!((ballots(0), ballots(1)), (2, 3));
    chain.run(2 * DAY);
    assert_eq!(chain.status(id), "executed", "after the delay of the track");

    let id = chain.propose("AAA", "twice", vec![]);
    chain.ballot("AAA", id, Choice::No);
    chain.ballot("BBB", id, Choice::No);
    chain.next(0);
    chain.end();
    assert_eq!(chain.status(id), "rejected", "there is no second vote then");
    assert_eq!(proposal(&chain.memory, id).unwrap().stages[1].opens_at, None);
}

#[test]
fn counting_in_chunks_is_counting_at_once() {
    let many: String = (0..650)
        .map(|i| {
            format!("S{i:03} = {{ name = \"S{i}\", kind = \"state\", weights = {{ share = {} }} }}\n", i % 7)
        })
        .collect();
    let text = CHARTER.replace("\"vote\", \"validate\"]", "\"vote\"]").replace(
        "AAA = { name = \"Aland\",",
        &format!("{many}AAA = {{ name = \"Aland\", rights = [\"validate\"],"),
    );
    let mut chain = Chain::new(&format!("{text}{TRACKS}"));
    let id = chain.propose("AAA", "shares", vec![]);
    assert_eq!(
        (chain.status(id), proposal(&chain.memory, id).unwrap().counted),
        ("preparing", Some((249, 657)))
    );
    let early = sol::ballotCall { id: U256::from(id), choice: Choice::Yes };
    assert_eq!(chain.try_send(account("AAA"), &early).map(drop), Err("Closed".into()));
    // What happens meanwhile does not matter.
    let weigh = IRegistry::setWeightCall { id: word("S449"), name: word("share"), value: 1_000_000 };
    chain.decide(REGISTRY, &weigh);
    chain.decide(REGISTRY, &IRegistry::expelCall { id: word("S448") });
    let mut blocks = 0;
    while chain.status(id) == "preparing" {
        chain.next(1);
        chain.end();
        blocks += 1;
    }
    assert_eq!((blocks, chain.status(id)), (2, "open"));
    let opened = proposal(&chain.memory, id).unwrap();
    assert_eq!(opened.stages[0].voters, 655);
    assert_eq!(opened.stages[0].closes_at, Some(chain.now() + 7 * DAY), "from when ballots are taken");
    let filter =
        crate::registry::Filter { kinds: 1, rights: polity_charter::Rights::VOTE, ..Default::default() };
    let electorate = crate::registry::voters_at(&chain.memory, &filter, opened.electorate_height);
    let rule = rules(&chain.memory).into_iter().find(|rule| rule.id == "by-weight").unwrap().rule;
    let report = report(&chain.memory, id).unwrap();
    assert_eq!(report, rule.outcome(&rule.open(&electorate), false));
    chain.ballot("S449", id, Choice::Yes);
    assert_eq!(report_numerator(&chain, id), "1", "with the weight it had");
}

fn report_numerator(chain: &Chain, id: u64) -> String {
    report(&chain.memory, id).unwrap().limbs[0].numerator.to_string()
}

#[test]
fn a_late_ballot_that_flips_the_outcome_moves_the_close() {
    let mut chain = guarded();
    let id = chain.propose("AAA", "guarded", vec![]);
    let closes = |chain: &Chain| proposal(&chain.memory, id).unwrap().stages[0].closes_at.unwrap();
    let first = closes(&chain);
    for who in ["AAA", "BBB"] {
        chain.ballot(who, id, Choice::Yes);
    }
    chain.run(6 * DAY);
    chain.ballot("CCC", id, Choice::No);
    assert_eq!(closes(&chain), first, "late, but it flips nothing");
    chain.ballot("CCC", id, Choice::Yes);
    assert_eq!(closes(&chain), first + 2 * DAY, "rejected until now, adopted now");
    chain.ballot("CCC", id, Choice::No);
    assert_eq!(closes(&chain), first + 2 * DAY, "no longer late");
    chain.run(2 * DAY);
    assert_eq!((chain.status(id), closes(&chain) - chain.now()), ("open", DAY));
    chain.ballot("CCC", id, Choice::Yes);
    chain.ballot("CCC", id, Choice::None);
    assert_eq!(closes(&chain), first + 4 * DAY, "the second time");
    chain.run(2 * DAY);
    chain.ballot("CCC", id, Choice::Yes);
    chain.ballot("CCC", id, Choice::None);
    assert_eq!(closes(&chain), first + 4 * DAY, "there is no third");
    assert_eq!(proposal(&chain.memory, id).unwrap().stages[0].extensions, 2);
    chain.run(DAY);
    assert_eq!(chain.status(id), "rejected");
}

#[test]
fn who_may_cancel_and_when() {
    let cancel = |id: u64| sol::cancelCall { id: U256::from(id), reason: "Because.".into() };
    // By the proposer, as long as there is no outcome.
    let mut chain = guarded();
    for (track, status) in
        [("slow", "draft"), ("talk", "discussion"), ("long", "preparing"), ("guarded", "open")]
    {
        let id = chain.propose("AAA", track, vec![]);
        assert_eq!(chain.status(id), status);
        assert_eq!(
            chain.try_send(account("DDD"), &cancel(id)).map(drop),
            Err("CannotCancel".into()),
            "{track}"
        );
        chain.send("AAA", &cancel(id));
        let view = proposal(&chain.memory, id).unwrap();
        assert_eq!(
            (view.status.as_str(), view.cancelled_because.as_deref()),
            ("cancelled", Some("Because."))
        );
        assert_eq!(chain.try_send(account("AAA"), &cancel(id)).map(drop), Err("CannotCancel".into()));
        assert_eq!(
            chain
                .try_send(account("BBB"), &sol::ballotCall { id: U256::from(id), choice: Choice::Yes })
                .map(drop),
            Err("Closed".into())
        );
    }
    assert_eq!(agenda_entries(&chain.memory), [], "nothing is left to do");
    // By the guardian's rule, also after the adoption.
    let id = chain.propose("SAM", "guarded", vec![pay(5)]);
    for who in ["AAA", "BBB", "CCC"] {
        chain.ballot(who, id, Choice::Yes);
    }
    chain.next(0);
    chain.end();
    assert_eq!(chain.status(id), "adopted");
    assert_eq!(
        chain.try_send(account("SAM"), &cancel(id)).map(drop),
        Err("CannotCancel".into()),
        "too late for it"
    );
    chain.send("AAA", &cancel(id));
    chain.send("AAA", &sol::uncancelCall { id: U256::from(id) });
    chain.send("BBB", &cancel(id));
    assert_eq!(chain.status(id), "adopted", "one of three");
    chain.send("CCC", &cancel(id));
    assert_eq!(chain.status(id), "cancelled");
    let vote = stage_report(&chain.memory, id, Some(1)).unwrap();
    assert_eq!(
        (vote.limbs[0].numerator.to_string(), vote.limbs[0].met),
        ("2".into(), true),
        "its vote can be proven"
    );
    chain.run(5 * DAY);
    assert_eq!(chain.memory.balance_of(account("receiver")), U256::ZERO);
    // Not after the sunset.
    let until = proposal(&chain.memory, id).unwrap().guardian.unwrap().1;
    let mut later = chain.clone();
    later.next(until - chain.now() - 1);
    let id = later.propose("SAM", "guarded", vec![]);
    later.send("AAA", &cancel(id));
    later.next(1);
    assert_eq!(later.try_send(account("BBB"), &cancel(id)).map(drop), Err("CannotCancel".into()));
    let id = later.propose("SAM", "guarded", vec![]);
    assert_eq!(proposal(&later.memory, id).unwrap().guardian, None);
}

#[test]
fn split_ballots_weigh_in_parts() {
    let mut chain = Chain::new(CHARTER);
    let id = chain.propose("AAA", "shares", vec![]);
    let split = |yes, no, abstain, veto| sol::ballotSplitCall { id: U256::from(id), yes, no, abstain, veto };
    for (wrong, error) in
        [(split(5_000, 4_999, 0, 0), "WrongSplit"), (split(u16::MAX, 1, 0, 0), "WrongSplit")]
    {
        assert_eq!(chain.try_send(account("EEE"), &wrong).map(drop), Err(error.into()));
    }
    let whole = sol::ballotCall { id: U256::from(id), choice: Choice::Split };
    assert_eq!(chain.try_send(account("EEE"), &whole).map(drop), Err("MalformedCalldata".into()));
    chain.send("EEE", &split(7_500, 2_500, 0, 0));
    assert_eq!(report_numerator(&chain, id), "3", "three quarters of 4");
    let cast =
        chain.send("SAM", &sol::ballotOfCall { id: U256::from(id), stage: U256::ZERO, member: word("EEE") });
    assert_eq!((cast.choice, cast.yes, cast.no), (Choice::Split, 7_500, 2_500));
    chain.ballot("EEE", id, Choice::Abstain);
    assert_eq!(report_numerator(&chain, id), "0");
    chain.send("EEE", &split(0, 0, 0, 10_000));
    let limb = report(&chain.memory, id).unwrap().limbs.remove(0);
    assert_eq!((limb.numerator.to_string(), limb.denominator.to_string()), ("0".into(), "4".into()));
}

#[test]
fn a_moving_quorum_follows_the_votes_on_its_track() {
    let rule = r#"
[rules.moving]
quorum = { min = "0.2", max = "0.7", start = "1/2", past = "0.8" }
[[rules.moving.limb]]
name      = "turnout"
numerator = "cast"
threshold = ">= quorum"
[tracks.first]
for = []
strictness = 1
stages = [{ chamber = "plenary", rule = "moving" }]
[tracks.second]
for = []
strictness = 2
stages = [{ chamber = "plenary", rule = "moving" }]
"#;
    let mut chain = Chain::new(&format!("{CHARTER}{rule}{URGENT}"));
    let threshold =
        |chain: &Chain, id| report(&chain.memory, id).unwrap().limbs[0].threshold.value().to_string();
    let first = chain.propose("AAA", "first", vec![]);
    assert_eq!(threshold(&chain, first), "9/20", "0.2 + 0.5 × 0.5");
    for who in ["AAA", "BBB", "CCC", "DDD", "EEE"] {
        chain.ballot(who, first, Choice::Yes);
    }
    let meanwhile = chain.propose("AAA", "first", vec![]);
    chain.run(DAY);
    assert_eq!(chain.status(first), "adopted");
    assert_eq!(threshold(&chain, first), "9/20", "what it was decided by stays");
    let hash = proposal(&chain.memory, first).unwrap().stages[0].report_hash;
    assert_eq!(hash, Some(keccak256(report(&chain.memory, first).unwrap().json())));
    assert_eq!(threshold(&chain, meanwhile), "9/20", "it was open");
    let next = chain.propose("AAA", "first", vec![]);
    assert_eq!(threshold(&chain, next), "1/2", "0.2 + (0.8 × 0.5 + 0.2) × 0.5");
    let other = chain.propose("AAA", "second", vec![]);
    assert_eq!(threshold(&chain, other), "9/20", "each track has its own");
    chain.run(7 * DAY);
    assert_eq!(chain.status(next), "rejected");
    let view = tracks_view(&chain, "first");
    assert_eq!(view.averages, [("moving".to_owned(), 3_840)], "0.6 × 0.8 × 0.8, nobody took part in two");
}

fn tracks_view(chain: &Chain, id: &str) -> TrackView {
    super::super::views::tracks(&chain.memory).into_iter().find(|track| track.id == id).unwrap()
}

#[test]
fn a_target_whose_code_changed_is_not_the_one_that_was_frozen_at_the_opening() {
    let mut chain = guarded();
    let code = |code: &'static [u8]| crate::memory::MemoryAccount {
        nonce: 1,
        code: code.into(),
        ..Default::default()
    };
    chain.memory.set_account(account("x"), code(&[1]));
    let id = chain.propose("AAA", "talk", vec![sol::Call { target: account("x"), ..Default::default() }]);
    let hashes = |chain: &mut Chain| chain.send("SAM", &sol::codeHashesOfCall { id: U256::from(id) });
    assert_eq!(hashes(&mut chain), Vec::<B256>::new(), "not frozen while it is discussed");
    chain.memory.set_account(account("x"), code(&[2]));
    chain.run(7 * DAY);
    chain.memory.set_account(account("x"), code(&[3]));
    assert_eq!(hashes(&mut chain), [keccak256([2])]);
}

/// What members do with a proposal on the track `slow`.
#[derive(Clone, Debug)]
enum Act {
    Sponsor(usize),
    Unsponsor(usize),
    Deposit(usize),
    Ballot(usize, Choice),
    Cancel(usize),
    Wait(u64),
}

fn act() -> impl Strategy<Value = Act> {
    let choice =
        prop::sample::select(vec![Choice::None, Choice::Yes, Choice::No, Choice::Abstain, Choice::Veto]);
    prop_oneof![
        3 => (0..5usize).prop_map(Act::Sponsor),
        1 => (0..5usize).prop_map(Act::Unsponsor),
        2 => (0..5usize).prop_map(Act::Deposit),
        6 => (0..5usize, choice).prop_map(|(who, choice)| Act::Ballot(who, choice)),
        1 => (0..5usize).prop_map(Act::Cancel),
        3 => (1..9u64).prop_map(Act::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever happens, every wei is with its owner, in escrow for a living proposal, in the treasury, or burnt; and a
    /// proposal that has ended holds none.
    #[test]
    fn deposits_conserve(
        burn in 0..3u8,
        keep in any::<bool>(),
        acts in prop::collection::vec(act(), 0..30),
    ) {
        const STATES: [&str; 5] = ["AAA", "BBB", "CCC", "DDD", "EEE"];
        let mut chain = guarded();
        let mut track = chain.send("SAM", &sol::trackCall { id: word("slow") });
        track.burn = sol::Burn::try_from(burn).unwrap();
        track.sponsors = 1;
        track.forfeitTo = if keep { word("common") } else { B256::ZERO };
        chain.amend(|cx| tracks::store(cx, word("slow"), &track));
        for who in STATES {
            chain.memory.mint(account(who), U256::from(10));
        }
        let places = STATES.map(account).into_iter().chain([ASSEMBLY, TREASURY, Address::ZERO]).collect::<Vec<_>>();
        let sum = |chain: &Chain| places.iter().map(|place| chain.memory.balance_of(*place)).sum::<U256>();
        let before = sum(&chain);
        let id = chain.propose("AAA", "slow", vec![]);
        let number = U256::from(id);
        for act in acts {
            let who = |who: usize| account(STATES[who]);
            match act {
                Act::Sponsor(i) => drop(chain.try_send(who(i), &sol::sponsorCall { id: number })),
                Act::Unsponsor(i) => drop(chain.try_send(who(i), &sol::unsponsorCall { id: number })),
                Act::Ballot(i, choice) => drop(chain.try_send(who(i), &sol::ballotCall { id: number, choice })),
                Act::Cancel(i) => drop(chain.try_send(who(i), &sol::cancelCall { id: number, reason: String::new() })),
                Act::Wait(days) => chain.run(days * DAY),
                Act::Deposit(i) => {
                    let input = sol::placeDepositCall { id: number }.abi_encode();
                    let request = Request { value: U256::from(10), ..Request::new(who(i), ASSEMBLY, input) };
                    drop(chain.memory.call(&request));
                }
            }
            prop_assert_eq!(sum(&chain), before);
            let view = proposal(&chain.memory, id).unwrap();
            prop_assert_eq!(chain.memory.balance_of(ASSEMBLY), view.deposit_held);
        }
        chain.run(60 * DAY);
        prop_assert_eq!(sum(&chain), before);
        prop_assert_eq!(chain.memory.balance_of(ASSEMBLY), U256::ZERO);
        let view = proposal(&chain.memory, id).unwrap();
        let forfeited = chain.memory.balance_of(Address::ZERO) + chain.memory.balance_of(TREASURY) - treasury_at_first();
        if !forfeited.is_zero() {
            prop_assert!(burn != 0 && matches!(view.status, Status::Rejected | Status::Cancelled), "{:?}", view.status);
            prop_assert_eq!(chain.memory.balance_of(Address::ZERO).is_zero(), keep);
        } else if burn == 2 && view.status == Status::Rejected {
            prop_assert!(view.depositor.is_none(), "a rejected proposal kept its deposit");
        }
    }
}

/// 100 units.
fn treasury_at_first() -> U256 {
    U256::from(100) * U256::from(10).pow(U256::from(18))
}
