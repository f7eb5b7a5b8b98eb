//! Forfeits: what misconduct costs those who put money on it, and where that money goes.
//!
//! Rule kept: a part is taken of everything that is at stake on the member's conduct — its own bond, what was delegated to it, what
//! is unbonding, what vests — in four writes however many own it; what is taken is burnt, paid to the treasury, or shared with who
//! brought the evidence, to the wei. Who brought it is paid a part of what the culprit itself lost, never of what others had put on it:
//! an accomplice could else share their money with the culprit. What the last member that can decide blocks
//! needs to go on deciding is left to it, and the chain says so.

use alloy_primitives::{Address, B256, U256};
use polity_constitution::{Forfeited, Incentive, Share, WriteRight};
use polity_primitives::TREASURY;

use super::{
    Constitution, IConstitution as sol, candidates::nobody_decides_without, stake::pay, standing::spare,
};
use crate::{
    context::{Context, Result},
    host::Failure,
    names,
    treasury::{ITreasury, treasury},
};

impl Constitution {
    /// Takes `part` of what is at stake on `member`: how much. Units: wei.
    pub(super) fn slash(
        &self,
        cx: &mut Context<'_>,
        incentive: &Incentive,
        member: B256,
        part: Share,
        reporter: Option<Address>,
    ) -> Result<U256> {
        let pool = self.pools.at(member);
        let (at_stake, leaving) = (pool.bonded.tokens.get(cx)?, pool.leaving.tokens.get(cx)?);
        if part.num == 0 {
            return Ok(U256::ZERO);
        }
        // What has vested is not at stake any more.
        pool.vesting.mature(cx, &pool, member)?;
        let vesting = pool.vesting.cut(cx, part)?;
        let leaving = pool.leaving.cut(cx, part.of(leaving))?;
        let mut wanted = part.of(at_stake);
        let (mut bonded, mut own_lost) = (U256::ZERO, U256::ZERO);
        if !wanted.is_zero() && nobody_decides_without(cx, member)? {
            let own = pool.amount_of(cx, member)?;
            let least = self.least_stake(cx, incentive, own, at_stake)?;
            let room = at_stake.saturating_sub(least);
            if room < wanted {
                spare(cx, member, "slash")?;
                wanted = room;
            }
        }
        if !wanted.is_zero() {
            let before = pool.amount_of(cx, member)?;
            bonded = pool.cut(cx, wanted)?;
            self.revise(cx)?;
            self.strike_off(cx, member)?;
            let (pledged, pledge) = (pool.amount_of(cx, member)?, incentive.pledge);
            own_lost = before.saturating_sub(pledged).min(bonded);
            if pledged < pledge {
                cx.emit(&sol::PledgeShort { member, pledged, pledge })?;
            }
        }
        let forfeited = bonded.saturating_add(leaving).saturating_add(vesting);
        if forfeited.is_zero() {
            return Ok(forfeited);
        }
        cx.emit(&sol::Slashed { member, bonded, leaving, vesting })?;
        self.purse.settle(cx, forfeited)?;
        self.forfeit(cx, incentive, forfeited, reporter.map(|to| (to, incentive.share.of(own_lost))))?;
        Ok(forfeited)
    }

    /// The least that has to stay at stake on a member, of whose `at_stake` it owns `own`, so that it may go on deciding: the stake
    /// that the settings ask for, and as much as leaves its own part at the pledge. Units: wei.
    fn least_stake(
        &self,
        cx: &mut Context<'_>,
        incentive: &Incentive,
        own: U256,
        at_stake: U256,
    ) -> Result<U256> {
        let by_stake = match self.settings(cx)?.write {
            WriteRight::Stake { min } => min.max(U256::ONE),
            WriteRight::Delegation { .. } => U256::ONE,
            _ => U256::ZERO,
        };
        if incentive.pledge.is_zero() {
            return Ok(by_stake);
        }
        // A cut takes the same part of everyone's; a wei more covers what it rounds away.
        let by_pledge = match at_stake.checked_mul(incentive.pledge).and_then(|all| all.checked_div(own)) {
            Some(least) => least.saturating_add(U256::from(2)).min(at_stake),
            None => at_stake,
        };
        Ok(by_stake.max(by_pledge))
    }

    /// Where forfeited money goes, of which who brought the evidence may have a reward. The constitution holds it and owes it no more.
    fn forfeit(
        &self,
        cx: &mut Context<'_>,
        incentive: &Incentive,
        amount: U256,
        reward: Option<(Address, U256)>,
    ) -> Result<()> {
        match incentive.forfeited {
            Forfeited::Treasury => to_treasury(cx, incentive, amount),
            Forfeited::Burn => self.burn(cx, amount),
            Forfeited::Reporter => {
                let reward = reward.filter(|(_, reward)| !reward.is_zero());
                if let Some((to, reward)) = reward {
                    pay(cx, to, reward)?;
                }
                self.burn(cx, amount.saturating_sub(reward.map_or(U256::ZERO, |(_, reward)| reward)))
            }
        }
    }

    /// Burns `amount` of the constitution's balance, and says so in its books.
    pub(super) fn burn(&self, cx: &mut Context<'_>, amount: U256) -> Result<()> {
        if amount.is_zero() {
            return Ok(());
        }
        if !cx.burn(amount)? {
            return Err(Failure::fatal("the constitution holds less than it burns"));
        }
        let burnt = self.purse.burnt.get(cx)?;
        self.purse.burnt.set(cx, burnt.saturating_add(amount))
    }
}

/// Pays to the account of the treasury that the charter names; to no account, for the members to attribute, if it is not open.
pub(super) fn to_treasury(cx: &mut Context<'_>, incentive: &Incentive, amount: U256) -> Result<()> {
    if amount.is_zero() {
        return Ok(());
    }
    let name = incentive.account.as_deref().and_then(names::word).unwrap_or_default();
    if treasury().is_open(&mut cx.storage_of(TREASURY), name)? {
        return cx.call_paying(TREASURY, &ITreasury::depositCall { name }, amount).map(drop);
    }
    pay(cx, TREASURY, amount)
}
