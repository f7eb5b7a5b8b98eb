//! Both engines on one ledger and one disk, exchanged as the chain asks for: what the supervisor of `polity-node` does, under virtual
//! time.
//!
//! After every event the ledger says what has to run ([`polity_ledger::Plan`]); what need not is dropped, and what must is started
//! with nothing but the ledger and the log. Between the two nothing is handed over. Everything sent begins with a byte that says
//! whose it is; words of work name the stretch they belong to, as in production. Who was away follows others block by block
//! ([`follow`]).
//!
//! Deliberately absent: villains, whom each engine's own storms have.

mod amend;
mod follow;

use polity_consensus::{Fatal, bft::Key, work::Chain as _};
use polity_ledger::{Ledger, Plan, Proposer, WorkChain};
use polity_primitives::{B256, Height};

pub(crate) use amend::Amendments;

use crate::{
    bft::{self, Wiring},
    disk::LogFile,
    engine::{Act, Cx, Engine},
    spec::Switching,
    work,
};
use follow::Follower;

/// First byte of the committee's words.
const COMMITTEE: u8 = 1;
/// First byte of words of work; then comes the hash of the block that the stretch began on.
const WORK: u8 = 2;
/// First byte of questions about blocks and their answers.
const BLOCKS: u8 = 3;

/// Timers of an engine are its own number and that of the engine, so that those of one that is gone are nobody's.
const TIMER_BITS: u32 = 32;

/// What a node is made of, besides its ledger.
pub(crate) struct Parts {
    pub(crate) key: Key,
    pub(crate) proposer: Proposer,
    pub(crate) log: LogFile,
    pub(crate) me: usize,
    pub(crate) nodes: usize,
    pub(crate) wiring: Wiring,
}

struct Running<E> {
    engine: E,
    /// The how many-eth of this process.
    number: u64,
    /// What its words begin with.
    tag: Vec<u8>,
}

/// A node that exchanges its engines. Dropping it is what a crash does to memory.
pub(crate) struct Node {
    ledger: Ledger,
    parts: Parts,
    hashes_per_sec: f64,
    reader: WorkChain,
    committee: Option<Running<bft::Node>>,
    work: Option<Running<work::Node>>,
    /// The stretch of work that [`Self::work`] is of.
    stretch: Option<B256>,
    /// Engines started so far.
    started: u64,
    /// The highest block told of as final.
    told: Height,
    follower: Follower,
}

/// Calls `engine`, and marks what it says and the timers it sets as its own.
fn call<E>(
    running: &mut Running<E>,
    cx: &mut Cx,
    with: impl FnOnce(&mut E, &mut Cx) -> Result<(), Fatal>,
) -> Result<(), Fatal> {
    let from = cx.acts.len();
    let result = with(&mut running.engine, cx);
    for act in cx.acts.split_off(from) {
        match act {
            Act::Send { to, label, bytes } => {
                let bytes = [&running.tag[..], &bytes].concat().into();
                cx.acts.push(Act::Send { to, label, bytes });
            }
            Act::Timer { id, after_us } => cx.timer(running.number << TIMER_BITS | id, after_us),
            // Told from the ledger, whose blocks come in order whichever engine wrote them.
            Act::Finalized { .. } => {}
            act => cx.acts.push(act),
        }
    }
    result
}

impl Node {
    pub(crate) fn new(ledger: Ledger, switching: &Switching, parts: Parts) -> Self {
        let hashes_per_sec = work::share(&switching.work, parts.me, parts.nodes);
        // What became final while the ledger was opened is told too; what was told before is told once more.
        let told = Height(ledger.floor().0.saturating_sub(switching.work.checkpoint.saturating_mul(2)));
        Self {
            reader: ledger.work_chain(None),
            told,
            ledger,
            parts,
            hashes_per_sec,
            committee: None,
            work: None,
            stretch: None,
            started: 0,
            follower: Follower::default(),
        }
    }

    /// Stops what `plan` does not ask for.
    fn rest(&mut self, plan: Plan) {
        if plan.work != self.stretch {
            (self.work, self.stretch) = (None, None);
        }
        if !plan.committee {
            self.committee = None;
        }
    }

    /// Tells of what is final now, then stops and starts engines until they are those that the chain asks for.
    fn fit(&mut self, cx: &mut Cx) -> Result<(), Fatal> {
        loop {
            self.tell(cx)?;
            let plan = self.follower.plan(&self.ledger)?;
            self.rest(plan);
            self.started = self.started.saturating_add(1);
            let number = self.started;
            if let (Some(anchor), None) = (plan.work, &self.work) {
                let Parts { key, me, nodes, wiring, .. } = &self.parts;
                let engine =
                    work::Node::new(&self.ledger, key, *me, *nodes, self.hashes_per_sec, wiring.plant);
                let mut running = Running { engine, number, tag: [&[WORK][..], anchor.as_slice()].concat() };
                cx.note(format!("works since {anchor}"));
                let result = call(&mut running, cx, Engine::start);
                (self.work, self.stretch) = (Some(running), Some(anchor));
                result?;
            } else if plan.committee && self.committee.is_none() {
                let Parts { key, proposer, log, wiring, .. } = &self.parts;
                let engine =
                    bft::Node::new(self.ledger.clone(), log.clone(), key.clone(), proposer.clone(), wiring)?;
                let mut running = Running { engine, number, tag: vec![COMMITTEE] };
                cx.note(format!("a committee decides from block {}", self.ledger.head().height()));
                let result = call(&mut running, cx, Engine::start);
                self.committee = Some(running);
                result?;
            } else {
                return Ok(());
            }
        }
    }

    /// Tells of what is never undone.
    fn tell(&mut self, cx: &mut Cx) -> Result<(), Fatal> {
        let floor = self.ledger.floor();
        while self.told < floor {
            self.told = self.told.next();
            let hash = self.reader.hash_at(self.told)?;
            let hash =
                hash.ok_or_else(|| Fatal(format!("block {}, which is final, is not here", self.told)))?;
            cx.finalized(self.told, hash);
        }
        Ok(())
    }
}

impl Engine for Node {
    fn start(&mut self, cx: &mut Cx) -> Result<(), Fatal> {
        self.follower.start(cx);
        self.fit(cx)
    }

    fn receive(&mut self, from: usize, bytes: &[u8], cx: &mut Cx) -> Result<(), Fatal> {
        match bytes.split_first() {
            Some((&COMMITTEE, said)) => {
                if let Some(running) = &mut self.committee {
                    call(running, cx, |engine, cx| engine.receive(from, said, cx))?;
                }
            }
            Some((&WORK, _)) => {
                if let Some(running) = &mut self.work
                    && let Some(said) = bytes.strip_prefix(&running.tag[..])
                {
                    call(running, cx, |engine, cx| engine.receive(from, said, cx))?;
                }
            }
            Some((&BLOCKS, said)) => {
                self.follower.receive(&self.ledger, from, said, cx)?;
                while self.follower.waits() {
                    self.fit(cx)?;
                    self.follower.take(&self.ledger, cx)?;
                }
            }
            _ => cx.blame(from, "words of no engine".to_owned()),
        }
        self.fit(cx)
    }

    fn timer(&mut self, id: u64, cx: &mut Cx) -> Result<(), Fatal> {
        let (number, id) = (id >> TIMER_BITS, id & u64::from(u32::MAX));
        if number == 0 {
            self.follower.timer(&self.ledger, id, cx);
        }
        if let Some(running) = self.committee.as_mut().filter(|running| running.number == number) {
            call(running, cx, |engine, cx| engine.timer(id, cx))?;
        }
        if let Some(running) = self.work.as_mut().filter(|running| running.number == number) {
            call(running, cx, |engine, cx| engine.timer(id, cx))?;
        }
        self.fit(cx)
    }

    fn transaction(&mut self, raw: &[u8], cx: &mut Cx) -> Result<(), Fatal> {
        match (&mut self.committee, &mut self.work) {
            (Some(running), _) => call(running, cx, |engine, cx| engine.transaction(raw, cx))?,
            (None, Some(running)) => call(running, cx, |engine, cx| engine.transaction(raw, cx))?,
            (None, None) => {
                if let Err(error) = self.ledger.submit(raw, polity_mempool::Condition::default()) {
                    cx.note(format!("a transaction is not taken: {error}"));
                }
            }
        }
        self.fit(cx)
    }

    fn link(&mut self, peer: usize, up: bool, cx: &mut Cx) -> Result<(), Fatal> {
        if let Some(running) = &mut self.work {
            call(running, cx, |engine, cx| engine.link(peer, up, cx))?;
        }
        self.fit(cx)
    }

    fn ledger(&self) -> &Ledger {
        &self.ledger
    }
}
