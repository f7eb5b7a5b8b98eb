//! Why something is decided as it is, as the report of its rule says.

use clap::Args;
use serde_json::{Value, json};

use super::read::{array, text};
use crate::{
    client::{Client, RpcArgs},
    output::{Failure, Outcome, print},
    words::Words,
};

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
        let cancelled = match report["vote"] == "cancelled" {
            true => cancelled(&proposal, guardian_cancelled(&client, &proposal), &self.lang),
            false => None,
        };
        if !proposal["cancelledBecause"].is_null() {
            report["cancelledBecause"] = proposal["cancelledBecause"].clone();
        }
        let failure = &proposal["failure"];
        if !failure.is_null() {
            report["failure"] = failure.clone();
        }
        print(as_json, &report, || {
            // Only what is concluded is recorded.
            let is_recorded = report["vote"].as_str().is_none_or(|vote| vote == "concluded");
            let hash =
                if is_recorded { format!("report hash {}\n", text(&report["hash"])) } else { String::new() };
            let mut out = format!("{reasons}\n{hash}{}", cancelled.unwrap_or_default());
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

/// Whether it was the guardian of its track that cancelled `proposal`: the vote after the last says so.
fn guardian_cancelled(client: &Client, proposal: &Value) -> bool {
    let vote = json!([proposal["id"], "latest", array(&proposal["stages"]).len()]);
    client.call::<Value>("polity_whyReport", vote).is_ok_and(|report| report["vote"] == "has-cancelled")
}

/// That a vote was cut off, by whom, and what its numbers are then; `None` if the proposal ended otherwise.
fn cancelled(proposal: &Value, by_guardian: bool, lang: &str) -> Option<String> {
    if proposal["status"] != "cancelled" {
        return None;
    }
    let reason = proposal["cancelledBecause"].as_str().filter(|reason| !reason.is_empty());
    let (chamber, proposer) = (text(&proposal["guardian"]["chamber"]), text(&proposal["proposer"]));
    Some(match lang {
        "zh" => {
            let who = if by_guardian { chamber } else { proposer };
            let why = reason.map(|reason| format!("，理由：{reason}")).unwrap_or_default();
            format!("由 {who} 撤销{why}。未作出任何决定；以上数字仅反映撤销时已投的票。\n")
        }
        _ => {
            let who = if by_guardian {
                format!("{chamber}, the guardian")
            } else {
                format!("{proposer}, who had proposed it")
            };
            let why = reason.map(|reason| format!(", because: {reason}")).unwrap_or_default();
            format!(
                "Cancelled by {who}{why}. Nothing was decided; the numbers are of the ballots cast until then.\n"
            )
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vote_that_was_cut_off_says_by_whom_and_why() {
        let proposal = json!({
            "status": "cancelled", "proposer": "de", "cancelledBecause": "Overtaken", "guardian": { "chamber": "court" }
        });
        assert_eq!(
            cancelled(&proposal, false, "en").expect("cancelled"),
            "Cancelled by de, who had proposed it, because: Overtaken. Nothing was decided; the numbers are of the ballots cast \
             until then.\n"
        );
        let said = cancelled(&proposal, true, "en").expect("cancelled");
        assert!(said.starts_with("Cancelled by court, the guardian, because: Overtaken."), "{said}");
        assert!(
            cancelled(&proposal, true, "zh")
                .expect("cancelled")
                .starts_with("由 court 撤销，理由：Overtaken")
        );
        assert_eq!(cancelled(&json!({ "status": "failed" }), false, "en"), None);
    }
}
