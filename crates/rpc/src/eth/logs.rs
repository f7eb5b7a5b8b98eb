//! `eth_getLogs`, and what filters and subscriptions share with it.

use alloy_rpc_types_eth::{BlockNumberOrTag, Filter, FilterBlockOption, Log};
use polity_ledger::ExecutedBlock;
use polity_primitives::Height;

use crate::{api::Api, args::Args, config::FILTER_TERMS_MAX, convert, error::Failure, method::Answer};

pub(super) fn get(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let filter: Filter = args.get(0)?;
    api.answer(&query(api, &filter)?)
}

/// Refuses filters with more alternatives than anyone needs.
pub(crate) fn check_terms(filter: &Filter) -> Result<(), Failure> {
    let most = filter.topics.iter().map(|topic| topic.len()).chain([filter.address.len()]).max().unwrap_or(0);
    if most > FILTER_TERMS_MAX {
        return Err(Failure::params(format!(
            "{most} addresses or topics in one position, at most {FILTER_TERMS_MAX}"
        )));
    }
    Ok(())
}

/// Every log the filter asks for.
pub(super) fn query(api: &Api, filter: &Filter) -> Result<Vec<Log>, Failure> {
    check_terms(filter)?;
    let mut found = Vec::new();
    match filter.block_option {
        FilterBlockOption::AtBlockHash(hash) => {
            let block = api.block(hash.into())?.ok_or_else(|| Failure::server("unknown block"))?;
            collect(api, filter, &block, &mut found)?;
        }
        FilterBlockOption::Range { from_block, to_block } => {
            let now = api.head();
            let head = now.height().0;
            let height = |tag: Option<BlockNumberOrTag>| match tag.unwrap_or_default() {
                BlockNumberOrTag::Earliest => 0,
                BlockNumberOrTag::Number(number) => number,
                BlockNumberOrTag::Safe | BlockNumberOrTag::Finalized => now.finalized().0,
                _ => head,
            };
            let (from, to) = (height(from_block), height(to_block));
            if from > to && from_block.is_some() && to_block.is_some() {
                return Err(Failure::params(format!("invalid block range params: from {from} to {to}")));
            }
            range(api, filter, from, to.min(head), &mut found)?;
        }
    }
    Ok(found)
}

/// Every log the filter asks for from height `from` to `to`.
pub(super) fn range(
    api: &Api,
    filter: &Filter,
    from: u64,
    to: u64,
    found: &mut Vec<Log>,
) -> Result<(), Failure> {
    let max = api.config.max_log_blocks;
    if to.saturating_sub(from) >= max {
        return Err(Failure::limit(format!("exceed maximum block range: {max}")));
    }
    for height in from..=to {
        let Some(bloom) = api.ledger.logs_bloom(Height(height))? else { break };
        if !filter.matches_bloom(bloom) {
            continue;
        }
        let Some(block) = api.ledger.block(Height(height))? else { break };
        if let Err(failure) = collect(api, filter, &block, found) {
            let hint = format!(
                "{}. Try with this block range [{from:#x}, {:#x}].",
                failure.message,
                height.saturating_sub(1).max(from)
            );
            return Err(Failure::limit(hint));
        }
    }
    Ok(())
}

/// Whether any log of `block` can match: the bloom filter says no for certain, yes perhaps.
fn may_match(filter: &Filter, block: &ExecutedBlock) -> bool {
    filter.matches_bloom(block.header().logs_bloom)
}

fn collect(api: &Api, filter: &Filter, block: &ExecutedBlock, found: &mut Vec<Log>) -> Result<(), Failure> {
    found.extend(matching(filter, block));
    if found.len() > api.config.max_logs {
        return Err(Failure::limit(format!("query returned more than {} results", api.config.max_logs)));
    }
    Ok(())
}

/// The logs of `block`, which was undone, that the filter asks for.
pub(crate) fn taken_back(filter: &Filter, block: &ExecutedBlock) -> Vec<Log> {
    let mut logs = matching(filter, block);
    for log in &mut logs {
        log.removed = true;
    }
    logs
}

/// The logs of `block` that the filter's addresses and topics ask for.
pub(crate) fn matching(filter: &Filter, block: &ExecutedBlock) -> Vec<Log> {
    if !may_match(filter, block) {
        return Vec::new();
    }
    convert::logs_of(block, |log| filter.matches(log)).collect()
}
