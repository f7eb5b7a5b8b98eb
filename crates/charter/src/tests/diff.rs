//! What an amendment means to a running chain.

use super::checked;
use crate::{Change, Charter, Effect, amended, compare, diff};

const SOUND: &str = include_str!("sound.toml");

fn changed(lines: &[&str]) -> (Charter, Charter) {
    let changes: Vec<Change> = lines.iter().map(|line| line.parse().expect(line)).collect();
    let new = amended(SOUND, &changes).unwrap_or_else(|error| panic!("{lines:?}: {error}"));
    (checked(SOUND).charter, new.charter)
}

#[test]
fn every_setting_that_can_change_has_its_effect() {
    const NEW: &str =
        "add members.NEW = { kind = \"igo\", address = \"0xaa00000000000000000000000000000000000001\" }";
    for (lines, expected) in [
        (&["set name.en = \"Stream\""][..], &["name: name.en: \"Stream\" (was \"River\")"][..]),
        (&["add sources = [\"a\"]"], &["sources: sources: [\"a\"] (new)"]),
        (
            &["set rules.majority.limb[0].threshold = \">= 3/4\""],
            &[
                "rules.majority: the rule majority becomes: basin: members with at least 3/4 of the `basin` of all members vote yes",
            ],
        ),
        (
            &["set members.SEA.weights.basin = \"1/3\""],
            &["members.SEA.weights.basin: basin of SEA: 1/3 (was 1/8)"],
        ),
        (
            &[
                "remove members.SEA.weights",
                "set chambers.council.kinds = []",
                "set chambers.council.members = [\"UPL\"]",
            ],
            &[
                "members.SEA.weights.basin: basin of SEA: 0 (was 1/8)",
                "chambers.council: the chamber council has 1 members",
            ],
        ),
        (&["set members.UPL.classes = [\"wet\"]"], &["members.UPL.classes: UPL enters wet and leaves upper"]),
        (&["set members.ORG.rights = [\"write\"]"], &["members.ORG.rights: ORG gains by name write"]),
        (
            &["set members.ORG.name = \"Org\"", "set members.ORG.kind = \"ngo\""],
            &[
                "members.ORG.name: ORG is called Org (was ORG)",
                "members.ORG.kind: ORG becomes a member of kind ngo (was igo)",
            ],
        ),
        (&["remove members.ORG"], &["members.ORG: ORG is a member no more"]),
        (&[NEW], &["members.NEW: NEW, NEW, becomes a member of kind igo"]),
        (&["set rights.igo = []"], &["rights.igo: members of kind igo may nothing (before: transact)"]),
        (&["add rights.ngo = [\"read\"]"], &["rights.ngo: members of kind ngo may read (before: nothing)"]),
        (&["add treasury.parks = \"0\""], &["treasury.parks: the treasury opens an account parks"]),
        (
            &[
                "add authorities = { court = { member = \"UPL\", issuer = \"The Court\", opens = [\"emergency\"] } }",
            ],
            &[
                "authorities.court: a new authority, court: UPL acts for it, it records mandates of The Court and may open emergency proposals",
            ],
        ),
        (
            &["set treaties.pact.name = \"The Pact\""],
            &["treaties.pact.name: the treaty pact has another name"],
        ),
        (
            &["add treaties.other = { rule = \"force\", depositors = [\"state\", \"igo\"] }"],
            &["treaties.other: the treaty other is opened for instruments"],
        ),
        (
            &["set chambers.council.voting = \"8d\""],
            &["chambers.council: the chamber council has 4 members, rule majority, 8d to vote"],
        ),
        (
            &[
                "add chambers.c2 = { kinds = [\"state\"], rule = \"majority\", voting = \"1d\" }",
                "remove chambers.council",
            ],
            &[
                "chambers.c2: a new chamber, c2: 4 members",
                "chambers.council: the chamber council is removed",
            ],
        ),
        (
            &["set fees = { policy = \"market\", initial_base_fee = \"1 gwei\" }"],
            &["fees: transactions pay for gas, at a base fee that begins at 0.000000001"],
        ),
        (
            &["add ledger = { block_gas_limit = 45_000_000, history = \"all\" }"],
            &[
                "ledger.block_gas_limit: the gas of a block is 45000000 (was 60000000)",
                "ledger.history: nodes keep all past state (was: the state of the last 8192 blocks)",
            ],
        ),
        (&["add access = { transact = \"anyone\" }"], &["access: members may connect, anyone may transact"]),
        (&["set clock.until = 2018-01-31"], &["clock: a block every 1s, and every 1s from 2018-01-31 on"]),
        (&["add clock.block_time = \"2s\""], &["clock: a block every 2s"]),
        (
            &[
                "add rules.tiny = { limb = [{ name = \"x\", numerator = \"yes\", threshold = \">= 1\" }] }",
                "set chambers.council.rule = \"tiny\"",
                "remove rules.majority",
            ],
            &[
                "rules.tiny: a new rule, tiny:",
                "chambers.council: the chamber council has 4 members, rule tiny",
                "rules.majority: the rule majority is removed",
            ],
        ),
        (
            &["set members.SEA.weights.tonnes = 5"],
            &[
                "members: members are counted by a new weight, tonnes",
                "members.SEA.weights.tonnes: tonnes of SEA: 5 (was 0)",
            ],
        ),
    ] {
        let (old, new) = changed(lines);
        let effects = diff(&old, &new).unwrap_or_else(|refusals| panic!("{lines:?}: {refusals:?}"));
        let words: Vec<_> =
            effects.iter().map(|effect| format!("{}: {}", effect.path(), effect.words(&old, &new))).collect();
        assert_eq!(words.len(), expected.len(), "{lines:?}: {words:#?}");
        for (words, expected) in words.iter().zip(expected) {
            assert!(words.starts_with(expected), "{lines:?}: {words}");
        }
    }
}

#[test]
fn what_a_running_chain_cannot_take_over_is_refused_with_the_way_that_leads_there() {
    const KEY: &str = "\"0xaa00000000000000000000000000000000000001\"";
    for (line, path, instead) in [
        ("set id = \"lake\"", "id", ""),
        ("set chain_id = 5", "chain_id", ""),
        ("set clock = { mode = \"wall\" }", "clock.mode", ""),
        ("set clock.start = 2016-04-20", "clock.start", ""),
        ("set clock.step = \"2d\"", "clock.step", "clock.block_time"),
        ("set treasury.relief = \"11\"", "treasury.relief", "treasury.pay"),
        ("add treasury.x = \"1\"", "treasury.x", "treasury.move"),
        ("remove treasury.relief", "treasury.relief", "treasury.move"),
        ("add accounts.bob = { balance = \"1\" }", "accounts.bob", "registry.setGuest"),
        ("set accounts.alice.balance = \"2\"", "accounts.alice", "treasury.pay"),
        ("remove accounts.alice", "accounts.alice", "registry.setGuest"),
        ("add members.NEW = { kind = \"igo\" }", "members.NEW.address", "give address"),
        ("add members.UPL.balance = \"1\"", "members.UPL.balance", "treasury.pay"),
        ("remove members.MID.deposited", "members.MID.deposited", "polity deposit"),
        ("set treaties.pact.rule = \"second\"", "treaties.pact.rule", "another treaty"),
        ("set treaties.pact.depositors = [\"state\", \"igo\"]", "treaties.pact.depositors", "another treaty"),
        ("remove treaties.pact", "treaties.pact", "polity withdraw"),
        ("set rules.force.limb[0].threshold = \">= 2\"", "rules.force", "another id"),
    ] {
        let second = "add rules.second = { limb = [{ name = \"x\", numerator = \"instruments\", threshold = \">= 1\" }] }";
        let lines: &[&str] = match line {
            "remove treaties.pact" => &[line, "remove members.MID.deposited"],
            line if line.contains("second") => &[second, line],
            line => &[line],
        };
        let (old, new) = changed(lines);
        let refusals = diff(&old, &new).expect_err(line);
        let found = refusals.iter().find(|refusal| refusal.path == path);
        let found = found.unwrap_or_else(|| panic!("{line}: {refusals:?}"));
        assert!(found.instead.contains(instead), "{line}: {found}");
    }
    let (old, new) = changed(&[&format!("add members.UPL.address = {KEY}")]);
    assert_eq!(diff(&old, &new).unwrap_err()[0].path, "members.UPL.address");
    let (old, new) = changed(&[&format!("add members.UPL.address = {KEY}"), "set name.en = \"Stream\""]);
    let (effects, refusals) = compare(&old, &new);
    assert_eq!((effects.len(), refusals.len()), (1, 1), "what can change beside what cannot: {effects:?}");
}

#[test]
fn equal_charters_have_no_effects() {
    let charter = checked(SOUND).charter;
    assert_eq!(diff(&charter, &charter), Ok(vec![]));
}

#[test]
fn what_others_refer_to_comes_first_and_goes_last() {
    let (old, new) = changed(&[
        "add rules.tiny = { limb = [{ name = \"x\", numerator = \"yes\", threshold = \">= 1\" }] }",
        "set chambers.council.rule = \"tiny\"",
        "remove rules.majority",
        "remove members.ORG",
        "set chambers.council.members = [\"UPL\"]",
    ]);
    let place =
        |wanted: &Effect| diff(&old, &new).unwrap().iter().position(|effect| effect == wanted).unwrap();
    let rule = place(&Effect::Rule { id: "tiny".into() });
    let chamber = place(&Effect::Chamber { id: "council".into() });
    let removed = place(&Effect::RuleRemoved { id: "majority".into() });
    let expelled = place(&Effect::Expel { member: "ORG".into() });
    assert!(rule < chamber && chamber < removed && removed < expelled);
}
