//! The work engine: Nakamoto consensus (Bitcoin, 2008) for blocks of ours.
//!
//! Whoever finds a nonce for which SHA-256d of the header is small enough writes a block; the chain with the most accumulated
//! difficulty counts; a block is final for clients under so many confirmations, and for the node itself at its checkpoint, below
//! which nothing is ever undone.
//!
//! [`Chain`] is what the engine asks of the ledger, which executes blocks and chooses between forks. [`Worker`] is the engine:
//! it fetches headers before bodies, keeps what arrives too early, says what to mine on, and announces. It is sans-IO: events
//! with the time in, [`Act`]s out. The node drives it over a network with a miner beside it, the lab under virtual time.
//! Everything else here is pure: [`Rules`] with their arithmetic, and the wire's [`Message`]s.
//!
//! Rule kept: nothing here reads a clock, draws chance or grows without a bound that outsiders cannot move.
//!
//! Deliberately absent: sockets, threads that hash, execution, and the choice among executed forks (`polity-ledger`).

mod ahead;
mod chain;
mod check;
mod climb;
mod difficulty;
mod event;
mod follow;
mod hash;
mod headers_only;
mod message;
mod orphans;
mod rules;
mod sync;
#[cfg(test)]
mod tests;
mod time;
mod tree;
mod waits;
mod worker;

pub use ahead::{AHEAD_MAX, AHEAD_PER_PEER_MAX};
pub use chain::{Chain, Inserted, Tip};
pub use check::{BodyError, HeaderError, check_body, check_header};
pub use difficulty::{HALF_LIFE_INTERVALS, asert, difficulty};
pub use event::{Act, Event, Job, Peer, Report};
pub use hash::Search;
pub use headers_only::HeadersOnly;
pub use message::{
    BODIES_MAX, HEADER_BYTES_MAX, HEADERS_MAX, LOCATOR_MAX, MESSAGE_BYTES_MAX, Message, MessageError,
};
pub use orphans::{ORPHANS_MAX, ORPHANS_PER_PEER_MAX};
pub use polity_constitution::{is_solved, target, work_hash};
pub use rules::{Anchor, Rules};
pub use sync::{headers_after, locator};
pub use time::{AHEAD_SECS_MAX, MEDIAN_SPAN, earliest, latest, median};
pub use tree::{Route, Tree};
pub use worker::{PEERS_MAX, Worker};
