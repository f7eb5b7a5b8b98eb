//! A running node.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use parking_lot::Mutex;
use polity_bft::{BftConfig, Peer, Timing};
use polity_charter::{Access, Diagnostics};
use polity_consensus::{Engine, bft::Key};
use polity_institutions::registry;
use polity_ledger::{ExecutedBlock, Ledger, Proposer, Source, SubmitError};
use polity_network::{Gossip, Inbound, Judgement, Multiaddr, NetworkConfig, NetworkHandle, PeerKey};
use polity_primitives::{CONSTITUTION, REGISTRY, TransactionError};
use polity_rpc::{RpcConfig, RpcServer};
use rayon::prelude::*;
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
};

use crate::{
    blocks,
    engines::Engines,
    evidence,
    home::{Home, HomeError, NodeSettings},
    info::Info,
    keys::NodeSecrets,
    supervisor::{Apply, Configure, Parts, Supervisor},
    words::{self, Numbers},
};

/// Transactions waiting to be sent to peers.
const OUTBOUND_MAX: usize = 65_536;
/// How many are sent in one go.
const OUTBOUND_BATCH: usize = 1_024;
/// How often transactions that still wait are sent again, in case everyone who had them stopped.
const REBROADCAST: Duration = Duration::from_secs(10);

/// Why a node does not start, or stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// The home.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The charter in the home has mistakes.
    #[error("the charter has mistakes:\n{0}")]
    Charter(Diagnostics),
    /// The charter still lacks keys.
    #[error("the charter lacks the public keys of {0}: `polity init` makes them")]
    KeysMissing(String),
    /// The secrets are not those the registry has.
    #[error("keys.toml holds other keys than the registry names for {0}")]
    WrongKeys(String),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] polity_ledger::Error),
    /// The engine.
    #[error(transparent)]
    Engine(#[from] polity_bft::Error),
    /// The transaction network.
    #[error(transparent)]
    Network(#[from] polity_network::Error),
    /// The RPC server.
    #[error(transparent)]
    Rpc(#[from] polity_rpc::Error),
    /// The engine stopped by itself.
    #[error("the engine stopped: {0}")]
    Stopped(String),
    /// The same, in the engine's own words.
    #[error("{0}")]
    Failed(String),
}

/// A node that runs until [`Self::stop`].
#[derive(Debug)]
pub struct RunningNode {
    /// The ledger.
    pub ledger: Ledger,
    /// Where RPC listens.
    pub rpc_address: SocketAddr,
    /// Member that runs it.
    pub member: Option<String>,
    rpc: RpcServer,
    engines: Arc<Engines>,
    stop: oneshot::Sender<()>,
    supervisor: JoinHandle<()>,
    tasks: Vec<JoinHandle<()>>,
}

impl RunningNode {
    /// Returns when the engine stops by itself, with the reason.
    pub async fn failed(&self) -> NodeError {
        let mut failure = self.engines.watch_failure();
        loop {
            if let Some(failure) = failure.borrow_and_update().clone() {
                return NodeError::Failed(failure);
            }
            if failure.changed().await.is_err() {
                return NodeError::Stopped("it ended".to_owned());
            }
        }
    }

    /// Stops in order: no more requests, no more signatures, no more peers (the swarm ends with the tasks that hold it). What is
    /// decided is on disk already.
    pub async fn stop(self) {
        self.rpc.stop().await;
        Engine::stop(&*self.engines);
        let _ = self.stop.send(());
        let _ = self.supervisor.await;
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Starts the node of `home`.
///
/// # Errors
/// [`NodeError`]; nothing runs then.
pub async fn start(home: &Home) -> Result<RunningNode, NodeError> {
    let settings = home.settings()?;
    let secrets = home.secrets()?;
    let file = home.charter().display().to_string();
    let charter = polity_charter::parse(&file, &home.charter_text()?).map_err(NodeError::Charter)?.charter;
    let missing = charter.missing_keys();
    if !missing.is_empty() {
        return Err(NodeError::KeysMissing(missing.join(", ")));
    }
    let (db, open) = (home.db(), charter.clone());
    let ledger = tokio::task::spawn_blocking(move || Ledger::open(&db, open))
        .await
        .map_err(|error| NodeError::Stopped(error.to_string()))??;
    if let Some(member) = &settings.member {
        home.serve(ledger.genesis_hash())?;
        check_keys(&ledger, member, &secrets)?;
    }
    // The charter in force says who may connect; it may have been amended since the one in the home.
    let members_only = members_only(&ledger);
    let (network, inbox) = polity_network::start(NetworkConfig {
        chain_id: charter.chain_id,
        listen: multiaddr(SocketAddr::new(settings.host, settings.ports.gossip)),
        peers: settings.peers.iter().map(|peer| multiaddr(peer.gossip)).collect(),
        secret: secrets.peer.bytes(),
        allowed: members_only.then(|| member_peers(&ledger)),
    })
    .await?;
    let network = Arc::new(network);
    let engines = Arc::new(Engines::new());
    let (outbound, queue) = mpsc::channel(OUTBOUND_MAX);
    let waker = engines.clone();
    ledger.mempool().on_insert(move |_| waker.wake());
    // Evidence may be all there is to write.
    let (find, found) = mpsc::channel(evidence::FOUND_MAX);
    let waker = engines.clone();
    ledger.on_evidence(move |accusation, source| {
        waker.wake();
        if source == Source::Found {
            let _ = find.try_send(accusation.to_vec());
        }
    });
    let (block_came, moved) = watch::channel(());
    ledger.on_commit(move |_| {
        block_came.send_replace(());
    });
    let (numbers, stretch) = (Arc::new(Numbers::default()), Arc::new(Mutex::new(None)));
    let supervisor = Supervisor::start(Parts {
        ledger: ledger.clone(),
        network: network.clone(),
        engines: engines.clone(),
        numbers: numbers.clone(),
        stretch: stretch.clone(),
        configure: configure(home, &ledger, &settings, &secrets, members_only),
        apply: apply(&ledger, &secrets)?,
        key: key(&settings, &secrets)?,
        miner: settings.work,
        moved,
    })
    .await?;
    let (stop, stopped) = oneshot::channel();
    let supervisor = tokio::spawn(supervisor.run(stopped));
    let (registry_changed, changes) = watch::channel(());
    ledger.on_commit(move |block| {
        if touches_who_connects(block) {
            registry_changed.send_replace(());
        }
    });
    let tasks = vec![
        tokio::spawn(publish(queue, network.clone())),
        tokio::spawn(receive(inbox.transactions, network.clone(), ledger.clone())),
        tokio::spawn(evidence::hear(inbox.accused, network.clone(), ledger.clone())),
        tokio::spawn(evidence::tell(found, network.clone())),
        tokio::spawn(blocks::serve(inbox.questions, network.clone(), ledger.clone())),
        tokio::spawn(words::listen(inbox.told, network.clone(), numbers, engines.clone(), stretch)),
        tokio::spawn(rebroadcast(network.clone(), ledger.clone())),
        tokio::spawn(evidence::tell_again(network.clone(), ledger.clone())),
        tokio::spawn(follow_members(
            changes,
            network.clone(),
            engines.clone(),
            (ledger.clone(), settings.clone()),
        )),
    ];
    let info = Info {
        ledger: ledger.clone(),
        engine: engines.clone(),
        network: network.clone(),
        outbound,
        member: settings.member.clone(),
        started_height: ledger.head().height().0,
    };
    let host = settings.rpc.host.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let defaults = RpcConfig::default();
    let rpc = polity_rpc::serve(
        RpcConfig {
            listen: SocketAddr::new(host, settings.ports.rpc),
            cors: if settings.rpc.cors.is_empty() {
                defaults.cors.clone()
            } else {
                settings.rpc.cors.clone()
            },
            allowed_hosts: settings.rpc.allowed_hosts.clone(),
            ..defaults
        },
        ledger.clone(),
        Arc::new(info),
    )
    .await;
    let rpc = match rpc {
        Ok(rpc) => rpc,
        Err(error) => {
            let _ = stop.send(());
            let _ = supervisor.await;
            return Err(error.into());
        }
    };
    let rpc_address = rpc.local_addr;
    Ok(RunningNode { ledger, rpc_address, member: settings.member, rpc, engines, stop, supervisor, tasks })
}

/// The key this node writes with, if it is a member's.
fn key(settings: &NodeSettings, secrets: &NodeSecrets) -> Result<Option<Key>, NodeError> {
    let bytes = settings.member.as_ref().map(|_| secrets.consensus.bytes());
    let key = bytes.map(Key::new).transpose();
    key.map_err(|error| NodeError::Stopped(error.to_string()))
}

/// How the committee's engine is configured, with the members as they are when it starts.
fn configure(
    home: &Home,
    ledger: &Ledger,
    settings: &NodeSettings,
    secrets: &NodeSecrets,
    members_only: bool,
) -> Configure {
    let (home, ledger, settings) = (home.0.clone(), ledger.clone(), settings.clone());
    let (peer_secret, consensus_secret) = (secrets.peer.bytes(), secrets.consensus.bytes());
    Box::new(move || BftConfig {
        home: home.clone(),
        listen: multiaddr(SocketAddr::new(settings.host, settings.ports.consensus)).to_string(),
        peers: peers(&ledger, &settings),
        members_only,
        moniker: settings.member.clone().unwrap_or_else(|| "observer".to_owned()),
        peer_secret,
        consensus_secret: settings.member.as_ref().map(|_| consensus_secret),
        timing: Timing::default(),
    })
}

/// The chain as the committee's engine sees it.
fn apply(ledger: &Ledger, secrets: &NodeSecrets) -> Result<Apply, NodeError> {
    let proposer = Proposer::new(secrets.consensus.address(), &secrets.peer.bytes());
    let proposer = proposer.map_err(|error| NodeError::Stopped(error.to_string()))?;
    let ledger = ledger.clone();
    Ok(Box::new(move || Box::new(ledger.application(proposer.clone()))))
}

/// Compares our keys with those the registry has for `member`. A member it does not know yet, or without a node there, may have
/// been admitted in a block this node has still to read: it follows until it has a seat.
fn check_keys(ledger: &Ledger, member: &str, secrets: &NodeSecrets) -> Result<(), NodeError> {
    let ours = secrets.public().map_err(HomeError::from)?;
    match registry::member(&ledger.latest(), member).and_then(|record| record.node) {
        Some(named) if named != ours => Err(NodeError::WrongKeys(member.to_owned())),
        Some(_) => Ok(()),
        None => {
            tracing::warn!(
                member,
                "node.member.unknown: following until the registry names this node's keys"
            );
            Ok(())
        }
    }
}

fn multiaddr(address: SocketAddr) -> Multiaddr {
    use std::fmt::Write as _;
    let mut text = String::new();
    let family = if address.is_ipv4() { "ip4" } else { "ip6" };
    let _ = write!(text, "/{family}/{}/tcp/{}", address.ip(), address.port());
    text.parse().expect("an IP address and a port are a multiaddress")
}

/// Nodes of all members: those `node.toml` knows how to reach are dialled, the others may call.
fn peers(ledger: &Ledger, settings: &NodeSettings) -> Vec<Peer> {
    let address = |id: &str| {
        let known = settings.peers.iter().find(|peer| peer.member == id);
        known.map(|peer| multiaddr(peer.consensus).to_string()).into_iter().collect()
    };
    let members = registry::members(&ledger.latest());
    members.into_iter().filter_map(|m| Some(Peer { key: m.node?.peer, addresses: address(&m.id) })).collect()
}

fn member_peers(ledger: &Ledger) -> BTreeSet<PeerKey> {
    registry::members(&ledger.latest()).into_iter().filter_map(|member| Some(member.node?.peer)).collect()
}

/// Whether only members' nodes may connect, by the charter in force.
fn members_only(ledger: &Ledger) -> bool {
    ledger.head().agreement.block_rules.connect == Access::Members
}

/// Whether a block may have changed who is a member, or who may connect.
fn touches_who_connects(block: &ExecutedBlock) -> bool {
    let mut logs = block.receipts.iter().flat_map(|receipt| &receipt.logs);
    logs.any(|log| [REGISTRY, CONSTITUTION].contains(&log.address))
}

/// Lets in whom the members admitted, and out whom they removed. Who may connect for consensus besides members is settled when
/// a node starts: the engine's network does not change it while it runs.
async fn follow_members(
    mut changes: watch::Receiver<()>,
    network: Arc<NetworkHandle>,
    engines: Arc<Engines>,
    (ledger, settings): (Ledger, NodeSettings),
) {
    while changes.changed().await.is_ok() {
        network.set_allowed(members_only(&ledger).then(|| member_peers(&ledger)));
        if let Some(committee) = engines.now().committee {
            committee.set_peers(peers(&ledger, &settings)).await;
        }
    }
}

/// Sends what was submitted here to the peers, as many together as there are.
async fn publish(mut queue: mpsc::Receiver<Gossip>, network: Arc<NetworkHandle>) {
    let mut batch = Vec::with_capacity(OUTBOUND_BATCH);
    while queue.recv_many(&mut batch, OUTBOUND_BATCH).await > 0 {
        network.broadcast(std::mem::take(&mut batch));
    }
}

/// Takes what peers send.
async fn receive(mut inbound: mpsc::Receiver<Inbound>, network: Arc<NetworkHandle>, ledger: Ledger) {
    while let Some(item) = inbound.recv().await {
        match item {
            Inbound::Transactions { batch, ticket, .. } => {
                let ledger = ledger.clone();
                // Recovering signatures takes the cores, not the tasks.
                let judged = tokio::task::spawn_blocking(move || judge(&ledger, &batch)).await;
                network.judge(ticket, judged.unwrap_or(Judgement::Ignore));
            }
            Inbound::Joined(peer) => {
                tracing::info!(%peer, "node.peer.joined");
                network.broadcast(waiting(&ledger));
                network.accuse(evidence::due(&ledger));
            }
        }
    }
}

fn judge(ledger: &Ledger, batch: &[Gossip]) -> Judgement {
    let verdicts: Vec<_> =
        batch.par_iter().map(|gossip| ledger.submit(&gossip.raw, gossip.condition())).collect();
    // A signature that recovers to nothing cannot come from an honest node: it would not have admitted it.
    let forged = |error: &SubmitError| {
        matches!(
            error,
            SubmitError::Transaction(
                TransactionError::Malformed(_) | TransactionError::Signature | TransactionError::System
            )
        )
    };
    if verdicts.iter().any(|verdict| verdict.as_ref().is_err_and(forged)) {
        Judgement::Blame
    } else if verdicts.iter().any(Result::is_ok) {
        Judgement::Pass
    } else {
        Judgement::Ignore
    }
}

/// Sends again, now and then, what waits and is not being written.
async fn rebroadcast(network: Arc<NetworkHandle>, ledger: Ledger) {
    let mut interval = tokio::time::interval(REBROADCAST);
    let mut last = None;
    loop {
        interval.tick().await;
        let version = Some(ledger.mempool().version());
        if last == version && ledger.mempool().status().pending > 0 {
            network.broadcast(waiting(&ledger));
        }
        last = version;
    }
}

/// Most transactions sent to a peer that joins, or again.
const WAITING_SENT_MAX: usize = 4_096;

fn waiting(ledger: &Ledger) -> Vec<Gossip> {
    use alloy_eips::eip2718::Encodable2718 as _;
    let content = ledger.mempool().content();
    content
        .iter()
        .flat_map(|sender| sender.pending.iter().chain(&sender.queued))
        .take(WAITING_SENT_MAX)
        .map(|entry| Gossip::new(entry.transaction.transaction.encoded_2718(), entry.condition))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{InitOptions, init};

    /// A member that was admitted by a block this node has yet to read starts and follows; one whose keys are not its own does not.
    #[test]
    fn a_member_the_registry_does_not_know_yet_may_start() {
        let folder = tempfile::tempdir().expect("a folder");
        let text = polity_charter::dev(2).expect("the development charter");
        let network =
            init("dev.toml", &text, &InitOptions::local(folder.path().join("network"))).expect("homes");
        let ledger = Ledger::open(&folder.path().join("db"), network.charter.clone()).expect("a ledger");
        let [first, second] = [0, 1].map(|i| network.nodes[i].home.secrets().expect("keys"));
        assert!(check_keys(&ledger, "node-1", &first).is_ok());
        let mixed = check_keys(&ledger, "node-1", &second);
        assert!(matches!(&mixed, Err(NodeError::WrongKeys(who)) if who == "node-1"), "{mixed:?}");
        assert!(check_keys(&ledger, "admitted-later", &second).is_ok());
    }
}
