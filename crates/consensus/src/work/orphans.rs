//! Headers that came before their parents.
//!
//! A new block's header may overtake that of the block before. It waits here for a while, so that it need not be sent again;
//! its sender is asked for what lies between. Nothing is checked yet and nothing is fetched for it: waiting costs no work, so the
//! pool is small and each peer has a small share of it.

use std::collections::VecDeque;

use polity_primitives::{B256, Header};

use super::event::Peer;

/// Most headers that wait.
pub const ORPHANS_MAX: usize = 64;
/// Most headers that wait of one peer.
pub const ORPHANS_PER_PEER_MAX: usize = 8;

/// Headers that wait for their parents, the oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Orphans(VecDeque<(Peer, Header)>);

impl Orphans {
    /// Keeps a header of a peer; the oldest of that peer, or of all, goes if there is no room.
    pub(super) fn keep(&mut self, peer: Peer, header: Header) {
        if self.0.iter().any(|(_, kept)| *kept == header) {
            return;
        }
        let of_peer = self.0.iter().filter(|(of, _)| *of == peer).count();
        if of_peer >= ORPHANS_PER_PEER_MAX
            && let Some(oldest) = self.0.iter().position(|(of, _)| *of == peer)
        {
            self.0.remove(oldest);
        }
        if self.0.len() >= ORPHANS_MAX {
            self.0.pop_front();
        }
        self.0.push_back((peer, header));
    }

    /// How many wait.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Takes out the headers that stand on `parent`.
    pub(super) fn adopt(&mut self, parent: &B256) -> Vec<(Peer, Header)> {
        let (adopted, waiting): (Vec<_>, _) =
            self.0.drain(..).partition(|(_, header)| header.parent_hash == *parent);
        self.0 = waiting.into();
        adopted
    }

    /// Forgets what a peer sent.
    pub(super) fn forget(&mut self, peer: Peer) {
        self.0.retain(|(of, _)| *of != peer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(parent: u8, number: u64) -> Header {
        Header { parent_hash: B256::repeat_byte(parent), number, ..Header::default() }
    }

    #[test]
    fn they_wait_for_their_parent_and_a_flood_pushes_out_its_own() {
        let mut orphans = Orphans::default();
        orphans.keep(Peer(1), header(1, 1));
        orphans.keep(Peer(1), header(1, 1));
        (0..100).for_each(|number| orphans.keep(Peer(2), header(2, number)));
        assert_eq!(orphans.0.len(), 1 + ORPHANS_PER_PEER_MAX);
        assert_eq!(orphans.adopt(&B256::repeat_byte(1)), [(Peer(1), header(1, 1))]);
        assert_eq!(orphans.adopt(&B256::repeat_byte(1)), []);
        assert_eq!(orphans.adopt(&B256::repeat_byte(2)).first(), Some(&(Peer(2), header(2, 92))));
        (0..100).for_each(|peer| orphans.keep(Peer(peer), header(3, peer)));
        assert_eq!(orphans.0.len(), ORPHANS_MAX);
        orphans.forget(Peer(99));
        assert!(orphans.0.len() == ORPHANS_MAX - 1);
    }
}
