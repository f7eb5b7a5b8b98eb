//! Chambers by stake: members bond currency and weigh what they bonded.
//!
//! Rule kept, to the wei: what the assembly owes for stakes is the sum of all stakes and of all that waits to be paid back; it came
//! in with `bond`, and goes out with `release` and in no other way. What a member bonded stays its own if it leaves or is expelled,
//! and if the chamber is removed.

use alloy_primitives::{B256, U256};

use super::{Description, Place, body, place};
use crate::{
    agenda::Due,
    assembly::{
        IAssembly::{
            BadAmount, Bonded, By, MayNotBond, NotAMember, NotByStake, NotDue, NothingBonded, Released,
            Unbond, Unbonding, UnknownChamber, UnknownUnbonding,
        },
        electorate,
        rules::{self, too_many},
        schema::storage,
    },
    context::{Context, Result},
    ensure,
    host::Failure,
    layout,
    registry::registry,
    storage::{Read, Slot},
};

/// Most that can be bonded in one chamber: so that its sums, in wei and in parts of split ballots, fit 128 bits.
/// Units: wei; ten thousand million million units of the currency.
pub const BONDED_MAX: U256 = U256::from_limbs([4_003_012_203_950_112_768, 542_101_086_242_752, 0, 0]);
/// Most payments a member waits for in one chamber.
pub const UNBONDINGS_MAX: u64 = 32;

layout! {
    /// What was unbonded.
    pub(super) struct UnbondingRecord {
        pub(super) chamber: Slot<B256>,
        pub(super) member: Slot<B256>,
        pub(super) amount: Slot<U256>,
        pub(super) paid_at: Slot<u64>,
        pub(super) paid: Slot<bool>,
    }
}

/// Bonds the value of the call.
///
/// Errors: `NotAMember`, `UnknownChamber`, `NotByStake`, `MayNotBond`, `NothingBonded`, `BadAmount`.
pub(in crate::assembly) fn bond(cx: &mut Context<'_>, chamber: B256) -> Result<()> {
    let member = electorate::caller(cx)?;
    let Place { record, body, .. } = place(cx, chamber)?;
    ensure!(record.seating.by(cx)? == By::Stake, NotByStake { chamber });
    ensure!(Description::of(cx, &record)?.lets_in(cx, member)?, MayNotBond { chamber, member });
    let (amount, now) = (cx.value(), cx.block().height);
    ensure!(!amount.is_zero(), NothingBonded {});
    let bonded = body.bonded.get(cx)?;
    let max = BONDED_MAX.saturating_sub(bonded);
    ensure!(amount <= max, BadAmount { amount, max });
    let stake = body.stakes.at(member).get(cx)?.saturating_add(amount);
    body.stakes.at(member).set(cx, now, stake)?;
    body.bonded.set(cx, bonded.saturating_add(amount))?;
    cx.emit(&Bonded { chamber, member, amount, stake })
}

/// Takes out `amount`, to be paid back after the chamber's unbonding time.
///
/// Errors: `NotAMember`, `UnknownChamber`, `NothingBonded`, `BadAmount`, `TooMany`.
pub(in crate::assembly) fn unbond(cx: &mut Context<'_>, chamber: B256, amount: U256) -> Result<u64> {
    let who = cx.caller();
    let member = registry().party_of(&mut electorate::members(cx), who)?;
    ensure!(!member.is_zero(), NotAMember { who });
    // Also of a chamber that is no more: otherwise a wei bonded there could keep it for ever.
    let record = rules::last_chamber(cx, chamber)?.ok_or(UnknownChamber { chamber })?;
    let (body, block, storage) = (body(chamber), cx.block(), storage());
    let stake = body.stakes.at(member).get(cx)?;
    ensure!(!stake.is_zero(), NothingBonded {});
    ensure!(!amount.is_zero() && amount <= stake, BadAmount { amount, max: stake });
    let waiting = body.waiting.at(member).get(cx)?;
    ensure!(waiting < UNBONDINGS_MAX, too_many("payments to wait for", UNBONDINGS_MAX));
    body.waiting.at(member).set(cx, waiting.saturating_add(1))?;
    body.stakes.at(member).set(cx, block.height, stake.saturating_sub(amount))?;
    let bonded = body.bonded.get(cx)?;
    body.bonded.set(cx, bonded.saturating_sub(amount))?;

    let id = storage.seats.unbonding_count.get(cx)?.saturating_add(1);
    storage.seats.unbonding_count.set(cx, id)?;
    let unbonding = storage.seats.unbondings.at(id);
    let paid_at = block.timestamp_secs.saturating_add(record.seating.unbonding_secs.get(cx)?);
    unbonding.chamber.set(cx, chamber)?;
    unbonding.member.set(cx, member)?;
    unbonding.amount.set(cx, amount)?;
    unbonding.paid_at.set(cx, paid_at)?;
    storage.agenda.schedule(cx, &block, Due::Release(id), paid_at)?;
    cx.emit(&Unbonding { id: U256::from(id), chamber, member, amount, paidAt: paid_at })?;
    Ok(id)
}

/// Pays back what was unbonded, to the account the member acts with, or acted with last. By the chain itself.
///
/// Errors: `NotBySystem`, `NotDue`.
pub(in crate::assembly) fn release(cx: &mut Context<'_>, id: U256) -> Result<()> {
    cx.by_system()?;
    let (number, storage, block) = (id.saturating_to::<u64>(), storage(), cx.block());
    ensure!(storage.agenda.take(cx, &block, Due::Release(number))?, NotDue {});
    let unbonding = storage.seats.unbondings.at(number);
    let (member, amount) = (unbonding.member.get(cx)?, unbonding.amount.get(cx)?);
    unbonding.paid.set(cx, true)?;
    let waiting = body(unbonding.chamber.get(cx)?).waiting.at(member);
    let count = waiting.get(cx)?;
    waiting.set(cx, count.saturating_sub(1))?;
    let to = registry().account_of(&mut electorate::members(cx), member)?;
    if !cx.transfer(to, amount)? {
        return Err(Failure::fatal("the assembly holds less than was bonded"));
    }
    cx.emit(&Released { id, member, to, amount })
}

/// All that is bonded in chamber `id`. Units: wei. `r` reads the assembly.
pub(in crate::assembly) fn bonded_in<R: Read>(r: &mut R, id: B256) -> Result<U256, R::Error> {
    body(id).bonded.get(r)
}

/// What was unbonded under `id`, as the ABI shows it.
///
/// Errors: `UnknownUnbonding`.
pub(in crate::assembly) fn unbonding_of(cx: &mut Context<'_>, id: U256) -> Result<Unbond> {
    let unbonding = storage().seats.unbondings.at(id.saturating_to());
    let member = unbonding.member.get(cx)?;
    ensure!(!member.is_zero(), UnknownUnbonding { id });
    Ok(Unbond {
        chamber: unbonding.chamber.get(cx)?,
        member,
        amount: unbonding.amount.get(cx)?,
        paidAt: unbonding.paid_at.get(cx)?,
        paid: unbonding.paid.get(cx)?,
    })
}
