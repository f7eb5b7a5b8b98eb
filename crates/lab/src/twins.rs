//! Twins: one validator of four runs twice, and every bounded way to keep the five instances from hearing each other is tried.
//!
//! A twin is a whole honest node with another's key, so that together they are any Byzantine behaviour that sends correct messages: they
//! double-vote, double-propose, forget locks (Bano and others, "Twins: BFT Systems Made Robust", OPODIS 2021). A scenario says who
//! hears whom in the first two rounds of height 1:
//!
//! - in the first step of round 0 (proposal, prevotes): two groups, or one: 16 ways;
//! - in its second step (precommits): the same, and each cut also in one direction only: 46 ways;
//! - in round 1: two groups, or one: 16 ways;
//!
//! and which of the four seats has the twin: who proposes when follows from the seat. From round 2 on everyone hears everyone, and after
//! a while what was cut may be repeated and synced. Scenarios that differ in nothing but which of the twins is called the second
//! are played once.
//!
//! Checked: no two blocks at height 1, everyone honest finalizes it, nobody but the twin's seat is accused.

use std::collections::BTreeSet;

use polity_consensus::Fatal;
use polity_db::Memory;
use polity_primitives::Address;

use crate::{
    bft::{Known, Plant, Wiring},
    check::{self, Violation},
    disk::{Disk, Store},
    engine::Label,
    rng::Rng,
    run::agreement,
    trace::Trace,
    weather::{Passage, Weather},
    world::{Event, Instance, World},
};

/// Validators.
const SEATS: usize = 4;
/// Instances: the second twin is the last.
const ALL: usize = SEATS + 1;
/// How long a message takes. Units: microseconds.
const LATENCY_US: u64 = 5_000;
/// When what was cut is open again: after the two rounds have failed. Units: microseconds.
const HEALS_US: u64 = 9_000_000;
/// By when everyone must have finalized height 1.
const DEADLINE_US: u64 = 90_000_000;
/// The second twin's clock is ahead, so that it proposes other blocks than the first.
const TWIN_SKEW_US: i64 = 1_000_000;

/// Who hears whom: for each listener the set of those it hears, as bits.
type Hears = [u8; ALL];

/// Two groups, by the bits of `group`; cut both ways, or from group 0 to group 1 only, or from 1 to 0 only.
fn cut(group: u8, from_zero: bool, from_one: bool) -> Hears {
    let of = |node: usize| group >> node & 1;
    std::array::from_fn(|to| {
        (0..ALL)
            .filter(|from| match (of(*from), of(to)) {
                (0, 1) => !from_zero,
                (1, 0) => !from_one,
                _ => true,
            })
            .fold(0, |bits, from| bits | 1 << from)
    })
}

/// Instance 0 is in group 0, so that no cut is counted twice.
fn both_ways() -> impl Iterator<Item = Hears> {
    (0..1u8 << SEATS).map(|group| cut(group << 1, true, true))
}

fn any_way() -> impl Iterator<Item = Hears> {
    let one_way = |group: u8| [cut(group << 1, true, false), cut(group << 1, false, true)];
    both_ways().chain((1..1u8 << SEATS).flat_map(one_way))
}

/// With instances `a` and `b` exchanged.
fn exchanged(hears: &Hears, a: usize, b: usize) -> Hears {
    let swap = |node: usize| {
        if node == a {
            b
        } else if node == b {
            a
        } else {
            node
        }
    };
    std::array::from_fn(|to| {
        let heard = hears.get(swap(to)).copied().unwrap_or(0);
        (0..ALL).filter(|from| heard >> swap(*from) & 1 == 1).fold(0, |bits, from| bits | 1 << from)
    })
}

/// A scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// The seat that has a twin.
    pub twin: usize,
    /// Proposal and prevotes of round 0; precommits of round 0; round 1.
    hears: [Hears; 3],
}

/// All scenarios, each of two that differ in the names of the twins only once.
#[must_use]
pub fn scenarios() -> Vec<Scenario> {
    let mut all = Vec::new();
    for twin in 0..SEATS {
        for first in both_ways() {
            for second in any_way() {
                for third in both_ways() {
                    let hears = [first, second, third];
                    if hears <= hears.map(|hears| exchanged(&hears, twin, SEATS)) {
                        all.push(Scenario { twin, hears });
                    }
                }
            }
        }
    }
    all
}

impl Weather for Scenario {
    fn fate(&mut self, passage: &Passage, _: &mut Rng) -> [Option<u64>; 2] {
        let [first, second, third] = &self.hears;
        let Label { kind, height, round } = passage.label;
        let hears = match (kind, height, round) {
            _ if passage.now_us >= HEALS_US => None,
            // What was decided does not get around the cuts.
            ("status" | "request" | "blocks", ..) => return [None, None],
            ("precommit" | "skip", 1, 0) => Some(second),
            (_, 1, 0) => Some(first),
            (_, 1, 1) => Some(third),
            _ => None,
        };
        let heard =
            hears.and_then(|hears| hears.get(passage.to)).is_none_or(|from| from >> passage.from & 1 == 1);
        [heard.then_some(LATENCY_US), None]
    }
}

/// What came of a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The hash of everything that happened.
    pub trace: u128,
    /// Validators that evidence convicts.
    pub accused: BTreeSet<Address>,
    /// What must not be.
    pub violations: Vec<Violation>,
}

impl Outcome {
    /// Whether two blocks were finalized at height 1.
    #[must_use]
    pub fn disagrees(&self) -> bool {
        self.violations.iter().any(|violation| matches!(violation, Violation::Disagreement { .. }))
    }
}

/// Plays a scenario. `known` may be shared by many: the same signatures come again and again.
///
/// # Errors
/// [`Fatal`] if the network cannot be made.
pub fn play(
    scenario: &Scenario,
    plant: Option<Plant>,
    known: &Known,
    trace: Trace,
) -> Result<Outcome, Fatal> {
    let agreement = agreement(SEATS)?;
    let instances = (0..ALL)
        .map(|node| {
            let seat = if node == SEATS { scenario.twin } else { node };
            let skew_us = if node == SEATS { TWIN_SKEW_US } else { 0 };
            let disk = Disk::new(Store::Memory(Memory::new()));
            Instance { seat, villain: None, faulty: seat == scenario.twin, skew_us, disk }
        })
        .collect();
    let wiring = Wiring { plant, known: known.clone(), ..Wiring::default() };
    let mut world = World::new(agreement, instances, Box::new(*scenario), wiring, Rng::new(0), trace);
    (0..ALL).for_each(|node| world.plan(0, Event::Start(node)));
    world.run(DEADLINE_US, |world| world.honest().all(|node| world.checker.tip(node) > 0));
    let mut accused = BTreeSet::new();
    let mut violations = Vec::new();
    let agreement = world.agreement();
    let chain_id = agreement.charter().chain_id;
    for node in world.honest() {
        let tip = world.checker.tip(node);
        if tip == 0 {
            violations.push(Violation::Stuck { node, tip, goal: 1 });
        }
        let Some(engine) = world.engine(node) else { continue };
        violations.extend(check::certificates(
            node,
            engine.ledger(),
            &mut check::Committees::default(),
            false,
        )?);
        for evidence in engine.ledger().evidence().map_err(|e| Fatal::because(&e))? {
            match check::convicted(chain_id, &evidence) {
                Some(who) => _ = accused.insert(who),
                None => violations.push(Violation::Evidence { node }),
            }
        }
    }
    let twin = agreement.keys().get(scenario.twin).map(polity_consensus::bft::Key::address);
    violations
        .extend(accused.iter().filter(|who| Some(**who) != twin).map(|who| Violation::Accused { who: *who }));
    violations.extend(world.checker.violations());
    Ok(Outcome { trace: world.trace.hash(), accused, violations })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_are_what_they_say_and_symmetric_scenarios_are_counted_once() {
        assert_eq!(cut(0b00010, true, true), [0b11101, 0b00010, 0b11101, 0b11101, 0b11101]);
        assert_eq!(cut(0b00010, true, false), [0b11111, 0b00010, 0b11111, 0b11111, 0b11111]);
        assert_eq!((both_ways().count(), any_way().count()), (16, 46));
        let open = cut(0, true, true);
        assert_eq!(exchanged(&open, 1, 4), open);
        let one = cut(0b00010, true, true);
        assert_eq!(exchanged(&one, 1, 4), cut(0b10000, true, true));
        assert_eq!(exchanged(&exchanged(&one, 1, 4), 1, 4), one);
        let count = scenarios().len();
        let all = SEATS * 16 * 46 * 16;
        assert!((20_000..all * 3 / 5).contains(&count), "{count} of {all}");
    }
}
