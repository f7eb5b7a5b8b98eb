//! What a gas takes: the worst the schedule allows, measured. By hand:
//! `cargo test -p polity-execution --lib -- --ignored --nocapture what_a_gas_takes`.
#![allow(clippy::print_stdout, reason = "a measurement says what it saw")]

use alloy_primitives::{Address, Bytes, TxKind, U256, hex};
use alloy_rpc_types_eth::{
    TransactionRequest,
    state::{AccountOverride, StateOverride},
};

use alloy_sol_types::SolCall;
use polity_institutions::registry::IRegistry;

use super::support::{FREE, Key, World};
use crate::{CallEnv, CallOutcome};

/// Gas of each trial.
const GAS: u64 = 16_000_000;

/// What this thread has computed, whatever else the machine does. Units: nanoseconds.
fn cpu_ns() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    stat.split(' ').next().and_then(|ns| ns.parse().ok()).expect("a number")
}

/// Copies the call data to memory and calls `precompile` with all of it until the gas is gone.
fn precompile(number: u16) -> Vec<u8> {
    let [high, low] = number.to_be_bytes();
    [&hex!("365f5f375b5f5f365f61")[..], &[high, low], &hex!("5afa50600456")].concat()
}

/// Runs `body` (which leaves the stack as it was) over and over.
fn again(body: &[u8]) -> Vec<u8> {
    [&hex!("365f5f375b")[..], body, &hex!("600456")].concat()
}

fn run(world: &World, code: &[u8], input: &[u8], gas: u64) -> CallOutcome {
    let there = Address::repeat_byte(0x31);
    let mut state = StateOverride::default();
    let code = Some(Bytes::copy_from_slice(code));
    state.insert(there, AccountOverride { code, ..AccountOverride::default() });
    let request = TransactionRequest {
        from: Some(Key::of("alice").address),
        to: Some(TxKind::Call(there)),
        input: Bytes::copy_from_slice(input).into(),
        gas: Some(gas),
        ..TransactionRequest::default()
    };
    world
        .executor
        .call(&world.view, &CallEnv::from(world.header().clone()), &request, Some(&state))
        .unwrap()
        .outcome
}

/// What `precompile` answers to `input`.
fn answer(world: &World, number: u16, input: &[u8]) -> Vec<u8> {
    let [high, low] = number.to_be_bytes();
    let code = [
        &hex!("365f5f375f5f365f61")[..],
        &[high, low],
        &hex!("5afa3d5f5f3e15602057"),
        &hex!("3d5ff3"),
        &[0x5b; 16],
    ]
    .concat();
    match run(world, &code, input, GAS) {
        CallOutcome::Success { output, .. } => output.to_vec(),
        other => panic!("{number}: {other:?}"),
    }
}

fn word(n: u64) -> [u8; 32] {
    U256::from(n).to_be_bytes()
}

fn modexp(base: usize, exponent: usize, modulus: usize, last: u8) -> Vec<u8> {
    let mut input = [word(base as u64), word(exponent as u64), word(modulus as u64)].concat();
    input.extend(vec![0xff; base + exponent + modulus]);
    *input.last_mut().unwrap() = last;
    input
}

#[test]
#[ignore = "a measurement: run by hand"]
fn what_a_gas_takes() {
    let world = World::new(FREE);
    let padded = |n: u64| [vec![0; 32], word(n).to_vec()].concat();
    let g1 = answer(&world, 0x10, &padded(7));
    let g2 = answer(&world, 0x11, &[padded(7), padded(9)].concat());
    let bn_g1 = [word(1), word(2)].concat();
    let bn_g2 = hex!(
        "198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2"
        "1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed"
        "090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b"
        "12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa"
    );
    let scalar = [0xff; 32];
    let pair = |k: usize| [&bn_g1[..], &bn_g2].concat().repeat(k);
    let msm1 = |k: usize| [&g1[..], &scalar].concat().repeat(k);
    let msm2 = |k: usize| [&g2[..], &scalar].concat().repeat(k);
    let mut blake = vec![0; 213];
    blake[..4].copy_from_slice(&1_000_000u32.to_be_bytes());
    let recover = [&[7; 32][..], &word(27), &[1; 32], &[1; 32]].concat();
    let kzg = {
        let mut commitment = [0u8; 48];
        commitment[0] = 0xc0;
        let hash = answer(&world, 2, &commitment);
        [&[1u8][..], &hash[1..], &word(5), &word(0), &commitment, &commitment].concat()
    };
    let p256 = hex!(
        "4cee90eb86eaa050036147a12d49004b6b9c72bd725d39d4785011fe190f0b4d"
        "a73bd4903f0ce3b639bbbf6e8e80d16931ff4bcf5993d58468e8fb19086e8cac"
        "36dbcd03009df8c59286b162af3bd7fcc0450c9aa81be5d10d312af6c66b1d60"
        "4aebd3099c618202fcfe16ae7770b0c49ab5eadf74b754204a3bb6060e44eff3"
        "7618b065f9832de4ca6ca971a7a1adc826d0f7c00181a5fb2ddf79ae00b4e10e"
    );
    let big = vec![0xab; 100_000];
    let mut trials: Vec<(String, Vec<u8>, Vec<u8>)> = vec![
        ("ecrecover".into(), precompile(1), recover),
        ("sha256".into(), precompile(2), big.clone()),
        ("ripemd160".into(), precompile(3), big.clone()),
        ("identity".into(), precompile(4), big.clone()),
        ("bn add".into(), precompile(6), bn_g1.repeat(2)),
        ("bn mul".into(), precompile(7), [&bn_g1[..], &scalar].concat()),
        ("bn pairing 2".into(), precompile(8), pair(2)),
        ("bn pairing 12".into(), precompile(8), pair(12)),
        ("blake2f".into(), precompile(9), blake),
        ("kzg".into(), precompile(0x0a), kzg),
        ("bls g1 add".into(), precompile(0x0b), g1.repeat(2)),
        ("bls g1 msm 1".into(), precompile(0x0c), msm1(1)),
        ("bls g1 msm 64".into(), precompile(0x0c), msm1(64)),
        ("bls g2 add".into(), precompile(0x0d), g2.repeat(2)),
        ("bls g2 msm 1".into(), precompile(0x0e), msm2(1)),
        ("bls g2 msm 64".into(), precompile(0x0e), msm2(64)),
        ("bls pairing 1".into(), precompile(0x0f), [&g1[..], &g2].concat()),
        ("bls pairing 12".into(), precompile(0x0f), [&g1[..], &g2].concat().repeat(12)),
        ("bls map g1".into(), precompile(0x10), padded(7)),
        ("bls map g2".into(), precompile(0x11), [padded(7), padded(9)].concat()),
        ("p256".into(), precompile(0x100), p256.to_vec()),
        ("jumps".into(), again(&[]), vec![]),
        ("keccak 100k".into(), again(&hex!("365f2050")), big.clone()),
        ("keccak 32".into(), again(&hex!("60205f2050")), vec![]),
        ("mulmod".into(), again(&hex!("60055f19185f195f190950").repeat(8)), vec![]),
        ("exp".into(), again(&hex!("5f195f190a50").repeat(8)), vec![]),
        ("div".into(), again(&hex!("6801000000000000000d5f190450").repeat(8)), vec![]),
        ("mcopy 100k".into(), again(&hex!("365f5f5e")), big.clone()),
        ("calldatacopy".into(), again(&hex!("365f5f37")), big),
        ("cold sload".into(), again(&hex!("5a5450")), vec![]),
        ("cold balance".into(), again(&hex!("5a3150")), vec![]),
        ("cold sstore".into(), again(&hex!("60015a55")), vec![]),
        ("log".into(), again(&hex!("5f5fa0")), vec![]),
        ("create".into(), again(&hex!("5f5f5ff050")), vec![]),
        ("registry.validators".into(), precompile(0x1001), IRegistry::validatorsCall {}.abi_encode()),
        ("registry.classNames".into(), precompile(0x1001), IRegistry::classNamesCall {}.abi_encode()),
    ];
    for (base, exponent, modulus, last) in [
        (32, 32, 32, 1),
        (32, 1024, 32, 1),
        (64, 64, 64, 1),
        (256, 32, 256, 1),
        (256, 256, 256, 1),
        (256, 256, 256, 0),
        (1024, 1, 1024, 1),
        (1024, 128, 1024, 1),
        (1024, 128, 1024, 0),
        (1024, 1024, 1024, 1),
    ] {
        trials.push((
            format!("modexp {base} {exponent} {modulus} {last}"),
            precompile(5),
            modexp(base, exponent, modulus, last),
        ));
    }
    let mut seen: Vec<(u64, String)> = trials
        .into_iter()
        .map(|(name, code, input)| {
            let started = cpu_ns();
            let outcome = run(&world, &code, &input, GAS);
            assert!(matches!(outcome, CallOutcome::Halt { out_of_gas: true, .. }), "{name}: {outcome:?}");
            ((cpu_ns() - started) * 10 / GAS, name)
        })
        .collect();
    seen.sort_unstable();
    for (tenths, name) in seen.iter().rev() {
        println!("{:>6}.{} ns/gas  {name}", tenths / 10, tenths % 10);
    }
}
