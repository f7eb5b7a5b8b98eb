//! Rewards that are paid late (延迟发放): they lie in a few buckets per candidate, each with the second at which all of it is shared
//! out among those who then own the pool. What vests is at stake like a bond.
//!
//! A bucket is a thirtieth of the vesting time wide, so a candidate has some thirty of them however fast blocks are; a reward
//! waits for the end of its bucket, never less than the vesting time. Buckets mature in order: when an amendment makes the time
//! shorter, what is earned then joins the last one before.

use alloy_primitives::{B256, U256};
use polity_constitution::Share;

use super::stake::Pool;
use crate::{
    context::{Context, Result},
    layout,
    storage::{Map, Slot},
};

/// Buckets that a vesting time is divided in.
const BUCKETS: u64 = 30;
/// Most buckets of one candidate; beyond, rewards join the last.
pub const BUCKETS_MAX: u64 = 64;

layout! {
    /// The buckets of one candidate: those from `first` to before `next`.
    pub(super) struct Vesting {
        first: Slot<u64>,
        next: Slot<u64>,
        buckets: Map<u64, Bucket>,
        /// Units: wei.
        pub(super) total: Slot<U256>,
    }
}

layout! {
    struct Bucket {
        /// Units: seconds since 1970-01-01 UTC.
        matures_at: Slot<u64>,
        /// Units: wei.
        amount: Slot<U256>,
    }
}

impl Vesting {
    /// Adds a reward that is shared out after `secs`.
    pub(super) fn add(&self, cx: &mut Context<'_>, amount: U256, secs: u64) -> Result<()> {
        let width = (secs / BUCKETS).max(1);
        let at = cx.block().timestamp_secs.saturating_add(secs);
        let matures_at = at.div_ceil(width).saturating_mul(width);
        let (first, next) = (self.first.get(cx)?, self.next.get(cx)?);
        let total = self.total.get(cx)?;
        self.total.set(cx, total.saturating_add(amount))?;
        if let Some(last) = next.checked_sub(1).filter(|last| *last >= first) {
            let bucket = self.buckets.at(last);
            let full = next.saturating_sub(first) >= BUCKETS_MAX;
            if full || bucket.matures_at.get(cx)? >= matures_at {
                let before = bucket.amount.get(cx)?;
                return bucket.amount.set(cx, before.saturating_add(amount));
            }
        }
        let bucket = self.buckets.at(next);
        bucket.matures_at.set(cx, matures_at)?;
        bucket.amount.set(cx, amount)?;
        self.next.set(cx, next.saturating_add(1))
    }

    /// Shares out what has matured. Bounds: [`BUCKETS_MAX`].
    pub(super) fn mature(&self, cx: &mut Context<'_>, pool: &Pool, candidate: B256) -> Result<()> {
        let (first, next) = (self.first.get(cx)?, self.next.get(cx)?);
        let (now, mut at, mut sum) = (cx.block().timestamp_secs, first, U256::ZERO);
        while at < next && self.buckets.at(at).matures_at.get(cx)? <= now {
            let bucket = self.buckets.at(at);
            sum = sum.saturating_add(bucket.amount.get(cx)?);
            bucket.amount.set(cx, U256::ZERO)?;
            bucket.matures_at.set(cx, 0)?;
            at = at.saturating_add(1);
        }
        if at == first {
            return Ok(());
        }
        self.first.set(cx, at)?;
        let total = self.total.get(cx)?;
        self.total.set(cx, total.saturating_sub(sum))?;
        pool.share_out(cx, candidate, sum)
    }

    /// Takes `part` of all that vests: how much. Units: wei. Bounds: [`BUCKETS_MAX`].
    pub(super) fn cut(&self, cx: &mut Context<'_>, part: Share) -> Result<U256> {
        let (first, next) = (self.first.get(cx)?, self.next.get(cx)?);
        let mut sum = U256::ZERO;
        for at in first..next {
            let amount = self.buckets.at(at).amount;
            let before = amount.get(cx)?;
            let taken = part.of(before);
            amount.set(cx, before.saturating_sub(taken))?;
            sum = sum.saturating_add(taken);
        }
        let total = self.total.get(cx)?;
        self.total.set(cx, total.saturating_sub(sum))?;
        Ok(sum)
    }
}
