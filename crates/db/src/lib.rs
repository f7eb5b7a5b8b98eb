//! The embedded store: blocks, the state, and how the state was, with one atomic, durable commit per block.
//!
//! Rule kept: **what [`Db::commit`] returned for is there after any crash, whole, or opening says by name that it is
//! not.** A reader never gets a block that does not hash to its hash, and a damaged database is an error, not an answer.
//!
//! Deliberately absent: what blocks mean, the trie (`polity-trie` is loaded from [`Db::load_state`], and its root proves
//! what was loaded), caches of blocks (`ledger` has them).
//!
//! # Files
//!
//! ```text
//! <home>/lock     held while open
//! <home>/schema   "polity-db 1\n"
//! <home>/tip      height 8 | hash 32 | xxh3-64 of both 8: the last block committed, to notice if it is lost
//! <home>/tip.copy the same again, in case one of them is damaged; zeros before the first block
//! <home>/store/   fjall: journal *.jnl, tables keyspaces/<n>/
//! ```
//!
//! # Tables
//!
//! Keys, byte by byte; integers big-endian, so that they sort. Values are drawn in `codec.rs`.
//!
//! ```text
//! blocks      height 8 | part 1            part: 0 header, 1 body, 2 senders, 3 receipts, 4 certificate
//! hashes      'b' | block hash 32          -> height
//!             't' | transaction hash 32    -> height, index
//! state       address 20                   -> account
//!             address 20 | slot 32         -> value, never zero
//! history     address 20 | 0 | height 8            -> account before the block at that height changed it
//!             address 20 | 1 | slot 32 | height 8  -> value before the block at that height changed it
//! undo        height 8                     -> all that the block changed, as it was before
//! candidates  'c' | hash 32                -> height 8 | bytes of an undecided block
//!             'h' | height 8 | hash 32     -> nothing; to remove them by height
//! meta        0 | 't', 0 | 'o'             -> tip, oldest readable state
//!             1 | key                      -> records of other crates
//!             2 | key                      -> evidence, JSON
//!             3 | code hash 32             -> code
//! ```
//!
//! "As of height h" is the value before the first change after h, found by one seek in `history`; with no later change it
//! is the live value. History older than [`Options::history`] is removed by the commits that outdate it, at most
//! [`PRUNE_BLOCKS_MAX`] blocks each.
//!
//! # Damage
//!
//! fjall checks a checksum on every block of a table and on every batch of its journal. It does not check the manifests
//! of its tables, and takes a broken journal for the end of the journal; `inspect` closes these gaps before fjall opens the
//! files. Then the tip must be no lower than `tip` or its copy says, its header, body, receipts and certificate must hash to what
//! they claim, and the headers below it must link.

mod codec;
mod commit;
mod db;
mod error;
mod files;
mod history;
mod inspect;
mod memory;
mod open;
mod side;
mod tables;

pub use commit::{BlockCommit, PRUNE_BLOCKS_MAX};
pub use db::{Db, HISTORY_DEFAULT, Options, Tip};
pub use error::{Error, Result};
pub use files::{SCHEMA, is_locked};
pub use memory::Memory;
pub use side::{CANDIDATES_MAX, EVIDENCE_MAX};

#[cfg(test)]
mod tests;
