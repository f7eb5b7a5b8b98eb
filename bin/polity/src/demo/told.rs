//! The end of a story.

use crate::local::Processes;

/// What was told, and the network that goes on.
pub(crate) struct Told {
    /// Whether every check held.
    pub(crate) held: bool,
    pub(crate) urls: Vec<String>,
    pub(crate) processes: Processes,
}
