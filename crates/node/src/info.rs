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

/// Largest whole of which a part is said as a number.
const COUNTED_MAX: u64 = 10_000;

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
    let trouble = status.trouble.as_ref().map(|trouble| format!("; {trouble}")).unwrap_or_default();
    let verb = if present >= needed { "deciding" } else { "waiting" };
    let power = if total <= COUNTED_MAX {
        format!("{present} of {total} voting power present, {needed} needed")
    } else {
        // Stakes are scaled to large numbers, of which only the parts mean anything. What is there is rounded down, what is needed up.
        let permille = |part: u64, up: u64| {
            let scaled = u128::from(part).saturating_mul(1_000).saturating_add(u128::from(up));
            scaled.checked_div(u128::from(total)).unwrap_or_default()
        };
        let percent = |permille: u128| format!("{}.{} %", permille / 10, permille % 10);
        let (present, needed) =
            (percent(permille(present, 0)), percent(permille(needed, total.saturating_sub(1))));
        format!("{present} of the voting power present, {needed} needed")
    };
    format!("{verb}: {power}{absent}{}{trouble}", all_needed(status))
}

/// That nobody may be missing any more, where blocks are decided still and that is so.
fn all_needed(status: &Status) -> String {
    let (present, needed) = (status.power_present(), status.power_needed());
    let there: Vec<u64> = status
        .committee
        .iter()
        .filter(|seat| seat.present)
        .map(|seat| seat.power)
        .filter(|power| *power > 0)
        .collect();
    let spared = there.iter().any(|power| present.saturating_sub(*power) >= needed);
    if present < needed || there.len() < 2 || spared {
        return String::new();
    }
    let missing = if there.len() < status.committee.len() { " that are present" } else { "" };
    format!("; every one of the {} validators{missing} is needed now", there.len())
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
            "trouble": status.trouble,
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

#[cfg(test)]
mod tests {
    use polity_consensus::Presence;

    use super::*;

    fn status(powers: &[(u64, bool)], trouble: Option<&str>) -> Status {
        let seat = |(i, (power, present)): (usize, &(u64, bool))| Presence {
            validator: Address::repeat_byte(u8::try_from(i).unwrap_or(u8::MAX)),
            power: *power,
            present: *present,
        };
        let committee = powers.iter().enumerate().map(seat).collect();
        Status { committee, trouble: trouble.map(str::to_owned), ..Status::default() }
    }

    #[test]
    fn what_keeps_a_node_from_signing_is_said_and_scaled_stakes_are_percents() {
        let halted = status(&[(1, true), (1, false)], Some("this node does not sign before block 33"));
        assert_eq!(
            words(&halted, &["un".to_owned()]),
            "waiting: 1 of 2 voting power present, 2 needed; absent: un; this node does not sign before block 33"
        );
        assert!(
            words(&status(&[(1, true); 3], None), &[])
                .ends_with("; every one of the 3 validators is needed now")
        );
        assert!(words(&status(&[(1, true); 4], None), &[]).ends_with("3 needed"));
        let scaled = status(&[(1 << 40, true), (1 << 40, true), (1 << 40, true), (1 << 40, false)], None);
        assert_eq!(
            words(&scaled, &["br".to_owned()]),
            "deciding: 75.0 % of the voting power present, 66.7 % needed; absent: br; every one of the 3 validators that are present \
             is needed now"
        );
    }
}
