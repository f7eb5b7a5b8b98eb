//! Evidence: anyone brings it, the institution checks it, the charter's incentive says what it costs.
//!
//! Rule kept: what is punished is proved by signatures alone ([`polity_constitution::offence`]), is attributed to the member whose key
//! it was at that height, is punished once, and while what was at stake then is still within reach. Whoever is accused wrongly
//! loses nothing; whoever accuses pays for the checking.
//!
//! Who brings it is anyone by a transaction, or the writer of a block by one of the chain's own: then a member answers once, see
//! [`super::reach`].
//!
//! Deliberately absent: absence of evidence. That somebody was silent is counted by [`super::close`] from the turns of decided blocks.

use alloy_primitives::{Address, B256, U256};
use polity_constitution::{Incentive, OffenceKind, offence};
use polity_primitives::REGISTRY;

use super::{Constitution, IConstitution as sol, reach::Now, standing::Cause};
use crate::{
    context::{Context, Result},
    layout,
    registry::registry,
    storage::{Read, Slot},
};

/// Gas of checking evidence beyond its bytes: two recoveries, as `ECRECOVER` charges each.
const CHECK_GAS: u64 = 6_000;
/// Gas of a byte of evidence: decoded once, hashed once.
const BYTE_GAS: u64 = 3;
/// Gas of punishing what a block carries, at most: the proof, the cuts, and twice the question who would be left.
pub const CONVICT_GAS_MAX: u64 = 12_000_000;
/// Into how many parts the unbonding time is divided to know how old a height is.
const MARKS: u64 = 8;

layout! {
    /// A punished offence.
    pub(super) struct OffenceRecord {
        kind: Slot<u8>,
        member: Slot<B256>,
        height: Slot<u64>,
        round: Slot<u64>,
        reporter: Slot<Address>,
        punished_at: Slot<u64>,
        forfeited: Slot<U256>,
    }
}

layout! {
    /// A height and its second, noted now and then.
    pub(super) struct Mark {
        pub(super) height: Slot<u64>,
        pub(super) at: Slot<u64>,
    }
}

impl OffenceRecord {
    /// As the ABI shows it.
    pub(super) fn read<R: Read>(&self, r: &mut R) -> Result<sol::Offence, R::Error> {
        Ok(sol::Offence {
            kind: self.kind.get(r)?,
            member: self.member.get(r)?,
            height: self.height.get(r)?,
            round: u32::try_from(self.round.get(r)?).unwrap_or(u32::MAX),
            reporter: self.reporter.get(r)?,
            punishedAt: self.punished_at.get(r)?,
            forfeited: self.forfeited.get(r)?,
        })
    }
}

/// Who brings evidence.
struct By {
    account: Address,
    /// The member that acts with it; zero for none.
    member: B256,
    /// Whether the chain does, in the name of the writer of the block.
    chain: bool,
}

/// What is written about an offence beside what it cost.
pub(super) struct Charge {
    pub(super) kind: u8,
    pub(super) member: B256,
    pub(super) height: u64,
    pub(super) round: u32,
    pub(super) reporter: Option<Address>,
}

impl Constitution {
    /// Punishes what `bytes` prove, for whoever brings them.
    ///
    /// Errors: `NoOffence` (which check fails), `Unattributed`, `KeyRetired`, `FutureHeight`, `TooOld`, `AlreadyPunished`.
    pub(super) fn accuse(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Result<()> {
        let caller = cx.caller();
        let accuser = registry().party_of(&mut cx.storage_of(REGISTRY), caller)?;
        self.punish_proved(cx, bytes, By { account: caller, member: accuser, chain: false })
    }

    /// Punishes what `bytes` prove, by the chain itself: the writer of the block carried them. Its member counts as who brought
    /// them, and is paid as a reporter where the charter says so.
    ///
    /// Errors: `NotBySystem`, those of [`Self::accuse`], `Answered`.
    pub(super) fn convict(&self, cx: &mut Context<'_>, writer: Address, bytes: &[u8]) -> Result<()> {
        cx.by_system()?;
        let member = registry().signer(&mut cx.storage_of(REGISTRY), writer)?;
        let account = registry().account_of(&mut cx.storage_of(REGISTRY), member)?;
        self.punish_proved(cx, bytes, By { account, member, chain: true })
    }

    fn punish_proved(&self, cx: &mut Context<'_>, bytes: &[u8], by: By) -> Result<()> {
        cx.charge(CHECK_GAS.saturating_add((bytes.len() as u64).saturating_mul(BYTE_GAS)))?;
        let proved = offence(cx.block().chain_id, bytes)
            .map_err(|error| sol::NoOffence { problem: error.to_string() })?;
        let incentive = self.settings(cx)?.incentive;
        let block = cx.block();
        let now = Now {
            height: block.height,
            timestamp_secs: block.timestamp_secs,
            unbonding: incentive.unbonding,
        };
        let member = self.within_reach(cx, &proved, now, by.chain)??;

        let (kind, height, round) = (proved.kind, proved.height, proved.round);
        self.punished.at(proved.key).set(cx, true)?;
        self.convicted.at(member).set(cx, now.height)?;
        if kind.is_double() {
            self.convicted_of_two.at(member).set(cx, now.height)?;
        }
        let reporter = by.account;
        let event = sol::OffenceProved { key: proved.key, member, kind: kind as u8, height, round, reporter };
        cx.emit(&event)?;
        // Who accuses itself is not paid for it.
        let paid = (by.member != member && !reporter.is_zero()).then_some(reporter);
        let charge = Charge { kind: kind as u8, member, height, round, reporter: paid };
        let (part, by, cause) = terms(&incentive, kind);
        self.sentence(cx, &incentive, &charge, part)?;
        if let Some(rules) = &incentive.standing {
            self.move_score(cx, rules, member, by, cause)?;
        }
        self.punish(cx, member, false, Cause::Offence)
    }

    /// Takes `part` of what is at stake on the member, and records why.
    pub(super) fn sentence(
        &self,
        cx: &mut Context<'_>,
        incentive: &Incentive,
        charge: &Charge,
        part: polity_constitution::Share,
    ) -> Result<()> {
        let forfeited = self.slash(cx, incentive, charge.member, part, charge.reporter)?;
        let now = cx.block().height;
        let record = self.offences.grow(cx)?;
        record.kind.set(cx, charge.kind)?;
        record.member.set(cx, charge.member)?;
        record.height.set(cx, charge.height)?;
        record.round.set(cx, charge.round.into())?;
        record.reporter.set(cx, charge.reporter.unwrap_or_default())?;
        record.punished_at.set(cx, now)?;
        record.forfeited.set(cx, forfeited)
    }

    /// Notes how old this height is, now and then, while evidence gets too old at all.
    pub(super) fn mark(&self, cx: &mut Context<'_>, unbonding_secs: u64) -> Result<()> {
        if unbonding_secs == 0 {
            return Ok(());
        }
        let (block, count) = (cx.block(), self.marks.len(cx)?);
        if let Some(last) = count.checked_sub(1) {
            let width = (unbonding_secs / MARKS).max(1);
            if self.marks.at(last).at.get(cx)?.saturating_add(width) > block.timestamp_secs {
                return Ok(());
            }
        }
        let mark = self.marks.grow(cx)?;
        mark.height.set(cx, block.height)?;
        mark.at.set(cx, block.timestamp_secs)
    }
}

/// What an offence of this kind costs of the stake and of the score.
fn terms(incentive: &Incentive, kind: OffenceKind) -> (polity_constitution::Share, i64, Cause) {
    let standing = incentive.standing.unwrap_or_default();
    if kind.is_double() {
        (incentive.slash.double_sign, standing.double_sign, Cause::DoubleSign)
    } else {
        (incentive.slash.invalid, standing.invalid, Cause::Invalid)
    }
}
