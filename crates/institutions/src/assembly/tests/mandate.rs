//! Mandates: recorded by those the charter names, opening and never deciding.

use super::*;

/// The error of a call that must fail.
fn refused<C: SolCall>(chain: &mut Chain, who: &str, call: &C) -> String {
    chain.try_send(account(who), call).err().unwrap_or_else(|| "nothing".into())
}

fn order(issuer: &str, title: &str) -> sol::recordMandateCall {
    sol::recordMandateCall {
        title: title.into(),
        documentHash: keccak256(title),
        issuer: issuer.into(),
        uri: "https://court.example/7".into(),
    }
}

fn under(mandate: u64) -> sol::proposeUnderCall {
    sol::proposeUnderCall {
        mandate: U256::from(mandate),
        track: word("plenary"),
        title: "Obey the order".into(),
        calls: vec![sol::Call::default()],
    }
}

#[test]
fn an_authority_opens_and_the_members_decide() {
    let mut chain = Chain::new(CHARTER);
    let known: Vec<_> =
        authorities(&chain.memory).into_iter().map(|a| (a.id, a.member, a.opens.len())).collect();
    assert_eq!(known, [("court".into(), None, 1), ("office".into(), Some("SAM".into()), 0)]);
    for (who, call, error) in [
        ("AAA", order("The Court", "Order 7"), "NotAnAuthority"),
        ("nobody", order("The Court", "Order 7"), "NotAnAuthority"),
        ("clerk", order("Somebody", "Order 7"), "WrongIssuer"),
        ("clerk", order("The Court", " "), "InvalidTitle"),
        ("clerk", order("The Court", &"x".repeat(513)), "TooMany"),
    ] {
        assert_eq!(refused(&mut chain, who, &call), error, "{who}");
    }
    chain.send("clerk", &order("The Court", "Order 7"));
    chain.send("SAM", &order("The General Assembly", "Resolution 1"));
    for (who, mandate, error) in [
        ("clerk", 9, "UnknownMandate"),
        ("clerk", 0, "UnknownMandate"),
        ("clerk", 2, "NotYourMandate"),
        ("SAM", 1, "NotYourMandate"),
        ("SAM", 2, "MayNotOpen"),
        ("BBB", 1, "NotAnAuthority"),
    ] {
        assert_eq!(refused(&mut chain, who, &under(mandate)), error, "{who} {mandate}");
    }
    let id: u64 = chain.send("clerk", &under(1)).to();
    let second: u64 = chain.send("clerk", &under(1)).to();
    // The clerk opened it; it has no ballot.
    let ballot = sol::ballotCall { id: U256::from(id), choice: Choice::Yes };
    assert_eq!(refused(&mut chain, "clerk", &ballot), "NotAMember");
    chain.ballot("AAA", id, Choice::No);
    chain.run(11 * DAY);
    assert_eq!(chain.status(id), "rejected", "one of five");

    let listed = mandate(&chain.memory, 1).expect("recorded");
    assert_eq!((listed.authority.as_str(), listed.issuer.as_str()), ("court", "The Court"));
    assert_eq!((listed.document_hash, listed.uses), (keccak256("Order 7"), vec![id, second]));
    assert_eq!(chain.send("AAA", &sol::mandateOfCall { id: U256::from(id) }), U256::from(1));
    assert_eq!(mandates(&chain.memory, 1, 10).len(), 2);
    assert_eq!(proposal(&chain.memory, id).expect("open").proposer, "court");
}

#[test]
fn who_is_suspended_acts_for_nobody() {
    let mut chain = Chain::new(CHARTER);
    let call = crate::registry::IRegistry::suspendCall { id: word("SAM") };
    chain.decide(polity_primitives::REGISTRY, &call);
    assert_eq!(refused(&mut chain, "SAM", &order("Anyone", "Order")), "NotAnAuthority");
}
