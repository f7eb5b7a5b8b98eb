//! Storms with a proposer of nonsense under a charter with an incentive: its blocks are voted down, and for the first that it signed it is
//! punished on every chain, with nobody submitting anything; nobody honest is.

use polity_lab::{Spec, run};

#[test]
fn who_proposes_nonsense_is_punished_on_every_chain_and_nobody_honest_is() {
    let mut convicted = 0;
    for seed in 0..8 {
        let text = format!(
            "nodes = 4\nheights = 8\npayments = 2\npunishing = true\nmechanism = \"rotation\"\n\
             [network]\nloss_permille = {}\nduplicate_permille = 50\nreorder_permille = 50\nskew_ms = 1500\n\
             [storm]\nseconds = 12\ncrashes = {}\npartitions = {}\n\
             [[villain]]\nnode = {}\nis = \"nonsense\"\n",
            seed % 4 * 30,
            seed % 3,
            seed % 2,
            seed % 4,
        );
        let spec = Spec::parse(&text).expect("a specification");
        let report = run(&spec, seed, None).expect("a network");
        assert!(report.is_good(), "seed {seed}: {report}");
        assert_eq!(report, run(&spec, seed, None).expect("a network"), "two runs of seed {seed} differ");
        convicted += report.accused.len();
    }
    assert!(convicted >= 6, "{convicted} of 8 were caught: the storms try too little");
}
