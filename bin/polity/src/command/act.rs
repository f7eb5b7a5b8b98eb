//! Acts of members: each is a transaction, signed here and waited for.

use std::path::Path;

use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::SolCall;
use clap::{Args, ValueEnum};
use polity_charter::{Authority, Change, Holder, Op};
use polity_institutions::{
    assembly::{IAssembly, decode},
    constitution::IConstitution,
};
use polity_node::Secret;
use polity_primitives::{ASSEMBLY, CONSTITUTION};
use serde_json::{Value, json};

use super::sealed;
use super::simulate;
use crate::{
    abi::{self, Names},
    client::{Client, RpcArgs, TxReceipt},
    output::{Failure, Outcome, print},
};

/// Who acts.
#[derive(Args, Clone, Debug)]
pub(crate) struct SignerArgs {
    /// Secret key of the account that acts, 0x and 64 hex digits, or @FILE that holds it.
    #[arg(long, env = "POLITY_KEY", hide_env_values = true, value_name = "KEY")]
    key: Option<String>,
    /// Act as this member or account of a local network, with the key in DIR/secrets.toml.
    #[arg(long = "as", value_name = "MEMBER", conflicts_with = "key")]
    member: Option<String>,
}

impl SignerArgs {
    /// The account that acts.
    pub(super) fn address(&self, dir: Option<&Path>) -> Result<Address, Failure> {
        Ok(self.secret(dir)?.address())
    }

    /// The options with which the same one acts again on the same network, as they are typed; keys are never repeated.
    pub(super) fn again(&self, rpc: &RpcArgs) -> String {
        let who = match &self.member {
            Some(member) => format!(" --as {member}"),
            None => " --key …".to_owned(),
        };
        who + &rpc.again()
    }

    /// The name it acts under, if one was given.
    pub(super) fn name(&self) -> Option<&str> {
        self.member.as_deref()
    }

    /// Whether anyone is named at all.
    const fn is_given(&self) -> bool {
        self.member.is_some() || self.key.is_some()
    }

    fn secret(&self, dir: Option<&Path>) -> Result<Secret, Failure> {
        match (&self.member, dir, &self.key) {
            (Some(member), Some(dir), _) => {
                let secrets = polity_node::read_secrets(dir).map_err(Failure::input)?;
                secrets.account(member).ok_or_else(|| {
                    Failure::input(format!(
                        "{} holds no key of `{member}`",
                        dir.join("secrets.toml").display()
                    ))
                })
            }
            (_, _, Some(key)) => {
                let text = match key.strip_prefix('@') {
                    Some(file) => crate::output::read_input(Path::new(file))?,
                    None => key.clone(),
                };
                Secret::parse(&text).map_err(|error| Failure::input(format!("--key: {error}")))
            }
            _ => Err(Failure::input(
                "who acts? Give --key KEY, or --as MEMBER --dir DIR for a local network; --dir may be left out where .polity holds one network",
            )),
        }
    }
}

pub(super) fn word(kind: &str, name: &str) -> Result<alloy_primitives::B256, Failure> {
    abi::name_word(name).ok_or_else(|| Failure::input(format!("`{name}` cannot be the id of a {kind}")))
}

pub(super) fn done(json: bool, receipt: &TxReceipt, mut value: Value, text: &str) -> Outcome {
    value["transaction"] = json!(receipt.transaction_hash);
    value["block"] = json!(receipt.block_number.to::<u64>());
    value["gasUsed"] = json!(receipt.gas_used.to::<u64>());
    print(json, &value, || {
        format!("{text}\n  transaction {} in block {}", receipt.transaction_hash, receipt.block_number)
    })
}

/// Calls the assembly and waits until it is done.
pub(super) fn send(rpc: &RpcArgs, signer: &SignerArgs, call: &impl SolCall) -> Result<TxReceipt, Failure> {
    send_value(rpc, signer, U256::ZERO, call)
}

/// The same with `value` wei.
pub(super) fn send_value(
    rpc: &RpcArgs,
    signer: &SignerArgs,
    value: U256,
    call: &impl SolCall,
) -> Result<TxReceipt, Failure> {
    send_to(rpc, signer, ASSEMBLY, value, call)
}

/// Calls an institution with `value` wei and waits until it is done.
pub(super) fn send_to(
    rpc: &RpcArgs,
    signer: &SignerArgs,
    to: Address,
    value: U256,
    call: &impl SolCall,
) -> Result<TxReceipt, Failure> {
    let secret = signer.secret(rpc.dir())?;
    rpc.client()?.transact(&secret, to, value, Bytes::from(call.abi_encode()))
}

/// Makes a proposal. The strictest track among those of its calls' kinds judges it (`polity tracks`); where no track claims
/// them, a chamber. Each vote is concluded at its close, or earlier once its outcome can no longer change; if all pass, the
/// calls are made by the chain itself after a delay.
///
/// A call is INSTITUTION.FUNCTION and its arguments, as `polity_institutions` lists them, or ADDRESS 'function(type,…)' and
/// arguments, or ADDRESS 0xDATA. Names of members stand for their addresses, @FILE for what a file holds. An amount is a number
/// with the currency's symbol, such as 250CLIMA or '2.5 CLIMA'; a plain whole number counts wei, and `25e18` is one with zeros. It is
/// tried on a fork of the present state first: what would fail is opened with --force only.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  polity propose conference 'Relief for Fiji' --call 'treasury.pay adaptation FJI 250CLIMA' \\\n    --as MHL --dir .polity/paris"
)]
pub(crate) struct Propose {
    /// Track that judges it, or the chamber that decides where no track claims its calls.
    track: String,
    /// What it is about.
    title: String,
    /// A call to make if it passes; in the order given.
    #[arg(long = "call", value_name = "CALL")]
    calls: Vec<String>,
    /// A change of the charter to make if it passes, before the calls: `set PATH = VALUE`, `add PATH = VALUE` or `remove PATH`;
    /// again for more, in the order given. See what it means with `polity charter diff` and `--dry-run`.
    #[arg(long = "amend", value_name = "CHANGE")]
    changes: Vec<String>,
    /// Pay the deposit that the track asks for.
    #[arg(long)]
    deposit: bool,
    /// Show what it would change, enacted now, and stop; exit status 1 if it would fail.
    #[arg(long)]
    dry_run: bool,
    /// Open it even if it would fail, enacted now.
    #[arg(long)]
    force: bool,
    /// Open it under this mandate, as the authority that recorded it.
    #[arg(long, value_name = "MANDATE")]
    mandate: Option<u64>,
    #[command(flatten)]
    signer: SignerArgs,
    #[command(flatten)]
    rpc: RpcArgs,
}

/// The charter in force, as its text has it; `None` where this program cannot read that text.
fn charter_of(charter: &Value) -> Option<polity_charter::Charter> {
    let parsed = polity_charter::parse("the charter in force", charter["text"].as_str()?).ok()?;
    Some(parsed.charter)
}

/// What words of calls stand for: accounts of the members, by id, funded accounts that the charter names, and the currency.
pub(crate) fn names(client: &Client) -> Result<Names, Failure> {
    let members: Vec<Value> = client.call("polity_members", json!([]))?;
    let charter: Value = client.call("polity_getCharter", json!([]))?;
    let funded = charter_of(&charter).map(|charter| charter.accounts).unwrap_or_default();
    let funded = funded.into_iter().filter_map(|account| Some((account.id, account.address?)));
    let symbol = charter["currency"]["symbol"].as_str().unwrap_or_default().to_owned();
    let name = |member: &Value| {
        Some((member["id"].as_str()?.to_owned(), member["account"].as_str()?.parse::<Address>().ok()?))
    };
    // A member's id goes before an account's.
    Ok(Names { members: funded.chain(members.iter().filter_map(name)).collect(), symbol })
}

/// Says how an authority proposes, if `who` acts for one and for no member.
fn not_an_authority(client: &Client, who: Address) -> Result<(), Failure> {
    let member: Value = client.call("polity_member", json!([who]))?;
    if !member.is_null() {
        return Ok(());
    }
    let charter = charter_of(&client.call::<Value>("polity_getCharter", json!([]))?);
    let acts = |authority: &&Authority, charter: &polity_charter::Charter| match &authority.holder {
        Holder::Member(_) => false,
        Holder::Account(id) => {
            charter.accounts.iter().any(|account| account.id == *id && account.address == Some(who))
        }
    };
    let authority = charter
        .as_ref()
        .and_then(|charter| charter.authorities.iter().find(|authority| acts(authority, charter)));
    match authority {
        None => Ok(()),
        Some(Authority { id, .. }) => Err(Failure::failed(format!(
            "{id} is an authority: it opens proposals under a mandate that it recorded. Add --mandate N (`polity mandates` lists them, \
             `polity mandate record` makes one)"
        ))),
    }
}

/// Warns of amounts that are given as plain whole numbers, for these count wei.
fn warn_of_wei(texts: &[String], calls: &[abi::Call], symbol: &str) {
    for (text, call) in texts.iter().zip(calls) {
        let call = IAssembly::Call { target: call.target, value: call.value, data: call.data.clone() };
        for (digits, wei) in abi::plain_amounts(&decode(&call), text) {
            let amount = polity_charter::amount_text(wei);
            eprintln!(
                "warning: {digits} counts wei: {amount} {symbol}. For units of the currency write {digits}{symbol}"
            );
        }
    }
}

/// The call that makes `changes` in the charter, if there are any.
pub(crate) fn amendment(changes: &[String]) -> Result<Option<abi::Call>, Failure> {
    if changes.is_empty() {
        return Ok(None);
    }
    let change = |text: &String| {
        let change: Change =
            text.parse().map_err(|error| Failure::input(format!("--amend '{text}': {error}")))?;
        let op = match change.op {
            Op::Set => IConstitution::Op::Set,
            Op::Add => IConstitution::Op::Add,
            Op::Remove => IConstitution::Op::Remove,
        };
        Ok(IConstitution::Change { op, path: change.path, value: change.value })
    };
    let changes = changes.iter().map(change).collect::<Result<_, Failure>>()?;
    let data = IConstitution::amendCall { changes }.abi_encode().into();
    Ok(Some(abi::Call { target: CONSTITUTION, value: U256::ZERO, data }))
}

impl Propose {
    pub(crate) fn run(self, json: bool) -> Outcome {
        let client = self.rpc.client()?;
        let names = names(&client)?;
        let calls = self.calls.iter().map(|call| abi::parse_call(call, &names));
        let calls: Vec<abi::Call> = calls.collect::<Result<_, _>>()?;
        warn_of_wei(&self.calls, &calls, &names.symbol);
        let calls: Vec<abi::Call> = amendment(&self.changes)?.into_iter().chain(calls).collect();
        // Who acts is known before anything is asked; a dry run may name nobody.
        let who = match self.dry_run && !self.signer.is_given() {
            true => None,
            false => Some(self.signer.address(self.rpc.dir())?),
        };
        if let Some(who) = who.filter(|_| self.mandate.is_none()) {
            not_an_authority(&client, who)?;
        }
        let simulation =
            if self.dry_run || !self.force { Some(simulate::of_calls(&client, &calls)?) } else { None };
        let (track, title) = (word("track", &self.track)?, self.title.clone());
        let call =
            |call: abi::Call| IAssembly::Call { target: call.target, value: call.value, data: call.data };
        let calls = calls.into_iter().map(call).collect();
        let (data, value) = match self.mandate {
            Some(mandate) => {
                let mandate = U256::from(mandate);
                (IAssembly::proposeUnderCall { mandate, track, title, calls }.abi_encode(), U256::ZERO)
            }
            None => {
                let deposit =
                    if self.deposit { super::life::deposit_of(&client, &self.track)? } else { U256::ZERO };
                (IAssembly::proposeCall { track, title, calls }.abi_encode(), deposit)
            }
        };
        let data = Bytes::from(data);
        if let Some(simulation) = &simulation
            && (self.dry_run || simulation["ok"] != true)
        {
            // What it would change is one thing; whether the one that is named may propose it here, in the next block, and can pay for
            // it, is another. Both are said.
            let refusal = who.and_then(|from| client.terms(from, (ASSEMBLY, value, &data)).err());
            if self.dry_run {
                return simulate::shown_with(json, &client, simulation.clone(), refusal);
            }
            // What the chain itself refuses, no --force opens.
            if let Some(refusal) = refusal {
                return Err(refusal);
            }
        }
        if let Some(simulation) = &simulation {
            simulate::refuse(&client, simulation)?;
        }
        let receipt = client.transact(&self.signer.secret(self.rpc.dir())?, ASSEMBLY, value, data)?;
        let id = proposal_id(&receipt).ok_or_else(|| Failure::failed("the receipt shows no proposal"))?;
        let made: Value = client.call("polity_proposal", json!([id]))?;
        let status = made["status"].as_str().unwrap_or("made").to_owned();
        let said = match status.as_str() {
            "draft" => {
                format!("proposal {id} on {} is a draft: it waits for {}", self.track, awaited(&made))
            }
            "discussion" => format!("proposal {id} on {} is discussed before it opens", self.track),
            "preparing" => format!("proposal {id} on {}: its electorate is being counted", self.track),
            "open" => format!("proposal {id} is open in {}", made["chamber"].as_str().unwrap_or(&self.track)),
            other => format!("proposal {id} on {} is {other}", self.track),
        };
        done(json, &receipt, json!({ "proposal": id, "status": status }), &said)
    }
}

/// What a draft still waits for.
fn awaited(proposal: &Value) -> String {
    let sponsors = proposal["sponsors"].as_array().map_or(0, |sponsors| sponsors.len() as u64);
    let missing = proposal["sponsorsNeeded"].as_u64().unwrap_or_default().saturating_sub(sponsors);
    let deposit = &proposal["deposit"];
    let unpaid = deposit["neededWei"].is_string() && deposit["heldWei"] == "0";
    let parts = [
        (missing > 0).then(|| format!("{missing} more sponsors (`polity sponsor`)")),
        unpaid.then(|| "its deposit (`polity pay-deposit`)".to_owned()),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" and ")
}

/// The id in the `Proposed` log of a receipt.
pub(crate) fn proposal_id(receipt: &TxReceipt) -> Option<u64> {
    use alloy_sol_types::SolEvent;
    let log = receipt
        .logs
        .iter()
        .find(|log| log["topics"][0].as_str() == Some(&IAssembly::Proposed::SIGNATURE_HASH.to_string()))?;
    log["topics"][1].as_str()?.parse::<U256>().ok().map(|id| id.saturating_to())
}

/// What a ballot says.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Choice {
    Yes,
    No,
    Abstain,
    Veto,
    /// Takes the ballot back.
    None,
}

/// Casts a ballot; a later one replaces it until the proposal is concluded: at its close, or in a block after the outcome can no
/// longer change, whatever the silent members do. Where the charter seals ballots, it is kept in a file of the member's own, a commitment
/// to it is sent, and `polity reveal` reveals it after the close.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  polity ballot 1 yes --as FJI --dir .polity/paris")]
pub(crate) struct Ballot {
    /// The proposal, by number.
    proposal: u64,
    /// What the ballot says.
    #[arg(required_unless_present = "split")]
    choice: Option<Choice>,
    /// Split the weight: percents that make 100, such as yes=60,no=40.
    #[arg(long, value_name = "PARTS", conflicts_with = "choice")]
    split: Option<String>,
    #[command(flatten)]
    signer: SignerArgs,
    #[command(flatten)]
    rpc: RpcArgs,
}

impl Choice {
    /// Parts of 10,000 for yes, no, abstain and veto.
    const fn parts(self) -> Option<[u16; 4]> {
        match self {
            Self::Yes => Some([10_000, 0, 0, 0]),
            Self::No => Some([0, 10_000, 0, 0]),
            Self::Abstain => Some([0, 0, 10_000, 0]),
            Self::Veto => Some([0, 0, 0, 10_000]),
            Self::None => None,
        }
    }
}

impl Ballot {
    pub(crate) fn run(self, json: bool) -> Outcome {
        // Whoever has no key need not ask the node.
        self.signer.address(self.rpc.dir())?;
        let proposal: Value = self.rpc.client()?.call("polity_proposal", json!([self.proposal]))?;
        if sealed::reveals_until(&proposal).is_some() {
            let parts = match &self.split {
                Some(split) => Some(super::life::parts(split).map_err(Failure::input)?),
                None => self.choice.unwrap_or(Choice::None).parts(),
            };
            return sealed::commit(json, &self.rpc, &self.signer, &proposal, parts);
        }
        if let Some(split) = &self.split {
            let [yes, no, abstain, veto] = super::life::parts(split).map_err(Failure::input)?;
            let id = U256::from(self.proposal);
            let call = IAssembly::ballotSplitCall { id, yes, no, abstain, veto };
            let receipt = send(&self.rpc, &self.signer, &call)?;
            let value = json!({ "proposal": self.proposal, "split": split });
            return done(json, &receipt, value, &format!("{split} on proposal {}", self.proposal));
        }
        let choice = match self.choice.unwrap_or(Choice::None) {
            Choice::None => IAssembly::Choice::None,
            Choice::Yes => IAssembly::Choice::Yes,
            Choice::No => IAssembly::Choice::No,
            Choice::Abstain => IAssembly::Choice::Abstain,
            Choice::Veto => IAssembly::Choice::Veto,
        };
        let call = IAssembly::ballotCall { id: U256::from(self.proposal), choice };
        let receipt = send(&self.rpc, &self.signer, &call)?;
        let said = choice.as_str();
        done(
            json,
            &receipt,
            json!({ "proposal": self.proposal, "choice": said }),
            &format!("{said} on proposal {}", self.proposal),
        )
    }
}
