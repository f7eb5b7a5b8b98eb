//! The accounts of a block: its first system transaction where the charter's incentive says anything.
//!
//! Rule kept: whoever wrote is paid what the charter issues and, where it says so, the tips of the block; whoever let its turn pass
//! is counted. What the constitution holds beyond what it owes is the tips, whatever way they came, so no wei is lost or paid twice:
//! at the end of every block the supply is that of genesis, and what was issued, less what was burnt (here, and as base fees).

use alloy_primitives::{Address, B256, U256};
use polity_constitution::{FeesTo, Incentive};
use polity_primitives::REGISTRY;

use super::{
    Constitution, IConstitution as sol, evidence::Charge, slash::to_treasury, standing::Cause, term,
};
use crate::{
    context::{Context, Result},
    ensure,
    host::Failure,
    registry::registry,
};

/// Gas of the accounts of a block: rewards, the most turns missed, and delegates chosen among the most candidates.
pub const CLOSE_GAS_MAX: u64 = 14_000_000;
/// Most that is ever issued. Units: wei. Beyond, blocks are written for fees.
pub const ISSUED_MAX: U256 = U256::from_limbs([0, 1 << 63, 0, 0]);
/// Number of the offence of missing turns, beside those that evidence proves.
const DOWNTIME: u8 = 5;

impl Constitution {
    /// Keeps the accounts of the block. Errors: `NotBySystem`, `AlreadyClosed`.
    pub(super) fn close(&self, cx: &mut Context<'_>, writer: Address, missed: &[Address]) -> Result<()> {
        cx.by_system()?;
        let height = cx.block().height;
        ensure!(self.closed.get(cx)? < height, sol::AlreadyClosed { height });
        self.closed.set(cx, height)?;
        let settings = self.settings(cx)?;
        let incentive = &settings.incentive;
        let member = registry().signer(&mut cx.storage_of(REGISTRY), writer)?;
        let (reward, fees) = self.income(cx, incentive, member)?;
        cx.emit(&sol::Closed { writer: member, reward, fees })?;
        if !member.is_zero() {
            self.wrote(cx, incentive, member)?;
        }
        for address in missed {
            let member = registry().signer(&mut cx.storage_of(REGISTRY), *address)?;
            if !member.is_zero() {
                self.missed(cx, incentive, member)?;
            }
        }
        self.mark(cx, incentive.unbonding)?;
        term::turn(self, cx, &settings)
    }

    /// Issues the reward, finds the tips and gives both to whom they belong: how much each is. Units: wei.
    fn income(&self, cx: &mut Context<'_>, incentive: &Incentive, member: B256) -> Result<(U256, U256)> {
        let (balance, held) = (cx.balance()?, self.purse.held.get(cx)?);
        let short = || Failure::fatal("the constitution holds less than it owes");
        let fees = balance.checked_sub(held).ok_or_else(short)?;
        let issued = self.purse.issued.get(cx)?;
        let mut reward = if member.is_zero() { U256::ZERO } else { incentive.reward };
        reward = reward.min(ISSUED_MAX.saturating_sub(issued));
        if !reward.is_zero() {
            if !cx.mint(reward)? {
                return Err(Failure::fatal("more wei than there can be"));
            }
            self.purse.issued.set(cx, issued.saturating_add(reward))?;
        }
        let mut earned = reward;
        match incentive.fees {
            FeesTo::Writer if member.is_zero() => self.burn(cx, fees)?,
            FeesTo::Writer => earned = earned.saturating_add(fees),
            FeesTo::Treasury => to_treasury(cx, incentive, fees)?,
            FeesTo::Burn => self.burn(cx, fees)?,
        }
        if !earned.is_zero() {
            self.purse.owe(cx, earned)?;
            let pool = self.pools.at(member);
            pool.vesting.mature(cx, &pool, member)?;
            match incentive.vesting {
                0 => pool.share_out(cx, member, earned)?,
                secs => pool.vesting.add(cx, earned, secs)?,
            }
        }
        Ok((reward, fees))
    }

    fn wrote(&self, cx: &mut Context<'_>, incentive: &Incentive, member: B256) -> Result<()> {
        let record = self.scores.at(member);
        let written = record.written.get(cx)?;
        record.written.set(cx, written.saturating_add(1))?;
        if record.in_a_row.get(cx)? != 0 {
            record.in_a_row.set(cx, 0)?;
        }
        let Some(rules) = &incentive.standing else { return Ok(()) };
        self.move_score(cx, rules, member, rules.write, Cause::Write)
    }

    fn missed(&self, cx: &mut Context<'_>, incentive: &Incentive, member: B256) -> Result<()> {
        let record = self.scores.at(member);
        let (missed, in_a_row) = (record.missed.get(cx)?, record.in_a_row.get(cx)?.saturating_add(1));
        record.missed.set(cx, missed.saturating_add(1))?;
        cx.emit(&sol::TurnMissed { member, inARow: in_a_row })?;
        let is_downtime = incentive.slash.after != 0 && in_a_row >= incentive.slash.after;
        record.in_a_row.set(cx, if is_downtime { 0 } else { in_a_row })?;
        if is_downtime {
            let height = cx.block().height;
            let charge = Charge { kind: DOWNTIME, member, height, round: 0, reporter: None };
            self.sentence(cx, incentive, &charge, incentive.slash.downtime)?;
        }
        let Some(rules) = &incentive.standing else { return Ok(()) };
        self.move_score(cx, rules, member, rules.absent, Cause::Absent)
    }
}
