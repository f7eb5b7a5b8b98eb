//! What happens after the opening never changes an open vote, and tallies never drift.

use std::collections::BTreeMap;

use polity_decision::{Event, Others, Rule};
use polity_primitives::REGISTRY;
use proptest::prelude::*;

use super::super::tracks;
use super::{tracks::URGENT, *};
use crate::registry::{Filter, IRegistry};

const STATES: [&str; 5] = ["AAA", "BBB", "CCC", "DDD", "EEE"];

/// What the members may decide while a vote is open.
#[derive(Clone, Debug)]
enum Decision {
    Suspend(usize),
    Restore(usize),
    Weigh(usize, u128),
    Revoke(usize),
    Admit(u8),
    Rule(u32),
    Chamber,
    Track(Setting),
}

/// What of a track changes.
#[derive(Clone, Copy, Debug)]
enum Setting {
    Delay,
    SecondRule,
    SecondChamber,
    SecondGone,
    Pause,
    Voting,
    Extension,
    Guardian,
    GuardianSunset,
    Secrecy,
    Gone,
}

/// Two votes, a pause, a guardian, an extension.
const TRACK: &str = r#"
[tracks.twice]
for        = []
strictness = 1
stages     = [{ chamber = "council", rule = "majority", voting = "4d" }, { chamber = "shares", pause = "2d", voting = "5d" }]
delay      = "2d"
extension  = { last = "1d", by = "2d", times = 2 }
guardian   = { chamber = "council", rule = "majority", until = 2030-01-01 }
"#;

/// The track, changed, whatever it was before.
fn changed(track: &sol::Track, setting: Setting) -> sol::Track {
    let mut track = track.clone();
    match setting {
        Setting::Delay => track.delaySecs = 40 * DAY,
        Setting::SecondRule => track.stages[1].rule = word("unanimous"),
        Setting::SecondChamber => track.stages[1].chamber = word("plenary"),
        Setting::SecondGone => drop(track.stages.pop()),
        Setting::Pause => track.stages[1].pauseSecs = 0,
        Setting::Voting => track.stages[1].votingSecs = 1,
        Setting::Extension => track.extensionBySecs = 9 * DAY,
        Setting::Guardian => (track.guardian, track.guardianRule) = (B256::ZERO, B256::ZERO),
        Setting::GuardianSunset => track.guardianUntil = 1,
        Setting::Secrecy => {
            track.secret = sol::Secrecy { revealSecs: DAY, unrevealed: Choice::No };
        }
        Setting::Gone => track.stages.clear(),
    }
    track
}

fn decision() -> impl Strategy<Value = Decision> {
    prop_oneof![
        (0..5usize).prop_map(Decision::Suspend),
        (0..5usize).prop_map(Decision::Restore),
        (0..5usize, 0..1000u128).prop_map(|(who, weight)| Decision::Weigh(who, weight)),
        (0..5usize).prop_map(Decision::Revoke),
        (0..3u8).prop_map(Decision::Admit),
        (1..10u32).prop_map(Decision::Rule),
        Just(Decision::Chamber),
        setting().prop_map(Decision::Track),
    ]
}

fn setting() -> impl Strategy<Value = Setting> {
    use Setting::*;
    prop::sample::select(vec![
        Delay,
        SecondRule,
        SecondChamber,
        SecondGone,
        Pause,
        Voting,
        Extension,
        Guardian,
        GuardianSunset,
        Secrecy,
        Gone,
    ])
}

/// Decides `decision`; what the registry refuses (a second suspension, the last validator) is no decision.
fn apply(chain: &mut Chain, decision: &Decision) {
    let id = |who: usize| word(STATES[who]);
    match decision {
        Decision::Suspend(who) => {
            drop(chain.call(AGREEMENT, REGISTRY, &IRegistry::suspendCall { id: id(*who) }))
        }
        Decision::Restore(who) => {
            drop(chain.call(AGREEMENT, REGISTRY, &IRegistry::restoreCall { id: id(*who) }))
        }
        Decision::Weigh(who, value) => {
            let call = IRegistry::setWeightCall { id: id(*who), name: word("share"), value: *value };
            chain.decide(REGISTRY, &call);
        }
        Decision::Revoke(who) => {
            drop(chain.call(AGREEMENT, REGISTRY, &IRegistry::revokeCall { id: id(*who), rights: 16 }));
        }
        Decision::Admit(number) => {
            let name = format!("new-{number}");
            let admission = IRegistry::Admission {
                id: word(&name),
                name: name.clone(),
                kind: IRegistry::Kind::State,
                account: account(&name),
                recovery: Address::ZERO,
                rights: 0,
                classes: vec![],
                weights: vec![IRegistry::Weight { name: word("share"), value: 50 }],
                consensusKey: Bytes::new(),
                peerKey: B256::ZERO,
            };
            drop(chain.call(AGREEMENT, REGISTRY, &IRegistry::admitCall { admission }));
        }
        Decision::Rule(tenths) => {
            for name in ["majority", "by-weight", "unanimous"] {
                let limb = format!(r#"{{"name":"members","numerator":"yes","threshold":"> {tenths}/10"}}"#);
                let json = format!(r#"{{"id":"{name}","limb":[{limb}]}}"#);
                chain.write_rule(&json);
            }
        }
        Decision::Chamber => {
            let chamber = sol::Chamber {
                name: "Other".into(),
                members: vec![word("ORG"), word("CCC")],
                rule: word("unanimous"),
                votingSecs: 1,
                ..Default::default()
            };
            for id in ["plenary", "shares", "council"] {
                // Refused while nobody could sit in it.
                drop(chain.write_chamber(id, &chamber));
            }
        }
        Decision::Track(setting) => change_track(chain, *setting),
    }
}

/// Amends the track `twice`: its founding version with one setting changed.
fn change_track(chain: &mut Chain, setting: Setting) {
    let id = word("twice");
    chain.amend(|cx| {
        let founded = tracks::read(cx, &tracks::version(id, 0))?;
        let track = changed(&founded, setting);
        match track.stages.is_empty() {
            false => tracks::store(cx, id, &track),
            true if tracks::current(cx, id)?.is_some() => tracks::remove(cx, id),
            true => Ok(()),
        }
    });
}

/// What a member does with the proposal.
#[derive(Clone, Copy, Debug)]
enum Act {
    Ballot(Choice),
    Cancel,
    Uncancel,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => Just(Act::Ballot(Choice::Yes)),
        4 => choice().prop_map(Act::Ballot),
        1 => Just(Act::Cancel),
        1 => Just(Act::Uncancel),
    ]
}

/// Whether `who` could do it.
fn try_act(chain: &mut Chain, who: &str, id: u64, act: Act) -> Result<(), String> {
    let (who, id) = (account(who), U256::from(id));
    match act {
        Act::Ballot(choice) => chain.try_send(who, &sol::ballotCall { id, choice }).map(drop),
        Act::Cancel => chain.try_send(who, &sol::cancelCall { id, reason: "No.".into() }).map(drop),
        Act::Uncancel => chain.try_send(who, &sol::uncancelCall { id }).map(drop),
    }
}

/// The reports of all votes of the proposal, the guardian's too.
fn reports(chain: &Chain, id: u64) -> Vec<Option<polity_decision::Report>> {
    (0..3).map(|stage| stage_report(&chain.memory, id, Some(stage))).collect()
}

fn choice() -> impl Strategy<Value = Choice> {
    prop::sample::select(vec![Choice::None, Choice::Yes, Choice::No, Choice::Abstain, Choice::Veto])
}

fn rule_of(chain: &Chain, id: u64) -> Rule {
    let hash = proposal(&chain.memory, id).unwrap().stages[0].rule_hash;
    Rule::from_json(&rule_text(&chain.memory, hash).unwrap()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Two chains, the same ballots; on one of them the members also decide a lot, and even as late as in the blocks between.
    #[test]
    fn later_decisions_never_change_an_open_vote(
        track in prop::sample::select(vec!["plenary", "shares", "twice", "twice"]),
        steps in prop::collection::vec(
            (0..5usize, act(), prop::sample::select(vec![1, DAY]), prop::collection::vec(decision(), 0..3)),
            1..14,
        ),
    ) {
        let mut calm = Chain::new(&format!("{CHARTER}{TRACK}{URGENT}"));
        let id = calm.propose("SAM", track, vec![]);
        let mut busy = calm.clone();
        for (who, act, secs, decisions) in &steps {
            for decision in decisions {
                apply(&mut busy, decision);
            }
            let done = [&mut calm, &mut busy].map(|chain| {
                let done = try_act(chain, STATES[*who], id, *act);
                chain.next(*secs);
                chain.end();
                done
            });
            prop_assert_eq!(&done[0], &done[1]);
            prop_assert_eq!(reports(&calm, id), reports(&busy, id));
            prop_assert_eq!(proposal(&calm.memory, id), proposal(&busy.memory, id));
        }
        calm.run(30 * DAY);
        busy.run(30 * DAY);
        prop_assert_eq!(reports(&calm, id), reports(&busy, id));
        prop_assert_eq!(proposal(&calm.memory, id), proposal(&busy.memory, id));
        prop_assert_ne!(calm.status(id), "open");
    }

    #[test]
    fn the_tally_by_increments_is_the_tally_from_scratch(
        chamber in prop::sample::select(vec!["plenary", "shares", "council"]),
        steps in prop::collection::vec((0..5usize, choice()), 0..25),
    ) {
        let mut chain = Chain::new(CHARTER);
        let id = chain.propose("SAM", chamber, vec![]);
        let mut cast = BTreeMap::new();
        for (who, choice) in steps {
            let call = sol::ballotCall { id: U256::from(id), choice };
            if chain.try_send(account(STATES[who]), &call).is_err() {
                continue;
            }
            match ballot::Cast::whole(choice).event() {
                Some(polity_decision::Event::Ballot(choice)) => cast.insert(STATES[who].to_owned(), choice),
                _ => cast.remove(STATES[who]),
            };
        }
        let rule = rule_of(&chain, id);
        let (kinds, members) = match chamber {
            "council" => (0, ["AAA", "BBB", "CCC"].map(word).to_vec()),
            _ => (1, vec![]),
        };
        let filter = Filter { kinds, members, rights: polity_charter::Rights::VOTE, ..Filter::default() };
        let electorate = crate::registry::voters_at(&chain.memory, &filter, 0);
        let from_scratch = rule.count(&electorate, &cast, &Others::default());
        prop_assert_eq!(report(&chain.memory, id).unwrap(), rule.outcome(&from_scratch, false));
    }

    #[test]
    fn deposits_in_any_order_count_once(steps in prop::collection::vec((0..6usize, any::<bool>()), 0..30)) {
        let mut chain = Chain::new(CHARTER);
        let parties = ["AAA", "BBB", "CCC", "DDD", "EEE", "ORG"];
        let mut others = Others::default();
        let treaty = word("accord");
        for (who, deposits) in steps {
            let name = parties[who];
            // A change of weight between deposit and withdrawal must not leave a remainder.
            let weigh = IRegistry::setWeightCall { id: word(name), name: word("share"), value: who as u128 * 7 };
            chain.decide(REGISTRY, &weigh);
            chain.next(0);
            let done = if deposits {
                chain.try_send(account(name), &sol::depositCall { treaty }).map(drop)
            } else {
                chain.try_send(account(name), &sol::withdrawCall { treaty }).map(drop)
            };
            let changes = if deposits { others.instruments.insert(name.into()) } else { others.instruments.remove(name) };
            prop_assert_eq!(done.is_ok(), changes);
        }
        let rule = rules(&chain.memory).into_iter().find(|rule| rule.id == "accession").unwrap().rule;
        let electorate = crate::registry::voters_at(&chain.memory, &Filter { kinds: 3, ..Filter::default() }, 0);
        let none = BTreeMap::<String, Event>::new();
        let from_scratch = rule.outcome(&rule.count(&electorate, &none, &others), false);
        prop_assert_eq!(treaty_progress(&chain.memory, "accord").unwrap().limbs, from_scratch.limbs);
        prop_assert_eq!(treaties(&chain.memory)[0].deposits, others.instruments.len() as u64);
        prop_assert_eq!(deposits(&chain.memory, "accord").len(), others.instruments.len());
    }
}

#[test]
fn a_member_suspended_later_still_votes_and_an_expelled_one_cannot() {
    let mut chain = Chain::new(CHARTER);
    let id = chain.propose("SAM", "plenary", vec![]);
    chain.ballot("BBB", id, Choice::Yes);
    chain.decide(REGISTRY, &IRegistry::suspendCall { id: word("AAA") });
    chain.decide(REGISTRY, &IRegistry::expelCall { id: word("BBB") });
    chain.ballot("AAA", id, Choice::Yes);
    let again = sol::ballotCall { id: U256::from(id), choice: Choice::No };
    assert_eq!(chain.try_send(account("BBB"), &again).map(drop), Err("NotAMember".into()));
    let limb = report(&chain.memory, id).unwrap().limbs.remove(0);
    assert_eq!((limb.numerator.to_string(), limb.denominator.to_string()), ("2".into(), "5".into()));
    let next = chain.propose("SAM", "plenary", vec![]);
    assert_eq!(
        report(&chain.memory, next).unwrap().limbs[0].denominator.to_string(),
        "5",
        "read before this block"
    );
    chain.next(1);
    let next = chain.propose("SAM", "plenary", vec![]);
    assert_eq!(report(&chain.memory, next).unwrap().limbs[0].denominator.to_string(), "3");
}

/// One amendment of the track and of what it names, at a time, while the first of its two votes is open: the second takes place in
/// the chamber, by the rule, after the pause and for the days of the opening, its guardian can still cancel, and the calls
/// wait for the delay of the opening.
#[test]
fn the_second_vote_of_a_track_is_that_of_the_opening() {
    use Setting::*;
    let all = [
        Delay,
        SecondRule,
        SecondChamber,
        SecondGone,
        Pause,
        Voting,
        Extension,
        Guardian,
        GuardianSunset,
        Secrecy,
        Gone,
    ];
    let more = [Decision::Rule(9), Decision::Chamber];
    for decision in all.into_iter().map(Decision::Track).chain(more) {
        let mut chain = Chain::new(&format!("{CHARTER}{TRACK}{URGENT}"));
        let id = chain.propose("SAM", "twice", vec![]);
        let opened = chain.now();
        let by_weight = rules(&chain.memory).into_iter().find(|rule| rule.id == "by-weight").unwrap().hash;
        apply(&mut chain, &decision);
        let view = |chain: &Chain| proposal(&chain.memory, id).unwrap();
        for who in ["AAA", "BBB"] {
            chain.ballot(who, id, Choice::Yes);
        }
        chain.next(0);
        chain.end();
        assert_eq!(chain.status(id), "pause", "{decision:?}");
        apply(&mut chain, &decision);
        chain.run(2 * DAY);
        let second = &view(&chain).stages[1];
        assert_eq!(
            (
                second.chamber.as_str(),
                second.rule_hash,
                second.opens_at,
                second.closes_at,
                second.reveals_until
            ),
            ("shares", by_weight, Some(opened + 2 * DAY), Some(opened + 7 * DAY), None),
            "{decision:?}"
        );
        chain.send("AAA", &sol::cancelCall { id: U256::from(id), reason: "No.".into() });
        let mut stopped = chain.clone();
        stopped.send("BBB", &sol::cancelCall { id: U256::from(id), reason: "No.".into() });
        assert_eq!(stopped.status(id), "cancelled", "{decision:?}");
        // More than half of the weight that was cast.
        chain.ballot("EEE", id, Choice::Yes);
        chain.ballot("DDD", id, Choice::No);
        chain.run(4 * DAY);
        chain.next(1);
        chain.ballot("CCC", id, Choice::No);
        assert_eq!(view(&chain).stages[1].closes_at, Some(opened + 9 * DAY), "{decision:?}: flipped late");
        chain.ballot("CCC", id, Choice::Yes);
        chain.run(4 * DAY);
        let concluded = view(&chain).concluded_at.expect("an outcome");
        assert_eq!(view(&chain).executes_at, Some(concluded + 2 * DAY), "{decision:?}");
        chain.run(2 * DAY);
        assert_eq!(chain.status(id), "executed", "{decision:?}");
    }
}
