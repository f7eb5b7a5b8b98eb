//! Evidence of dishonesty: what was punished, what this node has on record, and bringing evidence before the chain.
//!
//! Rule kept: what is told of a submission is what its receipt says happened, not what was hoped for.

mod file;
mod together;

use alloy_primitives::{B256, Bytes, LogData, U256};
use alloy_sol_types::SolEvent;
use clap::Subcommand;
use polity_constitution::OffenceKind;
use polity_institutions::{constitution::IConstitution as sol, names};
use polity_primitives::CONSTITUTION;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    act::{SignerArgs, done, send_to},
    read::{array, row, table, text},
    seats::wei,
};
use crate::{
    client::{Client, RpcArgs, TxReceipt},
    output::{Failure, Outcome, print, read_input},
};

/// Offences that one question asks for.
const PAGE: u64 = 100;

/// Evidence of dishonesty: what was punished, what a node has on record, and bringing it before the chain.
#[derive(Subcommand, Debug)]
pub(crate) enum EvidenceCommand {
    /// What the chain punished, and what the node that is asked has on record: found by itself or told by its peers. What is due is
    /// carried by whoever writes the next block and has it; nobody has to submit anything. Who signed two things at the same height is
    /// named together, with their part of the voting power.
    #[command(after_help = "Example:\n  polity evidence list --json > evidence.json")]
    List {
        #[command(flatten)]
        rpc: RpcArgs,
    },
    /// Bring evidence before the chain oneself: a file with what `list --json` prints, with one entry of it, or with an accusation in
    /// hex. Where the charter has an incentive the chain does it by itself with what a node has on record.
    #[command(after_help = "Example:\n  polity evidence submit evidence.json --as de --dir .polity/stake")]
    Submit {
        /// The file.
        file: std::path::PathBuf,
        #[command(flatten)]
        signer: SignerArgs,
        #[command(flatten)]
        rpc: RpcArgs,
    },
}

impl EvidenceCommand {
    pub(crate) fn run(self, as_json: bool) -> Outcome {
        match self {
            Self::List { rpc } => list(as_json, &rpc.client()?),
            Self::Submit { file, signer, rpc } => submit(as_json, &file, &signer, &rpc),
        }
    }
}

fn list(as_json: bool, client: &Client) -> Outcome {
    let mut punished = Vec::new();
    loop {
        let from = punished.len() as u64;
        let page: Vec<Value> = client.call("polity_offences", json!([from, PAGE]))?;
        let last = (page.len() as u64) < PAGE;
        punished.extend(page);
        if last {
            break;
        }
    }
    let recorded: Vec<Value> = client.call("polity_evidence", json!([]))?;
    let committee = |height: u64| client.call("polity_committee", json!([height])).ok();
    let heights = together::group(punished.iter().chain(&recorded), committee);
    print(as_json, &json!({ "punished": punished, "recorded": recorded, "heights": heights }), || {
        let mut out: String = heights.iter().map(together::Together::says).collect();
        if punished.is_empty() {
            out.push_str("nobody was punished\n");
        } else {
            let heads = ["punished", "member", "height", "round", "in block", "reported by", "forfeited"];
            let mut rows = vec![row(&heads)];
            for offence in &punished {
                let reporter = match (&offence["reporterMember"], &offence["reporter"]) {
                    (Value::String(member), _) => member.clone(),
                    (_, Value::String(account)) => account.clone(),
                    _ => "the chain".to_owned(),
                };
                let mut cells = ["offence", "member", "height", "round", "punishedAt"]
                    .map(|key| text(&offence[key]))
                    .to_vec();
                cells.extend([reporter, wei(&offence["forfeitedWei"])]);
                rows.push(cells);
            }
            out.push_str(&table(&rows));
        }
        if recorded.is_empty() {
            out.push_str("this node has no evidence on record\n");
            return out;
        }
        let mut rows = vec![row(&["on record here", "member", "height", "round", "state"])];
        for found in &recorded {
            let about = if found["first"]["height"].is_null() { found } else { &found["first"] };
            let why = found["why"].as_str().map(|why| format!(": {why}")).unwrap_or_default();
            rows.push(vec![
                text(&found["offence"]),
                text(&found["member"]),
                text(&about["height"]),
                text(&about["round"]),
                format!("{}{why}", text(&found["state"])),
            ]);
        }
        out.push_str(&table(&rows));
        out
    })
}

fn submit(as_json: bool, file: &std::path::Path, signer: &SignerArgs, rpc: &RpcArgs) -> Outcome {
    let client = rpc.client()?;
    let name = file.display().to_string();
    let entries = file::read(&name, &read_input(file)?, client.chain_id()?)?;
    if entries.is_empty() {
        return Err(Failure::input(format!("{name}: nothing in it that is not punished")));
    }
    let tip = client.block_number()?;
    if let Some(entry) = entries.iter().find(|entry| entry.offence.height > tip) {
        let (at, height) = (&entry.place, entry.offence.height);
        return Err(Failure::input(format!("{at}: it is about block {height}, and the last block is {tip}")));
    }
    let (mut results, mut last, mut refused) = (Vec::new(), None, None);
    for entry in &entries {
        let call = sol::accuseCall { evidence: entry.accusation.clone() };
        match send_to(rpc, signer, CONSTITUTION, U256::ZERO, &call) {
            Ok(receipt) => {
                results.push(Happened::of(&entry.accusation, &receipt));
                last = Some(receipt);
            }
            Err(failure) => {
                if !as_json && entries.len() > 1 {
                    eprintln!("{}: {}", entry.place, failure.text());
                }
                refused = Some(failure);
            }
        }
    }
    // What was refused is told by the status; where nothing was taken, it is all there is to tell.
    let Some(receipt) = last else {
        return Err(refused.unwrap_or_else(|| Failure::failed("nothing was sent")));
    };
    let said = results.iter().map(Happened::says).collect::<Vec<_>>().join("\n");
    let accusations: Vec<&Bytes> = entries.iter().map(|entry| &entry.accusation).collect();
    let left = entries.len().saturating_sub(results.len());
    let value = json!({ "accusations": accusations, "results": results, "refused": left });
    let code = done(as_json, &receipt, value, &said)?;
    Ok(if refused.is_some() { std::process::ExitCode::FAILURE } else { code })
}

/// What the chain did.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Happened {
    accusation: Bytes,
    member: String,
    offence: &'static str,
    height: u64,
    round: u32,
    forfeited_wei: String,
    suspended: bool,
    expelled: bool,
    /// What a rule would have taken and left, because nobody else could decide blocks or vote.
    spared: Vec<String>,
}

impl Happened {
    fn of(accusation: &Bytes, receipt: &TxReceipt) -> Self {
        let mut found = Self { accusation: accusation.clone(), ..Self::default() };
        let mut forfeited = U256::ZERO;
        for log in receipt.logs.iter().filter_map(log) {
            if let Ok(proved) = sol::OffenceProved::decode_log_data(&log) {
                found.member = names::text(proved.member);
                found.offence = OffenceKind::from_number(proved.kind).map_or("offence", |kind| kind.as_str());
                (found.height, found.round) = (proved.height, proved.round);
            } else if let Ok(cut) = sol::Slashed::decode_log_data(&log) {
                forfeited = [cut.bonded, cut.leaving, cut.vesting]
                    .iter()
                    .fold(forfeited, |sum, part| sum.saturating_add(*part));
            } else if let Ok(out) = sol::Punished::decode_log_data(&log) {
                found.suspended |= !out.expelled;
                found.expelled |= out.expelled;
            } else if let Ok(spared) = sol::Spared::decode_log_data(&log) {
                found.spared.push(names::text(spared.what));
            }
        }
        found.forfeited_wei = forfeited.to_string();
        found
    }

    fn says(&self) -> String {
        let mut did = Vec::new();
        if self.forfeited_wei != "0" {
            did.push(format!("forfeited {}", wei(&json!(self.forfeited_wei))));
        }
        if self.expelled {
            did.push("expelled".to_owned());
        } else if self.suspended {
            did.push("suspended".to_owned());
        }
        let outcome = match (did.is_empty(), self.spared.is_empty()) {
            (true, true) => "proved; it was out already and had nothing at stake".to_owned(),
            (true, false) => "proved, and spared".to_owned(),
            _ => format!("punished: {}", did.join(", ")),
        };
        let spared = if self.spared.is_empty() {
            String::new()
        } else {
            format!(
                "; spared the {}, for nobody else could decide blocks or vote",
                self.spared.join(" and the ")
            )
        };
        let Self { member, offence, height, round, .. } = self;
        format!("{member}, {offence} at height {height}, round {round}: {outcome}{spared}")
    }
}

/// A log of a receipt as the ABI's events are made of.
fn log(value: &Value) -> Option<LogData> {
    let topics: Option<Vec<B256>> =
        array(&value["topics"]).iter().map(|topic| topic.as_str()?.parse().ok()).collect();
    let data: Bytes = value["data"].as_str()?.parse().ok()?;
    LogData::new(topics?, data)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipt(events: &[LogData]) -> TxReceipt {
        let logs: Vec<_> =
            events.iter().map(|log| json!({ "topics": log.topics(), "data": log.data })).collect();
        let receipt = json!({
            "transactionHash": B256::ZERO, "blockNumber": "0x1", "status": "0x1", "gasUsed": "0x1", "logs": logs,
        });
        serde_json::from_value(receipt).expect("a receipt")
    }

    #[test]
    fn what_is_told_is_what_the_receipt_says() {
        let member = names::word("de").expect("a name");
        let proved = sol::OffenceProved {
            key: B256::ZERO,
            member,
            kind: 1,
            height: 7,
            round: 2,
            reporter: Default::default(),
        };
        let cut = sol::Slashed { member, bonded: U256::from(5), leaving: U256::ZERO, vesting: U256::from(2) };
        let out = sol::Punished { member, expelled: false, cause: B256::ZERO };
        let spared = |what| sol::Spared { member, what: names::word(what).expect("a name") };
        let rows = [
            (vec![], "proved; it was out already and had nothing at stake"),
            (
                vec![cut.encode_log_data(), out.encode_log_data()],
                "punished: forfeited 0.000000000000000007, suspended",
            ),
            (
                vec![spared("slash").encode_log_data(), spared("suspension").encode_log_data()],
                "proved, and spared; spared the slash and the suspension, for nobody else could decide blocks or vote",
            ),
        ];
        for (events, said) in rows {
            let logs = [vec![proved.encode_log_data()], events].concat();
            let happened = Happened::of(&Bytes::new(), &receipt(&logs));
            assert_eq!(happened.says(), format!("de, double vote at height 7, round 2: {said}"));
        }
    }
}
