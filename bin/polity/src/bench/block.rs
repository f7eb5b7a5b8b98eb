//! One block that touches one account in a hundred of a large state: where its time goes.

use std::{cell::RefCell, sync::Arc, time::Instant};

use alloy_consensus::TxEip1559;
use alloy_primitives::{Address, B256, TxKind, U256, keccak256};
use polity_db::{BlockCommit, Db, Options};
use polity_execution::{ChainRules, Executor, recover_all};
use polity_node::Secret;
use polity_primitives::{Account, Block, StateChanges};
use polity_trie::State;
use rayon::prelude::*;
use serde::Serialize;

use super::{
    limits::{self, Fixed, Reader, attributes},
    load::CHAIN_ID,
    machine::{Conditions, Meter},
};
use crate::{client::sign, output::Failure};

/// Blocks that are measured, one on the other; the one that took the median time is told.
const ROUNDS: u64 = 5;

/// The block, measured.
#[derive(Debug, Serialize)]
pub(crate) struct Measured {
    pub(crate) accounts: u64,
    pub(crate) block: Step,
    pub(crate) conditions: Conditions,
}

/// One block. Units: microseconds of wall time.
#[derive(Debug, Serialize)]
pub(crate) struct Step {
    pub(crate) transfers: usize,
    /// Accounts it changed.
    pub(crate) touched: usize,
    pub(crate) total_us: u64,
    /// Senders recovered, on all cores.
    pub(crate) recovery_us: u64,
    /// Executed, with receipts and roots of transactions and receipts.
    pub(crate) execution_us: u64,
    /// State trie updated and hashed.
    pub(crate) trie_us: u64,
    /// Written durably.
    pub(crate) commit_us: u64,
}

fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}

pub(crate) fn measure(accounts: u64) -> Result<Measured, Failure> {
    let transfers = usize::try_from(accounts / 100)?;
    let senders: Vec<Secret> = (0..transfers / 2)
        .into_par_iter()
        .map(|i| Secret::local("bench", &format!("block-{i}"), "account"))
        .collect();
    // Room for the whole block: of a block's gas, signed transactions may use a part.
    let text = limits::charter(1, &[])?;
    let line = text.lines().find(|line| line.starts_with("block_gas_limit"));
    let line = line.ok_or_else(|| Failure::failed("the development charter has no block_gas_limit"))?;
    let text = text.replace(line, "block_gas_limit = 300_000_000");
    let charter = limits::ready(&text)?;
    let executor = Executor::new(ChainRules::from(&charter));
    let (mut parent, mut changes) = executor.genesis(&charter)?;
    let rich = Account { balance: U256::from(10u64).pow(U256::from(24)), ..Account::default() };
    let receiver = |i: u64| Address::from_slice(&keccak256(i.to_be_bytes())[12..]);
    let mut fund = |address: Address| {
        let change = changes.accounts.entry(address).or_default();
        change.after = Some(rich);
    };
    senders.iter().map(Secret::address).for_each(&mut fund);
    (0..accounts.saturating_sub(senders.len() as u64)).map(receiver).for_each(&mut fund);
    let state = State::default().apply(&changes);
    parent.state_root = state.root();
    let folder = tempfile::tempdir()?;
    let db = Db::open(folder.path().join("db"), Options { history: Some(8192) })?;
    let genesis = Block::unsealed(parent.clone(), Vec::new()).seal();
    db.commit(&BlockCommit {
        block: &genesis,
        senders: &[],
        tx_hashes: &[],
        receipts: &[],
        changes: &changes,
        certificate: None,
    })?;
    let codes = Arc::new(std::mem::take(&mut changes.codes).into_iter().collect());
    drop(changes);
    let mut steps = Vec::new();
    let meter = Meter::start(&[]);
    let (mut state, mut parent, mut parent_hash) = (state, parent, genesis.hash);
    for round in 0..ROUNDS {
        // Every transfer pays someone else: sender and receiver together are one account in a hundred.
        let signed: Vec<String> = senders
            .par_iter()
            .enumerate()
            .map(|(i, secret)| {
                let tx = TxEip1559 {
                    chain_id: CHAIN_ID,
                    nonce: round,
                    gas_limit: 21_000,
                    max_fee_per_gas: 2_000_000_000,
                    to: TxKind::Call(receiver((i as u64 * 97 + round) % (accounts / 2))),
                    value: U256::from(1),
                    ..TxEip1559::default()
                };
                sign(tx, secret)
            })
            .collect();
        let transactions = limits::decode(&signed)?;
        let start = Instant::now();
        let recovered = recover_all(&transactions)?;
        let recovery_us = micros(start);
        let mut source = Fixed(recovered.into_iter().map(Arc::new).collect::<Vec<_>>().into_iter());
        let reader = Reader { state: state.clone(), codes: Arc::clone(&codes) };
        let after = RefCell::new((0u64, State::default()));
        let root = |changes: &StateChanges| -> B256 {
            let start = Instant::now();
            let next = state.apply(changes);
            let root = next.root();
            *after.borrow_mut() = (micros(start), next);
            root
        };
        let start = Instant::now();
        let built =
            executor.build(&parent, parent_hash, &reader, &attributes(&parent), &mut source, &root)?;
        let built_us = micros(start);
        let (trie_us, next) = after.into_inner();
        let hashes: Vec<B256> = built.transactions.iter().map(|tx| tx.hash).collect();
        let from: Vec<Address> = built.transactions.iter().map(|tx| tx.sender).collect();
        let start = Instant::now();
        db.commit(&BlockCommit {
            block: &built.block,
            senders: &from,
            tx_hashes: &hashes,
            receipts: &built.outcome.receipts,
            changes: &built.outcome.changes,
            certificate: None,
        })?;
        let commit_us = micros(start);
        let execution_us = built_us.saturating_sub(trie_us);
        steps.push(Step {
            transfers: built.transactions.len(),
            touched: built.outcome.changes.accounts.len(),
            total_us: recovery_us + execution_us + trie_us + commit_us,
            recovery_us,
            execution_us,
            trie_us,
            commit_us,
        });
        (state, parent, parent_hash) = (next, built.block.block.header, built.block.hash);
    }
    steps.sort_by_key(|step| step.total_us);
    let median = steps.swap_remove(steps.len() / 2);
    Ok(Measured { accounts, block: median, conditions: meter.stop(0) })
}
