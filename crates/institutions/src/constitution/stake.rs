//! Bonds: what members put at stake on their own conduct, and others on the conduct of those they trust.
//!
//! Rule kept, to the wei: what the constitution owes ([`Purse::held`]) is the sum of all bonds, of what is unbonding, of rewards that
//! vest and of rewards not yet claimed, rounding included; it holds no less. Money comes in with `bond`, `delegate` and as a reward,
//! and goes out with `release`, `claim` and as a forfeit, in no other way.
//!
//! A candidate's own bond is its delegation to itself: one pool per candidate, owned by shares ([`super::shares`]), so that taking a
//! part of it, or paying a reward to all who own it, is one write however many they are. What is unbonding lies in a second such
//! pool and stays liable until it is paid: who leaves cannot outrun the evidence. For the same reason who changes from one
//! candidate to another waits as long. Payment is by `release`, not by the agenda: a crowd that leaves pays for its own going,
//! and cannot fill blocks with work that nobody pays for (ADR 0019).
//!
//! Deliberately absent: who may write with how much (the pure `committee`), and chambers by stake, which are the assembly's.

use alloy_primitives::{Address, B256, U256};
use polity_charter::Rights;
use polity_primitives::{CONSTITUTION, REGISTRY};

use super::{
    Constitution, IConstitution as sol,
    candidates::{nobody_decides, somebody_decides},
    constitution,
    shares::{Shares, mul_div},
    vesting::Vesting,
};
use crate::{
    context::{Context, Result},
    ensure,
    host::Failure,
    layout,
    registry::registry,
    storage::{Map, Read, Slot},
};

/// Most that all bonds together can be, so that no product overflows. Units: wei; ten thousand million million units.
pub(super) const BONDED_MAX: U256 = crate::assembly::BONDED_MAX;
/// Most payments one holder waits for with one candidate.
pub const UNBONDINGS_MAX: u64 = 32;
/// Most members with a bond, so that choosing delegates among them fits in the accounts of one block: for each 17,000 gas to look at,
/// and 22,100 to write it down if it is chosen, of [`super::CLOSE_GAS_MAX`].
pub const CANDIDATES_MAX: u64 = 256;
/// Fraction of a wei that rewards per share are kept in, as a power of two.
const REWARD_BITS: usize = 96;

layout! {
    /// What the constitution owes and has issued. Units: wei.
    pub(super) struct Purse {
        pub(super) held: Slot<U256>,
        pub(super) issued: Slot<U256>,
        pub(super) burnt: Slot<U256>,
    }
}

layout! {
    /// One candidate's pool.
    pub(super) struct Pool {
        /// Its place in the list of candidates with a bond, plus one.
        pub(super) number: Slot<u64>,
        pub(super) bonded: Shares,
        pub(super) leaving: Shares,
        /// Rewards a share ever got. Units: 2⁻⁹⁶ wei.
        per_share: Slot<U256>,
        /// What was too little to share. Units: wei.
        dust: Slot<U256>,
        /// `per_share` when a generation of shares ended.
        ends: Map<u64, Slot<U256>>,
        pub(super) vesting: Vesting,
        holders: Map<B256, Holding>,
    }
}

layout! {
    /// What one holder has in a pool.
    struct Holding {
        shares: Slot<U256>,
        generation: Slot<u64>,
        /// `per_share` when `earned` was last brought up to date.
        since: Slot<U256>,
        /// Units: wei.
        earned: Slot<U256>,
        /// Payments it waits for.
        waiting: Slot<u64>,
    }
}

layout! {
    /// What was unbonded.
    pub(super) struct UnbondingRecord {
        candidate: Slot<B256>,
        holder: Slot<B256>,
        shares: Slot<U256>,
        generation: Slot<u64>,
        paid_at: Slot<u64>,
        to: Slot<B256>,
        done: Slot<bool>,
    }
}

impl Purse {
    /// The constitution owes `amount` more.
    pub(super) fn owe(&self, cx: &mut Context<'_>, amount: U256) -> Result<()> {
        let held = self.held.get(cx)?;
        self.held.set(cx, held.saturating_add(amount))
    }

    /// The constitution owes `amount` less.
    pub(super) fn settle(&self, cx: &mut Context<'_>, amount: U256) -> Result<()> {
        let held = self.held.get(cx)?.checked_sub(amount);
        self.held.set(cx, held.ok_or_else(|| Failure::fatal("more is paid than the constitution owes"))?)
    }
}

/// The word of whoever acts with `account`: a member's id, also of one that left, else the address. The two cannot be equal: a
/// name has no zero in front.
pub(super) fn holder_of(cx: &mut Context<'_>, account: Address) -> Result<B256> {
    let member = registry().party_of(&mut cx.storage_of(REGISTRY), account)?;
    Ok(if member.is_zero() { account.into_word() } else { member })
}

/// The account that `holder` is paid to.
pub(super) fn account_of(cx: &mut Context<'_>, holder: B256) -> Result<Address> {
    if holder.first() == Some(&0) {
        return Ok(Address::from_word(holder));
    }
    registry().account_of(&mut cx.storage_of(REGISTRY), holder)
}

impl Pool {
    /// What `holder` has bonded here. Units: wei.
    pub(super) fn amount_of<R: Read>(&self, r: &mut R, holder: B256) -> Result<U256, R::Error> {
        let holding = self.holders.at(holder);
        if holding.generation.get(r)? != self.bonded.generation.get(r)? {
            return Ok(U256::ZERO);
        }
        let shares = holding.shares.get(r)?;
        if shares.is_zero() { Ok(shares) } else { self.bonded.worth(r, shares) }
    }

    /// What `holder` has earned here and not claimed, as far as it is shared out. Units: wei.
    pub(super) fn rewards_of<R: Read>(&self, r: &mut R, holder: B256) -> Result<U256, R::Error> {
        let holding = self.holders.at(holder);
        Ok(holding.earned.get(r)?.saturating_add(self.newly_earned(r, &holding)?))
    }

    fn newly_earned<R: Read>(&self, r: &mut R, holding: &Holding) -> Result<U256, R::Error> {
        let shares = holding.shares.get(r)?;
        if shares.is_zero() {
            return Ok(U256::ZERO);
        }
        let generation = holding.generation.get(r)?;
        let until = if generation == self.bonded.generation.get(r)? {
            self.per_share.get(r)?
        } else {
            self.ends.at(generation).get(r)?
        };
        let each = until.saturating_sub(holding.since.get(r)?);
        Ok(mul_div(shares, each, U256::from(1) << REWARD_BITS))
    }

    /// Brings what `holder` earned up to date: before its shares change, and before it is paid.
    fn update(&self, cx: &mut Context<'_>, holder: B256) -> Result<()> {
        let holding = self.holders.at(holder);
        let new = self.newly_earned(cx, &holding)?;
        if !new.is_zero() {
            let earned = holding.earned.get(cx)?;
            holding.earned.set(cx, earned.saturating_add(new))?;
        }
        let generation = self.bonded.generation.get(cx)?;
        if holding.generation.get(cx)? != generation {
            holding.generation.set(cx, generation)?;
            holding.shares.set(cx, U256::ZERO)?;
        }
        let per_share = self.per_share.get(cx)?;
        holding.since.set(cx, per_share)
    }

    /// Shares `amount` out among all who own the pool, what was left over before included; without owners it is the candidate's
    /// own. The constitution owes it already. Units: wei.
    pub(super) fn share_out(&self, cx: &mut Context<'_>, candidate: B256, amount: U256) -> Result<()> {
        if amount.is_zero() {
            return Ok(());
        }
        let shares = self.bonded.shares.get(cx)?;
        if shares.is_zero() {
            let earned = self.holders.at(candidate).earned;
            let before = earned.get(cx)?;
            return earned.set(cx, before.saturating_add(amount));
        }
        let (whole, one) = (amount.saturating_add(self.dust.get(cx)?), U256::from(1) << REWARD_BITS);
        let each = mul_div(whole, one, shares);
        let per_share = self.per_share.get(cx)?;
        self.per_share.set(cx, per_share.saturating_add(each))?;
        // Rounded up: what holders can come to claim, each rounded down, is never more.
        self.dust.set(cx, whole.saturating_sub(super::shares::mul_div_up(shares, each, one)))
    }

    /// Takes `amount` of what is bonded from all owners, or more if the rest is worth nothing: what was taken. Units: wei.
    pub(super) fn cut(&self, cx: &mut Context<'_>, amount: U256) -> Result<U256> {
        let generation = self.bonded.generation.get(cx)?;
        let taken = self.bonded.cut(cx, amount)?;
        if self.bonded.generation.get(cx)? != generation {
            let per_share = self.per_share.get(cx)?;
            self.ends.at(generation).set(cx, per_share)?;
        }
        Ok(taken)
    }
}

impl Constitution {
    /// Bonds `amount`, which the constitution holds, for `holder` on `candidate`.
    fn put(&self, cx: &mut Context<'_>, candidate: B256, holder: B256, amount: U256) -> Result<()> {
        let pool = self.pools.at(candidate);
        if pool.number.get(cx)? == 0 {
            ensure!(
                self.bonded.len(cx)? < CANDIDATES_MAX,
                too_many("candidates with a bond", CANDIDATES_MAX)
            );
            self.bonded.push(cx, candidate)?;
            let number = self.bonded.len(cx)?;
            pool.number.set(cx, number)?;
        }
        pool.vesting.mature(cx, &pool, candidate)?;
        pool.update(cx, holder)?;
        let holding = pool.holders.at(holder);
        let bought = pool.bonded.enter(cx, amount)?;
        self.revise(cx)?;
        let shares = holding.shares.get(cx)?;
        holding.shares.set(cx, shares.saturating_add(bought))?;
        let total = pool.bonded.tokens.get(cx)?;
        cx.emit(&sol::Bonded { candidate, holder, amount, total })
    }

    /// Takes the value of a call as a bond.
    fn take_in(&self, cx: &mut Context<'_>, candidate: B256, holder: B256) -> Result<()> {
        let amount = cx.value();
        ensure!(!amount.is_zero(), sol::NothingBonded {});
        let max = BONDED_MAX.saturating_sub(self.purse.held.get(cx)?);
        ensure!(amount <= max, sol::BadAmount { amount, max });
        self.purse.owe(cx, amount)?;
        self.put(cx, candidate, holder, amount)
    }

    /// The caller's member bonds the value of the call, whatever the settings are: before an amendment makes stake count, somebody
    /// has to have it.
    ///
    /// Errors: `NotAMember`, `NoCandidate`, `NothingBonded`, `BadAmount`, `BelowPledge`, `TooMany`.
    pub(super) fn bond(&self, cx: &mut Context<'_>) -> Result<()> {
        let who = cx.caller();
        let member = registry().member_of(&mut cx.storage_of(REGISTRY), who)?;
        ensure!(!member.is_zero(), sol::NotAMember { who });
        self.may_be_candidate(cx, member)?;
        self.take_in(cx, member, member)?;
        // By the settings that are coming, while a change is under way: who bonds then bonds for them.
        let height = cx.block().height;
        let pledge = self.settings_from(cx, height)?.last().map_or(U256::ZERO, |last| last.incentive.pledge);
        let left = self.pools.at(member).amount_of(cx, member)?;
        ensure!(left >= pledge, sol::BelowPledge { left, pledge });
        Ok(())
    }

    /// Delegates the value of the call to a candidate: a member with the right to validate.
    ///
    /// Errors: `NoCandidate`, `NothingBonded`, `BadAmount`, `TooMany`.
    pub(super) fn delegate(&self, cx: &mut Context<'_>, candidate: B256) -> Result<()> {
        self.may_be_candidate(cx, candidate)?;
        let who = cx.caller();
        let holder = holder_of(cx, who)?;
        // One's own bond is `bond`, which knows the pledge.
        ensure!(holder != candidate, sol::NoCandidate { member: candidate });
        self.take_in(cx, candidate, holder)
    }

    fn may_be_candidate(&self, cx: &mut Context<'_>, member: B256) -> Result<()> {
        let rights = registry().rights(&mut cx.storage_of(REGISTRY), member, u64::MAX)?;
        ensure!(rights.contains(Rights::VALIDATE), sol::NoCandidate { member });
        Ok(())
    }

    /// Takes the caller's `amount` out of `candidate`'s pool, to be released later; then on to `to` unless that is zero.
    ///
    /// Errors: `NothingBonded`, `BadAmount`, `BelowPledge`, `LastValidator`, `TooMany`, `NoCandidate`.
    pub(super) fn take_out(
        &self,
        cx: &mut Context<'_>,
        candidate: B256,
        to: B256,
        amount: U256,
    ) -> Result<U256> {
        let (who, block) = (cx.caller(), cx.block());
        let holder = holder_of(cx, who)?;
        let pool = self.pools.at(candidate);
        pool.vesting.mature(cx, &pool, candidate)?;
        pool.update(cx, holder)?;
        let holding = pool.holders.at(holder);
        let max = pool.amount_of(cx, holder)?;
        ensure!(!max.is_zero(), sol::NothingBonded {});
        ensure!(!amount.is_zero() && amount <= max, sol::BadAmount { amount, max });
        let waiting = holding.waiting.get(cx)?;
        ensure!(waiting < UNBONDINGS_MAX, too_many("payments to wait for", UNBONDINGS_MAX));
        if !to.is_zero() {
            self.may_be_candidate(cx, to)?;
            ensure!(to != candidate && to != holder, sol::NoCandidate { member: to });
        }
        let could_decide = somebody_decides(cx)?;
        let own = holding.shares.get(cx)?;
        // Who takes out everything gives up every share, also the fraction that is worth less than a wei.
        let price = if amount == max { own } else { pool.bonded.price(cx, amount)? };
        holding.shares.set(cx, own.saturating_sub(price))?;
        let orphaned = pool.bonded.leave(cx, price, amount)?;
        self.revise(cx)?;
        self.purse.settle(cx, orphaned)?;
        let settings = self.settings(cx)?;
        if holder == candidate && amount < max {
            let (left, pledge) = (pool.amount_of(cx, holder)?, settings.incentive.pledge);
            ensure!(left >= pledge, sol::BelowPledge { left, pledge });
        }
        if could_decide && let Some(problem) = nobody_decides(cx)? {
            return Err(sol::LastValidator { member: candidate, problem }.into());
        }
        self.strike_off(cx, candidate)?;

        holding.waiting.set(cx, waiting.saturating_add(1))?;
        let bought = pool.leaving.enter(cx, amount)?;
        let id = self.unbonding_count.get(cx)?.saturating_add(1);
        self.unbonding_count.set(cx, id)?;
        let record = self.unbondings.at(id);
        let paid_at = block.timestamp_secs.saturating_add(settings.incentive.unbonding);
        let generation = pool.leaving.generation.get(cx)?;
        record.candidate.set(cx, candidate)?;
        record.holder.set(cx, holder)?;
        record.shares.set(cx, bought)?;
        record.generation.set(cx, generation)?;
        record.paid_at.set(cx, paid_at)?;
        record.to.set(cx, to)?;
        cx.emit(&sol::Unbonding { id: U256::from(id), candidate, holder, amount, paidAt: paid_at, to })?;
        if holder == candidate && amount == max && !settings.incentive.pledge.is_zero() {
            let pledge = settings.incentive.pledge;
            cx.emit(&sol::PledgeShort { member: candidate, pledged: U256::ZERO, pledge })?;
        }
        Ok(U256::from(id))
    }

    /// Takes a candidate with nothing bonded off the list, so that there is room for another.
    pub(super) fn strike_off(&self, cx: &mut Context<'_>, candidate: B256) -> Result<()> {
        let pool = self.pools.at(candidate);
        if !pool.bonded.tokens.get(cx)?.is_zero() {
            return Ok(());
        }
        let Some(index) = pool.number.get(cx)?.checked_sub(1) else { return Ok(()) };
        pool.number.set(cx, 0)?;
        if let Some(moved) = self.bonded.swap_remove(cx, index)? {
            self.pools.at(moved).number.set(cx, index.saturating_add(1))?;
        }
        Ok(())
    }

    /// Pays what was unbonded under `id`, or delegates it on; if the next candidate is none any more, it is paid.
    ///
    /// Errors: `UnknownUnbonding`, `AlreadyReleased`, `NotYet`.
    pub(super) fn release(&self, cx: &mut Context<'_>, id: U256) -> Result<()> {
        let record = self.unbonding(cx, id)?;
        let paid_at = record.paid_at.get(cx)?;
        ensure!(!record.done.get(cx)?, sol::AlreadyReleased { id });
        ensure!(paid_at <= cx.block().timestamp_secs, sol::NotYet { paidAt: paid_at });
        record.done.set(cx, true)?;
        let (candidate, holder, to) = (record.candidate.get(cx)?, record.holder.get(cx)?, record.to.get(cx)?);
        let pool = self.pools.at(candidate);
        let waiting = pool.holders.at(holder).waiting;
        let count = waiting.get(cx)?;
        waiting.set(cx, count.saturating_sub(1))?;
        let amount = record.worth(cx, &pool)?;
        if record.generation.get(cx)? == pool.leaving.generation.get(cx)? {
            let shares = record.shares.get(cx)?;
            let orphaned = pool.leaving.leave(cx, shares, amount)?;
            self.purse.settle(cx, orphaned)?;
        }
        cx.emit(&sol::Released { id, candidate, holder, amount })?;
        if amount.is_zero() {
            return Ok(());
        }
        let rights = registry().rights(&mut cx.storage_of(REGISTRY), to, u64::MAX)?;
        let has_room = self.pools.at(to).number.get(cx)? != 0 || self.bonded.len(cx)? < CANDIDATES_MAX;
        if rights.contains(Rights::VALIDATE) && has_room {
            return self.put(cx, to, holder, amount);
        }
        self.purse.settle(cx, amount)?;
        let account = account_of(cx, holder)?;
        pay(cx, account, amount)
    }

    /// Pays the caller's rewards from `candidate`: how much. Errors: `NothingToClaim`.
    pub(super) fn claim(&self, cx: &mut Context<'_>, candidate: B256) -> Result<U256> {
        let who = cx.caller();
        let holder = holder_of(cx, who)?;
        let pool = self.pools.at(candidate);
        pool.vesting.mature(cx, &pool, candidate)?;
        pool.update(cx, holder)?;
        let earned = pool.holders.at(holder).earned;
        let amount = earned.get(cx)?;
        ensure!(!amount.is_zero(), sol::NothingToClaim {});
        earned.set(cx, U256::ZERO)?;
        self.purse.settle(cx, amount)?;
        let to = account_of(cx, holder)?;
        pay(cx, to, amount)?;
        cx.emit(&sol::Claimed { candidate, holder, to, amount })?;
        Ok(amount)
    }

    fn unbonding(&self, cx: &mut Context<'_>, id: U256) -> Result<UnbondingRecord> {
        let number = u64::try_from(id).unwrap_or(u64::MAX);
        let record = self.unbondings.at(number);
        ensure!(!record.candidate.get(cx)?.is_zero(), sol::UnknownUnbonding { id });
        Ok(record)
    }

    /// What was unbonded under `id`, as the ABI shows it. Errors: `UnknownUnbonding`.
    pub(super) fn unbonding_of(&self, cx: &mut Context<'_>, id: U256) -> Result<sol::Unbond> {
        let record = self.unbonding(cx, id)?;
        record.read(cx)
    }

    /// What is at stake on the conduct of `member`, as the ABI shows it.
    pub(super) fn stake_of<R: Read>(&self, r: &mut R, member: B256) -> Result<sol::Stake, R::Error> {
        let pool = self.pools.at(member);
        Ok(sol::Stake {
            pledged: pool.amount_of(r, member)?,
            total: pool.bonded.tokens.get(r)?,
            leaving: pool.leaving.tokens.get(r)?,
            vesting: pool.vesting.total.get(r)?,
        })
    }
}

impl UnbondingRecord {
    fn worth<R: Read>(&self, r: &mut R, pool: &Pool) -> Result<U256, R::Error> {
        if self.generation.get(r)? != pool.leaving.generation.get(r)? {
            return Ok(U256::ZERO);
        }
        let shares = self.shares.get(r)?;
        pool.leaving.worth(r, shares)
    }

    /// As the ABI shows it. `r` reads the constitution.
    pub(super) fn read<R: Read>(&self, r: &mut R) -> Result<sol::Unbond, R::Error> {
        let (candidate, done) = (self.candidate.get(r)?, self.done.get(r)?);
        let pool = constitution().pools.at(candidate);
        Ok(sol::Unbond {
            candidate,
            holder: self.holder.get(r)?,
            amount: if done { U256::ZERO } else { self.worth(r, &pool)? },
            paidAt: self.paid_at.get(r)?,
            to: self.to.get(r)?,
            done,
        })
    }
}

/// Pays out of the constitution's balance.
pub(super) fn pay(cx: &mut Context<'_>, to: Address, amount: U256) -> Result<()> {
    if !cx.transfer(to, amount)? {
        return Err(Failure::fatal(format!("{CONSTITUTION} holds less than it owes")));
    }
    Ok(())
}

pub(super) fn too_many(what: &str, max: u64) -> sol::TooMany {
    sol::TooMany { what: what.to_owned(), max: U256::from(max) }
}

/// Bonds what a founding member has bonded from the first block on.
///
/// # Errors
/// `TooMany`.
pub(super) fn found(at: &Constitution, cx: &mut Context<'_>, member: B256, amount: U256) -> Result<()> {
    if !cx.mint(amount)? {
        return Err(Failure::fatal("more wei than there can be"));
    }
    at.purse.owe(cx, amount)?;
    at.put(cx, member, member, amount)
}
