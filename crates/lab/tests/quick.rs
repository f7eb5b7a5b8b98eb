//! Measure.
use polity_lab::{Spec, run};

fn work(nodes: u64, interval: u64) -> Spec {
    Spec::parse(&format!(
        "nodes = {nodes}\nheights = 1\npayments = 2\npatience = 240\n[work]\ninterval = {interval}\nconfirmations = 3\ncheckpoint = 40\n\
         [network]\nloss_permille = 60\nduplicate_permille = 50\nreorder_permille = 50\nskew_ms = 1500\n\
         [storm]\nseconds = {}\n", 120 * interval
    ))
    .expect("a specification")
}
fn exchange(interval: u64) -> Spec {
    Spec::parse(&format!(
        "nodes = 4\nheights = 2\npayments = 6\npatience = 240\n\
         [network]\nloss_permille = 60\nduplicate_permille = 50\nreorder_permille = 50\nskew_ms = 1500\n\
         [storm]\nseconds = 100\ncrashes = 6\npartitions = 3\npartition_ms = 1500\n\
         [switching]\nswitches = 6\n[switching.work]\ninterval = {interval}\nconfirmations = 3\ncheckpoint = 12\ndifficulty = 16",
    ))
    .expect("a specification")
}

#[test]
fn measure() {
    let count: u64 = std::env::var("SEEDS").ok().and_then(|x| x.parse().ok()).unwrap_or(30);
    for (name, spec) in [("work4", work(4, 1)), ("work7", work(7, 1)), ("work4/2s", work(4, 2)), ("exchange", exchange(1)), ("exchange2", exchange(2))] {
        let mut depths = std::collections::BTreeMap::<u64, u32>::new();
        let (mut bad, mut reorgs, mut messages) = (Vec::new(), 0, 0);
        for seed in 0..count {
            let report = run(&spec, seed, None).expect("a network");
            *depths.entry(report.counts.deepest).or_default() += 1;
            reorgs += report.counts.reorganisations;
            messages += report.counts.messages;
            if !report.is_good() { bad.push((seed, report.violations.iter().map(|v| v.to_string().chars().take(60).collect::<String>()).collect::<Vec<_>>())); }
        }
        println!("{name}: deepest {depths:?} reorganisations {reorgs} messages {messages} bad {} {bad:?}", bad.len());
    }
}
