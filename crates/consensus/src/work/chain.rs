//! What the work engine asks of the chain. The ledger implements it.
//!
//! The chain executes blocks, keeps those of every fork above its floor, and follows the heaviest; the engine only fetches,
//! orders and offers them. Walking the best chain by height and hash is all the engine needs to serve peers, so locators and
//! answers are made from these few questions (`sync.rs`) and not by the implementor.

use polity_primitives::{B256, Block, Header, Height, U256};

use super::Rules;
use crate::Fatal;

/// The end of a chain of worked blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tip {
    /// Hash of the block (keccak-256 of its header).
    pub hash: B256,
    /// Its height.
    pub height: Height,
    /// Accumulated difficulty since the anchor, whose own is 0. Units: expected hashes.
    pub work: U256,
}

/// What became of a block that was offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It is the new best tip, on top of the former one.
    Extended,
    /// It is the new best tip, on another branch.
    Reorganised {
        /// Blocks of the former branch that no longer count.
        undone: u64,
        /// Blocks of the new branch that now count.
        applied: u64,
    },
    /// Valid so far as it was looked at, kept, and not heavier than the best tip (the first seen wins a tie).
    Side,
    /// It was there already, or lies on the best chain at or below the floor.
    Known,
    /// The block it is built on is not here; nothing was kept.
    Orphan(B256),
    /// It may be valid, but it forks off below what is never undone. Nothing was kept; the node tells its operator.
    TooDeep {
        /// The height of the floor it would undo.
        floor: Height,
    },
    /// It breaks a rule, and so does every block on top of it. Nothing was kept but, perhaps, its name among the invalid.
    Invalid(String),
}

/// A chain of worked blocks. One sync type implements it; every method answers fast, because the engine waits.
///
/// Every method may fail with [`Fatal`], after which the engine stops.
#[allow(clippy::missing_errors_doc)] // said once, above
pub trait Chain: Send {
    /// EIP-155 chain id.
    fn chain_id(&self) -> u64;

    /// The rules in force. [`Rules::until`] follows the best chain: it may appear, and vanish in a reorganisation.
    fn rules(&self) -> Rules;

    /// The end of the best chain; the anchor before the first worked block.
    fn best(&self) -> Tip;

    /// The highest block of the best chain that is never undone: the anchor at least.
    fn floor(&self) -> Tip;

    /// The header of a block that was inserted and is kept, on any branch, or that lies below the floor; else `None`.
    fn header(&self, hash: &B256) -> Result<Option<Header>, Fatal>;

    /// Accumulated difficulty of an inserted block above the floor, on any branch, and of the floor itself; else `None`.
    fn work(&self, hash: &B256) -> Result<Option<U256>, Fatal>;

    /// The rules of blocks on top of `hash`, which is inserted and above the floor, or the floor itself; else `None`, as where the
    /// next block is not worked. Every branch has its own: an anchor that a pause moved, an end that it enacted.
    fn rules_after(&self, hash: &B256) -> Result<Option<Rules>, Fatal>;

    /// The hash of the block at `height` of the best chain.
    fn hash_at(&self, height: Height) -> Result<Option<B256>, Fatal>;

    /// A block that something proposed at the last worked height stands on, and that is not here. The engine fetches it, and what
    /// lies between it and what is here.
    fn wanted(&self) -> Option<B256> {
        None
    }

    /// The RLP, with the writer's seal, of an inserted or finalized block.
    fn body(&mut self, hash: &B256) -> Result<Option<Vec<u8>>, Fatal>;

    /// A block on top of the best tip that only lacks nonce and seal; `None` if this node may not write now.
    ///
    /// Its difficulty is [`Rules::difficulty`], its timestamp `max(now, `[`earliest`](super::earliest)`)`.
    /// Units: `now_ms` is milliseconds since the Unix epoch, from this node's clock.
    fn template(&mut self, now_ms: u64) -> Result<Option<Block>, Fatal>;

    /// The RLP of a solved template of ours, with our seal: our signature over [`work_digest`](polity_primitives::work_digest).
    fn seal(&mut self, block: Block) -> Result<Vec<u8>, Fatal>;

    /// Judges the RLP of a block and, where it is valid, keeps it and follows the heaviest chain. A block is executed at the
    /// latest when it becomes part of the best chain; one that turns out invalid then is `Invalid`, and the best chain is as before.
    ///
    /// An implementor checks the header by [`check_header`](super::check_header), as the engine does.
    fn insert(&mut self, block_bytes: &[u8], now_ms: u64) -> Result<Inserted, Fatal>;
}
