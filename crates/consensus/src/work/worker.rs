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
use polity_primitives::{B256, Block, Header, Height, U256};

use super::{
    Chain, HEADERS_MAX, HeaderError, Inserted, Message, Rules, Tip, ahead::Ahead, check_body, check_header,
    headers_after, is_solved, locator, orphans::Orphans, target,
};
use crate::Fatal;

/// Most peers; of more the driver drops some.
pub const PEERS_MAX: usize = 1_024;
/// How often peers are told our tip, so that what was lost is made up for. Units: milliseconds.
const TIP_MS: u64 = 5_000;
/// After so long a question for headers may be put again. Units: milliseconds.
const HEADERS_MS_MAX: u64 = 5_000;
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
/// How long a peer whose chain forks off below our floor is not asked again. Units: milliseconds.
const FORKED_MS: u64 = 30_000;

/// A peer, by a number that the driver gives it for as long as it is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Peer(pub u64);

/// What happens to the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The node starts, or switches to this engine.
    Start,
    /// Time passed. The driver sends one at least every half second.
    Tick,
    /// A peer connected.
    Joined(Peer),
    /// A peer is gone.
    Left(Peer),
    /// Bytes of a peer.
    Received {
        /// Whose.
        peer: Peer,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// The miner found a nonce.
    Solved {
        /// Of which job.
        job: u64,
        /// The nonce.
        nonce: u64,
    },
    /// There may be something new to write, or the chain moved without the engine.
    Wake,
}

/// A header to find a nonce for. It replaces the job before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its number; numbers rise.
    pub id: u64,
    /// The header with nonce 0.
    pub header: Header,
    /// The work hash must be at most this.
    pub target: U256,
}

/// What the engine wants done, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Send bytes to a peer.
    Send {
        /// To whom.
        peer: Peer,
        /// The bytes: a [`Message`].
        bytes: Vec<u8>,
    },
    /// Send bytes to all peers.
    Broadcast {
        /// The bytes: a [`Message`].
        bytes: Vec<u8>,
    },
    /// Look for a nonce of this header instead of the one before.
    Mine(Job),
    /// Look for none.
    StopMining,
    /// The peer broke the protocol: what it sent is invalid by its own bytes. The driver drops it, or counts.
    Blame {
        /// Who.
        peer: Peer,
        /// What it did.
        why: String,
    },
    /// The best chain changed.
    Moved {
        /// Its new end.
        tip: Tip,
        /// How: [`Inserted::Extended`] or [`Inserted::Reorganised`].
        how: Inserted,
    },
}

/// What the engine is doing, for `polity status`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Peers connected.
    pub peers: usize,
    /// The highest tip whose headers are proven here, ours or not.
    pub peers_tip: Height,
    /// The height being mined.
    pub mining: Option<Height>,
    /// Difficulty of it.
    pub difficulty: U256,
    /// Blocks whose headers are known and whose bodies are not.
    pub missing: usize,
    /// A heavier chain that forks off below our floor: its tip's height as its peer claims, and our floor. The operator must decide.
    pub refused: Option<(Height, Height)>,
}

/// What is known of a peer.
#[derive(Clone, Debug, Default)]
struct Known {
    /// The last tip it told us, or we told it.
    tip: B256,
    /// The height it claims, and the accumulated difficulty.
    height: u64,
    work: U256,
    /// When it was asked for headers, if it has not answered.
    asked_ms: Option<u64>,
    /// Its chain forks off below our floor; it is not asked until then.
    forked_until_ms: u64,
}

/// What became of a header.
enum Taken {
    /// New and checked.
    New,
    /// Known already.
    Known,
    /// Its parent is not known.
    Orphan,
    /// Not now: early, or there is no room.
    NotNow,
    /// Forks off below the floor.
    TooDeep,
    /// Invalid.
    Invalid(String),
}

/// The work engine of one node.
pub struct Worker {
    chain: Box<dyn Chain>,
    mines: bool,
    peers: BTreeMap<Peer, Known>,
    ahead: Ahead,
    orphans: Orphans,
    invalid: VecDeque<B256>,
    /// The tip that everything here was last brought in line with.
    best: Tip,
    /// Jobs on the best tip, the newest last, and when that was made.
    jobs: VecDeque<(u64, Block)>,
    job_ms: u64,
    next_job: u64,
    stale: bool,
    mining: bool,
    told_ms: u64,
    refused: Option<(Height, Height)>,
}

impl core::fmt::Debug for Worker {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Worker").field("best", &self.chain.best()).finish_non_exhaustive()
    }
}

type Acts = Vec<Act>;

fn send(peer: Peer, message: &Message) -> Act {
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
        let best = chain.best();
        Self {
            chain,
            mines,
            peers: BTreeMap::new(),
            ahead: Ahead::default(),
            orphans: Orphans::default(),
            invalid: VecDeque::new(),
            best,
            jobs: VecDeque::new(),
            job_ms: 0,
            next_job: 0,
            stale: true,
            mining: false,
            told_ms: 0,
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
        if now_ms.saturating_sub(self.told_ms) >= TIP_MS {
            self.told_ms = now_ms;
            acts.push(Act::Broadcast { bytes: self.tip().encoded() });
        }
        for (peer, hashes) in self.ahead.ask(self.best.work, now_ms) {
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
            Message::Body { block } => self.body(peer, block, acts),
        }
        Ok(())
    }

    /// Asks peers that claim more than what is known here for headers. What they claim costs them nothing and us one question.
    fn catch_up(&mut self, now_ms: u64, acts: &mut Acts) -> Result<(), Fatal> {
        let waiting = self.ahead.heaviest();
        let known = waiting.map_or(self.best.work, |(work, _)| work.max(self.best.work));
        let claim = |(peer, claimed): (&Peer, &Known)| (claimed.work > known).then_some(*peer);
        let ahead: Vec<_> = self.peers.iter().filter_map(claim).collect();
        for peer in ahead {
            self.ask_headers(peer, waiting.map(|(_, hash)| hash), now_ms, acts)?;
        }
        Ok(())
    }

    /// Asks for headers after the best chain, or after a header just received.
    fn ask_headers(
        &mut self,
        peer: Peer,
        after: Option<B256>,
        now_ms: u64,
        acts: &mut Acts,
    ) -> Result<(), Fatal> {
        let Some(known) = self.peers.get_mut(&peer) else { return Ok(()) };
        let waits = known.asked_ms.is_some_and(|at| now_ms.saturating_sub(at) < HEADERS_MS_MAX);
        if waits || now_ms < known.forked_until_ms || !self.ahead.has_room() {
            return Ok(());
        }
        known.asked_ms = Some(now_ms);
        let mut hashes: Vec<_> = after.into_iter().chain(locator(&*self.chain)?).map(|hash| hash.0).collect();
        if hashes.len() > super::LOCATOR_MAX {
            // The anchor, which is last, is where answers begin anyway.
            hashes.truncate(super::LOCATOR_MAX);
        }
        acts.push(send(peer, &Message::GetHeaders { locator: hashes }));
        Ok(())
    }

    fn headers(
        &mut self,
        peer: Peer,
        encoded: &[Vec<u8>],
        now_ms: u64,
        acts: &mut Acts,
    ) -> Result<(), Fatal> {
        let mut headers = Vec::with_capacity(encoded.len());
        for bytes in encoded {
            let mut rest = &**bytes;
            let Ok(header) = Header::decode(&mut rest) else {
                acts.push(Act::Blame { peer, why: "not a header".to_owned() });
                return Ok(());
            };
            let hash = header.hash_slow();
            if !rest.is_empty()
                || headers.last().is_some_and(|(parent, _): &(B256, Header)| *parent != header.parent_hash)
            {
                acts.push(Act::Blame { peer, why: "headers that do not follow each other".to_owned() });
                return Ok(());
            }
            headers.push((hash, header));
        }
        let Some(last) = headers.last().map(|(hash, _)| *hash) else {
            return Ok(());
        };
        let count = headers.len();
        if let Some(known) = self.peers.get_mut(&peer) {
            known.tip = last;
        }
        for (hash, header) in headers {
            let taken = self.take(peer, hash, &header, now_ms)?;
            // A question that brought nothing new is not put again at once.
            if matches!(taken, Taken::New) {
                self.answered(peer);
            }
            match taken {
                Taken::New => self.adopt(hash, now_ms, acts)?,
                Taken::Known => {}
                Taken::Orphan => {
                    self.orphans.keep(peer, header);
                    return self.ask_headers(peer, None, now_ms, acts);
                }
                Taken::NotNow => return Ok(()),
                Taken::TooDeep => {
                    let floor = self.chain.floor().height;
                    if let Some(known) = self.peers.get_mut(&peer) {
                        self.refused = Some((Height(known.height.max(header.number)), floor));
                        known.forked_until_ms = now_ms.saturating_add(FORKED_MS);
                        known.work = U256::ZERO;
                    }
                    return Ok(());
                }
                Taken::Invalid(why) => {
                    acts.push(Act::Blame { peer, why });
                    return Ok(());
                }
            }
        }
        if count == HEADERS_MAX {
            self.ask_headers(peer, Some(last), now_ms, acts)?;
        }
        Ok(())
    }

    fn answered(&mut self, peer: Peer) {
        if let Some(known) = self.peers.get_mut(&peer) {
            known.asked_ms = None;
        }
    }

    /// Takes the headers that waited for `parent`, and those that waited for them.
    fn adopt(&mut self, parent: B256, now_ms: u64, acts: &mut Acts) -> Result<(), Fatal> {
        let mut parents = vec![parent];
        while let Some(parent) = parents.pop() {
            for (peer, header) in self.orphans.adopt(&parent) {
                let hash = header.hash_slow();
                match self.take(peer, hash, &header, now_ms)? {
                    Taken::New => parents.push(hash),
                    Taken::Invalid(why) => acts.push(Act::Blame { peer, why }),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Checks a header and keeps it until its body is here.
    fn take(&mut self, peer: Peer, hash: B256, header: &Header, now_ms: u64) -> Result<Taken, Fatal> {
        if self.ahead.get(&hash).is_some() {
            self.ahead.told(&hash, peer);
            return Ok(Taken::Known);
        }
        if self.chain.header(&hash)?.is_some() {
            return Ok(Taken::Known);
        }
        if self.invalid.contains(&hash) || self.invalid.contains(&header.parent_hash) {
            return Ok(Taken::Invalid(format!(
                "block {} is invalid, or stands on one that is",
                header.number
            )));
        }
        let waiting = self.ahead.get(&header.parent_hash).map(|(parent, work)| (parent.clone(), work));
        let (parent, work) = match waiting {
            Some(parent) => parent,
            None => match (self.chain.header(&header.parent_hash)?, self.chain.work(&header.parent_hash)?) {
                (Some(parent), Some(work)) => (parent, work),
                (Some(_), None) => return Ok(Taken::TooDeep),
                (None, _) => return Ok(Taken::Orphan),
            },
        };
        // A branch may not have enacted what ends ours; the chain judges that when it executes the block.
        let rules = Rules { until: None, ..self.chain.rules() };
        let past = self.past(&rules, &parent, &header.parent_hash)?;
        Ok(match check_header(&rules, &parent, &header.parent_hash, &past, header, now_ms) {
            Ok(()) => {
                let work = work.saturating_add(header.difficulty);
                if self.ahead.add(hash, header.clone(), work, peer) { Taken::New } else { Taken::NotNow }
            }
            Err(HeaderError::Early { .. }) => Taken::NotNow,
            Err(error) => Taken::Invalid(format!("header {}: {error}", header.number)),
        })
    }

    /// Timestamps of a block and those before it, the youngest first.
    fn past(&self, rules: &Rules, block: &Header, hash: &B256) -> Result<Vec<u64>, Fatal> {
        let span = rules.median_span(Height(block.number));
        let (mut past, mut parent) = (vec![block.timestamp], block.parent_hash);
        debug_assert!(*hash != parent, "no block is its own parent");
        while past.len() < span {
            let header = match self.ahead.get(&parent) {
                Some((header, _)) => header.clone(),
                None => match self.chain.header(&parent)? {
                    Some(header) => header,
                    None => {
                        return Err(Fatal(format!(
                            "block {parent}, below a block that is kept, is not here"
                        )));
                    }
                },
            };
            past.push(header.timestamp);
            parent = header.parent_hash;
        }
        Ok(past)
    }

    fn body(&mut self, peer: Peer, bytes: Vec<u8>, acts: &mut Acts) {
        let Ok(block) = Block::decode(&mut &*bytes) else {
            acts.push(Act::Blame { peer, why: "not a block".to_owned() });
            return;
        };
        let hash = block.header.hash_slow();
        if self.ahead.get(&hash).is_none() {
            // Late, or not asked for: nothing is kept.
            return;
        }
        match check_body(self.chain.chain_id(), &hash, &block) {
            Ok(()) => self.ahead.arrived(hash, peer, bytes),
            Err(error) => {
                self.ahead.wrong(&hash, peer);
                acts.push(Act::Blame { peer, why: format!("block {}: {error}", block.header.number) });
            }
        }
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
        self.ahead.raise(self.chain.floor().height.0);
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
        acts.push(Act::Mine(Job { id, target: target(header.difficulty), header }));
        Ok(())
    }
}
