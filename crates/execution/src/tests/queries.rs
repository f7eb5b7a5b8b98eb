//! Questions: calls, estimates, access lists, traces.

use alloy_consensus::TxEip1559;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, bytes, hex};
use alloy_rpc_types_eth::{
    BlockOverrides, TransactionRequest,
    state::{AccountOverride, StateOverride},
};
use alloy_rpc_types_trace::geth::{
    GethDebugBuiltInTracerType as Tracer, GethDebugTracerType, GethDebugTracingOptions, GethTrace,
    PreStateFrame,
};
use alloy_sol_types::{Revert, SolCall, SolError};
use polity_institutions::{names, treasury::ITreasury};
use polity_primitives::{SYSTEM, TREASURY};

use super::support::{BURNER, COUNTER, FREE, Key, MARKET, World, call, initcode, pay};
use crate::{CallEnv, CallError, CallOutcome, Estimate, TransactionFault};

fn env(world: &World) -> CallEnv {
    CallEnv::from(world.header().clone())
}

fn to(address: Address, input: impl Into<Bytes>) -> TransactionRequest {
    TransactionRequest {
        from: Some(Key::of("alice").address),
        to: Some(TxKind::Call(address)),
        input: input.into().into(),
        ..TransactionRequest::default()
    }
}

fn ask(world: &World, request: &TransactionRequest) -> CallOutcome {
    world.executor.call(&world.view, &env(world), request, None).unwrap().outcome
}

fn answer(outcome: CallOutcome) -> U256 {
    match outcome {
        CallOutcome::Success { output, .. } => U256::from_be_slice(&output),
        other => panic!("{other:?}"),
    }
}

/// A contract that returns what the one-byte opcode `op` pushes.
fn teller(op: u8) -> Vec<u8> {
    vec![op, 0x5f, 0x52, 0x60, 32, 0x5f, 0xf3]
}

#[test]
fn overrides_are_pretended_and_forgotten() {
    let world = World::new(FREE);
    let there = Address::repeat_byte(0x31);
    let mut state = StateOverride::default();
    let pretend = AccountOverride { code: Some(teller(0x43).into()), ..AccountOverride::default() };
    state.insert(there, pretend);
    let mut env = env(&world);
    env.overrides = Some(BlockOverrides { number: Some(U256::from(77)), ..BlockOverrides::default() });
    let asked = world.executor.call(&world.view, &env, &to(there, []), Some(&state)).unwrap();
    assert_eq!(answer(asked.outcome), U256::from(77));
    let CallOutcome::Success { output, .. } = ask(&world, &to(there, [])) else { panic!() };
    assert_eq!(output, Bytes::new());
}

#[test]
fn the_block_is_visible_to_contracts() {
    let mut world = World::new(MARKET);
    let alice = Key::of("alice");
    let cases = [
        (0x41, "coinbase"),
        (0x42, "timestamp"),
        (0x43, "number"),
        (0x44, "prevrandao"),
        (0x45, "gas limit"),
        (0x46, "chain id"),
        (0x48, "base fee"),
    ];
    let told: Vec<_> = cases.map(|(op, name)| (world.deploy(&alice, &teller(op)), name)).to_vec();
    let header = world.header().clone();
    let expected = [
        U256::from_be_slice(header.beneficiary.as_slice()),
        U256::from(header.timestamp),
        U256::from(header.number),
        header.mix_hash.into(),
        U256::from(45_000_000),
        U256::from(super::support::CHAIN_ID),
        U256::from(header.base_fee_per_gas.unwrap()),
    ];
    for ((address, name), expected) in told.iter().zip(expected) {
        assert_eq!(answer(ask(&world, &to(*address, []))), expected, "{name}");
    }
    // BLOCKHASH(NUMBER - 1)
    let hash = world.deploy(&alice, &[&[0x60, 1, 0x43, 0x03, 0x40], &teller(0x5f)[1..]].concat());
    let parent = world.header().parent_hash;
    assert_eq!(answer(ask(&world, &to(hash, []))), U256::from_be_bytes(parent.0));
}

#[test]
fn a_revert_keeps_its_data_and_its_words() {
    let world = World::new(FREE);
    let data = Bytes::from(Revert::from("no means no").abi_encode());
    // Creation code that reverts with what follows it.
    let len = u8::try_from(data.len()).unwrap();
    let code = [&[0x60, len, 0x80, 0x60, 10, 0x5f, 0x39, 0x5f, 0xfd, 0x00][..], &data[..]].concat();
    let request = TransactionRequest { to: Some(TxKind::Create), ..to(Address::ZERO, code) };
    let outcome = ask(&world, &request);
    assert_eq!(outcome, CallOutcome::Revert { data, reason: Some("no means no".to_owned()) });
}

#[test]
fn questions_that_no_block_would_take() {
    let world = World::new(MARKET);
    let alice = Key::of("alice");
    let there = Address::repeat_byte(0x31);
    let more = TransactionRequest { value: Some(U256::MAX), ..to(there, []) };
    let poor = world.executor.call(&world.view, &env(&world), &more, None);
    assert!(matches!(poor, Err(CallError::Fault(TransactionFault::Funds { .. }))), "{poor:?}");
    // What `cast send` asks first: with a price, and more value than the sender has.
    let balance = world.view.balance(alice.address);
    for (value, fits) in [(balance, false), (balance - U256::from(20_999), false), (U256::from(5), true)] {
        let priced = TransactionRequest { value: Some(value), gas_price: Some(1), ..to(there, []) };
        let asked = world.executor.estimate_gas(&world.view, &env(&world), &priced, None);
        let funds = matches!(asked, Err(CallError::Fault(TransactionFault::Funds { .. })));
        assert_eq!(funds, !fits, "{value}: {asked:?}");
    }
    let both = TransactionRequest { gas_price: Some(1), max_fee_per_gas: Some(1), ..to(there, []) };
    let unclear = world.executor.call(&world.view, &env(&world), &both, None);
    assert!(matches!(unclear, Err(CallError::Request(_))), "{unclear:?}");
    let foreign = TransactionRequest { chain_id: Some(1), ..to(there, []) };
    let other = world.executor.call(&world.view, &env(&world), &foreign, None);
    assert!(matches!(other, Err(CallError::Fault(TransactionFault::ChainId))), "{other:?}");
    assert_eq!(world.nonce(&alice), 0);
}

fn estimate(world: &World, request: &TransactionRequest) -> Result<Estimate, CallError> {
    world.executor.estimate_gas(&world.view, &env(world), request, None)
}

#[test]
fn estimates_are_enough_and_not_much_more() {
    for options in [FREE, MARKET] {
        let mut world = World::new(options);
        let alice = Key::of("alice");
        let counter = world.deploy(&alice, COUNTER);
        let burner = world.deploy(&alice, BURNER);
        let plain = to(Address::repeat_byte(0x31), []);
        assert_eq!(estimate(&world, &plain), Ok(Estimate::Gas(21_000)));
        let create = TransactionRequest { to: Some(TxKind::Create), ..to(Address::ZERO, initcode(COUNTER)) };
        for request in [to(counter, []), create, to(counter, bytes!("00ff00ff"))] {
            let Ok(Estimate::Gas(gas)) = estimate(&world, &request) else { panic!() };
            let sent = |gas_limit| {
                alice.sign(TxEip1559 {
                    gas_limit,
                    to: request.to.unwrap(),
                    ..call(
                        world.nonce(&alice),
                        Address::ZERO,
                        request.input.input.clone().unwrap_or_default(),
                    )
                })
            };
            let least = world.try_build(vec![sent(gas - gas / 50)]).unwrap();
            assert!(
                least.outcome.receipts.first().is_none_or(|receipt| !receipt.success),
                "{gas} is more than 2 % above what is needed"
            );
            let built = world.try_build(vec![sent(gas)]).unwrap();
            assert!(built.outcome.receipts[0].success, "{gas} is enough");
        }
        assert!(matches!(
            estimate(&world, &to(burner, [])),
            Ok(Estimate::Fails(result)) if matches!(result.outcome, CallOutcome::Halt { out_of_gas: true, .. })
        ));
    }
}

#[test]
fn access_lists_name_what_is_read_also_by_institutions() {
    let mut world = World::new(FREE);
    let alice = Key::of("alice");
    let counter = world.deploy(&alice, COUNTER);
    let list =
        |request| world.executor.create_access_list(&world.view, &env(&world), &request, None).unwrap();
    let found = list(to(counter, []));
    assert_eq!(found.error, None);
    assert_eq!(found.access_list.0.len(), 1);
    assert_eq!((found.access_list.0[0].address, found.access_list.0[0].storage_keys.len()), (counter, 1));
    let input = ITreasury::balanceOfCall { name: names::word("common").unwrap() }.abi_encode();
    let found = list(to(TREASURY, input));
    assert_eq!(found.access_list.0[0].address, TREASURY);
    assert!(!found.access_list.0[0].storage_keys.is_empty());
}

fn tracer(kind: Option<Tracer>, config: serde_json::Value) -> GethDebugTracingOptions {
    GethDebugTracingOptions {
        tracer: kind.map(GethDebugTracerType::BuiltInTracer),
        tracer_config: config.into(),
        ..GethDebugTracingOptions::default()
    }
}

#[test]
fn a_block_is_traced_as_it_happened() {
    let mut world = World::new(MARKET);
    let alice = Key::of("alice");
    let counter = world.deploy(&alice, COUNTER);
    let input = ITreasury::depositCall { name: names::word("common").unwrap() }.abi_encode();
    let deposit = TxEip1559 { value: U256::from(5), ..call(2, TREASURY, input) };
    world.step(vec![
        alice.sign(call(1, counter, [])),
        alice.sign(deposit),
        alice.sign(pay(3, Address::repeat_byte(0x31), 8)),
        alice.sign(call(4, counter, [])),
    ]);
    let (transactions, receipts, before) = world.last.clone();
    let header = world.header();
    let block = |options| world.executor.trace_block(&before, header, &transactions, options).unwrap();
    let one = |index, options| {
        world.executor.trace_transaction(&before, header, &transactions, index, options).unwrap()
    };

    let with_log = serde_json::json!({ "withLog": true });
    let calls = block(tracer(Some(Tracer::CallTracer), with_log.clone()));
    let mut sum = 0;
    for (index, (trace, receipt)) in calls.iter().zip(&receipts).enumerate() {
        let GethTrace::CallTracer(frame) = trace else { panic!("{trace:?}") };
        assert_eq!(frame.from, alice.address);
        sum += frame.gas_used.to::<u64>();
        assert_eq!(sum, receipt.cumulative_gas_used, "transaction {index}");
        assert_eq!(frame.logs.len(), receipt.logs.len(), "transaction {index}");
        assert_eq!(one(index, tracer(Some(Tracer::CallTracer), with_log.clone())), *trace);
    }
    // The second count sees the first: 1 -> 2.
    let GethTrace::PreStateTracer(PreStateFrame::Diff(diff)) =
        one(3, tracer(Some(Tracer::PreStateTracer), serde_json::json!({ "diffMode": true })))
    else {
        panic!()
    };
    let slot = B256::ZERO;
    assert_eq!(diff.pre[&counter].storage[&slot], B256::from(U256::from(1)));
    assert_eq!(diff.post[&counter].storage[&slot], B256::from(U256::from(2)));
    let GethTrace::PreStateTracer(PreStateFrame::Default(prestate)) =
        one(0, tracer(Some(Tracer::PreStateTracer), serde_json::Value::Null))
    else {
        panic!()
    };
    assert_eq!(prestate.0[&alice.address].balance, Some(before.balance(alice.address)));
    let GethTrace::Default(steps) = one(0, tracer(None, serde_json::Value::Null)) else { panic!() };
    assert_eq!(steps.struct_logs.len(), 7, "every opcode of the counter");
    assert!(!steps.failed);
    assert!(matches!(
        one(1, tracer(Some(Tracer::FourByteTracer), serde_json::Value::Null)),
        GethTrace::FourByteTracer(_)
    ));
    assert!(matches!(
        one(1, tracer(Some(Tracer::NoopTracer), serde_json::Value::Null)),
        GethTrace::NoopTracer(_)
    ));
    let js = GethDebugTracingOptions {
        tracer: Some(GethDebugTracerType::JsTracer("{}".to_owned())),
        ..Default::default()
    };
    let refused = world.executor.trace_transaction(&before, header, &transactions, 0, js);
    assert!(matches!(refused, Err(CallError::Tracer(_))));
    let missing = world.executor.trace_transaction(
        &before,
        header,
        &transactions,
        9,
        tracer(None, serde_json::Value::Null),
    );
    assert!(matches!(missing, Err(CallError::Request(_))));
}

#[test]
fn system_transactions_are_traced() {
    let mut world = World::new(FREE);
    super::system::decide_a_payment(&mut world);
    let (transactions, receipts, before) = world.last.clone();
    let index = transactions.len() - 1;
    let options = tracer(Some(Tracer::CallTracer), serde_json::json!({ "withLog": true }));
    let trace =
        world.executor.trace_transaction(&before, world.header(), &transactions, index, options).unwrap();
    let GethTrace::CallTracer(frame) = trace else { panic!() };
    assert_eq!(frame.from, SYSTEM);
    assert!(!frame.calls.is_empty(), "the agreement calls the treasury");
    assert_eq!(frame.error, None);
    let own = receipts[index].cumulative_gas_used
        - index.checked_sub(1).map_or(0, |before| receipts[before].cumulative_gas_used);
    assert_eq!(frame.gas_used, U256::from(own));
}

#[test]
fn a_call_is_traced_within_a_block() {
    let mut world = World::new(FREE);
    let alice = Key::of("alice");
    let counter = world.deploy(&alice, COUNTER);
    world.step(vec![alice.sign(call(1, counter, [])), alice.sign(call(2, counter, []))]);
    let (transactions, _, before) = world.last.clone();
    for after in 0..=2u64 {
        let options = tracer(Some(Tracer::PreStateTracer), serde_json::json!({ "diffMode": true }));
        let within = usize::try_from(after).unwrap();
        let trace = world
            .executor
            .trace_call_within(&before, &env(&world), &transactions, within, &to(counter, []), None, options)
            .unwrap();
        let GethTrace::PreStateTracer(PreStateFrame::Diff(diff)) = trace else { panic!() };
        assert_eq!(diff.post[&counter].storage[&B256::ZERO], B256::from(U256::from(after + 1)));
    }
    let options = tracer(Some(Tracer::CallTracer), serde_json::Value::Null);
    let trace =
        world.executor.trace_call(&world.view, &env(&world), &to(counter, []), None, options).unwrap();
    assert!(matches!(trace, GethTrace::CallTracer(frame) if frame.to == Some(counter)));
}

/// Runs code that keeps to its gas but would fill memory if its trace were kept whole.
#[test]
fn a_trace_that_grows_too_large_ends_with_an_error() {
    let world = World::new(FREE);
    let there = Address::repeat_byte(0x31);
    let trace = |code: &[u8], gas: u64, options: GethDebugTracingOptions| {
        let mut state = StateOverride::default();
        let code = Some(Bytes::copy_from_slice(code));
        state.insert(there, AccountOverride { code, ..AccountOverride::default() });
        let request = TransactionRequest { gas: Some(gas), ..to(there, []) };
        world.executor.trace_call(&world.view, &env(&world), &request, Some(&state), options)
    };
    let too_large = |code: &[u8], gas: u64, options: GethDebugTracingOptions| {
        let traced = trace(code, gas, options.clone());
        let wanted = format!("larger than {} bytes", crate::TRACE_BYTES_MAX);
        assert!(matches!(&traced, Err(CallError::Tracer(why)) if why.contains(&wanted)), "{traced:?}");
    };
    // JUMPDEST; call the identity precompile with a megabyte of input and no output; again.
    let calls =
        [&[0x5b, 0x5f, 0x5f][..], &hex!("62100000"), &[0x5f, 0x60, 0xee, 0x5a, 0xfa, 0x50, 0x5f, 0x56]];
    let calls = calls.concat();
    too_large(&calls, 40_000_000, tracer(Some(Tracer::CallTracer), serde_json::Value::Null));
    too_large(&calls, 40_000_000, tracer(Some(Tracer::FlatCallTracer), serde_json::Value::Null));
    too_large(&calls, 40_000_000, tracer(Some(Tracer::Erc7562Tracer), serde_json::Value::Null));
    // A thousand words on the stack, then a loop.
    let deep = [&[0x5f; 1000][..], &hex!("5b6103e856")].concat();
    too_large(&deep, 1_000_000, tracer(None, serde_json::Value::Null));
    let mut lean = tracer(None, serde_json::Value::Null);
    lean.config.disable_stack = Some(true);
    assert!(trace(&deep, 1_000_000, lean).is_ok(), "the same without the stack");
    // Memory of 20 kB, shown at every step.
    let mut memory = tracer(None, serde_json::Value::Null);
    memory.config.enable_memory = Some(true);
    too_large(&hex!("6001614e20525b600656"), 1_000_000, memory);
    // A new slot read in every round: each step shows all slots so far.
    let slots = hex!("5f5b80545060010160015600");
    too_large(&slots, 40_000_000, tracer(None, serde_json::Value::Null));
    assert!(trace(&slots, 40_000_000, tracer(Some(Tracer::PreStateTracer), serde_json::Value::Null)).is_ok());
}
