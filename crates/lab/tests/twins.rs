//! Every scenario with a twin among four, and what mistakes in honest nodes they find.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use polity_lab::{
    bft::{Known, Plant},
    trace::Trace,
    twins::{Outcome, Scenario, play, scenarios},
};

/// Plays scenarios on all cores until `each` says stop.
fn all(plant: Option<Plant>, step: usize, each: impl Fn(usize, &Scenario, Outcome) -> bool + Sync) {
    let scenarios = scenarios();
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let worker = || {
        let known = Known::default();
        while !stop.load(Ordering::Relaxed) {
            let number = next.fetch_add(step, Ordering::Relaxed);
            let Some(scenario) = scenarios.get(number) else { return };
            let outcome = play(scenario, plant, &known, Trace::new(None)).expect("a network");
            if !each(number, scenario, outcome) {
                stop.store(true, Ordering::Relaxed);
            }
        }
    };
    std::thread::scope(|scope| {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        (0..cores).for_each(|_| _ = scope.spawn(worker));
    });
}

#[test]
fn no_twin_breaks_four() {
    let (played, convicted) = (AtomicUsize::new(0), AtomicUsize::new(0));
    all(None, 1, |number, scenario, outcome| {
        assert!(
            outcome.violations.is_empty(),
            "twins scenario {number} ({scenario:?}): {:?}",
            outcome.violations
        );
        if number % 250 == 0 {
            let again = play(scenario, None, &Known::default(), Trace::new(None)).expect("a network");
            assert_eq!(outcome, again, "twins scenario {number}: two runs differ");
        }
        played.fetch_add(1, Ordering::Relaxed);
        convicted.fetch_add(outcome.accused.len(), Ordering::Relaxed);
        true
    });
    let (played, convicted) = (played.into_inner(), convicted.into_inner());
    assert!(played >= 20_000, "{played} scenarios");
    assert!(convicted > played / 20, "twins are convicted in {convicted} of {played} scenarios only");
}

#[test]
fn planted_mistakes_are_found() {
    for plant in [Plant::QuorumMinusOne, Plant::ForgottenLock] {
        let found = AtomicUsize::new(usize::MAX);
        all(Some(plant), 7, |number, _, outcome| {
            if outcome.disagrees() {
                found.fetch_min(number, Ordering::Relaxed);
            }
            found.load(Ordering::Relaxed) == usize::MAX
        });
        assert_ne!(found.into_inner(), usize::MAX, "{plant:?} is not found");
    }
}
