//! A mass exit: whichever way members go, the last who meets what the settings of consensus ask for stays, and hears why with
//! the arithmetic. Members who may validate but have bonded nothing, or supervise nothing, do not replace it.

use super::{amend, scene::*};
use crate::{
    assembly::{
        explain,
        tests::{CHARTER, Chain, DAY, account, word},
    },
    host::Failure,
    registry::IRegistry,
};
use alloy_primitives::{Address, B256, Bytes};
use alloy_sol_types::SolCall;
use polity_charter::Rights;
use polity_primitives::{AGREEMENT, REGISTRY};

use super::super::IConstitution as sol;

/// What the settings ask of those who decide, and what is said when AAA is gone and BBB wants to go.
const SETTINGS: [(&str, &[&str], &str); 3] = [
    (
        "stake",
        &[
            "set consensus.write = { by = \"stake\", min = \"200 wei\" }",
            "set consensus.incentive = { unbonding = \"7d\", slash = { double_sign = \"1/2\" } }",
        ],
        "members that may validate none has a stake of 200 wei and a bond of 0 wei (the most are 0 wei and 0 wei)",
    ),
    (
        "pledge",
        &[
            "set consensus.incentive = { pledge = \"100 wei\", unbonding = \"7d\", slash = { double_sign = \"1/2\" } }",
        ],
        "members that may validate none has bonded the pledge of 100 wei (the most is 0 wei)",
    ),
    (
        "supervisors",
        &["set consensus.verification = { by = \"supervisors\", members = [\"AAA\", \"BBB\"] }"],
        "none of the 2 supervisors is among the",
    ),
];

/// One way to go, tried by or on a member.
type Way = fn(&mut Chain, &str) -> Result<(), String>;

const WAYS: [(&str, Way); 9] = [
    ("removed from the charter", |chain, who| amend(chain, &[&format!("remove members.{who}")])),
    ("a right by name amended away", |chain, who| amend(chain, &[&format!("remove members.{who}.rights")])),
    ("rights by kind", |chain, who| match who {
        // One amendment concerns both, and is tried when it would be the last's turn.
        "AAA" => Ok(()),
        _ => amend(chain, &["set rights.igo = [\"read\", \"write\", \"transact\"]"]),
    }),
    ("another kind", |chain, who| amend(chain, &[&format!("set members.{who}.kind = \"expert\"")])),
    ("expel", |chain, who| registry(chain, AGREEMENT, &IRegistry::expelCall { id: word(who) })),
    ("suspend", |chain, who| registry(chain, AGREEMENT, &IRegistry::suspendCall { id: word(who) })),
    ("revoke", |chain, who| {
        let rights = Rights::VALIDATE.0;
        registry(chain, AGREEMENT, &IRegistry::revokeCall { id: word(who), rights })
    }),
    ("resign", |chain, who| registry(chain, account(who), &IRegistry::resignCall {})),
    ("no node", |chain, who| {
        let (consensus_key, peer) = (Bytes::new(), B256::ZERO);
        let call = IRegistry::setNodeCall { id: word(who), consensusKey: consensus_key, peerKey: peer };
        registry(chain, account(who), &call)
    }),
];

const BY_AMENDMENT: [&str; 4] =
    ["removed from the charter", "a right by name amended away", "rights by kind", "another kind"];

fn registry<C: SolCall>(chain: &mut Chain, who: Address, call: &C) -> Result<(), String> {
    match chain.call(who, REGISTRY, call).result {
        Ok(_) => Ok(()),
        Err(Failure::Revert(output)) => Err(explain(&output)),
        Err(Failure::Halt(halt)) => panic!("{halt}"),
    }
}

/// AAA and BBB decide by right of their kind, or by name; CCC, DDD and EEE may validate, and have bonded nothing. `lines` are the
/// settings in force.
fn chain(way: &str, lines: &[&str]) -> Chain {
    let by_kind = matches!(way, "rights by kind" | "another kind");
    let (igo, own) = if by_kind { (", \"validate\"", "") } else { ("", "rights = [\"validate\"], ") };
    let mut text = CHARTER.to_owned();
    for (old, new) in [
        (
            "mode       = \"replay\"\nstart      = 2020-01-01\nstep       = \"1d\"",
            "mode = \"wall\"".to_owned(),
        ),
        ("members = [\"AAA\", \"BBB\", \"CCC\"]", "members = [\"CCC\", \"DDD\"]".to_owned()),
        (
            "igo    = [\"read\", \"write\", \"transact\"]",
            format!("igo    = [\"read\", \"write\", \"transact\"{igo}]"),
        ),
        ("\"Aland\", kind = \"state\"", format!("\"Aland\", {own}kind = \"igo\"")),
        ("\"Beland\", kind = \"state\"", format!("\"Beland\", {own}kind = \"igo\"")),
    ] {
        assert!(text.contains(old), "{old}");
        text = text.replace(old, &new);
    }
    let mut chain = Chain::new(&text);
    for who in ["AAA", "BBB"] {
        pay(&mut chain, holder(who), 500, &sol::bondCall {}).expect("bonds");
    }
    amend(&mut chain, lines).unwrap_or_else(|problem| panic!("{lines:?}: {problem}"));
    chain.next(DAY);
    chain
}

#[test]
fn the_last_who_meets_the_settings_cannot_go_whichever_way() {
    for (setting, lines, words) in SETTINGS {
        for (name, way) in WAYS {
            let mut chain = chain(name, lines);
            if setting == "supervisors" && BY_AMENDMENT.contains(&name) {
                // The charter itself is wrong that names as supervisor who may not validate.
                let problem = way(&mut chain, "BBB").expect_err("a supervisor");
                assert!(problem.contains("consensus.verification.members"), "{name}: {problem}");
                continue;
            }
            way(&mut chain, "AAA").unwrap_or_else(|problem| panic!("{setting}, {name}: {problem}"));
            let problem = way(&mut chain, "BBB").expect_err(&format!("{setting}, {name}"));
            assert!(problem.contains("nobody would remain who"), "{setting}, {name}: {problem}");
            assert!(problem.contains(words), "{setting}, {name}: {problem}");
            if setting != "supervisors" {
                pay(&mut chain, holder("CCC"), 500, &sol::bondCall {}).expect("another bonds");
                way(&mut chain, "BBB").unwrap_or_else(|problem| panic!("{setting}, {name}: {problem}"));
            }
        }
    }
}

/// One amendment may do both: what matters is who can decide when all is written.
#[test]
fn members_may_go_with_the_settings_that_need_them() {
    let [_, _, (_, supervisors, _)] = SETTINGS;
    let away = ["remove members.AAA", "remove members.BBB"];
    let all = "set consensus.verification = { by = \"all\" }";
    let one = "set consensus.verification = { by = \"supervisors\", members = [\"CCC\"] }";
    for instead in [all, one] {
        let mut chain = chain("", supervisors);
        amend(&mut chain, &[instead, away[0], away[1]])
            .unwrap_or_else(|problem| panic!("{instead}: {problem}"));
    }
    // And not with settings that need others, who go in the same amendment.
    let mut chain = chain("", &["set chambers.plenary.voting = \"8d\""]);
    let [(_, stake, words), ..] = SETTINGS;
    let problem = amend(&mut chain, &[stake[0], stake[1], away[0], away[1]]).expect_err("all who bonded");
    assert!(problem.contains(words), "{problem}");
    amend(&mut chain, &[stake[0], stake[1], away[0]]).expect("BBB is left");
}

/// Who writes need not be who verifies: it takes both.
#[test]
fn the_last_writer_stays_though_supervisors_are_left_and_the_last_supervisor_though_writers_are() {
    let [_, (_, pledge, writes), (_, _, verifies)] = SETTINGS;
    let others = "set consensus.verification = { by = \"supervisors\", members = [\"CCC\", \"DDD\"] }";
    let expel: Way = WAYS[4].1;
    for (gone, last, words) in [("AAA", "BBB", writes), ("CCC", "DDD", verifies)] {
        let mut chain = chain("", &[pledge[0], others]);
        expel(&mut chain, gone).expect("one is left");
        let problem = expel(&mut chain, last).expect_err("the last");
        assert!(problem.contains(words), "{problem}");
    }
}

/// Where nobody meets the settings any more, everybody decides alike; then nobody is kept in for them.
#[test]
fn nobody_is_kept_in_once_nobody_decides_by_the_settings() {
    let mut settings = settings();
    settings.incentive.pledge = alloy_primitives::U256::from(5_000);
    let mut chain = scene(&settings, &["AAA"]);
    for (who, last) in [("AAA", false), ("BBB", false), ("CCC", false), ("DDD", false), ("EEE", true)] {
        let result = registry(&mut chain, account(who), &IRegistry::resignCall {});
        assert_eq!(result.is_err(), last, "{who}: {result:?}");
    }
}
