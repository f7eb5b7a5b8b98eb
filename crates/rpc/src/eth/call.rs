//! Questions to the EVM: `eth_call`, `eth_estimateGas`, `eth_createAccessList`.

use std::time::{SystemTime, UNIX_EPOCH};

use alloy_primitives::U64;
use alloy_rpc_types_eth::{
    BlockId, BlockNumberOrTag, BlockOverrides, TransactionRequest, state::StateOverride,
};
use polity_execution::{
    Attributes, CallEnv, CallError, CallOutcome, CallResult, Estimate, TransactionFault, randao,
};
use polity_ledger::StateView;
use polity_primitives::{Bytes, Header};

use crate::{
    api::Api,
    args::Args,
    error::{Failure, REVERTED},
    method::Answer,
};

/// A question: what to run, on which state, in which block.
struct Question {
    request: TransactionRequest,
    state: StateView,
    env: CallEnv,
    overrides: Option<StateOverride>,
}

impl Question {
    /// Reads a question that is asked of `block` where it does not say.
    fn read(api: &Api, args: &Args<'_>, block: BlockNumberOrTag) -> Result<Self, Failure> {
        let request = capped(api, args.get(0)?);
        let (state, mut env) = env_at(api, args.opt(1)?.unwrap_or(BlockId::Number(block)))?;
        env.overrides = args.opt::<BlockOverrides>(3)?;
        Ok(Self { request, state, env, overrides: args.opt(2)? })
    }
}

/// `request` with no more gas than the operator gives.
pub(crate) fn capped(api: &Api, mut request: TransactionRequest) -> TransactionRequest {
    let cap = api.config.call_gas_cap;
    request.gas = Some(request.gas.unwrap_or(cap).min(cap));
    request
}

/// The state and the block environment that `id` names. Pending is the next block's environment on the head's state.
pub(crate) fn env_at(api: &Api, id: BlockId) -> Result<(StateView, CallEnv), Failure> {
    if id == BlockId::Number(BlockNumberOrTag::Pending) {
        return Ok((api.ledger.latest(), next_header(api).into()));
    }
    let height = api.height(id)?.ok_or_else(Failure::header_not_found)?;
    let state = api.ledger.state_at(height)?;
    let block = api.ledger.block(height)?.ok_or_else(Failure::header_not_found)?;
    Ok((state, block.header().clone().into()))
}

/// The header of the block after the head, as far as it is known.
fn next_header(api: &Api) -> Header {
    let head = api.head();
    let rules = &head.agreement.rules;
    let now_secs = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
    let timestamp_secs = rules.next_timestamp(head.header(), now_secs);
    let mix_hash = randao(head.hash());
    let attributes = Attributes { timestamp_secs, mix_hash, ..Attributes::default() };
    rules.next_header(head.header(), head.hash(), &attributes)
}

pub(super) fn call(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let ask = Question::read(api, args, BlockNumberOrTag::Latest)?;
    let executor = api.ledger.executor();
    let result =
        executor.call(&ask.state, &ask.env, &ask.request, ask.overrides.as_ref()).map_err(call_failure)?;
    api.answer(&output(result, ask.request.gas)?)
}

/// Estimates for the block to come, unless asked otherwise: a transaction is never in the block that is there. What began with the
/// head's state, such as the seats of a chamber, is there for the next block only.
pub(super) fn estimate_gas(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let ask = Question::read(api, args, BlockNumberOrTag::Pending)?;
    let executor = api.ledger.executor();
    match executor
        .estimate_gas(&ask.state, &ask.env, &ask.request, ask.overrides.as_ref())
        .map_err(call_failure)?
    {
        Estimate::Gas(gas) => api.answer(&U64::from(gas)),
        Estimate::Fails(CallResult {
            outcome: CallOutcome::Halt { out_of_gas: true, .. }, gas_used, ..
        }) => Err(Failure::server(format!("gas required exceeds allowance ({gas_used})"))),
        Estimate::Fails(result) => {
            Err(output(result, None).err().unwrap_or_else(|| Failure::internal("estimate")))
        }
    }
}

pub(super) fn create_access_list(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let request = capped(api, args.get(0)?);
    let (state, env) = env_at(api, args.opt(1)?.unwrap_or_default())?;
    let overrides: Option<StateOverride> = args.opt(2)?;
    let executor = api.ledger.executor();
    api.answer(
        &executor.create_access_list(&state, &env, &request, overrides.as_ref()).map_err(call_failure)?,
    )
}

/// What a call returned, or the failure in geth's words.
fn output(result: CallResult, gas: Option<u64>) -> Result<Bytes, Failure> {
    match result.outcome {
        CallOutcome::Success { output, .. } => Ok(output),
        CallOutcome::Revert { data, reason } => Err(match reason {
            Some(reason) => Failure::new(REVERTED, format!("execution reverted: {reason}")).with(&data),
            None => Failure::reverted(&data),
        }),
        CallOutcome::Halt { out_of_gas: true, .. } => Err(match gas {
            Some(gas) => Failure::server(format!("out of gas: gas required exceeds: {gas}")),
            None => Failure::server("out of gas"),
        }),
        CallOutcome::Halt { reason, .. } => Err(Failure::server(reason)),
    }
}

/// Why a question has no answer.
pub(crate) fn call_failure(error: CallError) -> Failure {
    match error {
        CallError::Request(why) => Failure::params(why),
        CallError::Fault(TransactionFault::Funds { cost, balance }) => Failure::server(format!(
            "insufficient funds for gas * price + value: balance {balance}, tx cost {cost}"
        )),
        CallError::Fault(fault) => Failure::server(fault),
        CallError::Tracer(why) => Failure::server(why),
        CallError::Unavailable(error) => Failure::server(error),
        other => Failure::internal(other),
    }
}
