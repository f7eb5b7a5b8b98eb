//! One charter for each mechanism of consensus, under `charters/consensus`.

use polity_constitution::{Forfeited, Primary, Verification, WriteRight};

use super::checked;
use crate::{Change, Charter, Effect, Language, Op, amended, diff, show};

macro_rules! charters {
    ($($name:literal)*) => { [$(($name, include_str!(concat!("../../../../charters/consensus/", $name, ".toml")))),*] };
}

const CHARTERS: [(&str, &str); 11] = charters! {
    "membership-rotation" "membership-random" "membership-elected" "membership-appointed" "stake" "delegation" "work"
    "pledge" "standing" "verification-delegates" "verification-supervisors"
};

fn charter(name: &str) -> Charter {
    let text = CHARTERS.iter().find(|(known, _)| *known == name).unwrap().1;
    checked(text).charter
}

/// The value of `consensus.write` and so on, as the file of `name` has it.
fn setting(name: &str, key: &str) -> String {
    let text = CHARTERS.iter().find(|(known, _)| *known == name).unwrap().1;
    let line = text.lines().find(|line| line.starts_with(&format!("{key:<12} ="))).unwrap();
    line.split_once('=').unwrap().1.trim().to_owned()
}

#[test]
fn the_first_difficulty_follows_the_interval_unless_it_is_named() {
    let text = CHARTERS.iter().find(|(known, _)| *known == "work").unwrap().1;
    let with = |interval: &str| {
        let text = text.replace(", difficulty = 1_000_000", "").replace("interval = \"2s\"", interval);
        match checked(&text).charter.consensus.write {
            WriteRight::Work(work) => work.difficulty,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(with("interval = \"2s\""), 2_000_000);
    assert_eq!(with("interval = \"600s\""), 600_000_000);
    let WriteRight::Work(named) = charter("work").consensus.write else { panic!("work") };
    assert_eq!(named.difficulty, 1_000_000);
}

#[test]
fn who_starts_with_too_little_to_write_is_named_with_what_would_do() {
    let pledge = CHARTERS.iter().find(|(known, _)| *known == "pledge").unwrap().1;
    let line = pledge.lines().find(|line| line.starts_with("de ")).unwrap();
    let bond = line.split("bond").nth(1).unwrap().split('"').nth(1).unwrap();
    let poorer =
        checked(&pledge.replace(line, &line.replace(&format!("\"{bond}\""), "\"1\""))).warnings.to_string();
    assert!(poorer.contains("below the pledge of 1000 ") && poorer.contains(": de (1 "), "{poorer}");
    let stake = CHARTERS.iter().find(|(known, _)| *known == "stake").unwrap().1;
    let min = stake.lines().find(|line| line.starts_with("write ")).unwrap();
    let dearer = min.replace(min.split('"').nth(3).unwrap(), "1000000");
    let warned = checked(&stake.replace(min, &dearer)).warnings.to_string();
    assert!(warned.contains("bond = \"1000000\" under [members]"), "{warned}");
}

#[test]
fn every_mechanism_has_a_charter_that_checks_without_error_or_warning() {
    let mut settings = Vec::new();
    let mut chain_ids = Vec::new();
    for (name, text) in CHARTERS {
        let checked = checked(text);
        assert!(checked.warnings.is_empty(), "{name}: {}", checked.warnings);
        let charter = checked.charter;
        assert_eq!((charter.id.as_str(), charter.members.len(), charter.validators().count()), (name, 4, 4));
        chain_ids.push(charter.chain_id);
        settings.push(charter.consensus);
    }
    // A signature for one chain must never count on another: also among the charters that are built in.
    chain_ids.extend(crate::BUILTIN.map(|name| checked(crate::builtin(name).unwrap()).charter.chain_id));
    chain_ids.push(checked(include_str!("../../../../charters/presence.toml")).charter.chain_id);
    let all = chain_ids.len();
    chain_ids.sort_unstable();
    chain_ids.dedup();
    assert_eq!((chain_ids.len(), all), (all, CHARTERS.len() + crate::BUILTIN.len() + 1), "{chain_ids:?}");
    let has = |what: fn(&WriteRight) -> bool| settings.iter().any(|settings| what(&settings.write));
    assert!(has(|write| matches!(write, WriteRight::Membership { primary: Primary::Random })));
    assert!(has(|write| matches!(write, WriteRight::Membership { primary: Primary::Elected { .. } })));
    assert!(has(|write| matches!(write, WriteRight::Membership { primary: Primary::Appointed { .. } })));
    assert!(has(|write| matches!(write, WriteRight::Stake { .. })));
    assert!(has(|write| matches!(write, WriteRight::Delegation { .. })));
    assert!(has(|write| matches!(write, WriteRight::Work(_))));
    // Every one of them can punish.
    assert!(settings.iter().all(|s| s.incentive.standing.is_some() || s.incentive.slash.after > 0));
}

#[test]
fn what_a_charter_says_is_what_is_read() {
    let pledge = charter("pledge");
    let incentive = &pledge.consensus.incentive;
    assert_eq!(incentive.pledge, pledge.members[0].bond_wei);
    assert_eq!((incentive.unbonding, incentive.vesting, incentive.slash.after), (60, 120, 50));
    assert_eq!((incentive.forfeited, incentive.account.as_deref()), (Forfeited::Treasury, Some("common")));
    assert_eq!((incentive.slash.double_sign.num, incentive.slash.double_sign.den), (1, 2));
    let standing = charter("standing").consensus.incentive.standing.unwrap();
    assert_eq!((standing.start, standing.absent, standing.suspend_below), (10, -5, Some(0)));
    let Verification::Supervisors { members } = charter("verification-supervisors").consensus.verification
    else {
        panic!("supervisors");
    };
    assert_eq!(members, ["un", "wwf"]);
}

/// From any mechanism to any other that needs nothing else of the charter, by one amendment each, and back to the same meaning.
#[test]
fn an_amendment_goes_from_each_mechanism_to_each() {
    let same_chambers = |a: &str, b: &str| charter(a).chambers.len() == 1 && charter(b).chambers.len() == 1;
    let same_money = |a: &str, b: &str| charter(a).treasury.len() == charter(b).treasury.len();
    let mut switched = 0;
    for (from, text) in CHARTERS {
        for (to, _) in CHARTERS.iter().filter(|(to, _)| *to != from && same_chambers(from, to)) {
            if !same_money(from, to) {
                continue;
            }
            let changes: Vec<_> = ["write", "incentive", "verification"]
                .iter()
                .filter(|key| setting(from, key) != setting(to, key))
                .map(|key| Change { op: Op::Set, path: format!("consensus.{key}"), value: setting(to, key) })
                .collect();
            let old = charter(from);
            let new =
                amended(text, &changes).unwrap_or_else(|found| panic!("{from} to {to}: {found}")).charter;
            assert_eq!(new.consensus, charter(to).consensus, "{from} to {to}");
            assert_eq!(diff(&old, &new).unwrap(), [Effect::Consensus], "{from} to {to}");
            // Its text is a charter that means the same.
            assert_eq!(checked(&new.text).charter, new);
            let back: Vec<_> = changes
                .iter()
                .map(|change| {
                    let key = change.path.trim_start_matches("consensus.");
                    Change { value: setting(from, key), ..change.clone() }
                })
                .collect();
            let again = amended(&new.text, &back).unwrap_or_else(|found| panic!("{to} to {from}: {found}"));
            assert_eq!(again.charter.consensus, old.consensus);
            switched += 1;
        }
    }
    assert_eq!(switched, 5 * 4 + 4 * 3, "five without money, four with");
}

/// ADR 29: the reasons are given, in a charter and in an amendment, and the arithmetic is right.
#[test]
fn how_many_must_agree_is_no_setting() {
    let refused = |name: &str, key: &str| {
        let text = CHARTERS.iter().find(|(known, _)| *known == name).unwrap().1;
        let line = setting(name, "verification");
        let with = line.replace(" }", &format!(", {key} }}"));
        assert!(text.contains(&line) && line != with, "{line}");
        let found = crate::parse("x.toml", &text.replace(&line, &with)).expect_err(key);
        let amendment = Change { op: Op::Set, path: "consensus.verification".into(), value: with };
        assert_eq!(amended(text, &[amendment]).unwrap_err().list[0].message, found.list[0].message);
        assert_eq!(found.list.len(), 1, "{found}");
        (found.list[0].path.clone(), found.to_string())
    };
    for (name, key, path, words) in [
        (
            "verification-supervisors",
            "quorum = 2",
            "consensus.verification.quorum",
            "two blocks could be final at one height",
        ),
        (
            "verification-delegates",
            "quorum = \"2/3\"",
            "consensus.verification.quorum",
            "0029-the-quorum-is-no-setting",
        ),
        (
            "verification-delegates",
            "seats = 4",
            "consensus.verification.seats",
            "`seats` is a setting of the chamber",
        ),
    ] {
        let (at, said) = refused(name, key);
        assert!(at == path && said.contains(words), "{at}: {said}");
    }
    for total in 1..=40u64 {
        let survives = |quorum: u64| (2 * quorum).saturating_sub(total + 1).min(total - quorum);
        let ours = polity_constitution::quorum(total);
        assert_eq!(survives(ours), (total - 1) / 3);
        assert!((total / 2 + 1..=total).all(|other| survives(other) <= survives(ours)), "{total}");
    }
}

#[test]
fn a_single_setting_is_amended_by_its_path() {
    let stake = CHARTERS.iter().find(|(name, _)| *name == "stake").unwrap().1;
    let with = |line: &str| amended(stake, &[line.parse().unwrap()]);
    let settings =
        |line: &str| with(line).unwrap_or_else(|found| panic!("{line}: {found}")).charter.consensus;
    assert_eq!(settings("set consensus.incentive.slash.after = 7").incentive.slash.after, 7);
    assert!(settings("remove consensus.incentive.reward").incentive.reward.is_zero());
    let max = settings("set consensus.incentive.standing = { start = 1, max = 9 }").incentive.standing;
    assert_eq!(max.and_then(|standing| standing.max), Some(9));
    let refused = |line: &str| with(line).unwrap_err().list[0].message.clone();
    assert_eq!(
        refused("remove consensus.incentive.unbonding"),
        "a bond that is paid back at once is gone before the evidence is there"
    );
    assert_eq!(
        refused("set consensus.write.by = \"membership\""),
        "`primary` is missing from consensus.write"
    );
}

#[test]
fn the_agreement_says_what_it_is_in_both_languages() {
    for (name, text) in CHARTERS {
        let charter = checked(text).charter;
        for (language, words) in [
            (Language::En, ["Who writes: ", "Reward and punishment:", "Who verifies: "]),
            (Language::Zh, ["写入权：", "奖惩：", "验证："]),
        ] {
            let page = show(&charter, language);
            assert!(words.iter().all(|word| page.contains(word)), "{name}: {page}");
        }
    }
    let said = |name: &str, words: &str| {
        let page = show(&charter(name), Language::En).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(page.contains(words), "{name}: {page}");
    };
    said("stake", "a stake of at least 100 CARE, drawn in proportion to stake");
    said(
        "stake",
        "1/2 for signing two things in one round, 1/2 for proposing an invalid block and 1/100 for 50 turns missed",
    );
    said("stake", "Who brings the evidence gets 1/20 of it");
    said("membership-appointed", "led by United Nations and Germany, in this order");
    said(
        "verification-supervisors",
        "United Nations and World Wide Fund for Nature, one vote each. A block is final once 2 of 2",
    );
    said("pledge", "Only who has pledged 1000 CARE of its own writes");
    said("standing", "Below 0 a member may not write, verify or vote");
    said("work", "about one block in 2 seconds");
}

#[test]
fn work_that_is_fast_against_its_confirmations_is_warned_of_with_what_would_do() {
    let text = CHARTERS.iter().find(|(known, _)| *known == "work").unwrap().1;
    let hasty = text.replace("interval = \"2s\", confirmations = 8", "interval = \"1s\", confirmations = 3");
    assert_ne!(text, hasty);
    let warnings = checked(&hasty).warnings;
    let found: Vec<_> = warnings.iter().collect();
    assert_eq!(found.len(), 1, "{warnings}");
    assert_eq!(found[0].path, "consensus.write.confirmations");
    assert!(found[0].message.contains("up to 160 of 1000 final blocks are undone by accident"), "{warnings}");
    let hint = found[0].hint.as_deref().unwrap_or_default();
    assert!(hint.contains("confirmations = 15") && hint.contains("interval = \"6s\""), "{hint}");
}
