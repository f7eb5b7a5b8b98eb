//! The laws, worked examples, and the properties the registry promises: one account one member, one key one validator, a
//! past that never changes.

use std::collections::{BTreeMap, BTreeSet};

use alloy_sol_types::{SolCall, SolError};
use polity_charter::Kind;
use polity_primitives::Height;
use proptest::prelude::*;
use secp256k1::{SECP256K1, SecretKey};

use super::{steps::consensus_address, *};
use crate::{
    host::{BlockInfo, Failure},
    laws::{Example, laws},
    memory::{Memory, Request},
};

const ALL: u16 = 0xff;
const VALIDATE: u16 = Rights::VALIDATE.0;

fn id(name: &str) -> B256 {
    names::word(name).expect("a name")
}

/// Account number `n`, far from the reserved range.
fn account(n: u8) -> Address {
    Address::repeat_byte(n)
}

fn consensus_key(n: u8) -> Vec<u8> {
    let secret = SecretKey::from_byte_array([n; 32]).expect("nonzero");
    secret.public_key(SECP256K1).serialize().to_vec()
}

fn peer(n: u8) -> B256 {
    B256::repeat_byte(n)
}

/// A state with account `n`, recovery account `n + 100`, and with `node` the node keys number `n`.
fn state(name: &str, n: u8, node: bool) -> Admission {
    Admission {
        id: id(name),
        name: format!("State of {name}"),
        kind: Kind::State.into(),
        account: account(n),
        recovery: account(n + 100),
        rights: 0,
        classes: vec![id("parties")],
        weights: vec![sol::Weight { name: id("emissions"), value: u128::from(n) * 10 }],
        consensusKey: if node { consensus_key(n).into() } else { Bytes::new() },
        peerKey: if node { peer(n) } else { B256::ZERO },
    }
}

fn request<C: SolCall>(caller: Address, call: &C) -> Request {
    Request::new(caller, REGISTRY, call.abi_encode())
}

/// Calls and panics with the error's name.
fn ok<C: SolCall>(world: &mut Memory, caller: Address, call: &C) -> C::Return {
    match world.call(&request(caller, call)).result {
        Ok(output) => C::abi_decode_returns(&output).expect("its own output"),
        Err(Failure::Revert(output)) => {
            panic!("{} reverts: {:?}", C::SIGNATURE, crate::directory::error_name(&output))
        }
        Err(failure) => panic!("{}: {failure}", C::SIGNATURE),
    }
}

#[track_caller]
fn refused<C: SolCall>(world: &mut Memory, caller: Address, call: &C, error: impl SolError) {
    let expected = Err(Failure::Revert(error.abi_encode().into()));
    let result = world.call(&request(caller, call)).result;
    assert_eq!(result, expected, "{}", C::SIGNATURE);
}

fn decide<C: SolCall>(world: &mut Memory, call: &C) -> C::Return {
    ok(world, AGREEMENT, call)
}

/// Sets what states may do, as an amendment of the charter does.
fn kind_rights(world: &mut Memory, rights: u16) -> Result<()> {
    crate::genesis::inside(world, REGISTRY, |cx| {
        let before = registry().going(cx, Rights::NONE)?;
        registry().set_kind_rights(cx, Kind::State, Rights(rights))?;
        registry().keep_going(cx, before)
    })
}

fn admit(world: &mut Memory, admission: Admission) {
    decide(world, &sol::admitCall { admission });
}

/// Height 5: FRA (1) and DEU (2) with nodes, SUS (3) suspended with a node, EUU (4) an organisation without.
fn world() -> Memory {
    let mut world =
        Memory::new(BlockInfo { height: 1, timestamp_secs: 100, chain_id: 7, ..BlockInfo::default() });
    for (kind, rights) in [(Kind::State, Rights(ALL)), (Kind::Igo, Rights::READ.union(Rights::VOTE))] {
        crate::genesis::inside(&mut world, REGISTRY, |cx| registry().set_kind_rights(cx, kind, rights))
            .expect("rights");
    }
    admit(&mut world, state("FRA", 1, true));
    admit(&mut world, state("DEU", 2, true));
    admit(&mut world, state("SUS", 3, true));
    admit(&mut world, Admission { kind: Kind::Igo.into(), ..state("EUU", 4, false) });
    decide(&mut world, &sol::suspendCall { id: id("SUS") });
    world.block.height = 5;
    world
}

fn examples() -> Vec<Example> {
    let by = |call: Request| Example::of(call);
    let decided = |input: Vec<u8>| by(Request::new(AGREEMENT, REGISTRY, input));
    let read = |input: Vec<u8>| by(Request::new(account(9), REGISTRY, input));
    let (fra, deu) = (id("FRA"), id("DEU"));
    let admission = Admission { rights: 3, ..state("MAR", 9, true) };
    vec![
        decided(sol::admitCall { admission }.abi_encode()),
        decided(sol::suspendCall { id: deu }.abi_encode()),
        decided(sol::restoreCall { id: id("SUS") }.abi_encode()),
        decided(sol::expelCall { id: deu }.abi_encode()),
        decided(sol::grantCall { id: id("EUU"), rights: Rights::PROPOSE.0 }.abi_encode()),
        decided(sol::revokeCall { id: deu, rights: Rights::VOTE.0 }.abi_encode()),
        decided(
            sol::setWeightCall { id: fra, name: id("population"), value: polity_charter::WEIGHT_MAX }
                .abi_encode(),
        ),
        decided(sol::setClassCall { id: fra, class: id("annex1"), belongs: true }.abi_encode()),
        decided(sol::setGuestCall { account: account(50), welcome: true }.abi_encode()),
        by(request(
            account(2),
            &sol::setNodeCall { id: deu, consensusKey: consensus_key(20).into(), peerKey: peer(20) },
        )),
        by(request(account(2), &sol::resignCall {})),
        by(request(
            account(101),
            &sol::rotateKeyCall { id: fra, account: account(60), recovery: account(61) },
        )),
        read(sol::memberCountCall {}.abi_encode()),
        read(sol::memberIdsCall { from: U256::from(1), count: U256::MAX }.abi_encode()),
        read(sol::memberCall { id: fra }.abi_encode()),
        read(sol::memberOfCall { account: account(1) }.abi_encode()),
        read(sol::memberOfNodeCall { consensus: account(1) }.abi_encode()),
        read(sol::statusOfCall { id: fra }.abi_encode()),
        read(sol::rightsOfCall { id: fra }.abi_encode()),
        read(sol::hasRightsCall { account: account(1), rights: VALIDATE }.abi_encode()),
        read(sol::weightOfCall { id: fra, name: id("emissions") }.abi_encode()),
        read(sol::statusAtCall { id: fra, height: 1 }.abi_encode()),
        read(sol::rightsAtCall { id: fra, height: 0 }.abi_encode()),
        read(sol::weightAtCall { id: fra, name: id("emissions"), height: 3 }.abi_encode()),
        read(sol::kindRightsCall { kind: Kind::State.into() }.abi_encode()),
        read(sol::classNamesCall {}.abi_encode()),
        read(sol::weightNamesCall {}.abi_encode()),
        read(sol::weightScaleCall { name: id("emissions") }.abi_encode()),
        read(sol::isGuestCall { account: account(1) }.abi_encode()),
        read(sol::validatorsCall {}.abi_encode()),
    ]
}

laws!(REGISTRY, world, examples);

#[test]
fn what_is_decided_by_members_is_refused_to_everyone_else() {
    let mut world = world();
    let by_members = examples().into_iter().map(|example| example.request).filter(|r| r.caller == AGREEMENT);
    for request in by_members {
        for caller in [account(1), account(101), account(99), REGISTRY, polity_primitives::SYSTEM] {
            let result = world.call(&Request { caller, ..request.clone() }).result;
            let error = crate::directory::NotByDecision { caller };
            assert_eq!(result, Err(Failure::Revert(error.abi_encode().into())), "{:?}", &request.input[..4]);
        }
    }
}

#[test]
fn an_admitted_member_is_read_back_the_same_inside_and_outside() {
    let mut world = world();
    let admission = Admission { rights: Rights::STORE.0, ..state("MAR", 9, true) };
    admit(&mut world, Admission { kind: Kind::Ngo.into(), ..admission.clone() });
    let inside = decide(&mut world, &sol::memberCall { id: id("MAR") });
    assert_eq!(inside.name, "State of MAR");
    assert_eq!((inside.account, inside.recovery), (account(9), account(109)));
    assert_eq!(
        (inside.rights, inside.granted),
        (Rights::STORE.0, Rights::STORE.0),
        "NGOs have no rights by kind here"
    );
    assert_eq!((inside.consensusKey.to_vec(), inside.peerKey), (consensus_key(9), peer(9)));
    assert_eq!(inside.classes, vec![id("parties")]);
    assert_eq!((inside.weights[0].name, inside.weights[0].value), (id("emissions"), 90));

    let outside = member(&world, "MAR").expect("admitted");
    assert_eq!(outside.kind, Kind::Ngo);
    assert_eq!(outside.admitted_at, 5);
    assert_eq!(outside.status, Status::Active);
    assert_eq!(outside.classes, ["parties"]);
    assert_eq!(outside.weights, BTreeMap::from([("emissions".to_owned(), 90)]));
    assert_eq!(outside.consensus, Some(inside.consensus));
    assert_eq!(outside.node.expect("a node").consensus.to_vec(), consensus_key(9));
    assert_eq!(member_of(&world, account(9)).map(|m| m.id), Some("MAR".to_owned()));
    let ids: Vec<_> = members(&world).into_iter().map(|m| m.id).collect();
    assert_eq!(ids, ["FRA", "DEU", "SUS", "EUU", "MAR"]);
    assert_eq!(member(&world, "XXX"), None);
    assert_eq!(member(&world, "not a name"), None);
}

#[test]
fn admission_refuses_what_is_taken_or_malformed() {
    let mut world = world();
    let new = || state("MAR", 9, true);
    let mut check = |admission: Admission, error: Vec<u8>| {
        let result = world.call(&request(AGREEMENT, &sol::admitCall { admission: admission.clone() })).result;
        assert_eq!(result, Err(Failure::Revert(error.into())), "{admission:?}", admission = admission.name);
    };
    let fra = id("FRA");
    check(Admission { id: fra, ..new() }, AlreadyMember { id: fra }.abi_encode());
    check(Admission { id: id("SUS"), ..new() }, AlreadyMember { id: id("SUS") }.abi_encode());
    check(Admission { id: B256::ZERO, ..new() }, crate::directory::BadName { name: B256::ZERO }.abi_encode());
    check(
        Admission { account: account(1), ..new() },
        sol::AccountTaken { account: account(1), id: fra }.abi_encode(),
    );
    for bad in [Address::ZERO, REGISTRY, AGREEMENT, Address::with_last_byte(1), polity_primitives::SYSTEM] {
        check(Admission { account: bad, ..new() }, sol::BadAccount { account: bad }.abi_encode());
        if !bad.is_zero() {
            check(Admission { recovery: bad, ..new() }, sol::BadAccount { account: bad }.abi_encode());
        }
    }
    check(Admission { name: String::new(), ..new() }, sol::BadMemberName {}.abi_encode());
    check(Admission { name: "x".repeat(129), ..new() }, sol::BadMemberName {}.abi_encode());
    check(Admission { rights: 0x100, ..new() }, sol::BadRights { rights: 0x100 }.abi_encode());
    let taken = decide_consensus(1);
    check(
        Admission { consensusKey: consensus_key(1).into(), ..new() },
        ConsensusKeyTaken { consensus: taken, id: fra }.abi_encode(),
    );
    check(Admission { peerKey: peer(1), ..new() }, PeerKeyTaken { peerKey: peer(1), id: fra }.abi_encode());
    for key in [vec![2; 33], vec![2; 32], vec![0; 33], vec![4; 65], Vec::new()] {
        let key = if key == vec![2; 33] { [vec![2], vec![0xff; 32]].concat() } else { key };
        check(Admission { consensusKey: key.into(), ..new() }, sol::BadNodeKeys {}.abi_encode());
    }
    check(Admission { peerKey: B256::ZERO, ..new() }, sol::BadNodeKeys {}.abi_encode());
    let class = B256::repeat_byte(0xee);
    check(
        Admission { classes: vec![class], ..new() },
        crate::directory::BadName { name: class }.abi_encode(),
    );
}

fn decide_consensus(n: u8) -> Address {
    consensus_address(&consensus_key(n)).expect("a key")
}

#[test]
fn keys_of_a_former_member_stay_its_own() {
    let mut world = world();
    ok(&mut world, account(2), &sol::resignCall {});
    let deu = id("DEU");
    assert_eq!(member_of(&world, account(2)), None, "who left acts no more");
    let thief = |admission: Admission| sol::admitCall { admission: Admission { id: id("MAR"), ..admission } };
    let call = thief(Admission { account: account(2), ..state("MAR", 9, false) });
    refused(&mut world, AGREEMENT, &call, sol::AccountTaken { account: account(2), id: deu });
    let call = thief(Admission {
        consensusKey: consensus_key(2).into(),
        peerKey: peer(9),
        ..state("MAR", 9, false)
    });
    refused(&mut world, AGREEMENT, &call, ConsensusKeyTaken { consensus: decide_consensus(2), id: deu });
    let call = thief(Admission {
        consensusKey: consensus_key(9).into(),
        peerKey: peer(2),
        ..state("MAR", 9, false)
    });
    refused(&mut world, AGREEMENT, &call, PeerKeyTaken { peerKey: peer(2), id: deu });
    // It may come back with them itself; weights that are not named again are gone.
    admit(&mut world, Admission { weights: vec![], ..state("DEU", 2, true) });
    let back = member(&world, "DEU").expect("readmitted");
    assert_eq!(back.admitted_at, 1, "its first admission");
    assert_eq!((back.status, back.weights.len(), back.account), (Status::Active, 0, account(2)));
    assert_eq!(members(&world).len(), 4, "still one entry");
    assert_eq!(status_at(&world, "DEU", 4), Status::Active);
}

#[test]
fn the_last_validator_cannot_go() {
    let nobody = |nodes: u64| {
        let who = format!("may validate, of {nodes} members with a node");
        let problem = format!("nobody would remain who {who}: the chain could not decide another block");
        NoValidatorLeft { problem }
    };
    let mut world = world();
    decide(&mut world, &sol::expelCall { id: id("DEU") });
    assert_eq!(validators(&world).len(), 1);
    let fra = id("FRA");
    let node = sol::setNodeCall { id: fra, consensusKey: Bytes::new(), peerKey: B256::ZERO };
    refused(&mut world, AGREEMENT, &sol::suspendCall { id: fra }, nobody(2));
    refused(&mut world, AGREEMENT, &sol::expelCall { id: fra }, nobody(1));
    refused(&mut world, AGREEMENT, &sol::revokeCall { id: fra, rights: VALIDATE }, nobody(2));
    refused(&mut world, account(1), &sol::resignCall {}, nobody(1));
    refused(&mut world, account(1), &node, nobody(1));
    let rights = ALL & !VALIDATE;
    assert_eq!(kind_rights(&mut world, rights), Err(nobody(2).into()));
    // With a right by name, the kind may lose it.
    decide(&mut world, &sol::grantCall { id: fra, rights: VALIDATE });
    kind_rights(&mut world, rights).expect("rights");
    // And once another can decide, it may go.
    decide(&mut world, &sol::restoreCall { id: id("SUS") });
    refused(&mut world, account(1), &sol::resignCall {}, nobody(1));
    decide(&mut world, &sol::grantCall { id: id("SUS"), rights: VALIDATE });
    ok(&mut world, account(1), &sol::resignCall {});
    assert_eq!(validators(&world)[0].id, "SUS");
}

#[test]
fn rights_by_name_go_before_rights_by_kind() {
    let mut world = world();
    let deu = id("DEU");
    decide(&mut world, &sol::revokeCall { id: deu, rights: Rights::VOTE.0 });
    assert_eq!(member(&world, "DEU").expect("member").rights.0, ALL & !Rights::VOTE.0);
    kind_rights(&mut world, VALIDATE | Rights::VOTE.0).expect("rights");
    assert_eq!(
        member(&world, "DEU").expect("member").rights.0,
        VALIDATE,
        "a revocation outlives a change by kind"
    );
    decide(&mut world, &sol::grantCall { id: deu, rights: Rights::VOTE.0 | Rights::STORE.0 });
    assert_eq!(member(&world, "DEU").expect("member").rights.0, VALIDATE | Rights::VOTE.0 | Rights::STORE.0);
    decide(&mut world, &sol::suspendCall { id: deu });
    assert_eq!(member(&world, "DEU").expect("member").rights, Rights::NONE, "it had no right to read");
    assert_eq!(member(&world, "SUS").expect("member").rights, Rights::NONE);
    decide(&mut world, &sol::restoreCall { id: deu });
    assert_eq!(member(&world, "DEU").expect("member").rights.0, VALIDATE | Rights::VOTE.0 | Rights::STORE.0);
    refused(&mut world, AGREEMENT, &sol::grantCall { id: deu, rights: 0 }, sol::BadRights { rights: 0 });
    let unknown = id("XXX");
    refused(&mut world, AGREEMENT, &sol::grantCall { id: unknown, rights: 1 }, UnknownMember { id: unknown });
    let status = Status::Active.into();
    refused(&mut world, AGREEMENT, &sol::restoreCall { id: deu }, WrongStatus { id: deu, status });
}

#[test]
fn only_the_recovery_account_rotates_and_the_old_account_acts_no_more() {
    let mut world = world();
    let fra = id("FRA");
    let rotate = |n: u8| sol::rotateKeyCall { id: fra, account: account(n), recovery: account(n + 100) };
    for caller in [account(1), account(102), AGREEMENT, account(9)] {
        refused(&mut world, caller, &rotate(60), sol::NotTheRecovery { id: fra, caller });
    }
    refused(&mut world, account(101), &rotate(2), sol::AccountTaken { account: account(2), id: id("DEU") });
    let lost = sol::rotateKeyCall { id: fra, account: account(60), recovery: Address::ZERO };
    refused(&mut world, account(101), &lost, sol::BadAccount { account: Address::ZERO });
    ok(&mut world, account(101), &rotate(60));
    assert_eq!(member_of(&world, account(1)), None);
    assert_eq!(member_of(&world, account(60)).map(|m| m.id), Some("FRA".to_owned()));
    refused(&mut world, account(101), &rotate(61), sol::NotTheRecovery { id: fra, caller: account(101) });
    let caller = account(1);
    refused(&mut world, caller, &sol::resignCall {}, sol::NotTheMember { id: B256::ZERO, caller });
    // The account it had before is still its own, and nobody else's.
    ok(&mut world, account(160), &rotate(1));
    assert_eq!(member_of(&world, account(1)).map(|m| m.id), Some("FRA".to_owned()));
    // A suspended member may save its keys; one that left may not.
    ok(
        &mut world,
        account(103),
        &sol::rotateKeyCall { id: id("SUS"), account: account(70), recovery: account(71) },
    );
    ok(&mut world, account(70), &sol::resignCall {});
    let call = sol::rotateKeyCall { id: id("SUS"), account: account(72), recovery: account(73) };
    refused(&mut world, account(71), &call, WrongStatus { id: id("SUS"), status: Status::Left.into() });
}

#[test]
fn a_node_is_set_by_its_member_or_by_decision() {
    let mut world = world();
    let deu = id("DEU");
    let set = |n: u8| sol::setNodeCall { id: deu, consensusKey: consensus_key(n).into(), peerKey: peer(n) };
    for caller in [account(1), account(102), account(9)] {
        refused(&mut world, caller, &set(20), sol::NotTheMember { id: deu, caller });
    }
    ok(&mut world, account(2), &set(20));
    assert_eq!(validators(&world)[1].candidate.address, decide_consensus(20));
    let of = |consensus| sol::memberOfNodeCall { consensus };
    assert_eq!(decide(&mut world, &of(decide_consensus(20))), deu);
    assert_eq!(decide(&mut world, &of(decide_consensus(2))), B256::ZERO);
    world.block.height += 6;
    decide(&mut world, &set(2));
    assert_eq!(decide(&mut world, &of(decide_consensus(2))), deu, "its own old key may return");
    assert_eq!(
        validators(&world)[1].candidate.peer_key_since,
        Height(world.block.height),
        "and is new again"
    );
    assert_eq!(validators(&world)[0].candidate.peer_key_since, Height(1));
    let none = sol::setNodeCall { id: id("FRA"), consensusKey: Bytes::new(), peerKey: B256::ZERO };
    ok(&mut world, account(1), &none);
    let ids: Vec<_> = validators(&world).into_iter().map(|v| v.id).collect();
    assert_eq!(ids, ["DEU"]);
    assert_eq!(member(&world, "FRA").expect("member").node, None);
}

#[test]
fn who_may_transact() {
    let mut world = world();
    let may = |world: &Memory, n: u8| may_transact(world, account(n));
    assert!(may(&world, 1) && may(&world, 101), "a member and its recovery account");
    assert!(!may(&world, 3), "a suspended member");
    assert!(may(&world, 103), "whose recovery account still may: to rotate a stolen key");
    assert!(!may(&world, 4), "its kind has no right to transact");
    assert!(!may(&world, 9), "a stranger");
    decide(&mut world, &sol::setGuestCall { account: account(9), welcome: true });
    assert!(may(&world, 9) && is_guest(&world, account(9)));
    decide(&mut world, &sol::setGuestCall { account: account(9), welcome: false });
    assert!(!may(&world, 9));
    // Two members may share a recovery account; it serves until both are gone.
    admit(&mut world, Admission { recovery: account(102), ..state("MAR", 9, false) });
    decide(&mut world, &sol::expelCall { id: id("MAR") });
    assert!(may(&world, 102));
    decide(&mut world, &sol::expelCall { id: id("DEU") });
    assert!(!may(&world, 102));
}

#[test]
fn the_past_is_read_as_it_was() {
    let mut world = world();
    let states = Filter { kinds: 1, rights: Rights::VOTE, ..Filter::default() };
    let names = |world: &Memory, filter: &Filter, height| {
        voters_at(world, filter, height).into_iter().map(|voter| voter.id).collect::<Vec<_>>()
    };
    assert_eq!(names(&world, &states, 5), ["FRA", "DEU"]);
    world.block.height = 6;
    admit(&mut world, state("MAR", 9, false));
    decide(&mut world, &sol::restoreCall { id: id("SUS") });
    decide(&mut world, &sol::setWeightCall { id: id("FRA"), name: id("emissions"), value: 1 });
    decide(&mut world, &sol::setClassCall { id: id("FRA"), class: id("parties"), belongs: false });
    world.block.height = 7;
    decide(&mut world, &sol::expelCall { id: id("DEU") });
    kind_rights(&mut world, VALIDATE).expect("rights");
    assert_eq!(names(&world, &states, 0), [""; 0]);
    assert_eq!(names(&world, &states, 5), ["FRA", "DEU"]);
    assert_eq!(names(&world, &states, 6), ["FRA", "DEU", "SUS", "MAR"]);
    assert_eq!(names(&world, &states, 7), [""; 0]);
    assert_eq!(names(&world, &Filter { kinds: 3, ..Filter::default() }, 7), ["FRA", "SUS", "EUU", "MAR"]);
    let parties = Filter { classes: vec![id("parties")], ..Filter::default() };
    assert_eq!(names(&world, &parties, 5), ["FRA", "DEU", "EUU"]);
    assert_eq!(names(&world, &parties, 6), ["DEU", "SUS", "EUU", "MAR"]);
    let named = Filter { members: vec![id("FRA")], ..Filter::default() };
    assert_eq!(names(&world, &named, 7), ["FRA"]);
    assert_eq!(names(&world, &Filter::default(), 7), [""; 0], "nobody is described, nobody sits");
    let weight = |height| sol::weightAtCall { id: id("FRA"), name: id("emissions"), height };
    assert_eq!([0, 1, 5, 6, 99].map(|height| decide(&mut world, &weight(height))), [0, 10, 10, 1, 1]);
    assert_eq!(rights_at(&world, "SUS", 5), Rights::READ);
    assert_eq!(rights_at(&world, "SUS", 6), Rights(ALL));
}

#[test]
fn weights_are_seen_as_the_charter_wrote_them() {
    let mut world = world();
    let scale = |cx: &mut Context<'_>| registry().name_weight(cx, id("share"), 100);
    let call = crate::host::Call {
        caller: AGREEMENT,
        value: U256::ZERO,
        input: &[],
        is_static: false,
        is_direct: true,
        block: world.block,
    };
    world.unmetered(|host| scale(&mut Context::new(host, REGISTRY, &call, true))).expect("a new weight");
    decide(&mut world, &sol::setWeightCall { id: id("FRA"), name: id("share"), value: 1234 });
    let voters = voters_at(&world, &Filter { kinds: 1, ..Filter::default() }, 5);
    assert_eq!(voters[0].weights["share"], polity_decision::Rational::new(1234.into(), 100.into()));
    assert_eq!(scales(&world)["share"], 100);
    assert_eq!(scales(&world)["emissions"], 1);
}

#[test]
fn names_of_classes_and_weights_are_bounded() {
    let mut world = world();
    let fra = id("FRA");
    let class = |n: usize| sol::setClassCall { id: fra, class: id(&format!("class-{n}")), belongs: true };
    for n in 1..CLASSES_MAX {
        decide(&mut world, &class(n));
    }
    assert_eq!(member(&world, "FRA").expect("member").classes.len(), CLASSES_MAX);
    refused(&mut world, AGREEMENT, &class(CLASSES_MAX), too_many("classes", CLASSES_MAX as u64));
    let weight = |n: u64| sol::setWeightCall { id: fra, name: id(&format!("weight-{n}")), value: 1 };
    for n in 1..WEIGHTS_MAX {
        decide(&mut world, &weight(n));
    }
    refused(&mut world, AGREEMENT, &weight(WEIGHTS_MAX), too_many("weights", WEIGHTS_MAX));
}

#[test]
fn members_are_bounded() {
    let mut world = world();
    let many = |n: usize| {
        let account = Address::left_padding_from(&(n as u64 + 0x1_0000_0000).to_be_bytes());
        Admission { account, recovery: Address::ZERO, ..state(&format!("m{n}"), 1, false) }
    };
    for n in 4..MEMBERS_MAX {
        admit(&mut world, many(n));
    }
    let call = sol::admitCall { admission: many(MEMBERS_MAX) };
    refused(&mut world, AGREEMENT, &call, too_many("members", MEMBERS_MAX as u64));
}

/// Something that can happen to the registry; numbers choose members and keys from a few, so that they collide.
#[derive(Clone, Debug)]
enum Step {
    Admit(u8, u8, bool),
    Suspend(u8),
    Restore(u8),
    Expel(u8),
    Leave(u8),
    Grant(u8, u16),
    Revoke(u8, u16),
    KindRights(u16),
    Weight(u8, u128),
    Class(u8, bool),
    Node(u8, u8),
    NoNode(u8),
    Rotate(u8, u8),
    NextBlock,
}

fn step() -> impl Strategy<Value = Step> {
    let who = 1u8..7;
    prop_oneof![
        (who.clone(), 1u8..9, any::<bool>()).prop_map(|(a, b, c)| Step::Admit(a, b, c)),
        who.clone().prop_map(Step::Suspend),
        who.clone().prop_map(Step::Restore),
        who.clone().prop_map(Step::Expel),
        (1u8..9).prop_map(Step::Leave),
        (who.clone(), 1u16..256).prop_map(|(a, b)| Step::Grant(a, b)),
        (who.clone(), 1u16..256).prop_map(|(a, b)| Step::Revoke(a, b)),
        (0u16..256).prop_map(Step::KindRights),
        (who.clone(), any::<u128>()).prop_map(|(a, b)| Step::Weight(a, b)),
        (who.clone(), any::<bool>()).prop_map(|(a, b)| Step::Class(a, b)),
        (who.clone(), 1u8..9).prop_map(|(a, b)| Step::Node(a, b)),
        who.clone().prop_map(Step::NoNode),
        (who, 1u8..9).prop_map(|(a, b)| Step::Rotate(a, b)),
        Just(Step::NextBlock),
    ]
}

fn member_id(n: u8) -> B256 {
    id(&format!("m{n}"))
}

/// The call of a step: by decision, except what only the member or its recovery account can do.
fn call_of(world: &Memory, step: &Step) -> Option<Request> {
    let decided = |input: Vec<u8>| Some(Request::new(AGREEMENT, REGISTRY, input));
    match *step {
        Step::Admit(n, keys, node) => {
            let admission = Admission { id: member_id(n), ..state("x", keys, node) };
            decided(sol::admitCall { admission }.abi_encode())
        }
        Step::Suspend(n) => decided(sol::suspendCall { id: member_id(n) }.abi_encode()),
        Step::Restore(n) => decided(sol::restoreCall { id: member_id(n) }.abi_encode()),
        Step::Expel(n) => decided(sol::expelCall { id: member_id(n) }.abi_encode()),
        Step::Leave(n) => Some(request(account(n), &sol::resignCall {})),
        Step::Grant(n, rights) => decided(sol::grantCall { id: member_id(n), rights }.abi_encode()),
        Step::Revoke(n, rights) => decided(sol::revokeCall { id: member_id(n), rights }.abi_encode()),
        Step::Weight(n, value) => {
            decided(sol::setWeightCall { id: member_id(n), name: id("emissions"), value }.abi_encode())
        }
        Step::Class(n, belongs) => {
            decided(sol::setClassCall { id: member_id(n), class: id("parties"), belongs }.abi_encode())
        }
        Step::Node(n, keys) => decided(
            sol::setNodeCall {
                id: member_id(n),
                consensusKey: consensus_key(keys).into(),
                peerKey: peer(keys),
            }
            .abi_encode(),
        ),
        Step::NoNode(n) => decided(
            sol::setNodeCall { id: member_id(n), consensusKey: Bytes::new(), peerKey: B256::ZERO }
                .abi_encode(),
        ),
        Step::Rotate(n, keys) => {
            let recovery = member(world, &format!("m{n}"))?.recovery?;
            let call = sol::rotateKeyCall {
                id: member_id(n),
                account: account(keys),
                recovery: account(keys + 100),
            };
            Some(request(recovery, &call))
        }
        Step::KindRights(_) | Step::NextBlock => None,
    }
}

fn check_invariants(world: &Memory) {
    let present: Vec<_> = members(world).into_iter().filter(|m| m.status.is_present()).collect();
    let accounts: BTreeSet<_> = present.iter().map(|m| m.account).collect();
    assert_eq!(accounts.len(), present.len(), "one account, one member");
    let nodes: Vec<_> = present.iter().filter_map(|m| m.node).collect();
    let (keys, peers): (BTreeSet<_>, BTreeSet<_>) = nodes.iter().map(|n| (n.consensus, n.peer)).unzip();
    assert_eq!((keys.len(), peers.len()), (nodes.len(), nodes.len()), "one key, one validator");
    let expected: BTreeSet<_> = present
        .iter()
        .filter(|m| m.status == Status::Active && m.rights.contains(Rights::VALIDATE) && m.node.is_some())
        .map(|m| m.id.clone())
        .collect();
    let validators: Vec<_> = validators(world).into_iter().map(|v| v.id).collect();
    assert!(!validators.is_empty(), "somebody can decide the next block");
    assert_eq!(validators.len(), expected.len(), "each validator once");
    assert_eq!(validators.into_iter().collect::<BTreeSet<_>>(), expected);
    for record in &present {
        assert_eq!(member_of(world, record.account).map(|m| m.id), Some(record.id.clone()));
        assert_eq!(record.node.is_some(), record.consensus.is_some());
        assert!(record.recovery.is_none_or(|recovery| may_transact(world, recovery)));
    }
    for record in members(world).into_iter().filter(|m| !m.status.is_present()) {
        assert_eq!(
            (record.node, record.recovery, record.rights),
            (None, None, Rights::NONE),
            "{}",
            record.id
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn whatever_happens_invariants_hold_and_the_past_stays(steps in prop::collection::vec(step(), 1..60)) {
        let mut world = world();
        let all = Filter { kinds: u16::MAX, ..Filter::default() };
        let look = |world: &Memory, height| {
            let rights: Vec<_> = (1..7).map(|n| rights_at(world, &format!("m{n}"), height)).collect();
            (voters_at(world, &all, height), rights)
        };
        let mut past = BTreeMap::new();
        for step in steps {
            match call_of(&world, &step) {
                Some(request) => {
                    if let Err(Failure::Halt(halt)) = world.call(&request).result {
                        panic!("{step:?}: {halt}");
                    }
                    check_invariants(&world);
                }
                None if matches!(step, Step::NextBlock) => {
                    past.insert(world.block.height, look(&world, world.block.height));
                    world.block.height += 1;
                }
                None => {
                    if let Step::KindRights(rights) = step {
                        drop(kind_rights(&mut world, rights));
                        check_invariants(&world);
                    }
                }
            }
        }
        for (height, seen) in past {
            prop_assert_eq!(look(&world, height), seen, "as of {}", height);
        }
    }
}

/// ADR 15: keys are claimed without proof. A claimant gains a seat that is silent; the owner comes in with another key.
#[test]
fn a_claimed_key_gains_nothing() {
    let mut world = world();
    let (fra, owner) = (id("FRA"), consensus_address(&consensus_key(50)).expect("a key"));
    let set = |id, n: u8| sol::setNodeCall { id, consensusKey: consensus_key(n).into(), peerKey: peer(n) };
    let seats = |world: &Memory| validators(world).len();
    let before = seats(&world);
    ok(&mut world, account(1), &set(fra, 50));
    assert_eq!(seats(&world), before, "one seat a member, whatever key");
    // The owner of the key is admitted with another one, and not with this.
    let admission = Admission { consensusKey: consensus_key(50).into(), ..state("OWN", 60, true) };
    let taken = ConsensusKeyTaken { consensus: owner, id: fra };
    refused(
        &mut world,
        AGREEMENT,
        &sol::admitCall { admission },
        ConsensusKeyTaken { consensus: owner, id: fra },
    );
    admit(&mut world, state("OWN", 60, true));
    assert_eq!(seats(&world), before + 1);
    // It stays the claimant's after it let go of it, so it never moves a seat.
    ok(&mut world, account(1), &set(fra, 1));
    refused(&mut world, account(60), &set(id("OWN"), 50), taken);
}
