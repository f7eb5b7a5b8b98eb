//! The thread that has the [`Worker`], and the handle to it.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, RecvTimeoutError, SyncSender, TrySendError},
    },
    thread::JoinHandle,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use polity_consensus::{
    Engine, Fatal, Status, Step, WorkStatus,
    work::{Act, Chain, Event, Inserted, Peer, Worker},
};
use polity_primitives::Height;
use tokio::sync::watch;
use tracing::{debug, error, info, warn};

use crate::miner::{Miner, MinerConfig};

/// Most events that wait for the driver; words of peers beyond are dropped.
const EVENTS_MAX: usize = 1_024;
/// How often the engine looks around though nothing happens.
const TICK: Duration = Duration::from_millis(250);
/// Over how long the hash rate is measured.
const RATE: Duration = Duration::from_secs(2);

/// What the engine has to say to the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Say {
    /// Send bytes to one peer, or to all.
    Send(Option<Peer>, Vec<u8>),
    /// The peer broke the protocol.
    Blame(Peer),
}

enum Input {
    Event(Event),
    Stop,
}

/// A running engine of work. Dropping it stops the engine.
#[derive(Debug)]
pub struct WorkHandle {
    inputs: SyncSender<Input>,
    woken: Arc<AtomicBool>,
    stopped: Arc<AtomicBool>,
    status: watch::Receiver<Status>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// Starts the engine on `chain`. `say` is called by the driver and must not wait.
///
/// With `mines` it looks for nonces within `config`; without, it only follows and serves.
///
/// # Errors
/// What the system says of new threads.
pub fn start(
    chain: Box<dyn Chain>,
    config: MinerConfig,
    mines: bool,
    say: impl Fn(Say) + Send + 'static,
) -> std::io::Result<WorkHandle> {
    let (inputs, queue) = mpsc::sync_channel(EVENTS_MAX);
    let (publish, status) = watch::channel(Status::default());
    let (woken, stopped) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let mines = mines && config.mines();
    let miner = {
        let inputs = inputs.clone();
        let config = if mines { config } else { MinerConfig { cpu: crate::CpuShare::NONE, ..config } };
        // A full queue loses a solution; the miner works on and the next job comes soon.
        Miner::start(config, move |job, nonce| {
            let _ = inputs.try_send(Input::Event(Event::Solved { job, nonce }));
        })?
    };
    let driver = Driver {
        worker: Worker::new(chain, mines),
        miner,
        say: Box::new(say),
        publish,
        woken: woken.clone(),
        stopped: stopped.clone(),
        rate: 0,
        measured: (Instant::now(), 0),
    };
    let thread =
        std::thread::Builder::new().name("polity-work".to_owned()).spawn(move || driver.run(&queue))?;
    Ok(WorkHandle { inputs, woken, stopped, status, thread: Mutex::new(Some(thread)) })
}

impl WorkHandle {
    /// A peer connected.
    pub fn joined(&self, peer: Peer) {
        self.tell(Event::Joined(peer));
    }

    /// A peer is gone.
    pub fn left(&self, peer: Peer) {
        self.tell(Event::Left(peer));
    }

    /// A peer said something.
    pub fn received(&self, peer: Peer, bytes: Vec<u8>) {
        self.tell(Event::Received { peer, bytes });
    }

    fn tell(&self, event: Event) {
        if let Err(TrySendError::Full(_)) = self.inputs.try_send(Input::Event(event)) {
            debug!("work.queue_full");
        }
    }

    /// What the engine is doing; changes can be awaited.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// Stops and waits until the chain is let go. Blocks for some milliseconds.
    pub fn join(&self) {
        Engine::stop(self);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

impl Engine for WorkHandle {
    fn name(&self) -> &'static str {
        "work"
    }

    fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    fn wake(&self) {
        if !self.woken.swap(true, Ordering::AcqRel) {
            self.tell(Event::Wake);
        }
    }

    fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        let _ = self.inputs.try_send(Input::Stop);
    }
}

impl Drop for WorkHandle {
    fn drop(&mut self) {
        Engine::stop(self);
    }
}

struct Driver {
    worker: Worker,
    miner: Miner,
    say: Box<dyn Fn(Say) + Send>,
    publish: watch::Sender<Status>,
    woken: Arc<AtomicBool>,
    stopped: Arc<AtomicBool>,
    rate: u64,
    measured: (Instant, u64),
}

fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

impl Driver {
    fn run(mut self, queue: &mpsc::Receiver<Input>) {
        let mut event = Event::Start;
        while !self.stopped.load(Ordering::Acquire) {
            if let Err(fatal) = self.take(event) {
                error!(%fatal, "the engine of work stops: nothing more is written here");
                self.miner.idle();
                self.publish.send_modify(|status| status.failure = Some(fatal.0));
                return;
            }
            event = match queue.recv_timeout(TICK) {
                Ok(Input::Event(event)) => event,
                Err(RecvTimeoutError::Timeout) => Event::Tick,
                Ok(Input::Stop) | Err(RecvTimeoutError::Disconnected) => break,
            };
        }
        self.miner.idle();
    }

    fn take(&mut self, event: Event) -> Result<(), Fatal> {
        if event == Event::Wake {
            self.woken.store(false, Ordering::Release);
        }
        for act in self.worker.handle(event, now_ms())? {
            match act {
                Act::Send { peer, bytes } => (self.say)(Say::Send(Some(peer), bytes)),
                Act::Broadcast { bytes } => (self.say)(Say::Send(None, bytes)),
                Act::Mine(job) => self.miner.work(*job),
                Act::StopMining => self.miner.idle(),
                Act::Blame { peer, why } => {
                    warn!(peer = peer.0, why, "a peer broke the protocol of work");
                    (self.say)(Say::Blame(peer));
                }
                Act::Moved { tip, how } => match how {
                    Inserted::Reorganised { undone, applied } => {
                        info!(height = tip.height.0, hash = %tip.hash, undone, applied, "another branch is heavier");
                    }
                    _ => info!(height = tip.height.0, hash = %tip.hash, "block worked"),
                },
            }
        }
        self.tell();
        Ok(())
    }

    /// Tells the watchers, if anything changed.
    fn tell(&mut self) {
        let (since, before) = self.measured;
        let elapsed = since.elapsed();
        if elapsed >= RATE {
            let hashes = self.miner.hashes();
            let tried = u128::from(hashes.saturating_sub(before)).saturating_mul(1_000);
            self.rate = u64::try_from(tried / elapsed.as_millis().max(1)).unwrap_or(u64::MAX);
            self.measured = (Instant::now(), hashes);
        }
        let (report, chain) = (self.worker.report(), self.worker.chain());
        let (best, floor, rules) = (chain.best(), chain.floor(), chain.rules());
        let refused = report.refused.map(|(height, floor)| {
            format!(
                "a heavier chain of height {height} was refused: it would undo block {floor}, which is final here. Compare with the \
                 other members which chain is theirs"
            )
        });
        let next = Status {
            height: report.mining.unwrap_or_else(|| best.height.next()),
            step: if report.mining.is_some() { Step::Mine } else { Step::Idle },
            peers: report.peers,
            peers_tip: report.peers_tip,
            tip: best.height,
            decided: Some(best.hash),
            signing: report.mining.is_some(),
            trouble: refused,
            work: Some(WorkStatus {
                hash_rate: self.rate,
                difficulty: report.difficulty,
                finalized: floor.height.max(Height(best.height.0.saturating_sub(rules.confirmations))),
                missing: report.missing,
            }),
            ..Status::default()
        };
        self.publish.send_if_modified(|status| {
            let changed = *status != next;
            if changed {
                *status = next;
            }
            changed
        });
    }
}
