//! Storms over worked blocks: forks, cuts, crashes in the middle of writes, wrong clocks, villains. Every seed twice.

use std::sync::atomic::{AtomicU64, Ordering};

use polity_lab::{Report, Spec, bft::Plant, check::Violation, run};

/// What every seed of a campaign adds up to, so that a campaign that tries nothing does not pass.
#[derive(Default)]
struct Sum {
    crashes: AtomicU64,
    torn: AtomicU64,
    lost: AtomicU64,
    overtook: AtomicU64,
    reorganisations: AtomicU64,
    blames: AtomicU64,
}

const VILLAINS: [&str; 4] = ["selfish", "withholder", "liar", "time-warp"];

/// Four or five members with cuts shorter than the checkpoint, and a villain of each kind in turn; in every fifth seed none.
fn spec(seed: u64) -> Spec {
    let villain = match usize::try_from(seed % 5).expect("small") {
        4 => String::new(),
        kind => format!("[[villain]]\nnode = {}\nis = \"{}\"\n", seed / 5 % 4, VILLAINS[kind]),
    };
    let text = format!(
        "nodes = {}\nheights = 1\npayments = 2\n[work]\ncheckpoint = 10\n\
         [network]\nloss_permille = {}\nduplicate_permille = 50\nreorder_permille = 50\nskew_ms = 1500\n\
         [storm]\nseconds = 16\ncrashes = {}\npartitions = {}\npartition_ms = 6000\n{villain}",
        seed % 2 + 4,
        seed / 3 % 5 * 30,
        seed % 4 + 1,
        seed % 3 + 1,
    );
    Spec::parse(&text).expect("a specification")
}

fn play(spec: &Spec, seed: u64) -> Report {
    run(spec, seed, None).expect("a network")
}

/// Plays seeds `0..to` on all cores, each twice.
fn campaign(to: u64) -> Sum {
    let (next, sum) = (AtomicU64::new(0), Sum::default());
    let worker = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= to {
                return;
            }
            let report = play(&spec(seed), seed);
            assert!(report.is_good(), "storm over work, seed {seed}: {report}");
            assert_eq!(report, play(&spec(seed), seed), "storm over work: two runs of seed {seed} differ");
            sum.crashes.fetch_add(report.counts.crashes, Ordering::Relaxed);
            sum.lost.fetch_add(report.counts.lost, Ordering::Relaxed);
            sum.torn.fetch_add(report.counts.torn, Ordering::Relaxed);
            sum.overtook.fetch_add(report.counts.overtook, Ordering::Relaxed);
            sum.reorganisations.fetch_add(report.counts.reorganisations, Ordering::Relaxed);
            sum.blames.fetch_add(report.counts.blames, Ordering::Relaxed);
        }
    };
    std::thread::scope(|scope| {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        (0..cores).for_each(|_| _ = scope.spawn(worker));
    });
    sum
}

#[test]
fn a_hundred_storms_over_work() {
    let Sum { crashes, torn, lost, overtook, reorganisations, blames } = campaign(120);
    for (what, count, least) in [
        ("crashes", crashes, 120),
        ("crashes in the middle of a write", torn, 12),
        ("lost messages", lost, 1_200),
        ("messages that overtook others", overtook, 1_200),
        ("reorganisations", reorganisations, 240),
        ("liars blamed", blames, 30),
    ] {
        let count = count.into_inner();
        assert!(count >= least, "{count} {what} in 120 storms");
    }
}

/// A node that holds for final what may be undone is found by the same storms.
#[test]
fn what_is_final_too_early_is_found_by_storms() {
    let planted = |seed| Spec { plant: Some(Plant::FinalTooEarly), villains: Vec::new(), ..spec(seed) };
    let found = (0..10).filter(|seed| play(&planted(*seed), *seed).disagrees()).count();
    assert!(found > 0, "planted, and no storm of 10 found it");
}

/// Nodes that follow the heaviest chain wherever it forks off undo what is final, in cuts that last longer than the checkpoint is deep. Honest
/// nodes keep what they have finalized even then, on both sides of the cut.
#[test]
fn a_reorganisation_below_finality_is_found() {
    let text = "nodes = 5\nheights = 2\npatience = 60\n[work]\nconfirmations = 1\ncheckpoint = 3\n\
                [storm]\nseconds = 60\npartitions = 2\npartition_ms = 40000\n";
    let honest = Spec::parse(text).expect("a specification");
    let planted = Spec { plant: Some(Plant::ReorgBelowFinality), ..honest.clone() };
    let undoes = |report: &Report| {
        report.violations.iter().any(|violation| matches!(violation, Violation::Undone { .. }))
    };
    let (mut found, mut apart) = (0, 0);
    for seed in 0..8 {
        let report = play(&honest, seed);
        assert!(!undoes(&report), "an honest node undid what was final: {report}");
        apart += u32::from(report.disagrees());
        found += u32::from(undoes(&play(&planted, seed)));
    }
    assert!(apart >= 2, "too few cuts were long enough: {apart} of 8");
    assert!(found >= 2, "planted, and found in {found} of 8 storms");
}

/// A liar in calm weather: everyone who asks it for bodies blames it, shuts it out, and goes on without it; nobody honest is shut out.
#[test]
fn a_liar_is_shut_out_and_the_honest_are_not() {
    let text = "nodes = 4\nheights = 240\npatience = 2000\n[work]\npower = [9, 7, 7, 7]\n";
    let honest = Spec::parse(text).expect("a specification");
    let liar =
        Spec::parse(&format!("{text}[[villain]]\nnode = 0\nis = \"liar\"\n")).expect("a specification");
    let (good, bad) = (play(&honest, 3), play(&liar, 3));
    assert!(good.is_good() && bad.is_good(), "{good}\n{bad}");
    assert_eq!((good.counts.blames, good.counts.shut_out), (0, 0), "{good}");
    // Each time after eight lies to one of the three others that it could see through.
    assert!(bad.counts.shut_out >= 3, "{} times, {} blames", bad.counts.shut_out, bad.counts.blames);
    assert!(bad.counts.blames >= 8 * bad.counts.shut_out, "{} blames", bad.counts.blames);
}

/// The real store on the real disk, a few times.
#[test]
fn storms_over_work_on_disk() {
    for seed in 0..2 {
        let on_disk = Spec { store: polity_lab::spec::Keep::Disk, ..spec(seed) };
        let report = play(&on_disk, seed);
        assert!(report.is_good(), "storm on disk, seed {seed}: {report}");
    }
}
