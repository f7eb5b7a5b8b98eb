//! What nodes of a worked chain tell each other, between the network and the engine of work.
//!
//! Words are of one stretch of work: each begins with the hash of the block that the stretch began on, so that nobody is blamed for
//! blocks of another.

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::Mutex;
use polity_consensus::work::Peer;
use polity_network::{NetworkHandle, PeerId, Told};
use polity_primitives::B256;
use polity_work::{Say, WorkHandle};
use tokio::sync::mpsc;

use crate::engines::Engines;

/// Most peers that have a number; of more the oldest lose theirs.
const NUMBERED_MAX: usize = 4_096;

/// Numbers of peers, as the engine knows them.
#[derive(Debug, Default)]
pub(crate) struct Numbers(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    numbers: BTreeMap<PeerId, Peer>,
    peers: BTreeMap<Peer, PeerId>,
    next: u64,
}

impl Numbers {
    pub(crate) fn of(&self, peer: PeerId) -> Peer {
        let mut known = self.0.lock();
        if let Some(number) = known.numbers.get(&peer) {
            return *number;
        }
        if known.numbers.len() >= NUMBERED_MAX
            && let Some((_, oldest)) = known.peers.pop_first()
        {
            known.numbers.remove(&oldest);
        }
        known.next = known.next.saturating_add(1);
        let number = Peer(known.next);
        known.numbers.insert(peer, number);
        known.peers.insert(number, peer);
        number
    }

    fn peer(&self, number: Peer) -> Option<PeerId> {
        self.0.lock().peers.get(&number).copied()
    }
}

/// Carries what the engine of the stretch since `anchor` says to the network.
pub(crate) fn speak(
    network: Arc<NetworkHandle>,
    numbers: Arc<Numbers>,
    anchor: B256,
) -> impl Fn(Say) + Send + 'static {
    move |say| match say {
        Say::Send(to, bytes) => {
            let to = match to {
                None => None,
                Some(number) => match numbers.peer(number) {
                    Some(peer) => Some(peer),
                    None => return,
                },
            };
            network.tell(to, [anchor.as_slice(), &bytes].concat());
        }
        Say::Blame(number) => {
            if let Some(peer) = numbers.peer(number) {
                network.blame(peer);
            }
        }
    }
}

/// Carries what peers say to the engine, if it is of the same stretch.
pub(crate) async fn listen(
    mut told: mpsc::Receiver<Told>,
    network: Arc<NetworkHandle>,
    numbers: Arc<Numbers>,
    engines: Arc<Engines>,
    stretch: Arc<Mutex<Option<B256>>>,
) {
    while let Some(Told { from, mut bytes }) = told.recv().await {
        let Some(anchor) = bytes.first_chunk::<32>().copied() else {
            network.blame(from);
            continue;
        };
        if *stretch.lock() != Some(B256::from(anchor)) {
            continue;
        }
        if let Some(work) = engines.now().work {
            work.received(numbers.of(from), bytes.split_off(32));
        }
    }
}

/// Tells the engine who comes and goes. `present` is whom it knows.
pub(crate) fn introduce(work: &WorkHandle, numbers: &Numbers, present: &mut Vec<PeerId>, now: Vec<PeerId>) {
    for peer in now.iter().filter(|peer| !present.contains(peer)) {
        work.joined(numbers.of(*peer));
    }
    for peer in present.iter().filter(|peer| !now.contains(peer)) {
        work.left(numbers.of(*peer));
    }
    *present = now;
}
