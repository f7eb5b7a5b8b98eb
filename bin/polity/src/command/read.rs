//! What a node says: every command prints what one `polity_*` method answers, so that the numbers can be checked.

use clap::Args;
use polity_charter::Date;
use serde_json::{Value, json};

use crate::{
    client::RpcArgs,
    output::{Failure, Outcome, print},
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

/// The proposals, newest last, with the calls they make in words.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  polity proposals")]
pub(crate) struct Proposals {
    /// One proposal, by number, with its ballots.
    proposal: Option<u64>,
    #[command(flatten)]
    rpc: RpcArgs,
}

impl Proposals {
    pub(crate) fn run(self, as_json: bool) -> Outcome {
        let client = self.rpc.client()?;
        let found: Value = match self.proposal {
            None => client.call("polity_proposals", json!([]))?,
            Some(id) => {
                let proposal: Value = client.call("polity_proposal", json!([id]))?;
                if proposal.is_null() {
                    return Err(Failure::failed(format!("no proposal {id}")));
                }
                json!({ "total": 1, "proposals": [proposal] })
            }
        };
        print(as_json, &found, || {
            if array(&found["proposals"]).is_empty() {
                return "no proposals yet: `polity propose --help`".to_owned();
            }
            let words = Words::of(&client);
            array(&found["proposals"]).iter().map(|proposal| proposal_text(&words, proposal)).collect()
        })
    }
}

fn proposal_text(words: &Words, proposal: &Value) -> String {
    let mut out = format!(
        "{}  {}  [{}]\n   on {}, proposed by {} at {}\n",
        text(&proposal["id"]),
        text(&proposal["title"]),
        status_text(proposal),
        text(&proposal["track"]),
        text(&proposal["proposer"]),
        moment(&proposal["proposedAt"]),
    );
    out += &before_opening(words, proposal);
    for (number, stage) in array(&proposal["stages"]).iter().enumerate() {
        out += &stage_text(number, stage, text(&proposal["status"]).as_str());
    }
    for call in array(&proposal["calls"]) {
        out += &format!("   → {}\n", words.call(call));
    }
    if !proposal["executesAt"].is_null() {
        out += &format!("   executes {}\n", moment(&proposal["executesAt"]));
    }
    if !proposal["failure"].is_null() {
        out += &format!("   failed: {}\n", words.proposal_failure(&proposal["failure"]));
    }
    if let Some(reason) = proposal["cancelledBecause"].as_str().filter(|reason| !reason.is_empty()) {
        out += &format!("   cancelled: {reason}\n");
    }
    if let Some(until) = proposal["guardian"]["until"].as_u64() {
        out +=
            &format!("   {} may cancel it until {}\n", text(&proposal["guardian"]["chamber"]), time(until));
    }
    for ballot in array(&proposal["ballots"]) {
        out += &format!("   {} {}\n", text(&ballot["member"]), ballot_text(ballot));
    }
    for carried in array(&proposal["delegated"]) {
        out += &carried_text(proposal, carried);
    }
    out
}

/// How far it has come; while sealed ballots are revealed, that.
fn status_text(proposal: &Value) -> String {
    let stage = proposal["stage"].as_u64().and_then(|stage| usize::try_from(stage).ok());
    match stage.map(|stage| &proposal["stages"][stage]) {
        Some(stage) if stage["revealing"] == true => {
            format!("revealing until {}", moment(&stage["revealsUntil"]))
        }
        _ => text(&proposal["status"]),
    }
}

/// `yes`, or the parts of a split ballot in percents.
fn ballot_text(ballot: &Value) -> String {
    let share = |choice: &str| {
        let part = ballot["parts"][choice].as_u64().filter(|part| *part > 0)?;
        Some(format!("{choice} {} %", percent(part)))
    };
    let shares: Vec<_> = ["yes", "no", "abstain", "veto"].into_iter().filter_map(share).collect();
    if shares.is_empty() { text(&ballot["choice"]) } else { shares.join(", ") }
}

/// Parts of 10,000 in percents, `33.33` or `60`.
pub(super) fn percent(parts: u64) -> String {
    let text = format!("{}.{:02}", parts / 100, parts % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A member that left its ballot to another, and whose ballot counts for it.
fn carried_text(proposal: &Value, carried: &Value) -> String {
    let (member, to) = (text(&carried["member"]), text(&carried["to"]));
    let said = |by: &str| {
        let ballot = array(&proposal["ballots"]).iter().find(|ballot| ballot["member"] == by);
        ballot.map_or_else(String::new, |ballot| format!(" ({})", ballot_text(ballot)))
    };
    match carried["by"].as_str() {
        Some(by) if by == member => format!("   {member} had left its ballot to {to}, and cast its own\n"),
        Some(by) => format!("   {member} left its ballot to {to}: that of {by} counts for it{}\n", said(by)),
        None => format!("   {member} left its ballot to {to}, who has cast none yet\n"),
    }
}

/// What a proposal waits for before it opens.
fn before_opening(words: &Words, proposal: &Value) -> String {
    let mut out = String::new();
    if let Some(mandate) = proposal["mandate"].as_u64() {
        out += &format!("   opened under mandate {mandate}\n");
    }
    if proposal["sponsorsNeeded"].as_u64().is_some_and(|needed| needed > 0) {
        let sponsors = array(&proposal["sponsors"]);
        let names =
            if sponsors.is_empty() { String::new() } else { format!(": {}", list(&proposal["sponsors"])) };
        out += &format!("   sponsors: {} of {}{names}\n", sponsors.len(), text(&proposal["sponsorsNeeded"]));
    }
    let wei = |key: &str| words.money_text(&text(&proposal["deposit"][key]));
    if !proposal["deposit"].is_null() {
        out += &format!("   deposit: {} held of {}\n", wei("heldWei"), wei("neededWei"));
    }
    let until = moment(&proposal["deadline"]);
    match proposal["status"].as_str() {
        Some("draft") => out += &format!("   lapses {until} unless it has what it needs\n"),
        Some("discussion") => out += &format!("   opens {until}\n"),
        Some("preparing") => {
            let (counted, all) = (text(&proposal["counted"][0]), text(&proposal["counted"][1]));
            out += &format!("   its electorate is being counted: {counted} of {all} members\n");
        }
        _ => {}
    }
    out
}

fn stage_text(number: usize, stage: &Value, status: &str) -> String {
    let is_over = ["rejected", "cancelled", "failed", "executed"].contains(&status);
    let outcome = match stage["adopted"].as_bool() {
        Some(true) => format!("adopted {}", moment(&stage["concludedAt"])),
        Some(false) => format!("not adopted {}", moment(&stage["concludedAt"])),
        None if is_over && stage["opensAt"].is_null() => "not held".to_owned(),
        None if is_over => format!("open from {}, {status} before its end", moment(&stage["opensAt"])),
        None => {
            let revealed = match stage["revealsUntil"].as_u64() {
                Some(until) => format!(", then revealed until {}", time(until)),
                None => String::new(),
            };
            format!("open {} to {}{revealed}", moment(&stage["opensAt"]), moment(&stage["closesAt"]))
        }
    };
    let extended = match stage["extensions"].as_u64() {
        Some(times @ 1..) => format!(", extended {times} times"),
        _ => String::new(),
    };
    format!(
        "   vote {number}: {}, {} members, {outcome}{extended}\n",
        text(&stage["chamber"]),
        text(&stage["voters"])
    )
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

/// Why a proposal or a treaty is decided as it is: every limb of its rule with numerator, denominator, share and threshold.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  polity why 1\n  polity why paris-agreement --lang zh")]
pub(crate) struct Why {
    /// The number of a proposal, or the id of a treaty.
    subject: String,
    /// Which vote of a proposal, from 0; the present one if left out. After the last: the guardian's vote.
    #[arg(long, value_name = "N")]
    stage: Option<u64>,
    /// Language: en or zh.
    #[arg(long, default_value = "en")]
    lang: String,
    #[command(flatten)]
    rpc: RpcArgs,
}

impl Why {
    pub(crate) fn run(self, as_json: bool) -> Outcome {
        let subject = self.subject.parse::<u64>().map_or_else(|_| json!(self.subject), |id| json!(id));
        let client = self.rpc.client()?;
        let mut report: Value = client.call("polity_whyReport", json!([subject, "latest", self.stage]))?;
        if report.is_null() {
            return Err(Failure::failed(format!(
                "no proposal or treaty `{}` with a vote to explain",
                self.subject
            )));
        }
        let Some(reasons) = report["text"][&self.lang].as_str().map(str::to_owned) else {
            return Err(Failure::input(format!("no language `{}`: en or zh", self.lang)));
        };
        // Adopted is not done: what the rule says ends with the vote.
        let proposal: Value = match report["proposal"].as_u64() {
            Some(id) => client.call("polity_proposal", json!([id]))?,
            None => Value::Null,
        };
        let failure = &proposal["failure"];
        if !failure.is_null() {
            report["failure"] = failure.clone();
        }
        print(as_json, &report, || {
            // Only what is concluded is recorded.
            let is_recorded = report["vote"].as_str().is_none_or(|vote| vote == "concluded");
            let hash =
                if is_recorded { format!("report hash {}\n", text(&report["hash"])) } else { String::new() };
            let mut out = format!("{reasons}\n{hash}");
            if !failure.is_null() {
                let why = Words::of(&client).proposal_failure(failure);
                out += &match self.lang.as_str() {
                    "zh" => format!("已通过,但其调用执行失败,全部撤销:{why}\n"),
                    _ => format!("It was adopted, but its calls failed and nothing of them remains: {why}\n"),
                };
            }
            out
        })
    }
}
