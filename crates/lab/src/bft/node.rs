//! A validator: the core, and everything around it.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use malachitebft_core_consensus::{
    Input, LocallyProposedValue, Params, ProposedValue, SignedConsensusMsg, State, process,
};
use malachitebft_core_types::{
    LinearTimeouts, Round, ThresholdParam, ThresholdParams, Timeout, ValidatorSet as _, Validity,
    ValueOrigin, ValuePayload, VoteExtensionPolicy,
};
use malachitebft_metrics::Metrics;
use malachitebft_wal::{Storage as _, log::Log};
use polity_consensus::{
    Fatal,
    bft::{
        BlockHash, BlockHeight, Content, Context, Host, Key, Pace, ProposedBlock, Signer, StreamPart,
        ValidatorAddress, Watch, signed_vote,
    },
};
use polity_constitution::Committee;
use polity_ledger::{Ledger, Proposer};
use polity_primitives::{B256, Certificate, Height};

use super::{Known, Wire, sync::Sync, verifier::Remembering};
use crate::{
    disk::LogFile,
    engine::{Cx, Engine, Label},
    spec::{Switching, Work},
};

/// Least and most slack of a proposer, as in production.
const SLACK_MS: (u64, u64) = (800, 6_000);
/// How often peers are told our height, as in production.
const STATUS_US: u64 = 1_000_000;
/// Bytes of a log without entries.
const LOG_HEADER_BYTES: u64 = 12;
/// Heights whose messages may wait for us.
const QUEUE_HEIGHTS: usize = 10;

/// A mistake built into every honest node, for the checks to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Plant {
    /// A quorum needs one vote less.
    QuorumMinusOne,
    /// A validator that locked a block votes for another all the same.
    ForgottenLock,
    /// Where blocks are worked: a node holds a block for final that has one block on top.
    FinalTooEarly,
    /// Where blocks are worked: a node follows the heaviest chain also where that undoes what is final, and its ledger with it.
    ReorgBelowFinality,
}

impl Plant {
    /// As in a specification.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::QuorumMinusOne => "quorum-minus-one",
            Self::ForgottenLock => "forgotten-lock",
            Self::FinalTooEarly => "final-too-early",
            Self::ReorgBelowFinality => "reorg-below-finality",
        }
    }
}

/// How a node is wired.
#[derive(Clone, Debug, Default)]
pub struct Wiring {
    /// The mistake.
    pub plant: Option<Plant>,
    /// Signatures that any node of the run has looked at.
    pub known: Known,
    /// Blocks are worked, by these rules.
    pub work: Option<Work>,
    /// Engines are exchanged, by these rules.
    pub switching: Option<Switching>,
}

/// What a timer of this process is for.
#[derive(Clone, Copy, Debug)]
enum Due {
    /// The core's.
    Core(Timeout),
    /// A proposal that was held back.
    Held,
    /// Peers are told our height.
    Status,
    /// An answer of sync is late.
    Sync(u64),
}

/// What is to be done next.
pub(super) enum Task {
    /// The core is told something.
    Input(Input<Context>),
    /// The next height begins.
    Begin,
    /// A synced block is handed to the core.
    Synced,
}

/// A validator. Dropping it is what a crash does to memory.
pub struct Node {
    pub(super) host: Host,
    ledger: Ledger,
    pub(super) me: Key,
    pub(super) proposer: Proposer,
    core: Option<State<Context>>,
    metrics: Metrics,
    pub(super) signer: Signer,
    pub(super) verifier: Remembering,
    watch: Arc<Mutex<Watch>>,
    pub(super) pace: Pace,
    pub(super) log: Log<LogFile>,
    pub(super) replaying: bool,
    pub(super) validator: bool,
    pub(super) timeouts: LinearTimeouts,
    /// The core's timers that run, each with its name.
    timers: Vec<(Timeout, u64)>,
    due: BTreeMap<u64, Due>,
    next_timer: u64,
    /// A proposal that waits for something to write.
    pub(super) held: Option<(Height, Round)>,
    pub(super) sync: Sync,
    pub(super) last: Option<Certificate>,
    streams: u64,
    pub(super) tasks: VecDeque<Task>,
    pub(super) fatal: Option<Fatal>,
    pub(super) plant: Option<Plant>,
    /// Valid blocks of the height being decided, by round.
    pub(super) proposed: BTreeMap<u32, B256>,
}

/// A panic while the lock was held left plain data.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn proposed_value(block: &ProposedBlock) -> ProposedValue<Context> {
    ProposedValue {
        height: BlockHeight(block.height),
        round: block.round,
        valid_round: block.valid_round,
        proposer: ValidatorAddress(block.proposer),
        value: BlockHash(block.hash),
        validity: Validity::from_bool(block.invalid.is_none()),
    }
}

/// Opens the log. One that was cut short while it was made holds nothing and is made anew, as `polity-bft` does.
fn open(file: LogFile) -> std::io::Result<Log<LogFile>> {
    match Log::open_with("log", file.clone()) {
        Err(_) if file.size_bytes()? <= LOG_HEADER_BYTES => {
            let mut empty = file.clone();
            empty.truncate_to(0)?;
            Log::open_with("log", file)
        }
        opened => opened,
    }
}

fn thresholds(plant: Option<Plant>, committee: &Committee) -> ThresholdParams {
    let mut params = ThresholdParams::default();
    if plant == Some(Plant::QuorumMinusOne) {
        // Met by more than quorum - 2.
        let (total, quorum) = (committee.total_power(), committee.quorum());
        params.quorum = ThresholdParam::new(quorum.saturating_sub(2), total);
    }
    params
}

impl Node {
    /// A process of the validator `me`, which proposes as `proposer`, on its ledger and log.
    ///
    /// # Errors
    /// [`Fatal`] if the committee or the log cannot be read.
    pub fn new(
        ledger: Ledger,
        log: LogFile,
        me: Key,
        proposer: Proposer,
        wiring: &Wiring,
    ) -> Result<Self, Fatal> {
        let host = Host::new(Box::new(ledger.application(proposer.clone())), Some(me.clone()))?;
        let chain_id = ledger.charter().chain_id;
        let watch = Arc::new(Mutex::new(Watch::judging(wiring.known.judge(chain_id))));
        lock(&watch).started(host.height(), host.committee().get());
        let heard: polity_consensus::bft::Heard = {
            let watch = watch.clone();
            Arc::new(move |vote, signature| {
                if let Some(vote) = signed_vote(vote, signature) {
                    lock(&watch).verified(&vote);
                }
            })
        };
        let signer = Signer::new(chain_id, me.clone(), Arc::new(|_| Ok(())), heard.clone());
        let verifier = Remembering::new(chain_id, heard, wiring.known.clone());
        let log = open(log).map_err(|e| Fatal::because(&e))?;
        Ok(Self {
            host,
            ledger,
            me,
            proposer,
            core: None,
            metrics: Metrics::new(),
            signer,
            verifier,
            watch,
            pace: Pace::new(SLACK_MS.0, SLACK_MS.1),
            log,
            replaying: false,
            validator: false,
            timeouts: LinearTimeouts::default(),
            timers: Vec::new(),
            due: BTreeMap::new(),
            next_timer: 0,
            held: None,
            sync: Sync::default(),
            last: None,
            streams: 0,
            tasks: VecDeque::new(),
            fatal: None,
            plant: wiring.plant,
            proposed: BTreeMap::new(),
        })
    }

    pub(super) fn watch(&self) -> MutexGuard<'_, Watch> {
        lock(&self.watch)
    }

    /// The height the core is at.
    pub(super) fn core_height(&self) -> Option<Height> {
        self.core.as_ref().map(|core| core.height().0)
    }

    fn arm(&mut self, due: Due, after_us: u64, cx: &mut Cx) -> u64 {
        self.next_timer = self.next_timer.saturating_add(1);
        self.due.insert(self.next_timer, due);
        cx.timer(self.next_timer, after_us);
        self.next_timer
    }

    pub(super) fn arm_core(&mut self, timeout: Timeout, cx: &mut Cx) {
        self.cancel(timeout);
        let after = self.timeouts.duration_for(timeout);
        let id = self.arm(Due::Core(timeout), u64::try_from(after.as_micros()).unwrap_or(u64::MAX), cx);
        self.timers.push((timeout, id));
    }

    pub(super) fn arm_sync(&mut self, request: u64, after_us: u64, cx: &mut Cx) {
        self.arm(Due::Sync(request), after_us, cx);
    }

    pub(super) fn cancel(&mut self, timeout: Timeout) {
        let due = &mut self.due;
        self.timers.retain(|(running, id)| {
            let other = *running != timeout;
            if !other {
                due.remove(id);
            }
            other
        });
    }

    pub(super) fn cancel_all(&mut self) {
        for (_, id) in self.timers.drain(..) {
            self.due.remove(&id);
        }
    }

    /// Does all that is to be done, then proposes if it is time.
    fn work(&mut self, cx: &mut Cx) -> Result<(), Fatal> {
        loop {
            while let Some(task) = self.tasks.pop_front() {
                match task {
                    Task::Input(input) => self.process(input, cx)?,
                    Task::Begin => self.begin(cx)?,
                    Task::Synced => self.feed_synced(cx)?,
                }
            }
            if !self.settle(cx)? {
                return Ok(());
            }
        }
    }

    fn process(&mut self, input: Input<Context>, cx: &mut Cx) -> Result<(), Fatal> {
        if let Input::ProposedValue(value, _) = &input
            && value.validity.is_valid()
            && let Some(round) = value.round.as_u32()
            && Some(value.height.0) == self.core_height()
        {
            self.proposed.insert(round, value.value.0);
        }
        let Some(mut core) = self.core.take() else { return Ok(()) };
        let metrics = self.metrics.clone();
        let result: Result<(), malachitebft_core_consensus::Error<Context>> = process!(
            input: input,
            state: &mut core,
            metrics: &metrics,
            with: effect => self.effect(effect, cx)
        );
        self.core = Some(core);
        match (self.fatal.take(), result) {
            (Some(fatal), _) => Err(fatal),
            (None, result) => result.map_err(|e| Fatal::because(&e)),
        }
    }

    /// Starts the height after the tip, and takes up what the log says of it.
    fn begin(&mut self, cx: &mut Cx) -> Result<(), Fatal> {
        let height = self.host.height();
        if !self.host.app().decides(height) {
            // Nothing for a committee: this engine is about to be stopped.
            return Ok(());
        }
        let committee = self.host.committee().clone();
        self.validator = committee.get_by_address(&ValidatorAddress(self.me.address())).is_some();
        self.proposed.clear();
        self.held = None;
        let failed = |e: std::io::Error| Fatal::because(&e);
        let mut replay = Vec::new();
        if self.validator && self.log.sequence() == height.0 {
            replay = self.entries()?;
        } else {
            self.log.reset(height.0).map_err(failed)?;
        }
        self.timeouts = self.pace.timeouts(self.host.app().block_time_ms());
        let new = self.core.is_none();
        if new {
            let params = Params {
                address: ValidatorAddress(self.me.address()),
                threshold_params: thresholds(self.plant, committee.get()),
                value_payload: ValuePayload::ProposalAndParts,
                enabled: true,
            };
            let waiting = polity_constitution::MEMBERS_MAX.saturating_mul(2);
            self.core = Some(State::new(
                Context,
                BlockHeight(height),
                committee.clone(),
                params,
                QUEUE_HEIGHTS,
                waiting,
            ));
        }
        let start =
            Input::StartHeight(BlockHeight(height), committee, false, None, VoteExtensionPolicy::Disabled);
        self.process(start, cx)?;
        if !replay.is_empty() {
            cx.note(format!("replays {} entries of height {height}", replay.len()));
            self.replay(replay, cx)?;
        }
        self.tasks.push_back(Task::Synced);
        Ok(())
    }

    fn replay(&mut self, entries: Vec<Input<Context>>, cx: &mut Cx) -> Result<(), Fatal> {
        if let Some(core) = &mut self.core {
            core.record_recovered_own_precommit_extensions(entries.iter());
            core.index_wal_entries(entries.iter());
        }
        self.replaying = true;
        for entry in entries {
            self.process(entry, cx)?;
        }
        self.replaying = false;
        if let Some(core) = &mut self.core {
            core.reset_entries_index();
        }
        Ok(())
    }

    /// Proposes what was held back, if it is time. Whether anything was done.
    fn settle(&mut self, cx: &mut Cx) -> Result<bool, Fatal> {
        let Some((height, round)) = self.held else { return Ok(false) };
        let app = self.host.app();
        let wait_ms = self.pace.wait_ms(cx.now_ms(), app.block_time_ms());
        if !app.ready() && wait_ms > 0 {
            if !self.due.values().any(|due| matches!(due, Due::Held)) {
                self.arm(Due::Held, wait_ms.saturating_mul(1_000), cx);
            }
            return Ok(false);
        }
        self.held = None;
        let Some((hash, stream)) = self.host.propose(height, round, cx.wall_ms())? else { return Ok(false) };
        self.stream(height, round, stream, cx);
        let value = LocallyProposedValue::new(BlockHeight(height), round, BlockHash(hash));
        self.tasks.push_back(Task::Input(Input::Propose(value)));
        Ok(true)
    }

    pub(super) fn stream(&mut self, height: Height, round: Round, stream: Vec<Content>, cx: &mut Cx) {
        self.streams = self.streams.saturating_add(1);
        // Unique also after a restart.
        let name = cx.wall_ms().wrapping_mul(1_000).wrapping_add(self.streams);
        let label = Label { kind: "part", height: height.0, round: round.as_u32().unwrap_or(0) };
        for (sequence, content) in (0u64..).zip(stream) {
            cx.broadcast(label, Wire::part(name, sequence, content).bytes());
        }
    }

    pub(super) fn broadcast(&self, message: &Wire, cx: &mut Cx) {
        cx.broadcast(message.label(), message.bytes());
    }

    /// A message of a stream arrived.
    fn part(&mut self, message: StreamPart, cx: &mut Cx) -> Result<(), Fatal> {
        match self.host.part(message, cx.wall_ms())? {
            Ok(Some(block)) => {
                if let Some(reason) = &block.invalid {
                    cx.note(format!("block {} is invalid here: {reason}", block.hash));
                }
                let input = Input::ProposedValue(proposed_value(&block), ValueOrigin::Consensus);
                self.tasks.push_back(Task::Input(input));
            }
            Ok(None) => {}
            Err(refusal) => cx.note(format!("a stream is refused: {refusal}")),
        }
        Ok(())
    }

    fn message(&mut self, from: usize, message: Wire, cx: &mut Cx) -> Result<(), Fatal> {
        use malachitebft_core_consensus::LivenessMsg;
        let input = match message {
            Wire::Consensus(SignedConsensusMsg::Vote(vote)) | Wire::Liveness(LivenessMsg::Vote(vote)) => {
                if let Some(vote) = signed_vote(&vote.message, &vote.signature) {
                    self.watch().received(&vote);
                }
                Input::Vote(vote)
            }
            Wire::Consensus(SignedConsensusMsg::Proposal(proposal)) => {
                self.host.proposal(&proposal)?;
                Input::Proposal(proposal)
            }
            Wire::Liveness(LivenessMsg::PolkaCertificate(polka)) => Input::PolkaCertificate(polka),
            Wire::Liveness(LivenessMsg::SkipRoundCertificate(skip)) => Input::RoundCertificate(skip),
            Wire::Part { stream, sequence, part } => {
                let content = part.map_or(Content::End, Content::Part);
                let (publisher, stream) = (from.to_be_bytes().to_vec(), stream.to_be_bytes().to_vec());
                return self.part(StreamPart { publisher, stream, sequence, content }, cx);
            }
            Wire::Status(tip) => return self.on_status(from, tip.0, cx),
            Wire::Request { from: first, to } => return self.on_request(from, first, to, cx),
            Wire::Blocks { from: first, blocks } => return self.on_blocks(from, first.0, blocks, cx),
        };
        self.tasks.push_back(Task::Input(input));
        Ok(())
    }
}

impl Engine for Node {
    fn start(&mut self, cx: &mut Cx) -> Result<(), Fatal> {
        let first = cx.rng.below(STATUS_US);
        self.arm(Due::Status, first, cx);
        self.tasks.push_back(Task::Begin);
        self.work(cx)
    }

    fn receive(&mut self, from: usize, bytes: &[u8], cx: &mut Cx) -> Result<(), Fatal> {
        match borsh::from_slice(bytes) {
            Ok(message) => self.message(from, message, cx)?,
            Err(error) => cx.note(format!("not a message: {error}")),
        }
        self.work(cx)
    }

    fn timer(&mut self, id: u64, cx: &mut Cx) -> Result<(), Fatal> {
        match self.due.remove(&id) {
            None => return Ok(()),
            Some(Due::Core(timeout)) => {
                self.timers.retain(|(_, running)| *running != id);
                self.tasks.push_back(Task::Input(Input::TimeoutElapsed(timeout)));
            }
            Some(Due::Held) => {}
            Some(Due::Status) => {
                let tip = self.host.app().tip();
                self.broadcast(&Wire::Status(BlockHeight(tip)), cx);
                self.arm(Due::Status, STATUS_US, cx);
            }
            Some(Due::Sync(request)) => self.on_late(request, cx),
        }
        self.work(cx)
    }

    fn transaction(&mut self, raw: &[u8], cx: &mut Cx) -> Result<(), Fatal> {
        if let Err(error) = self.ledger.submit(raw, polity_mempool::Condition::default()) {
            cx.note(format!("a transaction is not taken: {error}"));
        }
        self.work(cx)
    }

    fn ledger(&self) -> &Ledger {
        &self.ledger
    }
}
