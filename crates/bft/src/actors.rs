//! Malachite's actors: started, linked and stopped together.
//!
//! The library's own way to build them answers the chain's questions one at a time, and waits for each answer; then a proposer
//! that holds its block back for a transaction serves nobody. So the relay here passes questions on with their reply ports and
//! waits for nothing, and the rest is put together as the library would.

use std::{path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
use libp2p::identity::Keypair;
use malachitebft_app_channel::app::{
    config::{
        ConsensusConfig, DiscoveryConfig, P2pConfig, ProtocolNames, PubSubProtocol, ValuePayload,
        ValueSyncConfig,
    },
    engine::{
        consensus::ConsensusRef,
        host::{HostMsg, HostRef},
        network::{NetworkEvent, NetworkIdentity, NetworkRef},
        node::NodeRef,
        util::{
            events::{Event, TxEvent},
            output_port::{OutputPort, OutputPortSubscriberTrait as _},
        },
    },
    metrics::{Metrics, Registry, SharedRegistry},
    spawn,
    types::codec::Codec as _,
};
use malachitebft_core_types::ValidatorProof;
use malachitebft_engine::network::Msg as NetworkMsg;
use malachitebft_signing::Verifier;
use polity_consensus::bft::{
    Committee, Context, Key, SignatureBytes, Signer, ValidatorAddress, validator_proof_digest,
};
use polity_primitives::Address;
use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef};
use tokio::{sync::mpsc, task::JoinHandle};

use crate::{BftConfig, Error, codec::Wire, config};

/// Longest the actors may take to stop before they are killed.
const STOP: Duration = Duration::from_secs(3);
/// Connections that one address may open: local networks share one.
const CONNECTIONS_PER_IP_MAX: usize = 256;

/// What reaches the driver.
pub(crate) enum Input {
    /// A question of the library.
    Host(HostMsg<Context>),
    /// Something on the network.
    Network(NetworkEvent<Context>),
    /// Something in the library.
    Event(Event<Context>),
    /// The actors were started: where to send.
    Linked(Links),
    /// The actors were stopped; others will follow.
    Unlinked {
        /// Whether the connections to peers were closed too.
        disconnected: bool,
    },
    /// The end.
    Close,
}

/// Where the driver sends.
#[derive(Clone)]
pub(crate) struct Links {
    pub(crate) consensus: ConsensusRef<Context>,
    pub(crate) network: NetworkRef<Context>,
    /// Whether these actors sign.
    pub(crate) validator: bool,
}

/// Running actors: a ground of network and relays, and on it those that take part in consensus. An observer that becomes a
/// validator exchanges the latter only, so that its peers keep their connections and know where to send.
pub(crate) struct Actors {
    pub(crate) links: Links,
    ground: Ground,
    /// `None` once it was waited for.
    join: Option<JoinHandle<()>>,
    voting: Vec<ActorCell>,
}

struct Ground {
    node: NodeRef,
    network: NetworkRef<Context>,
    host: HostRef<Context>,
    moniker: String,
    consensus: ConsensusConfig,
    sync: ValueSyncConfig,
    inputs: mpsc::Sender<Input>,
}

/// Passes messages on, and says when it ends.
struct Relay<M> {
    to: mpsc::Sender<Input>,
    input: fn(M) -> Input,
    /// Drop what does not fit, instead of waiting.
    lossy: bool,
    ended: mpsc::Sender<()>,
}

#[ractor::async_trait]
impl<M: ractor::Message> Actor for Relay<M> {
    type Msg = M;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<M>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(&self, _: ActorRef<M>, message: M, (): &mut ()) -> Result<(), ActorProcessingErr> {
        let input = (self.input)(message);
        if self.lossy {
            let _ = self.to.try_send(input);
        } else {
            self.to.send(input).await.map_err(|_| "the driver has ended")?;
        }
        Ok(())
    }

    async fn post_stop(&self, _: ActorRef<M>, (): &mut ()) -> Result<(), ActorProcessingErr> {
        let _ = self.ended.try_send(());
        Ok(())
    }
}

/// How the actors take part.
pub(crate) struct Part<'a> {
    pub(crate) chain_id: u64,
    pub(crate) key: Option<&'a Key>,
    /// `None`: an observer.
    pub(crate) signer: Option<Signer>,
    pub(crate) verifier: Box<dyn Verifier<Context>>,
    pub(crate) wal: &'a Path,
}

/// Fresh metrics in a registry of their own. The library's global registry is shared by all engines of a process, and its metrics
/// follow the steps of one state machine: a second that counts on them panics.
fn metrics(moniker: &str) -> (Metrics, SharedRegistry) {
    let registry = SharedRegistry::new(Registry::default(), Some(moniker.to_owned()));
    (Metrics::register(&registry), registry)
}

fn library(error: eyre::Report) -> Error {
    Error::Library(format!("{error:#}"))
}

impl Actors {
    /// Starts them. `ended` hears of it if they end by themselves.
    pub(crate) async fn start(
        config: &BftConfig,
        part: Part<'_>,
        inputs: mpsc::Sender<Input>,
        ended: mpsc::Sender<()>,
    ) -> Result<Self, Error> {
        let (metrics, _) = metrics(&config.moniker);
        let (node, join) = spawn::spawn_node_actor(metrics).await.map_err(library)?;
        let started = async {
            let ground = Ground::start(config, &part, inputs, ended, node.clone()).await?;
            let (links, voting) = ground.take_part(part).await?;
            Ok((ground, links, voting))
        };
        match started.await {
            Ok((ground, links, voting)) => Ok(Self { links, ground, join: Some(join), voting }),
            Err(e) => {
                node.get_cell().stop_children_and_wait(None, Some(STOP)).await;
                node.kill();
                Err(e)
            }
        }
    }

    /// Exchanges the actors that take part in consensus. `between` is awaited when the old ones are gone.
    pub(crate) async fn exchange(
        &mut self,
        part: Part<'_>,
        between: impl Future<Output = ()>,
    ) -> Result<(), Error> {
        for cell in self.voting.drain(..) {
            // Apart from their supervisor first: it would take their end for a failure.
            cell.unlink(self.ground.node.get_cell());
            let _ = cell.stop_and_wait(Some("another part".to_owned()), Some(STOP)).await;
        }
        between.await;
        (self.links, self.voting) = self.ground.take_part(part).await?;
        Ok(())
    }

    /// Whether there are peers, but none of them that what we say is sent to.
    ///
    /// It happens when this node comes back before its peers noticed that it was gone (its machine lost power): they tell what they
    /// listen to on the first connection of a peer only, and ours is the second for them. Then we hear, but are not heard.
    pub(crate) async fn is_mute(&self) -> bool {
        let (reply, answer) = ractor::concurrency::oneshot();
        if self.links.network.cast(NetworkMsg::DumpState(reply.into())).is_err() {
            return false;
        }
        let Ok(Ok(Some(dump))) = tokio::time::timeout(STOP, answer).await else { return false };
        !dump.peers.is_empty() && dump.peers.values().all(|peer| peer.topics.is_empty())
    }

    /// Ends when the actors do.
    pub(crate) async fn ended(&mut self) {
        if let Some(join) = &mut self.join {
            let _ = join.await;
            self.join = None;
        }
    }

    /// Stops them and waits until the port and the log are free.
    pub(crate) async fn stop(self) {
        let node = self.ground.node;
        node.get_cell().stop_children_and_wait(Some("stopping".to_owned()), Some(STOP)).await;
        node.stop(Some("stopping".to_owned()));
        if let Some(join) = self.join
            && tokio::time::timeout(STOP, join).await.is_err()
        {
            node.kill();
        }
    }
}

impl Ground {
    async fn start(
        config: &BftConfig,
        part: &Part<'_>,
        inputs: mpsc::Sender<Input>,
        ended: mpsc::Sender<()>,
        node: NodeRef,
    ) -> Result<Self, Error> {
        let spawned = |e: ractor::SpawnErr| Error::Library(e.to_string());
        let keypair = config::keypair(config.peer_secret)?;
        let consensus = consensus_config(config, part.chain_id, &keypair)?;
        let sync = sync_config(config);
        let identity = identity(config, part, keypair)?;
        let (_, registry) = metrics(&config.moniker);
        let network: NetworkRef<Context> =
            spawn::spawn_network_actor(&consensus, &sync, identity, &registry, Wire)
                .await
                .map_err(library)?;
        network.link(node.get_cell());
        let relay = Relay { to: inputs.clone(), input: Input::Host, lossy: false, ended: ended.clone() };
        let (host, _) = Actor::spawn(None, relay, ()).await.map_err(spawned)?;
        host.link(node.get_cell());
        let watcher = Relay { to: inputs.clone(), input: Input::Network, lossy: true, ended };
        let (watcher, _) = Actor::spawn(None, watcher, ()).await.map_err(spawned)?;
        watcher.link(node.get_cell());
        network.cast(NetworkMsg::Subscribe(Box::new(watcher))).map_err(|e| Error::Library(e.to_string()))?;
        Ok(Self { node, network, host, moniker: config.moniker.clone(), consensus, sync, inputs })
    }

    async fn take_part(&self, part: Part<'_>) -> Result<(Links, Vec<ActorCell>), Error> {
        let Self { node, network, host, .. } = self;
        let (metrics, registry) = metrics(&self.moniker);
        let validator = part.signer.is_some();
        // An observer goes by an address that has no seat, so that the library asks it for no signature.
        let address = part.key.filter(|_| validator).map_or(Address::ZERO, Key::address);
        let (events, to_sync) = (TxEvent::new(), Arc::new(OutputPort::new()));
        forward_events(&events, self.inputs.clone());
        let wal = spawn::spawn_wal_actor(&Context, Wire, part.wal, &registry, node.clone())
            .await
            .map_err(library)?;
        wal.link(node.get_cell());
        let consensus = spawn::spawn_consensus_actor(
            Context,
            ValidatorAddress(address),
            self.consensus.clone(),
            part.verifier,
            part.signer.map(|signer| Box::new(signer) as _),
            network.clone(),
            host.clone(),
            wal.clone(),
            to_sync.clone(),
            metrics,
            events,
            node.clone(),
        )
        .await
        .map_err(library)?;
        consensus.link(node.get_cell());
        let mut voting = vec![consensus.get_cell(), wal.get_cell()];
        let sync = spawn::spawn_sync_actor(
            Context,
            network.clone(),
            host.clone(),
            consensus.clone(),
            Wire,
            &self.sync,
            &registry,
        );
        if let Some(sync) = sync.await.map_err(library)? {
            sync.link(node.get_cell());
            sync.subscribe_to_port(&to_sync);
            voting.insert(0, sync.get_cell());
        }
        Ok((Links { consensus, network: network.clone(), validator }, voting))
    }
}

/// Takes the library's events to the driver, until they end. What does not fit is dropped: they serve the status only.
fn forward_events(events: &TxEvent<Context>, inputs: mpsc::Sender<Input>) {
    use tokio::sync::broadcast::error::RecvError;
    let mut events = events.subscribe();
    tokio::spawn(async move {
        loop {
            match events.recv().await {
                Ok(event) => drop(inputs.try_send(Input::Event(event))),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => break,
            }
        }
    });
}

/// Our identity in the swarm. An observer with a key proves the key too: it is no vote, and it may become a validator.
fn identity(config: &BftConfig, part: &Part<'_>, keypair: Keypair) -> Result<NetworkIdentity, Error> {
    let moniker = config.moniker.clone();
    let Some(key) = part.key else { return Ok(NetworkIdentity::new(moniker, keypair, None)) };
    let (public, peer) = (key.public().0.to_vec(), keypair.public().to_peer_id().to_bytes());
    let signature = key.sign(validator_proof_digest(part.chain_id, &public, &peer));
    let proof = ValidatorProof::<Context>::new(public, peer, SignatureBytes(signature));
    let bytes: Bytes = Wire.encode(&proof).map_err(|e| Error::Library(e.to_string()))?;
    Ok(NetworkIdentity::new_validator(moniker, keypair, key.address().to_string(), bytes))
}

fn consensus_config(config: &BftConfig, chain_id: u64, keypair: &Keypair) -> Result<ConsensusConfig, Error> {
    let peers = config::pinned(&config.peers, keypair.public().to_peer_id())?;
    let room = peers.len().saturating_mul(2).max(64);
    // Peers of another chain do not speak our protocols.
    let name = |what: &str| format!("/polity/{chain_id}/{what}/1");
    let p2p = P2pConfig {
        listen_addr: config::address(&config.listen)?,
        persistent_peers: peers,
        persistent_peers_only: config.members_only,
        discovery: DiscoveryConfig {
            enabled: false,
            num_outbound_peers: room,
            num_inbound_peers: room,
            max_connections_per_ip: CONNECTIONS_PER_IP_MAX,
            ip_throttle_duration: Duration::ZERO,
            ..Default::default()
        },
        protocol: PubSubProtocol::default(),
        protocol_names: ProtocolNames {
            consensus: name("consensus"),
            discovery_kad: name("kad"),
            discovery_regres: name("discovery"),
            sync: name("sync"),
            validator_proof: name("validator-proof"),
        },
        ..Default::default()
    };
    Ok(ConsensusConfig {
        enabled: true,
        p2p,
        value_payload: ValuePayload::ProposalAndParts,
        // Each of a committee's members may send a few messages of the next heights before we are there.
        queue_per_height_capacity: polity_constitution::MEMBERS_MAX.saturating_mul(2),
        ..Default::default()
    })
}

fn sync_config(config: &BftConfig) -> ValueSyncConfig {
    ValueSyncConfig {
        status_update_interval: Duration::from_millis(config.timing.status_interval_ms.max(1)),
        request_timeout: Duration::from_secs(5),
        batch_size: 16,
        ..Default::default()
    }
}

/// The committee as the library wants it for a height.
pub(crate) fn height_params(
    committee: Committee,
    timeouts: malachitebft_core_types::LinearTimeouts,
) -> malachitebft_app_channel::app::engine::host::HeightParams<Context> {
    // No target time: commit as soon as agreed. Pacing is the proposer's (see `Driver`).
    malachitebft_app_channel::app::engine::host::HeightParams::new(committee, timeouts, None)
}
