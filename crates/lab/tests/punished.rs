//! Storms with equivocators under a charter with an incentive: whoever is proved to have signed two things is punished on every chain,
//! with nobody submitting anything, and nobody honest is.

use polity_lab::{Spec, run, spec::Mechanism};

fn spec(nodes: usize, mechanism: Mechanism, seed: u64) -> Spec {
    let villains = (nodes as u64 - 1) / 3;
    let text = format!(
        "nodes = {nodes}\nheights = 4\npayments = 2\npunishing = true\nmechanism = \"{}\"\n\
         [network]\nloss_permille = {}\nduplicate_permille = 50\nreorder_permille = 50\nskew_ms = 1500\n\
         [storm]\nseconds = 12\ncrashes = {}\npartitions = {}\n",
        mechanism.name(),
        seed % 4 * 30,
        seed % 3,
        seed % 2,
    );
    let cast = (0..villains).map(|i| {
        let node = match mechanism {
            Mechanism::Supervisors | Mechanism::Delegates => i,
            _ => (seed + i) % nodes as u64,
        };
        format!("[[villain]]\nnode = {node}\nis = \"equivocator\"\n")
    });
    Spec::parse(&(text + &cast.collect::<String>())).expect("a specification")
}

/// Plays seeds of each mechanism; how many villains were convicted. But for delegation, where the few who decide bear fewer villains.
fn play(nodes: usize, seeds: u64) -> usize {
    let mut convicted = 0;
    for mechanism in Mechanism::ALL.into_iter().filter(|mechanism| *mechanism != Mechanism::Delegation) {
        for seed in 0..seeds {
            let report = run(&spec(nodes, mechanism, seed), seed, None).expect("a network");
            // Good: agreement, life, everyone of whom there is proof is punished everywhere, nobody honest is.
            assert!(report.is_good(), "{} of {nodes}, seed {seed}: {report}", mechanism.name());
            convicted += report.accused.len();
            if seed == 0 {
                let again = run(&spec(nodes, mechanism, seed), seed, None).expect("a network");
                assert_eq!(report, again, "two runs of one seed differ");
            }
        }
    }
    convicted
}

#[test]
fn equivocators_are_punished_on_every_chain_and_nobody_honest_is() {
    let convicted = play(4, 6);
    assert!(convicted >= 20, "{convicted} of 30 equivocators were caught: the storms try too little");
}

#[test]
fn two_equivocators_of_seven_are_both_punished() {
    let convicted = play(7, 2);
    assert!(convicted >= 14, "{convicted} of 20 equivocators were caught: the storms try too little");
}
