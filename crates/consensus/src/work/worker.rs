//! The engine: events with the time in, acts out.
//!
//! A node announces its tip by header. Who hears of a heavier one fetches headers first, checks their work, and only then asks
//! for bodies, several at a time, of peers who told of them; bodies go to the chain in order, and the chain says what counts. A
//! node that may write always has a job on the best tip, whether or not it knows of heavier headers: a withheld block must not
//! stop anybody. Peers are blamed for what is wrong by its own bytes: messages that do not decode, headers without work or against
//! the schedule, bodies that are not the header's. They are not blamed for being behind, early, or on a branch we refuse.
//!
//! Rule kept: everything a peer can make us keep is bounded by a named constant here or in `ahead.rs`, `orphans.rs`, `message.rs`.

use std::collections::{BTreeMap, VecDeque};

use alloy_rlp::Decodable as _;
use polity_primitives::{B256, Block, Height, U256};

use super::{
    Chain, HEADERS_MAX, Inserted, Message, Tip,
    ahead::Ahead,
    check_body,
    climb::Climb,
    event::{Act, Event, Job, Peer, Report},
    headers_after, is_solved,
    orphans::Orphans,
    target,
    waits::Waits,
};
use crate::Fatal;

/// Most peers; of more the driver drops some.
pub const PEERS_MAX: usize = 1_024;
/// A job is made anew after so long, so that its timestamp tells the time. Units: milliseconds.
const JOB_MS_MAX: u64 = 4_000;
/// A job is not made anew for new transactions before so long. Units: milliseconds.
const JOB_MS_MIN: u64 = 1_000;
/// Jobs on the same parent whose solutions still count.
const JOBS_MAX: usize = 4;
/// Names of invalid blocks that are remembered.
const INVALID_MAX: usize = 256;
/// Most blocks given to the chain at a time, so that the driver is answered; the next event goes on.
const INSERTS_MAX: usize = 32;
/// Bytes of bodies in answer to one question, after the first body.
const SERVED_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What is known of a peer.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// The last tip it told us, or we told it.
    pub(super) tip: B256,
    /// The height it claims, and the accumulated difficulty.
    pub(super) height: u64,
    pub(super) work: U256,
    /// When it was asked for headers, if it has not answered, and how often in vain before.
    pub(super) asked_ms: Option<u64>,
    pub(super) in_vain: u32,
    /// Its chain forks off below our floor; it is not asked until then.
    pub(super) forked_until_ms: u64,
}

/// The work engine of one node.
pub struct Worker {
    pub(super) chain: Box<dyn Chain>,
    mines: bool,
    pub(super) peers: BTreeMap<Peer, Known>,
    pub(super) ahead: Ahead,
    pub(super) orphans: Orphans,
    pub(super) climb: Climb,
    pub(super) invalid: VecDeque<B256>,
    /// The tip that everything here was last brought in line with.
    pub(super) best: Tip,
    /// The floor that headers here stand above.
    pub(super) floor: Height,
    /// Jobs on the best tip, the newest last, and when that was made.
    jobs: VecDeque<(u64, Block)>,
    job_ms: u64,
    next_job: u64,
    stale: bool,
    mining: bool,
    told_ms: u64,
    pub(super) waits: Waits,
    pub(super) refused: Option<(Height, Height)>,
}

impl core::fmt::Debug for Worker {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Worker").field("best", &self.chain.best()).finish_non_exhaustive()
    }
}

pub(super) type Acts = Vec<Act>;

pub(super) fn send(peer: Peer, message: &Message) -> Act {
    Act::Send { peer, bytes: message.encoded() }
}

/// Two changes of the best chain as one.
fn and_then(before: Option<Inserted>, then: Inserted) -> Inserted {
    match (before, then) {
        (Some(Inserted::Reorganised { undone, applied }), Inserted::Extended) => {
            Inserted::Reorganised { undone, applied: applied.saturating_add(1) }
        }
        (_, then) => then,
    }
}

impl Worker {
    /// An engine on `chain` that does nothing until [`Event::Start`].
    ///
    /// With `mines` it asks for templates; without, it only follows.
    #[must_use]
    pub fn new(chain: Box<dyn Chain>, mines: bool) -> Self {
        let (best, waits) = (chain.best(), Waits::of(&chain.rules()));
        Self {
            chain,
            mines,
            peers: BTreeMap::new(),
            ahead: Ahead::default(),
            orphans: Orphans::default(),
            climb: Climb::default(),
            invalid: VecDeque::new(),
            best,
            floor: Height::GENESIS,
            jobs: VecDeque::new(),
            job_ms: 0,
            next_job: 0,
            stale: true,
            mining: false,
            told_ms: 0,
            waits,
            refused: None,
        }
    }

    /// The chain.
    #[must_use]
    pub fn chain(&self) -> &dyn Chain {
        &*self.chain
    }

    /// What it is doing.
    #[must_use]
    pub fn report(&self) -> Report {
        let job = self.jobs.back().map(|(_, block)| &block.header);
        Report {
            peers: self.peers.len(),
            peers_tip: Height(self.ahead.highest().unwrap_or(0).max(self.best.height.0)),
            mining: job.map(|header| Height(header.number)),
            difficulty: job.map_or(U256::ZERO, |header| header.difficulty),
            missing: self.ahead.len(),
            refused: self.refused,
        }
    }

    /// Takes an event and says what to do.
    ///
    /// Units: `now_ms` is milliseconds since the Unix epoch, from this node's clock.
    ///
    /// # Errors
    /// [`Fatal`]: the engine must not be used again.
    pub fn handle(&mut self, event: Event, now_ms: u64) -> Result<Vec<Act>, Fatal> {
        let mut acts = Acts::new();
        let waits = Waits::of(&self.chain.rules());
        self.waits = waits;
        match event {
            Event::Start => self.stale = true,
            Event::Tick => {}
            Event::Wake => self.stale = true,
            Event::Joined(peer) if self.peers.len() < PEERS_MAX => {
                self.peers.insert(peer, Known::default());
                acts.push(send(peer, &self.tip()));
            }
            Event::Joined(_) => {}
            Event::Left(peer) => {
                self.peers.remove(&peer);
                self.orphans.forget(peer);
                self.ahead.left(peer);
            }
            Event::Received { peer, bytes } => match Message::decode(&bytes) {
                Ok(message) => self.receive(peer, message, now_ms, &mut acts)?,
                Err(error) => acts.push(Act::Blame { peer, why: error.to_string() }),
            },
            Event::Solved { job, nonce } => self.solved(job, nonce, now_ms, &mut acts)?,
        }
        self.advance(now_ms, &mut acts)?;
        self.catch_up(now_ms, &mut acts)?;
        self.climb(now_ms, &mut acts);
        if now_ms.saturating_sub(self.told_ms) >= waits.tip_ms() {
            self.told_ms = now_ms;
            acts.push(Act::Broadcast { bytes: self.tip().encoded() });
        }
        for (peer, hashes) in self.ahead.ask(self.best.work, waits, now_ms) {
            let hashes = hashes.into_iter().map(|hash| hash.0).collect();
            acts.push(send(peer, &Message::GetBodies { hashes }));
        }
        self.mine(now_ms, &mut acts)?;
        Ok(acts)
    }

    fn tip(&self) -> Message {
        let Tip { hash, height, work } = self.chain.best();
        Message::Tip { hash: hash.0, height: height.0, work: work.to_be_bytes() }
    }

    fn receive(&mut self, peer: Peer, message: Message, now_ms: u64, acts: &mut Acts) -> Result<(), Fatal> {
        if !self.peers.contains_key(&peer) {
            return Ok(());
        }
        match message {
            Message::Tip { hash, height, work } => {
                let hash = B256::from(hash);
                if let Some(known) = self.peers.get_mut(&peer) {
                    (known.tip, known.height, known.work) = (hash, height, U256::from_be_bytes(work));
                }
                self.ahead.told(&hash, peer);
            }
            Message::GetHeaders { locator } => {
                let locator: Vec<_> = locator.into_iter().map(B256::from).collect();
                let found = headers_after(&*self.chain, &locator, HEADERS_MAX)?;
                let headers = found.iter().map(alloy_rlp::encode).collect();
                acts.push(send(peer, &Message::Headers { headers }));
            }
            Message::Headers { headers } => self.headers(peer, &headers, now_ms, acts)?,
            Message::GetBodies { hashes } => {
                let mut served = 0usize;
                for hash in hashes {
                    if served > SERVED_BYTES_MAX {
                        break;
                    }
                    if let Some(block) = self.chain.body(&B256::from(hash))? {
                        served = served.saturating_add(block.len());
                        acts.push(send(peer, &Message::Body { block }));
                    }
                }
            }
            Message::Body { block } => self.body(peer, block, now_ms, acts)?,
        }
        Ok(())
    }

    fn body(&mut self, peer: Peer, bytes: Vec<u8>, now_ms: u64, acts: &mut Acts) -> Result<(), Fatal> {
        let Ok(block) = Block::decode(&mut &*bytes) else {
            acts.push(Act::Blame { peer, why: "not a block".to_owned() });
            return Ok(());
        };
        let hash = block.header.hash_slow();
        if self.ahead.get(&hash).is_none() {
            if self.climb.wants(&hash) {
                return self.climbed(peer, (hash, &block), bytes, now_ms, acts);
            }
            // Late, or not asked for: nothing is kept.
            return Ok(());
        }
        match check_body(self.chain.chain_id(), &hash, &block) {
            Ok(()) => self.ahead.arrived(hash, peer, bytes),
            Err(error) => {
                self.ahead.wrong(&hash, peer);
                acts.push(Act::Blame { peer, why: format!("block {}: {error}", block.header.number) });
            }
        }
        Ok(())
    }

    /// Gives the chain what is ready, in order, and brings everything in line with its tip.
    fn advance(&mut self, now_ms: u64, acts: &mut Acts) -> Result<(), Fatal> {
        let from = self.best;
        let mut how = None;
        for _ in 0..INSERTS_MAX {
            let Some((hash, peer, bytes)) = self.ahead.ready() else { break };
            match self.chain.insert(&bytes, now_ms)? {
                moved @ (Inserted::Extended | Inserted::Reorganised { .. }) => {
                    self.ahead.remove(&hash);
                    how = Some(and_then(how, moved));
                }
                Inserted::Side | Inserted::Known => self.ahead.remove(&hash),
                Inserted::Orphan(_) | Inserted::TooDeep { .. } => self.ahead.cut(&hash),
                Inserted::Invalid(why) => {
                    self.condemn(hash);
                    self.ahead.cut(&hash);
                    acts.push(Act::Blame { peer, why });
                }
            }
        }
        self.align(from, how, now_ms, acts)
    }

    fn condemn(&mut self, hash: B256) {
        if self.invalid.len() >= INVALID_MAX {
            self.invalid.pop_front();
        }
        self.invalid.push_back(hash);
    }

    /// Notes a new best tip, whoever moved it, and tells of it.
    fn align(&mut self, from: Tip, how: Option<Inserted>, now_ms: u64, acts: &mut Acts) -> Result<(), Fatal> {
        let best = self.chain.best();
        if best == from {
            return Ok(());
        }
        self.best = best;
        self.jobs.clear();
        self.stale = true;
        self.raise()?;
        acts.push(Act::Moved { tip: best, how: how.unwrap_or(Inserted::Extended) });
        let Some(header) = self.chain.header(&best.hash)? else { return Ok(()) };
        let behind_secs = (now_ms / 1_000).saturating_sub(header.timestamp);
        if behind_secs > self.chain.rules().half_life_secs() {
            // Catching up: an old block is news to nobody. Peers hear of our tip now and then.
            return Ok(());
        }
        let bytes = Message::Headers { headers: vec![alloy_rlp::encode(&header)] }.encoded();
        for (peer, known) in &mut self.peers {
            if known.tip != best.hash {
                known.tip = best.hash;
                acts.push(Act::Send { peer: *peer, bytes: bytes.clone() });
            }
        }
        Ok(())
    }

    fn solved(&mut self, job: u64, nonce: u64, now_ms: u64, acts: &mut Acts) -> Result<(), Fatal> {
        let Some((_, block)) = self.jobs.iter().find(|(id, _)| *id == job) else { return Ok(()) };
        let mut block = block.clone();
        block.header.nonce = nonce.to_be_bytes().into();
        if !is_solved(&block.header) {
            return Err(Fatal(format!("the miner says {nonce} solves job {job}, which it does not")));
        }
        let from = self.best;
        let height = block.header.number;
        let bytes = self.chain.seal(block)?;
        match self.chain.insert(&bytes, now_ms)? {
            how @ (Inserted::Extended | Inserted::Reorganised { .. }) => {
                self.align(from, Some(how), now_ms, acts)
            }
            Inserted::Invalid(why) => {
                Err(Fatal(format!("block {height}, built here, does not apply: {why}")))
            }
            _ => Ok(()),
        }
    }

    /// Keeps a job on the best tip.
    fn mine(&mut self, now_ms: u64, acts: &mut Acts) -> Result<(), Fatal> {
        let age_ms = now_ms.saturating_sub(self.job_ms);
        let due = match self.jobs.is_empty() {
            true => self.stale || age_ms >= JOB_MS_MIN,
            false => age_ms >= JOB_MS_MAX || (self.stale && age_ms >= JOB_MS_MIN),
        };
        if !self.mines || !due {
            return Ok(());
        }
        self.stale = false;
        self.job_ms = now_ms;
        let covered = self.chain.rules().covers(self.best.height.next());
        let template = if covered { self.chain.template(now_ms)? } else { None };
        let Some(block) = template else {
            self.jobs.clear();
            if std::mem::take(&mut self.mining) {
                acts.push(Act::StopMining);
            }
            return Ok(());
        };
        self.next_job = self.next_job.saturating_add(1);
        self.mining = true;
        let (id, header) = (self.next_job, block.header.clone());
        if self.jobs.len() >= JOBS_MAX {
            self.jobs.pop_front();
        }
        self.jobs.push_back((id, block));
        acts.push(Act::Mine(Box::new(Job { id, target: target(header.difficulty), header })));
        Ok(())
    }
}
