//! One run of a specification: storm, heal, life, checks.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use polity_consensus::Fatal;
use polity_db::Memory;
use polity_primitives::{Address, Evidence, Height};

use crate::{
    agreement::{Agreement, Founding},
    audit::Auditor,
    bft::{Villain, Wiring},
    check::{self, Committees, Violation},
    disk::{Disk, Store},
    report::Report,
    rng::Rng,
    spec::{Keep, Spec, Switching},
    switching::Amendments,
    trace::Trace,
    weather::{Partition, Storm},
    world::{Event, Instance, World},
};

/// How often clients pay and repeat what is not executed. Units: microseconds.
const PAY_US: u64 = 1_500_000;
/// How often a client repeats, once the network healed, what is not executed. Units: virtual seconds.
const REPEAT_S: u64 = 5;

/// The agreement of `seats` validators in turn, made once per process.
///
/// # Errors
/// As [`Agreement::new`].
pub fn agreement(seats: usize) -> Result<Arc<Agreement>, Fatal> {
    agreement_of(&Founding { seats, ..Founding::default() })
}

/// The agreement of `founding`, made once per process.
///
/// # Errors
/// As [`Agreement::new`].
pub fn agreement_of(founding: &Founding) -> Result<Arc<Agreement>, Fatal> {
    static MADE: OnceLock<Mutex<BTreeMap<Founding, Arc<Agreement>>>> = OnceLock::new();
    let mut made = MADE.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(agreement) = made.get(founding) {
        return Ok(agreement.clone());
    }
    let agreement = Arc::new(Agreement::new(founding)?);
    made.insert(founding.clone(), agreement.clone());
    Ok(agreement)
}

/// Runs `spec` with `seed`; the trace's lines go to `lines`.
///
/// # Errors
/// [`Fatal`] if the network cannot be made; what goes wrong in it is in the report.
pub fn run(spec: &Spec, seed: u64, lines: Option<Box<dyn Write>>) -> Result<Report, Fatal> {
    let agreement = agreement_of(&Founding::from(spec))?;
    let folder = match spec.store {
        Keep::Memory => None,
        Keep::Disk => Some(tempfile::tempdir().map_err(|e| Fatal::because(&e))?),
    };
    let rng = Rng::new(seed);
    let mut chance = rng.fork(2);
    let instances: Vec<_> = (0..spec.nodes)
        .map(|seat| {
            let villain = spec.villains.iter().find(|casting| casting.node == seat).map(|casting| casting.is);
            let store = match &folder {
                None => Store::Memory(Memory::new()),
                Some(folder) => Store::Folder(folder.path().join(format!("node-{seat}"))),
            };
            let skew_ms = spec.network.skew_ms;
            let skew = i64::try_from(chance.between(0, skew_ms.saturating_mul(2_000))).unwrap_or(0);
            let skew_us = skew.saturating_sub_unsigned(skew_ms.saturating_mul(1_000));
            Instance { seat, villain, faulty: villain.is_some(), skew_us, disk: Disk::new(store) }
        })
        .collect();
    let heals_us = spec.storm.seconds.saturating_mul(1_000_000);
    let storm = storm(spec, heals_us, &mut chance);
    let (work, switching) = (spec.work.clone(), spec.switching.clone());
    let wiring = Wiring { plant: spec.plant, work, switching, ..Wiring::default() };
    let mut world = World::new(agreement, instances, Box::new(storm), wiring, rng, Trace::new(lines));
    if spec.work.is_none() && !spec.is_safe() {
        world.auditor = Some(Auditor::new(world.agreement().charter().chain_id));
    }
    plan(spec, heals_us, &mut chance, &mut world);
    if let Some(switching) = &spec.switching {
        world.amendments = Some(Amendments::new(switching.clone()));
        world.plan(0, Event::Act);
    }
    world.run(heals_us, |_| false);
    world.calm();
    exchange(spec, &mut world);
    let heals_us = world.now_us();
    let goal = world.checker.highest().saturating_add(spec.heights);
    let deadline = heals_us.saturating_add(spec.patience.saturating_mul(1_000_000));
    world.run(deadline, |world| {
        world.honest().all(|node| {
            world.checker.tip(node) >= goal
                && world.engine(node).is_some_and(|engine| {
                    let ledger = engine.ledger();
                    world.paid >= spec.payments
                        && world.agreement().paid(ledger) >= world.paid
                        && (!spec.punishing || ledger.due_evidence().is_empty())
                })
        })
    });
    let (accused, culprits) = judge(spec, goal, &mut world);
    world.trace.finish().map_err(|e| Fatal::because(&e))?;
    Ok(Report::of(spec, seed, &world, accused, culprits))
}

/// Goes on until engines were exchanged as often as wanted, where they are: each within the specification's patience.
fn exchange(spec: &Spec, world: &mut World) {
    let Some(Switching { switches: wanted, .. }) = spec.switching else { return };
    while world.counts.switches < wanted {
        let before = world.counts.switches;
        let deadline = world.now_us().saturating_add(spec.patience.saturating_mul(1_000_000));
        world.run(deadline, |world| world.counts.switches > before);
        if world.counts.switches == before {
            world.checker.violation(Violation::Unswitched { switches: before, wanted });
            return;
        }
    }
}

/// The weather of a run.
fn storm(spec: &Spec, heals_us: u64, chance: &mut Rng) -> Storm {
    let network = &spec.network;
    let ms = |ms: &u64| ms.saturating_mul(1_000);
    let regions = network.latency_ms.len().max(1);
    let partitions = (0..spec.storm.partitions)
        .map(|_| {
            let from_us = chance.below(heals_us);
            let long_us = chance.between(ms(&200), ms(&spec.storm.partition_ms));
            Partition {
                from_us,
                until_us: from_us.saturating_add(long_us).min(heals_us),
                groups: (0..spec.nodes).map(|_| u8::from(chance.chance(500))).collect(),
                one_way: chance.chance(250),
            }
        })
        .collect();
    Storm {
        latency_us: network.latency_ms.iter().map(|row| row.iter().map(ms).collect()).collect(),
        regions: (0..spec.nodes).map(|node| node % regions).collect(),
        jitter_permille: network.jitter_permille,
        megabyte_us: 1_000_000 / network.megabytes_per_second.max(1),
        loss_permille: network.loss_permille,
        duplicate_permille: network.duplicate_permille,
        reorder_permille: network.reorder_permille,
        reorder_us: ms(&network.reorder_ms),
        partitions,
        heals_us,
    }
}

/// Plans starts, crashes and payments.
fn plan(spec: &Spec, heals_us: u64, chance: &mut Rng, world: &mut World) {
    for node in 0..spec.nodes {
        // In good weather nobody misses the first proposal.
        let at_us = if heals_us == 0 { 0 } else { chance.below(300_000) };
        world.plan(at_us, Event::Start(node));
    }
    for i in 0..spec.payments {
        // Where engines are exchanged, all the while.
        let pause_us = if spec.switching.is_some() { 0 } else { PAY_US };
        world.plan(chance.below(heals_us.max(PAY_US)).saturating_add(i.saturating_mul(pause_us)), Event::Pay);
    }
    for i in 1..=spec.patience / REPEAT_S {
        let after_us = i.saturating_mul(REPEAT_S).saturating_mul(1_000_000);
        world.plan(heals_us.saturating_add(after_us), Event::Repeat);
    }
    let forgetful: Vec<_> = spec
        .villains
        .iter()
        .filter(|casting| casting.is == Villain::Amnesiac)
        .map(|casting| casting.node)
        .collect();
    for number in 0..spec.storm.crashes {
        let at_us = chance.below(heals_us);
        let down_us = chance.between(100_000, spec.storm.down_ms.saturating_mul(1_000).max(100_000));
        // Every other crash is an amnesiac's, if there is one: that is how it does harm.
        let node = match forgetful.get(chance.index(forgetful.len())) {
            Some(node) if number % 2 == 0 => *node,
            _ => chance.index(spec.nodes),
        };
        let event = if chance.chance(spec.storm.torn_permille) {
            Event::Doom {
                node,
                writes: chance.below(12),
                of_log: chance.chance(500) && spec.work.is_none(),
                down_us,
            }
        } else {
            Event::Crash { node, down_us }
        };
        world.plan(at_us, event);
    }
}

/// The checks of the end. Returns who is accused by evidence on any honest node's chain, and who is to blame for disagreements.
fn judge(spec: &Spec, goal: u64, world: &mut World) -> (BTreeSet<Address>, BTreeSet<Address>) {
    let mut violations = Vec::new();
    let mut accused = BTreeSet::new();
    let chain_id = world.agreement().charter().chain_id;
    let made = world.paid;
    let mut thorough = true;
    let mut committees = Committees::default();
    for node in world.honest() {
        let tip = world.checker.tip(node);
        if tip < goal {
            violations.push(Violation::Stuck { node, tip, goal });
        }
        let Some(engine) = world.engine(node) else { continue };
        let ledger = engine.ledger();
        let paid = world.agreement().paid(ledger);
        if paid < made {
            violations.push(Violation::Unpaid { node, paid, made });
        }
        violations.extend(check::undone(node, ledger, &world.checker));
        let read = |e: &dyn std::fmt::Display| Violation::Stopped { node, reason: e.to_string() };
        if spec.work.is_some() {
            continue;
        }
        let thorough = std::mem::take(&mut thorough);
        let certified = match spec.switching.is_some() {
            true => check::switched(node, ledger, thorough),
            // Where members lose their seats or are drawn, each height has a committee of its own.
            false => {
                committees.change = spec.punishing || spec.mechanism.changes();
                check::certificates(node, ledger, &mut committees, thorough)
            }
        };
        match certified {
            Ok(wrong) => violations.extend(wrong),
            Err(error) => violations.push(read(&error)),
        }
        let evidence: Vec<Evidence> = ledger.evidence().unwrap_or_else(|error| {
            violations.push(read(&error));
            Vec::new()
        });
        for evidence in evidence {
            match check::convicted(chain_id, &evidence) {
                Some(who) => _ = accused.insert(who),
                None => violations.push(Violation::Evidence { node }),
            }
        }
    }
    let reseated = committees.reseated();
    let ledgers: Vec<_> =
        world.honest().filter_map(|node| Some((node, world.engine(node)?.ledger()))).collect();
    if let Some(work) = &spec.work {
        violations.extend(check::convergence(&ledgers, work.confirmations));
    }
    if spec.switching.is_some() {
        violations.extend(check::one_chain(&ledgers));
    }
    let villains: BTreeSet<Address> = spec
        .villains
        .iter()
        .filter_map(|casting| world.agreement().keys().get(casting.node))
        .map(polity_consensus::bft::Key::address)
        .collect();
    if spec.punishing {
        for (node, ledger) in &ledgers {
            let punished = world.agreement().punished(ledger);
            let missing = accused.difference(&punished).copied();
            violations.extend(missing.map(|who| Violation::Unpunished { node: *node, who }));
            let innocent = punished.difference(&villains).copied();
            violations.extend(innocent.map(|who| Violation::Accused { who }));
        }
    }
    let culprits = culprits(world, &mut violations);
    for who in accused.union(&culprits).filter(|who| !villains.contains(*who)) {
        violations.push(Violation::Accused { who: *who });
    }
    violations.into_iter().for_each(|violation| world.checker.violation(violation));
    world.counts.reseated = reseated;
    (accused, culprits)
}

/// Who is to blame for each disagreement: more than a third of the power, or it is a violation.
fn culprits(world: &World, violations: &mut Vec<Violation>) -> BTreeSet<Address> {
    let Some(auditor) = &world.auditor else { return BTreeSet::new() };
    let mut all = BTreeSet::new();
    for violation in world.checker.disagreements() {
        let Violation::Disagreement { height, .. } = violation else { continue };
        // That of the block before, on which they agree; below it nobody honest is of two minds.
        let ledgers = world.honest().filter_map(|node| world.engine(node));
        let found = ledgers.into_iter().find_map(|engine| engine.ledger().committee_at(Height(height)).ok());
        let Some(committee) = found else { continue };
        let named = auditor.culprits(height, &committee);
        let power: u64 = named.iter().filter_map(|who| committee.seat(who)).map(|seat| seat.power).sum();
        let least = committee.total_power().saturating_sub(committee.quorum()).saturating_add(1);
        if power < least {
            violations.push(Violation::Unnamed { power, least });
        }
        all.extend(named);
    }
    all
}
