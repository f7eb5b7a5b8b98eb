//! A member that works: the engine, and the time its miner takes.

use std::sync::Arc;

use polity_consensus::{
    Fatal,
    bft::Key,
    work::{Act, Chain, Event, Inserted, Job, Message, Peer, Search, Worker},
};
use polity_ledger::Ledger;
use polity_primitives::{Address, Height};

use super::undoing::{self, Current, Undoing};
use crate::{
    agreement::Agreement,
    bft::Plant,
    engine::{Cx, Engine, Label},
};

/// How often the engine is told that time passed, as in production. Units: microseconds.
const TICK_US: u64 = 250_000;
/// The timer of that; others are the miner's.
const TICK: u64 = 0;
/// Nonces that are looked at for a job whose time is over, as a multiple of its difficulty. Without one among them (once in
/// e⁶⁴ jobs) the job goes on.
const LOOKS: u64 = 64;

/// A member that works. Dropping it is what a crash does to memory.
pub struct Node {
    ledger: Ledger,
    pub(super) worker: Worker,
    pub(super) me: usize,
    pub(super) nodes: usize,
    /// Whom its blocks name.
    pub(super) writer: Address,
    hashes_per_sec: f64,
    job: Option<Job>,
    /// Number of the miner's last timer.
    timer: u64,
    /// The highest block held for final.
    settled: Height,
    plant: Option<Plant>,
    /// The ledger of a node that throws ledgers away.
    current: Option<Current>,
    /// How far its clock is set ahead by intent. Units: milliseconds.
    pub(super) ahead_ms: u64,
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Node").field("me", &self.me).field("worker", &self.worker).finish_non_exhaustive()
    }
}

impl Node {
    /// A process of member `me` of `nodes` on its ledger.
    #[must_use]
    pub fn new(
        ledger: &Ledger,
        key: &Key,
        me: usize,
        nodes: usize,
        hashes_per_sec: f64,
        plant: Option<Plant>,
    ) -> Self {
        Self::on(
            ledger,
            key,
            (me, nodes),
            hashes_per_sec,
            Box::new(ledger.work_chain(Some(key.clone()))),
            plant,
        )
    }

    /// The same with [`Plant::ReorgBelowFinality`].
    pub(super) fn undoing(
        agreement: &Arc<Agreement>,
        ledger: &Ledger,
        key: &Key,
        (me, nodes): (usize, usize),
        hashes_per_sec: f64,
    ) -> Result<Self, Fatal> {
        let chain = Undoing::new(agreement.clone(), ledger, key.clone())?;
        let current = Some(chain.current());
        let plant = Some(Plant::ReorgBelowFinality);
        Ok(Self { current, ..Self::on(ledger, key, (me, nodes), hashes_per_sec, Box::new(chain), plant) })
    }

    fn on(
        ledger: &Ledger,
        key: &Key,
        (me, nodes): (usize, usize),
        hashes_per_sec: f64,
        chain: Box<dyn Chain>,
        plant: Option<Plant>,
    ) -> Self {
        let worker = Worker::new(chain, true);
        let settled = ledger.floor();
        let writer = key.address();
        Self {
            ledger: ledger.clone(),
            worker,
            writer,
            me,
            nodes,
            hashes_per_sec,
            job: None,
            timer: TICK,
            settled,
            plant,
            current: None,
            ahead_ms: 0,
        }
    }

    pub(super) fn event(&mut self, event: Event, cx: &mut Cx) -> Result<(), Fatal> {
        for act in self.worker.handle(event, cx.wall_ms().saturating_add(self.ahead_ms))? {
            match act {
                Act::Send { peer, bytes } => {
                    if let Ok(to) = usize::try_from(peer.0) {
                        cx.send(to, label(&bytes), bytes);
                    }
                }
                Act::Broadcast { bytes } => cx.broadcast(label(&bytes), bytes),
                Act::Mine(job) => self.mine(*job, cx),
                Act::StopMining => self.job = None,
                Act::Blame { peer, why } => cx.blame(usize::try_from(peer.0).unwrap_or(usize::MAX), why),
                Act::Moved { how: Inserted::Reorganised { undone, applied }, .. } => {
                    cx.note(format!("reorganised {undone} blocks into {applied}"));
                }
                Act::Moved { .. } => {}
            }
        }
        self.settle(cx)
    }

    /// Looking at hashes has no memory, so a new job may begin its time anew.
    fn mine(&mut self, job: Job, cx: &mut Cx) {
        let mean_secs = f64::from(job.header.difficulty) / self.hashes_per_sec;
        self.job = Some(job);
        if mean_secs.is_finite() {
            let after = cx.rng.exponential(mean_secs * 1e6);
            self.timer = self.timer.saturating_add(1);
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "positive, and saturates"
            )]
            cx.timer(self.timer, after as u64);
        }
    }

    /// The time of the job is over: a nonce is found.
    fn solve(&mut self, cx: &mut Cx) -> Result<(), Fatal> {
        let Some(job) = self.job.take() else { return Ok(()) };
        let looks = u64::try_from(job.header.difficulty).unwrap_or(u64::MAX).saturating_mul(LOOKS);
        match Search::new(&job.header).find(cx.rng.draw() >> 1, looks) {
            Some(nonce) => self.event(Event::Solved { job: job.id, nonce }, cx),
            None => {
                self.mine(job, cx);
                Ok(())
            }
        }
    }

    /// Tells of what is never undone.
    fn settle(&mut self, cx: &mut Cx) -> Result<(), Fatal> {
        if let Some(current) = &self.current {
            self.ledger = undoing::now(current);
        }
        let chain = self.worker.chain();
        let settled = match self.plant {
            Some(Plant::FinalTooEarly) => chain.best().height.previous().unwrap_or(Height::GENESIS),
            _ => self.ledger.floor(),
        };
        while self.settled < settled {
            self.settled = self.settled.next();
            let hash = chain.hash_at(self.settled)?;
            let hash =
                hash.ok_or_else(|| Fatal(format!("block {}, which is final, is not here", self.settled)))?;
            cx.finalized(self.settled, hash);
        }
        Ok(())
    }
}

/// What a message is about.
pub(super) fn label(bytes: &[u8]) -> Label {
    Label { kind: Message::decode(bytes).map_or("bytes", |message| message.kind()), ..Label::default() }
}

impl Engine for Node {
    fn start(&mut self, cx: &mut Cx) -> Result<(), Fatal> {
        cx.timer(TICK, TICK_US);
        self.event(Event::Start, cx)?;
        let me = self.me;
        for peer in (0..self.nodes).filter(|peer| *peer != me) {
            self.event(Event::Joined(Peer(peer as u64)), cx)?;
        }
        Ok(())
    }

    fn receive(&mut self, from: usize, bytes: &[u8], cx: &mut Cx) -> Result<(), Fatal> {
        self.event(Event::Received { peer: Peer(from as u64), bytes: bytes.to_vec() }, cx)
    }

    fn timer(&mut self, id: u64, cx: &mut Cx) -> Result<(), Fatal> {
        if id == TICK {
            cx.timer(TICK, TICK_US);
            return self.event(Event::Tick, cx);
        }
        if id == self.timer { self.solve(cx) } else { Ok(()) }
    }

    fn transaction(&mut self, raw: &[u8], cx: &mut Cx) -> Result<(), Fatal> {
        if let Err(error) = self.ledger.submit(raw, polity_mempool::Condition::default()) {
            cx.note(format!("a transaction is not taken: {error}"));
        }
        self.event(Event::Wake, cx)
    }

    fn link(&mut self, peer: usize, up: bool, cx: &mut Cx) -> Result<(), Fatal> {
        let peer = Peer(peer as u64);
        self.event(if up { Event::Joined(peer) } else { Event::Left(peer) }, cx)
    }

    fn ledger(&self) -> &Ledger {
        &self.ledger
    }
}
