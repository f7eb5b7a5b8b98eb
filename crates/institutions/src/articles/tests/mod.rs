//! The articles on a host in memory: laws, periods and who owes, settlements, what is kept for ever, and the gas of it all.
//!
//! The scene: the usual charter of five states, an organisation and an expert, a score of 10 for everyone and suspension below 0.

mod facts;
mod gas;
mod hostile;
mod laws;
mod life;
mod once;
mod owing;

use alloy_primitives::{Address, Log, keccak256};
use alloy_sol_types::{SolCall, SolEvent};
use polity_charter::Article;
use polity_primitives::{CONSTITUTION, SYSTEM};
use secp256k1::{SECP256K1, SecretKey};

use super::*;
use crate::{
    assembly::tests::{CHARTER, Chain, DAY, account as holder, word},
    constitution::IConstitution,
    directory,
    genesis::inside,
    host::Failure,
    registry::IRegistry,
};

/// The usual charter with `articles`, one day after genesis.
pub(super) fn scene(articles: &str) -> Chain {
    Chain::new(&(charter() + articles))
}

/// The usual charter with a score.
pub(super) fn charter() -> String {
    let score =
        "{ standing = { start = 10, max = 10, double_sign = -100, invalid = -100, suspend_below = 0 } }";
    CHARTER.replace("incentive    = {}", &format!("incentive    = {score}"))
}

/// An article about every state, of which `rest` says what is owed and what follows.
pub(super) fn of_states(id: &str, rest: &str) -> String {
    format!("[articles.{id}]\ntext = \"x\"\nfor = \"kind == 'state'\"\n{rest}\n")
}

/// The article called `id` in `articles`, as a charter has it.
pub(super) fn written(articles: &str, id: &str) -> Article {
    let charter = crate::assembly::tests::charter(&(charter() + articles));
    charter.article(id).expect(id).clone()
}

/// Amends the chain by `id` as `articles` have it, without the charter around it.
pub(super) fn amend(chain: &mut Chain, articles: &str, id: &str) {
    let article = written(articles, id);
    inside(&mut chain.memory, ARTICLES, |cx| write_article(cx, &article)).expect("is written");
}

/// Calls the articles: the answer, or the name of the error.
pub(super) fn send<C: SolCall>(chain: &mut Chain, who: Address, call: &C) -> Result<C::Return, String> {
    match chain.call(who, ARTICLES, call).result {
        Ok(output) => Ok(C::abi_decode_returns(&output).expect("an answer of the ABI")),
        Err(Failure::Revert(output)) => Err(directory::error_name(&output).expect("an error of the ABI")),
        Err(Failure::Halt(halt)) => panic!("{halt}"),
    }
}

/// The name of the error with which a call of the articles is refused.
pub(super) fn refused<C: SolCall>(chain: &mut Chain, who: Address, call: &C) -> String {
    send(chain, who, call).err().unwrap_or_else(|| "taken".to_owned())
}

/// A block, `secs` later, that `writer` wrote after those in `missed` let their turns pass; with what the chain does by itself.
pub(super) fn block(chain: &mut Chain, secs: u64, writer: &str, missed: &[&str]) {
    chain.next(secs);
    let node = |member: &str| {
        let secret = SecretKey::from_byte_array(keccak256(member).0).expect("a key");
        let public = secret.public_key(SECP256K1).serialize_uncompressed();
        Address::from_raw_public_key(&public[1..])
    };
    let missed = missed.iter().map(|member| node(member)).collect();
    let call = IConstitution::closeCall { writer: node(writer), missed };
    chain.call(SYSTEM, CONSTITUTION, &call).result.expect("closes");
    chain.end();
}

/// How a state is admitted.
pub(super) fn admission(id: &str) -> IRegistry::Admission {
    IRegistry::Admission {
        id: word(id),
        name: id.into(),
        kind: polity_charter::Kind::State.into(),
        account: holder(id),
        recovery: Address::ZERO,
        rights: 0,
        classes: vec![],
        weights: vec![],
        consensusKey: alloy_primitives::Bytes::new(),
        peerKey: B256::ZERO,
    }
}

/// The score of a member.
pub(super) fn score(chain: &Chain, member: &str) -> i64 {
    let call = IConstitution::standingOfCall { member: word(member) };
    let output = chain.clone().call(Address::ZERO, CONSTITUTION, &call).result.expect("answers");
    IConstitution::standingOfCall::abi_decode_returns(&output).expect("a score").score
}

/// Events of type `E`, all there were since genesis.
pub(super) fn events<E: SolEvent>(chain: &Chain) -> Vec<E> {
    let decode = |log: &Log| E::decode_log(log).ok().map(|log| log.data);
    chain.memory.logs().iter().filter_map(decode).collect()
}

/// Every settlement, oldest first, as (article, member, period, status): each of them computed again from its text and its facts.
pub(super) fn settled(chain: &Chain) -> Vec<(String, String, u64, &'static str)> {
    let mut all = settlements(&chain.memory, &SettlementFilter::default(), usize::MAX);
    all.reverse();
    for found in &all {
        let text = text(&chain.memory, found.hash).expect("is kept");
        let article = Article::from_json(&text).expect("an article");
        let account = Account::from_json(&found.account).expect(&found.account);
        assert_eq!(account.to_json(), found.account);
        assert_eq!((&account.member, account.period), (&found.member, found.period));
        if !account.problem.as_ref().is_some_and(|problem| problem.starts_with("its account has")) {
            assert_eq!(recompute(&article, &account).as_ref(), Some(&account));
        }
    }
    let brief = |s: SettlementView| (s.article, s.member, s.period, s.status.as_str());
    all.into_iter().map(brief).collect()
}

/// The account of settlement `id`.
pub(super) fn account_of(chain: &Chain, id: u64) -> Account {
    Account::from_json(&settlement(&chain.memory, id).expect("there").account).expect("an account")
}

/// Members of the scene that are states.
pub(super) const STATES: [&str; 5] = ["AAA", "BBB", "CCC", "DDD", "EEE"];
