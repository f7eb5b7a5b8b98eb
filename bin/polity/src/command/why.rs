//! Why something is decided as it is, as the report of its rule says.

use clap::Args;
use serde_json::{Value, json};

use super::read::text;
use crate::{
    client::RpcArgs,
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
