//! What each peer has done lately: how much it sent, how much of that waits to be judged, and how often it was in vain.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use libp2p::PeerId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits::{
    BLAMES_MAX, EVIDENCE_PER_PEER_MAX, PEER_BYTES_BURST, PEER_BYTES_PER_SEC, PEERS_REMEMBERED_MAX, SHUT_OUT,
};

#[derive(Debug)]
struct Conduct {
    /// Bytes it may still send now.
    credit: u64,
    at: Instant,
    blames: u32,
    shut_out_until: Option<Instant>,
    /// Places for its evidence in the queue that all share.
    places: Arc<Semaphore>,
}

/// Conduct of the peers.
#[derive(Debug, Default)]
pub(crate) struct Peers(BTreeMap<PeerId, Conduct>);

impl Peers {
    fn conduct(&mut self, peer: PeerId, now: Instant) -> &mut Conduct {
        if self.0.len() >= PEERS_REMEMBERED_MAX && !self.0.contains_key(&peer) {
            let oldest = self.0.iter().min_by_key(|(_, conduct)| conduct.at).map(|(peer, _)| *peer);
            if let Some(oldest) = oldest {
                self.0.remove(&oldest);
            }
        }
        self.0.entry(peer).or_insert(Conduct {
            credit: PEER_BYTES_BURST,
            at: now,
            blames: 0,
            shut_out_until: None,
            places: Arc::new(Semaphore::new(EVIDENCE_PER_PEER_MAX)),
        })
    }

    /// Takes `bytes` from what `peer` may send; false if it sends too fast.
    pub(crate) fn spend(&mut self, peer: PeerId, bytes: usize, now: Instant) -> bool {
        let conduct = self.conduct(peer, now);
        let elapsed = now.saturating_duration_since(conduct.at);
        let earned =
            u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).saturating_mul(PEER_BYTES_PER_SEC / 1000);
        conduct.credit = conduct.credit.saturating_add(earned).min(PEER_BYTES_BURST);
        conduct.at = now;
        match conduct.credit.checked_sub(bytes as u64) {
            Some(left) => {
                conduct.credit = left;
                true
            }
            None => false,
        }
    }

    /// A place for a piece of evidence of `peer`, free again once it is dropped; `None` while all of its own are taken.
    pub(crate) fn place(&mut self, peer: PeerId, now: Instant) -> Option<OwnedSemaphorePermit> {
        self.conduct(peer, now).places.clone().try_acquire_owned().ok()
    }

    /// Remembers misbehaviour; true if the peer is to be shut out now.
    pub(crate) fn blame(&mut self, peer: PeerId, now: Instant) -> bool {
        let conduct = self.conduct(peer, now);
        conduct.blames = conduct.blames.saturating_add(1);
        if conduct.blames < BLAMES_MAX {
            return false;
        }
        conduct.blames = 0;
        conduct.shut_out_until = Some(now + SHUT_OUT);
        true
    }

    /// Whether `peer` is shut out.
    pub(crate) fn is_shut_out(&self, peer: &PeerId, now: Instant) -> bool {
        self.0
            .get(peer)
            .and_then(|conduct| conduct.shut_out_until)
            .is_some_and(|until| until.saturating_duration_since(now) > Duration::ZERO)
    }
}
