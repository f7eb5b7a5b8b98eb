//! Simulated proposals do what the chain then does, and nothing to the state.

use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::SolCall;
use polity_institutions::{
    assembly::{self, IAssembly},
    differences::{Changed, differences},
    names,
    registry::IRegistry,
};
use polity_primitives::{REGISTRY, Transaction};

use super::{
    support::{BURNER, FREE, Key, MARKET, Options, REFUSER, World},
    system::{adopt, payment, plain, settle},
};
use crate::{SimulateError, Simulation, Subject};

fn simulate(world: &World, subject: &Subject) -> Result<Simulation, SimulateError> {
    let root = world.view.state.root();
    let simulated =
        world.executor.simulate(&world.view, world.header(), world.head.hash, &world.attributes(), subject);
    assert_eq!(world.view.state.root(), root, "a question changes nothing");
    simulated
}

fn suspension(member: &str) -> IAssembly::Call {
    let data = IRegistry::suspendCall { id: names::word(member).unwrap() }.abi_encode();
    IAssembly::Call { target: REGISTRY, value: U256::ZERO, data: data.into() }
}

fn agrees(options: Options) {
    let mut world = World::new(options);
    let payee = Address::repeat_byte(0xcc);
    let calls = vec![payment(payee, 700), suspension("m4")];
    let asked = simulate(&world, &Subject::Calls(calls.clone())).unwrap();
    assert_eq!(asked.failure, None);
    let change = asked.changes.accounts.get(&payee).expect("the payee is paid");
    assert_eq!(change.after.map(|account| account.balance), Some(U256::from(700)));
    let words: Vec<_> = differences(&world.view, &Changed::new(&world.view, &asked.changes), "UNIT")
        .iter()
        .map(ToString::to_string)
        .collect();
    for expected in ["member m4: status suspended (was active)", "treasury account common: balance "] {
        assert!(words.iter().any(|line| line.starts_with(expected)), "{expected}: {words:?}");
    }

    let id = adopt(&mut world, calls);
    world.step(vec![]);
    let by_id = simulate(&world, &Subject::Proposal(id)).unwrap();
    settle(&mut world, id);
    let receipt = world.last.1.last().unwrap();
    let Transaction::System(tx) = &world.last.0.last().unwrap().transaction else { panic!() };
    assert_eq!(
        (by_id.gas_limit, by_id.gas_used),
        (tx.gas_limit, receipt.cumulative_gas_used),
        "as on the chain"
    );
    assert_eq!(by_id.logs, receipt.logs);
    assert_eq!(asked.logs[..2], receipt.logs[..2], "and so does what was asked before it was proposed");
    let again = simulate(&world, &Subject::Proposal(id));
    assert_eq!(again.unwrap_err(), SimulateError::NotPending(id), "it is over");
}

#[test]
fn a_simulation_is_what_the_chain_then_does() {
    agrees(FREE);
    agrees(MARKET);
}

#[test]
fn what_would_fail_says_which_call_and_changes_nothing() {
    let alice = Key::of("alice");
    let mut world = World::new(FREE);
    let refuser = world.deploy(&alice, REFUSER);
    let burner = world.deploy(&alice, BURNER);
    let payee = Address::repeat_byte(0xcc);
    for (calls, failed, words) in [
        (vec![payment(payee, 700), plain(refuser)], Some(1), "CallFailed(index: 1"),
        (vec![suspension("nobody")], Some(0), "UnknownMember(id: nobody)"),
        (vec![payment(payee, 1), plain(burner)], Some(1), "CallFailed(index: 1, returndata: out of gas"),
    ] {
        let asked = simulate(&world, &Subject::Calls(calls)).unwrap();
        let output = asked.failure.expect(words);
        assert_eq!(assembly::failed_call(&output), failed, "{words}");
        assert!(assembly::explain(&output).contains(words), "{words}: {}", assembly::explain(&output));
        assert!(asked.changes.accounts.is_empty() && asked.logs.is_empty(), "{words}");
        assert!(asked.gas_used <= asked.gas_limit, "{words}");
    }
}

#[test]
fn what_cannot_be_proposed_cannot_be_simulated() {
    let world = World::new(FREE);
    let unknown = simulate(&world, &Subject::Proposal(7)).unwrap_err();
    assert_eq!(unknown, SimulateError::NotPending(7));
    let many = vec![IAssembly::Call::default(); 17];
    let long = vec![IAssembly::Call { data: Bytes::from(vec![0; 20_000]), ..IAssembly::Call::default() }];
    for calls in [many, long] {
        let error = simulate(&world, &Subject::Calls(calls)).unwrap_err();
        assert!(matches!(&error, SimulateError::Calls(why) if why.contains("TooMany")), "{error}");
    }
    let nothing = simulate(&world, &Subject::Calls(vec![])).unwrap();
    assert_eq!(nothing.failure, None);
}

/// What follows an enactment is simulated as far as one block would do it: nobody asks a node for more work than that.
#[test]
fn what_follows_is_bounded_like_a_block() {
    use polity_institutions::constitution::IConstitution as sol;
    let world = World::new(FREE);
    let add = |i: u64| {
        sol::Change {
        op: sol::Op::Add,
        path: format!("chambers.jury-{i}"),
        value: "{ by = \"sortition\", from = \"all\", seats = 3, term = \"9d\", rule = \"two-thirds\", voting = \"1m\" }"
            .into(),
    }
    };
    let after = |chambers: u64| {
        let data = sol::amendCall { changes: (0..chambers).map(add).collect() }.abi_encode().into();
        let call = IAssembly::Call { target: polity_primitives::CONSTITUTION, value: U256::ZERO, data };
        let asked = simulate(&world, &Subject::Calls(vec![call])).unwrap();
        assert_eq!(asked.failure, None);
        asked.then.len()
    };
    assert_eq!(after(3), 3);
    let many = after(16);
    assert!((4..16).contains(&many), "{many} of 16 draws were announced");
}
