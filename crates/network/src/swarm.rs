//! The swarm and the task that runs it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use futures::StreamExt as _;
use libp2p::{
    Multiaddr, PeerId, Swarm, SwarmBuilder,
    allow_block_list::{self, AllowedPeers, BlockedPeers},
    connection_limits::{self, ConnectionLimits},
    gossipsub::{self, IdentTopic, MessageAcceptance, MessageAuthenticity, ValidationMode},
    identity::ed25519,
    multiaddr::Protocol,
    noise,
    swarm::{NetworkBehaviour, SwarmEvent, behaviour::toggle::Toggle},
    tcp, yamux,
};
use tokio::sync::{mpsc, watch};

use crate::{
    Command, Error, Inbound, Judgement, NetworkConfig, NetworkHandle, PeerKey, Ticket, gossip,
    limits::{
        COMMANDS_MAX, CONNECTIONS_MAX, CONNECTIONS_PER_PEER_MAX, INBOUND_MAX, MESSAGE_BYTES_MAX, PENDING_MAX,
        REDIAL,
    },
    peer_id,
    peers::Peers,
};

#[derive(NetworkBehaviour)]
struct Behaviour {
    limits: connection_limits::Behaviour,
    allowed: Toggle<allow_block_list::Behaviour<AllowedPeers>>,
    shut_out: allow_block_list::Behaviour<BlockedPeers>,
    gossipsub: gossipsub::Behaviour,
}

pub(crate) fn keypair(secret: &[u8; 32]) -> Result<ed25519::Keypair, Error> {
    let secret = ed25519::SecretKey::try_from_bytes(&mut secret.clone())
        .map_err(|error| Error::Key(error.to_string()))?;
    Ok(ed25519::Keypair::from(secret))
}

fn behaviour(config: &NetworkConfig, key: &libp2p::identity::Keypair) -> Result<Behaviour, Error> {
    let gossip = gossipsub::ConfigBuilder::default()
        .protocol_id_prefix(format!("/polity/{}/meshsub", config.chain_id))
        .max_transmit_size(MESSAGE_BYTES_MAX)
        .validation_mode(ValidationMode::Strict)
        .validate_messages()
        .heartbeat_interval(Duration::from_millis(700))
        .flood_publish(true)
        .build()
        .map_err(|error| Error::Configuration(error.to_string()))?;
    let gossipsub = gossipsub::Behaviour::new(MessageAuthenticity::Signed(key.clone()), gossip)
        .map_err(|error| Error::Configuration(error.to_owned()))?;
    let limits = ConnectionLimits::default()
        .with_max_established(Some(CONNECTIONS_MAX))
        .with_max_established_per_peer(Some(CONNECTIONS_PER_PEER_MAX))
        .with_max_pending_incoming(Some(PENDING_MAX))
        .with_max_pending_outgoing(Some(PENDING_MAX));
    let allowed = config.allowed.as_ref().map(|keys| {
        let mut list = allow_block_list::Behaviour::<AllowedPeers>::default();
        for peer in keys.iter().filter_map(peer_id) {
            list.allow_peer(peer);
        }
        list
    });
    Ok(Behaviour {
        limits: connection_limits::Behaviour::new(limits),
        allowed: Toggle::from(allowed),
        shut_out: allow_block_list::Behaviour::default(),
        gossipsub,
    })
}

pub(crate) async fn start(config: NetworkConfig) -> Result<(NetworkHandle, mpsc::Receiver<Inbound>), Error> {
    let key = libp2p::identity::Keypair::from(keypair(&config.secret)?);
    let behaviour = behaviour(&config, &key)?;
    let mut swarm = SwarmBuilder::with_existing_identity(key)
        .with_tokio()
        .with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, yamux::Config::default)
        .map_err(|error| Error::Configuration(error.to_string()))?
        .with_behaviour(|_| behaviour)
        .map_err(|error| Error::Configuration(error.to_string()))?
        .with_swarm_config(|swarm| swarm.with_idle_connection_timeout(Duration::from_secs(60 * 60)))
        .build();
    let topic = IdentTopic::new(format!("polity/{}/transactions", config.chain_id));
    swarm
        .behaviour_mut()
        .gossipsub
        .subscribe(&topic)
        .map_err(|error| Error::Configuration(error.to_string()))?;
    let address = listen(&mut swarm, &config.listen).await?;
    let (commands, command_queue) = mpsc::channel(COMMANDS_MAX);
    let (inbound, inbound_queue) = mpsc::channel(INBOUND_MAX);
    let (connected_now, connected) = watch::channel(Vec::new());
    let task = Task {
        swarm,
        topic,
        inbound,
        connected_now,
        peers: Peers::default(),
        allowed: config.allowed,
        dial: config.peers,
        dialled: BTreeMap::new(),
        shut_out: Vec::new(),
    };
    let task = tokio::spawn(task.run(command_queue));
    Ok((NetworkHandle { commands, connected, address, task }, inbound_queue))
}

/// Listens on `wanted` and waits until the port is known.
async fn listen(swarm: &mut Swarm<Behaviour>, wanted: &Multiaddr) -> Result<Multiaddr, Error> {
    let failed = |reason: String| Error::Listen { address: wanted.clone(), reason };
    let listener = swarm.listen_on(wanted.clone()).map_err(|error| failed(error.to_string()))?;
    loop {
        match swarm.select_next_some().await {
            SwarmEvent::NewListenAddr { listener_id, address } if listener_id == listener => {
                return Ok(address);
            }
            SwarmEvent::ListenerClosed { listener_id, reason, .. } if listener_id == listener => {
                return Err(failed(format!("{reason:?}")));
            }
            SwarmEvent::ListenerError { listener_id, error } if listener_id == listener => {
                return Err(failed(error.to_string()));
            }
            _ => {}
        }
    }
}

struct Task {
    swarm: Swarm<Behaviour>,
    topic: IdentTopic,
    inbound: mpsc::Sender<Inbound>,
    connected_now: watch::Sender<Vec<PeerId>>,
    peers: Peers,
    allowed: Option<BTreeSet<PeerKey>>,
    dial: Vec<Multiaddr>,
    /// Who answered at an address we dial.
    dialled: BTreeMap<Multiaddr, PeerId>,
    shut_out: Vec<PeerId>,
}

impl Task {
    async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut redial = tokio::time::interval(REDIAL);
        redial.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                event = self.swarm.select_next_some() => self.on_event(event),
                command = commands.recv() => match command {
                    Some(command) => self.on_command(command),
                    None => return,
                },
                _ = redial.tick() => self.redial(),
            }
        }
    }

    fn redial(&mut self) {
        let now = Instant::now();
        let free: Vec<PeerId> =
            self.shut_out.iter().filter(|peer| !self.peers.is_shut_out(peer, now)).copied().collect();
        for peer in free {
            self.swarm.behaviour_mut().shut_out.unblock_peer(peer);
            self.shut_out.retain(|shut| *shut != peer);
        }
        for address in self.dial.clone() {
            let up = self.dialled.get(&address).is_some_and(|peer| self.swarm.is_connected(peer));
            if !up && let Err(error) = self.swarm.dial(address.clone()) {
                tracing::debug!(%address, %error, "network.dial");
            }
        }
    }

    fn on_command(&mut self, command: Command) {
        match command {
            Command::Publish(transactions) => {
                for message in gossip::encode(transactions) {
                    if let Err(error) =
                        self.swarm.behaviour_mut().gossipsub.publish(self.topic.clone(), message)
                    {
                        tracing::debug!(%error, "network.publish");
                    }
                }
            }
            Command::Judge(ticket, judgement) => self.judge(&ticket, judgement),
            Command::Allow(allowed) => self.allow(allowed),
        }
    }

    fn judge(&mut self, ticket: &Ticket, judgement: Judgement) {
        let acceptance = match judgement {
            Judgement::Pass => MessageAcceptance::Accept,
            Judgement::Ignore => MessageAcceptance::Ignore,
            Judgement::Blame => MessageAcceptance::Reject,
        };
        self.swarm.behaviour_mut().gossipsub.report_message_validation_result(
            &ticket.id,
            &ticket.from,
            acceptance,
        );
        if judgement == Judgement::Blame && self.peers.blame(ticket.from, Instant::now()) {
            tracing::warn!(peer = %ticket.from, "network.peer.shut_out");
            self.shut_out.push(ticket.from);
            self.swarm.behaviour_mut().shut_out.block_peer(ticket.from);
        }
    }

    fn allow(&mut self, allowed: Option<BTreeSet<PeerKey>>) {
        let (Some(old), Some(new)) = (&self.allowed, &allowed) else {
            tracing::warn!("network.allow: a network that is open or closed stays so until it is restarted");
            return;
        };
        if let Some(list) = self.swarm.behaviour_mut().allowed.as_mut() {
            for peer in old.difference(new).filter_map(peer_id) {
                list.disallow_peer(peer);
            }
            for peer in new.difference(old).filter_map(peer_id) {
                list.allow_peer(peer);
            }
        }
        self.allowed = allowed;
    }

    fn on_event(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::ConnectionEstablished { peer_id, endpoint, .. } => {
                if endpoint.is_dialer() {
                    let mut address = endpoint.get_remote_address().clone();
                    if matches!(address.iter().last(), Some(Protocol::P2p(_))) {
                        address.pop();
                    }
                    self.dialled.insert(address, peer_id);
                }
                self.tell_connected();
            }
            SwarmEvent::ConnectionClosed { num_established: 0, .. } => self.tell_connected(),
            SwarmEvent::Behaviour(BehaviourEvent::Gossipsub(event)) => self.on_gossip(event),
            SwarmEvent::IncomingConnectionError { error, send_back_addr, .. } => {
                tracing::debug!(%error, from = %send_back_addr, "network.connection.refused");
            }
            _ => {}
        }
    }

    fn tell_connected(&self) {
        self.connected_now.send_replace(self.swarm.connected_peers().copied().collect());
    }

    fn on_gossip(&mut self, event: gossipsub::Event) {
        match event {
            gossipsub::Event::Message { propagation_source: from, message_id: id, message } => {
                let ticket = Ticket { id, from };
                if !self.peers.spend(from, message.data.len(), Instant::now()) {
                    tracing::debug!(peer = %from, "network.peer.too_fast");
                    return self.judge(&ticket, Judgement::Ignore);
                }
                match gossip::decode(&message.data) {
                    Ok(batch) => {
                        let item = Inbound::Transactions { from, batch, ticket: ticket.clone() };
                        if self.inbound.try_send(item).is_err() {
                            self.judge(&ticket, Judgement::Ignore);
                        }
                    }
                    Err(reason) => {
                        tracing::debug!(peer = %from, reason, "network.message.malformed");
                        self.judge(&ticket, Judgement::Blame);
                    }
                }
            }
            gossipsub::Event::Subscribed { peer_id, topic } if topic == self.topic.hash() => {
                let _ = self.inbound.try_send(Inbound::Joined(peer_id));
            }
            _ => {}
        }
    }
}
