//! `eth_estimateGas`.

use alloy_rpc_types_eth::{TransactionRequest, state::StateOverride};
use revm::context_interface::result::ExecutionResult;

use super::{
    CallEnv, CallError, CallOutcome, CallResult,
    env::{Prepared, call_result},
};
use crate::{Executor, StateReader, TransactionFault, rules::TX_GAS_MIN};

/// How far above the least gas an estimate may be, in thousandths. Source: geth's `estimateGasErrorRatio`.
const SLACK_PER_MILLE: u64 = 15;
/// Gas a callee gets with value besides what is passed on. Source: yellow paper `G_callstipend`.
const CALL_STIPEND: u64 = 2_300;

/// How much gas a transaction needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Estimate {
    /// This much is enough, and at most 1.5 % more than the least that is.
    Gas(u64),
    /// It fails whatever gas it gets.
    Fails(CallResult),
}

impl Executor {
    /// How much gas `request` needs. Never more than [`crate::ChainRules::tx_gas_max`], what the request allows, or what
    /// the sender can pay.
    ///
    /// # Errors
    /// [`CallError`].
    pub fn estimate_gas(
        &self,
        reader: &dyn StateReader,
        env: &CallEnv,
        request: &TransactionRequest,
        state: Option<&StateOverride>,
    ) -> Result<Estimate, CallError> {
        let mut prepared = Prepared::new(self, reader, env, request, state)?;
        let mut high = prepared.tx.gas_limit.min(self.rules_after(reader)?.tx_gas_max());
        // A plain transfer needs exactly the minimum: most estimates end here.
        if prepared.tx.data.is_empty() && high >= TX_GAS_MIN && prepared.enough(TX_GAS_MIN)? {
            return Ok(Estimate::Gas(TX_GAS_MIN));
        }
        let first = prepared.run(high)?;
        let (mut low, optimistic) = match &first {
            ExecutionResult::Success { gas, .. } => {
                let peak = gas.total_gas_spent().saturating_add(CALL_STIPEND);
                // 63/64: what EIP-150 lets a call pass on.
                let optimistic = peak.saturating_add(peak / 63).saturating_add(1);
                (gas.tx_gas_used().saturating_sub(1), optimistic)
            }
            _ => {
                let result = call_result(first);
                debug_assert!(!matches!(result.outcome, CallOutcome::Success { .. }));
                return Ok(Estimate::Fails(result));
            }
        };
        if optimistic < high {
            if prepared.enough(optimistic)? { high = optimistic } else { low = optimistic }
        }
        while low.saturating_add(1) < high
            && (high - low).saturating_mul(1_000) > high.saturating_mul(SLACK_PER_MILLE)
        {
            // Needs are usually near the lower end.
            let middle = (low + (high - low) / 2).min(low.saturating_mul(2)).max(low + 1);
            if prepared.enough(middle)? { high = middle } else { low = middle }
        }
        Ok(Estimate::Gas(high))
    }
}

impl Prepared<'_> {
    fn enough(&mut self, gas_limit: u64) -> Result<bool, CallError> {
        match self.run(gas_limit) {
            Ok(result) => Ok(result.is_success()),
            Err(CallError::Fault(TransactionFault::IntrinsicGas { .. })) => Ok(false),
            Err(e) => Err(e),
        }
    }
}
