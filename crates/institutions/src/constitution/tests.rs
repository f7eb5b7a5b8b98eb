//! Amendments on a host in memory: laws, what each setting's amendment does, what is refused and when, and the chain of
//! versions. That blocks follow their rules is tried in `execution` and `ledger`.

mod conserve;
mod elected;
mod evidence;
mod exits;
mod fees;
mod outlook;
mod scene;
mod stake;
mod standing;
mod turn;

use alloy_primitives::Address;
use alloy_sol_types::SolCall;
use polity_charter::{Access, Change, Fees, History, Kind, Rights, parse, rewritten};
use polity_primitives::{AGREEMENT, REGISTRY, SYSTEM};

use super::{IConstitution as sol, *};
use crate::{
    assembly::{
        self, IAssembly, explain,
        tests::{CHARTER, Chain, DAY, account, word},
    },
    directory,
    host::Failure,
    laws::{Example, laws},
    memory::{Memory, Request},
    registry::{self, IRegistry},
    treasury,
};

fn changes(lines: &[&str]) -> Vec<sol::Change> {
    let change = |line: &&str| {
        let change: Change = line.parse().unwrap_or_else(|error| panic!("{line}: {error}"));
        let op = sol::Op::try_from(change.op as u8).expect("an operation");
        sol::Change { op, path: change.path, value: change.value }
    };
    lines.iter().map(change).collect()
}

fn amend_call(lines: &[&str]) -> IAssembly::Call {
    let data = sol::amendCall { changes: changes(lines) }.abi_encode().into();
    IAssembly::Call { target: CONSTITUTION, value: U256::ZERO, data }
}

/// Amends by decision: the problem, if it is refused.
pub(crate) fn amend(chain: &mut Chain, lines: &[&str]) -> Result<(), String> {
    let call = sol::amendCall { changes: changes(lines) };
    match chain.call(AGREEMENT, CONSTITUTION, &call).result {
        Ok(_) => Ok(()),
        Err(Failure::Revert(output)) => Err(explain(&output)),
        Err(Failure::Halt(halt)) => panic!("{lines:?}: {halt}"),
    }
}

/// The pact, in which states and experts hold enough to pay fees.
fn chain() -> Chain {
    let mut chain = Chain::new(CHARTER);
    for who in ["AAA", "BBB", "CCC", "DDD", "EEE", "SAM"] {
        chain.memory.mint(account(who), U256::from(10).pow(U256::from(18)));
    }
    chain
}

/// A chain on which `lines` are amended.
fn amended(lines: &[&str]) -> Memory {
    let mut chain = chain();
    amend(&mut chain, lines).unwrap_or_else(|problem| panic!("{lines:?}: {problem}"));
    chain.memory
}

/// After an amendment; with bonds, a delegation, a payment that is due, rewards, a score and an offence.
fn world() -> Memory {
    let mut settings = scene::settings();
    settings.incentive.standing = Some(scene::score());
    let mut chain = scene::scene(&settings, &["AAA", "BBB", "CCC"]);
    let guest = GUEST;
    let delegate = sol::delegateCall { candidate: word("AAA") };
    scene::pay(&mut chain, guest, 500, &delegate).expect("delegates");
    let undelegate = sol::undelegateCall { candidate: word("AAA"), amount: U256::from(100) };
    scene::send(&mut chain, guest, &undelegate).expect("leaves");
    scene::block(&mut chain, 8 * DAY, "AAA", &[]);
    let accuse = sol::accuseCall { evidence: scene::votes(2, 0, ("CCC", 1), ("CCC", 2)).into() };
    scene::send(&mut chain, guest, &accuse).expect("proved");
    // The text keeps no incentive: amended by hand of nothing but the text.
    crate::genesis::inside(&mut chain.memory, CONSTITUTION, |cx| {
        let at = constitution();
        let (before, turn) = (at.consensus.get(cx)?, at.turn.get(cx)?);
        let changes = changes(&["set chambers.plenary.voting = \"8d\""]);
        let judged = judge::judge(&at, cx, &changes)?;
        let parent = at.hash.get(cx)?;
        at.store(cx, &judged.new, parent, 1, &alloy_sol_types::SolValue::abi_encode(&changes))?;
        at.consensus.set(cx, &before)?;
        at.closes.set(cx, true)?;
        at.turn.set(cx, turn)
    })
    .expect("amended");
    chain.next(DAY);
    for who in ["BBB", "DDD"] {
        chain.memory.mint(account(who), U256::from(50));
    }
    chain.memory
}

const GUEST: Address = Address::repeat_byte(0x67);

fn examples() -> Vec<Example> {
    fn paid<C: SolCall>(who: &str, value: u64, call: &C) -> Example {
        Example::new(account(who), CONSTITUTION, call).with_value(value)
    }
    let by = |call: Vec<u8>| Example::of(Request::new(Address::ZERO, CONSTITUTION, call));
    let changes = changes(&["set chambers.plenary.delay = \"4d\""]);
    vec![
        Example::new(AGREEMENT, CONSTITUTION, &sol::amendCall { changes: changes.clone() }),
        by(sol::checkCall { changes }.abi_encode()),
        by(sol::versionCall {}.abi_encode()),
        by(sol::charterHashCall {}.abi_encode()),
        by(sol::textCall {}.abi_encode()),
        by(sol::versionOfCall { number: 1 }.abi_encode()),
        by(sol::changesOfCall { number: 1 }.abi_encode()),
        by(sol::blockRulesCall {}.abi_encode()),
        by(sol::consensusCall {}.abi_encode()),
        paid("BBB", 50, &sol::bondCall {}),
        Example::new(account("BBB"), CONSTITUTION, &sol::unbondCall { amount: U256::from(10) }),
        paid("DDD", 50, &sol::delegateCall { candidate: word("AAA") }),
        Example::new(
            GUEST,
            CONSTITUTION,
            &sol::undelegateCall { candidate: word("AAA"), amount: U256::from(10) },
        ),
        Example::new(
            GUEST,
            CONSTITUTION,
            &sol::redelegateCall { candidate: word("AAA"), to: word("BBB"), amount: U256::from(10) },
        ),
        by(sol::releaseCall { id: U256::from(1) }.abi_encode()),
        Example::new(account("AAA"), CONSTITUTION, &sol::claimCall { candidate: word("AAA") }),
        by(sol::accuseCall { evidence: scene::votes(3, 0, ("BBB", 1), ("BBB", 2)).into() }.abi_encode()),
        Example::new(AGREEMENT, CONSTITUTION, &sol::adjustStandingCall { member: word("BBB"), by: 3 }),
        Example::new(
            SYSTEM,
            CONSTITUTION,
            &sol::closeCall { writer: scene::node("AAA"), missed: vec![scene::node("BBB")] },
        ),
        Example::new(
            SYSTEM,
            CONSTITUTION,
            &sol::convictCall {
                writer: scene::node("AAA"),
                evidence: scene::votes(3, 0, ("BBB", 1), ("BBB", 2)).into(),
            },
        ),
        by(sol::turnCall {}.abi_encode()),
        by(sol::stakeOfCall { member: word("AAA") }.abi_encode()),
        by(sol::delegationOfCall { candidate: word("AAA"), holder: GUEST.into_word() }.abi_encode()),
        by(sol::unbondingOfCall { id: U256::from(1) }.abi_encode()),
        by(sol::unbondingCountCall {}.abi_encode()),
        by(sol::standingOfCall { member: word("AAA") }.abi_encode()),
        by(sol::supplyCall {}.abi_encode()),
        by(sol::delegatesCall {}.abi_encode()),
        by(sol::offenceCountCall {}.abi_encode()),
        by(sol::offenceAtCall { index: U256::ZERO }.abi_encode()),
    ]
}

laws!(CONSTITUTION, world, examples);

#[test]
fn the_founding_charter_is_version_0() {
    let chain = chain();
    let founding = crate::assembly::tests::charter(CHARTER);
    assert_eq!(version(&chain.memory), 0);
    assert_eq!(charter_hash(&chain.memory), founding.hash);
    assert_eq!(charter_text(&chain.memory).as_deref(), Some(CHARTER));
    assert_eq!(block_rules(&chain.memory), Some(BlockRules::from(&founding)));
    assert_eq!(consensus(&chain.memory), Some(founding.consensus));
    let versions = versions(&chain.memory, 0, 10);
    assert_eq!(versions.len(), 1);
    assert_eq!((versions[0].height, versions[0].active_from, versions[0].parent), (0, 0, B256::ZERO));
}

#[test]
fn only_a_decision_amends() {
    let mut chain = chain();
    let call = sol::amendCall { changes: changes(&["set name = \"X\""]) };
    for who in [account("AAA"), SYSTEM, CONSTITUTION] {
        let result = chain.call(who, CONSTITUTION, &call).result;
        let Err(Failure::Revert(output)) = result else { panic!("{who}: {result:?}") };
        assert_eq!(directory::error_name(&output).as_deref(), Some("NotByDecision"));
    }
}

/// Each row: an amendment and what the chain then answers.
#[test]
fn every_setting_lives_where_the_chain_reads_it() {
    let rules = |memory: &Memory| block_rules(memory).expect("rules");
    let member = |memory: &Memory, id: &str| registry::member(memory, id).expect("a member");
    let chamber =
        |memory: &Memory, id: &str| assembly::chambers(memory).into_iter().find(|chamber| chamber.id == id);
    type Row<'a> = (&'a [&'a str], &'a dyn Fn(&Memory) -> bool);
    let rows: &[Row<'_>] = &[
        (&["set fees = { policy = \"market\", initial_base_fee = \"7 wei\" }"], &|m| {
            rules(m).fees == Fees::Market { initial_base_fee_wei: 7 }
        }),
        (&["set ledger.block_gas_limit = 45_000_000"], &|m| rules(m).gas_limit == 45_000_000),
        (&["set ledger.history = 300"], &|m| rules(m).history == History::Blocks(300)),
        (&["set access.transact = \"anyone\""], &|m| {
            (rules(m).transact, rules(m).connect) == (Access::Anyone, Access::Members)
        }),
        (&["set access.connect = \"anyone\""], &|m| rules(m).connect == Access::Anyone),
        (
            &[
                "set clock.block_time = \"70ms\"",
                "add clock.until = 2021-01-01",
                "add clock.block_time_after = \"2s\"",
            ],
            &|m| (rules(m).pace_ms(0), rules(m).pace_ms(u64::MAX)) == (70, 2_000),
        ),
        (&["set rights.igo = [\"read\"]"], &|m| member(m, "ORG").rights == Rights::READ),
        (&["set rules.majority.limb[0].threshold = \"> 3/4\""], &|m| {
            let rules = assembly::rules(m);
            let rule = rules.iter().find(|rule| rule.id == "majority").expect("the rule");
            rule.rule.limbs[0].threshold.to_string() == "> 3/4"
        }),
        (
            &[
                "add rules.two = { limb = [{ name = \"m\", numerator = \"yes\", threshold = \">= 2\" }] }",
                "set chambers.council.rule = \"two\"",
                "remove rules.unanimous",
            ],
            &|m| {
                let ids: Vec<_> = assembly::rules(m).into_iter().map(|rule| rule.id).collect();
                ids.contains(&"two".to_owned())
                    && !ids.contains(&"unanimous".to_owned())
                    && chamber(m, "council").expect("it").rule == "two"
            },
        ),
        (&["set chambers.plenary.voting = \"9d\""], &|m| {
            chamber(m, "plenary").expect("it").voting_secs == 9 * DAY
        }),
        (&["remove chambers.council"], &|m| chamber(m, "council").is_none()),
        (
            &["add chambers.elders = { members = [\"SAM\", \"AAA\"], rule = \"majority\", voting = \"1d\" }"],
            &|m| chamber(m, "elders").is_some(),
        ),
        (&["set treaties.accord.name = \"The Accord\""], &|m| assembly::treaties(m)[0].name == "The Accord"),
        (&["add treaties.second = { rule = \"accession\", depositors = [\"state\"] }"], &|m| {
            assembly::treaties(m).iter().any(|treaty| treaty.id == "second")
        }),
        (&["add treasury.parks = \"0\""], &|m| {
            treasury::accounts(m).iter().any(|account| account.0 == "parks")
        }),
        (&["set members.AAA.name = \"Ah\""], &|m| member(m, "AAA").name == "Ah"),
        (&["set members.SAM.kind = \"state\""], &|m| member(m, "SAM").kind == Kind::State),
        (&["set members.AAA.classes = [\"rich\"]"], &|m| member(m, "AAA").classes == ["rich"]),
        // The registry counts shares in halves.
        (&["set members.AAA.weights.share = \"5/2\""], &|m| {
            member(m, "AAA").weights.get("share") == Some(&5)
        }),
        (&["set members.AAA.weights.share = 0"], &|m| !member(m, "AAA").weights.contains_key("share")),
        (&["set members.AAA.weights.size = \"1/3\""], &|m| member(m, "AAA").weights.get("size") == Some(&1)),
        (&["set members.SAM.rights = [\"vote\"]"], &|m| member(m, "SAM").rights.contains(Rights::VOTE)),
        (&["remove members.EEE"], &|m| registry::status_at(m, "EEE", u64::MAX) == registry::Status::Expelled),
        (
            &[
                "add members.NEW = { kind = \"igo\", address = \"0xaa00000000000000000000000000000000000001\", weights = { share = 2 } }",
            ],
            &|m| registry::member(m, "NEW").is_some_and(|new| new.weights.get("share") == Some(&4)),
        ),
        (
            &[
                "set rights.state = [\"read\", \"vote\", \"propose\", \"transact\"]",
                "set members.BBB.rights = [\"validate\"]",
            ],
            &|m| registry::validators(m).len() == 1,
        ),
        (&["set name = \"Another\"", "add sources = [\"x\"]"], &|_| true),
    ];
    for (lines, holds) in rows {
        let before = chain().memory;
        assert!(!holds(&before) || lines[0].contains("Another"), "{lines:?} holds before");
        let memory = amended(lines);
        assert!(holds(&memory), "{lines:?}");
        assert_eq!(version(&memory), 1);
        let text = charter_text(&memory).expect("a text");
        let charter = parse("amended", &text).expect("a charter").charter;
        assert_eq!(charter_hash(&memory), charter.hash);
        assert_eq!(block_rules(&memory), Some(BlockRules::from(&charter)), "{lines:?}");
    }
}

#[test]
fn what_cannot_be_is_refused_in_words_and_changes_nothing() {
    for (lines, problem) in [
        (&["set chambers.plenary.rule = \"none\""][..], "there is no rule `none`"),
        (&["set chambers.plenary.kinds = [\"ngo\"]"], "nobody sits in this chamber"),
        (&["set rules.majority.limb[0].threshold = \"> 5\""], "can never be met"),
        (&["set id = \"other\""], "it names this chain"),
        (&["set members.AAA.balance = \"5\""], "propose treasury.pay"),
        (&["set members.AAA.weights.share = \"1/7\""], "counts this weight in 2 parts of one"),
        (&["set rights.state = [\"read\", \"vote\"]"], "nobody may validate"),
        (&["set nowhere.x = 1"], "unknown key `nowhere`"),
        (&["set name = { en = \"A pact\", zh = \"约定\" }"], "it changes nothing"),
        (&[], "0 changes"),
        (&["set x = 1", "set y = 1", "set z = 1"], "(and"),
    ] {
        let mut chain = chain();
        let before = chain.memory.clone();
        let found = amend(&mut chain, lines).expect_err(problem);
        assert!(found.contains(problem), "{lines:?}: {found}");
        assert_eq!(chain.memory.slots(), before.slots(), "{lines:?}");
        let check = sol::checkCall { changes: changes(lines) };
        let Err(Failure::Revert(output)) = chain.call(Address::ZERO, CONSTITUTION, &check).result else {
            panic!("{lines:?}: check does not refuse")
        };
        assert_eq!(explain(&output), found);
    }
}

#[test]
fn a_member_that_left_can_only_be_removed() {
    let mut chain = chain();
    chain.call(account("EEE"), REGISTRY, &IRegistry::resignCall {}).result.expect("it leaves");
    let found = amend(&mut chain, &["set members.EEE.name = \"Gone\""]).expect_err("it is gone");
    assert!(found.contains("no member any more"), "{found}");
    assert_eq!(amend(&mut chain, &["remove members.EEE"]), Ok(()));
    assert_eq!(registry::status_at(&chain.memory, "EEE", u64::MAX), registry::Status::Left);
}

#[test]
fn a_member_admitted_by_decision_can_be_written_into_the_charter() {
    let mut chain = chain();
    let admission = IRegistry::Admission {
        id: word("NEW"),
        name: "New".into(),
        kind: IRegistry::Kind::State,
        account: account("NEW"),
        recovery: Address::ZERO,
        rights: 0,
        classes: vec![],
        weights: vec![],
        consensusKey: Bytes::new(),
        peerKey: B256::ZERO,
    };
    chain.decide(REGISTRY, &IRegistry::admitCall { admission });
    let entry = |who: &str| {
        format!(
            "add members.NEW = {{ name = \"Newland\", kind = \"state\", address = \"{}\", weights = {{ share = 7 }} }}",
            account(who)
        )
    };
    let found = amend(&mut chain, &[&entry("OTHER")]).expect_err("another account");
    assert!(found.contains("AlreadyMember"), "{found}");
    assert_eq!(amend(&mut chain, &[&entry("NEW")]), Ok(()));
    let member = registry::member(&chain.memory, "NEW").expect("it");
    assert_eq!((member.name.as_str(), member.weights["share"]), ("Newland", 14));
}

#[test]
fn versions_are_linked_and_replay_to_the_same_hashes() {
    let mut chain = chain();
    let steps: [&[&str]; 4] = [
        &["set chambers.plenary.voting = \"8d\""],
        &["add members.AAA.classes = [\"rich\"]", "add sources = [\"a\", \"b\"]"],
        &["remove sources[0]", "set fees = { policy = \"market\", initial_base_fee = \"1 gwei\" }"],
        &["set chambers.plenary.voting = \"7d\""],
    ];
    for lines in steps {
        chain.next(DAY);
        amend(&mut chain, lines).unwrap_or_else(|problem| panic!("{lines:?}: {problem}"));
    }
    let versions = versions(&chain.memory, 0, 100);
    assert_eq!(versions.iter().map(|version| version.number).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    let mut text = CHARTER.to_owned();
    for pair in versions.windows(2) {
        let [before, version] = pair else { unreachable!() };
        assert_eq!((version.parent, version.active_from), (before.hash, version.height + 1));
        text = rewritten(&text, &version.changes).expect("recorded changes can be made again");
        assert_eq!(keccak256(&text), version.hash);
    }
    assert_eq!(charter_text(&chain.memory), Some(text));
    assert_eq!(super::versions(&chain.memory, 3, 1)[0], versions[3]);
}

#[test]
fn a_proposal_with_an_amendment_is_judged_when_it_is_made() {
    let mut chain = chain();
    let propose = |calls: Vec<IAssembly::Call>| IAssembly::proposeCall {
        track: word("plenary"),
        title: "x".into(),
        calls,
    };
    let good = amend_call(&["set chambers.plenary.delay = \"4d\""]);
    let bad = amend_call(&["set chambers.plenary.rule = \"none\""]);
    assert_eq!(chain.try_send(account("AAA"), &propose(vec![bad])).map(drop), Err("InvalidAmendment".into()));
    assert_eq!(
        chain.try_send(account("AAA"), &propose(vec![good.clone(), good.clone()])).map(drop),
        Err("TooMany".into())
    );
    let mut cut = good.clone();
    cut.data = cut.data.slice(..cut.data.len() - 1);
    assert_eq!(
        chain.try_send(account("AAA"), &propose(vec![cut])).map(drop),
        Err("MalformedCalldata".into())
    );
    assert!(chain.try_send(account("AAA"), &propose(vec![good])).is_ok());
}

/// Adopts a proposal of `calls` in the plenary and carries it out; returns its status.
fn adopt(chain: &mut Chain, id: u64) -> IAssembly::Status {
    for who in ["AAA", "BBB", "CCC"] {
        chain.ballot(who, id, IAssembly::Choice::Yes);
    }
    chain.run(12 * DAY);
    assembly::proposal(&chain.memory, id).expect("it").status
}

#[test]
fn an_amendment_that_became_impossible_fails_with_the_reason_and_changes_nothing() {
    let mut chain = chain();
    let removal = amend_call(&["remove chambers.council"]);
    let change = amend_call(&["set chambers.council.voting = \"2d\"", "set name = \"Changed\""]);
    let first = chain.propose("AAA", "plenary", vec![removal]);
    let second = chain.propose("AAA", "plenary", vec![change]);
    for id in [first, second] {
        for who in ["AAA", "BBB", "CCC"] {
            chain.ballot(who, id, IAssembly::Choice::Yes);
        }
    }
    assert_eq!(adopt(&mut chain, first), IAssembly::Status::Executed);
    let failed = assembly::proposal(&chain.memory, second).expect("it");
    assert_eq!(failed.status, IAssembly::Status::Failed);
    let reason = explain(
        &chain.try_send(Address::ZERO, &IAssembly::reasonOfCall { id: U256::from(second) }).expect("it"),
    );
    assert!(reason.contains("there is no chambers.council"), "{reason}");
    let versions = versions(&chain.memory, 0, 9);
    assert_eq!(versions.len(), 2);
    assert_eq!(versions[1].proposal, Some(first));
    assert!(charter_text(&chain.memory).expect("a text").contains("A pact"));
}

/// `limb[0]` that was voted on is not whatever stands there after another amendment.
#[test]
fn places_in_a_list_that_changed_since_the_opening_are_not_meant() {
    let first =
        "add rules.majority.limb = { name = \"second\", numerator = \"cast\", threshold = \">= 1/2\" }";
    let place = "set rules.majority.limb[0].threshold = \"> 2/3\"";
    for (before, lines, expected) in [
        (first, &[place][..], IAssembly::Status::Failed),
        (
            "set rules.majority = { limb = [{ name = \"x\", numerator = \"yes\", threshold = \"> 1/2\" }] }",
            &[place],
            IAssembly::Status::Failed,
        ),
        ("set rules.unanimous.limb[0].threshold = \"> 3/5\"", &[place], IAssembly::Status::Executed),
        (first, &["set rules.majority.name.en = \"x\""], IAssembly::Status::Executed),
        (
            first,
            &["set \"rules\".'majority'.limb[0].name = \"x\"", "set name = \"X\""],
            IAssembly::Status::Failed,
        ),
    ] {
        let mut chain = chain();
        for lines in [lines, &[before]] {
            assert_eq!(amend(&mut chain.clone(), lines), Ok(()), "by itself it is sound");
        }
        let old = chain.propose("AAA", "plenary", vec![amend_call(lines)]);
        let new = chain.propose("BBB", "council", vec![amend_call(&[before])]);
        for who in ["AAA", "BBB", "CCC"] {
            chain.ballot(who, old, IAssembly::Choice::Yes);
        }
        // The council's delay is a day, the plenary's three.
        assert_eq!(adopt(&mut chain, new), IAssembly::Status::Executed, "{before}");
        let status = assembly::proposal(&chain.memory, old).unwrap().status;
        assert_eq!(status, expected, "{lines:?} after {before}");
        if expected == IAssembly::Status::Failed {
            let why = assembly::proposal(&chain.memory, old).unwrap().failure_text().unwrap();
            assert!(why.contains("rules.majority.limb: version 1 of the charter changed this list"), "{why}");
            // What opens now has seen it.
            let again = chain.propose("AAA", "plenary", vec![amend_call(lines)]);
            assert_eq!(adopt(&mut chain, again), IAssembly::Status::Executed);
        }
    }
}

#[test]
fn the_rule_of_amendments_is_judged_by_the_rule_in_force_at_the_opening() {
    let mut chain = chain();
    // Three of five are enough now; after the first of these, four would be needed. Both are open at once.
    let stricter = amend_call(&["set rules.majority.limb[0].threshold = \"> 3/4\""]);
    let other = amend_call(&["set chambers.council.voting = \"2d\""]);
    let first = chain.propose("AAA", "plenary", vec![stricter]);
    let second = chain.propose("BBB", "plenary", vec![other.clone()]);
    assert_eq!(adopt(&mut chain, first), IAssembly::Status::Executed);
    let third = chain.propose("AAA", "plenary", vec![amend_call(&["set name = \"Third\""])]);
    // The second was open for as long, and closed without ballots: open one under the old rule and decide it under the new.
    assert_eq!(assembly::proposal(&chain.memory, second).expect("it").status, IAssembly::Status::Rejected);
    assert_eq!(
        adopt(&mut chain, third),
        IAssembly::Status::Rejected,
        "three of five are not enough any more"
    );

    let mut chain = self::chain();
    let first = chain.propose(
        "AAA",
        "plenary",
        vec![amend_call(&["set rules.majority.limb[0].threshold = \"> 3/4\""])],
    );
    for who in ["AAA", "BBB", "CCC"] {
        chain.ballot(who, first, IAssembly::Choice::Yes);
    }
    chain.run(2 * DAY);
    let second = chain.propose("BBB", "plenary", vec![other]);
    chain.run(2 * DAY);
    assert_eq!(assembly::proposal(&chain.memory, first).expect("it").status, IAssembly::Status::Executed);
    assert_eq!(assembly::proposal(&chain.memory, second).expect("it").status, IAssembly::Status::Open);
    assert_eq!(adopt(&mut chain, second), IAssembly::Status::Executed, "three of five, as when it opened");
}

#[test]
fn a_charter_too_long_to_be_kept_runs_and_cannot_be_amended() {
    let long = format!("{CHARTER}\n{}", "# a comment\n".repeat(TEXT_BYTES_MAX / 12));
    let mut chain = Chain::new(&long);
    assert_eq!(charter_text(&chain.memory), None);
    assert!(block_rules(&chain.memory).is_some());
    let found = amend(&mut chain, &["set name = \"X\""]).expect_err("too long");
    assert!(found.contains("cannot be amended"), "{found}");
}

/// An amendment of the longest charter there may be fits what enactments have, and what a transaction that proposes it has.
#[test]
fn the_longest_charter_can_be_amended() {
    let paris = polity_charter::builtin("paris").expect("it");
    // Keys make a line of each member that long, and longer.
    let text = paris.replace(" = { name = \"", &format!(" = {{ name = \"{}", "x".repeat(300)));
    let text = format!("{text}# {}\n", "x".repeat(TEXT_BYTES_MAX - text.len() - 100));
    assert!((TEXT_BYTES_MAX - 200..TEXT_BYTES_MAX).contains(&text.len()), "{}", text.len());
    let mut chain = Chain::new(&text);
    let call = sol::amendCall { changes: changes(&["set rules.two-thirds.limb[0].threshold = \">= 3/4\""]) };
    let outcome = chain.call(AGREEMENT, CONSTITUTION, &call);
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    let spare = 1_000_000;
    assert!(outcome.gas_used < crate::agenda::ENACT_GAS_MAX - spare, "{}", outcome.gas_used);
}
