//! The rules of blocks: what execution, ledger and network ask of the charter in force, in words of their own so that no
//! block has to read the text.

use alloy_primitives::B256;
use polity_charter::{Access, Charter, Clock, Fees, History};
use polity_constitution::Settings;

use super::IConstitution;
use crate::{
    context::Result,
    host::Failure,
    layout,
    storage::{Read, Slot, Write},
};

layout! {
    /// The words.
    pub(super) struct Record {
        gas_limit: Slot<u64>,
        initial_base_fee_wei: Slot<u64>,
        anyone_transacts: Slot<bool>,
        anyone_connects: Slot<bool>,
        block_time_ms: Slot<u64>,
        replay_until: Slot<u64>,
        block_time_after_ms: Slot<u64>,
        history_blocks: Slot<u64>,
    }
}

/// What the charter in force fixes about the next block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockRules {
    /// Gas limit.
    pub gas_limit: u64,
    /// What transactions pay.
    pub fees: Fees,
    /// Who may send transactions.
    pub transact: Access,
    /// Whose nodes may connect.
    pub connect: Access,
    /// From one block to the next when nothing waits. Units: milliseconds.
    pub block_time_ms: u64,
    /// Second since the epoch from which `block_time_after_ms` holds, under a replay clock.
    pub replay_until_secs: Option<u64>,
    /// Units: milliseconds.
    pub block_time_after_ms: u64,
    /// How much past state is kept.
    pub history: History,
}

impl From<&Charter> for BlockRules {
    fn from(charter: &Charter) -> Self {
        let (replay_until_secs, block_time_after_ms) = match charter.clock {
            Clock::Replay { until_secs, block_time_after_ms, .. } => (until_secs, block_time_after_ms),
            Clock::Wall => (None, charter.block_time_ms),
        };
        Self {
            gas_limit: charter.block_gas_limit,
            fees: charter.fees,
            transact: charter.access.transact,
            connect: charter.access.connect,
            block_time_ms: charter.block_time_ms,
            replay_until_secs,
            block_time_after_ms,
            history: charter.history,
        }
    }
}

impl BlockRules {
    /// From one block to the next when nothing waits, after a block of this timestamp. Units: milliseconds.
    #[must_use]
    pub fn pace_ms(&self, timestamp_secs: u64) -> u64 {
        let is_over = self.replay_until_secs.is_some_and(|until| timestamp_secs >= until);
        if is_over { self.block_time_after_ms } else { self.block_time_ms }
    }

    /// As the ABI shows them, for a charter of this hash.
    pub(super) fn to_abi(self, hash: B256) -> IConstitution::BlockRules {
        IConstitution::BlockRules {
            charterHash: hash,
            gasLimit: self.gas_limit,
            initialBaseFeeWei: base_fee(self.fees),
            anyoneTransacts: self.transact == Access::Anyone,
            anyoneConnects: self.connect == Access::Anyone,
            blockTimeMs: self.block_time_ms,
            replayUntil: self.replay_until_secs.unwrap_or(0),
            blockTimeAfterMs: self.block_time_after_ms,
            historyBlocks: history_blocks(self.history),
        }
    }
}

const fn base_fee(fees: Fees) -> u64 {
    match fees {
        Fees::Free => 0,
        Fees::Market { initial_base_fee_wei } => initial_base_fee_wei,
    }
}

const fn history_blocks(history: History) -> u64 {
    match history {
        History::All => 0,
        History::Blocks(blocks) => blocks,
    }
}

const fn access(anyone: bool) -> Access {
    if anyone { Access::Anyone } else { Access::Members }
}

impl Record {
    /// Whether anyone may send transactions.
    pub(super) fn transact<R: Read>(&self, r: &mut R) -> Result<bool, R::Error> {
        self.anyone_transacts.get(r)
    }

    /// Reads them. Cost: eight slots.
    pub(super) fn get<R: Read>(&self, r: &mut R) -> Result<BlockRules, R::Error> {
        let fees = match self.initial_base_fee_wei.get(r)? {
            0 => Fees::Free,
            initial_base_fee_wei => Fees::Market { initial_base_fee_wei },
        };
        let history = match self.history_blocks.get(r)? {
            0 => History::All,
            blocks => History::Blocks(blocks),
        };
        Ok(BlockRules {
            gas_limit: self.gas_limit.get(r)?,
            fees,
            transact: access(self.anyone_transacts.get(r)?),
            connect: access(self.anyone_connects.get(r)?),
            block_time_ms: self.block_time_ms.get(r)?,
            replay_until_secs: Some(self.replay_until.get(r)?).filter(|until| *until != 0),
            block_time_after_ms: self.block_time_after_ms.get(r)?,
            history,
        })
    }

    /// Writes them.
    pub(super) fn set<W: Write>(&self, w: &mut W, rules: &BlockRules) -> Result<(), W::Error> {
        self.gas_limit.set(w, rules.gas_limit)?;
        self.initial_base_fee_wei.set(w, base_fee(rules.fees))?;
        self.anyone_transacts.set(w, rules.transact == Access::Anyone)?;
        self.anyone_connects.set(w, rules.connect == Access::Anyone)?;
        self.block_time_ms.set(w, rules.block_time_ms)?;
        self.replay_until.set(w, rules.replay_until_secs.unwrap_or(0))?;
        self.block_time_after_ms.set(w, rules.block_time_after_ms)?;
        self.history_blocks.set(w, history_blocks(rules.history))
    }
}

/// The settings of consensus as they are kept: the one JSON of them.
pub(super) fn settings_json(settings: &Settings) -> Result<String> {
    serde_json::to_string(settings).map_err(|error| Failure::fatal(format!("settings of consensus: {error}")))
}
