//! What stands between a proof and its punishment: whose key it was and when, how long ago, whether it was punished before.
//!
//! Rule kept: one function says it, to who executes ([`super::evidence`]) and to who looks from outside ([`obstacle`]): a node that
//! carries evidence in its block knows beforehand that it will be taken.
//!
//! **Once for all.** What the chain punishes without anybody's transaction it punishes once: not what a member signed before it was
//! last punished, and not one that was punished and is out. Its signatures cost it nothing more, so it could else fill every block
//! with proofs against itself; and what the members restored knowingly would be undone by an older proof. But a lighter offence does
//! not answer for a graver one: who signed two things could else accuse itself of a bad header first, and keep its bond. Source: the
//! tombstone of Cosmos x/evidence. Who brings evidence by a transaction pays for it, and is not held to this.

use alloy_primitives::B256;
use polity_constitution::Offence;
use polity_primitives::{CONSTITUTION, REGISTRY};

use super::{Constitution, IConstitution as sol, constitution};
use crate::{
    host::{Failure, Slots},
    registry::{Status, registry},
    storage::{Anywhere, Read, View},
};

/// When it is asked.
#[derive(Clone, Copy)]
pub(super) struct Now {
    /// Of the block that would punish.
    pub(super) height: u64,
    /// Of that block. Units: seconds since 1970-01-01 UTC.
    pub(super) timestamp_secs: u64,
    /// Of the incentive in force. Units: seconds; 0: evidence never gets old.
    pub(super) unbonding: u64,
}

/// Why proved evidence is not punished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The key that signed is and was no member's.
    Unattributed(sol::Unattributed),
    /// The member had given the key up.
    KeyRetired(sol::KeyRetired),
    /// It is about a height that no block has.
    Future(sol::FutureHeight),
    /// What was at stake then may be gone.
    TooOld(sol::TooOld),
    /// It was punished.
    Punished(sol::AlreadyPunished),
    /// Its member has answered for what it did until then; only a transaction brings it before the chain.
    Answered(sol::Answered),
}

impl From<Obstacle> for Failure {
    fn from(obstacle: Obstacle) -> Self {
        match obstacle {
            Obstacle::Unattributed(error) => error.into(),
            Obstacle::KeyRetired(error) => error.into(),
            Obstacle::Future(error) => error.into(),
            Obstacle::TooOld(error) => error.into(),
            Obstacle::Punished(error) => error.into(),
            Obstacle::Answered(error) => error.into(),
        }
    }
}

impl Constitution {
    /// The member that is punished for `proved`, or why nobody is. `by_chain`: without anybody's transaction.
    pub(super) fn within_reach<A: Anywhere>(
        &self,
        at: &mut A,
        proved: &Offence,
        now: Now,
        by_chain: bool,
    ) -> Result<Result<B256, Obstacle>, A::Error> {
        let (height, signer) = (proved.height, proved.culprit);
        let member = registry().signer(&mut at.storage(REGISTRY), signer)?;
        if member.is_zero() {
            return Ok(Err(Obstacle::Unattributed(sol::Unattributed { signer })));
        }
        let retired = registry().retired(&mut at.storage(REGISTRY), signer)?;
        if retired != 0 && height > retired {
            return Ok(Err(Obstacle::KeyRetired(sol::KeyRetired { signer, height: retired })));
        }
        if height > now.height {
            return Ok(Err(Obstacle::Future(sol::FutureHeight { height, current: now.height })));
        }
        if self.punished.at(proved.key).get(&mut at.storage(CONSTITUTION))? {
            return Ok(Err(Obstacle::Punished(sol::AlreadyPunished { key: proved.key })));
        }
        let oldest = self.oldest_within(&mut at.storage(CONSTITUTION), now)?;
        if height < oldest {
            return Ok(Err(Obstacle::TooOld(sol::TooOld { height, oldest })));
        }
        if by_chain {
            let answered = if proved.kind.is_double() { &self.convicted_of_two } else { &self.convicted };
            let last = answered.at(member).get(&mut at.storage(CONSTITUTION))?;
            let status = registry().standing(&mut at.storage(REGISTRY), member, u64::MAX)?.status;
            if last != 0 && (height <= last || status != Status::Active) {
                return Ok(Err(Obstacle::Answered(sol::Answered { member, height: last })));
            }
        }
        Ok(Ok(member))
    }

    /// The lowest height that evidence may be about: every lower one is older than the unbonding time. Without one, all are young.
    /// Cost: a binary search.
    fn oldest_within<R: Read>(&self, r: &mut R, now: Now) -> Result<u64, R::Error> {
        let limit = now.timestamp_secs.checked_sub(now.unbonding).filter(|_| now.unbonding != 0);
        let Some(limit) = limit else { return Ok(0) };
        let (mut low, mut high, mut oldest) = (0, self.marks.len(r)?, 0);
        while low < high {
            let middle = u64::midpoint(low, high);
            let mark = self.marks.at(middle);
            if mark.at.get(r)? <= limit {
                oldest = mark.height.get(r)?;
                low = middle.saturating_add(1);
            } else {
                high = middle;
            }
        }
        Ok(oldest)
    }
}

/// Why the block `height` of time `timestamp_secs`, on top of this state, would not punish `proved`; `None` if it would. `by_chain`:
/// without anybody's transaction.
#[must_use]
pub fn obstacle(
    slots: &dyn Slots,
    proved: &Offence,
    (height, timestamp_secs): (u64, u64),
    by_chain: bool,
) -> Option<Obstacle> {
    let (at, mut view) = (constitution(), View::new(slots, CONSTITUTION));
    let Ok(settings) = at.settings_at(&mut view, height);
    let now = Now {
        height,
        timestamp_secs,
        unbonding: settings.map_or(0, |settings| settings.incentive.unbonding),
    };
    let Ok(found) = at.within_reach(&mut view, proved, now, by_chain);
    found.err()
}
