//! What a proposal would do, before it is opened or while it is pending.

use clap::Args;
use serde_json::{Value, json};

use super::{
    committee,
    read::{array, text},
};
use crate::{
    abi::Call,
    client::{Client, RpcArgs},
    output::{Failure, Outcome, print},
    words::Words,
};

/// Enacts a pending proposal on a fork of the present state, exactly as the chain would, and says what would change. Nothing is
/// kept, and the state may be another by the time it is enacted.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  polity simulate 1")]
pub(crate) struct Simulate {
    /// The proposal, by number.
    proposal: u64,
    #[command(flatten)]
    rpc: RpcArgs,
}

impl Simulate {
    pub(crate) fn run(self, as_json: bool) -> Outcome {
        let client = self.rpc.client()?;
        let simulation: Value = client.call("polity_simulateProposal", json!([self.proposal]))?;
        shown(as_json, &client, &simulation)
    }
}

/// What a proposal with these calls would do.
pub(super) fn of_calls(client: &Client, calls: &[Call]) -> Result<Value, Failure> {
    Ok(client.call("polity_simulateProposal", json!([calls]))?)
}

/// Prints a simulation; exit status 1 if the calls would fail.
pub(super) fn shown(as_json: bool, client: &Client, simulation: &Value) -> Outcome {
    print(as_json, simulation, || text_of(&Words::of(client), simulation))?;
    Ok(if simulation["ok"] == true {
        std::process::ExitCode::SUCCESS
    } else {
        std::process::ExitCode::from(1)
    })
}

/// The same, and why the proposal itself cannot be made as it is asked for, if it cannot: then the exit status is 1 whatever the calls
/// would do. As data, `ok` is about the calls, and the refusal is `error`, `refusal` and `hint` beside it.
pub(super) fn shown_with(
    as_json: bool,
    client: &Client,
    mut simulation: Value,
    refusal: Option<Failure>,
) -> Outcome {
    let Some(refusal) = refusal else { return shown(as_json, client, &simulation) };
    if let (Some(fields), Value::Object(said)) = (simulation.as_object_mut(), refusal.json()) {
        fields.extend(said);
    }
    // The same reason is said once: what the chain refuses to enact it refuses to open.
    let said = failure(&Words::of(client), &simulation);
    shown(as_json, client, &simulation)?;
    match (as_json, simulation["ok"] != true && said.contains(&refusal.text())) {
        (true, _) => {}
        (false, true) => eprintln!("error: for the same reason it cannot be proposed, with --force neither"),
        (false, false) => refusal.complain(),
    }
    Ok(std::process::ExitCode::from(1))
}

/// Refuses to open what would fail, and says what is to be feared of what would not.
pub(super) fn refuse(client: &Client, simulation: &Value) -> Result<(), Failure> {
    if simulation["ok"] == true {
        for warning in array(&simulation["warnings"]) {
            eprintln!("warning: {}", text(warning));
        }
        return Ok(());
    }
    Err(Failure::failed(format!(
        "enacted now it would fail: {}. Nothing is sent; see --dry-run, or open it all the same with --force",
        failure(&Words::of(client), simulation)
    )))
}

/// Why it would fail, and in which call.
fn failure(words: &Words, simulation: &Value) -> String {
    words.proposal_failure(&simulation["failure"])
}

fn text_of(words: &Words, simulation: &Value) -> String {
    let mut out = String::new();
    for call in array(&simulation["calls"]) {
        out += &format!("→ {}\n", words.call(call));
    }
    if array(&simulation["calls"]).is_empty() {
        out += "it makes no calls\n";
    }
    let gas = format!("gas {} of {}", text(&simulation["gasUsed"]), text(&simulation["gasLimit"]));
    if simulation["ok"] != true {
        return format!(
            "{out}enacted now it would FAIL, and change nothing: {}\n{gas}",
            failure(words, simulation)
        );
    }
    out += "enacted now it would change:\n";
    let mut changed = false;
    for change in array(&simulation["changes"]).iter().chain(array(&simulation["balances"])) {
        out += &format!("  {}\n", text(&change["text"]));
        changed = true;
    }
    if !changed {
        out += "  nothing that the institutions know of\n";
    }
    out += &committee::outlook(simulation);
    for log in array(&simulation["logs"]).iter().filter(|log| log["text"].is_string()) {
        out += &format!("  logs {}\n", text(&log["text"]));
    }
    for then in array(&simulation["then"]) {
        let failure = then["failure"].as_str().map(|why| format!(", which fails: {why}")).unwrap_or_default();
        out += &format!("  then the chain does {}{failure}\n", text(&then["text"]));
    }
    format!("{out}{gas}")
}
