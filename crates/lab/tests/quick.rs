//! Work at an interval of one second, the shortest a charter can set, in weather that loses six of a hundred messages: what is lost must be
//! asked for again well within an interval, or nodes build beside each other for as long as they wait.

use polity_lab::{Spec, run};

const WEATHER: &str =
    "[network]\nloss_permille = 60\nduplicate_permille = 50\nreorder_permille = 50\nskew_ms = 1500\n";
/// Blocks that make one final for clients.
const CONFIRMATIONS: u64 = 3;

fn spec(text: &str) -> Spec {
    Spec::parse(&text.replace("WEATHER", WEATHER)).expect("a specification")
}

/// By nature some forks are deeper than three seconds are long (ADR 20 has the rate); with waits that do not follow the interval most
/// storms have one, of up to twenty-five blocks.
#[test]
fn forks_are_hardly_ever_deeper_than_the_confirmations() {
    let mut deep = 0;
    for (nodes, seeds) in [(4, 0..12), (7, 100..106)] {
        let spec = spec(&format!(
            "nodes = {nodes}\nheights = 1\npatience = 240\nWEATHER[storm]\nseconds = 60\n\
             [work]\ninterval = 1\nconfirmations = {CONFIRMATIONS}\ncheckpoint = 40\n"
        ));
        for seed in seeds {
            let report = run(&spec, seed, None).expect("a network");
            assert!(report.is_good(), "seed {seed}: {report}");
            assert!(report.counts.reorganisations > 5 && report.counts.lost > 50, "no storm: {report}");
            let deepest = report.counts.deepest;
            assert!(deepest <= CONFIRMATIONS + 2, "seed {seed}: {report}");
            deep += u64::from(deepest > CONFIRMATIONS);
        }
    }
    assert!(deep <= 3, "{deep} of 18 storms undid what clients were told is final");
}

/// A fork deeper than the confirmations where a stretch of work ends would part the network for good.
#[test]
fn engines_are_exchanged_though_work_is_quick() {
    let spec = spec(&format!(
        "nodes = 4\nheights = 2\npayments = 6\npatience = 240\nWEATHER\
         [storm]\nseconds = 100\ncrashes = 6\npartitions = 3\npartition_ms = 1500\n\
         [switching]\nswitches = 6\n\
         [switching.work]\ninterval = 1\nconfirmations = {CONFIRMATIONS}\ncheckpoint = 12\ndifficulty = 16\n"
    ));
    for seed in 0..10 {
        let report = run(&spec, seed, None).expect("a network");
        assert!(report.is_good() && report.counts.switches >= 6, "seed {seed}: {report}");
    }
}
