//! The swarm and the task that runs it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use futures::StreamExt as _;
use libp2p::{
    Multiaddr, PeerId, StreamProtocol, Swarm, SwarmBuilder,
    allow_block_list::{self, AllowedPeers, BlockedPeers},
    connection_limits::{self, ConnectionLimits},
    gossipsub::{self, IdentTopic, MessageAcceptance, MessageAuthenticity, ValidationMode},
    identity::ed25519,
    multiaddr::Protocol,
    noise,
    request_response::{self, OutboundRequestId, ProtocolSupport},
    swarm::{NetworkBehaviour, SwarmEvent, behaviour::toggle::Toggle},
    tcp, yamux,
};
use tokio::sync::{mpsc, oneshot, watch};

use crate::{
    Accused, Command, Error, Inbound, Inbox, Judgement, NetworkConfig, NetworkHandle, PeerKey, Question,
    Reply, Ticket, Told,
    frames::Frames,
    gossip,
    limits::{
        ANSWER_TIME_MAX, ASKED_MAX, COMMANDS_MAX, CONNECTIONS_MAX, CONNECTIONS_PER_PEER_MAX,
        EVIDENCE_BYTES_MAX, EVIDENCE_WAITING_MAX, INBOUND_MAX, MESSAGE_BYTES_MAX, PENDING_MAX, QUESTIONS_MAX,
        REDIAL, STREAMS_MAX, TOLD_MAX,
    },
    peer_id,
    peers::Peers,
};

type FramesEvent = request_response::Event<Vec<u8>, Vec<u8>>;

#[derive(NetworkBehaviour)]
struct Behaviour {
    limits: connection_limits::Behaviour,
    allowed: Toggle<allow_block_list::Behaviour<AllowedPeers>>,
    shut_out: allow_block_list::Behaviour<BlockedPeers>,
    gossipsub: gossipsub::Behaviour,
    blocks: request_response::Behaviour<Frames>,
    work: request_response::Behaviour<Frames>,
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
    let frames = |name: &str| {
        let protocol = format!("/polity/{}/{name}/1", config.chain_id);
        let protocol = StreamProtocol::try_from_owned(protocol)
            .map_err(|error| Error::Configuration(error.to_string()))?;
        let limits = request_response::Config::default()
            .with_request_timeout(ANSWER_TIME_MAX)
            .with_max_concurrent_streams(STREAMS_MAX);
        Ok::<_, Error>(request_response::Behaviour::with_codec(
            Frames,
            [(protocol, ProtocolSupport::Full)],
            limits,
        ))
    };
    Ok(Behaviour {
        blocks: frames("blocks")?,
        work: frames("work")?,
        limits: connection_limits::Behaviour::new(limits),
        allowed: Toggle::from(allowed),
        shut_out: allow_block_list::Behaviour::default(),
        gossipsub,
    })
}

pub(crate) async fn start(config: NetworkConfig) -> Result<(NetworkHandle, Inbox), Error> {
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
    let evidence = IdentTopic::new(format!("polity/{}/evidence", config.chain_id));
    for topic in [&evidence, &topic] {
        swarm
            .behaviour_mut()
            .gossipsub
            .subscribe(topic)
            .map_err(|error| Error::Configuration(error.to_string()))?;
    }
    let address = listen(&mut swarm, &config.listen).await?;
    let (commands, command_queue) = mpsc::channel(COMMANDS_MAX);
    let (inbound, transactions) = mpsc::channel(INBOUND_MAX);
    let (question, questions) = mpsc::channel(QUESTIONS_MAX);
    let (tell, told) = mpsc::channel(TOLD_MAX);
    let (accuse, accused) = mpsc::channel(EVIDENCE_WAITING_MAX);
    let (connected_now, connected) = watch::channel(Vec::new());
    let task = Task {
        swarm,
        topic,
        evidence,
        accuse,
        inbound,
        question,
        tell,
        asked: BTreeMap::new(),
        connected_now,
        peers: Peers::default(),
        allowed: config.allowed,
        dial: config.peers,
        dialled: BTreeMap::new(),
        shut_out: Vec::new(),
    };
    let task = tokio::spawn(task.run(command_queue));
    let inbox = Inbox { transactions, questions, told, accused };
    Ok((NetworkHandle { commands, connected, address, task }, inbox))
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
    evidence: IdentTopic,
    accuse: mpsc::Sender<Accused>,
    inbound: mpsc::Sender<Inbound>,
    question: mpsc::Sender<Question>,
    tell: mpsc::Sender<Told>,
    /// Who waits for an answer.
    asked: BTreeMap<OutboundRequestId, oneshot::Sender<Vec<u8>>>,
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
            Command::Accuse(accusations) => {
                for bytes in accusations.into_iter().filter(|bytes| bytes.len() <= EVIDENCE_BYTES_MAX) {
                    if let Err(error) =
                        self.swarm.behaviour_mut().gossipsub.publish(self.evidence.clone(), bytes)
                    {
                        tracing::debug!(%error, "network.accuse");
                    }
                }
            }
            Command::Judge(ticket, judgement) => self.judge(&ticket, judgement),
            Command::Ask(peer, bytes, reply) => {
                if self.asked.len() < ASKED_MAX && self.swarm.is_connected(&peer) {
                    let id = self.swarm.behaviour_mut().blocks.send_request(&peer, bytes);
                    self.asked.insert(id, reply);
                }
            }
            Command::Answer(Reply(channel), bytes) => {
                let _ = self.swarm.behaviour_mut().blocks.send_response(channel, bytes);
            }
            Command::Tell(peer, bytes) => {
                let all = || self.swarm.connected_peers().copied().collect();
                let peers: Vec<PeerId> = peer.map_or_else(all, |peer| vec![peer]);
                for peer in peers.into_iter().filter(|peer| self.swarm.is_connected(peer)).collect::<Vec<_>>()
                {
                    self.swarm.behaviour_mut().work.send_request(&peer, bytes.clone());
                }
            }
            Command::Blame(peer) => self.blame(peer),
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
        if judgement == Judgement::Blame {
            self.blame(ticket.from);
        }
    }

    fn blame(&mut self, peer: PeerId) {
        if self.peers.blame(peer, Instant::now()) {
            tracing::warn!(%peer, "network.peer.shut_out");
            self.shut_out.push(peer);
            self.swarm.behaviour_mut().shut_out.block_peer(peer);
        }
    }

    fn on_blocks(&mut self, event: FramesEvent) {
        use request_response::{Event, Message};
        match event {
            // Not to answer closes the stream: the peer asks another.
            Event::Message { peer, message: Message::Request { request, channel, .. }, .. }
                if self.peers.spend(peer, request.len(), Instant::now()) =>
            {
                let question = Question { from: peer, bytes: request, reply: Reply(channel) };
                let _ = self.question.try_send(question);
            }
            Event::Message { message: Message::Response { request_id, response }, .. } => {
                // Nothing is how a stream ends that is not answered.
                if let Some(reply) = self.asked.remove(&request_id).filter(|_| !response.is_empty()) {
                    let _ = reply.send(response);
                }
            }
            Event::OutboundFailure { peer, request_id, error, .. } => {
                tracing::debug!(%peer, %error, "network.ask");
                self.asked.remove(&request_id);
            }
            _ => {}
        }
    }

    fn on_work(&mut self, event: FramesEvent) {
        use request_response::{Event, Message};
        if let Event::Message { peer, message: Message::Request { request, channel, .. }, .. } = event {
            let _ = self.swarm.behaviour_mut().work.send_response(channel, Vec::new());
            if !self.peers.spend(peer, request.len(), Instant::now()) {
                tracing::debug!(%peer, "network.peer.too_fast");
            } else if self.tell.try_send(Told { from: peer, bytes: request }).is_err() {
                tracing::debug!(%peer, "network.told.queue_full");
            }
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
            SwarmEvent::Behaviour(BehaviourEvent::Blocks(event)) => self.on_blocks(event),
            SwarmEvent::Behaviour(BehaviourEvent::Work(event)) => self.on_work(event),
            SwarmEvent::IncomingConnectionError { error, send_back_addr, .. } => {
                tracing::debug!(%error, from = %send_back_addr, "network.connection.refused");
            }
            _ => {}
        }
    }

    fn tell_connected(&self) {
        self.connected_now.send_replace(self.swarm.connected_peers().copied().collect());
    }

    fn on_evidence(&mut self, bytes: Vec<u8>, ticket: Ticket) {
        if bytes.is_empty() || bytes.len() > EVIDENCE_BYTES_MAX {
            tracing::debug!(peer = %ticket.from, bytes = bytes.len(), "network.evidence.malformed");
            return self.judge(&ticket, Judgement::Blame);
        }
        let place = self.peers.place(ticket.from, Instant::now());
        let accused = place.map(|place| Accused { bytes, ticket: ticket.clone(), _place: place });
        if accused.is_none_or(|accused| self.accuse.try_send(accused).is_err()) {
            self.judge(&ticket, Judgement::Ignore);
        }
    }

    fn on_gossip(&mut self, event: gossipsub::Event) {
        match event {
            gossipsub::Event::Message { propagation_source: from, message_id: id, message } => {
                let ticket = Ticket { id, from };
                if !self.peers.spend(from, message.data.len(), Instant::now()) {
                    tracing::debug!(peer = %from, "network.peer.too_fast");
                    return self.judge(&ticket, Judgement::Ignore);
                }
                if message.topic == self.evidence.hash() {
                    return self.on_evidence(message.data, ticket);
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
