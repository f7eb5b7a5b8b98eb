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
