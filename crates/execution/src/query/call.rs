//! `eth_call`.

use alloy_rpc_types_eth::{TransactionRequest, state::StateOverride};

use super::{
    CallEnv, CallError, CallResult,
    env::{Prepared, call_result},
};
use crate::{Executor, StateReader};

impl Executor {
    /// What `request` would do on the state of `reader` in the block of `env`.
    ///
    /// Nonces, EIP-3607 and the gas limits of blocks and transactions are not checked; at gas price zero neither is the
    /// base fee. The sender must own the value it sends. Bounds: [`super::CALL_GAS_MAX`].
    ///
    /// # Errors
    /// [`CallError`]. A call that reverts or runs out of gas is an answer, not an error.
    pub fn call(
        &self,
        reader: &dyn StateReader,
        env: &CallEnv,
        request: &TransactionRequest,
        state: Option<&StateOverride>,
    ) -> Result<CallResult, CallError> {
        let mut prepared = Prepared::new(self, reader, env, request, state)?;
        let gas_limit = prepared.tx.gas_limit;
        Ok(call_result(prepared.run(gas_limit)?))
    }
}
