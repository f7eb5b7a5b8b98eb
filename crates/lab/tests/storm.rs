//! Storms: loss, cuts, crashes in the middle of writes, wrong clocks, villains. Every seed twice.

use std::sync::atomic::{AtomicU64, Ordering};

use polity_lab::{Report, Spec, run, spec::Mechanism};

/// What every seed of a campaign adds up to, so that a campaign that tries nothing does not pass.
#[derive(Default)]
struct Sum {
    crashes: AtomicU64,
    rounds: AtomicU64,
    torn: AtomicU64,
    forgot: AtomicU64,
    lost: AtomicU64,
    /// Lost where nothing is lost but by cuts.
    cut: AtomicU64,
    doubled: AtomicU64,
    overtook: AtomicU64,
    convicted: AtomicU64,
    refused: AtomicU64,
    withheld: AtomicU64,
    ground: AtomicU64,
    reseated: AtomicU64,
    early: AtomicU64,
}

const VILLAINS: [&str; 5] = ["equivocator", "silent", "amnesiac", "liar", "grinder"];

/// Up to `f` villains of 3f + 1, each kind under each constitution; in every ninth seed none. Where only some vote, the villains are
/// writers without a vote and so as many that more of the voters could be none; where the few with most stake are all that count, as
/// many as these bear.
fn spec(nodes: usize, seed: u64) -> Spec {
    let mechanism = Mechanism::ALL[usize::try_from(seed % 8).expect("small")];
    let text = format!(
        "nodes = {nodes}\nheights = 2\npayments = 2\nmechanism = \"{}\"\n\
         [network]\nloss_permille = {}\nduplicate_permille = 50\nreorder_permille = 50\nskew_ms = 1500\n\
         [storm]\nseconds = 12\ncrashes = {}\npartitions = {}\n",
        mechanism.name(),
        seed / 7 % 5 * 30,
        seed % 4 + 1,
        seed % 3,
    );
    let count = match mechanism {
        _ if seed % 9 == 8 => 0,
        Mechanism::Delegation => (mechanism.seats(nodes).expect("few") as u64 - 1) / 3,
        _ => (nodes as u64 - 1) / 3,
    };
    let cast = (0..count).map(|i| {
        let kind = usize::try_from((seed / 8 + i) % VILLAINS.len() as u64).expect("small");
        let node = match mechanism {
            Mechanism::Supervisors | Mechanism::Delegates => i,
            _ => (seed / 4 + i) % nodes as u64,
        };
        format!("[[villain]]\nnode = {node}\nis = \"{}\"\n", VILLAINS[kind])
    });
    Spec::parse(&(text + &cast.collect::<String>())).expect("a specification")
}

/// Plays seeds `from..to` on all cores, each twice.
fn campaign(nodes: usize, from: u64, to: u64) -> Sum {
    let (next, sum) = (AtomicU64::new(from), Sum::default());
    let play = |seed| -> Report { run(&spec(nodes, seed), seed, None).expect("a network") };
    let worker = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= to {
                return;
            }
            let report = play(seed);
            assert!(report.is_good(), "storm of {nodes} nodes, seed {seed}: {report}");
            assert_eq!(report, play(seed), "storm of {nodes} nodes: two runs of seed {seed} differ");
            sum.crashes.fetch_add(report.counts.crashes, Ordering::Relaxed);
            sum.rounds.fetch_add(report.counts.rounds, Ordering::Relaxed);
            sum.lost.fetch_add(report.counts.lost, Ordering::Relaxed);
            if seed / 7 % 5 == 0 {
                sum.cut.fetch_add(report.counts.lost, Ordering::Relaxed);
            }
            sum.torn.fetch_add(report.counts.torn, Ordering::Relaxed);
            sum.forgot.fetch_add(report.counts.forgot, Ordering::Relaxed);
            sum.doubled.fetch_add(report.counts.doubled, Ordering::Relaxed);
            sum.overtook.fetch_add(report.counts.overtook, Ordering::Relaxed);
            sum.convicted.fetch_add(report.accused.len() as u64, Ordering::Relaxed);
            sum.refused.fetch_add(report.counts.refused, Ordering::Relaxed);
            sum.withheld.fetch_add(report.counts.withheld, Ordering::Relaxed);
            sum.ground.fetch_add(report.counts.ground, Ordering::Relaxed);
            sum.reseated.fetch_add(report.counts.reseated, Ordering::Relaxed);
            sum.early.fetch_add(report.counts.early, Ordering::Relaxed);
        }
    };
    std::thread::scope(|scope| {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        (0..cores).for_each(|_| _ = scope.spawn(worker));
    });
    sum
}

/// Storms that hurt: on average a crash, some lost messages and a failed round in each, villains that are caught, and grinders whose
/// silence is their only lever.
fn check(sum: Sum, seeds: u64) {
    let Sum {
        crashes,
        rounds,
        torn,
        forgot,
        lost,
        cut,
        doubled,
        overtook,
        convicted,
        refused,
        withheld,
        ground,
        reseated,
        early,
    } = sum;
    assert_eq!(ground.into_inner(), 0, "content moved a turn");
    for (what, count, least) in [
        ("crashes", crashes, seeds),
        ("failed rounds", rounds, seeds),
        ("crashes in the middle of a write", torn, seeds / 4),
        ("lost logs", forgot, seeds / 16),
        ("lost messages", lost, 5 * seeds),
        ("messages cut off", cut, seeds),
        ("messages twice", doubled, 5 * seeds),
        ("messages that overtook others", overtook, 5 * seeds),
        ("convicted", convicted, seeds / 8),
        ("lies refused", refused, seeds / 16),
        ("turns withheld", withheld, seeds / 16),
        ("blocks that others voted on than on the one before", reseated, seeds / 4),
        ("times a block was final before the time it claims", early, seeds),
    ] {
        let count = count.into_inner();
        assert!(count >= least, "{count} {what} in {seeds} storms");
    }
}

#[test]
fn two_hundred_storms_of_four() {
    check(campaign(4, 0, 200), 200);
}

#[test]
fn two_hundred_storms_of_seven() {
    check(campaign(7, 0, 200), 200);
}

/// The real store on the real disk, a few times: what is in memory elsewhere is no different.
#[test]
fn storms_on_disk() {
    for seed in 0..3 {
        let on_disk = Spec { store: polity_lab::spec::Keep::Disk, ..spec(4, seed) };
        let report = run(&on_disk, seed, None).expect("a network");
        assert!(report.is_good(), "storm on disk, seed {seed}: {report}");
        assert!(report.counts.crashes > 0, "{report}");
    }
}

/// Clocks that are off change what blocks claim, without harm; clocks that are right do not. Where one is further off than nodes bear,
/// proposals are refused, and what is decided all the same is taken from peers: nobody is left behind for its clock.
#[test]
fn clocks_that_are_off_are_felt_and_break_nothing() {
    let counts = |skew_ms: u64| {
        let text = format!("nodes = 4\n[network]\nskew_ms = {skew_ms}\n[storm]\nseconds = 12\n");
        let spec = Spec::parse(&text).expect("a specification");
        let runs = (0..10).map(|seed| {
            let report = run(&spec, seed, None).expect("a network");
            assert!(report.is_good(), "clocks off by {skew_ms} ms, seed {seed}: {report}");
            (report.counts.early, report.counts.too_early)
        });
        runs.fold((0, 0), |sum, counts| (sum.0 + counts.0, sum.1 + counts.1))
    };
    assert_eq!(counts(0), (0, 0));
    let (early, refused) = counts(1_500);
    assert!(early >= 40 && refused == 0, "{early} early, {refused} refused");
    let (early, refused) = counts(4_500);
    assert!(early >= 40 && refused >= 10, "{early} early, {refused} refused");
}

/// Two of seven grind where turns are drawn: agreement and life hold, they do nothing but stay silent, and nobody is accused of it.
#[test]
fn storms_with_grinders() {
    let spec = Spec::parse(include_str!("../specs/grinder.toml")).expect("a specification");
    let mut withheld = 0;
    for seed in 0..20 {
        let report = run(&spec, seed, None).expect("a network");
        assert!(report.is_good(), "grinders, seed {seed}: {report}");
        assert_eq!((report.counts.ground, report.accused.len()), (0, 0), "{report}");
        withheld += report.counts.withheld;
    }
    assert!(withheld >= 40, "{withheld} turns withheld in 20 storms");
}
