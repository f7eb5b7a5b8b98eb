//! How the node and its network are.

use std::time::{SystemTime, UNIX_EPOCH};

use polity_charter::Text;
use polity_institutions::constitution;
use polity_primitives::B256;
use serde::Serialize;
use serde_json::Value;

use crate::{api::Api, args::Args, error::Failure, eth::sync_status, method::Answer};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status<'a> {
    version: String,
    chain_id: u64,
    charter: CharterName<'a>,
    head: HeadView,
    peers: usize,
    syncing: Value,
    pool: PoolView,
    /// The engine's own words: round, step, power present and needed, members absent.
    consensus: Value,
    node: Value,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CharterName<'a> {
    id: &'a str,
    name: &'a Text,
    hash: B256,
    /// Number of the version in force; 0 is the founding charter.
    version: u64,
    /// First block under other settings of consensus, while a change is under way.
    consensus_turns_at: Option<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HeadView {
    height: u64,
    hash: B256,
    state_root: B256,
    timestamp: u64,
    transactions: usize,
}

#[derive(Serialize)]
struct PoolView {
    pending: usize,
    queued: usize,
}

pub(super) fn status(api: &Api, _: &Args<'_>) -> Result<Answer, Failure> {
    let head = api.head();
    let agreement = &head.agreement;
    let charter = &agreement.charter;
    let pool = api.ledger.mempool().status();
    api.answer(&Status {
        version: api.node.version(),
        chain_id: charter.chain_id,
        charter: CharterName {
            id: &charter.id,
            name: &charter.name,
            hash: charter.hash,
            version: agreement.version,
            consensus_turns_at: Some(constitution::turn(&api.ledger.latest()))
                .filter(|turn| *turn > head.height().0),
        },
        head: HeadView {
            height: head.height().0,
            hash: head.hash(),
            state_root: head.header().state_root,
            timestamp: head.header().timestamp,
            transactions: head.block.transactions.len(),
        },
        peers: api.node.peer_count(),
        syncing: sync_status(api),
        pool: PoolView { pending: pool.pending, queued: pool.queued },
        consensus: api.node.consensus_status(),
        node: api.node.details(),
    })
}

/// Whether the node can be relied on now.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Health {
    /// It has caught up, and the voting power that decides is present.
    pub(crate) ok: bool,
    height: u64,
    timestamp: u64,
    /// Seconds by our clock, to be compared with `timestamp` where the charter's clock is the wall's.
    now: u64,
    syncing: bool,
    quorum: bool,
}

pub(crate) fn health(api: &Api) -> Health {
    let head = api.head();
    let syncing = api.node.syncing().is_some();
    let consensus = api.node.consensus_status();
    // An engine that knows no quorum says nothing about it, and is believed.
    let quorum = consensus.get("quorum").and_then(Value::as_bool).unwrap_or(true);
    Health {
        ok: quorum && !syncing,
        height: head.height().0,
        timestamp: head.header().timestamp,
        now: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs()),
        syncing,
        quorum,
    }
}

pub(super) fn health_method(api: &Api, _: &Args<'_>) -> Result<Answer, Failure> {
    api.answer(&health(api))
}
