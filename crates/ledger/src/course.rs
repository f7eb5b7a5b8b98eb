//! How blocks are agreed on after a block: by a committee, or by work; and under which rules of work.
//!
//! Rule kept: it follows from the state after a block, from the block's header and from what held for the block itself, so every
//! branch has its own and a reorganisation takes it along. What no state says any more (where the work began that is about to
//! end) is kept beside the database and written before the block it belongs to is committed.

use borsh::{BorshDeserialize, BorshSerialize};
use polity_consensus::work::{Anchor, Rules};
use polity_constitution::{Settings, Work, WriteRight};
use polity_db::Db;
use polity_institutions::{Slots, constitution};
use polity_primitives::{B256, Header, Height, U256};

use crate::Error;

/// How the next block is agreed on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Course {
    /// Rules of work that the next block is under; `None` if a committee decides it.
    pub(crate) next: Option<Rules>,
    /// Rules of work that this block was under.
    pub(crate) own: Option<Rules>,
    /// This block's timestamp, from which the next one's pause is counted. Units: seconds.
    pub(crate) timestamp_secs: u64,
    /// Difficulty accumulated since the last block that was not worked.
    pub(crate) work: U256,
    /// That block.
    pub(crate) since: Height,
}

/// The settings in force for the next block, and those coming.
struct Schedule {
    settings: Settings,
    /// First height under the settings that came last.
    turn: u64,
}

fn schedule(state: &dyn Slots, next: Height) -> Result<Schedule, Error> {
    let settings = constitution::consensus_at(state, next.0).ok_or_else(|| unknown(next))?;
    Ok(Schedule { settings, turn: constitution::turn(state) })
}

pub(crate) fn unknown(height: Height) -> Error {
    let reason = "the settings of consensus on the chain are not those of this program".to_owned();
    Error::Committee { height, reason }
}

const fn work(settings: &Settings) -> Option<Work> {
    match settings.write {
        WriteRight::Work(work) => Some(work),
        _ => None,
    }
}

impl Course {
    /// What holds after the block of `header`, whose state is `state`. `own` is what held for it, and `work` what was accumulated
    /// before it.
    pub(crate) fn after(
        own: Option<Rules>,
        (before, since): (U256, Height),
        header: &Header,
        state: &dyn Slots,
    ) -> Result<Self, Error> {
        let height = Height(header.number);
        let Schedule { settings, turn } = schedule(state, height.next())?;
        let (accumulated, since) = match header.difficulty.is_zero() {
            true => (U256::ZERO, height),
            false => (before.saturating_add(header.difficulty), since),
        };
        let next = work(&settings).map(|work| {
            let pending = turn > height.next().0;
            // The settings begin with the next block, or go on.
            let begins = !pending && turn.max(1) == height.next().0;
            let anchor = match own.filter(|_| !begins) {
                Some(own) => own.anchor,
                None => anchor(header, work),
            };
            Rules {
                interval_secs: work.interval.max(1),
                confirmations: work.confirmations,
                checkpoint: work.checkpoint.max(work.confirmations).clamp(1, Work::CHECKPOINT_MAX),
                anchor,
                until: pending.then(|| Height(turn.saturating_sub(1))),
            }
        });
        Ok(Self { next, own, work: accumulated, since, timestamp_secs: header.timestamp })
    }

    /// What holds after the block of `header` on top of the block that `self` holds after.
    pub(crate) fn step(&self, header: &Header, state: &dyn Slots) -> Result<Self, Error> {
        // A long pause moves the anchor, on this branch only.
        let own = self.next.map(|rules| rules.after(self.timestamp_secs, header));
        Self::after(own, (self.work, self.since), header, state)
    }

    /// The rules of work around this block: it is worked, or the next one is.
    pub(crate) const fn rules(&self) -> Option<&Rules> {
        match &self.next {
            Some(next) => Some(next),
            None => self.own.as_ref(),
        }
    }
}

/// Counting starts with the block of `header`: with the difficulty it had, if work goes on under other settings.
fn anchor(header: &Header, work: Work) -> Anchor {
    let first = U256::from(work.difficulty.max(1));
    Anchor {
        height: Height(header.number),
        timestamp_secs: header.timestamp,
        difficulty: if header.difficulty.is_zero() { first } else { header.difficulty },
    }
}

/// What is kept of the course of a committed worked block.
#[derive(BorshSerialize, BorshDeserialize)]
struct Record {
    hash: [u8; 32],
    work: [u8; 32],
    since: u64,
    interval_secs: u64,
    confirmations: u64,
    checkpoint: u64,
    anchor_height: u64,
    anchor_timestamp_secs: u64,
    anchor_difficulty: [u8; 32],
    until: Option<u64>,
}

/// The records of the last two blocks: one is written before its block is committed, so that of the block before must stay.
fn key(height: Height) -> String {
    format!("work/{}", height.0 % 2)
}

/// Keeps `course`, which holds after the block `hash` at `height`, if that block is worked. Durable when it returns.
pub(crate) fn keep(db: &Db, height: Height, hash: B256, course: &Course) -> Result<(), Error> {
    let Some(own) = &course.own else { return Ok(()) };
    let record = Record {
        hash: hash.0,
        work: course.work.to_be_bytes(),
        since: course.since.0,
        interval_secs: own.interval_secs,
        confirmations: own.confirmations,
        checkpoint: own.checkpoint,
        anchor_height: own.anchor.height.0,
        anchor_timestamp_secs: own.anchor.timestamp_secs,
        anchor_difficulty: own.anchor.difficulty.to_be_bytes(),
        until: own.until.map(|until| until.0),
    };
    let bytes = borsh::to_vec(&record).map_err(|error| Error::Missing(error.to_string()))?;
    Ok(db.put_meta(&key(height), &bytes)?)
}

/// The course after the committed block `hash` of `header`.
pub(crate) fn load(db: &Db, hash: B256, header: &Header, state: &dyn Slots) -> Result<Course, Error> {
    let height = Height(header.number);
    if header.difficulty.is_zero() {
        return Course::after(None, (U256::ZERO, height), header, state);
    }
    let missing = || Error::Missing(format!("what the work of block {height} is counted from"));
    let bytes = db.meta(&key(height))?.ok_or_else(missing)?;
    let record: Record = borsh::from_slice(&bytes).map_err(|_| missing())?;
    if record.hash != hash.0 {
        return Err(missing());
    }
    let own = Rules {
        interval_secs: record.interval_secs,
        confirmations: record.confirmations,
        checkpoint: record.checkpoint,
        anchor: Anchor {
            height: Height(record.anchor_height),
            timestamp_secs: record.anchor_timestamp_secs,
            difficulty: U256::from_be_bytes(record.anchor_difficulty),
        },
        until: record.until.map(Height),
    };
    let work = U256::from_be_bytes(record.work);
    Course::after(Some(own), (work.saturating_sub(header.difficulty), Height(record.since)), header, state)
}
