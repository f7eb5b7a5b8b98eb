//! What a node says: every command prints what one `polity_*` method answers, so that the numbers can be checked.

use clap::Args;
use polity_charter::Date;
use serde_json::{Value, json};

use crate::{
    client::RpcArgs,
    output::{Failure, Outcome, one_line, print},
    words::Words,
};

pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "–".to_owned(),
        other => other.to_string(),
    }
}

pub(super) fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

pub(super) fn list(value: &Value) -> String {
    array(value).iter().map(text).collect::<Vec<_>>().join(", ")
}

pub(super) fn moment(value: &Value) -> String {
    value.as_u64().map_or_else(|| "–".to_owned(), time)
}

/// `2016-11-04 00:00:00` of seconds since 1970.
pub(crate) fn time(secs: u64) -> String {
    let of_day = secs % 86_400;
    format!("{} {:02}:{:02}:{:02}", Date::of_timestamp(secs), of_day / 3600, of_day / 60 % 60, of_day % 60)
}

/// Columns as wide as their longest cell.
pub(super) fn table(rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| one_line(cell)).collect()).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |i: usize| {
        rows.iter().filter_map(|row| row.get(i)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    rows.iter()
        .map(|row| {
            let cells: Vec<String> =
                row.iter().zip(&widths).map(|(cell, w)| format!("{cell:<w$}", w = *w)).collect();
            format!("{}\n", cells.join("  ").trim_end())
        })
        .collect()
}

pub(super) fn row(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|&cell| cell.to_owned()).collect()
}

/// How a node and its network are: head, peers, and whether the voting power that decides is present.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  polity status --rpc http://127.0.0.1:8545")]
pub(crate) struct Status {
    #[command(flatten)]
    rpc: RpcArgs,
}

impl Status {
    pub(crate) fn run(self, as_json: bool) -> Outcome {
        let status: Value = self.rpc.client()?.call("polity_status", json!([]))?;
        print(as_json, &status, || {
            let (head, consensus) = (&status["head"], &status["consensus"]);
            let rows = [
                row(&[
                    "charter",
                    &format!("{} ({})", text(&status["charter"]["id"]), text(&status["charter"]["hash"])),
                ]),
                row(&["chain id", &text(&status["chainId"])]),
                row(&["block", &format!("{}  {}", text(&head["height"]), text(&head["hash"]))]),
                row(&["time", &moment(&head["timestamp"])]),
                row(&["state root", &text(&head["stateRoot"])]),
                row(&["consensus", &text(&consensus["words"])]),
                row(&[
                    "engine",
                    &format!(
                        "{}, height {}, round {}, step {}, proposer {}",
                        text(&consensus["engine"]),
                        text(&consensus["height"]),
                        text(&consensus["round"]),
                        text(&consensus["step"]),
                        text(&consensus["proposer"])
                    ),
                ]),
                row(&[
                    "peers",
                    &format!(
                        "{} (transactions), {} (consensus)",
                        text(&status["peers"]),
                        text(&consensus["peers"])
                    ),
                ]),
                row(&[
                    "pool",
                    &format!(
                        "{} pending, {} queued",
                        text(&status["pool"]["pending"]),
                        text(&status["pool"]["queued"])
                    ),
                ]),
            ];
            table(&rows)
        })
    }
}

/// The members: kind, status, rights, weights, account.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  polity members --json | jq '.[] | select(.kind == \"igo\")'")]
pub(crate) struct Members {
    /// One member, by id or address.
    member: Option<String>,
    #[command(flatten)]
    rpc: RpcArgs,
}

impl Members {
    pub(crate) fn run(self, as_json: bool) -> Outcome {
        let client = self.rpc.client()?;
        let members: Value = match &self.member {
            None => client.call("polity_members", json!([]))?,
            Some(id) => {
                let member: Value = client.call("polity_member", json!([id]))?;
                if member.is_null() {
                    return Err(Failure::failed(format!("no member `{id}`")));
                }
                json!([member])
            }
        };
        print(as_json, &members, || {
            let mut rows = vec![row(&["id", "kind", "status", "account", "rights", "weights", "name"])];
            for member in array(&members) {
                let weights: Vec<_> = member["weights"]
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(name, weight)| format!("{name} {}", text(&weight["value"])))
                    .collect();
                rows.push(vec![
                    text(&member["id"]),
                    text(&member["kind"]),
                    text(&member["status"]),
                    text(&member["account"]),
                    list(&member["rights"]).replace(", ", ","),
                    weights.join(", "),
                    text(&member["name"]),
                ]);
            }
            table(&rows)
        })
    }
}

/// The treaties: deposits, and when they enter into force.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  polity treaties --deposits")]
pub(crate) struct Treaties {
    /// List every deposit with its date.
    #[arg(long)]
    deposits: bool,
    #[command(flatten)]
    rpc: RpcArgs,
}

impl Treaties {
    pub(crate) fn run(self, as_json: bool) -> Outcome {
        let client = self.rpc.client()?;
        if self.deposits {
            let deposits: Value = client.call("polity_deposits", json!([]))?;
            return print(as_json, &deposits, || {
                let line = |d: &Value| {
                    vec![text(&d["date"]), text(&d["treaty"]), text(&d["member"]), text(&d["kind"])]
                };
                let lines: Vec<_> = array(&deposits).iter().map(line).collect();
                if lines.is_empty() {
                    "no instruments are deposited yet: `polity deposit --help`".to_owned()
                } else {
                    table(&lines)
                }
            });
        }
        let treaties: Value = client.call("polity_treaties", json!([]))?;
        print(as_json, &treaties, || {
            if array(&treaties).is_empty() {
                return "the charter opens no treaties: [treaties.<id>]".to_owned();
            }
            let mut rows =
                vec![row(&["id", "deposits", "decided on", "effective on", "in force since", "name"])];
            for treaty in array(&treaties) {
                rows.push(vec![
                    text(&treaty["id"]),
                    text(&treaty["deposits"]),
                    text(&treaty["decidedOn"]),
                    text(&treaty["effectiveOn"]),
                    moment(&treaty["inForceSince"]),
                    text(&treaty["name"]),
                ]);
            }
            table(&rows)
        })
    }
}

/// The accounts of the treasury. They pay only by decision.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  polity treasury")]
pub(crate) struct Treasury {
    #[command(flatten)]
    rpc: RpcArgs,
}

impl Treasury {
    pub(crate) fn run(self, as_json: bool) -> Outcome {
        let client = self.rpc.client()?;
        let accounts: Value = client.call("polity_treasury", json!([]))?;
        print(as_json, &accounts, || {
            let words = Words::of(&client);
            let line = |account: &Value| {
                vec![text(&account["name"]), words.money_text(&text(&account["balanceWei"]))]
            };
            let lines: Vec<_> = array(&accounts).iter().map(line).collect();
            if lines.is_empty() { "the treasury has no accounts".to_owned() } else { table(&lines) }
        })
    }
}
