//! Storage of the articles, from slot 0, in Solidity's layout.
//!
//! One simplification of the house is not kept here: what belongs together and is written together is packed four to a word
//! ([`Four`]), because a settlement is written for every member that owes, and each word of it costs 22,100 gas.

use alloy_primitives::{B256, U256};

use super::IArticles::{self as sol, Status};
use crate::{
    layout,
    storage::{List, Map, Place, Read, Slot, Text, Word},
};

/// Four numbers in a word, the first in the highest bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Four(pub(super) [u64; 4]);

impl Word for Four {
    fn to_word(self) -> U256 {
        let [a, b, c, d] = self.0;
        U256::from_limbs([d, c, b, a])
    }
    fn from_word(word: U256) -> Self {
        let [d, c, b, a] = word.into_limbs();
        Self([a, b, c, d])
    }
}

/// Where an article is in its period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Not begun: the clock of the chain has not started.
    Waiting,
    /// The marks that its first period begins with are being made.
    Marking,
    /// The period runs.
    Running,
    /// The period is over, and members are being judged.
    Judging,
}

impl Word for Phase {
    fn to_word(self) -> U256 {
        U256::from(self as u8)
    }
    fn from_word(word: U256) -> Self {
        match word.wrapping_to::<u8>() {
            0 => Self::Waiting,
            1 => Self::Marking,
            3 => Self::Judging,
            _ => Self::Running,
        }
    }
}

layout! {
    /// The whole storage.
    pub(super) struct Storage {
        /// Every article there ever was, in the order in which they were first written.
        pub(super) ids: List<Slot<B256>>,
        pub(super) articles: Map<B256, ArticleRecord>,
        /// Articles in force.
        pub(super) in_force: Slot<u64>,
        /// Texts by hash, those of former versions too.
        pub(super) texts: Map<B256, Text>,
        pub(super) settlement_count: Slot<u64>,
        /// From 1.
        pub(super) settlements: Map<u64, SettlementRecord>,
    }
}

layout! {
    /// An article.
    pub(super) struct ArticleRecord {
        /// Its place in the list of articles, plus one; 0 for none.
        pub(super) number: Slot<u64>,
        /// Hash of its text.
        pub(super) hash: Slot<B256>,
        pub(super) in_force: Slot<bool>,
        /// Whether it asks for turns written or missed, so that marks are made.
        pub(super) counts: Slot<bool>,
        /// How long a period is: see [`super::period`].
        pub(super) every: Slot<u64>,
        pub(super) phase: Slot<Phase>,
        /// When period 1 began. Units: seconds since 1970-01-01 UTC.
        pub(super) started: Slot<u64>,
        /// Of the running period: its number, its beginning, its end, and the height of the block it began in.
        pub(super) period: Slot<Four>,
        /// Of the pass over the members that is under way: the place it has come to, who owed, settlements, and those held.
        pub(super) pass: Slot<Four>,
        /// Height of the block in which the pass began.
        pub(super) judged_in: Slot<u64>,
        pub(super) settlements: Slot<u64>,
        /// What members had written and missed when the running period began for them.
        pub(super) marks: Map<B256, Slot<Four>>,
    }
}

layout! {
    /// A settlement.
    pub(super) struct SettlementRecord {
        pub(super) article: Slot<B256>,
        pub(super) hash: Slot<B256>,
        pub(super) member: Slot<B256>,
        /// Number of the period, its beginning, its end, and when it was judged.
        pub(super) period: Slot<Four>,
        /// Height, when it becomes or became what it is, and the status.
        pub(super) state: Slot<State>,
        pub(super) account: Text,
        pub(super) objection: Text,
    }
}

/// The storage.
pub(super) fn storage() -> Storage {
    Storage::place(U256::ZERO)
}

/// What a settlement is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct State {
    pub(super) height: u64,
    pub(super) final_at: u64,
    pub(super) status: Status,
}

impl Word for State {
    fn to_word(self) -> U256 {
        Four([0, self.height, self.final_at, self.status as u64]).to_word()
    }
    fn from_word(word: U256) -> Self {
        let Four([_, height, final_at, status]) = Four::from_word(word);
        let status = u8::try_from(status).ok().and_then(|status| Status::try_from(status).ok());
        Self { height, final_at, status: status.unwrap_or(Status::None) }
    }
}

impl ArticleRecord {
    /// As the ABI shows it.
    pub(super) fn read<R: Read>(&self, r: &mut R, id: B256) -> Result<sol::Article, R::Error> {
        let Four([period, from, until, _]) = self.period.get(r)?;
        Ok(sol::Article {
            id,
            hash: self.hash.get(r)?,
            inForce: self.in_force.get(r)?,
            period,
            from,
            until,
            settlements: self.settlements.get(r)?,
        })
    }
}

impl SettlementRecord {
    /// As the ABI shows it, under `id`.
    pub(super) fn read<R: Read>(&self, r: &mut R, id: u64) -> Result<sol::Settlement, R::Error> {
        let Four([period, from, until, at]) = self.period.get(r)?;
        let State { height, final_at, status } = self.state.get(r)?;
        Ok(sol::Settlement {
            id: U256::from(id),
            article: self.article.get(r)?,
            hash: self.hash.get(r)?,
            member: self.member.get(r)?,
            period,
            from,
            until,
            at,
            height,
            finalAt: final_at,
            status,
            account: self.account.get(r)?,
            objection: self.objection.get(r)?,
        })
    }
}
