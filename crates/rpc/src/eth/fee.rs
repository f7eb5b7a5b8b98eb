//! What transactions cost: nothing, where the charter says so; else EIP-1559.

use alloy_consensus::Transaction as _;
use alloy_primitives::{U64, U256};
use alloy_rpc_types_eth::{BlockNumberOrTag, FeeHistory};
use polity_ledger::ExecutedBlock;
use polity_primitives::{Header, Height};

use crate::{
    api::{Api, was_free},
    args::{Args, Quantity},
    config::{FEE_HISTORY_BLOCKS_MAX, PERCENTILES_MAX},
    error::Failure,
    method::Answer,
};

/// Recent blocks whose tips suggest a tip.
const SAMPLE_BLOCKS: u64 = 10;

/// The tips per gas that `block` paid, with the gas each transaction used, in ascending order of tip.
fn tips(block: &ExecutedBlock) -> Vec<(u128, u64)> {
    let base_fee = block.header().base_fee_per_gas.unwrap_or(0);
    let mut before = 0u64;
    let mut tips = Vec::new();
    for (tx, receipt) in block.transactions.iter().zip(&block.receipts) {
        let gas = receipt.cumulative_gas_used.saturating_sub(before);
        before = receipt.cumulative_gas_used;
        if let Some(signed) = tx.signed() {
            tips.push((signed.effective_tip_per_gas(base_fee).unwrap_or(0), gas));
        }
    }
    tips.sort_unstable();
    tips
}

/// The tip to offer: the median of what recent blocks took, zero where nothing is paid or nothing was sent.
fn suggested_tip(api: &Api) -> Result<u128, Failure> {
    if api.is_free() {
        return Ok(0);
    }
    let head = api.head().height().0;
    let mut sample = Vec::new();
    for height in head.saturating_sub(SAMPLE_BLOCKS)..=head {
        if let Some(block) = api.ledger.block(Height(height))? {
            sample.extend(tips(&block).into_iter().map(|(tip, _)| tip));
        }
    }
    sample.sort_unstable();
    Ok(sample.get(sample.len() / 2).copied().unwrap_or(0))
}

/// What a transaction without EIP-1559 should offer, in fourths of the next base fee: enough for two full blocks in between,
/// each of which raises it by an eighth. Source: EIP-1559.
const MARGIN_FOURTHS: u64 = 5;

pub(super) fn gas_price(api: &Api, _: &Args<'_>) -> Result<Answer, Failure> {
    let head = api.head();
    let base_fee = head.agreement.rules.next_base_fee(head.header());
    let offered = U256::from(base_fee).saturating_mul(U256::from(MARGIN_FOURTHS)).div_ceil(U256::from(4));
    api.answer(&U256::from(suggested_tip(api)?).saturating_add(offered))
}

pub(super) fn max_priority_fee(api: &Api, _: &Args<'_>) -> Result<Answer, Failure> {
    api.answer(&U256::from(suggested_tip(api)?))
}

/// There are no blobs; one wei is what EIP-4844 asks when nobody uses them.
pub(super) fn blob_base_fee(api: &Api, _: &Args<'_>) -> Result<Answer, Failure> {
    api.answer(&U64::from(1))
}

/// Source: execution-apis; ratios are floats there, so they are here.
pub(super) fn history(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let count = args.get::<Quantity>(0)?.0.min(FEE_HISTORY_BLOCKS_MAX);
    let newest: BlockNumberOrTag = args.get(1)?;
    let percentiles: Option<Vec<f64>> = args.opt(2)?;
    check_percentiles(args, percentiles.as_deref().unwrap_or_default())?;
    let newest = api
        .height(newest.into())?
        .ok_or_else(|| {
            Failure::server(format!(
                "request beyond head block: requested {newest}, head {}",
                api.head().height()
            ))
        })?
        .0;
    let count = count.min(newest.saturating_add(1));
    let oldest = newest.saturating_add(1).saturating_sub(count);

    let mut history = FeeHistory { oldest_block: oldest, ..FeeHistory::default() };
    let mut rewards = Vec::new();
    for height in oldest..oldest.saturating_add(count) {
        let block = api.ledger.block(Height(height))?.ok_or_else(Failure::header_not_found)?;
        let header = block.header();
        history.base_fee_per_gas.push(header.base_fee_per_gas.unwrap_or(0).into());
        history.gas_used_ratio.push(ratio(header.gas_used, header.gas_limit));
        if let Some(percentiles) = &percentiles {
            rewards.push(percentile_tips(&tips(&block), percentiles, was_free(&block)));
        }
        if height == newest {
            history.base_fee_per_gas.push(next_base_fee(api, header)?.into());
        }
    }
    history.base_fee_per_blob_gas = vec![1; history.base_fee_per_gas.len()];
    history.blob_gas_used_ratio = vec![0.0; history.gas_used_ratio.len()];
    history.reward = percentiles.map(|_| rewards);
    api.answer(&history)
}

/// The base fee of the block after that of `header`: known if it is written, else by the charter in force after it.
fn next_base_fee(api: &Api, header: &Header) -> Result<u64, Failure> {
    let written = api.ledger.block(Height(header.number.saturating_add(1)))?;
    Ok(match written {
        Some(next) => next.header().base_fee_per_gas.unwrap_or(0),
        None => api.head().agreement.rules.next_base_fee(header),
    })
}

fn check_percentiles(args: &Args<'_>, percentiles: &[f64]) -> Result<(), Failure> {
    if percentiles.len() > PERCENTILES_MAX {
        return Err(args.wrong(2, format!("at most {PERCENTILES_MAX} percentiles")));
    }
    let inside = percentiles.iter().all(|p| (0.0..=100.0).contains(p));
    if !inside || !percentiles.is_sorted() {
        return Err(args.wrong(2, "percentiles must ascend from 0 to 100"));
    }
    Ok(())
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// For each percentile of the gas used, the tip paid there. `tips` ascends.
fn percentile_tips(tips: &[(u128, u64)], percentiles: &[f64], free: bool) -> Vec<u128> {
    let used: u64 = tips.iter().map(|(_, gas)| gas).sum();
    percentiles
        .iter()
        .map(|percentile| {
            let threshold = used as f64 * percentile / 100.0;
            let mut sum = 0.0;
            let at = tips.iter().find(|(_, gas)| {
                sum += *gas as f64;
                sum >= threshold
            });
            if free { 0 } else { at.map_or(0, |(tip, _)| *tip) }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_weigh_by_gas() {
        let tips = [(1, 10), (5, 80), (9, 10)];
        for (percentile, expected) in
            [(0.0, 1), (10.0, 1), (11.0, 5), (50.0, 5), (90.0, 5), (91.0, 9), (100.0, 9)]
        {
            assert_eq!(percentile_tips(&tips, &[percentile], false), [expected], "{percentile}");
        }
        assert_eq!(percentile_tips(&[], &[50.0], false), [0]);
        assert_eq!(percentile_tips(&tips, &[50.0], true), [0]);
    }
}
