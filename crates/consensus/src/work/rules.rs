//! The rules of a worked chain, as the charter sets them, and where its counting starts.

use polity_primitives::{Height, U256};

/// The block from which difficulty is computed: the one before the first worked one, or the last that ended a long pause
/// ([`Rules::after`]).
///
/// Source: "aserti3-2d", Bitcoin Cash upgrade of 2020-11-15: an absolute schedule needs a fixed point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Its height; blocks above it are worked.
    pub height: Height,
    /// Its timestamp. Units: seconds since the Unix epoch.
    pub timestamp_secs: u64,
    /// Difficulty of the block on top of it. Units: expected hashes. Bounds: at least 1.
    pub difficulty: U256,
}

/// The rules of a worked chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The time between blocks that difficulty aims at. Units: seconds. Bounds: at least 1.
    pub interval_secs: u64,
    /// A block is `safe` and `finalized` for clients with so many blocks on top of it. Units: blocks.
    pub confirmations: u64,
    /// A block is never undone with so many blocks on top of it. Units: blocks. Bounds: at least `confirmations`.
    pub checkpoint: u64,
    /// Where the counting starts.
    pub anchor: Anchor,
    /// The last worked height, once a change to another engine is enacted. No worked block is higher.
    pub until: Option<Height>,
}

impl Rules {
    /// Whether `height` is one at which blocks are worked.
    #[must_use]
    pub fn covers(&self, height: Height) -> bool {
        height > self.anchor.height && self.until.is_none_or(|until| height <= until)
    }
}
