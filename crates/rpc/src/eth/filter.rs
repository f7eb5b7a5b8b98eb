//! Filters that are polled: `eth_newFilter`, `eth_getFilterChanges` and kin.

use alloy_primitives::U256;
use alloy_rpc_types_eth::{BlockNumberOrTag, Filter, FilterBlockOption};
use polity_primitives::Height;
use serde::Serialize;

use super::logs;
use crate::{
    api::Api,
    args::Args,
    config::HEADS_BEHIND_MAX,
    convert::{self, RpcTransaction},
    error::Failure,
    filters::Watch,
    method::{
        Answer, Method,
        Weight::{Heavy, Light},
    },
};

pub(crate) const FILTER_METHODS: &[Method] = &[
    Method::new("eth_newFilter", &["filter"], Light, new_logs),
    Method::new("eth_newBlockFilter", &[], Light, new_blocks),
    Method::new("eth_newPendingTransactionFilter", &["full"], Light, new_pending),
    Method::new("eth_getFilterChanges", &["id"], Heavy, changes),
    Method::new("eth_getFilterLogs", &["id"], Heavy, all_logs),
    Method::new("eth_uninstallFilter", &["id"], Light, uninstall),
];

/// The height after the head: filters speak of what comes.
fn next(api: &Api) -> u64 {
    api.head().height().0.saturating_add(1)
}

fn new_logs(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let filter: Filter = args.get(0)?;
    logs::check_terms(&filter)?;
    if matches!(filter.block_option, FilterBlockOption::AtBlockHash(_)) {
        return Err(args.wrong(0, "a filter watches blocks to come; for one block use eth_getLogs"));
    }
    let (next, seen) = (next(api), api.feed.reorganisations());
    api.answer(&api.filters.install(Watch::Logs { filter: Box::new(filter), next, seen })?)
}

fn new_blocks(api: &Api, _: &Args<'_>) -> Result<Answer, Failure> {
    api.answer(&api.filters.install(Watch::Blocks { next: next(api), seen: api.feed.reorganisations() })?)
}

fn new_pending(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let full = args.opt(0)?.unwrap_or(false);
    api.answer(&api.filters.install(Watch::Pending { cursor: api.feed.pending_cursor(), full })?)
}

fn uninstall(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    api.answer(&api.filters.uninstall(&args.get(0)?))
}

/// Whole transactions or hashes.
#[derive(Serialize)]
#[serde(untagged)]
enum Pending {
    Full(Box<RpcTransaction>),
    Hash(polity_primitives::B256),
}

fn changes(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let id: U256 = args.get(0)?;
    api.filters.poll(&id, |watch| match watch {
        Watch::Blocks { next, seen } => {
            for undone in api.feed.undone_since(seen) {
                *next = (*next).min(undone.first());
            }
            let head = api.head().height().0;
            let from = (*next).max(head.saturating_sub(HEADS_BEHIND_MAX));
            let mut hashes = Vec::new();
            for height in from..=head {
                hashes.extend(api.ledger.block(Height(height))?.map(|block| block.block.hash));
            }
            *next = head.saturating_add(1);
            api.answer(&hashes)
        }
        Watch::Logs { filter, next, seen } => {
            let mut found = Vec::new();
            for undone in api.feed.undone_since(seen) {
                let told = undone.blocks.iter().filter(|block| block.height().0 < *next);
                found.extend(told.flat_map(|block| logs::taken_back(filter, block)));
                *next = (*next).min(undone.first());
            }
            let head = api.head().height().0;
            let (from, to) = wanted(filter, *next, head);
            if from <= to {
                logs::range(api, filter, from, to, &mut found)?;
            }
            *next = head.saturating_add(1);
            api.answer(&found)
        }
        Watch::Pending { cursor, full } => {
            let (hashes, after) = api.feed.pending_since(*cursor);
            *cursor = after;
            let pending = hashes.into_iter().map(|hash| match api.ledger.mempool().get(&hash) {
                Some(entry) if *full => Pending::Full(Box::new(convert::transaction(
                    &entry.transaction,
                    None,
                    api.chain_id(),
                    api.is_free(),
                ))),
                _ => Pending::Hash(hash),
            });
            api.answer(&pending.collect::<Vec<_>>())
        }
    })
}

/// The part of `next..=head` that lies in the filter's own range.
fn wanted(filter: &Filter, next: u64, head: u64) -> (u64, u64) {
    let number = |tag: Option<&BlockNumberOrTag>| tag.and_then(BlockNumberOrTag::as_number);
    let (from, to) = match &filter.block_option {
        FilterBlockOption::Range { from_block, to_block } => {
            (number(from_block.as_ref()), number(to_block.as_ref()))
        }
        FilterBlockOption::AtBlockHash(_) => (None, None),
    };
    (next.max(from.unwrap_or(0)), head.min(to.unwrap_or(u64::MAX)))
}

fn all_logs(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let id: U256 = args.get(0)?;
    let filter = api.filters.poll(&id, |watch| match watch {
        Watch::Logs { filter, .. } => Ok(filter.clone()),
        _ => Err(Failure::server("filter not found")),
    })?;
    api.answer(&logs::query(api, &filter)?)
}
