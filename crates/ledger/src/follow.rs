//! Following others block by block, whichever engine wrote the blocks: what a node does that was away while engines changed.
//!
//! Rule kept: nothing is taken on trust. A certificate is verified with the committee that our own state makes; a block without one
//! must have its work. Engines go on while blocks are followed; only what a committee decided waits until none runs that may decide the
//! same height.

use polity_consensus::{DECIDED_MS, work::Inserted};
use polity_primitives::{B256, Certificate, Height};

use crate::{
    Error, Ledger,
    write::{Judged, decode},
};

/// What became of a block from a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Followed {
    /// It is part of our chain, or of a branch of it.
    Taken,
    /// It was there already.
    Known,
    /// It is of a chain that parts from ours where ours is final, or that we do not know so far: whoever sent it may be as honest as
    /// we are.
    Apart(String),
    /// It breaks a rule.
    Refused(String),
    /// Our committee decided it, and engines may be running: it is taken once they rest.
    Waits,
}

/// Which engines the chain asks for. Both at the terminal height, where a committee decides between worked blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// A committee decides the next block.
    pub committee: bool,
    /// Blocks are worked since the block of this hash.
    pub work: Option<B256>,
}

impl Plan {
    /// No engine runs.
    pub const REST: Self = Self { committee: false, work: None };
}

/// A block as nodes tell it each other: its RLP, and its certificate if a committee decided it.
pub type Told = (Vec<u8>, Option<Certificate>);

impl Ledger {
    /// The last block of the best chain that a committee decided, or genesis.
    #[must_use]
    pub fn certified(&self) -> Height {
        let head = self.head();
        let decided = head.course.next.is_none() && head.height() == head.trail.base();
        if decided { head.height() } else { head.course.since }
    }

    /// What has to run now, by the chain as it is.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub fn plan(&self) -> Result<Plan, Error> {
        let head = self.head();
        let terminal = self.terminal().is_some();
        let worked = terminal || head.course.next.is_some();
        let work = if worked { self.0.hash_of(head.course.since, &head.trail)? } else { None };
        Ok(Plan { committee: terminal || head.course.next.is_none(), work })
    }

    /// Blocks of the best chain from `from` on with their certificates, as many as fit `bytes_max`, but one at least.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub fn blocks_from(&self, from: Height, bytes_max: usize) -> Result<Vec<Told>, Error> {
        let head = self.head();
        let (mut blocks, mut bytes, mut at) = (Vec::new(), 0usize, from);
        while at <= head.height() {
            let Some(block) = self.block_of(&head, at)? else { break };
            let body = block.block.encoded();
            bytes = bytes.saturating_add(body.len());
            if bytes > bytes_max && !blocks.is_empty() {
                break;
            }
            blocks.push((body, self.certificate(at)?));
            at = at.next();
        }
        Ok(blocks)
    }

    /// The highest block here that is never undone.
    #[must_use]
    pub fn floor(&self) -> Height {
        self.settled().height()
    }

    /// Takes the next block of another node's chain. `rests` says that no engine runs; while one may, a block that our committee decided
    /// is left to [wait](Followed::Waits).
    ///
    /// Units: `now_ms` is milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// [`Error`]: the fault is ours.
    pub fn follow(
        &self,
        bytes: &[u8],
        certificate: Option<&Certificate>,
        now_ms: u64,
        rests: bool,
    ) -> Result<Followed, Error> {
        let block = match decode(bytes) {
            Ok(block) => block,
            Err(reason) => return Ok(Followed::Refused(reason)),
        };
        let (hash, height) = (block.hash, block.height());
        if !block.block.header.difficulty.is_zero() {
            match self.insert(bytes, now_ms)? {
                Inserted::Invalid(reason) => return Ok(Followed::Refused(reason)),
                Inserted::Orphan(parent) => {
                    return Ok(Followed::Apart(format!("its parent {parent} is not here")));
                }
                Inserted::TooDeep { floor } => {
                    return Ok(Followed::Apart(format!("it would undo block {floor}, which is final here")));
                }
                Inserted::Known if certificate.is_none() => return Ok(Followed::Known),
                _ if certificate.is_none() => return Ok(Followed::Taken),
                _ => {}
            }
        }
        let Some(certificate) = certificate else {
            return Ok(Followed::Refused(format!("block {height} has neither work nor a certificate")));
        };
        if height <= self.floor() {
            return Ok(match self.hash_at(height)? {
                Some(ours) if ours == hash => Followed::Known,
                ours => Followed::Apart(format!("block {height} is {ours:?} here, and {hash} there")),
            });
        }
        if certificate.block_hash != hash || certificate.height != height.0 {
            return Ok(Followed::Refused("the certificate is of another block".to_owned()));
        }
        let committee = match self.committee_at(height) {
            Ok(committee) => committee,
            Err(Error::Unknown(_)) => {
                return Ok(Followed::Apart(format!("block {height} is too far ahead")));
            }
            Err(error) => return Err(error),
        };
        let (head, parent) = (self.head(), block.block.header.parent_hash);
        if self.terminal() != Some(height) && parent != head.hash() {
            let (ours, at) = (head.hash(), head.height());
            return Ok(Followed::Apart(format!(
                "it follows {parent}, and the last block here is {at}, {ours}"
            )));
        }
        if let Err(error) = committee.verify(self.charter().chain_id, certificate) {
            return Ok(Followed::Refused(error.to_string()));
        }
        if !rests {
            return Ok(Followed::Waits);
        }
        match self.judge(bytes, height, DECIDED_MS)? {
            Judged::Invalid(_, reason) => Ok(Followed::Refused(reason)),
            Judged::Valid(_) => {
                self.settle(certificate)?;
                Ok(Followed::Taken)
            }
        }
    }
}
