//! The sections about the machine: clock, ledger, access, currency, fees, treasury, funded accounts.

use std::collections::BTreeMap;

use core::ops::RangeInclusive;

use polity_primitives::U256;

use crate::reader::Table;
use crate::report::Report;
use crate::{Access, AccessPolicy, Clock, Currency, Date, Fees, FundedAccount, History, Text};

/// Most funded accounts.
const ACCOUNTS_MAX: usize = 4_096;
/// Most treasury accounts.
const TREASURY_ACCOUNTS_MAX: usize = 256;

/// Time between blocks. Units: milliseconds.
const BLOCK_TIME_MS: RangeInclusive<u64> = 10..=3_600_000;
/// Time between blocks where the charter is silent. Units: milliseconds.
const BLOCK_TIME_MS_DEFAULT: u64 = 1_000;

/// Gas of a block. A quarter is kept for system transactions, and 21 million at least, which the accounts of the block, an amendment of
/// the longest charter and the record of its failure take; the rest holds at least one transaction of the largest size, and is more than half, so that full
/// blocks raise the base fee.
///
/// Source: EIP-7825, 2^24 gas a transaction.
const BLOCK_GAS_LIMIT: RangeInclusive<u64> = 45_000_000..=10_000_000_000;
/// Gas of a block where the charter is silent.
const BLOCK_GAS_LIMIT_DEFAULT: u64 = 60_000_000;

/// Blocks whose state is kept: at least the 256 that the BLOCKHASH instruction reaches.
const HISTORY_BLOCKS: RangeInclusive<u64> = 256..=1_000_000_000;
/// Blocks whose state is kept where the charter is silent: as many as EIP-2935 keeps hashes of.
const HISTORY_BLOCKS_DEFAULT: u64 = 8_192;

/// Highest initial base fee: 1000 gwei would make a plain transfer cost 0.021. Units: wei.
const BASE_FEE_WEI_MAX: u64 = 1_000_000_000_000;

/// Reads `[clock]`: the clock and the time between blocks in milliseconds.
pub(super) fn clock(table: Option<Table<'_>>, report: &mut Report<'_>) -> (Clock, u64) {
    let Some(mut table) = table else { return (Clock::Wall, BLOCK_TIME_MS_DEFAULT) };
    let mode = table.require("mode", "write mode = \"wall\" or mode = \"replay\"", report);
    let replay = mode.and_then(|node| node.one_of("clock", &[("wall", false), ("replay", true)], report));
    let block_time_ms = table
        .get("block_time")
        .and_then(|node| node.duration_ms(BLOCK_TIME_MS, report))
        .unwrap_or(BLOCK_TIME_MS_DEFAULT);
    if replay == Some(false) {
        for key in ["start", "step", "until", "block_time_after"] {
            if let Some(node) = table.get(key) {
                let hint = "remove it, or write mode = \"replay\"";
                report.error_at_key(&node.path, format!("`{key}` belongs to a replay clock"), hint);
            }
        }
        table.finish(report);
        return (Clock::Wall, block_time_ms);
    }
    let is_replay = replay == Some(true);
    let (start, step) = if is_replay {
        let start = table.require("start", "the day of the first block, such as start = 2016-04-22", report);
        (start, table.require("step", "the time from one block to the next, such as step = \"1d\"", report))
    } else {
        (table.get("start"), table.get("step"))
    };
    let start = start.and_then(|node| node.date(report));
    let step_secs = step.and_then(|node| node.duration_secs(1, report));
    let until = table.get("until").and_then(|node| node.date(report));
    let after = table.get("block_time_after");
    let block_time_after_ms = match &after {
        Some(node) => node.duration_ms(BLOCK_TIME_MS, report),
        None => Some(block_time_ms),
    };
    if let (Some(start), Some(until)) = (start, until)
        && until <= start
    {
        report.error("clock.until", format!("`until` is {until}, but the replay begins on {start} only"), "");
    }
    if let (Some(node), None) = (after, until) {
        report.error_at_key(
            &node.path,
            "`block_time_after` needs `until`: after what?",
            "add until = 2017-01-31",
        );
    }
    table.finish(report);
    let clock = Clock::Replay {
        start: start.unwrap_or_default(),
        step_secs: step_secs.unwrap_or(1),
        until_secs: until.map(Date::secs),
        block_time_after_ms: block_time_after_ms.unwrap_or(block_time_ms),
    };
    (clock, block_time_ms)
}

/// Reads `[ledger]`: gas of a block, and how much past state is kept.
pub(super) fn ledger(table: Option<Table<'_>>, report: &mut Report<'_>) -> (u64, History) {
    let default = (BLOCK_GAS_LIMIT_DEFAULT, History::Blocks(HISTORY_BLOCKS_DEFAULT));
    let Some(mut table) = table else { return default };
    let gas = table.get("block_gas_limit").and_then(|node| node.integer(BLOCK_GAS_LIMIT, report));
    let history = table.get("history").and_then(|node| match node.value.is_str() {
        true => node.one_of("number of blocks", &[("all", History::All)], report),
        false => node.integer(HISTORY_BLOCKS, report).map(History::Blocks),
    });
    table.finish(report);
    (gas.unwrap_or(default.0), history.unwrap_or(default.1))
}

/// Reads `[access]`.
pub(super) fn access(table: Option<Table<'_>>, report: &mut Report<'_>) -> AccessPolicy {
    const WHO: [(&str, Access); 2] = [("anyone", Access::Anyone), ("members", Access::Members)];
    let members = AccessPolicy { connect: Access::Members, transact: Access::Members };
    let Some(mut table) = table else { return members };
    let connect = table.get("connect").and_then(|node| node.one_of("group", &WHO, report));
    let transact = table.get("transact").and_then(|node| node.one_of("group", &WHO, report));
    table.finish(report);
    AccessPolicy {
        connect: connect.unwrap_or(members.connect),
        transact: transact.unwrap_or(members.transact),
    }
}

/// Reads `[currency]`.
pub(super) fn currency(table: Option<Table<'_>>, languages: &[String], report: &mut Report<'_>) -> Currency {
    let default = Currency {
        name: Text::ByLanguage([("en".into(), "unit".into()), ("zh".into(), "单位".into())].into()),
        symbol: "UNIT".into(),
    };
    let Some(mut table) = table else { return default };
    let name = table.require("name", "what the money is called", report);
    let name = name.and_then(|node| node.text(languages, report));
    let symbol = table.require("symbol", "such as symbol = \"CARE\"", report).and_then(|node| {
        let symbol = node.string("a symbol in quotes", report)?;
        let letters = symbol.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        if letters && (1..=11).contains(&symbol.len()) {
            return Some(symbol.to_owned());
        }
        let hint = "wallets show 1 to 11 capital letters and digits, such as CARE";
        report.error(&node.path, format!("`{symbol}` is no symbol of a currency"), hint);
        None
    });
    if let Some(node) = table.get("decimals") {
        let hint = "leave it out: wallets and contracts assume 18 decimals, and so does every charter";
        if node.integer(0..=u64::MAX, report).is_some_and(|decimals| decimals != 18) {
            report.error(&node.path, "the currency cannot have another number of decimals than 18", hint);
        }
    }
    table.finish(report);
    Currency { name: name.unwrap_or(default.name), symbol: symbol.unwrap_or(default.symbol) }
}

/// Reads `[fees]`.
pub(super) fn fees(table: Option<Table<'_>>, report: &mut Report<'_>) -> Fees {
    let Some(mut table) = table else { return Fees::Free };
    let policy = table.require("policy", "write policy = \"free\" or policy = \"market\"", report);
    let is_market =
        policy.and_then(|node| node.one_of("fee policy", &[("free", false), ("market", true)], report));
    let initial = match is_market {
        Some(true) => table.require("initial_base_fee", "such as initial_base_fee = \"1 gwei\"", report),
        _ => table.get("initial_base_fee"),
    };
    let mut base_fee_wei = 0;
    if let Some(node) = initial {
        if is_market == Some(false) {
            let hint = "remove it, or write policy = \"market\"";
            report.error_at_key(&node.path, "there is no base fee where transactions are free", hint);
        } else if let Some(wei) = node.amount_wei(report) {
            match u64::try_from(wei).ok().filter(|wei| (1..=BASE_FEE_WEI_MAX).contains(wei)) {
                Some(wei) => base_fee_wei = wei,
                None => {
                    let hint = "it is the price of one gas, between \"1 wei\" and \"1000 gwei\"";
                    report.error(&node.path, "this is no base fee a market could start from", hint);
                }
            }
        }
    }
    table.finish(report);
    match is_market {
        Some(true) => Fees::Market { initial_base_fee_wei: base_fee_wei },
        _ => Fees::Free,
    }
}

/// Reads `[treasury]`: opening balances by account.
pub(super) fn treasury(table: Option<Table<'_>>, report: &mut Report<'_>) -> BTreeMap<String, U256> {
    let Some(table) = table else { return BTreeMap::new() };
    let entries = table.named("treasury accounts", TREASURY_ACCOUNTS_MAX, report);
    entries
        .into_iter()
        .map(|(id, node)| (id.to_owned(), node.amount_wei(report).unwrap_or_default()))
        .collect()
}

/// Reads `[accounts]`.
pub(super) fn accounts(table: Option<Table<'_>>, report: &mut Report<'_>) -> Vec<FundedAccount> {
    let Some(table) = table else { return Vec::new() };
    let mut accounts = Vec::new();
    for (id, node) in table.named("accounts", ACCOUNTS_MAX, report) {
        let Some(mut entry) = node.table(report) else { continue };
        let address = entry.get("address").and_then(|node| node.address(report));
        let balance =
            entry.require("balance", "what the account holds at first, such as balance = \"100\"", report);
        let balance_wei = balance.and_then(|node| node.amount_wei(report)).unwrap_or_default();
        entry.finish(report);
        accounts.push(FundedAccount { id: id.to_owned(), address, balance_wei });
    }
    accounts
}
