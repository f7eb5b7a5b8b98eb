//! What this machine could do at most: the same transfers without network, store and trie.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use alloy_primitives::{Address, B256, Bytes, U256, hex};
use polity_charter::Charter;
use polity_execution::{
    Attributes, ChainRules, Executor, ReadError, StateReader, TransactionSource, recover_all,
};
use polity_node::Secret;
use polity_primitives::{Account, Header, RecoveredTransaction, StateChanges, Transaction};
use polity_trie::State;
use serde::Serialize;

use super::{
    load::{CHAIN_ID, per_sec},
    machine::{Conditions, Meter},
};
use crate::output::Failure;

/// Limits of the machine.
#[derive(Debug, Serialize)]
pub(crate) struct Limits {
    /// Signatures recovered on all cores.
    pub(crate) recovery_per_sec: u64,
    /// The same, then executed by one EVM in memory.
    pub(crate) recovery_and_execution_per_sec: u64,
    pub(crate) conditions: Conditions,
}

impl Limits {
    /// The higher of two measurements: what others take from us only makes a limit lower.
    pub(crate) fn or(self, other: Self) -> Self {
        if self.recovery_and_execution_per_sec >= other.recovery_and_execution_per_sec { self } else { other }
    }
}

/// A state in memory.
pub(crate) struct Reader {
    pub(crate) state: State,
    pub(crate) codes: Arc<BTreeMap<B256, Bytes>>,
}

impl StateReader for Reader {
    fn account(&self, address: &Address) -> Result<Option<Account>, ReadError> {
        Ok(self.state.account(address))
    }

    fn storage(&self, address: &Address, slot: &U256) -> Result<U256, ReadError> {
        Ok(self.state.storage(address, slot))
    }

    fn code(&self, hash: &B256) -> Result<Bytes, ReadError> {
        self.codes.get(hash).cloned().ok_or_else(|| ReadError::Corrupt(format!("no code {hash}")))
    }

    fn block_hash(&self, _: u64) -> Result<Option<B256>, ReadError> {
        Ok(None)
    }
}

/// Transactions in the order given.
pub(crate) struct Fixed(pub(crate) std::vec::IntoIter<Arc<RecoveredTransaction>>);

impl TransactionSource for Fixed {
    fn next(&mut self, _: u64) -> Option<Arc<RecoveredTransaction>> {
        self.0.next()
    }

    fn skip_sender(&mut self, _: &Address) {}
}

/// The charter of the measured networks: as for development, but free, with room in its blocks and funded senders.
pub(crate) fn charter(validators: usize, senders: &[Secret]) -> Result<String, Failure> {
    let text = polity_charter::dev(validators).map_err(Failure::failed)?;
    let text =
        text.replace("policy           = \"market\"\ninitial_base_fee = \"1 gwei\"", "policy = \"free\"");
    let accounts: String = senders
        .iter()
        .enumerate()
        .map(|(i, secret)| format!("s{i} = {{ balance = \"1000\", address = \"{}\" }}\n", secret.address()))
        .collect();
    Ok(text.replace("[accounts]\n", &format!("[accounts]\n{accounts}")))
}

/// The charter with local keys, ready for genesis.
pub(crate) fn ready(text: &str) -> Result<Charter, Failure> {
    let draft = polity_charter::parse("bench", text).map_err(Failure::failed)?.charter;
    if draft.chain_id != CHAIN_ID {
        return Err(Failure::failed("the development charter has another chain id than the load"));
    }
    let secrets = polity_node::Secrets::missing(&draft, |owner, role| Secret::local(&draft.id, owner, role));
    let text = polity_charter::with_keys(text, &secrets.public()?).map_err(Failure::failed)?;
    Ok(polity_charter::parse("bench", &text).map_err(Failure::failed)?.charter)
}

pub(crate) fn decode(signed: &[String]) -> Result<Vec<Transaction>, Failure> {
    signed.iter().map(|raw| Ok(Transaction::Signed(Transaction::decode_sent(&hex::decode(raw)?)?))).collect()
}

pub(crate) fn measure(senders: &[Secret], signed: &[String]) -> Result<Limits, Failure> {
    let transactions = decode(signed)?;
    let meter = Meter::start(&[]);
    let start = Instant::now();
    let recovered = recover_all(&transactions)?;
    let recovery = start.elapsed();
    let charter = ready(&charter(1, senders)?)?;
    let executor = Executor::new(ChainRules::from(&charter));
    let (mut parent, changes) = executor.genesis(&charter)?;
    let mut state = State::default().apply(&changes);
    parent.state_root = state.root();
    let codes: Arc<BTreeMap<B256, Bytes>> = Arc::new(changes.codes.into_iter().collect());
    let mut offered: Vec<Arc<RecoveredTransaction>> = recovered.into_iter().map(Arc::new).collect();
    let mut executing = std::time::Duration::ZERO;
    while !offered.is_empty() {
        let rest = offered.split_off(offered.len().min(10_000));
        let (mut source, reader) =
            (Fixed(offered.into_iter()), Reader { state: state.clone(), codes: Arc::clone(&codes) });
        let start = Instant::now();
        let built = executor.build(
            &parent,
            parent.hash_slow(),
            &reader,
            &attributes(&parent),
            &mut source,
            &no_root,
        )?;
        executing += start.elapsed();
        if !built.rejected.is_empty() {
            return Err(Failure::failed(format!(
                "a transfer of the load is not executed: {}",
                built.rejected[0].1
            )));
        }
        state = state.apply(&built.outcome.changes);
        parent = built.block.block.header;
        offered = source.0.chain(rest).collect();
    }
    Ok(Limits {
        recovery_per_sec: per_sec(signed.len(), recovery),
        recovery_and_execution_per_sec: per_sec(signed.len(), recovery + executing),
        conditions: meter.stop(signed.len()),
    })
}

pub(crate) fn attributes(parent: &Header) -> Attributes {
    Attributes {
        timestamp_secs: parent.timestamp,
        beneficiary: Address::repeat_byte(1),
        ..Attributes::default()
    }
}

fn no_root(_: &StateChanges) -> B256 {
    B256::ZERO
}
