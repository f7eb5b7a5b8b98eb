//! What the server asks of the node around the ledger: peers, engine, gossip.

use polity_mempool::Condition;
use polity_primitives::Bytes;

/// Progress of catching up with the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Syncing {
    /// Height at which catching up began.
    pub starting_block: u64,
    /// Height reached.
    pub current_block: u64,
    /// Highest height seen among peers.
    pub highest_block: u64,
}

/// The node, as far as RPC needs to know it. Every method answers at once.
pub trait NodeInfo: Send + Sync + 'static {
    /// Peers connected to the transaction network.
    fn peer_count(&self) -> usize;
    /// Engine and quorum, as a JSON object: height, round, step, proposer, power present and needed, members absent.
    /// `polity_health` reads its `quorum` (boolean), if given; the rest goes to the client as it is.
    fn consensus_status(&self) -> serde_json::Value;
    /// Sends an admitted transaction to the peers.
    fn broadcast(&self, raw: Bytes, condition: Condition);
    /// The client version, `polity/v0.1.0/linux-x86_64` style.
    fn version(&self) -> String;
    /// Progress if the node is behind, else `None`.
    fn syncing(&self) -> Option<Syncing>;
    /// What operators see: homes, ports, uptime. `null` where the node has nothing to add.
    fn details(&self) -> serde_json::Value {
        serde_json::Value::Null
    }
}
