//! The parts of a rule of two stages: adopted by ballots, then ratified by instruments.
//!
//! A file of ballots and instruments is judged by the whole rule at once. On chain a chamber casts the ballots and a treaty
//! takes the instruments, each under its part: the limbs, with their numbers, are those of the whole.

use crate::{Basis, Numerator, Rule, Severity};

impl Rule {
    /// The part of this rule that is fed with `basis`: the rule itself where it is fed with nothing else, and `None` where
    /// it is not fed with it, or where the two do not come apart because a formula joins them.
    #[must_use]
    pub fn part(&self, basis: Basis) -> Option<Self> {
        if self.basis() == basis {
            return Some(self.clone());
        }
        if self.basis() != Basis::Both || self.passes.is_some() {
            return None;
        }
        let by_instruments = basis == Basis::Instruments;
        let mut part = self.clone();
        part.limbs.retain(|limb| (limb.numerator == Numerator::Instruments) == by_instruments);
        if by_instruments {
            part.vetoes.clear();
            part.deadline = None;
        } else {
            part.effective = None;
        }
        let is_sound = part.check().iter().all(|problem| problem.severity < Severity::Error);
        Some(part).filter(|part| is_sound && part.basis() == basis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BUILTIN_RULES, builtin_rule};

    #[test]
    fn a_rule_of_two_stages_comes_apart() {
        for (id, ballots, instruments) in [
            ("un-charter-108", &["adoption"][..], &["ratification", "permanent"][..]),
            ("us-art-v", &["house", "senate"], &["states"]),
        ] {
            let rule = Rule::from_toml(builtin_rule(id).unwrap()).unwrap();
            for (basis, expected) in [(Basis::Ballots, ballots), (Basis::Instruments, instruments)] {
                let part = rule.part(basis).unwrap();
                let names: Vec<&str> = part.limbs.iter().map(|limb| limb.name.as_str()).collect();
                assert_eq!((names.as_slice(), part.basis()), (expected, basis), "{id}");
                assert_eq!(Rule::from_json(&part.canonical_json()).unwrap(), part);
            }
        }
    }

    #[test]
    fn a_rule_of_one_stage_is_its_own_part() {
        for (id, text) in BUILTIN_RULES {
            let rule = Rule::from_toml(text).unwrap();
            for basis in [Basis::Ballots, Basis::Instruments] {
                match rule.basis() {
                    Basis::Both => assert!(rule.part(basis).is_some(), "{id}"),
                    own => assert_eq!(rule.part(basis).is_some(), own == basis, "{id}"),
                }
            }
        }
    }
}
