//! Starts the engine that the chain asks for, and exchanges engines when the members decide so, without a restart.
//!
//! After every block the ledger says what has to run. Between two engines nothing runs, and the ledger alone says where the chain is;
//! so a crash between any two steps is a restart like any other.
//!
//! A node that was away while engines changed finds nobody in its old engine. So nodes ask each other now and then where they are;
//! one that stays behind what committees have decided elsewhere takes the blocks one by one, each judged as if it had come from the
//! engine. What peers say of where they are stops nothing: engines rest for blocks that our own committee signed, and no others.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use parking_lot::Mutex;
use polity_bft::BftConfig;
use polity_consensus::bft::Key;
use polity_ledger::{Followed, Ledger, Plan, Pursuit};
use polity_network::{NetworkHandle, PeerId};
use polity_primitives::{B256, Height};
use polity_work::MinerConfig;
use tokio::{
    sync::{oneshot, watch},
    task::JoinSet,
};
use tracing::{info, warn};

use crate::{
    blocks::{self, Fetched, PeerStatus},
    engines::Engines,
    run::NodeError,
    words::{self, Numbers},
};

/// How often it is looked whether everything runs as it should.
const TICK: Duration = Duration::from_millis(250);
/// How often peers are asked where they are.
const ASK: Duration = Duration::from_secs(1);
/// How long to stay behind what others have decided, without a block, before their blocks are followed one by one.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long a peer is not followed after it led nowhere.
const IGNORED: Duration = Duration::from_secs(30);
/// Blocks behind the highest peer at which a node counts as level with it.
const LEVEL: u64 = 2;
/// How long a node that came back is given to catch up before it writes anyway.
const CATCH_UP: Duration = Duration::from_secs(30);
/// How long a peer may take to say where it is.
const STATUS_TIME_MAX: Duration = Duration::from_secs(3);
/// How long a peer may take to give blocks, while no engine runs.
const BLOCKS_TIME_MAX: Duration = Duration::from_secs(6);

/// Makes the configuration of the committee's engine, as the chain is now.
pub(crate) type Configure = Box<dyn Fn() -> BftConfig + Send + Sync>;
/// Makes the chain as the committee's engine sees it.
pub(crate) type Apply = Box<dyn Fn() -> Box<dyn polity_consensus::Application> + Send + Sync>;

/// What the supervisor needs.
pub(crate) struct Parts {
    pub(crate) ledger: Ledger,
    pub(crate) network: Arc<NetworkHandle>,
    pub(crate) engines: Arc<Engines>,
    pub(crate) numbers: Arc<Numbers>,
    pub(crate) stretch: Arc<Mutex<Option<B256>>>,
    pub(crate) configure: Configure,
    pub(crate) apply: Apply,
    pub(crate) key: Option<Key>,
    pub(crate) miner: MinerConfig,
    /// Changes with every block.
    pub(crate) moved: watch::Receiver<()>,
}

pub(crate) struct Supervisor {
    parts: Parts,
    /// Peers the engine of work knows.
    present: Vec<PeerId>,
    statuses: BTreeMap<PeerId, PeerStatus>,
    ignored: BTreeMap<PeerId, Instant>,
    asked: Instant,
    /// Whether this node may write worked blocks: it hears others, or there are none.
    may_write: Arc<AtomicBool>,
    /// Since when peers answer; cleared when all are gone.
    heard: Option<Instant>,
    /// Whether it was level with a peer since then.
    level: bool,
    /// Since when the head stands still though others are further.
    behind: Option<(Height, Instant)>,
}

fn wall_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

impl Supervisor {
    /// Starts what the chain asks for.
    pub(crate) async fn start(parts: Parts) -> Result<Self, NodeError> {
        let mut supervisor = Self {
            parts,
            present: Vec::new(),
            statuses: BTreeMap::new(),
            ignored: BTreeMap::new(),
            asked: Instant::now(),
            may_write: Arc::new(AtomicBool::new(false)),
            heard: None,
            level: false,
            behind: None,
        };
        supervisor.fit().await?;
        Ok(supervisor)
    }

    /// Runs until told to stop, or an engine fails.
    pub(crate) async fn run(mut self, mut stop: oneshot::Receiver<()>) {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut moved = self.parts.moved.clone();
        loop {
            tokio::select! {
                _ = &mut stop => break,
                changed = moved.changed() => if changed.is_err() { break },
                _ = tick.tick() => {}
            }
            let step = async {
                self.fit().await?;
                self.watch()?;
                self.look_around().await
            };
            // A stop does not wait for a peer that is slow to answer.
            let done = tokio::select! {
                done = step => done,
                _ = &mut stop => break,
            };
            if let Err(error) = done {
                tracing::error!(%error, "node.engine.failed");
                self.parts.engines.fail(error.to_string());
                break;
            }
        }
        self.rest(Plan::REST).await;
    }

    /// Stops what `plan` does not ask for.
    async fn rest(&mut self, plan: Plan) {
        let running = self.parts.engines.now();
        if let Some(work) = running.work.filter(|_| plan.work != *self.parts.stretch.lock()) {
            self.parts.engines.change(|running| running.work = None);
            *self.parts.stretch.lock() = None;
            self.present.clear();
            let _ = tokio::task::spawn_blocking(move || work.join()).await;
        }
        if let Some(committee) = running.committee.filter(|_| !plan.committee) {
            self.parts.engines.change(|running| running.committee = None);
            committee.stop().await;
        }
    }

    /// Starts and stops engines as the chain asks for.
    async fn fit(&mut self) -> Result<(), NodeError> {
        let plan = self.parts.ledger.plan()?;
        self.fit_to(plan).await
    }

    /// Starts and stops engines until they are those of `plan`.
    async fn fit_to(&mut self, plan: Plan) -> Result<(), NodeError> {
        self.rest(plan).await;
        let running = self.parts.engines.now();
        if let (Some(anchor), None) = (plan.work, &running.work) {
            let chain = self.parts.ledger.work_chain(self.parts.key.clone());
            let chain = Box::new(chain.while_told(self.may_write.clone()));
            let say = words::speak(self.parts.network.clone(), self.parts.numbers.clone(), anchor);
            let work = polity_work::start(chain, self.parts.miner, self.parts.key.is_some(), say)
                .map_err(|error| NodeError::Stopped(error.to_string()))?;
            info!(%anchor, "node.engine.work");
            *self.parts.stretch.lock() = Some(anchor);
            self.parts.engines.change(|running| running.work = Some(Arc::new(work)));
        }
        if plan.committee && running.committee.is_none() {
            let config = (self.parts.configure)();
            let committee = polity_bft::start(config, (self.parts.apply)()).await?;
            info!(height = self.parts.ledger.head().height().0, "node.engine.bft");
            self.parts.engines.change(|running| running.committee = Some(Arc::new(committee)));
        }
        if let Some(work) = self.parts.engines.now().work {
            words::introduce(&work, &self.parts.numbers, &mut self.present, self.parts.network.peers());
        }
        Ok(())
    }

    /// Whether an engine stopped by itself.
    fn watch(&self) -> Result<(), NodeError> {
        let running = self.parts.engines.now();
        let failures = [
            running.committee.and_then(|committee| committee.status().failure),
            running.work.and_then(|work| polity_consensus::Engine::status(&*work).failure),
        ];
        match failures.into_iter().flatten().next() {
            Some(failure) => Err(NodeError::Stopped(failure)),
            None => Ok(()),
        }
    }

    /// Asks peers where they are, and follows if this node stays behind.
    async fn look_around(&mut self) -> Result<(), NodeError> {
        if self.asked.elapsed() < ASK {
            return Ok(());
        }
        self.asked = Instant::now();
        let mut asking = JoinSet::new();
        for peer in self.parts.network.peers() {
            let network = self.parts.network.clone();
            asking.spawn(async move {
                let status = tokio::time::timeout(STATUS_TIME_MAX, blocks::status(&network, peer)).await;
                Some((peer, status.ok()??))
            });
        }
        self.statuses.clear();
        while let Some(answer) = asking.join_next().await {
            self.statuses.extend(answer.ok().flatten());
        }
        // Nobody has decided more than it has.
        let lies: Vec<PeerId> =
            self.statuses.iter().filter(|(_, at)| at.certified > at.height).map(|(peer, _)| *peer).collect();
        for peer in lies {
            self.statuses.remove(&peer);
            self.parts.network.blame(peer);
        }
        let highest = self.statuses.values().map(|status| status.height).max().unwrap_or(0);
        self.parts.engines.change(|running| running.peers_tip = highest);
        self.hear(highest);
        self.ignored.retain(|_, since| since.elapsed() < IGNORED);
        let peers = self.statuses.iter().filter(|(peer, _)| !self.ignored.contains_key(peer));
        let head = self.parts.ledger.head().height();
        let leaders: BTreeMap<PeerId, u64> = peers.map(|(peer, status)| (*peer, status.certified)).collect();
        if leaders.values().all(|certified| *certified <= head.0) {
            self.behind = None;
            return Ok(());
        }
        match self.behind {
            Some((at, since)) if at == head => {
                if since.elapsed() >= PATIENCE {
                    self.behind = None;
                    self.follow(leaders).await?;
                }
            }
            _ => self.behind = Some((head, Instant::now())),
        }
        Ok(())
    }

    /// Decides whether this node may write worked blocks. Who hears nobody would write a chain that nobody else sees, and bury it
    /// deep enough to call it final; so would who has just come back and has not caught up.
    fn hear(&mut self, highest: u64) {
        let alone = self.parts.ledger.head().committee.seats().len() == 1;
        if self.statuses.is_empty() {
            (self.heard, self.level) = (None, false);
        } else {
            let since = *self.heard.get_or_insert_with(Instant::now);
            // Nobody is kept from writing for long by a peer that only claims to be further.
            self.level |= highest <= self.parts.ledger.head().height().0.saturating_add(LEVEL)
                || since.elapsed() >= CATCH_UP;
        }
        self.may_write.store(alone || self.level, Ordering::Release);
    }

    /// Takes blocks of `leaders`, one peer after the other, up to what committees have decided there, as they say.
    async fn follow(&mut self, leaders: BTreeMap<PeerId, u64>) -> Result<(), NodeError> {
        let ledger = self.parts.ledger.clone();
        let mut pursuit = Pursuit::new(leaders);
        while let Some((peer, from)) = pursuit.next(&ledger) {
            // Who was asked before may have been left while engines rested.
            self.fit_pursuit(&pursuit, from).await?;
            let asked = Instant::now();
            let batch = self.fetch(peer, from).await;
            if batch.is_empty() {
                warn!(%peer, %from, "node.following.nothing");
                pursuit.leave();
                continue;
            }
            pursuit.give(batch, u64::try_from(asked.elapsed().as_millis()).unwrap_or(u64::MAX));
            loop {
                let taking = ledger.clone();
                let taken = tokio::task::spawn_blocking(move || {
                    let taken = pursuit.take(&taking, wall_ms());
                    (pursuit, taken)
                });
                let (back, taken) = taken.await.map_err(|error| NodeError::Stopped(error.to_string()))?;
                pursuit = back;
                let taken = taken?;
                self.fit_pursuit(&pursuit, from).await?;
                if taken == Followed::Waits {
                    info!(%peer, %from, "node.following");
                    continue;
                }
                self.note(peer, taken);
                break;
            }
        }
        self.ignored.extend(pursuit.left().iter().map(|peer| (*peer, Instant::now())));
        self.parts.engines.change(|running| running.following = None);
        self.fit().await
    }

    /// Starts and stops engines as `pursuit` asks for, which is at block `from`.
    async fn fit_pursuit(&mut self, pursuit: &Pursuit<PeerId>, from: Height) -> Result<(), NodeError> {
        let plan = pursuit.plan(&self.parts.ledger)?;
        self.parts.engines.change(|running| running.following = (plan == Plan::REST).then_some(from.0));
        self.fit_to(plan).await?;
        self.watch()
    }

    /// Remembers what became of the blocks of `peer`.
    fn note(&self, peer: PeerId, taken: Followed) {
        let refused = match taken {
            Followed::Taken | Followed::Known | Followed::Waits => None,
            Followed::Apart(reason) => Some(reason),
            Followed::Refused(reason) => {
                self.parts.network.blame(peer);
                Some(reason)
            }
        };
        let trouble = refused.map(|reason| {
            warn!(%peer, reason, "node.following.refused");
            format!("the blocks that others have decided are refused: {reason}")
        });
        self.parts.engines.change(|running| running.refused = trouble);
    }

    async fn fetch(&self, peer: PeerId, from: Height) -> Vec<Fetched> {
        let blocks = blocks::fetch(&self.parts.network, peer, from);
        tokio::time::timeout(BLOCKS_TIME_MAX, blocks).await.ok().flatten().unwrap_or_default()
    }
}
