//! Evidence: anyone brings it, the institution checks it, the charter's incentive says what it costs.
//!
//! Rule kept: what is punished is proved by signatures alone ([`polity_constitution::offence`]), is attributed to the member whose key
//! it was at that height, is punished once, and while what was at stake then is still within reach. Whoever is accused wrongly
//! loses nothing; whoever accuses pays for the checking.
//!
//! Deliberately absent: absence of evidence. That somebody was silent is counted by [`super::close`] from the turns of decided blocks.

use alloy_primitives::{Address, B256, U256};
use polity_constitution::{Incentive, OffenceKind, offence};
use polity_primitives::REGISTRY;

use super::{Constitution, IConstitution as sol, standing::Cause};
use crate::{
    context::{Context, Result},
    ensure, layout,
    registry::registry,
    storage::{Read, Slot},
};

/// Gas of checking evidence beyond its bytes: two recoveries, as `ECRECOVER` charges each.
const CHECK_GAS: u64 = 6_000;
/// Gas of a byte of evidence: decoded once, hashed once.
const BYTE_GAS: u64 = 3;
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
        height: Slot<u64>,
        at: Slot<u64>,
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

/// What is written about an offence beside what it cost.
pub(super) struct Charge {
    pub(super) kind: u8,
    pub(super) member: B256,
    pub(super) height: u64,
    pub(super) round: u32,
    pub(super) reporter: Option<Address>,
}

impl Constitution {
    /// Punishes what `bytes` prove.
    ///
    /// Errors: `NoOffence` (which check fails), `Unattributed`, `KeyRetired`, `TooOld`, `AlreadyPunished`.
    pub(super) fn accuse(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Result<()> {
        cx.charge(CHECK_GAS.saturating_add((bytes.len() as u64).saturating_mul(BYTE_GAS)))?;
        let proved = offence(cx.block().chain_id, bytes)
            .map_err(|error| sol::NoOffence { problem: error.to_string() })?;
        let (height, signer) = (proved.height, proved.culprit);
        let member = registry().signer(&mut cx.storage_of(REGISTRY), signer)?;
        ensure!(!member.is_zero(), sol::Unattributed { signer });
        let retired = registry().retired(&mut cx.storage_of(REGISTRY), signer)?;
        ensure!(retired == 0 || height <= retired, sol::KeyRetired { signer, height: retired });
        ensure!(!self.punished.at(proved.key).get(cx)?, sol::AlreadyPunished { key: proved.key });
        let incentive = self.settings(cx)?.incentive;
        let oldest = self.oldest_within(cx, incentive.unbonding)?;
        ensure!(height >= oldest, sol::TooOld { height, oldest });

        self.punished.at(proved.key).set(cx, true)?;
        let (kind, round, caller) = (proved.kind, proved.round, cx.caller());
        cx.emit(&sol::OffenceProved {
            key: proved.key,
            member,
            kind: kind as u8,
            height,
            round,
            reporter: caller,
        })?;
        // Who accuses itself is not paid for it.
        let own = registry().party_of(&mut cx.storage_of(REGISTRY), caller)? == member;
        let charge = Charge { kind: kind as u8, member, height, round, reporter: (!own).then_some(caller) };
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

    /// The lowest height that evidence may be about: every lower one is older than the unbonding time. Without one, all are young.
    /// Cost: a binary search.
    fn oldest_within(&self, cx: &mut Context<'_>, unbonding_secs: u64) -> Result<u64> {
        let limit = cx.block().timestamp_secs.checked_sub(unbonding_secs).filter(|_| unbonding_secs != 0);
        let Some(limit) = limit else { return Ok(0) };
        let (mut low, mut high, mut oldest) = (0, self.marks.len(cx)?, 0);
        while low < high {
            let middle = u64::midpoint(low, high);
            let mark = self.marks.at(middle);
            if mark.at.get(cx)? <= limit {
                oldest = mark.height.get(cx)?;
                low = middle.saturating_add(1);
            } else {
                high = middle;
            }
        }
        Ok(oldest)
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
