//! The second swarm: transactions between members' nodes.
//!
//! Consensus has a network of its own, which its library does not share; here travels everything else. Transactions are
//! gossiped in batches over libp2p (TCP, noise, yamux, gossipsub). A node's identity is the ed25519 key its charter entry
//! names, so "only members' nodes may join" is a list of keys, checked when the noise handshake has proved them.
//!
//! Evidence of dishonesty is gossiped beside the transactions, one piece a message; it too is passed on only once it is judged.
//!
//! Two more protocols carry bytes that the node gives a meaning: `/polity/CHAIN/blocks/1` questions about blocks and their answers,
//! `/polity/CHAIN/work/1` what nodes of a worked chain tell each other.
//!
//! Rule kept: everything a peer can send has a bound ([`limits`]), and a batch is passed on only after the node has judged it:
//! bytes that are no transactions are not relayed, and a peer that keeps sending them is shut out for a while.
//!
//! Deliberately absent: what a transaction is worth (the mempool), and history (the engines sync).
#![allow(clippy::disallowed_methods)] // L4 has a clock

mod frames;
mod gossip;
pub mod limits;
mod peers;
mod swarm;

use std::collections::BTreeSet;

pub use gossip::Gossip;
pub use libp2p::{Multiaddr, PeerId};
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc, oneshot, watch},
    task::JoinHandle,
};

/// An ed25519 public key: who a node is.
pub type PeerKey = [u8; 32];

/// Errors of the network.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The secret is not an ed25519 key.
    #[error("the peer key is not an ed25519 secret: {0}")]
    Key(String),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {reason}")]
    Listen {
        /// Asked for.
        address: Multiaddr,
        /// Why not.
        reason: String,
    },
    /// libp2p refused its configuration: our bug.
    #[error("libp2p configuration: {0}")]
    Configuration(String),
}

/// How to join.
#[derive(Clone, Debug)]
pub struct NetworkConfig {
    /// Chain id: peers of other chains do not speak our protocol.
    pub chain_id: u64,
    /// Where to listen, `/ip4/127.0.0.1/tcp/0` for any free port.
    pub listen: Multiaddr,
    /// Nodes to keep a connection to.
    pub peers: Vec<Multiaddr>,
    /// ed25519 secret of this node.
    pub secret: [u8; 32],
    /// Who may connect; `None` lets anyone.
    pub allowed: Option<BTreeSet<PeerKey>>,
}

/// What comes from the network.
#[derive(Debug)]
pub enum Inbound {
    /// A batch of transactions. Answer with [`NetworkHandle::judge`], or it is not passed on.
    Transactions {
        /// Who passed it on.
        from: PeerId,
        /// The transactions.
        batch: Vec<Gossip>,
        /// To answer with.
        ticket: Ticket,
    },
    /// A peer joined and listens: send it again what waits.
    Joined(PeerId),
}

/// A question about blocks.
#[derive(Debug)]
pub struct Question {
    /// Whose.
    pub from: PeerId,
    /// What it asks.
    pub bytes: Vec<u8>,
    /// Where the answer goes: [`NetworkHandle::answer`].
    pub reply: Reply,
}

/// Where an answer goes.
#[derive(Debug)]
pub struct Reply(libp2p::request_response::ResponseChannel<Vec<u8>>);

/// What a peer tells about work.
#[derive(Debug)]
pub struct Told {
    /// Who.
    pub from: PeerId,
    /// What.
    pub bytes: Vec<u8>,
}

/// Evidence that a peer passes on. Answer with [`NetworkHandle::judge`], or it is not passed on. Until it is dropped it takes one of
/// the places that its peer has.
#[derive(Debug)]
pub struct Accused {
    /// The accusation.
    pub bytes: Vec<u8>,
    /// To answer with.
    pub ticket: Ticket,
    _place: OwnedSemaphorePermit,
}

/// What comes from the network, by kind, so that none waits behind another.
#[derive(Debug)]
pub struct Inbox {
    /// Transactions, and who joined.
    pub transactions: mpsc::Receiver<Inbound>,
    /// Questions about blocks.
    pub questions: mpsc::Receiver<Question>,
    /// What peers tell about work.
    pub told: mpsc::Receiver<Told>,
    /// Evidence.
    pub accused: mpsc::Receiver<Accused>,
}

/// Names a batch, or evidence, in an answer.
#[derive(Clone, Debug)]
pub struct Ticket {
    id: libp2p::gossipsub::MessageId,
    from: PeerId,
}

impl Ticket {
    /// Who passed it on.
    #[must_use]
    pub const fn peer(&self) -> PeerId {
        self.from
    }
}

/// What the node thinks of a batch, or of evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// At least one transaction, or the evidence, is new and good: pass it on.
    Pass,
    /// Nothing new: do not pass it on.
    Ignore,
    /// Bytes that are no transactions, or prove nothing: do not pass it on, and remember who sent it.
    Blame,
}

#[derive(Debug)]
enum Command {
    Publish(Vec<Gossip>),
    Accuse(Vec<Vec<u8>>),
    Judge(Ticket, Judgement),
    Ask(PeerId, Vec<u8>, oneshot::Sender<Vec<u8>>),
    Answer(Reply, Vec<u8>),
    Tell(Option<PeerId>, Vec<u8>),
    Blame(PeerId),
    Allow(Option<BTreeSet<PeerKey>>),
}

/// A running network. Dropping it stops it.
#[derive(Debug)]
pub struct NetworkHandle {
    commands: mpsc::Sender<Command>,
    connected: watch::Receiver<Vec<PeerId>>,
    address: Multiaddr,
    task: JoinHandle<()>,
}

impl NetworkHandle {
    /// Sends transactions to the peers, in batches. Dropped if the queue is full: the peers of the peers will tell them.
    pub fn broadcast(&self, transactions: Vec<Gossip>) {
        if self.commands.try_send(Command::Publish(transactions)).is_err() {
            tracing::debug!("network.publish.queue_full");
        }
    }

    /// Sends accusations to the peers. Dropped if the queue is full: what is due is told again.
    pub fn accuse(&self, accusations: Vec<Vec<u8>>) {
        if self.commands.try_send(Command::Accuse(accusations)).is_err() {
            tracing::debug!("network.accuse.queue_full");
        }
    }

    /// Says what to do with a batch, or with evidence.
    pub fn judge(&self, ticket: Ticket, judgement: Judgement) {
        let _ = self.commands.try_send(Command::Judge(ticket, judgement));
    }

    /// Asks `peer` about blocks; nothing if it does not answer, or with nothing.
    pub async fn ask(&self, peer: PeerId, bytes: Vec<u8>) -> Option<Vec<u8>> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::Ask(peer, bytes, reply)).await.ok()?;
        answer.await.ok()
    }

    /// Answers a question.
    pub fn answer(&self, reply: Reply, bytes: Vec<u8>) {
        let _ = self.commands.try_send(Command::Answer(reply, bytes));
    }

    /// Tells `peer`, or everyone who is connected, about work. Dropped if the queue is full: what matters is told again.
    pub fn tell(&self, peer: Option<PeerId>, bytes: Vec<u8>) {
        if self.commands.try_send(Command::Tell(peer, bytes)).is_err() {
            tracing::debug!("network.tell.queue_full");
        }
    }

    /// Remembers that `peer` sent what no honest node sends; after some times it is shut out for a while.
    pub fn blame(&self, peer: PeerId) {
        let _ = self.commands.try_send(Command::Blame(peer));
    }

    /// Who is connected, as it changes.
    #[must_use]
    pub fn watch_peers(&self) -> watch::Receiver<Vec<PeerId>> {
        self.connected.clone()
    }

    /// Replaces the list of who may connect; those no longer on it are disconnected.
    pub fn set_allowed(&self, allowed: Option<BTreeSet<PeerKey>>) {
        let _ = self.commands.try_send(Command::Allow(allowed));
    }

    /// Connected peers.
    #[must_use]
    pub fn peers(&self) -> Vec<PeerId> {
        self.connected.borrow().clone()
    }

    /// Where this node listens, with the port that was found.
    #[must_use]
    pub const fn address(&self) -> &Multiaddr {
        &self.address
    }

    /// Stops listening and closes all connections.
    pub async fn stop(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

/// The peer id of an ed25519 public key; `None` if it is no key.
#[must_use]
pub fn peer_id(key: &PeerKey) -> Option<PeerId> {
    let key = libp2p::identity::ed25519::PublicKey::try_from_bytes(key).ok()?;
    Some(PeerId::from_public_key(&key.into()))
}

/// The public key of an ed25519 secret.
///
/// # Errors
/// [`Error::Key`].
pub fn public_key(secret: &[u8; 32]) -> Result<PeerKey, Error> {
    Ok(swarm::keypair(secret)?.public().to_bytes())
}

/// Joins the network; what peers send arrives in the inbox.
///
/// # Errors
/// [`Error`] if the key or the address is unusable.
pub async fn start(config: NetworkConfig) -> Result<(NetworkHandle, Inbox), Error> {
    swarm::start(config).await
}

#[cfg(test)]
mod tests;
