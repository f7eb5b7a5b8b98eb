//! The charters that come with the program, and the facts of Paris.

use polity_decision::{Event, Outcome, Rational, Rule};
use polity_primitives::U256;

use super::checked;
use crate::{BUILTIN, Charter, Clock, Date, Fees, Kind, builtin, template};

fn paris() -> Charter {
    checked(builtin("paris").unwrap()).charter
}

#[test]
fn built_in_charters_and_the_template_have_neither_errors_nor_warnings() {
    let texts = BUILTIN.iter().map(|name| builtin(name).unwrap()).chain([template()]);
    for text in texts {
        let checked = checked(text);
        assert!(checked.warnings.is_empty(), "{}", checked.warnings);
    }
    assert_eq!(builtin("london"), None);
}

#[test]
fn paris_has_197_parties_and_the_official_emissions() {
    let paris = paris();
    let states = || paris.members.iter().filter(|member| member.kind == Kind::State);
    assert_eq!((paris.members.len(), states().count()), (197, 196));
    let union = paris.members.iter().find(|member| member.kind != Kind::State).unwrap();
    assert_eq!((union.id.as_str(), union.kind, union.weights["emissions"]), ("EUU", Kind::Igo, 4_488_404));
    assert_eq!(paris.weight_scales["emissions"], 1);
    // The rounded rows add up to 5 Gg more than the total that the table states and the rule divides by.
    assert_eq!(states().map(|member| member.weights["emissions"]).sum::<u128>(), 37_168_344);
    let denominator = &paris.rule("paris-art21").unwrap().limbs[1].denominator;
    assert_eq!(*denominator, polity_decision::Denominator::Fixed(Rational::from_integer(37_168_339.into())));

    let deposited = |member: &&crate::Member| member.deposits.contains_key("paris-agreement");
    assert_eq!(paris.members.iter().filter(deposited).count(), 112);
    let validators: Vec<_> = paris.validators().map(|member| member.id.as_str()).collect();
    assert_eq!(validators, ["DEU", "FJI", "FRA", "MAR"]);
    assert_eq!(paris.electorate(paris.chamber("conference").unwrap()).count(), 196);
    assert_eq!(paris.missing_keys().len(), 197);
}

#[test]
fn paris_enters_into_force_on_the_historic_day() {
    let paris = paris();
    let treaty = paris.treaty("paris-agreement").unwrap();
    let rule = paris.rule(&treaty.rule).unwrap();
    let voters: Vec<_> = paris.depositors(treaty).map(|member| paris.voter(member)).collect();
    for (day, states, weight, share, outcome) in [
        ("2016-09-21", "60", "17759437", "0.477811", Outcome::Pending),
        ("2016-10-04", "63", "19375908", "0.521301", Outcome::Pending),
        ("2016-10-05", "73", "21866164", "0.588301", Outcome::Adopted),
    ] {
        let as_of = Date::parse(day).unwrap();
        let mut tally = rule.open(&voters);
        for (member, voter) in paris.depositors(treaty).zip(&voters) {
            if member.deposits.get("paris-agreement").is_some_and(|date| *date <= as_of) {
                rule.record(&mut tally, voter, None, Some(Event::Instrument));
            }
        }
        let report = rule.outcome(&tally, false).dated(rule, Some(day.parse().unwrap()));
        assert_eq!(report.outcome, outcome, "{day}");
        assert_eq!(report.limbs[0].numerator.to_string(), states, "{day}");
        assert_eq!(report.limbs[0].denominator.to_string(), "196", "{day}");
        assert_eq!(report.limbs[1].numerator.to_string(), weight, "{day}");
        assert_eq!(report.limbs[1].share, share, "{day}");
        let in_force = (outcome == Outcome::Adopted).then(|| "2016-11-04".parse().unwrap());
        assert_eq!(report.effective_on, in_force, "{day}");
    }
}

#[test]
fn paris_decides_by_the_rule_of_the_rule_library() {
    let library = include_str!("../../../../charters/rules/paris-art21.toml");
    let library: Rule = toml::from_str(library).unwrap();
    assert_eq!(*paris().rule("paris-art21").unwrap(), library);
}

#[test]
fn paris_replays_from_before_the_signature() {
    let Clock::Replay { start, step_secs, until_secs, block_time_after_ms } = paris().clock else {
        panic!("wall")
    };
    assert_eq!((start.to_string().as_str(), step_secs), ("2016-04-01", 86_400));
    assert_eq!(until_secs.map(|secs| Date(secs).to_string()).as_deref(), Some("2017-01-31"));
    assert_eq!((paris().block_time_ms, block_time_after_ms), (50, 2_000));
    assert_eq!(Date(paris().clock.timestamp_secs(21).unwrap()).to_string(), "2016-04-22");
    assert_eq!(Date(paris().clock.timestamp_secs(187).unwrap()).to_string(), "2016-10-05");
    assert_eq!(paris().fees, Fees::Free);
    let million = U256::from(10).pow(U256::from(24));
    let treasury = [("adaptation", 50), ("loss-and-damage", 100)]
        .map(|(id, n)| (id.to_owned(), million * U256::from(n)));
    assert_eq!(paris().treasury, treasury.into());
}

#[test]
fn dev_has_ten_funded_accounts_and_four_validators() {
    let dev = checked(builtin("dev").unwrap()).charter;
    let ten_thousand = U256::from(10_000) * U256::from(10).pow(U256::from(18));
    assert_eq!(dev.accounts.len(), 10);
    assert!(dev.accounts.iter().all(|account| account.balance_wei == ten_thousand));
    let validators: Vec<_> = dev.validators().map(|member| member.id.as_str()).collect();
    assert_eq!(validators, ["node-1", "node-2", "node-3", "node-4"]);
    assert_eq!(dev.fees, Fees::Market { initial_base_fee_wei: 1_000_000_000 });
    assert_eq!(dev.clock, Clock::Wall);
    assert_eq!(dev.missing_keys().len(), 14);
}
