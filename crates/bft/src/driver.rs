//! Carries questions to the [`Host`] and answers back, on a thread of its own, one at a time.
//!
//! A proposer's answer is held until the application is ready or the block time is over; meanwhile everything else is answered.
//! Whatever fails as fatal closes the gate before which every signature waits, then ends the engine.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use malachitebft_app_channel::app::{
    engine::{
        consensus::Msg as ConsensusMsg,
        host::{HeightParams, HostMsg, LocallyProposedValue, Next, SyncedValueOutcome},
        network::NetworkEvent,
        util::events::Event,
    },
    streaming::{StreamContent, StreamId, StreamMessage},
    types::{PeerId, SignedConsensusMsg},
};
use malachitebft_core_types::{Round, ValueOrigin, VoteType};
use malachitebft_engine::network::Msg as NetworkMsg;
use polity_consensus::{
    Fatal, Presence, Status, Step,
    bft::{
        BlockHash, BlockHeight, Content, Context, Host, Pace, Synced, certificate_from_library,
        double_proposals, double_votes, signed_vote,
    },
};
use polity_primitives::{Address, Certificate, Height, SignedVote, recover_signer, vote_digest};
use ractor::RpcReplyPort;
use tokio::sync::{mpsc, watch};
use tracing::{debug, error, info, warn};

use crate::{
    Timing,
    actors::{Input, Links, height_params},
    floor::live_floor,
    handle::Control,
    shared::{Shared, lock},
    translate::{proposed_value, raw_decided, stream_part, wall_ms},
};

/// How often the status is renewed though nothing happens.
const TICK: Duration = Duration::from_millis(250);

/// How long after enough peers listen the first height begins.
const SETTLE: Duration = Duration::from_millis(100);

/// A proposal that waits for something to write.
struct Held {
    height: Height,
    round: Round,
    reply: RpcReplyPort<LocallyProposedValue<Context>>,
}

/// What the library begins with.
type FirstHeight = (BlockHeight, HeightParams<Context>);

/// The driver of one engine.
pub(crate) struct Driver {
    host: Host,
    me: Option<Address>,
    timing: Timing,
    shared: Arc<Shared>,
    control: mpsc::Sender<Control>,
    status: watch::Sender<Status>,
    pace: Pace,
    since: Instant,
    height_since: Instant,
    links: Option<Links>,
    held: Option<Held>,
    /// Why this node does not sign, as its log was told.
    told: Option<String>,
    /// The library waits for its first height until peers are here, or this time.
    ready: Option<(Instant, RpcReplyPort<FirstHeight>)>,
    /// The library waits for a height that another engine writes.
    waiting: Option<RpcReplyPort<Next<Context>>>,
    /// Peers that listen.
    subscribed: BTreeSet<PeerId>,
    connected: BTreeSet<PeerId>,
    last: Option<Certificate>,
    /// The highest height each validator was heard to vote at, in votes that came from the network and not in certificates.
    live: BTreeMap<Address, Height>,
    streams: u64,
    now: Status,
}

impl Driver {
    pub(crate) fn new(
        host: Host,
        me: Option<Address>,
        timing: Timing,
        shared: Arc<Shared>,
        control: mpsc::Sender<Control>,
        status: watch::Sender<Status>,
    ) -> Self {
        let mut driver = Self {
            pace: Pace::new(timing.slack_ms_min, timing.slack_ms_max),
            host,
            me,
            timing,
            shared,
            control,
            status,
            since: Instant::now(),
            height_since: Instant::now(),
            links: None,
            held: None,
            told: None,
            ready: None,
            waiting: None,
            subscribed: Default::default(),
            connected: Default::default(),
            last: None,
            live: Default::default(),
            streams: 0,
            now: Status::default(),
        };
        driver.start_height();
        driver.publish();
        driver
    }

    /// Runs until told to close.
    pub(crate) async fn run(mut self, mut inputs: mpsc::Receiver<Input>) {
        let shared = self.shared.clone();
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let due = self.due();
            let result = tokio::select! {
                biased;
                input = inputs.recv() => match input {
                    None | Some(Input::Close) => break,
                    Some(input) => self.take(input),
                },
                () = shared.wake.notified() => Ok(()),
                () = tokio::time::sleep(due.unwrap_or(TICK)), if due.is_some() => Ok(()),
                _ = tick.tick() => self.tick(),
            };
            if let Err(fatal) = result.and_then(|()| self.settle()) {
                self.fail(&fatal);
            }
        }
        self.now.signing = false;
        self.now.step = Step::Idle;
        self.publish();
    }

    fn fail(&mut self, fatal: &Fatal) {
        error!(%fatal, "consensus stops: nothing more is signed");
        self.shared.halt(&fatal.0);
        self.now.failure.get_or_insert_with(|| fatal.0.clone());
        self.publish();
        let _ = self.control.try_send(Control::Failed(fatal.0.clone()));
    }

    fn is_halted(&self) -> bool {
        lock(&self.shared.halted).is_some()
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// How long until something held is due.
    fn due(&self) -> Option<Duration> {
        let held = self.held.as_ref().map(|_| {
            Duration::from_millis(self.pace.wait_ms(self.now_ms(), self.host.app().block_time_ms()))
        });
        let decides = self.host.app().decides(self.host.height());
        let ready = self
            .ready
            .as_ref()
            .filter(|_| decides)
            .map(|(by, _)| by.saturating_duration_since(Instant::now()));
        [held, ready].into_iter().flatten().min()
    }

    /// Answers what is held, if it is time.
    fn settle(&mut self) -> Result<(), Fatal> {
        if self.is_halted() || self.links.is_none() {
            return Ok(());
        }
        let next = self.host.height();
        let decides = self.host.app().decides(next);
        if let Some((_, reply)) = self.ready.take_if(|(by, _)| decides && *by <= Instant::now()) {
            let _ = reply.send((BlockHeight(self.host.height()), self.params()));
        }
        let is_due = |driver: &Self| {
            let app = driver.host.app();
            app.ready() || driver.pace.wait_ms(driver.now_ms(), app.block_time_ms()) == 0
        };
        if self.held.is_some()
            && is_due(self)
            && let Some(Held { height, round, reply }) = self.held.take()
        {
            self.propose(height, round, reply)?;
        }
        Ok(())
    }

    /// Whether enough peers are here for a first round to succeed.
    fn is_gathered(&self) -> bool {
        let committee = self.host.committee().get();
        // Also those that write without a vote: the first proposer may be one of them.
        let seats = committee.seats().len();
        let me = usize::from(self.me.is_some_and(|me| committee.seat(&me).is_some()));
        self.subscribed.len() + me > seats * 2 / 3
    }

    fn take(&mut self, input: Input) -> Result<(), Fatal> {
        match input {
            Input::Host(message) if self.is_halted() => {
                // No answer: the library waits, and is about to be stopped.
                drop(message);
                Ok(())
            }
            Input::Host(message) => self.answer(message),
            Input::Network(event) => self.on_network(event),
            Input::Event(event) => {
                self.on_event(event);
                Ok(())
            }
            // The first questions may come before the links.
            Input::Linked(links) => {
                self.links = Some(links);
                self.publish();
                Ok(())
            }
            Input::Unlinked { disconnected } => {
                (self.links, self.held, self.ready, self.waiting) = (None, None, None, None);
                if disconnected {
                    self.connected.clear();
                    self.subscribed.clear();
                }
                Ok(())
            }
            Input::Close => Ok(()),
        }
    }

    fn answer(&mut self, message: HostMsg<Context>) -> Result<(), Fatal> {
        match message {
            HostMsg::ConsensusReady { reply_to } => {
                let patience = match self.is_gathered() {
                    true if self.subscribed.is_empty() => Duration::ZERO,
                    true => SETTLE,
                    false => Duration::from_millis(self.timing.gathering_ms),
                };
                self.ready = Some((Instant::now() + patience, reply_to));
            }
            HostMsg::StartedRound { height, round, proposer, reply_to, .. } => {
                self.held = None;
                self.now.height = height.0;
                self.now.round = round.as_u32().unwrap_or(0);
                self.now.proposer = Some(proposer.0);
                self.now.step = Step::Propose;
                if self.now.round > 0 {
                    info!(%height, %round, %proposer, "a round failed; the next proposer takes over");
                }
                self.publish();
                // What was seen before a crash comes back from the log.
                let _ = reply_to.send(Vec::new());
            }
            HostMsg::GetValue { height, round, reply_to, .. } => {
                self.held = Some(Held { height: height.0, round, reply: reply_to });
            }
            HostMsg::ExtendVote { reply_to, .. } => {
                let _ = reply_to.send(None);
            }
            HostMsg::VerifyVoteExtensions { extensions, reply_to, .. } => {
                let _ = reply_to.send(extensions.into_iter().map(|(who, ())| (who, Ok(()))).collect());
            }
            HostMsg::RestreamValue { height, round, valid_round, address, value_id } => {
                if let Some(stream) =
                    self.host.restream(height.0, round, valid_round, address.0, value_id.0)?
                {
                    self.stream(stream);
                }
            }
            HostMsg::GetHistoryMinHeight { reply_to } => {
                let _ = reply_to.send(BlockHeight(self.host.app().oldest()));
            }
            HostMsg::ReceivedProposalPart { from, published_by, part, reply_to } => {
                let part = stream_part(published_by.unwrap_or(from), part);
                match self.host.part(part, wall_ms())? {
                    Ok(Some(block)) => {
                        let _ = reply_to.send(proposed_value(block));
                    }
                    Ok(None) => {}
                    Err(refusal) => debug!(%from, %refusal, "a stream is refused"),
                }
            }
            HostMsg::Decided { certificate, reply_to, .. } => {
                self.decided(&certificate)?;
                let _ = reply_to.send(());
            }
            HostMsg::Finalized { certificate, evidence, reply_to, .. } => {
                let full = certificate_from_library(&certificate, &self.committee_of(certificate.height.0)?)?;
                if self.last.as_ref().is_some_and(|last| full.signatures.len() > last.signatures.len()) {
                    self.host.enrich(full)?;
                }
                self.host.evidence(double_votes(evidence.votes.iter().flat_map(|(_, pairs)| pairs)))?;
                self.host
                    .evidence(double_proposals(evidence.proposals.iter().flat_map(|(_, pairs)| pairs)))?;
                let next = self.host.height();
                if self.host.app().decides(next) {
                    let _ = reply_to.send(Next::Start(BlockHeight(next), self.params()));
                } else {
                    // Another engine writes it: the library waits until it is stopped.
                    info!(height = %next, "this engine has done its part; another goes on");
                    self.now.step = Step::Idle;
                    self.waiting = Some(reply_to);
                    self.publish();
                }
            }
            HostMsg::GetDecidedValues { range, reply_to } => {
                let blocks = self.host.history(&range)?;
                let _ =
                    reply_to.send(blocks.into_iter().map(|(body, cert)| raw_decided(body, cert)).collect());
            }
            HostMsg::ProcessSyncedValue { height, round, proposer, value_bytes, reply_to } => {
                let outcome = match self.host.synced(height.0, round, proposer.0, &value_bytes)? {
                    Synced::Judged(block) => {
                        if let Some(reason) = &block.invalid {
                            warn!(%height, hash = %block.hash, reason, "a synced block is invalid here");
                            self.now.trouble = Some(format!(
                                "block {height} ({}), sent by a peer, is invalid here: {reason}",
                                block.hash
                            ));
                        }
                        SyncedValueOutcome::Verdict(proposed_value(block))
                    }
                    Synced::NotNow => SyncedValueOutcome::LocalTransientError,
                };
                let _ = reply_to.send(outcome);
            }
        }
        Ok(())
    }

    fn propose(
        &mut self,
        height: Height,
        round: Round,
        reply: RpcReplyPort<LocallyProposedValue<Context>>,
    ) -> Result<(), Fatal> {
        let Some((hash, stream)) = self.host.propose(height, round, wall_ms())? else { return Ok(()) };
        let _ = reply.send(LocallyProposedValue::new(BlockHeight(height), round, BlockHash(hash)));
        self.stream(stream);
        Ok(())
    }

    fn stream(&mut self, stream: Vec<Content>) {
        let Some(links) = &self.links else { return };
        self.streams = self.streams.saturating_add(1);
        // Unique per publisher also after a restart.
        let mut name = wall_ms().to_be_bytes().to_vec();
        name.extend_from_slice(&self.streams.to_be_bytes());
        let name = StreamId::new(name.into());
        for (sequence, content) in (0u64..).zip(stream) {
            let content = match content {
                Content::Part(part) => StreamContent::Data(part),
                Content::End => StreamContent::Fin,
            };
            let message = StreamMessage::new(name.clone(), sequence, content);
            let _ = links.network.cast(NetworkMsg::PublishProposalPart(message));
        }
    }

    fn decided(
        &mut self,
        certificate: &malachitebft_core_types::CommitCertificate<Context>,
    ) -> Result<(), Fatal> {
        let (certificate, late) = self.host.decided(certificate, wall_ms())?;
        self.pace.decided(self.now_ms(), certificate.round, self.host.app().block_time_ms());
        let (richer, evidence) = {
            let mut watch = lock(&self.shared.watch);
            (watch.decided(certificate.clone()), watch.take_evidence())
        };
        if let Some(richer) = richer {
            self.host.enrich(richer)?;
        }
        self.host.evidence(evidence)?;
        info!(height = certificate.height, round = certificate.round, hash = %certificate.block_hash,
            signatures = certificate.signatures.len(), "block finalized");
        self.now.step = Step::Commit;
        self.now.decided = Some(certificate.block_hash);
        self.now.trouble = None;
        self.last = Some(certificate);
        self.start_height();
        self.publish();
        if let Some(links) = &self.links {
            for block in late {
                let message =
                    ConsensusMsg::ReceivedProposedValue(proposed_value(block), ValueOrigin::Consensus);
                let _ = links.consensus.cast(message);
            }
        }
        self.consider_signing()
    }

    /// The tip moved, or the engine begins.
    fn start_height(&mut self) {
        self.height_since = Instant::now();
        let (height, committee) = (self.host.height(), self.host.committee().get());
        lock(&self.shared.watch).started(height, committee);
        self.live.retain(|who, _| committee.seat(who).is_some());
        self.now.tip = self.host.app().tip();
        if self.now.height < height {
            self.now.height = height;
            self.now.round = 0;
            self.now.proposer = Some(committee.proposer(height, 0).address);
        }
    }

    fn committee_of(&self, height: Height) -> Result<polity_consensus::bft::Committee, Fatal> {
        // Only used for the height just decided; its certificate was made with that height's committee.
        let watch = lock(&self.shared.watch);
        let committee = watch.committee(height).cloned();
        committee
            .map(Into::into)
            .ok_or_else(|| Fatal(format!("height {height} was finalized, but not decided here")))
    }

    fn params(&self) -> HeightParams<Context> {
        height_params(self.host.committee().clone(), self.pace.timeouts(self.host.app().block_time_ms()))
    }

    fn on_network(&mut self, event: NetworkEvent<Context>) -> Result<(), Fatal> {
        match event {
            NetworkEvent::PeerConnected(peer) => {
                self.connected.insert(peer);
            }
            NetworkEvent::PeerSubscribed(peer, _) => {
                self.connected.insert(peer);
                self.subscribed.insert(peer);
                // Votes and parts travel by another protocol, whose subscriptions come at about the same time.
                if let (true, Some((by, _))) = (self.is_gathered(), &mut self.ready) {
                    *by = (*by).min(Instant::now() + SETTLE);
                }
            }
            NetworkEvent::PeerDisconnected(peer) => {
                self.connected.remove(&peer);
                self.subscribed.remove(&peer);
            }
            NetworkEvent::Status(_, status) => {
                self.now.peers_tip = self.now.peers_tip.max(status.tip_height.0);
            }
            NetworkEvent::Vote(_, vote) => {
                if let Some(vote) = signed_vote(&vote.message, &vote.signature) {
                    lock(&self.shared.watch).received(&vote);
                    self.hear_live(&vote)?;
                }
            }
            NetworkEvent::Proposal(_, proposal) => self.host.proposal(&proposal)?,
            _ => return Ok(()),
        }
        self.now.peers = self.connected.len();
        Ok(())
    }

    fn on_event(&mut self, event: Event<Context>) {
        match event {
            Event::Published(SignedConsensusMsg::Vote(vote)) if vote.message.height.0 == self.now.height => {
                self.now.step = match vote.message.kind {
                    VoteType::Prevote => Step::Prevote,
                    VoteType::Precommit => Step::Precommit,
                };
            }
            Event::WalCorrupted(e) => self.trouble(format!("the log (WAL) is corrupt: {e}")),
            Event::WalReplayError(e) => self.trouble(format!("the log (WAL) cannot be replayed: {e}")),
            Event::WalResetError(e) => self.trouble(format!("the log (WAL) cannot be used: {e}")),
            _ => {}
        }
    }

    fn trouble(&mut self, what: String) {
        error!("{what}");
        self.now.trouble = Some(what);
        self.publish();
    }

    /// While it is not known what this key signed before: notes who votes at which height. See [`crate::Guard`].
    fn hear_live(&mut self, vote: &SignedVote) -> Result<(), Fatal> {
        let Some(guard) = &self.shared.guard else { return Ok(()) };
        let committee = self.host.committee().get();
        let height = Height(vote.height);
        let known = self.live.get(&vote.validator).is_some_and(|heard| *heard >= height);
        if lock(guard).floor().is_some()
            || known
            || height < self.now.tip
            || committee.seat(&vote.validator).is_none()
        {
            return Ok(());
        }
        let digest = vote_digest(self.host.app().chain_id(), vote.kind, height, vote.round, vote.block_hash);
        if recover_signer(digest, &vote.signature) != Some(vote.validator) {
            return Ok(());
        }
        self.live.insert(vote.validator, height);
        self.consider_signing()
    }

    /// An observer with a key: whether it may sign from now on.
    fn consider_signing(&mut self) -> Result<(), Fatal> {
        let (Some(guard), Some(me)) = (&self.shared.guard, self.me) else { return Ok(()) };
        if self.links.as_ref().is_none_or(|links| links.validator) {
            return Ok(());
        }
        let (height, committee) = (self.host.height(), self.host.committee().get());
        let mut guard = lock(guard);
        if guard.floor().is_none() {
            let floor = live_floor(height, committee, &self.live, me);
            if let Some(floor) = floor {
                guard.learn(floor).map_err(|e| Fatal::because(&e))?;
                info!(%floor, "the network is heard; this validator signs again from that height");
            }
        }
        let floor = guard.floor();
        drop(guard);
        match floor {
            Some(floor) if height >= floor => {
                self.now.trouble = None;
                let _ = self.control.try_send(Control::Promote);
            }
            Some(floor) => self.held_back(format!(
                "this node does not sign before block {floor}, because its key may have signed below it and the log of that is lost; \
                 the others have to decide so far without it"
            )),
            None => self.held_back(
                "this node does not sign, because the record of what its key signed is lost: not before more than two thirds of the \
                 committee are heard deciding without it"
                    .to_owned(),
            ),
        }
        Ok(())
    }

    /// What keeps this node from signing: for its status, and once for its log.
    fn held_back(&mut self, why: String) {
        if self.told.as_ref() != Some(&why) {
            warn!("{why}");
            self.told = Some(why.clone());
        }
        self.now.trouble = Some(why);
    }

    fn tick(&mut self) -> Result<(), Fatal> {
        self.consider_signing()?;
        self.publish();
        Ok(())
    }

    /// Tells the watchers, if anything changed.
    fn publish(&mut self) {
        let height = self.host.height();
        // While a block is waited for, nobody votes.
        let silence_ms = self.timing.absent_after_ms.saturating_add(self.host.app().block_time_ms());
        let patient = self.height_since.elapsed() < Duration::from_millis(silence_ms);
        let heard = lock(&self.shared.watch);
        let present = |who: &Address| {
            self.me == Some(*who) && self.now.signing
                || heard.heard(who).is_some_and(|at| at >= height || patient && at.next() >= height)
        };
        let presence = |seat: &polity_constitution::Seat| Presence {
            validator: seat.address,
            power: seat.power,
            present: present(&seat.address),
        };
        let committee = self.host.committee().get();
        self.now.committee = committee.seats().iter().map(presence).collect();
        drop(heard);
        let signing = self.links.as_ref().is_some_and(|links| links.validator) && !self.is_halted();
        self.now.signing = signing && self.me.is_some_and(|me| committee.seat(&me).is_some());
        self.status.send_if_modified(|old| {
            let changed = *old != self.now;
            if changed {
                old.clone_from(&self.now);
            }
            changed
        });
    }
}
