//! The laws of institutions on a world where an enactment, a conclusion and an entry into force are all due.

use super::*;
use crate::laws::{Example, laws};

/// Proposal 1 waits to be enacted (and is first on the agenda), 2 to be concluded, [`tracks::OPEN`] is open; the accord is due too.
fn world() -> Memory {
    let mut chain = Chain::new(&tracks::with_tracks(&seats::with_seats(CHARTER)));
    // Of the covenant: AAA, a Party with reservation 2, has given notice; the deposit of BBB, number 3, falls due.
    let (treaty, kind) = (word("covenant"), InstrumentKind::Accession);
    let (reserves, text) = (InstrumentKind::Reservation, "Not on Sundays.".to_owned());
    let statements = vec![sol::Statement { kind: reserves, text, documentHash: B256::ZERO }];
    chain.send("AAA", &sol::depositInstrumentCall { treaty, kind, statements });
    chain.next(DAY);
    chain.end();
    chain.send("BBB", &sol::depositCall { treaty });
    // Of the code: text 1 waits for rejections, text 2 for its next step.
    let notify = |title: &str| sol::notifyCall {
        treaty: word("code"),
        title: title.into(),
        documentHash: keccak256(title),
        uri: String::new(),
    };
    chain.decide(ASSEMBLY, &notify("Annex 1"));
    let document = keccak256("The Court orders.");
    let order = sol::recordMandateCall {
        title: "Order 1".into(),
        documentHash: document,
        issuer: "The Court".into(),
        uri: "https://court.example/1".into(),
    };
    chain.send("clerk", &order);
    let enacted = chain.propose("AAA", "council", vec![sol::Call::default()]);
    for who in ["AAA", "BBB", "CCC"] {
        chain.ballot(who, enacted, Choice::Yes);
    }
    chain.next(DAY);
    chain.end();
    assert_eq!(chain.status(enacted), "adopted");
    let concluded = chain.propose("AAA", "plenary", vec![]);
    chain.ballot("BBB", concluded, Choice::No);
    tracks::prepare_laws_early(&mut chain);
    for who in ["CCC", "DDD", "EEE"] {
        chain.send(who, &sol::depositCall { treaty: word("accord") });
    }
    seats::prepare_laws(&mut chain);
    chain.next(2 * DAY);
    chain.decide(ASSEMBLY, &notify("Annex 2"));
    chain.next(29 * DAY);
    chain.send("AAA", &sol::withdrawCall { treaty });
    let open = chain.propose("SAM", "plenary", vec![sol::Call::default(), sol::Call::default()]);
    assert_eq!((enacted, concluded, open), (1, 2, tracks::OPEN));
    tracks::prepare_laws(&mut chain);
    secret::prepare_laws(&mut chain);
    let first = agenda_entries(&chain.memory)[0];
    assert_eq!(first.due, crate::agenda::Due::Enact(1), "the enactment is first");
    chain.memory
}

fn examples() -> Vec<Example> {
    let (one, two, three) = (U256::from(1), U256::from(2), U256::from(3));
    let open = U256::from(tracks::OPEN);
    let accord = word("accord");
    let calls = vec![sol::Call { target: ASSEMBLY, value: U256::from(7), data: vec![1, 2, 3].into() }];
    let propose = sol::proposeCall { track: word("plenary"), title: "Let there be light".into(), calls };
    macro_rules! by {
        ($who:expr, $($call:ident { $($field:tt)* }),+ $(,)?) => {
            vec![$(Example::new($who, ASSEMBLY, &sol::$call { $($field)* })),+]
        };
    }
    let covenant = word("covenant");
    let statements = vec![sol::Statement {
        kind: InstrumentKind::Declaration,
        text: "In peace.".into(),
        documentHash: keccak256("peace"),
    }];
    let mut all = by![
        account("AAA"),
        depositCall { treaty: accord },
        revokeWithdrawalCall { treaty: covenant },
        retractCall { id: two },
    ];
    all.extend(by![
        account("clerk"),
        recordMandateCall {
            title: "Order 2".into(),
            documentHash: keccak256("2"),
            issuer: "The Court".into(),
            uri: "".into(),
        },
        proposeUnderCall { mandate: one, track: word("urgent"), title: "Obey".into(), calls: vec![] },
    ]);
    all.extend(by![
        account("BBB"),
        declareCall { treaty: covenant, statements: statements.clone() },
        rejectCall { id: one, reason: "No.".into(), documentHash: B256::ZERO },
        objectCall { id: two, opposes: true, text: "Sundays too.".into(), documentHash: B256::ZERO },
    ]);
    all.extend(by![
        account("CCC"),
        depositInstrumentCall { treaty: covenant, kind: InstrumentKind::Accession, statements },
    ]);
    all.extend(by![
        account("EEE"),
        withdrawCall { treaty: accord },
        ballotCall { id: open, choice: Choice::Yes }
    ]);
    all.push(Example::new(account("AAA"), ASSEMBLY, &propose));
    all.extend(by![
        SYSTEM,
        enterIntoForceCall { treaty: accord },
        concludeCall { id: two },
        takeEffectCall { id: three },
        advanceTextCall { id: two },
        giveUpTextCall { id: two },
        markFailedCall { id: one, reason: vec![9; 100].into() },
    ]);
    all.extend(by![
        AGREEMENT,
        markEnactedCall { id: one },
        notifyCall {
            treaty: word("code"),
            title: "Annex 3".into(),
            documentHash: B256::ZERO,
            uri: "".into()
        },
    ]);
    all.extend(seats::law_examples());
    all.extend(tracks::law_examples());
    all.extend(secret::law_examples());
    let hash = keccak256(views::rules(&world())[0].rule.canonical_json());
    all.extend(by![
        Address::ZERO,
        proposalCountCall {},
        proposalCall { id: one },
        callsOfCall { id: open },
        codeHashesOfCall { id: open },
        ballotOfCall { id: one, stage: U256::ZERO, member: word("AAA") },
        tallyOfCall { id: two, stage: U256::ZERO },
        reasonOfCall { id: two },
        treatyIdsCall {},
        treatyCall { id: accord },
        depositOfCall { treaty: accord, member: word("EEE") },
        treatyTallyOfCall { id: accord },
        textCountCall {},
        textCall { id: one },
        textBindsFromCall { id: one, member: word("AAA") },
        authorityIdsCall {},
        authorityCall { id: word("court") },
        mandateCountCall {},
        mandateCall { id: one },
        mandateOfCall { id: two },
        usesOfCall { mandate: one },
        clausesOfCall { treaty: covenant },
        isPartyCall { treaty: covenant, member: word("AAA"), date: 30 * DAY },
        instrumentCountCall {},
        instrumentCall { id: two },
        instrumentsOfCall { treaty: covenant, member: word("AAA") },
        objectionsToCall { id: two },
        ruleIdsCall {},
        ruleHashCall { id: word("majority") },
        ruleTextCall { hash },
        chamberIdsCall {},
        chamberCall { id: word("council") },
    ]);
    all
}

laws!(ASSEMBLY, world, examples);
