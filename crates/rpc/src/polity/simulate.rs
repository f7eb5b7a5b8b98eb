//! What a proposal would do, in words, before it is proposed or while it is voted on.

use std::time::{SystemTime, UNIX_EPOCH};

use alloy_rpc_types_eth::BlockId;
use polity_charter::amount_text;
use polity_execution::{Attributes, Consequence, SimulateError, Simulation, Subject, randao};
use polity_institutions::{
    Slots,
    assembly::{self as house, IAssembly},
    constitution,
    differences::{Changed, differences, known_as},
};
use polity_primitives::{Address, Bytes, StateChanges, U256};
use serde::{Deserialize, Serialize};

use super::{At, calls::CallView, outlook::OutlookView};
use crate::{
    api::Api,
    args::{Args, Quantity},
    error::Failure,
    eth::call_failure,
    method::Answer,
};

/// What is simulated: a pending proposal, or calls as a proposal would carry them.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected the number of a pending proposal, or a list of calls { target, value, data }"
)]
enum Asked {
    Proposal(Quantity),
    Calls(Vec<Call>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    target: Address,
    #[serde(default)]
    value: U256,
    #[serde(default)]
    data: Bytes,
}

/// What would happen.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SimulationView {
    /// Whether every call would be made.
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<FailureView>,
    gas_used: u64,
    /// Gas the chain gives an enactment.
    gas_limit: u64,
    /// The calls, from their bytes.
    calls: Vec<CallView>,
    /// What would be otherwise; nothing if it fails.
    changes: Vec<ChangeView>,
    balances: Vec<BalanceView>,
    logs: Vec<LogView>,
    /// What the chain would do at once because of it.
    then: Vec<ThenView>,
    /// Who decides blocks before and after; `null` if that stays as it is.
    committee: Option<OutlookView>,
    /// What is to be feared of it, in sentences.
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct FailureView {
    /// The call that fails, from 0; `null` if it is not one of them.
    call: Option<u64>,
    text: String,
    data: Bytes,
}

#[derive(Serialize)]
struct ChangeView {
    subject: String,
    what: String,
    before: Option<String>,
    after: Option<String>,
    text: String,
}

/// An account whose balance changes. Units: wei.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BalanceView {
    account: Address,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    before_wei: String,
    after_wei: String,
    text: String,
}

#[derive(Serialize)]
struct LogView {
    address: Address,
    topics: Vec<polity_primitives::B256>,
    data: Bytes,
    /// The same in words, if an institution logged it.
    text: Option<String>,
}

#[derive(Serialize)]
struct ThenView {
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
    logs: Vec<LogView>,
}

/// Enacts a proposal on a fork of the state and says what would change. Nothing is kept.
pub(super) fn simulate(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let subject = match args.get::<Asked>(0)? {
        Asked::Proposal(id) => Subject::Proposal(id.0),
        Asked::Calls(calls) => Subject::Calls(calls.into_iter().map(call_of).collect()),
    };
    let id = args.opt::<At>(1)?.map_or_else(BlockId::default, |at| at.0);
    let height = api.height(id)?.ok_or_else(Failure::header_not_found)?;
    let state = api.ledger.state_at(height)?;
    let block = api.ledger.block(height)?.ok_or_else(Failure::header_not_found)?;
    let executor = api.ledger.executor();
    let now_secs = match height == api.head().height() {
        true => SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs()),
        false => block.header().timestamp,
    };
    let timestamp_secs = executor.founding().next_timestamp(block.header(), now_secs);
    let mix_hash = randao(block.block.hash);
    let attributes = Attributes {
        timestamp_secs,
        beneficiary: block.header().beneficiary,
        mix_hash,
        ..Attributes::default()
    };
    let simulation = executor
        .simulate(&state, block.header(), block.block.hash, &attributes, &subject)
        .map_err(|error| match error {
            SimulateError::Call(error) => call_failure(error),
            other => args.wrong(0, other),
        })?;
    let calls = match &subject {
        Subject::Calls(calls) => calls.iter().map(house::decode).collect(),
        Subject::Proposal(id) => house::proposal(&state, *id).map(|found| found.decoded).unwrap_or_default(),
    };
    let symbol = api.symbol();
    let calls = calls.into_iter().map(|call| CallView::of(call, None, &symbol)).collect();
    let enacted = height.next().0;
    api.answer(&view((&state, enacted), calls, simulation, &symbol))
}

fn call_of(call: Call) -> IAssembly::Call {
    IAssembly::Call { target: call.target, value: call.value, data: call.data }
}

fn view(
    (before, enacted): (&dyn Slots, u64),
    calls: Vec<CallView>,
    simulation: Simulation,
    symbol: &str,
) -> SimulationView {
    let after = Changed::new(before, &simulation.changes);
    let outlook = constitution::outlook(before, &after, enacted, symbol);
    let change = |difference: polity_institutions::differences::Difference| ChangeView {
        text: difference.to_string(),
        subject: difference.subject,
        what: difference.what,
        before: difference.before,
        after: difference.after,
    };
    let failure =
        |data: Bytes| FailureView { call: house::failed_call(&data), text: house::explain(&data), data };
    SimulationView {
        ok: simulation.failure.is_none(),
        failure: simulation.failure.map(failure),
        gas_used: simulation.gas_used,
        gas_limit: simulation.gas_limit,
        calls,
        changes: differences(before, &after, symbol).into_iter().map(change).collect(),
        balances: balances(before, &simulation.changes, symbol),
        logs: logs(simulation.logs, symbol),
        then: simulation.then.into_iter().map(|one| then(one, symbol)).collect(),
        warnings: outlook.as_ref().map(|outlook| outlook.warnings.clone()).unwrap_or_default(),
        committee: outlook.map(|outlook| OutlookView::of(outlook, enacted)),
    }
}

fn balances(before: &dyn Slots, changes: &StateChanges, symbol: &str) -> Vec<BalanceView> {
    let mut found = Vec::new();
    for (account, change) in &changes.accounts {
        let balance = |account: &Option<polity_primitives::Account>| {
            account.map(|account| account.balance).unwrap_or_default()
        };
        let (old, new) = (balance(&change.before), balance(&change.after));
        if old == new {
            continue;
        }
        let name = known_as(before, *account);
        let who = name.clone().unwrap_or_else(|| account.to_string());
        found.push(BalanceView {
            account: *account,
            name,
            before_wei: old.to_string(),
            after_wei: new.to_string(),
            text: format!("{who}: {} {symbol} (was {} {symbol})", amount_text(new), amount_text(old)),
        });
    }
    found
}

fn logs(logs: Vec<alloy_primitives::Log>, symbol: &str) -> Vec<LogView> {
    let log = |log: alloy_primitives::Log| LogView {
        text: house::decode_log(&log, symbol),
        address: log.address,
        topics: log.data.topics().to_vec(),
        data: log.data.data.clone(),
    };
    logs.into_iter().map(log).collect()
}

fn then(consequence: Consequence, symbol: &str) -> ThenView {
    let call = IAssembly::Call { target: consequence.to, value: U256::ZERO, data: consequence.input };
    ThenView {
        text: house::decode(&call).words(symbol),
        failure: consequence.failure.map(|data| house::explain(&data)),
        logs: logs(consequence.logs, symbol),
    }
}
