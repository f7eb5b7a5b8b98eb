//! Who is shut out, and by whom: what the production's network does with blame.
//!
//! A node that blamed a peer so often closes the connection and opens none with it for a while; then the peer begins anew. What it
//! remembers of peers is in memory, so a crash forgets it.

use std::collections::BTreeMap;

/// Blames after which a peer is shut out. Source: `polity_network::limits`; a test of the binary holds both to be equal.
pub const BLAMES_MAX: u32 = 8;
/// For how long. Units: microseconds. Source: as above.
pub const SHUT_OUT_US: u64 = 60_000_000;

/// What nodes remember of each other.
#[derive(Clone, Debug, Default)]
pub struct Conduct {
    /// By who blames and who is blamed.
    blames: BTreeMap<(usize, usize), u32>,
    /// Until when. Units: microseconds.
    shut_out: BTreeMap<(usize, usize), u64>,
}

impl Conduct {
    /// `by` blames `who`; true if that shuts it out now.
    pub fn blame(&mut self, by: usize, who: usize, now_us: u64) -> bool {
        let blames = self.blames.entry((by, who)).or_default();
        *blames = blames.saturating_add(1);
        if *blames < BLAMES_MAX {
            return false;
        }
        *blames = 0;
        self.shut_out.insert((by, who), now_us.saturating_add(SHUT_OUT_US));
        true
    }

    /// Whether one of the two shuts the other out: a connection has two ends.
    #[must_use]
    pub fn are_apart(&self, one: usize, other: usize, now_us: u64) -> bool {
        let until = |pair| self.shut_out.get(&pair).is_some_and(|until| *until > now_us);
        until((one, other)) || until((other, one))
    }

    /// The process of `node` ended.
    pub fn forget(&mut self, node: usize) {
        self.blames.retain(|(by, _), _| *by != node);
        self.shut_out.retain(|(by, _), _| *by != node);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blame_adds_up_and_ends_with_time_or_the_process() {
        let mut conduct = Conduct::default();
        let shut: Vec<_> = (0..BLAMES_MAX).map(|_| conduct.blame(1, 2, 10)).collect();
        assert_eq!(shut.iter().filter(|shut| **shut).count(), 1);
        assert!(shut.last().is_some_and(|shut| *shut));
        assert!(conduct.are_apart(1, 2, 11) && conduct.are_apart(2, 1, 11) && !conduct.are_apart(1, 3, 11));
        assert!(!conduct.are_apart(1, 2, 10 + SHUT_OUT_US));
        assert!(!conduct.blame(1, 2, 12), "it begins anew");
        conduct.forget(2);
        assert!(conduct.are_apart(1, 2, 12), "who is shut out cannot end it");
        conduct.forget(1);
        assert!(!conduct.are_apart(1, 2, 12));
    }
}
