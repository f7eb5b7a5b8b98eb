//! The same work by the host and by opcodes costs the same gas, earns the same refund, and leaves the same storage.

use alloy_primitives::{TxKind, address};
use proptest::prelude::*;
use revm::{
    Context, Database, DatabaseCommit, ExecuteEvm, MainBuilder, MainContext,
    context::TxEnv,
    context_interface::result::ExecutionResult,
    database::{CacheDB, EmptyDB},
    state::{AccountInfo, Bytecode},
};

use super::*;
use crate::vm::SPEC;

const CONTRACT: Address = address!("0x00000000000000000000000000000000000c0de0");
const NATIVE: Address = address!("0x00000000000000000000000000000000000c0de1");
const CALLER: Address = address!("0x00000000000000000000000000000000000ca11e");

#[derive(Clone, Copy, Debug)]
enum Work {
    Load(u8),
    Store(u8, u8),
    Log(u8),
    Balance(u8),
    CodeHash(u8),
}

fn work() -> impl Strategy<Value = Work> {
    prop_oneof![
        (0u8..4).prop_map(Work::Load),
        (0u8..4, 0u8..3).prop_map(|(slot, value)| Work::Store(slot, value)),
        (0u8..4, 0u8..3).prop_map(|(slot, value)| Work::Store(slot, value)),
        (0u8..5).prop_map(Work::Log),
        (0u8..3).prop_map(Work::Balance),
        (0u8..3).prop_map(Work::CodeHash),
    ]
}

fn somebody(n: u8) -> Address {
    // One that exists, one that does not, and the caller, who is warm.
    [Address::repeat_byte(0x51), Address::repeat_byte(0x52), CALLER][usize::from(n)]
}

/// The work in opcodes. Every operand is one push; results are dropped.
fn code(script: &[Work]) -> Vec<u8> {
    let mut code = Vec::new();
    for work in script {
        match *work {
            Work::Load(slot) => code.extend([0x60, slot, 0x54, 0x50]),
            Work::Store(slot, value) => code.extend([0x60, value, 0x60, slot, 0x55]),
            Work::Log(topics) => {
                for _ in 0..topics {
                    code.extend([0x60, 7]);
                }
                code.extend([0x60, 0, 0x60, 0, 0xa0 + topics]);
            }
            Work::Balance(n) | Work::CodeHash(n) => {
                code.push(0x73);
                code.extend(somebody(n));
                code.extend([if matches!(work, Work::Balance(_)) { 0x31 } else { 0x3f }, 0x50]);
            }
        }
    }
    code
}

/// The work by the host, with the price of the pushes and pops added.
fn drive(host: &mut dyn Host, script: &[Work]) -> Result<(), Halt> {
    for work in script {
        match *work {
            Work::Load(slot) => {
                host.charge(3)?;
                host.sload(NATIVE, U256::from(slot))?;
                host.charge(2)?;
            }
            Work::Store(slot, value) => {
                host.charge(6)?;
                host.sstore(NATIVE, U256::from(slot), U256::from(value))?;
            }
            Work::Log(topics) => {
                host.charge(3 * (u64::from(topics) + 2))?;
                let topics = vec![B256::with_last_byte(7); usize::from(topics)];
                host.emit(NATIVE, LogData::new(topics, Bytes::new()).unwrap())?;
            }
            Work::Balance(n) => {
                host.charge(3)?;
                host.balance(somebody(n))?;
                host.charge(2)?;
            }
            Work::CodeHash(n) => {
                host.charge(3)?;
                host.code_hash(somebody(n))?;
                host.charge(2)?;
            }
        }
    }
    Ok(())
}

fn native(script: Vec<Work>) -> DynPrecompile {
    let params = GasParams::new_spec(SPEC);
    DynPrecompile::new_stateful(PrecompileId::custom("script"), move |input| {
        let PrecompileInput { gas, reservoir, mut internals, .. } = input;
        let gas = GasTracker::new_used_gas(gas, 0, reservoir);
        let mut host = JournalHost { internals: &mut internals, gas, params: &params };
        match drive(&mut host, &script) {
            Ok(()) => {
                Ok(PrecompileOutput::from_gas_tracker(PrecompileStatus::Success, Bytes::new(), host.gas))
            }
            Err(Halt::OutOfGas) => Ok(PrecompileOutput::halt(PrecompileHalt::OutOfGas, reservoir)),
            Err(Halt::Fatal(reason)) => Err(PrecompileError::Fatal(reason)),
        }
    })
}

/// Result, logs without their address, and the four slots afterwards.
fn execute(
    to: Address,
    script: &[Work],
    opening: [u8; 4],
    gas_limit: u64,
) -> (bool, u64, u64, Vec<LogData>, [U256; 4]) {
    let mut db = CacheDB::new(EmptyDB::new());
    let code = Bytecode::new_raw(code(script).into());
    let with_code =
        AccountInfo { code_hash: code.hash_slow(), code: Some(code), nonce: 1, ..Default::default() };
    db.insert_account_info(CONTRACT, with_code.clone());
    db.insert_account_info(NATIVE, AccountInfo { nonce: 1, ..AccountInfo::default() });
    db.insert_account_info(somebody(0), AccountInfo { balance: U256::from(5), ..AccountInfo::default() });
    for (slot, value) in (0u8..).zip(opening) {
        db.insert_account_storage(to, U256::from(slot), U256::from(value)).unwrap();
    }
    let mut map = precompiles(false);
    map.extend_precompiles([(NATIVE, native(script.to_vec()))]);
    let mut cfg = revm::context::CfgEnv::new_with_spec(SPEC);
    cfg.disable_nonce_check = true;
    let mut vm = Context::mainnet().with_cfg(cfg).with_db(db).build_mainnet().with_precompiles(map);
    let tx = TxEnv { caller: CALLER, kind: TxKind::Call(to), gas_limit, ..TxEnv::default() };
    let result: ExecutionResult = vm.transact_one(tx).unwrap();
    let state = vm.finalize();
    let mut db = vm.ctx.journaled_state.database;
    db.commit(state);
    let slots = [0u64, 1, 2, 3].map(|slot| db.storage(to, U256::from(slot)).unwrap());
    let logs = result.logs().iter().map(|log| log.data.clone()).collect();
    (result.is_success(), result.gas().total_gas_spent(), result.gas().inner_refunded(), logs, slots)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn the_host_charges_what_opcodes_cost(
        script in prop::collection::vec(work(), 0..12),
        opening in prop::array::uniform4(0u8..3),
        gas in 21_000u64..120_000,
    ) {
        for gas_limit in [2_000_000, gas] {
            prop_assert_eq!(
                execute(NATIVE, &script, opening, gas_limit),
                execute(CONTRACT, &script, opening, gas_limit)
            );
        }
    }
}
