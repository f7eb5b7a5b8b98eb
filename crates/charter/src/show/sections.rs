//! The sections of the page, one function each.

use polity_primitives::U256;

use super::rules::heading;
use super::seating::{seating, secrecy};
use super::words::{capital, duration, grouped, kind, list, rights as rights_words};
use super::{Page, describe};
use crate::{
    Access, Chamber, Charter, Clock, Date, Fees, History, Kind, Language, Member, Rights, Text, amount_text,
};

/// `en` or `zh`, by language.
macro_rules! say {
    ($language:expr, $en:expr, $zh:expr) => {
        match $language {
            Language::En => format!($en),
            Language::Zh => format!($zh),
        }
    };
}
pub(super) use say;

pub(super) fn title(charter: &Charter, language: Language, page: &mut Page) {
    let (name, id) = (charter.name.in_language(language), &charter.id);
    page.heading(&format!("{name} ({id})"));
    let (chain_id, languages, hash) = (charter.chain_id, charter.languages.join(", "), charter.hash);
    page.line(&say!(
        language,
        "Languages: {languages}. Chain id: {chain_id}. This version: {hash}",
        "语言：{languages}。链标识：{chain_id}。本版本：{hash}"
    ));
}

pub(super) fn members(charter: &Charter, language: Language, page: &mut Page) {
    let count = charter.members.len();
    page.heading(&say!(language, "Members ({count})", "成员（{count}）"));
    for kind in Kind::ALL {
        let of_kind: Vec<_> = charter.members.iter().filter(|member| member.kind == kind).collect();
        if of_kind.is_empty() {
            continue;
        }
        let (count, words) = (of_kind.len(), self::kind(kind, of_kind.len(), language));
        let names = of_kind.iter().map(|member| named(&member.name, &member.id, language));
        let names = names.collect::<Vec<_>>().join(if language == Language::En { ", " } else { "、" });
        page.line(&say!(language, "{count} {words}: {names}.", "{words} {count} 个：{names}。"));
    }
    for name in charter.weight_scales.keys() {
        let having = charter.members.iter().filter(|member| member.weights.contains_key(name)).count();
        page.line(&say!(
            language,
            "Weight `{name}` is known of {having} members.",
            "{having} 个成员有权重“{name}”。"
        ));
    }
}

/// A name, and the id in brackets if it says something else.
pub(super) fn named(name: &Text, id: &str, language: Language) -> String {
    match name.in_language(language) {
        name if name == id => name.to_owned(),
        name => format!("{name} ({id})"),
    }
}

pub(super) fn rights(charter: &Charter, language: Language, page: &mut Page) {
    page.heading(&say!(language, "Who may do what", "权利"));
    for (kind, rights) in charter.rights.iter().filter(|(_, rights)| !rights.is_empty()) {
        let (who, what) = (capital(self::kind(*kind, 2, language)), rights_words(*rights, language));
        page.line(&say!(language, "{who} may {what}.", "{who}可以{what}。"));
    }
    let mut by_name: Vec<Rights> = charter.members.iter().map(|member| member.rights).collect();
    by_name.sort();
    by_name.dedup();
    for granted in by_name.into_iter().filter(|rights| !rights.is_empty()) {
        let who = names(charter.members.iter().filter(|member| member.rights == granted), language);
        let what = rights_words(granted, language);
        page.line(&say!(language, "By name, {who} may also {what}.", "{who}另可{what}。"));
    }
    page.line(&match charter.access.connect {
        Access::Anyone => {
            say!(language, "Anyone's node may join the network.", "任何人的节点都可以加入网络。")
        }
        Access::Members => {
            say!(language, "Only members' nodes may join the network.", "只有成员的节点可以加入网络。")
        }
    });
    page.line(&match charter.access.transact {
        Access::Anyone => say!(language, "Anyone may send transactions.", "任何人都可以发送交易。"),
        Access::Members => {
            say!(
                language,
                "Only members with the right may send transactions.",
                "只有享有该权利的成员可以发送交易。"
            )
        }
    });
}

pub(super) fn names<'a>(members: impl Iterator<Item = &'a Member>, language: Language) -> String {
    list(&members.map(|member| member.name.in_language(language).to_owned()).collect::<Vec<_>>(), language)
}

pub(super) fn chambers(charter: &Charter, language: Language, page: &mut Page) {
    if charter.chambers.is_empty() {
        return;
    }
    page.heading(&say!(language, "Chambers", "议事机构"));
    for chamber in &charter.chambers {
        let name = named(&chamber.name, &chamber.id, language);
        let (count, described) = (charter.electorate(chamber).count(), seats(charter, chamber, language));
        let filled = seating(charter, chamber, &described, language);
        let who = match (&filled, language) {
            (Some(filled), _) => filled.clone(),
            (None, Language::En) => format!("{described}, {count} with a vote"),
            (None, Language::Zh) => format!("{described}，其中 {count} 个有表决权"),
        };
        let rule = rule_name(charter, &chamber.rule, language);
        let voting = duration(chamber.voting_secs.saturating_mul(1_000), language);
        let delay = match (chamber.delay_secs, language) {
            (0, Language::En) => "at once".to_owned(),
            (0, Language::Zh) => "立即".to_owned(),
            (secs, Language::En) => {
                format!("{} after the decision", duration(secs.saturating_mul(1_000), language))
            }
            (secs, Language::Zh) => format!("在决定后 {}", duration(secs.saturating_mul(1_000), language)),
        };
        page.line(&say!(
            language,
            "{name}: {who}. It decides by the rule {rule}. A proposal is open for {voting}; what is \
             adopted is carried out by the chain itself, {delay}.",
            "{name}：{who}。按{rule}规则作出决定。提案开放 {voting}；获通过的提案由链自行{delay}执行。"
        ));
        if let Some(secret) = &chamber.secret {
            let words = secrecy(secret, language);
            page.line(&capital(&match language {
                Language::En => format!("{words}."),
                Language::Zh => format!("{words}。"),
            }));
        }
    }
}

/// Who sits in a chamber, as its three lists say.
fn seats(charter: &Charter, chamber: &Chamber, language: Language) -> String {
    let mut parts = Vec::new();
    let classes = chamber.classes.iter().map(|class| format!("`{class}`")).collect::<Vec<_>>().join(" / ");
    if !(chamber.kinds.is_empty() && chamber.classes.is_empty()) {
        let kinds: Vec<_> = chamber.kinds.iter().map(|k| kind(*k, 2, language).to_owned()).collect();
        let kinds = match (kinds.is_empty(), language) {
            (true, Language::En) => "members".to_owned(),
            (true, Language::Zh) => "成员".to_owned(),
            (false, _) => list(&kinds, language),
        };
        parts.push(match classes.is_empty() {
            true => say!(language, "all {kinds}", "全体{kinds}"),
            false => say!(language, "all {kinds} of class {classes}", "属于{classes}类的全体{kinds}"),
        });
    }
    if !chamber.members.is_empty() {
        parts.push(names(
            charter.members.iter().filter(|member| chamber.members.contains(&member.id)),
            language,
        ));
    }
    list(&parts, language)
}

pub(super) fn rule_name(charter: &Charter, id: &str, language: Language) -> String {
    let name =
        charter.rule(id).and_then(|rule| rule.name.get(language.code()).or_else(|| rule.name.get("en")));
    let open_close = if language == Language::En { ("\"", "\"") } else { ("“", "”") };
    format!("{}{}{}", open_close.0, name.map_or(id, String::as_str), open_close.1)
}

pub(super) fn rules(charter: &Charter, language: Language, page: &mut Page) {
    if charter.rules.is_empty() {
        return;
    }
    page.heading(&say!(language, "Decision rules", "决策规则"));
    for rule in &charter.rules {
        let (name, heading) = (rule_name(charter, &rule.id, language), heading(rule, language));
        page.line(&format!("{name} ({}) {heading}", rule.id));
        describe(rule, language).iter().for_each(|line| page.point(line));
        if let Some(source) = &rule.source {
            page.point(&say!(language, "source: {source}", "出处：{source}"));
        }
    }
}

pub(super) fn money(charter: &Charter, language: Language, page: &mut Page) {
    page.heading(&say!(language, "Money", "货币"));
    let (name, symbol) = (charter.currency.name.in_language(language), &charter.currency.symbol);
    page.line(&say!(language, "The unit is the {name} ({symbol}).", "单位为{name}（{symbol}）。"));
    page.line(&match charter.fees {
        Fees::Free => say!(language, "Transactions are free.", "交易免费。"),
        Fees::Market { initial_base_fee_wei } => {
            let fee = amount_text(U256::from(initial_base_fee_wei));
            say!(
                language,
                "Transactions pay for gas at a price that follows demand, at first {fee} {symbol} per gas.",
                "交易按随需求变动的价格支付燃料费，初始价格为每单位燃料 {fee} {symbol}。"
            )
        }
    });
    for (account, balance) in &charter.treasury {
        let balance = grouped(&amount_text(*balance));
        page.line(&say!(
            language,
            "Treasury account `{account}`: {balance} {symbol}. It pays only by decision of the members.",
            "国库账户“{account}”：{balance} {symbol}。仅凭成员决定支付。"
        ));
    }
    let member_total =
        charter.members.iter().fold(U256::ZERO, |sum, member| sum.saturating_add(member.balance_wei));
    let account_total =
        charter.accounts.iter().fold(U256::ZERO, |sum, account| sum.saturating_add(account.balance_wei));
    if !member_total.is_zero() {
        let total = grouped(&amount_text(member_total));
        page.line(&say!(
            language,
            "Members hold {total} {symbol} at first.",
            "成员初始共持有 {total} {symbol}。"
        ));
    }
    if !charter.accounts.is_empty() {
        let (total, count) = (grouped(&amount_text(account_total)), charter.accounts.len());
        page.line(&say!(
            language,
            "{count} other accounts hold {total} {symbol} at first.",
            "另有 {count} 个账户初始共持有 {total} {symbol}。"
        ));
    }
}

pub(super) fn clock(charter: &Charter, language: Language, page: &mut Page) {
    page.heading(&say!(language, "Clock and record", "时钟与记录"));
    let block_time = duration(charter.block_time_ms, language);
    page.line(&match &charter.clock {
        Clock::Wall => {
            say!(language, "The time of day. A block at least every {block_time}.", "按实际时间。至少每 {block_time}一个区块。")
        }
        Clock::Replay { start, step_secs, until_secs, block_time_after_ms } => {
            let step = duration(step_secs.saturating_mul(1_000), language);
            let after = duration(*block_time_after_ms, language);
            let pace = match until_secs.map(Date::of_timestamp) {
                None => say!(language, "A block every {block_time}.", "每 {block_time}一个区块。"),
                Some(until) => say!(
                    language,
                    "A block every {block_time} until {until}, then every {after}.",
                    "{until} 之前每 {block_time}一个区块，之后每 {after}一个。"
                ),
            };
            say!(
                language,
                "History is replayed: the calendar begins on {start} and moves {step} with each block. {pace}",
                "重演历史：日历自 {start} 开始，每个区块前进 {step}。{pace}"
            )
        }
    });
    let gas = grouped(&charter.block_gas_limit.to_string());
    page.line(&match charter.history {
        History::All => say!(
            language,
            "Every past state is kept. Gas per block: {gas}.",
            "保留全部历史状态。每区块燃料上限：{gas}。"
        ),
        History::Blocks(blocks) => say!(
            language,
            "The states of the last {blocks} blocks are kept. Gas per block: {gas}.",
            "保留最近 {blocks} 个区块的状态。每区块燃料上限：{gas}。"
        ),
    });
}

pub(super) fn sources(charter: &Charter, language: Language, page: &mut Page) {
    if charter.sources.is_empty() {
        return;
    }
    page.heading(&say!(language, "Sources", "资料来源"));
    charter.sources.iter().for_each(|source| page.point(source));
}
