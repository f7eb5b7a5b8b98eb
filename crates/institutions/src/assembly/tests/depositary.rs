//! The depositary, day by day: who is a Party when, with known answers of the Paris Agreement.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const TREATY: &str = "covenant";
const MEMBERS: [&str; 5] = ["AAA", "BBB", "CCC", "DDD", "EEE"];

fn date(text: &str) -> u64 {
    polity_charter::Date::parse(text).expect(text).secs()
}

fn text(secs: u64) -> String {
    polity_charter::Date(secs).to_string()
}

/// What is in force on `day`, asked now.
fn on(chain: &Chain, treaty: &str, day: u64) -> ForceView {
    let moment = Moment { date: day, height: u64::MAX, today: chain.now() };
    in_force(&chain.memory, Some(treaty), moment, &|_| None).remove(0)
}

fn parties(chain: &Chain, treaty: &str, day: u64) -> Vec<String> {
    on(chain, treaty, day).parties.into_iter().map(|party| party.member).collect()
}

/// A block of the day `day`, and its system work.
fn go(chain: &mut Chain, day: u64) {
    while chain.now() < day {
        chain.next(DAY);
        chain.end();
    }
}

/// `CHARTER` with other final clauses for the covenant, from 1 January 2020 on.
fn with(clauses: &str) -> Chain {
    let (head, rest) = CHARTER.split_once("later        =").expect("the covenant's clauses");
    let (_, rest) = rest.split_once("[rules.first]").expect("what follows them");
    Chain::new(&format!("{head}\n{clauses}\n[rules.first]{rest}"))
}

/// The error of a call that must fail.
fn refused<C: SolCall>(chain: &mut Chain, who: Address, call: &C) -> String {
    chain.try_send(who, call).err().unwrap_or_else(|| "nothing".into())
}

fn act(chain: &mut Chain, who: &str, deed: &str) -> String {
    let treaty = word(TREATY);
    let who = account(who);
    let done = match deed {
        "deposits" => chain.try_send(who, &sol::depositCall { treaty }).map(drop),
        "withdraws" => chain.try_send(who, &sol::withdrawCall { treaty }).map(drop),
        "revokes" => chain.try_send(who, &sol::revokeWithdrawalCall { treaty }).map(drop),
        "signs" | "accepts" | "approves" | "accedes" => {
            let kind = match deed {
                "signs" => InstrumentKind::Signature,
                "accepts" => InstrumentKind::Acceptance,
                "approves" => InstrumentKind::Approval,
                _ => InstrumentKind::Accession,
            };
            let call = sol::depositInstrumentCall { treaty, kind, statements: vec![] };
            chain.try_send(who, &call).map(drop)
        }
        "resigns" => {
            let call = crate::registry::IRegistry::resignCall {};
            chain.call(who, polity_primitives::REGISTRY, &call).result.map(drop).map_err(|e| e.to_string())
        }
        other => panic!("no deed {other}"),
    };
    done.err().unwrap_or_else(|| "ok".into())
}

/// Runs `script`: `2020-01-05 AAA deposits = ok` acts on a day, `2020-03-01 in force for AAA,BBB` asks on that day and then
/// again at the end about that day.
fn check(clauses: &str, script: &str) {
    let mut chain = with(clauses);
    let mut asked: Vec<(u64, String)> = Vec::new();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (day, what) = line.split_once(' ').expect(line);
        let day = date(day);
        go(&mut chain, day);
        if let Some(members) = what.strip_prefix("in force for ") {
            let members = members.replace('-', "");
            assert_eq!(parties(&chain, TREATY, day).join(","), members, "{line}\nof\n{script}");
            asked.push((day, members));
        } else {
            let (deed, expected) = what.split_once(" = ").expect(line);
            let (who, deed) = deed.split_once(' ').expect(line);
            assert_eq!(act(&mut chain, who, deed), expected, "{line}\nof\n{script}");
        }
    }
    go(&mut chain, date("2026-01-01"));
    for (day, members) in asked {
        assert_eq!(parties(&chain, TREATY, day).join(","), members, "later, on {}\n{script}", text(day));
    }
}

#[test]
fn parties_come_and_go_by_the_final_clauses() {
    let paris = "later = \"30d\"\nwithdrawal = { notice = \"1y\", not_before = \"3y\" }";
    for (clauses, script) in [
        // A notice: a Party until it works, and again after a new deposit.
        (
            paris,
            "2020-01-05 AAA deposits = ok
             2020-01-05 in force for AAA
             2020-01-05 AAA deposits = AlreadyDeposited
             2020-01-05 BBB withdraws = NotDeposited
             2020-01-06 BBB deposits = ok
             2020-02-04 in force for AAA
             2020-02-05 in force for AAA,BBB
             2023-01-04 AAA withdraws = TooEarly
             2023-01-05 AAA withdraws = ok
             2023-01-05 AAA withdraws = NoticeGiven
             2023-01-05 BBB withdraws = TooEarly
             2023-06-01 AAA deposits = AlreadyDeposited
             2024-01-04 in force for AAA,BBB
             2024-01-05 in force for BBB
             2024-01-06 AAA revokes = NoNotice
             2024-01-20 AAA deposits = ok
             2024-02-18 in force for BBB
             2024-02-19 in force for AAA,BBB",
        ),
        // A notice taken back in time; a deposit taken back before it works.
        (
            paris,
            "2020-01-05 AAA deposits = ok
             2020-03-01 BBB deposits = ok
             2020-03-02 BBB withdraws = ok
             2020-04-01 in force for AAA
             2020-04-01 BBB revokes = NoNotice
             2020-04-01 BBB deposits = ok
             2020-04-30 in force for AAA
             2020-05-01 in force for AAA,BBB
             2023-01-05 AAA withdraws = ok
             2023-12-31 AAA revokes = ok
             2024-02-01 in force for AAA,BBB
             2024-02-01 AAA withdraws = ok
             2025-02-01 in force for BBB",
        ),
        // No clause on withdrawal: at once. Nothing about later deposits: at once.
        (
            "",
            "2020-01-05 AAA deposits = ok
             2020-01-07 BBB deposits = ok
             2020-01-07 in force for AAA,BBB
             2020-01-08 AAA withdraws = ok
             2020-01-08 in force for BBB
             2020-01-09 BBB withdraws = ok
             2020-01-09 in force for -",
        ),
        // Signatures bind nobody; who has left the agreement is bound by nothing.
        (
            "withdrawal = { notice = \"30d\" }",
            "2020-01-05 AAA signs = ok
             2020-01-05 AAA signs = AlreadySigned
             2020-01-05 in force for -
             2020-01-06 BBB deposits = ok
             2020-01-06 AAA deposits = ok
             2020-01-07 AAA signs = AlreadyDeposited
             2020-01-07 in force for AAA,BBB",
        ),
        // Where the treaty asks for a signature first: Paris Agreement, Article 20(1). Who has left begins anew.
        (
            "signature = \"required\"",
            "2020-01-05 AAA deposits = NotSigned
             2020-01-05 AAA accepts = NotSigned
             2020-01-05 AAA approves = NotSigned
             2020-01-05 in force for -
             2020-01-06 AAA signs = ok
             2020-01-06 BBB signs = ok
             2020-01-06 CCC accedes = ok
             2020-01-07 AAA deposits = ok
             2020-01-07 BBB approves = ok
             2020-01-07 DDD deposits = NotSigned
             2020-01-07 in force for AAA,BBB,CCC
             2020-01-08 AAA withdraws = ok
             2020-01-09 AAA accepts = NotSigned
             2020-01-09 AAA accedes = ok
             2020-01-09 in force for AAA,BBB,CCC",
        ),
        // All are bound once one has deposited.
        (
            "binds = \"all\"",
            "2020-01-04 in force for -
             2020-01-05 AAA deposits = ok
             2020-01-05 in force for AAA,BBB,CCC,DDD,EEE",
        ),
    ] {
        check(clauses, script);
    }
}

#[test]
fn who_leaves_the_agreement_is_bound_by_nothing_of_it_from_then_on() {
    let mut chain = with("withdrawal = { notice = \"30d\" }");
    act(&mut chain, "AAA", "deposits");
    act(&mut chain, "BBB", "deposits");
    go(&mut chain, date("2020-02-01"));
    let (before, height) = (chain.now(), chain.memory.block.height);
    chain.next(DAY);
    assert_eq!(act(&mut chain, "BBB", "resigns"), "ok");
    let ask = |day, height| {
        let moment = Moment { date: day, height, today: chain.now() };
        let view = in_force(&chain.memory, Some(TREATY), moment, &|_| None).remove(0);
        view.parties.into_iter().map(|party| party.member).collect::<Vec<_>>()
    };
    assert_eq!(ask(before, height), ["AAA", "BBB"], "as it was");
    assert_eq!(ask(chain.now(), chain.memory.block.height), ["AAA"], "now");
}

/// Source: UN Treaty Collection, chapter XXVII, 7.d; depositary notifications C.N.575.2019 (withdrawal of the United States,
/// notice of 4 November 2019, effective 4 November 2020) and C.N.10.2021 (acceptance of 20 January 2021).
#[test]
fn the_paris_agreement_for_each_party() {
    const PARIS: &str = "paris-agreement";
    let mut charter = charter(polity_charter::builtin("paris").expect("built in"));
    charter.treasury.clear();
    let mut history: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    for member in &charter.members {
        if let Some(date) = member.deposits.get(PARIS) {
            history.entry(date.secs()).or_default().push(member.id.clone());
        }
    }
    let mut chain = Chain { memory: crate::genesis::memory(&charter).unwrap_or_else(|e| panic!("{e}")) };
    let entered = <sol::EnteredIntoForceFor as alloy_sol_types::SolEvent>::SIGNATURE_HASH;
    let mut told = BTreeMap::new();
    let (treaty, usa) = (word(PARIS), account("USA"));
    while chain.now() < date("2021-02-19") {
        chain.next(DAY);
        let (today, logs) = (chain.now(), chain.memory.logs().len());
        for id in history.get(&today).into_iter().flatten() {
            chain.send(id, &sol::depositCall { treaty });
        }
        match text(today).as_str() {
            "2019-11-03" => assert_eq!(refused(&mut chain, usa, &sol::withdrawCall { treaty }), "TooEarly"),
            "2019-11-04" => drop(chain.send("USA", &sol::withdrawCall { treaty })),
            "2020-11-03" => {
                assert!(parties(&chain, PARIS, today).contains(&"USA".into()));
                assert!(!parties(&chain, PARIS, today + DAY).contains(&"USA".into()), "tomorrow is certain");
            }
            "2020-11-04" => assert!(!parties(&chain, PARIS, today).contains(&"USA".into())),
            "2021-01-20" => drop(chain.send(
                "USA",
                &sol::depositInstrumentCall { treaty, kind: InstrumentKind::Acceptance, statements: vec![] },
            )),
            "2021-02-18" => assert!(!parties(&chain, PARIS, today).contains(&"USA".into())),
            _ => {}
        }
        chain.end();
        for log in &chain.memory.logs()[logs..] {
            if log.topics()[0] == entered {
                told.insert((names::text(log.topics()[2]), text(today)), ());
            }
        }
    }
    let decided = date("2016-10-05");
    let view = on(&chain, PARIS, date("2018-01-01"));
    for (day, members) in &history {
        let expected = if *day <= decided { "2016-11-04".into() } else { text(day + 30 * DAY) };
        let [before, then] = [date(&expected) - DAY, date(&expected)].map(|day| parties(&chain, PARIS, day));
        for member in members {
            let party = view.parties.iter().find(|party| party.member == *member).expect(member);
            assert_eq!(text(party.since), expected, "{member}");
            assert!(!before.contains(member), "{member} before {expected}");
            assert!(then.contains(member), "{member} on {expected}");
            assert_eq!(told.contains_key(&(member.clone(), expected.clone())), *day > decided, "{member}");
        }
    }
    for (member, since) in [
        ("MAR", "2016-11-04"),
        ("EUU", "2016-11-04"),
        ("AUS", "2016-12-09"),
        ("GBR", "2016-12-18"),
        ("USA", "2021-02-19"),
    ] {
        let view = on(&chain, PARIS, date("2021-02-19"));
        let party = view.parties.into_iter().find(|party| party.member == member).expect(member);
        assert_eq!(text(party.since), since, "{member}");
    }
    for (day, is_party) in [
        ("2016-11-03", false),
        ("2016-11-04", true),
        ("2019-11-04", true),
        ("2020-11-03", true),
        ("2020-11-04", false),
        ("2021-01-20", false),
        ("2021-02-18", false),
        ("2021-02-19", true),
    ] {
        assert_eq!(parties(&chain, PARIS, date(day)).contains(&"USA".into()), is_party, "USA on {day}");
        let call = sol::isPartyCall { treaty, member: word("USA"), date: date(day) };
        assert_eq!(chain.send("USA", &call), is_party, "isParty on {day}");
    }
    let statements = vec![sol::Statement {
        kind: InstrumentKind::Reservation,
        text: "Except coal.".into(),
        documentHash: B256::ZERO,
    }];
    let call = sol::depositInstrumentCall { treaty, kind: InstrumentKind::Ratification, statements };
    assert_eq!(refused(&mut chain, account("RUS"), &call), "ReservationsForbidden");
}

fn statement(kind: InstrumentKind, text: &str) -> sol::Statement {
    sol::Statement { kind, text: text.into(), documentHash: keccak256(text) }
}

#[test]
fn reservations_are_objected_to_in_time_and_withdrawn_at_will() {
    use InstrumentKind as K;
    let treaty = word(TREATY);
    let mut chain =
        with("objections = { by = \"parties\", within = \"90d\" }\nwithdrawal = { notice = \"1y\" }");
    let deposit = |statements| sol::depositInstrumentCall { treaty, kind: K::Ratification, statements };
    for (statements, error) in [
        (vec![statement(K::Objection, "no")], "WrongInstrument"),
        (vec![statement(K::Reservation, " ")], "InvalidStatement"),
        (vec![statement(K::Reservation, &"x".repeat(2_049))], "TooMany"),
        (vec![statement(K::Declaration, "x"); 9], "TooMany"),
    ] {
        assert_eq!(refused(&mut chain, account("AAA"), &deposit(statements)), error);
    }
    assert_eq!(instrument_count(&chain.memory), 0, "a refused deposit files nothing");
    let said = vec![statement(K::Reservation, "Except fish."), statement(K::Declaration, "We like rivers.")];
    chain.send("AAA", &deposit(said));
    chain.send("BBB", &deposit(vec![]));
    let object = |id: u64, opposes| sol::objectCall {
        id: U256::from(id),
        opposes,
        text: "Fish too.".into(),
        documentHash: B256::ZERO,
    };
    // 1 the deposit of AAA, 2 its reservation, 3 its declaration, 4 the deposit of BBB.
    for (who, id, error) in [
        ("AAA", 2, "NotObjectionable"),
        ("BBB", 3, "NotObjectionable"),
        ("BBB", 99, "UnknownInstrument"),
        ("BBB", 0, "UnknownInstrument"),
        ("CCC", 2, "NoRight"),
        ("ORG", 2, "KindNotAllowed"),
    ] {
        assert_eq!(refused(&mut chain, account(who), &object(id, true)), error, "{who} {id}");
    }
    chain.send("BBB", &object(2, true));
    assert_eq!(refused(&mut chain, account("BBB"), &object(2, false)), "AlreadyObjected");
    let view = on(&chain, TREATY, chain.now());
    let row = |view: &ForceView, who: &str| {
        view.parties.iter().find(|party| party.member == who).cloned().expect("a Party")
    };
    assert_eq!(
        (row(&view, "AAA").not_between, row(&view, "BBB").not_between),
        (vec!["BBB".into()], vec!["AAA".into()])
    );
    let said = row(&view, "AAA").statements;
    assert_eq!(
        said.iter().map(|s| (s.kind, s.text.as_str())).collect::<Vec<_>>(),
        [(K::Reservation, "Except fish."), (K::Declaration, "We like rivers.")]
    );
    assert_eq!(said[0].document_hash, Some(keccak256("Except fish.")));
    let then = chain.now();

    // The period is over for BBB's like, not for one that deposits today.
    go(&mut chain, then + 91 * DAY);
    let retract = |id: u64| sol::retractCall { id: U256::from(id) };
    assert_eq!(refused(&mut chain, account("AAA"), &retract(5)), "NotYours");
    assert_eq!(refused(&mut chain, account("BBB"), &retract(4)), "WrongInstrument");
    chain.send("BBB", &retract(5));
    assert_eq!(refused(&mut chain, account("BBB"), &retract(5)), "Ended");
    assert_eq!(refused(&mut chain, account("BBB"), &object(2, false)), "ObjectionTooLate");
    chain.send("CCC", &deposit(vec![]));
    chain.send("CCC", &object(2, false));
    let view = on(&chain, TREATY, chain.now());
    assert!(row(&view, "AAA").not_between.is_empty(), "one is retracted, the other opposes nothing");
    assert_eq!(row(&on(&chain, TREATY, then), "AAA").not_between, ["BBB"], "as it was");
    chain.send("AAA", &retract(2));
    assert_eq!(row(&on(&chain, TREATY, chain.now()), "AAA").statements.len(), 1);
    assert_eq!(refused(&mut chain, account("DDD"), &object(2, false)), "NotObjectionable");

    // Declarations at any time, reservations only with the deposit.
    let declare = |kind| sol::declareCall { treaty, statements: vec![statement(kind, "More.")] };
    assert_eq!(refused(&mut chain, account("AAA"), &declare(K::Reservation)), "WrongInstrument");
    assert_eq!(refused(&mut chain, account("DDD"), &declare(K::Declaration)), "NotDeposited");
    chain.send("AAA", &declare(K::Declaration));
    assert_eq!(row(&on(&chain, TREATY, chain.now()), "AAA").statements.len(), 2);
    let filed: Vec<_> = instruments(&chain.memory, 1, 100).into_iter().map(|i| i.kind.as_str()).collect();
    assert_eq!(
        filed,
        [
            "ratification",
            "reservation",
            "declaration",
            "ratification",
            "objection",
            "ratification",
            "objection",
            "declaration"
        ]
    );
}

#[test]
fn the_future_is_told_as_far_as_it_is_certain() {
    let mut chain = with("later = \"30d\"\nwithdrawal = { notice = \"1y\", not_before = \"3y\" }");
    act(&mut chain, "AAA", "deposits");
    let start = chain.now();
    go(&mut chain, start + DAY);
    act(&mut chain, "BBB", "deposits");
    let view = on(&chain, TREATY, chain.now());
    assert_eq!(
        view.waiting,
        [WaitingView { member: "BBB".into(), deposited_on: chain.now(), from: Some(chain.now() + 30 * DAY) }]
    );
    let certain = |day: &str| {
        let view = on(&chain, TREATY, date(day));
        view.parties.iter().map(|party| (party.member.clone(), party.certain)).collect::<Vec<_>>()
    };
    let (a, b) = (|certain| ("AAA".to_owned(), certain), |certain| ("BBB".to_owned(), certain));
    assert_eq!(text(start), "2020-01-02");
    assert_eq!(certain("2020-02-01"), [a(true)]);
    assert_eq!(certain("2020-02-02"), [a(true), b(true)]);
    assert_eq!(certain("2024-01-01"), [a(true), b(true)], "notice from 2023-01-02, and a year after that");
    assert_eq!(certain("2024-01-02"), [a(false), b(true)]);
    assert_eq!(certain("2024-02-02"), [a(false), b(false)]);
}

#[test]
fn the_end_of_a_notice_fits_its_gas() {
    let limb = |i: usize| {
        format!(
            "[[rules.first.limb]]\nname = \"limb-{i}\"\nweight = \"share\"\nnumerator = \"instruments\"\n\
             threshold = \"> 1/1000\"\n"
        )
    };
    let limbs: String = (0..polity_decision::LIMBS_MAX).map(limb).collect();
    let (head, rest) = CHARTER.split_once("[rules.first]").expect("the rule");
    let (_, rest) = rest.split_once("[rules.majority]").expect("what follows it");
    let source = "x".repeat(5_000);
    let text = format!("{head}[rules.first]\nsource = \"{source}\"\n{limbs}[rules.majority]{rest}");
    let mut chain = Chain::new(&text);
    for who in MEMBERS {
        assert_eq!(act(&mut chain, who, "deposits"), "ok");
    }
    let start = chain.now();
    go(&mut chain, start + DAY);
    assert_eq!(act(&mut chain, "AAA", "withdraws"), "ok");
    chain.next(61 * DAY);
    let id = U256::from(instrument_count(&chain.memory));
    let outcome = chain.call(SYSTEM, ASSEMBLY, &sol::takeEffectCall { id });
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    assert!(outcome.gas_used + 110_000 < crate::agenda::TAKE_EFFECT_GAS_MAX, "{}", outcome.gas_used);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// What was in force on a day is the same whenever it is asked, the chain's own view agrees, and the count of deposits and
    /// the tally are those of the instruments that stand.
    #[test]
    fn the_past_does_not_change(
        acts in proptest::collection::vec((0usize..5, 0usize..4, 0u64..14), 1..30),
        clauses in proptest::sample::select(vec![
            "", "later = \"10d\"\nwithdrawal = { notice = \"15d\" }",
            "later = { delay = \"7d\", once = \"in-force\" }\nwithdrawal = { notice = \"1mo\", not_before = \"20d\" }",
        ]),
    ) {
        let mut chain = with(clauses);
        let mut seen: Vec<(u64, Vec<String>)> = Vec::new();
        for (who, deed, wait) in acts {
            let deed = ["deposits", "withdraws", "revokes", "signs"][deed];
            act(&mut chain, MEMBERS[who], deed);
            for _ in 0..wait {
                chain.end();
                let today = chain.now();
                let view = parties(&chain, TREATY, today);
                for member in MEMBERS {
                    let call = sol::isPartyCall { treaty: word(TREATY), member: word(member), date: today };
                    prop_assert_eq!(chain.send("AAA", &call), view.contains(&member.to_owned()));
                }
                seen.push((today, view));
                chain.next(DAY);
            }
        }
        chain.end();
        for (day, then) in &seen {
            prop_assert_eq!(&parties(&chain, TREATY, *day), then, "{}", text(*day));
        }
        let deposited = deposits(&chain.memory, TREATY).len();
        prop_assert_eq!(treaties(&chain.memory)[1].deposits, deposited as u64);
        let report = treaty_progress(&chain.memory, TREATY).expect("the treaty");
        prop_assert_eq!(report.limbs[0].numerator.to_string(), deposited.to_string());
    }
}
