//! Where safety ends, it is seen to end, and who ended it is named.

use std::collections::BTreeSet;

use polity_lab::{Report, Spec, bft::Plant, check::Violation, run};

fn play(text: &str, seed: u64, plant: Option<Plant>) -> Report {
    let spec = Spec { plant, ..Spec::parse(text).expect("a specification") };
    run(&spec, seed, None).expect("a network")
}

/// Networks with too many villains; in number 78 one of them forges a proposal of an honest validator, who is not to blame for it.
const SEEDS: u64 = 80;

/// Villains with `nodes`, all equivocators, in calm weather.
fn equivocators(nodes: usize, villains: &[usize]) -> String {
    let cast = villains.iter().map(|node| format!("[[villain]]\nnode = {node}\nis = \"equivocator\"\n"));
    format!(
        "nodes = {nodes}\nheights = 4\npatience = 120\n[storm]\nseconds = 6\n{}",
        cast.collect::<String>()
    )
}

#[test]
fn beyond_a_third_it_breaks_and_more_than_a_third_is_named() {
    for (nodes, villains) in [(4, vec![0, 3]), (7, vec![0, 2, 5])] {
        let agreement = polity_lab::run::agreement(nodes).expect("an agreement");
        let of = |node: &usize| agreement.keys()[*node].address();
        let guilty: BTreeSet<_> = villains.iter().map(of).collect();
        let mut broken = 0;
        for seed in 0..SEEDS {
            let report = play(&equivocators(nodes, &villains), seed, None);
            let unjust = |violation: &Violation| {
                matches!(
                    violation,
                    Violation::Accused { .. } | Violation::Unnamed { .. } | Violation::Evidence { .. }
                )
            };
            assert!(!report.violations.iter().any(unjust), "{report}");
            if report.disagrees() {
                broken += 1;
                assert!(report.culprits.len() > (nodes - 1) / 3, "{report}");
                assert!(report.culprits.is_subset(&guilty), "{report}");
            }
        }
        assert!(
            broken >= 4,
            "{} of {nodes} equivocate, and finality broke in {broken} of {SEEDS} runs",
            villains.len()
        );
    }
}

#[test]
fn up_to_a_third_it_does_not_break() {
    for seed in 0..40 {
        let report = play(&equivocators(4, &[usize::try_from(seed % 4).expect("small")]), seed, None);
        assert!(report.is_good(), "{report}");
    }
}

/// The checks of the storms find what is planted in honest nodes.
#[test]
fn a_quorum_of_one_less_is_found_by_storms() {
    let text =
        "nodes = 4\n[network]\nloss_permille = 100\n[storm]\nseconds = 12\npartitions = 3\ncrashes = 2\n";
    let found = (0..20).filter(|seed| play(text, *seed, Some(Plant::QuorumMinusOne)).disagrees()).count();
    assert!(found > 0, "planted, and no storm of 20 found it");
    assert!((0..20).all(|seed| play(text, seed, None).is_good()), "not planted, and found");
}
