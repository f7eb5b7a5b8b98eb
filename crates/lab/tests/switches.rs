//! Engines are exchanged by vote while clients pay, processes die in the middle of writes and the network is cut.

use polity_lab::{Report, Spec, run};

fn play(spec: &Spec, seed: u64) -> Report {
    run(spec, seed, None).expect("a network")
}

/// One chain through a hundred exchanges: every block decided once and the same everywhere, certified or worked as its engine has
/// it, no payment lost and nobody accused (see `polity_lab::check`).
#[test]
fn a_hundred_exchanges_under_load() {
    let spec = Spec::parse(include_str!("../specs/switches.toml")).expect("a specification");
    let report = play(&spec, 1);
    assert!(report.is_good(), "{report}");
    let counts = report.counts;
    assert!(counts.switches >= 100 && counts.crashes >= 12 && counts.lost >= 100, "{report}");
    assert!(counts.followed > 0, "nobody was away while engines changed: {report}");
}

/// Few exchanges in worse storms, every seed twice.
#[test]
fn storms_over_exchanges() {
    let spec = Spec::parse(
        "nodes = 4\nheights = 2\npayments = 6\npatience = 240\n\
         [network]\nloss_permille = 60\nduplicate_permille = 50\nreorder_permille = 50\nskew_ms = 1500\n\
         [storm]\nseconds = 100\ncrashes = 6\npartitions = 3\npartition_ms = 1500\n\
         [switching]\nswitches = 4",
    )
    .expect("a specification");
    for seed in 0..10 {
        let report = play(&spec, seed);
        assert!(report.is_good() && report.counts.switches >= 4, "seed {seed}: {report}");
        assert_eq!(report, play(&spec, seed), "two runs of seed {seed} differ");
    }
}
