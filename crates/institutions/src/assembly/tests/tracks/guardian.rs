//! Who may cancel a proposal, and when.

use super::*;

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

/// A vote that will never end is not pending, and a guardian that said nothing rejected nothing.
#[test]
fn every_vote_says_how_far_it_has_come() {
    use polity_decision::{Language, Outcome};
    let cancel = |id: u64| sol::cancelCall { id: U256::from(id), reason: "Because.".into() };
    let said = |chain: &Chain, id: u64, stage: u64| {
        let state = vote_state(&chain.memory, id, Some(stage), chain.now()).expect("a vote");
        let report = stage_report(&chain.memory, id, Some(stage)).expect("a report");
        let text = state.text(&report, Language::En);
        (state.as_str(), text.lines().next().unwrap_or_default().to_owned())
    };
    let check = |chain: &Chain, id, stage, state: &str, line: &str| {
        assert_eq!(said(chain, id, stage), (state, line.to_owned()), "vote {stage} of {id}");
    };
    let mut chain = guarded();
    let stopped = chain.propose("AAA", "twice", vec![]);
    check(&chain, stopped, 0, "open", "majority: pending");
    check(&chain, stopped, 1, "not-begun", "majority: not begun");
    chain.send("AAA", &cancel(stopped));
    check(&chain, stopped, 0, "cancelled", "majority: cancelled: the proposal ended before this vote did");
    check(&chain, stopped, 1, "not-held", "majority: not held: the proposal ended before");
    assert_eq!(vote_state(&chain.memory, stopped, Some(2), chain.now()), None, "no guardian here");

    let guarded = [0, 1, 2].map(|_| chain.propose("SAM", "guarded", vec![]));
    let [silent, cancelled, taken_back] = guarded;
    for id in guarded {
        check(&chain, id, 1, "may-cancel", "majority: not cancelled so far");
        assert_eq!(stage_report(&chain.memory, id, Some(1)).unwrap().outcome, Outcome::Pending);
    }
    for who in ["AAA", "BBB"] {
        chain.send(who, &cancel(cancelled));
    }
    check(&chain, cancelled, 0, "cancelled", "majority: cancelled: the proposal ended before this vote did");
    check(&chain, cancelled, 1, "has-cancelled", "majority: the guardian cancelled the proposal");
    chain.send("SAM", &cancel(taken_back));
    check(&chain, taken_back, 1, "did-not-cancel", "majority: the guardian did not cancel the proposal");
    for who in ["AAA", "BBB", "CCC"] {
        chain.ballot(who, silent, Choice::Yes);
    }
    chain.run(9 * DAY);
    assert_eq!(chain.status(silent), "executed");
    assert_eq!(said(&chain, silent, 0).0, "concluded");
    check(&chain, silent, 1, "did-not-cancel", "majority: the guardian did not cancel the proposal");
    assert_eq!(stage_report(&chain.memory, silent, Some(1)).unwrap().outcome, Outcome::Pending);
}
