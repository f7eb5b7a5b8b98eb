//! The work engine under virtual time: the real [`Worker`](polity_consensus::work::Worker) on the real ledger.
//!
//! What is simulated is the time that looking for a nonce takes, and nothing else of it. A node of hash power `r` that looks for
//! a nonce at difficulty `d` finds one after a time drawn from the exponential distribution of mean `d / r`, which is what
//! looking at `r` independent hashes a second comes to; having no memory it may be drawn anew for every new job. When that
//! time is over the nonce is really looked for, without taking virtual time, and the ledger judges it like any other; so
//! difficulties are small, some hundred hashes. Difficulty follows the hash power by the production's own arithmetic.
//!
//! Deliberately absent: hash power that changes, and miners' pools.

mod node;
mod selfish;
mod undoing;
mod villain;

use std::sync::Arc;

use polity_consensus::{Fatal, bft::Key};
use polity_ledger::Ledger;

use crate::{
    agreement::Agreement,
    bft::{Plant, Villain},
    engine::Engine,
    spec::Work,
};

pub use node::Node;
pub use selfish::Strategy;

/// Hash power of a node, so that blocks come at the interval once the founding's difficulty, which the long time since the founding
/// halves, is met. Units: hashes per second.
fn hashes_per_sec(work: &Work, node: usize, nodes: usize) -> f64 {
    share(work, node, nodes) / 2.0
}

/// Hash power of a node, so that blocks come at the interval at the first difficulty. Units: hashes per second.
pub(crate) fn share(work: &Work, node: usize, nodes: usize) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "small numbers")]
    let [all, own, difficulty, interval] = {
        let all: u64 = (0..nodes).map(|node| work.power_of(node)).sum();
        [all.max(1) as f64, work.power_of(node) as f64, work.difficulty as f64, work.interval as f64]
    };
    own / all * difficulty / interval
}

/// The engine of node number `node` of `nodes`.
pub(crate) fn node(
    agreement: &Arc<Agreement>,
    ledger: &Ledger,
    key: &Key,
    (node, nodes): (usize, usize),
    work: &Work,
    villain: Option<Villain>,
    plant: Option<Plant>,
) -> Result<Box<dyn Engine>, Fatal> {
    let power = hashes_per_sec(work, node, nodes);
    if plant == Some(Plant::ReorgBelowFinality) {
        return Ok(Box::new(Node::undoing(agreement, ledger, key, (node, nodes), power)?));
    }
    let made = Node::new(ledger, key, node, nodes, power, plant);
    Ok(match villain {
        None => Box::new(made),
        Some(villain) => Box::new(villain::Masked::new(made, villain)),
    })
}
