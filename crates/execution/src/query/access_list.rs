//! `eth_createAccessList`.

use std::collections::{BTreeMap, BTreeSet};

use alloy_eips::eip2930::{AccessList, AccessListItem, AccessListResult};
use alloy_primitives::{Address, B256, U256};
use alloy_rpc_types_eth::{TransactionRequest, state::StateOverride};
use polity_institutions::DIRECTORY;
use revm::{context_interface::result::ResultAndState, state::EvmState};
use revm_inspectors::access_list::AccessListInspector;

use super::{
    CallEnv, CallError, CallOutcome,
    env::{Prepared, call_result},
};
use crate::{Executor, StateReader};

/// Most runs until the list no longer changes. A list can change what a transaction does, by the gas it saves.
const RUNS_MAX: usize = 8;

impl Executor {
    /// The accounts and slots `request` looks at, and the gas it uses with that list.
    ///
    /// # Errors
    /// [`CallError`]. A call that fails has a list all the same, and the reason beside it.
    pub fn create_access_list(
        &self,
        reader: &dyn StateReader,
        env: &CallEnv,
        request: &TransactionRequest,
        state: Option<&StateOverride>,
    ) -> Result<AccessListResult, CallError> {
        let mut prepared = Prepared::new(self, reader, env, request, state)?;
        prepared.tx.gas_limit = prepared.tx.gas_limit.min(self.rules_after(reader)?.tx_gas_max());
        let mut list = prepared.tx.access_list.clone();
        let mut ran = prepared.with_list(&mut list)?;
        for _ in 1..RUNS_MAX {
            let before = list.clone();
            ran = prepared.with_list(&mut list)?;
            if before == list {
                break;
            }
        }
        let result = call_result(ran.result);
        let error = match result.outcome {
            CallOutcome::Success { .. } => None,
            CallOutcome::Revert { reason, .. } => {
                Some(reason.map_or("execution reverted".to_owned(), |r| format!("execution reverted: {r}")))
            }
            CallOutcome::Halt { reason, .. } => Some(reason),
        };
        Ok(AccessListResult { access_list: list, gas_used: U256::from(result.gas_used), error })
    }
}

impl Prepared<'_> {
    /// Runs with `list` and leaves in it what was looked at.
    fn with_list(&mut self, list: &mut AccessList) -> Result<ResultAndState, CallError> {
        self.tx.access_list = list.clone();
        if self.tx.tx_type == 0 && !list.0.is_empty() {
            self.tx.tx_type = 1;
        }
        let mut inspector = AccessListInspector::new(list.clone());
        let ran = self.inspect(&mut inspector)?;
        *list = merge(inspector.into_access_list(), &ran.state);
        Ok(ran)
    }
}

/// Adds the slots institutions looked at: they run no opcodes for an inspector to see.
fn merge(list: AccessList, state: &EvmState) -> AccessList {
    let mut items: BTreeMap<Address, BTreeSet<B256>> = BTreeMap::new();
    for AccessListItem { address, storage_keys } in list.0 {
        items.entry(address).or_default().extend(storage_keys);
    }
    for entry in DIRECTORY {
        let slots =
            state.get(&entry.address).map(|account| &account.storage).filter(|slots| !slots.is_empty());
        if let Some(slots) = slots {
            #[expect(clippy::disallowed_methods, reason = "they land in a sorted set")]
            items.entry(entry.address).or_default().extend(slots.keys().map(|slot| B256::from(*slot)));
        }
    }
    let item = |(address, keys): (Address, BTreeSet<B256>)| AccessListItem {
        address,
        storage_keys: keys.into_iter().collect(),
    };
    AccessList(items.into_iter().map(item).collect())
}
