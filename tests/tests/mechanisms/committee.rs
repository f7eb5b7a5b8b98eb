//! Who sits, whose turn it is, and who wrote: what a charter's own words about them are held against.

use std::collections::{BTreeMap, BTreeSet};

use polity_tests::Network;
use serde_json::json;

/// The committee of the next height, and what was due and done in the heights before.
pub(crate) struct Seen {
    /// Weight and power by member.
    pub(crate) seats: BTreeMap<String, (u64, u64)>,
    /// Whose turn the first round of each height was, from the first asked for on.
    pub(crate) turns: Vec<String>,
    /// Who wrote each of the same heights.
    pub(crate) writers: Vec<String>,
}

/// Members by the consensus address of their node.
fn members(network: &Network) -> BTreeMap<String, String> {
    let all = network.rpc().call("polity_members", json!([]));
    let named = all.as_array().expect("members").iter().filter_map(|member| {
        Some((member["node"]["consensus"].as_str()?.to_owned(), member["id"].as_str()?.to_owned()))
    });
    named.collect()
}

/// Weight and power by member, for the next height.
pub(crate) fn seats(network: &Network) -> BTreeMap<String, (u64, u64)> {
    let committee = network.rpc().call("polity_committee", json!([]));
    let seat = |seat: &serde_json::Value| {
        let member = seat["member"].as_str().expect("a member").to_owned();
        (member, (seat["weight"].as_u64().expect("a weight"), seat["power"].as_u64().expect("a power")))
    };
    committee["seats"].as_array().expect("seats").iter().map(seat).collect()
}

impl Seen {
    /// What happened in heights `from..=to`.
    pub(crate) fn of(network: &Network, from: u64, to: u64) -> Self {
        let members = members(network);
        let name = |address: &str| members.get(address).cloned().unwrap_or_else(|| address.to_owned());
        let turn = |height: u64| {
            let committee = network.rpc().call("polity_committee", json!([format!("{height:#x}")]));
            name(committee["proposer"].as_str().expect("a proposer"))
        };
        Self {
            seats: seats(network),
            turns: (from..=to).map(turn).collect(),
            writers: super::writers(network, from, to).iter().map(|address| name(address)).collect(),
        }
    }

    /// Whose turns there were, each once.
    pub(crate) fn had_turns(&self) -> BTreeSet<&str> {
        self.turns.iter().map(String::as_str).collect()
    }

    /// Turns go round: one after the other, and again.
    pub(crate) fn goes_round(&self) -> bool {
        let among = self.had_turns().len();
        self.turns.windows(among + 1).all(|few| few.first() == few.last())
    }

    /// Most blocks were written by whose turn it was: in a first round, which a slow machine misses now and then.
    pub(crate) fn follows(&self) -> bool {
        let kept = self.turns.iter().zip(&self.writers).filter(|(turn, writer)| turn == writer).count();
        kept * 2 > self.turns.len()
    }

    /// Weights and powers in the order of the members' ids.
    pub(crate) fn shares(&self) -> Vec<(&str, u64, u64)> {
        self.seats.iter().map(|(member, (weight, power))| (member.as_str(), *weight, *power)).collect()
    }
}
