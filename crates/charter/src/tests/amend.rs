//! Changes of a charter's text by path.

use proptest::prelude::*;

use super::checked;
use crate::{Change, Charter, Op, amended, builtin, parse, rewritten};

const SOUND: &str = include_str!("sound.toml");

fn changes(lines: &[&str]) -> Vec<Change> {
    lines.iter().map(|line| line.parse().unwrap_or_else(|error| panic!("{line}: {error}"))).collect()
}

/// A charter without what only its text says.
fn meaning(charter: Charter) -> Charter {
    Charter { text: String::new(), hash: polity_primitives::B256::ZERO, ..charter }
}

/// The lines in which two texts differ, as `-old` and `+new`.
fn lines(before: &str, after: &str) -> Vec<String> {
    let (before, after): (Vec<_>, Vec<_>) = (before.lines().collect(), after.lines().collect());
    let same = before.iter().zip(&after).take_while(|(a, b)| a == b).count();
    let (before, after) = (&before[same..], &after[same..]);
    let end = before.iter().rev().zip(after.iter().rev()).take_while(|(a, b)| a == b).count();
    let gone = before[..before.len() - end].iter().map(|line| format!("-{line}"));
    gone.chain(after[..after.len() - end].iter().map(|line| format!("+{line}"))).collect()
}

/// The layout that comes out is part of consensus: these answers change with the hash of every amended charter.
#[test]
fn a_change_touches_its_own_lines_only() {
    let dev = builtin("dev").unwrap();
    for (change, expected) in [
        ("set ledger.history = 4096", vec!["-history         = 8192", "+history         = 4096"]),
        (
            "set rules.two-thirds.limb[0].threshold = \">= 3/4\"",
            vec!["-threshold   = \">= 2/3\"", "+threshold   = \">= 3/4\""],
        ),
        ("set consensus.incentive = {}  ", vec![]),
        ("set chambers.members.members = [\"node-1\"]", vec!["+members = [\"node-1\"]"]),
        (
            "add rights.enterprise = \"report\"",
            vec![
                "-enterprise = [\"read\", \"write\", \"transact\", \"propose\", \"vote\", \"validate\"]",
                "+enterprise = [\"read\", \"write\", \"transact\", \"propose\", \"vote\", \"validate\", \"report\"]",
            ],
        ),
        (
            "remove rights.enterprise[0]",
            vec![
                "-enterprise = [\"read\", \"write\", \"transact\", \"propose\", \"vote\", \"validate\"]",
                "+enterprise = [\"write\", \"transact\", \"propose\", \"vote\", \"validate\"]",
            ],
        ),
        ("remove languages[1]", vec!["-languages = [\"en\", \"zh\"]", "+languages = [\"en\"]"]),
        (
            "remove members.node-4.balance",
            vec![
                "-node-4 = { name = \"Node 4\", kind = \"enterprise\", balance = \"10000\" }",
                "+node-4 = { name = \"Node 4\", kind = \"enterprise\" }",
            ],
        ),
        (
            "set members.node-4.classes = [\"old\"]",
            vec![
                "-node-4 = { name = \"Node 4\", kind = \"enterprise\", balance = \"10000\" }",
                "+node-4 = { name = \"Node 4\", kind = \"enterprise\", balance = \"10000\", classes = [\"old\"] }",
            ],
        ),
        (
            "add chambers.council = { kinds = [\"enterprise\"], rule = \"two-thirds\", voting = \"1m\" }",
            vec![
                "+[chambers.council]",
                "+kinds = [\"enterprise\"]",
                "+rule = \"two-thirds\"",
                "+voting = \"1m\"",
                "+",
            ],
        ),
        (
            "add rules.two-thirds.limb = { name = \"all\", numerator = \"yes\", denominator = \"members\", threshold = \"> 1/2\" }",
            vec![
                "+[[rules.two-thirds.limb]]",
                "+name = \"all\"",
                "+numerator = \"yes\"",
                "+denominator = \"members\"",
                "+threshold = \"> 1/2\"",
                "+",
            ],
        ),
        // The first of its section brings the section.
        (
            "add articles.votes = { text = \"Votes.\", for = \"true\", every = \"1y\", when = \"suspended\", then = [{ notify = \"x\" }] }",
            vec![
                "+",
                "+[articles]",
                "+votes = { text = \"Votes.\", for = \"true\", every = \"1y\", when = \"suspended\", then = [{ notify = \"x\" }] }",
            ],
        ),
        (
            "set fees = { policy = \"free\" }",
            vec!["-policy           = \"market\"", "-initial_base_fee = \"1 gwei\"", "+policy = \"free\""],
        ),
        (
            "remove members.node-4",
            vec!["-node-4 = { name = \"Node 4\", kind = \"enterprise\", balance = \"10000\" }"],
        ),
    ] {
        match amended(dev, &changes(&[change])) {
            Ok(new) => assert_eq!(lines(dev, &new.charter.text), expected, "{change}"),
            Err(diagnostics) if expected.is_empty() => {
                assert_eq!(diagnostics.list[0].message, "it changes nothing", "{change}");
            }
            Err(diagnostics) => panic!("{change}: {diagnostics}"),
        }
    }
}

#[test]
fn what_cannot_be_changed_says_which_change_and_why() {
    for (lines, file, message) in [
        (&["set nowhere.at.all = 1"][..], "change 1", "there is no nowhere"),
        (&["set name = \"X\"", "set chain_id.x = 1"], "change 2", "chain_id holds a single value"),
        (&["set members.UPL.classes[3] = \"x\""], "change 1", "there is no [3]: the list has 1 elements"),
        (&["set members.UPL.classes.x = 1"], "change 1", "it is a list"),
        (&["set members[0] = 1"], "change 1", "it is a table"),
        (&["add name = \"X\""], "change 1", "it is there already"),
        (&["add treaties.pact.rule = \"x\""], "change 1", "it is there already"),
        (&["add members.UPL.classes[0] = \"x\""], "change 1", "`add` appends to a list"),
        (&["add rules.majority.limb = \"x\""], "change 1", "an element here is a table"),
        (&["remove treaties.kyoto"], "change 1", "it is not there"),
        (&["remove rules.majority.limb[1]"], "change 1", "there is no [1]"),
        (&["set fees.policy = free"], "change 1", "`free` is no value of TOML"),
        (&["set fees.policy = \"free\" # why"], "change 1", "is no value of TOML"),
        (&["set fees.policy = \"free\"\nchain_id = 2"], "change 1", "is no value of TOML"),
        (&["set fees.policy = \"free\""], "amendment", "it changes nothing"),
        (&["set fees.policy = \"fre\""], "amended charter", "`fre` is no fee policy"),
        (&["set chambers.council.rule = \"none\""], "amended charter", "there is no rule `none`"),
        (&["set rules.majority.limb[0].threshold = \"> 1\""], "amended charter", "chambers.council"),
        (&["set chambers.council.kinds = [\"ngo\"]"], "amended charter", "nobody sits in this chamber"),
        (&["remove members"], "amended charter", "`members` is missing"),
        (&["set x = 1"], "amended charter", "unknown key `x`"),
        (&["add article.x = { text = \"x\" }"], "amended charter", "unknown key `article`"),
    ] {
        let diagnostics = amended(SOUND, &changes(lines)).expect_err(lines[0]);
        let text = diagnostics.to_string();
        assert_eq!(diagnostics.file, file, "{lines:?}: {text}");
        assert!(text.contains(message), "{lines:?}: {text}");
    }
    assert!(amended(SOUND, &[]).is_err());
    let one = "set name = \"River\"".parse::<Change>().unwrap();
    assert!(amended(SOUND, &vec![one; crate::CHANGES_MAX + 1]).is_err());
}

#[test]
fn errors_in_the_amended_text_have_its_lines() {
    let diagnostics = amended(SOUND, &changes(&["set chambers.council.rule = \"none\""])).unwrap_err();
    let line = SOUND.lines().position(|line| line == "rule = \"majority\"").unwrap() + 1;
    assert_eq!(
        (diagnostics.list[0].line, diagnostics.list[0].path.as_str()),
        (line, "chambers.council.rule")
    );
}

#[test]
fn changes_are_written_as_they_are_read() {
    for (text, op, path, value) in [
        ("set a.b = 1", Op::Set, "a.b", "1"),
        ("  add  a.\"b\" =  [ 1 ] ", Op::Add, "a.b", "[ 1 ]"),
        ("remove a[0]", Op::Remove, "a[0]", ""),
        ("set a=\"x = y\"", Op::Set, "a", "\"x = y\""),
        ("set \"a = b\" = 1", Op::Set, "\"a = b\"", "1"),
    ] {
        let change: Change = text.parse().unwrap();
        assert_eq!((change.op, change.path.as_str(), change.value.as_str()), (op, path, value), "{text}");
        assert_eq!(change.to_string().parse(), Ok(change), "{text}");
    }
    for text in
        ["", "set", "set a", "set a =", "remove a = 1", "remove", "replace a = 1", "set = 1", "set a 1"]
    {
        assert!(text.parse::<Change>().is_err(), "{text:?}");
    }
}

#[test]
fn nothing_of_any_depth_or_length_makes_it_panic() {
    for value in [
        "[".repeat(100_000),
        format!("{}{}", "[".repeat(5_000), "]".repeat(5_000)),
        "{a=".repeat(20_000),
        format!("{}1{}", "{a=".repeat(2_000), "}".repeat(2_000)),
        "\"".repeat(999),
        "\u{0}".into(),
        "1e999999999".into(),
        "9".repeat(50_000),
        "[\n# comment\n]".into(),
        "'''\n'''".into(),
    ] {
        for op in [Op::Set, Op::Add] {
            let change = Change { op, path: "members.UPL.weights.basin".into(), value: value.clone() };
            _ = amended(SOUND, &[change]);
        }
    }
}

/// Pairs of amendments that undo each other.
fn pairs() -> Vec<(Vec<Change>, Vec<Change>)> {
    [
        (&["set rules.majority.limb[0].threshold = \">= 3/4\""][..], &["set rules.majority.limb[0].threshold = \"> 1/2\""][..]),
        (&["set fees.policy = \"market\"", "add fees.initial_base_fee = \"1 gwei\""], &["remove fees.initial_base_fee", "set fees.policy = \"free\""]),
        (&["add members.MID.classes = [\"wet\"]"], &["remove members.MID.classes"]),
        (&["remove members.UPL.classes"], &["add members.UPL.classes = [\"upper\"]"]),
        (&["set members.SEA.weights.basin = \"1/3\""], &["set members.SEA.weights.basin = \"0.125\""]),
        (&["add chambers.upper = { members = [\"UPL\"], rule = \"majority\", voting = \"1d\" }"], &["remove chambers.upper"]),
        (&["remove treaties", "remove members.MID.deposited", "remove rules.force"], &[
            "add treaties = { pact = { rule = \"force\", depositors = [\"state\"] } }",
            "add members.MID.deposited = { pact = 2016-04-22 }",
            "add rules.force = { limb = [{ name = \"parties\", numerator = \"instruments\", threshold = \">= 3\" }] }",
        ]),
        (&["add ledger = { block_gas_limit = 45_000_000 }"], &["remove ledger"]),
        (&["set rights.igo = []"], &["set rights.igo = [\"transact\"]"]),
        (&["set accounts.alice = { balance = \"2\" }"], &["set accounts.alice.balance = \"1.5\""]),
        (&["add sources = [\"a\", \"b\"]", "remove sources[0]"], &["remove sources"]),
        (&["set clock.step = \"2d\""], &["set clock.step = \"1d\""]),
    ]
    .iter()
    .map(|(there, back)| (changes(there), changes(back)))
    .collect()
}

#[test]
fn each_pair_undoes_itself() {
    let before = meaning(checked(SOUND).charter);
    for (there, back) in pairs() {
        let changed = amended(SOUND, &there).unwrap_or_else(|error| panic!("{there:?}: {error}"));
        assert_ne!(meaning(changed.charter.clone()), before, "{there:?}");
        let restored =
            amended(&changed.charter.text, &back).unwrap_or_else(|error| panic!("{back:?}: {error}"));
        assert_eq!(meaning(restored.charter), before, "{back:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Any amendments in any order, and their inverses in the reverse order, lead to an equal charter; and so does a replay
    /// of the changes that were recorded, text by text.
    #[test]
    fn amendments_and_their_inverses_lead_back(order in Just((0..pairs().len()).collect::<Vec<_>>()).prop_shuffle()) {
        let pairs = pairs();
        let mut texts = vec![SOUND.to_owned()];
        let mut recorded = Vec::new();
        let there = order.iter().map(|i| &pairs[*i].0);
        for step in there.chain(order.iter().rev().map(|i| &pairs[*i].1)) {
            let text = amended(texts.last().unwrap(), step).map_err(|e| TestCaseError::fail(format!("{step:?}: {e}")))?;
            texts.push(text.charter.text);
            recorded.push(step.clone());
        }
        let last = meaning(checked(texts.last().unwrap()).charter);
        prop_assert_eq!(last, meaning(checked(SOUND).charter));
        let mut replayed = SOUND.to_owned();
        for (step, text) in recorded.iter().zip(&texts[1..]) {
            replayed = rewritten(&replayed, step).unwrap();
            prop_assert_eq!(&replayed, text);
        }
    }

    #[test]
    fn no_change_panics(path in "[a-zA-Z0-9_.\\[\\]\"-]{0,40}|(rules|members|chambers|fees|rights)[a-zA-Z0-9_.\\[\\]\"-]{0,20}", value in "\\PC{0,40}|[\\[\\]{}=,\"'a-z0-9 .#\\n-]{0,60}", op in 0usize..3) {
        let change = Change { op: Op::ALL[op], path, value };
        if let Ok(amended) = amended(SOUND, &[change]) {
            prop_assert!(parse("again", &amended.charter.text).is_ok());
        }
    }
}
