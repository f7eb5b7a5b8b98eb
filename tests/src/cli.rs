//! Acting on a network as a person does: `polity VERB … --as MEMBER --dir DIR`, read back as JSON.

use std::{
    process::{Command, Stdio},
    thread,
};

use serde_json::Value;

use crate::{Network, eventually, polity};

impl Network {
    /// Runs `polity --json ARGS --dir DIR`; what it answers, or what it says is wrong.
    ///
    /// # Errors
    /// The JSON it prints when it ends with another status than 0.
    pub fn try_ask(&self, args: &[&str]) -> Result<Value, Value> {
        let output = Command::new(polity())
            .arg("--json")
            .args(args)
            .arg("--dir")
            .arg(&self.dir)
            .env_remove("POLITY_RPC")
            .env_remove("POLITY_KEY")
            .stdin(Stdio::null())
            .output()
            .expect("polity runs");
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let said = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{args:?}: {error}: {out}{err}"));
        if output.status.success() { Ok(said) } else { Err(said) }
    }

    /// What a reading command answers.
    #[must_use]
    pub fn ask(&self, args: &[&str]) -> Value {
        self.try_ask(args).unwrap_or_else(|error| panic!("{args:?}: {error}"))
    }

    /// What a command prints for people.
    #[must_use]
    pub fn told(&self, args: &[&str]) -> String {
        let output =
            Command::new(polity()).args(args).arg("--dir").arg(&self.dir).output().expect("polity runs");
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    }

    /// Acts as `member`, in a transaction that succeeds.
    pub fn act(&self, member: &str, args: &[&str]) -> Value {
        self.try_act(member, args).unwrap_or_else(|error| panic!("{member} {args:?}: {error}"))
    }

    /// Acts as `member`.
    ///
    /// # Errors
    /// The JSON of the refusal.
    pub fn try_act(&self, member: &str, args: &[&str]) -> Result<Value, Value> {
        self.try_ask(&[args, &["--as", member]].concat())
    }

    /// The name of the refusal with which `member` cannot do this, such as `NotInElectorate`; all that is said without one.
    #[must_use]
    pub fn refused(&self, member: &str, args: &[&str]) -> String {
        let error = self.try_act(member, args).expect_err("refused");
        let name = error["refusal"].as_str().and_then(|raw| raw.split('(').next());
        name.unwrap_or_else(|| error["error"].as_str().expect("an error")).to_owned()
    }

    /// Several members act at once: what they do must not depend on the order.
    pub fn together(&self, acts: &[(&str, &[&str])]) {
        thread::scope(|scope| {
            for (member, args) in acts {
                scope.spawn(|| self.act(member, args));
            }
        });
    }

    /// Members cast these ballots on proposal `id`, at once.
    pub fn ballots(&self, id: u64, ballots: &[(&str, &str)]) {
        let number = id.to_string();
        thread::scope(|scope| {
            for (member, choice) in ballots {
                scope.spawn(|| self.act(member, &["ballot", &number, choice]));
            }
        });
    }

    /// `member` makes a proposal; its number.
    pub fn propose(&self, member: &str, args: &[&str]) -> u64 {
        let made = self.act(member, &[&["propose"], args].concat());
        made["proposal"].as_u64().unwrap_or_else(|| panic!("no number in {made}"))
    }

    /// Proposal `id`, with its ballots.
    #[must_use]
    pub fn proposal(&self, id: u64) -> Value {
        self.ask(&["proposals", &id.to_string()])["proposals"][0].clone()
    }

    /// Waits until proposal `id` has this status.
    pub fn until_status(&self, id: u64, status: &str) -> Value {
        eventually(&format!("proposal {id} to be {status}"), || {
            let found = self.rpc().try_call("polity_proposal", serde_json::json!([id]))?.ok()?;
            let is_over = ["executed", "failed", "rejected", "cancelled", "lapsed"]
                .iter()
                .any(|over| found["status"] == *over && status != *over);
            assert!(!is_over, "proposal {id} is {}, not {status}: {found:#}", found["status"]);
            (found["status"] == status).then_some(found)
        })
    }

    /// Seconds since 1970 of the latest block.
    #[must_use]
    pub fn now(&self) -> u64 {
        let status = self.rpc().call("polity_status", serde_json::json!([]));
        status["head"]["timestamp"].as_u64().expect("a time")
    }

    /// Waits until a block is dated `secs` or later.
    pub fn until_time(&self, secs: u64) {
        eventually(&format!("a block of {secs}"), || (self.now() >= secs).then_some(()));
    }

    /// What a member or account holds, in whole wei as decimal digits.
    #[must_use]
    pub fn balance(&self, id: &str) -> u128 {
        let found =
            self.rpc().call("eth_getBalance", serde_json::json!([self.account(id).address, "latest"]));
        let digits = found.as_str().and_then(|text| text.strip_prefix("0x")).expect("a quantity");
        u128::from_str_radix(digits, 16).expect("hexadecimal")
    }

    /// What an account of the treasury holds. Units: wei.
    #[must_use]
    pub fn treasury(&self, name: &str) -> u128 {
        let accounts = self.ask(&["treasury"]);
        let found = accounts.as_array().expect("accounts").iter().find(|account| account["name"] == name);
        let wei = found.and_then(|account| account["balanceWei"].as_str()).expect("a balance");
        wei.parse().expect("wei")
    }
}

/// A whole unit of a currency. Units: wei.
pub const UNIT: u128 = 1_000_000_000_000_000_000;
