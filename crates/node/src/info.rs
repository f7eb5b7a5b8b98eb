//! What RPC may ask of the node around the ledger.

use std::{collections::BTreeMap, sync::Arc};

use polity_consensus::{Engine, Status, Step};
use polity_institutions::registry;
use polity_ledger::Ledger;
use polity_mempool::Condition;
use polity_network::{Gossip, NetworkHandle};
use polity_primitives::{Address, Bytes};
use polity_rpc::{NodeInfo, Syncing};
use serde_json::{Value, json};
use tokio::sync::mpsc;

/// Blocks behind the peers at which a node calls itself syncing: one is the usual delay of a decision.
const BEHIND_MIN: u64 = 3;

/// The running node, as RPC sees it.
pub(crate) struct Info {
    pub(crate) ledger: Ledger,
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) network: Arc<NetworkHandle>,
    pub(crate) outbound: mpsc::Sender<Gossip>,
    pub(crate) member: Option<String>,
    pub(crate) started_height: u64,
}

impl Info {
    fn names(&self) -> BTreeMap<Address, String> {
        let validators = registry::validators(&self.ledger.latest());
        validators.into_iter().map(|validator| (validator.candidate.address, validator.id)).collect()
    }
}

/// `waiting: 2 of 4 voting power present, 3 needed; absent: FRA, MAR`, or that all is well.
fn words(status: &Status, absent: &[String]) -> String {
    let (present, total, needed) = (status.power_present(), status.power_total(), status.power_needed());
    if let Some(failure) = &status.failure {
        return format!("stopped: {failure}");
    }
    if let Some(trouble) = status.trouble.as_ref().filter(|_| status.committee.is_empty()) {
        return trouble.clone();
    }
    if let Some(work) = &status.work {
        let mining = match status.step {
            Step::Mine => format!("mining block {} at {} hashes per second", status.height, work.hash_rate),
            _ => "following".to_owned(),
        };
        return format!(
            "worked: {mining}, difficulty {}; final up to block {}",
            work.difficulty, work.finalized
        );
    }
    let absent = if absent.is_empty() { String::new() } else { format!("; absent: {}", absent.join(", ")) };
    if present >= needed {
        format!("deciding: {present} of {total} voting power present, {needed} needed{absent}")
    } else {
        format!("waiting: {present} of {total} voting power present, {needed} needed{absent}")
    }
}

impl NodeInfo for Info {
    fn peer_count(&self) -> usize {
        self.network.peers().len()
    }

    fn consensus_status(&self) -> Value {
        let status = self.engine.status();
        let names = self.names();
        let name = |address: &Address| names.get(address).cloned().unwrap_or_else(|| address.to_string());
        let absent: Vec<String> = status.absent().iter().map(name).collect();
        let head = self.ledger.head();
        let coming = head.until().map(|until| json!({ "lastWorked": until.0, "engine": "bft" }));
        if let Some(work) = &status.work {
            return json!({
                "engine": self.engine.name(),
                "height": status.height.0,
                "step": status.step.to_string(),
                "peers": status.peers,
                "peersTip": status.peers_tip.0,
                "signing": status.signing,
                "hashRate": work.hash_rate,
                "difficulty": work.difficulty.to_string(),
                "finalized": head.finalized().0,
                "missing": work.missing,
                "switch": coming,
                "failure": status.failure,
                "words": words(&status, &[]),
            });
        }
        json!({
            "engine": self.engine.name(),
            "switch": coming,
            "finalized": head.finalized().0,
            "height": status.height.0,
            "round": status.round,
            "step": status.step.to_string(),
            "proposer": status.proposer.as_ref().map(name),
            "peers": status.peers,
            "peersTip": status.peers_tip.0,
            "signing": status.signing,
            "power": {
                "present": status.power_present(),
                "needed": status.power_needed(),
                "total": status.power_total(),
            },
            "quorum": status.power_present() >= status.power_needed(),
            "absent": absent,
            "failure": status.failure,
            "words": words(&status, &absent),
        })
    }

    fn broadcast(&self, raw: Bytes, condition: Condition) {
        if self.outbound.try_send(Gossip::new(raw.to_vec(), condition)).is_err() {
            tracing::warn!("node.gossip.queue_full");
        }
    }

    fn version(&self) -> String {
        let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
        format!("polity/v{}/{os}-{arch}", env!("CARGO_PKG_VERSION"))
    }

    fn syncing(&self) -> Option<Syncing> {
        let (current, highest) = (self.ledger.head().height().0, self.engine.status().peers_tip.0);
        (highest >= current.saturating_add(BEHIND_MIN)).then_some(Syncing {
            starting_block: self.started_height,
            current_block: current,
            highest_block: highest,
        })
    }

    fn details(&self) -> Value {
        json!({ "member": self.member, "gossip": self.network.address().to_string() })
    }
}
