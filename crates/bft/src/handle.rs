//! Starting, promoting and stopping.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use malachitebft_engine::network::{Msg as NetworkMsg, PersistentPeersOp};
use polity_consensus::{
    Application, Engine, Status,
    bft::{Gate, Heard, Host, Key, Signer, Verifier, Watch, signed_vote},
};
use tokio::{
    sync::{Notify, mpsc, watch},
    task::JoinHandle,
};
use tracing::{error, info, warn};

use crate::{
    BftConfig, Error, Guard, Peer,
    actors::{Actors, Input, Part},
    config,
    driver::Driver,
    guard,
    shared::{Shared, lock},
};

/// Most questions that wait for the driver.
const INPUTS_MAX: usize = 4096;
/// How often it is checked whether peers hear us.
const CHECK: Duration = Duration::from_secs(1);
/// How many checks in a row must say that they do not, before connections are made anew; twice as many each time.
const MUTE_CHECKS: u32 = 4;
/// Most of it.
const MUTE_CHECKS_MAX: u32 = 64;
/// How long peers are given to notice that we are gone.
const APART: Duration = Duration::from_secs(1);

/// What ends or changes a run of the actors.
#[derive(Debug)]
pub(crate) enum Control {
    /// This observer may sign now.
    Promote,
    /// Peers do not hear us.
    Reconnect,
    /// A fatal error: nothing is signed any more.
    Failed(String),
    /// Other peers.
    Peers(Vec<Peer>),
    /// The handle was told to stop.
    Stop,
}

/// A running engine. Dropping it stops the engine.
#[derive(Debug)]
pub struct BftHandle {
    shared: Arc<Shared>,
    control: mpsc::Sender<Control>,
    status: watch::Receiver<Status>,
    supervisor: Mutex<Option<JoinHandle<()>>>,
}

impl BftHandle {
    /// What the engine is doing; changes can be awaited.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// What the engine is doing now.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    /// Says that there may be something to write: a transaction entered the mempool. Cheap; never waits.
    pub fn wake(&self) {
        self.shared.wake.notify_one();
    }

    /// Replaces the peers that may connect: the members changed. Those no longer among them are disconnected.
    pub async fn set_peers(&self, peers: Vec<Peer>) {
        let _ = self.control.send(Control::Peers(peers)).await;
    }

    /// Stops and waits until the network, the log and the application are let go.
    pub async fn stop(&self) {
        Engine::stop(self);
        self.join().await;
    }

    /// Waits until the engine ends, by [`Self::stop`] or by itself; then [`Status::failure`] says why.
    pub async fn join(&self) {
        let supervisor = lock(&self.supervisor).take();
        if let Some(supervisor) = supervisor {
            let _ = supervisor.await;
        } else {
            let mut status = self.watch();
            while status.changed().await.is_ok() {}
        }
    }
}

impl Engine for BftHandle {
    fn name(&self) -> &'static str {
        "bft"
    }

    fn status(&self) -> Status {
        Self::status(self)
    }

    fn wake(&self) {
        Self::wake(self);
    }

    fn stop(&self) {
        self.shared.halt("the node is stopping");
        let _ = self.control.try_send(Control::Stop);
    }
}

impl Drop for BftHandle {
    fn drop(&mut self) {
        Engine::stop(self);
    }
}

/// Starts the engine for `app` on the current tokio runtime.
///
/// A validator whose key is new must be declared so once, by [`Guard::create`]; otherwise its key counts as one that may have
/// signed before, and a network of such validators does not begin.
///
/// # Errors
/// [`Error`] if the configuration, the log or the signing record is unusable, or the library does not start.
pub async fn start(config: BftConfig, app: Box<dyn Application>) -> Result<BftHandle, Error> {
    let key = config.consensus_secret.map(Key::new).transpose()?;
    config::keypair(config.peer_secret)?;
    let (chain_id, tip) = (app.chain_id(), app.tip());
    let guard = match &key {
        Some(key) => Some(Guard::open(&config.home, key.address(), tip)?),
        None => None,
    };
    let host = Host::new(app, key.clone())?;
    let may_sign = guard.as_ref().and_then(Guard::floor).is_some_and(|floor| tip.next() >= floor);
    let shared = Arc::new(Shared {
        watch: Mutex::new(Watch::new(chain_id)),
        guard: guard.map(Mutex::new),
        halted: Mutex::new(None),
        wake: Notify::new(),
    });
    let wals = (guard::wal_path(&config.home), guard::observer_wal_path(&config.home));
    guard::remove_unmade(&wals.1)?;
    let (control, orders) = mpsc::channel(16);
    let (publish, status) = watch::channel(Status::default());
    let (inputs, to_driver) = mpsc::channel(INPUTS_MAX);
    let me = key.as_ref().map(Key::address);
    let driver = Driver::new(host, me, config.timing, shared.clone(), control.clone(), publish.clone());
    let supervisor = Supervisor {
        wals,
        config,
        chain_id,
        key,
        shared: shared.clone(),
        inputs,
        publish,
        validator: may_sign,
    };
    let actors = supervisor.actors().await?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(|source| Error::File { path: PathBuf::from("(driver thread)"), source })?;
    let thread = std::thread::Builder::new()
        .name("polity-bft".to_owned())
        .spawn(move || runtime.block_on(driver.run(to_driver)))
        .map_err(|source| Error::File { path: PathBuf::from("(driver thread)"), source })?;
    let supervisor = tokio::spawn(supervisor.run(actors, orders, thread));
    Ok(BftHandle { shared, control, status, supervisor: Mutex::new(Some(supervisor)) })
}

/// Owns the actors.
struct Supervisor {
    config: BftConfig,
    chain_id: u64,
    key: Option<Key>,
    shared: Arc<Shared>,
    inputs: mpsc::Sender<Input>,
    publish: watch::Sender<Status>,
    /// Whether the actors sign.
    validator: bool,
    /// The logs of a validator and of an observer.
    wals: (PathBuf, PathBuf),
}

type Running = (Actors, mpsc::Receiver<()>);

impl Supervisor {
    /// The library's view of this node: what signs, what verifies, which log.
    fn part(&self) -> Part<'_> {
        let heard: Heard = {
            let shared = self.shared.clone();
            Arc::new(move |vote, signature| {
                if let Some(vote) = signed_vote(vote, signature) {
                    lock(&shared.watch).verified(&vote);
                }
            })
        };
        let gate: Gate = {
            let shared = self.shared.clone();
            Arc::new(move |height| shared.may_sign(height))
        };
        let key = self.key.as_ref();
        let signer = key.filter(|_| self.validator);
        let signer = signer.map(|key| Signer::new(self.chain_id, key.clone(), gate, heard.clone()));
        let wal = if signer.is_some() { &self.wals.0 } else { &self.wals.1 };
        Part {
            chain_id: self.chain_id,
            key,
            signer,
            verifier: Box::new(Verifier::new(self.chain_id, heard)),
            wal,
        }
    }

    async fn actors(&self) -> Result<Running, Error> {
        let (ended, has_ended) = mpsc::channel(1);
        let actors = Actors::start(&self.config, self.part(), self.inputs.clone(), ended).await?;
        let _ = self.inputs.send(Input::Linked(actors.links.clone())).await;
        Ok((actors, has_ended))
    }

    /// From observer to validator.
    async fn promote(&mut self, actors: &mut Actors) -> Result<(), Error> {
        info!("this validator signs from now on");
        self.validator = true;
        let inputs = &self.inputs;
        let unlinked = async { drop(inputs.send(Input::Unlinked { disconnected: false }).await) };
        actors.exchange(self.part(), unlinked).await?;
        let _ = self.inputs.send(Input::Linked(actors.links.clone())).await;
        Ok(())
    }

    /// Closes all connections, and begins anew when the peers have noticed.
    async fn reconnect(&self, actors: Actors) -> Result<Running, Error> {
        warn!("peers are connected but do not hear this node; its connections are made anew");
        actors.stop().await;
        let _ = self.inputs.send(Input::Unlinked { disconnected: true }).await;
        tokio::time::sleep(APART).await;
        self.actors().await
    }

    async fn run(
        mut self,
        mut running: Running,
        mut orders: mpsc::Receiver<Control>,
        thread: std::thread::JoinHandle<()>,
    ) {
        let mut checks = tokio::time::interval(CHECK);
        checks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let (mut mute, mut patience) = (0, MUTE_CHECKS);
        let stopped = || Control::Failed("the consensus library stopped; its log says why".to_owned());
        let failure = loop {
            let (actors, has_ended) = &mut running;
            let order = tokio::select! {
                order = orders.recv() => order.unwrap_or(Control::Stop),
                _ = has_ended.recv() => stopped(),
                () = actors.ended() => stopped(),
                _ = checks.tick() => {
                    mute = if actors.is_mute().await { mute + 1 } else { 0 };
                    if mute < patience {
                        continue;
                    }
                    (mute, patience) = (0, (patience * 2).min(MUTE_CHECKS_MAX));
                    Control::Reconnect
                }
            };
            match order {
                Control::Stop => break None,
                Control::Failed(reason) => break Some(reason),
                Control::Peers(peers) => {
                    if let Err(e) = self.exchange_peers(actors, peers) {
                        error!("the peers stay as they are: {e}");
                    }
                }
                Control::Reconnect => match self.reconnect(running.0).await {
                    Ok(next) => running = next,
                    Err(e) => return self.end(None, Some(e.to_string()), thread).await,
                },
                Control::Promote if self.validator => {}
                Control::Promote => {
                    if let Err(e) = self.promote(actors).await {
                        break Some(e.to_string());
                    }
                }
            }
        };
        self.end(Some(running.0), failure, thread).await;
    }

    async fn end(self, actors: Option<Actors>, failure: Option<String>, thread: std::thread::JoinHandle<()>) {
        if let Some(reason) = &failure {
            self.shared.halt(reason);
        }
        let failure = failure.and_then(|_| lock(&self.shared.halted).clone());
        if let Some(actors) = actors {
            actors.stop().await;
        }
        let _ = self.inputs.send(Input::Close).await;
        let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        self.publish.send_modify(|status| {
            status.signing = false;
            status.failure = status.failure.take().or_else(|| match (failure, &status.trouble) {
                (Some(_), Some(trouble)) => Some(trouble.clone()),
                (failure, _) => failure,
            });
        });
    }

    fn exchange_peers(&mut self, actors: &Actors, peers: Vec<Peer>) -> Result<(), Error> {
        let own = config::keypair(self.config.peer_secret)?.public().to_peer_id();
        let (old, new) = (config::pinned(&self.config.peers, own)?, config::pinned(&peers, own)?);
        self.config.peers = peers;
        let gone = old.iter().filter(|at| !new.contains(at)).cloned().map(PersistentPeersOp::Remove);
        let come = new.iter().filter(|at| !old.contains(at)).cloned().map(PersistentPeersOp::Add);
        for op in gone.chain(come) {
            let (reply, _) = ractor::concurrency::oneshot();
            let _ = actors.links.network.cast(NetworkMsg::UpdatePersistentPeers(op, reply.into()));
        }
        Ok(())
    }
}
