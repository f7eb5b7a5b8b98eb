//! What the engine is told when it starts.

use std::{path::PathBuf, str::FromStr};

use libp2p::{Multiaddr, PeerId, identity, multiaddr::Protocol};
use tracing::warn;

use crate::Error;

/// An ed25519 public key, by which peers recognise each other.
pub type PeerKey = [u8; 32];

/// A member's node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Peer {
    /// Its key.
    pub key: PeerKey,
    /// Where it listens, like `/ip4/192.0.2.7/tcp/26656`. Empty: it is accepted but not called.
    pub addresses: Vec<String>,
}

/// Time-outs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Least time beyond the block time that a proposer is waited for. What a crashed proposer costs an idle network is the block
    /// time, this, and a quarter of it for the second vote. Units: milliseconds.
    pub slack_ms_min: u64,
    /// Most of it, on a machine that is slow or loaded.
    pub slack_ms_max: u64,
    /// How often peers are told our height. Units: milliseconds.
    pub status_interval_ms: u64,
    /// How long the first height waits for a quorum of peers to be connected. Units: milliseconds.
    pub gathering_ms: u64,
    /// After how long in one height a validator that has not been heard in it counts as absent, beside the block time. Units: milliseconds.
    pub absent_after_ms: u64,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            slack_ms_min: 800,
            slack_ms_max: 6000,
            status_interval_ms: 1000,
            gathering_ms: 2000,
            absent_after_ms: 3000,
        }
    }
}

/// Configuration of the engine.
#[derive(Clone)]
pub struct BftConfig {
    /// The node's home; the log lies in `wal/` under it, the signing record in `signed` beside that.
    pub home: PathBuf,
    /// Where to listen, like `/ip4/127.0.0.1/tcp/26656`. Port 0 chooses a free one.
    pub listen: String,
    /// The members' nodes. Our own may be among them.
    pub peers: Vec<Peer>,
    /// Whether only [`Self::peers`] may connect. If not, anyone may follow the chain; only seats of the committee can vote or
    /// propose in either case.
    pub members_only: bool,
    /// Our name in logs.
    pub moniker: String,
    /// Our ed25519 secret key for the swarm.
    pub peer_secret: [u8; 32],
    /// Our secp256k1 secret key for votes; `None` for a node that only follows.
    pub consensus_secret: Option<[u8; 32]>,
    /// Time-outs.
    pub timing: Timing,
}

impl std::fmt::Debug for BftConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { home, listen, peers, members_only, moniker, timing, .. } = self;
        f.debug_struct("BftConfig")
            .field("home", home)
            .field("listen", listen)
            .field("peers", peers)
            .field("members_only", members_only)
            .field("moniker", moniker)
            .field("timing", timing)
            .finish_non_exhaustive()
    }
}

pub(crate) fn address(text: &str) -> Result<Multiaddr, Error> {
    let bad = |reason: String| Error::Address { text: text.to_owned(), reason };
    let address = Multiaddr::from_str(text).map_err(|e| bad(e.to_string()))?;
    if address.iter().any(|part| matches!(part, Protocol::Tcp(_))) {
        Ok(address)
    } else {
        Err(bad("it names no TCP port".to_owned()))
    }
}

pub(crate) fn keypair(mut secret: [u8; 32]) -> Result<identity::Keypair, Error> {
    identity::Keypair::ed25519_from_bytes(&mut secret).map_err(|e| Error::PeerKey(e.to_string()))
}

pub(crate) fn peer_id(key: &PeerKey) -> Result<PeerId, Error> {
    let key = identity::ed25519::PublicKey::try_from_bytes(key).map_err(|e| Error::PeerKey(e.to_string()))?;
    Ok(identity::PublicKey::from(key).to_peer_id())
}

/// The addresses of `peers` with their identities pinned, without `own`. A peer without addresses is its identity alone, which the
/// library accepts connections from but does not dial. A member can write any 32 bytes as the key of its node, without asking
/// anybody: what is no key is nobody's, and is passed over, so that it keeps no other node from running.
pub(crate) fn pinned(peers: &[Peer], own: PeerId) -> Result<Vec<Multiaddr>, Error> {
    let mut all = Vec::new();
    for peer in peers {
        let Ok(id) = peer_id(&peer.key) else {
            warn!(key = ?peer.key, "a member's peer key is no ed25519 key: it is passed over");
            continue;
        };
        if id == own {
            continue;
        }
        let identity = Protocol::P2p(id);
        if peer.addresses.is_empty() {
            all.push(Multiaddr::empty().with(identity.clone()));
        }
        for text in &peer.addresses {
            let mut at = address(text)?;
            if !matches!(at.iter().last(), Some(Protocol::P2p(_))) {
                at.push(identity.clone());
            }
            all.push(at);
        }
    }
    all.sort();
    all.dedup();
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seed: u8) -> (PeerKey, PeerId) {
        let pair = keypair([seed; 32]).expect("32 bytes are an ed25519 secret");
        let public = pair.public().try_into_ed25519().expect("it is ed25519").to_bytes();
        (public, pair.public().to_peer_id())
    }

    #[test]
    fn peers_are_pinned_to_their_keys_and_we_are_not_our_own_peer() {
        let ((a, a_id), (b, b_id), (c, c_id)) = (key(1), key(2), key(3));
        let peers = [
            Peer { key: a, addresses: vec!["/ip4/127.0.0.1/tcp/7".to_owned()] },
            Peer { key: b, addresses: vec![] },
            Peer { key: c, addresses: vec!["/ip4/127.0.0.1/tcp/9".to_owned()] },
        ];
        let found: Vec<String> =
            pinned(&peers, c_id).expect("good").iter().map(ToString::to_string).collect();
        let mut expected = vec![format!("/ip4/127.0.0.1/tcp/7/p2p/{a_id}"), format!("/p2p/{b_id}")];
        expected.sort_by_key(|text| Multiaddr::from_str(text).expect("good"));
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_no_key_keeps_nobody_from_running() {
        let ((a, a_id), (_, own)) = (key(1), key(2));
        let mut no_key = [0; 32];
        no_key[0] = 2; // y = 2 is on no point of edwards25519
        assert!(peer_id(&no_key).is_err());
        let addresses = vec!["/ip4/127.0.0.1/tcp/7".to_owned()];
        let peers = [Peer { key: no_key, addresses: addresses.clone() }, Peer { key: a, addresses }];
        let found = pinned(&peers, own).expect("the other one");
        assert_eq!(found.len(), 1);
        assert!(found[0].to_string().ends_with(&a_id.to_string()));
    }

    #[test]
    fn bad_addresses_are_named() {
        for text in ["", "127.0.0.1:80", "/ip4/127.0.0.1", "/ip4/300.0.0.1/tcp/1"] {
            assert!(matches!(address(text), Err(Error::Address { text: t, .. }) if t == text), "{text:?}");
        }
    }
}
