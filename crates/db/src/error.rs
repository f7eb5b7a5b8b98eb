//! What can go wrong with a database, by name.

use std::path::PathBuf;

use polity_primitives::Height;

use crate::Tip;

/// Why the database refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A record or a file is damaged. The node must stop: nothing that depends on it can be trusted.
    #[error(
        "the database is damaged: table {table}, key {key}: {reason}. \
         Restore a copy, or remove the database and let the node catch up from its peers"
    )]
    Corrupt {
        /// The table, or `files`, `journal`, `manifest` for the files below the tables.
        table: &'static str,
        /// The key, or the file.
        key: String,
        /// What is wrong.
        reason: String,
    },
    /// Finalized blocks that were here are gone.
    #[error(
        "the database had finalized block {} ({}) but ends with {}: finalized blocks were lost. \
         Restore a copy, or remove the database and let the node catch up from its peers",
        recorded.height, recorded.hash,
        found.map_or_else(|| "none".to_owned(), |tip| format!("{} ({})", tip.height, tip.hash))
    )]
    Lost {
        /// The last block known to have been committed.
        recorded: Tip,
        /// The last block found.
        found: Option<Tip>,
    },
    /// Written by another version of this program.
    #[error("the database has schema {found}, this program reads schema {supported}")]
    Schema {
        /// Version found.
        found: u32,
        /// Version this program reads and writes.
        supported: u32,
    },
    /// The folder holds something else.
    #[error("{} is not empty and is not a Polity database", path.display())]
    Foreign {
        /// The folder.
        path: PathBuf,
    },
    /// Another process has it open.
    #[error("the database at {} is in use by another process", path.display())]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// The state of that height is no longer kept.
    #[error("the state of block {height} is no longer kept; the oldest is {oldest}")]
    Pruned {
        /// Asked for.
        height: Height,
        /// Oldest height whose state can be read.
        oldest: Height,
    },
    /// Blocks are committed one after the other.
    #[error("block {height} on parent {parent} cannot follow the tip {tip:?}")]
    NotNext {
        /// Of the block.
        height: Height,
        /// Its parent's hash.
        parent: polity_primitives::B256,
        /// The tip.
        tip: Option<Tip>,
    },
    /// The parts of a commit do not belong together.
    #[error("cannot commit block {height}: {what}")]
    Mismatch {
        /// Of the block.
        height: Height,
        /// What does not fit.
        what: &'static str,
    },
    /// A bound was reached.
    #[error("{table} already holds {max} records")]
    Full {
        /// The table.
        table: &'static str,
        /// Its bound.
        max: usize,
    },
    /// The store failed; it refuses writes until it is opened again.
    #[error("the store failed: {0}")]
    Store(#[source] fjall::Error),
    /// The operating system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// File or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// Result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub(crate) fn corrupt(table: &'static str, key: impl ToString, reason: impl ToString) -> Self {
        Self::Corrupt { table, key: key.to_string(), reason: reason.to_string() }
    }

    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }

    /// Classifies an error of the store met while reading `key` of `table`.
    pub(crate) fn store(table: &'static str, key: impl ToString, error: fjall::Error) -> Self {
        use fjall::{Error as E, LsmError as L};
        use std::io::ErrorKind as K;
        match error {
            // What a file that is too short, or not there, looks like; other failures are the machine's.
            E::Io(ref e) | E::Storage(L::Io(ref e))
                if !matches!(e.kind(), K::UnexpectedEof | K::NotFound | K::InvalidInput | K::InvalidData) =>
            {
                Self::Store(error)
            }
            E::Poisoned | E::KeyspaceDeleted | E::Locked => Self::Store(error),
            damaged => Self::corrupt(table, key, damaged),
        }
    }
}
