//! Forfeits: what misconduct costs those who put money on it, and where that money goes.
//!
//! Rule kept: a part is taken of everything that is at stake on the member's conduct — its own bond, what was delegated to it, what
//! is unbonding, what vests — in four writes however many own it; what is taken is burnt, paid to the treasury, or shared with who
//! brought the evidence, to the wei. The bond of the last member that can decide blocks is left to it, and the chain says so.

use alloy_primitives::{Address, B256, U256};
use polity_constitution::{Forfeited, Incentive, Share};
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
        let wanted = part.of(at_stake);
        let mut bonded = U256::ZERO;
        if !wanted.is_zero() {
            if nobody_decides_without(cx, member)? {
                spare(cx, member, "slash")?;
            } else {
                bonded = pool.cut(cx, wanted)?;
                self.revise(cx)?;
                self.strike_off(cx, member)?;
                let (pledged, pledge) = (pool.amount_of(cx, member)?, incentive.pledge);
                if pledged < pledge {
                    cx.emit(&sol::PledgeShort { member, pledged, pledge })?;
                }
            }
        }
        let forfeited = bonded.saturating_add(leaving).saturating_add(vesting);
        if forfeited.is_zero() {
            return Ok(forfeited);
        }
        cx.emit(&sol::Slashed { member, bonded, leaving, vesting })?;
        self.purse.settle(cx, forfeited)?;
        self.forfeit(cx, incentive, forfeited, reporter)?;
        Ok(forfeited)
    }

    /// Where forfeited money goes. The constitution holds it and owes it no more.
    fn forfeit(
        &self,
        cx: &mut Context<'_>,
        incentive: &Incentive,
        amount: U256,
        reporter: Option<Address>,
    ) -> Result<()> {
        match incentive.forfeited {
            Forfeited::Treasury => to_treasury(cx, incentive, amount),
            Forfeited::Burn => self.burn(cx, amount),
            Forfeited::Reporter => {
                let reward = if reporter.is_some() { incentive.share.of(amount) } else { U256::ZERO };
                if let Some(to) = reporter.filter(|_| !reward.is_zero()) {
                    pay(cx, to, reward)?;
                }
                self.burn(cx, amount.saturating_sub(reward))
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
