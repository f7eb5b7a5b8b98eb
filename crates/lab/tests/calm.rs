//! A network in good weather: it decides, and the same seed decides the same.

use polity_lab::{Report, Spec, run};

fn play(text: &str, seed: u64) -> Report {
    run(&Spec::parse(text).expect("a specification"), seed, None).expect("a network")
}

#[test]
fn four_validators_decide_and_a_seed_is_a_run() {
    let text = "nodes = 4\nheights = 8";
    let reports: Vec<_> = [1, 1, 2].map(|seed| play(text, seed)).into_iter().collect();
    for report in &reports {
        assert!(report.is_good(), "{report}");
        assert!(report.height >= 8 && report.counts.rounds == 0, "{report}");
    }
    assert_eq!(reports[0], reports[1], "to the last byte");
    assert_ne!(reports[0].trace, reports[2].trace);
}
