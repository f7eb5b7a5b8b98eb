//! `debug_*`: traces, and raw encodings. Source: geth's debug namespace.

use std::sync::Arc;

use alloy_eips::eip2718::Encodable2718;
use alloy_rpc_types_eth::BlockId;
use alloy_rpc_types_trace::geth::{GethDebugTracingCallOptions, GethDebugTracingOptions, TraceResult};
use polity_ledger::{ExecutedBlock, StateView};
use polity_primitives::{B256, Bytes};

use crate::{
    api::Api,
    args::Args,
    config::{TRACE_STEPS_MAX, TRACE_STEPS_WITH_MEMORY_MAX},
    error::Failure,
    eth::{call_failure, capped, env_at},
    method::{
        Answer, Method,
        Weight::{Heavy, Read},
    },
};

pub(crate) const METHODS: &[Method] = &[
    Method::new("debug_traceTransaction", &["hash", "options"], Heavy, trace_transaction),
    Method::new("debug_traceCall", &["transaction", "block", "options"], Heavy, trace_call),
    Method::new("debug_traceBlockByNumber", &["block", "options"], Heavy, trace_block),
    Method::new("debug_traceBlockByHash", &["block", "options"], Heavy, trace_block),
    Method::new("debug_getRawHeader", &["block"], Read, raw_header),
    Method::new("debug_getRawBlock", &["block"], Read, raw_block),
    Method::new("debug_getRawReceipts", &["block"], Read, raw_receipts),
    Method::new("debug_getRawTransaction", &["hash"], Read, raw_transaction),
];

fn bounded(mut options: GethDebugTracingOptions) -> GethDebugTracingOptions {
    let limit = options.config.limit.filter(|limit| *limit != 0).unwrap_or(TRACE_STEPS_MAX);
    let most = if options.config.enable_memory == Some(true) {
        TRACE_STEPS_WITH_MEMORY_MAX
    } else {
        TRACE_STEPS_MAX
    };
    options.config.limit = Some(limit.min(most));
    options
}

/// The state before `block`.
fn parent_state(api: &Api, block: &ExecutedBlock) -> Result<StateView, Failure> {
    let parent = block.height().previous().ok_or_else(|| Failure::server("genesis is not traceable"))?;
    Ok(api.ledger.state_at(parent)?)
}

fn find(api: &Api, args: &Args<'_>) -> Result<Arc<ExecutedBlock>, Failure> {
    let id: BlockId = args.get(0)?;
    api.block(id)?.ok_or_else(|| Failure::server("block not found"))
}

fn trace_transaction(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let hash: B256 = args.get(0)?;
    let options = bounded(args.opt(1)?.unwrap_or_default());
    let not_found = || Failure::server("transaction not found");
    let (height, index) = api.ledger.locate(&hash)?.ok_or_else(not_found)?;
    let block = api.ledger.block(height)?.ok_or_else(not_found)?;
    let state = parent_state(api, &block)?;
    let executor = api.ledger.executor();
    let trace = executor.trace_transaction(&state, block.header(), &block.transactions, index, options);
    api.answer(&trace.map_err(call_failure)?)
}

fn trace_block(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let block = find(api, args)?;
    let options = bounded(args.opt(1)?.unwrap_or_default());
    let state = parent_state(api, &block)?;
    let traces = api.ledger.executor().trace_block(&state, block.header(), &block.transactions, options);
    let results = traces.map_err(call_failure)?.into_iter().zip(&block.transactions);
    let results: Vec<_> =
        results.map(|(result, tx)| TraceResult::Success { result, tx_hash: Some(tx.hash) }).collect();
    api.answer(&results)
}

fn trace_call(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let request = capped(api, args.get(0)?);
    let id: BlockId = args.opt(1)?.unwrap_or_default();
    let options: GethDebugTracingCallOptions = args.opt(2)?.unwrap_or_default();
    let tracing = bounded(options.tracing_options);
    let overrides = options.state_overrides;
    let (state, mut env) = env_at(api, id)?;
    env.overrides = options.block_overrides;
    let executor = api.ledger.executor();
    let trace = match options.tx_index {
        None => executor.trace_call(&state, &env, &request, overrides.as_ref(), tracing),
        Some(after) => {
            let block = find_block(api, id)?;
            let state = parent_state(api, &block)?;
            let after = usize::try_from(after).unwrap_or(usize::MAX);
            let before = &block.transactions;
            executor.trace_call_within(&state, &env, before, after, &request, overrides.as_ref(), tracing)
        }
    };
    api.answer(&trace.map_err(call_failure)?)
}

fn find_block(api: &Api, id: BlockId) -> Result<Arc<ExecutedBlock>, Failure> {
    api.block(id)?.ok_or_else(Failure::header_not_found)
}

fn raw_header(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    api.answer(&Bytes::from(alloy_rlp::encode(find(api, args)?.header())))
}

fn raw_block(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    api.answer(&Bytes::from(find(api, args)?.block.encoded()))
}

fn raw_receipts(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let block = find(api, args)?;
    let encoded = block.receipts.iter().map(|receipt| {
        let mut bytes = Vec::new();
        receipt.encode_2718(&mut bytes);
        Bytes::from(bytes)
    });
    api.answer(&encoded.collect::<Vec<_>>())
}

fn raw_transaction(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let hash: B256 = args.get(0)?;
    let written = match api.ledger.locate(&hash)? {
        Some((height, index)) => api.ledger.block(height)?.map(|block| (block, index)),
        None => None,
    };
    let encoded = |(block, index): (Arc<ExecutedBlock>, usize)| {
        block.transactions.get(index).map(|tx| Bytes::from(tx.transaction.encoded_2718()))
    };
    api.answer(&written.and_then(encoded))
}
