//! Proposals in words: how far each has come, what it waits for, who voted how.

use clap::Args;
use serde_json::{Value, json};

use super::read::{array, list, moment, text, time};
use crate::{
    client::RpcArgs,
    output::{Failure, Outcome, print},
    words::Words,
};

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
        None if proposal["status"] == "open" => {
            format!("   {member} left its ballot to {to}, who has cast none yet\n")
        }
        None => format!("   {member} left its ballot to {to}, who cast none\n"),
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
