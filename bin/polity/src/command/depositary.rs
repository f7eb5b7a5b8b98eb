//! Instruments under treaties: filed, listed, and what they bring into force for whom.

use std::path::PathBuf;

use alloy_primitives::{B256, U256, keccak256};
use clap::{Args, ValueEnum};
use polity_institutions::assembly::{IAssembly, InstrumentKind};
use serde_json::{Value, json};

use super::{
    act::{SignerArgs, done, send, word},
    read::{array, list, row, table, text, time},
};
use crate::{
    client::RpcArgs,
    output::{Failure, Outcome, print},
};

/// What a member deposits.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// Counts for nothing yet.
    Signature,
    Ratification,
    Acceptance,
    Approval,
    Accession,
}

impl From<Kind> for InstrumentKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Signature => Self::Signature,
            Kind::Ratification => Self::Ratification,
            Kind::Acceptance => Self::Acceptance,
            Kind::Approval => Self::Approval,
            Kind::Accession => Self::Accession,
        }
    }
}

/// Deposits an instrument, dated with the block's date.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  polity deposit paris-agreement --as CHE --dir .polity/paris\n  \
                  polity deposit sea --kind accession --reservation 'Article 5 does not apply to lakes.' --key @key")]
pub(crate) struct Deposit {
    /// The treaty, by id.
    treaty: String,
    /// What it is.
    #[arg(long, value_enum, default_value = "ratification")]
    kind: Kind,
    /// A reservation, where the treaty allows them; may be given again.
    #[arg(long = "reservation", value_name = "TEXT")]
    reservations: Vec<String>,
    /// A declaration; may be given again.
    #[arg(long = "declaration", value_name = "TEXT")]
    declarations: Vec<String>,
    /// The document the statements are taken from: its keccak-256 is filed with each of them.
    #[arg(long, value_name = "FILE")]
    document: Option<PathBuf>,
    #[command(flatten)]
    signer: SignerArgs,
    #[command(flatten)]
    rpc: RpcArgs,
}

impl Deposit {
    pub(crate) fn run(self, json: bool) -> Outcome {
        let document = hash_of(self.document.as_ref())?;
        let mut statements = statements(&self.reservations, InstrumentKind::Reservation, document);
        statements.extend(self::statements(&self.declarations, InstrumentKind::Declaration, document));
        let call = IAssembly::depositInstrumentCall {
            treaty: word("treaty", &self.treaty)?,
            kind: self.kind.into(),
            statements,
        };
        let kind = InstrumentKind::from(self.kind).as_str();
        let receipt = send(&self.rpc, &self.signer, &call)?;
        let value = json!({ "treaty": self.treaty, "kind": kind });
        done(json, &receipt, value, &format!("{kind} of {}, filed", self.treaty))
    }
}

fn statements(texts: &[String], kind: InstrumentKind, document: B256) -> Vec<IAssembly::Statement> {
    let statement = |text: &String| IAssembly::Statement { kind, text: text.clone(), documentHash: document };
    texts.iter().map(statement).collect()
}

/// keccak-256 of a file; zero without one.
pub(super) fn hash_of(file: Option<&PathBuf>) -> Result<B256, Failure> {
    let Some(path) = file else { return Ok(B256::ZERO) };
    let bytes =
        std::fs::read(path).map_err(|error| Failure::input(format!("{}: {error}", path.display())))?;
    Ok(keccak256(bytes))
}

/// Withdraws from a treaty: with the notice it asks for, or at once where it asks for none or is not in force yet. What is
/// decided stays decided.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  polity withdraw paris-agreement --as USA --dir .polity/paris\n  polity withdraw paris-agreement --revoke --as USA --dir .polity/paris"
)]
pub(crate) struct Withdraw {
    /// The treaty, by id.
    treaty: String,
    /// Take back a notice that has not worked yet.
    #[arg(long)]
    revoke: bool,
    #[command(flatten)]
    signer: SignerArgs,
    #[command(flatten)]
    rpc: RpcArgs,
}

impl Withdraw {
    pub(crate) fn run(self, json: bool) -> Outcome {
        let treaty = word("treaty", &self.treaty)?;
        if self.revoke {
            let receipt = send(&self.rpc, &self.signer, &IAssembly::revokeWithdrawalCall { treaty })?;
            let value = json!({ "treaty": self.treaty, "revoked": true });
            return done(json, &receipt, value, &format!("notice to {} taken back", self.treaty));
        }
        let receipt = send(&self.rpc, &self.signer, &IAssembly::withdrawCall { treaty })?;
        let effective = effective_on(&receipt.logs);
        let block = receipt.block_number.to::<u64>();
        let on = self
            .rpc
            .client()?
            .timestamp(block)
            .map_or_else(|_| format!("in block {block}"), |at| format!("on {}", time(at)));
        let said = effective.as_ref().map_or_else(
            || format!("withdrawn from {}, with effect {on}", self.treaty),
            |date| format!("notice to {}: a Party until {date}", self.treaty),
        );
        done(json, &receipt, json!({ "treaty": self.treaty, "effectiveOn": effective }), &said)
    }
}

/// The day a notice works, from the `WithdrawalNotified` log.
fn effective_on(logs: &[Value]) -> Option<String> {
    use alloy_sol_types::SolEvent;
    let signature = IAssembly::WithdrawalNotified::SIGNATURE_HASH.to_string();
    let log = logs.iter().find(|log| log["topics"][0].as_str() == Some(&signature))?;
    let data: alloy_primitives::Bytes = log["data"].as_str()?.parse().ok()?;
    let secs = U256::from_be_slice(data.get(32..64)?).saturating_to();
    Some(polity_charter::Date(secs).to_string())
}

/// Files declarations under a treaty that the member has signed or joined.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  polity declare paris-agreement 'Our pledge is in the annex.' --document pledge.pdf --as FJI --dir .polity/paris"
)]
pub(crate) struct Declare {
    /// The treaty, by id.
    treaty: String,
    /// What is declared.
    #[arg(required = true, value_name = "TEXT")]
    declarations: Vec<String>,
    /// The document it is taken from: its keccak-256 is filed with it.
    #[arg(long, value_name = "FILE")]
    document: Option<PathBuf>,
    #[command(flatten)]
    signer: SignerArgs,
    #[command(flatten)]
    rpc: RpcArgs,
}

impl Declare {
    pub(crate) fn run(self, json: bool) -> Outcome {
        let document = hash_of(self.document.as_ref())?;
        let statements = statements(&self.declarations, InstrumentKind::Declaration, document);
        let call = IAssembly::declareCall { treaty: word("treaty", &self.treaty)?, statements };
        let receipt = send(&self.rpc, &self.signer, &call)?;
        done(json, &receipt, json!({ "treaty": self.treaty }), &format!("declared under {}", self.treaty))
    }
}

/// Takes back a reservation, a declaration, an objection or a rejection of one's own. To leave a treaty: `polity withdraw`.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  polity retract 12 --as NOR --dir .polity/paris")]
pub(crate) struct Retract {
    /// The statement, by its number in `polity instruments`.
    instrument: u64,
    #[command(flatten)]
    signer: SignerArgs,
    #[command(flatten)]
    rpc: RpcArgs,
}

impl Retract {
    pub(crate) fn run(self, json: bool) -> Outcome {
        let call = IAssembly::retractCall { id: U256::from(self.instrument) };
        let receipt = send(&self.rpc, &self.signer, &call)?;
        let value = json!({ "instrument": self.instrument });
        let said = format!("statement {} taken back: it counts no more from today on", self.instrument);
        done(json, &receipt, value, &said)
    }
}

/// What is in force for whom on a day: past days from the record, future days as far as it is certain.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  polity in-force\n  polity in-force --on 2016-12-09 --treaty paris-agreement\n  polity in-force --on 2020-11-04 --member USA --json"
)]
pub(crate) struct InForce {
    /// The day; without it the day of the latest block.
    #[arg(long, value_name = "DATE")]
    on: Option<String>,
    /// One treaty, by id.
    #[arg(long)]
    treaty: Option<String>,
    /// One member, by id.
    #[arg(long)]
    member: Option<String>,
    #[command(flatten)]
    rpc: RpcArgs,
}

impl InForce {
    pub(crate) fn run(self, as_json: bool) -> Outcome {
        if let Some(day) = &self.on
            && polity_charter::Date::parse(day).is_none()
        {
            return Err(Failure::input(format!("--on: `{day}` is no date such as 2016-11-04")));
        }
        let asked = json!([self.treaty, self.on, self.member]);
        let answer: Value = self.rpc.client()?.call("polity_inForce", asked)?;
        print(as_json, &answer, || {
            let treaties = array(&answer["treaties"]);
            let future = match answer["date"].as_str() > answer["today"].as_str() {
                true => format!(" (told on {}: what is certain by then)", text(&answer["today"])),
                false => String::new(),
            };
            let said: String = treaties
                .iter()
                .map(|treaty| treaty_text(treaty, &answer["date"], self.member.as_deref()))
                .collect();
            match said.is_empty() {
                true => "there are no treaties".to_owned(),
                false => format!("On {}{future}:\n{said}", text(&answer["date"])),
            }
        })
    }
}

/// `of` is the only member asked for, if any: then the Parties listed are not all.
fn treaty_text(treaty: &Value, date: &Value, of: Option<&str>) -> String {
    let (parties, waiting) = (array(&treaty["parties"]), array(&treaty["waiting"]));
    let since =
        match (treaty["inForce"].as_bool().filter(|_| treaty["binds"] != "silent"), treaty["since"].as_str())
        {
            (Some(true), Some(since)) => format!("in force since {since}"),
            (_, Some(since)) => format!("not in force on {}; it will be on {since}", text(date)),
            _ if treaty["binds"] == "silent" => match array(&treaty["texts"]) {
                [] => "no text binds anybody".to_owned(),
                _ => "texts bind by silence".to_owned(),
            },
            _ => "not in force".to_owned(),
        };
    let whom = match treaty["binds"].as_str() {
        Some("all") => format!(" for all {} that may deposit", parties.len()),
        _ => format!(" for {}", parties.len()),
    };
    let whom = match of {
        Some(member) if parties.is_empty() && waiting.is_empty() => format!("; {member} is no Party"),
        Some(_) => String::new(),
        None if treaty["inForce"] == true => whom,
        None => String::new(),
    };
    let by = adopted_by(&treaty["adoptedBy"], ", opened");
    let mut out = format!("\n{} ({}): {since}{whom}{by}\n", text(&treaty["name"]), text(&treaty["treaty"]));
    let mut rows = vec![row(&["  member", "since", "until", "by", "deposited", "statements"])];
    for party in parties {
        let said = array(&party["statements"]).iter();
        let said = said.map(|s| format!("{} {}: {}", text(&s["kind"]), text(&s["id"]), text(&s["text"])));
        let mut said: Vec<String> = said.collect();
        let not_between: Vec<_> = array(&party["notBetween"]).iter().map(text).collect();
        if !not_between.is_empty() {
            said.push(format!("not in force with {}", not_between.join(", ")));
        }
        let until = match party["until"].as_str() {
            Some(until) => until.to_owned(),
            None if party["certain"] == true => "–".to_owned(),
            None => "it leaves, if it does".to_owned(),
        };
        rows.push(vec![
            format!("  {}", text(&party["member"])),
            text(&party["since"]),
            until,
            text(&party["deposit"]["kind"]),
            text(&party["deposit"]["date"]),
            said.join("; "),
        ]);
    }
    if !parties.is_empty() {
        out += &table(&rows);
    }
    for one in array(&treaty["texts"]) {
        let whom: Vec<_> = array(&one["parties"])
            .iter()
            .map(|party| format!("{} since {}", text(&party["member"]), text(&party["since"])))
            .collect();
        let (number, title, whom) = (text(&one["text"]), text(&one["title"]), whom.join(", "));
        let by = adopted_by(&one["adoptedBy"], ", adopted");
        out += &format!("  text {number} ({title}) binds {whom}{by}\n");
    }
    for one in waiting {
        let from = one["from"]
            .as_str()
            .map_or("no date yet, for the conditions are not met".to_owned(), |date| format!("from {date}"));
        out += &format!("  {} deposited on {}: {from}\n", text(&one["member"]), text(&one["depositedOn"]));
    }
    out
}

/// ` adopted by proposal 3 (calls 0x…)`, after `how`; nothing where no proposal did.
fn adopted_by(by: &Value, how: &str) -> String {
    match by["proposal"].as_u64() {
        Some(number) => format!("{how} by proposal {number} (calls {})", text(&by["payloadHash"])),
        None => String::new(),
    }
}

/// Rejects a text that would otherwise bind by silence.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  polity reject 1 'Our parliament has not agreed.' --as USA --dir .polity/paris"
)]
pub(crate) struct Reject {
    /// The text, by number.
    text: u64,
    /// Why.
    reason: String,
    /// The document it is taken from: its keccak-256 is filed with it.
    #[arg(long, value_name = "FILE")]
    document: Option<PathBuf>,
    #[command(flatten)]
    signer: SignerArgs,
    #[command(flatten)]
    rpc: RpcArgs,
}

impl Reject {
    pub(crate) fn run(self, json: bool) -> Outcome {
        let call = IAssembly::rejectCall {
            id: U256::from(self.text),
            reason: self.reason,
            documentHash: hash_of(self.document.as_ref())?,
        };
        let receipt = send(&self.rpc, &self.signer, &call)?;
        done(json, &receipt, json!({ "text": self.text }), &format!("text {} rejected", self.text))
    }
}

/// Texts that bind by silence: until when they can be rejected, and when they enter into force for whom.
#[derive(Args, Debug)]
#[command(
    after_help = "Notify one with a proposal:\n  polity propose council 'Amendments of 2024' --call \"assembly.notify ihr 'Amendments of 2024' 0x… https://…\"\n\nExample:\n  polity texts --treaty ihr"
)]
pub(crate) struct Texts {
    /// Under one treaty, by id.
    #[arg(long)]
    treaty: Option<String>,
    #[command(flatten)]
    rpc: RpcArgs,
}

impl Texts {
    pub(crate) fn run(self, as_json: bool) -> Outcome {
        let texts: Value = self.rpc.client()?.call("polity_texts", json!([self.treaty]))?;
        print(as_json, &texts, || {
            let said: String = array(&texts).iter().map(text_text).collect();
            if said.is_empty() { "no texts were notified".to_owned() } else { said }
        })
    }
}

fn text_text(one: &Value) -> String {
    let mut out = format!(
        "{}  {}  [{}]\n   under {}, notified on {} to {}, rejected by {}\n",
        text(&one["id"]),
        text(&one["title"]),
        text(&one["status"]),
        text(&one["treaty"]),
        text(&one["notifiedOn"]),
        text(&one["members"]),
        match array(&one["rejected"]) {
            [] => "none".to_owned(),
            _ => list(&one["rejected"]),
        },
    );
    for term in array(&one["terms"]) {
        let (last, effective) = (text(&term["lastDay"]), text(&term["effectiveOn"]));
        out += &format!("   rejections until {last}; in force from {effective}\n");
    }
    let by = adopted_by(&one["adoptedBy"], ", adopted");
    out + &format!("   document {}{by}\n", text(&one["documentHash"]))
}

/// The register of instruments, in the order of filing.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  polity instruments --treaty paris-agreement")]
pub(crate) struct Instruments {
    /// Under one treaty, by id.
    #[arg(long)]
    treaty: Option<String>,
    /// Of one member, by id.
    #[arg(long)]
    member: Option<String>,
    /// From this number on.
    #[arg(long, default_value_t = 1)]
    from: u64,
    #[command(flatten)]
    rpc: RpcArgs,
}

impl Instruments {
    pub(crate) fn run(self, as_json: bool) -> Outcome {
        let mut page: Value = self.rpc.client()?.call("polity_instruments", json!([self.from]))?;
        let wanted = |filter: &Option<String>, value: &Value| {
            filter.as_ref().is_none_or(|filter| value.as_str() == Some(filter))
        };
        if let Some(list) = page["instruments"].as_array_mut() {
            list.retain(|i| wanted(&self.treaty, &i["treaty"]) && wanted(&self.member, &i["member"]));
        }
        print(as_json, &page, || {
            if array(&page["instruments"]).is_empty() {
                return "no instruments are filed here: `polity deposit --help`".to_owned();
            }
            let mut rows =
                vec![row(&["no.", "date", "treaty", "member", "kind", "ended on", "about", "text"])];
            for one in array(&page["instruments"]) {
                rows.push(vec![
                    text(&one["id"]),
                    text(&one["date"]),
                    text(&one["treaty"]),
                    text(&one["member"]),
                    text(&one["kind"]),
                    text(&one["endedOn"]),
                    text(&one["about"]),
                    one["text"].as_str().unwrap_or_default().to_owned(),
                ]);
            }
            table(&rows)
        })
    }
}
