//! The commands that need no network, as a person runs them: output, exit status, errors that name the place.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

fn polity(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_polity")).args(args).output().expect("polity runs")
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn charter(name: &str) -> String {
    root().join("charters").join(name).display().to_string()
}

/// A run is a function of its seed, and says what it cost.
#[test]
fn a_simulation_is_the_same_twice_and_reports_messages_and_bytes() {
    let spec = root().join("crates/lab/specs/small.toml").display().to_string();
    let play = |seed: &str| -> Value {
        let output = polity(&["lab", "run", &spec, "--seed", seed, "--json"]);
        assert!(output.status.success(), "{}", said(&output));
        let mut report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert!(report["machine_ms_per_height"].is_u64(), "{report}");
        report["report"].take()
    };
    let (first, second) = (play("1"), play("1"));
    assert_eq!(first, second);
    assert_ne!(first["trace"], play("2")["trace"]);
    assert!(first["height"].as_u64() >= Some(2), "{first}");
    // Each of four votes twice a height, to three others, with a signature of 65 bytes.
    for (count, least) in [("messages", 48), ("bytes", 48 * 65)] {
        assert!(first["counts"][count].as_u64() >= Some(least), "{count}: {first}");
    }
}

#[test]
fn every_command_has_help_with_an_example() {
    for command in [
        vec!["demo"],
        vec!["charter", "check"],
        vec!["charter", "show"],
        vec!["charter", "new"],
        vec!["init"],
        vec!["up"],
        vec!["node"],
        vec!["status"],
        vec!["members"],
        vec!["proposals"],
        vec!["treaties"],
        vec!["treasury"],
        vec!["why"],
        vec!["propose"],
        vec!["ballot"],
        vec!["deposit"],
        vec!["withdraw"],
        vec!["in-force"],
        vec!["instruments"],
        vec!["texts"],
        vec!["reject"],
        vec!["declare"],
        vec!["object"],
        vec!["retract"],
        vec!["mandates"],
        vec!["mandate", "record"],
        vec!["simulate"],
        vec!["decide"],
        vec!["clause", "eval"],
        vec!["clause", "cost"],
        vec!["bench"],
    ] {
        let output = polity(&[&command[..], &["--help"]].concat());
        let text = said(&output);
        assert!(output.status.success(), "{command:?}: {text}");
        assert!(text.contains("Example"), "{command:?} shows no example:\n{text}");
    }
}

/// The short line of the list of commands does not hide what a command says of itself at length.
#[test]
fn help_says_it_at_length() {
    for (command, words) in [
        ("propose", "INSTITUTION.FUNCTION"),
        ("ballot", "a commitment"),
        ("object", "an objection back"),
        ("withdraw", "What is"),
    ] {
        let text = said(&polity(&[command, "--help"]));
        assert!(text.contains(words), "{command}: {words}: {text}");
    }
}

#[test]
fn the_charters_of_the_house_check_and_show() {
    for name in ["paris.toml", "dev.toml", "presence.toml"] {
        let output = polity(&["charter", "check", &charter(name)]);
        assert!(output.status.success(), "{}", said(&output));
        for lang in ["en", "zh"] {
            let shown = polity(&["charter", "show", &charter(name), "--lang", lang]);
            assert!(shown.status.success() && shown.stdout.len() > 500, "{}", said(&shown));
        }
    }
    let chinese = said(&polity(&["charter", "show", "paris", "--lang", "zh"]));
    assert!(chinese.contains("巴黎协定"), "{chinese}");
}

#[test]
fn a_new_charter_is_a_good_one_and_is_never_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("mine.toml").display().to_string();
    assert!(polity(&["charter", "new", &file]).status.success());
    let output = polity(&["--json", "charter", "check", &file]);
    let value: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(value["ok"], true, "{value}");
    assert_eq!(polity(&["charter", "new", &file]).status.code(), Some(2), "it exists");
}

#[test]
fn mistakes_of_a_charter_are_listed_with_their_places() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("bad.toml");
    let text = fs::read_to_string(charter("dev.toml")).expect("dev");
    fs::write(&file, text.replace("chain_id  = 1337", "chain_id  = -1").replace("[currency]", "[curency]"))
        .expect("written");
    let output = polity(&["--json", "charter", "check", &file.display().to_string()]);
    assert_eq!(output.status.code(), Some(2));
    let value: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let list = value["diagnostics"]["list"].as_array().expect("a list");
    assert!(list.len() >= 2, "{value:#}");
    assert!(list.iter().all(|found| found["line"].as_u64() > Some(0) && found["column"].as_u64() > Some(0)));
    let hint = list.iter().find(|found| found["path"].as_str().is_some_and(|path| path.contains("curency")));
    assert!(
        hint.is_some_and(|hint| hint["hint"].as_str().is_some_and(|hint| hint.contains("currency"))),
        "{value:#}"
    );
}

#[test]
fn a_rule_decides_on_a_file_of_ballots_offline() {
    let folder = tempfile::tempdir().expect("a folder");
    let ballots = folder.path().join("ballots.json");
    let members: Vec<String> = (0..6).map(|i| format!(r#"{{ "id": "M{i}", "kind": "state" }}"#)).collect();
    let file = |votes: &str| format!(r#"{{ "members": [{}], "ballots": {{ {votes} }} }}"#, members.join(","));
    let rule = root().join("charters/rules/unga.toml").display().to_string();
    let decide = |votes: &str| -> (Value, Option<i32>) {
        fs::write(&ballots, file(votes)).expect("written");
        let output = polity(&["--json", "decide", &rule, &ballots.display().to_string()]);
        (serde_json::from_slice(&output.stdout).unwrap_or_default(), output.status.code())
    };
    let (report, code) = decide(r#""M0": "yes", "M1": "yes", "M2": "no", "M3": "abstain""#);
    assert_eq!((report["outcome"].as_str(), code), (Some("adopted"), Some(0)), "{report:#}");
    let (report, code) = decide(r#""M0": "yes", "M1": "no", "M2": "no""#);
    assert_eq!((report["outcome"].as_str(), code), (Some("rejected"), Some(0)), "{report:#}");
    fs::write(&ballots, "{ \"members\": [\n  { \"id\": 3 }\n] }").expect("written");
    let output = polity(&["decide", &rule, &ballots.display().to_string()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("line 2"), "{}", said(&output));
    assert_eq!(polity(&["decide", "nowhere.toml", "nowhere.json"]).status.code(), Some(2));
}

#[test]
fn a_clause_is_evaluated_offline_with_the_facts_of_a_file() {
    let example = root().join("charters/clauses/presence.toml").display().to_string();
    let output = polity(&["--json", "clause", "eval", &example]);
    let value: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(output.status.code(), Some(0), "{value:#}");
    assert_eq!(
        value["let"],
        serde_json::json!([{ "name": "turns", "is": "12" }, { "name": "share", "is": "0.25" }])
    );
    assert_eq!((&value["when"], &value["then"][0]["standing"]), (&"true".into(), &"-5".into()), "{value:#}");
    assert_eq!(value["facts"][2], serde_json::json!({ "ask": "written(member, period)", "is": "9" }));
    assert!(value["steps"].as_u64() <= value["cost"].as_u64(), "{value:#}");
    let output = polity(&["--json", "clause", "cost", &example]);
    let bound: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(bound["cost"], value["cost"]);
}

/// What has no value is no mistake in the file, and a mistake is shown where it stands.
#[test]
fn a_clause_without_a_value_and_a_clause_with_a_mistake_differ() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("clause.toml");
    for (text, code, words) in [
        ("clause = \"today * 1.3\"\n[facts]\ntoday = 0.1\n", 0, "clause = 0.13"),
        ("for = \"suspended\"\nwhen = \"true\"\n[facts]\nsuspended = false\n", 0, "does not owe"),
        ("clause = \"today\"\n", 1, "`today` is not known"),
        ("clause = \"today / 0\"\n[facts]\ntoday = 1\n", 1, "division by zero"),
        ("when = \"true\"\nthen = [{ standing = \"1/2\" }]\n", 1, "0.5 is no whole number"),
        ("clause = \"today + yesterday\"\n", 2, ":1:19: error: `yesterday` is not known here"),
        (
            "clause = \"today + yesterday\"\n",
            2,
            "    | clause = \"today + yesterday\"\n    |                   ^",
        ),
        ("when = '''\n  1 < 2 < 3'''\n", 2, ":2:9: error: comparisons do not chain"),
        ("let = { a = \"b\", b = \"a\" }\nwhen = \"true\"\n", 2, "circle: a uses b uses a"),
        ("when = \"true\"\nthen = [{ pay = \"5\" }]\n", 2, "no verb `pay`"),
        ("clause = \"kind\"\n[facts]\nkind = 5\n", 2, "quotation marks"),
        ("clause = \"1\"\n[facts]\n\"written(member)\" = 5\n", 2, "written(member, period)"),
        ("clause = \"1\"\nwhen = \"true\"\n", 2, "the one or the other"),
        ("", 2, "there is no clause"),
    ] {
        fs::write(&file, text).expect("written");
        let output = polity(&["clause", "eval", &file.display().to_string()]);
        assert_eq!(output.status.code(), Some(code), "{text}: {}", said(&output));
        assert!(said(&output).contains(words), "{text}: {words}: {}", said(&output));
    }
}

/// A rule as a newcomer writes it: a plain name, and the file's own name for its id.
#[test]
fn a_rule_file_needs_neither_id_nor_languages() {
    let folder = tempfile::tempdir().expect("a folder");
    let (rule, ballots) = (folder.path().join("half.toml"), folder.path().join("ballots.json"));
    let text = "name = \"Half\"\n[[limb]]\nname = \"half\"\nnumerator = \"yes\"\nthreshold = \">= 1/2\"\n";
    fs::write(&rule, text).expect("written");
    fs::write(&ballots, r#"{ "members": [{ "id": "A" }, { "id": "B" }], "ballots": { "A": "yes" } }"#)
        .expect("written");
    let output = polity(&["decide", &rule.display().to_string(), &ballots.display().to_string()]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("1/2"), "{}", said(&output));
}

/// What can change is said beside what cannot, and keys are explained.
#[test]
fn a_diff_of_charters_lists_what_can_change_and_what_cannot() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("new.toml").display().to_string();
    let text = fs::read_to_string(charter("dev.toml")).expect("dev");
    let changed = text
        .replace("block_time = \"1s\"", "block_time = \"2s\"")
        .replace("chain_id  = 1337", "chain_id  = 1338")
        .replace("node-1 = {", "node-1 = { address = \"0xaa00000000000000000000000000000000000001\",");
    fs::write(&file, changed).expect("written");
    let output = polity(&["charter", "diff", &charter("dev.toml"), &file]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    for part in [
        "an amendment can change:\nclock\n    a block every 2s (was: a block every 1s)",
        "no amendment can change:\nchain_id: every signature",
        "members.node-1.address: keys are the member's own",
    ] {
        assert!(said(&output).contains(part), "{part}: {}", said(&output));
    }
    let output = polity(&["--json", "charter", "diff", &charter("dev.toml"), &file]);
    let value: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(
        (value["effects"].as_array().map(Vec::len), value["refusals"].as_array().map(Vec::len)),
        (Some(1), Some(2)),
        "{value:#}"
    );
}

#[test]
fn known_answers_come_out_and_a_wrong_one_is_shown() {
    // Our own, and those collected from public records.
    for cases in ["charters/rules/cases", "crates/decision/tests/known"] {
        let output = polity(&["decide", "--table", &root().join(cases).display().to_string()]);
        let table = said(&output);
        assert_eq!(output.status.code(), Some(0), "{cases}: {table}");
        assert!(table.contains("cases as known") && !table.contains("NOT"), "{cases}: {table}");
    }

    let folder = tempfile::tempdir().expect("a folder");
    let text = fs::read_to_string(root().join("crates/decision/tests/known/unsc.json")).expect("cases");
    fs::write(folder.path().join("unsc.json"), text.replace("veto:RUS", "veto:CHN")).expect("written");
    let folder_name = folder.path().display().to_string();
    let output = polity(&["--json", "decide", "--table", &folder_name]);
    assert_eq!(output.status.code(), Some(1), "one differs");
    let rows: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let wrong: Vec<&Value> = rows.as_array().expect("rows").iter().filter(|row| row["ok"] == false).collect();
    assert_eq!(wrong.len(), 1, "{rows:#}");
    assert_eq!((&wrong[0]["rule"], &wrong[0]["case"]), (&Value::from("unsc"), &Value::from("S/2022/155")));
    assert!(wrong[0]["got"].as_str().is_some_and(|got| got.contains("veto:RUS")), "{rows:#}");

    fs::write(folder.path().join("unsc.json"), "{\n \"rule_id\": \"un-charter-27\",\n").expect("written");
    let output = polity(&["decide", "--table", &folder_name]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("line 3"), "{}", said(&output));
}

#[test]
fn init_makes_homes_once_and_keeps_secrets_to_their_owner() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("network").display().to_string();
    let output = polity(&["--json", "init", "dev", "--dir", &dir]);
    assert!(output.status.success(), "{}", said(&output));
    let keys = Path::new(&dir).join("node-1/keys.toml");
    assert_eq!(fs::metadata(&keys).expect("there").permissions().mode() & 0o777, 0o600);
    let before = fs::read(&keys).expect("readable");
    assert_eq!(polity(&["init", "dev", "--dir", &dir]).status.code(), Some(2), "not twice");
    assert_eq!(fs::read(&keys).expect("readable"), before);
    let checked = polity(&["charter", "check", &Path::new(&dir).join("charter.toml").display().to_string()]);
    assert!(checked.status.success(), "{}", said(&checked));
}

#[test]
fn without_a_node_a_client_says_where_it_looked() {
    let output = polity(&["status", "--rpc", "http://127.0.0.1:9"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("no node answers at http://127.0.0.1:9"), "{}", said(&output));
    let output = polity(&["--json", "status", "--rpc", "http://127.0.0.1:9"]);
    let value: Value = serde_json::from_slice(&output.stdout).expect("JSON even then");
    assert!(value["error"].is_string());
}

#[test]
fn a_wrong_file_in_a_home_is_wrong_input() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("network");
    let output = polity(&["init", "dev", "--dir", &dir.display().to_string()]);
    assert!(output.status.success(), "{}", said(&output));
    let home = dir.join("node-1");
    for file in ["keys.toml", "charter.toml", "node.toml"] {
        let good = fs::read(home.join(file)).expect("there");
        fs::write(home.join(file), "nonsense = [").expect("written");
        let output = polity(&["node", "--home", &home.display().to_string()]);
        assert_eq!(output.status.code(), Some(2), "{file}: {}", said(&output));
        assert!(said(&output).contains(file), "{file}: {}", said(&output));
        fs::write(home.join(file), good).expect("written");
    }
    let nowhere = folder.path().join("nowhere").display().to_string();
    let output = polity(&["node", "--home", &nowhere]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
}

#[test]
fn a_host_that_is_no_address_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("network").display().to_string();
    for host in ["node.example", "192.0.2.7:26656", "300.1.1.1"] {
        let output = polity(&["init", "dev", "--dir", &dir, "--host", host]);
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains("not an IP address such as 192.0.2.7"), "{}", said(&output));
    }
}

/// The founders' loop: run it, change the file, run it again.
#[test]
fn a_changed_charter_is_told_that_its_directory_holds_another() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, dir) = (folder.path().join("mine.toml"), folder.path().join("network").display().to_string());
    let text = fs::read_to_string(charter("dev.toml")).expect("dev");
    fs::write(&file, &text).expect("written");
    let file = file.display().to_string();
    let output = polity(&["init", &file, "--local", "--dir", &dir]);
    assert!(output.status.success(), "{}", said(&output));
    let without_judy: String =
        text.lines().filter(|line| !line.starts_with("judy")).map(|line| format!("{line}\n")).collect();
    assert_ne!(without_judy, text, "a member less");
    for changed in [without_judy, text.replace("chain_id  = 1337", "chain_id  = 1338")] {
        fs::write(&file, changed).expect("written");
        let output = polity(&["up", &file, "--dir", &dir]);
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        for part in [&format!("{dir} holds another charter of dev than this one"), "--fresh", "another --dir"]
        {
            assert!(said(&output).contains(part), "{part}: {}", said(&output));
        }
    }
}

#[test]
fn a_rule_for_several_matters_says_which_it_was_asked_about() {
    let folder = tempfile::tempdir().expect("a folder");
    let ballots = folder.path().join("ballots.json").display().to_string();
    let member = r#"{ "id": "A", "kind": "state", "weights": { "population": 1 } }"#;
    let rule = root().join("charters/rules/eu-qmv.toml").display().to_string();
    for (matter, expected) in [
        ("", "matter: proposal (the file names none; there are proposal, no-proposal)"),
        (r#", "matter": "no-proposal""#, ""),
    ] {
        fs::write(&ballots, format!(r#"{{ "members": [{member}], "ballots": {{ "A": "yes" }}{matter} }}"#))
            .expect("written");
        let output = polity(&["decide", &rule, &ballots]);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert_eq!(said(&output).contains("matter:"), !expected.is_empty(), "{}", said(&output));
        assert!(said(&output).contains(expected), "{}", said(&output));
    }
}

#[test]
fn beginning_anew_is_refused_while_the_network_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("network");
    let shown = dir.display().to_string();
    assert!(polity(&["init", "dev", "--local", "--dir", &shown]).status.success());
    let secrets = fs::read(dir.join("secrets.toml")).expect("there");
    // What a running node holds.
    fs::create_dir_all(dir.join("node-2/db")).expect("a folder");
    let lock = fs::File::create(dir.join("node-2/db/lock")).expect("a file");
    lock.lock().expect("locked");
    let output = polity(&["up", "--fresh", "--dir", &shown]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(
        said(&output).contains("this network is running (node-2 answers at http://"),
        "{}",
        said(&output)
    );
    assert_eq!(fs::read(dir.join("secrets.toml")).expect("still there"), secrets);
    // Nor does a second start write new ports where the running nodes and their clients look for each other.
    let settings = |node: &str| fs::read_to_string(dir.join(node).join("node.toml")).expect("there");
    let before = ["node-1", "node-2"].map(settings);
    let output = polity(&["up", "--dir", &shown]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(
        said(&output).contains("this network is running (node-2 answers at http://"),
        "{}",
        said(&output)
    );
    assert_eq!(["node-1", "node-2"].map(settings), before);
}

/// `--dir` finds the node by its home: here nobody answers, but at the port that stands there.
#[test]
fn clients_find_a_local_network_by_its_directory() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("network").display().to_string();
    assert!(polity(&["init", "dev", "--local", "--dir", &dir, "--rpc-port", "1"]).status.success());
    for command in [vec!["status"], vec!["members"], vec!["ballot", "1", "yes", "--as", "node-1"]] {
        let output = polity(&[&command[..], &["--dir", &dir]].concat());
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        for part in ["node-1 at http://127.0.0.1:1,", "node-4 at http://127.0.0.1:4.", "polity up"] {
            assert!(said(&output).contains(part), "{part}: {}", said(&output));
        }
    }
    // A node that is down is passed over: the next home's takes the connection, and is asked.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let answer = std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        loop {
            let (mut asked, _) = listener.accept().expect("a client");
            let mut bytes = [0; 4096];
            let count = asked.read(&mut bytes).expect("reads");
            if count > 0 {
                asked.write_all(b"HTTP/1.1 503 x\r\ncontent-length: 0\r\n\r\n").expect("writes");
                return String::from_utf8_lossy(&bytes[..count]).into_owned();
            }
        }
    });
    let settings = Path::new(&dir).join("node-3/node.toml");
    let text = fs::read_to_string(&settings).expect("there");
    fs::write(&settings, text.replace("rpc = 3\n", &format!("rpc = {port}\n"))).expect("written");
    let output = polity(&["status", "--dir", &dir]);
    assert!(said(&output).contains(&format!("http://127.0.0.1:{port}")), "{}", said(&output));
    assert!(answer.join().expect("asked").starts_with("POST"));
    let output = polity(&["ballot", "1", "yes", "--as", "stranger", "--dir", &dir]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("holds no key of `stranger`"), "{}", said(&output));
    let output = polity(&["status", "--dir", &folder.path().display().to_string()]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
}
