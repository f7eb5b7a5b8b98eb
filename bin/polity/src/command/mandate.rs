//! Mandates from outside: recorded with the hash of their document, and listed with every use.

use std::path::PathBuf;

use alloy_primitives::{U256, keccak256};
use clap::{Args, Subcommand};
use polity_institutions::assembly::IAssembly;
use serde_json::{Value, json};

use super::{
    act::{SignerArgs, done, send},
    read::{array, list, text, time},
};
use crate::{
    client::RpcArgs,
    output::{Failure, Outcome, print},
};

/// Record a mandate from outside.
#[derive(Subcommand, Debug)]
pub(crate) enum Mandate {
    /// Record a law, a court order or a resolution, by the hash of its document.
    Record(Record),
}

impl Mandate {
    pub(crate) fn run(self, json: bool) -> Outcome {
        match self {
            Self::Record(args) => args.run(json),
        }
    }
}

/// Records a law, a court order or the resolution of a body: its title, its issuer, and the keccak-256 of the document, which
/// is computed here and printed. Only authorities that the charter names may.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  polity mandate record order-7.pdf --title 'Order 7/2026' --issuer 'Water Court of the Basin' \\\n    --uri https://court.example/7.pdf --as UPL --dir .polity/river"
)]
pub(crate) struct Record {
    /// The document.
    file: PathBuf,
    /// What it is.
    #[arg(long)]
    title: String,
    /// Who issued it.
    #[arg(long)]
    issuer: String,
    /// Where it can be fetched.
    #[arg(long, default_value = "")]
    uri: String,
    #[command(flatten)]
    signer: SignerArgs,
    #[command(flatten)]
    rpc: RpcArgs,
}

impl Record {
    fn run(self, json: bool) -> Outcome {
        let document = std::fs::read(&self.file)
            .map_err(|error| Failure::input(format!("{}: {error}", self.file.display())))?;
        let hash = keccak256(document);
        let call = IAssembly::recordMandateCall {
            title: self.title,
            documentHash: hash,
            issuer: self.issuer,
            uri: self.uri,
        };
        let receipt = send(&self.rpc, &self.signer, &call)?;
        let id = mandate_id(&receipt.logs).ok_or_else(|| Failure::failed("the receipt shows no mandate"))?;
        let value = json!({ "mandate": id, "documentHash": hash });
        done(json, &receipt, value, &format!("mandate {id} is recorded\n  document {hash}"))
    }
}

/// The number in the `MandateRecorded` log.
fn mandate_id(logs: &[Value]) -> Option<u64> {
    use alloy_sol_types::SolEvent;
    let signature = IAssembly::MandateRecorded::SIGNATURE_HASH.to_string();
    let log = logs.iter().find(|log| log["topics"][0].as_str() == Some(&signature))?;
    log["topics"][1].as_str()?.parse::<U256>().ok().map(|id| id.saturating_to())
}

/// Mandates from outside, who recorded them, and every proposal opened under them.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  polity mandates")]
pub(crate) struct Mandates {
    #[command(flatten)]
    rpc: RpcArgs,
}

impl Mandates {
    pub(crate) fn run(self, as_json: bool) -> Outcome {
        let page: Value = self.rpc.client()?.call("polity_getMandates", json!([]))?;
        print(as_json, &page, || {
            let mut out = String::new();
            for authority in array(&page["authorities"]) {
                out += &authority_text(authority);
            }
            for mandate in array(&page["mandates"]) {
                out += &mandate_text(mandate);
            }
            match (out.is_empty(), array(&page["mandates"]).is_empty()) {
                (true, _) => "the charter names no authorities: [authorities.<id>]".to_owned(),
                (false, true) => format!("{out}\nno mandates yet: `polity mandate record --help`"),
                (false, false) => out,
            }
        })
    }
}

fn authority_text(authority: &Value) -> String {
    let holder = match (&authority["member"], &authority["account"]) {
        (Value::String(member), _) => format!("{member} acts for it"),
        (_, Value::String(account)) => format!("{account} acts for it"),
        _ => "it acts no more".to_owned(),
    };
    let issuer = authority["issuer"].as_str().map_or("any issuer".to_owned(), str::to_owned);
    let opens = match list(&authority["opens"]) {
        nothing if nothing.is_empty() => "opens nothing".to_owned(),
        kinds => format!("may open {kinds} proposals"),
    };
    let (name, id) = (text(&authority["name"]), text(&authority["id"]));
    format!("{name} ({id}): {holder}; mandates of {issuer}; {opens}\n")
}

fn mandate_text(mandate: &Value) -> String {
    let mut out = format!(
        "\n{}  {}\n   issued by {}, recorded by {} on {}\n   document {}\n",
        text(&mandate["id"]),
        text(&mandate["title"]),
        text(&mandate["issuer"]),
        text(&mandate["authority"]),
        mandate["recordedAt"].as_u64().map(time).unwrap_or_default(),
        text(&mandate["documentHash"]),
    );
    if let Some(uri) = mandate["uri"].as_str().filter(|uri| !uri.is_empty()) {
        out += &format!("   at {uri}\n");
    }
    for one in array(&mandate["uses"]) {
        out += &format!(
            "   → proposal {}  {}  [{}]\n",
            text(&one["proposal"]),
            text(&one["title"]),
            text(&one["status"])
        );
    }
    if array(&mandate["uses"]).is_empty() {
        out += "   not used\n";
    }
    out
}
