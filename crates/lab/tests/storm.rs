//! Storms: loss, cuts, crashes in the middle of writes, wrong clocks, villains. Every seed twice.

use polity_lab::{Report, Spec, run};

/// `f` villains of 3f + 1, each kind in turn.
fn spec(nodes: usize, seed: u64) -> Spec {
    let text = format!(
        "nodes = {nodes}\nheights = 2\npayments = 2\n\
         [network]\nloss_permille = {}\nduplicate_permille = 50\nreorder_permille = 50\nskew_ms = 1500\n\
         [storm]\nseconds = 8\ncrashes = {}\npartitions = {}\n",
        seed % 4 * 40,
        seed % 3 + 1,
        seed % 3,
    );
    let villains = ["equivocator", "silent", "amnesiac", "liar"];
    let kind = |i: u64| villains[usize::try_from((seed + i) % 4).expect("small")];
    let count = (nodes - 1) / 3;
    let cast = (0..count as u64).map(|i| {
        let node = (seed / 4 + i) % nodes as u64;
        format!("[[villain]]\nnode = {node}\nis = \"{}\"\n", kind(i))
    });
    Spec::parse(&(text + &cast.collect::<String>())).expect("a specification")
}

fn play(nodes: usize, seed: u64) -> Report {
    run(&spec(nodes, seed), seed, None).expect("a network")
}

/// Plays seeds `from..to` on all cores, each twice.
fn campaign(nodes: usize, from: u64, to: u64) {
    let next = std::sync::atomic::AtomicU64::new(from);
    let worker = || {
        loop {
            let seed = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            if seed >= to {
                return;
            }
            let report = play(nodes, seed);
            assert!(report.is_good(), "storm of {nodes} nodes: {report}");
            assert_eq!(report, play(nodes, seed), "storm of {nodes} nodes: two runs of seed {seed} differ");
        }
    };
    std::thread::scope(|scope| {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        (0..cores).for_each(|_| _ = scope.spawn(worker));
    });
}

#[test]
fn storms_of_four() {
    campaign(4, 0, 20);
}

#[test]
fn storms_of_seven() {
    campaign(7, 0, 10);
}
