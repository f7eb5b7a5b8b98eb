//! What a block of plain transfers costs, against the recovery of its senders alone, which no ledger can do without.
//!
//! `cargo run --release -p polity-execution --example measure [transactions] [accounts]`. Times are of this machine; only
//! their ratios mean something elsewhere.
#![allow(clippy::print_stdout, clippy::disallowed_methods, clippy::unwrap_used, missing_docs)]

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use alloy_consensus::{SignableTransaction, TxEip1559};
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256, keccak256};
use polity_charter::{Access, Clock, Fees};
use polity_execution::{
    Attributes, ChainRules, Closing, Executor, ReadError, StateReader, TransactionSource, recover_all,
};
use polity_primitives::{Account, AccountChange, Header, RecoveredTransaction, StateChanges, Transaction};
use polity_trie::State;
use secp256k1::{Message, PublicKey, SECP256K1, SecretKey};

const CHAIN_ID: u64 = 4_242;

struct View(State);

impl StateReader for View {
    fn account(&self, address: &Address) -> Result<Option<Account>, ReadError> {
        Ok(self.0.account(address))
    }
    fn storage(&self, address: &Address, slot: &U256) -> Result<U256, ReadError> {
        Ok(self.0.storage(address, slot))
    }
    fn code(&self, _: &B256) -> Result<Bytes, ReadError> {
        Ok(Bytes::new())
    }
    fn block_hash(&self, _: u64) -> Result<Option<B256>, ReadError> {
        Ok(None)
    }
}

struct Queue(VecDeque<Arc<RecoveredTransaction>>);

impl TransactionSource for Queue {
    fn next(&mut self, _: u64) -> Option<Arc<RecoveredTransaction>> {
        self.0.pop_front()
    }
    fn skip_sender(&mut self, _: &Address) {}
}

/// Time on a processor of all threads of this process; zero where the system does not tell. Unlike the time of day it does
/// not grow because others use the machine too.
fn cpu() -> Duration {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let used = tasks.filter_map(|task| {
        let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(used.sum())
}

fn timed<T>(name: &str, count: usize, work: impl FnOnce() -> T) -> (T, Duration) {
    let (start, before) = (Instant::now(), cpu());
    let value = work();
    let (wall, used) = (start.elapsed(), cpu() - before);
    let micros = |time: Duration| time.as_secs_f64() * 1e6 / count as f64;
    println!("{name:<36} {:>8.2} us CPU {:>8.2} us wall per transaction", micros(used), micros(wall));
    (value, if used.is_zero() { wall } else { used })
}

fn transfers(count: u64) -> (Vec<Transaction>, Vec<Address>) {
    let to = |n: u64| Address::from_word(keccak256(n.to_le_bytes()));
    (0..count)
        .map(|n| {
            let key = SecretKey::from_byte_array(keccak256((n + 777).to_be_bytes()).0).unwrap();
            let public = PublicKey::from_secret_key(SECP256K1, &key).serialize_uncompressed();
            let tx = TxEip1559 {
                chain_id: CHAIN_ID,
                gas_limit: 21_000,
                max_fee_per_gas: 2_000_000_000,
                to: TxKind::Call(to(n / 2)),
                value: U256::from(1),
                ..TxEip1559::default()
            };
            let digest = Message::from_digest(tx.signature_hash().0);
            let (id, bytes) = SECP256K1.sign_ecdsa_recoverable(digest, &key).serialize_compact();
            let signature = Signature::from_bytes_and_parity(&bytes, i32::from(id) & 1 == 1);
            (
                Transaction::Signed(tx.into_signed(signature).into()),
                Address::from_raw_public_key(&public[1..]),
            )
        })
        .unzip()
}

fn main() {
    let mut args = std::env::args().skip(1).map(|arg| arg.parse::<u64>().unwrap());
    let (count, accounts) = (args.next().unwrap_or(10_000), args.next().unwrap_or(100_000));
    let (transactions, senders) = transfers(count);
    let n = transactions.len();
    let rich = Account { balance: U256::from(10u64).pow(U256::from(24)), ..Account::default() };
    let others = (0..accounts).map(|n| Address::from_word(keccak256((n ^ u64::MAX).to_be_bytes())));
    let mut opening = StateChanges::default();
    for address in senders.into_iter().chain(others) {
        let change = AccountChange { after: Some(rich), ..AccountChange::default() };
        opening.accounts.insert(address, change);
    }
    let view = View(State::default().apply(&opening));

    let executor = Executor::new(ChainRules {
        chain_id: CHAIN_ID,
        block_gas_limit: count * 21_000 * 2,
        fees: Fees::Market { initial_base_fee_wei: 1_000_000_000 },
        clock: Clock::Wall,
        transact: Access::Anyone,
        charter_hash: B256::ZERO,
        closing: Closing::default(),
    });
    let gas_limit = executor.founding().block_gas_limit;
    let parent = Header { gas_limit, base_fee_per_gas: Some(1_000_000_000), ..Header::default() };
    let attributes =
        Attributes { timestamp_secs: 1, beneficiary: Address::repeat_byte(1), ..Attributes::default() };
    let root = |changes: &StateChanges| view.0.apply(changes).root();

    println!("{n} transfers among {} accounts, {} cores", accounts + count, rayon::current_num_threads());
    let (_, alone) = timed("recovery alone, one core", n, || {
        transactions.iter().map(|tx| tx.recover().unwrap()).collect::<Vec<_>>()
    });
    let (recovered, _) = timed("recovery, all cores", n, || recover_all(&transactions).unwrap());
    let mut source = Queue(recovered.iter().cloned().map(Arc::new).collect());
    let (built, _) = timed("build, with state root", n, || {
        executor.build(&parent, parent.hash_slow(), &view, &attributes, &mut source, &root).unwrap()
    });
    let (outcome, apply) = timed("apply, with state root", n, || {
        executor.apply(&parent, &view, &built.block, &built.transactions, &[], &root).unwrap()
    });
    assert_eq!((outcome.receipts.len(), built.rejected.len()), (n, 0));
    let mut source = Queue(recovered.iter().cloned().map(Arc::new).collect());
    timed("build, without state root", n, || {
        executor.build(&parent, parent.hash_slow(), &view, &attributes, &mut source, &|_| B256::ZERO).unwrap()
    });
    let ratio = apply.as_secs_f64() / alone.as_secs_f64();
    println!("CPU of block execution / CPU of recovery alone: {ratio:.2}");
}
