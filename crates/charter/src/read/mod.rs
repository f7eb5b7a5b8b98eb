//! From TOML values to a [`Charter`]: the form of every key, without regard to the others (those are the checks).

mod articles;
mod authorities;
mod bodies;
mod clauses;
mod consensus;
mod incentive;
mod members;
mod network;
mod seating;
mod tracks;
mod treaties;

use core::ops::RangeInclusive;
use std::collections::BTreeMap;

use polity_primitives::keccak256;
use toml::de::DeTable;

use crate::Charter;
use crate::reader::{LANGUAGE_HINT, Table, is_language};
use crate::report::Report;

/// Chain ids that wallets accept. Source: MetaMask's largest safe chain id, (2^53 - 1 - 35) / 2 rounded down to even.
const CHAIN_ID: RangeInclusive<u64> = 1..=4_503_599_627_370_476;

/// Chains of others: a transaction signed for one of them would be valid here, and one from here there.
const CHAIN_IDS_TAKEN: [(u64, &str); 9] = [
    (1, "Ethereum"),
    (10, "OP Mainnet"),
    (56, "BNB Smart Chain"),
    (100, "Gnosis"),
    (137, "Polygon"),
    (8_453, "Base"),
    (42_161, "Arbitrum One"),
    (43_114, "Avalanche"),
    (11_155_111, "Sepolia"),
];

/// Most languages of a charter.
const LANGUAGES_MAX: usize = 16;
/// Most sources.
const SOURCES_MAX: usize = 64;

/// Reads the document. What could not be read is reported and replaced by a default.
pub(crate) fn charter(text: &str, root: &DeTable<'_>, report: &mut Report<'_>) -> Charter {
    let mut root = Table::new(String::new(), root);
    let id = root.require("id", "a short name such as id = \"paris\"", report);
    let id = id.and_then(|node| node.id(report)).unwrap_or_default().to_owned();
    let languages = languages(&mut root, report);
    let name = root.require("name", "the name of the agreement, in one language or several", report);
    let name = name.and_then(|node| node.text(&languages, report)).unwrap_or_default();
    let chain_id = chain_id(&mut root, report);
    let sources = root.get("sources").map(|node| node.list(SOURCES_MAX, report)).unwrap_or_default();
    let sources = sources.iter().filter_map(|node| node.words(report)).collect();

    let (clock, block_time_ms) = network::clock(root.section("clock", report), report);
    let (block_gas_limit, history) = network::ledger(root.section("ledger", report), report);
    let access = network::access(root.section("access", report), report);
    let money = root.has("currency");
    let consensus = consensus::consensus(root.section("consensus", report), money, report);
    let currency = network::currency(root.section("currency", report), &languages, report);
    let fees = network::fees(root.section("fees", report), report);
    let treasury = network::treasury(root.section("treasury", report), report);
    let accounts = network::accounts(root.section("accounts", report), report);
    let rights = members::rights_by_kind(root.section("rights", report), report);
    let hint = "an agreement needs parties: [members.FRA] or FRA = { kind = \"state\" } under [members]";
    let parties = root.require("members", hint, report).and_then(|node| node.table(report));
    let (members, weight_scales) = members::members(parties, &languages, report);
    let rules = bodies::rules(root.section("rules", report), report);
    let chambers = bodies::chambers(root.section("chambers", report), &languages, report);
    let tracks = tracks::tracks(root.section("tracks", report), &languages, report);
    let constitutional = tracks::constitutional(root.section("amendment", report), report);
    let treaties = treaties::treaties(root.section("treaties", report), &languages, report);
    let authorities = authorities::authorities(root.section("authorities", report), &languages, report);
    let articles = articles::articles(root.section("articles", report), &languages, report);
    root.finish(report);

    Charter {
        id,
        name,
        languages,
        chain_id,
        sources,
        clock,
        block_time_ms,
        consensus,
        currency,
        fees,
        block_gas_limit,
        history,
        access,
        rights,
        accounts,
        treasury,
        members,
        weight_scales,
        chambers,
        rules,
        treaties,
        tracks,
        constitutional,
        authorities,
        articles,
        text: text.to_owned(),
        hash: keccak256(text.as_bytes()),
    }
}

fn languages(root: &mut Table<'_>, report: &mut Report<'_>) -> Vec<String> {
    let Some(node) = root.get("languages") else { return vec!["en".to_owned()] };
    let mut languages: Vec<String> = Vec::new();
    for node in node.list(LANGUAGES_MAX, report) {
        let Some(code) = node.string("a language in quotes", report) else { continue };
        if !is_language(code) {
            report.error(&node.path, format!("`{code}` is no language"), LANGUAGE_HINT);
        } else if languages.iter().any(|other| other == code) {
            report.error(&node.path, format!("`{code}` is given twice"), "keep one of the two");
        } else {
            languages.push(code.to_owned());
        }
    }
    languages
}

fn chain_id(root: &mut Table<'_>, report: &mut Report<'_>) -> u64 {
    let hint = "a number of your own that no other network uses, such as chain_id = 20151212";
    let Some(node) = root.require("chain_id", hint, report) else { return 0 };
    let Some(chain_id) = node.integer(CHAIN_ID, report) else { return 0 };
    if let Some((_, taken)) = CHAIN_IDS_TAKEN.iter().find(|(id, _)| *id == chain_id) {
        let hint =
            "choose a number of your own: a transaction signed for one chain would be valid on the other";
        report.error(&node.path, format!("chain_id {chain_id} is that of {taken}"), hint);
    }
    chain_id
}

/// What [`members::members`] and the checks call a set of numbers by name.
type ByName<T> = BTreeMap<String, T>;
