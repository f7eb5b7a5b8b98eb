//! The way down from a block that a proposal stands on to what is here.
//!
//! At the last worked height nobody works any more, and a committee decides between branches that may be equally heavy, or lighter
//! than ours. Peers tell of their best branch only, and only a heavier one is fetched for itself. So what a proposal stands on and
//! is not here is asked for by name, block by block downwards, and given to the chain upwards. Without it two halves of a
//! committee would refuse each other's proposals for ever.
//!
//! Rule kept: one way at a time, of bounded length; what peers send unasked is not kept.

use polity_primitives::{B256, Block};

use super::{
    Inserted, Message, check_body,
    event::{Act, Peer},
    worker::{Acts, Worker, send},
};
use crate::Fatal;

/// Most blocks on the way: a proposal forks off above what is settled, and so has no more below it than confirmations.
const BLOCKS_MAX: usize = 400;
/// Most bytes of them.
const BYTES_MAX: usize = 64 * 1024 * 1024;
/// How many peers are asked at a time.
const ASKED: usize = 4;

/// A way that is being gone.
#[derive(Debug, Default)]
pub(super) struct Climb {
    /// Where it began.
    goal: B256,
    /// The block that is asked for; `None`: it leads nowhere.
    next: Option<B256>,
    asked_ms: Option<u64>,
    /// How often was asked, and how often in vain for this block.
    asked: usize,
    in_vain: u32,
    /// What lies above [`Self::next`], the lowest last.
    above: Vec<Vec<u8>>,
}

impl Climb {
    /// Whether the block `hash` is asked for.
    pub(super) fn wants(&self, hash: &B256) -> bool {
        self.next.as_ref() == Some(hash)
    }

    fn on(&mut self, next: Option<B256>) {
        (self.next, self.asked_ms, self.in_vain) = (next, None, 0);
    }
}

impl Worker {
    /// Asks for what is missing below a proposal.
    pub(super) fn climb(&mut self, now_ms: u64, acts: &mut Acts) {
        let Some(goal) = self.chain.wanted() else {
            self.climb = Climb::default();
            return;
        };
        if self.climb.goal != goal {
            self.climb = Climb { goal, next: Some(goal), ..Climb::default() };
        }
        let patience_ms = self.waits.answer_ms(self.climb.in_vain);
        let waits = self.climb.asked_ms.is_some_and(|at| now_ms.saturating_sub(at) < patience_ms);
        let (Some(next), false) = (self.climb.next, waits) else { return };
        let message = Message::GetBodies { hashes: vec![next.0] };
        let count = self.peers.len();
        let from = self.climb.asked.saturating_mul(ASKED).checked_rem(count).unwrap_or(0);
        let asked = self.peers.keys().cycle().skip(from).take(ASKED.min(count));
        acts.extend(asked.map(|peer| send(*peer, &message)));
        if self.climb.asked_ms.replace(now_ms).is_some() {
            self.climb.in_vain = self.climb.in_vain.saturating_add(1);
        }
        self.climb.asked = self.climb.asked.saturating_add(1);
    }

    /// Takes the block that was asked for.
    pub(super) fn climbed(
        &mut self,
        peer: Peer,
        (hash, block): (B256, &Block),
        bytes: Vec<u8>,
        now_ms: u64,
        acts: &mut Acts,
    ) -> Result<(), Fatal> {
        if let Err(error) = check_body(self.chain.chain_id(), &hash, block) {
            acts.push(Act::Blame { peer, why: format!("block {}: {error}", block.header.number) });
            return Ok(());
        }
        match self.chain.insert(&bytes, now_ms)? {
            Inserted::Orphan(parent) => {
                let above: usize = self.climb.above.iter().map(Vec::len).sum();
                let room =
                    self.climb.above.len() < BLOCKS_MAX && above.saturating_add(bytes.len()) <= BYTES_MAX;
                self.climb.above.push(bytes);
                self.climb.on(room.then_some(parent));
            }
            // The proposer's fault, not that of who was asked for this very block.
            Inserted::Invalid(_) | Inserted::TooDeep { .. } => self.climb.on(None),
            _ => {
                self.climb.on(None);
                while let Some(bytes) = self.climb.above.pop() {
                    self.chain.insert(&bytes, now_ms)?;
                }
            }
        }
        Ok(())
    }
}
