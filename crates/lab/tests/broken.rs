//! Where safety ends, it is seen to end, and who ended it is named.

use std::collections::BTreeMap;

use polity_lab::{
    Report, Spec,
    bft::Plant,
    check::Violation,
    experiment::{self, Network, UNEQUAL},
    run,
};

fn play(text: &str, seed: u64, plant: Option<Plant>) -> Report {
    let spec = Spec { plant, ..Spec::parse(text).expect("a specification") };
    run(&spec, seed, None).expect("a network")
}

/// Networks with too many villains; in number 78 one of them forges a proposal of an honest validator, who is not to blame for it.
const SEEDS: u64 = 80;

/// Villains, all equivocators, in calm weather.
fn equivocators(network: Network<'_>) -> Spec {
    experiment::equivocators(network).expect("a specification")
}

#[test]
fn beyond_a_third_it_breaks_and_a_third_is_named() {
    for network in [(4, &[0, 3][..], &[][..]), (7, &[0, 2, 5], &[]), (4, &[0], &UNEQUAL)] {
        let (spec, villains) = (equivocators(network), network.1);
        let agreement = polity_lab::run::agreement_of(&(&spec).into()).expect("an agreement");
        let of = |node: &usize| (agreement.keys()[*node].address(), spec.power_of(*node));
        let guilty: BTreeMap<_, _> = villains.iter().map(of).collect();
        let mut broken = 0;
        for seed in 0..SEEDS {
            let report = run(&spec, seed, None).expect("a network");
            let unjust = |violation: &Violation| {
                matches!(
                    violation,
                    Violation::Accused { .. } | Violation::Unnamed { .. } | Violation::Evidence { .. }
                )
            };
            assert!(!report.violations.iter().any(unjust), "{report}");
            if report.disagrees() {
                broken += 1;
                let power: Option<u64> = report.culprits.iter().map(|who| guilty.get(who)).sum();
                assert!(power.expect("only villains") * 3 >= spec.powers().1, "{report}");
            }
        }
        assert!(broken >= 4, "{network:?} equivocate, and finality broke in {broken} of {SEEDS} runs");
    }
}

/// Power counts and not heads: of stakes of 40, 20, 30 and 10, the 30 do no harm, whether one has them or two.
#[test]
fn below_a_third_it_does_not_break() {
    let networks = [&[0][..], &[1], &[2], &[3]].map(|villains| (4, villains, &[][..]));
    let unequal = [&[2][..], &[1, 3]].map(|villains| (4, villains, &UNEQUAL[..]));
    for network in networks.into_iter().chain(unequal) {
        let spec = equivocators(network);
        for seed in 0..10 {
            let report = run(&spec, seed, None).expect("a network");
            assert!(report.is_good(), "{network:?}: {report}");
        }
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
