//! The scheduler: nodes, their disks, the network between them, and one clock.
//!
//! One event at a time, in the order of virtual time and, within a microsecond, of when it was planned. An event calls one engine,
//! and the engine's acts are planned as further events. Nothing else happens, so a run is a function of its seed.

use std::{
    cmp::{Ordering, Reverse},
    collections::{BTreeMap, BinaryHeap},
    rc::Rc,
    sync::Arc,
};

use polity_consensus::Fatal;
use polity_primitives::Height;

use crate::{
    agreement::Agreement,
    audit::Auditor,
    bft::{Node, Villain, Wiring},
    check::{Checker, Violation},
    conduct::{Conduct, SHUT_OUT_US},
    counts::Counts,
    disk::Disk,
    engine::{Act, Cx, EPOCH_MS, Engine, Label},
    rng::Rng,
    switching::{self, Amendments},
    trace::Trace,
    weather::{Passage, Weather},
};

/// How often members look at the chain and act on it. Units: microseconds.
const ACT_US: u64 = 500_000;
/// How long a villain whose process failed is down. Units: microseconds.
const VILLAIN_DOWN_US: u64 = 1_000_000;

/// One node of a network. Two may sit on one seat: twins.
#[derive(Clone, Debug)]
pub struct Instance {
    /// Its seat.
    pub seat: usize,
    /// How it breaks the protocol, if it does.
    pub villain: Option<Villain>,
    /// Whether it counts as faulty: a villain, or one of twins.
    pub faulty: bool,
    /// How far its wall clock is off. Units: microseconds.
    pub skew_us: i64,
    /// Its disk.
    pub disk: Disk,
}

/// What may happen.
#[derive(Clone, Debug)]
pub enum Event {
    /// A process starts.
    Start(usize),
    /// A process dies, and starts again later.
    Crash {
        /// Whose.
        node: usize,
        /// For how long. Units: microseconds.
        down_us: u64,
    },
    /// The power will fail in the middle of a write.
    Doom {
        /// Whose.
        node: usize,
        /// After so many writes.
        writes: u64,
        /// Of the engine's log, or of the database.
        of_log: bool,
        /// For how long it is down then.
        down_us: u64,
    },
    /// A client pays, and repeats the payments that are not executed yet.
    Pay,
    /// A client only repeats: a writer that always leads may have lost them when it was down.
    Repeat,
    /// Members propose another engine, or vote; and so on.
    Act,
    /// Bytes arrive.
    Deliver {
        /// At whom.
        to: usize,
        /// From whom.
        from: usize,
        /// What they are about.
        label: Label,
        /// The bytes.
        bytes: Rc<[u8]>,
    },
    /// The connection between two nodes is closed, or may be opened again.
    Link {
        /// One end.
        node: usize,
        /// The other.
        peer: usize,
        /// Whether it is there.
        up: bool,
    },
    /// A timer goes off.
    Timer {
        /// Whose.
        node: usize,
        /// Of which life of the process.
        life: u32,
        /// Its name.
        id: u64,
    },
}

/// An event and its place in the order of things.
struct Planned {
    at_us: u64,
    /// Planned as the how many-eth.
    number: u64,
    event: Event,
}

impl Planned {
    const fn order(&self) -> (u64, u64) {
        (self.at_us, self.number)
    }
}

impl PartialEq for Planned {
    fn eq(&self, other: &Self) -> bool {
        self.order() == other.order()
    }
}

impl Eq for Planned {}

impl PartialOrd for Planned {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Planned {
    fn cmp(&self, other: &Self) -> Ordering {
        self.order().cmp(&other.order())
    }
}

struct Running {
    instance: Instance,
    engine: Option<Box<dyn Engine>>,
    life: u32,
    /// How long it is down when its power fails.
    doomed_us: Option<u64>,
    rng: Rng,
}

/// A network in virtual time.
pub struct World {
    agreement: Arc<Agreement>,
    nodes: Vec<Running>,
    weather: Box<dyn Weather>,
    conduct: Conduct,
    /// When the last message from one node to another arrives, by both.
    arrives_us: BTreeMap<(usize, usize), u64>,
    wiring: Wiring,
    queue: BinaryHeap<Reverse<Planned>>,
    next: u64,
    now_us: u64,
    rng: Rng,
    /// Payments made so far.
    pub(crate) paid: u64,
    /// Members who exchange engines, where they do.
    pub(crate) amendments: Option<Amendments>,
    /// What must hold.
    pub checker: Checker,
    /// Who votes twice; only where that is asked for.
    pub auditor: Option<Auditor>,
    /// What happened.
    pub trace: Trace,
    /// How much happened.
    pub counts: Counts,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World")
            .field("now_us", &self.now_us)
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}

impl World {
    /// A network of `instances` under `weather`, with nothing planned.
    #[must_use]
    pub fn new(
        agreement: Arc<Agreement>,
        instances: Vec<Instance>,
        weather: Box<dyn Weather>,
        wiring: Wiring,
        rng: Rng,
        trace: Trace,
    ) -> Self {
        let running = |(i, instance): (u64, Instance)| Running {
            instance,
            engine: None,
            life: 0,
            doomed_us: None,
            rng: rng.fork(1_000 + i),
        };
        Self {
            agreement,
            nodes: (0u64..).zip(instances).map(running).collect(),
            weather,
            conduct: Conduct::default(),
            arrives_us: BTreeMap::new(),
            wiring,
            queue: BinaryHeap::new(),
            next: 0,
            now_us: 0,
            rng: rng.fork(1),
            paid: 0,
            amendments: None,
            checker: Checker::default(),
            auditor: None,
            trace,
            counts: Counts::default(),
        }
    }

    /// Virtual time. Units: microseconds since the start.
    #[must_use]
    pub const fn now_us(&self) -> u64 {
        self.now_us
    }

    /// The agreement.
    #[must_use]
    pub fn agreement(&self) -> &Agreement {
        &self.agreement
    }

    /// Nodes that are not faulty.
    pub fn honest(&self) -> impl Iterator<Item = usize> + '_ {
        self.nodes.iter().enumerate().filter(|(_, node)| !node.instance.faulty).map(|(i, _)| i)
    }

    /// The engine of a node, if its process lives.
    #[must_use]
    pub fn engine(&self, node: usize) -> Option<&dyn Engine> {
        self.nodes.get(node).and_then(|node| node.engine.as_deref())
    }

    /// Plans an event.
    pub fn plan(&mut self, at_us: u64, event: Event) {
        self.next = self.next.saturating_add(1);
        self.queue.push(Reverse(Planned { at_us, number: self.next, event }));
    }

    /// Nobody's power fails any more.
    pub fn calm(&mut self) {
        for node in &mut self.nodes {
            if node.doomed_us.take().is_some() {
                node.instance.disk.spare();
            }
        }
    }

    /// Lets things happen until `done`, or until `until_us`.
    pub fn run(&mut self, until_us: u64, mut done: impl FnMut(&Self) -> bool) {
        while self.queue.peek().is_some_and(|Reverse(next)| next.at_us <= until_us) {
            let Some(Reverse(Planned { at_us, event, .. })) = self.queue.pop() else { break };
            self.now_us = self.now_us.max(at_us);
            self.counts.events = self.counts.events.saturating_add(1);
            self.happen(event);
            if done(self) {
                return;
            }
        }
        self.now_us = self.now_us.max(until_us);
    }

    fn note(&mut self, node: usize, what: &str, bytes: &[u8], text: impl FnOnce() -> String) {
        self.trace.note(self.now_us, node, what, bytes, text);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Start(node) => self.start(node),
            Event::Crash { node, down_us } => {
                if self.engine(node).is_some() {
                    self.crash(node, down_us);
                }
            }
            Event::Doom { node, writes, of_log, down_us } => {
                self.note(node, "doom", &[u8::from(of_log)], || {
                    format!("after {writes} writes, log: {of_log}")
                });
                if let Some(running) = self.nodes.get_mut(node) {
                    running.doomed_us = Some(down_us);
                    running.instance.disk.fail_after(writes, of_log);
                }
            }
            Event::Pay => {
                self.paid = self.paid.saturating_add(1);
                self.send_unpaid();
            }
            Event::Repeat => self.send_unpaid(),
            Event::Act => {
                self.act_on_chain();
                self.plan(self.now_us.saturating_add(ACT_US), Event::Act);
            }
            Event::Link { node, peer, up } => self.link(node, peer, up),
            // Who is shut out is not heard, whatever was on its way.
            Event::Deliver { to, from, .. } if self.conduct.are_apart(to, from, self.now_us) => {}
            Event::Deliver { to, from, label, bytes } => {
                self.note(to, "deliver", &bytes, || {
                    format!(
                        "{} {}/{} from {from}, {} bytes",
                        label.kind,
                        label.height,
                        label.round,
                        bytes.len()
                    )
                });
                let honest = self.nodes.get(to).is_some_and(|node| !node.instance.faulty);
                if let (Some(auditor), true) = (&mut self.auditor, honest) {
                    auditor.hear(&bytes);
                }
                self.call(to, |engine, cx| engine.receive(from, &bytes, cx));
            }
            Event::Timer { node, life, id } => {
                if self.nodes.get(node).is_some_and(|running| running.life == life) {
                    self.note(node, "timer", &id.to_le_bytes(), || id.to_string());
                    self.call(node, |engine, cx| engine.timer(id, cx));
                }
            }
        }
    }

    fn start(&mut self, node: usize) {
        let nodes = self.nodes.len();
        let Some(running) = self.nodes.get_mut(node) else { return };
        if running.engine.is_some() {
            return;
        }
        running.life = running.life.saturating_add(1);
        let Instance { seat, villain, faulty, .. } = running.instance;
        let disk = &mut running.instance.disk;
        if villain == Some(Villain::Amnesiac) {
            disk.forget_log();
            self.counts.forgot = self.counts.forgot.saturating_add(u64::from(running.life > 1));
        }
        let made = engine(&self.agreement, seat, villain, disk, node, nodes, &self.wiring);
        match made {
            Ok(engine) => {
                let tip = engine.ledger().head().height();
                if !faulty {
                    self.checker.restarted(node, tip);
                }
                self.note(node, "start", &tip.0.to_le_bytes(), || format!("at height {tip}"));
                if let Some(running) = self.nodes.get_mut(node) {
                    running.engine = Some(engine);
                }
                self.call(node, |engine, cx| engine.start(cx));
            }
            Err(fatal) => self.stopped(node, &fatal),
        }
    }

    fn crash(&mut self, node: usize, down_us: u64) {
        self.note(node, "crash", &[], || format!("down for {} ms", down_us / 1_000));
        let rng = &mut self.rng;
        let Some(running) = self.nodes.get_mut(node) else { return };
        self.conduct.forget(node);
        let crashed = running.instance.disk.crash(rng);
        running.engine = None;
        running.doomed_us = None;
        running.life = running.life.saturating_add(1);
        self.counts.crashes = self.counts.crashes.saturating_add(1);
        match crashed {
            Ok(()) => self.plan(self.now_us.saturating_add(down_us), Event::Start(node)),
            Err(error) => self.checker.violation(Violation::Stopped { node, reason: error.to_string() }),
        }
    }

    /// A process ended by itself.
    fn stopped(&mut self, node: usize, fatal: &Fatal) {
        self.note(node, "stopped", fatal.0.as_bytes(), || fatal.0.clone());
        let Some(running) = self.nodes.get_mut(node) else { return };
        if let Some(down_us) = running.doomed_us {
            self.counts.torn = self.counts.torn.saturating_add(1);
            self.crash(node, down_us);
        } else if running.instance.faulty {
            self.crash(node, VILLAIN_DOWN_US);
        } else {
            running.engine = None;
            self.checker.violation(Violation::Stopped { node, reason: fatal.0.clone() });
        }
    }

    /// Sends every node the payments that it has not executed.
    fn send_unpaid(&mut self) {
        for node in 0..self.nodes.len() {
            let Some(engine) = self.engine(node) else { continue };
            for nonce in self.agreement.paid(engine.ledger())..self.paid {
                let raw = self.agreement.payment(nonce);
                self.note(node, "pay", &nonce.to_le_bytes(), || nonce.to_string());
                self.call(node, |engine, cx| engine.transaction(&raw, cx));
            }
        }
    }

    /// Members look at the furthest chain, and every node is sent what it has not executed of what they signed.
    fn act_on_chain(&mut self) {
        let Some(mut amendments) = self.amendments.take() else { return };
        let furthest = self
            .honest()
            .filter_map(|node| Some((node, self.engine(node)?.ledger())))
            .max_by_key(|(_, ledger)| (ledger.floor(), ledger.head().height()));
        let mut acts = Vec::new();
        if let Some((node, ledger)) = furthest {
            let looked = amendments.look(&self.agreement, ledger).and_then(|()| {
                for node in 0..self.nodes.len() {
                    let Some(engine) = self.engine(node) else { continue };
                    acts.push((node, amendments.waiting(&self.agreement, engine.ledger())?));
                }
                Ok(())
            });
            if let Err(fatal) = looked {
                self.checker.violation(Violation::Stopped { node, reason: fatal.0 });
            }
        }
        self.counts.switches = amendments.switches();
        self.amendments = Some(amendments);
        for (node, raws) in acts {
            for raw in raws {
                self.note(node, "act", &raw, || format!("{} bytes", raw.len()));
                self.call(node, |engine, cx| engine.transaction(&raw, cx));
            }
        }
    }

    /// Calls an engine and plans what it did.
    fn call(&mut self, node: usize, with: impl FnOnce(&mut dyn Engine, &mut Cx) -> Result<(), Fatal>) {
        let Some(running) = self.nodes.get_mut(node) else { return };
        let Some(engine) = &mut running.engine else { return };
        let mut cx = Cx::new(self.now_us, running.instance.skew_us, running.rng.clone());
        let result = with(&mut **engine, &mut cx);
        let Cx { rng, acts, .. } = cx;
        running.rng = rng;
        let (life, honest) = (running.life, !running.instance.faulty);
        for act in acts {
            self.act(node, life, honest, act);
        }
        if let Err(fatal) = result {
            self.stopped(node, &fatal);
        }
    }

    fn act(&mut self, node: usize, life: u32, honest: bool, act: Act) {
        match act {
            Act::Send { to: Some(to), label, bytes } => self.send(node, to, label, &bytes),
            Act::Send { to: None, label, bytes } => {
                if let (Some(auditor), true) = (&mut self.auditor, honest) {
                    auditor.hear(&bytes);
                }
                (0..self.nodes.len())
                    .filter(|to| *to != node)
                    .for_each(|to| self.send(node, to, label, &bytes));
            }
            Act::Timer { id, after_us } => {
                self.plan(self.now_us.saturating_add(after_us), Event::Timer { node, life, id });
            }
            Act::Finalized { height, hash } => {
                self.note(node, "final", hash.as_slice(), || format!("height {height} is {hash}"));
                if honest {
                    self.checker.finalized(node, height, hash);
                    let early = self.is_early(node, height);
                    self.counts.early = self.counts.early.saturating_add(u64::from(early));
                }
            }
            Act::Blame { who, why } => {
                self.note(node, "blame", why.as_bytes(), || format!("node {who}: {why}"));
                let accused = self.nodes.get(who).is_some_and(|node| !node.instance.faulty);
                if honest && accused {
                    self.checker.violation(Violation::Blamed { by: node, who, why });
                }
                self.counts.blames = self.counts.blames.saturating_add(1);
                if self.conduct.blame(node, who, self.now_us) {
                    self.counts.shut_out = self.counts.shut_out.saturating_add(1);
                    self.plan(self.now_us, Event::Link { node, peer: who, up: false });
                    self.plan(
                        self.now_us.saturating_add(SHUT_OUT_US),
                        Event::Link { node, peer: who, up: true },
                    );
                }
            }
            Act::Note(text) => {
                self.counts.noted(&text, honest);
                self.note(node, "note", text.as_bytes(), || text.clone());
            }
        }
    }

    /// Whether the block at the head of `node` claims a time that has not come.
    fn is_early(&self, node: usize, height: Height) -> bool {
        let Some(engine) = self.engine(node) else { return false };
        let head = engine.ledger().head();
        let now_ms = EPOCH_MS.saturating_add(self.now_us / 1_000);
        head.height() == height && head.header().timestamp.saturating_mul(1_000) > now_ms
    }

    /// Tells both ends of a connection that it is gone, or there again.
    fn link(&mut self, node: usize, peer: usize, up: bool) {
        if up == self.conduct.are_apart(node, peer, self.now_us) {
            return;
        }
        self.note(node, "link", &[u8::from(up)], || {
            format!("{} {peer}", if up { "hears again" } else { "shuts out" })
        });
        self.call(node, |engine, cx| engine.link(peer, up, cx));
        self.call(peer, |engine, cx| engine.link(node, up, cx));
    }

    fn send(&mut self, from: usize, to: usize, label: Label, bytes: &Rc<[u8]>) {
        if self.conduct.are_apart(from, to, self.now_us) {
            return;
        }
        self.counts.messages = self.counts.messages.saturating_add(1);
        self.counts.bytes = self.counts.bytes.saturating_add(bytes.len() as u64);
        let passage = Passage { now_us: self.now_us, from, to, label, bytes: bytes.len() };
        let copies = self.weather.fate(&passage, &mut self.rng);
        if copies == [None, None] {
            self.counts.lost = self.counts.lost.saturating_add(1);
        }
        self.counts.doubled = self.counts.doubled.saturating_add(u64::from(copies[1].is_some()));
        for after_us in copies.into_iter().flatten() {
            let at_us = self.now_us.saturating_add(after_us);
            let last_us = self.arrives_us.entry((from, to)).or_default();
            self.counts.overtook = self.counts.overtook.saturating_add(u64::from(at_us < *last_us));
            *last_us = at_us.max(*last_us);
            self.plan(at_us, Event::Deliver { to, from, label, bytes: bytes.clone() });
        }
    }
}

/// The engine of a seat. Where a charter asks for another engine, this is where it is chosen.
fn engine(
    agreement: &Arc<Agreement>,
    seat: usize,
    villain: Option<Villain>,
    disk: &Disk,
    node: usize,
    nodes: usize,
    wiring: &Wiring,
) -> Result<Box<dyn Engine>, Fatal> {
    let key = agreement.keys().get(seat).ok_or_else(|| Fatal(format!("there is no seat {seat}")))?;
    let ledger = agreement.open(&disk.store)?;
    let honest = Wiring { plant: None, ..wiring.clone() };
    let wiring = if villain.is_some() { &honest } else { wiring };
    if let Some(work) = &wiring.work {
        return crate::work::node(agreement, &ledger, key, (node, nodes), work, villain, wiring.plant);
    }
    let proposer = agreement.proposer(seat)?;
    if let Some(switching) = &wiring.switching {
        let (key, wiring) = (key.clone(), wiring.clone());
        let parts = switching::Parts { key, proposer, log: disk.log.clone(), me: node, nodes, wiring };
        let switching = switching.clone();
        return Ok(Box::new(switching::Node::new(ledger, &switching, parts)));
    }
    let made = Node::new(ledger, disk.log.clone(), key.clone(), proposer, wiring)?;
    Ok(match villain {
        None | Some(Villain::Amnesiac) => Box::new(made),
        Some(villain) => Box::new(crate::bft::masked(made, villain, key.clone(), node, nodes)),
    })
}
