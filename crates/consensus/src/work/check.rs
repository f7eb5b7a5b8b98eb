//! Whether a header may stand on its parent. Pure, and the whole of what is known before a block is executed.

use polity_primitives::{Address, B256, Block, Header, Signature, U256, recover_signer, work_digest};

use super::{Rules, earliest, is_solved, latest};

/// Why a header may not stand on its parent. All but [`HeaderError::Early`] stay so for ever.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// The parent is another block.
    #[error("built on {found}, not on {expected}")]
    Parent {
        /// The parent given.
        expected: B256,
        /// The parent named.
        found: B256,
    },
    /// Not the number after the parent's.
    #[error("number {found} on top of {parent}")]
    Number {
        /// The parent's.
        parent: u64,
        /// Its own.
        found: u64,
    },
    /// No block is worked at this height.
    #[error("block {0} is not worked")]
    Height(u64),
    /// Not the difficulty of its place.
    #[error("difficulty {found}, not {expected}")]
    Difficulty {
        /// What the schedule says.
        expected: U256,
        /// What the header says.
        found: U256,
    },
    /// The work hash is above the target.
    #[error("the work hash does not meet difficulty {0}")]
    Work(U256),
    /// Not after the median of those before, or before its parent.
    #[error("timestamp {found} before {earliest}")]
    Late {
        /// The earliest that may be.
        earliest: u64,
        /// What the header says.
        found: u64,
    },
    /// Ahead of our clock; it may be accepted later.
    #[error("timestamp {found} is ahead of the clock, which allows {latest}")]
    Early {
        /// The latest that may be now.
        latest: u64,
        /// What the header says.
        found: u64,
    },
}

/// Checks `header` on top of `parent`, the cheap rules first. `parent_hash` is the parent's name; `past` are timestamps as
/// [`earliest`] takes them.
///
/// Units: `now_ms` is milliseconds since the Unix epoch, from this node's clock. Cost: one SHA-256d of the header.
///
/// # Errors
/// The first rule that is broken.
pub fn check_header(
    rules: &Rules,
    parent: &Header,
    parent_hash: &B256,
    past: &[u64],
    header: &Header,
    now_ms: u64,
) -> Result<(), HeaderError> {
    let found = header.parent_hash;
    if found != *parent_hash {
        return Err(HeaderError::Parent { expected: *parent_hash, found });
    }
    if parent.number.checked_add(1) != Some(header.number) {
        return Err(HeaderError::Number { parent: parent.number, found: header.number });
    }
    if !rules.covers(polity_primitives::Height(header.number)) {
        return Err(HeaderError::Height(header.number));
    }
    let expected = rules.difficulty(parent);
    if header.difficulty != expected {
        return Err(HeaderError::Difficulty { expected, found: header.difficulty });
    }
    let earliest = earliest(past);
    if header.timestamp < earliest {
        return Err(HeaderError::Late { earliest, found: header.timestamp });
    }
    if !is_solved(header) {
        return Err(HeaderError::Work(header.difficulty));
    }
    let latest = latest(now_ms);
    if header.timestamp > latest {
        return Err(HeaderError::Early { latest, found: header.timestamp });
    }
    Ok(())
}

/// Why a body is not the one of its header, or not sealed by who wrote it. It says nothing about the block: another peer may have
/// the true body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// The header states other transactions.
    #[error("its transactions are not those of its header")]
    Transactions,
    /// The seal is not the signature of the account the header names.
    #[error("its seal is not a signature of {writer}")]
    Seal {
        /// Who wrote the block, as its header says.
        writer: Address,
    },
}

/// Checks what binds a body to its header `hash`: the transactions' root, and the writer's signature.
///
/// Cost: the root of the transactions and one recovery of a signer.
///
/// # Errors
/// [`BodyError`]: whoever gave the body is at fault, not who wrote the block.
pub fn check_body(chain_id: u64, hash: &B256, block: &Block) -> Result<(), BodyError> {
    if block.transactions_root() != block.header.transactions_root {
        return Err(BodyError::Transactions);
    }
    let writer = block.header.beneficiary;
    let seal = Signature::try_from(block.seal.as_ref()).map_err(|_| BodyError::Seal { writer })?;
    if recover_signer(work_digest(chain_id, *hash), &seal) != Some(writer) {
        return Err(BodyError::Seal { writer });
    }
    Ok(())
}
